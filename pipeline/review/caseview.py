"""A case as a reviewer looks at it: what was found, what was read and where, and what else says the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from sqlalchemy.orm import Session

from pipeline import pagepictures, quality
from pipeline.judging import claim_of
from pipeline.review.corrections import COPY, UNCLEAR, mark_names
from pipeline.review.guard import Opened
from pipeline.review.standing import standings
from pipeline.review.undo import last_act
from pipeline.states import State
from pipeline.store.readings import bare_reading, latest_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application
from pipeline.store.verdicts import latest_verdict, subject_of
from validators.sources import fact_of, form_rings
from validators.titles import title
from yinjian.approval import NEEDED, Standing, Subject
from yinjian.catalogue import Catalogue
from yinjian.errors import CatalogueError
from yinjian.findings import Finding
from yinjian.geometry import Box
from yinjian.records import Claim, FieldReading, Mark, MarkKind, PageKind, Reading
from yinjian.records import State as BoxState
from yinjian.textfold import fold

CLAIM, RING = "网上申请", "印文"
KINDS = {
    PageKind.FORM: "申请表",
    PageKind.AGREEMENT: "协议",
    PageKind.BUSINESS_LICENCE: "营业执照",
    PageKind.IDENTITY_CARD: "身份证",
    PageKind.OTHER: "其他",
}
SUGGESTIONS = 4
Segments = tuple[tuple[bool, str], ...]  # (is it different?, text)


@dataclass(frozen=True, slots=True)
class Target:
    """Where on the papers something is: a page (index in `Reading.pages`) and a box in fractions of it."""

    page: int
    box: Box


@dataclass(frozen=True, slots=True)
class Said:
    """What another source says of the same fact; `segments` mark what differs from what was read.

    `id`: of the field that says it, `""` where no field does.
    """

    id: str
    by: str
    text: str
    segments: Segments
    target: Target | None = None

    @property
    def agrees(self) -> bool:
        return not any(differs for differs, _ in self.segments)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A correction that other sources speak for: of this field, or of the one that they all speak against."""

    subject: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """A value, where it stands, and what else says it. `suggestions`: best supported first."""

    id: str
    title: str
    text: str
    confidence: float
    target: Target
    corrected_by: str
    said: tuple[Said, ...]
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """A box of a group, as `business.新办`."""

    id: str
    label: str
    state: BoxState
    target: Target


@dataclass(frozen=True, slots=True)
class GroupView:
    id: str
    title: str
    choices: tuple[ChoiceView, ...]


