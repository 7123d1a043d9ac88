"""What the review page shows of a document: its text in stretches, its outline with each rule in English.

In: a document. Out: stretches of text with what was read there, and items with their rules in pieces. A fact is named
by its criterion and its path, `inclusion.1$.of[0]`, on both sides, so that one leads to the other.

>>> from protoparse import parse
>>> document = parse("Exclusion Criteria:\\n* Gout at screening")
>>> [(stretch.text, stretch.roles) for stretch in stretches(document)][2:]
[('Gout', ('concept',)), (' ', ()), ('at screening', ('window',))]
>>> [[words for _, words in piece.words] for piece in items(document)[0].pieces]
[['condition', ' ', '[Gout]', ' ', 'at screening [screening]']]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from protoparse.editing.dividing import opening
from protoparse.editing.paths import within
from protoparse.lexicon import fold
from protoparse.model import (
    AtLeastChildren,
    Combine,
    Concept,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Rule,
    Span,
    Window,
    renamed,
    walk,
)
from protoparse.render import Segment, segments


class Stretch(NamedTuple):
    """A piece of the text, alike from end to end."""

    start: int
    text: str
    roles: tuple[str, ...]
    """What it was read as: concept, value, window, modifier, negation, condition, exception, unread; several may lie
    over one another."""
    facts: tuple[str, ...]
    """The facts that were read from it."""
    criterion: str | None
    """The innermost criterion that it lies in."""


class Piece(NamedTuple):
    """A piece of a rule's English."""

    fact: str | None
    """The fact that it says; None for the words between facts."""
    words: tuple[Segment, ...]
    confidence: float | None = None


class Item(NamedTuple):
    """A criterion as the outline shows it."""

    criterion: Criterion
    depth: int
    words: str
    """Its own words, without label and children."""
    pieces: tuple[Piece, ...]
    combine: str | None
    unread: tuple[str, ...]


# ------------------------------------------------------------------ the text


def stretches(document: Document) -> list[Stretch]:
    """The whole text in pieces, each with what was read there."""
    marks = sorted(_marks(document), key=lambda mark: mark[0])
    homes = [(criterion.span, criterion.id) for criterion in walk(document.criteria)]
    edges = {0, len(document.text)}
    edges.update(edge for span, *_ in marks for edge in span)
    edges.update(edge for span, _ in homes for edge in span)
    # what begins and what ends at each edge: a sweep looks at every mark twice, however many lie over one another
    begins: dict[int, list[tuple[Span, str, str | None]]] = defaultdict(list)
    for mark in marks:
        begins[mark[0][0]].append(mark)
    opens: dict[int, list[tuple[Span, str]]] = defaultdict(list)
    for home in homes:
        opens[home[0][0]].append(home)
    found, over, around = [], list[tuple[Span, str, str | None]](), list[tuple[Span, str]]()
    for start, end in pairwise(sorted(edges)):
        over = [*(mark for mark in over if mark[0][1] > start), *begins[start]]
        around = [*(home for home in around if home[0][1] > start), *opens[start]]
        roles = tuple(dict.fromkeys(role for _, role, _ in over))
        facts = tuple(dict.fromkeys(fact for _, _, fact in over if fact is not None))
        found.append(Stretch(start, document.text[start:end], roles, facts, around[-1][1] if around else None))
    return found


def _marks(document: Document) -> Iterator[tuple[Span, str, str | None]]:
    """What was read where, and for which fact."""
    for criterion in walk(document.criteria):
        for span in criterion.unparsed:
            yield span, "unread", None
        if criterion.rule is None:
            continue
        for path, rule in within(criterion.rule):
            if isinstance(rule, Fact):
                yield from _of_fact(rule, criterion.id + path)
            elif isinstance(rule, Not):
                yield from _over(rule, "negation")
            elif isinstance(rule, If):
                yield from _over(rule.condition, "condition")
            elif isinstance(rule, Except):
                for exception in rule.exceptions:
                    yield from _over(exception, "exception")


