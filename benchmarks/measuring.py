"""What the benchmarks of speed share: a clock, turns that alternate, the spread of what they gave, the record of a run.

In: work to be done on texts. Out: seconds, ratios, medians with their quartiles, and a JSON file that says what machine
and which versions they are of. Imports nothing of protoparse, so that other tools' environments can run it too.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
AVERAGE = 2200
"""Characters of an average registry's eligibility text, in which rates are told."""

TRIALS = 550_000
"""The trials of a whole registry, to which costs are extrapolated."""


def with_clock(options: argparse.ArgumentParser) -> None:
    options.add_argument("--json", help="write the figures to this file")
    options.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu, where others use the machine: the processor's time alone"
    )


def seconds(work: Callable[[str], object], texts: Sequence[str], clock: str = "wall") -> float:
    """The time that the work takes on all the texts."""
    now = CLOCKS[clock]
    gc.collect()
    begun = now()
    for text in texts:
        work(text)
    return now() - begun


def pair(
    work: Callable[[str], object],
    unit: Callable[[str], object],
    texts: Sequence[str],
    turn: int,
    clock: str = "wall",
) -> tuple[float, float]:
    """One turn of work and of what it is measured in; who begins changes, since the second finds the texts in the
    processor's cache."""
    if turn % 2:
        worked = seconds(work, texts, clock)
        return worked, seconds(unit, texts, clock)
    united = seconds(unit, texts, clock)
    return seconds(work, texts, clock), united


def spread(values: Sequence[float], digits: int = 3) -> dict[str, Any]:
    """The median of the turns, their quartiles, and all of them."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    figures = {"median": middle, "low": low, "high": high}
    return {name: round(x, digits) for name, x in figures.items()} | {"turns": [round(x, digits) for x in values]}


def shown(figures: dict[str, Any]) -> str:
    """A spread on one line."""
    return f"{figures['median']:g} ({figures['low']:g} to {figures['high']:g})"


def hourly(characters: int, taken: float) -> float:
    """Texts of average length an hour, at that many characters in so many seconds."""
    return 3600 * characters / (taken * AVERAGE)


def record(benchmark: str, figures: dict[str, Any], path: str | None) -> None:
    """Write figures as JSON to a file, where one is named, with what they are of."""
    if path:
        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        whole = {"benchmark": benchmark, "machine": machine(), **figures}
        place.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", "utf-8")


def machine() -> dict[str, Any]:
    """The machine in general terms, and the versions that decide the speed."""
    found = {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()}
    found["python"] = platform.python_version()
    for package in ("spacy", "protoparse"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        [name, *_] = re.findall(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except (OSError, ValueError):
        return platform.processor() or platform.machine()
    return str(name)
