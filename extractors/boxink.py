"""The ink in a box and round it: how far it reaches, how long its strokes are, how much of it leaves the box."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.boxframes import Frame, Mask, Option
from extractors.ruling import Rect

SQUARE, SQUARES = 0.9, (0.7, 1.7)  # of its bounding box, a typed ■ is ink; its sides, in those of the blank box


def stroke_width(ink: Mask, frame: Frame) -> float:
    """The outline's width: the median run of ink across each side, taken in the middle half of the sides."""
    x, y, side = frame.x, frame.y, frame.side
    quarter, reach = side // 4, max(2, side // 5)
    widths = []
    for a, b in ((y, x), (y + side, x)):
        strip = ink[max(0, a - reach) : a + reach + 1, b + quarter : b + side - quarter]
        widths.append(float(np.median(strip.sum(0))) if strip.size else 0.0)
    for a, b in ((x, y), (x + side, y)):
        strip = ink[b + quarter : b + side - quarter, max(0, a - reach) : a + reach + 1]
        widths.append(float(np.median(strip.sum(1))) if strip.size else 0.0)
    return float(np.clip(np.median(widths), 1.0, side / 4))


def is_square(ink: Mask, rect: Rect) -> bool:
    """Whether the ink in a box is a ■ typed in place of it: a square, often larger than the blank one."""
    x0, y0, x1, y1 = (round(v) for v in rect)
    side = x1 - x0
    left, top = max(0, x0 - side), max(0, y0 - side)
    area = np.ascontiguousarray(ink[top : y1 + side, left : x1 + side], np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
    middle = labels[(y0 + y1) // 2 - top, (x0 + x1) // 2 - left]
    _, _, width, height, count = (int(v) for v in stats[middle])
    square = all(SQUARES[0] <= length / max(1, side) <= SQUARES[1] for length in (width, height))
    return bool(middle) and square and count > SQUARE * width * height


def extent(inside: Mask) -> int:
    """The longer extent in pixels of the largest piece of ink that comes into the middle of the box.

    Ink that keeps to the edges is the outline's own: a thick, doubled or blurred line.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=8)
    rows, columns = inside.shape
    middle = labels[rows // 5 : rows - rows // 5, columns // 5 : columns - columns // 5]
    present = [i for i in range(1, count) if (middle == i).any()]
    return max((int(max(stats[i][2], stats[i][3])) for i in present), default=0)


def drawn_length(inside: Mask) -> float:
    """The length in pixels of the strokes inside of a box (Zhang and Suen's thinning, 1984)."""
    paper = np.pad(inside.astype(np.uint8) * 255, 2)  # what touches the edge is thinned from there too
    return float((cv2.ximgproc.thinning(paper) > 0).sum())


def ink_outside(ink: Mask, rect: Rect, stroke: float, option: Option) -> float:
    """Ink in a band round the box that is connected with it, in areas of the box; the label's side is left out."""
    return len(around(ink, rect, stroke, option.label[0] - 1)) / max(1, round(rect[2] - rect[0]) ** 2)


def around(ink: Mask, rect: Rect, stroke: float, right: float) -> NDArray[np.intp]:
    """The pixels in a band round the box, up to the column `right`, of ink that comes to it, (n, 2) as x, y."""
    x0, y0, x1, y1 = (round(v) for v in rect)
    side = x1 - x0
    # An outline is no wider than a fifth of its side; where ink runs into it, its width cannot be measured.
    gap = min(int(np.ceil(stroke)) + 1, max(2, round(0.2 * side)))
    end = max(min(x1 + side, int(right)), x1 + gap)
    connected, top, left = coming_in(ink, rect, side, end)
    connected[max(0, y0 - gap - top) : y1 + gap - top + 1, max(0, x0 - gap - left) : x1 + gap - left + 1] = False
    rows, columns = np.nonzero(connected)
    return np.stack((columns + left, rows + top), axis=1)


def coming_in(ink: Mask, rect: Rect, room: int, right: int) -> tuple[Mask, int, int]:
    """The pieces of ink that come into a box, up to `room` px round it and the column `right`; their top and left."""
    x0, y0, x1, y1 = (round(v) for v in rect)
    top, left = max(0, y0 - room), max(0, x0 - room)
    area = ink[top : y1 + room, left:right]
    return touching(area, slice(y0 - top, y1 - top + 1), slice(x0 - left, x1 - left + 1)), top, left


def touching(ink: Mask, rows: slice, columns: slice) -> Mask:
    """The pieces of ink that reach into a part of what is looked at."""
    count, pieces = cv2.connectedComponents(ink.astype(np.uint8), connectivity=8)
    inside = np.zeros(count, bool)
    inside[np.unique(pieces[rows, columns])] = True
    inside[0] = False
    return np.asarray(inside[pieces], bool)
