"""Many applications in one run: a fault in one never stops the others."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image

from extractors.opening import Scan
from pipeline.reading import Job, attempt, read_all
from tests.pipeline.records import a_reading
from yinjian.findings import Finding
from yinjian.records import Reading
from yinjian.settings import DEFAULTS, Settings

JOB = Job(date(2026, 1, 1), None)


class Opens:
    """Only opens: what was found while opening is all that it knows."""

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        found = tuple(item for item in scans if isinstance(item, Finding))
        if application == "crashes":
            raise ValueError("秘密")
        if application == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(a_reading(), application=application, findings=found)

    def read_with_pages(self, application: str, scans: Iterable[Scan | Finding], show: Any) -> Any:
        raise NotImplementedError


def opens(settings: Settings) -> Opens:
    return Opens()


def folder(root: Path, name: str, *files: str) -> Path:
    (root / name).mkdir()
    for file in files:
        Image.new("L", (50, 50)).save(root / name / file, "PNG")
    return root / name


def test_a_crash_becomes_an_outcome_without_what_was_read(tmp_path: Path) -> None:
    outcome = attempt(Opens, folder(tmp_path, "crashes", "a.png"), JOB)
    assert outcome.read is None and "ValueError" in outcome.fault
    assert "秘密" not in outcome.fault and "秘密" in outcome.trace


def test_an_empty_application_is_named_with_a_remedy(tmp_path: Path) -> None:
    outcome = attempt(Opens, folder(tmp_path, "empty"), JOB)
    assert outcome.read is None and "empty" in outcome.fault


def test_what_opening_and_the_claim_say_reaches_the_verdict(tmp_path: Path) -> None:
    path = folder(tmp_path, "A1", "a.png")
    (path / "b.pdf").write_text("no pdf")
    (path / "application.json").write_text("{")
    outcome = attempt(Opens, path, JOB)
    assert outcome.read is not None, outcome.trace
    codes = {f.code for f in outcome.read[1].findings}
    assert {"scan.unsupported", "claim.invalid"} <= codes and outcome.read[1].decision == "review"


def test_a_process_that_is_killed_costs_one_application(tmp_path: Path) -> None:
    names = ["1", "2", "crashes", "kills", "z"]
    folders = [folder(tmp_path, name, "a.png") for name in names]
    outcomes = list(read_all(folders, replace(JOB, reader=opens, settings=replace(DEFAULTS, workers=2))))
    assert [outcome.application for outcome in outcomes] == names
    assert [outcome.application for outcome in outcomes if outcome.fault] == ["crashes", "kills"]
    assert all(outcome.read for outcome in outcomes if not outcome.fault)
