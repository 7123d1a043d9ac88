"""Medicines that are named by their class behind a clause: "any drugs or substances that are strong inhibitors of X".

In: the codes of an item. Out: the codes with the words in front of the class marked as carriers, since they name
nothing more.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache

from protoparse.lexing import Lexemes, lexer

_HELD = "wKMY"


def classed(words: str, begin: int, lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes of an item whose lower-case words begin at a character, words that only carry a class marked so."""
    starts, end = lexemes.starts, first + len(codes)
    for match in _carrier().finditer(words):
        k, stop = (bisect_left(starts, begin + place, first, end) - first for place in match.span())
        if not (k and codes[k - 1] in _HELD):  # "herbal drugs that are inducers" says more
            codes = f"{codes[:k]}{'v' * (stop - k)}{codes[stop:]}"
    return codes


def acts(words: str) -> bool:
    """Whether a class of medicines may be named behind a clause."""
    return "known " in words or "that " in words or "which " in words


@cache
def _carrier() -> re.Pattern[str]:
    """Medicines without a name, and that they are of a class."""
    medicine, acting = (
        "|".join(sorted(re.escape(w) for w, e in lexer().singles.items() if role in e.roles))
        for role in ("medicine", "acting")
    )
    named = rf"(?:{medicine})"
    between = r"(?:(?!by\b|to\b|not\b|in\b|for\b|with\b)[\w/()-]+,?\s+){0,6}?"
    return re.compile(
        rf"\b{named}(?:(?:\s?,\s?|\s?/\s?|,?\s+(?:and/or|and|or)\s+)(?:(?:any|other)\s+)?{named})*\s+"
        rf"(?:(?:that|which)\s+(?:are|is)\s+(?:known\s+)?(?:to\s+be\s+)?|known\s+(?:to\s+be|as)\s+)(?:an?\s+)?"
        rf"(?={between}(?:{acting})\b)"
    )
