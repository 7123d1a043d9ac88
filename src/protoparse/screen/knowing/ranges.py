"""Where a value lies, as far as that is known, and on which side of a number that is.

>>> against(printed("> 90"), ">=", 60), against(printed("> 90"), "<", 100)
(True, None)
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from protoparse.model import Number
from protoparse.screen.verdicts import Truth


class Range(NamedTuple):
    """Where a value lies: between two ends, each of which may be left out of it; None is without end."""

    low: Fraction | None
    high: Fraction | None
    above: bool = False
    below: bool = False


@lru_cache(10_000, typed=True)
def exactly(value: Number) -> Range | None:
    """A number as it is printed; None where it is not finite."""
    try:
        exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError):
        return None
    return Range(exact, exact)


_PRINTED = re.compile(r"\s*(<=|>=|<|>|≤|≥|=)?\s*(-?\d+(?:\.\d+)?)\s*")


@lru_cache(10_000)
def printed(text: str) -> Range | None:
    """Where a printed result lies; None where it is no number.

    >>> printed("> 90")
    Range(low=Fraction(90, 1), high=None, above=True, below=False)
    """
    match = _PRINTED.fullmatch(text)
    if match is None:
        return None
    number = Fraction(match[2])
    match match[1]:
        case "<" | "<=" | "≤" as sign:
            return Range(None, number, below=sign == "<")
        case ">" | ">=" | "≥" as sign:
            return Range(number, None, above=sign == ">")
        case _:
            return Range(number, number)


def both(left: Truth, right: Truth) -> Truth:
    """Kleene's and."""
    return False if left is False or right is False else True if left and right else None


def against(value: Range, operator: str, number: Number | str | Range) -> Truth:
    """Whether all, or none, of where a value may lie is on the asked side of a number, or of a range."""
    if isinstance(number, Range):
        low, high = number.low, number.high
    else:
        exact = exactly(number) if not isinstance(number, str) else printed(number)
        if exact is None:
            return None
        low, high = exact.low, exact.high
    if low is None or high is None:
        return None
    match operator:
        case "<":
            return beneath(value, low, True)
        case "<=":
            return beneath(value, high, False)
        case ">":
            return negated(beneath(value, high, False))
        case ">=":
            return negated(beneath(value, low, True))
        case "!=":
            return negated(against(value, "=", Range(low, high)))
        case _:
            return both(negated(beneath(value, low, True)), beneath(value, high, False))


def negated(truth: Truth) -> Truth:
    """Kleene's not."""
    return None if truth is None else not truth


def beneath(value: Range, number: Fraction, strictly: bool) -> Truth:
    """Whether a value is less than a number, or equal to it unless strictly."""
    if value.high is not None and (value.high < number or (value.high == number and (value.below or not strictly))):
        return True
    if value.low is not None and (value.low > number or (value.low == number and (value.above or strictly))):
        return False
    return None
