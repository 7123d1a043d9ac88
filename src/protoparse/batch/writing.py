"""The results of a batch in the form that is asked for.

In: the entries of a run, in order. Out: files in its folder, each whole or not there at all:

- ndjson: `documents.ndjson`, one criteria JSON a line, and `index.ndjson`, one line a listing: what it goes by, its
  trial, and the line of its document, counted from 1, or its error;
- parquet: `documents.parquet`, `criteria.parquet` and `facts.parquet`;
- sqlite: the same tables in `criteria.sqlite`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeAlias, TypeVar

import msgspec

from protoparse.batch.ledger import Entry
from protoparse.batch.pool import Pool
from protoparse.batch.sharing import Result
from protoparse.errors import ProtoparseError
from protoparse.export.tables import TABLES, Row

R = TypeVar("R")
Target: TypeAlias = Callable[[Iterable[Entry], Path, Pool], None]

GROUP = 512
"""So many records make a row group of Parquet."""

_SQL = {"text": "text", "json": "text", "integer": "integer", "number": "real", "boolean": "integer"}
_INDEXES = (
    ("documents", "trial"),
    ("criteria", "document"),
    ("facts", "document"),
    ("facts", "name"),
    ("facts", "code"),
)


def target(name: str) -> Target:
    """What writes one of `TARGETS`; raises `ProtoparseError` where it wants a library that is not installed."""
    if name == "parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError:
            raise ProtoparseError("Parquet needs pyarrow: pip install 'protoparse[parquet]'") from None
    return TARGETS[name]


@contextmanager
def draft(path: Path) -> Iterator[BinaryIO]:
    """A file under another name, which takes its own when the `with` ends well and is gone when it does not."""
    place = path.with_name(f".{path.name}.tmp")
    try:
        with place.open("wb") as file:
            yield file
        os.replace(place, path)
    finally:
        place.unlink(missing_ok=True)


def _ndjson(entries: Iterable[Entry], folder: Path, pool: Pool) -> None:
    encode = msgspec.json.Encoder().encode
    line = 0
    with draft(folder / "documents.ndjson") as documents, draft(folder / "index.ndjson") as index:
        for entry in entries:
            for kept in entry.outcomes():
                row: dict[str, object] = {"document": kept.name(entry.name, entry.place), "trial": kept.trial}
                if kept.error is not None:
                    row |= {"error": kept.error}
                else:
                    line += 1
                    documents.write(bytes(kept.document) + b"\n")
                    row |= {"line": line, "criteria": kept.criteria, "facts": kept.facts, "unread": kept.unread}
                index.write(encode(row) + b"\n")


def _parquet(entries: Iterable[Entry], folder: Path, pool: Pool) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from protoparse.export.arrow import schema

    with ExitStack() as files:
        writers = {}
        for table in TABLES:
            file = files.enter_context(draft(folder / f"{table}.parquet"))
            writers[table] = files.enter_context(pq.ParquetWriter(file, schema(TABLES[table]), compression="zstd"))
        for group in _in_order(pool, _arrow, entries):
            for table, data in group.items():
                with pa.ipc.open_stream(data) as stream:
                    writers[table].write_table(stream.read_all())


def _sqlite(entries: Iterable[Entry], folder: Path, pool: Pool) -> None:
    path = folder / "criteria.sqlite"
    with draft(path) as file, closing(sqlite3.connect(file.name, isolation_level=None)) as base:
        base.execute("pragma journal_mode = off")
        base.execute("pragma synchronous = off")
        base.execute("begin")
        for table, columns in TABLES.items():
            said = ", ".join(f'"{c.name}" {_SQL[c.type]}' for c in columns)
            base.execute(f"create table {table} ({said})")
        for group in _in_order(pool, _tabled, entries):
            for table, found in group.items():
                base.executemany(f"insert into {table} values ({', '.join('?' * len(TABLES[table]))})", found)
        for table, column in _INDEXES:
            base.execute(f"create index {table}_{column} on {table} ({column})")
        base.execute("commit")


TARGETS: Mapping[str, Target] = {"ndjson": _ndjson, "parquet": _parquet, "sqlite": _sqlite}


def _in_order(pool: Pool, work: Callable[[Sequence[Entry]], R], entries: Iterable[Entry]) -> Iterator[R]:
    """What `work` makes of each group of entries, done by several processes and handed over in order."""
    left = iter(entries)
    groups = iter(lambda: [list(islice(left, GROUP))], [[]])
    ready: dict[int, R] = {}
    wanted = 0
    for number, _, made in pool.run(partial(_each, work), groups):
        if made is None:
            raise ProtoparseError("the process that writes was killed, twice; perhaps for want of memory")
        ready[number] = made[0]
        while wanted in ready:
            yield ready.pop(wanted)
            wanted += 1


def _each(work: Callable[[Sequence[Entry]], R], groups: Sequence[Sequence[Entry]]) -> list[R]:
    return [work(group) for group in groups]


def _tabled(entries: Sequence[Entry]) -> dict[str, list[Row]]:
    """The rows of entries in each table."""
    tables: dict[str, list[Row]] = {table: [] for table in TABLES}
    for entry in entries:
        for kept in entry.outcomes():
            json = bytes(kept.document) if kept.error is None else None
            result = Result(kept.name(entry.name, entry.place), kept.trial, kept.error, json)
            for table, found in result.rows().items():
                tables[table] += found
    return tables


def _arrow(entries: Sequence[Entry]) -> dict[str, bytes]:
    """The rows of entries in each table, as streams of Arrow's own format."""
    import pyarrow as pa

    from protoparse.export.arrow import record_batch

    streams = {}
    for table, found in _tabled(entries).items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, (made := record_batch(TABLES[table], found)).schema) as stream:
            stream.write_batch(made)
        streams[table] = sink.getvalue().to_pybytes()
    return streams
