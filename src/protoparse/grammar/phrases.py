"""What an island of quantity or time means: comparisons and windows.

In: lexemes that may belong to one phrase (`protoparse.grammar.islands` finds them). Out: a `Value` or a `Window`, and
how many lexemes it took; "≥ 18 years" gives `>= 18 a`.

The tables of `grammars/quantity.lark`, `comparison.lark` and `window.lark` decide how far a phrase reaches: its longest
prefix that is one.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

from lark import Transformer
from msgspec.structs import replace

from protoparse.grammar.files import grammar_text
from protoparse.grammar.tables import Table
from protoparse.lexing import Entry
from protoparse.model import Anchor, Bound, Comparison, Event, Number, Offset, Operator, Reference, Unit, Window


class Value(NamedTuple):
    """One comparison, or two joined ("<18 or >75")."""

    comparisons: tuple[Comparison, ...]
    connective: str = "all"
    bare: bool = False
    """No comparator was printed."""
    fronted: bool = False
    """The comparator stands behind the number: its subject follows ("18 ≤ age")."""
    loose: bool = False
    """A range without a word that says so ("30-60 s")."""


class Times(NamedTuple):
    """Windows in each of which the same must hold ("at screening and at baseline")."""

    windows: tuple[Window, ...]


class Phrase(NamedTuple):
    """A value or a window, and the lexemes `[first, last)` that it was read from."""

    meaning: Value | Window | Times
    first: int
    last: int


class Lexeme:
    """A terminal: a type, an entry, the lexemes `[first, last)` and the characters that it covers."""

    __slots__ = ("end", "entry", "first", "last", "start", "type")

    def __init__(self, type_: str, entry: Entry, first: int, last: int, start: int, end: int) -> None:
        self.type, self.entry, self.first, self.last, self.start, self.end = type_, entry, first, last, start, end


class _Amount(NamedTuple):
    value: Number | str
    unit: Unit | None
    reference: Reference | None
    start: int
    end: int


_FLIP: dict[str, Operator] = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}
# "during and for a month after completion of treatment": the treatment itself is the period.
_PERIOD_OF: dict[Event, Event] = {
    "first_dose": "treatment", "last_dose": "treatment", "study_end": "study_start", "enrollment": "study_start"
}  # fmt: skip
_STUDY = ("study", "trial", "period")
# "within 14 days of X" looks back, unless X comes before what is asked for.
_EARLIER_EVENTS = {"diagnosis", "birth", "discharge", "transplant"}


def _unit(text: str, entry: Entry, role: str) -> Unit:
    return Unit(text=entry.roles.get("printed", text), ucum=entry.roles[role])


class _Meaning(Transformer[Any, Any]):
    """Lexemes to comparisons and windows, while they are parsed."""

    text = ""

    # ---- quantities

    def number(self, x: list[Any]) -> _Amount:
        return _Amount(x[0].entry.roles["number"], None, None, x[0].start, x[0].end)

    def quantity(self, x: list[Any]) -> _Amount:
        role = "unit" if x[1].type == "UNIT" else "time_unit"
        unit = _unit(self.text[x[1].start : x[1].end], x[1].entry, role)
        return _Amount(x[0].entry.roles["number"], unit, None, x[0].start, x[1].end)

    def unit(self, x: list[Any]) -> Any:
        return x[0]

    def ordinal(self, x: list[Any]) -> _Amount:
        return _Amount(x[0].entry.text.upper(), None, None, x[0].start, x[0].end)

    def reference(self, x: list[Any]) -> _Amount:
        return _Amount(1, None, x[0].entry.roles["reference"], x[0].start, x[0].end)

    def multiple(self, x: list[Any]) -> _Amount:
        return _Amount(x[0].entry.roles["number"], None, x[-1].entry.roles["reference"], x[0].start, x[-1].end)

    def percentage(self, x: list[Any]) -> _Amount:
        unit = _unit(self.text[x[1].start : x[1].end], x[1].entry, "unit")
        return _Amount(x[0].entry.roles["number"], unit, x[-1].entry.roles["reference"], x[0].start, x[-1].end)

    # ---- comparisons

    def compared(self, x: list[Any]) -> Value:
        operator = x[0].entry.roles["before_number"]
        if operator == "=" and len(x) > 2:
            operator = x[2].entry.roles["after_number"]  # "= 5 or higher"
        return _one(_graded(operator, x[0].entry, x[1]), x[1], x[0].start, x[-1].end)

    def plus(self, x: list[Any]) -> Value:
        role = "unit" if x[2].type == "UNIT" else "time_unit"
        unit = _unit(self.text[x[2].start : x[2].end], x[2].entry, role)
        return _one(x[1].entry.roles["after_number"], x[0]._replace(unit=unit), x[0].start, x[2].end)

    def tolerance(self, x: list[Any]) -> Value:
        amount = x[1]
        if not isinstance(amount.value, int | float):
            return self.bare([amount])
        low, high = (amount._replace(value=sign * amount.value, reference="baseline") for sign in (-1, 1))
        return _between(low, high, x[0].start)

    def pair(self, x: list[Any]) -> Value:
        operator, first, second = x[0].entry.roles["before_number"], x[1], x[3]
        upper = _one(operator, first._replace(unit=first.unit or second.unit), x[0].start, first.end)
        lower = _one(operator, second, second.start, second.end)
        return Value(upper.comparisons + lower.comparisons, "pair")

    def pair_after(self, x: list[Any]) -> Value:
        operator, first, second = x[3].entry.roles["after_number"], x[0], x[2]
        upper = _one(operator, first._replace(unit=first.unit or second.unit), first.start, first.end)
        lower = _one(operator, second, second.start, x[3].end)
        return Value(upper.comparisons + lower.comparisons, "pair")

    def compared_after(self, x: list[Any]) -> Value:
        operator = _graded(x[1].entry.roles["after_number"], x[1].entry, x[0])
        return _one(operator, x[0], x[0].start, x[1].end)

    def bare(self, x: list[Any]) -> Value:
        return _one("=", x[0], x[0].start, x[0].end)._replace(bare=True)

    def reversed(self, x: list[Any]) -> Value:
        return _one(_FLIP[x[1].entry.roles["before_number"]], x[0], x[0].start, x[1].end)._replace(fronted=True)

    def range(self, x: list[Any]) -> Value:
        return _between(x[0], x[2], x[0].start)._replace(loose=True)

    def range_from(self, x: list[Any]) -> Value:
        return _between(x[1], x[3], x[0].start)

    def half_range(self, x: list[Any]) -> Value:
        return _between(x[0], x[3], x[0].start, above=x[2].entry.roles["before_number"])

    def half_range_from(self, x: list[Any]) -> Value:
        return _between(x[1], x[4], x[0].start, above=x[3].entry.roles["before_number"])

    def bounds(self, x: list[Any]) -> Value:
        low, high = (x[i].entry.roles["before_number"] for i in (0, 3))
        return _between(x[1], x[4], x[0].start, below=low, above=high)

    def bounds_from(self, x: list[Any]) -> Value:
        low, high = (x[i].entry.roles["before_number"] for i in (1, 4))
        return _between(x[2], x[5], x[0].start, below=low, above=high)

    def open_range(self, x: list[Any]) -> Value:
        return _between(x[1], x[3], x[0].start, below=x[0].entry.roles["before_number"])

    def amounts(self, x: list[Any]) -> list[_Amount]:
        first = x[0] if isinstance(x[0], list) else [x[0]]
        return [*first, x[2]]

    def listed(self, x: list[Any]) -> Value:
        amounts: list[_Amount] = x[0]
        if len(amounts) == 2 and amounts[1].unit is not None and amounts[1].unit.ucum == "mm[Hg]":
            upper, lower = (_one("=", a._replace(unit=amounts[1].unit), a.start, a.end) for a in amounts)
            return Value(upper.comparisons + lower.comparisons, "pair", bare=True)
        unit = next((a.unit for a in reversed(amounts) if a.unit), None)
        return Value(
            (
                Comparison(
                    operator="in",
                    values=tuple(a.value for a in amounts),
                    unit=unit,
                    reference=amounts[-1].reference,
                    span=(amounts[0].start, amounts[-1].end),
                ),
            ),
            bare=True,
        )

    def both(self, x: list[Any]) -> Value:
        joined = _joined(x[0], x[2])
        return joined or Value(x[0].comparisons + x[2].comparisons, "all")

    def either(self, x: list[Any]) -> Value:
        left, right = _share_unit(x[0], x[2])
        return Value(left + right, "any")

    # ---- windows

    def plain_offset(self, x: list[Any]) -> tuple[Any, ...]:
        return (x[0],)

    def offset_range(self, x: list[Any]) -> tuple[Any, ...]:
        low = x[0] if x[0].unit else x[0]._replace(unit=x[2].unit)
        return ("range", low, x[2])

    def offset_choice(self, x: list[Any]) -> tuple[Any, ...]:
        first = x[0] if x[0].unit else x[0]._replace(unit=x[2].unit)
        return ("longest", first, x[2])

    def choice(self, x: list[Any]) -> tuple[Any, ...]:
        return (x[3].entry.roles["whichever"], *self.offset_choice(x)[1:])

    def within(self, x: list[Any]) -> Window:
        offset = x[1]
        if len(x) > 4 and x[4].type == "ALT":
            which = x[6].entry.roles["whichever"] if len(x) > 6 else "longest"
            offset = (which, offset[-1], x[5])
            end = x[6].end if len(x) > 6 else x[5].end
            return _beside(x[2], _anchor(self.text, x[3]), offset, (x[0].start, end))
        if len(x) > 4 and offset[0] in ("longest", "shortest"):
            offset = (x[4].entry.roles["whichever"], *offset[1:])
        return _beside(x[2], _anchor(self.text, x[3]), offset, (x[0].start, x[-1].end))

    def distance(self, x: list[Any]) -> Window:
        offset = x[0]
        if len(x) > 3 and offset[0] in ("longest", "shortest"):
            offset = (x[3].entry.roles["whichever"], *offset[1:])
        return _beside(x[1], _anchor(self.text, x[2], x[1]), offset, (_start(offset), x[-1].end))

    def compared_distance(self, x: list[Any]) -> Window:
        return _compared(x[0], x[1], x[2], _anchor(self.text, x[3]), (x[0].start, x[3].end))

    def distance_compared(self, x: list[Any]) -> Window:
        return _compared(x[1], (x[0],), x[2], _anchor(self.text, x[3]), (x[0].start, x[3].end))

    def from_compared(self, x: list[Any]) -> Window:
        duration = _one(x[2].entry.roles["after_number"], x[1], x[1].start, x[1].end).comparisons[0]
        return Window(end=Bound(anchor=_anchor(self.text, x[4])), duration=duration, span=(x[0].start, x[4].end))

    def lately(self, x: list[Any]) -> Window:
        return _beside("BEFORE", Anchor(event="unspecified"), x[1], (x[0].start, _end(x[1])))

    def soon(self, x: list[Any]) -> Window:
        return _beside("AFTER", Anchor(event="unspecified"), x[1], (x[0].start, _end(x[1])))

    def soon_one(self, x: list[Any]) -> Window:
        unit = _unit(self.text[x[1].start : x[1].end], x[1].entry, "time_unit")
        one = _Amount(1, unit, None, x[1].start, x[1].end)
        return _beside("AFTER", Anchor(event="unspecified"), (one,), (x[0].start, x[1].end))

    def lately_one(self, x: list[Any]) -> Window:
        unit = _unit(self.text[x[1].start : x[1].end], x[1].entry, "time_unit")
        one = _Amount(1, unit, None, x[1].start, x[1].end)
        return _beside("BEFORE", Anchor(event="unspecified"), (one,), (x[0].start, x[1].end))

    def ago(self, x: list[Any]) -> Window:
        return _beside("BEFORE", Anchor(event="screening"), x[0], (_start(x[0]), x[1].end))

    def compared_ago(self, x: list[Any]) -> Window:
        return _compared(x[0], x[1], "BEFORE", Anchor(event="screening"), (x[0].start, x[2].end))

    def compared_choice(self, x: list[Any]) -> Window:
        span = (x[0].start, _end(x[1]))
        return _compared(x[0], x[1], "BEFORE", Anchor(event="unspecified"), span)

    def beyond(self, x: list[Any]) -> Window:
        bound = Bound(anchor=_anchor(self.text, x[3]), offset=_offset(x[1], 1))
        return Window(start=bound, span=(x[0].start, x[3].end))

    def stages(self, x: list[Any]) -> list[_Amount]:
        return [*(x[0] if isinstance(x[0], list) else [x[0]]), x[2]]

    def at_stages(self, x: list[Any]) -> Window:
        options = []
        for amount in x[1]:
            offset = Offset(value=_signed(amount.value, 1), unit=amount.unit or x[1][-1].unit)
            bound = Bound(anchor=Anchor(event="unspecified"), offset=offset)
            options.append(Window(start=bound, end=bound, span=(amount.start, amount.end)))
        return Window(any_of=tuple(options), span=(x[0].start, x[1][-1].end))

    def events(self, x: list[Any]) -> tuple[str, list[Lexeme]]:
        return "", [x[0]]

    def either_event(self, x: list[Any]) -> tuple[str, list[Lexeme]]:
        return "any", [*x[0][1], x[2]]

    def each_event(self, x: list[Any]) -> tuple[str, list[Lexeme]]:
        return x[0][0] or "all", [*x[0][1], x[2]]

    def at(self, x: list[Any]) -> Window | Times:
        how, events = x[1]
        begin = x[0].start
        windows = []
        for event in events:
            bound = Bound(anchor=_anchor(self.text, event))
            windows.append(Window(start=bound, end=bound, span=(begin, event.end)))
            begin = event.start
        if not how:
            return windows[0]
        return (
            Times(tuple(windows)) if how == "all" else Window(any_of=tuple(windows), span=(x[0].start, events[-1].end))
        )

    def beside(self, x: list[Any]) -> Window:
        bound = Bound(anchor=_anchor(self.text, x[1], x[0]))
        span = (x[0].start, x[1].end)
        return Window(start=bound, span=span) if x[0].type == "AFTER" else Window(end=bound, span=span)

    def during(self, x: list[Any]) -> Window:
        anchor = _anchor(self.text, x[1])
        first = last = anchor
        if anchor.event in ("study_start", "study_end", "enrollment"):
            # "during study participation"
            first = Anchor(event="study_start", text=anchor.text, span=anchor.span)
            last = Anchor(event="study_end", text=anchor.text, span=anchor.span)
        return Window(start=Bound(anchor=first), end=Bound(anchor=last), span=(x[0].start, x[1].end))

    def during_until(self, x: list[Any]) -> Window:
        bound, end = x[3]
        return replace(self.during(x[:2]), end=bound, span=(x[0].start, end))

    def during_itself(self, x: list[Any]) -> Window:
        bound, end = x[2]
        event = _PERIOD_OF.get(bound.anchor.event, bound.anchor.event)
        start = Bound(anchor=replace(bound.anchor, event=event))
        return Window(start=start, end=bound, span=(x[0].start, end))

    def conj(self, x: list[Any]) -> Lexeme:
        return x[0]  # type: ignore[no-any-return]

    def before_during(self, x: list[Any]) -> Window:
        along = self.during(x[-2:])
        offset = next((o for o in x[:-4] if isinstance(o, tuple)), None)
        if isinstance(offset, Value):
            amount = offset.comparisons[0]
            back = (
                Offset(value=_signed(amount.value, -1), unit=amount.unit)
                if isinstance(amount.value, int | float)
                else None
            )
        else:
            back = _offset(offset, -1) if offset is not None else None
        start = replace(along.start, offset=back) if isinstance(along.start, Bound) and back is not None else None
        begin = _start(offset) if offset is not None and x[0] is offset else x[0].start
        span = (begin, x[-1].end)
        if x[-3].type == "EACH":
            return Window(start=start, end=along.end, span=span)
        return Window(any_of=(Window(start=start, end=along.start, span=span), along), span=span)

    def since(self, x: list[Any]) -> Window:
        return Window(start=Bound(anchor=_anchor(self.text, x[1])), span=(x[0].start, x[1].end))

    def limit(self, x: list[Any]) -> tuple[Bound, int]:
        return Bound(anchor=_anchor(self.text, x[0])), x[0].end

    def shifted_limit(self, x: list[Any]) -> tuple[Bound, int]:
        sign = -1 if x[1].type == "BEFORE" else 1
        return Bound(anchor=_anchor(self.text, x[2], x[1]), offset=_offset(x[0], sign)), max(x[1].end, x[2].end)

    def until(self, x: list[Any]) -> Window:
        bound, end = x[1]
        return Window(end=bound, span=(x[0].start, end))

    def origin(self, x: list[Any]) -> Bound:
        return Bound(anchor=_anchor(self.text, x[0]))

    def shifted_origin(self, x: list[Any]) -> Bound:
        sign = -1 if x[1].type == "BEFORE" else 1
        return Bound(anchor=_anchor(self.text, x[2]), offset=_offset(x[0], sign))

    def from_until(self, x: list[Any]) -> Window:
        bound, end = x[3]
        return Window(start=x[1], end=bound, span=(x[0].start, end))

    def from_during(self, x: list[Any]) -> Window:
        period = self.during_until(x[2:]) if len(x) > 4 else self.during(x[2:])
        return replace(period, start=x[1], span=(x[0].start, period.span[1] if period.span else x[3].end))

    def at_during(self, x: list[Any]) -> Window:
        return self.from_during([x[0], self.origin(x[1:]), *x[2:]])

    def standing(self, x: list[Any]) -> Window:
        amount = x[-2][-1]
        operator: Operator = x[0].entry.roles["before_number"] if len(x) > 2 else ">="
        start = x[0].start if len(x) > 2 else _start(x[0])
        return Window(duration=_one(operator, amount, start, amount.end).comparisons[0], span=(start, amount.end))

    def between(self, x: list[Any]) -> Window:
        last, end = x[3]
        return Window(start=Bound(anchor=_anchor(self.text, x[1])), end=last, span=(x[0].start, end))

    def duration(self, x: list[Any]) -> Value:
        return _one(">=", x[0], x[0].start, x[0].end)

    def lasting(self, x: list[Any]) -> Window:
        duration = x[1].comparisons[0]
        return Window(duration=duration, span=(x[0].start, duration.span[1]))

    def lasting_beside(self, x: list[Any]) -> Window:
        anchor, duration, span = _anchor(self.text, x[3], x[2]), x[1].comparisons[0], (x[0].start, x[3].end)
        bound = Bound(anchor=anchor)
        if x[2].type != "AFTER":
            return Window(end=bound, duration=duration, span=span)
        if duration.operator in ("=", ">=", "<=") and isinstance(duration.value, int | float):
            # "for 90 days after the last dose": from it on until then
            until = Bound(anchor=anchor, offset=Offset(value=duration.value, unit=duration.unit))
            return Window(start=bound, end=until, span=span)
        return Window(start=bound, duration=duration, span=span)

    def lasting_lately(self, x: list[Any]) -> Window:
        frame = _beside("BEFORE", Anchor(event="unspecified"), x[3], (x[0].start, _end(x[3])))
        return Window(start=frame.start, end=frame.end, duration=x[1].comparisons[0], span=frame.span)

    def lasting_during(self, x: list[Any]) -> Window:
        return replace(self.during(x[2:]), duration=x[1].comparisons[0], span=(x[0].start, x[3].end))

    def any_window(self, x: list[Any]) -> Window:
        first = _single(x[0])
        options = first.any_of if isinstance(first.any_of, tuple) else (first,)
        second = _single(x[2])
        # "within 4 weeks before consent or before apheresis": the quantity holds for both ends.
        lead = options[0]
        if (
            isinstance(lead.start, Bound)
            and lead.start.offset is not None
            and isinstance(lead.end, Bound)
            and lead.end.offset is None
            and second.start is None
            and isinstance(second.end, Bound)
        ):
            shifted = Bound(anchor=second.end.anchor, offset=lead.start.offset, inclusive=lead.start.inclusive)
            second = Window(start=shifted, end=second.end, span=second.span)
        merged = _one_stretch(lead, second) if lead is options[-1] else None
        if merged is not None:
            return merged
        more = second.any_of if isinstance(second.any_of, tuple) else (second,)
        span = (first.span[0], second.span[1]) if first.span and second.span else None
        return Window(any_of=(*options, *more), span=span)


def _one_stretch(during: Window, after: Window) -> Window | None:
    """ "during the study and for 90 days after the last dose": what follows a period goes on with it."""
    start, end, later, last = during.start, during.end, after.start, after.end
    if not (isinstance(start, Bound) and isinstance(end, Bound) and isinstance(last, Bound)):
        return None
    if (start.anchor.event, end.anchor.event) not in _PERIODS or start.offset or end.offset:
        return None
    if last.anchor.event not in _LAST or last.offset is None or (isinstance(later, Bound) and later.offset is not None):
        return None
    return Window(start=start, end=last, span=(during.span[0], after.span[1]) if during.span and after.span else None)


_PERIODS = (("study_start", "study_end"), ("treatment", "treatment"))
_LAST = ("last_dose", "study_end", "treatment", "first_dose", "event")


def _single(meaning: Window | Times) -> Window:
    """A window that is one of several: of two times that both count, either."""
    return Window(any_of=meaning.windows, span=meaning.windows[-1].span) if isinstance(meaning, Times) else meaning


def _graded(operator: Operator, said: Entry, amount: _Amount) -> Operator:
    """The operator of "better" and "worse": more is worse, but of sight and of what is lost below nought less is.

    The better sight sees the smaller letter, and more of them: 20/40 is more than 20/80.
    """
    if not any(word in said.text for word in ("better", "worse", "poorer")):
        return operator
    value, unit = amount.value, amount.unit.text.lower() if amount.unit and amount.unit.text else ""
    less = "/" in value if isinstance(value, str) else value < 0 or unit.startswith(("letter", "etdrs"))
    return _FLIP[operator] if less else operator


def _one(operator: Operator, amount: _Amount, start: int, end: int) -> Value:
    return Value(
        (
            Comparison(
                operator=operator, value=amount.value, unit=amount.unit, reference=amount.reference, span=(start, end)
            ),
        )
    )


def _between(low: _Amount, high: _Amount, start: int, *, below: str = ">=", above: str = "<=") -> Value:
    units = low.unit is not None and high.unit is not None and low.unit.ucum != high.unit.ucum
    if below[0] == above[0] or units or (low.reference != high.reference and low.reference is not None):
        # "< 5 to < 10": no range; "6 months to 5 years": one in two units
        return Value(
            (
                *_one(below, low, low.start, low.end).comparisons,  # type: ignore[arg-type]
                *_one(above, high, high.start, high.end).comparisons,  # type: ignore[arg-type]
            )
        )
    falling = isinstance(low.value, int | float) and isinstance(high.value, int | float) and low.value > high.value
    if below[0] == "<" or (falling and below == ">=" and above == "<="):
        low, high, below, above = high, low, above, below  # "73 to 35 letters"
        below, above = (below, above) if below[0] == ">" else (above, below)
    return Value(
        (
            Comparison(
                operator="between",
                low=low.value,
                high=high.value,
                low_inclusive=below != ">",
                high_inclusive=above != "<",
                unit=high.unit or low.unit,
                reference=high.reference or low.reference,
                span=(min(start, low.start), max(high.end, low.end)),
            ),
        )
    )


def _share_unit(left: Value, right: Value) -> tuple[tuple[Comparison, ...], tuple[Comparison, ...]]:
    """Two comparisons joined: a unit printed once, behind the second, holds for the first as well."""
    a, b = left.comparisons[-1], right.comparisons[0]
    if a.unit is None and a.reference is None and b.unit is not None and b.reference is None:
        a = replace(a, unit=b.unit)
    return (*left.comparisons[:-1], a), right.comparisons


def _joined(left: Value, right: Value) -> Value | None:
    """ "≥ 18 and ≤ 75" as one `between`, where the two bound one stretch."""
    if not len(left.comparisons) == len(right.comparisons) == 1:
        return None
    (a,), (b,) = _share_unit(left, right)
    low, high = (a, b) if a.operator in (">", ">=") else (b, a)
    if low.operator not in (">", ">=") or high.operator not in ("<", "<="):
        return None
    if not (isinstance(low.value, int | float) and isinstance(high.value, int | float) and low.value <= high.value):
        return None
    if low.reference != high.reference or (low.unit and high.unit and low.unit.ucum != high.unit.ucum):
        return None
    span = (min(a.span[0], b.span[0]), max(a.span[1], b.span[1])) if a.span and b.span else None
    return Value(
        (
            Comparison(
                operator="between",
                low=low.value,
                high=high.value,
                low_inclusive=low.operator == ">=",
                high_inclusive=high.operator == "<=",
                unit=high.unit or low.unit,
                reference=low.reference,
                span=span,
            ),
        )
    )


def merge(left: Value, right: Value) -> Value | None:
    """One value of two that stand on either side of their subject ("18 ≤ age ≤ 75"), where they bound one stretch."""
    return _joined(left, right)


def _start(offset: tuple[Any, ...]) -> int:
    return next(a for a in offset if isinstance(a, _Amount)).start


def _end(offset: tuple[Any, ...]) -> int:
    end: int = offset[-1].end
    return end


def _offset(offset: tuple[Any, ...], sign: int) -> Offset:
    amounts = [Offset(value=_signed(a.value, sign), unit=a.unit) for a in offset if isinstance(a, _Amount)]
    if offset[0] == "longest":
        return Offset(longest_of=tuple(amounts))
    if offset[0] == "shortest":
        return Offset(shortest_of=tuple(amounts))
    return amounts[-1]


def _signed(value: Number | str, sign: int) -> Number:
    return sign * value if isinstance(value, int | float) else 0


def _anchor(text: str, event: Lexeme, side: Lexeme | None = None) -> Anchor:
    name, words = event.entry.roles["anchor"], text[event.start : event.end]
    if name == "study_start" and side is not None and side.type == "AFTER" and words.split()[-1].lower() in _STUDY:
        name = "study_end"  # "after the trial"
    return Anchor(event=name, text=words, span=(event.start, event.end))


def _beside(side: Any, anchor: Anchor, offset: tuple[Any, ...], span: tuple[int, int]) -> Window:
    kind = side if isinstance(side, str) else side.type
    if kind == "OF" and (anchor.event in _EARLIER_EVENTS or "onset" in (anchor.text or "").lower()):
        kind = "AFTER"
    here = Bound(anchor=anchor)
    if offset[0] == "range":
        near, far = sorted((Offset(value=_signed(a.value, 1), unit=a.unit) for a in offset[1:]), key=_distance)
        if kind == "AFTER":
            return Window(start=Bound(anchor=anchor, offset=near), end=Bound(anchor=anchor, offset=far), span=span)
        near, far = (Offset(value=_signed(o.value, -1), unit=o.unit) for o in (near, far))  # type: ignore[arg-type]
        return Window(start=Bound(anchor=anchor, offset=far), end=Bound(anchor=anchor, offset=near), span=span)
    if kind == "AFTER":
        return Window(start=here, end=Bound(anchor=anchor, offset=_offset(offset, 1)), span=span)
    return Window(start=Bound(anchor=anchor, offset=_offset(offset, -1)), end=here, span=span)


def _distance(offset: Offset) -> float:
    return float(offset.value) if isinstance(offset.value, int | float) else 0.0


def _compared(cmp: Lexeme, offset: tuple[Any, ...], side: Any, anchor: Anchor, span: tuple[int, int]) -> Window:
    """ "at least 4 weeks before X" ends there; "less than 4 weeks before X" begins there."""
    operator: str = cmp.entry.roles["after_number" if cmp.type == "POST" else "before_number"]
    kind = side if isinstance(side, str) else side.type
    here = Bound(anchor=anchor)
    there = Bound(anchor=anchor, offset=_offset(offset, 1 if kind == "AFTER" else -1), inclusive="=" in operator)
    far = operator[0] == ">"
    if kind == "AFTER":
        return Window(start=there, span=span) if far else Window(start=here, end=there, span=span)
    return Window(end=there, span=span) if far else Window(start=there, end=here, span=span)


class Reader:
    """The table of phrases, and the lengths of prefixes that it accepts, kept by the types of the lexemes."""

    def __init__(self) -> None:
        self.meaning = _Meaning()
        self.table = Table(grammar_source(), self.meaning)
        self.prefix = lru_cache(maxsize=50_000)(self.table.accepts)

    def read(self, text: str, lexemes: list[Lexeme]) -> tuple[Value | Window | Times, int] | None:
        """The longest phrase at the beginning of the lexemes, and how many of them it takes."""
        n = self.prefix(tuple([x.type for x in lexemes]))
        if not n:
            return None
        self.meaning.text = text
        return self.table.run(lexemes[:n]), n


def grammar_source() -> str:
    """The grammar of phrases, whole."""
    terminals = (
        "NUMBER UNIT TIME ORDINAL REFERENCE TIMES CMP POST TOLERANCE TO BETWEEN AND OR LIST ALT WITHIN PAST NEXT "
        "BEFORE AFTER OF AT DURING SINCE UNTIL FROM FOR AGO WHICHEVER EVENT EITHER EACH STATE"
    )
    grammar = grammar_text("quantity", "comparison", "window")
    return f"start: values | windows\n{grammar}\n%declare {terminals}"


@cache
def reader() -> Reader:
    """The reader that everybody shares."""
    return Reader()
