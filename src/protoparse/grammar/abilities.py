"""What somebody can or will do, or not: "unable to answer the questions", "speaks, reads and writes English".

In: the codes of an item, and where its values and times stand. Out: `Ability`s, the lexemes of such a doing that are
one name, verb, object and all; "unable to insert the tube during the visit" names "insert the tube". Where the verb
says nothing of its own the object is the name: "unable to undergo MRI" is about the MRI.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from protoparse.grammar.items import plays, telling
from protoparse.grammar.phrases import Phrase
from protoparse.lexing import Lexemes, lexer
from protoparse.model import Domain

_DOING = re.compile("[wdOpKMmvaiyo@GF~'-]+")
_BARE = re.compile("[^wKMa]")
# The rest of a list of what has no name of its own ("the nature, scope and consequences of the study").
_REST = re.compile(r"(?:,[dwmvaOp'-]+){0,3},?[&|/]+[dm]*w[dwmvaOpi~o'-]*(?![KM])")
_NAMED = re.compile("[KM]")
_TONGUES = ("speak", "spoken", "read", "writ", "underst", "compreh", "communicat")
_TONGUE = re.compile(rf"\b(?:{'|'.join(_TONGUES)})")
_SPEAKING = re.compile("speak")
_LANGUAGE = re.compile(r"[wKv](?:[,&|/]+[wKv])*(?:[,&|/]+|[pi]?[dm]*w?)K")
_SIGNED = re.compile("Rv*a")
_TOWARD = re.compile("(?:O[dv]{0,3})?[~O]")
_BESIDE = 4
"""So near each other "willing" and "able" say one thing."""
_OBJECT: dict[str, Domain] = {"can": "observation", "will": "consent"}


class Ability(NamedTuple):
    """The lexemes `[first, last)` of a name, counted from the beginning of its item, and what it is the name of."""

    first: int
    last: int
    domain: Domain
    cue: int = -1
    """Where what says so begins, if that names nothing by itself ("willingness to")."""


def abilities(text: str, lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> list[Ability]:
    """What somebody is said to be able or willing to do, where it is one name, in order."""
    words = text[lexemes.starts[first] : lexemes.ends[first + len(codes) - 1]].lower()
    made: list[Ability] = []
    if "K" in codes and any(stem in words for stem in _TONGUES) and _TONGUE.search(words):
        made = _tongues(lexemes, first, codes)
    k = codes.find("!")
    stops = {p.first - first for p in found} if k >= 0 else set()
    while k >= 0:
        kind = lexemes.entries[first + k].roles.get("ability")
        if kind is not None and not any(m.first <= k + 1 < m.last for m in made):
            last = _done(lexemes, first, codes, k + 1, stops)
            if last > k + 1:
                made.append(Ability(k + 1, last, _OBJECT[kind]))
        k = codes.find("!", k + 1)
    if any(word in words for word in telling("skill")) and _skilled().search(words):
        made += _skills(lexemes, first, codes, {p.first - first for p in found}, made)
    if "R" in codes:
        made += _signed(lexemes, first, codes)
    return sorted(made)


def _signed(lexemes: Lexemes, first: int, codes: str) -> list[Ability]:
    """What those have agreed to "who have signed the consent form": what names the event elsewhere."""
    found = []
    for match in _SIGNED.finditer(codes):
        last = match.end()
        who = "relative" in lexemes.entries[first + match.start()].roles
        if who and lexemes.entries[first + last - 1].event == "informed_consent":
            found.append(Ability(last - 1, last, "consent"))
    return found


@cache
def _skilled() -> re.Pattern[str]:
    """What says that somebody can or will do something: few texts have it."""
    words = [w for w, e in lexer().singles.items() if "skill" in e.roles]
    return re.compile(rf"\b(?:{'|'.join(sorted(words))})\b")


def _skills(lexemes: Lexemes, first: int, codes: str, stops: set[int], made: Sequence[Ability]) -> list[Ability]:
    """What somebody can or will do: "willing to wear a monitor", "ability of the patient to answer questions"."""
    entries = lexemes.entries
    found: list[Ability] = []
    willing = -_BESIDE
    for k in range(len(codes)):
        kind = entries[first + k].roles.get("skill")
        if kind is None or codes[k] not in "vw^":
            continue
        willing = k if kind == "will" else willing
        toward = _TOWARD.match(codes, k + 1)
        begin = toward.end() if toward is not None else k + 1
        led = entries[first + k].text.endswith(" to") or (begin > k + 1 and codes[begin - 1] in "~O")
        if not led or begin == len(codes) or any(m.first <= begin < m.last for m in made):
            continue
        if entries[first + begin].event == "informed_consent":
            found.append(Ability(begin, begin + 1, "consent", k))  # "capable of giving informed consent"
            continue
        verb = (
            f"{codes[:begin]}w{codes[begin + 1 :]}" if codes[begin] == "m" else codes
        )  # "willing to complete a diary"
        last = _done(lexemes, first, verb, begin, stops)
        again = any("skill" in entries[first + n].roles for n in range(begin, last))  # "to understand and willing to …"
        if last > begin + 1 and not again and codes[last : last + 1] != "+":
            willing_to = "will" if k - willing < _BESIDE else "can"
            spoken = _SPEAKING.match(entries[first + begin].text) is not None
            found.append(Ability(begin, last, "person" if spoken else _OBJECT[willing_to], k))
    return found


def _done(lexemes: Lexemes, first: int, codes: str, begin: int, stops: set[int]) -> int:
    """Where what is done ends whose verb stands at `begin`; there where its object has a name of its own."""
    entries = lexemes.entries
    verb = begin
    grasped = codes[begin : begin + 1] == "v" and _TONGUE.match(entries[first + begin].text) is not None
    if grasped and not _NAMED.search(codes, begin, _chunk(lexemes, first, codes, begin, stops)):
        codes = f"{codes[:begin]}w{codes[begin + 1 :]}"  # "understand the scope of the study"
    while verb < len(codes) and codes[verb] == "w" and entries[first + verb].text.endswith("ly"):
        verb += 1
    if verb >= len(codes) or codes[verb] != "w" or verb in stops:
        return begin
    end = _chunk(lexemes, first, codes, begin, stops)
    if end <= verb:
        return begin
    terms = [entries[first + k].roles.get("concept") for k in range(verb, end) if codes[k] == "K"]
    if any(term is not None and term.domain in ("consent", "allergy") for term in terms):
        return begin
    idle = "nameless" in entries[first + verb].roles or "verb" in entries[first + verb].roles
    if (idle and _NAMED.search(codes, verb, end)) or any(plays(entries[first + verb], r) for r in _APART):
        return begin
    rest = _REST.match(codes, end)
    if rest is not None and stops.isdisjoint(range(end, rest.end())):
        end = rest.end()  # "operate the telephone or computer"
        while _BARE.match(codes, end - 1):
            end -= 1
    return end


_APART = ("undertaking", "matter", "state", "allergy")


def _chunk(lexemes: Lexemes, first: int, codes: str, begin: int, stops: set[int]) -> int:
    """Where the words that begin there end, a phrase of time or number behind them left out."""
    match = _DOING.match(codes, begin)
    if match is None:
        return begin
    end = min([s for s in stops if begin < s < match.end()], default=match.end())
    while end > begin and _BARE.match(codes, end - 1) and "matter" not in lexemes.entries[first + end - 1].roles:
        end -= 1
    return end


def _tongues(lexemes: Lexemes, first: int, codes: str) -> list[Ability]:
    """What somebody does in a language: "speak, read and understand English" is one name."""
    entries = lexemes.entries
    made = []
    for match in _LANGUAGE.finditer(codes):
        tongue = entries[first + match.end() - 1]
        term = tongue.roles["concept"]
        spoken = " " in tongue.text and _TONGUE.match(tongue.text) is not None  # "…, read or understand English"
        if not spoken and (term.domain != "person" or term.name == "age" or codes[match.end() - 2] in ",&|/"):
            continue
        said = [k for k in range(match.start(), match.end() - 1) if codes[k] in "wKv"]
        verbs = [k for k in said if k < match.end() - 2 or "nameless" not in entries[first + k].roles]
        if all(_TONGUE.match(entries[first + k].text) for k in verbs):
            made.append(Ability(match.start(), match.end(), "person"))
    return made
