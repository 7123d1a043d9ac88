"""The ways of writing that a gold criterion shows: what is hard to read there, in plain words.

In: a gold document. Out: each criterion with the names of its ways of writing, as far as its rule, its children, its
place in the outline and the signs in its words tell them. `WAYS` says what each name stands for.

>>> from protoparse.model import Comparison, Concept, Criterion, Document, Fact
>>> text = "* AST ≤ 3 × ULN"
>>> ast = Fact(domain="measurement", concept=Concept(text="AST", span=(2, 5)),
...            value=Comparison(operator="<=", value=3, reference="ULN"))
>>> document = Document(text=text, criteria=(Criterion(kind="inclusion", span=(0, 15), rule=ast),))
>>> [ways for _, ways in phenomena(document)]
[('multiple of a limit',)]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from msgspec import UNSET

from protoparse.evaluate.gold.building import MARK
from protoparse.evaluate.keys import ROMAN, comparison_key, window_key
from protoparse.lexicon import fold, powers, rows, spellings
from protoparse.lexicon.dates import DATE
from protoparse.model import (
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Bound,
    Comparison,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Offset,
    Rule,
    Window,
    facts,
    members,
)
from protoparse.reversals import own_criteria

WAYS: Mapping[str, str] = {
    "nested list": "an item with items below it, or one of these",
    "items within a line": "an item that begins in the middle of a line",
    "numbering that lies": "a printed number that does not follow the one before it",
    "connective between items": "an item that ends or begins with the word that joins it to its neighbour",
    "cohort": "an item for one group, part or arm alone",
    "k of n": "at least so many of several",
    "k of n and more": "at least so many of several, beside what all must have",
    "exception": "what is said does not hold for some",
    "exception with conditions": "the exception itself has a negation, a value or a time",
    "exception to a negation": "what is denied, with an exception",
    "permission": "words that allow something",
    "negation": "something is denied",
    "double negation": "an exclusion that denies something",
    "guard": "a requirement on some people only",
    "alternatives": "one of several is enough",
    "either of two limits": "one thing is measured in two of the alternatives",
    "multiple of a limit": "a value told as a multiple of a limit of normal",
    "relative value": "a value told by a baseline, a prediction or a population",
    "range": "a value between two others",
    "power of ten": "a number or unit with a power of ten",
    "comma in a number": "a comma that marks thousands or decimals",
    "odd symbols": "full-width, escaped or makeshift signs",
    "ordinal scale": "grades, stages and classes, in roman numbers or in words",
    "pair of values": "two values about a slash, as of blood pressure",
    "count or dose": "how often, or how much of a drug",
    "two-ended window": "a time bounded on both sides by two distances or two events",
    "other anchor": "a time told from another event than one of the trial's visits",
    "longest or shortest of": "the longer or shorter of several times",
    "duration within a window": "how long, and when",
    "several windows": "alternative times for one statement",
    "calendar date": "a date",
    "tolerance": "a number with plus or minus",
    "definition": "words that define a term by others",
    "examples": "members or examples of what is named",
    "other person": "what is so of a relative, partner, donor or caregiver",
    "self-reference": "an item on the criteria themselves",
    "judgement": "what no record tells: an opinion, a willingness to be judged",
    "shared head or tail": "words, a value or a time that hold for several of a list",
    "plain": "none of these",
}
"""What each name stands for, in the order in which they are told."""


def phenomena(document: Document) -> Iterator[tuple[Criterion, tuple[str, ...]]]:
    """Each criterion in reading order with the names of its ways of writing, in the order of `WAYS`."""
    for criterion, before, nested in _placed(document.criteria, nested=False):
        shown = _Shown(document.text, criterion, nested=nested)
        found = {way for way, shows in _SIGNS.items() if shows(shown)}
        if _lies(document.text, criterion, before):
            found.add("numbering that lies")
        yield criterion, tuple(way for way in WAYS if way in found) or ("plain",)


def _placed(criteria: Sequence[Criterion], *, nested: bool) -> Iterator[tuple[Criterion, Criterion | None, bool]]:
    """Each criterion with its elder sibling, and whether it is another's child."""
    for before, criterion in zip((None, *criteria), criteria, strict=False):
        yield criterion, before, nested
        yield from _placed(criterion.children, nested=True)


