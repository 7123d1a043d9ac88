"""Lists behind one preposition: where one thing is, or on what it is seen; no things of their own.

In: the codes of an item. Out: the codes, a list of parts of the body one name that a preposition of its own code (`s`)
leads in, a list of examinations one that a means does (`A`); of "infection of the vulva, vagina or bladder" the
infection is the thing, and it may be in any of three places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from protoparse.grammar.completing import ADJECTIVE
from protoparse.grammar.items import plays
from protoparse.grammar.phrases import Phrase
from protoparse.lexing import Lexemes

_MEMBER = "[dmv]{0,4}[wKMmya-]{0,9}[wKMam]y{0,3}(?:O[dm]{0,3}[wKM]{1,4})?"
_LIST = re.compile(rf"(?<=[wKMqmy)v])[Oip~W@s](?=({_MEMBER}(?:(?:,[&|]?|[&|/])[Oip~W]?{_MEMBER}){{0,12}}))")
_ROLES = {"place": "s", "examining": "A"}
_LINK = re.compile(r",[&|]?[Oip~W]?|[&|/][Oip~W]?")


def placed(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, each list of places or of examinations one name."""
    for match in _LIST.finditer(codes):
        begin, stop = match.start(1), match.end(1)
        ends = [*((m.start(), m.end()) for m in _LINK.finditer(codes, begin, stop)), (stop, stop)]
        bounds = list(zip([begin, *(e for _, e in ends[:-1])], [e for e, _ in ends], strict=True))
        role = next((r for r in _ROLES if any(_is(lexemes, first, codes, i, j, r) for i, j in bounds)), None)
        if role is None or (role == "examining" and codes[match.start()] != "p"):
            continue
        end, members = begin, 0
        for n, (at, last) in enumerate(bounds):
            if _is(lexemes, first, codes, at, last, role):
                end, members = last, n + 1
            elif not _kind(lexemes, first, codes, at, last):
                break
        linked = any(c in codes[begin:end] for c in "&|/")
        if members == 0 or (members == 1 and codes[match.start()] != "~"):
            continue  # one place stands in the name ("infection of the lung"), but "trauma to the chest"
        if (members > 1 and not linked) or any(begin <= p.first - first < end for p in found):
            continue
        while codes[begin] in "dv":
            begin += 1
        place = match.start()
        codes = f"{codes[:place]}{_ROLES[role]}{codes[place + 1 : begin]}{'w' * (end - begin)}{codes[end:]}"
    return codes


def _kind(lexemes: Lexemes, first: int, codes: str, begin: int, end: int) -> bool:
    """Whether a stretch only tells which of several: "small" of "the small or large intestine"."""
    while begin < end and codes[begin] in "dv":
        begin += 1
    entry = lexemes.entries[first + begin] if end == begin + 1 else None
    return entry is not None and (
        codes[begin] == "m" or "paired" in entry.roles or (codes[begin] == "w" and entry.text.endswith(ADJECTIVE))
    )


def _is(lexemes: Lexemes, first: int, codes: str, begin: int, end: int, role: str) -> bool:
    """Whether a stretch names a part of the body, something that it gives ("blood"), or a test."""
    while end > begin and codes[end - 1] in "y-":
        end -= 1
    of = codes.find("O", begin, end)
    end = of if of > begin else end
    if end == begin:
        return False
    entry = lexemes.entries[first + end - 1]
    # A name that ends in a place is of a disease or an operation: "carcinoma in situ of the cervix".
    return plays(entry, role) if codes[end - 1] in "wa" or role == "examining" else role in entry.roles
