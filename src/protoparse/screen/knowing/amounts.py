"""Whether a value is what a comparison asks for: numbers with units, multiples of limits, classes, words.

In: a `Comparison` and an `Amount`. Out: a truth and why it is not known. Arithmetic is exact; what does not
convert, has no range of its laboratory, or stands on no common scale is not known, never guessed.

>>> glucose = Comparison(operator=">=", value=7, unit=Unit(text="mmol/L", ucum="mmol/L"))
>>> meets(glucose, Amount(126, "mg/dL"), "glucose")
(False, 'decided')

126 mg/dL is 6.994 mmol/L. "<5" as a result is whatever lies below 5; stage "III" is anything from IIIA to IIIC.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple, TypeAlias

from msgspec import UNSET

from protoparse import lexicon
from protoparse.errors import UnitError
from protoparse.model import Comparison, Number, Unit
from protoparse.screen.knowing.quantities import customary
from protoparse.screen.knowing.ranges import Range, against, both, exactly, negated, printed
from protoparse.screen.verdicts import Truth, Why
from protoparse.units import convert, parse_unit

Found: TypeAlias = tuple[Truth, Why]


class Amount(NamedTuple):
    """A value of a record, a number with its unit or a word; `low` and `high` are the normal range in that unit."""

    value: Number | str
    unit: str | None = None
    low: Number | None = None
    high: Number | None = None


def meets(comparison: Comparison, amount: Amount, analyte: str | None = None) -> Found:
    """Whether an amount is what a comparison asks for; `analyte` is what was measured, a name of measurements.tsv."""
    if comparison.reference is not None:
        return _referred(comparison, amount)
    asked = _asked(comparison)
    if any(isinstance(value, str) for value in asked):
        return _worded(comparison, amount)
    if isinstance(amount.value, str) and printed(amount.value) is None:
        if presence_or_range(amount.value) is not None:
            return None, "no-value"
        return _classes(comparison, amount.value)
    factor, why = _scale(comparison.unit, amount, analyte)
    if factor is None:
        return None, why
    value = printed(amount.value) if isinstance(amount.value, str) else exactly(amount.value)
    if value is None:
        return None, "no-value"
    try:
        truth = _compared(comparison, _converted(value, *factor, analyte))
        return truth, "no-value" if truth is None else "decided"
    except UnitError:
        return None, "no-unit"


def holds(comparison: Comparison, value: Number | Fraction) -> bool:
    """Whether a plain number is what a comparison asks for, whatever its unit; False where it asks for words."""
    found = _compared(comparison, Range(Fraction(value), Fraction(value)))
    return found is True


# ------------------------------------------------------------------ numbers


def _asked(comparison: Comparison) -> tuple[Number | str, ...]:
    if comparison.values is not UNSET:
        return comparison.values
    if comparison.value is not UNSET:
        return (comparison.value,)
    low, high = comparison.low, comparison.high
    return () if low is UNSET or high is UNSET else (low, high)


def _scale(unit: Unit | None, amount: Amount, analyte: str | None) -> tuple[tuple[str, str] | None, Why]:
    """The units from which and to which a value has to be converted, ("", "") where there is nothing to convert."""
    wanted = unit.ucum if unit is not None else None
    if wanted is None and unit is not None and unit.text and unit.text.lower() not in _POINTS:
        same = amount.unit is not None and lexicon.fold(amount.unit) == lexicon.fold(unit.text)
        return (("", ""), "decided") if same else (None, "no-unit")
    have = amount.unit
    if have is not None and _plain(have):
        have = None
    if wanted is not None and _plain(wanted):
        wanted = None
    if wanted is None and have is None:
        return ("", ""), "decided"
    if wanted is not None and have is None:
        return None, "no-unit"
    assert have is not None
    code = _code(have)
    if wanted is None:
        # a number without a unit is meant in the one that everybody uses, where there is only one
        kind, usual = customary(analyte or "")
        if kind == "number" and len(usual) == 1 and code is not None:
            wanted = usual[0]
        else:
            return None, "no-unit"
    return ((code, wanted), "decided") if code is not None else (None, "no-unit")


_POINTS = frozenset({"points", "point", "score", "scores", "pts", ""})


@lru_cache(4096)
def _plain(unit: str) -> bool:
    """Whether a unit is none: "1", "{score}", "{INR}"."""
    return (
        unit.strip() in ("", "1") or (unit[0] == "{" and unit[-1] == "}" and "/" not in unit) or unit.lower() in _POINTS
    )


@lru_cache(4096)
def _code(unit: str) -> str | None:
    """A unit of a record as UCUM, None where it is none that is known."""
    for code in (unit, lexicon.unit_code(unit)):
        if code is not None:
            try:
                parse_unit(code)
            except UnitError:
                continue
            return code
    return None


def _converted(value: Range, have: str, wanted: str, analyte: str | None) -> Range:
    if have == wanted:
        return value
    low, high = (
        None if end is None else convert(end, have, wanted, analyte=analyte) for end in (value.low, value.high)
    )
    return value._replace(low=low, high=high)


def _compared(comparison: Comparison, value: Range) -> Truth:
    match comparison.operator:
        case "between":
            low, high = _asked(comparison)
            return both(
                against(value, ">=" if comparison.low_inclusive is not False else ">", low),
                against(value, "<=" if comparison.high_inclusive is not False else "<", high),
            )
        case "in":
            found = [against(value, "=", x) for x in _asked(comparison)]
            return True if True in found else None if None in found else False
        case operator:
            [asked] = _asked(comparison)
            return against(value, operator, asked)


# ------------------------------------------------------------------ limits of normal


def _referred(comparison: Comparison, amount: Amount) -> Found:
    """A multiple of a laboratory's own limit; what is predicted, or was before, a record's value does not say."""
    reference = comparison.reference
    value = printed(amount.value) if isinstance(amount.value, str) else exactly(amount.value)
    if reference == "detection_limit":
        return _detected(comparison, amount, value)
    if reference == "normal" and isinstance(comparison.value, str):
        return _worded(comparison, amount)
    if reference in ("baseline", "predicted") or value is None or any(isinstance(x, str) for x in _asked(comparison)):
        return None, "no-value" if value is None else "no-range"
    if comparison.unit is not None and comparison.unit.ucum not in (None, "1", "%"):
        return None, "no-unit"
    limit = amount.low if reference == "LLN" else amount.high
    if reference == "normal" and (comparison.operator not in ("<", "<=", ">") or _asked(comparison)[0] < 1):  # type: ignore[operator]
        return None, "no-range"
    one = None if limit is None else exactly(limit)
    if one is None or one.low is None or one.low <= 0:
        return None, "no-range"
    unit = one.low / 100 if comparison.unit is not None and comparison.unit.ucum == "%" else one.low
    low, high = (None if end is None else end / unit for end in (value.low, value.high))
    return _compared(comparison, value._replace(low=low, high=high)), "decided"


def _detected(comparison: Comparison, amount: Amount, value: Range | None) -> Found:
    found = presence_or_range(amount.value) if isinstance(amount.value, str) else None
    detected: Truth = {"positive": True, "negative": False}.get(found or "")
    if found is None and value is not None and value.low is None:
        detected = False
    if detected is None or comparison.value != 1:
        return None, "no-range"
    match comparison.operator:
        case ">" | ">=":
            return detected, "decided"
        case "<" | "<=":
            return not detected, "decided"
        case _:
            return None, "no-range"


# ------------------------------------------------------------------ words and classes


@cache
def _results() -> dict[str, tuple[str, str]]:
    return {
        w: (row["result"], row["scale"]) for row in lexicon.rows("results") for w in lexicon.spellings(row["words"])
    }


def presence_or_range(word: str) -> str | None:
    """The result that a laboratory's word stands for ("positive", "negative", "normal" …), None for any other word."""
    found = _results().get(lexicon.fold(word))
    return found and found[0]


