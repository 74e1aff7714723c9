"""A form is data: the medical one works by its TOML file and a sample alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from extractors.opening import open_scans
from extractors.reader import Reader
from yinjian.textfold import fold

ROOT = Path(__file__).parents[2]
SAMPLE = "a26"
ROOMS = ("yinjian", "forms", "extractors", "validators", "issuance", "pipeline")


def test_no_code_names_the_form() -> None:
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    assert len(sources) > 100
    named = [path for path in sources if "medical" in path.read_text("utf-8")]
    assert named == []
    assert (ROOT / "yinjian" / "catalogue" / "forms" / "medical.toml").is_file()


@pytest.fixture(scope="module")
def expected() -> dict[str, object]:
    return dict(json.loads((ROOT / "samples" / "expected" / f"{SAMPLE}.json").read_text("utf-8")))


def test_its_sample_is_read(expected: dict[str, object]) -> None:
    assert expected["form"] == "medical"
    reading = Reader().read(SAMPLE, open_scans(ROOT / "samples" / "applications" / SAMPLE))
    assert reading.form == "medical"
    fields = {name: field["text"] for name, field in expected["fields"].items() if "." not in name}  # type: ignore[attr-defined]
    assert {f.id: fold(f.text) for f in reading.fields if f.id in fields} == {n: fold(t) for n, t in fields.items()}
    choices = {(c.group, c.label): c.state.value for c in reading.choices}
    groups = expected["choices"].items()  # type: ignore[attr-defined]
    assert choices == {(group, label): state for group, labels in groups for label, state in labels.items()}
