"""Which quantity of `lexicon/measurements.tsv` a laboratory's or a vocabulary's name names.

In: a name as printed, "Creatinine [Mass/volume] in Serum or Plasma". Out: the lexicon's name, "creatinine", or None.
What was measured in counts: creatinine in urine is another quantity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from protoparse import lexicon
from protoparse.screen.knowing.names import LONGEST

_LOINC = re.compile(r"^(?P<what>.*?)\s*\[(?P<property>[^\]]*)\](?P<rest>.*)$")
_IN = re.compile(r"^(?P<what>.+?)\s+(?:in|of)\s+(?P<where>[^/]+?)(?:\s+(?:by|using|per|with|from)\s.*)?$")
_WHERE = re.compile(r"^\s*(?:in|of)\s+(?P<where>.+?)(?:\s+(?:by|using|per|with|from)\s.*)?$")
_SHARE = re.compile(r"/(?:hemoglobin\.total|100 [a-z]+|1\.73.*|[a-z]+\.total)$")
_BRACKETS = re.compile(r"\s*\([^()]*\)")


@cache
def _specimens(kind: str) -> frozenset[str]:
    return frozenset(w for r in lexicon.rows("records") if r["kind"] == kind for w in lexicon.spellings(r["words"]))


@cache
def _spellings() -> dict[str, str]:
    found: dict[str, str] = {}
    for row in lexicon.rows("measurements"):
        for spelling in (row["name"], *lexicon.spellings(row["spellings"])):
            found.setdefault(_plain(spelling), row["name"])
    return found


def _plain(phrase: str) -> str:
    """A phrase without what is only typography: case, spaces, hyphens, the kind of apostrophe."""
    return re.sub(r"[\s-]+", " ", lexicon.fold(phrase).replace("’", "'")).strip()


def _listed(phrase: str) -> str | None:
    return _spellings().get(_plain(phrase))


@lru_cache(20_000)
def quantity(name: str) -> str | None:
    """The quantity that a name names, None where the lexicon has none.

    >>> quantity("Cholesterol in LDL [Mass/volume] in Serum or Plasma by Direct assay")
    'low-density lipoprotein cholesterol'
    >>> quantity("Hemoglobin A1c/Hemoglobin.total in Blood"), quantity("Creatinine [Mass/volume] in Urine")
    ('hemoglobin a1c', None)
    """
    if len(name) > LONGEST:
        return None
    text = lexicon.fold(re.sub(r"\s*\((?:observable entity|procedure|finding)\)\s*$", "", name))
    if "--" in text:
        return None
    if (whole := _listed(text)) is not None:
        return whole
    where = ""
    loinc = _LOINC.match(text)
    if loinc is not None:
        text = loinc["what"]
        if "percentile" in loinc["property"] or "percentile" in loinc["rest"]:
            return _listed(f"{_BRACKETS.sub('', text)} percentile")
        if (found := _WHERE.match(loinc["rest"])) is not None:
            where = found["where"]
    elif (found := _IN.match(text)) is not None and _in(found["where"]):
        text, where = found["what"], found["where"]
    place = _in(where)
    for candidate in _candidates(text):
        if place in ("", "blood"):
            if (known := _listed(candidate)) is not None:
                return known
        elif place == "urine":
            for phrase in (f"urine {candidate}", f"urinary {candidate}"):
                if (known := _listed(phrase)) is not None:
                    return known
    return None


def _candidates(text: str) -> Iterator[str]:
    """How criteria may call what a vocabulary's component is called."""
    yield text
    plain = _BRACKETS.sub("", text)
    if plain != text:
        yield plain
    share = _SHARE.sub("", plain)
    if share != plain:
        yield share
    for form in dict.fromkeys([plain, share]):
        if "." in form:
            what, _, kind = form.partition(".")
            yield f"{kind} {what}"
            yield form.replace(".", " ")
        if (match := re.fullmatch(r"(.+) in (\S+)", form)) is not None:
            yield f"{match[2]} {match[1]}"
    if " - " in plain:
        yield plain.split(" - ")[0]


def _in(where: str) -> str:
    """What kind of specimen: blood, urine, another, or "" where none is named."""
    parts = re.findall(r"[a-z]+", where)
    if "urine" in parts:
        return "urine"
    if any(p in _specimens("specimen") for p in parts):
        return "another"
    return "blood" if any(p in _specimens("blood") for p in parts) else ""


@cache
def _codes() -> dict[str, str]:
    found = {r["loinc"]: r["name"] for r in lexicon.rows("measurements") if r["loinc"]}
    for row in lexicon.rows("loincs"):
        for code in lexicon.spellings(row["codes"]):
            found.setdefault(code, row["name"])
    return found


def quantity_of_code(code: str) -> str | None:
    """The quantity that a LOINC code stands for, None where it is not known."""
    return _codes().get(code)


@cache
def _units() -> dict[str, tuple[str, tuple[str, ...]]]:
    return {r["name"]: (r["kind"], tuple(lexicon.spellings(r["units"]))) for r in lexicon.rows("measurements")}


def customary(name: str) -> tuple[str, tuple[str, ...]]:
    """The kind of a quantity ("number", "ordinal", "word") and its usual UCUM codes; ("", ()) where it is unknown."""
    return _units().get(name, ("", ()))
