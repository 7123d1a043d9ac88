"""Truth tables: which rules mean the same, whatever their trees look like."""

from itertools import count

import pytest

from factories import all_, any_, at_least, except_, fact, if_, not_
from protoparse.evaluate.meaning import EXACT, same_meaning, statements
from protoparse.model import Fact, Rule


def alike(one: Rule, other: Rule) -> bool:
    """Whether two rules mean the same, each concept being one statement wherever it stands."""
    return same_meaning(one, other, {id(f): f.concept.text for r in (one, other) for f in statements(r)})


def rule(shape: object) -> Rule:
    """A rule from nested tuples, ("all", "a", ("not", "b")): each letter is a fact."""
    match shape:
        case str():
            return fact(shape)
        case "all", *of:
            return all_(*map(rule, of))
        case "any", *of:
            return any_(*map(rule, of))
        case "not", of:
            return not_(rule(of))
        case "if", condition, then:
            return if_(rule(condition), rule(then))
        case "except", base, *exceptions:
            return except_(rule(base), *map(rule, exceptions))
        case int(k), *of:
            return at_least(k, *map(rule, of))
    raise AssertionError(shape)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a"),
        (("all", "a", "b"), ("all", "b", "a")),
        (("all", "a", ("any", "b", "c")), ("any", ("all", "a", "b"), ("all", "a", "c"))),
        (("not", ("any", "a", "b")), ("all", ("not", "a"), ("not", "b"))),
        (("not", ("not", "a")), "a"),
        (("if", "a", "b"), ("any", ("not", "a"), "b")),
        (("if", "a", ("if", "b", "c")), ("if", ("all", "a", "b"), "c")),
        (("except", "a", "b", "c"), ("all", "a", ("not", "b"), ("not", "c"))),
        (("except", "a", ("any", "b", "c")), ("except", "a", "b", "c")),
        ((1, "a", "b", "c"), ("any", "a", "b", "c")),
        ((3, "a", "b", "c"), ("all", "a", "b", "c")),
        ((2, "a", "b", "c"), ("any", ("all", "a", "b"), ("all", "a", "c"), ("all", "b", "c"))),
    ],
)
def test_same(one: object, other: object) -> None:
    assert alike(rule(one), rule(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("a", ("not", "a")),
        (("all", "a", "b"), ("any", "a", "b")),
        (("any", "a", ("all", "b", "c")), ("all", ("any", "a", "b"), "c")),
        (("if", "a", "b"), ("all", "a", "b")),
        (("if", "a", "b"), ("if", "b", "a")),
        (("except", "a", "b"), ("not", "a")),
        (("except", "a", ("except", "b", "c")), ("except", "a", "b", "c")),
        ((2, "a", "b", "c"), ("all", "a", "b", "c")),
        ((2, "a", "b", "c"), ("any", "a", "b", "c")),
        (("not", ("all", "a", "b")), ("all", ("not", "a"), ("not", "b"))),
    ],
)
def test_different(one: object, other: object) -> None:
    assert not alike(rule(one), rule(other))


MANY = [f"fact {i}" for i in range(3 * EXACT)]


@pytest.mark.parametrize("op", ["all", "any"])
def test_a_long_list_is_told_from_one_that_lacks_a_member(op: str) -> None:
    whole = rule((op, *MANY))
    assert alike(whole, rule((op, *reversed(MANY))))
    for missing in range(len(MANY)):
        assert not alike(whole, rule((op, *MANY[:missing], *MANY[missing + 1 :])))


def test_a_long_list_is_told_from_one_with_a_connective_changed_inside() -> None:
    half = len(MANY) // 2
    pairs = [("all", *pair) for pair in zip(MANY[:half], MANY[half:], strict=True)]
    assert alike(rule(("any", *pairs)), rule(("any", *reversed(pairs))))
    for i, (_, *pair) in enumerate(pairs):
        denied = ("all", pair[0], ("not", pair[1]))
        assert not alike(rule(("any", *pairs)), rule(("any", *pairs[:i], denied, *pairs[i + 1 :])))
    assert not alike(rule(("all", ("any", *MANY[:3]), *MANY[3:])), rule(("all", (2, *MANY[:3]), *MANY[3:])))


def test_facts_are_told_apart_by_name_alone() -> None:
    numbers = count()
    one, other = rule(("all", "a", "a")), rule(("all", "a", "a"))
    assert not same_meaning(one, other, {id(f): next(numbers) for r in (one, other) for f in statements(r)})


def test_examples_say_nothing_more() -> None:
    bare = fact("arrhythmia")
    with_examples = Fact(domain="condition", concept=bare.concept, includes=(fact("flutter"), fact("fibrillation")))
    assert alike(bare, with_examples)
    assert not alike(bare, rule(("any", "arrhythmia", "flutter", "fibrillation")))
