"""The store as tables: one SQL for every base that has transactions.

In: a `Base`, which gives transactions. Out: a `Store`.

A document is a row of `protoparse_documents`, which lists are made of, and a row of `protoparse_revisions` for every
time it was saved, each with the whole criteria JSON. A newer revision is written by an UPDATE that names the one it was
made from: of two at once one finds no row, and is told.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeAlias

import msgspec

from protoparse.errors import StoreError
from protoparse.model import Document, dump, walk
from protoparse.server.store import reviews
from protoparse.server.store.records import Draft, Entry, MissingError, Page, Revision, Sort, StaleError, Stored, Wanted

Run: TypeAlias = Callable[..., Any]
"""Runs a statement with its values in place of each "?", and gives the cursor."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE protoparse_documents (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, trial TEXT, title TEXT, gold INTEGER NOT NULL,
            criteria INTEGER NOT NULL, revision INTEGER NOT NULL, author TEXT, created TEXT NOT NULL,
            changed TEXT NOT NULL, edits BIGINT NOT NULL, deleted INTEGER NOT NULL, words TEXT NOT NULL)""",
        """CREATE TABLE protoparse_revisions (
            document TEXT NOT NULL REFERENCES protoparse_documents (id), revision INTEGER NOT NULL, name TEXT NOT NULL,
            author TEXT, at TEXT NOT NULL, edits BIGINT NOT NULL, remark TEXT NOT NULL, deleted INTEGER NOT NULL,
            content TEXT NOT NULL, review TEXT NOT NULL, PRIMARY KEY (document, revision))""",
        "CREATE INDEX protoparse_changed ON protoparse_documents (changed, id)",
        "CREATE INDEX protoparse_created ON protoparse_documents (created, id)",
        "CREATE INDEX protoparse_named ON protoparse_documents (name, id)",
        "CREATE INDEX protoparse_trial ON protoparse_documents (trial)",
        reviews.TABLE,
        "CREATE INDEX protoparse_reviewed ON protoparse_reviews (document, changed)",
    ),
)
"""What makes each version of the tables from the one before. None is ever changed: a change is one more."""

_SHOWN = "id, name, trial, title, gold, criteria, revision, author, created, changed, edits, deleted"
_DESCENDING: dict[Sort, bool] = {"changed": True, "created": True, "name": False}


class Base(Protocol):
    """A database: transactions, which end well or not at all."""

    def transaction(self, *, writes: bool) -> AbstractContextManager[Run]:
        """What runs statements; whatever the database refuses is raised as `StoreError`."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


def migrate(run: Run, held: int) -> None:
    """Bring the tables of a version (0 where there are none) to the latest; raises `StoreError` for a later one."""
    if held > len(MIGRATIONS):
        raise StoreError(f"written by a later protoparse: version {held}, this one knows {len(MIGRATIONS)}")
    if held == 0:
        run("CREATE TABLE protoparse_store (version INTEGER NOT NULL)")
        run("INSERT INTO protoparse_store (version) VALUES (0)")
    for statements in MIGRATIONS[held:]:
        for statement in statements:
            run(statement)
    if held < len(MIGRATIONS):
        run("UPDATE protoparse_store SET version = ?", len(MIGRATIONS))


