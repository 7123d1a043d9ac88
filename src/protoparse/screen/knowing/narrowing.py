"""What the words of an event say besides what it is: whether what narrows a fact, and whether it is soon over."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from protoparse import lexicon
from protoparse.concepts.wording import normal, words
from protoparse.model import Fact, Modifier
from protoparse.screen.knowing.amounts import Found
from protoparse.screen.knowing.names import forms_of, listed
from protoparse.screen.knowing.routes import given, local, unrouted, ways
from protoparse.screen.patient import Event


def stated(modifier: Modifier) -> bool:
    """Whether what narrows a fact holds of whatever stands in a record: "documented"."""
    return _normal(modifier.text) in forms_of("stated")


def ahead(modifier: Modifier) -> bool:
    """Whether what narrows a fact says that it may be, or is to be: "candidate for", "planned"."""
    values = modifier.value if isinstance(modifier.value, tuple) else (modifier.value or modifier.text,)
    return any(normal(value) in forms_of("ahead") for value in values)


@cache
def _exclusive() -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset(map(normal, lexicon.spellings(r["words"])))
        for r in lexicon.rows("records")
        if r["kind"] == "exclusive"
    )


@lru_cache(50_000)
def _words(text: str) -> frozenset[str]:
    """The words of a text: a record says the same ones again and again, and every fact asks for them."""
    return frozenset(words(text))


@lru_cache(50_000)
def _normal(text: str) -> str:
    return normal(text)


@lru_cache(50_000)
def _stays(name: str, status: tuple[str, ...]) -> bool:
    """Whether a drug stays where it is put, by its name and what narrows it."""
    return local(frozenset().union(_words(name), *map(_words, status)))


@lru_cache(50_000)
def _way_of(text: str) -> frozenset[str]:
    return ways(_words(text))


def narrowed(modifier: Modifier, event: Event) -> Found:
    """Whether a record says of an event what narrows a fact; what excludes it counts as said."""
    if stated(modifier):
        return True, "decided"
    values = modifier.value if isinstance(modifier.value, tuple) else (modifier.value or modifier.text,)
    return _narrowed(values, modifier.text, event.name, event.status, bool(event.ongoing), event.domain == "drug")


@lru_cache(100_000)
def _narrowed(
    values: tuple[str, ...], text: str, name: str, status: tuple[str, ...], ongoing: bool, drug: bool
) -> Found:
    """As `narrowed`: facts by the hundred are narrowed by the same words, and records say the same again and again."""
    said = (_words(name), *map(_words, status))
    denied = forms_of("denied")
    for value in (*values, text):
        wanted = _words(value)
        if wanted and any(wanted <= s and not (s & denied) - wanted for s in said):
            return True, "decided"
        if ongoing and _normal(value) in forms_of("lasting"):
            return True, "decided"
    everything = frozenset().union(*said)
    if drug and (asked := ways(w for value in (*values, text) for w in _words(value))):
        return ((truth := given(asked, everything)), "not-said" if truth is None else "decided")
    for group in _exclusive():
        wanted_here = group & {_normal(value) for value in values}
        if wanted_here and (found := group & everything) and not found & wanted_here and "bilateral" not in everything:
            return False, "decided"
    return None, "not-said"


def narrowing(fact: Fact) -> tuple[Modifier, ...]:
    """What narrows a fact, with the way by which a drug is given where its name says it: "inhaled steroids"."""
    return fact.modifiers if fact.domain != "drug" else (*fact.modifiers, *_route(fact.concept.text))


@lru_cache(20_000)
def _route(name: str) -> tuple[Modifier, ...]:
    told = unrouted(name)[1]
    return (Modifier(type="route", text=" ".join(told)),) if told else ()


def localized(fact: Fact, event: Event) -> bool:
    """Whether a class of drugs is asked for, by no way, and the drug stays on the skin: "steroids" may be swallowed."""
    if fact.domain != "drug" or event.domain != "drug" or not _stays(event.name, event.status):
        return False
    single = any(c.system == "DrugBank" for c in fact.concept.codes)
    return not single and not any(_way_of(modifier.text) for modifier in narrowing(fact))


@cache
def _kinds(kind: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(words(w)) for w in listed(kind))


def passes(event: Event) -> bool:
    """Whether an event is of a kind that is over after a while, also where nobody wrote that down."""
    if event.value is not None:
        return True  # an answer of that day: "current smoker"
    return event.domain in ("condition", "observation", "visit") and _passing(event.name)


@lru_cache(50_000)
def _passing(name: str) -> bool:
    said = _words(name)
    passing = "acute" in said or any(kind <= said for kind in _kinds("passing"))
    return passing and not any(kind <= said for kind in _kinds("persisting"))


def happened(event: Event) -> bool:
    """Whether an event is of a kind that a bare name may ask for when it is over: "myocardial infarction"."""
    return event.value is None and _once(event.name)


@lru_cache(50_000)
def _once(name: str) -> bool:
    said = _words(name)
    kinds = _kinds("history")
    return any(kind <= said for kind in kinds) and not any(kind <= said for kind in _kinds("persisting"))


_ADJECTIVE = re.compile(r".{3,}(?:ic|al|ar|ous|ive|ory|ary)")


def names_field(fact: Fact) -> bool:
    """Whether a fact names a whole field, whose members have names of their own: "heart disease", "cardiovascular".

    Only of these is what stands behind in brackets surely an example: "arms (i.e. pain)" is none.
    """
    return _field(fact.concept.name, fact.concept.text)


@lru_cache(50_000)
def _field(called: str | None, text: str) -> bool:
    for name in (called, text):
        said = words(name or "")
        if said and (said[-1] in forms_of("field") or _ADJECTIVE.fullmatch(said[-1])):
            return True
    return not words(text)
