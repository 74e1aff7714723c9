"""Identity cards: both sides, and several cards on one page told apart by place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from extractors.engine import Engine
from extractors.labels import Chain, Entry, chains, entries
from extractors.licence import FOREVER, is_licence, iso
from extractors.lostlabels import LONGEST_NAME, with_lost_labels
from extractors.materials import (
    NUMBER,
    day_reading,
    number_run,
    reading,
    second_look,
    with_lines_below,
    without_punctuation,
)
from extractors.page import Sheet
from extractors.terms import as_term
from yinjian.records import FieldReading, PageKind
from yinjian.textfold import fold

WORDS = {
    "姓名": "name",
    "性别": "sex",
    "民族": "nation",
    "出生": "born",
    "住址": "address",
    "公民身份号码": "number",
    "签发机关": "authority",
    "有效期限": "valid",
    "中华人民共和国": "state",
    "居民身份证": "title",
}
FRONT = frozenset({"name", "sex", "nation", "born", "address", "number"})
BACK = frozenset({"authority", "valid", "state", "title"})
_ROOM = {"name": 2.0, "address": 3.5, "number": 12.0, "valid": 8.0, "": 8.0}
LEAST_NUMBER = 15  # so many of them read: a damaged number rather than none
MOST_PAIRED = 5  # cards of one page that are paired by trying all ways
_DAY = r"(\d{4})\D?(\d{2})\D?(\d{2})"
_END = re.compile(rf"{_DAY}(?!\d)|长期")
_TERM = re.compile(rf"(?P<start>{_DAY})\D?(?P<end>{_DAY}|长期)(?!\d)")  # the dash between may have been passed over


@dataclass(frozen=True, slots=True)
class Card:
    """What one card says. `side`: "front" (portrait), "back" (emblem) or "both"; field ids without the role.

    `authority`: who issued it, as its back says.
    """

    side: str
    fields: tuple[FieldReading, ...]
    authority: str = ""


@dataclass(frozen=True, slots=True)
class _Face:
    """The entries of one side of a card, with the middle of the one that every such side has."""

    entries: tuple[Entry, ...]
    middle: tuple[float, float]


def material_kind(sheet: Sheet) -> PageKind:
    """What a page is that is none of the CA's own: a registration document, an identity card, or something else."""
    if is_licence(sheet):
        return PageKind.BUSINESS_LICENCE
    return PageKind.IDENTITY_CARD if is_card(sheet) else PageKind.OTHER


def is_card(sheet: Sheet) -> bool:
    """Labels that only a card has together; a page that speaks of identity cards has them within its lines."""
    keys = {e.key for e in with_lost_labels(entries(sheet.lines, WORDS))}
    front, back = keys & FRONT, keys & BACK
    alone = {fold("".join(s.symbol.text for s in chain)) for chain in chains(sheet.lines)}
    titled = "居民身份证" in alone or "title" in keys
    has_number = "number" in keys and len(front) >= 2
    return has_number or len(front) >= 4 or {"authority", "valid"} <= back or (titled and len(back) >= 2)


def read_cards(sheet: Sheet, index: int, engine: Engine | None = None) -> tuple[Card, ...]:
    """The cards of a page, top to bottom; `index` is the page's in the reading.

    With an engine, rows under a seal are looked at again.
    """
    found = with_lost_labels(entries(sheet.lines, WORDS))
    if engine is not None:
        sheet, found = second_look(sheet, found, _ROOM, engine)
    fronts = _faces(found, FRONT, ("number", "name", "address"))
    backs = _faces(found, BACK, ("valid", "authority", "title"))
    sides = [(_front(f, found, sheet, index), _back(b, found, sheet, index), b) for f, b in _paired(fronts, backs)]
    return tuple(Card(_side(f, b), (f or ()) + (b or ()), _authority(face)) for f, b, face in sides)


Fields = tuple[FieldReading, ...]


def _authority(back: _Face | None) -> str:
    return next((e.text for e in back.entries if e.key == "authority"), "") if back else ""


def _side(front: Fields | None, back: Fields | None) -> str:
    if front is not None and back is not None:
        return "both"
    return "back" if front is None else "front"


def _faces(found: Sequence[Entry], keys: frozenset[str], anchors: Sequence[str]) -> list[_Face]:
    """One face for each entry of the first kind in `anchors` that is there; other entries go to the nearest."""
    these = [e for e in found if e.key in keys]
    if len({e.key for e in these}) < 2:
        return []
    centres = next(c for key in (*anchors, *keys) if (c := [e for e in these if e.key == key]))
    groups: list[list[Entry]] = [[] for _ in centres]
    for entry in these:
        groups[min(range(len(centres)), key=lambda n: _apart(entry, centres[n]))].append(entry)
    return [_Face(tuple(g), _middle(c)) for g, c in zip(groups, centres, strict=True)]


def _middle(entry: Entry) -> tuple[float, float]:
    x0, y0, x1, y1 = entry.rect
    return (x0 + x1) / 2, (y0 + y1) / 2


def _apart(entry: Entry, anchor: Entry) -> float:
    """Distance of two labels; the anchor is the last of its face, so what stands below it is another's."""
    across = abs(entry.rect[0] - anchor.rect[0])
    down = anchor.rect[1] - entry.rect[1]
    return math.hypot(across, down if down > -2 * anchor.height else 4 * down)


