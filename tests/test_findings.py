"""What a criteria document says, as findings, and what comparing two findings says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from protoparse import parse
from protoparse.evaluate.judgements import Case, Rate
from protoparse.evaluate.spans.amounts import numerals, unit_key
from protoparse.evaluate.spans.findings import (
    Example,
    Findings,
    Junction,
    Limit,
    Neutral,
    Period,
    Section,
    Thing,
    of_document,
)
from protoparse.evaluate.spans.tasks import TASKS, compare_findings
from protoparse.model import Document, Span, load, without_spans

CORPUS = sorted((Path(__file__).parents[1] / "corpus").glob("*/criteria.json"))


def findings(text: str) -> Findings:
    return of_document(parse(text))


def words(text: str, things: tuple[Thing, ...]) -> list[str]:
    return [text[slice(*thing.span)] for thing in things]


# ------------------------------------------------------------------ of a document


def test_limits_have_number_comparator_unit_and_subject() -> None:
    text = "Platelets ≥ 75 x 10^9/L"
    (limit,) = findings(text).limits
    assert (limit.number, limit.sign, limit.unit) == (75.0, ">=", unit_key("10^9/l"))
    assert words(text, limit.subjects) == ["Platelets"]
    assert not limit.age


def test_both_ends_of_a_range_are_limits() -> None:
    assert [(x.number, x.sign, x.time, x.age) for x in findings("Aged 21 to 64 years").limits] == [
        (21.0, ">=", "a", True),
        (64.0, "<=", "a", True),
    ]


def test_a_multiple_of_the_upper_limit_has_it_for_a_unit() -> None:
    assert [(x.number, x.unit) for x in findings("bilirubin < 2 x ULN").limits] == [(2.0, "uln")]


def test_periods_have_number_unit_and_target() -> None:
    text = "stroke within 3 months before randomization"
    (period,) = findings(text).periods
    assert (period.number, period.time) == (3.0, "mo")
    assert words(text, period.targets) == ["stroke"]


def test_what_is_negated_and_what_is_excepted() -> None:
    text = "No cancer except basal cell carcinoma"
    found = findings(text)
    assert "cancer" in words(text, found.negated)
    assert words(text, found.excepted) == ["basal cell carcinoma"]


def test_examples_and_what_joins_them() -> None:
    text = "Autoimmune disease such as lupus or psoriasis"
    found = findings(text)
    assert [(text[slice(*e.whole.span)], text[slice(*e.part.span)]) for e in found.examples] == [
        ("Autoimmune disease", "lupus"),
        ("Autoimmune disease", "psoriasis"),
    ]
    assert [[words(text, member) for member in j.members] for j in found.junctions if j.claimed] == [
        [["lupus"], ["psoriasis"]]
    ]


def test_an_outline_only_implies_how_its_items_count() -> None:
    found = findings("Exclusion Criteria:\n- any of the following:\n  - gout\n  - asthma")
    assert [(j.connective, j.claimed) for j in found.junctions] == [("or", False)]


def test_what_has_no_place_is_looked_up() -> None:
    text = "Within 4 weeks of entry:\n- gout, AST over 3 x ULN, or gout twice"
    document = without_spans(parse(text))
    found = of_document(document)
    assert words(text, found.concepts) == words(text, findings(text).concepts)
    assert [thing.span for thing in found.concepts] == [thing.span for thing in findings(text).concepts]
    assert [text[slice(*limit.span)] for limit in found.limits] == ["3"]
    assert {text[slice(*period.span)] for period in found.periods} == {"4"}


def test_facts_are_numbered_in_reading_order() -> None:
    found = findings("Inclusion Criteria:\n- asthma or COPD\nExclusion Criteria:\n- gout")
    assert [thing.fact for thing in found.concepts] == [0, 1, 2]


def test_a_place_has_the_section_of_the_innermost_criterion() -> None:
    text = "Inclusion Criteria:\n- asthma\nExclusion Criteria:\n- one of these:\n  - gout"
    found = findings(text)
    place = text.index("gout")
    section = found.section((place, place + 4))
    assert section is not None
    assert (section.kind, section.id) == ("exclusion", "exclusion.1.1")
    assert found.section((0, 3)) is None


# ------------------------------------------------------------------ numbers and units as printed


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("between 1,500 and 2,5", (1500.0, 2.5)),
        (".5", (0.5,)),
        ("twelve", (12.0,)),
        ("class IV", (4.0,)),
        ("2 of three", (2.0,)),
        ("none", ()),
    ],
)
def test_numerals(text: str, numbers: tuple[float, ...]) -> None:
    assert numerals(text) == numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kg per m2", "kg/m²"),
        ("cells/mm^3", "/mm3"),
        ("µmol/L", "umol/litre"),
        ("x upper limit of normal", "ULN"),
        ("percent", "%"),
        ("points", ""),
        ("drinks a day", "drinks/day"),
    ],
)
def test_units_that_differ_in_spelling_alone(one: str, other: str) -> None:
    assert unit_key(one) == unit_key(other)


@pytest.mark.parametrize(("one", "other"), [("mg/dL", "g/dL"), ("ULN", "LLN"), ("mL", "mL/min"), ("%", "")])
def test_units_that_differ(one: str, other: str) -> None:
    assert unit_key(one) != unit_key(other)


# ------------------------------------------------------------------ the comparison

TEXT = "Creatinine below 2 mg/dL, no asthma or gout in the last 3 weeks, no opioids such as codeine."


def at(quote: str) -> Span:
    start = TEXT.index(quote)
    return start, start + len(quote)


def thing(quote: str, domain: str = "condition", *more: str) -> Thing:
    return Thing(span=at(quote), domain=domain, spans=tuple(map(at, (quote, *more))))  # type: ignore[arg-type]


def limit(**fields: object) -> Limit:
    given = {
        "span": at("below 2 mg/dL"),
        "number": 2.0,
        "sign": "<",
        "unit": "mg/dl",
        "subjects": (thing("Creatinine", "measurement"),),
    }
    return Limit(**(given | fields))  # type: ignore[arg-type]


def compared(gold: Findings, predicted: Findings) -> Case:
    return compare_findings(gold, predicted, name="a", text=TEXT)


def outcomes(gold: Findings, predicted: Findings, measure: str) -> list[str]:
    return [j.outcome for j in compared(gold, predicted).judgements if j.measure == measure]


LIMIT_TASKS = TASKS[:4]


@pytest.mark.parametrize(
    ("predicted", "right"),
    [
        (limit(), LIMIT_TASKS),
        (limit(number=-2.0), LIMIT_TASKS),
        (limit(sign=None), LIMIT_TASKS),
        (limit(subjects=(thing("gout"),)), LIMIT_TASKS[:3]),
        (limit(unit="g/dl"), LIMIT_TASKS[:2]),
        (limit(sign="<="), LIMIT_TASKS[:1]),
        (limit(number=3.0), ()),
        (limit(span=at("gout")), ()),
    ],
)
def test_each_task_on_a_limit_asks_for_more(predicted: Limit, right: tuple[str, ...]) -> None:
    gold, found = Findings(limits=(limit(),)), Findings(limits=(predicted,))
    assert tuple(task for task in LIMIT_TASKS if outcomes(gold, found, task) == ["right"]) == right


def test_something_else_in_the_same_place_is_wrong_and_told_in_words() -> None:
    (judgement,) = [
        j
        for j in compared(Findings(limits=(limit(),)), Findings(limits=(limit(sign=">="),))).judgements
        if j.measure == "value+op"
    ]
    assert judgement.outcome == "wrong"
    assert judgement.expected == "< 2 mg/dl — Creatinine"
    assert judgement.got == "≥ 2 mg/dl — Creatinine"
    assert judgement.span == at("below 2 mg/dL")
    assert judgement.domain == "measurement"


@pytest.mark.parametrize(("sign", "outcome"), [(">", "right"), (">=", "right"), ("=", "right"), ("<", "wrong")])
def test_the_end_of_a_range_may_belong_to_it_or_not(sign: str, outcome: str) -> None:
    gold, found = Findings(limits=(limit(sign="from"),)), Findings(limits=(limit(sign=sign),))
    assert outcomes(gold, found, "value+op") == [outcome]
    assert outcomes(found, gold, "value+op") == [outcome]


def test_a_printed_unit_that_gold_left_out_is_not_wrong() -> None:
    bare = limit(span=at("2"), unit="")
    assert outcomes(Findings(limits=(bare,)), Findings(limits=(limit(printed="mg/dL"),)), "value+op+unit") == ["right"]
    assert outcomes(Findings(limits=(bare,)), Findings(limits=(limit(printed="g/L"),)), "value+op+unit") == ["wrong"]


def test_an_age_is_an_age_wherever_it_is_printed() -> None:
    gold = limit(age=True, unit="", time="a", subjects=(thing("gout"),))
    assert outcomes(Findings(limits=(gold,)), Findings(limits=(limit(age=True, time="a"),)), "value+subject") == [
        "right"
    ]
    assert outcomes(Findings(limits=(gold,)), Findings(limits=(limit(time="a"),)), "value+subject") == ["wrong"]


def test_a_limit_that_several_things_share_counts_once() -> None:
    shared = tuple(limit(subjects=(thing(quote),)) for quote in ("asthma", "gout"))
    assert outcomes(Findings(limits=shared), Findings(limits=(limit(subjects=(thing("gout"),)),)), "value+subject") == [
        "right"
    ]


@pytest.mark.parametrize(
    ("neutral", "number", "outcome"),
    [(2.0, 2.0, []), (2.0, 3.0, ["extra"]), (None, 3.0, [])],
)
def test_neutral_numbers_are_held_against_nobody(neutral: float | None, number: float, outcome: list[str]) -> None:
    gold = Findings(neutral=(Neutral(span=at("2"), number=neutral),))
    assert outcomes(gold, Findings(limits=(limit(number=number),)), "value") == outcome


def test_windows() -> None:
    gold = Period(span=at("3"), number=3.0, time="wk", targets=(thing("gout"),))
    found = Period(span=at("in the last 3 weeks"), number=3.0, time="wk", targets=(thing("asthma"),))
    assert outcomes(Findings(periods=(gold,)), Findings(periods=(found,)), "window") == ["right"]
    assert outcomes(Findings(periods=(gold,)), Findings(periods=(found,)), "window+target") == ["wrong"]


def test_concepts_meet_at_any_place_that_names_them() -> None:
    gold = Findings(concepts=(thing("opioids", "drug", "codeine"),))
    found = Findings(concepts=(thing("codeine", "drug"),))
    assert outcomes(gold, found, "concept") == outcomes(gold, found, "concept=") == ["right"]


def test_a_longer_name_is_the_concept_but_not_its_very_place() -> None:
    gold, found = Findings(concepts=(thing("asthma"),)), Findings(concepts=(thing("no asthma"),))
    assert (outcomes(gold, found, "concept"), outcomes(gold, found, "concept=")) == (["right"], ["wrong"])


def test_another_domain_is_wrong_and_one_that_gold_does_not_mark_is_not_compared() -> None:
    gold = Findings(concepts=(thing("asthma"),))
    found = Findings(concepts=(thing("asthma", "drug"),))
    assert outcomes(gold, found, "concept") == ["wrong"]
    marked = Findings(concepts=(thing("asthma"),), domains=frozenset(("condition",)))
    assert outcomes(marked, found, "concept") == ["missed"]


def test_measurements_are_observations_where_one_side_does_not_part_them() -> None:
    gold = Findings(concepts=(thing("Creatinine", "observation"),), domains=frozenset(("observation",)))
    found = Findings(concepts=(thing("Creatinine", "measurement"),))
    assert outcomes(gold, found, "concept") == ["right"]
    assert outcomes(Findings(concepts=gold.concepts), found, "concept") == ["wrong"]
    nothing = Findings(domains=frozenset(("observation",)))
    [extra] = [j for j in compared(nothing, found).judgements if j.measure == "concept"]
    assert (extra.outcome, extra.domain, extra.got) == ("extra", "observation", "observation: Creatinine")


def test_negation_and_exception() -> None:
    gold = Findings(negated=(thing("asthma"), thing("gout")), excepted=(thing("codeine", "drug"),))
    found = Findings(negated=(thing("asthma"), thing("opioids", "drug")))
    assert outcomes(gold, found, "negation") == ["right", "missed", "extra"]
    assert outcomes(gold, found, "exception") == ["missed"]


def junction(*quotes: str, connective: str = "or", claimed: bool = True) -> Junction:
    members = tuple((thing(quote),) for quote in quotes)
    return Junction(connective=connective, members=members, claimed=claimed)  # type: ignore[arg-type]


def test_pairs_are_counted_on_each_side() -> None:
    gold = Findings(junctions=(junction("asthma", "gout"), junction("gout", "opioids")))
    found = Findings(junctions=(junction("asthma", "opioids", "codeine"),))
    # asthma and opioids are joined over gout; codeine is joined to nothing
    assert outcomes(gold, found, "coordination") == ["missed", "missed", "confirmed", "extra"]
    whole = Findings(junctions=(junction("asthma", "gout", "opioids"),))
    assert outcomes(gold, whole, "coordination") == ["found", "found", "confirmed", "confirmed"]


def test_pairs_need_their_own_connective() -> None:
    gold = Findings(junctions=(junction("asthma", "gout"),))
    found = Findings(junctions=(junction("asthma", "gout", connective="and"),))
    assert outcomes(gold, found, "coordination") == ["missed", "extra"]


def test_what_is_only_implied_can_be_right_not_wrong() -> None:
    found = Findings(junctions=(junction("asthma", "gout", claimed=False),))
    assert outcomes(Findings(junctions=(junction("asthma", "gout"),)), found, "coordination") == ["found"]
    assert outcomes(Findings(), found, "coordination") == []


def test_an_example_counts_whichever_is_called_the_whole() -> None:
    one = Example(whole=thing("opioids", "drug"), part=thing("codeine", "drug"))
    other = Example(whole=one.part, part=one.whole)
    wrong = Example(whole=thing("gout"), part=thing("codeine", "drug"))
    assert outcomes(Findings(examples=(one,)), Findings(examples=(other, wrong)), "includes") == [
        "found",
        "confirmed",
        "extra",
    ]


def test_sections_are_told_by_either_side() -> None:
    section = Section(span=(0, len(TEXT)), kind="exclusion", id="exclusion.1")
    one, other = Findings(concepts=(thing("gout"),)), Findings(sections=(section,))
    for case in (compared(one, other), compared(other, one)):
        assert {(j.kind, j.criterion) for j in case.judgements} == {("exclusion", "exclusion.1")}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.parent.name)
def test_a_document_is_right_in_all_it_says(path: Path) -> None:
    document = load(path.read_bytes())
    case = compare_findings(of_document(document), of_document(document), name=path.parent.name, text=document.text)
    assert {j.outcome for j in case.judgements} <= {"right", "found", "confirmed"}
    assert case.figures()["concept"].gold > 0


def test_nothing_found_in_nothing() -> None:
    assert compared(Findings(), Findings()).figures() == {}
    assert of_document(Document(text="")) == Findings()
    assert Rate().f1 == 1.0
