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
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samples.applications import write_application
from samples.series import Recipe
from yinjian.records import Reading

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Read:
    """One application: what is true of it, what was read, and the process's memory after it (bytes) and number.

    `masks`: the true ink of collected marks, by id, grey.
    """

    recipe: Recipe
    expected: dict[str, Any]
    reading: Reading
    masks: dict[str, NDArray[np.uint8]]
    memory: int
    process: int


def read_all(recipes: Sequence[Recipe], processes: int) -> Iterator[Read]:
    """Each application made, read and thrown away; in the order in which they are ready."""
    os.environ.update(ONE_THREAD)
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(_read, recipes)


@cache
def _reader() -> Any:
    from extractors.reader import Reader  # takes seconds

    return Reader(1)


def _read(recipe: Recipe) -> Read:
    import psutil

    from extractors.opening import open_scans

    with TemporaryDirectory(prefix="yinjian-bench-") as work:
        scans, expected = Path(work) / "applications", Path(work) / "expected"
        write_application(recipe.make(), scans, expected)
        reading = _reader().read(recipe.name, open_scans(scans / recipe.name))
        truth = json.loads((expected / f"{recipe.name}.json").read_text("utf-8"))
        masks = {m["id"]: _grey(expected / m["mask"]) for m in truth["marks"] if "mask" in m}
    return Read(recipe, truth, reading, masks, psutil.Process().memory_info().rss, os.getpid())


def _grey(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("L"), np.uint8)
