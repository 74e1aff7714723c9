"""Looking at applications: the queue, one case, and the way from a certificate back to its scans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline import quality
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow, Order, Seal
from pipeline.store.readings import latest_reading
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission, stored_files
from pipeline.store.tables import (
    Application,
    ApprovalRow,
    CorrectionRow,
    DecisionRow,
    Event,
    File,
    FindingRow,
    ReadingRow,
    SettlementRow,
    Submission,
    VerdictRow,
)
from pipeline.store.verdicts import latest_verdict, load_verdict
from yinjian.errors import InputError
from yinjian.findings import Finding
from yinjian.records import Decision


@dataclass(frozen=True, slots=True)
class Summary:
    """One line about an application. Of a sample that is reviewed blind it has a `note`, and not what was judged."""

    id: str
    name: str
    state: State
    form: str | None
    decision: str
    findings: tuple[Finding, ...]
    serials: tuple[str, ...]
    received_at: datetime
    fault: str
    note: str = ""


def find(store: Store, session: Session, text: str) -> Application:
    """By its id, or by its name when only one has it."""
    application = session.get(Application, text.upper())
    if application is not None:
        return application
    named = select(Application).where(Application.name_index == store.vault.blind("name", text))
    found = session.scalars(named).all()
    if len(found) != 1:
        what = f"{len(found)} applications have that name." if found else "There is no such application."
        raise InputError(what, "Give its id: yinjian queue --all")
    return found[0]


def summaries(store: Store, session: Session, states: tuple[State, ...] = ()) -> Iterator[Summary]:
    """Applications in one of the states, or all, oldest first."""
    query = select(Application).order_by(Application.received_at, Application.id)
    if states:
        query = query.where(Application.state.in_(states))
    return (summary(store, session, application) for application in session.scalars(query).all())


def summary(store: Store, session: Session, application: Application) -> Summary:
    submission = newest_submission(session, application.id)
    reading, verdict = latest_reading(session, submission.id), latest_verdict(session, submission.id)
    blind = quality.is_blind(session, submission.id)
    serials = select(CertificateRow.serial).join(ApprovalRow, ApprovalRow.id == CertificateRow.approval_id)
    return Summary(
        application.id,
        store.vault.open("applications.name", application.name_sealed),
        State(application.state),
        reading.form if reading else None,
        "" if verdict is None else Decision.REVIEW if blind else verdict.decision,
        load_verdict(store, session, verdict).findings if verdict and not blind else (),
        tuple(session.scalars(serials.where(ApprovalRow.application_id == application.id))),
        application.received_at,
        submission.fault or "",
        quality.NOTE if blind else "",
    )


@dataclass(frozen=True, slots=True)
class Trail:
    """All that led to a certificate, last first."""

    certificate: CertificateRow
    seal: Seal | None
    approval: ApprovalRow
    order: Order | None
    decisions: tuple[DecisionRow, ...]
    settlements: tuple[SettlementRow, ...]
    corrections: tuple[CorrectionRow, ...]
    verdict: VerdictRow
    findings: int
    reading: ReadingRow
    submission: Submission
    files: tuple[File, ...]
    events: tuple[Event, ...]


def find_certificate(session: Session, serial: str) -> CertificateRow | None:
    """By the serial number in hexadecimal digits, as OpenSSL prints it too."""
    return session.get(CertificateRow, serial.replace(":", "").upper().removeprefix("0X"))


def require_certificate(session: Session, serial: str) -> CertificateRow:
    """The same. InputError when there is none."""
    row = find_certificate(session, serial)
    if row is None:
        raise InputError("There is no certificate with this serial number.", "See: yinjian certificate list")
    return row


def trail(session: Session, certificate: CertificateRow) -> Trail:
    """The way from a certificate back to its scans."""
    approval = session.get_one(ApprovalRow, certificate.approval_id)
    verdict = session.get_one(VerdictRow, approval.verdict_id)
    reading = session.get_one(ReadingRow, verdict.reading_id)
    submission = session.get_one(Submission, reading.submission_id)
    id = approval.application_id
    return Trail(
        certificate,
        session.scalars(select(Seal).where(Seal.serial == certificate.serial)).first(),
        approval,
        session.scalars(select(Order).where(Order.application_id == id)).first(),
        tuple(session.scalars(select(DecisionRow).where(DecisionRow.application_id == id))),
        settlements(session, id),
        corrections(session, id),
        verdict,
        len(session.scalars(select(FindingRow.position).where(FindingRow.verdict_id == verdict.id)).all()),
        reading,
        submission,
        stored_files(session, submission.id),
        events(session, id),
    )


def settlements(session: Session, application_id: str) -> tuple[SettlementRow, ...]:
    """What people said of its findings, first first."""
    query = select(SettlementRow).where(SettlementRow.application_id == application_id)
    return tuple(session.scalars(query.order_by(SettlementRow.settled_at, SettlementRow.id)))


def corrections(session: Session, application_id: str) -> tuple[CorrectionRow, ...]:
    """What people changed of its readings, first first."""
    query = select(CorrectionRow).where(CorrectionRow.application_id == application_id)
    return tuple(session.scalars(query.order_by(CorrectionRow.made_at, CorrectionRow.reading_id)))


def events(session: Session, application_id: str) -> tuple[Event, ...]:
    """What happened to an application, first first."""
    return tuple(session.scalars(select(Event).where(Event.application_id == application_id).order_by(Event.id)))
