"""Each rule about form, pages, boxes and values, broken alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.validators.builder import (
    AGENT_ID,
    ALL,
    TODAY,
    USCC,
    application,
    certificate,
    claim,
    doubtful,
    found,
    messages,
    page_of,
    verdict,
    with_field,
    with_page,
    with_state,
    without_field,
)
from yinjian.checkdigits import registration_check
from yinjian.records import Claim, Decision, PageKind, Reading, State

NEW = application()
REGISTRATION = "23010910001234"
REGISTRATION += registration_check(REGISTRATION)


def test_form_known() -> None:
    unknown = replace(NEW, form=None, choices=())
    assert ("form.unknown", "form") in found(unknown)


@pytest.mark.parametrize(
    ("certificate_id", "business"), [("enterprise", "unlock"), ("enterprise", "change"), ("expert", "revoke")]
)
def test_a_business_without_a_form_ends_at_a_person(certificate_id: str, business: str) -> None:
    said = Claim("hpe", certificate_id, business, (), None)
    result = verdict(replace(NEW, form=None, pages=(), fields=(), choices=(), marks=()), said, (certificate(),))
    assert ("form.unknown", "business") in [(f.code, f.where) for f in result.findings]
    assert result.decision is Decision.REVIEW


def test_form_fits_certificate() -> None:
    said = claim(NEW, certificate="bidding_agency")
    assert ("form.wrong_certificate", "form") in found(NEW, said)


def test_certificate_offered() -> None:
    agency = application("hpe", "bidding_agency")
    elsewhere = with_field(agency, "project_name", ALL.platform("ggzy").name)
    assert found(elsewhere) == [("form.wrong_certificate", "certificate")]


def test_category_fits_certificate() -> None:
    purchaser = application("hpe", "purchaser")
    assert ("form.wrong_certificate", "unit_category") in found(purchaser, claim(purchaser))


@pytest.mark.parametrize("name", ["黑龙江省公共资源交易平台", "哈尔滨产权交易所电子招投标平合", "某某平台"])
def test_platform_is_named(name: str) -> None:
    assert found(with_field(NEW, "project_name", name), claim(NEW)) == [("form.wrong_platform", "project_name")]


def test_a_misread_symbol_in_the_platforms_name_is_settled_by_the_lattice() -> None:
    name = ALL.platform("hpe").name
    worn = name[:-1] + "合"
    assert found(with_field(NEW, "project_name", worn, lattices=(doubtful(worn, len(name) - 1, "台"),))) == []


@pytest.mark.parametrize(("kind", "where"), [(PageKind.FORM, "form"), (PageKind.AGREEMENT, "agreement")])
def test_pages_present(kind: PageKind, where: str) -> None:
    assert found(with_page(NEW, page_of(NEW, kind), kind=PageKind.OTHER)) == [("page.missing", where)]


def test_one_business() -> None:
    assert found(with_state(NEW, "business", "新办", State.CLEAR)) == [("choice.none", "business")]
    assert found(with_state(NEW, "business", "续费", State.TICKED)) == [("choice.multiple", "business")]
    assert found(with_state(NEW, "business", "续费", State.UNCLEAR)) == [("choice.unclear", "business")]
    assert found(with_state(NEW, "business", "新办", State.UNCLEAR)) == [("choice.unclear", "business")]


def test_one_unit_category() -> None:
    said = claim(NEW)
    assert found(with_state(NEW, "unit_category", "投标单位", State.CLEAR), said) == [("choice.none", "unit_category")]
    assert found(with_state(NEW, "unit_category", "其他", State.TICKED), said) == [("choice.multiple", "unit_category")]
    assert found(with_state(NEW, "unit_category", "其他", State.UNCLEAR), said) == [("choice.unclear", "unit_category")]


def test_boxes_that_were_not_found_are_not_ticked() -> None:
    assert found(replace(NEW, choices=()), claim(NEW)) == [
        ("choice.none", "business"),
        ("choice.none", "unit_category"),
    ]


def test_a_box_that_was_not_found_beside_others_may_be_ticked() -> None:
    seen = tuple(choice for choice in NEW.choices if choice.label != "续费")
    assert found(replace(NEW, choices=seen), claim(NEW)) == [("choice.unclear", "business")]


def test_business_offered() -> None:
    legal = application("hpe", "legal_person")
    said = claim(legal, certificate="legal_person", business="secondary")
    assert ("choice.not_offered", "business") in found(legal, said, (certificate(certificate="legal_person"),))


def test_business_as_claimed() -> None:
    renewal = application(business="renew")
    assert found(renewal, claim(renewal)) == [("field.inconsistent", "business")]


@pytest.mark.parametrize("field_id", ["unit_name", "uscc", "address", "legal_person_phone", "authorization_agent_id"])
def test_fields_filled(field_id: str) -> None:
    assert ("field.missing", field_id) in found(with_field(NEW, field_id, " "))
    assert ("field.missing", field_id) in found(without_field(NEW, field_id))


def test_ink_that_could_not_be_read_is_told_from_a_blank() -> None:
    inked, blank = (verdict(with_field(NEW, "address", "", confidence=sure)).findings for sure in (0.0, 1.0))
    assert [f.code for f in (*inked, *blank)] == ["field.missing", "field.missing"]
    assert "似有笔迹" in messages(inked) and "补填" in messages(blank)


def test_a_blank_address_is_the_only_finding() -> None:
    assert found(with_field(NEW, "address", "")) == [("field.missing", "address")]


def test_fields_legible() -> None:
    assert found(with_field(NEW, "agent_phone", confidence=0.85)) == [("field.unclear", "agent_phone")]
    doubtful_address = with_field(NEW, "address", confidence=0.3)
    assert found(doubtful_address) == [("field.unclear", "address")]
    # The claim knew the same text without seeing the paper; the licence says the same name.
    assert found(doubtful_address, claim(NEW)) == []
    assert found(with_field(NEW, "unit_name", confidence=0.3)) == []


@pytest.mark.parametrize("code", [USCC[:-1] + "?", USCC[:17], USCC[::-1], REGISTRATION[:14] + "X"])
def test_unit_code_valid(code: str) -> None:
    both = with_field(with_field(NEW, "uscc", code), "licence_uscc", code)
    assert found(both) == [("field.invalid", "uscc")]


def test_a_unit_without_a_credit_code_gives_its_registration_number() -> None:
    assert found(with_field(with_field(NEW, "uscc", REGISTRATION), "licence_uscc", REGISTRATION)) == []


def test_where_the_form_has_no_code_the_licences_is_checked() -> None:
    legal = application("hpe", "legal_person")
    assert found(with_field(legal, "licence_uscc", USCC[:-1] + "?")) == [("field.invalid", "licence_uscc")]


def test_identity_numbers_valid() -> None:
    wrong = AGENT_ID[:-1] + ("0" if AGENT_ID[-1] != "0" else "1")
    both = with_field(with_field(NEW, "authorization_agent_id", wrong), "agent.id_number", wrong)
    assert found(both) == [("field.invalid", "authorization_agent_id"), ("field.invalid", "agent.id_number")]
    assert found(with_field(NEW, "legal_person.id_number", wrong)) == [("field.invalid", "legal_person.id_number")]


def test_a_small_x_and_spaces_in_an_identity_number_are_no_fault() -> None:
    spaced = f"{AGENT_ID[:6]} {AGENT_ID[6:14]} {AGENT_ID[14:]}".lower()
    assert found(with_field(NEW, "authorization_agent_id", spaced)) == []


@pytest.mark.parametrize("number", ["0451-55918888", "1380451000", "12804510001", "138045100011", "１３８"])
def test_mobile_numbers_valid(number: str) -> None:
    assert found(with_field(NEW, "agent_phone", number)) == [("field.invalid", "agent_phone")]


@pytest.mark.parametrize("day", ["2026-06-02", "2025-11-01", "2026-02-30", "20260520", "五月"])
def test_application_dated(day: str) -> None:
    assert found(with_field(NEW, "application_date", day)) == [("field.invalid", "application_date")]


@pytest.mark.parametrize("days", [0, 180])
def test_the_day_itself_and_the_oldest_day_are_accepted(days: int) -> None:
    day = (TODAY - timedelta(days=days)).isoformat()
    assert found(with_field(NEW, "application_date", day)) == []
    assert date.fromisoformat(day) <= TODAY


def in_doubt(*held: tuple[str, float]) -> Reading:
    """A date read as the first of these."""
    read = with_field(NEW, "application_date", held[0][0])
    fields = (replace(f, confidence=held[0][1], held=held) if f.id == "application_date" else f for f in read.fields)
    return replace(read, fields=tuple(fields))


def before(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    "held",
    [
        ((before(10), 0.5), (before(11), 0.45)),  # either is accepted
        ((before(400), 0.55), (before(10), 0.44)),  # the one is much more often meant
        ((before(-3), 0.6), (before(10), 0.38)),
    ],
)
def test_a_day_in_doubt_that_is_accepted_whichever_it_is_asks_for_nobody(held: tuple[tuple[str, float], ...]) -> None:
    assert found(in_doubt(*held)) == []


@pytest.mark.parametrize(
    ("held", "codes"),
    [
        (((before(400), 0.96), (before(10), 0.03)), {"field.invalid"}),  # hardly doubted
        (((before(400), 0.6),), {"field.unclear", "field.invalid"}),
        (((before(10), 0.5), (before(12), 0.1)), {"field.unclear"}),  # the rest may be anything
        (((before(-3), 0.7), (before(-30), 0.3)), {"field.unclear", "field.invalid"}),
    ],
)
def test_a_day_that_may_not_be_accepted_goes_to_a_person(held: tuple[tuple[str, float], ...], codes: set[str]) -> None:
    assert {code for code, _ in found(in_doubt(*held))} == codes


def test_agent_is_authorized() -> None:
    assert found(with_field(NEW, "authorization_agent_name", "葛小木")) == [
        ("field.inconsistent", "authorization_agent_name")
    ]
