"""Vocabularies that a user brings: OMOP's tables, SNOMED CT's descriptions, LOINC's table.

In: files as their makers distribute them, none of which protoparse may ship:

- OMOP (Athena): `CONCEPT.csv`, tab separated; `CONCEPT_SYNONYM.csv` and `CONCEPT_ANCESTOR.csv` beside it are read, too;
- SNOMED CT: an RF2 description file (`sct2_Description_Snapshot-en_….txt`);
- LOINC: `Loinc.csv`.

Out: a `TermSource`, which gives a phrase its name and codes. A name of several concepts gets the one that all the
others descend from, else none: a doubtful code is left out.

    parser = protoparse.Parser(terms=protoparse.TermSource.read("vocabulary/CONCEPT.csv"))
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from protoparse.concepts.wording import normal
from protoparse.errors import TermsError
from protoparse.model import Code, Domain


class Meaning(NamedTuple):
    """What a phrase names: its preferred name, None where nobody says it, and its codes."""

    name: str | None
    codes: tuple[Code, ...]


class _Concept(NamedTuple):
    """A concept of a vocabulary; `rank` is the smaller the better it is known, `group` the domain that it says."""

    id: str
    name: str
    codes: tuple[Code, ...]
    group: str
    rank: int


_GROUPS: Mapping[str, tuple[Domain, ...]] = {
    "Condition": ("condition", "observation", "allergy"),
    "Observation": ("observation", "condition", "allergy", "procedure", "measurement"),
    "Drug": ("drug", "allergy"),
    "Procedure": ("procedure", "measurement"),
    "Device": ("device", "procedure"),
    "Measurement": ("measurement",),
    "Meas Value": (),
    "": ("condition", "procedure", "drug", "device", "observation", "measurement", "allergy"),
}
"""For which domains of criteria JSON a concept of an OMOP domain may stand."""
_FORMATS: Mapping[str, tuple[str, ...]] = {
    "omop": ("concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_code", "standard_concept"),
    "synonym": ("concept_id", "concept_synonym_name"),
    "ancestor": ("ancestor_concept_id", "descendant_concept_id"),
    "snomed": ("id", "active", "conceptId", "typeId", "term"),
    "loinc": ("LOINC_NUM", "COMPONENT", "LONG_COMMON_NAME"),
}
"""The columns that tell a file's format, all of which it must have."""
_FULLY_SPECIFIED = "900000000000003001"
# A fully specified name ends in the kind of thing it names; RF2 says it nowhere else.
_TAGS = {
    "disorder": "Condition", "finding": "Condition", "procedure": "Procedure", "regime/therapy": "Procedure",
    "substance": "Drug", "product": "Drug", "medicinal product": "Drug", "clinical drug": "Drug",
    "observable entity": "Measurement", "physical object": "Device", "situation": "Observation",
}  # fmt: skip


class TermSource:
    """A user's vocabularies, looked up by name; read them with `read`."""

    def __init__(
        self, terms: Mapping[tuple[str, str], _Concept], kinds: Mapping[tuple[str, str], tuple[Code, ...]] | None = None
    ) -> None:
        self._terms = terms
        self._kinds = kinds or {}

    @classmethod
    def read(cls, *paths: str | Path, hierarchy: bool = False) -> TermSource:
        """The vocabularies of files, or of folders with `CONCEPT.csv` or `Loinc.csv`; earlier files win.

        With `hierarchy`, which concept is a kind of which is kept, too, where `CONCEPT_ANCESTOR.csv` says it: it takes
        memory, and only screening asks for it. Raises `TermsError`, which names file, line and cause, where a file
        cannot be read.
        """
        terms: dict[tuple[str, str], _Concept] = {}
        kinds: dict[tuple[str, str], tuple[Code, ...]] = {}
        for path in map(Path, paths):
            for key, concept in _read(_file(path)).items():
                terms.setdefault(key, concept)
            if hierarchy and _kind(_file(path)) == "omop":
                kinds.update(_wider(_file(path)))
        return cls(terms, kinds)

    def wider(self, code: Code) -> tuple[Code, ...]:
        """The codes of all that a code is a kind of; none where no hierarchy was read, or none is known."""
        return self._kinds.get((code.system, code.code), ())

    def __len__(self) -> int:
        """How many names are known."""
        return len(self._terms)

    def find(self, form: str, domain: Domain) -> Meaning | None:
        """What a phrase in its normal form (`protoparse.concepts.wording`) means in a domain, None where unknown."""
        for group, domains in _GROUPS.items():
            concept = self._terms.get((group, form)) if domain in domains else None
            if concept is not None:
                return Meaning(concept.name.lower(), concept.codes)
        return None


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    for name in ("CONCEPT.csv", "Loinc.csv", "LoincTable/Loinc.csv"):
        if (path / name).is_file():
            return path / name
    raise TermsError(f"{path}: holds neither CONCEPT.csv nor Loinc.csv")


