"""How far long work is, on standard error and on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from protoparse.cli.failures import Failures
from protoparse.cli.inputs import Source

MANY = 5

_T = TypeVar("_T")


@contextmanager
def progress(sources: list[Source], failures: Failures, *, shown: bool) -> Iterator[Iterable[Source]]:
    """The same sources, counted on a bar while they are taken."""
    if not shown or len(sources) < MANY or not sys.stderr.isatty():
        yield sources
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.fields[name]}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(sources), name="")

        def counted() -> Iterator[Source]:
            for source in sources:
                bar.update(task, name=source.stem[-30:])
                yield source
                bar.advance(task)

        yield counted()


@contextmanager
def working(says: str, *, shown: bool) -> Iterator[None]:
    """A line that says what is done, while it is done."""
    if not shown or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(says):
        yield


def counting(found: Iterable[_T], says: str, *, shown: bool) -> Iterator[_T]:
    """The same things, counted on a line while they are taken: nobody knows how many there will be."""
    if not shown or not sys.stderr.isatty():
        yield from found
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn(says), TextColumn("{task.completed}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=None)
        for one in found:
            yield one
            bar.advance(task)
