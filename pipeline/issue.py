"""Issuing: from an approval to what was applied for, exactly once however often it is interrupted.

Serial, dates, labels and PINs are reserved in the database before anything is made. Every step after that may be done
again and ends in the same: the key is found by its reserved name, and the CA's signature (RSA PKCS#1 v1.5) over the
same content is the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance.services import Act, Service
from pipeline import attending, leases, personalising
from pipeline.approvals import load_approval, require_evidence
from pipeline.clock import today
from pipeline.events import record
from pipeline.leases import Taken
from pipeline.orders import require_paid
from pipeline.owner import owner
from pipeline.reference import Referred, referred, same_holder, service_of
from pipeline.registry import numbers_and_names, register
from pipeline.revocation import publish
from pipeline.states import State
from pipeline.store.issuing_tables import CertificateRow
from pipeline.store.store import Store
from pipeline.store.tables import Application, ApprovalRow
from pipeline.users import Role, require_another, require_role
from pipeline.workshop import Workshop, workshop
from yinjian.approval import Approval
from yinjian.errors import Refused, YinjianError
from yinjian.records import RegisterEntry
from yinjian.settings import Settings


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one approval: serial numbers, or why nothing was issued."""

    application: str
    serials: tuple[str, ...] = ()
    waits: YinjianError | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What staff decide where the papers leave it open.

    `refers`: the serial of the certificate that is meant; `seal`: whether a binding takes the electronic seal along.
    """

    refers: str | None = None
    seal: bool | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """An approval that every guard has let through, and what is to be done for it."""

    approval: Approval
    service: Service
    old: Referred | None
    choices: Choices


def issue_all(
    store: Store, settings: Settings, actor: str, only: Sequence[str] = (), choices: Choices | None = None
) -> tuple[Result, ...]:
    """Issue what is approved, or only those applications; one that has to wait does not hold up the others."""
    with store.reading() as session:
        require_role(session, actor, Role.ISSUER)
        query = select(ApprovalRow.id, ApprovalRow.application_id).join(Application)
        query = query.where(Application.state == State.APPROVED).order_by(ApprovalRow.approved_at)
        waiting = [(a, b) for a, b in session.execute(query) if not only or b in only]
    if not waiting:
        return ()
    with workshop(store, settings, actor) as shop:
        return tuple(_attempt(shop, approval, application, choices) for approval, application in waiting)


def _attempt(shop: Workshop, approval: str, application: str, choices: Choices | None) -> Result:
    try:
        serials = issue_one(shop, approval, choices or Choices())
    except YinjianError as error:
        return Result(application, waits=error)
    return Result(application, serials)


def issue_one(shop: Workshop, approval_id: str, choices: Choices | None = None) -> tuple[str, ...]:
    """Do what an approval allows; the serial numbers concerned. Refused while something is missing."""
    subject, ours = lease_of(approval_id), owner()
    with shop.store.writing() as session:
        if leases.take(session, subject, ours, shop.settings.lease_seconds) is Taken.NOT:
            raise Refused("Another process is issuing it.", "Nothing to do; see later how it went.")
    try:
        with leases.kept_alive(shop.store, subject, ours, shop.settings.lease_seconds):
            return _do(shop, _guarded(shop, approval_id, choices or Choices()), ours)
    except BaseException:  # what is done to its end has let go of the lease in the same transaction
        with shop.store.writing() as session:
            leases.release(session, subject, ours)
        raise


def lease_of(approval_id: str) -> str:
    """What a lease on an approval is called."""
    return f"approval:{approval_id}"


def _do(shop: Workshop, task: Task, ours: str) -> tuple[str, ...]:
    held = personalising.Held(lease_of(task.approval.id), ours)
    if task.service.act is Act.ISSUE:
        serials = personalising.personalise(shop, task.approval, task.service, task.old, held)
    elif task.service.act is Act.RESET_PIN:
        serials = attending.unlock(shop, task.approval, task.old, held)
    elif task.service.act is Act.REVOKE:
        serials = attending.give_up(shop, task.approval, task.service, task.old, held)
    else:
        serials = attending.bind(shop, task.approval, task.old, task.choices.seal, held)
    if task.service.old is not None:
        _tell(shop)
    return serials


def _tell(shop: Workshop) -> None:
    """A list with what was revoked. What was done stays done when that fails: the error says what is left to do."""
    try:
        publish(shop.store, shop.authority, shop.settings, shop.actor)
    except YinjianError as error:
        what = f"It is done, but the revocation list was not published. {error.what}"
        raise type(error)(what, "Publish it: yinjian ca crl --actor NAME") from error


def _guarded(shop: Workshop, approval_id: str, choices: Choices) -> Task:
    """The approval, once every guard has let it through; the certificate that it refers to is then fixed."""
    with shop.store.reading() as session:
        row = session.get_one(ApprovalRow, approval_id)
        require_role(session, shop.actor, Role.ISSUER)
        _require_approved(session, row)
        require_another(session, shop.actor, row.application_id)
        require_paid(session, row.application_id)
        require_evidence(shop.store, session, row)
        approval = load_approval(shop.store, session, row)
        service, _ = service_of(approval)
        _require_none_active(shop.store, session, approval)
        old = referred(shop.store, session, row, approval, choices.refers)
    if old is not None and row.refers is None:
        _fix(shop, row, old)
    return Task(approval, service, old, choices)


def _fix(shop: Workshop, approval: ApprovalRow, old: Referred) -> None:
    """From now on the approval is about this certificate, whatever else there will be."""
    with shop.store.writing() as session:
        session.get_one(ApprovalRow, approval.id).refers = old.serial
        record(session, shop.actor, "refers", f"certificate:{old.serial}", approval.evidence, approval.application_id)


def _require_approved(session: Session, row: ApprovalRow) -> None:
    """Another process may have issued it since it was listed."""
    state = session.get_one(Application, row.application_id).state
    if state != State.APPROVED:
        raise Refused(f"The application is {state}.", "Nothing to do; see how it went: yinjian trace ID")


def _require_none_active(store: Store, session: Session, approval: Approval) -> None:
    """Two applications for the same may both have passed before one was issued."""
    if approval.business != "new":
        return
    own = set(session.scalars(select(CertificateRow.serial).where(CertificateRow.approval_id == approval.id)))
    about = numbers_and_names(approval.subject)
    others = (entry for entry in register(store, session, today(), about) if entry.serial not in own)
    if any(_is_active(approval, entry) and same_holder(approval.subject, entry) for entry in others):
        remedy = "Return the application: it should be 续费, 补办 or 副锁."
        raise Refused("The holder has an active certificate of this kind already.", remedy)


def _is_active(approval: Approval, entry: RegisterEntry) -> bool:
    if (entry.platform, entry.certificate, entry.status) != (approval.platform, approval.certificate, "active"):
        return False
    return entry.valid_until is None or entry.valid_until >= today()
