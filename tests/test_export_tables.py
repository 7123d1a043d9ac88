"""Tables for others: read back by the readers that people use, with hostile texts in them."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas
import polars
import psycopg
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from openpyxl.utils.escape import unescape

import factories as f
from protoparse.errors import ExportError
from protoparse.export import export, export_all
from protoparse.export.delimited import inert
from protoparse.export.frames import to_pandas, to_polars
from protoparse.export.tables import TABLES, rows
from protoparse.export.workbook import LONGEST
from protoparse.model import Criterion, Document, Trial
from protoparse.parsing import parse
from server import postgresql

LISTING = """Inclusion Criteria:

* Age 18 years or older
* Serum creatinine ≤ 1.5 × ULN
* Change in weight of -5 to -1 kg

Exclusion Criteria:

* Stroke within 6 months before screening
"""
TEXTS = [text for text in f.HOSTILE if text != "\ud800"]
HOSTILE = Document(
    text=" ".join(TEXTS),
    trial=Trial(id="NCT00000001", title="=1+1", conditions=("'); drop table facts; --",)),
    criteria=tuple(
        Criterion(id=text, kind="inclusion", label=text, group=text, span=(0, 3), rule=f.fact(text)) for text in TEXTS
    ),
)
COLUMNS = {table: [column.name for column in columns] for table, columns in TABLES.items()}


def expected(document: Document, table: str, name: str = "a") -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS[table], row, strict=True)) for row in rows(name, document)[table]]


def as_read(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a reader of CSV has it: all text."""
    return {
        key: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in row.items()
    }


# ------------------------------------------------------------------ CSV


