"""Which criterion of one document is which of another, be it over the same text or over a later version of it.

In: two documents. Out: couples of criteria, either side of which may be missing; and couples of two rules' facts.

Over the same text, criteria that begin at the same word go together. Else, and for what is left then, those in the same
words do, and then the likest, by their words and by the names of what they are about: a rare word ("bilirubin") weighs
more than one that many criteria have ("history"). Last, those that alone begin with the same thing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from protoparse.evaluate.keys import fields_key
from protoparse.evaluate.pairing import Item, Placed, Side, pair_facts, pair_items
from protoparse.lexicon import fold
from protoparse.model import Concept, Document

LEAST = 0.4
"""How like two criteria of two texts must be, from 0 to 1, to be one that was changed."""
_LIKE = 0.35
_WORD = re.compile(r"[^\W_]+|[<>≤≥=%]")


@dataclass(frozen=True)
class Couple:
    """A criterion before and after; one of the two is missing where it is new or gone. `moved`: its neighbours changed.

    `facts` are couples of the two rules' facts, in the same way.
    """

    old: Item | None
    new: Item | None
    moved: bool = False
    facts: tuple[tuple[Placed | None, Placed | None], ...] = ()


def align(old: Document, new: Document) -> list[Couple]:
    """Every criterion of both documents once, in the order of the new one, what is gone behind what it followed."""
    before, after = Side(old), Side(new)
    same = old.text == new.text
    partners = pair_items(before, after) if same else _same_words(before, after)
    partners |= _likest(before, after, partners)
    partners |= _same_things(before, after, partners)
    facts = pair_facts(before, after) if same else {}
    moved = _moved(before, after, partners)
    found: list[tuple[tuple[int, int, int], Couple]] = []
    last = -1
    for i, item in enumerate(before.items):
        j = partners.get(i)
        last = last if j is None else j
        other = None if j is None else after.items[j]
        couples = tuple(_facts(_of(before, item), _of(after, other), facts))
        found.append(((last, int(j is None), i), Couple(item, other, i in moved, couples)))
    taken = set(partners.values())
    for j, item in enumerate(after.items):
        if j not in taken:
            found.append(((j, 0, 0), Couple(None, item, facts=tuple((None, f) for _, f in _of(after, item)))))
    return [couple for _, couple in sorted(found, key=lambda place: place[0])]


def words_of(item: Item, side_text: str) -> str:
    """A criterion's own words, without bullet, number and children."""
    return " ".join(side_text[item.start : item.own[1]].split())


def name_of(concept: Concept) -> str:
    """What a concept is called, however it is printed."""
    return fold(concept.name or concept.text)


# ------------------------------------------------------------------ criteria


def _tokens(words: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(words)]


def _same_words(before: Side, after: Side) -> dict[int, int]:
    """Criteria in the same words: those of the same section first, in order."""
    partners: dict[int, int] = {}
    used: set[int] = set()
    for with_kind in (True, False):
        there: dict[object, list[int]] = defaultdict(list)
        for j, item in enumerate(after.items):
            words = tuple(_tokens(words_of(item, after.text)))
            if j not in used and words:
                there[words, item.criterion.kind if with_kind else None].append(j)
        for i, item in enumerate(before.items):
            words = tuple(_tokens(words_of(item, before.text)))
            at = there.get((words, item.criterion.kind if with_kind else None))
            if i not in partners and at:
                partners[i] = at.pop(0)
                used.add(partners[i])
    return partners


def _likest(before: Side, after: Side, partners: Mapping[int, int]) -> dict[int, int]:
    """Of what has no partner yet, the likest couples first."""
    ours = {i: _profile(before, item) for i, item in enumerate(before.items) if i not in partners}
    taken = set(partners.values())
    theirs = {j: _profile(after, item) for j, item in enumerate(after.items) if j not in taken}
    if not ours or not theirs:
        return {}
    spread = Counter(word for side in (before, after) for item in side.items for word in _profile(side, item))
    weight = {word: 1 / count for word, count in spread.items()}
    holders: dict[str, list[int]] = defaultdict(list)
    for j, profile in theirs.items():
        for word in profile:
            holders[word].append(j)
    mass = {j: sum(weight[word] for word in profile) for j, profile in theirs.items()}
    scored = []
    for i, profile in ours.items():
        shared: dict[int, float] = defaultdict(float)
        for word in profile:
            for j in holders.get(word, ()):
                shared[j] += weight[word]
        whole = sum(weight[word] for word in profile)
        for j, both in shared.items():
            one, other = before.items[i].criterion, after.items[j].criterion
            apart = abs(i / len(before.items) - j / len(after.items))
            score = 2 * both / (whole + mass[j]) + 0.1 * (one.kind == other.kind) - 0.1 * apart
            if score >= LEAST:
                scored.append((score, -i, -j))
    found: dict[int, int] = {}
    for _, i, j in sorted(scored, reverse=True):
        if -i not in found and -j not in taken:
            found[-i] = -j
            taken.add(-j)
    return found


