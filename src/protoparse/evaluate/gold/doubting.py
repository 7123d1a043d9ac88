"""Doubts: what in gold is worth a second look, by the rulings of `docs/gold.md` that a program can check.

In: a gold document. Out: notes, each with a code and a place; none of them says that the gold is wrong.

>>> from protoparse.model import Criterion
>>> text = "Exclusion Criteria:\\n\\n* Platelets below 75 x 10^9/L"
>>> gold = Document(text=text, criteria=(Criterion(kind="exclusion", span=(23, 50), unparsed=((23, 50),)),))
>>> [doubt.code for doubt in doubts(gold)]
['number-unread']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from msgspec import UNSET

from protoparse.consistency import inconsistencies
from protoparse.errors import UnitError
from protoparse.lexicon import unit_code
from protoparse.model import (
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Comparison,
    Criterion,
    Document,
    Except,
    Fact,
    Not,
    Note,
    Offset,
    Record,
    Rule,
    Span,
    facts,
    members,
    walk,
    without_spans,
)
from protoparse.outline import outline
from protoparse.units import parse_unit

WORDS = 8
"""A concept of more words is doubted."""


def doubts(document: Document) -> list[Note]:
    """What is worth a second look, in reading order."""
    found = [
        *_uncovered(document),
        *inconsistencies(document.criteria),
        *(note for item in _items(document) for note in _of_item(item)),
    ]
    return sorted(found, key=lambda note: note.span or (0, 0))


class _Item(NamedTuple):
    """A criterion, its own words without its children's, where they end in the text, and its facts."""

    criterion: Criterion
    text: str
    end: int
    words: str
    facts: tuple[Fact, ...]


def _items(document: Document) -> Iterator[_Item]:
    for criterion in walk(document.criteria):
        start, end = criterion.span
        end = criterion.children[0].span[0] if criterion.children else end
        words = " ".join(document.text[start:end].split())
        yield _Item(criterion, document.text, end, words, tuple(facts(criterion.rule)))


def _of_item(item: _Item) -> Iterator[Note]:
    yield from _marked(item)
    if item.criterion.rule is None:
        yield from _number_unread(item)
        return
    yield from _limits_unsaid(item)
    yield from _denial(item)
    yield from _time_unsaid(item)
    yield from _examples_unsaid(item)
    yield from _joined(item.criterion.rule, item, required=item.criterion.kind == "inclusion")
    yield from _twice(item)
    for fact in item.facts:
        yield from _of_fact(fact, item)


def _note(code: str, message: str, item: _Item, span: Span | None = None) -> Note:
    return Note(code=code, message=message, span=span or item.criterion.span)


# ------------------------------------------------------------------ what is not said

_SIGN = (
    r"[<>≤≥=]|\b(?:at least|at most|more than|less than|fewer than|greater than|no more than|up to|below|above|over)\b"
)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d+)*(?:\.\d+)?")
_LIMIT = re.compile(rf"(?:{_SIGN})\s*({_NUMBER.pattern})(?![\d.]*[\w^])", re.I)
_PRIOR = re.compile(
    r"\b(?:history of|prior|previous|previously)\b"
    r"|\b(?:within|in|during|for) (?:the )?(?:last|past|previous|prior)? ?\d+ (?:days?|weeks?|months?|years?)\b",
    re.I,
)
_EXAMPLES = re.compile(r"\b(?:such as|e\.g\.|for example)", re.I)


def _uncovered(document: Document) -> Iterator[Note]:
    """Text in no item, but for headings, a cohort's too, preambles and the marks before items."""
    from protoparse.evaluate.gold.building import MARK

    plan = outline(document.text)
    cohorts = {c.group for c in document.criteria}
    covered = sorted([*plan.headings, *plan.preambles, *(c.span for c in document.criteria)])
    at = 0
    for start, end in [*covered, (len(document.text), len(document.text))]:
        for line in re.finditer(r"\S.*", document.text[at:start]) if at < start else ():
            mark = MARK.match(line[0])
            words = line[0][mark.end() if mark else 0 :]
            if re.search(r"[^\W\d_]{2}", words) and words.rstrip(" :.") not in cohorts:
                place = at + line.start(), at + line.end()
                yield Note(code="uncovered", message=f"no item has {_short(words)!r}", span=place)
        at = max(at, end)


