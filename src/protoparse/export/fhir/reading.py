"""Characteristics that `writing` made as criteria.

In: a `Characteristic` of an EvidenceVariable. Out: the `Criterion`. What FHIR's own elements say is read from them, an
extension only where there is no element: a bundle whose numbers, codes or times were changed is read as changed.

Raises `ValueError`, or msgspec's `ValidationError`, for what cannot have been written here.
"""

from __future__ import annotations

from typing import Any, get_args

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.export.fhir import amounts
from protoparse.export.fhir.amounts import Value
from protoparse.export.fhir.elements import (
    URN,
    Characteristic,
    TypeAndValue,
    extended,
    given,
    said,
    text_of,
)
from protoparse.export.fhir.forms import UNEQUAL, gather
from protoparse.export.fhir.marks import put
from protoparse.model import (
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Combine,
    Comparison,
    Concept,
    Criterion,
    Domain,
    Experiencer,
    Fact,
    Kind,
    Modifier,
    ModifierType,
    Not,
    Rule,
    Span,
    Window,
)

_OUTLINE = ("kind", "span", "id", "label", "combine", "unparsed", "confidence", "marks", "group", "registered")
"""The extensions that say where a criterion stands, not what it asks."""


def criterion(found: Characteristic) -> Criterion:
    """A criterion that stands on the outline's first level."""
    return _criterion(found, turned=_kind(found) == "exclusion")


def is_criterion(found: Characteristic) -> bool:
    """Whether a characteristic is a criterion of the outline, not a part of a rule."""
    return extended(found, "kind") is not None


# ------------------------------------------------------------------ the outline


def _criterion(found: Characteristic, *, turned: bool) -> Criterion:
    """A criterion; `turned` where it must not hold in what it stands in."""
    kind, combine, sure = _kind(found), said(found, "combine"), extended(found, "confidence")
    bare = replace(found, extension=tuple([x for x in found.extension if x.url.removeprefix(URN) not in _OUTLINE]))
    if turned:
        bare = _affirmed(bare)
    group = None
    if extended(found, "group"):
        marker, bare = _members(bare)
        named = marker.definition_codeable_concept
        group = None if named is None else text_of(named, "text")
    if bare.definition_by_combination and extended(last := _members(bare)[-1], "unread") and not is_criterion(last):
        bare, _ = _members(bare)
    how = combine or ("any" if kind == "exclusion" else "all")
    own, joined = _parted(bare, how)
    counted: Combine | None = None
    if combine is not None and joined is not None:
        counted = AtLeastChildren(at_least=_threshold(joined)) if how == "at-least" else combine  # type: ignore[assignment]
    members = () if joined is None else tuple([m for m in _members(joined) if is_criterion(m)])
    rule = None if own is None or extended(own, "unread") else put(_rule(own), said(found, "marks"))
    return Criterion(
        id=found.link_id if found.link_id is not None else said(found, "id") or "",
        kind=kind,
        group=group,
        label=said(found, "label"),
        span=_span(said(found, "span") or ""),
        combine=counted,
        rule=rule,
        children=tuple(
            [
                _criterion(m, turned=((kind == "exclusion") != (_kind(m) == "exclusion")) != (how == "except"))
                for m in members
            ]
        ),
        unparsed=tuple([_span(s) for s in (said(found, "unparsed") or "").split()]),
        confidence=UNSET if sure is None or sure.value_decimal is None else float(sure.value_decimal),
    )


def _parted(found: Characteristic, how: str) -> tuple[Characteristic | None, Characteristic | None]:
    """A criterion's own rule, and the combination of its children."""
    members = _members(found) if found.definition_by_combination else ()
    if any(map(is_criterion, members)):
        return None if is_criterion(members[0]) else members[0], found
    last = members[-1] if len(members) == 2 else None
    if last is not None and last.definition_by_combination and any(map(is_criterion, _members(last))):
        return _affirmed(members[0]) if how == "then" else members[0], last
    return found, None


def _kind(found: Characteristic) -> Kind:
    return _among(said(found, "kind"), Kind)  # type: ignore[no-any-return]


def _span(text: str) -> Span:
    start, _, end = text.partition("-")
    return int(start), int(end)


