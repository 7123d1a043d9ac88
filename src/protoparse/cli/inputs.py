"""The inputs named on the command line: files, folders and standard input.

In: `["a.html", "listings/", "-"]`. Out: the `Source`s, folders opened recursively, each file once, in order.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from protoparse.cli.failures import Failures
from protoparse.errors import InputError

STDIN = "-"


@dataclass(frozen=True)
class Source:
    """One input: its name as the user knows it, and its path (None for standard input)."""

    name: str
    path: Path | None

    @property
    def stem(self) -> str:
        """What an output without a registry number is called."""
        return "stdin" if self.path is None else self.path.stem

    def read(self) -> bytes:
        """All its bytes; raises `OSError` where it cannot be read."""
        return sys.stdin.buffer.read() if self.path is None else self.path.read_bytes()


def gather(
    inputs: Iterable[str], failures: Failures, *, suffix: str | None = None, besides: Path | None = None
) -> list[Source]:
    """The sources that the arguments name; what is not there is reported to `failures`.

    In a folder, files that begin with a dot are left out, all of another `suffix` where one is given, and those in the
    folder `besides`, which is where the results go.
    """
    from protoparse.sources.records import files as below

    found: dict[str, Source] = {}
    for name in inputs:
        if name == STDIN:
            found.setdefault(STDIN, Source(STDIN, None))
            continue
        path = Path(name)
        if path.is_dir():
            with failures.of(name):
                files = [f for f in below(path, besides=besides) if suffix is None or f.suffix == suffix]
                if not files:
                    raise InputError("a folder without files to read")
                for file in files:
                    found.setdefault(os.path.abspath(file), Source(str(file), file))
        elif path.exists():
            found.setdefault(os.path.abspath(path), Source(name, path))
        else:
            failures.add(name, "no such file or folder")
    return list(found.values())
