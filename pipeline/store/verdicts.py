"""Verdicts in the store, and the hash over all that one rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.store import codec
from pipeline.store.store import Store, new_id
from pipeline.store.tables import FindingRow, ReadingRow, Submission, VerdictRow
from validators.policy import POLICY
from yinjian.approval import Subject
from yinjian.findings import Finding, Severity
from yinjian.records import Reuse, Verdict


@dataclass(frozen=True, slots=True)
class Compared:
    """Which impressions were seen before, among those up to the number `upto`."""

    reuse: tuple[Reuse, ...]
    upto: int


def evidence_hash(store: Store, content: str, reading_blob: str, verdict: Verdict, subject: Subject) -> str:
    """What an approval freezes: scans and claim (`content`), the reading, the verdict, and whom it is for."""
    parts = {"content": content, "reading": reading_blob, "verdict": codec.dump(verdict).decode()}
    return store.hash_of(parts | {"subject": codec.dump(subject).decode()})


def save_verdict(
    store: Store,
    session: Session,
    submission: Submission,
    reading: ReadingRow,
    verdict: Verdict,
    subject: Subject,
    as_of: date,
    compared: Compared | None = None,
) -> VerdictRow:
    """A verdict's rows."""
    row = VerdictRow(id=new_id("V"), reading_id=reading.id, decision=verdict.decision, as_of=as_of)
    row.platform, row.certificate, row.business = verdict.platform, verdict.certificate, verdict.business
    row.subject_sealed = store.vault.seal("verdicts.subject", codec.dump(subject).decode())
    row.evidence = evidence_hash(store, submission.content, reading.blob, verdict, subject)
    row.policy, row.judged_at = POLICY.version, now()
    row.compared_sealed = store.vault.seal("verdicts.compared", codec.dump(compared).decode()) if compared else None
    session.add(row)
    session.flush()
    session.add_all(_finding(store, row.id, position, f) for position, f in enumerate(verdict.findings))
    return row


def _finding(store: Store, verdict_id: str, position: int, found: Finding) -> FindingRow:
    return FindingRow(
        verdict_id=verdict_id,
        position=position,
        code=found.code,
        severity=found.severity,
        where_sealed=store.vault.seal("findings.where", found.where),
        message_sealed=store.vault.seal("findings.message", found.message),
    )


def load_verdict(store: Store, session: Session, row: VerdictRow) -> Verdict:
    """The record of a row and its findings."""
    rows = select(FindingRow).where(FindingRow.verdict_id == row.id).order_by(FindingRow.position)
    findings = tuple(
        Finding(
            found.code,
            store.vault.open("findings.where", found.where_sealed),
            store.vault.open("findings.message", found.message_sealed),
            Severity(found.severity),
        )
        for found in session.scalars(rows)
    )
    return Verdict(row.platform, row.certificate, row.business, findings)


def subject_of(store: Store, row: VerdictRow) -> Subject:
    """Whom a certificate would be for."""
    return codec.load(Subject, store.vault.open("verdicts.subject", row.subject_sealed).encode())


def compared_of(store: Store, row: VerdictRow) -> Compared | None:
    """What was found when its impressions were compared; None for a verdict that did not keep it."""
    if row.compared_sealed is None:
        return None
    return codec.load(Compared, store.vault.open("verdicts.compared", row.compared_sealed).encode())


def same_verdict(session: Session, reading_id: str, as_of: date, policy: str) -> VerdictRow | None:
    """The verdict on a reading by that day and policy, None before it was judged."""
    query = select(VerdictRow).where(VerdictRow.reading_id == reading_id, VerdictRow.as_of == as_of)
    return session.scalars(query.where(VerdictRow.policy == policy)).first()


def latest_verdict(session: Session, submission_id: str) -> VerdictRow | None:
    """The verdict that counts: the last on the last reading."""
    query = (
        select(VerdictRow)
        .join(ReadingRow, ReadingRow.id == VerdictRow.reading_id)
        .where(ReadingRow.submission_id == submission_id)
        .order_by(ReadingRow.number.desc(), VerdictRow.judged_at.desc())
    )
    return session.scalars(query).first()
