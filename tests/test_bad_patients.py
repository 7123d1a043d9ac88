"""Records with something wrong in them, from file to answer: a note, unknown where it matters, the rest decided."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from factories import criterion, document, fact
from protoparse import cli
from protoparse.model import Code, Comparison, Concept, Domain, Fact, dump
from protoparse.parsing import parse
from protoparse.screen import Event, Patient, screen
from test_patients import PERSON, about, bundle, quantity, words

TRIAL = """Inclusion Criteria:

* Age 18 to 75 years
* Hemoglobin > 9 g/dL
* Metformin within 30 days before screening

Exclusion Criteria:

* History of stroke
"""
AGE, BLOOD, DRUG, STROKE = "inclusion.1", "inclusion.2", "inclusion.3", "exclusion.1"
MADE = "2026-02-20T10:00:00Z"


def blood(id_: str = "hb", value: Any = None, day: str = "2026-02-01", **fields: Any) -> Any:
    found = quantity(12, "g/dL") if value is None else value
    given = {"status": "final", "effectiveDateTime": day, "code": words("Hemoglobin"), "valueQuantity": found}
    return about("Observation", id_, **given | fields)


METFORMIN = about(
    "MedicationRequest",
    "m",
    status="active",
    intent="order",
    medicationCodeableConcept=words("Metformin 500 MG"),
    authoredOn="2026-02-10",
)
GONE = {name: said for name, said in METFORMIN.items() if name != "medicationCodeableConcept"}
GONE |= {"medicationReference": {"reference": "Medication/gone"}}
STROKE_OF_NOBODY = {"resourceType": "Condition", "id": "s", "code": words("Stroke"), "onsetDateTime": "2020"}
STROKE_OF_NOBODY["subject"] = {"reference": "Patient/nobody"}


class Record:
    """A record screened by the command line: the answer, and what is said of each criterion."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], *resources: Any, person: Any = PERSON) -> None:
        (folder / "trial.json").write_bytes(dump(parse(TRIAL)))
        (folder / "bundle.json").write_bytes(bundle(person, *resources, timestamp=MADE))
        args = ["--criteria", folder / "trial.json", "--patients", folder / "bundle.json", "--index-date", "2026-03-01"]
        args += ["--complete", "condition", "--complete", "drug"]
        capsys.readouterr()
        assert cli.main(["screen", *map(str, args), "--format", "json"]) == 0
        found, err = capsys.readouterr()
        assert err == ""
        [line] = [json.loads(line) for line in found.splitlines()]
        self.answer = line["answer"]
        self.passed = {c["id"]: c["passed"] for c in line["criteria"]}
        self.why = {c["id"]: c["facts"][0]["why"] for c in line["criteria"]}
        self.events = {c["id"]: len(c["facts"][0]["events"]) for c in line["criteria"]}
        self.notes = [note["code"] for note in line["notes"]]
        assert cli.main(["screen", *map(str, args)]) == 0
        shown, _ = capsys.readouterr()
        for note in line["notes"]:
            assert f"  note: {note['message']}\n" in shown


def test_a_good_record_is_decided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Record(tmp_path, capsys, blood(), METFORMIN)
    assert (found.answer, found.notes) == ("eligible", [])


NO_BIRTH = {name: said for name, said in PERSON.items() if name != "birthDate"}


