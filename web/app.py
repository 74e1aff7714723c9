"""The web application: routes, what errors become, and the limit of what is taken in."""

from __future__ import annotations

import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.middleware.sessions import SessionMiddleware
from starlette.staticfiles import StaticFiles

from pipeline.answering import Answers
from pipeline.counterdesk import CounterDesk
from pipeline.desk import Desk
from pipeline.stamping import Stamps
from pipeline.store.store import Store
from pipeline.upload import TooLarge
from web import counter, dashboard, login, papers, review, staff, status
from web.access import NotLoggedIn, Once
from web.ahead import signing_ahead
from web.gathering import Gathered
from web.headers import SafeHeaders
from web.limits import BodyLimit, Limits
from web.ocspfirst import OcspFirst
from web.pages import HERE, render
from web.uploads import routes
from yinjian.errors import InputError, Refused, StoreError, YinjianError
from yinjian.settings import Settings

STATUS: tuple[tuple[type[YinjianError], int], ...] = (
    (TooLarge, 413),
    (InputError, 422),
    (Refused, 409),
    (StoreError, 503),
    (YinjianError, 500),
)
MEGABYTE = 1024 * 1024
RETRY = "Try it again later."
REMEDIES = {
    401: "Log in.",
    403: "Ask somebody whose role it is, or load the page again.",
    429: "Wait a little, then try again.",
}
DESKS = (login.routes, review.routes, papers.routes, counter.routes, dashboard.routes, staff.routes)
PROGRAMS = ("/api", "/ocsp", "/pki", "/tsa")


def create_app(store: Store, settings: Settings) -> FastAPI:
    """The application on an opened store. Its documentation needs no network."""
    # Uploads stay in memory: scans in clear lie on no disk.
    MultiPartParser.spool_max_size = settings.upload_mb * MEGABYTE
    answers, desk, issuing = Answers(store, settings), Desk(store, settings), CounterDesk(store, settings)
    stamps = Stamps(settings)
    app = FastAPIOffline(
        title="Yinjian 印鉴",
        summary="Taking in applications for digital certificates and electronic seals.",
        lifespan=lambda _: _beside(answers, stamps, desk, issuing),
    )
    app.state.asking = Gathered(answers.to_all)
    app.state.store, app.state.settings, app.state.answers = store, settings, answers
    app.state.stamps = stamps
    app.state.desk, app.state.counter, app.state.limits = desk, issuing, Limits()
    app.state.papers, app.state.provider = desk.papers, None
    for part in (routes, status.routes, *DESKS):
        app.include_router(part)
    app.mount("/static", Static(directory=HERE / "static"), "static")
    # Only for the way to the OpenID provider and back; its key need not outlive the process.
    app.add_middleware(
        SessionMiddleware, secret_key=secrets.token_hex(32), session_cookie="yinjian_oidc", max_age=600, path="/oidc"
    )
    app.add_middleware(SafeHeaders)
    app.add_middleware(BodyLimit, most=settings.upload_mb * MEGABYTE)
    app.add_middleware(OcspFirst, answers=answers, asking=app.state.asking)
    app.add_exception_handler(YinjianError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _fault)
    return app


@asynccontextmanager
async def _beside(answers: Answers, stamps: Stamps, desk: Desk, issuing: CounterDesk) -> AsyncIterator[None]:
    threading.Thread(target=desk.warm, name="warm", daemon=True).start()
    async with signing_ahead(answers):
        yield
    stamps.close()
    issuing.close()


class Static(StaticFiles):
    """Files whose address changes with their content."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def answer(request: Request, status: int, error: str, remedy: str) -> Response:
    """What went wrong and what to do: for a program, for a part of a page, or as a page."""
    partly, page = request.headers.get("HX-Request"), "text/html" in request.headers.get("accept", "")
    if not partly and (not page or request.url.path.startswith(PROGRAMS)):
        return problem(status, error, remedy)
    return render(request, "notice.html" if partly else "error.html", status, status=status, what=error, remedy=remedy)


def problem(status: int, error: str, remedy: str) -> JSONResponse:
    """What went wrong and what to do."""
    return JSONResponse({"error": error, "remedy": remedy}, status)


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, YinjianError)
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    return answer(request, status, error.what, error.remedy)


async def _invalid(request: Request, error: Exception) -> Response:
    """Which parts are wrong; never what they hold."""
    assert isinstance(error, RequestValidationError)
    places = sorted({".".join(str(part) for part in item["loc"][:3]) for item in error.errors()})
    return answer(request, 422, f"This is wrong or missing: {', '.join(places)}.", "See /docs for what is asked for.")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, NotLoggedIn) and _asks_for_a_page(request):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': back})}", 303)
    if isinstance(error, Once) and _asks_for_a_page(request):
        return RedirectResponse("/password", 303)
    remedy = REMEDIES.get(error.status_code, "See /docs for what there is and how to ask for it.")
    told = answer(request, error.status_code, str(error.detail), remedy)
    told.headers.update(error.headers or {})
    return told


def _asks_for_a_page(request: Request) -> bool:
    plain = not request.headers.get("HX-Request") and request.method == "GET"
    return plain and "text/html" in request.headers.get("accept", "")


async def _fault(request: Request, error: Exception) -> Response:
    """Its words may hold personal data; its kind does not."""
    return answer(request, 500, f"A fault in yinjian ({type(error).__name__}).", RETRY)
