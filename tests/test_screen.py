"""Screening: rules where some facts are unknown, criteria, groups, trials, and what to ask next.

The brute force here knows nothing of the code that it judges: it takes a rule as it stands, tries every way in which
the unknown facts may come out, and looks whether the rule comes out the same. Where exceptions take single events from
what a rule asks for, it tries every set of events that a patient may have had.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import combinations, product
from random import Random
from typing import Any, TypeAlias

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
    members,
    walk,
)
from protoparse.screen.asking import worded
from protoparse.screen.compiling import OTHERS
from protoparse.screen.logic import CIRCUMSTANCES, EXACT, Leaves, formula, truth, truth_of
from protoparse.screen.patient import Patient
from protoparse.screen.screening import screened
from protoparse.screen.telling import reason, told
from protoparse.screen.verdicts import Decision, Screening, Truth, Verdict, Why

lenient = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])

NAMES = "abcdefgh"
DAY = date(2024, 3, 1)


class Chart:
    """A patient of whom the truth of facts is known, by what they are about, and by what is excepted: "a but b"."""

    def __init__(self, known: Mapping[str, Truth], why: Why = "no-data") -> None:
        self.known = known
        self.why = why

    def decide(self, asked: Fact, without: tuple[Fact, ...] = ()) -> Decision:
        value = self.known.get(called(asked, without))
        return Decision(fact=asked, truth=value, why=self.why if value is None else "decided", without=without)


def called(asked: Fact, without: tuple[Fact, ...] = ()) -> str:
    return " but ".join([asked.concept.text, *sorted(x.concept.text for x in without)])


def screening(doc: Document, **known: Truth) -> Screening:
    return screened(doc, Patient(id="p"), Chart(known), day=DAY)


def asks(questions: Any) -> list[str]:
    return [question.asks for question in questions]


# ------------------------------------------------------------------ rules


def known_of(**known: Truth) -> Any:
    return lambda asked, without=(): known.get(called(asked, without).replace(" ", "_"))


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
        # one unknown in two places
        (any_(a, not_(a)), {}, True),
        (all_(a, not_(a)), {}, False),
        (any_(all_(a, b), all_(not_(a), b)), {"b": True}, True),
        (any_(all_(a, b), all_(not_(a), b)), {}, None),
        (any_(all_(a, b), all_(not_(a), c)), {"b": True, "c": True}, True),
        (if_(all_(a, b), a), {}, True),
        (at_least(2, a, not_(a), b), {"b": True}, True),
    ],
)
def test_rules(rule: Rule, known: dict[str, Truth], expected: Truth) -> None:
    assert truth_of(rule, known_of(**known)) is expected


limit = fact("limit", "measurement", value=at_most(3))
lab, drug = fact("lab", "measurement"), fact("drug", "drug")


@pytest.mark.parametrize(
    ("rule", "known", "excluding", "including"),
    [
        # of the same kind: single events are taken from what is asked for
        (except_(a, b), {"a": True, "b": True, "a_but_b": True}, True, True),
        (except_(a, b), {"a": True, "b": True, "a_but_b": False}, False, False),
        (except_(a, b), {"a": True, "b": True}, None, None),
        (except_(a, b, c), {"a_but_b": True, "a_but_b_but_c": False}, False, False),
        (except_(a, any_(b, c)), {"a_but_b_but_c": True}, True, True),
        (except_(any_(a, b), c), {"a_but_c": False, "b_but_c": True}, True, True),
        (except_(all_(a, lab), c), {"a_but_c": True, "lab": True}, True, True),
        (except_(except_(a, b), c), {"a_but_b_but_c": True}, True, True),
        # in some circumstances
        (except_(a, all_(b, lab)), {"a": True, "a_but_b": False, "lab": True}, False, False),
        (except_(a, all_(b, lab)), {"a": True, "a_but_b": False, "lab": False}, True, True),
        (except_(a, all_(b, lab)), {"a": True, "a_but_b": True}, True, True),
        (except_(a, all_(b, lab)), {"a": True, "a_but_b": False}, None, None),
        # of another kind: the patient is excused
        (except_(a, lab), {"a": True, "lab": True}, False, None),
        (except_(a, lab), {"a": True, "lab": False}, True, True),
        (except_(a, lab), {"a": False, "lab": True}, False, None),
        (except_(a, lab), {"a": False, "lab": False}, False, False),
        (except_(a, not_(b)), {"a": True, "b": False}, False, None),
        (except_(limit, a), {"limit": True, "a": True}, False, True),
        (except_(limit, a), {"limit": False, "a": True}, False, True),
        (except_(limit, a), {"limit": False}, False, None),
        (except_(limit, a), {"limit": True}, None, True),
        # from a denial
        (except_(not_(a), b), {"a_but_b": False, "a": True, "b": True}, False, True),
        (except_(not_(a), b), {"a_but_b": True, "a": True, "b": True}, False, False),
        (except_(not_(a), b), {"a": False, "b": False, "a_but_b": False}, True, True),
        (except_(not_(a), lab), {"a": True, "lab": True}, False, True),
        # said in too involved a way
        (except_(a, at_least(2, b, c)), {"a": True, "b": True, "c": True}, None, None),
        (except_(a, at_least(2, b, c)), {"a": True, "b": False, "c": False}, True, True),
    ],
)
def test_exceptions(rule: Rule, known: dict[str, Truth], excluding: Truth, including: Truth) -> None:
    assert truth_of(rule, known_of(**known), wanted=False) is excluding
    assert truth_of(rule, known_of(**known), wanted=True) is including


def test_many_circumstances_are_left_open() -> None:
    exceptions = [all_(fact(f"b{n}"), fact(f"lab{n}", "measurement")) for n in range(CIRCUMSTANCES + 1)]
    rule = except_(a, *exceptions)
    known: dict[str, Truth] = {f"lab{n}": True for n in range(CIRCUMSTANCES + 1)}
    assert truth_of(rule, known_of(**known, a=False)) is None, "nobody tells of its parts"
    parts: dict[str, Truth] = {f"b{n}": False for n in range(CIRCUMSTANCES + 1)}
    whole = {" but ".join(["a", *[f"b{n}" for n in range(CIRCUMSTANCES)]]).replace(" ", "_"): True}
    assert truth_of(rule, known_of(**known, **parts, **whole)) is True
    assert truth_of(rule, known_of(**known, **whole)) is None


def test_facts_that_differ_in_their_places_are_one_unknown() -> None:
    here = Fact(domain="condition", concept=fact("Asthma").concept, span=(3, 9), confidence=0.5)
    there = Fact(domain="condition", concept=fact("asthma").concept, span=(30, 36))
    assert truth_of(any_(here, not_(there)), lambda *asked: None) is True
    thousands, per_litre = (fact("platelets", value=more_than(5, units)) for units in ("x 10^9/L", "×10^9/l"))
    assert truth_of(any_(thousands, not_(per_litre)), lambda *asked: None) is True
    severe = fact("asthma", modifiers=(modifier("severity", "severe"),))
    assert truth_of(any_(here, not_(severe)), lambda *asked: None) is None
    assert truth_of(any_(here, not_(fact("asthma", includes=(a,)))), lambda *asked: None) is None


def test_each_thing_is_asked_once() -> None:
    asked: list[str] = []
    truth_of(
        any_(all_(a, b), all_(not_(a), fact("c", includes=(fact("d"),)))), lambda x, _: asked.append(x.concept.text)
    )
    assert sorted(asked) == ["a", "b", "c"]


def test_too_many_shared_unknowns_are_left_unknown() -> None:
    pairs = [any_(fact(f"x{i}"), not_(fact(f"x{i}"))) for i in range(EXACT + 1)]
    assert truth_of(all_(*pairs[:EXACT]), lambda *asked: None) is True
    assert truth_of(all_(*pairs), lambda *asked: None) is None


# ------------------------------------------------------------------ brute force


def lab_of(name: str) -> Fact:
    """A fact from which no event can be taken."""
    return fact(name, "measurement")


def random_rule(random: Random, names: str, depth: int = 0, *, make: Callable[[str], Fact] = lab_of) -> Rule:
    """A rule over a few names, of which some stand in it several times."""
    kind = random.choice(["fact", "all", "any", "any", "not", "at_least", "if", "except"])
    if kind == "fact" and depth == 0:
        kind = "all"
    if kind == "fact" or depth == 3:
        return make(random.choice(names))
    some = [random_rule(random, names, depth + 1, make=make) for _ in range(random.choice([2, 2, 2, 3, 4]))]
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


Table: TypeAlias = tuple[np.ndarray, np.ndarray]
"""In which worlds something surely is true, and in which it may be, as it may be meant in two ways."""


def denied(table: Table) -> Table:
    return ~table[1], ~table[0]


def gathered(least: int, tables: list[Table]) -> Table:
    yes, may = (np.array(some).sum(axis=0) >= least for some in zip(*tables, strict=True))
    return yes, may


class Worlds:
    """Everything that may be so of a patient: which kinds of events there were, and what labs show.

    `events`: for each kind of event, the names that it is met by and the worlds in which there was one.
    """

    def __init__(self, labs: str, events: Mapping[str, tuple[str, ...]]) -> None:
        kinds = [frozenset(c for c, on in zip(names, bits, strict=True) if on) for group in events.values()
                 for names in group for bits in product([0, 1], repeat=len(names)) if any(bits)]  # fmt: skip
        grid = np.array(list(product([False, True], repeat=len(kinds) + len(labs)))).T
        self.events = list(zip(kinds, grid, strict=False))
        self.labs = dict(zip(labs, grid[len(kinds) :], strict=True))
        self.count = grid.shape[1]

    def met(self, name: str, kept: Mapping[frozenset[str], np.ndarray]) -> np.ndarray:
        """Where something is so, by an event that is not taken away or by a lab."""
        if name in self.labs:
            return self.labs[name]
        found = np.zeros(self.count, bool)
        for kind, there in self.events:
            if name in kind:
                found |= there & kept.get(kind, True)
        return found

    def holds(self, rule: Rule, wanted: bool, kept: Mapping[frozenset[str], np.ndarray] | None = None) -> Table:
        kept = kept or {}
        if isinstance(rule, Fact):
            found = self.met(rule.concept.text, kept)
            return found, found
        if isinstance(rule, Not):
            return denied(self.holds(rule.of, not wanted, kept if wanted else None))
        if isinstance(rule, If):
            return gathered(
                1, [denied(self.holds(rule.condition, not wanted, kept)), self.holds(rule.then, wanted, kept)]
            )
        if isinstance(rule, Except):
            return self.excepting(rule, wanted, kept)
        tables = [self.holds(x, wanted, kept) for x in rule.of]
        return gathered(
            rule.count if isinstance(rule, AtLeast) else len(tables) if isinstance(rule, All) else 1, tables
        )

    def excepting(self, rule: Except, wanted: bool, kept: Mapping[frozenset[str], np.ndarray]) -> Table:
        """The base over the events that no exception takes; what is about something else excuses."""
        asked = {x.domain for x in asserted(rule.base, wanted) if x.concept.text not in self.labs}
        left = dict(kept)
        excuses: list[Table] = []
        involved: list[Table] = []
        for exception in alternatives(rule.exceptions):
            parts = exception.of if isinstance(exception, All) else (exception,)
            things = [x for x in parts if isinstance(x, Fact) and x.domain in asked]
            if not things:
                known = self.holds(exception, not wanted)
                inner = {x.domain for x in asserted(exception, False)} & {x.domain for x in asserted(rule.base, False)}
                (involved if inner - {"measurement"} else excuses).append(known)
                continue
            where = [self.holds(x, not wanted) for x in parts if x is not things[0]]
            yes, may = gathered(len(where), where) if where else (np.ones(self.count, bool),) * 2
            if (yes != may).any():
                return np.zeros(self.count, bool), np.ones(self.count, bool)  # not looked into here
            for kind, _ in self.events:
                if things[0].concept.text in kind:
                    left[kind] = left.get(kind, True) & ~yes
        base = self.holds(rule.base, wanted, left)
        narrow = gathered(1 + len(involved), [base, *map(denied, involved)])
        base = narrow[0], base[1]
        narrow = gathered(1 + len(excuses), [base, *map(denied, excuses)])
        if not wanted or not excuses:
            return narrow
        wide = gathered(1, [base, *excuses])
        limits = all(x.value is not None for x in facts(rule.base))
        plain = not any(isinstance(x, Except) for x in inner_rules(rule.base))
        return wide if isinstance(rule.base, Not) or (limits and plain) else (narrow[0], wide[1])


def alternatives(rules: Iterable[Rule]) -> Iterator[Rule]:
    for rule in rules:
        yield from alternatives(rule.of) if isinstance(rule, Any_) else [rule]


def inner_rules(rule: Rule) -> Iterator[Rule]:
    yield rule
    if not isinstance(rule, Fact):
        for member in members(rule):
            yield from inner_rules(member)


def asserted(rule: Rule, wanted: bool) -> Iterator[Fact]:
    """What a rule asks for; what it denies only where that is wanted."""
    if isinstance(rule, Fact):
        yield rule
    elif isinstance(rule, Not):
        if wanted:
            yield from asserted(rule.of, False)
    else:
        for member in members(rule):
            yield from asserted(member, wanted)


PLAIN = {n: Worlds(NAMES[:n], {}) for n in range(1, len(NAMES) + 1)}
"""Of labs alone: every way in which so many facts may come out."""


def disagreements(seed: int, rules: int, patients: int) -> Iterator[tuple[Rule, dict[str, Truth]]]:
    """Random rules and patients of whom truth is not what all completions of what is unknown agree on."""
    random, dice = Random(seed), np.random.default_rng(seed)
    for n in range(rules):
        names = NAMES[: random.randint(1, len(NAMES))]
        rule, wanted = random_rule(random, names), n % 4 == 0
        worlds = PLAIN[len(names)]
        grid = np.array(list(worlds.labs.values())).T  # a row for each world
        yes, may = worlds.holds(rule, wanted)
        density = dice.random((patients, 1))
        charts = np.where(
            dice.random((patients, len(names))) < density, -1, dice.integers(0, 2, (patients, len(names)))
        )
        possible = ((charts[:, None, :] < 0) | (charts[:, None, :] == grid[None])).all(axis=2)
        sometimes, always = (possible & may).any(axis=1), ~(possible & ~yes).any(axis=1)
        leaves = Leaves()
        node = formula(rule, leaves, wanted=wanted)
        places = [None if x is None else names.index(x.concept.text) for x in leaves.facts]
        for chart, some, every in zip(charts.tolist(), sometimes.tolist(), always.tolist(), strict=True):
            expected = True if every else None if some else False
            values = [None if n is None or chart[n] < 0 else bool(chart[n]) for n in places]
            if truth(node, values) is not expected:
                yield rule, {name: None if v < 0 else bool(v) for name, v in zip(names, chart, strict=True)}
        known = {name: None if v < 0 else bool(v) for name, v in zip(names, charts[0].tolist(), strict=True)}
        assert truth_of(rule, known_of(**known), wanted=wanted) is (
            True if always[0] else None if sometimes[0] else False
        )


EVENTS = Worlds("ef", {"condition": ("abc",), "drug": ("d",)})
"""Of three things that one condition may be at once, a drug, and two labs."""


def event_of(name: str) -> Fact:
    if name in "ef":
        return fact(name, "measurement", value=at_most(3) if name == "e" else None)
    return fact(name, "drug" if name == "d" else "condition")


class Partly:
    """A patient of whom some of `EVENTS` is known: what is so of him in all worlds that are left is known."""

    def __init__(self, possible: np.ndarray) -> None:
        self.possible = possible

    def decide(self, asked: Fact, without: tuple[Fact, ...] = ()) -> Decision:
        names = [x.concept.text for x in without]
        kept = {kind: np.full(EVENTS.count, not kind & set(names)) for kind, _ in EVENTS.events}
        found = EVENTS.met(asked.concept.text, kept)[self.possible]
        value = True if found.all() else None if found.any() else False
        return Decision(fact=asked, truth=value, why="no-data" if value is None else "decided", without=without)


def learned(dice: np.random.Generator, possible: np.ndarray, density: float) -> np.ndarray:
    """The worlds that are left once it is known of some events and labs whether there were any, as in one of these."""
    world = dice.choice(np.flatnonzero(possible))
    left = possible.copy()
    for table in [*(there for _, there in EVENTS.events), *EVENTS.labs.values()]:
        if dice.random() < density:
            left &= table == table[world]
    return left


def contradictions(seed: int, rules: int, patients: int) -> Iterator[tuple[Rule, Truth, str]]:
    """Random rules with exceptions, and of random patients what is told of them: right, wrong, too little."""
    random, dice = Random(seed), np.random.default_rng(seed)
    everything = np.ones(EVENTS.count, bool)
    for n in range(rules):
        rule, wanted = (
            except_(*[random_rule(random, "aabbccdef", 2, make=event_of) for _ in "abc"[: n % 2 + 2]]),
            n % 3 == 0,
        )
        yes, may = EVENTS.holds(rule, wanted)
        leaves = Leaves()
        node = formula(rule, leaves, wanted=wanted)
        for _ in range(patients):
            chart = Partly(learned(dice, everything, dice.random()))
            asked = zip(leaves.facts, leaves.without, strict=True)
            found = truth(node, [None if x is None else chart.decide(x, without).truth for x, without in asked])
            if found is not None and not (yes if found else ~may)[chart.possible].all():
                yield rule, found, "wrong"
            elif found is None:
                sure = yes[chart.possible].all() or not may[chart.possible].any()
                yield rule, found, "missed" if sure else "open"
            else:
                yield rule, found, "told"


def test_brute_force_agrees() -> None:
    assert list(disagreements(1, rules=400, patients=50)) == []


def test_brute_force_over_events_agrees() -> None:
    """What is told is so in every world; little is missed, of what facts tell only together."""
    found = Counter(kind for _, _, kind in contradictions(4, rules=400, patients=20))
    assert found["wrong"] == 0
    assert found["missed"] < 0.02 * found["told"], found
    assert min(found["told"], found["open"]) > 1000, found


thorough = pytest.mark.skipif("PROTOPARSE_THOROUGH" not in os.environ, reason="PROTOPARSE_THOROUGH is not set")


@pytest.mark.slow
@thorough
def test_brute_force_agrees_a_million_times() -> None:
    assert next(disagreements(2, rules=20_000, patients=50), None) is None


@pytest.mark.slow
@thorough
def test_brute_force_over_events_agrees_a_million_times() -> None:
    assert next((x for x in contradictions(5, rules=20_000, patients=50) if x[-1] == "wrong"), None) is None


def test_brute_force_meets_what_kleene_leaves_open() -> None:
    """The random rules are such that trying completions matters, and such that much stays unknown."""
    random, found = Random(3), {"completed": 0, "open": 0, "definite": 0}
    for _ in range(500):
        rule = random_rule(random, NAMES[:4])
        known = {name: random.choice([True, False, None, None]) for name in NAMES}
        counted = iter(range(1000))
        apart = each_by_itself(rule, counted)
        charts = {x.concept.text: known[x.concept.text[0]] for x in facts(apart)}
        plain = truth_of(apart, known_of(**{n.replace(" ", "_"): v for n, v in charts.items()}), wanted=False)
        value = truth_of(rule, known_of(**known), wanted=False)
        found["open" if value is None else "definite" if plain is not None else "completed"] += 1
    assert min(found.values()) > 20, found


def each_by_itself(rule: Rule, numbers: Iterator[int]) -> Rule:
    """The same rule with no fact twice."""
    match rule:
        case Fact():
            return lab_of(f"{rule.concept.text} {next(numbers)}")
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
@given(seeds, seeds)
def test_more_facts_never_turn_a_rule(random: Random, luck: Random) -> None:
    rule, wanted = random_rule(random, "abcdef", make=event_of), random.random() < 0.5
    dice = np.random.default_rng(luck.randrange(2**32))
    fewer = learned(dice, np.ones(EVENTS.count, bool), 0.5)
    less, more = Partly(fewer), Partly(learned(dice, fewer, 0.5))
    old, new = (
        truth_of(rule, lambda x, y, chart=chart: chart.decide(x, y).truth, wanted=wanted) for chart in (less, more)
    )
    assert old is None or old is new


GROUPS = (None, None, None, "Part A", "Part B", "Part C")


def random_criterion(
    random: Random, kind: str, *, deep: bool, depth: int = 0, make: Callable[[str], Fact] = lab_of
) -> Criterion:
    count = random.choice([0, 0, 2, 3]) if depth < 2 else 0
    children = [random_criterion(random, kind, deep=deep, depth=depth + 1, make=make) for _ in range(count)]
    names = NAMES if make is lab_of else "aabbccdef"
    rule = random_rule(random, names, 2, make=make) if random.random() < 0.8 or not children else None
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


def random_document(random: Random, *, deep: bool = False, make: Callable[[str], Fact] = lab_of) -> Document:
    """A trial with nested criteria, some for groups; `deep`: also within others."""
    kinds = [random.choice(["inclusion", "exclusion", "unspecified"]) for _ in range(random.randint(1, 4))]
    return document(*[random_criterion(random, kind, deep=deep, make=make) for kind in kinds], text="glorb")


def flat(verdicts: Any) -> Iterator[Verdict]:
    for verdict in verdicts:
        yield verdict
        yield from flat(verdict.children)


@lenient
@given(seeds, seeds)
def test_more_facts_never_turn_a_trial(random: Random, luck: Random) -> None:
    doc = random_document(random, deep=True, make=event_of)
    dice = np.random.default_rng(luck.randrange(2**32))
    fewer = learned(dice, np.ones(EVENTS.count, bool), 0.6)
    less, more = (
        screened(doc, Patient(id="p"), Partly(possible), day=DAY) for possible in (fewer, learned(dice, fewer, 0.6))
    )
    assert less.answer in ("undetermined", more.answer)
    for name, answer in less.groups.items():
        assert answer in ("undetermined", more.groups[name])
    for one, other in zip(flat(less.verdicts), flat(more.verdicts), strict=True):
        assert one.holds in (None, other.holds)
        assert one.passed in (None, other.passed)


def in_worlds(item: Criterion, wanted: bool, riddle: bool) -> Table:
    """In which worlds a criterion holds; `riddle`: how what was not understood comes out."""
    combine = item.combine or ("any" if item.kind == "exclusion" else "all")
    odd = np.full(EVENTS.count, riddle)
    table: Table
    children = item.children
    own = None if item.rule is None else EVENTS.holds(item.rule, wanted != (combine == "then"))
    if combine == "except":
        assert item.rule is not None
        simple = [x for x in children if x.rule and not x.children]
        if simple:
            # an exception counts where what was not understood of it comes out so, too
            exceptions = [
                all_(*(one.of if isinstance(one, All) else (one,)), fact("riddle", "measurement"))
                if x.unparsed
                else one
                for x in simple
                for one in alternatives([x.rule])
            ]
            with_riddle = Worlds.__new__(Worlds)
            with_riddle.__dict__.update(EVENTS.__dict__, labs={**EVENTS.labs, "riddle": odd})
            own = with_riddle.excepting(except_(item.rule, *exceptions), wanted, {})
        children = tuple(x for x in children if x not in simple)
    said = [in_worlds(x, wanted != (combine == "except"), riddle) for x in children]
    if not said:
        empty = np.full(EVENTS.count, wanted)
        table = own if own is not None else (empty, empty)
    elif combine == "then":
        assert own is not None
        table = gathered(1, [denied(own), gathered(len(said), said)])
    elif combine == "except":
        assert own is not None
        table = gathered(1 + len(said), [own, *map(denied, said)])
        inner = {x.domain for child in walk(children) if child.rule for x in asserted(child.rule, False)}
        if inner & {x.domain for x in asserted(item.rule, False)} - {"measurement"}:
            table = table[0], own[1]
    else:
        least = {"all": len(said), "any": 1}.get(combine, 2) if isinstance(combine, str) else 2
        table = gathered(least, said)
        table = table if own is None else gathered(2, [own, table])
    if item.unparsed:
        return gathered(2, [table, (odd, odd)]) if wanted else gathered(1, [table, (~odd, ~odd)])
    return table


@lenient
@given(seeds, seeds)
def test_what_is_certain_of_a_trial_comes_true(random: Random, luck: Random) -> None:
    doc = random_document(random, make=event_of)
    dice = np.random.default_rng(luck.randrange(2**32))
    possible = learned(dice, np.ones(EVENTS.count, bool), 0.7)
    made = screened(doc, Patient(id="p"), Partly(possible), day=DAY)
    named = [x.group for x in doc.criteria if x.group]
    asked = not named or any(x.group is None and x.kind != "exclusion" for x in doc.criteria)
    groups = set(named) | ({OTHERS} if len(set(named)) < 2 and asked else set())
    for riddle in (True, False):
        answers: dict[str, Table] = {}
        for group in groups:
            asks = [x for x in doc.criteria if x.group in (None, group)]
            tables = [(in_worlds(x, x.kind != "exclusion", riddle), x.kind == "exclusion") for x in asks]
            answers[group] = (
                gathered(len(asks), [denied(t) if out else t for t, out in tables])
                if asks
                else (np.ones(EVENTS.count, bool),) * 2
            )
        anyone = gathered(1, list(answers.values()))
        for answer, (yes, may) in [
            *((answer, answers[group]) for group, answer in (made.groups or {OTHERS: made.answer}).items()),
            (made.answer, anyone),
        ]:
            assert answer != "eligible" or yes[possible].all()
            assert answer != "ineligible" or not may[possible].any()


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
        ("exclusion", "except", {"a": True, "b": True, "a but b but c": False}, False),
        ("exclusion", "except", {"a": True, "b": True, "a but b but c": True}, True),
        ("exclusion", "except", {"a": True, "b": True}, None),
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
        ("exclusion", {"a": True}, "undetermined"),
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
    assert screening(doc, **{"a": True, "a but b": False}).answer == "undetermined"
    assert screening(doc, **{"a": True, "a but b": True}).answer == "ineligible"
    assert screening(doc, **{"a": False, "a but b": False}).answer == "eligible"
    excused = criterion(lab, kind="exclusion", unparsed=((0, 5),))
    doc = document(criterion(a, excused, kind="exclusion", combine="except"), text="glorb")
    assert screening(doc, a=True, lab=True).answer == "undetermined"
    assert screening(doc, a=True, lab=False).answer == "ineligible"


def test_an_exception_for_some_is_not_for_others() -> None:
    some = criterion(b, kind="exclusion", group="Part A")
    doc = document(
        criterion(a, some, kind="exclusion", combine="except"),
        criterion(lab, group="Part A"),
        criterion(c, group="Part B"),
    )
    made = screening(doc, a=True, b=True, lab=True, c=True)
    assert made.groups == {"Part A": "undetermined", "Part B": "ineligible"}


def test_what_exceptions_leave_is_told_and_asked_for() -> None:
    rule = except_(a, b, fact("gout", modifiers=(modifier("severity", "mild"),)))
    doc = document(criterion(rule, kind="exclusion"))
    [verdict] = screening(doc, **{"a": True, "b": True, "a but b but gout": True}).verdicts
    assert [(told(d), d.truth) for d in verdict.decisions][-1] == (
        "a other than b or gout (mild): yes (the record says so)",
        True,
    )
    assert [d.fact.concept.text for d in verdict.decisions] == ["a", "b", "gout", "a"]
    assert asks(screening(doc, a=True).to_exclude) == ["Is there: a other than b or gout (mild)?"]


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


# ------------------------------------------------------------------ who has died


@pytest.mark.parametrize(
    ("death", "answer", "died"),
    [
        ("2024-02-29", "ineligible", "2024-02-29"),
        ("2024-03-01", "ineligible", "2024-03-01"),
        ("2024-03-02", "eligible", None),
        ("2023", "ineligible", "2023"),
        ("2024", "undetermined", "2024"),
        (None, "eligible", None),
    ],
)
def test_nobody_dead_takes_part(death: str | None, answer: str, died: str | None) -> None:
    doc = document(criterion(a), criterion(b, group="Part A"), criterion(c, group="Part B"))
    made = screened(doc, Patient(id="p", death=death), Chart({"a": True, "b": True, "c": True}), day=DAY)
    assert (made.answer, made.died, set(made.groups.values())) == (answer, died, {answer})
    assert [v.passed for v in made.verdicts] == [True] * 3, "what the criteria say is told all the same"
    assert reason(made, doc.text) == (f"died {died}" if answer == "ineligible" else reason(made, doc.text))
    assert asks(made.to_include) == (["Was the patient alive on 2024-03-01?"] if answer == "undetermined" else [])


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
        def decide(self, asked: Fact, without: tuple[Fact, ...] = ()) -> Decision:
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
        if not all(answered):
            continue  # a person has to read what is meant
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
