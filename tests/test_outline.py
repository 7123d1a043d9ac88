"""The outline: headings, items, nesting, groups, how children count, and where everything stands."""

from __future__ import annotations

import gc
import importlib
import random
import re
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protoparse.errors import NestingError
from protoparse.model import AtLeastChildren
from protoparse.outline import Item, Outline, outline


def words(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    return " ".join(" ".join(text[s:e] for s, e in spans).split())


def tree(text: str) -> list:
    """An item as its words, or as (words, combine, children)."""

    def show(item: Item) -> object:
        own = words(text, item.body)
        return (own, item.combine, [show(child) for child in item.children]) if item.children else own

    return [show(item) for item in outline(text).items]


def kinds(text: str) -> list[tuple[str, str]]:
    return [(item.kind[:3], words(text, item.body)) for item in outline(text).items]


def groups(text: str) -> list[tuple[str | None, str]]:
    return [(item.group, words(text, item.body)) for item in outline(text).items]


def keeps_its_promise(text: str, found: Outline) -> None:
    """Every character that is no white space is covered once; spans nest; bodies and leads lie inside."""

    def inside(items: tuple[Item, ...], low: int, high: int) -> None:
        for item in items:
            start, end = item.span
            assert low <= start < end <= high
            low = end
            for piece in item.body:
                assert start <= piece[0] < piece[1] <= end
            if item.lead:
                assert any(s <= item.lead[0] < item.lead[1] <= e for s, e in item.body)
            assert (item.combine is None) == (not item.children)
            inside(item.children, start, end)

    inside(found.items, 0, len(text))
    place = 0
    for start, end in sorted([*(item.span for item in found.items), *found.headings, *found.preambles]):
        assert place <= start, text[start:place]
        assert not text[place:start].strip(), text[place:start]
        place = end
    assert not text[place:].strip()


# ------------------------------------------------------------------ headings


@pytest.mark.parametrize(
    ("inclusion", "exclusion"),
    [
        ("Inclusion Criteria:", "Exclusion Criteria:"),
        ("Inclusion criteria", "Exclusion criteria"),
        ("KEY INCLUSION CRITERIA", "KEY EXCLUSION CRITERIA"),
        ("Inclusion:", "Exclusion:"),
        ("Main Inclusion Criteria :", "Main exclusion criteria -"),
        ("**Inclusion Criteria**", "**Exclusion Criteria:**"),
        ("I. Inclusion criteria", "II. Exclusion criteria"),
        ("* Inclusion Criteria:", "* Exclusion Criteria:"),
        ("## Inclusion criteria", "## Non-inclusion criteria"),
        ("Eligible subjects:", "Ineligible subjects:"),
        ("Eligibility Criteria:", "Criteria for exclusion:"),
        ("Inclusion Criteria include:", "Exclusion criteria are:"),
        ("You may take part and be included if you:", "Patients will be excluded if:"),
        (
            "To be eligible, volunteers must meet the following criteria:",
            "People with any of the following cannot participate:",
        ),
    ],
)
def test_section_headings_set_the_kind(inclusion: str, exclusion: str) -> None:
    text = f"{inclusion}\n\n* asthma for two years\n* able to walk\n\n{exclusion}\n\n* current smoker\n"
    assert kinds(text) == [("inc", "asthma for two years"), ("inc", "able to walk"), ("exc", "current smoker")]
    assert len(outline(text).headings) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Inclusion Criteria: age over 40 years Exclusion Criteria: nursing mothers",
        "Inclusion criteria: age over 40 years\nExclusion criteria: nursing mothers",
        "Inclusion Criteria\nage over 40 years\nExclusion Criteria\nnursing mothers",
        "Inclusion criteria are age over 40 years\n\nExclusion criteria include nursing mothers",
    ],
)
def test_text_follows_a_heading_on_its_line(text: str) -> None:
    assert kinds(text) == [("inc", "age over 40 years"), ("exc", "nursing mothers")]


