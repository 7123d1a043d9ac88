"""Patients of FHIR, of OMOP and in our own JSON: invented records in, `Patient`s with their notes out."""

from __future__ import annotations

import copy
import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from protoparse.errors import PatientError
from protoparse.model import Code
from protoparse.screen.patient import Event, Patient, dump_patient, load_patient
from protoparse.screen.records import naming
from protoparse.screen.records.charting import cut
from protoparse.screen.records.fhir import Resources
from protoparse.screen.records.reading import from_connection, patients
from server import postgresql

SCT = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def words(text: str | None = None, system: str = SCT, code: str | None = None, display: str | None = None) -> Any:
    coding = {k: v for k, v in (("system", system), ("code", code), ("display", display)) if v}
    return {**({"text": text} if text else {}), **({"coding": [coding]} if code or display else {})}


def quantity(value: float, unit: str, **more: Any) -> Any:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


PERSON = {"resourceType": "Patient", "id": "ada", "gender": "female", "birthDate": "1961-05-03"}


def about(kind: str, id_: str = "x", **fields: Any) -> dict[str, Any]:
    """A resource about the patient."""
    return {"resourceType": kind, "id": id_, "subject": {"reference": "Patient/ada"}, **fields}


def bundle(*resources: Any, **fields: Any) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **fields}).encode()


def read(*resources: Any, person: Any = PERSON, complete: Any = (), **fields: Any) -> Patient:
    [patient] = Resources().take(bundle(person, *resources, **fields)).patients(complete=complete)
    assert load_patient(dump_patient(patient)) == patient
    return patient


def event(*resources: Any, person: Any = PERSON) -> Event:
    [found] = read(*resources, person=person).events
    return found


def notes(patient: Patient) -> list[str]:
    return [note.code for note in patient.notes]


def said(patient: Patient, code: str) -> str:
    [note] = [note for note in patient.notes if note.code == code]
    return note.message


# ------------------------------------------------------------------ days and names


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2019-03-07", "2019-03-07"),
        ("2019-03-07T23:59:00-10:00", "2019-03-07"),
        ("2019-03-07 00:00:00", "2019-03-07"),
        ("20190307", "2019-03-07"),
        ("2019-03", "2019-03"),
        ("2019", "2019"),
        ("", None),
        (None, None),
    ],
)
def test_a_day_is_cut_as_it_is_written(written: str | None, day: str | None) -> None:
    assert cut(written) == day


@pytest.mark.parametrize("written", ["2019-02-30", "2019-13", "7 March 2019", "2019-3-7", "0000", "2019-03-07x"])
def test_what_is_no_day_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        cut(written)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("http://snomed.info/sct", "SNOMED"),
        ("http://snomed.info/sct/731000124108/version/20240301", "SNOMED"),
        ("http://loinc.org/", "LOINC"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "ICD-10-CM"),
        ("ICD10CM", "ICD-10-CM"),
        ("urn:oid:2.16.840.1.113883.6.88", "RxNorm"),
        ("http://hl7.org/fhir/sid/cvx|2024", "CVX"),
        ("http://ward.example/codes", "http://ward.example/codes"),
        ("Read", "Read"),
    ],
)
def test_vocabularies_have_the_names_that_concepts_use(written: str, name: str) -> None:
    assert naming.system(written) == name


@pytest.mark.parametrize(
    ("ucum", "printed", "unit"),
    [
        ("mm[Hg]", "mmHg", ("mm[Hg]", True)),
        ("mmHg", None, ("mm[Hg]", True)),
        (None, "mg/dl", ("mg/dL", True)),
        (None, "K/uL", ("10*3/uL", True)),
        (None, "U/L", ("U/L", True)),
        ("nonsense", "g/L", ("g/L", True)),
        (None, "blobs", ("blobs", False)),
        (None, None, (None, False)),
    ],
)
def test_a_unit_is_ucum_s_code_before_what_is_printed(ucum: str | None, printed: str | None, unit: object) -> None:
    assert naming.unit(ucum, printed) == unit


# ------------------------------------------------------------------ FHIR: the person


def test_a_person_has_sex_birth_and_death() -> None:
    patient = read(person={**PERSON, "deceasedDateTime": "2021-08-09T04:00:00+02:00"})
    assert (patient.id, patient.sex, patient.birth, patient.death) == ("ada", "female", "1961-05-03", "2021-08-09")
    assert patient.notes == ()


def test_a_birth_may_be_a_year() -> None:
    assert read(person={**PERSON, "birthDate": "1961"}).birth == "1961"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"birthDate": None}, "no-birth"),
        ({"birthDate": "1961-02-31"}, "bad-day"),
        ({"gender": "other"}, "no-sex"),
        ({"deceasedBoolean": True}, "dead"),
        ({"deceasedDateTime": "1950-01-01"}, "bad-birth"),
        ({"meta": {"lastUpdated": "1960-12-31T00:00:00Z"}}, "bad-birth"),
    ],
)
def test_what_is_wrong_with_a_person_is_noted(change: Any, code: str) -> None:
    patient = read(person={**PERSON, **change})
    assert code in notes(patient)
    if "birth" in code or "birthDate" in change:
        assert patient.birth is None


def test_events_that_cannot_have_been_are_noted_and_kept() -> None:
    patient = read(
        about("Procedure", "1", code=words("Biopsy"), performedDateTime="1960-01-01"),
        about("Procedure", "2", code=words("Biopsy"), performedDateTime="2020-01-01"),
        about("Procedure", "3", code=words("Biopsy"), performedDateTime="2023-01-01"),
        person={**PERSON, "deceasedDateTime": "2019-01-01"},
        timestamp="2022-06-01T10:00:00Z",
    )
    assert len(patient.events) == 3
    assert notes(patient) == ["before-birth", "after-death", "future"]
    assert said(patient, "after-death") == "events after death (2 times)"


def test_without_a_day_of_the_record_nothing_is_future() -> None:
    assert notes(read(about("Procedure", code=words("Biopsy"), performedDateTime="2999"))) == []


# ------------------------------------------------------------------ FHIR: conditions


def condition(**fields: Any) -> Any:
    return about("Condition", **{"code": words("Gout", code="90560007", display="Gout (disorder)"), **fields})


