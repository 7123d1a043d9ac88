"""Gold to correct: a document as the YAML that builds it, each item below its words.

In: a document, most often a parse. Out: YAML for `build`, with the shortest quotes that lead to the same places, and
comments: the words of each item, and what of them is read nowhere.

>>> from protoparse.model import Concept, Criterion, Fact
>>> age = Fact(domain="person", concept=Concept(text="Adults", span=(2, 8), name="adult"))
>>> print(draft(Document(text="* Adults only", criteria=(
...     Criterion(kind="inclusion", label="*", span=(0, 13), rule=age, unparsed=((9, 13),)),))))
criteria:
<BLANKLINE>
# * Adults only
# unread: only
- kind: inclusion
  label: "*"
  starts: "Adults"
  rule: {domain: person, concept: "Adults", name: adult}
<BLANKLINE>

What the YAML does not say is lost: codes, notes, what is unread in an item that has a rule, and the places of rules,
which the builder lays around their facts.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from protoparse.evaluate.gold.building import MARK, own_end
from protoparse.evaluate.gold.notation import WIDTH, GoldError, Quote, Shape, flow, written
from protoparse.evaluate.gold.quotes import TIMES, find
from protoparse.lexicon import fold
from protoparse.model import (
    All,
    Any_,
    AtLeast,
    AtLeastChildren,
    Bound,
    Comparison,
    Concept,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Modifier,
    Not,
    Offset,
    Rule,
    Span,
    Unit,
    Window,
    walk,
)


def draft(document: Document) -> str:
    """The YAML of a document; building it over the same text gives the same criteria, as far as the YAML can say."""
    head = [] if document.trial.id is None else [f"trial: {flow(document.trial.id)}"]
    lines = [*head, "criteria:" if document.criteria else "criteria: []"]
    places = _Places(document)
    for criterion in document.criteria:
        lines += ["", *_item(criterion, places, above=None, indent="")]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------ items


@dataclass(frozen=True)
class _Place:
    """Where an item's own text lies, behind its label, and where the item behind it begins."""

    start: int
    end: int
    before: int
    limit: int
    worded: bool


class _Places:
    """The places of all items of a document, by `id`."""

    def __init__(self, document: Document) -> None:
        self.text = document.text
        self._of: dict[int, _Place] = {}
        items = list(walk(document.criteria))
        starts = [_first_word(self.text, c) for c in items]
        before = 0
        for i, (criterion, start) in enumerate(zip(items, starts, strict=True)):
            following = i + 1 < len(items)
            worded = not criterion.children or criterion.rule is not None or not _blank(self.text, start, criterion)
            # "1. stroke OR" may begin at its number, where what it joins begins at the word
            worded = worded or criterion.span[0] < criterion.children[0].span[0]
            limit = next((s for s in starts[i + 1 :] if s > start), len(self.text)) if following else len(self.text)
            end = own_end(self.text, start, limit) if criterion.children else criterion.span[1]
            self._of[id(criterion)] = _Place(start, end, before, limit, worded)
            if worded:
                before = start + 1

    def __getitem__(self, criterion: Criterion) -> _Place:
        return self._of[id(criterion)]


def _blank(text: str, start: int, criterion: Criterion) -> bool:
    """Whether nothing but marks stands between an item's beginning and its first child's."""
    first = criterion.children[0].span[0]
    return start >= first or MARK.fullmatch(text, start, first) is not None


def _first_word(text: str, criterion: Criterion) -> int:
    """Where an item begins behind the label and what else is printed before that."""
    start, end = criterion.span
    if criterion.label and (found := text.find(criterion.label, start, end)) >= 0:
        start = found + len(criterion.label)
    if (blank := re.compile(r"(?:\s|<!--\s*-->)*").match(text, start, end)) and blank.end() < end:
        start = blank.end()
    return start


def _item(criterion: Criterion, places: _Places, *, above: Criterion | None, indent: str) -> Iterator[str]:
    text, place = places.text, places[criterion]
    yield from _comments(criterion, text, place, indent)
    fields: list[str] = []
    if above is None or criterion.kind != above.kind:
        fields.append(f"kind: {criterion.kind}")
    if criterion.group != (above.group if above else None):
        fields.append(f"group: {flow(criterion.group)}")
    if criterion.label is not None:
        fields.append(f"label: {flow(Quote(criterion.label))}")
    if place.worded:
        fields.append(f"starts: {flow(_starts(text, place))}")
    if not criterion.children and own_end(text, place.start, place.limit) != place.end:
        fields.append(f"ends: {flow(_ends(text, place))}")
    if criterion.combine is not None:
        combine = criterion.combine
        counts = {"at_least": combine.at_least} if isinstance(combine, AtLeastChildren) else combine
        fields.append(f"combine: {flow(counts)}")
    if criterion.rule is not None:
        fields += written("rule", _Drafter(text, place).rule(criterion.rule), indent=len(indent) + 2)
    for i, line in enumerate(fields):
        yield f"{indent}{'  ' if i else '- '}{line}"
    if criterion.children:
        yield f"{indent}  children:"
        for child in criterion.children:
            yield from _item(child, places, above=criterion, indent=f"{indent}  ")