@pytest.mark.parametrize(
    "line",
    [
        "Not able to meet the inclusion criteria of the parent trial",
        "Other protocol-specific inclusion/exclusion criteria may apply",
        "Unsuitable for inclusion in the eyes of the investigator.",
        "Meets the exclusion criteria on the screening form",
    ],
)
def test_speaking_of_criteria_is_no_heading(line: str) -> None:
    text = f"Exclusion Criteria:\n\n* asthma\n\n{line}\n"
    assert kinds(text) == [("exc", "asthma"), ("exc", line)]


def test_text_before_any_heading_has_no_kind() -> None:
    assert kinds("Adults with gout.\n\nMust not be pregnant.") == [
        ("uns", "Adults with gout."),
        ("uns", "Must not be pregnant."),
    ]
    assert outline("").items == ()
    assert outline(" \n\t\r\n").preambles == ()


def test_a_sentence_under_a_heading_is_a_preamble() -> None:
    text = "Inclusion Criteria:\n\nParticipants must meet all of the following criteria:\n\n1. gout"
    found = outline(text)
    assert [text[s:e] for s, e in found.preambles] == ["Participants must meet all of the following criteria:"]
    assert tree(text) == ["gout"]


def test_a_sentence_under_a_heading_that_counts_its_list_is_an_item() -> None:
    text = "Inclusion Criteria:\n\nAt least two of the following:\n\n* gout\n* asthma\n* anaemia"
    (item,) = outline(text).items
    assert (item.combine, len(item.children)) == (AtLeastChildren(at_least=2), 3)


def test_a_bulleted_lead_in_is_an_item() -> None:
    text = (
        "Exclusion Criteria\n\n* Persons with any of the following conditions cannot enter the "
        "study.\n\n1. Gout.\n2. Asthma."
    )
    assert tree(text) == [
        ("Persons with any of the following conditions cannot enter the study.", "any", ["Gout.", "Asthma."])
    ]


def test_an_old_heading_in_capitals_names_no_kind() -> None:
    text = (
        "DISEASE CHARACTERISTICS:\n\n* Proven sarcoma\n\nPATIENT CHARACTERISTICS:\n\nAge:\n\n* 18 and "
        "over\n\nRenal:\n\n* Creatinine normal"
    )
    assert kinds(text) == [("uns", "Proven sarcoma"), ("uns", "18 and over"), ("uns", "Creatinine normal")]
    assert [text[s:e] for s, e in outline(text).headings] == [
        "DISEASE CHARACTERISTICS:", "PATIENT CHARACTERISTICS:", "Age:", "Renal:",
    ]  # fmt: skip


def test_a_topic_between_numbered_items_is_a_heading() -> None:
    text = "Inclusion Criteria:\n\nAge\n\n1. Between 18 and 60 years.\n\n   Reproductive Health\n2. Uses contraception."
    assert kinds(text) == [("inc", "Between 18 and 60 years."), ("inc", "Uses contraception.")]


