"""What every answer says to the browser: scripts and styles of ours only, nothing kept, nothing framed."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# The API's own description is a page of FastAPI with a script inside.
DESCRIBED = "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'none'"
DESCRIPTIONS = ("/docs", "/redoc")
SAFE = ("GET", "HEAD", "OPTIONS")
OPEN = ("/api/", "/ocsp", "/tsa")  # for programs, which show a token of theirs or need none


class SafeHeaders:
    """ASGI middleware: headers on every answer, and no changes asked for by other sites' pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        policy = DESCRIBED if path.startswith(DESCRIPTIONS) else POLICY

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if scope["method"] not in SAFE and not path.startswith(OPEN) and _is_foreign(Headers(scope=scope)):
            refused = JSONResponse({"error": "This was asked for by another site.", "remedy": "Use our own page."}, 403)
            await refused(scope, receive, sent)
            return
        await self._app(scope, receive, sent)


def _is_foreign(headers: Headers) -> bool:
    """By what browsers say of themselves (Fetch Metadata), older ones by Origin; programs say neither."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host", "")