_MARKED = re.compile(r"\n[ \t]*(?:[*•·‣▪●○◦]|[(\[]?\d{1,2}[.)\]])[ \t]+\S.*")


def _marked(item: _Item) -> Iterator[Note]:
    """A line with a bullet or number of its own is most often another item."""
    if found := _MARKED.search(item.text, item.criterion.span[0], item.end):
        place = found.start() + 1, found.end()
        yield _note("marked", f"it goes on over the line {_short(found[0])!r}", item, place)


def _number_unread(item: _Item) -> Iterator[Note]:
    if not item.criterion.children and (_LIMIT.search(item.words) or re.search(r"[<>≤≥]|\b\d+ ?%", item.words)):
        yield _note("number-unread", "a limit is printed, and there is no rule", item)


def _limits_unsaid(item: _Item) -> Iterator[Note]:
    said = set(map(float, _numbers(item.criterion)))
    for found in _LIMIT.finditer(item.words):
        if said.isdisjoint(_values(found[1])):
            yield _note("limit-unsaid", f"{found[0]!r} is printed, and the rule has no {found[1]}", item)


def _numbers(value: object) -> Iterator[float]:
    """Every number that a criterion's rule says, and its `combine`."""
    match value:
        case Criterion():
            yield from _numbers(value.rule)
            if isinstance(value.combine, AtLeastChildren):
                yield value.combine.at_least
        case AtLeast():
            yield value.count
            yield from _numbers(value.of)
        case Comparison():
            for operand in (value.value, value.low, value.high, *(value.values or ())):
                if isinstance(operand, int | float):
                    yield operand
                elif isinstance(operand, str):
                    yield from _within(operand)
        case Offset() if value.value is not UNSET:
            yield abs(value.value)
        case Record():
            for field in value.__struct_fields__:
                if field != "span":
                    yield from _numbers(getattr(value, field))
        case tuple():
            for member in value:
                yield from _numbers(member)
        case str():
            # a number within a name: "grade 3", "type 2 diabetes"
            yield from _within(value)


def _within(words: str) -> Iterator[float]:
    return (value for number in _NUMBER.findall(words) for value in _values(number))


def _values(number: str) -> set[float]:
    """What a printed number may be: "1,500" is 1500, "18,5" is 18.5, "120.000" either."""
    comma = number.rstrip(",")
    found = {float(comma.replace(",", "")), *([float(comma.replace(",", "."))] if comma.count(",") == 1 else [])}
    return found | {float(number.replace(".", ""))} if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", number) else found


def _time_unsaid(item: _Item) -> Iterator[Note]:
    if (found := _PRIOR.search(item.words)) and not any(fact.time or fact.count for fact in item.facts):
        yield _note("time-unsaid", f"{found[0]!r} is printed, and no fact has a time", item)


def _examples_unsaid(item: _Item) -> Iterator[Note]:
    if (found := _EXAMPLES.search(item.words)) and not any(fact.includes for fact in item.facts):
        yield _note("examples-unsaid", f"{found[0]!r} is printed, and no fact includes anything", item)


# ------------------------------------------------------------------ logic

_DENIED = re.compile(
    r"\bno (?:known|prior|previous|history|evidence|current|active|signs?|concurrent|concomitant|other)\b"
    r"|(?<!with or )(?<!with/)\bwithout\b|\babsence of\b|\bfree of\b|\b(?:must|may|should) not\b",
    re.I,
)
_DENYING = re.compile(
    r"\b(?:no|not|none|nor|never|neither|cannot|without|absen\w+|free|lack\w*|fail\w*|refus\w*|declin\w*|except\w*|"
    r"negative|other than|less|stop\w*|discontinu\w*|off|only|(?:non|un|in|im|ir|dis)\w{3,}|\w+n[’']t|unless|"
    r"exclu\w*)\b",
    re.I,
)


