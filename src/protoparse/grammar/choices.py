"""Alternatives among the words that narrow a thing: "severe or uncontrolled", "unresectable or metastatic".

In: the modifiers of neighbours in a list. Out: one modifier with the whole phrase and a list as its value: modifiers
that stand side by side all hold, of these one is enough; "unresectable or metastatic breast cancer" is a breast cancer.
"""

from __future__ import annotations

import re

from protoparse.grammar.drafts import Draft, values
from protoparse.grammar.facts import Cutter
from protoparse.lexicon import fold
from protoparse.lexing import lexer
from protoparse.model import Modifier

_EITHER = re.compile(r"-?\s*,?\s*(?:and\s?/\s?or|or|/)\s*")
_BOTH = re.compile(r"-?\s*,?\s*(?:and|&)\s*")
_LISTED = re.compile(r"-?\s*,\s*")
_SCALES = ("severity", "acuity", "location", "route", "method")
"""Of these nothing has two at a time: "acute and chronic" means either, "treated and stable" both."""
_KINDS = ("severity", "acuity", "status", "stage", "certainty", "location", "route", "method", "other")
"""What words in front of a name say of it; the others stand behind a preposition."""


def either(text: str, one: Modifier, other: Modifier) -> Modifier | None:
    """Two modifiers that "or" joins as one, None where both hold.

    A comma joins to a list that ends in "or": "active, chronic or recurrent".
    """
    if one.span is None or other.span is None or one.span[1] > other.span[0]:
        return None
    if one.type not in _KINDS or other.type not in _KINDS:
        return None
    between = text[one.span[1] : other.span[0]].lower()
    link = _EITHER.fullmatch(between) or (isinstance(other.value, tuple) and _LISTED.fullmatch(between))
    if not link and not (one.type == other.type and one.type in _SCALES and _BOTH.fullmatch(between)):
        return None
    span = (one.span[0], other.span[1])
    kind = "stage" if other.type == "stage" and one.type == "status" else one.type
    return Modifier(type=kind, text=text[slice(*span)], span=span, value=(*values(one), *values(other)))


def joined(text: str, modifiers: tuple[Modifier, ...]) -> tuple[Modifier, ...]:
    """Modifiers in order, those that "or" joins as one."""
    out: list[Modifier] = []
    for modifier in reversed(modifiers):
        both = either(text, modifier, out[-1]) if out else None
        if both is None:
            out.append(modifier)
        else:
            out[-1] = both
    return tuple(reversed(out))


def detached(cutter: Cutter, lone: Draft, right: Draft) -> None:
    """Take the last of several alternatives off a name: of "unresectable or metastatic melanoma" the metastatic."""
    mine = lone.modifiers[-1]
    if mine.span is None or right.concept is None or any(m.span and m.span < right.concept for m in right.modifiers):
        return
    start, end = right.concept
    if _EITHER.fullmatch(cutter.text[mine.span[1] : start].lower()) is None:
        return
    first, _, rest = cutter.text[start:end].partition(" ")
    modifier = narrowing(cutter, first, start)
    rest = rest.strip()
    if modifier is None or not rest or modifier.type not in _KINDS:
        return
    entry = lexer().phrase(fold(rest).split())
    term = entry.roles.get("concept") if entry is not None else None
    right.concept = (end - len(rest), end)
    right.modifiers = (modifier, *right.modifiers)
    right.term, right.name = term, term.name if term else None
    right.domain = term.domain if term else right.domain


def narrowing(cutter: Cutter, word: str, start: int) -> Modifier | None:
    """What a word in front of a name says of it, None where it is part of the name."""
    roles = cutter.roles(word)
    said = roles.get("modifier") or ((roles["choice"], fold(word)) if "choice" in roles else None)
    return Modifier(type=said[0], text=word, span=(start, start + len(word)), value=said[1]) if said else None


def loosened(cutter: Cutter, member: Draft, right: Draft) -> None:
    """Make an adjective that stands for a disease narrow the next one: "metastatic or unresectable melanoma"."""
    if member.concept is None or right.concept is None or member.last != member.concept[1] or member.value:
        return
    start, end = member.concept
    if member.time or member.includes or "choice" not in cutter.roles(cutter.text[start:end]):
        return
    leading = next((m for m in right.modifiers if m.span and m.span < right.concept), None)
    modifier = narrowing(cutter, cutter.text[start:end], start)
    if leading is None:
        first = cutter.text[slice(*right.concept)].partition(" ")[0]
        leading = narrowing(cutter, first, right.concept[0])
        if leading is None or (modifier and leading.type != modifier.type):
            return
    if modifier is None or either(cutter.text, modifier, leading) is None:
        return
    member.modifiers += (modifier,)
    member.concept = member.term = member.name = member.domain = None
