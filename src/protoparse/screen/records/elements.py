"""What FHIR resources have in common: what they are about, how sure it is, whether it holds, when it was.

In: elements of a resource and the `Case` in which it is read. Out: names with codes, states, days; None, with a note in
the chart, where a resource does not tell.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec
from msgspec import Raw

from protoparse.model import Code, Domain
from protoparse.screen.patient import days
from protoparse.screen.records import naming, resources
from protoparse.screen.records.charting import Chart, spanned
from protoparse.screen.records.resources import Link, Period, Quantity, Words

_OVER = {"completed", "stopped", "ended", "finished", "discharged", "discontinued", "inactive", "resolved", "remission"}
_UNDER_WAY = {"active", "in-progress", "recurrence", "relapse", "arrived", "triaged", "onleave"}
_SAID = {"remission", "recurrence", "relapse", "stopped", "preliminary"}
"""Words of a status that narrow what is said."""


class Case(NamedTuple):
    """A chart, and how to find what a resource points to: by reference, among those contained in it and all others."""

    chart: Chart
    find: Callable[[str, Sequence[Raw]], Raw | None]


# ------------------------------------------------------------------ names


class Named(NamedTuple):
    """What a resource is about."""

    name: str
    codes: tuple[Code, ...]


def named(case: Case, words: Words | None, domain: Domain, source: str) -> Named | None:
    """What a resource is about; None, with a note, where it does not say."""
    name = name_of(words)
    if name is None or words is None:
        case.chart.note("no-name", f"{source.partition('/')[0]} without a name", source, lost=(domain,))
        return None
    return Named(name, codes_of(words))


def name_of(words: Words | None) -> str | None:
    """In words, else by a code."""
    if words is None:
        return None
    texts = [words.text, *(c.display for c in words.coding), *(c.code for c in words.coding)]
    return next((plain for text in texts if text and (plain := naming.plain(text))), None)


def codes_of(words: Words) -> tuple[Code, ...]:
    """The codes whose vocabularies are named, each once."""
    return tuple(dict.fromkeys(naming.code(c.system, c.code) for c in words.coding if c.system and c.code))


def pointed(case: Case, link: Link | None, contained: Sequence[Raw], domain: Domain, source: str) -> Named | None:
    """What a resource is about that is said, or pointed to: a drug or a device."""
    if link is None or link.concept is not None:
        return named(case, link.concept if link else None, domain, source)
    raw = case.find(link.target, contained) if link.target else None
    words: Words | None = None
    if raw is None:
        case.chart.note("broken-reference", f"nothing at {link.target or 'an empty reference'}", source)
    else:
        try:
            if domain == "drug":
                words = msgspec.json.decode(raw, type=resources.Medication).code
            else:
                kind = msgspec.json.decode(raw, type=resources.Device).type
                words = kind if not isinstance(kind, list) else next(iter(kind), None)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            case.chart.note("malformed", f"{link.target}: {error}", source)
    return named(case, words or (Words(text=link.shown) if link.shown else None), domain, source)


# ------------------------------------------------------------------ states


def state_of(words: Words | None) -> str | None:
    """The code of a status, or its words."""
    if words is None:
        return None
    return next((c.code for c in words.coding if c.code), None) or (words.text and words.text.strip().lower())


def verified(case: Case, words: Words | None, name: str, domain: Domain, source: str) -> bool | None:
    """Whether what is recorded is refuted; None where it is to be left out."""
    state = state_of(words)
    if state == "entered-in-error":
        case.chart.note("withdrawn", f"{source.partition('/')[0]} left out: {state}", source)
        return None
    if naming.doubtful([state]):
        case.chart.note("unconfirmed", f"{name}: {state}", source, lost=(domain,))
        return None
    return state == "refuted"


def ongoing_by(state: str | None, end: str | None) -> bool | None:
    """Whether it holds, by its status, else by its end."""
    if state in _UNDER_WAY:
        return True
    return False if state in _OVER or end else None


def status_of(*words: Words | str | None) -> tuple[str, ...]:
    """The words that narrow what is said, in lower case."""
    texts = [w if isinstance(w, str) else name_of(w) for w in words]
    return tuple(dict.fromkeys(text.lower() for text in texts if text))


def said(state: str | None) -> str | None:
    """The state, where it narrows what is said."""
    return state if state in _SAID else None


# ------------------------------------------------------------------ days


def day_of(case: Case, written: str | None, source: str) -> str | None:
    """The day, its time cut off."""
    return case.chart.day(written, source.partition("/")[0], source)


def span_of(
    case: Case, what: str, period: Period | None, moment: str | None, source: str
) -> tuple[str | None, str | None]:
    """The first and the last day of a time, or the day of a moment; a note where not even the first is known."""
    start = day_of(case, (period.start if period else None) or moment, source)
    if start is None:
        case.chart.note("undated", f"{what} without a day", source)
    return start, day_of(case, period.end, source) if period else None


def when(
    case: Case, moment: str | None, period: Period | None, age: Quantity | None, name: str, source: str
) -> str | None:
    """The day of something that began or ended once, as precise as a moment, a time or an age tells it."""
    if moment or period is None:
        return day_of(case, moment, source) or _at_age(case, age, name, source)
    start, end = day_of(case, period.start, source), day_of(case, period.end, source)
    if start is None or end is None:
        return start if period.end is None else None
    return spanned(days(start)[0], days(end)[1])


def _at_age(case: Case, age: Quantity | None, name: str, source: str) -> str | None:
    """The day, month or year in which a patient had an age; in years it is mostly in two of them."""
    if age is None or age.value is None:
        return None
    unit, _ = naming.unit(*naming.of_quantity(age))
    found = None
    if case.chart.birth and unit and age.comparator is None and age.value == int(age.value):
        first, last = days(case.chart.birth)
        count = int(age.value)
        try:
            # Who is 3 years old is so until the day before the fourth birthday.
            found = spanned(_later(first, count, unit), _later(last, count + 1, unit) - timedelta(days=1))
        except (ValueError, OverflowError):
            found = None
    if found is None:
        case.chart.note("undated", f"{name}: its day is only known by age, {age.value} {unit or ''}".rstrip(), source)
    return found


def _later(day: date, count: int, unit: str) -> date:
    """A day so many units of UCUM later; raises `ValueError` or `OverflowError` where there is none."""
    if unit in ("d", "wk"):
        return day + timedelta(days=count * (7 if unit == "wk" else 1))
    months = day.year * 12 + day.month - 1 + count * {"mo": 1, "a": 12}[unit] if unit in ("mo", "a") else -1
    year, month = divmod(months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(f"{count} {unit} after {day} is no day")
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
