"""What `protoparse export` does: documents to files, and what was lost on the way.

In: what the command was asked. Out: files in a folder, one file, or standard output; the exit code.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from protoparse.cli.couples import criteria
from protoparse.cli.failures import Failures, counted, one_line
from protoparse.cli.options import STDOUT
from protoparse.cli.outputs import Names, put, write
from protoparse.cli.progress import progress
from protoparse.errors import ProtoparseError
from protoparse.export.delimited import inert
from protoparse.export.exporting import Exporter, Files, Loss, Run, encoded, exporters
from protoparse.model import FORMAT

SHOWN = 10
"""So many causes of losses are told."""


class Wanted(NamedTuple):
    """What the command was asked."""

    inputs: tuple[str, ...]
    target: str
    out: str | None
    strict: bool
    losses: str | None
    options: tuple[str, ...]
    quiet: bool
    debug: bool


def run(wanted: Wanted) -> int:
    """Export all documents of the inputs; raises `click.UsageError` where they cannot go where they should."""
    target = wanted.target
    if target not in exporters():
        raise click.UsageError(f"no target {target!r}; there are {', '.join(exporters())}")
    exporter = exporters()[target]
    exporting = Run(target, strict=wanted.strict, **_chosen(exporter, wanted.options))
    failures = Failures(debug=wanted.debug)
    sink = _Sink(target, wanted.out)
    names = Names()
    lost: list[tuple[str, Loss]] = []
    name, count = "", 0
    found = (one for given in wanted.inputs for one in criteria(given, failures))
    with progress(found, shown=not wanted.quiet and wanted.out is not None, name=lambda one: one.name) as shown:
        for one in shown:
            made = None
            with failures.of(one.where):
                name = names.of(one.document.trial.id or one.name)
                made = exporting.add(one.document, name)
                lost += [(name, loss) for loss in made.losses]
                count += 1
                sink.write(made.payload)
            if made is not None:
                sink.check()
    if count and exporter.joint is not None:
        with failures.of(target):
            payload = exporting.end()
            single = f"{name if count == 1 else 'criteria'}{exporter.suffix}"
            sink.write(payload if isinstance(payload, Files) else Files({single: payload}))
        sink.check()
    with failures.of(target):
        sink.close()
    if wanted.losses is not None:
        _list(wanted.losses, target, lost, failures)
    if lost and not wanted.quiet:
        _tell(target, lost, count)
    return failures.code


class _Sink:
    """Where files go: a folder, a file, or standard output."""

    def __init__(self, target: str, out: str | None) -> None:
        self.target = target
        self.out = None if out in (None, STDOUT) else Path(out or "")
        self.folder: Path | None = None
        if self.out is not None and not self.out.is_file():
            # what looks like a file is one, unless there is such a folder
            named = str(out).endswith(("/", os.sep)) or self.out.is_dir() or not self.out.suffix
            self.folder = self.out if named else None
        self._alone = Files()

    def write(self, files: Files) -> None:
        """Write files into a folder; keep them where there is none."""
        if self.folder is None:
            self._alone |= files
        else:
            for name, payload in files.items():
                self._put(self.folder / name, payload)

    def check(self) -> None:
        """Raise `click.UsageError` where there are more files than may go where they go."""
        if len(self._alone) > 1:
            raise click.UsageError(f"{self.target} makes several files here: name a folder, --out DIR/")

    def close(self) -> None:
        """Write the file that was kept; raises `ProtoparseError` where a terminal cannot show it."""
        for payload in self._alone.values():
            if self.out is not None:
                self._put(self.out, payload)
            elif isinstance(payload, bytes) and sys.stdout.isatty():
                raise ProtoparseError("this is no text to show: name a file, --out FILE")
            else:
                sys.stdout.buffer.write(encoded(payload))

    def _put(self, path: Path, payload: Any) -> None:
        if path.is_file():
            with path.open("rb") as file:
                if FORMAT.encode() in file.read(500):
                    raise ProtoparseError(f"{path} is criteria JSON, and would be written over")
        put(path, encoded(payload))


# ------------------------------------------------------------------ options


def listed() -> None:
    """The targets with their options, on standard output."""
    width = max(map(len, exporters()))
    for name, exporter in exporters().items():
        many = "; all trials in one" if exporter.joint else ""
        click.echo(f"{name:<{width}}  {one_line(exporter.says)}{many}")
        for option, default in exporter.options.items():
            click.echo(f"{'':<{width}}    -o {option}={json.dumps(default) if default is not None else '…'}")


def _chosen(exporter: Exporter, given: tuple[str, ...]) -> dict[str, Any]:
    """The target's options as they were given, each of the type of its default."""
    chosen: dict[str, Any] = {}
    for words in given:
        name, sign, value = words.partition("=")
        if not sign:
            raise click.UsageError(f"{words!r} gives no value: write NAME=VALUE")
        if name not in exporter.options:
            there = ", ".join(exporter.options) or "none"
            raise click.UsageError(f"{exporter.target} has no option {name!r}; it has {there}")
        chosen[name] = _typed(name, value, exporter.options[name])
    return chosen


def _typed(name: str, value: str, default: object) -> object:
    if isinstance(default, str) or default is None:
        return value
    try:
        made = json.loads(value)
    except ValueError:
        made = None
    if not isinstance(made, (int, float) if isinstance(default, float) else type(default)):
        raise click.UsageError(f"{name}={value}: write a value like {json.dumps(default)}")
    return made


# ------------------------------------------------------------------ losses


def _tell(target: str, lost: Sequence[tuple[str, Loss]], count: int) -> None:
    """How much was lost for which causes, on standard error."""
    causes = Counter(loss.why for _, loss in lost).most_common()
    trials = len({name for name, _ in lost})
    much = f"{len(lost):,} loss{'' if len(lost) == 1 else 'es'}"
    much = f"{len(lost):,} loss{'' if len(lost) == 1 else 'es'}"
    click.echo(f"{target} does not hold all: {much} in {trials} of {counted(count, 'trial')}", err=True)
    for cause, number in causes[:SHOWN]:
        click.echo(f"  {number:,} × {one_line(cause)}", err=True)
    if len(causes) > SHOWN:
        click.echo(f"  … and {len(causes) - SHOWN} other causes; --losses FILE lists all", err=True)


def _list(file: str, target: str, lost: Sequence[tuple[str, Loss]], failures: Failures) -> None:
    """Every loss, a line each."""
    rows = [{"document": name, "target": target, **loss._asdict()} for name, loss in lost]
    text = io.StringIO(newline="")
    if file.endswith(".csv"):
        table = csv.writer(text)
        table.writerow(["document", "target", *Loss._fields])
        table.writerows([None if cell is None else inert(str(cell)) for cell in row.values()] for row in rows)
    else:
        text.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write(file, text.getvalue(), failures)
