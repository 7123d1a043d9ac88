"""Lengths of time in days, counts in whole numbers, ages in months: what a cohort counts in.

In: offsets, comparisons, facts about persons. Out: the least and the greatest that they may be.

>>> reach(Offset(value=-6, unit=Unit(text="months", ucum="mo")), None)
(-184, -181)
>>> reach(Offset(value=-6, unit=Unit(text="months", ucum="mo")), date(2021, 12, 31))
(-184, -184)
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, inf, isfinite
from typing import TypeAlias

from msgspec import UNSET
from msgspec.structs import replace

from protoparse import lexicon
from protoparse.days import HOURS, MONTHS, shift
from protoparse.model import INDEX_EVENTS, Comparison, Concept, Fact, Number, Offset, Unit, Window

YEARS = Unit(text="years", ucum="a")

# ------------------------------------------------------------------ lengths of time

Reach: TypeAlias = tuple[float, float]
"""The least and the greatest number of days that a distance may be."""


def reach(offset: Offset | None, day: date | None) -> Reach:
    """How many days an offset is from `day`, or from any day; half-lives may be of any length."""
    if offset is None:
        return 0, 0
    if offset.value is UNSET:
        several = offset.longest_of if offset.longest_of is not UNSET else offset.shortest_of
        ends = [reach(one, day) for one in several or ()]
        if not ends:
            return -inf, inf
        back = all(high <= 0 for _, high in ends)
        pick = min if back == (offset.longest_of is not UNSET) else max
        return pick(low for low, _ in ends), pick(high for _, high in ends)
    code = offset.unit.ucum if isinstance(offset.unit, Unit) else None
    if isfinite(offset.value) and abs(offset.value) < 1e7:
        if code is not None and code in HOURS:
            exact = Fraction(repr(offset.value)) * HOURS[code] / 24
            return floor(exact), ceil(exact)
        if code is not None and code in MONTHS:
            if day is None:
                return _anywhere(offset.value, code)
            ends_ = shift(day, offset.value, code)
            return (ends_[0] - day).days, (ends_[1] - day).days
    if offset.value == 0:
        return 0, 0
    return (-inf, 0) if offset.value < 0 else (0, inf)


@lru_cache(1_000)
def _anywhere(value: Number, unit: str) -> Reach:
    """How many days a number of months may be, whichever day it is counted from."""
    ends = [(*shift(day, value, unit), day) for day in map(date.fromordinal, range(_FROM, _FROM + 1461))]
    return min((low - day).days for low, _, day in ends), max((high - day).days for _, high, day in ends)


_FROM = date(2096, 3, 1).toordinal()  # four years about 2100, which has no February 29; those before and behind have


def today(time: Window) -> bool:
    """Whether a window is the index day."""
    ends = [bound for bound in (time.start or None, time.end or None) if bound is not None]
    return len(ends) == 2 and all(b.anchor.event in INDEX_EVENTS and reach(b.offset, None) == (0, 0) for b in ends)


# ------------------------------------------------------------------ whole numbers


def whole(count: Comparison) -> tuple[int | None, int | None]:
    """The least and the greatest of the whole numbers that a count asks for; both None where it asks otherwise."""
    if count.reference is not None or (count.unit is not None and count.unit.ucum not in (None, "1")):
        return None, None
    return _limits(count)


def _limits(asked: Comparison, parts: int = 1) -> tuple[int | None, int | None]:
    """The least and the greatest whole number of parts that a comparison takes; both None where it is no such one."""
    numbers = [asked.low, asked.high] if asked.operator == "between" else [asked.value]
    exact = [Fraction(repr(x)) * parts for x in numbers if isinstance(x, int | float) and isfinite(x)]
    if len(exact) < len(numbers):
        return None, None
    first, last = exact[0], exact[-1]
    match asked.operator:
        case ">=":
            return ceil(first), None
        case ">":
            return floor(first) + 1, None
        case "<=":
            return None, floor(last)
        case "<":
            return None, ceil(last) - 1
        case "=" if first.denominator == 1:
            return int(first), int(first)
        case "between":
            low = ceil(first) if asked.low_inclusive is not False else floor(first) + 1
            high = floor(last) if asked.high_inclusive is not False else ceil(last) - 1
            return (low, high) if low <= high else (None, None)
    return None, None


# ------------------------------------------------------------------ persons

_AGES = ("age", "years old")


def ages(fact: Fact) -> tuple[int | None, int | None]:
    """From which age in months, to below which, a fact asks; both None where it is not about age, or in other units."""
    value = fact.value
    if (
        lexicon.fold(fact.concept.name or fact.concept.text) not in _AGES
        or value is None
        or value.reference is not None
    ):
        return None, None
    unit = MONTHS.get((value.unit.ucum or "") if value.unit is not None else "a")
    if unit is None:
        return None, None
    low, high = _limits(value)
    odd = any(isinstance(x, float) and not x.is_integer() for x in (value.value, value.low, value.high))
    if odd:  # who is 65 and a half is not over 65, but over 65.25
        low, high = _limits(value, parts=unit)
        unit = 1
    return None if low is None else low * unit, None if high is None else (high + 1) * unit


def person(fact: Fact) -> Fact:
    """A fact about age in whole years, one about sex in one word; any other as it is."""
    if fact.experiencer != "patient" or fact.modifiers:
        return fact
    if fact.time is not None and (fact.time.duration or not today(fact.time)):
        return fact
    sex = _sexes().get(lexicon.fold(fact.concept.text)) or _sexes().get(lexicon.fold(fact.concept.name or ""))
    if sex is not None and fact.value is None:
        return Fact(domain="person", concept=Concept(text=sex, name=sex))
    low, high = ages(fact)
    if (low is None and high is None) or (low or 0) % 12 or (high or 0) % 12:
        return replace(fact, time=None)
    least, most = None if low is None else low // 12, None if high is None else high // 12 - 1
    return Fact(domain="person", concept=Concept(text="age", name="age"), value=_years(least, most))


def _years(least: int | None, most: int | None) -> Comparison:
    if least is None or most is None:
        limit = most if least is None else least
        return Comparison(operator="<=" if least is None else ">=", value=limit or 0, unit=YEARS)
    if least == most:
        return Comparison(operator="=", value=least, unit=YEARS)
    return Comparison(operator="between", low=least, high=most, low_inclusive=True, high_inclusive=True, unit=YEARS)


@lru_cache(1)
def _sexes() -> dict[str, str]:
    return {
        name: row["sex"]
        for row in lexicon.rows("sexes")
        if row["said"] == "whole" and row["sex"] != "any"
        for name in lexicon.spellings(row["names"])
    }
