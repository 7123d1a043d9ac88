"""Whether a rule is true where it is known of some facts only: Kleene's logic, and what holds whatever the rest is.

In: a rule, and what is known of each of its facts. Out: True, False, or None where nobody knows.

>>> from protoparse.model import Any_, Concept, Fact, Not
>>> a = Fact(domain="condition", concept=Concept(text="asthma"))
>>> print(truth_of(Not(of=a), lambda fact: None), truth_of(Any_(of=(a, Not(of=a))), lambda fact: None))
None True

A rule becomes a formula of gates: "at least `least` of these" is `all`, `any` and `at_least` alike. A formula is true
as soon as enough members are true, false as soon as too many are false. That says too little only where one unknown
stands in it twice ("A, or not A"): then, if it comes out unknown, all completions of such unknowns are tried.

An `if` is true of all whom its condition does not meet, an `except` where its base holds and no exception does. The
examples of a fact belong to what is known of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache, reduce
from operator import and_, or_
from typing import NamedTuple, TypeAlias

from protoparse.lexicon import fold
from protoparse.model import All, AtLeast, Concept, Except, Fact, If, Not, Record, Rule, Unit, members
from protoparse.screen.verdicts import Truth

EXACT = 12
"""Up to so many unknowns that stand in a rule more than once are completed in every way: 4,096 ways."""


class Gate(NamedTuple):
    """True where at least `least` of its members are."""

    least: int
    of: tuple[Node, ...]


class Denial(NamedTuple):
    """True where its member is not."""

    of: Node


class Shared(NamedTuple):
    """A formula in which leaves, these, stand more than once."""

    of: Node
    leaves: tuple[int, ...]


Node: TypeAlias = int | Gate | Denial | Shared
"""A formula; a number is a leaf, whose truth stands at that place of the values that it is evaluated with."""

TRUE = Gate(0, ())
FALSE = Gate(1, ())


def both(nodes: Sequence[Node]) -> Node:
    """Where all of some formulas are true."""
    return nodes[0] if len(nodes) == 1 else Gate(len(nodes), tuple(nodes))


def either(nodes: Sequence[Node]) -> Node:
    """Where one of some formulas is true."""
    return nodes[0] if len(nodes) == 1 else Gate(1, tuple(nodes))


class Leaves:
    """Numbers for what formulas rest on: facts, of which those that say the same have one number, and riddles.

    `facts[n]` is the first fact met that has the number n; None is a riddle: a leaf that nobody can decide.
    """

    def __init__(self) -> None:
        self.facts: list[Fact | None] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, fact: Fact) -> int:
        """The number of what a fact says, wherever it stands."""
        key = _said(fact)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.facts)
            self.facts.append(fact)
        return known

    def riddle(self) -> int:
        """A leaf of its own that nobody can decide."""
        self.facts.append(None)
        return len(self.facts) - 1


# ------------------------------------------------------------------ rules


def truth_of(rule: Rule, decide: Callable[[Fact], Truth]) -> Truth:
    """What is known of a rule; `decide` is asked once for each fact, examples of another aside.

    Facts that differ in their places alone are one fact. None where the rule's truth depends on what is unknown, or
    where more than `EXACT` unknowns stand in it more than once.
    """
    leaves = Leaves()
    node = formula(rule, leaves)
    return truth(node, [None if fact is None else decide(fact) for fact in leaves.facts])


def formula(rule: Rule, leaves: Leaves) -> Node:
    """A rule as a formula over `leaves`, which get what they lack."""
    node = _formula(rule, leaves)
    times = Counter(_standing(node))
    shared = tuple(leaf for leaf, n in times.items() if n > 1)
    return Shared(node, shared) if shared else node


def _formula(rule: Rule, leaves: Leaves) -> Node:
    match rule:
        case Fact():
            return leaves.number(rule)
        case Not():
            return Denial(_formula(rule.of, leaves))
        case If():
            return Gate(1, (Denial(_formula(rule.condition, leaves)), _formula(rule.then, leaves)))
        case Except():
            exceptions = [Denial(_formula(x, leaves)) for x in rule.exceptions]
            return both([_formula(rule.base, leaves), *exceptions])
    nodes = tuple([_formula(x, leaves) for x in members(rule)])
    return Gate(rule.count if isinstance(rule, AtLeast) else len(nodes) if isinstance(rule, All) else 1, nodes)


def statements(rule: Rule | None) -> Iterator[Fact]:
    """The facts that a rule's truth rests on, as they stand in it: all but the examples of another."""
    if isinstance(rule, Fact):
        yield rule
    elif rule is not None:
        for member in members(rule):
            yield from statements(member)


