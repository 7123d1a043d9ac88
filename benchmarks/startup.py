"""How long a new process takes to its first document, and how much memory a long run needs.

Each turn starts processes as a user would: `protoparse --help`, `protoparse parse` of one listing of the corpus, and
Python that parses one text; and, to compare, Python that does nothing or only imports spaCy. One process more parses
thousands of texts: what is reported of it is the peak of its resident memory after the first text, after more of them
and at the end: whether it goes on growing shows there.

    python benchmarks/startup.py [--concepts lexicon] [--texts 6000] [--turns 5] [--json FILE]
                                 [--limit-help 0.3] [--limit-parse 4] [--limit-memory 500]

`--texts 0` leaves the long run out; it alone needs the folder with the corpora.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measuring import record, shown, spread, with_clock
from protoparse.concepts import RECOGNISERS
from texts import bulk

LISTING = Path(__file__).parents[1] / "corpus" / "car-t-lymphoid" / "source.txt"
FIRST = "from protoparse.parsing import Parser; Parser(concepts={!r}).parse({!r})"
SAID = {
    "python": "Python that does nothing",
    "spacy": "Python that imports spaCy",
    "help": "protoparse --help",
    "parse": "protoparse parse FILE",
    "first": "first document in Python",
}
"""How figures are called; the first two are what the others are compared with."""

LOOKED_AT = (1, 500, 1000, 2000, 4000)
"""After how many texts of the long run its memory is looked at, besides the last."""


def main() -> int:
    options = argparse.ArgumentParser(description="Seconds to the first document, and peak memory.")
    options.add_argument("--concepts", choices=RECOGNISERS, default="model")
    options.add_argument("--texts", type=int, default=6000, help="texts of the long run")
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--limit-help", type=float, help="exit with 1 where --help takes more seconds")
    options.add_argument("--limit-parse", type=float, help="exit with 1 where parsing one listing takes more seconds")
    options.add_argument("--limit-memory", type=float, help="exit with 1 where a long run needs more megabytes")
    options.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    with_clock(options)
    given = options.parse_args()
    if given.run:
        print(json.dumps(long_run(given.concepts)))
        return 0

    starting = starts(given.concepts)
    taken: dict[str, list[float]] = {name: [] for name in starting}
    for _ in range(given.turns):
        for name, start in starting.items():
            taken[name].append(seconds(start, given.clock))
    figures: dict[str, Any] = {name: spread(turns) for name, turns in taken.items()} | {"clock": given.clock}
    for name, words in SAID.items():
        print(f"{words:<26}{shown(figures[name])} s")
    if given.texts:
        texts = [text for _, text in bulk()][: given.texts]
        start = [sys.executable, __file__, "--run", "--concepts", given.concepts]
        lines = "\n".join(map(json.dumps, texts))
        told = subprocess.run(start, input=lines, stdout=subprocess.PIPE, text=True, check=True).stdout
        figures["megabytes"] = json.loads(told)
        for number, megabytes in figures["megabytes"].items():
            print(f"{'peak memory after':<20}{number:>5} {megabytes} MB")
    record("startup", figures, given.json)
    limits = (
        (given.limit_help, figures["help"]["median"]),
        (given.limit_parse, figures["parse"]["median"]),
        (given.limit_memory, max(figures.get("megabytes", {"": 0}).values())),
    )
    return int(any(limit is not None and figure > limit for limit, figure in limits))


def starts(concepts: str = "model") -> dict[str, list[str]]:
    """What is started, by the names of its figures."""
    program, python = command(), sys.executable
    return {
        "python": [python, "-c", ""],
        "spacy": [python, "-c", "import spacy"],
        "help": [*program, "--help"],
        "parse": [*program, "parse", str(LISTING), "--concepts", concepts],
        "first": [python, "-c", FIRST.format(concepts, LISTING.read_text("utf-8"))],
    }


def command() -> list[str]:
    """The installed program beside this Python, or the package as a module."""
    place = Path(sys.executable).parent / "protoparse"
    return [str(place)] if place.exists() else [sys.executable, "-m", "protoparse"]


def seconds(start: list[str], clock: str) -> float:
    """What a process takes from its start to its end."""
    before, begun = _of_children(), time.perf_counter()
    subprocess.run(start, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun if clock == "wall" else _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def long_run(concepts: str) -> dict[int, int]:
    """The megabytes of this process after so many texts of its standard input."""
    from protoparse.parsing import Parser

    parser = Parser(concepts=concepts)
    megabytes = {}
    for number, line in enumerate(sys.stdin, 1):
        parser.parse(json.loads(line))
        if number in LOOKED_AT:
            megabytes[number] = _peak()
    return megabytes | {number: _peak()}


def _peak() -> int:
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)


if __name__ == "__main__":
    sys.exit(main())
