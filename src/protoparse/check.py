"""Whether a criteria JSON keeps the format and its three promises.

In: the bytes of a file. Out: the problems found, each one line, `<criterion>: <cause>`; none where all is well.

>>> check(b'{"format": "protoparse.criteria/1", "text": "", "criteria": []}')
[]
>>> check(b'{"format": "protoparse.criteria/2", "text": ""}')
["document: Invalid enum value 'protoparse.criteria/2' - at `$.format`"]

1. Nothing is lost: every character of the text lies in a criterion, a heading or a preamble, and every letter and digit
   of a criterion in what was read there or in what is marked as unread.
2. Everything points home: a span lies in its text, a child in its parent, and a quote is what stands in its place.
3. Same in, same out: the document and the English of its rules read back equal, and the text parses again to the same
   criteria.

Criteria that no parser wrote (`parser` is null: gold, written by hand) need not account for every character, nor carry
ids; what they do say must hold all the same.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec
from msgspec import Struct

from protoparse.errors import ProtoparseError
from protoparse.model import (
    FORMAT,
    SCORED,
    All,
    Anchor,
    Concept,
    Criterion,
    Document,
    If,
    Modifier,
    Rule,
    Span,
    dump,
    load,
    members,
    walk,
    without_codes,
    without_confidence,
    without_spans,
)

APART = frozenset({"heading", "preamble"})
"""The codes of the notes whose text belongs to no criterion."""

_VISIBLE = re.compile(r"\S(?:.*\S)?")
_SPOKEN = re.compile(r"[^\W_](?:.*[^\W_])?")
_JOINS = re.compile(r"and|or|and ?/ ?or", re.I)
"""Behind an item, these words say how it counts beside the next: the parent's `combine` has read them."""


def check(data: bytes | str, *, reparse: bool | None = None) -> list[str]:
    """The problems of one criteria JSON, in reading order, none where it is sound.

    `reparse` also parses the text again and compares: True always, False never, None (the default) where the document
    was made by the running version of parser and grammar. Raises nothing: what cannot be read is a problem.
    """
    try:
        document = load(data)
    except ProtoparseError as error:
        return [f"document: {error}"]
    return [
        *_ids(document),
        *_nesting(document),
        *_places(document),
        *_required(document),
        *_scored(document),
        *(_accounted(document) if document.parser is not None else ()),
        *_written(document, data),
        *_english(document),
        *(_parsed_again(document, always=bool(reparse)) if reparse is not False else ()),
    ]


def _name(criterion: Criterion) -> str:
    return " ".join(criterion.id.split()) or f"{criterion.kind} at {criterion.span[0]}"


def _quote(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 60 else text[:59] + "…")


# ------------------------------------------------------------------ the outline


def _ids(document: Document) -> Iterator[str]:
    """An id says the kind and the position, counted for each kind at the top and within the parent below."""
    if document.parser is None and not any(c.id for c in walk(document.criteria)):
        return
    counted: Counter[str] = Counter()

    def numbered(criteria: Iterable[Criterion], parent: str) -> Iterator[str]:
        for position, criterion in enumerate(criteria, 1):
            counted[criterion.kind] += not parent
            wanted = f"{parent}.{position}" if parent else f"{criterion.kind}.{counted[criterion.kind]}"
            if criterion.id != wanted:
                yield f"{_name(criterion)}: the id of this place in the outline is {wanted}"
            yield from numbered(criterion.children, wanted)

    yield from numbered(document.criteria, "")


def _nesting(document: Document) -> Iterator[str]:
    """Criteria stand in reading order, side by side, children inside their parents; `combine` goes with children."""
    for criterion in walk(document.criteria):
        start, end = criterion.span
        for child in criterion.children:
            if not start <= child.span[0] <= child.span[1] <= end:
                yield f"{_name(child)}: its span {child.span} lies outside its parent's {criterion.span}"
        if bool(criterion.children) != (criterion.combine is not None):
            cause = "missing" if criterion.children else "set, but there are no children"
            yield f"{_name(criterion)}: combine is {cause}"
        yield from _in_order(criterion.children)
    yield from _in_order(document.criteria)


