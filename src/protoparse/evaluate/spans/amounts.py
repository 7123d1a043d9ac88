"""Numbers and units as annotators and parsers print them, brought to a form in which they compare.

In: the words of a value or of a unit. Out: numbers; a key that equal units share.

>>> numerals("between 1,500 and 2.5"), numerals("twice")
((1500.0, 2.5), (2.0,))
>>> unit_key("kg per m²") == unit_key("kg/m2"), unit_key("times the upper limit of normal")
(True, 'uln')

Spelling alone is folded: an amount in another unit is another amount. What is counted on a scale has no unit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from protoparse import lexicon
from protoparse.evaluate.spans.tables import read_table

TIME_UNITS = frozenset({"s", "min", "h", "d", "wk", "mo", "a"})
"""The UCUM codes of time."""

DIGITS = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d])(?:\.\d+)?|\d+,\d{1,2}(?!\d)|\d*\.\d+|\d+")
"""How a number is printed in digits."""
_WORD = re.compile(r"[a-z]+")
_ROMAN = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "v": 5.0, "vi": 6.0}
_PIECE = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_SILENT = frozenset(".-–^()_")


def numerals(text: str) -> tuple[float, ...]:
    """The numbers that a text prints in digits; where there are none, the first number that it has in words."""
    found = DIGITS.findall(text)
    if found:
        return tuple(map(_number, found))
    named = map(number_of, _WORD.findall(text.lower()))
    return tuple(number for number in named if number is not None)[:1]


def number_of(word: str) -> float | None:
    """The number that one word is, in digits, as a name or as a Roman numeral; None where it is none."""
    return _number(word) if word[:1].isdecimal() or word[:1] == "." else _words().get(word.lower())


def _number(digits: str) -> float:
    """1,500 is 1500; 2,5 is two and a half."""
    decimal = re.fullmatch(r"(\d+),(\d{1,2})", digits)
    return float(f"{decimal[1]}.{decimal[2]}" if decimal else digits.replace(",", ""))


@cache
def _words() -> Mapping[str, float]:
    table = {word: float(row["value"]) for row in lexicon.rows("numbers") for word in lexicon.spellings(row["words"])}
    return table | _ROMAN | {"a": 1.0, "an": 1.0}


@lru_cache(4096)
def unit_key(printed: str | None) -> str:
    """What equal units share, however they are spelt; empty where the text is no unit ("grade", "points")."""
    if not printed:
        return ""
    pieces = [piece for piece in _PIECE.findall(printed.lower().translate(_SIGNS)) if piece not in _SILENT]
    said = " ".join(pieces)
    for limit, pattern in _limits():
        if pattern.search(said):
            return limit
    return "".join([_spellings().get(piece, piece) for piece in pieces])


_SIGNS = str.maketrans({"μ": "u", "µ": "u", "²": "2", "³": "3"})


@cache
def _spellings() -> Mapping[str, str]:
    return {word: row["unit"] for row in read_table("units") for word in lexicon.spellings(row["spellings"])}


@cache
def _limits() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """How a multiple of a limit of normal is told from a unit of the laboratory's."""
    return tuple(
        (row["unit"], re.compile(r"(?<![a-wyz])(?:" + row["limit"] + r")(?![a-z])"))
        for row in read_table("units")
        if row["limit"]
    )
