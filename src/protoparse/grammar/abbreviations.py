"""Abbreviations that a listing defines itself, which hold all over it.

In: an eligibility text. Out: a `Glossary`, what the vocabulary has for each abbreviation's long form, and notes on
those defined twice; "granulomatosis with polyangiitis (GPA)" gives GPA, a condition.

A definition is a long form right before a bracket with nothing but the short one, whose letters stand in the long form
in their order (A. S. Schwartz, M. A. Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical
text", Pacific Symposium on Biocomputing 2003, 451-462).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from protoparse.grammar.terms import domain_of
from protoparse.lexicon import fold
from protoparse.lexing import Entry, Term, lexer, words
from protoparse.model import Note, Span

_BRACKET = re.compile(
    r"[(（]\s?(?:(?:hereafter|hereinafter|henceforth|abbreviated|abbreviation)(?:\s(?:referred\sto\s)?as)?:?\s)?"
    r"[\"'“”‘’]?(?P<short>[A-Za-z][A-Za-z0-9/-]{1,9})[\"'“”‘’]?\s?[)）]",
    re.I,
)
_BREAK = re.compile(r"[\n.;:()（）,]")
_ATTRIBUTE = re.compile(r"\s(?:for|in|with|by|to|from|on)\s")
_CODES = frozenset("KMa")
"""The codes of what an abbreviation may stand for: a thing, a measurement, an event."""


class Definition(NamedTuple):
    """An abbreviation and its long form, as printed, and the place of the bracket."""

    short: str
    long: str
    span: Span


class Glossary(NamedTuple):
    """What abbreviations stand for in one listing, each with its folded long form; notes on those defined twice.

    `meanings` are those that the vocabulary does not say so by itself, `longs` all of them.
    """

    meanings: Mapping[str, tuple[str, Entry]]
    notes: tuple[Note, ...] = ()
    longs: Mapping[str, str] = MappingProxyType({})


_NONE = Glossary({})


def glossary(text: str) -> Glossary:
    """The abbreviations of a text that mean what the vocabulary does not say without it."""
    found = list(definitions(text))
    if not found:
        return _NONE
    longs: dict[str, str] = {}
    notes: dict[str, Note] = {}
    for short, long, span in found:
        folded = fold(long)
        first = longs.setdefault(short, folded)
        if first != folded and _differ(first, folded) and short not in notes:
            message = f"{short} is defined as {first!r} and as {folded!r}"
            notes[short] = Note(code="abbreviation-ambiguous", message=message, span=span)
    meanings = {
        short: (long, entry)
        for short, long in longs.items()
        if short not in notes and (entry := _entry(short, long)) is not None
    }
    told = {short: long for short, long in longs.items() if short not in notes}
    return Glossary(meanings, tuple(notes.values()), told)


def definitions(text: str) -> Iterator[Definition]:
    """Every abbreviation defined in a text, in order.

    >>> [d[:2] for d in definitions("A left ventricular ejection fraction (LVEF) below 40 %")]
    [('LVEF', 'left ventricular ejection fraction')]
    """
    if "(" not in text and "（" not in text:
        return
    for match in _BRACKET.finditer(text):
        short = match["short"]
        if short.islower() or sum(map(str.isalpha, short)) < 2:
            continue
        reach = text[max(0, match.start() - 30 * len(short)) : match.start()].rstrip()
        before = _BREAK.split(reach)[-1]
        count = min(len(short) + 5, 2 * len(short))
        long = _long(short, " ".join(before.split()[-count:]))
        if long is not None:
            yield Definition(short, long, match.span())


def _long(short: str, before: str) -> str | None:
    """The shortest end of a text that holds the letters of an abbreviation in order, the first one begins a word."""
    place = len(before)
    final = before.rfind(" ") + 1  # the last letter stands in the last word: HCV is not "hepatitis C virus antibody"
    for k in range(len(short) - 1, -1, -1):
        letter = short[k].lower()
        if not letter.isalnum():
            continue
        place -= 1
        while place >= 0 and (
            before[place].lower() != letter or (k == 0 and place > 0 and before[place - 1].isalnum())
        ):
            place -= 1
        if place < final:
            return None
        final = 0
    long = before[before.rfind(" ", 0, place + 1) + 1 :]
    parts = long.split()
    # a plural or a part of the word itself is no long form: "kinase inhibitors (inhibitors)", "CD19+ B cells (CD19)"
    if len(long) <= len(short) or len(parts) < 2 or any(p.lower() == short.lower() for p in parts):
        return None
    return long


def _differ(one: str, other: str) -> bool:
    plain = [re.sub(r"[\W_]|s\b", "", x) for x in (one, other)]
    return not (plain[0].endswith(plain[1]) or plain[1].endswith(plain[0]))


@lru_cache(4096)
def _entry(short: str, long: str) -> Entry | None:
    """What an abbreviation stands for; None where the vocabulary says the same of it, or nothing of its long form."""
    vocabulary = lexer()
    parts = words(short)
    if len(parts) != 1:
        return None
    mine = vocabulary.singles[parts[0]]
    entry = vocabulary.phrase(words(long))
    if entry is not None and entry.code in _CODES:
        return entry if _meaning(entry) != _meaning(mine) else None
    if (mine.code != "w" or mine.roles) and not _another(short, long, mine):
        return None
    domain = domain_of(_ATTRIBUTE.split(long)[0].split())
    return None if domain is None else Entry("K", parts[0], {"concept": Term(domain, long)})


def _another(short: str, long: str, known: Entry) -> bool:
    """Whether a listing's long form, letter for letter the abbreviation's, is not what the vocabulary knows by it."""
    if known.code not in "KM" or "".join(re.findall(r"\b[a-z](?!f\b|nd\b|he\b)", long)) != short.lower():
        return False
    names = [t.name for t in (known.roles.get("concept"), known.roles.get("measurement")) if t is not None]
    return not any(word[:5] in name for name in names for word in re.findall(r"\w{4,}", long))


def _meaning(entry: Entry) -> tuple[object, ...]:
    terms = (entry.roles.get("concept"), entry.roles.get("measurement"))
    return (*(t.name for t in terms if t is not None), entry.event)
