"""Canonical English: every rule that the model allows is written, and read back to the same rule."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lark import Lark

import factories
from factories import (
    all_,
    any_,
    at,
    at_least,
    at_most,
    before,
    between,
    bound,
    comparison,
    concept,
    criterion,
    document,
    except_,
    fact,
    if_,
    modifier,
    more_than,
    not_,
    offset,
    one_of,
    unit,
    window,
)
from protoparse import lexicon, model
from protoparse.errors import NestingError
from protoparse.grammar.canonical import read
from protoparse.grammar.files import fingerprint, grammar_text
from protoparse.model import AtLeastChildren, Code, Fact, Modifier, Offset, Rule, Unit, Window, without_spans
from protoparse.render import markdown, render, segments

IDENTITY = Path(__file__).with_name("identity.txt").read_text("utf-8").split("\n")
LINES = [line for line in IDENTITY if line and not line.startswith("#")]

lenient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def exact(record: object) -> bytes:
    """A record's JSON: 4 and 4.0 differ in it, as do null and nothing."""
    return msgspec.json.encode(without_spans(record))


def below(rule: Rule) -> Iterator[Rule]:
    yield rule
    for member in model.members(rule):
        yield from below(member)


# ------------------------------------------------------------------ laws


@pytest.mark.parametrize("line", LINES)
def test_identity(line: str) -> None:
    rule = read(line)
    assert rule is not None
    assert render(rule) == line


def test_identity_holds_every_domain_and_stands_once() -> None:
    assert len(LINES) == len(set(LINES)) >= 60
    for domain in model.Domain.__args__:
        assert any(re.search(rf"\b{domain} \[", line) for line in LINES)


@settings(lenient, max_examples=500)
@given(factories.rules)
def test_any_rule_reads_back(rule: Rule) -> None:
    text = render(rule)
    again = read(text)
    assert again is not None
    assert exact(again) == exact(rule)
    assert render(again) == text
    assert "".join(words for _, words in segments(rule)) == text


@settings(lenient, max_examples=150)
@given(factories.rules)
def test_spans_hold_what_was_read(rule: Rule) -> None:
    text = f"  {render(rule)}\n"
    again = read(text)
    assert again is not None
    for node in below(again):
        part = read(text[slice(*node.span)])
        assert exact(part) == exact(node)
        if isinstance(node, Fact):
            _check_spans(node, text)


def _check_spans(read_fact: Fact, text: str) -> None:
    def verbatim(said: str, span: model.Span) -> None:
        held = text[slice(*span)]
        # a phrase that holds all three closing brackets is a JSON string
        assert held == said or all(sign in said for sign in "]»⟧")

    verbatim(read_fact.concept.text, read_fact.concept.span)
    for each in read_fact.modifiers:
        verbatim(each.text, each.span)
    for each in (read_fact.value, read_fact.count, read_fact.dose):
        if each is not None:
            again = read(f"drug [x] {text[slice(*each.span)]}")
            assert exact(again.value) == exact(each)
    for each in _windows(read_fact.time):
        again = read(f"drug [x] {text[slice(*each.span)]}")
        assert exact(again.time) == exact(each)
        for end in (each.start, each.end):
            if end:
                anchor = end.anchor
                if anchor.text is not None:
                    verbatim(anchor.text, anchor.span)
                elif not text[slice(*anchor.span)].startswith("during"):
                    assert text[slice(*anchor.span)] == anchor.event.replace("_", " ")


def _windows(top: Window | None) -> Iterator[Window]:
    if top is not None:
        yield top
        for each in top.any_of or ():
            yield from _windows(each)


