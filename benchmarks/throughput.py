"""How long parsing takes, in times of spaCy's blank tokenizer on the same texts.

Two figures, each the median over turns, interleaved in one thread of one process:

- warm: both have seen the texts before. spaCy keeps the tokens of words that it has met, protoparse the readings of
  criteria that it has met.
- unseen: every turn has texts of its own, so that nothing remembered helps beyond what real texts share; one criterion
  in ten of a registry is worded to the letter like another.

    python benchmarks/throughput.py [--concepts lexicon] [--texts 1000] [--turns 5] [--json FILE] [--limit 6]
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import spacy

from protoparse.concepts import RECOGNISERS
from protoparse.parsing import Parser
from texts import bulk, written


def seconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    gc.collect()
    begun = time.perf_counter()
    for text in texts:
        work(text)
    return time.perf_counter() - begun


def ratio(parse: Callable[[str], object], tokenize: Callable[[str], object], texts: Sequence[str], turn: int) -> float:
    """One turn; who begins changes, since the second finds the texts in the processor's cache."""
    if turn % 2:
        parsing = seconds(parse, texts)
        return parsing / seconds(tokenize, texts)
    tokenizing = seconds(tokenize, texts)
    return seconds(parse, texts) / tokenizing


def main() -> int:
    options = argparse.ArgumentParser(description="Parsing time in times of blank tokenization.")
    options.add_argument("--concepts", choices=RECOGNISERS, default="model")
    options.add_argument("--texts", type=int, default=1000, help="texts a turn")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--json", help="write the figures to this file")
    options.add_argument("--limit", type=float, help="exit with 1 where the warm ratio is above this")
    given = options.parse_args()

    unique = list(dict.fromkeys(text for _, text in bulk()))
    size = min(given.texts, len(unique) // (given.turns + 1))
    shares = [unique[turn :: given.turns + 1][:size] for turn in range(given.turns + 1)]
    tokenize = spacy.blank("en").make_doc
    parse = Parser(concepts=given.concepts).parse
    first = shares[0]
    seconds(tokenize, first)
    seconds(parse, first)
    warm = [ratio(parse, tokenize, first, turn) for turn in range(given.turns)]
    unseen = [ratio(parse, tokenize, share, turn) for turn, share in enumerate(shares[1:])]
    figures = {
        "warm": round(statistics.median(warm), 3),
        "unseen": round(statistics.median(unseen), 3),
        "warm_turns": [round(x, 3) for x in warm],
        "unseen_turns": [round(x, 3) for x in unseen],
        "texts": size,
    }
    for name, figure in figures.items():
        print(f"{name:<14}{figure}")
    written(figures, given.json)
    return int(given.limit is not None and figures["warm"] > given.limit)


if __name__ == "__main__":
    sys.exit(main())
