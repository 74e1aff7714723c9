"""What the bench holds the program to, and whether it keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench import agreement, seals
from bench.accuracy import ABSENT, IMPOSTOR, NO_BOX_WRONG, PRESENT, TRUE, Sure, growth, wrong_below
from bench.measure import LIMITED, STOCK, Measured
from bench.reading import Read
from bench.score import BOXES, COPIES, DATE, KINDS, PRINTED, TURNS, WRITTEN, Score, share
from yinjian.share import Share

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
    seals.COLLECTED: 0.97,
    seals.STAMPED: 0.97,
    seals.COPIED: 0.97,
    seals.OWN: 0.97,
    seals.IMPOSTOR: 0.997,
    agreement.INTACT: 0.995,
    agreement.FOUND: 0.99,
    agreement.NAMED: 0.99,
}
OVERLAP = {False: 0.92, True: 0.85}  # of a collected seal with its ink: scanned, photographed
PAGE_SECONDS = 1.0  # of reading and checking a page of the agreement
TIMES = {LIMITED: 3.0, STOCK: 6.0}  # as fast as whole-page runs
APPLICATION_SECONDS = 2.0  # of five pages
MEGABYTES = 1200.0
GROWTH = 0.05
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


def counted(scores: Sequence[Score]) -> list[Bar]:
    """A row for each share of which something was counted."""
    shares = {what: share(scores, what) for what in SHARES}
    return [Bar(what, SHARES[what], found.value, found) for what, found in shares.items() if found.n]


def confidence(values: Iterable[Sure]) -> Bar:
    """Whether what is read wrongly is also read unsurely."""
    threshold, below = wrong_below(list(values))
    found = Share(sum(below), len(below))
    what = f"{CONFIDENCE} ({threshold:.3f})"
    return Bar(what, LEAST_CONFIDENCE, found.value if found.n else 1.0, found)


def overlaps(found: Sequence[seals.Overlap]) -> list[Bar]:
    """Medians over scans and over photographs."""
    parts = {camera: [o.value for o in found if o.photographed == camera] for camera in OVERLAP}
    return [
        Bar(f"{seals.IOU[camera]} (median of {len(values)})", OVERLAP[camera], median(values))
        for camera, values in parts.items()
        if values
    ]


def memory(read: Sequence[Read]) -> list[Bar]:
    """Of each process: the most it held, and how much it grew over its pages."""
    processes = {r.process: [s for s in read if s.process == r.process] for r in read}
    most = max((r.memory for r in read), default=0) / 1e6
    grown = max((growth([r.memory for r in own]) for own in processes.values()), default=0.0)
    pages = sum(len(r.expected["pages"]) for r in read)
    return [
        Bar("memory of a process", MEGABYTES, most, at_most=True, unit=" MB"),
        Bar(f"memory grown, over {pages} pages in {len(processes)} processes", GROWTH, grown, at_most=True),
    ]


def seconds(found: Sequence[agreement.Trial]) -> list[Bar]:
    """Seconds of a page of the agreement, read and checked in one thread beside another such process."""
    values = [second for trial in found for second in trial.seconds]
    what = "agreement, a page read and checked (median)"
    return [Bar(what, PAGE_SECONDS, median(values), at_most=True, unit=" s")] if values else []


def speed(found: Sequence[Measured]) -> list[Bar]:
    """Beside each whole-page run over the same pages, and seconds for five pages."""
    if not found:
        return []
    ours, pages = sum(m.cost.seconds for m in found), sum(m.pages for m in found)
    rows = [
        Bar(f"times as fast as {name}", asked, sum(m.whole[name].cost.seconds for m in found) / ours, unit=" x")
        for name, asked in TIMES.items()
    ]
    return [*rows, Bar("five pages, two threads", APPLICATION_SECONDS, 5 * ours / pages, at_most=True, unit=" s")]
