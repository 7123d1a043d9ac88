"""Corrections by hand: each says one thing, keeps the document sound, and can be undone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import factories
from factories import at_most, between, comparison, fact
from protoparse import check, dump, parse, render
from protoparse.editing import (
    Accept,
    AddFact,
    Compare,
    Edit,
    Enclose,
    Join,
    MoveItem,
    Name,
    Negate,
    Remove,
    Review,
    Reword,
    SetCombine,
    SetDomain,
    SetExperiencer,
    SetKind,
    SetTime,
    Split,
    Step,
    apply,
    gold,
)
from protoparse.editing.outline import found
from protoparse.editing.paths import replaced, within
from protoparse.errors import EditError
from protoparse.model import Concept, Document, facts, renamed, walk

TEXT = """Inclusion Criteria:

1. Age 18 to 75 years
2. Sodium and chloride ≤ 2.5 x ULN
   * no fever in the last 2 weeks
   * written consent
3. Heart failure or stroke, unless mild

Exclusion Criteria:

* Gout
* The sponsor may stop the study at any time
"""


@pytest.fixture(scope="module")
def document() -> Document:
    return parse(TEXT)


def uncoded(concept: Concept) -> Concept:
    return replace(concept, codes=())


def rules(document: Document) -> dict[str, str | None]:
    """The English of every criterion, codes left out."""
    return {c.id: c.rule and render(renamed(c.rule, uncoded)) for c in walk(document.criteria)}


def edited(document: Document, *edits: Edit) -> dict[str, str | None]:
    """The English after some edits, none of which leaves anything unsound."""
    for edit in edits:
        document = apply(document, edit)
        assert check(dump(gold(document))) == []
    return rules(document)


def test_what_is_corrected_below(document: Document) -> None:
    assert rules(document) == {
        "inclusion.1": "person [Age] between 18 and 75 years",
        "inclusion.2": "measurement [Sodium] ≤ 2.5 × ULN and measurement [chloride] ≤ 2.5 × ULN",
        "inclusion.2.1": "not condition [fever] in the 2 weeks before unspecified",
        "inclusion.2.2": "consent [written consent]{informed consent}",
        "inclusion.3": "condition [Heart failure] or condition [stroke]",
        "exclusion.1": "condition [Gout]",
        "exclusion.2": None,
    }


# ------------------------------------------------------------------ facts


def test_a_comparison_is_corrected_and_keeps_its_place(document: Document) -> None:
    edit = Compare(criterion="inclusion.1", comparison=between(20, 70, "years"))
    after = apply(document, edit)
    assert rules(after)["inclusion.1"] == "person [Age] between 20 and 70 years"
    [age] = facts(after.criteria[0].rule)
    assert age.value is not None
    assert TEXT[slice(*age.value.span)] == "18 to 75 years"
    assert edited(document, Compare(criterion="inclusion.1", comparison=None))["inclusion.1"] == "person [Age]"


def test_one_of_two_facts_is_corrected(document: Document) -> None:
    edit = Compare(criterion="inclusion.2", path="$.of[1]", comparison=at_most(3, reference="ULN"))
    assert (
        edited(document, edit)["inclusion.2"] == "measurement [Sodium] ≤ 2.5 × ULN and measurement [chloride] ≤ 3 × ULN"
    )


LONG = Compare(criterion="exclusion.1", field="duration", comparison=comparison(">", 2, "weeks"))


@pytest.mark.parametrize(
    ("edit", "english"),
    [
        (Compare(criterion="exclusion.1", field="count", comparison=comparison(">=", 2)), "condition [Gout] count ≥ 2"),
        (LONG, "condition [Gout] for > 2 weeks"),
        (SetTime(criterion="exclusion.1", time=factories.at("screening")), "condition [Gout] at screening"),
        (SetDomain(criterion="exclusion.1", domain="observation"), "observation [Gout]"),
        (SetExperiencer(criterion="exclusion.1", experiencer="family"), "condition [Gout] of the family"),
        (Name(criterion="exclusion.1", name="Podagra "), "condition [Gout]{podagra}"),
        (Negate(criterion="exclusion.1"), "not condition [Gout]"),
        (Reword(criterion="exclusion.1", english="condition [Gout] at screening"), "condition [Gout] at screening"),
        (Remove(criterion="exclusion.1"), None),
    ],
)  # fmt: skip
def test_a_fact_is_corrected(document: Document, edit: Edit, english: str | None) -> None:
    assert edited(document, edit)["exclusion.1"] == english


def test_words_that_an_edit_reads_are_unread_no_more(document: Document) -> None:
    def unread(document: Document, name: str) -> list[str]:
        return [TEXT[slice(*span)] for span in found(document.criteria, name).unparsed]

    assert unread(document, "exclusion.2") == ["The sponsor may stop the study at any time"]
    start = TEXT.index("sponsor")
    added = apply(document, AddFact(criterion="exclusion.2", span=(start, start + 7), domain="condition"))
    assert rules(added)["exclusion.2"] == "condition [sponsor]"
    assert unread(added, "exclusion.2") == ["The", "may stop the study at any time"]
    removed = apply(added, Remove(criterion="exclusion.2"))
    assert unread(removed, "exclusion.2") == ["The sponsor may stop the study at any time"]
    without = apply(document, Remove(criterion="inclusion.3", path="$.of[1]"))
    assert unread(without, "inclusion.3") == ["or stroke, unless", "mild"]


# ------------------------------------------------------------------ rules


def test_a_fact_is_added_in_the_order_of_the_text(document: Document) -> None:
    start = TEXT.index("mild")
    add = AddFact(criterion="inclusion.3", span=(start - 1, start + 4), domain="observation", join="all")
    both = "condition [Heart failure] or condition [stroke]"
    assert edited(document, add)["inclusion.3"] == f"({both}) and observation [mild]"
    exception = Enclose(criterion="inclusion.3", path="$.of[1]", role="exception")
    assert edited(document, add, exception)["inclusion.3"] == f"({both}) except observation [mild]"
    condition = Enclose(criterion="inclusion.3", path="$.of[1]", role="condition")
    assert edited(document, add, condition)["inclusion.3"] == f"if observation [mild] then ({both})"


def test_what_stays_when_words_change_keeps_its_places_and_codes(document: Document) -> None:
    english = "condition [Heart failure]{heart failure} or condition [stroke] in the 3 months before screening"
    after = apply(document, Reword(criterion="inclusion.3", english=english))
    failure, stroke = facts(found(after.criteria, "inclusion.3").rule)
    before, _ = facts(found(document.criteria, "inclusion.3").rule)
    assert failure == before
    assert TEXT[slice(*stroke.concept.span or (0, 0))] == "stroke"
    assert check(dump(gold(after))) == []


def test_a_rule_is_given_where_none_was_read(document: Document) -> None:
    said = "condition [sponsor] of grade (between II and IV)"
    assert edited(document, Reword(criterion="exclusion.2", english="condition [sponsor]"))["exclusion.2"]
    with pytest.raises(EditError, match="not canonical English: " + said[:10]):
        apply(document, Reword(criterion="exclusion.2", english=said))


# ------------------------------------------------------------------ the outline


def outline(document: Document) -> list[tuple[str, str]]:
    return [(c.id, " ".join(TEXT[slice(*c.span)].split())[:12]) for c in walk(document.criteria)]


def test_an_item_moves_inwards_and_back(document: Document) -> None:
    inner = apply(document, MoveItem(criterion="inclusion.3", to="in"))
    assert [name for name, _ in outline(inner)][:6] == [
        "inclusion.1", "inclusion.2", "inclusion.2.1", "inclusion.2.2", "inclusion.2.3", "exclusion.1",
    ]  # fmt: skip
    assert apply(inner, MoveItem(criterion="inclusion.2.3", to="out")).criteria == document.criteria
    assert check(dump(gold(inner))) == []


def test_what_follows_an_item_that_moves_outwards_comes_below_it(document: Document) -> None:
    outer = apply(document, MoveItem(criterion="inclusion.2.1", to="out"))
    assert outline(outer)[1:4] == [
        ("inclusion.2", "2. Sodium an"),
        ("inclusion.3", "* no fever i"),
        ("inclusion.3.1", "* written co"),
    ]
    assert outer.criteria[1].children == ()
    assert outer.criteria[1].combine is None
    assert outer.criteria[2].combine == "all"
    assert check(dump(gold(outer))) == []


RUN_ON = """Inclusion Criteria:

