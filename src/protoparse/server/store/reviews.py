"""Reviews that are under way: what somebody did to a revision of a document and has not saved yet.

In: the id of a document and its revision. Out: a review under an id of its own, with its steps; two tabs of a browser
that go on with the same one at the same time do not lose one another's steps, the second is told.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from protoparse.model import Record

if TYPE_CHECKING:
    from protoparse.server.store.relational import Base

_SHOWN = "id, document, revision, author, steps, done, turn, changed"

TABLE = """CREATE TABLE protoparse_reviews (
    id TEXT PRIMARY KEY, document TEXT NOT NULL REFERENCES protoparse_documents (id), revision INTEGER NOT NULL,
    author TEXT, steps TEXT NOT NULL, done INTEGER NOT NULL, turn INTEGER NOT NULL, changed TEXT NOT NULL)"""


class UnderWay(Record, frozen=True, kw_only=True):
    """A review that is not saved. `revision`: the one it began from. `steps`: JSON, undone ones at the end; `done`: how
    many of them are not undone. `turn`: how often it was written."""

    id: str
    document: str
    revision: int
    author: str | None
    steps: bytes
    done: int
    turn: int
    changed: datetime


class MissingReviewError(Exception):
    """There is no such review."""


class MovedError(Exception):
    """The review went on elsewhere since it was read."""


class Reviews:
    """The reviews under way in a database; what they raise besides is `StoreError`."""

    def __init__(self, base: Base) -> None:
        self._base = base

    def begin(self, document: str, revision: int, *, author: str | None = None) -> UnderWay:
        """A new review of a revision."""
        found = UnderWay(
            id=secrets.token_urlsafe(16), document=document, revision=revision, author=author, steps=b"[]", done=0,
            turn=1, changed=datetime.now(UTC),
        )  # fmt: skip
        with self._base.transaction(writes=True) as run:
            run(f"INSERT INTO protoparse_reviews ({_SHOWN}) VALUES (?,?,?,?,?,?,?,?)", *_row(found))
        return found

    def read(self, id: str) -> UnderWay:
        """A review as it stands; raises `MissingReviewError`."""
        with self._base.transaction(writes=False) as run:
            row = run(f"SELECT {_SHOWN} FROM protoparse_reviews WHERE id=?", id).fetchone()
        if row is None:
            raise MissingReviewError
        return _made(row)

    def write(self, review: UnderWay) -> UnderWay:
        """Keep a review that was read and has gone on; raises `MovedError` where it went on elsewhere in between."""
        now = datetime.now(UTC)
        with self._base.transaction(writes=True) as run:
            changed = run(
                "UPDATE protoparse_reviews SET revision=?, author=?, steps=?, done=?, turn=?, changed=?"
                " WHERE id=? AND turn=?",
                review.revision, review.author, review.steps.decode(), review.done, review.turn + 1, _written(now),
                review.id, review.turn,
            )  # fmt: skip
            if changed.rowcount != 1:
                raise MovedError
        return UnderWay(
            id=review.id, document=review.document, revision=review.revision, author=review.author,
            steps=review.steps, done=review.done, turn=review.turn + 1, changed=now,
        )  # fmt: skip

    def of(self, document: str) -> tuple[UnderWay, ...]:
        """The reviews of a document that have steps, the latest first."""
        with self._base.transaction(writes=False) as run:
            rows = run(
                f"SELECT {_SHOWN} FROM protoparse_reviews WHERE document=? AND steps<>'[]' ORDER BY changed DESC, id",
                document,
            ).fetchall()
        return tuple(map(_made, rows))


def _row(review: UnderWay) -> list[Any]:
    return [
        review.id, review.document, review.revision, review.author, review.steps.decode(), review.done, review.turn,
        _written(review.changed),
    ]  # fmt: skip


def _made(row: Any) -> UnderWay:
    id, document, revision, author, steps, done, turn, changed = row
    return UnderWay(
        id=id, document=document, revision=revision, author=author, steps=steps.encode(), done=done, turn=turn,
        changed=datetime.fromisoformat(changed),
    )  # fmt: skip


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
