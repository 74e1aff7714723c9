"""Signatures that are collected: what spoils them is in the pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from extractors.collected import collected_signature
from extractors.engine import Engine
from extractors.ink import dark_threshold, separate
from extractors.page import Sheet, without_ruling
from extractors.ruling import find_ruling
from extractors.textlines import TextLine
from tests.extractors.test_materials import line

PX = 200 / 25.4  # pixels a millimetre
CELL = (300.0, 600.0, 1400.0, 1000.0)
BLACK, BLUE = (25, 25, 25), (160, 60, 20)


PRINTED = (line("请使用黑色碳素笔在以下空白处签名", 320, 620, 30),)
# What is left of the line when a signature crosses it: its two ends, or its beginning alone.
TORN = (line("请使用黑色", 320, 620, 30), line("签名", 740, 620, 30))
CUT = (line("请使用黑色", 320, 620, 30),)


def signed(
    engine: Engine,
    x: float,
    y: float,
    colour: tuple[int, int, int] = BLACK,
    printed: tuple[TextLine, ...] = PRINTED,
    tint: float = 0.0,
) -> tuple[str, ...] | None:
    """The faults of a signature about 30 x 14 mm, top left corner at (x, y); None when none is found.

    `tint`: light that dark ink gives back in blue, as scanners' programs have it that make colours stronger.
    """
    image = np.full((2338, 1653, 3), 250, np.uint8)
    cv2.rectangle(image, (298, 598), (1402, 1002), (20, 20, 20), 3)
    for n in range(16):  # print is small and stands apart
        cv2.rectangle(image, (322 + 30 * n, 624), (342 + 30 * n, 652), (20, 20, 20), 3)
    points = np.add([(0, 0), (60, 110), (110, 5), (150, 105), (190, 10), (240, 100)], (x, y))
    if colour:
        cv2.polylines(image, [points.astype(np.int32)], False, colour, 5, cv2.LINE_AA)
    blue = image[:, :, 0].astype(np.float32)
    image[:, :, 0] = np.clip(blue + tint * (255.0 - blue), 0, 255).astype(np.uint8)
    dark, red = separate(image)
    sheet = Sheet("x", 0, image, 0, 200.0, dark, red, find_ruling(dark, PX), (CELL,), printed)
    mark = collected_signature("s", sheet, 0, CELL, printed, without_ruling(sheet) > dark_threshold(dark), dark, engine)
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
def test_where_it_stands(x: float, y: float, faults: tuple[str, ...], engine: Engine) -> None:
    assert signed(engine, x, y) == faults


@pytest.mark.parametrize("printed", [PRINTED, TORN, CUT], ids=["whole", "torn", "cut"])
def test_print_under_it_is_told_however_much_of_its_line_was_read(
    printed: tuple[TextLine, ...], engine: Engine
) -> None:
    assert signed(engine, 500, 630, BLACK, printed) == ("signature.overlaps_text",)
    # Through the symbols, so that strokes and symbols are one piece that begins where the line does.
    assert signed(engine, 520, 622, BLACK, printed) == ("signature.overlaps_text",)
    # Beside the line's end, as high as it.
    assert signed(engine, 1000, 630, BLACK, printed) == ()
    assert signed(engine, 700, 760, BLACK, printed) == ()


@pytest.mark.parametrize(("dot", "faults"), [(690, ()), (657, ("signature.overlaps_text",))])
def test_a_stroke_beside_a_short_last_line_is_the_signatures(dot: int, faults: tuple[str, ...], engine: Engine) -> None:
    """It is cut out with the others, high as it stands; where it comes up to print it is told."""
    image = np.full((2338, 1653, 3), 250, np.uint8)
    cv2.rectangle(image, (298, 598), (1402, 1002), (20, 20, 20), 3)
    short = line("线印", 320, 670, 30)
    for x, y in [(322 + 30 * n, 624) for n in range(16)] + [(322, 674), (352, 674)]:
        cv2.rectangle(image, (x, y), (x + 20, y + 28), (20, 20, 20), 3)
    points = np.array([(500, 740), (560, 850), (610, 745), (650, 845), (690, 750), (740, 840)], np.int32)
    cv2.polylines(image, [points], False, BLACK, 5, cv2.LINE_AA)
    cv2.line(image, (600, dot), (625, dot + 18), BLACK, 5, cv2.LINE_AA)
    dark, red = separate(image)
    printed = (*PRINTED, short)
    sheet = Sheet("x", 0, image, 0, 200.0, dark, red, find_ruling(dark, PX), (CELL,), printed)
    mark = collected_signature("s", sheet, 0, CELL, printed, without_ruling(sheet) > dark_threshold(dark), dark, engine)
    assert mark is not None
    assert mark.faults == faults
    assert faults or abs(mark.box.y0 * 2338 - dot) < 6


@pytest.mark.parametrize(("colour", "faults"), [((20, 20, 20), ()), (BLUE, ("signature.not_black",))])
def test_black_is_what_print_is(colour: tuple[int, int, int], faults: tuple[str, ...], engine: Engine) -> None:
    assert signed(engine, 700, 760, colour, tint=0.2) == faults


def test_a_blue_pen_is_told(engine: Engine) -> None:
    assert signed(engine, 700, 760, BLUE) == ("signature.not_black",)


def test_a_red_pen_is_told(engine: Engine) -> None:
    assert signed(engine, 700, 760, (40, 40, 200)) == ("signature.not_black",)


def test_an_empty_area_has_none(engine: Engine) -> None:
    assert signed(engine, 700, 760, ()) is None  # type: ignore[arg-type]
