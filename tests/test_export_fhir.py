"""Criteria in FHIR: what a standard reader of the bundle sees, what is valid, and what is read back."""

from __future__ import annotations

import json
import os
import random
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.R4B.bundle import Bundle as BundleR4B
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories as make
from protoparse import load, parse
from protoparse.errors import ExportError, InputError, NestingError, ProtoparseError
from protoparse.export import Loss, Result
from protoparse.export.fhir import R4B, R5, from_fhir
from protoparse.model import (
    MAX_DEPTH,
    Age,
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Code,
    Comparison,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Note,
    Offset,
    Rule,
    Trial,
    Unit,
    walk,
)
from protoparse.units import parse_unit

CORPUS = sorted(Path(__file__).parent.parent.glob("corpus/*/criteria.json"))
TARGETS = [R5, R4B]
UCUM = "http://unitsofmeasure.org"

lenient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
targets = pytest.mark.parametrize("target", TARGETS, ids=lambda t: t.target)


def resource(bundle: Any, kind: str) -> Any:
    [found] = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
    return found


def bare(value: Any) -> Any:
    """What a reader sees who passes over extensions."""
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if k not in ("extension", "modifierExtension")}
    return [bare(v) for v in value] if isinstance(value, list) else value


def characteristic(rule: Rule, kind: str = "inclusion") -> Any:
    """The R5 characteristic of a rule, without extensions."""
    made = R5.make(make.document(make.criterion(rule, kind=kind)), name="t").payload
    found = bare(resource(made, "EvidenceVariable")["characteristic"][0])
    return {k: v for k, v in found.items() if k not in ("linkId", "description")}


def losses(rule: Rule, target: Any = R5, **options: Any) -> list[Loss]:
    """What is lost of a rule, the flat list aside."""
    made = target.make(make.document(make.criterion(rule, id="inclusion.1")), name="t", **options)
    return [loss for loss in made.losses if "Group" not in loss.why]


# ------------------------------------------------------------------ what a standard reader sees


def quantity(value: Any, comparator: str | None, unit: str | None, code: str | None) -> Any:
    said = {"value": value, "comparator": comparator, "unit": unit, "system": code and UCUM, "code": code}
    return {k: v for k, v in said.items() if v is not None}


def test_a_measurement_is_a_type_with_a_value() -> None:
    alt = make.fact(
        make.concept("ALT", codes=(Code(system="LOINC", code="1742-6"),)), "measurement", value=make.at_most(40, "U/L")
    )
    assert characteristic(alt) == {
        "exclude": False,
        "definitionByTypeAndValue": {
            "type": {"coding": [{"system": "http://loinc.org", "code": "1742-6"}], "text": "ALT"},
            "valueQuantity": quantity(40, "<=", "U/L", "U/L"),
        },
    }


POSITIVE = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "POS"}],
    "text": "positive",
}


@pytest.mark.parametrize(
    ("value", "element", "said"),
    [
        (make.more_than(3, "mg/dL"), "valueQuantity", quantity(3, ">", "mg/dL", "mg/dL")),
        (make.comparison("=", 2), "valueQuantity", {"value": 2}),
        (make.comparison("=", "positive"), "valueCodeableConcept", POSITIVE),
        (make.comparison("=", "II"), "valueCodeableConcept", {"text": "II"}),
        (make.comparison(">=", "II"), "valueCodeableConcept", {"text": "≥ II"}),
        (make.at_most(1.5, reference="ULN"), "valueQuantity", quantity(1.5, "<=", "× ULN", "{ULN}")),
        (make.comparison(">=", 80, "%", reference="predicted"), "valueQuantity", quantity(80, ">=", "%", "%")),
        (
            make.between(18, 65, "years"),
            "valueRange",
            {"low": quantity(18, None, "years", "a"), "high": quantity(65, None, "years", "a")},
        ),
    ],
)
def test_a_value(value: Comparison, element: str, said: Any) -> None:
    found = characteristic(make.fact("x", "measurement", value=value))["definitionByTypeAndValue"]
    assert found[element] == said


@pytest.mark.parametrize(("reference", "code"), [("ULN", "UNL"), ("LLN", "LNL")])
def test_a_limit_of_normal_is_named_by_the_standard_code(reference: str, code: str) -> None:
    found = characteristic(make.fact("x", "measurement", value=make.at_most(2, reference=reference)))
    coding = found["definitionByTypeAndValue"]["offset"]["coding"][0]
    assert coding == {"system": "http://terminology.hl7.org/CodeSystem/characteristic-offset", "code": code}


