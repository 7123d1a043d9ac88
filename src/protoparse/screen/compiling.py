"""A trial as formulas: each criterion, each group, and the whole, over the facts that they rest on.

In: a `Document`. Out: a `Plan`. "Age ≥ 18 years" becomes an item whose formula is one leaf; the trial's is true of whom
the trial takes.

What the parser did not understand of a criterion is a leaf that nobody can decide: an inclusion holds only with it; an
exclusion's own rule only with it, and the exclusion also by it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from protoparse.leftovers import unread
from protoparse.lexicon import fold
from protoparse.model import (
    AtLeastChildren,
    Criterion,
    Document,
    walk,
)
from protoparse.registered import registered
from protoparse.screen.excepting import entangled
from protoparse.screen.logic import FALSE, TRUE, Denial, Gate, Leaves, Node, both, either, formula

OTHERS = ""
"""The group of those who are of no group, where a trial names one alone and asks something of all."""


class Item(NamedTuple):
    """A criterion with its children: the formula of its own rule, and the leaf of what was not understood of it.

    `within`: the children that are exceptions and stand in that formula already, by number. `doubt`: a leaf that nobody
    can decide, where others speak of the same things: whether what they except is all that the rule is true of.
    """

    criterion: Criterion
    rule: Node | None
    riddle: int | None
    children: tuple[Item, ...]
    within: frozenset[int] = frozenset()
    doubt: int | None = None


class Plan(NamedTuple):
    """A trial's criteria, those of its registry's fields last; for each group whom it takes; and for the trial."""

    items: tuple[Item, ...]
    groups: dict[str, Node]
    takes: Node


def plan(document: Document, leaves: Leaves) -> Plan:
    """A trial as formulas over `leaves`, which get what they lack; of a text that asks for nothing nothing is known."""
    criteria = (*document.criteria, *registered(document.trial))
    items = tuple([_item(c, document.text, leaves, c.kind != "exclusion") for c in criteria])
    parts = _groups(items[: len(document.criteria)])
    groups = {name: _taken(items, allowed) for name, allowed in parts.items()}
    takes = either(list(groups.values())) if groups else _taken(items, frozenset())
    asked = any(criterion.rule is not None for criterion in walk(document.criteria))
    return Plan(items, groups, takes if asked else both([takes, leaves.riddle()]))


def holds(item: Item, groups: frozenset[str], *, wanted: bool | None = None) -> Node:
    """Whether a criterion holds with those of its children that are for everybody or for one of `groups`.

    `wanted`: whether a patient passes where it holds; by default as its kind says.
    """
    criterion = item.criterion
    if wanted is None:
        wanted = criterion.kind != "exclusion"
    combine = criterion.combine or ("all" if criterion.kind != "exclusion" else "any")
    children: list[Node] = []
    for n, (child, turned) in enumerate(turns(item, wanted)):
        if n not in item.within and applies(child.criterion, groups):
            node = holds(child, groups, wanted=turned)
            children.append(Denial(node) if contrary(criterion, child.criterion) else node)
    own = item.rule
    if own is not None and item.riddle is not None and not wanted:
        # what was not read may narrow it, or turn it round: "thrombosis that cannot be treated", "failure to …"
        own = both([own, item.riddle])
    if not children:
        node = own if own is not None else TRUE if wanted else FALSE
    elif combine == "except":
        base = TRUE if own is None else own
        node = both([base, *map(Denial, children)])
        if item.doubt is not None:
            node = either([node, both([base, item.doubt])])
    else:
        least = combine.at_least if isinstance(combine, AtLeastChildren) else 1 if combine == "any" else len(children)
        node = Gate(least, tuple(children)) if len(children) > 1 or least != 1 else children[0]
        if own is not None:
            node = either([Denial(own), node]) if combine == "then" else both([own, node])
    if item.riddle is None:
        return node
    return both([node, item.riddle]) if wanted else either([node, item.riddle])


def turns(item: Item, wanted: bool) -> Iterator[tuple[Item, bool]]:
    """The children of a criterion that is wanted to hold or not, each with whether that is wanted of it."""
    for child in item.children:
        yield child, _turned(item.criterion, child.criterion, wanted)


def _turned(criterion: Criterion, child: Criterion, wanted: bool) -> bool:
    return wanted ^ contrary(criterion, child) ^ (criterion.combine == "except")


def contrary(one: Criterion, other: Criterion) -> bool:
    """Whether one of two criteria takes whom it is true of, and the other leaves them out."""
    return (one.kind == "exclusion") != (other.kind == "exclusion")


def applies(criterion: Criterion, groups: frozenset[str]) -> bool:
    """Whether a criterion is for everybody, or for one of these groups."""
    return criterion.group is None or group_name(criterion.group) in groups


def own_groups(item: Item) -> frozenset[str]:
    """The groups that a criterion is for by itself: its own, or none."""
    return frozenset() if item.criterion.group is None else frozenset((group_name(item.criterion.group),))


def group_name(group: str) -> str:
    """What a group is called, be it a heading or a prefix: "Part B:" is "part B"'s other spelling."""
    return fold(group).rstrip(" :.-–")


