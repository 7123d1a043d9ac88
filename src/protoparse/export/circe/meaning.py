"""A criterion as a cohort can ask it: ands, ors and nots over facts whose windows are whole days around one index day.

In: a `Criterion` with its children, the index day where it is known. Out: `Logic`; `plain` gives it as a rule again.

>>> from protoparse.parsing import parse
>>> from protoparse.model import without_codes
>>> from protoparse.render import render
>>> [criterion] = parse("Exclusion Criteria:\\n* Diarrhoea within 4 weeks before randomization").criteria
>>> print(render(without_codes(plain(meaning(criterion, "")))))
condition [Diarrhoea]{-} in the 28 days before screening

What comes out says the same in fewer words: `if` and `except` become the or, and, not that they mean, a `between` of
counts two counts, alternatives and examples an `any`. All events of a trial fall on the index day. A fact without a
time is asked of its customary one: a drug of the index day, a measurement of the days that are `recent`, all else of
any day up to the index day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from math import isfinite
from typing import Literal, NamedTuple, TypeAlias

from msgspec import UNSET
from msgspec.structs import replace

from protoparse import lexicon
from protoparse.concepts.wording import normal
from protoparse.export.circe.amounts import person, reach, today, whole
from protoparse.leftovers import unread
from protoparse.model import (
    INDEX_EVENTS,
    All,
    Anchor,
    Any_,
    AtLeast,
    AtLeastChildren,
    Bound,
    Comparison,
    Criterion,
    Except,
    Fact,
    If,
    Modifier,
    Not,
    Number,
    Offset,
    Rule,
    Unit,
    Window,
    all_of,
    any_of,
    without_spans,
)

DAYS = Unit(text="days", ucum="d")
_DAY = Anchor(event="screening")


class Leaf(NamedTuple):
    """A fact, and where it stands: its criterion and its path there."""

    fact: Fact
    criterion: str
    path: str


class Unsayable(NamedTuple):
    """What is part of a criterion and of which no cohort can say anything."""

    criterion: str
    path: str
    lost: str
    why: str


class Join(NamedTuple):
    """True where all, any, or so many of its members are."""

    kind: Literal["all", "any"] | int
    of: tuple[Logic, ...]


class Denial(NamedTuple):
    """True where its member is not."""

    of: Logic


Logic: TypeAlias = Leaf | Unsayable | Join | Denial


def join(kind: Literal["all", "any"], nodes: Iterable[Logic]) -> Logic:
    """All or any of one or more; a single one stays itself, those of the same kind are taken in."""
    flat = tuple(x for n in nodes for x in (n.of if isinstance(n, Join) and n.kind == kind else (n,)))
    return flat[0] if len(flat) == 1 else Join(kind, flat)


# ------------------------------------------------------------------ criteria


def meaning(criterion: Criterion, text: str, *, day: date | None = None, recent: int = 180) -> Logic | None:
    """What a criterion says, its children with it; None where it asks for nothing. `text` is the document's."""
    return _Reader(text, day, recent).criterion(criterion, criterion.kind != "exclusion")


def plain(logic: Logic) -> Rule | None:
    """The rule that says it; None where part of it is not sayable."""
    match logic:
        case Leaf():
            return logic.fact
        case Unsayable():
            return None
        case Denial():
            inner = plain(logic.of)
            return None if inner is None else Not(of=inner)
    rules = [rule for node in logic.of if (rule := plain(node)) is not None]
    if len(rules) < len(logic.of):
        return None
    if isinstance(logic.kind, int):
        return AtLeast(count=logic.kind, of=tuple(rules))
    if logic.kind == "all":
        return all_of(rules)
    return any_of(rule for n, rule in enumerate(rules) if rule not in rules[:n])


