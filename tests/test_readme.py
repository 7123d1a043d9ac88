"""README.md and the pages of docs/ are run: their commands and their Python give what stands below them.

A block behind `<!-- file: NAME -->` is a file that the commands find; one behind `<!-- part of: NAME -->` is JSON that
is found in what that file parses to; one behind `<!-- not run -->` is only read; one behind `<!-- served -->` is run in
test_serve.py, beside a service.
`python -m tests.test_readme --write` puts in what commands and Python give today, for review. A page's Python is one
session: a block knows the names of those above it. The columns of the tables, and what each target of an export can
hold, are put in between their marks.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import protoparse
from protoparse.evaluate.judgements import Rate
from protoparse.export.tables import TABLES
from protoparse.grammar.canonical import read

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.M | re.S)

ENGLISH = ROOT / "docs" / "english.md"
COLUMNS = re.compile(r"(?<=<!-- made from export.tables -->\n).*?(?=<!-- end -->)", re.S)
FIGURES = re.compile(r"(?<=<!-- made from corpus/figures.json -->\n).*?(?=<!-- end -->)", re.S)
MEASURED = ("outline", "fact", "domain", "value", "window", "polarity", "rule logic", "meaning", "rule exact")
READ = {"car-t-lymphoid", "healthy-volunteers", "heart-failure", "solid-tumour", "type-2-diabetes"}
"""The listings of the corpus that were at hand while the parser was made; the others were written blind."""
HELD = re.compile(r"(?<=<!-- made from the exporters -->\n).*?(?=<!-- end -->)", re.S)


@dataclass(frozen=True)
class Block:
    """A block of a page, with what is marked above it."""

    page: Path
    language: str
    mark: str | None
    body: str

    def __str__(self) -> str:
        return f"{self.page.stem}: {self.body.splitlines()[0].lstrip('$> ')[:40]}"


def blocks(page: Path) -> list[Block]:
    return [Block(page, b["language"], b["mark"], b["body"]) for b in BLOCK.finditer(page.read_text("utf-8"))]


BLOCKS = [block for page in PAGES for block in blocks(page)]


def marked(page: Path, mark: str) -> Iterator[tuple[str, str]]:
    for block in BLOCKS:
        if block.page == page and (block.mark or "").startswith(mark):
            yield (block.mark or "").removeprefix(mark), block.body


def to_run(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language and block.mark is None]


def lay_out(page: Path, folder: Path) -> None:
    for name, content in marked(page, "file: "):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")


def session(block: Block, folder: Path) -> str:
    """The console session that the commands of a block give in a folder with its page's files."""
    lay_out(block.page, folder)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    lines = []
    for command in re.findall(r"^\$ (.+)$", block.body, re.M):
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True
        )
        lines += [f"$ {command}", (done.stdout + done.stderr).rstrip()]
    return "\n".join(lines) + "\n"


