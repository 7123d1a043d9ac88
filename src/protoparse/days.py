"""Days of the calendar, moved by lengths of time that have a UCUM code.

In: a day and a length. Out: the day that is meant, or the first and the last that may be. Months and years are those of
the calendar: three months before May 31 is the last day of February.

>>> shift(date(2023, 5, 31), -3, "mo"), shift(date(2024, 2, 29), 1, "a")
((datetime.date(2023, 2, 28), datetime.date(2023, 2, 28)), (datetime.date(2025, 2, 28), datetime.date(2025, 2, 28)))
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor
from typing import TypeAlias

from protoparse.model import Number

Days: TypeAlias = tuple[date, date]
"""The first and the last day that is meant, where only as much is known."""
MONTHS = {"mo": 1, "a": 12, "mo_g": 1, "mo_j": 1, "a_g": 12, "a_j": 12}
"""The units that are months, with how many they are."""
HOURS: Mapping[str, int | Fraction] = {"d": 24, "wk": 168, "h": 1, "min": Fraction(1, 60), "s": Fraction(1, 3600)}
"""The units that are hours, with how many they are."""


@lru_cache(65_536)
def shift(day: date, value: Number, unit: str | None) -> Days:
    """A day so many UCUM units later, or earlier; two days where the length is no whole number of days or months."""
    exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    if unit in MONTHS:
        months = exact * MONTHS[unit]
        return later(day, floor(months)), later(day, ceil(months))
    length = exact * HOURS[unit or "d"] / 24
    return plus(day, floor(length)), plus(day, ceil(length))


def plus(day: date, number: int) -> date:
    """A day so many days later, no further than the calendar goes."""
    try:
        return day + timedelta(days=number)
    except OverflowError:
        return date.max if number > 0 else date.min


def later(day: date, number: int) -> date:
    """A day so many months later, no later in its month than that has days."""
    months = day.year * 12 + day.month - 1 + number
    year, month = divmod(months, 12)
    if year > date.max.year:
        return date.max
    if year < date.min.year:
        return date.min
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
