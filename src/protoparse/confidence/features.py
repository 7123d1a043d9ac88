"""What a reading shows of how sure it can be: for each fact, and for the rule as a whole, a few named features.

In: a rule, the words that it was read from, and on what ground each concept has its domain. Out: features by name;
"heart failure" alone in a line has "condition,term" (the tables know it), "last=failure", "share=7" (it is all there
is), … What each weighs is learned in `training/` and written in `model.json`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log
from typing import NamedTuple, TypeAlias

from msgspec import UNSET

from protoparse.model import (
    All,
    Any_,
    AtLeast,
    Bound,
    Comparison,
    Domain,
    Except,
    Fact,
    If,
    Kind,
    Not,
    Rule,
    Span,
    Window,
    members,
)

Path: TypeAlias = tuple[str, ...]


class Piece(NamedTuple):
    """The words `text[start:end]` that a rule was read from, what of them is unread, and the grounds of concepts.

    The grounds tell what says of which domain a concept is: "term", "known", "head" or "none", as `Drafted.grounds` of
    the grammar has it, or "name", where the tagger said it.
    """

    text: str
    start: int
    end: int
    kind: Kind
    unparsed: Sequence[Span]
    grounds: Mapping[Span, str]

    @property
    def unread(self) -> float:
        """The share of the words that is unread."""
        if not self.unparsed:
            return 0.0
        return sum([b - a for a, b in self.unparsed]) / max(self.end - self.start, 1)


def placed(rule: Rule) -> list[tuple[Fact, Path]]:
    """Every fact of a rule with what stands above it, in the order of `model.facts`."""
    found: list[tuple[Fact, Path]] = []
    _place(rule, (), found)
    return found


def _place(rule: Rule, path: Path, found: list[tuple[Fact, Path]]) -> None:
    if isinstance(rule, Fact):
        found.append((rule, path))
        if not rule.includes:
            return  # the commonest
    first, others = _STEPS[type(rule)]
    below = (*path, first)
    for member in members(rule):
        _place(member, below, found)
        if first != others:
            below = (*path, others)


_STEPS: Mapping[type[Rule], tuple[str, str]] = {
    Fact: ("example", "example"),
    Not: ("not", "not"),
    If: ("condition", "then"),
    Except: ("base", "exception"),
    All: ("all", "all"),
    Any_: ("any", "any"),
    AtLeast: ("quorum", "quorum"),
}
_UNREAD = (0, 0.1, 0.2, 0.35, 0.5)
_WORDS = (1, 2, 3, 4, 6, 9)
_SHARES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 0.99)
_SHARED = [f"share={k}" for k in range(len(_SHARES) + 1)]
_APART = (2, 6, 15, 40)
_GAPS = (2, 10, 30, 100)
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]")
_SINGULAR = ("ss", "is", "us")


def fact_features(facts: Sequence[tuple[Fact, Path]], piece: Piece) -> list[list[str]]:
    """The features of each fact."""
    unread = f"unread={bisect_left(_UNREAD, piece.unread)}"
    length = max(piece.end - piece.start, 1)
    return [_features(fact, path, piece, unread, length) for fact, path in facts]


def _features(fact: Fact, path: Path, piece: Piece, unread: str, length: int) -> list[str]:
    domain, concept, value, time = fact.domain, fact.concept, fact.value, fact.time
    span = start, end = concept.span or (0, 0)
    found = [unread, *_named(domain, concept.text, piece.grounds.get(span, "part")), *_above(path)]
    found.append(_SHARED[bisect_left(_SHARES, (end - start) / length)])
    if piece.unparsed:
        gap = min([a - end if a >= end else max(start - b, 0) for a, b in piece.unparsed])
        found.append(f"gap={bisect_left(_GAPS, gap)}")
    if value is not None:
        found.append(_compared(value))
        if value.span is not None:
            found.append(f"value,apart={_apart(span, value.span)}")
    if time is None:
        found.append(f"{domain},time=no")
    else:
        found.append(f"{domain},time={_timed(time)}")
        if time.span is not None:
            found.append(f"time,apart={_apart(span, time.span)}")
    if fact.count is not None:
        found.append("count")
    if fact.dose is not None:
        found.append("dose")
    if fact.experiencer != "patient":
        found.append("somebody else")
    return found


@lru_cache(20_000)
def _named(domain: Domain, text: str, ground: str) -> tuple[str, ...]:
    """How a thing is named: a phrase that ends in "surgery" is what it seems, one that ends in "therapy" often not."""
    words = _TOKEN.findall(text.lower())
    counted = f"{domain},{ground}", f"{domain},words={bisect_left(_WORDS, len(words))}"
    if not words:
        return counted
    last = _stem(words[-1])
    other = f"first={_stem(words[0])}" if len(words) > 1 else f"only={last}"
    return *counted, f"last={last}", f"{domain},last={last}", other


@lru_cache(2_000)
def _above(path: Path) -> tuple[str, ...]:
    """The connectives above a fact."""
    return *(f"under={step}" for step in dict.fromkeys(path)), *(f"directly={step}" for step in path[-1:])


def _stem(word: str) -> str:
    return word[:-1] if word[-1] == "s" and not word.endswith(_SINGULAR) else word


def _apart(one: Span, other: Span) -> int:
    """How far from each other two things stand."""
    return bisect_left(_APART, max(one[0] - other[1], other[0] - one[1]))


def _compared(value: Comparison) -> str:
    if value.reference is not None:
        return "value=reference"
    if isinstance(value.low if value.operator == "between" else value.value, str):
        return "value=word"
    form = {"=": "equal", "between": "between", "in": "in"}.get(value.operator, "limit")
    return f"value={form},{'bare' if value.unit is None else 'unit' if value.unit.ucum else 'strange'}"


def _timed(window: Window) -> str:
    if window.span is None:
        return "standing"  # "current", "history of", or said in front of a whole list
    if window.any_of is not UNSET:
        return "several"
    if window.duration:
        return "duration"
    offsets = [b.offset for b in (window.start, window.end) if isinstance(b, Bound) and b.offset is not None]
    if any(offset.value is UNSET for offset in offsets):
        return "longest"
    return "amount" if offsets else "event"


def rule_features(facts: Sequence[tuple[Fact, Path]], piece: Piece, sure: Sequence[float]) -> dict[str, float]:
    """The features of a whole rule, some with an amount; `sure` is how sure each of its facts is, from 0 to 1."""
    found: dict[str, float] = {
        "mean": sum([log(s / (1 - s)) for s in sure]) / len(sure),
        "together": sum([log(s) for s in sure]),
        "facts": log(len(sure)),
        "length": log(max(piece.end - piece.start, 1) / 60),
        "unread": piece.unread,
        piece.kind: 1,
    }
    if piece.unparsed:
        found["any unread"] = 1
    for step in {step for _, path in facts for step in path}:
        if step in _LOGIC:
            found[step] = 1
    if "all" in found and "any" in found:
        found["all and any"] = 1
    return found


_LOGIC = ("all", "any", "not", "example")
