"""Taking back what a reviewer did last, for as long as the application was not decided on.

Nothing is wiped out: a correction that is taken back makes one more reading, with what was read before it; a
settlement that is taken back stays, and no longer counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.review.corrections import Correction
from pipeline.review.guard import Opened, open_review
from pipeline.review.revise import Act, Revised, revise
from pipeline.review.standing import standings
from pipeline.store.fingerprints import Remembered
from pipeline.store.readings import load_reading
from pipeline.store.store import Store
from pipeline.store.tables import CorrectionRow, ReadingRow, SettlementRow
from pipeline.waiting import refresh
from yinjian.catalogue import Catalogue
from yinjian.errors import Refused

UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Last:
    """What `actor` did last and has not taken back; `before`: the reading that a correction was made on."""

    subject: str
    at: datetime
    correction: CorrectionRow | None = None
    before: ReadingRow | None = None
    settlement: SettlementRow | None = None


def last_act(session: Session, opened: Opened, actor: str) -> Last | None:
    """What may be taken back: the later of the last correction, when it is `actor`'s own, and their last settlement."""
    return max(
        (act for act in (_correction(session, opened, actor), _settlement(session, opened, actor)) if act),
        key=lambda act: act.at,
        default=None,
    )


def undo(store: Store, act: Act, known: Catalogue, remembered: Remembered | None = None) -> Revised:
    """Take back the last act of `act.actor`. Refused when there is none, or another has corrected since."""
    with store.writing() as session:
        opened = open_review(session, act.application, act.actor, act.seen)
        last = last_act(session, opened, act.actor)
        if last is None:
            raise Refused("There is nothing of yours to take back.", "What another reviewer did, they take back.")
        if last.settlement is not None:
            last.settlement.withdrawn_at = now()
            subject = f"settlement:{last.settlement.id}"
            record(session, act.actor, "withdrawn", subject, last.settlement.finding, act.application, last.subject)
            session.flush()
            refresh(session, opened.application)
            return Revised(opened.reading.id, opened.reading.number, standings(store, session, opened.verdict))
        before, correction = last.before, last.correction
    assert before is not None and correction is not None
    earlier = load_reading(store, before)
    was = store.vault.open("corrections.before", correction.before_sealed)
    became = store.vault.open("corrections.after", correction.after_sealed)
    back = Correction(earlier, UNDO, correction.subject, became, was)
    seen = Act(act.application, act.actor, act.reason, opened.reading.id)
    return revise(store, seen, known, lambda _: back, remembered)


def _correction(session: Session, opened: Opened, actor: str) -> Last | None:
    query = (
        select(ReadingRow, CorrectionRow)
        .outerjoin(CorrectionRow, CorrectionRow.reading_id == ReadingRow.id)
        .where(ReadingRow.submission_id == opened.submission.id)
        .order_by(ReadingRow.number)
    )
    standing: list[tuple[ReadingRow, CorrectionRow | None]] = []
    for reading, correction in session.execute(query).tuples():
        if correction is not None and correction.act == UNDO:
            standing.pop()
        else:
            standing.append((reading, correction))
    if len(standing) < 2:
        return None
    (before, _), (_, last) = standing[-2:]
    if last is None or last.actor != actor:
        return None
    return Last(last.subject, last.made_at, correction=last, before=before)


def _settlement(session: Session, opened: Opened, actor: str) -> Last | None:
    query = select(SettlementRow).where(
        SettlementRow.submission_id == opened.submission.id,
        SettlementRow.actor == actor,
        SettlementRow.withdrawn_at.is_(None),
    )
    row = session.scalars(query.order_by(SettlementRow.settled_at.desc(), SettlementRow.id)).first()
    return None if row is None else Last(row.code, row.settled_at, settlement=row)
