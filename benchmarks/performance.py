"""The figures of speed as tables, written into a page between markers.

In: the JSON files that the benchmarks write, and a page with regions `<!-- figures: NAME -->` … `<!-- end -->`, NAME
being machine, throughput, registry, length, shapes, startup, serving, peers. Out: the page with the tables in them.

    python benchmarks/performance.py benchmarks/results/*.json --page docs/performance.md
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measuring import AVERAGE, TRIALS
from plot import Results, results
from startup import SAID

SERVED = {"parse": "parse", "read": "read a document", "save": "save a revision", "keep": "keep a new one"}
REGION = re.compile(r"(<!-- figures: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.S)


def main() -> int:
    options = argparse.ArgumentParser(description="Write the figures of speed into a page.")
    options.add_argument("files", nargs="+", type=Path, help="JSON that benchmarks wrote")
    options.add_argument("--page", type=Path, required=True)
    given = options.parse_args()
    given.page.write_text(filled(given.page.read_text("utf-8"), results(given.files)), "utf-8")
    return 0


def filled(page: str, found: Results) -> str:
    """The page with its regions written anew. Raises `KeyError` for a region of no table."""

    def region(match: re.Match[str]) -> str:
        needs, write = TABLES[match["name"]]
        there = needs in found if needs else bool(found)
        return match[1] + (write(found) if there else "Not measured.\n") + match[3]

    return REGION.sub(region, page)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; the first column is text, the others are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def quartiles(figures: dict[str, Any], form: str = ".3g") -> tuple[str, str]:
    """The median, and between which figures half of the turns are."""
    return f"{figures['median']:{form}}", f"{figures['low']:{form}} to {figures['high']:{form}}"


def _machine(found: Results) -> str:
    one = found.get("throughput", next(iter(found.values())))
    has, clocks = one["machine"], {x.get("clock", "wall") for x in found.values()}
    clock = {"wall": "clock on the wall", "cpu": "processor's own time"}
    told = f"{has['processor']}, {has['cores']} cores, {has['system']}, Python {has['python']}, spaCy {has['spacy']}"
    return f"{told}; {' and '.join(clock[name] for name in sorted(clocks))}.\n"


def _throughput(found: Results) -> str:
    figures = found["throughput"]
    rows = [
        ("texts seen before, in times of tokenization", *quartiles(figures["warm"])),
        ("unseen texts, in times of tokenization", *quartiles(figures["unseen"])),
        (f"unseen texts of {AVERAGE:,} characters an hour, one core", *quartiles(figures["texts_per_hour"], ",.0f")),
    ]
    return table(("", "median", "half of the turns"), rows)


def _registry(found: Results) -> str:
    paper = TRIALS / found["throughput"]["texts_per_hour"]["median"]
    rows: list[Sequence[object]] = [("one core, from the rate above", f"{paper:.1f}", "", "", "", "")]
    scaling = found.get("scaling", {})
    for workers, run in scaling.get("workers", {}).items():
        name = f"`protoparse batch --workers {workers} --to {scaling['to']}`"
        sizes = (f"{run['output_gigabytes']:g}", f"{run['ledger_gigabytes']:g}")
        seconds = f"{run['seconds']['median']:.3g} s"
        rows.append((name, f"{run['registry_hours']:.1f}", f"{run['speed_up']:g}", *sizes, seconds))
    measured = f"{scaling['texts']:,} texts from cold" if scaling else "texts from cold"
    return table(("", "hours", "speed-up", "GB of output", "GB of ledger", measured), rows)


def _length(found: Results) -> str:
    lengths = found["length"]["lengths"]
    rows = [(f"{int(name) / 1000:g}", *quartiles(figures, ".2f")) for name, figures in lengths.items()]
    return table(("kB of text", "times an average text", "half of the turns"), rows)


def _shapes(found: Results) -> str:
    rows = [(name, *quartiles(figures, ".2f")) for name, figures in found["length"]["shapes"].items()]
    return table(("100 kB of", "times an average text", "half of the turns"), rows)


def _startup(found: Results) -> str:
    figures = found["startup"]
    rows = [(f"{words}, seconds", *quartiles(figures[name], ".2f")) for name, words in SAID.items()]
    for number, megabytes in figures.get("megabytes", {}).items():
        rows.append((f"peak memory, MB, texts gone through: {int(number):,}", f"{megabytes}", ""))
    return table(("", "median", "half of the turns"), rows)


def _serving(found: Results) -> str:
    figures = found["serving"]
    alone = figures["alone_ms"]
    rows = [("a parse alone, without the service", "", alone["median"], alone["p95"], "")]
    for kind, words in SERVED.items():
        taken = figures["ms"][kind]
        rows.append((words, figures["requests"][kind], taken["median"], taken["p95"], taken["most"]))
    rate, seconds = f"{figures['a_second']:.0f}", f"{figures['seconds']:.0f}"
    told = (
        f"\n{figures['clients']} clients, {rate} requests a second for {seconds} seconds: "
        f"{sum(figures['failed'].values())} failed, {figures['lost']} of {figures['written']} writes lost.\n"
        f"95 % of parses took at most {figures['times_alone']} times the median of the parse alone.\n"
        f"In the second half of the time memory grew by {100 * figures['memory_grew']:.1f} %, to "
        f"{figures['memory_mb']['server'][-1]} MB for the server and {figures['memory_mb']['workers'][-1]} MB for all "
        f"workers.\n"
    )
    return table(("milliseconds", "requests", "median", "95 %", "longest"), rows) + told


def _peers(found: Results) -> str:
    rows = [
        (f"{name} {peer['version']}", *quartiles(peer["unseen"]), quartiles(peer["warm"])[0], peer["job"])
        for name, peer in found["peers"]["peers"].items()
    ]
    left_out = found["peers"]["left_out"]
    told = f"\nLeft out, since not installed: {', '.join(left_out)}.\n" if left_out else ""
    return table(("tool", "unseen texts", "half of the turns", "seen before", "what it does"), rows) + told


TABLES: dict[str, tuple[str, Callable[[Results], str]]] = {
    "machine": ("", _machine),
    "throughput": ("throughput", _throughput),
    "registry": ("throughput", _registry),
    "length": ("length", _length),
    "shapes": ("length", _shapes),
    "startup": ("startup", _startup),
    "serving": ("serving", _serving),
    "peers": ("peers", _peers),
}
"""What each region needs to have been measured, and what writes it."""


if __name__ == "__main__":
    sys.exit(main())
