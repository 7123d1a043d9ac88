"""The command line: what is written where, what is said when something fails, and the exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from protoparse import cli
from protoparse.cli.display import Display
from protoparse.model import Document, dump, load, schema
from protoparse.parsing import parse
from protoparse.render import markdown, render
from protoparse.sources import CONTAINERS
from running import Run

TEXT = """Inclusion Criteria:

* Age 18 years or older
* ECOG performance status 0-2

Exclusion Criteria:

1. Pregnancy
"""
RECORD = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT01234567", "briefTitle": "A made up study"},
        "eligibilityModule": {"eligibilityCriteria": TEXT, "sex": "ALL", "minimumAge": "18 Years"},
    }
}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write(tmp_path / "trial.txt", TEXT)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def process(*args: str | Path, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "protoparse", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, env=os.environ | environment, timeout=120)


# ------------------------------------------------------------------ parse, to standard output


def test_one_file_gives_one_object(run: Run, text: Path) -> None:
    run("parse", text)
    assert (run.code, run.err) == (0, "")
    assert load(run.out) == parse(TEXT)
    assert run.out == dump(parse(TEXT), indent=2).decode() + "\n"


def test_several_inputs_and_folders_give_an_array(run: Run, text: Path) -> None:
    other = write(text.parent / "b.txt", "Pregnancy\n")
    assert [d["text"] for d in json.loads(run("parse", text, other).out)] == [TEXT, "Pregnancy\n"]
    assert [d["text"] for d in json.loads(run("parse", text.parent).out)] == ["Pregnancy\n", TEXT]
    other.unlink()
    assert [d["text"] for d in json.loads(run("parse", text.parent).out)] == [TEXT]


def test_a_file_of_several_trials_gives_an_array(run: Run, tmp_path: Path) -> None:
    lines = write(tmp_path / "studies.jsonl", f"{json.dumps(RECORD)}\n{json.dumps(RECORD)}\n")
    found = json.loads(run("parse", lines).out)
    assert [d["trial"]["id"] for d in found] == ["NCT01234567", "NCT01234567"]


def test_an_array_of_nothing_is_json_too(run: Run, tmp_path: Path) -> None:
    assert json.loads(run("parse", tmp_path / "a", tmp_path / "b").out) == []
    assert run.code == 1


def test_ndjson_is_one_object_a_line(run: Run, text: Path) -> None:
    run("parse", text, write(text.parent / "b.txt", "Pregnancy"), "--format", "ndjson")
    assert [load(line).text for line in run.out.splitlines()] == [TEXT, "Pregnancy"]


def test_english_and_markdown(run: Run, text: Path) -> None:
    assert run("parse", text, "--format", "english").out.rstrip("\n") == render(parse(TEXT)).rstrip("\n")
    assert run("parse", text, "--format", "markdown").out.rstrip("\n") == markdown(parse(TEXT)).rstrip("\n")


def test_standard_input(text: Path) -> None:
    done = process("parse", "-", stdin=TEXT.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert load(done.stdout) == parse(TEXT)


def test_output_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    words = "Hämoglobin ≥ 9 g/dL"
    done = process("parse", write(tmp_path / "a.txt", words), PYTHONIOENCODING="ascii", LC_ALL="C")
    assert load(done.stdout).text == words
    shown = process("show", tmp_path / "a.txt", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert shown.returncode == 0
    assert shown.stderr == b""


def test_the_registrys_fields_are_kept(run: Run, tmp_path: Path) -> None:
    found = load(run("parse", write(tmp_path / "a.json", json.dumps(RECORD))).out)
    assert (found.trial.id, found.trial.title) == ("NCT01234567", "A made up study")
    assert found.text == TEXT


def test_the_container_can_be_given(run: Run, tmp_path: Path) -> None:
    markup = write(tmp_path / "a.html", "<ul><li>Pregnancy</li></ul>")
    assert "<li>" not in load(run("parse", markup).out).text
    assert "<li>" in load(run("parse", markup, "--from", "text").out).text
    assert cli.CONTAINERS == CONTAINERS


# ------------------------------------------------------------------ parse, into a folder


def names(folder: Path) -> list[str]:
    return sorted(str(f.relative_to(folder)) for f in folder.rglob("*"))


def test_outputs_are_called_by_trial_or_file(run: Run, text: Path, tmp_path: Path) -> None:
    record = write(tmp_path / "download.json", json.dumps(RECORD))
    out = tmp_path / "deep" / "out"
    assert run("parse", record, text, "--out", out).code == 0
    assert run.out == ""
    assert names(out) == ["NCT01234567.json", "trial.json"]
    assert load((out / "trial.json").read_bytes()) == parse(TEXT)
    run("parse", text, "--out", out, "--format", "english")
    run("parse", text, "--out", out, "--format", "markdown")
    assert names(out) == ["NCT01234567.json", "trial.json", "trial.md", "trial.txt"]


def test_no_output_replaces_another_of_the_same_run(run: Run, tmp_path: Path) -> None:
    for place in ("a/x.txt", "b/x.txt", "b/X.txt", "b/x-2.txt"):
        write(tmp_path / "in" / place, f"Pregnancy {place}")
    assert run("parse", tmp_path / "in", "--out", tmp_path / "out").code == 0
    found = [load(f.read_bytes()).text for f in (tmp_path / "out").iterdir()]
    assert len(found) == len(set(found)) == 4
    assert len({name.casefold() for name in names(tmp_path / "out")}) == 4


def test_a_second_run_writes_the_same_files(run: Run, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("parse", tmp_path, "--out", out)
    first = {name: (out / name).read_bytes() for name in names(out)}
    assert run("parse", tmp_path, "--out", out).code == 0
    assert {name: (out / name).read_bytes() for name in names(out)} == first


def test_an_input_is_never_overwritten(run: Run, tmp_path: Path) -> None:
    record = write(tmp_path / "NCT01234567.json", json.dumps(RECORD))
    before = record.read_bytes()
    assert run("parse", record, "--out", tmp_path).code == 1
    assert run.err.count("\n") == 1
    assert "written over an input" in run.err
    assert record.read_bytes() == before


def test_a_trial_number_cannot_lead_out_of_the_folder(run: Run, tmp_path: Path) -> None:
    record = json.dumps(RECORD).replace("NCT01234567", "../../NCT01234567")
    run("parse", write(tmp_path / "in" / "a.json", record), "--out", tmp_path / "out")
    assert all(f.parent == tmp_path / "out" for f in tmp_path.rglob("*NCT*"))
    assert len(names(tmp_path / "out")) == 1


def test_no_half_written_file_stays(run: Run, text: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "trial.json").mkdir(parents=True)
    assert run("parse", text, "--out", tmp_path / "out").code == 1
    assert run.err.startswith(f"protoparse: {text}: ")
    assert names(tmp_path / "out") == ["trial.json"]


def test_a_folder_is_read_in_order_without_hidden_files(run: Run, tmp_path: Path) -> None:
    for place in ("b.txt", "a/c.txt", ".hidden", ".git/config", "a.txt"):
        write(tmp_path / place, place)
    found = json.loads(run("parse", tmp_path, "--from", "text").out)
    assert [d["text"] for d in found] == ["a.txt", "b.txt", "a/c.txt"]


# ------------------------------------------------------------------ what fails


def failures(err: str) -> list[str]:
    lines = err.splitlines()
    assert all(line.startswith("protoparse: ") for line in lines), err
    return lines


@pytest.mark.parametrize(
    ("content", "container"),
    [
        (b"", "auto"),
        (b"   \n\t\n", "auto"),
        (b"\x00\x01\x02\x03" * 100, "auto"),
        (b"%PDF-1.7\n...", "auto"),
        (b'{"protocolSection": ', "auto"),
        (b'{"protocolSection": {"eligibilityModule": {"eligibilityCriteria": "', "ctgov"),
        (b"[" * 100_000, "ctgov"),
        (b"plain words", "ctgov"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_the_rest_is_done(
    run: Run, text: Path, content: bytes, container: str
) -> None:
    bad = write(text.parent / "bad", content)
    run("parse", bad, "--from", container)
    [line] = failures(run.err)
    assert line.startswith(f"protoparse: {bad}: ")
    assert line.count(str(bad)) == 1
    assert (run.code, run.out) == (1, "")
    both = run("parse", bad, text, "--format", "ndjson", "--from", "auto")
    assert both.code == 1 if content != b"plain words" else both.code == 0
    assert load(both.out.splitlines()[-1]).text == TEXT


def test_what_is_not_there(run: Run, text: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("parse", tmp_path / "nowhere.txt", tmp_path / "empty", text).code == 1
    assert failures(run.err) == [
        f"protoparse: {tmp_path / 'nowhere.txt'}: no such file or folder",
        f"protoparse: {tmp_path / 'empty'}: a folder without files to read",
    ]
    assert len(json.loads(run.out)) == 1


def test_a_record_that_fails_does_not_stop_the_others_of_its_file(run: Run, tmp_path: Path) -> None:
    lines = write(tmp_path / "studies.jsonl", f"{json.dumps(RECORD)}\n{{}}\n{json.dumps(RECORD)}\n")
    assert run("parse", lines, "--format", "ndjson").code == 1
    assert len(failures(run.err)) == 1
    assert len(run.out.splitlines()) == 2


def test_a_name_with_a_line_break_is_still_one_line(run: Run, tmp_path: Path) -> None:
    run("parse", write(tmp_path / "a\nb\x1b[31m", ""))
    [line] = failures(run.err)
    assert r"a\nb\x1b[31m" in line


@pytest.mark.parametrize(
    "args",
    [
        ["parse"],
        ["parse", "x", "--format", "yaml"],
        ["parse", "x", "--from", "odt"],
        ["parse", "x", "--out", "y", "--format", "ndjson"],
        ["parse", "x", "--colour"],
        ["pasre", "x"],
        ["render", "x", "--format", "json"],
        [],
    ],
)
def test_wrong_usage(run: Run, args: list[str]) -> None:
    assert run(*args).code == 2
    assert "Usage: protoparse" in run.err
    assert run.out == ""


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("Age ≥ 18 \\ud800 years", id="lone surrogate in JSON"),
        pytest.param("\u202eAge\u202c \u200f≥ 18\u200e years\ufeff", id="marks of writing direction"),
        pytest.param("no history of stroke, TIA or gout (except mild) " * 2000, id="a line of 100,000 characters"),
        pytest.param("((((" * 5000, id="open brackets"),
        pytest.param("not " * 5000 + "pregnant", id="negations"),
        pytest.param("\n".join(" " * depth + "* item" for depth in range(200)), id="an outline of 200 levels"),
        pytest.param("\n".join(f"{'1.' * depth} item" for depth in range(1, 200)), id="numbers of 200 levels"),
        pytest.param("a\x00b\x07c", id="control characters"),
        pytest.param("9" * 5000 + " years", id="a number of 5,000 digits"),
        pytest.param("e\u0301" * 100 + "👩‍👩‍👧" * 50, id="combined characters"),
    ],
)
def test_odd_texts_end_in_a_document_or_in_one_line(run: Run, tmp_path: Path, words: str) -> None:
    record = json.loads(json.dumps(RECORD))
    record["protocolSection"]["eligibilityModule"]["eligibilityCriteria"] = words
    data = json.dumps(record).replace("\\\\ud800", "\\ud800")
    run("parse", write(tmp_path / "odd.json", data))
    if run.code == 0:
        assert run.err == ""
        found = load(run.out)
        assert found.criteria or found.notes
    else:
        [line] = failures(run.err)
        assert "internal error" not in line
        assert run.code == 1


def test_debug_raises_what_nobody_expected(text: Path) -> None:
    assert b"Traceback" not in process("check", text).stderr
    done = process("parse", text, "--out", text / "below", "--debug")
    assert b"Traceback" in done.stderr
    plain = process("parse", text, "--out", text / "below")
    assert (plain.returncode, plain.stderr.count(b"\n")) == (1, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes and signals")
def test_a_reader_that_goes_away_is_no_error(text: Path) -> None:
    command = [sys.executable, "-m", "protoparse", "parse", str(text), "--format", "ndjson"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == cli.BROKEN_PIPE


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes and signals")
def test_an_interruption_is_quiet() -> None:
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a background job ignores it
    command = [sys.executable, "-c", f"{heeding}; from protoparse.cli import main; raise SystemExit(main())"]
    with subprocess.Popen(
        [*command, "parse", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write(b"Inclusion Criteria:\n" * 10_000)  # more than a pipe holds: written is begun to be read
        running.stdin.flush()
        running.send_signal(signal.SIGINT)
        running.stdin.close()
        assert running.stderr.read().strip() == b""
    assert running.returncode == cli.INTERRUPTED


# ------------------------------------------------------------------ show, render, check, schema


def test_show_tells_what_was_read_and_what_was_not(run: Run, tmp_path: Path) -> None:
    run("show", write(tmp_path / "a.json", json.dumps(RECORD)))
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert lines[0] == "NCT01234567 · A made up study"
    assert lines.index("Inclusion") < lines.index("Exclusion")
    assert any("Age 18 years or older" in line for line in lines)
    assert "\x1b" not in run.out
    assert lines[-1].startswith("3 criteria, ")


def test_show_marks_unread_text(run: Run, tmp_path: Path) -> None:
    document = parse("Pregnancy")
    [criterion] = document.criteria
    unread = load(dump(document).replace(b'"unparsed":[]', b'"unparsed":[[0,4]]'))
    if criterion.unparsed:
        unread = document
    run("show", write(tmp_path / "a.json", dump(unread)))
    assert "⟦Preg" in run.out
    assert run.out.splitlines()[-1] == "1 criteria, 0 read in full, 1 with text that was not read"


def test_show_colours_a_terminal() -> None:
    screen = io.StringIO()
    document = parse("Pregnancy")
    unread = msgspec.structs.replace(document.criteria[0], rule=None, unparsed=((0, 4),))
    console = Console(file=screen, force_terminal=True, color_system="standard", width=80, highlight=False)
    Display(console).show(msgspec.structs.replace(document, criteria=(unread,)))
    assert "\x1b[30;43mPreg\x1b[0mnancy" in screen.getvalue()
    assert "⟦" not in screen.getvalue()


def test_show_indents_children_below_their_lead_in(run: Run, tmp_path: Path) -> None:
    words = "Exclusion Criteria:\n\n1. At least two of the following:\n   a) gout\n   b) mumps\n   c) measles\n"
    run("show", write(tmp_path / "a.txt", words))
    assert "  1 At least two of the following:" in run.out
    assert "at least 2 of these" in run.out
    assert "\n    1.2 mumps" in run.out


def test_render(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", dump(parse(TEXT)))
    assert run("render", file).out.rstrip("\n") == render(parse(TEXT)).rstrip("\n")
    assert run("render", file, "--format", "markdown").out.rstrip("\n") == markdown(parse(TEXT)).rstrip("\n")
    assert run("render", write(tmp_path / "b.json", "{}")).code == 1
    assert len(failures(run.err)) == 1


def test_check(run: Run, text: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("parse", text, "--out", out)
    assert run("check", out).out == "1 file checked, 0 problems\n"
    assert run.code == 0
    broken = Document(text="", criteria=parse(TEXT).criteria)
    file = write(out / "broken.json", dump(broken))
    assert run("check", out, "--no-reparse").code == 1
    *problems, last = run.out.splitlines()
    assert all(line.startswith(f"{file}: ") for line in problems)
    assert last == f"2 files checked, {len(problems)} problems"
    assert run("check", tmp_path / "nowhere.json").code == 1


def test_schema(run: Run) -> None:
    checked_in = Path(__file__).parents[1] / "docs" / "criteria.schema.json"
    assert json.loads(run("schema").out) == json.loads(checked_in.read_bytes())
    assert json.loads(run.out)["title"] == schema()["title"]


def test_help_and_version_load_nothing_heavy() -> None:
    program = (
        "import sys; from protoparse.cli import main; assert main(sys.argv[1:]) == 0;"
        "print({'spacy', 'lark', 'bs4', 'lxml', 'rich', 'numpy', 'msgspec'} & set(sys.modules))"
    )
    for args in (["--help"], ["parse", "--help"], ["check", "--help"], ["screen", "--help"], ["--version"]):
        done = subprocess.run([sys.executable, "-c", program, *args], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "set()", args
