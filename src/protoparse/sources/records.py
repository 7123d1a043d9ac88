"""Files, however packed, to the records in them, one trial each and not read yet.

In: an open file: one record, a page or list of studies, one study a line or a row, any of these in gzip, or a zip
archive of such files. Out: `Record`s in order, each asked for only when the one before it is done with; what cannot be
unpacked is a record with an `error`.

>>> for record in records(io.BytesIO(b'{"id": "A", "text": "Age > 5"}\\n{"id": "B", "text": "Age > 6"}'), name="two"):
...     print(record.name, record.place, record.content)
two 1 b'{"id": "A", "text": "Age > 5"}\\n'
two 2 b'{"id": "B", "text": "Age > 6"}'
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

import msgspec

from protoparse.errors import InputError
from protoparse.sources import objects, rows
from protoparse.sources.decoding import decode

LARGEST = 256 * 2**20
"""So many bytes of one record, or of one file that is not one study a line, are held in memory, not more."""

_BLANK_LINES = 1000  # before or below the first line of a file with one study a line
_OFFICE = "[Content_Types].xml"
_PACKED = 4
"""So often something may be packed that is packed itself: an archive that holds itself has no end."""
_INNER = 2 * 2**30
"""So many bytes an archive has at most that is packed itself."""
_DENSE = 250
"""A file of an archive that is larger than is read, and packed so many times smaller, is a bomb and not opened."""
# what zipfile raises of an archive that is not broken off but spoiled is of any of these kinds
_BROKEN = (
    OSError, EOFError, zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile, RuntimeError, NotImplementedError,
    ValueError, OverflowError, LookupError, MemoryError,
)  # fmt: skip


class Record(NamedTuple):
    """The bytes of one trial's record, or why they could not be had.

    `name` is its file, `place` the number of the line or study that it is in the file, 0 where it is the whole of it.
    """

    name: str
    content: bytes = b""
    place: int = 0
    error: str | None = None


def records(file: BinaryIO, *, name: str, several: bool = True) -> Iterator[Record]:
    """The records of an open file; `name` stands for it. Without `several`, JSON is not looked for: a file is one."""
    return _records(file, name, several, 0)


def files(folder: Path, *, besides: Path | None = None) -> Iterator[Path]:
    """The files below a folder, in order of name, but those that begin with a dot and those of the folder `besides`."""

    def refuse(error: OSError) -> None:
        raise error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not _same(Path(place, f), besides))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(place, name)


def lines(file: BinaryIO) -> tuple[str, Iterable[bytes]]:
    """What a file holds one of a line: "json", "table" (a row may be of several lines), or ""; and its lines, all."""
    opening: list[bytes] = []  # the first two lines that are not blank, with the blank ones among them
    heads: list[bytes] = []
    while line := file.readline(LARGEST):
        opening.append(line)
        head = line.removeprefix(b"\xef\xbb\xbf").strip()
        if head:
            heads.append(head)
        if len(heads) == 2 or (head and not head.startswith(b"{")) or len(opening) > _BLANK_LINES:
            break
    rest = iter(lambda: file.readline(LARGEST), b"")
    form = "json" if len(heads) == 2 and objects.is_lines(*heads) else ""
    if heads and rows.is_header(heads[0]):
        form = "table"
    return form, chain(opening, rest)


def is_docx(data: bytes) -> bool:
    """Whether a file is an office document, packed as these are."""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        return _OFFICE in zipfile.ZipFile(io.BytesIO(data)).namelist()
    except _BROKEN:
        return False


def _records(file: BinaryIO, name: str, several: bool, depth: int) -> Iterator[Record]:
    """The records of a file that lies in so many packed ones."""
    try:
        yield from _unpacked(_peekable(file), name, several, depth)
    except (InputError, *_BROKEN) as error:
        yield Record(name, error=f"cannot be unpacked: {' '.join(str(error).split()) or type(error).__name__}")


def _same(folder: Path, other: Path | None) -> bool:
    return other is not None and other.exists() and folder.samefile(other)


def _peekable(file: BinaryIO) -> io.BufferedReader:
    return file if isinstance(file, io.BufferedReader) else io.BufferedReader(file)  # type: ignore[arg-type]


def _unpacked(file: io.BufferedReader, name: str, several: bool, depth: int) -> Iterator[Record]:
    signature = file.peek(4)[:4]
    packed = signature.startswith((b"\x1f\x8b", b"PK\x03\x04"))
    if packed and depth == _PACKED:
        raise InputError(f"it is packed more than {_PACKED} times")
    if packed and signature.startswith(b"\x1f\x8b"):
        with gzip.GzipFile(fileobj=file, mode="rb") as inner:
            yield from _unpacked(io.BufferedReader(inner), name, several, depth + 1)
    elif packed:
        yield from _archived(file, name, several, depth)
    elif not several:
        yield from _whole([file.read(LARGEST + 1)], name, several)
    else:
        form, found = lines(file)
        if not form:
            yield from _whole(found, name, several)
        elif form == "table":
            for count, row in rows.objects(found):
                if isinstance(row, InputError):
                    yield Record(name, place=count, error=str(row))
                else:
                    yield Record(name, row, count)
        else:
            for count, line in enumerate(found, start=1):
                if line.strip():
                    yield Record(name, line, count)


def _archived(file: io.BufferedReader, name: str, several: bool, depth: int) -> Iterator[Record]:
    with tempfile.TemporaryFile() as held:
        packed: BinaryIO = file
        if depth:  # what is packed itself would be unpacked again for each file in it
            _copy(file, held)
            packed = held
        elif not file.seekable():
            shutil.copyfileobj(file, held)
            packed = held
        with zipfile.ZipFile(packed) as archive:
            if _OFFICE in archive.namelist():
                packed.seek(0)
                yield from _whole([packed.read(LARGEST + 1)], name, False)
                return
            for member in archive.infolist():
                parts = member.filename.split("/")
                if member.is_dir() or any(p.startswith((".", "__MACOSX")) for p in parts):
                    continue
                inside = f"{name}/{member.filename}"
                if member.file_size > max(LARGEST, _DENSE * member.compress_size):
                    yield Record(inside, error=f"cannot be unpacked: it would fill {member.file_size >> 20} MB")
                    continue
                try:
                    opened = archive.open(member)
                except _BROKEN as error:
                    yield Record(inside, error=f"cannot be unpacked: {error}")
                    continue
                with opened:
                    yield from _records(opened, inside, several, depth + 1)  # type: ignore[arg-type]


def _copy(file: io.BufferedReader, held: IO[bytes]) -> None:
    """Unpack an archive that is packed itself; raises `InputError` where there is no end of it."""
    while piece := file.read(1 << 20):
        if held.tell() > _INNER:
            raise InputError(f"an archive in another, of more than {_INNER >> 20} MB")
        held.write(piece)


def _whole(pieces: Iterable[bytes], name: str, several: bool) -> Iterator[Record]:
    """A file that is read as a whole: one record, or each study of a page or list of them."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) > LARGEST:
            yield Record(name, error=f"larger than {LARGEST >> 20} MB; a file with one study a line may be of any size")
            return
    data = bytes(held)
    studies = _studies(data) if several else None
    if studies is None:
        yield Record(name, data)
        return
    for count, study in enumerate(studies, start=1):
        yield Record(name, study, count)


def _studies(data: bytes) -> list[bytes] | None:
    """The studies of a JSON text with several, as they are printed in it; None for anything else."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"[", b"{"):
        return None
    try:
        text = decode(data)
        if not objects.recognises(text):
            return None
        found = objects.parts(text)
    except (InputError, msgspec.MsgspecError, UnicodeError, RecursionError):
        return None  # whoever reads it as a whole says what is wrong
    return [bytes(part) for part in found] if found else None
