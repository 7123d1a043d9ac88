"""`protoparse screen`: who may take part in what, and what is missing to know."""

from __future__ import annotations

import gc
import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, get_args

import click

from protoparse.cli import options
from protoparse.cli.couples import criteria, named
from protoparse.cli.failures import Failures, counted, one_line
from protoparse.cli.inputs import STDIN
from protoparse.errors import ProtoparseError

if TYPE_CHECKING:
    from rich.console import Console

    from protoparse.cli.screened import Screened
    from protoparse.model import Document, Domain
    from protoparse.screen import Answers, Patient, Screening

ANSWERS = ("eligible", "undetermined", "ineligible")
_STYLES = {"eligible": "green", "undetermined": "yellow", "ineligible": "dim"}
_SIGNS = {True: "✓", False: "✗", None: "?"}


def _day(context: click.Context, parameter: click.Parameter, value: str | None) -> date | None:
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no day: write 2026-03-07") from None


def _anchors(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, date]:
    from protoparse.model import Event

    anchors = {}
    for value in values:
        event, given, day = value.partition("=")
        if not given:
            raise click.BadParameter(f"{value!r} names no day: write randomization=2026-03-07")
        if event not in get_args(Event):
            raise click.BadParameter(f"{event!r} is none of {', '.join(get_args(Event))}")
        anchors[event] = _day(context, parameter, day) or date.min
    return anchors


def _domains(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Domain, ...]:
    from protoparse.screen.records.charting import checked_domains

    try:
        return checked_domains(values)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("screen")
