"""Pages that curl: the bend of ruled lines is covered where forms are read; here, of pages of running text."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.agreement import check_agreement, in_order
from extractors.curl import find_curl, find_text_curl, flattened
from extractors.engine import Engine
from extractors.page import take_apart
from extractors.pagetext import read_lines
from extractors.straighten import straighten
from samples.formmarks import Stamps
from samples.formsheets import FormPlan, draw_form
from samples.profiles import PROFILES
from yinjian.catalogue import catalogue

ALL = catalogue()
WORDS = ALL.agreement("enterprise", "hpe")
SMALL = 0.55


@pytest.fixture(scope="module")
def flat() -> NDArray[np.uint8]:
    """The sheet with the agreement, at 150 dpi, BGR."""
    form = next(form for form in ALL.forms if form.id == "enterprise")
    platform = next(p for p in ALL.platforms_of(form.id) if p.id == "hpe")
    plan = FormPlan(form, platform, {}, {}, {}, Stamps(None, None), agreement=WORDS)
    sheets = draw_form(plan, PROFILES["print-scan"], 150, np.random.default_rng(5))
    picture = next(sheet.picture() for sheet in sheets if sheet.kind == "agreement")
    return np.ascontiguousarray(picture[:, :, ::-1].clip(0, 255).astype(np.uint8))


def curled(flat: NDArray[np.uint8], bend_mm: float) -> NDArray[np.uint8]:
    """The sheet bent about an upright axis and seen from below: lines are arcs, `bend_mm` deep, and lean a little."""
    height, width = flat.shape[:2]
    x = np.linspace(-1.0, 1.0, width)
    off = bend_mm * 150 / 25.4 * (1.0 - (x - 0.3) ** 2 / 1.69 + 0.4 * x)
    y = np.arange(height, dtype=np.float32)[:, None] + off[None].astype(np.float32)
    along = np.broadcast_to(np.arange(width, dtype=np.float32), y.shape)
    return np.asarray(cv2.remap(flat, along, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


@pytest.mark.parametrize("bend_mm", [-8.0, 5.0, 9.0])
def test_a_curled_page_of_running_text_is_read_to_its_last_word(
    flat: NDArray[np.uint8], bend_mm: float, engine: Engine
) -> None:
    sheet, rects = take_apart("", 0, straighten(curled(flat, bend_mm), engine))
    lines = read_lines(sheet, rects, engine, ALL).lines
    assert check_agreement(in_order([lines], WORDS), WORDS) == ()


def inked(page: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How dark a page is, 0 to 1, as small as its lines are looked for."""
    ink = 1.0 - page[:, :, 1] / np.float32(255.0)
    return np.asarray(cv2.resize(ink, None, fx=SMALL, fy=SMALL, interpolation=cv2.INTER_AREA), np.float32)


def test_a_flat_page_is_left_as_it_is(flat: NDArray[np.uint8]) -> None:
    assert find_text_curl(inked(flat), SMALL * 150 / 25.4, 0) is None


@pytest.mark.parametrize(("bend_mm", "harmful"), [(0.8, False), (4.0, True)])
def test_a_page_of_which_most_lines_are_found_is_left_where_the_bend_is_small(
    flat: NDArray[np.uint8], bend_mm: float, harmful: bool
) -> None:
    found = find_text_curl(inked(curled(flat, bend_mm)), SMALL * 150 / 25.4, 40)
    assert (found is not None) is harmful


def test_many_lines_show_the_waves_of_a_sheet() -> None:
    ink, px_per_mm = np.zeros((1400, 1000), np.float32), 1400 / 297
    along, rows = np.arange(80, 920), range(200, 1300, 90)
    wave = 1.5 * px_per_mm * np.sin(along / 1000 * 3 * np.pi)
    for row in rows:
        at = np.rint(row + wave * (2 * row / 1400 - 1) ** 2).astype(int)
        ink[at, along] = ink[at + 1, along] = 0.8
    curl = find_curl(ink, px_per_mm)
    assert curl is not None
    flat_ink = flattened(ink, curl.maps(ink.shape))
    assert max(int((flat_ink[row - 9 : row + 10, 100:900] > 0.2).any(1).sum()) for row in rows) <= 5
