"""Each rule about the copies, broken alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.validators.builder import (
    AGENT_ID,
    LEGAL_ID,
    UNIT,
    application,
    certificate,
    claim,
    field,
    found,
    page_of,
    verdict,
    with_field,
    with_page,
    without_copy,
    without_field,
    without_mark,
)
from yinjian.records import Decision, PageKind, Reading

NEW = application()
LICENCE, CARD = PageKind.BUSINESS_LICENCE, PageKind.IDENTITY_CARD
PLACES = [(LICENCE, "", "business_licence"), (CARD, "agent", "identity_card:agent")]
PLACES += [(CARD, "legal_person", "identity_card:legal_person")]


@pytest.mark.parametrize(("kind", "role", "where"), PLACES)
def test_materials_present(kind: PageKind, role: str, where: str) -> None:
    assert found(without_copy(NEW, kind, role)) == [("material.missing", where)]


@pytest.mark.parametrize("side", ["front", "back"])
def test_both_sides_are_asked_for(side: str) -> None:
    page = page_of(NEW, CARD, "agent")
    assert ("material.missing", "identity_card:agent") in found(with_page(NEW, page, side=side))


def test_materials_stated() -> None:
    medical = application("ggzy", "medical")
    assert ("material.missing", "materials") in found(medical)
    assert verdict(medical).decision is Decision.REVIEW


def test_copies_are_judged_where_no_document_asks_for_them() -> None:
    medical = application("ggzy", "medical")
    copied = tuple(page for page in NEW.pages if page.kind in (LICENCE, CARD))
    shift = len(medical.pages) - NEW.pages.index(copied[0])
    of_copies = tuple(f for f in NEW.fields if f.page >= NEW.pages.index(copied[0]))
    fields = (*medical.fields, *(replace(f, page=f.page + shift) for f in of_copies))
    handed_in = replace(medical, pages=(*medical.pages, *copied), fields=fields)
    assert ("material.unsealed", "business_licence") in found(handed_in)
    assert ("material.expired", "identity_card:agent") in found(
        with_field(handed_in, "agent.id_valid_until", "2020-01-01")
    )
    assert ("material.expired", "identity_card:agent") not in found(handed_in)


@pytest.mark.parametrize(("kind", "role", "where"), PLACES)
def test_copies_sealed(kind: PageKind, role: str, where: str) -> None:
    assert found(without_mark(NEW, "material_seal", page_of(NEW, kind, role))) == [("material.unsealed", where)]


def test_a_card_that_needs_no_seal() -> None:
    expert = application("ggzy", "expert")
    assert not [m for m in expert.marks if m.id == "material_seal"]
    assert found(expert) == []


def test_licence_in_force() -> None:
    assert found(with_field(NEW, "licence_valid_until", "2026-05-31")) == [("material.expired", "business_licence")]
    assert found(with_field(NEW, "licence_valid_until", "2026-06-01")) == []
    assert found(with_field(NEW, "licence_valid_until", "")) == []
    assert found(with_field(NEW, "licence_valid_until", "2O26")) == [("field.unclear", "licence_valid_until")]


def test_cards_in_force() -> None:
    until = "agent.id_valid_until"
    assert found(with_field(NEW, until, "2026-05-31")) == [("material.expired", "identity_card:agent")]
    assert found(with_field(NEW, until, "长期")) == []
    assert found(with_field(NEW, until, "")) == [("field.unclear", until)]
    assert found(without_field(NEW, until)) == [("field.unclear", until)]


@pytest.mark.parametrize(
    ("copy_id", "text"),
    [
        ("licence_unit_name", UNIT.replace("云", "去")),
        ("licence_uscc", "91350100M000100Y43"),
        ("licence_legal_person", "贺云丹"),
        ("legal_person.id_name", "贺云丹"),
        ("agent.id_name", "葛小木"),
        ("agent.id_number", LEGAL_ID),
    ],
)
def test_copies_bear_out_form(copy_id: str, text: str) -> None:
    assert found(with_field(NEW, copy_id, text), claim(NEW)) == [("material.inconsistent", copy_id)]


@pytest.mark.parametrize("copy_id", ["licence_unit_name", "licence_uscc", "agent.id_number"])
def test_a_value_that_the_copy_does_not_show_is_not_settled(copy_id: str) -> None:
    assert found(without_field(NEW, copy_id), claim(NEW)) == [("field.unclear", copy_id)]
    assert found(with_field(NEW, copy_id, ""), claim(NEW)) == [("field.unclear", copy_id)]


def test_organisation_read() -> None:
    legal = application("hpe", "legal_person")
    assert found(without_field(legal, "licence_uscc")) == [("field.unclear", "licence_uscc")]


@pytest.mark.parametrize(
    ("copy_id", "text"), [("legal_person.id_number", AGENT_ID), ("licence_legal_person", "贺云丹")]
)
def test_the_principals_card_bears_out_the_applicant(copy_id: str, text: str) -> None:
    assert ("material.inconsistent", copy_id) in found(with_field(application("hpe", "legal_person"), copy_id, text))


def test_where_the_form_names_no_legal_person_card_and_licence_must_agree() -> None:
    rep = application("hpe", "authorized_rep")
    assert found(with_field(rep, "legal_person.id_name", "贺云丹")) == [
        ("material.inconsistent", "legal_person.id_name")
    ]


def own_agent(number: str) -> Reading:
    """The legal person is the agent as well, and there is one card."""
    reading = without_copy(NEW, CARD, "agent")
    for field_id in ("agent_name", "authorization_agent_name"):
        reading = with_field(reading, field_id, "贺云舟")
    return with_field(reading, "authorization_agent_id", number)


def test_one_card_serves_a_legal_person_who_is_the_agent() -> None:
    assert found(own_agent(LEGAL_ID)) == []
    # Of the same name only: another's card.
    assert found(own_agent(AGENT_ID)) == [("material.missing", "identity_card:agent")]


def test_a_copy_that_nobody_asked_for_is_not_judged() -> None:
    purchaser = application("hpe", "purchaser")
    assert not purchaser.field("legal_person.id_name")
    extra = replace(purchaser, fields=(*purchaser.fields, field("legal_person.id_name", "贺云丹")))
    assert found(extra) == []


def test_materials_are_asked_for_renewals_too() -> None:
    renewal = application(business="renew")
    without = without_copy(renewal, LICENCE)
    assert found(without, claim(renewal, business="renew"), (certificate(),)) == [
        ("material.missing", "business_licence")
    ]


def as_own_agent(reading: Reading) -> Reading:
    """The principal applies in person: one name and one number everywhere."""
    names, number = ("agent_name", "authorization_agent_name"), reading.text("id_number") or ""
    for field_id in names:
        reading = with_field(reading, field_id, reading.text("name") or "")
    return with_field(reading, "authorization_agent_id", number)


@pytest.mark.parametrize("lacking", ["agent", "expert"])
def test_who_is_the_agent_too_needs_one_card(lacking: str) -> None:
    expert = as_own_agent(application("hpe", "expert"))
    agent = {"agent.id_name": expert.text("name"), "agent.id_number": expert.text("id_number")}
    for field_id, text in agent.items():
        expert = with_field(expert, field_id, text)
    assert found(without_copy(expert, CARD, lacking)) == []
    assert found(without_copy(application("hpe", "expert"), CARD, lacking)) == [
        ("material.missing", f"identity_card:{lacking}")
    ]


def test_cards_of_two_on_one_page() -> None:
    page, other = (page_of(NEW, CARD, role) for role in ("legal_person", "agent"))
    both = with_page(NEW, page, role="legal_person,agent")
    assert found(with_page(both, other, kind=PageKind.OTHER, role="", side="")) == []


def test_a_doubtful_name_on_the_licence_is_borne_out_by_a_seal() -> None:
    doubtful = with_field(application("hpe", "legal_person"), "licence_unit_name", confidence=0.5)
    assert found(doubtful) == []
    illegible = replace(doubtful, marks=tuple(replace(m, ring_text="") for m in doubtful.marks))
    assert ("field.unclear", "licence_unit_name") in found(illegible)
