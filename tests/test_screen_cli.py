"""`protoparse screen`: what it writes for whom, what it says of what fails, and its page in a real browser."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, expect

from browser import Visit, chromium
from protoparse import cli
from protoparse.model import Trial, dump
from protoparse.parsing import parse
from running import Run
from test_report_page import CONTRAST

DIABETES = """Inclusion Criteria:

* Age 18 to 75 years
* Type 2 diabetes mellitus
* HbA1c between 7.0% and 10.0%

Exclusion Criteria:

* Stroke or myocardial infarction within 6 months before randomization
* Pregnancy
"""
ADULTS = "Inclusion Criteria:\n\n* Age 18 years or older\n"
CHILDREN = "Inclusion Criteria:\n\n* Age under 12 years\n"
DAY = ("--index-date", "2026-03-01")

DIABETIC: dict[str, Any] = {
    "format": "protoparse.patient/1",
    "id": "ines",
    "sex": "female",
    "birth": "1961-05",
    "events": [
        {"domain": "condition", "name": "Type 2 diabetes mellitus", "start": "2015-02", "source": "Condition/1"},
        {
            "domain": "measurement",
            "name": "Hemoglobin A1c",
            "value": 8.1,
            "unit": "%",
            "start": "2026-01-10",
            "source": "Observation/1",
        },
    ],
}
INFARCTION = {"domain": "condition", "name": "Myocardial infarction", "start": "2025-11-20", "end": "2025-11-28"}


class Screened(Run):
    """What one run of the command wrote and returned."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Screened:
    return Screened(capsys, "screen")


def trial(path: Path, text: str, id_: str | None = None, title: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dump(replace(parse(text), trial=Trial(id=id_, title=title))))
    return path


def person(path: Path, *more: Any, **fields: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(DIABETIC | {"events": [*DIABETIC["events"], *more]} | fields), "utf-8")
    return path


@pytest.fixture
def one(tmp_path: Path) -> tuple[str | Path, ...]:
    """One trial and one patient."""
    made = trial(tmp_path / "diabetes.json", DIABETES, "NCT00000001")
    return "--criteria", made, "--patients", person(tmp_path / "ines.json"), *DAY


@pytest.fixture
def several(tmp_path: Path) -> tuple[str | Path, ...]:
    """Three trials and two patients."""
    trial(tmp_path / "trials" / "a.json", DIABETES, "NCT00000001", "Sugar")
    trial(tmp_path / "trials" / "b.json", ADULTS, "NCT00000002")
    trial(tmp_path / "trials" / "c.json", CHILDREN)
    person(tmp_path / "people" / "ines.json")
    person(tmp_path / "people" / "otto.json", INFARCTION, id="otto", sex="male", birth="1950-01-02")
    return "--criteria", tmp_path / "trials", "--patients", tmp_path / "people", *DAY


# ------------------------------------------------------------------ the table


def test_one_trial_is_shown_criterion_by_criterion(run: Screened, one: Any) -> None:
    run(*one)
    assert (run.code, run.err) == (0, "")
    head, *lines = run.out.splitlines()
    assert head == "ines (female, born 1961-05) on 2026-03-01: undetermined"
    assert "  ✓ inclusion.1: person [Age] between 18 and 75 years" in lines
    assert "      Age: yes (born 1961-05)" in lines
    assert "      HbA1c: yes (Hemoglobin A1c 8.1 % on 2026-01-10, Observation/1)" in lines
    assert any(line.startswith("  ? exclusion.1: ") for line in lines)
    assert "      Stroke: unknown (nothing in the record)" in lines
    assert any(line.startswith("    Is there: stroke in the 6 months before randomization?") for line in lines)


def test_what_was_not_understood_is_said(run: Screened, one: Any, tmp_path: Path) -> None:
    text = "Inclusion Criteria:\n\n* Age 18 years or older and frobnicates the quux of it thrice\n"
    _, _, *rest = one
    run("--criteria", trial(tmp_path / "odd.json", text), *rest)
    assert run.out.startswith("ines (female, born 1961-05) on 2026-03-01: undetermined\n")
    assert "was not understood: read it" in run.out


