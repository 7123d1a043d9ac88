"""Hostile cases in any number, and what broke of them.

Each case is made from a seed by chance that its number gives, so that it can be made again. Cases are run in processes
that are begun anew every few thousand: what kills one, hangs it, or lets it grow is told like anything else.

    python fuzzing/fuzz.py [TARGET…] [--cases 100000] [--seed 1] [--first 0] [--found DIR] [--json FILE]

`--cases` are shared among the targets. Of each breach the case is kept in DIR with what went wrong; exit code 1.
"""

from __future__ import annotations

import argparse
import atexit
import json
import mmap
import multiprocessing
import os
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from targets import TARGETS, BreachError, Target, warm

TOGETHER = 5_000
"""So many cases a process runs."""
HANGS = 300.0
"""After so many seconds on one case a process is ended."""
MEMORY = 4 * 2**30
"""So many bytes a process may have."""
KEPT = 40
"""So many breaches of a target are kept; behind them it is stopped."""


class Told(NamedTuple):
    """How a target fared."""

    name: str
    cases: int
    seconds: float
    breaches: int
    slowest: float


def main() -> int:
    options = argparse.ArgumentParser(description="Hand hostile cases to everything that reads.")
    options.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; by default all")
    options.add_argument("--cases", type=int, default=100_000, help="in all")
    options.add_argument("--seed", type=int, default=1, help="another gives other cases")
    options.add_argument("--first", type=int, default=0, help="the number of the first case")
    options.add_argument("--found", type=Path, default=Path(__file__).parent / "found")
    options.add_argument("--json", type=Path, help="a file to add a line to for each target")
    given = options.parse_args()
    unknown = set(given.targets) - set(TARGETS)
    if unknown:
        options.error(f"no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")

    names = given.targets or list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    breaches = 0
    for name in names:
        count = -(-given.cases * TARGETS[name].share // whole)
        told = fuzzed(name, count, seed=given.seed, first=given.first, found=given.found)
        breaches += told.breaches
        print(f"{name:<12}{told.cases:>9,} cases {told.seconds:>8.1f} s  slowest {told.slowest:.2f} s  "
              f"{told.breaches} breaches", flush=True)  # fmt: skip
        if given.json:
            with given.json.open("a") as file:
                file.write(json.dumps(told._asdict()) + "\n")
    return int(breaches > 0)


def case(name: str, number: int, seeds: Sequence[bytes], *, seed: int = 1) -> bytes:
    """A case by its number: the seeds themselves come first."""
    if number < len(seeds) and seed == 1:
        return seeds[number]
    chance = Random(f"{name}:{seed}:{number}")
    return TARGETS[name].mutate(chance.choice(seeds), seeds, chance)


def breach(target: Target, data: bytes) -> str | None:
    """What is broken by a case, None where all holds."""
    limit = target.seconds + target.microseconds * len(data) / 1e6
    before = _peak()
    taken: list[float] = []
    for _ in range(3):  # what is loaded at first, and what a busy machine adds, is not there again
        begun = time.process_time()
        try:
            target.run(data)
        except BreachError as error:
            return f"{error}"
        except RecursionError:
            return "RecursionError\n" + "".join(traceback.format_exc().splitlines(keepends=True)[-12:])
        except Exception:
            return traceback.format_exc()
        taken.append(time.process_time() - begun)
        if taken[-1] <= limit:
            break
        target.forget()
    else:
        return f"{min(taken):.2f} s for {len(data)} bytes, where {limit:.2f} are allowed"
    grown = _peak() - before
    if grown > target.megabytes:
        return f"{grown} MB more for {len(data)} bytes, where {target.megabytes} are allowed"
    return None


def fuzzed(name: str, count: int, *, seed: int, first: int, found: Path) -> Told:
    """Run cases of a target, in processes one after another; breaches are kept in `found`."""
    target = TARGETS[name]
    seeds = target.seeds()
    warm()
    begun = time.monotonic()
    shared = _Shared()
    number, last = first, first + count
    while number < last and shared.breaches < KEPT:
        until = min(number + TOGETHER, last)
        process = multiprocessing.get_context("fork").Process(
            target=_work, args=(name, range(number, until), seeds, seed, found, shared)
        )
        process.start()
        hung = _waited(process, shared)
        if process.exitcode == 0:
            number = until
            continue
        at = shared.number
        cause = f"hung for more than {HANGS:.0f} s" if hung else f"the process ended with {process.exitcode}"
        _keep(found, name, at, case(name, at, seeds, seed=seed), cause)
        shared.breaches += 1
        number = at + 1
    return Told(name, number - first, round(time.monotonic() - begun, 1), shared.breaches, round(shared.slowest, 3))


def _work(name: str, numbers: range, seeds: Sequence[bytes], seed: int, found: Path, shared: _Shared) -> None:
    target = TARGETS[name]
    sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    for data in seeds[:3]:
        breach(target, data)
    for number in numbers:
        shared.number = number
        data = case(name, number, seeds, seed=seed)
        before = time.process_time()
        cause = breach(target, data)
        shared.slowest = max(shared.slowest, time.process_time() - before)
        if cause is not None:
            _keep(found, name, number, data, cause)
            shared.breaches += 1
            if shared.breaches >= KEPT:
                break
    atexit._run_exitfuncs()
    os._exit(0)


def _waited(process: Any, shared: _Shared) -> bool:
    """Wait for a process; whether it had to be ended since it hung."""
    at, since = shared.number, time.monotonic()
    while process.is_alive():
        process.join(0.5)
        if shared.number != at:
            at, since = shared.number, time.monotonic()
        elif time.monotonic() - since > HANGS:
            process.kill()
            process.join()
            return True
    return False


def _keep(found: Path, name: str, number: int, data: bytes, cause: str) -> None:
    found.mkdir(parents=True, exist_ok=True)
    (found / f"{name}-{number}.case").write_bytes(data)
    (found / f"{name}-{number}.txt").write_text(cause, errors="backslashreplace")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


class _Shared:
    """What a process tells the one that began it: the case that it is at, breaches, seconds of the slowest."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 24)

    def _get(self, form: str, place: int) -> Any:
        return struct.unpack_from(form, self._memory, place)[0]

    number = property(
        lambda self: self._get("q", 0), lambda self, value: struct.pack_into("q", self._memory, 0, value)
    )  # fmt: skip
    breaches = property(
        lambda self: self._get("q", 8), lambda self, value: struct.pack_into("q", self._memory, 8, value)
    )
    slowest = property(
        lambda self: self._get("d", 16), lambda self, value: struct.pack_into("d", self._memory, 16, value)
    )


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
