"""Clean applications as readings, and single changes to them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from typing import Any

from validators import judge
from yinjian.catalogue import catalogue
from yinjian.catalogue.layout import SlotKind
from yinjian.checkdigits import identity_check, uscc_check
from yinjian.findings import Finding
from yinjian.geometry import Box
from yinjian.lattice import BLANK, Lattice
from yinjian.records import (
    Choice,
    Claim,
    FieldReading,
    Mark,
    MarkKind,
    Page,
    PageKind,
    Reading,
    RegisterEntry,
    State,
    Verdict,
    Versions,
)

TODAY = date(2026, 6, 1)
BOX = Box(0.1, 0.1, 0.2, 0.2)
UNIT = "哈尔滨松北云杉软件有限公司"
USCC = "91230109MA1BX7XH8" + uscc_check("91230109MA1BX7XH8")
LEGAL_ID = "23010219790304001" + identity_check("23010219790304001")
AGENT_ID = "23010319880506002" + identity_check("23010319880506002")
TEXTS = {
    "unit_name": UNIT,
    "uscc": USCC,
    "address": "哈尔滨市松北区创新一路 12 号",
    "legal_person_name": "贺云舟",
    "legal_person_phone": "13804510001",
    "agent_name": "葛小禾",
    "agent_phone": "13904510002",
    "authorization_agent_name": "葛小禾",
    "authorization_agent_id": AGENT_ID,
    "application_date": "2026-05-20",
    "applicant_name": "贺云舟",
    "applicant_id": LEGAL_ID,
    "applicant_phone": "13804510001",
    "name": "贺云舟",
    "employer": f"{UNIT} 高级工程师",
    "id_number": LEGAL_ID,
    "phone": "13804510001",
    "licence_unit_name": UNIT,
    "licence_uscc": USCC,
    "licence_legal_person": "贺云舟",
    "licence_valid_until": "长期",
}
CARDS = {"agent": ("葛小禾", AGENT_ID)}  # every other card is the principal's
TICKED = {"purchaser": "采购单位", "bidding_agency": "招标代理机构"}
ALL = catalogue()


def lattice(text: str) -> Lattice:
    """A sure reading."""
    return Lattice("test", tuple(step for s in text for step in (((s, -0.01),), ((BLANK, -0.01),))))


def doubtful(text: str, at: int, other: str) -> Lattice:
    """A reading that is sure but for one symbol, which may as well be `other`."""
    steps = list(lattice(text).steps)
    steps[2 * at] = ((text[at], math.log(0.6)), (other, math.log(0.39)))
    return Lattice("test", tuple(steps))


def field(field_id: str, text: str, page: int = 0, confidence: float = 0.99) -> FieldReading:
    return FieldReading(field_id, text, confidence, page, BOX, (lattice(text),))


def application(platform: str = "hpe", certificate: str = "enterprise", business: str = "new") -> Reading:
    """A clean application: form, agreement, and every copy that the catalogue asks for."""
    offer = next(
        o for o in ALL.offers if o.platform == platform and certificate in o.certificates and business in o.businesses
    )
    form = ALL.form(offer.form)
    pages = [Page("a.pdf", 0, PageKind.FORM, 0), Page("a.pdf", 1, PageKind.AGREEMENT, 0)]
    fields = [field("project_name", ALL.platform(platform).name)]
    fields += [field(s.id, TEXTS[s.id]) for s in form.slots() if s.kind in (SlotKind.FIELD, SlotKind.DATE)]
    marks = [mark(m.id, 0) for m in form.marks if not m.businesses or business in m.businesses]
    for material in ALL.materials(platform, certificate, business):
        page = len(pages)
        pages.append(
            Page("a.pdf", page, PageKind(material.kind), 0, role=material.role, side="both" if material.role else "")
        )
        fields += copy_fields(material.role, page)
        marks += [mark("material_seal", page)] if material.sealed else []
    return Reading(
        application="a",
        form=form.id,
        pages=tuple(pages),
        fields=tuple(fields),
        choices=choices(form.id, certificate, business),
        marks=tuple(marks),
        findings=(),
        versions=Versions("test", ALL.version, "1"),
    )


def copy_fields(role: str, page: int) -> list[FieldReading]:
    if not role:
        return [field(f, text, page) for f, text in TEXTS.items() if f.startswith("licence_")]
    name, number = CARDS.get(role, ("贺云舟", LEGAL_ID))
    texts = {"id_name": name, "id_number": number, "id_valid_from": "2020-01-01", "id_valid_until": "2040-01-01"}
    return [field(f"{role}.{f}", text, page) for f, text in texts.items()]


def choices(form_id: str, certificate: str, business: str) -> tuple[Choice, ...]:
    label = next(b.label for b in ALL.businesses if b.id == business)
    wanted = {"business": label, "unit_category": TICKED.get(certificate, "投标单位")}
    boxes = (s for s in ALL.form(form_id).slots() if s.kind is SlotKind.BOX)
    return tuple(Choice(s.id, s.label, State.TICKED if wanted[s.id] == s.label else State.CLEAR, 0, BOX) for s in boxes)


def mark(mark_id: str, page: int) -> Mark:
    if mark_id.startswith("signature"):
        return Mark(mark_id, MarkKind.SIGNATURE, page, BOX)
    return Mark(mark_id, MarkKind.SEAL, page, BOX, shape="round", ring_text=UNIT, ring_lattice=lattice(UNIT))


def claim(
    reading: Reading, platform: str = "hpe", certificate: str = "enterprise", business: str = "new", **fields: str
) -> Claim:
    """What the applicant of a clean reading typed."""
    form = ALL.form(reading.form or "")
    ids = [s.id for s in form.slots() if s.kind in (SlotKind.FIELD, SlotKind.DATE)]
    texts = {i: reading.text(i) or "" for i in ids} | fields
    return Claim(platform, certificate, business, tuple(texts.items()), date(2026, 5, 21))


def certificate(**parts: Any) -> RegisterEntry:
    """The unit's enterprise certificate in the register."""
    texts: dict[str, Any] = {
        "platform": "hpe",
        "certificate": "enterprise",
        "unit_name": UNIT,
        "uscc": USCC,
        "name": "",
        "id_number": "",
    }
    return RegisterEntry(**texts | {"serial": "01", "status": "active", "valid_until": date(2026, 9, 1)} | parts)


