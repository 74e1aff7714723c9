"""The one door to an application in review: who may act on it, and on what reading."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pipeline.states import State, Work
from pipeline.store.readings import latest_reading
from pipeline.store.submissions import newest_submission
from pipeline.store.tables import Application, ReadingRow, Submission, VerdictRow
from pipeline.store.verdicts import latest_verdict
from pipeline.users import Role, require_role
from yinjian.errors import Refused


@dataclass(frozen=True, slots=True)
class Opened:
    """An application in review, with the rows that count."""

    application: Application
    submission: Submission
    reading: ReadingRow
    verdict: VerdictRow


def open_review(session: Session, application_id: str, actor: str, seen: str = "") -> Opened:
    """The application, held until the transaction ends. `seen`: the reading that the reviewer acts on, `""` for any.

    Refused without the role, in another state, and when the reading is no longer the latest: then somebody else was
    faster, and what was decided on may have changed.
    """
    require_role(session, actor, Role.REVIEWER)
    application = session.get_one(Application, application_id)
    session.refresh(application, with_for_update=True)
    submission = newest_submission(session, application_id)
    reading, verdict = latest_reading(session, submission.id), latest_verdict(session, submission.id)
    if application.state != State.REVIEW or submission.work != Work.DONE or reading is None or verdict is None:
        what = f"Application {application_id} is {application.state}; only one in review can be worked on."
        raise Refused(what, "See what is: yinjian queue")
    _require_seen(application_id, reading, seen)
    return Opened(application, submission, reading, verdict)


def _require_seen(application_id: str, reading: ReadingRow, seen: str) -> None:
    if seen and seen.upper() != reading.id:
        what = f"The reading {seen} of {application_id} is no longer the latest: somebody has changed it."
        raise Refused(what, f"Look at it again: yinjian show {application_id}")


def require_latest(session: Session, application_id: str, seen: str) -> None:
    """The same check for what is decided without a reading, as when the program failed on it."""
    reading = latest_reading(session, newest_submission(session, application_id).id)
    if reading is not None:
        _require_seen(application_id, reading, seen)
