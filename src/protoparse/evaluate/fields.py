"""What is compared one thing at a time: the places of criteria, and what facts carry.

In: both sides with their partners. Out: a judgement on each thing that one of them says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from protoparse.evaluate import keys, words
from protoparse.evaluate.judgements import Judgement, Outcome
from protoparse.evaluate.keys import Key
from protoparse.evaluate.pairing import Item, Placed, Side, Sides
from protoparse.lexicon import fold
from protoparse.model import Code, Comparison, Concept, Criterion, Fact, Modifier, Span
from protoparse.render import phrase

_T = TypeVar("_T")


@dataclass(frozen=True)
class Field(Generic[_T]):
    """A measure that looks at one side at a time: two sides agree where they have the same key; None is silence."""

    measure: str
    key: Callable[[_T], Key]
    say: Callable[[_T], str | None]

    def judge(self, ours: _T | None, theirs: _T | None, about: Mapping[str, Any]) -> Iterator[Judgement]:
        """The judgement on a pair, or on what has no partner; none where both are silent."""
        expected = None if ours is None else self.key(ours)
        got = None if theirs is None else self.key(theirs)
        if expected is not None or got is not None:
            outcome: Outcome = (
                "missed" if got is None else "extra" if expected is None else "right" if expected == got else "wrong"
            )
            yield self.judged(outcome, ours, theirs, about)

    def judged(self, outcome: Outcome, ours: _T | None, theirs: _T | None, about: Mapping[str, Any]) -> Judgement:
        """A judgement, told in words where it is not right."""
        if outcome in ("right", "found", "confirmed"):
            return Judgement(measure=self.measure, outcome=outcome, **about)
        return Judgement(
            measure=self.measure,
            outcome=outcome,
            expected=None if ours is None else self.say(ours),
            got=None if theirs is None else self.say(theirs),
            **about,
        )


def about_item(item: Item, span: Span | None, predicted: Criterion | Fact | None) -> dict[str, Any]:
    """What a judgement says beside its measure and outcome; `item` is gold's criterion where gold has one."""
    sure = getattr(predicted, "confidence", None)
    return {
        "span": span,
        "criterion": item.id,
        "kind": item.criterion.kind,
        "phenomena": item.phenomena,
        "confidence": sure if isinstance(sure, (int, float)) else None,
    }


# ------------------------------------------------------------------ outline

_PLACES: tuple[Field[Item], ...] = (
    Field("outline", lambda i: (i.criterion.kind, i.parent), lambda i: f"{i.criterion.kind} {_under(i)}"),
    Field("criterion", lambda i: True, lambda i: i.opening),
    Field("section", lambda i: i.criterion.kind, lambda i: i.criterion.kind),
    Field("parent", lambda i: i.parent, lambda i: _under(i)),
)
_COMBINE: Field[Item] = Field("combine", lambda i: i.criterion.combine, lambda i: words.combine(i.criterion))
_GROUP: Field[Item] = Field("group", lambda i: keys.phrase_key(i.criterion.group), lambda i: i.criterion.group)
_LABEL: Field[Item] = Field("label", lambda i: i.criterion.label, lambda i: i.criterion.label)


def _under(item: Item) -> str:
    return "at the top" if item.parent is None else f"under «{item.under}»"


def outline(sides: Sides) -> Iterator[Judgement]:
    """Judgements on the places, groups, labels and combining of criteria."""
    labelled = any(item.criterion.label is not None for item in sides.gold.items)
    for ours, theirs in sides.both_items():
        item = ours or theirs
        assert item is not None
        about = about_item(item, item.own, None)  # how sure its rule is says nothing of its place
        for place in _PLACES:
            yield from place.judge(ours, theirs, about)
        if labelled:
            yield from _LABEL.judge(ours, theirs, about)
        if ours is None:
            continue
        yield from _GROUP.judge(ours, theirs, about)
        if ours.criterion.children:
            right = theirs is not None and theirs.criterion.combine == ours.criterion.combine
            yield _COMBINE.judged("right" if right else "wrong", ours, theirs, about)


# ------------------------------------------------------------------ facts


def _comparison(
    measure: str, key: Callable[[Comparison], Key], say: Callable[[Comparison | None], str | None]
) -> Field[Placed]:
    """A measure of one part of a fact's value."""
    return Field(
        measure,
        lambda f: None if f.fact.value is None else key(f.fact.value),
        lambda f: say(f.fact.value),
    )


def _times(fact: Fact) -> Key:
    said = keys.count_key(fact.count), keys.comparison_key(fact.dose)
    return None if said == (None, None) else said


def _experiencer(placed: Placed) -> str | None:
    return None if placed.fact.experiencer == "patient" else placed.fact.experiencer