class _Shown:
    """A criterion taken apart: its own words, and the nodes, facts, comparisons and windows of its rule."""

    def __init__(self, text: str, criterion: Criterion, *, nested: bool) -> None:
        start, end = criterion.span
        self.criterion, self.nested = criterion, nested
        self.words: str = text[start : min((child.span[0] for child in criterion.children), default=end)].lower()
        self.tokens = _WORD.findall(self.words)
        self.before: str = text[text.rfind("\n", 0, start) + 1 : start]
        self.nodes: list[Rule] = [] if criterion.rule is None else list(_nodes(criterion.rule))
        self.facts: list[Fact] = [node for node in self.nodes if isinstance(node, Fact)]
        self.values: list[Comparison] = [fact.value for fact in self.facts if fact.value is not None]
        self.windows: list[Window] = [
            window for fact in self.facts if fact.time is not None for window in _windows(fact.time)
        ]

    def has(self, *kinds: type) -> bool:
        """Whether the rule has a node of one of the kinds."""
        return any(isinstance(node, kinds) for node in self.nodes)

    def offsets(self) -> Iterator[Offset]:
        """The offsets of all windows' bounds."""
        for window in self.windows:
            for bound in (window.start, window.end):
                if isinstance(bound, Bound) and bound.offset is not None:
                    yield bound.offset


def _nodes(rule: Rule) -> Iterator[Rule]:
    yield rule
    for member in members(rule):
        yield from _nodes(member)


def _windows(window: Window) -> Iterator[Window]:
    yield window
    for alternative in () if window.any_of is UNSET else window.any_of:
        yield from _windows(alternative)


# ------------------------------------------------------------------ what shows each


def _so_many(criterion: Criterion) -> bool:
    """Whether so many of an item's children are enough, or so many statements of its rule."""
    return isinstance(criterion.combine, AtLeastChildren) or isinstance(criterion.rule, AtLeast)


def _so_many_and_more(shown: _Shown) -> bool:
    criterion = shown.criterion
    beside = criterion.rule is not None and isinstance(criterion.combine, AtLeastChildren)
    among = criterion.combine == "all" and any(map(_so_many, criterion.children))
    return beside or among or any(isinstance(n, All) and any(isinstance(m, AtLeast) for m in n.of) for n in shown.nodes)


def _exceptions(shown: _Shown) -> Iterator[Rule]:
    for node in shown.nodes:
        if isinstance(node, Except):
            yield from node.exceptions
    if shown.criterion.combine == "except":
        yield from (child.rule for child in shown.criterion.children if child.rule is not None)


def _conditional(exception: Rule) -> bool:
    return any(
        isinstance(node, Not) or (isinstance(node, Fact) and (node.value or node.time or node.count or node.dose))
        for node in _nodes(exception)
    )


def _denies(rule: Rule | None) -> bool:
    """Whether something is denied outside of exceptions."""
    match rule:
        case None | Fact():
            return False
        case Not():
            return True
        case Except():
            return _denies(rule.base)
        case _:
            return any(map(_denies, members(rule)))


def _either_limit(shown: _Shown) -> bool:
    for node in shown.nodes:
        if isinstance(node, Any_):
            measured = [{fold(f.concept.text) for f in facts(member) if f.value is not None} for member in node.of]
            if sum(map(len, measured)) > len(set().union(*measured)):
                return True
    return False