@click.option(
    "--criteria", "trials", required=True, metavar="PATH",
    help="Criteria JSON: a file, one document a line (documents.ndjson of a batch), or a folder; - is standard input.",
)  # fmt: skip
@click.option(
    "--patients", "people", required=True, metavar="PATH",
    help="Patients: a file or folder of FHIR bundles, NDJSON or JSON of our own, - is standard input; or OMOP: a "
    "folder of CSV, a DuckDB file or a postgresql:// URL.",
)  # fmt: skip
@click.option(
    "--index-date", "day", callback=_day, metavar="DAY",
    help="The day of screening, from which windows are counted; by default today.",
)  # fmt: skip
@click.option(
    "--anchor", "anchors", callback=_anchors, multiple=True, metavar="EVENT=DAY",
    help="The day of another event that windows are counted from: randomization=2026-03-07; may be given often.",
)  # fmt: skip
@click.option(
    "--recent", type=click.IntRange(0), default=180, show_default=True, metavar="DAYS",
    help="How old a measurement may be to stand for today, where the trial does not say.",
)  # fmt: skip
@click.option(
    "--complete", callback=_domains, multiple=True, metavar="DOMAIN",
    help="A domain (condition, drug, procedure …) in which what is not in the records has not been. Without it, what "
    "is not in the records is unknown.",
)  # fmt: skip
@click.option(
    "--answer",
    "wanted",
    multiple=True,
    type=click.Choice(ANSWERS),
    help="Show these answers only; several may be given.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "html"]), default="table", show_default=True,
    help="A table; every reason as JSON, one line for each patient and trial; or a page to look at.",
)  # fmt: skip
@click.option(
    "--top", type=click.IntRange(0), default=20, show_default=True, metavar="N",
    help="How many trials a patient the table shows; 0 for all.",
)  # fmt: skip
@click.option(
    "--out", default="-", type=click.Path(dir_okay=False, allow_dash=True), metavar="FILE",
    help="Where it goes; - is standard output.",
)  # fmt: skip
@options.terms
@options.quiet
@options.debug
def command(
    trials: str,
    people: str,
    day: date | None,
    anchors: dict[str, date],
    recent: int,
    complete: tuple[Domain, ...],
    wanted: tuple[str, ...],
    form: str,
    top: int,
    out: str,
    terms: tuple[Path, ...],
    quiet: bool,
    debug: bool,
) -> int:
    """Apply criteria to patients: eligible, ineligible or undetermined, with the reasons.

    \b
    Examples:
      protoparse screen --criteria criteria/ --patients bundle.json
      protoparse screen --criteria NCT01234567.json --patients bundle.json      every criterion, with what decided it
      protoparse screen --criteria documents.ndjson --patients omop/ --answer eligible --format json
      protoparse screen --criteria criteria/ --patients bundles/ --format html --out screening.html
      protoparse parse trial.txt | protoparse screen --criteria - --patients export.ndjson.gz --complete condition

    What a record does not say is unknown, never a no: a patient is eligible only where every criterion certainly holds,
    and ineligible only where one certainly does not. For what is open, the questions that would settle it are shown.
    A criterion that was not understood as a whole never lets a patient in.

    Several trials are shown the best answer first, then that of which the fewest facts are unknown.

    Exit code: 0 all done, 1 some input failed (one line each on standard error, the rest is done), 2 wrong usage.
    """
    from protoparse.cdm import shown as visible
    from protoparse.cli.outputs import write
    from protoparse.cli.progress import counting, working
    from protoparse.concepts.terms import TermSource
    from protoparse.screen import Index, patients

    failures = Failures(debug=debug)
    if trials == people == STDIN:
        raise click.UsageError("standard input can be the criteria or the patients")
    documents = _documents(trials, failures)
    if not documents:
        return failures.code
    with working(f"making {counted(len(documents), 'trial')} ready", shown=not quiet), _kept():
        index = Index(documents, terms=TermSource.read(*terms) if terms else None)
    place = "stdin" if people == STDIN else visible(people)

    def broken(error: ProtoparseError) -> None:
        failures.add(*_placed(place, str(error)))

    def screened() -> Iterator[tuple[Patient, Answers]]:
        count = failures.count
        none = True
        found = patients(sys.stdin.buffer if people == STDIN else people, complete=complete, on_error=broken)
        # a table on a terminal shows by itself how far it is
        seen = form != "html" and out == options.STDOUT and sys.stdout.isatty()
        for patient in counting(found, "patients screened:", shown=not quiet and not seen):
            none = False
            yield patient, index.screen(patient, day=day or date.today(), anchors=anchors, recent=recent)
        if none and failures.count == count:
            failures.add(place, "no patients in it")

    shown = frozenset(wanted or ANSWERS)
    if form == "html":
        from protoparse.cli.screened import page_of

        write(out, page_of([_listed(*one, shown) for one in screened()], documents), failures)
    elif form == "json":
        _json(screened(), shown, out, failures)
    elif out == options.STDOUT:
        _table(screened(), documents, shown, top, quiet, None)
    else:
        text = io.StringIO()
        _table(screened(), documents, shown, top, quiet, text)
        write(out, text.getvalue(), failures)
    return failures.code


