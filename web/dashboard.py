"""The dashboard: what came, what passed, what waits, how right it was; each figure leads to its cases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from pipeline.clock import now
from pipeline.desk import Desk
from pipeline.figures import AGES, DAYS, HAPPENED, happened
from web.access import Anybody
from web.pages import render

routes = APIRouter(include_in_schema=False)


@routes.get("/cases")
def cases(
    request: Request,
    login: Anybody,
    did: Annotated[Literal[HAPPENED], Query()],  # type: ignore[valid-type]
    day: date | None = None,
    by: Annotated[Literal["", "program"], Query()] = "",
) -> Response:
    """The applications behind a figure."""
    desk: Desk = request.app.state.desk
    with desk.store.reading() as session:
        found = happened(session, did, day, by == "program")
    return render(request, "cases.html", found=found, did=did, day=day)


@routes.get("/dashboard")
def dashboard(request: Request, login: Anybody) -> Response:
    """For everybody on the staff: figures, and nobody's name."""
    desk: Desk = request.app.state.desk
    late = now() - timedelta(hours=desk.settings.review_hours)
    return render(request, "dashboard.html", figures=desk.figures(), ages=AGES, span=DAYS, late=late, known=desk.known)
