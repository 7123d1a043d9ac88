"""README.md is run: its commands and its Python give what stands below them.

A block behind `<!-- file: NAME -->` is a file that the commands find; one behind `<!-- part of: NAME -->` is JSON that
is found in what that file parses to; one behind `<!-- not run -->` is only read.
`python -m tests.test_readme --write` puts in what commands and Python give today, for review.
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
from pathlib import Path
from typing import Any

import pytest

import protoparse

README = Path(__file__).parents[1] / "README.md"
BLOCK = re.compile(r"(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$", re.M | re.S)
BLOCKS = list(BLOCK.finditer(README.read_text("utf-8")))


def marked(mark: str) -> Iterator[tuple[str, str]]:
    for block in BLOCKS:
        if (block["mark"] or "").startswith(mark):
            yield block["mark"].removeprefix(mark), block["body"]


def to_run(language: str) -> list[re.Match[str]]:
    return [block for block in BLOCKS if block["language"] == language and block["mark"] is None]


def session(body: str, folder: Path) -> str:
    """The console session that the commands of a block give in a folder with the README's files."""
    for name, content in marked("file: "):
        (folder / name).write_text(content, "utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    lines = []
    for command in re.findall(r"^\$ (.+)$", body, re.M):
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


def examples(body: str) -> doctest.DocTest:
    return doctest.DocTestParser().get_doctest(body, {}, "README", str(README), 0)


@pytest.mark.parametrize("block", to_run("console"), ids=lambda block: block["body"].split("\n")[0][2:40])
def test_commands_give_what_stands_below_them(block: re.Match[str], tmp_path: Path) -> None:
    assert session(block["body"], tmp_path) == block["body"]


@pytest.mark.parametrize("block", to_run("pycon"), ids=lambda block: block["body"].split("\n")[0][4:40])
def test_python_gives_what_stands_below_it(block: re.Match[str]) -> None:
    outcome: list[str] = []
    assert doctest.DocTestRunner().run(examples(block["body"]), out=outcome.append).failed == 0, outcome


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
    files = dict(marked("file: "))
    parts = list(marked("part of: "))
    assert parts
    for name, body in parts:
        document = json.loads(protoparse.dump(protoparse.parse(files[name])))
        assert any(holds(found, json.loads(body)) for found in anywhere(document))


def test_something_is_run() -> None:
    assert to_run("console")
    assert to_run("pycon")


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README.read_text("utf-8")):
        assert (README.parent / target).exists(), target


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("python -m tests.test_readme --write")
    text = README.read_text("utf-8")
    for found in to_run("console"):
        with tempfile.TemporaryDirectory() as place:
            text = text.replace(found["body"], session(found["body"], Path(place)))
    for found in to_run("pycon"):
        transcript = Transcript()
        transcript.run(examples(found["body"]))
        text = text.replace(found["body"], "\n".join([*transcript.lines, "", ""]))
    README.write_text(text, "utf-8")
