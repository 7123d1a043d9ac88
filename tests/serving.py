"""The service as a process of its own, and a client that speaks HTTP to it: nothing in between.

A store, arguments and an environment go in; a `Service` comes out, which ends with the `with` around it.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

PATIENCE = 60.0
"""So many seconds a service may take to begin, or to end."""


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.content.splitlines()]


class Service:
    """`protoparse serve` on a free port; `told` is what it has written to standard error."""

    def __init__(self, store: str | Path, *args: str, environment: Mapping[str, str] | None = None) -> None:
        command = [sys.executable, "-m", "protoparse", "serve", "--port", "0", "--store", str(store), *args]
        known = {name: value for name, value in os.environ.items() if name != "PROTOPARSE_TOKEN"}
        self.process = subprocess.Popen(
            command, env=known | dict(environment or {}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        self.told: list[str] = []
        self.url = ""
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._ready.wait(PATIENCE)
        assert self.url, "".join(self.told)
        self.port = urlsplit(self.url).port or 0

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told.append(line)
            if found := re.match(r"protoparse: (http://\S+) ", line):
                self.url = found[1]
                self._ready.set()
        self._ready.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to stop, and its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | str | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The reply to one request; a body that is no bytes nor text is sent in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            content = body.encode() if isinstance(body, str) else body
            connection.request(method, path, content, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def send(self, method: str, path: str, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
        """The reply to a request with JSON."""
        given = {"Content-Type": "application/json"} | dict(headers or {})
        return self.ask(method, path, json.dumps(value), given)

    def connected(self) -> socket.socket:
        """A connection, for what no client would send."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def processes(self) -> list[int]:
        """Its own process and all below it."""
        found = {self.process.pid}
        parents: dict[int, int] = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found)


def refused(*args: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """The exit code and standard error of a service that does not begin."""
    known = {name: value for name, value in os.environ.items() if name != "PROTOPARSE_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "protoparse", "serve", *args], env=known | dict(environment or {}), capture_output=True,
        text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr
