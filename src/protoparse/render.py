"""Rules in canonical English, documents in readable text or Markdown.

In: a rule or a `Document`. Out: text; a rule's is described by `grammars/canonical.lark` and reads back to the rule.

>>> from protoparse.model import Comparison, Concept, Fact, Not
>>> alt = Fact(domain="measurement", concept=Concept(text="ALT", name="alt"),
...            value=Comparison(operator="<=", value=5, reference="ULN"))
>>> render(Not(of=alt))
'not measurement [ALT] ≤ 5 × ULN'
>>> render(alt, style="markdown")
'measurement **ALT** ≤ 5 × ULN'
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from msgspec import UNSET

from protoparse import lexicon, model
from protoparse.errors import NestingError
from protoparse.model import (
    MAX_DEPTH,
    All,
    Anchor,
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
    Kind,
    Modifier,
    Not,
    Number,
    Offset,
    Rule,
    Unit,
    Window,
)

Style: TypeAlias = Literal["plain", "markdown"]
Role: TypeAlias = Literal["domain", "concept", "logic", "value", "window", "modifier", "plain"]
Segment: TypeAlias = tuple[Role, str]


def render(x: Rule | Document, *, style: Style = "plain") -> str:
    """A rule in canonical English, a document as headings and numbered items; `markdown` is for reading alone.

    Raises `NestingError` where rules, criteria, windows or offsets are nested deeper than `MAX_DEPTH`.
    """
    if isinstance(x, Document):
        return "\n".join(_document(x, style)) + "\n"
    if style == "markdown":
        return "".join(_marked(role, text) for role, text in segments(x))
    return "".join(text for _, text in segments(x))


def markdown(document: Document) -> str:
    """A document as Markdown: headings, nested lists, concepts in bold; raises `NestingError` as `render` does."""
    return render(document, style="markdown")


def segments(rule: Rule) -> Iterator[Segment]:
    """The canonical English of a rule in pieces, each with its role; joined they are `render(rule)`.

    Raises `NestingError` as `render` does.
    """
    model.limit_depth([Criterion(kind="unspecified", span=(0, 0), rule=rule)])
    out: list[Segment] = []
    _rule(rule, out)
    return iter(out)


def phrase(part: Comparison | Window | Offset | Modifier) -> str:
    """A part of a fact in canonical English; raises `NestingError` where windows or offsets are nested too deep.

    >>> phrase(Comparison(operator="<=", value=5, reference="ULN"))
    '≤ 5 × ULN'
    """
    match part:
        case Comparison():
            return _comparison(part)
        case Window():
            return _window(part, 1)
        case Modifier():
            return _modifier(part)
        case Offset():
            before = _is_before(part, 1)
            return f"{_distance(part, before=before)} {'before' if before else 'after'}"


# ------------------------------------------------------------------ words

_PAIRS = (("[", "]"), ("«", "»"), ("⟦", "⟧"))
# Words that the reading goes by where a unit or a value may stand; bare, "≥ 3 at" would be the start of a window.
_STEERING = "after|and|at|before|count|during|except|for|from|in|of|or|then|until"
_UNIT_WORD = rf'(?!(?:{_STEERING}|ULN|LLN|normal|baseline|predicted|detection)(?: |$))[^\s()\[\]{{}}«»⟦⟧"`;,×]+'
_UNIT = re.compile(rf"(?:× ?)?{_UNIT_WORD}(?: {_UNIT_WORD})*")
_UCUM = re.compile(r'[^\s{}"]+')
_CODE = re.compile(r'[^\s{}";]+')
_WORD = re.compile(rf"(?!(?:{_STEERING})$)[A-Za-z][A-Za-z0-9+/-]*")
_WORDS = re.compile(r'[^\s()\[\]{}«»⟦⟧"=;,]+(?: [^\s()\[\]{}«»⟦⟧"=;,]+)*')


def _bracketed(text: str) -> str:
    """A phrase verbatim in the first brackets whose closing sign it does not hold."""
    for opening, closing in _PAIRS:
        if closing not in text:
            return f"{opening}{text}{closing}"
    return _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain(text: str | None, pattern: re.Pattern[str] = _WORDS) -> str:
    """Words bare where they are plain, else quoted; "-" for none."""
    if text is None:
        return "-"
    return text if pattern.fullmatch(text) and text not in ("-", "version") else _quoted(text)


def _braced(items: Iterable[str]) -> str:
    return f"{{{', '.join(items)}}}"


def _number(number: Number) -> str:
    return repr(number).replace("inf", "1e999")


# ------------------------------------------------------------------ logic


def _rule(rule: Rule, out: list[Segment]) -> None:
    match rule:
        case Fact():
            _fact(rule, out)
        case All() | Any_():
            word = " and " if isinstance(rule, All) else " or "
            for i, member in enumerate(rule.of):
                if i:
                    out.append(("logic", word))
                _inside(member, out, bare=(Fact, Not, AtLeast))
        case Not():
            out.append(("logic", "not "))
            _inside(rule.of, out)
        case AtLeast():
            out.append(("logic", f"at least {rule.count} of "))
            _list(rule.of, out)
        case If():
            out.append(("logic", "if "))
            _inside(rule.condition, out, bare=(Fact, Not, AtLeast, All, Any_))
            out.append(("logic", " then "))
            _inside(rule.then, out)
        case Except():
            _inside(rule.base, out)
            out.append(("logic", " except "))
            if len(rule.exceptions) == 1:
                _inside(rule.exceptions[0], out)
            else:
                _list(rule.exceptions, out)


def _inside(rule: Rule, out: list[Segment], *, bare: tuple[type, ...] = (Fact,)) -> None:
    """A rule within another: as it is where its type is among `bare`, else in parentheses."""
    if isinstance(rule, bare):
        _rule(rule, out)
    else:
        _list((rule,), out)


def _list(rules: tuple[Rule, ...], out: list[Segment]) -> None:
    for i, rule in enumerate(rules):
        out.append(("logic", "; " if i else "("))
        _rule(rule, out)
    out.append(("logic", ")"))


def _fact(fact: Fact, out: list[Segment]) -> None:
    out += [("domain", fact.domain), ("plain", " "), ("concept", _concept(fact.concept))]
    if fact.modifiers:
        out.append(("modifier", f" ({'; '.join(map(_modifier, fact.modifiers))})"))
    if fact.experiencer == "other":
        out.append(("modifier", " of another person"))
    elif fact.experiencer != "patient":
        out.append(("modifier", f" of the {fact.experiencer}"))
    for comparison, lead in ((fact.value, " "), (fact.count, " count "), (fact.dose, " at a dose ")):
        if comparison is not None:
            out += [("plain", lead), ("value", _comparison(comparison))]
    if fact.time is not None:
        out += [("plain", " "), ("window", _window(fact.time, 1))]
    if fact.includes:
        out.append(("logic", ", for example "))
        _list(fact.includes, out)


def _concept(concept: Concept) -> str:
    text = _bracketed(concept.text)
    if concept.name == lexicon.fold(concept.text) and not concept.codes:
        return text
    parts = [_plain(concept.name)]
    for code in concept.codes:
        words = [code.system, code.code]
        version = "" if code.version is UNSET else f" version {_plain(code.version, _CODE)}"
        parts.append(" ".join(_plain(word, _CODE) for word in words) + version)
    return f"{text}{{{'; '.join(parts)}}}"


def _modifier(modifier: Modifier) -> str:
    text = modifier.text if _WORDS.fullmatch(modifier.text) else _bracketed(modifier.text)
    if modifier.value == modifier.text:
        return f"{modifier.type}: {text}"
    if isinstance(modifier.value, tuple):
        value = _braced(map(_plain, modifier.value))
    else:
        value = _plain(modifier.value)
    return f"{modifier.type}: {text} = {value}"


# ------------------------------------------------------------------ comparison

_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠"}
_EDGES = {True: "", False: " (exclusive)", UNSET: " (unstated)"}


def _comparison(comparison: Comparison) -> str:
    measure = "" if comparison.unit is None else f" {_unit(comparison.unit)}"
    if comparison.reference is not None:
        # "5 × ULN", but "80 % of predicted"
        link = "×" if comparison.unit is None else "of"
        measure += f" {link} {comparison.reference.replace('_', ' ')}"
    low, high = comparison.low_inclusive, comparison.high_inclusive
    if comparison.operator == "between":
        ends = f"{_operand(comparison.low)}{_EDGES[low]} and {_operand(comparison.high)}"
        return f"between {ends}{measure}{_EDGES[high]}"
    for end, flag in (("low", low), ("high", high)):
        if flag is not UNSET:
            measure += f" ({end} {'inclusive' if flag else 'exclusive'})"
    if comparison.operator == "in":
        return f"in {_braced(map(_operand, comparison.values or ()))}{measure}"
    return f"{_SIGNS.get(comparison.operator, comparison.operator)} {_operand(comparison.value)}{measure}"


def _operand(operand: object) -> str:
    if not isinstance(operand, str):
        return _number(operand)  # type: ignore[arg-type]
    return operand if _WORD.fullmatch(operand) else _quoted(operand)


def _unit(unit: Unit) -> str:
    if unit.text is None:
        return f"{{{_plain(unit.ucum, _UCUM)}}}"
    text = unit.text
    if not _UNIT.fullmatch(text):
        text = _quoted(text) if "`" in text else f"`{text}`"
    return text if unit.ucum == lexicon.unit(unit.text).ucum else f"{text}{{{_plain(unit.ucum, _UCUM)}}}"


# ------------------------------------------------------------------ window


def _window(window: Window, depth: int) -> str:
    _limit(depth)
    if window.any_of is not UNSET:
        return f"({' or '.join(_window(x, depth + 1) for x in window.any_of)})"
    parts = [_place(window.start or None, window.end or None)]
    if window.duration:
        parts.append(f"for {_comparison(window.duration)}")
    return " ".join(filter(None, parts)) or "at any time"


def _place(start: Bound | None, end: Bound | None) -> str:
    """Where a window lies: the short forms for the common windows, "from … to …" for all others."""
    if start is None or end is None:
        return f"from {_bound(start)} on" if start else f"until {_bound(end)}" if end else ""
    if start.inclusive and end.inclusive:
        first, last = _anchor(start.anchor), _anchor(end.anchor)
        if _bound(start) == _bound(end):
            return f"at {_bound(start)}"
        if first == last and start.offset and not end.offset and _is_before(start.offset, 1):
            return f"in {_stretch(start.offset, before=True)} before {first}"
        if first == last and end.offset and not start.offset and not _is_before(end.offset, 1):
            return f"in {_stretch(end.offset, before=False)} after {first}"
        whole = (start.anchor.event, end.anchor.event) == ("study_start", "study_end")
        if whole and start.anchor.text == end.anchor.text and not start.offset and not end.offset:
            return f"during the study{_text(start.anchor)}"
    return f"from {_bound(start)} to {_bound(end)}"


def _bound(bound: Bound) -> str:
    anchor, edge = _anchor(bound.anchor), "" if bound.inclusive else " (exclusive)"
    if bound.offset is None:
        return f"{anchor}{edge}"
    before = _is_before(bound.offset, 1)
    return f"{_distance(bound.offset, before=before)} {'before' if before else 'after'} {anchor}{edge}"


def _anchor(anchor: Anchor) -> str:
    return anchor.event.replace("_", " ") + _text(anchor)


def _text(anchor: Anchor) -> str:
    return "" if anchor.text is None else f" {_bracketed(anchor.text)}"


def _is_before(offset: Offset, depth: int) -> bool:
    """Whether every number of an offset is negative, so that it can be said without signs."""
    _limit(depth)
    if offset.value is not UNSET:
        return offset.value < 0
    return all(_is_before(x, depth + 1) for x in offset.longest_of or offset.shortest_of or ())


def _stretch(offset: Offset, *, before: bool) -> str:
    text = _distance(offset, before=before)
    return text if offset.value is UNSET else f"the {text}"


def _distance(offset: Offset, *, before: bool) -> str:
    if offset.value is not UNSET:
        text, silent = _number(-offset.value if before else offset.value), None
    else:
        word, several = (
            ("shortest", offset.shortest_of) if offset.longest_of is UNSET else ("longest", offset.longest_of)
        )
        distances = ", ".join(_distance(x, before=before) for x in several or ())
        text, silent = f"the {word} of ({distances})", UNSET
    if offset.unit is silent:
        return text
    return f"{text} {_unit(offset.unit) if isinstance(offset.unit, Unit) else '{}'}"


def _limit(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NestingError(f"windows or offsets nested deeper than {MAX_DEPTH} levels")


# ------------------------------------------------------------------ document

_HEADINGS: dict[Kind, str] = {
    "inclusion": "Inclusion Criteria",
    "exclusion": "Exclusion Criteria",
    "unspecified": "Criteria",
}
_LEADS = {
    "all": "all of the following:",
    "any": "any of the following:",
    "except": "except any of the following:",
    "then": "then all of the following:",
    None: "the following:",
}


def _document(document: Document, style: Style) -> Iterator[str]:
    model.limit_depth(document.criteria)
    kind: Kind | None = None
    group: str | None = None
    numbers: dict[Kind, int] = {}
    for criterion in document.criteria:
        if criterion.kind != kind:
            if kind is not None:
                yield ""
            kind, group = criterion.kind, None
            yield f"## {_HEADINGS[kind]}\n" if style == "markdown" else f"{_HEADINGS[kind]}:"
        if criterion.group != group:
            group = criterion.group
            title = "All groups" if group is None else " ".join(group.split())
            yield f"\n### {_escaped(title)}\n" if style == "markdown" else f"{title}:"
        numbers[kind] = numbers.get(kind, 0) + 1
        yield from _criterion(criterion, numbers[kind], "", document.text, style, group)


def _criterion(
    criterion: Criterion, number: int, indent: str, source: str, style: Style, group: str | None
) -> Iterator[str]:
    parts = []
    if criterion.group not in (None, group):
        parts.append(_escaped(f"{criterion.group}:") if style == "markdown" else f"{criterion.group}:")
    if criterion.rule is not None:
        text = _SPLIT.sub(" ", render(criterion.rule, style=style))
        # what counts for the children must not seem to count for the last part of the rule alone
        loose = criterion.children and not isinstance(criterion.rule, (Fact, Not, AtLeast))
        parts.append(f"({text})" if loose else text)
        if criterion.combine == "then":
            parts[-1] = f"if {parts[-1]}"
        if criterion.children:
            parts[-1] += "," if criterion.combine in ("except", "then") else ", and"
    if criterion.children:
        parts.append(_lead(criterion))
    if criterion.unparsed:
        pieces = (_quoted(" ".join(source[slice(*span)].split())) for span in criterion.unparsed)
        unread = f"not read: {', '.join(pieces)}"
        parts.append(f"— *{_escaped(unread)}*" if style == "markdown" else f"— {unread}" if parts else unread)
    mark = f"{number}. "
    yield f"{indent}{mark}{' '.join(parts) or 'nothing read'}"
    for i, child in enumerate(criterion.children, 1):
        yield from _criterion(child, i, indent + " " * len(mark), source, style, criterion.group)


def _lead(criterion: Criterion) -> str:
    if isinstance(criterion.combine, AtLeastChildren):
        return f"at least {criterion.combine.at_least} of the following:"
    return _LEADS[criterion.combine]


# ------------------------------------------------------------------ Markdown

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~&]")
_SPLIT = re.compile(r"\s*\n\s*")


def _marked(role: Role, text: str) -> str:
    """A segment in Markdown: a concept bold, without its brackets, name and codes."""
    if role != "concept":
        return _escaped(text)
    closing = dict(_PAIRS).get(text[0])
    inside = text[1 : text.index(closing, 1)] if closing else json.JSONDecoder().raw_decode(text)[0]
    return f"**{_escaped(inside.strip())}**" if inside.strip() else "…"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", _SPLIT.sub(" ", text))
