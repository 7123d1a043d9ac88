"""FHIR that was written here as a document again.

In: a Bundle of R5 or R4B, or the EvidenceVariable alone, as JSON or as plain data. Out: the `Document`. Another's is
refused: it does not say what our criteria say, and nothing is guessed.
"""

from __future__ import annotations

from typing import Any, get_args

import msgspec

from protoparse.errors import InputError, NestingError
from protoparse.export.fhir import r4b, reading
from protoparse.export.fhir.elements import (
    Annotation,
    Element,
    EvidenceVariable,
    ResearchStudy,
    extended,
    given,
    loaded,
    said,
    text_of,
)
from protoparse.model import (
    FORMAT,
    MAX_DEPTH,
    SCORED,
    Age,
    Criterion,
    Document,
    Note,
    ParserInfo,
    Sex,
    Trial,
    facts,
    limit_depth,
)


def from_fhir(source: bytes | str | dict[str, Any]) -> Document:
    """A document from the bundle that it was exported as.

    Raises `InputError` where this is no JSON, no FHIR, or not of the kind that protoparse writes; `NestingError` where
    it is nested too deep.
    """
    try:
        data = loaded(source) if isinstance(source, bytes | str) else source
        document = _document(*_resources(data))
        limit_depth(document.criteria)
        return document
    except RecursionError:
        raise NestingError(f"nested deeper than {MAX_DEPTH} levels") from None
    except (msgspec.MsgspecError, UnicodeError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"not a FHIR bundle of protoparse: {' '.join(str(error).split())}") from None


def _resources(data: Any) -> tuple[EvidenceVariable, ResearchStudy | None]:
    """The EvidenceVariable, and the study where there is one."""
    if not isinstance(data, dict):
        raise ValueError("no JSON object")
    entries = data.get("entry", []) if data.get("resourceType") == "Bundle" else [{"resource": data}]
    found: dict[str, list[Any]] = {}
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            found.setdefault(str(resource.get("resourceType")), []).append(resource)
    variables, studies = found.get("EvidenceVariable", []), found.get("ResearchStudy", [])
    if len(variables) != 1 or len(studies) > 1:
        raise ValueError(f"{len(variables)} EvidenceVariables and {len(studies)} ResearchStudies where one is wanted")
    study = msgspec.convert(studies[0], ResearchStudy) if studies else None
    [variable] = variables
    if said(msgspec.convert(variable, Element), "release") == r4b.RELEASE:
        high = r4b.raised(variable)
        variable = {k: v for k, v in variable.items() if k != "characteristic"}
        return msgspec.structs.replace(msgspec.convert(variable, EvidenceVariable), characteristic=high), study
    return msgspec.convert(variable, EvidenceVariable), study


def _document(variable: EvidenceVariable, study: ResearchStudy | None) -> Document:
    form = said(variable, "format")
    if form is None:
        raise ValueError("the EvidenceVariable is another's: it has no extension urn:protoparse:fhir:format")
    criteria: list[Criterion] = []
    asked: list[Criterion] = []
    for n, characteristic in enumerate(variable.characteristic):
        try:
            mine = asked if extended(characteristic, "registered") else criteria
            mine.append(reading.criterion(characteristic))
        except ValueError as error:
            place = f"EvidenceVariable.characteristic[{n}]"
            raise ValueError(f"{place} ({characteristic.link_id or 'no linkId'}): {error}") from None
    return Document(
        format=SCORED if form == SCORED else FORMAT,
        trial=_trial(study, asked),
        text=text_of(variable, "description") or "",
        criteria=tuple(criteria),
        notes=tuple(map(_note, variable.note)),
        parser=given(variable, "parser", ParserInfo),
    )


def _trial(study: ResearchStudy | None, asked: list[Criterion]) -> Trial:
    limits = {
        fact.value.operator: Age(value=fact.value.value, unit=fact.value.unit)
        for criterion in asked
        for fact in facts(criterion.rule)
        if fact.value is not None and isinstance(fact.value.value, int | float) and fact.value.unit is not None
    }
    if study is None:
        return Trial(minimum_age=limits.get(">="), maximum_age=limits.get("<="))
    number = study.identifier[0] if study.identifier else None
    sex = said(study, "sex")
    healthy = extended(study, "healthy-volunteers")
    return Trial(
        id=text_of(number, "value") if number else None,
        registry=text_of(number.assigner, "display") if number and number.assigner else None,
        title=text_of(study, "title"),
        conditions=tuple([text_of(c, "text") or "" for c in study.condition]),
        minimum_age=limits.get(">="),
        maximum_age=limits.get("<="),
        sex=sex if sex in get_args(Sex) else None,  # type: ignore[arg-type]
        healthy_volunteers=healthy.value_boolean if healthy else None,
    )


def _note(found: Annotation) -> Note:
    span = said(found, "span")
    start, _, end = (span or "").partition("-")
    return Note(
        code=said(found, "code") or "",
        message=text_of(found, "text") or "",
        span=(int(start), int(end)) if span else None,
    )
