"""How near a parse comes to gold: the outline, the facts with their fields, and whole rules.

In: two documents over one text. Out: a `Report` of figures, each with precision, recall and F1; reports add up.

>>> from protoparse.model import Document
>>> compare(Document(text=""), Document(text="")).figures["outline"].f1
1.0

Meaning is compared: printed labels, codes, names, notes and the exact edges of a concept do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from msgspec import UNSET, UnsetType

from protoparse.evaluate.gold import MARK
from protoparse.evaluate.meaning import same_meaning
from protoparse.lexicon import loose_unit, unit_code
from protoparse.model import (
    AtLeast,
    Bound,
    Comparison,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Number,
    Offset,
    Record,
    Rule,
    Unit,
    Window,
    members,
)

Key: TypeAlias = Hashable
FIGURES = ("outline", "combine", "fact", "domain", "value", "window", "rule logic", "rule exact", "meaning")


class Rate(Record, frozen=True, kw_only=True):
    """How many are in gold, how many were predicted, and how many of these agree."""

    hits: int = 0
    gold: int = 0
    predicted: int = 0

    @property
    def precision(self) -> float:
        """The share of what was predicted that is right; 1 where nothing was."""
        return self.hits / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """The share of gold that was found; 1 where there is none."""
        return self.hits / self.gold if self.gold else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there was nothing to find and nothing was found."""
        return 2 * self.hits / (self.gold + self.predicted) if self.gold + self.predicted else 1.0

    def __add__(self, other: Rate) -> Rate:
        return Rate(
            hits=self.hits + other.hits, gold=self.gold + other.gold, predicted=self.predicted + other.predicted
        )


class Report(Record, frozen=True, kw_only=True):
    """The figures of one comparison, or of several added up, by the names in `FIGURES`."""

    figures: Mapping[str, Rate]

    def __add__(self, other: Report) -> Report:
        return Report(figures={name: rate + other.figures[name] for name, rate in self.figures.items()})


def compare(gold: Document, predicted: Document) -> Report:
    """The figures of a prediction measured on gold; raises ValueError where the two are not over the same text."""
    if gold.text != predicted.text:
        raise ValueError("gold and prediction are over different texts: their places cannot be compared")
    right, given = _Side(gold), _Side(predicted)
    partners = _partners(right.facts, given.facts)
    found = {item.start: item for item in given.items}

    def fact_figure(key: Callable[[Fact], Key]) -> Rate:
        ours, theirs = [key(f.fact) for f in right.facts], [key(f.fact) for f in given.facts]
        hits = sum(ours[i] is not None and ours[i] == theirs[j] for i, j in partners.items())
        return Rate(hits=hits, gold=_known(ours), predicted=_known(theirs))

    figures = {
        "outline": Rate(
            hits=sum(
                (got := found.get(item.start)) is not None
                and (got.criterion.kind, got.parent) == (item.criterion.kind, item.parent)
                for item in right.items
            ),
            gold=len(right.items),
            predicted=len(given.items),
        ),
        "combine": _combine_figure(right.items, found),
        "fact": Rate(hits=len(partners), gold=len(right.facts), predicted=len(given.facts)),
        "domain": fact_figure(lambda fact: fact.domain),
        "value": fact_figure(lambda fact: _comparison_key(fact.value)),
        "window": fact_figure(lambda fact: _window_key(fact.time)),
    }
    return Report(figures=figures | _rule_figures(right, given, found, partners))


def _known(keys: Sequence[Key]) -> int:
    return sum(key is not None for key in keys)


def _combine_figure(items: Sequence[_Item], found: Mapping[int, _Item]) -> Rate:
    parents = [item for item in items if item.criterion.children]
    hits = sum(
        (got := found.get(item.start)) is not None and got.criterion.combine == item.criterion.combine
        for item in parents
    )
    return Rate(hits=hits, gold=len(parents), predicted=len(parents))


def _rule_figures(
    right: _Side, given: _Side, found: Mapping[int, _Item], partners: Mapping[int, int]
) -> dict[str, Rate]:
    """Logic: the same tree over the same facts. Exact: besides, each fact has its value, count, dose and window.

    Meaning: true of the same people, by truth tables, whatever the tree.
    """
    back = {j: i for i, j in partners.items()}
    names = _names(right.facts, given.facts, back)
    sound = {i for i, j in partners.items() if _fields_key(right.facts[i].fact) == _fields_key(given.facts[j].fact)}
    logic, exact, meaning, rules, predicted = 0, 0, 0, 0, 0
    for item in right.items:
        rule, got = item.criterion.rule, found.get(item.start)
        other = got.criterion.rule if got else None
        predicted += other is not None or rule is not None
        if rule is None:
            continue
        rules += 1
        if got is None or other is None:
            continue
        meaning += same_meaning(rule, other, names)
        ours = _skeleton(rule, iter(item.facts))
        theirs = _skeleton(other, (back.get(j, ("extra", j)) for j in got.facts))
        if ours == theirs:
            logic += 1
            exact += sound.issuperset(item.facts)
    return {
        "rule logic": Rate(hits=logic, gold=rules, predicted=predicted),
        "rule exact": Rate(hits=exact, gold=rules, predicted=predicted),
        "meaning": Rate(hits=meaning, gold=rules, predicted=predicted),
    }


