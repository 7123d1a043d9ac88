"""The result of an observation: a number with its unit and range, a word, or that it was not so.

In: an Observation or a component. Out: a `Result`; None, with a note, where there is none for a reason.

A number that is only known to be below or above a limit is left out, and so are ranges: a screening would take either
for the value itself.
"""

from __future__ import annotations

from typing import NamedTuple

from protoparse.errors import UnitError
from protoparse.model import Number
from protoparse.screen.records import naming
from protoparse.screen.records.charting import Chart
from protoparse.screen.records.resources import Component, Quantity, Ratio, Words
from protoparse.units import convert


class Result(NamedTuple):
    """What was found; `low` and `high` are in the unit of the value."""

    value: Number | str | None = None
    unit: str | None = None
    low: Number | None = None
    high: Number | None = None
    absent: bool = False


def answered(part: Component) -> bool:
    """Whether there is a result of any kind."""
    return any(
        value is not None
        for value in (
            part.value_quantity, part.value_codeable_concept, part.value_string, part.value_boolean, part.value_integer,
            part.value_range, part.value_ratio, part.value_date_time,
        )
    )  # fmt: skip


def read(chart: Chart, part: Component, name: str, source: str) -> Result | None:
    """The result, with notes in the chart of what it lacks."""
    if not answered(part):
        if part.data_absent_reason is not None:
            chart.note("no-value", f"{name}: no result, for a reason", source, lost=("measurement", "observation"))
            return None
        return Result()
    if part.value_quantity is not None:
        return _number(chart, part, part.value_quantity, name, source)
    if part.value_integer is not None:
        low, high = _range(chart, part, None, name, source)
        return Result(part.value_integer, None, low, high)
    if part.value_boolean is not None:
        return Result("yes" if part.value_boolean else "no", absent=not part.value_boolean)
    if part.value_codeable_concept is not None:
        return _word(part.value_codeable_concept)
    if part.value_ratio is not None:
        titre = _titre(part.value_ratio)
        if titre is None:
            chart.note("no-value", f"{name}: a ratio of two quantities is not read", source)
        return Result(titre)
    if part.value_range is not None:
        chart.note("no-value", f"{name}: a range in the place of a value", source)
        return Result()
    text = (part.value_string or part.value_date_time or "").strip()
    return Result(naming.plain(text) or None)


def unit_of(chart: Chart, ucum: str | None, printed: str | None, name: str, source: str | None) -> str | None:
    """The unit of a number, with a note where it has none or one that nobody knows."""
    unit, known = naming.unit(ucum, printed)
    if unit is None:
        chart.note("no-unit", f"{name}: no unit", source)
    elif not known:
        chart.note("unknown-unit", f"{name}: unit {unit!r} is no UCUM", source)
    return unit


def _number(chart: Chart, part: Component, quantity: Quantity, name: str, source: str) -> Result:
    ucum, printed = naming.of_quantity(quantity)
    if quantity.value is None:
        chart.note("no-value", f"{name}: a quantity without a number", source)
        return Result()
    unit = unit_of(chart, ucum, printed, name, source)
    low, high = _range(chart, part, unit, name, source)
    if quantity.comparator is not None:
        shown = f"{quantity.comparator} {quantity.value} {unit or ''}".rstrip()
        chart.note("no-value", f"{name}: only known to be {shown}", source)
        return Result(None, unit, low, high)
    return Result(quantity.value, unit, low, high)


def _word(words: Words) -> Result:
    said = naming.answer([words.text, *(x for c in words.coding for x in (c.code, c.display))])
    if said is not None:
        return Result(said, absent=said == "no")
    texts = [words.text, *(c.display for c in words.coding), *(c.code for c in words.coding)]
    return Result(next((naming.plain(text) for text in texts if text), None))


def _titre(ratio: Ratio) -> str | None:
    """ "1:128" """
    over, under = ratio.numerator, ratio.denominator
    if over is None or under is None or over.value is None or under.value is None:
        return None
    if any(q.comparator or (naming.unit(*naming.of_quantity(q))[0] or "1") != "1" for q in (over, under)):
        return None
    return f"{over.value}:{under.value}"


def _range(
    chart: Chart, part: Component, unit: str | None, name: str, source: str
) -> tuple[Number | None, Number | None]:
    """The laboratory's own range of normal in the unit of the value, where there is just one."""
    normal = [
        r
        for r in part.reference_range
        if (r.low or r.high)
        and r.age is None
        and not r.applies_to
        and (r.type is None or any(c.code == "normal" for c in r.type.coding))
    ]
    if len(normal) != 1:
        if any(r.low or r.high for r in part.reference_range):
            chart.note("no-range", f"{name}: not one range of normal", source)
        return None, None
    given = normal[0].low, normal[0].high
    low, high = (_in_unit(end, unit, name) for end in given)
    if any(end and end.value is not None and found is None for end, found in zip(given, (low, high), strict=True)):
        chart.note("no-range", f"{name}: its range of normal is in another unit", source)
        return None, None
    return low, high


def _in_unit(end: Quantity | None, unit: str | None, name: str) -> Number | None:
    """An end of a range in the unit of the value, which is meant where the end has none of its own."""
    if end is None or end.value is None:
        return None
    own, _ = naming.unit(*naming.of_quantity(end))
    if own is None or own == unit:
        return end.value
    try:
        return float(convert(end.value, own, unit or "", analyte=name))
    except UnitError:
        return None
