"""Scores the parser on gold: the figures of `protoparse.evaluate`, over all texts and over those kept for scoring.

python benchmarks/gold.py [--json FILE]

docs/evaluation.md says what each measure counts. The last line says what a comparison takes of the
processor's time, from JSON to judgements.
"""

from __future__ import annotations

import argparse
from time import process_time

from protoparse.evaluate import GROUPS, MEASURES, Evaluation, compare
from protoparse.model import dump, load, walk
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
    files = [(name, dump(right), dump(predicted)) for name, right, predicted in pairs]
    begun = process_time()
    cases = [compare(load(right), load(predicted), name=name) for name, right, predicted in files]
    taken = 1000 * (process_time() - begun) / max(1, len(cases))
    kept = closed()
    parts = {
        "all": Evaluation(cases=tuple(cases), measures=MEASURES),
        "kept for scoring": Evaluation(cases=tuple(c for c in cases if c.name in kept), measures=MEASURES),
    }
    figures = {
        title: {name: round(rate.f1, 4) for name, rate in part.figures().items() if rate.gold or rate.predicted}
        for title, part in parts.items()
    }
    print(f"{'':20}" + "".join(f"{title:>18}" for title in figures))
    for group, measures in GROUPS.items():
        print(group)
        for measure in measures:
            print(f"  {measure:18}" + "".join(f"{_shown(row.get(measure)):>18}" for row in figures.values()))
    items = sum(1 for _, right, _ in pairs for _ in walk(right.criteria)) / max(1, len(pairs))
    print(f"{taken:.1f} ms to load and compare two documents of {items:.0f} criteria")
    written(figures | {"ms": round(taken, 2)}, given.json)


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


if __name__ == "__main__":
    main()
