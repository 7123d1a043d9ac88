"""What `check` finds: each test breaks one thing in a sound document and reads the one line told about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from protoparse.check import check
from protoparse.model import (
    Age,
    All,
    Anchor,
    Bound,
    Concept,
    Criterion,
    Document,
    Fact,
    If,
    Modifier,
    Not,
    Note,
    ParserInfo,
    Rule,
    Unit,
    Window,
    dump,
    walk,
)
from protoparse.parsing import parse

CORPUS = Path(__file__).parents[1] / "corpus"

TEXT = """Participants are recruited at two sites.

Inclusion Criteria:

1. Age 18 years or older
2. Written informed consent

Exclusion Criteria:

* Any of the following:
  * severe asthma
  * pregnancy
* History of stroke or heart failure
"""


def place(words: str) -> tuple[int, int]:
    start = TEXT.index(words)
    return start, start + len(words)


def fact(words: str, **fields: Any) -> Fact:
    return Fact(domain="condition", concept=Concept(text=words, span=place(words)), span=place(words), **fields)


ASTHMA = fact("asthma", modifiers=(Modifier(type="severity", text="severe", span=place("severe"), value="severe"),))


def by_hand(**changes: Any) -> Document:
    """A sound document that no parser wrote, with what the test changes."""
    children = (
        Criterion(id="exclusion.1.1", kind="exclusion", span=place("severe asthma"), rule=ASTHMA),
        Criterion(id="exclusion.1.2", kind="exclusion", span=place("pregnancy"), rule=fact("pregnancy")),
    )
    parent = Criterion(
        id="exclusion.1", kind="exclusion", combine="any", children=children,
        span=(place("Any of")[0], place("pregnancy")[1]),
    )  # fmt: skip
    last = Criterion(id="exclusion.2", kind="exclusion", span=place("History of stroke or heart failure"))
    return msgspec.structs.replace(Document(text=TEXT, criteria=(parent, last)), **changes)


def with_parent(**changes: Any) -> bytes:
    document = by_hand()
    parent = msgspec.structs.replace(document.criteria[0], **changes)
    return dump(by_hand(criteria=(parent, document.criteria[1])))


def with_rule(rule: Rule, kind: Any = "exclusion") -> bytes:
    last = Criterion(id=f"{kind}.1", kind=kind, span=place("History of stroke or heart failure"), rule=rule)
    return dump(by_hand(criteria=(last,)))


def with_parsed(**changes: Any) -> bytes:
    return dump(msgspec.structs.replace(parse(TEXT), **changes))


def change(document: Document, criterion_id: str, **changes: Any) -> bytes:
    def changed(criterion: Criterion) -> Criterion:
        children = tuple(map(changed, criterion.children))
        new = changes if criterion.id == criterion_id else {}
        return msgspec.structs.replace(criterion, **{"children": children} | new)

    return dump(msgspec.structs.replace(document, criteria=tuple(map(changed, document.criteria))))


def told(data: bytes, **options: Any) -> str:
    problems = check(data, **options)
    assert len(problems) == 1, problems
    assert "\n" not in problems[0]
    return problems[0]


def test_a_sound_document_has_no_problem() -> None:
    assert check(dump(by_hand())) == []


def test_what_the_parser_makes_has_no_problem() -> None:
    assert check(dump(parse(TEXT)), reparse=True) == []
    assert check(dump(parse(TEXT), indent=2)) == []


@pytest.mark.parametrize("source", sorted(CORPUS.glob("*/criteria.json")), ids=lambda f: f.parent.name)
def test_the_corpus_is_sound(source: Path) -> None:
    assert check(source.read_bytes()) == []


def test_what_is_no_criteria_json_is_one_problem() -> None:
    assert told(b"{").startswith("document: ")
    assert "nested deeper" in told(with_rule(nested(61)))


def nested(depth: int) -> Rule:
    rule: Rule = fact("stroke")
    for _ in range(depth - 1):
        rule = Not(of=rule)
    return rule


# ------------------------------------------------------------------ the outline


def test_an_id_that_does_not_say_the_place() -> None:
    problems = check(with_parent(id="exclusion.7"))
    assert problems[0] == "exclusion.7: the id of this place in the outline is exclusion.1"
    twice = by_hand().criteria[0].children
    renamed = (twice[0], msgspec.structs.replace(twice[1], id="exclusion.1.1"))
    assert told(with_parent(children=renamed)) == "exclusion.1.1: the id of this place in the outline is exclusion.1.2"


def test_a_child_outside_its_parent() -> None:
    assert "exclusion.1.2: its span" in told(with_parent(span=(place("Any of")[0], place("severe asthma")[1])))


def test_children_out_of_order() -> None:
    children = by_hand().criteria[0].children
    swapped = (
        msgspec.structs.replace(children[1], id="exclusion.1.1"),
        msgspec.structs.replace(children[0], id="exclusion.1.2"),
    )
    assert told(with_parent(children=swapped)) == "exclusion.1.2: begins before exclusion.1.1 ends"


def test_combine_goes_with_children() -> None:
    assert told(with_parent(combine=None)) == "exclusion.1: combine is missing"
    assert told(with_parent(children=())) == "exclusion.1: combine is set, but there are no children"


# ------------------------------------------------------------------ places


def test_a_span_behind_the_text() -> None:
    note = Note(code="odd", message="odd", span=(0, len(TEXT) + 1))
    assert (
        told(dump(by_hand(notes=(note,))))
        == f"notes[0]: the span (0, {len(TEXT) + 1}) lies outside the text, (0, {len(TEXT)})"
    )


def test_an_empty_span() -> None:
    assert "unparsed[0]: the span (5, 5) is empty" in told(with_parent(unparsed=((5, 5),)))


def test_a_rule_that_quotes_from_outside_its_criterion() -> None:
    problems = check(with_rule(fact("pregnancy")))
    assert [p.partition(": the span")[0] for p in problems] == ["exclusion.1: rule", "exclusion.1: rule.concept"]


def test_a_quote_that_is_not_what_stands_there() -> None:
    wrong = msgspec.structs.replace(fact("stroke"), concept=Concept(text="strokes", span=place("stroke")))
    assert told(with_rule(wrong)) == "exclusion.1: rule.concept says 'strokes', its place 'stroke'"
    modifier = Modifier(type="status", text="past", span=place("History"), value="past")
    assert "rule.modifiers[0] says 'past'" in told(with_rule(fact("stroke", modifiers=(modifier,))))
    bound = Bound(anchor=Anchor(event="surgery", text="surgery", span=place("heart")))
    assert "rule.time.end.anchor says 'surgery'" in told(with_rule(fact("stroke", time=Window(end=bound))))


def test_an_if_where_nothing_is_required() -> None:
    rule = All(of=(fact("stroke"), If(condition=fact("heart failure"), then=fact("stroke"))))
    assert told(with_rule(rule)) == "exclusion.1: an if where nothing is required of everybody"
    assert check(with_rule(rule, kind="inclusion")) == []
    assert "an if where nothing" in told(with_rule(Not(of=rule), kind="inclusion"))


# ------------------------------------------------------------------ nothing is lost


def test_text_that_belongs_nowhere() -> None:
    document = parse(TEXT)
    problems = check(dump(msgspec.structs.replace(document, notes=())))
    assert (
        f"document: 'Inclusion Criteria:' at {place('Inclusion')[0]} belongs to no criterion, heading or preamble"
        in problems
    )
    assert all("belongs to no criterion" in problem for problem in problems)


def test_words_of_a_criterion_neither_read_nor_marked() -> None:
    document = parse(TEXT)
    last = list(walk(document.criteria))[-1]
    problem = told(change(document, last.id, rule=None, confidence=msgspec.UNSET, unparsed=()), reparse=False)
    assert problem.startswith(f"{last.id}: 'History of stroke or heart failure'")
    assert (
        check(change(document, last.id, rule=None, confidence=msgspec.UNSET, unparsed=(last.span,)), reparse=False)
        == []
    )


def test_the_word_that_joins_two_children_is_read_by_their_parent() -> None:
    text = "Exclusion Criteria:\n\n* One of:\n  * gout, or\n  * mumps\n"
    document = parse(text)
    [parent] = document.criteria
    assert parent.combine == "any"
    assert text[slice(*parent.children[0].span)].endswith("or")
    assert check(dump(document)) == []


# ------------------------------------------------------------------ same in, same out


def test_other_criteria_than_the_parser_makes() -> None:
    document = parse(TEXT)
    last = list(walk(document.criteria))[-1]
    data = change(document, last.id, rule=None, confidence=msgspec.UNSET, unparsed=(last.span,))
    assert told(data) == f"{last.id}: its text now parses to other criteria"
    assert check(data, reparse=False) == []


def test_an_earlier_parsers_criteria_are_compared_only_on_demand() -> None:
    document = parse(TEXT)
    last = list(walk(document.criteria))[-1]
    data = change(document, last.id, rule=None, confidence=msgspec.UNSET, unparsed=(last.span,))
    earlier = ParserInfo(name="protoparse", version="0.0.1", grammar="sha256:0")
    data = dump(msgspec.structs.replace(msgspec.json.decode(data, type=Document), parser=earlier))
    assert check(data) == []
    assert "now parses to other criteria" in told(data, reparse=True)


def test_a_parsed_document_in_other_words() -> None:
    fields = list(msgspec.json.decode(dump(parse(TEXT))).items())
    assert told(msgspec.json.encode(dict(reversed(fields)))).startswith("document: not as protoparse writes it")


def test_fields_of_the_registry_do_not_disturb() -> None:
    trial = msgspec.structs.replace(by_hand().trial, minimum_age=Age(value=18, unit=Unit(text="Years", ucum="a")))
    assert check(dump(by_hand(trial=trial))) == []
