"""Comparisons, windows and concepts as FHIR's elements, and back.

In: a part of a fact. Out: the elements that say it, if need be less than all of it; each has its reader, and what the
reader does not give back does not fit. "≤ 5 × ULN" is a quantity 5 with comparator <= and unit `{ULN}`, offset ULN.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple, get_args
from urllib.parse import quote, unquote

from protoparse import lexicon
from protoparse.export.fhir.elements import (
    UCUM,
    URN,
    CodeableConcept,
    Coding,
    Quantity,
    Range,
    TimeFromEvent,
    barred,
    is_code,
    said,
    stated,
    text_of,
    words,
)
from protoparse.model import Anchor, Bound, Code, Comparison, Concept, Event, Number, Offset, Reference, Unit, Window

_COMPARATORS = ("<", "<=", ">", ">=")
_URI = re.compile(r"(https?://|urn:oid:)[!-~]+")
_AT_EVENT = Unit(text="days", ucum="d")
"""The unit of no time at all."""


class Value(NamedTuple):
    """A comparison in FHIR: one of the three, and what a number is a multiple of."""

    quantity: Quantity | None = None
    range: Range | None = None
    concept: CodeableConcept | None = None
    offset: CodeableConcept | None = None


# ------------------------------------------------------------------ comparisons


def value(said: Comparison) -> Value | None:
    """A comparison as FHIR has it; None where it has nothing like it."""
    unit = Unit(text=f"× {said.reference}", ucum=f"{{{said.reference}}}") if said.reference else None
    numbers = [x for x in (said.value, said.low, said.high) if isinstance(x, int | float)]
    offset = _reference(said.reference) if said.reference else None
    if said.operator == "between" and len(numbers) == 2:
        low, high = (quantity(n, said.unit or unit) for n in numbers)
        return Value(range=Range(low=low, high=high), offset=offset) if numbers[0] <= numbers[1] else None
    if said.operator in (*_COMPARATORS, "=") and numbers:
        return Value(quantity(numbers[0], said.unit or unit, said.operator), offset=offset)
    if said.operator == "=" and isinstance(said.value, str):
        return Value(
            concept=CodeableConcept(coding=standard("result", lexicon.fold(said.value)), **words("text", said.value))
        )
    return None


def compared(found: Value) -> Comparison | None:
    """The comparison that elements say; None where they say none. Raises `ValueError` for elements without a number."""
    reference = _referred(found.offset) if found.offset else None
    if found.quantity is not None:
        number, unit = counted(found.quantity)
        return Comparison(
            operator=_operator(found.quantity), value=number, unit=_own(unit, reference), reference=reference
        )
    if found.range is not None:
        if found.range.low is None or found.range.high is None:
            raise ValueError("a range without one of its ends")
        (low, unit), (high, _) = counted(found.range.low), counted(found.range.high)
        return Comparison(
            operator="between", low=low, high=high, low_inclusive=True, high_inclusive=True,
            unit=_own(unit, reference), reference=reference,
        )  # fmt: skip
    if found.concept is not None:
        return Comparison(operator="=", value=text_of(found.concept, "text") or "", reference=reference)
    return None


def quantity(number: Number, unit: Unit | None, operator: str = "=") -> Quantity:
    """A number with its unit, in UCUM where it has a code there."""
    unit = unit or Unit()
    code = unit.ucum if unit.ucum is not None and is_code(unit.ucum) else None
    comparator = operator if operator in _COMPARATORS else None
    system = None if code is None else UCUM
    return Quantity(value=number, comparator=comparator, system=system, code=code, **words("unit", unit.text))


def counted(found: Quantity) -> tuple[Number, Unit | None]:
    """The number and the unit of a quantity."""
    if found.value is None:
        raise ValueError("a quantity without a value")
    text, code = text_of(found, "unit"), found.code if found.system == UCUM else None
    return found.value, None if text is None and code is None else Unit(text=text, ucum=code)


def _operator(found: Quantity) -> Any:
    if found.comparator not in (None, *_COMPARATORS):
        raise ValueError(f"no comparator {found.comparator!r}")
    return found.comparator or "="


def _own(unit: Unit | None, reference: str | None) -> Unit | None:
    """The unit, if it does not only say what the number is a multiple of."""
    return None if unit is not None and reference and unit.ucum == f"{{{reference}}}" else unit


def _reference(name: str) -> CodeableConcept:
    own = Coding(system=URN + "reference", code=name)
    return CodeableConcept(coding=(*standard("reference", name), own), text=f"multiple of {name}")


def _referred(found: CodeableConcept) -> Reference:
    return coded(found, "reference", get_args(Reference))  # type: ignore[return-value]


def coded(found: CodeableConcept | None, name: str, known: tuple[str, ...]) -> str:
    """The code of a code system of our own; raises `ValueError` where there is none."""
    for coding in found.coding if found else ():
        if coding.system == URN + name and coding.code in known:
            return coding.code
    raise ValueError(f"no code of {URN}{name}")


# ------------------------------------------------------------------ windows


def times(window: Window) -> tuple[TimeFromEvent, ...]:
    """A window, its duration aside; nothing where an end is no plain number of days, weeks …"""
    start, end = (b if isinstance(b, Bound) else None for b in (window.start, window.end))
    if any(
        b is not None and b.offset is not None and not isinstance(b.offset.value, int | float) for b in (start, end)
    ):
        return ()
    if start is not None and end is not None and start.anchor == end.anchor and start.inclusive and end.inclusive:
        at = _event(start.anchor)
        if start.offset == end.offset:
            return (TimeFromEvent(event_codeable_concept=at, quantity=_distance(start, end)),)
        low, high = _distance(start, end), _distance(end, start)
        if (low.unit, low.code) == (high.unit, high.code) and counted(low)[0] < counted(high)[0]:
            return (TimeFromEvent(event_codeable_concept=at, range=Range(low=low, high=high)),)
    return tuple([_since(b, sign) for b, sign in ((start, ">"), (end, "<")) if b is not None])


def window(found: tuple[TimeFromEvent, ...]) -> Window:
    """The window that times from events say."""
    ends: dict[str, Bound] = {}
    for time in found:
        words_of = time.event_codeable_concept
        anchor = Anchor(event=event(time), text=text_of(words_of, "text") if words_of else None)
        if time.range is not None and time.range.low is not None and time.range.high is not None:
            sides = [("start", time.range.low), ("end", time.range.high)]
        elif time.quantity is not None:
            at = time.quantity
            sides = [(s, at) for s, sign in (("start", ">"), ("end", "<")) if (at.comparator or sign)[0] == sign]
        else:
            raise ValueError("a time without quantity and range")
        for side, distance in sides:
            if side in ends:
                raise ValueError(f"two times that are its {side}")
            number, unit = counted(distance)
            offset = Offset(value=number, unit=unit) if number else None
            inclusive = distance.comparator not in ("<", ">")
            ends[side] = Bound(anchor=anchor, offset=offset, inclusive=inclusive)
    return Window(start=ends.get("start"), end=ends.get("end"))


def _since(bound: Bound, sign: str) -> TimeFromEvent:
    operator = sign + "=" if bound.inclusive else sign
    return TimeFromEvent(event_codeable_concept=_event(bound.anchor), quantity=_distance(bound, None, operator))


def _distance(bound: Bound, other: Bound | None, operator: str = "=") -> Quantity:
    """How far a bound is from its anchor, none at all in the unit that the other has."""
    if bound.offset is not None and isinstance(bound.offset.value, int | float):
        return quantity(bound.offset.value, bound.offset.unit or None, operator)
    unit = other.offset.unit if other is not None and other.offset is not None else None
    return quantity(0, unit or _AT_EVENT, operator)


def _event(anchor: Anchor) -> CodeableConcept:
    own = Coding(system=URN + "event", code=anchor.event)
    return CodeableConcept(coding=(*standard("event", anchor.event), own), **words("text", anchor.text))


def event(time: TimeFromEvent) -> Event:
    """The event that a time is counted from."""
    return coded(time.event_codeable_concept, "event", get_args(Event))  # type: ignore[return-value]


# ------------------------------------------------------------------ concepts


def concept(of: Concept) -> CodeableConcept:
    """A concept with its codes."""
    coding = [
        Coding(system=vocabulary(c.system), code=c.code, version=c.version or None)
        for c in of.codes
        if is_code(c.code) and c.system and not (c.version and (barred(c.version) or not c.version.strip()))
    ]
    name = () if of.name is None else (stated("name", of.name),)
    return CodeableConcept(extension=name, coding=tuple(coding), **words("text", of.text))


def named(found: CodeableConcept) -> Concept:
    """The concept that a CodeableConcept says."""
    codes = [
        Code(system=_vocabulary(c.system), code=c.code, **({"version": c.version} if c.version else {}))
        for c in found.coding
        if c.system and c.code
    ]
    return Concept(text=text_of(found, "text") or "", name=said(found, "name"), codes=tuple(codes))


def vocabulary(name: str) -> str:
    """The URI of a vocabulary: FHIR's own, or one of ours that says its name."""
    return _uris().get(name) or (
        name if is_known(name) else f"{URN}vocabulary:{quote(name, safe='', errors='replace')}"
    )


def is_known(name: str) -> bool:
    """Whether FHIR has a URI for a vocabulary."""
    return name in _uris() or _URI.fullmatch(name) is not None


def _vocabulary(uri: str) -> str:
    own = URN + "vocabulary:"
    return unquote(uri[len(own) :]) if uri.startswith(own) else _names().get(uri, uri)


def standard(kind: str, word: str) -> tuple[Coding, ...]:
    """What FHIR calls a word of the criteria JSON."""
    return _terms().get((kind, word), ())


@cache
def _terms() -> dict[tuple[str, str], tuple[Coding, ...]]:
    return {
        (row["kind"], word): (Coding(system=row["system"], code=row["code"] or None),)
        for row in lexicon.rows("fhir")
        for word in lexicon.spellings(row["words"])
    }


@cache
def _uris() -> dict[str, str]:
    return {row["name"]: lexicon.spellings(row["spellings"])[0] for row in lexicon.rows("systems")}


@cache
def _names() -> dict[str, str]:
    return {uri: name for name, uri in _uris().items()}
