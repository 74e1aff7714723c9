"""The one box convention: fractions of the upright page, origin top left, `(x0, y0, x1, y1)`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the upright page; checked at construction."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.x0 <= self.x1 <= 1.0 and 0.0 <= self.y0 <= self.y1 <= 1.0):
            raise ValueError(f"not a box in fractions of the page: {self.as_tuple()}")

    @classmethod
    def from_pixels(cls, x0: float, y0: float, x1: float, y1: float, width: int, height: int) -> Box:
        """The box of a pixel rectangle on a page of `width` x `height` pixels, clipped to the page."""

        def fraction(value: float, size: int) -> float:
            return round(min(max(value / size, 0.0), 1.0), 5)

        return cls(fraction(x0, width), fraction(y0, height), fraction(x1, width), fraction(y1, height))

    def to_pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Whole pixels `(x0, y0, x1, y1)`, x1 and y1 exclusive, never empty."""
        x0, y0 = int(self.x0 * width), int(self.y0 * height)
        return x0, y0, max(x0 + 1, round(self.x1 * width)), max(y0 + 1, round(self.y1 * height))

    def as_tuple(self) -> tuple[float, float, float, float]:
        """`(x0, y0, x1, y1)`."""
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def area(self) -> float:
        """In fractions of the page's area."""
        return (self.x1 - self.x0) * (self.y1 - self.y0)


def union(boxes: Iterable[Box]) -> Box:
    """The smallest box around `boxes` (at least one)."""
    parts = tuple(boxes)
    return Box(min(b.x0 for b in parts), min(b.y0 for b in parts), max(b.x1 for b in parts), max(b.y1 for b in parts))