def test_a_range_without_one_of_its_ends_is_two_limits() -> None:
    age = make.fact("age", "person", value=make.between(18, 65, "years", high_inclusive=False))
    both = characteristic(age)["definitionByCombination"]
    limits = [c["definitionByTypeAndValue"]["valueQuantity"] for c in both["characteristic"]]
    assert both["code"] == "all-of"
    assert [(x["comparator"], x["value"]) for x in limits] == [(">=", 18), ("<", 65)]


def test_one_of_several_values_is_any_of_them() -> None:
    found = characteristic(make.fact("ECOG", "measurement", value=make.one_of(0, 1)))["definitionByCombination"]
    assert found["code"] == "any-of"
    assert [c["definitionByTypeAndValue"]["valueQuantity"]["value"] for c in found["characteristic"]] == [0, 1]


def test_a_window_counts_from_its_event() -> None:
    found = characteristic(make.fact("surgery", "procedure", time=make.before(4, "weeks", "enrollment")))
    [time] = found["timeFromEvent"]
    assert time["range"] == {"low": quantity(-4, None, "weeks", "wk"), "high": quantity(0, None, "weeks", "wk")}
    assert time["eventCodeableConcept"]["coding"][0] == {
        "system": "http://hl7.org/fhir/evidence-variable-event",
        "code": "study-start",
    }


def test_longer_ago_than_has_no_end_within() -> None:
    end = make.bound("screening", make.offset(-1, "years"), inclusive=False)
    found = characteristic(make.fact("stroke", time=make.window(None, end)))
    assert found["timeFromEvent"][0]["quantity"] == quantity(-1, "<", "years", "a")


def test_the_longer_of_two_times_is_either() -> None:
    """Within 4 weeks or 5 half-lives, whichever is longer: within the one or within the other."""
    start = make.bound("first_dose", Offset(longest_of=(make.offset(-4), make.offset(-5, "half-lives"))))
    drug = make.fact("warfarin", "drug", time=make.window(start, make.bound("first_dose")))
    found = characteristic(drug)["definitionByCombination"]
    assert found["code"] == "any-of"
    assert [c["timeFromEvent"][0]["range"]["low"]["value"] for c in found["characteristic"]] == [-4, -5]
    assert losses(drug) == []


@pytest.mark.parametrize(
    ("end", "which", "sign", "code"),
    [
        ("start", "shortest_of", -1, "all-of"),
        ("end", "longest_of", -1, "all-of"),
        ("end", "shortest_of", -1, "any-of"),
        ("end", "longest_of", 1, "any-of"),
        ("start", "longest_of", 1, "all-of"),
    ],
)
def test_which_of_two_times_counts(end: str, which: str, sign: int, code: str) -> None:
    """A washout of 4 weeks or 5 half-lives, the longer: the drug was both 4 weeks and 5 half-lives ago."""
    several = Offset(**{which: (make.offset(4 * sign), make.offset(5 * sign, "half-lives"))})
    time = make.window(**{end: make.bound("first_dose", several)})
    assert characteristic(make.fact("x", "drug", time=time))["definitionByCombination"]["code"] == code


def test_a_count_a_duration_and_a_dose() -> None:
    """At least 2 courses of prednisone above 10 mg a day, of a fortnight or more."""
    drug = make.fact(
        "prednisone",
        "drug",
        count=make.comparison(">=", 2),
        dose=make.more_than(10, "mg/day"),
        time=make.window(duration=make.comparison(">=", 2, "weeks")),
    )
    found = characteristic(drug)
    assert found["instancesQuantity"] == {"value": 2, "comparator": ">="}
    assert found["durationQuantity"] == quantity(2, ">=", "weeks", "wk")
    assert found["definitionByTypeAndValue"]["valueQuantity"] == quantity(10, ">", "mg/day", "mg/d")
    assert losses(drug) == []


def test_what_narrows_a_concept_stands_beside_it() -> None:
    found = characteristic(make.fact("asthma", modifiers=(make.modifier("severity", "severe"),)))
    plain, narrowed = found["definitionByCombination"]["characteristic"]
    assert plain == {"definitionCodeableConcept": {"text": "asthma"}}
    assert narrowed["definitionByTypeAndValue"]["type"]["text"] == "asthma: severity"
    assert narrowed["definitionByTypeAndValue"]["valueCodeableConcept"] == {"text": "severe"}


