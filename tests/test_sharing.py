"""What Spark and Dask call: a batch of records to rows, whatever is in them."""

from __future__ import annotations

import gzip
import io
import zipfile

import pyarrow as pa
import pytest

from protoparse.batch import Options
from protoparse.batch.sharing import parsed, sliced, tabled, work
from protoparse.errors import ProtoparseError

LEAF = b"Exclusion Criteria:\n\n* Platelets < 50 x 10^9/L\n"


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def read(*contents: bytes | str | None) -> list[tuple[str, str | None, str | None]]:
    names = [f"r{count}" for count in range(1, len(contents) + 1)]
    kind = pa.string() if all(isinstance(content, str | None) for content in contents) else pa.binary()
    batch = pa.record_batch({"name": names, "content": pa.array(contents, kind)})
    return [(row["document"], row["trial"], row["error"]) for row in parsed(batch, Options()).to_pylist()]


def test_a_record_may_be_packed_or_hold_several_listings() -> None:
    two = b'{"id": "A", "text": "Age > 5"}\n{"id": "B", "text": "Age > 6"}\n'
    assert read(LEAF, two, gzip.compress(gzip.compress(LEAF)), zipped("leaf.txt", LEAF)) == [
        ("r1", None, None),
        ("r2#A", "A", None),
        ("r2#B", "B", None),
        ("r3", None, None),
        ("r4/leaf.txt", None, None),
    ]


BROKEN: dict[str, bytes | None] = {
    "none": None,
    "empty": b"",
    "binary": b"\0\1\2",
    "mark": b"\xef\xbb\xbf",
    "deep": b"[" * 200_000,
    "deep in a study": b'{"id":' + b"[" * 100_000,
    "gzip cut short": gzip.compress(LEAF)[:-9],
    "zip cut short": zipped("leaf.txt", LEAF)[:40],
    "head of a zip": b"PK\x03\x04",
    "head of a gzip": b"\x1f\x8b",
    "half a character": b'{"id": "\\ud800", "text": "Age > 5"}',
    "no studies": b"[]",
    "no study": b"{}",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_a_row_and_stops_nothing(content: bytes | None) -> None:
    first, [name, trial, error], last = read(LEAF, content, LEAF)
    assert (name, trial) == ("r2", None)
    assert error
    assert first[2] is last[2] is None


def test_text_is_read_as_its_bytes_are() -> None:
    assert read(LEAF.decode(), None, "") == [
        ("r1", None, None),
        ("r2", None, "no content"),
        ("r3", None, "the file is empty"),
    ]


def test_slices_give_the_rows_of_the_whole() -> None:
    contents = [f"Age > {age}" for age in range(100)]
    batch = pa.record_batch({"name": [f"r{age}" for age in range(100)], "content": contents})
    whole = tabled(parsed(batch, Options()), "facts")
    assert pa.Table.from_batches(sliced(work(Options(), "facts"), [batch])).equals(pa.Table.from_batches([whole]))
    assert whole.column("value").to_pylist() == list(range(100))


def test_options_hold() -> None:
    batch = pa.record_batch({"name": ["r"], "content": ["<p>Age &gt; 5</p>"]})
    facts = work(Options(container="text", confidence=False), "facts")(batch).to_pylist()
    assert all(fact["confidence"] is None for fact in facts)
    assert parsed(batch, Options(container="text")).to_pylist() != parsed(batch, Options()).to_pylist()


def test_a_table_that_is_none_is_refused() -> None:
    with pytest.raises(ProtoparseError, match="table 'fact' is none of documents, criteria, facts"):
        work(Options(), "fact")
