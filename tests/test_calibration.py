"""Whether a parse is as sure as it is right: who is right by whom, and the figures on worked examples."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from protoparse.evaluate.calibration import calibration, calibrations, criteria_judged, facts_judged, judged, markable
from protoparse.evaluate.judgements import Case, Evaluation, Judged, Judgement, Outcome
from protoparse.evaluate.spans.findings import Findings, Limit, Neutral, Period, Thing
from protoparse.evaluate.systems import Gold, parsing
from protoparse.model import Document, Domain, facts
from protoparse.parsing import Parser, parse
from protoparse.sources import Listing

# ------------------------------------------------------------------ figures


def sample(*pairs: tuple[float, int]) -> list[Judged]:
    return [Judged(confidence=c, right=bool(r)) for c, r in pairs]


def test_the_calibration_error_of_a_worked_example() -> None:
    found = sample((0.9, 1), (0.92, 1), (0.94, 0), (0.96, 1), (0.31, 0), (0.35, 1), (0.0, 0), (1.0, 1))
    made = calibration("facts", found)
    table = [(b.low, b.count, round(b.confidence, 4), b.right) for b in made.bins]
    assert table == [(0.0, 1, 0.0, 0.0), (0.3, 2, 0.33, 0.5), (0.9, 5, 0.944, 0.8)]
    assert made.ece == pytest.approx((1 * 0 + 2 * 0.17 + 5 * 0.144) / 8)
    assert calibration("facts", found, bins=1).ece == pytest.approx(abs(sum(j.confidence for j in found) - 5) / 8)
    squares = [0.1**2, 0.08**2, 0.94**2, 0.04**2, 0.31**2, 0.65**2, 0, 0]
    assert made.brier == pytest.approx(sum(squares) / 8)
    assert (made.count, made.right) == (8, 5 / 8)
    assert (made.sure, made.sure_right) == (4, 3 / 4), "0.9 itself is not above 0.9"


def test_nothing_has_no_error() -> None:
    made = calibration("facts", [])
    assert (made.ece, made.brier, made.count, made.sure_right, made.bins) == (0, 0, 0, None, ())
    certain = calibration("facts", sample((1.0, 1), (1.0, 1)))
    assert (certain.ece, certain.brier, certain.sure_right) == (0, 0, 1)


def said(outcome: Outcome, confidence: float | None = None) -> Judgement:
    return Judgement(measure="value", outcome=outcome, confidence=confidence)


def test_every_measure_that_carries_a_confidence_has_figures() -> None:
    judgements = (said("right", 0.95), said("wrong", 0.95), said("extra", 0.5), said("confirmed", 0.5), said("right"))
    case = Case(name="a", text="", judgements=judgements, judged=tuple(sample((0.75, 1))))
    whole, value = calibrations(Evaluation(cases=(case,), measures=("unit", "value")))
    assert (whole.measure, whole.count, whole.ece) == ("facts", 1, 0.25)
    assert (value.measure, value.count, value.ece) == ("value", 4, 0.225)


def test_what_was_not_predicted_has_no_confidence() -> None:
    case = Case(name="a", text="", judgements=(said("missed", 0.5), said("right")))
    assert calibrations(Evaluation(cases=(case,), measures=("value",))) == []


# ------------------------------------------------------------------ judging

WORDS = "Exclusion Criteria:\n\n* No gout\n* Ferritin > 30 ng/mL within 3 weeks\n* Age below 21 years\n"


def at(words: str, text: str = WORDS) -> tuple[int, int]:
    return text.index(words), text.index(words) + len(words)


MARKED: frozenset[Domain] = frozenset(("condition", "drug", "procedure", "observation"))
GOUT = Thing(span=at("gout"), domain="condition")
FERRITIN = Thing(span=at("Ferritin"), domain="observation")
LIMIT = Limit(span=at("30"), number=30, sign=">", unit="ng/ml", printed="ng/mL", subjects=(FERRITIN,))
TIME = Period(span=at("3 weeks"), number=3, time="wk", targets=(FERRITIN,))
AGE = Limit(span=at("21"), number=21, sign="<", time="a", age=True)
FOUND = Findings(concepts=(GOUT, FERRITIN), negated=(GOUT,), limits=(LIMIT, AGE), periods=(TIME,), domains=MARKED)


def right(findings: Findings) -> list[bool]:
    return [j.right for j in judged(parse(WORDS), findings)]


def test_facts_are_judged_by_what_annotators_found() -> None:
    assert [j.fact and j.fact.concept.text for j in judged(parse(WORDS), FOUND)] == ["gout", "Ferritin", "Age"]
    assert right(FOUND) == [True, True, True]
    assert right(replace(FOUND, negated=())) == [False, True, True]
    assert right(replace(FOUND, excepted=(GOUT,))) == [False, True, True]
    other = replace(GOUT, domain="drug")
    assert right(replace(FOUND, concepts=(other, FERRITIN), negated=(other,))) == [False, True, True]
    for wrong in (
        replace(LIMIT, number=31),
        replace(LIMIT, sign=">="),
        replace(LIMIT, unit="g/l", printed="g/L"),
        replace(LIMIT, subjects=()),
    ):
        assert right(replace(FOUND, limits=(wrong, AGE))) == [True, False, True]
    for late in (replace(TIME, number=4), replace(TIME, time="d"), replace(TIME, targets=(GOUT,))):
        assert right(replace(FOUND, periods=(late,))) == [True, False, True]
    assert right(replace(FOUND, limits=(LIMIT, replace(AGE, sign="<=")))) == [True, True, False]


def test_what_annotators_left_open_is_held_against_nobody() -> None:
    assert right(replace(FOUND, limits=(AGE,))) == [True, False, True]
    assert right(replace(FOUND, limits=(AGE,), neutral=(Neutral(span=LIMIT.span, number=30),))) == [True, True, True]
    assert right(replace(FOUND, limits=(replace(LIMIT, sign=None), AGE))) == [True, True, True]
    assert right(replace(FOUND, periods=(replace(TIME, targets=()),))) == [True, True, True]


def test_domains_that_are_not_marked_are_not_judged() -> None:
    kept: frozenset[Domain] = frozenset(("condition",))
    assert [j.fact and j.fact.concept.text for j in judged(parse(WORDS), replace(FOUND, domains=kept))] == [
        "gout",
        "Age",
    ]


def test_what_can_be_judged() -> None:
    [aged] = (fact for c in parse("* Age 18 or older\n").criteria for fact in facts(c.rule))
    [consent] = (fact for c in parse("* Written informed consent\n").criteria for fact in facts(c.rule))
    [asthma] = (fact for c in parse("* Asthma\n").criteria for fact in facts(c.rule))
    bare = replace(aged, value=None)
    assert [markable(fact) for fact in (aged, asthma, bare, consent)] == [True, True, False, False]


def test_a_window_of_a_lead_in_is_not_held_against_the_facts_below() -> None:
    text = "Exclusion Criteria:\n\n* In the last 3 weeks before screening:\n  * Stroke\n"
    stroke = Thing(span=at("Stroke", text), domain="condition")
    [found] = judged(parse(text), Findings(concepts=(stroke,), domains=MARKED))
    assert found.fact
    assert found.fact.time is not None
    assert found.right


def test_criteria_are_judged_by_gold() -> None:
    made = parse(WORDS)
    assert [j.right for j in criteria_judged(made, made)] == [True, True, True]
    assert [j.confidence for j in criteria_judged(made, made)] == [c.confidence for c in made.criteria]
    first, second, third = made.criteria
    denied = replace(first, rule=first.rule.of)  # type: ignore[union-attr]
    older = replace(third, rule=replace(third.rule, value=replace(third.rule.value, operator=">")))  # type: ignore[union-attr, type-var]
    gold = replace(made, criteria=(denied, second, older))
    assert [j.right for j in criteria_judged(gold, made)] == [False, True, False]
    assert [j.right for j in facts_judged(made, made)] == [True, True, True]
    assert [j.right for j in facts_judged(gold, made)] == [True, True, False]
    consent = parse("Inclusion Criteria:\n\n* Written informed consent\n* Allergy to penicillin\n")
    assert [j.right for j in facts_judged(consent, consent)] == [True, True]
    other = replace(consent, criteria=consent.criteria[:1])
    assert [j.right for j in facts_judged(other, consent)] == [True, False]


# ------------------------------------------------------------------ in an evaluation


@pytest.mark.parametrize("annotated", [False, True])
def test_a_parse_is_measured_with_its_judged_facts(annotated: bool) -> None:
    gold = Gold(name="a", text=WORDS, document=parse(WORDS))
    for confidence in (True, False):
        parser = Parser(confidence=confidence)

        def read(listing: Listing, parser: Parser = parser) -> Document:
            return parser.parse(listing.text)

        case = parsing(read, annotated=annotated).case(gold)
        assert [j.right for j in case.judged] == [True] * 3 * confidence
        told = {one.measure for one in calibrations(Evaluation(cases=(case,)))}
        assert told >= ({"facts", "value"} if confidence else set())
        assert "outline" not in told
        assert told if confidence else not told
