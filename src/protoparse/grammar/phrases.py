"""Islands of quantity and time in a run of lexemes: comparisons and windows.

In: `Lexemes` and the bounds of one item. Out: `Phrase`s, each a `Value` or a `Window` with the lexemes it took;
"age ≥ 18 years" gives one, `>= 18 a`, over the lexemes 1 to 3.

The tables of `grammars/quantity.lark`, `comparison.lark` and `window.lark` decide how far an island reaches: its
longest prefix that is a phrase.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, NamedTuple

from lark import Transformer
from msgspec.structs import replace

from protoparse.grammar.files import grammar_text
from protoparse.grammar.tables import Table
from protoparse.lexing import Entry, Lexemes
from protoparse.model import Anchor, Bound, Comparison, Number, Offset, Operator, Reference, Unit, Window


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


class Phrase(NamedTuple):
    """A value or a window, and the lexemes `[first, last)` that it was read from."""

    meaning: Value | Window
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
# "within 14 days of X" looks back, unless X comes before what is asked for.
_EARLIER_EVENTS = {"diagnosis", "birth", "discharge", "transplant"}


def _unit(text: str, entry: Entry, role: str) -> Unit:
    return Unit(text=text, ucum=entry.roles[role])


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
        return _one(x[0].entry.roles["before_number"], x[1], x[0].start, x[-1].end)

    def compared_after(self, x: list[Any]) -> Value:
        return _one(x[1].entry.roles["after_number"], x[0], x[0].start, x[1].end)

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
        which = x[3].entry.roles["whichever"] if len(x) > 3 else "longest"
        first = x[0] if x[0].unit else x[0]._replace(unit=x[2].unit)
        return (which, first, x[2])

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
        return _beside(x[1], _anchor(self.text, x[2]), offset, (_start(offset), x[-1].end))

    def compared_distance(self, x: list[Any]) -> Window:
        return _compared(x[0], x[1], x[2], _anchor(self.text, x[3]), (x[0].start, x[3].end))

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

    def at(self, x: list[Any]) -> Window:
        bound = Bound(anchor=_anchor(self.text, x[1]))
        return Window(start=bound, end=bound, span=(x[0].start, x[1].end))

    def beside(self, x: list[Any]) -> Window:
        bound = Bound(anchor=_anchor(self.text, x[1]))
        span = (x[0].start, x[1].end)
        return Window(start=bound, span=span) if x[0].type == "AFTER" else Window(end=bound, span=span)

    def during(self, x: list[Any]) -> Window:
        anchor = _anchor(self.text, x[1])
        first = last = anchor
        if anchor.event in ("study_start", "study_end"):
            first = Anchor(event="study_start", text=anchor.text, span=anchor.span)
            last = Anchor(event="study_end", text=anchor.text, span=anchor.span)
        return Window(start=Bound(anchor=first), end=Bound(anchor=last), span=(x[0].start, x[1].end))

    def since(self, x: list[Any]) -> Window:
        return Window(start=Bound(anchor=_anchor(self.text, x[1])), span=(x[0].start, x[1].end))

    def limit(self, x: list[Any]) -> tuple[Bound, int]:
        return Bound(anchor=_anchor(self.text, x[0])), x[0].end

    def shifted_limit(self, x: list[Any]) -> tuple[Bound, int]:
        sign = -1 if x[1].type == "BEFORE" else 1
        return Bound(anchor=_anchor(self.text, x[2]), offset=_offset(x[0], sign)), x[2].end

    def until(self, x: list[Any]) -> Window:
        bound, end = x[1]
        return Window(end=bound, span=(x[0].start, end))

    def from_until(self, x: list[Any]) -> Window:
        bound, end = x[3]
        return Window(start=Bound(anchor=_anchor(self.text, x[1])), end=bound, span=(x[0].start, end))

    def duration(self, x: list[Any]) -> Value:
        return _one(">=", x[0], x[0].start, x[0].end)

    def lasting(self, x: list[Any]) -> Window:
        duration = x[1].comparisons[0]
        return Window(duration=duration, span=(x[0].start, duration.span[1]))

    def lasting_beside(self, x: list[Any]) -> Window:
        bound = Bound(anchor=_anchor(self.text, x[3]))
        after = x[2].type == "AFTER"
        return Window(
            start=bound if after else None,
            end=None if after else bound,
            duration=x[1].comparisons[0],
            span=(x[0].start, x[3].end),
        )

    def lasting_lately(self, x: list[Any]) -> Window:
        frame = _beside("BEFORE", Anchor(event="unspecified"), x[3], (x[0].start, _end(x[3])))
        return Window(start=frame.start, end=frame.end, duration=x[1].comparisons[0], span=frame.span)

    def any_window(self, x: list[Any]) -> Window:
        first: Window = x[0]
        options = first.any_of if isinstance(first.any_of, tuple) else (first,)
        second: Window = x[2]
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
        span = (first.span[0], second.span[1]) if first.span and second.span else None
        return Window(any_of=(*options, second), span=span)


def _one(operator: Operator, amount: _Amount, start: int, end: int) -> Value:
    return Value(
        (
            Comparison(
                operator=operator, value=amount.value, unit=amount.unit, reference=amount.reference, span=(start, end)
            ),
        )
    )


def _between(low: _Amount, high: _Amount, start: int, *, below: str = ">=", above: str = "<=") -> Value:
    if below[0] == above[0] or (low.reference != high.reference and low.reference is not None):
        # "< 5 to < 10": no range
        return Value(
            (
                *_one(below, low, low.start, low.end).comparisons,  # type: ignore[arg-type]
                *_one(above, high, high.start, high.end).comparisons,  # type: ignore[arg-type]
            )
        )
    if below[0] == "<":
        low, high, below, above = high, low, above, below
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
    (a,), (b,) = _share_unit(left, right) if len(left.comparisons) == len(right.comparisons) == 1 else ((), ())  # type: ignore[misc]
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
    return _joined(left, right) if len(left.comparisons) == len(right.comparisons) == 1 else None


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


def _anchor(text: str, event: Lexeme) -> Anchor:
    return Anchor(event=event.entry.roles["anchor"], text=text[event.start : event.end], span=(event.start, event.end))


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
    operator: str = cmp.entry.roles["before_number"]
    kind = side if isinstance(side, str) else side.type
    here = Bound(anchor=anchor)
    there = Bound(anchor=anchor, offset=_offset(offset, 1 if kind == "AFTER" else -1), inclusive="=" in operator)
    far = operator[0] == ">"
    if kind == "AFTER":
        return Window(start=there, span=span) if far else Window(start=here, end=there, span=span)
    return Window(end=there, span=span) if far else Window(start=there, end=here, span=span)


# ------------------------------------------------------------------ islands


class _Reader:
    """The table of phrases, and the lengths of prefixes that it accepts, kept by the types of the lexemes."""

    def __init__(self) -> None:
        self.meaning = _Meaning()
        self.table = Table(grammar_source(), self.meaning)
        self.prefix = lru_cache(maxsize=50_000)(self.table.accepts)

    def read(self, text: str, lexemes: list[Lexeme]) -> tuple[Value | Window, int] | None:
        """The longest phrase at the beginning of the lexemes, and how many of them it takes."""
        n = self.prefix(tuple([x.type for x in lexemes]))
        if not n:
            return None
        self.meaning.text = text
        return self.table.run(lexemes[:n]), n


def grammar_source() -> str:
    """The grammar of phrases, whole."""
    terminals = (
        "NUMBER UNIT TIME ORDINAL REFERENCE TIMES CMP POST TO BETWEEN AND OR LIST ALT WITHIN PAST NEXT BEFORE AFTER OF "
        "AT DURING SINCE UNTIL FROM FOR AGO WHICHEVER EVENT"
    )
    grammar = grammar_text("quantity", "comparison", "window")
    return f"start: values | windows\n{grammar}\n%declare {terminals}"


@cache
def _reader() -> _Reader:
    return _Reader()


_START = frozenset("<BnrWPNbf@DSUFopLx")
_ANY = re.compile("[<BnrWPNbf@DSUFM]")
_SETTLED = re.compile("[nM]")
_DIRECT = {
    "n": "NUMBER", "u": "UNIT", "t": "TIME", "r": "ORDINAL", "L": "REFERENCE", "x": "TIMES", "<": "CMP", ">": "POST",
    "B": "BETWEEN", "W": "WITHIN", "P": "PAST", "N": "NEXT", "h": "WHICHEVER", "g": "AGO",
}  # fmt: skip
_EVENT_SIDES = {"b": "BEFORE", "f": "AFTER", "@": "AT", "D": "DURING", "S": "SINCE", "U": "UNTIL", "F": "FROM"}
_NAMING = frozenset("aKMwmHYqs")
_AMOUNT = frozenset({"NUMBER", "UNIT", "TIME", "ORDINAL", "REFERENCE"})


class Islands:
    """Finds the phrases of one item; `codes` is the item's own copy, adjusted where a number settles a doubt."""

    def __init__(self, text: str, lexemes: Lexemes, first: int, last: int) -> None:
        self.text, self.entries, self.starts, self.ends = text, lexemes.entries, lexemes.starts, lexemes.ends
        self.first, self.last = first, last
        self.codes: list[str] = list(lexemes.codes[first:last])

    def code(self, i: int) -> str:
        """The code of a lexeme, a break beyond the item."""
        return self.codes[i - self.first] if self.first <= i < self.last else "\n"

    def phrases(self) -> list[Phrase]:
        """The phrases, in order, none overlapping."""
        self._settle()
        found: list[Phrase] = []
        i, last, codes, first = self.first, self.last, self.codes, self.first
        while i < last:
            if codes[i - first] not in _START:
                i += 1
                continue
            lexemes = self._collect(i)
            read = _reader().read(self.text, lexemes) if lexemes else None
            if read is None:
                i += 1
                continue
            meaning, n = read
            end = lexemes[n - 1].last
            found.append(Phrase(meaning, lexemes[0].first, end))
            i = max(end, i + 1)
        return found

    def _settle(self) -> None:
        """Numbers tell what the words beside them are: units, classes, or names ("phase 3" is no quantity)."""
        codes, entries, first = self.codes, self.entries, self.first
        for match in _SETTLED.finditer("".join(codes)):
            k = match.start()
            code = codes[k]
            if code == "n":
                before = entries[first + k - 1].text if k else ""
                if (before in _NAMED_BY_NUMBER and not (k > 1 and codes[k - 2] == "M")) or self._in_name(k):
                    codes[k] = "w"
                    continue
                self._unit_behind(k)
            elif code == "M" and entries[first + k].roles["measurement"].kind == "ordinal":
                self._classes_behind(k, entries[first + k].text)

    def _in_name(self, k: int) -> bool:
        """Whether a hyphen ties a number to a word ("IL-12", "glucose-6-phosphate")."""
        i = self.first + k
        if k > 1 and self.codes[k - 1] == "-" and self.starts[i] == self.ends[i - 2] + 1:
            return self.codes[k - 2] in "wKa" and self.entries[i - 2].text not in _SCALES
        return False

    def _unit_behind(self, k: int) -> None:
        codes, entries, first = self.codes, self.entries, self.first
        j = k + 1
        if j + 1 < len(codes) and codes[j] == "-" and "time_unit" in entries[first + j + 1].roles:
            codes[j] = "_"
            j += 1
        if j < len(codes):
            roles = entries[first + j].roles
            if self.text[self.starts[first + j] : self.ends[first + j]] == "D":
                codes[j] = "w"  # dioptres; days are written small
            elif "time_unit" in roles:
                codes[j] = "t"
            elif "unit" in roles and codes[j] != "u":
                codes[j] = "u"

    def _classes_behind(self, k: int, scale: str) -> None:
        """Roman numerals, and letters of the scales that use them, behind a scale ("NYHA class III or IV")."""
        codes, entries, first = self.codes, self.entries, self.first
        j = k + 1
        while j < len(codes) and j < k + 12:
            roles, word = entries[first + j].roles, entries[first + j].text
            if "ordinal" in roles or (word in "abcd" and len(word) == 1 and "child" in scale):
                codes[j] = "r"
            elif codes[j] not in "<>-~,|&/(:vdn=O" and "time_unit" not in roles:
                break
            j += 1

    def _event(self, i: int, *, known: bool = False) -> Lexeme | None:
        """The words from i on that name an event: a known anchor with what stands around it, else a noun phrase."""
        codes, entries, first = self.codes, self.entries, self.first
        k = i - first
        n = len(codes)
        while k < n and codes[k] in "d_":
            k += 1
        begin = k
        event: str | None = None
        end = begin
        size = 0
        while k < n and size < 8:
            code = codes[k]
            if event is None:
                event = entries[first + k].event
                if event is None and known:
                    return None
                if event is not None:
                    end = k + 1
                    k += 1
                    size += 1
                    continue
            if known and event is not None and code in _NAMING:
                return None
            if code in _NAMING or (code == "v" and event is None and size < 3):
                if event is None or code in "wa":
                    end = k + 1
                k += 1
                size += 1
                if event is not None and codes[k - 1] not in "wa":
                    break
            elif code in "O" and k + 1 < n and size:
                j = k + 1
                while j < n and codes[j] in "d_":
                    j += 1
                if j < n and (codes[j] in _NAMING):
                    k = j
                else:
                    break
            elif (code == "d" and event is None) or (code == "-" and k + 1 < n and codes[k + 1] in _NAMING and size):
                k += 1
            else:
                break
        if end <= begin or (known and (event is None or (end < n and codes[end] in "wKM"))):
            return None
        if event is None and all(codes[j] in "vd_" for j in range(begin, end)):
            return None
        entry = Entry("a", "", {"anchor": event or "event"})
        return Lexeme(
            "EVENT", entry, first + begin, first + end, self.starts[first + begin], self.ends[first + end - 1]
        )

    def _lexeme(self, type_: str, i: int) -> Lexeme:
        return Lexeme(type_, self.entries[i], i, i + 1, self.starts[i], self.ends[i])

    def _quantity_at(self, i: int) -> bool:
        """Whether a number with a unit of time stands at i, a comparator or determiner before it aside."""
        j = i
        while self.code(j) in "d_<":
            j += 1
        if self.code(j) != "n":
            return False
        j += 1
        while self.code(j) in "-~_n()":
            j += 1
        return "time_unit" in self.entries[j].roles if self.code(j) != "\n" else False

    def _lasting(self, i: int) -> bool:
        """Whether a duration follows "for", and not an age ("for 2 to 6 years old")."""
        if not self._quantity_at(i):
            return False
        while self.code(i) != "t":
            i += 1
        return not any(w in self.entries[i].text for w in ("old", "age"))

    def _next(self, i: int) -> int:
        while self.code(i) in "d_":
            i += 1
        return i

    def _collect(self, i: int) -> list[Lexeme]:
        """The terminals from lexeme i on, as far as they may belong to one phrase."""
        out: list[Lexeme] = []
        timely = False  # inside a window
        last = min(self.last, i + _REACH)
        while i < last:
            code = self.code(i)
            kind = out[-1].type if out else ""
            if code in _DIRECT:
                if code == "t" and kind not in ("NUMBER", "PAST", "NEXT", "WITHIN"):
                    break
                if (code == "u" and kind != "NUMBER") or (code == "h" and not timely):
                    break
                if (code == "L" and not out) or (code == "W" and not self._quantity_at(i + 1)):
                    break
                timely = timely or code in "WPN"
                out.append(self._lexeme(_DIRECT[code], i))
            elif code in "d_":
                pass
            elif code == "-" and kind in ("CMP", "BETWEEN") and self.code(i + 1) == "n":
                i += 1
                entry = self.entries[i]
                minus = Entry("n", entry.text, {"number": -entry.roles["number"]})
                out.append(Lexeme("NUMBER", minus, i, i + 1, self.starts[i - 1], self.ends[i]))
            elif code in "-~" or (code == "U" and kind in _AMOUNT):
                after = self.code(self._next(i + 1))
                if kind in _AMOUNT and after in "n<rL":
                    out.append(self._lexeme("TO", i))
                elif code == "U" or (kind == "EVENT" and code == "~"):
                    out.append(self._lexeme("UNTIL" if code == "U" else "TO", i))
                    if not self._limit(out, i + 1):
                        out.pop()
                        break
                    i = out[-1].last
                    continue
                else:
                    break
            elif code == "O" or (code == "p" and self.entries[i].text in ("to", "in")):
                j = self._next(i + 1)
                if self.code(j) == "L":
                    pass
                elif code == "p" and not out and "within" in self.entries[i].roles and self._quantity_at(i + 1):
                    out.append(self._lexeme("WITHIN", i))
                    timely = True
                elif code == "O" and kind == "TIME" and timely:
                    event = self._event(i + 1)
                    if event is None:
                        break
                    out += [self._lexeme("OF", i), event]
                    i = event.last
                    continue
                else:
                    break
            elif code == "F" and not out and self.code(self._next(i + 1)) == "n":
                out.append(self._lexeme("FROM", i))
            elif code == "F" and kind == "TIME":
                event = self._event(i + 1)
                if event is None:
                    break
                out += [self._lexeme("AFTER", i), event]
                i = event.last
                continue
            elif code in _EVENT_SIDES:
                if code in "@DSUF" and out and kind != "OR":
                    if code == "U" and kind == "EVENT":
                        out.append(self._lexeme("UNTIL", i))
                        if self._limit(out, i + 1):
                            i = out[-1].last
                            continue
                        out.pop()
                    break
                if kind and kind not in ("TIME", "OR", "WHICHEVER"):
                    break
                event = self._event(i + 1, known=code == "@")
                if event is None:
                    if code == "b" and kind == "TIME" and "ago" in self.entries[i].roles:
                        out.append(self._lexeme("AGO", i))
                    break
                timely = True
                out += [self._lexeme(_EVENT_SIDES[code], i), event]
                i = event.last
                continue
            elif code == "H" and kind == "TIME" and "ago" in self.entries[i].roles:
                event = self._event(i + 1, known=True)
                if event is not None and self.entries[i].text == "prior":
                    out += [self._lexeme("BEFORE", i), event]
                    i = event.last
                    continue
                out.append(self._lexeme("AGO", i))
            elif code in "op" and (not out or kind == "OR") and "for" in self.entries[i].roles and self._lasting(i + 1):
                out.append(self._lexeme("FOR", i))
                timely = True
            elif code == "q" and kind == "TIMES":
                out.append(Lexeme("REFERENCE", _NORMAL, i, i + 1, self.starts[i], self.ends[i]))
            elif code in "&|,/":
                joint = self._joint(out, i)
                if joint is None:
                    break
                if joint:
                    out.append(self._lexeme(joint, i))
            elif code == "M" and kind == "CMP" and self.code(i + 1) in "nr" and out[-1].last == i:
                pass  # "≥ grade 3": the scale stands between the comparator and its class
            elif code == "(" and kind == "EVENT" and self.code(i + 1) == "|" and self._quantity_at(i + 2):
                # "within 4 weeks before X (or 5 half-lives, whichever is longer)"
                j = self._next(i + 2)
                close = next((k for k in range(j, min(last, j + 24)) if self.code(k) == ")"), 0)
                if not close or self.code(j) != "n" or self.code(j + 1) != "t":
                    break
                which = next((k for k in range(j, close) if self.code(k) == "h"), 0)
                out += [self._lexeme("ALT", i + 1), self._lexeme("NUMBER", j), self._lexeme("TIME", j + 1)]
                if which:
                    out.append(self._lexeme("WHICHEVER", which))
                out[-1].last = close + 1
                break
            elif code == "(" and kind == "NUMBER" and self.code(i + 1) == "n" and self.code(i + 2) == ")":
                i += 2  # "one (1) month"
                if "time_unit" in self.entries[i + 1].roles and self.code(i + 1) != "\n":
                    self.codes[i + 1 - self.first] = "t"
            elif code == "(" and kind == "TIME":
                close = self._repeated(i)
                if not close:
                    break
                i = close
            else:
                break
            i += 1
        return out

    def _limit(self, out: list[Lexeme], i: int) -> bool:
        """What "until" reaches to: an event, or a distance behind one."""
        i = self._next(i)
        if self.code(i) == "<":
            i = self._next(i + 1)
        if self._quantity_at(i):
            j = i
            parts = []
            while self.code(j) in "nt-_~":
                if self.code(j) in "nt":
                    parts.append(self._lexeme(_DIRECT[self.code(j)], j))
                j += 1
            if self.code(j) in "bf" and len(parts) == 2:
                event = self._event(j + 1)
                if event is not None:
                    out += [*parts, self._lexeme(_EVENT_SIDES[self.code(j)], j), event]
                    return True
            return False
        event = self._event(i)
        if event is None:
            return False
        out.append(event)
        return True

    def _joint(self, out: list[Lexeme], i: int) -> str | None:
        """What a connective inside a phrase is; the empty string where it is only punctuation, None where it ends it."""
        code = self.code(i)
        kind = out[-1].type if out else ""
        j = self._next(i + 1)
        after = self.code(j)
        if (
            code == "/"
            and after == "n"
            and kind == "NUMBER"
            and self.entries[j].text in ("10", "100")
            and self.ends[i] == self.starts[j]
        ):
            self.codes[j - self.first] = "_"  # "4/10" is 4 on a scale of ten
            return ""
        if code == "," and after in "&|" and kind in _AMOUNT:
            return "" if self.code(self._next(j + 1)) in "nr<" else None
        if after == "h":
            return ""
        if kind == "EVENT" and code == "|" and out[0].type in ("WITHIN", "NUMBER") and self._quantity_at(j):
            return "ALT"
        windowed = any(x.type in ("WITHIN", "PAST", "NEXT", "FOR", "EVENT") for x in out)
        if kind in _AMOUNT and not windowed:
            if out[0].type == "BETWEEN" and code == "&":
                return "AND"
            if after == "<" and code != "/":
                return "AND" if code in "&," else "OR"
            plain = not any(x.type in ("CMP", "POST", "TO") for x in out)
            if after in "nr" and plain and (kind in ("NUMBER", "ORDINAL") or code != ","):
                return "LIST"
            return None
        if kind == "POST" and after == "<":
            return "AND" if code in "&," else "OR"
        if kind == "TIME" and windowed and code in "|/," and self._quantity_at(j):
            return "ALT" if code != "," else None
        if windowed and code == "|" and after in "bf@DWPNUF":
            return "OR"
        if code == "&" and kind == "EVENT" and out[0].type == "DURING" and after == "o" and self._quantity_at(j + 1):
            return "OR"  # "during the study and for 12 weeks after the last dose"
        return None

    def _repeated(self, i: int) -> int:
        """The end of a bracket that says a quantity again in another unit ("4 weeks (28 days)"), else 0."""
        j = i + 1
        while self.code(j) in "nut-_<~":
            j += 1
        return j if self.code(j) == ")" and j > i + 2 else 0


_NAMED_BY_NUMBER = frozenset(
    [
        "type",
        "phase",
        "arm",
        "cohort",
        "group",
        "part",
        "visit",
        "version",
        "section",
        "item",
        "question",
        "step",
        "appendix",
        "figure",
        "table",
        "covid",
        "covid-19",
        "criterion",
        "criteria",
        "protocol",
        "study",
        "cycle",
        "number",
        "no",
        "#",
    ]
)
_REACH = 48
"""No phrase is longer: what repeats without end ("within 3 days within 3 days …") is read piece by piece."""
_SCALES = frozenset(["grade", "stage", "class", "score", "level", "ages", "age", "aged"])
_NORMAL = Entry("L", "normal", {"reference": "normal"})


def phrases(text: str, lexemes: Lexemes, first: int, last: int) -> tuple[list[Phrase], str]:
    """The values and windows among the lexemes `[first, last)`, and the item's codes as the numbers settled them."""
    codes = lexemes.codes[first:last]
    if not _ANY.search(codes):
        return [], codes
    islands = Islands(text, lexemes, first, last)
    return islands.phrases(), "".join(islands.codes)