def _shared(shown: _Shown) -> bool:
    """Whether concepts were cut from the same words, or members of a list have an equal value or window."""
    spans = sorted({f.concept.span for f in shown.facts if f.concept.span is not None})
    if any(one[1] > other[0] for one, other in pairwise(spans)):
        return True
    for node in shown.nodes:
        if isinstance(node, (All, Any_, AtLeast)):
            listed = [member for member in node.of if isinstance(member, Fact)]
            for said in ([comparison_key(f.value) for f in listed], [window_key(f.time) for f in listed]):
                known = [key for key in said if key is not None]
                if len(set(known)) < len(known):
                    return True
    return False


def _two_ended(window: Window) -> bool:
    start, end = window.start, window.end
    if not isinstance(start, Bound) or not isinstance(end, Bound):
        return False
    return start.anchor.event != end.anchor.event or bool(start.offset and end.offset and start.offset != end.offset)


def _joined(shown: _Shown) -> bool:
    words = [token for token in shown.tokens if token[0].isalnum()]
    return bool(words) and not {words[0], words[-1]}.isdisjoint(_joining())


def _ordinal(shown: _Shown) -> bool:
    def operands(value: Comparison) -> tuple[object, ...]:
        return value.value, value.low, value.high, *(value.values or ())

    return any(isinstance(x, str) and x.strip().lower() in ROMAN for v in shown.values for x in operands(v))


_WORD = re.compile(r"\w+|[^\w\s]")
_POWER = re.compile(rf"{powers.SCALE}|{powers.NUMBER}")
_COMMA = re.compile(r"(?<![\d,.])(?:\d{1,3}(?:,\d{3})+|\d+,\d{1,2})(?![\d,])")
_ODD = re.compile(r"[＜＞＝％～≦≧⩽⩾]|\\[<>\[\]~^]|&(?:lt|gt|le|ge|amp);|=\s?[<>]|[<>]\s?or\s?=|\d\s?~\s?\d")
_PAIR = re.compile(r"\d\s?/\s?\d")
_DATE = re.compile(DATE)
_YEAR = re.compile(r"(?:19|20)\d\d")


class _Cue:
    """The words of a cue, looked for where the first word of one of them is there."""

    def __init__(self, cue: str, *values: str) -> None:
        of = [row["phrases"] for row in rows("cues") if row["cue"] == cue and row["value"] in values]
        phrases = [phrase for cell in of for phrase in spellings(cell)]
        self._firsts = {_WORD.findall(phrase)[0] for phrase in phrases}
        self._pattern = re.compile("|".join(map(_whole, phrases)))

    def stands_in(self, shown: _Shown) -> bool:
        return not self._firsts.isdisjoint(shown.tokens) and self._pattern.search(shown.words) is not None


def _whole(phrase: str) -> str:
    """The pattern of a phrase that begins and ends where its words do."""
    return (r"\b" if phrase[0].isalnum() else "") + re.escape(phrase) + (r"\b" if phrase[-1].isalnum() else "")


@cache
def _cue(cue: str, *values: str) -> _Cue:
    return _Cue(cue, *values)


@cache
def _joining() -> frozenset[str]:
    return frozenset(x for row in rows("cues") if row["cue"] in ("and", "or") for x in spellings(row["phrases"]))


