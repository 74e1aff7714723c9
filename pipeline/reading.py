"""From a folder to a reading and a verdict, for one application or for many in warm processes."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from extractors.opening import Scan, open_scans
from pipeline.applications import application_name, read_claim, require_scans
from pipeline.impressions import Known, impressions, reuses, unit_of
from yinjian.catalogue import Catalogue
from yinjian.errors import YinjianError
from yinjian.findings import Finding
from yinjian.records import Reading, RegisterEntry, Verdict
from yinjian.settings import DEFAULTS, Settings

Register = tuple[RegisterEntry, ...]


T = TypeVar("T")


class Reads(Protocol):
    """What reads an application's pages, as `extractors.reader.Reader`."""

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading: ...


class ReadsPages(Reads, Protocol):
    """One that can also hand over the pages that it read."""

    def read_with_pages(
        self, application: str, scans: Iterable[Scan | Finding], show: Callable[[NDArray[np.uint8]], T]
    ) -> tuple[Reading, tuple[T, ...]]:
        """The reading, and what `show` makes of each page upright (BGR), in the order of `Reading.pages`."""
        ...


def new_reader(settings: Settings) -> ReadsPages:
    """A reader with its models; imported late, since that takes seconds."""
    from extractors.reader import Reader

    return Reader(threads=settings.threads, engine=settings.engine)


@dataclass(frozen=True, slots=True)
class Job:
    """What all applications of a run have in common."""

    as_of: date
    register: Register | None
    settings: Settings = DEFAULTS
    reader: Callable[[Settings], ReadsPages] = new_reader  # makes one for each process


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one application: read and judged, or a fault with a message for the operator."""

    application: str
    read: tuple[Reading, Verdict] | None
    fault: str = ""
    trace: str = ""  # for `--debug` only: it may quote what was read


def read_application(
    reader: Reads,
    folder: Path,
    catalogue: Catalogue,
    register: Register | None,
    as_of: date,
    settings: Settings = DEFAULTS,
) -> tuple[Reading, Verdict]:
    """Open, read, judge by itself. The reader never sees the claim."""
    require_scans(folder)
    reading = reader.read(application_name(folder), open_scans(folder, settings))
    return reading, _judged(reading, folder, Known(), register, as_of, catalogue)


def _judged(
    reading: Reading, folder: Path, known: Known, register: Register | None, as_of: date, catalogue: Catalogue
) -> Verdict:
    """The verdict beside the impressions that are known, to which those of the reading are added."""
    from validators.judge import judge

    claim, intake = read_claim(folder)
    found = impressions(reading, reading.application, unit_of(reading, claim))
    reuse = reuses(found, known)
    for one in found:
        known.add(one.impression, one.vector)
    return judge(reading, claim, register, as_of, catalogue, intake=intake, reuse=reuse)


def attempt(reader: Callable[[], Reads], folder: Path, job: Job) -> Outcome:
    """`read_application`, with whatever goes wrong as an outcome: the next application is read all the same.

    `reader` gives the process's one reader, made when first asked for.
    """
    from yinjian.catalogue import catalogue

    name = application_name(folder)
    try:
        return Outcome(name, read_application(reader(), folder, catalogue(), job.register, job.as_of, job.settings))
    except YinjianError as error:
        return Outcome(name, None, str(error), traceback.format_exc())
    except Exception as error:  # a fault of ours: its words may quote what was read, its kind does not
        fault = f"程序未能读取该申请（{type(error).__name__}），请人工处理；加 --debug 可看详情。"
        return Outcome(name, None, fault, traceback.format_exc())


def read_all(folders: Iterable[Path], job: Job) -> Iterator[Outcome]:
    """Every application's outcome, in the given order, each compared with those before it for what was used twice."""
    from yinjian.catalogue import catalogue

    known, all_folders = Known(), list(folders)
    for folder, outcome in zip(all_folders, _read_apart(all_folders, job), strict=True):
        if outcome.read is None:
            yield outcome
            continue
        reading = outcome.read[0]
        verdict = _judged(reading, folder, known, job.register, job.as_of, catalogue())
        yield replace(outcome, read=(reading, verdict))


def _read_apart(folders: Iterable[Path], job: Job) -> Iterator[Outcome]:
    """Every application's outcome by itself, in the given order: one here, several in warm processes."""
    remaining = list(folders)
    limit_threads(job.settings.threads)
    if len(remaining) == 1 or job.settings.workers == 1:
        reader = _one_reader(_alone(job) if len(remaining) == 1 else job)
        yield from (attempt(reader, folder, job) for folder in remaining)
        return
    alone = False
    while remaining:
        # Who killed a process cannot be told when several work: the next one is then tried alone.
        batch = remaining[:1] if alone else remaining
        done = 0
        for outcome in _in_processes(batch, job):
            done += 1
            yield outcome
        if alone and not done:
            yield _killed(remaining[0])
            done = 1
        alone = not alone and done < len(batch)
        remaining = remaining[done:]


def _alone(job: Job) -> Job:
    """One application has no use for several processes: its pages are read side by side instead."""
    return replace(job, settings=replace(job.settings, threads=job.settings.workers * job.settings.threads))


def _in_processes(folders: list[Path], job: Job) -> Iterator[Outcome]:
    """The outcomes of as many of the first `folders` as were read before a process died."""
    workers = min(job.settings.workers, len(folders))
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (job,)) as pool:
        futures = [pool.submit(_attempt_here, folder) for folder in folders]
        try:
            for future in futures:
                yield future.result()
        except BrokenProcessPool:
            return
        finally:
            # Waited for: a pool that ends while the interpreter does writes a traceback (CPython 3.11).
            pool.shutdown(cancel_futures=True)


def _killed(folder: Path) -> Outcome:
    return Outcome(application_name(folder), None, "读取该申请时进程中断（内存不足或程序崩溃），请人工处理。")


_worker: tuple[Callable[[], Reads], Job]


def _start_worker(job: Job) -> None:
    global _worker
    _worker = (_one_reader(job), job)


def _attempt_here(folder: Path) -> Outcome:
    reader, job = _worker
    return attempt(reader, folder, job)


def _one_reader(job: Job) -> Callable[[], Reads]:
    return cache(lambda: job.reader(job.settings))


def limit_threads(threads: int) -> None:
    """For this process and those it starts; numerical libraries look when they are first imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, str(threads))
