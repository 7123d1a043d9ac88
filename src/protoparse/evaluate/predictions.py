"""Where the words of a prediction stand in a text, for tools that do not say so.

In: a text, and phrases of it as a tool prints them. Out: their places.

>>> Places("Age  18 or\\nolder; no asthma").find("age 18 or older")
(0, 16)
"""

from __future__ import annotations

import re
from bisect import bisect_right

from protoparse.evaluate.findings import Findings
from protoparse.model import Record, Span

_WORD = re.compile(r"[^\W_]+")


class Prediction(Record, frozen=True, kw_only=True):
    """What a tool found in one text, and how much of it could not be placed there (`lost` of `told`)."""

    findings: Findings
    told: int = 0
    lost: int = 0


class Places:
    """The words of a text in order, so that a phrase is found whatever its case, spaces and signs."""

    def __init__(self, text: str) -> None:
        words = list(_WORD.finditer(text))
        self._ends = [word.end() for word in words]
        self._starts = [word.start() for word in words]
        self._line = " ".join(["", *(word[0].lower() for word in words), ""])
        self._at: list[int] = []
        at = 1
        for word in words:
            self._at.append(at)
            at += len(word[0].lower()) + 1

    def find(self, phrase: str, start: int = 0, end: int | None = None) -> Span | None:
        """The first place of a phrase in a stretch of the text; None where it is not there, or holds no word."""
        wanted = [word.lower() for word in _WORD.findall(phrase)]
        if not wanted:
            return None
        first = bisect_right(self._starts, start - 1)
        if first == len(self._at):
            return None
        found = self._line.find(f" {' '.join(wanted)} ", self._at[first] - 1)
        if found < 0:
            return None
        begin = bisect_right(self._at, found + 1) - 1
        span = self._starts[begin], self._ends[begin + len(wanted) - 1]
        return span if end is None or span[1] <= end else None
