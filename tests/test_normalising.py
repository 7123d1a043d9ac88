"""Names and codes of concepts: what is coded, with what, and what is better left without."""

from __future__ import annotations

import pytest

from protoparse.concepts.normalising import Normaliser
from protoparse.concepts.wording import normal
from protoparse.model import dump, facts, load, walk
from protoparse.parsing import Parser, parse
from protoparse.render import render

NORMALISER = Normaliser()


def codes(phrase: str, domain: str, **more: object) -> list[str]:
    return [f"{c.system} {c.code}" for c in NORMALISER.meaning(phrase, domain, **more).codes]  # type: ignore[arg-type]


def parsed(criterion: str) -> list[tuple[str, str | None, list[str]]]:
    """The concepts of an exclusion: text, name, codes."""
    document = parse(f"Exclusion Criteria:\n\n* {criterion}\n")
    return [
        (fact.concept.text, fact.concept.name, [f"{c.system} {c.code}" for c in fact.concept.codes])
        for item in walk(document.criteria)
        for fact in facts(item.rule)
    ]


# ------------------------------------------------------------------ the normal form


@pytest.mark.parametrize(
    "phrases",
    [
        ("lung carcinoma", "Carcinoma of the Lung", "carcinomas, lung", "pulmonary carcinoma"),
        ("Crohn's disease", "Crohn’s Disease", "Crohn disease", "disease, Crohn"),
        ("anaemia", "anemia", "Anaemias"),
        ("oesophageal tumour", "esophageal tumors"),
        ("non-small-cell", "nonsmall cell", "non small cell"),
        ("type II diabetes", "diabetes, type 2"),
        ("TNF-α", "TNF alpha"),
        ("Sjögren's syndrome", "sjogren syndrome"),
        ("metastases", "metastasis"),
        ("malignant neoplasm of the colon", "colon cancer", "malignant tumours of colon"),
        ("heart transplantation", "cardiac transplants"),
    ],
)
def test_one_thing_has_one_form(phrases: tuple[str, ...]) -> None:
    assert len({normal(phrase) for phrase in phrases}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hepatitis A", "hepatitis B"),
        ("hepatitis", "hepatitis A"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("breast cancer", "cancer"),
        ("hypertension", "hypotension"),
        ("pneumonia with sepsis", "pneumonia without sepsis"),
        ("diabetic", "non-diabetic"),
    ],
)
def test_two_things_have_two_forms(one: str, other: str) -> None:
    assert normal(one) != normal(other)


def test_a_form_is_its_own_form() -> None:
    for phrase in ("Carcinomas of the lung", "Sjögren's syndromes", "type II diabetes mellitus", "viruses", "sepsis"):
        assert normal(normal(phrase)) == normal(phrase)


def test_what_holds_no_word_has_no_form() -> None:
    assert normal("≥ – ()") == ""


# ------------------------------------------------------------------ what is coded


@pytest.mark.parametrize(
    ("phrase", "domain", "code"),
    [
        ("heart attack", "condition", "MeSH D009203"),
        ("carcinoma of the lung", "condition", "MeSH D008175"),
        ("Asthma", "condition", "ICD-10-CM J45"),
        ("severe asthma", "condition", "MeSH D001249"),
        ("newly diagnosed type II diabetes", "condition", "ICD-10-CM E11"),
        ("metastatic breast cancer", "condition", "MeSH D001943"),
        ("chronic obstructive pulmonary disease (COPD)", "condition", "ICD-10-CM J44.9"),
        ("COPD", "condition", "MeSH D029424"),
        ("HFrEF", "condition", "ICD-10-CM I50.2"),
        ("HIV", "condition", "MeSH D015658"),
        ("paracetamol", "drug", "DrugBank DB00316"),
        ("Tylenol", "drug", "DrugBank DB00316"),
        ("oral prednisone tablets", "drug", "DrugBank DB00635"),
        ("irinotecan", "drug", "DrugBank DB00762"),
        ("tacrolimus", "drug", "DrugBank DB00864"),
        ("sulfonylureas", "drug", "MeSH D013453"),
        ("penicillins", "allergy", "MeSH D010406"),
        ("kidney transplantation", "procedure", "MeSH D016030"),
        ("pacemaker", "device", "MeSH D010138"),
        ("smoking", "observation", "MeSH D012907"),
        ("serum creatinine", "measurement", "LOINC 2160-0"),
        ("Glomerular Filtration Rate (eGFR)", "measurement", "LOINC 69405-9"),
    ],
)
def test_a_phrase_is_coded(phrase: str, domain: str, code: str) -> None:
    assert code in codes(phrase, domain, name=None if domain == "measurement" else phrase.lower())