def test_groups_have_answers_of_their_own(run: Screened, one: Any, tmp_path: Path) -> None:
    text = "Inclusion Criteria:\n\nCohort A:\n\n* Age under 12 years\n\nCohort B:\n\n* Age 18 years or older\n"
    _, _, *rest = one
    run("--criteria", trial(tmp_path / "cohorts.json", text), *rest)
    assert "  Cohort A: ineligible" in run.out.splitlines()
    assert "  Cohort B: eligible" in run.out.splitlines()
    assert run.out.startswith("ines (female, born 1961-05) on 2026-03-01: eligible\n")


def test_several_trials_are_a_line_each_the_best_first(run: Screened, several: Any) -> None:
    run(*several)
    assert (run.code, run.err) == (0, "")
    assert [line.split(maxsplit=2)[:2] for line in run.out.splitlines()] == [
        ["ines", "(female,"],
        ["NCT00000002", "eligible"],
        ["NCT00000001", "undetermined"],
        ["c", "ineligible"],
        ["otto", "(male,"],
        ["NCT00000002", "eligible"],
        ["NCT00000001", "ineligible"],
        ["c", "ineligible"],
    ]
    assert "on 2026-03-01: 1 eligible, 1 undetermined, 1 ineligible" in run.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        # that there was no stroke is known too, and is not why
        (
            "Exclusion Criteria:\n\n* History of stroke or myocardial infarction\n",
            "exclusion.1: myocardial infarction: yes",
        ),
        (
            "Exclusion Criteria:\n\n* History of any of:\n  * Stroke\n  * Myocardial infarction\n",
            "Myocardial infarction: yes",
        ),
        (
            "Inclusion Criteria:\n\n* No history of stroke or myocardial infarction\n",
            "inclusion.1: myocardial infarction: yes",
        ),
        ("Inclusion Criteria:\n\n* Age 18 years or older\n* Stroke\n", "inclusion.2: Stroke: no"),
    ],
)
def test_the_reason_is_what_decides(run: Screened, several: Any, tmp_path: Path, text: str, says: str) -> None:
    trial(tmp_path / "trials" / "a.json", text, "NCT00000001")
    run(*several, "--complete", "condition")
    _, line = [line for line in run.out.splitlines() if "NCT00000001" in line]
    assert line.startswith("  NCT00000001  ineligible   ")
    assert says in line
    assert re.search(r"“.*(?:stroke|infarction|Stroke).*”", line)


def test_top_and_answer_choose_what_is_shown(run: Screened, several: Any) -> None:
    assert "  … and 2 more (--top 0 shows all)" in run(*several, "--top", "1").out
    assert "NCT00000001" not in run.out
    assert "more (" not in run(*several, "--top", "0").out
    run(*several, "--answer", "eligible", "--answer", "ineligible")
    assert "undetermined  " not in run.out
    assert run.out.count("NCT00000002") == 2


def test_quiet_leaves_the_notes_out_and_nothing_else(run: Screened, one: Any, tmp_path: Path) -> None:
    note = {"code": "no-unit", "message": "sodium: a number without a unit"}
    person(tmp_path / "ines.json", notes=[note])
    loud = run(*one).out
    assert "  note: sodium: a number without a unit\n" in loud
    assert run(*one, "--quiet").out == loud.replace("  note: sodium: a number without a unit\n", "")


def test_no_name_moves_the_cursor(run: Screened, one: Any, tmp_path: Path) -> None:
    odd = "\x1b[2Jines\n\u202e"
    person(tmp_path / "ines.json", {"domain": "condition", "name": f"gout {odd}"}, id=odd, notes=[])
    trial(tmp_path / "diabetes.json", "Exclusion Criteria:\n\n* gout\n", odd)
    trial(tmp_path / "two" / "a.json", ADULTS, odd)
    trial(tmp_path / "two" / "b.json", ADULTS)
    for criteria in ("diabetes.json", "two"):
        run(*one, "--criteria", tmp_path / criteria)
        assert run.code == 0
        assert not {"\x1b", "\u202e"} & set(run.out)


