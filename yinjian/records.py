"""The words of the house: what flows from one room to the next. All records are frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from yinjian.findings import Finding, Severity
from yinjian.geometry import Box
from yinjian.lattice import Lattice


class PageKind(StrEnum):
    """What a page is. `business_licence` stands for every registration document."""

    FORM = "form"
    AGREEMENT = "agreement"
    BUSINESS_LICENCE = "business_licence"
    IDENTITY_CARD = "identity_card"
    OTHER = "other"


class State(StrEnum):
    """A box is ticked, clear or unclear."""

    TICKED = "ticked"
    CLEAR = "clear"
    UNCLEAR = "unclear"


class MarkKind(StrEnum):
    SEAL = "seal"
    SIGNATURE = "signature"


class Decision(StrEnum):
    """A verdict is pass or review; only a person rejects."""

    PASS = "pass"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was read. `rotation`: degrees clockwise, as the sheet was turned (0, 90, 180, 270)."""

    file: str
    page: int
    kind: PageKind
    rotation: int
    role: str = ""  # identity cards: whose card (legal_person, agent, expert, authorized_rep); else ""
    dpi: float | None = None  # of the upright page, when its size is known
    side: str = ""  # identity cards: "front" (portrait), "back" (emblem), "both"; else ""
    fingerprint: bytes = field(repr=False, default=b"")  # of copies: tells one copy from another of the same paper


@dataclass(frozen=True, slots=True)
class FieldReading:
    """A field's text with how sure it is, where it stood, and what else the recogniser saw.

    `page` is an index into `Reading.pages`; `lattices` has one entry per text line of the field, in reading order, and
    their best texts joined need not equal `text`: `changes` says what was made of them (folded, restricted, cut).
    `corrected_by`: the member of staff whose text it is, `""` as it was read. No lattice speaks against a person.
    `held`: of a number or day in doubt all that it may be, each with how likely (0 to 1; the rest may be anything).
    """

    id: str
    text: str
    confidence: float
    page: int
    box: Box
    lattices: tuple[Lattice, ...] = ()
    changes: tuple[str, ...] = ()
    corrected_by: str = ""
    held: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One printed label with a box."""

    group: str
    label: str
    state: State
    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Mark:
    """A seal or signature at a place where the form (or a copy) has one.

    `image` is an RGBA PNG; `faults` are the finding codes that the pixels themselves show (`seal.clipped` ...).
    `shape`, `size_mm` (longer side), `angle` (degrees clockwise) and `ring_text` are for seals. `fingerprint` tells
    this impression from any other of the same die or hand.
    """

    id: str
    kind: MarkKind
    page: int
    box: Box
    image: bytes = field(repr=False, default=b"")
    shape: str = ""
    size_mm: float | None = None
    angle: float | None = None
    ring_text: str = ""
    ring_lattice: Lattice | None = field(repr=False, default=None)
    faults: tuple[str, ...] = ()
    fingerprint: bytes = field(repr=False, default=b"")


@dataclass(frozen=True, slots=True)
class Versions:
    """What made a reading: recogniser, catalogue and policy."""

    model: str
    catalogue: str
    policy: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read of one application's scans. Extractors never see the claim.

    `form` is the form id as read from the page (None where there is none or it is not known); `findings` are those of
    reading itself: files that cannot be opened, pages that cannot be told, forms unknown.
    """

    application: str
    form: str | None
    pages: tuple[Page, ...]
    fields: tuple[FieldReading, ...]
    choices: tuple[Choice, ...]
    marks: tuple[Mark, ...]
    findings: tuple[Finding, ...]
    versions: Versions

    def text(self, field_id: str) -> str | None:
        """The text of a field, `""` when blank, None when the field was not found at all."""
        found = self.field(field_id)
        return None if found is None else found.text

    def field(self, field_id: str) -> FieldReading | None:
        return next((f for f in self.fields if f.id == field_id), None)

    def ticked(self, group: str) -> tuple[str, ...]:
        """The ticked labels of a group, in the form's order."""
        return tuple(c.label for c in self.choices if c.group == group and c.state is State.TICKED)

    def mark(self, mark_id: str) -> Mark | None:
        return next((m for m in self.marks if m.id == mark_id), None)


@dataclass(frozen=True, slots=True)
class Reuse:
    """A mark or a copy that looks like one seen elsewhere. `likeness`: at most 1 (`extractors.fingerprint`).

    `page`: index into `Reading.pages`. `application`: where the other was seen, `""` for this application itself;
    `other`: its mark's id, or the kind of the copy; `same_unit`: whether the other application is the same unit's;
    `same_sheet`: whether both stand on one sheet, and so went through one scanner at one moment; `in_common`: how much
    of what they show beyond their die two seals share (1: one impression, 0: two), None where the die is not known.
    """

    mark: str
    page: int
    application: str
    other: str
    likeness: float
    same_unit: bool = False
    same_sheet: bool = False
    in_common: float | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What the applicant says (`application.json`); an on-line application has one, a counter application none."""

    platform: str
    certificate: str
    business: str
    fields: tuple[tuple[str, str], ...]
    submitted_on: date | None

    def text(self, field_id: str) -> str | None:
        return dict(self.fields).get(field_id)


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One certificate that exists."""

    platform: str
    certificate: str
    unit_name: str
    uscc: str
    name: str
    id_number: str
    serial: str
    status: str
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one reading: what it was taken for, what was found, and pass or review."""

    platform: str | None
    certificate: str | None
    business: str | None
    findings: tuple[Finding, ...]

    @property
    def decision(self) -> Decision:
        """Derived, so that no verdict can pass with a finding that needs a person."""
        settled = all(f.severity is Severity.NOTES for f in self.findings)
        return Decision.PASS if settled else Decision.REVIEW
