"""Whether of whom one fact is true another is true as well, as far as the two facts tell.

In: two facts. Out: True where the one surely implies the other. "ANC ≥ 1.5 × 10^9/L" implies "ANC ≥ 1000/µL", a stroke
within 3 months one within 6 months, severe asthma asthma. What takes knowledge of medicine to see is not seen: that a
stroke is a vascular disease.

>>> from protoparse.model import Concept
>>> limits = [Comparison(operator=">=", value=n, unit=Unit(ucum=u)) for n, u in ((1.5, "10*9/L"), (1000, "/uL"))]
>>> one, other = (Fact(domain="measurement", concept=Concept(text="ANC"), value=value) for value in limits)
>>> implies(one, other), implies(other, one)
(True, False)
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.concepts.wording import normal
from protoparse.days import HOURS, MONTHS, later
from protoparse.errors import UnitError
from protoparse.evaluate.keys import ROMAN, modifier_key, unit_key
from protoparse.lexicon import fold
from protoparse.model import (
    INDEX_EVENTS,
    Bound,
    Comparison,
    Fact,
    Modifier,
    ModifierType,
    Number,
    Offset,
    Unit,
    Window,
    without_spans,
)
from protoparse.ranges import End, Stretch, meet, stretches
from protoparse.screen.knowing.names import forms_of

_NARROWING: frozenset[ModifierType] = frozenset(
    {"severity", "acuity", "status", "stage", "certainty", "method", "location", "cause", "purpose", "route"}
)
"""What a thing of that kind is still one of: a risk of stroke is no stroke, and of what is else said nobody knows."""
_MORE_THAN_NONE = Comparison(operator=">=", value=1)
_EVER = float("inf")
_ACTS = ("procedure", "drug")
"""What may be asked for by its name alone whenever it was."""


def implies(one: Fact, other: Fact) -> bool:
    """Whether whoever meets one fact surely meets another; False where it cannot be told."""
    return (
        about_one_thing(one, other)
        and _narrower(one, other)
        and _valued(one, other)
        and _counted(one, other)
        and (other.dose is None or (one.dose is not None and _within(one.dose, other.dose, one)))
        and _in_time(one, other)
    )


def excludes(one: Fact, other: Fact) -> bool:
    """Whether nobody meets both of two facts: ranges of what everybody has one value of, with no number in common."""
    both = _ranges(one, other)
    return both is not None and not meet(*both)


def exhausts(one: Fact, other: Fact) -> bool:
    """Whether everybody meets one of two facts: ranges of what everybody has, that leave no number out."""
    both = _ranges(one, other)
    if both is None:
        return False
    (low, end), (start, high) = sorted(both)
    return low[0] == -_EVER and high[0] == _EVER and _joined(end, start)


def about_one_thing(one: Fact, other: Fact) -> bool:
    """Whether two facts speak of the same thing of the same person, with the same examples."""
    return (
        one.domain == other.domain
        and one.experiencer == other.experiencer
        and normal(one.concept.text) == normal(other.concept.text)
        and without_spans(one.includes) == without_spans(other.includes)
    )


# ------------------------------------------------------------------ what narrows it


def _narrower(one: Fact, other: Fact) -> bool:
    mine, yours = ({modifier_key(m): m for m in fact.modifiers} for fact in (one, other))
    if mine.keys() == yours.keys():
        return True
    if one.domain in ("measurement", "person") or one.value is not None:
        return False  # by another method there is another value
    extra = [m for key, m in mine.items() if key not in yours]
    missing = [m for key, m in yours.items() if key not in mine]
    return all(map(_keeps, extra)) and all(any(_alternative(m, wide) for m in extra) for wide in missing)


def _keeps(modifier: Modifier) -> bool:
    """Whether what is so narrowed is still what it was: a cured disease may be none."""
    said = {normal(word) for word in (*_values(modifier), modifier.text)}
    return modifier.type in _NARROWING and said.isdisjoint(forms_of("doubtful") | forms_of("ahead"))


def _alternative(narrow: Modifier, wide: Modifier) -> bool:
    """Whether what narrows is one of several: "severe" of "moderate to severe"."""
    several = {part for value in _values(wide) for part in re.split(r" (?:or|to) ", value)}
    return narrow.type == wide.type and _values(narrow) <= several


def _values(modifier: Modifier) -> frozenset[str]:
    values = modifier.value if isinstance(modifier.value, tuple) else (modifier.value or modifier.text,)
    return frozenset(map(fold, values))


# ------------------------------------------------------------------ numbers


def _valued(one: Fact, other: Fact) -> bool:
    if one.value is None or other.value is None:
        return one.value is other.value
    if one.domain == "measurement" and not _same_time(one, other):
        return False  # the latest value of a longer time may be another
    return _within(one.value, other.value, one)


def _counted(one: Fact, other: Fact) -> bool:
    if one.count is None and other.count is None:
        return True
    return _within(_uncounted(one.count or _MORE_THAN_NONE), _uncounted(other.count or _MORE_THAN_NONE), one)


def _uncounted(count: Comparison) -> Comparison:
    """A count without what is counted, which is the concept; an amount of its own stays."""
    return replace(count, unit=None) if count.unit is not None and count.unit.ucum is None else count


def _within(one: Comparison, other: Comparison, fact: Fact) -> bool:
    """Whether whatever meets one comparison meets another."""
    if one.reference != other.reference:
        return False
    same = unit_key(one.unit) == unit_key(other.unit)
    if same and (_listed(one) or frozenset((None,))) <= _listed(other):
        return True
    if same and one.operator == other.operator == "!=":
        return _plain(one.value) == _plain(other.value)
    left, right = _stretch(one, one.unit, fact), _stretch(other, one.unit, fact)
    if left is None or right is None:
        return False
    if one.unit is None and left[0][0] == -_EVER and right[0] == (0, 0):
        left = right[0], left[1]  # who writes "0 to 1" for what has no unit begins where the scale does
    return right[0] <= left[0] and left[1] <= right[1]


def _listed(comparison: Comparison) -> frozenset[object]:
    """The single values that a comparison names."""
    if comparison.operator == "=":
        return frozenset((_plain(comparison.value),))
    return frozenset() if comparison.values is UNSET else frozenset(map(_plain, comparison.values))


def _plain(value: object) -> object:
    """A value in its plainest form: "II" is 2."""
    return ROMAN.get(value.strip().lower(), fold(value)) if isinstance(value, str) else value


def _stretch(comparison: Comparison, unit: Unit | None, fact: Fact) -> Stretch | None:
    """The numbers that meet a comparison, in a unit; None where that cannot be told."""
    numbers = {name: _plain(x) for name in ("value", "low", "high") if isinstance(x := getattr(comparison, name), str)}
    numbers = {name: int(x) if isinstance(x, float) and x.is_integer() else x for name, x in numbers.items()}
    plain = replace(comparison, **numbers)
    codes = [None if of is None else of.ucum for of in (unit, plain.unit)]
    if None in codes and unit_key(unit) != unit_key(plain.unit):
        return None
    try:
        found = stretches(plain, True, codes[0], fact.concept.name)
    except UnitError:
        return None
    if found is None:
        return None
    [(low, high)] = found
    if fact.domain == "person" and fact.concept.name == "age":
        # age is in completed years: who is 65 and a half is not over 65
        low = (low[0] + 1, 0) if low[1] > 0 and _whole(low) else low
        high = (high[0] + 1, -1) if high[1] == 0 and _whole(high) else high
    return low, high


def _whole(end: End) -> bool:
    return isinstance(end[0], int) or (isinstance(end[0], Fraction) and end[0].denominator == 1)


def _ranges(one: Fact, other: Fact) -> tuple[Stretch, Stretch] | None:
    """What two facts allow of a quantity that everybody has one value of, where they are alike but for the value."""
    if one.value is None or other.value is None or one.value.reference != other.value.reference:
        return None
    narrowed = ({modifier_key(m) for m in fact.modifiers} for fact in (one, other))
    alone = all((fact.count, fact.dose, fact.time) == (None, None, None) and _had_by_all(fact) for fact in (one, other))
    if not alone or not about_one_thing(one, other) or next(narrowed) != next(narrowed):
        return None
    left, right = _stretch(one.value, one.value.unit, one), _stretch(other.value, one.value.unit, other)
    return None if left is None or right is None else (left, right)


def _had_by_all(fact: Fact) -> bool:
    """Whether everybody has a value of it: an age, a quantity of blood; not everybody has a tumour that has a size."""
    known = any(code.system == "LOINC" for code in fact.concept.codes)
    return fact.domain == "person" or (fact.domain == "measurement" and known)


def _joined(end: End, start: End) -> bool:
    """Whether no number lies between the end of a stretch and the start of the next."""
    return start <= end or (start[0] == end[0] and start[1] - end[1] <= 1)


# ------------------------------------------------------------------ time


def _same_time(one: Fact, other: Fact) -> bool:
    return _in_time(one, other) and _in_time(other, one)


def _in_time(one: Fact, other: Fact) -> bool:
    """Whether whatever is in the time of one fact is in that of another.

    A name alone may ask for what is or, of a treatment, for what ever was: it is taken for neither.
    """
    if one.time is None:
        return other.time is None or any(_ever(window) for window in _windows(other.time))
    if other.time is None:
        return all(_now(window) or (one.domain in _ACTS and _past(window)) for window in _windows(one.time))
    return all(any(_inside(window, wide) for wide in _windows(other.time)) for window in _windows(one.time))


def _windows(window: Window) -> tuple[Window, ...]:
    return (window,) if window.any_of is UNSET else window.any_of


def _ever(window: Window) -> bool:
    """Whether a window takes in all that was, up to now."""
    return window.start is None and window.duration is None and _is_now(window.end)


def _now(window: Window) -> bool:
    """Whether a window is the day of screening; one that tells a length alone goes up to it."""
    return (_is_now(window.start) and _is_now(window.end)) or (window.start is window.end is None)


def _past(window: Window) -> bool:
    """Whether a window ends by now."""
    end = window.end
    return isinstance(end, Bound) and end.anchor.event in INDEX_EVENTS and _before(end.offset, None)


def _is_now(bound: object) -> bool:
    return isinstance(bound, Bound) and bound.anchor.event in INDEX_EVENTS and bound.offset is None and bound.inclusive


def _inside(one: Window, other: Window) -> bool:
    if not _begins(one.start or None, other.start or None) or not _ends(one.end or None, other.end or None):
        return False
    mine, yours = one.duration or None, other.duration or None
    if mine == yours or without_spans(mine) == without_spans(yours):
        return True
    whole = one.start is one.end is other.start is other.end is None
    return whole and mine is not None and (yours is None or _lasting(mine, yours))


def _begins(one: Bound | None, other: Bound | None) -> bool:
    """Whether a window begins no earlier than another."""
    if one is None or other is None:
        return other is None
    strict = one.inclusive and not other.inclusive
    return _same_event(one, other) and _before(other.offset, one.offset, strict=strict)


def _ends(one: Bound | None, other: Bound | None) -> bool:
    """Whether a window ends no later than another."""
    if one is None or other is None:
        return other is None
    strict = one.inclusive and not other.inclusive
    return _same_event(one, other) and _before(one.offset, other.offset, strict=strict)


def _same_event(one: Bound, other: Bound) -> bool:
    """Whether two ends are counted from one event; what names none is counted from screening."""
    events = ["screening" if b.anchor.event == "unspecified" else b.anchor.event for b in (one, other)]
    if events[0] != events[1]:
        return False
    return events[0] != "event" or fold(one.anchor.text or "") == fold(other.anchor.text or "")


def _before(one: Offset | None, other: Offset | None, *, strict: bool = False) -> bool:
    """Whether one distance surely ends no later than another, or with `strict` earlier; of several, what counts."""
    (mine, least), (yours, last) = _several(one), _several(other)
    return (any if least else all)((all if last else any)(_earlier(x, y, strict=strict) for y in yours) for x in mine)


_NOTHING = Offset(value=0, unit=Unit(ucum="d"))


def _several(offset: Offset | None) -> tuple[tuple[Offset, ...], bool]:
    """The distances of which one counts, and whether it is the one that ends first."""
    if offset is None:
        return (_NOTHING,), True
    longest = offset.longest_of is not UNSET
    of = offset.longest_of if offset.longest_of is not UNSET else offset.shortest_of
    if of is UNSET:
        return (offset,), True
    back = all(isinstance(x.value, int | float) and x.value <= 0 for x in of)
    return of, longest == back


def _earlier(one: Offset, other: Offset, *, strict: bool) -> bool:
    if one.value is UNSET or other.value is UNSET:
        return False
    mine: Fraction | Number = one.value
    yours: Fraction | Number = other.value
    if mine and yours and unit_key(one.unit) != unit_key(other.unit):
        lengths = _days(one.value, _code(one)), _days(other.value, _code(other))
        if None in lengths:
            return False
        codes = {_code(one), _code(other)}
        left, right = lengths
        assert left is not None
        assert right is not None
        # a year is twelve months, whatever months are in days
        mine, yours = (left.months, right.months) if codes <= MONTHS.keys() else (left.most, right.least)
    return mine < yours if strict else mine <= yours


def _code(offset: Offset) -> str:
    return (offset.unit.ucum or "") if isinstance(offset.unit, Unit) else ""


class _Length(NamedTuple):
    """A length of time: the fewest and the most days that it is, whichever day it is counted from, and its months."""

    least: Fraction
    most: Fraction
    months: Fraction


@lru_cache(4096)
def _days(value: Number, unit: str) -> _Length | None:
    exact = Fraction(str(value))
    if unit in HOURS:
        length = exact * HOURS[unit] / 24
        return _Length(length, length, Fraction(0))
    months = exact * MONTHS.get(unit, 0)
    if not months or months.denominator > 1:
        return None
    found = [(later(day, int(months)) - day).days for day in (date(2000, 1, 1) + timedelta(n) for n in range(1461))]
    return _Length(Fraction(min(found)), Fraction(max(found)), months)


def _lasting(one: Comparison, other: Comparison) -> bool:
    """Whether whatever lasts as long as one comparison asks lasts as long as another does."""
    if one.operator not in (">", ">=") or other.operator not in (">", ">="):
        return False
    if not isinstance(one.value, int | float) or not isinstance(other.value, int | float):
        return False
    shorter, longer = Offset(value=other.value, unit=other.unit), Offset(value=one.value, unit=one.unit)
    return _earlier(shorter, longer, strict=one.operator == ">=" and other.operator == ">")
