"""Many applications in one run: a fault in one never stops the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from PIL import Image

from extractors.opening import Scan
from pipeline.reading import Job, attempt
from tests.pipeline.records import a_reading
from yinjian.findings import Finding
from yinjian.records import Reading

JOB = Job(date(2026, 1, 1), None)


class Opens:
    """Only opens: what was found while opening is all that it knows."""

    def read(self, application: str, scans: Iterable[Scan | Finding]) -> Reading:
        found = tuple(item for item in scans if isinstance(item, Finding))
        if application == "crashes":
            raise ValueError("秘密")
        return replace(a_reading(), application=application, findings=found)


def folder(root: Path, name: str, *files: str) -> Path:
    (root / name).mkdir()
    for file in files:
        Image.new("L", (50, 50)).save(root / name / file, "PNG")
    return root / name


def test_a_crash_becomes_an_outcome_without_what_was_read(tmp_path: Path) -> None:
    outcome = attempt(Opens(), folder(tmp_path, "crashes", "a.png"), JOB)
    assert outcome.read is None and "ValueError" in outcome.fault
    assert "秘密" not in outcome.fault and "秘密" in outcome.trace


def test_an_empty_application_is_named_with_a_remedy(tmp_path: Path) -> None:
    outcome = attempt(Opens(), folder(tmp_path, "empty"), JOB)
    assert outcome.read is None and "empty" in outcome.fault


def test_what_opening_and_the_claim_say_reaches_the_verdict(tmp_path: Path) -> None:
    path = folder(tmp_path, "A1", "a.png")
    (path / "b.pdf").write_text("no pdf")
    (path / "application.json").write_text("{")
    outcome = attempt(Opens(), path, JOB)
    assert outcome.read is not None, outcome.trace
    codes = {f.code for f in outcome.read[1].findings}
    assert {"scan.unsupported", "claim.invalid"} <= codes and outcome.read[1].decision == "review"