def _in_order(criteria: Sequence[Criterion]) -> Iterator[str]:
    for before, criterion in pairwise(criteria):
        if criterion.span[0] < before.span[1]:
            yield f"{_name(criterion)}: begins before {_name(before)} ends"


# ------------------------------------------------------------------ places


def _places(document: Document) -> Iterator[str]:
    """Every span lies in the text, a rule's in its criterion; every quote is what stands in its place."""
    text = document.text
    whole = (0, len(text))
    exact = document.parser is not None
    for i, note in enumerate(document.notes):
        if note.span is not None:
            yield from _inside(f"notes[{i}]", note.span, whole, "the text")
    for criterion in walk(document.criteria):
        name = _name(criterion)
        yield from _inside(name, criterion.span, whole, "the text")
        for i, unread in enumerate(criterion.unparsed):
            yield from _inside(f"{name}: unparsed[{i}]", unread, criterion.span, "the criterion")
        for before, after in pairwise(criterion.unparsed):
            if after[0] < before[1]:
                yield f"{name}: unparsed {after} begins before {before} ends"
        if criterion.rule is None:
            continue
        for path, record in _records(criterion.rule, "rule"):
            span: Span | None = getattr(record, "span", None)
            if span is None:
                continue
            yield from _inside(f"{name}: {path}", span, criterion.span, "the criterion")
            if isinstance(record, Concept | Modifier | Anchor) and record.text is not None:
                there = text[slice(*span)]
                if there != record.text and (exact or there.split() != record.text.split()):
                    yield f"{name}: {path} says {_quote(record.text)}, its place {_quote(there)}"


def _inside(name: str, span: Span, outer: Span, what: str) -> Iterator[str]:
    start, end = span
    if start >= end:
        yield f"{name}: the span {span} is empty"
    elif not outer[0] <= start < end <= outer[1]:
        yield f"{name}: the span {span} lies outside {what}, {outer}"


def _records(value: object, path: str) -> Iterator[tuple[str, Struct]]:
    """Every record in a rule, with the path that leads to it."""
    if isinstance(value, Struct):
        yield path, value
        for field in value.__struct_fields__:
            yield from _records(getattr(value, field), f"{path}.{field}")
    elif isinstance(value, tuple):
        for i, member in enumerate(value):
            yield from _records(member, f"{path}[{i}]")


def _required(document: Document) -> Iterator[str]:
    """An `if` is true of everybody whom its condition does not meet: it stands only where something is required."""

    def misplaced(rule: Rule, required: bool) -> bool:
        match rule:
            case All():
                return any(misplaced(member, required) for member in rule.of)
            case If():
                return not required or misplaced(rule.condition, False) or misplaced(rule.then, True)
            case _:
                return any(misplaced(member, False) for member in members(rule))

    for criterion in walk(document.criteria):
        if criterion.rule is not None and misplaced(criterion.rule, criterion.kind != "exclusion"):
            yield f"{_name(criterion)}: an if where nothing is required of everybody"


def _scored(document: Document) -> Iterator[str]:
    """A confidence is of a later format, which is for documents with one alone; that it is in 0..1 `load` sees to."""
    scored = without_confidence(document.criteria) != document.criteria
    if scored and document.format != SCORED:
        yield f"document: {document.format} has no confidence, {SCORED} has"
    elif not scored and document.format == SCORED:
        yield f"document: without any confidence its format is {FORMAT}"


# ------------------------------------------------------------------ nothing is lost


