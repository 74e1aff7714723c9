"""Everything that is counted on applications that were read: one `Score` for each thing that was right or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median
from typing import Any

from bench.reading import Read
from bench.score import Score, score_boxes, score_fields, score_pages
from pipeline.contract import as_json
from samples.lookalikes import impostors
from samples.profiles import PROFILES
from validators.compare import agrees
from validators.policy import POLICY
from yinjian.catalogue import catalogue
from yinjian.catalogue.layout import SlotKind
from yinjian.records import MarkKind, Reading, State, Verdict

NO_BOX_WRONG = "boxes, none wrong"
PRESENT, ABSENT = "signature present", "signature absent"
TRUE, IMPOSTOR = "expected text, true one accepted", "expected text, impostor refused"
IMPOSTORS = 2  # for each value
KEPT = 0.95  # of all values, by the threshold of the confidence row


def scores(read: Read) -> Iterator[Score]:
    """All of one application but its seals, which have a bench of their own."""
    said = as_json(read.reading, Verdict(None, None, None, ()))
    yield from score_fields(read.expected, said, PROFILES[read.recipe.profile].by_hand)
    yield from _boxes(list(score_boxes(read.expected, said)))
    yield from score_pages(read.expected, said)
    yield from _signatures(read.expected, read.reading)
    yield from _verified(read)


def _boxes(told: Sequence[Score]) -> Iterator[Score]:
    """An unclear box is not told, but not wrong either."""
    yield from told
    unclear = State.UNCLEAR.value
    yield from (replace(s, what=NO_BOX_WRONG, right=s.right or s.said == unclear) for s in told)


def _signatures(expected: dict[str, Any], reading: Reading) -> Iterator[Score]:
    """Every signature place of the form."""
    if expected["form"] is None:
        return
    signed = {mark["id"] for mark in expected["marks"] if mark["kind"] == MarkKind.SIGNATURE.value}
    for place in _signature_places(expected["form"]):
        there = reading.mark(place) is not None
        what = PRESENT if place in signed else ABSENT
        yield Score(what, place, str(there), str(place in signed), there == (place in signed))


def _signature_places(form: str) -> list[str]:
    kinds = (SlotKind.SIGNATURE, SlotKind.COLLECTION)
    slots = catalogue().form(form).slots()
    return [s.id for s in slots if s.kind in kinds and s.id != "seal_collection"]


def _verified(read: Read) -> Iterator[Score]:
    """The true text and impostors of it, held against each value that is not blank, by the rule that judges claims."""
    draw = Random(read.recipe.name)
    for field in read.reading.fields:
        true = read.expected["fields"].get(field.id, {}).get("text", "")
        kind = catalogue().field(field.id.rpartition(".")[2]).kind
        if not true or field.id in ("project_name", "application_date"):
            continue
        yield Score(TRUE, field.id, field.text, true, agrees(kind, field, true, POLICY))
        for false in impostors(true, IMPOSTORS, draw):
            yield Score(IMPOSTOR, field.id, field.text, false, not agrees(kind, field, false, POLICY))


@dataclass(frozen=True, slots=True)
class Sure:
    """A value with how sure the reader was of it, and whether it was right."""

    confidence: float
    right: bool


def sureness(read: Read, found: Sequence[Score]) -> Iterator[Sure]:
    """One for each value read or there to be read."""
    fields = {field.id: field for field in read.reading.fields}
    for score in found:
        if score.what.startswith(("form,", "copies,")) and (score.true or score.said):
            yield Sure(fields[score.where].confidence if score.where in fields else 0.0, score.right)


def wrong_below(values: Sequence[Sure]) -> tuple[float, list[bool]]:
    """The threshold that keeps `KEPT` of all values, and for each wrong one whether it falls below it."""
    threshold = sorted(v.confidence for v in values)[int((1 - KEPT) * len(values))] if values else 0.0
    return threshold, [v.confidence < threshold for v in values if not v.right]


def growth(memory: Sequence[int]) -> float:
    """How much one process's memory grew: the median of its last fifth over that of the fifth after warming up."""
    warm = memory[len(memory) // 5 :]
    part = max(1, len(warm) // 4)
    return median(warm[-part:]) / median(warm[:part]) - 1 if warm else 0.0
