"""The vocabulary of criteria: tables beside this file, read once each, never written in Python.

In: `lexicon/<table>.tsv` (tab separated, a header line, `#` comments; a cell with several spellings parts them by `|`).
Out: rows as mappings, and the look-ups made of them.

>>> unit("mg/dl").ucum
'mg/dL'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from protoparse.lexicon import powers
from protoparse.model import Unit

Row = Mapping[str, str]

_LOOSE = str.maketrans({"μ": "u", "µ": "u", "²": "2", "³": "3", "⁹": "9", "×": "x", "·": ".", "−": "-", "–": "-"})


@cache
def rows(table: str) -> tuple[Row, ...]:
    """The rows of `<table>.tsv`, each a mapping from column to cell."""
    lines = [
        line.rstrip("\r")
        for line in (files(__name__) / f"{table}.tsv").read_text("utf-8").split("\n")
        if line.strip() and not line.startswith("#")
    ]
    header = lines[0].split("\t")
    return tuple(
        MappingProxyType(dict(zip(header, (*line.split("\t"), *[""] * len(header)), strict=False)))
        for line in lines[1:]
    )


def spellings(cell: str) -> list[str]:
    """The spellings in a cell."""
    return [s.strip() for s in cell.split("|") if s.strip()]


def fold(text: str) -> str:
    """Lower case, white space folded: the form in which names are compared."""
    return " ".join(text.split()).lower()


@cache
def unit_codes() -> Mapping[str, str | None]:
    """Every spelling of a unit, loosely written (see `loose_unit`), and its UCUM code (None where it has none).

    A spelling with a capital is met in that case alone, and only here is it kept so: "mM" is no "mm".
    """
    table: dict[str, str | None] = {}
    for row in rows("units"):
        code = row["ucum"] or None
        for spelling in [*spellings(row["spellings"]), *([code.lower()] if code else [])]:
            table.setdefault(spelling if cased(spelling) else loose_unit(spelling), code)
    return table


def cased(spelling: str) -> bool:
    """Whether the case of a unit's spelling counts: it has a capital."""
    return spelling != spelling.lower()


def loose_unit(text: str) -> str:
    """A unit's spelling without what is only typography: case, spaces, superscripts, the micro sign."""
    return re.sub(r"[\s^]+", "", text.translate(_LOOSE).lower())


def unit_code(text: str) -> str | None:
    """The UCUM code of a unit as printed, a power of ten before it included; None where it has none.

    >>> unit_code("mM"), unit_code("MM"), unit_code("x 10^9/L"), unit_code("×10⁴ copies/mL")
    ('mmol/L', 'mm', '10*9/L', '10*4.{copies}/mL')
    """
    codes = unit_codes()
    code = codes.get(text) or codes.get(loose_unit(text))
    if code is None and "10" in text and (parts := powers.split(text.lower())):
        exponent, counted = parts
        code = unit_code(counted) if counted else ""
        return code if code is None else f"10*{exponent}{'' if code[:1] in ('', '/') else '.'}{code}"
    return code


@lru_cache(4096)
def unit(text: str) -> Unit:
    """The unit as printed, with its UCUM code where the table has it."""
    return Unit(text=text, ucum=unit_code(text))
