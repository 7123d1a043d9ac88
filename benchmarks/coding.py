"""Measures how well concepts are coded: against a sheet of phrases coded by hand.

python benchmarks/coding.py [SHEET] [--show]

Prints precision, the share of what the system coded whose first code is one that the sheet allows, and coverage, the
share of what has a code that the system coded. SHEET is `coding_sheet.tsv` beside this file.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from protoparse.concepts.normalising import Normaliser
from protoparse.lexing import lexer
from protoparse.lexing import words as tokens

SHEET = Path(__file__).parent / "coding_sheet.tsv"


class Row(NamedTuple):
    phrase: str
    domain: str
    codes: frozenset[str]


def rows(file: Path) -> list[Row]:
    lines = [line.split("\t") for line in file.read_text("utf-8").splitlines() if line and line[0] != "#"]
    return [Row(p, d, frozenset(() if c == "none" else c.split("|"))) for p, d, c in lines[1:]]


def coded(row: Row) -> list[str]:
    """The codes that a parse would give the phrase, the first one first."""
    entry = lexer().phrase(tokens(row.phrase))
    term = (entry.roles.get("measurement") or entry.roles.get("concept")) if entry is not None else None
    found = Normaliser().meaning(row.phrase, row.domain, name=term.name if term is not None else row.phrase.lower())
    return [f"{code.system} {code.code}" for code in found.codes]


class Figures(NamedTuple):
    coded: int
    right: int
    have: int
    covered: int

    @property
    def precision(self) -> float:
        return self.right / max(self.coded, 1)

    @property
    def coverage(self) -> float:
        return self.covered / max(self.have, 1)


def measure(sheet: list[Row]) -> Figures:
    given = [(row, coded(row)) for row in sheet]
    return Figures(
        sum(1 for _, codes in given if codes),
        sum(1 for row, codes in given if codes and codes[0] in row.codes),
        sum(1 for row, _ in given if row.codes),
        sum(1 for row, codes in given if codes and row.codes),
    )


def main() -> None:
    options = argparse.ArgumentParser(description="Measure how well concepts are coded.")
    options.add_argument("sheet", nargs="?", type=Path, default=SHEET)
    options.add_argument("--show", action="store_true", help="every row with what the system gives it")
    given = options.parse_args()
    sheet = rows(given.sheet)
    if given.show:
        for row in sheet:
            found = coded(row)
            mark = "-" if not found and not row.codes else "?" if not found else "+" if found[0] in row.codes else "!"
            print(
                mark, row.domain, row.phrase, "|".join(found) or "none", "|".join(sorted(row.codes)) or "none", sep="\t"
            )
    figures = measure(sheet)
    print(f"{len(sheet)} phrases, {figures.have} with a code")
    print(f"precision {figures.precision:.3f} ({figures.right} of {figures.coded} coded)")
    print(f"coverage  {figures.coverage:.3f} ({figures.covered} of {figures.have})")


if __name__ == "__main__":
    main()