def _names(right: Sequence[_Placed], given: Sequence[_Placed], back: Mapping[int, int]) -> dict[int, Key]:
    """What each fact is called where truth is tabled, by `id`: partners alike, and whatever says the same of one place.

    "A during W, or B for those with A" names A twice in one document and may name it once in the other.
    """
    names: dict[int, Key] = {}
    for side, name in ((right, lambda i: i), (given, lambda j: back.get(j, ("extra", j)))):
        said: dict[Key, Key] = {}
        # what has a partner goes first: its repetition is called like it
        for i in sorted(range(len(side)), key=lambda i: isinstance(name(i), tuple)):
            fact = side[i].fact
            content = fact.concept.span, side[i].start, _fields_key(fact)
            names[id(fact)] = said.setdefault(content, name(i))
    return names


# ------------------------------------------------------------------ the two sides


@dataclass(frozen=True)
class _Item:
    """A criterion by the place of its first word behind bullet and number, its parent's, and its facts' numbers.

    One that has no words of its own, as where "OR" between two lines makes them one, would share the place of its first
    child: its place is counted from the other side of nothing.
    """

    criterion: Criterion
    start: int
    parent: int | None
    facts: range


@dataclass(frozen=True)
class _Placed:
    """A fact, the connectives above it that change what it says, and where its criterion begins."""

    fact: Fact
    path: tuple[str, ...]
    start: int


class _Side:
    """A document's criteria and facts, in reading order."""

    def __init__(self, document: Document) -> None:
        self._text = document.text
        self.items: list[_Item] = []
        self.facts: list[_Placed] = []
        self._take(document.criteria, None)

    def _take(self, criteria: Sequence[Criterion], parent: int | None) -> None:
        for criterion in criteria:
            start = self._first_word(criterion)
            if criterion.children and self._first_word(criterion.children[0]) == start:
                start = ~start
            first = len(self.facts)
            if criterion.rule is not None:
                self.facts.extend(_Placed(fact, path, start) for fact, path in _facts(criterion.rule, ()))
            self.items.append(_Item(criterion, start, parent, range(first, len(self.facts))))
            self._take(criterion.children, start)

    def _first_word(self, criterion: Criterion) -> int:
        """The place behind the bullet, the number and the printed label."""
        start, end = criterion.span
        if criterion.label and self._text.startswith(criterion.label, start, end):
            start += len(criterion.label)
        mark = MARK.match(self._text, start, end)
        return mark.end() if mark else start


def _facts(rule: Rule, path: tuple[str, ...]) -> Iterator[tuple[Fact, tuple[str, ...]]]:
    """Every fact with its path, in the order in which `_skeleton` meets them."""
    if isinstance(rule, Fact):
        yield rule, path
    for i, member in enumerate(members(rule)):
        step: tuple[str, ...] = ()
        match rule:
            case Fact():
                step = ("example",)
            case Not():
                step = ("not",)
            case If():
                step = ("then",) if i else ("condition",)
            case Except() if i:
                step = ("exception",)
        yield from _facts(member, path + step)


def _partners(gold: Sequence[_Placed], predicted: Sequence[_Placed]) -> dict[int, int]:
    """Which fact of gold is which predicted one: by overlap of the concepts, one to one, the best first.

    Among several cut from one place ("ALT/AST", "QTcF > 450 in men, > 470 in women") what they say decides, then order.
    """
    ours, theirs = _ranks(gold), _ranks(predicted)
    pairs = []
    for i, g in enumerate(gold):
        for j, p in enumerate(predicted):
            shared = _overlap(g.fact, p.fact)
            if shared:
                shared += 0.5 * (_comparison_key(g.fact.value) == _comparison_key(p.fact.value))
                shared += 0.3 * (_window_key(g.fact.time) == _window_key(p.fact.time))
                shared += 0.25 * (g.path == p.path)
                pairs.append((shared, -abs(ours[i] - theirs[j]), i, j))
    partners: dict[int, int] = {}
    used: set[int] = set()

    def pair(i: int, j: int) -> None:
        if i not in partners and j not in used:
            partners[i] = j
            used.add(j)

    for *_, i, j in sorted(pairs, reverse=True):
        pair(i, j)
    # "class III by the NYHA classification": cut from other words, yet the same by its value in the same criterion
    for i, g in enumerate(gold):
        key = _comparison_key(g.fact.value)
        for j, p in enumerate(predicted) if key is not None and i not in partners else ():
            if g.start == p.start and _comparison_key(p.fact.value) == key:
                pair(i, j)
    return partners


