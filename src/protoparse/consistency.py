"""Where the criteria of a listing contradict or repeat one another.

In: criteria. Out: notes, each at the place that says so second; nothing is changed. Excluding "age ≥ 18" where
inclusion.1 asks for it gives `excludes-required`, "≥ 18" beside "< 12" of one thing `empty-range`, and an item that
asks what another asked already `duplicate`.

Compared is what every person must meet: facts under `all`s alone, and what excludes by itself. Of a requirement on
some people only (an `if`, an `except`, an alternative, another cohort) nothing is said, nor of two names for one thing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Literal, NamedTuple

from protoparse.errors import UnitError
from protoparse.lexicon import fold
from protoparse.model import (
    All,
    Any_,
    Comparison,
    Concept,
    Criterion,
    Fact,
    Not,
    Note,
    Rule,
    Span,
    facts,
    members,
    renamed,
    walk,
    without_spans,
)
from protoparse.units import convert

_OPPOSITES = {"positive": "negative", "negative": "positive", "normal": "abnormal", "abnormal": "normal"}


_Ruled = tuple[Criterion, Rule]


class _Literal(NamedTuple):
    """A fact that everybody must meet, or (`required` false) that nobody may."""

    fact: Fact
    required: bool
    criterion: Criterion


def inconsistencies(criteria: Sequence[Criterion]) -> list[Note]:
    """Notes on what contradicts (`empty-range`, `excludes-required`) and what repeats (`duplicate`) something else."""
    return [*_contradictions(criteria), *_repetitions(criteria)]


# ------------------------------------------------------------------ contradictions


def _contradictions(criteria: Sequence[Criterion]) -> Iterator[Note]:
    named: dict[str, list[_Literal]] = defaultdict(list)
    for criterion in criteria:
        for literal in _literals(criterion):
            concept = literal[0].concept
            named[concept.name or fold(concept.text)].append(literal)
    for literals in named.values():
        if len(literals) == 1:
            continue
        told: set[Span | None] = set()
        for one, other in combinations(literals, 2):
            groups = one.criterion.group, other.criterion.group
            if other.fact.span in told or (groups[0] != groups[1] and None not in groups):
                continue
            note = _contradiction(one, other)
            if note is not None:
                told.add(other.fact.span)
                yield note


def _literals(criterion: Criterion) -> list[_Literal]:
    """What everybody must meet by a criterion and its children."""
    if criterion.kind == "unspecified" or criterion.combine in ("except", "then"):
        return []
    found: list[_Literal] = []
    wanted = criterion.kind == "inclusion"
    own, below = criterion.rule, criterion.children
    if own is not None and (wanted or not below):
        _met(own, wanted, criterion, found)
    if below and criterion.combine == ("all" if wanted else "any") and (wanted or own is None):
        for child in below:
            found += _literals(child)
    return found


def _met(rule: Rule, required: bool, criterion: Criterion, found: list[_Literal]) -> None:
    """Add the facts whose truth follows from a rule's being true, or from its being false, and which truth."""
    if isinstance(rule, Fact):
        found.append(_Literal(rule, required, criterion))
    elif isinstance(rule, Not):
        _met(rule.of, not required, criterion, found)
    elif isinstance(rule, All if required else Any_):
        for member in rule.of:
            _met(member, required, criterion, found)


def _contradiction(one: _Literal, other: _Literal) -> Note | None:
    if not (one.required or other.required) and (one.fact.value is None or other.fact.value is None):
        return None
    if not _alike_but_for_value(one.fact, other.fact) or _compatible(one, other):
        return None
    where = "this item" if one.criterion is other.criterion else one.criterion.id
    code: Literal["excludes-required", "empty-range"]
    if one.required == other.required:
        code, message = "empty-range", f"{_said(other)} here and {_said(one)} in {where}: nobody meets both"
    else:
        code, message = "excludes-required", f"{_said(other)} here, but {_said(one)} in {where}: nobody meets both"
    return Note(code=code, message=message, span=other.fact.span)


def _alike_but_for_value(one: Fact, other: Fact) -> bool:
    """Whether two facts are about the same thing: all but the value is the same."""
    return (
        one.domain == other.domain
        and one.experiencer == other.experiencer
        and _narrowing(one) == _narrowing(other)
        and without_spans(one.time) == without_spans(other.time)
        and without_spans(one.count) == without_spans(other.count)
        and without_spans(one.dose) == without_spans(other.dose)
    )


def _narrowing(fact: Fact) -> frozenset[tuple[str, str]]:
    return frozenset([(m.type, m.text.lower()) for m in fact.modifiers])


