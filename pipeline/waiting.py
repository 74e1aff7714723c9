"""The queue: what waits for a person, found by age or severity however long it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from pipeline import quality
from pipeline.clock import now
from pipeline.store.desk_tables import WaitingRow
from pipeline.store.store import Store
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application, FindingRow, Lease, SettlementRow, VerdictRow
from pipeline.store.verdicts import latest_verdict
from yinjian.findings import Severity

R = TypeVar("R")
PAGE = 50  # cases of a page of the queue
NOBODY = "-"


class Rank(IntEnum):
    """How severe it is, worst first."""

    FAILED = 0
    BLOCKS = 1
    WARNS = 2


class Order(StrEnum):
    """How the queue is sorted."""

    AGE = "age"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the queue; `""` for any. `holder`: who opened it last, `-` for nobody."""

    platform: str = ""
    certificate: str = ""
    finding: str = ""
    holder: str = ""
    rank: Rank | None = None
    over: int | None = None  # hours that it has waited for at least, and at most
    under: int | None = None
    order: Order = Order.AGE
    page: int = 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue. `codes`: what was found, none of a sample; `locked`: who has it open now, `""` nobody."""

    id: str
    name: str
    since: datetime
    rank: Rank
    platform: str
    certificate: str
    business: str
    codes: tuple[str, ...]
    holder: str
    locked: str
    first: str


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue, how many there are of what was asked for, and whether there is more."""

    cases: tuple[Waiting, ...]
    count: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // PAGE))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many wait: all, by rank, platform, certificate, finding and who opened them."""

    all: int
    ranks: dict[int, int]
    platforms: dict[str, int]
    certificates: dict[str, int]
    findings: dict[str, int]
    holders: dict[str, int]
    oldest: datetime | None


def subject(application_id: str) -> str:
    """What the lease on reviewing an application is called."""
    return f"review:{application_id}"


def refresh(session: Session, application: Application, failed: bool = False) -> None:
    """The application waits for a person: enter it, or what is new of it."""
    submission = newest_submission(session, application.id)
    verdict = None if quality.is_blind(session, submission.id) else latest_verdict(session, submission.id)
    rank = Rank.FAILED if failed else Rank.BLOCKS if verdict and _blocks(session, verdict) else Rank.WARNS
    first = _settled_once(session, submission.id)
    row = session.get(WaitingRow, application.id) or WaitingRow(application_id=application.id, since=now(), holder="")
    row.rank, row.first, row.verdict_id = rank, first, verdict.id if verdict else None
    row.platform, row.certificate, row.business = _taken_for(verdict)
    session.add(row)


def forget(session: Session, application_id: str) -> None:
    """The application waits no more."""
    row = session.get(WaitingRow, application_id)
    if row is not None:
        session.delete(row)


def queue(store: Store, session: Session, wanted: Wanted) -> Queue:
    """A page of what waits."""
    picked = _picked(wanted, select(WaitingRow))
    page = max(1, wanted.page)
    rows = session.scalars(picked.order_by(*_order(wanted)).limit(PAGE).offset((page - 1) * PAGE)).all()
    count = session.scalar(_picked(wanted, select(func.count()).select_from(WaitingRow))) or 0
    return Queue(tuple(_lines(store, session, rows)), count, page)


def following(session: Session, actor: str, wanted: Wanted, after: str = "") -> str | None:
    """The case that `actor` takes next: the first that nobody else has open, and that waits for nobody but them."""
    busy = select(Lease.subject).where(Lease.subject.like("review:%"), Lease.until > now())
    held = {held.removeprefix("review:") for held in session.scalars(busy.where(Lease.owner != owner_of(actor)))}
    free = _picked(wanted, select(WaitingRow.application_id)).where(WaitingRow.first != actor)
    if held or after:
        free = free.where(WaitingRow.application_id.not_in(held | {after}))
    return session.scalars(free.order_by(*_order(wanted)).limit(1)).first()


