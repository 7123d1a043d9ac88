"""The concept sets of a cohort expression: each named by what it stands for, so that its name reads back.

In: a fact's concept, a unit, a word. Out: the number of its set. "HbA1c" is `measurement [HbA1c]{hemoglobin a1c; LOINC
4548-4}`: the name and codes of the criteria JSON, in the canonical English of `protoparse.render`. With a vocabulary a
set has the standard concepts, their descendants with them; without one it is empty, and awaits mapping.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from protoparse.export.circe.vocabulary import DOMAINS, Vocabulary
from protoparse.export.circe.vocabulary import Concept as Standard
from protoparse.grammar import canonical
from protoparse.model import Concept, Fact, Unit, without_spans
from protoparse.render import render

LONGEST = 255
"""So long may a name be in OHDSI's tables."""

TABLES = {
    "condition": "ConditionOccurrence",
    "drug": "DrugExposure",
    "procedure": "ProcedureOccurrence",
    "measurement": "Measurement",
    "observation": "Observation",
    "allergy": "Observation",
    "device": "DeviceExposure",
    "visit": "VisitOccurrence",
}
"""Which criteria of Circe's ask for facts of a domain, unless a vocabulary says where its concepts are recorded."""
_TABLE_OF = {domain: TABLES[domain.lower()] for domain in DOMAINS}
_UNIT, _RESULT = "unit", "result"


class Waiting(NamedTuple):
    """A set without concepts: what it stands for, and where it was first asked for."""

    name: str
    criterion: str
    path: str


class Sets:
    """The concept sets of one expression, numbered as they are met."""

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        self.vocabulary = vocabulary
        self._ids: dict[tuple[str, str], int] = {}
        self._made: list[dict[str, Any]] = []
        self._waiting: dict[int, Waiting] = {}

    def of(self, fact: Fact, place: tuple[str, str]) -> list[tuple[str, int]]:
        """Which criteria ask for what a fact names, each with its set; none where the vocabulary has no concept."""
        name = _cut(Fact(domain=fact.domain, concept=fact.concept))
        if self.vocabulary is None:
            table = TABLES[fact.domain]
            return [(table, self._set(name, table, (), place))]
        tables: dict[str, list[Standard]] = {}
        for concept in self.vocabulary.things(fact):
            tables.setdefault(_TABLE_OF[concept.domain], []).append(concept)
        return [(table, self._set(name, table, concepts, place)) for table, concepts in tables.items()]

    def unit(self, unit: Unit, place: tuple[str, str]) -> int | None:
        """The set of a unit; None where the vocabulary has no concept."""
        found = () if self.vocabulary is None else self.vocabulary.units(unit)
        name = _UNIT + _cut(_other(unit.text or "", unit.ucum)).removeprefix("other")
        return self._set(name, _UNIT, found, place) if found or self.vocabulary is None else None

    def result(self, word: str, place: tuple[str, str]) -> int | None:
        """The set of a result that is a word; None where the vocabulary has no concept."""
        found = () if self.vocabulary is None else self.vocabulary.words(word)
        name = _RESULT + _cut(_other(word, word)).removeprefix("other")
        return self._set(name, _RESULT, found, place) if found or self.vocabulary is None else None

    def made(self, used: set[int]) -> list[dict[str, Any]]:
        """The sets that are used."""
        return [one for one in self._made if one["id"] in used]

    def waiting(self, used: set[int]) -> list[Waiting]:
        """The sets that are used and have no concepts."""
        return [self._waiting[id_] for id_ in sorted(used & self._waiting.keys())]

    def _set(self, name: str, table: str, concepts: Sequence[Standard], place: tuple[str, str]) -> int:
        key = (name, table)
        if key not in self._ids:
            id_ = self._ids[key] = len(self._made)
            items = [_item(concept, kinds=table not in (_UNIT, _RESULT)) for concept in concepts]
            self._made.append({"id": id_, "name": name, "expression": {"items": items}})
            if not items:
                self._waiting[id_] = Waiting(name, *place)
        return self._ids[key]


def _item(concept: Standard, *, kinds: bool) -> dict[str, Any]:
    return {
        "concept": {
            "CONCEPT_ID": concept.id,
            "CONCEPT_NAME": concept.name,
            "STANDARD_CONCEPT": "S",
            "INVALID_REASON": "V",
            "CONCEPT_CODE": concept.code,
            "DOMAIN_ID": concept.domain,
            "VOCABULARY_ID": concept.system,
            "CONCEPT_CLASS_ID": concept.class_,
        },
        "isExcluded": False,
        "includeDescendants": kinds,
        "includeMapped": False,
    }


def _other(text: str, name: str | None) -> Fact:
    return Fact(domain="other", concept=Concept(text=text, name=name))


def _cut(fact: Fact) -> str:
    """The canonical English of what a fact names; too long, without its codes, or cut."""
    for shown in (fact, Fact(domain=fact.domain, concept=Concept(text=fact.concept.text, name=fact.concept.name))):
        name = clean(render(shown))
        if len(name) <= LONGEST:
            return name
    return name[: LONGEST - 1] + "…"


def clean(text: str) -> str:
    """A text in one line of characters that can be shown and written as UTF-8."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.encode("utf-8", "replace").decode()


def named(name: str) -> tuple[str, Concept] | None:
    """What a set's name stands for: a domain, "unit" or "result", and a concept; None where it is no such name."""
    kind = next((kind for kind in (_UNIT, _RESULT) if name.startswith(f"{kind} ")), None)
    rule = canonical.read(name if kind is None else f"other{name.removeprefix(kind)}")
    if not isinstance(rule, Fact) or rule != Fact(domain=rule.domain, span=rule.span, concept=rule.concept):
        return None
    return kind or rule.domain, without_spans(rule.concept)
