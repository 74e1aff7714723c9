"""The outlines of tick boxes: square frames of ink left of their labels, all of a page of one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.ruling import Rect

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

CENTRED = 0.3  # what running along the middle of the strokes counts for beside being inked all along
FRAMED = 0.62  # least share of a frame's weakest side that must be ink
SIDES = (0.42, 1.2)  # of the label's height: the square of a typeface is from half as high as its ideographs to as high
INTO_LABEL, FAR_INTO_LABEL = 0.2, 0.8  # heights of a label behind its beginning: its box may end there
BEFORE = 3.0  # heights of a label before its beginning, at most: its box, a space behind it, and what was not read


@dataclass(frozen=True, slots=True)
class Option:
    """A printed label with room for its box: the label's rectangle and how far left of it the box may lie (pixels).

    `level`: the height at which the box's middle is expected, when its neighbours tell; `reach`: heights of the label
    before its beginning where the box is looked for, at most.
    """

    label: Rect
    left_limit: float
    level: float | None = None
    reach: float = BEFORE


@dataclass(frozen=True, slots=True)
class Frame:
    """A square outline (pixels): top left corner, side, and the share of its weakest side that is ink."""

    x: int
    y: int
    side: int
    support: float


@dataclass(frozen=True, slots=True)
class Found:
    """The frames seen when ink is what is darker than `threshold`, and how much they look like blank boxes."""

    threshold: float
    frames: tuple[Frame | None, ...]
    worth: float


def thresholds(dark: Floats, options: Sequence[Option]) -> Floats:
    """Between the paper's grain and the labels' own ink: outlines are thin, how pale depends on printer and camera."""
    labels = np.concatenate([_cut(dark, option.label).ravel() for option in options])
    strong = float(np.percentile(labels, 90)) if labels.size else 0.5
    return np.geomspace(0.05, max(0.06, 0.6 * strong), 7).astype(np.float32)


def find_frames(dark: Floats, options: Sequence[Option], threshold: float, side: float | None = None) -> Found:
    """Blank boxes are hollow: an outline that is seen only where all is dark is none."""
    ink = dark > threshold
    frames = tuple(find_frame(ink, option, side) for option in options)
    worth = [0.0 if f is None else f.support - 0.7 * filled(ink, f) for f in frames]
    return Found(float(threshold), frames, float(np.mean(worth)))


def levelled(options: Sequence[Option], frames: Sequence[Frame | None]) -> tuple[Option, ...]:
    """Options with the height at which the boxes of their line stand, where at least two others agree on it."""
    good = [(f, o) for f, o in zip(frames, options, strict=True) if f is not None and f.support >= FRAMED]

    def at_level(option: Option) -> Option:
        beside = [f.y + f.side / 2 for f, o in good if o is not option and _same_line(o.label, option.label)]
        return replace(option, level=float(np.median(beside))) if len(beside) >= 2 else option

    return tuple(at_level(option) for option in options)


def _same_line(one: Rect, other: Rect) -> bool:
    return min(one[3], other[3]) - max(one[1], other[1]) > 0.6 * min(one[3] - one[1], other[3] - other[1])


def even_labels(options: Sequence[Option]) -> tuple[Option, ...]:
    """Labels of one height about their middles: a circle drawn round a label is not part of it, its outline is."""
    height = float(np.median([option.label[3] - option.label[1] for option in options]))

    def even(option: Option) -> Option:
        x0, y0, x1, y1 = option.label
        middle = (y0 + y1) / 2
        return replace(option, label=(x0, middle - height / 2, x1, middle + height / 2))

    return tuple(even(o) if not 0.9 < (o.label[3] - o.label[1]) / height < 1.2 else o for o in options)


def _cut(dark: Floats, rect: Rect) -> Floats:
    x0, y0, x1, y1 = (max(0, int(v)) for v in rect)
    return dark[y0:y1, x0:x1]


def filled(ink: Mask, frame: Frame) -> float:
    """The share of ink in the middle of a frame."""
    quarter = frame.side // 4
    inside = ink[frame.y + quarter : frame.y + frame.side - quarter, frame.x + quarter : frame.x + frame.side - quarter]
    return float(inside.mean()) if inside.size else 1.0


def outline_density(dark: Floats, frame: Frame) -> float:
    """The median over the outline of the darkest pixel across it."""
    x, y, side = frame.x, frame.y, frame.side
    across = cv2.dilate(dark[max(0, y - 1) : y + side + 2, max(0, x - 1) : x + side + 2], np.ones((3, 3), np.uint8))
    edges = [across[1, 1:-1], across[-2, 1:-1], across[1:-1, 1], across[1:-1, -2]]
    return float(np.median(np.concatenate(edges)))


def room_of(option: Option, ink: Mask | Floats, into: float) -> tuple[int, int, int, int]:
    """Where the box of a label can be: left of it, about as high as the label, and `into` it (its heights)."""
    x0, y0, _x1, y1 = option.label
    height = y1 - y0
    left = max(option.left_limit, x0 - option.reach * height)
    top, bottom = max(0, int(y0 - 0.35 * height)), min(ink.shape[0], int(y1 + 0.35 * height))
    return max(0, int(left)), top, int(x0 + into * height), bottom


def find_frame(ink: Mask, option: Option, known: float | None) -> Frame | None:
    """The square frame with the best-inked weakest side; of the `known` side (pixels) where there is one."""
    x0, y0, x1, y1 = room_of(option, ink, INTO_LABEL)
    room = ink[y0:y1, x0:x1].astype(np.float32)
    height = option.label[3] - option.label[1]
    if min(room.shape) < 8:
        return None
    sides = range(max(7, round(SIDES[0] * height)), round(SIDES[1] * height) + 1)
    if known is not None:
        # Strokes of a mark make squares of other sizes as good.
        sides = range(max(7, round(known) - 1), round(known) + 2)
    level = None if option.level is None else option.level - y0
    found = [square for side in sides if (square := _best_square(room, side, level)) is not None]
    if not found:
        return None
    _, best = max(found, key=lambda square: square[0])
    return Frame(best.x + x0, best.y + y0, best.side, best.support)


def _best_square(room: Floats, side: int, middle: float | None) -> tuple[float, Frame] | None:
    """The square of a side (pixels) whose weakest side has most ink, with its worth among other squares.

    A side may waver by a pixel: an inked pixel counts for its neighbours across. Among squares that are equal so far
    the one that runs along the middle of the strokes is the outline.
    """
    if min(room.shape) <= side:
        return None
    wavering = _four_sides(cv2.dilate(room, np.ones((3, 1))), cv2.dilate(room, np.ones((1, 3))), side)
    centred = _four_sides(cv2.blur(room, (1, 3)), cv2.blur(room, (3, 1)), side)
    worth = wavering.min(0) + CENTRED * centred.mean(0)
    if middle is not None:
        # Boxes of one line stand level: a few pixels of skew are allowed.
        off = np.abs(np.arange(len(worth)) + side / 2 - middle)
        worth = worth - (off > 0.1 * side + 1)[:, None]
    y, x = np.unravel_index(int(worth.argmax()), worth.shape)
    return float(worth[y, x]), Frame(int(x), int(y), side, float(wavering.min(0)[y, x]))


def _four_sides(level: Floats, plumb: Floats, side: int) -> Floats:
    """Ink along top, bottom, left and right of the square at each place (4, rows - side, columns - side)."""
    along = cv2.filter2D(
        level, -1, np.ones((1, side), np.float32) / side, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    down = cv2.filter2D(plumb, -1, np.ones((side, 1), np.float32) / side, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    n, m = level.shape[0] - side, level.shape[1] - side
    return np.stack([along[:n, :m], along[side : side + n, :m], down[:n, :m], down[:n, side : side + m]])
