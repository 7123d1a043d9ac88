"""Exact conversion between UCUM units, as far as criteria use them.

In: a number, the UCUM code it is in and the one wanted, and the name of what was measured where it matters. Out: a
`Fraction`, or a `UnitError` that names the cause; `convert(100, "mg/dL", "g/L")` is 1.

Only like converts to like. What is counted stays what it is (`{cells}`, `[IU]`, `{1.73_m2}` are dimensions), also
where UCUM would take it for a plain number. A mark on a unit (`ug/mL{FEU}`, `dB{HL}`) parts it from the unit without.
Mass and amount of substance meet only over a known analyte, and "mmol/mol" is no per mille: of HbA1c it is not.

The atoms are in `lexicon/ucum.tsv`, the analytes in `lexicon/analytes.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

from protoparse import lexicon
from protoparse.errors import UnitError

_LONGEST = 100
_HIGHEST = 100
"""How long a code, how high a power may be: beyond, it is an attack on the arithmetic, no unit."""

_COMPONENT = re.compile(
    r"(?P<symbol>10[*^]|(?:\[[^\[\]\s]+\]|[A-Za-z%'_])+)(?P<power>[+-]?\d+)?|(?P<number>[1-9]\d*)|(?=\{)|(?P<open>\()"
)
_ANNOTATION = re.compile(r"\{[^{}]+\}")
_EQUATION = re.compile(r"(\S+) = (?:(\S+) )?(\S+?)(?: \+ (\S+))?")
_MARK = "…"
"""Before the name of what marks a unit as a whole: it has no power and stands anywhere, as in "ug{FEU}/mL"."""


class Measure(NamedTuple):
    """A unit in terms of the base units: a reading of x is `factor * x + zero` of them."""

    factor: Fraction
    dimension: tuple[tuple[str, int], ...] = ()
    """Base units with their powers, by name; "/mol" is a mole beneath the line."""
    zero: Fraction = Fraction(0)


class _Relation(NamedTuple):
    """How readings in one unit become readings in another."""

    slope: Fraction
    zero: Fraction


def convert(value: int | float | Decimal | Fraction, unit: str, to: str, *, analyte: str | None = None) -> Fraction:
    """A value in another unit, exactly; a float counts as the decimal that it is printed as.

    `analyte` is what was measured, by any name of `lexicon/measurements.tsv`; one that is not known changes nothing.
    Raises `UnitError` where a code is no UCUM (or of a part that criteria never use), where the two are not comparable,
    and for a value that is not finite.

    >>> convert(98.6, "[degF]", "Cel")
    Fraction(37, 1)
    >>> round(float(convert(1.2, "mg/dL", "umol/L", analyte="serum creatinine")))
    106
    """
    relation = _relation(unit, to, analyte)
    if relation is None:
        raise UnitError(f"{unit!r} does not convert to {to!r}: {_cause(unit, to, analyte)}")
    try:
        exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    except (ValueError, OverflowError):
        raise UnitError(f"{value} {unit!r} does not convert: no finite number") from None
    return relation.slope * exact + relation.zero


def comparable(unit: str, other: str, *, analyte: str | None = None) -> bool:
    """Whether `convert` leads from one unit to the other; raises `UnitError` where a code is no UCUM.

    >>> comparable("mL/min", "mL/min/{1.73_m2}"), comparable("mg/L", "ug/mL")
    (False, True)
    """
    return _relation(unit, other, analyte) is not None


@lru_cache(4096)
def parse_unit(code: str) -> Measure:
    """What a UCUM code stands for; raises `UnitError` with the place of what is no UCUM.

    >>> parse_unit("10*9/L")
    Measure(factor=Fraction(1000000000000, 1), dimension=(('m', -3),), zero=Fraction(0, 1))
    """
    if not code or len(code) > _LONGEST:
        raise UnitError(f"{code[:_LONGEST]!r} is no UCUM: {'too long' if code else 'empty'}")
    measure, end = _term(code, 0)
    if end < len(code):
        raise _refused(code, end)
    return measure


# ------------------------------------------------------------------ reading a code


def _refused(code: str, place: int, cause: str = "") -> UnitError:
    return UnitError(
        f"{code!r} is no UCUM: {cause or (repr(code[place:]) if code[place:] else 'its end')} at {place + 1}"
    )


def _term(code: str, place: int) -> tuple[Measure, int]:
    """Components joined by "." and "/", from the left; "/" divides by the next one alone."""
    product: Measure | None = None
    while True:
        sign = 1
        if code[place : place + 1] == "/":
            sign, place, product = -1, place + 1, product or Measure(Fraction(1))
        elif product is not None:
            if code[place : place + 1] != ".":
                return product, place
            place += 1
        part, place = _component(code, place)
        if product is None and sign > 0:
            product = part
            continue
        if part.zero or (product is not None and product.zero):
            raise _refused(code, place, "a scale with a zero of its own in a product")
        product = _times(product or Measure(Fraction(1)), part, sign)


def _component(code: str, place: int) -> tuple[Measure, int]:
    match = _COMPONENT.match(code, place)
    if match is None:
        raise _refused(code, place)
    end = match.end()
    if match["open"]:
        measure, end = _term(code, end)
        if code[end : end + 1] != ")":
            raise _refused(code, end)
        return measure, end + 1
    if match["number"]:
        measure = Measure(Fraction(match["number"]))
    elif match["symbol"]:
        power = int(match["power"] or 1)
        atom = _symbol(match["symbol"])
        if atom is None:
            raise _refused(code, place, f"{match['symbol']!r}")
        if abs(power) > _HIGHEST or (atom.zero and power != 1):
            raise _refused(code, place, f"the power in {match[0]!r}")
        measure = _power(atom, power)
    else:
        measure = Measure(Fraction(1))
    annotation = _ANNOTATION.match(code, end)
    if annotation is None:
        if end == place:
            raise _refused(code, place)
        return measure, end
    name = annotation[0].lower()
    if measure.dimension:
        name = _MARK + name
    return _times(measure, Measure(Fraction(1), ((name, 1),)), 1), annotation.end()


@cache
def _symbol(symbol: str) -> Measure | None:
    """An atom, else a prefix and a metric atom."""
    atoms, prefixes = _table()
    if symbol in atoms:
        return _atom(symbol)
    for n in (2, 1):
        factor, rest = prefixes.get(symbol[:n]), symbol[n:]
        if factor is not None and rest in atoms and atoms[rest]["metric"] == "yes":
            atom = _atom(rest)
            return atom._replace(factor=atom.factor * factor)
    return None


@cache
def _table() -> tuple[Mapping[str, lexicon.Row], Mapping[str, Fraction]]:
    rows = lexicon.rows("ucum")
    return (
        {row["atom"]: row for row in rows if row["kind"] != "prefix"},
        {row["atom"]: Fraction(row["value"]) for row in rows if row["kind"] == "prefix"},
    )


@cache
def _atom(name: str) -> Measure:
    row = _table()[0][name]
    if row["kind"] == "base":
        return Measure(Fraction(1), ((name, 1),))
    base = parse_unit(row["unit"] or "K")
    return Measure(base.factor * Fraction(row["value"]), base.dimension, Fraction(row["zero"] or 0))


def _power(measure: Measure, power: int) -> Measure:
    sign = 1 if power > 0 else -1
    product = Measure(Fraction(1), (), measure.zero)
    for _ in range(abs(power)):
        product = _times(product, measure, sign)
    return product


def _times(left: Measure, right: Measure, sign: int) -> Measure:
    """The product, or with sign -1 the quotient, of two units."""
    powers = dict(left.dimension)
    for name, power in right.dimension:
        if name.startswith(_MARK):
            powers[name] = 1
        elif name in ("mol", "/mol"):
            # A mole of this in a mole of that is a ratio of two things: it does not cancel.
            name = name if sign > 0 else {"mol": "/mol", "/mol": "mol"}[name]
            powers[name] = powers.get(name, 0) + power
        else:
            powers[name] = powers.get(name, 0) + sign * power
    dimension = tuple(sorted((n, p) for n, p in powers.items() if p))
    return Measure(left.factor * right.factor**sign, dimension, left.zero)


# ------------------------------------------------------------------ what is comparable


@lru_cache(4096)
def _relation(unit: str, to: str, analyte: str | None) -> _Relation | None:
    have, want = parse_unit(unit), parse_unit(to)
    direct = _between(have, want)
    if direct is not None or analyte is None:
        return direct
    equal, line = _analytes().get(_analyte(analyte), ({}, None))
    found = _between(_replaced(have, equal), _replaced(want, equal))
    if found is None and line is not None:
        left, right, way = line
        if (first := _between(have, left)) and (last := _between(right, want)):
            found = _chained(_chained(first, _Relation(1 / way.slope, -way.zero / way.slope)), last)
        elif (first := _between(have, right)) and (last := _between(left, want)):
            found = _chained(_chained(first, way), last)
    return found


def _between(have: Measure, want: Measure) -> _Relation | None:
    if have.dimension != want.dimension:
        return None
    return _Relation(have.factor / want.factor, (have.zero - want.zero) / want.factor)


def _chained(first: _Relation, then: _Relation) -> _Relation:
    return _Relation(first.slope * then.slope, first.zero * then.slope + then.zero)


def _replaced(measure: Measure, equal: Mapping[str, Measure]) -> Measure:
    """A unit with some of its base units put in terms of others."""
    product = Measure(measure.factor, (), measure.zero)
    for name, power in measure.dimension:
        beneath = name == "/mol"
        base = equal.get("mol" if beneath else name) or Measure(Fraction(1), (("mol" if beneath else name, 1),))
        raised = _power(base, -power if beneath else power)
        product = _times(product, raised, 1)
    return product


def _analyte(name: str) -> str:
    """The name under which the table of measurements knows what is printed."""
    return _measurements().get(lexicon.fold(name), lexicon.fold(name))


@cache
def _measurements() -> Mapping[str, str]:
    known: dict[str, str] = {}
    for row in lexicon.rows("measurements"):
        known[row["name"]] = row["name"]
    for row in lexicon.rows("measurements"):
        for spelling in lexicon.spellings(row["spellings"]):
            known.setdefault(lexicon.fold(spelling), row["name"])
    return known


@cache
def _analytes() -> Mapping[str, tuple[Mapping[str, Measure], tuple[Measure, Measure, _Relation] | None]]:
    """For each analyte what its base units equal in others, and a line between two units, where there is one."""
    table: dict[str, tuple[Mapping[str, Measure], tuple[Measure, Measure, _Relation] | None]] = {}
    for row in lexicon.rows("analytes"):
        equal: dict[str, Measure] = {}
        line = None
        if row["mass"]:
            mole = Fraction(row["mass"])
            equal["mol"] = Measure(mole, (("g", 1),))
            if row["valence"]:
                equal["eq"] = Measure(mole / int(row["valence"]), (("g", 1),))
        if match := _EQUATION.fullmatch(row["equal"]):
            left, factor, right, zero = match.groups()
            if zero:
                line = parse_unit(left), parse_unit(right), _Relation(Fraction(factor), Fraction(zero))
            else:
                [(name, _)] = parse_unit(left).dimension
                equal[name] = parse_unit(right)
        for name in lexicon.spellings(row["names"]):
            table[_analyte(name)] = equal, line
    return table


def _cause(unit: str, to: str, analyte: str | None) -> str:
    have, want = parse_unit(unit).dimension, parse_unit(to).dimension
    apart = {name for name, _ in set(have) ^ set(want)}
    cause = f"{_written(have)} against {_written(want)}"
    if apart & {"mol", "/mol", "eq"}:
        known = f"those of {analyte!r} are not known" if analyte else "no analyte was named"
        cause += f"; molar mass and valence are an analyte's, and {known}"
    return cause


def _written(dimension: tuple[tuple[str, int], ...]) -> str:
    """A dimension as a term of base units.

    >>> _written((("/mol", 1), ("g", 1), ("m", -3)))
    'mol-1.g.m-3'
    """
    powers = [("mol", -power) if name == "/mol" else (name, power) for name, power in dimension]
    return ".".join(f"{name}{power if power != 1 else ''}" for name, power in powers) or "a plain number"
