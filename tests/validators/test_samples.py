"""Judging the true readings of the ready samples: what they are said to be is what rules make of a perfect reading."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.validators.builder import ALL, lattice
from validators import judge
from yinjian.claim import parse_claim
from yinjian.geometry import Box
from yinjian.records import (
    Choice,
    FieldReading,
    Mark,
    MarkKind,
    Page,
    PageKind,
    Reading,
    State,
    Verdict,
    Versions,
)

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRUTHS = [json.loads(path.read_text("utf-8")) for path in sorted((SAMPLES / "expected").glob("*.json"))]
AS_OF = date(2026, 11, 30)
# Seen in the pixels, not in the truth of the fields.
ELSEWHERE = ("scan.", "agreement.", "page.unexpected", "page.duplicate", "page.several_in_photo")


def reading_of(truth: dict[str, Any]) -> Reading:
    seeded = {f["where"]: f["code"] for f in truth["findings"]}
    return Reading(
        application=truth["application"],
        form=truth["form"],
        pages=tuple(
            Page(p["file"], p["page"], PageKind(p["kind"]), p["rotation"], role=p["role"], side=p["side"])
            for p in truth["pages"]
        ),
        fields=tuple(
            FieldReading(i, f["text"], 1.0, f["page"], Box(*f["box"]), (lattice(f["text"]),))
            for i, f in truth["fields"].items()
        ),
        choices=tuple(
            Choice(group, label, State(state), 0, Box(0, 0, 1, 1))
            for group, labels in truth["choices"].items()
            for label, state in labels.items()
        ),
        marks=tuple(_mark(m, seeded) for m in truth["marks"]),
        findings=(),
        versions=Versions("truth", ALL.version, "1"),
    )


def _mark(mark: dict[str, Any], seeded: dict[str, str]) -> Mark:
    fault = seeded.get(mark["id"], "")
    faults = (fault,) if fault.startswith(mark["kind"]) and not fault.endswith((".missing", ".reused")) else ()
    return Mark(
        mark["id"],
        MarkKind(mark["kind"]),
        mark["page"],
        Box(*mark["box"]),
        ring_text=mark.get("ring_text") or "",
        faults=faults,
    )


def judged(truth: dict[str, Any]) -> Verdict:
    path = SAMPLES / "applications" / truth["application"] / "application.json"
    claim, intake = parse_claim(path.read_bytes()) if path.exists() else (None, ())
    return judge(reading_of(truth), claim, None, AS_OF, ALL, intake=intake)


@pytest.mark.parametrize("truth", TRUTHS, ids=lambda t: t["application"])
def test_a_true_reading_is_judged_as_the_sample_says(truth: dict[str, Any]) -> None:
    verdict = judged(truth)
    found = {f.code for f in verdict.findings} - {"register.unavailable"}  # no register is given
    expected = {f["code"] for f in truth["findings"] if not f["code"].startswith(ELSEWHERE)}
    assert expected <= found
    assert bool(found) == bool(expected)


@pytest.mark.parametrize("truth", [t for t in TRUTHS if not t["findings"]], ids=lambda t: t["application"])
def test_a_clean_sample_is_taken_for_what_it_is(truth: dict[str, Any]) -> None:
    verdict = judged(truth)
    expected = (truth["platform"], truth["certificate"], truth["business"])
    assert (verdict.platform, verdict.certificate, verdict.business) == expected
