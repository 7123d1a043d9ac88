"""Two sides of documents, each with its partner on the other: by the trial's number, else by file or folder.

In: two files or folders, or - for standard input. Out: couples; what has no partner is reported.

A file is criteria JSON (one document, an array, or one a line) or the criteria.yaml of a folder of gold; a folder holds
such files and folders of gold, in which the YAML counts and not what was built from it. Files may be in gzip. With a
parser, a file may also be what that reads: a registry's record, a page, bare text.
"""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from protoparse.cli.failures import Failures
from protoparse.cli.inputs import STDIN
from protoparse.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from protoparse.model import Document
    from protoparse.sources import Listing

    Parser = Callable[[Listing], Document]

YAML = "criteria.yaml"
SUFFIXES = tuple(kind + packed for kind in (".json", ".ndjson", ".jsonl") for packed in ("", ".gz"))


class Couple(NamedTuple):
    """One trial on both sides."""

    name: str
    first: Document
    second: Document


class Found(NamedTuple):
    """A document, where it is, and what it goes by where it has no number of its own."""

    where: str
    name: str
    document: Document


def couples(first: str, second: str, failures: Failures, *, parser: Parser | None = None) -> list[Couple]:
    """The trials of both sides, in the order of the first; what cannot be read or is on one side alone is reported."""
    if first == second == STDIN:
        raise InputError("standard input can be one side only")
    count = failures.count
    sides = [list(criteria(name, failures, parser=parser)) for name in (first, second)]
    if not all(sides):
        return []
    if all(len(side) == 1 for side in sides) and failures.count == count:
        [[one], [other]] = sides
        return [Couple(one.document.trial.id or one.name, one.document, other.document)]
    tables = [named(side, failures) for side in sides]
    for names, others, there in ((tables[0], tables[1], second), (tables[1], tables[0], first)):
        for key, found in names.items():
            if key not in others:
                failures.add(found.where, f"{key} is not in {there}")
    return [Couple(key, tables[0][key].document, tables[1][key].document) for key in tables[0] if key in tables[1]]


def _key(found: Found) -> str:
    return found.document.trial.id or found.name


def named(side: list[Found], failures: Failures) -> dict[str, Found]:
    """Documents by the trial's number, else by what they go by; a second of the same name is reported."""
    table: dict[str, Found] = {}
    for found in side:
        if table.setdefault(_key(found), found) is not found:
            failures.add(found.where, f"{_key(found)} is in {table[_key(found)].where} already")
    return table


def criteria(name: str, failures: Failures, *, parser: Parser | None = None) -> Iterator[Found]:
    """The documents of a file, a folder or standard input; what cannot be read is reported."""
    if name == STDIN:
        with failures.of(name):
            data = _unpacked(sys.stdin.buffer.read())
            if parser is not None and _foreign(data):
                yield from _parsed(name, "stdin", data, parser, failures)
            else:
                yield from _file(name, "stdin", data, failures)
        return
    path = Path(name)
    if not path.exists():
        failures.add(name, "no such file or folder")
        return
    count = failures.count
    found = [*_folder(path, failures, None)] if path.is_dir() else [*_given(path, failures, parser)]
    if not found and failures.count == count and parser is not None and path.is_dir():
        found = [*_folder(path, failures, parser)]
    if not found and failures.count == count:
        failures.add(name, "no criteria JSON and no gold in it")
    yield from found


def _folder(folder: Path, failures: Failures, parser: Parser | None) -> Iterator[Found]:
    for place, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        home = Path(place)
        if YAML in files:
            yield from _given(home / YAML, failures, parser)
            continue
        for name in sorted(files):
            if (name.endswith(SUFFIXES) or parser is not None) and not name.startswith("."):
                yield from _given(home / name, failures, parser, among=True)


def _given(path: Path, failures: Failures, parser: Parser | None, *, among: bool = False) -> Iterator[Found]:
    """The documents of a file; `among` others in a folder, one that holds no criteria is passed over."""
    from protoparse.model import FORMAT

    stem = Path(path.name.removesuffix(".gz")).stem
    name = path.parent.resolve().name if stem == "criteria" else stem
    with failures.of(str(path)):
        if path.suffix in (".yaml", ".yml"):
            from protoparse.evaluate.gold.building import build_over, source_of

            yaml_text = path.read_text("utf-8")
            yield Found(str(path), name, build_over(yaml_text, source_of(path.parent)))
            return
        data = _unpacked(path.read_bytes())
        if parser is not None and _foreign(data, of_json=path.name.endswith(SUFFIXES)):
            yield from _parsed(str(path), name, data, parser, failures)
            return
        if among and FORMAT.encode() not in data:
            return
        yield from _file(str(path), name, data, failures)


def _foreign(data: bytes, *, of_json: bool = True) -> bool:
    """Whether what is given is no criteria JSON but something to parse; broken JSON is broken criteria JSON."""
    from protoparse.model import FORMAT

    lines = data.splitlines()
    return FORMAT.encode() not in data and (not of_json or _is_json(data) or (len(lines) > 1 and _is_json(lines[0])))


def _parsed(where: str, name: str, data: bytes, parser: Parser, failures: Failures) -> Iterator[Found]:
    """The documents that a file parses to."""
    from protoparse.sources import listings

    def broken(error: InputError) -> None:
        failures.add(where, error)

    with failures.of(where):
        made = [parser(listing) for listing in listings(data, name=where, on_error=broken)]
        for n, document in enumerate(made, 1):
            yield Found(where, name if len(made) == 1 else f"{name}-{n}", document)


def _file(where: str, name: str, data: bytes, failures: Failures) -> Iterator[Found]:
    from protoparse.model import load

    with failures.of(where):
        parts = _parts(data)
        for n, (place, part) in enumerate(parts, 1):
            with failures.of(where + place):
                yield Found(where, name if len(parts) == 1 else f"{name}-{n}", load(part))


def _unpacked(data: bytes) -> bytes:
    """A file's JSON, out of gzip and without the mark that some editors put before UTF-8."""
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"broken gzip: {error}") from None
    return data.removeprefix(b"\xef\xbb\xbf")


def _parts(data: bytes) -> list[tuple[str, bytes]]:
    """The documents of a file, each with its place in it: one object, the members of an array, or one object a line.

    A file that is no JSON as a whole, but one of whose lines is, is one of lines: a broken line is broken by itself.
    """
    import msgspec

    listed = data.lstrip().startswith(b"[")
    if not _is_json(data):
        lines = [(f":{n}", line) for n, line in enumerate(data.splitlines(), 1) if line.strip()]
        objects = (line for _, line in lines if line.lstrip().startswith(b"{"))
        if any(map(_is_json, objects)) and not (listed and not _is_json(lines[0][1])):
            return lines
    if not listed:
        return [("", data)]
    try:
        found = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InputError(str(error)) from None
    return [("" if len(found) == 1 else f": document {n}", bytes(raw)) for n, raw in enumerate(found, 1)]


def _is_json(text: bytes) -> bool:
    import msgspec

    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True
