"""Powers of ten in a unit, however they were printed or flattened.

In: "x 10^9/L", "×109/L", "10e3 / mm 3", "x 10 to the 6th per liter", "x 10⁴ copies/mL". Out: the exponent and the unit
behind it, ("9", "/l"). The patterns are for text in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TIMES = r"[x×*·✕•]\s*"
_RAISED = (
    r"10\s*(?:(?:\^|\*|e\+?|[˄ˆ＾]|(?<=[x×*]10)[~∼]|to\s+the\s+(?:power\s+of\s+)?)\s*[(\[]?\s*[-−]?(?:1[0-5]|[1-9])(?!\d)"
    r"\s*[)\]]?|[(\[]\s*(?:1[0-5]|[1-9])\s*[)\]]|[⁰¹²³⁴-⁹]{1,2})(?:th|rd)?(?:\s+power)?"
)
# Without its superscript an exponent is known by the unit behind it alone; stars of Markdown leave two spaces.
_FLAT = r"10[\s*]{0,2}[-−]?(?:[3-9]|1[012])(?!\d)"
_PER = (
    r"\s*(?:(?:cells?|copies|copy|iu|cfu|vg)\s*)?(?:/|per\s)\s*(?:cells\s*)?"
    r"(?:mm\s?(?:3|³|\^\s?3|\(3\))|mmc|(?:cu(?:bic|\.)?|c\.?)\s?mm|cubic millimet(?:er|re)s?|kg|kilograms?"
    r"|[µμu]\s?l|mcl|microl|ml|dl|l|(?:micro|milli|deci)?\s?lit(?:er|re)s?)(?![a-z])"
)
SCALE = (
    rf"(?:{_TIMES})?{_RAISED}{_PER}|(?:{_TIMES}|(?<=\d\s)){_FLAT}{_PER}|10\s\s[3-9]{_PER}|10\s?(?:9|12)\s*/\s*l(?![a-z])"
    rf"|{_TIMES}{_RAISED}(?:\s*cells(?!\s*(?:/|per)))?"
)
"""A power of ten and what it counts per volume; with a sign of multiplication before it, it may stand alone. Where
nothing is multiplied, "103/µL" is a number, but nobody has 109 cells in a litre."""

_LIMITED = "|".join(
    rf"(?<={before})" for before in ["[<>≤≥=]", r"[<>≤≥=]\s", r"than\s", r"\sto\s", r"least\s", r"above\s", r"over\s"]
)
NUMBER = (
    rf"(?:(?:{_LIMITED})10(?:\s?\^\s?\d{{1,2}}(?![\d.,])|[⁰¹²³⁴-⁹]{{1,2}})"
    rf"|(?<![\dx×*·✕•])(?<![\dx×*·✕•]\s)10(?:\s?\^\s?\d{{1,2}}(?![\d.,])|[⁰¹²³⁴-⁹]{{1,2}})(?!{_PER}))"
)
"""A power of ten that is the number itself ("≥ 10^4 IU/mL"): nothing is multiplied by it. Without a limit before it, a
power of a volume is a unit alone: "platelets (10^9/L)"."""

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SPLIT = re.compile(rf"(?P<power>(?:{_TIMES})?(?:{_RAISED}|{_FLAT}))(?P<per>{_PER}|\s*cells)?")
_LOST = re.compile(rf"10\s?(?:[3-9]|1[012]){_PER}", re.IGNORECASE)
_COUNT = re.compile(r"\d\s{0,2}((?:[x×*·✕•]\s?)?)$", re.IGNORECASE)


def split(text: str) -> tuple[str, str] | None:
    """The exponent of a printed power and the unit behind it; None for anything else.

    >>> split("x 10^9/l"), split("×109 / mm3"), split("10 mg")
    (('9', '/l'), ('9', '/ mm3'), None)
    """
    match = _SPLIT.fullmatch(text)
    if match is None or (match["power"][0] == "1" and "/" not in text and "per" not in text):
        return None
    power = match["power"].split("10", 1)[1].translate(_SUPERSCRIPT)
    return re.sub(r"\D", "", power), re.sub(r"cells?\s*", "", match["per"] or "").strip()


def raised(text: str) -> int:
    """The value of a power that is a number.

    >>> raised("10^4"), raised("10⁶")
    (10000, 1000000)
    """
    return int(10 ** int(re.sub(r"\D", "", text.translate(_SUPERSCRIPT)[2:])))


def flattened(text: str) -> Iterator[tuple[int, int]]:
    """The places of powers of ten behind a number that were printed without their superscript.

    >>> [text[a:b] for text in ["100 x109/L, 4 x 10^9/L"] for a, b in flattened(text)]
    ['x109/L']
    """
    for match in _LOST.finditer(text):
        start = match.start()
        before = _COUNT.search(text, max(0, start - 8), start)
        if before is not None and (before[1] or text[start - 1].isspace()):
            yield before.start(1), match.end()