# ------------------------------------------------------------------ JSON


def test_every_reason_points_at_real_places_and_events(run: Screened, several: Any, tmp_path: Path) -> None:
    run(*several, "--format", "json")
    assert run.code == 0
    assert [(line["patient"], line["trial"], line["answer"]) for line in run.lines] == [
        ("ines", "NCT00000001", "undetermined"),
        ("ines", "NCT00000002", "eligible"),
        ("ines", "c", "ineligible"),
        ("otto", "NCT00000001", "ineligible"),
        ("otto", "NCT00000002", "eligible"),
        ("otto", "c", "ineligible"),
    ]
    texts = {"NCT00000001": DIABETES, "NCT00000002": ADULTS, "c": CHILDREN}
    records = {name: json.loads((tmp_path / "people" / f"{name}.json").read_text()) for name in ("ines", "otto")}
    shown = 0
    for line in run.lines:
        text, record = texts[line["trial"]], records[line["patient"]]
        assert line["day"] == "2026-03-01"
        for criterion in line["criteria"]:
            start, end = criterion["span"]
            for fact in criterion["facts"]:
                first, last = fact["span"]
                assert start <= first < last <= end
                assert fact["text"] in text[first:last]
                for event in fact["events"]:
                    who = {"birth": record["birth"], "sex": record["sex"]}
                    if event["domain"] == "person":
                        assert who[event["name"]] == event.get("start", event.get("value"))
                    else:
                        assert event in record["events"]
                    shown += 1
                assert fact["events"] or fact["why"] != "decided"
        waiting = {c["id"] for c in line["criteria"] if c["passed"] is None}
        for question in line["to_include"] + line["to_exclude"]:
            assert set(question["criteria"]) <= waiting
        assert bool(line["to_include"]) is (line["answer"] == "undetermined")
    assert shown >= 5


def test_json_holds_what_is_asked_for(run: Screened, several: Any, tmp_path: Path) -> None:
    run(*several, "--format", "json", "--answer", "eligible")
    assert [line["answer"] for line in run.lines] == ["eligible", "eligible"]
    out = tmp_path / "new" / "found.ndjson"
    assert run(*several, "--format", "json", "--out", out).out == ""
    assert len(out.read_text().splitlines()) == 6


# ------------------------------------------------------------------ days, windows, what a record says


def verdicts(run: Screened) -> dict[str, bool | None]:
    [line] = run.lines
    return {criterion["id"]: criterion["passed"] for criterion in line["criteria"]}


def test_windows_are_counted_from_the_day_or_the_anchor_s(run: Screened, one: Any, tmp_path: Path) -> None:
    person(tmp_path / "ines.json", INFARCTION)
    args = (*one, "--format", "json")
    assert verdicts(run(*args))["exclusion.1"] is False
    assert verdicts(run(*args, "--index-date", "2027-03-01"))["exclusion.1"] is not False
    later = ("--anchor", "randomization=2026-08-01", "--complete", "condition")
    assert verdicts(run(*args, *later))["exclusion.1"] is True
    assert verdicts(run(*args, *later, "--anchor", "screening=2026-03-01"))["exclusion.1"] is True


def test_a_value_stands_for_today_so_long(run: Screened, one: Any) -> None:
    args = (*one, "--format", "json")
    assert verdicts(run(*args))["inclusion.3"] is True
    assert verdicts(run(*args, "--recent", "49"))["inclusion.3"] is None
    assert verdicts(run(*args, "--recent", "50"))["inclusion.3"] is True


def test_a_complete_record_settles_what_is_not_in_it(run: Screened, one: Any) -> None:
    args = (*one, "--format", "json")
    assert run(*args).lines[0]["answer"] == "undetermined"
    assert run(*args, "--complete", "condition", "--complete", "drug").lines[0]["answer"] == "eligible"


