"""Plots of an evaluation as SVG that stands within a page, in the page's own colours and letters.

In: rows of figures, calibrations. Out: `<svg>` elements, each with a title and a description for those who cannot see
them. Needs matplotlib, which the extra `evaluate` brings.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from protoparse.evaluate.calibration import Calibration
from protoparse.evaluate.statistics import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# stand-ins, replaced by the page's own, which differ in light and dark
_COLOURS = {"#010101": "var(--ink)", "#020202": "var(--soft)", "#030303": "var(--rule)", "#040404": "var(--blue)"}
_INK, _SOFT, _RULE, _MAIN = _COLOURS

_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _RULE,
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _INK,
    "grid.color": _RULE,
}


def rates(rows: Sequence[Row], names: Sequence[str], *, key: str, title: str) -> str:
    """F1 of each row with its interval, one below the other; `names` are what the rows are called."""
    return _drawn(lambda: _rates(rows, names), key=key, title=title, description=_told(rows, names))


def _rates(rows: Sequence[Row], names: Sequence[str]) -> Figure:
    from matplotlib.figure import Figure

    room = 0.3 + 0.075 * max(map(len, names))  # for the names, in inches
    width, height = room + 4.6, 0.55 + 0.235 * len(rows)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((room / width, 0.45 / height, 4.4 / width, 1 - 0.5 / height))
    heights = range(len(rows), 0, -1)
    for at, row in zip(heights, rows, strict=True):
        if row.f1 is not None:
            axes.plot([100 * end for end in row.f1], [at, at], color=_MAIN, linewidth=2.2, alpha=0.5)
    axes.plot([100 * row.rate.f1 for row in rows], heights, "o", color=_MAIN, markersize=5)
    axes.set_yticks(list(heights), names)
    axes.set_ylim(0.3, len(rows) + 0.7)
    lowest = min([100 * row.rate.f1 for row in rows] + [100 * row.f1[0] for row in rows if row.f1] + [90])
    axes.set_xlim(max(0, 10 * (lowest // 10) - 2), 101.5)
    axes.set_xlabel("F1, per cent, with its 95 % interval")
    axes.grid(axis="x", linewidth=0.8)
    _bare(axes)
    return figure


def reliability(one: Calibration, *, key: str, title: str) -> str:
    """How often predictions of each confidence are right; on the dashed line confidence is just that."""
    told = "; ".join(
        f"confidence {b.low:.1f} to {b.high:.1f}: {100 * b.right:.0f} % of {b.count} are right" for b in one.bins
    )
    return _drawn(lambda: _reliability(one), key=key, title=title, description=told)


def _reliability(one: Calibration) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 4.0))
    axes = figure.add_axes((0.16, 0.14, 0.8, 0.82))
    most = max(b.count for b in one.bins)
    axes.bar(
        [(b.low + b.high) / 2 for b in one.bins],
        [0.25 * b.count / most for b in one.bins],
        width=0.09,
        color=_RULE,
    )
    axes.plot([0, 1], [0, 1], linestyle=(0, (4, 3)), color=_SOFT, linewidth=1)
    axes.plot([b.confidence for b in one.bins], [b.right for b in one.bins], "o-", color=_MAIN, markersize=5)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="confidence", ylabel="share that is right")
    axes.grid(linewidth=0.8)
    _bare(axes)
    return figure


def _bare(axes: Any) -> None:
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def _told(rows: Sequence[Row], names: Sequence[str]) -> str:
    parts = []
    for row, name in zip(rows, names, strict=True):
        interval = "" if row.f1 is None else f" ({100 * row.f1[0]:.1f} to {100 * row.f1[1]:.1f})"
        parts.append(f"{name}: {100 * row.rate.f1:.1f}{interval}")
    return "; ".join(parts)


def _drawn(draw: Any, *, key: str, title: str, description: str) -> str:
    """The figure as an element: same in, same out; its ids begin with `key`, so that many fit a page."""
    import matplotlib

    out = io.StringIO()
    style: Any = _STYLE | {"svg.hashsalt": key}  # its keys are literals in matplotlib's types, and not in all versions
    with matplotlib.rc_context(style):
        draw().savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", drawn, flags=re.S)
    drawn = re.sub(r"<defs>\s*</defs>\s*", "", drawn)
    for stand_in, colour in _COLOURS.items():
        drawn = drawn.replace(stand_in, colour)
    drawn = re.sub(r'\bid="', f'id="{key}-', drawn)
    drawn = re.sub(r'(url\(#|href="#)', rf"\1{key}-", drawn)
    # the page's letters, and no word of a name space that looks like an address
    drawn = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", drawn)
    head, _, body = drawn.partition(">")
    view = re.search(r'viewBox="([^"]+)"', head)
    width = re.search(r'width="([\d.]+)pt"', head)
    assert view
    assert width
    return (
        f'<svg role="img" aria-labelledby="{key}-title {key}-desc" viewBox="{view[1]}"'
        f' style="width: {float(width[1]) * 4 / 3:.0f}px">'
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-desc">{escape(description)}</desc>{body}'
    )
