"""Whether the parser is as sure of itself as it is right: facts by the marks of LCT, criteria by gold.

    python benchmarks/calibration.py [--bins 10] [--json FILE]

Tables are of equal-width bins; the last column is the share that is right. What "right" means is told in
`protoparse.evaluate.calibration`. Trials kept for scoring are counted apart: nothing was learned from them, but one
number for criteria (see `src/protoparse/confidence/CARD.md`).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from protoparse.evaluate.calibration import BINS, Judged, criteria_judged, ece, judged, reliability
from protoparse.model import load
from protoparse.parsing import Parser
from texts import closed, data, gold, lct, may_be_shown, written

sys.path.append(str(Path(__file__).parents[1] / "training"))
from marks import marks


def main() -> None:
    options = argparse.ArgumentParser(description="Compare confidences with what is right, on PROTOPARSE_DATA.")
    options.add_argument("--bins", type=int, default=BINS)
    options.add_argument("--json", metavar="FILE", help="write the figures there too")
    given = options.parse_args()

    parser = Parser()
    facts: dict[bool, list[Judged]] = {True: [], False: []}
    for name, text in lct():
        facts[may_be_shown("lct", name)] += judged(parser.parse(text), marks(data() / "lct" / f"{name}.ann"))
    criteria: dict[bool, list[Judged]] = {True: [], False: []}
    kept = closed()
    for name, text in gold():
        right = load((data() / "gold" / "json" / f"{name}.json").read_bytes())
        criteria[name not in kept] += criteria_judged(right, parser.parse(text))
    samples = {
        "facts, trials kept for scoring": facts[False],
        "facts, trials learned from": facts[True],
        "criteria, all listings": [*criteria[True], *criteria[False]],
        "criteria, listings kept for scoring": criteria[False],
    }
    figures = {title: shown(title, found, given.bins) for title, found in samples.items()}
    written(figures, given.json)


def shown(title: str, found: Sequence[Judged], bins: int) -> dict[str, float]:
    sure = [j.right for j in found if j.confidence > 0.9]
    figures = {
        "count": len(found),
        "right": round(sum(j.right for j in found) / max(len(found), 1), 4),
        "ece": round(ece(found, bins), 4),
        "above 0.9": len(sure),
        "above 0.9 right": round(sum(sure) / max(len(sure), 1), 4),
    }
    print(f"{title}: " + ", ".join(f"{name} {figure}" for name, figure in figures.items()))
    for b in reliability(found, bins):
        print(f"  {b.low:.2f}-{b.high:.2f}{b.count:7}{b.confidence:8.3f}{b.right:8.3f}")
    return figures


if __name__ == "__main__":
    main()