def read_csv(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_the_three_tables_with_their_columns() -> None:
    files = export(parse(LISTING), "csv", name="a").payload
    assert list(files) == ["documents.csv", "criteria.csv", "facts.csv"]
    for table in TABLES:
        assert read_csv(files[f"{table}.csv"]) == [as_read(row) for row in expected(parse(LISTING), table)]


def test_numbers_of_csv_stay_numbers() -> None:
    [row] = [x for x in read_csv(export(parse(LISTING), "csv", table="facts").payload) if x["low"]]
    assert (row["low"], row["high"]) == ("-5.0", "-1.0")


@pytest.mark.parametrize("table", TABLES)
def test_no_cell_of_csv_is_a_formula(table: str) -> None:
    found = read_csv(export(HOSTILE, "csv", name="a", table=table).payload)
    assert len(found) == len(expected(HOSTILE, table))
    for read, row in zip(found, expected(HOSTILE, table), strict=True):
        for column in TABLES[table]:
            cell = read[column.name]
            if column.type in ("text", "json"):
                assert len(cell) < 2 or cell[0] not in "=+-@\t\r\n＝＋－＠", cell
                assert (cell[1:] if cell[:1] == "'" and inert(cell[1:]) == cell else cell) == (row[column.name] or "")


@given(st.text(alphabet="'=+-@\t\rab"))
def test_what_is_made_inert_is_got_back(text: str) -> None:
    made = inert(text)
    assert (made[1:] if made[:1] == "'" and inert(made[1:]) == made else made) == text


def test_csv_of_an_unknown_table_is_refused() -> None:
    with pytest.raises(ExportError, match="table 'rules' is none of all, documents, criteria, facts"):
        export(HOSTILE, "csv", table="rules")


def test_csv_of_several_documents_has_one_header() -> None:
    made = export_all([("a", parse(LISTING)), ("b", parse(LISTING))], "csv", table="documents")
    assert [row["document"] for row in read_csv(made.payload)] == ["a", "b"]


# ------------------------------------------------------------------ Excel


def sheets(data: bytes) -> dict[str, list[dict[str, Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    read = {}
    for sheet in book:
        heads, *found = [list(row) for row in sheet.iter_rows()]
        for row in found:
            assert all(cell.data_type not in "fe" for cell in row), [c.value for c in row]
        read[sheet.title] = [{h.value: c.value for h, c in zip(heads, row, strict=True)} for row in found]
    return read


@pytest.mark.parametrize("document", [parse(LISTING), HOSTILE], ids=["listing", "hostile"])
def test_a_workbook_holds_the_tables_and_no_formula(document: Document) -> None:
    read = sheets(export(document, "excel", name="a").payload)
    for table in TABLES:
        assert [
            {k: unescape(v).replace("\r\n", "\n") if isinstance(v, str) else v for k, v in row.items()}
            for row in read[table]
        ] == [
            {k: v.replace("\r\n", "\n") or None if isinstance(v, str) else v for k, v in row.items()}
            for row in expected(document, table)
        ]


def test_a_cell_that_is_too_long_is_cut_and_told() -> None:
    long = "x" * (LONGEST + 5)
    document = Document(text=long, criteria=(Criterion(id="inclusion.1", kind="inclusion", span=(0, len(long))),))
    made = export(document, "excel")
    assert [str(loss) for loss in made.losses] == ["inclusion.1: the end of text: a cell holds 32,767 characters"]
    [row] = sheets(made.payload)["criteria"]
    assert row["text"] == "x" * LONGEST


# ------------------------------------------------------------------ Parquet and frames


def test_parquet_is_read_back_with_types_and_meanings() -> None:
    files = export(HOSTILE, "parquet", name="a").payload
    for table, columns in TABLES.items():
        read = pq.read_table(io.BytesIO(files[f"{table}.parquet"]))
        assert read.to_pylist() == expected(HOSTILE, table)
        assert [field.metadata[b"says"].decode() for field in read.schema] == [column.says for column in columns]


def test_frames_of_pandas_and_polars_are_the_tables() -> None:
    documents = {"a": parse(LISTING), "b": HOSTILE}
    for table in TABLES:
        wanted = [row for name, document in documents.items() for row in expected(document, table, name)]
        assert to_polars(documents, table).to_dicts() == wanted
        frame = to_pandas(documents, table)
        assert [
            {k: None if pandas.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")
        ] == wanted


def test_frames_answer_questions() -> None:
    documents = [parse(LISTING), replace(parse("Exclusion Criteria:\n* Gout"), trial=Trial(id="NCT2"))]
    facts = to_polars(documents)
    assert facts.filter(polars.col("reference") == "ULN")["document"].to_list() == ["document-1"]
    assert to_pandas(documents).query("name == 'gout'")["document"].tolist() == ["NCT2"]
    assert to_pandas([], "documents").columns.tolist() == COLUMNS["documents"]
    assert to_polars([], "documents").columns == COLUMNS["documents"]


@pytest.mark.parametrize("frame", [to_pandas, to_polars])
def test_a_frame_of_no_table_is_refused(frame: Any) -> None:
    with pytest.raises(ExportError, match="table 'rules' is none of documents, criteria, facts"):
        frame([HOSTILE], "rules")


# ------------------------------------------------------------------ SQL

QUESTION = """
select distinct "trial" from "facts"
where "name" = 'creatinine' and "operator" in ('<', '<=') and "reference" = 'ULN' and "value" <= 1.5
  and "kind" = 'inclusion' and not "negated" and "role" = 'statement'
"""


class Sqlite:
    def __init__(self, path: Path) -> None:
        self.base = sqlite3.connect(path)

    def run(self, script: str) -> None:
        self.base.executescript(script)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        return self.base.execute(question).fetchall()


class Duck:
    def __init__(self, path: Path) -> None:
        self.base = duckdb.connect(str(path / "base.duckdb"))

    def run(self, script: str) -> None:
        self.base.execute(script)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        return self.base.execute(question).fetchall()


class Postgres:
    def __init__(self, url: str) -> None:
        self.base = psycopg.connect(url, autocommit=True)

    def run(self, script: str) -> None:
        self.base.execute(script)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        return self.base.execute(question).fetchall()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "postgresql":
        made: Any = Postgres(request.getfixturevalue("server"))
        made.run("drop schema public cascade; create schema public")
    else:
        made = Sqlite(tmp_path / "base.sqlite") if request.param == "sqlite" else Duck(tmp_path)
    yield made
    made.base.close()


def test_a_script_fills_a_database_with_hostile_texts(base: Any) -> None:
    made = export(HOSTILE, "sql", name="a")
    base.run(made.payload)
    for table in TABLES:
        read = [dict(zip(COLUMNS[table], row, strict=True)) for row in base.ask(f'select * from "{table}"')]
        wanted = [
            {k: v.replace("\0", "␀") if isinstance(v, str) else v for k, v in row.items()}
            for row in expected(HOSTILE, table)
        ]
        assert read == wanted
    assert {loss.why for loss in made.losses} == {"a text in PostgreSQL holds no NUL"}


def test_a_script_may_be_run_twice_and_after_another(base: Any) -> None:
    first = export(replace(parse(LISTING), trial=Trial(id="NCT1")), "sql").payload
    for script in (first, first, export(HOSTILE, "sql", name="b").payload):
        base.run(script)
    assert base.ask('select "document" from "documents" order by 1') == [("NCT1",), ("b",)]
    assert base.ask(QUESTION) == [("NCT1",)]


def test_a_script_of_many_rows_is_parted(base: Any) -> None:
    many = f.document(*(f.criterion(f.fact("gout"), id=f"inclusion.{n}") for n in range(250)))
    base.run(export_all([("a", many), ("b", many)], "sql").payload)
    assert base.ask('select count(*) from "facts"') == [(500,)]
