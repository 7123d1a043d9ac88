"""Statistics on judgements, on worked examples and on samples whose truth is known."""

from __future__ import annotations

import random
from math import sqrt

import pytest

from protoparse.evaluate.judgements import Case, Evaluation, Judgement, Outcome
from protoparse.evaluate.statistics import (
    BREAKDOWNS,
    NOTHING,
    Row,
    compared,
    confusion,
    figures,
    holm,
)


def judged(outcome: Outcome, measure: str = "value", **rest: object) -> Judgement:
    return Judgement(measure=measure, outcome=outcome, **rest)  # type: ignore[arg-type]


def evaluation(*documents: list[Judgement], measures: tuple[str, ...] = ("value",)) -> Evaluation:
    cases = tuple(Case(name=f"d{i}", text="", judgements=tuple(js)) for i, js in enumerate(documents))
    return Evaluation(cases=cases, measures=measures)


def sample(
    right: float, *, seed: int, documents: int = 200, each: int = 5, measure: str = "value"
) -> list[list[Judgement]]:
    chance = random.Random(seed)
    outcomes: list[Outcome] = ["right", "missed"]
    return [[judged(outcomes[chance.random() >= right], measure) for _ in range(each)] for _ in range(documents)]


# ------------------------------------------------------------------ figures


def test_micro_adds_up_and_macro_is_the_mean_over_documents_that_have_something() -> None:
    [row] = figures(evaluation([judged("right")] * 3 + [judged("missed")], [judged("extra")], []))
    assert (row.rate.gold, row.rate.predicted, row.documents) == (4, 4, 2)
    assert (row.rate.precision, row.rate.recall) == (0.75, 0.75)
    assert (row.macro_precision, row.macro_recall) == (0.5, (0.75 + 1) / 2)
    assert row.macro_f1 == pytest.approx((2 * 0.75 / 1.75 + 0) / 2)


def test_an_interval_is_as_wide_as_theory_says() -> None:
    """One judgement a document: the bootstrap of a mean, whose standard error is √(p(1−p)/n)."""
    [row] = figures(evaluation(*sample(0.7, seed=1, documents=400, each=1)))
    assert row.recall is not None
    low, high = row.recall
    p = row.rate.recall
    assert low == pytest.approx(p - 1.96 * sqrt(p * (1 - p) / 400), abs=0.01)
    assert high == pytest.approx(p + 1.96 * sqrt(p * (1 - p) / 400), abs=0.01)


def test_errors_that_come_in_company_make_the_interval_wider() -> None:
    alone = [[judged("right" if i % 10 else "missed") for i in range(10)] for _ in range(40)]
    together = [[judged("right" if n % 10 else "missed")] * 10 for n in range(40)]
    [narrow], [wide] = figures(evaluation(*alone)), figures(evaluation(*together))
    assert narrow.rate == wide.rate
    assert narrow.recall is None  # every document is alike: nothing varies
    assert wide.recall is not None
    assert wide.recall[1] - wide.recall[0] > 0.1


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    held = 0
    for seed in range(60):
        [row] = figures(evaluation(*sample(0.8, seed=seed, documents=60, each=3)), resamples=400)
        assert row.recall is not None
        held += row.recall[0] <= 0.8 <= row.recall[1]
    assert 51 <= held <= 60


@pytest.mark.parametrize(
    "documents",
    [[], [[]], [[judged("right"), judged("missed")]], [[judged("right")], [judged("right")]], [[judged("right")], []]],
)
def test_what_does_not_vary_has_no_interval(documents: list[list[Judgement]]) -> None:
    [row] = figures(evaluation(*documents))
    assert (row.precision, row.recall, row.f1) == (None, None, None)


def test_the_same_intervals_every_time() -> None:
    found = evaluation(*sample(0.6, seed=3, documents=30))
    assert figures(found, BREAKDOWNS) == figures(found, BREAKDOWNS)


