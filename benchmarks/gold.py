"""Scores the parser on gold: the figures of `protoparse.evaluate`, over all texts and over those kept for scoring.

python benchmarks/gold.py [--json FILE]

`meaning` is the share of criteria whose rule is true of the same people as gold's, by truth tables.
"""

from __future__ import annotations

import argparse
from functools import reduce
from operator import add

from protoparse.evaluate import Report, compare
from protoparse.evaluate.score import FIGURES
from protoparse.model import load
from protoparse.parsing import Parser
from texts import closed, data, gold, written


def main() -> None:
    options = argparse.ArgumentParser(description="Score the parser on the gold criteria of PROTOPARSE_DATA.")
    options.add_argument("--json", metavar="FILE", help="write the figures there too")
    given = options.parse_args()

    parser = Parser()
    reports = {
        name: compare(load((data() / "gold" / "json" / f"{name}.json").read_bytes()), parser.parse(text))
        for name, text in gold()
    }
    kept = closed()
    figures = {
        "all": _f1(list(reports.values())),
        "kept for scoring": _f1([report for name, report in reports.items() if name in kept]),
    }
    print(f"{'':16}" + "".join(f"{name:>12}" for name in FIGURES))
    for title, row in figures.items():
        print(f"{title:16}" + "".join(f"{row[name]:12.3f}" for name in FIGURES))
    written(figures, given.json)


def _f1(reports: list[Report]) -> dict[str, float]:
    return {name: round(rate.f1, 4) for name, rate in reduce(add, reports).figures.items()}


if __name__ == "__main__":
    main()
