"""Words of the agreement that somebody struck out are still read, and no longer agreed to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from extractors.engine import Engine
from extractors.opening import Scan, open_scans
from extractors.page import Sheet, take_apart
from extractors.pagetext import read_lines
from extractors.straighten import straighten
from extractors.struck import struck_lines
from extractors.textlines import TextLine
from yinjian.catalogue import catalogue

SAMPLES = Path(__file__).parents[2] / "samples" / "applications"


@pytest.fixture(scope="module")
def agreement(engine: Engine) -> Sheet:
    scan = [scan for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan)][1]
    sheet, rects = take_apart("x", 0, straighten(scan.image, engine))
    return read_lines(sheet, rects, engine, catalogue())


def drawn(
    sheet: Sheet, *points: tuple[float, float], dark: float = 0.8, wide_mm: float = 0.5, ink: str = "dark"
) -> list[str]:
    """The lines that are told with a stroke through `points`: mm behind the third long line's start, and its heights
    below its head."""
    line = third(sheet)
    (x, y), px = line.rect[:2], sheet.px_per_mm
    course = np.array([(x + mm * px, y + part * line.height) for mm, part in points], np.int32)
    stroke = np.zeros_like(sheet.dark)
    cv2.polylines(stroke, [course], False, dark, max(1, round(wide_mm * px)))
    told = struck_lines(replace(sheet, **{ink: np.maximum(stroke, getattr(sheet, ink))}))
    return [one.text for one in told]


def third(sheet: Sheet) -> TextLine:
    """The third long line."""
    return [line for line in sheet.lines if len(line.text) > 30][2]


def test_an_agreement_as_it_is(agreement: Sheet) -> None:
    assert struck_lines(agreement) == ()


@pytest.mark.parametrize("wide_mm", [0.3, 0.5, 0.8])
def test_a_stroke_through_words(agreement: Sheet, wide_mm: float) -> None:
    assert drawn(agreement, (5, 0.5), (40, 0.55), wide_mm=wide_mm) == [third(agreement).text]


def test_a_stroke_that_rises_and_bends(agreement: Sheet) -> None:
    assert drawn(agreement, (5, 0.7), (20, 0.45), (40, 0.35), (60, 0.6)) == [third(agreement).text]


def test_a_line_drawn_under_words_strikes_none_out(agreement: Sheet) -> None:
    assert not drawn(agreement, (5, 0.97), (60, 0.97))


def test_a_fold_along_a_line_is_paler_than_its_print(agreement: Sheet) -> None:
    assert not drawn(agreement, (-15, 0.5), (150, 0.5), dark=0.12)


def test_a_stroke_of_a_red_pen(agreement: Sheet) -> None:
    assert drawn(agreement, (5, 0.5), (40, 0.55), ink="red") == [third(agreement).text]


@pytest.mark.parametrize("ink", ["dark", "red"])
@pytest.mark.parametrize("end", [(40, 9), (70, 7), (90, 10), (20, 9)])
def test_a_slash_strikes_out_the_lines_that_it_crosses(agreement: Sheet, ink: str, end: tuple[float, float]) -> None:
    assert len(drawn(agreement, (30, -0.2), end, ink=ink)) >= 2


def test_a_fold_down_the_page_is_no_slash(agreement: Sheet) -> None:
    height = agreement.size[1] / third(agreement).height
    assert not drawn(agreement, (40, -height), (41, height))


@pytest.mark.parametrize(("ink", "wide_mm"), [("dark", 0.4), ("red", 0.4), ("red", 1.2)])
def test_the_rim_of_a_stamp_is_no_slash(agreement: Sheet, ink: str, wide_mm: float) -> None:
    high = third(agreement).height / agreement.px_per_mm
    turns = np.linspace(0, 2 * np.pi, 200)
    rim = [(40 + 20 * np.cos(turn), 5 + 20 * np.sin(turn) / high) for turn in turns]
    assert not drawn(agreement, *rim, ink=ink, wide_mm=wide_mm)


@pytest.mark.parametrize(("height", "struck"), [(0.5, True), (1.02, False)])
def test_a_stroke_through_a_number_alone(agreement: Sheet, height: float, struck: bool) -> None:
    """It is shorter than what heavy characters that touch make of their strokes."""
    line, at = next((one, found.start()) for one in agreement.lines if (found := re.search(r"\d{3}元", one.text)))
    digits, px = line.symbols()[at : at + 3], agreement.px_per_mm
    y = round(line.rect[1] + height * line.height)
    stroke = np.zeros_like(agreement.dark)
    ends = round(digits[0].x0 - 1.5 * px), round(digits[2].x1 + 1.5 * px)
    cv2.line(stroke, (ends[0], y), (ends[1], y - 1), 0.8, max(1, round(0.4 * px)))
    told = struck_lines(replace(agreement, dark=np.maximum(stroke, agreement.dark)))
    assert told == ((line,) if struck else ())
