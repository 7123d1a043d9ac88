"""Which way criteria are changed: pairs of texts, laws, and whether screening agrees."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from protoparse import cli
from protoparse.diff import Diff, diff
from protoparse.model import Age, Document, Trial, Unit
from protoparse.parsing import parse
from protoparse.screen.patient import Event, Patient
from protoparse.screen.screening import screen
from protoparse.strictness import OPPOSITE

INCLUSION = [
    # limits
    ("ANC ≥ 1.5 x 10^9/L", "ANC ≥ 1.0 x 10^9/L", "loosened"),
    ("ANC ≥ 1.0 x 10^9/L", "ANC ≥ 1.5 x 10^9/L", "tightened"),
    ("ANC ≥ 1.5 x 10^9/L", "ANC ≥ 1500/µL", "same"),
    ("ANC ≥ 1.5 x 10^9/L", "ANC ≥ 1000/mm3", "loosened"),
    ("ANC > 1.5 x 10^9/L", "ANC ≥ 1.5 x 10^9/L", "loosened"),
    ("Hemoglobin ≥ 9 g/dL", "Hemoglobin ≥ 90 g/L", "same"),
    ("Hemoglobin ≥ 9 g/dL", "Hemoglobin ≥ 100 g/L", "tightened"),
    ("Creatinine ≤ 1.5 mg/dL", "Creatinine ≤ 200 µmol/L", "loosened"),
    ("Bilirubin ≤ 1.5 x ULN", "Bilirubin ≤ 2 x ULN", "loosened"),
    ("Bilirubin ≤ 1.5 x ULN", "Bilirubin ≤ 1.5 mg/dL", None),
    ("ECOG performance status 0-2", "ECOG performance status 0-1", "tightened"),
    ("ECOG performance status 0-1", "ECOG performance status ≤ 1", "same"),
    ("BMI 18-30 kg/m2", "BMI 18-35 kg/m2", "loosened"),
    ("BMI 18-30 kg/m2", "BMI 20-35 kg/m2", None),
    ("HbA1c ≥ 7 %", "HbA1c ≥ 7.5 %", "tightened"),
    ("Life expectancy of at least 3 months", "Life expectancy of at least 6 months", "tightened"),
    # ages
    ("Age ≥ 18 years", "Age ≥ 16 years", "loosened"),
    ("Age ≥ 18 years", "Age ≥ 18 years and ≤ 75 years", "tightened"),
    ("Age 18-65 years", "Age 18-75 years", "loosened"),
    ("Age > 17 years", "Age ≥ 18 years", "same"),
    # alternatives and conjuncts
    ("Asthma or COPD", "Asthma", "tightened"),
    ("Asthma", "Asthma or COPD", "loosened"),
    ("Asthma and eczema", "Asthma", "loosened"),
    ("Gout", "Psoriasis", None),
    ("Asthma or eczema", "Eczema or asthma", "same"),
    ("Albumin ≥ 3 g/dL", "Albumin ≥ 3 g/dL and platelets ≥ 100 x 10^9/L", "tightened"),
    ("Albumin ≥ 3 g/dL or platelets ≥ 100 x 10^9/L", "Albumin ≥ 2.5 g/dL or platelets ≥ 75 x 10^9/L", "loosened"),
    ("Albumin ≥ 3 g/dL or platelets ≥ 100 x 10^9/L", "Albumin ≥ 2.5 g/dL or platelets ≥ 150 x 10^9/L", None),
    # what narrows
    ("Severe asthma", "Asthma", "loosened"),
    ("Asthma", "Severe asthma", "tightened"),
    ("Severe asthma", "Moderate or severe asthma", "loosened"),
    ("Suspected stroke", "Stroke", None),
    ("Cured gastric cancer", "Gastric cancer", None),
    # negation
    ("No history of stroke", "No history of stroke or gout", "tightened"),
    ("No severe asthma", "No asthma", "tightened"),
    ("No stroke within 6 months before screening", "No stroke within 3 months before screening", "loosened"),
    # counts and lines
    ("At least 2 prior lines of chemotherapy", "At least 1 prior line of chemotherapy", "loosened"),
    # requirements on some
    ("Pregnancy test negative", "If female, pregnancy test negative", "loosened"),
]
EXCLUSION = [
    ("ANC < 1.0 x 10^9/L", "ANC < 1.5 x 10^9/L", "tightened"),
    ("ANC < 1.5 x 10^9/L", "ANC < 1.0 x 10^9/L", "loosened"),
    ("Bilirubin > 3 x ULN", "Bilirubin ≥ 3 x ULN", "tightened"),
    ("Creatinine > 2 mg/dL", "Creatinine > 1.5 mg/dL", "tightened"),
    ("QTc > 470 ms", "QTc > 480 ms", "loosened"),
    ("Potassium > 5.5 mmol/L", "Potassium > 5.5 mEq/L", "same"),
    # windows
    ("Stroke within 3 months before screening", "Stroke within 6 months before screening", "tightened"),
    ("Stroke within 6 months before screening", "Stroke within 12 weeks before screening", "loosened"),
    ("Chemotherapy within 4 weeks before screening", "Chemotherapy within 28 days before screening", "same"),
    ("Chemotherapy within 4 weeks before screening", "Chemotherapy within 1 month before screening", "tightened"),
    ("Chemotherapy within 30 days before randomization", "Chemotherapy within 1 month before randomization", None),
    ("Surgery within 1 year before screening", "Surgery within 12 months before screening", "same"),
    ("Surgery within 4 weeks before screening", "Surgery within 4 weeks before randomization", None),
    ("Stroke within 6 months before screening", "History of stroke", "tightened"),
    ("Myocardial infarction in the last 6 months", "Myocardial infarction in the last 3 months", "loosened"),
    ("Stroke within 6 months before screening", "Stroke", None),
    # alternatives and conjuncts
    ("Asthma", "Asthma or COPD", "tightened"),
    ("Asthma or COPD", "COPD", "loosened"),
    ("Asthma requiring prednisone", "Asthma", None),
    ("Uncontrolled hypertension", "Hypertension", "tightened"),
    ("Hypertension", "Uncontrolled hypertension", "loosened"),
    ("Malignancy", "Malignancy except basal cell carcinoma", "loosened"),
    ("Malignancy except basal cell carcinoma", "Malignancy", "tightened"),
    ("Diabetes", "Diabetes unless HbA1c < 7 %", "loosened"),
    ("Malignancy within 5 years before screening", "Malignancy within 3 years before screening", "loosened"),
    ("Active hepatitis B", "Hepatitis B", "tightened"),
    ("Prednisone > 10 mg/day", "Prednisone > 20 mg/day", "loosened"),
    ("Pregnant", "Pregnant or breastfeeding", "tightened"),
    ("Gout", "Gout.", "same"),
    ("Family history of gout", "History of gout", None),
]  # fmt: skip
PAIRS = [("Inclusion", *row) for row in INCLUSION] + [("Exclusion", *row) for row in EXCLUSION]


@cache
def read(text: str) -> Document:
    return parse(text)


def listed(heading: str, *items: str) -> Document:
    return read(f"{heading} Criteria:\n\n" + "\n".join(f"* {item}" for item in items))


def way(old: Document, new: Document) -> str | None:
    return diff(old, new).direction


def test_nothing_of_itself() -> None:
    for heading, old, new, _ in PAIRS:
        for item in (old, new):
            found = diff(listed(heading, item), listed(heading, item))
            assert (found.differences, found.direction) == ((), "same")


@pytest.mark.parametrize(("heading", "old", "new", "expected"), PAIRS)
def test_which_way(heading: str, old: str, new: str, expected: str | None) -> None:
    before, after = listed(heading, old, "Informed consent"), listed(heading, new, "Informed consent")
    assert way(before, after) == expected
    turned = None if expected is None else OPPOSITE[expected]  # type: ignore[index]
    assert way(after, before) == turned


# ------------------------------------------------------------------ laws

lenient = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
ITEMS = tuple((heading, item) for heading, *items, _ in PAIRS for item in items)


def trial(picked: list[tuple[str, str]]) -> Document:
    sections = []
    for heading in ("Inclusion", "Exclusion"):
        items = [f"* {item}" for where, item in picked if where == heading]
        if items:
            sections.append(f"{heading} Criteria:\n\n" + "\n".join(items))
    return read("\n\n".join(sections))


some = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=5, unique=True)


@lenient
@given(some, some)
def test_the_other_way_round_is_the_opposite(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    there, back = diff(trial(old), trial(new)), diff(trial(new), trial(old))
    pairs = {(d.old, d.new): d.direction for d in back.differences}
    for d in there.differences:
        if (d.new, d.old) in pairs:  # of equally like partners either may be taken
            expected = None if d.direction is None else OPPOSITE[d.direction]
            assert pairs[d.new, d.old] == expected


DAY = date(2024, 6, 1)
ILLS = ("asthma", "COPD", "eczema", "gout", "stroke", "hypertension", "basal cell carcinoma", "lung cancer", "diabetes")
LABS = {
    "Absolute neutrophil count": ("10*9/L", (0.5, 1.0, 1.2, 1.5, 3)),
    "Hemoglobin": ("g/dL", (8, 9, 9.5, 10, 12)),
    "Creatinine": ("mg/dL", (0.9, 1.5, 1.7, 2, 2.2, 3)),
    "Hemoglobin A1c": ("%", (6, 7, 7.2, 7.5, 8)),
    "Platelets": ("10*9/L", (50, 80, 100, 160)),
    "Albumin": ("g/dL", (2, 2.5, 2.8, 3, 4)),
    "Body mass index": ("kg/m2", (17, 19, 25, 30, 33, 40)),
}
STATUSES = ((), ("severe",), ("moderate",), ("uncontrolled",), ("active",))


def somebody(random: Random) -> Patient:
    events = [
        Event(
            domain="condition", name=random.choice(ILLS), status=random.choice(STATUSES),
            start=f"{random.choice((2010, 2020, 2022, 2023))}-0{random.randint(1, 9)}-11",
            ongoing=random.choice((True, False, None)),
        )
        for _ in range(random.randint(0, 4))
    ]  # fmt: skip
    events += [
        Event(domain="procedure", name=name, start=f"2024-0{random.randint(1, 5)}-{random.randint(10, 28)}")
        for name in ("chemotherapy", "surgery") if random.random() < 0.5
    ]  # fmt: skip
    events += [
        Event(domain="measurement", name=name, value=random.choice(values), unit=unit, start="2024-05-20")
        for name, (unit, values) in LABS.items() if random.random() < 0.8
    ]  # fmt: skip
    complete = ("condition", "procedure", "drug") if random.random() < 0.7 else ()
    sex = random.choice(("female", "male"))
    return Patient(
        id="p", sex=sex, birth=f"{random.randint(1940, 2010)}-03-02", events=tuple(events), complete=complete
    )


def test_screening_agrees() -> None:
    """Nobody certainly passes a tightened criterion who certainly failed it before."""
    random = Random(11)
    patients = [somebody(random) for _ in range(120)]
    decided = 0
    for heading, old, new, _ in PAIRS:
        before, after = listed(heading, old, "Informed consent"), listed(heading, new, "Informed consent")
        found = way(before, after)
        if found is None:
            continue
        for patient in patients:
            was, now = (screen(x, patient, day=DAY).verdicts[0].passed for x in (before, after))
            decided += was is not None and now is not None
            assert not (found != "loosened" and now is True and was is False), (old, new, patient)
            assert not (found != "tightened" and was is True and now is False), (old, new, patient)
    assert decided > 2000


# ------------------------------------------------------------------ what came, went and moved


def outlined(text: str) -> Document:
    return read(text)


ANY_OF = "Inclusion Criteria:\n\n* Any of the following:\n    * Asthma\n    * Gout\n"
ALL_OF = "Inclusion Criteria:\n\n* All of the following:\n    * Asthma\n    * Gout\n"
NONE_OF = "Exclusion Criteria:\n\n* Any of the following:\n    * Asthma\n    * Gout\n"
TWO_OF = "Inclusion Criteria:\n\n* At least two of the following:\n    * Asthma\n    * Gout\n    * Eczema\n"
BUT = "Exclusion Criteria:\n\n* Malignancy except for the following:\n    * Basal cell carcinoma\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (ANY_OF, ANY_OF + "    * Psoriasis\n", "loosened"),
        (ALL_OF, ALL_OF + "    * Psoriasis\n", "tightened"),
        (NONE_OF, NONE_OF + "    * Psoriasis\n", "tightened"),
        (TWO_OF, TWO_OF + "    * Psoriasis\n", "loosened"),
        (TWO_OF, TWO_OF.replace("two", "three"), "tightened"),
        (ANY_OF, ANY_OF.replace("Any", "All"), "tightened"),
        (BUT, BUT + "    * Squamous cell carcinoma\n", "loosened"),
        (ANY_OF, ANY_OF.replace("Gout", "Gout or psoriasis"), "loosened"),
        (NONE_OF, "Exclusion Criteria:\n\n* Asthma\n* Gout\n", "same"),
        (NONE_OF, NONE_OF + "* Psoriasis\n", "tightened"),
        (ANY_OF, ANY_OF + "* Informed consent\n", "tightened"),
        ("Exclusion Criteria:\n\n* Gout\n", "Exclusion Criteria:\n\n* Gout\n* Asthma\n", "tightened"),
        (
            "Inclusion Criteria:\n\n* Informed consent\n* No stroke\n\nExclusion Criteria:\n\n* Gout\n",
            "Inclusion Criteria:\n\n* Informed consent\n\nExclusion Criteria:\n\n* Gout\n* Stroke\n",
            "same",
        ),
    ],
)  # fmt: skip
def test_lists(old: str, new: str, expected: str | None) -> None:
    assert way(outlined(old), outlined(new)) == expected
    assert way(outlined(new), outlined(old)) == (expected and OPPOSITE[expected])  # type: ignore[index]


def test_what_was_not_understood_has_no_direction() -> None:
    old, new = (
        listed("Exclusion", "Bilirubin > 3 x ULN as flurbed"),
        listed("Exclusion", "Bilirubin > 2 x ULN as flurbed"),
    )
    if any(c.unparsed for c in (*old.criteria, *new.criteria)):
        assert way(old, new) is None


def years(number: int) -> Age:
    return Age(value=number, unit=Unit(text="Years", ucum="a"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"minimum_age": years(18)}, {"minimum_age": years(21)}, "tightened"),
        ({"minimum_age": years(18)}, {}, "loosened"),
        ({"maximum_age": years(65)}, {"maximum_age": years(75)}, "loosened"),
        ({}, {"maximum_age": years(75)}, "tightened"),
        ({"minimum_age": years(1)}, {"minimum_age": Age(value=12, unit=Unit(text="Months", ucum="mo"))}, "same"),
        ({"sex": "all"}, {"sex": "female"}, "tightened"),
        ({"sex": "male"}, {"sex": "female"}, None),
        ({"healthy_volunteers": False}, {"healthy_volunteers": True}, "loosened"),
        ({"healthy_volunteers": False}, {}, None),
        ({"title": "A"}, {"title": "B"}, "same"),
        ({"minimum_age": years(18), "sex": "female"}, {"minimum_age": years(21), "sex": "all"}, None),
    ],
)
def test_the_registrys_fields(old: dict[str, object], new: dict[str, object], expected: str | None) -> None:
    sides = [replace(listed("Exclusion", "Gout"), trial=Trial(id="NCT00000001", **x)) for x in (old, new)]
    assert way(*sides) == expected


def test_a_missing_record_is_no_missing_limit() -> None:
    bare, full = Trial(), Trial(id="NCT00000001", minimum_age=years(18))
    old, new = (replace(listed("Exclusion", "Gout"), trial=x) for x in (bare, full))
    assert way(old, new) is None


def test_many_alternatives() -> None:
    names = ["asthma", "gout", "eczema", "psoriasis", "stroke", "anemia", "glaucoma", "epilepsy", "migraine",
             "cataract", "obesity", "scabies", "malaria", "measles"]  # fmt: skip
    old, new = (
        listed("Exclusion", ", ".join(names[:-1]) + " or pertussis"),
        listed("Exclusion", ", ".join(names) + " or pertussis"),
    )
    assert way(old, new) == "tightened"
    assert way(new, old) == "loosened"


# ------------------------------------------------------------------ the command

PAGE = "Exclusion Criteria:\n\n* Bilirubin > 3 x ULN\n* Gout\n"


def test_texts_and_records_are_parsed_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = {"eligibilityCriteria": PAGE, "minimumAge": "18 Years"}
    named = {"nctId": "NCT00000001", "briefTitle": "x"}
    record = {"protocolSection": {"identificationModule": named, "eligibilityModule": asked}}
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    (tmp_path / "old" / "a.json").write_text(json.dumps(record))
    asked |= {"eligibilityCriteria": PAGE.replace("> 3", "> 2"), "minimumAge": "16 Years"}
    (tmp_path / "new" / "a.json").write_text(json.dumps(record))
    assert cli.main(["diff", str(tmp_path / "old" / "a.json"), str(tmp_path / "new" / "a.json")]) == 1
    file = capsys.readouterr().out
    assert cli.main(["diff", str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    assert capsys.readouterr().out == file
    assert "  minimum_age 18 Years → 16 Years, loosened" in file.splitlines()
    assert "~ changed exclusion.1, tightened:" in file.splitlines()
    assert file.splitlines()[-1] == "1 of 1 trial changed: 1 tightened, 1 loosened"
    (tmp_path / "old.txt").write_text(PAGE)
    (tmp_path / "new.txt").write_text(PAGE + "* Stroke\n")
    assert cli.main(["diff", str(tmp_path / "old.txt"), str(tmp_path / "new.txt"), "--json", "-"]) == 1
    [told] = json.loads(capsys.readouterr().out)["trials"]
    assert (told["direction"], [d["direction"] for d in told["differences"]]) == ("tightened", ["tightened"])


def test_direction_is_none_where_changes_go_both_ways() -> None:
    found: Diff = diff(listed("Exclusion", "Gout", "Bilirubin > 3 x ULN"), listed("Exclusion", "Bilirubin > 2 x ULN"))
    assert found.direction is None
    assert found.directions() == {"tightened": 1, "loosened": 1}
