"""The issuance desk: what is to be made, handed over or posted, what ends soon, and finding a certificate again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.notices import DAYS_BEFORE
from pipeline.orders import OrderState
from pipeline.registry import CertificateState, subject_of
from pipeline.states import State
from pipeline.store.desk_tables import Parcel
from pipeline.store.issuing_tables import CertificateRow, Order
from pipeline.store.store import Store, new_id
from pipeline.store.tables import Application, ApprovalRow, VerdictRow
from pipeline.store.verdicts import subject_of as subject_of_verdict
from pipeline.users import Role, require_another, require_role
from yinjian.errors import InputError, Refused

MOST = 100  # lines of a list
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Job:
    """An application that was approved and is not issued. `barred`: why `actor` may not, `""` when they may."""

    application: str
    holder: str
    platform: str
    certificate: str
    business: str
    yuan: int | None
    order: OrderState
    approved_at: datetime
    barred: str


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate, with its holder's name and what came of the post."""

    serial: str
    application: str
    holder: str
    platform: str
    certificate: str
    usage: str
    state: CertificateState
    token: str
    not_after: datetime
    parcel: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of personalising: done or not."""

    name: str
    done: bool


def jobs(store: Store, session: Session, actor: str) -> Iterator[Job]:
    """What is approved, oldest first."""
    query = (
        select(Application.id, ApprovalRow, VerdictRow, Order)
        .join(ApprovalRow, ApprovalRow.application_id == Application.id)
        .join(VerdictRow, VerdictRow.id == ApprovalRow.verdict_id)
        .join(Order, Order.application_id == Application.id)
        .where(Application.state == State.APPROVED)
        .order_by(ApprovalRow.approved_at)
    )
    for id, approval, verdict, order in session.execute(query.limit(MOST)).tuples():
        subject = subject_of_verdict(store, verdict)
        yield Job(
            id,
            subject.person_name or subject.unit_name,
            verdict.platform or "",
            verdict.certificate or "",
            verdict.business or "",
            order.yuan,
            OrderState(order.state),
            approval.approved_at,
            barred(session, actor, id),
        )


def to_hand_over(store: Store, session: Session) -> Iterator[Held]:
    """Certificates that are made and that no holder has accepted."""
    waiting = select(CertificateRow).where(CertificateRow.state == CertificateState.ISSUED)
    return _held(store, session, session.scalars(waiting.order_by(CertificateRow.issued_at).limit(MOST)))


def ending(store: Store, session: Session) -> Iterator[Held]:
    """Active certificates that end within the first notice's time."""
    soon = now() + timedelta(days=DAYS_BEFORE[0])
    query = select(CertificateRow).where(CertificateRow.not_after.between(now(), soon))
    active = query.where(CertificateRow.state == CertificateState.ACTIVE)
    return _held(store, session, session.scalars(active.order_by(CertificateRow.not_after).limit(MOST)))


def search(store: Store, session: Session, text: str) -> Iterator[Held]:
    """Certificates by serial number, application, tracking number, or their holder's name or number, written out."""
    if not text.strip() or len(text) > 200:
        raise InputError("Search for something.", "Give a name, a credit code, a serial number or an application.")
    blind = store.vault.blind
    of_application = select(ApprovalRow.id).where(ApprovalRow.application_id == text.strip().upper())
    sent = select(ApprovalRow.id).join(Parcel, Parcel.application_id == ApprovalRow.application_id)
    query = select(CertificateRow).where(
        or_(
            CertificateRow.serial == text.strip().replace(":", "").upper().removeprefix("0X"),
            CertificateRow.unit_index == blind("unit_name", text),
            CertificateRow.uscc_index == blind("uscc", text),
            CertificateRow.person_index == blind("person_name", text),
            CertificateRow.id_number_index == blind("id_number", text),
            CertificateRow.approval_id.in_(of_application),
            CertificateRow.approval_id.in_(sent.where(Parcel.tracking_index == blind("tracking", text))),
        )
    )
    return _held(store, session, session.scalars(query.order_by(CertificateRow.not_before.desc()).limit(MOST)))


def progress(session: Session, application_id: str) -> tuple[Step, ...]:
    """How far an application's certificates are, step by step."""
    rows = certificates_of(session, application_id)
    done = session.get_one(Application, application_id).state == State.ISSUED
    signed = (CertificateState.SIGNED, *_ON_TOKEN)
    return (
        Step("预留序列号", bool(rows) or done),
        Step("生成密钥、检查并签发证书", done or (bool(rows) and all(row.state in signed for row in rows))),
        Step("写入介质并回读", done or (bool(rows) and all(row.state in _ON_TOKEN for row in rows))),
        Step("登记完成", done),
    )


_ON_TOKEN = (CertificateState.ISSUED, CertificateState.ACTIVE, CertificateState.REVOKED)


def certificates_of(session: Session, application_id: str) -> tuple[CertificateRow, ...]:
    """The certificates that came of an application."""
    query = select(CertificateRow).join(ApprovalRow, ApprovalRow.id == CertificateRow.approval_id)
    return tuple(session.scalars(query.where(ApprovalRow.application_id == application_id)))


def post(store: Store, session: Session, application_id: str, carrier: str, tracking: str, actor: str) -> Parcel:
    """Record that the token of an application was sent to its holder."""
    require_role(session, actor, Role.ISSUER)
    for text in (carrier, tracking):
        if not text.strip() or len(text) > LONGEST or not text.isprintable():
            raise InputError("A parcel has a carrier and a tracking number.", f"Give both, at most {LONGEST} symbols.")
    if not any(row.state in _ON_TOKEN[:2] for row in certificates_of(session, application_id)):
        raise Refused("There is no token of this application to send.", "Issue it first.")
    index = store.vault.blind("tracking", tracking)
    again = select(Parcel).where(Parcel.application_id == application_id, Parcel.tracking_index == index)
    found = session.scalars(again).first()
    if found is not None:
        return found
    parcel = Parcel(id=new_id("L"), application_id=application_id, tracking_index=index)
    parcel.carrier_sealed = store.vault.seal("parcels.carrier", carrier.strip())
    parcel.tracking_sealed = store.vault.seal("parcels.tracking", tracking.strip())
    parcel.sent_by, parcel.sent_at = actor, now()
    session.add(parcel)
    record(session, actor, "posted", f"parcel:{parcel.id}", "", application_id)
    return parcel


def _held(store: Store, session: Session, rows: Iterator[CertificateRow]) -> Iterator[Held]:
    for row in list(rows):
        subject = subject_of(store, row)
        application = session.get_one(ApprovalRow, row.approval_id).application_id
        yield Held(
            row.serial,
            application,
            subject.person_name or subject.unit_name,
            row.platform,
            row.certificate,
            row.usage,
            CertificateState(row.state),
            row.token_label,
            row.not_after,
            parcel_of(store, session, application),
        )


def parcel_of(store: Store, session: Session, application_id: str) -> str:
    """Carrier and tracking number of what was sent last, `""` for nothing."""
    query = select(Parcel).where(Parcel.application_id == application_id).order_by(Parcel.sent_at.desc())
    row = session.scalars(query).first()
    if row is None:
        return ""
    carrier = store.vault.open("parcels.carrier", row.carrier_sealed)
    return f"{carrier} {store.vault.open('parcels.tracking', row.tracking_sealed)}"


def barred(session: Session, actor: str, application_id: str) -> str:
    """Why `actor` may not issue it, `""` when they may: who decided on it never does."""
    try:
        require_another(session, actor, application_id)
    except Refused as refused:
        return refused.what
    return ""
