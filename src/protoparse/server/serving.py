"""The process: binds, opens, begins, answers until it is told to stop, and ends what it began.

In: settings. Out: an exit code: 0 when it was told to stop (SIGTERM), 130 when it was interrupted (Ctrl-C).

Told to stop, it takes no more requests and finishes those that run, for as long as one may take.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from protoparse.errors import ServiceError
from protoparse.server.app import application
from protoparse.server.endpoints import Service
from protoparse.server.settings import Settings
from protoparse.server.store import open_store
from protoparse.server.workers import Workers

INTERRUPTED = 130
KEPT = 75
"""So many seconds a connection is kept open for the next request."""


def serve(settings: Settings, *, ready: Callable[[str], None]) -> int:
    """Serve until told to stop; `ready` is called with the address when requests are taken.

    Raises `ServiceError` or `StoreError` where it cannot begin.
    """
    settings.checked()
    with contextlib.ExitStack() as ending:
        bound = ending.enter_context(_bound(settings))
        store = open_store(settings.store)
        ending.callback(store.close)
        workers = Workers(settings)
        ending.callback(workers.close)
        workers.start()
        service = Service(settings, store, workers)
        ending.callback(service.close)
        server = _Server(
            uvicorn.Config(
                application(service), http="h11", ws="none", lifespan="off", log_config=None, access_log=False,
                log_level="error", server_header=False, proxy_headers=False, timeout_keep_alive=KEPT,
                timeout_graceful_shutdown=int(settings.seconds) + 5,
            )
        )  # fmt: skip
        server.ready = lambda: ready(_address(bound))
        server.run(sockets=[bound])
        return server.code


class _Server(uvicorn.Server):
    """Ends with a code instead of with the signal."""

    code = 0
    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._told) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit  # the second time
        self.should_exit = True
        self.code = INTERRUPTED if number == signal.SIGINT else 0


def _bound(settings: Settings) -> socket.socket:
    """A socket of the address; raises `ServiceError`."""
    place = f"{settings.host}:{settings.port}"
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        made = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ServiceError(f"{place}: {getattr(error, 'strerror', None) or error}") from None
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(2048)
        made.setblocking(False)
    except OSError as error:
        made.close()
        taken = error.errno == errno.EADDRINUSE
        cause = "somebody else listens there; take another --port" if taken else error.strerror
        raise ServiceError(f"{place}: {cause}") from None
    return made


def _address(bound: socket.socket) -> str:
    host, port, *_ = bound.getsockname()
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
