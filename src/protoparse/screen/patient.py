"""What is known of a patient, as dated events: the small JSON `protoparse.patient/1`, and what every reader makes.

In: JSON bytes. Out: a `Patient`, and back.

>>> patient = load_patient(b'{"format": "protoparse.patient/1", "id": "p1", "sex": "female", "birth": "1961-05"}')
>>> patient.birth, days(patient.birth)
('1961-05', (datetime.date(1961, 5, 1), datetime.date(1961, 5, 31)))

Days are written as FHIR writes them, "2019-03-07", "2019-03" or "2019": what is not known is left out. What a record
does not say is unknown, not absent, unless it says that it is complete for a domain.
"""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import msgspec

from protoparse.errors import PatientError
from protoparse.model import Code, Domain, Number, Record

FORMAT: Final = "protoparse.patient/1"

Sex: TypeAlias = Literal["female", "male"]

_DAY = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")


class Event(Record, frozen=True, kw_only=True):
    """One thing that a record says of a patient: that it was so, or, with `absent`, that it was not.

    `start` and `end` are days as precise as they are known; a measurement or a single act has only a `start`. `ongoing`
    says whether it still held when the record was made, None where the record does not say. `value` is a number with
    its `unit` (UCUM where the source has it) or a word ("positive"); `low` and `high` are the laboratory's own range
    of normal in the same unit. `dose` goes with drugs; `status` are words of the record that narrow it ("severe",
    "left"). `source` points into the record ("Condition/123").
    """

    domain: Domain
    name: str
    codes: tuple[Code, ...] = ()
    start: str | None = None
    end: str | None = None
    ongoing: bool | None = None
    absent: bool = False
    value: Number | str | None = None
    unit: str | None = None
    low: Number | None = None
    high: Number | None = None
    dose: Number | None = None
    dose_unit: str | None = None
    status: tuple[str, ...] = ()
    source: str | None = None


class PatientNote(Record, frozen=True, kw_only=True):
    """A warning of a reader: what of a record could not be used, or is doubtful."""

    code: str
    message: str
    source: str | None = None


class Patient(Record, frozen=True, kw_only=True):
    """A patient. `complete` names the domains in which what is not in the record has not been."""

    format: Literal["protoparse.patient/1"] = FORMAT
    id: str
    sex: Sex | None = None
    birth: str | None = None
    death: str | None = None
    events: tuple[Event, ...] = ()
    complete: tuple[Domain, ...] = ()
    notes: tuple[PatientNote, ...] = ()


_decoder = msgspec.json.Decoder(Patient)


def load_patient(data: bytes | str) -> Patient:
    """Read a patient; raises `PatientError` with the path of what is wrong, a day that is none included."""
    try:
        patient = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise PatientError(str(error)) from None
    for name, day in (("birth", patient.birth), ("death", patient.death)):
        _checked(day, f"$.{name}")
    for n, event in enumerate(patient.events):
        _checked(event.start, f"$.events[{n}].start")
        _checked(event.end, f"$.events[{n}].end")
    return patient


def dump_patient(patient: Patient) -> bytes:
    """Write a patient as UTF-8 JSON."""
    return msgspec.json.encode(patient)


@lru_cache(100_000)
def days(written: str) -> tuple[date, date]:
    """The first and the last day that a written day may mean; raises `ValueError` for what is none.

    >>> days("2020-02")[1].day
    29
    """
    match = _DAY.fullmatch(written)
    if match is None:
        raise ValueError(f"{written!r} is no day: write 2019-03-07, 2019-03 or 2019")
    year, month, day = (int(part) if part else 0 for part in match.groups())
    if day:
        return date(year, month, day), date(year, month, day)
    if month:
        return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
    return date(year, 1, 1), date(year, 12, 31)


def _checked(day: str | None, place: str) -> None:
    try:
        if day is not None:
            days(day)
    except ValueError as error:
        raise PatientError(f"{error} - at `{place}`") from None
