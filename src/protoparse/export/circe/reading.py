"""A cohort expression as a document again: each inclusion rule a criterion.

In: an expression as `protoparse.export.circe` writes it, JSON or read from JSON. Out: a `Document` whose text is the
rules' descriptions. A rule called "exclusion.2: …" is an exclusion, one of any other name an inclusion.

>>> age = {"Type": "ALL", "DemographicCriteriaList": [{"Age": {"Value": 18, "Op": "gte"}}]}
>>> rule = {"name": "adults", "expression": age}
>>> document = from_circe({"ConceptSets": [], "PrimaryCriteria": {}, "InclusionRules": [rule]})
>>> document.criteria[0].rule.value.value
18

What a description says in canonical English is what was meant, where the expression says the same
(`protoparse.export.circe.describing`). Else what Circe says in one way comes back in one: `if` and `except` as the or,
and, not that they mean, windows in days about the day of screening (`protoparse.export.circe.meaning`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from math import inf, isfinite
from typing import Any, cast

from protoparse import lexicon
from protoparse.errors import ExportError
from protoparse.export.circe.amounts import YEARS
from protoparse.export.circe.checking import problems
from protoparse.export.circe.describing import believed
from protoparse.export.circe.meaning import shifted
from protoparse.export.circe.occurring import GENDERS, OPERATORS, RATIOS
from protoparse.export.circe.sets import TABLES, named
from protoparse.model import (
    AtLeast,
    Code,
    Comparison,
    Concept,
    Criterion,
    Document,
    Domain,
    Fact,
    Kind,
    Not,
    Operator,
    Reference,
    Rule,
    Unit,
    Window,
    all_of,
    any_of,
)

_ID = re.compile(r"((inclusion|exclusion|unspecified)(?:\.\d+)+|registry\.\w+)(?::|$)")
_OPERATOR = {circe: ours for ours, circe in OPERATORS.items()}
_COUNTED: tuple[Operator, ...] = ("=", "<=", ">=")
_DOMAINS = {table: domain for domain, table in reversed(TABLES.items())}
_REFERENCE: Mapping[str, Reference] = {theirs: ours for ours, theirs in RATIOS.items()}
_SEXES = {id_: sex for sex, (id_, _) in GENDERS.items()}


def from_circe(expression: Mapping[str, Any] | str | bytes) -> Document:
    """The document that a cohort expression says; raises `ExportError`, one line, where it says what is not read."""
    if isinstance(expression, str | bytes):
        try:
            expression = json.loads(expression)
        except (ValueError, RecursionError) as error:
            raise ExportError(f"circe: no JSON: {error}") from None
    try:
        return _document(expression)
    except OverflowError:
        raise ExportError("circe: a number larger than any that is counted with") from None


def _document(expression: Any) -> Document:
    wrong = problems(expression)
    if wrong:
        raise ExportError(f"circe: {wrong[0]}")
    assert isinstance(expression, Mapping)
    reader = _Reader(expression["ConceptSets"], _index_day(expression["PrimaryCriteria"]))
    text = ""
    criteria = []
    for n, rule in enumerate(expression["InclusionRules"]):
        said = rule.get("description") or rule["name"]
        span = (len(text), len(text) + len(said))
        text += said + "\n"
        criteria.append(reader.criterion(rule, f"$.InclusionRules[{n}].expression", n, span))
    return Document(text=text, criteria=tuple(criteria))


def _index_day(primary: Mapping[str, Any]) -> date | None:
    """The day on which people are asked for, where there is one."""
    for asked in primary.get("CriteriaList", ()):
        period = asked.get("ObservationPeriod", {}).get("UserDefinedPeriod", {})
        try:
            return date.fromisoformat(period.get("StartDate", ""))
        except (TypeError, ValueError):
            continue
    return None


class _Reader:
    def __init__(self, sets: Iterable[Mapping[str, Any]], day: date | None) -> None:
        self._sets = {one["id"]: one for one in sets}
        self._day = day

    def criterion(self, rule: Mapping[str, Any], path: str, number: int, span: tuple[int, int]) -> Criterion:
        """An inclusion rule."""
        match = _ID.match(rule["name"])
        kind = cast("Kind", (match and match[2]) or "inclusion")
        said = self._group(rule["expression"], path)
        if kind == "exclusion":
            said = said.of if isinstance(said, Not) else Not(of=said)
        said = believed(rule.get("description") or "", kind, said, day=self._day)
        return Criterion(id=match[1] if match else f"inclusion.{number + 1}", kind=kind, span=span, rule=said)

    # ------------------------------------------------------------------ groups

    def _group(self, group: Mapping[str, Any], path: str) -> Rule:
        members = [
            *(self._correlated(x, f"{path}.CriteriaList[{n}]") for n, x in enumerate(group.get("CriteriaList", ()))),
            *(self._person(x, f"{path}.Demo…[{n}]") for n, x in enumerate(group.get("DemographicCriteriaList", ()))),
            *(self._group(x, f"{path}.Groups[{n}]") for n, x in enumerate(group.get("Groups", ()))),
        ]
        kind, count = group["Type"], group.get("Count", 0)
        if kind == "ALL":
            return all_of(members)
        if kind == "ANY" or (kind == "AT_MOST" and count == 0):
            # what is recorded in several tables is asked of each
            alternatives = any_of(x for n, x in enumerate(members) if x not in members[:n])
            return alternatives if kind == "ANY" else Not(of=alternatives)
        least = count if kind == "AT_LEAST" else count + 1
        if len(members) == 1 and least == 1:
            said = members[0]
        elif len(members) < 2:
            raise _not_read(path, f"{kind} {count} of one")
        else:
            said = AtLeast(count=least, of=tuple(members))
        return said if kind == "AT_LEAST" else Not(of=said)

    def _person(self, person: Mapping[str, Any], path: str) -> Rule:
        asked: list[Rule] = []
        if "Age" in person:
            asked.append(_fact("person", "age", value=_range(person["Age"], unit=YEARS)))
        if "Gender" in person:
            sexes = [_SEXES.get(one["CONCEPT_ID"]) for one in person["Gender"]]
            if None in sexes or not sexes:
                raise _not_read(f"{path}.Gender", "a gender that is neither 8507 nor 8532")
            asked.append(any_of(_fact("person", sex) for sex in sexes if sex))
        if not asked:
            raise _not_read(path, "neither Age nor Gender")
        return all_of(asked)

    # ------------------------------------------------------------------ occurrences

    def _correlated(self, asked: Mapping[str, Any], path: str) -> Rule:
        [(table, body)] = asked["Criteria"].items()
        if table not in _DOMAINS or "CodesetId" not in body:
            raise _not_read(path, f"a {table} of any kind")
        domain, concept = self._thing(body["CodesetId"], table)
        within = body.get("CorrelatedCriteria")
        if within is not None and not _none_later(within, table, body["CodesetId"]):
            raise _not_read(f"{path}.CorrelatedCriteria", "criteria within a criterion")
        if within is None and "OccurrenceStartDate" in body:
            raise _not_read(f"{path}.OccurrenceStartDate", "a day of the calendar")
        fact = Fact(
            domain=domain,
            concept=concept,
            value=self._value(body, path),
            time=_window(asked, path),
        )
        count = asked.get("Occurrence", {"Type": 2, "Count": 1})
        if not count.get("IsDistinct") and (count["Type"], count["Count"]) == (0, 0):
            return Not(of=fact)
        if not count.get("IsDistinct") and (count["Type"], count["Count"]) == (2, 1):
            return fact
        number = Comparison(operator=_COUNTED[count["Type"]], value=count["Count"])
        return Fact(domain=domain, concept=concept, value=fact.value, count=number, time=fact.time)

    def _thing(self, id_: int, table: str) -> tuple[Domain, Concept]:
        """What a set stands for; one of another's making stands for its name, with the codes that are in it."""
        one = self._sets[id_]
        known = named(one["name"])
        if known is not None and known[0] in TABLES:
            return cast("Domain", known[0]), known[1]
        concepts = [item["concept"] for item in one["expression"]["items"] if not item.get("isExcluded")]
        codes = tuple(Code(system="OMOP", code=str(concept["CONCEPT_ID"])) for concept in concepts)
        return cast("Domain", _DOMAINS[table]), Concept(text=one["name"], name=lexicon.fold(one["name"]), codes=codes)

    def _value(self, body: Mapping[str, Any], path: str) -> Comparison | None:
        fields = [f for f in ("ValueAsNumber", "ValueAsConceptCS", "Abnormal", *RATIOS.values()) if body.get(f)]
        if len(fields) > 1:
            raise _not_read(path, " with ".join(fields))
        if not fields:
            return None
        [field] = fields
        if field == "Abnormal":
            return Comparison(operator="=", value="abnormal")
        if field == "ValueAsConceptCS":
            return Comparison(operator="=", value=self._called(body[field], "result", path).text)
        if field == "ValueAsNumber":
            unit = self._called(body["UnitCS"], "unit", path) if "UnitCS" in body else None
            return _range(body[field], unit=None if unit is None else Unit(text=unit.text, ucum=unit.name))
        return _range(body[field], reference=_REFERENCE[field])

    def _called(self, selected: Mapping[str, Any], kind: str, path: str) -> Concept:
        if selected.get("IsExclusion"):
            raise _not_read(path, "a concept set that is excluded")
        name = self._sets[selected["CodesetId"]]["name"]
        known = named(name)
        if known is None or known[0] != kind:
            raise _not_read(path, f"{name!r} is not the name of a {kind}")
        return known[1]


