"""One fact as what a cohort asks of a person: an occurrence in a window, a demographic, or a group of them.

In: a `Leaf`, and whether the answer may be yes too often (`wider`) or no too often. Out: a `Part`, None where nothing
can be asked that errs on that side alone. "Age ≥ 18 years" is `{"Age": {"Value": 18, "Op": "gte"}}`.

Circe asks whether something was in a window, never what was last. Where the index day is known, the last value is
the one behind which, up to that day, there is none; where it is not, any value of the window may stand for it, or all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from math import inf, isfinite
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

from msgspec import UNSET

from protoparse.export.circe.amounts import ages, reach
from protoparse.export.circe.meaning import Leaf
from protoparse.export.circe.sets import TABLES, Sets
from protoparse.model import INDEX_EVENTS, Bound, Comparison, Fact, Reference, Unit, Window
from protoparse.render import phrase

Kind: TypeAlias = Literal["CriteriaList", "DemographicCriteriaList", "Groups"]
Lose: TypeAlias = Callable[[str, str, str], None]
"""Takes note of a loss: where in the fact, what, and why."""


class Part(NamedTuple):
    """A member of a group, and in which of the group's lists it stands."""

    kind: Kind
    body: dict[str, Any]


EVER = 50_000
"""Nobody has a record of so many days ago."""
OPERATORS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "eq", "!=": "!eq"}
_CONTRARY = {"lt": "gte", "lte": "gt", "gt": "lte", "gte": "lt", "eq": "!eq", "!eq": "eq"}
_SPANNING = ("ConditionOccurrence", "DrugExposure", "VisitOccurrence", "DeviceExposure")
"""What has an end in OMOP: it is in a window where it shares a day with it."""
_LASTING = ("ConditionOccurrence", "DeviceExposure")
"""What may go on although no end is recorded; Circe gives it one day."""
RATIOS: dict[Reference, str] = {"ULN": "RangeHighRatio", "LLN": "RangeLowRatio"}
GENDERS = {"male": (8507, "M"), "female": (8532, "F")}
AT_LEAST, EXACTLY = 2, 0
_OCCURRENCES = {">=": AT_LEAST, "<=": 1, "=": EXACTLY}


def group(kind: str, parts: Sequence[Part], count: int | None = None) -> Part:
    """Parts as one group: "ALL", "ANY", "AT_LEAST" or "AT_MOST" `count`. Circe keeps the order of one list alone."""
    if len({part.kind for part in parts}) > 1:
        parts = [part if part.kind == "Groups" else group("ALL", [part]) for part in parts]
    body: dict[str, Any] = {"Type": kind} if count is None else {"Type": kind, "Count": count}
    for name in ("CriteriaList", "DemographicCriteriaList", "Groups"):
        body[name] = [part.body for part in parts if part.kind == name]
    return Part("Groups", body)


class Asker:
    """Asks for the facts of one expression."""

    def __init__(self, sets: Sets, day: date | None) -> None:
        self._sets, self._day = sets, day

    def ask(self, leaf: Leaf, wider: bool, lose: Lose) -> Part | None:
        """A fact as part of a group; what it lacks is taken note of."""
        return _Fact(self._sets, self._day, leaf, wider, lose).part()


class _LeftOut(Exception):  # noqa: N818 - not an error
    """Nothing can be asked that errs on the right side alone."""


