"""Patients from wherever they are: any file, folder or database → `Patient`s, one after the other.

In: the path of patients in our own JSON (one, a list, or one a line), of FHIR (a bundle, a resource, a list or one of
either a line), of a folder of such files, of a folder with the tables of OMOP, of a DuckDB file, or the URL of a
PostgreSQL server with OMOP. Out: `Patient`s. What a file is, is told by what is in it, never by its name.

A bundle is a record of its own. Resources that stand alone, in lines or in files of a folder, belong together, as in a
bulk export, and are held in memory; everything else is read as it is asked for.

>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     _ = Path(folder, "a.json").write_text('{"format": "protoparse.patient/1", "id": "p1", "birth": "1961"}')
...     [patient] = patients(folder)
>>> patient.birth
'1961'
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from protoparse.errors import PatientError
from protoparse.model import Domain
from protoparse.screen.patient import FORMAT, Patient, PatientNote, load_patient
from protoparse.screen.records import omop
from protoparse.screen.records.charting import checked_domains
from protoparse.screen.records.fhir import Resources
from protoparse.screen.records.tables import Database, Folder, OnError, is_folder

SUFFIXES = {".json", ".ndjson", ".jsonl"}
"""The files of a folder that are read."""
_SCHEMES = ("postgresql://", "postgres://")
_DUCKDB = b"DUCK"  # from the ninth byte on
_BOM = b"\xef\xbb\xbf"


class _Kind(msgspec.Struct):
    format: str | None = None
    resource_type: str | None = msgspec.field(default=None, name="resourceType")


def patients(
    path_or_url: str | os.PathLike[str],
    *,
    complete: Iterable[Domain] = (),
    schema: str | None = None,
    on_error: OnError | None = None,
) -> Iterator[Patient]:
    """The patients of a file, a folder or a database.

    `complete`: the domains in which what a record does not say has not been; a domain in which a record has lost
    something is none for that patient. `schema`: where a database has several with OMOP's tables. What cannot be read
    raises `PatientError` (file, place, cause); with `on_error` it is handed to that instead, and reading goes on with
    the next file, line or row. Raises `ValueError` for a domain that is none.
    """
    domains = checked_domains(complete)
    return _once(_read(os.fspath(path_or_url), domains, schema, on_error))


def from_connection(
    connection: Any, *, complete: Iterable[Domain] = (), schema: str | None = None
) -> Iterator[Patient]:
    """The patients of an OMOP database behind an open connection (DuckDB's, psycopg's); nothing is written to it."""
    return omop.patients(Database(connection, schema=schema), complete=checked_domains(complete))


def from_json(records: Iterable[bytes], *, complete: Iterable[Domain] = ()) -> Iterator[Patient]:
    """The patients of JSON texts, each what a file could hold; resources that stand alone are one record together.

    Raises `PatientError`, with the number of the text, where one cannot be read.
    """
    return _once(_texts(records, checked_domains(complete)))


def _texts(records: Iterable[bytes], complete: tuple[Domain, ...]) -> Iterator[Patient]:
    loose = Resources()
    for number, data in enumerate(records):
        yield from _one(data, f"patients[{number}]", complete, loose)
    yield from _loose(loose, "patients", complete)


def _read(name: str, complete: tuple[Domain, ...], schema: str | None, on_error: OnError | None) -> Iterator[Patient]:
    try:
        if name.startswith(_SCHEMES):
            yield from _postgresql(name, complete, schema)
            return
        path = Path(name)
        if is_folder(path):
            yield from omop.patients(Folder(path, on_error), complete=complete)
        elif path.is_dir():
            yield from _folder(path, complete, on_error)
        elif _begins(path, 12)[8:] == _DUCKDB:
            yield from _duckdb(name, complete, schema)
        else:
            loose = Resources()
            yield from _file(path, complete, loose, on_error)
            yield from _loose(loose, name, complete)
    except PatientError as error:
        _report(error, on_error)
    except OSError as error:
        _report(PatientError(f"{name}: {error.strerror or error}"), on_error)


def _folder(path: Path, complete: tuple[Domain, ...], on_error: OnError | None) -> Iterator[Patient]:
    """The files of a folder; resources that stand in lines of their own belong together, as in a bulk export."""
    names = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    if not names:
        raise PatientError(f"{path}: no patients in it: neither PERSON.csv nor {', '.join(sorted(SUFFIXES))}")
    loose = Resources()
    for name in names:
        try:
            yield from _file(name, complete, loose, on_error)
        except PatientError as error:
            _report(error, on_error)
        except OSError as error:
            _report(PatientError(f"{name}: {error.strerror or error}"), on_error)
    yield from _loose(loose, str(path), complete)


def _loose(loose: Resources, name: str, complete: tuple[Domain, ...]) -> Iterator[Patient]:
    if loose:
        try:
            yield from loose.patients(complete=complete)
        except PatientError as error:
            raise PatientError(f"{name}: {error}") from None


def _file(path: Path, complete: tuple[Domain, ...], loose: Resources, on_error: OnError | None) -> Iterator[Patient]:
    """The patients of a file that are whole; resources that stand alone are put with the others that do."""
    with path.open("rb") as file:
        lines = chain([file.readline().removeprefix(_BOM)], file)
        numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
        opening = list(islice(numbered, 2))
        if not opening:
            raise PatientError(f"{path}: the file is empty")
        if not any(_is_json(line) for _, line in opening) or not opening[-1][1].lstrip().startswith(b"{"):
            yield from _one(b"".join(line for _, line in chain(opening, numbered)), str(path), complete, loose)
            return
        for number, line in chain(opening, numbered):
            try:
                name = f"{path}:{number}" if len(opening) > 1 else str(path)
                yield from _one(line, name, complete, loose)
            except PatientError as error:
                _report(error, on_error)


def _is_json(line: bytes) -> bool:
    """Whether a line is a JSON text by itself, so that the next may be another."""
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def _one(data: bytes, name: str, complete: tuple[Domain, ...], loose: Resources) -> Iterator[Patient]:
    """The patients of one JSON text."""
    try:
        if data.lstrip()[:1] == b"[":
            for raw in msgspec.json.decode(data, type=list[msgspec.Raw]):
                yield from _one(bytes(raw), name, complete, loose)
            return
        kind = msgspec.json.decode(data, type=_Kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise PatientError(f"{name}: {error}") from None
    try:
        if kind.resource_type == "Bundle":
            yield from Resources().take(data).patients(complete=complete)
        elif kind.resource_type is not None:
            loose.take(data)
        elif kind.format is None:
            raise PatientError(f"neither a patient ({FORMAT}) nor FHIR")
        else:
            patient = load_patient(data)
            both = tuple(dict.fromkeys((*patient.complete, *complete)))
            yield patient if both == patient.complete else replace(patient, complete=both)
    except PatientError as error:
        raise PatientError(f"{name}: {error}") from None


def _once(found: Iterator[Patient]) -> Iterator[Patient]:
    """The same patients, each that has the id of one before with a note of it."""
    met: set[str] = set()
    for patient in found:
        if patient.id in met:
            note = PatientNote(code="duplicate", message="another patient of the same id came before")
            patient = replace(patient, notes=(*patient.notes, note))
        met.add(patient.id)
        yield patient


def _duckdb(name: str, complete: tuple[Domain, ...], schema: str | None) -> Iterator[Patient]:
    duckdb = _driver("duckdb")
    try:
        connection = duckdb.connect(name, read_only=True)
    except duckdb.Error as error:
        raise PatientError(f"{name}: {_line(error)}") from None
    with closing(connection):
        yield from omop.patients(Database(connection, schema=schema, name=name), complete=complete)


def _postgresql(url: str, complete: tuple[Domain, ...], schema: str | None) -> Iterator[Patient]:
    psycopg = _driver("psycopg")
    name = shown(url)
    try:
        connection = psycopg.connect(url)
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    except psycopg.Error as error:
        raise PatientError(f"{name}: {_line(error)}") from None
    with closing(connection):
        yield from omop.patients(Database(connection, schema=schema, name=name), complete=complete)


def _driver(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise PatientError(f"OMOP in a database needs {name}: pip install 'protoparse[omop]'") from None


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


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _begins(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except ValueError as error:  # a NUL in the name
        raise PatientError(f"{str(path)!r}: {error}") from None


def _report(error: PatientError, on_error: OnError | None) -> None:
    if on_error is None:
        raise error
    on_error(error)
