"""What the engines share that spread records over machines: pure functions of a batch of records, Arrow in, Arrow out.

In: a `pyarrow.RecordBatch` of records, each with the name that it goes by and its content. Out: `parsed` gives the
criteria JSON of their listings, `tabled` the rows of a table. Both give what `protoparse batch` gives of the same
records, in their order; what cannot be read is a row with an `error`.

>>> import pyarrow as pa
>>> batch = pa.record_batch({"name": ["A", "B"], "content": [b"Age > 5", b""]})
>>> found = parsed(batch, Options(concepts="lexicon"))
>>> found.column("error").to_pylist()
[None, 'the file is empty']
>>> tabled(found, "facts").select(["document", "name", "operator", "value"]).to_pylist()
[{'document': 'A', 'name': 'age', 'operator': '>', 'value': 5.0}]
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from protoparse.batch.converting import Options, convert
from protoparse.errors import ProtoparseError
from protoparse.export.tables import PARSED, TABLES, Column, Row, failed, rows
from protoparse.model import dump, load
from protoparse.sources.records import Record, records

if TYPE_CHECKING:
    import pyarrow as pa

Work: TypeAlias = "Callable[[pa.RecordBatch], pa.RecordBatch]"

SLICE = 32
"""So many records are worked on at once: what a process holds does not grow with the engine's batches."""


class Result(NamedTuple):
    """What became of a listing, in the order of `PARSED`: its criteria JSON, or an `error`."""

    document: str
    trial: str | None
    error: str | None
    json: bytes | str | None

    def rows(self) -> dict[str, list[Row]]:
        """Its rows in the tables."""
        if self.json is None:
            return {"documents": [failed(self.document, self.trial, self.error or "")]}
        return rows(self.document, load(self.json))


def columns(table: str | None) -> tuple[Column, ...]:
    """The columns of one of `TABLES`, or of `PARSED` for None; raises `ProtoparseError` for any other name."""
    if table is None:
        return PARSED
    if table not in TABLES:
        raise ProtoparseError(f"table {table!r} is none of {', '.join(TABLES)}")
    return TABLES[table]


def work(options: Options | None, table: str | None) -> Work:
    """What makes rows of `table`, None for `PARSED`, of records; without options, of what `parsed` gave of them.

    It is a function that can be sent to other processes.
    """
    columns(table)
    return partial(_worked, options, table)


def sliced(work: Work, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """What `work` makes of batches, which are handed to it a few records at a time."""
    for batch in batches:
        for start in range(0, batch.num_rows, SLICE):
            yield work(batch.slice(start, SLICE))


def parsed(batch: pa.RecordBatch, options: Options) -> pa.RecordBatch:
    """The criteria JSON of records, a row of `PARSED` for each listing in them.

    `batch` has the columns name, text, and content, text or bytes: what a file of `protoparse batch` may hold. The
    parser is made once a process. Raises `TermsError` where a vocabulary of `options` cannot be read.
    """
    from protoparse.export.arrow import record_batch

    return record_batch(PARSED, list(_results(batch, options)))


def tabled(batch: pa.RecordBatch, table: str) -> pa.RecordBatch:
    """The rows of one of `TABLES`, of what `parsed` gave."""
    from protoparse.export.arrow import record_batch

    names = Result._fields
    results = (Result(*(row[name] for name in names)) for row in batch.select(list(names)).to_pylist())
    return record_batch(TABLES[table], [row for result in results for row in result.rows().get(table, ())])


def _worked(options: Options | None, table: str | None, batch: pa.RecordBatch) -> pa.RecordBatch:
    if options is not None:
        batch = parsed(batch, options)
    return batch if table is None else tabled(batch, table)


def _results(batch: pa.RecordBatch, options: Options) -> Iterator[Result]:
    parser = options.parser()
    for name, content in zip(batch.column("name").to_pylist(), batch.column("content").to_pylist(), strict=True):
        for record in _records(name or "", content):
            for outcome in convert(record, parser, container=options.container):
                json = None if outcome.document is None else dump(outcome.document)
                yield Result(outcome.name(record.name, record.place), outcome.trial, outcome.error, json)


def _records(name: str, content: bytes | str | None) -> Iterator[Record]:
    if content is None:
        yield Record(name, error="no content")
    else:
        yield from records(io.BytesIO(content.encode() if isinstance(content, str) else content), name=name)