def _standing(node: Node) -> Iterator[int]:
    """The leaves of a formula, each as often as it stands there."""
    if isinstance(node, int):
        yield node
    elif isinstance(node, Gate):
        for member in node.of:
            yield from _standing(member)
    else:
        yield from _standing(node.of)


def standing(node: Node) -> tuple[int, ...]:
    """The leaves that a formula rests on, in the order of its text, each once."""
    return tuple(dict.fromkeys(_standing(node)))


def _said(value: object) -> Hashable:
    """What a part of a fact says, for comparing: no places, no confidence, names in one case, units by their code."""
    if isinstance(value, tuple):
        return tuple([_said(x) for x in value])
    if not isinstance(value, Record):
        return value
    if isinstance(value, Unit) and value.ucum is not None:
        return value.ucum
    parts = [getattr(value, name) for name in _telling(type(value))]
    if isinstance(value, Concept):
        parts[0] = fold(value.text)
    return type(value), *[_said(x) if isinstance(x, (Record, tuple)) else x for x in parts]


@cache
def _telling(record: type[Record]) -> tuple[str, ...]:
    """The fields of a record that tell what it says, a concept's text first."""
    return tuple(name for name in record.__struct_fields__ if name not in ("span", "confidence"))


# ------------------------------------------------------------------ truth


def truth(node: Node, values: Sequence[Truth]) -> Truth:
    """What is known of a formula where `values` is known of its leaves."""
    if isinstance(node, int):
        return values[node]
    if isinstance(node, Gate):
        wanting, spare = node.least, len(node.of) - node.least
        for member in node.of:
            value = truth(member, values)
            if value:
                wanting -= 1
            elif value is not None:
                spare -= 1
        return True if wanting <= 0 else False if spare < 0 else None
    value = truth(node.of, values)
    if isinstance(node, Denial):
        return None if value is None else not value
    return completed(node, values) if value is None else value


def completed(node: Shared, values: Sequence[Truth]) -> Truth:
    """What a formula comes to however its shared unknowns come out; None where that differs, or they are too many.

    The unknowns that stand in it once are left unknown: of those Kleene's logic says all there is to say.
    """
    unknown = [leaf for leaf in node.leaves if values[leaf] is None]
    if not 0 < len(unknown) <= EXACT:
        return None
    width = 1 << len(unknown)
    full = (1 << width) - 1
    columns = {leaf: _alternating(1 << i, full) for i, leaf in enumerate(unknown)}
    yes, no = _table(node.of, values, columns, full)
    return True if yes == full else False if no == full else None


_Columns: TypeAlias = tuple[int, int]
"""In which completions something is true, and in which it is false: a bit for each."""


def _table(node: Node, values: Sequence[Truth], columns: Mapping[int, int], full: int) -> _Columns:
    if isinstance(node, int):
        if (column := columns.get(node)) is not None:
            return column, full ^ column
        value = values[node]
        return (0, 0) if value is None else (full, 0) if value else (0, full)
    if isinstance(node, Gate):
        tables = [_table(x, values, columns, full) for x in node.of]
        yes = _at_least(node.least, [x for x, _ in tables], full)
        return yes, _at_least(len(tables) - node.least + 1, [x for _, x in tables], full)
    yes, no = _table(node.of, values, columns, full)
    return (no, yes) if isinstance(node, Denial) else (yes, no)


def _at_least(count: int, columns: Sequence[int], full: int) -> int:
    """Where at least `count` of the columns have a bit."""
    if count <= 0:
        return full
    if count >= len(columns):
        return reduce(and_, columns, full) if count == len(columns) else 0
    if count == 1:
        return reduce(or_, columns)
    reached = [full] + [0] * count  # reached[k]: where at least k of those met so far have
    for column in columns:
        for k in range(count, 0, -1):
            reached[k] |= reached[k - 1] & column
    return reached[count]


def _alternating(run: int, full: int) -> int:
    """As many bits as `full` has, of which runs of `run` zeros and ones take turns."""
    return full // ((1 << 2 * run) - 1) * ((1 << run) - 1 << run)
