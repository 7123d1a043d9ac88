"""Records in a Dask DataFrame to criteria, on the workers of a cluster; needs the extra `dask`.

In: a DataFrame with a row a record: what it goes by, and its content, a study of ClinicalTrials.gov as JSON, a page, or
bare text. Out: DataFrames with the rows of `protoparse batch`, their columns of Arrow's types; what cannot be read is a
row with an `error`. docs/distributed.md tells how to get it to the workers and how large partitions should be.

    facts = protoparse.dask.table(records, "facts", name="file", content="text")
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from protoparse.batch import Options
from protoparse.batch.sharing import columns, sliced, work
from protoparse.errors import ProtoparseError
from protoparse.export.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from dask.dataframe import DataFrame


def parse(
    records: DataFrame,
    *,
    content: str = "content",
    name: str = "name",
    options: Options = Options(),  # noqa: B008 - immutable
) -> DataFrame:
    """The criteria JSON of records: a row with document, trial, error and json for each listing in them.

    `content` is the column with their text or bytes, `name` the one with what they go by. To have several tables
    without parsing more than once, write or `persist` what this gives, and make `tables` of that. Raises
    `ProtoparseError` without Dask, pandas or pyarrow.
    """
    return _mapped(records[[name, content]], options, None)


def table(
    records: DataFrame,
    table: str,
    *,
    content: str = "content",
    name: str = "name",
    options: Options = Options(),  # noqa: B008 - immutable
) -> DataFrame:
    """One of the tables documents, criteria and facts (docs/tables.md) of records; otherwise as `parse`."""
    return _mapped(records[[name, content]], options, table)


def tables(parsed: DataFrame) -> dict[str, DataFrame]:
    """All the tables, of what `parse` gave."""
    return {table: _mapped(parsed, None, table) for table in TABLES}


def _mapped(frame: DataFrame, options: Options | None, table: str | None) -> DataFrame:
    _check()
    meta = _framed([], table)
    made: DataFrame = frame.map_partitions(  # type: ignore[no-untyped-call]
        _partition, options=options, table=table, meta=meta
    )
    return made


def _partition(frame: pd.DataFrame, options: Options | None, table: str | None) -> pd.DataFrame:
    """What a worker makes of a partition: of names and contents, or without options of what `parse` gave of them."""
    import pyarrow as pa

    if options is None:
        from protoparse.export.arrow import schema

        given = pa.Table.from_pandas(frame, schema=schema(columns(None)), preserve_index=False)
    else:
        names, contents = (frame.iloc[:, n] for n in (0, 1))
        called = pa.array(names.astype("string").fillna("").tolist(), pa.string())
        given = pa.table({"name": called, "content": pa.array(map(_bytes, contents), pa.binary())})
    return _framed(sliced(work(options, table), given.to_batches()), table)


def _framed(batches: Iterable[pa.RecordBatch], table: str | None) -> pd.DataFrame:
    """Rows of a table as pandas has them, of Arrow's types: integers and truth values may be missing."""
    import pandas as pd
    import pyarrow as pa

    from protoparse.export.arrow import schema

    return pa.Table.from_batches(batches, schema(columns(table))).to_pandas(types_mapper=pd.ArrowDtype)


def _bytes(content: object) -> bytes | None:
    """Text or bytes as bytes; None, NaN and NA are no content."""
    if isinstance(content, str):
        return content.encode(errors="surrogatepass")
    return content if isinstance(content, bytes) else None


def _check() -> None:
    try:
        import dask.dataframe  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError:
        raise ProtoparseError("Dask needs dask, pandas and pyarrow: pip install 'protoparse[dask]'") from None
