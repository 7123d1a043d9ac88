"""One FHIR resource that is about a patient → events in the patient's chart.

In: the JSON of a resource and a `Case`. Out: events, or a note of what is left out and why. What nobody stands behind
is no event: what was entered in error, planned or cancelled, and a diagnosis or allergy that is not confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw

from protoparse import lexicon
from protoparse.model import Domain
from protoparse.screen.patient import Event
from protoparse.screen.records import elements, naming, resources, results
from protoparse.screen.records.dosing import dose
from protoparse.screen.records.elements import Case
from protoparse.screen.records.resources import Words

_NOT_DONE = {"not-done", "not-taken"}
_WITHDRAWN = {
    "entered-in-error", "cancelled", "draft", "intended", "planned", "preparation", "registered", "proposed",
    "declined",
}  # fmt: skip
_NOT_ORDERED = {"proposal", "plan", "option"}
_MEASURED = {"laboratory", "vital-signs", "imaging", "procedure", "exam"}
_SMOKING = "72166-2"


def domains(kind: str) -> tuple[Domain, ...]:
    """The domains of what resources of a kind say; none where they are not read."""
    return _READERS[kind][0] if kind in _READERS else ()


def read(kind: str, raw: Raw, case: Case, source: str) -> bool:
    """Put what a resource says into the chart; False where resources of that kind are not read."""
    if kind not in _READERS:
        return False
    said, type_, reader = _READERS[kind]
    try:
        resource = msgspec.json.decode(raw, type=type_)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        case.chart.note("malformed", f"{kind}: {error}", source, lost=said)
        return True
    status = getattr(resource, "status", None)
    if status in _WITHDRAWN:
        case.chart.note("withdrawn", f"{kind} left out: {status}", source)
    else:
        reader(case, resource, source)
    return True


def _condition(case: Case, r: resources.Condition, source: str) -> None:
    named = elements.named(case, r.code, "condition", source)
    refuted = named and elements.verified(case, r.verification_status, named.name, "condition", source)
    if named is None or refuted is None:
        return
    state = elements.state_of(r.clinical_status)
    start = elements.when(case, r.onset_date_time, r.onset_period, r.onset_age, named.name, source)
    end = elements.when(case, r.abatement_date_time, r.abatement_period, r.abatement_age, named.name, source)
    if start is None and not refuted:
        case.chart.note("undated", "conditions without a day of onset", source)
    case.chart.add(
        Event(
            domain="condition",
            name=named.name,
            codes=named.codes,
            start=start,
            end=end,
            ongoing=None if refuted else elements.ongoing_by(state, end),
            absent=refuted,
            status=elements.status_of(elements.said(state), r.severity, *(s.summary for s in r.stage), *r.body_site),
            source=source,
        )
    )


def _observation(case: Case, r: resources.Observation, source: str) -> None:
    categories = {c.code for words in r.category for c in words.coding}
    moments = r.effective_timing.event if r.effective_timing else []
    moment = r.effective_date_time or r.effective_instant or next(iter(moments), None)
    start, _ = elements.span_of(case, "observations", r.effective_period, moment, source)
    for part, place in [(r, source), *((c, f"{source}.component[{n}]") for n, c in enumerate(r.component))]:
        if (
            part is r
            and not results.answered(part)
            and (r.component or r.has_member)
            and part.data_absent_reason is None
        ):
            continue  # the head of a panel
        named = elements.named(case, part.code, "measurement", place)
        if named is None:
            continue
        result = results.read(case.chart, part, named.name, place)
        if result is None:
            continue
        social = "social-history" in categories or any(c.code == _SMOKING for c in named.codes)
        measured = (
            isinstance(result.value, int | float)
            or part.value_quantity is not None
            or categories & _MEASURED
            or any(c.system == "LOINC" and c.code in _measurements() for c in named.codes)
        )
        case.chart.add(
            Event(
                domain="measurement" if measured and not social else "observation",
                name=named.name,
                codes=named.codes,
                start=start,
                absent=result.absent,
                value=result.value,
                unit=result.unit,
                low=result.low,
                high=result.high,
                status=elements.status_of(elements.said(r.status), r.body_site),
                source=place,
            )
        )


def _drug(case: Case, r: resources.Drug, source: str) -> None:
    if r.do_not_perform or r.intent in _NOT_ORDERED:
        case.chart.note("withdrawn", f"{source.partition('/')[0]} left out: {r.intent or 'not to be taken'}", source)
        return
    words = r.medication_codeable_concept
    link = r.medication_reference or r.medication
    if words is not None:
        named = elements.named(case, words, "drug", source)
    else:
        named = elements.pointed(case, link, r.contained, "drug", source)
    if named is None:
        return
    dosages = r.dosage_instruction or (r.dosage if isinstance(r.dosage, list) else [r.dosage])
    repeat = dosages[0].timing.repeat if dosages and dosages[0].timing else None
    bounds = repeat.bounds_period if repeat else None
    period = r.effective_dose_period or r.effective_period or r.occurence_period or bounds
    moment = r.effective_date_time or r.occurence_date_time or r.when_handed_over or r.authored_on
    start, end = elements.span_of(case, "drugs", period, moment, source)
    taken = dose(dosages)
    case.chart.add(
        Event(
            domain="drug",
            name=named.name,
            codes=named.codes,
            start=start,
            end=end,
            # What was handed over is not taken yet.
            ongoing=None if r.status in _NOT_DONE or r.when_handed_over else elements.ongoing_by(r.status, end),
            absent=r.status in _NOT_DONE,
            dose=taken and taken[0],
            dose_unit=taken and taken[1],
            status=elements.status_of(elements.said(r.status)),
            source=source,
        )
    )


def _procedure(case: Case, r: resources.Procedure, source: str) -> None:
    named = elements.named(case, r.code, "procedure", source)
    if named is None:
        return
    period = r.performed_period or r.occurrence_period
    start, end = elements.span_of(case, "procedures", period, r.performed_date_time or r.occurrence_date_time, source)
    case.chart.add(
        Event(
            domain="procedure",
            name=named.name,
            codes=named.codes,
            start=start,
            end=end,
            ongoing=None if r.status in _NOT_DONE else elements.ongoing_by(r.status, None),
            absent=r.status in _NOT_DONE,
            status=elements.status_of(elements.said(r.status), *r.body_site),
            source=source,
        )
    )


def _allergy(case: Case, r: resources.Allergy, source: str) -> None:
    substances = [r.code] if r.code else [x.substance for x in r.reaction if x.substance]
    for words in substances or (None,):
        named = elements.named(case, words, "allergy", source)
        refuted = named and elements.verified(case, r.verification_status, named.name, "allergy", source)
        if named is None or refuted is None:
            continue
        state = elements.state_of(r.clinical_status)
        kind = r.type if isinstance(r.type, str) else elements.state_of(r.type)
        case.chart.add(
            Event(
                domain="allergy",
                name=named.name,
                codes=named.codes,
                start=elements.when(case, r.onset_date_time, r.onset_period, r.onset_age, named.name, source),
                ongoing=None if refuted else elements.ongoing_by(state, None),
                absent=refuted,
                status=elements.status_of(
                    kind if kind == "intolerance" else None,
                    r.criticality and f"{r.criticality} criticality",
                    *(x.severity for x in r.reaction),
                ),
                source=source,
            )
        )


def _encounter(case: Case, r: resources.Encounter, source: str) -> None:
    classes = [r.class_] if isinstance(r.class_, resources.Coding) else [c for w in r.class_ or [] for c in w.coding]
    known = naming.visit(c.code for c in classes)
    words = Words(coding=[*classes, *(c for w in r.type for c in w.coding)])
    names = [name for w in r.type if (name := elements.name_of(w))]
    start, end = elements.span_of(case, "visits", r.period or r.actual_period, None, source)
    case.chart.add(
        Event(
            domain="visit",
            name=known or next(iter(names), None) or elements.name_of(words) or "visit",
            codes=elements.codes_of(words),
            start=start,
            end=end,
            ongoing=elements.ongoing_by(r.status, end),
            status=elements.status_of(*names) if known else (),
            source=source,
        )
    )


def _immunization(case: Case, r: resources.Immunization, source: str) -> None:
    named = elements.named(case, r.vaccine_code, "drug", source)
    if named is None:
        return
    start, _ = elements.span_of(case, "immunizations", None, r.occurrence_date_time, source)
    absent = r.status in _NOT_DONE
    case.chart.add(
        Event(
            domain="drug",
            name=named.name,
            codes=named.codes,
            start=start,
            absent=absent,
            ongoing=None if absent else False,
            source=source,
        )
    )


def _device(case: Case, r: resources.Device, source: str) -> None:
    words = r.type[0] if isinstance(r.type, list) and r.type else r.type if isinstance(r.type, Words) else None
    shown = next((n.name for n in r.device_name if n.name), None)
    named = elements.named(case, words or (Words(text=shown) if shown else None), "device", source)
    if named is not None:
        ongoing = True if r.status == "active" else None
        case.chart.add(Event(domain="device", name=named.name, codes=named.codes, ongoing=ongoing, source=source))


def _device_use(case: Case, r: resources.DeviceUse, source: str) -> None:
    named = elements.pointed(case, r.device, r.contained, "device", source)
    if named is None:
        return
    start, end = elements.span_of(case, "devices", r.timing_period, r.timing_date_time, source)
    ongoing = elements.ongoing_by(r.status, end)
    case.chart.add(
        Event(domain="device", name=named.name, codes=named.codes, start=start, end=end, ongoing=ongoing, source=source)
    )


_READERS: dict[str, tuple[tuple[Domain, ...], Any, Callable[[Case, Any, str], None]]] = {
    "Condition": (("condition",), resources.Condition, _condition),
    "Observation": (("measurement", "observation"), resources.Observation, _observation),
    "MedicationRequest": (("drug",), resources.Drug, _drug),
    "MedicationStatement": (("drug",), resources.Drug, _drug),
    "MedicationUsage": (("drug",), resources.Drug, _drug),
    "MedicationAdministration": (("drug",), resources.Drug, _drug),
    "MedicationDispense": (("drug",), resources.Drug, _drug),
    "Procedure": (("procedure",), resources.Procedure, _procedure),
    "AllergyIntolerance": (("allergy",), resources.Allergy, _allergy),
    "Encounter": (("visit",), resources.Encounter, _encounter),
    "Immunization": (("drug",), resources.Immunization, _immunization),
    "Device": (("device",), resources.Device, _device),
    "DeviceUseStatement": (("device",), resources.DeviceUse, _device_use),
    "DeviceUsage": (("device",), resources.DeviceUse, _device_use),
}


@cache
def _measurements() -> frozenset[str]:
    """LOINC's codes of what the project calls a measurement."""
    return frozenset(row["loinc"] for row in lexicon.rows("measurements") if row["loinc"])