class _Reader:
    def __init__(self, text: str, day: date | None, recent: int) -> None:
        self._text, self._day, self._recent = text, day, recent
        self._id = ""

    def criterion(self, criterion: Criterion, wanted: bool) -> Logic | None:
        """A criterion with its children; `wanted`: whether a person is taken where it holds."""
        if criterion.group is not None:
            return Unsayable(criterion.id, "$", criterion.group, "is asked of some alone, and a cohort has no parts")
        own = None if criterion.rule is None else self._of(criterion.id, criterion.rule)
        nodes: list[Logic] = []
        turned = wanted ^ (criterion.combine == "except")
        for child in criterion.children:
            contrary = (child.kind == "exclusion") != (criterion.kind == "exclusion")
            node = self.criterion(child, turned ^ contrary)
            if node is not None:
                nodes.append(Denial(node) if contrary else node)
        found = self._combined(criterion, own, nodes)
        words = " … ".join(" ".join(piece.split()) for piece in unread(criterion, self._text))
        if words:
            said = Unsayable(criterion.id, "$", words, "not understood")
            found = said if found is None else join("all" if wanted else "any", [found, said])
        return found

    def _combined(self, criterion: Criterion, own: Logic | None, nodes: list[Logic]) -> Logic | None:
        if not nodes:
            return own
        combine = criterion.combine or ("any" if criterion.kind == "exclusion" else "all")
        if combine == "except":
            denied: list[Logic] = [Denial(node) for node in nodes]
            return join("all", denied if own is None else [own, *denied])
        several: Logic
        if isinstance(combine, AtLeastChildren):
            several = Join(combine.at_least, tuple(nodes))
        else:
            several = join("any" if combine == "any" else "all", nodes)
        if own is None:
            return several
        return join("any", [Denial(own), several]) if combine == "then" else join("all", [own, several])

    # ------------------------------------------------------------------ rules

    def _of(self, criterion: str, rule: Rule) -> Logic:
        self._id = criterion
        return self._rule(without_spans(rule), "$")

    def _rule(self, rule: Rule, path: str) -> Logic:
        match rule:
            case Fact():
                return self._fact(rule, path)
            case Not():
                return Denial(self._rule(rule.of, f"{path}.of"))
            case If():
                condition = Denial(self._rule(rule.condition, f"{path}.condition"))
                return join("any", [condition, self._rule(rule.then, f"{path}.then")])
            case Except():
                exceptions = self._rules(rule.exceptions, f"{path}.exceptions")
                return join("all", [self._rule(rule.base, f"{path}.base"), *map(Denial, exceptions)])
        members = self._rules(rule.of, f"{path}.of")
        if isinstance(rule, AtLeast):
            return Join(rule.count, tuple(members))
        return join("all" if isinstance(rule, All) else "any", members)

    def _rules(self, rules: Sequence[Rule], path: str) -> list[Logic]:
        return [self._rule(rule, f"{path}[{n}]") for n, rule in enumerate(rules)]

    # ------------------------------------------------------------------ facts

    def _fact(self, fact: Fact, path: str) -> Logic:
        if fact.includes:
            base = replace(fact, includes=())
            others = [
                self._rule(meant, f"{path}.includes[{n}]")
                for n, example in enumerate(fact.includes)
                if (meant := _inherited(example, base)) is not None
            ]
            return join("any", [self._fact(base, path), *others])
        if fact.time is not None and fact.time.any_of is not UNSET:
            return join("any", [self._fact(replace(fact, time=one), path) for one in fact.time.any_of])
        if (value := fact.value) is not None and value.values is not UNSET and value.values:
            return join("any", [self._fact(replace(fact, value=_one(value, x)), path) for x in value.values])
        if fact.count is not None:
            return self._counted(fact, fact.count, path)
        if fact.domain == "person":
            return Leaf(person(fact), self._id, path)
        if value is not None:
            fact = replace(fact, value=_plainly(value))
        fact = replace(fact, modifiers=tuple(m for m in fact.modifiers if not _said(m, fact.time)))
        return Leaf(replace(fact, time=self._time(fact)), self._id, path)

    def _counted(self, fact: Fact, count: Comparison, path: str) -> Logic:
        """How often, as at least, at most or exactly so often."""
        if count.values is not UNSET and count.values:
            return join("any", [self._fact(replace(fact, count=_one(count, x)), path) for x in count.values])
        low, high = whole(count)
        if low is None and high is None:
            return Leaf(replace(fact, time=self._time(fact)), self._id, path)
        if low == high:
            asked = [Comparison(operator="=", value=low or 0)]
        else:
            asked = [Comparison(operator=">=", value=low)] if low is not None else []
            asked += [Comparison(operator="<=", value=high)] if high is not None else []
        made = [replace(fact, count=None if c.value == 0 and c.operator != ">=" else c) for c in asked]
        leaves = [Leaf(replace(f, time=self._time(f)), self._id, path) for f in made]
        return join("all", [Denial(x) if x.fact.count is None else x for x in leaves])

    # ------------------------------------------------------------------ windows

    def _time(self, fact: Fact) -> Window:
        """The window of a fact, in days where its lengths are whole days."""
        latest = fact.domain == "measurement" and fact.value is not None and fact.count is None
        time = fact.time
        if time is None:
            start = shifted(-self._recent) if latest else shifted(0) if fact.domain == "drug" else None
            return Window(start=start, end=shifted(0))
        start, end = self._bound(time.start or None, 1), self._bound(time.end or None, -1)
        if latest and end is not None and start == end:
            at = reach(end.offset, None)
            if at[0] == at[1] and isfinite(at[0]) and end.anchor == _DAY:
                start = shifted(int(at[0]) - self._recent)
        return replace(time, start=start, end=end)

    def _bound(self, bound: Bound | None, inward: int) -> Bound | None:
        if bound is None or bound.anchor.event not in INDEX_EVENTS:
            return bound
        low, high = reach(bound.offset, self._day)
        if low != high or not isfinite(low):
            return replace(bound, anchor=_DAY)
        return shifted(int(low) + (0 if bound.inclusive else inward))


