"""Seals on synthesized pages: found, apart from what is printed beside them, mended under print."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from extractors.cutout import cut_out_seal
from extractors.engine import Engine, Recognised
from extractors.formcell import _is_of_seal
from extractors.formmarks import declared_seal
from extractors.ink import separate, stamp_ink, without_print
from extractors.outline import outline_of
from extractors.page import Sheet
from extractors.ring import unroll
from extractors.ruling import Ruling
from extractors.seals import Seal, find_seals
from extractors.squaretext import _grids, _inner, _upright
from extractors.textlines import TextLine
from yinjian.lattice import Lattice

Image = NDArray[np.uint8]

DPI = 200
RED, GOLD, BLACK = (40, 35, 215), (40, 160, 215), (25, 25, 25)  # BGR
PX = DPI / 25.4


def blank() -> Image:
    return np.full((round(297 * PX), round(210 * PX), 3), 248, np.uint8)


def sheet_of(image: Image) -> Sheet:
    dark, red = separate(image)
    return Sheet("page.png", 0, image, 0, float(DPI), dark, red, Ruling((), ()), (), ())


def mm(*values: float) -> tuple[int, ...]:
    return tuple(round(v * PX) for v in values)


def stamped(image: Image, x: float, y: float, radii: tuple[float, float] = (20, 20), tilt: float = 0) -> None:
    """A rim, a star's disc, and marks where the characters stand."""
    cv2.ellipse(image, mm(x, y), mm(*radii), tilt, 0, 360, RED, 8, cv2.LINE_AA)
    cv2.circle(image, mm(x, y), *mm(5), RED, -1, cv2.LINE_AA)


@pytest.mark.parametrize(
    ("radii", "shape"),
    [((20, 20), "round"), ((20, 14.5), "oval")],
)
def test_a_stamp_is_found_with_its_shape_and_size(radii: tuple[float, float], shape: str) -> None:
    image = blank()
    stamped(image, 100, 150, radii, 10)
    (seal,) = find_seals(sheet_of(image))
    assert seal.shape == shape
    assert seal.centre == pytest.approx(mm(100, 150), abs=4)
    assert seal.radii == pytest.approx([r * PX for r in radii], abs=6)


@pytest.mark.parametrize("turned", [False, True])
def test_a_stamp_on_a_red_frame_is_found(turned: bool) -> None:
    image = blank()
    cv2.rectangle(image, mm(20, 20), mm(190, 270), RED, 8)
    cv2.rectangle(image, mm(23, 23), mm(187, 267), RED, 2)
    stamped(image, 150 if not turned else 180, 260 if not turned else 150)
    (seal,) = find_seals(sheet_of(image))
    assert seal.shape == "round"
    assert seal.radii == pytest.approx([20 * PX] * 2, abs=6)


def test_a_stroke_of_a_red_pen_is_no_stamp() -> None:
    image = blank()
    cv2.line(image, mm(60, 100), mm(100, 118), RED, 8, cv2.LINE_AA)
    assert find_seals(sheet_of(image)) == ()


def test_red_print_close_to_a_stamp_is_not_taken_for_a_part_of_it() -> None:
    image = blank()
    stamped(image, 100, 150, (20, 14.5))
    cv2.ellipse(image, mm(72, 150), mm(5, 6), 0, 0, 360, RED, -1, cv2.LINE_AA)
    seal = max(find_seals(sheet_of(image)), key=lambda s: s.radii[0])
    assert seal.centre == pytest.approx(mm(100, 150), abs=4)
    assert seal.radii == pytest.approx(mm(20, 14.5), abs=6)


@pytest.mark.parametrize("apart", [41.0, 36.0, 30.0])
@pytest.mark.parametrize("turn", [0, 35, 90])
def test_stamps_that_touch_or_overlap_are_told_apart(apart: float, turn: float) -> None:
    """A unit's own stamp beside the authority's on a colour copy of its licence."""
    image = blank()
    x, y = 80 + apart * np.cos(np.radians(turn)), 150 + apart * np.sin(np.radians(turn))
    stamped(image, 80, 150)
    stamped(image, x, y, (17, 17))
    larger, smaller = sorted(find_seals(sheet_of(image)), key=lambda s: -s.radii[0])
    for seal, place, radius in ((larger, mm(80, 150), 20), (smaller, mm(x, y), 17)):
        assert seal.shape == "round"
        assert seal.centre == pytest.approx(place, abs=5)
        assert seal.radii == pytest.approx(mm(radius, radius), abs=6)


