"""The gate on speed: fails where parsing, hard texts or starting become clearly slower than they are.

Everything is a ratio to something known that runs in the same minute, in time of the processor, so that a slow or a
busy machine changes little. What a busy machine adds may still be too much once: what is above its limit is measured
anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import script

ROOT = Path(__file__).parents[1]

ROOM = 1.5
"""How many times its figure of today something may cost: twice as slow is seen, another machine is not."""

RATIOS = {"warm": 1.0, "unseen": 8.0}
"""The listings of the corpus, in times of blank tokenization: seen before, and by a process that has seen nothing.
To be lowered with what makes the parser faster."""

STARTS = {"help": 0.12, "parse": 3.5}
"""`protoparse --help` and parsing one listing, in times of starting Python to import spaCy."""

SHAPES = ("one list", "brackets", "bullets", "full stops", "letters", "denials", "fractions")
BOUND = 3
"""A character of whatever text may cost so many times one of an average text."""


def held(measure: Callable[[], dict[str, float]], limits: dict[str, float]) -> None:
    """Whether all is within its limit, at one of three times."""
    over: list[dict[str, float]] = []
    for _ in range(3):
        found = measure()
        assert found.keys() == limits.keys()
        over.append({name: figure for name, figure in found.items() if figure > limits[name]})
        if not over[-1]:
            return
    pytest.fail(f"above {limits}: {over}")


def test_parsing_takes_a_few_times_what_tokenization_does(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    options = ("--corpus", "--clock", "cpu", "--turns", "3", "--json", str(file))

    def measure() -> dict[str, float]:
        command = [sys.executable, str(ROOT / "benchmarks" / "throughput.py"), *options]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        found = json.loads(file.read_text("utf-8"))
        return {name: found[name]["median"] for name in RATIOS}

    held(measure, {name: ROOM * ratio for name, ratio in RATIOS.items()})


def test_a_character_of_a_hard_text_costs_little_more_than_one_of_a_real_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    length, texts = script("benchmarks", "length"), script("benchmarks", "texts")
    real = [text for _, text in texts.corpus()]
    work = {name: [length.SHAPES[name]("")[:40_000]] for name in SHAPES}

    def measure() -> dict[str, float]:
        _, costs = length.measured(real, work, clock="cpu")
        return {name: cost for name, [cost] in costs.items()}

    held(measure, dict.fromkeys(SHAPES, float(BOUND)))


def test_it_starts_as_fast_as_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    startup = script("benchmarks", "startup")
    starts = startup.starts()

    def measure() -> dict[str, float]:
        unit = startup.seconds(starts["spacy"], "cpu")
        return {name: startup.seconds(starts[name], "cpu") / unit for name in STARTS}

    held(measure, {name: ROOM * ratio for name, ratio in STARTS.items()})