@settings(lenient, max_examples=300)
@given(st.one_of(st.text(), st.lists(st.sampled_from([*factories.WORDS, *" ".join(LINES).split()])).map(" ".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    rule = read(text)
    if rule is not None:
        assert exact(read(render(rule))) == exact(rule)


@settings(lenient, max_examples=300)
@given(st.sampled_from(LINES), st.data())
def test_a_damaged_line_is_read_or_refused(line: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, len(line)))
    damaged = line[:start] + data.draw(st.sampled_from(["", " ", "(", ")", "]", '"', " and ", "5"])) + line[end:]
    rule = read(damaged)
    if rule is not None:
        assert exact(read(render(rule))) == exact(rule)


# ------------------------------------------------------------------ the English

TEXTS = [
    (fact("AST", "measurement", value=at_most(5, reference="ULN")), "measurement [AST] ≤ 5 × ULN"),
    (
        fact("serum creatinine", "measurement", value=comparison(">=", 1.5, "mg/dL")),
        "measurement [serum creatinine] ≥ 1.5 mg/dL",
    ),
    (
        fact("FEV1", "measurement", value=more_than(80, "%", reference="predicted")),
        "measurement [FEV1] > 80 % of predicted",
    ),
    (fact("ECOG", "measurement", value=between(0, 2)), "measurement [ECOG] between 0 and 2"),
    (
        fact("ECOG", "measurement", value=between(0, 2, low_inclusive=False)),
        "measurement [ECOG] between 0 (exclusive) and 2",
    ),
    (fact("grade", "measurement", value=one_of(1, "II", "not done")), 'measurement [grade] in {1, II, "not done"}'),
    (fact("HBsAg", "measurement", value=comparison("!=", "positive")), "measurement [HBsAg] ≠ positive"),
    (fact("HBsAg", "measurement", value=comparison("=", "5")), 'measurement [HBsAg] = "5"'),
    (not_(any_(fact("stroke"), fact("TIA"))), "not (condition [stroke] or condition [TIA])"),
    (
        any_(fact("stroke"), all_(fact("TIA"), not_(fact("migraine")))),
        "condition [stroke] or (condition [TIA] and not condition [migraine])",
    ),
    (
        at_least(2, fact("a"), any_(fact("b"), fact("c"))),
        "at least 2 of (condition [a]; condition [b] or condition [c])",
    ),
    (
        if_(fact("children", "person"), any_(fact("a"), fact("b"))),
        "if person [children] then (condition [a] or condition [b])",
    ),
    (except_(fact("cancer"), fact("mole")), "condition [cancer] except condition [mole]"),
    (except_(fact("cancer"), fact("a"), fact("b")), "condition [cancer] except (condition [a]; condition [b])"),
    (
        fact("steroids", "drug", includes=(fact("prednisone", "drug"),)),
        "drug [steroids], for example (drug [prednisone])",
    ),
    (
        fact("surgery", "procedure", time=before(4, "weeks", "informed_consent", text="signing the ICF")),
        "procedure [surgery] in the 4 weeks before informed consent [signing the ICF]",
    ),
    (fact("x", time=at("screening")), "condition [x] at screening"),
    (fact("x", time=window(None, bound("screening"))), "condition [x] until screening"),
    (fact("x", time=window(bound("first_dose"))), "condition [x] from first dose on"),
    (fact("x", time=window(bound("study_start"), bound("study_end"))), "condition [x] during the study"),
    (
        fact("x", time=window(bound("study_start", text="trial"), bound("study_end"))),
        "condition [x] from study start [trial] to study end",
    ),
    (
        fact("x", time=window(bound("birth"), bound("birth", offset(2, "years")))),
        "condition [x] in the 2 years after birth",
    ),
    (
        fact("x", time=window(bound("birth", inclusive=False), bound("birth", offset(2, "years")))),
        "condition [x] from birth (exclusive) to 2 years after birth",
    ),
    (fact("x", time=window(duration=comparison(">=", 3, "wk"))), "condition [x] for ≥ 3 wk"),
    (fact("x", time=window()), "condition [x] at any time"),
    (
        fact("x", time=Window(any_of=(at("screening"), before(3, "wk", "surgery")))),
        "condition [x] (at screening or in the 3 wk before surgery)",
    ),
    (fact("x", modifiers=(modifier("severity", "severe"),)), "condition [x] (severity: severe)"),
    (
        fact("x", modifiers=(modifier("severity", "mild, or worse", value=("mild", "worse")),), experiencer="partner"),
        "condition [x] (severity: [mild, or worse] = {mild, worse}) of the partner",
    ),
    (fact("x", "drug", dose=more_than(10, "mg/d")), "drug [x] at a dose > 10 mg/d"),
    (fact("x", "drug", count=comparison(">=", 2)), "drug [x] count ≥ 2"),
    # phrases stand verbatim in the first brackets that do not end too early
    (fact("[18F] tracer"), "condition «[18F] tracer»"),
    (fact("[a] «b»"), "condition ⟦[a] «b»⟧"),
    (fact("acute\nliver failure"), "condition [acute\nliver failure]"),
    (fact(concept("SCr", name="creatinine")), "condition [SCr]{creatinine}"),
    (
        fact(concept("SCr", name="creatinine", codes=(Code(system="LOINC", code="2160-0"),))),
        "condition [SCr]{creatinine; LOINC 2160-0}",
    ),
    (fact(concept("SCr", name=None)), "condition [SCr]{-}"),
    # words that steer the reading are never bare
    (fact("x", value=comparison("<", 3, "at")), "condition [x] < 3 `at`"),
    (fact("x", value=comparison("<", 3, "years of age")), "condition [x] < 3 `years of age`"),
    (fact("x", value=comparison("<", 3, "× 10^9/L")), "condition [x] < 3 × 10^9/L"),
    (fact("x", value=comparison("<", 3, "× ULN")), "condition [x] < 3 `× ULN`"),
    (fact("x", value=msgspec.structs.replace(at_most(3), unit=unit("wk", ucum=None))), "condition [x] ≤ 3 wk{-}"),
    (fact("x", value=msgspec.structs.replace(at_most(3), unit=unit(None, ucum="wk"))), "condition [x] ≤ 3 {wk}"),
]


@pytest.mark.parametrize(("rule", "text"), TEXTS, ids=[text for _, text in TEXTS])
def test_the_english(rule: Rule, text: str) -> None:
    assert render(rule) == text
    assert exact(read(text)) == exact(rule)


def test_alternative_offsets() -> None:
    longest = Offset(longest_of=(offset(-4), offset(-5, "half-lives")))
    rule = fact("x", "drug", time=window(bound("first_dose", longest), bound("first_dose")))
    assert render(rule) == "drug [x] in the longest of (4 weeks, 5 half-lives) before first dose"
    mixed = Offset(shortest_of=(offset(-4), offset(5)))
    rule = fact("x", "drug", time=window(bound("first_dose", mixed), None))
    assert render(rule) == "drug [x] from the shortest of (-4 weeks, 5 weeks) after first dose on"
    assert exact(read(render(rule))) == exact(rule)


def test_equal_numbers_of_two_kinds_do_not_make_a_moment() -> None:
    rule = fact("x", time=window(bound("birth", offset(4)), bound("birth", offset(4.0))))
    assert exact(read(render(rule))) == exact(rule)


KEYWORDS = sorted(
    {t.pattern.value for t in Lark(grammar_text("canonical"), parser="lalr").terminals if t.pattern.type == "str"}
)


@pytest.mark.parametrize("word", KEYWORDS)
@pytest.mark.parametrize("frame", ["{}", "a {}", "{} a", "× {}", "×{}", "a × {}"])
def test_every_keyword_may_be_a_word_of_the_source(word: str, frame: str) -> None:
    text = frame.format(word)
    for value in (at_most(text, text), between(text, text, text), one_of(text), at_most(3, text, reference="ULN")):
        several = Offset(longest_of=(offset(2, text), offset(3, text)), unit=unit(text))
        rule = fact(
            concept(text, name=text, codes=(Code(system=text, code=text, version=text),)),
            value=value,
            count=value,
            dose=value,
            time=window(bound("event", offset(-2, text), text=text), bound("event", several, text=text), value),
            modifiers=(
                modifier("other", text),
                modifier("other", "y", value=text),
                modifier("other", text, value=(text,)),
            ),
        )
        rule = all_(rule, if_(except_(rule, rule), rule), rule)
        assert exact(read(render(rule))) == exact(rule)


# ------------------------------------------------------------------ the reader


@pytest.mark.parametrize(
    "text",
    [
        "",
        "AST ≤ 5 × ULN",
        "measurement of AST [U/L] above 5",
        "condition",
        "condition [stroke",
        "condition [stroke] and",
        "condition [a] and condition [b] or condition [c]",
        "not not condition [a]",
        "if condition [a]",
        "at least 2 of (condition [a])",
        "Condition [stroke]",
        "condition [x] between 1",
        'condition "\\x"',
        "history of stroke, condition [x]",
        "(" * 5000,
        "not (" * 5000 + "condition [x]" + ")" * 5000,
        "condition [x] " + "(" * 5000 + "at screening" + " or at birth)" * 5000,
        "condition [x] at " + "the longest of (" * 5000 + "3" + ")" * 5000 + " after birth",
        " " * 20000 + "x",
    ],
)
def test_other_text_is_none(text: str) -> None:
    assert read(text) is None


def test_spans() -> None:
    text = "not (drug [steroids]{steroid} (route: oral) > 5 mg in the 2 weeks before surgery [the operation])"
    rule = read(text)
    assert isinstance(rule, model.Not)
    inner = rule.of
    assert isinstance(inner, Fact)
    assert rule.span == (0, len(text))

    def said(record: Rule | model.Concept | Modifier | Window | model.Comparison | model.Anchor) -> str:
        return text[slice(*record.span)]

    assert said(inner) == text[5:-1]
    assert said(inner.concept) == "steroids"
    assert said(inner.modifiers[0]) == "oral"
    assert said(inner.value) == "> 5 mg"
    assert said(inner.time) == "in the 2 weeks before surgery [the operation]"
    assert said(inner.time.start.anchor) == said(inner.time.end.anchor) == "the operation"


def test_parentheses_that_say_nothing_are_read_through() -> None:
    assert without_spans(read("((condition [a])) and (condition [b] and condition [c])")) == all_(
        fact("a"), fact("b"), fact("c")
    )


# ------------------------------------------------------------------ depth


def nested(levels: int) -> Rule:
    rule: Rule = fact("x")
    for _ in range(levels - 1):
        rule = not_(rule)
    return rule


def test_as_deep_as_the_model_allows() -> None:
    rule = nested(model.MAX_DEPTH)
    assert exact(read(render(rule))) == exact(rule)
    with pytest.raises(NestingError):
        render(nested(model.MAX_DEPTH + 1))
    with pytest.raises(NestingError):
        segments(nested(20 * sys.getrecursionlimit()))


def test_windows_and_offsets_are_limited_too() -> None:
    shift = offset(1)
    for _ in range(200):
        shift = Offset(longest_of=(shift,))
    with pytest.raises(NestingError):
        render(fact("x", time=window(bound("birth", shift))))
    time = at("birth")
    for _ in range(200):
        time = Window(any_of=(time, at("birth")))
    with pytest.raises(NestingError):
        render(fact("x", time=time))


# ------------------------------------------------------------------ documents

TEXT = "Adults. Something odd\nin here. Else."
DOCUMENT = document(
    criterion(fact("age", "person", value=comparison(">=", 18, "years"))),
    criterion(
        None,
        criterion(fact("fever*"), unparsed=((8, 29),)),
        criterion(any_(fact("cough"), fact("cold")), criterion(fact("rash")), combine="any"),
        combine=AtLeastChildren(at_least=2),
    ),
    criterion(fact("asthma", "condition"), group="Part B"),
    criterion(fact("boys", "person"), criterion(fact("mumps")), kind="exclusion", combine="then"),
    criterion(all_(fact("a"), fact("b")), criterion(fact("c")), kind="exclusion", combine="except"),
    criterion(None, kind="exclusion", unparsed=((31, 36), (0, 6))),
    text=TEXT,
)


def test_a_document_reads_as_numbered_items() -> None:
    assert (
        render(DOCUMENT)
        == """\
Inclusion Criteria:
1. person [age] ≥ 18 years
2. at least 2 of the following:
   1. condition [fever*] — not read: "Something odd in here"
   2. (condition [cough] or condition [cold]), and any of the following:
      1. condition [rash]
Part B:
3. condition [asthma]

Exclusion Criteria:
1. if person [boys], then all of the following:
   1. condition [mumps]
2. (condition [a] and condition [b]), except any of the following:
   1. condition [c]
3. not read: "Else.", "Adults"
"""
    )


def test_a_document_in_markdown() -> None:
    assert (
        markdown(DOCUMENT)
        == """\
## Inclusion Criteria

1. person **age** ≥ 18 years
2. at least 2 of the following:
   1. condition **fever\\*** — *not read: "Something odd in here"*
   2. (condition **cough** or condition **cold**), and any of the following:
      1. condition **rash**

### Part B

3. condition **asthma**

## Exclusion Criteria

1. if person **boys**, then all of the following:
   1. condition **mumps**
2. (condition **a** and condition **b**), except any of the following:
   1. condition **c**
3. — *not read: "Else.", "Adults"*
"""
    )


def test_markdown_shows_words_not_notation() -> None:
    rule = fact(concept("SCr\n[x]", name=None), "measurement", value=more_than(3, "10*9/L"))
    assert render(rule, style="markdown") == r"measurement **SCr \[x\]** \> 3 10\*9/L"
    assert render(fact('] » ⟧ "q"'), style="markdown") == r'condition **\] » ⟧ "q"**'


@settings(lenient, max_examples=100)
@given(factories.rules)
def test_any_rule_has_one_line_of_markdown(rule: Rule) -> None:
    assert "\n" not in render(rule, style="markdown")


def test_a_document_nested_too_deep_is_refused() -> None:
    item = criterion(fact("x"))
    for _ in range(model.MAX_DEPTH):
        item = criterion(None, item, combine="all")
    with pytest.raises(NestingError):
        render(document(item))


def test_roles() -> None:
    rule = any_(fact("x", "drug", value=at_most(3), time=at("birth"), modifiers=(modifier("risk", "high"),)), fact("y"))
    assert [role for role, _ in segments(rule)] == [
        "domain", "plain", "concept", "modifier", "plain", "value", "plain", "window", "logic",
        "domain", "plain", "concept",
    ]  # fmt: skip


# ------------------------------------------------------------------ the grammar's files


def test_the_grammar_is_strict() -> None:
    pytest.importorskip("interegular")
    Lark(grammar_text("canonical"), parser="lalr", strict=True)


def test_grammar_files_are_joined_in_order() -> None:
    text = grammar_text("canonical")
    assert grammar_text("canonical", "canonical") == f"{text}\n{text}"
    with pytest.raises(FileNotFoundError):
        grammar_text("no such grammar")


def test_fingerprint() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{16}", fingerprint())
    assert fingerprint() == fingerprint()


def test_units_of_the_lexicon_are_bare() -> None:
    assert render(fact("x", value=at_most(3, "mg/dL"))).endswith("3 mg/dL")
    assert lexicon.unit("mg/dL") == Unit(text="mg/dL", ucum="mg/dL")
