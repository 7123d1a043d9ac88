"""Windows measured from an event that is named once: two distances from it, or two things each with its own.

In: a comparison of times or a window that names no event, and the event named behind it. Out: a `Window`; "between 4
and 12 weeks before surgery" begins 12 weeks before it and ends 4 weeks before it.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from protoparse.grammar.measures import TIME_CODES
from protoparse.grammar.phrases import Value
from protoparse.model import Anchor, Bound, Comparison, Number, Offset, Span, Unit, Window

_Limit = tuple[Number, Unit | None, bool]
# "Within the last 8 weeks" reaches back from now, and from no other event.
_LATELY = re.compile("last|past|prior|prec|prev|recent")


def anchored(text: str, open_: Window, named: Window) -> Window:
    """ "A within 8 weeks or B within 4 weeks before screening": the event named last is that of both."""
    start, end, last = open_.start, open_.end, named.end
    if not (isinstance(start, Bound) and isinstance(end, Bound) and isinstance(last, Bound) and named.start):
        return open_
    if start.anchor.event != "unspecified" or end.offset is not None or last.offset is not None or not open_.span:
        return open_
    if isinstance(named.start, Bound) and named.start.anchor.event != last.anchor.event:
        return open_  # "within 4 weeks, or planned during the study"
    words = text[slice(*open_.span)].lower()
    if not words.startswith("within") or _LATELY.search(words) or last.anchor.event == "unspecified":
        return open_
    return replace(open_, start=replace(start, anchor=last.anchor), end=replace(end, anchor=last.anchor))


def framed_by(text: str, time: Window, frame: Window) -> Window:
    """ "Any of the following before the first dose: surgery within 4 weeks": the lead-in names the event of both."""
    start, end, last = time.start, time.end, frame.end
    if not (isinstance(start, Bound) and isinstance(end, Bound) and isinstance(last, Bound) and time.span):
        return time
    if start.anchor.event != "unspecified" or start.offset is None or end.offset is not None:
        return time
    if last.anchor.text is None or last.offset is not None or _LATELY.search(text[slice(*time.span)].lower()):
        return time
    return replace(time, start=replace(start, anchor=last.anchor), end=replace(end, anchor=last.anchor))


def redated(window: Window, number: Number, unit: Unit) -> Window | None:
    """A window with another distance ("within 4 weeks (6 weeks for X)"), None where it has none of its own."""
    start, end, duration = window.start, window.end, window.duration
    for name, bound in (("start", start), ("end", end)):
        if isinstance(bound, Bound) and bound.offset is not None and isinstance(bound.offset.value, int | float):
            sign = -1 if bound.offset.value < 0 else 1
            return replace(window, **{name: replace(bound, offset=Offset(value=sign * number, unit=unit))})
    if isinstance(duration, Comparison) and duration.operator != "between":
        return replace(window, duration=replace(duration, value=number, unit=unit))
    return None


def stretched(value: Value) -> bool:
    """Whether a value bounds a time on both sides."""
    units = [c.unit.ucum for c in value.comparisons if c.unit is not None]
    return bool(units) and all(u in TIME_CODES for u in units) and _limits(value) is not None


def stretch(value: Value, side: str, anchor: Anchor, end: int) -> Window:
    """The window between the two distances of a value (see `stretched`) from an event, up to the character `end`.

    `side` is "BEFORE" or "AFTER".
    """
    limits = _limits(value)
    assert limits is not None, "a value that bounds a time on both sides"
    sign = 1 if side == "AFTER" else -1
    near, far = [
        Bound(anchor=anchor, offset=Offset(value=sign * number, unit=unit), inclusive=inclusive)
        for number, unit, inclusive in limits
    ]
    first = value.comparisons[0].span
    span: Span | None = (first[0], end) if first else None
    return Window(start=near, end=far, span=span) if sign > 0 else Window(start=far, end=near, span=span)


def _limits(value: Value) -> tuple[_Limit, _Limit] | None:
    """The nearer limit and the farther, each with its unit and whether it belongs to the stretch."""
    if len(value.comparisons) == 1:
        (c,) = value.comparisons
        if c.operator != "between" or not isinstance(c.low, int | float) or not isinstance(c.high, int | float):
            return None
        return (c.low, c.unit, bool(c.low_inclusive)), (c.high, c.unit, bool(c.high_inclusive))
    if len(value.comparisons) != 2 or value.connective != "all":
        return None
    low, high = sorted(value.comparisons, key=lambda c: c.operator[0] != ">")
    if low.operator not in (">", ">=") or high.operator not in ("<", "<="):
        return None
    a, b = _limit(low), _limit(replace(high, unit=high.unit or low.unit))
    return (a, b) if a is not None and b is not None else None


def _limit(c: Comparison) -> _Limit | None:
    return (c.value, c.unit, "=" in c.operator) if isinstance(c.value, int | float) and c.unit is not None else None
