"""Lists of parts of the body behind one preposition: where one thing is, no things of their own.

In: the codes of an item. Out: the codes, such a list one name that a preposition of its own code (`s`) leads in; of
"infection of the vulva, vagina or bladder" the infection is the thing, and it may be in any of three places.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from protoparse.grammar.items import plays
from protoparse.grammar.phrases import Phrase
from protoparse.lexing import Lexemes

_MEMBER = "[dmv]{0,4}[wKMmya-]{0,9}[wKMa]y{0,3}(?:O[dm]{0,3}[wKM]{1,4})?"
_LIST = re.compile(rf"(?<=[wKMqmy)v])[Oip~W@s](?=({_MEMBER}(?:(?:,[&|]?|[&|/])[Oip~W]?{_MEMBER}){{0,12}}))")
_LINK = re.compile(r",[&|]?[Oip~W]?|[&|/][Oip~W]?")


def placed(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, each list of places one name."""
    for match in _LIST.finditer(codes):
        begin, stop = match.start(1), match.end(1)
        ends = [*((m.start(), m.end()) for m in _LINK.finditer(codes, begin, stop)), (stop, stop)]
        end, members, linked = begin, 0, False
        at = begin
        for last, after in ends:
            if not _place(lexemes, first, codes, at, last):
                break
            linked = linked or (members > 0 and codes[end] != ",") or codes[end + 1 : end + 2] in ("&", "|")
            end, at, members = last, after, members + 1
        if members < 2 and not (members and codes[match.start()] == "~"):
            continue  # one place stands in the name ("infection of the lung"), but "trauma to the chest"
        if (members > 1 and not linked) or any(begin <= p.first - first < end for p in found):
            continue
        while codes[begin] in "dv":
            begin += 1
        place = match.start()
        codes = f"{codes[:place]}s{codes[place + 1 : begin]}{'w' * (end - begin)}{codes[end:]}"
    return codes


def _place(lexemes: Lexemes, first: int, codes: str, begin: int, end: int) -> bool:
    """Whether a stretch names a part of the body, or something that it gives: "the small bowel", "blood"."""
    while end > begin and codes[end - 1] in "y-":
        end -= 1
    of = codes.find("O", begin, end)
    end = of if of > begin else end
    if end == begin:
        return False
    entry = lexemes.entries[first + end - 1]
    # A name that ends in a place is of a disease or an operation: "carcinoma in situ of the cervix".
    return plays(entry, "place") if codes[end - 1] in "wa" else "place" in entry.roles
