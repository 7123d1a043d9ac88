"""What counts as the same: two findings over one text, gold's and a predicted one.

In: limits, periods, things. Out: whether they agree in one respect. Annotators leave signs out, mark units by halves,
and draw a range where others see two limits: what is only of their way is forgiven.

>>> gold = Limit(span=(4, 6), number=18, sign="from", time="a", age=True)
>>> given = Limit(span=(2, 10), number=18, sign=">=", time="a", age=True)
>>> same_number(gold, given), same_sign(gold, given), same_unit(gold, given, "age 18 to 65"), same_subject(gold, given)
(True, True, True, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from protoparse.evaluate.spans.findings import Findings, Limit, Period, Thing
from protoparse.model import Span

_UNMARKED = 30
"""How far behind a number its unit may be printed."""


def overlap(a: Span, b: Span) -> bool:
    """Whether two places share a character."""
    return a[0] < b[1] and b[0] < a[1]


def meet(a: Thing, b: Thing) -> bool:
    """Whether any places of two things overlap."""
    return any(overlap(s, t) for s in a.spans for t in b.spans)


def _any_meet(one: Iterable[Thing], other: Sequence[Thing]) -> bool:
    return any(meet(a, b) for a in one for b in other)


def same_number(gold: Limit, given: Limit) -> bool:
    """Annotators leave the sign out."""
    return abs(gold.number) == abs(given.number) and overlap(gold.span, given.span)


def same_sign(gold: Limit, given: Limit) -> bool:
    """The end of a range is as good as a limit of either kind, and "0 or 1" is a range to some, a list to others."""
    if gold.sign == given.sign or gold.sign is None or given.sign is None:
        return True
    for one, other in ((gold.sign, given.sign), (given.sign, gold.sign)):
        if one in ("from", "to") and (other == "=" or other[0] == (">" if one == "from" else "<")):
            return True
    return False


def same_unit(gold: Limit, given: Limit, text: str) -> bool:
    """A unit that is printed in the text and not marked, or of which only what is above the line is, is the same."""
    if not gold.time and not gold.unit and given.printed:
        start = gold.span[1]
        if given.printed in text[start : start + _UNMARKED]:
            return True
    if gold.unit and gold.unit in (given.unit.partition("/")[0], given.unit.replace("/", "")):
        return True
    if gold.time or (given.time and gold.age):
        return gold.time == given.time
    return gold.unit == given.unit


def same_subject(gold: Limit, given: Limit) -> bool:
    """An age is everybody's, wherever it is printed."""
    if gold.age:
        return given.age
    return _any_meet(gold.subjects, given.subjects)


def same_length(gold: Period, given: Period) -> bool:
    """The number is there; its unit is not looked at."""
    return gold.number == given.number and overlap(gold.span, given.span)


def same_target(gold: Period, given: Period) -> bool:
    """Where one side does not know of what a length of time is said, it is of anything."""
    return not gold.targets or not given.targets or _any_meet(gold.targets, given.targets)


def is_free(found: Limit | Period, gold: Findings, *, any_number: bool) -> bool:
    """Whether gold left open what is there: nobody is held to it; of limits, also where gold names no number."""
    return any(
        overlap(free.span, found.span)
        and (any_number if free.number is None else abs(free.number) == abs(found.number))
        for free in gold.neutral
    )
