"""A document as a FHIR R5 bundle: the trial, who may take part in it, and that once more in a flat list.

In: a `Document`. Out: the `Result` whose payload is a Bundle of a ResearchStudy, an EvidenceVariable that holds each
criterion with all its logic, and a Group that holds each as far as a flat list can.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator
from html import escape
from math import isfinite
from typing import Any

import msgspec
from msgspec.structs import replace

from protoparse.errors import ExportError
from protoparse.export.exporting import Loss, Result
from protoparse.export.fhir import elements, flat
from protoparse.export.fhir.amounts import standard
from protoparse.export.fhir.elements import (
    URN,
    Annotation,
    CodeableConcept,
    EvidenceVariable,
    Extension,
    Group,
    Identifier,
    Recruitment,
    Reference,
    ResearchStudy,
    Resource,
    Trait,
    data,
    extension,
    stated,
    words,
)
from protoparse.export.fhir.writing import criterion_of, own_words
from protoparse.model import Age, Code, Comparison, Concept, Criterion, Document, Fact, Operator, Rule, Trial, all_of

_XHTML = "http://www.w3.org/1999/xhtml"
_LONGEST = 1_048_576
"""The most characters that FHIR allows in a text."""


def bundled(document: Document, *, name: str, group: bool = True) -> Result:
    """A document in R5; `group`: with the flat list, which loses what is more than a list.

    Raises `ExportError` for a text that is longer than FHIR allows, and for a number that JSON cannot say.
    """
    variable, losses = variable_of(document, name)
    study = study_of(document.trial, name)
    eligibility = Recruitment(eligibility=Reference(reference=address("variable", name)))
    study = replace(study_of(document.trial, name), status="unknown", recruitment=eligibility)
    resources = [
        ("study", described(study, told(document.trial.title or name))),
        ("variable", described(variable, outlined(document))),
    ]
    if group:
        listed, lost = flat.listed((*document.criteria, *registered(document.trial)), document.text)
        made = replace(group_of(name, listed), membership="definitional")
        resources.append(("group", described(made, told(made.name or name))))
        losses += lost
    return Result(collected(resources, name), tuple(losses))


# ------------------------------------------------------------------ resources


def study_of(trial: Trial, name: str) -> ResearchStudy:
    """The trial; what it asks of everybody by its registry's fields stands among the criteria."""
    beside: list[Extension] = []
    if trial.sex is not None:
        beside.append(extension("sex", value_code=trial.sex))
    if trial.healthy_volunteers is not None:
        beside.append(extension("healthy-volunteers", value_boolean=trial.healthy_volunteers))
    identifier: tuple[Identifier, ...] = ()
    if trial.id is not None or trial.registry is not None:
        assigner = None if trial.registry is None else Reference(**words("display", trial.registry))
        system = next((c.system for c in standard("registry", trial.registry or "")), None)
        identifier = (Identifier(system=system, assigner=assigner, **words("value", trial.id)),)
    return ResearchStudy(
        resource_type="ResearchStudy", id=slug(name), extension=tuple(beside), identifier=identifier,
        condition=tuple([CodeableConcept(**words("text", c)) for c in trial.conditions]),
        **words("title", trial.title),
    )  # fmt: skip


def variable_of(document: Document, name: str) -> tuple[EvidenceVariable, list[Loss]]:
    """Who may take part, whole, and what is lost of it."""
    losses: list[Loss] = []
    if document.trial.healthy_volunteers is not None:
        said = "accepted" if document.trial.healthy_volunteers else "not accepted"
        losses.append(
            Loss(None, "$", f"healthy volunteers {said}", "FHIR has no element for this field of the registry")
        )
    made = []
    for criterion in document.criteria:
        characteristic, lost = criterion_of(criterion, document.text)
        made.append(characteristic)
        losses += lost
    for criterion in registered(document.trial):
        asked, _ = criterion_of(criterion, "")
        mark = extension("registered", value_boolean=True)
        made.append(replace(asked, extension=(*asked.extension, mark)))
    beside = [stated("format", document.format)]
    if document.parser is not None:
        beside.append(data("parser", document.parser))
    if len(document.text) > _LONGEST:
        raise ExportError(f"a text of {len(document.text)} characters: FHIR allows {_LONGEST}")
    return EvidenceVariable(
        resource_type="EvidenceVariable", id=slug(name), extension=tuple(beside), url=address("variable", name),
        status="unknown", note=tuple(_notes(document)), actual=False, characteristic=tuple(made),
        **words("title", f"Eligibility criteria of {name}"), **words("description", document.text, markdown=True),
    ), losses  # fmt: skip


