"""What can be wrong with an application: each fault changes a complete case and has the finding it must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Any

from samples import numbers
from samples.cases import Case, Material
from samples.people import make_company, make_person
from yinjian.catalogue import catalogue
from yinjian.errors import CatalogueError

Change = Callable[[Case, Random], Case]


@dataclass(frozen=True, slots=True)
class Fault:
    """`finding` is (code, where); `needs_claim`: only an on-line application can have it.

    `needs_seal`: only one with sealed copies.
    """

    finding: tuple[str, str]
    change: Change
    needs_claim: bool = False
    needs_seal: bool = False


def faulty(case: Case, name: str, rng: Random) -> Case:
    """The case with that fault in it. Raises ValueError when such an application cannot have it."""
    fault = FAULTS[name]
    worse = fault.change(case, rng)
    code, where = fault.finding
    missing = code.startswith(("seal.", "material.")) and where not in _things(case)
    missing |= fault.needs_seal and not all(m.sealed for m in case.materials)
    if worse == case or missing or (fault.needs_claim and case.claim is None):
        raise ValueError(f"an application for {case.certificate} on {case.platform} cannot have the fault {name}")
    return worse


def _things(case: Case) -> set[str]:
    """The seals and materials of an application by the names that findings give them."""
    slots = {slot.id for slot in case.form.slots()}
    seals = {"seal_declaration"} if case.declaration else set()
    if case.collection and "seal_collection" in slots:
        seals.add("seal_collection")
    return seals | {material.role or "business_licence" for material in case.materials}


def _pasted(case: Case, rng: Random) -> Case:
    if "seal_collection" not in _things(case):
        raise ValueError("only a collected seal can be pasted once more")
    return replace(case, pasted=True)


def _value(case: Case, field_id: str, text: str, *, claimed: bool = True) -> Case:
    """Another text on the form, and in the claim too when `claimed` (the fault is then in the value alone)."""
    _text(case, field_id)
    claim = case.claim | {field_id: text} if claimed and case.claim is not None else case.claim
    if claim is not None and field_id == "application_date":
        claim = case.claim
    return replace(case, values=case.values | {field_id: text}, claim=claim)


def _text(case: Case, field_id: str) -> str:
    if field_id not in case.values:
        raise ValueError(f"{case.form.id} has no field {field_id}; this fault is for another form")
    return case.values[field_id]


def _code_digit(case: Case, rng: Random) -> Case:
    code = _text(case, "uscc")
    return _value(case, "uscc", numbers.another_character(rng, code, "0123456789", len(code) - 4))


def _identity_digit(case: Case, rng: Random) -> Case:
    number = _text(case, "authorization_agent_id")
    return _value(case, "authorization_agent_id", numbers.another_character(rng, number, "0123456789", 15))


def _claimed_code(case: Case, rng: Random) -> Case:
    """Paper and claim differ in one digit of the code, both with valid check digits."""
    _text(case, "uscc")
    body = numbers.another_character(rng, case.company.code[:-1], "0123456789", 10)
    check = numbers.registration_check if case.company.old_number else numbers.credit_check
    return replace(case, claim=(case.claim or {}) | {"uscc": body + check(body)})


def _claimed_name(case: Case, rng: Random) -> Case:
    name, claim = _text(case, "unit_name"), case.claim or {}
    place = next(i for i, c in enumerate(name) if c in "霁澜桦岚泓屿珩砚汀沐穗翎禾序衍")
    return replace(case, claim=claim | {"unit_name": numbers.another_character(rng, name, "安宏盛德源", place)})


def _none_ticked(group: str) -> Change:
    return lambda case, rng: replace(case, ticks={k: v for k, v in case.ticks.items() if k != group})


def _two_ticks(case: Case, rng: Random) -> Case:
    other = rng.choice([label for label in ("新办", "续费", "补办") if label not in case.ticks["business"]])
    return replace(case, ticks=case.ticks | {"business": (*case.ticks["business"], other)})


def _scribbled(case: Case, rng: Random) -> Case:
    other = rng.choice([label for label in ("新办", "续费", "补办") if label not in case.ticks["business"]])
    return replace(case, spoiled=(other,))


def _unsigned(mark: str) -> Change:
    return lambda case, rng: replace(case, signers={k: v for k, v in case.signers.items() if k != mark})


def _signature(**changes: Any) -> Change:
    """Something about the signature that is collected, where one is."""

    def change(case: Case, rng: Random) -> Case:
        if "signature_collection" not in case.signers:
            raise ValueError(f"{case.form.id} collects no signature")
        return replace(case, **changes)

    return change


def _claimed_person(case: Case, rng: Random) -> Case:
    """The claim names another person's number, valid too."""
    _text(case, "applicant_id")
    return replace(case, claim=(case.claim or {}) | {"applicant_id": make_person(rng).id_number})