@contextmanager
def _kept() -> Iterator[None]:
    """What is made meanwhile is not looked over for what is no more needed: it stays, and is much."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _documents(name: str, failures: Failures) -> list[Document]:
    """The criteria of each trial; one without a number goes by its file."""
    from msgspec.structs import replace

    found = named(list(criteria(name, failures)), failures)
    return [
        one.document if one.document.trial.id else replace(one.document, trial=replace(one.document.trial, id=key))
        for key, one in found.items()
    ]


def _placed(place: str, error: str) -> tuple[str, str]:
    """Where an error is, as exactly as it says, and its cause."""
    if error.startswith(str(Path(place))):
        there, colon, cause = error.partition(": ")
        if colon:
            return there, cause
    return place, error


def _chosen(answers: Answers, shown: frozenset[str], places: Iterable[int]) -> Iterator[tuple[int, Screening]]:
    """What the trials at some places of the index say, where theirs is one of some answers."""
    return ((n, answers.details(n)) for n in places if answers.answers[n] in shown)


def _listed(patient: Patient, answers: Answers, shown: frozenset[str]) -> Screened:
    from protoparse.cli.screened import Screened

    return Screened(patient, Counter(answers.answers), tuple(_chosen(answers, shown, answers.ranked())))


def _json(screened: Iterator[tuple[Patient, Answers]], shown: frozenset[str], out: str, failures: Failures) -> None:
    """A line for each patient and trial: as they are found to standard output, to a file whole or not at all."""
    import msgspec

    from protoparse.cli.outputs import write
    from protoparse.screen import plain

    encode = msgspec.json.Encoder().encode
    lines = (
        encode(plain(screening)) + b"\n"
        for _, answers in screened
        for _, screening in _chosen(answers, shown, range(len(answers.answers)))
    )
    if out == options.STDOUT:
        sys.stdout.buffer.writelines(lines)
    else:
        write(out, b"".join(lines).decode(), failures)


# ------------------------------------------------------------------ the table


def _table(
    screened: Iterator[tuple[Patient, Answers]],
    documents: Sequence[Document],
    shown: frozenset[str],
    top: int,
    quiet: bool,
    file: IO[str] | None,
) -> None:
    from rich.console import Console
    from rich.text import Text

    from protoparse.screen.telling import reason

    console = Console(file=file, highlight=False, soft_wrap=True)
    for patient, answers in screened:
        counts: Counter[str] = Counter(answers.answers)
        told = ", ".join(f"{counts[answer]} {answer}" for answer in ANSWERS if counts[answer])
        if len(documents) == 1:
            told = answers.answers[0]
        lived = [f"{verb} {day}" for verb, day in (("born", patient.birth), ("died", patient.death)) if day]
        who = f"{one_line(patient.id)} ({', '.join([patient.sex or 'sex unknown', *lived])})"
        console.print(Text(f"{who} on {answers.day}: {told}", "bold"))
        for note in () if quiet else patient.notes:
            console.print(Text(f"  note: {one_line(note.message)}", "dim"))
        for n, screening in islice(_chosen(answers, shown, answers.ranked()), top or None):
            if len(documents) == 1:
                _criteria(console, screening)
                continue
            why = one_line(reason(screening, documents[n].text))
            line = f"  {one_line(screening.trial or ''):<12} {screening.answer:<13}{why}"
            console.print(Text(line.rstrip(), _STYLES[screening.answer]))
        more = sum(counts[answer] for answer in shown) - top
        if top and more > 0:
            console.print(Text(f"  … and {more} more (--top 0 shows all)", "dim"))


def _criteria(console: Console, screening: Screening) -> None:
    from rich.text import Text

    from protoparse.render import render
    from protoparse.screen.telling import told, walk

    if screening.died:
        console.print(Text(f"  died {screening.died}: nobody who is dead takes part", "red"))
    for verdict in walk(screening.verdicts):
        rule = verdict.criterion.rule
        words = "(not understood)" if rule is None and not verdict.children else render(rule) if rule else "…"
        style = {True: "green", False: "red", None: "yellow"}[verdict.passed]
        console.print(Text(f"  {_SIGNS[verdict.passed]} {verdict.criterion.id}: {one_line(words)}", style))
        for decision in verdict.decisions:
            console.print(Text(f"      {one_line(told(decision))}", "dim"))
        if verdict.unread and rule is not None:
            console.print(Text("      part of it was not understood: read it", "dim"))
    for group, answer in screening.groups.items():
        console.print(Text(f"  {one_line(group)}: {answer}", _STYLES[answer]))
    asks = {"could rule out": screening.to_exclude, "would let in, all together": screening.to_include}
    if screening.to_exclude == screening.to_include:
        asks = {"could rule out, one by one, or let in, all together": screening.to_include}
    for label, asked in asks.items():
        if asked:
            console.print(Text(f"  what {label}:", "bold"))
            for question in asked:
                waiting = f"  [{', '.join(question.criteria)}]" if question.criteria else ""
                console.print(Text(f"    {one_line(question.asks)}{waiting}"))
