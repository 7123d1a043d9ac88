"""Registry records in the containers they come in → `Listing`: the eligibility text and the registry's own fields.

In: a file, standard input, or bytes. Out: one `Listing` a trial. The container is recognised by what is in it, never by
the file's name:

>>> [listing] = listings(b"<ul><li>Age &ge; 18<li>AST <ULN and ALT >3</ul>", name="fragment")
>>> print(listing.text)
* Age ≥ 18
* AST <ULN and ALT >3
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import msgspec

from protoparse.errors import InputError
from protoparse.sources import euctr, objects, page, rows
from protoparse.sources import text as bare
from protoparse.sources.decoding import decode
from protoparse.sources.listing import Listing
from protoparse.sources.records import is_docx, lines

__all__ = ["CONTAINERS", "Listing", "listings", "read", "recognise"]

_REGISTRIES = ("ctgov", "ctis", "euctr", "isrctn", "chictr", "ictrp", "aact")
CONTAINERS = ("auto", "text", "page", "html", "json", "xml", "table", *_REGISTRIES, "pdf", "docx")
"""The forms that a file may have, and the registries, whose records come in one or several of them."""

OnError = Callable[[InputError], None]

_CAUSES = {
    errno.ENOENT: "no such file",
    errno.EISDIR: "a directory, not a file",
    errno.EACCES: "permission denied",
    errno.ENAMETOOLONG: "file name too long",
}
_XML = re.compile(
    r"\s*+(?:<\?xml\b(?!.{0,2000}?<html\b)|<(?:clinical_study|[Tt]rial\w?|[Tt]rials\w{0,40}|allTrials|fullTrial)\b[^<>]{0,2000}>)",
    re.S,
)
# a tag that lays text out, well formed: "AST <ULN" and "<!-- -->" are text
_HTML = re.compile(
    r"<(?=[a-z/!])(?:!doctype\s++html"
    r"|/?(?:html|body|p|br|div|span|ul|ol|li|dl|dt|dd|table|tbody|tr|td|th|h[1-6]|pre|section|article|strong|b|em|i|u"
    r"|sup|sub)(?:\s++[a-z:_-]++\s*+=[^<>]*+|\s*+)/?>)",
    re.I,
)


def read(
    path: str | os.PathLike[str], *, container: str = "auto", on_error: OnError | None = None
) -> Iterator[Listing]:
    """The listings of a file, or of standard input for "-".

    `container` is one of `CONTAINERS`. A file with one study a line, or a table with one a row, is
    read as it is asked for, in constant memory.
    What cannot be read raises `InputError` ("file: cause"); with `on_error` it is handed to that instead, and reading
    goes on with the next record.
    """
    _check(container)
    return _open(path, container=container, on_error=on_error)


def listings(data: bytes, *, name: str, container: str = "auto", on_error: OnError | None = None) -> Iterator[Listing]:
    """The listings of a file's bytes; `name` stands for the file in messages. Otherwise as `read`."""
    _check(container)
    return _pour(io.BytesIO(data), name=name, container=container, on_error=on_error)


def recognise(text: str) -> str:
    """The container of a decoded text, never "auto"; JSON, XML and tables go by their form, whatever the registry."""
    if objects.recognises(text):
        return "json"
    if euctr.recognises_text(text):
        return "euctr"
    if page.recognises(text):
        return "page"
    if _XML.match(text):
        return "xml"
    if rows.is_header(text.lstrip().partition("\n")[0].encode()):
        return "table"
    return "html" if _HTML.search(text) else "text"


def _check(container: str) -> None:
    if container not in CONTAINERS:
        raise ValueError(f"container {container!r} is none of {', '.join(CONTAINERS)}")


def _open(path: str | os.PathLike[str], *, container: str, on_error: OnError | None) -> Iterator[Listing]:
    name = os.fspath(path)
    if name == "-":
        yield from _pour(sys.stdin.buffer, name="<stdin>", container=container, on_error=on_error)
        return
    try:
        file = open(name, "rb")  # noqa: SIM115
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        _report(InputError(f"{name}: {_cause(error)}"), on_error)
        return
    with file:
        yield from _pour(file, name=name, container=container, on_error=on_error)


def _pour(file: BinaryIO, *, name: str, container: str, on_error: OnError | None) -> Iterator[Listing]:
    for found in _guarded(file, container):
        if isinstance(found, InputError):
            _report(InputError(f"{name}: {found}"), on_error)
        else:
            yield msgspec.structs.replace(found, name=name + found.name)


def _report(error: InputError, on_error: OnError | None) -> None:
    if on_error is None:
        raise error
    on_error(error)


def _guarded(file: BinaryIO, container: str) -> Iterator[Listing | InputError]:
    """What a file holds, in order, an error in the place of what cannot be read."""
    try:
        yield from _records(file, container)
    except InputError as error:
        yield error
    except OSError as error:
        yield InputError(_cause(error))


def _records(file: BinaryIO, container: str) -> Iterable[Listing | InputError]:
    registry = container if container in _REGISTRIES else None
    pieces: Iterable[bytes] = iter(file.read, b"")
    if registry or container in ("auto", "json", "table"):
        form, pieces = lines(file)
        if form == "json" and container != "table":
            return objects.read_lines(pieces, container=registry or objects.ANY)
        if form == "table" and container != "json":
            return _rows(pieces, registry)
    data = b"".join(pieces)
    if container == "pdf" or (container == "auto" and data.startswith(b"%PDF-")):
        from protoparse.sources import pdf  # needs the extra "pdf"

        return [pdf.read(data)]
    if container == "docx" or (container == "auto" and is_docx(data)):
        from protoparse.sources import docx  # needs the extra "docx"

        return [docx.read(data)]
    return _decoded(decode(data), container, registry)


def _decoded(text: str, container: str, registry: str | None) -> Iterable[Listing | InputError]:
    form = recognise(text) if container == "auto" or registry else container
    match form:
        case "euctr" if registry in (None, "euctr"):
            return euctr.read(text)
        case "xml":
            from protoparse.sources import elements  # loads the XML parser

            return elements.read(text, container=registry)
        case "table":
            return _rows(text.encode().splitlines(keepends=True), registry)
        case "html" if registry in (None, "euctr"):
            from protoparse.sources import html  # loads the HTML parser

            return [html.read(text)]
        case "page" if registry in (None, "ctgov"):
            return [page.read(text)]
        case "text" if not registry:
            return [bare.read(text)]
    return objects.read(text, container=registry or objects.ANY)


def _rows(lines: Iterable[bytes], registry: str | None) -> Iterator[Listing | InputError]:
    """The listing of each row, an error, with its line, in the place of a bad one."""
    for line, row in rows.objects(lines):
        if isinstance(row, InputError):
            yield InputError(f"line {line}: {row}")
            continue
        try:
            listing = objects.study(json.loads(row), container=registry or objects.ANY)
        except InputError as error:
            yield InputError(f"line {line}: {error}")
        else:
            yield msgspec.structs.replace(listing, name=f"#{listing.trial.id or line}")


def _cause(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return _CAUSES.get(error.errno, os.strerror(error.errno))
    return "not a file name"
