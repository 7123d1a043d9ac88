"""`protoparse export`: criteria JSON in the forms that other tools take."""

from __future__ import annotations

import click

from protoparse.cli import options

LIST = "list"
"""A target of this name shows what targets there are."""


@click.command("export")
@click.argument("inputs", metavar="INPUT...", nargs=-1)
@click.option("--to", "target", required=True, metavar="TARGET", help="What to make; `--to list` shows what there is.")
@click.option(
    "--out", type=click.Path(allow_dash=True), metavar="DIR|FILE",
    help="A folder, with one file a trial; or a file, for one trial or a target that holds all in one.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Refuse a trial of which anything would be lost.")
@options.written("--losses", "List what was lost and why, a line each: NDJSON, or CSV where FILE ends in .csv.")
@click.option(
    "-o", "--option", "given", multiple=True, metavar="NAME=VALUE",
    help="An option of the target's own; `--to list` shows them.",
)  # fmt: skip
@options.quiet
@options.debug
def command(
    inputs: tuple[str, ...],
    target: str,
    out: str | None,
    strict: bool,
    losses: str | None,
    given: tuple[str, ...],
    quiet: bool,
    debug: bool,
) -> int:
    """Write criteria for other tools: tables, SQL, CQL, annotations, pages and more.

    INPUT is criteria JSON: a file (one trial, an array, or one a line), a folder of them, or - for standard input.

    \b
    Examples:
      protoparse export --to list                                     the targets, and their options
      protoparse export trial.json --to cql > trial.cql
      protoparse export criteria/ --to csv --out tables/              all trials in three tables
      protoparse export criteria/ --to csv -o table=facts --out facts.csv
      protoparse export documents.ndjson --to excel --out all.xlsx
      protoparse export criteria/ --to brat --out annotations/        files for each trial
      protoparse parse trial.html | protoparse export - --to html --out trial.html

    Few targets hold all that criteria can say. What does not fit is left out, never bent: each loss is counted on
    standard error by its cause, listed in full with --losses, and refused with --strict. docs/exports.md has a table of
    what each target can hold.

    Files are called by the trial's registry number or, where it has none, by the file that it came from.

    Exit code: 0 all done, 1 some input failed or was refused (one line each, the rest is done), 2 wrong usage.
    """
    from protoparse.cli.exported import Wanted, listed, run

    if target == LIST:
        listed()
        return 0
    if not inputs:
        raise click.UsageError("Missing argument 'INPUT...'.")
    return run(Wanted(inputs, target, out, strict, losses, given, quiet, debug))
