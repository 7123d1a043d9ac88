"""Whether what a record tells of is what a fact asks for: both are given keys, and they meet where they share one.

In: an event, a fact. Out: `Reading`s of the event and the `asked` keys of the fact. A reading offers the keys of all
more general names, so that to meet is to look up: "Acute myocardial infarction" offers "acute myocardial infarction",
"myocardial infarction" and "infarction"; "Fracture of clavicle" also "clavicle fracture" and "fracture". It offers the
classes that the thing belongs to besides: apixaban is an anticoagulant, vitiligo an autoimmune disease.

>>> matcher = Matcher()
>>> [fact] = [Fact(domain="condition", concept=Concept(text="clavicle fractures"))]
>>> [reading] = matcher.readings(Event(domain="condition", name="Closed fracture of clavicle (disorder)"))
>>> bool(reading.keys & matcher.asked(fact))
True

Codes that a record has are taken at their word, ICD-10-CM by prefix; codes that a vocabulary that ships would give to
an event's name are not, as they are often wider than the name. A wrong match is worse than none. The words are in
`lexicon/records.tsv`, `lexicon/unlike.tsv` and `lexicon/sexes.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Final, NamedTuple, TypeAlias

from msgspec import UNSET
from msgspec.structs import replace

from protoparse import lexicon
from protoparse.concepts.normalising import Normaliser
from protoparse.concepts.terms import TermSource
from protoparse.concepts.wording import normal, words
from protoparse.model import Code, Concept, Domain, Fact
from protoparse.screen.knowing.classes import classes, classes_of_code
from protoparse.screen.knowing.ingredients import ingredients
from protoparse.screen.knowing.names import (
    LONGEST,
    allergen,
    bare,
    bare_forms,
    forms_of,
    listed,
    question,
    read_name,
    undertaking,
    untagged,
)
from protoparse.screen.knowing.quantities import quantity, quantity_of_code
from protoparse.screen.knowing.routes import unrouted
from protoparse.screen.patient import Event

Key: TypeAlias = tuple[str, str]
"""A vocabulary and a code, or a kind of thing and a name in its normal form."""

AGE: Final[Key] = ("person", "=age")
SEX: Final[Key] = ("person", "=sex")
UNRECORDED: Final[Key] = ("", "=unrecorded")
"""The key of facts that records do not tell of: whoever asks for it learns so, rather than that there is no data."""

_GROUPS: dict[Domain, str] = {
    "condition": "condition", "observation": "condition", "allergy": "allergy", "procedure": "procedure",
    "device": "procedure", "drug": "drug", "measurement": "measurement", "visit": "visit", "person": "person",
    "study": "study", "consent": "consent", "other": "other",
}  # fmt: skip
"""Domains of one group may stand for one another; a drug and an allergy to it never."""
_ACTS = ("procedure", "visit", "drug")
_UNRECORDED = ("consent", "study", "other")
_OWN = {"MeSH", "ICD-10-CM", "DrugBank"}
"""The vocabularies that ship: a row of theirs is known by all its codes together."""
_KEPT = 50_000


class Reading(NamedTuple):
    """What an event says: the keys of the thing and of all that it is a kind of, `own` those of the thing itself.

    `absent`: that it was not; `past`: that it was before; `family`: that it was so of the patient's kin.
    """

    keys: frozenset[Key]
    own: frozenset[Key]
    absent: bool = False
    past: bool = False
    family: bool = False


class Matcher:
    """Gives events and facts their keys; `terms` are a user's vocabularies. Fit to be shared by all patients."""

    def __init__(self, terms: TermSource | None = None) -> None:
        self.terms = terms
        self.normaliser = Normaliser(terms)
        self._readings: dict[tuple[object, ...], tuple[Reading, ...]] = {}
        self.others: dict[tuple[object, ...], bool] = {}
        self._asked: dict[tuple[object, ...], frozenset[Key]] = {}

    def readings(self, event: Event) -> tuple[Reading, ...]:
        """What an event says: one reading of its name, one of a word that is its value ("never smoker")."""
        key = (
            event.domain,
            event.name,
            event.value if isinstance(event.value, str) else event.value is None,
            event.codes,
        )
        found = self._readings.get(key)
        if found is None:
            if len(self._readings) >= _KEPT:
                self._readings.clear()
            found = self._readings[key] = tuple(self._read(event))
        return found

    def asked(self, fact: Fact) -> frozenset[Key]:
        """The keys under which events may say something of a fact, or of its examples; "-" before a group: deny it."""
        concept = fact.concept
        key = fact.domain, fact.experiencer, concept.text, concept.name, concept.codes
        found = self._asked.get(key)
        if found is None:
            if len(self._asked) >= _KEPT:
                self._asked.clear()
            found = self._asked[key] = self._ask(fact)
        return found

    # ------------------------------------------------------------------ events

    def _read(self, event: Event) -> Iterator[Reading]:
        wider = [c for code in event.codes for c in self.terms.wider(code)] if self.terms is not None else []
        exact = frozenset(_code_keys(event.codes))
        codes = exact | frozenset({*_wider(event.codes), *_code_keys(wider)})
        value = event.value
        if len(event.name) > LONGEST or (isinstance(value, str) and len(value) > LONGEST):
            yield Reading(codes, exact)
            return
        if event.domain == "measurement" or (event.domain == "observation" and value is not None):
            names = {n for c in event.codes if c.system == "LOINC" and (n := quantity_of_code(c.code))}
            name = None if names else quantity(event.name)
            own = {("measurement", n) for n in names or ([name] if name else [f"~{normal(untagged(event.name))}"])}
            yield Reading(codes | own, exact | own)
        if event.domain == "measurement" and not isinstance(value, str):
            return
        if event.domain == "drug":
            keys, mine = self._drugs(untagged(event.name))
            yield Reading(codes | keys, exact | mine)
            return
        asks = event.domain == "observation" and question(event.name)
        if isinstance(value, str):
            answer = presence(value)
            if answer is None:
                yield from self._named(value, "observation", frozenset(), frozenset(), False)
            elif not asks:
                yield from self._named(event.name, "observation", codes, exact, not answer)
        elif value is None and not asks:
            yield from self._named(event.name, event.domain, codes, exact, False)

    def _named(
        self, name: str, domain: Domain, codes: frozenset[Key], exact: frozenset[Key], absent: bool
    ) -> Iterator[Reading]:
        group = _GROUPS[domain]
        read = read_name(name, group in _ACTS)
        if group in ("condition", "allergy") and (substance := allergen(name)) is not None:
            keys = frozenset().union(*[self._keys(f, "allergy", "allergy") for f in read_name(substance).forms])
            own = frozenset({("allergy", normal(substance))})
            for more in self._drugs(substance):
                keys |= {("allergy", form) for g, form in more if g == "drug"}
            yield Reading(codes | keys, exact | own, read.absent != absent, read.past, read.family)
            if group == "allergy":
                return
        own = frozenset((group, form) for form in read.forms[:1])
        if group == "consent" and (kept := undertaking(read.forms[0] if read.forms else "")) is not None:
            own |= {(group, kept)}
        keys = own
        # who agrees to one thing has not agreed to another, nor to all that is called so: "consent to surgery"
        for n, form in enumerate(read.forms[:1] if group == "consent" else read.forms):
            keys |= self._keys(form, domain, group) if n == 0 or " " in form else {(group, form)}
        # what an abbreviation or another name stands for has more general names, too: "NSCLC" is a lung cancer
        called = self.normaliser.find(read.forms[0], domain) if read.forms else None
        if called is not None and called.name and not self._loose(domain, read.forms[0], normal(called.name)):
            for form in read_name(called.name, group in _ACTS).forms:
                keys |= self._keys(form, domain, group)
        if read.absent or read.past or read.family:
            codes = exact = frozenset()  # a code of "history of" is not the code of the thing
        if group == "condition":
            icd = [code for system, code in exact if system.startswith("icd10")]
            keys |= {(group, name) for code in icd for name in classes_of_code(code)}
        yield Reading(codes | keys, exact | own, read.absent != absent, read.past, read.family)

    def _keys(self, form: str, domain: Domain, group: str) -> frozenset[Key]:
        """The keys of a normal form of an event: itself, and what the vocabularies call it.

        That may say less ("cerebral infarction" is in the row of "stroke"), and so only events are given it: a fact is
        asked for by its own words. A single word may be called anything: "arrest" is also a legal trouble.
        """
        keys = {(group, form), *((group, name) for name in classes("drug" if group == "allergy" else group, form))}
        found = self.normaliser.find(form, domain)
        if found is not None:
            if group == "condition":
                icd = [code.code for code in found.codes if code.system == "ICD-10-CM"]
                keys.update((group, name) for code in icd for name in classes_of_code(code))
            keys.update((_system(c.system), c.code) for c in found.codes if not _shipped(c))
            if found.name and not self._loose(domain, form, normal(found.name)):
                keys.add((group, normal(found.name)))
        return frozenset(keys)

    @staticmethod
    def _loose(domain: Domain, form: str, name: str) -> bool:
        """Whether a vocabulary has two habits in one row that only have to do with one another.

        They share words, and each has others, too: "sexual orientation" is no "sexual activity".
        """
        left, right = set(form.split(" ")), set(name.split(" "))
        return domain == "observation" and bool(left & right and left - right and right - left)

    def _drugs(self, name: str) -> tuple[frozenset[Key], frozenset[Key]]:
        """The keys of what a drug's name holds, more general ones with them, and those of the ingredients alone."""
        keys: set[Key] = set()
        own: set[Key] = set()
        for ingredient in ingredients(name):
            meaning = self.normaliser.meaning(ingredient, "drug")
            mine: set[Key] = {("drug", normal(ingredient))}
            mine.update((_system(c.system), c.code) for c in meaning.codes if not _shipped(c))
            if meaning.name:
                mine.add(("drug", normal(meaning.name)))
            own |= mine
            mine.update(("drug", name) for _, form in tuple(mine) for name in classes("drug", form))
            # the first words of a drug's name are its kind: "insulin glargine", "fluticasone propionate"
            parts = words(ingredient)
            for n in range(len(parts) - 1, 0, -1):
                form = " ".join(sorted(set(parts[:n])))
                if self.normaliser.find(form, "drug") is not None:
                    mine |= self._keys(form, "drug", "drug")
            keys |= mine
        return frozenset(keys), frozenset(own)

    # ------------------------------------------------------------------ facts

    def _ask(self, fact: Fact) -> frozenset[Key]:
        group = _GROUPS[fact.domain]
        concept = fact.concept
        if group == "drug":
            concept = replace(concept, text=unrouted(concept.text)[0])  # the way it is given narrows it by itself
        keys: set[Key] = set()
        if fact.domain in _UNRECORDED or fact.experiencer != "patient":
            keys.add(UNRECORDED)
        if fact.experiencer not in ("patient", "family"):
            return frozenset(keys)
        name = lexicon.fold(concept.name or concept.text)
        if fact.domain == "person" and name in _AGES:
            return frozenset({AGE})
        if len(concept.text) > LONGEST or len(concept.name or "") > LONGEST:
            return frozenset({*keys, *_code_keys(concept.codes)})
        if sex_of(concept) is not None:
            keys.add(SEX)
        names = _called(concept)
        if fact.domain == "measurement":
            known = _quantity(concept.text)
            if known is not None and lexicon.fold(concept.text) not in bare():
                return frozenset(keys | {("measurement", known), *_code_keys(concept.codes)})
            return frozenset(keys | {("measurement", f"~{normal(n)}") for n in names[:1]})
        if fact.domain == "allergy":
            names = [allergen(n) or n for n in names]
        for called in names:
            keys.add((group, normal(called)))
            keys |= {(f"-{group}", form) for form in read_name(called, group in _ACTS).forms}
            if group == "consent" and (kept := undertaking(called)) is not None:
                keys |= {(group, kept), (f"-{group}", kept)}
            if group == "drug":
                keys |= {(f"-{group}", name) for name in classes(group, normal(called))}
            if group == "condition" and (substance := allergen(called)) is not None:
                keys.add(("allergy", normal(substance)))
        if names and not _narrower(concept):
            # codes that no row of the name has were given to a plainer name: "morbid obesity" has those of obesity
            rows = [self.normaliser.find(normal(called), fact.domain) for called in names]
            exact = {c for row in rows if row and not (row.name and _less(names[0], row.name)) for c in row.codes}
            codes = [c for c in concept.codes if c in exact or not _shipped(c)]
            keys.update(_code_keys(codes))
            keys.update((f"-{system}", code) for system, code in (*_code_keys(codes), *_wider(codes)))
        keys = {k for k in keys if k[0].lstrip("-") not in _ALL_GROUPS or k[1].lstrip("~") not in bare_forms()}
        if fact.experiencer == "family":
            keys = {k if k == UNRECORDED else (f"family {k[0]}", k[1]) for k in keys}
        return frozenset(keys)


