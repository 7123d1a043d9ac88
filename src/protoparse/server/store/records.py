"""What a store keeps and tells: drafts go in; entries, revisions and stored documents come out.

In: nothing but what users say. Out: typed records, the same over HTTP and in Python.

>>> Draft(document=Document(text="Age > 5"), name="two\\nlines")
Traceback (most recent call last):
    ...
ValueError: name: a line of text without control characters
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol, TypeAlias

from msgspec import Meta

from protoparse.model import Document, Record
from protoparse.server.store.reviews import Reviews

Line: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=200, pattern="^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]*$")
]
"""A name that people give: of a document, or their own."""
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Sort: TypeAlias = Literal["changed", "created", "name"]

MOST = 200
"""So many entries a page of a list has at most."""


class Draft(Record, frozen=True, kw_only=True):
    """A document as somebody wants it kept.

    `name`: what it goes by; where it is left out, the name it has, else its trial's number. `author`: who made this
    revision. `edits`: how many corrections were made since the last one. `remark`: what it is for. `review`: whatever
    a page or a tool wants kept beside the criteria, such as which of them were accepted.
    """

    document: Document
    name: Line | None = None
    author: Line | None = None
    edits: Count = 0
    remark: Annotated[str, Meta(max_length=2000)] = ""
    review: Mapping[str, Any] = {}

    def __post_init__(self) -> None:
        for field in ("name", "author"):
            if has_controls(getattr(self, field) or ""):
                raise ValueError(f"{field}: a line of text without control characters")


class Entry(Record, frozen=True, kw_only=True):
    """A document as lists show it: its latest `revision`, whose author and when, and the edits of all revisions.

    `gold`: written or corrected by people, that is, of no parser. `criteria`: how many it has.
    """

    id: str
    name: str
    trial: str | None
    title: str | None
    gold: bool
    criteria: int
    revision: int
    author: str | None
    created: datetime
    changed: datetime
    edits: int
    deleted: bool = False


class Stored(Record, frozen=True, kw_only=True):
    """A revision of a document: what lists show of it as it was then, the criteria JSON to the byte, and the review."""

    entry: Entry
    document: bytes
    review: bytes


class Revision(Record, frozen=True, kw_only=True):
    """One line of a document's history."""

    revision: int
    name: str
    author: str | None
    at: datetime
    edits: int
    remark: str
    deleted: bool = False


class Wanted(Record, frozen=True, kw_only=True):
    """Which documents to list.

    `q`: words that all occur in name, trial, title or text, or the document's id. `author`: of the latest revision.
    `after`: what the page before has as `next`. `deleted`: the deleted ones instead.
    """

    q: Annotated[str, Meta(max_length=200)] = ""
    trial: Line | None = None
    author: Line | None = None
    gold: bool | None = None
    deleted: bool = False
    sort: Sort = "changed"
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 50
    after: Annotated[str, Meta(max_length=2000)] | None = None


class Page(Record, frozen=True, kw_only=True):
    """A part of a list: `total` is how many there are on all pages, `next` what asks for the following one."""

    documents: tuple[Entry, ...]
    total: int
    next: str | None = None


class MissingError(Exception):
    """There is no such document, or no such revision of it; `entry` is the document where it was deleted."""

    def __init__(self, entry: Entry | None = None) -> None:
        super().__init__("no such document")
        self.entry = entry


class StaleError(Exception):
    """Somebody else saved before: `entry` is what stands there now."""

    def __init__(self, entry: Entry) -> None:
        super().__init__(f"revision {entry.revision} is newer")
        self.entry = entry


class Store(Protocol):
    """Documents with their history. Any number of threads, and of processes, may use one store.

    Whatever cannot be done because of the store itself raises `StoreError`.
    """

    reviews: Reviews
    """What is under way and not saved yet."""

    def create(self, draft: Draft) -> Entry:
        """Keep a new document under an id of its own."""
        ...

    def replace(self, id: str, draft: Draft, *, revision: int) -> Entry:
        """Keep a newer revision, if `revision` is the latest.

        Raises `StaleError` where it is not, `MissingError` where there is no such document.
        """
        ...

    def delete(self, id: str, *, revision: int, author: str | None = None) -> Entry:
        """Take a document out of the lists; its history stays. Raises as `replace` does."""
        ...

    def restore(self, id: str, *, author: str | None = None) -> Entry:
        """Put a deleted document back as it was last; raises `MissingError` where there is none."""
        ...

    def read(self, id: str, revision: int | None = None) -> Stored:
        """A document, or one of its revisions, of a deleted one too; raises `MissingError`."""
        ...

    def entries(self, wanted: Wanted) -> Page:
        """A page of a list; raises `ValueError` where `after` is of no such list."""
        ...

    def history(self, id: str) -> tuple[Revision, ...]:
        """Every revision, the latest first; raises `MissingError` where the document is not there, or deleted."""
        ...

    def ready(self) -> None:
        """Do nothing where the store can be used; raise `StoreError` where not."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def has_controls(words: str) -> bool:
    """Whether there is a character in it that is no text: a line end, a NUL, an escape."""
    return any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in words)
