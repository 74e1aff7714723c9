"""How much a request may bring: refused by what it says of itself, and by what comes."""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """ASGI middleware that answers 413 to a body of more than `most` bytes."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or int(said) > self._most:
            await self._refuse(send)
            return
        try:
            await self._app(scope, self._counted(receive), send)
        except _TooMuch:
            await self._refuse(send)

    def _counted(self, receive: Receive) -> Receive:
        come = 0

        async def counted() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            if come > self._most:
                raise _TooMuch
            return message

        return counted

    async def _refuse(self, send: Send) -> None:
        remedy = f"Send at most {self._most // 1024 // 1024} MB at once."
        body = json.dumps({"error": "The request is too large.", "remedy": remedy}).encode()
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class _TooMuch(BaseException):
    """Passes whatever would make an answer of its own of it."""
