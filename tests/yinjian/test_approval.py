"""What leave to issue cannot be built of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from yinjian.approval import Approval, PersonDecision, Ruling, Subject
from yinjian.errors import Refused
from yinjian.textfold import UNKNOWN

APPROVED = PersonDecision(Ruling.APPROVE, "u-1", "looked at")
PERSON = Subject("哈尔滨示例科技有限公司", "91230100MA00000X0K", "王示例", "230102199001011230")


def approval(subject: Subject, ground: PersonDecision = APPROVED) -> Approval:
    given = datetime(2026, 7, 1, tzinfo=UTC)
    return Approval("P1", "A1", "hpe", "legal_person", "new", subject, "0" * 64, "u-1", given, ground)


def test_a_subject_with_a_name() -> None:
    assert approval(PERSON).subject is PERSON


def test_no_name_and_no_approval() -> None:
    with pytest.raises(Refused, match="no name"):
        approval(replace(PERSON, unit_name="", person_name=""))
    with pytest.raises(Refused, match="not approved"):
        approval(PERSON, replace(APPROVED, ruling=Ruling.RETURN))


@pytest.mark.parametrize("field", ["unit_name", "uscc", "person_name", "id_number"])
def test_a_certificate_holds_nothing_that_was_not_read(field: str) -> None:
    with pytest.raises(Refused, match=UNKNOWN):
        approval(replace(PERSON, **{field: f"王{UNKNOWN}例"}))