def test_without_a_day_it_is_today(run: Screened, one: Any) -> None:
    before = date.today()
    found = run(*one[:-2], "--format", "json").lines[0]["day"]
    assert before <= date.fromisoformat(found) <= date.today()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--index-date", "2026-02-30"], "'2026-02-30' is no day: write 2026-03-07"),
        (["--index-date", "tomorrow"], "'tomorrow' is no day: write 2026-03-07"),
        (["--anchor", "randomization=soon"], "'soon' is no day"),
        (["--anchor", "randomization"], "'randomization' names no day: write randomization=2026-03-07"),
        (["--anchor", "full_moon=2026-03-07"], "'full_moon' is none of informed_consent, "),
        (["--complete", "conditions"], "domain 'conditions' is none of person, condition, "),
        (["--answer", "perhaps"], "'perhaps'"),
        (["--recent", "-1"], "-1"),
        (["--top", "-1"], "-1"),
        (["--format", "xml"], "'xml'"),
    ],
)
def test_wrong_usage(run: Screened, one: Any, args: list[str], says: str) -> None:
    run(*one, *args)
    assert (run.code, run.out) == (2, "")
    assert says in run.err.splitlines()[-1]
    assert args[0] in run.err


def test_criteria_and_patients_must_be_given(run: Screened, one: Any) -> None:
    assert run(*one[:2]).code == 2
    assert run(*one[2:]).code == 2


# ------------------------------------------------------------------ what fails, and the rest is done


def test_a_broken_patient_is_a_line_and_the_others_are_done(run: Screened, several: Any, tmp_path: Path) -> None:
    (tmp_path / "people" / "jane.json").write_text('{"format": "protoparse.patient/1", "id"')
    for form in ("table", "json", "html"):
        run(*several, "--format", form)
        assert run.code == 1
        [line] = run.err.splitlines()
        assert line.startswith(f"protoparse: {tmp_path / 'people' / 'jane.json'}: ")
        assert "ines" in run.out
        assert "otto" in run.out


