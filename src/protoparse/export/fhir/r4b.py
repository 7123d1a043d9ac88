"""R5's characteristics in R4B, and back.

In: what `writing` made. Out: the same in R4B, where a combination is an EvidenceVariable and a type with its value a
Group of its own, both contained in the trial's; "platelets ≥ 100" is a characteristic that refers to a Group with this.
What R4B lacks, counts, durations, thresholds and times from other events than the start of the study, is an extension.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from protoparse.export.exporting import Loss, Result
from protoparse.export.fhir import amounts, flat
from protoparse.export.fhir.bundle import (
    address,
    collected,
    described,
    group_of,
    outlined,
    plain,
    registered,
    study_of,
    told,
    variable_of,
)
from protoparse.export.fhir.elements import (
    Characteristic,
    CodeableConcept,
    Combination,
    Element,
    Extension,
    Group,
    Primitive,
    Quantity,
    Range,
    Reference,
    Resource,
    TimeFromEvent,
    Trait,
    TypeAndValue,
    data,
    given,
    stated,
    words,
)
from protoparse.model import (
    AtLeast,
    AtLeastChildren,
    Comparison,
    Criterion,
    Document,
    Fact,
    Rule,
    Window,
    walk,
)
from protoparse.render import phrase

RELEASE = "4.3.0"
_ABSENT = Extension(url="http://hl7.org/fhir/StructureDefinition/data-absent-reason", value_code="unknown")
_CODES = {"all-of": "intersection", "any-of": "union"}
_ENTRY = ("enrollment", "study_start")
"""The events that R4B counts from: "the participant's study entry"."""


class TimeFromStart(Element, frozen=True, kw_only=True):
    """When it has to hold, counted from the start of the study."""

    description: str | None = None
    description_: Primitive | None = msgspec.field(default=None, name="_description")
    quantity: Quantity | None = None
    range: Range | None = None


class Low(Element, frozen=True, kw_only=True):
    """An EvidenceVariable.characteristic of R4B."""

    modifier_extension: tuple[Extension, ...] = ()
    description: str | None = None
    description_: Primitive | None = msgspec.field(default=None, name="_description")
    definition_reference: Reference | None = None
    definition_codeable_concept: CodeableConcept | None = None
    method: CodeableConcept | None = None
    exclude: bool | None = None
    time_from_start: TimeFromStart | None = None


class Variable(Resource, frozen=True, kw_only=True):
    """An EvidenceVariable of R4B."""

    status: str = ""
    modifier_extension: tuple[Extension, ...] = ()
    characteristic_combination: str | None = None
    characteristic: tuple[Low, ...] = ()


class Quorum(Struct, frozen=True):
    """A combination for which R4B has no code."""

    code: str
    threshold: int | None


def bundled(document: Document, *, name: str) -> Result:
    """A document in R4B; raises `ExportError` as R5's does."""
    variable, losses = variable_of(document, name)
    contained: list[Resource] = []
    lowered = tuple([_lowered(c, contained) for c in variable.characteristic])
    made: dict[str, Any] = described(variable, outlined(document)) | {
        "contained": plain(contained), "characteristicCombination": "intersection", "characteristic": plain(lowered),
    }  # fmt: skip
    made["extension"] = [plain(stated("release", RELEASE)), *made["extension"]]
    for criterion in walk(document.criteria):
        losses += _lost(criterion)
    listed, lost = flat.listed((*document.criteria, *registered(document.trial)), document.text)
    group = replace(group_of(name, listed), actual=False)
    study = replace(
        study_of(document.trial, name),
        status_=Primitive(extension=(_ABSENT,)),
        enrollment=(Reference(reference=address("group", name)),),
    )
    trial = described(study, told(document.trial.title or name))
    # its enrollment refers to Groups alone
    trial["relatedArtifact"] = [{"type": "composed-of", "resource": address("variable", name)}]
    if not contained:
        del made["contained"]
    if not lowered:
        del made["characteristic"]
    resources = [("study", trial), ("variable", made), ("group", described(group, told(group.name or name)))]
    return Result(collected(resources, name), (*losses, *lost))


def raised(resource: dict[str, Any]) -> tuple[Characteristic, ...]:
    """The characteristics of an EvidenceVariable of R4B as R5 has them; raises `ValueError` where parts are missing."""
    contained: dict[str, Resource] = {}
    for part in resource.get("contained", ()):
        kind = Variable if isinstance(part, dict) and part.get("resourceType") == "EvidenceVariable" else Group
        made: Resource = msgspec.convert(part, kind)
        contained[made.id] = made
    return tuple([_raised(c, contained) for c in msgspec.convert(resource, Variable).characteristic])


# ------------------------------------------------------------------ there


