"""A tree of drafts as a rule of the model.

In: the tree that a statement's facts were joined in. Out: its `Rule`, what says nothing by itself left out; an "if" in
an exclusion is a conjunction, "adequate renal function" a measurement with a result in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from protoparse.grammar.choices import joined
from protoparse.grammar.drafts import Draft, Tree, active
from protoparse.grammar.measures import AMOUNTS
from protoparse.grammar.periods import coming, followed, lately, standing, visited
from protoparse.grammar.terms import GIVEN
from protoparse.lexicon import fold
from protoparse.lexing import POINTS
from protoparse.model import (
    All,
    AtLeast,
    Comparison,
    Concept,
    Except,
    Fact,
    If,
    Kind,
    Modifier,
    Not,
    Rule,
    Span,
    Window,
    all_of,
    any_of,
)

_FUNCTIONS = (" function", " functions", " reserve")
_RETURNING = ("progression", "recurrence", "relapse")
_AWAITED = ("planned", "expected", "likely", "unlikely")
_TO_COME = re.compile("(?i)plan|schedul|intend|intent")
_OF_UNIT = {"{drinks}": "alcohol use", "{cigarettes}": "smoking"}
_DETECTED = {"detectable": "positive", "undetectable": "negative"}
_FOUND = ("positive", "negative")
_UNMEASURED = ("antibod", "surface antigen", "anti-", "mutation", "amplification", "expression")


def rule(tree: Tree | None, text: str, kind: Kind, *, required: bool = True) -> Rule | None:
    """A tree of drafts as a rule of the model; what was not named is left out.

    `required` tells whether an `if` may stand here: in an inclusion, below `all`s alone.
    """
    if tree is None:
        return None
    if isinstance(tree, Draft):
        fact = _fact(tree, text, kind)
        said: Rule | None = fact
        if fact is not None and tree.own:
            time = standing("history") if tree.experiencer == "family" else None
            said = any_of([replace(fact, experiencer="patient", time=fact.time or time), fact], fact.span)
        elif fact is not None and tree.again:
            said = all_of([fact, *(replace(fact, time=w) for w in tree.again)], fact.span)
        return Not(of=said, span=said.span) if said is not None and tree.denied is not None else said
    op = tree.op
    if op == "if":
        condition = rule(tree.members[0], text, kind, required=False)
        then = rule(tree.members[1], text, kind, required=required)
        if condition is None or then is None:
            return then or condition
        span = _hull([condition, then])
        if required and kind != "exclusion":
            return If(condition=condition, then=then, span=span)
        return all_of([condition, then], span)
    if op == "except":
        base = rule(tree.members[0], text, kind, required=False)
        exceptions = [r for m in tree.members[1:] if (r := rule(m, text, kind, required=False)) is not None]
        if base is None or not exceptions:
            return base
        exceptions = [_anew(base, e) for e in exceptions]
        if isinstance(base, Except):
            return Except(base=base.base, exceptions=(*base.exceptions, *exceptions), span=_hull([base, *exceptions]))
        return Except(base=base, exceptions=tuple(exceptions), span=_hull([base, *exceptions]))
    if op == "not":
        inner = rule(tree.members[0], text, kind, required=False)
        return None if inner is None else Not(of=inner, span=inner.span)
    if op == "at_least":
        counted = [r for m in tree.members if (r := rule(m, text, kind, required=False)) is not None]
        enough = len(counted) >= max(2, tree.count)
        return AtLeast(count=tree.count, of=tuple(counted), span=_hull(counted)) if enough else None
    inside = required and op == "all"
    members = [r for m in tree.members if (r := rule(m, text, kind, required=inside)) is not None]
    if not members:
        return None
    join = all_of if op == "all" else any_of
    return join(members, _hull(members))


def _anew(base: Rule, exception: Rule) -> Rule:
    """What an exception adds to what it excepts from: "AST > 40 U/L (AST > 40 U/L is allowed if CK is raised)"."""
    if not isinstance(base, Fact) or base.value is None or not isinstance(exception, All):
        return exception
    said = base.concept.name, replace(base.value, span=None)
    added = [
        m
        for m in exception.of
        if not isinstance(m, Fact)
        or m.value is None
        or m.modifiers
        or (m.concept.name, replace(m.value, span=None)) != said
    ]
    return all_of(added, exception.span) if added else exception


def _fact(draft: Draft, text: str, kind: Kind) -> Fact | None:
    if draft.concept is None and not _named_by_unit(draft):
        return None
    assert draft.concept is not None
    words = text[slice(*draft.concept)]
    time = draft.time
    stands = draft.standing or ("history" if draft.denied == "ever" else None)
    if (
        stands is None
        and draft.modifiers
        and draft.domain not in ("device", "procedure")  # an active implant has power of its own; "active treatment"
        and any(active(m) for m in draft.modifiers)
    ):
        stands = "current"
    if stands == "history" and time is not None and draft.value is None and visited(time):
        time = replace(standing(stands), span=time.span)  # "a history of epilepsy at screening"
    elif stands == "history" and time is not None and draft.domain in GIVEN and time.span:
        time = lately(time) if text[time.span[0]] in "<≤" else time  # "prior chemotherapy ≤ 4 weeks"
    if stands is not None and (time is None or (time.start is time.end is None)):
        if stands == "concurrent" and draft.domain == "condition":
            stands = "current"  # a drug goes along with the study, a disease with another
        spell = standing(stands)
        time = replace(time, start=spell.start, end=spell.end) if time else spell
    if draft.itself and time is None and not draft.modifiers:
        return None
    term = draft.term
    name = draft.name or (term.name if term else fold(words))
    if time is not None and name.endswith(_RETURNING):
        time = followed(time, text)
    if time is not None and (_TO_COME.match(words) or any(_awaited(m, time) for m in draft.modifiers)):
        time = coming(time, text)
    if name.endswith(_FUNCTIONS):
        said = next((m for m in draft.modifiers if m.value in ("adequate", "inadequate")), None)
        if said is not None and draft.value is None:
            # "adequate renal function": a result in words
            draft.value = Comparison(operator="=", value=str(said.value), span=said.span)
            draft.domain = "measurement"
            draft.modifiers = tuple([m for m in draft.modifiers if m is not said])
    elif draft.domain == "measurement" and draft.value is None:
        draft.value, draft.modifiers = _detected(draft.modifiers)
    if draft.domain == "measurement" and draft.value is not None and draft.value.value in _FOUND:
        draft.value = _against_limit(draft.value, name, text)
    told = draft.value.span if draft.value is not None and draft.value.value in _FOUND else None
    if draft.domain == "condition" and told is not None and told < draft.concept:
        draft.domain = "measurement"  # "tests positive for hepatitis B"; "HIV-positive" is a state
    dose = draft.dose
    if (
        dose is not None
        and dose.unit is not None
        and dose.unit.ucum in AMOUNTS
        and any(m.type == "acuity" and m.value == "daily" for m in draft.modifiers)
    ):
        dose = replace(dose, unit=replace(dose.unit, ucum=f"{dose.unit.ucum}/d"))  # "aspirin (81 mg) daily"
    includes = tuple([r for i in draft.includes if (r := rule(i, text, kind, required=False)) is not None])
    for r in includes:
        if r.span:
            draft.cover(*r.span)
    return Fact(
        domain=draft.domain or ("condition" if kind == "exclusion" else "observation"),
        span=(draft.first, draft.last),
        concept=Concept(text=words, span=draft.concept, name=name, codes=term.codes if term else ()),
        value=_pointless(draft.value) or (draft.finding if draft.count is None else None),
        count=_pointless(draft.count),
        dose=dose,
        time=time,
        modifiers=joined(text, tuple(sorted(draft.modifiers, key=_place)))
        if len(draft.modifiers) > 1
        else draft.modifiers,
        includes=includes,
        experiencer=draft.experiencer,
    )


def _named_by_unit(draft: Draft) -> bool:
    """Whether a value is of what its unit alone says, and the draft named so: "> 14 drinks a week"."""
    said = draft.value or draft.dose
    unit = said.unit if said is not None else None
    named = _OF_UNIT.get((unit.ucum or "").partition("/")[0]) if unit is not None else None
    if named is None or said is None or said.span is None:
        return False
    draft.value, draft.dose, draft.concept = said, None, said.span
    draft.domain, draft.name = "observation", named
    draft.cover(*said.span)
    return True


def _awaited(modifier: Modifier, time: Window) -> bool:
    """Whether a modifier in front of a time says that something is still to come."""
    told = modifier.type == "certainty" and modifier.value in _AWAITED
    return told and modifier.span is not None and time.span is not None and modifier.span < time.span


def _detected(modifiers: tuple[Modifier, ...]) -> tuple[Comparison | None, tuple[Modifier, ...]]:
    """Whether a test found something: said of what is measured, that is its result ("undetectable viral load")."""
    said = next((m for m in modifiers if m.value in _DETECTED), None)
    if said is None:
        return None, modifiers
    result = Comparison(operator="=", value=_DETECTED[str(said.value)], span=said.span)
    return result, tuple([m for m in modifiers if m is not said])


def _against_limit(result: Comparison, name: str, text: str) -> Comparison:
    """A result in words that compares an amount with what a test can detect: "undetectable HBV DNA".

    Of an antibody or an antigen the words say no more than that it was found or not.
    """
    words = text[slice(*result.span)].lower() if result.span else ""
    if ("detectab" not in words and "below" not in words) or any(w in name for w in _UNMEASURED):
        return result
    return replace(result, operator="<" if result.value == "negative" else ">", value=1, reference="detection_limit")


def _pointless(value: Comparison | None) -> Comparison | None:
    return replace(value, unit=None) if value and value.unit and value.unit.ucum == POINTS else value


def _hull(rules: Sequence[Rule]) -> Span | None:
    spans = [r.span for r in rules if r.span]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None


def _place(modifier: Modifier) -> Span:
    return modifier.span or (0, 0)