def _worded(comparison: Comparison, amount: Amount) -> Found:
    """A word or a class asked for."""
    asked = _asked(comparison)
    if comparison.operator in ("=", "!=", "in"):
        found: Found = (False, "decided")
        for value in asked:
            one = _word(value, amount)
            if one[0] is not False:
                found = one
            if one[0]:
                break
        return (negated(found[0]), found[1]) if comparison.operator == "!=" else found
    return _classes(comparison, amount.value)


def _word(asked: Number | str, amount: Amount) -> Found:
    if not isinstance(asked, str):
        return _classes(Comparison(operator="=", value=asked), amount.value)
    wanted = _results().get(lexicon.fold(asked))
    if wanted is None:
        if isinstance(amount.value, str) and lexicon.fold(amount.value) == lexicon.fold(asked):
            return True, "decided"
        return _classes(Comparison(operator="=", value=asked), amount.value)
    word, scale = wanted
    if isinstance(amount.value, str):
        told = _results().get(lexicon.fold(amount.value))
        if told is None:
            number = printed(amount.value)
            return _ranged(word, number, amount) if number is not None and scale == "range" else (None, "no-value")
        if told[1] != scale:
            return None, "no-value"
        if told[0] == word or (word == "abnormal" and told[0] in ("high", "low")):
            return True, "decided"
        return (None, "no-value") if told[0] == "abnormal" and word in ("high", "low") else (False, "decided")
    number = exactly(amount.value)
    return _ranged(word, number, amount) if scale == "range" and number is not None else (None, "no-value")


