"""Reviews as pages ask for them: read from the store, gone on with, saved as the next revision.

In: the id of a review and what is to be done. Out: a `Sitting`, the review with the document as it is now. A sitting is
kept in memory for its next step; what counts is the store, which is asked every time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from protoparse.editing import Review, Step, gold
from protoparse.errors import EditError
from protoparse.model import Document, load
from protoparse.server.answers import RefusalError
from protoparse.server.comparing import settled
from protoparse.server.store import Draft, Entry, Stored
from protoparse.server.store.records import Store
from protoparse.server.store.reviews import MissingReviewError, MovedError, UnderWay

MOST = 5_000
"""A review has at most so many steps."""
_STEPS = msgspec.json.Decoder(tuple[Step, ...])


class Sitting(NamedTuple):
    """A review that somebody works on."""

    row: UnderWay
    review: Review
    entry: Entry
    """The document as the store has it now: its revision may be a later one than the review began from."""

    @property
    def stale(self) -> bool:
        """Whether somebody saved another revision since this review began."""
        return self.entry.revision != self.row.revision


def begun(store: Store, document: str, *, author: str | None = None) -> UnderWay:
    """A new review of a document as it stands."""
    stored = store.read(document)
    return store.reviews.begin(document, stored.entry.revision, author=author)


def sat(store: Store, id: str) -> Sitting:
    """A review as it stands; raises `RefusalError` where there is none."""
    try:
        row = store.reviews.read(id)
    except MissingReviewError:
        raise RefusalError(404, "no such review") from None
    review = _review(row, lambda: store.read(row.document, row.revision))
    return Sitting(row, review, store.read(row.document).entry)


def stepped(store: Store, id: str, steps: Sequence[Step], *, turn: int) -> Sitting:
    """A review with more steps, all or none; raises `RefusalError` where one cannot be made."""

    def go_on(review: Review) -> Review:
        if review.count + len(steps) > MOST:
            raise EditError(f"a review has at most {MOST} steps: save it first")
        for step in steps:
            review = review.then(step)
        return review

    return _gone_on(store, id, go_on, turn=turn)


def undone(store: Store, id: str, *, turn: int) -> Sitting:
    """A review without its last step."""
    return _gone_on(store, id, Review.undone, turn=turn)


def redone(store: Store, id: str, *, turn: int) -> Sitting:
    """A review with the step that was undone last."""
    return _gone_on(store, id, Review.redone, turn=turn)


def saved(store: Store, id: str, *, author: str | None, remark: str = "") -> Sitting:
    """A review as the next revision of its document, from which it then goes on.

    Raises `StaleError` where somebody else saved first: the review is kept as it is.
    """
    sitting = sat(store, id)
    review, row = sitting.review, sitting.row
    draft = Draft(
        document=gold(review.document), author=author or row.author, edits=review.edits, remark=remark,
        review={"looked_at": sorted(review.looked_at)},
    )  # fmt: skip
    entry = store.replace(row.document, draft, revision=row.revision)
    row = store.reviews.write(replace(row, revision=entry.revision, author=draft.author, steps=b"[]", done=0))
    return sat(store, row.id)


def version(store: Store, document: str, name: str) -> Document:
    """A document as a version of it has it: a revision by its number, or a review of it by its id."""
    if name.isascii() and name.isdigit() and len(name) < 10:
        return load(store.read(document, int(name)).document)
    sitting = sat(store, name)
    if sitting.row.document != document:
        raise RefusalError(404, "a review of another document")
    return sitting.review.document


def adjudicated(
    store: Store, document: str, *, old: str, new: str, chosen: Collection[str], revision: int, author: str | None
) -> Entry:
    """What two versions of a document come to, as its next revision; a review that was one of them goes on from it.

    `chosen`: the criteria, by their ids in `old`, for which `new` is right. Raises `StaleError` where `revision` is not
    the latest any more.
    """
    one, other = version(store, document, old), version(store, document, new)
    made = gold(settled(one, other, chosen))
    remark = f"of {_told(old)} and {_told(new)}"
    draft = Draft(document=made, author=author, edits=len(chosen), remark=remark)
    entry = store.replace(document, draft, revision=revision)
    for name in (old, new):
        if not name.isdigit():
            row = store.reviews.read(name)
            store.reviews.write(replace(row, revision=entry.revision, steps=b"[]", done=0))
    return entry


def _told(version: str) -> str:
    return f"revision {version}" if version.isdigit() else "a review"


def _gone_on(store: Store, id: str, go_on: Callable[[Review], Review], *, turn: int) -> Sitting:
    sitting = sat(store, id)
    if sitting.row.turn != turn:
        raise RefusalError(409, "this review went on in another tab: load it again")
    review = go_on(sitting.review)
    # what cannot be replayed is refused before it is kept
    _ = review.document
    row = replace(sitting.row, steps=msgspec.json.encode(review.steps), done=review.count)
    try:
        row = store.reviews.write(row)
    except MovedError:
        raise RefusalError(409, "this review went on in another tab: load it again") from None
    _remember(row, review)
    return Sitting(row, review, sitting.entry)


# ------------------------------------------------------------------ memory

KEPT = 64
"""So many reviews are kept ready for their next step."""
_ready: OrderedDict[str, tuple[int, Review]] = OrderedDict()
_lock = threading.Lock()


def _review(row: UnderWay, base: Callable[[], Stored]) -> Review:
    """The review of a row: as it was kept ready, else made again of its base and its steps."""
    with _lock:
        turn, review = _ready.get(row.id, (0, None))
    if review is not None and turn == row.turn:
        return review
    stored = base()
    seen = msgspec.json.decode(stored.review).get("looked_at", [])
    review = Review(load(stored.document), _STEPS.decode(row.steps), row.done, frozenset(map(str, seen)))
    _remember(row, review)
    return review


def _remember(row: UnderWay, review: Review) -> None:
    with _lock:
        _ready[row.id] = row.turn, review
        _ready.move_to_end(row.id)
        while len(_ready) > KEPT:
            _ready.popitem(last=False)
