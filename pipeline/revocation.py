"""What is revoked, and telling so: the list (CRL) and the state of one certificate (OCSP)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from issuance.authority import Authority
from issuance.crl import Reason, Revoked
from issuance.ocsp import Status, Unknown
from issuance.tokens import KeyKind
from pipeline.clock import now
from pipeline.events import record
from pipeline.reference import Referred
from pipeline.registry import IN_FORCE, CertificateState, enter
from pipeline.store.issuing_tables import CertificateRow, RevocationList
from pipeline.store.store import Store
from pipeline.workshop import opened_sm2
from yinjian.errors import InputError
from yinjian.settings import Settings

# RFC 5280, 3.3: "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL issued
# beyond the revoked certificate's validity period."
KEPT_AFTER_END = timedelta(days=30)


def revoke(
    session: Session, rows: Iterable[CertificateRow], reason: Reason, actor: str, application_id: str | None = None
) -> tuple[str, ...]:
    """Revoke certificates of ours, in a transaction that writes; their serial numbers. Twice is as once."""
    done = []
    for row in rows:
        done.append(row.serial)
        row = session.get_one(CertificateRow, row.serial, with_for_update=True)
        if row.state not in IN_FORCE:
            continue
        row.state, row.reason = CertificateState.REVOKED, reason
        row.revoked_at = row.changed_at = now()
        record(session, actor, "revoked", f"certificate:{row.serial}", row.blob or "", application_id, reason)
    return tuple(done)


def revoke_referred(
    store: Store, session: Session, old: Referred, reason: Reason, actor: str, application_id: str
) -> tuple[str, ...]:
    """The certificate that an application is about; one that was brought in is marked in the register."""
    if old.entry is None:
        return revoke(session, old.rows, reason, actor, application_id)
    enter(store, session, replace(old.entry, status="revoked"))
    detail = f"{reason}, in the register only: revoke it where it was issued"
    record(session, actor, "revoked", f"certificate:{old.serial}", "", application_id, detail)
    return (old.serial,)


def publish(store: Store, authority: Authority, settings: Settings, actor: str) -> RevocationList:
    """A new revocation list, numbered after the last."""
    with opened_sm2(settings) as sm2, store.writing() as session:
        begin = now().replace(microsecond=0)
        last = latest_list(session)
        end = begin + timedelta(hours=settings.crl_hours)
        made = RevocationList(number=last.number + 1 if last else 1, this_update=begin, next_update=end)
        of_rsa, of_sm2 = tuple(_entries(session, begin, False)), tuple(_entries(session, begin, True))
        made.entries = len(of_rsa) + len(of_sm2)
        made.der = authority.revocation_list(made.number, begin, end, of_rsa)
        made.sm2_der = sm2.revocation_list(made.number, begin, end, of_sm2) if sm2 is not None else None
        session.add(made)
        digest = store.vault.name(made.der)
        record(session, actor, "listed", f"crl:{made.number}", digest, detail=f"{made.entries} entries")
        session.flush()
        return made


def latest_list(session: Session) -> RevocationList | None:
    """The revocation list that is in force."""
    return session.scalar(select(RevocationList).order_by(RevocationList.number.desc()).limit(1))


def _entries(session: Session, at: datetime, sm2: bool) -> Iterable[Revoked]:
    """Of the CA for SM2 keys, or of the other one."""
    query = select(CertificateRow).where(CertificateRow.state.in_((*_HELD, CertificateState.REVOKED)))
    query = query.where((CertificateRow.key_kind == KeyKind.SM2) == sm2)
    for row in session.scalars(query.where(CertificateRow.not_after > at - KEPT_AFTER_END)):
        found = _said(row)
        if isinstance(found, Revoked):
            yield found


def status(session: Session, serial: int) -> Status:
    """What there is to say of a serial number; None: good."""
    row = session.get(CertificateRow, f"{serial:X}")
    return Unknown() if row is None or row.state == CertificateState.RESERVED else _said(row)


_HELD = (CertificateState.SIGNED, CertificateState.ISSUED)


def _said(row: CertificateRow) -> Revoked | None:
    """Until its holder has accepted it, a certificate is on hold: nobody should rely on what is still in the post."""
    if row.state in _HELD:
        return Revoked(int(row.serial, 16), row.not_before.replace(microsecond=0), Reason.CERTIFICATE_HOLD)
    if row.state != CertificateState.REVOKED or row.revoked_at is None or row.reason is None:
        return None
    return Revoked(int(row.serial, 16), row.revoked_at.replace(microsecond=0), Reason(row.reason))


def reason_of(text: str) -> Reason:
    """A reason that a person gives. Raises InputError."""
    if text not in set(Reason) - {Reason.CERTIFICATE_HOLD}:
        known = ", ".join(sorted(set(Reason) - {Reason.CERTIFICATE_HOLD}))
        raise InputError(f"There is no reason {text}.", f"Give one of {known}.")
    return Reason(text)
