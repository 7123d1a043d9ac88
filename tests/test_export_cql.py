"""CQL: libraries that keep to the language's grammar, and definitions that say what the criteria say."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Tree
from msgspec.structs import replace

import factories as f
from protoparse.export import export
from protoparse.export.cql.writing import comment, identifier, number, text
from protoparse.model import Age, Criterion, Document, Fact, Trial, Unit
from protoparse.parsing import Parser
from test_export import CORPUS


@cache
def grammar() -> Lark:
    return Lark((Path(__file__).parent / "cql.lark").read_text("utf-8"), parser="lalr")


def read(library: str) -> Tree[Token]:
    return grammar().parse(library)


def definitions(library: str) -> dict[str, str]:
    """The text of each definition by name, in one line."""
    read(library)
    found = {}
    for part in library.split("\ndefine ")[1:]:
        if part.startswith('"'):
            name, _, body = part.partition(":\n")
            lines = [line for line in body.split("\n") if not line.strip().startswith("//")]
            found[name.strip('"')] = " ".join(" ".join(lines).split())
    return found


@cache
def parser() -> Parser:
    return Parser(confidence=False)


def said(criteria: str, name: str = "inclusion.1", **trial: object) -> str:
    document = parser().parse(criteria)
    return definitions(export(replace(document, trial=Trial(**trial)), "cql").payload)[name]  # type: ignore[arg-type]


IN, OUT = "Inclusion Criteria:\n\n* ", "Exclusion Criteria:\n\n* "


# ------------------------------------------------------------------ the language


@pytest.mark.parametrize("document", CORPUS, ids=lambda d: d.trial.id)
def test_the_corpus_is_cql(document: Document) -> None:
    tree = read(export(document, "cql").payload)
    names = [str(node.children[0]) for node in tree.find_data("definition")]
    assert len(names) == len(set(names))
    assert {'"Inclusion"', '"Exclusion"', '"Eligible"'} <= set(names)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(f.documents())
def test_any_document_is_cql(document: Document) -> None:
    library = export(document, "cql", name="any").payload
    tree = read(library)
    declared = [
        str(node.children[0])
        for kind in ("codesystem", "valueset", "code", "concept", "parameter", "definition")
        for node in tree.find_data(kind)
    ]
    assert len(declared) == len(set(declared))
    called = {str(t) for node in tree.find_data("retrieve") for t in node.children[1:]}
    assert called <= set(declared)


@given(st.text())
def test_any_text_is_an_identifier_a_string_and_a_comment(words: str) -> None:
    library = (
        f"library {identifier(words)} version '1' using FHIR version '4.0.1' context Patient\n"
        + "".join(f"{line}\n" for line in comment(words))
        + f"define {identifier(words)}: {text(words)}"
    )
    tree = read(library)
    assert len(list(tree.find_data("definition"))) == 1


@given(st.one_of(st.integers(0, 10**30), st.floats(0, allow_nan=False)))
def test_a_number_is_exact_or_none(value: float) -> None:
    made = number(value)
    if made is not None:
        assert (Decimal(made) if isinstance(value, int) else float(made)) == value
        assert "e" not in made


def test_what_no_literal_holds_is_unknown() -> None:
    tiny = f.fact("lactate", "measurement", value=f.at_most(1e-12, "mmol/L"))
    made = export(f.document(f.criterion(tiny, id="inclusion.1")), "cql")
    assert "(null as Boolean) /* ≤ 1e-12 mmol/L */" in made.payload
    assert "a value that CQL and FHIR cannot compare" in {loss.why for loss in made.losses}


# ------------------------------------------------------------------ facts


@pytest.mark.parametrize(
    ("criterion", "wanted"),
    [
        ("Age 18 to 65 years", "AgeInYears() in Interval[18, 65]"),
        ("Aged over 6 months", "AgeInMonths() > 6"),
        ("Female", "Patient.gender = 'female'"),
        ("Stroke", 'exists [Condition: "stroke"]'),
        ("No stroke", '(not exists [Condition: "stroke"])'),
        ("Stroke or gout", 'exists [Condition: "stroke"] or exists [Condition: "gout"]'),
        ("Platelets ≥ 100 x 10^9/L", '"Quantity"("Latest"([Observation: "platelets"])) >= 100 \'10*9/L\''),
        ("BMI between 18 and 30 kg/m2", "in Interval[18 'kg/m2', 30 'kg/m2']"),
        ("ECOG 0-2", '"Number"("Latest"('),
        ("Serum creatinine ≤ 1.5 × ULN", '"Times Upper Limit"("Latest"([Observation: "creatinine"])) <= 1.5'),
        ("HBsAg negative", "'negative', 'NEG')"),
        ("At least 2 prior heart transplantations", "Count(([Procedure:"),
        ("Asthma for at least 3 months", 'duration in months of "So Far"("When"(R))) >= 3'),
        ("Family history of gout", "exists ([FamilyMemberHistory] R where exists (R.condition N where N.code ~"),
        ("At least two of the following: stroke, gout, asthma", '"At Least"(2, { exists [Condition: "stroke"], exists'),
        ("If female, no gout", "Patient.gender = 'female') implies (not exists [Condition: \"gout\"])"),
    ],
)  # fmt: skip
def test_facts_are_written(criterion: str, wanted: str) -> None:
    assert wanted in said(IN + criterion).replace("((Patient", "(Patient")


@pytest.mark.parametrize(
    ("criterion", "wanted"),
    [
        (
            "Stroke within 6 months before screening",
            '"When"(R) overlaps day of Interval[("Screening" - 6 months), "Screening"]',
        ),
        (
            "Heart transplantation within 4 weeks before the first dose",
            'start of "When"(R) during day of Interval[("First Dose" - 4 weeks), "First Dose"]',
        ),
        ("Stroke more than 1 year ago", 'start of "When"(R) before day of ("Screening" - 1 year)'),
        ("Current stroke", '"Screening" during day of "When"(R)'),
    ],
)
def test_windows_are_written(criterion: str, wanted: str) -> None:
    found = said(OUT + criterion, "exclusion.1")
    assert wanted in found
    # a day that is not given leaves unknown what is counted from it
    assert "is null then null else" in found


def test_the_longest_of_several_stretches_reaches_back_furthest() -> None:
    found = said(f"{OUT}Stroke within 4 weeks or 2 months before screening, whichever is longer", "exclusion.1")
    assert 'Interval[Min({ ("Screening" - 4 weeks), ("Screening" - 2 months) }), "Screening"]' in found


def test_an_exception_and_what_cannot_be_said_are_unknown_not_forgotten() -> None:
    found = said(f"{OUT}Severe asthma, except asthma in remission", "exclusion.1")
    assert "/* severity: severe" in found.lower()
    assert "(null as Boolean)" in found
    assert "and not" in found


def test_codes_are_declared_by_vocabulary() -> None:
    library = export(parser().parse(f"{IN}Stroke\n* Serum creatinine ≤ 2 mg/dL"), "cql").payload
    assert "codesystem \"LOINC\": 'http://loinc.org'" in library
    assert "code \"LOINC 2160-0\": '2160-0' from \"LOINC\" display 'creatinine'" in library
    assert 'concept "stroke": { "MeSH D020521", "ICD-10-CM I63.9" } display \'stroke\'' in library


def test_what_has_no_code_is_a_value_set_to_fill_in() -> None:
    made = export(Parser(codes=False).parse(f"{IN}Gout"), "cql")
    assert "valueset \"gout\": 'urn:protoparse:valueset:gout'" in made.payload
    assert [str(loss) for loss in made.losses] == [
        "inclusion.1 $.concept: condition Gout: it has no code: fill in its value set"
    ]


# ------------------------------------------------------------------ the whole


def test_a_trial_is_its_criteria_and_what_its_registry_says() -> None:
    limit = Age(value=18, unit=Unit(text="Years", ucum="a"))
    document = replace(
        parser().parse(f"{IN}Stroke\n\n{OUT}Gout\n* Asthma"), trial=Trial(id="NCT1", minimum_age=limit, sex="male")
    )
    library = export(document, "cql").payload
    found = definitions(library)
    assert found["Inclusion"] == '"inclusion.1"'
    assert found["Exclusion"] == '("exclusion.1" or "exclusion.2")'
    assert found["Eligible"].startswith("(")
    for part in ("AgeInYears() >= 18", "Patient.gender = 'male'", '"Inclusion"', 'not "Exclusion"'):
        assert part in found["Eligible"]
    assert "// * Asthma" in library or "// Asthma" in library


def test_text_that_was_not_read_never_lets_anybody_in() -> None:
    text_ = "Stroke, whatever else the sponsor wishes for"
    rule = Fact(domain="condition", concept=f.concept("stroke"))
    for kind, word in (("inclusion", "and"), ("exclusion", "or")):
        one = Criterion(id=f"{kind}.1", kind=kind, span=(0, len(text_)), rule=rule, unparsed=((6, len(text_)),))
        made = export(Document(text=text_, criteria=(one,)), "cql")
        assert f"{word} (null as Boolean)" in definitions(made.payload)[f"{kind}.1"]
        assert "// not read: , whatever else the sponsor wishes for" in made.payload
        assert "the text was not read" in {loss.why for loss in made.losses}


def test_groups_have_an_answer_of_their_own() -> None:
    document = parser().parse("Inclusion Criteria:\n\nPart A:\n* Stroke\n\nPart B:\n* Gout")
    found = definitions(export(document, "cql").payload)
    assert found["Eligible: Part A"] == '("Eligible" and "inclusion.1")'
    assert found["Eligible: Part B"] == '("Eligible" and "inclusion.2")'
    assert found["Inclusion"] == "true"


def test_children_count_as_the_outline_says() -> None:
    children = [f.criterion(f.fact(name), id=f"inclusion.1.{n}") for n, name in enumerate(("gout", "stroke"), 1)]
    own = f.fact("asthma")
    for combine, wanted in {
        "any": 'exists [Condition: "asthma"] and ("inclusion.1.1" or "inclusion.1.2")',
        "except": 'exists [Condition: "asthma"] and not ("inclusion.1.1" or "inclusion.1.2")',
        "then": 'exists [Condition: "asthma"] implies ("inclusion.1.1" and "inclusion.1.2")',
    }.items():
        one = f.criterion(own, *children, id="inclusion.1", combine=combine)
        assert wanted in definitions(export(f.document(one), "cql").payload)["inclusion.1"]
