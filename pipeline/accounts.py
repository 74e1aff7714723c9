"""How staff prove who they are: passwords (argon2id), a second factor (TOTP), sessions. Web and command line use it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.store.desk_tables import Credential, WebSession
from pipeline.store.store import Store
from pipeline.store.tables import User
from pipeline.users import SYSTEM, Role, add_user
from yinjian.errors import InputError, Refused
from yinjian.settings import Settings

SHORTEST, LONGEST = 12, 128  # symbols of a password
TOTP_SECONDS = 30
SEEN_EVERY = timedelta(minutes=1)  # a session's sign of life is not written at each request
ISSUER = "Yinjian"
ADMINISTRATOR = "admin"
_WRONG = Refused("Name, password or code is wrong.", "Try again, or have an administrator: yinjian user password NAME")


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who has proved who they are. `once`: their password is to be changed before anything else.

    `due`: whether the session's last sign of life is a while ago, so that another is to be written.
    """

    name: str
    roles: frozenset[Role]
    csrf: str
    once: bool
    due: bool


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff. `password`: whether they have one; `factor`: a second factor."""

    name: str
    roles: tuple[str, ...]
    password: bool
    factor: bool


def members(session: Session) -> tuple[Member, ...]:
    """All staff, by name."""
    query = select(User, Credential).outerjoin(Credential, Credential.name == User.name).order_by(User.name)
    return tuple(
        Member(user.name, tuple(user.roles.split()), row is not None, row is not None and row.totp_sealed is not None)
        for user, row in session.execute(query).tuples()
    )


def new_password(store: Store, session: Session, name: str, actor: str) -> str:
    """A password for one log-in, which must be changed then; the second factor is set back. Ends their sessions."""
    _user(session, name)
    password = secrets.token_urlsafe(12)
    row = session.get(Credential, name) or Credential(name=name, step=0)
    row.password, row.once, row.totp_sealed, row.changed_at = _hasher().hash(password), True, None, now()
    session.add(row)
    session.execute(delete(WebSession).where(WebSession.name == name))
    record(session, actor, "password_given", f"user:{name}")
    return password


def first(store: Store, session: Session) -> tuple[str, str] | None:
    """Name and password of a first administrator; None when an administrator can log in already."""
    administrators = [u.name for u in session.scalars(select(User).order_by(User.name)) if _has(u, Role.ADMINISTRATOR)]
    if any(session.get(Credential, name) is not None for name in administrators):
        return None
    if not administrators:
        add_user(session, ADMINISTRATOR, (Role.ADMINISTRATOR,))
        session.flush()
    name = administrators[0] if administrators else ADMINISTRATOR
    return name, new_password(store, session, name, SYSTEM)


def check(store: Store, session: Session, name: str, password: str, code: str = "") -> None:
    """Raises Refused unless the password is theirs and, where they have a second factor, the code is a new one."""
    row = session.get(Credential, name)
    fits = _fits(row.password if row else _nobody(), password)
    if row is None or not fits or not _code_fits(store, row, code):
        raise _WRONG
    if _hasher().check_needs_rehash(row.password):
        row.password = _hasher().hash(password)


def change_password(store: Store, session: Session, name: str, old: str, new: str, token: str = "") -> None:
    """Their own; their sessions end but the one of `token`.

    Raises Refused when the old one is wrong, InputError for a new one that is too easy.
    """
    row = session.get(Credential, name)
    if row is None or not _fits(row.password, old):
        raise Refused("The old password is wrong.", "Try again.")
    if not SHORTEST <= len(new) <= LONGEST or new in (old, name) or len(set(new)) < 5:
        remedy = f"Take {SHORTEST} to {LONGEST} symbols, another than before; several words are easy to remember."
        raise InputError("This password is too easy.", remedy)
    row.password, row.once, row.changed_at = _hasher().hash(new), False, now()
    others = delete(WebSession).where(WebSession.name == name, WebSession.token != _name(store, token))
    session.execute(others)
    record(session, name, "password_changed", f"user:{name}")


def new_factor() -> str:
    """A secret for an authenticator, to be shown as `provisioning` and confirmed with its first code."""
    return pyotp.random_base32()


def provisioning(name: str, secret: str) -> str:
    """The URI (otpauth://) that an authenticator scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm_factor(store: Store, session: Session, name: str, secret: str, code: str) -> None:
    """From now on their log-in needs a code. Raises InputError when the first one does not fit."""
    step = _step(secret, code, 0)
    if step is None:
        raise InputError("This code does not fit.", "Enter what the authenticator shows now.")
    row = session.get_one(Credential, name)
    row.totp_sealed, row.step = store.vault.seal("credentials.totp", secret), step
    record(session, name, "factor_set", f"user:{name}")


def begin(store: Store, session: Session, name: str, how: str) -> str:
    """A new session; its token, which only the browser keeps. `how`: by what they proved who they are."""
    _user(session, name)
    token = secrets.token_urlsafe(32)
    row = WebSession(token=_name(store, token), name=name, csrf=secrets.token_hex(32))
    row.begun_at = row.seen_at = now()
    session.add(row)
    record(session, name, "logged_in", f"user:{name}", detail=how)
    return token


def login_of(store: Store, session: Session, token: str, settings: Settings) -> Login | None:
    """Whose session it is; None when it ended."""
    row = _session(store, session, token)
    if row is None or is_over(row, settings):
        return None
    user, credential = session.get(User, row.name), session.get(Credential, row.name)
    if user is None:
        return None
    roles = frozenset(Role(role) for role in user.roles.split())
    once, due = credential is not None and credential.once, now() - row.seen_at >= SEEN_EVERY
    return Login(row.name, roles, row.csrf, once, due)


def is_over(row: WebSession, settings: Settings) -> bool:
    """Whether a session was idle, or lasted, for too long."""
    idle, whole = timedelta(minutes=settings.session_minutes), timedelta(hours=settings.session_hours)
    return now() - row.seen_at > idle or now() - row.begun_at > whole


def seen(store: Store, session: Session, token: str) -> None:
    """A sign of life of a session."""
    row = _session(store, session, token)
    if row is not None:
        row.seen_at = now()


def end(store: Store, session: Session, token: str) -> None:
    """Log out."""
    row = _session(store, session, token)
    if row is not None:
        session.delete(row)
        record(session, row.name, "logged_out", f"user:{row.name}")


def _session(store: Store, session: Session, token: str) -> WebSession | None:
    return session.get(WebSession, _name(store, token))


def _name(store: Store, token: str) -> str:
    """As the store knows a token, which only the browser keeps."""
    return store.vault.name(token.encode())


def _user(session: Session, name: str) -> User:
    user = session.get(User, name)
    if user is None:
        raise InputError("There is no such user.", "Enter them first: yinjian user add NAME --role ROLE")
    return user


def _has(user: User, role: Role) -> bool:
    return role in user.roles.split()


def _code_fits(store: Store, row: Credential, code: str) -> bool:
    if row.totp_sealed is None:
        return True
    step = _step(store.vault.open("credentials.totp", row.totp_sealed), code, row.step)
    if step is None:
        return False
    row.step = step  # "The verifier MUST NOT accept the second attempt of the OTP" (RFC 6238, 5.2)
    return True


def _step(secret: str, code: str, after: int) -> int | None:
    """The time step whose code it is: this one, or one to either side (RFC 6238, 5.2); None for no later one."""
    this, totp = int(time.time()) // TOTP_SECONDS, pyotp.TOTP(secret)
    steps = (step for step in (this - 1, this, this + 1) if step > after)
    return next((s for s in steps if secrets.compare_digest(totp.at(s * TOTP_SECONDS).encode(), code.encode())), None)


def _fits(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password[:LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()  # argon2id with RFC 9106's second recommended parameters


@cache
def _nobody() -> str:
    """A hash that no password fits, so that an unknown name takes as long to refuse as a wrong password."""
    return _hasher().hash(secrets.token_urlsafe(32))
