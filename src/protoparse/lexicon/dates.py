"""Calendar dates as they are printed in English: "3/1/2020", "2020-03-01", "March 1, 2020", "1 March 2020".

In: a text in lower case. Out: whether it holds a date; the pattern of one. A date stands for an event of its own and
keeps its words: which is the day and which the month is not worked out.
"""

from __future__ import annotations

import re

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"[0-3]?\d(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
DATE = (
    rf"(?<![\w/.-])(?:{_MONTH},?\s+(?:{_DAY},?\s+)?{_YEAR}|{_DAY}[\s-]+(?:of\s+)?{_MONTH},?[\s-]+{_YEAR}"
    rf"|{_YEAR}-[01]\d-[0-3]\d|[0-3]?\d(?:/[0-3]?\d/|\.[0-3]?\d\.){_YEAR})(?![\w/]|\.\d)"
)
"""The pattern of a date, without groups."""
_DATE = re.compile(DATE)


def dated(text: str) -> bool:
    """Whether a text in lower case holds a date.

    >>> dated("enrolled since march 2020"), dated("in march"), dated("on 3/1/2020"), dated("2.10.2021 or later")
    (True, False, True, True)
    """
    return _DATE.search(text) is not None
