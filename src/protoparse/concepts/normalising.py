"""What a concept is called, and its codes in open vocabularies; a doubtful code is left out.

In: a concept's words, its domain, what the tables call it, the words that narrow it. Out: a `Meaning`, the name and the
codes; "carcinoma of the lung" is lung cancer, MeSH D008175.

>>> Normaliser().meaning("Non-Hodgkin’s lymphomas", "condition").codes[0].code
'D008228'

The phrase as printed is looked up first, with what narrows it, then without what never makes another disease of it
("severe asthma" is asthma); a phrase is never shortened to its head: "breast cancer" is no "cancer".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from msgspec.structs import replace

from protoparse import lexicon
from protoparse.concepts.terms import Meaning, TermSource
from protoparse.concepts.wording import normal, words
from protoparse.lexing import lexer
from protoparse.lexing import words as tokens
from protoparse.model import All, Any_, AtLeast, Code, Concept, Domain, Except, Fact, If, Not, Rule

VERSIONS = {"MeSH": "2024", "ICD-10-CM": "2026"}
KEPT = 50_000
"""How many answers are kept."""
_SHEETS: Mapping[Domain, tuple[str, ...]] = {
    "condition": ("conditions", "habits", "procedures"),
    "observation": ("habits", "conditions", "procedures"),
    "drug": ("drugs",),
    "allergy": ("drugs", "conditions"),
    "procedure": ("procedures", "conditions"),
    "device": ("procedures",),
    "measurement": ("procedures",),
}
"""Where a phrase of a domain is looked up, in order; of other domains nothing is coded."""


@cache
def _sheet(name: str) -> Mapping[str, str]:
    """A table of `vocabularies/`: for each form, the line that it stands in."""
    found: dict[str, str] = {}
    for line in (files(__package__) / "vocabularies" / f"{name}.tsv").read_text("utf-8").split("\n"):
        if line and line[0] != "#":
            found.update(dict.fromkeys(line.split("\t", 3)[2].split("|"), line))
    return found


@lru_cache(KEPT)
def _read(line: str) -> Meaning:
    name, codes, _ = line.split("\t", 2)
    return Meaning(name, tuple([_code(*code.split(":", 1)) for code in codes.split("|")]))


def _code(system: str, code: str) -> Code:
    return (
        Code(system=system, code=code, version=VERSIONS[system])
        if system in VERSIONS
        else Code(system=system, code=code)
    )


@cache
def _words(kind: str) -> frozenset[str]:
    """The normal forms of the rows of `qualifiers.tsv` of one kind."""
    return frozenset(
        normal(w) for r in lexicon.rows("qualifiers") if r["kind"] == kind for w in r["phrases"].split("|")
    )


@cache
def _loose(kind: str) -> frozenset[str]:
    """What makes no other thing of a drug (`form`) or of anything else (`frame`)."""
    return _words("degree") | _words("spread") | _words(kind)


class Normaliser:
    """Gives concepts their names and codes; `terms` are a user's vocabularies, whose codes stand first."""

    def __init__(self, terms: TermSource | None = None) -> None:
        self.terms = terms
        self.known: dict[tuple[object, ...], Meaning] = {}

    def rule(self, rule: Rule, defined: Mapping[str, str] = MappingProxyType({})) -> Rule:
        """The same rule, its concepts named and coded; `defined` are the abbreviations that the listing explains.

        Each has its long form.
        """
        match rule:
            case Fact():
                concept = self.concept(rule, defined)
                includes = tuple([self.rule(r, defined) for r in rule.includes])
                if concept is rule.concept and not includes:
                    return rule
                return replace(rule, concept=concept, includes=includes)
            case Not():
                return replace(rule, of=self.rule(rule.of, defined))
            case If():
                return replace(rule, condition=self.rule(rule.condition, defined), then=self.rule(rule.then, defined))
            case Except():
                exceptions = tuple([self.rule(r, defined) for r in rule.exceptions])
                return replace(rule, base=self.rule(rule.base, defined), exceptions=exceptions)
            case All() | Any_() | AtLeast():
                return replace(rule, of=tuple([self.rule(r, defined) for r in rule.of]))

    def concept(self, fact: Fact, defined: Mapping[str, str] = MappingProxyType({})) -> Concept:
        """The concept of a fact with its name and codes."""
        concept = fact.concept
        if fact.domain not in _SHEETS:
            return concept
        narrowing = [m.text for m in fact.modifiers if m.type in ("acuity", "location", "status", "severity", "other")]
        found = self.meaning(
            concept.text, fact.domain, name=concept.name, narrowing=narrowing, long=defined.get(concept.text)
        )
        codes = tuple(dict.fromkeys([*found.codes, *concept.codes])) if self.terms else concept.codes or found.codes
        name = found.name or concept.name
        return concept if codes == concept.codes and name == concept.name else replace(concept, name=name, codes=codes)

    def meaning(
        self,
        text: str,
        domain: Domain,
        *,
        name: str | None = None,
        narrowing: Sequence[str] = (),
        long: str | None = None,
    ) -> Meaning:
        """What a phrase of a domain names.

        `name`: what the lexicon calls it. `narrowing`: words beside it that may make another thing of it ("chronic"
        kidney disease). `long`: what the listing says that it is short for.
        """
        key = text, domain, name, tuple(narrowing), long
        found = self.known.get(key)
        if found is None:
            found = self._meaning(text, domain, name, narrowing, long)
            if len(self.known) >= KEPT:
                del self.known[next(iter(self.known))]
            self.known[key] = found
        return found

    def _meaning(
        self, text: str, domain: Domain, name: str | None, narrowing: Sequence[str], long: str | None
    ) -> Meaning:
        if long is not None:
            return self._explained(long, domain, name)
        form, folded = normal(text), lexicon.fold(text)
        if form in _words("ambiguous") and domain != "measurement":  # a limit says that PT is the prothrombin time
            return Meaning(folded, ())
        if form in _words("generic"):
            return Meaning(name, ())
        if name == folded and not _listed(text):
            name = None
        if domain == "measurement":
            found = _measurement(text)
            if found is not None:
                own = self._own(form, domain) or self._own(normal(found.name or ""), domain)
                return found if own is None else _together(own, found)
        if name is not None and name != folded and _ABBREVIATION.fullmatch(text):
            # what an abbreviation stands for is the lexicon's to say: MDS is no Miller-Dieker syndrome
            found = self.find(normal(name), domain)
            if found is not None:
                return Meaning(name, found.codes)
        for phrase in _readings(text, narrowing):
            found = self.find(phrase, domain)
            if found is not None:
                return self._named(found, name, domain)
        if name is not None and not (domain == "drug" and _several(form, name)):
            found = self.find(normal(name), domain)
            if found is not None:
                return Meaning(name, found.codes)
        if domain != "measurement":
            for phrase in _plainer(text, domain):
                found = self.find(phrase, domain)
                if found is not None:
                    return self._named(found, name, domain)
        return Meaning(name, ())

    def _explained(self, long: str, domain: Domain, name: str | None) -> Meaning:
        """What an abbreviation names that the listing explains; the lexicon has a say where it means the same."""
        known = set(words(name)) if name is not None else set()
        found = self.meaning(long, domain, name=long)
        if found.codes or not known & set(words(long)):
            return Meaning(name if known & set(words(long)) else long, found.codes)
        return self.meaning(name or long, domain, name=name)

    def find(self, form: str, domain: Domain) -> Meaning | None:
        """What a normal form (`protoparse.concepts.wording`) names in a domain, as it stands; None where unknown."""
        if not form or form in _words("generic"):
            return None
        own = self._own(form, domain)
        for sheet in _SHEETS.get(domain, ()):
            line = _sheet(sheet).get(form)
            if line is not None:
                found = _read(line)
                return found if own is None else _together(own, found)
        return own

    def _own(self, form: str, domain: Domain) -> Meaning | None:
        """What the user's vocabularies say of a form."""
        return self.terms.find(form, domain) if self.terms is not None else None

    def _named(self, found: Meaning, name: str | None, domain: Domain) -> Meaning:
        """What was found, by the lexicon's name for it where both mean the same."""
        if name is None or name == found.name:
            return found
        same = self.find(normal(name), domain)
        return Meaning(name, found.codes) if same is not None and same.codes == found.codes else found


