"""OMOP CDM 5.4 → patients: the tables of persons, conditions, drugs, procedures, measurements, observations, visits,
devices and deaths, named and coded through CONCEPT.

In: `Tables`: a folder of CSV, a DuckDB file, a PostgreSQL server. Out: one `Patient` for each PERSON. Where a row has
no standard concept, what the source called it stands instead; a table or column that is missing is a note.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from protoparse.cdm import Row, Tables
from protoparse.errors import PatientError
from protoparse.model import Code, Domain, Number
from protoparse.screen.patient import Event, Patient, PatientNote
from protoparse.screen.records import naming
from protoparse.screen.records.charting import Chart, cut
from protoparse.screen.records.results import unit_of

_EQUAL = {0, 4172703}
"""The operators of a measurement that say that the number is the value: none, and "="."""
_PERSON = (
    "person_id", "gender_concept_id", "gender_source_value", "year_of_birth", "month_of_birth", "day_of_birth",
    "birth_datetime",
)  # fmt: skip
_CONCEPT = ("concept_id", "concept_name", "vocabulary_id", "concept_code", "domain_id")
_RESULT = (
    "value_as_number", "value_as_string", "value_as_concept_id", "value_source_value", "operator_concept_id",
    "unit_concept_id", "unit_source_value", "range_low", "range_high",
)  # fmt: skip


class _Shape(NamedTuple):
    """A table of events: its domain, and what its columns are called."""

    table: str
    domain: Domain
    stem: str
    start: str
    end: str | None = None
    narrowing: str | None = None
    result: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        days = [f"{name}{kind}" for name in (self.start, self.end) if name for kind in ("date", "datetime")]
        kinds = ("concept_id", "source_concept_id", "source_value")
        narrowing = [f"{self.narrowing}_{kind}" for kind in ("concept_id", "source_value") if self.narrowing]
        names = [f"{self.table}_id", "person_id", *(f"{self.stem}_{kind}" for kind in kinds), *days, *narrowing]
        return (*names, *self.result)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns whose want is noted."""
        days = [f"{name}date" for name in (self.start, self.end) if name]
        return ("person_id", f"{self.stem}_concept_id", f"{self.stem}_source_value", *days, *self.result)


_SHAPES = (
    _Shape("condition_occurrence", "condition", "condition", "condition_start_", "condition_end_", "condition_status"),
    _Shape("drug_exposure", "drug", "drug", "drug_exposure_start_", "drug_exposure_end_"),
    _Shape("procedure_occurrence", "procedure", "procedure", "procedure_", "procedure_end_", "modifier"),
    _Shape(
        "measurement", "measurement", "measurement", "measurement_",
        result=tuple(column for column in _RESULT if column != "value_as_string"),
    ),
    _Shape(
        "observation", "observation", "observation", "observation_", None, "qualifier",
        result=tuple(c for c in _RESULT if not c.startswith(("operator", "range"))),
    ),
    _Shape("visit_occurrence", "visit", "visit", "visit_start_", "visit_end_"),
    _Shape("device_exposure", "device", "device", "device_exposure_start_", "device_exposure_end_"),
)  # fmt: skip


class _Concept(NamedTuple):
    name: str
    code: Code
    domain: str | None


def patients(tables: Tables, *, complete: tuple[Domain, ...] = ()) -> Iterator[Patient]:
    """Every person, with all that the tables say of them; `complete` are the domains in which that is all there was.

    Raises `PatientError` where PERSON is missing or cannot be read.
    """
    if "person_id" not in tables.columns("person"):
        raise PatientError("OMOP: no PERSON with a column person_id")
    reader = _Reader(tables)
    for rows, batch in tables.persons(_PERSON):
        yield from reader.batch(rows, batch, complete)


