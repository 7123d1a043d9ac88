"""By which way a drug is given, as far as its name or a criterion says: inhaled, on the skin, into the whole body.

In: words. Out: ways, of `lexicon/records.tsv`. "Prednisone 10 MG Oral Tablet" is for the whole body, and not inhaled.

>>> sorted(ways(frozenset({"prednisone", "oral", "tablet"}))), unrouted("Inhaled steroids")
(['oral', 'systemic'], ('steroids', ('Inhaled',)))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from protoparse import lexicon
from protoparse.concepts.wording import words
from protoparse.screen.verdicts import Truth


@cache
def _ways() -> Mapping[str, str]:
    """The way that each word tells: the first of its row."""
    rows = [lexicon.spellings(row["words"]) for row in lexicon.rows("records") if row["kind"] == "way"]
    return {form: row[0] for row in rows for word in row for form in words(word)}


@cache
def _listed(kind: str) -> frozenset[str]:
    """The ways of a kind: "whole" are those by which a drug goes through the whole body."""
    return frozenset(w for r in lexicon.rows("records") if r["kind"] == kind for w in lexicon.spellings(r["words"]))


def ways(said: Iterable[str]) -> frozenset[str]:
    """The ways that words tell of, the wider one with them."""
    found = {_ways()[word] for word in said if word in _ways()}
    return frozenset(found | {"systemic"} if found & _listed("whole") else found)


def local(said: Iterable[str]) -> bool:
    """Whether a drug stays where it is put, as far as words tell: a cream for the skin, drops for the eye."""
    there = ways(said)
    return bool(there) and there <= _listed("local")


def given(way: frozenset[str], said: Iterable[str]) -> Truth:
    """Whether a drug of which words tell the way is given by one that is asked for."""
    there = ways(said)
    if way & there:
        return True
    # what is injected may go anywhere; a drug for the whole body may be swallowed or not
    body = there | way <= _listed("whole") | {"systemic"}
    return False if there and "injected" not in there | way and not body else None


@lru_cache(20_000)
def unrouted(text: str) -> tuple[str, tuple[str, ...]]:
    """A drug's name without the words that tell a way, and these."""
    parts = text.split()
    told = tuple(part for part in parts if any(form in _ways() for form in words(part)))
    plain = " ".join(part for part in parts if part not in told)
    return (plain, told) if plain and told else (text, ())