def _ranged(word: str, value: Range, amount: Amount) -> Found:
    """A number against the laboratory's own range."""
    below = None if amount.low is None else against(value, "<", amount.low)
    above = None if amount.high is None else against(value, ">", amount.high)
    truth: Truth
    match word:
        case "high":
            truth = above if above is not None or not below else False
        case "low":
            truth = below if below is not None or not above else False
        case _:
            out = True if below or above else False if below is False and above is False else None
            truth = negated(out) if word == "normal" else out
    return truth, "no-range" if truth is None else "decided"


class _Class(NamedTuple):
    """Where a class stands on its scale: "III" is as wide as IIIA, IIIB and IIIC together."""

    low: Fraction
    high: Fraction


_CLASS = re.compile(
    r"(?:[a-z][a-z' :-]*?[\s:-])?(?P<roman>viii|vii|vi|iv|v|iii|ii|i|\d+(?:\.\d+)?)\s*"
    r"(?P<part>[a-d])?(?P<more>[1-3])?(?:\s*[-:(/]\s*[a-z].*)?",
)
_LETTER = re.compile(r"(?:(?:class|grade|stage|child-pugh|category|type)[\s:-]+)*(?P<letter>[a-e])")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}


@lru_cache(10_000)
def _class(text: str) -> tuple[str, _Class] | None:
    """On which kind of scale a class stands, and where: a class with parts is as wide as they are.

    >>> _class("Stage IIIB") == _class("3b"), _class("NYHA class II")[1].low, _class("B")[0]
    (True, Fraction(2, 1), 'letter')
    """
    folded = lexicon.fold(text)
    letter = _LETTER.fullmatch(folded)
    if letter is not None:
        place = Fraction(ord(letter["letter"]) - 96)
        return "letter", _Class(place, place)
    match = _CLASS.fullmatch(folded)
    if match is None:
        return None
    base = Fraction(_ROMAN.get(match["roman"]) or match["roman"])
    wide = Fraction(99, 100)
    if match["part"]:
        base += Fraction(ord(match["part"]) - 96, 10)
        wide = Fraction(9, 100)
        if match["more"]:
            base += Fraction(int(match["more"]), 100)
            wide = Fraction(0)
    return "number", _Class(base, base + wide if base.denominator == 1 or match["part"] else base)


def _classes(comparison: Comparison, value: Number | str) -> Found:
    """Classes, stages and grades, which stand in the order of their numbers."""
    have = _class(str(value))
    ends = [_class(str(x)) for x in _asked(comparison)]
    if have is None or None in ends or {have[0]} != {end[0] for end in ends if end}:
        return None, "no-value"
    wanted = [end[1] for end in ends if end]
    match comparison.operator:
        case "between":
            truth = both(
                _over(have[1], wanted[0], comparison.low_inclusive is not False),
                negated(_over(have[1], wanted[1], comparison.high_inclusive is False)),
            )
        case "in":
            found = [_within(have[1], w) for w in wanted]
            truth = True if True in found else None if None in found else False
        case ">" | ">=" as operator:
            truth = _over(have[1], wanted[0], operator == ">=")
        case "<" | "<=" as operator:
            truth = negated(_over(have[1], wanted[0], operator == "<"))
        case operator:
            truth = _within(have[1], wanted[0])
            truth = negated(truth) if operator == "!=" else truth
    return truth, "no-value" if truth is None else "decided"


def _over(have: _Class, wanted: _Class, inclusive: bool) -> Truth:
    """Whether a class is above another, or at least it."""
    if inclusive:
        return True if have.low >= wanted.low else False if have.high < wanted.low else None
    return True if have.low > wanted.high else False if have.high <= wanted.high else None


def _within(have: _Class, wanted: _Class) -> Truth:
    if wanted.low <= have.low and have.high <= wanted.high:
        return True
    return False if have.high < wanted.low or have.low > wanted.high else None
