"""How long `protoparse batch` takes from cold to a finished output, with one process and with more.

Every turn starts the program anew into a fresh folder, over the same texts. What starting costs, a run over one text
tells; the rest grows with the text, and is extrapolated to a whole registry of 550,000 trials of 2,200 characters.

    python benchmarks/scaling.py [--workers 1 2] [--texts 3000] [--turns 3] [--to parquet] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from measuring import AVERAGE, TRIALS, hourly, record, shown, spread
from startup import command
from texts import bulk


def main() -> int:
    options = argparse.ArgumentParser(description="Time from cold to finished output, by number of processes.")
    options.add_argument("--workers", type=int, nargs="+", default=sorted({1, os.cpu_count() or 1}))
    options.add_argument("--texts", type=int, default=3000)
    options.add_argument("--turns", type=int, default=3)
    options.add_argument("--to", choices=("ndjson", "parquet", "sqlite"), default="parquet")
    options.add_argument("--json", help="write the figures to this file")
    given = options.parse_args()
    if subprocess.run([*command(), "batch", "--help"], capture_output=True).returncode:
        sys.exit("`protoparse batch` is missing: nothing to measure")

    records = bulk()[: given.texts]
    characters = sum(len(text) for _, text in records)
    runs: dict[str, Any] = {}
    taken: dict[int, list[tuple[float, dict[str, float]]]] = {workers: [] for workers in given.workers}
    for _ in range(given.turns):
        for workers, turns in taken.items():
            turns.append((run(records[:1], workers, given.to)["seconds"], run(records, workers, given.to)))
    for workers, turns in taken.items():
        starts, wholes = zip(*turns, strict=True)
        runs[str(workers)] = figures = figured(starts, wholes, characters)
        print(f"{workers} workers: {shown(figures['seconds'])} s from cold to {given.to}", end=", ")
        print(f"{figures['texts_per_hour']:,} texts an hour; a registry in {figures['registry_hours']} h,", end=" ")
        print(f"{figures['output_gigabytes']} GB of output, {figures['ledger_gigabytes']} GB of ledger")
    base = str(min(given.workers))
    for figures in runs.values():
        figures["speed_up"] = round(runs[base]["seconds"]["median"] / figures["seconds"]["median"], 2)
    if len(runs) > 1:
        print("speed-up: " + ", ".join(f"{workers}: {figures['speed_up']}" for workers, figures in runs.items()))
    whole = {"workers": runs, "texts": len(records), "characters": characters, "to": given.to}
    record("scaling", whole, given.json)
    return 0


def run(records: Sequence[tuple[str, str]], workers: int, form: str) -> dict[str, float]:
    """The seconds of one run, and the bytes that it leaves."""
    with tempfile.TemporaryDirectory() as place:
        texts, out = Path(place, "texts.ndjson"), Path(place, "out")
        with texts.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"id": name, "text": text}) + "\n" for name, text in records)
        start = [*command(), "batch", str(texts), "--out", str(out), "--workers", str(workers), "--to", form]
        begun = time.perf_counter()
        done = subprocess.run(start, capture_output=True, text=True)
        taken = time.perf_counter() - begun
        if done.returncode:
            sys.exit(f"{' '.join(start)}: exit code {done.returncode}\n{done.stderr[-2000:]}")
        sizes = {"output": 0, "ledger": 0}
        for file_ in out.rglob("*"):
            if file_.is_file():
                sizes["ledger" if file_.name.startswith("ledger") else "output"] += file_.stat().st_size
        return {"seconds": taken, **sizes}


def figured(starts: Sequence[float], wholes: Sequence[dict[str, float]], characters: int) -> dict[str, Any]:
    """The figures of one number of processes."""
    taken = [whole["seconds"] for whole in wholes]
    start = median(starts)
    share = TRIALS * AVERAGE / characters
    return {
        "seconds": spread(taken, 2),
        "start": round(start, 2),
        "texts_per_hour": round(hourly(characters, median(taken) - start)),
        "registry_hours": round((start + share * (median(taken) - start)) / 3600, 2),
        **{
            f"{what}_gigabytes": round(share * median(whole[what] for whole in wholes) / 1e9, 2)
            for what in ("output", "ledger")
        },
    }


if __name__ == "__main__":
    sys.exit(main())
