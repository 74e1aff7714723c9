"""The copies that go with a form: which pages they are, whose cards, and which values of the form they bear out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import digits

from validators.case import Case
from validators.policy import Policy
from yinjian.catalogue.model import Material, MaterialKind
from yinjian.records import Mark, PageKind
from yinjian.textfold import fold

# What the seals of those who issue licences and certificates of legal persons say.
_AUTHORITIES = ("监督管理", "工商行政", "行政审批", "登记管理", "编制委员会", "民政", "司法")
_UNIT_PAIRS = (
    ("licence_unit_name", "unit_name"),
    ("licence_uscc", "uscc"),
    ("licence_legal_person", "legal_person_name"),
)
_CARD_PAIRS = {
    "legal_person": (("id_name", "legal_person_name"),),
    "agent": (("id_name", "agent_name"), ("id_number", "authorization_agent_id")),
}
# Of the person whom the certificate names, on the personal forms.
_PRINCIPAL_PAIRS = (
    ("id_name", "applicant_name"),
    ("id_number", "applicant_id"),
    ("id_name", "name"),
    ("id_number", "id_number"),
)


def scanned(case: Case) -> tuple[Material, ...]:
    """The materials asked for that come as pages; a token is brought along."""
    return _as_pages(case.materials())


def copies(case: Case) -> tuple[Material, ...]:
    """The copies that are judged: what is asked for; where no document states it, what is there and others ask for."""
    if case.materials() or case.offer is None:
        return scanned(case)
    others = (m for m in case.catalogue.materials_asked if m.platform == case.subject.platform and m.holds(case.as_of))
    by_place = {place(material): material for material in _as_pages(others)}
    return tuple(material for material in by_place.values() if pages_of(case, material))


def _as_pages(materials: Iterable[Material]) -> tuple[Material, ...]:
    return tuple(m for m in materials if m.kind is not MaterialKind.CERTIFICATE)


def place(material: Material) -> str:
    """`business_licence`, or `identity_card:agent`."""
    return f"{material.kind}:{material.role}" if material.role else str(material.kind)


def pages_of(case: Case, material: Material) -> tuple[int, ...]:
    """The pages of a material."""
    return case.pages(PageKind(material.kind), holder(case, material.role) if material.role else None)


def holder(case: Case, role: str) -> str:
    """Whose card serves for a role: another's when it is missing and both are, by name and number, the same person.

    Whoever the certificate is for may be the agent as well.
    """
    principal = case.subject.certificate or "" if case.personal else "legal_person"
    other = {"agent": principal, principal: "agent"}.get(role, role)
    if case.pages(PageKind.IDENTITY_CARD, role) or not case.pages(PageKind.IDENTITY_CARD, other):
        return role
    named = next((own for own in ("legal_person_name", "applicant_name", "name") if case.on_form(own)), "agent_name")
    same = (
        case.same("agent_name", named)
        and case.same(named, f"{other}.id_name")
        and case.same("authorization_agent_id", f"{other}.id_number")
    )
    return other if same else role


def seals_on(case: Case, page: int) -> tuple[Mark, ...]:
    """What may be the unit's seal on a copy: no red picture, nor the seal of the authority that issued the document."""
    marks = (m for m in case.reading.marks if m.id == "material_seal" and m.page == page)
    large = (mark for mark in marks if is_large(mark, case.policy))
    return tuple(mark for mark in large if not of_authority(mark.ring_text, case.unit_names))


def is_large(mark: Mark, policy: Policy) -> bool:
    """Whether a seal may be as large as a unit's; an unknown size speaks for it."""
    return mark.size_mm is None or mark.size_mm >= policy.min_seal_mm


def of_authority(text: str, unit_names: Iterable[str]) -> bool:
    """Whether a seal says that an authority which issues such documents has it, unless that is what the unit is."""
    own = "".join(unit_names)
    return any(word in text and word not in own for word in _AUTHORITIES)


def ring_name(ring_text: str) -> str:
    """What a seal says (folded) without its own number, which runs along the lower edge."""
    return fold(ring_text).strip(digits)


def sealed_pages(case: Case) -> Iterator[tuple[str, int]]:
    """(copy, page) for every page that must be sealed."""
    for material in copies(case):
        yield from ((place(material), page) for page in pages_of(case, material) if material.sealed)


def evidence(case: Case) -> Iterator[tuple[str, str]]:
    """(field of a copy, field that it must agree with), for the copies that are judged and there."""
    for material in copies(case):
        if not pages_of(case, material):
            continue
        if material.kind is MaterialKind.BUSINESS_LICENCE:
            yield from (pair for pair in _licence_pairs(case) if case.on_form(pair[1]))
        else:
            card = holder(case, material.role)
            yield from (
                (f"{card}.{own}", other) for own, other in _pairs_of(case, material.role) if case.on_form(other)
            )
            if not case.on_form("legal_person_name") and material.role == "legal_person":
                yield f"{card}.id_name", "licence_legal_person"


def _licence_pairs(case: Case) -> tuple[tuple[str, str], ...]:
    principal = (("licence_legal_person", "applicant_name"),) if case.subject.certificate == "legal_person" else ()
    return _UNIT_PAIRS + principal


def _pairs_of(case: Case, role: str) -> tuple[tuple[str, str], ...]:
    """The card of the principal bears out the applicant; principals' roles are named as their certificates are."""
    if case.personal and role == case.subject.certificate:
        return _PRINCIPAL_PAIRS
    return _CARD_PAIRS.get(role, ())
