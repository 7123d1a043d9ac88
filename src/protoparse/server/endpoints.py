"""What an endpoint is: a path, what it takes and gives, and what is done when it is called.

In: a request. Out: a `Call`, its query typed and its body read within the limits; and from the same words the OpenAPI.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from protoparse.errors import ProtoparseError, StoreError
from protoparse.model import Record
from protoparse.server.answers import JSON, RefusalError, refused
from protoparse.server.guarding import response
from protoparse.server.messages import Nothing
from protoparse.server.metrics import Metrics
from protoparse.server.settings import Settings
from protoparse.server.store import MissingError, StaleError, Store
from protoparse.server.workers import Workers

API = "/api/v1"
THREADS = 8
"""So many calls of the store are under way at once."""

_T = TypeVar("_T")
_REVISION = re.compile(r'"(\d{1,9})"')


class Service:
    """What endpoints and pages need: the store, the workers, the settings, the counts."""

    def __init__(self, settings: Settings, store: Store, workers: Workers) -> None:
        self.settings, self.store, self.workers, self.metrics = settings, store, workers, Metrics()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    async def stored(self, work: Callable[..., _T], *args: Any, **options: Any) -> _T:
        """What a call of the store gives, made in a thread; what it raises is a refusal."""
        call = self._threads.submit(work, *args, **options)
        try:
            return await asyncio.wrap_future(call)
        except MissingError as error:
            detail = "no such document"
            if error.entry is not None:
                detail = f"deleted, as revision {error.entry.revision}: POST to its /restore puts it back"
            raise RefusalError(404, detail) from None
        except StaleError as error:
            entry = error.entry
            detail = f"revision {entry.revision} is newer, by {entry.author or 'somebody'}: look at it, then save again"
            raise RefusalError(412, detail, current=entry, headers={"ETag": tag(entry.revision)}) from None
        except StoreError as error:
            raise RefusalError(503, f"the store: {error}", headers={"Retry-After": "5"}) from None
        except ProtoparseError as error:
            raise RefusalError(422, str(error)) from None

    def close(self) -> None:
        """Wait for what the store still does."""
        self._threads.shutdown()


class Call:
    """One request: what is asked, typed, who asks, and the body."""

    def __init__(self, service: Service, request: Request, asked: Any) -> None:
        self.service, self.request, self.asked = service, request, asked
        self.user: str | None = request.state.user

    @property
    def media(self) -> str:
        """What the body says that it is, in small letters and without parameters."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def revision(self) -> int:
        """The revision that a change is made from; raises `RefusalError` where `If-Match` does not say it."""
        given = self.request.headers.get("if-match")
        if given is None:
            raise RefusalError(428, 'say which revision this was made from: If-Match: "3"')
        match = _REVISION.fullmatch(given.strip())
        if match is None:
            raise RefusalError(400, 'If-Match takes one revision, in quotes: If-Match: "3"')
        return int(match[1])

    def unpacked(self) -> None:
        """Refuse a body that is compressed."""
        if self.request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise RefusalError(415, "send the body as it is, not compressed")

    async def body(self) -> bytes:
        """The body; raises `RefusalError` where it is too large, or does not come."""
        self.unpacked()
        limits = self.service.settings
        taken, held = 0, bytearray()
        too_large = RefusalError(413, f"a body has at most {limits.size} bytes")
        if int(self.request.headers.get("content-length", "0")) > 4 * limits.size:
            raise too_large
        try:
            async with asyncio.timeout(limits.seconds):
                # what is too much is taken and dropped for a while: whoever still sends does not hear an answer
                async for piece in self.request.stream():
                    taken += len(piece)
                    if taken > 4 * limits.size:
                        too_large.headers = {"Connection": "close"}
                        break
                    if taken <= limits.size:
                        held += piece
        except TimeoutError:
            detail = f"the body did not come in {limits.seconds:g} s"
            raise RefusalError(408, detail, headers={"Connection": "close"}) from None
        if taken > limits.size:
            raise too_large
        return bytes(held)


Handler: TypeAlias = Callable[[Call], Awaitable[Response]]
Schema: TypeAlias = type[Struct] | Mapping[str, Any]


class Endpoint(NamedTuple):
    """`asks`: the record that path and query make. `takes` and `gives`: bodies by their types. `refuses`: statuses
    besides those that every endpoint may answer with. `headers`: of the request that it needs."""

    method: str
    path: str
    says: str
    handler: Handler
    asks: type[Record] = Nothing
    takes: Mapping[str, Schema] = {}
    gives: Mapping[str, Schema] = {}
    status: int = 200
    refuses: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    group: str = "service"

    async def answer(self, service: Service, request: Request) -> Response:
        """What is sent back; whatever goes wrong is a refusal, what nobody expected told on standard error too."""
        request.state.path = self.path
        try:
            return await self.handler(Call(service, request, self._asked(request)))
        except RefusalError as refusal:
            return response(refusal.answer())
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            cause = f"internal error: {type(error).__name__}: {error}"
            print(f"protoparse: {self.method} {self.path}: {cause}", file=sys.stderr)  # noqa: T201
            return response(refused(500, cause))

    def _asked(self, request: Request) -> Record:
        """Path and query, typed; raises `RefusalError`."""
        given: dict[str, Any] = {}
        for name, value in request.query_params.multi_items():
            if name in given or name in request.path_params:
                raise RefusalError(400, f"{name}: given twice")
            given[name] = value
        try:
            found = msgspec.convert(given | request.path_params, self.asks, strict=False)
        except msgspec.ValidationError as error:
            path = any(f"$.{name}`" in str(error) for name in request.path_params)
            raise RefusalError(404 if path else 400, str(error)) from None
        for name in given:
            if getattr(found, name) is None:
                raise RefusalError(400, f"{name}: leave it out where there is none")
        return found


def routed(endpoints: Iterable[Endpoint], service: Service) -> list[Route]:
    """The endpoints as Starlette has them: a route for each path."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [_route(path, methods, service) for path, methods in paths.items()]


def _route(path: str, methods: Mapping[str, Endpoint], service: Service) -> Route:
    async def called(request: Request) -> Response:
        return await methods["GET" if request.method == "HEAD" else request.method].answer(service, request)

    return Route(path, called, methods=list(methods))


def tag(revision: int) -> str:
    """The ETag of a revision."""
    return f'"{revision}"'


def value(found: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON, for the wire."""
    return Response(msgspec.json.encode(found), status, dict(headers or {}), JSON)
