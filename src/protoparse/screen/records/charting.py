"""A patient as a reader fills it in: events and notes are put into a `Chart`, which makes the `Patient` of them.

In: what a reader has understood. Out: a `Patient`, its days checked against each other. Bad data never stops a reader:
it becomes a note, and what it says is left out. A domain of which something had to be left out is not complete.

Codes of notes: `no-birth`, `bad-birth`, `no-sex`, `bad-day` (is none), `bad-period` (ends before it begins), `undated`,
`before-birth`, `after-death`, `future` (after the record was made), `dead` (nobody knows since when), `no-unit`,
`unknown-unit`, `no-value`, `no-range`, `no-name`, `no-code`, `unconfirmed`, `withdrawn` (entered in error, cancelled,
not begun), `malformed`, `duplicate`, `broken-reference`, `not-read` (of a kind that no reader knows), `no-column`,
`no-table`, `contradiction`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import get_args

from msgspec.structs import replace

from protoparse.model import Domain
from protoparse.screen.patient import Event, Patient, PatientNote, Sex, days
from protoparse.screen.records import naming

_WRITTEN = re.compile(r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:[T ].*)?", re.S)
_PACKED = re.compile(r"(\d{4})(\d\d)(\d\d)")


def checked_domains(complete: Iterable[str]) -> tuple[Domain, ...]:
    """Domains that a caller names; raises `ValueError` for one that is none."""
    known: dict[str, Domain] = {domain: domain for domain in get_args(Domain)}
    named = tuple(complete)
    for domain in named:
        if domain not in known:
            raise ValueError(f"domain {domain!r} is none of {', '.join(known)}")
    return tuple(known[domain] for domain in dict.fromkeys(named))


def cut(written: str | date | None) -> str | None:
    """A day as written, its time cut off and "20190307" parted; raises `ValueError` for what is no day.

    >>> cut("2019-03-07T23:50:00-11:00"), cut("2019-03"), cut(" ")
    ('2019-03-07', '2019-03', None)
    """
    if written is None:
        return None
    text = (written.isoformat() if isinstance(written, date) else written).strip()
    if not text:
        return None
    match = _WRITTEN.fullmatch(text)
    day = match[1] if match else "-".join(packed.groups()) if (packed := _PACKED.fullmatch(text)) else text
    days(day)
    return day


def spanned(first: date, last: date) -> str | None:
    """The narrowest written day, month or year that two days are in; None where not even a year holds both.

    >>> spanned(date(2020, 2, 3), date(2020, 2, 9))
    '2020-02'
    """
    a, b = first.isoformat(), last.isoformat()
    return next((a[:n] for n in (10, 7, 4) if a[:n] == b[:n]), None)


class Chart:
    """One patient's events and notes while a record is read."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.sex: Sex | None = None
        self.birth: str | None = None
        self.death: str | None = None
        self.dead = False
        self.events: list[Event] = []
        self._notes: dict[tuple[str, str], tuple[int, str | None]] = {}
        self._lost: set[Domain] = set()

    def note(self, code: str, message: str, source: str | None = None, *, lost: tuple[Domain, ...] = ()) -> None:
        """Say that something is wrong; what is said twice is counted. `lost`: where what is left out for it belongs."""
        count, first = self._notes.get((code, message), (0, source))
        self._notes[code, message] = count + 1, first
        self._lost.update(lost)

    def lose(self, domains: Iterable[Domain]) -> None:
        """Something of these domains was left out: the record is complete in none of them."""
        self._lost.update(domains)

    def day(self, written: str | date | None, what: str, source: str | None = None) -> str | None:
        """A day cut to itself, None with a note where it is none."""
        try:
            return cut(written)
        except ValueError:
            self.note("bad-day", f"{what}: {str(written)[:40]!r} is no day", source)
            return None

    def add(self, event: Event) -> None:
        """Put an event in: an allergy among conditions and observations goes where allergies are."""
        if event.start and event.end and days(event.end)[1] < days(event.start)[0]:
            self.note("bad-period", f"{event.name}: ends {event.end}, before it begins {event.start}", event.source)
            event = replace(event, start=None, end=None)
        if event.domain in ("condition", "observation", "allergy"):
            kind = naming.unlisted([event.name, *(c.code for c in event.codes)])
            if kind is not None:
                event = replace(event, domain="allergy", name=kind, absent=True, codes=(), value=None)
            elif (substance := naming.allergen(event.name, event.domain)) is not None:
                event = replace(event, domain="allergy", name=substance)
                if isinstance(event.value, str) and not event.absent and naming.answer([event.value]) is None:
                    event = replace(event, name=event.value, value=None)  # allergy to a drug: penicillin
        self.events.append(event)

    def patient(
        self,
        *,
        complete: tuple[Domain, ...] = (),
        made: str | None = None,
        notes: Iterable[PatientNote] = (),
    ) -> Patient:
        """The patient; `made` is the day of the record where one is known, `notes` are what holds for all patients."""
        self._check(made)
        allergies = {event.absent for event in self.events if event.domain == "allergy"}
        if allergies == {True, False}:
            self.note("contradiction", "allergies are recorded, and also that there are none", None, lost=("allergy",))
        return Patient(
            id=self.id,
            sex=self.sex,
            birth=self.birth,
            death=self.death,
            events=tuple(self.events),
            complete=tuple(d for d in complete if d not in self._lost),
            notes=(
                *(
                    PatientNote(code=code, message=f"{text} ({n} times)" if n > 1 else text, source=source)
                    for (code, text), (n, source) in self._notes.items()
                ),
                *notes,
            ),
        )

    def _check(self, made: str | None) -> None:
        """Days against each other: what cannot be is noted, a birth that cannot be is left out."""
        if self.sex is None:
            self.note("no-sex", "neither female nor male in the record")
        now = days(made)[1] if made else None
        died = days(self.death)[1] if self.death else None
        if self.death is None and self.dead:
            self.note("dead", "dead, on a day that is not in the record")
        if self.birth is None:
            self.note("no-birth", "no day of birth in the record")
        elif (died and days(self.birth)[0] > died) or (now and days(self.birth)[0] > now):
            against = f"death, {self.death}" if died and days(self.birth)[0] > died else f"the record, {made}"
            self.note("bad-birth", f"born {self.birth}, after {against}")
            self.birth = None
        born = days(self.birth)[0] if self.birth else None
        for event in self.events:
            if event.start is None:
                continue
            first, last = days(event.start)
            if born and last < born:
                self.note("before-birth", "events before birth", event.source)
            if died and first > died:
                self.note("after-death", "events after death", event.source)
            if now and first > now:
                self.note("future", f"events after the day of the record, {made}", event.source)
