"""Pages, crops and cut-out marks of an application, for who may see them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from pipeline.papers import Papers
from web.access import SeesPapers
from yinjian.errors import InputError
from yinjian.geometry import Box

routes = APIRouter(prefix="/papers/{application}", include_in_schema=False)
Name = Annotated[str, Path(max_length=80)]
Page = Annotated[int, Path(ge=0, le=10_000)]
Part = Annotated[float, Query(ge=0, le=1)]


@routes.get("/page/{page}/{size}.jpg", response_class=Response)
def page(request: Request, login: SeesPapers, application: Name, page: Page, size: Name) -> Response:
    """An upright page: `view` for the first look, `full` for looking closer."""
    return _picture(_papers(request).page(login.name, application, page, size == "full"))


@routes.get("/crop/{page}.jpg", response_class=Response)
def crop(
    request: Request, login: SeesPapers, application: Name, page: Page, x0: Part, y0: Part, x1: Part, y1: Part
) -> Response:
    """A part of a page, in fractions of it."""
    try:
        box = Box(x0, y0, x1, y1)
    except ValueError:
        raise InputError("This is no part of a page.", "Ask for a box in fractions of it.") from None
    return _picture(_papers(request).crop(login.name, application, page, box))


@routes.get("/mark/{name}.png", response_class=Response)
def mark(request: Request, login: SeesPapers, application: Name, name: Name) -> Response:
    """A seal or signature as it was cut out, transparent."""
    return Response(_papers(request).mark(login.name, application, name), media_type="image/png")


def _papers(request: Request) -> Papers:
    found: Papers = request.app.state.papers
    return found


def _picture(data: bytes) -> Response:
    return Response(data, media_type="image/jpeg")
