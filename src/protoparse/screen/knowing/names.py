"""What the name of an event says: the normal forms of the thing and of all that it is a kind of.

In: a name as a record prints it. Out: a `Name`: "Closed fracture of clavicle (disorder)" is a closed clavicle fracture,
a clavicle fracture, a fracture; "Never smoker" says that a smoker was not. The words are in `lexicon/records.tsv`, what
is not of the kind that its last words name in `lexicon/unlike.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from protoparse import lexicon
from protoparse.concepts.wording import normal, words

_KEPT = 50_000


class Name(NamedTuple):
    """What a name says, and whether it says that it was not so, was so before, or was so of kin."""

    forms: tuple[str, ...]
    """Normal forms, the whole name first, then more and more general ones."""
    absent: bool
    past: bool
    family: bool


@cache
def listed(kind: str) -> tuple[str, ...]:
    """The words of `lexicon/records.tsv` of a kind."""
    return tuple(w for r in lexicon.rows("records") if r["kind"] == kind for w in lexicon.spellings(r["words"]))


@cache
def forms_of(kind: str) -> frozenset[str]:
    """The normal forms of the words of a kind."""
    return frozenset(map(normal, listed(kind)))


@cache
def bare() -> frozenset[str]:
    """Names that say nothing by themselves."""
    return frozenset(listed("bare"))


@cache
def bare_forms() -> frozenset[str]:
    """The normal forms of names that say nothing by themselves."""
    return frozenset(map(normal, listed("bare"))) | {""}


LONGEST = 500
"""What is longer is no name but a text, which may say anything of what it names: only its codes count."""


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What stands in front of a name, what parts one, what is appended to one."""

    def either(*kinds: str) -> str:
        found = sorted((w for k in kinds for w in listed(k)), key=len, reverse=True)
        return "|".join(map(re.escape, found))

    front = re.compile(
        rf"\s*(?:(?P<denied>{either('denied')})|(?P<family>{either('family')})|(?P<past>{either('past')}))(?:[\s:]+|-\s*)(?=\S)"
    )
    parts = re.compile(
        rf"\s+(?P<joined>{either('joined')})\s+|\s+(?!(?:{either('fixed')})\b)(?:{either('aside')})\s+|[,;]\s*|\s+(?P<dash>-)\s+|[()\[\]:]"
    )
    tags = re.compile(rf"\s*\((?:{either('tag')})\)\s*$")
    return front, parts, tags


def untagged(name: str) -> str:
    """A name in lower case, without what a vocabulary appends: "(disorder)"."""
    return _patterns()[2].sub("", name.lower()).strip()


@cache
def _asking() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(re.escape, listed('asking')))})\b|.*\?")


def question(name: str) -> bool:
    """Whether a name is a question, of which only the answer would say something: "Are you a refugee"."""
    return _asking().match(untagged(name)) is not None


@lru_cache(_KEPT)
def read_name(name: str, act: bool = False) -> Name:
    """A name's forms, and what is said in front of it; an act may be done to screen for something."""
    front, parts, _ = _patterns()
    text = untagged(name)
    marks = {"denied": False, "past": False, "family": False}
    while (found := front.match(text)) is not None and found.lastgroup is not None:
        marks[found.lastgroup] = True
        text = text[found.end() :]
    pieces: list[tuple[str, str]] = []
    place, kind = 0, "core"
    for match in parts.finditer(text):
        pieces.append((kind, text[place : match.start()]))
        place = match.end()
        before = kind
        kind = "joined" if match["joined"] and before in ("core", "joined") else "core" if match["dash"] else "aside"
    pieces.append((kind, text[place:]))
    forms = dict.fromkeys([normal(text)])
    joined = [words(piece) for kind, piece in pieces if kind == "joined"]
    heads = [words(piece) for kind, piece in pieces if kind == "core"]
    for n, head in enumerate(heads):
        forms.update(dict.fromkeys(_general(head, joined if n == 0 else [], act)))
    return Name(tuple(f for f in forms if f), marks["denied"], marks["past"], marks["family"])


def _general(head: list[str], joined: list[list[str]], act: bool) -> Iterator[str]:
    """The forms of a head and what is joined to it, from the particular to the general."""
    everything = [w for piece in joined for w in piece]
    rests = [everything] if everything else []
    # "fracture of neck of femur" is one of the femur, "cancer of upper lobe of lung" one of the lung
    if joined:
        rests += [joined[-1][k:] for k in range(len(joined[-1]))]
    rests.append([])
    either = set(listed("either"))
    doubted = forms_of("undone") if act else forms_of("undone") | forms_of("doubted")
    for start in range(len(head)):
        before = head[:start]
        if any(w in doubted or w in either for w in before) or either & set(head[start:]):
            return
        kind = head[start:]
        if set(before) & _unlike().get(" ".join(sorted(set(kind))), frozenset()):
            continue
        for rest in rests:
            if not rest and kind[-1].isdigit():
                continue
            yield " ".join(sorted({*kind, *rest}))


@cache
def _unlike() -> dict[str, frozenset[str]]:
    return {
        normal(r["name"]): frozenset(w for s in lexicon.spellings(r["before"]) for w in words(s))
        for r in lexicon.rows("unlike")
    }


@cache
def _allergic() -> re.Pattern[str]:
    frames = "|".join(map(re.escape, sorted(listed("allergic"), key=len, reverse=True)))
    return re.compile(rf"^(?:(?:{frames})\s+(?:to|of|against)\s+(?P<after>.+)|(?P<before>.+?)\s+(?:{frames}))$")


def allergen(name: str) -> str | None:
    """What an allergy is to, None where a name is of no allergy."""
    match = _allergic().match(untagged(name))
    return match and (match["after"] or match["before"])


@cache
def _single(kind: str) -> frozenset[str]:
    """The words of a kind, each by itself in its normal form."""
    return frozenset(word for phrase in listed(kind) for word in words(phrase))


@lru_cache(_KEPT)
def undertaking(name: str) -> str | None:
    """Whether a name says no more than that somebody takes part, or keeps to what a study asks; None for any other.

    >>> undertaking("Signed informed consent"), undertaking("comply with all study visits")
    ('=agreeing', '=complying')
    >>> undertaking("poor compliance"), undertaking("adherence to inhaled steroids")
    (None, None)
    """
    said = frozenset(words(untagged(name)))
    agreeing, complying = _single("agreeing"), _single("complying")
    either = said - agreeing - _single("undertaken")
    if said & agreeing and not either:
        return "=agreeing"
    if said & (agreeing | complying) and not either - complying - _single("visited") and said - complying:
        return "=complying"  # "adherent" alone may be so to anything
    return None
