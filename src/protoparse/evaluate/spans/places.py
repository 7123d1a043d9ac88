"""Where a text says what is told without a place: a phrase, a number.

In: a text, and phrases of it as somebody prints them, or numbers. Out: their places.

>>> Places("Age  18 or\\nolder; no asthma").find("age 18 or older")
(0, 16)
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

from protoparse.evaluate.spans.amounts import DIGITS, number_of
from protoparse.model import Span

_WORD = re.compile(r"[^\W_]+")
_PRINTED = re.compile(rf"(?<![\w.])(?:{DIGITS.pattern})|\b[IV]{{1,3}}\b|\b[A-Za-z]{{3,9}}\b")


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


class PrintedNumbers:
    """Where a text prints numbers, in digits, in words or as Roman numerals.

    >>> PrintedNumbers("2 of class II, age 18").near(2.0, (3, 14), 5)
    (11, 13)
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _places(self) -> Mapping[float, list[Span]]:
        places: dict[float, list[Span]] = {}
        for match in _PRINTED.finditer(self._text):
            if (number := number_of(match[0])) is not None:
                places.setdefault(number, []).append(match.span())
        return places

    def near(self, number: float, within: Span, behind: int) -> Span | None:
        """The first place of a number behind a character, else the last before it; None where it is not there."""
        found = [s for s in self._places.get(abs(number), ()) if within[0] <= s[0] and s[1] <= within[1]]
        return next((span for span in found if span[0] >= behind), found[-1] if found else None)
