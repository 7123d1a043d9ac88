"""Facts as a table: one row a fact, in CSV, for tools that know nothing of the criteria JSON.

In: documents; or a CSV that anybody wrote. Out: a CSV; or the findings of each document. `docs/corpora.md` says what
stands in which column; `document` and `domain` are needed, and `start` and `end` or else `concept`, whose words are
then looked up in the text.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn, cast, get_args

from msgspec import UNSET

from protoparse import lexicon
from protoparse.errors import InputError
from protoparse.evaluate.spans.amounts import TIME_UNITS
from protoparse.evaluate.spans.findings import (
    DOMAINS,
    Connective,
    Example,
    Findings,
    Junction,
    Period,
    Section,
    Thing,
    limits_of,
    of_document,
)
from protoparse.evaluate.spans.places import Places, PrintedNumbers
from protoparse.evaluate.spans.predictions import Prediction
from protoparse.evaluate.spans.tables import read_file
from protoparse.model import Comparison, Concept, Document, Fact, Reference, Span, Unit, facts, walk

COLUMNS = (
    "document", "fact", "criterion", "kind", "start", "end", "domain", "concept", "name", "operator", "value", "low",
    "high", "low_inclusive", "high_inclusive", "unit", "ucum", "reference", "value_start", "value_end", "windows",
    "negated", "excepted", "experiencer", "example_of", "any", "all", "confidence",
)  # fmt: skip
"""The columns of the table, in the order in which they are written; read in any order, and most may be left out."""

_YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": False}
_KINDS = ("inclusion", "exclusion", "unspecified")
_OPERATORS = ("<", "<=", ">", ">=", "=", "!=", "between", "in")
_REFERENCES = ("", *get_args(Reference))
_IMPLIED = "~"
"""Before the number of a group whose joining the outline implies."""

Cells = Mapping[str, str]


# ------------------------------------------------------------------ writing


def facts_csv(documents: Iterable[tuple[str, Document]]) -> str:
    """The facts of documents, each document by its name."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name, document in documents:
        writer.writerows(_rows(name, document))
    return out.getvalue()


def _rows(name: str, document: Document) -> Iterator[dict[str, Any]]:
    findings = of_document(document)
    negated = {thing.fact for thing in findings.negated}
    excepted = {thing.fact for thing in findings.excepted}
    wholes = defaultdict(list)
    for example in findings.examples:
        wholes[example.part.fact].append(str(example.whole.fact))
    groups: dict[str, dict[int | None, list[str]]] = {"or": defaultdict(list), "and": defaultdict(list)}
    for i, junction in enumerate(findings.junctions):
        label = f"{'' if junction.claimed else _IMPLIED}{i}"
        for j, member in enumerate(junction.members):
            for thing in member:
                groups[junction.connective][thing.fact].append(f"{label}.{j}")
    things = {thing.fact: thing for thing in findings.concepts}
    values = {thing.fact: limit.span for limit in findings.limits for thing in limit.subjects}
    windows = defaultdict(list)
    for period in findings.periods:
        for thing in period.targets:
            windows[thing.fact].append(f"{period.number:g} {period.time}@{period.span[0]}:{period.span[1]}")
    number = 0
    for criterion in walk(document.criteria):
        for fact in facts(criterion.rule):
            if number in things:
                yield {
                    "document": name,
                    "fact": number,
                    "criterion": criterion.id,
                    "kind": criterion.kind,
                    "start": things[number].span[0],
                    "end": things[number].span[1],
                    "domain": fact.domain,
                    "concept": fact.concept.text,
                    "name": fact.concept.name or "",
                    **_compared(fact.value),
                    **dict(zip(("value_start", "value_end"), values.get(number, ()), strict=False)),
                    "windows": "|".join(windows[number]),
                    "negated": "yes" if number in negated else "no",
                    "excepted": "yes" if number in excepted else "no",
                    "experiencer": fact.experiencer,
                    "example_of": "|".join(wholes[number]),
                    "any": "|".join(groups["or"][number]),
                    "all": "|".join(groups["and"][number]),
                    "confidence": "" if things[number].confidence is None else things[number].confidence,
                }
            number += 1


def _compared(value: Comparison | None) -> dict[str, Any]:
    if value is None:
        return {}
    cells: dict[str, Any] = {"operator": value.operator, "reference": value.reference or ""}
    if value.operator == "in" and value.values:
        cells["value"] = "|".join(map(str, value.values))
    for name in ("value", "low", "high"):
        if (number := getattr(value, name)) is not UNSET:
            cells[name] = number
    for name in ("low_inclusive", "high_inclusive"):
        if (flag := getattr(value, name)) is not UNSET:
            cells[name] = "yes" if flag else "no"
    if value.unit:
        cells |= {"unit": value.unit.text or "", "ucum": value.unit.ucum or ""}
    return cells


# ------------------------------------------------------------------ reading


