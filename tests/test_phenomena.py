"""The ways of writing that gold criteria show: each is told of a criterion that has it, and of none that has not."""

import pytest

from protoparse.evaluate import WAYS, build
from protoparse.evaluate.phenomena import phenomena

STROKE = "{domain: condition, concept: stroke}"
FEVER = "{domain: condition, concept: fever}"
ALT = "domain: measurement, concept: ALT"
AGE = "{domain: person, concept: age, value: {op: '<', value: 12, ucum: a}}"
CHILDREN = f"children: [{{starts: stroke, rule: {STROKE}}}, {{starts: fever, rule: {FEVER}}}]"
STATIN = "domain: drug, concept: statin"


def ways(text: str, *items: str, kind: str = "exclusion") -> list[tuple[str, ...]]:
    """The ways of writing of each item; items are YAML without their kind, the text follows a heading."""
    document = build(
        "criteria:\n" + "\n".join(f"- {{kind: {kind}, {item}}}" for item in items), f"Criteria:\n\n{text}\n"
    )
    return [found for _, found in phenomena(document)]


def of_rule(text: str, rule: str, *, kind: str = "exclusion") -> tuple[str, ...]:
    """The ways of writing of a bullet with one rule."""
    [found] = ways(f"* {text}", f"starts: '{text.split()[0]}', rule: {rule}", kind=kind)
    return found


RULES = {
    "plain": ("Prior stroke", STROKE),
    "k of n": ("Two of stroke, fever, palsy", f"{{at_least: 2, of: [{STROKE}, {FEVER}]}}"),
    "k of n and more": (
        "Palsy plus 1 of stroke or fever",
        f"{{all: [{{domain: condition, concept: Palsy}}, {{at_least: 1, of: [{STROKE}, {FEVER}]}}]}}",
    ),
    "exception": ("Any fever except stroke", f"{{base: {FEVER}, except: {STROKE}}}"),
    "exception with conditions": ("Any fever unless no stroke", f"{{base: {FEVER}, except: {{not: {STROKE}}}}}"),
    "exception to a negation": ("No fever except stroke", f"{{not: {{base: {FEVER}, except: {STROKE}}}}}"),
    "permission": ("Having a statin is allowed, no stroke", f"{{not: {STROKE}}}"),
    "negation": ("Without fever", f"{{not: {FEVER}}}"),
    "double negation": ("No known stroke", f"{{not: {STROKE}}}"),
    "alternatives": ("Prior stroke or fever", f"{{any: [{STROKE}, {FEVER}]}}"),
    "either of two limits": (
        "High ALT > 3, or ALT > 5 with stroke",
        f"{{any: [{{{ALT}, value: {{op: '>', value: 3}}}},"
        f" {{all: [{{{ALT}, value: {{op: '>', value: 5}}}}, {STROKE}]}}]}}",
    ),
    "multiple of a limit": ("Raised ALT > 2 x ULN", f"{{{ALT}, value: {{op: '>', value: 2, ref: ULN}}}}"),
    "relative value": ("Rise of ALT to twice baseline", f"{{{ALT}, value: {{op: '>=', value: 2, ref: baseline}}}}"),
    "range": ("Some ALT from 2 to 5", f"{{{ALT}, value: {{op: between, low: 2, high: 5}}}}"),
    "power of ten": ("Low ALT below 3 x 10^9/L", f"{{{ALT}, value: {{op: '<', value: 3, ucum: '10*9/L'}}}}"),
    "comma in a number": ("Low ALT below 1,500", f"{{{ALT}, value: {{op: '<', value: 1500}}}}"),
    "odd symbols": ("Low ALT ＜3", f"{{{ALT}, value: {{op: '<', value: 3}}}}"),
    "ordinal scale": ("Severe stroke III", "{domain: condition, concept: stroke, value: {op: '=', value: III}}"),
    "pair of values": (
        "Blood pressure > 170/105",
        "{any: [{domain: measurement, concept: Blood pressure, value: {op: '>', value: 170}},"
        " {domain: measurement, concept: pressure, value: {op: '>', value: 105}}]}",
    ),
    "count or dose": ("Took 20 mg statin", f"{{{STATIN}, dose: {{op: '=', value: 20, ucum: mg}}}}"),
    "two-ended window": (
        "A statin at screening and until the end",
        f"{{{STATIN}, time: {{start: screening, end: study_end}}}}",
    ),
    "other anchor": ("A statin since surgery", f"{{{STATIN}, time: {{start: surgery}}}}"),
    "longest or shortest of": (
        "A statin within 2 weeks or 4 half-lives",
        f"{{{STATIN}, time: {{start: [screening, {{longest_of: ['-2 wk', '-4 half-lives']}}], end: screening}}}}",
    ),
    "duration within a window": (
        "A statin for 2 months before surgery",
        f"{{{STATIN}, time: {{end: screening, duration: {{op: '>=', value: 2, ucum: mo}}}}}}",
    ),
    "several windows": (
        "A statin at screening or baseline",
        f"{{{STATIN}, time: {{any_of: [{{start: screening, end: screening}}, {{start: baseline, end: baseline}}]}}}}",
    ),
    "calendar date": ("Had stroke since 3 May 2019", STROKE),
    "tolerance": ("Changes of ALT of ±3", f"{{{ALT}, value: {{op: between, low: -3, high: 3, ref: baseline}}}}"),
    "definition": ("Illness, defined as fever", FEVER),
    "examples": ("Any fever such as malaria", "{domain: condition, concept: fever, includes: [malaria]}"),
    "other person": ("Mother with stroke", "{domain: condition, concept: stroke, experiencer: family}"),
    "self-reference": ("Failing any inclusion criterion", "{domain: other, concept: Failing any inclusion criterion}"),
    "judgement": ("Thought to be unfit", "{domain: other, concept: unfit}"),
    "shared head or tail": (
        "Hepatic or renal disease",
        "{any: [{domain: condition, concept: Hepatic or renal disease}, {domain: condition, concept: renal disease}]}",
    ),
}