class Relational:
    """A `Store` in a database."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self.reviews = reviews.Reviews(base)

    def create(self, draft: Draft) -> Entry:
        """Keep a new document under an id of its own."""
        now = _now()
        entry = _entry(secrets.token_urlsafe(16), draft, None, at=now, created=now)
        with self._base.transaction(writes=True) as run:
            run(
                f"INSERT INTO protoparse_documents ({_SHOWN}, words) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                *_row(entry),
                _words(entry, draft.document),
            )
            _keep(run, entry, draft)
        return entry

    def replace(self, id: str, draft: Draft, *, revision: int) -> Entry:
        """Keep a newer revision, if `revision` is the latest."""
        with self._base.transaction(writes=True) as run:
            old = _current(run, id, revision)
            entry = _entry(id, draft, old, at=_now(), created=old.created)
            done = run(
                "UPDATE protoparse_documents SET name=?, trial=?, title=?, gold=?, criteria=?, revision=?, author=?,"
                " changed=?, edits=?, words=? WHERE id=? AND revision=? AND deleted=0",
                entry.name, entry.trial, entry.title, int(entry.gold), entry.criteria, entry.revision, entry.author,
                _written(entry.changed), entry.edits, _words(entry, draft.document), id, revision,
            )  # fmt: skip
            _sure(run, done.rowcount, id)
            _keep(run, entry, draft)
        return entry

    def delete(self, id: str, *, revision: int, author: str | None = None) -> Entry:
        """Take a document out of the lists; its history stays."""
        with self._base.transaction(writes=True) as run:
            return _turn(run, _current(run, id, revision), author, deleted=True)

    def restore(self, id: str, *, author: str | None = None) -> Entry:
        """Put a deleted document back as it was last."""
        with self._base.transaction(writes=True) as run:
            old = _found(run, id)
            if not old.deleted:
                raise MissingError
            return _turn(run, old, author, deleted=False)

    def read(self, id: str, revision: int | None = None) -> Stored:
        """A document, or one of its revisions, of a deleted one too."""
        with self._base.transaction(writes=False) as run:
            entry = _found(run, id)
            row = run(
                "SELECT name, author, at, deleted, content, review FROM protoparse_revisions"
                " WHERE document=? AND revision=?",
                id, entry.revision if revision is None else revision,
            ).fetchone()  # fmt: skip
            if row is None:
                raise MissingError
        name, author, at, deleted, content, review = row
        if revision is not None and revision != entry.revision:
            document = msgspec.json.decode(content, type=Document)
            entry = msgspec.structs.replace(
                entry, revision=revision, name=name, author=author, changed=_read(at), deleted=bool(deleted),
                **_facts(document),
            )  # fmt: skip
        return Stored(entry=entry, document=content.encode(), review=review.encode())

    def entries(self, wanted: Wanted) -> Page:
        """A page of a list."""
        where, values = _conditions(wanted)
        paged, beyond = list(where), list(values)
        descending = _DESCENDING[wanted.sort]
        if wanted.after is not None:
            value, id = _place(wanted.after, wanted.sort)
            side = "<" if descending else ">"
            paged.append(f"({wanted.sort} {side} ? OR ({wanted.sort} = ? AND id > ?))")
            beyond += [value, value, id]
        order = f"{wanted.sort} {'DESC' if descending else 'ASC'}, id"
        with self._base.transaction(writes=False) as run:
            [total] = run(f"SELECT count(*) FROM protoparse_documents WHERE {' AND '.join(where)}", *values).fetchone()
            rows = run(
                f"SELECT {_SHOWN} FROM protoparse_documents WHERE {' AND '.join(paged)} ORDER BY {order} LIMIT ?",
                *beyond,
                wanted.limit + 1,
            ).fetchall()
        found = tuple(map(_made, rows[: wanted.limit]))
        more = len(rows) > wanted.limit
        return Page(documents=found, total=total, next=_cursor(found[-1], wanted.sort) if more else None)

    def history(self, id: str) -> tuple[Revision, ...]:
        """Every revision, the latest first."""
        with self._base.transaction(writes=False) as run:
            entry = _found(run, id)
            if entry.deleted:
                raise MissingError(entry)
            rows = run(
                "SELECT revision, name, author, at, edits, remark, deleted FROM protoparse_revisions"
                " WHERE document=? ORDER BY revision DESC",
                id,
            ).fetchall()
        return tuple(
            Revision(
                revision=revision, name=name, author=author, at=_read(at), edits=edits, remark=remark,
                deleted=bool(deleted),
            )
            for revision, name, author, at, edits, remark, deleted in rows
        )  # fmt: skip

    def ready(self) -> None:
        """Do nothing where the store can be used."""
        with self._base.transaction(writes=False) as run:
            run("SELECT version FROM protoparse_store").fetchone()

    def close(self) -> None:
        """Let go of it."""
        self._base.close()


# ------------------------------------------------------------------ rows


def _found(run: Run, id: str) -> Entry:
    row = run(f"SELECT {_SHOWN} FROM protoparse_documents WHERE id=?", id).fetchone()
    if row is None:
        raise MissingError
    return _made(row)


def _current(run: Run, id: str, revision: int) -> Entry:
    """The document where `revision` is its latest."""
    entry = _found(run, id)
    if entry.deleted:
        raise MissingError(entry)
    if entry.revision != revision:
        raise StaleError(entry)
    return entry


def _sure(run: Run, changed: int, id: str) -> None:
    """Somebody else may have saved between the look and the change: then no row was changed."""
    if changed != 1:
        entry = _found(run, id)
        raise MissingError(entry) if entry.deleted else StaleError(entry)


def _turn(run: Run, old: Entry, author: str | None, *, deleted: bool) -> Entry:
    """Delete or restore, which is a revision too: the same content under the next number."""
    entry = msgspec.structs.replace(
        old, revision=old.revision + 1, author=author, changed=max(_now(), old.changed), deleted=deleted
    )
    done = run(
        "UPDATE protoparse_documents SET revision=?, author=?, changed=?, deleted=? WHERE id=? AND revision=?",
        entry.revision, author, _written(entry.changed), int(deleted), old.id, old.revision,
    )  # fmt: skip
    _sure(run, done.rowcount, old.id)
    run(
        "INSERT INTO protoparse_revisions"
        " SELECT document, ?, name, ?, ?, 0, ?, ?, content, review FROM protoparse_revisions"
        " WHERE document=? AND revision=?",
        entry.revision, author, _written(entry.changed), "deleted" if deleted else "restored", int(deleted),
        old.id, old.revision,
    )  # fmt: skip
    return entry


def _keep(run: Run, entry: Entry, draft: Draft) -> None:
    run(
        "INSERT INTO protoparse_revisions"
        " (document, revision, name, author, at, edits, remark, deleted, content, review)"
        " VALUES (?,?,?,?,?,?,?,0,?,?)",
        entry.id, entry.revision, entry.name, entry.author, _written(entry.changed), draft.edits,
        _plain(draft.remark), dump(draft.document).decode(), msgspec.json.encode(draft.review).decode(),
    )  # fmt: skip


def _entry(id: str, draft: Draft, old: Entry | None, *, at: datetime, created: datetime) -> Entry:
    """What lists show of a draft that is kept as the revision after `old`."""
    trial = draft.document.trial
    given = _plain(trial.id or trial.title or "")[:200].strip()
    return Entry(
        id=id,
        name=draft.name or (old.name if old else given or "untitled"),
        **_facts(draft.document),
        revision=old.revision + 1 if old else 1,
        author=draft.author,
        created=created,
        changed=max(at, old.changed) if old else at,
        edits=draft.edits + (old.edits if old else 0),
    )


def _facts(document: Document) -> dict[str, Any]:
    """What of a document itself lists show."""
    trial = document.trial
    return {
        "trial": None if trial.id is None else _plain(trial.id),
        "title": None if trial.title is None else _plain(trial.title),
        "gold": document.parser is None,
        "criteria": sum(1 for _ in walk(document.criteria)),
    }


def _row(entry: Entry) -> list[Any]:
    found = [getattr(entry, name) for name in entry.__struct_fields__]
    return [_written(v) if isinstance(v, datetime) else int(v) if isinstance(v, bool) else v for v in found]


def _made(row: Sequence[Any]) -> Entry:
    given = dict(zip(Entry.__struct_fields__, row, strict=True))
    for name in ("created", "changed"):
        given[name] = _read(given[name])
    for name in ("gold", "deleted"):
        given[name] = bool(given[name])
    return Entry(**given)


def _words(entry: Entry, document: Document) -> str:
    """What is searched, folded."""
    return _plain("\n".join(filter(None, (entry.name, entry.trial, entry.title, document.text)))).casefold()


def _plain(words: str) -> str:
    """Without NUL, which PostgreSQL takes in no text; the criteria JSON keeps it as an escape."""
    return words.replace("\0", "")


# ------------------------------------------------------------------ lists


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    where = ["deleted=?"]
    values: list[Any] = [int(wanted.deleted)]
    given: tuple[tuple[str, Any], ...] = (
        ("trial=?", wanted.trial and _plain(wanted.trial)),
        ("author=?", wanted.author and _plain(wanted.author)),
        ("gold=?", None if wanted.gold is None else int(wanted.gold)),
    )
    for condition, value in given:
        if value is not None:
            where.append(condition)
            values.append(value)
    for word in _plain(wanted.q).split():
        where.append("(words LIKE ? ESCAPE '!' OR id = ?)")
        values.append("%" + "".join(f"!{c}" if c in "!%_" else c for c in word.casefold()) + "%")
        values.append(word)
    return where, values


def _cursor(entry: Entry, sort: Sort) -> str:
    value = getattr(entry, sort)
    place = [sort, _written(value) if isinstance(value, datetime) else value, entry.id]
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(cursor: str, sort: Sort) -> tuple[str, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        of, value, id = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=tuple[str, str, str])
    except (ValueError, UnicodeError):
        of = ""
    if of != sort or "\0" in value + id:
        raise ValueError("after: not the `next` of a page in this order")
    return value, id


def _now() -> datetime:
    return datetime.now(UTC)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _read(written: str) -> datetime:
    return datetime.fromisoformat(written)