def group_of(name: str, traits: Iterable[Trait]) -> Group:
    """The flat list; each release says in its own element that nobody is meant who has been named."""
    title = words("name", f"Eligibility criteria of {name}, flat")
    return Group(resource_type="Group", id=slug(name), type="person", characteristic=tuple(traits), **title)


def registered(trial: Trial) -> Iterator[Criterion]:
    """What a registry's own fields ask, as criteria without a place in the text."""
    limits: tuple[tuple[Operator, Age | None], ...] = ((">=", trial.minimum_age), ("<=", trial.maximum_age))
    ages = [_person("age", Comparison(operator=o, value=a.value, unit=a.unit)) for o, a in limits if a is not None]
    if ages:
        yield Criterion(id="registry.age", kind="inclusion", span=(0, 0), rule=all_of(ages))
    if trial.sex in ("female", "male"):
        yield Criterion(id="registry.sex", kind="inclusion", span=(0, 0), rule=_person(trial.sex))


def _person(name: str, value: Comparison | None = None) -> Rule:
    codes = tuple([Code(system=c.system or "", code=c.code or "") for c in standard("person", name)])
    return Fact(domain="person", concept=Concept(text=name, name=name, codes=codes), value=value)


def _notes(document: Document) -> Iterator[Annotation]:
    for note in document.notes:
        beside = [stated("code", note.code)]
        if note.span is not None:
            beside.append(stated("span", "{}-{}".format(*note.span)))
        yield Annotation(extension=tuple(beside), **words("text", note.message, markdown=True))


# ------------------------------------------------------------------ the bundle


def collected(resources: Iterable[tuple[str, dict[str, Any]]], name: str) -> dict[str, Any]:
    """Resources as a bundle."""
    entries = [{"fullUrl": address(kind, name), "resource": resource} for kind, resource in resources]
    return {"resourceType": "Bundle", "id": slug(name), "type": "collection", "entry": entries}


def address(kind: str, name: str) -> str:
    """The URL of a resource of a document: always the same for the same name."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{URN}{kind}:{_sound(name)}')}"


def slug(name: str) -> str:
    """A name as an `id`, with a digest where it is none itself.

    >>> slug("NCT01"), slug("leaf #2.txt")
    ('NCT01', 'leaf--2.txt-025ebe60')
    """
    if elements.is_id(name):
        return name
    return f"{re.sub(r'[^A-Za-z0-9.-]', '-', name)[:55]}-{hashlib.sha256(_sound(name).encode()).hexdigest()[:8]}"


def described(resource: Resource, narrative: str) -> dict[str, Any]:
    """A resource as JSON, with its narrative."""
    made: dict[str, Any] = plain(resource)
    text = {"status": "generated", "div": f'<div xmlns="{_XHTML}">{narrative}</div>'}
    return {"resourceType": made.pop("resourceType"), "id": made.pop("id"), "text": text} | made


def plain(value: Any) -> Any:
    """Records as JSON-like data; raises `ExportError` for a number that JSON cannot say."""
    return _lists(msgspec.to_builtins(value))


def _lists(made: Any) -> Any:
    """The same data with lists for tuples; by a stack, as it may be nested deeper than Python calls."""
    whole = [made]
    stack: list[Any] = [whole]
    while stack:
        within = stack.pop()
        for key, value in within.items() if isinstance(within, dict) else enumerate(within):
            if isinstance(value, tuple):
                value = within[key] = list(value)
            if isinstance(value, dict | list):
                stack.append(value)
            elif isinstance(value, float) and not isfinite(value):
                raise ExportError(f"the number {value} cannot be said in JSON")
    return whole[0]


def _sound(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


# ------------------------------------------------------------------ narratives


def told(text: str) -> str:
    """A narrative of one line."""
    return f"<p>{_shown(text)}</p>"


def outlined(document: Document) -> str:
    """A narrative of the criteria as printed."""
    return _listed(document.criteria, document.text) or told("No criteria.")


def _listed(criteria: Iterable[Criterion], text: str) -> str:
    items = [f"<li>{c.kind}: {_shown(own_words(c, text))}{_listed(c.children, text)}</li>" for c in criteria]
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _shown(text: str) -> str:
    return escape(elements.BARRED.sub("\ufffd", " ".join(text.split())))
