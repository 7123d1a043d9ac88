"""A clinic that never was: 30 made-up persons in OMOP's tables, with the vocabulary that they are recorded in.

All is drawn from one seed, so that it is the same every time. Persons are asked for on 2021-12-31.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

DAY = date(2021, 12, 31)
PERSONS = 30

CONDITIONS = {
    11: "Viral sinusitis", 12: "Anemia", 13: "Acute bronchitis", 14: "Otitis media", 15: "Acute viral pharyngitis",
    16: "Chronic sinusitis", 17: "Essential hypertension", 18: "Hyperlipidemia", 19: "Refractory anemia",
}  # fmt: skip
_PASSING = (11, 13, 14, 15)
DRUGS = {
    31: ("lisinopril 10 MG Oral Tablet", "314076"),
    32: ("acetaminophen 325 MG Oral Tablet", "313782"),
    33: ("hydrochlorothiazide 25 MG Oral Tablet", "310798"),
    34: ("amoxicillin 250 MG / clavulanate 125 MG Oral Tablet", "562251"),
    35: ("metformin hydrochloride 500 MG Oral Tablet", "861007"),
}
PROCEDURES = {
    51: "Colonoscopy", 52: "Echocardiography", 53: "Bone immobilization", 54: "Suture open wound",
    55: "Physical examination",
}  # fmt: skip
UNITS = {81: "kg", 82: "mm[Hg]", 83: "g/dL", 84: "10*3/uL", 85: "kg/m2", 86: "mg/dL", 87: "%", 88: "/min", 89: "U/L"}
MEASUREMENTS: dict[int, tuple[str, str, int, float, float]] = {
    71: ("Body weight", "29463-7", 81, 45, 110),
    72: ("Systolic blood pressure", "8480-6", 82, 95, 170),
    73: ("Diastolic blood pressure", "8462-4", 82, 60, 105),
    74: ("Hemoglobin [Mass/volume] in Blood", "718-7", 83, 9, 17),
    75: ("Platelets [#/volume] in Blood by Automated count", "777-3", 84, 90, 400),
    76: ("Body mass index (BMI) [Ratio]", "39156-5", 85, 17, 38),
    77: ("Cholesterol [Mass/volume] in Serum or Plasma", "2093-3", 86, 130, 260),
    78: ("Triglyceride [Mass/volume] in Serum or Plasma", "2571-8", 86, 60, 260),
    79: ("Hemoglobin A1c/Hemoglobin.total in Blood", "4548-4", 87, 5, 9),
    70: ("Creatinine [Mass/volume] in Serum or Plasma", "2160-0", 86, 0.5, 2.2),
    69: ("Heart rate", "8867-4", 88, 50, 100),
    68: ("Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "1742-6", 89, 10, 140),
    67: ("Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "1920-8", 89, 10, 120),
}
HBSAG = 66
VISITS = {9201: ("Inpatient Visit", "IP"), 9202: ("Outpatient Visit", "OP"), 9203: ("Emergency Room Visit", "ER")}
_ANSWERS = {91: "Positive", 92: "Negative", 93: "Detected"}
_Tables: TypeAlias = dict[str, list[dict[str, Any]]]
_COLUMNS = ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept")


def concepts() -> list[dict[str, Any]]:
    """The rows of CONCEPT: standard ones, and two of ICD-10-CM and an ingredient that lead to others."""
    rows = [(n, name, "Condition", "SNOMED", "S", f"c{n}") for n, name in CONDITIONS.items()]
    rows += [(n, name, "Drug", "RxNorm", "S", code) for n, (name, code) in DRUGS.items()]
    rows += [(n, name, "Procedure", "SNOMED", "S", f"p{n}") for n, name in PROCEDURES.items()]
    rows += [(n, code, "Unit", "UCUM", "S", code) for n, code in UNITS.items()]
    rows += [(n, m[0], "Measurement", "LOINC", "S", m[1]) for n, m in MEASUREMENTS.items()]
    rows += [(n, name, "Visit", "Visit", "S", code) for n, (name, code) in VISITS.items()]
    rows += [(n, name, "Meas Value", "LOINC", "S", f"LA{n}") for n, name in _ANSWERS.items()]
    rows += [
        (HBSAG, "Hepatitis B virus surface Ag [Presence] in Serum", "Measurement", "LOINC", "S", "5196-1"),
        (36, "metformin", "Drug", "RxNorm", "S", "6809"),
        (21, "Anemia, unspecified", "Condition", "ICD10CM", "", "D64.9"),
        (22, "Essential (primary) hypertension", "Condition", "ICD10CM", "", "I10"),
        (23, "Lives alone", "Observation", "SNOMED", "S", "o23"),
    ]
    return [dict(zip(_COLUMNS, (*row[:4], "", row[4]), strict=True)) | {"concept_code": row[5], "invalid_reason": ""}
            for row in rows]  # fmt: skip


def tables() -> _Tables:
    """All tables, by name."""
    random = Random(20)
    made: _Tables = {
        "concept": concepts(),
        "concept_ancestor": [
            {"ancestor_concept_id": wide, "descendant_concept_id": narrow}
            for wide, narrow in [(36, 35), (36, 36), (12, 19), (12, 12)]
        ],
        "concept_relationship": [
            {"concept_id_1": one, "concept_id_2": two, "relationship_id": "Maps to", "invalid_reason": ""}
            for one, two in [(21, 12), (22, 17)]
        ],
        "concept_synonym": [{"concept_id": 18, "concept_synonym_name": "Raised blood lipids"}],
        "cdm_source": [{"source_release_date": "2022-06-30"}],
        **{name: [] for name in ("person", "observation_period", "death")},
        **{f"{name}_occurrence": [] for name in ("condition", "procedure", "visit")},
        **{name: [] for name in ("drug_exposure", "measurement", "observation", "device_exposure")},
    }
    for person in range(1, PERSONS + 1):
        _person(person, random, made)
    made["death"].append({"person_id": 3, "death_date": "2022-03-01"})
    return made


def write(folder: Path, *tables_: str) -> Path:
    """The tables as CSV in a folder, all or those that are named."""
    for name, rows in tables().items():
        if rows and (not tables_ or name in tables_):
            with (folder / f"{name.upper()}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
    return folder


def _person(person: int, random: Random, made: _Tables) -> None:
    born = date(random.randrange(1935, 2008), random.randrange(1, 13), random.randrange(1, 28))
    sex = random.choice([8507, 8532])
    made["person"].append(
        {"person_id": person, "gender_concept_id": sex, "year_of_birth": born.year, "month_of_birth": born.month,
         "day_of_birth": born.day, "birth_datetime": "", "gender_source_value": "F" if sex == 8532 else "M"}
    )  # fmt: skip
    made["observation_period"].append(
        {"observation_period_id": person, "person_id": person, "observation_period_start_date": "2008-01-01",
         "observation_period_end_date": "2022-06-30"}
    )  # fmt: skip
    for concept in CONDITIONS:
        for _ in range(random.choice([0, 0, 0, 1, 2])):
            start = _some_day(random, 4500)
            end = start + timedelta(days=random.randrange(5, 30)) if concept in _PASSING else None
            _add(made, "condition_occurrence", person, "condition", concept, start, end)
    for concept in DRUGS:
        for _ in range(random.choice([0, 0, 1, 2, 4])):
            start = _some_day(random, 3600)
            _add(made, "drug_exposure", person, "drug", concept, start, start + timedelta(days=random.choice([7, 400])))
    for concept in PROCEDURES:
        for _ in range(random.choice([0, 0, 1, 2, 4])):
            _add(made, "procedure_occurrence", person, "procedure", concept, _some_day(random, 5000), None)
    for concept in VISITS:
        for _ in range(random.choice([0, 1, 2, 4])):
            start = _some_day(random, 4000)
            _add(made, "visit_occurrence", person, "visit", concept, start, start + timedelta(days=random.randrange(9)))
    for concept, (*_, unit, low, high) in MEASUREMENTS.items():
        days = sorted(random.sample(range(4000), random.choice([0, 2, 3, 5])))
        for back in days:
            value = round(random.uniform(low, high), 1)
            _measured(made, person, concept, DAY - timedelta(days=back), unit, value, 0, (None, 40.0))
    if random.random() < 0.7:
        _measured(made, person, HBSAG, _some_day(random, 900), 0, None, random.choice([91, 92, 92, 93]), (None, None))
    if random.random() < 0.3:
        _add(made, "observation", person, "observation", 23, _some_day(random, 900), None)


def _some_day(random: Random, within: int) -> date:
    return DAY - timedelta(days=random.randrange(within))


def _add(
    made: _Tables,
    table: str,
    person: int,
    stem: str,
    concept: int,
    start: date,
    end: date | None,
) -> None:
    when = f"{table}_" if table.endswith("exposure") else f"{stem}_"
    begin = "" if table in ("procedure_occurrence", "observation") else "start_"
    row: dict[str, Any] = {f"{table}_id": len(made[table]) + 1, "person_id": person, f"{stem}_concept_id": concept}
    row |= {f"{stem}_source_concept_id": 0, f"{stem}_source_value": "", f"{when}{begin}date": start.isoformat()}
    made[table].append(row | ({} if table == "observation" else {f"{when}end_date": end.isoformat() if end else ""}))


def _measured(
    made: _Tables, person: int, concept: int, day: date, unit: int, value: float | None,
    answer: int, limits: tuple[float | None, float | None],
) -> None:  # fmt: skip
    made["measurement"].append(
        {"measurement_id": len(made["measurement"]) + 1, "person_id": person, "measurement_concept_id": concept,
         "measurement_source_concept_id": 0, "measurement_source_value": "", "measurement_date": day.isoformat(),
         "operator_concept_id": 0, "value_as_number": value, "value_as_concept_id": answer, "value_source_value": "",
         "unit_concept_id": unit, "unit_source_value": "", "range_low": limits[0], "range_high": limits[1]}
    )  # fmt: skip
