"""How records name things: vocabularies, units, and the few words that every record uses, as the project calls them.

In: what FHIR and OMOP write. Out: names, `Code`s, units. The words are in `lexicon/systems.tsv` and
`lexicon/records.tsv`.

>>> code("http://snomed.info/sct", "38341003").system, plain("Hypertensive disorder (disorder)")
('SNOMED', 'Hypertensive disorder')
>>> unit("mm[Hg]", None), unit(None, "K/uL"), unit(None, "beats")
(('mm[Hg]', True), ('10*3/uL', True), ('beats', False))
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import cast

from protoparse import lexicon
from protoparse.errors import UnitError
from protoparse.model import Code, Domain
from protoparse.screen.patient import Sex
from protoparse.screen.records.resources import Quantity
from protoparse.units import parse_unit

_TAGGED = re.compile(r"(.*\S)\s+\(([^()]+)\)\s*")


@lru_cache(1_000)
def system(written: str) -> str:
    """The project's name of a vocabulary that is named by URL, OID or OMOP's id; as written where it has none."""
    name = written.strip().partition("|")[0]
    known = _systems()
    # An edition of SNOMED CT is named by a longer URL.
    for key in (name, name.rstrip("/"), "/".join(name.split("/")[:4])):
        if found := known.get(lexicon.fold(key)):
            return found
    return name


@lru_cache(100_000)
def code(vocabulary: str, written: str) -> Code:
    """A code with its vocabulary by the project's name."""
    return Code(system=system(vocabulary), code=written.strip())


@lru_cache(100_000)
def plain(name: str) -> str:
    """A name without the kind of thing that SNOMED CT says behind it, spaces folded."""
    name = " ".join(name.split())
    match = _TAGGED.fullmatch(name)
    return match[1] if match and match[2].lower() in _words("tag") else name


@lru_cache(10_000)
def unit(ucum: str | None, printed: str | None) -> tuple[str | None, bool]:
    """A unit, and whether it is UCUM: the code where it is one, else what is printed, by the project's table.

    What is printed is looked up first and taken for UCUM last: "K/uL" is thousands, not kelvins, a microlitre.
    """
    if ucum and _is_ucum(ucum):
        return ucum, True
    for written in filter(None, (ucum, printed)):
        if found := lexicon.unit_code(written) or (written if _is_ucum(written) else None):
            return found, True
    return printed or ucum or None, False


def of_quantity(quantity: Quantity) -> tuple[str | None, str | None]:
    """UCUM's code, and what is printed; a code of another vocabulary counts for nothing."""
    ucum = quantity.code if quantity.system and system(quantity.system) == "UCUM" else None
    return ucum, quantity.unit or (quantity.code if quantity.system is None else None)


def sex(words: Iterable[str | int | None]) -> Sex | None:
    """The sex that the first known of some words or OMOP concepts stands for."""
    return cast("Sex | None", _first("sex", words))


def visit(words: Iterable[str | None]) -> str | None:
    """What a class of encounters is called."""
    return _first("visit", words)


def answer(words: Iterable[str | None]) -> str | None:
    """ "yes" or "no" where one of some words or codes says it."""
    return _first("answer", words)


def unlisted(words: Iterable[str | None]) -> str | None:
    """The kind of allergy that, as some words or codes say, there is none of."""
    return _first("unlisted", words)


def doubtful(words: Iterable[str | None]) -> bool:
    """Whether a word says that nobody has confirmed a diagnosis."""
    return _first("doubt", words) is not None


@lru_cache(10_000)
def allergen(name: str, domain: Domain) -> str | None:
    """What an allergy is to ("Allergy to bee venom"), None where a name says no such thing.

    Only among allergies is an intolerance or a sensitivity one: that to cold or to exercise is not.
    """
    match = _cue(domain == "allergy").match(name)
    return name[match.end() :].strip() or None if match else None


def _first(kind: str, words: Iterable[str | int | None]) -> str | None:
    known = _words(kind)
    return next((known[key] for w in words if w is not None and (key := lexicon.fold(str(w))) in known), None)


def _is_ucum(written: str) -> bool:
    try:
        parse_unit(written)
    except UnitError:
        return False
    return True


@cache
def _systems() -> Mapping[str, str]:
    return {
        lexicon.fold(spelling): row["name"]
        for row in lexicon.rows("systems")
        for spelling in [row["name"], *lexicon.spellings(row["spellings"])]
    }


@cache
def _words(kind: str) -> Mapping[str, str]:
    return {
        lexicon.fold(spelling): row["name"]
        for row in lexicon.rows("charts")
        if row["kind"] == kind
        for spelling in lexicon.spellings(row["spellings"])
    }


@cache
def _cue(any_: bool) -> re.Pattern[str]:
    """A cue of allergy, or one of any adverse reaction, that awaits its substance."""
    rows = [row for row in lexicon.rows("allergies") if any_ or row["name"] == "allergy"]
    cues = [s for row in rows for s in lexicon.spellings(row["spellings"])]
    waiting = sorted((c for c in cues if c.endswith((" to", " of", " against"))), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(map(re.escape, waiting))})\s+", re.I)
