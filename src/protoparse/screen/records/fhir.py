"""FHIR resources → patients: bundles (collection, transaction, search set …), and resources one by one; R4 and R5.

In: the resources of one record, or of a bulk export, as JSON. Out: one `Patient` for each Patient among them, with the
events of the resources that are about it.

>>> bundle = b'''{"resourceType": "Bundle", "entry": [
...   {"fullUrl": "urn:uuid:a", "resource": {"resourceType": "Patient", "id": "a", "birthDate": "1950"}},
...   {"resource": {"resourceType": "Condition", "id": "c", "subject": {"reference": "urn:uuid:a"},
...     "code": {"text": "Gout"}, "onsetDateTime": "2001-05-04T10:00:00Z"}}]}'''
>>> [patient] = Resources().take(bundle).patients()
>>> patient.events[0].name, patient.events[0].start
('Gout', '2001-05-04')

A resource that comes twice is read once; of two versions the newest counts. Of what is about nobody among the patients,
or of a kind that is not read, all that remains is a note with its count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from protoparse.errors import PatientError
from protoparse.model import Domain
from protoparse.screen.patient import Patient, PatientNote
from protoparse.screen.records import elements, naming, resources, statements
from protoparse.screen.records.charting import Chart, cut

_T = TypeVar("_T")

_POINTED_TO = {"Medication", "Device"}


class _Held(NamedTuple):
    head: resources.Head
    raw: bytes | Raw
    url: str | None

    @property
    def name(self) -> str:
        """The resource as a reference names it."""
        return (
            f"{self.head.resource_type}/{self.head.id}" if self.head.id else self.url or f"{self.head.resource_type}/?"
        )

    @property
    def updated(self) -> str:
        """When this version was made, as written."""
        return (self.head.meta and self.head.meta.last_updated) or ""


class Resources:
    """The resources of a record: `take` them, then ask for the `patients`."""

    def __init__(self) -> None:
        self._held: dict[object, _Held] = {}
        self._doubles: Counter[str] = Counter()
        self._strays: Counter[str] = Counter()
        self._made: str = ""

    def __len__(self) -> int:
        """How many resources there are."""
        return len(self._held)

    def take(self, data: bytes | Raw) -> Resources:
        """Put a resource in, or all those of a bundle; raises `PatientError` for what is neither."""
        try:
            head = resources.head(data)
            if head.resource_type == "Bundle":
                bundle = msgspec.json.decode(data, type=resources.Bundle)
                self._date(bundle.timestamp)
                self._date(bundle.meta.last_updated if bundle.meta else None)
                for entry in bundle.entry:
                    if bytes(entry.resource) and not (entry.request and entry.request.method == "DELETE"):
                        self._one(entry.resource, entry.full_url)
                return self
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise PatientError(str(error)) from None
        if head.resource_type is None:
            raise PatientError("no FHIR resource: it has no `resourceType`")
        self._hold(_Held(head, data, None))
        return self

    def patients(self, *, complete: tuple[Domain, ...] = ()) -> Iterator[Patient]:
        """Every patient, in the order met; `complete` are the domains in which the record says all that has been.

        There is none among organisations and the like alone. Raises `PatientError` where there are resources about
        patients and no patients, or no resources at all.
        """
        charts: list[Chart] = []
        known: dict[str, Chart | None] = {}
        broken: list[PatientError] = []
        for held in self._held.values():
            if held.head.resource_type == "Patient":
                try:
                    charts.append(_opened(held))
                except PatientError as error:
                    broken.append(error)
                    self._strays[str(error)] += 1
                else:
                    _register(known, held, charts[-1])
        if not charts and (broken or not self._held or any(held.head.about for held in self._held.values())):
            found = f"no Patient among {len(self._held)} resources" if self._held else "no resources"
            raise broken[0] if broken else PatientError(found)
        pointed: dict[str, Raw | None] = {}
        for held in self._held.values():
            if held.head.resource_type in _POINTED_TO:
                _register(pointed, held, Raw(held.raw))
        about: dict[int, list[_Held]] = {}
        theirs: set[Domain] = set()
        for held in self._held.values():
            link = held.head.about
            if held.head.resource_type == "Patient" or link is None:
                continue  # an organisation, a place: about no patient
            chart = _at(known, link.target or "", held.url)
            if chart is None:
                self._strays[f"{held.head.resource_type} of {link.target or 'nobody'}"] += 1
                if link.target is None or len(charts) == 1:  # it may well be about a patient who is here
                    theirs.update(statements.domains(held.head.resource_type or ""))
            else:
                about.setdefault(id(chart), []).append(held)
        shared = list(self._notes())
        for chart in charts:
            chart.lose(theirs)
            unread: Counter[str] = Counter()
            for held in about.pop(id(chart), []):
                kind = held.head.resource_type or "?"
                case = elements.Case(chart, partial(_find, pointed, held.url))
                if not statements.read(kind, Raw(held.raw), case, held.name):
                    unread[kind] += 1
            if unread:
                chart.note("not-read", "not read: " + ", ".join(f"{n} {kind}" for kind, n in unread.most_common()))
            yield chart.patient(complete=complete, made=self._made or None, notes=shared)

    def _one(self, raw: Raw, url: str | None) -> None:
        """A resource of a bundle; one that is none is counted."""
        try:
            head = resources.head(raw)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            self._strays[f"broken resource ({error})"] += 1
            return
        if head.resource_type == "Bundle":
            self.take(raw)  # the answer to one of several searches
        else:
            self._hold(_Held(head, raw, url))

    def _hold(self, held: _Held) -> None:
        self._date(held.updated)
        key: object = held.url or (held.name if held.head.id else object())
        before = self._held.get(key)
        if before is not None:
            self._doubles[held.head.resource_type or "?"] += 1
            if held.updated < before.updated:
                return
        self._held[key] = held

    def _date(self, written: str | None) -> None:
        """Remember the latest day on which any of the record was made."""
        try:
            day = cut(written)
        except ValueError:
            return
        self._made = max(self._made, day or "")

    def _notes(self) -> Iterator[PatientNote]:
        """What holds for all patients of the record."""
        for kind, count in self._doubles.items():
            yield PatientNote(code="duplicate", message=f"{kind}: {count} more than once, each read once")
        if self._strays:
            shown = ", ".join(f"{n} {what}" for what, n in self._strays.most_common(5))
            more = len(self._strays) - 5
            message = f"about no patient of the record: {shown}" + (f" and {more} more" if more > 0 else "")
            yield PatientNote(code="broken-reference", message=message)


def _opened(held: _Held) -> Chart:
    """The chart of a patient, without events yet; raises `PatientError` for one that has no name of any kind."""
    try:
        person = msgspec.json.decode(held.raw, type=resources.Patient)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise PatientError(f"{held.name}: {error}") from None
    named = next((i.value for i in person.identifier if i.value), None)
    id_ = person.id or (held.url and held.url.rpartition("/")[2].removeprefix("urn:uuid:")) or named
    if not id_:
        raise PatientError("a Patient without an id")
    chart = Chart(id_)
    chart.sex = naming.sex([person.gender])
    chart.birth = chart.day(person.birth_date, "birthDate", held.name)
    chart.death = chart.day(person.deceased_date_time, "deceasedDateTime", held.name)
    chart.dead = bool(person.deceased_boolean) or person.deceased_date_time is not None
    return chart


def _register(known: dict[str, _T | None], held: _Held, what: _T) -> None:
    """Put in what references may name; None stands where a short name is two resources', of two servers."""
    if held.url:
        known[held.url] = what
    if held.head.id and held.name != held.url:
        known[held.name] = None if held.name in known else what


def _at(known: Mapping[str, _T | None], target: str, url: str | None) -> _T | None:
    """What a reference names in a resource that is at a URL; its version and the server it is on may be left out."""
    target = target.partition("/_history/")[0]
    if "://" in target:
        return known.get(target) or known.get("/".join(target.split("/")[-2:]))
    beside = "/".join([*url.split("/")[:-2], target]) if url and "://" in url else target
    return known.get(beside) or known.get(target)


def _find(pointed: Mapping[str, Raw | None], url: str | None, target: str, contained: Sequence[Raw]) -> Raw | None:
    """What a resource points to: beside it, or ("#a") within it."""
    if not target.startswith("#"):
        return _at(pointed, target, url)
    for raw in contained:
        try:
            if resources.head(raw).id == target[1:]:
                return raw
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            continue
    return None