# ------------------------------------------------------------------ groups


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Inclusion Criteria:\n\nHealthy volunteers:\n\n1. non-smoker\n\nCohort B:\n\n1. "
         "asthma", [("Healthy volunteers", "non-smoker"), ("Cohort B", "asthma")]),
        ("Inclusion Criteria for Part A:\n* asthma\n\nExclusion Criteria:\n"
         "* gout", [("Part A", "asthma"), (None, "gout")]),
        ("Inclusion Criteria (Cohorts 1 and 2):\n* asthma", [("Cohorts 1 and 2", "asthma")]),
        ("Healthy Volunteer Inclusion Criteria:\n* asthma", [("Healthy Volunteer", "asthma")]),
        ("General Inclusion Criteria for All Participants\n* asthma", [(None, "asthma")]),
        ("Inclusion:\n* Arms A and C: prior platinum\n* In Part B, age is above 12\n* For dose "
         "expansion, proven lymphoma",
         [("Arms A and C", "prior platinum"), ("Part B", "age is above 12"), ("For dose expansion",
         "proven lymphoma")]),
        ("Inclusion:\n* biopsy possible (Part B only)\n* (Cohort C) prior "
         "platinum", [("Part B only", "biopsy possible"), ("Cohort C", "prior platinum")]),
        ("Controls:\nInclusion Criteria:\n* non-smoker\nExclusion Criteria:\n* "
         "asthma", [("Controls", "non-smoker"), ("Controls", "asthma")]),
        ("Inclusion:\n\nPart 1:\n* gout\n\nAll participants:\n* asthma", [("Part 1", "gout"), (None, "asthma")]),
        ("Inclusion:\n* For women of childbearing potential, a negative test\n* "
         "Risk: high", [(None, "For women of childbearing potential, a negative test"), (None, "Risk: high")]),
    ],
)  # fmt: skip
def test_cohorts_parts_and_arms_are_groups(text: str, expected: list[tuple[str | None, str]]) -> None:
    assert groups(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        "Persons with gout, other than: those in remission",
        "Score of the Eastern Cooperative Oncology Group 0-1",
        "Refusal of study participation",
        "All study participants: consent",
    ],
)
def test_no_cohort(line: str) -> None:
    assert [group for group, _ in groups(f"Inclusion Criteria:\n\n* {line}\n* asthma")] == [None, None]


def test_children_belong_to_the_group_of_their_item() -> None:
    found = outline("Inclusion Criteria:\n\nII. Group B\n\n* asthma\n* age over 40\n")
    (item,) = found.items
    assert (item.group, item.label, [c.group for c in item.children]) == ("Group B", "II.", ["Group B", "Group B"])
    assert item.lead == item.body[0]


# ------------------------------------------------------------------ marks


@pytest.mark.parametrize(
    "mark",
    ["*", "-", "•", "·", "–", "—", "▪", "●", "○", "o ", "\\*", "\\-", "+", "\uf0b7", "* *", "-  •"],
)  # fmt: skip
def test_bullets(mark: str) -> None:
    text = f"Inclusion Criteria:\n\n{mark} gout\n{mark} asthma since childhood"
    assert tree(text) == ["gout", "asthma since childhood"]


@pytest.mark.parametrize(
    ("first", "second", "label"),
    [
        ("1.", "2.", "1."), ("1)", "2)", "1)"), ("(1)", "(2)", "(1)"), ("[1]", "[2]", "[1]"), ("1.1", "1.2",
        "1.1"), ("1.1.", "1.2.", "1.1."),
        ("a.", "b.", "a."), ("a)", "b)", "a)"), ("(a)", "(b)", "(a)"), ("A.", "B.", "A."), ("i.", "ii.", "i."),
        ("ii)", "iii)", "ii)"), ("I.", "II.", "I."),
        ("I-1.", "I-2.", "I-1."), ("E01.", "E02.", "E01."), ("IC 1)", "IC 2)", "IC 1)"),
        ("①", "②", "①"), ("1、", "2、", "1、"), ("#1", "#2", "#1"), ("Criterion 1:", "Criterion 2:",
        "Criterion 1:"), ("1\\.", "2\\.", "1\\."),
        ("1a.", "1b.", "1a."), ("[1a]", "[1b]", "[1a]"), ("2b)", "2c)", "2b)"),
        ("* 1.", "* 2.", "1."), ("* (1)", "* (2)", "(1)"), ("1 -", "2 -", "1 -"), ("（1）", "（2）", "（1）"),
    ],
)  # fmt: skip
def test_numbers(first: str, second: str, label: str) -> None:
    text = f"Inclusion Criteria:\n\n{first} Gout for years\n{second} Asthma since childhood"
    assert tree(text) == ["Gout for years", "Asthma since childhood"]
    assert outline(text).items[0].label == label


@pytest.mark.parametrize(
    "line",
    [
        "1.5 times the upper limit",
        "18 years or older",
        "12-lead ECG normal",
        "2000, 3000 and 4000 Hz",
        "E. coli in the urine",
        "(HIV) infection",
        "50% or more",
    ],
)
def test_a_figure_is_no_number(line: str) -> None:
    text = f"Inclusion Criteria:\n\n{line}\n\nAsthma"
    assert tree(text) == [line, "Asthma"]
    assert outline(text).items[0].label is None


