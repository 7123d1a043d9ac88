"""The OpenAPI description, made of the endpoints and of the records that go over the wire.

In: endpoints. Out: OpenAPI 3.1 as JSON.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec import Struct

from protoparse import __version__
from protoparse.server.answers import PROBLEM, Problem
from protoparse.server.endpoints import Endpoint, Schema
from protoparse.server.guarding import OPEN

ALWAYS = (400, 403, 421, 500, 503)
"""What any endpoint may refuse with; one that takes a body, besides:"""
BODIED = (408, 413, 415, 422)
_REFERENCE = "#/components/schemas/{name}"
_ABOUT = """Reads the eligibility criteria of clinical trials into JSON that a computer can apply.

A body is any container that protoparse reads, or JSON as described. What is refused is a problem as RFC 9457 has it. \
Streams take one record a line and answer with one row a line, in order, while the request still comes."""


def described(endpoints: Iterable[Endpoint], *, guarded: bool) -> bytes:
    """The description; `guarded`: whether a token is asked for."""
    listed = list(endpoints)
    records = {
        id(schema): schema
        for endpoint in listed
        for schema in (*endpoint.takes.values(), *endpoint.gives.values())
        if isinstance(schema, type)
    }
    _, schemas = msgspec.json.schema_components([Problem, *records.values()], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, guarded)
    components: dict[str, Any] = {
        "schemas": schemas,
        "responses": {
            f"Problem{status}": {
                "description": HTTPStatus(status).phrase,
                "content": {PROBLEM: {"schema": {"$ref": _REFERENCE.format(name="Problem")}}},
            }
            for status in (*ALWAYS, *BODIED, 401, 404, 412, 428)
        },
    }
    if guarded:
        components["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "basic": {"type": "http", "scheme": "basic", "description": "The token is the password."},
        }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "protoparse", "version": __version__, "description": _ABOUT},
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": components,
        }
    )


def _operation(endpoint: Endpoint, guarded: bool) -> dict[str, Any]:
    asked = guarded and endpoint.path not in OPEN
    statuses = (*ALWAYS, *((401,) if asked else ()), *(BODIED if endpoint.takes else ()), *endpoint.refuses)
    fine: dict[str, Any] = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.gives:
        fine["content"] = {media.partition(";")[0]: {"schema": _schema(s)} for media, s in endpoint.gives.items()}
    responses = {str(endpoint.status): fine}
    responses |= {str(s): {"$ref": f"#/components/responses/Problem{s}"} for s in sorted(statuses)}
    if endpoint.path == "/health":
        responses["503"] = fine | {"description": "It cannot"}
    made: dict[str, Any] = {
        "operationId": _called(endpoint),
        "tags": [endpoint.group],
        "summary": endpoint.says,
        "responses": responses,
    }
    if about := [_about(s) for s in (endpoint.asks, *endpoint.takes.values()) if isinstance(s, type) and _about(s)]:
        made["description"] = "\n\n".join(about)
    if parameters := list(_parameters(endpoint)):
        made["parameters"] = parameters
    if endpoint.takes:
        content = {media: {"schema": _schema(schema)} for media, schema in endpoint.takes.items()}
        made["requestBody"] = {"required": True, "content": content}
    if asked:
        made["security"] = [{"bearer": []}, {"basic": []}]
    return made


def _parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    [reference], found = msgspec.json.schema_components([endpoint.asks])
    record = found[reference["$ref"].rpartition("/")[2]]
    for name, schema in record["properties"].items():
        placed = "path" if f"{{{name}}}" in endpoint.path else "query"
        yield {"name": name, "in": placed, "required": name in record["required"], "schema": _given(schema)}
    if "If-Match" in endpoint.headers:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "description": "The revision that the change was made from, as its ETag.",
            "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
        }


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter, which is left out where it is null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        return dict(choices[0])
    return schema


def _schema(schema: Schema) -> dict[str, Any]:
    if isinstance(schema, type) and issubclass(schema, Struct):
        [made], _ = msgspec.json.schema_components([schema], ref_template=_REFERENCE)
        return dict(made)
    return dict(schema)


def _about(schema: Any) -> str:
    return inspect.getdoc(schema) or ""


def _called(endpoint: Endpoint) -> str:
    """A name for programs: "get_documents_id_revisions"."""
    words = re.findall(r"[a-z]+", endpoint.path.removeprefix("/api/v1"))
    return "_".join([endpoint.method.lower(), *words])
