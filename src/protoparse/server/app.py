"""The composition: what is asked for by which path, and who does it. Read this first.

In: settings, an open store, workers that are ready. Out: an ASGI application.

- An operation (parse, check, render, …) goes to a worker; `/stream/…` sends it one line after the other.
- Documents go to the store, in a thread.
- Pages, `pages` and `reviewing`, stand beside them: they have the same `Service`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from protoparse import __version__
from protoparse.server import documents, pages, reviewing, site
from protoparse.server.answers import JSON, NDJSON, Answer, RefusalError, refused
from protoparse.server.endpoints import API, Call, Endpoint, Handler, Schema, Service, routed, value
from protoparse.server.guarding import Guard, response
from protoparse.server.messages import OPERATIONS, STUDY, Health, Operation, Parsing, Row
from protoparse.server.metrics import MEDIA
from protoparse.server.openapi import described
from protoparse.server.streaming import Rows
from protoparse.server.workers import Task

TEXT = {"type": "string"}
ANYTHING: Mapping[str, Any] = {"description": "The bytes as they are."}
LINES: Mapping[str, Any] = {"description": "Any number of lines, each one JSON."}
STREAMED = tuple(name for name, operation in OPERATIONS.items() if operation.takes is not None)


def application(service: Service) -> ASGIApp:
    """The service as an application."""
    endpoints = (*_operations(), *documents.ENDPOINTS, *_own())
    about = Endpoint("GET", f"{API}/openapi.json", "This description", _describing(endpoints), gives={JSON: {}})
    routes = routed((*endpoints, about, *pages.ENDPOINTS, *reviewing.ENDPOINTS), service)
    made = Starlette(routes=[*routes, *site.routes(service, endpoints)], exception_handlers={HTTPException: _unrouted})
    made.router.redirect_slashes = False
    return Guard(made, service.settings, service.metrics)


def _operations() -> list[Endpoint]:
    made = []
    for name, operation in OPERATIONS.items():
        path = f"/{name}/{{target}}" if name == "export" else f"/{name}"
        refuses = (404,) if name == "export" else ()
        made.append(
            Endpoint(
                "POST" if operation.takes else "GET", API + path, operation.says, _operation(name), operation.query,
                takes=_takes(name, operation), gives=dict.fromkeys(operation.media, operation.gives or TEXT),
                refuses=refuses, group="operations",
            )
        )  # fmt: skip
    for name in STREAMED:
        operation = OPERATIONS[name]
        path = f"/stream/{name}/{{target}}" if name == "export" else f"/stream/{name}"
        says = f"{operation.says}: one a line, and a row for each"
        made.append(
            Endpoint(
                "POST", API + path, says, _stream(name), operation.query,
                takes={NDJSON: LINES}, gives={NDJSON: Row},
                refuses=(404,) if name == "export" else (), group="streams",
            )
        )  # fmt: skip
    return made


def _takes(name: str, operation: Operation) -> dict[str, Schema]:
    if operation.takes is None:
        return {}
    if name == "parse":  # any container, known by what is in it
        return {"text/plain": ANYTHING, "text/html": ANYTHING, JSON: STUDY}
    return {JSON: operation.takes}


def _operation(name: str) -> Handler:
    async def done(call: Call) -> Response:
        asked, body = call.asked, await call.body() if OPERATIONS[name].takes else b""
        if isinstance(asked, Parsing) and asked.container == "auto" and call.media == JSON:
            asked = replace(asked, container="json")
        return response(await call.service.workers.run(Task(name, asked, body), gone=call.request.is_disconnected))

    return done


def _stream(name: str) -> Handler:
    async def done(call: Call) -> Response:
        call.unpacked()
        workers = call.service.workers

        async def row(line: bytes, number: int) -> Answer:
            return await workers.run(Task(name, call.asked, line, number))

        return Rows(call.request, row, call.service.settings, ahead=workers.count)

    return done


def _own() -> tuple[Endpoint, ...]:
    return (
        Endpoint("GET", "/health", "Whether it can do its work", _health, gives={JSON: Health}),
        Endpoint("GET", "/metrics", "What it counts, for Prometheus", _metrics, gives={"text/plain": TEXT}),
    )


async def _health(call: Call) -> Response:
    workers, store = call.service.workers, "ok"
    try:
        await call.service.stored(call.service.store.ready)
    except RefusalError as refusal:
        store = refusal.detail
    found = Health(
        status="ok" if store == "ok" else "unavailable", version=__version__, store=store, workers=workers.count,
        idle=workers.idle, waiting=workers.waiting,
    )  # fmt: skip
    return value(found, status=200 if store == "ok" else 503)


async def _metrics(call: Call) -> Response:
    workers = call.service.workers
    replaced = {f'{{why="{why}"}}': float(count) for why, count in sorted(workers.replaced.items())}
    gauges = {
        "protoparse_workers": ("Processes that do what is asked.", {"": float(workers.count)}),
        "protoparse_workers_idle": ("Those that have nothing to do.", {"": float(workers.idle)}),
        "protoparse_waiting": ("What waits for one of them.", {"": float(workers.waiting)}),
        "protoparse_workers_replaced_total": ("Processes that were ended, and others begun.", replaced),
    }
    return Response(call.service.metrics.text(gauges), media_type=MEDIA)


def _describing(endpoints: tuple[Endpoint, ...]) -> Handler:
    made: dict[bool, bytes] = {}

    async def done(call: Call) -> Response:
        guarded = call.service.settings.token is not None
        if guarded not in made:
            made[guarded] = described(endpoints, guarded=guarded)
        return Response(made[guarded], media_type=JSON)

    return done


async def _unrouted(request: Request, error: Exception) -> Response:
    """What no endpoint answers: another path, another method."""
    assert isinstance(error, HTTPException)
    details = {404: "nothing is here; / says what there is", 405: "this path does not know the method"}
    detail = details.get(error.status_code, error.detail)
    return response(refused(error.status_code, detail, headers=error.headers))
