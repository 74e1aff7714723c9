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
from extractors.sealtext import inks_of, is_special
from samples.paper import RED, at_scale
from samples.paper import Sheet as Paper
from samples.seals import DPI, Seal, make_seal, stamp

UNIT = "哈尔滨松北大桥建设工程有限公司"


def stamped(seal: Seal, seed: int) -> Sheet:
    """A sheet with one stamp of a seal."""
    ink = stamp(seal, default_rng(seed)).ink
    paper = Paper.blank(200, "form", size=(90, 90))
    paper.add_centred(at_scale(ink, DPI, paper.dpi), paper.width / 2, paper.height / 2, RED)
    image = np.ascontiguousarray(cv2.GaussianBlur(paper.picture(), (0, 0), 0.5)[:, :, ::-1]).astype(np.uint8)
    dark, red = separate(image)
    return Sheet("x", 0, image, 0, float(paper.dpi), dark, red, Ruling((), ()), (), ())


def special(engine: Engine, line: str, seed: int, shape: str = "round") -> list[bool]:
    """Whether the seals found on a sheet with one stamp are for one purpose."""
    sheet = stamped(replace(make_seal(default_rng(seed), UNIT, shape), line=line), seed)
    return [is_special(inks_of(sheet, seal), seal, 50.0, engine) for seal in find_seals(sheet)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("line", ["合同专用章", "财务专用章", "发票专用章"])
def test_what_a_seal_is_for_is_read(line: str, seed: int, engine: Engine) -> None:
    assert special(engine, line, seed) == [True]


@pytest.mark.parametrize("shape", ["round", "oval"])
@pytest.mark.parametrize("seed", range(6))
def test_a_units_own_seal_says_nothing(seed: int, shape: str, engine: Engine) -> None:
    assert special(engine, "", seed, shape) == [False]
