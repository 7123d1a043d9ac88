"""The tables of documents as data frames of pandas or polars.

In: documents, or a mapping of documents by the names they go by. Out: a frame of one table, whose columns
docs/tables.md lists; null is where nothing was said.

    facts = to_polars(documents)
    criteria = to_pandas({"NCT01234567": document}, "criteria")

Each needs its library, of the extra of its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from protoparse.errors import ExportError
from protoparse.export.exporting import sound
from protoparse.export.tables import TABLES, Row, rows
from protoparse.model import Document

if TYPE_CHECKING:
    import pandas
    import polars

_PANDAS = {"text": "string", "json": "string", "integer": "Int64", "number": "Float64", "boolean": "boolean"}
_POLARS = {"text": "String", "json": "String", "integer": "Int64", "number": "Float64", "boolean": "Boolean"}


def to_pandas(documents: Iterable[Document] | Mapping[str, Document], table: str = "facts") -> pandas.DataFrame:
    """One of the tables with pandas' nullable types; raises `ExportError` for any other name, or without pandas."""
    try:
        import pandas
    except ImportError:
        raise ExportError("to_pandas needs pandas: pip install 'protoparse[pandas]'") from None
    found = list(zip(*_rows(documents, table), strict=True)) or [()] * len(TABLES[table])
    columns = zip(TABLES[table], found, strict=True)
    return pandas.DataFrame({c.name: pandas.array(values, dtype=_PANDAS[c.type]) for c, values in columns})


def to_polars(documents: Iterable[Document] | Mapping[str, Document], table: str = "facts") -> polars.DataFrame:
    """One of the tables; raises `ExportError` for any other name, or where polars is missing."""
    try:
        import polars
    except ImportError:
        raise ExportError("to_polars needs polars: pip install 'protoparse[polars]'") from None
    found = _rows(documents, table)
    schema = {c.name: getattr(polars, _POLARS[c.type]) for c in TABLES[table]}
    return polars.DataFrame(found, schema=schema, orient="row")


def _rows(documents: Iterable[Document] | Mapping[str, Document], table: str) -> list[Row]:
    if table not in TABLES:
        raise ExportError(f"table {table!r} is none of {', '.join(TABLES)}")
    if isinstance(documents, Mapping):
        named: Iterable[tuple[str, Document]] = documents.items()
    else:
        named = ((document.trial.id or f"document-{n}", document) for n, document in enumerate(documents, start=1))
    return [row for name, document in named for row in rows(name, sound(document))[table]]