def test_a_condition_has_name_codes_and_days() -> None:
    found = event(
        condition(
            clinicalStatus=words(system=CLINICAL, code="resolved"),
            verificationStatus=words(system=VERIFIED, code="confirmed"),
            onsetDateTime="2019-03-07T10:00:00Z",
            abatementDateTime="2019-04",
            severity=words("Severe"),
            stage=[{"summary": words("Stage II")}],
            bodySite=[words(display="Left foot (body structure)")],
        )
    )
    assert found == Event(
        domain="condition",
        name="Gout",
        codes=(Code(system="SNOMED", code="90560007"),),
        start="2019-03-07",
        end="2019-04",
        ongoing=False,
        status=("severe", "stage ii", "left foot"),
        source="Condition/x",
    )


@pytest.mark.parametrize(
    ("status", "ongoing"),
    [("active", True), ("recurrence", True), ("remission", False), ("inactive", False), ("resolved", False)],
)
def test_a_clinical_status_says_whether_it_holds(status: str, ongoing: bool) -> None:
    found = event(condition(clinicalStatus=words(system=CLINICAL, code=status)))
    assert found.ongoing is ongoing
    assert found.status == ((status,) if status in ("recurrence", "remission") else ())


def test_without_a_status_an_end_says_that_it_is_over() -> None:
    assert event(condition(onsetDateTime="2001")).ongoing is None
    assert event(condition(onsetDateTime="2001", abatementDateTime="2002")).ongoing is False


def test_what_is_refuted_is_absent() -> None:
    found = event(condition(verificationStatus=words(system=VERIFIED, code="refuted")))
    assert (found.absent, found.ongoing) == (True, None)


@pytest.mark.parametrize(
    ("status", "code"),
    [("entered-in-error", "withdrawn"), ("provisional", "unconfirmed"), ("differential", "unconfirmed")],
)
def test_what_nobody_stands_behind_is_no_event(status: str, code: str) -> None:
    patient = read(condition(verificationStatus=words(system=VERIFIED, code=status)), complete=("condition", "drug"))
    assert patient.events == ()
    assert notes(patient) == [code]
    # What might be so is not known not to be; what was withdrawn is.
    assert patient.complete == (("drug",) if code == "unconfirmed" else ("condition", "drug"))


@pytest.mark.parametrize(
    ("onset", "start"),
    [
        ({"onsetPeriod": {"start": "2019-03-07"}}, "2019-03-07"),
        ({"onsetPeriod": {"start": "2019-03-02", "end": "2019-03-20"}}, "2019-03"),
        ({"onsetPeriod": {"start": "2018-03-02", "end": "2019-03-20"}}, None),
        ({"onsetAge": quantity(30, "d")}, "1961-06-02"),
        ({"onsetAge": quantity(3, "mo")}, "1961"),
        ({"onsetAge": quantity(40, "a")}, None),
        ({"onsetAge": {"value": 2, "unit": "furlongs"}}, None),
        ({"onsetString": "in his youth"}, None),
        ({"onsetDateTime": "yesterday"}, None),
    ],
)
def test_an_onset_is_as_precise_as_it_is_known(onset: Any, start: str | None) -> None:
    patient = read(condition(**onset))
    assert patient.events[0].start == start
    assert ("undated" in notes(patient)) is (start is None)


def test_an_age_of_someone_born_on_new_year_s_day_is_a_year() -> None:
    person = {**PERSON, "birthDate": "1961-01-01"}
    assert event(condition(onsetAge=quantity(40, "a")), person=person).start == "2001"


def test_an_end_before_the_beginning_leaves_it_undated() -> None:
    patient = read(condition(onsetDateTime="2019", abatementDateTime="2018"))
    assert (patient.events[0].start, patient.events[0].end) == (None, None)
    assert notes(patient) == ["bad-period"]


def test_a_condition_without_a_name_leaves_its_domain_incomplete() -> None:
    patient = read(condition(code={}), complete=("condition",))
    assert (patient.events, patient.complete, notes(patient)) == ((), (), ["no-name"])


# ------------------------------------------------------------------ FHIR: observations


def observation(**fields: Any) -> Any:
    code = words("Haemoglobin", LOINC, "718-7")
    return about("Observation", **{"status": "final", "effectiveDateTime": "2020-02-03", "code": code, **fields})


def test_a_quantity_has_unit_and_range_of_normal() -> None:
    found = event(
        observation(
            valueQuantity=quantity(11.5, "g/dL"),
            referenceRange=[
                {"low": quantity(120, "g/L"), "high": quantity(16, "g/dL")},
                {"type": words(code="recommended"), "high": quantity(15, "g/dL")},
            ],
        )
    )
    assert (found.domain, found.start) == ("measurement", "2020-02-03")
    assert (found.value, found.unit, found.low, found.high) == (11.5, "g/dL", 12.0, 16)


@pytest.mark.parametrize(
    ("ranges", "code"),
    [
        ([{"high": quantity(9, "mm")}], "no-range"),
        ([{"high": quantity(16, "g/dL")}, {"high": quantity(17, "g/dL")}], "no-range"),
        ([{"high": quantity(16, "g/dL"), "appliesTo": [words("children")]}], "no-range"),
        ([{"text": "see below"}], None),
    ],
)
def test_a_range_that_is_not_surely_the_patient_s_is_left_out(ranges: Any, code: str | None) -> None:
    patient = read(observation(valueQuantity=quantity(11.5, "g/dL"), referenceRange=ranges))
    assert (patient.events[0].low, patient.events[0].high) == (None, None)
    assert notes(patient) == ([code] if code else [])


@pytest.mark.parametrize(
    ("given", "unit", "code"),
    [
        ({"value": 5}, None, "no-unit"),
        ({"value": 5, "unit": "blobs"}, "blobs", "unknown-unit"),
        ({"value": 5, "unit": "mg per dl"}, "mg/dL", None),
        ({"value": 5, "unit": "mg/dL", "system": "http://ward.example/units", "code": "17"}, "mg/dL", None),
    ],
)
def test_a_unit_that_is_missing_or_unknown_is_noted(given: Any, unit: str | None, code: str | None) -> None:
    patient = read(observation(valueQuantity=given))
    assert (patient.events[0].value, patient.events[0].unit) == (5, unit)
    assert notes(patient) == ([code] if code else [])


