"""The review page: a review shown, gone on with, saved. What it shows is `view`, what is done to it `reviews`.

In: requests of a browser. Out: HTML; after an edit only the parts of the page that it changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from protoparse.check import check
from protoparse.editing import Join, MoveItem, SetKind, Split, Step, gold
from protoparse.editing import outline as outlines
from protoparse.editing.paths import found
from protoparse.errors import EditError
from protoparse.model import AtLeastChildren, Criterion, Document, Fact, Not, Record, dump, walk
from protoparse.render import render
from protoparse.server import forms, reviews, view
from protoparse.server.answers import RefusalError
from protoparse.server.documents import Id, Named
from protoparse.server.endpoints import Call
from protoparse.server.reviews import Sitting
from protoparse.server.site import page, shown
from protoparse.server.store import Entry, StaleError

_STEP: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Step)
KEYS = (
    (("j", "k"), "the next, the one before"),
    (("a",), "right as it stands; again: not yet"),
    (("e", "Enter"), "edit the rule"),
    (("1", "…", "9"), "edit its first, … ninth fact"),
    (("w",), "its words: a fact of some, or split it before them"),
    (("+",), "join it with the item above"),
    (("x",), "reject: take the rule away"),
    (("]", "["), "move in, move out"),
    (("u", "U"), "undo, do again"),
    (("s",), "save"),
    (("?",), "these keys"),
)
"""What the keys of the review page do."""
_COMBINES = (
    ("all", "all of"), ("any", "any of"), ("at_least", "at least"), ("except", "except where"), ("then", "then all of"),
)  # fmt: skip
"""How children may count, with how it is said."""


class Place(Record, frozen=True, kw_only=True):
    """A criterion of a review, and a place in its rule."""

    id: Id
    criterion: Annotated[str, Meta(max_length=400)]
    path: Annotated[str, Meta(max_length=2000)] = "$"


class Told(Record, frozen=True, kw_only=True):
    """`at`: what to go to. `message`: what to say."""

    at: str | None = None
    message: str = ""


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
    form = forms.fields(await call.body())
    return await _changed(call, lambda sitting: [_step(form)], form)


async def _undo(call: Call) -> Response:
    return await _turned(call, reviews.undone, "undone")


async def _redo(call: Call) -> Response:
    return await _turned(call, reviews.redone, "done again")


async def _save(call: Call) -> Response:
    form = forms.fields(await call.body())
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


async def _form(call: Call, shown: Callable[[Document, Criterion], Response]) -> Response:
    """A form about a criterion as it is in the review now."""

    def made() -> Response:
        document = reviews.sat(call.service.store, call.asked.id).review.document
        return shown(document, outlines.found(document.criteria, call.asked.criterion))

    return await call.service.stored(made)


async def _fact(call: Call) -> Response:
    """The form of a fact."""

    def shown(document: Document, criterion: Criterion) -> Response:
        fact, negated = _fact_at(criterion, call.asked.path)
        return page(
            "fact.html", criterion=criterion, path=call.asked.path, fact=fact,
            form=forms.filled(fact, negated=negated), choices=forms.CHOICES,
        )  # fmt: skip

    return await _form(call, shown)


async def _rule(call: Call) -> Response:
    """The form of a rule, in canonical English, and of its place in the outline."""

    def shown(document: Document, criterion: Criterion) -> Response:
        english = "" if criterion.rule is None else render(criterion.rule)
        combine = criterion.combine
        chosen, least = ("at_least", combine.at_least) if isinstance(combine, AtLeastChildren) else (combine, 2)
        return page(
            "rule.html", criterion=criterion, english=english, words=view.item(document, criterion).words,
            combines=_COMBINES, chosen=chosen, least=least,
        )  # fmt: skip

    return await _form(call, shown)


async def _words(call: Call) -> Response:
    """An item's own words, to select some of them."""

    def shown(document: Document, criterion: Criterion) -> Response:
        start, end = view.own(document, criterion)
        return page(
            "words.html", criterion=criterion, at=start, words=document.text[start:end], domains=forms.CHOICES["domain"]
        )  # fmt: skip

    return await _form(call, shown)


async def _filled(call: Call) -> Response:
    """What was filled in about a fact."""
    body = forms.fields(await call.body())

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


# ------------------------------------------------------------------ what an edit changes


async def _turned(call: Call, turn: Callable[..., Sitting], message: str) -> Response:
    form = forms.fields(await call.body())

    def done() -> Response:
        return _whole(turn(call.service.store, call.asked.id, turn=forms.number(form)), Told(message=message))

    return await call.service.stored(done)


async def _changed(call: Call, steps: Callable[[Sitting], list[Step]], form: dict[str, str]) -> Response:
    def done() -> Response:
        store, turn = call.service.store, forms.number(form)
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
        if any(isinstance(step, MoveItem | SetKind | Split | Join) for step in made):
            moved = _moved(sitting.review.document, after.review.document, made[-1])
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


def _moved(before: Document, after: Document, step: Step) -> str:
    """The id of a criterion after it was moved: its place in reading order is the same, or that of the one above."""
    place = [criterion.id for criterion in walk(before.criteria)].index(step.criterion) - isinstance(step, Join)
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


def _step(form: dict[str, str]) -> Step:
    """The step that a form holds as JSON."""
    try:
        step: Step = _STEP.decode(form.get("step", ""))
        return step
    except msgspec.MsgspecError as error:
        raise RefusalError(400, f"step: {error}") from None


_REVIEW = "/reviews/{id}"


ENDPOINTS = (
    shown("GET", _REVIEW, "A review", _review, Named),
    shown("POST", f"{_REVIEW}/steps", "Correct or accept", _steps, Named),
    shown("POST", f"{_REVIEW}/undo", "Undo", _undo, Named),
    shown("POST", f"{_REVIEW}/redo", "Do again", _redo, Named),
    shown("POST", f"{_REVIEW}/save", "Save as the next revision", _save, Named),
    shown("GET", f"{_REVIEW}/fact", "The form of a fact", _fact, Place),
    shown("POST", f"{_REVIEW}/fact", "Correct a fact", _filled, Named),
    shown("GET", f"{_REVIEW}/words", "The words of an item", _words, Place),
    shown("GET", f"{_REVIEW}/rule", "The form of a rule", _rule, Place),
)
"""The review page and what it sends."""
