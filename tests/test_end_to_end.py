"""Whole applications through the command, real OCR and all: what comes out is what the samples' truth says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
# One of each: a scan, photographs, a TIFF, PNGs; passes and reviews; one without application.json; personal forms.
CHOSEN = ("a01", "a04", "a05", "a08", "a21", "a22")


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The readings of the chosen applications, by name."""
    inbox = tmp_path_factory.mktemp("inbox")
    for name in CHOSEN:
        shutil.copytree(SAMPLES / "applications" / name, inbox / name)
    out = tmp_path_factory.mktemp("out")
    yinjian = str(Path(sys.executable).with_name("yinjian"))
    command = [yinjian, "read", str(inbox), "--out", str(out), "--as-of", "2026-11-30"]
    command += ["--register", str(SAMPLES / "register.json")]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"YINJIAN_WORKERS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: json.loads((out / f"{name}.json").read_text("utf-8")) for name in CHOSEN}


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, Any]]:
    return {name: json.loads((SAMPLES / "expected" / f"{name}.json").read_text("utf-8")) for name in CHOSEN}


@pytest.mark.parametrize("name", CHOSEN)
def test_page_kinds_and_turns(name: str, read: dict[str, Any], truth: dict[str, Any]) -> None:
    def pages(found: dict[str, Any]) -> list[tuple[str, int, str, int]]:
        return sorted((p["file"], p["page"], p["kind"], p["rotation"]) for p in found["pages"])

    assert pages(read[name]) == pages(truth[name])


def test_a_form_that_is_in_order_is_not_accused_where_a_copys_seal_is(read: dict[str, Any]) -> None:
    """The seal over a05's identity card is hard to read, whatever reads it; nothing else about it is."""
    needing_people = [f for f in read["a05"]["findings"] if f["severity"] != "notes"]
    assert read["a05"]["form"] == "legal_person"
    assert all(f["code"].startswith("seal.") and ":" in f["where"] for f in needing_people)


@pytest.mark.parametrize("name", ["a01", "a21", "a22"])
def test_clean_forms_pass(name: str, read: dict[str, Any], truth: dict[str, Any]) -> None:
    assert (read[name]["decision"], read[name]["form"]) == ("pass", truth[name]["form"])


@pytest.mark.parametrize(("name", "code"), [("a04", "page.missing"), ("a08", "choice.multiple")])
def test_faults_are_named(name: str, code: str, read: dict[str, Any]) -> None:
    assert read[name]["decision"] == "review"
    assert code in {finding["code"] for finding in read[name]["findings"]}


@pytest.mark.parametrize("name", ["a01", "a05", "a08", "a21", "a22"])
def test_boxes(name: str, read: dict[str, Any], truth: dict[str, Any]) -> None:
    assert read[name]["choices"] == truth[name]["choices"]


@pytest.mark.parametrize("name", ["a01", "a05", "a21", "a22"])
def test_form_fields(name: str, read: dict[str, Any], truth: dict[str, Any]) -> None:
    form = {k: v["text"] for k, v in truth[name]["fields"].items() if "." not in k and not k.startswith("licence")}
    assert {k: read[name]["fields"][k]["text"] for k in form} == form


@pytest.mark.parametrize("name", ["a01", "a22"])
def test_marks_have_images_beside_the_reading(name: str, read: dict[str, Any], truth: dict[str, Any]) -> None:
    found = {mark["id"]: mark for mark in read[name]["marks"]}
    assert set(found) >= {mark["id"] for mark in truth[name]["marks"]}
    wanted = next(m for m in truth[name]["marks"] if m["id"] == "seal_collection")
    assert found["seal_collection"]["image"].endswith(".png")
    assert found["seal_collection"]["ring_text"] == wanted["ring_text"]
    assert abs(found["seal_collection"]["size_mm"] - wanted["size_mm"]) < 1.5


@pytest.mark.parametrize(("name", "principal"), [("a05", "legal_person"), ("a21", "expert")])
def test_personal_forms_have_their_marks_and_cards(
    name: str, principal: str, read: dict[str, Any], truth: dict[str, Any]
) -> None:
    found = {mark["id"]: mark for mark in read[name]["marks"]}
    assert set(found) >= {mark["id"] for mark in truth[name]["marks"]}
    assert found["signature_collection"]["image"].endswith(".png")
    assert read[name]["fields"][f"{principal}.id_name"]["text"] == truth[name]["fields"][f"{principal}.id_name"]["text"]