def _same_things(before: Side, after: Side, partners: Mapping[int, int]) -> dict[int, int]:
    """Of what still has no partner, those of a section that alone are first about one thing, however they put it."""
    ours = _first_things(before, partners)
    theirs = _first_things(after, set(partners.values()))
    return {i: j for key, i in ours.items() if i is not None and (j := theirs.get(key)) is not None}


def _first_things(side: Side, taken: Container[int]) -> dict[tuple[str, str], int | None]:
    """The criterion that is first about a thing, by section and name; None where several are."""
    found: dict[tuple[str, str], int | None] = {}
    for i, item in enumerate(side.items):
        if i not in taken and item.facts:
            key = item.criterion.kind, name_of(side.facts[item.facts[0]].fact.concept)
            found[key] = None if key in found else i
    return found


def _profile(side: Side, item: Item) -> frozenset[str]:
    """What a criterion is known by: its words, and the names of its concepts, which weigh as words of their own."""
    names = (f"name {name_of(side.facts[i].fact.concept)}" for i in item.facts)
    return frozenset((*_tokens(words_of(item, side.text)), *names))


def _moved(before: Side, after: Side, partners: Mapping[int, int]) -> set[int]:
    """Which criteria of the old document others have overtaken, or have another parent now."""
    places = {item.start: i for i, item in enumerate(before.items)}
    parents = {item.start: j for j, item in enumerate(after.items)}

    def parent(item: Item, of: Mapping[int, int]) -> int | None:
        return None if item.parent is None else of.get(item.parent)

    order = sorted(partners)
    kept = _longest_rise([partners[i] for i in order])
    found = {i for n, i in enumerate(order) if n not in kept}
    for i, j in partners.items():
        mine, yours = parent(before.items[i], places), parent(after.items[j], parents)
        if (None if mine is None else partners.get(mine)) != yours:
            found.add(i)
    return found


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """The positions of a longest rising run of numbers, not necessarily side by side."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for at, number in enumerate(numbers):
        length = bisect_left(tops, number)
        before.append(ends[length - 1] if length else None)
        tops[length : length + 1] = [number]
        ends[length : length + 1] = [at]
    kept: set[int] = set()
    at_last = ends[-1] if ends else None
    while at_last is not None:
        kept.add(at_last)
        at_last = before[at_last]
    return kept


# ------------------------------------------------------------------ facts

_Numbered = Sequence[tuple[int, Placed]]


def _of(side: Side, item: Item | None) -> _Numbered:
    return [] if item is None else [(n, side.facts[n]) for n in item.facts]


def _facts(old: _Numbered, new: _Numbered, known: Mapping[int, int]) -> Iterator[tuple[Placed | None, Placed | None]]:
    """The facts of two rules: those known to be partners, then the likest."""
    numbers = {n: k for k, (n, _) in enumerate(new)}
    partners = {k: numbers[known[n]] for k, (n, _) in enumerate(old) if known.get(n) in numbers}
    elsewhere = set(known.values())
    scored = [
        (_alikeness(one, other), -abs(a - b), -a, -b)
        for a, (n, one) in enumerate(old)
        for b, (m, other) in enumerate(new)
        if n not in known and m not in elsewhere
    ]
    taken = set(partners.values())
    for score, _, a, b in sorted(scored, reverse=True):
        if score >= _LIKE and -a not in partners and -b not in taken:
            partners[-a] = -b
            taken.add(-b)
    for a, (_, one) in enumerate(old):
        yield one, new[partners[a]][1] if a in partners else None
    yield from ((None, other) for b, (_, other) in enumerate(new) if b not in taken)


def _alikeness(one: Placed, other: Placed) -> float:
    mine, yours = one.fact.concept, other.fact.concept
    if name_of(mine) == name_of(yours):
        shared = 1.0
    else:
        here, there = set(_tokens(mine.text)), set(_tokens(yours.text))
        shared = len(here & there) / max(len(here | there), 1)
    if not shared:
        return 0.0
    return shared + 0.3 * (fields_key(one.fact) == fields_key(other.fact)) + 0.1 * (one.path == other.path)
