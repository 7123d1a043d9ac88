"""How well concepts are coded: the sheet that was coded by hand, and the figures that must hold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def coding() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coding", BENCHMARKS / "coding.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coding"] = module
    spec.loader.exec_module(module)
    return module


def test_the_sheet_is_two_hundred_phrases_each_once(coding: ModuleType) -> None:
    sheet = coding.rows(coding.SHEET)
    assert len(sheet) == len({row.phrase.lower() for row in sheet}) == 200
    assert {row.domain for row in sheet} == {"condition", "drug", "measurement"}
    assert {code.split(" ")[0] for row in sheet for code in row.codes} == {"MeSH", "ICD-10-CM", "DrugBank", "LOINC"}


def test_codes_are_right_and_many(coding: ModuleType) -> None:
    figures = coding.measure(coding.rows(coding.SHEET))
    assert figures.precision >= 0.85
    assert figures.coverage >= 0.65


def test_a_wrong_code_and_a_missing_one_are_counted(coding: ModuleType) -> None:
    sheet = [
        coding.Row("asthma", "condition", frozenset({"MeSH D001249"})),
        coding.Row("gout", "condition", frozenset({"MeSH D000000"})),
        coding.Row("widget syndrome", "condition", frozenset({"MeSH D000001"})),
        coding.Row("disease", "condition", frozenset()),
    ]
    assert coding.measure(sheet) == (2, 1, 3, 2)
