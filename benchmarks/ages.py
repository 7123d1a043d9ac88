"""Compares the ages that the criteria of ClinicalTrials.gov studies name with the registry's own fields.

python benchmarks/ages.py [--show]

A study disagrees because its authors wrote two things, or because its text is misread: `--show` lists them to be read.
"""

from __future__ import annotations

import argparse
from collections import Counter

from protoparse.agreement import stated
from protoparse.model import Age
from protoparse.parsing import parse
from texts import closed, studies


def main() -> None:
    options = argparse.ArgumentParser(description="Compare the ages in criteria with those in the registry's fields.")
    options.add_argument("--show", action="store_true", help="list the disagreements, with their text")
    options.add_argument("--silent", action="store_true", help="list the registry's bounds that no fact names")
    given = options.parse_args()

    counts: Counter[str] = Counter()
    kept = closed()
    for listing in studies():
        document = parse(listing)
        trial = document.trial
        counts["studies"] += 1
        notes = [n for n in document.notes if n.code.endswith("-disagrees")]
        ages = stated(document.criteria)
        bounds = [
            (trial.minimum_age, ages.low if ages else None, "minimum"),
            (trial.maximum_age, ages.high if ages else None, "maximum"),
        ]
        silent = [f"{which} {_age(age)}" for age, limit, which in bounds if age is not None and limit is None]
        counts["with an age in the text"] += ages is not None
        counts["bounds in both"] += sum(age is not None and limit is not None for age, limit, _ in bounds)
        counts["bounds in the registry alone"] += len(silent)
        counts.update(note.code for note in notes)
        counts["disagree in age"] += any(n.code == "age-disagrees" for n in notes)
        counts["agree in age"] += ages is not None and not any(n.code == "age-disagrees" for n in notes)
        if trial.id in kept:
            continue
        for note in notes if given.show else ():
            start, end = note.span or (0, 0)
            around = " ".join(document.text[max(0, start - 80) : end + 80].split())
            print(f"{trial.id} {note.code}: {note.message}\n    … {around} …")
        if given.silent and silent:
            print(f"{trial.id} silent: {', '.join(silent)}")
    for what, count in counts.items():
        print(f"{count:5} {what}")


def _age(age: Age) -> str:
    return f"{age.value} {age.unit.text}"


if __name__ == "__main__":
    main()