@dataclass(frozen=True, slots=True)
class MarkView:
    """A seal or signature. `name` as `corrections.mark_names`; `ring`: its text beside the unit's name."""

    name: str
    title: str
    kind: MarkKind
    target: Target
    faults: tuple[str, ...]
    ring: Said | None
    size_mm: float | None
    angle: float | None
    shape: str
    has_image: bool
    unclear: bool


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding. `lacks`: how many must still settle it; `mine`: the reviewer who looks has; `words`: who said what.

    Of a finding that blocks, the second person judges for themselves: they are not told what the first one said.
    `about`: field, choice, mark or `""`; `subject`: its id.
    """

    number: int
    finding: Finding
    title: str
    wrong: str
    remedy: str
    lacks: int
    needs: int
    mine: bool
    blind: bool
    words: tuple[tuple[str, str], ...]
    about: str
    subject: str
    target: Target | None


@dataclass(frozen=True, slots=True)
class PageView:
    """A page: what it is, and the size of its picture in pixels; 0 where none was kept."""

    number: int
    title: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """All of it. `seen`: the reading that is shown, which what is done with it names; `undo`: what may be taken back.

    `blind`: a quality sample, of which nothing that was judged is shown.
    """

    id: str
    name: str
    state: State
    received_at: datetime
    seen: str
    blind: bool
    fault: str
    platform: str
    certificate: str
    business: str
    subject: Subject
    pages: tuple[PageView, ...]
    findings: tuple[FindingView, ...]
    fields: tuple[FieldView, ...]
    groups: tuple[GroupView, ...]
    marks: tuple[MarkView, ...]
    undo: str

    @property
    def left(self) -> tuple[FindingView, ...]:
        """What holds it back."""
        return tuple(found for found in self.findings if found.lacks)


def case_view(store: Store, session: Session, application: Application, actor: str, known: Catalogue) -> CaseView:
    """What `actor` sees of an application's newest submission."""
    submission = newest_submission(session, application.id)
    row = latest_reading(session, submission.id)
    reading = bare_reading(store, row) if row else None
    blind = quality.is_blind(session, submission.id)
    verdict = latest_verdict(session, submission.id) if row else None
    claim = claim_of(store, submission)[0]
    certificate = verdict.certificate if verdict else None
    fields = tuple(_field(f, reading, claim, certificate) for f in reading.fields) if reading else ()
    subject = subject_of(store, verdict) if verdict else Subject("", "", "", "")
    marks = tuple(_marks(reading, subject.unit_name)) if reading else ()
    standing = standings(store, session, verdict) if verdict and not blind else ()
    undoable = None
    if row is not None and verdict is not None and application.state == State.REVIEW:
        undoable = last_act(session, Opened(application, submission, row, verdict), actor)
    named = _named(known, verdict.platform, certificate, verdict.business) if verdict and not blind else ("", "", "")
    return CaseView(
        application.id,
        store.vault.open("applications.name", application.name_sealed),
        State(application.state),
        application.received_at,
        row.id if row else "",
        blind,
        submission.fault or "",
        *named,
        subject,
        tuple(_pages(session, submission.id, reading)) if reading else (),
        tuple(_finding(n, s, reading, actor, known) for n, s in enumerate(standing, 1)) if reading else (),
        fields,
        tuple(_groups(reading)) if reading else (),
        marks,
        title(undoable.subject) if undoable else "",
    )


def difference(text: str, other: str) -> Segments:
    """`other` in parts, those marked that differ from `text`; variants of width, brackets and spaces do not."""
    if fold(text) == fold(other):
        return ((False, other),) if other else ()
    parts = SequenceMatcher(None, text, other, autojunk=False).get_opcodes()
    # Where symbols are missing there is nothing to mark: a gap stands for them.
    shown = ((kind != "equal", other[start:end] or "␣") for kind, _, _, start, end in parts)
    return tuple(shown)


def _field(read: FieldReading, reading: Reading, claim: Claim | None, certificate: str | None) -> FieldView:
    said = tuple(_said(read, reading, claim, certificate))
    return FieldView(
        read.id,
        title(read.id),
        read.text,
        read.confidence,
        Target(read.page, read.box),
        read.corrected_by,
        said,
        _suggestions(read, said),
    )


def _said(read: FieldReading, reading: Reading, claim: Claim | None, certificate: str | None) -> Iterator[Said]:
    """The claim first, then the form's other places, the copies, the seals."""
    fact = fact_of(read.id, certificate)
    form, copies = (fact.form, fact.copies) if fact else ((read.id,), ())
    for field_id in form if claim else ():
        if text := claim.text(field_id) if claim else "":
            yield Said("", CLAIM, text, difference(read.text, text))
    for field_id in (*form, *copies):
        other = reading.field(field_id)
        if other is not None and field_id != read.id and other.text:
            place = Target(other.page, other.box)
            yield Said(field_id, title(field_id), other.text, difference(read.text, other.text), place)
    for ring in dict.fromkeys(form_rings(reading)) if fact and fact.sealed else ():
        yield Said("", RING, ring, difference(read.text, ring))


def _suggestions(read: FieldReading, said: tuple[Said, ...]) -> tuple[Suggestion, ...]:
    """What most sources say, for every field that says otherwise; then what the rest says, for this field."""
    votes: dict[str, list[str]] = {fold(read.text): [read.text]} if read.text else {}
    for one in said:
        votes.setdefault(fold(one.text), []).append(one.text)
    ranked = sorted(votes, key=lambda folded: len(votes[folded]), reverse=True)
    if len(ranked) < 2 and read.text:
        return ()
    fields = [(read.id, read.text), *((one.id, one.text) for one in said if one.id)]
    pairs = [(subject, best) for best in ranked[:1] for subject, text in fields if fold(text) != best]
    pairs += [(read.id, other) for other in ranked[1:] if other != fold(read.text)]
    made = (Suggestion(subject, title(subject), votes[folded][0]) for subject, folded in dict.fromkeys(pairs))
    return tuple(made)[:SUGGESTIONS]