def shifted(days: int) -> Bound:
    """The index day, or one so many days behind it."""
    return Bound(anchor=_DAY, offset=Offset(value=days, unit=DAYS) if days else None)


def _said(modifier: Modifier, time: Window | None) -> bool:
    """Whether a modifier narrows nothing: "documented", or "active" where the window says that it is so now."""
    word = normal(modifier.text)
    now = time is not None and time.start == time.end and today(time)
    return word in _forms("stated") or (now and word in _forms("lasting"))


@cache
def _forms(kind: str) -> frozenset[str]:
    rows = [row for row in lexicon.rows("records") if row["kind"] == kind]
    return frozenset(normal(word) for row in rows for word in lexicon.spellings(row["words"]))


def _plainly(value: Comparison) -> Comparison:
    """A value with the ends of its range said, and no unit where it counts or scores."""
    unit = value.unit
    if unit is not None and _bare(unit.ucum if unit.ucum is not None else unit.text or ""):
        unit = None
    if value.operator != "between":
        return replace(value, unit=unit, low_inclusive=UNSET, high_inclusive=UNSET)
    low, high = value.low_inclusive is not False, value.high_inclusive is not False
    return replace(value, unit=unit, low_inclusive=low, high_inclusive=high)


def _bare(unit: str) -> bool:
    """Whether a unit is none: "1", "{score}", "points"."""
    noted = unit.startswith("{") and unit.endswith("}") and "/" not in unit
    return noted or lexicon.fold(unit) in ("", "1", "points", "point", "score", "scores", "pts")


def _one(comparison: Comparison, value: Number | str) -> Comparison:
    return replace(comparison, operator="=", value=value, values=UNSET)


def _inherited(example: Rule, fact: Fact) -> Rule | None:
    """An example, meant under all that is said of what it exemplifies; None where it is no mere list of facts."""
    if isinstance(example, Fact):
        return replace(
            example,
            time=example.time or fact.time,
            count=example.count or fact.count,
            modifiers=example.modifiers or fact.modifiers,
            dose=example.dose or fact.dose,
            value=example.value or fact.value,
            experiencer=fact.experiencer,
        )
    if isinstance(example, All | Any_):
        several = [_inherited(one, fact) for one in example.of]
        if all(one is not None for one in several):
            return replace(example, of=tuple(one for one in several if one is not None))
    return None