def _lowered(of: Characteristic, contained: list[Resource]) -> Low:
    """A characteristic, what it consists of added to `contained`."""
    typed, combination = of.definition_by_type_and_value, of.definition_by_combination
    reference, method = None, None
    if combination is not None:
        inner = tuple([_lowered(c, contained) for c in combination.characteristic])
        code = _CODES.get(combination.code)
        quorum = () if code else (data("combination", Quorum(combination.code, combination.threshold)),)
        contained.append(
            Variable(
                resource_type="EvidenceVariable", id=f"v{len(contained) + 1}", status="unknown",
                modifier_extension=quorum, characteristic_combination=code, characteristic=inner,
            )
        )  # fmt: skip
        reference = Reference(reference=f"#{contained[-1].id}")
    elif typed is not None:
        method = typed.method[0] if typed.method else None
        more = [data(n, getattr(typed, n)) for n in ("offset", "method") if getattr(typed, n)]
        trait = Trait(
            extension=(*typed.extension, *more), code=typed.type, value_quantity=typed.value_quantity,
            value_range=typed.value_range, value_codeable_concept=typed.value_codeable_concept, exclude=False,
        )  # fmt: skip
        group = Group(
            resource_type="Group", id=f"g{len(contained) + 1}", type="person", actual=False, characteristic=(trait,)
        )
        contained.append(group)
        reference = Reference(reference=f"#{group.id}")
    only = Characteristic(**{name: getattr(of, name) for name in _ONLY_R5})
    link = () if of.link_id is None else (stated("id", of.link_id),)
    # its words stand in an element of R4B; a count or a duration would be passed over
    beside = () if only == Characteristic() else (data("r5", only),)
    turns = replace(only, time_from_event=()) != Characteristic()
    return Low(
        extension=(*link, *of.extension, *(() if turns else beside)),
        modifier_extension=(*of.modifier_extension, *(beside if turns else ())),
        description=of.description, description_=of.description_, definition_reference=reference,
        definition_codeable_concept=of.definition_codeable_concept, method=method, exclude=of.exclude,
        time_from_start=_from_start(of.time_from_event),
    )  # fmt: skip


_ONLY_R5 = ("instances_quantity", "instances_range", "duration_quantity", "duration_range", "time_from_event")


def _from_start(times: tuple[TimeFromEvent, ...]) -> TimeFromStart | None:
    """Times from events as one from the start of the study, in words where it is another event."""
    if not times:
        return None
    if len(times) == 1 and (times[0].quantity or times[0].range):
        if amounts.event(times[0]) in _ENTRY:
            return TimeFromStart(quantity=times[0].quantity, range=times[0].range)
    elif len(times) == 1:
        return TimeFromStart(description=times[0].description, description_=times[0].description_)
    return TimeFromStart(**words("description", phrase(amounts.window(times)), markdown=True))


def _lost(criterion: Criterion) -> Iterator[Loss]:
    """What R4B loses of what R5 holds."""
    name = criterion.id
    if isinstance(criterion.combine, AtLeastChildren):
        yield Loss(name, "$", f"at least {criterion.combine.at_least}", "R4B has no threshold; an extension has it")
    if criterion.rule is None:
        return
    for rule, path in _placed(criterion.rule, "$"):
        if isinstance(rule, AtLeast):
            yield Loss(name, path, f"at least {rule.count}", "R4B has no threshold; an extension has it")
        elif isinstance(rule, Fact):
            for part, said, why in _lost_of(rule):
                yield Loss(name, f"{path}.{part}", phrase(said), why)


def _lost_of(fact: Fact) -> Iterator[tuple[str, Comparison | Window, str]]:
    if fact.count is not None:
        yield "count", fact.count, "R4B has no counts; an extension has it"
    if fact.value is not None and fact.value.reference:
        yield "value", fact.value, "R4B has no reference point; the unit says it, or an extension"
    if fact.time is not None:
        if isinstance(fact.time.duration, Comparison):
            yield "time.duration", fact.time.duration, "R4B has no durations; an extension has it"
        if not _fits(fact.time):
            yield "time", fact.time, "R4B counts from the start of the study alone; it stands in words"


def _placed(rule: Rule, path: str) -> Iterator[tuple[Rule, str]]:
    """Every rule within a rule, but for examples, and where it stands."""
    yield rule, path
    if isinstance(rule, Fact):
        return
    names = [name for name in rule.__struct_fields__ if name in ("of", "condition", "then", "base", "exceptions")]
    for name in names:
        below = getattr(rule, name)
        if isinstance(below, tuple):
            for n, member in enumerate(below):
                yield from _placed(member, f"{path}.{name}[{n}]")
        else:
            yield from _placed(below, f"{path}.{name}")


def _fits(time: Window) -> bool:
    """Whether a window, its duration aside, is one from the start of the study, or is none."""
    if not (time.any_of or time.start or time.end):
        return True
    made = () if time.any_of else amounts.times(time)
    return len(made) == 1 and amounts.event(made[0]) in _ENTRY


# ------------------------------------------------------------------ and back


def _raised(found: Low, contained: dict[str, Resource]) -> Characteristic:
    typed = combination = None
    if found.definition_reference is not None:
        # each is referred to once: what refers to itself, or to the same thing over and over, is no rule
        part = contained.pop((found.definition_reference.reference or "").removeprefix("#"), None)
        if isinstance(part, Variable):
            quorum = given(part, "combination", Quorum)
            code = next((c for c, word in _CODES.items() if word == part.characteristic_combination), None)
            if quorum is None and code is None:
                raise ValueError(f"#{part.id} has no combination")
            combination = Combination(
                code=quorum.code if quorum else code or "", threshold=quorum.threshold if quorum else None,
                characteristic=tuple([_raised(c, contained) for c in part.characteristic]),
            )  # fmt: skip
        elif isinstance(part, Group) and len(part.characteristic) == 1:
            [trait] = part.characteristic
            typed = TypeAndValue(
                extension=trait.extension, type=trait.code, value_quantity=trait.value_quantity,
                value_range=trait.value_range, value_codeable_concept=trait.value_codeable_concept,
                offset=given(trait, "offset", CodeableConcept),
                method=given(trait, "method", tuple[CodeableConcept, ...]) or (),
            )  # fmt: skip
        else:
            raise ValueError(f"nothing to read at {found.definition_reference.reference!r}")
    only = given(found, "r5", Characteristic) or Characteristic()
    return replace(
        only, extension=found.extension, modifier_extension=found.modifier_extension, description=found.description,
        description_=found.description_, exclude=found.exclude,
        definition_codeable_concept=found.definition_codeable_concept, definition_by_type_and_value=typed,
        definition_by_combination=combination,
    )  # fmt: skip