class FactTable:
    """The rows of a table of facts, by document."""

    def __init__(self, source: str, rows: Mapping[str, list[tuple[int, Cells]]]) -> None:
        self.source = source
        self._rows = rows

    @property
    def documents(self) -> tuple[str, ...]:
        """The names of the documents that have facts."""
        return tuple(self._rows)

    def prediction(self, name: str, text: str) -> Prediction:
        """The findings of a document, of none where the table has no row for it.

        A row without offsets whose words are not in the text is lost, and counted. Raises `InputError` with file, line
        and cause where a cell cannot be.
        """
        rows = self._rows.get(name, [])
        reader = _Reader(self.source, text)
        for number, cells in rows:
            reader.take(number, cells)
        return Prediction(findings=reader.findings(), told=len(rows), lost=reader.lost)


def read_facts(path: str | Path) -> FactTable:
    """A table of facts; raises `InputError` where the file cannot be read or lacks a column."""
    return parse_facts(read_file(Path(path)), str(path))


def parse_facts(data: str, source: str = "facts") -> FactTable:
    """A table of facts from CSV; `source` names it in messages."""
    reader = csv.DictReader(io.StringIO(data.removeprefix("\ufeff"), newline=""), restval="")
    given = reader.fieldnames or ()
    for column in ("document", "domain"):
        if column not in given:
            raise InputError(f"{source}:1: no column {column!r} in the header")
    if not {"start", "end"} <= set(given) and "concept" not in given:
        raise InputError(f"{source}:1: neither the columns 'start' and 'end' nor 'concept' in the header")
    rows: dict[str, list[tuple[int, Cells]]] = defaultdict(list)
    try:
        for cells in reader:
            if None in cells:
                raise InputError(f"{source}:{reader.line_num}: more cells than columns")
            rows[cells["document"]].append((reader.line_num, cells))
    except csv.Error as error:
        raise InputError(f"{source}:{reader.line_num}: {error}") from None
    return FactTable(source, dict(rows))


