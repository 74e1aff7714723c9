"""What the CA does of its own accord: one person asks for it, another confirms it, and only then is it done.

协议一.11: HLJCA对于下列情况之一，有权废除所签发的数字证书：（1）用户申请时提供不真实材料；（2）违反国家法律法规或其它
规章制度，不应签发数字证书的；（3）用户利用数字证书在网上进行非法活动的。
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline import notices
from pipeline.cases import require_certificate
from pipeline.clock import now
from pipeline.events import record
from pipeline.registry import IN_FORCE, application_of
from pipeline.revocation import reason_of, revoke
from pipeline.store.issuing_tables import CertificateRow, Operation
from pipeline.store.store import Store, new_id
from pipeline.users import Role, require_role, require_two
from yinjian.errors import InputError, Refused


class Kind(StrEnum):
    """What is done."""

    REVOKE = "revoke"


MAY_ASK = (Role.ISSUER, Role.ADMINISTRATOR, Role.REVIEWER)
MAY_CONFIRM = (Role.ADMINISTRATOR, Role.ISSUER)


def ask_to_revoke(store: Store, session: Session, serial: str, reason: str, note: str, actor: str) -> Operation:
    """Ask that a certificate be revoked; the one that is asked for already, if any. `note` goes into the notice."""
    require_role(session, actor, *MAY_ASK)
    given = reason_of(reason)
    if not note.strip():
        raise InputError("A revocation needs its grounds in words: the holder is told them.", 'Give them: --note "..."')
    row = _certificate(session, serial)
    asked = select(Operation).where(Operation.subject == row.serial, Operation.confirmed_by.is_(None))
    found = session.scalars(asked).first()
    if found is not None:
        return found
    sealed = store.vault.seal("operations.note", note.strip())
    operation = Operation(id=new_id("K"), kind=Kind.REVOKE, subject=row.serial, reason=given, note_sealed=sealed)
    operation.asked_by, operation.asked_at = actor, now()
    session.add(operation)
    record(session, actor, "asked", f"operation:{operation.id}", "", application_of(session, row), f"revoke, {given}")
    return operation


def confirm(store: Store, session: Session, operation_id: str, actor: str) -> Operation:
    """Confirm what another asked for, and do it. Refused for who asked. Twice is as once."""
    require_role(session, actor, *MAY_CONFIRM)
    operation = session.get(Operation, operation_id.upper(), with_for_update=True)
    if operation is None:
        raise InputError("There is no such operation.", "See what waits: yinjian certificate asked")
    require_two(operation.asked_by, actor)
    if operation.confirmed_by is not None:
        return operation
    row = _certificate(session, operation.subject)
    application = application_of(session, row)
    operation.confirmed_by, operation.confirmed_at = actor, now()
    record(session, actor, "confirmed", f"operation:{operation.id}", "", application, operation.reason)
    together = select(CertificateRow).where(CertificateRow.approval_id == row.approval_id)
    for one in session.scalars(together).all():
        revoke(session, (one,), reason_of(operation.reason), actor, application)
        note = store.vault.open("operations.note", operation.note_sealed)
        notices.of_revocation(store, session, one, operation.reason, note)
    return operation


def waiting(session: Session) -> tuple[Operation, ...]:
    """What was asked for and is not confirmed, oldest first."""
    return tuple(
        session.scalars(select(Operation).where(Operation.confirmed_by.is_(None)).order_by(Operation.asked_at))
    )


def _certificate(session: Session, serial: str) -> CertificateRow:
    row = require_certificate(session, serial)
    if row.state not in IN_FORCE:
        raise Refused(f"This certificate is {row.state}.", "Only one that is in force can be revoked.")
    return row
