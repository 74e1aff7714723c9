"""Circles drawn round an option: round its label, or round its box and label together."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.boxframes import Option
from extractors.ruling import Rect

Mask = NDArray[np.bool_]

TURNS, STEPS = 72, 26  # directions from the middle, and sizes, in which a circle is looked for
SIZES = (-0.12, 1.0)  # heights of a label by which it may be larger than that
ACROSS, DOWN = 0.75, 0.55  # of these, sideways, and up and down, where the next lines of print are
ROOM = 1.2  # heights of a label, round what is looked at
OUTSIDE = -1e9
HALF_ROUND = 0.5  # of a circle round an option is inked: round blank ones, print and specks are 0.39 at most


def circled(ink: Mask, rect: Rect, option: Option) -> bool:
    """Whether one stroke runs round the label: a connected piece of ink wider and higher than the label's print.

    One round the option above or below may touch the label's print, and runs round no half of it.
    """
    x0, y0, x1, y1 = option.label
    height, width = y1 - y0, x1 - x0
    left, top = max(0, int(rect[0] - height)), max(0, int(y0 - 0.9 * height))
    area = ink[top : int(y1 + 0.9 * height), left : int(x1 + 1.2 * height)].astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(area, connectivity=8)
    for x, y, w, h, _area in stats[1:count]:
        around = x + left < x0 + 0.25 * width and x + w + left > x1 - 0.5 * height  # into its last symbol
        beyond = y + top < y0 - 0.06 * height and y + h + top > y1 + 0.06 * height
        if around and beyond and w > 0.9 * width and h > 1.0 * height:
            return circled_share(ink, rect, option) > HALF_ROUND
    return False


def circled_share(ink: Mask, rect: Rect, option: Option) -> float:
    """How much of a closed curve round box and label is inked, where most of one is (0 to 1).

    Where a circle crosses a ruled line it is taken out with the line, and falls into pieces. Unrolled about the middle
    it is a way that changes its size a little at a time and ends as it began; dynamic programming finds the best.
    """
    x0, y0, x1, y1 = min(option.label[0], rect[0]), min(option.label[1], rect[1]), option.label[2], option.label[3]
    y1 = max(y1, rect[3])
    width, height = x1 - x0, y1 - y0
    left, top = max(0, int(x0 - ROOM * height)), max(0, int(y0 - ROOM * height))
    area = ink[top : int(y1 + ROOM * height), left : int(x1 + ROOM * height)].astype(np.uint8)
    if not area.size:
        return 0.0
    area[max(0, int(y0 - top)) : int(np.ceil(y1 - top)), max(0, int(x0 - left)) : int(x1 - left)] = 0
    area = cv2.dilate(area, np.ones((3, 3), np.uint8))
    turns, larger = np.arange(TURNS)[:, None] * 2 * np.pi / TURNS, np.linspace(*SIZES, STEPS) * height
    x = np.rint((x0 + x1) / 2 - left + np.cos(turns) * (width / 2 + ACROSS * larger)).astype(np.intp)
    y = np.rint((y0 + y1) / 2 - top + np.sin(turns) * (height / 2 + DOWN * larger)).astype(np.intp)
    within = (x >= 0) & (y >= 0) & (x < area.shape[1]) & (y < area.shape[0])
    inked = np.where(within, area[y.clip(0, area.shape[0] - 1), x.clip(0, area.shape[1] - 1)], 0)
    ways = np.full((STEPS, STEPS), OUTSIDE)  # from each size at first to each now
    np.fill_diagonal(ways, inked[0])
    for seen in inked[1:]:
        beside = np.pad(ways, ((0, 0), (1, 1)), constant_values=OUTSIDE)
        ways = np.maximum(np.maximum(beside[:, :-2], beside[:, 2:]), ways) + seen
    closed = np.abs(np.subtract.outer(np.arange(STEPS), np.arange(STEPS))) <= 1
    return float(ways[closed].max()) / TURNS