def _over(rule: Rule, role: str) -> Iterator[tuple[Span, str, None]]:
    if rule.span is not None:
        yield rule.span, role, None


def _of_fact(fact: Fact, name: str) -> Iterator[tuple[Span, str, str]]:
    windows: tuple[Window | None, ...] = (fact.time,)
    if fact.time is not None and isinstance(fact.time.any_of, tuple):
        windows = fact.time.any_of
    for role, records in (
        ("concept", (fact.concept,)),
        ("value", (fact.value, fact.count, fact.dose)),
        ("window", windows),
        ("modifier", fact.modifiers),
    ):
        for record in records:
            if record is not None and record.span is not None:
                yield record.span, role, name


def passages(document: Document) -> list[tuple[str, list[Stretch]]]:
    """The text by the criteria of the top, and what lies between them: the part that an edit may change."""
    tops = [(criterion.span, criterion.id) for criterion in document.criteria]
    found: list[tuple[str, list[Stretch]]] = []
    number = 0
    for stretch in stretches(document):
        while number < len(tops) and tops[number][0][1] <= stretch.start:
            number += 1
        inside = number < len(tops) and tops[number][0][0] <= stretch.start
        name = tops[number][1] if inside else f"before-{number}"
        if not found or found[-1][0] != name:
            found.append((name, []))
        found[-1][1].append(stretch)
    return found


def passage(document: Document, name: str) -> list[Stretch]:
    """The stretch of the text that a criterion of the top has."""
    return next(found for top, found in passages(document) if top == name)


# ------------------------------------------------------------------ the outline


def items(document: Document) -> list[Item]:
    """Every criterion in reading order."""
    return [item(document, criterion) for criterion in walk(document.criteria)]


def item(document: Document, criterion: Criterion) -> Item:
    """One criterion."""
    rule, text = criterion.rule, document.text
    start, end = own(document, criterion)
    return Item(
        criterion=criterion,
        depth=criterion.id.count(".") - 1,
        words=" ".join(text[start:end].split()),
        pieces=() if rule is None else tuple(_pieces(rule, criterion.id)),
        combine=None if criterion.combine is None else said(criterion.combine, ruled=rule is not None),
        unread=tuple(text[slice(*span)] for span in criterion.unparsed),
    )


def own(document: Document, criterion: Criterion) -> Span:
    """Where a criterion's own words stand, behind its label and before its children."""
    end = criterion.children[0].span[0] if criterion.children else criterion.span[1]
    words = document.text[opening(criterion, document.text) : end]
    return end - len(words.lstrip()), end


def _pieces(rule: Rule, criterion: str) -> Iterator[Piece]:
    """The English of a rule, each fact a piece: every fact begins with its domain and ends where logic goes on."""
    named = [(criterion + path, fact) for path, fact in within(rule) if isinstance(fact, Fact)]
    numbers = iter(named)
    name, confidence, words = None, None, list[Segment]()
    for segment in segments(renamed(rule, _bare)):
        if segment[0] in ("domain", "logic") and words and (name is not None or segment[0] == "domain"):
            yield Piece(name, tuple(words), confidence)
            name, confidence, words = None, None, []
        if segment[0] == "domain":
            name, fact = next(numbers)
            confidence = fact.confidence if isinstance(fact.confidence, float) else None
        words.append(segment)
    yield Piece(name, tuple(words), confidence)


def _bare(concept: Concept) -> Concept:
    """A concept without codes, which a reader of the page has no use for, and without a name that only repeats it."""
    return replace(concept, codes=(), name=fold(concept.text))


def said(combine: Combine, *, ruled: bool) -> str:
    """How children count, in words."""
    if isinstance(combine, AtLeastChildren):
        return f"at least {combine.at_least} of"
    words = {"all": "all of", "any": "any of", "except": "except where", "then": "then all of"}
    return f"and {words[combine]}" if ruled and combine in ("all", "any") else words[combine]
