"""Where documents go: one file each in a folder, or standard output.

In: documents, in the order they are parsed. Out: `NCT01234567.json` and so on, each whole or not there at all.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from protoparse.cli.failures import Failures
from protoparse.cli.inputs import Source
from protoparse.cli.options import STDOUT
from protoparse.errors import ProtoparseError
from protoparse.model import Document, dump

SUFFIX = {"json": ".json", "ndjson": ".ndjson", "english": ".txt", "markdown": ".md"}
LONGEST_NAME = 150


def written(document: Document, form: str) -> bytes:
    """The document in one of the formats of `SUFFIX`, ending in a newline; texts begin with id and title."""
    match form:
        case "json":
            data = dump(document, indent=2)
        case "ndjson":
            data = dump(document)
        case _:
            from protoparse.render import markdown, render

            trial = document.trial
            head = " · ".join(" ".join(x.split()) for x in (trial.id, trial.title) if x)
            text = markdown(document) if form == "markdown" else render(document)
            if head:
                text = f"{'# ' if form == 'markdown' else ''}{head}\n\n{text}"
            data = text.encode("utf-8", "backslashreplace")
    return data if data.endswith(b"\n") else data + b"\n"


def file_stem(wanted: str) -> str:
    """A trial's id, or whatever else it is called, as the name of a file without its suffix."""
    return re.sub(r"[^\w.-]+", "_", wanted).strip("._")[:LONGEST_NAME] or "criteria"


def write(name: str, content: str, failures: Failures) -> None:
    """Write a file whole or not at all, or to standard output for "-"; what fails is reported."""
    if name == STDOUT:
        sys.stdout.buffer.write(content.encode())
        return
    with failures.of(name):
        put(Path(name), content.encode())


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, with the folders that it wants; raises `OSError` where that cannot be done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


class Names:
    """Names of files for what a run writes: one that is taken gets `-2`, `-3`, …."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def of(self, wanted: str) -> str:
        """A name for a trial's id, or whatever else it is called, that was not given before; without a suffix."""
        stem = file_stem(wanted)
        name, n = stem, 1
        # Compared without case: some file systems hold NCT1.json and nct1.json as one file.
        while name.casefold() in self._used:
            n += 1
            name = f"{stem}-{n}"
        self._used.add(name.casefold())
        return name


class Sink:
    """Takes documents one by one; a `with` around them closes what was begun."""

    def write(self, document: Document, source: Source) -> None:
        """Take one document that was read from `source`."""
        raise NotImplementedError

    def close(self) -> None:
        """Finish what was begun."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()


class Folder(Sink):
    """One file a document in a folder, written under a temporary name and then renamed.

    Called by the trial's id, else by the source's file; a name used before in the same run gets `-2`, `-3`, ….
    Raises `ProtoparseError` rather than write over one of the `sources`.
    """

    def __init__(self, folder: Path, form: str, *, sources: Iterable[Source] = ()) -> None:
        self.folder, self.form = folder, form
        self.folder.mkdir(parents=True, exist_ok=True)
        self._names = Names()
        self._inputs = {s.path.resolve() for s in sources if s.path is not None}

    def write(self, document: Document, source: Source) -> None:
        """Write one file; raises `OSError` where that cannot be done, and leaves no half of it."""
        data = written(document, self.form)
        path = self.folder / (self._names.of(document.trial.id or source.stem) + SUFFIX[self.form])
        if path.resolve() in self._inputs:
            raise ProtoparseError(f"{path} would be written over an input")
        put(path, data)


class Stream(Sink):
    """Standard output: JSON as one object or, for `many`, as an array; other formats one document after another."""

    def __init__(self, form: str, *, many: bool = False) -> None:
        self.form = form
        self._out = sys.stdout.buffer
        self._many = many
        self._count = 0
        self._held = b""

    def write(self, document: Document, source: Source) -> None:
        """Write one document."""
        data = written(document, self.form)
        self._count += 1
        if self.form == "json":
            self._write_json(data.rstrip())
        else:
            between = b"\n" if self._count > 1 and self.form != "ndjson" else b""
            self._out.write(between + data)
            self._out.flush()

    def _write_json(self, data: bytes) -> None:
        """The first object waits where it is not known yet whether it stays alone."""
        if self._count == 1 and not self._many:
            self._held = data
            return
        if self._held:
            self._out.write(b"[\n" + self._held)
            self._held, self._many = b"", True
        self._out.write((b",\n" if self._count > 1 else b"[\n") + data)
        self._out.flush()

    def close(self) -> None:
        """End the array, or write the object that waited."""
        if self.form == "json" and self._many:
            self._out.write(b"\n]\n" if self._count else b"[]\n")
        elif self._held:
            self._out.write(self._held + b"\n")
        self._out.flush()