_ALL_GROUPS = frozenset(_GROUPS.values())
_AGES = ("age", "years old")


# ------------------------------------------------------------------ codes


def _code_keys(codes: Iterable[Code]) -> Iterator[Key]:
    """The keys of codes that records may have: MeSH and DrugBank have one for a disease, its kinds and its attacks."""
    for code in codes:
        system = _system(code.system)
        if system not in ("mesh", "drugbank"):
            yield system, code.code


def _wider(codes: Iterable[Code]) -> Iterator[Key]:
    """The keys of the codes of ICD-10 that those of an event stand beneath: E11.9 is an E11."""
    for code in codes:
        system = _system(code.system)
        if system.startswith("icd10"):
            for n in range(3, len(code.code)):
                if code.code[n - 1] != ".":
                    yield system, code.code[:n]


@cache
def _system(name: str) -> str:
    """A vocabulary's name without its typography: "ICD-10-CM" and "ICD10CM" are one."""
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    return {"snomedct": "snomed"}.get(folded, folded)


def _shipped(code: Code) -> bool:
    """Whether a code is of the vocabularies that ship, rather than of a user's."""
    return code.system in _OWN and (code.system != "ICD-10-CM" or code.version is not UNSET)


# ------------------------------------------------------------------ what a fact is called


def group_of(domain: Domain) -> str:
    """The group of domains that may stand for one another."""
    return _GROUPS[domain]


