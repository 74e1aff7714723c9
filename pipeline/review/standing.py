"""How the findings of a verdict stand: open, settled by one, settled.

A settlement is bound to what it was given on: the submission, whom the certificate is for, the finding in all its
words, and what was read where it points to. A reading in which any of that is otherwise does not inherit it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.store import codec
from pipeline.store.readings import bare_reading
from pipeline.store.store import Store
from pipeline.store.tables import ReadingRow, SettlementRow, VerdictRow
from pipeline.store.verdicts import load_verdict, subject_of
from yinjian.approval import NEEDED, Settlement, Standing
from yinjian.findings import Finding, Severity
from yinjian.records import Page, PageKind, Reading

# The program itself failed: what it would have looked at is not known, so that the settlement is on all of it.
OWN = ("rule.",)
COPIES = (PageKind.BUSINESS_LICENCE, PageKind.IDENTITY_CARD)


def standings(store: Store, session: Session, verdict: VerdictRow) -> tuple[Standing, ...]:
    """The findings of a verdict in their order, with their settlements."""
    findings = load_verdict(store, session, verdict).findings
    row = session.get_one(ReadingRow, verdict.reading_id)
    said = _said(store, session, row.submission_id)
    if not said:
        return tuple(map(Standing, findings))
    reading = bare_reading(store, row)
    return tuple(Standing(f, said.get(binding(store, verdict, reading, f), ())) for f in findings)


def holding_back(standing: tuple[Standing, ...], severity: Severity | None = None) -> tuple[Standing, ...]:
    """Those that are not settled, of one severity or all."""
    return tuple(s for s in standing if s.lacks and severity in (None, s.finding.severity))


def settled(standing: tuple[Standing, ...]) -> tuple[Settlement, ...]:
    """All that was said of findings that need a word."""
    return tuple(word for s in standing if NEEDED[s.finding.severity] for word in s.settlements)


def _said(store: Store, session: Session, submission_id: str) -> dict[str, tuple[Settlement, ...]]:
    query = select(SettlementRow).where(
        SettlementRow.submission_id == submission_id, SettlementRow.withdrawn_at.is_(None)
    )
    found: dict[str, tuple[Settlement, ...]] = {}
    for row in session.scalars(query.order_by(SettlementRow.settled_at, SettlementRow.id)):
        found[row.finding] = (*found.get(row.finding, ()), _settlement(store, row))
    return found


def _settlement(store: Store, row: SettlementRow) -> Settlement:
    where = store.vault.open("settlements.where", row.where_sealed)
    reason = store.vault.open("settlements.reason", row.reason_sealed)
    return Settlement(row.code, where, row.finding, row.actor, reason, row.settled_at)


def binding(store: Store, verdict: VerdictRow, reading: Reading, found: Finding) -> str:
    """The hash of all that a settlement of `found` is given on. `reading`: as kept, its pictures by their names."""
    taken_for = (verdict.platform, verdict.certificate, verdict.business)
    seen = [codec.dump(item).decode() for item in _concerned(reading, found)]
    parts = {"finding": codec.dump(found).decode(), "taken for": taken_for, "seen": seen}
    return store.hash_of(parts | {"subject": codec.dump(subject_of(store, verdict)).decode()})


def _concerned(reading: Reading, found: Finding) -> Iterator[object]:
    """What was read where a finding points to."""
    if found.code.startswith(OWN):
        yield reading
        return
    where = found.where
    pages = {n for n, page in enumerate(reading.pages) if _is_of(page, where)}
    yield from (reading.pages[n] for n in sorted(pages))
    yield from (f for f in reading.fields if f.id == where or f.page in pages)
    yield from (c for c in reading.choices if c.group == where or c.page in pages)
    yield from (m for m in reading.marks if m.id == where or m.page in pages)


def _is_of(page: Page, where: str) -> bool:
    """Whether a place names a page: by its kind as materials do (all cards: one may serve for another), or its file."""
    return page.file == where or (page.kind in COPIES and page.kind == where.partition(":")[0])
