"""What went wrong with one input, as one line on standard error.

In: an exception. Out: `protoparse: trial.html: no eligibility section found`, and an exit code at the end.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import click

from protoparse.errors import ProtoparseError

LONGEST = 300
"""A cause is cut behind so many characters: some libraries quote the whole input."""


class Failures:
    """Counts and reports what fails, so that the rest can go on.

    With `debug`, an error that nobody expected is raised instead of told in a line.
    """

    def __init__(self, *, debug: bool = False) -> None:
        self.debug = debug
        self.count = 0

    @property
    def code(self) -> int:
        """The exit code: 1 where anything failed."""
        return int(self.count > 0)

    def add(self, name: str, error: BaseException | str) -> None:
        """Report that `name` failed."""
        self.count += 1
        cause = one_line(error)
        place = "".join(_visible(c) for c in name)
        click.echo(f"protoparse: {place}: {cause.removeprefix(f'{place}: ')}", err=True)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Report whatever is raised inside, but for a broken pipe and an interruption, which end the run."""
        try:
            yield
        except BrokenPipeError:
            raise
        except Exception as error:
            if self.debug and not isinstance(error, ProtoparseError):
                raise
            self.add(name, error)


def one_line(error: BaseException | str) -> str:
    """The cause in one line that a terminal can show.

    >>> one_line(KeyError("a\\nb"))
    "internal error: KeyError: 'a\\\\nb' (--debug shows where)"
    """
    match error:
        case str():
            cause = error
        case ProtoparseError():
            cause = str(error) or type(error).__name__
        case OSError(strerror=str(reason), filename=place):
            cause = reason if place is None else f"{reason}: {place}"
        case RecursionError():
            cause = "nested too deep"
        case MemoryError():
            cause = "not enough memory"
        case _:
            cause = f"internal error: {type(error).__name__}: {error}"
            cause = f"{cause[:LONGEST]} (--debug shows where)"
    line = "".join(_visible(c) for c in " ".join(cause.split()))
    return line if len(line) <= 2 * LONGEST else line[: 2 * LONGEST] + "…"


def _visible(character: str) -> str:
    """The character, or its escape where it would end the line, move the cursor or turn the direction of writing."""
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return character.encode("unicode_escape").decode("ascii") if hidden else character


def counted(number: int, noun: str) -> str:
    """ "1 file", "2 files"."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
