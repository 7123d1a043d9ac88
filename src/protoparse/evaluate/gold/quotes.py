"""Rules as gold's YAML writes them: facts that quote the text, under `all`, `any`, `not`, `if`, `except` and the like.

In: a mapping as YAML gives it, the text and the place of the item that says it. Out: a `Rule` with its places.

>>> shape = {"not": {"domain": "condition", "concept": "stroke", "time": {"end": "screening"}}}
>>> read_rule(shape, "No history of stroke", 0, 20, required=True).of.concept.span
(14, 20)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import UNSET

from protoparse.evaluate.gold.notation import GoldError, Shape, keys, line_of, listed
from protoparse.lexicon import fold
from protoparse.model import (
    All,
    Anchor,
    Any_,
    AtLeast,
    Bound,
    Comparison,
    Concept,
    Except,
    Fact,
    If,
    Modifier,
    Not,
    Offset,
    Rule,
    Span,
    Unit,
    Window,
)


def read_rule(shape: Any, text: str, start: int, end: int, *, required: bool) -> Rule:
    """The rule of the item at `text[start:end]`; `required` where it is an inclusion's. Raises `GoldError`."""
    _guarded(shape, required=required)
    return _Reader(text, start, end).rule(shape)


# ------------------------------------------------------------------ places in the text


def find(text: str, quote: Any, start: int, end: int) -> list[Span]:
    """Every place of a quote in `text[start:end]`, white space folded; raises `GoldError` if there is none.

    Words are found as whole words. `[words, n]` has one place: the n-th at which they stand, within words too.
    """
    words, number = quote if isinstance(quote, list) and len(quote) == 2 else (quote, None)
    if not isinstance(words, str) or not words.strip():
        raise GoldError(f"no quote: {quote!r}")
    if number is not None and (not isinstance(number, int) or isinstance(number, bool) or number < 1):
        raise GoldError(f"behind a quote stands which of its places is meant, 1, 2, 3 …: {quote!r}")
    places = [m.span() for m in _pattern(words, whole=number is None).finditer(text, start, end)]
    if not places:
        raise GoldError(f"not in the text: {words!r}")
    if number is None:
        return places
    if number > len(places):
        raise GoldError(f"{words!r} stands {len(places)} times in the text, not {number}")
    return [places[number - 1]]


def _pattern(words: str, *, whole: bool) -> re.Pattern[str]:
    parts = words.split()
    pattern = r"\s+".join(map(re.escape, parts))
    if whole:
        pattern = (r"\b" if parts[0][0].isalnum() else "") + pattern + (r"\b" if parts[-1][-1].isalnum() else "")
    return re.compile(pattern)


# ------------------------------------------------------------------ rules


def _guarded(shape: Any, *, required: bool) -> None:
    """Refuse an `if` where it would hold for all whom it does not name: it stands in inclusions, under `all`s alone."""
    if not isinstance(shape, dict):
        return
    if "if" in shape:
        if not required:
            raise GoldError(f"an if only where something is required of everybody: {shape!r}")
        _guarded(shape["if"], required=False)
        _guarded(shape.get("then"), required=True)
    for key in ("all", "any", "of", "except"):
        of = shape.get(key)
        for member in of if isinstance(of, list) else [of]:
            _guarded(member, required=required and key == "all")
    for key in ("not", "base"):
        _guarded(shape.get(key), required=False)


_FACT_OPTIONS = {"name", "value", "count", "dose", "time", "modifiers", "includes", "experiencer"}
TIMES = {"a", "mo", "wk", "d", "h", "min", "s"}
"""Units of time that are their own UCUM code in an offset like "-4 wk"."""


