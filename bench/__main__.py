"""`python -m bench`: how exact and how fast, on applications that nothing was tuned on, beside what is asked for."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from bench import accuracy, agreement, bars, seals
from bench.bars import Bar
from bench.measure import Measured, measure, recipes
from bench.reading import ONE_THREAD, read_all
from bench.report import drawn, save, speed_table, table, wrong_table
from bench.score import Score
from samples.profiles import HELDOUT, PROFILES
from samples.series import CERTIFICATES, series

RESULTS = Path(__file__).with_name("results")
THREADS = 2
# One application in eight lacks a signature, so that what is absent is counted too.
FAULTS = (
    "", "", "", "signature-missing", "", "", "", "signature-principal-missing",
    "", "", "", "signature-declaration-missing", "", "", "", "signature-collection-missing",
)  # fmt: skip


def bench(
    count: Annotated[int, typer.Option(min=0, help="Applications read for accuracy, in two processes.")] = 48,
    agreements: Annotated[int, typer.Option(min=0, help="Agreements read, every other one altered.")] = 48,
    beside: Annotated[int, typer.Option(min=0, help="Applications read beside whole-page runs, for speed.")] = 3,
    seed: Annotated[int | None, typer.Option(min=0, help="Equal seeds give equal papers; default: a new one.")] = None,
    profile: Annotated[list[str] | None, typer.Option(help="These take turns; default: those held out.")] = None,
) -> None:
    """Make new applications, read them, and set what was measured beside what is asked for."""
    chosen = _known(tuple(profile or HELDOUT))
    seed = secrets.randbelow(9_000_000) + 1_000_000 if seed is None else seed
    console, now = Console(), datetime.now().astimezone()
    # Accuracy first: its processes are started before this one loads any model.
    rows, wrong = _accuracy(count, agreements, seed, chosen)
    measured = _speed(beside, seed, chosen)
    rows += bars.speed(measured)
    console.print(table(rows, ", ".join(chosen)))
    if measured:
        console.print(speed_table(measured))
    console.print(wrong_table(wrong))
    about = {"seed": seed, "profiles": list(chosen), "count": count, "agreements": agreements, "beside": beside}
    path = save(RESULTS, about, rows, measured, wrong, now)
    drawn(rows, path.with_suffix(".png"))
    console.print(f"seed {seed}; n and 95 % Wilson interval in brackets; kept in {path}, with a picture beside it")


def _accuracy(count: int, agreements: int, seed: int, profiles: Sequence[str]) -> tuple[list[Bar], list[Score]]:
    """All rows that are counted on applications and agreements, and what was wrong."""
    scores: list[Score] = []
    sure: list[accuracy.Sure] = []
    laid: list[seals.Overlap] = []
    read = []
    recipes = list(series(count, seed, CERTIFICATES, profiles, FAULTS))
    for one in track(read_all(recipes, THREADS), "reading", count, console=Console(stderr=True)):
        found = list(accuracy.scores(one))
        scores += [*found, *seals.scores(one)]
        sure += accuracy.sureness(one, found)
        laid += seals.overlaps(one)
        read.append(one)
    trials = list(agreement.trials(agreements, seed, profiles, THREADS))
    scores += [score for trial in trials for score in agreement.scores(trial)]
    rows = [*bars.counted(scores), *bars.overlaps(laid), *bars.seconds(trials)]
    rows += [bars.confidence(sure), *bars.memory(read)] if read else []
    return rows, [score for score in scores if not score.right]


def _speed(count: int, seed: int, profiles: Sequence[str]) -> list[Measured]:
    """Whole applications, one after the other, beside whole-page runs over the same pages."""
    if not count:
        return []
    _limit_threads()
    todo = recipes(count, seed + 1, tuple(profiles))
    with TemporaryDirectory(prefix="yinjian-bench-") as work:
        return list(track(measure(todo, Path(work), THREADS), "timing", count, console=Console(stderr=True)))


def _limit_threads() -> None:
    """The same for all runs; numerical libraries look when they are first imported."""
    for name in ONE_THREAD:
        os.environ[name] = str(THREADS)
    import cv2

    cv2.setNumThreads(THREADS)


def _known(profiles: tuple[str, ...]) -> tuple[str, ...]:
    for name in profiles:
        if name not in PROFILES:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(PROFILES)}.", param_hint="--profile")
    return profiles


if __name__ == "__main__":
    typer.run(bench)
