"""The lexemes of one item, and which of them are understood.

In: the entries, places and codes of an item. Out: `Item`, what every reader of statements asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from protoparse.lexing import Entry, lexer
from protoparse.model import Domain, Kind, Span

CARRIED = 2
"""In `Cutter.taken`: understood, though no fact names it."""


def plays(entry: Entry, role: str) -> bool:
    """Whether a lexeme plays a role by itself or by its last word ("willing to comply", "study visits")."""
    if role in entry.roles:
        return True
    word = entry.text.rpartition(" ")[2]
    return word != entry.text and role in lexer().singles[word].roles


@cache
def telling(role: str) -> tuple[str, ...]:
    """Words that play a role, but for those that hold another one: a text without any of them has none that does."""
    words = sorted(word for word, entry in lexer().singles.items() if role in entry.roles)
    return tuple(w for w in words if not any(other != w and other in w for other in words))


class Item:
    """The lexemes of one item, and which of them are understood."""

    def __init__(
        self, text: str, entries: Sequence[Entry], codes: str, first: int, starts: Sequence[int],
        ends: Sequence[int], kind: Kind,
    ) -> None:  # fmt: skip
        self.text, self.entries, self.starts, self.ends = text, entries, starts, ends
        self.codes, self.offset, self.kind = codes, first, kind
        self.taken = bytearray(len(codes))
        self.uses = False
        """Something is named that is no more than the use of something else."""
        self.whole: dict[int, tuple[int, Domain]] = {}
        """Where lexemes begin that are one name, where they end, and what it names: what somebody judges, or can do."""

    def code(self, i: int) -> str:
        """The code of a lexeme."""
        return self.codes[i - self.offset]

    def relates(self, i: int) -> bool:
        """Whether what stands at i ties to a name what it is of: "change in the dose of insulin", "no response to"."""
        if self.code(i) == "v" and self.entries[i].text.endswith(" of"):
            i -= 1
        if self.code(i) == "d":
            i -= 1
        tied = i > self.offset and self.code(i) in "p~io"
        kind = self.entries[i - 1].roles.get("relation") if tied else None
        if kind != "denied":
            return kind is not None
        while i > self.offset and self.code(i) not in "!,.;&|(":
            i -= 1
        return self.code(i) == "!"

    def at(self, i: int) -> str:
        """The code of a lexeme, nothing beyond the item."""
        return self.codes[i - self.offset : i - self.offset + 1]

    def take(self, first: int, last: int) -> None:
        """These lexemes are understood."""
        for k in range(first - self.offset, last - self.offset):
            self.taken[k] = 1

    def carry(self, first: int, last: int) -> None:
        """These lexemes say again what is said, or only carry it."""
        for k in range(first - self.offset, last - self.offset):
            self.taken[k] = CARRIED

    def leave(self, first: int, last: int) -> None:
        """These lexemes are not understood after all."""
        for k in range(first - self.offset, last - self.offset):
            self.taken[k] = 0

    def roles(self, word: str) -> Mapping[str, Any]:
        """What the vocabulary knows of a single word."""
        entry = lexer().singles.get(word.lower())
        return entry.roles if entry else {}

    def coupled(self, i: int) -> bool:
        """Whether the lexeme at i names a partner, or that somebody has one ("sexually active")."""
        term = self.entries[i].roles.get("concept")
        return term is not None and any("coupled" in self.roles(word) for word in term.name.split())

    def span(self, first: int, last: int) -> Span:
        """The characters of these lexemes."""
        return self.starts[first], self.ends[last - 1]
