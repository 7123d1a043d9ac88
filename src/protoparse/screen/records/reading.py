"""Patients from wherever they are: any file, folder or database → `Patient`s, one after the other.

In: the path of patients in our own JSON (one, a list, or one a line), of FHIR (a bundle, a resource, a list or one of
either a line), all of these in gzip or not, of a folder of such files, of a folder with the tables of OMOP, of a DuckDB
file, or the URL of a PostgreSQL server with OMOP. Out: `Patient`s. What a file is, is told by what is in it, never by
its name.

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

import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from msgspec.structs import replace

from protoparse.cdm import Database, Folder, OnError, connected, is_database, is_folder, shown
from protoparse.errors import PatientError
from protoparse.model import Domain
from protoparse.screen.patient import FORMAT, Patient, PatientNote, load_patient
from protoparse.screen.records import omop
from protoparse.screen.records.charting import checked_domains
from protoparse.screen.records.fhir import Resources

SUFFIXES = {".json", ".ndjson", ".jsonl"}
"""The files of a folder that are read, also where .gz follows."""
_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"


class _Kind(msgspec.Struct):
    format: str | None = None
    resource_type: str | None = msgspec.field(default=None, name="resourceType")


def patients(
    place: str | os.PathLike[str] | BinaryIO,
    *,
    complete: Iterable[Domain] = (),
    schema: str | None = None,
    on_error: OnError | None = None,
) -> Iterator[Patient]:
    """The patients of a file, a folder or a database, named or, of JSON, open: `sys.stdin.buffer`.

    `complete`: the domains in which what a record does not say has not been; a domain in which a record has lost
    something is none for that patient. `schema`: where a database has several with OMOP's tables. What cannot be read
    raises `PatientError` (file, place, cause); with `on_error` it is handed to that instead, and reading goes on with
    the next file, line or row. Raises `ValueError` for a domain that is none.
    """
    domains = checked_domains(complete)
    if isinstance(place, str | os.PathLike):
        return _once(_read(os.fspath(place), domains, schema, on_error))
    return _once(_opened(place, domains, on_error))


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
        yield from _one(data, f"patients[{number}]", complete, loose, None)
    yield from _loose(loose, "patients", complete)


def _read(name: str, complete: tuple[Domain, ...], schema: str | None, on_error: OnError | None) -> Iterator[Patient]:
    try:
        path = Path(name)
        if is_database(name):
            yield from _database(name, complete, schema)
        elif is_folder(path):
            yield from omop.patients(Folder(path, on_error), complete=complete)
        elif path.is_dir():
            yield from _folder(path, complete, on_error)
        else:
            loose = Resources()
            yield from _file(path, complete, loose, on_error)
            yield from _loose(loose, name, complete)
    except PatientError as error:
        _report(error, on_error)
    except OSError as error:
        _report(PatientError(f"{name}: {error.strerror or error}"), on_error)


def _opened(file: BinaryIO, complete: tuple[Domain, ...], on_error: OnError | None) -> Iterator[Patient]:
    loose = Resources()
    name = str(getattr(file, "name", "file")).replace("<stdin>", "stdin")
    try:
        yield from _stream(file, name, complete, loose, on_error)
        yield from _loose(loose, name, complete)
    except PatientError as error:
        _report(error, on_error)


def _folder(path: Path, complete: tuple[Domain, ...], on_error: OnError | None) -> Iterator[Patient]:
    """The files of a folder; resources that stand in lines of their own belong together, as in a bulk export."""
    names = sorted(p for p in path.iterdir() if _suffix(p) in SUFFIXES and not p.name.startswith("."))
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


def _suffix(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _loose(loose: Resources, name: str, complete: tuple[Domain, ...]) -> Iterator[Patient]:
    if loose:
        try:
            yield from loose.patients(complete=complete)
        except PatientError as error:
            raise PatientError(f"{name}: {error}") from None


def _file(path: Path, complete: tuple[Domain, ...], loose: Resources, on_error: OnError | None) -> Iterator[Patient]:
    with path.open("rb") as file:
        yield from _stream(file, str(path), complete, loose, on_error)


def _stream(
    file: BinaryIO, name: str, complete: tuple[Domain, ...], loose: Resources, on_error: OnError | None
) -> Iterator[Patient]:
    """The patients of a file, in gzip or not, that are whole; what stands alone is put with the others that do.

    A file whose first line is a JSON text is one of lines. Else that line may be broken: so it is where the file is no
    JSON as a whole, and another of its lines is.
    """
    try:
        lines = _lines(file)
        numbered = ((n, line) for n, line in enumerate(lines, start=1) if line.strip())
        opening = list(islice(numbered, 2))
        if not opening:
            raise PatientError(f"{name}: the file is empty")
        if not _is_json(opening[0][1]):
            opening += numbered
            whole = b"".join(line for _, line in opening)
            objects = (line for _, line in opening if line.lstrip().startswith(b"{"))
            if _is_json(whole) or not any(map(_is_json, objects)):
                yield from _one(whole, name, complete, loose, on_error)
                return
        for number, line in chain(opening, numbered):
            try:
                yield from _one(line, f"{name}:{number}" if len(opening) > 1 else name, complete, loose, on_error)
            except PatientError as error:
                _report(error, on_error)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise PatientError(f"{name}: broken gzip: {error}") from None


def _lines(file: BinaryIO) -> Iterator[bytes]:
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    packed = buffered.peek(2)[:2] == _GZIP
    with gzip.GzipFile(fileobj=buffered) if packed else nullcontext(buffered) as lines:
        yield lines.readline().removeprefix(_BOM)
        yield from lines


def _is_json(line: bytes) -> bool:
    """Whether a line is a JSON text by itself, so that the next may be another."""
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def _one(
    data: bytes, name: str, complete: tuple[Domain, ...], loose: Resources, on_error: OnError | None
) -> Iterator[Patient]:
    """The patients of one JSON text."""
    members: list[msgspec.Raw] = []
    try:
        if data.lstrip()[:1] == b"[":
            members = msgspec.json.decode(data, type=list[msgspec.Raw])
        else:
            kind = msgspec.json.decode(data, type=_Kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise PatientError(f"{name}: {error}") from None
    if data.lstrip()[:1] == b"[":
        for number, raw in enumerate(members, start=1):
            try:
                if bytes(raw)[:1] == b"[":
                    raise PatientError(f"{name}: {number} of the list: a list in a list")
                yield from _one(bytes(raw), f"{name}: {number} of the list", complete, loose, on_error)
            except PatientError as error:
                _report(error, on_error)
        return
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


def _database(name: str, complete: tuple[Domain, ...], schema: str | None) -> Iterator[Patient]:
    with connected(name) as connection:
        yield from omop.patients(Database(connection, schema=schema, name=shown(name)), complete=complete)


def _report(error: PatientError, on_error: OnError | None) -> None:
    if on_error is None:
        raise error
    on_error(error)