def _other_person(case: Case, rng: Random) -> Case:
    """The card of somebody else in place of the expert's."""
    return replace(case, card_of=make_person(rng))


def _other_copy_seal(case: Case, rng: Random) -> Case:
    """The expert's card bears the seal of a unit that does not employ the expert."""
    return replace(case, copy_seal=make_company(rng).name)


def _other_platform(case: Case, rng: Random) -> Case:
    _terms_elsewhere(case)
    return replace(case, paper_platform=_elsewhere(case))


def _elsewhere(case: Case) -> str:
    return "ggzy" if case.platform == "hpe" else "hpe"


def _terms_elsewhere(case: Case) -> tuple[str, ...]:
    """The agreement behind the same form on the other platform, which need not have that form."""
    try:
        return catalogue().agreement(case.form.id, _elsewhere(case))
    except CatalogueError as error:
        raise ValueError(f"{_elsewhere(case)} has no form {case.form.id}") from error


def _agreement(case: Case) -> tuple[str, ...]:
    return catalogue().agreement(case.form.id, case.platform)


def _fee(case: Case, rng: Random) -> Case:
    """The fee clause names another sum."""
    terms = tuple(p.replace("360元", "160元").replace("140元", "40元") for p in _agreement(case))
    return replace(case, agreement=_changed(case, terms))


def _dropped_word(case: Case, rng: Random) -> Case:
    terms = tuple(p.replace("HLJCA不得将", "HLJCA得将") for p in _agreement(case))
    return replace(case, agreement=_changed(case, terms))


def _foreign_agreement(case: Case, rng: Random) -> Case:
    return replace(case, agreement=_changed(case, _terms_elsewhere(case)))


def _changed(case: Case, terms: tuple[str, ...]) -> tuple[str, ...]:
    if terms == _agreement(case):
        raise ValueError(f"the agreement of {case.form.id} on {case.platform} cannot have this fault")
    return terms


def _without(lost: Callable[[Material], bool]) -> Change:
    return lambda case, rng: replace(case, materials=tuple(m for m in case.materials if not lost(m)))


def _one_side(case: Case, rng: Random) -> Case:
    """Of the agent's card only the portrait side was copied."""
    kept = tuple(m for m in case.materials if m.role != "agent")
    return replace(case, materials=(*kept, Material("agent", "front")))


def _unsealed(case: Case, rng: Random) -> Case:
    return replace(case, materials=tuple(replace(m, sealed=m.sealed and bool(m.role)) for m in case.materials))


def _expired_licence(case: Case, rng: Random) -> Case:
    ended = case.submitted_on - timedelta(days=rng.randint(40, 400))
    return replace(case, licence=replace(case.licence, until=ended))


def _expired_card(case: Case, rng: Random) -> Case:
    ended = date(2026, 3, rng.randint(1, 28))
    return replace(case, agent=replace(case.agent, id_from=ended.replace(year=2006), id_until=ended))


def _other_licence(case: Case, rng: Random) -> Case:
    """The licence of another unit."""
    return replace(case, licence=make_company(rng, public=case.company.public))


