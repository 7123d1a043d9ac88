"""The pages about documents: listings pasted, found, kept as files, compared, screened. Their review is `reviewing`.

In: requests of a browser. Out: HTML, or a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta
from starlette.responses import RedirectResponse, Response

from protoparse.editing import gold
from protoparse.model import Document, Record, dump, load, walk
from protoparse.server import forms, reviews
from protoparse.server.answers import JSON, RefusalError
from protoparse.server.comparing import differing
from protoparse.server.documents import Id, Named, standing
from protoparse.server.endpoints import Call
from protoparse.server.messages import Parsing
from protoparse.server.screenings import lines as lines_of
from protoparse.server.screenings import pieces, screenable
from protoparse.server.site import page, shown
from protoparse.server.store import Draft, Entry, Wanted
from protoparse.server.workers import Task


class Home(Record, frozen=True, kw_only=True):
    """`q`: words to look for. `after`: where the page begins."""

    q: Annotated[str, Meta(max_length=200)] = ""
    after: Annotated[str, Meta(max_length=2000)] | None = None


class Pasted(Record, frozen=True, kw_only=True):
    """`name`: of the file that the body is."""

    name: Annotated[str, Meta(max_length=200)] = ""


class Versions(Record, frozen=True, kw_only=True):
    """A document, and two versions of it: numbers of revisions, or ids of reviews."""

    id: Id
    old: Annotated[str, Meta(max_length=22)]
    new: Annotated[str, Meta(max_length=22)]


# ------------------------------------------------------------------ documents


async def _home(call: Call) -> Response:
    return await _listed(call, call.asked)


async def _listed(call: Call, asked: Home, *, status: int = 200, **pasted: str) -> Response:
    """The start page; what was pasted, and what was wrong with it, stands in it again."""
    wanted = Wanted(q=asked.q, after=asked.after, limit=50)
    listed = await call.service.stored(call.service.store.entries, wanted)
    filled = {"text": "", "name": "", "wrong": ""} | pasted
    return page("home.html", status=status, title="Listings", listed=listed, asked=asked, **filled)


async def _paste(call: Call) -> Response:
    """Parse what was pasted or dropped, keep it, and go on to its review; an id leads to what is known by it."""
    body = await call.body()
    if call.media != "application/x-www-form-urlencoded":
        return await _taken(call, body, call.asked.name)
    form = forms.fields(body)
    text, name = form.get("text", "").replace("\r\n", "\n"), form.get("name", "")
    try:
        return await _known(call, text.strip()) or await _taken(call, text.encode(), name)
    except RefusalError as refusal:
        return await _listed(call, Home(), status=refusal.status, text=text, name=name, wrong=refusal.detail)


_ID = re.compile(r"(?=(?:\D*\d){4})[\w/-]{6,40}|[\w-]{22}")
"""A registry's number, or an id of the store; "COVID-19" may be a criterion."""


async def _known(call: Call, words: str) -> Response | None:
    """Where to go for an id of the store or of a registry, None where the words are none; refuses one not known."""
    if not _ID.fullmatch(words):
        return None
    found = (await call.service.stored(call.service.store.entries, Wanted(q=words, limit=50))).documents
    named = [x for x in found if words.casefold() in {(x.trial or "").casefold(), x.name.casefold()} or words == x.id]
    if not found:
        raise RefusalError(404, f"nothing in the store is known as {words}: paste the text itself")
    where = f"/documents/{named[0].id}" if len(named) == 1 else f"/?q={quote(words)}"
    return RedirectResponse(where, 303)


async def _taken(call: Call, body: bytes, name: str) -> Response:
    """A listing parsed and kept."""
    asked = Parsing()
    if not body.strip():
        raise RefusalError(422, "nothing was pasted")
    answer = await call.service.workers.run(Task("parse", asked, body))
    if answer.status >= 400:
        raise RefusalError(answer.status, msgspec.json.decode(answer.content)["detail"])
    document = load(answer.content)
    shown = "".join(c for c in name if c.isprintable()).strip()[:200]
    draft = Draft(document=document, name=shown or None, author=call.user)

    def kept() -> str:
        entry = call.service.store.create(draft)
        return reviews.begun(call.service.store, entry.id, author=call.user).id

    return RedirectResponse(f"/reviews/{await call.service.stored(kept)}", 303)


async def _document(call: Call) -> Response:
    store, id = call.service.store, call.asked.id

    def read() -> dict[str, Any]:
        entry = standing(store, id).entry
        return {"entry": entry, "history": store.history(id), "under_way": store.reviews.of(id)}

    found = await call.service.stored(read)
    return page("document.html", title=found["entry"].name, **found)


