"""Straight runs of ink, each a line of its own or a piece of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

INK, PALE = 0.10, 0.06  # density of ink, and of a hairline that a small photograph spreads over some pixels
BLUR = 5  # px across a line, within which pale ink is its own
THICK_MM, BORDER_MM = 1.6, 2.6  # across a line, and across one that is as long as no stroke of a brush
BENT_MM = 40.0  # of a line on a bent page, so much is straight
DOUBLE_MM = 20.0  # so long two lines side by side are a double one ...
LINED, GAPPED = 0.6, 0.3  # of the length inked is a line of it, and not inked the gap between


@dataclass(frozen=True, slots=True)
class Rule:
    """A ruled line as `across = a + b * along`, from `start` to `end` (pixels; along is x for a horizontal line)."""

    a: float
    b: float
    start: float
    end: float
    thickness: float

    def at(self, along: float) -> float:
        return self.a + self.b * along

    @property
    def length(self) -> float:
        return self.end - self.start


def contrasted(dark: Floats, px_per_mm: float) -> Image:
    """What is clearly darker than its surroundings: a thin line at low resolution is paler than text.

    For lines along the second axis: pale ink above and below what is dark is its blur, and no line.
    """
    blurred = cv2.blur(dark, (int(4 * px_per_mm) | 1, int(4 * px_per_mm) | 1))
    clear = np.asarray((dark > PALE) & (dark > 1.4 * blurred + 0.03), np.uint8)
    inked = clear & (dark > INK)
    return np.asarray(inked | (clear & (cv2.dilate(inked, np.ones((BLUR, 1), np.uint8)) == 0)), np.uint8)


def pieces_of(ink: Image, shortest_mm: float, px_per_mm: float) -> list[Rule]:
    """Straight runs along the second axis of `ink`, each a line by itself."""
    length = max(15, int(shortest_mm * px_per_mm))
    return [
        piece
        for mask, x, y in long_runs(ink, length)
        for piece in _straight(mask, ink[y : y + mask.shape[0], x : x + mask.shape[1]], x, y, px_per_mm)
    ]


def long_runs(ink: Image, length: int) -> Iterator[tuple[NDArray[np.bool_], int, int]]:
    """Connected ink at least `length` px long along the second axis: each piece and its left top corner (x, y)."""
    thick = cv2.dilate(ink, np.ones((3, 1), np.uint8))
    # Rows with less ink than a run has hold none; of a page of seals or of handwriting that is most of them.
    rows, runs = np.flatnonzero(np.count_nonzero(thick, axis=1) >= length), np.zeros_like(thick)
    if len(rows):
        runs[rows] = cv2.morphologyEx(thick[rows], cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    # Looked for in the rows that have any: most of a page has none.
    filled = np.concatenate([[0], runs.any(1).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(filled))
    for top, bottom in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(runs[top:bottom], connectivity=8)
        for i in range(1, count):
            x, y, w, h, _area = (int(v) for v in stats[i])
            yield labels[y : y + h, x : x + w] == i, x, top + y


def _straight(mask: NDArray[np.bool_], ink: Image, x: int, y: int, px_per_mm: float) -> Iterator[Rule]:
    """The lines that one component is: a double one is two, a long one on a bent page is none before it is halved."""
    piece, half = _piece(mask, x, y, px_per_mm), mask.shape[1] // 2
    if piece is not None:
        yield piece
        return
    both = _double(mask, ink, x, y, px_per_mm)
    if both:
        yield from both
    elif half > BENT_MM * px_per_mm / 2:
        yield from _straight(mask[:, :half], ink[:, :half], x, y, px_per_mm)
        yield from _straight(mask[:, half:], ink[:, half:], x + half, y, px_per_mm)


def _double(mask: NDArray[np.bool_], ink: Image, x: int, y: int, px_per_mm: float) -> list[Rule]:
    """The two lines of a double one, which are one component where they lie close; none where there is no gap."""
    rows, columns = np.nonzero(mask & (ink > 0))
    if mask.shape[1] < DOUBLE_MM * px_per_mm or not len(rows):
        return []
    b, a = np.polyfit(columns, rows, 1)
    beside = np.rint(rows - a - b * columns).astype(np.intp)
    share = np.bincount(beside - beside.min()) / mask.shape[1]
    lined, gaps = np.flatnonzero(share > LINED), np.flatnonzero(share < GAPPED)
    gaps = gaps[(gaps > lined[0]) & (gaps < lined[-1])] if len(lined) else gaps[:0]
    if not len(gaps):
        return []
    rows, columns = np.indices(mask.shape, sparse=True)
    above = rows - a - b * columns < float(gaps.mean()) + beside.min()
    parts = (_piece(mask & side, x, y, px_per_mm) for side in (above, ~above))
    return [part for part in parts if part is not None]


def _piece(mask: NDArray[np.bool_], x: int, y: int, px_per_mm: float) -> Rule | None:
    """A line fitted through one component; None when it is a blot, not a line."""
    rows, columns = np.nonzero(mask)
    thickness = len(rows) / mask.shape[1]
    thickest = BORDER_MM if mask.shape[1] > BENT_MM * px_per_mm else THICK_MM
    if thickness > max(7.0, thickest * px_per_mm):
        return None
    b, a = np.polyfit(columns, rows, 1) if mask.shape[1] > 2 else (0.0, float(rows.mean()))
    rest = np.abs(rows - (a + b * columns))
    if np.percentile(rest, 90) > max(3.0, 0.7 * px_per_mm, thickness / 2) or abs(b) > 0.12:
        return None
    return Rule(y + a - b * x, float(b), float(x), float(x + mask.shape[1]), thickness)
