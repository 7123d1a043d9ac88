"""A prediction compared with gold: the outline, facts, values, windows and logic, a judgement on each thing compared.

In: two documents over the same text. Out: a `Case`; its figures are the rates of `MEASURES`, each defined in
docs/evaluation.md.

>>> from protoparse.model import Document
>>> compare(Document(text=""), Document(text="")).judgements
()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from protoparse.evaluate import keys, words
from protoparse.evaluate.judgements import Case, Judgement, Outcome
from protoparse.evaluate.keys import Key
from protoparse.evaluate.meaning import same_meaning
from protoparse.evaluate.pairing import Item, Placed, Side, pair_facts, pair_items, skeleton
from protoparse.evaluate.phenomena import phenomena
from protoparse.lexicon import fold
from protoparse.model import Code, Comparison, Concept, Criterion, Document, Fact, Modifier, Rule, Span
from protoparse.render import phrase

GROUPS: Mapping[str, tuple[str, ...]] = {
    "outline": ("outline", "criterion", "section", "parent", "combine", "group", "label"),
    "facts": (
        "fact", "concept", "domain", "name", "code", "modifier", "modifier value", "experiencer", "examples",
    ),
    "values": ("value", "comparator", "number", "unit", "reference", "count/dose", "count", "dose"),
    "windows": ("window", "anchor", "offset", "duration"),
    "logic": ("polarity", "rule logic", "meaning"),
    "whole criteria": ("rule exact",),
}  # fmt: skip
"""The measures under the headings to show them by."""

MEASURES: tuple[str, ...] = tuple(measure for group in GROUPS.values() for measure in group)
"""The measures in the order to show."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "outline": ("criterion", "section", "parent"),
    "concept": ("fact",),
    "modifier value": ("modifier",),
    "value": ("comparator", "number", "unit", "reference"),
    "count/dose": ("count", "dose"),
    "window": ("anchor", "offset", "duration"),
    "rule logic": ("fact", "polarity", "meaning"),
    "rule exact": ("rule logic", "value", "count/dose", "window"),
}
"""What each composite measure is made of: it is right only where these are right too (of examples, `rule logic` knows
nothing)."""


def compare(gold: Document, predicted: Document, *, name: str = "") -> Case:
    """Every judgement on a prediction; `name` is what the case is called.

    Raises ValueError where the two are not over the same text, `NestingError` where a rule to be told is too deep.
    """
    if gold.text != predicted.text:
        raise ValueError("gold and prediction are over different texts: their places cannot be compared")
    sides = _Sides.of(gold, predicted)
    judgements = (*_outline(sides), *_facts(sides), *_rules(sides))
    place = {measure: i for i, measure in enumerate(MEASURES)}
    return Case(name=name, text=gold.text, judgements=tuple(sorted(judgements, key=lambda j: place[j.measure])))


@dataclass(frozen=True)
class _Sides:
    """Gold and prediction with their partners, by number: of gold's criteria and facts, and of the predicted ones."""

    gold: Side
    predicted: Side
    items: Mapping[int, int]
    facts: Mapping[int, int]
    gold_items: Mapping[int, int]
    gold_facts: Mapping[int, int]

    @classmethod
    def of(cls, gold: Document, predicted: Document) -> _Sides:
        ours, theirs = Side(gold), Side(predicted)
        ours.items = [replace(i, phenomena=ways) for i, (_, ways) in zip(ours.items, phenomena(gold), strict=True)]
        items, facts = pair_items(ours, theirs), pair_facts(ours, theirs)
        back = ({j: i for i, j in pairs.items()} for pairs in (items, facts))
        return cls(ours, theirs, items, facts, *back)

    def both_items(self) -> Iterator[tuple[Item | None, Item | None]]:
        """Each criterion with its partner: all of gold, then those predicted alone."""
        for i, item in enumerate(self.gold.items):
            yield item, self.predicted.items[self.items[i]] if i in self.items else None
        for j, item in enumerate(self.predicted.items):
            if j not in self.gold_items:
                yield None, item

    def both_facts(self) -> Iterator[tuple[Placed | None, Placed | None]]:
        """Each fact with its partner: all of gold, then those predicted alone."""
        for i, placed in enumerate(self.gold.facts):
            yield placed, self.predicted.facts[self.facts[i]] if i in self.facts else None
        for j, placed in enumerate(self.predicted.facts):
            if j not in self.gold_facts:
                yield None, placed

    def home(self, ours: Placed | None, theirs: Placed | None) -> Item:
        """The criterion that a fact is in: gold's, the one of gold that begins where the predicted does, or that."""
        if ours is not None:
            return self.gold.items[ours.item]
        assert theirs is not None
        i = self.gold_items.get(theirs.item)
        return self.predicted.items[theirs.item] if i is None else self.gold.items[i]


_T = TypeVar("_T")


@dataclass(frozen=True)
class _Field(Generic[_T]):
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
        if outcome == "right":
            return Judgement(measure=self.measure, outcome=outcome, **about)
        return Judgement(
            measure=self.measure,
            outcome=outcome,
            expected=None if ours is None else self.say(ours),
            got=None if theirs is None else self.say(theirs),
            **about,
        )