def _read(path: Path) -> dict[tuple[str, str], _Concept]:
    """The names of a file, each with the domain's group and the concept that it names."""
    kind = _kind(path)
    if kind == "omop":
        named, ancestors = _omop(path)
    elif kind == "snomed":
        named, ancestors = _snomed(path), {}
    else:
        named, ancestors = _loinc(path), {}
    best: dict[tuple[str, str], list[_Concept]] = {}
    for form, concept in named:
        if not form:
            continue
        known = best.setdefault((concept.group, form), [])
        if not known or concept.rank < known[0].rank:
            known[:] = [concept]
        elif concept.rank == known[0].rank and concept.id not in [k.id for k in known]:
            known.append(concept)
    return {key: one for key, concepts in best.items() if (one := _widest(concepts, ancestors)) is not None}


def _widest(concepts: Sequence[_Concept], ancestors: Mapping[str, set[str]]) -> _Concept | None:
    """The one concept, or the one of which all others are kinds."""
    for concept in concepts:
        if all(other is concept or concept.id in ancestors.get(other.id, ()) for other in concepts):
            return concept
    return None


def _kind(path: Path) -> str:
    columns = _columns(path)
    for kind in ("omop", "snomed", "loinc"):
        if _FORMATS[kind][0] in columns and _FORMATS[kind][1] in columns:
            return kind
    raise TermsError(f"{path}:1: no columns of OMOP's CONCEPT.csv, of SNOMED CT's descriptions or of LOINC's Loinc.csv")


def _columns(path: Path) -> list[str]:
    with _opened(path) as file:
        line = _line(file, path)
    return next(csv.reader([line], delimiter="\t" if "\t" in line else ",")) if line else []


def _opened(path: Path) -> TextIO:
    try:
        return path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise TermsError(f"{path}: {error.strerror or error}") from None


def _line(file: Iterable[str], path: Path) -> str:
    try:
        return next(iter(file), "").rstrip("\r\n")
    except UnicodeDecodeError:
        raise TermsError(f"{path}:1: no UTF-8 text") from None


def _rows(path: Path, kind: str) -> Iterator[tuple[int, Callable[[str], str]]]:
    """The rows of a table: the number of the line that each ends in, and its cells by column."""
    with _opened(path) as file:
        header = _line(file, path)
        # Only LOINC quotes its cells; a quotation mark of the others is an inch or a part of a name.
        tab = "\t" if "\t" in header else ","
        try:
            head = next(csv.reader([header], delimiter=tab), [])
        except csv.Error as error:
            raise TermsError(f"{path}:1: {error}") from None
        columns = {name: place for place, name in enumerate(head)}
        for name in _FORMATS[kind]:
            if name not in columns:
                raise TermsError(f"{path}:1: no column {name}")
        quoted = csv.reader(file, delimiter=tab)
        reader = quoted if kind == "loinc" else csv.reader(file, delimiter=tab, quoting=csv.QUOTE_NONE)
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except UnicodeDecodeError:
                raise TermsError(f"{path}:{reader.line_num + 2}: no UTF-8 text") from None
            except csv.Error as error:
                raise TermsError(f"{path}:{reader.line_num + 1}: {error}") from None
            if len(row) != len(head):
                if not row:
                    continue
                found = f"{len(row)} column{'s' * (len(row) != 1)}"
                raise TermsError(f"{path}:{reader.line_num + 1}: {found} where the header has {len(head)}")
            yield reader.line_num + 1, lambda name, row=row: row[columns[name]] if name in columns else ""  # type: ignore[misc]


