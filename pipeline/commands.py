"""`yinjian read` and `yinjian show`: many applications to JSON lines, files, a table or a picture."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from extractors.opening import Scan
from extractors.weights import MODELS, weights_file
from pipeline import contract
from pipeline.applications import application_folders, require_scans
from pipeline.pages import as_it_is
from pipeline.reading import Job, Outcome, ReadsPages, limit_threads, read_all, read_application
from yinjian.errors import InputError
from yinjian.findings import Finding
from yinjian.records import Mark, Reading
from yinjian.settings import Settings

ERRORS = Console(stderr=True)


def job(as_of: date, register: Path | None, workers: int | None, environ: Mapping[str, str]) -> Job:
    """What a run is to use; the register is read at once, so that a wrong one stops it before any work."""
    from yinjian.register import load_register

    settings = Settings.from_environment(environ)
    settings = replace(settings, workers=workers) if workers else settings
    return Job(as_of, load_register(register) if register else None, settings)


def run(folder: Path, job: Job, as_json: bool, out: Path | None, debug: bool = False) -> bool:
    """Read all applications of `folder`; whether every one could be read."""
    folders = application_folders(folder)
    if len(folders) == 1:
        require_scans(folders[0])
    _prepare(out, folder)
    _require_weights()
    outcomes = []
    for outcome in _watched(read_all(folders, job), len(folders)):
        _deliver(outcome, as_json, out, debug)
        outcomes.append(replace(outcome, trace=""))
    if not as_json and out is None:
        Console().print(_table(outcomes))
    return all(outcome.read for outcome in outcomes)


def _prepare(out: Path | None, folder: Path) -> None:
    if out is None:
        return
    if out.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"--out {out} lies in the folder that is read.", "Name a folder outside it.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be made: {error.strerror}.", "Name a writable folder.") from error


def _require_weights() -> None:
    """Raises SetupError once for the run, rather than as a fault of each application."""
    for model in MODELS:
        weights_file(model)


def _watched(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """The same outcomes, with a progress bar where somebody can see it."""
    if not ERRORS.is_terminal:
        yield from outcomes
        return
    columns = (
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}"),
    )
    with Progress(*columns, console=ERRORS, transient=True) as progress:
        task = progress.add_task("读取", total=total, name="")
        for outcome in outcomes:
            progress.update(task, advance=1, name=outcome.application)
            yield outcome


def _deliver(outcome: Outcome, as_json: bool, out: Path | None, debug: bool) -> None:
    if outcome.fault:
        ERRORS.print(f"{outcome.application}: {outcome.fault}", markup=False)
        if debug:
            ERRORS.print(outcome.trace, markup=False)
    value, marks = contract.fault_json(outcome.application, outcome.fault), tuple[Mark, ...]()
    if outcome.read:
        reading, verdict = outcome.read
        marks = reading.marks
        value = contract.as_json(reading, verdict, contract.image_names(reading.application, marks) if out else ())
    if out:
        contract.write(out, value, marks)
    if as_json:
        sys.stdout.buffer.write(contract.line(value).encode() + b"\n")
        sys.stdout.buffer.flush()


def _table(outcomes: list[Outcome]) -> Table:
    table = Table("application", "form", "decision", "findings", show_lines=True)
    for outcome in outcomes:
        if outcome.read is None:
            table.add_row(outcome.application, "", "[red]not read[/]", outcome.fault)
            continue
        reading, verdict = outcome.read
        findings = "\n".join(f"{f.code} {f.where}: {f.message}" for f in verdict.findings)
        colour = "green" if verdict.decision.value == "pass" else "yellow"
        table.add_row(reading.application, reading.form or "-", f"[{colour}]{verdict.decision}[/]", findings)
    return table


class _KeepsPages:
    """A reader that remembers the upright pages of what it read last."""

    def __init__(self, reader: ReadsPages) -> None:
        self._reader = reader
        self.pages: tuple[NDArray[np.uint8], ...] = ()

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        """As `Reads.read`."""
        reading, self.pages = self._reader.read_with_pages(application, scans, as_it_is)
        return reading


def show(folder: Path, job: Job, image: Path, page: int | None) -> None:
    """Draw one application."""
    from pipeline.drawing import draw, save
    from yinjian.catalogue import catalogue

    folders = application_folders(folder)
    if len(folders) != 1:
        raise InputError(f"{folder} holds {len(folders)} applications.", f"Name one of them, as {folders[0]}.")
    limit_threads(job.settings.threads)
    reader = _KeepsPages(job.reader(job.settings))
    reading, verdict = read_application(reader, folders[0], catalogue(), job.register, job.as_of, job.settings)
    save(draw(reading, verdict, reader.pages, page), image)
