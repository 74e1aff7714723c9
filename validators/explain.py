"""Why a verdict is what it is: for each rule what it looked at, where that stands, and what it found.

What a rule looked at is noted while it runs, by a case and a reading that remember what they were asked for. So no rule
has to say it, and none can say anything else than it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any

from validators.case import Case
from validators.judge import examine
from validators.rules import RULES, Rule
from validators.titles import title
from yinjian.findings import Finding, Severity
from yinjian.geometry import Box
from yinjian.records import FieldReading, Mark, PageKind, Reading, State

STATES = {State.TICKED: "■", State.CLEAR: "□", State.UNCLEAR: "?"}
Looked = dict[tuple[str, str], None]  # a set that keeps its order


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that a rule looked at, and what was seen there.

    `kind`: field, claim, choice, mark or page. `page`: index into `Reading.pages`; None where it is on none.
    """

    kind: str
    where: str
    seen: str
    page: int | None = None
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule with the sentence that it enforces; it holds when nothing was found but notes."""

    rule: str
    sentence: str
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]

    @property
    def holds(self) -> bool:
        return all(found.severity is Severity.NOTES for found in self.findings)


def explain(case: Case, rules: Iterable[Rule] = RULES) -> tuple[Explained, ...]:
    """Every rule, in the order of the table; those of the reading itself are `reading_findings`."""
    return tuple(_explained(case, rule) for rule in rules)


def reading_findings(reading: Reading, intake: tuple[Finding, ...]) -> tuple[Explained, ...]:
    """What was found before any rule: in the claim when it was taken in, and in the scans when they were read."""
    parts = (
        ("intake", "网上申请的内容应当完整、格式正确。", intake),
        ("reading", "扫描件应当清晰、完整、可读。", reading.findings),
    )
    return tuple(Explained(name, sentence, findings, ()) for name, sentence, findings in parts)


def _explained(case: Case, rule: Rule) -> Explained:
    looked: Looked = {}
    (outcome,) = examine(_watching(case, looked), (rule,))
    at = [*looked, *(("field", f.where) for f in outcome.findings), *(("mark", f.where) for f in outcome.findings)]
    evidence = (e for kind, where in dict.fromkeys(at) for e in _evidence(case, kind, where))
    return Explained(outcome.rule, outcome.sentence, outcome.findings, tuple(evidence))


@dataclass(frozen=True, slots=True)
class _WatchedReading(Reading):
    """A reading that notes what it is asked for by name."""

    looked: Looked = field(default_factory=dict)

    def field(self, field_id: str) -> FieldReading | None:
        self.looked["field", field_id] = None
        return Reading.field(self, field_id)

    def ticked(self, group: str) -> tuple[str, ...]:
        self.looked["choice", group] = None
        return Reading.ticked(self, group)

    def mark(self, mark_id: str) -> Mark | None:
        self.looked["mark", mark_id] = None
        return Reading.mark(self, mark_id)


@dataclass(frozen=True, slots=True)
class _WatchedCase(Case):
    """A case that notes which claims, pages and marks it is asked for."""

    looked: Looked = field(default_factory=dict)

    def claimed(self, field_id: str) -> str:
        said = Case.claimed(self, field_id)
        if said:
            self.looked["claim", field_id] = None
        return said

    def pages(self, kind: PageKind, role: str | None = None) -> tuple[int, ...]:
        found = Case.pages(self, kind, role)
        self.looked.update({("page", str(index)): None for index in found})
        return found

    def required_marks(self) -> frozenset[str]:
        found = Case.required_marks(self)
        self.looked.update({("mark", mark_id): None for mark_id in sorted(found)})
        return found


def _watching(case: Case, looked: Looked) -> Case:
    read = _WatchedReading(**_parts(case.reading, Reading), looked=looked)
    return _WatchedCase(**_parts(case, Case) | {"reading": read}, looked=looked)


def _parts(record: object, kind: type[Reading] | type[Case]) -> dict[str, Any]:
    return {f.name: getattr(record, f.name) for f in fields(kind)}


def _evidence(case: Case, kind: str, where: str) -> Iterator[Evidence]:
    """What was seen at a place that a rule looked at."""
    reading = case.reading
    if kind == "field":
        yield from (Evidence(kind, f.id, _field(f), f.page, f.box) for f in reading.fields if f.id == where)
    elif kind == "claim":
        yield Evidence(kind, where, f"网上申请：「{case.claimed(where)}」")
    elif kind == "choice":
        boxes = (c for c in reading.choices if c.group == where)
        yield from (Evidence(kind, where, f"{STATES[c.state]} {c.label}", c.page, c.box) for c in boxes)
    elif kind == "mark":
        yield from (Evidence(kind, m.id, _mark(m), m.page, m.box) for m in reading.marks if m.id == where)
    elif kind == "page":
        page = reading.pages[int(where)]
        yield Evidence(kind, title(page.kind), f"{page.file} 第 {page.page + 1} 页", int(where))


def _field(read: FieldReading) -> str:
    by_hand = f"，由 {read.corrected_by} 更正" if read.corrected_by else f"，把握 {read.confidence:.2f}"
    return f"「{read.text}」{by_hand}" if read.text else "空白"


def _mark(mark: Mark) -> str:
    said = f"印文「{mark.ring_text}」" if mark.ring_text else "有"
    size = f"，{mark.size_mm:.0f} mm" if mark.size_mm else ""
    return said + size + (f"，{'、'.join(mark.faults)}" if mark.faults else "")
