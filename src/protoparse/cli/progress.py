"""How far long work is, on standard error and on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

MANY = 5

_T = TypeVar("_T")


@contextmanager
def progress(items: Iterable[_T], *, shown: bool, name: Callable[[_T], str]) -> Iterator[Iterable[_T]]:
    """The same items, counted on a bar while they are taken; how many there are may not be known beforehand."""
    total = len(items) if isinstance(items, Sized) else None
    if not shown or (total is not None and total < MANY) or not sys.stderr.isatty():
        yield items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.fields[name]}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, name="")

        def counted() -> Iterator[_T]:
            for item in items:
                bar.update(task, name=name(item)[-30:])
                yield item
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