class _Fact:
    def __init__(self, sets: Sets, day: date | None, leaf: Leaf, wider: bool, lose: Lose) -> None:
        self._sets, self._day, self._wider, self._note = sets, day, wider, lose
        self._leaf, self._fact = leaf, leaf.fact
        self._loose = False

    def part(self) -> Part | None:
        """The part of a group that asks for the fact, None where it is left out."""
        try:
            return self._person() if self._fact.domain == "person" else self._recorded()
        except _LeftOut:
            return None

    def _recorded(self) -> Part:
        fact = self._fact
        self._patient()
        if fact.domain not in TABLES:
            self._left("domain", _name(fact), f"no table of OMOP holds what is {_KINDS[fact.domain]}")
        tables = self._sets.of(fact, (self._leaf.criterion, f"{self._leaf.path}.concept"))
        if not tables:
            self._left("concept", _name(fact), "the vocabulary has no standard concept for it")
        for n, modifier in enumerate(fact.modifiers):
            self._without(f"modifiers[{n}]", modifier.text, f"Circe asks for no {modifier.type}")
        if fact.dose is not None:
            self._without("dose", phrase(fact.dose), "Circe asks for no dose")
        count = self._count(len(tables) > 1)
        found = []
        for table, codes in tables:
            try:
                found.append(self._occurrence(table, codes, count))
            except _LeftOut:
                if self._wider:
                    raise
        if self._loose and fact.count is not None and count["Type"] != AT_LEAST:
            self._left("count", phrase(fact.count), "more may be counted than is meant")
        if not found:
            raise _LeftOut
        return found[0] if len(found) == 1 else group("ANY", found)

    def _patient(self) -> None:
        if self._fact.experiencer != "patient":
            self._left("experiencer", f"of the {self._fact.experiencer}", "a cohort asks of the person alone")

    def _left(self, field: str, lost: str, why: str) -> NoReturn:
        """What cannot be asked at all."""
        self._note(f"{self._leaf.path}.{field}", lost, f"{why}: left out")
        raise _LeftOut

    def _without(self, field: str, lost: str, why: str) -> None:
        """What is asked without a part of it, where that errs on the right side; else it is left out."""
        if not self._wider:
            self._left(field, lost, why)
        self._loose = True
        self._note(f"{self._leaf.path}.{field}", lost, f"{why}: asked without it")

    # ------------------------------------------------------------------ persons

    def _person(self) -> Part:
        fact = self._fact
        self._patient()
        gender = GENDERS.get(fact.concept.name or "")
        if fact.time is not None or fact.modifiers or fact.count is not None:
            self._left("time", _name(fact), "Circe asks for age and sex on the index day alone")
        if gender is not None and fact.value is None:
            id_, code = gender
            name = str(fact.concept.name).upper()
            concept = {"CONCEPT_ID": id_, "CONCEPT_NAME": name, "CONCEPT_CODE": code, "DOMAIN_ID": "Gender"}
            concept |= {"VOCABULARY_ID": "Gender", "STANDARD_CONCEPT": "S", "INVALID_REASON": "V"}
            return Part("DemographicCriteriaList", {"Gender": [concept]})
        low, high = ages(fact)
        if low is None and high is None:
            self._left("concept", _name(fact), "Circe asks of a person age in years and sex alone")
        return self._age(low, high)

    def _age(self, low: int | None, high: int | None) -> Part:
        """Age from `low` to below `high` months; Circe takes the year of birth from that of the index day."""
        least = None if low is None else low // 12 if self._wider else -(-low // 12)
        most = None if high is None else (-(-high // 12) if self._wider else high // 12) - 1
        exact = (low or 0) % 12 == (high or 0) % 12 == 0
        if self._day is None or (self._day.month, self._day.day) != (12, 31):
            # who has yet to turn that old this year counts a year older
            exact = False
            if self._wider:
                most = None if most is None else most + 1
            else:
                least = None if least is None else least + 1
        asked = "" if self._fact.value is None else phrase(self._fact.value)
        if (most is not None and most < 0) or (least is not None and most is not None and least > most):
            self._left("value", asked, "no year of birth is certainly in it")
        if not exact:
            told = "whoever may be of that age is taken in" if self._wider else "who surely is of that age is meant"
            self._note(f"{self._leaf.path}.value", asked, f"Circe counts age by the year of birth: {told}")
        return Part("DemographicCriteriaList", {"Age": _range(least, most)})

    # ------------------------------------------------------------------ occurrences

    def _occurrence(self, table: str, codes: int, count: dict[str, Any]) -> Part:
        fact = self._fact
        body: dict[str, Any] = {"CodesetId": codes}
        if fact.value is not None:
            body |= self._value(table, fact.value)
        start, end = self._window(table, fact.time or Window())
        latest = fact.domain == "measurement" and fact.value is not None and fact.count is None and start > -inf
        if latest and len(body) > 1 and not self._loose and self._day is not None and isfinite(end):
            # the days of the calendar, for they spare a database the rest of its measurements
            within = [(self._day + timedelta(days=int(days))).isoformat() for days in (start, end)]
            body["OccurrenceStartDate"] = {"Value": within[0], "Extent": within[1], "Op": "bt"}
            other = {"CodesetId": codes, "OccurrenceStartDate": body["OccurrenceStartDate"]}
            none = _correlated(table, other, 1, inf, {"Type": EXACTLY, "Count": 0})
            body["CorrelatedCriteria"] = group("ALL", [Part("CriteriaList", none)]).body
            latest = False
        if latest and len(body) > 1:
            field = next((f for f in ("ValueAsNumber", *RATIOS.values()) if f in body), None)
            why = "Circe does not know which value is the last"
            asked = phrase(fact.value) if fact.value is not None else ""
            if not self._wider and field is None:
                self._left("value", asked, why)
            told = "any of the window will do" if self._wider else "all of the window have to be so"
            self._note(f"{self._leaf.path}.value", asked, f"{why}: {told}")
            if not self._wider and field is not None:
                return self._all_of_them(table, body, field, (start, end), count)
        return Part("CriteriaList", _correlated(table, body, start, end, count))

    def _count(self, scattered: bool) -> dict[str, Any]:
        """How often; `scattered`: in several tables, each of which Circe counts for itself."""
        count = self._fact.count
        if count is None:
            return {"Type": AT_LEAST, "Count": 1}
        whole = count.operator in _OCCURRENCES and count.unit is None and not scattered
        if whole and isinstance(count.value, int):
            kind = _OCCURRENCES[count.operator]
            return {"Type": kind, "Count": max(count.value, 0), "IsDistinct": True, "CountColumn": "START_DATE"}
        why = "Circe counts days of one table, in whole numbers"
        if count.operator not in (">=", ">", "="):
            self._left("count", phrase(count), why)
        self._without("count", phrase(count), why)
        return {"Type": AT_LEAST, "Count": 1}

    def _window(self, table: str, time: Window) -> tuple[float, float]:
        """From which to which day about the index day."""
        if time.duration:
            self._without("time.duration", phrase(time.duration), "Circe asks for no duration")
        low, high = self._ends(time)
        if low is None or high is None:
            self._left("time", phrase(time), "Circe counts from the index day alone")
        if low[0] != low[1] or high[0] != high[1]:
            self._loose = True
            told = "the longest" if self._wider else "the shortest"
            self._note(f"{self._leaf.path}.time", phrase(time), f"Circe counts in whole days: {told} that it may be")
        start, end = (low[0], high[1]) if self._wider else (low[1], high[0])
        if table in _LASTING and low[0] == low[1] == 0:
            why = "Circe does not know what still holds: "
            told = "any record up to the day will do" if self._wider else "a record of the day is asked for"
            self._note(f"{self._leaf.path}.time", phrase(time), why + told)
            start = -inf if self._wider else start
            self._loose = True
        start, end = (-inf if start < -EVER else start), (inf if end > EVER else end)
        if start > end or start > EVER or end < -EVER:
            self._left("time", phrase(time), "no day is in it")
        return start, end

    def _ends(self, time: Window) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
        def of(bound: Bound | None, without: float, inward: int) -> tuple[float, float] | None:
            if bound is None:
                return without, without
            if bound.anchor.event not in INDEX_EVENTS:
                return None
            low, high = reach(bound.offset, self._day)
            return (low, high) if bound.inclusive else (low + inward, high + inward)

        return of(time.start or None, -inf, 1), of(time.end or None, inf, -1)

    # ------------------------------------------------------------------ values

    def _value(self, table: str, value: Comparison) -> dict[str, Any]:
        """The fields that ask for a value; none where it is asked without."""
        asked = self._asked(table, value)
        if not isinstance(asked, str):
            return asked
        self._without("value", phrase(value), asked)
        return {}

    def _asked(self, table: str, value: Comparison) -> dict[str, Any] | str:
        """The fields that ask for a value, or why there are none."""
        if table not in ("Measurement", "Observation"):
            return f"a {table} of Circe's has no value"
        if isinstance(value.value, str):
            return self._word(table, value)
        limits = _limits(value)
        if isinstance(limits, str):
            return limits
        if value.reference is not None:
            field = RATIOS.get(value.reference)
            if field is None or value.unit is not None:
                return f"Circe knows no {value.reference.replace('_', ' ')} but multiples of ULN and LLN"
            return {field: limits} if table == "Measurement" else f"a {table} of Circe's has no range"
        if value.unit is None:
            return {"ValueAsNumber": limits}
        codes = self._unit(value.unit)
        return codes if isinstance(codes, str) else {"ValueAsNumber": limits, **codes}

    def _unit(self, unit: Unit) -> dict[str, Any] | str:
        if unit.ucum is None:
            return "a unit that is no UCUM has no concept"
        codes = self._sets.unit(unit, (self._leaf.criterion, f"{self._leaf.path}.value.unit"))
        return "the vocabulary has no such unit" if codes is None else {"UnitCS": _selected(codes)}

    def _word(self, table: str, value: Comparison) -> dict[str, Any] | str:
        if value.value == "abnormal" and value.operator == "=" and table == "Measurement":
            return {"Abnormal": True}
        if value.operator != "=" or value.reference is not None or value.value in ("normal", "abnormal", "high", "low"):
            return "Circe asks for a word alone, not for what is above or below it"
        codes = self._sets.result(str(value.value), (self._leaf.criterion, f"{self._leaf.path}.value"))
        return "the vocabulary has no such result" if codes is None else {"ValueAsConceptCS": _selected(codes)}

    # ------------------------------------------------------------------ the last value

    def _all_of_them(
        self, table: str, body: dict[str, Any], field: str, window: tuple[float, float], count: dict[str, Any]
    ) -> Part:
        """That there is a value in the window, and none that is otherwise."""
        asked = body[field]
        contrary = [{"Value": asked["Value"], "Op": _CONTRARY.get(asked["Op"], "lt")}]
        contrary += [{"Value": asked["Extent"], "Op": "gt"}] if asked["Op"] == "bt" else []
        parts = [_correlated(table, body, *window, count)]
        parts += [_correlated(table, body | {field: c}, *window, {"Type": EXACTLY, "Count": 0}) for c in contrary]
        return group("ALL", [Part("CriteriaList", part) for part in parts])


_KINDS = {"study": "about trials", "consent": "about consent", "other": "a matter of judgement"}


def _name(fact: Fact) -> str:
    return " ".join(fact.concept.text.split())


def _selected(codes: int) -> dict[str, Any]:
    return {"CodesetId": codes, "IsExclusion": False}


def _limits(value: Comparison) -> dict[str, Any] | str:
    """A range of Circe's, or why there is none."""
    if value.operator == "between":
        low, high = value.low, value.high
        if not (_exact(low) and _exact(high)) or low > high:  # type: ignore[operator]
            return "Circe compares numbers of no more than four decimals, the lower first"
        if value.low_inclusive is False or value.high_inclusive is False:
            return "Circe takes both ends into a range"
        return {"Value": low, "Extent": high, "Op": "bt"}
    if value.value is UNSET or not _exact(value.value):
        return "Circe compares numbers of no more than four decimals"
    return {"Value": value.value, "Op": OPERATORS[value.operator]}


def _exact(number: object) -> bool:
    return isinstance(number, int | float) and isfinite(number) and abs(number) < 1e15 and round(number, 4) == number


def _range(least: int | None, most: int | None) -> dict[str, Any]:
    if least is None or most is None:
        return {"Value": most, "Op": "lte"} if least is None else {"Value": least, "Op": "gte"}
    return {"Value": least, "Op": "eq"} if least == most else {"Value": least, "Extent": most, "Op": "bt"}


def _correlated(table: str, body: dict[str, Any], start: float, end: float, count: dict[str, Any]) -> dict[str, Any]:
    """An occurrence in a window of days about the event that it is asked of."""
    made: dict[str, Any] = {"Criteria": {table: body}}
    spans = table in _SPANNING and start > -inf
    if start > -inf or end < inf:
        made["StartWindow"] = _days(-inf if spans else start, end, event_end=False)
    if spans:
        made["EndWindow"] = _days(start, inf, event_end=True)
        if end == inf:
            del made["StartWindow"]
    return made | {"Occurrence": count, "RestrictVisit": False, "IgnoreObservationPeriod": True}


def _days(start: float, end: float, *, event_end: bool) -> dict[str, Any]:
    return {"Start": _end(start, -1), "End": _end(end, 1), "UseIndexEnd": False, "UseEventEnd": event_end}


def _end(days: float, side: int) -> dict[str, Any]:
    if not isfinite(days):
        return {"Coeff": -1 if days < 0 else 1}
    return {"Days": abs(int(days)), "Coeff": -1 if days < 0 or (days == 0 and side < 0) else 1}
