"""Whether a number of occurrences, of which a record tells the least and perhaps the most, is what is asked for.

>>> from protoparse.model import Comparison
>>> print(between(Comparison(operator=">=", value=2), 3), between(Comparison(operator="<=", value=2), 1))
True None
"""

from __future__ import annotations

from math import floor

from msgspec import UNSET

from protoparse.model import Comparison, Fact
from protoparse.screen.knowing.amounts import holds
from protoparse.screen.verdicts import Truth

_FAR = 1000
"""So many more occurrences than a record tells of are thought possible, where it does not say that these are all."""


def between(count: Comparison, least: int, most: int | None = None) -> Truth:
    """Whether all, or none, of the numbers from the least to the most are what is asked for."""
    top = least + _FAR if most is None else most
    values = (count.value, count.low, count.high, *(count.values if count.values is not UNSET else ()))
    # between the numbers that are asked for nothing changes
    turns = {floor(value) + n for value in values if isinstance(value, int | float) for n in (-1, 0, 1, 2)}
    told = {holds(count, n) for n in {least, top, *(n for n in turns if least <= n <= top)}}
    return told.pop() if len(told) == 1 else None


def more_than_none(fact: Fact) -> bool:
    """Whether what is counted has to be there at all."""
    return fact.count is not None and between(fact.count, 0, 0) is False
