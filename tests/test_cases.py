"""The case files, `tests/cases/*.txt`: what a phenomenon means, in rows that a clinician can read.

    # what the row is about
    > words of a criterion
    > a second line of the same input
    the rule in canonical English

A blank line ends a row. Each criterion is one line, children indented by two spaces below their parent:

- `exclusion: ` or `inclusion: ` stands before the criteria at the top where a heading of the input says so;
- `[Part B] ` before those of one group alone;
- `-` in place of the English where a criterion has no rule of its own;
- ` {any}`, ` {at least 2}` behind it says how the children count;
- `! words` below it is text that was kept unread.

Every row is two tests: the input parses to these lines, and the English of each line reads back as the same rule.
`make cases` fills in what new rows parse to, for review: `python -m tests.test_cases --write FILE...`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from protoparse.grammar import canonical
from protoparse.model import AtLeastChildren, Criterion, Document, Rule, without_spans
from protoparse.parsing import Parser
from protoparse.render import render

CASES = Path(__file__).parent / "cases"
PARSER = Parser(concepts="lexicon", codes=False)
"""The tables and the grammar alone: a row says what they make of a phenomenon, whatever a tagger has learned.

Codes of the vocabularies have tests of their own, and would only stand in the way here.
"""


@dataclass
class Row:
    """One case: its comments, the input and the lines expected."""

    file: Path
    line: int = 0
    comments: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.source)

    def __str__(self) -> str:
        return "\n".join([*self.comments, *(f"> {line}".rstrip() for line in self.source), *self.expected])


@dataclass
class Line:
    """One line of a result; `english` is what stands between `before` and `behind`."""

    before: str
    english: str = ""
    behind: str = ""
    rule: Rule | None = None

    def __str__(self) -> str:
        return self.before + self.english + self.behind


def read_rows(file: Path) -> Iterator[Row]:
    row = Row(file)
    for number, line in enumerate([*file.read_text("utf-8").split("\n"), ""], 1):
        line = line.rstrip()
        if not line:
            if row.comments or row.source or row.expected:
                yield row
            row = Row(file)
        elif line.startswith("#"):
            row.comments.append(line)
        elif line.startswith(">") and not row.expected:
            row.line = row.line or number
            row.source.append(line[1:].removeprefix(" "))
        elif not line.startswith(">") and row.source:
            row.expected.append(line)
        else:
            raise ValueError(f"{file.name}:{number}: rows are parted by a blank line, and each begins with its input")


def lines(document: Document) -> Iterator[Line]:
    for criterion in document.criteria:
        kind = "" if criterion.kind == "unspecified" else f"{criterion.kind}: "
        yield from _lines(criterion, document.text, kind, "")


def _lines(criterion: Criterion, text: str, kind: str, indent: str) -> Iterator[Line]:
    group = f"[{criterion.group}] " if criterion.group and not indent else ""
    combine = criterion.combine
    how = f"at least {combine.at_least}" if isinstance(combine, AtLeastChildren) else combine
    english = "-" if criterion.rule is None else render(criterion.rule)
    yield Line(f"{indent}{kind}{group}", english, f" {{{how}}}" if how else "", criterion.rule)
    for start, end in criterion.unparsed:
        yield Line(f"{indent}! {' '.join(text[start:end].split())}")
    for child in criterion.children:
        yield from _lines(child, text, "", indent + "  ")


def rows(files: Iterable[Path] | None = None) -> list[Row]:
    return [row for file in (files or sorted(CASES.glob("*.txt"))) for row in read_rows(file) if row.source]


ROWS = [pytest.param(row, id=f"{row.file.stem}:{row.line}") for row in rows()]


@pytest.mark.parametrize("row", ROWS)
def test_parses_to_its_lines(row: Row) -> None:
    assert row.expected, "nothing expected yet: make cases, then review"
    assert [str(line) for line in lines(PARSER.parse(row.text))] == row.expected


@pytest.mark.parametrize("row", ROWS)
def test_reads_back_as_the_same_rule(row: Row) -> None:
    for line, expected in zip(lines(PARSER.parse(row.text)), row.expected, strict=False):
        if line.rule is not None:
            english = expected.removeprefix(line.before).removesuffix(line.behind)
            again = canonical.read(english)
            assert again is not None
            assert without_spans(again) == without_spans(line.rule)


def test_no_input_stands_twice() -> None:
    seen: dict[str, Row] = {}
    for row in rows():
        first = seen.setdefault(row.text, row)
        assert first is row, f"{row.file.name}:{row.line} repeats {first.file.name}:{first.line}"


def write(file: Path) -> int:
    """Fill in the lines of rows that expect nothing yet; how many there were."""
    found = list(read_rows(file))
    fresh = [row for row in found if row.source and not row.expected]
    for row in fresh:
        row.expected = [str(line) for line in lines(PARSER.parse(row.text))]
    if fresh:
        file.write_text("\n\n".join(map(str, found)) + "\n", "utf-8")
    return len(fresh)


if __name__ == "__main__":
    if sys.argv[1:2] != ["--write"] or not sys.argv[2:]:
        sys.exit("python -m tests.test_cases --write FILE...")
    for name in sys.argv[2:]:
        sys.stdout.write(f"{name}: {write(Path(name))} rows filled in\n")
