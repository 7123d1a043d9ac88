"""Classes of drugs and diseases: what belongs to them, and what surely does not.

In: normal forms and codes of ICD-10. Out: the classes, by the normal forms of their names, from `lexicon/classes.tsv`.

>>> "anticoagulant" in classes("drug", "apixaban"), normal("malignancy") in classes_of_code("C34.90")
(True, True)
>>> outside("apixaban", "antidepressant"), apart("C34.1", "C44.91")
(True, True)
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Final, NamedTuple

from protoparse import lexicon
from protoparse.concepts.wording import normal

_CODE: Final = re.compile(r"[A-Z]\d[\dA-Z](?:\.[\dA-Z]+)?")
_RANGE: Final = re.compile(r"([A-Z]\d[\dA-Z])-([A-Z]\d[\dA-Z])")
_NONE: Final[frozenset[str]] = frozenset()


class _Table(NamedTuple):
    """Of a kind of class: the classes right above each name, the ranges of each, and what is told of complete ones."""

    above: Mapping[str, frozenset[str]]
    ranges: tuple[tuple[str, str, frozenset[str]], ...]
    outside: Mapping[str, frozenset[str]]


class _Part(NamedTuple):
    """A row of codes that are apart from those of other rows, or `each` category of them from all others."""

    family: str
    row: int
    each: bool


@cache
def _table(kind: str) -> _Table:
    above: dict[str, set[str]] = defaultdict(set)
    ranges: list[tuple[str, str, frozenset[str]]] = []
    complete: dict[str, frozenset[str]] = {}
    for row in lexicon.rows("classes"):
        if row["kind"] != kind:
            continue
        names = frozenset(map(normal, lexicon.spellings(row["names"])))
        for name in names:
            above[name] |= names - {name}
        for member in lexicon.spellings(row["members"]):
            if (ends := _ends(member)) is not None:
                ranges.append((*ends, names))
            else:
                above[normal(member)] |= names
        if row["complete"] == "yes":
            perhaps = frozenset(map(normal, lexicon.spellings(row["perhaps"])))
            complete.update(dict.fromkeys(names, perhaps))
    found = {name: frozenset(_upwards(name, above)) for name in above}
    members = set(found) - {name for names in found.values() for name in names}
    outside = {
        name: frozenset(m for m in members if name not in found[m] and not found[m].union((m,)) & perhaps)
        for name, perhaps in complete.items()
    }
    return _Table(found, tuple(ranges), outside)


def _upwards(name: str, above: Mapping[str, set[str]]) -> Iterator[str]:
    seen = {name}
    left = [name]
    while left:
        for one in above.get(left.pop(), ()):
            if one not in seen:
                seen.add(one)
                left.append(one)
                yield one


def _ends(written: str) -> tuple[str, str] | None:
    """The first and the last category of a range of codes, a code's own where it is one; None for a name."""
    if (match := _RANGE.fullmatch(written)) is not None:
        return match[1], match[2]
    return (written, written) if _CODE.fullmatch(written) else None


def _within(code: str, first: str, last: str) -> bool:
    return first <= code[: len(first)] and code[: len(last)] <= last


def classes(kind: str, name: str) -> frozenset[str]:
    """The classes of a kind, "drug" or "condition", of what has a normal form, other names of it among them."""
    return _table(kind).above.get(name, _NONE) if kind in ("drug", "condition") else _NONE


@lru_cache(20_000)
def classes_of_code(code: str) -> frozenset[str]:
    """The classes of diseases that a code of ICD-10 belongs to."""
    table = _table("condition")
    found = frozenset().union(*[names for first, last, names in table.ranges if _within(code, first, last)])
    return found.union(*[table.above.get(name, _NONE) for name in found])


def outside(drug: str, name: str) -> bool:
    """Whether a drug that the table has surely does not belong to a class."""
    return drug in _table("drug").outside.get(name, _NONE)


@lru_cache(20_000)
def code_outside(code: str, name: str) -> bool:
    """Whether what has a code of ICD-10 surely does not belong to a class of diseases."""
    table, part = _table("condition"), _part(code)
    if part is None or name not in table.outside:
        return False
    ends = [(first, last) for first, last, names in table.ranges if name in names]
    if part.each:
        return not any(_within(code[:3], first[:3], last[:3]) for first, last in ends)
    mine = [(first, last) for first, last, one in _parted() if one == part]
    return not any(first <= end and start <= last for first, last in ends for start, end in mine)


_FAMILIES: Final = {"organ": "organ", "site": "cancer", "blood": "cancer"}


@cache
def _parted() -> tuple[tuple[str, str, _Part], ...]:
    """The ranges of codes of which none is a kind of another's."""
    return tuple(
        (*ends, _Part(_FAMILIES[row["kind"]], n, row["kind"] == "site"))
        for n, row in enumerate(row for row in lexicon.rows("classes") if row["kind"] in _FAMILIES)
        for written in lexicon.spellings(row["members"])
        if (ends := _ends(written)) is not None
    )


def apart(one: str, other: str) -> bool:
    """Whether no disease of one code of ICD-10 is a kind of a disease of the other.

    A cancer of an organ is one of its diseases: cancers are told from cancers alone.
    """
    left, right = _part(one), _part(other)
    if left is None or right is None or left.family != right.family:
        return False
    return left.row != right.row or (left.each and one[:3] != other[:3])


@lru_cache(20_000)
def _part(code: str) -> _Part | None:
    return next((part for first, last, part in _parted() if _within(code, first, last)), None)
