"""Criteria as a flat list of traits that members of a group have or have not: the characteristics of FHIR's Group.

In: criteria. Out: a characteristic a trait, and for a criterion that is more than a list of traits one with its words.
"No diabetes, and ALT ≤ 40 U/L" is two traits; "no stroke within 6 months" has a time, for which Group has no place.
"""

from __future__ import annotations

from collections.abc import Iterable

from protoparse.export.exporting import Loss
from protoparse.export.fhir import amounts
from protoparse.export.fhir.elements import CodeableConcept, Trait, words
from protoparse.export.fhir.forms import spread
from protoparse.export.fhir.marks import taken
from protoparse.export.fhir.writing import joint, modifier_of, own_words, turned_in
from protoparse.model import All, Any_, Criterion, Fact, Not, Rule, Window
from protoparse.render import render


def listed(criteria: Iterable[Criterion], text: str) -> tuple[list[Trait], list[Loss]]:
    """The traits that criteria ask for, and what is lost of them."""
    traits: list[Trait] = []
    losses: list[Loss] = []
    for criterion in criteria:
        _list(criterion, text, criterion.kind != "exclusion", traits, losses)
    return traits, losses


def _list(criterion: Criterion, text: str, wanted: bool, traits: list[Trait], losses: list[Loss]) -> None:
    """A criterion that members meet, or, not `wanted`, do not."""
    whole = criterion.rule is not None or bool(criterion.children)
    if whole and criterion.group is None and not criterion.unparsed:
        facts = [] if criterion.rule is None else _facts(taken(criterion.rule)[0], wanted)
        # all are wanted of who is in, none of any of who is out; of a rule and its children both only where wanted
        apart = not criterion.children or (joint(criterion) == ("all" if wanted else "any") and (wanted or not facts))
        found = [_traits(fact, had) for fact, had in facts or ()]
        if facts is not None and apart and None not in found:
            traits += [t for several in found for t in several or ()]
            for child in criterion.children:
                _list(child, text, wanted != turned_in(criterion, child), traits, losses)
            return
    start, end = criterion.span
    said = text[start:end].strip() or ("" if criterion.rule is None else render(criterion.rule))
    traits.append(Trait(code=CodeableConcept(**words("text", said)), value_boolean=True, exclude=not wanted))
    short = " ".join((own_words(criterion, text) or said).split()) or "the whole"
    losses.append(Loss(criterion.id, "$", short, "a Group is a flat list of traits; there it stands in words"))


def _facts(rule: Rule, wanted: bool) -> list[tuple[Fact, bool]] | None:
    """The facts that together are a rule, or its negation, each with whether it holds; None where it is more."""
    match rule:
        case Not():
            return _facts(rule.of, not wanted)
        case All() | Any_():
            parts, joint = [(m, wanted) for m in rule.of], isinstance(rule, All)
        case _ if form := spread(rule):
            parts, joint = [(m.rule, wanted != m.denied) for m in form.members], form.code == "all-of"
        case Fact():
            return [(rule, wanted)]
        case _:
            return None
    # "not (a or b)" is a list, "a or b" is none
    members = [_facts(m, had) for m, had in parts]
    return None if None in members or (joint != wanted and len(parts) > 1) else [f for m in members for f in m or ()]


def _traits(fact: Fact, had: bool) -> list[Trait] | None:
    """A fact as traits, what narrows it as one of its own; None where it says more than traits can."""
    if fact.count or fact.dose or fact.includes or fact.experiencer != "patient" or not _now(fact.time):
        return None
    if fact.modifiers and not had:
        return None  # who has no severe asthma may have asthma
    narrowed = [modifier_of(m, fact.concept.text).definition_by_type_and_value for m in fact.modifiers]
    beside = [
        Trait(code=typed.type, value_codeable_concept=typed.value_codeable_concept, exclude=False)
        for typed in narrowed
        if typed is not None
    ]
    concept = amounts.concept(fact.concept)
    if fact.value is None:
        return [Trait(code=concept, value_boolean=True, exclude=not had), *beside]
    value = amounts.value(fact.value)
    if value is None or (value.offset and fact.value.unit) or amounts.compared(value) != fact.value:
        return None
    trait = Trait(
        code=concept, value_quantity=value.quantity, value_range=value.range, value_codeable_concept=value.concept,
        exclude=not had,
    )  # fmt: skip
    return [trait, *beside]


def _now(time: Window | None) -> bool:
    """Whether a window is none but that of being looked at."""
    if time is None:
        return True
    ends = (time.start, time.end)
    return not time.duration and all(e and e.anchor.event == "screening" and e.offset is None for e in ends)
