"""A fact as a CQL expression over a patient's FHIR records.

In: a `Fact` and where it stands. Out: an expression that is true, false or null. What CQL cannot say of it is unknown:
the fact then says "this much, and something that nobody knows", which is false where this much is, and never true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from protoparse.export.cql.library import RECORD, Library
from protoparse.export.cql.writing import UNKNOWN, amount, aside, number, quantity, signed
from protoparse.lexicon import rows, spellings
from protoparse.model import Bound, Comparison, Fact, Number, Offset, Window
from protoparse.render import phrase

Lose = Callable[[str, str, str], None]
"""Takes the path of a loss, what is lost, and why."""


class _Resource(NamedTuple):
    """Where FHIR keeps what a domain is about; whether it lasts, or happens."""

    name: str
    lasts: bool


_RESOURCES = {
    "condition": _Resource("Condition", True),
    "drug": _Resource("MedicationStatement", True),
    "procedure": _Resource("Procedure", False),
    "measurement": _Resource("Observation", False),
    "observation": _Resource("Observation", False),
    "allergy": _Resource("AllergyIntolerance", True),
    "device": _Resource("Device", True),
    "visit": _Resource("Encounter", False),
}
_AGES = {"a": "Years", "mo": "Months", "wk": "Weeks", "d": "Days"}
_LIMITS = {"ULN": "Times Upper Limit", "LLN": "Times Lower Limit"}
_RESULTS = {
    "positive": "POS", "negative": "NEG", "normal": "N", "abnormal": "A", "high": "H", "low": "L", "detected": "DET",
    "undetected": "ND", "reactive": "RR", "non-reactive": "NR",
}  # fmt: skip
"""HL7's codes for how a result is read."""

NO_RECORD = "FHIR has no record that says it of a patient"
NO_CODE = "it has no code: fill in its value set"
NO_VALUE = "a value that CQL and FHIR cannot compare"
NO_WINDOW = "a window that CQL cannot compute"
NO_DOSE = "a dose is written too freely in FHIR to compare"
NO_MODIFIER = "FHIR has no one place for what narrows it"


