"""What has been parsed, in an SQLite file: each record once, by its bytes and by the parser that read it.

In: the parsed outcomes of records, a shard at a time; a shard is there as a whole or not at all, whenever the power
fails. Out: the same outcomes, for the entries of a run in their order.

A record is known by the hash of its content, so that a re-run over a newer dump parses only what is new in it.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from protoparse.batch.converting import Outcome, called
from protoparse.errors import LedgerError
from protoparse.model import dump, facts, walk

FORMAT = 1
_TABLES = (
    "create table if not exists result (key blob primary key, parser blob not null, outcomes blob not null)",
    "create table if not exists entry (position integer primary key, name text not null, place integer, key blob)",
)


_NONE = msgspec.Raw()


class Kept(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An `Outcome` as it is kept: the document as criteria JSON, empty where there is none, and what it counts."""

    part: str
    trial: str | None
    error: str | None = None
    document: msgspec.Raw = _NONE
    criteria: int = 0
    facts: int = 0
    characters: int = 0
    unread: int = 0
    notes: dict[str, int] = {}

    def name(self, record: str, place: int) -> str:
        """What the listing goes by."""
        return called(record, place, self.part, self.trial)


class Entry(NamedTuple):
    """A record of a run: what it is called, the number of its place in its file, and what is kept of it, packed."""

    name: str
    place: int
    packed: bytes

    def outcomes(self) -> list[Kept]:
        """What became of the record's listings."""
        return unpacked(self.packed)


_kept = msgspec.json.Decoder(list[Kept])


def packed(outcomes: Iterable[Outcome]) -> bytes:
    """Outcomes as they are kept, compressed."""
    return zlib.compress(msgspec.json.encode([_counted(outcome) for outcome in outcomes]), 1)


def unpacked(data: bytes) -> list[Kept]:
    """What `packed` made."""
    return _kept.decode(zlib.decompress(data))


def key(content: bytes, placed: bool) -> bytes:
    """What a record is known by; one of several in a file is read otherwise than a file of its own."""
    return blake2b(content, digest_size=20, person=b"placed" if placed else b"whole").digest()


def _counted(outcome: Outcome) -> Kept:
    document = outcome.document
    if document is None:
        return Kept(outcome.part, outcome.trial, outcome.error)
    notes: dict[str, int] = {}
    for note in document.notes:
        notes[note.code] = notes.get(note.code, 0) + 1
    criteria = list(walk(document.criteria))
    return Kept(
        outcome.part, outcome.trial, None, msgspec.Raw(dump(document)), len(criteria),
        sum(1 for c in criteria for _ in facts(c.rule)), len(document.text),
        sum(end - start for c in criteria for start, end in c.unparsed), notes,
    )  # fmt: skip


class Ledger:
    """The ledger of a folder, for one run at a time.

    `parser` is what `Options.identity` gives: results of another parser are not found, and go when a run is over.
    Raises `LedgerError` where the file is none, is broken, or another run has it.
    """

    def __init__(self, path: Path, parser: bytes) -> None:
        self.path, self.parser = path, parser
        self._entries: list[tuple[str, int, bytes]] = []
        with self._told():
            self._file = sqlite3.connect(path, timeout=1, isolation_level=None)
            try:
                self._begin()
            except BaseException:
                self._file.close()
                raise

    def _begin(self) -> None:
        for setting in ("locking_mode = exclusive", "journal_mode = wal", "synchronous = normal"):
            self._file.execute(f"pragma {setting}")
        with self._whole():
            version = self._file.execute("pragma user_version").fetchone()[0]
            if version not in (0, FORMAT):
                raise LedgerError(f"{self.path}: written by another version of protoparse; take another folder")
            for statement in _TABLES:
                self._file.execute(statement)
            self._file.execute(f"pragma user_version = {FORMAT}")
            self._file.execute("delete from entry")

    def knows(self, key: bytes) -> bool:
        """Whether a record has been parsed by this parser."""
        with self._told():
            found = self._file.execute("select 1 from result where key = ? and parser = ?", (key, self.parser))
            return found.fetchone() is not None

    def enter(self, name: str, place: int, key: bytes) -> None:
        """Note the next record of this run; written with the next `keep` or at the end."""
        self._entries.append((name, place, key))

    def keep(self, results: Iterable[tuple[bytes, bytes]], *, surely: bool = True) -> None:
        """Keep what became of records, each its key and its outcomes packed: all of them, or none if it is cut short.

        What is not `surely` so is there for this run alone: the next one does not know it.
        """
        parser = self.parser if surely else b""
        with self._told(), self._whole():
            self._file.executemany(
                "insert or replace into result (key, parser, outcomes) values (?, ?, ?)",
                [(key, parser, outcomes) for key, outcomes in results],
            )
            self._file.executemany("insert into entry (name, place, key) values (?, ?, ?)", self._entries)
        self._entries.clear()

    def entries(self) -> Iterator[Entry]:
        """The records of this run, in the order in which they were entered."""
        self.keep([])
        query = "select name, place, outcomes from entry join result using (key) order by position"
        with self._told():
            for name, place, outcomes in self._file.execute(query):
                yield Entry(name, place, outcomes)

    def tidy(self) -> None:
        """Away with what other parsers read."""
        with self._told():
            self._file.execute("delete from result where parser != ?", (self.parser,))

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """What is written inside is there as a whole or not at all."""
        self._file.execute("begin exclusive")
        try:
            yield
        except BaseException:
            self._file.execute("rollback")
            raise
        self._file.execute("commit")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite has to complain of, as a `LedgerError`."""
        try:
            yield
        except sqlite3.OperationalError as error:
            cause = "another run works in this folder" if "locked" in str(error) else str(error)
            raise LedgerError(f"{self.path}: {cause}") from None
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"{self.path}: {error}; delete it to begin anew") from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
