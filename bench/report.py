"""What was measured, as a table for people and as JSON to keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from bench.measure import HELDOUT, Cost, Measured
from bench.score import BOXES, COPIES, DATE, KINDS, PRINTED, TURNS, WRITTEN, Score, Share, share

COUNTED = (PRINTED, WRITTEN, DATE, COPIES, BOXES, KINDS, TURNS)
Scores = Callable[[Measured], Iterable[Score]]


def groups(measured: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The default profiles and heldout, apart: nothing is tuned on heldout."""
    held = [m for m in measured if m.profile == HELDOUT]
    rest = [m for m in measured if m.profile != HELDOUT]
    return {name: found for name, found in (("default profiles", rest), (HELDOUT, held)) if found}


def summary(found: Sequence[Measured]) -> list[tuple[str, ...]]:
    """Rows of the table: what, ours, each whole-page run."""
    rows = [
        _row(found, "seconds per page (median)", lambda cost, m: cost.seconds / m.pages),
        _row(found, "processor seconds per page (median)", lambda cost, m: cost.cpu_seconds / m.pages),
        _row(found, "seconds per application (median)", lambda cost, _: cost.seconds),
        *_beside(found),
        ("opening files, seconds per application", f"{median(m.open_seconds for m in found):.1f}"),
        *((f"{stage}, seconds per application", f"{_stage(found, stage):.2f}") for stage in found[0].stages),
        *((what, _share(found, lambda m: m.scores, what)) for what in COUNTED),
    ]
    width = 2 + len(found[0].whole)
    return [(*row, *[""] * (width - len(row))) for row in rows]


def _row(found: Sequence[Measured], what: str, of: Callable[[Cost, Measured], float]) -> tuple[str, ...]:
    ours = median(of(m.cost, m) for m in found)
    others = (median(of(m.whole[name].cost, m) for m in found) for name in found[0].whole)
    return (what, *(f"{seconds:.2f}" for seconds in (ours, *others)))


def _stage(found: Sequence[Measured], stage: str) -> float:
    return sum(m.stages[stage] for m in found) / len(found)


def _beside(found: Sequence[Measured]) -> list[tuple[str, ...]]:
    """The rows that set the runs side by side; none without whole-page runs."""
    names = list(found[0].whole)
    if not names:
        return []
    every = [shown(share(score for m in found for score in m.whole[name].scores)) for name in names]
    upright = [shown(share(score for m in found for score in m.whole[name].upright)) for name in names]
    return [
        ("time over the same pages", "1", *(f"{ratio(found, name):.2f}" for name in names)),
        ("values not blank, all pages", _share(found, lambda m: m.matched), *every),
        ("values not blank, pages not turned", _share(found, lambda m: m.upright_matched), *upright),
    ]


def ratio(found: Sequence[Measured], name: str) -> float:
    """How many times as long a whole-page run took over the same pages."""
    return sum(m.whole[name].cost.seconds for m in found) / sum(m.cost.seconds for m in found)


def table(name: str, found: Sequence[Measured]) -> Table:
    pages = sum(m.pages for m in found)
    drawn = Table("", "yinjian", *found[0].whole, title=f"{name}: {len(found)} applications, {pages} pages")
    for row in summary(found):
        drawn.add_row(*row)
    return drawn


def wrong(found: Iterable[Measured]) -> Table:
    """What was read wrongly. The people are invented, so it can be shown."""
    drawn = Table("application", "profile", "where", "true", "read", title="wrong")
    for m in found:
        for score in m.scores:
            if not score.right:
                drawn.add_row(m.name, m.profile, score.where, score.true, "-" if score.said is None else score.said)
    return drawn


def save(directory: Path, about: dict[str, Any], measured: Sequence[Measured], now: datetime) -> Path:
    """Everything, as `<date>.json`; a second run of one day does not overwrite the first."""
    directory.mkdir(parents=True, exist_ok=True)
    path, again = directory / f"{now:%Y-%m-%d}.json", 1
    while path.exists():
        again += 1
        path = directory / f"{now:%Y-%m-%d}-{again}.json"
    tables = {name: [list(row) for row in summary(found)] for name, found in groups(measured).items()}
    value = about | {"at": now.isoformat(), "summary": tables, "applications": [asdict(m) for m in measured]}
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path


def _share(found: Iterable[Measured], scores: Scores, what: str = "") -> str:
    return shown(share((score for m in found for score in scores(m)), what))


def shown(counted: Share) -> str:
    """As `97.5 % (39 of 40; 87.1-99.6)`."""
    if not counted.n:
        return "none"
    low, high = counted.interval()
    return f"{counted.value:.1%} ({counted.right} of {counted.n}; {low:.1%} to {high:.1%})".replace("%", " %")
