"""What else those have who have a disease: "diabetes treated with metformin", "people with asthma who had surgery".

In: the lexemes in front of a name, or the parts of an atom. Out: whether they say that the named was done or given, the
parts that name the disease and those that say what else there is.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from protoparse.grammar.items import Item, plays
from protoparse.grammar.naming import Phrase, Words
from protoparse.grammar.terms import GIVEN
from protoparse.model import Domain

_RELATED = re.compile("([^R]*(K)[^KRMw]*)Rv[^RV]*[KM]")


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


def related(item: Item, parts: Sequence[Any]) -> tuple[list[Any], list[Any]] | None:
    """A thing, and what else those have who have it: "asthma who have a cough", "cancer that has a mutation"."""
    for k, part in enumerate(parts):
        if not isinstance(part, Words):
            continue
        begin, last = part.first - item.offset, part.last - item.offset
        match = _RELATED.match(item.codes, begin, last)
        if match is None and k and isinstance(parts[k - 1], Words):
            match = _RELATED.match(item.codes, parts[k - 1].first - item.offset, last)  # "asthma, who have a cough"
        if match is None:
            if (place := _being(item, part)) and begin >= 0:
                return [*parts[:k], Words(part.first, place)], [Words(place + 1, part.last), *parts[k + 1 :]]
            continue
        place = match.end(1) + item.offset
        term = item.entries[match.start(2) + item.offset].roles.get("concept")
        if "possessing" in item.entries[place + 1].roles and term is not None and term.domain != "person":
            before = [*parts[:k], *([Words(part.first, place)] if place > part.first else [])]
            return before, [Words(place + 1, part.last), *parts[k + 1 :]]
    return None


_BEING = " who are "
_STATE = re.compile("([dmv]*)K")
_STATES = ("condition", "person", "observation", "drug")


def _being(item: Item, part: Words) -> int:
    """Where words say of people with a disease what else they are: "epilepsy who are pregnant", 0 where not."""
    at = item.text.find(_BEING, item.starts[part.first], item.ends[part.last - 1])
    if at < 0:
        return 0
    place = bisect_left(item.starts, at + 1, part.first, part.last)
    begin = part.first - item.offset
    state = _STATE.match(item.codes, place + 1 - item.offset, part.last - item.offset)
    if state is None or "relative" not in item.entries[place].roles:
        return 0
    said = item.entries[state.end() - 1 + item.offset].roles.get("concept")
    had = item.codes.rfind("K", begin, place - item.offset)
    thing = item.entries[had + item.offset].roles.get("concept") if had >= begin else None
    if thing is None or said is None or thing.domain != "condition" or said.domain not in _STATES:
        return 0
    return place
