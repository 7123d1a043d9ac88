"""The store over HTTP: documents, their revisions and their history.

In: a draft, with `If-Match` where there is a revision already. Out: an entry with its `ETag`; 412 where somebody else
saved first, with the entry that stands there now, so that nobody writes over what they have not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw
from msgspec.structs import asdict, replace
from starlette.responses import Response

from protoparse.model import Document, Record
from protoparse.server.answers import JSON, RefusalError
from protoparse.server.endpoints import API, Call, Endpoint, Handler, Schema, tag, value
from protoparse.server.messages import Nothing, read
from protoparse.server.store import Draft, Entry, MissingError, Page, Revision, Store, Stored, Wanted, has_controls
from protoparse.server.store.records import Line

Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", max_length=22)]


class Named(Record, frozen=True, kw_only=True):
    """`id`: the document's."""

    id: Id


class NamedBy(Record, frozen=True, kw_only=True):
    """`id`: the document's. `author`: who does it."""

    id: Id
    author: Line | None = None


class NamedRevision(Record, frozen=True, kw_only=True):
    """`id`: the document's. `revision`: its number."""

    id: Id
    revision: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class Whole(Entry, frozen=True, kw_only=True):
    """An entry with its criteria JSON, and with what a page or a tool keeps beside it."""

    document: Document
    review: Mapping[str, Any]


class History(Record, frozen=True, kw_only=True):
    """Every revision of a document, the latest first."""

    revisions: tuple[Revision, ...]


async def _list(call: Call) -> Response:
    try:
        return value(await call.service.stored(call.service.store.entries, call.asked))
    except ValueError as error:
        raise RefusalError(422, str(error)) from None


async def _create(call: Call) -> Response:
    body = await call.body()
    entry = await call.service.stored(_drafted, call.service.store, body, call.user)
    return value(entry, status=201, headers={"ETag": tag(entry.revision), "Location": f"{API}/documents/{entry.id}"})


async def _read(call: Call) -> Response:
    stored = await call.service.stored(standing, call.service.store, call.asked.id)
    return _whole(call, stored)


async def _replace(call: Call) -> Response:
    revision = call.revision
    body = await call.body()
    entry = await call.service.stored(
        _drafted, call.service.store, body, call.user, id=call.asked.id, revision=revision
    )
    return _entry(entry)


async def _delete(call: Call) -> Response:
    await call.service.stored(call.service.store.delete, call.asked.id, revision=call.revision, author=_author(call))
    return Response(status_code=204)


async def _restore(call: Call) -> Response:
    return _entry(await call.service.stored(call.service.store.restore, call.asked.id, author=_author(call)))


async def _criteria(call: Call) -> Response:
    stored = await call.service.stored(standing, call.service.store, call.asked.id)
    return Response(stored.document, headers={"ETag": tag(stored.entry.revision)}, media_type=JSON)


async def _history(call: Call) -> Response:
    return value(History(revisions=await call.service.stored(call.service.store.history, call.asked.id)))


async def _revision(call: Call) -> Response:
    store, asked = call.service.store, call.asked
    await call.service.stored(standing, store, asked.id)
    return _whole(call, await call.service.stored(store.read, asked.id, asked.revision))


def _drafted(store: Store, body: bytes, user: str | None, *, id: str | None = None, revision: int = 0) -> Entry:
    """Keep a body that is a draft; of nobody else, it is of the user."""
    draft = read(body, Draft)
    if draft.author is None:
        draft = replace(draft, author=user)
    return store.create(draft) if id is None else store.replace(id, draft, revision=revision)


def standing(store: Store, id: str) -> Stored:
    """A document that was not deleted."""
    stored = store.read(id)
    if stored.entry.deleted:
        raise MissingError(stored.entry)
    return stored


def _author(call: Call) -> str | None:
    author: str | None = call.asked.author
    if has_controls(author or ""):
        raise RefusalError(400, "author: a line of text without control characters")
    return author or call.user


def _entry(entry: Entry) -> Response:
    return value(entry, headers={"ETag": tag(entry.revision)})


def _whole(call: Call, stored: Stored) -> Response:
    etag = tag(stored.entry.revision)
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if call.request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    kept = {"document": Raw(stored.document), "review": Raw(stored.review)}
    return Response(msgspec.json.encode(asdict(stored.entry) | kept), headers=headers, media_type=JSON)


_ONE = f"{API}/documents/{{id}}"


def _endpoint(
    method: str, path: str, says: str, handler: Handler, asks: type[Record] = Named, gives: Schema | None = None,
    *, takes: Schema | None = None, status: int = 200, changes: bool = False,
) -> Endpoint:  # fmt: skip
    """One of the store's; one that `changes` a document says which revision it was made from."""
    missing = (422,) if asks is Wanted else () if asks is Nothing else (404,)
    return Endpoint(
        method, path, says, handler, asks, {JSON: takes} if takes else {}, {JSON: gives} if gives else {}, status,
        (*missing, 412, 428) if changes else missing, ("If-Match",) if changes else (), "store",
    )  # fmt: skip


ENDPOINTS = (
    _endpoint("GET", f"{API}/documents", "List documents, a page at a time", _list, Wanted, Page),
    _endpoint("POST", f"{API}/documents", "Keep a new document", _create, Nothing, Entry, takes=Draft, status=201),
    _endpoint("GET", _ONE, "A document with its criteria", _read, gives=Whole),
    _endpoint("PUT", _ONE, "Keep a newer revision", _replace, gives=Entry, takes=Draft, changes=True),
    _endpoint(
        "DELETE", _ONE, "Take it out of the lists, not out of history", _delete, NamedBy, status=204, changes=True
    ),
    _endpoint("POST", f"{_ONE}/restore", "Put a deleted document back", _restore, NamedBy, Entry),
    _endpoint("GET", f"{_ONE}/criteria", "The criteria JSON alone", _criteria, gives=Document),
    _endpoint("GET", f"{_ONE}/revisions", "Who saved it, and when", _history, gives=History),
    _endpoint("GET", f"{_ONE}/revisions/{{revision}}", "A document as it was", _revision, NamedRevision, Whole),
)
"""All that the store is asked for."""
