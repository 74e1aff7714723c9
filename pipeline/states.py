"""How far an application is, and which step may follow which: the one place that moves it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.store.tables import Application
from pipeline.waiting import forget, refresh
from yinjian.errors import Refused


class State(StrEnum):
    """An application is in exactly one of these."""

    RECEIVED = "received"  # to be read and judged
    REVIEW = "review"  # waits for a person
    APPROVED = "approved"  # may be issued
    ISSUED = "issued"
    RETURNED = "returned"  # to the applicant, who may send it again
    REJECTED = "rejected"
    SET_ASIDE = "set_aside"  # the program failed on it


class Work(StrEnum):
    """How far the program is with a submission."""

    WAITING = "waiting"
    DONE = "done"
    SET_ASIDE = "set_aside"


WAITS = (State.REVIEW, State.SET_ASIDE)  # for a person
FOLLOWS = {
    State.RECEIVED: {State.REVIEW, State.APPROVED, State.SET_ASIDE},
    State.REVIEW: {State.APPROVED, State.RETURNED, State.REJECTED, State.RECEIVED},
    State.SET_ASIDE: {State.RECEIVED, State.RETURNED, State.REJECTED},
    State.RETURNED: {State.RECEIVED},
    State.APPROVED: {State.ISSUED, State.REVIEW},
    State.ISSUED: set[State](),
    State.REJECTED: set[State](),
}


def move(session: Session, application: Application, to: State, actor: str, evidence: str, detail: str = "") -> None:
    """To another state, with its event. Refused when the state that it is in does not lead there."""
    state = State(application.state)
    if to not in FOLLOWS[state]:
        what = f"Application {application.id} is {state}; it cannot become {to}."
        raise Refused(what, f"See how it came there: yinjian trace {application.id}")
    application.state = to
    application.changed_at = now()
    if to in WAITS:
        refresh(session, application, failed=to is State.SET_ASIDE)
    else:
        forget(session, application.id)
    record(session, actor, to, f"application:{application.id}", evidence, application.id, detail)
