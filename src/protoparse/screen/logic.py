"""Whether a rule is true where it is known of some facts only: Kleene's logic, and what holds whatever the rest is.

In: a rule, and what is known of each of its facts. Out: True, False, or None where nobody knows.

>>> from protoparse.model import Any_, Concept, Fact, Not
>>> a = Fact(domain="condition", concept=Concept(text="asthma"))
>>> print(truth_of(Not(of=a), lambda *asked: None), truth_of(Any_(of=(a, Not(of=a))), lambda *asked: None))
None True

A rule becomes a formula of gates: "at least `least` of these" is `all`, `any` and `at_least` alike. A formula is true
as soon as enough members are true, false as soon as too many are false. That says too little only where one unknown
stands in it twice ("A, or not A"): then, if it comes out unknown, all completions of such unknowns are tried.

An `if` is true of all whom its condition does not meet. An exception to something of its own kind takes single events
from it: "malignancy, except basal cell carcinoma" is a leaf of its own, true where an event is a malignancy and no such
carcinoma. Any other exception excuses the patient: an `except` is then true where its base holds and no exception does.
From a limit that a trial wants kept, he is excused in the same way ("ALT ≤ 3 × ULN unless in liver metastases"). What
else a trial wants may be meant either way, and is known only where both agree. The examples of a fact belong to what is
known of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cache, reduce
from operator import and_, or_
from typing import NamedTuple, TypeAlias

from protoparse.lexicon import fold
from protoparse.model import All, AtLeast, Concept, Except, Fact, If, Not, Record, Rule, Unit, members
from protoparse.screen.excepting import apart, entangled, kin, limits
from protoparse.screen.verdicts import Truth

EXACT = 12
"""Up to so many unknowns that stand in a rule more than once are completed in every way: 4,096 ways."""
CIRCUMSTANCES = 4
"""So many exceptions of one rule that take events in some circumstances alone are told apart: 16 ways."""


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

    `facts[n]` is the first fact met that has the number n, `without[n]` the facts that except events from it; None is a
    riddle: a leaf that nobody can decide.
    """

    def __init__(self) -> None:
        self.facts: list[Fact | None] = []
        self.without: list[tuple[Fact, ...]] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, fact: Fact, without: tuple[Fact, ...] = ()) -> int:
        """The number of what a fact says, wherever it stands."""
        key = (_said(fact), frozenset(map(_said, without))) if without else _said(fact)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self.facts)
            self.facts.append(fact)
            self.without.append(without)
        return known

    def says(self, leaf: int, fact: Fact) -> bool:
        """Whether a leaf is about what a fact says."""
        other = self.facts[leaf]
        return other is not None and _said(other) == _said(fact)

    def known(self, fact: Fact) -> int | None:
        """The number of what a fact says, where it has one."""
        return self._numbers.get(_said(fact))

    def riddle(self) -> int:
        """A leaf of its own that nobody can decide."""
        self.facts.append(None)
        self.without.append(())
        return len(self.facts) - 1


# ------------------------------------------------------------------ rules


def truth_of(rule: Rule, decide: Callable[[Fact, tuple[Fact, ...]], Truth], *, wanted: bool = True) -> Truth:
    """What is known of a rule; `decide` is asked once for each fact, and for what exceptions leave of it.

    `wanted`: whether a trial takes those of whom it is true. Facts that differ in their places alone are one fact.
    None where the rule's truth depends on what is unknown, or where more than `EXACT` unknowns stand in it twice.
    """
    leaves = Leaves()
    node = formula(rule, leaves, wanted=wanted)
    asked = zip(leaves.facts, leaves.without, strict=True)
    return truth(node, [None if fact is None else decide(fact, without) for fact, without in asked])


Excepted: TypeAlias = tuple[Rule, int | None]
"""An exception, and the leaf of what was not understood of it."""


def formula(rule: Rule, leaves: Leaves, *, wanted: bool, excepted: Sequence[Excepted] = ()) -> Node:
    """A rule as a formula over `leaves`, which get what they lack; `excepted`: exceptions to it that stand elsewhere.

    `wanted`: whether a trial takes those of whom it is true, or leaves them out.
    """
    node = _except(rule, excepted, leaves, wanted, ()) if excepted else _formula(rule, leaves, wanted, ())
    times = Counter(_standing(node))
    shared = tuple(leaf for leaf, n in times.items() if n > 1)
    return Shared(node, shared) if shared else node


def _formula(rule: Rule, leaves: Leaves, wanted: bool, without: tuple[Fact, ...]) -> Node:
    """A rule over the events that no fact of `without` takes from it."""
    match rule:
        case Fact():
            return leaves.number(rule, tuple([x for x in without if kin(rule, x)]))
        case Not():
            return Denial(_formula(rule.of, leaves, not wanted, without if wanted else ()))
        case If():
            condition = Denial(_formula(rule.condition, leaves, not wanted, without))
            return Gate(1, (condition, _formula(rule.then, leaves, wanted, without)))
        case Except():
            return _except(rule.base, [(x, None) for x in rule.exceptions], leaves, wanted, without)
    nodes = tuple([_formula(x, leaves, wanted, without) for x in members(rule)])
    return Gate(rule.count if isinstance(rule, AtLeast) else len(nodes) if isinstance(rule, All) else 1, nodes)


def _except(
    base: Rule, exceptions: Sequence[Excepted], leaves: Leaves, wanted: bool, without: tuple[Fact, ...]
) -> Node:
    taking: list[tuple[Fact, Node | None]] = []
    excuses: list[Node] = []
    involved: list[Node] = []
    for exception, riddle in exceptions:
        unread = [] if riddle is None else [riddle]
        found, rest = apart(base, [exception], wanted=wanted)
        for thing, circumstances in found:
            nodes = [_formula(x, leaves, not wanted, ()) for x in circumstances] + unread
            taking.append((thing, both(nodes) if nodes else None))
        for other in rest:
            node = both([_formula(other, leaves, not wanted, ()), *unread])
            (involved if entangled(base, other) else excuses).append(node)
    while sum(where is not None for _, where in taking) > CIRCUMSTANCES:
        last = max(n for n, (_, where) in enumerate(taking) if where is not None)
        thing, where = taking.pop(last)
        assert where is not None
        involved.append(both([leaves.number(thing), where]))

    def left(n: int, without: tuple[Fact, ...]) -> Node:
        """The base over what the exceptions from `n` on leave of its events, circumstance by circumstance."""
        if n == len(taking):
            return _formula(base, leaves, wanted, without)
        thing, where = taking[n]
        if where is None:
            return left(n + 1, (*without, thing))
        return either([both([where, left(n + 1, (*without, thing))]), both([Denial(where), left(n + 1, without)])])

    node = left(0, without)
    if involved:
        node = _doubtful(both([node, *map(Denial, involved)]), node, leaves)
    if not excuses:
        return node
    narrow = both([node, *map(Denial, excuses)])
    if not wanted:
        return narrow
    wide = either([node, *excuses])
    return wide if limits(base) or isinstance(base, Not) else _doubtful(narrow, wide, leaves)


def _doubtful(narrow: Node, wide: Node, leaves: Leaves) -> Node:
    """What may mean one thing or another that it implies: known where both agree."""
    return either([narrow, both([wide, leaves.riddle()])])


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
