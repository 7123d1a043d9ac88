"""How long parsing takes, in times of spaCy's blank tokenizer on the same texts.

Both are measured warm, in one thread and one process, turn by turn; every turn has texts of its own, so that nothing
remembered from an earlier turn helps. The figure is the median of the turns' ratios.

    python benchmarks/throughput.py [--texts 1000] [--turns 5] [--json FILE] [--limit 6]
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import spacy

from protoparse.parsing import Parser
from texts import bulk

WARMING = 50


def seconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    gc.collect()
    begun = time.perf_counter()
    for text in texts:
        work(text)
    return time.perf_counter() - begun


def slices(texts: Sequence[str], size: int, turns: int) -> tuple[list[str], list[list[str]]]:
    """Texts for warming up, and for each turn others, every k-th text so that each turn is alike."""
    unique = list(dict.fromkeys(texts))
    warming, rest = unique[:WARMING], unique[WARMING:]
    size = min(size, len(rest) // turns)
    return warming, [list(rest[turn::turns][:size]) for turn in range(turns)]


def main() -> int:
    options = argparse.ArgumentParser(description="Parsing time in times of blank tokenization.")
    options.add_argument("--texts", type=int, default=1000, help="texts a turn")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--json", help="write the figures to this file")
    options.add_argument("--limit", type=float, help="exit with 1 where the ratio is above this")
    given = options.parse_args()

    warming, turns = slices([text for _, text in bulk()], given.texts, given.turns)
    tokenize = spacy.blank("en").make_doc
    parse = Parser().parse
    seconds(tokenize, warming)
    seconds(parse, warming)

    ratios, parsing, tokenizing = [], [], []
    for number, texts in enumerate(turns):
        # Who begins changes from turn to turn: the second finds the texts in the processor's cache.
        if number % 2:
            parsed = seconds(parse, texts)
            tokenized = seconds(tokenize, texts)
        else:
            tokenized = seconds(tokenize, texts)
            parsed = seconds(parse, texts)
        ratios.append(parsed / tokenized)
        parsing.append(parsed)
        tokenizing.append(tokenized)
    ratio = statistics.median(ratios)
    figures = {
        "ratio": round(ratio, 3),
        "ratios": [round(r, 3) for r in ratios],
        "texts": len(turns[0]),
        "characters": sum(len(text) for texts in turns for text in texts) // len(turns),
        "parse_seconds": round(statistics.median(parsing), 3),
        "tokenize_seconds": round(statistics.median(tokenizing), 3),
    }
    for name, figure in figures.items():
        print(f"{name:18} {figure}")
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
    return int(given.limit is not None and ratio > given.limit)


if __name__ == "__main__":
    sys.exit(main())
