"""Whether a cohort expression is one: its keys, its numbers, and that what it refers to is there.

In: an expression as plain JSON. Out: what is wrong with it, a line each, place first; none where nothing is. Known is
what `protoparse.export.circe` writes, not all that Circe has.

>>> problems({"InclusionRules": [{"name": "a", "expression": {"Type": "SOME"}}]})[0]
'$: no ConceptSets'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from math import inf, isfinite
from typing import Any, TypeAlias

from protoparse.export.circe.sets import LONGEST, TABLES

_Spec: TypeAlias = "str | list[str]"
_OCCURRENCE: dict[str, _Spec] = {
    "CodesetId": "codes", "OccurrenceStartDate": "days", "CorrelatedCriteria": "group",
}  # fmt: skip
_OBSERVED: dict[str, _Spec] = _OCCURRENCE | {
    "ValueAsNumber": "range", "UnitCS": "selected", "ValueAsConceptCS": "selected",
}  # fmt: skip
_SHAPES: Mapping[str, Mapping[str, _Spec]] = {
    "expression": {
        "ConceptSets": ["set"], "PrimaryCriteria": "primary", "QualifiedLimit": "limit", "ExpressionLimit": "limit",
        "InclusionRules": ["rule"], "CensoringCriteria": ["criteria"], "CollapseSettings": "collapse",
        "CensorWindow": "empty", "cdmVersionRange": "text",
    },
    "primary": {"CriteriaList": ["criteria"], "ObservationWindow": "around", "PrimaryCriteriaLimit": "limit"},
    "around": {"PriorDays": "whole", "PostDays": "whole"},
    "limit": {"Type": "limited"},
    "collapse": {"CollapseType": "text", "EraPad": "whole"},
    "empty": {},
    "set": {"id": "whole", "name": "name", "expression": "items"},
    "items": {"items": ["item"]},
    "item": {"concept": "concept", "isExcluded": "flag", "includeDescendants": "flag", "includeMapped": "flag"},
    "concept": {
        "CONCEPT_ID": "whole", "CONCEPT_NAME": "text", "STANDARD_CONCEPT": "text", "INVALID_REASON": "text",
        "CONCEPT_CODE": "text", "DOMAIN_ID": "text", "VOCABULARY_ID": "text", "CONCEPT_CLASS_ID": "text",
    },
    "rule": {"name": "name", "description": "text", "expression": "group"},
    "group": {
        "Type": "joined", "Count": "whole", "CriteriaList": ["correlated"], "DemographicCriteriaList": ["person"],
        "Groups": ["group"],
    },
    "correlated": {
        "Criteria": "criteria", "StartWindow": "window", "EndWindow": "window", "Occurrence": "count",
        "RestrictVisit": "flag", "IgnoreObservationPeriod": "flag",
    },
    "person": {"Age": "range", "Gender": ["concept"]},
    "window": {"Start": "end", "End": "end", "UseIndexEnd": "flag", "UseEventEnd": "flag"},
    "end": {"Days": "whole", "Coeff": "sign"},
    "count": {"Type": "counted", "Count": "whole", "IsDistinct": "flag", "CountColumn": "text"},
    "range": {"Value": "number", "Extent": "number", "Op": "text"},
    "days": {"Value": "day", "Extent": "day", "Op": "text"},
    "selected": {"CodesetId": "codes", "IsExclusion": "flag"},
    "ObservationPeriod": {"UserDefinedPeriod": "period"},
    "period": {"StartDate": "day", "EndDate": "day"},
    **dict.fromkeys(TABLES.values(), _OCCURRENCE),
    "Observation": _OBSERVED,
    "Measurement": _OBSERVED | {"RangeLowRatio": "range", "RangeHighRatio": "range", "Abnormal": "flag"},
}  # fmt: skip
_WANTED: Mapping[str, tuple[str, ...]] = {
    "expression": ("ConceptSets", "PrimaryCriteria", "InclusionRules"),
    "set": ("id", "name", "expression"), "items": ("items",), "item": ("concept",), "concept": ("CONCEPT_ID",),
    "rule": ("name", "expression"), "group": ("Type",), "correlated": ("Criteria",),
    "window": ("Start", "End"), "end": ("Coeff",), "count": ("Type", "Count"), "range": ("Value", "Op"),
    "days": ("Value", "Op"), "selected": ("CodesetId",), "period": ("StartDate", "EndDate"),
}  # fmt: skip
_CRITERIA = {"ObservationPeriod", *TABLES.values()}
_OPERATORS = {"lt", "lte", "gt", "gte", "eq", "!eq", "bt"}
_LEAVES = {
    "whole": lambda x: type(x) is int and x >= 0,
    "codes": lambda x: type(x) is int and x >= 0,
    "sign": lambda x: type(x) is int and x in (-1, 1),
    "number": lambda x: type(x) in (int, float) and isfinite(x),
    "flag": lambda x: type(x) is bool,
    "text": lambda x: isinstance(x, str),
    "name": lambda x: isinstance(x, str) and 0 < len(x) <= LONGEST and x.isprintable(),
    "day": lambda x: isinstance(x, str) and _day(x) is not None,
    "limited": lambda x: x in ("All", "First", "Last"),
    "joined": lambda x: x in ("ALL", "ANY", "AT_LEAST", "AT_MOST"),
    "counted": lambda x: type(x) is int and 0 <= x <= 2,
}
_DEEPEST = 200


def problems(expression: Any) -> list[str]:
    """What is wrong with an expression; none where nothing is."""
    found = list(_shaped(expression, "expression", "$", 0))
    if found:
        return found
    ids = [one["id"] for one in expression["ConceptSets"]]
    found = [f"$.ConceptSets: number {id_} stands twice" for id_ in sorted({x for x in ids if ids.count(x) > 1})]
    return found + [f"{path}: no concept set {id_}" for path, id_ in _referred(expression, "$") if id_ not in ids]


def _shaped(value: Any, shape: str, path: str, depth: int) -> Iterator[str]:
    """What is wrong with the form of a part."""
    if depth > _DEEPEST:
        yield f"{path[:80]}…: nested too deep"
    elif shape in _LEAVES:
        if not _LEAVES[shape](value):
            yield f"{path}: {_shown(value)} is no {shape}"
    elif not isinstance(value, Mapping):
        yield f"{path}: {_shown(value)} is no object"
    elif shape == "criteria":
        [*names] = value
        if len(names) != 1 or names[0] not in _CRITERIA:
            yield f"{path}: {', '.join(map(str, names)) or 'nothing'} is not known here"
        else:
            yield from _shaped(value[names[0]], names[0], f"{path}.{names[0]}", depth + 1)
    else:
        known = _SHAPES[shape]
        yield from (f"{path}: no {key}" for key in _WANTED.get(shape, ()) if key not in value)
        for key, part in value.items():
            spec = known.get(key)
            if spec is None:
                yield f"{path}.{key}: not known here"
            elif isinstance(spec, str):
                yield from _shaped(part, spec, f"{path}.{key}", depth + 1)
            elif not isinstance(part, list):
                yield f"{path}.{key}: {_shown(part)} is no list"
            else:
                for n, one in enumerate(part):
                    yield from _shaped(one, spec[0], f"{path}.{key}[{n}]", depth + 1)
        yield from _meant(value, shape, path)


def _meant(value: Mapping[str, Any], shape: str, path: str) -> Iterator[str]:
    """What is wrong with the sense of a part whose form may be right."""
    try:
        if shape == "window" and _days(value["Start"], -1) > _days(value["End"], 1):
            yield f"{path}: the window ends before it begins"
        elif shape in ("range", "days"):
            if value["Op"] not in _OPERATORS:
                yield f"{path}.Op: {_shown(value['Op'])} is no operator that is known here"
            elif (value["Op"] == "bt") != ("Extent" in value):
                yield f"{path}: an Extent is for bt alone, which needs it"
            elif value["Op"] == "bt" and value["Value"] > value["Extent"]:
                yield f"{path}: {value['Value']} is more than {value['Extent']}"
        elif shape == "period" and value["StartDate"] > value["EndDate"]:
            yield f"{path}: the period ends before it begins"
        elif shape == "group":
            members = sum(len(value.get(k, ())) for k in ("CriteriaList", "DemographicCriteriaList", "Groups"))
            if not members:
                yield f"{path}: a group of nothing"
            if value["Type"].startswith("AT_") != ("Count" in value):
                yield f"{path}: a Count is for AT_LEAST and AT_MOST alone, which need it"
            elif value["Type"] == "AT_LEAST" and value["Count"] > members:
                yield f"{path}: at least {value['Count']} of {members}"
    except (KeyError, TypeError, AttributeError):
        return  # told already, as a matter of form


def _days(end: Mapping[str, Any], side: int) -> float:
    days = end.get("Days")
    if not isinstance(end["Coeff"], int) or not isinstance(days, int | None):
        raise TypeError("no number of days")
    return end["Coeff"] * (inf if days is None else days) if days is not None or end["Coeff"] else side * inf


def _referred(value: Any, path: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if key == "CodesetId":
                yield f"{path}.{key}", part
            else:
                yield from _referred(part, f"{path}.{key}")
    elif isinstance(value, list):
        for n, part in enumerate(value):
            yield from _referred(part, f"{path}[{n}]")


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if len(written) == 10 else None
    except ValueError:
        return None


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