def counts(session: Session) -> Counts:
    """How many wait, by what can be asked for."""

    def by(column: object) -> dict[str, int]:
        pairs = session.execute(select(column, func.count()).group_by(column)).tuples()  # type: ignore[call-overload]
        return {str(value): number for value, number in pairs}

    found = select(FindingRow.code, func.count(FindingRow.verdict_id.distinct()))
    found = found.join(WaitingRow, WaitingRow.verdict_id == FindingRow.verdict_id)
    codes = session.execute(found.where(FindingRow.severity != Severity.NOTES).group_by(FindingRow.code)).tuples()
    ranks = {int(rank): number for rank, number in by(WaitingRow.rank).items()}
    return Counts(
        sum(ranks.values()),
        ranks,
        by(WaitingRow.platform),
        by(WaitingRow.certificate),
        dict(sorted(codes, key=lambda pair: -pair[1])),
        by(WaitingRow.holder),
        session.scalar(select(func.min(WaitingRow.since))),
    )


def owner_of(actor: str) -> str:
    """As whom a member of staff holds a lease."""
    return f"user:{actor}"


def _order(wanted: Wanted) -> tuple[InstrumentedAttribute[Any], ...]:
    age = (WaitingRow.since, WaitingRow.application_id)
    return age if wanted.order is Order.AGE else (WaitingRow.rank, *age)


def _picked(wanted: Wanted, query: Select[tuple[R]]) -> Select[tuple[R]]:
    for column, value in ((WaitingRow.platform, wanted.platform), (WaitingRow.certificate, wanted.certificate)):
        if value:
            query = query.where(column == value)
    if wanted.over is not None:
        query = query.where(WaitingRow.since < now() - timedelta(hours=wanted.over))
    if wanted.under is not None:
        query = query.where(WaitingRow.since >= now() - timedelta(hours=wanted.under))
    if wanted.rank is not None:
        query = query.where(WaitingRow.rank == wanted.rank)
    if wanted.holder:
        query = query.where(WaitingRow.holder == ("" if wanted.holder == NOBODY else wanted.holder))
    if wanted.finding:
        having = select(FindingRow.verdict_id).where(FindingRow.code == wanted.finding)
        query = query.where(WaitingRow.verdict_id.in_(having))
    return query


def _lines(store: Store, session: Session, rows: Sequence[WaitingRow]) -> Iterator[Waiting]:
    ids = [row.application_id for row in rows]
    named = select(Application.id, Application.name_sealed).where(Application.id.in_(ids))
    names = dict(session.execute(named).tuples().all())
    codes = _codes(session, [row.verdict_id for row in rows if row.verdict_id])
    open_now = select(Lease.subject, Lease.owner).where(Lease.until > now(), Lease.subject.in_(map(subject, ids)))
    locks = dict(session.execute(open_now).tuples().all())
    for row in rows:
        yield Waiting(
            row.application_id,
            store.vault.open("applications.name", names[row.application_id]),
            row.since,
            Rank(row.rank),
            row.platform,
            row.certificate,
            row.business,
            codes.get(row.verdict_id or "", ()),
            row.holder,
            locks.get(subject(row.application_id), "").removeprefix("user:"),
            row.first,
        )


def _codes(session: Session, verdicts: list[str]) -> dict[str, tuple[str, ...]]:
    query = select(FindingRow.verdict_id, FindingRow.code).where(FindingRow.verdict_id.in_(verdicts))
    found: dict[str, tuple[str, ...]] = {}
    wanted = query.where(FindingRow.severity != Severity.NOTES).order_by(FindingRow.position)
    for verdict, code in session.execute(wanted).tuples():
        found[verdict] = tuple(dict.fromkeys((*found.get(verdict, ()), code)))
    return found


def _blocks(session: Session, verdict: VerdictRow) -> bool:
    query = select(FindingRow.position).where(FindingRow.verdict_id == verdict.id)
    return session.scalars(query.where(FindingRow.severity == Severity.BLOCKS)).first() is not None


def _taken_for(verdict: VerdictRow | None) -> tuple[str, str, str]:
    if verdict is None:
        return "", "", ""
    return verdict.platform or "", verdict.certificate or "", verdict.business or ""


def _settled_once(session: Session, submission_id: str) -> str:
    """Who said the only word on something: what blocks then waits for another."""
    query = select(SettlementRow.finding, SettlementRow.actor).where(SettlementRow.submission_id == submission_id)
    words = session.execute(query.where(SettlementRow.withdrawn_at.is_(None))).tuples().all()
    number = Counter(finding for finding, _ in words)
    return next((actor for finding, actor in words if number[finding] == 1), "")
