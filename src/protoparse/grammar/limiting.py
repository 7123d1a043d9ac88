"""A second limit, for some people: "AST and ALT ≤ 3 × ULN, or ≤ 5 × ULN with liver metastases".

In: what was limited first, and the limits that others are allowed. Out: one tree in which either may be met, of
everything that shares the first limit; what stands before in the list is no part of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from protoparse.grammar.drafts import Draft, Node, Op, Tree, drafts, last_draft, widened


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
        return Node("any", [tree, *(_shared(other, tree, [tree], "all") for other in others)])
    if isinstance(tree.members[-1], Node):
        return Node(tree.op, [*tree.members[:-1], relaxed(tree.members[-1], others)])
    limit = tree.members[-1].value
    begin = len(tree.members)
    while begin and isinstance(one := tree.members[begin - 1], Draft) and one.concept and one.value == limit:
        begin -= 1
    tail = tree.members[begin:]
    alternatives = [_shared(other, tree, tail, tree.op) for other in others]
    if tree.op == "any":
        return Node("any", [*tree.members, *alternatives])
    either = Node("any", [Node("all", tail) if len(tail) > 1 else tail[0], *alternatives])
    return Node("all", [*tree.members[:begin], either]) if begin else either


def _shared(other: Tree, tree: Tree, tail: Sequence[Tree], op: str) -> Tree:
    """A second limit said of the last of a list, as one of everything that shared the first."""
    limit = limits_anew(tree, other)
    if limit is None or len(tail) < 2:
        return other
    copies: list[Tree] = []
    for member in tail:
        if isinstance(member, Draft):
            copy = member.copy()
            copy.value, copy.bare_value, copy.time = limit.value, limit.bare_value, limit.time or member.time
            copy.modifiers, copy.last = limit.modifiers or member.modifiers, max(copy.last, limit.last)
            copies.append(copy)
    return _swapped(other, limit, Node("any" if op == "any" else "all", copies))


def _swapped(tree: Tree, old: Draft, new: Tree) -> Tree:
    """A tree with one of its drafts replaced."""
    if isinstance(tree, Draft):
        return new if tree is old else tree
    return Node(tree.op, [_swapped(member, old, new) for member in tree.members])


def restated(people: Tree, duty: Draft) -> Tree | None:
    """What is asked of those whom a guard names, where the duty names nothing: the same thing, as the duty has it.

    "Patients with brain metastases must be stable for 4 weeks": the metastases must; None where a guard names persons.
    """
    if isinstance(people, Node):
        said = [r for m in people.members if (r := restated(m, duty)) is not None]
        return (Node(people.op, said) if len(said) > 1 else said[0]) if said and people.op in ("all", "any") else None
    if people.concept is None or people.domain == "person":
        return None
    again = people.copy()
    again.modifiers += duty.modifiers
    again.time, again.window_behind = duty.time or people.time, True
    again.standing = duty.standing or (None if duty.time else people.standing)
    again.cover(duty.first, duty.last)
    return again


def guarding(tree: Tree | None) -> Node | None:
    """The guard that a tree ends with: what is said next of "them" is said of those whom it names."""
    while isinstance(tree, Node) and tree.op == "all":
        tree = tree.members[-1]
    return tree if isinstance(tree, Node) and tree.op == "if" else None


def further(before: Tree, op: Op, after: Tree) -> Tree:
    """A statement for some people behind another: "women must use contraception or, if postmenopausal, …".

    It is of those whom the first is asked of; a second limit of the same thing is an alternative.
    """
    guard = guarding(before)
    first = before if guard is None else guard.members[1]
    more = relaxed(first, [after]) if limits_anew(first, after) else widened(first, op, [after])
    if guard is None:
        return more
    guard.members[1] = more
    return before


def ranked(before: Tree, after: Tree | None) -> Node | None:
    """The guard that what is behind it belongs to: "for children, ≤ 0.8 mg/dL for 2 to 6 years; for boys over 16, …".

    So where limits for some of those people were told before, and the next, of the same thing, is for others of them.
    """
    guard = guarding(before)
    if guard is None or not isinstance(after, Node) or after.op != "if":
        return None
    told = guard.members[1]
    inner = told.members[-1] if isinstance(told, Node) and told.op == "all" else told
    if not isinstance(inner, Node) or inner.op != "if":
        return None
    lone = [d for d in drafts(after.members[1]) if d.value is not None]
    persons = all(d.domain == "person" for one in (inner, after) for d in drafts(one.members[0]))
    return guard if persons and lone and all(d.concept is None for d in lone) else None


def lifted(before: Tree, exceptions: list[Tree]) -> Tree:
    """A tree with exceptions to what was said last: since the exception before them, where there is one."""
    if isinstance(before, Node) and before.op in ("all", "any"):
        members = before.members
        last = max((n for n, m in enumerate(members) if isinstance(m, Node) and m.op == "except"), default=-1)
        if last >= 0:
            since = members[last + 1 :] or [members.pop()]
            told = since[0] if len(since) == 1 else Node(before.op, since)
            exempt = widened(told, "except", exceptions)
            return Node(before.op, [*members[: last + 1], exempt]) if members[: last + 1] else exempt
    return widened(before, "except", exceptions)


def lifts(before: Tree, after: Tree) -> bool:
    """Whether what is permitted on a condition is an exception to what stands before it, and no demand of its own.

    "No brain metastases. Patients with treated brain metastases are eligible if stable" lifts the first; behind
    "age ≥ 18" the same is asked of those who have such.
    """
    if not isinstance(after, Node) or after.op != "if" or (isinstance(before, Node) and before.op in ("not", "except")):
        return True
    named = {d.term.name for d in drafts(before) if d.term is not None}
    return any(d.term is not None and d.term.name in named for d in drafts(after))


def itself_in_state(base: Tree, state: Tree | None) -> bool:
    """Whether an exception only says in what state its base is none, and its drafts told so.

    Of "brain metastases unless treated and stable" the exception are such metastases.
    """
    told = list(drafts(state)) if state is not None else []
    if not isinstance(base, Draft) or base.concept is None:
        return False
    if not told or any(d.value is not None or not any(m.type == "status" for m in d.modifiers) for d in told):
        return False
    for draft in told:
        draft.concept, draft.domain, draft.name, draft.term = base.concept, base.domain, base.name, base.term
        draft.cover(*base.concept)
    return True
