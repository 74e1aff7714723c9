"""`yinjian explain`: text, JSON and one page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pymupdf
import pytest

from pipeline.explaining import Judged, as_json, explanation, lines, of_case
from pipeline.explainsheet import one_page, write_sheet
from pipeline.store.store import Store
from tests.pipeline.flow import finished_case
from tests.validators.builder import ALL, TODAY, application, with_field, without_mark
from yinjian.errors import InputError
from yinjian.records import Reading
from yinjian.settings import DEFAULTS

NEW = application()
ALONE = Judged(None, (), (), (), TODAY)
PAGES = tuple(np.full((1170, 827, 3), 240, np.uint8) for _ in NEW.pages)


def spoilt(reading: Reading) -> Reading:
    """With more than fifteen findings."""
    for field in ("uscc", "agent_phone", "legal_person_phone", "authorization_agent_id", "application_date"):
        reading = with_field(reading, field, "12")
    for mark in ("seal_collection", "seal_declaration", "signature_agent", "signature_legal_person"):
        reading = without_mark(reading, mark)
    for field in ("unit_name", "address", "agent_name", "legal_person_name", "project_name", "licence_valid_until"):
        reading = with_field(reading, field, "某")
    return reading


def test_a_pass_and_a_review_as_text() -> None:
    assert "通过" in "\n".join(lines(explanation(NEW, ALONE, ALL)))
    told = "\n".join(lines(explanation(with_field(NEW, "uscc", "123"), ALONE, ALL)))
    assert "转人工" in told
    assert told.index("✗ unit_code_valid") < told.index("✓ one_business")


def test_json_has_every_rule_with_its_evidence() -> None:
    found = as_json(explanation(NEW, ALONE, ALL))
    rules = {rule["rule"]: rule for rule in found["rules"]}  # type: ignore[attr-defined]
    assert found["decision"] == "pass"
    assert rules["one_business"]["holds"] is True
    assert rules["one_business"]["evidence"][0]["box"] is not None


@pytest.mark.parametrize("reading", [NEW, spoilt(NEW)], ids=["clean", "spoilt"])
def test_the_sheet_is_one_page_whatever_was_found(reading: Reading) -> None:
    found = explanation(reading, ALONE, ALL, PAGES)
    page = pymupdf.open(stream=one_page(found))
    assert len(page) == 1
    text = page[0].get_text()
    for rule in found.rules:
        for item in rule.findings:
            if item.severity != "notes":
                assert item.code in text
    assert bool(page[0].get_images()) == (reading is not NEW)


def test_without_pages_the_sheet_has_no_crops() -> None:
    page = pymupdf.open(stream=one_page(explanation(spoilt(NEW), ALONE, ALL)))
    assert not page[0].get_images()


def test_a_sheet_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        write_sheet(explanation(NEW, ALONE, ALL), tmp_path / "nowhere" / "a.pdf")


def test_a_stored_application_is_explained_as_it_was_judged(store: Store) -> None:
    finished_case(store, "faulty-3")
    found = of_case(store, DEFAULTS, "faulty-3", ALL, with_pages=False)
    assert found.verdict.decision == "review"
    assert [rule.rule for rule in found.rules if not rule.holds] == ["fields_filled"]


def test_one_that_is_not_there(store: Store) -> None:
    with pytest.raises(InputError):
        of_case(store, DEFAULTS, "nobody", ALL, with_pages=False)


def test_the_day_of_judgement_counts() -> None:
    late = explanation(NEW, replace(ALONE, as_of=date(2028, 1, 1)), ALL)
    assert "application_dated" in [rule.rule for rule in late.rules if not rule.holds]