def test_a_stamp_over_a_golden_frame_is_cut_from_it() -> None:
    image = blank()
    cv2.rectangle(image, mm(10, 20), mm(200, 170), (90, 160, 205), round(3 * PX))
    stamped(image, 100, 158)
    (seal,) = find_seals(sheet_of(image))
    assert seal.centre == pytest.approx(mm(100, 158), abs=4)
    assert seal.radii == pytest.approx(mm(20, 20), abs=6)


@pytest.mark.parametrize("longer", [1.11, 1.13])
def test_a_round_stamp_on_a_page_that_is_taken_for_longer_than_it_is(longer: float) -> None:
    """The far edge of a photographed sheet is not always seen."""
    image = blank()
    for angle in np.arange(0, 360, 15):
        x, y = 100 + 16 * np.sin(np.radians(angle)), 140 + 16 * np.cos(np.radians(angle))
        cv2.rectangle(image, mm(x - 1, y - 1), mm(x + 1, y + 1), RED, -1)
    stamped(image, 100, 140)
    (seal,) = find_seals(sheet_of(np.asarray(cv2.resize(image, None, fx=1.0, fy=longer), np.uint8)))
    assert seal.shape == "round"
    assert seal.rect == pytest.approx((*mm(80, 120 * longer), *mm(120, 160 * longer)), abs=8)


@pytest.mark.parametrize(("radii", "tilt", "shape"), [((20, 20), 0, "round"), ((20, 14.5), -19, "oval")])
def test_a_dark_picture_that_looks_reddish_bends_no_stamp(radii: tuple[float, float], tilt: float, shape: str) -> None:
    image = blank()
    cv2.rectangle(image, mm(103, 112), mm(124, 138), (60, 60, 100), -1)  # a copy's portrait, compressed
    stamped(image, 100, 150, radii, tilt)
    (seal,) = find_seals(sheet_of(image))
    assert seal.shape == shape
    assert seal.centre == pytest.approx(mm(100, 150), abs=4)
    assert seal.radii == pytest.approx(mm(*radii), abs=6)
    assert seal.tilt == pytest.approx(tilt, abs=3)


@pytest.mark.parametrize("what", ["letterhead", "star", "gold", "handwriting", "emblem", "logo"])
def test_other_red_things_are_no_seals(what: str) -> None:
    image = blank()
    if what == "letterhead":
        for left in range(40, 170, 16):
            cv2.rectangle(image, mm(left, 30), mm(left + 11, 32), RED, -1)
            cv2.rectangle(image, mm(left + 5, 30), mm(left + 7, 42), RED, -1)
        cv2.line(image, mm(25, 55), mm(185, 55), RED, 10)
    elif what == "star":
        turns = np.radians(np.arange(10) * 36 - 90)
        reach = np.where(np.arange(10) % 2, 4.6, 12.0)[:, None] * PX
        points = np.array(mm(100, 40)) + reach * np.c_[np.cos(turns), np.sin(turns)]
        cv2.fillPoly(image, [points.astype(np.int32)], RED, cv2.LINE_AA)
    elif what == "gold":
        cv2.circle(image, mm(100, 100), *mm(20), GOLD, 10, cv2.LINE_AA)
    elif what == "emblem":  # a red disc with golden stars in a golden wreath
        cv2.circle(image, mm(100, 60), *mm(9), RED, -1, cv2.LINE_AA)
        cv2.circle(image, mm(100, 60), *mm(10), GOLD, 14, cv2.LINE_AA)
        cv2.circle(image, mm(100, 57), *mm(2), GOLD, -1, cv2.LINE_AA)
    elif what == "logo":
        cv2.rectangle(image, mm(30, 20), mm(60, 34), RED, -1)
    else:
        points = np.array([mm(60 + t, 100 + 5 * np.sin(t)) for t in np.arange(0, 60, 0.5)], np.int32)
        cv2.polylines(image, [points], False, RED, 4, cv2.LINE_AA)
    assert find_seals(sheet_of(image)) == ()


def test_red_under_thin_print_is_told_by_what_is_beside_it() -> None:
    image = blank()
    cv2.rectangle(image, mm(80, 130), mm(120, 170), RED, -1)
    place = round(150 * PX), round(100 * PX)
    clean = stamp_ink(image, sheet_of(image).red)[place]
    cv2.line(image, mm(70, 150), mm(130, 150), BLACK, 3)
    sheet = sheet_of(image)
    assert without_print(stamp_ink(image, sheet.red), sheet.dark)[place] == pytest.approx(clean, rel=0.25)


