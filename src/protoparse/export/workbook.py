"""The target `excel`: the tables of documents, criteria and facts as the sheets of a workbook (.xlsx).

In: documents. Out: the bytes of a workbook. Needs openpyxl, of the extra `excel`.

Every text is a text, whatever it looks like: "=1+1" is no formula and "#N/A" no error. What XML cannot hold is written
as the format has it, `_x0007_`. A cell holds 32,767 characters: what is longer is cut, and that is a loss.

>>> escaped("a\\x07b"), escaped("_x0041_")
('a_x0007_b', '_x005F_x0041_')
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from protoparse.errors import ExportError
from protoparse.export.delimited import tabled
from protoparse.export.exporting import Loss, Result, jointly
from protoparse.export.tables import TABLES, Row
from protoparse.model import Document

LONGEST = 32_767
MOST = 1_048_576
"""A sheet has so many rows."""

_ESCAPED = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_CUT = f"a cell holds {LONGEST:,} characters"
_WIDTHS = {"text": 24, "json": 24, "integer": 10, "number": 10, "boolean": 8}


def escaped(text: str) -> str:
    """A text with what XML cannot hold in the notation of the format."""
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _part(document: Document, *, name: str) -> Result:
    made: dict[str, list[Row]] = tabled(document, name=name).payload
    losses = tuple(_cut(made))
    kept = {table: [tuple(map(_kept, row)) for row in found] for table, found in made.items()}
    return Result(kept, losses)


def _cut(made: dict[str, list[Row]]) -> Iterator[Loss]:
    for table, found in made.items():
        columns = [column.name for column in TABLES[table]]
        for row in found:
            for column, value in zip(columns, row, strict=True):
                if isinstance(value, str) and len(escaped(value)) > LONGEST:
                    criterion = row[columns.index("criterion")] if "criterion" in columns else None
                    yield Loss(criterion, "$", f"the end of {column}", _CUT)


def _kept(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = escaped(value)
    # a cut within an escape would leave half of it
    return text if len(text) <= LONGEST else re.sub(r"_(x[0-9A-Fa-f]{0,4})?$", "", text[:LONGEST])


def _bind(parts: Sequence[dict[str, list[Row]]]) -> bytes:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter
    except ImportError:
        raise ExportError("Excel needs openpyxl: pip install 'protoparse[excel]'") from None
    book = Workbook(write_only=True)
    book.properties.creator = "protoparse"
    book.properties.created = book.properties.modified = datetime(2000, 1, 1)
    for table, columns in TABLES.items():
        count = sum(len(part[table]) for part in parts)
        if count >= MOST:
            raise ExportError(f"a sheet has {MOST:,} rows, {table} has {count:,}: take csv or parquet")
        sheet = book.create_sheet(table)
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
        for number, column in enumerate(columns, start=1):
            sheet.column_dimensions[get_column_letter(number)].width = _WIDTHS[column.type]

        def cell(value: Any, sheet: Any = sheet) -> Any:
            if not isinstance(value, str):
                return value
            made = WriteOnlyCell(sheet, value)
            made.data_type = "s"
            return made

        heads = [cell(column.name) for column in columns]
        for head in heads:
            head.font = Font(bold=True)
        sheet.append(heads)
        for part in parts:
            for row in part[table]:
                sheet.append([cell(value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


EXPORTER = jointly("excel", "the same tables as the sheets of a workbook", ".xlsx", _part, _bind)
