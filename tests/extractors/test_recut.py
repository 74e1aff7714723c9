"""A mark cut from a person's frame: found where the frame is, with every fault that its pixels show."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from extractors.engine import Engine
from extractors.recut import recut_mark
from extractors.ruling import find_ruling
from extractors.seals import find_seals
from tests.extractors.test_seals import BLACK, Image, blank, mm, sheet_of, stamped
from yinjian.geometry import Box
from yinjian.records import Mark

WIDTH, HEIGHT = 210.0, 297.0  # mm


def frame(x0: float, y0: float, x1: float, y1: float) -> Box:
    """Of millimetres."""
    return Box(x0 / WIDTH, y0 / HEIGHT, x1 / WIDTH, y1 / HEIGHT)


def cut(image: Image, mark_id: str, box: Box, engine: Engine) -> Mark | None:
    plain = sheet_of(image)
    x0, y0, x1, y1 = map(float, mm(20, 100, 190, 200))
    sheet = replace(plain, ruling=find_ruling(plain.dark, plain.px_per_mm), cells=((x0, y0, x1, y1),))
    return recut_mark(mark_id, sheet, 0, box, engine)


def signed(image: Image, x: float, y: float) -> None:
    points = np.add([(0, 0), (8, 14), (14, 1), (19, 13), (24, 1), (30, 12)], (x, y))
    cv2.polylines(image, [np.array([mm(*p) for p in points], np.int32)], False, BLACK, 5, cv2.LINE_AA)


def test_the_seal_in_the_frame_is_cut_and_no_other(engine: Engine) -> None:
    image = blank()
    stamped(image, 60, 150)
    stamped(image, 140, 150)
    mark = cut(image, "seal_declaration", frame(118, 128, 162, 172), engine)
    assert mark is not None and mark.image and mark.shape == "round" and mark.faults == ()
    assert mark.size_mm == pytest.approx(40, abs=1.5)
    assert (mark.box.x0 + mark.box.x1) / 2 * WIDTH == pytest.approx(140, abs=1)


def test_a_seal_that_was_not_found_by_itself_is_cut_and_told_to_be_unclear(engine: Engine) -> None:
    """Half its border has no ink: nothing that finds itself, but a person sees where it is."""
    image = blank()
    cv2.ellipse(image, mm(100, 150), mm(20, 20), 0, 0, 185, (40, 35, 215), 8, cv2.LINE_AA)
    cv2.circle(image, mm(100, 150), *mm(5), (40, 35, 215), -1, cv2.LINE_AA)
    assert find_seals(sheet_of(image)) == ()
    mark = cut(image, "seal_declaration", frame(78, 128, 122, 172), engine)
    assert mark is not None and mark.image and mark.faults == ("seal.unclear",)


@pytest.mark.parametrize("x1", [122, 108])
def test_a_frame_hides_no_fault_of_a_collected_seal(x1: float, engine: Engine) -> None:
    image = blank()
    stamped(image, 100, 150)
    cv2.line(image, mm(20, 158), mm(190, 158), BLACK, 3)
    for left in range(88, 112, 5):
        cv2.rectangle(image, mm(left, 140), mm(left + 3, 143), BLACK, 3)
    mark = cut(image, "seal_collection", frame(78, 128, x1, 172), engine)
    assert mark is not None
    if x1 == 122:
        assert {"seal.overlaps_line", "seal.overlaps_text"} <= set(mark.faults)
    else:  # a part of it is not whole
        assert "seal.clipped" in mark.faults or "seal.overlaps_line" in mark.faults


def test_nothing_is_cut_where_there_is_no_ink(engine: Engine) -> None:
    for mark_id in ("seal_collection", "signature_agent", "signature_collection", "material_seal"):
        assert cut(blank(), mark_id, frame(40, 120, 80, 160), engine) is None


@pytest.mark.parametrize("mark_id", ["signature_agent", "signature_collection"])
def test_a_signature_is_cut_whole_or_told_not_to_be(mark_id: str, engine: Engine) -> None:
    image = blank()
    cv2.rectangle(image, mm(20, 100), mm(190, 200), BLACK, 3)
    signed(image, 80, 150)
    whole = cut(image, mark_id, frame(78, 148, 112, 166), engine)
    assert whole is not None and whole.image and whole.faults == ()
    assert (whole.box.x1 - whole.box.x0) * WIDTH == pytest.approx(30.5, abs=1)
    part = cut(image, mark_id, frame(78, 148, 98, 166), engine)
    assert part is not None and "signature.clipped" in part.faults


def test_a_collected_signature_over_its_line_stays_so(engine: Engine) -> None:
    image = blank()
    cv2.rectangle(image, mm(20, 100), mm(190, 200), BLACK, 3)
    signed(image, 80, 192)
    mark = cut(image, "signature_collection", frame(78, 190, 112, 199), engine)
    assert mark is not None and "signature.overlaps_line" in mark.faults
