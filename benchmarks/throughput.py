"""How long parsing takes, in times of spaCy's blank tokenizer on the same texts.

Two figures, each the median over turns with its quartiles, interleaved in one thread of one process:

- warm: both have seen the texts before. spaCy keeps the tokens of words that it has met, protoparse the readings of
  criteria that it has met.
- unseen: every turn has texts of its own, so that nothing remembered helps beyond what real texts share; one criterion
  in ten of a registry is worded to the letter like another.

From the unseen turns comes the rate too: how many texts of 2,200 characters one core parses in an hour.

    python benchmarks/throughput.py [--concepts lexicon] [--texts 1000] [--turns 5] [--json FILE] [--limit 6]

`--corpus` takes the project's own listings instead, a process a turn: few texts, but they are everywhere, and the test
of speed (tests/test_speed.py) is on them.
"""

from __future__ import annotations

import argparse
import gc
import sys
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from typing import Any

import spacy

from measuring import AVERAGE, hourly, pair, record, shown, spread, with_clock
from protoparse.concepts import RECOGNISERS
from protoparse.parsing import Parser
from texts import bulk
from texts import corpus as listings

OPENING = "Inclusion Criteria:\n\n* Aged 40 years or older\n* No gout within 2 months\n* Uric acid > 7 mg/dL\n"
"""Read before a turn begins, in words of its own: tables are loaded where they are first used."""

WARM = 5
"""How often a turn goes through the few listings that it has seen."""


def main() -> int:
    options = argparse.ArgumentParser(description="Parsing time in times of blank tokenization.")
    options.add_argument("--concepts", choices=RECOGNISERS, default="model")
    options.add_argument("--texts", type=int, default=1000, help="texts a turn")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--corpus", action="store_true", help="the project's own listings, a process a turn")
    options.add_argument("--limit", type=float, help="exit with 1 where the warm ratio is above this")
    with_clock(options)
    given = options.parse_args()

    taken = corpus(given) if given.corpus else registry(given)
    figures: dict[str, Any] = {
        name: spread([work / unit for work, unit, _ in taken[name]]) for name in ("warm", "unseen")
    }
    figures["texts_per_hour"] = spread([hourly(size, work) for work, _, size in taken["unseen"]], 0)
    figures |= {"texts": given.texts, "clock": given.clock, "characters": sum(size for *_, size in taken["unseen"])}
    for name in ("warm", "unseen"):
        print(f"{name:<16}{shown(figures[name])} times blank tokenization")
    print(f"{'texts an hour':<16}{shown(figures['texts_per_hour'])} of {AVERAGE} characters, on one core, unseen")
    record("throughput", figures, given.json)
    return int(given.limit is not None and figures["warm"]["median"] > given.limit)


def registry(given: argparse.Namespace) -> dict[str, list[tuple[float, float, int]]]:
    """Of each turn the seconds of parsing, those of tokenizing, and the characters."""
    unique = list(dict.fromkeys(text for _, text in bulk()))
    given.texts = size = min(given.texts, len(unique) // (given.turns + 1))
    first, *shares = (unique[turn :: given.turns + 1][:size] for turn in range(given.turns + 1))
    tokenize = spacy.blank("en").make_doc
    parse = Parser(concepts=given.concepts).parse
    pair(parse, tokenize, first, 0, given.clock)
    return {
        name: [
            (*pair(parse, tokenize, texts, turn, given.clock), sum(map(len, texts))) for turn, texts in enumerate(turns)
        ]
        for name, turns in (("warm", [first] * given.turns), ("unseen", shares))
    }


def corpus(given: argparse.Namespace) -> dict[str, list[tuple[float, float, int]]]:
    """The same of the project's own listings: each turn is a process that has seen none of them."""
    texts = [text for _, text in listings()]
    given.texts, size = len(texts), sum(map(len, texts))
    tokenize = spacy.blank("en").make_doc
    parse = Parser(concepts=given.concepts).parse
    pair(parse, tokenize, [OPENING], 0)
    gc.collect()
    gc.freeze()

    def one(turn: int, told: Connection) -> None:
        unseen = pair(parse, tokenize, texts, turn, given.clock)
        warm = pair(parse, tokenize, texts * WARM, turn, given.clock)
        told.send({"unseen": (*unseen, size), "warm": (*warm, WARM * size)})

    taken: dict[str, list[tuple[float, float, int]]] = {"warm": [], "unseen": []}
    for turn in range(given.turns):
        here, there = Pipe(duplex=False)
        process = get_context("fork").Process(target=one, args=(turn, there))
        process.start()
        there.close()
        told = here.recv()
        process.join()
        for name, turns in taken.items():
            turns.append(told[name])
    return taken


if __name__ == "__main__":
    sys.exit(main())
