"""Uploading applications, and asking how far they are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Header, Request, Response, UploadFile
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from pipeline.cases import summary
from pipeline.clients import client_of, sent_by
from pipeline.store.store import Store
from pipeline.upload import Sent, receive
from web.limits import UPLOADS
from yinjian.findings import Severity

BEARER = HTTPBearer(auto_error=False, description="A client's token: yinjian client add NAME")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The client's own name of this request. Sent again with the same content it is answered alike.",
    ),
]


class Problem(BaseModel):
    """What went wrong, and what to do about it."""

    error: str
    remedy: str


class Taken(BaseModel):
    """An application that was taken in."""

    application: str
    submission: str
    repeated: bool


class FoundOut(BaseModel):
    """A finding: a stable code, the field, mark or material, and what to do."""

    code: str
    where: str
    message: str
    severity: Severity


class Standing(BaseModel):
    """How far an application is; what was found once it was judged."""

    application: str
    state: str
    findings: list[FoundOut]


class Health(BaseModel):
    """That the service answers."""

    status: str


WRONG: dict[int | str, dict[str, Any]] = {code: {"model": Problem} for code in (400, 401, 404, 409, 413, 422, 503)}


routes = APIRouter(prefix="/api", responses=WRONG)


def opened(request: Request) -> Store:
    """The store that the application was made with."""
    found: Store = request.app.state.store
    return found


Opened = Annotated[Store, Depends(opened)]


def client(request: Request, store: Opened, shown: Credentials) -> str:
    """Whose token is shown; 401 for nobody's."""
    found = None
    if shown is not None:
        with store.reading() as session:
            found = client_of(store, session, shown.credentials)
    if found is not None:
        request.app.state.limits.require(UPLOADS, "client", found)
    else:
        raise HTTPException(401, "No client has this token.", {"WWW-Authenticate": "Bearer"})
    return found


Sender = Annotated[str, Depends(client)]


@routes.get("/health")
def health(store: Opened) -> Health:
    """Whether the service and its database answer."""
    with store.reading():
        return Health(status="ok")


@routes.post("/applications", status_code=201, responses={200: {"model": Taken}})
def send(
    request: Request,
    response: Response,
    key: Key,
    sender: Sender,
    files: Annotated[list[UploadFile], File(description="Scans and photographs, in any order.")],
    application: Annotated[UploadFile | None, File(description="application.json of an on-line one.")] = None,
    sent_again: Annotated[
        str | None, Form(alias="for", max_length=40, description="The application that it is sent again for.")
    ] = None,
    replaces: Annotated[
        str,
        Form(
            max_length=400,
            pattern=r"^(\d{1,4}(,\d{1,4})*)?$",
            description="With `for`: the pages (from 1, as `2,5`) that are sent anew; all others stay as they are.",
        ),
    ] = "",
) -> Taken:
    """Take in an application. 201 when it is new, 200 when the same was taken in before."""
    scans = tuple((file.filename or "scan", file.file.read()) for file in files)
    claim = application.file.read() if application is not None else None
    pages = tuple(int(number) for number in replaces.split(",") if number)
    state = request.app.state
    found = receive(state.store, state.settings, Sent(sender, key, scans, claim, sent_again or None, pages))
    repeated = found.repeated or found.receipt.known
    response.status_code = 200 if repeated else 201
    return Taken(application=found.receipt.application, submission=found.receipt.submission, repeated=repeated)


@routes.get("/applications/{application}")
def look(application: str, store: Opened, sender: Sender) -> Standing:
    """How far an application is that this client sent."""
    with store.reading() as session:
        found = sent_by(session, application, sender)
        if found is None:
            raise HTTPException(404, "There is no such application of yours.")
        case = summary(store, session, found)
    findings = [FoundOut(code=f.code, where=f.where, message=f.message, severity=f.severity) for f in case.findings]
    return Standing(application=case.id, state=case.state, findings=findings)
