"""Values and lengths of time that annotators mark in one piece, read by protoparse's own lexer and grammar.

In: the words of an annotation. Out: the limits, or the lengths of time, with their places in the words.

>>> [(limit.sign, limit.number, limit.unit) for limit in read_quantity("greater than 10 g/dL")]
[('>', 10.0, 'g/dl')]
>>> read_lengths("in the 4 weeks before surgery")
((4.0, 'wk', (7, 8)),)
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from msgspec.structs import replace

from protoparse.evaluate.spans.findings import Limit, of_document
from protoparse.lexing import lexer
from protoparse.model import Span
from protoparse.parsing import Parser

_LENGTH = re.compile(r"n-?t")
_LONGEST = 300


@lru_cache(8192)
def read_quantity(words: str, *, age: bool = False) -> tuple[Limit, ...]:
    """The limits that the words of a value set, of nothing in particular; none where they cannot be read."""
    if len(words) > _LONGEST:
        return ()
    # a value is read behind what it is a value of: "18 years or older" alone says nothing
    lead = "age " if age else "level "
    found = of_document(_parser().parse(lead + words)).limits
    by = len(lead)
    return tuple(
        replace(limit, span=(limit.span[0] - by, limit.span[1] - by), age=age, subjects=())
        for limit in found
        if limit.span[0] >= by
    )


@lru_cache(8192)
def read_lengths(words: str) -> tuple[tuple[float, str, Span], ...]:
    """Each number with the UCUM code of the unit of time behind it, and the number's place."""
    lexemes = lexer().lex(words, [(0, len(words))])
    found = []
    for match in _LENGTH.finditer(lexemes.codes):
        number, unit = lexemes.entries[match.start()], lexemes.entries[match.end() - 1]
        amount, code = number.roles.get("number"), unit.roles.get("time_unit")
        if isinstance(amount, (int, float)) and isinstance(code, str):
            place = lexemes.starts[match.start()], lexemes.ends[match.start()]
            found.append((float(amount), code, place))
    return tuple(found)


@cache
def _parser() -> Parser:
    return Parser(concepts="lexicon", codes=False)
