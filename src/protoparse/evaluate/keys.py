"""What counts as the same: a key for each part of a fact; two parts say the same where their keys are equal.

In: comparisons, windows, modifiers and units as they are written. Out: hashable keys, None where nothing is said.

>>> from protoparse.model import Comparison, Unit
>>> two = Comparison(operator="<=", value=2, unit=Unit(text="IU/L"))
>>> comparison_key(two) == comparison_key(Comparison(operator="<=", value="II", unit=Unit(text="U/l", ucum="[IU]/L")))
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import TypeAlias

from msgspec import UNSET, UnsetType

from protoparse.lexicon import fold, loose_unit, unit_code
from protoparse.model import Bound, Comparison, Concept, Fact, Modifier, Number, Offset, Unit, Window

Key: TypeAlias = Hashable

ROMAN = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "v": 5.0, "vi": 6.0}
"""Roman numbers as grades, stages and classes have them."""
# one amount, several codes: cells per volume, annotations, upper and lower case litres, a day and its hours
_SAME_UNIT = {
    same: group[0]
    for group in (
        ("/uL", "/mm3", "{cells}/uL", "{cells}/mm3"),
        ("10*9/L", "10*3/uL", "10*3/mm3", "10*6/mL", "10*9/l", "K/uL", "G/L"),
        ("mL/min/{1.73_m2}", "mL/min/1.73m2", "mL/min/1.73.m2"),
        ("mg/d", "mg/24.h", "mg/(24.h)"),
        ("g/d", "g/24.h", "g/(24.h)"),
        ("[IU]/L", "IU/L"),
        ("[IU]/mL", "IU/mL"),
        ("mm[Hg]", "mm[hg]"),
        ("umol/L", "umol/l"),
        ("mmol/L", "mmol/l"),
        ("mg/dL", "mg/dl"),
        ("g/dL", "g/dl"),
        ("ug", "mcg"),
    )
    for same in group
}


# ------------------------------------------------------------------ comparisons


def comparison_key(comparison: Comparison | None) -> Key:
    """All that a comparison says: comparator, number, unit and reference."""
    if comparison is None:
        return None
    return comparator_key(comparison), amount_key(comparison), unit_key(comparison.unit), comparison.reference


def count_key(comparison: Comparison | None) -> Key:
    """How often: what is counted is the concept, so a count's unit says nothing more."""
    return None if comparison is None else (comparator_key(comparison), amount_key(comparison))


def comparator_key(comparison: Comparison) -> Key:
    """The operator; of a range also which of its ends belong to it, as "<" differs from "<="."""
    if comparison.operator != "between":
        return comparison.operator
    return "between", comparison.low_inclusive is not False, comparison.high_inclusive is not False


def amount_key(comparison: Comparison) -> Key:
    """The number or word, the two ends of a range, or the listed values in any order."""
    match comparison.operator:
        case "between":
            return _number_key(comparison.low), _number_key(comparison.high)
        case "in":
            return frozenset(map(_number_key, comparison.values or ()))
        case _:
            return _number_key(comparison.value)


def _number_key(value: Number | str | UnsetType) -> Key:
    """ "II" is 2, and 2 is 2.0."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    return ROMAN.get(word, word)


def unit_key(unit: Unit | UnsetType | None) -> Key:
    """The code, else the printed unit in its loosest spelling; the same amount has the same key."""
    if unit is None or isinstance(unit, UnsetType):
        return None
    code = unit.ucum or _looked_up(unit.text or "") or loose_unit(unit.text or "") or None
    return code and _SAME_UNIT.get(code, code)


def _looked_up(text: str) -> str | None:
    """The code of a printed unit, but for what only names the things counted ("letters", "cells"): no amount."""
    code = unit_code(text)
    return None if code is None or _ANNOTATION.fullmatch(code) else code


_ANNOTATION = re.compile(r"\{[^{}]*\}")


# ------------------------------------------------------------------ windows


def window_key(window: Window | None) -> Key:
    """All that a window says: its bounds' anchors and offsets, and its duration; alternatives in any order."""
    return _each(
        window, lambda w: (_bound_key(w.start), _bound_key(w.end), comparison_key(_duration(w))), silent=object()
    )


def anchor_key(window: Window | None) -> Key:
    """The events that the two bounds are measured from."""
    return _each(window, lambda w: (_event(w.start), _event(w.end)), silent=(None, None))


def shift_key(window: Window | None) -> Key:
    """How far the two bounds are from their events, and on which side."""
    return _each(window, lambda w: (_shift(w.start), _shift(w.end)), silent=(None, None))


def duration_key(window: Window | None) -> Key:
    """How long it lasts."""
    return _each(window, lambda w: comparison_key(_duration(w)), silent=None)


def _each(window: Window | None, key: Callable[[Window], Key], *, silent: Key) -> Key:
    """The key of a window, or the set of its alternatives' keys; None where none of them says anything."""
    if window is None:
        return None
    if window.any_of is not UNSET:
        several = frozenset(_each(w, key, silent=silent) for w in window.any_of)
        return None if several == {None} else several
    found = key(window)
    return None if found == silent else found


def _duration(window: Window) -> Comparison | None:
    return window.duration if isinstance(window.duration, Comparison) else None


def _bound_key(bound: Bound | UnsetType | None) -> Key:
    return (bound.anchor.event, offset_key(bound.offset)) if isinstance(bound, Bound) else None


def _event(bound: Bound | UnsetType | None) -> Key:
    return bound.anchor.event if isinstance(bound, Bound) else None


def _shift(bound: Bound | UnsetType | None) -> Key:
    return offset_key(bound.offset) if isinstance(bound, Bound) else None


def offset_key(offset: Offset | None) -> Key:
    """A signed amount with its unit, or the longest or shortest of several in any order."""
    if offset is None:
        return None
    for name in ("longest_of", "shortest_of"):
        if (of := getattr(offset, name)) is not UNSET:
            return name, frozenset(map(offset_key, of))
    return _number_key(offset.value), unit_key(offset.unit)


# ------------------------------------------------------------------ what else a fact says


def fields_key(fact: Fact) -> Key:
    """What a fact says of its concept in numbers and time: value, count, dose and window."""
    return comparison_key(fact.value), count_key(fact.count), comparison_key(fact.dose), window_key(fact.time)


def types_key(fact: Fact) -> Key:
    """The types of a fact's modifiers, in any order."""
    return tuple(sorted(m.type for m in fact.modifiers)) or None


def modifier_key(modifier: Modifier) -> Key:
    """A modifier's type and values, in any order and lower case; without values, its words."""
    values = modifier.value if isinstance(modifier.value, tuple) else (modifier.value or modifier.text,)
    return modifier.type, frozenset(map(fold, values))


def name_key(concept: Concept) -> Key:
    """A name that says more than the words themselves do; None where it only repeats them."""
    name = None if concept.name is None else fold(concept.name)
    return None if name == fold(concept.text) else name


def phrase_key(text: str | None) -> Key:
    """Words alone, in lower case: "Part B:" is "part b"."""
    return re.sub(r"\W+", " ", text or "").strip().lower() or None