def test_an_ovals_rim_is_level_when_unrolled() -> None:
    image = blank()
    stamped(image, 100, 150, (20, 14.5), 12)
    sheet = sheet_of(image)
    (seal,) = find_seals(sheet)
    unrolled = unroll(sheet.red, seal.centre, seal)
    wheel = unrolled.wheel
    inner = (wheel > 0.2)[: len(wheel) // 3]
    ends = inner.shape[0] - np.argmax(inner[::-1], axis=0)
    assert np.ptp(ends) <= 4
    assert len(unrolled.angles) == wheel.shape[1]


def test_a_square_seals_grid_is_counted() -> None:
    image = blank()
    cv2.rectangle(image, mm(80, 130), mm(112, 162), RED, 8)
    for column in range(4):
        for row in range(3):
            left, top = 83.0 + 6.7 * column, 133.0 + 8.9 * row
            cv2.rectangle(image, mm(left, top), mm(left + 5.4, top + 7.4), RED, -1)
    sheet = sheet_of(image)
    (seal,) = find_seals(sheet)
    assert seal.shape == "square"
    assert (4, 3) in _grids(_inner(_upright(sheet.red, seal.centre, seal)))


def test_a_marks_image_has_its_ink_alone() -> None:
    image = blank()
    stamped(image, 100, 150)
    cv2.line(image, mm(70, 158), mm(130, 158), BLACK, 3)
    sheet = sheet_of(image)
    seal: Seal = find_seals(sheet)[0]
    picture = cv2.imdecode(np.frombuffer(cut_out_seal(sheet, seal.rect, 0.0), np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    middle = picture.shape[0] // 2
    assert picture[middle, middle, 3] > 200
    assert picture[middle + round(8 / 25.4 * 600), middle, 3] < 60


def test_a_mark_is_no_thinner_in_its_image_than_on_paper_however_soft_the_picture() -> None:
    image = blank()
    stamped(image, 100, 150)
    drawn = float((image[:, :, 1] < 128).sum())
    sheet = sheet_of(np.asarray(cv2.GaussianBlur(image, (0, 0), 1.5), np.uint8))
    picture = cv2.imdecode(
        np.frombuffer(cut_out_seal(sheet, find_seals(sheet)[0].rect, 0.0), np.uint8), cv2.IMREAD_UNCHANGED
    )
    assert picture is not None
    opaque = float((picture[:, :, 3] > 127).sum()) * (sheet.px_per_mm / (600 / 25.4)) ** 2
    assert opaque == pytest.approx(drawn, rel=0.06)


@pytest.mark.parametrize("corners", [3, 4])
def test_ink_with_few_corners_has_an_outline(corners: int) -> None:
    """An ellipse needs five points; a triangle of red print has fewer."""
    turns = np.arange(corners) * 2 * np.pi / corners
    drawn = np.zeros((120, 120), np.uint8)
    points = np.c_[60 + 50 * np.cos(turns), 60 + 40 * np.sin(turns)].astype(np.int32)
    cv2.fillPoly(drawn, [points], 1)
    assert outline_of(np.argwhere(drawn)[:, ::-1].astype(np.float32)).shape in ("round", "oval", "square")
    hull = points.astype(np.float32)
    assert outline_of(hull).radii[0] > 0


def test_the_declared_seal_is_the_units_and_not_its_legal_persons(engine: Engine) -> None:
    """The unit's reaches below the table; the smaller one beside it lies wholly in the cell."""
    image = blank()
    stamped(image, 80, 150)
    cv2.rectangle(image, mm(110, 130), mm(130, 150), RED, 8)
    cv2.putText(image, "AB", mm(112, 145), cv2.FONT_HERSHEY_SIMPLEX, 3, RED, 8)
    sheet = sheet_of(image)
    seals = find_seals(sheet)
    assert sorted(seal.shape for seal in seals) == ["round", "square"]
    cell = tuple(float(v) for v in mm(20, 120, 190, 160))
    mark = declared_seal("seal_declaration", sheet, 0, seals, (cell[0], cell[1], cell[2], cell[3]), engine)
    assert mark is not None and mark.shape == "round"


@pytest.mark.parametrize("printed", [False, True])
def test_what_a_seal_says_is_no_line_of_the_form_and_print_below_it_is(printed: bool) -> None:
    image = blank()
    stamped(image, 100, 150)
    cv2.putText(image, "7834575", mm(88, 164), cv2.FONT_HERSHEY_SIMPLEX, 1.2, RED, 3)
    if printed:
        cv2.putText(image, "2026", mm(94, 163), cv2.FONT_HERSHEY_SIMPLEX, 1.2, BLACK, 3)
    sheet = sheet_of(image)
    rect = tuple(float(v) for v in mm(86, 158, 114, 166))
    line = TextLine((rect[0], rect[1], rect[2], rect[3]), Recognised("7834575", 1.0, Lattice("", ()), (), 7.0))
    assert _is_of_seal(line, sheet, find_seals(sheet)) is not printed
