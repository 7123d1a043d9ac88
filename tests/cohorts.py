"""Cohort expressions run: OMOP's tables in DuckDB and PostgreSQL, SQL by OHDSI's circepy, and who is in the cohort.

The tables come from a folder of CSV. What Circe's SQL refers to and the folder lacks is added, empty.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from circe.api import build_cohort_query, cohort_expression_from_json
from circe.cohortdefinition import BuildExpressionQueryOptions
from circe.sqlrender import render, split_sql, translate

_OCCURRED = "visit_occurrence_id"
_COLUMNS = {
    "person": "person_id gender_concept_id year_of_birth month_of_birth day_of_birth birth_datetime race_concept_id"
    " ethnicity_concept_id gender_source_value",
    "observation_period": "observation_period_id person_id observation_period_start_date observation_period_end_date"
    " period_type_concept_id",
    "condition_occurrence": f"condition_occurrence_id person_id condition_concept_id condition_start_date"
    f" condition_end_date condition_source_concept_id condition_source_value condition_status_concept_id {_OCCURRED}",
    "drug_exposure": f"drug_exposure_id person_id drug_concept_id drug_exposure_start_date drug_exposure_end_date"
    f" days_supply quantity refills drug_source_concept_id drug_source_value {_OCCURRED}",
    "procedure_occurrence": f"procedure_occurrence_id person_id procedure_concept_id procedure_date procedure_end_date"
    f" quantity procedure_source_concept_id procedure_source_value modifier_concept_id {_OCCURRED}",
    "measurement": f"measurement_id person_id measurement_concept_id measurement_date operator_concept_id"
    f" value_as_number value_as_concept_id unit_concept_id range_low range_high measurement_source_concept_id"
    f" measurement_source_value value_source_value unit_source_value {_OCCURRED}",
    "observation": f"observation_id person_id observation_concept_id observation_date value_as_number value_as_string"
    f" value_as_concept_id unit_concept_id qualifier_concept_id observation_source_concept_id"
    f" observation_source_value unit_source_value {_OCCURRED}",
    "visit_occurrence": "visit_occurrence_id person_id visit_concept_id visit_start_date visit_end_date"
    " visit_source_concept_id visit_source_value",
    "device_exposure": f"device_exposure_id person_id device_concept_id device_exposure_start_date"
    f" device_exposure_end_date quantity device_source_concept_id device_source_value {_OCCURRED}",
    "concept": "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept concept_code"
    " invalid_reason",
    "concept_ancestor": "ancestor_concept_id descendant_concept_id",
    "concept_relationship": "concept_id_1 concept_id_2 relationship_id invalid_reason",
    "concept_synonym": "concept_id concept_synonym_name",
    "cohort": "cohort_definition_id subject_id cohort_start_date cohort_end_date",
}
_TEXT = {"domain_id", "vocabulary_id", "concept_class_id", "relationship_id"}


def type_of(column: str) -> str:
    """The SQL type of a column of OMOP's, by its name."""
    if column.endswith("_date"):
        return "DATE"
    if column in ("value_as_number", "range_low", "range_high", "quantity"):
        return "NUMERIC(20, 6)"
    numbers = column.endswith(("_id", "_id_1", "_id_2")) and column not in _TEXT
    return "BIGINT" if numbers or column.endswith("_of_birth") or column in ("days_supply", "refills") else "TEXT"


def fill(connection: Any, folder: Path, mark: str, *, widened: bool = True) -> None:
    """The tables of a folder in a schema `cdm`; `widened`: with observation periods that no day is out of.

    They are indexed as OHDSI's own definition of the tables has them. PostgreSQL plans badly for tables that it knows
    nothing of: hours where it takes milliseconds.
    """
    cursor = connection.cursor()
    cursor.execute("CREATE SCHEMA cdm")
    files = {path.stem.lower(): path for path in folder.glob("*.csv")}
    for table, wanted in _COLUMNS.items():
        columns = wanted.split()
        cursor.execute(f"CREATE TABLE cdm.{table} ({', '.join(f'{c} {type_of(c)}' for c in columns)})")
        if table not in files:
            continue
        with files[table].open(newline="", encoding="utf-8") as file:
            rows = [[_cell(row.get(c), type_of(c)) for c in columns] for row in csv.DictReader(file)]
        if rows:
            _insert(cursor, table, columns, rows, mark)
    if widened:
        cursor.execute("UPDATE cdm.observation_period SET observation_period_start_date = DATE '1900-01-01'")
        cursor.execute("UPDATE cdm.observation_period SET observation_period_end_date = DATE '2099-12-31'")
    for table, wanted in _COLUMNS.items():
        stem = table.removesuffix("_occurrence").removesuffix("_exposure")
        for column in {"person_id", f"{stem}_concept_id"} & set(wanted.split()):
            cursor.execute(f"CREATE INDEX {table}_{column} ON cdm.{table} ({column})")
    cursor.execute("ANALYZE")


def _insert(cursor: Any, table: str, columns: list[str], rows: list[list[Any]], mark: str) -> None:
    """Many rows in each statement: a row a statement takes DuckDB a hundred times as long."""
    one = f"({', '.join([mark] * len(columns))})"
    for n in range(0, len(rows), 500):
        some = rows[n : n + 500]
        cursor.execute(
            f"INSERT INTO cdm.{table} VALUES {', '.join([one] * len(some))}", [c for row in some for c in row]
        )


def _cell(cell: str | None, kind: str) -> Any:
    if cell is None or cell.strip() in ("", "NULL"):
        return None
    if kind == "BIGINT":
        return int(float(cell))
    return float(cell) if kind.startswith("NUMERIC") else date.fromisoformat(cell[:10]) if kind == "DATE" else cell


def sql(expression: dict[str, Any], dialect: str) -> list[str]:
    """The statements that fill `cdm.cohort` with the members of cohort 1."""
    options = BuildExpressionQueryOptions()
    options.cdm_schema = options.vocabulary_schema = options.result_schema = "cdm"
    options.target_table, options.cohort_id = "cdm.cohort", 1
    built = render(build_cohort_query(cohort_expression_from_json(json.dumps(expression)), options))
    return [s for part in split_sql(built) if part.strip() for s in split_sql(_translated(part, dialect)) if s.strip()]


@lru_cache(1_000)
def _translated(statement: str, dialect: str) -> str:
    """A statement in a dialect. A whole script takes circepy ten times as long, and most of it is always the same."""
    return str(translate(f"{statement};", target_dialect=dialect))


def members(connection: Any, statements: Iterable[str]) -> set[str]:
    """Who is in the cohort, by the numbers of persons."""
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.execute("SELECT DISTINCT subject_id FROM cdm.cohort WHERE cohort_definition_id = 1")
    return {str(row[0]) for row in cursor.fetchall()}
