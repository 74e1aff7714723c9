"""OCSP by POST, answered before everything else of the web: nothing there concerns it, and it would cost more than the
answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.answering import Answer, Answers
from web.status import LONGEST, OCSP, headers_of


class OcspFirst:
    """ASGI middleware. What is at hand is given at once; what must be signed or looked up goes to `asking`."""

    def __init__(self, app: ASGIApp, answers: Answers, asking: Callable[[bytes], Awaitable[Answer]]) -> None:
        self._app, self._answers, self._asking = app, answers, asking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/ocsp" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        answer = self._answers.at_hand(body) or await self._asking(body)
        own = {"content-type": OCSP, "content-length": str(len(answer.der)), **headers_of(answer)}
        headers = [(name.lower().encode(), value.encode()) for name, value in own.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer.der})


async def _body(receive: Receive) -> bytes:
    """What was sent; `b""`, which is no request, for more than one certificate and a nonce take."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body += message.get("body", b"") if len(body) <= LONGEST else b""
        more = message.get("more_body", False)
    return body if len(body) <= LONGEST else b""
