"""Making applications, and reading each with ours and with stock, one after the other, in one process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TypeVar

from bench.score import Score, on_upright_pages, score_boxes, score_fields, score_lines, score_pages
from bench.stock import Stock
from extractors.opening import Scan, open_scans
from extractors.reader import Reader
from pipeline.contract import as_json
from samples.applications import write_application
from samples.profiles import DEFAULT, PROFILES
from samples.series import CERTIFICATES, Recipe, series
from yinjian.findings import Finding
from yinjian.records import Verdict

HELDOUT = "heldout"
T = TypeVar("T")
Scans = list[Scan | Finding]


@dataclass(frozen=True, slots=True)
class Measured:
    """One application: seconds and scores. `stock_seconds` is None without a stock run.

    `matched` and `stock` count the same fields (not blank), so that they can be set side by side; the `upright_` ones
    only those on pages that were not turned, which a stock run has no means to turn back.
    """

    name: str
    profile: str
    pages: int
    open_seconds: float
    seconds: float
    scores: tuple[Score, ...]
    matched: tuple[Score, ...]
    upright_matched: tuple[Score, ...]
    stock_seconds: float | None = None
    stock: tuple[Score, ...] = ()
    upright_stock: tuple[Score, ...] = ()


def recipes(count: int, seed: int, profiles: tuple[str, ...]) -> list[Recipe]:
    """Clean, of every certificate. Without `profiles`: all but heldout in drawn order, a quarter as many of heldout."""
    if profiles:
        return list(series(count, seed, CERTIFICATES, profiles, ("",)))
    mixed = Random(seed).sample(DEFAULT, len(DEFAULT))
    held = series(-(-count // 4), seed + 1, CERTIFICATES, (HELDOUT,), ("",))
    return [*series(count, seed, CERTIFICATES, mixed, ("",)), *held]


def measure(chosen: list[Recipe], work: Path, threads: int, with_stock: bool) -> Iterator[Measured]:
    """Each application made, read and scored, with warm models."""
    reader, stock = Reader(threads), Stock(threads) if with_stock else None
    for number, recipe in enumerate(chosen):
        write_application(recipe.make(), work / "applications", work / "expected")
        # The truth lies elsewhere: the folder that is read holds what an applicant sends.
        folder = work / "applications" / recipe.name
        scans, open_seconds = _timed(partial(_opened, folder))
        if number == 0:
            _warm(reader, stock, scans)
        yield _one(recipe, work, scans, open_seconds, reader, stock)


def _opened(folder: Path) -> Scans:
    return list(open_scans(folder))


def _warm(reader: Reader, stock: Stock | None, scans: Scans) -> None:
    """First runs load models and are not counted."""
    first = scans[:1]
    reader.read("warm", first)
    if stock:
        _stock_lines(stock, first)


def _one(
    recipe: Recipe, work: Path, scans: Scans, open_seconds: float, reader: Reader, stock: Stock | None
) -> Measured:
    reading, seconds = _timed(lambda: reader.read(recipe.name, scans))
    lines, stock_seconds = _timed(lambda: _stock_lines(stock, scans)) if stock else ({}, None)
    expected = json.loads((work / "expected" / f"{recipe.name}.json").read_text("utf-8"))
    read = as_json(reading, Verdict(None, None, None, ()))
    by_hand, upright = PROFILES[recipe.profile].by_hand, on_upright_pages(expected)
    fields = tuple(score_fields(expected, read, by_hand))
    matched = tuple(score for score in fields if score.true)
    found = tuple(score_lines(expected, lines, by_hand)) if stock else ()
    return Measured(
        recipe.name, recipe.profile, len(expected["pages"]), open_seconds, seconds,
        (*fields, *score_boxes(expected, read), *score_pages(expected, read)),
        matched, _only(matched, upright), stock_seconds, found, _only(found, upright),
    )  # fmt: skip


def _stock_lines(stock: Stock, scans: Scans) -> dict[tuple[str, int], list[str]]:
    return {(s.file, s.page): stock.lines(s.image) for s in scans if isinstance(s, Scan)}


def _only(scores: tuple[Score, ...], fields: frozenset[str]) -> tuple[Score, ...]:
    return tuple(score for score in scores if score.where in fields)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = perf_counter()
    return work(), perf_counter() - start
