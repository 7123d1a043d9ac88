"""What is asked of some people only: the guards of an item as trees, and what joins them.

In: those whom a guard names, what is asked of them, what is said next. Out: the `if` with it in the right place;
"patients with asthma must be stable" asks the asthma to be stable, "they must also …" goes on with the same people.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TypeGuard

from protoparse.grammar.drafts import Draft, Node, Op, Tree, alternatives, drafts, empty, widened
from protoparse.grammar.limiting import limits_anew, relaxed
from protoparse.lexicon import fold

_LISTED = re.compile(r"[\s,/]*(?:\([^()]*\)\s*)?,?\s*(?:(?:and|&|as well as)\s+)?(?:(?:all|any|for|in|the|their)\s+)*")


def lone(tree: Tree) -> TypeGuard[Draft]:
    """Whether a member of what is asked names nothing, and says how or when something must be."""
    return isinstance(tree, Draft) and tree.concept is None and tree.value is None and bool(tree.modifiers or tree.time)


def either_kind(text: str, people: Tree) -> Tree:
    """ "men and women of childbearing age must …": either kind of person; "women under the age of 55": both hold.

    What is said behind the last of them is of all ("men and women with asthma"), a partner or age of that one alone.
    """
    if not isinstance(people, Node) or people.op != "all":
        return people
    said = [n for m in people.members for n in (m.members if isinstance(m, Node) and m.op == "all" else [m])]
    kinds = [said[:1]]
    for a, b in pairwise(said):
        if isinstance(a, Draft) and isinstance(b, Draft) and _named_on(text, a, b):
            kinds.append([b])
        else:
            kinds[-1].append(b)
    if len(kinds) < 2 or not all(_person(kind[0]) and not kind[0].value for kind in kinds):
        return people
    shared: list[Tree] = []
    if all(len(kind) == 1 for kind in kinds[:-1]):
        shared = [m for m in kinds[-1] if not _person(m)]
        kinds[-1] = [m for m in kinds[-1] if _person(m)]
    either = Node("any", [kind[0] if len(kind) == 1 else Node("all", kind) for kind in kinds])
    return Node("all", [either, *shared]) if shared else either


def _named_on(text: str, one: Draft, other: Draft) -> bool:
    """Whether nothing but a connective stands between two names."""
    return bool(one.concept and other.concept and _LISTED.fullmatch(text, one.concept[1], other.concept[0]))


def _person(tree: Tree) -> TypeGuard[Draft]:
    return isinstance(tree, Draft) and tree.domain == "person"


def guarding(tree: Tree | None) -> Node | None:
    """The guard that a tree ends with: what is said next of "them" is said of those whom it names."""
    while isinstance(tree, Node) and tree.op == "all":
        tree = tree.members[-1]
    return tree if isinstance(tree, Node) and tree.op == "if" else None


def unmet(duty: Tree) -> Tree:
    """The contrary of what is asked: of "must not smoke" that somebody smokes."""
    named = [m for m in duty.members if not empty(m)] if isinstance(duty, Node) and duty.op == "all" else [duty]
    told = named[0] if len(named) == 1 else duty
    return told.members[0] if isinstance(told, Node) and told.op == "not" else Node("not", [duty])


def ranked(before: Tree, after: Tree | None) -> Node | None:
    """The guard that what follows belongs to: "for children, ≤ 0.8 mg/dL for 2 to 6 years; for boys over 16, …".

    So where limits for some of those people were told before, and the next, of the same thing, is for others of them.
    """
    guard = guarding(before)
    if guard is None or not isinstance(after, Node) or after.op != "if":
        return None
    told = guard.members[1]
    inner = told.members[-1] if isinstance(told, Node) and told.op == "all" else told
    if not isinstance(inner, Node) or inner.op != "if":
        return None
    limits = [d for d in drafts(after.members[1]) if d.value is not None]
    persons = all(d.domain == "person" for one in (inner, after) for d in drafts(one.members[0]))
    return guard if persons and limits and all(d.concept is None for d in limits) else None


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
    again.includes = ()  # they were told with the name
    again.cover(duty.first, duty.last)
    return again


def spared(guard: Node, exceptions: list[Tree]) -> Node:
    """A guard with exceptions: to whom it speaks of, where they are of the same kind, else to what it asks.

    "Patients with prior cancer must be free of it for 2 years, except for skin cancer": of the cancers.
    """
    people, duty = guard.members
    kinds = {d.domain for d in drafts(people)} - {None, "person"}
    if kinds and all(d.domain in kinds for e in exceptions for d in drafts(e)):
        return Node("if", [widened(people, "except", exceptions), duty])
    return Node("if", [people, widened(duty, "except", exceptions)])


def lifted(before: Tree, exceptions: list[Tree], *, asked: bool) -> Tree:
    """A tree with exceptions to what was said last: since the exception before them, where there is one.

    "Women must use contraception. Implants are allowed" relaxes what is `asked` of the women, who are asked all the
    same; an exclusion asks nothing.
    """
    if asked and isinstance(before, Node) and before.op == "if":
        return spared(before, exceptions)
    if isinstance(before, Node) and before.op in ("all", "any"):
        members = before.members
        ends = ("except", "if") if asked else ("except",)
        last = max((n for n, m in enumerate(members) if isinstance(m, Node) and m.op in ends), default=-1)
        if last >= 0:
            begin = min(last + 1, len(members) - 1)
            since = members[begin:]
            exempt = lifted(since[0] if len(since) == 1 else Node(before.op, since), exceptions, asked=asked)
            return Node(before.op, [*members[:begin], exempt]) if begin else exempt
    return widened(before, "except", exceptions)


def lifts(before: Tree, after: Tree) -> bool:
    """Whether what is permitted on a condition is an exception to what stands before it, and no demand of its own.

    "No brain metastases. Patients with treated brain metastases are eligible if stable" lifts the first; behind
    "age ≥ 18" the same is asked of those who have such.
    """
    if not isinstance(after, Node) or after.op != "if" or (isinstance(before, Node) and before.op in ("not", "except")):
        return True
    if guarding(before) is not None:
        return False  # "patients with X must be treated. Patients with X on treatment are eligible if …"
    named = {d.term.name for d in drafts(before) if d.term is not None}
    return any(d.term is not None and d.term.name in named for d in drafts(after))


def itself_in_state(base: Tree, state: Tree | None) -> bool:
    """Whether an exception only says in what state its base is none, and its drafts told so.

    Of "brain metastases unless treated and stable" the exception are such metastases.
    """
    told = list(drafts(state)) if state is not None else []
    if not isinstance(base, Draft) or base.concept is None:
        return False
    if not told or not all(map(_is_state, told)):
        return False
    for draft in told:
        _tell_of(base, draft)
    return True


def partly_in_state(base: Tree, state: Tree) -> None:
    """Make a fact of a state of the base that is told among others: "cancer unless cured with no sign of relapse"."""
    if isinstance(base, Draft) and base.concept is not None and isinstance(state, Node) and state.op == "all":
        for member in state.members:
            if isinstance(member, Draft) and member.concept is None and _is_state(member):
                states = [m for m in member.modifiers if m.type == "status"]
                state_of = states[0]
                if len(states) > 1 or state_of.span is None:
                    _tell_of(base, member)
                    continue
                said = state_of.value if isinstance(state_of.value, str) else fold(state_of.text)
                member.modifiers = tuple(m for m in member.modifiers if m is not state_of)
                member.concept = state_of.span
                member.domain = "procedure" if "treated" in said else base.domain
                if named := base.name or (base.term.name if base.term else None):
                    member.name = f"{said} {named}"


def _is_state(draft: Draft) -> bool:
    return draft.value is None and any(m.type == "status" for m in draft.modifiers)


def _tell_of(base: Draft, draft: Draft) -> None:
    draft.concept, draft.domain, draft.name, draft.term = base.concept, base.domain, base.name, base.term
    draft.cover(*(base.concept or ()))


def each_in_state(base: Tree, state: Tree | None) -> Node | None:
    """Several things, each with the exception that says in what state it is none; None where it says more.

    Of "asthma or COPD, unless stable" the exceptions are stable asthma from the one and stable COPD from the other.
    """
    if state is None or not isinstance(base, Node) or base.op != "any":
        return None
    states = [_copied(state) for _ in base.members]
    if not all(map(itself_in_state, base.members, states)):
        return None
    return Node("any", [Node("except", [m, *alternatives(s)]) for m, s in zip(base.members, states, strict=True)])


def _copied(tree: Tree) -> Tree:
    return tree.copy() if isinstance(tree, Draft) else Node(tree.op, [_copied(m) for m in tree.members])
