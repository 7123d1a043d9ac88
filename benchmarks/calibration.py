"""Whether the parser is as sure of itself as it is right: facts by what LCT's annotators found, criteria by gold.

    python benchmarks/calibration.py [--bins 10] [--json FILE]

Tables are of equal-width bins; the last column is the share that is right. What "right" means is told in
`protoparse.evaluate.calibration`. Trials kept for scoring are counted apart: nothing was learned from them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from protoparse.evaluate.calibration import BINS, calibration, criteria_judged, judged
from protoparse.evaluate.judgements import Judged
from protoparse.evaluate.spans.corpus import read_corpus
from protoparse.model import load
from protoparse.parsing import Parser
from texts import closed, data, gold, may_be_shown, written


def main() -> None:
    options = argparse.ArgumentParser(description="Compare confidences with what is right, on PROTOPARSE_DATA.")
    options.add_argument("--bins", type=int, default=BINS)
    options.add_argument("--json", metavar="FILE", help="write the figures there too")
    given = options.parse_args()

    parser = Parser()
    facts: dict[bool, list[Judged]] = {True: [], False: []}
    for one in read_corpus(data() / "lct", "lct"):
        facts[may_be_shown("lct", one.name)] += judged(parser.parse(one.text), one.findings)
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
    it = calibration(title, found, bins)
    figures = {
        "count": it.count,
        "right": round(it.right, 4),
        "ece": round(it.ece, 4),
        "above 0.9": it.sure,
        "above 0.9 right": round(it.sure_right or 0, 4),
    }
    print(f"{title}: " + ", ".join(f"{name} {figure}" for name, figure in figures.items()))
    for b in it.bins:
        print(f"  {b.low:.2f}-{b.high:.2f}{b.count:7}{b.confidence:8.3f}{b.right:8.3f}")
    return figures


if __name__ == "__main__":
    main()
