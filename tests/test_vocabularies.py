"""The tables of codes: well-formed, sourced, one row for each name, and in their normal form."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from protoparse.concepts.wording import normal

FOLDER = files("protoparse.concepts") / "vocabularies"
SHEETS = {"conditions": 15_000, "drugs": 14_000, "habits": 500, "procedures": 2_000}
SYSTEMS = {
    "MeSH": r"D\d{6}(\d{3})?",
    "ICD-10-CM": r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?",
    "DrugBank": r"DB\d{5}",
}
SOURCES = {"MeSH", "ICD-10-CM", "DO", "MONDO", "DrugBank", "own"}

each_sheet = pytest.mark.parametrize("sheet", SHEETS)


def lines(sheet: str) -> list[str]:
    return (FOLDER / f"{sheet}.tsv").read_text("utf-8").splitlines()


def rows(sheet: str) -> list[list[str]]:
    return [line.split("\t") for line in lines(sheet) if not line.startswith("#")][1:]


@each_sheet
def test_a_sheet_says_where_it_comes_from_and_on_what_terms(sheet: str) -> None:
    head = "\n".join(line for line in lines(sheet) if line.startswith("#"))
    for word in ("vocabularies/build.py", "U.S. National Library of Medicine", "NLM does not endorse"):
        assert word in head
    assert ("DrugBank open vocabulary: CC0" in head) == (sheet == "drugs")
    assert ("work of the U.S. government" in head) == (sheet == "conditions")
    for word in ("SNOMED", "UMLS"):
        assert word not in head


@each_sheet
def test_a_sheet_has_its_size_and_its_columns(sheet: str) -> None:
    assert next(line for line in lines(sheet) if not line.startswith("#")) == "name\tcodes\tforms\tsources"
    assert len(rows(sheet)) >= SHEETS[sheet]
    assert [row for row in rows(sheet) if len(row) != 4 or not all(row)] == []


@each_sheet
def test_every_row_is_sourced(sheet: str) -> None:
    assert [row for row in rows(sheet) if not set(row[3].split("+")) <= SOURCES] == []


@each_sheet
def test_every_code_is_one_of_its_system(sheet: str) -> None:
    for row in rows(sheet):
        for code in row[1].split("|"):
            system, _, value = code.partition(":")
            assert re.fullmatch(SYSTEMS[system], value), row
        assert len({c.partition(":")[0] for c in row[1].split("|")}) == row[1].count("|") + 1


@each_sheet
def test_no_name_stands_twice(sheet: str) -> None:
    forms = [form for row in rows(sheet) for form in row[2].split("|")]
    assert len(forms) == len(set(forms))


@each_sheet
def test_every_name_is_in_its_normal_form(sheet: str) -> None:
    forms = [form for row in rows(sheet) for form in row[2].split("|")]
    assert [form for form in forms[::7] if form != " ".join(sorted(form.split(" ")))] == []
    assert [row[0] for row in rows(sheet) if row[0] != row[0].lower()] == []


def test_the_tables_are_small() -> None:
    folders = (FOLDER, files("protoparse.lexicon"), files("protoparse.concepts"))
    entries = [entry for folder in folders for entry in folder.iterdir() if entry.name.endswith((".tsv", ".npz"))]
    sizes = [len(entry.read_bytes()) for entry in entries]
    assert sum(sizes) <= 15_000_000


def test_own_rows_stand_in_their_sheets() -> None:
    source = Path(__file__).parents[1] / "vocabularies" / "own.tsv"
    if not source.exists():
        pytest.skip("not in this distribution")
    for line in source.read_text("utf-8").splitlines():
        if line.startswith(("#", "sheet\t")):
            continue
        sheet, codes, phrases = line.split("\t")
        assert sheet in SHEETS
        if all(code.endswith(":-") for code in codes.split("|")):
            continue
        known = {form for row in rows_of(sheet) for form in row[2].split("|")}
        assert [p for p in phrases.split("|") if normal(p) not in known] == [], line


_ROWS: dict[str, list[list[str]]] = {}


def rows_of(sheet: str) -> list[list[str]]:
    return _ROWS.setdefault(sheet, rows(sheet))
