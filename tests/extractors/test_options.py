"""Where an option's label stands, however the detector cut it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from extractors.options import _tight
from samples.typefaces import text_mask

TOP, LEFT = 60, 80


def page(*, circled: bool = False) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """Ink of a label, and its rectangle."""
    ink = text_mask("副锁", "song", 40)
    rows, columns = np.flatnonzero(ink.max(1) > 0.4), np.flatnonzero(ink.max(0) > 0.4)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    dark = np.zeros((160, 260), np.float32)
    height, width = ink.shape
    dark[TOP : TOP + height, LEFT : LEFT + width] = ink
    if circled:
        cv2.ellipse(dark, (LEFT + width // 2, TOP + height // 2), (width, height), 0, 0, 360, 1.0, 2)
    return dark, (float(LEFT), float(TOP), float(LEFT + width), float(TOP + height))


@pytest.mark.parametrize("circled", [False, True])
@pytest.mark.parametrize(("above", "below"), [(8, 8), (-12, 0), (0, -12), (-8, -8)])
def test_a_label_is_as_high_as_its_ink(above: int, below: int, circled: bool) -> None:
    """`above`, `below`: room that the detector left, or what it cut off. A circle round the label is none of it."""
    dark, (x0, y0, x1, y1) = page(circled=circled)
    _, top, _, foot = _tight(dark, (x0, y0 - above, x1, y1 + below), 0.0)
    assert abs(top - y0) <= 1 and abs(foot - y1) <= 1
