"""What the annotators of the Leaf Clinical Trials corpus marked, as `protoparse.evaluate.calibration` takes it.

In: a brat `.ann` file. Out: `Marks`. An event's trigger, its name, and what it abbreviates or equals are one thing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from protoparse.evaluate.calibration import Amount, Marks, Thing
from protoparse.model import Domain, Span

_DOMAINS: dict[str, Domain] = {
    "Condition": "condition",
    "Drug": "drug",
    "Immunization": "drug",
    "Procedure": "procedure",
    "Observation": "observation",
    "Allergy": "allergy",
    "Study": "study",
    "Encounter": "visit",
    "Age": "person",
    "Life-Stage-And-Gender": "person",
    "Language": "person",
    "Ethnicity": "person",
}
_TIMES = {"second": "s", "minute": "min", "hour": "h", "day": "d", "week": "wk", "month": "mo", "year": "a"}
_OPERATORS = {
    "GTEQ": ">=", "GT": ">", "LTEQ": "<=", "LT": "<", "EQ": "=", "BETWEEN": "between", "PLUS-MINUS": "between",
}  # fmt: skip
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_SPOKEN = {word: float(n) for n, word in enumerate(_WORDS.split())} | {
    "thirty": 30, "sixty": 60, "once": 1, "twice": 2, "a": 1, "an": 1, "half": 0.5,
}  # fmt: skip
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_FIGURES = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+")


def numbers(printed: str) -> list[float]:
    """The numbers printed, in figures or else the first in words."""
    figures = [
        m.replace(",", "") if re.search(r",\d{3}", m) else m.replace(",", ".") for m in _FIGURES.findall(printed)
    ]
    if figures:
        return [float(f) for f in figures]
    said = (_SPOKEN.get(w, _ROMAN.get(w)) for w in re.findall(r"[a-z]+", printed.lower()))
    return [float(n) for n in said if n is not None][:1]


def marks(path: Path) -> Marks:
    """The marks of one `.ann` file."""
    return _File(path.read_text(encoding="utf-8")).marks()


class _File:
    def __init__(self, lines: str) -> None:
        self.entities: dict[str, tuple[str, Span, str]] = {}
        self.events: dict[str, tuple[str, str, list[tuple[str, str]]]] = {}
        self.attributes: dict[str, dict[str, str]] = defaultdict(dict)
        self.relations: list[tuple[str, str, str]] = []
        for line in lines.splitlines():
            columns = line.split("\t")
            match line[:1]:
                case "T":
                    type_, places = columns[1].split(" ", 1)
                    found = [int(n) for n in re.findall(r"\d+", places)]
                    self.entities[columns[0]] = type_, (min(found), max(found)), columns[2] if columns[2:] else ""
                case "E":
                    (type_, trigger), *roles = [part.split(":", 1) for part in columns[1].split()]
                    self.events[columns[0]] = type_, trigger, [(r.rstrip("0123456789"), ref) for r, ref in roles]
                case "A" | "M" if len(parts := line.split()) > 3:
                    self.attributes[parts[2]][parts[1]] = parts[3]
                case "R":
                    relation, one, other = columns[1].split()[:3]
                    self.relations.append((relation, one.split(":")[1], other.split(":")[1]))
        self.owners: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for event, (_, _, roles) in self.events.items():
            for role, reference in roles:
                self.owners[reference].append((event, role))

    def marks(self) -> Marks:
        denied = self._under("Negation", "Negates")
        excepted = self._under("Exception", "Except")
        things = [
            Thing(spans=self._places(e), domain=_DOMAINS[t], denied=e in denied, excepted=e in excepted)
            for e, (t, _, _) in self.events.items()
            if t in _DOMAINS and self._place(e) is not None
        ]
        limits: list[Amount] = []
        times: list[Amount] = []
        others: list[Amount] = []
        for event, (type_, _, _) in self.events.items():
            if type_ != "Eq-Comparison":
                continue
            owners = self.owners[event]
            for owner, role in owners:
                if role == "Numeric-Filter":
                    limits += self._limits(owner, event)
                elif role in ("Temporality", "Duration"):
                    times += self._times(event, self._places(owner))
            if not owners or any(role == "Stage" for _, role in owners):
                others += [Amount(span=s, number=n) for s, n in self._numbers(event)]
            if not owners and any(r in ("During", "Before", "After") and event in (a, b) for r, a, b in self.relations):
                times += self._times(event, ())
        return Marks(things=tuple(things), limits=tuple(limits), times=tuple(times), others=tuple(others))

    def _under(self, type_: str, role: str) -> set[str]:
        """The events that events of a type are about, twins too."""
        return {ref for t, _, roles in self.events.values() if t == type_ for r, ref in roles if r == role}

    def _place(self, reference: str) -> Span | None:
        if reference in self.events:
            reference = self.events[reference][1]
        return self.entities[reference][1] if reference in self.entities else None

    def _arguments(self, event: str, role: str) -> list[str]:
        return [ref for r, ref in self.events[event][2] if r == role] if event in self.events else []

    def _places(self, event: str) -> tuple[Span, ...]:
        names = {event, *self._arguments(event, "Name")}
        twins = [
            b if a in names else a
            for r, a, b in self.relations
            if r in ("Abbrev-Of", "Equivalent-To") and (a in names) != (b in names)
        ]
        places = (self._place(ref) for e in (event, *twins) for ref in (e, *self._arguments(e, "Name")))
        return tuple(dict.fromkeys(p for p in places if p is not None))

    def _numbers(self, event: str) -> Iterator[tuple[Span, float]]:
        for reference in self._arguments(event, "Value"):
            if reference in self.entities:
                _, span, printed = self.entities[reference]
                for number in numbers(printed):
                    yield span, number

    def _times(self, event: str, of: tuple[Span, ...]) -> list[Amount]:
        unit = self._time_unit(event)
        if unit is None:
            return []
        return [Amount(span=s, number=n, time_unit=unit, of=of) for s, n in self._numbers(event)]

    def _time_unit(self, event: str) -> str | None:
        said = (self.attributes[u].get("Eq-Temporal-Unit-Value", "") for u in self._arguments(event, "Temporal-Unit"))
        return next((_TIMES[u] for u in said if u in _TIMES), None)

    def _limits(self, owner: str, event: str) -> list[Amount]:
        found = list(self._numbers(event))
        said = [self.attributes[o].get("Eq-Operator-Value", "") for o in self._arguments(event, "Operator")]
        operators: list[str | None] = [_OPERATORS[o] for o in said if o in _OPERATORS]
        if len(found) == 2 and operators in ([], ["between"]):
            found.sort(key=lambda pair: pair[1])
            operators = [">=~", "<=~"]
        elif len(found) == 1:
            operators = [operators[0] if operators and operators[0] != "between" else "="]
        elif len(found) != 2 or len(operators) != 2 or "between" in operators:
            operators = [None] * len(found)
        age = self.events[owner][0] == "Age"
        return [
            Amount(
                span=span, number=number, operator=operator, unit=self._unit(event), time_unit=self._time_unit(event),
                age=age, of=() if age else self._places(owner),
            )
            for (span, number), operator in zip(found, operators, strict=True)
        ]  # fmt: skip

    def _unit(self, event: str) -> str | None:
        marked = [self.entities[u] for u in self._arguments(event, "Unit") if u in self.entities]
        units = sorted((span, printed) for type_, span, printed in marked if type_ == "Eq-Unit")
        if not units:
            return None
        (first, unit), *more = units
        if len(more) == 1 and 0 <= more[0][0][0] - first[1] <= 1:
            unit += more[0][1]
        per = [self.entities[u][2] for u in self._arguments(event, "Per") if u in self.entities]
        return "/".join([unit.rstrip("/ "), *per]) if per else unit
