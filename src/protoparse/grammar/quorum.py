"""How many of a list must hold: "at least two of the following: A, B or C", "one of A or B".

In: the terminals of an item. Out: the same, each such number and the words that lead in its list one terminal; the list
is its scope, to the end of the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from protoparse.grammar.facts import Cutter
from protoparse.grammar.measures import whole
from protoparse.grammar.phrases import Value
from protoparse.grammar.terminals import Clause

_LEAD = re.compile(r"(?:\(n\))?(?:w?O[dv]*(?:[nfdvwKMm]{0,6}:|(?=[wKMm]))|[wKMm]{1,3}:)")
_AT_LEAST_ONE = "at least one of"
_ONE = re.compile("v(?:[dv]*[fdvwKMm]{0,6}:)?")
_LINKS = ("AND", "OR", "COMMA", "SLASH", "EITHER")
_ENDS = ("STOP", "CLOSE", "IF", "EXCEPT", "INCLUDE", "NOT")


class _Asked(NamedTuple):
    """So many of a list: where that is said, where the list begins, whether a colon leads it in."""

    first: int
    last: int
    number: int
    """At most one fewer than this where it is negative."""
    listed: bool


def quorums(cutter: Cutter, clauses: list[Clause]) -> list[Clause]:
    """The terminals, each "k of" and what leads in its list one."""
    asked = [a for c in clauses if c.type == "VALUE" and (a := _counted(cutter, c)) is not None]
    for one in reversed([*asked, *_any(cutter)]):
        before = [c for c in clauses if c.last <= one.first]
        after = [c for c in clauses if c.first >= one.last]
        for clause in clauses:
            if clause.type != "WORDS" or clause.last <= one.first or clause.first >= one.last:
                continue
            if clause.first < one.first:
                before.append(Clause("WORDS", clause.first, one.first, clause.value._replace(last=one.first)))
            if clause.last > one.last:
                after.insert(0, Clause("WORDS", one.last, clause.last, clause.value._replace(first=one.last)))
        if one.listed:
            _semicolons(cutter, after)
        if _links(after) < max(abs(one.number) - 1, 1):
            continue
        cutter.carry(one.first, one.last)
        clauses = [*before, Clause("QUORUM", one.first, one.last, one.number), *after]
    return clauses


def _any(cutter: Cutter) -> Iterator[_Asked]:
    """Where at least one of a list is asked for, which is no number to anything else."""
    codes, offset = cutter.codes, cutter.offset
    if _AT_LEAST_ONE not in cutter.text[cutter.starts[offset] : cutter.ends[offset + len(codes) - 1]].lower():
        return
    for match in _ONE.finditer(codes):
        first, last = match.start() + offset, match.end() + offset
        if cutter.entries[first].text.startswith(_AT_LEAST_ONE):
            yield _Asked(first, last, 1, cutter.code(last - 1) == ":")


def _counted(cutter: Cutter, clause: Clause) -> _Asked | None:
    """How many of a list a number asks for, if it does."""
    if not isinstance(clause.value.meaning, Value):
        return None
    comparison = clause.value.meaning.comparisons[0]
    lead = _LEAD.match(cutter.codes, clause.last - cutter.offset)
    if lead is None or not whole(comparison) or not isinstance(comparison.value, int):
        return None
    last = lead.end() + cutter.offset
    listed = cutter.code(last - 1) == ":"
    texts = [cutter.entries[i].text for i in range(clause.last, last)]
    if texts[0] not in ("of", "out", "(") and not (listed and texts[-2].endswith("s")):
        return None  # "two lines of chemotherapy or immunotherapy"
    if not listed and "following" in texts:
        return None
    more = {">=": 0, "=": 0, ">": 1}.get(comparison.operator)
    if more is not None:
        return _Asked(clause.first, last, comparison.value + more, listed)
    most = comparison.value - {"<=": 0, "<": 1}.get(comparison.operator, comparison.value)
    return _Asked(clause.first, last, -most - 1, listed) if most > 0 else None


def _semicolons(cutter: Cutter, after: Sequence[Clause]) -> None:
    """Make the semicolons of a list commas, where no comma stands in it."""
    if any(c.type == "COMMA" for c in after):
        return
    for stop in (c for c in after if c.type == "STOP"):
        if cutter.text[cutter.starts[stop.first]] not in ";；":
            return
        stop.type = "COMMA"


def _links(after: Sequence[Clause]) -> int:
    """How many connectives join the members of a list; one behind its last ("A, B or C, and D") ends it."""
    depth = found = 0
    either = False
    for k, clause in enumerate(after):
        kind = clause.type
        if depth == 0 and kind in _ENDS:
            break
        depth += (kind == "OPEN") - (kind == "CLOSE")
        if depth or kind not in _LINKS:
            continue
        if either and kind == "COMMA" and after[k + 1 : k + 2] and after[k + 1].type == "AND":
            after[k + 1].value = "but"
            break
        either = either or kind == "OR"
        found += 1
    return found
