"""The target `csv`: the tables of documents, criteria and facts as comma-separated values.

In: documents. Out: `documents.csv`, `criteria.csv` and `facts.csv`, or one of them alone (`table=`), with a header line
each, as RFC 4180 has it. Nothing is lost.

No cell is a formula to a spreadsheet: a text that begins like one gets an apostrophe in front, and so does one that
begins with apostrophes before that sign, so that taking one off always gives the text back. Numbers stay numbers.

>>> inert("=1+1"), inert("'=1+1"), inert("-"), inert("≥ 5")
("'=1+1", "''=1+1", '-', '≥ 5')
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from protoparse.errors import ExportError
from protoparse.export.exporting import Files, Result, jointly
from protoparse.export.tables import TABLES, Row, rows
from protoparse.model import Document

_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠].", re.S)
"""A lone sign is no formula: "=" is an operator, "-" a bullet."""


def inert(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def chosen(table: str) -> tuple[str, ...]:
    """The tables that an option names; raises `ExportError` for any other name."""
    if table != "all" and table not in TABLES:
        raise ExportError(f"table {table!r} is none of all, {', '.join(TABLES)}")
    return tuple(TABLES) if table == "all" else (table,)


def tabled(document: Document, *, name: str) -> Result:
    """The rows of a document in each table: what is lost by tables is nothing."""
    return Result(rows(name, document))


def _bind(parts: Sequence[dict[str, list[Row]]], *, table: str = "all") -> Any:
    texts = Files({f"{one}.csv": _csv(one, parts) for one in chosen(table)})
    return texts if table == "all" else texts[f"{table}.csv"]


def _csv(table: str, parts: Sequence[dict[str, list[Row]]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([column.name for column in TABLES[table]])
    for part in parts:
        writer.writerows([_cell(value) for value in row] for row in part[table])
    return file.getvalue()


def _cell(value: Any) -> Any:
    match value:
        case str():
            return inert(value)
        case bool():
            return "true" if value else "false"
        case _:
            return value


EXPORTER = jointly("csv", "tables of documents, criteria and facts, safe for spreadsheets", ".csv", tabled, _bind)
