"""The standard concepts of OMOP that stand for what a fact names, from a user's own vocabulary.

In: the tables CONCEPT, CONCEPT_RELATIONSHIP and CONCEPT_SYNONYM, wherever they are; a fact, a unit, a result.
Out: concepts. Codes are looked up first, and taken through "Maps to" where they are not standard; names where there is
no code, or the vocabulary has none of them. A name means the concept that is called so, never one that is like it.

    vocabulary = Vocabulary.read("vocabulary")
    protoparse.export.export(document, "circe", vocabulary=vocabulary)
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from protoparse import lexicon
from protoparse.cdm import Database, Folder, Tables, connected, is_database, shown
from protoparse.errors import ExportError, PatientError
from protoparse.model import Code, Fact, Unit

_CONCEPT = (
    "concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept", "concept_code",
    "invalid_reason",
)  # fmt: skip
_TAG = re.compile(r"\s*\([^()]*\)$")


class Concept(NamedTuple):
    """A row of CONCEPT."""

    id: int
    name: str
    domain: str
    system: str
    class_: str
    standard: bool
    code: str
    valid: bool


class Vocabulary:
    """A vocabulary; what was looked up is kept, so that one serves for many documents."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._codes: dict[tuple[str, str], list[Concept]] = {}
        self._names: dict[str, list[Concept]] = {}
        if "concept_id" not in tables.columns("concept"):
            raise ExportError("vocabulary: no table CONCEPT with a column concept_id")

    @classmethod
    def read(cls, source: Any) -> Vocabulary:
        """The vocabulary of a folder of CSV, a DuckDB file, a `postgresql://` URL or an open connection.

        Raises `ExportError` where it cannot be read.
        """
        if isinstance(source, Vocabulary):
            return source
        try:
            if not isinstance(source, str | os.PathLike):
                return cls(Database(source, name="vocabulary", home="concept"))
            name = os.fspath(source)
            if not is_database(name):
                if not Path(name).is_dir():
                    raise ExportError(f"{name}: no folder with CONCEPT.csv, no database")
                return cls(Folder(Path(name)))
            return cls(_Reconnecting(name))
        except PatientError as error:
            raise ExportError(str(error)) from None
        except OSError as error:
            raise ExportError(f"{source}: {error.strerror or error}") from None

    def learn(self, facts: Iterable[Fact], units: Iterable[Unit] = (), words: Iterable[str] = ()) -> None:
        """Look up all that is met for the first time: a pass over CONCEPT where there is any."""
        names = {name for fact in facts for name in _names(fact)} | {w for word in words for w in results(word)}
        codes = {code for fact in facts for code in _codes(fact)} | {("ucum", u.ucum) for u in units if u.ucum}
        new_names, new_codes = names - self._names.keys(), codes - self._codes.keys()
        if not (new_names or new_codes):
            return
        self._names.update((name, []) for name in new_names)
        self._codes.update((code, []) for code in new_codes)
        try:
            self._look(new_names, new_codes)
        except PatientError as error:
            raise ExportError(str(error)) from None

    def things(self, fact: Fact) -> list[Concept]:
        """The concepts of what a fact names; none where the vocabulary has none."""
        by_code = [c for code in _codes(fact) for c in self._codes.get(code, ())]
        found = by_code or [c for name in _names(fact) for c in self._names.get(name, ())]
        return list(dict.fromkeys(c for c in found if fact.domain in DOMAINS.get(c.domain, ())))

    def units(self, unit: Unit) -> list[Concept]:
        """The concepts of a unit."""
        return list(self._codes.get(("ucum", unit.ucum or ""), ()))

    def words(self, word: str) -> list[Concept]:
        """The concepts of a result, by all the words that laboratories use for it."""
        found = [c for name in results(word) for c in self._names.get(name, ())]
        return list(dict.fromkeys(c for c in found if c.domain == "Meas Value"))

    def _look(self, names: Collection[str], codes: Collection[tuple[str, str]]) -> None:
        met: list[tuple[Concept, list[str], list[tuple[str, str]]]] = []
        for row in self._tables.rows("concept", _CONCEPT, None):
            concept = _concept(row)
            if concept is None:
                continue
            called = {concept.name.lower(), _TAG.sub("", concept.name.lower())} & set(names)
            coded = {(_system(concept.system), concept.code), ("omop", str(concept.id))} & set(codes)
            if called or coded:
                met.append((concept, sorted(called), sorted(coded)))
        if "concept_synonym_name" in self._tables.columns("concept_synonym"):
            by_id: dict[int, list[str]] = {}
            for row in self._tables.rows("concept_synonym", ("concept_id", "concept_synonym_name"), None):
                if (name := str(row.get("concept_synonym_name") or "").lower()) in names:
                    by_id.setdefault(_int(row.get("concept_id")), []).append(name)
            met += [(c, by_id[c.id], []) for c in self._chosen(by_id)]
        standard = self._standard([concept for concept, _, _ in met])
        for concept, names_, codes_ in met:
            for target in standard.get(concept.id, ()):
                for name in names_:
                    self._names[name].append(target)
                for code in codes_:
                    self._codes[code].append(target)

    def _standard(self, concepts: Collection[Concept]) -> dict[int, list[Concept]]:
        """For each concept the standard ones that stand for it: itself, or what it maps to."""
        found = {c.id: [c] for c in concepts if c.standard and c.valid}
        others = {c.id for c in concepts} - found.keys()
        if not others or "concept_id_1" not in self._tables.columns("concept_relationship"):
            return found
        columns = ("concept_id_1", "concept_id_2", "relationship_id", "invalid_reason")
        maps: dict[int, list[int]] = {}
        for row in self._tables.chosen("concept_relationship", columns, "concept_id_1", others):
            if row.get("relationship_id") == "Maps to" and not row.get("invalid_reason"):
                maps.setdefault(_int(row.get("concept_id_1")), []).append(_int(row.get("concept_id_2")))
        known = {c.id: c for c in self._chosen({to for several in maps.values() for to in several})}
        for id_, several in maps.items():
            found[id_] = [known[to] for to in several if to in known and known[to].standard and known[to].valid]
        return found

    def _chosen(self, ids: Collection[int]) -> list[Concept]:
        rows = self._tables.chosen("concept", _CONCEPT, "concept_id", list(ids)) if ids else ()
        return [concept for row in rows if (concept := _concept(row)) is not None]