_FIELDS: tuple[Field[Placed], ...] = (
    Field("fact", lambda f: True, lambda f: f.fact.concept.text),
    Field("concept", lambda f: f.span, lambda f: f.fact.concept.text),
    Field("domain", lambda f: f.fact.domain, lambda f: f.fact.domain),
    Field("modifier", lambda f: keys.types_key(f.fact), lambda f: words.modifiers(f.fact)),
    Field("experiencer", _experiencer, _experiencer),
    Field("value", lambda f: f.value, lambda f: words.compared(f.fact.value)),
    _comparison("comparator", keys.comparator_key, words.comparator),
    _comparison("number", keys.amount_key, words.number),
    _comparison("unit", lambda c: keys.unit_key(c.unit), words.unit),
    _comparison("reference", lambda c: c.reference, lambda c: None if c is None else c.reference),
    Field("count/dose", lambda f: _times(f.fact), lambda f: words.count_and_dose(f.fact)),
    Field("count", lambda f: keys.count_key(f.fact.count), lambda f: words.compared(f.fact.count)),
    Field("dose", lambda f: keys.comparison_key(f.fact.dose), lambda f: words.compared(f.fact.dose)),
    Field("window", lambda f: f.window, lambda f: words.window(f.fact.time)),
    Field("anchor", lambda f: keys.anchor_key(f.fact.time), lambda f: words.anchors(f.fact.time)),
    Field("offset", lambda f: keys.shift_key(f.fact.time), lambda f: words.offsets(f.fact.time)),
    Field("duration", lambda f: keys.duration_key(f.fact.time), lambda f: words.duration(f.fact.time)),
    Field("polarity", lambda f: f.path or None, lambda f: words.path(f.path)),
)


def facts(sides: Sides) -> Iterator[Judgement]:
    """Judgements on facts and on all that they carry."""
    for ours, theirs in sides.both_facts():
        placed = ours or theirs
        assert placed is not None
        fact = placed.fact
        about = about_item(sides.home(ours, theirs), placed.span, None if theirs is None else theirs.fact) | {
            "domain": fact.domain
        }
        for part in _FIELDS:
            yield from part.judge(ours, theirs, about)
        yield from _EXAMPLES.judge(
            _example(sides.gold, ours, lambda i: i),
            _example(sides.predicted, theirs, lambda j: sides.gold_facts.get(j, ("extra", j))),
            about,
        )
        for one, other in _pair_modifiers(ours, theirs):
            yield from _MODIFIER_VALUE.judge(one, other, about)
        if ours is not None:
            concept, other_concept = ours.fact.concept, None if theirs is None else theirs.fact.concept
            if keys.name_key(concept) is not None:
                yield from _NAME.judge(concept, other_concept, about)
            for code, other_code in _pair_codes(concept, other_concept):
                yield from _CODE.judge(code, other_code, about)


@dataclass(frozen=True)
class _Example:
    """That a fact is an example: the number in gold of the fact that it exemplifies, and that fact's words."""

    of: Key
    words: str


def _example(side: Side, placed: Placed | None, number: Callable[[int], Key]) -> _Example | None:
    if placed is None or placed.example_of is None:
        return None
    return _Example(number(placed.example_of), side.facts[placed.example_of].fact.concept.text)


_EXAMPLES: Field[_Example] = Field("examples", lambda e: e.of, lambda e: f"an example of {e.words}")
_MODIFIER_VALUE: Field[Modifier] = Field("modifier value", keys.modifier_key, phrase)
_NAME: Field[Concept] = Field("name", lambda c: c.name and fold(c.name), lambda c: c.name)
_CODE: Field[Code] = Field("code", lambda c: (c.system, c.code), lambda c: f"{c.system} {c.code}")


def _pair_modifiers(ours: Placed | None, theirs: Placed | None) -> Iterator[tuple[Modifier | None, Modifier | None]]:
    """Each modifier with the one of the other side that says the same, else with one of the same type, else alone."""
    of_gold = [] if ours is None else list(ours.fact.modifiers)
    of_predicted = [] if theirs is None else list(theirs.fact.modifiers)
    return _paired(of_gold, of_predicted, keys.modifier_key, lambda m: m.type)


def _pair_codes(gold: Concept, predicted: Concept | None) -> Iterator[tuple[Code | None, Code | None]]:
    """Each code of gold with a predicted one; of vocabularies that gold does not use here, gold says nothing."""
    systems = {code.system for code in gold.codes}
    there = [] if predicted is None else [code for code in predicted.codes if code.system in systems]
    return _paired(list(gold.codes), there, lambda c: (c.system, c.code), lambda c: c.system)


def _paired(gold: list[_T], predicted: list[_T], *keys_: Callable[[_T], Key]) -> Iterator[tuple[_T | None, _T | None]]:
    """Partners by the first key, then by the next, then what has none."""
    for key in keys_:
        for one in list(gold):
            if (other := next((x for x in predicted if key(x) == key(one)), None)) is not None:
                gold.remove(one)
                predicted.remove(other)
                yield one, other
    yield from ((one, None) for one in gold)
    yield from ((None, other) for other in predicted)
