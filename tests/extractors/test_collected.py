"""Signatures that are collected: what spoils them is in the pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from extractors.collected import collected_signature
from extractors.ink import dark_threshold, separate
from extractors.page import Sheet
from extractors.ruling import find_ruling
from extractors.signatures import ink_mask
from tests.extractors.test_materials import line

PX = 200 / 25.4  # pixels a millimetre
CELL = (300.0, 600.0, 1400.0, 1000.0)
BLACK, BLUE = (25, 25, 25), (160, 60, 20)


def signed(x: float, y: float, colour: tuple[int, int, int] = BLACK) -> tuple[str, ...] | None:
    """The faults of a signature about 30 x 14 mm, top left corner at (x, y); None when none is found."""
    image = np.full((2338, 1653, 3), 250, np.uint8)
    cv2.rectangle(image, (298, 598), (1402, 1002), (20, 20, 20), 3)
    printed = line("请使用黑色碳素笔在以下空白处签名", 320, 620, 30)
    for n in range(16):  # print is small and stands apart
        cv2.rectangle(image, (322 + 30 * n, 624), (342 + 30 * n, 652), (20, 20, 20), 3)
    points = np.add([(0, 0), (60, 110), (110, 5), (150, 105), (190, 10), (240, 100)], (x, y))
    if colour:
        cv2.polylines(image, [points.astype(np.int32)], False, colour, 5, cv2.LINE_AA)
    dark, red = separate(image)
    sheet = Sheet("x", 0, image, 0, 200.0, dark, red, find_ruling(dark, PX), (CELL,), (printed,))
    mark = collected_signature("s", sheet, 0, CELL, (printed,), ink_mask(sheet, dark_threshold(dark)))
    return None if mark is None else mark.faults


@pytest.mark.parametrize(
    ("x", "y", "faults"),
    [
        (700, 760, ()),
        (700, 930, ("signature.overlaps_line",)),
        (700, 889, ("signature.clipped",)),
        (1300, 760, ("signature.overlaps_line",)),
        (500, 630, ("signature.overlaps_text",)),
    ],
)
def test_where_it_stands(x: float, y: float, faults: tuple[str, ...]) -> None:
    assert signed(x, y) == faults


def test_a_blue_pen_is_told() -> None:
    assert signed(700, 760, BLUE) == ("signature.not_black",)


def test_a_red_pen_is_told() -> None:
    assert signed(700, 760, (40, 40, 200)) == ("signature.not_black",)


def test_an_empty_area_has_none() -> None:
    assert signed(700, 760, ()) is None  # type: ignore[arg-type]
