"""Criteria as FHIR characteristics.

In: a `Criterion`. Out: a `Characteristic` that says all of it, and the losses: what a reader who does not know our
extensions lacks. "No stroke within 6 months" is a characteristic with `exclude`, a concept and a time from an event.

What may be passed over is an `extension`; what may not, because it turns the meaning, a `modifierExtension`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.export.exporting import Loss
from protoparse.export.fhir import amounts
from protoparse.export.fhir.elements import (
    URN,
    Annotation,
    Characteristic,
    CodeableConcept,
    Coding,
    Combination,
    Extension,
    Quantity,
    Range,
    TimeFromEvent,
    TypeAndValue,
    barred,
    data,
    extension,
    is_id,
    stated,
    texts,
    words,
)
from protoparse.export.fhir.forms import UNEQUAL, spread
from protoparse.export.fhir.marks import taken
from protoparse.model import (
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Comparison,
    Criterion,
    Fact,
    Modifier,
    Not,
    Rule,
    Window,
)
from protoparse.render import phrase, render

_WORD = re.compile(r"\w")
_MOST = 2**31 - 1
"""The greatest `positiveInt`."""


def criterion_of(criterion: Criterion, text: str) -> tuple[Characteristic, list[Loss]]:
    """A criterion of the outline's first level, as one of the characteristics that all have to be met."""
    losses: list[Loss] = []
    turned = criterion.kind == "exclusion"
    made = _outlined(criterion, text, losses, turned=turned, wanted=not turned, neutral=not turned)
    return made, losses


def own_words(criterion: Criterion, text: str) -> str:
    """The words of a criterion before those of its children."""
    start, end = criterion.span
    inner = min((c.span[0] for c in criterion.children), default=end)
    return text[start : max(start, min(end, inner))].strip()


def joint(criterion: Criterion) -> str:
    """How the children of a criterion count: the word of `combine`, or what stands for none."""
    combine = criterion.combine
    if isinstance(combine, AtLeastChildren):
        return "at-least"
    return combine or ("any" if criterion.kind == "exclusion" else "all")


def turned_in(parent: Criterion, child: Criterion) -> bool:
    """Whether a child must not hold for its part of the parent to hold."""
    contrary = (parent.kind == "exclusion") != (child.kind == "exclusion")
    return contrary != (joint(parent) == "except")


# ------------------------------------------------------------------ the outline


def _outlined(
    criterion: Criterion, text: str, losses: list[Loss], *, turned: bool, wanted: bool, neutral: bool
) -> Characteristic:
    """A criterion as a member of what it stands in, `turned` where it must not hold there.

    `wanted`: who meets it is let in by it. For who is not of its group it is not there; there it holds where `neutral`.
    """
    rule = _Rules(losses, criterion.id)
    own, marks = (None, None) if criterion.rule is None else taken(criterion.rule)
    made = _whole(criterion, text, rule, own, losses, wanted)
    printed = own_words(criterion, text)
    pieces = [" ".join(text[start:end].split()) for start, end in criterion.unparsed]
    if (own is not None or criterion.children) and (puzzle := " … ".join(p for p in pieces if _WORD.search(p))):
        rule.lose("$", puzzle, "not understood; it stands in words")
        # as in screening, it can keep somebody out but never let one in
        made = combined("all-of" if wanted else "any-of", [made, _unread(puzzle)])
    if criterion.kind == "unspecified":
        rule.lose("$", "inclusion or exclusion", "the text says neither; it is put with the inclusions")
    if criterion.group is not None:
        group = Characteristic(definition_codeable_concept=CodeableConcept(**words("text", criterion.group)))
        made = combined("any-of", [denied(group), made]) if neutral else combined("all-of", [group, made])
        made = replace(made, extension=(*made.extension, extension("group", value_boolean=True)))
    if turned:
        made = denied(made)
    if barred(printed) or any(map(barred, texts(replace(criterion, children=())))):
        rule.lose("$", "a control character", "FHIR's texts take none; U+FFFD stands for it")
    extensions = [extension("kind", value_code=criterion.kind), stated("span", "{}-{}".format(*criterion.span))]
    if criterion.id and not is_id(criterion.id):
        extensions.append(stated("id", criterion.id))
    if criterion.label is not None:
        extensions.append(stated("label", criterion.label))
    if criterion.combine is not None:
        extensions.append(extension("combine", value_code=joint(criterion)))
    if criterion.unparsed:
        extensions.append(stated("unparsed", " ".join(f"{s}-{e}" for s, e in criterion.unparsed)))
    if criterion.confidence is not UNSET:
        extensions.append(extension("confidence", value_decimal=criterion.confidence))
    if marks is not None:
        extensions.append(stated("marks", marks))
    return replace(
        made,
        extension=(*extensions, *made.extension),
        link_id=criterion.id if is_id(criterion.id) else None,
        exclude=made.exclude or False,
        **words("description", printed or None, markdown=True),
    )


