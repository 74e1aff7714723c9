"""One tick box: what the ink in its outline, and what comes out of it or runs round it, amounts to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from extractors.boxframes import BEFORE, FRAMED, Frame, Mask, Option, find_frame
from extractors.boxink import SQUARE, around, coming_in, drawn_length, extent, ink_outside, is_square, stroke_width
from extractors.circles import HALF_ROUND, circled, circled_share
from extractors.ruling import Rect
from yinjian.records import State

MOST_DRAWN = 4.0  # sides: longer than the strokes of a tick or a cross gone over twice
BLOTTED, BEYOND = 0.8, 0.42  # filled, more than by two broad strokes; ink outside, more than a square's, in box areas
MOST_STROKES = 0.3  # of a box is covered by strokes: more is blotted, and judged by that
SCRIBBLE = (1.7, 0.65)  # areas of a box that a scribble runs round, and the share of these that it covers
GONE_OVER, SOLID = 1.25, 0.45  # lengths of strokes round what they cover; sides from paper to the middle of ink
TYPED = (0.3, 0.5)  # sides that a √ typed in place of a box is wide and high, at least
OTHER_SIZE, CHECK = 0.15, (0.35, 2.0)  # of the boxes' side; sides that the ✓ of a ☑ is long
TOUCHING = 0.12  # ink touching a box from outside, in areas of the box
BENT = 0.06  # the same of a stroke that may bend round it: a tick's, or what of it is not hidden by the outline
BENT_ROUND = (0.2, 0.7)  # of a box lies within the bend of such ink: from here on it is not clear, and is ticked
WHOLE = 0.95  # of a frame's weakest side is ink: it is a box beyond doubt


@dataclass(frozen=True, slots=True)
class Judged:
    """A box's state with its rectangle (pixels)."""

    state: State
    rect: Rect


def of_another_face(ink: Mask, option: Option, side: float) -> State | None:
    """What a ☑ or ☐ says that was typed in place of the box: of another face, its square is of another size.

    Such a square is whole, nothing comes out of it, and most of its inside is free. None where there is none.
    """
    frame = find_frame(ink, replace(option, level=None), None)
    if frame is None or frame.support < WHOLE or abs(frame.side - side) < OTHER_SIZE * side:
        return None
    rect, stroke = rect_of(frame), stroke_width(ink, frame)
    inset = int(np.ceil(stroke)) + 1
    inside = ink[frame.y + inset : frame.y + frame.side - inset, frame.x + inset : frame.x + frame.side - inset]
    comes_out = ink_outside(ink, rect, stroke, option) > TOUCHING
    if comes_out or frame.x + frame.side > option.label[0] or inside.mean() > MOST_STROKES:
        return None
    length = drawn_length(inside) / frame.side
    return None if length > CHECK[1] else State.TICKED if length > CHECK[0] else State.UNCLEAR


def judge_empty(ink: Mask, option: Option, frame: Frame, outline: float) -> Judged:
    """Nothing in the box: clear, unless a circle was drawn round it and its label, or something like one.

    Nor is one clear that a tick bends round: its point may miss the box, or run along the outline.
    """
    rect = rect_of(frame)
    bent = _bent_round(ink, rect, outline, option)
    if circled(ink, rect, option) or bent > BENT_ROUND[1]:
        return Judged(State.TICKED, rect)
    doubtful = circled_share(ink, rect, option) > HALF_ROUND or bent > BENT_ROUND[0]
    return Judged(State.UNCLEAR if doubtful else State.CLEAR, rect)


def _bent_round(ink: Mask, rect: Rect, outline: float, option: Option) -> float:
    """How much of a box lies within the bend (convex hull) of the ink that comes to it; 0 for less than a mark's.

    A tick ends over the label: what of this print it touches lies behind the box, and bends round nothing by itself.
    """
    if ink_outside(ink, rect, outline, option) < BENT:
        return 0.0
    x0, y0, x1, y1 = (round(v) for v in rect)
    outside = around(ink, rect, outline, 2 * x1 - x0)
    box = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(box, cv2.convexHull((outside - (x0, y0)).astype(np.int32)), 1)
    return float(box.mean())


def is_scribbled(written: Mask, frame: Frame, option: Option, judged: Judged) -> bool:
    """Whether somebody took a mark back: strokes that leave the box and cover most of what they run round.

    A tick and a cross leave most of it free, be they gone over twice, unless a broad pen drew them over a small box:
    their strokes are then shorter than the way round them. A box filled by hand is no larger, and a typed ■ is square.
    """
    if judged.state is not State.TICKED or circled(written, judged.rect, option):
        return False
    side = frame.side
    right = min(frame.x + 2 * side, int(option.label[0]) - 1)
    mark, _, _ = coming_in(written, rect_of(frame), side, max(right, frame.x + side + 2))
    if not mark.any():
        return False
    points = np.argwhere(mark).astype(np.int32)
    spanned, framed = cv2.contourArea(cv2.convexHull(points)), np.prod(np.ptp(points, axis=0) + 1)
    covered = len(points) > SCRIBBLE[1] * spanned and len(points) < SQUARE * framed
    return bool(spanned > SCRIBBLE[0] * side * side and covered) and not _few_strokes(mark, points, side)