def test_a_number_that_is_only_a_limit_is_left_out() -> None:
    patient = read(observation(valueQuantity=quantity(60, "mL/min", comparator=">")))
    assert (patient.events[0].value, patient.events[0].unit) == (None, "mL/min")
    assert said(patient, "no-value") == "Haemoglobin: only known to be > 60 mL/min"


@pytest.mark.parametrize(
    ("given", "value", "domain"),
    [
        ({"valueInteger": 14}, 14, "measurement"),
        ({"valueString": " scanty "}, "scanty", "measurement"),
        ({"valueCodeableConcept": words(display="Positive (qualifier value)")}, "Positive", "measurement"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, "1:128", "measurement"),
        ({"valueBoolean": True}, "yes", "measurement"),
    ],
)
def test_results_of_other_kinds(given: Any, value: object, domain: str) -> None:
    found = event(observation(**given))
    assert (found.value, found.domain, found.absent) == (value, domain, False)


@pytest.mark.parametrize(
    "given",
    [
        {"valueBoolean": False},
        {"valueCodeableConcept": words("No")},
        {"valueCodeableConcept": words(system=LOINC, code="LA32-8")},
        {"valueCodeableConcept": words(display="No (qualifier value)", code="373067005")},
    ],
)
def test_what_was_asked_and_denied_is_absent(given: Any) -> None:
    found = event(observation(code=words("Is pregnant"), **given))
    assert (found.domain, found.value, found.absent) == ("observation", "no", True)


@pytest.mark.parametrize("given", [{"valueRange": {"low": quantity(1, "g/L")}}, {"valueQuantity": {"unit": "g/L"}}])
def test_what_is_no_single_number_is_noted(given: Any) -> None:
    patient = read(observation(**given))
    assert (patient.events[0].value, notes(patient)) == (None, ["no-value"])


def test_smoking_is_an_observation_with_a_word() -> None:
    found = event(
        observation(
            code=words("Tobacco smoking status", LOINC, "72166-2"),
            category=[words(code="laboratory")],
            valueCodeableConcept=words(display="Former smoker (finding)", code="8517006"),
        )
    )
    assert (found.domain, found.value) == ("observation", "Former smoker")


def test_the_components_of_a_blood_pressure_are_events() -> None:
    patient = read(
        observation(
            code=words("Blood pressure", LOINC, "85354-9"),
            component=[
                {"code": words("Systolic", LOINC, "8480-6"), "valueQuantity": quantity(128, "mm[Hg]")},
                {"code": words("Diastolic", LOINC, "8462-4"), "valueQuantity": quantity(77, "mm[Hg]")},
            ],
        )
    )
    assert [(e.name, e.value, e.start, e.source) for e in patient.events] == [
        ("Systolic", 128, "2020-02-03", "Observation/x.component[0]"),
        ("Diastolic", 77, "2020-02-03", "Observation/x.component[1]"),
    ]


def test_a_panel_is_no_event_and_a_missing_result_is_a_note() -> None:
    patient = read(
        observation(id_="1", hasMember=[{"reference": "Observation/2"}]),
        observation(id_="2", dataAbsentReason=words(code="not-performed")),
        observation(id_="3", status="cancelled", valueInteger=1),
        observation(id_="4", status="entered-in-error", valueInteger=1),
    )
    assert patient.events == ()
    assert notes(patient) == ["no-value", "withdrawn", "withdrawn"]


@pytest.mark.parametrize(
    ("when", "start"),
    [
        ({"effectivePeriod": {"start": "2020-01-01T23:00:00Z", "end": "2020-01-02"}}, "2020-01-01"),
        ({"effectiveInstant": "2020-01-05T00:00:00.123Z"}, "2020-01-05"),
        ({"effectiveTiming": {"event": ["2020-01-06"]}}, "2020-01-06"),
        ({"issued": "2020-01-07T00:00:00Z"}, None),
    ],
)
def test_an_observation_has_the_day_on_which_it_was_made(when: Any, start: str | None) -> None:
    patient = read(observation(valueInteger=1, **{"effectiveDateTime": None, **when}))
    assert patient.events[0].start == start
    assert notes(patient) == ([] if start else ["undated"])


# ------------------------------------------------------------------ FHIR: drugs

ASPIRIN = words("Aspirin 81 mg", "http://www.nlm.nih.gov/research/umls/rxnorm", "243670")


def request(**fields: Any) -> Any:
    base = {"status": "active", "intent": "order", "authoredOn": "2020-01-02", "medicationCodeableConcept": ASPIRIN}
    return about("MedicationRequest", **{**base, **fields})


def test_a_prescription_is_a_drug_with_its_daily_dose() -> None:
    timing = {"repeat": {"frequency": 1, "period": 12, "periodUnit": "h", "boundsPeriod": {"end": "2020-03-01"}}}
    found = event(
        request(dosageInstruction=[{"timing": timing, "doseAndRate": [{"doseQuantity": quantity(81, "mg")}]}])
    )
    assert (found.domain, found.codes) == ("drug", (Code(system="RxNorm", code="243670"),))
    assert (found.start, found.end, found.ongoing) == ("2020-01-02", "2020-03-01", True)
    assert (found.dose, found.dose_unit) == (162, "mg/d")


