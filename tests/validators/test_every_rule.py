"""Every rule is broken alone: for each the case that breaks it and no other, so that none is idle and none overlaps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest

from tests.validators.builder import (
    ALL,
    LEGAL_ID,
    TODAY,
    USCC,
    application,
    certificate,
    claim,
    lattice,
    page_of,
    with_field,
    with_mark,
    with_page,
    with_state,
    without_copy,
    without_field,
    without_mark,
)
from validators import examine, open_case
from validators.rules import RULES
from yinjian.findings import Severity
from yinjian.records import Claim, PageKind, Reading, RegisterEntry, Reuse, State

NEW, LEGAL = application(), application("hpe", "legal_person")
RENEWED = application("hpe", "enterprise", "renew")
MEDICAL = application("ggzy", "medical")
LICENCE = page_of(NEW, PageKind.BUSINESS_LICENCE)
OTHER = "大庆油城建设工程集团"
WRONG = USCC[:-1] + ("A" if USCC[-1] != "A" else "B")
GGZY = with_field(NEW, "project_name", ALL.platform("ggzy").name)


@dataclass(frozen=True, slots=True)
class Broken:
    """What a rule is broken by. `others`: rules that nothing can break it without."""

    reading: Reading = NEW
    said: Claim | None = None
    register: tuple[RegisterEntry, ...] | None = ()
    reuse: tuple[Reuse, ...] = ()
    others: frozenset[str] = frozenset()


def renamed(mark_id: str, page: int | None = None) -> Reading:
    return with_mark(NEW, mark_id, page, ring_text=OTHER, ring_lattice=lattice(OTHER))


def spoilt(fault: str) -> Broken:
    return Broken(with_mark(NEW, "seal_collection", faults=(f"seal.{fault}",)))


def ticked_instead(reading: Reading, label: str) -> Reading:
    states = (State.TICKED if c.label == label else State.CLEAR for c in reading.choices)
    changed = (
        replace(c, state=s) if c.group == "business" else c for c, s in zip(reading.choices, states, strict=True)
    )
    return replace(reading, choices=tuple(changed))


def secondary_on_ggzy() -> Broken:
    ggzy = ticked_instead(application("ggzy", "enterprise"), "副锁")
    return Broken(ggzy, register=(certificate(platform="ggzy", id_number=LEGAL_ID),))


def as_purchaser() -> Reading:
    reading = with_state(NEW, "unit_category", "投标单位", State.CLEAR)
    return with_state(reading, "unit_category", "采购单位", State.TICKED)


def claimed_more() -> Claim:
    said = claim(NEW)
    return replace(said, fields=(*said.fields, ("employer", "某单位")))


BROKEN: dict[str, Callable[[], Broken]] = {
    "form_known": lambda: Broken(NEW, claim(NEW, business="change"), others=frozenset({"business_as_claimed"})),
    "certificate_offered": lambda: Broken(GGZY, claim(GGZY, "ggzy", "bidding_agency")),
    "form_fits_certificate": lambda: Broken(NEW, claim(NEW, "hpe", "legal_person")),
    "category_fits_certificate": lambda: Broken(as_purchaser(), claim(NEW)),
    "platform_is_named": lambda: Broken(GGZY, claim(NEW)),
    "form_page_present": lambda: Broken(with_page(NEW, 0, kind=PageKind.OTHER)),
    "agreement_present": lambda: Broken(with_page(NEW, 1, kind=PageKind.OTHER)),
    "one_business": lambda: Broken(with_state(NEW, "business", "续费", State.TICKED), claim(NEW)),
    "one_unit_category": lambda: Broken(with_state(NEW, "unit_category", "其他", State.UNCLEAR), claim(NEW)),
    "business_offered": secondary_on_ggzy,
    "business_as_claimed": lambda: Broken(NEW, claim(NEW, business="renew"), (certificate(),)),
    "fields_filled": lambda: Broken(with_field(NEW, "address", "")),
    "fields_legible": lambda: Broken(with_field(NEW, "agent_phone", confidence=0.3)),
    "unit_code_valid": lambda: Broken(with_field(with_field(NEW, "uscc", WRONG), "licence_uscc", WRONG)),
    "identity_numbers_valid": lambda: Broken(with_field(NEW, "legal_person.id_number", "230102197903040010")),
    "mobile_numbers_valid": lambda: Broken(with_field(NEW, "agent_phone", "12345678901")),
    "application_dated": lambda: Broken(with_field(NEW, "application_date", "2027-01-01")),
    "agent_is_authorized": lambda: Broken(with_field(NEW, "authorization_agent_name", "葛大禾")),
    "paper_as_claimed": lambda: Broken(NEW, claim(NEW, legal_person_phone="13804510009")),
    "claim_fits_form": lambda: Broken(NEW, claimed_more()),
    "claim_not_from_the_future": lambda: Broken(NEW, replace(claim(NEW), submitted_on=date(2026, 6, 9))),
    "marks_present": lambda: Broken(without_mark(NEW, "signature_agent")),
    "marks_clear": lambda: spoilt("unclear"),
    "marks_whole": lambda: spoilt("clipped"),
    "marks_off_print": lambda: spoilt("overlaps_text"),
    "marks_off_lines": lambda: spoilt("overlaps_line"),
    "seals_in_red": lambda: spoilt("not_red"),
    "seals_of_the_unit_itself": lambda: spoilt("name_mismatch"),
    "signature_in_black": lambda: Broken(with_mark(LEGAL, "signature_collection", faults=("signature.not_black",))),
    "form_seals_are_the_units": lambda: Broken(renamed("seal_declaration")),
    "copy_seals_are_the_units": lambda: Broken(renamed("material_seal", LICENCE)),
    "seals_stamped_anew": lambda: Broken(reuse=(Reuse("seal_collection", 0, "b", "seal_collection", 0.999),)),
    "signatures_written_anew": lambda: Broken(LEGAL, reuse=(Reuse("signature_collection", 0, "b", "x", 0.999),)),
    "copies_made_anew": lambda: Broken(reuse=(Reuse("material_seal", LICENCE, "b", "material_seal", 0.999),)),
    "materials_present": lambda: Broken(without_copy(NEW, PageKind.IDENTITY_CARD, "agent")),
    "materials_stated": lambda: Broken(MEDICAL),
    "copies_sealed": lambda: Broken(without_mark(NEW, "material_seal", LICENCE)),
    "licence_in_force": lambda: Broken(with_field(NEW, "licence_valid_until", "2026-05-31")),
    "cards_in_force": lambda: Broken(with_field(NEW, "agent.id_valid_until", "2026-05-31")),
    "copies_bear_out_form": lambda: Broken(with_field(NEW, "licence_legal_person", "贺云帆")),
    "organisation_read": lambda: Broken(
        without_field(without_field(LEGAL, "licence_unit_name"), "licence_uscc"),
        others=frozenset({"form_seals_are_the_units", "copy_seals_are_the_units"}),  # whose, cannot be told either
    ),
    "register_at_hand": lambda: Broken(RENEWED, register=None),
    "certificate_exists": lambda: Broken(RENEWED),
    "none_active_yet": lambda: Broken(register=(certificate(),)),
    "register_names_the_unit": lambda: Broken(RENEWED, register=(certificate(unit_name="哈尔滨松北云衫软件有限公司"),)),
}


def test_the_table_has_every_rule() -> None:
    assert list(BROKEN) == [rule.__name__ for rule in RULES]


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_is_broken_alone(name: str) -> None:
    broken = BROKEN[name]()
    case = open_case(broken.reading, broken.said, broken.register, TODAY, ALL, reuse=broken.reuse)
    outcomes = list(examine(case))
    found = {o.rule for o in outcomes if any(f.severity is not Severity.NOTES for f in o.findings)}
    assert found == {name} | broken.others
    assert "rule.failed" not in {f.code for o in outcomes for f in o.findings}