def _compatible(one: _Literal, other: _Literal) -> bool:
    """Whether somebody may meet both; true where that cannot be told."""
    mine, yours = one.fact.value, other.fact.value
    if mine is None or yours is None:
        return not (mine is yours is None and one.required != other.required)
    if mine.reference != yours.reference:
        return True
    if isinstance(mine.value, str) or isinstance(yours.value, str):
        said = mine.value, yours.value
        if mine.operator != "=" or yours.operator != "=" or not (one.required or other.required):
            return True
        return said[0] != said[1] if one.required != other.required else _OPPOSITES.get(str(said[0])) != said[1]
    unit = mine.unit.ucum if mine.unit else None
    name = one.fact.concept.name
    try:
        left, right = _stretches(mine, one.required, unit, name), _stretches(yours, other.required, unit, name)
    except UnitError:
        return True
    return left is None or right is None or any(_meet(a, b) for a in left for b in right)


_End = tuple[Fraction | float, int]
"""One end of a stretch of numbers, itself within: the number, and -1 for just below it, 1 for just above."""

_EVER = float("inf")


def _stretches(value: Comparison, required: bool, unit: str | None, name: str | None) -> list[tuple[_End, _End]] | None:
    """The stretches of numbers, in a unit, that meet a comparison, or that do not; None where that cannot be told."""
    low: _End | None = (-_EVER, 0)
    high: _End | None = (_EVER, 0)
    if value.operator == "between":
        low = _end(value.low, value, unit, name, 0 if value.low_inclusive is not False else 1)
        high = _end(value.high, value, unit, name, 0 if value.high_inclusive is not False else -1)
    elif value.operator in ("=", ">", ">=", "<", "<="):
        if value.operator in ("=", ">", ">="):
            low = _end(value.value, value, unit, name, 1 if value.operator == ">" else 0)
        if value.operator in ("=", "<", "<="):
            high = _end(value.value, value, unit, name, -1 if value.operator == "<" else 0)
    else:
        return None
    if low is None or high is None:
        return None
    if required:
        return [(low, high)]
    return [((-_EVER, 0), (low[0], low[1] - 1)), ((high[0], high[1] + 1), (_EVER, 0))]


def _end(number: object, value: Comparison, unit: str | None, name: str | None, side: int) -> _End | None:
    if not isinstance(number, int | float):
        return None
    own = value.unit.ucum if value.unit else None
    if own == unit:
        return Fraction(str(number)), side
    return None if own is None or unit is None else (convert(number, own, unit, analyte=name), side)


def _meet(one: tuple[_End, _End], other: tuple[_End, _End]) -> bool:
    return max(one[0], other[0]) <= min(one[1], other[1])


def _said(literal: _Literal) -> str:
    """What a literal asks of everybody, in words: "no stroke", "age ≥ 18 a"."""
    fact = literal.fact
    words = [] if literal.required else ["no"]
    words.append(fact.concept.name or fact.concept.text)
    if (value := fact.value) is not None:
        amount = f"{value.low}-{value.high}" if value.operator == "between" else f"{value.value}"
        words.append(value.operator + " " + amount if value.operator != "between" else amount)
        words += [x for x in (value.reference, value.unit and (value.unit.ucum or value.unit.text)) if x]
    return " ".join(words)


# ------------------------------------------------------------------ repetitions


def _repetitions(criteria: Sequence[Criterion]) -> Iterator[Note]:
    """A note for each item without children that asks again what one before it asked."""
    items = [(c, c.rule) for c in walk(criteria) if c.rule is not None and not c.children]
    # three sieves, as the finest costs most: few items begin with one name, fewer have all names alike
    for begun in _alike(items, lambda item: (item[0].group, _first(item[1]).concept.name)):
        for named in _alike(begun, lambda item: tuple(fact.concept.name for fact in facts(item[1]))):
            for (first, _), *others in _alike(named, lambda item: _asked(*item)):
                for criterion, rule in others:
                    if first.unparsed == criterion.unparsed == ():
                        yield Note(code="duplicate", message=f"says again what {first.id} says", span=rule.span)


def _first(rule: Rule) -> Fact:
    """The first fact of a rule."""
    while not isinstance(rule, Fact):
        rule = members(rule)[0]
    return rule


def _alike(items: Sequence[_Ruled], key: Callable[[_Ruled], Hashable]) -> Iterator[list[_Ruled]]:
    """Groups of two items or more for which a key is the same, each in the order of the items."""
    groups: dict[Hashable, list[_Ruled]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return (group for group in groups.values() if len(group) > 1)


def _asked(criterion: Criterion, rule: Rule) -> tuple[bool, Rule]:
    """What an item asks of everybody: an inclusion that its rule holds, an exclusion that it does not."""
    wanted = criterion.kind != "exclusion"
    while isinstance(rule, Not):
        rule, wanted = rule.of, not wanted
    return wanted, renamed(without_spans(rule), lambda c: Concept(text=c.name or c.text.lower()))
