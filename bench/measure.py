"""Making applications, and reading each with ours and with whole-page runs, one after the other, in one process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

from bench.score import Json, Score, on_upright_pages, score_fields, score_lines
from bench.stages import timed_stages
from bench.stock import Stock
from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from pipeline.contract import as_json
from samples.applications import write_application
from samples.profiles import PROFILES
from samples.series import CERTIFICATES, Recipe, series
from yinjian.findings import Finding
from yinjian.records import Verdict

# Whole-page runs of stock PaddleOCR: its name and what its detector is limited to, px of the long side.
STOCK, LIMITED = "stock PaddleOCR", "detector at 1280 px"
WHOLE = {STOCK: None, LIMITED: 1280}
T = TypeVar("T")
Scans = list[Scan | Finding]


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading one application took: seconds on the clock, and of all processors."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Whole:
    """One application by a whole-page run. Only fields that are not blank count; `upright`: on pages not turned."""

    cost: Cost
    scores: tuple[Score, ...]
    upright: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One application: what it cost and what was found.

    `matched` and what the whole-page runs (by name) count are the same fields, so that they can be set side by side;
    the `upright` ones are only those on pages that were not turned, which such a run has no means to turn back.
    """

    name: str
    profile: str
    pages: int
    open_seconds: float
    cost: Cost
    stages: dict[str, float]
    matched: tuple[Score, ...]
    upright_matched: tuple[Score, ...]
    whole: dict[str, Whole] = field(default_factory=dict)


def recipes(count: int, seed: int, profiles: tuple[str, ...]) -> list[Recipe]:
    """Clean ones, of every certificate."""
    return list(series(count, seed, CERTIFICATES, profiles, ("",)))


def measure(chosen: list[Recipe], work: Path, threads: int) -> Iterator[Measured]:
    """Each application made, read and scored, with warm models."""
    reader = Reader(threads)
    others = {name: Stock(threads, side) for name, side in WHOLE.items()}
    for number, recipe in enumerate(chosen):
        write_application(recipe.make(), work / "applications", work / "expected")
        # The truth lies elsewhere: the folder that is read holds what an applicant sends.
        folder = work / "applications" / recipe.name
        start = perf_counter()
        scans = _opened(folder)
        opened = perf_counter() - start
        if number == 0:
            _warm(reader, others, scans)
        yield _one(recipe, work, scans, opened, reader, others)


def _opened(folder: Path) -> Scans:
    return list(open_scans(folder))


def _warm(reader: Reader, others: dict[str, Stock], scans: Scans) -> None:
    """First runs load models and prepare them for sizes, and are not counted."""
    reader.read("warm", scans)
    for other in others.values():
        _stock_lines(other, scans[:1])


def _one(recipe: Recipe, work: Path, scans: Scans, opened: float, reader: Reader, others: dict[str, Stock]) -> Measured:
    with timed_stages() as stages:
        reading, cost = _timed(lambda: reader.read(recipe.name, scans))
    expected = json.loads((work / "expected" / f"{recipe.name}.json").read_text("utf-8"))
    read = as_json(reading, Verdict(None, None, None, ()))
    by_hand, upright = PROFILES[recipe.profile].by_hand, on_upright_pages(expected)
    fields = tuple(score_fields(expected, read, by_hand))
    matched = tuple(score for score in fields if score.true)
    whole = {name: _whole(other, scans, expected, by_hand) for name, other in others.items()}
    return Measured(
        recipe.name, recipe.profile, len(expected["pages"]), opened, cost, stages,
        matched, _only(matched, upright), whole,
    )  # fmt: skip


def _whole(other: Stock, scans: Scans, expected: Json, by_hand: bool) -> Whole:
    lines, cost = _timed(lambda: _stock_lines(other, scans))
    found = tuple(score_lines(expected, lines, by_hand))
    return Whole(cost, found, _only(found, on_upright_pages(expected)))


def _stock_lines(stock: Stock, scans: Scans) -> dict[tuple[str, int], list[str]]:
    return {(s.file, s.page): stock.lines(s.image) for s in scans if isinstance(s, Scan)}


def _only(scores: tuple[Score, ...], fields: frozenset[str]) -> tuple[Score, ...]:
    return tuple(score for score in scores if score.where in fields)


def _timed(work: Callable[[], T]) -> tuple[T, Cost]:
    start, cpu = perf_counter(), process_time()
    done = work()
    return done, Cost(perf_counter() - start, process_time() - cpu)
