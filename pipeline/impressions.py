"""Searching for impressions that were seen before: pasted seals and signatures, copies of copies.

Fingerprints are compared in two steps. Vectors, which do not change when a mark is turned, give the few that are
nearest among all (one product of a matrix with a vector); only these are laid over the mark and compared tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from extractors.fingerprint import Plate, SealPrint, likeness, vector
from validators.copies import is_large, of_authority, ring_name
from validators.policy import POLICY
from yinjian.records import Claim, MarkKind, Reading, Reuse
from yinjian.textfold import fold, fold_code

Floats = NDArray[np.float32]

COPY = "copy"
COPY_SEAL = "material_seal"
NEAREST, OF_ONE_DIE = 2, 8  # candidates that are looked at closely: any, and those as near as one die's are
NEARER = 0.994  # dot product: impressions of other dies are hardly ever as near
NEAR = 0.98  # dot product: farther ones are no candidates
WORTH_TELLING = 0.95  # likeness: less is never one impression
ALL_OF_IT = 0.1  # of a copy's tiles may differ: fresh ones differ in what is stamped on them, and in where
OF_ONE_UNIT = 0.6  # likeness of what two seals say, however they were read, that are one unit's
FIRST_ROOM = 256


@dataclass(frozen=True, slots=True)
class Impression:
    """A mark or a copy of some application. `kind`: seal, signature or copy; `unit`: whose, as `unit_of` says.

    `number` counts those that are stored, in the order in which they came.
    """

    application: str
    unit: str
    kind: str
    where: str
    page: int
    fingerprint: bytes = field(repr=False)  # the plate, or the name under which it is kept
    number: int = 0


class Index:
    """Impressions of one kind with their vectors, in memory: 544 bytes each."""

    def __init__(self) -> None:
        self._entries: list[Impression] = []
        self._vectors: Floats = np.zeros((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, impression: Impression, vector: Floats) -> None:
        """One more; room is doubled when there is none left."""
        count = len(self._entries)
        if count == len(self._vectors):
            grown = np.zeros((max(FIRST_ROOM, 2 * count), len(vector)), np.float32)
            grown[:count] = self._vectors[:count] if count else 0.0
            self._vectors = grown
        self._vectors[count] = vector
        self._entries.append(impression)

    def nearest(self, vector: Floats, application: str, newer_than: int = 0) -> Iterator[Impression]:
        """The few impressions of other applications that are nearest, nearest first; of those that came later only.

        A unit's own seal is there once for each of its papers: more are looked at where that many are so near.
        """
        near = self._vectors[: len(self._entries)] @ vector if self._entries else np.zeros(0, np.float32)
        places = np.flatnonzero(near > NEAR)
        ordered = places[np.argsort(-near[places])]
        entries = ((place, self._entries[place]) for place in ordered)
        others = (p for p, e in entries if e.application != application and (not newer_than or e.number > newer_than))
        for rank, place in enumerate(islice(others, OF_ONE_DIE)):
            if rank >= NEAREST and near[place] <= NEARER:
                return
            yield self._entries[place]


@dataclass(frozen=True, slots=True)
class Known:
    """All impressions that are known. `fetch`: from `Impression.fingerprint` to the plate's bytes."""

    fetch: Callable[[bytes], bytes] = bytes
    indexes: dict[str, Index] = field(default_factory=lambda: {kind: Index() for kind in (*MarkKind, COPY)})

    def add(self, impression: Impression, vector: Floats) -> None:
        self.indexes[impression.kind].add(impression, vector)


@dataclass(frozen=True, slots=True, eq=False)
class Printed:
    """An impression with its plate and vector, and what it says."""

    impression: Impression
    plate: Plate
    vector: Floats
    text: str = ""


def impressions(reading: Reading, application: str, unit: str) -> tuple[Printed, ...]:
    """The impressions of a reading: seals, signatures and copies that have a fingerprint.

    Of a copy's seals those that may be the unit's: an authority's is often printed, one picture on all its papers, as
    is a card's emblem, which says nothing and is smaller than a unit's seal.
    """
    names = names_of(reading)
    marks = [
        (Impression(application, unit, m.kind, m.id, m.page, m.fingerprint), m.ring_text)
        for m in reading.marks
        if m.fingerprint
        and (m.id != COPY_SEAL or (_may_be_its(m.ring_text, names) and (m.ring_text or is_large(m, POLICY))))
    ]
    copies = [
        (Impression(application, unit, COPY, page.kind, number, page.fingerprint), "")
        for number, page in enumerate(reading.pages)
        if page.fingerprint
    ]
    plates = ((one, Plate.from_bytes(one.fingerprint), text) for one, text in (*marks, *copies))
    return tuple(Printed(one, plate, vector(plate), text) for one, plate, text in plates)


