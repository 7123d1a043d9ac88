"""What was done to those who have a disease: "diabetes treated with metformin", "people with asthma who had surgery".

In: the lexemes in front of a name. Out: whether they say that the named was done or given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protoparse.grammar.items import Item, plays
from protoparse.grammar.naming import Phrase, Words
from protoparse.grammar.terms import GIVEN
from protoparse.model import Domain

_FAR = 6
"""So many words behind "that" is what a disease did."""


def led(item: Item, phrase: Phrase) -> int:
    """What leads in a phrase, when it was aside: "who have undergone prior surgery"."""
    i = phrase.cue if phrase.cue >= 0 else phrase.first - 1
    while i > item.offset and item.code(i) in "Hdm":
        i -= 1
    return i


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


def taken(item: Item, head: Phrase, phrase: Phrase, domain: Domain | None) -> bool:
    """Whether those who have a disease are treated with a phrase of this domain: "gout on allopurinol".

    No "progression on docetaxel", which says when it grew, and no "lesions on examination".
    """
    if phrase.cue < head.last or item.entries[phrase.cue].text != "on" or plays(item.entries[head.last - 1], "outcome"):
        return False
    return domain == "drug" or (domain == "procedure" and plays(item.entries[phrase.last - 1], "treating"))


def does(item: Item, i: int) -> bool:
    """Whether what somebody does or had begins at i: "who received hormones", no "who the nurse thinks is ill"."""
    if i < 0 or "relative" not in item.entries[i].roles or item.entries[i].text == "whose":
        return False
    return item.at(i + 1) != "d" and "pronoun" not in item.entries[i + 1].roles


def befell(item: Item, parts: Sequence[Any]) -> tuple[list[Any], list[Any]] | None:
    """A disease, and what it did: "melanoma that has progressed after surgery", "people whose disease has recurred"."""
    for k, part in enumerate(parts):
        if not isinstance(part, Words):
            continue
        i = item.codes.find("R", part.first - item.offset, part.last - item.offset - 1) + item.offset
        if i < part.first or not {"relative", "owning"} & item.entries[i].roles.keys():
            continue
        for j in range(i + 1, min(part.last, i + _FAR)):
            if item.code(j) == "K" and "grown" in item.entries[j].roles:
                if item.kind == "exclusion" and (k, j) == (len(parts) - 1, part.last - 1):
                    return None  # "another malignancy that progressed or has required treatment in the last 3 years"
                return [*parts[:k], *([Words(part.first, i)] if i > part.first else [])], [
                    Words(i + 1 if "relative" in item.entries[i].roles else j, part.last),
                    *parts[k + 1 :],
                ]
            if item.code(j) not in "vHCw^" and "whose" not in item.entries[i].text:
                break
    return None