def _item(criterion: Criterion, text: str, leaves: Leaves, wanted: bool) -> Item:
    riddle = leaves.riddle() if unread(criterion, text) else None
    children = tuple([_item(x, text, leaves, _turned(criterion, x, wanted)) for x in criterion.children])
    if criterion.rule is None:
        return Item(criterion, None, riddle, children)
    if criterion.combine != "except":
        asked = wanted ^ (criterion.combine == "then")  # "women must …": who is none passes
        return Item(criterion, formula(criterion.rule, leaves, wanted=asked), riddle, children)
    within = {n: child for n, child in enumerate(children) if _simple(criterion, child)}
    excepted = [(x.criterion.rule, x.riddle) for x in within.values() if x.criterion.rule is not None]
    rule = formula(criterion.rule, leaves, wanted=wanted, excepted=excepted)
    others = (x.rule for n, child in enumerate(children) if n not in within for x in walk((child.criterion,)))
    doubtful = any(x is not None and entangled(criterion.rule, x) for x in others)
    return Item(criterion, rule, riddle, children, frozenset(within), leaves.riddle() if doubtful else None)


def _simple(criterion: Criterion, child: Item) -> bool:
    """Whether an exception is for everybody and says all it says in its own rule."""
    one = child.criterion
    return one.rule is not None and not (child.children or one.group or contrary(criterion, one))


def _taken(items: Iterable[Item], groups: frozenset[str]) -> Node:
    """Who passes all that is asked of everybody or of the groups."""
    nodes: list[Node] = []
    for item in items:
        if applies(item.criterion, groups):
            node = holds(item, groups)
            nodes.append(Denial(node) if item.criterion.kind == "exclusion" else node)
    return both(nodes)


# ------------------------------------------------------------------ groups


def _groups(items: Sequence[Item]) -> dict[str, frozenset[str]]:
    """The groups that somebody may be in, each with the names of all whose criteria are for it.

    A group within another answers for its criteria too. One that is parted is its parts; where but one part is named,
    there are people who are not of it. So are there where the trial names one group alone, if it asks them anything.
    """
    above: dict[str, set[str]] = {}
    shown: dict[str, str] = {}
    parts: dict[str | None, dict[str, None]] = {}
    for group, outer in _named(items, ()):
        name = group_name(group)
        shown.setdefault(name, " ".join(group.split()).rstrip(" :"))
        above.setdefault(name, {name}).update(outer)
        parts.setdefault(outer[-1] if outer else None, {})[name] = None
    if not above:
        return {}
    found = {shown[name]: frozenset(above[name]) for name in above if len(parts.get(name, ())) < 2}
    asked = any(i.criterion.group is None and i.criterion.kind != "exclusion" for i in items)
    if len(parts.get(None, ())) == 1 and asked:
        found[OTHERS] = frozenset()
    return found


def _named(items: Iterable[Item], outer: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every group that is named, with the names of those that it stands in."""
    for item in items:
        group, inner = item.criterion.group, outer
        if group is not None and (name := group_name(group)) not in outer:
            yield group, outer
            inner = (*outer, name)
        yield from _named(item.children, inner)