def test_breakdowns_count_each_judgement_in_its_parts() -> None:
    found = evaluation(
        [judged("right", kind="inclusion", domain="drug", phenomena=("range", "negation")), judged("extra")],
        [judged("missed", kind="exclusion", domain="drug", phenomena=("range",))],
    )
    rows = {(row.by, row.part): row for row in figures(found, BREAKDOWNS)}
    assert rows["all", ""].rate.gold == 2
    assert rows["section", "inclusion"].rate.recall == 1
    assert (rows["domain", "drug"].rate.gold, rows["domain", "drug"].rate.predicted) == (2, 1)
    assert (rows["phenomenon", "range"].rate.gold, rows["phenomenon", "negation"].rate.gold) == (2, 1)
    assert rows["phenomenon", "range"].documents == 2
    assert rows["phenomenon", "negation"].f1 is None  # of one document
    assert (rows["document", "d0"].rate.predicted, rows["document", "d1"].rate.gold) == (2, 1)


def test_measures_stand_in_their_order_even_where_nothing_is() -> None:
    found = evaluation([judged("right", "b")], measures=("c", "b"))
    assert [row.measure for row in figures(found)] == ["c", "b"]
    empty: Row = figures(found)[0]
    assert (empty.documents, empty.macro_f1, empty.rate.gold) == (0, None, 0)


# ------------------------------------------------------------------ two systems


def test_a_clear_difference_is_significant_and_none_is_not() -> None:
    [clear] = compared(evaluation(*sample(0.6, seed=1)), evaluation(*sample(0.8, seed=2)))
    assert clear.p < 0.001
    assert clear.interval is not None
    assert 0 < clear.interval[0] < clear.difference < clear.interval[1]
    [none] = compared(evaluation(*sample(0.7, seed=1)), evaluation(*sample(0.7, seed=2)))
    assert none.p > 0.05
    assert none.interval is not None
    assert none.interval[0] < 0 < none.interval[1]


def test_a_system_does_not_differ_from_itself() -> None:
    one = evaluation(*sample(0.7, seed=1, documents=30))
    [same] = compared(one, one)
    assert (same.difference, same.interval, same.p, same.corrected) == (0, None, 1, 1)


def test_few_documents_are_permuted_in_every_way() -> None:
    """Three documents, each better: of 2³ ways to exchange, two are as far apart as this one."""
    [row] = compared(evaluation(*[[judged("missed")]] * 3), evaluation(*[[judged("right")]] * 3))
    assert row.p == pytest.approx(2 / 8)


def test_one_document_shows_nothing() -> None:
    [row] = compared(evaluation([judged("missed")]), evaluation([judged("right")]))
    assert (row.difference, row.interval, row.p) == (1, None, 1)


def test_other_documents_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="the same documents"):
        compared(evaluation([]), evaluation([], []))


def test_what_neither_has_is_left_out() -> None:
    both = evaluation([judged("right")], [judged("missed")], measures=("other", "value"))
    assert [row.measure for row in compared(both, both)] == ["value"]


def test_holms_correction() -> None:
    """The worked example of most textbooks, and R's p.adjust(method = "holm")."""
    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert holm([0.5, 0.6]) == [1, 1]
    assert holm([]) == []


# ------------------------------------------------------------------ domains


def test_domains_taken_for_one_another() -> None:
    found = confusion(
        evaluation(
            [
                judged("right", "domain", domain="drug"),
                judged("right", "domain", domain="drug"),
                judged("wrong", "domain", domain="drug", expected="drug", got="procedure"),
                judged("missed", "domain", domain="drug", expected="drug"),
                judged("extra", "domain", domain="device", got="device"),
            ],
            measures=("domain",),
        )
    )
    assert found is not None
    assert found.labels == ("drug", "device", "procedure", NOTHING)
    assert found.counts == ((2, 0, 1, 1), (0, 0, 0, 0), (0, 0, 0, 0), (0, 1, 0, 0))
    assert confusion(evaluation([judged("right")])) is None
