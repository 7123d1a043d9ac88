"""Whether a parse is as sure of itself as it is right: its facts judged by annotators' marks, and the figures on them.

In: a parsed document, and what annotators marked in its text. Out: each fact that the marks can judge, with its
confidence and whether it is right; of many such, the expected calibration error and the table behind it.

>>> sure, other = Judged(confidence=0.95, right=True), Judged(confidence=0.55, right=True)
>>> ece([sure, other, Judged(confidence=0.55, right=False)])
0.05

A fact can be judged where it is about a condition, a drug, a procedure, a measurement or an observation, or about an
age with a number. It is right when all that the marks say of it agrees:

- its concept overlaps a thing marked as of its domain (what is measured and what is observed are one domain there);
- every number of its value is marked there, with its comparator, its unit, and this thing as what is compared;
- every amount of time in its window is marked there, with its unit, on this thing;
- it stands under a denial, and among exceptions, just where the thing does.

An age is right when its numbers are: no thing is marked apart from them. What annotators marked and no fact says is not
looked at: that is for recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.evaluate.measures import compare
from protoparse.lexicon import loose_unit, unit_code
from protoparse.model import (
    Comparison,
    Criterion,
    Document,
    Domain,
    Except,
    Fact,
    Not,
    Number,
    Offset,
    Record,
    Rule,
    Span,
    Window,
    facts,
    members,
    walk,
)

BINS = 10


class Thing(Record, frozen=True, kw_only=True):
    """What annotators marked as one of a domain: all the places that name it, and what it stands under."""

    spans: tuple[Span, ...]
    domain: Domain
    denied: bool = False
    excepted: bool = False


class Amount(Record, frozen=True, kw_only=True):
    """A number that annotators marked as a limit, or as an amount of time.

    `operator` is one of a comparison's, with "~" behind it where the edge may count or not, or None where none is
    marked; `of` are the places of what it is said of, none where it is of an age, or of anything near.
    """

    span: Span
    number: float
    operator: str | None = None
    unit: str | None = None
    time_unit: str | None = None
    age: bool = False
    of: tuple[Span, ...] = ()


class Marks(Record, frozen=True, kw_only=True):
    """All that annotators marked in a text; `others` are numbers that they left open: nobody is held to them."""

    things: tuple[Thing, ...] = ()
    limits: tuple[Amount, ...] = ()
    times: tuple[Amount, ...] = ()
    others: tuple[Amount, ...] = ()


class Judged(Record, frozen=True, kw_only=True):
    """How sure a parse is of something, and whether it is right. `fact` is what it is about, where that is a fact."""

    confidence: float
    right: bool
    fact: Fact | None = None


class Bin(Record, frozen=True, kw_only=True):
    """What of a sample has a confidence of `[low, high)`: how many, their mean confidence, the share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


# ------------------------------------------------------------------ figures


def reliability(judged: Sequence[Judged], bins: int = BINS) -> list[Bin]:
    """The sample in bins of equal width, those that hold anything."""
    parts: list[list[Judged]] = [[] for _ in range(bins)]
    for one in judged:
        parts[min(int(one.confidence * bins), bins - 1)].append(one)
    return [
        Bin(
            low=k / bins,
            high=(k + 1) / bins,
            count=len(part),
            confidence=sum(j.confidence for j in part) / len(part),
            right=sum(j.right for j in part) / len(part),
        )
        for k, part in enumerate(parts)
        if part
    ]


def ece(judged: Sequence[Judged], bins: int = BINS) -> float:
    """The expected calibration error: how far confidence and the share that is right are apart, bin by bin, weighted.

    Bins are of equal width, as in Guo et al. (2017); 0 for an empty sample.
    """
    parts = reliability(judged, bins)
    return round(sum(b.count * abs(b.confidence - b.right) for b in parts) / max(len(judged), 1), 6)


# ------------------------------------------------------------------ judging


_MARKED: dict[Domain, Domain] = {
    "condition": "condition",
    "drug": "drug",
    "procedure": "procedure",
    "measurement": "observation",
    "observation": "observation",
}
"""The domains of which things are marked."""


def judged(document: Document, marks: Marks) -> list[Judged]:
    """The facts of a document that the marks in its text can judge, in reading order.

    A fact without a confidence has 1: a parse that never doubts.
    """
    return [
        Judged(confidence=_confidence(fact), right=verdict, fact=fact)
        for criterion in walk(document.criteria)
        for fact, verdict in verdicts(criterion, document.text, marks)
    ]


