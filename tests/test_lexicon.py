"""The vocabulary's tables: well-formed, without doubles, and in the words of the model."""

from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from typing import get_args

import pytest

from protoparse import lexicon, model
from protoparse.lexing import CODES, CONCEPTS

FOLDER = files("protoparse.lexicon")
TABLES = sorted(entry.name.removesuffix(".tsv") for entry in FOLDER.iterdir() if entry.name.endswith(".tsv"))
HEADERS = {
    "analytes": ["names", "formula", "mass", "valence", "equal", "note"],
    "anchors": ["event", "spellings"],
    "classes": ["kind", "names", "members", "perhaps", "complete"],
    "comparators": ["operator", "place", "spellings"],
    "ctml": ["kind", "ctml", "wider", "names"],
    "cues": ["cue", "value", "phrases"],
    "fhir": ["kind", "system", "code", "words"],
    "findings": ["names", "quantity", "unit", "implies", "shows", "from"],
    "heads": ["domain", "kind", "words"],
    "judgements": ["part", "words"],
    "measurements": ["name", "kind", "spellings", "units", "loinc"],
    "modifiers": ["type", "value", "spellings"],
    "numbers": ["value", "words"],
    "outsets": ["part", "words"],
    "qualifiers": ["kind", "phrases"],
    "charts": ["kind", "name", "spellings"],
    "loincs": ["name", "codes"],
    "records": ["kind", "words"],
    "references": ["reference", "spellings"],
    "results": ["scale", "result", "words"],
    "sexes": ["sex", "said", "names", "ages"],
    "ucum": ["atom", "kind", "metric", "value", "unit", "zero"],
    "units": ["ucum", "kind", "spellings"],
    "unlike": ["name", "before"],
}
# A word may stand once for each of these: "in" is a guard and a preposition, "at most" stands before or behind.
KEYS = {
    "classes": "kind",
    "comparators": "place",
    "ctml": "kind",
    "cues": "cue",
    "fhir": "kind",
    "heads": "kind",
    "judgements": "part",
    "outsets": "part",
    "qualifiers": "kind",
    "records": "kind",
    "ucum": "kind",
    "unlike": "name",
}
SIZES = {
    "allergies": 20, "analytes": 40, "anchors": 17, "classes": 180, "comparators": 8, "conditions": 4000,
    "consents": 100, "ctml": 100, "cues": 50, "devices": 100, "drugs": 1500, "fhir": 15, "findings": 10, "heads": 12,
    "judgements": 9, "loincs": 50,
    "measurements": 380, "modifiers": 200, "numbers": 30,
    "observations": 150, "others": 50, "outsets": 2, "persons": 100, "procedures": 1000, "qualifiers": 6,
    "charts": 15, "records": 20, "references": 6, "results": 6, "sexes": 5, "studies": 20, "systems": 20, "ucum": 150,
    "units": 300, "unlike": 20, "visits": 30,
}  # fmt: skip

each_table = pytest.mark.parametrize("table", TABLES)


def lines(table: str) -> list[str]:
    text = (FOLDER / f"{table}.tsv").read_text("utf-8")
    return [line for line in text.split("\n") if line.strip() and not line.startswith("#")]


def spelled(table: str) -> str:
    """The column that holds a table's spellings."""
    return next(
        c for c in ("spellings", "phrases", "words", "names", "codes", "before", "atom") if c in lexicon.rows(table)[0]
    )


def column(table: str, name: str) -> set[str]:
    return {row[name] for row in lexicon.rows(table)}


def row(table: str, spelling: str) -> lexicon.Row:
    """The one row in which a spelling stands."""
    [found] = [r for r in lexicon.rows(table) if spelling in lexicon.spellings(r[spelled(table)])]
    return found


# ------------------------------------------------------------------ every table


@each_table
def test_a_table_has_its_header_and_its_size(table: str) -> None:
    assert list(lexicon.rows(table)[0]) == HEADERS.get(table, ["name", "spellings"])
    assert len(lexicon.rows(table)) == len(lines(table)) - 1
    assert len(lexicon.rows(table)) >= SIZES[table]


