"""What everybody may ask: OCSP, revocation lists, the CA's certificates, the time. No log-in, nothing about people."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from pipeline.answering import Answer, Answers
from pipeline.clock import now
from pipeline.published import authority_certificate, current_list
from pipeline.stamping import Stamps

OCSP, CRL, CERTIFICATE = "application/ocsp-response", "application/pkix-crl", "application/pkix-cert"
STAMP = "application/timestamp-reply"
LONGEST = 4096  # bytes of a request: one certificate and a nonce take about 150

routes = APIRouter()


@routes.get("/ocsp/{encoded:path}", response_class=Response)
async def ask(request: Request, encoded: str) -> Response:
    """Whether a certificate holds (RFC 6960): the request as base64 in the address (A.1), so that answers can be cached
    on their way. By POST it is answered in `web.ocspfirst`.
    """
    try:
        body = base64.b64decode(encoded, validate=True) if len(encoded) <= 2 * LONGEST else b""
    except (binascii.Error, ValueError):
        body = b""
    answers: Answers = request.app.state.answers
    found = answers.at_hand(body) or await request.app.state.asking(body)
    return Response(found.der, media_type=OCSP, headers=headers_of(found))


def headers_of(answer: Answer) -> dict[str, str]:
    """How long an answer may be kept."""
    return {"Cache-Control": "no-store"} if answer.until is None else _cached(answer.until)


@routes.post("/tsa", response_class=Response)
async def stamp(request: Request) -> Response:
    """A time stamp (RFC 3161, 3.4); the body is the request, DER."""
    body = await request.body()
    stamps: Stamps = request.app.state.stamps
    answer = await run_in_threadpool(stamps.to, body if len(body) <= LONGEST else b"")
    return Response(answer, media_type=STAMP, headers={"Cache-Control": "no-store"})


@routes.get("/pki/{name}.crl", response_class=Response)
def revocation_list(request: Request, name: Literal["issuing", "sm2"]) -> Response:
    """The revocation list of the issuing CA (`issuing`), or of the one for SM2 keys (`sm2`), DER."""
    found = current_list(request.app.state.store, sm2=name == "sm2")
    if found is None:
        raise HTTPException(404, "No revocation list was published yet.")
    return Response(found.der, media_type=CRL, headers=_cached(min(found.next_update, found.until)))


@routes.get("/pki/{name}.cer", response_class=Response)
def certificate(request: Request, name: str) -> Response:
    """The certificate of a CA (`issuing`, `root`, `sm2`, `sm2-root`, `seal`), DER."""
    found = authority_certificate(request.app.state.settings, name)
    if found is None:
        raise HTTPException(404, "There is no such certificate.")
    return Response(found, media_type=CERTIFICATE)


def _cached(until: datetime) -> dict[str, str]:
    """RFC 5019, section 6.2."""
    seconds = max(0, int((until - now()).total_seconds()))
    return {"Cache-Control": f"max-age={seconds}, public, no-transform, must-revalidate", "Expires": _http_date(until)}


def _http_date(instant: datetime) -> str:
    return format_datetime(instant, usegmt=True)