def with_field(reading: Reading, field_id: str, text: str | None = None, **changes: Any) -> Reading:
    """One field read otherwise; `text=...` brings its own sure lattice."""
    if text is not None:
        changes = {"text": text, "lattices": (lattice(text),)} | changes
    return replace(reading, fields=tuple(replace(f, **changes) if f.id == field_id else f for f in reading.fields))


def without_field(reading: Reading, field_id: str) -> Reading:
    return replace(reading, fields=tuple(f for f in reading.fields if f.id != field_id))


def with_state(reading: Reading, group: str, label: str, state: State) -> Reading:
    changed = (replace(c, state=state) if (c.group, c.label) == (group, label) else c for c in reading.choices)
    return replace(reading, choices=tuple(changed))


def with_mark(reading: Reading, mark_id: str, page: int | None = None, **changes: Any) -> Reading:
    chosen = (replace(m, **changes) if m.id == mark_id and page in (None, m.page) else m for m in reading.marks)
    return replace(reading, marks=tuple(chosen))


def without_mark(reading: Reading, mark_id: str, page: int | None = None) -> Reading:
    return replace(reading, marks=tuple(m for m in reading.marks if m.id != mark_id or page not in (None, m.page)))


def page_of(reading: Reading, kind: PageKind, role: str = "") -> int:
    return next(i for i, p in enumerate(reading.pages) if (p.kind, p.role) == (kind, role))


def with_page(reading: Reading, index: int, **changes: Any) -> Reading:
    pages = tuple(replace(p, **changes) if i == index else p for i, p in enumerate(reading.pages))
    return replace(reading, pages=pages)


def without_copy(reading: Reading, kind: PageKind, role: str = "") -> Reading:
    """The page is blank paper instead, and nothing was read on it."""
    index = page_of(reading, kind, role)
    kept = with_page(reading, index, kind=PageKind.OTHER, role="", side="")
    return replace(kept, fields=tuple(f for f in kept.fields if f.page != index))


def verdict(
    reading: Reading, said: Claim | None = None, register: tuple[RegisterEntry, ...] | None = (), **options: Any
) -> Verdict:
    return judge(reading, said, register, options.pop("as_of", TODAY), ALL, **options)


def found(
    reading: Reading, said: Claim | None = None, register: tuple[RegisterEntry, ...] | None = ()
) -> list[tuple[str, str]]:
    """(code, where) of each finding."""
    return [(f.code, f.where) for f in verdict(reading, said, register).findings]


def messages(findings: tuple[Finding, ...]) -> str:
    return " ".join(f.message for f in findings)
