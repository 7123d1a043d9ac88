"""The two sides of a comparison, and which criterion and which fact of the one is which of the other.

In: two documents over one text. Out: their criteria and facts in reading order, and partners, one to one.

>>> from protoparse.model import Concept, Criterion, Document, Fact
>>> def said(start: int, end: int) -> Document:
...     text = "* Severe asthma"
...     fact = Fact(domain="condition", concept=Concept(text=text[start:end], span=(start, end)))
...     return Document(text=text, criteria=(Criterion(kind="exclusion", span=(0, 15), rule=fact),))
>>> pair_facts(Side(said(9, 15)), Side(said(2, 15)))
{0: 0}
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from protoparse.evaluate.gold.building import MARK
from protoparse.evaluate.keys import Key, comparison_key, window_key
from protoparse.evaluate.phenomena import phenomena
from protoparse.evaluate.spans.places import Places
from protoparse.model import AtLeast, Criterion, Document, Except, Fact, If, Not, Rule, Span, members


@dataclass(frozen=True)
class Item:
    """A criterion by the place of its first word behind bullet and number, its parent's, and its facts' numbers.

    `own` is its text without its children, `opening` its first words, `under` its parent's; `joins`: it has no words of
    its own, only children; `phenomena` the ways of writing that it shows, where they were told.
    """

    criterion: Criterion
    id: str
    start: int
    parent: int | None
    facts: range
    own: Span
    opening: str
    under: str | None
    joins: bool
    phenomena: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """A fact, the connectives above it that change what it says, its item, and the fact that it is an example of.

    `span` is its concept's place, looked up where the concept has none of its own; `branches` are all connectives above
    it that join several, from the outside, each with the branch that it is on.
    """

    fact: Fact
    span: Span | None
    path: tuple[str, ...]
    branches: tuple[tuple[str, int], ...]
    item: int
    example_of: int | None

    @cached_property
    def value(self) -> Key:
        """What its value says."""
        return comparison_key(self.fact.value)

    @cached_property
    def window(self) -> Key:
        """What its window says."""
        return window_key(self.fact.time)


class Side:
    """A document's criteria and facts, in reading order."""

    def __init__(self, document: Document) -> None:
        self.text = document.text
        self.items: list[Item] = []
        self.facts: list[Placed] = []
        self._searched: Span = (0, 0)
        counts: dict[str, int] = {}
        for criterion in document.criteria:
            counts[criterion.kind] = counts.get(criterion.kind, 0) + 1
            self._take(criterion, f"{criterion.kind}.{counts[criterion.kind]}", None)

    def _take(self, criterion: Criterion, path: str, parent: Item | None) -> None:
        start, end = self._first_word(criterion), criterion.span[1]
        first = len(self.facts)
        self._searched = criterion.span
        if criterion.rule is not None:
            self._place(criterion.rule, (), (), None)
        until = min((child.span[0] for child in criterion.children), default=end)
        item = Item(
            criterion=criterion,
            id=criterion.id or path,
            start=start,
            parent=None if parent is None else parent.start,
            facts=range(first, len(self.facts)),
            own=(criterion.span[0], until),
            opening=" ".join(self.text[start : min(start + 60, until)].split()[:5]),
            under=None if parent is None else parent.opening,
            joins=bool(criterion.children) and self._first_word(criterion.children[0]) == start,
        )
        self.items.append(item)
        for i, child in enumerate(criterion.children, 1):
            self._take(child, f"{path}.{i}", item)

    def _first_word(self, criterion: Criterion) -> int:
        """The place behind the bullet, the number and the printed label."""
        start, end = criterion.span
        if criterion.label and self.text.startswith(criterion.label, start, end):
            start += len(criterion.label)
        mark = MARK.match(self.text, start, end)
        return mark.end() if mark else start

    def _place(
        self, rule: Rule, path: tuple[str, ...], branches: tuple[tuple[str, int], ...], example_of: int | None
    ) -> None:
        """Every fact of a rule, examples behind what they exemplify."""
        if isinstance(rule, Fact):
            span = rule.concept.span or self._words.find(rule.concept.text, *self._searched)
            self.facts.append(Placed(rule, span, path, branches, len(self.items), example_of))
            example_of = len(self.facts) - 1
        name = connective(rule)
        for i, member in enumerate(members(rule)):
            step, below = _step(rule, i), branches if name is None else (*branches, (name, i))
            self._place(member, path if step is None else (*path, step), below, example_of)

    @cached_property
    def _words(self) -> Places:
        return Places(self.text)


