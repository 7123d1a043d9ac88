"""How well concepts are coded: the sheet that was coded by hand, and the figures that must hold."""

from __future__ import annotations

from types import ModuleType

import pytest

from scripts import script


@pytest.fixture(scope="module")
def coding() -> ModuleType:
    return script("benchmarks", "coding")


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
