"""Who works on which submission, how often it was tried, and what becomes of one that fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline import leases
from pipeline.clock import now
from pipeline.events import record
from pipeline.leases import LeaseLost, Taken
from pipeline.states import State, Work, move
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application, Lease, Submission
from pipeline.users import SYSTEM
from yinjian.errors import Refused, SettingsError, SetupError, StoreError, YinjianError
from yinjian.settings import Settings

LOOKED_AT = 50  # waiting submissions at a time
MAX_INTERRUPTIONS = 20  # of one submission, before it is taken for the cause
SURROUNDINGS = (StoreError, SetupError, SettingsError)  # not the application's fault: it will be tried again


class StepFailed(Exception):
    """A step failed and that was recorded. Carries no words: what failed may have quoted what was read."""


def claim(store: Store, owner: str, settings: Settings) -> str | None:
    """Take the next submission that waits, those that failed least first; None when there is none now."""
    with store.writing() as session:
        for submission in _waiting(session):
            taken = leases.take(session, subject(submission.id), owner, settings.lease_seconds)
            if taken is Taken.FROM_DEAD and not _interrupted(session, submission):
                continue
            if taken is not Taken.NOT:
                return submission.id
    return None


def _waiting(session: Session) -> Iterator[Submission]:
    """Those nobody works on. Interrupted ones come last, so that one cause does not hold up all."""
    order = (Submission.attempts, Submission.interruptions, Submission.received_at, Submission.id)
    due = select(Submission).where(Submission.work == Work.WAITING, Submission.due_at <= now())
    free = due.order_by(*order).limit(LOOKED_AT).with_for_update(skip_locked=True)
    held = {lease.subject: lease for lease in session.scalars(select(Lease))}
    for submission in session.scalars(free):
        lease = held.get(subject(submission.id))
        if lease is None or leases.is_free(lease):
            yield submission


def _interrupted(session: Session, submission: Submission) -> bool:
    """Count an interruption; whether the submission may be tried again."""
    submission.interruptions += 1
    if submission.interruptions < MAX_INTERRUPTIONS:
        return True
    _set_aside(session, submission, "处理该申请时程序多次中断，请人工处理，或排除原因后重试。")
    return False


def unfinished(store: Store, submissions: Iterable[str] | None = None) -> int:
    """How many submissions wait or are worked on, of those given or of all."""
    query = select(Submission.id).where(Submission.work == Work.WAITING)
    with store.reading() as session:
        waiting = set(session.scalars(query))
    return len(waiting if submissions is None else waiting.intersection(submissions))


@contextmanager
def at_work(store: Store, submission: str, owner: str, settings: Settings) -> Iterator[None]:
    """Holds the lease while the block runs, and lets go at its end."""
    with leases.kept_alive(store, subject(submission), owner, settings.lease_seconds):
        yield
    with store.writing() as session:
        leases.release(session, subject(submission), owner)


def let_go(store: Store, submission: str, owner: str) -> None:
    """Give a submission back untouched; where even that fails, its lease runs out."""
    with suppress(StoreError), store.writing() as session:
        leases.release(session, subject(submission), owner)


def run_step(store: Store, submission: str, owner: str, settings: Settings, step: Callable[[], None]) -> None:
    """Run one step. Raises StepFailed, with no words, when the application's papers or a fault of ours stopped it."""
    try:
        step()
    except SURROUNDINGS:
        raise
    except Exception as error:
        failed(store, submission, owner, settings, _told(error), traceback.format_exc())
        raise StepFailed(submission) from None


def failed(store: Store, submission_id: str, owner: str, settings: Settings, fault: str, trace: str = "") -> None:
    """A try has failed: another later, or set aside after the last."""
    with store.writing() as session:
        try:
            leases.require(session, subject(submission_id), owner)
        except LeaseLost:
            return
        submission = session.get_one(Submission, submission_id)
        submission.attempts += 1
        submission.fault = fault
        submission.trace_sealed = store.vault.seal("submissions.trace", trace)
        delay = settings.retry_seconds * 2 ** (submission.attempts - 1)
        submission.due_at = now() + timedelta(seconds=delay)
        event = f"submission:{submission.id}"
        detail = f"try {submission.attempts} of {settings.tries}"
        record(session, SYSTEM, "failed", event, submission.content, submission.application_id, detail)
        if submission.attempts >= settings.tries:
            _set_aside(session, submission, fault)
        leases.release(session, subject(submission_id), owner)


def _set_aside(session: Session, submission: Submission, fault: str) -> None:
    submission.work, submission.fault = Work.SET_ASIDE, fault
    application = session.get_one(Application, submission.application_id)
    if application.state == State.RECEIVED:
        move(session, application, State.SET_ASIDE, SYSTEM, submission.content, f"after {submission.attempts} tries")


def process_died(store: Store, owner: str, settings: Settings) -> None:
    """A process of ours ended in the middle of something while others live on: what it did is to blame."""
    with store.reading() as session:
        held = session.scalars(select(Lease.subject).where(Lease.owner == owner)).all()
    for name in held:
        kind, _, id = name.partition(":")
        if kind == "submission":
            failed(store, id, owner, settings, "读取该申请时进程中断（内存不足或程序崩溃），请人工处理。")


def retry(session: Session, application: Application, actor: str) -> None:
    """Try one again that was set aside."""
    if application.state != State.SET_ASIDE:
        raise Refused(f"Application {application.id} is not set aside.", "Only what failed can be tried again.")
    submission = newest_submission(session, application.id)
    submission.work, submission.attempts, submission.interruptions, submission.due_at = Work.WAITING, 0, 0, now()
    move(session, application, State.RECEIVED, actor, submission.content, "to be tried again")


def subject(submission: str) -> str:
    """What a lease is on."""
    return f"submission:{submission}"


def _told(error: Exception) -> str:
    """For the operator: a fault's own words only where they are ours and quote nobody."""
    if isinstance(error, YinjianError):
        return f"{error.what} {error.remedy}"
    return f"程序未能处理该申请（{type(error).__name__}），请人工处理；管理员可用 yinjian show ID --trace 查看详情。"