@pytest.mark.parametrize(
    ("phrase", "domain"),
    [
        ("disease", "condition"),
        ("medical condition", "condition"),
        ("medications", "drug"),
        ("MS", "condition"),
        ("RA", "condition"),
        ("PD", "condition"),
        ("QZX", "condition"),
        ("widget syndrome", "condition"),
        ("systemic disease of the widget", "condition"),
        ("metastatic disease of unknown biology", "condition"),
        ("adult", "person"),
        ("informed consent", "consent"),
    ],
)
def test_a_doubtful_code_is_left_out(phrase: str, domain: str) -> None:
    if domain in ("person", "consent"):
        assert parsed(f"No {phrase}") == [] or all(not found for *_, found in parsed(f"No {phrase}"))
    else:
        assert codes(phrase, domain) == []


def test_a_phrase_is_not_shortened_to_its_head() -> None:
    assert codes("widget gland cancer", "condition") == []
    assert "MeSH D009369" not in codes("breast cancer", "condition")


def test_metastatic_disease_is_not_disease() -> None:
    assert codes("metastatic disease", "condition") == ["MeSH D009362", "ICD-10-CM C79.9"]
    assert codes("CNS metastatic disease", "condition")[0] != "MeSH D002493"


def test_a_combination_is_not_one_of_its_drugs() -> None:
    assert "DrugBank DB01235" not in codes("carbidopa-levodopa", "drug", name="levodopa")


def test_every_code_says_its_version_where_there_are_versions() -> None:
    [mesh, icd] = NORMALISER.meaning("asthma", "condition").codes
    assert (mesh.version, icd.version) == ("2024", "2026")


# ------------------------------------------------------------------ in a parse


def test_what_narrows_a_concept_makes_another_of_it() -> None:
    [(text, _, found)] = parsed("Acute severe pancreatitis")
    assert text == "pancreatitis"
    assert "ICD-10-CM K85" in found  # acute pancreatitis, where pancreatitis alone is K85.9


def test_an_abbreviation_is_coded_by_what_the_listing_says() -> None:
    assert parsed("Prior RA") == [("RA", "ra", [])]
    document = parse("Exclusion Criteria:\n\n* Rheumatoid arthritis (RA)\n* Prior RA\n")
    [first, second] = [fact.concept for item in document.criteria for fact in facts(item.rule)]
    assert second.text == "RA"
    assert second.codes == first.codes != ()
    assert second.name == "rheumatoid arthritis"


def test_a_listing_s_own_meaning_goes_before_the_vocabularies_() -> None:
    document = parse("Exclusion Criteria:\n\n* Marked dermal widgets (MDS)\n* Prior MDS\n")
    concept = next(facts(document.criteria[1].rule)).concept
    assert "MeSH D009190" not in [f"{c.system} {c.code}" for c in concept.codes]


def test_codes_survive_json_and_english() -> None:
    document = parse("Exclusion Criteria:\n\n* History of asthma, aspirin or ALT > 3 × ULN\n")
    assert load(dump(document)) == document
    english = render(document.criteria[0].rule)  # type: ignore[arg-type]
    assert "MeSH D001249 version 2024" in english
    again = parse(english)
    assert render(again.criteria[0].rule) == english  # type: ignore[arg-type]


def test_codes_can_be_left_out() -> None:
    text = "Exclusion Criteria:\n\n* History of asthma\n"
    with_codes, without = parse(text), Parser(codes=False).parse(text)
    [one] = facts(with_codes.criteria[0].rule)
    [other] = facts(without.criteria[0].rule)
    assert one.concept.codes
    assert not other.concept.codes
    assert one.concept.span == other.concept.span


def test_one_parser_codes_as_another_whatever_it_read_before() -> None:
    texts = [
        f"Exclusion Criteria:\n\n* {x}\n" for x in ("Prior RA", "Rheumatoid arthritis (RA); prior RA", "Severe asthma")
    ]
    warm = Parser()
    for text in [*texts, *reversed(texts)]:
        assert dump(warm.parse(text)) == dump(Parser().parse(text))