def test_plain_lines_are_items_and_sentences_of_a_paragraph_are_one() -> None:
    assert tree("Exclusion Criteria:\nGout\nAsthma\nCurrent smoker") == ["Gout", "Asthma", "Current smoker"]
    assert tree("Exclusion Criteria:\n\nGout. Also asthma. Not cured.") == ["Gout. Also asthma. Not cured."]


# ------------------------------------------------------------------ nesting

NESTED = [
    "gout",
    ("organ function meets the following:", "all", ["normal ALT", "creatinine below 2 mg/dL"]),
    "asthma",
]


@pytest.mark.parametrize(
    "text",
    [
        "* gout\n* organ function meets the following:\n\n  * normal ALT\n  * creatinine below 2 mg/dL\n* asthma",
        "1. gout\n2. organ function meets the following:\n\n   1. normal ALT\n   2. creatinine below 2 "
        "mg/dL\n3. asthma",
        "2. gout\n3. organ function meets the following:\n\n1. normal ALT\n2. creatinine below 2 mg/dL\n4. asthma",
        "1. gout\n2. organ function meets the following:\n- normal ALT\n- creatinine below 2 mg/dL\n3. asthma",
        "(1) gout\n\n(2) organ function meets the following:\n\n<!-- -->\n\n1. normal ALT\n2. creatinine "
        "below 2 mg/dL\n\n(3) asthma",
        "* gout\n* organ function meets the following:\n\n1. normal ALT\n2. creatinine below 2 mg/dL\n\n* asthma",
        "1. gout\n2. organ function meets the following:\na) normal ALT\nb) creatinine below 2 mg/dL\n3. asthma",
        "1. gout\n2. organ function meets the following: a) normal ALT b) creatinine below 2 mg/dL\n3. asthma",
        "1. gout\n2. organ function meets the following:\n\nnormal ALT\n\ncreatinine below 2 mg/dL\n\n3. asthma",
        "          -  gout\n\n          -  organ function meets the following:\n\n               -  "
        "normal ALT\n\n               -  creatinine below 2 mg/dL\n\n          -  asthma",
    ],
)
def test_nesting_by_meaning_however_it_is_laid_out(text: str) -> None:
    assert tree(f"Inclusion Criteria:\n\n{text}\n") == NESTED


@pytest.mark.parametrize("frame", ["[{}]", "({})", "{}."])
def test_a_number_with_a_letter_is_a_part_or_an_amended_number(frame: str) -> None:
    parts = "{} gout, one of the following:\n{} Treated\n{} Untreated\n{} asthma"
    text = parts.format(*(frame.format(n) for n in ("1", "1a", "1b", "2")))
    assert tree("Inclusion Criteria:\n\n" + text) == [
        ("gout, one of the following:", "any", ["Treated", "Untreated"]),
        "asthma",
    ]
    amended = "{} Gout\n{} Any of the following:\n  a) asthma\n  b) COPD\n{} Rash"
    text = amended.format(*(frame.format(n) for n in ("7", "8b", "9")))
    assert tree("Exclusion Criteria:\n\n" + text) == [
        "Gout", ("Any of the following:", "any", ["asthma", "COPD"]), "Rash"
    ]  # fmt: skip


def test_a_numbering_that_restarts_is_noted_and_returned_from() -> None:
    text = (
        "Exclusion Criteria:\n\n3. Gout\n4. Heart disease, including any of the following:\n\n1. "
        "Angina;\n2. Heart block;\n3. Infarction.\n5. Allergy\n6. Asthma"
    )
    assert tree(text) == [
        "Gout", ("Heart disease, including any of the "
                 "following:", "any", ["Angina;", "Heart block;", "Infarction."]), "Allergy", "Asthma",
    ]  # fmt: skip
    (note,) = outline(text).notes
    assert (note.code, note.span and text[slice(*note.span)]) == ("numbering-restarts", "1.")


