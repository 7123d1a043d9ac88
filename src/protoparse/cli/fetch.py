"""`protoparse fetch`: records of trials from ClinicalTrials.gov, one a line or one a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import click

from protoparse.cli import options
from protoparse.cli.failures import Failures

STDIN = "-"


@click.command("fetch")
@click.argument("numbers", metavar="[NCT…]...", nargs=-1)
@click.option("--condition", metavar="WORDS", help="Search: a condition or disease.")
@click.option("--term", metavar="WORDS", help="Search: other words, in the registry's own syntax.")
@click.option(
    "--status", multiple=True, metavar="STATUS",
    help="Search: RECRUITING, COMPLETED, …; may be given several times.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Search: so many at most.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write one file a trial into a folder.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Where records are kept.")
@click.option("--no-cache", is_flag=True, help="Keep nothing, and ask for everything.")
@click.option(
    "--max-age", type=click.FloatRange(min=0), default=24, show_default=True, metavar="HOURS",
    help="A record that was kept for longer is asked for again.",
)  # fmt: skip
@click.option(
    "--base-url", envvar="PROTOPARSE_REGISTRY", metavar="URL", help="A mirror of the API (also $PROTOPARSE_REGISTRY)."
)
@click.option("--timeout", type=click.FloatRange(min=0.05), default=30, show_default=True, metavar="SECONDS")
@click.option(
    "--per-minute", type=click.FloatRange(min=0.1), default=50, show_default=True, help="Requests a minute at most."
)
@click.option("--tries", type=click.IntRange(min=1), default=5, show_default=True, help="Before a request fails.")
@options.debug
def command(
    numbers: tuple[str, ...],
    condition: str | None,
    term: str | None,
    status: tuple[str, ...],
    limit: int,
    out: Path | None,
    cache: Path | None,
    no_cache: bool,
    max_age: float,
    base_url: str | None,
    timeout: float,
    per_minute: float,
    tries: int,
    debug: bool,
) -> int:
    """Fetch records of trials from ClinicalTrials.gov (extra `fetch`).

    NCT… is a trial's number, - for numbers on standard input, or @FILE for those of a file, one a line. Without a
    number, a search is made. Each record is written as the registry has it, one a line, or as DIR/NCT01234567.json.

    \b
    Examples:
      protoparse fetch NCT01234567 | protoparse parse -
      protoparse fetch @numbers.txt --out records/ && protoparse batch records/ --out criteria/
      protoparse fetch --condition gout --status RECRUITING --limit 20 --out records/

    What was fetched is kept, so that a run that broke off goes on where it was.

    Exit code: 0 all done, 1 some could not be had (one line each on standard error, the rest is done), 2 wrong usage.
    """
    from protoparse.cli.outputs import put
    from protoparse.cli.progress import counting, progress
    from protoparse.fetching import BASE_URL, Record, Registry, cache_folder

    searches = bool(condition or term or status)
    if bool(numbers) == searches:
        raise click.UsageError("give numbers of trials, or a search (--condition, --term, --status)")
    wanted = _wanted(numbers)
    failures = Failures(debug=debug)
    seen = out is not None or not sys.stdout.isatty()

    def give(record: Record) -> None:
        if out is None:
            sys.stdout.buffer.write(record.line + b"\n")
            sys.stdout.buffer.flush()
        else:
            put(out / f"{record.number}.json", record.line + b"\n")

    kept = None if no_cache else cache or cache_folder()
    with Registry(
        base_url=base_url or BASE_URL, cache=kept, max_age=max_age * 3600, per_minute=per_minute, timeout=timeout,
        tries=tries,
    ) as registry:  # fmt: skip
        if searches:
            found = registry.search(condition=condition, term=term, status=status, limit=limit)
            with failures.of("search"):
                for record in counting(found, "fetched", shown=seen):
                    give(record)
        with progress(wanted, shown=seen, name=str) if wanted else nullcontext(wanted) as shown:
            for number in shown:
                with failures.of(number):
                    give(Record(number, registry.record(number)))
    return failures.code


def _wanted(given: Iterable[str]) -> list[str]:
    """The numbers asked for, each once; raises `UsageError` for what is none, before anything is asked."""
    from protoparse.fetching import number_of

    found: dict[str, None] = {}
    wrong: list[str] = []
    for place, word in _words(given):
        number = number_of(word)
        if number is None:
            wrong.append(f"{place}{word[:40]!r}")
        else:
            found[number] = None
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise click.UsageError(f"{', '.join(wrong[:3])}{more}: no number of a trial, which is NCT and eight digits")
    if given and not found:
        raise click.UsageError("no number of a trial is given")
    return list(found)


def _words(given: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every number that is written down, with its place where that is a file."""
    for name in given:
        if name != STDIN and not name.startswith("@"):
            yield "", name
            continue
        read = sys.stdin.buffer.read if name == STDIN else Path(name[1:]).read_bytes
        try:
            text = read().decode("utf-8-sig", "replace")
        except OSError as error:
            raise click.UsageError(f"{name[1:]}: {error.strerror}") from None
        for n, line in enumerate(text.splitlines(), 1):
            for word in line.partition("#")[0].replace(",", " ").split():
                yield f"{name.removeprefix('@')}:{n}: ", word