@each_table
def test_no_row_is_wider_than_its_header(table: str) -> None:
    header, *rows = lines(table)
    assert [line for line in rows if line.count("\t") > header.count("\t")] == []


@each_table
def test_no_spelling_stands_twice(table: str) -> None:
    key = KEYS.get(table)
    counts = Counter(
        (row[key] if key else "", spelling if table in ("ucum", "units") else lexicon.fold(spelling))
        for row in lexicon.rows(table)
        for spelling in lexicon.spellings(row[spelled(table)])
    )
    assert [spelling for spelling, count in counts.items() if count > 1] == []


@each_table
def test_a_table_says_what_it_is_and_where_it_comes_from(table: str) -> None:
    text = (FOLDER / f"{table}.tsv").read_text("utf-8")
    assert text.startswith("# ")
    assert "\r" not in text
    assert text.endswith("\n")


@each_table
def test_every_row_says_something(table: str) -> None:
    first = next(iter(HEADERS.get(table, ["name"])))
    for found in lexicon.rows(table):
        assert found[first] or table == "units"
        assert found[spelled(table)] or first == "name"


@pytest.mark.parametrize("table", [name for name, _ in CONCEPTS] + ["measurements"])
def test_a_name_stands_once_and_is_folded(table: str) -> None:
    names = [r["name"] for r in lexicon.rows(table)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if name != lexicon.fold(name)] == []


# ------------------------------------------------------------------ the model's words


def test_domains_are_the_model_s() -> None:
    assert column("heads", "domain") <= set(get_args(model.Domain))
    assert {domain for _, domain in CONCEPTS} | {"measurement"} == set(get_args(model.Domain))
    assert {name for name, _ in CONCEPTS} <= set(TABLES)


def test_events_are_the_model_s() -> None:
    # "unspecified" is what no word names
    assert column("anchors", "event") == set(get_args(model.Event)) - {"unspecified"}


def test_operators_are_the_model_s() -> None:
    assert column("comparators", "operator") == set(get_args(model.Operator)) - {"between", "in"}
    assert column("comparators", "place") == {"before", "after"}


def test_references_are_the_model_s() -> None:
    assert column("references", "reference") == set(get_args(model.Reference))


def test_modifier_types_are_the_model_s() -> None:
    assert column("modifiers", "type") <= set(get_args(model.ModifierType))


def test_kinds_are_few() -> None:
    assert column("measurements", "kind") == {"number", "ordinal", "word"}
    assert column("heads", "kind") == {"head", "suffix"}
    comments = [line for line in (FOLDER / "units.tsv").read_text("utf-8").split("\n") if line.startswith("# ")]
    said = " ".join(line[2:] for line in comments).split("kind: ", 1)[1]
    assert column("units", "kind") <= set(said.split())


def test_every_cue_has_a_code() -> None:
    assert column("cues", "cue") <= set(CODES)


def test_the_value_of_a_whichever_is_an_extreme() -> None:
    assert {r["value"] for r in lexicon.rows("cues") if r["cue"] == "whichever"} == {"longest", "shortest"}


def test_numbers_are_numbers() -> None:
    assert [r["value"] for r in lexicon.rows("numbers") if not re.fullmatch(r"\d+(\.\d+)?", r["value"])] == []


# ------------------------------------------------------------------ UCUM and LOINC


def test_a_ucum_code_has_one_row() -> None:
    codes = Counter(r["ucum"] for r in lexicon.rows("units") if r["ucum"])
    assert [code for code, count in codes.items() if count > 1] == []


def test_every_loinc_code_keeps_its_check_digit() -> None:
    def digit(number: str) -> int:
        """The "mod 10" check digit of LOINC: every second digit from the right doubled, digits summed."""
        total = sum(sum(divmod(int(d) * (2 if i % 2 == 0 else 1), 10)) for i, d in enumerate(reversed(number)))
        return -total % 10

    codes = [r["loinc"] for r in lexicon.rows("measurements") if r["loinc"]]
    assert len(codes) > 100
    assert [c for c in codes if not re.fullmatch(r"\d{1,5}-\d", c) or digit(c[:-2]) != int(c[-1])] == []