def test_a_closed_list_gives_the_next_number_back() -> None:
    text = (
        "Exclusion:\n4. Heart disease:\n1. angina;\n2. heart block;\n3. infarction;\n4. "
        "fibrillation.\n5. Allergy to milk."
    )
    assert [len(i.children) for i in outline(text).items] == [4, 0]


def test_items_that_run_on_in_one_line_are_siblings() -> None:
    text = (
        "Inclusion Criteria:\n\n* (1) Signed consent.\n\n(2) Age over 3. (3) ECOG score of 0-2. (4) "
        "Proven lymphoma:\n1. CD7 positive.\n2. Relapsed.\n\n(5) Oxygen above 92%. (6) Contraception."
    )
    assert tree(text) == [
        "Signed consent.", "Age over 3.", "ECOG score of 0-2.", ("Proven lymphoma:", "all", ["CD7 positive.",
        "Relapsed."]),
        "Oxygen above 92%.", "Contraception.",
    ]  # fmt: skip


def test_numbers_inside_a_sentence_are_left_alone() -> None:
    for line in [
        "1. Toxicity of at most grade 2. The patient has recovered",
        "1. Proven by biopsy (see criteria 2) and by imaging",
        "1. ECOG between 0 and 2. Stable",
        "1. Treated, e.g. 2) by surgery",
    ]:
        assert len(outline(f"Inclusion Criteria:\n\n{line}\n").items) == 1


def test_three_levels_in_one_line() -> None:
    text = (
        "Inclusion:\n1. One must hold: a. For known disease, either of (i or ii): i. culture "
        "positive; OR ii. smear positive; b. For suspected disease: i. fever; ii. cough.\n2. Consent"
    )
    (first, second) = outline(text).items
    assert [[words(text, g.body) for g in c.children] for c in first.children] == [
        ["culture positive;", "smear positive;"],
        ["fever;", "cough."],
    ]
    assert first.children[0].combine == "any"
    assert words(text, second.body) == "Consent"


def test_continuations() -> None:
    text = (
        "Exclusion:\n\n* Gout treated with\n\n  allopurinol.\n* Asthma\n\nincluding exercise asthma\n"
        "\n* Smoker\n\nPersons in custody."
    )
    found = outline(text)
    assert [words(text, i.body) for i in found.items] == [
        "Gout treated with allopurinol.",
        "Asthma including exercise asthma",
        "Smoker",
        "Persons in custody.",
    ]
    assert len(found.items[0].body) == 1


def test_a_comment_lies_in_the_item_above_but_in_no_body() -> None:
    text = "Inclusion:\n\n1. Gout\n\n<!-- -->\n\n1. Asthma <!-- x --> mild\n"
    found = outline(text)
    keeps_its_promise(text, found)
    assert text[slice(*found.items[0].span)].endswith("<!-- -->")
    assert [words(text, i.body) for i in found.items] == ["Gout", "Asthma mild"]


# ------------------------------------------------------------------ how children count


@pytest.mark.parametrize(
    ("lead", "kind", "combine"),
    [
        ("All of the following:", "Inclusion", "all"),
        ("Must meet the following requirements:", "Inclusion", "all"),
        ("Any of the following:", "Inclusion", "any"),
        ("At least one of the following:", "Inclusion", "any"),
        ("One or more of these:", "Inclusion", "any"),
        ("Either:", "Inclusion", "any"),
        ("Lung disease such as:", "Inclusion", "any"),
        ("At least two of the following signs:", "Inclusion", AtLeastChildren(at_least=2)),
        ("≥ 2 of 6 typical signs:", "Inclusion", AtLeastChildren(at_least=2)),
        ("Fever plus four of the following:", "Inclusion", AtLeastChildren(at_least=4)),
        ("At least three out of the following six conditions:", "Exclusion", AtLeastChildren(at_least=3)),
        ("Two or more of the following risk factors:", "Inclusion", AtLeastChildren(at_least=2)),
        ("Steroids within a week, except for the following:", "Exclusion", "except"),
        ("Any cancer with the exception of:", "Exclusion", "except"),
        ("No stroke unless any of the following apply:", "Inclusion", "except"),
        ("Persons with treated epilepsy are eligible provided they:", "Inclusion", "then"),
        ("Women of childbearing potential must:", "Inclusion", "then"),
        ("Normal liver function defined as:", "Inclusion", "all"),
        ("Impaired liver function:", "Exclusion", "any"),
        ("All of the following:", "Exclusion", "all"),
        ("The following:", "Exclusion", "any"),
    ],
)
def test_combine_as_the_lead_in_says(lead: str, kind: str, combine: object) -> None:
    (item,) = outline(f"{kind} Criteria:\n\n* {lead}\n  1. fever\n  2. cough\n  3. rash").items
    assert item.combine == combine


