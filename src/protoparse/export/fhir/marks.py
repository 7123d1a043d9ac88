"""Where the records of a rule stand and how sure they are, apart from what they say.

In: a rule. Out: the rule without spans and confidences, and these as one text: "880-921 880-896 - 897-908@0.93", a word
a record in the order of the criteria JSON. And back, onto an equal rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Struct

from protoparse.model import Span

_R = TypeVar("_R", bound=Struct)


def taken(record: _R) -> tuple[_R, str | None]:
    """A record without its marks, and the marks; None where there are none."""
    marks: list[str] = []

    def take(span: Span | None, confidence: Any) -> tuple[None, Any]:
        place = "-" if span is None else f"{span[0]}-{span[1]}"
        marks.append(place if confidence is UNSET else f"{place}@{confidence!r}")
        return None, UNSET

    bare: _R = _marked(record, take)
    return bare, " ".join(marks) if any(m != "-" for m in marks) else None


def put(record: _R, marks: str | None) -> _R:
    """A record with its marks; without them where they are of another record."""
    words = iter((marks or "").split())

    def give(span: Span | None, confidence: Any) -> tuple[Span | None, Any]:
        place, _, sure = next(words).partition("@")
        start, _, end = place.partition("-")
        return (int(start), int(end)) if start else None, float(sure) if sure else UNSET

    try:
        marked: _R = _marked(record, give)
        return record if next(words, None) else marked
    except (StopIteration, ValueError):
        return record


def _marked(value: Any, change: Callable[[Span | None, Any], tuple[Span | None, Any]]) -> Any:
    """A record, or a tuple of them, with all marks changed, each before those within it."""
    if isinstance(value, tuple):
        return tuple([_marked(x, change) for x in value])
    if not isinstance(value, Struct):
        return value
    record: Any = value
    changes: dict[str, Any] = {}
    names = value.__struct_fields__
    if "span" in names:
        span, sure = change(record.span, getattr(record, "confidence", UNSET))
        changes["span"] = span
        if "confidence" in names:
            changes["confidence"] = sure
    for name in names:
        if isinstance(old := getattr(record, name), Struct | tuple) and name != "span":
            changes[name] = _marked(old, change)
    return msgspec.structs.replace(record, **changes) if changes else record
