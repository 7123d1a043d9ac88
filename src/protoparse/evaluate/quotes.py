"""Rules as gold's YAML writes them: facts that quote the text, under `all`, `any`, `not`, `if`, `except` and the like.

In: a mapping as YAML gives it, the text and the place of the item that says it. Out: a `Rule` with its places.

>>> shape = {"not": {"domain": "condition", "concept": "stroke", "time": {"end": "screening"}}}
>>> read_rule(shape, "No history of stroke", 0, 20, required=True).of.concept.span
(14, 20)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from typing import Any

from msgspec import UNSET

from protoparse.errors import ProtoparseError
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

Shape = dict[str, Any]
"""A mapping as YAML gives it."""


class GoldError(ProtoparseError):
    """Gold that cannot be built: the item by its first words, then what is wrong with it."""


def read_rule(shape: Any, text: str, start: int, end: int, *, required: bool) -> Rule:
    """The rule of the item at `text[start:end]`; `required` where it is an inclusion's. Raises `GoldError`."""
    _guarded(shape, required=required)
    return _Reader(text, start, end).rule(shape)


def keys(shape: Any, what: str, *, required: Set[str], optional: Set[str] = frozenset()) -> Shape:
    """The mapping itself, if it has all of the required keys and none that is neither required nor optional."""
    if not isinstance(shape, dict):
        raise GoldError(f"{what} is no mapping: {shape!r}")
    if unknown := set(shape) - required - optional:
        raise GoldError(f"{what} has the unknown key {min(map(str, unknown))!r}: {shape!r}")
    if missing := required - set(shape):
        raise GoldError(f"{what} has no {min(missing)!r}: {shape!r}")
    return shape


def listed(shape: Any, what: str, *, least: int = 0) -> list[Any]:
    """The list itself, if it is one and long enough."""
    if not isinstance(shape, list):
        raise GoldError(f"{what} is no list: {shape!r}")
    if len(shape) < least:
        raise GoldError(f"{what} needs {least} members or more: {shape!r}")
    return shape


# ------------------------------------------------------------------ places in the text


def find(text: str, quote: Any, start: int, end: int) -> Iterator[Span]:
    """Every place of a quote in `text[start:end]` as whole words, white space folded; raises `GoldError` if none."""
    if not isinstance(quote, str) or not quote.strip():
        raise GoldError(f"no quote: {quote!r}")
    words = quote.split()
    pattern = r"\s+".join(map(re.escape, words))
    pattern = (r"\b" if words[0][0].isalnum() else "") + pattern + (r"\b" if words[-1][-1].isalnum() else "")
    places = [m.span() for m in re.compile(pattern).finditer(text, start, end)]
    if not places:
        raise GoldError(f"not in the text: {quote!r}")
    yield from places


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
_TIMES = {"a", "mo", "wk", "d", "h", "min", "s"}


class _Reader:
    """Rules of one item: quotes are looked up in its own text, facts behind one another."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end
        self._behind = start

    def rule(self, shape: Any) -> Rule:
        for key, read in self._NODES.items():
            if isinstance(shape, dict) and key in shape:
                return read(self, shape)
        return self._fact(shape)

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

    def _next(self, quote: Any) -> Span:
        """A concept's place: the first behind the beginning of the fact before it, else the last one."""
        places = list(find(self._text, quote, self._start, self._end))
        place = next((p for p in places if p[0] >= self._behind), places[-1])
        self._behind = place[0] + 1
        return place

    def _modifier(self, shape: Any, concept: Span) -> Modifier:
        """`[type, quote]` or `[type, quote, value]`; the place is the one nearest to the concept."""
        if not isinstance(shape, list) or not 2 <= len(shape) <= 3:
            raise GoldError(f"a modifier is [type, quote] or [type, quote, value]: {shape!r}")
        place = min(find(self._text, shape[1], self._start, self._end), key=lambda p: abs(p[0] - concept[0]))
        value = shape[2] if len(shape) > 2 else shape[1]
        return Modifier(
            type=shape[0],
            text=self._text[slice(*place)],
            span=place,
            value=tuple(value) if isinstance(value, list) else value,
        )

    def _quoted(self, shape: Shape) -> Span | None:
        return next(find(self._text, shape["quote"], self._start, self._end)) if "quote" in shape else None

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
        place = next(find(self._text, quote, self._start, self._end)) if quote is not None else None
        anchor = Anchor(event=event, text=self._text[slice(*place)] if place else None, span=place)
        return Bound(anchor=anchor, offset=None if offset is None else _offset(offset), inclusive=inclusive)


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
    return Offset(value=value, unit=Unit(text=unit, ucum=unit if unit in _TIMES else None))