def _ranks(facts: Sequence[_Placed]) -> list[int]:
    """How many facts before each were cut from the same place."""
    seen: dict[Key, int] = {}
    ranks = []
    for placed in facts:
        place = placed.fact.concept.span and placed.fact.concept.span[0]
        ranks.append(seen.get(place, 0))
        seen[place] = ranks[-1] + 1
    return ranks


def _overlap(a: Fact, b: Fact) -> float:
    """The share of the longer concept that lies in the other."""
    if a.concept.span is None or b.concept.span is None:
        return 0.0
    (s, e), (t, f) = a.concept.span, b.concept.span
    return max(0, min(e, f) - max(s, t)) / max(e - s, f - t, 1)


# ------------------------------------------------------------------ what counts as the same

_ROMAN = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "v": 5.0, "vi": 6.0}
# one amount, several codes: cells per volume, annotations, upper and lower case litres, a day and its hours
_SAME_UNIT = {
    same: group[0]
    for group in (
        ("/uL", "/mm3", "{cells}/uL", "{cells}/mm3"),
        ("10*9/L", "10*3/uL", "10*3/mm3", "10*6/mL", "10*9/l", "K/uL", "G/L"),
        ("mL/min/{1.73_m2}", "mL/min/1.73m2", "mL/min/1.73.m2"),
        ("mg/d", "mg/24.h", "mg/(24.h)"),
        ("g/d", "g/24.h", "g/(24.h)"),
        ("[IU]/L", "IU/L"),
        ("[IU]/mL", "IU/mL"),
        ("mm[Hg]", "mm[hg]"),
        ("umol/L", "umol/l"),
        ("mmol/L", "mmol/l"),
        ("mg/dL", "mg/dl"),
        ("g/dL", "g/dl"),
        ("ug", "mcg"),
    )
    for same in group
}


def _number_key(value: Number | str | UnsetType) -> Key:
    """ "II" is 2, and 2 is 2.0."""
    if value is UNSET or not isinstance(value, str):
        return value if value is UNSET else float(value)
    word = value.strip().lower()
    return _ROMAN.get(word, word)


def _unit_key(unit: Unit | UnsetType | None) -> Key:
    if unit is None or isinstance(unit, UnsetType):
        return None
    loose = loose_unit(unit.text or "")
    code = unit.ucum or unit_code(unit.text or "") or loose or None
    return code and _SAME_UNIT.get(code, code)


def _comparison_key(comparison: Comparison | None) -> Key:
    if comparison is None:
        return None
    match comparison.operator:
        case "between":
            edges = (comparison.low_inclusive is not False, comparison.high_inclusive is not False)
            body: Key = (_number_key(comparison.low), _number_key(comparison.high), *edges)
        case "in":
            body = frozenset(map(_number_key, comparison.values or ()))
        case _:
            body = _number_key(comparison.value)
    return comparison.operator, body, _unit_key(comparison.unit), comparison.reference


def _count_key(comparison: Comparison | None) -> Key:
    """How often: what is counted is the concept, so a count's unit says nothing more."""
    key = _comparison_key(comparison)
    return key[:2] if isinstance(key, tuple) else None


def _offset_key(offset: Offset | None) -> Key:
    if offset is None:
        return None
    for name in ("longest_of", "shortest_of"):
        if (of := getattr(offset, name)) is not UNSET:
            return name, frozenset(map(_offset_key, of))
    return _number_key(offset.value), _unit_key(offset.unit)


def _bound_key(bound: Bound | UnsetType | None) -> Key:
    return (bound.anchor.event, _offset_key(bound.offset)) if isinstance(bound, Bound) else None


def _window_key(window: Window | None) -> Key:
    if window is None:
        return None
    if window.any_of is not UNSET:
        return frozenset(map(_window_key, window.any_of))
    duration = window.duration if isinstance(window.duration, Comparison) else None
    return _bound_key(window.start), _bound_key(window.end), _comparison_key(duration)


def _fields_key(fact: Fact) -> Key:
    return _comparison_key(fact.value), _count_key(fact.count), _comparison_key(fact.dose), _window_key(fact.time)


def _skeleton(rule: Rule, numbers: Iterator[Key]) -> Key:
    """The tree with a number for each fact; members are sorted (their order says nothing), examples left out."""
    number = next(numbers) if isinstance(rule, Fact) else None
    below = [_skeleton(member, numbers) for member in members(rule)]
    match rule:
        case Fact():
            return number
        case If():
            return "if", *below
        case Except():
            return "except", below[0], *sorted(below[1:], key=repr)
        case AtLeast():
            return "at_least", rule.count, *sorted(below, key=repr)
        case _:
            return type(rule).__name__, *sorted(below, key=repr)
