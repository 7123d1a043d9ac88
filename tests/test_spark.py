"""Spark: the rows of a local run, whatever becomes of a worker; and what stands for a record that cannot be read.

It needs Java 17 or later; where there is none, what needs it is skipped, but fails where `PROTOPARSE_SPARK_REQUIRED` is
set, as `.ci/run` does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import cluster
from missing import absent
from protoparse.errors import ProtoparseError
from protoparse.export.tables import TABLES

REQUIRED = "PROTOPARSE_SPARK_REQUIRED"
JAVA = 17
PARTITIONS = 8
# one compiler, and no threads for collecting garbage, let three machines start at once on two cores
QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


def java() -> None:
    """Skip where Spark finds no Java that it can run on."""
    home = os.environ.get("JAVA_HOME")
    place = shutil.which(Path(home, "bin", "java") if home else "java")
    if place is None:
        absent(f"no Java is installed; Spark needs Java {JAVA}", required=REQUIRED)
    said = subprocess.run([place, "-version"], capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA:
        absent(f"{place} is not Java {JAVA} or later: {said.strip()}", required=REQUIRED)


def executor(task: psutil.Process) -> psutil.Process:
    """The Java process that a task's Python belongs to."""
    return next(process for process in task.parents() if process.name() == "java")


def test_a_cluster_that_loses_a_worker_gives_the_rows_of_a_local_run(tmp_path: Path) -> None:
    java()
    cluster.laid_out(tmp_path / "records")
    cluster.run(__file__, tmp_path, worker=executor)
    cluster.assert_same_rows(tmp_path, tmp_path / "records", tmp_path / "local")
    few = pq.read_table(tmp_path / "few.parquet", columns=["document", "trial", "error"])
    assert [tuple(row.values()) for row in few.to_pylist()] == [("1", None, "no content"), ("2", "X", None)]


def job(folder: Path) -> None:
    """What the test runs in a process of its own."""
    import pyspark

    home = folder / "home"  # the cluster writes into its home
    home.mkdir()
    for part in ("bin", "jars"):
        (home / part).symlink_to(Path(pyspark.__file__).parent / part)
    os.environ |= {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}

    from pyspark.sql import SparkSession

    import protoparse.spark

    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.driver.extraJavaOptions": QUICK,
        "spark.executor.memory": "512m",
        "spark.executor.extraJavaOptions": QUICK,
        "spark.default.parallelism": str(PARTITIONS),
        "spark.local.dir": str(folder / "local-dir"),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local-cluster[2,1,1024]")
    for name, value in settings.items():
        builder = builder.config(name, value)

    def held(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        for count, batch in enumerate(batches):
            if count == 1:  # the first is under way
                cluster.held(folder / "tasks", context.partitionId())
            yield batch

    spark = builder.getOrCreate()
    try:
        names, contents = zip(*cluster.contents(folder / "records"), strict=True)
        records = spark.createDataFrame(pa.table({"file": names, "data": contents}))
        waiting = records.mapInArrow(held, records.schema)
        parsed = protoparse.spark.parse(waiting, name="file", content="data").persist()
        for table, rows in protoparse.spark.tables(parsed).items():
            (folder / table).mkdir()
            pq.write_table(rows.toArrow(), folder / table / "rows.parquet")
        few = spark.createDataFrame([(1, None), (2, '{"id": "X", "text": "No pregnancy"}')], "name int, content string")
        pq.write_table(protoparse.spark.table(few, "documents").toArrow(), folder / "few.parquet")
    finally:
        spark.stop()


def test_the_columns_are_those_of_the_tables_with_what_they_say() -> None:
    import protoparse.spark

    for table, columns in TABLES.items():
        fields = protoparse.spark.schema(table).fields
        assert [(f.name, f.metadata["comment"]) for f in fields] == [(c.name, c.says) for c in columns]
    kinds = {field.name: field.dataType.simpleString() for field in protoparse.spark.schema("facts").fields}
    assert (kinds["name"], kinds["value"], kinds["fact"], kinds["negated"]) == ("string", "double", "bigint", "boolean")


def test_a_table_that_is_none_is_refused() -> None:
    import protoparse.spark

    with pytest.raises(ProtoparseError, match="table 'fact' is none of documents, criteria, facts"):
        protoparse.spark.schema("fact")


def test_without_spark_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import protoparse.spark

    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ProtoparseError, match=r"pip install 'protoparse\[spark\]'"):
        protoparse.spark.schema("facts")


if __name__ == "__main__":
    job(Path(sys.argv[1]))