async def _begin(call: Call) -> Response:
    row = await call.service.stored(reviews.begun, call.service.store, call.asked.id, author=call.user)
    return RedirectResponse(f"/reviews/{row.id}", 303)


async def _gold_json(call: Call) -> Response:
    entry, document = await _standing(call)
    return _file(dump(document, indent=2), JSON, f"{entry.trial or entry.name}.json")


async def _gold_yaml(call: Call) -> Response:
    from protoparse.evaluate.gold.drafting import draft

    entry, document = await _standing(call)
    content = await call.service.stored(draft, document)
    return _file(content.encode(), "application/yaml", f"{entry.trial or entry.name}.yaml")


async def _standing(call: Call) -> tuple[Entry, Document]:
    stored = await call.service.stored(standing, call.service.store, call.asked.id)
    return stored.entry, gold(load(stored.document))


def _file(content: bytes, media: str, name: str) -> Response:
    """A file to keep; its name is for people, and leads nowhere."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip(".-") or "document"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(plain)}"}
    return Response(content, headers=headers, media_type=media)


# ------------------------------------------------------------------ two versions


async def _compare(call: Call) -> Response:
    """What two versions read differently, side by side, to choose from."""

    def made() -> Response:
        store, asked = call.service.store, call.asked
        entry = standing(store, asked.id).entry
        old, new = (reviews.version(store, asked.id, name) for name in (asked.old, asked.new))
        return page(
            "compare.html", title=entry.name, entry=entry, asked=asked, found=differing(old, new),
            criteria=sum(1 for _ in walk(old.criteria)),
        )  # fmt: skip

    return await call.service.stored(made)


async def _adjudicate(call: Call) -> Response:
    form = forms.fields(await call.body())
    chosen = {name.removeprefix("at.") for name, side in form.items() if name.startswith("at.") and side == "new"}
    author = form.get("author", "").strip()[:200] or call.user
    await call.service.stored(
        reviews.adjudicated, call.service.store, call.asked.id, old=call.asked.old, new=call.asked.new, chosen=chosen,
        revision=forms.number(form, "revision"), author=author,
    )  # fmt: skip
    return RedirectResponse(f"/documents/{call.asked.id}", 303)


# ------------------------------------------------------------------ screening


async def _screen(call: Call) -> Response:
    stored = await call.service.stored(standing, call.service.store, call.asked.id)
    return _screened(stored.entry, {"day": date.today().isoformat()}, ())


async def _answer(call: Call) -> Response:
    """Screen one or several patients, pasted as JSON; one that cannot be read is told on the page."""
    form = forms.fields(await call.body())
    stored = await call.service.stored(standing, call.service.store, call.asked.id)
    document = load(stored.document)
    try:
        asked = screenable(document, form)
        answer = await call.service.workers.run(Task("screen", body=asked))
        if answer.status >= 400:
            raise RefusalError(answer.status, msgspec.json.decode(answer.content)["detail"])
    except RefusalError as refusal:
        return _screened(stored.entry, form, (), wrong=refusal.detail, status=refusal.status)
    found = [
        (screening, lines, pieces(lines, document.text))
        for screening in msgspec.json.decode(answer.content)["screenings"]
        for lines in [lines_of(screening, document.text)]
    ]
    return _screened(stored.entry, form, found)


def _screened(
    entry: Entry, form: dict[str, str], found: Sequence[Any], *, wrong: str = "", status: int = 200
) -> Response:
    return page(
        "screen.html", title=entry.name, status=status, entry=entry, form=form, found=found, wrong=wrong,
        domains=forms.CHOICES["domain"],
    )  # fmt: skip


_DOCUMENT = "/documents/{id}"


ENDPOINTS = (
    shown("GET", "/", "The listings, and a place to paste one", _home, Home),
    shown("POST", "/paste", "Parse and keep a listing, and review it", _paste, Pasted),
    shown("GET", _DOCUMENT, "A listing: its history and its reviews", _document, Named),
    shown("POST", f"{_DOCUMENT}/review", "Begin a review", _begin, Named),
    shown("GET", f"{_DOCUMENT}/gold.json", "The criteria as gold, JSON", _gold_json, Named),
    shown("GET", f"{_DOCUMENT}/criteria.yaml", "The criteria as gold, YAML", _gold_yaml, Named),
    shown("GET", f"{_DOCUMENT}/compare", "Two versions beside each other", _compare, Versions),
    shown("POST", f"{_DOCUMENT}/compare", "Save what two versions come to", _adjudicate, Versions),
    shown("GET", f"{_DOCUMENT}/screen", "A place for a patient", _screen, Named),
    shown("POST", f"{_DOCUMENT}/screen", "A patient's answers", _answer, Named),
)
"""The pages about documents."""