def _affirmed(found: Characteristic) -> Characteristic:
    """What must not hold where a characteristic does."""
    if not found.exclude:
        raise ValueError("a characteristic that is not excluded")
    return replace(found, exclude=None)


def _members(found: Characteristic) -> tuple[Characteristic, ...]:
    if found.definition_by_combination is None or not found.definition_by_combination.characteristic:
        raise ValueError("a combination without members")
    return found.definition_by_combination.characteristic


def _threshold(found: Characteristic) -> int:
    count: int | None = given(found, "threshold", int)
    if count is None and found.definition_by_combination is not None:
        count = found.definition_by_combination.threshold
    if count is None:
        raise ValueError("at-least without a threshold")
    return count


def _among(word: str | None, known: Any) -> Any:
    if word not in get_args(known):
        raise ValueError(f"{word!r} is not of {', '.join(get_args(known))}")
    return word


# ------------------------------------------------------------------ rules


def _rule(found: Characteristic) -> Rule:
    form = said(found, "form")
    if form == UNEQUAL:
        bare = replace(found, exclude=None, extension=tuple([x for x in found.extension if x.url != URN + "form"]))
        return gather(form, [Not(of=_rule(bare))])
    if found.exclude:
        return Not(of=_rule(replace(found, exclude=None)))
    combination = found.definition_by_combination
    if combination is None:
        return _fact(found)
    members = _members(found)
    if form == "modified":
        fact = _rule(members[0])
        if not isinstance(fact, Fact):
            raise ValueError("modifiers of what is no fact")
        return replace(fact, modifiers=tuple(map(_modifier, members[1:])))
    rules = tuple(map(_rule, members))
    if form is not None:
        return gather(form, rules)
    match combination.code:
        case "all-of":
            return rules[0] if len(rules) == 1 else All(of=rules)
        case "any-of":
            return Any_(of=rules)
        case "at-least":
            return AtLeast(count=_threshold(found), of=rules)
    raise ValueError(f"no combination {combination.code!r}")


def _fact(found: Characteristic) -> Fact:
    typed = found.definition_by_type_and_value
    thing = found.definition_codeable_concept if typed is None else typed.type
    if thing is None:
        raise ValueError("neither a concept nor a type with a value")
    amount = None if typed is None else _compared(typed)
    is_dose = typed is not None and extended(typed, "dose") is not None
    dose = amount if is_dose else given(found, "dose", Comparison)
    methods = () if typed is None else [text_of(m, "text") or "" for m in typed.method]
    return Fact(
        domain=_among(said(found, "domain"), Domain),
        concept=given(found, "concept", Concept) or given(thing, "concept", Concept) or amounts.named(thing),
        value=None if is_dose else amount,
        count=given(found, "count", Comparison)
        or amounts.compared(Value(found.instances_quantity, found.instances_range)),
        dose=dose,
        time=_time(found),
        modifiers=tuple([Modifier(type="method", text=m, value=m) for m in methods]),
        includes=given(found, "includes", tuple[Rule, ...]) or (),
        experiencer=_among(said(found, "experiencer") or "patient", Experiencer),
    )


def _compared(typed: TypeAndValue) -> Comparison | None:
    return given(typed, "value", Comparison) or amounts.compared(
        Value(typed.value_quantity, typed.value_range, typed.value_codeable_concept, typed.offset)
    )


def _time(found: Characteristic) -> Window | None:
    duration = given(found, "time.duration", Comparison) or amounts.compared(
        Value(found.duration_quantity, found.duration_range)
    )
    time: Window | None = given(found, "time", Window)
    if time is None and not found.time_from_event and duration is None:
        return None
    if time is None:
        time = amounts.window(found.time_from_event)
    return time if duration is None else replace(time, duration=duration)


def _modifier(found: Characteristic) -> Modifier:
    typed = found.definition_by_type_and_value
    if typed is None or typed.value_codeable_concept is None:
        raise ValueError("a modifier without type and value")
    text = text_of(typed.value_codeable_concept, "text") or ""
    kind = amounts.coded(typed.type, "modifier", get_args(ModifierType))
    exact = extended(typed, "modifier")
    value = text if exact is None else given(typed, "modifier", str | tuple[str, ...] | None)
    return Modifier(type=kind, text=text, value=value)  # type: ignore[arg-type]
