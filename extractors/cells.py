"""The cells that a table's lines enclose, and the rows that these form."""

from __future__ import annotations

import cv2
import numpy as np

from extractors.linepieces import Image, Rule
from extractors.ruling import JUNCTION_MM, Rect, Ruling

SMALLEST_CELL_MM = 4.0
LEVEL_MM = 2.2  # tops and bottoms of cells in one row differ by less
NEXT_MM = 1.5  # a line and a little more lies between cells next to one another
MOSTLY = 0.55  # of the height that two such cells take up together, they have in common


def find_cells(ruling: Ruling, shape: tuple[int, int], px_per_mm: float) -> tuple[Rect, ...]:
    """The areas that lines enclose, as rectangles within the lines, top to bottom and left to right (pixels)."""
    canvas = np.full(shape, 255, np.uint8)
    reach = JUNCTION_MM * px_per_mm
    for rule in ruling.horizontal:
        start, end = rule.start - reach, rule.end + reach
        _draw(canvas, (start, rule.at(start)), (end, rule.at(end)))
    for rule in ruling.vertical:
        start, end = _to_junction(rule, ruling.horizontal, reach)
        _draw(canvas, (rule.at(start), start), (rule.at(end), end))
    return _enclosed(canvas, px_per_mm)


def _to_junction(rule: Rule, horizontal: tuple[Rule, ...], reach: float) -> tuple[float, float]:
    """A vertical line ends where it meets a horizontal one, a little beyond."""

    def snapped(end: float, outward: float) -> float:
        x = rule.at(end)
        meets = [
            h.at(x) for h in horizontal if h.start - reach < x < h.end + reach and abs(h.at(x) - end) < 1.5 * reach
        ]
        return min(meets, key=lambda y: abs(y - end)) + outward if meets else end

    return snapped(rule.start, -2.0), snapped(rule.end, 2.0)


def _draw(canvas: Image, start: tuple[float, float], end: tuple[float, float]) -> None:
    cv2.line(canvas, (round(start[0]), round(start[1])), (round(end[0]), round(end[1])), 0, 3)


def _enclosed(canvas: Image, px_per_mm: float) -> tuple[Rect, ...]:
    count, _, stats, _ = cv2.connectedComponentsWithStats(canvas, connectivity=4)
    height, width = canvas.shape
    smallest = SMALLEST_CELL_MM * px_per_mm
    cells = []
    for x, y, w, h, area in stats[1:count]:
        touches = x == 0 or y == 0 or x + w == width or y + h == height
        if not touches and w > smallest and h > smallest and area > 0.7 * w * h:
            cells.append((float(x), float(y), float(x + w), float(y + h)))
    return tuple(sorted(cells, key=lambda c: (c[1], c[0])))


def in_rows(cells: tuple[Rect, ...], px_per_mm: float) -> tuple[tuple[Rect, ...], ...]:
    """Cells that stand side by side grouped into rows; a cell that spans rows is a row of its own."""
    rows: list[list[Rect]] = []
    for cell in cells:
        beside = [row for row in rows if any(_side_by_side(cell, other, px_per_mm) for other in row)]
        rows = [row for row in rows if row not in beside]
        rows.append([cell, *(other for row in beside for other in row)])
    return tuple(tuple(sorted(row)) for row in sorted(rows, key=lambda row: min(cell[1] for cell in row)))


def _side_by_side(one: Rect, other: Rect, px_per_mm: float) -> bool:
    """Whether cells have top and bottom in common; next to one another, most of their height.

    Where lines lean, the rectangle of a wide cell is higher than that of the low one beside it.
    """
    if all(abs(one[i] - other[i]) < LEVEL_MM * px_per_mm for i in (1, 3)):
        return True
    left, right = sorted((one, other))
    adjacent = abs(right[0] - left[2]) < NEXT_MM * px_per_mm
    common = min(one[3], other[3]) - max(one[1], other[1])
    return adjacent and common > MOSTLY * (max(one[3], other[3]) - min(one[1], other[1]))
