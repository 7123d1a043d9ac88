"""Predictions of other tools: tables of facts, and the relations of another parser."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protoparse import parse
from protoparse.errors import InputError
from protoparse.evaluate.spans.facts import COLUMNS, facts_csv, parse_facts, read_facts
from protoparse.evaluate.spans.findings import Findings, of_document
from protoparse.evaluate.spans.places import Places
from protoparse.evaluate.spans.relations import parse_relations, read_relations
from protoparse.model import load

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*/criteria.json"))

# ------------------------------------------------------------------ places


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("age 18 or older", "Age ≥ 18\n or older"),
        ("AST", "AST"),
        ("(AST) < 2", "AST < 2"),
        ("last", None),
        ("18 or old", None),
        ("…", None),
    ],
)
def test_a_phrase_is_found_whatever_its_case_spaces_and_signs(phrase: str, found: str | None) -> None:
    text = "Age ≥ 18\n or older, AST < 2 at last-minute".replace(" at last-", " at blast-")
    span = Places(text).find(phrase)
    assert (text[slice(*span)] if span else None) == found


def test_a_phrase_is_found_within_a_stretch() -> None:
    places = Places("gout, then gout, then gout")
    assert [places.find("gout", start) for start in (0, 1, 11, 12, 22, 23)] == [
        (0, 4), (11, 15), (11, 15), (22, 26), (22, 26), None,
    ]  # fmt: skip
    assert places.find("gout", 1, 14) is None
    assert Places("").find("gout") is None


# ------------------------------------------------------------------ tables of facts


def same(one: Findings, other: Findings) -> None:
    """All but the sections, in any order."""
    for name in Findings.__struct_fields__:
        if name != "sections":
            ours, theirs = getattr(one, name), getattr(other, name)
            assert sorted(map(repr, ours)) == sorted(map(repr, theirs)), name


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.parent.name)
def test_a_table_of_a_document_says_what_the_document_says(path: Path) -> None:
    document = load(path.read_bytes())
    table = parse_facts(facts_csv([("a", document), ("b", parse("gout"))]))
    assert table.documents == ("a", "b")
    prediction = table.prediction("a", document.text)
    assert (prediction.told, prediction.lost) == (len(prediction.findings.concepts), 0)
    same(of_document(document), prediction.findings)


def test_a_table_is_read_in_any_order_of_columns() -> None:
    table = parse_facts("domain,end,start,document\r\ncondition,4,0,a\r\n")
    (concept,) = table.prediction("a", "gout").findings.concepts
    assert (concept.span, concept.domain, concept.fact) == ((0, 4), "condition", None)
    assert table.prediction("b", "gout").told == 0


def test_words_without_offsets_are_looked_up_one_behind_the_other() -> None:
    text = "no gout, no lupus; gout in the family"
    rows = "document,domain,concept\na,condition,gout\na,condition,lupus\na,condition,gout\na,condition,rickets\n"
    prediction = parse_facts(rows).prediction("a", text)
    assert [text[slice(*x.span)] for x in prediction.findings.concepts] == ["gout", "lupus", "gout"]
    assert [x.span[0] for x in prediction.findings.concepts] == [3, 12, 19]
    assert (prediction.told, prediction.lost) == (4, 1)


def test_a_value_without_offsets_stands_behind_its_thing() -> None:
    text = "2 tests: ferritin > 2 mg\n3"
    rows = (
        "document,domain,concept,operator,value,unit,windows,confidence\n"
        "a,measurement,ferritin,>,2,mg,3 weeks|1 moon,.4\n"
    )
    found = parse_facts(rows).prediction("a", text).findings
    assert [(x.span, x.number, x.sign, x.unit) for x in found.limits] == [((20, 21), 2.0, ">", "mg")]
    assert [(x.number, x.time, x.span) for x in found.periods] == [(3.0, "wk", (9, 17))]
    assert {x.confidence for x in (*found.limits, *found.periods, *found.concepts)} == {0.4}


def test_lists_and_examples() -> None:
    rows = (
        "document,fact,domain,start,end,any,all,example_of,negated\n"
        "a,1,condition,0,1,1.0|~2.0,,,yes\na,2,condition,2,3,1.1,,1,\na,3,drug,4,5,~2.1,9,,\na,4,drug,6,7,,9,8,\n"
    )
    found = parse_facts(rows).prediction("a", "a b c d").findings
    assert [(j.connective, j.claimed, [[t.fact for t in m] for m in j.members]) for j in found.junctions] == [
        ("or", True, [[1], [2]]),
        ("or", False, [[1], [3]]),
        ("and", True, [[3], [4]]),
    ]
    assert [(e.whole.fact, e.part.fact) for e in found.examples] == [(1, 2)]
    assert [thing.fact for thing in found.negated] == [1]


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ("document,start,end\n", "1: no column 'domain' in the header"),
        ("document,domain\n", "1: neither the columns 'start' and 'end' nor 'concept' in the header"),
        ("document,domain,concept\na,condition,gout,\n", "2: more cells than columns"),
        ("document,domain,concept\na,illness,gout\n", "2: domain is 'illness', not allergy, "),
        ("document,domain,start,end\na,drug,0,9\n", "2: end is '0-9', not a place in the text of 4 characters"),
        ("document,domain,start,end\na,drug,2,2\n", "2: end is '2-2', not a place"),
        ("document,domain,start,end\na,drug,0,x\n", "2: end is 'x', not a number"),
        ("document,domain,start,end\na,drug,0,nan\n", "2: end is 'nan', not a number"),
        ("document,domain,start,end\na,drug,0,1.5\n", "2: end is '1.5', not a whole number"),
        ("document,domain,concept,windows\na,drug,gout,2 d@3:1\n", "2: windows is '3-1', not a place"),
        ("document,domain,concept,negated\na,drug,gout,maybe\n", "2: negated is 'maybe', not yes or no"),
        ("document,domain,concept,operator\na,drug,gout,≥\n", "2: operator is '≥', not <, "),
        ("document,domain,concept,operator,low\na,drug,gout,between,1\n", "2: high is '', not a value"),
        ("document,domain,concept,windows\na,drug,gout,soon\n", "2: windows is 'soon', not quantities like "),
        ("document,domain,concept,fact\na,drug,gout,1\na,drug,gout,1\n", "3: fact is '1', not a number that no other "),
        ("document,domain,concept,kind\na,drug,gout,in\n", "2: kind is 'in', not inclusion, "),
        (
            "document,domain,concept,reference,operator,value\na,drug,gout,mine,<,1\n",
            "2: reference is 'mine', not ULN, ",
        ),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_its_line(rows: str, cause: str) -> None:
    with pytest.raises(InputError) as error:
        parse_facts(rows, "t.csv").prediction("a", "gout")
    assert str(error.value).startswith(f"t.csv:{cause}")


def test_a_file_of_facts(tmp_path: Path) -> None:
    document = parse("Exclusion Criteria:\n- gout")
    (tmp_path / "facts.csv").write_text("\ufeff" + facts_csv([("a", document)]), "utf-8")
    found = read_facts(tmp_path / "facts.csv").prediction("a", document.text).findings
    same(of_document(document), found)
    section = found.section(found.concepts[0].span)
    assert section is not None
    assert (section.kind, section.id) == ("exclusion", "exclusion.1")
    assert (tmp_path / "facts.csv").read_text("utf-8-sig").splitlines()[0].split(",") == list(COLUMNS)
    with pytest.raises(InputError, match=r"none\.csv: No such file"):
        read_facts(tmp_path / "none.csv")


def test_how_sure_a_tool_is_stays_with_the_fact() -> None:
    rows = "document,domain,concept,confidence\na,condition,gout,0.25\n"
    (thing,) = parse_facts(rows).prediction("a", "gout").findings.concepts
    assert thing == replace(thing, confidence=0.25)


CELL = st.sampled_from(
    ["", "0", "1", "-1", "4", "1e999", "nan", "gout", "in", "<", "between", "drug", "yes", "3 d@0:2", "|.|"]
)


@given(st.lists(st.lists(CELL, min_size=len(COLUMNS) - 1, max_size=len(COLUMNS) - 1), max_size=3))
def test_any_table_is_read_or_refused(rows: list[list[str]]) -> None:
    place = COLUMNS.index("domain") - 1
    for row in rows:
        row[place : place + 2] = ["drug", "gout"]
    data = "\n".join([",".join(COLUMNS), *(",".join(["a", *row]) for row in rows)])
    with suppress(InputError):
        prediction = parse_facts(data).prediction("a", "no gout in 3 d")
        assert prediction.told == len(rows)
        assert len(prediction.findings.concepts) == prediction.told - prediction.lost


# ------------------------------------------------------------------ relations

HEADER = "#nct_id\teligibility_type\tvariable_type\tcriterion_index\tcriterion\tquestion\trelation\n"
LIMITS = '{"id":"1","name":"%s","unit":"%s",%s"variableType":"numerical","score":0.5}'


def relation(criterion: str, name: str, ends: str, *, unit: str = "", kind: str = "inclusion") -> str:
    return f"NCT1\t{kind}\tnumerical\t0\t{criterion}\tHow?\t{LIMITS % (name, unit, ends)}\n"


def end(side: str, value: str, *, incl: bool = True) -> str:
    return f'"{side}":{{"incl":{"true" if incl else "false"},"value":"{value}"}},'


def test_limits_are_found_in_the_words_of_their_criterion() -> None:
    text = "Inclusion:\n* Ferritin  30 or more,\n  BMI of 19 - 30\n* 30 years"
    table = parse_relations(
        HEADER
        + relation("Ferritin 30 or more, BMI of 19 - 30", "bmi", end("lower", "19") + end("upper", "30"), unit="kg/m2")
        + relation("Ferritin 30 or more, BMI of 19 - 30", "ferritin_level", end("lower", "30"))
    )
    assert table.documents == ("NCT1",)
    prediction = table.prediction("NCT1", text)
    assert [(x.number, x.sign, x.unit, text[slice(*x.subjects[0].span)]) for x in prediction.findings.limits] == [
        (19.0, ">=", "kg/m2", "BMI"),
        (30.0, "<=", "kg/m2", "BMI"),
        (30.0, ">=", "", "Ferritin"),
    ]
    assert {x.confidence for x in prediction.findings.limits} == {0.5}
    assert (prediction.told, prediction.lost) == (3, 0)


@pytest.mark.parametrize(
    ("side", "incl", "sign"),
    [("lower", True, "<"), ("lower", False, "<="), ("upper", True, ">"), ("upper", False, ">=")],
)
def test_the_limits_of_an_exclusion_are_turned_back(side: str, incl: bool, sign: str) -> None:
    row = relation("Weight beyond 50 kg", "weight", end(side, "50", incl=incl), unit="kg", kind="exclusion")
    (limit,) = parse_relations(HEADER + row).prediction("NCT1", "Weight beyond 50 kg").findings.limits
    assert limit.sign == sign


@pytest.mark.parametrize("kind", ["inclusion", "exclusion"])
def test_one_number_alone_is_an_equality(kind: str) -> None:
    row = relation("Score of 3", "score", end("lower", "3") + end("upper", "3"), kind=kind)
    (limit,) = parse_relations(HEADER + row).prediction("NCT1", "Score of 3").findings.limits
    assert limit.sign == "="


def test_powers_of_ten_are_split_off_and_other_names_of_a_thing_known() -> None:
    row = relation("Neutrophils > 1.5 x 10^9/L", "anc", end("lower", "1.5e9", incl=False), unit="cells/l")
    (limit,) = parse_relations(HEADER + row).prediction("NCT1", "Neutrophils > 1.5 x 10^9/L").findings.limits
    assert (limit.number, limit.unit) == (1.5, "109/l")
    assert [thing.span for thing in limit.subjects] == [(0, 11)]


def test_listed_values() -> None:
    row = 'NCT1\t%s\tordinal\t0\tECOG 0 or 1\t?\t{"name":"ecog","value":["0","1","2"],"score":1}\n'
    prediction = parse_relations(HEADER + row % "inclusion").prediction("NCT1", "ECOG 0 or 1")
    assert [(x.number, x.sign) for x in prediction.findings.limits] == [(0.0, "="), (1.0, "=")]
    assert (prediction.told, prediction.lost) == (3, 1)
    excluded = parse_relations(HEADER + row % "exclusion").prediction("NCT1", "ECOG 0 or 1")
    assert [x.sign for x in excluded.findings.limits] == [None, None]


def test_a_lead_in_that_stands_elsewhere_is_left_out() -> None:
    row = relation("Fit for surgery: age under 70", "age", end("upper", "70", incl=False), unit="year")
    text = "Fit for surgery:\n - walks alone\n - age under 70"
    (limit,) = parse_relations(HEADER + row).prediction("NCT1", text).findings.limits
    assert (text[slice(*limit.span)], limit.age, limit.time) == ("70", True, "a")


def test_what_is_not_in_the_text_is_lost() -> None:
    table = parse_relations(HEADER + relation("Height over 2 m", "height", end("lower", "2")))
    assert table.prediction("NCT1", "Weight over 2 kg").lost == 1
    assert table.prediction("NCT1", "Height over 3 m").lost == 1
    assert table.prediction("NCT2", "Height over 2 m").told == 0


def test_a_text_of_one_section_has_the_relations_of_that_section() -> None:
    table = parse_relations(HEADER + relation("Weight over 2 kg", "weight", end("lower", "2"), kind="exclusion"))
    assert table.prediction("NCT1_exc", "Weight over 2 kg", kind="exclusion").told == 1
    assert table.prediction("NCT1_inc", "Weight over 2 kg", kind="inclusion").told == 0


@pytest.mark.parametrize(
    ("rows", "cause"),
    [
        ("#nct_id\tcriterion\n", "1: no column 'eligibility_type' in the header"),
        (HEADER + "NCT1\tboth\t\t\t\t\t{}\n", "2: eligibility_type is 'both', not inclusion or exclusion"),
        (HEADER + "NCT1\tinclusion\t\t\t\t\t{\n", "2: relation: "),
    ],
)
def test_an_output_that_cannot_be_is_refused_with_its_line(tmp_path: Path, rows: str, cause: str) -> None:
    (tmp_path / "out.tsv").write_text(rows, "utf-8")
    with pytest.raises(InputError) as error:
        read_relations(tmp_path / "out.tsv")
    assert str(error.value).startswith(f"{tmp_path / 'out.tsv'}:{cause}")