def test_a_method_has_its_element() -> None:
    said = make.fact(
        "creatinine clearance",
        "measurement",
        value=make.more_than(60, "mL/min"),
        modifiers=(make.modifier("method", "Cockcroft-Gault"),),
    )
    assert characteristic(said)["definitionByTypeAndValue"]["method"] == [{"text": "Cockcroft-Gault"}]


def test_another_persons_disease_has_no_code() -> None:
    """A machine would take the code for the patient's."""
    disease = make.concept("long QT syndrome", codes=(Code(system="MeSH", code="D008133"),))
    said = make.fact(disease, experiencer="family")
    assert characteristic(said)["definitionCodeableConcept"] == {"text": "family: long QT syndrome"}
    [loss] = losses(said)
    assert (loss.path, loss.lost) == ("$.experiencer", "family")


def test_what_a_trial_asks_of_some_is_asked_of_nobody_else() -> None:
    found = characteristic(make.if_(make.fact("female", "person"), make.fact("contraception", "drug")))
    women, then = found["definitionByCombination"]["characteristic"]
    assert found["definitionByCombination"]["code"] == "any-of"
    assert women == {"exclude": True, "definitionCodeableConcept": {"text": "female"}}
    assert then == {"definitionCodeableConcept": {"text": "contraception"}}


def test_an_exclusion_is_excluded() -> None:
    assert characteristic(make.fact("gout"), "exclusion")["exclude"] is True
    assert characteristic(make.not_(make.fact("gout")), "inclusion")["exclude"] is True
    twice = characteristic(make.not_(make.fact("gout")), "exclusion")
    assert twice["exclude"] is True
    assert twice["definitionByCombination"]["characteristic"][0]["exclude"] is True


# ------------------------------------------------------------------ what it means without extensions

NAMES = "abcde"
simple: st.SearchStrategy[Rule] = st.recursive(
    st.sampled_from(NAMES).map(make.fact),
    lambda inner: st.one_of(
        st.lists(inner.filter(lambda r: not isinstance(r, All)), min_size=2, max_size=3).map(lambda of: make.all_(*of)),
        st.lists(inner.filter(lambda r: not isinstance(r, Any_)), min_size=2, max_size=3).map(
            lambda of: make.any_(*of)
        ),
        inner.map(make.not_),
        st.builds(make.if_, inner, inner),
        st.builds(make.except_, inner, inner),
    ),
    max_leaves=6,
)
kinds = st.sampled_from(["inclusion", "exclusion"])


@st.composite
def outlines(draw: st.DrawFn, depth: int = 2) -> Criterion:
    """Criteria with children, exceptions, groups and words that were not understood."""
    children = draw(st.lists(outlines(depth - 1), max_size=2)) if depth else []
    return make.criterion(
        draw(simple if not children else st.one_of(st.none(), simple)),
        *children,
        kind=draw(kinds),
        combine=draw(st.sampled_from(["all", "any", "except", "then", AtLeastChildren(at_least=2)]))
        if children
        else None,
        group=draw(st.sampled_from([None, None, "Part B"])),
        unparsed=draw(st.sampled_from([(), (), ((0, 6),)])),
        span=(0, 6),
    )


worlds = st.fixed_dictionaries({name: st.booleans() for name in [*NAMES, "Part B", "riddle"]})


def says(rule: Rule, world: dict[str, bool]) -> bool:
    """Whether a rule holds, as the format defines it."""
    match rule:
        case Fact():
            return world[rule.concept.text]
        case All():
            return all(says(m, world) for m in rule.of)
        case Any_():
            return any(says(m, world) for m in rule.of)
        case Not():
            return not says(rule.of, world)
        case If():
            return not says(rule.condition, world) or says(rule.then, world)
        case Except():
            return says(rule.base, world) and not any(says(e, world) for e in rule.exceptions)
        case AtLeast():
            return sum(says(m, world) for m in rule.of) >= rule.count


def holds(criterion: Criterion, world: dict[str, bool], wanted: bool) -> bool:
    """Whether a criterion holds, as screening takes it: what is not understood lets nobody in."""
    own = None if criterion.rule is None else says(criterion.rule, world)
    excepted = criterion.combine == "except"
    children = []
    for child in criterion.children:
        contrary = child.kind != criterion.kind
        if child.group is None or world[child.group]:
            children.append(holds(child, world, wanted ^ contrary ^ excepted) ^ contrary)
    if not children and not criterion.children:
        found = own is not False
    elif excepted:
        found = own is not False and not any(children)
    else:
        if isinstance(criterion.combine, AtLeastChildren):
            joined = sum(children) >= criterion.combine.at_least
        else:
            joined = any(children) if criterion.combine == "any" else all(children)
        found = joined if own is None else (not own or joined) if criterion.combine == "then" else own and joined
    if criterion.unparsed:
        return (found and world["riddle"]) if wanted else (found or world["riddle"])
    return found


