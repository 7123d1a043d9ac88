"""Where a rule stands within another, as the JSONPath of the criteria JSON.

In: a rule and a path. Out: what stands there, or the whole with something else there.

>>> from protoparse.model import Concept, Fact, Not
>>> rule = Not(of=Fact(domain="condition", concept=Concept(text="gout")))
>>> [path for path, _ in within(rule)]
['$', '$.of']
>>> replaced(rule, "$", lambda found: found.of).concept.text
'gout'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from protoparse.errors import EditError
from protoparse.model import All, Any_, AtLeast, Except, Fact, If, Not, Rule, all_of, any_of

Change: TypeAlias = Callable[[Rule], Rule | None]
"""What a rule becomes; None where it goes away."""

_STEP = re.compile(r"\.(of|base|condition|then|exceptions|includes)(?:\[(\d{1,4})\])?")


def within(rule: Rule, path: str = "$") -> Iterator[tuple[str, Rule]]:
    """A rule and every rule in it, each with its path, in the order of writing."""
    yield path, rule
    for step, member in _below(rule):
        yield from within(member, path + step)


def found(rule: Rule, path: str) -> Rule:
    """The rule at a path; raises `EditError` where nothing stands there."""
    for step in _steps(path):
        rule = _next(rule, step, path)
    return rule


def replaced(rule: Rule, path: str, change: Change) -> Rule | None:
    """The whole rule with the one at a path changed; what cannot stand without it goes with it.

    Of an `all` of two the other stays; of an `if` without its condition, what was required; of an `except` without
    its exceptions, the base. Raises `EditError` where nothing stands at the path.
    """
    return _replaced(rule, _steps(path), change, path)


def _replaced(rule: Rule, steps: Sequence[str], change: Change, path: str) -> Rule | None:
    if not steps:
        return change(rule)
    fresh = _replaced(_next(rule, steps[0], path), steps[1:], change, path)
    return rebuilt(rule, [fresh if step == steps[0] else member for step, member in _below(rule)])


def rebuilt(rule: Rule, members: Sequence[Rule | None]) -> Rule | None:
    """A rule with other members, None for one that is gone; what cannot stand without it goes with it."""
    kept = [member for member in members if member is not None]
    if not kept and not isinstance(rule, Fact):
        return None
    match rule:
        case Fact():
            return replace(rule, includes=tuple(kept))
        case Not():
            return replace(rule, of=kept[0])
        case All() | Any_():
            join = all_of if isinstance(rule, All) else any_of
            return join(kept, rule.span)
        case AtLeast():
            whole = len(kept) == len(rule.of)
            count = rule.count if whole else min(rule.count, len(kept))
            return kept[0] if len(kept) == 1 else replace(rule, of=tuple(kept), count=count)
        case If():
            condition, then = members
            return then if condition is None or then is None else replace(rule, condition=condition, then=then)
        case Except():
            base, *exceptions = members
            left = tuple(exception for exception in exceptions if exception is not None)
            return base if base is None or not left else replace(rule, base=base, exceptions=left)


def _steps(path: str) -> list[str]:
    """The steps of a path, root first."""
    steps = [match.group() for match in _STEP.finditer(path)]
    if "$" + "".join(steps) != path:
        raise EditError(f"no path of a rule: {path!r}")
    return steps


def _next(rule: Rule, step: str, path: str) -> Rule:
    for name, member in _below(rule):
        if name == step:
            return member
    raise EditError(f"nothing stands at {path}")


def _below(rule: Rule) -> list[tuple[str, Rule]]:
    match rule:
        case Fact():
            return [(f".includes[{n}]", example) for n, example in enumerate(rule.includes)]
        case Not():
            return [(".of", rule.of)]
        case If():
            return [(".condition", rule.condition), (".then", rule.then)]
        case Except():
            return [(".base", rule.base), *((f".exceptions[{n}]", x) for n, x in enumerate(rule.exceptions))]
        case _:
            return [(f".of[{n}]", member) for n, member in enumerate(rule.of)]
