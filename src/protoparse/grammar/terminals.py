"""The terminals of the clause grammar.

In: what a run of lexemes is. Out: a `Clause` that `grammars/criterion.lark` names by its type; "stroke or TIA" is
WORDS OR WORDS.
"""

from __future__ import annotations

from typing import Any

OPERANDS = frozenset({"WORDS", "VALUE", "WINDOW"})
"""The types of what says something by itself."""


class Clause:
    """A terminal of the clause grammar, with what it stands for."""

    __slots__ = ("first", "last", "type", "value")

    def __init__(self, type_: str, first: int, last: int, value: Any = None) -> None:
        self.type, self.first, self.last, self.value = type_, first, last, value
