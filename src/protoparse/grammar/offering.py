"""Another thing that does as well, in brackets behind the first: "prednisone (or another steroid) ≤ 10 mg/day".

In: the thing before the bracket and what the bracket names. Out: the others, completed by what is said of the first;
"radiotherapy (or chemotherapy) within 2 weeks" gives two treatments with one window.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from protoparse.grammar.anchoring import anchored
from protoparse.grammar.drafts import Draft, Node, Tree, allergic
from protoparse.grammar.terms import GIVEN
from protoparse.model import Domain

_FELT: tuple[Domain, ...] = ("condition", "observation")
_RESULTS = ("positive", "negative", "normal", "abnormal")
_SAID = ("severity", "acuity", "status", "certainty", "stage")


def offered(target: Draft, node: Tree, text: str, roles: Callable[[str], Collection[str]]) -> list[Draft]:
    """What a bracket offers beside the thing in front of it, none where that is of another kind, or has no name."""
    others: list[Draft] = []
    for other in node.members if isinstance(node, Node) and node.op == "any" and not node.count else [node]:
        if not isinstance(other, Draft) or other.concept is None or other.anew == "people":
            return []
        if not _alike(target, other) or "generic" in roles(text[slice(*other.concept)].split()[-1].lower()):
            return []
        others.append(other)
    for other in others if target.concept is not None else ():
        _complete(target, other)
        if other.time is not None and target.time is not None:
            other.time = anchored(text, other.time, target.time)
    return others if target.concept is not None else []


def beside(tree: Tree, others: list[Draft]) -> Node:
    """A tree, its last thing one of several alternatives."""
    if isinstance(tree, Draft):
        return Node("any", [tree, *others], 1)
    tree.members[-1] = beside(tree.members[-1], others)
    return tree


def limited_behind(one: Draft, other: Draft) -> None:
    """A limit in a second bracket is of both: "prednisone (or another steroid) (≤ 10 mg/day)"."""
    if one.value is one.dose is one.count is None:
        one.value, one.dose, one.count = other.value, other.dose, other.count


def _alike(target: Draft, other: Draft) -> bool:
    one, two = target.domain, other.domain
    if target.allergen or one == "allergy":
        return other.value is None and other.time is None
    if one == "person":
        return two == "person" and target.value is not None  # "adults (or their parents)" are two people
    return one == two is not None or {one, two} <= {*GIVEN} or {one, two} <= {*_FELT}


def _complete(target: Draft, other: Draft) -> None:
    """What is said of the first thing is said of the other, where that has nothing of its own."""
    place = other.concept or (0, 0)
    if target.allergen or target.domain == "allergy":
        allergic(other)
    if other.value is None and other.dose is None and other.count is None:
        # a limit in front of the bracket is of the first alone: "Karnofsky ≥ 60 (or ECOG)"
        limits = (target.value, target.dose, target.count)
        other.value, other.dose, other.count = (
            c if c and (c.value in _RESULTS or (c.span or place) > place) else None for c in limits
        )
    told = target.time.span if target.time is not None and target.window_behind else None
    if other.time is None and not other.standing and (told is None or told > place):
        other.time, other.again, other.standing = target.time, target.again, target.standing
        other.window_behind = target.window_behind
    said = [m for m in target.modifiers if m.type in _SAID and m.span and target.concept and m.span < target.concept]
    if target.domain != "consent" and not any(m.type in _SAID for m in other.modifiers):
        other.modifiers = (*said, *other.modifiers)
    other.experiencer = target.experiencer
