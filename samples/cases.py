"""One applicant's papers before they are drawn: who applies for what, and what is written where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from samples.people import Company, Person, make_company, make_person
from yinjian.catalogue import Form, catalogue
from yinjian.catalogue.layout import SlotKind

BUSINESS = {"new": "新办", "secondary": "副锁", "renew": "续费", "replace": "补办", "revoke": "注销"}
FORMS = {"purchaser": "enterprise"}  # the others bear their certificate's name
CATEGORY = {"purchaser": "采购单位", "bidding_agency": "招标代理机构", "medical": "其他"}

# certificate -> whose identity cards go with it, by platform (`materials_of` has the exceptions)
_CARDS = {
    "enterprise": ("legal_person", "agent"),
    "enterprise_secondary": ("legal_person", "agent"),
    "legal_person": ("legal_person", "agent"),
    "authorized_rep": ("legal_person", "authorized_rep"),
    "purchaser": ("agent",),
    "bidding_agency": ("legal_person", "agent"),
    "expert": ("expert", "agent"),
    "medical": ("legal_person", "agent"),
}
_CARDS_GGZY = {
    "authorized_rep": ("authorized_rep",),
    "purchaser": ("legal_person", "agent"),
    "expert": ("expert",),
}


@dataclass(frozen=True, slots=True)
class Material:
    """One copy: the licence (role "") or a side, "both" on one sheet, of somebody's card; with or without a seal."""

    role: str
    side: str = ""
    sealed: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """All that the papers say. `values` stand on the form, `claim` in application.json (None over the counter).

    `licence` is the unit as its licence shows it. `paper_platform` is the platform of the form that was printed.
    `place`: where the collected seal or signature is put (see `Stamps`); `blue`: the latter with a blue pen.
    `card_of`: whose card is copied for the principal's, None for his own; `copy_seal`: the name in the copies' seals
    where it is not the unit's.
    """

    platform: str
    certificate: str
    business: str
    paper_platform: str
    company: Company
    licence: Company
    principal: Person
    agent: Person
    submitted_on: date
    values: dict[str, str]
    claim: dict[str, str] | None
    ticks: dict[str, tuple[str, ...]]
    signers: dict[str, str]
    collection: bool
    declaration: bool
    materials: tuple[Material, ...]
    spoiled: tuple[str, ...] = ()
    place: str = "clear"
    blue: bool = False
    pasted: bool = False
    card_of: Person | None = None
    copy_seal: str = ""
    declaration_name: str = ""
    agreement: tuple[str, ...] | None = None

    @property
    def form(self) -> Form:
        return form_of(self.certificate)

    def person(self, role: str) -> Person:
        """Whose card: the legal person, the agent, or the principal as expert or representative."""
        own = {"legal_person": self.company.principal, "agent": self.agent}.get(role, self.principal)
        return self.card_of if self.card_of is not None and own is self.principal else own


def form_of(certificate: str) -> Form:
    return catalogue().form(FORMS.get(certificate, certificate))


def make_case(rng: Random, certificate: str, platform: str, business: str, *, online: bool) -> Case:
    """A complete and consistent application."""
    company = _company(rng, certificate)
    agent, own = make_person(rng), make_person(rng)
    principal = own if certificate in ("expert", "authorized_rep") else company.principal
    submitted = date(2026, 10, 8) + timedelta(days=rng.randrange(40))
    values = _values(certificate, company, principal, agent, submitted - timedelta(days=rng.randint(0, 5)))
    claim = {k: v for k, v in values.items() if k != "application_date"} if online else None
    kinds = {slot.kind for slot in form_of(certificate).slots()}
    return Case(
        platform, certificate, business, platform, company, company, principal, agent, submitted, values, claim,
        ticks=_ticks(rng, certificate, business),
        signers=_signers(certificate, principal, agent),
        collection=SlotKind.COLLECTION in kinds and business not in ("secondary", "revoke"),
        declaration=SlotKind.SEAL in kinds,
        materials=_materials(rng, certificate, platform),
    )  # fmt: skip


def _company(rng: Random, certificate: str) -> Company:
    if certificate == "purchaser":
        return make_company(rng, public=True)
    trade = "招标代理" if certificate == "bidding_agency" else ""
    return make_company(rng, trade=trade, old_number=not trade and rng.random() < 0.08)


def _values(certificate: str, company: Company, principal: Person, agent: Person, day: date) -> dict[str, str]:
    """A text for every field of the form."""
    known = {
        "unit_name": company.name,
        "uscc": company.code,
        "address": company.address,
        "legal_person_name": company.principal.name,
        "legal_person_phone": company.principal.phone,
        "agent_name": agent.name,
        "agent_phone": agent.phone,
        "authorization_agent_name": agent.name,
        "authorization_agent_id": agent.id_number,
        "application_date": day.isoformat(),
        "employer": company.name,
    }
    known |= {"applicant_name": principal.name, "applicant_id": principal.id_number, "applicant_phone": principal.phone}
    known |= {"name": principal.name, "id_number": principal.id_number, "phone": principal.phone}
    slots = (s.id for s in form_of(certificate).slots() if s.kind in (SlotKind.FIELD, SlotKind.DATE))
    return {field_id: known[field_id] for field_id in slots}


def _ticks(rng: Random, certificate: str, business: str) -> dict[str, tuple[str, ...]]:
    offered: dict[str, list[str]] = {}
    for slot in form_of(certificate).slots():
        if slot.kind is SlotKind.BOX:
            offered.setdefault(slot.id, []).append(slot.label)
    wanted = {"business": BUSINESS[business], "unit_category": CATEGORY.get(certificate, "投标单位")}
    return {group: (wanted[group],) for group in offered}


def _signers(certificate: str, principal: Person, agent: Person) -> dict[str, str]:
    slots = form_of(certificate).slots()
    marks = (s.id for s in slots if s.kind in (SlotKind.SIGNATURE, SlotKind.COLLECTION) and s.id != "seal_collection")
    return {mark: agent.name if mark == "signature_agent" else principal.name for mark in marks}


def _materials(rng: Random, certificate: str, platform: str) -> tuple[Material, ...]:
    cards = (_CARDS_GGZY if platform == "ggzy" else {}).get(certificate, _CARDS[certificate])
    sealed = not (platform == "ggzy" and certificate == "expert")
    copies = [] if certificate == "expert" else [Material("")]
    for role in cards:
        sides = ("both",) if rng.random() < 0.75 else ("front", "back")
        copies += [Material(role, side, sealed) for side in sides]
    return tuple(copies)
