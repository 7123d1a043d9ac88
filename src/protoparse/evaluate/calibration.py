"""Whether a parse is as sure of itself as it is right: its facts judged by annotators' marks, and the figures on them.

In: a parsed document, and what annotators found in its text, or gold. Out: each fact (or criterion) that they can
judge, with its confidence and whether it is right; of many such, the expected calibration error and the table behind
it.

>>> sure, other = Judged(confidence=0.95, right=True), Judged(confidence=0.55, right=True)
>>> calibration("facts", [sure, other, Judged(confidence=0.55, right=False)]).ece
0.05

A fact can be judged where it is about a condition, a drug, a procedure, a measurement or an observation, or about an
age with a number. It is right when all that was found of it agrees, in the way that `spans.likeness` tells:

- its concept overlaps a thing of its domain (what is measured and what is observed are one domain there);
- every number of its value is there, with its comparator, its unit, and this thing as what is compared;
- every amount of time in its window is there, with its unit, of this thing;
- it stands under a denial, and among exceptions, just where the thing does.

An age is right when its numbers are: no thing is marked apart from them. What annotators found and no fact says is not
looked at: that is for recall.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.evaluate.judgements import RATES, Evaluation, Judged
from protoparse.evaluate.keys import fields_key
from protoparse.evaluate.measures import compare
from protoparse.evaluate.spans.findings import Findings, Limit, Period, Thing, limits_of, of_document
from protoparse.evaluate.spans.likeness import (
    is_free,
    meet,
    overlap,
    same_length,
    same_number,
    same_sign,
    same_subject,
    same_target,
    same_unit,
)
from protoparse.model import Criterion, Document, Domain, Fact, Record, facts, walk

BINS = 10
FACTS = "facts"
"""What facts judged as wholes are called among the measures."""
SURE = 0.9
"""Above it a reader relies on a fact."""


class Bin(Record, frozen=True, kw_only=True):
    """What of a sample has a confidence of `[low, high)`: how many, their mean confidence, the share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


class Calibration(Record, frozen=True, kw_only=True):
    """How well confidences say how often a prediction is right.

    `right` is the share that is right, `ece` the expected calibration error: the mean over bins of |share right − mean
    confidence|, weighted by how many a bin holds; bins are of equal width (Guo et al., *On Calibration of Modern Neural
    Networks*, ICML 2017). `brier` is the mean squared distance of a confidence from 1 where right, 0 where not. `sure`
    have a confidence above 0.9; `sure_right` is the share of these that is right, None where there are none.
    """

    measure: str
    count: int
    right: float
    ece: float
    brier: float
    sure: int
    sure_right: float | None
    bins: tuple[Bin, ...]


# ------------------------------------------------------------------ figures


def calibrations(evaluation: Evaluation) -> list[Calibration]:
    """The calibration of each measure whose predictions carry a confidence, facts judged by annotators before them."""
    parts: dict[str, list[Judged]] = {measure: [] for measure in (FACTS, *evaluation.measures)}
    for case in evaluation.cases:
        parts[FACTS] += case.judged
        for j in case.judgements:
            if j.confidence is not None and RATES[j.outcome].predicted:
                right = j.outcome in ("right", "confirmed")
                parts.setdefault(j.measure, []).append(Judged(confidence=j.confidence, right=right))
    return [calibration(measure, part) for measure, part in parts.items() if part]


def calibration(measure: str, judged: Sequence[Judged], bins: int = BINS) -> Calibration:
    """The figures of a sample, all 0 for an empty one; `measure` is what it is called."""
    parts: list[list[Judged]] = [[] for _ in range(bins)]
    for one in judged:
        parts[min(int(one.confidence * bins), bins - 1)].append(one)
    table = tuple(
        Bin(
            low=k / bins,
            high=(k + 1) / bins,
            count=len(part),
            confidence=_mean(j.confidence for j in part),
            right=_mean(j.right for j in part),
        )
        for k, part in enumerate(parts)
        if part
    )
    sure = [j.right for j in judged if j.confidence > SURE]
    return Calibration(
        measure=measure,
        count=len(judged),
        right=_mean(j.right for j in judged),
        ece=round(sum(b.count * abs(b.confidence - b.right) for b in table) / max(len(judged), 1), 6),
        brier=round(_mean((j.confidence - j.right) ** 2 for j in judged), 6),
        sure=len(sure),
        sure_right=_mean(sure) if sure else None,
        bins=table,
    )


def _mean(numbers: Iterable[float]) -> float:
    listed = list(numbers)
    return sum(listed) / max(len(listed), 1)


# ------------------------------------------------------------------ judging by findings


_JUDGED: frozenset[Domain] = frozenset(("condition", "drug", "procedure", "measurement", "observation"))
"""The domains of which annotators mark every thing."""


def markable(fact: Fact) -> bool:
    """Whether a fact is of a kind that annotators' marks can judge."""
    return fact.domain in _JUDGED or _of_age(fact)


def _of_age(fact: Fact) -> bool:
    """Whether a fact is of an age with a number."""
    named = fact.domain == "person" and "age" in (fact.concept.name or fact.concept.text).lower()
    return named and any(True for _ in limits_of(fact, Thing(span=(0, 0), domain="person"), (0, 0)))


