"""Values dealt out over a list: "AST and ALT ≤ 3 and 5 × ULN, respectively".

In: the terminals of an item that says "respectively". Out: the same with each value behind its own name, or with its
own people behind it ("≥ 13 and ≥ 12 g/dL for men and women, respectively").
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from protoparse.grammar.drafts import ORDERED
from protoparse.grammar.phrases import Phrase, Value
from protoparse.grammar.terminals import Clause
from protoparse.model import Comparison

_LINKS = ("AND", "OR", "COMMA", "SLASH")
CUE = "respectively"


def dealt(clauses: list[Clause]) -> list[Clause]:
    """The terminals with their values dealt out, where there are as many values as names before or behind them."""
    out: list[Clause] = []
    n = 0
    while n < len(clauses):
        if clauses[n].type != "VALUE":
            out.append(clauses[n])
            n += 1
            continue
        end = _run(clauses, n, "VALUE")
        values = _values([c for c in clauses[n:end] if c.type == "VALUE"])
        begin = len(out)
        while begin > 0 and (out[begin - 1].type == "WORDS" or (out[begin - 1].type in _LINKS and begin < len(out))):
            begin -= 1
        names = out[begin:]
        people = clauses[end + 1 : _run(clauses, end + 1, "WORDS")] if clauses[end : end + 1] else []
        if len(values) > 1 and _words(names) == len(values):
            del out[begin:]
            out += _beside(names, values)
            n = end
        elif len(values) > 1 and clauses[end : end + 1] and clauses[end].type == "IF" and _words(people) == len(values):
            guard = clauses[end]
            links = [c for c in clauses[n:end] if c.type in _LINKS] or [c for c in people if c.type in _LINKS]
            for k, (value, who) in enumerate(zip(values, [c for c in people if c.type == "WORDS"], strict=True)):
                out += [*links[:1], value] if k else [value]
                out += [Clause("IF", guard.first, guard.last, guard.value), who]
            n = end + 1 + len(people)
        else:
            out += clauses[n:end]
            n = end
    return out


def _run(clauses: Sequence[Clause], n: int, kind: str) -> int:
    """Where a list of terminals of a kind that begins at n ends."""
    end = n
    while end < len(clauses):
        if clauses[end].type == kind:
            n = end + 1
        elif clauses[end].type not in _LINKS:
            break
        end += 1
    return n


def _words(clauses: Sequence[Clause]) -> int:
    return sum(c.type == "WORDS" for c in clauses)


def _beside(names: Sequence[Clause], values: Sequence[Clause]) -> list[Clause]:
    """The names, each with its value behind it."""
    out: list[Clause] = []
    left = list(values)
    for clause in names:
        out.append(clause)
        if clause.type == "WORDS":
            out.append(left.pop(0))
    return out


def _values(clauses: Sequence[Clause]) -> list[Clause]:
    """One terminal for each comparison; what one lacks of comparator or unit its neighbour says."""
    said: list[tuple[Comparison, bool, Clause]] = []
    for clause in clauses:
        value: Value = clause.value.meaning
        for comparison in value.comparisons:
            if comparison.operator == "in" and isinstance(comparison.values, tuple):
                unit, reference, span = comparison.unit, comparison.reference, comparison.span
                said += [
                    (Comparison(operator="=", value=one, unit=unit, reference=reference, span=span), True, clause)
                    for one in comparison.values
                ]
            else:
                said.append((comparison, value.bare or comparison.operator == "=", clause))
    out: list[Clause] = []
    last = said[-1][0] if said else None
    before: Comparison | None = None
    for comparison, bare, clause in said:
        if bare and before is not None and comparison.operator == "=" and before.operator in ORDERED:
            comparison = replace(comparison, operator=before.operator)
        if comparison.unit is None and comparison.reference is None and last is not None:
            comparison = replace(comparison, unit=last.unit, reference=last.reference)
        before = comparison
        one = Value((comparison,), bare=comparison.operator == "=")
        phrase = Phrase(one, clause.first, clause.last)
        out.append(Clause("VALUE", clause.first, clause.last, phrase))
    return out
