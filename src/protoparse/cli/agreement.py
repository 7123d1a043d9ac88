"""`protoparse agreement`: two annotators' gold, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from protoparse.cli import options
from protoparse.cli.couples import couples
from protoparse.cli.failures import Failures, counted

if TYPE_CHECKING:
    from protoparse.evaluate.annotators import Agreement


@click.command("agreement")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--list", "listing", is_flag=True, help="List every disagreement with its text.")
@options.written("--json", "Write figures and disagreements as JSON.")
@options.written("--csv", "Write the figures, or with --list the disagreements, as CSV.")
@options.quiet
@options.debug
def command(first: str, second: str, listing: bool, json: str | None, csv: str | None, quiet: bool, debug: bool) -> int:
    """Tell how far two annotators agree.

    A and B are gold of two people over the same texts: folders of gold (source.* and criteria.yaml), criteria JSON
    files, folders of either, or - for standard input. Trials are matched by their number, else by the name of folder or
    file.

    \b
    Examples:
      protoparse agreement anna/ ben/
      protoparse agreement anna/ ben/ --list | less
      protoparse agreement anna/NCT01234567/criteria.yaml ben.json --json - | jq .kappas.domain

    F1 is the share of what either has that both have, the same whoever is first. Kappa corrects for chance; it is of
    decisions where both had the same thing before them, named beside it, and "-" where both always answered the same.

    Exit code: 0 compared, 1 something could not be read or has no partner (one line each, the rest is done).
    """
    from protoparse.cli.outputs import write
    from protoparse.evaluate.annotators import agreement

    failures = Failures(debug=debug)
    matched = []
    with failures.of(f"{first}, {second}"):
        matched = couples(first, second, failures)
    fit = []
    for couple in matched:
        if couple.first.text == couple.second.text:
            fit.append(couple)
        else:
            failures.add(couple.name, "the two are over different texts: their places cannot be compared")
    if not fit:
        return failures.code
    found = agreement(fit)
    if json is not None:
        write(json, _json(found), failures)
    if csv is not None:
        write(csv, _csv(found, listing=listing), failures)
    if not quiet and options.STDOUT not in (json, csv):
        click.echo(_table(found, first, second))
        if listing:
            click.echo(_listed(found))
    return failures.code


def _table(found: Agreement, first: str, second: str) -> str:
    texts, differing = counted(len(found.texts), "text"), counted(len(found.disagreements), "disagreement")
    lines = [
        f"A {first}, B {second}: {texts}, {differing}",
        "",
        f"{'':16}{'in A':>7}{'also B':>8}{'in B':>7}{'also A':>8}{'F1':>8}",
    ]
    for name, of in found.measures.items():
        if of.f1 is not None:
            counts = f"{of.first:7}{of.shared_first:8}{of.second:7}{of.shared_second:8}"
            lines.append(f"{name:16}{counts}{of.f1:8.3f}")
    lines += ["", f"{'':16}{'units':>7}{'alike':>8}{'kappa':>8}   over"]
    for name, kappa in found.kappas.items():
        if kappa.units:
            said = "-" if kappa.kappa is None else f"{kappa.kappa:.3f}"
            lines.append(f"{name:16}{kappa.units:7}{kappa.alike:8}{said:>8}   {kappa.over}")
    return "\n".join(lines)


def _listed(found: Agreement) -> str:
    lines = []
    above = None
    for d in found.disagreements:
        if (head := (d.name, d.criterion, d.text)) != above:
            lines += ["", f"{d.name} {d.criterion}: {d.text}"]
            above = head
        lines.append(f"  {d.measure}: A {d.first or '-'} | B {d.second or '-'}")
    return "\n".join(lines)


def _json(found: Agreement) -> str:
    import msgspec

    made = msgspec.to_builtins(found)
    for name, of in found.measures.items():
        made["measures"][name]["f1"] = of.f1
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n"


def _csv(found: Agreement, *, listing: bool) -> str:
    import csv
    import io

    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    if listing:
        rows.writerow(("name", "criterion", "measure", "start", "end", "text", "a", "b"))
        for d in found.disagreements:
            start, end = d.span or ("", "")
            rows.writerow((d.name, d.criterion, d.measure, start, end, d.text, d.first, d.second))
        return out.getvalue()
    rows.writerow(("measure", "over", "in_a", "also_b", "in_b", "also_a", "f1", "units", "alike", "kappa"))
    for name, of in found.measures.items():
        rows.writerow((name, "", of.first, of.shared_first, of.second, of.shared_second, _figure(of.f1), "", "", ""))
    for name, kappa in found.kappas.items():
        figures = kappa.units, kappa.alike, _figure(kappa.kappa)
        rows.writerow((name, kappa.over, "", "", "", "", "", *figures))
    return out.getvalue()


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6f}"
