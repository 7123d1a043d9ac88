"""Windows against dated events, in whole days, where a day may be known in part only.

In: a `Window`, the days of its anchors. Out: `Frame`s; and whether what lasted from one day to another falls into one.
True only where it certainly does, False only where it certainly does not. "within 3 months before": from that day on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from msgspec import UNSET

from protoparse.days import HOURS, MONTHS, Days, later, plus, shift
from protoparse.model import Anchor, Bound, Comparison, Offset, Unit, Window
from protoparse.screen.verdicts import Truth

ANY: Days = (date.min, date.max)


class Frame(NamedTuple):
    """A window with its ends put into days; None is without end. `anchored`: whether all its anchors are known."""

    start: Days | None
    end: Days | None
    duration: Comparison | None = None
    anchored: bool = True


class Held(NamedTuple):
    """What lasted: its first and its last day, each as far as it is known."""

    start: Days
    end: Days


def frames(window: Window, anchored: Callable[[Anchor], Days | None]) -> list[Frame]:
    """The windows that a window consists of, in days; `anchored` gives an anchor's day, None where it is not known."""
    if window.any_of is not UNSET:
        return [frame for one in window.any_of for frame in frames(one, anchored)]
    start, known = _bound(window.start, anchored, 1)
    end, also = _bound(window.end, anchored, -1)
    duration = window.duration if isinstance(window.duration, Comparison) else None
    return [Frame(start, end, duration, known and also)]


def _bound(
    bound: Bound | None | object, anchored: Callable[[Anchor], Days | None], inward: int
) -> tuple[Days | None, bool]:
    if not isinstance(bound, Bound):
        return None, True
    day = anchored(bound.anchor)
    if day is None:
        return ANY, False
    moved = day if bound.offset is None else _moved(day, bound.offset)
    if not bound.inclusive:
        moved = plus(moved[0], inward), plus(moved[1], inward)
    return moved, True


def _moved(day: Days, offset: Offset) -> Days:
    """A day shifted; half-lives and what else has no length in days may be of any length."""
    if offset.value is not UNSET:
        unit = offset.unit if isinstance(offset.unit, Unit) else None
        code = unit.ucum if unit is not None else None
        if code in MONTHS or code in HOURS:
            return shift(day[0], offset.value, code)[0], shift(day[1], offset.value, code)[1]
        if offset.value == 0:
            return day
        return (date.min, day[1]) if offset.value < 0 else (day[0], date.max)
    several = offset.longest_of if offset.longest_of is not UNSET else offset.shortest_of
    assert several is not UNSET
    if not several:
        return ANY
    ends = [_moved(day, one) for one in several]
    back = all(end[0] <= day[0] and end[1] <= day[1] for end in ends)
    # the longest before an anchor is the earliest, behind it the latest
    pick = min if back == (offset.longest_of is not UNSET) else max
    return pick(end[0] for end in ends), pick(end[1] for end in ends)


def overlaps(held: Held, frame: Frame) -> Truth:
    """Whether what lasted shares a day with a window."""
    start, end = frame.start or (date.min, date.min), frame.end or (date.max, date.max)
    if held.start[1] <= end[0] and held.end[0] >= start[1]:
        return True
    return False if held.start[0] > end[1] or held.end[1] < start[0] else None


def lasted(held: Held, duration: Comparison, day: date) -> Truth:
    """Whether what lasted had by a day lasted as long as is asked for."""
    last = min(held.end[0], day), min(held.end[1], day)
    code = duration.unit.ucum if duration.unit is not None else None
    if code not in MONTHS and code not in HOURS:
        return None

    def reached(value: object, strictly: bool) -> Truth:
        if not isinstance(value, int | float):
            return None
        first = shift(held.start[0], value, code)[0], shift(held.start[1], value, code)[1]
        if strictly:
            return True if last[0] > first[1] else False if last[1] <= first[0] else None
        return True if last[0] >= first[1] else False if last[1] < first[0] else None

    match duration.operator:
        case ">=" | ">" as operator:
            return reached(duration.value, operator == ">")
        case "<" | "<=" as operator:
            found = reached(duration.value, operator == "<=")
            return None if found is None else not found
        case "between":
            low, high = reached(duration.low, False), reached(duration.high, True)
            return False if low is False or high is True else True if low and high is False else None
        case _:
            return None


def age(birth: Days, day: Days, unit: str) -> tuple[int, int]:
    """The least and the greatest age, in completed UCUM units (a, mo, wk, d), that a birth day leaves possible."""
    return _completed(birth[1], day[0], unit), _completed(birth[0], day[1], unit)


def _completed(birth: date, day: date, unit: str) -> int:
    if unit in MONTHS:
        months = (day.year - birth.year) * 12 + day.month - birth.month
        # whoever is born on February 29 is a year older on the last day of February of the next
        if later(birth, months) > day:
            months -= 1
        return months // MONTHS[unit]
    return (day - birth).days // (7 if unit == "wk" else 1)
