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
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    real_costs, costs = measured(real, work, concepts=given.concepts, turns=given.turns, clock=given.clock)
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


def measured(
    real: Sequence[str],
    work: Mapping[str, Sequence[str]],
    *,
    concepts: str = "model",
    turns: int = 1,
    clock: str = "wall",
) -> tuple[list[float], dict[str, list[float]]]:
    """Of each turn the seconds of a character of real texts, and what one of other texts costs in times of it."""

    def cost(texts: Sequence[str]) -> float:
        """To a parser that remembers nothing."""
        parser = Parser(concepts=concepts)
        return seconds(parser.parse, texts, clock) / sum(map(len, texts))

    cost(real)
    real_costs: list[float] = []
    costs: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(turns):
        real_costs.append(cost(real))
        for name, texts in work.items():
            costs[name].append(cost(texts) / real_costs[-1])
    return real_costs, costs


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


def listed(mark: str) -> Callable[[str], str]:
    """Diseases with nothing but one sign or word between them, the same ones again and again."""
    return lambda whole: filled(lambda n: f"{DISEASES[n % len(DISEASES)]}{mark}", head="Exclusion Criteria:\n\n* ")


def repeated(words: str) -> Callable[[str], str]:
    return lambda whole: filled(lambda n: words, head="Exclusion Criteria:\n\n* ")


def lines(*words: str) -> Callable[[str], str]:
    """Bullets, the same ones again and again but for a number."""
    return lambda whole: filled(lambda n: f"* {words[n % len(words)].format(n)}\n")


def contradictory(whole: str) -> str:
    """One thing with other limits each time, of which most contradict one another."""
    return filled(
        lambda n: f"* Body weight {n * 7919 % 10_007} to {n * 7907 % 10_009} kg\n", head="Inclusion Criteria:\n\n"
    )


def compatible(whole: str) -> str:
    """One thing with other limits each time, of which none contradicts another."""
    return filled(
        lambda n: f"* {'No weight' if n % 2 else 'Weight'} > {n * 7919 % 10_007 + 20_000 * (n % 2)} kg\n",
        head="Inclusion Criteria:\n\n",
    )


def numbered(whole: str) -> str:
    return filled(lambda n: f"{n + 1}. {DISEASES[n % len(DISEASES)].capitalize()}\n")


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


# What is not read, with numbers among it.
GREEK = "Ασθενείς με σοβαρή νεφρική νόσο ή πυρετό για περισσότερες από {} ημέρες πριν από την έναρξη της μελέτης"
CHINESE = "在筛选前{}天内患有严重肾脏疾病、持续发热或需要住院治疗的活动性感染的患者，以及对研究药物过敏的患者"
CYRILLIC = "Пациенты с тяжелым заболеванием почек или лихорадкой более {} дней до начала исследования"

SHAPES: dict[str, Callable[[str], str]] = {
    "one line": one_line,
    "one list": one_list,
    "commas": listed(", "),
    "slashes": listed("/"),
    "full stops": repeated("U.S. "),
    "semicolons": repeated("A: B; "),
    "letters": repeated("A, B, C; "),
    "adjectives": repeated("renal, "),
    "comparators": repeated("> 5 "),
    "contradictory": contradictory,
    "compatible": compatible,
    "brackets": brackets,
    "bullets": bullets,
    "numbered": numbered,
    "unknown words": unknown_words,
    "digits": digits,
    "another script": lines(GREEK, CHINESE),
    "Cyrillic": lines(CYRILLIC),
    "Chinese": lines(CHINESE),
    "unknown bullets": lines("Xyzzy"),
    "single letters": repeated("a b c "),
    "classes": repeated("II or "),
    "connectives": repeated("and or "),
    "noes": repeated("no "),
    "denials": repeated("no MI, "),
    "abbreviations": repeated("ALT, "),
    "units": repeated("mg "),
    "fractions": repeated("1/2 "),
    "ranges": repeated("1-2 3-4 "),
    "limits": repeated("≥18 "),
    "percentages": repeated("5% "),
    "durations": repeated("3 d "),
}


if __name__ == "__main__":
    sys.exit(main())
