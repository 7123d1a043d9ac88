"""Rules that FHIR has no element for, as combinations of such that it has, and back.

In: an `if`, an `except`, or a fact with two windows, the longer of two times, several values. Out: a `Form`: the code
of a combination and its members. "Males must agree to X" is any of: not male; agree to X. The form's name, kept in an
extension, says what the combination was; who passes over it reads the same requirement.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from protoparse.model import Bound, Comparison, Except, Fact, If, Not, Number, Offset, Operator, Rule, Window

Combining: TypeAlias = Literal["all-of", "any-of"]
UNEQUAL = "unequal"
"""The form of one member, whose `exclude` is the sign ≠."""


class Member(NamedTuple):
    """A member of a combination, the path by which it is reached, and whether it must not hold."""

    path: str
    rule: Rule
    denied: bool = False


class Form(NamedTuple):
    """A rule as a combination."""

    name: str
    code: Combining
    members: tuple[Member, ...]


def spread(rule: Rule) -> Form | None:
    """A rule as a combination of simpler ones; None where it is none, or would not be read back the same."""
    match rule:
        case If():
            form = Form("if", "any-of", (Member(".condition", rule.condition, True), Member(".then", rule.then)))
        case Except():
            denied = (Member(f".exceptions[{n}]", x, True) for n, x in enumerate(rule.exceptions))
            form = Form("except", "all-of", (Member(".base", rule.base), *denied))
        case Fact():
            found = _windows(rule) or _offsets(rule, "start") or _offsets(rule, "end") or _values(rule)
            if found is None:
                return None
            form = found
        case _:
            return None
    members = [Not(of=m.rule) if m.denied else m.rule for m in form.members]
    return form if gather(form.name, members) == rule else None


def gather(name: str, members: Sequence[Rule]) -> Rule:
    """The rule that a form of this name with these members was; raises `ValueError` where it can have been none."""
    if name == "if" and len(members) == 2:
        return If(condition=_denied(members[0]), then=members[1])
    if name == "except" and len(members) > 1:
        return Except(base=members[0], exceptions=tuple(map(_denied, members[1:])))
    facts = [m for m in (_denied(members[0]) if name == UNEQUAL else members[0], *members[1:]) if isinstance(m, Fact)]
    if not facts or len(facts) != len(members):
        raise ValueError(f"no members of a form {name!r}")
    first = facts[0]
    if name == "windows":
        return replace(first, time=Window(any_of=tuple([_set(f.time) for f in facts])))
    if name in _OFFSETS:
        which, end = _OFFSETS[name]
        bounds = [_set(getattr(_set(f.time), end)) for f in facts]
        several = tuple([_set(b.offset) for b in bounds])
        offset = Offset(longest_of=several) if which == "longest" else Offset(shortest_of=several)
        return replace(first, time=replace(_set(first.time), **{end: replace(bounds[0], offset=offset)}))
    values = [_set(f.value) for f in facts]
    if name == UNEQUAL:
        return replace(first, value=replace(values[0], operator="!="))
    if name == "in":
        listed = tuple([v.value for v in values])
        return replace(first, value=replace(values[0], operator="in", value=UNSET, values=listed))
    if name == "between" and len(values) == 2:
        low, high = values
        return replace(
            first,
            value=Comparison(
                operator="between", low=low.value, high=high.value, low_inclusive=low.operator == ">=",
                high_inclusive=high.operator == "<=", unit=low.unit, reference=low.reference,
            ),
        )  # fmt: skip
    raise ValueError(f"no form {name!r}")


_OFFSETS = {f"{which}-{end}": (which, end) for which in ("longest", "shortest") for end in ("start", "end")}


def _denied(rule: Rule) -> Rule:
    if not isinstance(rule, Not):
        raise ValueError("a member is not excluded")
    return rule.of


def _set(value: object) -> Any:
    if value is None or value is UNSET:
        raise ValueError("a member lacks what it stands for")
    return value


def _windows(fact: Fact) -> Form | None:
    """Either window: the fact in the one or the fact in the other."""
    if fact.time is None or not isinstance(fact.time.any_of, tuple):
        return None
    return Form("windows", "any-of", _each(fact, "time", fact.time.any_of))


def _offsets(fact: Fact, end: Literal["start", "end"]) -> Form | None:
    """The longest or shortest of times as windows of which any, or each, has to hold it.

    A start further back, or an end further on, makes a window wider; in the widest of windows that share their other
    end is what is in any of them, in the narrowest what is in all.
    """
    bound = getattr(fact.time, end, None)
    if fact.time is None or not isinstance(bound, Bound) or bound.offset is None:
        return None
    longest, several = True, bound.offset.longest_of
    if not isinstance(several, tuple):
        longest, several = False, bound.offset.shortest_of
    if not isinstance(several, tuple) or not several:
        return None
    numbers = [o.value for o in several if isinstance(o.value, int | float) and o.value]
    if len(numbers) != len(several) or len({n > 0 for n in numbers}) != 1:
        return None
    wider = longest == ((numbers[0] < 0) == (end == "start"))
    windows = [replace(fact.time, **{end: replace(bound, offset=o)}) for o in several]
    name = f"{'longest' if longest else 'shortest'}-{end}"
    return Form(name, "any-of" if wider else "all-of", _each(fact, "time", windows))


def _values(fact: Fact) -> Form | None:
    """One of several values, a range without one of its ends, and all but a value."""
    value = fact.value
    if value is None:
        return None
    if value.operator == "!=":
        return Form(UNEQUAL, "all-of", (Member("", replace(fact, value=replace(value, operator="=")), True),))
    if value.operator == "in" and value.values:
        each = [replace(value, operator="=", value=v, values=UNSET) for v in _set(value.values)]
        return Form("in", "any-of", _each(fact, "value", each))
    ends = value.low_inclusive, value.high_inclusive
    if value.operator == "between" and False in ends and UNSET not in ends and not isinstance(value.low, str):
        low = _limit(value, ">=" if ends[0] else ">", value.low)
        high = _limit(value, "<=" if ends[1] else "<", value.high)
        return Form("between", "all-of", _each(fact, "value", (low, high)))
    return None


def _limit(of: Comparison, operator: Operator, value: Number | str | UnsetType) -> Comparison:
    return Comparison(operator=operator, value=value, unit=of.unit, reference=of.reference)


def _each(fact: Fact, name: str, parts: Sequence[object]) -> tuple[Member, ...]:
    return tuple([Member("", replace(fact, **{name: part})) for part in parts])
