"""One picture of the benchmarks of speed, of several small panels.

In: the JSON files that the benchmarks write, any of them. Out: an SVG or PNG file with a panel for each thing that they
measured: other tools, stages, lengths, hard shapes, processes.

    python benchmarks/plot.py benchmarks/results/*.json --out docs/performance.svg

Needs matplotlib, which the extra `evaluate` brings.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

OURS, OTHERS, LINE, INK, SOFT = "#0072b2", "#b4b8bd", "#d55e00", "#222222", "#5f6368"
"""Blue, grey and vermilion differ for every kind of colour vision, and in print."""

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "protoparse",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": INK,
    "grid.color": "#e3e5e8",
}
BOUND = 3
"""A character may cost so many times an average one in whatever text, and no more."""

WIDTH, NAMES, SCALE = 5.4, 2.3, 0.75
"""Inches: of a column, and beside a panel for the names of its rows or for its scale."""

Results = dict[str, dict[str, Any]]
Panel = tuple[str, float, int, Callable[[Axes], None]]
"""Its title, what stands left of it, how many rows high it is, and what draws it."""


def main() -> int:
    options = argparse.ArgumentParser(description="A picture of the benchmarks of speed.")
    options.add_argument("files", nargs="+", type=Path, help="JSON that benchmarks wrote")
    options.add_argument("--out", type=Path, required=True, help="an .svg or .png file")
    given = options.parse_args()
    found = list(panels(results(given.files)))
    if not found:
        sys.exit("none of the files holds figures that could be drawn")
    with matplotlib.rc_context(STYLE):
        date = {"Date": None} if given.out.suffix == ".svg" else None
        drawn(found).savefig(given.out, facecolor="white", dpi=110, metadata=date)
    return 0


def results(files: list[Path]) -> Results:
    """What each benchmark measured, by its name."""
    read = [json.loads(file.read_text("utf-8")) for file in files]
    return {figures["benchmark"]: figures for figures in read if "benchmark" in figures}


def panels(found: Results) -> Iterator[Panel]:
    if "throughput" in found or "peers" in found:
        rows = list(tools(found))
        yield "Time, in times of spaCy's blank tokenizer", NAMES, len(rows), lambda axes: _bars(axes, rows)
    if stages := found.get("profile", {}).get("stages"):
        yield "Share of the stages in parsing, %", NAMES, len(stages), lambda axes: _stages(axes, stages)
    if "length" in found:
        lengths, shapes = found["length"]["lengths"], found["length"]["shapes"]
        if lengths:
            yield "Cost of a character, by length of the text", SCALE, 5, lambda axes: _lengths(axes, lengths)
        yield "Cost of a character in hard texts of 100 kB", NAMES, len(shapes), lambda axes: _shapes(axes, shapes)
    if runs := found.get("scaling", {}).get("workers"):
        yield "Speed-up by processes", NAMES, len(runs), lambda axes: _scaling(axes, runs)


def tools(found: Results) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Each bar: what it is called, its figures and its colour."""
    yield "spaCy\nblank tokenizer", {"median": 1, "low": 1, "high": 1}, LINE
    if "throughput" in found:
        yield "protoparse\ntexts seen before", found["throughput"]["warm"], OURS
        yield "protoparse\nunseen texts", found["throughput"]["unseen"], OURS
    for name, peer in found.get("peers", {}).get("peers", {}).items():
        if name != "protoparse" or "throughput" not in found:
            yield f"{name}\n{peer['job']}", peer["unseen"], OURS if name == "protoparse" else OTHERS


def drawn(found: list[Panel]) -> Figure:
    """The panels in two columns, each as high as its rows need."""
    room, below = 0.55, 0.65  # inches above a panel for its title, and below for its scale
    heights = [room + 0.4 * rows + below for _, _, rows, _ in found]
    columns: list[list[int]] = [[], []]
    for number, _ in enumerate(found):
        shorter = min(columns, key=lambda column: sum(heights[i] for i in column))
        shorter.append(number)
    whole = max(sum(heights[i] for i in column) for column in columns)
    width = 2 * WIDTH if len(found) > 1 else WIDTH
    figure = Figure(figsize=(width, whole))
    for at, column in enumerate(columns):
        top = whole
        for i in column:
            title, names, _, draw = found[i]
            left = at * WIDTH
            axes = figure.add_axes(
                (
                    (left + names) / width,
                    (top - heights[i] + below) / whole,
                    (WIDTH - names - 0.35) / width,
                    (heights[i] - room - below) / whole,
                )
            )
            figure.text((left + 0.15) / width, (top - 0.34) / whole, title, fontsize=11.5, fontweight="bold")
            draw(axes)
            for side in ("top", "right", "left", "bottom"):
                axes.spines[side].set_visible(False)
            axes.set_axisbelow(True)
            axes.tick_params(length=0)
            top -= heights[i]
    return figure