class _Reader:
    """Rules of one item: quotes are looked up in its own text, facts behind one another."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._behind = start

    def rule(self, shape: Any) -> Rule:
        for key, read in self._NODES.items():
            if isinstance(shape, dict) and key in shape:
                return read(self, shape)
        try:
            return self._fact(shape)
        except GoldError as error:
            if error.line is not None or (line := line_of(shape)) is None:
                raise
            raise GoldError(error.cause, line=line) from None

    def _all(self, shape: Shape) -> Rule:
        of = self._members(keys(shape, "an all", required={"all"})["all"], "an all")
        return All(of=of, span=_hull(*(m.span for m in of)))

    def _any(self, shape: Shape) -> Rule:
        of = self._members(keys(shape, "an any", required={"any"})["any"], "an any")
        return Any_(of=of, span=_hull(*(m.span for m in of)))

    def _at_least(self, shape: Shape) -> Rule:
        keys(shape, "an at_least", required={"at_least", "of"})
        of = self._members(shape["of"], "an at_least")
        return AtLeast(count=shape["at_least"], of=of, span=_hull(*(m.span for m in of)))

    def _not(self, shape: Shape) -> Rule:
        of = self.rule(keys(shape, "a not", required={"not"})["not"])
        return Not(of=of, span=of.span)

    def _if(self, shape: Shape) -> Rule:
        keys(shape, "an if", required={"if", "then"})
        condition, then = self.rule(shape["if"]), self.rule(shape["then"])
        return If(condition=condition, then=then, span=_hull(condition.span, then.span))

    def _except(self, shape: Shape) -> Rule:
        keys(shape, "an except", required={"base", "except"})
        base = self.rule(shape["base"])
        several = shape["except"] if isinstance(shape["except"], list) else [shape["except"]]
        exceptions = tuple(map(self.rule, several))
        return Except(base=base, exceptions=exceptions, span=_hull(base.span, *(e.span for e in exceptions)))

    def _members(self, shapes: Any, what: str) -> tuple[Rule, ...]:
        return tuple(map(self.rule, listed(shapes, what, least=2)))

    _NODES: dict[str, Callable[[_Reader, Shape], Rule]] = {  # noqa: RUF012 - never changed
        "all": _all,
        "any": _any,
        "at_least": _at_least,
        "not": _not,
        "if": _if,
        "except": _except,
    }

    def _fact(self, shape: Any) -> Fact:
        keys(shape, "a fact", required={"domain", "concept"}, optional=_FACT_OPTIONS)
        place = self._next(shape["concept"])
        text = self._text[slice(*place)]
        modifiers = tuple(self._modifier(m, place) for m in listed(shape.get("modifiers", []), "modifiers"))
        value, count, dose = (self._comparison(shape.get(key)) for key in ("value", "count", "dose"))
        time = self._window(shape.get("time"))
        includes = tuple(
            self.rule(i if isinstance(i, dict) else {"domain": shape["domain"], "concept": i})
            for i in listed(shape.get("includes", []), "includes")
        )
        parts = [x.span for x in (*modifiers, value, count, dose, time, *includes) if x is not None]
        return Fact(
            domain=shape["domain"],
            span=_hull(place, *parts),
            concept=Concept(text=text, span=place, name=shape.get("name") or fold(text)),
            value=value,
            count=count,
            dose=dose,
            time=time,
            modifiers=modifiers,
            includes=includes,
            experiencer=shape.get("experiencer", "patient"),
        )

    def _places(self, quote: Any) -> list[Span]:
        return find(self._text, quote, self._start, self._end)

    def _next(self, quote: Any) -> Span:
        """A concept's place: the first behind the beginning of the fact before it, else the last one."""
        places = self._places(quote)
        place = next((p for p in places if p[0] >= self._behind), places[-1])
        self._behind = place[0] + 1
        return place

    def _modifier(self, shape: Any, concept: Span) -> Modifier:
        """`[type, quote]` or `[type, quote, value]`; the place is the one nearest to the concept."""
        if not isinstance(shape, list) or not 2 <= len(shape) <= 3:
            raise GoldError(f"a modifier is [type, quote] or [type, quote, value]: {shape!r}")
        place = min(self._places(shape[1]), key=lambda p: abs(p[0] - concept[0]))
        words = shape[1][0] if isinstance(shape[1], list) else shape[1]
        value = shape[2] if len(shape) > 2 else words
        return Modifier(
            type=shape[0],
            text=self._text[slice(*place)],
            span=place,
            value=tuple(value) if isinstance(value, list) else value,
        )

    def _quoted(self, shape: Shape) -> Span | None:
        return self._places(shape["quote"])[0] if "quote" in shape else None

    def _comparison(self, shape: Any) -> Comparison | None:
        if shape is None:
            return None
        about = {"op", "unit", "ucum", "ref", "quote"}
        values = {"value", "values", "low", "high", "low_incl", "high_incl"}
        keys(shape, "a comparison", required={"op"}, optional=about | values)
        between = shape["op"] == "between"
        if not between and {"low_incl", "high_incl"} & set(shape):
            raise GoldError(f"low_incl and high_incl are of a between: {shape!r}")
        try:
            return Comparison(
                operator=shape["op"],
                value=shape.get("value", UNSET),
                low=shape.get("low", UNSET),
                high=shape.get("high", UNSET),
                low_inclusive=shape.get("low_incl", True) if between else UNSET,
                high_inclusive=shape.get("high_incl", True) if between else UNSET,
                values=tuple(listed(shape["values"], "values")) if "values" in shape else UNSET,
                unit=_unit(shape),
                reference=shape.get("ref"),
                span=self._quoted(shape),
            )
        except ValueError as error:
            raise GoldError(f"{error}: {shape!r}") from None

    def _window(self, shape: Any) -> Window | None:
        if shape is None:
            return None
        if isinstance(shape, dict) and "any_of" in shape:
            keys(shape, "a time", required={"any_of"}, optional={"quote"})
            windows = tuple(w for x in listed(shape["any_of"], "any_of", least=2) if (w := self._window(x)))
            return Window(any_of=windows, span=self._quoted(shape))
        ends = {"start", "end", "start_incl", "end_incl", "duration", "quote"}
        keys(shape, "a time", required=set(), optional=ends)
        if not {"start", "end", "duration"} & set(shape):
            raise GoldError(f"a time without start, end or duration: {shape!r}")
        return Window(
            start=self._bound(shape.get("start"), inclusive=shape.get("start_incl", True)),
            end=self._bound(shape.get("end"), inclusive=shape.get("end_incl", True)),
            duration=self._comparison(shape.get("duration")),
            span=self._quoted(shape),
        )

    def _bound(self, shape: Any, *, inclusive: bool) -> Bound | None:
        """An event, or `[event, offset]`, or `[event, offset, quote of the event]`."""
        if shape is None:
            return None
        parts = shape if isinstance(shape, list) else [shape]
        if not 1 <= len(parts) <= 3:
            raise GoldError(f"a bound is an event, [event, offset] or [event, offset, quote]: {shape!r}")
        event, offset, quote = [*parts, None, None][:3]
        return Bound(
            anchor=self._anchor(event, quote), offset=None if offset is None else _offset(offset), inclusive=inclusive
        )

    def _anchor(self, event: Any, quote: Any) -> Anchor:
        """The event with its words; a lead-in above may name it for its items, and has the place."""
        if quote is None:
            return Anchor(event=event)
        try:
            place = self._places(quote)[0]
        except GoldError:
            above = find(self._text, quote, 0, self._start)[-1]
            return Anchor(event=event, text=self._text[slice(*above)])
        return Anchor(event=event, text=self._text[slice(*place)], span=place)