def test_a_broken_line_among_patients(run: Screened, one: Any, tmp_path: Path) -> None:
    lines = tmp_path / "people.ndjson"
    good = (tmp_path / "ines.json").read_text()
    lines.write_text(f"{good}\n{good.replace('1961-05', '1961-13').replace('ines', 'jane')}\n{good}\n")
    run(*one, "--patients", lines)
    assert run.code == 1
    assert [line for line in run.out.splitlines() if line.startswith("ines")] != []
    [line] = run.err.splitlines()
    assert line.startswith(f"protoparse: {lines}:2: ")
    assert "$.birth" in line
    assert "  note: another patient of the same id came before" in run.out.splitlines()


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("missing.json", None, "No such file or directory"),
        ("empty.json", "", "the file is empty"),
        ("none.json", "[]", "no patients in it"),
        ("trial.json", '{"text": "Pregnancy"}', "neither a patient (protoparse.patient/1) nor FHIR"),
    ],
)
def test_no_patients(run: Screened, one: Any, tmp_path: Path, name: str, content: str | None, cause: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    run(*one, "--patients", tmp_path / name)
    assert (run.code, run.out) == (1, "")
    assert run.err == f"protoparse: {tmp_path / name}: {cause}\n"


def test_no_password_is_shown(run: Screened, one: Any, tmp_path: Path) -> None:
    run(*one, "--patients", f"postgresql://me:secret@/cdm?host={tmp_path}&password=secret")
    assert run.code == 1
    [line] = run.err.splitlines()
    assert line.startswith("protoparse: postgresql:///cdm: ")
    assert "secret" not in line


@pytest.mark.parametrize(
    ("content", "cause"),
    [(None, "no such file or folder"), ("Pregnancy", "JSON is malformed: "), ('{"text": 1}', "Expected `str`")],
)
def test_no_criteria(run: Screened, one: Any, tmp_path: Path, content: str | None, cause: str) -> None:
    place = tmp_path / "other.json"
    if content is not None:
        place.write_text(content)
    run(*one, "--criteria", place)
    assert (run.code, run.out) == (1, "")
    [line] = run.err.splitlines()
    assert line.startswith(f"protoparse: {place}: ")
    assert cause in line


def test_a_trial_that_comes_twice_is_told(run: Screened, several: Any, tmp_path: Path) -> None:
    trial(tmp_path / "trials" / "z.json", CHILDREN, "NCT00000002")
    run(*several, "--answer", "eligible")
    assert run.code == 1
    first, second = (tmp_path / "trials" / name for name in ("b.json", "z.json"))
    assert run.err == f"protoparse: {second}: NCT00000002 is in {first} already\n"
    assert run.out.count("NCT00000002") == 2


@pytest.mark.parametrize("form", ["table", "json", "html"])
def test_a_file_is_written_whole_or_not_at_all(run: Screened, several: Any, tmp_path: Path, form: str) -> None:
    out = tmp_path / "new" / "found"
    assert (run(*several, "--format", form, "--out", out).code, run.out) == (0, "")
    whole = out.read_text("utf-8")
    assert "otto" in whole
    assert [path.name for path in out.parent.iterdir()] == ["found"]
    assert run(*several, "--format", form).out == whole
    blocked = out / "below"
    assert run(*several, "--format", form, "--out", blocked).code == 1
    [line] = run.err.splitlines()
    assert line.startswith(f"protoparse: {blocked}: ")
    assert out.read_text("utf-8") == whole


@pytest.mark.parametrize(
    "bad", ['{"format": "protoparse.criteria/1", "text"', "{}", "Pregnancy", '["a"]', "\x00\ufeff"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_broken_line_among_criteria(run: Screened, one: Any, tmp_path: Path, bad: str, place: int, end: str) -> None:
    names = ("NCT00000001", "NCT00000002")
    lines = [trial(tmp_path / f"{name}.json", ADULTS, name).read_text() for name in names]
    lines.insert(place, bad)
    many = tmp_path / "criteria" / "documents.ndjson"
    many.parent.mkdir()
    many.write_bytes(end.join(lines).encode())
    number = 1 + place * (2 if end == "\n\n" else 1)
    for given in (many, many.parent):
        run(*one, "--criteria", given, "--format", "json")
        assert run.code == 1
        assert [line["trial"] for line in run.lines] == list(names)
        [line] = run.err.splitlines()
        assert line.startswith(f"protoparse: {many}:{number}: ")


def test_a_broken_member_of_a_list(run: Screened, one: Any, tmp_path: Path) -> None:
    good = dict(zip(("--criteria", "--patients"), (Path(one[1]).read_text(), Path(one[3]).read_text()), strict=True))
    for option, place in (("--criteria", ": document 2"), ("--patients", ": 2 of the list")):
        (tmp_path / "list.json").write_text(f'[{good[option]}, {{"format": 1}}, {good[option].replace("000001", "2")}]')
        run(*one, option, tmp_path / "list.json", "--format", "json")
        assert (run.code, len(run.lines)) == (1, 2)
        [line] = run.err.splitlines()
        assert line.startswith(f"protoparse: {tmp_path / 'list.json'}{place}: Expected")


def test_a_document_over_several_lines_is_one(run: Screened, one: Any, tmp_path: Path) -> None:
    for option, given in zip(("--criteria", "--patients"), (one[1], one[3]), strict=True):
        whole = json.loads(Path(given).read_text())
        for text in (json.dumps(whole, indent=1), "{" + json.dumps(whole)[1:-1].replace("{", "\n{") + "\n}"):
            (tmp_path / "long.json").write_text(text)
            run(*one, option, tmp_path / "long.json")
            assert (run.code, run.err) == (0, "")


def packed(path: Path, *, broken: bool = False) -> Path:
    place = path.with_name(f"{path.name}.gz")
    place.write_bytes(gzip.compress(path.read_bytes())[: -9 if broken else None])
    return place


def test_what_is_in_gzip(run: Screened, one: Any, several: Any, tmp_path: Path) -> None:
    wanted = run(*one).out
    criteria, people = packed(Path(one[1])), packed(Path(one[3]))
    assert run("--criteria", criteria, "--patients", people, *DAY).out == wanted
    wanted = run(*several, "--format", "json").out
    for path in [*(tmp_path / "trials").iterdir(), *(tmp_path / "people").iterdir()]:
        packed(path)
        path.unlink()
    assert run(*several, "--format", "json").out == wanted
    for option in ("--criteria", "--patients"):
        broken = packed(Path(one[1]), broken=True)
        run(*one, option, broken)
        assert (run.code, run.out) == (1, "")
        [line] = run.err.splitlines()
        assert line.startswith(f"protoparse: {broken}: broken gzip: ")


@pytest.mark.parametrize("option", ["--criteria", "--patients"])
@pytest.mark.parametrize("gz", [False, True])
def test_standard_input(run: Screened, one: Any, option: str, gz: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = run(*one).out
    data = Path(one[1] if option == "--criteria" else one[3]).read_bytes()
    for given, code in ((data, 0), (data[:-9], 1)):
        stdin = io.TextIOWrapper(io.BytesIO(gzip.compress(given) if gz else given))
        monkeypatch.setattr(sys, "stdin", stdin)
        run(*one, option, "-")
        assert (run.code, run.out) == (code, "" if code else wanted)
        assert len(run.err.splitlines()) == code


def test_standard_input_is_one_side_only(run: Screened) -> None:
    assert run("--criteria", "-", "--patients", "-").code == 2
    assert "standard input" in run.err


# ------------------------------------------------------------------ criteria of a batch, patients of FHIR


def test_what_a_batch_wrote_is_criteria(run: Screened, one: Any, tmp_path: Path) -> None:
    listings = tmp_path / "dump.ndjson"
    records = [{"id": "NCT00000007", "text": ADULTS}, {"id": "NCT00000008", "text": CHILDREN}]
    listings.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert cli.main(["batch", str(listings), "--out", str(tmp_path / "criteria"), "--quiet"]) == 0
    for place in (tmp_path / "criteria", tmp_path / "criteria" / "documents.ndjson"):
        run(*one, "--criteria", place, "--format", "json")
        assert (run.code, run.err) == (0, "")
        answers = {line["trial"]: line["answer"] for line in run.lines}
        assert answers == {"NCT00000007": "eligible", "NCT00000008": "ineligible"}


def test_a_bundle_is_a_patient(run: Screened, one: Any, tmp_path: Path) -> None:
    resources = [
        {"resourceType": "Patient", "id": "uma", "gender": "female", "birthDate": "2019-06-01"},
        {"resourceType": "Device", "id": "d"},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    run(*one, "--patients", tmp_path / "bundle.json")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("uma (female, born 2019-06-01) on 2026-03-01: ineligible\n")


# ------------------------------------------------------------------ the page

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & {{ 7*7 }}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of three trials and three patients, two of one name, with what is meant to do harm in every name."""
    folder = tmp_path_factory.mktemp("screening")
    trial(folder / "trials" / "a.json", DIABETES, "NCT00000001", HOSTILE)
    trial(folder / "trials" / "b.json", f"Inclusion Criteria:\n\n* Age 18 years or older {HOSTILE}\n", HOSTILE)
    trial(folder / "trials" / "c & <d>.json", CHILDREN)
    person(folder / "people" / "1.json")
    person(folder / "people" / "2.json", INFARCTION, birth="1950-01-02")
    note = {"code": "no-name", "message": HOSTILE}
    odd = {"domain": "condition", "name": f"Pregnancy {HOSTILE}", "start": "2026-01", "source": HOSTILE}
    person(folder / "people" / "3.json", odd, id=HOSTILE, notes=[note])
    page = folder / "page.html"
    args = ["--criteria", folder / "trials", "--patients", folder / "people", *DAY, "--format", "html", "--out", page]
    assert cli.main(["screen", *map(str, args)]) == 0
    return page


@pytest.fixture
def visit(browser: Browser, path: Path) -> Iterator[Visit]:
    with Visit(browser, path) as found:
        yield found
        assert found.requests == [path.as_uri()]
        assert found.complaints == []


def test_the_page_shows_patients_trials_and_criteria(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Who may take part")
    patients = page.get_by_role("region", name="Patients").get_by_role("rowheader")
    # patients of one name are told apart
    expect(patients).to_have_text(["ines", "ines (2)", HOSTILE])
    assert page.get_by_role("region", name="Trials").locator("summary").count() == 3
    expect(page.locator("#count")).to_have_text("21 criteria")


def test_numbers_lead_to_their_criteria(visit: Visit) -> None:
    page = visit.page
    row = page.get_by_role("region", name="Patients").locator("tr", has=page.get_by_role("rowheader", name="ines (2)"))
    expect(row.get_by_role("cell")).to_contain_text(["male", "1950-01-02", "", "", "", ""])
    row.get_by_role("link").last.click()
    expect(page.get_by_label("Patient", exact=True)).to_have_value("ines (2)")
    expect(page.get_by_label("Answer of the trial", exact=True)).to_have_value("ineligible")


@pytest.mark.parametrize("patient", range(3))
def test_every_number_of_a_trial_is_that_of_its_criteria(visit: Visit, patient: int) -> None:
    page = visit.page
    trials = page.get_by_role("region", name="Trials").locator("details").nth(patient)
    links = trials.locator("tbody a")
    for n in range(links.count()):
        if not trials.evaluate("details => details.open"):
            trials.locator("summary").click()
        count = links.nth(n).inner_text()
        links.nth(n).click()
        expect(page.locator("#count")).to_have_text(f"{count} criteri{'on' if count == '1' else 'a'} of 21")


def test_a_link_from_elsewhere_chooses(browser: Browser, path: Path) -> None:
    with Visit(browser, path, at="#items?patient=ines&document=NCT00000001&verdict=passed&why=decided") as visit:
        shown = visit.page.locator("#list > li")
        expect(shown).to_have_count(4)
        expect(shown.nth(2)).to_contain_text("HbA1c: yes (Hemoglobin A1c 8.1 % on 2026-01-10, Observation/1)")
        expect(shown.nth(2).locator("mark")).to_contain_text("HbA1c between 7.0% and 10.0%")
        expect(shown.nth(3)).to_contain_text("Pregnancy: no (female, born 1961-05)")
        assert visit.complaints == []


def test_hostile_names_are_text(visit: Visit) -> None:
    page = visit.page
    page.get_by_label("Patient", exact=True).select_option(HOSTILE)
    page.get_by_label("Criterion", exact=True).select_option("failed")
    expect(page.locator("#list > li").first).to_contain_text("<img src=x onerror=alert(2)>")
    assert page.locator("img").count() == 0
    assert page.evaluate("document.querySelectorAll('body script').length") == 2
    assert "49" not in page.locator("body").inner_text()


def test_the_page_is_in_order(visit: Visit) -> None:
    page = visit.page
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("table:not(:has(th[scope]))").count() == 0
    unnamed = "[...document.querySelectorAll('select, input')].filter(e => !e.labels.length).length"
    assert page.evaluate(unnamed) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read(browser: Browser, path: Path, scheme: Any) -> None:
    with Visit(browser, path, scheme=scheme) as visit:
        assert visit.page.evaluate(CONTRAST) == []


def test_a_narrow_screen_is_not_overrun(browser: Browser, path: Path) -> None:
    with Visit(browser, path, width=380) as visit:
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 380


def test_a_page_of_chosen_answers_counts_the_others_too(
    run: Screened, several: Any, browser: Browser, tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    run(*several, "--format", "html", "--answer", "undetermined", "--out", out)
    with Visit(browser, out) as visit:
        row = visit.page.get_by_role("region", name="Patients").locator("tbody tr").first
        assert row.get_by_role("cell").all_inner_texts()[2:5] == ["1", "1", "1"]
        assert row.get_by_role("link").all_inner_texts() == ["1"]
        row.get_by_role("link").click()
        expect(visit.page.locator("#list > li")).to_have_count(5)
        assert visit.complaints == []
