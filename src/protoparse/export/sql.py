"""The target `sql`: a script that makes the tables of documents, criteria and facts and fills them.

In: documents. Out: SQL that SQLite, DuckDB and PostgreSQL run as it stands. A document that is in the tables already is
put in anew, so that a script may be run twice. docs/tables.md has questions to ask of the tables.

>>> literal("O'Neill"), literal(None), literal(True), literal(2.5)
("'O''Neill'", 'null', 'true', '2.5')
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from protoparse.export.delimited import tabled
from protoparse.export.exporting import Loss, Result, jointly
from protoparse.export.tables import TABLES, Column, Row
from protoparse.model import Document

_TYPES = {"text": "text", "json": "text", "integer": "bigint", "number": "double precision", "boolean": "boolean"}
_AT_ONCE = 100
"""So many rows stand in one statement."""
_NUL = "a text in PostgreSQL holds no NUL"


def literal(value: Any) -> str:
    """A value as it stands in SQL; a text ends where its quote does, whatever is in it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("\0", "\N{SYMBOL FOR NULL}").replace("'", "''") + "'"
        case float() if not math.isfinite(value):
            return "null"
        case _:
            return repr(value)


def _part(document: Document, *, name: str) -> Result:
    made: dict[str, list[Row]] = tabled(document, name=name).payload
    return Result((name, made), tuple(_holes(made)))


def _holes(made: dict[str, list[Row]]) -> Iterator[Loss]:
    for table, found in made.items():
        columns = [column.name for column in TABLES[table]]
        for row in found:
            for column, value in zip(columns, row, strict=True):
                if isinstance(value, str) and "\0" in value:
                    criterion = row[columns.index("criterion")] if "criterion" in columns else None
                    yield Loss(criterion, "$", f"NUL in {column}", _NUL)


def _bind(parts: Sequence[tuple[str, dict[str, list[Row]]]]) -> str:
    lines = ["begin;"]
    for table, columns in TABLES.items():
        said = ",\n".join(f'  "{column.name}" {_TYPES[column.type]}' for column in columns)
        lines.append(f'create table if not exists "{table}" (\n{said}\n);')
    for name, made in parts:
        for table, columns in TABLES.items():
            lines.append(f'delete from "{table}" where "document" = {literal(name)};')
            lines += _inserts(table, columns, made[table])
    return "\n".join([*lines, "commit;", ""])


def _inserts(table: str, columns: Sequence[Column], found: Sequence[Row]) -> Iterator[str]:
    named = ", ".join(f'"{column.name}"' for column in columns)
    for begun in range(0, len(found), _AT_ONCE):
        values = ",\n".join(f"  ({', '.join(map(literal, row))})" for row in found[begun : begun + _AT_ONCE])
        yield f'insert into "{table}" ({named}) values\n{values};'


EXPORTER = jointly("sql", "the same tables as a script for SQLite, DuckDB and PostgreSQL", ".sql", _part, _bind)
