"""Text lines of an upright page: where they are and what they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from extractors.engine import Recognised

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_])
Rect = tuple[float, float, float, float]  # pixels (x0, y0, x1, y1)


@dataclass(frozen=True, slots=True)
class Symbol:
    """One read symbol with its place on the page in pixels."""

    text: str
    x0: float
    x1: float
    y0: float
    y1: float


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text in its rectangle (pixels of the upright page). `looks`: what closer looks at it read, each."""

    rect: Rect
    read: Recognised
    looks: tuple[Recognised, ...] = ()

    @property
    def text(self) -> str:
        return self.read.text

    @property
    def height(self) -> float:
        return self.rect[3] - self.rect[1]

    @property
    def centre(self) -> tuple[float, float]:
        return (self.rect[0] + self.rect[2]) / 2, (self.rect[1] + self.rect[3]) / 2

    def symbols(self) -> tuple[Symbol, ...]:
        """Each symbol with its place: widths from the recogniser's time steps, height from the line."""
        x0, y0, x1, y1 = self.rect
        return tuple(
            Symbol(s, x0 + a * (x1 - x0), x0 + b * (x1 - x0), y0, y1)
            for s, (a, b) in zip(self.read.text, self.read.spans, strict=True)
        )


def up_to(line: TextLine, last: int) -> TextLine:
    """A line as far as its symbol `last`."""
    end, steps = line.read.spans[last][1], line.read.lattice.steps
    x0, y0, x1, y1 = line.rect
    read = replace(
        line.read,
        text=line.text[: last + 1],
        lattice=replace(line.read.lattice, steps=steps[: round(end * len(steps))]),
        spans=tuple((a / end, b / end) for a, b in line.read.spans[: last + 1]),
    )
    return TextLine((x0, y0, x0 + end * (x1 - x0), y1), read)


def crop_quad(image: Image, quad: Floats) -> Image:
    """The picture inside a quadrilateral, (4, 2) clockwise from the top left, drawn level."""
    along = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    across = max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]))
    size = (max(4, round(float(along))), max(4, round(float(across))))
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(quad, np.float32), target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def crop_rect(image: Pixels, rect: Rect) -> Pixels:
    """The picture inside a rectangle, clipped to the page; at least one pixel."""
    height, width = image.shape[:2]
    x0, y0 = max(0, int(rect[0])), max(0, int(rect[1]))
    x1, y1 = min(width, max(x0 + 1, round(rect[2]))), min(height, max(y0 + 1, round(rect[3])))
    return image[min(y0, height - 1) : y1, min(x0, width - 1) : x1]


def share_within(rect: Rect, other: Rect) -> float:
    """The share of a rectangle that lies in another."""
    width, height = (max(0.0, min(rect[i + 2], other[i + 2]) - max(rect[i], other[i])) for i in (0, 1))
    return width * height / max(1.0, (rect[2] - rect[0]) * (rect[3] - rect[1]))


def quad_rects(quads: Floats) -> list[Rect]:
    """The upright rectangles around quadrilaterals that are level already."""
    return [(float(q[:, 0].min()), float(q[:, 1].min()), float(q[:, 0].max()), float(q[:, 1].max())) for q in quads]


def in_rows(lines: Iterable[TextLine]) -> tuple[tuple[TextLine, ...], ...]:
    """Lines that stand beside one another grouped, top to bottom, each row left to right."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda item: item.centre[1]):
        row = next((r for r in rows if in_a_row(r[-1], line)), None)
        if row is None:
            rows.append([line])
        else:
            row.append(line)
    return tuple(tuple(sorted(row, key=lambda item: item.rect[0])) for row in rows)


def reading_orders(lines: Sequence[TextLine]) -> tuple[tuple[TextLine, ...], ...]:
    """The orders that lines may be read in, likeliest first: by their whole height, by their feet, by their heads.

    A signature that leans on a line makes it taller: its middle may lie in the next row then.
    """
    usual = median(line.height for line in lines) if lines else 0.0
    orders = (_order([_cut(line, usual, *ends) for line in lines]) for ends in ((0, 0), (1, 0), (0, 1)))
    return tuple(tuple(lines[n] for n in order) for order in dict.fromkeys(orders))


def _cut(line: TextLine, usual: float, above: int, below: int) -> TextLine:
    """A line without what is more than the `usual` height `above` or `below` (1) its print."""
    (x0, y0, x1, y1), more = line.rect, max(0.0, line.height - usual)
    return replace(line, rect=(x0, y0 + above * more, x1, y1 - below * more))


def _order(lines: Sequence[TextLine]) -> tuple[int, ...]:
    place = {id(line): n for n, line in enumerate(lines)}
    return tuple(place[id(line)] for row in in_rows(lines) for line in row)


def in_a_row(one: TextLine, other: TextLine) -> bool:
    """Whether the middle of a line lies beside the other's, by the lower of both: a signature is tall."""
    overlap = min(one.rect[3], other.rect[3]) - max(one.rect[1], other.rect[1])
    lower = min(one.height, other.height)
    return overlap > 0.5 * lower and abs(one.centre[1] - other.centre[1]) < 0.6 * lower
