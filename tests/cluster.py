"""What the tests of clusters have in common: records, a cluster that loses a worker, and the rows of a local run.

A test starts a job, a script of its own, in another process. Its tasks tell on the way which process they are in, and
some wait until `run` has killed one of the workers, so that it is sure that it had something to do.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
TIMES = 4
FREE = 3
"""So many parts are let pass before a worker is killed: they are done then, and their rows must neither be lost nor
doubled."""
DEADLINE = 300
MARK = "PROTOPARSE_TEST_CLUSTER"


def laid_out(folder: Path) -> None:
    """A folder with some 250 files: the listings of the corpus, their lines, what must be refused, and packed ones."""
    folder.mkdir()
    sources = sorted((ROOT / "corpus").glob("*/source.*"))
    refused = sorted(p for p in (ROOT / "corpus" / "invalid").iterdir() if p.suffix not in (".md", ".message"))
    assert len(sources) > 10
    assert len(refused) > 10
    for source in sources:
        for turn in range(TIMES):
            shutil.copyfile(source, folder / f"{turn}-{source.parent.name}{source.suffix}")
        if source.suffix == ".txt":
            for count, line in enumerate(source.read_text("utf-8").split("\n")[:: len(sources) // 3]):
                study = {"id": f"{source.parent.name}-{count}", "text": line}
                (folder / f"{count % 7}-{source.parent.name}-{count}.json").write_text(json.dumps(study), "utf-8")
    for source in refused:
        shutil.copyfile(source, folder / f"2-{source.name}")
    two = b'[{"id": "T1", "text": "Age > 5 years"}, {"id": "T2", "text": "No pregnancy"}]'
    (folder / "2-two.json").write_bytes(two)
    (folder / "4-packed.gz").write_bytes(gzip.compress(b"Exclusion Criteria:\n\n* Platelets < 50 x 10^9/L\n"))


def contents(folder: Path) -> list[tuple[str, bytes]]:
    """The files that were laid out, as names and contents."""
    return [(str(path), path.read_bytes()) for path in sorted(folder.iterdir())]


def held(folder: Path, part: int) -> None:
    """Said in a worker, by a task with some part of the records: wait, but with the first, until a worker is killed."""
    (folder / f"part-{part}-{os.getpid()}").touch()
    begun = time.monotonic()
    while part >= FREE and not (folder / "killed").exists():
        if time.monotonic() - begun > DEADLINE:
            raise TimeoutError("no worker was killed")
        time.sleep(0.05)


def under_way(folder: Path) -> Iterator[tuple[int, int]]:
    """The parts that tasks were said to work on, each with the process."""
    for path in folder.glob("part-*"):
        _, part, process = path.name.split("-")
        yield int(part), int(process)


def run(script: str, folder: Path, *, worker: Callable[[psutil.Process], psutil.Process]) -> None:
    """Run a job in a process of its own, and kill a worker of its cluster while it has a task.

    `worker` tells a worker's process by that of a task. Whatever becomes of the job, none of its processes is left.
    """
    (folder / "tasks").mkdir()
    log = folder / "log.txt"
    with log.open("wb") as output, _alone(folder) as environment:
        job = subprocess.Popen(
            [sys.executable, script, str(folder)], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
        try:
            part, victim = _killed(folder / "tasks", job, worker)
            assert job.wait(DEADLINE) == 0, "the job failed"
        except BaseException as error:
            error.add_note(log.read_text("utf-8", "replace")[-5000:])
            raise
    others = {process for other, process in under_way(folder / "tasks") if other == part} - victim
    assert others, "the part of the worker that was killed was done by no other"


def _killed(
    tasks: Path, job: subprocess.Popen[bytes], worker: Callable[[psutil.Process], psutil.Process]
) -> tuple[int, set[int]]:
    """Kill a worker when two of them wait with a task each; the part that it had, and its processes."""
    begun = time.monotonic()
    while True:
        assert job.poll() is None, "the job ended before a worker could be killed"
        assert time.monotonic() - begun < DEADLINE, "two workers never worked at once"
        waiting = {worker(psutil.Process(process)): part for part, process in under_way(tasks) if part >= FREE}
        if len(waiting) == 2:
            break
        time.sleep(0.05)
    victim, part = min(waiting.items(), key=lambda item: item[1])
    processes = [victim, *victim.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=10)
    assert not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE
    (tasks / "killed").touch()
    return part, {process.pid for process in processes}


@contextmanager
def _alone(folder: Path) -> Iterator[dict[str, str]]:
    """An environment by which the processes of a job are known; those that are left in the end are killed."""
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    try:
        yield os.environ | {MARK: str(folder), "PYTHONPATH": path.rstrip(os.pathsep)}
    finally:
        left = [process for process in psutil.process_iter() if _environment(process).get(MARK) == str(folder)]
        _, left = psutil.wait_procs(left, timeout=10)
        for process in left:
            process.kill()
    assert not left, left


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


def assert_same_rows(found: Path, records: Path, folder: Path) -> None:
    """The tables in `found`, a folder of Parquet each, are those of a local run over the files of `records`."""
    # only here: tasks that wait load this module, and nothing more
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    from protoparse import batch
    from protoparse.export.tables import TABLES

    batch.run([records], folder, to="parquet", workers=1)
    for table in TABLES:
        expected, given = pq.read_table(folder / f"{table}.parquet"), ds.dataset(found / table).to_table()
        assert given.column_names == expected.column_names
        assert _sorted(given.to_pylist()) == _sorted(expected.to_pylist())
        assert given.num_rows > 100


def _sorted(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(map(repr, rows))