def judged(document: Document, findings: Findings) -> list[Judged]:
    """The facts of a document that what annotators found in its text can judge, in reading order.

    A fact without a confidence has 1: a parse that never doubts.
    """
    judge = _Judge(document, findings)
    found = []
    for number, fact in enumerate(fact for criterion in walk(document.criteria) for fact in facts(criterion.rule)):
        right = judge.verdict(number, fact)
        if right is not None:
            found.append(Judged(confidence=_confidence(fact), right=right, fact=fact))
    return found


class _Judge:
    """What a document says, fact by fact, beside what was found in its text."""

    def __init__(self, document: Document, findings: Findings) -> None:
        self._text, self._findings = document.text, findings
        self._standing = _standing(findings)
        self._domains = set(map(_domain, findings.domains))
        own = of_document(document)
        self._own = {thing.fact: thing for thing in own.concepts}
        self._stands = _standing(own)
        self._limits: Mapping[int | None, list[Limit]] = defaultdict(list)
        self._periods: Mapping[int | None, list[Period]] = defaultdict(list)
        for limit in own.limits:
            self._limits[limit.subjects[0].fact].append(limit)
        for period in own.periods:
            self._periods[period.targets[0].fact].append(period)

    def verdict(self, number: int, fact: Fact) -> bool | None:
        """Whether a fact is right; None where it cannot be judged."""
        if fact.concept.span is None:
            return None
        limits = self._limits.get(number, ())
        if _of_age(fact):
            return self._compared(fact, limits) and self._timed(fact, number)
        thing = self._own[number]
        if fact.domain not in _JUDGED or _domain(thing.domain) not in self._domains:
            return None
        named = any(
            _domain(other.domain) == _domain(thing.domain) and meet(other, thing) and standing == self._stands[thing]
            for other, standing in self._standing.items()
        )
        return named and self._compared(fact, limits) and self._timed(fact, number)

    def _compared(self, fact: Fact, limits: Sequence[Limit]) -> bool:
        """Every number is there; a value without a place was not read here."""
        if fact.value is None or fact.value.span is None:
            return True
        return all(self._agrees(limit) for limit in limits)

    def _agrees(self, given: Limit) -> bool:
        here = [gold for gold in self._findings.limits if same_number(gold, given)]
        if not here and is_free(given, self._findings, any_number=True):
            return True
        return any(
            same_sign(gold, given) and same_unit(gold, given, self._text) and same_subject(gold, given) for gold in here
        )

    def _timed(self, fact: Fact, number: int) -> bool:
        """Every amount of time is there; a window that a lead-in gives has no place here, and is not this fact's."""
        window = fact.time
        if window is None or not any(one.span for one in (window, *(window.any_of or ()))):
            return True
        return all(self._lasts(period) for period in self._periods.get(number, ()))

    def _lasts(self, given: Period) -> bool:
        here = [gold for gold in self._findings.periods if same_length(gold, given)]
        if not here and is_free(given, self._findings, any_number=False):
            return True
        return any(gold.time == given.time and same_target(gold, given) for gold in here)


def _domain(domain: Domain) -> Domain:
    return "observation" if domain == "measurement" else domain


def _standing(findings: Findings) -> dict[Thing, tuple[bool, bool]]:
    """Each thing, and whether it is denied, and excepted."""
    denied, excepted = set(findings.negated), set(findings.excepted)
    return {thing: (thing in denied, thing in excepted) for thing in findings.concepts}


# ------------------------------------------------------------------ judging by gold


def criteria_judged(gold: Document, predicted: Document) -> list[Judged]:
    """The criteria of a parse that have a rule, each right where the whole rule is gold's (`rule exact`).

    Raises `ValueError` where the two are not over the same text.
    """
    found = []
    for criterion in walk(predicted.criteria):
        if criterion.rule is None:
            continue
        near = [g for g in walk(gold.criteria) if g.rule is not None and overlap(g.span, criterion.span)]
        right = any(_exact(gold.text, g, criterion) for g in near)
        found.append(Judged(confidence=_confidence(criterion), right=right))
    return found


def facts_judged(gold: Document, predicted: Document) -> list[Judged]:
    """The facts of a parse, each right where gold has one of its domain there, with its value, count, dose and time."""
    theirs = [(fact, fields_key(fact)) for c in walk(gold.criteria) for fact in facts(c.rule)]
    found = []
    for fact in (fact for criterion in walk(predicted.criteria) for fact in facts(criterion.rule)):
        place = fact.concept.span
        if place is None:
            continue
        near = [
            said
            for other, said in theirs
            if other.domain == fact.domain and other.concept.span and overlap(other.concept.span, place)
        ]
        right = bool(near) and fields_key(fact) in near
        found.append(Judged(confidence=_confidence(fact), right=right, fact=fact))
    return found


def _exact(text: str, gold: Criterion, predicted: Criterion) -> bool:
    """Whether the rules of two criteria are the same, their children left out."""
    one, other = (Document(text=text, criteria=(replace(c, children=(), combine=None),)) for c in (gold, predicted))
    return compare(one, other).figures()["rule exact"].right == 1


def _confidence(record: Fact | Criterion) -> float:
    return 1.0 if record.confidence is UNSET else record.confidence
