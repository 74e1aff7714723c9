"""Logging in: by password and code, or at the staff's OpenID provider; and out again."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import segno
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import APIRouter, Form, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, RedirectResponse
from httpx import HTTPError
from starlette.exceptions import HTTPException

from pipeline import accounts
from pipeline.accounts import Login
from pipeline.users import Role
from web.access import COOKIE, PASSWORD, Anybody, AnybodyActs, forget, remember
from web.limits import ADDRESS, GUESSES, Limits
from web.pages import LANGUAGE, LANGUAGES, language, render, told
from yinjian.errors import InputError, Refused, YinjianError
from yinjian.settings import Settings

routes = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=200)]
AHEAD = "dialog"  # the log-in dialog on a page that stays as it is
HOMES = ((Role.REVIEWER, "/review"), (Role.ISSUER, "/counter"))


@routes.get("/")
def home(login: Anybody) -> Response:
    """Each to their own desk."""
    return RedirectResponse(next((at for role, at in HOMES if role in login.roles), "/dashboard"), 303)


@routes.get("/alive")
def alive(login: Anybody) -> Response:
    """Whether the log-in still holds."""
    return Response(status_code=204)


@routes.get("/login")
def ask(request: Request, next: str = "/") -> Response:
    """The form."""
    return render(request, "login.html", next=_own(next), wrong=None, oidc=bool(request.app.state.settings.oidc_url))


@routes.post("/login")
def enter(
    request: Request,
    name: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "/",
    answer: Text = "",
) -> Response:
    """A session, when all of it fits. To a page that waits with what was typed: its new token alone."""
    state, limits = request.app.state, request.app.state.limits
    assert isinstance(limits, Limits)
    tried = ((ADDRESS, "address", request.client.host if request.client else ""), (GUESSES, "name", name))
    for limit in tried:
        limits.require_left(*limit)
    try:
        with state.store.writing() as session:
            accounts.check(state.store, session, name, password, code.strip())
            token = accounts.begin(state.store, session, name, "password")
    except Refused as refused:
        for limit in tried:
            limits.count(*limit)
        if answer == AHEAD:
            say = told(language(request))
            return JSONResponse({"error": say(refused.what), "remedy": say(refused.remedy)}, 403)
        oidc = bool(state.settings.oidc_url)
        return render(request, "login.html", 403, next=_own(next), wrong=refused, oidc=oidc)
    return _entered(request, token, next, answer == AHEAD)


@routes.post("/logout")
def leave(request: Request, login: AnybodyActs) -> Response:
    """The session ends."""
    state = request.app.state
    with state.store.writing() as session:
        accounts.end(state.store, session, request.cookies[COOKIE])
    response = RedirectResponse("/login", 303)
    forget(response)
    return response


@routes.get(PASSWORD)
def password(request: Request, login: Anybody) -> Response:
    return render(request, "password.html", wrong=None)


@routes.post(PASSWORD)
def change(request: Request, login: AnybodyActs, old: Text = "", new: Text = "", again: Text = "") -> Response:
    """One's own password."""
    state = request.app.state
    try:
        if new != again:
            raise InputError("The two new passwords differ.", "Enter the same twice.")
        with state.store.writing() as session:
            accounts.change_password(state.store, session, login.name, old, new, request.cookies[COOKIE])
    except YinjianError as error:
        return render(request, "password.html", 422, wrong=error)
    return RedirectResponse("/", 303)


@routes.get("/factor")
def factor(request: Request, login: Anybody) -> Response:
    """A second factor: a secret for an authenticator, confirmed with its first code."""
    return _factor(request, login, accounts.new_factor(), None)


@routes.post("/factor")
def set_factor(request: Request, login: AnybodyActs, secret: Text = "", code: Text = "") -> Response:
    state = request.app.state
    try:
        with state.store.writing() as session:
            accounts.confirm_factor(state.store, session, login.name, secret, code.strip())
    except InputError as error:
        return _factor(request, login, accounts.new_factor(), error)
    return RedirectResponse("/", 303)


@routes.post("/language")
def speak(request: Request, to: Text = "zh", back: Text = "/") -> Response:
    """Chinese or English, as this browser remembers it."""
    response = RedirectResponse(_own(back), 303)
    response.set_cookie(LANGUAGE, to if to in LANGUAGES else "zh", max_age=31_536_000, samesite="lax", httponly=True)
    return response


@routes.get("/oidc/start")
async def start(request: Request, next: str = "/") -> Response:
    """To the provider."""
    request.session["next"] = _own(next)
    try:
        answer: Response = await _provider(request).authorize_redirect(request, str(request.url_for("back")))
    except (HTTPError, OAuthError) as error:
        raise HTTPException(503, "The OpenID provider does not answer. Log in with a password.") from error
    return answer


@routes.get("/oidc/back")
async def back(request: Request) -> Response:
    """From the provider, which says who it is: a user of that name here."""
    try:
        token = await _provider(request).authorize_access_token(request)
    except (HTTPError, OAuthError, ValueError, KeyError) as error:
        raise HTTPException(403, "The OpenID provider's answer does not hold. Log in again.") from error
    name = _claimed(dict(token.get("userinfo") or {}), request.app.state.settings)

    def begun() -> str:
        state = request.app.state
        with state.store.writing() as session:
            return accounts.begin(state.store, session, name, "openid")

    try:
        made = await run_in_threadpool(begun)
    except InputError as error:
        raise HTTPException(403, "The OpenID provider knows you; Yinjian does not.") from error
    return _entered(request, made, str(request.session.pop("next", "/")), False)


def _provider(request: Request) -> Any:
    """One for the application: it asks the provider once what it offers, not at each log-in."""
    state = request.app.state
    if not state.settings.oidc_url:
        raise HTTPException(404, "There is no OpenID provider.")
    if state.provider is None:
        state.provider = _registered(state.settings)
    return state.provider


def _registered(settings: Settings) -> Any:
    secret = settings.oidc_secret_file
    made = OAuth()
    made.register(
        "staff",
        server_metadata_url=f"{settings.oidc_url.rstrip('/')}/.well-known/openid-configuration",
        client_id=settings.oidc_client,
        client_secret=secret.read_text("utf-8").strip() if secret else None,
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )
    return made.create_client("staff")


def _claimed(claims: dict[str, Any], settings: Settings) -> str:
    """The user's name. An address that nobody has verified says nothing."""
    name = claims.get(settings.oidc_claim)
    if not isinstance(name, str) or (settings.oidc_claim == "email" and claims.get("email_verified") is not True):
        raise HTTPException(403, "The OpenID provider does not say who you are.")
    return name


def _entered(request: Request, token: str, next: str, dialog: bool) -> Response:
    state = request.app.state
    response: Response = RedirectResponse(_own(next), 303)
    if dialog:
        with state.store.reading() as session:
            login = accounts.login_of(state.store, session, token, state.settings)
        assert login is not None
        response = JSONResponse({"name": login.name, "csrf": login.csrf})
    remember(response, token, request.url.scheme == "https" or state.settings.public_url.startswith("https"))
    return response


def _own(address: str) -> str:
    """An address of ours, whatever was asked for."""
    parts = urlsplit(address)
    safe = (
        address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc and address.isprintable()
    )
    return address if safe else "/"


def _factor(request: Request, login: Login, secret: str, wrong: YinjianError | None) -> Response:
    picture = segno.make(accounts.provisioning(login.name, secret)).svg_data_uri(scale=4)
    return render(request, "factor.html", secret=secret, picture=picture, wrong=wrong)