@pytest.mark.parametrize(
    ("dosage", "dose"),
    [
        ({"doseAndRate": [{"doseQuantity": quantity(81, "mg")}]}, (81, "mg")),
        (
            {
                "asNeededBoolean": True,
                "timing": {"repeat": {"frequency": 4, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": quantity(81, "mg")}],
            },
            (81, "mg"),
        ),
        ({"doseAndRate": [{"doseQuantity": {"value": 1}}]}, (None, None)),
        ({"doseAndRate": [{"doseQuantity": {"value": 1, "system": SCT, "code": "428673006"}}]}, (None, None)),
        ({"text": "as told"}, (None, None)),
    ],
)
def test_a_dose_that_is_not_taken_regularly_is_that_of_one_time(dosage: Any, dose: object) -> None:
    found = event(request(dosageInstruction=[dosage]))
    assert (found.dose, found.dose_unit) == dose


@pytest.mark.parametrize(
    "change", [{"status": "draft"}, {"status": "cancelled"}, {"intent": "plan"}, {"doNotPerform": True}]
)
def test_what_was_not_ordered_is_no_drug(change: Any) -> None:
    patient = read(request(**change))
    assert (patient.events, notes(patient)) == ((), ["withdrawn"])


@pytest.mark.parametrize(
    ("kind", "status", "absent", "ongoing"),
    [
        ("MedicationStatement", "active", False, True),
        ("MedicationStatement", "not-taken", True, None),
        ("MedicationStatement", "stopped", False, False),
        ("MedicationAdministration", "completed", False, False),
        ("MedicationAdministration", "not-done", True, None),
        ("MedicationUsage", "completed", False, False),
        ("MedicationDispense", "completed", False, None),
    ],
)
def test_statements_and_administrations(kind: str, status: str, absent: bool, ongoing: bool | None) -> None:
    found = event(
        about(
            kind,
            status=status,
            medication={"concept": ASPIRIN},
            effectivePeriod={"start": "2020-01-02", "end": "2020-01-09"},
            whenHandedOver="2020-01-02" if kind.endswith("Dispense") else None,
            dosage={"dose": quantity(81, "mg")} if kind.endswith("Administration") else [],
        )
    )
    assert (found.name, found.start, found.end) == ("Aspirin 81 mg", "2020-01-02", "2020-01-09")
    assert (found.absent, found.ongoing) == (absent, ongoing)
    assert found.dose == (81 if kind.endswith("Administration") else None)


MEDICATION = {"resourceType": "Medication", "id": "m1", "code": ASPIRIN}


@pytest.mark.parametrize(
    "fields",
    [
        {"medicationReference": {"reference": "Medication/m1"}},
        {"medicationReference": {"reference": "Medication/m1/_history/2"}},
        {"medicationReference": {"reference": "https://ward.example/fhir/Medication/m1"}},
        {"medication": {"reference": {"reference": "Medication/m1"}}},
        {"medicationReference": {"reference": "#in"}, "contained": [{**MEDICATION, "id": "in"}]},
    ],
)
def test_a_drug_may_be_pointed_to(fields: Any) -> None:
    assert event(request(medicationCodeableConcept=None, **fields), MEDICATION).name == "Aspirin 81 mg"


def test_a_reference_to_nothing_is_noted() -> None:
    nowhere = {"reference": "Medication/gone"}
    lost = read(request(medicationCodeableConcept=None, medicationReference=nowhere), complete=("drug",))
    assert (lost.events, lost.complete, notes(lost)) == ((), (), ["broken-reference", "no-name"])
    named = read(request(medicationCodeableConcept=None, medicationReference={**nowhere, "display": "Aspirin"}))
    assert ([e.name for e in named.events], notes(named)) == (["Aspirin"], ["broken-reference"])


# ------------------------------------------------------------------ FHIR: everything else


def test_vaccinations_are_drugs() -> None:
    given = about(
        "Immunization",
        status="completed",
        vaccineCode=words("Tetanus", "http://hl7.org/fhir/sid/cvx", "35"),
        occurrenceDateTime="2018-01-01",
        patient={"reference": "Patient/ada"},
        subject=None,
    )
    found = event(given)
    assert (found.domain, found.codes, found.start) == ("drug", (Code(system="CVX", code="35"),), "2018-01-01")
    assert event({**given, "status": "not-done"}).absent


def test_procedures_done_and_not_done() -> None:
    done = event(
        about("Procedure", status="completed", code=words("Colonoscopy"), occurrencePeriod={"start": "2020-01-01"})
    )
    assert (done.domain, done.start, done.absent) == ("procedure", "2020-01-01", False)
    assert event(about("Procedure", status="not-done", code=words("Colonoscopy"), performedDateTime="2020")).absent
    assert notes(read(about("Procedure", status="preparation", code=words("Colonoscopy")))) == ["withdrawn"]


def test_an_allergy_is_called_by_its_substance() -> None:
    found = event(
        about(
            "AllergyIntolerance",
            code=words("Allergy to bee venom"),
            clinicalStatus=words(code="active"),
            criticality="high",
            type={"coding": [{"code": "intolerance"}]},
            reaction=[{"severity": "severe"}],
        )
    )
    assert (found.domain, found.name, found.ongoing) == ("allergy", "bee venom", True)
    assert found.status == ("intolerance", "high criticality", "severe")


@pytest.mark.parametrize(
    ("text", "domain", "name"),
    [
        ("Allergy to latex", "allergy", "latex"),
        ("Intolerance to cold", "condition", "Intolerance to cold"),
        ("Allergic rhinitis", "condition", "Allergic rhinitis"),
    ],
)
def test_an_allergy_among_conditions_is_one(text: str, domain: str, name: str) -> None:
    found = event(condition(code=words(text)))
    assert (found.domain, found.name) == (domain, name)


def test_that_there_are_no_allergies_is_said() -> None:
    none = about("AllergyIntolerance", "n", code=words("No known allergies", code="716186003"))
    patient = read(none, complete=("allergy",))
    assert [(e.domain, e.name, e.absent) for e in patient.events] == [("allergy", "allergy", True)]
    assert patient.complete == ("allergy",)
    both = read(none, about("AllergyIntolerance", "p", code=words("Penicillin")), complete=("allergy",))
    assert (notes(both), both.complete) == (["contradiction"], ())


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}}, "hospitalization"),
        ({"class": [words(code="EMER")]}, "emergency department visit"),
        ({"type": [words("Dialysis round")]}, "Dialysis round"),
        ({}, "visit"),
    ],
)
def test_a_visit_is_called_by_its_class(fields: Any, name: str) -> None:
    for period in ("period", "actualPeriod"):
        found = event(
            about("Encounter", status="finished", **{period: {"start": "2020-01-01", "end": "2020-01-04"}}, **fields)
        )
        assert (found.domain, found.name, found.start, found.end) == ("visit", name, "2020-01-01", "2020-01-04")


def test_devices_in_use_and_implanted() -> None:
    pump = {"resourceType": "Device", "id": "d", "type": [words("Insulin pump")], "status": "active"}
    used = about("DeviceUseStatement", device={"reference": "Device/d"}, timingPeriod={"start": "2020-01-01"})
    assert [(e.domain, e.name, e.start) for e in read(used, pump).events] == [("device", "Insulin pump", "2020-01-01")]
    usage = about("DeviceUsage", device={"concept": words("Cane")}, status="active")
    assert event(usage).ongoing is True
    implanted = {**pump, "type": words("Pacemaker"), "patient": {"reference": "Patient/ada"}}
    assert event(implanted).name == "Pacemaker"