def test_connectives_between_children_decide_where_the_lead_in_is_silent() -> None:
    (item,) = outline("Inclusion:\n* Diagnosis by:\n  * biopsy, or\n  * imaging").items
    assert item.combine == "any"
    (item,) = outline("Exclusion:\n* Heart failure:\n  * class III; and\n  * on oxygen").items
    assert item.combine == "all"


def test_a_milder_form_below_a_complete_item_is_an_exception() -> None:
    (item,) = outline("Inclusion:\n* Creatinine below 2 mg/dL.\n  * Or clearance above 60 mL/min.").items
    assert item.combine == "except"
    (item,) = outline(
        "Inclusion:\n* Bilirubin ≤ 1.5 x ULN.\n  - Bilirubin ≤ 3 x ULN for persons with Gilbert syndrome"
    ).items
    assert item.combine == "except"


@pytest.mark.parametrize(
    ("own", "lead"),
    [
        ("Any of the following at screening:", "Any of the following at screening:"),
        ("Organ functions must meet the following:", "must meet the following:"),
        ("Major organ functions must meet the following:", "Major organ functions must meet the following:"),
        ("Heart disease, including any of the following:", "including any of the following:"),
        ("Steroids within 3 days, except for the following situations:", "except for the following situations:"),
        ("Proven lymphoma meeting the following\n   criteria:", "meeting the following\n   criteria:"),
        ("Serious complications:", "Serious complications:"),
        ("Known and uncontrolled high blood pressure", None),
    ],
)
def test_the_lead_is_what_only_introduces(own: str, lead: str | None) -> None:
    text = f"Exclusion Criteria:\n\n* {own}\n  * one\n  * two"
    (item,) = outline(text).items
    assert (item.lead and text[slice(*item.lead)]) == lead


def test_trailing_connectives_are_noted_and_not_part_of_the_body() -> None:
    text = "Inclusion:\n\n1. Rash for a week, OR\n2. Positive culture\n\nAND\n\n3. Fever"
    found = outline(text)
    (either, fever) = found.items
    assert [words(text, i.body) for i in either.children] == ["Rash for a week,", "Positive culture"]
    assert (either.combine, either.label, either.body, words(text, fever.body)) == ("any", None, (), "Fever")
    assert [n.code for n in found.notes] == ["trailing-connective"] * 2
    keeps_its_promise(text, found)


@pytest.mark.parametrize(
    ("line", "pieces"),
    [
        ("Refusal by the patient Allergy to any opioid Severe bleeding disorder", 3),
        ("Refusal by the patient Infection at the site Headache of any kind Malformation of the spine", 1),
    ],
)
def test_a_flattened_list_is_cut_only_at_words_that_begin_a_criterion(line: str, pieces: int) -> None:
    text = f"Exclusion:\n\n{line}"
    found = outline(text)
    assert (len(found.items), [n.code for n in found.notes]) == (pieces, ["flattened-list"])
    keeps_its_promise(text, found)


@pytest.mark.parametrize(
    "line",
    [
        "People with Known Severe Renal Failure or Active Hepatitis of any kind",
        "those whose score is at least 3 and who have Chronic Obstructive Pulmonary Disease",
    ],
)
def test_capitals_inside_a_sentence_begin_nothing(line: str) -> None:
    found = outline(f"Exclusion:\n\n{line}")
    assert (len(found.items), len(found.notes)) == (1, 0)


