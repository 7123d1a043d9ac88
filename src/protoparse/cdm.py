"""The tables of an OMOP CDM, wherever they are: a folder of CSV, a DuckDB file, a PostgreSQL server.

In: a folder, or an open connection (DB-API) to a database that has `information_schema`. Out: rows as mappings from
column to cell, of the columns asked for that are there. Names of tables and columns are met in any case.

A folder is read as a whole; of a database no more than `BATCH` persons are in memory at a time. Nothing is written.
"""

from __future__ import annotations

import csv
import importlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

from protoparse.errors import PatientError

BATCH = 200
"""So many persons of a database are read at a time."""
_AT_ONCE = 10_000
_NULLS = {"", "NULL", r"\N"}
_SUFFIXES = {".csv", ".tsv"}
_SCHEMES = ("postgresql://", "postgres://")
_DUCKDB = b"DUCK"  # from the ninth byte on

Row: TypeAlias = Mapping[str, Any]
OnError: TypeAlias = Callable[[PatientError], None]


class Tables(Protocol):
    """Where the tables are."""

    def columns(self, table: str) -> Collection[str]:
        """The columns of a table, in lower case; none where there is no such table."""

    def persons(self, columns: Sequence[str]) -> Iterator[tuple[list[Row], object]]:
        """The rows of PERSON in batches, each with what `rows` wants to know of the batch."""

    def rows(self, table: str, columns: Sequence[str], batch: object) -> Iterator[Row]:
        """The rows of a table that are about the persons of a batch (of all, where it is None)."""

    def chosen(self, table: str, columns: Sequence[str], key: str, ids: Collection[int]) -> Iterator[Row]:
        """The rows of a table whose key is one of some numbers."""


def is_folder(path: Path) -> bool:
    """Whether a folder holds the tables of an OMOP CDM: it has a PERSON."""
    return path.is_dir() and "person" in _files(path)


def _files(path: Path) -> dict[str, Path]:
    return {p.stem.lower(): p for p in sorted(path.iterdir()) if p.suffix.lower() in _SUFFIXES and p.is_file()}


class Folder:
    """Tables as files, `PERSON.csv` and so on, parted by commas or tabs; `on_error` is told of rows that are broken."""

    def __init__(self, path: Path, on_error: OnError | None = None) -> None:
        self._files = _files(path)
        self._on_error = on_error
        self._headers: dict[str, list[str]] = {}

    def columns(self, table: str) -> Collection[str]:
        """The columns of a table, in lower case."""
        if table not in self._files:
            return ()
        if table not in self._headers:
            self._headers[table] = next(((h) for _, h in self._read(table, header=True)), [])
        return self._headers[table]

    def persons(self, columns: Sequence[str]) -> Iterator[tuple[list[Row], object]]:
        """All persons in one batch."""
        yield list(self.rows("person", columns, None)), None

    def rows(self, table: str, columns: Sequence[str], batch: object) -> Iterator[Row]:
        """All rows of a table."""
        header = list(self.columns(table))
        wanted = [(name, header.index(name)) for name in columns if name in header]
        for line, row in self._read(table):
            if len(row) != len(header):
                self._report(f"{self._files[table]}:{line}: {len(row)} columns where the header has {len(header)}")
                continue
            yield {name: None if (cell := row[place].strip()) in _NULLS else cell for name, place in wanted}

    def chosen(self, table: str, columns: Sequence[str], key: str, ids: Collection[int]) -> Iterator[Row]:
        """The rows of a table whose key is one of some numbers."""
        wanted = {str(id_) for id_ in ids}
        return (row for row in self.rows(table, columns, None) if row.get(key) in wanted)

    def _read(self, table: str, header: bool = False) -> Iterator[tuple[int, list[str]]]:
        """The rows of a file with the numbers of their last lines; the header alone, or all but it."""
        path = self._files[table]
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                first = file.readline()
                tab = "\t" in first
                names = [name.strip().lower() for name in next(csv.reader([first], delimiter="\t" if tab else ","), [])]
                if header:
                    yield 1, names
                    return
                # Tables parted by tabs quote nothing: a quotation mark is an inch, or a part of a name.
                reader = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if tab else csv.reader(file)
                try:
                    for row in reader:
                        if row:
                            yield reader.line_num + 1, row
                except (csv.Error, UnicodeDecodeError) as error:
                    cause = "no UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
                    raise PatientError(f"{path}:{reader.line_num + 2}: {cause}") from None
        except UnicodeDecodeError:
            raise PatientError(f"{path}:1: no UTF-8 text") from None
        except OSError as error:
            raise PatientError(f"{path}: {error.strerror or error}") from None

    def _report(self, message: str) -> None:
        if self._on_error is None:
            raise PatientError(message)
        self._on_error(PatientError(message))