def _comments(criterion: Criterion, text: str, place: _Place, indent: str) -> Iterator[str]:
    """The item's own words, label and all, and what of them was left unread."""
    said = " ".join(text[criterion.span[0] : place.end].split())
    yield from _comment(said if place.worded else f"{said} …", indent)
    if criterion.rule is not None or criterion.children:
        for start, end in criterion.unparsed:
            yield from _comment(f"unread: {' '.join(text[start:end].split())}", indent)
    elif place.worded:
        yield from _comment("unread: all of it", indent)


def _comment(words: str, indent: str) -> list[str]:
    words = "".join(c if c.isprintable() else "�" for c in words)
    return textwrap.wrap(words, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}#   ")


def _starts(text: str, place: _Place) -> Any:
    """The fewest first words that are not found between the item before and this one."""
    for quote in _prefixes(text, place.start, max(place.end, place.start + 1)):
        if _first(text, quote, place.before, len(text)) == place.start:
            return quote
    word = re.compile(r"\S+").match(text, place.start)
    return _numbered(text, word.span() if word else (place.start, place.end), place.before, len(text))


def _prefixes(text: str, start: int, end: int) -> Iterator[Quote]:
    for word in re.compile(r"\S+").finditer(text, start, end):
        words = " ".join(text[start : word.end()].split())
        if bare := words.rstrip(",;:."):
            yield Quote(bare)
        yield Quote(words)


def _first(text: str, quote: str, start: int, end: int) -> int | None:
    try:
        return find(text, quote, start, end)[0][0]
    except GoldError:
        return None


def _ends(text: str, place: _Place) -> Any:
    """The fewest last words of the item that are not found again before the next one begins."""
    words = list(re.compile(r"\S+").finditer(text, place.start, place.end))
    for word in reversed(words):
        quote = Quote(" ".join(text[word.start() : place.end].split()))
        try:
            if find(text, quote, place.start, place.limit)[-1][1] == place.end:
                return quote
        except GoldError:
            continue
    return _numbered(text, (place.start, place.end), place.start, place.limit)


def _numbered(text: str, span: Span, start: int, end: int) -> Any:
    """`[words, n]`: the words of a place, and which of theirs it is; the words alone where it is none."""
    words = Quote(" ".join(text[slice(*span)].split()))
    for number in range(1, 1000):
        try:
            [place] = find(text, [words, number], start, end)
        except GoldError:
            break
        if place == span:
            return [words, number]
    return words


# ------------------------------------------------------------------ rules