def _fact(domain: Domain, name: str, *, value: Comparison | None = None) -> Fact:
    return Fact(domain=domain, concept=Concept(text=name, name=name), value=value)


def _range(asked: Mapping[str, Any], *, unit: Unit | None = None, reference: Reference | None = None) -> Comparison:
    if asked["Op"] != "bt":
        operator = cast("Operator", _OPERATOR[asked["Op"]])
        return Comparison(operator=operator, value=asked["Value"], unit=unit, reference=reference)
    return Comparison(
        operator="between",
        low=asked["Value"],
        high=asked["Extent"],
        low_inclusive=True,
        high_inclusive=True,
        unit=unit,
        reference=reference,
    )


def _window(asked: Mapping[str, Any], path: str) -> Window:
    """A window of days about the index day: of the beginning, or of what lasts from one day to another."""
    begins, ends = asked.get("StartWindow"), asked.get("EndWindow")
    if any(window is not None and window.get("UseIndexEnd") for window in (begins, ends)):
        raise _not_read(path, "a window that is counted from the end of the index event")
    if begins is not None and begins.get("UseEventEnd"):
        raise _not_read(f"{path}.StartWindow", "a window of an event's end")
    low, high = (-inf, inf) if begins is None else (_days(begins["Start"]), _days(begins["End"]))
    if ends is not None:
        start, end = _days(ends["Start"]), _days(ends["End"])
        if isfinite(low) or isfinite(end) or not ends.get("UseEventEnd", True):
            raise _not_read(f"{path}.EndWindow", "a beginning and an end that are both within limits")
        low = start
    return Window(
        start=shifted(int(low)) if isfinite(low) else None, end=shifted(int(high)) if isfinite(high) else None
    )


def _days(end: Mapping[str, Any]) -> float:
    return float(end["Coeff"]) * (inf if end.get("Days") is None else end["Days"])


def _none_later(group: Mapping[str, Any], table: str, codes: int) -> bool:
    """Whether a group says that behind an event there is no other of its set."""
    listed = group.get("CriteriaList", ())
    if group["Type"] != "ALL" or len(listed) != 1 or group.get("Groups") or group.get("DemographicCriteriaList"):
        return False
    [one] = listed
    body = one["Criteria"].get(table, {})
    window = one.get("StartWindow")
    behind = window is not None and (_days(window["Start"]), _days(window["End"])) == (1, inf)
    none = one.get("Occurrence", {}).get("Type") == 0 and one["Occurrence"].get("Count") == 0
    return behind and none and set(body) <= {"CodesetId", "OccurrenceStartDate"} and body.get("CodesetId") == codes


def _not_read(path: str, what: str) -> ExportError:
    return ExportError(f"circe: {path}: {what} is not read")