def _accounted(document: Document) -> Iterator[str]:
    text = document.text
    apart = [note.span for note in document.notes if note.code in APART and note.span is not None]
    for span in _gaps((0, len(text)), [*apart, *(c.span for c in document.criteria)]):
        for lost in _VISIBLE.finditer(text, *span):
            yield f"document: {_quote(lost[0])} at {lost.start()} belongs to no criterion, heading or preamble"
    joined = {id(child) for criterion in walk(document.criteria) for child in criterion.children}
    for criterion in walk(document.criteria):
        if criterion.children and criterion.combine is not None:
            continue  # its own words lead in: what they say is how the children count
        read = [*criterion.unparsed, *(child.span for child in criterion.children), _printed(criterion, text)]
        if criterion.rule is not None and criterion.rule.span is not None:
            read.append(criterion.rule.span)
        for span in _gaps(criterion.span, read):
            for lost in _SPOKEN.finditer(text, *span):
                if id(criterion) in joined and _JOINS.fullmatch(lost[0]):
                    continue
                yield f"{_name(criterion)}: {_quote(lost[0])} at {lost.start()} is neither read nor marked as unread"


PREFIX = 16
"""How many characters may stand before a label or a group that is printed in front of a criterion."""


def _printed(criterion: Criterion, text: str) -> Span:
    """Where the label (behind another mark: "8. h."), and the group where it is a prefix ("In part B,"), stand."""
    start, end = criterion.span
    at = start
    for words in (criterion.label, criterion.group):
        found = text.find(words, at, end) if words else -1
        if words and 0 <= found - at <= PREFIX:
            at = found + len(words)
    return start, at


def _gaps(whole: Span, spans: Iterable[Span]) -> Iterator[Span]:
    """What of a span is not covered by others."""
    at, end = (min(place, sys.maxsize) for place in whole)
    for start, stop in sorted(spans):
        if at < start:
            yield at, min(start, end)
        at = max(at, stop)
    if at < end:
        yield at, end


# ------------------------------------------------------------------ same in, same out


def _written(document: Document, data: bytes | str) -> Iterator[str]:
    written = dump(document)
    again = load(written)
    if again != document:
        yield "document: written and read again it is another"
    elif dump(again) != written:
        yield "document: written twice it has other bytes"
    elif document.parser is not None and msgspec.json.encode(msgspec.json.decode(data)) != written:
        yield "document: not as protoparse writes it: a field twice, out of order or left out"


def _english(document: Document) -> Iterator[str]:
    from protoparse.grammar import canonical
    from protoparse.render import render

    for criterion in walk(document.criteria):
        if criterion.rule is None:
            continue
        english = ""
        try:
            english = render(criterion.rule)
            again = canonical.read(english)
            if again is None:
                yield f"{_name(criterion)}: its English is not read back: {_quote(english)}"
            elif without_spans(again) != without_spans(criterion.rule):
                yield f"{_name(criterion)}: its English reads back as another rule: {_quote(english)}"
        except Exception as error:  # whatever a rule does to the reader or the writer is this document's problem
            cause = str(error).split("\n", 1)[0] or type(error).__name__
            yield f"{_name(criterion)}: its English cannot be read back: {_quote(english)}: {cause}"


def _parsed_again(document: Document, *, always: bool) -> Iterator[str]:
    if document.parser is None:
        return
    from protoparse.parsing import parse
    from protoparse.sources import Listing

    try:
        concepts = "lexicon" if document.parser.model is None else "model"
        again = parse(Listing(trial=document.trial, text=document.text, name=""), concepts=concepts)
    except ProtoparseError as error:
        yield f"document: its text does not parse again: {error}"
        return
    if not always and again.parser != document.parser:
        return
    # names and codes are also of vocabularies that a user brought, which are not here; confidences may be left out
    before, after = (without_codes(without_confidence(d.criteria)) for d in (document, again))
    if after == before:
        return
    for old, new in zip(walk(before), walk(after), strict=False):
        if old != new:
            yield f"{_name(old)}: its text now parses to other criteria"
            return
    yield "document: its text now parses to more or fewer criteria"
