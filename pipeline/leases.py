"""One at a time: a lease on a piece of work, which ends when its owner lets go, dies, or gives no sign of life."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.owner import is_dead
from pipeline.store.store import Store
from pipeline.store.tables import Lease
from yinjian.errors import StoreError


class Taken(StrEnum):
    """What came of asking for a lease."""

    NEW = "new"
    FROM_DEAD = "from_dead"  # the one before was interrupted in the middle of it
    NOT = "not"


def take(session: Session, subject: str, owner: str, seconds: int) -> Taken:
    """Ask for the lease on `subject` within a transaction that writes."""
    lease = held(session, subject)
    if lease is None:
        try:
            with session.begin_nested():
                session.add(Lease(subject=subject, owner=owner, until=now() + timedelta(seconds=seconds)))
        except IntegrityError:  # another was faster
            return Taken.NOT
        return Taken.NEW
    if not is_free(lease):
        return Taken.NOT
    lease.owner, lease.until = owner, now() + timedelta(seconds=seconds)
    return Taken.FROM_DEAD


def held(session: Session, subject: str) -> Lease | None:
    """The lease on `subject`, nobody else's until the transaction ends; None where there is none."""
    return session.scalar(select(Lease).where(Lease.subject == subject).with_for_update())


def is_free(lease: Lease) -> bool:
    """Whether the work that a lease is on may be taken by another."""
    return lease.until < now() or is_dead(lease.owner)


def release(session: Session, subject: str, owner: str) -> None:
    """Let go, if it is still ours."""
    lease = session.get(Lease, subject)
    if lease is not None and lease.owner == owner:
        session.delete(lease)


def require(session: Session, subject: str, owner: str) -> None:
    """Raises LeaseLost when another has taken over: what was made may then no longer be kept."""
    lease = held(session, subject)
    if lease is None or lease.owner != owner:
        raise LeaseLost("Another process has taken over this work.", "Nothing to do; it goes on there.")


class LeaseLost(StoreError):
    """The work went to another process, for this one gave no sign of life in time."""


@contextmanager
def kept_alive(store: Store, subject: str, owner: str, seconds: int) -> Iterator[None]:
    """Renews a lease while the block runs, in a thread of its own."""
    done = threading.Event()
    thread = threading.Thread(target=_renew, args=(store, subject, owner, seconds, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _renew(store: Store, subject: str, owner: str, seconds: int, done: threading.Event) -> None:
    while not done.wait(seconds / 4):
        with suppress(StoreError), store.writing() as session:  # a busy database: the next sign may come through
            lease = session.get(Lease, subject)
            if lease is not None and lease.owner == owner:
                lease.until = now() + timedelta(seconds=seconds)
