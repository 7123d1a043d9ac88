"""Vocabularies that a user brings, in small files made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protoparse import Parser, ProtoparseError, TermSource
from protoparse.cli import main
from protoparse.concepts.wording import normal
from protoparse.model import facts


def table(text: str) -> str:
    """A table with tabs, of one that is easier to read."""
    return "\n".join("\t".join(cell.strip() for cell in line.split("|")) for line in text.strip().split("\n")) + "\n"


CONCEPTS = table("""
concept_id | concept_name | domain_id | vocabulary_id | class | standard_concept | concept_code | invalid_reason
1 | Widget syndrome | Condition | MyVoc | Disorder | S | W1 |
2 | Asthma | Condition | MyVoc | Disorder | S | W2 |
3 | Old widgetitis | Condition | MyVoc | Disorder |  | W3 | D
4 | Widgetol | Drug | MyDrugs | Ingredient | S | D4 |
5 | Spanner disease | Condition | MyVoc | Disorder | S | W5 |
6 | Spanner disease | Condition | Other | Disorder | S | O6 |
7 | Cog disease | Condition | MyVoc | Disorder | S | W7 |
8 | Cog diseases | Condition | MyVoc | Disorder | S | W8 |
9 | Widget count 5" pipe | Measurement | MyLabs | Lab Test | S | L9 |
10 | Syndrome of widgets, non-standard | Condition | Src | Disorder |  | S10 |
""")
SYNONYMS = table("""
concept_id | concept_synonym_name | language_concept_id
1 | Morbus widget | 4180186
3 | Ancient widgetitis | 4180186
""")
ANCESTORS = table("""
ancestor_concept_id | descendant_concept_id | min_levels_of_separation | max_levels_of_separation
7 | 8 | 1 | 1
""")
DESCRIPTIONS = table("""
id | active | conceptId | typeId | term
101 | 1 | 555001 | 900000000000003001 | Gadget fever (disorder)
102 | 1 | 555001 | 900000000000013009 | Fever of gadgets
103 | 0 | 555001 | 900000000000013009 | Retired gadget name
104 | 1 | 555002 | 900000000000003001 | Left gadget (body structure)
""")
LOINC = """\
"LOINC_NUM","COMPONENT","STATUS","SHORTNAME","LONG_COMMON_NAME","COMMON_TEST_RANK"
"90001-1","Widgetase","ACTIVE","Widgetase SerPl-cCnc","Widgetase [Enzymatic activity/volume] in Serum, or Plasma","12"
"90002-9","Widgetase","ACTIVE","Widgetase CSF","Widgetase in Cerebral spinal fluid","300"
"90003-7","Gone","DEPRECATED","Gone","Gone test","1"
"""


@pytest.fixture
def omop(tmp_path: Path) -> Path:
    folder = tmp_path / "athena"
    folder.mkdir()
    (folder / "CONCEPT.csv").write_text(CONCEPTS, "utf-8")
    (folder / "CONCEPT_SYNONYM.csv").write_text(SYNONYMS, "utf-8")
    (folder / "CONCEPT_ANCESTOR.csv").write_text(ANCESTORS, "utf-8")
    return folder


def found(source: TermSource, phrase: str, domain: str = "condition") -> list[str]:
    meaning = source.find(normal(phrase), domain)  # type: ignore[arg-type]
    return [] if meaning is None else [f"{c.system} {c.code}" for c in meaning.codes]


# ------------------------------------------------------------------ formats


def test_omop_s_concepts(omop: Path) -> None:
    source = TermSource.read(omop / "CONCEPT.csv")
    assert found(source, "widget syndromes") == ["MyVoc W1", "OMOP 1"]
    assert found(source, "Morbus Widget") == ["MyVoc W1", "OMOP 1"]
    assert found(source, "widgetol", "drug") == ["MyDrugs D4", "OMOP 4"]
    assert found(source, "widgetol", "condition") == []
    assert found(source, "widgetol", "allergy") == ["MyDrugs D4", "OMOP 4"]
    assert found(source, 'widget count 5" pipe', "measurement") == ["MyLabs L9", "OMOP 9"]
    assert found(source, "syndrome of widgets, non-standard") == ["Src S10", "OMOP 10"]


def test_what_is_no_longer_valid_is_not_known(omop: Path) -> None:
    source = TermSource.read(omop)
    assert found(source, "old widgetitis") == found(source, "ancient widgetitis") == []


def test_of_two_concepts_with_one_name_the_wider_one_or_none(omop: Path) -> None:
    source = TermSource.read(omop)
    assert found(source, "cog disease") == ["MyVoc W7", "OMOP 7"]
    assert found(source, "spanner disease") == []


def test_the_tables_beside_it_may_be_missing(omop: Path) -> None:
    (omop / "CONCEPT_SYNONYM.csv").unlink()
    (omop / "CONCEPT_ANCESTOR.csv").unlink()
    source = TermSource.read(omop)
    assert found(source, "widget syndrome") == ["MyVoc W1", "OMOP 1"]
    assert found(source, "cog disease") == []


def test_snomed_s_descriptions(tmp_path: Path) -> None:
    file = tmp_path / "sct2_Description_Snapshot-en.txt"
    file.write_text(DESCRIPTIONS, "utf-8")
    source = TermSource.read(file)
    assert found(source, "gadget fevers") == found(source, "fever of gadgets") == ["SNOMED 555001"]
    assert found(source, "retired gadget name") == found(source, "left gadget") == []
    assert found(source, "gadget fever", "drug") == []


def test_loinc_s_table(tmp_path: Path) -> None:
    file = tmp_path / "Loinc.csv"
    file.write_text("\ufeff" + LOINC, "utf-8")
    source = TermSource.read(tmp_path)
    assert found(source, "widgetase", "measurement") == ["LOINC 90001-1"]
    assert found(source, "widgetase in cerebral spinal fluid", "measurement") == ["LOINC 90002-9"]
    assert found(source, "gone test", "measurement") == []


def test_several_files_and_the_first_wins(omop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text(CONCEPTS.replace("\tW1\t", "\tZZ\t"), "utf-8")
    assert found(TermSource.read(other, omop), "widget syndrome") == ["MyVoc ZZ", "OMOP 1"]


# ------------------------------------------------------------------ in a parse


def test_a_user_s_codes_stand_first(omop: Path) -> None:
    parser = Parser(terms=TermSource.read(omop))
    document = parser.parse("Exclusion Criteria:\n\n* Severe asthma\n* Widget syndrome\n* ALT > 2 × ULN\n")
    asthma, widget, alt = (next(facts(item.rule)).concept for item in document.criteria)
    assert [c.system for c in asthma.codes] == ["MyVoc", "OMOP", "MeSH", "ICD-10-CM"]
    assert widget.name == "widget syndrome"
    assert [c.code for c in widget.codes] == ["W1", "1"]
    assert [c.code for c in alt.codes] == ["1742-6"]


def test_on_the_command_line(omop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listing = tmp_path / "trial.txt"
    listing.write_text("Exclusion Criteria:\n\n* Widget syndrome\n", "utf-8")
    assert main(["parse", str(listing), "--from", "text", "--terms", str(omop / "CONCEPT.csv")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["criteria"][0]["rule"]["concept"]["codes"][0] == {"system": "MyVoc", "code": "W1"}


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", ":1: no columns of OMOP's CONCEPT.csv"),
        ("a,b,c\n1,2,3\n", ":1: no columns of OMOP's CONCEPT.csv"),
        (CONCEPTS.replace("vocabulary_id", "vocabulary"), ":1: no column vocabulary_id"),
        (CONCEPTS.replace("\tCondition\tMyVoc\tDisorder\tS\tW2", "\tMyVoc"), ":3: 4 columns where the header has 8"),
        (CONCEPTS.replace("\n5\t", "\nfive\t"), ":6: concept_id 'five' is no number"),
        (DESCRIPTIONS.replace("\t555002\t", "\tx\t"), ":5: conceptId 'x' is no number"),
        (LOINC.replace('"90002-9",', ""), ":3: 5 columns where the header has 6"),
    ],
)
def test_a_broken_file_is_refused_by_line_and_cause(tmp_path: Path, text: str, cause: str) -> None:
    file = tmp_path / "terms.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(ProtoparseError) as error:
        TermSource.read(file)
    assert str(error.value).startswith(f"{file}{cause}")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "CONCEPT.csv"
    file.write_bytes(CONCEPTS.replace("Asthma", "Sjögren").encode("latin-1"))
    with pytest.raises(ProtoparseError, match="no UTF-8 text"):
        TermSource.read(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ProtoparseError, match=r"nowhere\.csv: No such file"):
        TermSource.read(tmp_path / "nowhere.csv")
    with pytest.raises(ProtoparseError, match="holds neither"):
        TermSource.read(tmp_path)
    assert main(["parse", "-", "--terms", str(tmp_path / "nowhere.csv")]) == 1
    assert "nowhere.csv: No such file" in capsys.readouterr().err