def met(found: Any, world: dict[str, bool], contained: dict[str, Any]) -> bool:
    """Whether a characteristic of R5 or R4B is met, for a reader who knows no extension."""
    if "definitionByCombination" in found:
        combination = found["definitionByCombination"]
        code, members = combination["code"], combination["characteristic"]
    elif "definitionReference" in found:
        part = contained[found["definitionReference"]["reference"]]
        code = {"intersection": "all-of", "union": "any-of"}[part["characteristicCombination"]]
        members = part["characteristic"]
    else:
        return world[found["definitionCodeableConcept"]["text"]] ^ found.get("exclude", False)
    count = sum(met(m, world, contained) for m in members)
    least = {"all-of": len(members), "any-of": 1}.get(code) or combination["threshold"]
    return (count >= least) ^ found.get("exclude", False)


@settings(lenient, max_examples=300)
@given(st.lists(outlines(), min_size=1, max_size=3), worlds)
def test_who_passes_over_extensions_takes_the_same_people(criteria: list[Criterion], world: dict[str, bool]) -> None:
    document = make.document(*criteria, text="riddle")
    asked = [c for c in criteria if c.group is None or world[c.group]]
    taken = all(holds(c, world, c.kind == "inclusion") ^ (c.kind == "exclusion") for c in asked)
    for target in TARGETS:
        if target is R4B and any(isinstance(c.combine, AtLeastChildren) for c in walk(criteria)):
            continue  # R4B has no threshold, and the losses say so
        variable = bare(resource(target.make(document, name="t").payload, "EvidenceVariable"))
        contained = {"#" + c["id"]: c for c in variable.get("contained", ())}
        assert all(met(c, world, contained) for c in variable["characteristic"]) == taken


@settings(lenient, max_examples=200)
@given(st.lists(st.builds(lambda r, k: make.criterion(r, kind=k), simple, kinds), min_size=1, max_size=3), worlds)
def test_the_flat_list_takes_the_same_people(criteria: list[Criterion], world: dict[str, bool]) -> None:
    made = R5.make(make.document(*criteria), name="t")
    if [loss for loss in made.losses if "Group" in loss.why]:
        return  # not all of it is a list
    traits = resource(made.payload, "Group")["characteristic"]
    listed = all(world[t["code"]["text"]] ^ t["exclude"] for t in traits)
    assert listed == all(says(c.rule, world) ^ (c.kind == "exclusion") for c in criteria if c.rule)


def test_what_narrows_a_trait_is_a_trait_of_whom_it_is_asked() -> None:
    asthma = make.fact("asthma", modifiers=(make.modifier("severity", "severe"),))

    def listed(kind: str) -> list[Any]:
        document = make.document(make.criterion(asthma, kind=kind, span=(0, 13)), text="severe asthma")
        return [
            (t["code"]["text"], t["exclude"])
            for t in resource(R5.make(document, name="t").payload, "Group")["characteristic"]
        ]

    assert listed("inclusion") == [("asthma", False), ("asthma: severity", False)]
    assert listed("exclusion") == [("severe asthma", True)]


# ------------------------------------------------------------------ what is valid

# Required bindings of the specification: https://hl7.org/fhir/R5 and /R4B.
CODES = {
    ("Quantity", "comparator"): {"<", "<=", ">=", ">"},
    ("Combination", "code"): {"all-of", "any-of", "at-least", "at-most", "statistical", "net-effect", "dataset"},
    ("EvidenceVariable", "characteristicCombination"): {"intersection", "union"},
    ("EvidenceVariable", "status"): {"draft", "active", "retired", "unknown"},
    ("ResearchStudy", "status"): {"draft", "active", "retired", "unknown"},
    ("Group", "type"): {"person"},
    ("Group", "membership"): {"definitional", "enumerated"},
    ("Bundle", "type"): {"collection"},
    ("Narrative", "status"): {"generated", "extensions", "additional", "empty"},
}
STRING = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f]*\S[^\x00-\x08\x0b\x0c\x0e-\x1f]*", re.DOTALL)