@pytest.mark.parametrize(
    ("resources", "person", "note", "unknown", "why"),
    [
        pytest.param([blood(), METFORMIN], NO_BIRTH, "no-birth", AGE, "no-data", id="no birth"),
        pytest.param(
            [blood(), METFORMIN], PERSON | {"birthDate": "1961-02-30"}, "bad-day", AGE, "no-data", id="no such birth"
        ),
        pytest.param(
            [blood(), METFORMIN], PERSON | {"deceasedDateTime": "1950"}, "bad-birth", AGE, "no-data", id="dead, born"
        ),
        pytest.param(
            [blood(value={"value": 12, "unit": "blobs"}), METFORMIN],
            PERSON, "unknown-unit", BLOOD, "no-unit", id="unknown unit",
        ),
        pytest.param([blood(value={"value": 12}), METFORMIN], PERSON, "no-unit", BLOOD, "no-unit", id="no unit"),
        pytest.param([blood(day="2026-05-01"), METFORMIN], PERSON, "future", BLOOD, "no-data", id="a day to come"),
        pytest.param([blood(day="2026-02-31"), METFORMIN], PERSON, "bad-day", BLOOD, "undated", id="no such day"),
        pytest.param(
            [blood(subject={"reference": "Patient/nobody"}), METFORMIN],
            PERSON, "broken-reference", BLOOD, "no-data", id="about nobody",
        ),
        pytest.param(
            [blood(), METFORMIN, STROKE_OF_NOBODY],
            PERSON, "broken-reference", STROKE, "no-data", id="a stroke of nobody",
        ),
        pytest.param([blood(), GONE], PERSON, "broken-reference", DRUG, "no-data", id="a drug that is not there"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_noted_and_unknown(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    resources: list[Any],
    person: Any,
    note: str,
    unknown: str,
    why: str,
) -> None:
    found = Record(tmp_path, capsys, *resources, person=person)
    assert note in found.notes
    assert found.passed == dict.fromkeys((AGE, BLOOD, DRUG, STROKE), True) | {unknown: None}
    assert found.why[unknown] == why
    # who is said to have died takes part in nothing, whenever it was
    assert found.answer == ("ineligible" if "deceasedDateTime" in person else "undetermined")


def test_what_comes_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Record(tmp_path, capsys, blood(), METFORMIN, blood(), METFORMIN, blood())
    assert (found.answer, set(found.notes)) == ("eligible", {"duplicate"})
    assert (found.events[BLOOD], found.events[DRUG]) == (1, 1)


def test_values_of_one_day_that_disagree_decide_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    low = blood("low", value=quantity(8, "g/dL"))
    found = Record(tmp_path, capsys, blood(), low, METFORMIN)
    assert (found.passed[BLOOD], found.events[BLOOD], found.answer) == (None, 2, "undetermined")
    same = Record(tmp_path, capsys, blood(), blood("again", value=quantity(120, "g/L")), METFORMIN)
    assert (same.passed[BLOOD], same.answer) == (True, "eligible")


def test_an_older_value_stands_in_for_none_to_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Record(tmp_path, capsys, blood(), blood("later", value=quantity(8, "g/dL"), day="2026-05-01"), METFORMIN)
    assert (found.passed[BLOOD], found.events[BLOOD], found.notes) == (True, 1, ["future"])


def test_the_dead_are_shown_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Record(tmp_path, capsys, blood(), METFORMIN, person=PERSON | {"deceasedDateTime": "2026-02-25"})
    args = ["--criteria", tmp_path / "trial.json", "--patients", tmp_path / "bundle.json", "--index-date", "2026-03-01"]
    assert cli.main(["screen", *map(str, args)]) == 0
    shown, _ = capsys.readouterr()
    assert shown.startswith("ada (female, born 1961-05-03, died 2026-02-25) on 2026-03-01: ")


LONG = ["a ", "in ", "a-", "(", "a of ", "1 mg / ", "  ", "allergy to ", "9"]
DOMAINS: list[Domain] = ["condition", "drug", "measurement", "observation", "allergy"]


def screened(event: Event, asked: Fact) -> Any:
    """What is known of a fact of a trial, and how long it took to know."""
    begun = time.process_time()
    found = screen(document(criterion(asked)), Patient(id="p", events=(event,)), day=date(2026, 3, 1))
    return found.verdicts[0].holds, time.process_time() - begun


@pytest.mark.parametrize("words", LONG)
@pytest.mark.parametrize("domain", DOMAINS)
def test_a_text_where_a_name_should_be(words: str, domain: Domain) -> None:
    """It is of no kind and takes no longer than a name, in a record and in a criterion."""
    text = f"Stroke {words * 50_000}"
    value = Comparison(operator=">", value=1) if domain == "measurement" else None
    for event in (
        Event(domain=domain, name=text, start="2026-02"),
        Event(domain=domain, name="Stroke", value=text, start="2026-02"),
    ):
        for what in ("stroke", text):
            holds, took = screened(event, fact(what, domain=domain, value=value))
            assert holds is None or what != text
            assert took < 5


def test_a_text_with_a_code_is_known_by_it() -> None:
    codes = (Code(system="SNOMED", code="230690007"),)
    coded = Event(domain="condition", name="Stroke " * 500, codes=codes, start="2025", ongoing=True)
    stroke = Concept(text="stroke", name="stroke", codes=coded.codes)
    assert screened(coded, fact(stroke))[0] is True
    assert screened(replace(coded, codes=()), fact(stroke))[0] is None
