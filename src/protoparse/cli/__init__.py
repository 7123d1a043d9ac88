"""The command line: files in; criteria JSON, English, a display or a list of problems out.

Exit codes: 0 all done; 1 some input failed or has problems, the rest is done; 2 the command was not understood;
130 interrupted; 141 nobody reads the output any more. Whatever fails is one line on standard error,
`protoparse: <file>: <cause>`, never a traceback.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from protoparse import __version__
from protoparse.cli import agreement, batch, completion, diff, export, fetch, gold, options, screen, serve
from protoparse.cli.failures import Failures, counted, one_line
from protoparse.cli.inputs import gather
from protoparse.cli.options import CONTAINERS
from protoparse.cli.reading import documents, parser_of

__all__ = ["CONTAINERS", "main", "program"]

INTERRUPTED, BROKEN_PIPE = 130, 141


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line on `args` (the process's own by default) and return its exit code."""
    given = list(sys.argv[1:] if args is None else args)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    for stream in (sys.stdout, sys.stderr):
        if (reconfigure := getattr(stream, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")
    if completion.VARIABLE in os.environ:
        completion.prepare(program)
    try:
        code = program.main(given, prog_name=completion.NAME, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:
        if "--debug" in given:
            raise
        click.echo(f"protoparse: {one_line(error)}", err=True)
        return 1
    return code if isinstance(code, int) else 0


class _Program(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has seen enough; what is still in the buffer must not complain at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return BROKEN_PIPE
        return code


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def program() -> None:
    """Read the eligibility criteria of clinical trials into JSON that a computer can apply.

    \b
    Examples:
      protoparse fetch NCT01234567 > trial.json   the registry's own record
      protoparse parse trial.html                 criteria JSON to the screen
      protoparse parse listings/ --out criteria/  a folder, one file a trial
      protoparse batch dump.zip --out criteria/   a whole registry, over processes, resumable
      protoparse show trial.html                  what was read, and what was not
      protoparse check criteria/                  does every file keep its promises?
      protoparse screen --criteria criteria/ --patients bundle.json
      protoparse export criteria/ --to csv --out tables/    for other tools: SQL, CQL, brat, spaCy …
      protoparse serve                            all of it over HTTP, with a store
      protoparse evaluate gold/                   how much of it is right?
      protoparse diff before/ after/              what changed between two versions, and which way

    A criterion that is not understood is kept as it stands and marked, never guessed. Nothing leaves this
    machine, but for the numbers and words that `fetch` asks the registry for.
    """


@program.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@options.container
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write one file a trial into a folder.")
@click.option(
    "--format", "form", type=click.Choice(["json", "ndjson", "english", "markdown"]), default="json", show_default=True,
    help="What to write.",
)  # fmt: skip
@options.concepts
@options.terms
@options.confidence
@options.debug
def parse(
    inputs: tuple[str, ...],
    container: str,
    out: Path | None,
    form: str,
    concepts: str,
    terms: tuple[Path, ...],
    confidence: bool,
    debug: bool,
) -> int:
    """Parse eligibility criteria.

    INPUT is a file, a folder (every file below it, in order of name) or - for standard input.

    \b
    Examples:
      protoparse parse trial.html > trial.json
      protoparse parse listings/ --out criteria/
      protoparse parse listings/ --format ndjson | jq .trial.id
      protoparse parse trial.html --terms vocabulary/CONCEPT.csv
      pbpaste | protoparse parse - --from text --format english

    With --out, each trial is written to its registry number (NCT01234567.json; .txt for english, .md for markdown) or,
    where it has none, to the name of its file. A name that is taken in the same run gets -2, -3 and so on.

    Without --out, a single file that holds one trial gives one JSON object; a folder, several inputs or several trials
    give one JSON array. ndjson is always one object a line.

    Exit code: 0 all done, 1 some input failed (one line each on standard error, the rest is done), 2 wrong usage.
    """
    from protoparse.cli.outputs import Folder, Stream
    from protoparse.cli.progress import progress

    if out is not None and form == "ndjson":
        raise click.UsageError("--format ndjson is for standard output: leave out --out, or write json")
    parser = parser_of(concepts, terms, confidence=confidence)
    failures = Failures(debug=debug)
    sources = gather(inputs, failures, besides=out)
    many = len(inputs) > 1 or any(Path(name).is_dir() for name in inputs)
    sink = Stream(form, many=many) if out is None else Folder(out, form, sources=sources)
    seen = out is not None or not sys.stdout.isatty()
    with progress(sources, shown=seen, name=lambda source: source.stem) as shown, sink:
        for source in shown:
            for document in documents(source, container, failures, parser):
                with failures.of(source.name):
                    sink.write(document, source)
    return failures.code


@program.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@options.container
@options.concepts
@options.terms
@options.debug
def show(inputs: tuple[str, ...], container: str, concepts: str, terms: tuple[Path, ...], debug: bool) -> int:
    """Show each criterion beside what was read from it.

    What was not read is coloured on a terminal and stands between ⟦ and ⟧ elsewhere. A ? behind a concept: what
    is said of it is more likely wrong than right. INPUT is as in `protoparse parse`; a criteria JSON is shown as it is.
    """
    from protoparse.cli.display import Display

    parser = parser_of(concepts, terms)
    failures = Failures(debug=debug)
    display = Display()
    for source in gather(inputs, failures):
        for document in documents(source, container, failures, parser, criteria_too=True):
            with failures.of(source.name):
                display.show(document)
    return failures.code


@program.command()
@click.argument("files", metavar="FILE.json...", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["english", "markdown"]), default="english", show_default=True)
@options.debug
def render(files: tuple[str, ...], form: str, debug: bool) -> int:
    """Write criteria JSON as plain English or Markdown.

    \b
    Example:
      protoparse render criteria/NCT01234567.json --format markdown
    """
    from protoparse.cli.outputs import Stream
    from protoparse.model import load

    failures = Failures(debug=debug)
    with Stream(form) as sink:
        for source in gather(files, failures, suffix=".json"):
            with failures.of(source.name):
                sink.write(load(source.read()), source)
    return failures.code


@program.command()
@click.argument("files", metavar="FILE.json...", nargs=-1, required=True)
@click.option(
    "--reparse/--no-reparse", default=None,
    help="Parse each text again and compare. By default where the file is of this version of parser and grammar.",
)  # fmt: skip
@options.debug
def check(files: tuple[str, ...], reparse: bool | None, debug: bool) -> int:
    """Check that criteria JSON files keep the format and its three promises.

    Nothing is lost: every character of the text is accounted for. Everything points home: each span holds what it
    says. Same in, same out: what is written reads back equal, and the text parses again to the same criteria.

    Each problem is one line on standard output, `<file>: <criterion>: <cause>`, and the exit code is then 1.
    """
    from protoparse.check import check as problems_of

    failures = Failures(debug=debug)
    sources = gather(files, failures, suffix=".json")
    found = 0
    for source in sources:
        with failures.of(source.name):
            for problem in problems_of(source.read(), reparse=reparse):
                click.echo(one_line(f"{source.name}: {problem}"))
                found += 1
    click.echo(f"{counted(len(sources), 'file')} checked, {counted(found, 'problem')}")
    return failures.code or int(found > 0)


@program.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--gold", type=click.Path(path_type=Path), metavar="DIR",
    help="What is right: criteria JSON files, or folders that hold a criteria.json; the same as DIR.",
)  # fmt: skip
@click.option(
    "--corpus", type=click.Choice(["lct", "chia", "brat"]),
    help="DIR is a folder of brat annotations instead, of this corpus; brat: of any other, whose --labels are given.",
)  # fmt: skip
@click.option(
    "--labels", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="What the labels of a brat folder mean: a table, see docs/corpora.md.",
)  # fmt: skip
@click.option("--parse", "parses", is_flag=True, help="Measure this parser; so it is where no --pred is given.")
@click.option("--pred", type=click.Path(path_type=Path), metavar="DIR", help="The predictions to measure.")
@click.option(
    "--pred-format", "form", type=click.Choice(["json", "brat", "csv", "facebook"]), default="json", show_default=True,
    help="What predictions are: criteria JSON, brat annotations, a table of facts, Clinical-Trial-Parser's output.",
)  # fmt: skip
@click.option(
    "--against", type=click.Path(path_type=Path), metavar="DIR",
    help="A second system's predictions, in the same format: is the first one better, and is that chance?",
)  # fmt: skip
@click.option(
    "--only", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Names of the documents to take, one a line.",
)  # fmt: skip
@click.option(
    "--skip", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="Names of documents to leave out.",
)  # fmt: skip
@click.option(
    "--by", type=click.Choice(["section", "domain", "phenomenon", "document"]), help="Break the figures down.",
)  # fmt: skip
@click.option("--errors", metavar="MEASURE", help="List the errors of a measure, with the words they are about.")
@click.option("--json", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write all figures.")
@click.option("--csv", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write all figures.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Write a report to look at, with every error beside its text; one file, which asks for nothing else.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Show no tables and no progress.")
@options.concepts
@options.debug
def evaluate(
    folder: Path | None,
    gold: Path | None,
    corpus: str | None,
    labels: Path | None,
    parses: bool,
    pred: Path | None,
    form: str,
    against: Path | None,
    only: Path | None,
    skip: Path | None,
    by: str | None,
    errors: str | None,
    json: Path | None,
    csv: Path | None,
    html: Path | None,
    quiet: bool,
    concepts: str,
    debug: bool,
) -> int:
    """Measure predictions on gold: how much is right, how sure that is, and what is wrong.

    \b
    Examples:
      protoparse evaluate corpus/                            this parser on criteria written by hand
      protoparse evaluate --gold gold/ --pred criteria/      somebody's criteria JSON, by file name or trial
      protoparse evaluate --gold gold/ --pred new/ --against old/ --html report.html
      protoparse evaluate --corpus chia chia/ --errors value

    A missing or broken prediction counts as empty; one over another text is not measured. Both are told in one line
    each, and the exit code is then 1. docs/evaluation.md defines the measures, docs/reports.md tells of the rest.
    """
    from protoparse.cli.evaluation import Told, Wanted
    from protoparse.cli.evaluation import evaluate as run

    if (folder is None) == (gold is None):
        raise click.UsageError("give the gold folder once: as DIR or as --gold DIR")
    if parses and pred is not None:
        raise click.UsageError("--parse measures this parser, --pred somebody's predictions: give one of them")
    if corpus == "brat" and labels is None:
        raise click.UsageError("--corpus brat needs --labels FILE, which tell what its labels mean")
    if form == "brat" and labels is None and corpus is None:
        raise click.UsageError("--pred-format brat needs --labels FILE, which tell what its labels mean")
    if form != "json" and pred is None and against is None:
        raise click.UsageError("--pred-format goes with --pred or --against")
    wanted = Wanted(
        gold=gold or folder or Path(), labels=labels or corpus, annotated=corpus is not None, pred=pred, form=form,
        against=against, only=only, skip=skip, by=by, errors=errors, json=json, csv=csv, html=html, quiet=quiet,
    )  # fmt: skip
    return run(wanted, partial(parser_of, concepts, ()), Told(debug=debug))


@program.command()
def schema() -> None:
    """Print the JSON Schema of the criteria JSON."""
    import msgspec

    from protoparse.model import schema as made

    click.echo(msgspec.json.format(msgspec.json.encode(made()), indent=2))


program.add_command(batch.command)
program.add_command(gold.group)
program.add_command(agreement.command)
program.add_command(fetch.command)
program.add_command(diff.command)
program.add_command(screen.command)
program.add_command(export.command)
program.add_command(serve.command)
program.add_command(completion.command)