def _few_strokes(mark: Mask, points: Any, side: int) -> bool:
    """Whether ink (its `points` as (n, 2)) is a tick's or a cross's strokes, however broad the pen."""
    ink = np.pad(np.asarray(mark, np.uint8) * 255, 2)
    thick = float(cv2.distanceTransform(ink, cv2.DIST_L2, 5).max())
    return drawn_length(mark) < GONE_OVER * cv2.arcLength(cv2.convexHull(points), True) and thick < SOLID * side


def rect_of(frame: Frame) -> Rect:
    """An outline's rectangle, in pixels."""
    return float(frame.x), float(frame.y), float(frame.x + frame.side), float(frame.y + frame.side)


def judge(ink: Mask, option: Option, frame: Frame | None, side: float | None, outline: float | None = None) -> Judged:
    """A box's state by the ink in its outline and round it; without an outline, by what stands in its place.

    `side`: that of the page's boxes; `outline`: how wide their outlines are, for beside a mark a box's own seems wider.
    Both in pixels.
    """
    fits = frame is not None and frame.support >= FRAMED and (side is None or abs(frame.side - side) <= 0.3 * side)
    if frame is None or not fits:
        return _judge_without_frame(ink, option, side)
    rect = rect_of(frame)
    stroke = stroke_width(ink, frame)
    return Judged(_state(ink, rect, stroke, option, min(stroke, outline or stroke)), rect)


def _state(ink: Mask, rect: Rect, stroke: float, option: Option, outline: float) -> State:
    """What the ink inside the outline, and what leaves it, amounts to.

    A tick or a cross is a stroke or two: at most about three sides long. A filled square fills the inside and does not
    leave it. More ink than a cross that also leaves the box is a scribble: somebody took something back.
    """
    x0, y0, x1, y1 = (round(v) for v in rect)
    side = x1 - x0
    inset = int(np.ceil(0.7 * stroke)) + 1
    inside = ink[y0 + inset : y1 - inset + 1, x0 + inset : x1 - inset + 1]
    if inside.size == 0:
        return State.UNCLEAR
    share = float(inside.mean())
    outside = ink_outside(ink, rect, stroke, option)
    if circled(ink, rect, option):
        return State.TICKED
    reach = extent(inside) / max(1, side)
    if share < 0.08 and reach < 0.3:
        # Ink that hangs on to an empty box from outside may be a tick that the outline was mistaken for.
        bent = _bent_round(ink, rect, outline, option)
        if bent > BENT_ROUND[1]:
            return State.TICKED
        empty = (share < 0.04 or reach < 0.15) and outside < TOUCHING and bent < BENT_ROUND[0]
        return State.CLEAR if empty else State.UNCLEAR
    blotted = share > BLOTTED and outside > BEYOND and not is_square(ink, rect)
    return State.UNCLEAR if blotted or drawn_length(inside) > MOST_DRAWN * side else State.TICKED


def _judge_without_frame(ink: Mask, option: Option, side: float | None) -> Judged:
    """No outline: a √ or ■ was typed in place of the box, or ink hides it, or there is nothing at all."""
    x0, y0, _x1, y1 = option.label
    size = side if side is not None else 0.8 * (y1 - y0)
    centre = (y0 + y1) / 2
    left = max(option.left_limit, x0 - 1.6 * size)
    rect = (left, centre - size / 2, max(left + 1.0, x0 - 0.05 * size), centre + size / 2)
    area = ink[max(0, int(rect[1])) : int(rect[3]) + 1, max(0, int(rect[0])) : int(rect[2])]
    if option.reach > BEFORE:  # its label stands elsewhere: whatever is inked here may be no mark
        return Judged(State.UNCLEAR, rect)
    if circled(ink, rect, option):
        return Judged(State.TICKED, rect)
    inked = float(area.sum()) / max(1.0, size * size)
    if inked > 0.1 or (side is not None and _typed(area, side)):
        return Judged(State.TICKED if inked < 0.9 or area.mean() > 0.5 else State.UNCLEAR, rect)
    return Judged(State.UNCLEAR, rect)


def _typed(area: Mask, side: float) -> bool:
    """Whether one piece of ink is as wide and high as a √; typed small and thin, it is little ink."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(area, np.uint8), connectivity=8)
    return any(w >= TYPED[0] * side and h >= TYPED[1] * side for _x, _y, w, h, _count in stats[1:])
