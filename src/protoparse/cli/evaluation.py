"""What `protoparse evaluate` does: documents compared one by one, then figures to the terminal and to files.

In: folders of gold and of predictions. Out: tables on standard output, JSON, CSV and HTML files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protoparse.cli.failures import Failures, one_line
from protoparse.cli.inputs import Source
from protoparse.cli.progress import progress
from protoparse.errors import InputError, ProtoparseError

if TYPE_CHECKING:
    from protoparse.evaluate import Case
    from protoparse.evaluate.report import Report
    from protoparse.evaluate.systems import Gold, System
    from protoparse.model import Document
    from protoparse.sources import Listing

EXTRA = ("jinja2", "matplotlib", "sklearn", "scipy")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What was asked for on the command line."""

    gold: Path
    labels: str | Path | None
    annotated: bool
    pred: Path | None
    form: str
    against: Path | None
    only: Path | None
    skip: Path | None
    by: str | None
    errors: str | None
    json: Path | None
    csv: Path | None
    html: Path | None
    quiet: bool


class Told(Failures):
    """Failures that are kept besides, for the report."""

    def __init__(self, *, debug: bool = False) -> None:
        super().__init__(debug=debug)
        self.lines: list[str] = []

    def add(self, name: str, error: BaseException | str) -> None:
        """Report that `name` failed."""
        super().add(name, error)
        self.lines.append(f"{name}: {one_line(error)}")


def evaluate(wanted: Wanted, parser: Callable[[], Callable[[Listing], Document]], failures: Told) -> int:
    """Run the evaluation and return the exit code; `parser` makes the parser where there are no predictions."""
    if missing := [name for name in EXTRA if sys.modules.get(name, True) is None or find_spec(name) is None]:
        raise ProtoparseError(f"evaluate needs {', '.join(missing)}: pip install 'protoparse[evaluate]'")
    from protoparse.cli.outputs import put
    from protoparse.evaluate import Evaluation
    from protoparse.evaluate.report import as_csv, as_json, report
    from protoparse.evaluate.systems import parsing

    systems: list[tuple[str, System]] = []
    for path in (wanted.pred, wanted.against):
        if path is not None:
            systems.append((str(path), _predicted(path, wanted)))
        elif not systems:
            systems.append(("protoparse", parsing(parser(), annotated=wanted.annotated)))
    if len(systems) > 1 and systems[0][1].groups != systems[1][1].groups:
        raise InputError("--against is measured by other measures than the first system")
    groups = systems[0][1].groups
    measures = tuple(measure for group in groups.values() for measure in group)
    if wanted.errors is not None and wanted.errors not in measures:
        raise click.UsageError(f"--errors takes one of: {', '.join(measures)}")

    cases: list[list[Case]] = [[] for _ in systems]
    for gold in _golds(wanted, failures):
        made = [_case(gold, name if len(systems) > 1 else None, system, failures) for name, system in systems]
        both = [case for case in made if case is not None]
        if len(both) == len(systems):
            for kept, case in zip(cases, both, strict=True):
                kept.append(case)
    if not cases[0]:
        raise InputError(f"{wanted.gold}: nothing to measure")
    for name, system in systems:
        if system.lost:
            told = f"{system.lost} of {system.told} findings are not in the texts they are said to be of"
            click.echo(f"protoparse: {one_line(name)}: {told}: they count for nothing", err=True)
    evaluations = [Evaluation(cases=tuple(kept), measures=measures) for kept in cases]
    against = (systems[1][0], evaluations[1]) if len(systems) > 1 else None
    made_report = report(
        evaluations[0],
        groups,
        gold=str(wanted.gold),
        system=systems[0][0],
        against=against,
        failures=failures.lines,
    )
    if not wanted.quiet:
        _show(made_report, wanted)
    if wanted.json is not None:
        put(wanted.json, as_json(made_report))
    if wanted.csv is not None:
        put(wanted.csv, as_csv(made_report).encode())
    if wanted.html is not None:
        from protoparse.evaluate.sheet import sheet

        put(wanted.html, sheet(made_report).encode())
    return failures.code


def _predicted(path: Path, wanted: Wanted) -> System:
    from protoparse.evaluate.systems import predicted

    try:
        return predicted(path, wanted.form, labels=wanted.labels, annotated=wanted.annotated)
    except InputError as error:
        raise InputError(f"{path}: {str(error).removeprefix(f'{path}: ')}") from None


def _case(gold: Gold, system_name: str | None, system: System, failures: Told) -> Case | None:
    """How a system did; what has no usable prediction is reported and counts as empty, another text as nothing."""
    from protoparse.evaluate.systems import OtherTextError

    place = gold.name if system_name is None else f"{system_name}: {gold.name}"
    try:
        return system.case(gold)
    except OtherTextError as error:
        failures.add(place, error)
        return None
    except Exception as error:
        if failures.debug and not isinstance(error, ProtoparseError):
            raise
        cause = one_line(error)
        failures.add(place, cause if "counted as empty" in cause else f"{cause}: counted as empty")
        return system.nothing(gold)


# ------------------------------------------------------------------ gold


def _golds(wanted: Wanted, failures: Told) -> Iterator[Gold]:
    from protoparse.evaluate.systems import corpus_gold, gold_files, read_gold

    chosen = _Chosen(wanted.only, wanted.skip)
    if wanted.annotated:
        assert wanted.labels is not None
        golds = [gold for gold in corpus_gold(wanted.gold, wanted.labels) if chosen(gold.name)]
        with progress(golds, shown=not wanted.quiet, name=lambda gold: gold.name) as shown:
            yield from shown
    else:
        try:
            files = [(name, file) for name, file in gold_files(wanted.gold) if chosen(name)]
        except InputError as error:
            raise InputError(f"{wanted.gold}: {error}") from None
        sources = [Source(name, file) for name, file in files]
        with progress(sources, shown=not wanted.quiet, name=lambda source: source.stem) as shown:
            for source in shown:
                gold = None
                with failures.of(source.name):
                    assert source.path is not None
                    gold = read_gold(source.name, source.path)
                if gold is not None:
                    yield gold
    for name in chosen.unknown():
        failures.add(name, "not among the gold documents")


class _Chosen:
    """Which documents are wanted, by lists of their names: in full, or what stands behind the last slash."""

    def __init__(self, only: Path | None, skip: Path | None) -> None:
        self._only = None if only is None else _names(only)
        self._skip = set() if skip is None else _names(skip)
        self._seen: set[str] = set()

    def __call__(self, name: str) -> bool:
        said = {name, name.rpartition("/")[2]}
        self._seen |= said
        return not said & self._skip and (self._only is None or bool(said & self._only))

    def unknown(self) -> list[str]:
        """What was asked for and is not there."""
        return sorted((self._only or set()) - self._seen)


def _names(file: Path) -> set[str]:
    lines = (line.strip() for line in file.read_text("utf-8-sig").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


# ------------------------------------------------------------------ output


def _show(made: Report, wanted: Wanted) -> None:
    from protoparse.cli.tables import Tables

    tables = Tables()
    tables.figures(made)
    if wanted.by is not None:
        tables.broken_down(made, wanted.by)
    if made.differences:
        tables.differences(made)
    if made.calibrations:
        tables.calibration(made)
    if wanted.errors is not None:
        tables.errors(made, wanted.errors)