def test_kinds_that_are_not_read_are_counted() -> None:
    patient = read(
        about("FamilyMemberHistory", "1"),
        about("FamilyMemberHistory", "2"),
        about("CarePlan", "3"),
        {"resourceType": "Organization", "id": "4"},
    )
    assert said(patient, "not-read") == "not read: 2 FamilyMemberHistory, 1 CarePlan"


# ------------------------------------------------------------------ FHIR: bundles


def test_a_resource_that_comes_twice_is_read_once_the_newest_of_its_versions() -> None:
    old = condition(onsetDateTime="2001", meta={"lastUpdated": "2010-01-01T00:00:00Z"})
    new = condition(onsetDateTime="2002", meta={"lastUpdated": "2011-01-01T00:00:00Z"})
    for pair in ((old, new), (new, old)):
        patient = read(*pair)
        assert [e.start for e in patient.events] == ["2002"]
        assert said(patient, "duplicate") == "Condition: 1 more than once, each read once"


def test_a_search_set_may_hold_many_patients_and_full_urls() -> None:
    entries = []
    for server in ("a", "b"):
        base = f"https://{server}.example/fhir"
        entries += [
            {"fullUrl": f"{base}/Patient/ada", "resource": {**PERSON, "id": "ada"}},
            {"fullUrl": f"{base}/Condition/1", "resource": {**condition(code=words(f"Gout {server}")), "id": "1"}},
        ]
    found = list(Resources().take(bundle(entry=entries, type="searchset")).patients())
    assert [[e.name for e in p.events] for p in found] == [["Gout a"], ["Gout b"]]


def test_bundles_in_bundles_are_read_and_organisations_alone_are_no_error() -> None:
    inner = json.loads(bundle(condition()))
    assert [e.name for e in read(inner).events] == ["Gout"]
    assert list(Resources().take(bundle({"resourceType": "Organization", "id": "o"})).patients()) == []


def test_what_is_deleted_in_a_transaction_is_not_read() -> None:
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": PERSON},
        {"resource": condition(subject={"reference": "urn:uuid:1"}), "request": {"method": "DELETE"}},
        {"request": {"method": "DELETE", "url": "Condition/7"}},
    ]
    [patient] = Resources().take(bundle(entry=entries, type="transaction")).patients()
    assert patient.events == ()


def test_what_is_about_somebody_else_is_not_the_patient_s() -> None:
    patient = read(condition(subject={"reference": "Patient/bob"}), condition(id_="2", subject={"display": "Ada"}))
    assert patient.events == ()
    assert said(patient, "broken-reference") == (
        "about no patient of the record: 1 Condition of Patient/bob, 1 Condition of nobody"
    )


def test_a_broken_resource_takes_nothing_with_it() -> None:
    patient = read(condition(code={"text": 7}), condition(id_="2"), complete=("condition",))
    assert read(observation(status=1), complete=("measurement", "observation")).complete == ()
    assert ([e.source for e in patient.events], patient.complete) == (["Condition/2"], ())
    assert said(patient, "malformed") == "Condition: Expected `str | null`, got `int` - at `$.code.text`"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (bundle(condition()), "no Patient among 1 resources"),
        (bundle(), "no resources"),
        (bundle({**PERSON, "birthDate": 1961}), "Patient/ada: Expected `str | null`, got `int` - at `$.birthDate`"),
        (b'{"resourceType": "Bundle", "entry": 1}', "Expected `array`"),
        (b'{"entry": []}', "no FHIR resource"),
        (b"\xff\xfe", "."),
        (b"[" * 10_000, "."),
    ],
)
def test_a_record_that_cannot_be_read_says_why(data: bytes, cause: str) -> None:
    with pytest.raises(PatientError, match=cause.replace("$", r"\$")):
        list(Resources().take(data).patients())


RICH = [
    {**PERSON, "deceasedBoolean": False, "meta": {"lastUpdated": "2022-01-01T00:00:00Z"}},
    condition(
        onsetAge=quantity(3, "mo"), abatementPeriod={"start": "2001", "end": "2002"}, severity=words("Mild"),
        verificationStatus=words(system=VERIFIED, code="confirmed"), stage=[{"summary": words("II")}],
    ),
    observation(
        valueQuantity=quantity(11.5, "g/dL"), referenceRange=[{"low": quantity(12, "g/dL")}],
        component=[{"code": words("Part"), "valueInteger": 3}], category=[words(code="laboratory")],
    ),
    request(
        dosageInstruction=[
            {
                "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
                "doseAndRate": [{"doseQuantity": quantity(5, "mg")}],
            }
        ]
    ),
    about(
        "Encounter", "e", status="finished", type=[words("Round")], period={"start": "2020-01-01"},
        **{"class": {"code": "AMB"}},
    ),
    about("AllergyIntolerance", "a", code=words("Penicillin"), type="allergy", reaction=[{"severity": "mild"}]),
    about("DeviceUseStatement", "u", device={"reference": "Device/d"}, timingDateTime="2020-01-01"),
    {"resourceType": "Device", "id": "d", "type": words("Cane"), "deviceName": [{"name": "Cane"}]},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*path, key))


def test_no_junk_anywhere_in_a_record_is_more_than_an_error_or_a_note() -> None:
    whole = json.loads(bundle(*RICH))
    tried = 0
    broken: list[str] = []
    for path in places(whole):
        for junk in (None, 0, -1e300, "", "0001-01-01", "\0", [], [None], {}, {"value": 10**30, "unit": "a"}, True):
            changed = copy.deepcopy(whole)
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            if path:
                inner[path[-1]] = junk
            else:
                changed = junk
            tried += 1
            try:
                found = list(Resources().take(json.dumps(changed).encode()).patients())
            except PatientError as error:
                broken.append(str(error))
                continue
            assert [load_patient(dump_patient(patient)) for patient in found] == found
    assert not any("\n" in cause for cause in broken)
    assert tried > 1500


# ------------------------------------------------------------------ files and folders