def _marks(reading: Reading, unit: str) -> Iterator[MarkView]:
    """`unit`: its name as the papers settle it, not as one place of them was read."""
    for name, mark in zip(mark_names(reading), reading.marks, strict=True):
        yield _mark(name, mark, unit)


def _mark(name: str, mark: Mark, unit: str) -> MarkView:
    ring = Said("", RING, mark.ring_text, difference(unit, mark.ring_text)) if mark.ring_text else None
    return MarkView(
        name,
        title(mark.id) + (f"（第 {mark.page + 1} 页）" if mark.id == COPY else ""),
        mark.kind,
        Target(mark.page, mark.box),
        mark.faults,
        ring,
        mark.size_mm,
        mark.angle,
        mark.shape,
        bool(mark.image),
        UNCLEAR[mark.kind] in mark.faults,
    )


def _groups(reading: Reading) -> Iterator[GroupView]:
    for group in dict.fromkeys(choice.group for choice in reading.choices):
        own = (choice for choice in reading.choices if choice.group == group)
        boxes = (ChoiceView(f"{group}.{c.label}", c.label, c.state, Target(c.page, c.box)) for c in own)
        yield GroupView(group, title(group), tuple(boxes))


def _finding(number: int, standing: Standing, reading: Reading, actor: str, known: Catalogue) -> FindingView:
    found = standing.finding
    remedy = known.remedy(found.code)
    mine = actor in {word.actor for word in standing.settlements}
    blind = bool(standing.settlements) and standing.lacks > 0 and not mine
    words = () if blind else tuple((word.actor, word.reason) for word in standing.settlements)
    about, subject, target = _about(found, reading)
    where = title(found.where)
    return FindingView(
        number,
        found,
        where,
        remedy.wrong.format(where=where),
        remedy.remedy.format(where=where),
        standing.lacks,
        NEEDED[found.severity],
        mine,
        blind,
        words,
        about,
        subject,
        target,
    )


def _about(found: Finding, reading: Reading) -> tuple[str, str, Target | None]:
    """What a finding points to: field, choice or mark with its id, or a page alone."""
    field = reading.field(found.where)
    if field is not None:
        return "field", field.id, Target(field.page, field.box)
    choice = next((c for c in reading.choices if c.group == found.where), None)
    if choice is not None:
        return "choice", choice.group, Target(choice.page, choice.box)
    marks = zip(mark_names(reading), reading.marks, strict=True)
    named = [(name, mark) for name, mark in marks if found.where in (name, mark.id)]
    # Of several of one name, the one that has the fault.
    named.sort(key=lambda pair: found.code not in pair[1].faults)
    if named:
        name, mark = named[0]
        return "mark", name, Target(mark.page, mark.box)
    kind = found.where.partition(":")[0]
    page = next((n for n, p in enumerate(reading.pages) if kind in (p.kind, p.file)), None)
    return "", "", None if page is None else Target(page, Box(0.0, 0.0, 1.0, 1.0))


def _pages(session: Session, submission_id: str, reading: Reading) -> Iterator[PageView]:
    kept = {picture.position: picture for picture in pagepictures.of(session, submission_id)}
    for number, page in enumerate(reading.pages):
        picture = kept.get(number)
        size = (picture.width, picture.height) if picture else (0, 0)
        yield PageView(number, KINDS[page.kind], *size)


def _named(
    known: Catalogue, platform: str | None, certificate: str | None, business: str | None
) -> tuple[str, str, str]:
    """In the words of the documents."""
    try:
        return (
            known.platform(platform).name if platform else "",
            known.certificate(certificate).name if certificate else "",
            known.business(business).label if business else "",
        )
    except CatalogueError:  # an older catalogue's
        return platform or "", certificate or "", business or ""
