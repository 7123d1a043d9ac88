"""What an island of quantity means: comparisons.

In: the lexemes of a phrase, as `grammars/quantity.lark` and `comparison.lark` build it. Out: a `Value`; "≥ 18 years"
gives `>= 18 a`. What is said of time is in `protoparse.grammar.windows`.
"""

# ruff: noqa: D102 (the methods of `Comparing` are the rules of the grammars, which tell what each reads)

from __future__ import annotations

import re
from typing import Any, NamedTuple

from lark import Transformer
from msgspec import Struct
from msgspec.structs import replace

from protoparse.lexing import Entry
from protoparse.model import Comparison, Number, Operator, Reference, Unit, Window


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


class Lexeme(Struct, eq=False, gc=False):
    """A terminal: a type, an entry, the lexemes `[first, last)` and the characters that it covers."""

    type: str
    entry: Entry
    first: int
    last: int
    start: int
    end: int


class Amount(NamedTuple):
    """A number with what it is counted in, and the characters `[start, end)` that it covers."""

    value: Number | str
    unit: Unit | None
    reference: Reference | None
    start: int
    end: int


_FLIP: dict[str, Operator] = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!="}


def named_unit(text: str, entry: Entry, role: str) -> Unit:
    """A unit as printed, with the code that the vocabulary gives it in a role ("unit", "time_unit")."""
    printed = entry.roles.get("printed", text)
    if printed.endswith(".") and "." not in printed[:-1]:
        printed = printed[:-1]  # "40 kg.", not "y.o."
    return Unit(text=printed, ucum=entry.roles[role])


_CELLS = ("/mm3", "/uL")
"""Units in which cells are counted: a cubic millimetre has no thousandths of one, so "1.500" is fifteen hundred."""
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")