def test_patients_of_our_own_are_read_one_a_line_and_broken_lines_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "all.jsonl"
    good = dump_patient(read(condition()))
    file.write_bytes(b"\n".join([good, b"", b'{"format": "protoparse.patient/1"}', b"{", good.replace(b"ada", b"bob")]))
    errors: list[str] = []
    found = list(patients(file, complete=("drug",), on_error=lambda error: errors.append(str(error))))
    assert [(p.id, p.complete) for p in found] == [("ada", ("drug",)), ("bob", ("drug",))]
    assert [error.removeprefix(str(file)) for error in errors] == [
        ":3: Object missing required field `id`",
        ":4: Input data was truncated",
    ]
    with pytest.raises(PatientError, match=r"all\.jsonl:3: "):
        list(patients(file))


def test_a_bulk_export_is_one_record_of_many_files(tmp_path: Path) -> None:
    people = [{**PERSON, "id": f"p{n}"} for n in range(3)]
    gout = [condition(id_=f"c{n}", subject={"reference": f"Patient/p{n % 3}"}) for n in range(7)]
    for name, resources in (("Condition.ndjson", gout), ("Patient.ndjson", people)):
        (tmp_path / name).write_text("\n".join(map(json.dumps, resources)))
    assert {p.id: len(p.events) for p in patients(tmp_path)} == {"p0": 3, "p1": 2, "p2": 2}
    with pytest.raises(PatientError, match=r"Condition\.ndjson: no Patient among 7 resources"):
        list(patients(tmp_path / "Condition.ndjson"))


def test_a_folder_holds_bundles_and_patients_of_all_kinds(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(
        b"\xef\xbb\xbf" + json.dumps(json.loads(bundle(PERSON, condition())), indent=2).encode()
    )
    (tmp_path / "2.json").write_bytes(dump_patient(Patient(id="eve")))
    (tmp_path / "3.json").write_text(json.dumps([{**PERSON, "id": "list"}]))
    (tmp_path / "4.json").write_bytes(bundle({**PERSON, "id": "dan"}) + b"\n" + bundle({**PERSON, "id": "fay"}))
    (tmp_path / "5.json").write_bytes(b"")
    (tmp_path / "6.json").write_text('{"a": 1}')
    (tmp_path / "7.json").write_bytes(bundle(PERSON))
    (tmp_path / "readme.txt").write_text("not read")
    errors: list[str] = []
    found = list(patients(tmp_path, on_error=lambda error: errors.append(str(error))))
    assert [p.id for p in found] == ["ada", "eve", "dan", "fay", "ada", "list"]
    assert "duplicate" in notes(found[4])
    assert [error.removeprefix(f"{tmp_path}/") for error in errors] == [
        "5.json: the file is empty",
        "6.json: neither a patient (protoparse.patient/1) nor FHIR",
    ]


@pytest.mark.parametrize(
    ("name", "cause"), [("none.json", "No such file or directory"), ("", "no patients in it"), ("a\0b", "null byte")]
)
def test_what_is_not_there_is_said(tmp_path: Path, name: str, cause: str) -> None:
    with pytest.raises(PatientError, match=cause):
        list(patients(tmp_path / name))


def test_a_domain_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="domain 'drugs' is none of"):
        patients(tmp_path, complete=("drugs",))  # type: ignore[arg-type]


# ------------------------------------------------------------------ OMOP

TABLES: dict[str, list[dict[str, Any]]] = {
    "person": [
        {"person_id": 1, "gender_concept_id": 8532, "year_of_birth": 1961, "month_of_birth": 5, "day_of_birth": 3,
         "birth_datetime": None, "gender_source_value": None},
        {"person_id": 2, "gender_concept_id": 0, "year_of_birth": 1970, "month_of_birth": None, "day_of_birth": None,
         "birth_datetime": None, "gender_source_value": "M"},
    ],
    "concept": [
        {"concept_id": n, "concept_name": name, "domain_id": domain, "vocabulary_id": system, "concept_code": code}
        for n, name, domain, system, code in [
            (1001, "Gout", "Condition", "SNOMED", "90560007"),
            (1002, "Gout, unspecified", "Condition", "ICD10CM", "M10.9"),
            (1003, "aspirin 81 MG Oral Tablet", "Drug", "RxNorm", "243670"),
            (1004, "Haemoglobin", "Measurement", "LOINC", "718-7"),
            (1005, "gram per deciliter", "Unit", "UCUM", "g/dL"),
            (1006, "Detected (qualifier value)", "Meas Value", "SNOMED", "260373001"),
            (1007, "Inpatient Visit", "Visit", "Visit", "IP"),
            (1008, "Allergy to drug", "Observation", "SNOMED", "416098002"),
            (1009, "Penicillin", "Drug", "RxNorm", "7980"),
            (1010, "Preliminary diagnosis", "Condition Status", "Condition Status", "OMOP4976957"),
            (1011, "Colonoscopy", "Procedure", "SNOMED", "73761001"),
            (1012, "Left", "Spec Anatomic Site", "SNOMED", "7771000"),
            (1013, "Insulin pump", "Device", "SNOMED", "69805005"),
            (1014, "Total score", "Measurement", "LOINC", "44261-6"),
        ]
    ],
    "condition_occurrence": [
        {"condition_occurrence_id": n, "person_id": person, "condition_concept_id": concept,
         "condition_source_concept_id": own, "condition_source_value": text, "condition_start_date": start,
         "condition_end_date": end, "condition_status_concept_id": status, "condition_status_source_value": None}
        for n, person, concept, own, text, start, end, status in [
            (1, 1, 1001, 1002, "M10.9", "2019-03-07", "2019-04-01", 0),
            (2, 1, 0, 0, "GOUTY", "2020-03-07", None, 0),
            (3, 1, 1001, 0, None, "2021-03-07", None, 1010),
            (4, 1, 0, 0, None, "2021-03-07", None, 0),
            (5, 2, 7777, 0, "odd", "1969-01-01", None, 0),
            (5, 2, 7777, 0, "odd", "1969-01-01", None, 0),
        ]
    ],
    "drug_exposure": [
        {"drug_exposure_id": 1, "person_id": 1, "drug_concept_id": 1003, "drug_source_concept_id": 0,
         "drug_source_value": "ASA", "drug_exposure_start_date": "2020-01-01", "drug_exposure_end_date": "2020-02-01"},
    ],
    "procedure_occurrence": [
        {"procedure_occurrence_id": 1, "person_id": 2, "procedure_concept_id": 1011, "procedure_source_concept_id": 0,
         "procedure_source_value": None, "procedure_date": "2020-01-01", "procedure_end_date": None,
         "modifier_concept_id": 1012, "modifier_source_value": None},
    ],
    "measurement": [
        {"measurement_id": n, "person_id": 1, "measurement_concept_id": 1004, "measurement_source_concept_id": 0,
         "measurement_source_value": None, "measurement_date": "2020-01-01", "operator_concept_id": operator,
         "value_as_number": number, "value_as_concept_id": value, "value_source_value": text,
         "unit_concept_id": unit, "unit_source_value": printed, "range_low": low, "range_high": high}
        for n, operator, number, value, text, unit, printed, low, high in [
            (1, 4172703, 11.5, 0, "11.5", 1005, "x", 12.0, 16.0),
            (2, 4171756, 3.0, 0, "<3", 0, "g/dl", None, None),
            (3, 0, None, 1006, None, 0, None, 0.0, 0.0),
            (4, 0, None, 0, "trace", 0, None, None, None),
            (5, 0, None, 0, "-2.5", 0, None, None, None),
            (6, 0, 7.0, 0, "7", 0, None, None, None),
        ]
    ],
    "observation": [
        {"observation_id": n, "person_id": 2, "observation_concept_id": concept, "observation_source_concept_id": 0,
         "observation_source_value": text, "observation_date": "2020-01-01", "value_as_number": number,
         "value_as_string": words_, "value_as_concept_id": value, "value_source_value": None, "unit_concept_id": 0,
         "unit_source_value": unit, "qualifier_concept_id": 0, "qualifier_source_value": None}
        for n, concept, text, number, words_, value, unit in [
            (1, 1008, None, None, None, 1009, None),
            (2, 0, "Lives alone", None, "No", 0, None),
            (3, 1014, None, 9.0, None, 0, "{score}"),
        ]
    ],
    "visit_occurrence": [
        {"visit_occurrence_id": 1, "person_id": 2, "visit_concept_id": 1007, "visit_source_concept_id": 0,
         "visit_source_value": "abc", "visit_start_date": "2020-01-01", "visit_end_date": "2020-01-05"},
    ],
    "device_exposure": [
        {"device_exposure_id": 1, "person_id": 2, "device_concept_id": 1013, "device_source_concept_id": 0,
         "device_source_value": None, "device_exposure_start_date": "2020-01-01", "device_exposure_end_date": None},
    ],
    "death": [{"person_id": 2, "death_date": "2021-02-03"}],
    "cdm_source": [{"source_release_date": "2022-10-10"}],
}  # fmt: skip