class Facts:
    """Writes facts; what they refer to is declared in the library, what is lost is told to `lose`."""

    def __init__(self, library: Library, lose: Lose) -> None:
        self.library, self.lose = library, lose

    def expression(self, fact: Fact, path: str) -> str:
        """A fact as an expression that may stand anywhere; examples are not in it."""
        if fact.domain == "person":
            made = self._person(fact, path)
        elif fact.experiencer == "family" and fact.domain == "condition":
            made = self._family(fact, path)
        elif fact.experiencer != "patient" or fact.domain not in _RESOURCES:
            made = None
        else:
            return self._recorded(fact, path)
        if made is None:
            return self._unknown(path, _named(fact), NO_RECORD)
        rest = [*self._rest(fact, path)]
        if fact.time is not None and not (fact.domain == "person" and _is_now(fact.time)):
            rest.append(self._unknown(f"{path}.time", phrase(fact.time), NO_WINDOW))
        return _both([made, *rest])

    def _unknown(self, path: str, lost: str, why: str) -> str:
        self.lose(path, lost, why)
        return f"{UNKNOWN} {aside(lost)}"

    def _rest(self, fact: Fact, path: str) -> Iterator[str]:
        """What no resource tells of a fact."""
        if fact.dose is not None:
            yield self._unknown(f"{path}.dose", phrase(fact.dose), NO_DOSE)
        for n, modifier in enumerate(fact.modifiers):
            yield self._unknown(f"{path}.modifiers[{n}]", phrase(modifier), NO_MODIFIER)

    # -------------------------------------------------------------- people

    def _person(self, fact: Fact, path: str) -> str | None:
        """Age and sex, which are the patient's own."""
        name = (fact.concept.name or fact.concept.text).lower()
        if fact.experiencer != "patient" or fact.count is not None:
            return None
        if fact.value is None:
            sex = next(
                (row["sex"] for row in rows("sexes") if _is_whole(row) and name in spellings(row["names"])), None
            )
            return None if sex is None else "true" if sex == "any" else f"Patient.gender = '{sex}'"
        if name != "age" or fact.value.reference is not None:
            return None
        ucum = fact.value.unit.ucum if fact.value.unit else "a"
        made = self._age(fact.value, ucum)
        return made or self._unknown(f"{path}.value", phrase(fact.value), NO_VALUE)

    def _age(self, said: Comparison, ucum: str | None) -> str | None:
        if ucum == "a" and any(isinstance(x, float) and x % 1 for x in _numbers(said)):
            # half years are asked for in months
            said, ucum = _in_months(said), "mo"
        if ucum not in _AGES:
            return None
        return _compared(f"AgeIn{_AGES[ucum]}()", said, lambda x: number(x) if x >= 0 else None)

    def _family(self, fact: Fact, path: str) -> str | None:
        if fact.value is not None or fact.count is not None:
            return None
        terms, sign = self._terms(fact, path)
        return (
            f"exists ([FamilyMemberHistory] {RECORD} where exists ({RECORD}.condition N where N.code {sign} {terms}))"
        )

    # -------------------------------------------------------------- records

    def _terms(self, fact: Fact, path: str) -> tuple[str, str]:
        """The codes of a fact's concept, and the sign that compares a code with them."""
        terms, known = self.library.terms(fact.concept)
        if not known:
            self.lose(f"{path}.concept", _named(fact), NO_CODE)
        return terms, "~" if known else "in"

    def _recorded(self, fact: Fact, path: str) -> str:
        resource = _RESOURCES[fact.domain]
        terms, _ = self._terms(fact, path)
        events: dict[str, None] = {}
        conditions = []
        rest = [*self._rest(fact, path)]
        if fact.time is not None:
            made = None if resource.name == "Device" else self._window(fact.time, resource, events)
            if made is None:
                rest.append(self._unknown(f"{path}.time", phrase(fact.time), NO_WINDOW))
            elif made:
                conditions.append(made)
        records = f"[{resource.name}: {terms}]"
        if conditions:
            records = f"({records} {RECORD} where {_both(conditions)})"
        held = self._held(fact, path, resource, records)
        whole = _both([*held, *rest])
        if events:
            # where an event's day is not given, nothing is known of what is counted from it
            unknown = " or ".join(f"{event} is null" for event in events)
            whole = f"(if {unknown} then null else {whole})"
        return whole

    def _held(self, fact: Fact, path: str, resource: _Resource, records: str) -> Iterator[str]:
        """What must hold of the records: a count of them, a value of the latest, or that there are any."""
        if fact.count is not None:
            made = _compared(f"Count({records})", fact.count, lambda x: number(x) if x >= 0 else None)
            yield made or self._unknown(f"{path}.count", phrase(fact.count), NO_VALUE)
        if fact.value is not None:
            made = self._value(fact.value, resource, records)
            if made is not None:
                yield made
                return
            yield self._unknown(f"{path}.value", phrase(fact.value), NO_VALUE)
        if fact.count is None:
            yield f"exists {records}"

    def _value(self, said: Comparison, resource: _Resource, records: str) -> str | None:
        if resource.name != "Observation":
            # "HIV positive" is the disease
            if said.operator == "=" and said.value in ("positive", "negative") and said.reference is None:
                return f"exists {records}" if said.value == "positive" else f"(not exists {records})"
            return None
        latest = self.library.call("Latest", records)
        words = said.values if said.operator == "in" else (said.value,)
        if said.reference is None and said.unit is None and isinstance(words, tuple):
            codes = [_RESULTS.get(word) if isinstance(word, str) else None for word in words]
            if all(codes) and codes and said.operator in ("=", "!=", "in"):
                each = [
                    self.library.call("Says", latest, f"'{word}'", f"'{code}'")
                    for word, code in zip(words, codes, strict=True)
                ]
                made = each[0] if len(each) == 1 else f"({' or '.join(each)})"
                return f"(not {made})" if said.operator == "!=" else made
        if said.reference is not None:
            if said.reference not in _LIMITS or (said.unit is not None and said.unit.ucum is not None):
                return None
            return _compared(self.library.call(_LIMITS[said.reference], latest), said, signed)
        if said.unit is None:
            return _compared(self.library.call("Number", latest), said, signed)
        if (ucum := said.unit.ucum) is None:
            return None
        return _compared(self.library.call("Quantity", latest), said, lambda x: quantity(x, ucum))

    # -------------------------------------------------------------- time

    def _window(self, window: Window, resource: _Resource, events: dict[str, None]) -> str | None:
        """A window as a condition on a record; empty where it bounds nothing, None where CQL cannot say it."""
        if isinstance(window.any_of, tuple):
            made = [self._window(one, resource, events) for one in window.any_of]
            if None in made:
                return None
            return f"({' or '.join(one or 'true' for one in made)})"
        period = self.library.call("When", RECORD)
        start, end = window.start or None, window.end or None
        parts = []
        moments = [None if bound is None else self._moment(bound, events) for bound in (start, end)]
        if (start and moments[0] is None) or (end and moments[1] is None):
            return None
        first, last = moments
        if start and end:
            opening, closing = "(["[start.inclusive], ")]"[end.inclusive]
            if first == last:
                parts.append(
                    f"{first} during day of {period}" if resource.lasts else f"start of {period} same day as {first}"
                )
            elif resource.lasts:
                parts.append(f"{period} overlaps day of Interval{opening}{first}, {last}{closing}")
            else:
                parts.append(f"start of {period} during day of Interval{opening}{first}, {last}{closing}")
        elif end:
            parts.append(f"start of {period} {'on or ' if end.inclusive else ''}before day of {last}")
        elif start:
            side = "end" if resource.lasts else "start"
            parts.append(f"{side} of {period} {'on or ' if start.inclusive else ''}after day of {first}")
        if isinstance(window.duration, Comparison):
            made_of = self._duration(window.duration, period)
            if made_of is None:
                return None
            parts.append(made_of)
        return _both(parts) if parts else ""

    def _duration(self, said: Comparison, period: str) -> str | None:
        words = {
            "a": "years",
            "mo": "months",
            "wk": "weeks",
            "d": "days",
            "h": "hours",
            "min": "minutes",
            "s": "seconds",
        }
        word = words.get(said.unit.ucum or "") if said.unit else None
        if word is None or said.reference is not None or any(x % 1 for x in _numbers(said)):
            return None
        lasting = f"duration in {word} of {self.library.call('So Far', period)}"
        return _compared(f"({lasting})", said, lambda x: number(x) if x >= 0 else None)

    def _moment(self, bound: Bound, events: dict[str, None]) -> str | None:
        """A bound of a window as a moment."""
        event = bound.anchor.event
        if event == "birth":
            moment = "ToDateTime(FHIRHelpers.ToDate(Patient.birthDate))"
        else:
            moment = self.library.parameter("screening" if event == "unspecified" else event, bound.anchor.text)
            events[moment] = None
        return moment if bound.offset is None else _shifted(moment, bound.offset)


