"""Items of nothing but single words that no table knows.

In: the lexemes of one item. Out: where its words stand, if none of them can say anything of another. "A, B, C; D/E"
without end says nothing, unless somebody knows one of the words for a name: such an item needs no grammar.
"""

from __future__ import annotations

from protoparse.grammar.judging import judgements
from protoparse.grammar.marking import marked
from protoparse.grammar.terms import domain_of
from protoparse.lexing import Entry, Lexemes
from protoparse.model import Span

_MANY = 48
"""Items of fewer lexemes are read as any other."""
_NAMING = "wtu"
_WORDS = "wtud"
_TIED = (".", "/")
"""What may tie a letter to a word: "A/B" is one name, "a" alone an article."""
_PARTING = ",:&|"
_CODES = frozenset(f"{_WORDS}{_PARTING}./")
_JOINTS = frozenset({"comma", "colon", "stop", "slash", "and", "or"})
# A letter may be the name of a unit or a class, which nothing is without its number or its scale.
_MUTE = frozenset({"unit", "time_unit", "ordinal", "determiner", "filler"})


def unknown(text: str, lexemes: Lexemes, first: int, last: int) -> list[Span]:
    """The words of the lexemes `[first, last)`, where they are many, and unknown, and each stands alone; else none."""
    codes = lexemes.codes[first:last]
    if last - first < _MANY or not _CODES.issuperset(codes):
        return []
    entries, starts, ends = lexemes.entries, lexemes.starts, lexemes.ends
    if not all(map(_says_nothing, {id(entry): entry for entry in entries[first:last]}.values())):
        return []
    gaps = [end < start for end, start in zip(ends[first : last - 1], starts[first + 1 : last], strict=True)]
    for k, gap in enumerate(gaps):
        # only a full stop with a gap behind it parts what stands around it, and no slash does
        parted = codes[k] in _PARTING or codes[k] == "." or codes[k + 1] in _PARTING
        if gap and not parted and not (codes[k + 1] == "." and gaps[k + 1 : k + 2] != [False]):
            return []
    if marked(text, lexemes, first, codes, ()) != codes or judgements(text, lexemes, first, codes):
        return []  # "E. coli" is one name
    return [
        (starts[first + k], ends[first + k])
        for k, code in enumerate(codes)
        if code in _NAMING or (code == "d" and (codes[k - 1 : k] in _TIED or codes[k + 1 : k + 2] in _TIED))
    ]


def _says_nothing(entry: Entry) -> bool:
    if entry.code in _WORDS:
        return _MUTE.issuperset(entry.roles) and entry.text[0].isalpha() and domain_of([entry.text]) is None
    return _JOINTS.issuperset(entry.roles)