def tables(folder: Path, changed: dict[str, list[dict[str, Any]] | None] | None = None, tab: bool = False) -> Path:
    """The tables as files, upper case and commas or lower case and tabs."""
    for table, rows in {**TABLES, **(changed or {})}.items():
        if rows is None:
            continue
        name = f"{table}.csv" if tab else f"{table.upper()}.csv"
        with (folder / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if tab else ",", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def type_of(name: str) -> str:
    if (name.endswith("_id") and name not in ("domain_id", "vocabulary_id")) or "_of_birth" in name:
        return "BIGINT"
    return (
        "DATE"
        if name.endswith("_date")
        else "NUMERIC"
        if name in ("value_as_number", "range_low", "range_high")
        else "TEXT"
    )


def fill(connection: Any, mark: str, schema: str = "", upper: bool = False) -> None:
    """The tables in a database."""
    cursor = connection.cursor()
    for table, rows in TABLES.items():
        name = f'{schema}"{table.upper() if upper else table}"'
        columns = [f'"{c.upper() if upper else c}" {type_of(c)}' for c in rows[0]]
        cursor.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        cursor.executemany(
            f"INSERT INTO {name} VALUES ({', '.join([mark] * len(columns))})", [list(row.values()) for row in rows]
        )


def check(found: list[Patient]) -> None:
    """What the tables say, wherever they stand."""
    one, two = found
    assert (one.id, one.sex, one.birth, one.death) == ("1", "female", "1961-05-03", None)
    assert (two.id, two.sex, two.birth, two.death) == ("2", "male", "1970", "2021-02-03")
    gout, gouty, aspirin, *blood = one.events
    assert gout == Event(
        domain="condition",
        name="Gout",
        codes=(
            Code(system="SNOMED", code="90560007"),
            Code(system="OMOP", code="1001"),
            Code(system="ICD-10-CM", code="M10.9"),
        ),
        start="2019-03-07",
        end="2019-04-01",
        ongoing=False,
        source="CONDITION_OCCURRENCE/1",
    )
    assert (gouty.name, gouty.codes, gouty.ongoing) == ("GOUTY", (), None)
    assert (aspirin.domain, aspirin.name, aspirin.start) == ("drug", "aspirin 81 MG Oral Tablet", "2020-01-01")
    assert [(e.value, e.unit, e.low, e.high) for e in blood] == [
        (11.5, "g/dL", 12, 16),
        (None, "g/dL", None, None),
        ("Detected", None, None, None),
        ("trace", None, None, None),
        (None, None, None, None),
        (7, None, None, None),
    ]
    assert Counter(notes(one)) == {"unconfirmed": 1, "no-name": 1, "no-code": 1, "no-value": 2, "no-unit": 1}
    assert [(e.domain, e.name, e.value) for e in two.events] == [
        ("condition", "odd", None),
        ("procedure", "Colonoscopy", None),
        ("allergy", "Penicillin", None),
        ("observation", "Lives alone", "no"),
        ("measurement", "Total score", 9),
        ("visit", "hospitalization", None),
        ("device", "Insulin pump", None),
    ]
    assert two.events[1].status == ("left",)
    assert two.events[3].absent
    assert Counter(notes(two)) == {"no-code": 2, "duplicate": 1, "before-birth": 1}
    assert one.complete == ("drug",)


@pytest.mark.parametrize("tab", [False, True])
def test_omop_in_a_folder(tmp_path: Path, tab: bool) -> None:
    check(list(patients(tables(tmp_path, tab=tab), complete=("condition", "drug"))))


def test_omop_in_a_duckdb_file(tmp_path: Path) -> None:
    file = tmp_path / "cdm.anything"
    with duckdb.connect(str(file)) as connection:
        fill(connection, "?", upper=True)
    before = file.read_bytes()
    check(list(patients(file, complete=("condition", "drug"))))
    assert file.read_bytes() == before


def test_more_persons_than_a_batch_holds() -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("CREATE SCHEMA cdm; SET schema = 'cdm'")
        fill(connection, "?", schema="cdm.")
        connection.execute("CREATE SCHEMA spare; CREATE TABLE spare.person AS FROM person LIMIT 1")
        connection.execute("INSERT INTO person (person_id, year_of_birth) SELECT n, 1980 FROM range(10, 1310) t(n)")
        connection.execute(
            "INSERT INTO condition_occurrence (condition_occurrence_id, person_id, condition_concept_id)"
            " SELECT 100 + n, n % 1302 + 8, 1001 FROM range(5000) t(n)"
        )
        found = list(from_connection(connection))
        spare = list(from_connection(connection, schema="spare"))
        with pytest.raises(PatientError, match="no table PERSON with person_id in schema other"):
            list(from_connection(connection, schema="other"))
        connection.execute("SET schema = 'main'")
        with pytest.raises(PatientError, match="PERSON is in several schemas, name one: cdm, spare"):
            list(from_connection(connection))
    assert [p.id for p in found] == ["1", "2", *map(str, range(10, 1310))]
    assert sum(len(p.events) for p in found[2:]) == sum(1 for n in range(5000) if n % 1302 + 8 >= 10)
    assert {e.name for p in found[2:] for e in p.events} == {"Gout"}
    assert [p.id for p in spare] == ["1"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


def test_omop_in_postgresql(server: str) -> None:
    with psycopg.connect(server) as connection:
        connection.execute("CREATE SCHEMA clinic")
        fill(connection, "%s", schema="clinic.")
    check(list(patients(server, complete=("condition", "drug"))))
    with psycopg.connect(server) as connection:
        check(list(from_connection(connection, schema="clinic", complete=("condition", "drug"))))
        connection.execute("ALTER TABLE clinic.concept RENAME TO words")
        connection.commit()
        names = {e.name for p in from_connection(connection) for e in p.events}
        assert {"ASA", "M10.9", "odd"} <= names


def test_a_server_that_is_not_there_is_said_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://me:secret@/cdm?host={tmp_path}&password=secret"
    with pytest.raises(PatientError, match=r"^postgresql:///cdm: ") as raised:
        list(patients(url))
    assert "secret" not in str(raised.value)


def test_missing_tables_and_columns_are_noted(tmp_path: Path) -> None:
    bare = [{"condition_occurrence_id": 1, "person_id": 1, "condition_concept_id": 1001}]
    changed = {"drug_exposure": None, "condition_occurrence": bare, "concept": None}
    one, _ = patients(tables(tmp_path, changed), complete=("drug", "visit"))
    messages = [note.message for note in one.notes]
    assert "no table DRUG_EXPOSURE" in messages
    assert "CONDITION_OCCURRENCE without condition_start_date" in messages
    assert "no table CONCEPT: names and codes are missing" in messages
    assert one.complete == ("visit",)


def test_no_junk_in_any_cell_is_more_than_an_error_or_a_note(tmp_path: Path) -> None:
    folder = tables(tmp_path)
    for table, rows in TABLES.items():
        for column in rows[0]:
            for junk in ("", "-1e999", "\0", "2020-13-45", "9" * 30):
                tables(folder, {**dict.fromkeys(TABLES), table: [{**row, column: junk} for row in rows]})
                try:
                    found = list(patients(folder))
                except PatientError:
                    assert column == "person_id"
                    continue
                assert [load_patient(dump_patient(patient)) for patient in found] == found
        tables(folder, {**dict.fromkeys(TABLES), table: rows})


def test_rows_that_are_broken_are_reported_and_rows_of_strangers_counted(tmp_path: Path) -> None:
    folder = tables(tmp_path)
    with (folder / "DRUG_EXPOSURE.csv").open("a") as file:
        file.write("2,1,1003\n3,99,1003,0,ASA,2020-01-01,\n4,1,1003,0,ASA,sometime,\n")
    errors: list[str] = []
    one, _ = patients(folder, on_error=lambda error: errors.append(str(error)))
    assert errors == [f"{folder}/DRUG_EXPOSURE.csv:3: 3 columns where the header has 7"]
    assert "about no person of PERSON: 1 rows of DRUG_EXPOSURE" in [note.message for note in one.notes]
    assert "start: 'sometime' is no day" in [note.message for note in one.notes]
    with pytest.raises(PatientError, match="3 columns where"):
        list(patients(folder))


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"id\n1\n", "no PERSON with a column person_id"), (b"\xff\xfe", r"PERSON\.csv:1: no UTF-8 text")],
)
def test_a_folder_without_persons_is_refused(tmp_path: Path, content: bytes, cause: str) -> None:
    (tmp_path / "PERSON.csv").write_bytes(content)
    with pytest.raises(PatientError, match=cause):
        list(patients(tmp_path))


# ------------------------------------------------------------------ patients that somebody else made up

DATA = Path(os.environ.get("PROTOPARSE_DATA", "-")) / "patients"


@pytest.mark.skipif(not DATA.is_dir(), reason="PROTOPARSE_DATA names no folder with patients")
@pytest.mark.parametrize(
    ("folder", "persons", "least"),
    [
        (
            "fhir-r4",
            12,
            {"measurement": 650, "condition": 50, "drug": 137, "procedure": 33, "visit": 119, "allergy": 3},
        ),
        ("omop-5.4", 28, {"measurement": 10_000, "observation": 8000, "condition": 470, "drug": 883, "visit": 1791}),
    ],
)
def test_made_up_records_are_read_as_a_whole(folder: str, persons: int, least: dict[str, int]) -> None:
    found = list(patients(DATA / folder))
    counts = Counter(event.domain for patient in found for event in patient.events)
    assert len(found) == persons
    assert {domain: counts[domain] >= count for domain, count in least.items()} == dict.fromkeys(least, True)
    assert all(p.sex and p.birth and p.events for p in found)
    assert [load_patient(dump_patient(p)) for p in found] == found
