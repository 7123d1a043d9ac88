"""What kind of thing a phrase names, told by its last word.

In: the lower-case words of a noun phrase, and the vocabulary's terms in it. Out: an OMOP-like domain, or None.

>>> domain_of(["interstitial", "pneumopathy"])
'condition'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache

from protoparse import lexicon
from protoparse.lexing import Term
from protoparse.model import Domain

GIVEN: tuple[Domain, ...] = ("drug", "procedure")
"""What is given to somebody, and has a dose."""
THINGS: tuple[Domain, ...] = ("condition", "drug", "procedure", "device")
"""What somebody has, takes, or had done."""
_TREATMENTS = frozenset({"therapy", "therapies", "treatment", "treatments", "injection", "injections"})
_BARE = ("biologic", "chemotherapeutic", "platinum")


@cache
def _heads() -> Mapping[str, Domain]:
    return {
        word: row["domain"]  # type: ignore[misc]
        for row in lexicon.rows("heads")
        if row["kind"] == "head"
        for word in lexicon.spellings(row["words"])
    }


@cache
def _suffixes() -> tuple[Mapping[str, Domain], Sequence[int]]:
    """The domain that each ending tells of, and how long endings are, the longest first."""
    found: dict[str, Domain] = {}
    for row in lexicon.rows("heads"):
        for word in lexicon.spellings(row["words"]) if row["kind"] == "suffix" else ():
            found.setdefault(word.lstrip("-"), row["domain"])  # type: ignore[arg-type]
    return found, sorted(set(map(len, found)), reverse=True)


@lru_cache(20_000)
def _domain_of_word(word: str) -> Domain | None:
    found = _heads().get(word)
    if found is None and len(word) > 5:
        plain = word[:-1] if word.endswith("s") and not word.endswith(("ss", "sis", "tis")) else word
        suffixes, lengths = _suffixes()
        found = _heads().get(plain) or next((suffixes[plain[-n:]] for n in lengths if plain[-n:] in suffixes), None)
    return found


def domain_of(words: Sequence[str], final: Term | None = None, inner: Term | None = None) -> Domain | None:
    """The domain of a noun phrase: its final known term's, else its head's, else that of a known term inside it.

    The head of "cancer of the breast" stands before "of".
    """
    if len(words) > 1 and words[-1] in _TREATMENTS and words[-2] not in _BARE and "of" not in words:
        given = _domain_of_word(words[-2].rpartition(" ")[2])
        if given == "drug":
            return given  # "statin therapy" is a drug, "laser therapy" is none
    if final is not None and "of" not in words:
        return final.domain
    head = words[words.index("of") - 1] if "of" in words[1:] else words[-1]
    found = _domain_of_word(head) or _domain_of_word(head.rpartition(" ")[2])
    if found is None and final is not None:
        return final.domain
    if found is None and "of" in words:
        found = _domain_of_word(words[-1])
    if found is None and inner is not None:
        return inner.domain
    return found
