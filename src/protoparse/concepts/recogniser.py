"""Names that the tagger finds, put among the lexemes.

In: `Lexemes`. Out: `Lexemes` in which each name is one lexeme, with what the tables say of it or else what the tagger
says; "Zollinger syndrome", which no table has, becomes one of domain condition.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from protoparse.concepts.tagging import Tagger, tagger
from protoparse.lexicon import fold
from protoparse.lexing import Entry, Lexemes, Lexer, Term
from protoparse.model import Domain

_DOMAINS: dict[str, Domain] = {
    "condition": "condition",
    "drug": "drug",
    "procedure": "procedure",
    "measurement": "measurement",
    "observation": "observation",
    "device": "device",
}
"""Labels that name a thing: people, studies and visits are in the tables, modifiers are for the grammar."""
# What may stand inside a name: no connective, bracket, comparison or window.
_WITHIN = re.compile(r"[wKMYamqnrutOdpvioHCLcAG/'^=yT~-]*")
_EDGE = "mqdOnvpio<>~-/HC"
_KEPT = 50_000


class Piece(NamedTuple):
    """The words of one piece as the tagger sees them: printed, with what the tables make of each, and their places."""

    words: Sequence[str]
    classes: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]


def pieces(text: str, lexemes: Lexemes) -> list[Piece]:
    """The words of each piece of a text, and their gazetteer classes: "Kcond-" begins a known condition."""
    entries, ends = lexemes.entries, lexemes.ends
    starts_of, ends_of = lexemes.word_starts, lexemes.word_ends
    found = []
    word = first = 0
    for last in lexemes.breaks:
        begin = word
        classes: list[str] = []
        for i in range(first, last):
            roles = entries[i].roles
            term = roles.get("measurement") or roles.get("concept")
            kind = f"{entries[i].code}{term.domain[:4] if term is not None else ''}"
            classes.append(f"{kind}-")
            word += 1
            while ends_of[word - 1] < ends[i]:
                classes.append(f"{kind}+")
                word += 1
        words = [text[a:b] for a, b in zip(starts_of[begin:word], ends_of[begin:word], strict=True)]
        found.append(Piece(words, classes, starts_of[begin:word], ends_of[begin:word]))
        word += 1  # the break
        first = last + 1
    return found


class Recogniser:
    """Finds names with the tagger; `lexer` looks up what the tables say of their words."""

    def __init__(self, lexer: Lexer, model: Tagger | None = None) -> None:
        self.lexer = lexer
        self.tagger = model or tagger()
        self.made: dict[tuple[str, str, int], Entry | None] = {}

    def recognise(self, text: str, lexemes: Lexemes) -> Lexemes:
        """The lexemes, every name that the tagger finds one of them."""
        codes, entries, starts, ends = lexemes.codes, lexemes.entries, lexemes.starts, lexemes.ends
        read = pieces(text, lexemes)
        out: list[Entry] = []
        at: list[int] = []
        to: list[int] = []
        done = first = 0
        for piece, last, found in zip(
            read, lexemes.breaks, self.tagger.tag([(p.words, p.classes) for p in read]), strict=True
        ):
            for name in found:
                domain = _DOMAINS.get(name.label)
                if domain is None:
                    continue
                begin, end = piece.starts[name.first], piece.ends[name.last - 1]
                i = bisect_left(ends, begin + 1, first, last)
                j = bisect_left(starts, end, first, last)
                if i < done or starts[i] < begin or ends[j - 1] > end:
                    continue  # a phrase of the tables goes beyond the name: the tables know more
                while i < j and codes[i] in _EDGE:
                    i += 1
                while i < j and codes[j - 1] in _EDGE:
                    j -= 1
                if i == j or not _WITHIN.fullmatch(codes, i, j):
                    continue
                entry = self._entry(text[starts[i] : ends[j - 1]], domain, entries[i] if j == i + 1 else None)
                if entry is None:
                    continue
                out += [*entries[done:i], entry]
                at += [*starts[done:i], starts[i]]
                to += [*ends[done:i], ends[j - 1]]
                done = j
            first = last + 1
        out += entries[done:]
        at += starts[done:]
        to += ends[done:]
        codes = "".join([e.code for e in out])
        breaks = [i for i, c in enumerate(codes) if c == "\n"]
        return Lexemes(codes, out, at, to, breaks, lexemes.word_starts, lexemes.word_ends)

    def _entry(self, printed: str, domain: Domain, single: Entry | None) -> Entry | None:
        """The lexeme of a name; None where it is no name to the tables (a unit, a relative)."""
        name = fold(printed)
        key = name, domain, id(single)
        if key not in self.made:
            if len(self.made) > _KEPT:
                self.made.clear()
            self.made[key] = self._make(name, domain, single)
        return self.made[key]

    def _make(self, name: str, domain: Domain, single: Entry | None) -> Entry | None:
        if single is not None and single.code in "YtuL":
            return None
        known = single or self.lexer.phrase(name.split(" "))
        roles = dict(known.roles) if known is not None else {}
        term = roles.get("measurement") or roles.get("concept") or Term(domain, name)
        roles.pop("modifier", None)
        roles["concept"] = term
        roles["named"] = True  # its bounds are told: the grammar adds nothing to it
        if term.domain == "measurement":
            roles["measurement"] = term
        return Entry("M" if term.domain == "measurement" else "K", name, roles)
