"""Findings: what a criteria document and the annotation of a text have in common, with their places.

In: a document, or (in `corpus`, `facts` and `relations`) what others wrote. Out: `Findings`: numbers that something is
compared with, lengths of time, named things, what is negated or excepted, what is joined by "and" or "or", what is an
example of what. `tasks` compares two of them.

>>> from protoparse.model import Concept, Criterion
>>> rule = Fact(domain="condition", concept=Concept(text="asthma", span=(3, 9)))
>>> item = Criterion(kind="exclusion", span=(0, 9), rule=Not(of=rule))
>>> findings = of_document(Document(text="no asthma", criteria=(item,)))
>>> findings.negated[0].span, findings.section((3, 9)).kind
((3, 9), 'exclusion')
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property
from typing import Literal, TypeAlias, get_args

from msgspec import UNSET
from msgspec.structs import force_setattr

from protoparse.evaluate.spans.amounts import TIME_UNITS, numerals, unit_key
from protoparse.evaluate.spans.places import Places, PrintedNumbers
from protoparse.model import (
    All,
    Comparison,
    Criterion,
    Document,
    Domain,
    Except,
    Fact,
    Kind,
    Not,
    Number,
    Offset,
    Record,
    Rule,
    Span,
    Window,
    members,
)

Connective: TypeAlias = Literal["and", "or"]
Sign: TypeAlias = Literal["<", "<=", ">", ">=", "=", "!=", "from", "to"]
"""A comparator; "from" and "to" are the ends of a range of which nobody says whether they belong to it."""

DOMAINS: frozenset[Domain] = frozenset(get_args(Domain))


class Thing(Record, frozen=True, kw_only=True):
    """A named thing. `spans` are all places that name it (an abbreviation with its long form), `span` the first."""

    span: Span
    domain: Domain
    spans: tuple[Span, ...] = ()
    fact: int | None = None
    """Which fact of the document it is, counted from 0 in reading order."""
    confidence: float | None = None

    def __post_init__(self) -> None:
        if not self.spans:
            force_setattr(self, "spans", (self.span,))


class Limit(Record, frozen=True, kw_only=True):
    """A number that something is compared with.

    `sign` None: it is compared, how is not known. `unit` is a key of `unit_key`, `printed` the unit's words; `time` the
    UCUM code of a unit of time. `subjects` are the things compared; `age` says that it is an age.
    """

    span: Span
    number: float
    sign: Sign | None = None
    unit: str = ""
    printed: str | None = None
    time: str | None = None
    age: bool = False
    subjects: tuple[Thing, ...] = ()
    confidence: float | None = None


class Period(Record, frozen=True, kw_only=True):
    """A length of time, from or to something or for which something lasts; without `targets`, of what is not known."""

    span: Span
    number: float
    time: str
    targets: tuple[Thing, ...] = ()
    confidence: float | None = None


class Junction(Record, frozen=True, kw_only=True):
    """Members joined by a connective, each with all it holds; `claimed` where it is said, not only implied."""

    connective: Connective
    members: tuple[tuple[Thing, ...], ...]
    claimed: bool = True


class Example(Record, frozen=True, kw_only=True):
    """A thing, and one that is named as an example or member of it."""

    whole: Thing
    part: Thing


class Neutral(Record, frozen=True, kw_only=True):
    """A number (None: any limit) that is neither demanded nor held against anybody."""

    span: Span
    number: float | None = None


class Section(Record, frozen=True, kw_only=True):
    """A stretch of text, what kind of criteria it holds, and the id of the criterion that it is."""

    span: Span
    kind: Kind
    id: str | None = None


class Findings(Record, frozen=True, kw_only=True):
    """What is found in one text. `domains` are those of which every thing is said to be found."""

    limits: tuple[Limit, ...] = ()
    periods: tuple[Period, ...] = ()
    concepts: tuple[Thing, ...] = ()
    negated: tuple[Thing, ...] = ()
    excepted: tuple[Thing, ...] = ()
    junctions: tuple[Junction, ...] = ()
    examples: tuple[Example, ...] = ()
    neutral: tuple[Neutral, ...] = ()
    domains: frozenset[Domain] = DOMAINS
    sections: tuple[Section, ...] = ()

    def section(self, span: Span) -> Section | None:
        """The innermost section that a place is in."""
        for section in reversed(
            self.sections[: bisect_right(self.sections, span[0], key=lambda section: section.span[0])]
        ):
            if span[0] < section.span[1]:
                return section
        return None


def of_document(document: Document) -> Findings:
    """What a document says, with its places.

    A concept without a place stands where its words do in its criterion; where they do not, its fact is left out. A
    value or a window without one stands where its number is printed, in the criterion or in a lead-in above it; failing
    that, a value is anywhere in the criterion, and a window is left out.
    """
    return _Reader(document).findings()


# ------------------------------------------------------------------ reading a document


class _Reader:
    """Walks the criteria, and keeps what the facts on the way say."""

    def __init__(self, document: Document) -> None:
        self.limits: list[Limit] = []
        self.periods: list[Period] = []
        self.concepts: list[Thing] = []
        self.negated: list[Thing] = []
        self.excepted: list[Thing] = []
        self.junctions: list[Junction] = []
        self.examples: list[Example] = []
        self.sections: list[Section] = []
        self._facts = 0
        self._text = document.text
        self._numbers = PrintedNumbers(document.text)
        self._scopes: tuple[Span, ...] = ()
        self._last = 0
        for criterion in document.criteria:
            self._criterion(criterion, ())

    @cached_property
    def _places(self) -> Places:
        return Places(self._text)

    def findings(self) -> Findings:
        return Findings(
            limits=tuple(self.limits),
            periods=tuple(self.periods),
            concepts=tuple(self.concepts),
            negated=tuple(self.negated),
            excepted=tuple(self.excepted),
            junctions=tuple(self.junctions),
            examples=tuple(self.examples),
            sections=tuple(sorted(self.sections, key=lambda s: (s.span[0], -s.span[1]))),
        )

    def _criterion(self, criterion: Criterion, above: tuple[Span, ...]) -> list[Thing]:
        """`above`: the texts of the lead-ins over it, the nearest first."""
        self.sections.append(Section(span=criterion.span, kind=criterion.kind, id=criterion.id or None))
        self._scopes = (criterion.span, *above)
        self._last = criterion.span[0]
        things = self._rule(criterion.rule, negated=False, excepted=False) if criterion.rule else []
        start = criterion.span[0]
        below = [self._criterion(child, ((start, child.span[0]), *above)) for child in criterion.children]
        if criterion.combine:
            # an outline implies how its items count; few annotators mark it
            self._join("and" if criterion.combine == "all" else "or", below, claimed=False)
        return [*things, *(thing for part in below for thing in part)]

    def _rule(self, rule: Rule, *, negated: bool, excepted: bool) -> list[Thing]:
        if isinstance(rule, Fact):
            return self._fact(rule, negated=negated, excepted=excepted)
        if isinstance(rule, Not):
            return self._rule(rule.of, negated=not negated, excepted=excepted)
        parts = [
            self._rule(member, negated=negated, excepted=excepted or (isinstance(rule, Except) and i > 0))
            for i, member in enumerate(members(rule))
        ]
        if hasattr(rule, "of"):
            self._join("and" if isinstance(rule, All) else "or", parts, claimed=True)
        return [thing for part in parts for thing in part]

    def _fact(self, fact: Fact, *, negated: bool, excepted: bool) -> list[Thing]:
        number = self._facts
        self._facts += 1
        thing = None
        span = fact.concept.span or self._named(fact.concept.text)
        if span is not None:
            sure = getattr(fact, "confidence", None)
            confidence = sure if isinstance(sure, float) else None
            thing = Thing(span=span, domain=fact.domain, fact=number, confidence=confidence)
            self.concepts.append(thing)
            if negated:
                self.negated.append(thing)
            if excepted:
                self.excepted.append(thing)
            if fact.value is not None:
                self.limits.extend(limits_of(fact, thing, self._value_place(fact.value, thing)))
            self.periods.extend(self._periods(fact, thing))
        parts = [self._rule(member, negated=negated, excepted=excepted) for member in fact.includes]
        within = [example for part in parts for example in part]
        if thing is not None:
            self.examples.extend(Example(whole=thing, part=example) for example in within)
        self._join("or", parts, claimed=True)
        return [thing, *within] if thing else within

    def _join(self, connective: Connective, parts: list[list[Thing]], *, claimed: bool) -> None:
        parts = [part for part in parts if part]
        if len(parts) > 1:
            self.junctions.append(Junction(connective=connective, members=tuple(map(tuple, parts)), claimed=claimed))

    def _named(self, words: str) -> Span | None:
        """Where words stand in the criterion, behind those of the fact before rather than in front of them."""
        start, end = self._scopes[0]
        span = self._places.find(words, self._last, end) or self._places.find(words, start, end)
        if span is not None:
            self._last = span[0]
        return span

    def _value_place(self, value: Comparison, thing: Thing) -> Span:
        if value.span is not None:
            return value.span
        amounts = [amount for number, _ in _signed(value) if (amount := _amount(number)) is not None]
        places = [place for amount in amounts if (place := self._printed(amount, thing))]
        return (min(places)[0], max(place[1] for place in places)) if places else self._scopes[0]

    def _printed(self, number: float, thing: Thing) -> Span | None:
        found = (self._numbers.near(number, scope, thing.span[1]) for scope in self._scopes)
        return next(filter(None, found), None)

    def _periods(self, fact: Fact, thing: Thing) -> Iterator[Period]:
        """The lengths of time of a fact, each once; what counts half-lives or cycles is no time."""
        if fact.time is None:
            return
        told: set[tuple[float, str]] = set()
        for window in fact.time.any_of or (fact.time,):
            for number, unit in _lengths(window):
                amount = abs(_amount(number) or 0.0)
                place = window.span or fact.time.span or self._printed(amount, thing)
                if place and unit and (amount, unit) not in told:
                    told.add((amount, unit))
                    yield Period(span=place, number=amount, time=unit, targets=(thing,), confidence=thing.confidence)


def limits_of(fact: Fact, thing: Thing, place: Span) -> Iterator[Limit]:
    """The limits that a fact's value sets, which stands in a place."""
    value = fact.value
    if value is None:
        return
    unit = value.unit
    printed = unit.text if unit else None
    time = unit.ucum if unit and unit.ucum in TIME_UNITS else None
    # of a person, what is counted in years is the age
    named = "age" in (fact.concept.name or fact.concept.text).lower()
    age = fact.domain == "person" and (named or time is not None)
    for number, sign in _signed(value):
        if (amount := _amount(number)) is not None:
            yield Limit(
                span=place,
                number=amount,
                sign=sign,
                unit=value.reference.lower() if value.reference in ("ULN", "LLN") else unit_key(printed),
                printed=printed,
                time=time,
                age=age,
                subjects=(thing,),
                confidence=thing.confidence,
            )


def _signed(value: Comparison) -> Iterator[tuple[object, Sign]]:
    match value.operator:
        case "between":
            yield value.low, ">" if value.low_inclusive is False else ">="
            yield value.high, "<" if value.high_inclusive is False else "<="
        case "in":
            for member in value.values or ():
                yield member, "="
        case sign:
            yield value.value, sign


def _amount(number: object) -> float | None:
    if isinstance(number, str):
        named = numerals(number)
        return named[0] if named else None
    return float(number) if isinstance(number, (int, float)) else None


def _lengths(window: Window) -> Iterator[tuple[object, str | None]]:
    for bound in (window.start, window.end):
        if bound and bound.offset:
            yield from _offsets(bound.offset)
    if window.duration:
        unit = window.duration.unit
        for number in (window.duration.value, window.duration.low, window.duration.high):
            if number is not UNSET:
                yield number, unit.ucum if unit else None


def _offsets(offset: Offset) -> Iterator[tuple[Number, str | None]]:
    for one in offset.longest_of or offset.shortest_of or (offset,):
        if one.value is not UNSET:
            yield one.value, one.unit.ucum if one.unit else None
