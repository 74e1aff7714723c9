"""A case that is open at one desk: a lease with a heartbeat, that another may take over."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from pipeline import leases
from pipeline.clock import now
from pipeline.events import record
from pipeline.store.desk_tables import WaitingRow
from pipeline.store.tables import Lease
from pipeline.users import Role, require_role
from pipeline.waiting import owner_of, subject
from yinjian.errors import Refused

LASTS = timedelta(seconds=90)  # without a heartbeat


def open_case(session: Session, application_id: str, actor: str, take_over: bool = False) -> str:
    """Lock a case for `actor`; who has it open, `actor` unless another has and `take_over` was not asked for."""
    require_role(session, actor, Role.REVIEWER)
    lease = leases.held(session, subject(application_id))
    other = holder(session, application_id) if lease else ""
    if other and other != actor:
        if not take_over:
            return other
        record(session, actor, "took_over", f"application:{application_id}", "", application_id, f"from {other}")
    until = now() + LASTS
    if lease is None:
        session.add(Lease(subject=subject(application_id), owner=owner_of(actor), until=until))
    else:
        lease.owner, lease.until = owner_of(actor), until
    row = session.get(WaitingRow, application_id)
    if row is not None:
        row.holder = actor
    return actor


def holder(session: Session, application_id: str) -> str:
    """Who has a case open now, `""` for nobody."""
    lease = session.get(Lease, subject(application_id))
    return lease.owner.removeprefix("user:") if lease is not None and lease.until > now() else ""


def keep(session: Session, application_id: str, actor: str) -> str:
    """A heartbeat; who has the case now. One that lapsed and that nobody took is taken again."""
    lease = leases.held(session, subject(application_id))
    other = holder(session, application_id)
    if other and other != actor:
        return other
    if lease is not None:
        lease.owner, lease.until = owner_of(actor), now() + LASTS
    return actor if lease is not None else ""


def close(session: Session, application_id: str, actor: str) -> None:
    """Let a case go, if it is still held by `actor`."""
    leases.release(session, subject(application_id), owner_of(actor))


def require_held(session: Session, application_id: str, actor: str) -> None:
    """Raises Refused when another has the case open."""
    other = holder(session, application_id)
    if other and other != actor:
        raise Refused(f"{other} has this case open now.", "Take it over, or go on to the next one.")
