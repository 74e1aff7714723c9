"""The dashboard's figures: counted over the audit log and the queue, each of a stated time."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline import quality
from pipeline.clock import CHINA, now, today
from pipeline.states import State
from pipeline.store.desk_tables import WaitingRow
from pipeline.store.tables import Application, Event
from pipeline.waiting import Counts, counts
from yinjian.share import Share

DAYS = 14
AGES = (4, 24, 72)  # hours: the bounds of how long cases wait


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in the last DAYS days, and what waits now.

    `intake`, `issued`: by day, oldest first. `passed`: of all that was judged first, how many were approved by the
    program. `ages`: how many wait for less than 4, 24, 72 hours, and longer. `decided_hours`: the median from waiting
    to a person's decision, None without one.
    """

    days: tuple[date, ...]
    intake: tuple[int, ...]
    issued: tuple[int, ...]
    passed: Share
    ages: tuple[int, ...]
    decided_hours: float | None
    decided: int
    waiting: Counts
    accuracy: Share
    samples_waiting: int


def figures(session: Session) -> Figures:
    """As of now."""
    days = tuple(today() - timedelta(days=n) for n in reversed(range(DAYS)))
    since = now() - timedelta(days=DAYS)
    accuracy, samples = quality.result(session)
    hours = _decided_hours(session, since)
    passed, sent = (_system(session, action, since) for action in (State.APPROVED, State.REVIEW))
    return Figures(
        days,
        _by_day(session, "submitted", days),
        _by_day(session, State.ISSUED, days),
        Share(passed, passed + sent),
        _ages(session),
        statistics.median(hours) if hours else None,
        len(hours),
        counts(session),
        accuracy,
        samples,
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to an application: at a time, by whom; and how far it is now."""

    application: str
    at: datetime
    actor: str
    state: State


HAPPENED = ("submitted", "approved", "review", "returned", "rejected", "issued", "set_aside", "compared")
MOST = 500


def happened(session: Session, action: str, day: date | None, by_program: bool = False) -> tuple[Happened, ...]:
    """The applications to which it happened on a day, or in the last DAYS; newest first. Names nobody."""
    begin = datetime.combine(day, time(), CHINA) if day else now() - timedelta(days=DAYS)
    query = select(Event, Application.state).join(Application, Application.id == Event.application_id)
    query = query.where(Event.action == action, Event.at >= begin)
    if day is not None:
        query = query.where(Event.at < begin + timedelta(days=1))
    if by_program:
        query = query.where(Event.actor.like("system:%"))
    found = session.execute(query.order_by(Event.id.desc()).limit(MOST)).tuples()
    return tuple(Happened(event.application_id or "", event.at, event.actor, State(state)) for event, state in found)


def _by_day(session: Session, action: str, days: tuple[date, ...]) -> tuple[int, ...]:
    since = now() - timedelta(days=DAYS + 1)
    at = session.scalars(select(Event.at).where(Event.action == action, Event.at >= since))
    number = Counter(instant.astimezone(CHINA).date() for instant in at)
    return tuple(number[day] for day in days)


def _system(session: Session, action: str, since: datetime) -> int:
    """How many applications the program itself approved, or sent to people."""
    query = select(func.count()).select_from(Event).where(Event.action == action, Event.at >= since)
    return session.scalar(query.where(Event.actor.like("system:%"))) or 0


def _ages(session: Session) -> tuple[int, ...]:
    older = [session.scalar(select(func.count()).select_from(WaitingRow)) or 0]
    for hours in AGES:
        before = select(func.count()).select_from(WaitingRow).where(WaitingRow.since < now() - timedelta(hours=hours))
        older.append(session.scalar(before) or 0)
    return (*(more - less for more, less in pairwise(older)), older[-1])


def _decided_hours(session: Session, since: datetime) -> list[float]:
    """How long each case waited that a person decided on."""
    actions = (State.REVIEW, State.APPROVED, State.RETURNED, State.REJECTED)
    query = select(Event.application_id, Event.action, Event.actor, Event.at)
    query = query.where(Event.action.in_(actions), Event.at >= since).order_by(Event.id)
    begun, hours = {}, []
    for application, action, actor, at in session.execute(query).tuples():
        if action == State.REVIEW:
            begun[application] = at
        elif application in begun and not actor.startswith("system:"):
            hours.append((at - begun.pop(application)).total_seconds() / 3600)
    return hours
