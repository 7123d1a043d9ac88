"""`protoparse screen`: who may take part in what, and what is missing to know."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from protoparse.cli import options
from protoparse.cli.couples import criteria
from protoparse.cli.failures import Failures, one_line
from protoparse.cli.outputs import write
from protoparse.errors import ProtoparseError

if TYPE_CHECKING:
    from rich.console import Console

    from protoparse.model import Document
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
        event, _, day = value.partition("=")
        if event not in get_args(Event):
            raise click.BadParameter(f"{event!r} is none of {', '.join(get_args(Event))}")
        anchors[event] = _day(context, parameter, day) or date.min
    return anchors


@click.command("screen")
@click.option(
    "--criteria", "trials", required=True, metavar="PATH",
    help="Criteria JSON: a file, a folder, or documents.ndjson of a batch; - is standard input.",
)  # fmt: skip
@click.option(
    "--patients", "people", required=True, metavar="PATH",
    help="Patients: FHIR bundles or NDJSON, OMOP as a folder of CSV, a DuckDB file or a postgresql:// URL, or JSON of "
    "our own.",
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
    "--complete", multiple=True, metavar="DOMAIN",
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
    complete: tuple[str, ...],
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

    What a record does not say is unknown, never a no: a patient is eligible only where every criterion certainly holds,
    and ineligible only where one certainly does not. For what is open, the questions that would settle it are shown.
    A criterion that was not understood as a whole never lets a patient in.

    Exit code: 0 all done, 1 some input failed (one line each on standard error, the rest is done), 2 wrong usage.
    """
    from protoparse.concepts.terms import TermSource
    from protoparse.screen import Index, patients

    failures = Failures(debug=debug)
    documents = _unique([found.document for found in criteria(trials, failures)])
    if not documents:
        return failures.code or 1
    index = Index(documents, terms=TermSource.read(*terms) if terms else None)
    shown = frozenset(wanted or ANSWERS)

    def broken(error: ProtoparseError) -> None:
        failures.add(people, error)

    def screened() -> Iterator[tuple[Patient, Answers]]:
        try:
            for patient in patients(people, complete=complete, on_error=broken):  # type: ignore[arg-type]
                yield patient, index.screen(patient, day=day or date.today(), anchors=anchors, recent=recent)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    try:
        if form == "html":
            from protoparse.cli.screened import page_of

            write(out, page_of(list(_chosen(screened(), shown)), documents), failures)
        elif form == "json":
            _json(_chosen(screened(), shown), out, failures)
        else:
            _table(screened(), documents, shown, top, out, quiet)
    except ProtoparseError as error:
        failures.add(people, error)
    return failures.code


def _unique(documents: list[Document]) -> list[Document]:
    """The documents, each trial once."""
    found: dict[object, Document] = {}
    for n, document in enumerate(documents):
        found.setdefault(document.trial.id or n, document)
    return list(found.values())


def _chosen(screened: Iterator[tuple[Patient, Answers]], shown: frozenset[str]) -> Iterator[tuple[Patient, Screening]]:
    for patient, answers in screened:
        for n, answer in enumerate(answers.answers):
            if answer in shown:
                yield patient, answers.details(n)


def _json(chosen: Iterator[tuple[Patient, Screening]], out: str, failures: Failures) -> None:
    import msgspec

    from protoparse.screen import plain

    encode = msgspec.json.Encoder().encode
    if out == "-":
        for _, screening in chosen:
            sys.stdout.buffer.write(encode(plain(screening)) + b"\n")
        return
    write(out, b"".join(encode(plain(screening)) + b"\n" for _, screening in chosen).decode(), failures)


# ------------------------------------------------------------------ the table


def _table(
    screened: Iterator[tuple[Patient, Answers]],
    documents: list[Document],
    shown: frozenset[str],
    top: int,
    out: str,
    quiet: bool,
) -> None:
    from rich.console import Console

    if out == "-":
        _lines(Console(highlight=False, soft_wrap=True), screened, documents, shown, top, quiet)
        return
    with Path(out).open("w", encoding="utf-8") as file:
        _lines(Console(file=file, highlight=False, soft_wrap=True), screened, documents, shown, top, quiet)


def _lines(
    console: Console,
    screened: Iterator[tuple[Patient, Answers]],
    documents: list[Document],
    shown: frozenset[str],
    top: int,
    quiet: bool,
) -> None:
    from rich.text import Text

    from protoparse.screen.telling import reason

    for patient, answers in screened:
        counts: Counter[str] = Counter(answers.answers)
        told = ", ".join(f"{counts[answer]} {answer}" for answer in ANSWERS if counts[answer])
        if not quiet:
            born = f", born {patient.birth}" if patient.birth else ""
            console.print(Text(f"{patient.id} ({patient.sex or 'sex unknown'}{born}) on {answers.day}: {told}", "bold"))
            for note in patient.notes:
                console.print(Text(f"  note: {one_line(note.message)}", "dim"))
        if len(documents) == 1:
            if answers.answers[0] in shown:
                _criteria(console, answers.details(0), patient)
            continue
        made = [answers.details(n) for n, answer in enumerate(answers.answers) if answer in shown]
        made.sort(key=lambda s: (ANSWERS.index(s.answer), len(s.to_include)))
        for screening in made[: top or None]:
            line = f"  {screening.trial or '—':<12} {screening.answer:<13}{one_line(reason(screening, patient))}"
            console.print(Text(line, _STYLES[screening.answer]))
        if top and len(made) > top:
            console.print(Text(f"  … and {len(made) - top} more (--top 0 shows all)", "dim"))


def _criteria(console: Console, screening: Screening, patient: Patient) -> None:
    from rich.text import Text

    from protoparse.render import render
    from protoparse.screen.telling import told, walk

    for verdict in walk(screening.verdicts):
        rule = verdict.criterion.rule
        words = "(not understood)" if rule is None and not verdict.children else render(rule) if rule else "…"
        style = {True: "green", False: "red", None: "yellow"}[verdict.passed]
        console.print(Text(f"  {_SIGNS[verdict.passed]} {verdict.criterion.id}: {one_line(words)}", style))
        for decision in verdict.decisions:
            console.print(Text(f"      {one_line(told(decision, patient))}", "dim"))
    for label, asked in (("could rule out", screening.to_exclude), ("would let in", screening.to_include)):
        if asked:
            console.print(Text(f"  what {label}:", "bold"))
            for question in asked:
                console.print(Text(f"    {one_line(question.asks)}  [{', '.join(question.criteria)}]"))
