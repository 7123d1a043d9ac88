"""What contradicts or repeats something else in a listing is noted, and nothing is changed."""

import random

import pytest

from protoparse.consistency import inconsistencies
from protoparse.model import Comparison, Concept, Criterion, Fact, Not, Span, Unit
from protoparse.parsing import Parser

PARSER = Parser(concepts="lexicon", codes=False)


def notes(inclusions: list[str], exclusions: list[str] = []) -> list[tuple[str, str]]:  # noqa: B006 - never changed
    """The codes of a listing's notes with the words they stand at."""
    text = "\n".join(["Inclusion Criteria:\n", *(f"* {i}" for i in inclusions)])
    if exclusions:
        text += "\n".join(["\n\nExclusion Criteria:\n", *(f"* {e}" for e in exclusions)])
    codes = ("empty-range", "excludes-required", "duplicate")
    return [(n.code, text[slice(*n.span)]) for n in PARSER.parse(text).notes if n.code in codes and n.span]


@pytest.mark.parametrize(
    ("inclusions", "exclusions", "code", "place"),
    [
        (["Age ≥ 18 years", "Age < 12 years"], [], "empty-range", "Age < 12 years"),
        (["Haemoglobin ≥ 100 g/L", "Haemoglobin < 9 g/dL"], [], "empty-range", "Haemoglobin < 9 g/dL"),
        (["Creatinine clearance > 60 mL/min"], ["Creatinine clearance > 50 mL/min"], "excludes-required", None),
        (["Platelets 100-150 x 10^9/L"], ["Platelets < 200 x 10^9/L"], "excludes-required", None),
        ([], ["Heart rate < 90 bpm", "Heart rate > 60 bpm"], "empty-range", "Heart rate > 60 bpm"),
        (["HBsAg positive"], ["HBsAg positive"], "excludes-required", "HBsAg positive"),
        (["HBsAg positive", "Negative HBsAg"], [], "empty-range", "Negative HBsAg"),
        (["Type 2 diabetes"], ["Asthma, type 2 diabetes or epilepsy"], "excludes-required", "type 2 diabetes"),
        (["No asthma"], ["No asthma"], "excludes-required", "asthma"),
        (["Asthma"], ["Epilepsy", "Epilepsy"], "duplicate", "Epilepsy"),
        (["Asthma", "asthma"], [], "duplicate", "asthma"),
        (["No prior chemotherapy"], ["Prior chemotherapy"], "duplicate", "Prior chemotherapy"),
    ],
)
def test_noted(inclusions: list[str], exclusions: list[str], code: str, place: str | None) -> None:
    assert notes(inclusions, exclusions) == [(code, place or exclusions[0])]


@pytest.mark.parametrize(
    ("inclusions", "exclusions"),
    [
        (["Age ≥ 18 years", "Age ≤ 75 years"], ["Age > 75 years"]),
        (["Haemoglobin ≥ 90 g/L", "Haemoglobin < 10 g/dL"], []),
        (["Creatinine ≤ 1.5 x ULN", "Creatinine ≥ 2 mg/dL"], []),  # two measures of one thing: neither says the other's
        (["Creatinine clearance ≥ 60 mL/min"], ["Creatinine clearance < 60 mL/min"]),
        (["Chemotherapy within 6 months before randomization"], ["Chemotherapy within 4 weeks before randomization"]),
        (["Severe asthma"], ["Mild asthma"]),
        (["Asthma or epilepsy"], ["Asthma"]),
        (["For women, haemoglobin ≥ 11 g/dL", "For men, haemoglobin ≥ 13 g/dL"], []),
        (["Asthma"], ["Family history of asthma"]),
        (["Cancer, except basal cell carcinoma"], ["Basal cell carcinoma"]),
    ],
)
def test_not_noted(inclusions: list[str], exclusions: list[str]) -> None:
    assert notes(inclusions, exclusions) == []


def test_cohorts_may_differ() -> None:
    text = "Inclusion Criteria:\n\nCohort A:\n\n* Age ≥ 18 years\n\nCohort B:\n\n* Age < 12 years\n* Age < 12 years"
    noted = [(n.code, n.message) for n in PARSER.parse(text).notes if n.code not in ("heading", "preamble")]
    assert noted == [("duplicate", "says again what inclusion.2 says")]


def test_the_message_names_both_sides() -> None:
    [note] = PARSER.parse("Inclusion Criteria:\n\n* Age 18 to 65 years\n* No asthma\n* Age over 70 years").notes[-1:]
    assert note.message == "age > 70 a here and age 18-65 a in inclusion.1: nobody meets both"


def test_alternatives_below_an_item_may_differ() -> None:
    text = "Inclusion Criteria:\n\n* Any of the following:\n  * Age < 12 years\n  * Age > 60 years"
    assert [n for n in PARSER.parse(text).notes if n.code == "empty-range"] == []
    both = text.replace("Any", "All")
    assert [n.code for n in PARSER.parse(both).notes if n.code == "empty-range"] == ["empty-range"]


def value(drawn: random.Random) -> Comparison | None:
    """A value of any kind."""
    unit = drawn.choice(
        [None, Unit(text="g/L", ucum="g/L"), Unit(text="g/dL", ucum="g/dL"), Unit(text="kg", ucum="kg")]
    )
    reference = drawn.choice([None, None, "ULN"])
    match drawn.randrange(6):
        case 0:
            return None
        case 1:
            word = drawn.choice(["positive", "negative", "normal", "abnormal", "II"])
            return Comparison(operator=drawn.choice(["=", "=", ">="]), value=word, unit=unit, reference=reference)
        case 2 | 3:
            ends = {"low_inclusive": drawn.random() < 0.5, "high_inclusive": drawn.random() < 0.5}
            return Comparison(operator="between", low=drawn.randrange(9), high=drawn.randrange(30), unit=unit, **ends)
        case _:
            operator = drawn.choice(["=", ">", ">=", "<", "<=", "!="])
            number = drawn.choice([1, 2.5, 5, 10, 20, 25, 50])
            return Comparison(operator=operator, value=number, unit=unit, reference=reference)


@pytest.mark.parametrize("seed", range(60))
def test_of_many_each_contradicts_the_first_that_it_would_alone(seed: int) -> None:
    chance = random.Random(seed)
    criteria = []
    for k in range(40):
        fact = Fact(domain="measurement", concept=Concept(text="iron"), value=value(chance), span=(k, k + 1))
        kind = chance.choice(["inclusion", "exclusion"])
        rule = Not(of=fact) if chance.random() < 0.3 else fact
        group = chance.choice([None, None, "A", "B"])
        criteria.append(Criterion(id=f"{kind}.{k}", kind=kind, span=(k, k + 1), group=group, rule=rule))
    expected: dict[Span | None, str] = {}
    for at, other in enumerate(criteria):
        for one in criteria[:at]:
            for note in inconsistencies([one, other]):
                if note.code != "duplicate":
                    expected.setdefault(note.span, note.message)
    found = [note for note in inconsistencies(criteria) if note.code != "duplicate"]
    assert {note.span: note.message for note in found} == expected
    assert len(found) == len(expected)