class _Reader:
    """The rows of one document, each a fact like those of a criteria document."""

    def __init__(self, source: str, text: str) -> None:
        self.source, self.text, self.lost = source, text, 0
        self._places = Places(text)
        self._numbers = PrintedNumbers(text)
        self._last = 0
        self._line = 0
        self._cells: Cells = {}
        self._things: dict[str, tuple[Thing, Cells]] = {}
        self._facts: list[tuple[Fact, Thing, Span]] = []
        self._periods: list[Period] = []
        self._sections: list[Section] = []
        self._wholes: list[tuple[str, Thing]] = []

    def take(self, line: int, cells: Cells) -> None:
        self._line, self._cells = line, cells
        domain = self._one_of("domain", tuple(sorted(DOMAINS)))
        span = self._span("start", "end") or self._looked_up()
        if span is None:
            self.lost += 1
            return
        confidence = self._number("confidence")
        thing = Thing(
            span=span,
            domain=cast(Any, domain),
            fact=self._whole("fact"),
            confidence=confidence,
        )
        fact = Fact(
            domain=cast(Any, domain),
            concept=Concept(text=self._cell("concept") or self.text[slice(*span)], name=self._cell("name") or None),
            value=self._comparison(span),
        )
        key = self._cell("fact") or f"line {line}"
        if self._things.setdefault(key, (thing, cells))[0] is not thing:
            self._refuse("fact", "a number that no other row of the document has")
        place = fact.value.span if fact.value and fact.value.span else span
        self._facts.append((fact, thing, place))
        self._periods.extend(self._windows(thing))
        if self._cell("kind"):
            kind = self._one_of("kind", _KINDS)
            self._sections.append(Section(span=span, kind=cast(Any, kind), id=self._cell("criterion") or None))
        self._wholes.extend((whole, thing) for whole in lexicon.spellings(self._cell("example_of")))

    def findings(self) -> Findings:
        things = list(self._things.values())
        return Findings(
            limits=tuple(limit for fact, thing, place in self._facts for limit in limits_of(fact, thing, place)),
            periods=tuple(self._periods),
            concepts=tuple(thing for thing, _ in things),
            negated=tuple(thing for thing, cells in things if self._flag(cells, "negated")),
            excepted=tuple(thing for thing, cells in things if self._flag(cells, "excepted")),
            junctions=tuple(self._junctions()),
            examples=tuple(
                Example(whole=self._things[whole][0], part=part)
                for whole, part in self._wholes
                if whole in self._things
            ),
            sections=tuple(sorted(self._sections, key=lambda section: section.span)),
        )

    def _junctions(self) -> Iterator[Junction]:
        for column, connective in (("any", "or"), ("all", "and")):
            groups: dict[str, dict[str, list[Thing]]] = defaultdict(lambda: defaultdict(list))
            for thing, cells in self._things.values():
                for place in lexicon.spellings(cells.get(column) or ""):
                    group, _, member = place.rpartition(".")
                    # "1" alone: every fact is a member of its own
                    groups[group or member][member if group else str(id(thing))].append(thing)
            for group, members in groups.items():
                yield Junction(
                    connective=cast(Connective, connective),
                    members=tuple(map(tuple, members.values())),
                    claimed=not group.startswith(_IMPLIED),
                )

    # ------------------------------------------------------------ cells

    def _looked_up(self) -> Span | None:
        """The next place of a concept's words behind the last one, else the first in the text."""
        words = self._cell("concept")
        span = self._places.find(words, self._last) or self._places.find(words)
        if span is not None:
            self._last = span[0]
        return span

    def _comparison(self, span: Span) -> Comparison | None:
        operator = self._cell("operator")
        if not operator:
            return None
        self._one_of("operator", _OPERATORS)
        held: dict[str, Any] = {}
        if operator == "between":
            for name in ("low", "high"):
                held[name] = self._amount(name)
                if self._cell(f"{name}_inclusive"):
                    held[f"{name}_inclusive"] = self._flag(self._cells, f"{name}_inclusive")
        elif operator == "in":
            held["values"] = tuple(_amount(value) for value in lexicon.spellings(self._cell("value")))
        else:
            held["value"] = self._amount("value")
        printed, ucum = self._cell("unit"), self._cell("ucum")
        unit = Unit(text=printed or None, ucum=ucum or lexicon.unit_code(printed)) if printed or ucum else None
        told = held["values"] if operator == "in" else held.values()
        place = self._span("value_start", "value_end") or self._printed(told, span) or span
        reference = self._one_of("reference", _REFERENCES) or None
        return Comparison(operator=cast(Any, operator), unit=unit, reference=cast(Any, reference), span=place, **held)

    def _printed(self, numbers: Iterable[object], span: Span) -> Span | None:
        """Where numbers without offsets stand: in the line of the concept, behind it rather than before it."""
        end = self.text.find("\n", span[1])
        line = self.text.rfind("\n", 0, span[0]) + 1, end if end >= 0 else len(self.text)
        amounts = [number for number in numbers if isinstance(number, float)]
        places = [place for amount in amounts if (place := self._numbers.near(amount, line, span[1]))]
        return (min(places)[0], max(place[1] for place in places)) if places else None

    def _windows(self, thing: Thing) -> Iterator[Period]:
        for quantity in lexicon.spellings(self._cell("windows")):
            said, _, place = quantity.partition("@")
            number, _, unit = said.strip().partition(" ")
            start, colon, end = place.partition(":")
            try:
                amount = abs(float(number))
                told = (int(start), int(end)) if colon else None
            except ValueError:
                self._refuse("windows", "quantities like '4 wk' or '4 wk@120:129', parted by |")
            span = self._place("windows", *told) if told else self._printed([amount], thing.span) or thing.span
            code = unit if unit in TIME_UNITS else lexicon.unit_code(unit)
            if code:
                yield Period(span=span, number=amount, time=code, targets=(thing,), confidence=thing.confidence)

    def _cell(self, column: str) -> str:
        return (self._cells.get(column) or "").strip()

    def _one_of(self, column: str, allowed: tuple[str, ...]) -> str:
        cell = self._cell(column)
        if cell not in allowed:
            self._refuse(column, ", ".join(filter(None, allowed)))
        return cell

    def _flag(self, cells: Cells, column: str) -> bool:
        cell = (cells.get(column) or "").strip().lower()
        if cell not in _YES:
            self._refuse(column, "yes or no", cell)
        return _YES[cell]

    def _number(self, column: str) -> float | None:
        cell = self._cell(column)
        try:
            number = float(cell) if cell else None
        except ValueError:
            self._refuse(column, "a number")
        return number if number is None or isfinite(number) else self._refuse(column, "a number")

    def _whole(self, column: str) -> int | None:
        number = self._number(column)
        return (
            None if number is None else int(number) if number.is_integer() else self._refuse(column, "a whole number")
        )

    def _amount(self, column: str) -> float | str:
        return _amount(self._cell(column) or self._refuse(column, "a value"))

    def _span(self, start: str, end: str) -> Span | None:
        first, last = self._whole(start), self._whole(end)
        return None if first is None or last is None else self._place(end, first, last)

    def _place(self, column: str, start: int, end: int) -> Span:
        if not 0 <= start < end <= len(self.text):
            self._refuse(column, f"a place in the text of {len(self.text)} characters", f"{start}-{end}")
        return start, end

    def _refuse(self, column: str, wanted: str, cell: str | None = None) -> NoReturn:
        shown = self._cell(column) if cell is None else cell
        raise InputError(f"{self.source}:{self._line}: {column} is {shown!r}, not {wanted}")


def _amount(cell: str) -> float | str:
    try:
        return float(cell.replace(",", "")) if cell else cell
    except ValueError:
        return cell
