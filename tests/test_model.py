"""The model: what it refuses, what it leaves out, and JSON in and out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protoparse.errors import DocumentError, NestingError
from protoparse.model import (
    MAX_DEPTH,
    UNSET,
    All,
    Anchor,
    Any_,
    AtLeast,
    AtLeastChildren,
    Bound,
    Code,
    Comparison,
    Concept,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Modifier,
    Not,
    Offset,
    Rule,
    Unit,
    Window,
    all_of,
    any_of,
    dump,
    facts,
    load,
    members,
    schema,
    walk,
    without_spans,
)

SCHEMA = Path(__file__).parents[1] / "docs" / "criteria.schema.json"

ASTHMA = Fact(domain="condition", concept=Concept(text="asthma", span=(3, 9), name="asthma"), span=(0, 9))
GOUT = Fact(domain="condition", concept=Concept(text="gout", name="gout"))
MUMPS = Fact(domain="condition", concept=Concept(text="mumps", name="mumps"))


@pytest.mark.parametrize(
    "build",
    [
        lambda: Comparison(operator=">="),
        lambda: Comparison(operator=">=", value=1, low=0),
        lambda: Comparison(operator="between", low=1),
        lambda: Comparison(operator="between", value=1),
        lambda: Comparison(operator="in", value=1),
        lambda: Offset(),
        lambda: Offset(value=1, longest_of=(Offset(value=2),)),
        lambda: Window(any_of=(Window(),)),
        lambda: Window(any_of=(Window(), Window()), end=None),
        lambda: All(of=(ASTHMA,)),
        lambda: Any_(of=()),
        lambda: AtLeast(count=1, of=(ASTHMA,)),
        lambda: All(of=(GOUT, All(of=(ASTHMA, MUMPS)))),
        lambda: Any_(of=(GOUT, Any_(of=(ASTHMA, MUMPS)))),
        lambda: Except(base=GOUT, exceptions=()),
    ],
)
def test_refuses_what_says_nothing(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"takes|needs|member of its own type|is a value|two windows"):
        build()


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        GOUT.experiencer = "family"  # type: ignore[misc]


def test_fields_that_do_not_belong_are_left_out_of_the_json() -> None:
    between = Comparison(operator="between", low=0, high=2, low_inclusive=True, high_inclusive=False)
    assert json.loads(msgspec.json.encode(between)) == {
        "operator": "between", "low": 0, "high": 2, "low_inclusive": True, "high_inclusive": False,
        "unit": None, "reference": None, "span": None,
    }  # fmt: skip
    assert "longest_of" not in json.loads(msgspec.json.encode(Offset(value=-4)))
    assert "version" not in json.loads(msgspec.json.encode(Code(system="LOINC", code="2160-0")))


def test_a_plain_window_has_all_three_ends_and_any_of_none() -> None:
    plain = Window(end=Bound(anchor=Anchor(event="screening")))
    assert (plain.start, plain.duration, plain.any_of) == (None, None, UNSET)
    assert set(json.loads(msgspec.json.encode(plain))) == {"start", "end", "duration", "span"}
    several = Window(any_of=(plain, Window()))
    assert set(json.loads(msgspec.json.encode(several))) == {"any_of", "span"}


def test_joining_takes_nested_members_in_and_leaves_a_single_one_alone() -> None:
    assert all_of([GOUT]) is GOUT
    assert all_of([GOUT, All(of=(ASTHMA, MUMPS))]) == All(of=(GOUT, ASTHMA, MUMPS))
    assert any_of([Any_(of=(GOUT, ASTHMA)), All(of=(ASTHMA, MUMPS))]) == Any_(
        of=(GOUT, ASTHMA, All(of=(ASTHMA, MUMPS)))
    )


def everything() -> Rule:
    week = Unit(text="weeks", ucum="wk")
    window = Window(
        start=Bound(
            anchor=Anchor(event="apheresis", text="apheresis", span=(40, 49)),
            offset=Offset(longest_of=(Offset(value=-4, unit=week), Offset(value=-5, unit=Unit(text="half-lives")))),
            inclusive=False,
        ),
        duration=Comparison(operator=">=", value=2.5, unit=week),
    )
    drug = Fact(
        domain="drug",
        concept=Concept(text="steroids", span=(1, 9), name="corticosteroid", codes=(Code(system="ATC", code="H02"),)),
        dose=Comparison(operator=">", value=10, unit=Unit(text="mg/day", ucum="mg/d")),
        count=Comparison(operator="in", values=(1, "two")),
        time=Window(any_of=(window, Window()), span=(10, 50)),
        modifiers=(Modifier(type="severity", text="moderate or severe", value=("moderate", "severe")),),
        includes=(GOUT,),
        experiencer="family",
    )
    inner = AtLeast(count=2, of=(drug, Not(of=ASTHMA), Except(base=GOUT, exceptions=(MUMPS,))))
    return All(of=(If(condition=ASTHMA, then=inner), Any_(of=(GOUT, MUMPS))), span=(0, 60))


def document(rule: Rule | None = None) -> Document:
    child = Criterion(id="exclusion.1.1", kind="exclusion", span=(5, 60), rule=rule)
    parent = Criterion(
        id="exclusion.1", kind="exclusion", span=(0, 60), combine=AtLeastChildren(at_least=2), children=(child,)
    )
    return Document(text="x" * 60, criteria=(parent,))


def test_a_document_reads_back_equal_and_writes_the_same_bytes() -> None:
    made = document(everything())
    assert load(dump(made)) == made
    assert dump(load(dump(made))) == dump(made)
    assert load(dump(made, indent=2).decode()) == made


def test_walking_goes_in_reading_order() -> None:
    made = document(everything())
    assert [c.id for c in walk(made.criteria)] == ["exclusion.1", "exclusion.1.1"]
    names = [fact.concept.text for fact in facts(everything())]
    assert names == ["asthma", "steroids", "gout", "asthma", "gout", "mumps", "gout", "mumps"]
    assert list(facts(None)) == []
    assert members(If(condition=ASTHMA, then=GOUT)) == (ASTHMA, GOUT)


def test_without_spans_takes_every_place_but_a_criterions() -> None:
    bare = without_spans(everything())
    assert b'"span":[' not in msgspec.json.encode(bare)
    assert without_spans(bare) is bare
    made = without_spans(document(ASTHMA))
    assert made.criteria[0].children[0].span == (5, 60)


def altered(**changes: Any) -> bytes:
    return json.dumps(json.loads(dump(document(GOUT))) | changes).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b"\xff\xfe", "malformed"),
        (b'{"text": "\xff"}', "utf-8"),
        (b'{"format": "protoparse.criteria/1"}', "`text`"),
        (altered(format="protoparse.criteria/9"), r"\$.format"),
        (altered(colour="red"), "colour"),
        (altered(criteria=[{"kind": "inclusion", "span": [0]}]), r"\$.criteria\[0\]"),
        (altered(criteria=[{"kind": "wish", "span": [0, 1]}]), r"\$.criteria\[0\].kind"),
        (altered(criteria=[{"kind": "inclusion", "span": [0, 1], "rule": {"type": "maybe"}}]), r"rule"),
        (altered(criteria=[{"kind": "inclusion", "span": [0, 1], "rule": {"type": "all", "of": []}}]), "two members"),
        (altered(criteria=[{"kind": "inclusion", "span": [0, 1], "combine": "some"}]), "combine"),
    ],
)
def test_loading_says_what_is_wrong_and_where(data: bytes, told: str) -> None:
    with pytest.raises(DocumentError, match=told) as caught:
        load(data)
    assert "\n" not in str(caught.value)


def nested_rule(depth: int) -> Rule:
    rule: Rule = GOUT
    for _ in range(depth - 1):
        rule = Not(of=rule)
    return rule


def nested_criteria(depth: int) -> Document:
    criterion = Criterion(kind="inclusion", span=(0, 1))
    for _ in range(depth - 1):
        criterion = Criterion(kind="inclusion", span=(0, 1), combine="all", children=(criterion,))
    return Document(text="x", criteria=(criterion,))


def test_nesting_is_limited() -> None:
    assert load(dump(document(nested_rule(MAX_DEPTH)))).criteria
    with pytest.raises(NestingError, match="rule"):
        load(dump(document(nested_rule(MAX_DEPTH + 1))))
    assert load(dump(nested_criteria(MAX_DEPTH))).criteria
    with pytest.raises(NestingError, match="criteria"):
        load(dump(nested_criteria(MAX_DEPTH + 1)))


def test_nesting_far_beyond_the_limit_is_refused_too() -> None:
    deep = b'{"type":"not","of":' * 100_000
    with pytest.raises((NestingError, DocumentError)):
        load(b'{"text":"x","criteria":[{"kind":"inclusion","span":[0,1],"rule":' + deep)


def test_the_schema_in_the_repository_is_the_models() -> None:
    assert json.loads(SCHEMA.read_bytes()) == json.loads(msgspec.json.encode(schema())), "make schema"


def test_the_schema_names_every_type_of_rule() -> None:
    rule = json.dumps(schema()["$defs"])
    assert all(f'"{tag}"' in rule for tag in ("fact", "all", "any", "not", "at_least", "if", "except"))