class _Reader:
    """Reads batch by batch; concepts once met are kept."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._concepts: dict[int, _Concept | None] = {}
        self._shapes = [s for s in _SHAPES if "person_id" in tables.columns(s.table)]
        self._made = self._day_made()
        self._missing: list[tuple[str, str, tuple[Domain, ...]]] = [
            *(("no-table", f"no table {s.table.upper()}", (s.domain,)) for s in _SHAPES if s not in self._shapes),
            *(
                ("no-column", f"{s.table.upper()} without {column}", ())
                for s in self._shapes
                for column in s.needed
                if column not in tables.columns(s.table)
            ),
        ]
        if "concept_id" not in tables.columns("concept"):
            self._missing.append(("no-table", "no table CONCEPT: names and codes are missing", ()))

    def batch(self, persons: list[Row], batch: object, complete: tuple[Domain, ...]) -> Iterator[Patient]:
        """The patients of a batch."""
        charts: dict[int, Chart] = {}
        for row in persons:
            id_ = _id(row.get("person_id"))
            if id_ in charts:
                charts[id_].note("duplicate", "more than one row in PERSON, the first is read")
            elif id_:
                charts[id_] = _opened(id_, row)
        for row in self._of("death", ("person_id", "death_date", "death_datetime"), batch):
            chart = charts.get(_id(row.get("person_id")))
            if chart is not None:
                died = chart.day(row.get("death_date") or row.get("death_datetime"), "DEATH", "DEATH")
                chart.dead = True
                chart.death = min(filter(None, (chart.death, died)), default=None)
        found = [(shape, list(self._of(shape.table, shape.columns, batch))) for shape in self._shapes]
        self._learn(
            row[column]
            for _, rows in found
            for column in (rows[0] if rows else ())
            if column.endswith("concept_id")
            for row in rows
        )
        strays: Counter[str] = Counter()
        for shape, rows in found:
            seen: set[int] = set()
            for row in rows:
                chart = charts.get(_id(row.get("person_id")))
                id_ = _id(row.get(f"{shape.table}_id"))
                if chart is None:
                    strays[shape.table.upper()] += 1
                elif id_ and id_ in seen:
                    chart.note("duplicate", f"{shape.table.upper()}: more than one row of an id, the first is read")
                else:
                    seen.add(id_)
                    self._enter(chart, shape, row, f"{shape.table.upper()}/{id_ or '?'}")
        told = ", ".join(f"{n} rows of {table}" for table, n in strays.items())
        notes = [PatientNote(code="broken-reference", message=f"about no person of PERSON: {told}")] if told else []
        for chart in charts.values():
            for code, message, lost in self._missing:
                chart.note(code, message, lost=lost)
            yield chart.patient(complete=complete, made=self._made, notes=notes)

    def _of(self, table: str, columns: Iterable[str], batch: object) -> Iterator[Row]:
        """The rows of a table, none where it is missing."""
        known = self._tables.columns(table)
        return self._tables.rows(table, [c for c in columns if c in known], batch) if "person_id" in known else iter(())

    def _day_made(self) -> str | None:
        """The day on which the source let its data go, the last that it can know of."""
        columns = ("source_release_date",)
        if "source_release_date" not in self._tables.columns("cdm_source"):
            return None
        found = []
        for row in self._tables.rows("cdm_source", columns, None):
            try:
                found.append(cut(row.get("source_release_date")))
            except ValueError:
                continue
        return max(filter(None, found), default=None)

    def _learn(self, cells: Iterable[Any]) -> None:
        """Look up the concepts that are met for the first time."""
        ids = set(map(_id, set(cells)))
        unknown = ids - self._concepts.keys() - {0}
        if not unknown or "concept_id" not in self._tables.columns("concept"):
            return
        self._concepts.update(dict.fromkeys(unknown))
        for row in self._tables.chosen("concept", _CONCEPT, "concept_id", unknown):
            name, system, code = row.get("concept_name"), row.get("vocabulary_id"), row.get("concept_code")
            if name and system and code:
                known = _Concept(naming.plain(str(name)), naming.code(str(system), str(code)), row.get("domain_id"))
                self._concepts[_id(row.get("concept_id"))] = known

    def _enter(self, chart: Chart, shape: _Shape, row: Row, source: str) -> None:
        """Put a row into the chart of its person."""
        named = self._named(chart, shape, row, source)
        if named is None:
            return
        name, codes = named
        status = self._word(row, shape.narrowing) if shape.narrowing else None
        if shape.domain == "condition" and naming.doubtful([status]):
            chart.note("unconfirmed", f"{name}: {status}", source, lost=("condition",))
            return
        start = chart.day(row.get(f"{shape.start}date") or row.get(f"{shape.start}datetime"), "start", source)
        end = shape.end and chart.day(row.get(f"{shape.end}date") or row.get(f"{shape.end}datetime"), "end", source)
        if start is None:
            chart.note("undated", f"{shape.table.upper()}: rows without a day", source)
        value, unit, absent = self._value(chart, row, name, source) if shape.result else (None, None, False)
        domain = shape.domain
        if domain == "visit":
            name = naming.visit([codes[0].code if codes else None, name]) or name
        elif domain == "observation" and isinstance(value, int | float) and self._measures(row):
            domain = "measurement"
        low, high = _number(row.get("range_low")), _number(row.get("range_high"))
        if low == high:
            low = high = None  # zeros that stand for no range
        chart.add(
            Event(
                domain=domain,
                name=name,
                codes=codes,
                start=start,
                end=end or None,
                ongoing=False if end else None,
                absent=absent,
                value=value,
                unit=unit,
                low=low,
                high=high,
                status=(status.lower(),) if status else (),
                source=source,
            )
        )

    def _named(self, chart: Chart, shape: _Shape, row: Row, source: str) -> tuple[str, tuple[Code, ...]] | None:
        """What a row is about: the standard concept, else the source's own, else the source's words."""
        id_, source_id = (_id(row.get(f"{shape.stem}_{kind}")) for kind in ("concept_id", "source_concept_id"))
        standard, own = self._concepts.get(id_), self._concepts.get(source_id)
        words = row.get(f"{shape.stem}_source_value")
        name = standard.name if standard else own.name if own else naming.plain(str(words)) if words else None
        if name is None:
            chart.note("no-name", f"{shape.table.upper()}: rows without a name", source, lost=(shape.domain,))
            return None
        if standard is None:
            why = "a concept that CONCEPT has not" if id_ else "no concept"
            chart.note("no-code", f"{shape.table.upper()}: rows with {why}", source)
        codes = [standard.code] if standard else []
        codes += [Code(system="OMOP", code=str(id_))] if id_ else []
        codes += [own.code] if own else []
        return name, tuple(dict.fromkeys(codes))

    def _measures(self, row: Row) -> bool:
        """Whether the vocabulary takes what an observation is about for a measurement."""
        concept = self._concepts.get(_id(row.get("observation_concept_id")))
        return concept is not None and concept.domain == "Measurement"

    def _word(self, row: Row, stem: str) -> str | None:
        """What a concept beside the main one is called."""
        concept = self._concepts.get(_id(row.get(f"{stem}_concept_id")))
        words = row.get(f"{stem}_source_value")
        return concept.name if concept else naming.plain(str(words)) if words else None

    def _value(self, chart: Chart, row: Row, name: str, source: str) -> tuple[Number | str | None, str | None, bool]:
        """The value of a measurement or observation, its unit, and whether it says that it was not so."""
        number = _number(row.get("value_as_number"))
        if number is not None:
            concept = self._concepts.get(_id(row.get("unit_concept_id")))
            ucum = concept.code.code if concept and concept.code.system == "UCUM" else None
            printed = row.get("unit_source_value") or (concept.name if concept else None)
            unit = unit_of(chart, ucum, printed, name, source)
            if _id(row.get("operator_concept_id")) in _EQUAL:
                return number, unit, False
            chart.note("no-value", f"{name}: only known to be above or below a number", source)
            return None, unit, False
        concept = self._concepts.get(_id(row.get("value_as_concept_id")))
        words = row.get("value_as_string") or (concept.name if concept else row.get("value_source_value"))
        if not words:
            return None, None, False
        word = naming.plain(str(words))
        if not any(c.isalpha() for c in word):
            chart.note("no-value", f"{name}: a number that stands in the source alone", source)
            return None, None, False
        said = naming.answer([word])
        return said or word, None, said == "no"


def _opened(id_: int, row: Row) -> Chart:
    """The chart of a person, without events yet."""
    chart = Chart(str(id_))
    chart.sex = naming.sex([_id(row.get("gender_concept_id")), row.get("gender_source_value")])
    year, month, day = (_id(row.get(f"{part}_of_birth")) for part in ("year", "month", "day"))
    known = f"{year:04}" + (f"-{month:02}" + (f"-{day:02}" if day else "") if month else "") if year else None
    chart.birth = chart.day(known or row.get("birth_datetime"), "PERSON: birth", f"PERSON/{id_}")
    return chart


def _id(cell: Any) -> int:
    """A number of a row; 0 for none, and for what is no number."""
    if isinstance(cell, int):
        return cell
    try:
        return int(cell) if isinstance(cell, str) and cell.isdecimal() else int(float(cell)) if cell is not None else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def _number(cell: Any) -> Number | None:
    """A value; None for none, and for what is no finite number."""
    if cell is None or isinstance(cell, bool | date):
        return None
    if isinstance(cell, Decimal) and cell.is_finite():
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    try:
        number = cell if isinstance(cell, int) else float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