def reuses(found: tuple[Printed, ...], known: Known) -> tuple[Reuse, ...]:
    """What of an application's impressions was seen before, in other applications or twice in itself."""
    elsewhere = (reuse for one in found for reuse in _elsewhere(one, found, known))
    return (*elsewhere, *_within(found))


def reuses_since(
    found: tuple[Printed, ...], known: Known, before: tuple[Reuse, ...], newer_than: int
) -> tuple[Reuse, ...]:
    """The same for impressions that were compared before: only with what came since. `before`: what was found then."""
    new = tuple(reuse for one in found for reuse in _elsewhere(one, found, known, newer_than))
    # Of each impression the likest is told, wherever it is; what is twice in the application itself stays so.
    best = {(r.mark, r.page): r for r in sorted((*before, *new), key=_surely) if r.application}
    return (*best.values(), *(reuse for reuse in before if not reuse.application))


def _elsewhere(one: Printed, found: Sequence[Printed], known: Known, newer_than: int = 0) -> Iterator[Reuse]:
    """The impression of another application that is likest. `found`: all of this one's."""
    own, compared = one.impression, _comparison(one, found)
    near = known.indexes[own.kind].nearest(one.vector, own.application, newer_than)
    alike = [(*compared(Plate.from_bytes(known.fetch(e.fingerprint))), e) for e in near]
    told = (
        Reuse(own.where, own.page, e.application, e.where, score, _of_one_unit(own, e), in_common=in_common)
        for score, in_common, e in alike
        if score > WORTH_TELLING
    )
    yield from sorted(told, key=_surely)[-1:]


def _of_one_unit(one: Impression, other: Impression) -> bool:
    return bool(one.unit) and one.unit == other.unit


def _surely(reuse: Reuse) -> tuple[float, float]:
    """What the likest comes last by."""
    return (reuse.likeness if reuse.in_common is None else reuse.in_common), reuse.likeness


def _comparison(
    one: Printed, found: Sequence[Printed], *pair: Printed
) -> Callable[[Plate], tuple[float, float | None]]:
    """What tells how like an impression another is, and how much ink of their own they share (None: open)."""
    if one.impression.kind == MarkKind.SEAL:
        return SealPrint(one.plate, of_its_die(one, found, *pair)).likeness
    share = ALL_OF_IT if one.impression.kind == COPY else 0.5
    return lambda other: (likeness(one.plate, other, share), None)


def of_its_die(one: Printed, found: Sequence[Printed], *pair: Printed) -> tuple[Plate, ...]:
    """The other impressions of a seal among those of its application, by what they say; not one of its `pair`."""
    if one.impression.kind != MarkKind.SEAL or not one.text:
        return ()
    seals = (o for o in found if o.impression.kind == MarkKind.SEAL and o is not one and o not in pair)
    return tuple(o.plate for o in seals if _alike(one.text, o.text))


def _within(found: tuple[Printed, ...]) -> Iterator[Reuse]:
    """Marks of one kind on the form that are one impression; the latter is named.

    Seals on copies are not compared: of the many pairs that they make, one would be alike by chance too often.
    """
    on_form = (one for one in found if one.impression.kind != COPY and one.impression.where != COPY_SEAL)
    for one, other in combinations(on_form, 2):
        first, own = one.impression, other.impression
        if own.kind != first.kind:
            continue
        score, in_common = _comparison(one, found, other)(other.plate)
        if score > WORTH_TELLING:
            yield Reuse(own.where, own.page, "", first.where, score, True, own.page == first.page, in_common)


def names_of(reading: Reading) -> tuple[str, ...]:
    """The names of the unit, as form and licence give them."""
    said = (fold(reading.text(name) or "") for name in ("unit_name", "licence_unit_name", "employer"))
    return tuple(name for name in said if name)


def _may_be_its(text: str, names: Sequence[str]) -> bool:
    """Whether a seal that says `text` may be that of a unit of these names; what is not known speaks for it."""
    if not text or not names:
        return True
    return not of_authority(text, names) and any(_alike(ring_name(text), name) for name in names)


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, one, other).ratio() >= OF_ONE_UNIT


def unit_of(reading: Reading, claim: Claim | None) -> str:
    """What stands for the unit of an application: its code, else its name; `""` when neither is known."""
    for name, folded in (("uscc", fold_code), ("licence_uscc", fold_code), ("unit_name", fold), ("employer", fold)):
        text = (claim.text(name) if claim else None) or reading.text(name) or ""
        if folded(text):
            return folded(text)
    return ""
