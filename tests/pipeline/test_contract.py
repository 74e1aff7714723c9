"""The JSON that other programs read: held to the letter."""

from __future__ import annotations

import io
import json
from pathlib import Path

from PIL import Image

from pipeline import contract
from tests.pipeline.records import a_reading, a_verdict

BOX = [0.1, 0.2, 0.3, 0.25]


def test_a_reading_with_all_that_it_can_have() -> None:
    assert contract.as_json(a_reading(), a_verdict()) == {
        "schema": 1,
        "application": "A1",
        "platform": "hpe",
        "certificate": "enterprise",
        "business": "new",
        "form": "enterprise",
        "decision": "review",
        "pages": [{"file": "a.pdf", "page": 0, "kind": "form", "rotation": 90}],
        "fields": {
            "unit_name": {"text": "甲公司", "confidence": 0.9877, "page": 0, "box": BOX},
            "address": {"text": "", "confidence": 1.0, "page": 0, "box": BOX},
        },
        "choices": {"business": {"新办": "ticked", "续费": "clear"}},
        "marks": [
            {"id": "seal_collection", "kind": "seal", "page": 0, "box": BOX, "image": None}
            | {"shape": "circle", "size_mm": 40.2, "angle": 3.0, "ring_text": "甲公司"},
            {"id": "signature_agent", "kind": "signature", "page": 0, "box": BOX, "image": None},
        ],
        "findings": [
            {"code": "field.missing", "where": "address", "message": "地址未填。", "severity": "blocks"},
        ],
    }


def test_a_line_is_one_line_of_utf_8() -> None:
    text = contract.line(contract.as_json(a_reading(), a_verdict()))
    assert "\n" not in text and "甲公司" in text


def test_files_and_mark_images_lie_beside_one_another(tmp_path: Path) -> None:
    reading = a_reading()
    names = contract.image_names(reading.application, reading.marks)
    contract.write(tmp_path, contract.as_json(reading, a_verdict(), names), reading.marks)
    written = json.loads((tmp_path / "A1.json").read_text("utf-8"))
    assert [mark["image"] for mark in written["marks"]] == [names[0], None]
    assert Image.open(io.BytesIO((tmp_path / str(names[0])).read_bytes())).mode == "RGBA"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_application_that_could_not_be_read_has_the_same_keys() -> None:
    fault = contract.fault_json("A1", "why")
    assert list(fault) == list(contract.as_json(a_reading(), a_verdict()))
    assert (fault["decision"], fault["findings"][0]["code"]) == ("review", "rule.failed")