def _about(item: Item, span: Span | None, predicted: Criterion | Fact | None) -> dict[str, Any]:
    """What a judgement says beside its measure and outcome; `item` is gold's criterion where gold has one."""
    return {
        "span": span,
        "criterion": item.id,
        "kind": item.criterion.kind,
        "phenomena": item.phenomena,
        "confidence": getattr(predicted, "confidence", None),
    }


# ------------------------------------------------------------------ outline

_PLACES: tuple[_Field[Item], ...] = (
    _Field("outline", lambda i: (i.criterion.kind, i.parent), lambda i: f"{i.criterion.kind} {_under(i)}"),
    _Field("criterion", lambda i: True, lambda i: i.opening),
    _Field("section", lambda i: i.criterion.kind, lambda i: i.criterion.kind),
    _Field("parent", lambda i: i.parent, lambda i: _under(i)),
)
_COMBINE: _Field[Item] = _Field("combine", lambda i: i.criterion.combine, lambda i: words.combine(i.criterion))
_GROUP: _Field[Item] = _Field("group", lambda i: keys.phrase_key(i.criterion.group), lambda i: i.criterion.group)
_LABEL: _Field[Item] = _Field("label", lambda i: i.criterion.label, lambda i: i.criterion.label)


def _under(item: Item) -> str:
    return "at the top" if item.parent is None else f"under «{item.under}»"


def _outline(sides: _Sides) -> Iterator[Judgement]:
    labelled = any(item.criterion.label is not None for item in sides.gold.items)
    for ours, theirs in sides.both_items():
        item = ours or theirs
        assert item is not None
        about = _about(item, item.own, None if theirs is None else theirs.criterion)
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
) -> _Field[Placed]:
    """A measure of one part of a fact's value."""
    return _Field(
        measure,
        lambda f: None if f.fact.value is None else key(f.fact.value),
        lambda f: say(f.fact.value),
    )


def _times(fact: Fact) -> Key:
    said = keys.count_key(fact.count), keys.comparison_key(fact.dose)
    return None if said == (None, None) else said


def _experiencer(placed: Placed) -> str | None:
    return None if placed.fact.experiencer == "patient" else placed.fact.experiencer


_FIELDS: tuple[_Field[Placed], ...] = (
    _Field("fact", lambda f: True, lambda f: f.fact.concept.text),
    _Field("concept", lambda f: f.fact.concept.span, lambda f: f.fact.concept.text),
    _Field("domain", lambda f: f.fact.domain, lambda f: f.fact.domain),
    _Field("modifier", lambda f: keys.types_key(f.fact), lambda f: words.modifiers(f.fact)),
    _Field("experiencer", _experiencer, _experiencer),
    _Field("value", lambda f: f.value, lambda f: words.compared(f.fact.value)),
    _comparison("comparator", keys.comparator_key, words.comparator),
    _comparison("number", keys.amount_key, words.number),
    _comparison("unit", lambda c: keys.unit_key(c.unit), words.unit),
    _comparison("reference", lambda c: c.reference, lambda c: None if c is None else c.reference),
    _Field("count/dose", lambda f: _times(f.fact), lambda f: words.count_and_dose(f.fact)),
    _Field("count", lambda f: keys.count_key(f.fact.count), lambda f: words.compared(f.fact.count)),
    _Field("dose", lambda f: keys.comparison_key(f.fact.dose), lambda f: words.compared(f.fact.dose)),
    _Field("window", lambda f: f.window, lambda f: words.window(f.fact.time)),
    _Field("anchor", lambda f: keys.anchor_key(f.fact.time), lambda f: words.anchors(f.fact.time)),
    _Field("offset", lambda f: keys.shift_key(f.fact.time), lambda f: words.offsets(f.fact.time)),
    _Field("duration", lambda f: keys.duration_key(f.fact.time), lambda f: words.duration(f.fact.time)),
    _Field("polarity", lambda f: f.path or None, lambda f: words.path(f.path)),
)


def _facts(sides: _Sides) -> Iterator[Judgement]:
    for ours, theirs in sides.both_facts():
        placed = ours or theirs
        assert placed is not None
        fact = placed.fact
        about = _about(sides.home(ours, theirs), fact.concept.span, None if theirs is None else theirs.fact) | {
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


_EXAMPLES: _Field[_Example] = _Field("examples", lambda e: e.of, lambda e: f"an example of {e.words}")
_MODIFIER_VALUE: _Field[Modifier] = _Field("modifier value", keys.modifier_key, phrase)
_NAME: _Field[Concept] = _Field("name", lambda c: c.name and fold(c.name), lambda c: c.name)
_CODE: _Field[Code] = _Field("code", lambda c: (c.system, c.code), lambda c: f"{c.system} {c.code}")


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


# ------------------------------------------------------------------ rules

_LOGIC: _Field[Rule] = _Field("rule logic", lambda r: True, words.logic)
_MEANING: _Field[Rule] = _Field("meaning", lambda r: True, words.logic)
_EXACT: _Field[Rule] = _Field("rule exact", lambda r: True, words.rule)


def _rules(sides: _Sides) -> Iterator[Judgement]:
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
        about = _about(item, item.own, None if partner is None else partner.criterion)
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


def _called(sides: _Sides) -> dict[int, Key]:
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
            content = placed.fact.concept.span, side.items[placed.item].start, keys.fields_key(placed.fact)
            names[id(placed.fact)] = said.setdefault(content, given[i])
    return names