class Database:
    """Tables of a database behind a connection; `schema` where more than one of its schemas has a PERSON.

    `name` stands for the database in messages, `home` is the table whose schema is looked for. Raises `PatientError`
    where it has none, or several.
    """

    def __init__(
        self, connection: Any, *, schema: str | None = None, name: str = "database", home: str = "person"
    ) -> None:
        self._connection = connection
        self._name = name
        self._home = home
        self._tables = self._found(schema)

    def columns(self, table: str) -> Collection[str]:
        """The columns of a table, in lower case."""
        return self._tables[table][1] if table in self._tables else ()

    def persons(self, columns: Sequence[str]) -> Iterator[tuple[list[Row], object]]:
        """The persons in the order of their ids, `BATCH` at a time."""
        after = ""
        key = self._quoted("person", "person_id")
        while True:
            rows = list(self._selected("person", columns, f"{after} ORDER BY {key} LIMIT {BATCH}"))
            if not rows:
                return
            try:
                first, last = int(rows[0]["person_id"]), int(rows[-1]["person_id"])
            except (TypeError, ValueError):
                raise PatientError(f"{self._name}: PERSON: a person_id that is no number") from None
            yield rows, (first, last)
            after = f"WHERE {key} > {last}"

    def rows(self, table: str, columns: Sequence[str], batch: object) -> Iterator[Row]:
        """The rows of a table that are about persons from the first to the last of a batch."""
        if not isinstance(batch, tuple):
            return self._selected(table, columns, "")
        first, last = batch
        person, key = self._quoted(table, "person_id"), f"{table}_id"
        order = f", {self._quoted(table, key)}" if key in self.columns(table) else ""
        return self._selected(
            table, columns, f"WHERE {person} BETWEEN {int(first)} AND {int(last)} ORDER BY {person}{order}"
        )

    def chosen(self, table: str, columns: Sequence[str], key: str, ids: Collection[int]) -> Iterator[Row]:
        """The rows of a table whose key is one of some numbers."""
        numbers = sorted(ids)
        for n in range(0, len(numbers), 1_000):
            some = ", ".join(str(int(id_)) for id_ in numbers[n : n + 1_000])
            yield from self._selected(table, columns, f"WHERE {self._quoted(table, key)} IN ({some})")

    def _found(self, schema: str | None) -> dict[str, tuple[str, dict[str, str]]]:
        """The tables of the schema with a PERSON, or another home: how each is written, and its columns."""
        home, key = self._home, f"{self._home}_id"
        schemas: dict[str, dict[str, tuple[str, dict[str, str]]]] = {}
        for place, table, column in self._run(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
            " WHERE table_catalog = current_database()"
        ):
            written = f"{_quote(place)}.{_quote(table)}"
            tables = schemas.setdefault(place, {})
            tables.setdefault(table.lower(), (written, {}))[1][column.lower()] = column
        having = [s for s, tables in schemas.items() if key in tables.get(home, ("", {}))[1]]
        if schema is not None:
            having = [s for s in having if s.lower() == schema.lower()]
        elif len(having) > 1:
            current = self._current()
            having = [current] if current in having else having
        if len(having) != 1:
            where = f" in schema {schema}" if schema is not None else ""
            several = f"{home.upper()} is in several schemas, name one: {', '.join(sorted(having))}"
            raise PatientError(
                f"{self._name}: " + (several if having else f"no table {home.upper()} with {key}{where}")
            )
        tables = schemas[having[0]]
        vocabularies = [s["concept"] for s in schemas.values() if "concept_id" in s.get("concept", ("", {}))[1]]
        if "concept" not in tables and len(vocabularies) == 1:
            tables["concept"] = vocabularies[0]
        return tables

    def _current(self) -> str:
        """The schema that the connection is in, which a cursor of DuckDB's would not know."""
        try:
            [[name]] = self._connection.execute("SELECT current_schema()").fetchall()
        except Exception as error:
            raise self._failed(error) from error
        return str(name)

    def _quoted(self, table: str, column: str) -> str:
        return _quote(self._tables[table][1][column])

    def _selected(self, table: str, columns: Sequence[str], how: str) -> Iterator[Row]:
        written, known = self._tables[table]
        names = [name for name in columns if name in known]
        query = f"SELECT {', '.join(_quote(known[n]) for n in names)} FROM {written} {how}"
        return (dict(zip(names, row, strict=True)) for row in self._run(query))

    def _run(self, query: str) -> Iterator[Sequence[Any]]:
        """The rows of a query; whatever a driver raises is a `PatientError` with the first line of its cause."""
        try:
            cursor = self._connection.cursor()
            cursor.execute(query)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield from rows
            cursor.close()
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> PatientError:
        return PatientError(f"{self._name}: {_line(error)}")


# ------------------------------------------------------------------ connecting


def is_database(path_or_url: str) -> bool:
    """Whether something is the URL of a server, or a file of DuckDB's; raises `OSError` where it cannot be read."""
    if path_or_url.startswith(_SCHEMES):
        return True
    try:
        if Path(path_or_url).is_dir():
            return False
        with Path(path_or_url).open("rb") as file:
            return file.read(12)[8:] == _DUCKDB
    except ValueError as error:  # a NUL in the name
        raise PatientError(f"{path_or_url!r}: {error}") from None


@contextmanager
def connected(path_or_url: str) -> Iterator[Any]:
    """A connection to a file of DuckDB's or a PostgreSQL server, for reading alone; raises `PatientError`."""
    if path_or_url.startswith(_SCHEMES):
        driver = _driver("psycopg")
        try:
            connection = driver.connect(path_or_url)
            connection.read_only = True
            connection.isolation_level = driver.IsolationLevel.REPEATABLE_READ
        except driver.Error as error:
            raise PatientError(f"{shown(path_or_url)}: {_line(error)}") from None
    else:
        driver = _driver("duckdb")
        try:
            connection = driver.connect(path_or_url, read_only=True)
        except driver.Error as error:
            raise PatientError(f"{path_or_url}: {_line(error)}") from None
    with closing(connection):
        yield connection


def shown(path_or_url: str) -> str:
    """A path as it stands, the URL of a server without what is secret in it."""
    if not path_or_url.startswith(_SCHEMES):
        return path_or_url
    try:
        parts = urlsplit(path_or_url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "postgresql"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def _driver(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise PatientError(f"OMOP in a database needs {name}: pip install 'protoparse[omop]'") from None


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