FAULTS: dict[str, Fault] = {
    "agreement-missing": Fault(("page.missing", "agreement"), lambda case, rng: replace(case, agreement=())),
    "agreement-fee": Fault(("agreement.altered", "agreement"), _fee),
    "agreement-word": Fault(("agreement.altered", "agreement"), _dropped_word),
    "agreement-foreign": Fault(("agreement.altered", "agreement"), _foreign_agreement),
    "platform": Fault(("form.wrong_platform", "project_name"), _other_platform, True),
    "seal-declaration-missing": Fault(
        ("seal.missing", "seal_declaration"), lambda case, rng: replace(case, declaration=False)
    ),
    "seal-collection-missing": Fault(
        ("seal.missing", "seal_collection"), lambda case, rng: replace(case, collection=False)
    ),
    "seal-on-line": Fault(("seal.overlaps_line", "seal_collection"), lambda case, rng: replace(case, place="line")),
    "seal-on-text": Fault(("seal.overlaps_text", "seal_collection"), lambda case, rng: replace(case, place="text")),
    "seal-cut": Fault(("seal.clipped", "seal_collection"), lambda case, rng: replace(case, place="cut")),
    "seal-pasted": Fault(("seal.reused", "seal_declaration"), _pasted),
    "seal-other-unit": Fault(
        ("seal.name_mismatch", "seal_declaration"),
        lambda case, rng: replace(case, declaration_name=make_company(rng).name),
    ),
    "business-two": Fault(("choice.multiple", "business"), _two_ticks),
    "business-none": Fault(("choice.none", "business"), _none_ticked("business")),
    "business-scribbled": Fault(("choice.unclear", "business"), _scribbled),
    "category-none": Fault(("choice.none", "unit_category"), _none_ticked("unit_category")),
    "uscc-check": Fault(("field.invalid", "uscc"), _code_digit),
    "id-check": Fault(("field.invalid", "authorization_agent_id"), _identity_digit),
    "phone-short": Fault(
        ("field.invalid", "agent_phone"), lambda case, rng: _value(case, "agent_phone", _text(case, "agent_phone")[:-1])
    ),
    "address-blank": Fault(("field.missing", "address"), lambda case, rng: _value(case, "address", "", claimed=False)),
    "signature-missing": Fault(("signature.missing", "signature_agent"), _unsigned("signature_agent")),
    "signature-principal-missing": Fault(
        ("signature.missing", "signature_legal_person"), _unsigned("signature_legal_person")
    ),
    "signature-declaration-missing": Fault(
        ("signature.missing", "signature_declaration"), _unsigned("signature_declaration")
    ),
    "signature-collection-missing": Fault(
        ("signature.missing", "signature_collection"), _unsigned("signature_collection")
    ),
    "signature-blue": Fault(("signature.not_black", "signature_collection"), _signature(blue=True)),
    "signature-on-line": Fault(("signature.overlaps_line", "signature_collection"), _signature(place="line")),
    "signature-on-text": Fault(("signature.overlaps_text", "signature_collection"), _signature(place="text")),
    "date-missing": Fault(
        ("field.missing", "application_date"), lambda case, rng: _value(case, "application_date", "")
    ),
    "date-future": Fault(
        ("field.invalid", "application_date"),
        lambda case, rng: _value(case, "application_date", f"2027-{rng.randint(5, 9):02d}-{rng.randint(1, 28):02d}"),
    ),
    "claim-name": Fault(("field.inconsistent", "unit_name"), _claimed_name, True),
    "claim-uscc": Fault(("field.inconsistent", "uscc"), _claimed_code, True),
    "claim-person": Fault(("field.inconsistent", "applicant_id"), _claimed_person, True),
    "card-other-person": Fault(("material.missing", "expert"), _other_person),
    "card-other-seal": Fault(("seal.unclear", "expert"), _other_copy_seal, needs_seal=True),
    "licence-missing": Fault(("material.missing", "business_licence"), _without(lambda m: not m.role)),
    "card-missing": Fault(("material.missing", "agent"), _without(lambda m: m.role == "agent")),
    "card-side-missing": Fault(("material.missing", "agent"), _one_side),
    "licence-unsealed": Fault(("material.unsealed", "business_licence"), _unsealed),
    "licence-expired": Fault(("material.expired", "business_licence"), _expired_licence),
    "card-expired": Fault(("material.expired", "agent"), _expired_card),
    "licence-other-unit": Fault(("material.inconsistent", "business_licence"), _other_licence),
}