def _called(concept: Concept) -> list[str]:
    """What a fact's concept may be called: its text, and its name where this says no less."""
    found = [lexicon.fold(concept.text)]
    if concept.name and not _narrower(concept):
        found.append(lexicon.fold(concept.name))
    return [n for n in dict.fromkeys(found) if n not in bare()]


@lru_cache(_KEPT)
def _less(text: str, name: str) -> bool:
    said, called = set(words(text)), set(words(name))
    beginnings = {w[:4] for w in called}
    more = {w for w in said - called if w[:4] not in beginnings}  # "morbidly obese" says more than "obesity"
    return beginnings <= {w[:4] for w in said} and not more <= forms_of("stated") | _frame()


def _narrower(concept: Concept) -> bool:
    """Whether a concept's words say more than its name, whose codes are then too wide: "invasive breast cancer"."""
    return concept.name is not None and _less(concept.text, concept.name)


@lru_cache(_KEPT)
def _quantity(text: str) -> str | None:
    """The quantity that a criterion names; "posterior disc height" is no height, "EGFR" mostly a receptor."""
    if "EGFR" in text:
        return None
    known = quantity(text)
    if known is None:
        plain = re.sub(r"\s*\([^()]*\)", "", lexicon.fold(text))
        left = " ".join(w for w in plain.split(" ") if w not in listed("neutral"))
        known = quantity(left) if left != plain or plain != lexicon.fold(text) else None
    return known


