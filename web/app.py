"""The web application: routes, what errors become, and the limit of what is taken in."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from pipeline.answering import Answers
from pipeline.store.store import Store
from pipeline.upload import TooLarge
from web import status
from web.ahead import signing_ahead
from web.gathering import Gathered
from web.limits import BodyLimit
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


def create_app(store: Store, settings: Settings) -> FastAPI:
    """The application on an opened store. Its documentation needs no network."""
    # Uploads stay in memory: scans in clear lie on no disk.
    MultiPartParser.spool_max_size = settings.upload_mb * MEGABYTE
    answers = Answers(store, settings)
    app = FastAPIOffline(
        title="Yinjian 印鉴",
        summary="Taking in applications for digital certificates and electronic seals.",
        lifespan=lambda _: signing_ahead(answers),
    )
    app.state.asking = Gathered(answers.to_all)
    app.state.store, app.state.settings, app.state.answers = store, settings, answers
    app.include_router(routes)
    app.include_router(status.routes)
    app.add_middleware(BodyLimit, most=settings.upload_mb * MEGABYTE)
    app.add_exception_handler(YinjianError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _fault)
    return app


def problem(status: int, error: str, remedy: str) -> JSONResponse:
    """What went wrong and what to do."""
    return JSONResponse({"error": error, "remedy": remedy}, status)


async def _told(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, YinjianError)
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    return problem(status, error.what, error.remedy)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Which parts are wrong; never what they hold."""
    assert isinstance(error, RequestValidationError)
    places = sorted({".".join(str(part) for part in item["loc"][:3]) for item in error.errors()})
    return problem(422, f"This is wrong or missing: {', '.join(places)}.", "See /docs for what is asked for.")


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    answer = problem(error.status_code, str(error.detail), "See /docs for what there is and how to ask for it.")
    answer.headers.update(error.headers or {})
    return answer


async def _fault(request: Request, error: Exception) -> JSONResponse:
    """Its words may hold personal data; its kind does not."""
    return problem(500, f"A fault in yinjian ({type(error).__name__}).", RETRY)
