"""Batches: what goes in, what comes out, and what a pulled plug leaves."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc
import zipfile
from itertools import count
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import protoparse
from protoparse.batch import Options, run
from protoparse.batch.pool import Pool
from protoparse.cli import main
from protoparse.errors import InputError, LedgerError, ProtoparseError
from protoparse.export.tables import TABLES
from protoparse.model import facts, load, walk
from protoparse.sources.records import Record, records

LEXICON = Options(concepts="lexicon")


def text(n: int) -> str:
    return (
        f"Inclusion Criteria:\n* Age ≥ {18 + n % 40} years\n* Platelets ≥ {50 + n} x 10^9/L within {n % 9 + 2} weeks "
        f"before enrollment\n\nExclusion Criteria:\n* ALT > {n % 5 + 1} x ULN, unless caused by Gilbert's syndrome"
    )


def own(n: int) -> dict[str, str]:
    return {"id": f"NCT{n:08}", "text": text(n)}


def study(n: int) -> dict[str, object]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{n:08}", "briefTitle": f"Study {n}"},
            "eligibilityModule": {"eligibilityCriteria": text(n), "sex": "ALL"},
        }
    }


def lined(*objects: object) -> bytes:
    return b"".join(json.dumps(x).encode() + b"\n" for x in objects)


def taken(data: bytes, **options: bool) -> list[Record]:
    return list(records(io.BytesIO(data), name="f", **options))


def parsed(path: Path) -> list[protoparse.Document]:
    return [load(line) for line in path.read_bytes().splitlines()]


def index(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "index.ndjson").read_bytes().splitlines()]


# ------------------------------------------------------------------ what goes in


def test_a_line_is_a_record():
    made = taken(b"\n" + lined(own(1), own(2)) + b"\n\n" + b"{broken\n" + lined(study(3)))
    assert [(r.name, r.place) for r in made] == [("f", 2), ("f", 3), ("f", 6), ("f", 7)]


@pytest.mark.parametrize(
    "several",
    [
        [own(1), study(2)],
        {"studies": [own(1), study(2)], "nextPageToken": "x"},
        {"FullStudiesResponse": {"FullStudies": [own(1), study(2)]}},
    ],
)
def test_each_study_of_a_page_is_a_record(several):
    made = taken(json.dumps(several, indent=1).encode())
    assert [r.place for r in made] == [1, 2]
    assert [json.loads(r.content) for r in made] == [own(1), study(2)]


@pytest.mark.parametrize("data", [b"Age > 5", b"[1] Age > 5", b"{broken", json.dumps(study(1)).encode(), b"[broken"])
def test_whatever_else_is_one_record(data):
    assert taken(data) == [Record("f", data)]


def test_a_file_is_one_record_where_nothing_else_is_wanted():
    data = lined(own(1), own(2))
    assert taken(data, several=False) == [Record("f", data)]


def test_packed_files_are_opened():
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.txt", text(5))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/NCT1.json", json.dumps(study(1)))
        archive.writestr("a/.hidden", "x")
        archive.writestr("__MACOSX/a/NCT1.json", "x")
        archive.writestr("dump.ndjson.gz", gzip.compress(lined(own(2), own(3))))
        archive.writestr("inner.zip", inner.getvalue())
    made = taken(gzip.compress(outer.getvalue()))
    names = ["f/a/NCT1.json", "f/dump.ndjson.gz", "f/dump.ndjson.gz", "f/inner.zip/deep.txt"]
    assert [r.name for r in made] == names
    assert [r.error for r in made] == [None] * 4


def test_what_cannot_be_unpacked_is_a_record_with_an_error():
    whole = gzip.compress(lined(*map(own, range(2000))))
    *read, last = taken(whole[: len(whole) // 2])
    assert last.error is not None
    assert last.error.startswith("cannot be unpacked")
    assert read
    assert all(r.error is None for r in read)

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("one.txt", text(1))
        made.writestr("two.txt", text(2))
    data = archive.getvalue().replace(b"Platelets", b"Platelots", 1)
    bad, good = taken(data)
    assert (bad.name, good.name) == ("f/one.txt", "f/two.txt")
    assert bad.error is not None
    assert good.error is None


def test_an_office_document_is_no_archive():
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        made.writestr("word/document.xml", "<x/>")
    assert taken(archive.getvalue()) == [Record("f", archive.getvalue())]


class Endless(io.RawIOBase):
    """A stream of so many lines, which cannot go back."""

    def __init__(self, lines: int) -> None:
        self.left, self.line = lines, lined(own(1) | {"more": "x" * 2000})

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if not self.left:
            return 0
        self.left -= 1
        buffer[: len(self.line)] = self.line
        return len(self.line)


def test_a_stream_is_read_in_constant_memory():
    tracemalloc.start()
    try:
        assert sum(1 for _ in records(io.BufferedReader(Endless(40_000), 8192), name="-")) == 40_000  # 90 MB
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


# ------------------------------------------------------------------ what comes out


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "a.txt").write_text(text(1))
    (folder / "b.ndjson").write_bytes(lined(own(2), {"id": "NCT00000099"}, study(3)) + b"{broken\n" + lined(own(2)))
    (folder / "c.bin").write_bytes(b"\0\1\2" * 50)
    (folder / "d.json.gz").write_bytes(gzip.compress(json.dumps({"studies": [study(4), study(5)]}).encode()))
    (folder / ".hidden").write_text("Age > 5")
    return folder


@pytest.fixture(scope="module")
def done(inputs, tmp_path_factory) -> dict[str, Path]:
    folders = {}
    for to in ("ndjson", "parquet", "sqlite"):
        folders[to] = tmp_path_factory.mktemp("out") / to
        run([inputs], folders[to], to=to, workers=2, options=LEXICON)
    return folders


def test_documents_are_those_of_parse(inputs, done):
    parser = protoparse.Parser(concepts="lexicon")
    listings = [
        *protoparse.read(inputs / "a.txt"),
        *protoparse.read(inputs / "b.ndjson", on_error=lambda error: None),
    ]
    made = parsed(done["ndjson"] / "documents.ndjson")
    assert made[: len(listings)] == [parser.parse(listing) for listing in listings]
    assert [d.trial.id for d in made] == [None, *(f"NCT{n:08}" for n in (2, 3, 2, 4, 5))]
    assert [d.trial.title for d in made[-2:]] == ["Study 4", "Study 5"]


def test_the_index_names_every_listing_and_every_error(inputs, done):
    rows = index(done["ndjson"])
    name = str(inputs)
    assert [row["document"] for row in rows] == [
        f"{name}/a.txt", f"{name}/b.ndjson#NCT00000002", f"{name}/b.ndjson#2", f"{name}/b.ndjson#NCT00000003",
        f"{name}/b.ndjson#4", f"{name}/b.ndjson#NCT00000002", f"{name}/c.bin", f"{name}/d.json.gz#NCT00000004",
        f"{name}/d.json.gz#NCT00000005",
    ]  # fmt: skip
    assert [row.get("line") for row in rows] == [1, 2, None, 3, None, 4, None, 5, 6]
    errors = [row["error"] for row in rows if "error" in row]
    assert errors == [
        "not a study of ClinicalTrials.gov",
        "broken JSON at line 1, column 2",
        "binary data, not text",
    ]
    counted = json.loads((done["ndjson"] / "summary.json").read_bytes())
    assert (counted["records"], counted["documents"], sum(counted["errors"].values())) == (9, 6, 3)
    assert counted["criteria"] == sum(row.get("criteria", 0) for row in rows)


def test_tables_hold_every_document_criterion_and_fact(done):
    documents = parsed(done["ndjson"] / "documents.ndjson")
    criteria = [c for d in documents for c in walk(d.criteria)]
    tables = {name: pq.read_table(done["parquet"] / f"{name}.parquet").to_pylist() for name in TABLES}
    assert [len(tables[name]) for name in ("documents", "criteria")] == [9, len(criteria)]
    assert [c["criterion"] for c in tables["criteria"]] == [c.id for c in criteria]
    assert [f["text"] for f in tables["facts"]] == [f.concept.text for c in criteria for f in facts(c.rule)]
    rules = {(c["document"], c["criterion"]): json.loads(c["rule"]) for c in tables["criteria"] if c["rule"]}
    for fact in tables["facts"]:
        place = rules[fact["document"], fact["criterion"]]
        for step in fact["path"].replace("]", "").replace("[", ".").split(".")[1:]:
            place = place[int(step) if step.isdigit() else step]
        assert place["concept"]["text"] == fact["text"]
    assert [d["error"] is None for d in tables["documents"]] == [
        True,
        True,
        False,
        True,
        False,
        True,
        False,
        True,
        True,
    ]
    [gilbert, *_] = [f for f in tables["facts"] if "Gilbert" in f["text"]]
    assert (gilbert["role"], gilbert["kind"], gilbert["negated"]) == ("exception", "exclusion", False)


def test_sqlite_holds_the_same_tables(done):
    base = sqlite3.connect(done["sqlite"] / "criteria.sqlite")
    for name, columns in TABLES.items():
        table = pq.read_table(done["parquet"] / f"{name}.parquet")
        assert table.column_names == [c.name for c in columns]
        assert base.execute(f"select * from {name}").fetchall() == [tuple(row.values()) for row in table.to_pylist()]
    base.close()


# ------------------------------------------------------------------ again and again


def test_only_what_is_new_is_parsed_again(tmp_path):
    (tmp_path / "dump.ndjson").write_bytes(lined(*map(own, range(60))))
    assert run([tmp_path / "dump.ndjson"], tmp_path / "out", workers=1, options=LEXICON).parsed == 60
    assert run([tmp_path / "dump.ndjson"], tmp_path / "out", workers=1, options=LEXICON, resume=True).parsed == 0
    (tmp_path / "dump.ndjson").write_bytes(lined(own(99), *map(own, range(1, 60))))
    summary = run([tmp_path / "dump.ndjson"], tmp_path / "out", workers=1, options=LEXICON, resume=True)
    assert (summary.parsed, summary.documents) == (1, 60)
    assert [d.trial.id for d in parsed(tmp_path / "out" / "documents.ndjson")][:2] == ["NCT00000099", "NCT00000001"]
    plain = Options(concepts="lexicon", confidence=False)
    assert run([tmp_path / "dump.ndjson"], tmp_path / "out", workers=1, options=plain, resume=True).parsed == 60
    assert all("confidence" not in d for d in (tmp_path / "out" / "documents.ndjson").read_text().splitlines())


def test_a_folder_is_not_worked_in_by_mistake(tmp_path):
    (tmp_path / "a.txt").write_text(text(1))
    out = tmp_path / "out"
    run([tmp_path / "a.txt"], out, workers=1, options=LEXICON)
    with pytest.raises(LedgerError, match="holds a batch already"):
        run([tmp_path / "a.txt"], out, workers=1, options=LEXICON)
    with pytest.raises(InputError, match="no such file"):
        run([tmp_path / "none"], out, workers=1, options=LEXICON, resume=True)
    held = sqlite3.connect(out / "ledger.sqlite", isolation_level=None)
    held.execute("begin exclusive")
    with pytest.raises(LedgerError, match="another run"):
        run([tmp_path / "a.txt"], out, workers=1, options=LEXICON, resume=True)
    held.execute("pragma user_version = 99")
    held.execute("commit")
    held.close()
    with pytest.raises(LedgerError, match="another version"):
        run([tmp_path / "a.txt"], out, workers=1, options=LEXICON, resume=True)
    (out / "ledger.sqlite").write_bytes(b"nonsense" * 500)
    with pytest.raises(LedgerError, match="delete it"):
        run([tmp_path / "a.txt"], out, workers=1, options=LEXICON, resume=True)


def test_results_in_a_folder_of_inputs_are_no_inputs(tmp_path):
    (tmp_path / "a.txt").write_text(text(1))
    for resume in (False, True):
        assert run([tmp_path], tmp_path / "out", workers=1, options=LEXICON, resume=resume).records == 1


def deadly(items: list[int]) -> list[int]:
    for item in items:
        if item == 13:
            os.kill(os.getpid(), signal.SIGKILL)
    return [2 * item for item in items]


def test_an_item_that_kills_its_process_is_found_and_given_up():
    with Pool(2) as pool:
        made = list(pool.run(deadly, [[1, 2], [12, 13, 14, 15], [16]]))
    assert [(number, items) for number, items, results in made if results is None] == [(1, [13])]
    found = {i: r for _, items, results in made for i, r in zip(items, results or [None], strict=True)}
    assert found == {1: 2, 2: 4, 12: 24, 13: None, 14: 28, 15: 30, 16: 32}


def failing(items: list[int]) -> list[int]:
    raise ProtoparseError("this is what is wrong")


def test_what_goes_wrong_in_a_process_is_told():
    with Pool(1) as pool, pytest.raises(ProtoparseError, match="this is what is wrong"):
        list(pool.run(failing, [[1]]))


# ------------------------------------------------------------------ a pulled plug

KILLS = 10


@pytest.fixture(scope="module")
def dump(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "dump.ndjson"
    path.write_bytes(
        lined(*({"id": f"NCT{n:08}", "text": "\n".join(text(n * 7 + k) for k in range(6))} for n in range(250)))
    )
    return path


def begun(dump: Path, out: Path, to: str, *, told: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "protoparse", "batch", str(dump), "--out", str(out), "--to", to, "--workers", "2"]
    return subprocess.Popen([*command, "--concepts", "lexicon", "--resume"], stderr=told, start_new_session=True)


def results(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if "ledger" not in path.name}


def processes(pid: int) -> list[int]:
    """Those that work for a batch: they are forked from one that is its child."""

    def children(pid: int) -> list[int]:
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    return [worker for child in children(pid) for worker in children(child)]


@pytest.fixture(scope="module")
def undisturbed(dump, tmp_path_factory) -> dict[str, tuple[float, dict[str, bytes]]]:
    """For each form, how long a run takes and what it gives."""
    made = {}
    for to in ("ndjson", "parquet"):
        folder = tmp_path_factory.mktemp("whole") / to
        start = time.monotonic()
        assert begun(dump, folder, to).wait() == 0
        made[to] = time.monotonic() - start, results(folder)
    return made


@pytest.mark.parametrize("to", ["ndjson", "parquet"])
def test_a_killed_batch_goes_on_and_ends_the_same(dump, undisturbed, tmp_path, to):
    seconds, expected = undisturbed[to]
    rng = random.Random(to)
    kills = 0
    for turn in count():
        folder = tmp_path / str(turn)
        while True:
            process = begun(dump, folder, to)
            try:
                assert process.wait(rng.uniform(0.2, 1.1) * seconds if kills < KILLS else None) == 0
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                kills += 1
        assert results(folder) == expected
        if kills == KILLS:
            return


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finding a batch's processes needs Linux's /proc")
def test_a_killed_process_is_replaced(dump, undisturbed, tmp_path):
    process = begun(dump, tmp_path / "out", "ndjson")
    base = tmp_path / "out" / "ledger.sqlite-wal"
    while not (base.exists() and base.stat().st_size > 100_000):
        assert process.poll() is None
        time.sleep(0.01)
    victim, *_ = processes(process.pid)
    os.kill(victim, signal.SIGKILL)
    assert process.wait() == 0
    assert results(tmp_path / "out") == undisturbed["ndjson"][1]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finding a batch's processes needs Linux's /proc")
def test_processes_end_with_a_batch_that_is_killed(dump, tmp_path):
    process = begun(dump, tmp_path / "out", "ndjson")
    while len(workers := processes(process.pid)) < 2:
        time.sleep(0.01)
    process.kill()
    process.wait()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < until
        time.sleep(0.05)


# ------------------------------------------------------------------ the command


def test_the_command_tells_what_it_did(inputs, tmp_path):
    command = ["batch", str(inputs), "--out", str(tmp_path / "out"), "--workers", "1", "--concepts", "lexicon"]
    made = subprocess.run([sys.executable, "-m", "protoparse", *command], capture_output=True, text=True)
    assert (made.returncode, made.stdout) == (1, "")
    told = made.stderr.splitlines()
    assert told[0].startswith("6 documents with ")
    assert "from 9 records, 8 of them parsed now" in told[0]
    assert "errors: 3" in told
    assert "  1 × binary data, not text" in told
    again = subprocess.run([sys.executable, "-m", "protoparse", *command], capture_output=True, text=True)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "holds a batch already" in again.stderr


def test_standard_input_is_read(tmp_path):
    command = [sys.executable, "-m", "protoparse", "batch", "-", "--out", str(tmp_path / "out"), "-q", "--workers", "1"]
    data = gzip.compress(lined(own(1), own(2)))
    made = subprocess.run([*command, "--concepts", "lexicon"], input=data, capture_output=True)
    assert (made.returncode, made.stderr) == (0, b"")
    assert [row["document"] for row in index(tmp_path / "out")] == ["stdin#NCT00000001", "stdin#NCT00000002"]


def test_an_interrupted_batch_says_how_to_go_on(dump, tmp_path):
    process = begun(dump, tmp_path / "out", "ndjson", told=subprocess.PIPE)
    base = tmp_path / "out" / "ledger.sqlite-wal"
    while not (base.exists() and base.stat().st_size > 50_000):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.decode().split("\n", 1)[0] == f"protoparse: interrupted; --resume goes on with {tmp_path / 'out'}"


def test_parquet_says_what_it_needs(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "pyarrow.parquet", raising=False)
    (tmp_path / "a.txt").write_text(text(1))
    assert main(["batch", str(tmp_path / "a.txt"), "--out", str(tmp_path / "out"), "--to", "parquet"]) == 1
    assert capsys.readouterr().err == "protoparse: Parquet needs pyarrow: pip install 'protoparse[parquet]'\n"