class _Drafter:
    """Rules of one item as shapes, told in the order in which the builder looks their places up."""

    def __init__(self, text: str, place: _Place) -> None:
        self._text, self._start, self._end = text, place.start, place.end
        self._behind = place.start

    def rule(self, rule: Rule) -> Shape:
        """The shape of a rule."""
        match rule:
            case Fact():
                return self._fact(rule)
            case All():
                return {"all": [self.rule(r) for r in rule.of]}
            case Any_():
                return {"any": [self.rule(r) for r in rule.of]}
            case AtLeast():
                return {"at_least": rule.count, "of": [self.rule(r) for r in rule.of]}
            case Not():
                return {"not": self.rule(rule.of)}
            case If():
                return {"if": self.rule(rule.condition), "then": self.rule(rule.then)}
            case Except():
                base, exceptions = self.rule(rule.base), [self.rule(r) for r in rule.exceptions]
                return {"base": base, "except": exceptions[0] if len(exceptions) == 1 else exceptions}

    def _fact(self, fact: Fact) -> Shape:
        shape: Shape = {"domain": fact.domain, "concept": self._concept(fact.concept)}
        if fact.concept.name not in (None, fold(fact.concept.text)):
            shape["name"] = fact.concept.name
        for key, comparison in (("value", fact.value), ("count", fact.count), ("dose", fact.dose)):
            if comparison is not None:
                shape[key] = self._comparison(comparison)
        if fact.modifiers:
            shape["modifiers"] = [self._modifier(m, fact.concept) for m in fact.modifiers]
        if fact.time is not None:
            shape["time"] = self._window(fact.time)
        if fact.includes:
            shape["includes"] = [self._example(r, fact) for r in fact.includes]
        if fact.experiencer != "patient":
            shape["experiencer"] = fact.experiencer
        return shape

    def _example(self, rule: Rule, fact: Fact) -> Any:
        shape = self.rule(rule)
        return shape["concept"] if shape.keys() == {"domain", "concept"} and shape["domain"] == fact.domain else shape

    def _concept(self, concept: Concept) -> Any:
        words = Quote(" ".join(concept.text.split()))
        if concept.span is None:
            return words
        places = self._places(words)
        found = next((p for p in places if p[0] >= self._behind), places[-1] if places else None)
        self._behind = concept.span[0] + 1
        return words if found == concept.span else _numbered(self._text, concept.span, self._start, self._end)

    def _places(self, words: str) -> list[Span]:
        try:
            return find(self._text, words, self._start, self._end)
        except GoldError:
            return []

    def _quote(self, span: Span) -> Any:
        """Words of which the first place is meant, else which of them it is."""
        words = Quote(" ".join(self._text[slice(*span)].split()))
        found = self._places(words)
        return words if found[:1] == [span] else _numbered(self._text, span, self._start, self._end)

    def _modifier(self, modifier: Modifier, concept: Concept) -> list[Any]:
        words: Any = Quote(" ".join(modifier.text.split()))
        if modifier.span is not None and concept.span is not None:
            at = concept.span[0]
            nearest = min(self._places(words), key=lambda p: abs(p[0] - at), default=None)
            if nearest != modifier.span:
                words = _numbered(self._text, modifier.span, self._start, self._end)
        said = words[0] if isinstance(words, list) else words
        shape = [modifier.type, words]
        if modifier.value != said:
            shape.append(list(modifier.value) if isinstance(modifier.value, tuple) else modifier.value)
        return shape

    def _comparison(self, comparison: Comparison) -> Shape:
        shape: Shape = {"op": comparison.operator}
        for key in ("value", "low", "high"):
            if (value := getattr(comparison, key)) is not UNSET:
                shape[key] = value
        if comparison.values is not UNSET:
            shape["values"] = list(comparison.values)
        for key, inclusive in (("low_incl", comparison.low_inclusive), ("high_incl", comparison.high_inclusive)):
            if inclusive is False:
                shape[key] = False
        shape |= _unit(comparison.unit)
        if comparison.reference is not None:
            shape["ref"] = comparison.reference
        if comparison.span is not None:
            shape["quote"] = self._quote(comparison.span)
        return shape

    def _window(self, window: Window) -> Shape:
        shape: Shape = {}
        if window.any_of is not UNSET:
            shape["any_of"] = [self._window(w) for w in window.any_of]
        for key, bound in (("start", window.start), ("end", window.end)):
            if isinstance(bound, Bound):
                shape[key] = self._bound(bound)
                if not bound.inclusive:
                    shape[f"{key}_incl"] = False
        if isinstance(window.duration, Comparison):
            shape["duration"] = self._comparison(window.duration)
        if window.span is not None:
            shape["quote"] = self._quote(window.span)
        return shape

    def _bound(self, bound: Bound) -> Any:
        event, words, span = bound.anchor.event, bound.anchor.text, bound.anchor.span
        offset = None if bound.offset is None else _offset(bound.offset)
        if span is not None:
            return [event, offset, self._quote(span)]
        if words is not None and (words := " ".join(words.split())) and not self._places(words):
            return [event, offset, Quote(words)]  # a lead-in above has said it
        return event if offset is None else [event, offset]


def _unit(unit: Unit | None) -> Shape:
    """The printed unit where it is not its code itself, and the code."""
    if unit is None:
        return {}
    shape = {} if unit.text is None or unit.text == unit.ucum else {"unit": unit.text}
    return shape if unit.ucum is None else shape | {"ucum": unit.ucum}


def _offset(offset: Offset) -> Any:
    for key in ("longest_of", "shortest_of"):
        if (of := getattr(offset, key)) is not UNSET:
            return {key: [_offset(x) for x in of]}
    unit = offset.unit if isinstance(offset.unit, Unit) else None
    number = flow(offset.value)
    if unit is not None and unit.text and re.fullmatch(r"-?\d+(?:\.\d+)?", number):
        code = unit.text if unit.text in TIMES else None
        if code == unit.ucum and not unit.text[0].isspace():
            return f"{number} {unit.text}"
    return {"value": offset.value, **_unit(unit)}
