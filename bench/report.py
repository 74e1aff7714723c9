"""What was measured, as tables and a picture for people and as JSON to keep."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table

from bench.bars import Bar
from bench.measure import Measured
from bench.score import Score, share
from yinjian.share import Share

MOST_WRONG = 60  # lines of the table of what was wrong; the file has all


def table(rows: Sequence[Bar], title: str) -> Table:
    """What is asked for, and what was found."""
    drawn = Table("", "asked", "found", "n and 95 % interval", "", title=title)
    for row in rows:
        sign = "≤" if row.at_most else "≥"
        interval = shown(row.share) if row.share else ""
        drawn.add_row(row.what, f"{sign} {_value(row, row.asked)}", _value(row, row.found), interval, _verdict(row))
    return drawn


def _value(row: Bar, value: float) -> str:
    """A share as per cent, anything else with its unit."""
    return f"{value:.3g}{row.unit}" if row.unit else f"{100 * value:.2f} %"


def _verdict(row: Bar) -> str:
    return "" if row.kept else "MISSED"


def shown(counted: Share) -> str:
    """As `39 of 40 (87.1 to 99.6 %)`."""
    low, high = counted.interval()
    return f"{counted.right} of {counted.n} ({100 * low:.1f} to {100 * high:.1f} %)"


def speed_table(found: Sequence[Measured]) -> Table:
    """Seconds, ours by stage, and those of whole-page runs, with the values that each found."""
    drawn = Table("", "yinjian", *found[0].whole, title=f"speed: {len(found)} applications, {_pages(found)} pages")
    drawn.add_row("seconds a page", *(f"{seconds / _pages(found):.2f}" for seconds in _seconds(found)))
    drawn.add_row("seconds an application", *(f"{seconds / len(found):.2f}" for seconds in _seconds(found)))
    every = [_values(m.whole[name].scores for m in found) for name in found[0].whole]
    drawn.add_row("values not blank that were found", _values(m.matched for m in found), *every)
    drawn.add_row("opening files, seconds an application", f"{median(m.open_seconds for m in found):.2f}")
    for stage in found[0].stages:
        drawn.add_row(f"{stage}, seconds a page", f"{sum(m.stages[stage] for m in found) / _pages(found):.3f}")
    return drawn


def _pages(found: Sequence[Measured]) -> int:
    return sum(m.pages for m in found)


def _seconds(found: Sequence[Measured]) -> list[float]:
    """Of all applications together: ours, then each whole-page run's."""
    return [sum(m.cost.seconds for m in found)] + [
        sum(m.whole[name].cost.seconds for m in found) for name in found[0].whole
    ]


def _values(scores: Iterable[Iterable[Score]]) -> str:
    counted = share(score for found in scores for score in found)
    return f"{counted.right} of {counted.n}"


def wrong_table(wrong: Sequence[Score]) -> Table:
    """What was wrong. The people are invented, so it can be shown."""
    drawn = Table("what", "where", "true", "read", title="wrong")
    for score in wrong[:MOST_WRONG]:
        drawn.add_row(score.what, score.where, score.true, "-" if score.said is None else score.said)
    return drawn


def save(
    directory: Path,
    about: dict[str, Any],
    rows: Sequence[Bar],
    measured: Sequence[Measured],
    wrong: Sequence[Score],
    now: datetime,
) -> Path:
    """Everything, as `<date>.json`; a second run of one day does not overwrite the first."""
    directory.mkdir(parents=True, exist_ok=True)
    path, again = directory / f"{now:%Y-%m-%d}.json", 1
    while path.exists():
        again += 1
        path = directory / f"{now:%Y-%m-%d}-{again}.json"
    kept = [asdict(row) | {"kept": row.kept, "interval": row.share.interval() if row.share else None} for row in rows]
    speed = [{"application": m.name, "pages": m.pages, "seconds": m.cost.seconds, "stages": m.stages} for m in measured]
    value = about | {"at": now.isoformat(), "rows": kept, "speed": speed, "wrong": [asdict(score) for score in wrong]}
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path


def drawn(rows: Sequence[Bar], path: Path) -> None:
    """A picture of all shares: what was found with its interval, and what is asked for."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shares = [(row, row.share) for row in reversed(rows) if row.share is not None and row.share.n]
    figure, axes = pyplot.subplots(figsize=(9, 0.32 * len(shares) + 1.2), layout="constrained")
    for y, (row, counted) in enumerate(shares):
        low, high = counted.interval()
        axes.plot([low, high], [y, y], color="0.6", linewidth=3, solid_capstyle="butt")
        axes.plot(row.found, y, "o", color="tab:green" if row.kept else "tab:red")
        axes.plot(row.asked, y, "|", color="black", markersize=14)
    axes.set_yticks(range(len(shares)), [f"{row.what} ({counted.n})" for row, counted in shares], fontsize=8)
    axes.set_xlim(min([0.9, *(counted.interval()[0] for _, counted in shares)]), 1.002)
    axes.set_xlabel("share; bar: 95 % interval; line: what is asked for")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
