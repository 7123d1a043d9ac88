"""Where the criteria of a listing contradict or repeat one another.

In: criteria. Out: notes, each at the place that says so second; nothing is changed. Excluding "age ≥ 18" where
inclusion.1 asks for it gives `excludes-required`, "≥ 18" beside "< 12" of one thing `empty-range`, and an item that
asks what another asked already `duplicate`.

Compared is what every person must meet: facts under `all`s alone, and what excludes by itself. Of a requirement on
some people only (an `if`, an `except`, an alternative, another cohort) nothing is said, nor of two names for one thing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

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
    Reference,
    Rule,
    Span,
    facts,
    members,
    renamed,
    walk,
    without_spans,
)
from protoparse.ranges import Range, as_range, first_apart, meet, stretches

_OPPOSITES = {"positive": "negative", "negative": "positive", "normal": "abnormal", "abnormal": "normal"}


_Ruled = tuple[Criterion, Rule]


class _Literal(Struct, frozen=True, gc=False, eq=False):
    """A fact that everybody must meet, or (`required` false) that nobody may."""

    fact: Fact
    required: bool
    criterion: Criterion


class _Said(NamedTuple):
    """What matters of literals that are alike but for the value."""

    name: str | None
    value: Comparison | None
    required: bool


def inconsistencies(criteria: Sequence[Criterion]) -> list[Note]:
    """Notes on what contradicts (`empty-range`, `excludes-required`) and what repeats (`duplicate`) something else."""
    return [*_contradictions(criteria), *_repetitions(criteria)]


# ------------------------------------------------------------------ contradictions


def _contradictions(criteria: Sequence[Criterion]) -> Iterator[Note]:
    named: dict[str, list[_Literal]] = defaultdict(list)
    for criterion in criteria:
        for literal in _literals(criterion):
            concept = literal.fact.concept
            named[concept.name or fold(concept.text)].append(literal)
    for literals in named.values():
        if len(literals) == 1:
            continue
        told: set[Span | None] = set()
        for one, other in _pairs(literals):
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


_FEW = 16
"""So many are compared each with each."""


def _pairs(literals: Sequence[_Literal]) -> Iterable[tuple[_Literal, _Literal]]:
    """The pairs in which there may be a contradiction: for each literal the first that it contradicts is among them."""
    if len(literals) <= _FEW:
        return combinations(literals, 2)
    alike: dict[Hashable, list[int]] = defaultdict(list)
    for at, literal in enumerate(literals):
        alike[_but_for_value(literal.fact)].append(at)
    found: list[tuple[int, int]] = []
    for places in alike.values():
        grouped: dict[str | None, list[int]] = defaultdict(list)
        for at in places:
            grouped[literals[at].criterion.group].append(at)
        everybody = grouped.pop(None, [])
        found += _clashes(literals, everybody, places)
        if grouped:
            found += _clashes(literals, places, everybody)
        for own in grouped.values():
            found += _clashes(literals, own, own)
    return [(literals[i], literals[j]) for i, j in sorted(set(found))]


def _clashes(literals: Sequence[_Literal], ones: Sequence[int], others: Sequence[int]) -> Iterator[tuple[int, int]]:
    """For each of the others the first of the ones that it contradicts, where that stands before it."""
    if not ones or not others:
        return
    first: dict[_Said, int] = {}
    for at in ones:
        first.setdefault(_said_by(literals[at]), at)
    said: dict[_Said, list[int]] = defaultdict(list)
    for at in others:
        said[_said_by(literals[at])].append(at)
    for other, least in zip(said, _firsts(first, list(said)), strict=True):
        if least is not None:
            yield from ((least, at) for at in said[other] if least < at)


def _said_by(literal: _Literal) -> _Said:
    return _Said(literal.fact.concept.name, without_spans(literal.fact.value), literal.required)


def _firsts(ones: Mapping[_Said, int], others: Sequence[_Said]) -> list[int | None]:
    """For each of the others the least number among those that it contradicts."""
    words: dict[Hashable, int] = {}
    limits: dict[tuple[str | None, str | None, Reference | None], list[tuple[_Said, int]]] = defaultdict(list)
    for one, number in ones.items():
        value = one.value
        if value is None or isinstance(value.value, str):
            words.setdefault((_word(value), one.required), number)
        else:
            limits[one.name, value.unit.ucum if value.unit else None, value.reference].append((one, number))
    found: list[list[int | None]] = [[words.get(word) for word in _contrary(other)] for other in others]
    for (name, unit, reference), told in limits.items():
        own = [(r, number) for one, number in told if (r := _range(one, reference, unit, name)) is not None]
        asked = [(r, at) for at, other in enumerate(others) if (r := _range(other, reference, unit, name)) is not None]
        for (_, at), least in zip(asked, first_apart(own, [r for r, _ in asked]), strict=True):
            found[at].append(least)
    return [min([n for n in each if n is not None], default=None) for each in found]


def _word(value: Comparison | None) -> Hashable:
    """What a word says that is no number; None where something is there at all."""
    return value and (value.operator, value.value, value.reference)


def _contrary(said: _Said) -> Iterator[Hashable]:
    """The words, each with whether it is required, that contradict one."""
    value = said.value
    if value is None:
        yield None, not said.required
    elif value.operator == "=" and isinstance(value.value, str):
        yield _word(value), not said.required
        if said.required and value.value in _OPPOSITES:
            yield _word(replace(value, value=_OPPOSITES[value.value])), True


def _range(said: _Said, reference: Reference | None, unit: str | None, name: str | None) -> Range | None:
    """The numbers that something allows, in a unit; None where that cannot be told or compared."""
    value = said.value
    if value is None or isinstance(value.value, str) or value.reference != reference:
        return None
    try:
        found = stretches(value, said.required, unit, name)
    except UnitError:
        return None
    return None if found is None else as_range(found)


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


def _but_for_value(fact: Fact) -> Hashable:
    """What is the same of two facts that are alike but for the value."""
    beside = without_spans(fact.time), without_spans(fact.count), without_spans(fact.dose)
    return fact.domain, fact.experiencer, _narrowing(fact), *beside


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
        left, right = stretches(mine, one.required, unit, name), stretches(yours, other.required, unit, name)
    except UnitError:
        return True
    return left is None or right is None or any(meet(a, b) for a in left for b in right)


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