def _shifted(moment: str, offset: Offset) -> str | None:
    """A moment moved by an offset; by the longest of several it is moved furthest."""
    if not isinstance(offset.value, UnsetType):
        size = amount(offset.value, offset.unit.ucum if offset.unit else None)
        return None if size is None else f"({moment} {'-' if offset.value < 0 else '+'} {size})"
    several = offset.longest_of if isinstance(offset.longest_of, tuple) else offset.shortest_of
    if not isinstance(several, tuple) or not several:
        return None
    made = [_shifted(moment, one) for one in several]
    signs = {sign for one in several for sign in _signs(one)}
    if None in made or len(signs) != 1:
        return None
    furthest = "Min" if signs == {True} else "Max"
    nearest = "Max" if signs == {True} else "Min"
    chosen = furthest if isinstance(offset.longest_of, tuple) else nearest
    return f"{chosen}({{ {', '.join(one for one in made if one)} }})"


def _signs(offset: Offset) -> Iterator[bool]:
    """Whether each number of an offset lies before its anchor."""
    if not isinstance(offset.value, UnsetType):
        yield offset.value < 0
    for several in (offset.longest_of, offset.shortest_of):
        for one in several if isinstance(several, tuple) else ():
            yield from _signs(one)


def _compared(left: str, said: Comparison, literal: Callable[[Number], str | None]) -> str | None:
    """A comparison of what `left` is; None where a number has no literal, or it is with words."""
    operands = [
        literal(x) if isinstance(x, int | float) else None
        for x in (said.values if isinstance(said.values, tuple) else (said.value, said.low, said.high))
        if x is not UNSET
    ]
    if not operands or None in operands:
        return None
    match said.operator:
        case "between":
            opening = "(" if said.low_inclusive is False else "["
            closing = ")" if said.high_inclusive is False else "]"
            return f"{left} in Interval{opening}{operands[0]}, {operands[1]}{closing}"
        case "in":
            return f"{left} in {{ {', '.join(x for x in operands if x)} }}"
        case operator:
            return f"{left} {operator} {operands[0]}"


def _numbers(said: Comparison) -> list[Number]:
    several = said.values if isinstance(said.values, tuple) else (said.value, said.low, said.high)
    return [x for x in several if isinstance(x, int | float)]


def _in_months(said: Comparison) -> Comparison:
    from msgspec.structs import replace

    fields = {name: getattr(said, name) for name in ("value", "low", "high")}
    scaled = {name: x * 12 for name, x in fields.items() if isinstance(x, int | float)}
    return replace(said, **scaled)


def _is_whole(row: object) -> bool:
    return row["said"] == "whole"  # type: ignore[index,no-any-return]


def _is_now(window: Window) -> bool:
    """Whether a window is the day on which the library is run."""
    bounds = (window.start, window.end)
    return not isinstance(window.duration, Comparison) and all(
        isinstance(b, Bound) and b.offset is None and b.anchor.event in ("screening", "unspecified") for b in bounds
    )


def _named(fact: Fact) -> str:
    return f"{fact.domain} {fact.concept.text}"


def _both(parts: Sequence[str]) -> str:
    """Where all of some expressions are true, as one that may stand anywhere."""
    return (
        parts[0]
        if len(parts) == 1 and parts[0].startswith(("(", "exists (", "exists ["))
        else f"({' and '.join(parts)})"
    )