# ------------------------------------------------------------------ rows


@pytest.mark.parametrize(
    ("table", "spelling", "cells"),
    [
        ("measurements", "hgb", {"name": "hemoglobin", "kind": "number", "loinc": "718-7"}),
        ("measurements", "lvef", {"name": "left ventricular ejection fraction", "kind": "number"}),
        ("measurements", "nyha class", {"name": "new york heart association class", "kind": "ordinal"}),
        ("measurements", "hbsag", {"name": "hepatitis b surface antigen", "kind": "word"}),
        ("units", "half-lives", {"ucum": "", "kind": "time"}),
        ("units", "secs", {"ucum": "s", "kind": "time"}),
        ("units", "mg/dl", {"ucum": "mg/dL", "kind": "concentration"}),
        ("references", "upper limit of normal", {"reference": "ULN"}),
        ("references", "limit of detection", {"reference": "detection_limit"}),
        ("anchors", "signing informed consent", {"event": "informed_consent"}),
        ("anchors", "leukapheresis", {"event": "apheresis"}),
        ("numbers", "twice", {"value": "2"}),
        ("modifiers", "moderately", {"type": "severity", "value": "moderate"}),
    ],
)
def test_a_spelling_stands_in_the_row_that_it_means(table: str, spelling: str, cells: dict[str, str]) -> None:
    found = row(table, spelling)
    assert {name: found[name] for name in cells} == cells


# ------------------------------------------------------------------ look-ups


@pytest.mark.parametrize(
    ("printed", "ucum"),
    [
        ("mg/dL", "mg/dL"), ("mg/dl", "mg/dL"), ("MG / DL", "mg/dL"), ("µmol/L", "umol/L"), ("μmol/l", "umol/L"),
        ("kg/m²", "kg/m2"), ("kg/m^2", "kg/m2"), ("mm Hg", "mm[Hg]"), ("× 10⁹/L", "10*9/L"), ("years of age", "a"),
        ("mM", "mmol/L"), ("mm", "mm"), ("MM", "mm"), ("µM", "umol/L"), ("uM", "umol/L"), ("D", "[diop]"), ("d", "d"),
        ("x 10 to the 9th/L", "10*9/L"), ("×10⁴ IU/mL", "10*4.[IU]/mL"), ("x 10^7", "10*7"), ("bpm", "/min"),
        ("weeks", "wk"), ("half-lives", None), ("smoots", None), ("", None),
    ],
)  # fmt: skip
def test_a_unit_is_known_however_it_is_printed(printed: str, ucum: str | None) -> None:
    assert lexicon.unit(printed) == model.Unit(text=printed, ucum=ucum)


def test_a_ucum_code_is_a_spelling_of_itself() -> None:
    wrong = {}
    for code in {r["ucum"] for r in lexicon.rows("units")} - {""}:
        if lexicon.unit(code).ucum != code:
            wrong[code] = lexicon.unit(code).ucum
    # What case alone tells apart goes to the commoner reading.
    assert {lexicon.loose_unit(code) for code in wrong} <= {
        lexicon.loose_unit(code) for code in lexicon.unit_codes().values() if code
    }
    assert len(wrong) < 12


def test_a_table_that_is_not_there_is_refused() -> None:
    with pytest.raises(FileNotFoundError):
        lexicon.rows("planets")


def test_rows_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        lexicon.rows("units")[0]["ucum"] = "x"  # type: ignore[index]


def test_folding_and_spellings() -> None:
    assert lexicon.fold("  Type 2\n Diabetes ") == "type 2 diabetes"
    assert lexicon.spellings("a| b ||c ") == ["a", "b", "c"]
    assert lexicon.spellings("") == []
