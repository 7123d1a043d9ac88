"""What surely is another thing than what a fact names, and what is a kind of it.

In: an event, its reading, a fact. Out: whether it surely is so. "Lung cancer" is no basal cell carcinoma, "skin cancer"
may be one; apixaban is no steroid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protoparse.concepts.wording import normal
from protoparse.model import Code, Fact
from protoparse.screen.knowing.classes import apart, code_outside, outside
from protoparse.screen.knowing.ingredients import ingredients
from protoparse.screen.knowing.matching import Matcher, Reading, group_of
from protoparse.screen.knowing.names import read_name, untagged
from protoparse.screen.knowing.narrowing import names_field
from protoparse.screen.patient import Event


def other(event: Event, reading: Reading, thing: Fact, matcher: Matcher) -> bool:
    """Whether an event surely is nothing of what a fact names."""
    concept = thing.concept
    key = event.domain, event.name, event.codes, reading.own, thing.domain, concept.text, concept.name, concept.codes
    found = matcher.others.get(key)
    if found is None:
        if len(matcher.others) >= _KEPT:
            matcher.others.clear()
        found = matcher.others[key] = _other(event, reading, thing, matcher)
    return found


_KEPT = 50_000


def _other(event: Event, reading: Reading, thing: Fact, matcher: Matcher) -> bool:
    groups = group_of(event.domain), group_of(thing.domain)
    if groups == ("drug", "drug"):
        parts = ingredients(untagged(event.name))
        return bool(parts) and all(_other_drug(part, thing, matcher) for part in parts)
    if groups != ("condition", "condition"):
        return False
    meant = matcher.readings(Event(domain=thing.domain, name=thing.concept.text, codes=thing.concept.codes))
    if any(reading.own & more.keys for more in meant):
        return False  # the record says less: "cancer" may be any
    mine = [*_icd(event.codes)] or _found(event.name, event, matcher)
    named = {normal(name) for name in (thing.concept.text, thing.concept.name) if name}
    if mine and all(any(code_outside(code, name) for name in named) for code in mine):
        return True
    theirs = [*_icd(thing.concept.codes)] or _found(thing.concept.text, event, matcher)
    return bool(mine and theirs) and all(apart(one, another) for one in mine for another in theirs)


def kind(thing: Fact, fact: Fact, matcher: Matcher) -> bool:
    """Whether what one fact names is a kind of what another does, or may be, as that names a field."""
    if names_field(fact):
        return True
    meant = matcher.readings(Event(domain=thing.domain, name=thing.concept.text, codes=thing.concept.codes))
    return any(not more.keys.isdisjoint(matcher.asked(fact)) for more in meant)


def _other_drug(ingredient: str, thing: Fact, matcher: Matcher) -> bool:
    meaning = matcher.normaliser.meaning(ingredient, "drug")
    mine = {normal(name) for name in (ingredient, meaning.name) if name}
    named = {normal(name) for name in (thing.concept.text, thing.concept.name) if name}
    if mine & named:
        return False
    if any(outside(one, name) for one in mine for name in named):
        return True
    codes, asked = (
        {code.code for code in some if code.system == "DrugBank"} for some in (meaning.codes, thing.concept.codes)
    )
    return bool(codes and asked) and not codes & asked


def _icd(codes: Iterable[Code]) -> Iterator[str]:
    return (code.code for code in codes if code.system.upper().replace("-", "").startswith("ICD10"))


def _found(name: str, event: Event, matcher: Matcher) -> list[str]:
    """The codes of the most particular of a name's forms that has any."""
    for form in read_name(name).forms:
        row = matcher.normaliser.find(form, event.domain)
        if row is not None and (codes := list(_icd(row.codes))):
            return codes
    return []