def _paired(fronts: Sequence[_Face], backs: Sequence[_Face]) -> list[tuple[_Face | None, _Face | None]]:
    """Fronts with the backs beside or below them, so that all together lie nearest."""
    count = max(len(fronts), len(backs))
    ones: list[_Face | None] = [*fronts, *[None] * (count - len(fronts))]
    twos: list[_Face | None] = [*backs, *[None] * (count - len(backs))]
    ways = permutations(twos) if count <= MOST_PAIRED else iter([tuple(twos)])
    best = min(ways, key=lambda way: sum(_cost(f, b) for f, b in zip(ones, way, strict=True)))
    return list(zip(ones, best, strict=True))


def _cost(front: _Face | None, back: _Face | None) -> float:
    if front is None or back is None:
        return 0.0
    return math.dist(front.middle, back.middle) ** 2


def _front(face: _Face | None, found: Sequence[Entry], sheet: Sheet, index: int) -> Fields | None:
    if face is None:
        return None
    by_key = {e.key: e for e in reversed(face.entries)}
    name = by_key.get("name") or _unlabelled_name(by_key, found)
    address = by_key.get("address") or _unlabelled_address(by_key, found)
    values = (
        ("id_name", "name", without_punctuation(name.value) if name else ()),
        ("id_number", "identity_number", _number(face, found)),
        ("id_address", "address", without_punctuation(with_lines_below(address, found)) if address else ()),
    )
    return tuple(reading(id_, value, alphabet, sheet, index) for id_, alphabet, value in values if value)


def _unlabelled_name(by_key: Mapping[str, Entry], found: Sequence[Entry]) -> Entry | None:
    """The only words just above sex, beginning where its value does: the name, where its label was not read."""
    below = by_key.get("sex")
    if below is None or not below.value:
        return None
    column, top = below.value[0].symbol.x0, below.rect[1]
    near = (e for e in found if not e.key and 0 < top - e.rect[1] < 3.5 * below.height)
    beside = [e for e in near if abs(e.rect[0] - column) < 1.5 * below.height]
    return beside[0] if len(beside) == 1 and 2 <= len(beside[0].value) <= LONGEST_NAME else None


def _unlabelled_address(by_key: Mapping[str, Entry], found: Sequence[Entry]) -> Entry | None:
    """The first words between the day of birth and the number: the address, where its label was not read."""
    above, below = by_key.get("born"), by_key.get("number")
    if above is None or below is None:
        return None
    low, high = above.rect[3] - 0.3 * above.height, below.rect[1]
    left, right = above.rect[0], below.rect[2]
    between = [e for e in found if not e.key and low < e.rect[1] < high - e.height and left < e.rect[0] < right]
    return next((e for e in between if len(e.value) > 3), None)


def _number(face: _Face, found: Sequence[Entry]) -> Chain:
    """The number beside its label; without the label, one that stands as near to the face as a label would."""
    label = next((e for e in face.entries if e.key == "number"), None)
    if label is not None and len(run := number_run(label.value)) >= LEAST_NUMBER:
        return run
    runs = [run for e in found if not e.key and len(run := number_run(e.value)) == NUMBER]
    return runs[0] if len(runs) == 1 else ()


def _back(face: _Face | None, found: Sequence[Entry], sheet: Sheet, index: int) -> Fields | None:
    if face is None:
        return None
    entry = next((e for e in face.entries if e.key == "valid"), None) or _unlabelled_term(face, found)
    value = with_lines_below(entry, found, 1) if entry else ()
    text = "".join(s.symbol.text for s in value)
    days = [(id_, _day_of(text[slice(*span)]), value[slice(*span)]) for id_, span in _ends_of_term(text)]
    fields = tuple(day_reading(id_, part, sheet, index, day, _day_of) for id_, day, part in days if day)
    return as_term(*fields) if len(fields) == 2 else fields


def _ends_of_term(text: str) -> list[tuple[str, tuple[int, int]]]:
    """Where the first and the last day of a term stand; a day behind others of which some was not read is the last."""
    ids, whole = ("id_valid_from", "id_valid_until"), _TERM.search(text)
    if whole is not None:
        return [(ids[0], whole.span("start")), (ids[1], whole.span("end"))]
    spans = [end.span() for end in _END.finditer(text)]
    if len(spans) == 1 and any(symbol.isdigit() for symbol in text[: spans[0][0]]):
        return [(ids[1], spans[0])]
    return list(zip(ids, spans, strict=False))


def _unlabelled_term(face: _Face, found: Sequence[Entry]) -> Entry | None:
    """The first two days below the issuing authority, where their label was not read."""
    authority = next((e for e in face.entries if e.key == "authority"), None)
    terms = [e for e in found if not e.key and len(_END.findall(e.text)) == 2]
    below = [e for e in terms if authority is not None and 0 < e.rect[1] - authority.rect[1] < 6 * authority.height]
    return below[0] if below else None


def _day_of(text: str) -> str | None:
    """ISO or 长期; None for what is no day."""
    found = re.fullmatch(_DAY, text)
    if found is None:
        return FOREVER if text == FOREVER else None
    return iso(*(int(part) for part in found.groups()))
