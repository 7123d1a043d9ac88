"""Items that speak against the list they stand in are noted, and nothing is changed."""

import pytest

from protoparse.parsing import Parser

PARSER = Parser(concepts="lexicon", codes=False)
CODES = ("double-negation", "exclusion-among-inclusions", "self-reference")


def codes(kind: str, item: str) -> list[str]:
    """The codes that one item of a kind is noted with, each at the whole item."""
    text = f"{kind} Criteria:\n\n* {item}\n"
    notes = [n for n in PARSER.parse(text).notes if n.code in CODES]
    assert all(n.span and text[slice(*n.span)] == f"* {item}" for n in notes)
    return [n.code for n in notes]


@pytest.mark.parametrize(
    ("kind", "item", "code"),
    [
        ("Exclusion", "No evidence of stroke", "double-negation"),
        ("Exclusion", "Without asthma or epilepsy", "double-negation"),
        ("Exclusion", "Patients with no prior chemotherapy, except hydroxyurea", "double-negation"),
        ("Inclusion", "Patients with epilepsy are not eligible", "exclusion-among-inclusions"),
        ("Inclusion", "Asthma; pregnant women are excluded", "exclusion-among-inclusions"),
        ("Inclusion", "Candidates on dialysis may not be enrolled", "exclusion-among-inclusions"),
        ("Exclusion", "Does not meet the inclusion criteria", "self-reference"),
        ("Inclusion", "None of the exclusion criteria", "self-reference"),
    ],
)
def test_noted(kind: str, item: str, code: str) -> None:
    assert codes(kind, item) == [code]


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("Exclusion", "No informed consent"),
        ("Exclusion", "Unable to walk"),
        ("Exclusion", "Stroke, but no seizures"),
        ("Exclusion", "Patients with epilepsy are not eligible"),
        ("Inclusion", "No evidence of stroke"),
        ("Inclusion", "Cancer (cancer of the skin is not excluded)"),
        ("Inclusion", "Meets the criteria for asthma"),
    ],
)
def test_what_agrees_with_its_list_is_not_noted(kind: str, item: str) -> None:
    assert codes(kind, item) == []


@pytest.mark.parametrize(
    "lead", ["None of the following may apply.", "They must have none of the following conditions:"]
)
def test_a_denial_that_the_heading_says_already_denies_nothing(lead: str) -> None:
    text = f"Exclusion Criteria:\n\n{lead}\n\n1. Stroke\n2. Epilepsy\n"
    document = PARSER.parse(text)
    assert [c.label for c in document.criteria] == ["1.", "2."]
    [note] = [n for n in document.notes if n.code == "double-negation"]
    assert note.span
    assert text[slice(*note.span)] == lead


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion Criteria:\n\nNone of the following may apply.\n\n1. Stroke\n2. Epilepsy\n",
        "Exclusion Criteria:\n\nNo allergy to any of the following:\n\n1. Aspirin\n2. Ibuprofen\n",
    ],
)
def test_a_denial_that_says_more_than_its_heading_stays(text: str) -> None:
    [criterion] = PARSER.parse(text).criteria
    assert len(criterion.children) == 2
