"""The earliest of many points that lies beyond another in both directions, for many at once.

In: points of two coordinates each, in order, and places to ask for. Out: for each place the least index of a point
that is greater in the first coordinate and less in the second. In n log n, whatever they are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, TypeAlias

Point: TypeAlias = tuple[Any, Any]
"""Two coordinates; what stands in one place of all points can be compared."""


def earliest(points: Sequence[tuple[Point, int]], places: Sequence[Point]) -> list[int | None]:
    """For each place `(a, b)` the least number that goes with a point `(x, y)` where `x > a` and `y < b`."""
    found: list[int | None] = [None] * len(places)
    ranks = sorted({y for (_, y), _ in points})
    # a Fenwick tree: for each rank the least number among the points of it and below
    least: list[int | None] = [None] * (len(ranks) + 1)
    left = sorted(points, key=lambda point: point[0][0])
    for at in sorted(range(len(places)), key=lambda at: places[at][0], reverse=True):
        a, b = places[at]
        while left and left[-1][0][0] > a:
            (_, y), number = left.pop()
            rank = bisect_left(ranks, y) + 1
            while rank <= len(ranks):
                least[rank] = _less(least[rank], number)
                rank += rank & -rank
        rank = bisect_left(ranks, b)
        while rank:
            found[at] = _less(found[at], least[rank])
            rank -= rank & -rank
    return found


def _less(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
