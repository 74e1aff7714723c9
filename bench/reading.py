"""Applications made and read in warm processes, one thread each: what the accuracy rows are counted on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from yinjian.records import Reading

if TYPE_CHECKING:  # a process that reads must not hold what makes papers
    from samples.series import Recipe

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Read:
    """One application: what is true of it, what was read, and the process's memory after it (bytes) and number.

    `masks`: the true ink of collected marks, by id, grey. `claim`: application.json, None over the counter.
    """

    recipe: Recipe
    expected: dict[str, Any]
    reading: Reading
    masks: dict[str, NDArray[np.uint8]]
    memory: int
    process: int
    claim: bytes | None = None


def read_all(recipes: Sequence[Recipe], processes: int) -> Iterator[Read]:
    """Each application made, then read by processes that do nothing else: what they hold is the reader's own."""
    os.environ.update(ONE_THREAD)
    context = get_context("spawn")
    with TemporaryDirectory(prefix="yinjian-bench-") as work:
        jobs = [(recipe, work) for recipe in recipes]
        with context.Pool(processes) as makers:
            made = makers.map(_make, jobs, chunksize=1)
        with context.Pool(processes) as readers:
            by_name = {recipe.name: recipe for recipe in recipes}
            for name, held, process, reading in readers.imap_unordered(_read, made):
                yield _with_truth(by_name[name], Path(work), reading, held, process)


def _make(job: tuple[Recipe, str]) -> tuple[str, str]:
    from samples.applications import write_application

    recipe, work = job
    write_application(recipe.make(), Path(work) / "applications", Path(work) / "expected")
    return recipe.name, work


def _with_truth(recipe: Recipe, work: Path, reading: Reading, held: int, process: int) -> Read:
    expected, claim = work / "expected", work / "applications" / recipe.name / "application.json"
    truth = json.loads((expected / f"{recipe.name}.json").read_text("utf-8"))
    masks = {m["id"]: _grey(expected / m["mask"]) for m in truth["marks"] if "mask" in m}
    said = claim.read_bytes() if claim.exists() else None
    return Read(recipe, truth, reading, masks, held, process, said)


@cache
def _reader() -> Any:
    from extractors.reader import Reader  # takes seconds

    return Reader(1)


def _read(job: tuple[str, str]) -> tuple[str, int, int, Reading]:
    """Name, bytes held, process and reading."""
    import psutil

    from extractors.opening import open_scans

    name, work = job
    reading = _reader().read(name, open_scans(Path(work) / "applications" / name))
    return name, psutil.Process().memory_info().rss, os.getpid(), reading


def _grey(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"), np.uint8)