@cache
def _frame() -> frozenset[str]:
    return frozenset(
        w for r in lexicon.rows("qualifiers") if r["kind"] == "frame" for p in r["phrases"].split("|") for w in words(p)
    )


# ------------------------------------------------------------------ sex, presence


@cache
def _sexes() -> dict[str, tuple[str, bool]]:
    return {
        n: (row["sex"], row["said"] == "whole")
        for row in lexicon.rows("sexes")
        for n in lexicon.spellings(row["names"])
    }


def sex_of(concept: Concept) -> tuple[str, bool] | None:
    """The sex that a fact's concept asks for ("female", "male", "any"), and whether it asks for nothing else."""
    table = _sexes()
    text = lexicon.fold(concept.text)
    return table.get(text) or (table.get(lexicon.fold(concept.name)) if concept.name else None)


@cache
def _years() -> dict[str, tuple[int, int]]:
    return {
        n: (int(first), int(last))
        for row in lexicon.rows("sexes")
        if row["ages"]
        for first, last in [row["ages"].split("-")]
        for n in lexicon.spellings(row["names"])
    }


def years_of(concept: Concept) -> tuple[int, int] | None:
    """The years of life in which alone a fact's concept can be true, None where it can in any."""
    table = _years()
    return table.get(lexicon.fold(concept.text)) or (table.get(lexicon.fold(concept.name)) if concept.name else None)


@cache
def _presence() -> dict[str, bool]:
    return {
        w: row["result"] == "positive"
        for row in lexicon.rows("results")
        if row["scale"] == "presence"
        for w in lexicon.spellings(row["words"])
    }


def presence(value: str) -> bool | None:
    """Whether a word says that something was there, None where it says neither."""
    return _presence().get(lexicon.fold(value))
