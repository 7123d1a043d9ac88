"""Dask: the rows of a local run, whatever becomes of a worker; and what stands for a record that cannot be read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import cluster
from protoparse.errors import ProtoparseError

PARTITIONS = 16


def test_a_cluster_that_loses_a_worker_gives_the_rows_of_a_local_run(tmp_path: Path) -> None:
    cluster.laid_out(tmp_path / "records")
    cluster.run(__file__, tmp_path, worker=lambda task: task)
    cluster.assert_same_rows(tmp_path, tmp_path / "records", tmp_path / "local")


def job(folder: Path) -> None:
    """What the test runs in a process of its own."""
    import dask.dataframe as dd
    import pandas as pd
    import pyarrow as pa
    from dask.distributed import Client, LocalCluster

    import protoparse.dask

    def held(frame: pd.DataFrame, partition_info: Any = None) -> pd.DataFrame:
        if partition_info is not None and len(frame):
            cluster.held(folder / "tasks", partition_info["number"])
        return frame

    records = pd.DataFrame(cluster.contents(folder / "records"), columns=["file", "data"])
    records = records.astype({"data": pd.ArrowDtype(pa.binary())})
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
            local_directory=str(folder / "workers"),
        ) as workers,
        Client(workers),
    ):  # fmt: skip
        frame = dd.from_pandas(records, npartitions=PARTITIONS, sort=False)
        frame = frame.map_partitions(held, meta=records.iloc[:0])
        parsed = protoparse.dask.parse(frame, content="data", name="file").persist()
        for table, rows in protoparse.dask.tables(parsed).items():
            rows.to_parquet(folder / table, write_index=False)


def frame(*rows: tuple[Any, Any]) -> Any:
    import dask.dataframe as dd
    import pandas as pd

    return dd.from_pandas(pd.DataFrame(rows, columns=["name", "content"]), npartitions=2)


def test_what_cannot_be_read_is_a_row_with_its_cause() -> None:
    import protoparse.dask

    records = frame(("a", "Age > 5"), (None, None), ("c", b"\x00\x01"), (4, '{"id": "X", "text": "No pregnancy"}'))
    documents = protoparse.dask.table(records, "documents").compute(scheduler="sync")
    assert documents[["document", "trial", "error"]].fillna("").to_numpy().tolist() == [
        ["a", "", ""],
        ["", "", "no content"],
        ["c", "", "binary data, not text"],
        ["4", "X", ""],
    ]


def test_a_partition_of_more_than_a_few_records_gives_all_their_rows() -> None:
    import protoparse.dask

    records = frame(*((f"{age}", f"Age > {age}") for age in range(100))).repartition(npartitions=1)
    facts = protoparse.dask.tables(protoparse.dask.parse(records))["facts"].compute(scheduler="sync")
    assert facts["value"].tolist() == list(range(100))


def test_a_partition_without_rows_has_the_columns_of_the_others() -> None:
    import protoparse.dask

    records = frame(("a", "Age > 5"), ("b", "Age > 6"))
    facts = protoparse.dask.table(records[records["name"] == "b"], "facts")
    found = facts.compute(scheduler="sync")
    assert found["value"].tolist() == [6.0]
    assert list(found.dtypes) == list(facts.dtypes)


def test_a_table_that_is_none_is_refused() -> None:
    import protoparse.dask

    with pytest.raises(ProtoparseError, match="table 'fact' is none of documents, criteria, facts"):
        protoparse.dask.table(frame(("a", "Age > 5")), "fact")


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import protoparse.dask

    records = frame(("a", "Age > 5"))
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(ProtoparseError, match=r"pip install 'protoparse\[dask\]'"):
        protoparse.dask.table(records, "facts")


if __name__ == "__main__":
    job(Path(sys.argv[1]))
