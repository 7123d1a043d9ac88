"""How long it takes to screen one patient against many trials at once, in milliseconds.

In: criteria JSONs, one a line, as `protoparse batch` writes them, and patients in any form that is read.
Every patient is screened several times in turn, in one thread of one process that is warm; told are the median over
turns for each patient, and how it is spread over patients. Some trials are screened by themselves and must agree.

    python benchmarks/screening.py TRIALS.ndjson PATIENTS [--day 2024-03-01] [--turns 5] [--limit 150]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import date
from pathlib import Path
from random import Random

from protoparse.model import load
from protoparse.screen.index import Index
from protoparse.screen.records.reading import patients
from protoparse.screen.screening import screen


def main() -> int:
    options = argparse.ArgumentParser(description="Milliseconds to screen one patient against many trials.")
    options.add_argument("trials", type=Path)
    options.add_argument("patients")
    options.add_argument("--day", type=date.fromisoformat, default=date(2024, 3, 1))
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--checked", type=int, default=20, help="trials a patient that are screened by themselves")
    options.add_argument("--limit", type=float, help="exit with 1 where any patient takes longer")
    given = options.parse_args()

    documents = [load(line) for line in given.trials.read_bytes().splitlines()]
    people = list(patients(given.patients))
    begun = time.perf_counter()
    index = Index(documents)
    print(f"{len(documents)} trials made ready in {time.perf_counter() - begun:.1f} s")

    taken, random, differing = [], Random(1), 0
    for patient in people:
        turns = []
        for _ in range(given.turns + 1):
            begun = time.perf_counter()
            made = index.screen(patient, day=given.day)
            turns.append(1000 * (time.perf_counter() - begun))
        taken.append(statistics.median(turns[1:]))
        for n in random.sample(range(len(documents)), min(given.checked, len(documents))):
            differing += screen(documents[n], patient, day=given.day).answer != made.answers[n]
    middle = statistics.median(taken)
    print(f"{len(people)} patients: median {middle:.0f} ms, from {min(taken):.0f} to {max(taken):.0f} ms")
    print(f"{differing} answers differ from screening by itself")
    return int(differing > 0 or (given.limit is not None and max(taken) > given.limit))


if __name__ == "__main__":
    sys.exit(main())
