"""A registry that answers over HTTP as ClinicalTrials.gov's API does, with the faults that a test asks for."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

TEXT = "Inclusion Criteria:\n\n* Age ≥ 18 years\n\nExclusion Criteria:\n\n* Gout\n"


def study(number: str, **more: Any) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": number, "briefTitle": f"Trial {number}"} | more,
            "eligibilityModule": {"eligibilityCriteria": TEXT, "sex": "ALL", "minimumAge": "18 Years"},
        }
    }


class Served:
    """A running registry: `studies` by number; `asked` are the paths of all requests, with their headers.

    `faults` are played one a request, before the registry answers as it should: each gets the handler.
    """

    def __init__(self, *numbers: str) -> None:
        self.studies = {number: study(number) for number in numbers}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.times: list[float] = []
        self.faults: list[Callable[[Any], None]] = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                served.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                served.times.append(time.monotonic())
                if served.faults:
                    served.faults.pop(0)(self)
                else:
                    served.answer(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api/v2"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: Any) -> None:
        parts = urlsplit(handler.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/v2/studies":
            numbers = list(self.studies)
            start, size = int(query.get("pageToken", "0")), min(int(query["pageSize"]), 2)
            found = {"studies": [self.studies[n] for n in numbers[start : start + size]]}
            more = {"nextPageToken": str(start + size)} if start + size < len(numbers) else {}
            reply(handler, 200, json.dumps(found | more).encode())
            return
        number = parts.path.rpartition("/")[2]
        if number not in self.studies:
            reply(handler, 404, b"NCT number not found")
            return
        body = json.dumps(self.studies[number]).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        if handler.headers.get("If-None-Match") == etag:
            reply(handler, 304, b"")
        else:
            reply(handler, 200, body, ETag=etag)


def reply(handler: Any, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def fails(status: int, **headers: str) -> Callable[[Any], None]:
    return lambda handler: reply(handler, status, b"not now", **headers)


def says(body: bytes) -> Callable[[Any], None]:
    return lambda handler: reply(handler, 200, body)


def breaks_off(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"protocolSection":')
    handler.wfile.flush()
    handler.connection.close()


def sleeps(handler: Any) -> None:
    time.sleep(1)
    handler.close_connection = True
