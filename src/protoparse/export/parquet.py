"""The target `parquet`: the tables of documents, criteria and facts as Parquet, each column with what it says.

In: documents. Out: `documents.parquet`, `criteria.parquet` and `facts.parquet`, or one of them alone (`table=`). Needs
pyarrow, of the extra `parquet`. Nothing is lost. For a whole registry, `protoparse batch` writes the same by pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protoparse.errors import ExportError
from protoparse.export.delimited import chosen, tabled
from protoparse.export.exporting import Files, jointly
from protoparse.export.tables import TABLES, Row


def _bind(parts: Sequence[dict[str, list[Row]]], *, table: str = "all") -> Any:
    files = Files({f"{one}.parquet": _parquet(one, parts) for one in chosen(table)})
    return files if table == "all" else files[f"{table}.parquet"]


def _parquet(table: str, parts: Sequence[dict[str, list[Row]]]) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ExportError("Parquet needs pyarrow: pip install 'protoparse[parquet]'") from None
    from protoparse.export.arrow import record_batch

    found = [row for part in parts for row in part[table]]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_batches([record_batch(TABLES[table], found)]), sink, compression="zstd")
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


EXPORTER = jointly("parquet", "the same tables as Parquet", ".parquet", tabled, _bind)