def _omop(path: Path) -> tuple[list[tuple[str, _Concept]], dict[str, set[str]]]:
    """The names of OMOP's concepts, and of which concepts each is a kind."""
    concepts: dict[str, _Concept] = {}
    for number, cell in _rows(path, "omop"):
        id_ = cell("concept_id")
        if not id_.isdigit():
            raise TermsError(f"{path}:{number}: concept_id {id_!r} is no number")
        if cell("invalid_reason") or cell("domain_id") not in _GROUPS:
            continue
        codes = (Code(system=cell("vocabulary_id"), code=cell("concept_code")), Code(system="OMOP", code=id_))
        standard = cell("standard_concept") == "S"
        concepts[id_] = _Concept(id_, cell("concept_name"), codes, cell("domain_id"), 0 if standard else 2)
    named = [(normal(c.name), c) for c in concepts.values()]
    synonyms = path.with_name("CONCEPT_SYNONYM.csv")
    if synonyms.is_file():
        for _, cell in _rows(synonyms, "synonym"):
            concept = concepts.get(cell("concept_id"))
            if concept is not None:
                named.append((normal(cell("concept_synonym_name")), concept._replace(rank=concept.rank + 1)))
    ancestors: dict[str, set[str]] = {}
    table = path.with_name("CONCEPT_ANCESTOR.csv")
    if table.is_file():
        # Only among concepts that share a name does it matter which is a kind of which.
        shared: dict[str, set[str]] = {}
        for form, concept in named:
            shared.setdefault(form, set()).add(concept.id)
        doubtful = {id_ for ids in shared.values() if len(ids) > 1 for id_ in ids}
        for _, cell in _rows(table, "ancestor"):
            wide, narrow = cell("ancestor_concept_id"), cell("descendant_concept_id")
            if wide in doubtful and narrow in doubtful and wide != narrow:
                ancestors.setdefault(narrow, set()).add(wide)
    return named, ancestors


def _wider(path: Path) -> dict[tuple[str, str], tuple[Code, ...]]:
    """For each code of OMOP's concepts those of all that it is a kind of."""
    codes: dict[str, tuple[Code, ...]] = {}
    for _, cell in _rows(path, "omop"):
        if not cell("invalid_reason") and cell("domain_id") in _GROUPS:
            id_ = cell("concept_id")
            codes[id_] = Code(system=cell("vocabulary_id"), code=cell("concept_code")), Code(system="OMOP", code=id_)
    found: dict[str, list[Code]] = {}
    table = path.with_name("CONCEPT_ANCESTOR.csv")
    if table.is_file():
        for _, cell in _rows(table, "ancestor"):
            wide, narrow = cell("ancestor_concept_id"), cell("descendant_concept_id")
            if wide != narrow and wide in codes and narrow in codes:
                found.setdefault(narrow, []).extend(codes[wide])
    return {(c.system, c.code): tuple(wider) for id_, wider in found.items() for c in codes[id_]}


def _snomed(path: Path) -> list[tuple[str, _Concept]]:
    """The active descriptions of an RF2 file."""
    found: list[tuple[str, str, bool]] = []
    kinds: dict[str, tuple[str, str]] = {}
    for number, cell in _rows(path, "snomed"):
        id_, term = cell("conceptId"), cell("term")
        if not id_.isdigit():
            raise TermsError(f"{path}:{number}: conceptId {id_!r} is no number")
        if cell("active") != "1":
            continue
        full = cell("typeId") == _FULLY_SPECIFIED
        if full and term.endswith(")") and " (" in term:
            term, _, tag = term[:-1].rpartition(" (")
            kinds[id_] = term, _TAGS.get(tag, "?")
        found.append((id_, term, full))
    named = []
    for id_, term, full in found:
        name, group = kinds.get(id_, (term, ""))
        if group in _GROUPS:
            codes = (Code(system="SNOMED", code=id_),)
            named.append((normal(term), _Concept(id_, name, codes, group, 0 if full else 1)))
    return named


def _loinc(path: Path) -> list[tuple[str, _Concept]]:
    """The active terms of LOINC; what a component is measured by is the test that is commonest."""
    named = []
    for _, cell in _rows(path, "loinc"):
        if cell("STATUS") not in ("", "ACTIVE"):
            continue
        id_, name = cell("LOINC_NUM"), cell("LONG_COMMON_NAME")
        concept = _Concept(id_, name, (Code(system="LOINC", code=id_),), "Measurement", 0)
        for column in ("LONG_COMMON_NAME", "SHORTNAME", "CONSUMER_NAME", "DisplayName"):
            named.append((normal(cell(column)), concept))
        rank = cell("COMMON_TEST_RANK")
        if rank.isdigit() and int(rank):
            named.append((normal(cell("COMPONENT")), concept._replace(rank=int(rank))))
    return named
