"""The records: frozen, and deriving what must not be set by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from yinjian import records
from yinjian.findings import CODES, Finding, Severity, finding
from yinjian.geometry import Box
from yinjian.records import Choice, Decision, FieldReading, Reading, State, Verdict, Versions

RECORDS = [r for r in vars(records).values() if dataclasses.is_dataclass(r) and isinstance(r, type)]
BOX = Box(0.1, 0.1, 0.2, 0.2)


def reading(**parts: Any) -> Reading:
    empty: dict[str, Any] = dict.fromkeys(("pages", "fields", "choices", "marks", "findings"), ())
    return Reading(**{"application": "a", "form": None, "versions": Versions("m", "c", "p")} | empty | parts)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.__name__)
def test_records_are_frozen_with_slots(record: Any) -> None:
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)


def test_a_blank_field_is_not_a_field_that_was_not_found() -> None:
    read = reading(fields=(FieldReading("address", "", 1.0, 0, BOX),))
    assert read.text("address") == ""
    assert read.text("uscc") is None


def test_ticked_keeps_the_forms_order_and_leaves_out_doubtful_boxes() -> None:
    states = {"新办": State.TICKED, "副锁": State.UNCLEAR, "续费": State.TICKED, "补办": State.CLEAR}
    read = reading(choices=tuple(Choice("business", label, s, 0, BOX) for label, s in states.items()))
    assert read.ticked("business") == ("新办", "续费")
    assert read.ticked("unit_category") == ()


@pytest.mark.parametrize(
    ("severities", "decision"),
    [
        ((), Decision.PASS),
        ((Severity.NOTES,), Decision.PASS),
        ((Severity.NOTES, Severity.WARNS), Decision.REVIEW),
        ((Severity.BLOCKS,), Decision.REVIEW),
    ],
)
def test_only_notes_let_a_verdict_pass(severities: tuple[Severity, ...], decision: Decision) -> None:
    found = tuple(finding("field.unclear", str(n), "", s) for n, s in enumerate(severities))
    assert Verdict("hpe", "enterprise", "new", found).decision is decision


def test_an_unknown_finding_code_is_refused() -> None:
    with pytest.raises(ValueError, match=r"field\.odd"):
        Finding("field.odd", "x", "", Severity.BLOCKS)


def test_every_code_is_a_topic_and_a_word() -> None:
    assert all(len(code.split(".")) == 2 and code == code.lower() for code in CODES)


@pytest.mark.parametrize("corners", [(0.2, 0, 0.1, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (float("nan"), 0, 1, 1)])
def test_a_box_outside_the_page_is_refused(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="fractions"):
        Box(*corners)
