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

from bench.measure import HELDOUT, Measured
from bench.score import BOXES, COPIES, DATE, KINDS, PRINTED, TURNS, WRITTEN, Score, Share, share

COUNTED = (PRINTED, WRITTEN, DATE, COPIES, BOXES, KINDS, TURNS)
Scores = Callable[[Measured], Iterable[Score]]


def groups(measured: Sequence[Measured]) -> dict[str, list[Measured]]:
    """The default profiles and heldout, apart: nothing is tuned on heldout."""
    held = [m for m in measured if m.profile == HELDOUT]
    rest = [m for m in measured if m.profile != HELDOUT]
    return {name: found for name, found in (("default profiles", rest), (HELDOUT, held)) if found}


def summary(found: Sequence[Measured]) -> list[tuple[str, str, str]]:
    """Rows of the table: what, ours, stock."""
    rows = [
        ("seconds per page (median)", *_pair(found, lambda seconds, m: seconds / m.pages)),
        ("seconds per application (median)", *_pair(found, lambda seconds, _: seconds)),
        ("opening files, seconds per application", f"{median(m.open_seconds for m in found):.1f}", ""),
        *((what, _share(found, lambda m: m.scores, what), "") for what in COUNTED),
    ]
    return [*rows, *_beside(found)] if found[0].stock_seconds is not None else rows


def _beside(found: Sequence[Measured]) -> list[tuple[str, str, str]]:
    """The rows that set the two side by side."""
    upright = _share(found, lambda m: m.upright_matched), _share(found, lambda m: m.upright_stock)
    return [
        ("time over the same pages", "1", f"{ratio(found):.2f}"),
        ("values not blank, all pages", _share(found, lambda m: m.matched), _share(found, lambda m: m.stock)),
        ("values not blank, pages not turned", *upright),
    ]


def ratio(found: Sequence[Measured]) -> float:
    """How many times as long stock took over the same pages."""
    both = [(m.seconds, m.stock_seconds) for m in found if m.stock_seconds is not None]
    return sum(stock for _, stock in both) / sum(ours for ours, _ in both)


def table(name: str, found: Sequence[Measured]) -> Table:
    pages = sum(m.pages for m in found)
    drawn = Table("", "yinjian", "stock PaddleOCR", title=f"{name}: {len(found)} applications, {pages} pages")
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


def _pair(found: Sequence[Measured], cost: Callable[[float, Measured], float]) -> tuple[str, str]:
    ours = [cost(m.seconds, m) for m in found]
    stock = [cost(m.stock_seconds, m) for m in found if m.stock_seconds is not None]
    return f"{median(ours):.2f}", f"{median(stock):.2f}" if stock else ""


def _share(found: Iterable[Measured], scores: Scores, what: str = "") -> str:
    return shown(share((score for m in found for score in scores(m)), what))


def shown(counted: Share) -> str:
    """As `97.5 % (39 of 40; 87.1-99.6)`."""
    if not counted.n:
        return "none"
    low, high = counted.interval()
    return f"{counted.value:.1%} ({counted.right} of {counted.n}; {low:.1%} to {high:.1%})".replace("%", " %")
