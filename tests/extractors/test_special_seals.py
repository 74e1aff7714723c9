"""A seal for one purpose bears the unit's name, and across its middle what it is for: it is no unit's 公章."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.random import default_rng

from extractors.engine import Engine
from extractors.ink import separate
from extractors.page import Sheet
from extractors.ruling import Ruling
from extractors.seals import find_seals
from extractors.sealtext import is_special
from samples.noise import resized
from samples.paper import RED
from samples.seals import DPI, make_seal, stamp

UNIT = "哈尔滨松北大桥建设工程有限公司"


def special(line: str, seed: int, shape: str = "round") -> list[bool]:
    """Whether the seals found on a sheet with one stamp are for one purpose; 200 dpi."""
    rng = default_rng(seed)
    die = replace(make_seal(rng, UNIT, shape), line=line)
    ink = resized(stamp(die, rng).ink, round(stamp(die, rng).ink.shape[0] * 200 / DPI))
    density = np.zeros((700, 700, 3), np.float32)
    top, left = ((side - part) // 2 for side, part in zip(density.shape, ink.shape, strict=False))
    density[top : top + ink.shape[0], left : left + ink.shape[1]] += ink[:, :, None] * np.asarray(RED, np.float32)
    picture = 255 * np.power(10.0, -density)
    image = np.ascontiguousarray(cv2.GaussianBlur(picture, (0, 0), 0.5)[:, :, ::-1]).astype(np.uint8)
    dark, red = separate(image)
    sheet = Sheet("x", 0, image, 0, 200.0, dark, red, Ruling((), ()), (), ())
    return [is_special(sheet, seal, 50.0, Engine()) for seal in find_seals(sheet)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("line", ["合同专用章", "财务专用章", "发票专用章"])
def test_what_a_seal_is_for_is_read(line: str, seed: int) -> None:
    assert special(line, seed) == [True]


@pytest.mark.parametrize("shape", ["round", "oval"])
@pytest.mark.parametrize("seed", range(6))
def test_a_units_own_seal_says_nothing(seed: int, shape: str) -> None:
    assert special("", seed, shape) == [False]