def _hull(*spans: Span | None) -> Span | None:
    """The smallest span that holds all."""
    known = [s for s in spans if s is not None]
    return (min(s[0] for s in known), max(s[1] for s in known)) if known else None


def _unit(shape: Shape) -> Unit | None:
    text, ucum = shape.get("unit"), shape.get("ucum")
    return Unit(text=text or ucum, ucum=ucum) if text or ucum else None


def _offset(shape: Any) -> Offset:
    """Read "-4 wk", {value: -4, unit: weeks, ucum: wk} or {longest_of: […]}; "half-lives" has no UCUM code."""
    if isinstance(shape, dict):
        for key in ("longest_of", "shortest_of"):
            if key in shape:
                of = listed(keys(shape, "an offset", required={key})[key], key, least=2)
                offsets = tuple(map(_offset, of))
                return Offset(longest_of=offsets) if key == "longest_of" else Offset(shortest_of=offsets)
        keys(shape, "an offset", required={"value"}, optional={"unit", "ucum"})
        return Offset(value=shape["value"], unit=_unit(shape))
    match = re.fullmatch(r"([+-]?\d+(?:\.\d+)?)\s+(\S.*)", str(shape))
    if match is None:
        raise GoldError(f"no offset: {shape!r}")
    number, unit = match.groups()
    value = float(number) if "." in number else int(number)
    return Offset(value=value, unit=Unit(text=unit, ucum=unit if unit in TIMES else None))
