"""One correction by a person: a new reading, judged at once by all rules. The reading before stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record, record_verdict
from pipeline.impressions import impressions, unit_of
from pipeline.judging import claim_of, day_of, judged, same_impressions
from pipeline.registry import numbers_of, register
from pipeline.review.corrections import Correction
from pipeline.review.guard import open_review
from pipeline.review.standing import standings
from pipeline.store.fingerprints import Remembered, save_fingerprints
from pipeline.store.readings import keep_reading, load_reading, save_reading
from pipeline.store.store import Store
from pipeline.store.tables import CorrectionRow
from pipeline.store.verdicts import compared_of, save_verdict
from pipeline.users import SYSTEM
from pipeline.waiting import refresh
from yinjian.approval import Standing
from yinjian.catalogue import Catalogue
from yinjian.records import Reading

Change = Callable[[Reading], Correction]


@dataclass(frozen=True, slots=True)
class Act:
    """Who corrects which application, and why. `seen`: the reading acted on, `""` for the latest."""

    application: str
    actor: str
    reason: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Revised:
    """The reading that came of a correction, and how its findings stand."""

    reading: str
    number: int
    standings: tuple[Standing, ...]


def revise(store: Store, act: Act, known: Catalogue, change: Change, remembered: Remembered | None = None) -> Revised:
    """Make the change, judge, keep. Refused when another reviewer was faster: nothing is kept then.

    `remembered`: the process's impressions, if it has some.
    """
    with store.reading() as session:
        opened = open_review(session, act.application, act.actor, act.seen)
        row, submission = opened.reading, opened.submission
        as_of = day_of(submission)
    old = load_reading(store, row)
    correction = change(old)
    with store.reading() as session:
        existing = register(store, session, as_of, numbers_of(correction.reading, claim_of(store, submission)[0]))
    blob = keep_reading(store, correction.reading, old)
    claim = claim_of(store, submission)[0]
    # What was compared already need not be again: that takes most of a second.
    before = compared_of(store, opened.verdict) if same_impressions(old, correction.reading, claim) else None
    verdict, subject, compared = judged(
        store, submission, correction.reading, existing, as_of, known, remembered, before
    )
    found = () if before else impressions(correction.reading, act.application, unit_of(correction.reading, claim))
    with store.writing() as session:
        opened = open_review(session, act.application, act.actor, row.id)
        new = save_reading(store, session, opened.submission.id, correction.reading, blob, act.actor)
        save_fingerprints(store, session, new.id, found)
        _keep(store, session, act, correction, new.id)
        record(session, act.actor, "corrected", f"reading:{new.id}", blob, act.application, _detail(correction))
        saved = save_verdict(store, session, opened.submission, new, verdict, subject, as_of, compared)
        record_verdict(session, SYSTEM, saved, act.application)
        session.flush()
        refresh(session, opened.application)
        return Revised(new.id, new.number, standings(store, session, saved))


def _keep(store: Store, session: Session, act: Act, correction: Correction, reading_id: str) -> None:
    seal = store.vault.seal
    row = CorrectionRow(reading_id=reading_id, application_id=act.application, subject=correction.subject)
    row.act, row.actor, row.made_at = correction.act, act.actor, now()
    row.before_sealed = seal("corrections.before", correction.before)
    row.after_sealed = seal("corrections.after", correction.after)
    row.reason_sealed = seal("corrections.reason", act.reason)
    session.add(row)


def _detail(correction: Correction) -> str:
    """What was corrected, by its id; never what it says."""
    return f"{correction.act} {correction.subject}"
