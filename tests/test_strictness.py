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
    ("Chemotherapy within 4 weeks before randomization", "Chemotherapy within 28 days before randomization", "same"),
    ("Chemotherapy within 4 weeks before randomization", "Chemotherapy within 1 month before randomization", "tightened"),
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
