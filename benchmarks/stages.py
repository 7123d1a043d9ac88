"""What every stage of parsing costs, in milliseconds and in times of spaCy's blank tokenizer on the same texts.

Timers are put around the functions of the stages from outside; each counts what no inner one counts, in time of the
processor for a text of 2,200 characters. Two figures for each stage:

- unseen: texts that the parser has not read before;
- warm: the same ones again, the readings of whose criteria it has kept. What the timers themselves cost is what "with
  timers" takes more than "as it is".

    python benchmarks/stages.py [--concepts lexicon] [--corpus ctgov] [--texts 500] [--turns 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any

import spacy

from protoparse import sources
from protoparse.concepts import RECOGNISERS
from protoparse.parsing import Parser
from texts import bulk, data, written

STAGES = {
    "sources": ["protoparse.sources:read"],
    "canonical": ["protoparse.grammar.canonical:read"],
    "outline: lines": ["protoparse.outline:blocks"],
    "outline: tree": ["protoparse.outline:grow"],
    "outline: items": ["protoparse.parsing:outline"],
    "abbreviations": ["protoparse.parsing:glossary"],
    "lexing": ["protoparse.lexing:Lexer.lex"],
    "grammar": [
        "protoparse.parsing:drafted",
        "protoparse.grammar.reading:Drafted.reading",
        "protoparse.grammar.reading:Drafted.grounds",
        "protoparse.grammar.reading:Drafted.guessed",
        "protoparse.grammar.reading:Drafted.tell",
    ],
    "recogniser": [
        "protoparse.parsing:near",
        "protoparse.parsing:judge",
        "protoparse.concepts.recogniser:Recogniser.names",
    ],
    "normalising": ["protoparse.concepts.normalising:Normaliser.rule"],
    "confidence": ["protoparse.confidence.scoring:Scorer.rule", "protoparse.confidence.scoring:Scorer.criterion"],
    "moving": ["protoparse.grammar.reading:Reading.moved"],
    "readings": ["protoparse.parsing:Parser._readings"],
    "assembly": ["protoparse.parsing:_criterion"],
    "notes: powers": ["protoparse.lexicon.powers:flattened"],
    "notes: registry": ["protoparse.parsing:disagreements"],
    "notes: contradictions": ["protoparse.parsing:inconsistencies"],
    "notes: reversals": ["protoparse.parsing:reversals"],
    "depth": ["protoparse.parsing:limit_depth"],
    "the rest": ["protoparse.parsing:Parser.parse"],
    "garbage collection": [],
}
"""The functions of each stage, where the parser looks for them."""
UNIT = 2200
"""How many characters a listing has."""


class Clock:
    """The seconds that each stage took by itself."""

    def __init__(self) -> None:
        self.spent = dict.fromkeys(STAGES, 0.0)
        self.inner = [0.0]
        self.begun = 0.0

    def around(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function under a timer; what a generator yields is made at once."""
        lazy = isgeneratorfunction(function)

        @wraps(function)
        def timed(*args: Any, **options: Any) -> Any:
            begun = self.begin()
            try:
                made = function(*args, **options)
                return iter(list(made)) if lazy else made
            finally:
                self.end(stage, begun)

        return timed

    def begin(self) -> float:
        self.inner.append(0.0)
        return time.process_time()

    def end(self, stage: str, begun: float) -> None:
        took = time.process_time() - begun
        self.spent[stage] += took - self.inner.pop()
        self.inner[-1] += took

    def collecting(self, phase: str, _: object) -> None:
        """Garbage is collected whenever it has piled up, whatever stage that falls into."""
        if phase == "start":
            self.begun = self.begin()
        else:
            self.end("garbage collection", self.begun)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Timers around all stages; ends the program where a function of one is gone."""
        found = [(stage, *place(target)) for stage, targets in STAGES.items() for target in targets]
        before = [(owner, name, vars(owner)[name]) for _, owner, name in found]
        gc.callbacks.append(self.collecting)
        try:
            for stage, owner, name in found:
                setattr(owner, name, self.around(stage, vars(owner)[name]))
            yield
        finally:
            gc.callbacks.remove(self.collecting)
            for owner, name, function in before:
                setattr(owner, name, function)


def place(target: str) -> tuple[Any, str]:
    """What holds a function, and its name there, of "module:Class.name"."""
    module, _, path = target.partition(":")
    *above, name = path.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for part in above:
            owner = vars(owner)[part]
        vars(owner)[name]
    except (ImportError, KeyError):
        sys.exit(f"stages.py: there is no {target}: mend STAGES")
    return owner, name


def seconds(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    begun = time.process_time()
    for item in items:
        work(item)
    return time.process_time() - begun


def measured(parser: Parser, items: Sequence[Any], turns: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by stage, unseen and warm, of texts or of files with listings; of the warm turns the quickest counts."""

    def work(item: Any) -> None:
        for source in [item] if isinstance(item, str) else sources.read(item):
            parser.parse(source)

    timed: list[dict[str, float]] = []
    for _ in range(turns + 1):
        clock = Clock()
        with clock.running():
            total = seconds(work, items)
        timed.append(clock.spent | {"with timers": total})
    unseen, *again = timed
    warm = {name: min(turn[name] for turn in again) for name in unseen}
    return unseen, warm | {"as it is": min(seconds(work, items) for _ in range(turns))}


def main() -> int:
    options = argparse.ArgumentParser(description="What every stage of parsing costs.")
    options.add_argument("--concepts", choices=RECOGNISERS, default="model")
    options.add_argument("--corpus", choices=("bulk", "ctgov"), default="bulk", help="bare texts, or files of listings")
    options.add_argument("--texts", type=int, default=500)
    options.add_argument("--turns", type=int, default=5, help="how often the warm texts are read")
    options.add_argument("--json", help="write the figures to this file")
    given = options.parse_args()

    unique = dict.fromkeys(text for _, text in bulk()) if given.corpus == "bulk" else ()
    files = sorted((data() / "listings" / "ctgov-v2").glob("*.json")) if given.corpus == "ctgov" else ()
    items = [*unique, *files]
    items = items[:: max(1, len(items) // given.texts)][: given.texts]
    texts = items if unique else [listing.text for file in items for listing in sources.read(file)]
    parser = Parser(concepts=given.concepts)
    parser.parse("Inclusion criteria: age of 18 years or more, signed informed consent")  # what is made on first use
    found = dict(zip(("unseen", "warm"), measured(parser, items, given.turns), strict=True))
    tokenize = spacy.blank("en").make_doc
    blank = min(seconds(tokenize, texts) for _ in range(given.turns + 1))
    units = sum(map(len, texts)) / UNIT
    figures = {
        state: {
            stage: {"ms": s * 1000 / units, "times_blank": s / blank, "share": s / stages["with timers"]}
            for stage, s in stages.items()
        }
        for state, stages in found.items()
    }
    for state, stages in figures.items():
        print(f"{state:<24}{'ms':>9}{'× blank':>9}{'share':>9}")
        for stage, figure in stages.items():
            print(f"  {stage:<22}{figure['ms']:>9.3f}{figure['times_blank']:>9.3f}{figure['share']:>9.1%}")
    print(f"{'blank tokenizer':<24}{blank * 1000 / units:>9.3f}")
    written(figures, given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