_VISITS = {"informed_consent", "screening", "enrollment", "randomization", "baseline", "study_start", "study_end"}
_TRIAL = _VISITS | {"first_dose", "treatment", "unspecified"}
_SIGNS: Mapping[str, Callable[[_Shown], object]] = {
    "nested list": lambda s: s.nested or s.criterion.children,
    "items within a line": lambda s: not MARK.fullmatch(s.before),
    "connective between items": _joined,
    "cohort": lambda s: s.criterion.group,
    "k of n": lambda s: isinstance(s.criterion.combine, AtLeastChildren) or s.has(AtLeast),
    "k of n and more": _so_many_and_more,
    "exception": lambda s: s.criterion.combine == "except" or s.has(Except),
    "exception with conditions": lambda s: any(map(_conditional, _exceptions(s))),
    "exception to a negation": lambda s: any(
        isinstance(n, Not) and any(isinstance(m, Except) for m in _nodes(n.of)) for n in s.nodes
    ),
    "permission": lambda s: _cue("permission", "use", "free").stands_in(s),
    "negation": lambda s: s.has(Not),
    "double negation": lambda s: s.criterion.kind == "exclusion" and _denies(s.criterion.rule),
    "guard": lambda s: s.criterion.combine == "then" or s.has(If),
    "alternatives": lambda s: s.has(Any_),
    "either of two limits": _either_limit,
    "multiple of a limit": lambda s: any(v.reference in ("ULN", "LLN") for v in s.values),
    "relative value": lambda s: any(
        v.reference not in (None, "ULN", "LLN") or (v.unit and "percentile" in (v.unit.text or "")) for v in s.values
    ),
    "range": lambda s: any(v.operator == "between" for v in s.values),
    "power of ten": lambda s: "10" in s.words and _POWER.search(s.words),
    "comma in a number": lambda s: _COMMA.search(s.words),
    "odd symbols": lambda s: _ODD.search(s.words),
    "ordinal scale": _ordinal,
    "pair of values": lambda s: len(s.values) > 1 and _PAIR.search(s.words),
    "count or dose": lambda s: any(f.count or f.dose for f in s.facts),
    "two-ended window": lambda s: any(map(_two_ended, s.windows)),
    "other anchor": lambda s: any(
        isinstance(bound, Bound) and bound.anchor.event not in _TRIAL
        for window in s.windows
        for bound in (window.start, window.end)
    ),
    "longest or shortest of": lambda s: any(offset.value is UNSET for offset in s.offsets()),
    "duration within a window": lambda s: any(w.duration and (w.start or w.end) for w in s.windows),
    "several windows": lambda s: any(w.any_of is not UNSET for w in s.windows),
    "calendar date": lambda s: _YEAR.search(s.words) and _DATE.search(s.words),
    "tolerance": lambda s: _cue("tolerance", "").stands_in(s),
    "definition": lambda s: _cue("include", "definition", "same").stands_in(s),
    "examples": lambda s: any(f.includes for f in s.facts),
    "other person": lambda s: any(f.experiencer != "patient" for f in s.facts),
    "self-reference": lambda s: any(f.domain == "other" for f in s.facts) and own_criteria().search(s.words),
    "judgement": lambda s: any(f.domain == "other" for f in s.facts),
    "shared head or tail": _shared,
}


# ------------------------------------------------------------------ printed numbers

_NUMBER = re.compile(r"(?P<opening>[(\[]?)(?P<number>\d{1,2})(?P<closing>[.)\]]+)\s*$")
_BULLET = re.compile(r"[ \t*•–-]*$")


@dataclass(frozen=True)
class _Printed:
    """The number before an item, how it is set, and how far its line is indented (None within a line)."""

    number: int
    style: str
    indent: int | None


def _printed(text: str, criterion: Criterion) -> _Printed | None:
    start = criterion.span[0] + len(criterion.label or "")
    line = text.rfind("\n", 0, start) + 1
    found = _NUMBER.search(text, max(line, start - 8), start)
    if found is None:
        return None
    indent = found.start() - line if _BULLET.fullmatch(text, line, found.start()) else None
    return _Printed(int(found["number"]), found["opening"] + found["closing"], indent)


def _lies(text: str, criterion: Criterion, before: Criterion | None) -> bool:
    """Whether its number does not follow its elder sibling's, or its children are numbered as if they were siblings."""
    own = _printed(text, criterion)
    if own is None:
        return False
    if before is not None and (before.kind, before.group) == (criterion.kind, criterion.group):
        elder = _printed(text, before)
        if elder is not None and elder.style == own.style and own.number != elder.number + 1:
            return True
    eldest = _printed(text, criterion.children[0]) if criterion.children else None
    return eldest is not None and (eldest.style, eldest.indent) == (own.style, own.indent)
