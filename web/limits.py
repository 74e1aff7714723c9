"""How much a request may bring, and how many may come: refused by what they say of themselves, and by what comes."""

from __future__ import annotations

import json

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STAFF = parse("1200/minute")  # of one member of staff: a page with its pictures is about thirty
UPLOADS = parse("240/minute")  # of one client
GUESSES = parse("8/5minute")  # wrong ones, of one name's password
ADDRESS = parse("60/5minute")  # wrong ones from one address, behind which there may be an office


class Limits:
    """How often something may be asked for. In memory: the web is one process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def require(self, limit: RateLimitItem, *of: str) -> None:
        """Count one more of these. Raises 429 with the time after which it may be tried again."""
        if not self._limiter.hit(limit, *of):
            raise _too_many(limit)

    def require_left(self, limit: RateLimitItem, *of: str) -> None:
        """The same, and counts nothing: `count` does, once it has gone wrong."""
        if not self._limiter.test(limit, *of):
            raise _too_many(limit)

    def count(self, limit: RateLimitItem, *of: str) -> None:
        """One more that went wrong."""
        self._limiter.hit(limit, *of)


def _too_many(limit: RateLimitItem) -> HTTPException:
    return HTTPException(429, "Too many requests.", {"Retry-After": str(limit.get_expiry())})


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