def connective(rule: Rule) -> str | None:
    """What joins the members of a rule; None where it has but one, or examples."""
    match rule:
        case Fact() | Not():
            return None
        case AtLeast():
            return f"at least {rule.count}"
        case _:
            return str(rule.__struct_config__.tag)


def _step(rule: Rule, i: int) -> str | None:
    """What the place of a member is called where it changes what the member says."""
    match rule:
        case Fact():
            return "example"
        case Not():
            return "not"
        case If():
            return "then" if i else "condition"
        case Except() if i:
            return "exception"
    return None


# ------------------------------------------------------------------ criteria


def pair_items(gold: Side, predicted: Side) -> dict[int, int]:
    """Which criterion of gold is which predicted one: those that begin at the same word.

    What only joins its children ("stroke OR" above "sepsis") begins where the first of them does, and is like no other.
    """
    at: dict[Key, list[int]] = {}
    for j, item in enumerate(predicted.items):
        at.setdefault((item.start, item.joins), []).append(j)
    partners: dict[int, int] = {}
    for exactly in (True, False):
        for i, item in enumerate(gold.items):
            among = at.get((item.start, item.joins), [])
            for j in among if i not in partners else ():
                if not exactly or predicted.items[j].parent == item.parent:
                    partners[i] = j
                    among.remove(j)
                    break
    return partners


# ------------------------------------------------------------------ facts


def pair_facts(gold: Side, predicted: Side) -> dict[int, int]:
    """Which fact of gold is which predicted one: by overlap of the concepts, one to one, the best first.

    Among several cut from one place ("ALT/AST", "QTcF > 450 in men, > 470 in women") what they say decides, then order.
    """
    ours, theirs = _ranks(gold.facts), _ranks(predicted.facts)
    pairs = []
    for i, j, shared in _overlaps(gold.facts, predicted.facts):
        g, p = gold.facts[i], predicted.facts[j]
        score = shared + 0.5 * (g.value == p.value) + 0.3 * (g.window == p.window) + 0.25 * (g.path == p.path)
        pairs.append((score, -abs(ours[i] - theirs[j]), i, j))
    partners: dict[int, int] = {}
    used: set[int] = set()

    def pair(i: int, j: int) -> None:
        if i not in partners and j not in used:
            partners[i] = j
            used.add(j)

    for *_, i, j in sorted(pairs, reverse=True):
        pair(i, j)
    # "class III by the NYHA classification": cut from other words, yet the same by its value in the same criterion
    same: dict[Key, list[int]] = {}
    for j, p in enumerate(predicted.facts):
        if p.value is not None and j not in used:
            same.setdefault((predicted.items[p.item].start, p.value), []).append(j)
    for i, g in enumerate(gold.facts):
        if g.value is not None and i not in partners:
            for j in same.get((gold.items[g.item].start, g.value), ()):
                pair(i, j)
    return partners


def _overlaps(gold: Sequence[Placed], predicted: Sequence[Placed]) -> Iterator[tuple[int, int, float]]:
    """The pairs of facts whose concepts share characters, with the share of the longer concept that lies in both."""
    there = sorted((*p.span, j) for j, p in enumerate(predicted) if p.span)
    longest = max((end - start for start, end, _ in there), default=0)
    for i, g in enumerate(gold):
        if g.span is None:
            continue
        start, end = g.span
        for at in range(bisect_left(there, (start - longest,)), len(there)):
            other, until, j = there[at]
            if other >= end:
                break
            if (both := min(end, until) - max(start, other)) > 0:
                yield i, j, both / max(end - start, until - other)


def _ranks(facts: Sequence[Placed]) -> list[int]:
    """How many facts before each were cut from the same place."""
    seen: dict[Key, int] = {}
    ranks = []
    for placed in facts:
        place = placed.span and placed.span[0]
        ranks.append(seen.get(place, 0))
        seen[place] = ranks[-1] + 1
    return ranks


# ------------------------------------------------------------------ both


@dataclass(frozen=True)
class Sides:
    """Gold and prediction with their partners, by number: of gold's criteria and facts, and of the predicted ones."""

    gold: Side
    predicted: Side
    items: Mapping[int, int]
    facts: Mapping[int, int]
    gold_items: Mapping[int, int]
    gold_facts: Mapping[int, int]

    @classmethod
    def of(cls, gold: Document, predicted: Document) -> Sides:
        """The sides of two documents, their partners found, and the ways of writing that gold shows."""
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
