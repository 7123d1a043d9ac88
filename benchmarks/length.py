"""What a character costs in short and in long texts, and in shapes that are hard on a parser, in times of real texts.

The same real texts are joined, and cut at line ends, into texts of each length, so that nothing but the length differs.
The hard shapes are one text of 100 kB each: a cost that grew faster than the text would show in them first.

    python benchmarks/length.py [--shapes NAME…] [--characters 200000] [--turns 3] [--json FILE] [--limit 3]

`--corpus` takes the project's own listings for the real texts.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from measuring import record, seconds, spread, with_clock
from protoparse.concepts import RECOGNISERS
from protoparse.parsing import Parser
from texts import bulk, corpus

LENGTHS = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
LONGEST = LENGTHS[-1]


def main() -> int:
    options = argparse.ArgumentParser(description="Time a character by length and shape of the text.")
    options.add_argument("--concepts", choices=RECOGNISERS, default="model")
    options.add_argument("--shapes", nargs="+", choices=SHAPES, help="these alone, and no other lengths")
    options.add_argument("--characters", type=int, default=200_000, help="characters of real texts a turn")
    options.add_argument("--turns", type=int, default=3)
    options.add_argument("--corpus", action="store_true", help="the project's own listings for the real texts")
    options.add_argument("--limit", type=float, help="exit with 1 where a character costs more than this")
    with_clock(options)
    given = options.parse_args()

    real = list(taken(corpus() if given.corpus else bulk(), given.characters))
    whole = "\n\n".join(real)
    work = {} if given.shapes else {str(length): cut(whole, length) for length in LENGTHS}
    work |= {name: [shape(whole)] for name, shape in SHAPES.items() if name in (given.shapes or SHAPES)}
    cost(given, real)
    costs: dict[str, list[float]] = {name: [] for name in work}
    real_costs = []
    for _ in range(given.turns):
        real_costs.append(cost(given, real))
        for name, texts in work.items():
            costs[name].append(cost(given, texts) / real_costs[-1])
    figures: dict[str, dict[str, Any]] = {"lengths": {}, "shapes": {}}
    for name, found in costs.items():
        figures["shapes" if name in SHAPES else "lengths"][name] = spread(found)
        print(f"{name:<16}{median(found):.2f}")
    average = round(sum(map(len, real)) / len(real))
    print(f"times the cost of a character of real texts, {1e6 * median(real_costs):.2f} µs; {average} characters each")
    record(
        "length",
        figures
        | {
            "microseconds": spread([1e6 * x for x in real_costs]),
            "average": average,
            "characters": len(whole),
            "clock": given.clock,
        },
        given.json,
    )
    worst = max(median(found) for found in costs.values())
    return int(given.limit is not None and worst > given.limit)


def cost(given: argparse.Namespace, texts: Sequence[str]) -> float:
    """The seconds of a character, to a parser that remembers nothing."""
    parser = Parser(concepts=given.concepts)
    return seconds(parser.parse, texts, given.clock) / sum(map(len, texts))


def taken(named: Sequence[tuple[str, str]], characters: int) -> Iterator[str]:
    """Texts from all over, all different, until there are so many characters."""
    every = list(dict.fromkeys(text for _, text in named))
    random.Random(1).shuffle(every)
    for text in every:
        if characters <= 0:
            return
        yield text
        characters -= len(text)


def cut(whole: str, length: int) -> list[str]:
    """A long text in pieces of about a length, cut at line ends; what is left at the end is left out."""
    pieces, piece, size = [], [], 0
    for line in whole.splitlines(keepends=True):
        piece.append(line)
        size += len(line)
        if size >= length:
            pieces.append("".join(piece))
            piece, size = [], 0
    return pieces or [whole]


def filled(parts: Callable[[int], str], *, head: str = "Exclusion Criteria:\n\n") -> str:
    """A text of the greatest length, of parts made from their numbers."""
    made, size, number = [head], len(head), 0
    while size < LONGEST:
        made.append(parts(number))
        size += len(made[-1])
        number += 1
    return "".join(made)[:LONGEST]


DISEASES = (
    "stroke", "gout", "asthma", "heart failure", "type 2 diabetes", "hepatitis B", "psoriasis", "epilepsy",
    "myocardial infarction", "renal impairment", "depression", "pneumonia",
)  # fmt: skip


def one_line(whole: str) -> str:
    return "Inclusion Criteria: " + " ".join(whole.split())[:LONGEST]


def one_list(whole: str) -> str:
    return filled(
        lambda n: f"{DISEASES[n % len(DISEASES)]} of grade {n} or ", head="Exclusion Criteria:\n\n* History of "
    )


def brackets(whole: str) -> str:
    """Brackets in brackets, forty deep."""
    return filled(
        lambda n: (
            f"{DISEASES[n % len(DISEASES)]} {n}"
            + (" (" if n % 80 < 40 else ")") * (n % 80 != 79)
            + "\n* " * (n % 80 == 79)
        )
    )


def bullets(whole: str) -> str:
    return filled(lambda n: f"* Grade {n} {DISEASES[n % len(DISEASES)]}\n")


def unknown_words(whole: str) -> str:
    """Words that nobody has met before: nothing that is remembered of words helps."""
    drawn = random.Random(1)
    letters = "abcdefghiklmnoprstuvz"
    return filled(lambda n: "".join(drawn.choices(letters, k=drawn.randint(3, 10))) + ("\n* " if n % 12 == 11 else " "))


def digits(whole: str) -> str:
    return filled(lambda n: f"{n * 7919 % 1000} " + ("\n* " if n % 40 == 39 else ""))


def another_script(whole: str) -> str:
    """Greek and Chinese, which are not read: sorry words of a patient with a disease, with numbers among them."""
    lines = ("* Ασθενείς με σοβαρή νόσο ή πυρετό για {} ημέρες\n", "* 患有严重疾病或发热{}天的患者\n")
    return filled(lambda n: lines[n % 2].format(n))


SHAPES: dict[str, Callable[[str], str]] = {
    "one line": one_line,
    "one list": one_list,
    "brackets": brackets,
    "bullets": bullets,
    "unknown words": unknown_words,
    "digits": digits,
    "another script": another_script,
}


if __name__ == "__main__":
    sys.exit(main())
