"""Print on the back of a sheet is no words of its front."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from extractors.page import Sheet
from extractors.showthrough import front_alone, shines_through
from tests.extractors.test_materials import line, sheet_of


def printed(front: float, back: float, sure: float = 0.1, ghosts: int = 6) -> Sheet:
    """Ten lines of the front and some of the back, of these densities; the back's are read this surely."""
    lines = [line("数字证书有效期内用户", 200, 100 + 60 * n) for n in range(10 + ghosts)]
    lines[10:] = [replace(one, read=replace(one.read, confidence=sure)) for one in lines[10:]]
    sheet = sheet_of(*lines)
    dark = sheet.dark.copy()
    for n, one in enumerate(lines):
        x0, y0, x1, y1 = (int(v) for v in one.rect)
        dark[y0 + 10 : y1 - 10, x0:x1] = front if n < 10 else back
    return replace(sheet, dark=dark)


def test_lines_that_are_pale_and_say_nothing_are_the_backs() -> None:
    level = shines_through(printed(0.9, 0.04))
    assert level is not None and 0.04 < level < 0.9


@pytest.mark.parametrize(
    ("back", "sure", "ghosts"),
    [(0.5, 0.1, 6), (0.04, 0.95, 6), (0.04, 0.1, 2)],
    ids=["as dark as a pen's", "read surely", "specks"],
)
def test_what_is_dark_or_read_or_little_is_on_the_front(back: float, sure: float, ghosts: int) -> None:
    assert shines_through(printed(0.9, back, sure, ghosts)) is None


def test_stamps_and_the_edges_of_strokes_stay() -> None:
    sheet = printed(0.9, 0.04)
    image, red = np.full((2000, 1400, 3), 240, np.uint8), np.zeros((2000, 1400), np.float32)
    image[sheet.dark > 0.5], image[(sheet.dark > 0) & (sheet.dark < 0.5)] = 30, 220
    image[1500:1600, 300:400], red[1500:1600, 300:400] = (60, 60, 200), 0.6
    front = front_alone(replace(sheet, image=image, red=red), 0.2)
    assert (front[sheet.dark > 0.5] == 30).all() and (front[(sheet.dark > 0) & (sheet.dark < 0.5)] > 235).all()
    assert (front[1500:1600, 300:400] == (60, 60, 200)).all()
