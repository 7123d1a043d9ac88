"""Cohort expressions run as SQL, in DuckDB and in a real PostgreSQL: who is in the cohort is who passes in screening.

The criteria stand in `fixtures/cohorts/criteria.txt`. Both are told the same: the day, that a measurement counts for
ten years, and that what a record does not hold has not been, for which SQL has no other word.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import clinic
from cohorts import fill, members, sql
from factories import all_, criterion, document, fact
from protoparse.export.circe import Vocabulary, make
from protoparse.grammar import canonical
from protoparse.model import Criterion, Document, Fact
from protoparse.parsing import parse
from protoparse.screen import Index, Patient, patients
from protoparse.screen.knowing.facts import Known
from protoparse.screen.logic import truth_of
from protoparse.screen.verdicts import Truth
from server import postgresql
from test_export_circe import CRITERIA, HOSTILE

RECENT = 3650
COMPLETE = ("condition", "drug", "procedure", "visit", "observation", "device")
LEAST = 60


def listed() -> list[str]:
    """The criteria of the fixture, a line each."""
    return [line for line in CRITERIA.read_text(encoding="utf-8").splitlines() if line[:1] in ("+", "-")]


def one(line: str) -> Document:
    """A line as a document of one criterion."""
    kind = "inclusion" if line[0] == "+" else "exclusion"
    if line[1] == " ":
        return parse(f"{kind.title()} Criteria:\n* {line[2:]}")
    return document(Criterion(id=f"{kind}.1", kind=kind, span=(0, 0), rule=canonical.read(line[3:])))  # type: ignore[arg-type]


def taken(documents: list[Document], patient: Patient) -> list[bool]:
    """Whether each document surely takes a patient, where of what was never measured nothing is asked."""
    answers = Index(documents).screen(patient, day=clinic.DAY, recent=RECENT).answers
    known = Known(patient, clinic.DAY, recent=RECENT)
    return [
        closed(d, known) if a == "undetermined" else a == "eligible" for d, a in zip(documents, answers, strict=True)
    ]


def closed(asked: Document, known: Known) -> bool:
    """Whether a criterion is passed where what was never measured has not the value."""

    def measured(told: Fact, without: tuple[Fact, ...]) -> Truth:
        found = known.decide(told, without)
        silent = told.domain == "measurement" and found.why in ("no-data", "too-old")
        return False if silent else found.truth

    [one] = asked.criteria
    assert one.rule is not None
    holds = truth_of(one.rule, measured, wanted=one.kind == "inclusion")
    return holds is not None and holds == (one.kind == "inclusion")


def agreed(folder: Path, connections: dict[str, Any]) -> tuple[int, list[str]]:
    """How many criteria were asked of all persons of a folder, and where an engine's cohort is another."""
    vocabulary = Vocabulary.read(folder)
    for dialect, connection in connections.items():
        fill(connection, folder, "?" if dialect == "duckdb" else "%s")
    compared: dict[str, tuple[Document, Any]] = {}
    for line in listed():
        asked = one(line)
        result = make(asked, name="trial", index_date=clinic.DAY, vocabulary=vocabulary, recent=RECENT)
        if any("no standard concept" in loss.why for loss in result.losses):
            continue  # the vocabulary has not what is asked for
        assert result.losses == (), line
        compared[line] = asked, result.payload
    documents = [asked for asked, _ in compared.values()]
    # who has died is observed no more on the day, though the observation periods were drawn out to hold everybody
    people = {p.id: taken(documents, p) for p in patients(folder, complete=COMPLETE) if p.death is None}
    wrong = []
    for n, (line, (_, payload)) in enumerate(compared.items()):
        wanted = {person for person, answers in people.items() if answers[n]}
        for dialect, connection in connections.items():
            found = members(connection, sql(payload, dialect)) & people.keys()
            if found != wanted:
                wrong.append(f"{dialect}: {line}: too many {found - wanted}, too few {wanted - found}")
    return len(compared), wrong


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture
def postgres(server: str) -> Iterator[Any]:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '60s'")
        yield connection
        connection.execute("DROP SCHEMA IF EXISTS cdm CASCADE")


@pytest.mark.slow
def test_a_cohort_has_whom_screening_takes(tmp_path: Path, postgres: Any) -> None:
    folder = clinic.write(tmp_path)
    compared, wrong = agreed(folder, {"duckdb": duckdb.connect(), "postgresql": postgres})
    assert wrong == []
    assert compared == len(listed()) >= LEAST


