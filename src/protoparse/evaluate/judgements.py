"""Judgements: what a comparison says of each thing that it compared, and the figures that they add up to.

In: judgements of documents, made by any of the comparisons of this package. Out: rates, over all or by section, domain,
phenomenon or document. Every figure, table, error list and plot is made of these.

>>> found = Judgement(measure="value", outcome="right", domain="measurement")
>>> lost = Judgement(measure="value", outcome="missed", domain="measurement", expected="≤ 5 × ULN")
>>> evaluation = Evaluation(cases=(Case(name="a", text="", judgements=(found, lost)),))
>>> evaluation.figures()["value"].recall
0.5
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

from protoparse.model import Domain, Fact, Kind, Record, Span

Outcome: TypeAlias = Literal["right", "wrong", "missed", "extra", "found", "confirmed"]
"""`right`: in gold and predicted, and the same; `wrong`: in both, and different; `missed`: in gold alone; `extra`:
predicted alone. Where the two sides are counted each by itself (pairs joined by "or"), `found` is one of gold that was
found and `confirmed` one predicted that is right."""

Facet: TypeAlias = Literal["kind", "domain", "phenomena"]
"""What figures are broken down by, beside the document: the section, the domain, the way of writing."""


class Rate(Record, frozen=True, kw_only=True):
    """How many are in gold and how many of these were found; how many were predicted and how many are right."""

    found: int = 0
    gold: int = 0
    right: int = 0
    predicted: int = 0

    @property
    def precision(self) -> float:
        """The share of what was predicted that is right; 1 where nothing was."""
        return self.right / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """The share of gold that was found; 1 where there is none."""
        return self.found / self.gold if self.gold else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there was nothing to find and nothing was found."""
        p, r = self.precision, self.recall
        return 2 * p * r / (p + r) if p + r else 0.0

    def __add__(self, other: Rate) -> Rate:
        return Rate(
            found=self.found + other.found,
            gold=self.gold + other.gold,
            right=self.right + other.right,
            predicted=self.predicted + other.predicted,
        )


RATES: Mapping[Outcome, Rate] = {
    "right": Rate(found=1, gold=1, right=1, predicted=1),
    "wrong": Rate(gold=1, predicted=1),
    "missed": Rate(gold=1),
    "extra": Rate(predicted=1),
    "found": Rate(found=1, gold=1),
    "confirmed": Rate(right=1, predicted=1),
}
"""What each outcome adds to a rate."""


class Judgement(Record, frozen=True, kw_only=True):
    """One thing compared by one measure.

    `span` is its place in the text, gold's where gold has one; `criterion` the id of the criterion it is in, `kind`
    that criterion's section, `phenomena` the ways of writing that it shows. `expected` and `got` say in words what gold
    and the prediction hold, where they differ. `confidence` is the predicted thing's own, where it carries one.
    """

    measure: str
    outcome: Outcome
    span: Span | None = None
    criterion: str | None = None
    kind: Kind | None = None
    domain: Domain | None = None
    phenomena: tuple[str, ...] = ()
    expected: str | None = None
    got: str | None = None
    confidence: float | None = None


class Judged(Record, frozen=True, kw_only=True):
    """How sure a parse is of something, and whether it is right. `fact` is what it is about, where that is a fact."""

    confidence: float
    right: bool
    fact: Fact | None = None


class Case(Record, frozen=True, kw_only=True):
    """One document compared: its name, its text, and every judgement on it.

    `judged` are whole facts of the prediction that carry a confidence, where gold is of a kind that can judge them.
    """

    name: str
    text: str
    judgements: tuple[Judgement, ...]
    judged: tuple[Judged, ...] = ()

    def figures(self) -> dict[str, Rate]:
        """The rate of each measure, in the order in which the measures come."""
        return tally((j.measure, j) for j in self.judgements)


class Evaluation(Record, frozen=True, kw_only=True):
    """Documents compared. `measures` names what was measured, in the order to show, even where nothing was there."""

    cases: tuple[Case, ...]
    measures: tuple[str, ...] = ()

    def figures(self) -> dict[str, Rate]:
        """The micro rate of each measure: all judgements of all documents added up."""
        empty = dict.fromkeys(self.measures, Rate())
        return empty | tally((j.measure, j) for case in self.cases for j in case.judgements)

    def by(self, facet: Facet) -> dict[str, dict[str, Rate]]:
        """The figures of each section, domain or phenomenon; what has none is left out."""
        parts: dict[str, list[tuple[str, Judgement]]] = {}
        for case in self.cases:
            for j in case.judgements:
                held = getattr(j, facet)
                for part in held if isinstance(held, tuple) else (held,):
                    if part is not None:
                        parts.setdefault(part, []).append((j.measure, j))
        return {part: tally(judged) for part, judged in sorted(parts.items())}


def tally(judged: Iterable[tuple[str, Judgement]]) -> dict[str, Rate]:
    """The judgements under each name added up."""
    counts: dict[str, dict[Outcome, int]] = {}
    for name, judgement in judged:
        of = counts.setdefault(name, {})
        of[judgement.outcome] = of.get(judgement.outcome, 0) + 1
    return {name: _summed(of) for name, of in counts.items()}


def _summed(counts: Mapping[Outcome, int]) -> Rate:
    def total(part: str) -> int:
        return sum(getattr(RATES[outcome], part) * number for outcome, number in counts.items())

    return Rate(found=total("found"), gold=total("gold"), right=total("right"), predicted=total("predicted"))


def errors(evaluation: Evaluation, measure: str | None = None) -> Iterator[tuple[Case, Judgement]]:
    """What is wrong, missed or too much, of one measure or of all, with the document that it is in."""
    for case in evaluation.cases:
        for judgement in case.judgements:
            if judgement.outcome in ("wrong", "missed", "extra") and measure in (None, judgement.measure):
                yield case, judgement
