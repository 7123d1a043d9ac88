"""The registry's fields against the text: what disagrees is noted, what agrees or is silent is not."""

import pytest

from protoparse.agreement import agree, stated
from protoparse.model import Document, Trial
from protoparse.parsing import parse
from protoparse.sources import Listing
from protoparse.sources.fields import age


def document(text: str, low: str | None = None, high: str | None = None, **fields: str) -> Document:
    fields = {"registry": "ClinicalTrials.gov"} | fields
    trial = Trial(minimum_age=age(low), maximum_age=age(high), **fields)  # type: ignore[arg-type]
    return parse(Listing(trial=trial, text=text, name=""))


def noted(made: Document) -> list[tuple[str, str, str]]:
    return [
        (note.code, note.message, made.text[slice(*note.span)])
        for note in made.notes
        if note.code.endswith("-disagrees") and note.span
    ]


def inclusion(*items: str) -> str:
    return "Inclusion Criteria:\n\n" + "".join(f"* {item}\n" for item in items)


def exclusion(*items: str) -> str:
    return "Exclusion Criteria:\n\n" + "".join(f"* {item}\n" for item in items)


COHORTS = "Inclusion Criteria:\n\nCohort A:\n* Age 18 to 45 years\n\nCohort B:\n* Age 46 to 70 years\n"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (inclusion("Age 20 to 64 years"), "20 Years", "64 Years"),
        # prose excludes what a registry includes: either is how it is meant
        (inclusion("Over 20 years of age"), "20 Years", None),
        (inclusion("Over 20 years of age"), "21 Years", None),
        (inclusion("Younger than 65 years"), None, "65 Years"),
        (inclusion("Younger than 65 years"), None, "64 Years"),
        (inclusion("Age up to and including 70 years"), None, "70 Years"),
        # other units, whole or nearly
        (inclusion("Aged 24 months or older"), "2 Years", None),
        (inclusion("Aged 6 months to 5 years"), "6 Months", "5 Years"),
        (inclusion("Aged up to 28 days"), None, "4 Weeks"),
        (inclusion("Aged up to 28 days"), None, "1 Month"),
        (inclusion("Aged 13 to 17.9 years"), "13 Years", "17 Years"),
        # nothing is said of one bound, or of both
        (inclusion("Aged 18 years or older"), "18 Years", "80 Years"),
        (inclusion("Asthma"), "18 Years", "80 Years"),
        (inclusion("Aged 0 to 28 days"), None, "28 Days"),
        # exclusions state what is beyond
        (exclusion("Age < 18 years or > 75 years"), "18 Years", "75 Years"),
        (exclusion("Younger than 18 years and older than 75 years"), "18 Years", "75 Years"),
        (exclusion("Children (under 18 years of age)"), "18 Years", None),
        (inclusion("Age 18 or older") + "\n" + exclusion("Older than 75 years"), "18 Years", "75 Years"),
        # a limit for some people is none for all
        (inclusion("Aged 18 to 70 years") + exclusion("Men over 60 years of age with gout"), "18 Years", "70 Years"),
        (inclusion("Patients under 6 years old must weigh at least 9 kg"), "1 Year", "17 Years"),
        (inclusion("Men aged 40 years or more and women aged 50 years or more"), "40 Years", None),
        (inclusion("Age ≥ 60 years or Down syndrome"), "18 Years", None),
        # cohorts, and items that only differing people can meet
        (COHORTS, "18 Years", "70 Years"),
        (inclusion("Patients: age 18 to 45 years", "Controls: age 30 to 70 years"), "18 Years", "70 Years"),
        # the age at something else
        (inclusion("Younger than 30 years at diagnosis", "Age 18 years or more"), "18 Years", "60 Years"),
        (inclusion("Donor age ≤ 50 years"), "18 Years", "70 Years"),
    ],
)  # fmt: skip
def test_what_agrees_or_is_silent_is_not_noted(text: str, low: str | None, high: str | None) -> None:
    assert noted(document(text, low, high)) == []


@pytest.mark.parametrize(
    ("text", "low", "high", "message"),
    [
        (
            inclusion("Age 18 to 70 years"), "18 Years", "65 Years",
            "the registry says at most 65 years; the text says at most 70 years",
        ),
        (
            inclusion("Adults aged 21 years or older"), "18 Years", "65 Years",
            "the registry says at least 18 years; the text says at least 21 years",
        ),
        (
            inclusion("Aged 18 to 80 years"), "18 Years", None,
            "the registry sets no upper limit; the text says at most 80 years",
        ),
        (
            exclusion("Older than 75 years"), "18 Years", "70 Years",
            "the registry says at most 70 years; the text says at most 75 years",
        ),
        (
            inclusion("Older than 12 months"), "6 Months", "2 Years",
            "the registry says at least 6 months; the text says over 12 months",
        ),
    ],
)  # fmt: skip
def test_what_disagrees_is_noted(text: str, low: str | None, high: str | None, message: str) -> None:
    [(code, said, _)] = noted(document(text, low, high))
    assert (code, said) == ("age-disagrees", message)


def test_a_note_stands_at_the_age() -> None:
    made = document(inclusion("Type 2 diabetes", "Age between 30 and 60 years and asthma"), "18 Years", "75 Years")
    assert [place for _, _, place in noted(made)] == ["Age between 30 and 60 years"] * 2


def test_a_bare_text_has_nothing_to_agree_with() -> None:
    assert noted(parse(inclusion("Age 18 to 70 years"))) == []


def test_a_registry_without_ages_is_not_compared() -> None:
    assert noted(document(inclusion("Age 18 to 70 years"), None, None, sex="all")) == []


@pytest.mark.parametrize(
    ("text", "low", "high", "codes"),
    [
        ("Aged 30 to 60 years", "18 Years", "64 Years", []),
        ("Aged 18 to 75 years", "18 Years", None, []),
        ("Aged 18 to 65 years", "18 Years", "64 Years", []),
        ("Aged 2 to 11 years", None, "17 Years", []),
        ("Aged 16 years or older", "18 Years", None, ["age-disagrees"]),
        ("Aged 18 to 80 years", "18 Years", "64 Years", ["age-disagrees"]),
    ],
)
def test_bands_of_age_agree_with_what_is_within_them(text: str, low: str, high: str, codes: list[str]) -> None:
    made = document(inclusion(text), low, high, registry="CTIS")
    assert [code for code, _, _ in noted(made)] == codes


@pytest.mark.parametrize(
    ("text", "sex", "expected"),
    [
        (inclusion("Women aged 18 to 45 years"), "all", ["the registry says both sexes; the text says female"]),
        (inclusion("Female"), "male", ["the registry says male; the text says female"]),
        (inclusion("Female"), "female", []),
        (inclusion("Male or female"), "all", []),
        (inclusion("Women must not be breastfeeding"), "all", []),
        (inclusion("Men", "Women"), "all", []),
        (inclusion("Male participants ..."), "all", []),
        (exclusion("Female"), "all", []),
    ],
)
def test_sexes(text: str, sex: str, expected: list[str]) -> None:
    assert [message for code, message, _ in noted(document(text, sex=sex)) if code == "sex-disagrees"] == expected


def test_stated_ages_name_their_facts() -> None:
    ages = stated(parse(inclusion("Age 18 to 70 years")).criteria)
    assert ages is not None
    assert [(x.value, x.unit, x.inclusive) for x in (ages.low, ages.high) if x] == [(18, "a", True), (70, "a", True)]
    assert ages.high is not None
    assert agree(ages.high, age("70 Years"), upper=True)
    assert not agree(ages.high, None, upper=True)
