"""Screening: rules where some facts are unknown, criteria, groups, trials, and what to ask next.

The brute force here knows nothing of the code that it judges: it takes a rule as it stands, tries every way in which
the unknown facts may come out, and looks whether the rule comes out the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations, product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import (
    all_,
    any_,
    at_least,
    at_most,
    before,
    bound,
    criterion,
    document,
    except_,
    fact,
    if_,
    modifier,
    more_than,
    not_,
    window,
)
from protoparse.model import (
    Age,
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Rule,
    Trial,
    Unit,
    facts,
    walk,
)
from protoparse.screen.asking import worded
from protoparse.screen.compiling import OTHERS
from protoparse.screen.logic import EXACT, Leaves, formula, truth, truth_of
from protoparse.screen.patient import Patient
from protoparse.screen.screening import screened
from protoparse.screen.verdicts import Decision, Screening, Truth, Verdict, Why

lenient = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])

NAMES = "abcdefgh"
DAY = date(2024, 3, 1)


class Chart:
    """A patient of whom the truth of facts is known, by what they are about."""

    def __init__(self, known: Mapping[str, Truth], why: Why = "no-data") -> None:
        self.known = known
        self.why = why

    def decide(self, asked: Fact) -> Decision:
        value = self.known.get(asked.concept.text)
        return Decision(fact=asked, truth=value, why=self.why if value is None else "decided")


def screening(doc: Document, **known: Truth) -> Screening:
    return screened(doc, Patient(id="p"), Chart(known), day=DAY)


def asks(questions: Any) -> list[str]:
    return [question.asks for question in questions]


# ------------------------------------------------------------------ rules


def known_of(**known: Truth) -> Any:
    return lambda asked: known.get(asked.concept.text)


a, b, c = fact("a"), fact("b"), fact("c")


@pytest.mark.parametrize(
    ("rule", "known", "expected"),
    [
        (a, {"a": True}, True),
        (a, {}, None),
        (not_(a), {"a": True}, False),
        (not_(a), {}, None),
        (all_(a, b), {"a": True}, None),
        (all_(a, b), {"b": False}, False),
        (any_(a, b), {"a": True}, True),
        (any_(a, b), {"a": False}, None),
        (at_least(2, a, b, c), {"a": True, "b": True}, True),
        (at_least(2, a, b, c), {"a": True}, None),
        (at_least(2, a, b, c), {"a": False, "b": False}, False),
        (at_least(0, a, b), {}, True),
        (at_least(4, a, b, c), {}, False),
        (if_(a, b), {"a": False}, True),
        (if_(a, b), {"b": True}, True),
        (if_(a, b), {"a": True}, None),
        (if_(a, b), {"a": True, "b": False}, False),
        (except_(a, b), {"a": True}, None),
        (except_(a, b), {"b": True}, False),
        (except_(a, b), {"a": False}, False),
        (except_(a, b, c), {"a": True, "b": False, "c": False}, True),
        # one unknown in two places
        (any_(a, not_(a)), {}, True),
        (all_(a, not_(a)), {}, False),
        (any_(all_(a, b), all_(not_(a), b)), {"b": True}, True),
        (any_(all_(a, b), all_(not_(a), b)), {}, None),
        (any_(all_(a, b), all_(not_(a), c)), {"b": True, "c": True}, True),
        (if_(all_(a, b), a), {}, True),
        (except_(a, a), {}, False),
        (at_least(2, a, not_(a), b), {"b": True}, True),
    ],
)
def test_rules(rule: Rule, known: dict[str, Truth], expected: Truth) -> None:
    assert truth_of(rule, known_of(**known)) is expected


def test_facts_that_differ_in_their_places_are_one_unknown() -> None:
    here = Fact(domain="condition", concept=fact("Asthma").concept, span=(3, 9), confidence=0.5)
    there = Fact(domain="condition", concept=fact("asthma").concept, span=(30, 36))
    assert truth_of(any_(here, not_(there)), lambda asked: None) is True
    thousands, per_litre = (fact("platelets", value=more_than(5, units)) for units in ("x 10^9/L", "×10^9/l"))
    assert truth_of(any_(thousands, not_(per_litre)), lambda asked: None) is True
    severe = fact("asthma", modifiers=(modifier("severity", "severe"),))
    assert truth_of(any_(here, not_(severe)), lambda asked: None) is None
    assert truth_of(any_(here, not_(fact("asthma", includes=(a,)))), lambda asked: None) is None


def test_each_thing_is_asked_once() -> None:
    asked: list[str] = []
    truth_of(any_(all_(a, b), all_(not_(a), fact("c", includes=(fact("d"),)))), lambda x: asked.append(x.concept.text))
    assert sorted(asked) == ["a", "b", "c"]


def test_too_many_shared_unknowns_are_left_unknown() -> None:
    pairs = [any_(fact(f"x{i}"), not_(fact(f"x{i}"))) for i in range(EXACT + 1)]
    assert truth_of(all_(*pairs[:EXACT]), lambda asked: None) is True
    assert truth_of(all_(*pairs), lambda asked: None) is None


# ------------------------------------------------------------------ brute force


def random_rule(random: Random, names: str, depth: int = 0) -> Rule:
    """A rule over a few names, of which some stand in it several times."""
    kind = random.choice(["fact", "all", "any", "any", "not", "at_least", "if", "except"])
    if kind == "fact" and depth == 0:
        kind = "all"
    if kind == "fact" or depth == 3:
        return fact(random.choice(names))
    some = [random_rule(random, names, depth + 1) for _ in range(random.choice([2, 2, 2, 3, 4]))]
    match kind:
        case "all":
            members = [x for x in some if not isinstance(x, All)]
            return all_(*members) if len(members) > 1 else not_(some[0])
        case "any":
            members = [x for x in some if not isinstance(x, Any_)]
            return any_(*members) if len(members) > 1 else not_(some[0])
        case "not":
            return not_(some[0])
        case "at_least":
            return at_least(random.randint(0, len(some) + 1), *some)
        case "if":
            return if_(*some[:2])
        case "except":
            return except_(*some)
    raise AssertionError(kind)


def in_worlds(rule: Rule, worlds: Mapping[str, np.ndarray]) -> np.ndarray:
    """In which worlds a rule is true, `worlds` telling in which each fact is."""
    if isinstance(rule, Fact):
        return worlds[rule.concept.text]
    if isinstance(rule, Not):
        return ~in_worlds(rule.of, worlds)
    if isinstance(rule, If):
        return ~in_worlds(rule.condition, worlds) | in_worlds(rule.then, worlds)
    if isinstance(rule, Except):
        found = in_worlds(rule.base, worlds)
        for exception in rule.exceptions:
            found = found & ~in_worlds(exception, worlds)
        return found
    tables = np.array([in_worlds(x, worlds) for x in rule.of])
    if isinstance(rule, AtLeast):
        return tables.sum(axis=0) >= rule.count
    return tables.all(axis=0) if isinstance(rule, All) else tables.any(axis=0)


def disagreements(seed: int, rules: int, patients: int) -> Iterator[tuple[Rule, dict[str, Truth]]]:
    """Random rules and patients of whom truth is not what all completions of what is unknown agree on."""
    random, dice = Random(seed), np.random.default_rng(seed)
    for _ in range(rules):
        names = NAMES[: random.randint(1, len(NAMES))]
        rule = random_rule(random, names)
        grid = np.array(list(product([False, True], repeat=len(names))))  # a row for each world
        table = in_worlds(rule, dict(zip(names, grid.T, strict=True)))
        density = dice.random((patients, 1))
        charts = np.where(
            dice.random((patients, len(names))) < density, -1, dice.integers(0, 2, (patients, len(names)))
        )
        possible = ((charts[:, None, :] < 0) | (charts[:, None, :] == grid[None])).all(axis=2)
        sometimes, always = (possible & table).any(axis=1), ~(possible & ~table).any(axis=1)
        leaves = Leaves()
        node = formula(rule, leaves)
        places = [names.index(x.concept.text) for x in leaves.facts if x is not None]
        for chart, some, every in zip(charts.tolist(), sometimes.tolist(), always.tolist(), strict=True):
            expected = True if every else None if some else False
            values = [None if chart[n] < 0 else bool(chart[n]) for n in places]
            if truth(node, values) is not expected:
                yield rule, {name: None if v < 0 else bool(v) for name, v in zip(names, chart, strict=True)}
        known = {name: None if v < 0 else bool(v) for name, v in zip(names, charts[0].tolist(), strict=True)}
        assert truth_of(rule, known_of(**known)) is (True if always[0] else None if sometimes[0] else False)


def test_brute_force_agrees() -> None:
    assert list(disagreements(1, rules=400, patients=50)) == []


@pytest.mark.slow
@pytest.mark.skipif("PROTOPARSE_THOROUGH" not in os.environ, reason="PROTOPARSE_THOROUGH is not set")
def test_brute_force_agrees_a_million_times() -> None:
    assert next(disagreements(2, rules=20_000, patients=50), None) is None


def test_brute_force_meets_what_kleene_leaves_open() -> None:
    """The random rules are such that trying completions matters, and such that much stays unknown."""
    random, found = Random(3), {"completed": 0, "open": 0, "definite": 0}
    for _ in range(500):
        rule = random_rule(random, NAMES[:4])
        known = {name: random.choice([True, False, None, None]) for name in NAMES}
        counted = iter(range(1000))
        apart = each_by_itself(rule, counted)
        charts = {x.concept.text: known[x.concept.text[0]] for x in facts(apart)}
        plain = truth_of(apart, known_of(**charts))
        value = truth_of(rule, known_of(**known))
        found["open" if value is None else "definite" if plain is not None else "completed"] += 1
    assert min(found.values()) > 20, found


def each_by_itself(rule: Rule, numbers: Iterator[int]) -> Rule:
    """The same rule with no fact twice."""
    match rule:
        case Fact():
            return fact(f"{rule.concept.text} {next(numbers)}")
        case Not():
            return not_(each_by_itself(rule.of, numbers))
        case If():
            return if_(each_by_itself(rule.condition, numbers), each_by_itself(rule.then, numbers))
        case Except():
            return except_(each_by_itself(rule.base, numbers), *[each_by_itself(x, numbers) for x in rule.exceptions])
        case AtLeast():
            return at_least(rule.count, *[each_by_itself(x, numbers) for x in rule.of])
        case _:
            return type(rule)(of=tuple(each_by_itself(x, numbers) for x in rule.of))


# ------------------------------------------------------------------ what is known only grows

seeds = st.integers(0, 2**32).map(Random)
truths = st.fixed_dictionaries({name: st.sampled_from([True, False, None]) for name in NAMES})
subsets = st.sets(st.sampled_from(NAMES))


@lenient
@given(seeds, truths, subsets)
def test_more_facts_never_turn_a_rule(random: Random, known: dict[str, Truth], hidden: set[str]) -> None:
    rule = random_rule(random, NAMES)
    less = truth_of(rule, known_of(**{name: value for name, value in known.items() if name not in hidden}))
    assert less is None or less is truth_of(rule, known_of(**known))


GROUPS = (None, None, None, "Part A", "Part B", "Part C")


def random_criterion(random: Random, kind: str, *, deep: bool, depth: int = 0) -> Criterion:
    count = random.choice([0, 0, 2, 3]) if depth < 2 else 0
    children = [random_criterion(random, kind, deep=deep, depth=depth + 1) for _ in range(count)]
    rule = random_rule(random, NAMES, 2) if random.random() < 0.8 or not children else None
    combine: Any = random.choice(["all", "any", AtLeastChildren(at_least=2), None, "except", "then"])
    if not children or (rule is None and combine in ("except", "then")):
        combine = None
    return criterion(
        rule,
        *children,
        kind=kind,
        id=f"{random.random()}",
        combine=combine,
        group=random.choice(GROUPS) if deep or depth == 0 else None,
        unparsed=((0, 5),) if random.random() < 0.1 else (),
    )


def random_document(random: Random, *, deep: bool = False) -> Document:
    """A trial with nested criteria, some for groups; `deep`: also within others."""
    kinds = [random.choice(["inclusion", "exclusion", "unspecified"]) for _ in range(random.randint(1, 4))]
    return document(*[random_criterion(random, kind, deep=deep) for kind in kinds], text="glorb")


def flat(verdicts: Any) -> Iterator[Verdict]:
    for verdict in verdicts:
        yield verdict
        yield from flat(verdict.children)


@lenient
@given(seeds, truths, subsets)
def test_more_facts_never_turn_a_trial(random: Random, known: dict[str, Truth], hidden: set[str]) -> None:
    doc = random_document(random, deep=True)
    less = screening(doc, **{name: value for name, value in known.items() if name not in hidden})
    more = screening(doc, **known)
    assert less.answer in ("undetermined", more.answer)
    for name, answer in less.groups.items():
        assert answer in ("undetermined", more.groups[name])
    for one, other in zip(flat(less.verdicts), flat(more.verdicts), strict=True):
        assert one.holds in (None, other.holds)
        assert one.passed in (None, other.passed)


def in_world(item: Criterion, world: Mapping[str, np.ndarray], wanted: bool, riddle: bool) -> bool:
    """Whether a criterion holds where everything is known; `riddle`: how what was not understood comes out."""
    own = None if item.rule is None else bool(in_worlds(item.rule, world)[0])
    combine = item.combine or ("any" if item.kind == "exclusion" else "all")
    said = [in_world(child, world, wanted != (combine == "except"), riddle) for child in item.children]
    if not said:
        holds = wanted if own is None else own
    elif combine == "except":
        holds = own is not False and not any(said)
    elif combine == "then":
        holds = own is False or all(said)
    else:
        enough = {"all": len(said), "any": 1}.get(combine, 2) if isinstance(combine, str) else combine.at_least
        holds = own is not False and sum(said) >= enough
    if item.unparsed:
        holds = (holds and riddle) if wanted else (holds or not riddle)
    return holds


@lenient
@given(seeds, truths, truths)
def test_what_is_certain_of_a_trial_comes_true(random: Random, known: dict[str, Truth], rest: dict[str, Truth]) -> None:
    doc = random_document(random)
    made = screening(doc, **known)
    world = {name: np.array([bool(rest[name] if known[name] is None else known[name])]) for name in NAMES}
    named = [x.group for x in doc.criteria if x.group]
    asked = not named or any(x.group is None and x.kind != "exclusion" for x in doc.criteria)
    groups = set(named) | ({OTHERS} if len(set(named)) < 2 and asked else set())
    for riddle in (True, False):
        answers = {
            group: all(
                in_world(item, world, item.kind != "exclusion", riddle) is (item.kind != "exclusion")
                for item in doc.criteria
                if item.group in (None, group)
            )
            for group in groups
        }
        for group, answer in (made.groups or {OTHERS: made.answer}).items():
            assert answer == "undetermined" or answers[group] is (answer == "eligible")
        assert made.answer == "undetermined" or any(answers.values()) is (made.answer == "eligible")


# ------------------------------------------------------------------ criteria


def test_a_trial_is_the_worst_of_its_criteria() -> None:
    doc = document(criterion(a), criterion(b, kind="exclusion"), criterion(c, kind="unspecified"))
    assert screening(doc, a=True, b=False, c=True).answer == "eligible"
    assert screening(doc, a=True, b=False).answer == "undetermined"
    assert screening(doc, b=True).answer == "ineligible"
    assert screening(doc, c=False).answer == "ineligible"
    assert [v.passed for v in screening(doc, a=True, b=True).verdicts] == [True, False, None]


@pytest.mark.parametrize(
    ("kind", "combine", "known", "holds"),
    [
        ("inclusion", None, {"a": True, "b": True}, None),
        ("inclusion", None, {"a": True, "b": True, "c": True}, True),
        ("exclusion", None, {"a": True, "b": True}, True),
        ("inclusion", "any", {"a": True, "b": True}, True),
        ("inclusion", "any", {"a": False, "b": True}, False),
        ("inclusion", "any", {"a": True, "b": False, "c": False}, False),
        ("inclusion", AtLeastChildren(at_least=2), {"a": True, "b": True}, None),
        ("inclusion", AtLeastChildren(at_least=3), {"a": True}, False),
        ("exclusion", "except", {"a": True, "b": True}, False),
        ("exclusion", "except", {"a": True, "b": False}, None),
        ("exclusion", "except", {"a": True, "b": False, "c": False}, True),
        ("inclusion", "then", {"a": False}, True),
        ("inclusion", "then", {"a": True, "b": False}, False),
        ("inclusion", "then", {"b": True, "c": True}, True),
    ],
)
def test_children(kind: str, combine: Any, known: dict[str, Truth], holds: Truth) -> None:
    inner = (criterion(b, kind=kind), criterion(c, kind=kind))
    [verdict] = screening(document(criterion(a, *inner, kind=kind, combine=combine)), **known).verdicts
    assert verdict.holds is holds
    assert [child.holds for child in verdict.children] == [known.get("b"), known.get("c")]


def unread_of(text: str, rule: Rule | None, *, kind: str) -> Document:
    return document(criterion(rule, kind=kind, id="x", unparsed=((0, len(text)),)), text=text)


@pytest.mark.parametrize(
    ("kind", "known", "answer"),
    [
        ("inclusion", {"a": True}, "undetermined"),
        ("inclusion", {"a": False}, "ineligible"),
        ("exclusion", {"a": True}, "ineligible"),
        ("exclusion", {"a": False}, "undetermined"),
        ("unspecified", {"a": False}, "ineligible"),
    ],
)
def test_what_is_not_understood_never_lets_in(kind: str, known: dict[str, Truth], answer: str) -> None:
    made = screening(unread_of("of the third order", a, kind=kind), **known)
    assert (made.answer, made.verdicts[0].unread) == (answer, True)
    assert screening(unread_of("of the third order", None, kind=kind)).answer == "undetermined"


@pytest.mark.parametrize("text", ["and", "; or", " , ", "(", "is", "and/or:", "•"])
def test_words_that_join_are_nothing_unread(text: str) -> None:
    made = screening(unread_of(text, a, kind="inclusion"), a=True)
    assert (made.answer, made.verdicts[0].unread) == ("eligible", False)


@pytest.mark.parametrize("text", ["not", "≥", "+", "5", "and severe", "unless"])
def test_words_that_say_something_are_unread(text: str) -> None:
    assert screening(unread_of(text, a, kind="inclusion"), a=True).answer == "undetermined"


@pytest.mark.parametrize(
    ("text", "answer"), [("Nil", "eligible"), ("N/A.", "eligible"), ("None or mild", "undetermined")]
)
def test_that_nothing_is_asked_is_nothing_unread(text: str, answer: str) -> None:
    said = criterion(None, kind="exclusion", span=(0, len(text)), unparsed=((0, len(text)),))
    assert screening(document(said, criterion(a), text=text), a=True).answer == answer


def test_a_text_that_breaks_off_is_not_all_there_is() -> None:
    text = "Men with gout ..."
    made = screening(document(criterion(a, id="x", span=(0, len(text))), text=text), a=True)
    assert (made.answer, asks(made.to_include)) == ("undetermined", ["Read: “Men with gout ...”"])


def test_an_exception_that_is_not_understood_never_lets_in() -> None:
    odd = criterion(b, kind="exclusion", unparsed=((0, 5),))
    doc = document(criterion(a, odd, kind="exclusion", combine="except"), text="glorb")
    assert screening(doc, a=True, b=True).answer == "undetermined"
    assert screening(doc, a=True, b=False).answer == "ineligible"
    assert screening(doc, a=False).answer == "eligible"


def test_a_criterion_without_words_asks_nothing() -> None:
    assert screening(document(criterion(None), criterion(a)), a=True).answer == "eligible"
    assert screening(document(criterion(None, kind="exclusion"), criterion(a)), a=True).answer == "eligible"


def test_a_text_that_asks_for_nothing_says_nothing() -> None:
    assert screening(document(text="See the protocol.")).answer == "undetermined"
    said = criterion(None, span=(0, 3), unparsed=((0, 3),))
    assert screening(document(said, text="Nil")).answer == "undetermined"


def test_decisions_are_those_of_the_rule_in_their_places() -> None:
    here, there = (Fact(domain="condition", concept=fact("b").concept, span=span) for span in ((0, 1), (5, 6)))
    rule = all_(fact("a", includes=(fact("x"),)), any_(here, not_(there)))
    [verdict] = screening(document(criterion(rule, criterion(fact("d")), combine="all")), b=True).verdicts
    assert [(d.fact, d.truth) for d in verdict.decisions] == [(rule.of[0], None), (here, True), (there, True)]
    assert [d.fact.concept.text for d in verdict.children[0].decisions] == ["d"]


# ------------------------------------------------------------------ groups


def test_a_trial_takes_whom_one_of_its_groups_takes() -> None:
    doc = document(criterion(a), criterion(b, group="Part A:"), criterion(c, group="Part B"))
    made = screening(doc, a=True, b=False, c=True)
    assert (made.answer, made.groups) == ("eligible", {"Part A": "ineligible", "Part B": "eligible"})
    assert screening(doc, b=False, c=False).answer == "ineligible"
    assert screening(doc, b=False).answer == "undetermined"
    assert screening(doc, a=False, b=True, c=True).groups == {"Part A": "ineligible", "Part B": "ineligible"}


def test_one_spelling_of_a_group_is_enough() -> None:
    doc = document(
        criterion(a, group="Part A:"), criterion(b, group="part  a", kind="exclusion"), criterion(c, group="Part B")
    )
    assert screening(doc, a=True, b=True, c=False).groups == {"Part A": "ineligible", "Part B": "ineligible"}


def test_a_group_named_alone_leaves_others() -> None:
    doc = document(criterion(a), criterion(b, group="Women"))
    assert screening(doc, a=True, b=False).groups == {"Women": "ineligible", OTHERS: "eligible"}
    assert screening(doc, a=False).answer == "ineligible"
    # where nothing is asked but of the group, nobody else is meant
    doc = document(criterion(a, group="Recipients"), criterion(b, group="Recipients", kind="exclusion"))
    assert screening(doc, a=False).groups == {"Recipients": "ineligible"}


def test_a_group_in_a_group() -> None:
    inner = criterion(b, group="Cohort 1"), criterion(c, group="Cohort 2")
    doc = document(criterion(a, *inner, group="Part A", combine="all"), criterion(fact("d"), group="Part B"))
    made = screening(doc, a=True, b=False, c=True, d=False)
    assert made.groups == {"Cohort 1": "ineligible", "Cohort 2": "eligible", "Part B": "ineligible"}
    assert made.verdicts[0].passed is True, "what is for a cohort is nothing that all of the part must pass"
    assert [child.passed for child in made.verdicts[0].children] == [False, True]


# ------------------------------------------------------------------ the registry's fields


def test_what_the_registry_asks_is_asked_too() -> None:
    years = Unit(text="Years", ucum="a")
    trial = Trial(minimum_age=Age(value=18, unit=years), maximum_age=Age(value=65, unit=years), sex="female")
    doc = Document(text="", trial=trial, criteria=(criterion(a),))
    made = screening(doc, a=True, age=True, female=True)
    assert [v.criterion.id for v in made.verdicts[1:]] == ["registry.age", "registry.sex"]
    assert made.answer == "eligible"
    assert screening(doc, a=True, age=False).answer == "ineligible"
    assert screening(doc, a=True, female=False).answer == "ineligible"
    assert asks(screening(doc, a=True).to_include) == ["What is: age?", "Is the patient: female?"]
    both = [(x.value.operator, x.value.value) for x in facts(made.verdicts[1].criterion.rule) if x.value]
    assert both == [(">=", 18), ("<=", 65)]
    assert len(screening(Document(text="", trial=Trial(sex="all"), criteria=(criterion(a),))).verdicts) == 1


# ------------------------------------------------------------------ questions


def platelets(value: Any) -> Fact:
    return fact("platelets", "measurement", value=value)


def test_facts_about_one_thing_are_one_question() -> None:
    doc = document(
        criterion(platelets(more_than(100)), id="inclusion.1"),
        criterion(any_(platelets(at_most(50)), a), id="exclusion.1", kind="exclusion"),
        criterion(b, id="exclusion.2", kind="exclusion"),
    )
    made = screening(doc)
    assert asks(made.to_exclude) == [
        "What is: platelets, on or near the day of screening?", "Is there: a?", "Is there: b?"
    ]  # fmt: skip
    assert made.to_exclude[0].criteria == ("inclusion.1", "exclusion.1")
    assert made.to_exclude[0].facts == (platelets(more_than(100)), platelets(at_most(50)))
    assert sorted(asks(made.to_include)) == sorted(asks(made.to_exclude))
    settled = screening(doc, a=True)
    assert (settled.to_exclude, settled.to_include) == ((), ())


def test_the_shortest_way_in_is_asked_for() -> None:
    d, e = fact("d"), fact("e")
    doc = document(criterion(any_(all_(a, b), c)), criterion(any_(d, e)), criterion(any_(e, fact("f"))))
    assert asks(screening(doc).to_include) == ["Is there: c?", "Is there: e?"]
    assert asks(screening(doc, c=False).to_include) == ["Is there: a?", "Is there: b?", "Is there: e?"]


def test_no_answer_alone_excludes() -> None:
    doc = document(criterion(all_(a, b), kind="exclusion"))
    assert asks(screening(doc).to_exclude) == ["Is there: a?", "Is there: b?"]
    assert asks(screening(doc).to_include) == ["Is there: a?"]
    parts = document(criterion(a, group="Part A"), criterion(b, group="Part B"))
    assert asks(screening(parts).to_exclude) == ["Is there: a?", "Is there: b?"]
    assert asks(screening(parts).to_include) == ["Is there: a?"]


def test_what_was_not_understood_is_for_a_person() -> None:
    doc = document(criterion(a, id="inclusion.1", unparsed=((0, 5), (6, 11))), criterion(b), text="glorb fnord")
    made = screening(doc)
    assert asks(made.to_exclude) == ["Is there: a?", "Is there: b?", "Read: “glorb … fnord”"]
    assert made.to_exclude[-1].criteria == ("inclusion.1",)
    assert asks(made.to_include) == ["Is there: a?", "Read: “glorb … fnord”", "Is there: b?"]


def test_what_no_record_says_is_asked_last() -> None:
    doc = document(criterion(fact("informed consent", "consent")), criterion(b))

    class Records(Chart):
        def decide(self, asked: Fact) -> Decision:
            return Decision(fact=asked, truth=None, why="not-in-records" if asked.domain == "consent" else "no-data")

    made = screened(doc, Patient(id="p"), Records({}), day=DAY)
    assert asks(made.to_exclude) == ["Is there: b?", "Is there: informed consent?"]


@lenient
@given(seeds, truths)
def test_questions_suffice_and_none_can_be_spared(random: Random, known: dict[str, Truth]) -> None:
    doc = random_document(random)
    numbers = iter(range(10_000))
    doc = document(*[renumbered(x, numbers) for x in doc.criteria], text=doc.text)
    chart = {x.concept.text: known[x.concept.text[0]] for top in walk(doc.criteria) for x in facts(top.rule)}
    made = screening(doc, **chart)
    unknown = {asked for asked, value in chart.items() if value is None}
    for wanted, questions in (("eligible", made.to_include), ("ineligible", made.to_exclude)):
        if made.answer != "undetermined" or any(x.unparsed for x in walk(doc.criteria)) or len(unknown) > 9:
            continue
        answered = [{f.concept.text for f in q.facts} for q in questions]
        if wanted == "ineligible" and len(answered) and can(doc, chart, answered[0], wanted):
            singles = {next(iter(s)) for s in answered}
            assert singles == {name for name in unknown if can(doc, chart, {name}, wanted)}
            continue
        together = set().union(*answered)
        assert can(doc, chart, together, wanted)
        assert not any(can(doc, chart, together - x, wanted) for x in answered)
        # no fact stands twice: what is found is the least there is
        assert not any(can(doc, chart, set(x), wanted) for x in combinations(unknown, len(answered) - 1))


def can(doc: Document, chart: dict[str, Truth], asked: set[str], wanted: str) -> bool:
    """Whether answers to what is asked may lead to an answer of the trial."""
    names = sorted(asked)
    return any(
        screening(doc, **chart | dict(zip(names, values, strict=True))).answer == wanted
        for values in product([True, False], repeat=len(names))
    )


def renumbered(item: Criterion, numbers: Iterator[int]) -> Criterion:
    """A criterion in which no fact stands twice."""
    return criterion(
        None if item.rule is None else each_by_itself(item.rule, numbers),
        *[renumbered(child, numbers) for child in item.children],
        kind=item.kind,
        group=item.group,
        combine=item.combine,
        unparsed=item.unparsed,
        id=item.id,
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            [fact("stroke", time=window(None, bound("screening", text="the visit")))],
            "Is there: history of stroke?",
        ),
        (
            [fact("stroke", time=before(6, "months", "unspecified"))],
            "Is there: stroke in the 6 months before screening?",
        ),
        ([fact("stroke"), fact("stroke", time=before(6, "months", "screening"))], "Is there: stroke?"),
        ([fact("gout", modifiers=(modifier("severity", "severe"),))], "Is there: gout (severe)?"),
        ([fact("ALT", "measurement", value=at_most(5))], "What is: alt, on or near the day of screening?"),
        (
            [fact("ALT", "measurement", value=at_most(5), time=before(2, "weeks", "randomization"))],
            "What is: alt in the 2 weeks before randomization?",
        ),
        ([fact("age", "person", value=more_than(18, "years"))], "What is: age?"),
        ([fact("women", "person")], "Is the patient: women?"),
        ([fact("cancer", experiencer="family")], "Is there: cancer of the family?"),
        ([fact("prednisone", "drug", dose=more_than(10, "mg"))], "Is there: prednisone at a dose > 10 mg?"),
        ([fact("chemotherapy", "drug", count=more_than(2))], "Is there: chemotherapy, how often (> 2)?"),
    ],
)
def test_questions_in_words(asked: list[Fact], expected: str) -> None:
    assert worded(asked) == expected
