"""What the pipeline costs beside reading: seconds an application for store, database, judging and Prefect."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from PIL import Image

from bench.replay import RECORDED, keep
from pipeline.crew import environment
from pipeline.ingest import finish
from pipeline.intake import submit
from pipeline.reading import new_reader, read_application
from pipeline.store.store import open_store, prepare_store
from yinjian.catalogue import catalogue
from yinjian.settings import DEFAULTS, Settings

SAMPLE = Path(__file__).parents[1] / "samples" / "applications" / "a01"
AS_OF = date(2026, 11, 30)
START_SECONDS = 300
UP = (
    "import os; from pipeline import up; from pipeline.store.store import open_store;"
    "from yinjian.settings import Settings; s = Settings.from_environment(os.environ);"
    "up.up(open_store(s), s, lambda t: None, 'bench.replay')"
)


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
        plain, taken = _batch(_prepared(root / "plain"), folders)
        settings = _prepared(root / "prefect")
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


def _prepared(folder: Path) -> Settings:
    folder.mkdir()
    (folder / "passphrase").write_text("only for the bench")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    settings = replace(DEFAULTS, var_dir=folder / "var", workers=1, settle_seconds=0, prefect_port=port)
    settings = replace(settings, passphrase_file=folder / "passphrase")
    prepare_store(settings)
    return settings


@contextmanager
def _up(settings: Settings) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", UP], env=environment(settings))
    try:
        url, end = f"http://127.0.0.1:{settings.prefect_port}/api/health", time.monotonic() + START_SECONDS
        while not _answers(url) and time.monotonic() < end:
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    found = overhead(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
    print(f"taking in {found.taking_in:.3f} s, work {found.with_prefect:.3f} s with Prefect", end="")
    print(f" and {found.without_prefect:.3f} s without, an application")
