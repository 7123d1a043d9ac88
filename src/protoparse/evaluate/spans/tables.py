"""The tables beside this file, in `maps/`: what the labels of a corpus mean, how units are spelt.

In: the name of a table, or a file of a user. Out: its rows, each with its line for messages. Tab separated, a header
line, `#` begins a comment line.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from protoparse.errors import InputError
from protoparse.lexicon import Row


@cache
def read_table(name: str) -> tuple[Row, ...]:
    """The rows of a table of the package."""
    return tuple(row for _, row in rows_of(shipped(name), name))


def shipped(name: str) -> str:
    """The text of a table of the package."""
    return (files("protoparse.evaluate.spans") / "maps" / f"{name}.tsv").read_text("utf-8")


def read_file(path: Path) -> str:
    """The text of a file, line ends as they are; raises `InputError` where it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start + 1}") from None


def rows_of(text: str, source: str, *, needed: tuple[str, ...] = ()) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its line; raises `InputError` where a row has more cells than there are columns."""
    header: list[str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if header is None:
            header = cells
            if missing := [column for column in needed if column not in header]:
                raise InputError(f"{source}:{number}: no column {missing[0]!r} in the header")
            continue
        if len(cells) > len(header):
            raise InputError(f"{source}:{number}: {len(cells)} cells in {len(header)} columns")
        yield number, dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=True))