def _whole(
    criterion: Criterion, text: str, rules: _Rules, own: Rule | None, losses: list[Loss], wanted: bool
) -> Characteristic:
    """A criterion's rule and children together."""
    rule = None if own is None else rules.of(own, "$")
    if not criterion.children:
        if rule is not None:
            return rule
        printed = own_words(criterion, text)
        rules.lose("$", " ".join(printed.split()) or "the whole", "it has no rule; its words stand for it")
        return _unread(printed)
    how = joint(criterion)
    children = [
        _outlined(c, text, losses, turned=turn, wanted=wanted != turn, neutral=(how in _ALL) != turn)
        for c in criterion.children
        for turn in [turned_in(criterion, c)]
    ]
    if how == "except":
        return combined("all-of", [*([] if rule is None else [rule]), *children])
    if how == "then" and rule is not None:
        return combined("any-of", [denied(rule), combined("all-of", children)])
    least = criterion.combine.at_least if isinstance(criterion.combine, AtLeastChildren) else 0
    if how == "at-least":
        joined = rules.quorum(least, children, "$")
    else:
        joined = combined("any-of" if how == "any" else "all-of", children)
    return joined if rule is None else combined("all-of", [rule, joined])


_ALL = ("all", "then", "except")


def _unread(printed: str) -> Characteristic:
    """Words that were not understood."""
    thing = CodeableConcept(**words("text", printed))
    return Characteristic(extension=(extension("unread", value_boolean=True),), definition_codeable_concept=thing)


# ------------------------------------------------------------------ rules


def combined(code: str, members: Iterable[Characteristic], *, threshold: int | None = None) -> Characteristic:
    """A characteristic that is a combination of others."""
    combination = Combination(code=code, threshold=threshold, characteristic=tuple(members))
    return Characteristic(definition_by_combination=combination)


def denied(made: Characteristic) -> Characteristic:
    """A characteristic that holds where another does not."""
    return replace(combined("all-of", [made]) if made.exclude else made, exclude=True)


