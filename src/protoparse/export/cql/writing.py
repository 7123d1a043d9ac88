"""Words and numbers as they stand in CQL, whatever is in them.

In: texts, numbers, units. Out: identifiers, strings, comments, literals; None where CQL has no literal for it.

>>> identifier('5" gap'), text("it's"), number(1e-3), quantity(5, "mg/dL"), amount(-1.5, "a")
('"5\\\\" gap"', "'it\\\\'s'", '0.001', "5 'mg/dL'", '18 months')
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from protoparse.model import Number

UNKNOWN: Final = "(null as Boolean)"
_ESCAPES: Mapping[str, str] = {"\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
_PRECISIONS: Mapping[str, tuple[str, int]] = {
    "a": ("month", 12), "mo": ("month", 1), "wk": ("day", 7), "d": ("hour", 24), "h": ("minute", 60),
    "min": ("second", 60), "s": ("second", 1),
}  # fmt: skip
"""What a part of a unit of time is counted in: half a year is 6 months."""
WHOLE: Mapping[str, str] = {
    "a": "year", "mo": "month", "wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second",
}  # fmt: skip


def identifier(name: str) -> str:
    """A name in quotation marks."""
    return '"' + _escaped(name, bare="'") + '"'


def text(words: str) -> str:
    """A string."""
    return "'" + _escaped(words, bare='"') + "'"


def _escaped(words: str, *, bare: str) -> str:
    return "".join(
        c if c == bare else _ESCAPES.get(c) or (c if c.isprintable() or ord(c) > 0xFFFF else f"\\u{ord(c):04x}")
        for c in words
    )


def comment(words: str, indent: str = "") -> Iterator[str]:
    """Lines of a comment: nothing in them ends it but the end of the line, of which they have one."""
    for line in re.split(r"[\r\n]+", words.strip()):
        if line.strip():
            yield f"{indent}// {''.join(c if c.isprintable() else ' ' for c in line).strip()}"


def aside(words: str) -> str:
    """A comment within a line."""
    plain = "".join(c if c.isprintable() else " " for c in words)
    return f"/* {' '.join(plain.split()).replace('*/', '* /')} */"


def number(value: Number) -> str | None:
    """A literal for a number that is not negative: 28 digits, of which 8 behind the point."""
    whole, _, part = f"{abs(Decimal(repr(value))):f}".partition(".")
    part = part.rstrip("0")
    if len(part) > 8 or len(whole) + len(part) > 28 or not whole.isdigit():
        return None
    if not part and int(whole) < 2**31:
        return whole
    return f"{whole}.{part or 0}"


def signed(value: Number) -> str | None:
    """A literal for a number, its sign in front."""
    made = number(value)
    return f"-{made}" if made is not None and value < 0 else made


def quantity(value: Number, ucum: str) -> str | None:
    """A literal for a number with a unit."""
    made = signed(value)
    return None if made is None else f"{made} {text(ucum)}"


def amount(value: Number, ucum: str | None) -> str | None:
    """A stretch of time without its sign, in whole calendar units; None where there is none so long."""
    if ucum is None or ucum not in WHOLE:
        return None
    size = abs(Decimal(repr(value)))
    word = WHOLE[ucum]
    if size != size.to_integral_value():
        word, times = _PRECISIONS[ucum]
        size *= times
    if size != size.to_integral_value() or size >= 2**31:
        return None
    return f"{int(size)} {word}{'' if size == 1 else 's'}"
