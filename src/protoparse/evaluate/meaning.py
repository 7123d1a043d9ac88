"""Whether two rules mean the same, by truth tables over the facts that they are made of.

In: two rules, and for each of their facts what it is called; facts of one name are true together. Out: whether no
assignment of truth to the names tells the rules apart. "A and (B or C)" is "A and B, or A and C", though the trees
differ; "A or B and C" is neither.

Up to `EXACT` names every assignment is tried. Beyond, a fixed random sample is: assignments of many densities (half of
the facts true, a quarter, …, all but a few), and those in which one fact alone is true or false, for these tell a long
`all` or `any` from one that lacks a member.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache, reduce
from operator import and_, or_
from random import Random

from protoparse.model import All, Any_, AtLeast, Except, Fact, If, Not, Rule, members

EXACT = 12
"""Up to so many names the whole table is made: 4,096 rows."""
_BLOCK = 512
_DENSITIES = 6

Name = Hashable


def same_meaning(one: Rule, other: Rule, names: Mapping[int, Name]) -> bool:
    """Whether two rules are true of the same people; `names` tells, by `id`, what each fact is called.

    Examples of a fact (`includes`) say nothing that it does not say, and are not looked at. An `if` is true of all
    whom its condition does not meet, an `except` where its base holds and no exception does.
    """
    called = dict.fromkeys(names[id(fact)] for rule in (one, other) for fact in statements(rule))
    assigned, width = _columns(len(called))
    columns = dict(zip(called, assigned, strict=True))
    full = (1 << width) - 1

    def table(rule: Rule) -> int:
        """The rule's column: one bit for each assignment."""
        match rule:
            case Fact():
                return columns[names[id(rule)]]
            case Not():
                return full ^ table(rule.of)
            case If():
                return (full ^ table(rule.condition)) | table(rule.then)
            case Except():
                return table(rule.base) & (full ^ reduce(or_, map(table, rule.exceptions)))
            case All():
                return reduce(and_, map(table, rule.of))
            case Any_():
                return reduce(or_, map(table, rule.of))
            case AtLeast():
                return _at_least(rule.count, map(table, rule.of), full)

    return table(one) == table(other)


def statements(rule: Rule) -> Iterable[Fact]:
    """The facts that a rule's truth depends on: all but the examples of another."""
    if isinstance(rule, Fact):
        yield rule
    else:
        for member in members(rule):
            yield from statements(member)


def _at_least(count: int, tables: Iterable[int], full: int) -> int:
    """Where at least `count` of the columns are true."""
    reached = [full] + [0] * count  # reached[k]: where at least k of those met so far are
    for column in tables:
        for k in range(count, 0, -1):
            reached[k] |= reached[k - 1] & column
    return reached[count]


@lru_cache(maxsize=32)
def _columns(count: int) -> tuple[tuple[int, ...], int]:
    """A column of truth values for each of so many names, as the bits of a number, and how many rows there are."""
    if count <= EXACT:
        width = 1 << count
        return tuple(_alternating(1 << i, width) for i in range(count)), width
    random, columns = Random(count), []
    lone = 2 * count  # rows in which one name alone is true, and rows in which it alone is false, by turns
    odd = ((1 << lone) - 1) // 3 << 1
    for i in range(count):
        column = 1 << 2 * i | odd & ~(2 << 2 * i)
        for density in range(_DENSITIES):
            rare = reduce(and_, (random.getrandbits(_BLOCK) for _ in range(density + 1)))
            column = column << 2 * _BLOCK | rare << _BLOCK | (1 << _BLOCK) - 1 & ~rare
        columns.append(column)
    return tuple(columns), lone + 2 * _DENSITIES * _BLOCK


def _alternating(run: int, width: int) -> int:
    """`width` bits of which runs of `run` zeros and ones take turns."""
    # as a geometric sum: `width` ones, divided by a run of zeros and one of ones, leave each such pair's lowest bit
    return ((1 << width) - 1) // ((1 << 2 * run) - 1) * ((1 << run) - 1 << run)
