"""What is known of a person whatever the record tells of events: age and sex."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from msgspec import UNSET

from protoparse.days import Days
from protoparse.model import Comparison, Fact
from protoparse.screen.knowing.amounts import holds
from protoparse.screen.knowing.matching import sex_of, years_of
from protoparse.screen.knowing.times import Frame, age
from protoparse.screen.patient import Event, Patient, days
from protoparse.screen.verdicts import Truth, Why

_UNITS = {"a": "a", "mo": "mo", "wk": "wk", "d": "d"}
_PARTS = {"a": ("mo", 12), "wk": ("d", 7)}


def decide_person(
    fact: Fact, patient: Patient, on: Days | None, windows: Iterable[Frame]
) -> tuple[Truth, Why, tuple[Event, ...]]:
    """What is known of a person fact about age or sex `on` a day, None where that is not known; `windows` are its."""
    sex = sex_of(fact.concept)
    if sex is not None:
        asked, whole = sex
        if asked == "any":
            return True, "decided", ()
        if patient.sex is None:
            return None, "no-data", ()
        if patient.sex != asked or other_years(fact, patient, windows):
            return False, "decided", ()
        return (True, "decided", ()) if whole and not fact.modifiers else (None, "no-data", ())
    if fact.value is None:
        return None, "no-value", ()
    if patient.birth is None:
        return None, "no-data", ()
    if on is None:
        return None, "no-anchor", ()
    truth = _aged(fact.value, days(patient.birth), on)
    return truth, "decided" if truth is not None else "undated", ()


def person_events(fact: Fact, patient: Patient) -> tuple[Event, ...]:
    """Who the patient is, as far as what is known of a fact rests on it."""
    found = []
    if patient.sex is not None and fact.concept.name != "age":
        found.append(Event(domain="person", name="sex", value=patient.sex))
    if patient.birth is not None:
        found.append(Event(domain="person", name="birth", start=patient.birth))
    return tuple(found)


def other_sex(fact: Fact, patient: Patient) -> bool:
    """Whether a fact can be true only of the sex that the patient is not of: no man is pregnant."""
    sex = sex_of(fact.concept)
    return sex is not None and patient.sex is not None and sex[0] not in ("any", patient.sex)


def other_years(fact: Fact, patient: Patient, windows: Iterable[Frame]) -> bool:
    """Whether a fact can be true only in years of life that the patient is not in: no woman of 70 is pregnant."""
    years = years_of(fact.concept)
    if years is None or patient.birth is None:
        return False
    birth = days(patient.birth)
    return all(
        (frame.start is not None and age(birth, frame.start, "a")[0] > years[1])
        or (frame.end is not None and age(birth, frame.end, "a")[1] < years[0])
        for frame in windows
    )


def _aged(value: Comparison, birth: Days, on: Days) -> Truth:
    """Age counts in completed years, months, weeks or days: who is 65 and a half is not over 65."""
    unit = _UNITS.get(value.unit.ucum or "" if value.unit is not None else "a")
    if unit is None or value.reference is not None:
        return None
    asked = [
        x
        for x in (value.value, value.low, value.high, *(value.values if value.values is not UNSET else ()))
        if isinstance(x, int | float)
    ]
    if not asked:
        return None
    parts = 1
    if unit in _PARTS and not all(isinstance(x, int) or x.is_integer() for x in asked):
        unit, parts = _PARTS[unit]
    least, most = age(birth, on, unit)
    told = {holds(value, Fraction(n, parts)) for n in range(least, most + 1)}
    return told.pop() if len(told) == 1 else None
