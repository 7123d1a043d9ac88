"""What a tagger sees of a word by itself: which word it is, how it begins and ends, its letters, its capitals.

In: a printed word. Out: indices into the tagger's tables; all that depends on the form alone is computed once a form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

BUCKETS = 12_000
"""Rows of the table of letter groups, into which they are hashed."""
_DIGITS = re.compile(r"\d+")


class Form(NamedTuple):
    """A word as rows of tables: 0 in `word` is an unknown one."""

    word: int
    shape: int
    groups: tuple[int, ...]


def normal(word: str) -> str:
    """The form under which a word is known: lower case, digits as one."""
    return _DIGITS.sub("0", word.lower())


def form(word: str, known: Mapping[str, int]) -> Form:
    """The rows of a printed word.

    >>> form("Abc", {"abc": 7})[:2]
    (7, 2)
    """
    plain = normal(word)
    ringed = f"<{plain}>"
    groups = {f"{n}{ringed[i : i + n]}" for n in (3, 4, 5) for i in range(len(ringed) - n + 1)}
    groups |= {f"p{plain[:3]}", f"s{plain[-3:]}", f"s{plain[-2:]}", f"p{plain[:2]}"}
    return Form(known.get(plain, 0), shape(word), tuple(sorted({crc32(g.encode()) % BUCKETS for g in groups})))


def shape(word: str) -> int:
    """A word's capitals and signs, as a small number."""
    if not word[0].isalnum():
        return 1
    if word[0].isdecimal():
        return 7
    if word.islower():
        return 3
    if word.isupper():
        return 4 if len(word) > 1 else 5
    return 2 if word[1:].islower() else 6


SHAPES = 8
"""How many shapes `shape` tells apart."""
