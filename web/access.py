"""Who asks: the session's cookie, the role that a route needs, the token that its forms show.

What a member of staff may do with a case is decided by the functions of `pipeline`; a route's role is the outer door.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Form, Header, Request, Response
from starlette.exceptions import HTTPException

from pipeline import accounts
from pipeline.accounts import Login
from pipeline.users import Role
from web.limits import STAFF, Limits

COOKIE = "yinjian_session"
PASSWORD = "/password"
AT_ONCE = (PASSWORD, "/alive", "/logout")  # all that may be done with a password that was given for once
EVERYBODY = tuple(Role)
BACKGROUND = "x-background"  # a page's own request, while nobody may sit before it: no sign of life


class NotLoggedIn(HTTPException):
    """Nobody's session, or one that ended."""

    def __init__(self) -> None:
        super().__init__(401, "Nobody is logged in.")


class Once(HTTPException):
    """The password is to be changed first."""

    def __init__(self) -> None:
        super().__init__(403, "The password is to be changed first.")


def _entered(request: Request, roles: tuple[Role, ...]) -> Login:
    state, token = request.app.state, request.cookies.get(COOKIE, "")
    with state.store.reading() as session:
        login = accounts.login_of(state.store, session, token, state.settings)
    if login is None:
        raise NotLoggedIn
    limits: Limits = state.limits
    limits.require(STAFF, "staff", login.name)
    request.state.login = login
    if login.once and request.url.path not in AT_ONCE:
        raise Once
    if not login.roles & set(roles):
        raise HTTPException(403, f"This is for: {', '.join(roles)}.")
    if login.due and BACKGROUND not in request.headers:
        with state.store.writing() as session:
            accounts.seen(state.store, session, token)
    return login


def looks(*roles: Role) -> Callable[..., Login]:
    """For a route that shows something: who asks has one of the roles."""

    def check(request: Request) -> Login:
        return _entered(request, roles or EVERYBODY)

    check.roles = roles or EVERYBODY  # type: ignore[attr-defined]
    return check


def acts(*roles: Role) -> Callable[..., Login]:
    """For a route that changes something: and the request comes from a page of this session."""

    def check(
        request: Request,
        csrf: Annotated[str, Form()] = "",
        x_csrf_token: Annotated[str, Header()] = "",
    ) -> Login:
        login = _entered(request, roles or EVERYBODY)
        if not secrets.compare_digest((x_csrf_token or csrf).encode(), login.csrf.encode()):
            raise HTTPException(403, "This form is not of your log-in. Load the page again.")
        return login

    check.roles = roles or EVERYBODY  # type: ignore[attr-defined]
    return check


Reviewer = Annotated[Login, Depends(looks(Role.REVIEWER))]
SeesCases = Annotated[Login, Depends(looks(Role.REVIEWER, Role.AUDITOR))]
ReviewerActs = Annotated[Login, Depends(acts(Role.REVIEWER))]
Issuer = Annotated[Login, Depends(looks(Role.ISSUER))]
IssuerActs = Annotated[Login, Depends(acts(Role.ISSUER))]
Administrator = Annotated[Login, Depends(looks(Role.ADMINISTRATOR))]
AdministratorActs = Annotated[Login, Depends(acts(Role.ADMINISTRATOR))]
SeesPapers = Annotated[Login, Depends(looks(Role.REVIEWER, Role.AUDITOR, Role.ISSUER))]
Anybody = Annotated[Login, Depends(looks())]
AnybodyActs = Annotated[Login, Depends(acts())]


def remember(response: Response, token: str, secure: bool) -> None:
    """The session's cookie: for this browser's session, not for scripts, not for other sites' forms."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure, path="/")


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/")
