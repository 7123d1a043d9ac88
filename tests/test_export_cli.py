"""`protoparse export`: where files go, what is told of losses, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from protoparse.export import exporters
from protoparse.model import Trial, dump
from protoparse.parsing import parse
from running import Run

LISTING = "Inclusion Criteria:\n\n* Age 18 years or older\n* Written informed consent\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys, "export")


def trial(path: Path, text: str = LISTING, id_: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dump(replace(parse(text), trial=Trial(id=id_))))
    return path


@pytest.fixture
def criteria(tmp_path: Path) -> Path:
    folder = tmp_path / "criteria"
    trial(folder / "a.json", id_="NCT00000001")
    trial(folder / "b.json", "Exclusion Criteria:\n\n* Gout\n", id_="NCT00000002")
    trial(folder / "c.json")
    return folder


def test_the_targets_are_listed_with_their_options(run: Run) -> None:
    run("--to", "list")
    assert run.code == 0
    for target, exporter in exporters().items():
        assert f"{target} " in run.out
        assert exporter.says in run.out
    assert '-o table="all"' in run.out


def test_one_trial_goes_to_standard_output(run: Run, criteria: Path) -> None:
    run(criteria / "a.json", "--to", "cql")
    assert run.code == 0
    assert run.out.startswith('// NCT00000001\nlibrary "NCT00000001"')
    assert run.err.splitlines() == [
        "cql does not hold all: 1 loss in 1 of 1 trial",
        "  1 × FHIR has no record that says it of a patient",
    ]
    assert run(criteria / "a.json", "--to", "cql", "-q").err == ""


def test_standard_input_is_read(run: Run, criteria: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (criteria / "a.json").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    run("-", "--to", "ctml")
    assert json.loads(run.out)["protocol_no"] == "NCT00000001"


def test_many_trials_go_to_a_folder_by_trial_or_file(run: Run, criteria: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(criteria, "--to", "html", "--out", out)
    assert run.code == 0
    assert run.out == run.err == ""
    assert sorted(path.name for path in out.iterdir()) == ["NCT00000001.html", "NCT00000002.html", "c.html"]


def test_a_name_that_is_taken_gets_a_number(run: Run, tmp_path: Path) -> None:
    trial(tmp_path / "in" / "a.json", id_="NCT1")
    trial(tmp_path / "in" / "b.json", id_="nct1")
    run(tmp_path / "in", "--to", "brat", "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "NCT1.ann", "NCT1.txt", "annotation.conf", "nct1-2.ann", "nct1-2.txt",
    ]  # fmt: skip


def test_a_hostile_name_stays_in_the_folder(run: Run, tmp_path: Path) -> None:
    trial(tmp_path / "in" / "a.json", id_="../../evil/\n$(x)")
    run(tmp_path / "in", "--to", "ctml", "--out", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["evil_x.json"]


def test_lines_of_a_batch_are_joined_in_one_file(run: Run, criteria: Path, tmp_path: Path) -> None:
    lines = tmp_path / "documents.ndjson"
    lines.write_bytes(b"".join(path.read_bytes() + b"\n" for path in sorted(criteria.iterdir())))
    run(lines, "--to", "csv", "-o", "table=documents", "--out", tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(newline="") as file:
        names = [row["document"] for row in csv.DictReader(file)]
    assert names == ["NCT00000001", "NCT00000002", "documents-3"]


def test_a_target_of_all_in_one_goes_to_a_folder_too(run: Run, criteria: Path, tmp_path: Path) -> None:
    run(criteria, "--to", "csv", "--out", tmp_path / "tables")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "criteria.csv",
        "documents.csv",
        "facts.csv",
    ]
    run(criteria, "--to", "sql", "--out", tmp_path / "sql")
    assert [path.name for path in (tmp_path / "sql").iterdir()] == ["criteria.sql"]
    assert run(criteria, "--to", "sql").out == (tmp_path / "sql" / "criteria.sql").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments", [("--to", "html"), ("--to", "brat"), ("--to", "csv"), ("--to", "cql", "--out", "x.cql")]
)
def test_several_files_want_a_folder(run: Run, criteria: Path, arguments: tuple[str, ...]) -> None:
    run(criteria, *arguments)
    assert run.code == 2
    assert f"{arguments[1]} makes several files here: name a folder, --out DIR/" in run.err
    assert run.out == ""
    assert not Path("x.cql").exists()


def test_losses_are_listed_in_full(run: Run, criteria: Path, tmp_path: Path) -> None:
    run(criteria, "--to", "cql", "--out", tmp_path / "cql", "--losses", tmp_path / "losses.ndjson")
    found = [json.loads(line) for line in (tmp_path / "losses.ndjson").read_text("utf-8").splitlines()]
    assert found[0] == {
        "document": "NCT00000001", "target": "cql", "criterion": "inclusion.2", "path": "$",
        "lost": "consent Written informed consent", "why": "FHIR has no record that says it of a patient",
    }  # fmt: skip
    run(criteria, "--to", "cql", "--out", tmp_path / "cql", "--losses", tmp_path / "losses.csv", "-q")
    with (tmp_path / "losses.csv").open(newline="") as file:
        assert next(csv.DictReader(file)) == found[0]
    assert run.err == ""


def test_strict_refuses_trials_and_does_the_rest(run: Run, criteria: Path, tmp_path: Path) -> None:
    run(criteria, "--to", "cql", "--out", tmp_path / "cql", "--strict")
    assert run.code == 1
    assert [path.name for path in (tmp_path / "cql").iterdir()] == ["NCT00000002.cql"]
    assert "a.json: cql cannot hold all of it: inclusion.2: consent Written informed consent: FHIR has" in run.err
    assert len(run.err.splitlines()) == 2
    run(criteria, "--to", "conll", "--strict")
    assert run.code == 1
    assert run.out == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--to", "fax"), "no target 'fax'; there are brat, "),
        (("--to", "csv", "-o", "sheet=facts"), "csv has no option 'sheet'; it has table"),
        (("--to", "csv", "-o", "facts"), "'facts' gives no value: write NAME=VALUE"),
        ((), "Missing option '--to'"),
    ],
)
def test_a_wrong_command_is_told(run: Run, criteria: Path, arguments: tuple[str, ...], told: str) -> None:
    run(criteria, *arguments)
    assert run.code == 2
    assert told in run.err


def test_a_wrong_table_is_told_in_one_line(run: Run, criteria: Path) -> None:
    run(criteria, "--to", "csv", "-o", "table=rules")
    assert (run.code, run.out) == (1, "")
    assert run.err == "protoparse: csv: table 'rules' is none of all, documents, criteria, facts\n"


def test_no_input_is_told(run: Run) -> None:
    run("--to", "csv")
    assert run.code == 2
    assert "Missing argument 'INPUT...'" in run.err


def test_what_cannot_be_read_is_told_and_the_rest_is_done(run: Run, criteria: Path, tmp_path: Path) -> None:
    (criteria / "broken.json").write_text('{"format": "protoparse.criteria/1", "text": 5}')
    run(criteria, tmp_path / "nothing", "--to", "sql", "--out", tmp_path / "all.sql")
    assert run.code == 1
    assert "broken.json: " in run.err
    assert "nothing: no such file or folder" in run.err
    assert (tmp_path / "all.sql").read_text("utf-8").count("delete from") == 9


def test_criteria_are_not_written_over(run: Run, criteria: Path) -> None:
    before = trial(criteria / "NCT00000001.json", id_="NCT00000001").read_bytes()
    run(criteria / "NCT00000001.json", "--to", "ctml", "--out", criteria)
    assert run.code == 1
    assert "is criteria JSON, and would be written over" in run.err
    assert (criteria / "NCT00000001.json").read_bytes() == before


def test_bytes_go_to_a_file_or_a_pipe(run: Run, criteria: Path, tmp_path: Path) -> None:
    run(criteria, "--to", "excel", "--out", tmp_path / "all.xlsx")
    assert (tmp_path / "all.xlsx").read_bytes()[:2] == b"PK"
