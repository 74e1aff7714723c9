"""The paper against the claim: what folding and the lattice may settle, and what they must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.validators.builder import (
    AGENT_ID,
    UNIT,
    USCC,
    application,
    claim,
    doubtful,
    found,
    lattice,
    messages,
    verdict,
    with_field,
)
from yinjian.findings import Severity
from yinjian.records import Reading

NEW = application()


@pytest.mark.parametrize(
    ("field_id", "text"),
    [
        ("unit_name", UNIT.replace("云", "去")),
        ("unit_name", UNIT[:-1]),
        ("address", "哈尔滨市松北区创新一路 13 号"),
        ("agent_phone", "13904510003"),
        ("application_date", "2026-05-21"),
        ("legal_person_name", "贺云丹"),
    ],
)
def test_paper_as_claimed(field_id: str, text: str) -> None:
    result = verdict(NEW, claim(NEW, **{field_id: text}))
    assert [(f.code, f.where) for f in result.findings] == [("field.inconsistent", field_id)]
    assert text in messages(result.findings)
    assert (NEW.text(field_id) or "") in messages(result.findings)
    assert field_id in messages(result.findings)


def test_width_brackets_and_spaces_do_not_matter() -> None:
    name = "哈尔滨松北（云杉）软件有限公司"
    read = NEW
    for field_id in ("unit_name", "licence_unit_name"):
        read = with_field(read, field_id, name)
    marks = tuple(replace(m, ring_text=name) if m.ring_text else m for m in read.marks)
    assert found(replace(read, marks=marks), claim(NEW, unit_name="哈尔滨松北(云杉)　软件有限公司")) == []


def test_a_traditional_form_is_settled_by_the_lattice() -> None:
    seen = "贺云龍"
    paper = with_field(NEW, "legal_person_name", seen, lattices=(doubtful(seen, 2, "龙"),))
    for field_id in ("licence_legal_person", "legal_person.id_name"):
        paper = with_field(paper, field_id, "贺云龙")
    assert found(paper, claim(NEW, legal_person_name="贺云龙")) == []
    # Sure of the traditional form: then that is what stands there.
    sure = with_field(paper, "legal_person_name", seen)
    assert ("field.inconsistent", "legal_person_name") in found(sure, claim(NEW, legal_person_name="贺云龙"))


def test_a_look_alike_is_never_settled_however_doubtful_the_reading() -> None:
    seen = "贺云已"
    paper = with_field(NEW, "legal_person_name", seen, lattices=(doubtful(seen, 2, "己"),))
    assert ("field.inconsistent", "legal_person_name") in found(paper, claim(NEW, legal_person_name="贺云己"))


def test_a_misread_number_is_settled_only_against_one_that_cannot_be() -> None:
    other = "7" if AGENT_ID[3] != "7" else "9"
    seen = AGENT_ID[:3] + other + AGENT_ID[4:]
    paper = with_field(NEW, "authorization_agent_id", seen, lattices=(doubtful(seen, 3, AGENT_ID[3]),))
    assert found(paper, claim(NEW)) == []
    assert ("field.inconsistent", "authorization_agent_id") in found(
        with_field(NEW, "authorization_agent_id", seen), claim(NEW)
    )


def test_letters_that_a_credit_code_cannot_hold_are_read_as_digits() -> None:
    assert "1" in USCC
    assert found(with_field(NEW, "uscc", USCC.replace("1", "I")), claim(NEW)) == []


def test_a_valid_number_on_the_paper_is_never_overruled() -> None:
    register_digit = lattice(USCC)
    elsewhere = "91350100M000100Y43"
    paper = with_field(NEW, "uscc", elsewhere, lattices=(register_digit,))
    assert ("field.inconsistent", "uscc") in found(paper, claim(NEW))


def test_two_lines_are_settled_by_both_of_their_lattices() -> None:
    wanted = ("field.inconsistent", "legal_person_name")
    for last, settled in ((doubtful("龍", 0, "龙"), True), (lattice("龍"), False)):
        paper = with_field(NEW, "legal_person_name", "贺云龍", lattices=(lattice("贺云"), last))
        assert (wanted not in found(paper, claim(NEW, legal_person_name="贺云龙"))) is settled


def test_a_claim_that_says_nothing_of_a_field_is_not_compared() -> None:
    assert found(NEW, claim(NEW, address="")) == []


def test_claim_fits_form() -> None:
    result = verdict(NEW, claim(NEW, employer="某某公司"))
    assert [(f.code, f.where, f.severity) for f in result.findings] == [("claim.invalid", "employer", Severity.WARNS)]


def test_claim_not_from_the_future() -> None:
    assert found(NEW, replace(claim(NEW), submitted_on=date(2026, 6, 2))) == [("claim.invalid", "submitted_on")]


MISREAD = "贺方舟"


def misread(field_id: str, copy_id: str | None = None) -> Reading:
    """A name with one doubtful symbol, read wrong; with `copy_id`, one of the copies does not say the true name."""
    paper = with_field(NEW, field_id, MISREAD, lattices=(doubtful(MISREAD, 1, "云"),), confidence=0.6)
    return with_field(paper, copy_id, "") if copy_id else paper


def test_a_doubtful_reading_is_settled_when_claim_and_evidence_say_the_same() -> None:
    assert found(misread("legal_person_name"), claim(NEW)) == []
    # Over the counter two pieces of evidence do it, one alone does not.
    assert found(misread("legal_person_name")) == []
    assert ("material.inconsistent", "legal_person.id_name") in found(
        misread("legal_person_name", "licence_legal_person")
    )


def test_a_sure_reading_is_never_settled_by_others() -> None:
    assert ("field.inconsistent", "legal_person_name") in found(
        with_field(NEW, "legal_person_name", MISREAD), claim(NEW)
    )
    # Nor one that is as sure as the policy asks, whatever else the recogniser held possible.
    held = misread("legal_person_name")
    for confidence, settled in ((0.89, True), (0.9, False)):
        paper = with_field(held, "legal_person_name", confidence=confidence)
        assert (found(paper, claim(NEW)) == []) is settled


@pytest.mark.parametrize(
    ("confidence", "likely", "settled"),
    [(0.6, 0.3, True), (0.6, 0.08, True), (0.6, 0.01, False), (0.6, 0.0, False), (0.95, 0.3, False)],
)
def test_a_telephone_in_doubt_is_the_one_that_is_claimed(confidence: float, likely: float, settled: bool) -> None:
    said = NEW.text("agent_phone") or ""
    other = said[:-1] + ("1" if said[-1] != "1" else "7")
    paper = with_field(NEW, "agent_phone", other, confidence=confidence)
    held = ((other, 1.0 - likely), (said, likely))
    paper = replace(paper, fields=tuple(replace(f, held=held) if f.id == "agent_phone" else f for f in paper.fields))
    assert (found(paper, claim(NEW)) == []) is settled


def test_a_claim_alone_settles_nothing() -> None:
    seen = "哈尔滨市松北区创新一路 72 号"
    lattices = (doubtful(seen, seen.index("7"), "1"),)
    paper = with_field(NEW, "address", seen, lattices=lattices)
    assert ("field.inconsistent", "address") in found(paper, claim(NEW))


def test_form_and_claim_do_not_settle_the_evidence() -> None:
    """Both are the applicant's word: a licence that may say another name needs a seal or card beside it."""
    seen = UNIT.replace("云", "去")
    at = UNIT.index("云")
    licence = with_field(NEW, "licence_unit_name", seen, lattices=(doubtful(seen, at, "云"),), confidence=0.6)
    assert found(licence, claim(NEW)) == []  # the seals on the form say the name
    unread = replace(licence, marks=tuple(replace(m, ring_text="", ring_lattice=None) for m in licence.marks))
    assert ("material.inconsistent", "licence_unit_name") in found(unread, claim(NEW))