1. AST and ALT ≤ 5 x ULN at screening
2. If female, no gout or stroke; 3) Fever, such as malaria
4. Any of the following conditions
   * that began within 6 months before screening:
   * asthma
   * COPD or
   emphysema
5. Cough

Exclusion Criteria:

* Coeliac disease or
* psoriasis
"""


@pytest.fixture(scope="module")
def run_on() -> Document:
    return parse(RUN_ON)


def halves(document: Document, name: str, words: str) -> list[tuple[str, str | None, str, str | None, list[str]]]:
    """The two items that one becomes where some words begin: id, label, text, English, what is unread of each."""
    after = apply(document, Split(criterion=name, at=document.text.index(words)))
    assert check(dump(after), reparse=False) == check(dump(gold(after))) == []
    stem, _, number = name.rpartition(".")
    both = [found(after.criteria, item) for item in (name, f"{stem}.{int(number) + 1}")]
    english = rules(after)
    return [(c.id, c.label, quoted(after, c.span), english[c.id], [quoted(after, s) for s in c.unparsed]) for c in both]


def quoted(document: Document, span: tuple[int, int]) -> str:
    return " ".join(document.text[slice(*span)].split())


def test_an_item_is_made_two_and_its_rule_goes_where_its_words_stand(run_on: Document) -> None:
    shared = "≤ 5 × ULN at screening [screening]"
    assert halves(run_on, "inclusion.1", "and ALT") == [
        ("inclusion.1", "1.", "1. AST", f"measurement [AST]{{aspartate aminotransferase}} {shared}", []),
        ("inclusion.2", None, "and ALT ≤ 5 x ULN at screening",
         f"measurement [ALT]{{alanine aminotransferase}} {shared}", ["and"]),
    ]  # fmt: skip


def test_what_is_read_of_the_whole_holds_for_both_halves(document: Document) -> None:
    english = "if person [Age] > 60 years then (not (condition [Heart failure] or condition [stroke]))"
    said = apply(document, Reword(criterion="inclusion.3", english=english))
    first, second = halves(said, "inclusion.3", "or stroke")
    assert first[2:4] == ("3. Heart failure", "if person [Age] > 60 years then (not condition [Heart failure])")
    assert second[2:4] == ("or stroke, unless mild", "if person [Age] > 60 years then (not condition [stroke])")
    assert second[4] == ["unless", "mild"]


def test_a_half_has_the_number_that_is_printed_before_it(document: Document) -> None:
    text = "Inclusion Criteria:\n\n1. Gout or stroke 2. Fever, such as malaria"
    whole = replace(document.criteria[0], span=(21, len(text)), label="1.", rule=None, unparsed=((24, len(text)),))
    made = Document(text=text, criteria=(whole,))
    made = apply(made, Reword(criterion="inclusion.1", english="condition [Gout], for example (condition [malaria])"))
    first, second = halves(made, "inclusion.1", "2.")
    assert first[1:] == ("1.", "1. Gout or stroke", "condition [Gout]", ["or stroke"])
    assert second[1:] == ("2.", "2. Fever, such as malaria", "condition [malaria]", ["Fever, such as"])


def test_children_stay_with_the_half_that_they_stand_in(document: Document) -> None:
    first, second = halves(document, "inclusion.2", "≤ 2.5")
    assert first[2:4] == (
        "2. Sodium and chloride",
        "measurement [Sodium] ≤ 2.5 × ULN and measurement [chloride] ≤ 2.5 × ULN",
    )
    assert second[2:] == ("≤ 2.5 x ULN * no fever in the last 2 weeks * written consent", None, ["≤ 2.5 x ULN"])


def test_an_item_is_made_one_with_the_one_above_it(run_on: Document) -> None:
    def one(name: str, above: str) -> tuple[str, str | None]:
        after = apply(run_on, Join(criterion=name))
        assert check(dump(after), reparse=False) == check(dump(gold(after))) == []
        return quoted(after, found(after.criteria, above).span), rules(after)[above]

    assert one("exclusion.2", "exclusion.1") == (
        "* Coeliac disease or * psoriasis", "condition [Coeliac disease]{celiac disease} or condition [psoriasis]",
    )  # fmt: skip
    text, english = one("inclusion.3", "inclusion.2")
    assert (text.count("3)"), (english or "").endswith("and condition [Fever], for example (condition [malaria])")) == (
        1,
        True,
    )


def test_a_first_child_is_made_one_with_its_parent_and_the_rest_stays(document: Document) -> None:
    after = apply(document, Join(criterion="inclusion.2.1"))
    parent = found(after.criteria, "inclusion.2")
    assert [quoted(after, child.span) for child in parent.children] == ["* written consent"]
    assert rules(after)["inclusion.2"] == (
        "measurement [Sodium] ≤ 2.5 × ULN and measurement [chloride] ≤ 2.5 × ULN"
        " and not condition [fever] in the 2 weeks before unspecified"
    )
    assert check(dump(gold(after))) == []


def test_an_item_behind_a_list_is_made_one_with_the_last_of_the_list(document: Document) -> None:
    after = apply(document, Join(criterion="inclusion.3"))
    assert outline(after)[1:4] == [
        ("inclusion.2", "2. Sodium an"), ("inclusion.2.1", "* no fever i"), ("inclusion.2.2", "* written co"),
    ]  # fmt: skip
    assert quoted(after, found(after.criteria, "inclusion.2").span).endswith("3. Heart failure or stroke, unless mild")
    assert [quoted(after, span) for span in found(after.criteria, "inclusion.2.2").unparsed] == ["3.", "mild"]
    assert check(dump(gold(after))) == []


@pytest.mark.parametrize("name", ["car-t-lymphoid", "kidney-transplant"])
def test_wherever_an_item_is_split_nothing_is_lost_and_joining_mends_it(name: str) -> None:
    text = (Path(__file__).parents[1] / "corpus" / name / "source.txt").read_text("utf-8")
    document = parse(text)
    places = [(c, m.start()) for c in walk(document.criteria) for m in re.finditer(r"\b\w", text[slice(*c.span)])]
    made = 0
    for criterion, at in places[::17]:
        try:
            split = apply(document, Split(criterion=criterion.id, at=criterion.span[0] + at))
        except EditError:
            continue
        made += 1
        assert check(dump(split), reparse=False) == check(dump(gold(split))) == []
        stem, _, number = criterion.id.rpartition(".")
        joined = apply(split, Join(criterion=f"{stem}.{int(number) + 1}"))
        assert check(dump(joined), reparse=False) == check(dump(gold(joined))) == []
        if not criterion.children:
            assert [c.span for c in walk(joined.criteria)] == [c.span for c in walk(document.criteria)]
    assert made > 20


def test_an_item_changes_its_kind(document: Document) -> None:
    after = apply(document, SetKind(criterion="inclusion.2", kind="exclusion"))
    assert [c.id for c in walk(after.criteria)] == [
        "inclusion.1", "exclusion.1", "exclusion.1.1", "exclusion.1.2", "inclusion.2", "exclusion.2", "exclusion.3",
    ]  # fmt: skip
    assert {c.kind for c in after.criteria[1].children} == {"exclusion"}
    assert edited(document, SetCombine(criterion="inclusion.2", combine="any"))


# ------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("edit", "cause"),
    [
        (Negate(criterion="inclusion.9"), "no criterion 'inclusion.9'"),
        (Negate(criterion="inclusion.2", path="$.of[7]"), r"nothing stands at \$.of\[7\]"),
        (Negate(criterion="inclusion.2", path="of"), "no path of a rule: 'of'"),
        (Negate(criterion="exclusion.2"), "exclusion.2 has no rule"),
        (SetDomain(criterion="inclusion.2", domain="drug"), r"inclusion.2 \$ is no fact"),
        (AddFact(criterion="exclusion.1", span=(0, 9), domain="drug"), "'Inclusion' is not in exclusion.1"),
        (AddFact(criterion="exclusion.1", span=(9, 9), domain="drug"), "no words are at 9 to 9"),
        (Enclose(criterion="exclusion.1", path="$", role="exception"), r"\$ is no member of an all or any"),
        (MoveItem(criterion="inclusion.1", to="in"), "inclusion.1 has no item before it"),
        (MoveItem(criterion="inclusion.1", to="out"), "inclusion.1 is at the top"),
        (Split(criterion="inclusion.1", at=0), "0 is not in inclusion.1"),
        (Split(criterion="inclusion.1", at=TEXT.index("Age")), "no words of inclusion.1 are before"),
        (Split(criterion="inclusion.2", at=TEXT.index("fever")), "[0-9]+ is in inclusion.2.1: split that"),
        (Join(criterion="inclusion.1"), "no item stands above inclusion.1"),
        (Join(criterion="exclusion.1"), "'Exclusion Criteria:' stands between inclusion.3 and exclusion.1"),
        (SetKind(criterion="inclusion.2.1", kind="exclusion"), "inclusion.2.1 has its kind from"),
        (SetCombine(criterion="exclusion.1", combine="any"), "exclusion.1 has no children"),
    ],
)
def test_an_edit_that_cannot_be_made_says_why(document: Document, edit: Edit, cause: str) -> None:
    with pytest.raises(EditError, match=f"^{cause}"):
        apply(document, edit)


# ------------------------------------------------------------------ reviews


def test_a_review_is_undone_and_done_again(document: Document) -> None:
    first, second = Negate(criterion="exclusion.1"), MoveItem(criterion="inclusion.3", to="in")
    review = Review(document).then(first).then(Accept(criterion="inclusion.1")).then(second)
    assert review.looked_at == {"exclusion.1", "inclusion.1", "inclusion.2.3"}
    assert review.edits == 2
    back = review.undone().undone().undone()
    assert back.document == document
    assert back.redone().redone().redone().document == review.document
    other = back.then(second)
    assert other.document == apply(document, second)
    with pytest.raises(EditError, match="nothing to do again"):
        other.redone()
    with pytest.raises(EditError, match="nothing to undo"):
        back.undone()


def test_what_was_looked_at_stays_so_when_items_become_more_and_fewer(document: Document) -> None:
    review = Review(document, seen=frozenset({"inclusion.1", "inclusion.2.2", "exclusion.1"}))
    split = review.then(Split(criterion="inclusion.3", at=TEXT.index("or stroke")))
    assert split.looked_at == {"inclusion.1", "inclusion.2.2", "inclusion.3", "inclusion.4", "exclusion.1"}
    inner = review.then(Split(criterion="inclusion.2", at=TEXT.index("and chloride")))
    assert inner.looked_at == {"inclusion.1", "inclusion.2", "inclusion.3", "inclusion.3.2", "exclusion.1"}
    joined = split.then(Join(criterion="inclusion.2.1"))
    assert joined.looked_at == {
        "inclusion.1",
        "inclusion.2",
        "inclusion.2.1",
        "inclusion.3",
        "inclusion.4",
        "exclusion.1",
    }
    assert joined.edits == 2
    assert joined.undone().undone().document == document


def test_steps_are_stored_as_json(document: Document) -> None:
    steps = (
        Compare(criterion="inclusion.1", comparison=at_most(3, "years")),
        Accept(criterion="inclusion.1"),
        AddFact(criterion="exclusion.2", span=(200, 204), domain="drug"),
        MoveItem(criterion="inclusion.3", to="in"),
    )
    assert msgspec.json.decode(msgspec.json.encode(steps), type=tuple[Step, ...]) == steps
    assert msgspec.json.decode(msgspec.json.encode(steps[3])) == {
        "edit": "move",
        "criterion": "inclusion.3",
        "to": "in",
    }


def test_gold_is_said_by_nobody_but_people(document: Document) -> None:
    made = gold(document)
    assert made.parser is None
    assert made.notes == ()
    assert b"confidence" not in dump(made)


# ------------------------------------------------------------------ laws

lenient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@lenient
@given(factories.rules, st.data())
def test_a_rule_is_replaced_at_every_path(rule: Any, data: st.DataObject) -> None:
    places = list(within(rule))
    path, _ = data.draw(st.sampled_from(places))
    assert replaced(rule, path, lambda found: found) == rule
    leaf = fact("gout")
    changed = replaced(rule, path, lambda found: leaf)
    assert changed is not None
    assert leaf in [found for _, found in within(changed)]
    removed = replaced(rule, path, lambda found: None)
    if removed is not None:
        assert len(list(facts(removed))) < len(list(facts(rule)))
        assert msgspec.json.decode(msgspec.json.encode(removed), type=type(removed)) == removed
