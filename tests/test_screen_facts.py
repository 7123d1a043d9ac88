"""One fact against one patient on one day: criteria in plain words, invented records, laws that hold for all."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from factories import concept, fact, modifier
from protoparse.concepts.terms import TermSource
from protoparse.days import shift
from protoparse.model import Anchor, Bound, Code, Comparison, Domain, Except, Fact, Offset, Unit, Window, facts
from protoparse.parsing import Parser
from protoparse.screen.knowing.facts import Known, keys_of
from protoparse.screen.knowing.matching import Matcher
from protoparse.screen.knowing.quantities import quantity
from protoparse.screen.knowing.times import Frame, Held, age, frames, overlaps
from protoparse.screen.patient import Event, Patient, days
from protoparse.screen.verdicts import Truth

DAY = date(2024, 6, 15)
PARSER = Parser(concepts="lexicon", confidence=False)


def asked(text: str) -> Fact:
    """The one fact of a criterion, the outermost where it has examples."""
    [criterion] = PARSER.parse(text).criteria
    return next(iter(facts(criterion.rule)))


def ill(name: str, start: str | None = "2020-03-01", **more: Any) -> Event:
    return Event(domain="condition", name=name, start=start, **more)


def takes(name: str, start: str | None = "2024-01-10", **more: Any) -> Event:
    return Event(domain="drug", name=name, start=start, **more)


def had(name: str, start: str | None = "2019-05-05", **more: Any) -> Event:
    return Event(domain="procedure", name=name, start=start, **more)


def lab(name: str, value: Any, unit: str | None = None, start: str | None = "2024-06-01", **more: Any) -> Event:
    return Event(domain="measurement", name=name, value=value, unit=unit, start=start, **more)


def told(name: str, start: str | None = "2024-06-01", **more: Any) -> Event:
    return Event(domain="observation", name=name, start=start, **more)


def allergic(name: str, **more: Any) -> Event:
    return Event(domain="allergy", name=name, **more)


def patient(*events: Event, sex: Any = "female", birth: str | None = "1970-09-20", complete: Any = ()) -> Patient:
    return Patient(id="p", sex=sex, birth=birth, events=events, complete=complete)


def decided(what: str | Fact, *events: Event, **more: Any) -> tuple[Truth, str]:
    anchors = more.pop("anchors", None)
    known = Known(patient(*events, **more), DAY, anchors=anchors)
    made = known.decide(asked(what) if isinstance(what, str) else what)
    return made.truth, made.why


# ------------------------------------------------------------------ is it what is asked for


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Hypertension", ill("Essential hypertension (disorder)")),
        ("High blood pressure", ill("Hypertension")),
        ("Myocardial infarction", ill("Heart attack", "2024-05-01")),
        ("Cancer", ill("Malignant neoplasm of upper lobe of left lung")),
        ("Lung cancer", ill("Malignant neoplasm of upper lobe of left lung")),
        ("Breast cancer", ill("Carcinoma of breast, stage 2")),
        ("Lung cancer", ill("NSCLC")),
        ("Clavicle fracture", ill("Closed fracture of clavicle", "2024-05-01")),
        ("Osteoarthritis", ill("Osteoarthritis of hip")),
        ("Diabetes mellitus", ill("Diabetes mellitus, type 2")),
        ("Type 2 diabetes", ill("Diabetes mellitus type II (disorder)")),
        ("Obesity", ill("Body mass index 30+ - obesity (finding)", "2024-05-01")),
        ("Asthma", told("Childhood asthma")),
        ("Smoking", ill("Smoking")),
        ("History of stroke", ill("History of stroke (situation)")),
        ("History of stroke", ill("Previous stroke")),
        ("Colonoscopy", had("Screening colonoscopy")),
        ("Acetaminophen", takes("Acetaminophen 325 MG Oral Tablet", ongoing=True)),
        ("Paracetamol", takes("acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet", ongoing=True)),
        ("Insulin", takes("Insulin glargine 100 UNT/ML Injectable Solution", ongoing=True)),
        ("Clonazepam", takes("Klonopin", ongoing=True)),
        ("Fluticasone", takes("120 ACTUAT Fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler", ongoing=True)),
        ("Allergy to penicillin", allergic("Penicillin allergy")),
        ("Allergy to peanuts", allergic("Peanut")),
        ("Allergy to peanuts", ill("Allergy to peanuts (finding)")),
    ],
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_met(text: str, event: Event) -> None:
    assert decided(text, event) == (True, "decided")


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Hypertension", ill("Pulmonary hypertension")),
        ("Hypertension", ill("Portal hypertension")),
        ("Diabetes mellitus", ill("Diabetes insipidus")),
        ("Diabetes mellitus", ill("Prediabetes")),
        ("Cancer", ill("Fear of cancer")),
        ("Cancer", ill("Screening for cancer")),
        ("Cancer", ill("Suspected lung cancer")),
        ("Cancer", ill("Family history of breast cancer")),
        ("Stroke", ill("Risk of stroke")),
        ("Stroke", ill("Heat stroke")),
        ("Heart failure", ill("Heart failure education")),
        ("Morbid obesity", ill("Obesity")),
        ("Invasive breast cancer", ill("Breast cancer")),
        ("Small cell lung cancer", ill("Non-small cell lung cancer")),
        ("Neck fracture", ill("Fracture of neck of femur")),
        ("Chronic sinusitis", ill("Acute sinusitis")),
        ("Abdominal trauma", ill("Blunt chest trauma")),
        ("Dependence", ill("Dependence in activities of daily living")),
        ("Oesophageal varices", ill("Gastric varices")),
        ("MRI of the spine", had("Knee MRI")),
        ("Cervical biopsy", had("Rectal biopsy")),
        ("Unstable housing", told("Stable housing")),
        ("Non-weight bearing", told("Weight bearing")),
        ("Hepatitis B vaccine", takes("Hepatitis A vaccine", ongoing=True)),
        ("Allergy to penicillin", takes("Penicillin V potassium 500 MG Oral Tablet")),
        ("Penicillin", allergic("Penicillin", ongoing=True)),
        ("Penicillin", takes("Amoxicillin 250 MG Oral Tablet", ongoing=True)),
        ("Refugee", told("Are you a refugee", value="Yes")),
        ("Sexually active", told("Sexual orientation")),
        ("Refugee", told("Are you a refugee", value="I choose not to answer this question")),
        ("Creatinine ≤ 1.5 mg/dL", lab("Creatinine [Mass/volume] in Urine", 1.0, "mg/dL")),
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin A1c/Hemoglobin.total in Blood", 9.5, "%")),
    ],
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_not_met(text: str, event: Event) -> None:
    assert decided(text, event)[0] is None


@pytest.mark.parametrize(
    ("codes", "wanted", "truth"),
    [
        ([("ICD-10-CM", "E11.9")], ("ICD-10-CM", "E11"), True),
        ([("ICD10CM", "E11.65")], ("ICD-10-CM", "E11"), True),
        ([("ICD-10-CM", "E11")], ("ICD-10-CM", "E11.9"), None),
        ([("ICD-10-CM", "E10.9")], ("ICD-10-CM", "E11"), None),
        ([("SNOMED", "73211009")], ("SNOMED", "73211009"), True),
        ([("SNOMED", "E11")], ("ICD-10-CM", "E11"), None),
    ],
)
def test_codes_of_a_record(codes: list[tuple[str, str]], wanted: tuple[str, str], truth: Truth) -> None:
    event = ill("whatever it was", codes=tuple(Code(system=s, code=c) for s, c in codes))
    one = fact(concept("that thing", codes=(Code(system=wanted[0], code=wanted[1]),)))
    assert decided(one, event)[0] is truth


def test_what_a_user_s_vocabulary_says_is_a_kind_of_what(tmp_path: Path) -> None:
    concepts = ["concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_code", "standard_concept"]
    rows = [
        concepts,
        ["1", "Glucocorticoid, systemic", "Drug", "ATC", "H02AB", "C"],
        ["2", "dexamethasone", "Drug", "RxNorm", "3264", "S"],
        ["3", "ibuprofen", "Drug", "RxNorm", "5640", "S"],
    ]
    (tmp_path / "CONCEPT.csv").write_text("\n".join("\t".join(r) for r in rows))
    (tmp_path / "CONCEPT_ANCESTOR.csv").write_text("ancestor_concept_id\tdescendant_concept_id\n1\t2\n2\t2\n")
    steroids = fact(concept("steroids", codes=(Code(system="ATC", code="H02AB"),)), "drug")

    def truth(code: str, **how: Any) -> Truth:
        event = takes("tablets", codes=(Code(system="RxNorm", code=code),), ongoing=True)
        return Known(patient(event), DAY, terms=TermSource.read(tmp_path, **how)).decide(steroids).truth

    assert truth("3264", hierarchy=True) is True
    assert truth("5640", hierarchy=True) is None
    assert truth("3264") is None


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Creatinine [Mass/volume] in Serum or Plasma", "creatinine"),
        ("Cholesterol in HDL [Mass/volume] in Serum or Plasma", "high-density lipoprotein cholesterol"),
        ("Bilirubin.total [Mass/volume] in Serum or Plasma", "total bilirubin"),
        ("Body mass index (BMI) [Ratio]", "body mass index"),
        ("Body mass index (BMI) [Percentile] Per age and sex", "bmi percentile"),
        ("Glucose [Mass/volume] in Cerebral spinal fluid", None),
        ("Glucose [Mass/volume] in Serum or Plasma --2 hours post meal", None),
        ("Platelet mean volume [Entitic volume] in Blood by Automated count", None),
        ("Hemoglobin [Presence] in Stool", None),
    ],
)
def test_quantities(name: str, known: str | None) -> None:
    assert quantity(name) == known


# ------------------------------------------------------------------ amounts


@pytest.mark.parametrize(
    ("text", "event", "truth", "why"),
    [
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin", 91, "g/L"), True, "decided"),
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin", 89, "g/L"), False, "decided"),
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin", 9), None, "no-unit"),
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin", 9, "furlong"), None, "no-unit"),
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin", ">8.5", "g/dL"), None, "no-value"),
        ("Haemoglobin ≥ 9 g/dL", lab("Hemoglobin", ">9", "g/dL"), True, "decided"),
        ("Haemoglobin ≥ 9 g/dL", Event(domain="measurement", name="Hemoglobin", start="2024-06-01"), None, "no-value"),
        ("Serum creatinine ≤ 1.5 mg/dL", lab("Creatinine", 132, "umol/L"), True, "decided"),
        ("Serum creatinine ≤ 1.5 mg/dL", lab("Creatinine", 133, "umol/L"), False, "decided"),
        ("HbA1c ≥ 7 %", lab("Hemoglobin A1c/Hemoglobin.total in Blood", 54, "mmol/mol"), True, "decided"),
        ("Platelets ≥ 100 x 10^9/L", lab("Platelets [#/volume] in Blood", 99, "10*3/uL"), False, "decided"),
        ("ALT ≤ 3 x ULN", lab("Alanine aminotransferase", 120, "U/L", high=40), True, "decided"),
        ("ALT ≤ 3 x ULN", lab("Alanine aminotransferase", 121, "U/L", high=40), False, "decided"),
        ("ALT ≤ 3 x ULN", lab("Alanine aminotransferase", 121, "U/L"), None, "no-range"),
        ("Normal serum potassium", lab("Potassium", 4.1, "mmol/L", low=3.5, high=5), True, "decided"),
        ("Normal serum potassium", lab("Potassium", 5.1, "mmol/L", low=3.5, high=5), False, "decided"),
        ("Normal serum potassium", lab("Potassium", 4.1, "mmol/L"), None, "no-range"),
        ("BMI > 35", lab("Body mass index", 36, "kg/m2"), True, "decided"),
        ("BMI between 18.5 and 30 kg/m2", lab("Body mass index", 30, "kg/m2"), True, "decided"),
        ("INR ≤ 1.5", lab("INR", 1.6), False, "decided"),
        ("ECOG performance status 0-1", lab("ECOG performance status", 1), True, "decided"),
        ("ECOG performance status 0-1", lab("ECOG performance status", 2, "{score}"), False, "decided"),
        ("ECOG performance status 0-1", lab("ECOG performance status", "ECOG 1"), True, "decided"),
        ("NYHA class III or IV", lab("New York Heart Association class", "II"), False, "decided"),
        ("NYHA class III or IV", lab("New York Heart Association class", "Class IV"), True, "decided"),
        ("NYHA class ≥ II", lab("New York Heart Association class", 3), True, "decided"),
        ("HBsAg positive", lab("Hepatitis B surface antigen", "Detected"), True, "decided"),
        ("HBsAg positive", lab("Hepatitis B surface antigen", "non-reactive"), False, "decided"),
        ("HBsAg positive", lab("Hepatitis B surface antigen", "see comment"), None, "no-value"),
        ("Negative pregnancy test", lab("Pregnancy test", "positive"), False, "decided"),
    ],
)
def test_amounts(text: str, event: Event, truth: Truth, why: str) -> None:
    assert decided(text, event) == (truth, why)


def test_a_stage_is_as_wide_as_its_parts() -> None:
    def staged(operator: Any, wanted: Any, value: Any) -> Truth:
        one = fact("hurley stage", "measurement", value=Comparison(operator=operator, value=wanted))
        return decided(one, lab("Hurley stage", value))[0]

    assert staged("=", "III", "stage IIIB") is True
    assert staged("=", "IIIB", "III") is None
    assert staged(">=", "IIIB", "III") is None
    assert staged(">=", "III", "IIIA") is True
    assert staged(">", "III", "IIIC") is False
    assert staged("<", "III", "IIB") is True
    assert staged("<=", "II", "IIB") is True
    assert staged("!=", "II", "IV") is True
    assert staged("=", "B", "II") is None


def test_the_latest_value_decides() -> None:
    old, new = lab("Hemoglobin", 8, "g/dL", "2024-05-01"), lab("Hemoglobin", 10, "g/dL", "2024-06-10")
    text = "Haemoglobin ≥ 9 g/dL"
    assert decided(text, old) == (False, "decided")
    assert decided(text, new, old) == (True, "decided")
    assert decided(text, lab("Hemoglobin", 10, "g/dL", "2023-06-10")) == (None, "too-old")
    assert decided(text, lab("Hemoglobin", 10, "g/dL", "2024-07-10"), old) == (False, "decided")  # of the future
    assert decided(text, lab("Hemoglobin", 10, "g/dL", "2024-05-01"), old) == (None, "disagree")
    several = lab("Hemoglobin", 10, "g/dL", "2024-05"), lab("Hemoglobin", 8, "g/dL", "2024-05")
    assert decided(text, *several) == (None, "undated"), "the later of them may be either"
    assert decided(text, lab("Hemoglobin", 10, "g/dL", "2024"), old)[0] is None
    assert decided(text, lab("Hemoglobin", 10, "g/dL", None)) == (None, "undated")
    assert decided(text) == (None, "no-data")
    assert decided(text, complete=("measurement",)) == (None, "no-data")


# ------------------------------------------------------------------ times


@pytest.mark.parametrize(
    ("text", "event", "truth"),
    [
        ("Asthma", ill("Asthma"), True),
        ("Asthma", ill("Asthma", end="2021-01-01"), None),
        ("Asthma", ill("Asthma", ongoing=False), None),
        ("Asthma", ill("Asthma", None), True),
        ("Asthma", ill("Asthma", "2024-08-01"), None),
        ("Pregnancy", ill("Normal pregnancy", "2010-03-01"), None),
        ("Pregnancy", ill("Normal pregnancy", "2024-03-01"), True),
        ("Pregnancy", ill("Normal pregnancy", "2010-03-01", ongoing=True), True),
        ("HIV infection", ill("Human immunodeficiency virus infection (disorder)", "2010"), True),
        ("Respiratory infection", ill("Respiratory infection", "2010"), None),
        ("Current smoker", told("Tobacco smoking status", value="Current every day smoker"), None),
        ("History of asthma", ill("Asthma", end="2021-01-01"), True),
        ("History of asthma", ill("Asthma", "2024-08-01"), None),
        ("Currently has asthma", ill("Asthma"), None),
        ("Currently has asthma", ill("Asthma", ongoing=True), True),
        ("Myocardial infarction within 6 months", ill("Myocardial infarction", "2024-01-01", end="2024-01-03"), True),
        ("Myocardial infarction within 6 months", ill("Myocardial infarction", "2023-12-15", end="2023-12-15"), True),
        ("Myocardial infarction within 6 months", ill("Myocardial infarction", "2023-12-14", end="2023-12-14"), None),
        ("Myocardial infarction within 6 months", ill("Myocardial infarction", "2023-12", end="2023-12"), None),
        ("Major surgery within 4 weeks before enrollment", had("Major surgery", "2024-05-20"), True),
        ("Colonoscopy within 4 weeks before enrollment", had("Colonoscopy", "2024-05-17"), None),
        ("Colonoscopy", had("Colonoscopy", "2001"), True),
        ("Colonoscopy within 1 year", had("Colonoscopy", None), None),
        ("Asthma for at least 6 months", ill("Asthma", ongoing=True), True),
        ("Asthma for at least 6 months", ill("Asthma", "2024-02-01", ongoing=True), None),
        ("Asthma for at least 6 months", ill("Asthma"), None),
        ("Use of metformin", takes("Metformin 500 MG Oral Tablet"), None),
        ("Use of metformin", takes("Metformin 500 MG Oral Tablet", end="2024-03-01"), None),
        ("Prior use of metformin", takes("Metformin 500 MG Oral Tablet", end="2024-03-01"), True),
        ("Metformin within 3 months before screening", takes("Metformin", end="2024-04-01"), True),
        (
            "Metformin within 4 weeks or 5 half-lives before screening, whichever is longer",
            takes("Metformin", "2024-06-01"),
            True,
        ),
        (
            "Metformin within 4 weeks or 5 half-lives before screening, whichever is longer",
            takes("Metformin", "2024-03-01", end="2024-03-02"),
            None,
        ),
    ],
)
def test_times(text: str, event: Event, truth: Truth) -> None:
    assert decided(text, event)[0] is truth


def test_the_days_of_a_trial_s_events_may_be_given() -> None:
    text = "Colonoscopy within 4 weeks before randomization"
    scope = had("Colonoscopy", "2024-05-10")
    assert decided(text, scope)[0] is None
    assert decided(text, scope, anchors={"randomization": date(2024, 6, 1)})[0] is True


def test_what_is_counted_from_an_event_of_the_patient() -> None:
    window = Window(start=Bound(anchor=Anchor(event="event", text="hip replacement")))
    later = fact("deep vein thrombosis", time=window)
    clot = ill("Deep vein thrombosis", "2021-03-01", end="2021-04-01")
    assert decided(later, clot) == (None, "no-anchor")
    assert decided(later, clot, had("Hip replacement", "2021-02-01")) == (True, "decided")
    assert decided(later, clot, had("Hip replacement", "2022-02-01"))[0] is None
    assert decided(later, clot, had("Hip replacement", "2021-02-01"), had("Hip replacement", "2023-02-01"))[0] is None


def test_the_end_of_a_study_is_not_known() -> None:
    assert decided("Metformin during the study", takes("Metformin", end="2024-03-01"))[0] is None


# ------------------------------------------------------------------ persons


@pytest.mark.parametrize(
    ("text", "birth", "truth"),
    [
        ("Age ≥ 18 years", "2006-06-15", True),
        ("Age ≥ 18 years", "2006-06-16", False),
        ("Age ≥ 18 years", "2006", None),
        ("Age ≥ 18 years", "2006-05", True),
        ("Age > 65 years", "1958-06-16", False),
        ("Age > 65 years", "1958-06-15", True),
        ("Age between 18 and 65 years", "1958-06-16", True),
        ("Age < 6 months", "2024-01-15", True),
        ("Age < 6 months", "2023-12-15", False),
        ("Age ≥ 18 years", None, None),
    ],
)
def test_age(text: str, birth: str | None, truth: Truth) -> None:
    assert decided(text, birth=birth)[0] is truth


@pytest.mark.parametrize(
    ("text", "sex", "truth"),
    [
        ("Women", "female", True),
        ("Men", "female", False),
        ("Male patients", "male", True),
        ("Women", None, None),
        ("Women of childbearing potential", "male", False),
        ("Women of childbearing potential", "female", None),
        ("Pregnancy", "male", False),
        ("Pregnancy", "female", None),
        ("English speaking", "female", None),
    ],
)
def test_sex(text: str, sex: Any, truth: Truth) -> None:
    assert decided(text, sex=sex)[0] is truth


@pytest.mark.parametrize(
    ("text", "birth", "truth"),
    [
        ("Pregnancy", "1960-05-01", False),
        ("Pregnancy or breastfeeding at screening", "1960-05-01", False),
        ("Pregnancy during the study", "1960-05-01", False),
        ("Women of childbearing potential", "1960-05-01", False),
        ("Women of childbearing potential", "2020-05-01", False),
        ("Pregnancy", "1970-05-01", None),
        ("Pregnancy", None, None),
        ("History of pregnancy", "1960-05-01", None),
        ("Pre-eclampsia", "1960-05-01", None),
    ],
)
def test_what_is_of_some_years_of_life(text: str, birth: str | None, truth: Truth) -> None:
    assert decided(text, birth=birth)[0] is truth


def test_a_record_is_believed_before_an_age() -> None:
    assert decided("Pregnancy", ill("Pregnancy", "2024-05-01", ongoing=True), birth="1960-05-01")[0] is True


# ------------------------------------------------------------------ what narrows


@pytest.mark.parametrize(
    ("text", "event", "truth", "why"),
    [
        ("Severe asthma", ill("Asthma"), None, "not-said"),
        ("Severe asthma", ill("Asthma", status=("severe",)), True, "decided"),
        ("Severe asthma", ill("Asthma", status=("not severe",)), None, "not-said"),
        ("Severe asthma", ill("Asthma", status=("mild",)), None, "no-data"),
        ("Uncontrolled hypertension", ill("Hypertension", ongoing=True), None, "not-said"),
        ("Active tuberculosis", ill("Tuberculosis", ongoing=True), True, "decided"),
        ("Documented asthma", ill("Asthma"), True, "decided"),
        ("Planned colonoscopy", had("Colonoscopy"), None, "not-said"),
    ],
)
def test_narrowed(text: str, event: Event, truth: Truth, why: str) -> None:
    assert decided(text, event) == (truth, why)


def test_doses_convert() -> None:
    dose = Comparison(operator=">", value=10, unit=Unit(text="mg/day", ucum="mg/d"))
    one = fact("prednisone", "drug", dose=dose)
    assert decided(one, takes("Prednisone", ongoing=True, dose=20, dose_unit="mg/d"))[0] is True
    assert decided(one, takes("Prednisone", ongoing=True, dose=0.02, dose_unit="g/d"))[0] is True
    assert decided(one, takes("Prednisone", ongoing=True, dose=20, dose_unit="mg")) == (None, "no-unit")
    assert decided(one, takes("Prednisone", ongoing=True)) == (None, "no-value")
    assert decided(one, takes("Prednisone", ongoing=True, dose=5, dose_unit="mg/d"))[0] is None


def test_occurrences_are_counted() -> None:
    def often(operator: Any, number: int) -> Fact:
        return fact("falls", count=Comparison(operator=operator, value=number))

    falls = [told("Fall", f"2024-0{n}-01") for n in (1, 2, 3)]
    assert decided(often(">=", 3), *falls) == (True, "decided")
    assert decided(often(">=", 3), *falls[:2], falls[1])[0] is None
    assert decided(often("<", 3), *falls)[0] is False
    assert decided(often("<", 3), *falls[:1])[0] is None
    assert decided(often("=", 2), *falls[:1])[0] is None


def test_examples_are_enough_but_not_all() -> None:
    one = asked("Autoimmune disease, such as rheumatoid arthritis or psoriasis")
    assert one.includes
    assert decided(one, ill("Psoriasis"))[0] is True
    assert decided(one, ill("Asthma"))[0] is None
    assert decided(one, ill("Asthma"), complete=("condition",))[0] is None


@pytest.mark.parametrize(
    ("text", "event", "truth"),
    [
        ("Respiratory rate of at least 20/min", ill("Tachypnoea", "2024-06-15"), True),
        ("Respiratory rate > 24/min", ill("Tachypnea", "2024-06-15"), None),
        ("Body temperature ≤ 37 °C", ill("Fever (finding)", "2024-06-15"), False),
        ("Body temperature ≤ 37 °C", ill("Yellow fever", "2024-06-15"), None),
        ("Platelets ≥ 150 x 10^9/L", ill("Thrombocytopenia", "2024-06-01"), False),
        ("Platelets ≥ 100 x 10^9/L", ill("Thrombocytopenia", "2024-06-01"), None),
        ("Platelets ≥ 150 x 10^9/L", ill("Thrombocytopenia", "2014-06-01"), None),
        ("Platelets ≥ 150 x 10^9/L", ill("History of thrombocytopenia", "2024-06-01"), None),
        ("Obesity", lab("Body mass index (BMI) [Ratio]", 32.5, "kg/m2"), True),
        ("Obesity", lab("Body mass index (BMI) [Ratio]", 29.5, "kg/m2"), None),
        ("Obesity", lab("Body mass index (BMI) [Ratio]", 32.5, "kg/m2", "2020-06-01"), None),
        ("Morbid obesity", lab("Body mass index (BMI) [Ratio]", 32.5, "kg/m2"), None),
        ("Fever", lab("Body temperature", 38.6, "Cel", "2024-06-15"), True),
        ("Fever", lab("Body temperature", 38.6, "Cel", "2024-05-01"), None),
    ],
)
def test_a_finding_may_be_a_value(text: str, event: Event, truth: Truth) -> None:
    assert decided(text, event)[0] is truth


def test_what_was_measured_speaks_for_itself() -> None:
    breathing = ill("Tachypnea", "2024-06-15"), lab("Respiratory rate", 28, "/min", "2024-06-15")
    assert decided("Respiratory rate > 24/min", *breathing)[0] is True


def test_children_breathe_faster() -> None:
    assert decided("Respiratory rate ≥ 20/min", ill("Tachypnea", "2024-06-15"), birth="2022-01-01")[0] is None


def test_what_stands_in_brackets_behind_no_field_is_no_example() -> None:
    assert decided(fact("arms", includes=(fact("pain"),)), ill("Chronic back pain"))[0] is None


def test_an_example_is_meant_in_the_same_time() -> None:
    within = Window(start=Bound(anchor=Anchor(event="screening"), offset=Offset(value=-2, unit=Unit(ucum="wk"))))
    one = fact("antifungals", "drug", time=within, includes=(fact("fluconazole", "drug"),))
    assert decided(one, takes("Fluconazole", "2024-06-05"))[0] is True
    assert decided(one, takes("Fluconazole", "2020-06-05", end="2020-07-01"))[0] is None


# ------------------------------------------------------------------ exceptions, classes, ways


def left(text: str, *events: Event, **more: Any) -> tuple[Truth, str]:
    """What is known of the one fact of a criterion without what its exceptions take."""
    [criterion] = PARSER.parse(text).criteria
    assert isinstance(criterion.rule, Except)
    base, things = criterion.rule.base, criterion.rule.exceptions
    assert isinstance(base, Fact)
    made = Known(patient(*events, **more), DAY).decide(base, tuple(x for x in things if isinstance(x, Fact)))
    return made.truth, made.why


LUNG, BASAL = ill("Malignant neoplasm of upper lobe of left lung"), ill("Basal cell carcinoma of skin")
INHALER = "120 ACTUAT Fluticasone propionate 0.044 MG/ACTUAT Metered Dose Inhaler"


@pytest.mark.parametrize(
    ("text", "events", "complete", "expected"),
    [
        ("Malignancy except basal cell carcinoma", [LUNG, BASAL], [], (True, "decided")),
        ("Malignancy except basal cell carcinoma", [LUNG], [], (True, "decided")),
        ("Malignancy except basal cell carcinoma", [BASAL], [], (None, "no-data")),
        ("Malignancy except basal cell carcinoma", [BASAL], ["condition"], (False, "complete")),
        ("Malignancy except basal cell carcinoma", [BASAL, ill("Asthma")], ["condition"], (False, "complete")),
        ("Malignancy except basal cell carcinoma", [BASAL, ill("Odd lump")], ["condition"], (None, "no-data")),
        ("Malignancy except basal cell carcinoma", [ill("Cancer")], [], (None, "excepted")),
        ("Malignancy except basal cell carcinoma", [ill("Skin cancer")], ["condition"], (None, "excepted")),
        ("Malignancy except basal cell carcinoma", [ill("Malignant melanoma")], [], (True, "decided")),
        (
            "Malignancy except basal cell carcinoma",
            [ill("Cancer"), ill("Basal cell carcinoma", "2024-06-01", absent=True)],
            [],
            (True, "decided"),
        ),
        ("Malignancy except treated basal cell carcinoma", [BASAL], [], (None, "excepted")),
        ("Malignancy except treated basal cell carcinoma", [LUNG, BASAL], [], (True, "decided")),
        (
            "Malignancy within 5 years except basal cell carcinoma",
            [ill("Basal cell carcinoma", "2021-02", end="2021-03")],
            ["condition"],
            (False, "complete"),
        ),
        ("Autoimmune disease except vitiligo", [ill("Vitiligo"), ill("Rheumatoid arthritis")], [], (True, "decided")),
        ("Autoimmune disease except vitiligo", [ill("Vitiligo")], [], (None, "no-data")),
        ("Stroke except transient ischemic attack", [ill("Stroke", "2024-05-01")], [], (None, "excepted")),
        ("Anticoagulants other than aspirin", [takes("Aspirin 81 MG", ongoing=True)], [], (None, "no-data")),
        ("Anticoagulants other than apixaban", [takes("Warfarin", ongoing=True)], [], (True, "decided")),
        ("Anticoagulants other than apixaban", [takes("Apixaban", ongoing=True)], ["drug"], (False, "complete")),
        (
            "Corticosteroids except inhaled steroids",
            [takes("Prednisone 5 MG Oral Tablet", ongoing=True)],
            [],
            (True, "decided"),
        ),
        ("Corticosteroids except inhaled steroids", [takes(INHALER, ongoing=True)], ["drug"], (False, "complete")),
        ("Corticosteroids except inhaled steroids", [takes("Prednisone", ongoing=True)], [], (None, "excepted")),
    ],
)
def test_exceptions(text: str, events: list[Event], complete: list[str], expected: tuple[Truth, str]) -> None:
    assert left(text, *events, complete=tuple(complete)) == expected


@pytest.mark.parametrize(
    ("text", "event", "truth"),
    [
        ("Anticoagulants", takes("Enoxaparin sodium 100 MG/ML", ongoing=True), True),
        ("Immunosuppressive medication", takes("Azathioprine 50 MG Oral Tablet", ongoing=True), True),
        ("Immunosuppressants", takes("Prednisone", ongoing=True), None),
        ("Antidepressants", takes("Sertraline 50 MG Oral Tablet", ongoing=True), True),
        ("NSAIDs", takes("Naproxen sodium 220 MG Oral Tablet", ongoing=True), True),
        ("Opioids", takes("acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet", ongoing=True), True),
        ("Statins", takes("Metformin", ongoing=True), None),
        ("Cancer", ill("Multiple myeloma"), True),
        ("Malignancy", ill("Melanoma in situ"), None),
        ("Cardiovascular disease", ill("Atrial fibrillation"), True),
        ("Cardiovascular disease", ill("Essential hypertension"), None),
        ("Psychiatric disorder", ill("Schizophrenia"), True),
        ("Psychiatric disorder", ill("whatever", codes=(Code(system="ICD-10-CM", code="F31.9"),)), True),
        ("Systemic corticosteroids", takes("Prednisone 5 MG Oral Tablet", ongoing=True), True),
        ("Systemic corticosteroids", takes(INHALER, ongoing=True), None),
        ("Inhaled corticosteroids", takes(INHALER, ongoing=True), True),
        ("Topical steroids", takes("Hydrocortisone 10 MG/ML Topical Cream", ongoing=True), True),
        ("Systemic steroids", takes("Methylprednisolone 40 MG/ML Injectable Suspension", ongoing=True), None),
        ("Allergy to NSAIDs", allergic("Ibuprofen"), True),
    ],
    ids=lambda x: x if isinstance(x, str) else getattr(x, "name", x),
)
def test_classes_and_ways(text: str, event: Event, truth: Truth) -> None:
    assert decided(text, event)[0] is truth


def test_what_is_in_no_class_is_known_where_a_record_is_complete() -> None:
    complete = ("drug", "condition")
    assert decided("Antidepressants", takes("Metformin", ongoing=True), complete=complete) == (False, "complete")
    assert decided("Antidepressants", takes("Quetiapine", ongoing=True), complete=complete)[0] is None
    assert decided("Antidepressants", takes("Unheard-of", ongoing=True), complete=complete)[0] is None
    assert decided("Leukemia", ill("Lung cancer"), complete=complete) == (False, "complete")
    assert decided("Heart disease", ill("Odd ailment"), complete=complete)[0] is None


# ------------------------------------------------------------------ absent, complete, unrecorded


@pytest.mark.parametrize(
    ("text", "event", "truth"),
    [
        ("Asthma", ill("Asthma", None, absent=True), False),
        ("Stroke", ill("Cerebral infarction", None, absent=True), None),
        ("Severe asthma", ill("Asthma", "2024-05-01", absent=True), False),
        ("Morbid obesity", ill("Obesity", "2024-05-01", absent=True), False),
        ("Asthma", ill("Severe asthma", "2024-05-01", absent=True), None),
        ("Asthma", ill("Asthma", "2024-05-01", absent=True, status=("severe",)), None),
        ("Asthma", ill("Asthma", "2014-05-01", absent=True), None),
        ("Asthma", ill("No asthma", "2024-05-01"), False),
        ("Smoker", told("Tobacco smoking status", value="Never smoker"), False),
        ("Smoker", told("Tobacco smoking status", value="Former smoker"), None),
        ("Smoker", told("Tobacco smoking status", value="Current every day smoker"), True),
        ("History of stroke", ill("Stroke", "2024-05-01", absent=True), False),
    ],
)
def test_absent(text: str, event: Event, truth: Truth) -> None:
    assert decided(text, event)[0] is truth


def test_a_code_that_is_denied_denies_what_stands_beneath_it() -> None:
    def truth(wanted: str, denied: str) -> Truth:
        one = fact(concept("that thing", codes=(Code(system="ICD-10-CM", code=wanted),)))
        return decided(one, ill("some", None, codes=(Code(system="ICD-10-CM", code=denied),), absent=True))[0]

    assert truth("E11.9", "E11") is False
    assert truth("E11", "E11") is False
    assert truth("E11", "E11.9") is None


def test_records_that_contradict_each_other_decide_nothing() -> None:
    assert decided("Asthma", ill("Asthma"), ill("Asthma", "2024-05-01", absent=True)) == (None, "disagree")


@pytest.mark.parametrize(
    ("text", "event", "expected"),
    [
        ("Myocardial infarction", ill("Myocardial infarction", "2010-03-01"), (None, "over")),
        ("Myocardial infarction", ill("Acute myocardial infarction", "2010", end="2010"), (None, "over")),
        ("Myocardial infarction", ill("Myocardial infarction", "2010", ongoing=False), (None, "over")),
        ("Myocardial infarction", ill("Myocardial infarction", "2024-05-20"), (True, "decided")),
        ("Myocardial infarction", ill("Myocardial infarction", "2010", ongoing=True), (True, "decided")),
        ("History of myocardial infarction", ill("Myocardial infarction", "2010", end="2010"), (True, "decided")),
        (
            "Myocardial infarction within 6 months",
            ill("Myocardial infarction", "2010", end="2010"),
            (False, "complete"),
        ),
        ("Current pneumonia", ill("Pneumonia", "2010", end="2010"), (False, "complete")),
        ("Pneumonia", ill("Pneumonia", "2010", end="2010"), (None, "over")),
        ("Fracture", ill("Closed fracture of hip", "2015-01-02"), (None, "over")),
        ("Asthma", ill("Asthma", "2010", end="2012"), (False, "complete")),
        ("Pregnancy", ill("Normal pregnancy", "2010", end="2011"), (False, "complete")),
        ("Pancreatitis", ill("Chronic pancreatitis", "2010"), (True, "decided")),
    ],
)
def test_what_is_over_may_be_asked_for_by_its_name(text: str, event: Event, expected: tuple[Truth, str]) -> None:
    assert decided(text, event, complete=("condition",)) == expected


@pytest.mark.parametrize(
    ("text", "events", "complete", "expected"),
    [
        ("Asthma", [], ["condition"], (False, "complete")),
        ("Asthma", [], ["drug"], (None, "no-data")),
        ("Asthma", [ill("Psoriasis")], ["condition"], (False, "complete")),
        ("Heart disease", [ill("Psoriasis")], ["condition"], (None, "no-data")),
        ("Corticosteroids", [takes("Dexamethasone", ongoing=True)], ["drug"], (True, "decided")),
        ("Corticosteroids", [takes("Metformin", ongoing=True)], ["drug"], (False, "complete")),
        ("Corticosteroids", [takes("Metformin", ongoing=True), takes("Something new")], ["drug"], (None, "no-data")),
        ("Metformin", [takes("Dexamethasone", ongoing=True)], ["drug"], (False, "complete")),
        ("Metformin", [takes("Metformin", end="2024-02-01")], ["drug"], (False, "complete")),
        ("Metformin", [takes("Metformin")], ["drug"], (None, "undated")),
        ("Candidate for liver transplantation", [], ["procedure"], (None, "not-said")),
        ("Scheduled for coronary angiography", [], ["procedure"], (None, "not-said")),
    ],
)
def test_complete(text: str, events: list[Event], complete: list[str], expected: tuple[Truth, str]) -> None:
    assert decided(text, *events, complete=tuple(complete)) == expected


@pytest.mark.parametrize("text", ["Able to give informed consent", "Taking part in another clinical trial"])
def test_what_no_record_says(text: str) -> None:
    assert decided(text) == (None, "not-in-records")


@pytest.mark.parametrize(
    ("text", "name", "truth"),
    [
        ("Able to give written informed consent", "Informed consent", True),
        ("Willing to participate in the study", "Signed informed consent form", True),
        ("Able to give informed consent", "No informed consent", False),
        ("Able to give informed consent", "Withdrawal of consent", None),
        ("Consent", "Consent for blood transfusion", None),
        ("Consent", "Parental consent", None),
        ("Consent to genetic testing", "Informed consent", None),
        ("Consent to genetic testing", "Consent to genetic testing", True),
        ("Willing to comply with all study visits and procedures", "Compliance with the study protocol", True),
        ("Patient compliant with trial procedures", "Will comply with the protocol", True),
        ("Willing to attend follow-up visits", "Compliance with the study protocol", True),
        ("Willing to comply with all study visits", "Informed consent", None),
        ("Adherent to inhaled steroids", "Compliance with the study protocol", None),
        ("Willing to comply with the protocol", "Poor compliance", None),
        ("Willing to undergo a lung biopsy", "Informed consent", None),
    ],
)
def test_a_record_may_tell_of_consent(text: str, name: str, truth: Truth) -> None:
    assert decided(text, Event(domain="consent", name=name, start="2024-06-01"))[0] is truth


@pytest.mark.parametrize(
    ("text", "truth"),
    [("Corticosteroids", None), ("Topical corticosteroids", True), ("Hydrocortisone", True)],
)
def test_a_class_of_drugs_may_not_mean_a_cream(text: str, truth: Truth) -> None:
    assert decided(text, takes("Hydrocortisone 10 MG/ML Topical Cream", ongoing=True))[0] is truth


def test_kin() -> None:
    one = fact("breast cancer", experiencer="family")
    assert decided(one, ill("Breast cancer")) == (None, "not-in-records")
    assert decided(one, ill("Family history of breast cancer")) == (True, "decided")
    assert decided(fact("breast cancer", experiencer="donor"), ill("Breast cancer")) == (None, "not-in-records")


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize("text", ["Asthma", "Haemoglobin ≥ 9 g/dL", "Metformin", "Colonoscopy", "Allergy to latex"])
def test_where_no_key_is_shared_nothing_is_known(text: str) -> None:
    known = Known(patient(ill("Psoriasis"), takes("Ibuprofen"), lab("Sodium", 140, "mmol/L")), DAY)
    assert not known.touches(asked(text))
    assert keys_of(asked(text)).isdisjoint(known.keys)
    assert known.decide(asked(text)).why == "no-data"


@pytest.mark.parametrize("text", ["Age ≥ 18 years", "Women", "Pregnancy", "Able to give informed consent"])
def test_persons_and_what_no_record_says_have_keys(text: str) -> None:
    assert Known(patient(), DAY).touches(asked(text))


# ------------------------------------------------------------------ bad data

odd = st.builds(
    Event,
    domain=st.sampled_from(get_args(Domain)),
    name=st.sampled_from(["", " ", "asthma", "no", "history of", "( )", "/", "10 MG", "[x]", "of", "a - b", "é", "-"]),
    start=st.sampled_from([None, "2024-06-15", "2024-02", "2029", "0001-01-01", "9999-12-31"]),
    end=st.sampled_from([None, "2000", "2024-06-20"]),
    ongoing=st.sampled_from([None, True, False]),
    absent=st.booleans(),
    value=st.sampled_from([None, 1, 1e308, -0.5, "", "positive", "II", ">", "no", float("inf"), float("nan")]),
    unit=st.sampled_from([None, "", "mg/dL", "{", "furlong", "{score}", "%"]),
    high=st.sampled_from([None, 0, -1, 5]),
    dose=st.sampled_from([None, 0, 10]),
    dose_unit=st.sampled_from([None, "mg", "??"]),
)
ASKED = [
    asked(text)
    for text in (
        "Asthma", "Severe asthma within 3 months", "Haemoglobin ≥ 9 g/dL", "ALT ≤ 3 x ULN", "HBsAg positive",
        "NYHA class ≥ II",
        "Age ≥ 18 years", "Women", "Prednisone > 10 mg/day", "Allergy to latex", "Asthma for at least 6 months",
        "Able to give informed consent", "Colonoscopy after hip surgery", "At least 2 episodes of asthma",
    )
]  # fmt: skip


@given(st.lists(odd, max_size=4), st.sampled_from([None, "1990", "2050-01-01"]))
@settings(max_examples=150, deadline=None)
def test_bad_data_is_never_fatal(events: list[Event], birth: str | None) -> None:
    known = Known(patient(*events, birth=birth), DAY)
    for one in ASKED:
        known.decide(one)


# ------------------------------------------------------------------ laws

plausible = st.builds(
    Event,
    domain=st.sampled_from(["condition", "drug", "procedure", "observation"]),
    name=st.sampled_from(
        ["asthma", "severe asthma", "childhood asthma", "no asthma", "history of asthma", "metformin", "colonoscopy"]
    ),
    start=st.sampled_from([None, "2024-06-15", "2024-05", "2023", "2019-01-01", "2025-01-01"]),
    end=st.sampled_from([None, "2024-06-01", "2022", "2026"]),
    ongoing=st.sampled_from([None, True, False]),
    absent=st.booleans(),
    status=st.sampled_from([(), ("severe",), ("mild",)]),
)
EXISTENTIAL = [
    asked(text)
    for text in (
        "Asthma", "Severe asthma", "History of asthma", "Asthma within 3 months",
        "Asthma for at least 6 months", "Metformin",
        "Metformin within 2 years", "Colonoscopy", "Colonoscopy within 5 years", "At least 2 episodes of asthma",
    )
]  # fmt: skip


@given(st.lists(plausible, max_size=4), plausible)
@settings(max_examples=300, deadline=None)
def test_more_knowledge_never_turns_a_verdict(events: list[Event], more: Event) -> None:
    """Of an open world, and of what is existential: the latest measurement is a new state and may well decide anew."""
    before, after = Known(patient(*events), DAY), Known(patient(*events, more), DAY)
    for one in EXISTENTIAL:
        old, new = before.decide(one).truth, after.decide(one).truth
        assert old is None or new is None or old is new


cancers = st.builds(
    ill,
    st.sampled_from(
        ["lung cancer", "basal cell carcinoma", "cancer", "no basal cell carcinoma", "melanoma", "no cancer"]
    ),
    st.sampled_from([None, "2024-06-15", "2023", "2019-01-01"]),
    end=st.sampled_from([None, "2024-06-01", "2022"]),
    absent=st.booleans(),
    status=st.sampled_from([(), ("treated",)]),
)


@given(st.lists(cancers, max_size=4), cancers, st.booleans())
@settings(max_examples=200, deadline=None)
def test_more_knowledge_never_turns_what_exceptions_leave(events: list[Event], more: Event, treated: bool) -> None:
    text = f"Malignancy within 5 years except {'treated ' if treated else ''}basal cell carcinoma"
    old, new = left(text, *events)[0], left(text, *events, more)[0]
    assert old is None or new is None or old is new


near = st.dates(date(2024, 1, 1), date(2024, 3, 31))


@given(near, st.integers(0, 40), st.integers(0, 40), near, st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_a_window_against_every_day(first: date, a: int, b: int, start: date, c: int, d: int, e: int) -> None:
    """True and false are what holds whichever of the possible days is right; else nothing is known."""

    def later(day: date, n: int) -> date:
        return day + timedelta(days=n)

    frame = Frame((start, later(start, c)), (later(start, c + d), later(start, c + d + e)))
    held = Held((first, later(first, a)), (later(first, a), later(first, a + b)))
    told = {
        s <= end and last >= begin
        for s in (first, later(first, a))
        for last in (later(first, a), later(first, a + b))
        for begin in (start, later(start, c))
        for end in (later(start, c + d), later(start, c + d + e))
    }
    found = overlaps(held, frame)
    assert (found is None) == (len(told) == 2)
    if found is not None:
        assert told == {found}


@given(st.dates(date(1990, 1, 1), date(2030, 12, 31)), st.integers(-40, 40))
def test_months_are_those_of_the_calendar(day: date, months: int) -> None:
    there, also = shift(day, months, "mo")
    assert there == also
    assert (there.year * 12 + there.month) - (day.year * 12 + day.month) == months
    assert there.day == day.day or (there.day < day.day and (there + timedelta(days=1)).day == 1)
    assert age((day, day), (there, there), "mo") == (months, months) or months < 0


@given(near, st.integers(1, 30), st.booleans(), st.booleans())
def test_the_ends_of_a_window_count_where_they_are_said_to(day: date, length: int, first: bool, last: bool) -> None:
    anchor = Anchor(event="screening")
    offset = Offset(value=-length, unit=Unit(ucum="d"))
    window = Window(
        start=Bound(anchor=anchor, offset=offset, inclusive=first), end=Bound(anchor=anchor, inclusive=last)
    )
    [frame] = frames(window, lambda _: (day, day))
    for n in range(-length - 2, 3):
        one = day + timedelta(days=n)
        inside = (-length <= n if first else -length < n) and (n <= 0 if last else n < 0)
        assert overlaps(Held((one, one), (one, one)), frame) is inside


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_name_can_be_read(name: str) -> None:
    matcher = Matcher()
    for domain in get_args(Domain):
        assert matcher.readings(Event(domain=domain, name=name)) is not None


def test_a_written_day_may_be_a_whole_month() -> None:
    assert days("2023-12") == (date(2023, 12, 1), date(2023, 12, 31))
    assert decided("Myocardial infarction within 6 months", ill("Myocardial infarction", "2024-01", end="2024-01"))[0]


def test_modifiers_of_several_values_are_alternatives() -> None:
    one = fact("asthma", modifiers=(modifier("severity", "moderate or severe", value=("moderate", "severe")),))
    assert decided(one, ill("Asthma", status=("severe",)))[0] is True
    assert decided(one, ill("Asthma", status=("mild",)))[0] is None


def test_a_class_of_weight_is_of_the_day_on_which_it_was_found() -> None:
    found = told("Body mass index 30+ - obesity (finding)", "2015-03-01")
    assert decided("Obesity", found) == (None, "undated")
    assert decided("Obesity", replace(found, start="2024-05-01")) == (True, "decided")
    assert decided("Obesity", replace(found, domain="condition", ongoing=True)) == (True, "decided")