class _Reconnecting:
    """The tables of a database that is connected to for each look at it, and left alone between."""

    def __init__(self, name: str) -> None:
        self._name = name

    def columns(self, table: str) -> Collection[str]:
        with connected(self._name) as connection:
            return self._database(connection).columns(table)

    def rows(self, table: str, columns: Any, batch: object) -> Any:
        with connected(self._name) as connection:
            yield from self._database(connection).rows(table, columns, batch)

    def chosen(self, table: str, columns: Any, key: str, ids: Collection[int]) -> Any:
        with connected(self._name) as connection:
            yield from self._database(connection).chosen(table, columns, key, ids)

    def persons(self, columns: Any) -> Any:
        with connected(self._name) as connection:
            yield from self._database(connection).persons(columns)

    def _database(self, connection: Any) -> Database:
        return Database(connection, name=shown(self._name), home="concept")


DOMAINS = {
    "Condition": ("condition", "observation", "allergy"),
    "Observation": ("observation", "condition", "allergy", "procedure", "measurement"),
    "Drug": ("drug",),
    "Procedure": ("procedure", "measurement"),
    "Device": ("device", "procedure"),
    "Measurement": ("measurement", "observation", "procedure"),
    "Visit": ("visit",),
}
"""For facts of which domains a concept of an OMOP domain may stand. A drug is no allergy to it."""


def _names(fact: Fact) -> set[str]:
    """What a fact's concept may be called, in lower case."""
    found = {lexicon.fold(name) for name in (fact.concept.text, fact.concept.name) if name}
    if fact.domain == "allergy":
        found |= {form for name in found for form in (f"allergy to {name}", f"{name} allergy")}
    if fact.domain == "visit":
        found |= {spelling for name in found for spelling in _kinds().get(name, ())}
    return found - {""}


def _codes(fact: Fact) -> list[tuple[str, str]]:
    """The codes of a fact; of a measurement also those under which laboratories report the same."""
    codes = [(_system(c.system), c.code) for c in fact.concept.codes if fact.domain != "allergy" or _snomed(c)]
    if fact.domain == "measurement":
        codes += [("loinc", code) for code in _loincs().get(lexicon.fold(fact.concept.name or ""), ())]
    return list(dict.fromkeys(codes))


def _snomed(code: Code) -> bool:
    return _system(code.system) in ("snomed", "omop")


def results(word: str) -> frozenset[str]:
    """All the words for the result that a word stands for, itself where it is none that is known."""
    return _results().get(lexicon.fold(word), frozenset({lexicon.fold(word)}))


@cache
def _results() -> dict[str, frozenset[str]]:
    return {
        spelling: frozenset(lexicon.spellings(row["words"]))
        for row in lexicon.rows("results")
        for spelling in lexicon.spellings(row["words"])
    }


@cache
def _loincs() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in lexicon.rows("measurements"):
        found.setdefault(row["name"], []).extend([row["loinc"]] if row["loinc"] else [])
    for row in lexicon.rows("loincs"):
        found.setdefault(row["name"], []).extend(lexicon.spellings(row["codes"]))
    return found


@cache
def _kinds() -> dict[str, list[str]]:
    rows = [row for row in lexicon.rows("charts") if row["kind"] == "visit"]
    return {row["name"]: [lexicon.fold(s) for s in lexicon.spellings(row["spellings"])] for row in rows}


@cache
def _system(name: str) -> str:
    """A vocabulary's name without its typography: "ICD-10-CM" and "ICD10CM" are one."""
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    return {"snomedct": "snomed"}.get(folded, folded)


def _concept(row: Any) -> Concept | None:
    id_, name = _int(row.get("concept_id")), row.get("concept_name")
    if not id_ or not name:
        return None
    domain, system, kind = (str(row.get(f"{part}_id") or "") for part in ("domain", "vocabulary", "concept_class"))
    standard, invalid = row.get("standard_concept") == "S", row.get("invalid_reason")
    return Concept(id_, str(name), domain, system, kind, standard, str(row.get("concept_code") or ""), not invalid)


def _int(cell: Any) -> int:
    try:
        return int(cell)
    except (TypeError, ValueError):
        return 0