def _bars(axes: Axes, rows: list[tuple[str, dict[str, Any], str]]) -> None:
    heights = range(len(rows), 0, -1)
    medians = [figures["median"] for _, figures, _ in rows]
    axes.barh(heights, medians, left=0, height=0.62, color=[colour for *_, colour in rows])
    for at, (_, figures, _) in zip(heights, rows, strict=True):
        axes.plot([figures["low"], figures["high"]], [at, at], color=INK, linewidth=1.2)
        axes.annotate(
            f"{figures['median']:.3g}", (figures["high"], at), (5, 0), textcoords="offset points", va="center"
        )
    _rows(axes, heights, [name for name, *_ in rows])
    axes.set_xlim(0, 1.16 * max(figures["high"] for _, figures, _ in rows))
    axes.set_xlabel("less is faster")


def _stages(axes: Axes, stages: dict[str, Any]) -> None:
    shares = {name: value["median"] if isinstance(value, dict) else value for name, value in stages.items()}
    whole = sum(shares.values())
    heights = range(len(shares), 0, -1)
    percents = [100 * share / whole for share in shares.values()]
    axes.barh(heights, percents, height=0.62, color=OURS)
    for at, share in zip(heights, percents, strict=True):
        axes.annotate(f"{share:.0f}", (share, at), (5, 0), textcoords="offset points", va="center")
    _rows(axes, heights, list(shares))
    axes.set_xlim(0, 1.16 * max(percents))


def _lengths(axes: Axes, lengths: dict[str, dict[str, Any]]) -> None:
    kilobytes = [int(length) / 1000 for length in lengths]
    every = lengths.values()
    axes.fill_between(
        kilobytes, [x["low"] for x in every], [x["high"] for x in every], color=OURS, alpha=0.2, linewidth=0
    )
    axes.plot(kilobytes, [x["median"] for x in every], "o-", color=OURS, markersize=5)
    axes.set_xscale("log")
    axes.set_xticks(kilobytes, [f"{x:g}" for x in kilobytes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("kB of text")
    highest = max(2.0, 1.1 * max(x["high"] for x in every))
    axes.set_ylim(0, highest)
    axes.set_yticks([n / 2 for n in range(int(2 * highest) + 1)])
    axes.axhline(1, color=LINE, linewidth=1.2)
    axes.set_ylabel("times an average text")
    axes.grid(axis="y", linewidth=0.8)


def _shapes(axes: Axes, shapes: dict[str, dict[str, Any]]) -> None:
    heights = range(len(shapes), 0, -1)
    for at, figures in zip(heights, shapes.values(), strict=True):
        axes.plot([0, figures["median"]], [at, at], color=OTHERS, linewidth=1)
        axes.plot([figures["low"], figures["high"]], [at, at], color=OURS, linewidth=4, alpha=0.35)
    axes.plot([figures["median"] for figures in shapes.values()], heights, "o", color=OURS, markersize=7)
    _rows(axes, heights, list(shapes))
    highest = max(figures["high"] for figures in shapes.values())
    axes.set_xlim(0, 1.1 * max(BOUND, highest))
    axes.axvline(1, color=LINE, linewidth=1.2)
    axes.axvline(BOUND, color=SOFT, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.set_xlabel(f"times an average text; dashed: the bound, {BOUND}")
    axes.grid(axis="x", linewidth=0.8)


def _scaling(axes: Axes, runs: dict[str, dict[str, Any]]) -> None:
    heights = range(len(runs), 0, -1)
    for at, (workers, run) in zip(heights, runs.items(), strict=True):
        axes.barh(at, run["speed_up"], height=0.62, color=OURS)
        axes.plot([int(workers)] * 2, [at - 0.4, at + 0.4], color=LINE, linewidth=2)
    rate = "{:,.0f} texts an hour"
    names = [
        f"{n} {'process' if n == '1' else 'processes'}\n{rate.format(r['texts_per_hour'])}" for n, r in runs.items()
    ]
    _rows(axes, heights, names)
    axes.set_xlim(0, 1.1 * max(map(int, runs)))
    axes.set_xlabel("times one process; orange: each brings its whole")
    axes.grid(axis="x", linewidth=0.8)


def _rows(axes: Axes, heights: range, names: list[str]) -> None:
    """Names beside the rows; what stands below the first line of a name is smaller."""
    axes.set_yticks(list(heights), [])
    axes.set_ylim(0.4, len(names) + 0.6)
    for at, name in zip(heights, names, strict=True):
        first, _, more = name.partition("\n")
        place: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right"}
        axes.annotate(first, (0, at), (-8, 1 if more else 0), va="bottom" if more else "center", **place)
        axes.annotate(more, (0, at), (-8, 0), va="top", fontsize=8, color=SOFT, **place)


if __name__ == "__main__":
    sys.exit(main())
