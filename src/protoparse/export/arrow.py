"""The rows of `protoparse.export.tables` as Apache Arrow; needs pyarrow, of the extra `parquet`.

In: rows of one table. Out: a `pyarrow.RecordBatch` with the table's schema, of which Parquet, pandas, Spark and Dask
take their types.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from protoparse.export.tables import Column, Row

_TYPES = {
    "text": pa.string(),
    "json": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}


def schema(columns: Sequence[Column]) -> pa.Schema:
    """The columns of a table, each with what it says as its metadata."""
    return pa.schema([pa.field(c.name, _TYPES[c.type], metadata={b"says": c.says.encode()}) for c in columns])


def record_batch(columns: Sequence[Column], rows: Sequence[Row]) -> pa.RecordBatch:
    """Rows of a table with these columns as a batch."""
    fields = schema(columns)
    values = zip(*rows, strict=True) if rows else [()] * len(fields)
    arrays = [pa.array(column, type=field.type) for column, field in zip(values, fields, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=fields)
