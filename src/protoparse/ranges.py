"""The numbers that meet a comparison, and which of many comparisons leave no number that meets another too.

In: comparisons. Out: stretches of numbers; "≥ 18" is that from 18 on, and the numbers that do not meet "18-65" are two
stretches. Of many ranges it finds the first that has no number in common with another in n log n.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from protoparse.dominance import earliest
from protoparse.model import Comparison
from protoparse.units import convert

End: TypeAlias = tuple[Fraction | float, int]
"""One end of a stretch of numbers, itself within: the number, exact, and -1 for just below it, 1 for just above."""
Stretch: TypeAlias = tuple[End, End]

_EVER = float("inf")


def stretches(value: Comparison, required: bool, unit: str | None, name: str | None) -> list[Stretch] | None:
    """The stretches of numbers, in a unit, that meet a comparison, or that do not; None where that cannot be told."""
    low: End | None = (-_EVER, 0)
    high: End | None = (_EVER, 0)
    if value.operator == "between":
        low = _end(value.low, value, unit, name, 0 if value.low_inclusive is not False else 1)
        high = _end(value.high, value, unit, name, 0 if value.high_inclusive is not False else -1)
    elif value.operator in ("=", ">", ">=", "<", "<="):
        if value.operator in ("=", ">", ">="):
            low = _end(value.value, value, unit, name, 1 if value.operator == ">" else 0)
        if value.operator in ("=", "<", "<="):
            high = _end(value.value, value, unit, name, -1 if value.operator == "<" else 0)
    else:
        return None
    if low is None or high is None:
        return None
    if required:
        return [(low, high)]
    return [((-_EVER, 0), (low[0], low[1] - 1)), ((high[0], high[1] + 1), (_EVER, 0))]


def _end(number: object, value: Comparison, unit: str | None, name: str | None, side: int) -> End | None:
    if not isinstance(number, int | float):
        return None
    own = value.unit.ucum if value.unit else None
    if own == unit:
        return number if isinstance(number, int) else Fraction(str(number)), side
    return None if own is None or unit is None else (convert(number, own, unit, analyte=name), side)


def meet(one: Stretch, other: Stretch) -> bool:
    """Whether two stretches have a number in common."""
    return max(one[0], other[0]) <= min(one[1], other[1])


class Range(NamedTuple):
    """All that meets a comparison: what lies between two ends or, where not `whole`, what does not."""

    whole: bool
    low: End
    high: End


_BELOW: End = (-_EVER, -2)
_ABOVE: End = (_EVER, 2)


def as_range(found: Sequence[Stretch]) -> Range:
    """The stretches of a comparison as a range; where no number meets it, one that has nothing in common with any."""
    filled = [(low, high) for low, high in found if low <= high]
    if not filled:
        return Range(True, _ABOVE, _BELOW)
    if len(filled) == 1:
        return Range(True, *filled[0])
    return Range(False, filled[0][1], filled[1][0])


def first_apart(ones: Iterable[tuple[Range, int]], others: Sequence[Range]) -> list[int | None]:
    """For each of the others the least number that goes with one that has nothing in common with it."""
    whole: list[tuple[tuple[End, End], int]] = []
    parted: list[tuple[tuple[End, End], int]] = []
    for one, number in ones:
        if one.whole:
            whole.append(((one.low, one.high), number))
        else:
            parted.append(((one.high, one.low), number))
    # apart are two that lie one behind the other, and one that lies where the other leaves numbers out
    behind = earliest(whole, [(x.high, _ABOVE) if x.whole else (x.low, x.high) for x in others])
    before = earliest(whole, [(_BELOW, x.low if x.whole else _BELOW) for x in others])
    within = earliest(parted, [(x.high, x.low) if x.whole else (_ABOVE, _BELOW) for x in others])
    return [min([n for n in each if n is not None], default=None) for each in zip(behind, before, within, strict=True)]
