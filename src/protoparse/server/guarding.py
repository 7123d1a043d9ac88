"""What stands before every request: who may ask, from where, and what every answer carries.

In: a request as it comes. Out: its answer, or a refusal; counted, timed, and with the headers that keep a browser from
running or fetching anything that the service did not send itself.

- Without a token only this machine may ask, under its own names: a page of the web that had its name point here
  would ask under another.
- With a token it is asked for everywhere but at `/health`: as `Authorization: Bearer …`, or as the password of HTTP
  Basic, which browsers ask people for; the user is then who an edit is of.
- A page of another origin may change nothing, whatever a browser sends along with its requests.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from protoparse.server.answers import Answer, RefusalError
from protoparse.server.metrics import Metrics
from protoparse.server.settings import Settings
from protoparse.server.store import has_controls

OPEN = frozenset({"/health"})
"""What is answered without a token."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""The content security policy: files of the service's own, and nothing that stands in a page."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.I)
"""The names of this machine, as a request gives them."""


class Guard:
    """The application behind it, guarded."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._metrics, self._log = app, metrics, settings.log
        self._token = None if settings.token is None else settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500
        state = scope.setdefault("state", {})
        state["path"], state["user"] = "other", None

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        self._metrics.running += 1
        try:
            try:
                state["user"] = self._admitted(scope)
            except RefusalError as refusal:
                await response(refusal.answer())(scope, receive, sent)
            else:
                await self._app(scope, receive, sent)
        finally:
            taken = time.perf_counter() - begun
            self._metrics.running -= 1
            self._metrics.ended(_known(scope["method"]), state["path"], status, taken)
            if self._log:
                self._write(scope, status, taken)

    def _admitted(self, scope: Scope) -> str | None:
        """Who asks, where that is said; raises `RefusalError` where they may not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self._token is None and not OWN.fullmatch(host):
            raise RefusalError(421, "without a token this service answers to localhost alone")
        if scope["method"] not in SAFE:
            origin = headers.get("origin")
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                raise RefusalError(403, "a page of another origin may change nothing here")
            if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
                raise RefusalError(403, "a page of another origin may change nothing here")
        if self._token is None:
            return _credentials(headers)[0]
        user, given = _credentials(headers)
        right = given is not None and hmac.compare_digest(given, self._token)
        if not right and scope["path"] not in OPEN:
            challenge = 'Bearer, Basic realm="protoparse", charset="UTF-8"'
            raise RefusalError(
                401, "give the token, as Bearer or as a password", headers={"WWW-Authenticate": challenge}
            )
        return user

    def _write(self, scope: Scope, status: int, taken: float) -> None:
        client = scope.get("client") or ("-", 0)
        path = scope["path"].encode("unicode_escape").decode()
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        print(f"{moment} {client[0]} {scope['method']} {path} {status} {1000 * taken:.1f} ms", file=sys.stderr)  # noqa: T201


def response(answer: Answer) -> Response:
    """An answer for the wire."""
    return Response(answer.content, answer.status, dict(answer.headers), answer.media)


def _known(method: str) -> str:
    """A method by its name, where it is one: anybody may make up others, and each would be counted apart."""
    return method if method in {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} else "other"


def _credentials(headers: Headers) -> tuple[str | None, bytes | None]:
    """Who asks and the token that they give, each where it is given."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return None, given.strip().encode("latin-1")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(given.strip(), validate=True).partition(b":")
            name = user.decode()[:200].strip()
        except (binascii.Error, ValueError):
            return None, None
        return (None if has_controls(name) else name or None), password
    return None, None
