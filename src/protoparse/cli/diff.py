"""`protoparse diff`: what two versions of a trial, or two parses, say differently, for the eye, as JSON or a page."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from protoparse.cli import options
from protoparse.cli.couples import Couple, couples
from protoparse.cli.failures import Failures, counted
from protoparse.cli.reading import parser_of

if TYPE_CHECKING:
    from rich.console import Console

    from protoparse.diff import Change, Diff, Difference
    from protoparse.strictness import Direction

SAME, DIFFERENT, TROUBLE = 0, 1, 2
SIGNS = {"lost": "-", "gained": "+", "changed": "~", "recoded": "#", "reworded": "=", "moved": ">"}
DIRECTIONS = ("tightened", "loosened", "same")
WAYS = {
    "tightened": "tightened",
    "loosened": "loosened",
    "same": "asking the same",
    None: "either way",
}
STYLES = {
    "lost": "red",
    "gained": "green",
    "changed": "yellow",
    "recoded": "magenta",
    "reworded": "cyan",
    "moved": "blue",
}


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@options.written("--json", "Write the differences as JSON.")
@options.written("--html", "Write them as one page that can be filtered and asks for nothing (extra `evaluate`).")
@options.quiet
@options.debug
def command(old: str, new: str, json: str | None, html: str | None, quiet: bool, debug: bool) -> int:
    """Tell what two versions of a trial, or two parses of it, say differently.

    OLD and NEW are criteria JSON, or what `protoparse parse` reads: files, folders (trials are matched by their number,
    else by file), or - for standard input. They may be two versions of a trial, whose texts differ, or two versions of
    the parser over one text.

    \b
    Examples:
      protoparse diff 2023.json 2025.json             a trial that was amended
      protoparse diff 2023.html 2025.html             the same, parsed first
      protoparse diff before/ after/                  a folder parsed by two versions
      protoparse parse trial.html | protoparse diff trial.json -
      protoparse diff before/ after/ --html changes.html -q

    Each criterion that differs is shown with its words, `-` what was read before, `+` what is read now, and what it is
    that changed. It is lost or gained (it, or its rule), changed (it says something else), recoded (other names or
    codes alone), reworded (it says the same) or moved. One that has only another number is the same. Where it can be
    told, a difference is tightened (the trial takes fewer people by it) or loosened (it takes more).

    Exit code, as of diff: 0 no difference, 1 differences, 2 trouble: something cannot be read or has no partner.
    """
    from protoparse.cli.outputs import write
    from protoparse.diff import diff

    failures = Failures(debug=debug)
    matched: list[Couple] = []
    with failures.of(f"{old}, {new}"):
        matched = couples(old, new, failures, parser=parser_of("model", ()))
    found: list[tuple[Couple, Diff]] = []
    for couple in matched:
        with failures.of(couple.name):
            found.append((couple, diff(couple.first, couple.second)))
    if html is not None:
        with failures.of(html):
            write(html, _page(found, old, new), failures)
    if json is not None:
        write(json, _json(found), failures)
    if not quiet and options.STDOUT not in (json, html):
        _show(found)
    if failures.count:
        return TROUBLE
    return DIFFERENT if any(d.differences or d.trial for _, d in found) else SAME


# ------------------------------------------------------------------ for the eye


def _show(found: list[tuple[Couple, Diff]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for couple, of in found:
        if not (of.differences or of.trial):
            continue
        counts = ", ".join(f"{number} {status}" for status, number in of.counts().items() if number)
        _line(console, Text(f"{couple.name}: {counts or 'fields alone'}, {of.same} the same", "bold"))
        for change in of.trial:
            _line(console, Text(f"  {_said(change)}{_way(change.direction)}"))
        for d in of.differences:
            _difference(console, d)
        _line(console, Text())
    differing = [of for _, of in found if of.differences or of.trial]
    if differing:
        ways = Counter[str | None]()
        for of in differing:
            ways.update(of.directions())
        told = [f"{ways[way]} {says}" for way, says in WAYS.items() if ways[way]]
        _line(console, Text(f"{len(differing)} of {counted(len(found), 'trial')} changed: {', '.join(told)}", "bold"))


def _way(direction: Direction | None) -> str:
    """Which way a difference goes, behind what it is."""
    return f", {direction}" if direction in ("tightened", "loosened") else ""


def _difference(console: Console, d: Difference) -> None:
    from rich.text import Text

    style = STYLES[d.status]
    number = d.old if d.new is None else d.new if d.old in (None, d.new) else f"{d.new} (was {d.old})"
    head = Text(f"{SIGNS[d.status]} {d.status} {number}{_way(d.direction)}:", style)
    if d.old_words == d.new_words or d.old_words is None or d.new_words is None:
        _line(console, head + Text(f" {d.new_words or d.old_words or '…'}", "default"))
    else:
        _line(console, head)
        _line(console, Text(f"    {d.old_words}", "dim"))
        _line(console, Text(f"    {d.new_words}"))
    if (d.old_rule or "").lower() != (d.new_rule or "").lower():
        for sign, rule, of in (("-", d.old_rule, "red"), ("+", d.new_rule, "green")):
            if rule is not None:
                _line(console, Text(f"    {sign} {rule}", of))
    for change in d.changes:
        if change.what != "rule":
            _line(console, Text(f"      {_said(change)}", style))


def _said(change: Change) -> str:
    of = "" if change.of is None else f"{change.of}: "
    if change.old is None or change.new is None:
        sign, words = ("+", change.new) if change.old is None else ("-", change.old)
        return f"{of}{sign} {change.what} {words}"
    return f"{of}{change.what} {change.old} → {change.new}"


def _line(console: Console, line: object) -> None:
    console.print(line, soft_wrap=not console.is_terminal)


# ------------------------------------------------------------------ for programs


def _json(found: list[tuple[Couple, Diff]]) -> str:
    import msgspec

    made = [
        {
            "name": couple.name,
            "direction": of.direction,
            "counts": of.counts(),
            "same": of.same,
            "trial": of.trial,
            "differences": of.differences,
        }
        for couple, of in found
    ]
    return msgspec.json.format(msgspec.json.encode({"trials": made}), indent=2).decode() + "\n"


# ------------------------------------------------------------------ as a page


def _page(found: list[tuple[Couple, Diff]], old: str, new: str) -> str:
    from protoparse.diff import STATUSES
    from protoparse.errors import ProtoparseError
    from protoparse.pages import Facet, Item, listing

    try:
        from protoparse.pages import page
    except ImportError:
        raise ProtoparseError("a page needs Jinja2: pip install 'protoparse[evaluate]'") from None
    documents: list[tuple[str, str]] = []
    items: list[Item] = []
    for couple, of in found:
        number = len(documents)
        two = couple.first.text != couple.second.text
        documents.append((couple.name, couple.second.text))
        if two:
            documents.append((f"{couple.name}, before", couple.first.text))
        for d in of.differences:
            gone = d.new_span is None
            items.append(
                Item(
                    document=number + 1 if gone and two else number,
                    span=d.old_span if gone else d.new_span,
                    place=d.new or d.old,
                    facets={
                        "status": d.status,
                        "direction": d.direction or "not told",
                        "section": d.kind,
                        "what": tuple(dict.fromkeys(change.what for change in d.changes)),
                    },
                    says=tuple(_pairs(d)),
                )
            )
    facets = [
        Facet(key="status", label="Difference", options=STATUSES),
        Facet(key="direction", label="Direction", options=(*DIRECTIONS, "not told")),
        Facet(key="section", label="Section"),
        Facet(key="what", label="What changed"),
    ]
    rows = [
        (couple.name, of.counts(), of.same, [_said(change) + _way(change.direction) for change in of.trial])
        for couple, of in found
    ]
    return page(
        "diff.html",
        title=f"What changed from {old} to {new}",
        statuses=STATUSES,
        rows=rows,
        data=listing(documents, facets, items, tone="status"),
    )


def _pairs(d: Difference) -> list[tuple[str, str]]:
    """What is said of a difference below its words."""
    said = [("words before", d.old_words)] if d.new_words is not None and d.old_words != d.new_words else []
    if d.old_rule == d.new_rule:
        said.append(("rule", d.new_rule))
    else:
        said += [("before", d.old_rule), ("now", d.new_rule)]
    said += [("changed", _said(change)) for change in d.changes if change.what != "rule"]
    return [(label, words) for label, words in said if words]
