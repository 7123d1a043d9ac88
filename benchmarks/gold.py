"""Scores the parser on gold: the figures of `protoparse.evaluate`, over all texts and over those kept for scoring.

python benchmarks/gold.py [--json FILE]

docs/evaluation.md says what each measure counts. The last line is what one comparison takes.
"""

from __future__ import annotations

import argparse
from time import perf_counter

from protoparse.evaluate import GROUPS, MEASURES, Evaluation, compare
from protoparse.model import load
from protoparse.parsing import Parser
from texts import closed, data, gold, written


def main() -> None:
    options = argparse.ArgumentParser(description="Score the parser on the gold criteria of PROTOPARSE_DATA.")
    options.add_argument("--json", metavar="FILE", help="write the figures there too")
    given = options.parse_args()

    parser = Parser()
    pairs = [
        (name, load((data() / "gold" / "json" / f"{name}.json").read_bytes()), parser.parse(text))
        for name, text in gold()
    ]
    begun = perf_counter()
    cases = [compare(right, predicted, name=name) for name, right, predicted in pairs]
    taken = (perf_counter() - begun) / max(1, len(cases))
    kept = closed()
    parts = {
        "all": Evaluation(cases=tuple(cases), measures=MEASURES),
        "kept for scoring": Evaluation(cases=tuple(c for c in cases if c.name in kept), measures=MEASURES),
    }
    figures = {
        title: {name: round(rate.f1, 4) for name, rate in part.figures().items()} for title, part in parts.items()
    }
    print(f"{'':20}" + "".join(f"{title:>18}" for title in figures))
    for group, measures in GROUPS.items():
        print(group)
        for measure in measures:
            print(f"  {measure:18}" + "".join(f"{row[measure]:18.3f}" for row in figures.values()))
    print(f"{1000 * taken:.1f} ms to compare a document")
    written(figures, given.json)


if __name__ == "__main__":
    main()
