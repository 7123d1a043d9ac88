"""The records of many inputs, one after another, and how far along they are.

In: names of files and folders, "-" for standard input. Out: their `Record`s, in order and in constant memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from protoparse.errors import InputError
from protoparse.sources.records import Record, files, records

STDIN = "-"


class Intake:
    """Iterate it for the records; `size` bytes are to be read in all, None where nobody knows, `taken` are."""

    def __init__(
        self, inputs: Iterable[str | os.PathLike[str]], *, container: str = "auto", besides: Path | None = None
    ) -> None:
        """Look up what there is; raises `InputError` for a name of nothing and for a folder without files.

        The folder `besides`, where results go, is left out.
        """
        self._several = container not in ("text", "page", "html", "pdf", "docx")
        self._found: dict[str, str] = {}
        for given in inputs:
            name = os.fspath(given)
            path = Path(name)
            if name == STDIN:
                self._found.setdefault(STDIN, STDIN)
            elif path.is_dir():
                below = [str(file) for file in files(path, besides=besides)]
                if not below:
                    raise InputError(f"{name}: a folder without files to read")
                for file in below:
                    self._found.setdefault(os.path.abspath(file), file)
            elif path.exists():
                self._found.setdefault(os.path.abspath(path), name)
            else:
                raise InputError(f"{name}: no such file or folder")
        self.size = None if STDIN in self._found else sum(os.path.getsize(file) for file in self._found)
        self.taken = 0

    def __iter__(self) -> Iterator[Record]:
        for name in self._found.values():
            if name == STDIN:
                yield from records(sys.stdin.buffer, name="stdin", several=self._several)
                continue
            before = self.taken
            try:
                with open(name, "rb") as file:
                    for record in records(file, name=name, several=self._several):
                        self.taken = before + (file.tell() if not file.closed else 0)
                        yield record
                    self.taken = before + os.path.getsize(name)
            except OSError as error:
                yield Record(name, error=os.strerror(error.errno) if error.errno else str(error))
