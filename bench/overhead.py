"""What the pipeline costs beside reading: seconds an application for store, database, judging and Prefect."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from bench.replay import RECORDED, keep
from bench.stores import free_port, prepared, up_command
from pipeline.crew import environment
from pipeline.ingest import finish
from pipeline.intake import submit
from pipeline.reading import new_reader, read_application
from pipeline.running import prefect_answers
from pipeline.store.store import open_store
from yinjian.catalogue import catalogue
from yinjian.settings import DEFAULTS, Settings

SAMPLE = Path(__file__).parents[1] / "samples" / "applications" / "a01"
AS_OF = date(2026, 11, 30)
START_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds an application, one worker: taking it in, and everything after that but the reading."""

    taking_in: float
    with_prefect: float
    without_prefect: float


def overhead(count: int) -> Overhead:
    """Measured on `count` copies of a sample, each with a picture of its own, and a reading made once before."""
    with TemporaryDirectory(prefix="yinjian-overhead-") as work:
        root = Path(work)
        (root / "recorded").mkdir()
        reading, _ = read_application(new_reader(DEFAULTS), SAMPLE, catalogue(), (), AS_OF)
        keep(root / "recorded", reading)
        os.environ[RECORDED] = str(root / "recorded")
        folders = [_folder(root / "in", number) for number in range(count + 1)]
        plain, taken = _batch(prepared(root / "plain", workers=1), folders)
        settings = prepared(root / "prefect", workers=1, prefect_port=free_port())
        with _up(settings):
            flows, _ = _batch(settings, folders)
        return Overhead(taken, flows, plain)


def _batch(settings: Settings, folders: list[Path]) -> tuple[float, float]:
    """Seconds an application of working and of taking in; the first one warms up and is not counted."""
    store = open_store(settings)
    list(finish(store, [submit(store, folders[0], "bench", settings, AS_OF).submission], settings, "bench.replay"))
    start = time.perf_counter()
    ids = [submit(store, folder, "bench", settings, AS_OF).submission for folder in folders[1:]]
    middle = time.perf_counter()
    waiting = [*finish(store, ids, settings, "bench.replay")]
    assert waiting[-1] == len(ids)
    return _busy_seconds(settings, ids), (middle - start) / len(ids)


def _busy_seconds(settings: Settings, ids: list[str]) -> float:
    """From the first event of the batch's work to its last: what starting processes takes is not in it."""
    from sqlalchemy import select

    from pipeline.store.tables import Event, Submission

    with open_store(settings).reading() as session:
        owners = select(Submission.application_id).where(Submission.id.in_(ids))
        made = select(Event.at).where(Event.application_id.in_(owners), Event.action != "submitted")
        instants = sorted(session.scalars(made))
    # The first event ends the first application's reading step, hence one application fewer.
    return (instants[-1] - instants[0]).total_seconds() / (len(ids) - 1)


def _folder(root: Path, number: int) -> Path:
    folder = root / f"b{number:02d}"
    shutil.copytree(SAMPLE, folder)
    Image.new("RGB", (30, 40), (number, 0, 0)).save(folder / "own.png")
    return folder


@contextmanager
def _up(settings: Settings) -> Iterator[None]:
    process = subprocess.Popen(up_command("bench.replay"), env=environment(settings))
    try:
        end = time.monotonic() + START_SECONDS
        while not prefect_answers(settings) and time.monotonic() < end:
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    found = overhead(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
    print(f"taking in {found.taking_in:.3f} s, work {found.with_prefect:.3f} s with Prefect", end="")
    print(f" and {found.without_prefect:.3f} s without, an application")