def verdicts(criterion: Criterion, text: str, marks: Marks) -> Iterator[tuple[Fact, bool]]:
    """The facts of a criterion's own rule that can be judged, and whether each is right."""
    if criterion.rule is None:
        return
    for fact, denied, excepted in _standing(criterion.rule, False, False):
        verdict = _verdict(fact, denied, excepted, text, marks)
        if verdict is not None:
            yield fact, verdict


def criteria_judged(gold: Document, predicted: Document) -> list[Judged]:
    """The criteria of a parse that have a rule, each right where the whole rule is gold's (`rule exact`).

    Raises `ValueError` where the two are not over the same text.
    """
    found = []
    for criterion in walk(predicted.criteria):
        if criterion.rule is None:
            continue
        near = [g for g in walk(gold.criteria) if g.rule is not None and _meet(g.span, criterion.span)]
        right = any(_exact(gold.text, g, criterion) for g in near)
        found.append(Judged(confidence=_confidence(criterion), right=right))
    return found


def facts_judged(gold: Document, predicted: Document) -> list[Judged]:
    """The facts of a parse, each right where gold has one of its domain there, with its value, count, dose and time."""
    theirs = [(g, f) for g in walk(gold.criteria) for f in facts(g.rule)]
    found = []
    for criterion in walk(predicted.criteria):
        for fact in facts(criterion.rule):
            if fact.concept.span is None:
                continue
            right = any(
                f.domain == fact.domain
                and f.concept.span is not None
                and _meet(f.concept.span, fact.concept.span)
                and _exact(
                    gold.text, replace(g, rule=replace(f, includes=())), replace(g, rule=replace(fact, includes=()))
                )
                for g, f in theirs
            )
            found.append(Judged(confidence=_confidence(fact), right=right, fact=fact))
    return found


def _alone(fact: Fact, criterion: Criterion) -> Criterion:
    """A criterion that says one fact, without its examples."""
    return replace(criterion, rule=replace(fact, includes=()))


def _exact(text: str, gold: Criterion, predicted: Criterion) -> bool:
    """Whether the rules of two criteria are the same, their children left out."""
    one, other = (Document(text=text, criteria=(replace(c, children=(), combine=None),)) for c in (gold, predicted))
    return compare(one, other).figures()["rule exact"].right == 1


def _confidence(record: Fact | Criterion) -> float:
    return 1.0 if record.confidence is UNSET else record.confidence


def _standing(rule: Rule, denied: bool, excepted: bool) -> Iterator[tuple[Fact, bool, bool]]:
    """The facts of a rule, examples among them, and whether each is denied, and excepted."""
    if isinstance(rule, Fact):
        yield rule, denied, excepted
    for number, member in enumerate(members(rule)):
        yield from _standing(
            member, denied != isinstance(rule, Not), excepted or (isinstance(rule, Except) and number > 0)
        )


def _verdict(fact: Fact, denied: bool, excepted: bool, text: str, marks: Marks) -> bool | None:
    place = fact.concept.span
    if place is None:
        return None
    age = _aged(fact)
    if not age:
        domain = _MARKED.get(fact.domain)
        if domain is None:
            return None
        things = [t for t in marks.things if t.domain == domain and any(_meet(s, place) for s in t.spans)]
        if not any((t.denied, t.excepted) == (denied, excepted) for t in things):
            return False
    return _value_agrees(fact, age, text, marks) and _time_agrees(fact, marks)


def markable(fact: Fact) -> bool:
    """Whether a fact is of a kind that annotators' marks can judge."""
    return fact.domain in _MARKED or _aged(fact)


def _aged(fact: Fact) -> bool:
    """Whether a fact is of an age with a number."""
    named = fact.domain == "person" and "age" in (fact.concept.name or fact.concept.text).lower()
    return named and fact.value is not None and any(True for _ in _numbers(fact.value))


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _at(span: Span, number: float, amount: Amount) -> bool:
    """Whether a number is the one marked in this place; signs are not marked."""
    return _meet(span, amount.span) and abs(number) == abs(amount.number)


def _value_agrees(fact: Fact, age: bool, text: str, marks: Marks) -> bool:
    value, place = fact.value, fact.concept.span
    if value is None or value.span is None or place is None:
        return True
    for number, operator in _numbers(value):
        here = [m for m in marks.limits if _at(value.span, number, m)]
        if not here and any(_at(value.span, number, m) for m in marks.others):
            continue
        if not any(
            _same_operator(m.operator, operator)
            and _same_unit(m, value, text, age=age)
            and (age if m.age else any(_meet(s, place) for s in m.of))
            for m in here
        ):
            return False
    return True


