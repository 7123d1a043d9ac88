"""CTML: match trees of MatchMiner that never shut out by what they leave out."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

import factories as f
from protoparse.export import export
from protoparse.export.exporting import encoded
from protoparse.model import Age, Document, Not, Trial, Unit
from protoparse.parsing import Parser

IN, OUT = "Inclusion Criteria:\n\n* ", "Exclusion Criteria:\n\n* "
FIELDS = {
    "clinical": {
        "age_numerical", "gender", "oncotree_primary_diagnosis", "tmb_numerical",
        "her2_status", "er_status", "pr_status",
    },
    "genomic": {"hugo_symbol", "variant_category", "cnv_call", "protein_change", "mmr_status", "ms_status"},
}  # fmt: skip


@cache
def parser() -> Parser:
    return Parser(confidence=False)


def nodes(criteria: str) -> list[Any]:
    """What a listing asks for, node by node."""
    [step] = export(parser().parse(criteria), "ctml").payload["treatment_list"]["step"]
    return step["match"][0]["and"] if step["match"] else []


def causes(criteria: str) -> list[str]:
    return [loss.why for loss in export(parser().parse(criteria), "ctml").losses]


@pytest.mark.parametrize(
    ("criterion", "wanted"),
    [
        ("Age ≥ 18 years", {"clinical": {"age_numerical": ">=18"}}),
        ("Older than 6 months of age", {"clinical": {"age_numerical": ">0.5"}}),
        ("Male", {"clinical": {"gender": "Male"}}),
        ("Melanoma", {"clinical": {"oncotree_primary_diagnosis": "Melanoma"}}),
        ("No melanoma", {"clinical": {"oncotree_primary_diagnosis": "!Melanoma"}}),
        ("HER2 positive", {"clinical": {"her2_status": "Positive"}}),
        ("BRAF V600E mutation", {"genomic": {
            "hugo_symbol": "BRAF", "variant_category": "Mutation", "protein_change": "p.V600E"}}),
        ("ALK rearrangement", {"genomic": {"hugo_symbol": "ALK", "variant_category": "Structural Variation"}}),
        ("Tumor mutational burden ≥ 10 mut/Mb", {"clinical": {"tmb_numerical": ">=10"}}),
        ("Melanoma or breast cancer", {"or": [
            {"clinical": {"oncotree_primary_diagnosis": "Melanoma"}},
            {"clinical": {"oncotree_primary_diagnosis": "Breast"}}]}),
        ("Age 18 to 65 years", {"and": [
            {"clinical": {"age_numerical": ">=18"}}, {"clinical": {"age_numerical": "<=65"}}]}),
        ("If female, no melanoma", {"or": [
            {"clinical": {"gender": "Male"}}, {"clinical": {"oncotree_primary_diagnosis": "!Melanoma"}}]}),
    ],
)  # fmt: skip
def test_criteria_are_nodes(criterion: str, wanted: dict[str, Any]) -> None:
    assert nodes(IN + criterion) == [wanted]
    assert causes(IN + criterion) == []


@pytest.mark.parametrize(
    ("criterion", "wanted"),
    [
        ("Melanoma", {"clinical": {"oncotree_primary_diagnosis": "!Melanoma"}}),
        ("EGFR mutation", {"genomic": {"hugo_symbol": "EGFR", "variant_category": "!Mutation"}}),
        ("Age 70 to 80 years", {"or": [
            {"clinical": {"age_numerical": "<70"}}, {"clinical": {"age_numerical": ">80"}}]}),
        ("Lung cancer, except small cell lung cancer", {"or": [
            {"clinical": {"oncotree_primary_diagnosis": "!Lung"}},
            {"clinical": {"oncotree_primary_diagnosis": "Small Cell Lung Cancer"}}]}),
    ],
)  # fmt: skip
def test_what_excludes_is_denied(criterion: str, wanted: dict[str, Any]) -> None:
    assert nodes(OUT + criterion) == [wanted]


def test_an_alternative_that_cannot_be_said_takes_those_beside_it_along() -> None:
    assert nodes(f"{IN}Melanoma or gout") == []
    assert "an alternative of it has no field, so none is asked for" in causes(f"{IN}Melanoma or gout")
    assert len(nodes(f"{IN}Melanoma and gout")) == 1


def test_what_narrows_is_dropped_where_it_lets_in_and_drops_all_where_it_excludes() -> None:
    for words, why in (
        ("Active melanoma", "the markup has no field for what narrows it"),
        ("Metastatic melanoma", "the name that the markup has is wider"),
    ):
        assert len(nodes(IN + words)) == 1
        assert causes(IN + words) == [why]
        assert nodes(OUT + words) == []
        assert causes(OUT + words) == ["it excludes, and not all of it can be said"]


def test_k_of_n_is_every_way_to_have_them() -> None:
    rule = f.at_least(2, *(f.fact(name) for name in ("melanoma", "neuroblastoma", "thymoma")))
    [step] = export(f.document(f.criterion(rule)), "ctml").payload["treatment_list"]["step"]
    [node] = step["match"][0]["and"]
    assert [len(one["and"]) for one in node["or"]] == [2, 2, 2]
    [step] = export(f.document(f.criterion(Not(of=rule))), "ctml").payload["treatment_list"]["step"]
    [node] = step["match"][0]["and"]
    assert [[x["clinical"]["oncotree_primary_diagnosis"][0] for x in one["and"]] for one in node["or"]] == [
        ["!", "!"]
    ] * 3


def test_groups_are_arms() -> None:
    document = parser().parse("Inclusion Criteria:\n\n* Female\n\nPart A:\n* Melanoma\n\nPart B:\n* Thymoma")
    [step] = export(document, "ctml").payload["treatment_list"]["step"]
    assert "match" not in step
    assert {arm["arm_code"]: len(arm["match"][0]["and"]) for arm in step["arm"]} == {"Part A": 2, "Part B": 2}


def test_the_registry_is_asked_too_and_named() -> None:
    limit = Age(value=18, unit=Unit(text="Years", ucum="a"))
    trial = Trial(id="NCT00000001", title="A trial", minimum_age=limit, sex="female")
    made = export(replace(parser().parse(f"{IN}Melanoma"), trial=trial), "ctml").payload
    assert (made["nct_id"], made["protocol_no"], made["long_title"]) == ("NCT00000001", "NCT00000001", "A trial")
    assert made["treatment_list"]["step"][0]["match"][0]["and"][:2] == [
        {"clinical": {"age_numerical": ">=18"}},
        {"clinical": {"gender": "Female"}},
    ]


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(f.documents())
def test_any_tree_is_of_known_nodes_and_is_yaml_too(document: Document) -> None:
    def walk(node: Any) -> None:
        [(kind, of)] = node.items()
        if kind in ("and", "or"):
            assert isinstance(of, list)
            for one in of:
                walk(one)
        else:
            assert set(of) <= FIELDS[kind]

    data = encoded(export(document, "ctml").payload)
    [step] = json.loads(data)["treatment_list"]["step"]
    for place in (step, *step["arm"]):
        for node in place.get("match", []):
            walk(node)
    if data.isascii():  # PyYAML keeps to YAML 1.1, which forbids more signs than JSON does
        assert yaml.safe_load(data) == json.loads(data)
