"""What kind of thing a comparison says: a count, a dose, a year, how long or how long ago.

In: a `Comparison`, or the `Window` it stands in. Out: the kind, or the time it comes to; "10 mg" is a dose, "3" none.
"""

from __future__ import annotations

import re

from protoparse.grammar.phrases import Value
from protoparse.model import Anchor, Bound, Comparison, Offset, Operator, Unit, Window

_DOSE_UNITS = ("mg", "ug", "g", "ng", "[IU]", "mL", "meq", "mmol", "Gy", "cGy")
AMOUNTS = frozenset({"mg", "g", "ug", "ng", "[IU]", "U", "mg/kg", "mg/m2", "ug/kg", "g/kg", "mL", "{drinks}"})
"""What is given or taken so often a day, where its unit does not say how often."""
DAILY = re.compile(r"(?:[mu]?g|\[IU\])(?:/kg|/m2)?/(?:d|wk)")
TIME_CODES = frozenset({"s", "min", "h", "d", "wk", "mo", "a"})


def lasting(value: Value, measured: Comparison) -> bool:
    """Whether a second value is for how long a first one has held."""
    (one, *more) = value.comparisons
    code = one.unit.ucum if one.unit else None
    timed = measured.unit is not None and measured.unit.ucum in TIME_CODES
    return not more and not value.bare and not value.loose and code in ("d", "wk", "mo", "a") and not timed


def dated(comparison: Comparison) -> bool:
    """Whether numbers look like years ("died between 2008 and 2017")."""
    return any(isinstance(n, int) and 1900 < n < 2100 for n in (comparison.value, comparison.low, comparison.high))


def given(comparison: Comparison) -> bool:
    """Whether a comparison is in a unit of what is given or taken."""
    unit = comparison.unit
    named = unit.ucum or unit.text or "" if unit else ""
    return named.startswith(_DOSE_UNITS) or (named[:1] == "{" and named.endswith(("/d", "/wk")))


def whole(comparison: Comparison) -> bool:
    """Whether a comparison could count things."""
    plain = comparison.unit is None and comparison.reference is None
    return plain and not any(isinstance(n, float) for n in (comparison.value, comparison.low, comparison.high))


def since_made(age: Comparison) -> Window:
    """When a thing was done that is so old: "a scan less than 3 months old"."""
    screening = Anchor(event="screening")
    value = -age.value if isinstance(age.value, int | float) else 0
    there = Bound(anchor=screening, offset=Offset(value=value, unit=age.unit), inclusive="=" in age.operator)
    if age.operator in (">", ">="):
        return Window(end=there, span=age.span)
    return Window(start=there, end=Bound(anchor=screening), span=age.span)


def whole_study(window: Window) -> bool:
    """Whether a window says no more than "during the study"."""
    start, end = window.start, window.end
    if not (isinstance(start, Bound) and isinstance(end, Bound)) or window.duration:
        return False
    return (start.anchor.event, end.anchor.event) == ("study_start", "study_end") and not (start.offset or end.offset)


def lifetime(window: Window) -> tuple[Comparison | None, Window | None]:
    """How long somebody is expected to live is a value: "≥ 90 days after the infusion", "within 12 months"."""
    start, end = window.start, window.end
    if isinstance(window.duration, Comparison):
        value, anchor = window.duration, start or end
        return value, Window(start=anchor, span=window.span) if isinstance(anchor, Bound) else None
    for bound, operator in ((start, ">"), (end, "<")):
        offset = bound.offset if isinstance(bound, Bound) else None
        if isinstance(bound, Bound) and offset is not None and isinstance(offset.value, int | float):
            near = operator == "<" or end is not None
            said: Operator = ("<=" if bound.inclusive else "<") if near else (">=" if bound.inclusive else ">")
            unit = offset.unit if isinstance(offset.unit, Unit) else None
            value = Comparison(operator=said, value=abs(offset.value), unit=unit, span=window.span)
            known = bound.anchor.event != "unspecified"
            return value, Window(start=Bound(anchor=bound.anchor), span=window.span) if known else None
    return None, window
