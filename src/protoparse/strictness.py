"""Which way a criterion was changed: whether it takes fewer people than before, or more.

In: two documents and the couples of their criteria. Out: for each couple "tightened" (whoever passes now passed
before), "loosened" (the other way round), "same", or None where that cannot be told. "ANC ≥ 1.5 × 10^9/L" that becomes
"ANC ≥ 1000/µL" is loosened where it is wanted, tightened where it excludes; an exception to an exclusion loosens it.

Both versions are formulas as screening has them, over what their facts say of one another (`implies`): one follows from
the other where no way in which the facts may be true says otherwise. A criterion of which words were not understood, or
that stands in another place, is not decided. What came or went as a whole has one direction, and its parts with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Literal, NamedTuple, TypeAlias, TypeGuard

from msgspec.structs import replace

from protoparse.alignment import Couple, name_of
from protoparse.evaluate.keys import phrase_key
from protoparse.implication import excludes, exhausts, implies
from protoparse.leftovers import unread
from protoparse.lexicon import fold
from protoparse.model import AtLeastChildren, Combine, Concept, Criterion, Document, Rule, renamed, walk, without_spans
from protoparse.screen.compiling import Item, contrary, group_name, holds
from protoparse.screen.knowing.routes import unrouted
from protoparse.screen.logic import (
    EXACT,
    Denial,
    Gate,
    Leaves,
    Node,
    Shared,
    both,
    completed,
    either,
    formula,
    standing,
)

Direction: TypeAlias = Literal["tightened", "loosened", "same"]
"""`tightened`: who passes the new version passed the old one; `loosened`: the other way round; `same`: both."""

OPPOSITE: Mapping[Direction, Direction] = {"tightened": "loosened", "loosened": "tightened", "same": "same"}


def directions(old: Document, new: Document, couples: Sequence[Couple]) -> list[Direction | None]:
    """Which way each couple of criteria was changed, in the order of the couples."""
    paired = [(c.old.criterion, c.new.criterion) for c in couples if c.old is not None and c.new is not None]
    before = _Version(old, {id(one): other for one, other in paired})
    after = _Version(new, {id(other): one for one, other in paired})
    same_groups = before.groups == after.groups
    found: list[Direction | None] = []
    for couple in couples:
        if couple.old is None:
            assert couple.new is not None
            found.append(_came(couple.new.criterion, after, before, same_groups))
        elif couple.new is None:
            came = _came(couple.old.criterion, before, after, same_groups)
            found.append(came and OPPOSITE[came])
        else:
            found.append(_changed(couple.old.criterion, couple.new.criterion, before, after))
    return found


class _Place(NamedTuple):
    """Where a criterion stands: below which, whether its trial wants it to hold, whether it counts by itself."""

    parent: Criterion | None
    wanted: bool
    by_itself: bool


class _Version:
    """A version of a trial: where its criteria stand, and what they are partners of in the other one."""

    def __init__(self, document: Document, partners: Mapping[int, Criterion]) -> None:
        self.text = document.text
        self.partners = partners
        self.places: dict[int, _Place] = {}
        self.groups = {group_name(c.group) for c in walk(document.criteria) if c.group is not None}
        for criterion in document.criteria:
            self._enter(criterion, _Place(None, criterion.kind != "exclusion", True))

    def _enter(self, criterion: Criterion, place: _Place) -> None:
        self.places[id(criterion)] = place
        heading = criterion.rule is None and criterion.group is None and not unread(criterion, self.text)
        joined = _combine(criterion) == ("all" if place.wanted else "any")
        for child in criterion.children:
            turned = place.wanted ^ contrary(criterion, child) ^ (criterion.combine == "except")
            by_itself = place.by_itself and heading and joined and turned == place.wanted
            self._enter(child, _Place(criterion, turned, by_itself))


def _combine(criterion: Criterion) -> Combine:
    return criterion.combine or ("any" if criterion.kind == "exclusion" else "all")


# ------------------------------------------------------------------ what came or went


def _came(criterion: Criterion, here: _Version, there: _Version, same_groups: bool) -> Direction | None:
    """Which way a trial changes by a criterion that the other version does not have."""
    inside = list(walk((criterion,)))
    place = here.places[id(criterion)]
    if criterion.children and all(here.places[id(child)].by_itself for child in criterion.children):
        return "same"  # it only gathers what is asked for without it
    grouped = not same_groups and any(one.group is not None for one in inside)
    if grouped or all(one.rule is None for one in inside) or any(id(one) in here.partners for one in inside):
        return None
    if place.by_itself:
        return "tightened"
    parent = place.parent
    assert parent is not None
    partner = here.partners.get(id(parent))
    if partner is None:
        return _came(parent, here, there, same_groups)
    siblings = any(here.partners.get(id(child)) in partner.children for child in parent.children)
    if parent.combine != partner.combine or not siblings or contrary(parent, criterion):
        return None
    wanted = here.places[id(parent)].wanted
    combine = _combine(parent)
    if combine == "except" and wanted:
        return None  # an exception to what is wanted forbids, or only excuses
    narrower = not (combine == "any" or isinstance(combine, AtLeastChildren))
    return "tightened" if narrower == wanted else "loosened"


# ------------------------------------------------------------------ what was changed


def _changed(one: Criterion, other: Criterion, before: _Version, after: _Version) -> Direction | None:
    was, now = before.places[id(one)], after.places[id(other)]
    if phrase_key(one.group) != phrase_key(other.group) or not _same_place(was, now, before):
        return None
    left = [unread(one, before.text), unread(other, after.text)]
    if left != [[], []]:
        alike = left[0] == left[1] and one.combine == other.combine and _plain(one.rule) == _plain(other.rule)
        return "same" if alike and was.wanted == now.wanted else None
    children = [(c, p) for c in one.children if (p := before.partners.get(id(c))) is not None and p in other.children]
    if children and was.wanted != now.wanted:
        return None
    leaves = Leaves()
    shared = [leaves.riddle() for _ in children]
    asked = [
        _asked(criterion, [(pair[n], leaf) for pair, leaf in zip(children, shared, strict=True)], leaves, place.wanted)
        for n, (criterion, place) in enumerate(((one, was), (other, now)))
    ]
    logic = _Logic(leaves)
    narrower, wider = logic.follows(asked[1], asked[0]), logic.follows(asked[0], asked[1])
    return "same" if narrower and wider else "tightened" if narrower else "loosened" if wider else None


def _same_place(was: _Place, now: _Place, before: _Version) -> bool:
    """Whether two criteria are asked for in one place: each by itself, or below the same one."""
    if was.by_itself or now.by_itself:
        return was.by_itself and now.by_itself
    assert was.parent is not None
    return was.wanted == now.wanted and before.partners.get(id(was.parent)) is now.parent


def _plain(rule: Rule | None) -> Rule | None:
    """A rule in which things stand under their names: what is printed may differ between versions."""
    return None if rule is None else renamed(without_spans(rule), _named)


def _named(concept: Concept) -> Concept:
    # the way that a drug is given may stand in its printed name alone
    text = fold(concept.text) if unrouted(concept.text)[1] else name_of(concept)
    return Concept(text=text, name=concept.name, codes=concept.codes)


def _asked(criterion: Criterion, children: Sequence[tuple[Criterion, int]], leaves: Leaves, wanted: bool) -> Node:
    """Who passes a criterion, over its own rule and the truth of those children that both versions have."""
    rule = _plain(criterion.rule)
    turned = wanted ^ (criterion.combine == "then")
    own = None if rule is None else formula(rule, leaves, wanted=turned)
    below = tuple(Item(replace(c, group=None, children=()), leaf, None, ()) for c, leaf in children)
    node = holds(Item(replace(criterion, group=None), own, None, below), frozenset(), wanted=wanted)
    return node if wanted else Denial(node)


# ------------------------------------------------------------------ what follows


class _Logic:
    """Formulas over leaves whose facts say something of one another."""

    def __init__(self, leaves: Leaves) -> None:
        self._leaves = leaves
        self._known: dict[tuple[int, int], list[Node]] = {}

    def follows(self, one: Node, other: Node) -> bool:
        """Whether whoever meets one formula surely meets another; False where it is not found."""
        if one == other:
            return True
        stood = standing(both([one, other]))
        if len(stood) <= EXACT:
            given = [node for pair in permutations(stood, 2) for node in self._said(*pair)]
            node = either([Denial(both([one, *given])), other])
            return completed(Shared(node, standing(node)), [None] * len(self._leaves.facts)) is True
        one, other = (x.of if isinstance(x, Shared) else x for x in (one, other))
        if isinstance(one, Denial) and isinstance(other, Denial):
            return self.follows(other.of, one.of)
        if _any(one):
            return all((_any(other) and x in other.of) or self.follows(x, other) for x in one.of)
        if _all(other):
            return all((_all(one) and x in one.of) or self.follows(one, x) for x in other.of)
        if _all(one):
            return any(self.follows(x, other) for x in one.of)
        return _any(other) and any(self.follows(one, x) for x in other.of)

    def _said(self, one: int, other: int) -> list[Node]:
        """What the fact of one leaf says of that of another."""
        known = self._known.get((one, other))
        if known is None:
            known = self._known[one, other] = list(self._find(one, other))
        return known

    def _find(self, one: int, other: int) -> list[Node]:
        mine, yours = self._leaves.facts[one], self._leaves.facts[other]
        if mine is None or yours is None:
            return []
        without, spared = self._leaves.without[one], self._leaves.without[other]
        found: list[Node] = []
        if implies(mine, yours) and all(any(x == y or implies(x, y) for y in without) for x in spared):
            found.append(either([Denial(one), other]))
        if one < other and not without and not spared:
            if excludes(mine, yours):
                found.append(Denial(both([one, other])))
            if exhausts(mine, yours):
                found.append(either([one, other]))
        return found


def _any(node: Node) -> TypeGuard[Gate]:
    return isinstance(node, Gate) and node.least == 1


def _all(node: Node) -> TypeGuard[Gate]:
    return isinstance(node, Gate) and node.least == len(node.of)
