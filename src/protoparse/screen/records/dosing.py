"""How much of a drug is taken: a day's dose where the record says how often, else the dose at a time.

>>> from protoparse.screen.records.resources import DoseAndRate, Timing
>>> twice = Dosage(timing=Timing(repeat=Repeat(frequency=2, period=1, period_unit="d")),
...                dose_and_rate=[DoseAndRate(dose_quantity=Quantity(value=5, unit="mg"))])
>>> dose([twice])
(10, 'mg/d')
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from protoparse.errors import UnitError
from protoparse.model import Number
from protoparse.screen.records import naming
from protoparse.screen.records.resources import Dosage, Quantity, Repeat
from protoparse.units import convert


def dose(dosages: Sequence[Dosage]) -> tuple[Number, str] | None:
    """The dose and its unit; None where there is none, none in a known unit, or more than one."""
    if len(dosages) != 1:
        return None
    [dosage] = dosages
    given = [dosage.dose, dosage.dose_quantity, *(d.dose_quantity for d in dosage.dose_and_rate)]
    amounts: list[Quantity] = [q for q in given if q is not None]
    if len(amounts) != 1 or amounts[0].value is None or amounts[0].comparator is not None:
        return None
    unit, known = naming.unit(*naming.of_quantity(amounts[0]))
    if unit is None or not known:
        return None
    repeat = dosage.timing.repeat if dosage.timing else None
    as_needed = dosage.as_needed or dosage.as_needed_boolean
    times = None if repeat is None or as_needed else _times(repeat)
    if times is None:
        return amounts[0].value, unit
    daily = Fraction(str(amounts[0].value)) * times
    return int(daily) if daily.denominator == 1 else float(daily), f"{unit}/d"


def _times(repeat: Repeat) -> Fraction | None:
    """How often a day, None where that is not fixed."""
    if repeat.frequency_max or repeat.period_max or not repeat.period or not repeat.period_unit:
        return None
    if repeat.period_unit not in ("h", "d", "wk"):
        return None  # a dose a month is no dose a day
    try:
        return Fraction(repeat.frequency or 1) / convert(repeat.period, repeat.period_unit, "d")
    except (UnitError, ZeroDivisionError):
        return None
