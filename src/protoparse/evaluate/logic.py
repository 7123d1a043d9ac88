"""The logic of rules: the same tree over the same facts, the same meaning, and how neighbouring facts are joined.

In: both sides with their partners. Out: judgements on rules, and on each pair of neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from protoparse.evaluate import keys, words
from protoparse.evaluate.fields import Field, about_item
from protoparse.evaluate.judgements import Judgement, Outcome
from protoparse.evaluate.keys import Key
from protoparse.evaluate.meaning import same_meaning
from protoparse.evaluate.pairing import Placed, Side, Sides
from protoparse.model import Except, Fact, If, Not, Rule, members

_LOGIC: Field[Rule] = Field("rule logic", lambda r: True, words.logic)
_MEANING: Field[Rule] = Field("meaning", lambda r: True, words.logic)
_EXACT: Field[Rule] = Field("rule exact", lambda r: True, words.rule)


def rules(sides: Sides) -> Iterator[Judgement]:
    """Logic: the same tree over the same facts. Exact: besides, each fact has its value, count, dose and window.

    Meaning: true of the same people, whatever the tree. A rule of gold counts on both sides, be it predicted or not.
    """
    called = _called(sides)
    sound = {
        i
        for i, j in sides.facts.items()
        if keys.fields_key(sides.gold.facts[i].fact) == keys.fields_key(sides.predicted.facts[j].fact)
    }
    for i, item in enumerate(sides.gold.items):
        partner = sides.predicted.items[sides.items[i]] if i in sides.items else None
        ours, theirs = item.criterion.rule, None if partner is None else partner.criterion.rule
        about = about_item(item, item.own, None if partner is None else partner.criterion)
        logic = exact = meaning = False
        if ours is not None and partner is not None and theirs is not None:
            names = (sides.gold_facts.get(j, ("extra", j)) for j in partner.facts)
            logic = skeleton(ours, iter(item.facts)) == skeleton(theirs, names)
            exact = logic and sound.issuperset(item.facts)
            meaning = logic or same_meaning(ours, theirs, called)
        for measure, right in ((_LOGIC, logic), (_MEANING, meaning), (_EXACT, exact)):
            if ours is not None:
                yield measure.judged("right" if right else "wrong", ours, theirs, about)
            elif theirs is not None:
                yield measure.judged("extra", ours, theirs, about)


def _called(sides: Sides) -> dict[int, Key]:
    """What each fact is called where truth is tabled, by `id`: partners alike, and whatever says the same of one place.

    "A during W, or B for those with A" names A twice in one document and may name it once in the other.
    """
    names: dict[int, Key] = {}
    of_gold: list[Key] = list(range(len(sides.gold.facts)))
    of_predicted: list[Key] = [sides.gold_facts.get(j, ("extra", j)) for j in range(len(sides.predicted.facts))]
    for side, given in ((sides.gold, of_gold), (sides.predicted, of_predicted)):
        said: dict[Key, Key] = {}
        # what has a partner goes first: its repetition is called like it
        for i in sorted(range(len(given)), key=lambda i: isinstance(given[i], tuple)):
            placed = side.facts[i]
            content = placed.span, side.items[placed.item].start, keys.fields_key(placed.fact)
            names[id(placed.fact)] = said.setdefault(content, given[i])
    return names


def skeleton(rule: Rule, names: Iterator[Key]) -> Key:
    """The tree with a name for each fact, in the order of `Side.facts`; order among members says nothing, nor examples.

    Names of examples are passed over.
    """
    name = next(names) if isinstance(rule, Fact) else None
    below = [skeleton(member, names) for member in members(rule)]
    match rule:
        case Fact():
            return name
        case If() | Not():
            return type(rule).__name__, *below
        case Except():
            return "except", below[0], *sorted(below[1:], key=repr)
    return type(rule).__name__, getattr(rule, "count", None), *sorted(below, key=repr)


# ------------------------------------------------------------------ neighbours

_Pair: TypeAlias = tuple[Placed, Placed]
_CONNECTIVE: Field[_Pair] = Field("connective", lambda pair: joined(*pair), lambda pair: _told(*pair))


def connectives(sides: Sides) -> Iterator[Judgement]:
    """How each two neighbouring facts of a rule are joined, examples aside.

    Neighbours of gold that are none in the prediction, or the other way round, count on their own side: they are right
    where their partners stand in one rule and are joined in the same way.
    """
    there, here = sides.predicted.facts, sides.gold.facts
    ours = {(i, j): (here[i], here[j]) for i, j in _neighbours(sides.gold)}
    theirs = {
        (sides.gold_facts.get(i, -1 - i), sides.gold_facts.get(j, -1 - j)): (there[i], there[j])
        for i, j in _neighbours(sides.predicted)
    }
    for (i, j), pair in ours.items():
        both = (i, j) in theirs or (j, i) in theirs
        partner = (there[sides.facts[i]], there[sides.facts[j]]) if i in sides.facts and j in sides.facts else None
        right = partner is not None and joined(*partner) == joined(*pair)
        outcome: Outcome = ("right" if right else "wrong") if both else ("found" if right else "missed")
        yield _CONNECTIVE.judged(outcome, pair, partner, about_item(sides.home(pair[1], None), pair[1].span, None))
    for (i, j), pair in theirs.items():
        if (i, j) not in ours and (j, i) not in ours:
            partner = (here[i], here[j]) if i >= 0 and j >= 0 else None
            right = partner is not None and joined(*partner) == joined(*pair)
            about = about_item(sides.home(None, pair[1]), pair[1].span, None)
            yield _CONNECTIVE.judged("confirmed" if right else "extra", partner, pair, about)


def _neighbours(side: Side) -> Iterator[tuple[int, int]]:
    """The numbers of facts of one rule that follow one another."""
    stated = [i for i, placed in enumerate(side.facts) if placed.example_of is None]
    return ((i, j) for i, j in pairwise(stated) if side.facts[i].item == side.facts[j].item)


def joined(one: Placed, other: Placed) -> str | None:
    """What joins two facts of a rule; None where they are in two rules, or one is an example."""
    if one.item == other.item and one.example_of is other.example_of is None:
        for (name, i), (_, j) in zip(one.branches, other.branches, strict=False):
            if i != j:
                # exceptions to one thing are alternatives
                return "any" if name == "except" and i and j else name
    return None


def _told(one: Placed, other: Placed) -> str | None:
    name = joined(one, other)
    return name and f"{name} of [{one.fact.concept.text}], [{other.fact.concept.text}]"
