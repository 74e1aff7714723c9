"""Staff and what they may do. The guards of who may act are here, for every door."""

from __future__ import annotations

import re
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.clock import now
from pipeline.events import record
from pipeline.store.tables import CorrectionRow, DecisionRow, SettlementRow, User
from validators.policy import POLICY
from yinjian.errors import InputError, Refused

SYSTEM = f"system:{POLICY.version}"
NAME = re.compile(r"[\w.@-]{1,40}")


class Role(StrEnum):
    """What a member of staff may do."""

    REVIEWER = "reviewer"
    ISSUER = "issuer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


def add_user(session: Session, name: str, roles: tuple[Role, ...], actor: str = SYSTEM) -> bool:
    """Enter a member of staff, or give other roles to one; whether anything changed."""
    if not NAME.fullmatch(name):
        raise InputError("This is no user name.", "Use up to 40 letters, digits, '.', '-', '_' or '@'.")
    text = " ".join(sorted(set(roles)))
    user = session.get(User, name)
    if user is not None and user.roles == text:
        return False
    session.merge(User(name=name, roles=text, added_at=user.added_at if user else now()))
    record(session, actor, "user", f"user:{name}", detail=text)
    return True


def require_role(session: Session, actor: str, *roles: Role) -> None:
    """Raises Refused unless `actor` is known and has one of the roles."""
    user = session.get(User, actor)
    if user is None:
        remedy = f"Give one that is: yinjian user list. Or enter it: yinjian user add NAME --role {roles[0]}"
        raise Refused("The --actor is no user.", remedy)
    if not set(user.roles.split()) & set(roles):
        raise Refused(f"{actor} is no {' or '.join(roles)}.", "Have somebody do it who is: yinjian user list")


def require_another(session: Session, actor: str, application_id: str) -> None:
    """Four eyes: who decided on an application, corrected it or settled a finding of it never issues it."""
    if actor in reviewers_of(session, application_id):
        what = f"{actor} decided on {application_id} and cannot issue it too."
        raise Refused(what, "Have another issuer do it: yinjian user list")


def require_two(first: str, second: str) -> None:
    """Raises Refused unless two different people stand behind what the CA does of its own accord."""
    if first == second:
        raise Refused(f"{first} cannot be both of two people.", "Have somebody else confirm it: yinjian user list")


def reviewers_of(session: Session, application_id: str) -> frozenset[str]:
    """All who had a part in what was decided."""
    parts = (DecisionRow, CorrectionRow, SettlementRow)
    queries = (select(part.actor).where(part.application_id == application_id) for part in parts)
    return frozenset(actor for query in queries for actor in session.scalars(query))
