"""What `yinjian explain` prints and writes."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from pipeline import contract
from pipeline.explaining import Explanation, as_json, lines, of_case, of_folder
from pipeline.reading import Job
from pipeline.store.store import Store
from yinjian.catalogue import catalogue
from yinjian.settings import Settings

OUT = Console(soft_wrap=True, markup=False, highlight=False)


def explain_folder(folder: Path, job: Job, json: bool, pdf: Path | None) -> None:
    """Read a folder and explain its verdict."""
    _deliver(of_folder(folder, job, catalogue()), json, pdf)


def explain_case(store: Store, case: str, settings: Settings, json: bool, pdf: Path | None) -> None:
    """Explain the verdict on an application of the store."""
    _deliver(of_case(store, settings, case, catalogue(), with_pages=pdf is not None), json, pdf)


def _deliver(found: Explanation, json: bool, pdf: Path | None) -> None:
    if pdf is not None:
        from pipeline.explainsheet import write_sheet

        write_sheet(found, pdf)
    if json:
        sys.stdout.buffer.write(contract.line(as_json(found)).encode() + b"\n")
    elif pdf is None:
        for line in lines(found):
            OUT.print(line)
