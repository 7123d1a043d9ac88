"""How long a new process takes to its first document, and how much memory a long run of it needs.

Each turn is a process of its own that parses one text, then some hundreds more; what is reported is the seconds from
its start, imports and all, to the first document, and the peak of its resident memory at the end.

    python benchmarks/startup.py [--concepts lexicon] [--texts 1000] [--turns 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

from protoparse.concepts import RECOGNISERS
from protoparse.parsing import Parser
from texts import bulk, written


def one(concepts: str, texts: list[str], begun: float) -> dict[str, float]:
    """The figures of this process, which was begun at that time."""
    parser = Parser(concepts=concepts)
    parser.parse(texts[0])
    first = time.time() - begun
    for text in texts[1:]:
        parser.parse(text)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": first, "megabytes": peak / (1024 if sys.platform != "darwin" else 1024 * 1024)}


def main() -> int:
    options = argparse.ArgumentParser(description="Seconds to the first document, and peak memory.")
    options.add_argument("--concepts", choices=RECOGNISERS, default="model")
    options.add_argument("--texts", type=int, default=1000, help="texts a process")
    options.add_argument("--turns", type=int, default=3, help="processes")
    options.add_argument("--json", help="write the figures to this file")
    options.add_argument("--begun", type=float, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.begun is not None:
        print(json.dumps(one(given.concepts, json.load(sys.stdin), given.begun)))
        return 0

    texts = json.dumps([text for _, text in bulk()][: given.texts])
    turns = []
    for _ in range(given.turns):
        command = [sys.executable, __file__, "--concepts", given.concepts, "--begun", repr(time.time())]
        told = subprocess.run(command, input=texts, capture_output=True, text=True, check=True).stdout
        turns.append(json.loads(told))
    figures = {name: round(statistics.median(turn[name] for turn in turns), 2) for name in turns[0]}
    for name, figure in figures.items():
        print(f"{name:<14}{figure}")
    written(figures, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
