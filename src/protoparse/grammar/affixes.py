"""Names that deny themselves: "non-smoker", "chemotherapy-naive", "seizure-free".

In: the lexemes of a name. Out: those of what it denies; "non-smoker" is `not` a smoker, "insulin-naive" never had
insulin. What only tells one kind of a thing from another is a name: "non-cardiac surgery", "non-melanoma skin cancer".
"""

from __future__ import annotations

from protoparse.grammar.drafts import Draft
from protoparse.grammar.items import Item, plays
from protoparse.grammar.terms import THINGS, domain_of
from protoparse.lexicon import fold


def undenied(item: Item, draft: Draft, first: int, last: int) -> tuple[int, int]:
    """The bounds of what the name `[first, last)` denies, and the draft told so; the same where it denies nothing."""
    affix = item.entries[last - 1].roles.get("denial")
    place = last - 1
    while place > first + 1 and item.code(place - 1) in "-y":
        place -= 1
    if affix in ("never", "free") and place > first and item.code(place - 1) in "wKM":
        draft.denied = "ever" if affix == "never" else "so"
        item.carry(place, last)
        draft.cover(*item.span(place, last))
        return first, place
    if item.entries[first].roles.get("denial") != "non":
        return first, last
    place = first + 1
    while place < last - 1 and item.code(place) in "-y":
        place += 1
    if place < last and _told_of_people(item, place, last):
        draft.denied = "so"
        item.carry(first, place)
        draft.cover(*item.span(first, place))
        return place, last
    return first, last


def _told_of_people(item: Item, first: int, last: int) -> bool:
    """Whether a name says how somebody is ("smoker", "pregnant", "dialysis patients"), not of what kind a thing is."""
    if plays(item.entries[last - 1], "state"):
        return True
    term = item.entries[first].roles.get("concept")
    if last > first + 1 or term is None or term.domain not in THINGS or last - item.offset >= len(item.codes):
        return False
    if " " in item.entries[first].text:
        return False  # "non-cardiac surgery patients" had another surgery
    return "population" in item.entries[last].roles


def untreated(item: Item, draft: Draft, i: int) -> bool:
    """Whether a lexeme alone says what somebody never had ("treatment-naive"); the draft is then of that."""
    entry = item.entries[i]
    if item.code(i) != "m" or entry.roles.get("denial") != "never":
        return False
    start = item.starts[i]
    word = entry.text.split(" ", 1)[0]
    draft.denied = "ever"
    draft.concept, draft.domain = (start, start + len(word)), domain_of([word])
    draft.cover(*item.span(i, i + 1))
    item.take(i, i + 1)
    return True


def inside(item: Item, draft: Draft, i: int) -> None:
    """Take the prefix off a name that is one word with it ("nonsmoker")."""
    word = item.entries[i].text
    start, end = item.span(i, i + 1)
    draft.denied = "so"
    draft.concept, draft.name = (start + len("non"), end), fold(word[len("non") :])
