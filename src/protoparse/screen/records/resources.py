"""The parts of FHIR resources that are read, R4's and R5's in one: R5's names stand beside those they replace.

In: the JSON of a resource. Out: typed records; what else a resource holds is passed over, and a part of another type
than FHIR gives it is msgspec's `ValidationError` with the path of it.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct, field

from protoparse.model import Number


class Part(Struct, frozen=True, gc=False, rename="camel"):
    """The base of every part: unknown fields are passed over."""


class Coding(Part, frozen=True):
    """A code of a vocabulary."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Words(Part, frozen=True):
    """A CodeableConcept: the same thing in several vocabularies, and in words."""

    coding: list[Coding] = []
    text: str | None = None


class Identifier(Part, frozen=True):
    """A name that somebody gave a resource."""

    value: str | None = None


class Reference(Part, frozen=True):
    """A pointer to another resource."""

    reference: str | None = None
    display: str | None = None


class Link(Part, frozen=True):
    """A Reference (R4) or a CodeableReference (R5), whose reference is a Reference itself."""

    reference: str | Reference | None = None
    concept: Words | None = None
    display: str | None = None

    @property
    def target(self) -> str | None:
        """What is pointed to."""
        return self.reference.reference if isinstance(self.reference, Reference) else self.reference

    @property
    def shown(self) -> str | None:
        """What is pointed to, in words."""
        return self.display or (self.reference.display if isinstance(self.reference, Reference) else None)


class Quantity(Part, frozen=True):
    """A number with its unit."""

    value: Number | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Part, frozen=True):
    """Two quantities."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Part, frozen=True):
    """One quantity over another."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Part, frozen=True):
    """From when to when."""

    start: str | None = None
    end: str | None = None


class Repeat(Part, frozen=True):
    """How often something is done."""

    bounds_period: Period | None = None
    frequency: int | None = None
    frequency_max: int | None = None
    period: Number | None = None
    period_max: Number | None = None
    period_unit: str | None = None


class Timing(Part, frozen=True):
    """When something is done."""

    event: list[str] = []
    repeat: Repeat | None = None


class DoseAndRate(Part, frozen=True):
    """How much of a drug at a time."""

    dose_quantity: Quantity | None = None


class Dosage(Part, frozen=True):
    """How a drug is taken."""

    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed: bool | None = None
    dose_and_rate: list[DoseAndRate] = []
    dose_quantity: Quantity | None = None
    dose: Quantity | None = None


class Meta(Part, frozen=True):
    """About the resource itself."""

    last_updated: str | None = None


class Head(Part, frozen=True):
    """What is looked at of every resource, before its type is known."""

    resource_type: str | None = None
    id: str | None = None
    meta: Meta | None = None
    subject: Link | list[Link] | None = None
    patient: Link | list[Link] | None = None

    @property
    def about(self) -> Link | None:
        """The one that the resource is about; None where it is about nobody, or several."""
        link = self.subject or self.patient
        return link[0] if isinstance(link, list) and len(link) == 1 else link if isinstance(link, Link) else None


class Request(Part, frozen=True):
    """What a transaction does with an entry."""

    method: str | None = None


class Entry(Part, frozen=True):
    """A resource in a bundle."""

    full_url: str | None = None
    resource: Raw = Raw()
    request: Request | None = None


class Bundle(Part, frozen=True):
    """Several resources."""

    entry: list[Entry] = []
    timestamp: str | None = None
    meta: Meta | None = None


class Resource(Part, frozen=True):
    """What every resource that becomes an event has."""

    id: str | None = None
    contained: list[Raw] = []


class Patient(Resource, frozen=True):
    """A patient, person alone."""

    identifier: list[Identifier] = []
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None


class Stage(Part, frozen=True):
    """The stage of a condition."""

    summary: Words | None = None


class Condition(Resource, frozen=True):
    """A diagnosis."""

    code: Words | None = None
    clinical_status: Words | None = None
    verification_status: Words | None = None
    severity: Words | None = None
    stage: list[Stage] = []
    body_site: list[Words] = []
    onset_date_time: str | None = None
    onset_period: Period | None = None
    onset_age: Quantity | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    abatement_age: Quantity | None = None


class ReferenceRange(Part, frozen=True):
    """What a laboratory takes for normal, or for another thing, which `type` and `appliesTo` say."""

    low: Quantity | None = None
    high: Quantity | None = None
    type: Words | None = None
    applies_to: list[Words] = []
    age: Range | None = None


class Component(Part, frozen=True):
    """One of several results, or the only one: what an Observation and its components share."""

    code: Words | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: Words | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    value_date_time: str | None = None
    data_absent_reason: Words | None = None
    reference_range: list[ReferenceRange] = []


class Observation(Component, frozen=True):
    """A result."""

    id: str | None = None
    contained: list[Raw] = []
    status: str | None = None
    category: list[Words] = []
    component: list[Component] = []
    has_member: list[Link] = []
    body_site: Words | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    effective_timing: Timing | None = None


class Medication(Resource, frozen=True):
    """A drug."""

    code: Words | None = None


class Drug(Resource, frozen=True):
    """A MedicationRequest, -Statement or -Usage, -Administration or -Dispense."""

    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    medication_codeable_concept: Words | None = None
    medication_reference: Link | None = None
    medication: Link | None = None
    authored_on: str | None = None
    when_handed_over: str | None = None
    effective_dose_period: Period | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    occurence_date_time: str | None = None  # so spelled in R5
    occurence_period: Period | None = None
    dosage_instruction: list[Dosage] = []
    dosage: Dosage | list[Dosage] = []


class Procedure(Resource, frozen=True):
    """What was done to a patient."""

    status: str | None = None
    code: Words | None = None
    body_site: list[Words] = []
    performed_date_time: str | None = None
    performed_period: Period | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None


class Reaction(Part, frozen=True):
    """What a substance did."""

    substance: Words | None = None
    severity: str | None = None


class Allergy(Resource, frozen=True):
    """An AllergyIntolerance."""

    code: Words | None = None
    clinical_status: Words | None = None
    verification_status: Words | None = None
    type: str | Words | None = None
    criticality: str | None = None
    reaction: list[Reaction] = []
    onset_date_time: str | None = None
    onset_period: Period | None = None
    onset_age: Quantity | None = None


class Encounter(Resource, frozen=True):
    """A visit."""

    status: str | None = None
    class_: Coding | list[Words] | None = field(default=None, name="class")
    type: list[Words] = []
    period: Period | None = None
    actual_period: Period | None = None


class Immunization(Resource, frozen=True):
    """A vaccination."""

    status: str | None = None
    vaccine_code: Words | None = None
    occurrence_date_time: str | None = None


class Named(Part, frozen=True):
    """One of a device's names."""

    name: str | None = None


class Device(Resource, frozen=True):
    """A device, or an implant."""

    status: str | None = None
    type: Words | list[Words] | None = None
    device_name: list[Named] = []


class DeviceUse(Resource, frozen=True):
    """A DeviceUseStatement (R4) or DeviceUsage (R5)."""

    status: str | None = None
    device: Link | None = None
    timing_date_time: str | None = None
    timing_period: Period | None = None


def head(raw: bytes | Raw) -> Head:
    """What is looked at of every resource; raises `msgspec.MsgspecError`."""
    return msgspec.json.decode(raw, type=Head)
