"""What a person changes of a reading, as pure functions: each gives a new reading and says what was before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yinjian.catalogue import Catalogue
from yinjian.catalogue.layout import Slot, SlotKind
from yinjian.errors import CatalogueError, InputError
from yinjian.geometry import Box
from yinjian.records import Choice, FieldReading, Mark, MarkKind, PageKind, Reading, State
from yinjian.strictjson import is_plain

WHOLE = Box(0.0, 0.0, 1.0, 1.0)
MAX_TEXT = 200  # symbols
COPY = "material_seal"
ROLES = ("legal_person", "agent", "expert", "authorized_rep")
_VALUES = (SlotKind.FIELD, SlotKind.DATE, SlotKind.PLATFORM)
UNCLEAR = {MarkKind.SEAL: "seal.unclear", MarkKind.SIGNATURE: "signature.unclear"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person saw it: a page (index in `Reading.pages`) and a box; None where that was not said."""

    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A reading as a person corrected it. `act`: value, choice, confirm, recut or text; `subject`: what it is about."""

    reading: Reading
    act: str
    subject: str
    before: str
    after: str


def correct(reading: Reading, known: Catalogue, subject: str, text: str, actor: str, place: Place) -> Correction:
    """The field or the choice (`business.新办`) `subject` as a person read it."""
    _require_page(reading, place)
    group, dot, label = subject.partition(".")
    boxes = {(s.id, s.label) for s in _slots(reading, known) if s.kind is SlotKind.BOX}
    if dot and group in {g for g, _ in boxes}:
        if (group, label) not in boxes:
            labels = ", ".join(f"{g}.{name}" for g, name in sorted(boxes) if g == group)
            raise InputError("The form has no such box.", f"Give one of {labels}.")
        return _choice(reading, group, label, text, place)
    return _value(reading, known, subject, text, actor, place)


def _value(reading: Reading, known: Catalogue, field_id: str, text: str, actor: str, place: Place) -> Correction:
    _require_field(reading, known, field_id)
    if len(text) > MAX_TEXT or not is_plain(text):
        raise InputError("This is no value of a form.", f"Give plain text of at most {MAX_TEXT} symbols.")
    old = reading.field(field_id)
    page = place.page if place.page is not None else old.page if old else _likely_page(reading, field_id)
    box = place.box or (old.box if old and old.page == page else WHOLE)
    changes = (*(old.changes if old else ()), f"corrected by {actor}")
    new = FieldReading(field_id, text.strip(), 1.0, page, box, old.lattices if old else (), changes, actor)
    fields = tuple(new if f.id == field_id else f for f in reading.fields) if old else (*reading.fields, new)
    return Correction(replace(reading, fields=fields), "value", field_id, old.text if old else "", new.text)


def _choice(reading: Reading, group: str, label: str, text: str, place: Place) -> Correction:
    if text not in tuple(State):
        raise InputError("A box is not in that state.", f"Give {', '.join(State)}.")
    old = next((c for c in reading.choices if (c.group, c.label) == (group, label)), None)
    new = Choice(group, label, State(text), place.page or 0, place.box or WHOLE)
    if old is not None:
        new = replace(old, state=State(text), page=place.page if place.page is not None else old.page)
    rest = tuple(new if c is old else c for c in reading.choices)
    choices = rest if old is not None else (*rest, new)
    return Correction(replace(reading, choices=choices), "choice", f"{group}.{label}", old.state if old else "", text)


def confirm(reading: Reading, name: str) -> Correction:
    """A mark as a person saw it: fine as it was cut. Only what is unclear is taken away; other faults are seen."""
    index = find_mark(reading, name)
    mark = reading.marks[index]
    unclear = UNCLEAR[mark.kind]
    if unclear not in mark.faults:
        remedy = "What its pixels show is settled: yinjian settle. What a seal says is corrected: yinjian mark ... text"
        raise InputError("Nothing about the cut of this mark is unclear.", remedy)
    left = tuple(fault for fault in mark.faults if fault != unclear)
    return _marked(reading, index, replace(mark, faults=left), "confirm", name)


def ring_text(reading: Reading, name: str, text: str) -> Correction:
    """A seal with the text that a person read round it: no lattice speaks for or against it any more."""
    index = find_mark(reading, name)
    mark = reading.marks[index]
    if mark.kind is not MarkKind.SEAL:
        raise InputError("A signature has no text.", "Confirm it or cut it again: yinjian mark")
    if not text.strip() or len(text) > MAX_TEXT or not is_plain(text):
        raise InputError("This is no text of a seal.", f"Give plain text of at most {MAX_TEXT} symbols.")
    return _marked(reading, index, replace(mark, ring_text=text.strip(), ring_lattice=None), "text", name)


def recut(reading: Reading, known: Catalogue, name: str, mark: Mark) -> Correction:
    """The reading with a mark that was cut anew in place of the old one, or added where there was none."""
    require_mark(reading, known, name)
    require_page(reading, name, mark.page)
    if name in mark_names(reading):
        return _marked(reading, find_mark(reading, name), mark, "recut", name)
    return Correction(replace(reading, marks=(*reading.marks, mark)), "recut", name, "", _told(mark))


def mark_names(reading: Reading) -> tuple[str, ...]:
    """What the marks are called, in order: by their id; seals of copies by their page too, `material_seal@3.2`."""
    names: list[str] = []
    for mark in reading.marks:
        name = f"{mark.id}@{mark.page + 1}" if mark.id == COPY else mark.id
        again = sum(n.partition(".")[0] == name for n in names)
        names.append(f"{name}.{again + 1}" if again else name)
    return tuple(names)


def find_mark(reading: Reading, name: str) -> int:
    """The index of the mark of a name."""
    names = mark_names(reading)
    if name not in names:
        raise InputError("There is no such mark.", f"Give one of {', '.join(names) or 'none: it has none'}.")
    return names.index(name)


def mark_ids(reading: Reading, known: Catalogue) -> tuple[str, ...]:
    """The marks that the form has room for."""
    return tuple(m.id for m in known.form(reading.form).marks) if reading.form else ()


def require_mark(reading: Reading, known: Catalogue, name: str) -> None:
    """InputError unless the reading has a mark of that name, or its form has room for one."""
    names = dict.fromkeys((*mark_names(reading), *mark_ids(reading, known), COPY))
    if name not in names:
        raise InputError("There is no such mark.", f"Give one of {', '.join(names)}.")


def require_page(reading: Reading, name: str, page: int) -> None:
    """InputError unless the mark belongs on that page: a form's on the form, a copy's on that copy."""
    if not 0 <= page < len(reading.pages):
        raise InputError(f"There is no page {page + 1}.", f"It has {len(reading.pages)}, counted from 1.")
    on_form = reading.pages[page].kind is PageKind.FORM
    known = {n: mark.page for n, mark in zip(mark_names(reading), reading.marks, strict=True) if mark.id == COPY}
    if on_form == name.startswith(COPY) or known.get(name, page) != page:
        raise InputError("This mark does not belong on that page.", "A form's marks are on the form, a copy's on it.")


def _marked(reading: Reading, index: int, new: Mark, act: str, name: str) -> Correction:
    old = reading.marks[index]
    marks = tuple(new if n == index else mark for n, mark in enumerate(reading.marks))
    return Correction(replace(reading, marks=marks), act, name, _told(old), _told(new))


def _told(mark: Mark) -> str:
    """What may change of a mark, in words."""
    box = ",".join(f"{v:.3f}" for v in mark.box.as_tuple())
    return "; ".join(filter(None, (f"page {mark.page + 1} {box}", mark.ring_text, " ".join(mark.faults))))


def _require_page(reading: Reading, place: Place) -> None:
    """A value may stand on any page."""
    if place.page is not None and not 0 <= place.page < len(reading.pages):
        raise InputError(f"There is no page {place.page + 1}.", f"It has {len(reading.pages)}, counted from 1.")


def _require_field(reading: Reading, known: Catalogue, field_id: str) -> None:
    """A field that the form has, or a copy may have."""
    role, dot, name = field_id.rpartition(".")
    own = {"project_name" if s.kind is SlotKind.PLATFORM else s.id for s in _slots(reading, known) if s.kind in _VALUES}
    licence, card = not dot and name.startswith("licence_"), role in ROLES and name.startswith("id_")
    try:
        known.field(name)
    except CatalogueError:
        licence = card = False
    if field_id not in own and not licence and not card and reading.field(field_id) is None:
        remedy = f"Give one of {', '.join(sorted(own - {''}))}, licence_..., or agent.id_name and the like."
        raise InputError("Its papers have no such field.", remedy)


def _slots(reading: Reading, known: Catalogue) -> tuple[Slot, ...]:
    return tuple(known.form(reading.form).slots()) if reading.form else ()


def _likely_page(reading: Reading, field_id: str) -> int:
    """The first page that such a field may stand on, else the first of all."""
    role, dot, _ = field_id.rpartition(".")
    kind = PageKind.FORM
    if dot or field_id.startswith("licence_"):
        kind = PageKind.IDENTITY_CARD if dot else PageKind.BUSINESS_LICENCE
    pages = [n for n, p in enumerate(reading.pages) if p.kind is kind and (not dot or role in p.role.split(","))]
    return pages[0] if pages else 0
