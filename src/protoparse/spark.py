"""Records in a Spark DataFrame to criteria, on the workers of a cluster; needs the extra `spark`.

In: a DataFrame with a row a record: what it goes by, and its content, a study of ClinicalTrials.gov as JSON, a page, or
bare text. Out: DataFrames with the rows of `protoparse batch`; what cannot be read is a row with an `error`.
docs/distributed.md tells how to get it to the workers and how large partitions should be.

    records = spark.read.format("binaryFile").load("listings/")
    facts = protoparse.spark.table(records, "facts", name="path")
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from protoparse.batch import Options
from protoparse.batch.sharing import columns, sliced, work
from protoparse.errors import ProtoparseError
from protoparse.export.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType


def parse(
    records: DataFrame,
    *,
    content: str | Column = "content",
    name: str | Column = "name",
    options: Options = Options(),  # noqa: B008 - immutable
) -> DataFrame:
    """The criteria JSON of records: a row with document, trial, error and json for each listing in them.

    `content` is the column, or an expression, with their text or bytes, `name` the one with what they go by. To have
    several tables without parsing more than once, write what this gives, and make `tables` of what was written.
    Raises `ProtoparseError` without pyspark or pyarrow, or where `content` is neither text nor bytes.
    """
    return _mapped(_chosen(records, content, name), options, None)


def table(
    records: DataFrame,
    table: str,
    *,
    content: str | Column = "content",
    name: str | Column = "name",
    options: Options = Options(),  # noqa: B008 - immutable
) -> DataFrame:
    """One of the tables documents, criteria and facts (docs/tables.md) of records; otherwise as `parse`."""
    return _mapped(_chosen(records, content, name), options, table)


def tables(parsed: DataFrame) -> dict[str, DataFrame]:
    """All the tables, of what `parse` gave."""
    return {table: _mapped(parsed, None, table) for table in TABLES}


def schema(table: str | None) -> StructType:
    """The columns of one of the tables, or for None of what `parse` gives; what each says is its comment."""
    _check()
    from pyspark.sql import types

    kinds = {
        "text": types.StringType(),
        "json": types.StringType(),
        "integer": types.LongType(),
        "number": types.DoubleType(),
        "boolean": types.BooleanType(),
    }
    fields = [types.StructField(c.name, kinds[c.type], metadata={"comment": c.says}) for c in columns(table)]
    return types.StructType(fields)


def _chosen(records: DataFrame, content: str | Column, name: str | Column) -> DataFrame:
    _check()
    from pyspark.sql import functions, types

    def column(given: str | Column) -> Column:
        return functions.col(given) if isinstance(given, str) else given

    chosen = records.select(column(name).cast("string").alias("name"), column(content).alias("content"))
    kind = chosen.schema["content"].dataType
    if not isinstance(kind, types.StringType | types.BinaryType):
        raise ProtoparseError(f"content is neither text nor bytes but {kind.simpleString()}; to_json makes text of it")
    return chosen


def _mapped(frame: DataFrame, options: Options | None, table: str | None) -> DataFrame:
    return frame.mapInArrow(partial(sliced, work(options, table)), schema(table))


def _check() -> None:
    try:
        import pyarrow  # noqa: F401
        import pyspark.sql.pandas.map_ops  # noqa: F401
    except ImportError:
        raise ProtoparseError("Spark needs pyspark, pyarrow and pandas: pip install 'protoparse[spark]'") from None
