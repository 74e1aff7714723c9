"""Staff: who may do what, and a password for who has none. For administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from pipeline.accounts import Member, members, new_password
from pipeline.store.store import Store
from pipeline.users import Role, add_user
from web.access import Administrator, AdministratorActs
from web.pages import render
from yinjian.errors import InputError

routes = APIRouter(prefix="/staff", include_in_schema=False)
Name = Annotated[str, Form(max_length=40)]


@routes.get("")
def staff(request: Request, login: Administrator) -> Response:
    """All of them."""
    return _page(request, "", "")


@routes.post("")
def enter(request: Request, login: AdministratorActs, name: Name, role: Annotated[list[Role], Form()]) -> Response:
    """Somebody new, or other roles. Their own roles nobody changes: who gives a role is another."""
    if name == login.name:
        raise InputError("Nobody changes their own roles.", "Have another administrator do it.")
    with _store(request).writing() as session:
        add_user(session, name, tuple(role), login.name)
    return _page(request, "", "")


@routes.post("/password")
def password(request: Request, login: AdministratorActs, name: Name) -> Response:
    """A password for one log-in, shown once."""
    store = _store(request)
    with store.writing() as session:
        given = new_password(store, session, name, login.name)
    return _page(request, name, given)


def _page(request: Request, name: str, given: str) -> Response:
    store = _store(request)
    with store.reading() as session:
        found: tuple[Member, ...] = members(session)
    return render(request, "staff.html", members=found, roles=tuple(Role), name=name, given=given)


def _store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found
