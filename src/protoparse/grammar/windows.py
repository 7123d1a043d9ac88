"""What an island of time means: windows.

In: lexemes that may belong to one phrase (`protoparse.grammar.islands` finds them). Out: a `Value` or a `Window`, and
how many lexemes it took; "within 4 weeks before screening" begins 4 weeks before it and ends with it.

The tables of `grammars/quantity.lark`, `comparison.lark` and `window.lark` decide how far a phrase reaches: its longest
prefix that is one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from msgspec.structs import replace

from protoparse.grammar.anchoring import anchored
from protoparse.grammar.files import grammar_text
from protoparse.grammar.phrases import Amount, Comparing, Lexeme, Times, Value, named_unit, one_value
from protoparse.grammar.tables import Table
from protoparse.grammar.terms import domain_of
from protoparse.model import Anchor, Bound, Event, Number, Offset, Operator, Window

# "during and for a month after completion of treatment": the treatment itself is the period.
_PERIOD_OF: dict[Event, Event] = {
    "first_dose": "treatment", "last_dose": "treatment", "study_end": "study_start", "enrollment": "study_start"
}  # fmt: skip
_STUDY = ("study", "trial", "period")
# "within 14 days of X" looks back, unless X comes before what is asked for.
_EARLIER_EVENTS = {"diagnosis", "birth", "discharge", "transplant", "last_dose"}
_EARLIER_WORDS = re.compile(r"(?i)\bonset|^(?:the )?(?:complet|end of|finish|discontinu|cessation|stopping|last)")


class _Meaning(Comparing):
    """Lexemes to comparisons and windows, while they are parsed."""

    def plain_offset(self, x: list[Any]) -> tuple[Any, ...]:
        return (x[0],)

    def offset_range(self, x: list[Any]) -> tuple[Any, ...]:
        low = x[0] if x[0].unit else x[0]._replace(unit=x[2].unit)
        return ("range", low, x[2])

    def offset_choice(self, x: list[Any]) -> tuple[Any, ...]:
        first = x[0] if x[0].unit else x[0]._replace(unit=x[2].unit)
        return ("longest", first, x[2])

    def choice(self, x: list[Any]) -> tuple[Any, ...]:
        last = x[2]._replace(end=x[3].end)
        return (x[3].entry.roles["whichever"], *self.offset_choice([x[0], x[1], last])[1:])

    def led_choice(self, x: list[Any]) -> tuple[Any, ...]:
        return (x[0].entry.roles["whichever"], *self.offset_choice(x[1:])[1:])

    def within(self, x: list[Any]) -> Window:
        offset = x[1]
        if len(x) > 4 and x[4].type == "ALT":
            which = x[6].entry.roles["whichever"] if len(x) > 6 else "longest"
            offset = (which, offset[-1], x[5])
            end = x[6].end if len(x) > 6 else x[5].end
            return _beside(x[2], anchor_of(self.text, x[3]), offset, (x[0].start, end))
        if len(x) > 4 and offset[0] in ("longest", "shortest"):
            offset = (x[4].entry.roles["whichever"], *offset[1:])
        return _beside(x[2], anchor_of(self.text, x[3]), offset, (x[0].start, x[-1].end))

    def distance(self, x: list[Any]) -> Window:
        offset = x[0]
        if len(x) > 3 and offset[0] in ("longest", "shortest"):
            offset = (x[3].entry.roles["whichever"], *offset[1:])
        return _beside(x[1], anchor_of(self.text, x[2], x[1]), offset, (_start(offset), x[-1].end))

    def compared_distance(self, x: list[Any]) -> Window:
        return _compared(x[0], x[1], x[2], anchor_of(self.text, x[3]), (x[0].start, x[3].end))

    def distance_compared(self, x: list[Any]) -> Window:
        return _compared(x[1], (x[0],), x[2], anchor_of(self.text, x[3]), (x[0].start, x[3].end))

    def plus_distance(self, x: list[Any]) -> Window:
        amount = x[0]._replace(unit=named_unit(self.text[x[2].start : x[2].end], x[2].entry, "time_unit"))
        return _compared(x[1], (amount,), x[3], anchor_of(self.text, x[4]), (x[0].start, x[4].end))

    def from_compared(self, x: list[Any]) -> Window:
        duration = one_value(x[2].entry.roles["after_number"], x[1], x[1].start, x[1].end).comparisons[0]
        return Window(end=Bound(anchor=anchor_of(self.text, x[4])), duration=duration, span=(x[0].start, x[4].end))

    def lately(self, x: list[Any]) -> Window:
        return _beside("BEFORE", Anchor(event="unspecified"), x[1], (x[0].start, _end(x[1])))

    def soon(self, x: list[Any]) -> Window:
        return _beside("AFTER", Anchor(event="unspecified"), x[1], (x[0].start, _end(x[1])))

    def soon_one(self, x: list[Any]) -> Window:
        unit = named_unit(self.text[x[1].start : x[1].end], x[1].entry, "time_unit")
        one = Amount(1, unit, None, x[1].start, x[1].end)
        return _beside("AFTER", Anchor(event="unspecified"), (one,), (x[0].start, x[1].end))

    def lately_one(self, x: list[Any]) -> Window:
        unit = named_unit(self.text[x[1].start : x[1].end], x[1].entry, "time_unit")
        one = Amount(1, unit, None, x[1].start, x[1].end)
        return _beside("BEFORE", Anchor(event="unspecified"), (one,), (x[0].start, x[1].end))

    def ago(self, x: list[Any]) -> Window:
        return _beside("BEFORE", Anchor(event="screening"), x[0], (_start(x[0]), x[1].end))

    def compared_ago(self, x: list[Any]) -> Window:
        return _compared(x[0], x[1], "BEFORE", Anchor(event="screening"), (x[0].start, x[2].end))

    def compared_choice(self, x: list[Any]) -> Window:
        span = (x[0].start, _end(x[1]))
        return _compared(x[0], x[1], "BEFORE", Anchor(event="unspecified"), span)

    def beyond(self, x: list[Any]) -> Window:
        bound = Bound(anchor=anchor_of(self.text, x[3]), offset=_offset(x[1], 1))
        return Window(start=bound, span=(x[0].start, x[3].end))

    def stages(self, x: list[Any]) -> list[Amount]:
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
            bound = Bound(anchor=anchor_of(self.text, event))
            windows.append(Window(start=bound, end=bound, span=(begin, event.end)))
            begin = event.start
        if not how:
            return windows[0]
        return (
            Times(tuple(windows)) if how == "all" else Window(any_of=tuple(windows), span=(x[0].start, events[-1].end))
        )

    def beside(self, x: list[Any]) -> Window:
        bound = Bound(anchor=anchor_of(self.text, x[1], x[0]))
        span = (x[0].start, x[1].end)
        return Window(start=bound, span=span) if x[0].type == "AFTER" else Window(end=bound, span=span)

    def during(self, x: list[Any]) -> Window:
        anchor = anchor_of(self.text, x[1])
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
        return Window(start=Bound(anchor=anchor_of(self.text, x[1])), span=(x[0].start, x[1].end))

    def limit(self, x: list[Any]) -> tuple[Bound, int]:
        return Bound(anchor=anchor_of(self.text, x[0])), x[0].end

    def shifted_limit(self, x: list[Any]) -> tuple[Bound, int]:
        sign = -1 if x[1].type == "BEFORE" else 1
        return Bound(anchor=anchor_of(self.text, x[2], x[1]), offset=_offset(x[0], sign)), max(x[1].end, x[2].end)

    def until(self, x: list[Any]) -> Window:
        bound, end = x[1]
        return Window(end=bound, span=(x[0].start, end))

    def origin(self, x: list[Any]) -> Bound:
        return Bound(anchor=anchor_of(self.text, x[0]))

    def shifted_origin(self, x: list[Any]) -> Bound:
        sign = -1 if x[1].type == "BEFORE" else 1
        return Bound(anchor=anchor_of(self.text, x[2]), offset=_offset(x[0], sign))

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
        return Window(duration=one_value(operator, amount, start, amount.end).comparisons[0], span=(start, amount.end))

    def between(self, x: list[Any]) -> Window:
        last, end = x[3]
        return Window(start=Bound(anchor=anchor_of(self.text, x[1])), end=last, span=(x[0].start, end))

    def duration(self, x: list[Any]) -> Value:
        return one_value(">=", x[0], x[0].start, x[0].end)

    def lasting(self, x: list[Any]) -> Window | Times:
        windows = [Window(duration=c, span=(x[0].start, c.span[1])) for c in x[1].comparisons]
        return windows[0] if len(windows) == 1 else Times(tuple(windows))  # "for ≥ 6 weeks but < 10 years"

    def lasting_beside(self, x: list[Any]) -> Window:
        anchor, duration, span = anchor_of(self.text, x[3], x[2]), x[1].comparisons[0], (x[0].start, x[3].end)
        bound = Bound(anchor=anchor)
        if x[2].type != "AFTER":
            return Window(end=bound, duration=duration, span=span)
        if duration.operator in ("=", ">=", "<=") and isinstance(duration.value, int | float):
            # "for 90 days after the last dose": from it on until then
            until = Bound(anchor=anchor, offset=Offset(value=duration.value, unit=duration.unit))
            return Window(start=bound, end=until, span=span)
        return Window(start=bound, duration=duration, span=span)

    def lasting_lately(self, x: list[Any]) -> Window:
        if len(x) > 4:
            frame = _beside(x[4], anchor_of(self.text, x[5]), x[3], (x[0].start, x[5].end))
        else:
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
        options = tuple([anchored(self.text, option, second) for option in options])
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


def _start(offset: tuple[Any, ...]) -> int:
    return next(a for a in offset if isinstance(a, Amount)).start


def _end(offset: tuple[Any, ...]) -> int:
    end: int = offset[-1].end
    return end


def _offset(offset: tuple[Any, ...], sign: int) -> Offset:
    amounts = [Offset(value=_signed(a.value, sign), unit=a.unit) for a in offset if isinstance(a, Amount)]
    if offset[0] == "longest":
        return Offset(longest_of=tuple(amounts))
    if offset[0] == "shortest":
        return Offset(shortest_of=tuple(amounts))
    return amounts[-1]


def _signed(value: Number | str, sign: int) -> Number:
    return sign * value if isinstance(value, int | float) else 0


def anchor_of(text: str, event: Lexeme, side: Lexeme | None = None) -> Anchor:
    """The anchor that an event lexeme is, `side` standing before it ("after the trial" is its end)."""
    name, words = event.entry.roles["anchor"], text[event.start : event.end]
    if name == "study_start" and side is not None and side.type == "AFTER" and words.split()[-1].lower() in _STUDY:
        name = "study_end"  # "after the trial"
    return Anchor(event=name, text=words, span=(event.start, event.end))


def _earlier(anchor: Anchor) -> bool:
    """Whether an event comes before what is within a time of it: what befell somebody, or has ended."""
    words = (anchor.text or "").lower()
    if anchor.event in _EARLIER_EVENTS or _EARLIER_WORDS.search(words):
        return True
    return anchor.event == "event" and "visit" not in words and domain_of(words.split()) in ("condition", "visit")


def _beside(side: Any, anchor: Anchor, offset: tuple[Any, ...], span: tuple[int, int]) -> Window:
    kind = side if isinstance(side, str) else side.type
    if kind == "OF" and _earlier(anchor):
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
    if kind == "AROUND":
        here = Bound(anchor=anchor, offset=_offset(offset, 1))
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
        self.prefix = lru_cache(maxsize=20_000)(self.table.accepts)

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
        "BEFORE AFTER OF AT DURING SINCE UNTIL FROM FOR AGO WHICHEVER EVENT EITHER EACH STATE AROUND"
    )
    grammar = grammar_text("quantity", "comparison", "window")
    return f"start: values | windows\n{grammar}\n%declare {terminals}"


@cache
def reader() -> Reader:
    """The reader that everybody shares."""
    return Reader()