class Comparing(Transformer[Any, Any]):
    """Lexemes to comparisons, while they are parsed."""

    text = ""

    # ---- quantities

    def number(self, x: list[Any]) -> Amount:
        return Amount(x[0].entry.roles["number"], None, None, x[0].start, x[0].end)

    def quantity(self, x: list[Any]) -> Amount:
        role = "unit" if x[1].type == "UNIT" else "time_unit"
        unit = named_unit(self.text[x[1].start : x[1].end], x[1].entry, role)
        value = x[0].entry.roles["number"]
        if unit.ucum in _CELLS and _THOUSANDS.fullmatch(self.text, x[0].start, x[0].end) and value < 1000:
            value = round(value * 1000)
        return Amount(value, unit, None, x[0].start, x[1].end)

    def unit(self, x: list[Any]) -> Any:
        return x[0]

    def ordinal(self, x: list[Any]) -> Amount:
        return Amount(x[0].entry.text.upper(), None, None, x[0].start, x[0].end)

    def reference(self, x: list[Any]) -> Amount:
        return Amount(1, None, x[0].entry.roles["reference"], x[0].start, x[0].end)

    def multiple(self, x: list[Any]) -> Amount:
        return Amount(x[0].entry.roles["number"], None, x[-1].entry.roles["reference"], x[0].start, x[-1].end)

    def percentage(self, x: list[Any]) -> Amount:
        unit = named_unit(self.text[x[1].start : x[1].end], x[1].entry, "unit")
        return Amount(x[0].entry.roles["number"], unit, x[-1].entry.roles["reference"], x[0].start, x[-1].end)

    # ---- comparisons

    def compared(self, x: list[Any]) -> Value:
        operator = x[0].entry.roles["before_number"]
        if operator == "=" and len(x) > 2:
            operator = x[2].entry.roles["after_number"]  # "= 5 or higher"
        return one_value(_graded(operator, x[0].entry, x[1]), x[1], x[0].start, x[-1].end)

    def plus(self, x: list[Any]) -> Value:
        role = "unit" if x[2].type == "UNIT" else "time_unit"
        unit = named_unit(self.text[x[2].start : x[2].end], x[2].entry, role)
        return one_value(x[1].entry.roles["after_number"], x[0]._replace(unit=unit), x[0].start, x[2].end)

    def tolerance(self, x: list[Any]) -> Value:
        amount = x[1]
        if not isinstance(amount.value, int | float):
            return self.bare([amount])
        low, high = (amount._replace(value=sign * amount.value, reference="baseline") for sign in (-1, 1))
        return _between(low, high, x[0].start)

    def pair(self, x: list[Any]) -> Value:
        operator, first, second = x[0].entry.roles["before_number"], x[1], x[3]
        upper = one_value(operator, first._replace(unit=first.unit or second.unit), x[0].start, first.end)
        lower = one_value(operator, second, second.start, second.end)
        return Value(upper.comparisons + lower.comparisons, "all" if first.unit else "pair")

    def pair_after(self, x: list[Any]) -> Value:
        operator, first, second = x[3].entry.roles["after_number"], x[0], x[2]
        upper = one_value(operator, first._replace(unit=first.unit or second.unit), first.start, first.end)
        lower = one_value(operator, second, second.start, x[3].end)
        return Value(upper.comparisons + lower.comparisons, "pair")

    def compared_after(self, x: list[Any]) -> Value:
        operator = _graded(x[1].entry.roles["after_number"], x[1].entry, x[0])
        return one_value(operator, x[0], x[0].start, x[1].end)

    def bare(self, x: list[Any]) -> Value:
        return one_value("=", x[0], x[0].start, x[0].end)._replace(bare=True)

    def reversed(self, x: list[Any]) -> Value:
        return one_value(_FLIP[x[1].entry.roles["before_number"]], x[0], x[0].start, x[1].end)._replace(fronted=True)

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

    def amounts(self, x: list[Any]) -> list[Amount]:
        first = x[0] if isinstance(x[0], list) else [x[0]]
        return [*first, x[2]]

    def listed(self, x: list[Any]) -> Value:
        amounts: list[Amount] = x[0]
        if len(amounts) == 2 and amounts[1].unit is not None and amounts[1].unit.ucum == "mm[Hg]":
            upper, lower = (one_value("=", a._replace(unit=amounts[1].unit), a.start, a.end) for a in amounts)
            return Value(upper.comparisons + lower.comparisons, "pair", bare=True)
        unit = next((a.unit for a in reversed(amounts) if a.unit), None)
        first = amounts[0]
        if unit is not None and any(a.unit is not None and a.unit.ucum != unit.ucum for a in amounts):
            # "a rise of 12 % and 200 mL"
            told = self.text[first.end : amounts[1].start].strip().lower()
            each = [one_value("=", a, a.start, a.end).comparisons for a in amounts]
            return Value(tuple(c for one in each for c in one), "any" if told == "or" else "all", bare=True)
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


def _graded(operator: Operator, said: Entry, amount: Amount) -> Operator:
    """The operator of "better" and "worse": more is worse, but of sight and of what is lost below nought less is.

    The better sight sees the smaller letter, and more of them: 20/40 is more than 20/80.
    """
    if not any(word in said.text for word in ("better", "worse", "poorer")):
        return operator
    value, unit = amount.value, amount.unit.text.lower() if amount.unit and amount.unit.text else ""
    less = "/" in value if isinstance(value, str) else value < 0 or unit.startswith(("letter", "etdrs"))
    return _FLIP[operator] if less else operator


def one_value(operator: Operator, amount: Amount, start: int, end: int) -> Value:
    """One comparison with an amount, over the characters `[start, end)`."""
    return Value(
        (
            Comparison(
                operator=operator, value=amount.value, unit=amount.unit, reference=amount.reference, span=(start, end)
            ),
        )
    )


def _between(low: Amount, high: Amount, start: int, *, below: str = ">=", above: str = "<=") -> Value:
    units = low.unit is not None and high.unit is not None and low.unit.ucum != high.unit.ucum
    if below[0] == above[0] or units or (low.reference != high.reference and low.reference is not None):
        # "< 5 to < 10": no range; "6 months to 5 years": one in two units
        return Value(
            (
                *one_value(below, low, low.start, low.end).comparisons,  # type: ignore[arg-type]
                *one_value(above, high, high.start, high.end).comparisons,  # type: ignore[arg-type]
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
