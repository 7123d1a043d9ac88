"""The terminals of the clause grammar.

In: what a run of lexemes is. Out: a `Clause` that `grammars/criterion.lark` names by its type; "stroke or TIA" is
WORDS OR WORDS.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

OPERANDS = frozenset({"WORDS", "VALUE", "WINDOW"})
"""The types of what says something by itself."""


class Clause(Struct, eq=False, gc=False):
    """A terminal of the clause grammar, with what it stands for."""

    type: str
    first: int
    last: int
    value: Any = None
