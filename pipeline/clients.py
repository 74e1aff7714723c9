"""Programs that may upload: each has a name, and a token that is shown once and kept as a keyed hash."""

from __future__ import annotations

import re
import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.store.store import Store
from pipeline.store.tables import Application, Client, Submission
from pipeline.users import Role, require_role
from yinjian.errors import InputError, Refused

NAME = re.compile(r"[\w.-]{1,30}", re.ASCII)
TOKEN_BYTES = 32


def add_client(store: Store, session: Session, name: str, actor: str) -> str:
    """Enter a client; its token, which nobody can see again. An administrator does it."""
    require_role(session, actor, Role.ADMINISTRATOR)
    if not NAME.fullmatch(name):
        raise InputError("This is no client's name.", "Use up to 30 letters, digits, '.', '-' or '_'.")
    if session.get(Client, name) is not None:
        raise Refused(f"There is a client {name} already.", f"Take it away first: yinjian client remove {name}")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(Client(name=name, token=_kept(store, token), added_at=now()))
    record(session, actor, "client", f"client:{name}", detail="added")
    return token


def remove_client(session: Session, name: str, actor: str) -> None:
    """Its token is good for nothing from now on; what it sent stays."""
    require_role(session, actor, Role.ADMINISTRATOR)
    client = session.get(Client, name)
    if client is None:
        raise InputError(f"There is no client {name}.", "See `yinjian client list`.")
    session.delete(client)
    record(session, actor, "client", f"client:{name}", detail="removed")


def client_of(store: Store, session: Session, token: str) -> str | None:
    """Whose token it is; None when it is nobody's."""
    return session.scalar(select(Client.name).where(Client.token == _kept(store, token)))


def actor_of(client: str) -> str:
    """Under which name a client's acts stand in the events."""
    return f"client:{client}"


def sent_by(session: Session, application_id: str, client: str) -> Application | None:
    """An application that this client sent; None when there is none, or another sent it."""
    own = select(Submission.id).where(
        Submission.application_id == application_id, Submission.received_by == actor_of(client)
    )
    return session.get(Application, application_id) if session.scalars(own).first() else None


def _kept(store: Store, token: str) -> str:
    return store.vault.name(token.encode())
