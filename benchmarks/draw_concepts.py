"""Draws annotated phrases from the two public corpora at random: what a coding sheet is made of.

python benchmarks/draw_concepts.py [--count 200] [--seed 1] [--development] > sheet.tsv

Out: TSV, phrase and domain, with an empty column for the codes, which a person fills in. A mention is drawn, a phrase
stands once; no sentence is read or written, the annotations alone. Without --development the phrases come from the
trials that nothing is learned from (`training/corpora.py`), with it from the others.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from texts import data

_TYPES = {"Condition": "condition", "Drug": "drug", "Measurement": "measurement"}
_MEASURED = ("lab", "vital", "measurement")


def held_out(trial: str) -> bool:
    """Whether a trial belongs to the tenth that is only scored."""
    return int(hashlib.sha1(trial.encode()).hexdigest(), 16) % 10 == 9


def phrases(file: Path) -> Iterator[tuple[str, str]]:
    """The annotated phrases of one brat file and their domains."""
    lines = [line.split("\t") for line in file.read_text("utf-8").splitlines()]
    events = dict(line[1].split(" ")[0].split(":")[::-1] for line in lines if line[0][:1] == "E")
    names = {line[0]: line[1].split(" ")[0].split(":")[1] for line in lines if line[0][:1] == "E"}
    measured = {
        names.get(parts[1], parts[1])
        for line in lines
        if line[0][:1] == "A" and len(parts := line[1].split(" ")) > 2 and parts[2] in _MEASURED
    }
    for line in lines:
        if line[0][:1] != "T" or ";" in line[1]:
            continue
        kind = line[1].split(" ")[0]
        domain = "measurement" if kind == "Observation" and line[0] in measured else _TYPES.get(kind)
        if domain and (not events or line[0] in events):
            yield re.sub(r"\s+", " ", line[2]).strip(), domain


def main() -> None:
    options = argparse.ArgumentParser(description="Draw annotated phrases at random.")
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--development", action="store_true", help="from the trials that may be read")
    given = options.parse_args()
    found = [
        phrase
        for corpus in ("chia", "lct")
        for file in sorted((data() / corpus).glob("*.ann"))
        if held_out(file.stem.split("_")[0]) != given.development
        for phrase in phrases(file)
    ]
    random.Random(given.seed).shuffle(found)
    drawn: dict[str, tuple[str, str]] = {}
    for phrase, domain in found:
        drawn.setdefault(phrase.lower(), (phrase, domain))
    for phrase, domain in sorted(list(drawn.values())[: given.count], key=lambda x: (x[1], x[0].lower())):
        sys.stdout.write(f"{phrase}\t{domain}\t\n")


if __name__ == "__main__":
    main()