@pytest.mark.parametrize("way", RULES)
def test_a_rule_shows_its_way_of_writing(way: str) -> None:
    assert way in of_rule(*RULES[way])


@pytest.mark.parametrize("way", RULES)
def test_a_plain_rule_shows_none(way: str) -> None:
    assert (way in of_rule("Prior stroke", STROKE)) == (way == "plain")


def test_every_way_has_its_example() -> None:
    of_the_outline = {"nested list", "items within a line", "numbering that lies", "connective between items", "cohort"}
    assert {*RULES, *of_the_outline, "guard"} == set(WAYS)


def test_a_guard_is_a_requirement() -> None:
    rule = f"{{if: {AGE}, then: {{{STATIN}}}}}"
    assert of_rule("Those of age < 12 take a statin", rule, kind="inclusion") == ("guard",)


def test_only_an_exclusion_can_deny_twice() -> None:
    assert of_rule("No stroke", f"{{not: {STROKE}}}", kind="inclusion") == ("negation",)
    assert of_rule("Any fever unless no stroke", f"{{base: {FEVER}, except: {{not: {STROKE}}}}}") == (
        "exception",
        "exception with conditions",
        "negation",
    )


def test_names_come_in_the_order_of_the_table() -> None:
    for text, rule in RULES.values():
        found = of_rule(text, rule)
        assert list(found) == [way for way in WAYS if way in found]


# ------------------------------------------------------------------ the outline


def test_a_nested_list() -> None:
    found = ways("* Any of:\n  * stroke\n  * fever", f"starts: Any of, combine: any, {CHILDREN}")
    assert found == [("nested list",)] * 3


def test_k_of_the_children_and_more() -> None:
    palsy = "rule: {domain: condition, concept: Palsy}"
    text = "* Palsy and one of:\n  * stroke\n  * fever"
    [found, *_] = ways(text, f"starts: Palsy, combine: {{at_least: 1}}, {palsy}, {CHILDREN}")
    assert found == ("nested list", "k of n", "k of n and more")


def test_items_within_a_line() -> None:
    found = ways("(1) stroke; (2) fever", f"starts: stroke, rule: {STROKE}", f"starts: fever, rule: {FEVER}")
    assert found == [("plain",), ("items within a line",)]


def test_items_that_are_joined() -> None:
    found = ways("* stroke OR\n* fever", f"starts: stroke, rule: {STROKE}", f"starts: fever, rule: {FEVER}")
    assert found == [("connective between items",), ("plain",)]


def test_a_cohort() -> None:
    found = ways("Part B\n\n* stroke", f"starts: stroke, group: Part B, rule: {STROKE}")
    assert found == [("cohort",)]


@pytest.mark.parametrize(("second", "lies"), [("2.", False), ("3.", True), ("1.", True), ("*", False), ("(1)", False)])
def test_a_number_that_does_not_follow(second: str, lies: bool) -> None:
    found = ways(f"1. stroke\n{second} fever", f"starts: stroke, rule: {STROKE}", f"starts: fever, rule: {FEVER}")
    assert ("numbering that lies" in found[1]) == lies


@pytest.mark.parametrize(("indent", "lies"), [("", True), ("   ", False)])
def test_children_numbered_as_siblings(indent: str, lies: bool) -> None:
    text = f"4. Any of:\n{indent}1. stroke\n{indent}2. fever"
    [found, *_] = ways(text, f"starts: Any of, combine: any, {CHILDREN}")
    assert ("numbering that lies" in found) == lies
