"""Tick boxes drawn stroke by stroke: every kind of mark, at several sizes and ink densities."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from extractors.boxes import judge_boxes
from extractors.boxframes import Floats, Option
from yinjian.records import State

SIDES = (14, 22, 34)  # px: 150 to 400 dpi
INSTEAD = ("root", "small root", "square", "larger box", "checked box")  # typed in place of a box


def row(
    side: int, marks: list[str], outline: float = 0.3, higher: float = 1.2, late: float = 0.0, ink: float = 0.9
) -> tuple[Floats, list[Option]]:
    """A row of boxes with labels, each marked as asked for.

    Labels are blocks of strokes, `higher` than the box; the third is read as if it began `late` sides sooner.
    `outline`, `ink`: densities of the boxes and of the marks.
    """
    pitch = side * 7
    dark = np.zeros((side * 5, pitch * len(marks) + side), np.float32)
    options = []
    for n, mark in enumerate(marks):
        x, y = side + n * pitch, side * 2
        thick = max(1, side // 12)
        if mark not in INSTEAD:
            cv2.rectangle(dark, (x, y), (x + side, y + side), outline, thick)
        draw(dark, mark, x, y, side, ink)
        beyond = side * (higher - 1.0) / 2
        label = (x + side * 1.4, y - beyond, x + side * 3.4, y + side + beyond)
        for k in range(6):
            left = int(label[0] + k * side / 3) + 1
            cv2.line(dark, (left, int(label[1])), (left, int(label[3])), 0.8, thick)
        told = (label[0] - (side * late if n == 2 else 0.0), *label[1:])
        options.append(Option(told, x - side * 0.8))
    return cv2.GaussianBlur(dark, (0, 0), 0.7), options


def draw(dark: Floats, mark: str, x: int, y: int, s: int, ink: float) -> None:
    pen = max(2, s // 8)

    def stroke(*points: tuple[float, float], width: int = pen) -> None:
        pixels = np.array([(x + u * s, y + v * s) for u, v in points], np.int32)
        cv2.polylines(dark, [pixels], False, ink, width)

    if mark == "tick":
        stroke((0.15, 0.5), (0.4, 0.85), (0.85, 0.15))
    elif mark == "leaving":
        stroke((0.1, 0.4), (0.4, 0.95), (1.3, -0.5))
    elif mark == "cross":
        stroke((0.1, 0.1), (0.9, 0.9))
        stroke((0.9, 0.1), (0.1, 0.9))
    elif mark == "low tick":
        stroke((-0.2, 0.5), (0.5, 1.25), (2.0, -0.2))
    elif mark == "round tick":
        stroke((-0.55, 0.15), (0.05, 1.0), (0.5, 1.12), (1.15, 0.6), (1.9, -0.8))
    elif mark == "underline":
        stroke((-0.6, 1.02), (3.4, 1.06))
    elif mark == "bold cross":
        stroke((-0.45, -0.45), (1.45, 1.45), width=max(3, s // 5))
        stroke((1.45, -0.45), (-0.45, 1.45), width=max(3, s // 5))
    elif mark == "broad tick":
        stroke((-0.1, 0.3), (0.3, 0.85), (1.05, -0.45), width=max(4, round(s * 0.36)))
    elif mark == "broad cross":
        stroke((-0.15, -0.15), (1.15, 1.15), width=max(3, round(s * 0.22)))
        stroke((1.15, -0.15), (-0.15, 1.15), width=max(3, round(s * 0.22)))
    elif mark == "filled":
        dark[y : y + s, x : x + s] = ink
    elif mark == "beside":
        stroke((-0.75, 0.4), (-0.6, 0.7), (-0.35, 0.1))
    elif mark == "circle":
        cv2.ellipse(dark, (int(x + 1.7 * s), y + s // 2), (int(2.1 * s), int(1.1 * s)), 0, 0, 360, ink, pen)
    elif mark == "wide circle":
        cv2.ellipse(dark, (int(x + 1.7 * s), y + s // 2), (int(2.5 * s), int(1.4 * s)), 0, 0, 360, ink, pen)
    elif mark == "short circle":
        cv2.ellipse(dark, (int(x + 1.45 * s), y + s // 2), (int(1.7 * s), int(1.0 * s)), 0, 60, 400, ink, pen)
    elif mark == "root":
        stroke((-0.1, 0.6), (0.2, 1.2), (0.8, -0.3), (1.2, -0.3))
    elif mark == "small root":
        points = [(0.55, 0.65), (0.75, 1.05), (1.2, 0.1)]
        cv2.polylines(dark, [np.array([(x + u * s, y + v * s) for u, v in points], np.int32)], False, 0.7 * ink, 1)
    elif mark == "square":
        dark[y : round(y + 1.45 * s), x : round(x + 1.45 * s)] = ink
    elif mark in ("larger box", "checked box"):
        cv2.rectangle(dark, (x - s // 3, y - s // 3), (x + s, y + s), 0.6, max(1, s // 12))
        if mark == "checked box":
            stroke((-0.1, 0.3), (0.2, 0.75), (0.75, -0.05), width=max(1, s // 12))
    elif mark == "scribble":
        for k in range(9):
            stroke((-0.8, k / 8), (1.35, (k + 0.6) / 8))


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mark", ["tick", "leaving", "cross", "filled", "circle", "wide circle", "short circle"])
def test_marks_are_ticks(side: int, mark: str) -> None:
    dark, options = row(side, ["", mark, "", ""])
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR, State.TICKED, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", [16, 24, 36])
@pytest.mark.parametrize("mark", ["checked box", "larger box"])
def test_a_checked_box_of_another_face_is_a_tick_and_an_empty_one_is_none(side: int, mark: str) -> None:
    """Typed in place of a box it comes from a face that has it, in which squares are of another size."""
    dark, options = row(side, ["", mark, "", ""])
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert (states[1] is State.TICKED) == (mark == "checked box")
    assert [states[0], *states[2:]] == [State.CLEAR] * 3


@pytest.mark.parametrize("side", SIDES)
def test_a_circle_that_rules_were_taken_out_of_is_not_clear(side: int) -> None:
    """Lines of the table cross it above and below the box, and take their pieces of it with them."""
    dark, options = row(side, ["", "wide circle", "", ""])
    y, pen = 2 * side, max(2, side // 6)
    for crossing in (y - side // 3, y + side + side // 3):
        dark[crossing - pen : crossing + pen] = 0.0
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states[1] in (State.TICKED, State.UNCLEAR)
    assert [states[0], *states[2:]] == [State.CLEAR] * 3


@pytest.mark.parametrize("side", (34, 46))
def test_a_tick_that_keeps_to_a_corner_of_its_box_is_not_passed_over(side: int) -> None:
    dark, options = row(side, ["", "low tick", "", ""])
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states[1] in (State.TICKED, State.UNCLEAR)
    assert [states[0], *states[2:]] == [State.CLEAR] * 3


@pytest.mark.parametrize("side", (20, 22, 24, 34))
def test_two_broad_strokes_that_leave_the_box_are_a_cross(side: int) -> None:
    dark, options = row(side, ["", "bold cross", "", ""])
    assert judge_boxes(dark, options)[1].state is State.TICKED


@pytest.mark.parametrize("side", (14, 16, 22))
@pytest.mark.parametrize("mark", ["broad tick", "broad cross"])
def test_a_broad_pen_on_a_small_box_is_no_scribble(side: int, mark: str) -> None:
    dark, options = row(side, ["", mark, "", ""])
    assert [j.state for j in judge_boxes(dark, options)] == [State.CLEAR, State.TICKED, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", (11, 17, 26))
def test_a_typeface_with_small_squares_and_a_root_in_place_of_one(side: int) -> None:
    dark, options = row(side, ["root", "", "", ""], higher=2.3)
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.TICKED, State.CLEAR, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", (18, 22, 34))
def test_a_root_that_is_paler_than_outlines_beside_two_blank_boxes(side: int) -> None:
    """Two do not show what a blank box is like on this page."""
    dark, options = row(side, ["small root", "", ""], outline=0.6, ink=0.35)
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.TICKED, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", (22, 34, 40))
def test_the_only_blank_box_of_a_page_tells_how_large_boxes_are(side: int) -> None:
    dark, options = row(side, ["root", "", "scribble"])
    x, y, half, thick = round(2.0 * side), 2 * side, side // 2, max(1, side // 12)
    cv2.rectangle(dark, (x, y), (x + half, y + half), 0.8, thick)  # 田, which the label begins with
    cv2.line(dark, (x + half // 2, y), (x + half // 2, y + half), 0.8, thick)
    cv2.line(dark, (x, y + half // 2), (x + half, y + half // 2), 0.8, thick)
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.TICKED, State.CLEAR, State.UNCLEAR]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mark", ["small root", "square"])
def test_what_is_typed_in_place_of_a_box_is_a_mark_close_to_its_label_and_larger_than_the_box(
    side: int, mark: str
) -> None:
    dark, options = row(side, ["", mark, "", "", ""])
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR, State.TICKED, State.CLEAR, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("outline", [0.1, 0.3, 0.9])
def test_blank_boxes_are_clear(side: int, outline: float) -> None:
    dark, options = row(side, ["", "", ""], outline)
    assert {judged.state for judged in judge_boxes(dark, options)} == {State.CLEAR}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mark", ["tick", "leaving", "cross", "filled"])
@pytest.mark.parametrize(("outline", "ink"), [(1.9, 0.6), (1.0, 0.25), (0.6, 0.25)])
def test_a_mark_may_be_paler_than_the_print(side: int, mark: str, outline: float, ink: float) -> None:
    dark, options = row(side, ["", mark, "", ""], outline, ink=ink)
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR, State.TICKED, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("outline", [0.3, 0.9])
def test_a_blank_box_that_the_label_was_read_to_begin_in_is_clear(side: int, outline: float) -> None:
    dark, options = row(side, ["tick", "", "", ""], outline, late=0.8)
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.TICKED, State.CLEAR, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("aside", [0.25, 0.5, 0.75])
def test_thin_outlines_that_fall_between_pixels(side: int, aside: float) -> None:
    dark, options = row(side, ["tick", "", "", "", ""], 0.9)
    moved = dark.copy()
    for n in range(5):  # each box by another part of a pixel
        cut = slice(n * side * 7, (n + 1) * side * 7)
        shift = np.array([[1.0, 0.0, aside * n], [0.0, 1.0, aside * (n % 3)]], np.float32)
        moved[:, cut] = cv2.warpAffine(np.ascontiguousarray(dark[:, cut]), shift, dark[:, cut].shape[::-1])
    states = [judged.state for judged in judge_boxes(moved, options)]
    assert states == [State.TICKED, *[State.CLEAR] * 4]


@pytest.mark.parametrize("side", [22, 34])
def test_an_outline_that_wavers_by_a_pixel_is_no_stroke(side: int) -> None:
    dark, options = row(side, ["", "", "", "tick", "", ""], 0.8)
    x, y = side + 4 * side * 7, 3 * side
    inset = max(2, side // 10)
    dark[y - inset, x + side // 2 : x + side // 2 + side // 5] = 0.8
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR] * 3 + [State.TICKED] + [State.CLEAR] * 2


@pytest.mark.parametrize("side", SIDES)
def test_a_mark_beside_a_box_is_no_tick(side: int) -> None:
    dark, options = row(side, ["", "beside", "tick"])
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR, State.CLEAR, State.TICKED]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("ink", [0.9, 0.5])
def test_a_tick_that_bends_round_its_box_is_one(side: int, ink: float) -> None:
    dark, options = row(side, ["", "round tick", "", "", ""], ink=ink)
    assert [j.state for j in judge_boxes(dark, options)] == [State.CLEAR, State.TICKED, *[State.CLEAR] * 3]


@pytest.mark.parametrize("side", SIDES[1:])
def test_a_line_under_an_option_is_no_tick(side: int) -> None:
    dark, options = row(side, ["", "underline", "", "", ""])
    assert judge_boxes(dark, options)[1].state is not State.TICKED


@pytest.mark.parametrize("side", SIDES)
def test_a_scribble_is_unclear(side: int) -> None:
    dark, options = row(side, ["", "scribble", "tick"])
    assert judge_boxes(dark, options)[1].state is State.UNCLEAR


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("turned", [False, True])
def test_a_zigzag_that_covers_more_than_its_box_is_unclear(side: int, turned: bool) -> None:
    dark, options = row(side, [""] * 4)
    x, y = side + 7 * side, 2 * side
    steps = [(-0.4 + 1.8 * n / 10, -0.3 if n % 2 else 1.3) for n in range(11)]
    points = [(x + side * (b if turned else a), y + side * (a if turned else b)) for a, b in steps]
    cv2.polylines(dark, [np.array(points, np.int32)], False, 0.9, max(2, side // 7))
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR, State.UNCLEAR, State.CLEAR, State.CLEAR]


@pytest.mark.parametrize("side", SIDES)
def test_a_circle_round_the_option_above_ticks_no_box_that_it_passes_through(side: int) -> None:
    dark, options = row(side, [""] * 4)
    middle = (int(8 * side + 1.7 * side), int(0.95 * side))
    cv2.ellipse(dark, middle, (int(2.1 * side), int(1.35 * side)), 0, 0, 360, 0.9, max(2, side // 8))
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states[1] is not State.TICKED
    assert [states[n] for n in (0, 2, 3)] == [State.CLEAR] * 3


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("mark", ["", "tick"])
def test_a_box_that_stands_far_before_its_label(side: int, mark: str) -> None:
    """At the end of a line, when its label went to the next: what is known is where the line ends."""
    dark, options = row(side, ["", "", mark, ""])
    x0, y0, x1, y1 = options[2].label
    dark[:, int(x0) - 1 : int(x1) + 2] = 0.0
    edge = x0 + 3 * side
    options[2] = replace(options[2], label=(edge, y0, edge + 2 * side, y1), reach=5.0)
    states = [judged.state for judged in judge_boxes(dark, options)]
    assert states == [State.CLEAR, State.CLEAR, State.TICKED if mark else State.CLEAR, State.CLEAR]


def test_no_boxes() -> None:
    assert judge_boxes(np.zeros((10, 10), np.float32), []) == ()