# ------------------------------------------------------------------ layout

ITEMS = [
    "Adults between 40 and 75 years of age who have smoked at least ten cigarettes a day for more than "
    "five years and wish to stop",
    "Any of the following:",
    ["Chronic bronchitis that was confirmed by a physician within the twelve months before the first "
     "visit of the trial", "Emphysema on computed tomography"],
    "Able to walk for six minutes without help and without stopping because of shortness of breath or "
    "because of chest pain",
    "Written consent",
]  # fmt: skip


def layout(*, bullet: str, child: str, blank: bool, width: int | None, hang: bool, indent: int = 2) -> str:
    """The same criteria, typed differently."""
    lines = ["Inclusion Criteria:", ""]
    number = 0
    for item in ITEMS:
        number += isinstance(item, str)
        for i, entry in enumerate([item] if isinstance(item, str) else item, 1):
            nested = not isinstance(item, str)
            mark = (child if nested else bullet).replace("N", str(i if nested else number)).replace("L", "abc"[i - 1])
            margin = " " * indent if nested else ""
            body = f"{margin}{mark} {entry}"
            rest = " " * (len(margin) + len(mark) + 1) if hang else ""
            lines += textwrap.wrap(body, width, subsequent_indent=rest) if width else [body]
            lines += [""] if blank else []
    return "\n".join(lines)


@pytest.mark.parametrize("bullet", ["*", "-", "•", "N.", "(N)", "N)"])
@pytest.mark.parametrize("child", ["o", "L.", "(L)", "–"])
@pytest.mark.parametrize("blank", [True, False])
@pytest.mark.parametrize(("width", "hang"), [(None, False), (80, True), (80, False)])
def test_the_layout_does_not_matter(bullet: str, child: str, blank: bool, width: int | None, hang: bool) -> None:
    plain = [ITEMS[0], (ITEMS[1], "any", ITEMS[2]), ITEMS[3], ITEMS[4]]
    text = layout(bullet=bullet, child=child, blank=blank, width=width, hang=hang)
    assert tree(text) == plain
    keeps_its_promise(text, outline(text))