def _several(form: str, name: str) -> bool:
    """Whether a phrase names a drug besides the one that the lexicon knows it by: "carbidopa-levodopa"."""
    return any(w in _sheet("drugs") for w in form.split(" ") if len(w) > 5 and w not in normal(name).split(" "))


def _together(first: Meaning, second: Meaning) -> Meaning:
    return Meaning(first.name or second.name, tuple(dict.fromkeys([*first.codes, *second.codes])))


def _readings(text: str, narrowing: Sequence[str]) -> Iterator[str]:
    """The forms in which a phrase is looked up, the most particular first."""
    bracket = _BRACKETS.match(text)
    if bracket and _ABBREVIATION.fullmatch(bracket[2]):
        text = f"{bracket[1]} {bracket[3]}"
    if narrowing:
        if len(narrowing) > 1:
            yield normal(" ".join([*narrowing, text]))
        for word in narrowing:
            yield normal(f"{word} {text}")
    yield normal(text)


@lru_cache(20_000)
def _listed(text: str) -> bool:
    """Whether the lexicon has a phrase."""
    entry = lexer().phrase(tokens(text))
    return entry is not None and ("concept" in entry.roles or "measurement" in entry.roles)


_ABBREVIATION = re.compile(r"(?=.*[A-Z].*[A-Z])[A-Za-z0-9/+-]{2,7}")
_TUMOURS = ("cancer", "carcinoma", "tumor", "neoplasm", "oma", "leukemia", "malignant")
_BRACKETS = re.compile(r"^([^()]*\w)\s*\(([^()]+)\)\s*([^()]*)$")


def _plainer(text: str, domain: Domain) -> Iterator[str]:
    """Forms without what makes no other thing of it: a degree, a certainty, an empty head, a bracket, a salt."""
    bracket = _BRACKETS.match(text)
    if bracket:
        yield normal(f"{bracket[1]} {bracket[3]}")
        if _ABBREVIATION.fullmatch(bracket[1]):
            yield normal(bracket[2])
        text = f"{bracket[1]} {bracket[3]}"
    parts = words(text)
    loose = _loose("form" if domain in ("drug", "allergy") else "frame")
    left = [w for w in parts if w not in loose]
    if not any(w.endswith(_TUMOURS) for w in left):
        left = [w for w in parts if w in _words("spread") or w not in loose]  # "metastatic disease" is no disease
    if left and len(left) < len(parts):
        yield " ".join(sorted(set(left)))


def _measurement(text: str) -> Meaning | None:
    """What the lexicon has of a quantity, where it has a code."""
    bracket = _BRACKETS.match(text)
    for phrase in (text, *((f"{bracket[1]} {bracket[3]}", bracket[2]) if bracket else ())):
        entry = lexer().phrase(tokens(phrase))
        term = entry.roles.get("measurement") if entry is not None else None
        if term is not None and term.codes:
            return Meaning(term.name, term.codes)
    return None
