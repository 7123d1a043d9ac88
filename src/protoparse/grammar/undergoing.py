"""What was done to those who have a disease: "diabetes treated with metformin", "people with asthma who had surgery".

In: the lexemes in front of a name. Out: whether they say that the named was done or given.
"""

from __future__ import annotations

import re

from protoparse.grammar.items import Item
from protoparse.grammar.naming import Phrase
from protoparse.grammar.terms import GIVEN


def led(item: Item, phrase: Phrase) -> int:
    """What leads in a phrase, when it was aside: "who have undergone prior surgery"."""
    i = phrase.cue if phrase.cue >= 0 else phrase.first - 1
    while i > item.offset and item.code(i) in "Hdm":
        i -= 1
    return i


_WHO = re.compile("R[vdmH]*[vH][dm]*")


def borne(item: Item, head: Phrase, phrase: Phrase) -> bool:
    """Whether a phrase names what else people with a disease have or had ("stenosis, who have a history of stroke")."""
    begin = head.last + (item.at(head.last) == ",")
    if begin >= phrase.first or item.entries[begin].text != "who":
        return False
    return _WHO.fullmatch(item.codes, begin - item.offset, phrase.first - item.offset) is not None


def done(item: Item, i: int) -> bool:
    """Whether a cue says what a thing was treated with, or what those who have it had ("who have received")."""
    if "relative" in item.entries[i].roles:
        return i + 1 < item.offset + len(item.codes) and item.entries[i + 1].roles.get("verb") in GIVEN
    if item.entries[i].roles.get("verb") not in GIVEN:
        return False
    before = i - 1
    while before > item.offset and item.code(before) in "vHd":
        before -= 1
    return "treated" in item.entries[i].text or (before >= item.offset and "relative" in item.entries[before].roles)