def elements(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every element that has fields, with what it is."""
    if isinstance(value, list):
        for member in value:
            yield from elements(member, name)
    elif isinstance(value, dict):
        yield value.get("resourceType", name), value
        for key, below in value.items():
            yield from elements(below, key)


def check(bundle: Any) -> None:
    """What the specification asks and a model of shapes alone does not."""
    addresses = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(addresses) == len(set(addresses))
    for kind, found in elements(bundle):
        assert found, f"ele-1: an empty {kind}"
        for key, value in found.items():
            assert value not in (None, [], {}), f"{kind}.{key} is empty"
            if isinstance(value, str):
                assert STRING.fullmatch(value), (kind, key, value)
        what = {
            "definitionByCombination": "Combination",
            "text": "Narrative" if "div" in found else "",
            **dict.fromkeys(
                ["quantity", "low", "high", "valueQuantity", "instancesQuantity", "durationQuantity"], "Quantity"
            ),
        }.get(kind, kind)
        for (of, key), codes in CODES.items():
            if of == what and key in found:
                assert found[key] in codes, (kind, key, found[key])
        if what == "Quantity":
            assert "code" not in found or found["system"] == UCUM, "qty-3"
        if kind in ("low", "high"):
            assert "comparator" not in found, "sqty-1"
        if "low" in found and "high" in found:
            assert found["low"]["value"] <= found["high"]["value"], "rng-2"
        if kind in ("extension", "modifierExtension"):
            assert ("extension" in found) != any(k.startswith("value") for k in found), "ext-1"
        if kind == "characteristic":
            assert sum(k.startswith("definition") for k in found) <= 1, "evv-1"
        if kind == "definitionByCombination" and found["code"] == "at-least":
            assert found.get("threshold", 1) >= 1
        if "id" in found and "resourceType" in found:
            assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", found["id"])
        if "linkId" in found:
            assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", found["linkId"])
        if "reference" in found and isinstance(found["reference"], str):
            assert found["reference"] in addresses or found["reference"].startswith("#")
        if "div" in found:
            ET.fromstring(found["div"])
    variable = resource(bundle, "EvidenceVariable")
    ids = ["#" + part["id"] for part in variable.get("contained", ())]
    assert sorted(ids) == sorted(re.findall(r'"reference": "(#[^"]+)"', json.dumps(variable))), "dom-3"


def valid(target: Any, document: Document, name: str = "t") -> Result:
    """An export that is valid, is JSON, and reads back."""
    made: Result = target.make(document, name=name)
    written = json.dumps(made.payload)
    assert json.loads(written) == made.payload
    (BundleR5 if target is R5 else BundleR4B).model_validate(made.payload)
    check(made.payload)
    assert from_fhir(made.payload) == document
    return made


@targets
@pytest.mark.parametrize("path", CORPUS, ids=lambda p: p.parent.name)
def test_the_corpus_is_valid_and_reads_back(path: Path, target: Any) -> None:
    document = load(path.read_bytes())
    made = valid(target, document, path.parent.name)
    units = re.findall(r'"system": "http://unitsofmeasure.org", "code": "([^"]+)"', json.dumps(made.payload))
    for unit in set(units):
        parse_unit(unit)  # each is UCUM
    assert target.make(document, name=path.parent.name) == made


@targets
def test_the_gold_is_valid_and_reads_back(target: Any) -> None:
    if "PROTOPARSE_DATA" not in os.environ:
        pytest.skip("PROTOPARSE_DATA names no folder")
    paths = sorted(Path(os.environ["PROTOPARSE_DATA"]).glob("gold/json/NCT*.json"))
    assert paths
    for path in paths:
        valid(target, load(path.read_bytes()), path.stem)


@targets
@settings(lenient, max_examples=60)
@given(make.rules, kinds, make.texts)
def test_any_rule_is_valid_and_reads_back(target: Any, rule: Rule, kind: str, name: str) -> None:
    valid(target, make.document(make.criterion(rule, kind=kind)), name)


def test_a_whole_document_reads_back() -> None:
    document = Document(
        trial=Trial(
            id="NCT01234567",
            registry="ClinicalTrials.gov",
            title="Leaf & <root>",
            conditions=("gout", "hay fever"),
            minimum_age=Age(value=3, unit=Unit(text="Years", ucum="a")),
            maximum_age=Age(value=70, unit=Unit(text="Years", ucum="a")),
            sex="female",
            healthy_volunteers=False,
        ),
        text="No gout, flarp the blubb",
        criteria=(
            make.criterion(
                make.not_(make.fact("gout")),
                make.criterion(
                    None, kind="exclusion", id="inclusion.1.1", label="-", span=(10, 15), unparsed=((10, 15),)
                ),
                id="registry.age",
                group="Part B",
                label="1.",
                combine="all",
                span=(0, 24),
                unparsed=((10, 24),),
            ),
        ),
        notes=(Note(code="numbering-restarts", message="2 before 1", span=(0, 2)), Note(code="x", message="y")),
    )
    for target in TARGETS:
        valid(target, document)
    bundle = R5.make(document, name="t").payload
    *_, age, sex = resource(bundle, "EvidenceVariable")["characteristic"]
    assert sex["definitionCodeableConcept"]["coding"][0]["system"] == "http://hl7.org/fhir/administrative-gender"
    limits = bare(age)["definitionByCombination"]["characteristic"]
    assert [x["definitionByTypeAndValue"]["valueQuantity"]["comparator"] for x in limits] == [">=", "<="]
    study = resource(bundle, "ResearchStudy")
    assert study["identifier"][0] == {
        "system": "http://clinicaltrials.gov",
        "value": "NCT01234567",
        "assigner": {"display": "ClinicalTrials.gov"},
    }
    assert study["recruitment"]["eligibility"]["reference"].startswith("urn:uuid:")


def test_places_and_confidences_are_kept() -> None:
    document = parse("Exclusion Criteria:\n1. Stroke or severe gout within 6 months before screening, unless cured")
    for target in TARGETS:
        assert valid(target, document).payload
        assert from_fhir(json.dumps(target.make(document, name="t").payload)) == document


@targets
def test_the_deepest_document_is_written(target: Any) -> None:
    rule: Rule = make.fact("x")
    for n in range(MAX_DEPTH - 1):
        rule = make.not_(rule) if n % 2 else make.if_(make.fact("y"), rule)
    criterion = make.criterion(rule, id="inclusion.1")
    for _ in range(MAX_DEPTH - 1):
        criterion = make.criterion(make.fact("z"), criterion, combine="any", group="Part B", unparsed=((0, 6),))
    document = make.document(criterion, text="riddle")
    assert from_fhir(target.make(document, name="t").payload) == document


# ------------------------------------------------------------------ losses


@pytest.mark.parametrize(
    ("rule", "path", "lost"),
    [
        (make.fact("NYHA", "measurement", value=make.comparison(">=", "II")), "$.value", "≥ II"),
        (make.fact("x", count=make.one_of(1, 3)), "$.count", "in {1, 3}"),
        (
            make.any_(make.fact("x"), make.fact("antibiotics", "drug", includes=(make.fact("ofloxacin", "drug"),))),
            "$.of[1].includes",
            "drug [ofloxacin]",
        ),
        (make.at_least(0, make.fact("x"), make.fact("y")), "$", "at least 0"),
        (make.fact(make.concept("x", codes=(Code(system="House list", code="7"),))), "$.concept.codes", "House list 7"),
    ],
)
def test_what_r5_cannot_hold_is_told(rule: Rule, path: str, lost: str) -> None:
    assert [(loss.criterion, loss.path, loss.lost) for loss in losses(rule)] == [("inclusion.1", path, lost)]


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        (make.fact("x", time=make.before(2, "weeks", "screening")), "$.time"),
        (make.fact("x", count=make.comparison(">=", 2)), "$.count"),
        (make.fact("x", time=make.window(duration=make.comparison(">", 2, "weeks"))), "$.time.duration"),
        (make.not_(make.at_least(2, make.fact("x"), make.fact("y"))), "$.of"),
        (make.fact("x", "measurement", value=make.at_most(3, reference="ULN")), "$.value"),
    ],
)
def test_what_r4b_cannot_hold_is_told(rule: Rule, path: str) -> None:
    assert losses(rule) == []
    assert [loss.path for loss in losses(rule, R4B)] == [path]


def test_r4b_counts_from_the_start_of_the_study() -> None:
    said = make.fact("x", time=make.before(2, "weeks", "enrollment"))
    assert losses(said, R4B) == []
    made = R4B.make(make.document(make.criterion(said)), name="t").payload
    [found] = resource(made, "EvidenceVariable")["characteristic"]
    assert found["timeFromStart"]["range"]["low"] == quantity(-2, None, "weeks", "wk")


def test_r4b_refers_to_the_group() -> None:
    made = R4B.make(make.document(make.criterion(make.fact("x"))), name="t").payload
    [enrollment] = resource(made, "ResearchStudy")["enrollment"]
    [group] = [e for e in made["entry"] if e["fullUrl"] == enrollment["reference"]]
    assert group["resource"]["actual"] is False


def test_what_is_not_understood_is_told_and_stands_in_words() -> None:
    document = parse("Exclusion Criteria:\n1. Gout flarping within the blubb of glorp\n2. Flarp the blubb")
    made = R5.make(document, name="t", group=False)
    asked = bare(resource(made.payload, "EvidenceVariable")["characteristic"])
    for criterion, loss in zip(document.criteria, made.losses, strict=True):
        assert loss.criterion == criterion.id
        assert "stand" in loss.why
    assert "blubb" in json.dumps(asked)


def test_without_the_flat_list_nothing_is_lost_of_it() -> None:
    document = make.document(make.criterion(make.any_(make.fact("x"), make.fact("y"))))
    assert R5.make(document, name="t").losses
    made = R5.make(document, name="t", group=False)
    assert made.losses == ()
    assert {e["resource"]["resourceType"] for e in made.payload["entry"]} == {"ResearchStudy", "EvidenceVariable"}


# ------------------------------------------------------------------ hostile texts

HOSTILE = [
    "<script>alert(1)</script>",
    "x\x00\x07\x1b[31m y",
    "]]> &amp; <!-- --> <img src=x onerror=alert(1)>",
    '"; DROP TABLE trials; --',
    "=cmd|' /C calc'!A0",
    "[click](javascript:alert(1))",
    "\\\\<b>",
    "half \ud800 a pair",
    "\ufffe\uffff",
    "   ",
]


@targets
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_inert(text: str, target: Any) -> None:
    said = make.fact(
        make.concept(text, codes=(Code(system=text, code=text),)),
        value=make.comparison("=", text),
        modifiers=(make.modifier("other", text),),
        time=make.at("event", text=text),
        includes=(make.fact(text),),
    )
    criterion = make.criterion(said, group=text, label=text, id=text, span=(0, len(text)))
    document = Document(
        text=text,
        trial=Trial(id=text, registry=text, title=text, conditions=(text,)),
        criteria=(criterion,),
        notes=(Note(code=text, message=text),),
    )
    made = valid(target, document, text)
    for kind, found in elements(made.payload):
        for key, value in found.items():
            if key == "div":
                assert not list(ET.fromstring(value).iter("{http://www.w3.org/1999/xhtml}script"))
            elif (key == "description" or (kind == "note" and key == "text")) and isinstance(value, str):
                assert not re.search(r"(?<!\\)(\\\\)*(<[A-Za-z!/]|\]\()", value), (kind, key, value)


def test_a_control_character_is_told() -> None:
    document = Document(text="gout\x07", criteria=(make.criterion(make.fact("gout"), span=(0, 5)),))
    assert [loss.lost for loss in R5.make(document, name="t").losses] == ["a control character"]


def test_a_number_that_no_json_has_is_refused() -> None:
    for number in (float("inf"), float("nan")):
        said = make.fact("x", "measurement", value=make.at_most(number, "mg"))
        with pytest.raises(ExportError, match="JSON"):
            R5.make(make.document(make.criterion(said)), name="t")


# ------------------------------------------------------------------ reading


def exported() -> Any:
    said = make.fact(
        "platelets", "measurement", value=make.more_than(100, "10^9/L"), time=make.before(2, "weeks", "screening")
    )
    return R5.make(make.document(make.criterion(said, id="inclusion.1")), name="t").payload


def test_a_changed_bundle_is_read_as_changed() -> None:
    bundle = exported()
    [found] = resource(bundle, "EvidenceVariable")["characteristic"]
    found["definitionByTypeAndValue"]["valueQuantity"] |= {"value": 75, "comparator": ">="}
    found["timeFromEvent"][0]["range"]["low"]["value"] = -3
    found["exclude"] = True
    rule = from_fhir(bundle).criteria[0].rule
    assert isinstance(rule, Not)
    assert isinstance(rule.of, Fact)
    assert rule.of.value == make.comparison(">=", 75, "10^9/L")
    assert rule.of.time == make.before(3, "weeks", "screening")


def test_the_variable_alone_is_enough() -> None:
    bundle = exported()
    assert from_fhir(resource(bundle, "EvidenceVariable")).criteria == from_fhir(bundle).criteria


def cut(*path: Any) -> Callable[[Any], None]:
    def change(bundle: Any) -> None:
        found = resource(bundle, "EvidenceVariable")
        for key in path[:-1]:
            found = found[key]
        del found[path[-1]]

    return change


def put(value: Any, *path: Any) -> Callable[[Any], None]:
    def change(bundle: Any) -> None:
        found = resource(bundle, "EvidenceVariable")
        for key in path[:-1]:
            found = found[key]
        found[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (cut("extension"), "another's"),
        (cut("characteristic", 0, "extension"), r"characteristic\[0\] \(inclusion.1\): None is not of inclusion"),
        (cut("characteristic", 0, "definitionByTypeAndValue"), "neither a concept nor a type"),
        (
            put(7, "characteristic", 0, "linkId"),
            r"Expected `str \| null`, got `int` - at `\$.characteristic\[0\].linkId`",
        ),
        (put("~", "characteristic", 0, "definitionByTypeAndValue", "valueQuantity", "comparator"), "no comparator '~'"),
        (put([{}], "characteristic", 0, "timeFromEvent"), "no code of urn:protoparse:fhir:event"),
    ],
)
def test_a_broken_bundle_is_refused_in_one_line(change: Callable[[Any], None], cause: str) -> None:
    bundle = exported()
    change(bundle)
    with pytest.raises(InputError, match=cause) as caught:
        from_fhir(bundle)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        b"", b"\xff\xfe", "no JSON", "[]", "{}", "null", '{"resourceType": "Patient"}', '{"resourceType": "Bundle"}',
        '{"resourceType": "Bundle", "entry": [{}, 5, {"resource": 7}]}', '{"resourceType": "Bundle", "entry": 3}',
        '{"resourceType": "EvidenceVariable", "id": "x", "status": "active"}',
    ],
)  # fmt: skip
def test_what_is_no_bundle_of_ours_is_refused(source: bytes | str) -> None:
    with pytest.raises(InputError, match="not a FHIR bundle of protoparse"):
        from_fhir(source)


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 3_000])
def test_what_is_nested_too_deep_is_refused(depth: int) -> None:
    bundle = exported()
    variable = resource(bundle, "EvidenceVariable")
    [found] = variable["characteristic"]
    outer = {key: found.pop(key) for key in ("extension", "linkId")}
    found["extension"] = [x for x in outer["extension"] if x["url"].endswith("domain")]
    for _ in range(depth):
        found = {"exclude": True, "definitionByCombination": {"code": "all-of", "characteristic": [found]}}
    variable["characteristic"] = [{**found, **outer}]
    with pytest.raises(NestingError, match="nested deeper than"):
        from_fhir(bundle)


def test_an_r4b_bundle_that_contains_itself_is_refused() -> None:
    both = make.all_(make.fact("x"), make.fact("y"))
    bundle = R4B.make(make.document(make.criterion(both)), name="t").payload
    [part] = resource(bundle, "EvidenceVariable")["contained"]
    part["characteristic"][0] = {"definitionReference": {"reference": "#" + part["id"]}}
    with pytest.raises(InputError, match="nothing to read at"):
        from_fhir(bundle)


@targets
def test_whatever_is_broken_is_refused_or_read(target: Any) -> None:
    """Parts of bundles are taken away, or put where something else stood."""
    chance = random.Random(9)
    whole = json.dumps(target.make(load(CORPUS[0].read_bytes()), name="t").payload)
    odd = [None, 0, -1, "", "x", [], {}, [None], True, 1e400, "9" * 5000, "1-", {"extension": []}, 10**400, "\ud800"]
    for _ in range(300):
        bundle = json.loads(whole)
        for _ in range(chance.choice([1, 2, 5])):
            below, key = chance.choice(list(places(bundle["entry"][1])))
            if chance.random() < 0.5:
                del below[key]
            else:
                below[key] = chance.choice(odd)
        with suppress(ProtoparseError):
            assert isinstance(from_fhir(bundle), Document)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


# ------------------------------------------------------------------ what is written down


def test_every_extension_is_documented() -> None:
    """`docs/fhir.md` lists each URL of our own that a bundle may have."""
    listed = (Path(__file__).parent.parent / "docs/fhir.md").read_text("utf-8")
    package = Path(__file__).parent.parent / "src/protoparse/export/fhir"
    source = "".join(path.read_text("utf-8") for path in package.glob("*.py"))
    names = set(re.findall(r'(?:extension|stated|data)\(\s*"([a-z0-9.-]+)"', source))
    assert {"kind", "form", "verbatim", "experiencer"} <= names
    names |= {"count", "time.duration", "offset", "method"}
    assert [name for name in sorted(names) if f"`{name}`" not in listed] == []
