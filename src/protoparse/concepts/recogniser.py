"""Names that the tagger finds in a text, and what it says of those that nothing else tells.

In: a text's `Lexemes`. Out: `Name`s, spans of characters with a label; "Zollinger syndrome", which no table has, is a
condition. Of a concept that the grammar could only guess, `judge` says what kind of thing it is, or that it is none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

from protoparse.concepts.tagging import Tagger, tagger
from protoparse.lexing import Lexemes
from protoparse.model import Domain, Kind, Span

_WORDS = re.compile(r"\s")
_NEAR = 6
"""So many lexemes to either side tell something of a name."""
_DOMAINS: dict[str, Domain] = {domain: domain for domain in get_args(Domain)}


class Name(NamedTuple):
    """Characters `[start, end)` name something; `label` is a domain, or "modifier"."""

    start: int
    end: int
    label: str


class Piece(NamedTuple):
    """The words of one piece as the tagger sees them: printed, with what the tables make of each, and their places."""

    words: Sequence[str]
    classes: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]


def runs(lexemes: Lexemes) -> Iterable[tuple[int, int]]:
    """The lexemes `[first, last)` of each piece of a text."""
    first = 0
    for last in lexemes.breaks:
        yield first, last
        first = last + 1


def piece(text: str, lexemes: Lexemes, first: int, last: int) -> Piece:
    """The words of the lexemes `[first, last)`, and their gazetteer classes: "Kcond-" begins a known condition."""
    if first == last:
        return Piece((), (), (), ())
    entries, ends = lexemes.entries, lexemes.ends
    word_ends = lexemes.word_ends
    k = bisect_left(lexemes.breaks, first)
    after = lexemes.word_breaks[k - 1] + 1 if k else 0
    begin = word = bisect_left(lexemes.word_starts, lexemes.starts[first], after, lexemes.word_breaks[k])
    classes: list[str] = []
    for i in range(first, last):
        roles = entries[i].roles
        term = roles.get("measurement") or roles.get("concept")
        kind = f"{entries[i].code}{term.domain[:4] if term is not None else ''}"
        classes.append(f"{kind}-")
        word += 1
        while word_ends[word - 1] < ends[i]:
            classes.append(f"{kind}+")
            word += 1
    starts, stops = lexemes.word_starts[begin:word], word_ends[begin:word]
    return Piece([text[a:b] for a, b in zip(starts, stops, strict=True)], classes, starts, stops)


def near(lexemes: Lexemes, first: int, last: int, spans: Sequence[Span]) -> tuple[int, int]:
    """Of the lexemes `[first, last)` those around some spans: what is further away tells nothing of them."""
    begin = bisect_left(lexemes.ends, min(spans)[0] + 1, first, last)
    end = bisect_left(lexemes.starts, max(b for _, b in spans), first, last)
    return max(first, begin - _NEAR), min(last, end + _NEAR)


class Recogniser:
    """Finds names with the tagger: `model`, or the one that ships with the package."""

    def __init__(self, model: Tagger | None = None) -> None:
        self.tagger = model or tagger()

    def names(self, text: str, lexemes: Lexemes, among: Iterable[tuple[int, int]] | None = None) -> list[list[Name]]:
        """The names in each piece of a text, or in each of some runs of lexemes."""
        read = [piece(text, lexemes, first, last) for first, last in (runs(lexemes) if among is None else among)]
        tagged = self.tagger.tag([(p.words, p.classes) for p in read])
        return [
            [Name(p.starts[t.first], p.ends[t.last - 1], t.label) for t in found]
            for p, found in zip(read, tagged, strict=True)
        ]


def judge(text: str, guessed: Iterable[Span], names: Sequence[Name], kind: Kind) -> dict[Span, Domain | None]:
    """What concepts are of which the grammar could only guess; None where one names nothing.

    The names stand in order and do not overlap; of several in one concept the last tells what it is.

    Where the tagger finds no name, several words of an exclusion are of circumstances ("unsafe place of residence"),
    which are kept as such; elsewhere a statement that names nothing asks for nothing that could be checked.
    """
    told: dict[Span, Domain | None] = {}
    fit = [n for n in names if n.label in _DOMAINS]
    starts = [n.start for n in fit]
    for start, end in guessed:
        behind = bisect_left(starts, end)
        told[start, end] = (
            _DOMAINS[fit[behind - 1].label]
            if behind and start < fit[behind - 1].end
            else "other"
            if kind == "exclusion" and _WORDS.search(text, start, end)
            else None
        )
    return told
