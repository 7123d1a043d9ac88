"""Corrections by hand: each says one thing, keeps the document sound, and can be undone."""

from __future__ import annotations

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
    assert "stroke" in unread(without, "inclusion.3")


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