def _time_agrees(fact: Fact, marks: Marks) -> bool:
    place = fact.concept.span
    if fact.time is None or place is None:
        return True
    for span, number, unit in _amounts(fact.time):
        here = [m for m in marks.times if _meet(span, m.span) and number == m.number]
        if not here and any(_at(span, number, m) for m in marks.others):
            continue
        if not any(m.time_unit == unit and (not m.of or any(_meet(s, place) for s in m.of)) for m in here):
            return False
    return True


_ROMAN = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "v": 5.0, "vi": 6.0}
_DIGITS = re.compile(r"\d+(?:\.\d+)?")


def _number(value: object) -> float | None:
    """The number that a value is, or begins with: "II" is 2, "3b" is 3; None for other words."""
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    found = _DIGITS.search(value)
    return float(found[0]) if found else _ROMAN.get(value.strip().lower())


def _numbers(value: Comparison) -> Iterator[tuple[float, str]]:
    """The numbers of a comparison, each with the comparator that it stands for."""
    said: list[tuple[object, str]]
    match value.operator:
        case "between":
            low = ">" if value.low_inclusive is False else ">="
            high = "<" if value.high_inclusive is False else "<="
            said = [(value.low, low), (value.high, high)]
        case "in":
            said = [(v, "=") for v in value.values or ()]
        case _:
            said = [(value.value, value.operator)]
    for printed, operator in said:
        number = _number(printed)
        if number is not None:
            yield number, operator


_TIMES = frozenset({"s", "min", "h", "d", "wk", "mo", "a"})


def _amounts(window: Window) -> Iterator[tuple[Span, float, str]]:
    """The amounts of time in a window, with unit and place."""
    for one in window.any_of if window.any_of is not UNSET else (window,):
        span = one.span or window.span
        if span is None:
            continue
        offsets = [b.offset for b in (one.start, one.end) if b and b.offset is not None]
        for number, unit in [*_offsets(offsets), *_lengths(one.duration or None)]:
            if unit in _TIMES:
                yield span, abs(number), unit


def _offsets(offsets: Iterable[Offset]) -> Iterator[tuple[Number, str | None]]:
    for offset in offsets:
        if offset.value is not UNSET:
            yield offset.value, offset.unit.ucum if offset.unit else None
        else:
            yield from _offsets(offset.longest_of or offset.shortest_of or ())


def _lengths(duration: Comparison | None) -> Iterator[tuple[Number, str | None]]:
    if duration is not None:
        for number, _ in _numbers(duration):
            yield number, duration.unit.ucum if duration.unit else None


def _same_operator(marked: str | None, said: str) -> bool:
    if marked is None:
        return True
    if marked.endswith("~"):
        return said == "=" or said[0] == marked[0]  # "0 or 1" is a range to the annotators
    return marked == said


_LIMIT = re.compile(
    r"(?:upper|lower)\s*(?:limits?\s*(?:of\s*)?(?:the\s*)?normal|normal\s*limit)|\b[ul]ln\b|\bunl\b", re.I
)
_SCALES = frozenset(
    {"class", "classification", "category", "grade", "stage", "status", "score", "points", "point", "total"}
)
_NEAR = 30
"""A unit printed no further behind a number belongs to it, marked or not."""


def _same_unit(mark: Amount, value: Comparison, text: str, *, age: bool) -> bool:
    printed = (value.unit.text if value.unit else None) or ""
    code = value.unit.ucum if value.unit else None
    marked = (mark.unit or "").strip()
    if not marked and mark.time_unit is None and printed and printed in text[mark.span[1] : mark.span[1] + _NEAR]:
        return True
    if mark.time_unit is not None or (age and code in _TIMES):
        return mark.time_unit == code
    if _LIMIT.search(marked):
        return value.reference in ("ULN", "LLN", "normal")
    if loose_unit(marked).removesuffix("s") in _SCALES:
        marked = ""
    if not marked or not printed:
        return not marked and not printed
    ours, theirs = _unit_key(printed, code), _unit_key(marked, unit_code(marked))
    return ours == theirs or ours.split("/")[0] == theirs or ours.replace("/", "") == theirs


_COUNTED = re.compile(r"cells?|platelets?|leu[ck]ocytes|points?|scores?|beats?|units?$|\{\w+\}|[().\-_]")


def _unit_key(printed: str, code: str | None) -> str:
    """A unit without its spelling, and without what it counts."""
    loose = loose_unit(re.sub(r"\bper\b", "/", code or printed))
    return _COUNTED.sub("", loose).replace("mm3", "ul")