TEXTS = [
    """Inclusion Criteria:

1. Adults with gout that was proven by crystals in the fluid of a joint at any time before the first visit of the trial
2. At least two of the following:

   * pain in a joint for more than three days
   * a tophus that can be felt
3. For women of childbearing potential: a negative test

Exclusion Criteria:

* Kidney disease, including any of the following:

  * eGFR 15 - 30 mL/min
  * dialysis
* Any cancer within 5 years, except for the following:

  1. basal cell carcinoma
  2. carcinoma in situ of the cervix
* Other treatment (e.g. colchicine) that was begun less than four weeks before the first dose of the study medicine
""",
    """Cohort A:

Inclusion Criteria:

- Asthma for 1 - 10 years OR
- Chronic bronchitis
- Consent

Cohort B:

Inclusion Criteria:

- Healthy, and never a smoker

Exclusion Criteria

- Fever
- Any infection of the airways that needed an antibiotic, or a stay in hospital, in the course of the last
  six weeks
""",
    """Inclusion criteria:

Persons with epilepsy are eligible provided they:

a) had no seizure for one year,
b) take no more than two drugs against it, and
c) do not drive.

Exclusion criteria:

Nursing mothers.

Persons who cannot read the questionnaire in one of the languages in which it is printed and have nobody to read it.
""",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", ["close", "open_up", "signs", "wrap", "as_html"])
def test_a_rewritten_text_has_the_same_tree(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    layout = importlib.import_module("layout")
    again = getattr(layout, name)(text, outline(text))
    assert layout.tree(again) == layout.tree(text)


@pytest.mark.parametrize(
    ("dash", "split"),
    [
        ("aged 18 - 65", False),
        ("stage T1c - T2a", False),
        ("ASA I - IV", False),
        ("a score of the Global Impression - Severity scale", False),
        ("fever; - Cough", True),
    ],
)
def test_a_dash_between_two_figures_is_no_bullet(dash: str, split: bool) -> None:
    assert (len(tree(f"Inclusion Criteria:\n  -  Gout\n  -  {dash}\n")) == 3) is split


def test_neighbours_that_a_connective_joins_stand_below_one_item() -> None:
    text = "Inclusion Criteria:\n\n* Gout\n* Asthma OR\n* COPD OR\n* Emphysema\n* Consent"
    assert tree(text) == ["Gout", ("", "any", ["Asthma", "COPD", "Emphysema"]), "Consent"]
    keeps_its_promise(text, outline(text))
    text = "Exclusion Criteria:\n\n* Gout or\n* Asthma\n* Fever, and\n* Cough\n* Rash AND\n* Itch"
    assert tree(text) == ["Gout", "Asthma", "Fever,", "Cough", ("", "all", ["Rash", "Itch"])]


def test_wrapped_numbers_are_no_items() -> None:
    text = (
        "Inclusion Criteria:\n  -  Poorer ear with a severe loss, defined as thresholds of 70 dB or more "
        "at 500, 1000,\n     2000, 3000 and 4000 Hz\n"
        "  -  Recovered from the toxicity of every earlier treatment for the disease to at most grade\n  "
        "   1. Alopecia may persist\n  -  Consent"
    )
    assert len(outline(text).items) == 3


def test_line_ends_of_other_systems() -> None:
    unix = "Inclusion Criteria:\n\n* gout\n* asthma\n\nExclusion Criteria:\n\n* smoker\n"
    for end in ("\r\n", "\r"):
        assert tree(unix.replace("\n", end)) == tree(unix)


# ------------------------------------------------------------------ hostile input

PARTS = [
    "Inclusion Criteria:", "Exclusion criteria", "\n", "\n\n", "  ", "\t", "* ", "1. ", "2) ", "(3) ", "a. ",
    "ii. ", "- ", "•", "any of the following:",
    "asthma", "age > 18", "(", ")", "<!-- -->", "<!--", "\0", "\u200f", "\u2028", "\r", ";", ": ", "OR", "and",
    "Cohort A:", "For women, ", "İ", "ﬁ", "😀", "**",
    "unless", "except for the following", "1.5", "Note:", "DISEASE CHARACTERISTICS:", "\\[", "①",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40).map("".join) | st.text(max_size=200))
def test_nothing_is_lost(text: str) -> None:
    keeps_its_promise(text, outline(text))


def test_deep_nesting_is_refused_in_one_line() -> None:
    text = "\n".join("  " * depth + "* deeper:" for depth in range(500))
    with pytest.raises(NestingError, match="deeper than"):
        outline(text)


@pytest.mark.parametrize(
    "piece",
    [
        "a) b ",
        "(1) x; ",
        "((((",
        "* x\n",
        "1. a:\n",
        "Inclusion ",
        "the following ",
        "Exclusion Criteria: x ",
        "  - y\n\n",
        "<!--",
        "\\*",
        "A b c. ",
        "or\n",
        "12. ",
        "For a, ",
        "i. ",
    ],
)
def test_time_grows_with_the_text(piece: str) -> None:
    def seconds(count: int) -> float:
        text = piece * count
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            outline(text)
            best = min(best, time.process_time() - start)
        return best

    gc.disable()  # the collector's walks grow with what other tests keep alive
    try:
        small, large = seconds(2000), seconds(16000)
    finally:
        gc.enable()
    assert large < 8 * max(small, 0.004) * 3


def test_same_in_same_out() -> None:
    rng = random.Random(7)
    for _ in range(30):
        text = "".join(rng.choice(PARTS) for _ in range(50))
        assert outline(text) == outline(text)


def test_spans_point_into_the_text() -> None:
    text = "Inclusion Criteria:\n\n1. Age > 40\n"
    (item,) = outline(text).items
    assert text[slice(*item.span)] == "1. Age > 40"
    assert re.fullmatch(r"Age > 40", text[slice(*item.body[0])])
