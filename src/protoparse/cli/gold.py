"""`protoparse gold`: criteria written by hand, drafted from a parse, built into criteria JSON, and looked over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protoparse.cli import options
from protoparse.cli.failures import Failures, counted, one_line
from protoparse.cli.inputs import STDIN, gather
from protoparse.errors import InputError

if TYPE_CHECKING:
    from protoparse.model import Document, Note

YAML, JSON = "criteria.yaml", "criteria.json"

_LOOSE = click.option(
    "--text", "source", type=click.Path(dir_okay=False, path_type=Path), metavar="SOURCE",
    help="The eligibility text that a loose YAML file quotes, in any container that `protoparse parse` reads.",
)  # fmt: skip


@click.group("gold")
def group() -> None:
    """Write criteria by hand: draft, build and look over gold.

    Gold says what a careful reader takes from a text. It is YAML that quotes the text; the builder looks up every place
    and refuses a quote that is not there. docs/gold.md is the guide for those who write it.

    \b
    Examples:
      protoparse gold new trial.html --out gold/    a folder with the source and a draft to correct
      protoparse gold build gold/                   criteria.json from every criteria.yaml
      protoparse gold check gold/                   up to date? anything worth a second look?
      protoparse agreement anna/ ben/               where two readers differ
    """


@group.command()
@click.argument("inputs", metavar="FOLDER...", nargs=-1, required=True)
@_LOOSE
@options.container
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Where --text's goes.")
@options.debug
def build(inputs: tuple[str, ...], source: Path | None, container: str, out: Path | None, debug: bool) -> int:
    """Build criteria JSON from gold.

    A FOLDER holds source.* and criteria.yaml and gets criteria.json; in a folder of folders, each does. With --text,
    the one input is a YAML file (- for standard input), and the JSON goes to --out or to standard output.

    \b
    Examples:
      protoparse gold build corpus/solid-tumour
      protoparse gold build criteria.yaml --text trial.txt --out criteria.json

    What does not build is one line, `protoparse: <file>: line <n>: <item>: <cause>`, and the exit code is then 1.
    """
    from protoparse.evaluate.gold.building import build_folder, build_over
    from protoparse.model import dump

    failures = Failures(debug=debug)
    if source is not None:
        with failures.of(_loose(inputs)):
            data = dump(build_over(_text(inputs[0]), source, container=container), indent=1) + b"\n"
            if out is None:
                sys.stdout.buffer.write(data)
            else:
                out.write_bytes(data)
        return failures.code
    if out is not None:
        raise click.UsageError("--out goes with --text: in a folder, the JSON is beside the YAML")
    for folder in _folders(inputs, failures):
        with failures.of(str(folder / YAML)):
            (folder / JSON).write_bytes(dump(build_folder(folder), indent=1) + b"\n")
    return failures.code


@group.command()
@click.argument("inputs", metavar="FOLDER...", nargs=-1, required=True)
@_LOOSE
@options.container
@click.option("--strict", is_flag=True, help="Exit with 1 where there are warnings, too.")
@options.debug
def check(inputs: tuple[str, ...], source: Path | None, container: str, strict: bool, debug: bool) -> int:
    """Look over gold: does it build, is criteria.json up to date, and is anything doubtful?

    A YAML that does not build and a criteria.json that is out of date or missing are errors: one line each on standard
    error, exit code 1. What is only worth a second look is a warning, one line each on standard output: text that no
    item has, a limit that is printed and not in the rule, a very long concept, "A or B" under an `all`, and the like.

    \b
    Examples:
      protoparse gold check corpus/ --strict
      protoparse gold check criteria.yaml --text trial.txt
    """
    from protoparse.evaluate.gold.building import build_folder, build_over
    from protoparse.model import dump

    failures = Failures(debug=debug)
    checked = warned = 0
    if source is not None:
        checked += 1
        with failures.of(_loose(inputs)):
            yaml_text = _text(inputs[0])
            warned += _warn(build_over(yaml_text, source, container=container), inputs[0], yaml_text)
    else:
        for folder in _folders(inputs, failures):
            checked += 1
            with failures.of(str(folder / YAML)):
                document = build_folder(folder)
                warned += _warn(document, str(folder / YAML), (folder / YAML).read_text("utf-8"))
                target = folder / JSON
                if not target.exists():
                    failures.add(str(target), "not built yet: protoparse gold build")
                elif target.read_bytes() != dump(document, indent=1) + b"\n":
                    failures.add(str(target), "out of date: protoparse gold build")
    click.echo(f"{checked} checked, {counted(failures.count, 'error')}, {counted(warned, 'warning')}")
    return failures.code or int(strict and warned > 0)


@group.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True)
@options.container
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Make a folder of gold for each trial here."
)
@options.concepts
@options.debug
def new(inputs: tuple[str, ...], container: str, out: Path | None, concepts: str, debug: bool) -> int:
    """Draft gold from a parse, for a person to correct.

    INPUT is as in `protoparse parse`; a criteria JSON is drafted as it is. Above each item stand its words, and
    `# unread:` what the parser left unread. The draft builds to what was parsed: it is right where the parser is, and
    no further. Without --out, the YAML of a single trial goes to standard output.

    \b
    Examples:
      protoparse gold new trial.html --out gold/      gold/NCT01234567/source.html and criteria.yaml
      protoparse gold new - --from text < trial.txt > criteria.yaml

    A criteria.yaml that is there already is never written over.
    """
    from protoparse.cli.reading import documents, parser_of
    from protoparse.evaluate.gold.drafting import draft

    failures = Failures(debug=debug)
    parser = parser_of(concepts, ())
    written = 0
    for source in gather(inputs, failures, besides=out):
        found = list(documents(source, container, failures, parser, criteria_too=True))
        for document in found:
            with failures.of(source.name):
                yaml = draft(document)
                if out is not None:
                    data = source.path.read_bytes() if source.path is not None and len(found) == 1 else None
                    suffix = source.path.suffix if data is not None and source.path is not None else ".txt"
                    _lay(out, document, source.stem, yaml, (data, suffix))
                elif written:
                    raise InputError("several trials: give --out, a folder for each")
                else:
                    sys.stdout.buffer.write(yaml.encode())
                written += 1
    return failures.code


def _lay(out: Path, document: Document, stem: str, yaml: str, given: tuple[bytes | None, str]) -> None:
    """Make a folder of gold: the source as it was given, or its text where it is one of several, and the draft."""
    from protoparse.cli.outputs import file_stem
    from protoparse.model import FORMAT

    data, suffix = given
    if data is None or FORMAT.encode() in data[:200]:
        data, suffix = document.text.encode(), ".txt"
    folder = out / file_stem(document.trial.id or stem)
    if (folder / YAML).exists():
        raise InputError(f"{folder / YAML} is there already")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"source{suffix}").write_bytes(data)
    (folder / YAML).write_text(yaml, "utf-8")


def _loose(inputs: tuple[str, ...]) -> str:
    if len(inputs) != 1:
        raise click.UsageError("--text is for one YAML file")
    return inputs[0]


def _text(name: str) -> str:
    """The words of a file, or of standard input for "-"."""
    data = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeError as error:
        raise InputError(str(error)) from None


def _folders(inputs: tuple[str, ...], failures: Failures) -> Iterator[Path]:
    """The folders with a criteria.yaml: those named, and those below them."""
    for name in inputs:
        folder = Path(name)
        if not folder.is_dir():
            failures.add(name, f"{'no folder' if folder.exists() else 'no such folder'}; a YAML file goes with --text")
            continue
        found = [folder] if (folder / YAML).exists() else sorted(file.parent for file in folder.rglob(YAML))
        if not found:
            failures.add(name, f"a folder without {YAML}")
        yield from found


def _warn(document: Document, file: str, yaml_text: str) -> int:
    """Print what is doubtful in a document, a line each, and say how many there are."""
    from protoparse.evaluate.gold.building import lines
    from protoparse.evaluate.gold.doubting import doubts

    found = doubts(document)
    numbers = lines(yaml_text) if found else {}
    for note in found:
        click.echo(one_line(f"{file}: {_place(note, document, numbers)}warning: {note.message} [{note.code}]"))
    return len(found)


def _place(note: Note, document: Document, numbers: dict[str, int]) -> str:
    """The line of the innermost item that a note is about."""
    from protoparse.model import walk

    if note.span is None:
        return ""
    start, end = note.span
    within = [c for c in walk(document.criteria) if c.span[0] <= start and end <= c.span[1]]
    return f"line {numbers[within[-1].id]}: {within[-1].id}: " if within else ""
