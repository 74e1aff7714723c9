"""The audit log: who did what, when, to which hash."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from pipeline.audit import append
from pipeline.clock import now, shown
from pipeline.store.tables import Event, VerdictRow
from yinjian.errors import SetupError

SKEW = timedelta(minutes=5)  # by which clocks of two machines may differ


def record(
    session: Session,
    actor: str,
    action: str,
    subject: str,
    hash: str = "",
    application_id: str | None = None,
    detail: str = "",
) -> None:
    """One event, at this instant. `subject` is `kind:id`; `hash` that of what was acted on; no personal data.

    SetupError when the clock is behind the last event: times would no longer tell what came first.
    """
    at = now()
    event = Event(at=at, actor=actor, action=action, subject=subject, application_id=application_id)
    event.hash, event.detail = hash, detail
    last = append(session, event)
    if last is not None and at < last - SKEW:
        what = f"The clock says {shown(at)}, but the last event was at {shown(last)}."
        raise SetupError(what, "Set the clock right, then run this again.")


def record_verdict(session: Session, actor: str, verdict: VerdictRow, application_id: str) -> None:
    """That a reading was judged. What it came to stands in the verdict, for who reviews a sample is not to see it."""
    detail = f"as of {verdict.as_of}, policy {verdict.policy}"
    record(session, actor, "judged", f"verdict:{verdict.id}", verdict.evidence, application_id, detail)
