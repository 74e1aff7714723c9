"""What the bench holds the program to, and whether it keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.accuracy import ABSENT, IMPOSTOR, NO_BOX_WRONG, PRESENT, TRUE, Sure, wrong_below
from bench.score import BOXES, COPIES, DATE, KINDS, PRINTED, TURNS, WRITTEN, Score, Share, share

SHARES = {
    PRINTED: 0.998,
    WRITTEN: 0.995,
    DATE: 0.995,
    COPIES: 0.998,
    TRUE: 0.995,
    IMPOSTOR: 0.997,
    NO_BOX_WRONG: 1.0,
    BOXES: 0.99,
    PRESENT: 0.998,
    ABSENT: 0.998,
    KINDS: 1.0,
    TURNS: 1.0,
}
CONFIDENCE = "wrong values below the threshold that keeps 95 % of all"
LEAST_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what was measured, what is asked for (at least, or at most), and what was found.

    `share` is there for what was counted: it gives n and the interval.
    """

    what: str
    asked: float
    found: float
    share: Share | None = None
    at_most: bool = False
    unit: str = ""

    @property
    def kept(self) -> bool:
        """Whether the figure itself keeps it, whatever its interval says."""
        return self.found <= self.asked if self.at_most else self.found >= self.asked


def counted(scores: Sequence[Score], asked: dict[str, float]) -> list[Bar]:
    """A row for each share of which something was counted."""
    shares = {what: share(scores, what) for what in asked}
    return [Bar(what, asked[what], found.value, found) for what, found in shares.items() if found.n]


def confidence(values: Iterable[Sure]) -> Bar:
    """Whether what is read wrongly is also read unsurely."""
    threshold, below = wrong_below(list(values))
    found = Share(sum(below), len(below))
    what = f"{CONFIDENCE} ({threshold:.3f})"
    return Bar(what, LEAST_CONFIDENCE, found.value if found.n else 1.0, found)
