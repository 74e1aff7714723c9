"""Words of the agreement that somebody struck out are still read, and no longer agreed to."""

from __future__ import annotations

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
from yinjian.catalogue import catalogue

SAMPLES = Path(__file__).parents[2] / "samples" / "applications"


@pytest.fixture(scope="module")
def agreement(engine: Engine) -> Sheet:
    scan = [scan for scan in open_scans(SAMPLES / "a01") if isinstance(scan, Scan)][1]
    sheet, rects = take_apart("x", 0, straighten(scan.image, engine))
    return read_lines(sheet, rects, engine, catalogue())


def drawn(sheet: Sheet, *points: tuple[float, float], dark: float = 0.8, wide_mm: float = 0.5) -> list[str]:
    """The lines that are told with a stroke through `points`: mm behind the third long line's start, and its heights
    below its head."""
    line = [line for line in sheet.lines if len(line.text) > 30][2]
    (x, y), px = line.rect[:2], sheet.px_per_mm
    course = np.array([(x + mm * px, y + part * line.height) for mm, part in points], np.int32)
    ink = sheet.dark.copy()
    cv2.polylines(ink, [course], False, dark, max(1, round(wide_mm * px)))
    told = struck_lines(replace(sheet, dark=np.maximum(ink, sheet.dark)))
    assert all(one is line for one in told)
    return [one.text for one in told]


def test_an_agreement_as_it_is(agreement: Sheet) -> None:
    assert struck_lines(agreement) == ()


@pytest.mark.parametrize("wide_mm", [0.3, 0.5, 0.8])
def test_a_stroke_through_words(agreement: Sheet, wide_mm: float) -> None:
    assert drawn(agreement, (5, 0.5), (40, 0.55), wide_mm=wide_mm)


def test_a_stroke_that_rises_and_bends(agreement: Sheet) -> None:
    assert drawn(agreement, (5, 0.7), (20, 0.45), (40, 0.35), (60, 0.6))


def test_a_line_drawn_under_words_strikes_none_out(agreement: Sheet) -> None:
    assert not drawn(agreement, (5, 0.97), (60, 0.97))


def test_a_fold_along_a_line_is_paler_than_its_print(agreement: Sheet) -> None:
    assert not drawn(agreement, (-15, 0.5), (150, 0.5), dark=0.12)