@dataclass(slots=True)
class _Rules:
    """The rules of one criterion, and what is lost of them."""

    losses: list[Loss]
    criterion: str

    def lose(self, path: str, lost: str, why: str) -> None:
        self.losses.append(Loss(self.criterion, path, lost, why))

    def of(self, rule: Rule, path: str) -> Characteristic:
        """A rule, without spans, as a characteristic."""
        match rule:
            case All() | Any_():
                members = [self.of(m, f"{path}.of[{n}]") for n, m in enumerate(rule.of)]
                return combined("all-of" if isinstance(rule, All) else "any-of", members)
            case AtLeast():
                return self.quorum(rule.count, [self.of(m, f"{path}.of[{n}]") for n, m in enumerate(rule.of)], path)
            case Not():
                return denied(self.of(rule.of, f"{path}.of"))
            case Fact(modifiers=(_, *_)) if not _by_method(rule):
                return self._modified(rule, path)
        form = spread(rule)
        if form is None:
            assert isinstance(rule, Fact)
            return self._fact(rule, path)
        made = [(self.of(m.rule, path + m.path), m.denied) for m in form.members]
        members = [denied(m) if turn else m for m, turn in made]
        whole = members[0] if form.name == UNEQUAL else combined(form.code, members)
        return replace(whole, extension=(extension("form", value_code=form.name), *whole.extension))

    def quorum(self, count: int, members: list[Characteristic], path: str) -> Characteristic:
        """So many of several."""
        if 1 <= count <= _MOST:
            return combined("at-least", members, threshold=count)
        self.lose(path, f"at least {count}", "a threshold counts from 1")
        return replace(combined("at-least", members), modifier_extension=(data("threshold", count),))

    def _modified(self, fact: Fact, path: str) -> Characteristic:
        """A fact with what narrows it: both, the modifiers as characteristics of the thing."""
        of = fact.concept.text
        whole = combined(
            "all-of", [self.of(replace(fact, modifiers=()), path), *(modifier_of(m, of) for m in fact.modifiers)]
        )
        return replace(whole, extension=(extension("form", value_code="modified"),))

    def _fact(self, fact: Fact, path: str) -> Characteristic:
        """A fact that is no combination; what has no element goes into extensions."""
        beside: list[Extension] = [extension("domain", value_code=fact.domain)]
        turning: list[Extension] = []
        thing = self._concept(fact, path, turning)
        whose = fact.value if fact.value is not None or fact.dose is None else fact.dose
        fields: dict[str, object] = {}
        if whose is None:
            fields["definition_codeable_concept"] = thing
        else:
            what = "value" if whose is fact.value else "dose"
            fields["definition_by_type_and_value"] = self._valued(thing, whose, what, fact.modifiers, f"{path}.{what}")
        if fact.dose is not None and fact.value is not None:
            self.lose(f"{path}.dose", phrase(fact.dose), "a characteristic has one value")
            turning.append(data("dose", fact.dose))
        fields |= self._amount("instances", "count", fact.count, path, turning)
        if fact.time is not None:
            fields |= self._time(fact.time, path, beside, turning)
        if fact.includes:
            self.lose(f"{path}.includes", "; ".join(map(render, fact.includes)), "examples have no element")
            beside.append(data("includes", fact.includes))
            told = "such as " + "; ".join(map(render, fact.includes))
            fields["note"] = (Annotation(**words("text", told, markdown=True)),)
        return Characteristic(extension=tuple(beside), modifier_extension=tuple(turning), **fields)  # type: ignore[arg-type]

    def _concept(self, fact: Fact, path: str, turning: list[Extension]) -> CodeableConcept:
        """What a fact is about. Of another person it is words alone: a code would be taken for the patient's."""
        concept = fact.concept
        if fact.experiencer != "patient":
            self.lose(
                f"{path}.experiencer", fact.experiencer, "a characteristic is the patient's own; it stands in the words"
            )
            turning += [extension("experiencer", value_code=fact.experiencer), data("concept", concept)]
            return CodeableConcept(**words("text", f"{fact.experiencer}: {concept.text}"))
        for code in concept.codes:
            if not amounts.is_known(code.system):
                self.lose(f"{path}.concept.codes", f"{code.system} {code.code}", "no URI is known for the vocabulary")
        made = amounts.concept(concept)
        if amounts.named(made) == concept:
            return made
        self.lose(
            f"{path}.concept.codes", ", ".join(f"{c.system} {c.code}" for c in concept.codes), "not all are codes"
        )
        return replace(made, extension=(data("concept", concept),))

    def _valued(
        self, thing: CodeableConcept, said: Comparison, what: str, modifiers: tuple[Modifier, ...], path: str
    ) -> TypeAndValue:
        """What a fact is about, with its value, or dose, and the methods that it is measured by."""
        beside = [extension("dose", value_boolean=True)] if what == "dose" else []
        made = amounts.value(said)
        if made is None or amounts.compared(made) != said:
            self.lose(path, phrase(said), "a value in FHIR is a number, a closed range or one word; it stands in words")
            made = amounts.Value(concept=CodeableConcept(**words("text", phrase(said))))
            beside.append(data("value", said))
        return TypeAndValue(
            extension=tuple(beside), type=thing, value_quantity=made.quantity, value_range=made.range,
            value_codeable_concept=made.concept, offset=made.offset,
            method=tuple([CodeableConcept(**words("text", m.text)) for m in modifiers]),
        )  # fmt: skip

    def _amount(
        self, element: str, name: str, said: Comparison | None, path: str, turning: list[Extension]
    ) -> dict[str, Quantity | Range]:
        """A count or a duration."""
        if said is None:
            return {}
        made = amounts.value(said)
        if made is not None and amounts.compared(made) == said and made.offset is None and made.concept is None:
            if made.quantity is not None:
                return {f"{element}_quantity": made.quantity}
            if made.range is not None:
                return {f"{element}_range": made.range}
        self.lose(f"{path}.{name}", phrase(said), "a count or duration in FHIR is a number or a closed range")
        turning.append(data(name, said))
        return {}

    def _time(self, time: Window, path: str, beside: list[Extension], turning: list[Extension]) -> dict[str, object]:
        """When a fact holds or happened; a window that does not fit is told in words."""
        fields: dict[str, object] = {}
        if isinstance(time.duration, Comparison):
            fields |= self._amount("duration", "time.duration", time.duration, path, turning)
            time = replace(time, duration=None)
        made = amounts.times(time)
        if amounts.window(made) == time:
            if not made and not fields:
                beside.append(data("time", time))
            return fields | {"time_from_event": made} if made else fields
        self.lose(f"{path}.time", phrase(time), "a time in FHIR has plain numbers; it stands in words")
        beside.append(data("time", time))
        told = TimeFromEvent(**words("description", phrase(time), markdown=True))
        return fields | {"time_from_event": (told,)}


def _by_method(fact: Fact) -> bool:
    """Whether all that narrows a fact is how its value is measured, for which FHIR has an element."""
    return (fact.value is not None or fact.dose is not None) and all(
        m == Modifier(type="method", text=m.text, value=m.text) for m in fact.modifiers
    )


def modifier_of(modifier: Modifier, of: str) -> Characteristic:
    """What narrows a concept, as a characteristic of it."""
    kind = Coding(system=URN + "modifier", code=modifier.type)
    exact = () if modifier.value == modifier.text else (data("modifier", modifier.value),)
    return Characteristic(
        definition_by_type_and_value=TypeAndValue(
            extension=exact,
            type=CodeableConcept(coding=(kind,), **words("text", f"{of}: {modifier.type}")),
            value_codeable_concept=CodeableConcept(**words("text", modifier.text)),
        )
    )
