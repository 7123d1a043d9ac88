"""The tasks by which findings are compared, place by place.

In: the findings of gold and of a prediction over one text. Out: a `Case` of judgements, one measure a task (`TASKS`).

A finding of one side has its partner on the other where both are in the same place and say the same; each has one
partner at most. Pairs (joined by "and" or "or", a thing and its example) are counted on each side by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from msgspec.structs import replace

from protoparse.evaluate.judgements import Case, Judgement, Outcome
from protoparse.evaluate.spans.findings import (
    Connective,
    Example,
    Findings,
    Junction,
    Limit,
    Period,
    Thing,
)
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
from protoparse.model import Domain, Span

TASKS = (
    "value", "value+op", "value+op+unit", "value+subject", "window", "window+target", "concept", "concept=", "negation",
    "exception", "coordination", "includes",
)  # fmt: skip
"""The tasks, in the order to show.

`value`: a limit's number; `value+op`: with its comparator; `value+op+unit`: with its unit besides; `value+subject`:
with what is compared besides. `window`: a length of time, number and unit; `window+target`: of the right thing.
`concept`: a named thing of the right domain, in overlapping places; `concept=`: in the very same place. `negation`,
`exception`: things negated, things excepted. `coordination`: pairs joined by "and" or "or". `includes`: pairs of a
thing and its example.
"""

_Found = TypeVar("_Found", Limit, Period, Thing)


def compare_findings(gold: Findings, predicted: Findings, *, name: str, text: str) -> Case:
    """Every judgement on one text; the text is only quoted, and looked at where gold left out a printed unit."""
    return Case(name=name, text=text, judgements=tuple(_Comparison(gold, predicted, text).judgements()))


class _Comparison:
    """Both sides of one text."""

    def __init__(self, gold: Findings, predicted: Findings, text: str) -> None:
        self.gold, self.predicted, self.text = gold, predicted, text
        self._measured = "measurement" in gold.domains and "measurement" in predicted.domains

    def judgements(self) -> Iterator[Judgement]:
        yield from self._limits()
        yield from self._periods()
        yield from self._concepts()
        yield from self._matched("negation", self.gold.negated, self.predicted.negated, meet)
        yield from self._matched("exception", self.gold.excepted, self.predicted.excepted, meet)
        for connective in ("or", "and"):
            yield from self._joined(connective)
        yield from self._examples()

    # ------------------------------------------------------------ tasks

    def _limits(self) -> Iterator[Judgement]:
        gold = _merged(self.gold.limits, lambda limit: (limit.span, limit.number, limit.sign, limit.time, limit.age))
        given = _merged(
            self.predicted.limits, lambda limit: (limit.span, limit.number, limit.sign, limit.time, limit.age)
        )
        given = [
            limit
            for limit in given
            if any(same_number(right, limit) for right in gold) or not is_free(limit, self.gold, any_number=True)
        ]

        def sign(a: Limit, b: Limit) -> bool:
            return same_number(a, b) and same_sign(a, b)

        def unit(a: Limit, b: Limit) -> bool:
            return sign(a, b) and same_unit(a, b, self.text)

        yield from self._matched("value", gold, given, same_number)
        yield from self._matched("value+op", gold, given, sign)
        yield from self._matched("value+op+unit", gold, given, unit)
        yield from self._matched("value+subject", gold, given, lambda a, b: unit(a, b) and same_subject(a, b))

    def _periods(self) -> Iterator[Judgement]:
        gold = _merged(self.gold.periods, lambda period: (period.span, period.number, period.time))
        given = _merged(self.predicted.periods, lambda period: (period.span, period.number, period.time))
        given = [
            period
            for period in given
            if any(same_length(right, period) for right in gold) or not is_free(period, self.gold, any_number=False)
        ]

        def same(a: Period, b: Period) -> bool:
            return same_length(a, b) and a.time == b.time

        def target(a: Period, b: Period) -> bool:
            return same(a, b) and same_target(a, b)

        yield from self._matched("window", gold, given, same)
        yield from self._matched("window+target", gold, given, target)

    def _concepts(self) -> Iterator[Judgement]:
        demanded = {self._domain(domain) for domain in self.gold.domains}
        gold = [thing for thing in self.gold.concepts if self._domain(thing.domain) in demanded]
        given = [thing for thing in self.predicted.concepts if self._domain(thing.domain) in demanded]

        def typed(a: Thing, b: Thing) -> bool:
            return self._domain(a.domain) == self._domain(b.domain)

        yield from self._matched("concept", gold, given, lambda a, b: typed(a, b) and meet(a, b))
        yield from self._matched(
            "concept=", gold, given, lambda a, b: typed(a, b) and not set(a.spans).isdisjoint(b.spans)
        )

    def _joined(self, connective: Connective) -> Iterator[Judgement]:
        """Neighbours in a list of gold are found where any list of the prediction holds both; theirs are right where
        gold joins the two, by whatever way around."""
        gold = [junction for junction in self.gold.junctions if junction.connective == connective]
        given = [junction for junction in self.predicted.junctions if junction.connective == connective]
        for a, b in _neighbours(gold):
            found = any(_holds(junction, a, b) for junction in given)
            yield self._pair("coordination", "found" if found else "missed", a, b, connective)
        reach = _Reach(gold)
        for a, b in _neighbours(given):
            right = reach.joined(a, b)
            yield self._pair("coordination", "confirmed" if right else "extra", a, b, connective)

    def _examples(self) -> Iterator[Judgement]:
        """Which is the whole is not asked: annotators write it either way."""
        gold, given = self.gold.examples, self.predicted.examples
        for one in gold:
            found = any(_same_example(one, other) for other in given)
            yield self._pair("includes", "found" if found else "missed", one.part, one.whole, "example of")
        for one in given:
            right = any(_same_example(one, other) for other in gold)
            yield self._pair("includes", "confirmed" if right else "extra", one.part, one.whole, "example of")

    # ------------------------------------------------------------ domains

    def _domain(self, domain: Domain) -> Domain:
        """Where one side does not tell measurements from observations, neither does the comparison."""
        return "observation" if domain == "measurement" and not self._measured else domain

    def _of_domain(self, found: Limit | Period | Thing) -> Domain | None:
        if isinstance(found, Limit) and found.age:
            return "person"
        things: Sequence[Thing] = (found,) if isinstance(found, Thing) else ()
        if isinstance(found, Limit):
            things = found.subjects
        elif isinstance(found, Period):
            things = found.targets
        return self._domain(things[0].domain) if things else None

    # ------------------------------------------------------------ judgements

    def _matched(
        self,
        measure: str,
        gold: Sequence[_Found],
        given: Sequence[_Found],
        same: Callable[[_Found, _Found], bool],
    ) -> Iterator[Judgement]:
        left = list(given)
        missed: list[_Found] = []
        for right in gold:
            partner = next((i for i, found in enumerate(left) if same(right, found)), None)
            if partner is None:
                missed.append(right)
            else:
                yield self._judgement(measure, "right", right, left.pop(partner))
        for right in missed:
            partner = next((i for i, found in enumerate(left) if overlap(right.span, found.span)), None)
            if partner is None:
                yield self._judgement(measure, "missed", right, None)
            else:
                yield self._judgement(measure, "wrong", right, left.pop(partner))
        for found in left:
            yield self._judgement(measure, "extra", None, found)

    def _judgement(self, measure: str, outcome: Outcome, gold: _Found | None, given: _Found | None) -> Judgement:
        told = gold if gold is not None else given
        assert told is not None
        return self._told(
            measure,
            outcome,
            told.span,
            domain=self._of_domain(told),
            expected=None if gold is None or outcome == "right" else self._words(gold),
            got=None if given is None or outcome == "right" else self._words(given),
            confidence=given.confidence if given is not None else None,
        )

    def _pair(self, measure: str, outcome: Outcome, a: Thing, b: Thing, relation: str) -> Judgement:
        words = f"{self._quote(a.span)} — {relation} — {self._quote(b.span)}"
        return self._told(
            measure,
            outcome,
            a.span,
            domain=self._domain(a.domain),
            expected=words if outcome == "missed" else None,
            got=words if outcome == "extra" else None,
        )

    def _told(self, measure: str, outcome: Outcome, span: Span, **rest: Any) -> Judgement:
        section = self.gold.section(span) or self.predicted.section(span)
        return Judgement(
            measure=measure,
            outcome=outcome,
            span=span,
            criterion=section.id if section else None,
            kind=section.kind if section else None,
            **rest,
        )

    def _quote(self, span: Span) -> str:
        return " ".join(self.text[slice(*span)].split())

    def _words(self, found: Limit | Period | Thing) -> str:
        if isinstance(found, Thing):
            return f"{self._domain(found.domain)}: {self._quote(found.span)}"
        subjects = found.subjects if isinstance(found, Limit) else found.targets
        of = ", ".join(dict.fromkeys(self._quote(thing.span) for thing in subjects))
        if isinstance(found, Period):
            return f"{found.number:g} {found.time}" + (f" — {of}" if of else "")
        unit = found.printed or found.time or found.unit
        said = (_SIGNS.get(found.sign or "", found.sign), f"{found.number:g}", unit)
        return " ".join(filter(None, said)) + (f" — {of}" if of else "")


_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "": "?"}


# ------------------------------------------------------------------ pairs


def _same_example(a: Example, b: Example) -> bool:
    return (_first_meet(a.part, b.part) and _first_meet(a.whole, b.whole)) or (
        _first_meet(a.part, b.whole) and _first_meet(a.whole, b.part)
    )


def _first_meet(a: Thing, b: Thing) -> bool:
    return overlap(a.span, b.span)


def _holds(junction: Junction, a: Thing, b: Thing) -> bool:
    """Whether a and b are in different members."""
    of_a, of_b = (
        {i for i, member in enumerate(junction.members) if any(_first_meet(thing, one) for one in member)}
        for thing in (a, b)
    )
    return bool(of_a and of_b) and len(of_a | of_b) > 1


def _neighbours(junctions: Iterable[Junction]) -> Iterator[tuple[Thing, Thing]]:
    """The first things of each two members that follow one another."""
    for junction in junctions:
        if junction.claimed:
            for a, b in pairwise(junction.members):
                yield a[0], b[0]


class _Reach:
    """What is joined to what, by one pair or over several."""

    def __init__(self, junctions: Iterable[Junction]) -> None:
        self._heads: dict[Span, Span] = {}
        for junction in junctions:
            firsts = [member[0].span for member in junction.members if member]
            for a, b in pairwise(firsts):
                self._heads[self._head(a)] = self._head(b)

    def _head(self, span: Span) -> Span:
        while (head := self._heads.setdefault(span, span)) != span:
            span = head
        return span

    def joined(self, a: Thing, b: Thing) -> bool:
        return not self._near(a).isdisjoint(self._near(b))

    def _near(self, thing: Thing) -> set[Span]:
        return {self._head(span) for span in list(self._heads) if overlap(span, thing.span)}


def _merged(found: Iterable[_Found], key: Callable[[_Found], Hashable]) -> list[_Found]:
    """One finding for a quantity that several things share."""
    shared: dict[Hashable, _Found] = {}
    for one in found:
        known = shared.setdefault(key(one), one)
        if known is not one:
            shared[key(one)] = _together(known, one)
    return list(shared.values())


def _together(one: _Found, other: _Found) -> _Found:
    if isinstance(one, Limit) and isinstance(other, Limit):
        return replace(one, subjects=one.subjects + other.subjects)
    if isinstance(one, Period) and isinstance(other, Period):
        return replace(one, targets=one.targets + other.targets)
    return one
