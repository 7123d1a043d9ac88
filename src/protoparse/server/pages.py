"""The pages: a listing pasted, reviewed, saved. What a page shows is `view`, what is done to a review `reviews`.

In: requests of a browser. Out: HTML; after an edit only the parts of the page that it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote

import msgspec
from msgspec import Meta
from starlette.responses import RedirectResponse, Response

from protoparse.check import check
from protoparse.editing import MoveItem, SetKind, Step, gold
from protoparse.editing import outline as outlines
from protoparse.editing.paths import found
from protoparse.errors import EditError
from protoparse.model import Criterion, Document, Fact, Not, Record, dump, load, walk
from protoparse.render import render
from protoparse.server import forms, reviews, view
from protoparse.server.answers import JSON, RefusalError
from protoparse.server.comparing import differing
from protoparse.server.documents import standing
from protoparse.server.endpoints import Call, Endpoint
from protoparse.server.messages import Parsing
from protoparse.server.reviews import Sitting
from protoparse.server.screenings import lines as lines_of
from protoparse.server.screenings import pieces, screenable
from protoparse.server.site import page
from protoparse.server.store import Draft, Entry, StaleError, Wanted
from protoparse.server.workers import Task

_STEP: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Step)
_Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22}$", max_length=22)]
KEYS = (
    (("j", "k"), "the next, the one before"),
    (("a",), "right as it stands; again: not yet"),
    (("e", "Enter"), "edit the rule"),
    (("1", "…", "9"), "edit its first, … ninth fact"),
    (("x",), "reject: take the rule away"),
    (("]", "["), "move in, move out"),
    (("u", "U"), "undo, do again"),
    (("s",), "save"),
    (("/",), "find words"),
    (("?",), "these keys"),
)
"""What the keys of the review page do."""


class Home(Record, frozen=True, kw_only=True):
    """`q`: words to look for. `after`: where the page begins."""

    q: Annotated[str, Meta(max_length=200)] = ""
    after: Annotated[str, Meta(max_length=2000)] | None = None


class Pasted(Record, frozen=True, kw_only=True):
    """`name`: of the file that the body is."""

    name: Annotated[str, Meta(max_length=200)] = ""


class Named(Record, frozen=True, kw_only=True):
    """`id`: of a document, or of a review."""

    id: _Id


class Place(Record, frozen=True, kw_only=True):
    """A criterion of a review, and a place in its rule."""

    id: _Id
    criterion: Annotated[str, Meta(max_length=400)]
    path: Annotated[str, Meta(max_length=2000)] = "$"


class Versions(Record, frozen=True, kw_only=True):
    """A document, and two versions of it: numbers of revisions, or ids of reviews."""

    id: _Id
    old: Annotated[str, Meta(max_length=22)]
    new: Annotated[str, Meta(max_length=22)]


class Told(Record, frozen=True, kw_only=True):
    """`at`: what to go to. `message`: what to say."""

    at: str | None = None
    message: str = ""


# ------------------------------------------------------------------ documents


async def _home(call: Call) -> Response:
    wanted = Wanted(q=call.asked.q, after=call.asked.after, limit=50)
    listed = await call.service.stored(call.service.store.entries, wanted)
    return page("home.html", title="Listings", listed=listed, asked=call.asked, store=call.service.settings.store)


async def _paste(call: Call) -> Response:
    """Parse what was pasted or dropped, keep it, and go on to its review."""
    body, name = await call.body(), call.asked.name
    asked = Parsing()
    if call.media == "application/x-www-form-urlencoded":
        form = _form(body)
        body, name = form.get("text", "").replace("\r\n", "\n").encode(), form.get("name", "")
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


# ------------------------------------------------------------------ reviews


async def _review(call: Call) -> Response:
    def made() -> Response:
        sitting = reviews.sat(call.service.store, call.asked.id)
        document = sitting.review.document
        return page(
            "review.html",
            title=sitting.entry.name,
            sitting=sitting,
            bar=_status(sitting, Told()),
            passages=view.passages(document),
            items=view.items(document),
            looked_at=sitting.review.looked_at,
            keys=KEYS,
            domains=forms.CHOICES["domain"],
        )

    return await call.service.stored(made)


async def _steps(call: Call) -> Response:
    """One step of a form: what is done, and to which criterion."""
    form = _form(await call.body())
    return await _changed(call, lambda sitting: [_step(form)], form)


async def _undo(call: Call) -> Response:
    return await _turned(call, reviews.undone, "undone")


async def _redo(call: Call) -> Response:
    return await _turned(call, reviews.redone, "done again")


async def _save(call: Call) -> Response:
    form = _form(await call.body())
    author, remark = form.get("author", "").strip()[:200] or call.user, form.get("remark", "")[:2000]

    def done() -> Response:
        try:
            sitting = reviews.saved(call.service.store, call.asked.id, author=author, remark=remark)
        except StaleError as error:
            sitting = reviews.sat(call.service.store, call.asked.id)
            by = error.entry.author or "somebody"
            message = f"not saved: {by} saved revision {error.entry.revision} in the meantime; nothing of yours is lost"
            return page(
                "changed.html", bar=_status(sitting, Told(message=message)), passages=(), items=(), looked_at=()
            )
        return _bar(sitting, f"saved as revision {sitting.entry.revision}")

    return await call.service.stored(done)


async def _fact(call: Call) -> Response:
    """The form of a fact."""

    def made() -> Response:
        document = reviews.sat(call.service.store, call.asked.id).review.document
        criterion = outlines.found(document.criteria, call.asked.criterion)
        fact, negated = _fact_at(criterion, call.asked.path)
        return page(
            "fact.html", criterion=criterion, path=call.asked.path, fact=fact,
            form=forms.filled(fact, negated=negated), choices=forms.CHOICES,
        )  # fmt: skip

    return await call.service.stored(made)


async def _rule(call: Call) -> Response:
    """The form of a rule, in canonical English, and of its place in the outline."""

    def made() -> Response:
        document = reviews.sat(call.service.store, call.asked.id).review.document
        criterion = outlines.found(document.criteria, call.asked.criterion)
        english = "" if criterion.rule is None else render(criterion.rule)
        return page("rule.html", criterion=criterion, english=english, words=view.item(document, criterion).words)

    return await call.service.stored(made)


async def _filled(call: Call) -> Response:
    """What was filled in about a fact."""
    body = _form(await call.body())

    def edits(sitting: Sitting) -> list[Step]:
        criterion = outlines.found(sitting.review.document.criteria, body.get("criterion", ""))
        fact, negated = _fact_at(criterion, body.get("path", "$"))
        form = forms.read(body)
        return [*forms.edits(fact, form, criterion=criterion.id, path=body.get("path", "$"), negated=negated)]

    return await _changed(call, edits, body)


def _fact_at(criterion: Criterion, path: str) -> tuple[Fact, bool]:
    """A fact, and whether it is what a negation denies."""
    if criterion.rule is None:
        raise EditError(f"{criterion.id} has no rule")
    fact = found(criterion.rule, path)
    if not isinstance(fact, Fact):
        raise EditError(f"{criterion.id} {path} is no fact")
    negated = path.endswith(".of") and isinstance(found(criterion.rule, path.removesuffix(".of")), Not)
    return fact, negated


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
    form = _form(await call.body())
    chosen = {name.removeprefix("at.") for name, side in form.items() if name.startswith("at.") and side == "new"}
    author = form.get("author", "").strip()[:200] or call.user
    await call.service.stored(
        reviews.adjudicated, call.service.store, call.asked.id, old=call.asked.old, new=call.asked.new, chosen=chosen,
        revision=_number(form, "revision"), author=author,
    )  # fmt: skip
    return RedirectResponse(f"/documents/{call.asked.id}", 303)


# ------------------------------------------------------------------ screening


async def _screen(call: Call) -> Response:
    stored = await call.service.stored(standing, call.service.store, call.asked.id)
    return _screened(stored.entry, {"day": date.today().isoformat()}, ())


async def _answer(call: Call) -> Response:
    """Screen one or several patients, pasted as JSON; one that cannot be read is told on the page."""
    form = _form(await call.body())
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


# ------------------------------------------------------------------ what an edit changes


async def _turned(call: Call, turn: Callable[..., Sitting], message: str) -> Response:
    form = _form(await call.body())

    def done() -> Response:
        return _whole(turn(call.service.store, call.asked.id, turn=_number(form)), Told(message=message))

    return await call.service.stored(done)


async def _changed(call: Call, steps: Callable[[Sitting], list[Step]], form: dict[str, str]) -> Response:
    def done() -> Response:
        store, turn = call.service.store, _number(form)
        sitting = reviews.sat(store, call.asked.id)
        made = steps(sitting)
        if not made:
            return page(
                "changed.html",
                bar=_status(sitting, Told(message="nothing was changed")),
                passages=(),
                items=(),
                looked_at=(),
            )
        after = reviews.stepped(store, call.asked.id, made, turn=turn)
        if any(isinstance(step, MoveItem | SetKind) for step in made):
            moved = _moved(sitting.review.document, after.review.document, made[-1].criterion)
            return _whole(after, Told(at=moved))
        return _parts(after, made[-1].criterion)

    return await call.service.stored(done)


def _bar(sitting: Sitting, message: str) -> Response:
    """Nothing but the bar."""
    return page("changed.html", bar=_status(sitting, Told(message=message)), passages=(), items=(), looked_at=())


def _parts(sitting: Sitting, criterion: str) -> Response:
    """A criterion and its stretch of the text."""
    document = sitting.review.document
    item = view.item(document, outlines.found(document.criteria, criterion))
    top = ".".join(criterion.split(".")[:2])
    return page(
        "changed.html",
        bar=_status(sitting, Told(at=criterion)),
        passages=[(top, view.passage(document, top))],
        items=[item],
        looked_at=sitting.review.looked_at,
    )


def _whole(sitting: Sitting, told: Told) -> Response:
    """All of the text and of the outline."""
    document = sitting.review.document
    return page(
        "whole.html",
        bar=_status(sitting, told),
        passages=view.passages(document),
        items=view.items(document),
        looked_at=sitting.review.looked_at,
    )


def _moved(before: Document, after: Document, name: str) -> str:
    """The id of a criterion after it was moved: its place in reading order is the same."""
    place = [criterion.id for criterion in walk(before.criteria)].index(name)
    return [criterion.id for criterion in walk(after.criteria)][place]


class Status(Record, frozen=True, kw_only=True):
    """What stands in the bar of the page."""

    review: str
    turn: int
    looked_at: int
    criteria: int
    edits: int
    unsaved: bool
    stale: Entry | None
    undo: bool
    redo: bool
    problems: tuple[str, ...]
    told: Told


def _status(sitting: Sitting, told: Told) -> Status:
    review = sitting.review
    return Status(
        review=sitting.row.id,
        turn=sitting.row.turn,
        looked_at=len(review.looked_at),
        criteria=sum(1 for _ in walk(review.document.criteria)),
        edits=review.edits,
        unsaved=review.count > 0,
        stale=sitting.entry if sitting.stale else None,
        undo=review.count > 0,
        redo=review.count < len(review.steps),
        problems=tuple(check(dump(gold(review.document)), reparse=False)) if review.edits else (),
        told=told,
    )


# ------------------------------------------------------------------ forms


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except (UnicodeDecodeError, ValueError):
        raise RefusalError(400, "not a form") from None


def _number(form: dict[str, str], field: str = "turn") -> int:
    number = form.get(field, "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise RefusalError(400, f"{field}: the number that this goes on from")
    return int(number)


def _step(form: dict[str, str]) -> Step:
    """The step that a form holds as JSON."""
    try:
        step: Step = _STEP.decode(form.get("step", ""))
        return step
    except msgspec.MsgspecError as error:
        raise RefusalError(400, f"step: {error}") from None


_REVIEW, _DOCUMENT = "/reviews/{id}", "/documents/{id}"


def _page(method: str, path: str, says: str, handler: Any, asks: type[Record]) -> Endpoint:
    return Endpoint(method, path, says, handler, asks, group="pages")


ENDPOINTS = (
    _page("GET", "/", "The listings, and a place to paste one", _home, Home),
    _page("POST", "/paste", "Parse and keep a listing, and review it", _paste, Pasted),
    _page("GET", _DOCUMENT, "A listing: its history and its reviews", _document, Named),
    _page("POST", f"{_DOCUMENT}/review", "Begin a review", _begin, Named),
    _page("GET", f"{_DOCUMENT}/gold.json", "The criteria as gold, JSON", _gold_json, Named),
    _page("GET", f"{_DOCUMENT}/criteria.yaml", "The criteria as gold, YAML", _gold_yaml, Named),
    _page("GET", f"{_DOCUMENT}/compare", "Two versions beside each other", _compare, Versions),
    _page("POST", f"{_DOCUMENT}/compare", "Save what two versions come to", _adjudicate, Versions),
    _page("GET", f"{_DOCUMENT}/screen", "A place for a patient", _screen, Named),
    _page("POST", f"{_DOCUMENT}/screen", "A patient's answers", _answer, Named),
    _page("GET", _REVIEW, "A review", _review, Named),
    _page("POST", f"{_REVIEW}/steps", "Correct or accept", _steps, Named),
    _page("POST", f"{_REVIEW}/undo", "Undo", _undo, Named),
    _page("POST", f"{_REVIEW}/redo", "Do again", _redo, Named),
    _page("POST", f"{_REVIEW}/save", "Save as the next revision", _save, Named),
    _page("GET", f"{_REVIEW}/fact", "The form of a fact", _fact, Place),
    _page("POST", f"{_REVIEW}/fact", "Correct a fact", _filled, Named),
    _page("GET", f"{_REVIEW}/rule", "The form of a rule", _rule, Place),
)
"""All pages and what they send."""
