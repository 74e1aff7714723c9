"""Settling findings: a person's word, with a reason, that one does not hold the application back."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.review.guard import Opened, open_review
from pipeline.review.standing import binding, standings
from pipeline.store.readings import bare_reading
from pipeline.store.store import Store, new_id
from pipeline.store.tables import SettlementRow
from pipeline.waiting import refresh
from yinjian.approval import NEEDED, Standing
from yinjian.errors import InputError, Refused


def settle(
    store: Store, session: Session, application_id: str, code: str, where: str, actor: str, reason: str, seen: str = ""
) -> Standing:
    """Settle a finding, or confirm what another settled; how it stands then.

    Refused to one who has settled it already: what blocks needs two people.
    """
    opened = open_review(session, application_id, actor, seen)
    standing = _find(store, session, opened, code, where)
    if actor in {settlement.actor for settlement in standing.settlements}:
        raise Refused(f"{actor} has settled this finding already.", "Another reviewer must confirm it.")
    if not standing.lacks:
        raise Refused("This finding is settled already.", f"See what is left: yinjian show {application_id}")
    if not standing.settlements and not reason.strip():
        raise InputError("A settlement needs a reason.", 'Give it: --reason "..."')
    _add(store, session, opened, standing, actor, reason)
    session.flush()
    refresh(session, opened.application)
    return _find(store, session, opened, code, where)


def _taken_back(session: Session, opened: Opened, bound: str, actor: str) -> SettlementRow | None:
    """The same word of the same person, which they took back."""
    query = select(SettlementRow).where(SettlementRow.submission_id == opened.submission.id)
    return session.scalars(query.where(SettlementRow.finding == bound, SettlementRow.actor == actor)).first()


def _find(store: Store, session: Session, opened: Opened, code: str, where: str) -> Standing:
    for standing in standings(store, session, opened.verdict):
        if (standing.finding.code, standing.finding.where) == (code, where):
            if not NEEDED[standing.finding.severity]:
                raise InputError("This finding is a note.", "It holds nothing back: there is nothing to settle.")
            return standing
    raise InputError("There is no such finding.", f"See what was found: yinjian show {opened.application.id}")


def _add(store: Store, session: Session, opened: Opened, standing: Standing, actor: str, reason: str) -> None:
    found, verdict = standing.finding, opened.verdict
    reading = bare_reading(store, opened.reading)
    bound = binding(store, verdict, reading, found)
    row = _taken_back(session, opened, bound, actor)
    if row is None:
        row = SettlementRow(id=new_id("T"), application_id=opened.application.id, submission_id=opened.submission.id)
        session.add(row)
    row.verdict_id, row.finding, row.code, row.withdrawn_at = verdict.id, bound, found.code, None
    row.where_sealed = store.vault.seal("settlements.where", found.where)
    row.reason_sealed = store.vault.seal("settlements.reason", reason.strip())
    row.actor, row.settled_at = actor, now()
    # Where a finding points to may be a file's name: it is told in the row only.
    act = "confirmed" if standing.settlements else "settled"
    record(session, actor, act, f"settlement:{row.id}", row.finding, opened.application.id, found.code)
