"""A progress bar on standard error, for many inputs on a terminal; elsewhere nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from protoparse.cli.failures import Failures
from protoparse.cli.inputs import Source

MANY = 5


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