class Transcript(doctest.DocTestRunner):
    """Runs examples and keeps what each gave, as it would stand in the README."""

    def __init__(self) -> None:
        super().__init__(verbose=False)
        self.lines: list[str] = []

    def _keep(self, example: doctest.Example, got: str) -> None:
        first, *more = example.source.rstrip("\n").split("\n")
        self.lines += [f">>> {first}", *(f"... {line}" for line in more), *got.splitlines()]

    def report_success(self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        self._keep(example, got)

    def report_failure(self, out: Any, test: doctest.DocTest, example: doctest.Example, got: str) -> None:
        self._keep(example, got)


def examples(block: Block, names: dict[str, Any]) -> doctest.DocTest:
    return doctest.DocTestParser().get_doctest(block.body, names, block.page.name, str(block.page), 0)


def python_of(page: Path) -> list[Block]:
    return [block for block in to_run("pycon") if block.page == page]


@pytest.mark.parametrize("block", to_run("console"), ids=str)
def test_commands_give_what_stands_below_them(block: Block, tmp_path: Path) -> None:
    assert session(block, tmp_path) == block.body


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_gives_what_stands_below_it(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(page, tmp_path)
    monkeypatch.chdir(tmp_path)
    outcome: list[str] = []
    names: dict[str, Any] = {}
    for block in python_of(page):
        test = examples(block, names)
        assert doctest.DocTestRunner().run(test, out=outcome.append, clear_globs=False).failed == 0, outcome
        names = test.globs


def holds(found: Any, part: Any) -> bool:
    """Whether a value has all that a part of it has."""
    if isinstance(part, dict):
        return isinstance(found, dict) and all(name in found and holds(found[name], part[name]) for name in part)
    return bool(found == part)


def anywhere(found: Any) -> Iterator[Any]:
    yield found
    for below in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from anywhere(below)


def test_the_json_is_what_the_file_parses_to() -> None:
    parts = [(page, *part) for page in PAGES for part in marked(page, "part of: ")]
    assert parts
    for page, name, body in parts:
        document = json.loads(protoparse.dump(protoparse.parse(dict(marked(page, "file: "))[name])))
        assert any(holds(found, json.loads(body)) for found in anywhere(document))


def test_something_is_run() -> None:
    assert to_run("console")
    assert to_run("pycon")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def columns() -> str:
    """The tables of `protoparse.export.tables`, each as a table of what stands in its columns."""
    lines = [""]
    for table, found in TABLES.items():
        lines += [f"## {table}", "", "| column | type | |", "| --- | --- | --- |"]
        lines += [f"| `{column.name}` | {column.type} | {column.says} |" for column in found]
        lines.append("")
    return "\n".join(lines) + "\n"


def test_the_columns_of_the_tables_are_listed() -> None:
    assert [listed for page in PAGES for listed in COLUMNS.findall(page.read_text("utf-8"))] == [columns()]


def what_each_target_can_hold() -> str:
    """The table of docs/exports.md, made by exporting a listing for each of its rows."""
    import probes

    return probes.table()


def test_what_each_target_can_hold_is_listed() -> None:
    found = [listed for page in PAGES for listed in HELD.findall(page.read_text("utf-8"))]
    assert found == [what_each_target_can_hold()]


def figures() -> str:
    """The table of docs/figures.md, added up from the figures that the gate keeps."""
    kept = json.loads((ROOT / "corpus" / "figures.json").read_text("utf-8"))

    def cells(measure: str, names: set[str]) -> str:
        found = [kept[name][measure] for name in names if measure in kept[name]]
        rate = Rate(**dict(zip(Rate.__struct_fields__, map(sum, zip(*found, strict=True)), strict=True)))
        return f"{100 * rate.f1:.1f} | {rate.gold}"

    lines = ["", "| measure | at hand, 5 | | blind, 10 | |", "| --- | ---: | ---: | ---: | ---: |"]
    lines += [f"| `{name}` | {cells(name, READ)} | {cells(name, kept.keys() - READ)} |" for name in MEASURED]
    return "\n".join([*lines, "", ""])


def test_the_figures_are_those_of_the_corpus() -> None:
    assert [listed for page in PAGES for listed in FIGURES.findall(page.read_text("utf-8"))] == [figures()]


def test_the_figures_at_the_front_are_those_of_the_table() -> None:
    blind = {name: float(f1) for name, f1 in re.findall(r"^\| `(.+?)` \|.*\| ([\d.]+) \| \d+ \|$", figures(), re.M)}
    front = " ".join((ROOT / "README.md").read_text("utf-8").split())
    for measure, said in (("fact", "of the facts"), ("value", "of their values"), ("window", "of their windows")):
        assert f"{blind[measure]:.0f} % {said}" in front
    assert f"{blind['rule exact']:.0f} % of 315 rules" in front


def test_every_field_of_the_format_is_told() -> None:
    page = (ROOT / "docs" / "format.md").read_text("utf-8")
    schema = json.loads((ROOT / "docs" / "criteria.schema.json").read_text("utf-8"))
    told = {word for code in re.findall(r"`([^`\n]+)`", page) for word in re.findall(r"\w+", code)}
    fields = {field for record in schema["$defs"].values() for field in record.get("properties", {})}
    words = {word for record in schema["$defs"].values() for word in choices(record)}
    assert fields | words <= told, (fields | words) - told


def choices(schema: Any) -> Iterator[str]:
    """The words that a field may have, wherever they are listed below."""
    for part in anywhere(schema):
        if isinstance(part, dict) and isinstance(part.get("enum"), list):
            yield from (word for word in part["enum"] if isinstance(word, str) and re.fullmatch(r"\w+", word))


def test_the_canonical_english_reads_back() -> None:
    lines = [line for block in blocks(ENGLISH) if block.language == "text" for line in block.body.splitlines()]
    assert len(lines) > 30
    for line in lines:
        rule = read(line)
        assert rule is not None, line
        assert protoparse.render(rule) == line


def rewritten(page: Path) -> str:
    """The page with what its commands and its Python give today, the columns of the tables, and what targets hold."""
    text = COLUMNS.sub(lambda _: columns(), page.read_text("utf-8"))
    text = FIGURES.sub(lambda _: figures(), text)
    text = HELD.sub(lambda _: what_each_target_can_hold(), text)
    for block in to_run("console"):
        if block.page == page:
            with tempfile.TemporaryDirectory() as place:
                text = text.replace(block.body, session(block, Path(place)))
    names: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place, chdir(place):
        lay_out(page, Path(place))
        for block in python_of(page):
            transcript, test = Transcript(), examples(block, names)
            transcript.run(test, clear_globs=False)
            names = test.globs
            text = text.replace(block.body, "\n".join([*transcript.lines, "", ""]))
    return text


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parent))
    if sys.argv[1:] != ["--write"]:
        sys.exit("python -m tests.test_readme --write")
    for written in PAGES:
        written.write_text(rewritten(written), "utf-8")
