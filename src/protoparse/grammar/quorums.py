"""So many of a list: where a number of members is asked for, and where the list begins.

In: an item's lexemes and the quantities among them. Out: `Quorum`s, by the lexeme that begins them; "at least two of
the following symptoms: A, B or C" has one, over the words up to the colon, that asks for two of what follows.

A number is of a list where the words say so ("of the following", "2 out of 3 signs:", "two or more risk factors:"), or
where what is behind "at least one of" is a list itself. "2 of 3 doses" is of no list.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from protoparse.grammar.items import Item
from protoparse.grammar.phrases import Phrase, Value

_POINTED = re.compile(r"(?:\(n\))?>?O[^:;.,()!XI]{1,24}:")
_OF = re.compile(r"(?:\(n\))?>?O:")
_OUT_OF = re.compile(r"(?:\(n\))?>?O[dv]*n[^:;.,()!XIt]{1,5}:")
_COUNTED = re.compile(r"(?:\(n\))?[wKmv]{1,3}[:(]")
_NAMED = re.compile(r"(?:\(n\))?>?O(?=[KMwamdv]+[,|&])")
_ANY = re.compile("dO[^:;.,()!XI]{1,24}:")
_BEHIND = re.compile("[,|&/;.]")


class Quorum(NamedTuple):
    """A number of members asked for: of the list behind lexeme `last`, in brackets up to `close` where it is."""

    last: int
    least: int
    denied: bool = False
    """It is one more than what is asked for at most: "no more than one of" denies two."""
    close: int = -1


def quorums(item: Item, found: Sequence[Phrase]) -> dict[int, Quorum]:
    """The quorums of an item by their first lexemes; their words are understood."""
    made: dict[int, Quorum] = {}
    if "O" in item.codes or ":" in item.codes or "(" in item.codes:
        for phrase in found:
            if isinstance(phrase.meaning, Value) and (quorum := _quorum(item, phrase, phrase.meaning)) is not None:
                made[phrase.first] = quorum
        for match in _ANY.finditer(item.codes) if "dO" in item.codes else ():
            first = item.offset + match.start()
            if item.entries[first].text in ("any", "either") and _following(item, first, item.offset + match.end()):
                made[first] = Quorum(item.offset + match.end(), 1)
    windows = [p.first for p in found if not isinstance(p.meaning, Value)] if made else []
    for first, quorum in list(made.items()):
        k = bisect_right(windows, first)
        window = windows[k] if k < len(windows) and windows[k] < quorum.last else None
        if window is not None:
            made[first] = quorum = quorum._replace(last=window)  # "two of the following within 6 weeks: …"
        for k in range(first, quorum.last):
            if item.code(k) != "K" or item.code(k + 1) in ":(":  # what kind of things they are; no "of asthma"
                item.carry(k, k + 1)
    return made


def _quorum(item: Item, phrase: Phrase, number: Value) -> Quorum | None:
    """The quorum that a number begins."""
    one = number.comparisons[0]
    if len(number.comparisons) != 1 or one.unit is not None or one.reference is not None:
        return None
    if not isinstance(one.value, int) or one.value < 1 or one.operator not in ("=", ">=", ">", "<", "<="):
        return None
    least, denied = one.value + (one.operator in (">", "<=")), "<" in one.operator
    codes, here = item.codes, phrase.last - item.offset
    if codes[here : here + 1] == "w" and item.entries[phrase.last].text == "out":
        here += 1  # "two out of …"
    for lead in (_OF, _POINTED, _OUT_OF):
        match = lead.match(codes, here)
        if match is not None and (lead is not _POINTED or _following(item, phrase.last, item.offset + match.end())):
            return Quorum(item.offset + match.end(), least, denied)
    match = _COUNTED.match(codes, here)
    if match is not None and "listed" in item.entries[item.offset + match.end() - 2].roles:
        last = item.offset + match.end()
        if codes[match.end() - 1] == ":":
            return Quorum(last, least, denied)
        close = codes.find(")", match.end())
        inside = codes[match.end() : close]
        if close > 0 and "(" not in inside and inside[:1] != "I" and len(_BEHIND.findall(inside)) >= max(1, least - 1):
            return Quorum(last, least, denied, item.offset + close)
    match = _NAMED.match(codes, here)
    said_any = here > 1 and item.entries[phrase.first - 1].text == "any"
    place = phrase.first - item.offset
    begun = codes[max(place - 1, 0) : place] in ("", "&")  # "two of A, B or C", "A plus one of B or C"
    if match is not None and (one.operator != "=" or said_any or begun):
        return Quorum(item.offset + match.end(), least, denied)
    return None


def _following(item: Item, first: int, last: int) -> bool:
    """Whether the words between point to a list ("of the following", "of these")."""
    return any(item.entries[k].text in ("following", "these", "below") for k in range(first, last))