@pytest.mark.slow
def test_a_cohort_has_whom_screening_takes_of_a_synthetic_extract(postgres: Any) -> None:
    root = os.environ.get("PROTOPARSE_DATA")
    folder = Path(root or "", "patients", "omop-5.4")
    if not root or not folder.is_dir():
        pytest.skip("PROTOPARSE_DATA names no folder with patients/omop-5.4")
    compared, wrong = agreed(folder, {"duckdb": duckdb.connect(), "postgresql": postgres})
    assert wrong == []
    assert compared >= LEAST


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = clinic.write(tmp_path_factory.mktemp("cdm"))
    connection = duckdb.connect()
    fill(connection, folder, "?", widened=False)
    return folder, connection


def cohort(duck: tuple[Path, Any], text: str, **options: Any) -> set[str]:
    folder, connection = duck
    asked = parse(text)
    made = make(asked, name="x", **{"index_date": clinic.DAY, "vocabulary": folder, **options})
    return members(connection, sql(made.payload, "duckdb"))


def test_a_whole_trial_takes_who_passes_all(duck: tuple[Path, Any]) -> None:
    text = "Inclusion Criteria:\n* Women\n* Age 30 years or older\n\nExclusion Criteria:\n* History of anemia"
    [women] = [cohort(duck, "Inclusion Criteria:\n* Women")]
    older = cohort(duck, "Inclusion Criteria:\n* Age 30 years or older")
    no_anemia = cohort(duck, "Exclusion Criteria:\n* History of anemia")
    assert cohort(duck, text) == women & older & no_anemia != set()


def test_concepts_are_asked_for_with_their_descendants(duck: tuple[Path, Any]) -> None:
    rows = duck[1].execute("SELECT person_id, condition_concept_id FROM cdm.condition_occurrence").fetchall()
    anemia, refractory = ({str(p) for p, concept in rows if concept == n} for n in (12, 19))
    assert cohort(duck, "Inclusion Criteria:\n* History of anemia") == anemia | refractory != anemia


def test_without_an_index_day_people_enter_at_the_first_visit_that_meets_all(duck: tuple[Path, Any]) -> None:
    women = cohort(duck, "Inclusion Criteria:\n* Women", index_date=None)
    visits = duck[1].execute("SELECT person_id, min(visit_start_date) FROM cdm.visit_occurrence GROUP BY 1").fetchall()
    entered = duck[1].execute("SELECT subject_id, cohort_start_date FROM cdm.cohort").fetchall()
    assert {str(person) for person, _ in entered} == women
    assert set(entered) <= set(visits)


def test_nobody_is_in_a_cohort_whom_nobody_observes_on_the_day(duck: tuple[Path, Any]) -> None:
    assert cohort(duck, "Inclusion Criteria:\n* Women", index_date="2023-01-01") == set()


@pytest.mark.parametrize("dialect", ["duckdb", "postgresql"])
def test_hostile_names_do_nothing_in_sql(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    connection = duckdb.connect() if dialect == "duckdb" else request.getfixturevalue("postgres")
    fill(connection, clinic.write(tmp_path), "?" if dialect == "duckdb" else "%s")
    whole = document(
        *(
            criterion(
                all_(fact(name), fact("female", "person")), id=f"exclusion.{n}", kind="exclusion", span=(0, len(name))
            )
            for n, name in enumerate(HOSTILE, start=1)
        ),
        criterion(fact("female", "person"), id="inclusion.1", span=(0, 0)),
        text="'; DROP TABLE cdm.person; -- {1}?{@x}" * 100,
    )
    made = make(whole, name=HOSTILE[0], index_date=clinic.DAY)
    mild = make(document(criterion(fact("female", "person"), id="inclusion.1")), name="x", index_date=clinic.DAY)
    statements = sql(made.payload, dialect)
    assert not any(word in s for s in statements for word in ("DROP TABLE cdm", "gout", "{", "@"))
    assert members(connection, statements) == members(connection, sql(mild.payload, dialect)) != set()
    cursor = connection.cursor()
    cursor.execute("SELECT count(*) FROM cdm.person")
    assert cursor.fetchone()[0] == clinic.PERSONS
