"""A second limit, for some people: "AST and ALT ≤ 3 × ULN, or ≤ 5 × ULN with liver metastases".

In: what was limited first, and the limits that others are allowed. Out: one tree in which either may be met, of
everything that shares the first limit; what stands before in the list is no part of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from protoparse.grammar.drafts import Draft, Node, Tree, drafts, last_draft


def limits_anew(tree: Tree, other: Tree) -> Draft | None:
    """The draft of `other` that limits anew what stands last in `tree`, without a name of its own."""
    model = last_draft(tree)
    if model.concept is None or model.value is None:
        return None
    return next((d for d in drafts(other) if d.concept == model.concept and d.value is not None), None)


def timed_alike(before: Tree, after: Tree) -> None:
    """ "≥ 13 g/dL for men and ≥ 12 for women within 2 weeks": the time behind limits of one thing is of all of them."""
    last = next((d for d in drafts(after) if d.value is not None and d.concept is not None), None)
    if last is None or last.time is None or not last.window_behind:
        return
    for draft in drafts(before):
        if draft.value is not None and draft.concept == last.concept and draft.time is None:
            draft.time, draft.again = last.time, last.again


def relaxed(tree: Tree, others: Sequence[Tree]) -> Tree:
    """A tree whose last limit is one of several, the others as they are told for some people."""
    if isinstance(tree, Draft) or tree.op not in ("all", "any"):
        return Node("any", [tree, *others])
    if isinstance(tree.members[-1], Node):
        return Node(tree.op, [*tree.members[:-1], relaxed(tree.members[-1], others)])
    alternatives = [shared(tree, other) for other in others]
    if tree.op == "any":
        return Node("any", [*tree.members, *alternatives])
    begin = len(tree.members) - max(len(_tail(tree)), 1)
    tail = tree.members[begin:]
    either = Node("any", [Node("all", tail) if len(tail) > 1 else tail[0], *alternatives])
    return Node("all", [*tree.members[:begin], either]) if begin else either


def _tail(tree: Tree) -> list[Draft]:
    """What shares the last limit of a list: "AST and ALT" of "bilirubin ≤ 1.5 × ULN, AST and ALT ≤ 3 × ULN"."""
    if isinstance(tree, Draft):
        return [tree]
    last = tree.members[-1]
    found: list[Draft] = []
    for member in reversed(tree.members):
        if not isinstance(member, Draft) or not isinstance(last, Draft) or member.value != last.value:
            break
        if member.concept is None:
            break
        found.append(member)
    return found[::-1]


def shared(tree: Tree, other: Tree) -> Tree:
    """A second limit said of the last of a list, as one of everything that shared the first."""
    limit = limits_anew(tree, other)
    tail = _tail(tree) if limit is not None else []
    if limit is None or len(tail) < 2:
        return other
    copies: list[Tree] = []
    for member in tail:
        copy = member.copy()
        copy.value, copy.bare_value, copy.time = limit.value, limit.bare_value, limit.time or member.time
        copy.modifiers, copy.last = limit.modifiers or member.modifiers, max(copy.last, limit.last)
        copies.append(copy)
    either = isinstance(tree, Node) and tree.op == "any"
    return _swapped(other, limit, Node("any" if either else "all", copies))


def _swapped(tree: Tree, old: Draft, new: Tree) -> Tree:
    """A tree with one of its drafts replaced."""
    if isinstance(tree, Draft):
        return new if tree is old else tree
    return Node(tree.op, [_swapped(member, old, new) for member in tree.members])


def looser(tree: Tree, other: Tree) -> bool:
    """Whether `other` allows some people more of what stands last in `tree`: "≤ 1.5; in Gilbert's syndrome ≤ 3"."""
    model = last_draft(tree)
    one = model.value
    if one is None or model.concept is None or not isinstance(one.value, int | float):
        return False
    for draft in drafts(other):
        two = draft.value
        same = draft.concept == model.concept or (draft.term is not None and draft.term is model.term)
        if two is None or not same or two.reference != one.reference or not isinstance(two.value, int | float):
            continue
        if one.operator[0] == two.operator[0]:
            return (two.value > one.value) if one.operator[0] == "<" else (two.value < one.value)
    return False