def _denial(item: _Item) -> Iterator[Note]:
    rule = item.criterion.rule
    nodes = tuple(_nodes(rule)) if rule is not None else ()
    denies = any(isinstance(node, Not) for node in nodes)
    if denies and not _DENYING.search(item.words):
        yield _note("denied", "the rule has a `not`, and no word denies anything", item)
    excepts = any(isinstance(node, Except) for node in nodes)
    lowered = any(c.operator in ("<", "<=", "!=") or c.value in ("negative", "normal", 0) for c in _comparisons(item))
    if denies or excepts or lowered or item.criterion.combine == "except":
        return
    if (found := _DENIED.search(item.words)) and not _within_concept(found[0], item):
        yield _note("not-denied", f"{found[0]!r} is printed, and the rule has no `not`", item)


def _within_concept(words: str, item: _Item) -> bool:
    """ "Unable to do without oxygen": what is named may hold the denial."""
    return any(
        words.lower() in part.lower() for f in item.facts for part in (f.concept.text, *(m.text for m in f.modifiers))
    )


def _comparisons(item: _Item) -> Iterator[Comparison]:
    return (c for fact in item.facts for c in (fact.value, fact.count, fact.dose) if c is not None)


def _nodes(rule: Rule) -> Iterator[Rule]:
    yield rule
    for member in members(rule):
        yield from _nodes(member)


def _joined(rule: Rule, item: _Item, *, required: bool) -> Iterator[Note]:
    """Of neighbours that "or" alone joins one is enough; with "and" alone, or "/" before a limit, both are required."""
    if isinstance(rule, All | Any_):
        both = isinstance(rule, All)
        for one, other in pairwise(rule.of):
            if not (isinstance(one, Fact) and isinstance(other, Fact) and one.concept.span and other.concept.span):
                continue
            between = " ".join(item.text[one.concept.span[1] : other.concept.span[0]].split()).lower()
            limited = one.value is not None and one.value == other.value
            doubtful = (
                (between == "or" and both and required)
                or (between == "and" and not both and required)
                or (between == "/" and limited and required is not both)
            )
            if doubtful:
                names = f"{_short(one.concept.text)} {between} {_short(other.concept.text)}"
                yield _note("joined", f"{names!r} is under {'an `all`' if both else 'an `any`'}", item, rule.span)
    for member in members(rule):
        yield from _joined(member, item, required=required and isinstance(rule, All | Any_))


def _twice(item: _Item) -> Iterator[Note]:
    for node in _nodes(item.criterion.rule) if item.criterion.rule is not None else ():
        if isinstance(node, All | Any_ | AtLeast):
            said = [without_spans(member) for member in node.of]
            for i, member in enumerate(said):
                if member in said[:i]:
                    span = node.of[i].span
                    yield _note("twice", "one list says the same thing twice", item, span)


# ------------------------------------------------------------------ facts

_OPENING = re.compile(
    r"(?:the|a|an|any|no|not|without|known|prior|previous|previously|history of|current|currently|ongoing)\b", re.I
)


def _of_fact(fact: Fact, item: _Item) -> Iterator[Note]:
    words = fact.concept.text
    place = fact.concept.span
    if fact.domain not in ("other", "consent") and len(words.split()) > WORDS:
        yield _note("wide-concept", f"the concept {_short(words)!r} has {len(words.split())} words", item, place)
    if fact.domain != "other" and (found := _OPENING.match(words)) and len(found[0]) < len(words):
        yield _note("concept-opening", f"the concept {_short(words)!r} begins with {found[0]!r}", item, place)
    for modifier in fact.modifiers:
        if modifier.text.lower() == "known":
            yield _note("known", "'known' narrows nothing: no modifier", item, modifier.span)
    for comparison in (fact.value, fact.count, fact.dose):
        if comparison is not None and comparison.unit is not None:
            yield from _unit(comparison, item, counted=comparison is fact.count)


def _unit(comparison: Comparison, item: _Item, *, counted: bool) -> Iterator[Note]:
    unit = comparison.unit
    if unit is None or counted:
        return
    if unit.text and unit.text.lower() in ("point", "points"):
        yield _note("unit", "points are no unit", item, comparison.span)
    elif unit.ucum is None and unit.text and (code := unit_code(unit.text)) and not code.startswith("{"):
        yield _note("unit", f"{unit.text!r} has a UCUM code: {code}", item, comparison.span)
    elif unit.ucum is not None:
        try:
            parse_unit(unit.ucum)
        except UnitError as error:
            yield _note("unit", str(error), item, comparison.span)


def _short(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 50 else words[:49] + "…"
