"""Who may see an application's papers; and that they did, in the audit log."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pipeline.events import record
from pipeline.states import State
from pipeline.store.tables import Application, User
from pipeline.users import Role
from yinjian.errors import InputError, Refused

# Reviewers and auditors see all; who issues sees what was approved, and what came of it.
SEES: dict[Role, frozenset[State]] = {
    Role.REVIEWER: frozenset(State),
    Role.AUDITOR: frozenset(State),
    Role.ISSUER: frozenset({State.APPROVED, State.ISSUED}),
}


def require_view(session: Session, actor: str, application_id: str) -> Application:
    """The application. Refused to whom its papers do not concern, in words that tell nothing about it."""
    user, application = session.get(User, actor), session.get(Application, application_id.upper())
    roles = user.roles.split() if user else ()
    if application is None:
        raise InputError("There is no such application.", "Look in the queue, or search for it.")
    if not any(State(application.state) in SEES.get(Role(role), ()) for role in roles):
        raise Refused("These papers are not for you to see.", "Ask somebody whose role it is.")
    return application


def note_list(session: Session, actor: str, what: str, count: int) -> None:
    """That a list with names was seen: what it lists, and how many."""
    record(session, actor, "viewed", f"list:{what}", detail=f"{count} lines")


def note(session: Session, actor: str, what: str, application_id: str, hash: str = "") -> None:
    """That personal data were seen: `what` is `case`, `page 2`, `mark seal_collection`; never what they say."""
    record(session, actor, "viewed", f"application:{application_id}", hash, application_id, what)
