"""When a thing holds: windows made of other windows, or of no more than a word.

In: a window or a word of time, as the sentence has them. Out: the window meant; "current" is at screening, "at least 4
weeks since surgery" ends 4 weeks before screening.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec.structs import replace

from protoparse.model import Anchor, Bound, Comparison, Offset, Window

Standing = Literal["history", "current", "ongoing", "concurrent"]
NOW = ("current", "ongoing")
_SCREENING = Bound(anchor=Anchor(event="screening"))
_VISITS = ("informed_consent", "screening", "enrollment", "randomization", "baseline")
_TREATMENTS = ("event", "treatment", "surgery")
_OF = re.compile(r"\b(?:of|from)\s+(?:(?:the|a|an)\s+)?$")
_WITHIN = re.compile(r"(?i)within\s+(?!(?:the\s+)?(?:past|last|prev|prior|prec))")
_STANDING = {
    "history": (None, _SCREENING),
    "current": (_SCREENING, _SCREENING),
    "ongoing": (_SCREENING, _SCREENING),  # an adjective of one thing: no others share it
    "concurrent": (Bound(anchor=Anchor(event="study_start")), Bound(anchor=Anchor(event="study_end"))),
}


def standing(kind: Standing) -> Window:
    """When something holds of which no more than "prior" or "current" is said."""
    start, end = _STANDING[kind]
    return Window(start=start, end=end)


def outside(time: Window) -> Window | None:
    """The time before a stretch that is denied, None where it is not known: "transplant not within 3 months"."""
    start, end = time.start, time.end
    if not isinstance(start, Bound) or not isinstance(end, Bound) or start.offset is None or end.offset is not None:
        return None
    if start.anchor != end.anchor or time.duration is not None:
        return None
    return Window(end=replace(start, inclusive=not start.inclusive), span=time.span)


def ago(time: Window, event: Anchor) -> Window:
    """How long something was ago, where that is all that is said of it: "at least 4 weeks since surgery"."""
    start, end, duration = time.start, time.end, time.duration
    if not isinstance(start, Bound) or start.anchor != event:
        return time
    if isinstance(end, Bound) and end.anchor == event and start.offset is None and end.offset is not None:
        distance, near, inclusive = end.offset, True, end.inclusive  # "within 4 weeks from surgery"
    elif start.offset is None and isinstance(end, Bound) and end.offset is not None and duration is None:
        return Window(end=end, span=time.span)  # "the time since surgery is at least 4 weeks before consent"
    elif start.offset is not None and end is None:
        distance, near, inclusive = start.offset, False, start.inclusive  # "more than 4 weeks from surgery"
    elif isinstance(duration, Comparison) and isinstance(duration.value, int | float) and duration.operator != "=":
        distance = Offset(value=duration.value, unit=duration.unit)
        near, inclusive = duration.operator[0] == "<", "=" in duration.operator
    else:
        return time
    if not isinstance(distance.value, int | float):
        return time
    back = replace(distance, value=-distance.value)
    here = end.anchor if isinstance(end, Bound) and end.anchor != event else None
    now = here or Anchor(event="unspecified" if near else "screening")
    there = Bound(anchor=now, offset=back, inclusive=inclusive)
    if near:
        return Window(start=there, end=Bound(anchor=now), span=time.span)
    return Window(end=there, span=time.span)


def lately(time: Window) -> Window:
    """How far back to look, where a limit of time alone is said of what is recent: "recent surgery (< 1 month)"."""
    limit = time.duration
    if time.start or time.end or not isinstance(limit, Comparison) or limit.operator not in ("<", "<="):
        return time
    if not isinstance(limit.value, int | float):
        return time
    now = Anchor(event="unspecified")
    back = Bound(anchor=now, offset=Offset(value=-limit.value, unit=limit.unit), inclusive=limit.operator == "<=")
    return Window(start=back, end=Bound(anchor=now), span=time.span)


def narrowed(window: Window, other: Window) -> bool:
    """Whether a window names a visit alone, the other a distance: "at baseline (within 6 weeks before consent)"."""
    start, end, near = window.start, window.end, other.end
    if not isinstance(start, Bound) or start != end or start.offset is not None or window.duration is not None:
        return False
    return isinstance(other.start, Bound) and isinstance(near, Bound) and near.anchor.event != "unspecified"


def visited(window: Window) -> bool:
    """Whether a window says no more than at which visit: what is history is so at any of them."""
    start = window.start
    if not isinstance(start, Bound) or start != window.end or start.offset is not None or window.duration is not None:
        return False
    return start.anchor.event in _VISITS


def followed(time: Window, text: str) -> Window:
    """When something comes back: "a relapse within 6 months of chemotherapy" comes after it."""
    start, end = time.start, time.end
    if not isinstance(start, Bound) or not isinstance(end, Bound) or end.offset is not None or not time.span:
        return time
    back, event = start.offset, end.anchor
    if event.event not in _TREATMENTS or event != start.anchor or not event.span or back is None:
        return time
    if not isinstance(back.value, int | float) or not _OF.search(text, time.span[0], event.span[0]):
        return time
    until = Bound(anchor=event, offset=replace(back, value=-back.value), inclusive=start.inclusive)
    return replace(time, start=Bound(anchor=event), end=until)


def coming(time: Window, text: str) -> Window:
    """When something is still to come: "likely to be fatal within 6 months", "planned surgery within a month"."""
    start, end, span = time.start, time.end, time.span
    if not isinstance(start, Bound) or not isinstance(end, Bound) or end.offset is not None or span is None:
        return time
    if start.anchor != end.anchor or not isinstance(start.offset, Offset) or not _WITHIN.match(text, *span):
        return time
    distance, event = start.offset.value, end.anchor
    if event.event != "unspecified" and not (event.span and _OF.search(text, span[0], event.span[0])):
        return time
    if not isinstance(distance, int | float):
        return time
    until = Bound(anchor=event, offset=replace(start.offset, value=-distance), inclusive=start.inclusive)
    return replace(time, start=end, end=until)


def either(first: Window, second: Window) -> Window:
    """ "in the last 6 months or within the next 6 months": one fact, two windows."""
    options = [w for x in (first, second) for w in (x.any_of if isinstance(x.any_of, tuple) else (x,))]
    span = (first.span[0], second.span[1]) if first.span and second.span else second.span
    return Window(any_of=tuple(options), span=span)
