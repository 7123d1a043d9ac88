"""`protoparse batch`: a whole registry into one folder, over processes, resumable."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protoparse.cli import options
from protoparse.cli.failures import counted

if TYPE_CHECKING:
    from protoparse.batch import Progress, Summary

SHOWN = 10


@click.command("batch")
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="The folder for the results and for the ledger of what has been parsed.",
)  # fmt: skip
@click.option(
    "--to", type=click.Choice(["ndjson", "parquet", "sqlite"]), default="ndjson", show_default=True,
    help="Criteria JSON, one document a line; or tables of documents, criteria and facts.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1), metavar="N", help="How many processes parse; by default one a core.")
@click.option(
    "--resume", is_flag=True,
    help="Go on with DIR: after an interruption, or for a newer dump, of which only what is new is parsed.",
)  # fmt: skip
@click.option(
    "--document-seconds", type=click.FloatRange(0), default=60, show_default=True, metavar="S",
    help="Seconds of a processor that a document may take; 0 for any.",
)  # fmt: skip
@click.option(
    "--document-megabytes", type=click.IntRange(0), default=2048, show_default=True, metavar="MB",
    help="Memory that a document may take beside the parser; 0 for any.",
)  # fmt: skip
@options.container
@options.concepts
@options.terms
@options.confidence
@options.quiet
@options.debug
def command(
    inputs: tuple[str, ...],
    out: Path,
    to: str,
    workers: int | None,
    resume: bool,
    document_seconds: float,
    document_megabytes: int,
    container: str,
    concepts: str,
    terms: tuple[Path, ...],
    confidence: bool,
    quiet: bool,
    debug: bool,
) -> int:
    """Parse many listings, up to a whole registry, into one folder.

    INPUT is a file, a folder, or - for standard input: records as `protoparse parse` reads them, one study a line
    (NDJSON) of ClinicalTrials.gov or of your own with an "id" and a "text", and any of these in zip and gzip. A file
    with one study a line, an archive and a stream may be of any size: what is held in memory does not grow with them.

    \b
    Examples:
      protoparse batch ctg-studies.zip --out criteria/
      protoparse batch listings/ --out criteria/ --to parquet --workers 8
      zcat dump.ndjson.gz | protoparse batch - --out criteria/ --to sqlite
      protoparse batch next-week.zip --out criteria/ --resume

    \b
    Results, in DIR:
      --to ndjson    documents.ndjson, and index.ndjson: name, trial and line of each, or its error
      --to parquet   documents.parquet, criteria.parquet, facts.parquet (pip install 'protoparse[parquet]')
      --to sqlite    criteria.sqlite with the same three tables; docs/tables.md lists their columns
      summary.json   counts of documents, criteria, facts, unread text, errors and notes
      ledger.sqlite  what has been parsed, by content and parser version

    Whatever stops a run, --resume goes on where it was: at most a shard of 32 records a process is parsed again, and
    the results are the same to the byte. A record that cannot be read becomes a row with an error and stops nothing,
    and so does a document that takes too long or too much memory; --resume tries it again.

    Exit code: 0 all done, 1 some records have errors, 2 wrong usage, 130 interrupted.
    """
    from protoparse.batch import Limits, Options, run

    given = Options(container, concepts, confidence, tuple(str(path) for path in terms))
    begun = time.monotonic()
    with _shown(quiet) as on_progress:
        try:
            summary = run(
                inputs, out, to=to, workers=workers, resume=resume, options=given,
                limits=Limits(document_seconds, document_megabytes), on_progress=on_progress,
            )  # fmt: skip
        except KeyboardInterrupt:
            click.echo(f"protoparse: interrupted; --resume goes on with {out}", err=True)
            raise
    if not quiet:
        _tell(summary, time.monotonic() - begun)
    return int(bool(summary.errors))


@contextmanager
def _shown(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal: how far, how many a second, how long to go."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"), rich.BarColumn(), rich.TaskProgressColumn(),
        rich.TextColumn("{task.fields[records]:,} records, {task.fields[rate]:.0f}/s"),
        rich.TimeElapsedColumn(), rich.TimeRemainingColumn(),
    )  # fmt: skip
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        begun: dict[str, float] = {}
        tasks: dict[str, rich.TaskID] = {}

        def told(progress: Progress) -> None:
            stage, records = progress.stage, progress.records
            if stage not in tasks:
                begun[stage] = time.monotonic()
                tasks[stage] = bar.add_task(stage, records=0, rate=0.0)
            rate = records / max(time.monotonic() - begun[stage], 0.1)
            bar.update(tasks[stage], completed=progress.taken, total=progress.size, records=records, rate=rate)

        yield told


def _tell(summary: Summary, seconds: float) -> None:
    """The summary, on standard error: results are in files."""
    lines = [
        f"{counted(summary.documents, 'document')} with {summary.criteria:,} criteria and {summary.facts:,} facts"
        f" from {counted(summary.records, 'record')}, {summary.parsed:,} of them parsed now, in {seconds:.1f} s"
        f" ({summary.parsed / seconds:.0f} a second)",
    ]
    if summary.characters:
        lines.append(f"not understood: {summary.unread / summary.characters:.1%} of {summary.characters:,} characters")
    if summary.notes:
        lines.append("notes: " + ", ".join(f"{code} {count:,}" for code, count in summary.notes.items()))
    if summary.errors:
        lines.append(f"errors: {sum(summary.errors.values()):,}")
        lines += [f"  {count:,} × {cause}" for cause, count in list(summary.errors.items())[:SHOWN]]
        if len(summary.errors) > SHOWN:
            lines.append(f"  … and {len(summary.errors) - SHOWN:,} other causes, in summary.json")
    click.echo("\n".join(lines), err=True)
