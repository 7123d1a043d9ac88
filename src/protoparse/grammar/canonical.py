"""The reader of canonical English: the text that `render` writes, back to its rule.

In: a text. Out: the rule with every span set into that text, or None where the text is anything else.

>>> rule = read("measurement [AST] ≤ 5 × ULN")
>>> rule.concept, rule.value.reference
(Concept(text='AST', span=(13, 16), name='ast', codes=()), 'ULN')
>>> read("AST ≤ 5 × ULN") is None
True

The language is described by `grammars/canonical.lark`; the methods here follow it rule by rule.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, TypeAlias, get_args

from lark import Lark, Token, Tree
from lark.exceptions import LarkError
from msgspec import UNSET, UnsetType

from protoparse import lexicon, model
from protoparse.errors import NestingError
from protoparse.grammar.files import grammar_text
from protoparse.model import (
    MAX_DEPTH,
    Anchor,
    AtLeast,
    Bound,
    Code,
    Comparison,
    Concept,
    Except,
    Fact,
    If,
    Modifier,
    Not,
    Number,
    Offset,
    Rule,
    Span,
    Unit,
    Window,
)

Node: TypeAlias = Any
"""A tree or a token of lark: which of them stands where is said by the grammar, not by lark's types."""

_START = re.compile(
    rf"(?:[(\s]|not\b|if\b|at\s+least\s+-?\d+\s+of\b)*+(?:{'|'.join(get_args(model.Domain))})\s*+[\[«⟦\"]"
)
_OPERATORS: dict[str, model.Operator] = {"≤": "<=", "≥": ">=", "≠": "!=", "<": "<", ">": ">", "=": "="}


def read(text: str) -> Rule | None:
    """The rule that a canonical text says, its spans set into `text`; None where the text is not canonical English."""
    if _START.match(text) is None:
        return None
    try:
        return _Reader(text).rule(_parser().parse(text).children[0], 1)
    # a ValueError is a record that the model refuses, or a quoted text that is no JSON string
    except (LarkError, ValueError, NestingError):
        return None


@cache
def _parser() -> Lark:
    return Lark(grammar_text("canonical"), parser="lalr", propagate_positions=True, maybe_placeholders=False)


class _Reader:
    """Makes records of a parse tree; holds the text for what stands in it verbatim."""

    def __init__(self, text: str) -> None:
        self.text = text

    # -------------------------------------------------------------- logic

    def rule(self, node: Node, depth: int) -> Rule:
        _limit(depth)
        span = _span(node)
        if node.data == "fact":
            return self.fact(node, depth)
        if node.data == "at_least":
            count, members = node.children
            return AtLeast(count=int(count), of=self.rules(members, depth), span=span)
        if node.data == "unless":
            base, behind = node.children
            exceptions = self.rules(behind, depth) if behind.data == "list" else (self.rule(behind, depth + 1),)
            return Except(base=self.rule(base, depth + 1), exceptions=exceptions, span=span)
        parts = self.rules(node, depth)
        if node.data == "negation":
            return Not(of=parts[0], span=span)
        if node.data == "if_then":
            return If(condition=parts[0], then=parts[1], span=span)
        return (model.all_of if node.data == "all" else model.any_of)(parts, span)

    def rules(self, node: Node, depth: int) -> tuple[Rule, ...]:
        return tuple(self.rule(child, depth + 1) for child in node.children)

    # -------------------------------------------------------------- fact

    def fact(self, node: Node, depth: int) -> Fact:
        domain, *parts = node.children
        fields: dict[str, Any] = {}
        for part in parts:
            kind = str(part.data)
            if kind == "concept":
                fields[kind] = self.concept(part)
            elif kind == "modifiers":
                fields[kind] = tuple(self.modifier(child) for child in part.children)
            elif kind == "experiencer":
                fields[kind] = str(part.children[0]) if part.children else "other"
            elif kind == "includes":
                fields[kind] = self.rules(part, depth)
            elif kind in ("value", "count", "dose"):
                fields[kind] = self.comparison(part.children[0])
            else:
                fields["time"] = self.window(part, 1)
        return Fact(domain=str(domain), span=_span(node), **fields)  # type: ignore[arg-type]

    def concept(self, node: Node) -> Concept:
        phrase, *rest = node.children
        text, span = _phrase(phrase)
        name = _word(rest[0].children[0]) if rest else lexicon.fold(text)
        return Concept(text=text, span=span, name=name, codes=tuple(self.code(child) for child in rest[1:]))

    def code(self, node: Node) -> Code:
        system, code, *version = (_string(token) for token in node.children)
        return Code(system=system, code=code, version=version[0] if version else UNSET)

    def modifier(self, node: Node) -> Modifier:
        kind, phrase, *behind = node.children
        text, span = _phrase(phrase)
        value: str | tuple[str, ...] | None = text
        if behind and behind[0].data == "modifier_value":
            value = _word(behind[0].children[0])
        elif behind:
            value = tuple(_string(child.children[0]) for child in behind[0].children)
        return Modifier(type=str(kind)[:-1], text=text, span=span, value=value)  # type: ignore[arg-type]

    # -------------------------------------------------------------- comparison

    def comparison(self, node: Node) -> Comparison:
        fields: dict[str, Any] = {"operator": "in" if node.data == "among" else "between"}
        operands: list[Number | str] = []
        for part in node.children:
            if isinstance(part, Token):
                if part.type == "OPERATOR":
                    fields["operator"] = _OPERATORS[part]
                else:
                    end, flag = part[1:-1].split()
                    fields[f"{end}_inclusive"] = flag == "inclusive"
            elif part.data == "operand":
                operands.append(_operand(part.children[0]))
            elif part.data == "unit":
                fields["unit"] = self.unit(part)
            elif part.data == "reference":
                fields["reference"] = "_".join(part.children)
            else:
                end = "low" if len(operands) == 1 else "high"
                fields[f"{end}_inclusive"] = False if part.data == "exclusive" else UNSET
        if fields["operator"] == "in":
            return Comparison(values=tuple(operands), span=_span(node), **fields)
        if fields["operator"] == "between":
            low, high = operands
            return Comparison(
                low=low, high=high, span=_span(node), **({"low_inclusive": True, "high_inclusive": True} | fields)
            )
        return Comparison(value=operands[0], span=_span(node), **fields)

    def unit(self, node: Node) -> Unit:
        text, fields = None, {}
        for part in node.children:
            token = part.children[0]
            if part.data == "ucum":
                fields["ucum"] = _word(token)
            elif token.type == "BACKQUOTED":
                text = str(token[1:-1])
            elif token.type == "QUOTED":
                text = _string(token)
            else:
                text = self.text[slice(*_span(part))]
        return Unit(text=text, ucum=fields["ucum"] if fields else lexicon.unit(text or "").ucum)

    # -------------------------------------------------------------- window

    def window(self, node: Node, depth: int) -> Window:
        _limit(depth)
        if node.data == "windows":
            return Window(any_of=tuple(self.window(child, depth + 1) for child in node.children), span=_span(node))
        start = end = duration = None
        for part in node.children:
            if part.data == "duration":
                duration = self.comparison(part.children[0])
            else:
                start, end = self.place(part)
        return Window(start=start, end=end, duration=duration, span=_span(node))

    def place(self, node: Node) -> tuple[Bound | None, Bound | None]:
        parts = node.children
        if node.data == "at":
            bound = self.bound(node)
            return bound, bound
        if node.data == "stretch":
            here, there = Bound(anchor=self.anchor(parts[2])), self.bound(node)
            return (there, here) if parts[1].type == "BEFORE" else (here, there)
        if node.data == "study":
            text, span = _phrase(parts[0]) if parts else (None, _span(node))
            return (
                Bound(anchor=Anchor(event="study_start", text=text, span=span)),
                Bound(anchor=Anchor(event="study_end", text=text, span=span)),
            )
        bounds = [self.bound(part) for part in parts]
        if node.data == "from_to":
            return bounds[0], bounds[1]
        if node.data == "from_on":
            return bounds[0], None
        return None, bounds[0] if bounds else None

    def bound(self, node: Node) -> Bound:
        """A bound from a point: an anchor, or distance, direction and anchor; an edge may follow."""
        parts = node.children[0].children if _is(node.children[0], "shifted") else node.children
        offset = None
        if not _is(parts[0], "anchor"):
            distance, direction, *parts = parts
            offset = self.distance(distance, -1 if direction.type == "BEFORE" else 1, 1)
        inclusive = not _is(node.children[-1], "exclusive")
        return Bound(anchor=self.anchor(parts[0]), offset=offset, inclusive=inclusive)

    def anchor(self, node: Node) -> Anchor:
        event, *phrase = node.children
        text, span = _phrase(phrase[0]) if phrase else (None, _span(node))
        return Anchor(event=event.replace(" ", "_"), text=text, span=span)

    def distance(self, node: Node, sign: int, depth: int) -> Offset:
        _limit(depth)
        head, *parts = node.children
        unit: Unit | UnsetType | None = None if node.data == "quantity" else UNSET
        if parts and parts[-1].data in ("unit", "blank"):
            last = parts.pop()
            unit = self.unit(last) if last.data == "unit" else UNSET if unit is None else None
        if node.data == "quantity":
            return Offset(value=sign * _number(head), unit=unit)
        several = tuple(self.distance(part, sign, depth + 1) for part in parts)
        return Offset(longest_of=several, unit=unit) if head == "longest" else Offset(shortest_of=several, unit=unit)


def _limit(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NestingError(f"nested deeper than {MAX_DEPTH} levels")


def _span(node: Node) -> Span:
    return node.meta.start_pos, node.meta.end_pos


def _is(node: Node | Token, rule: str) -> bool:
    return isinstance(node, Tree) and node.data == rule


def _phrase(node: Node) -> tuple[str, Span]:
    """A phrase and the place inside its delimiters."""
    token = node.children[0]
    if token.type == "WORDS":
        return str(token), _span(node)
    text = _string(token) if token.type == "QUOTED" else str(token[1:-1])
    return text, (token.start_pos + 1, token.end_pos - 1)


def _word(token: Token) -> str | None:
    return None if token.type == "NOTHING" else _string(token)


def _string(token: Token) -> str:
    return json.loads(token, strict=False) if token.type == "QUOTED" else str(token)


def _operand(token: Token) -> Number | str:
    return _number(token) if token.type == "NUMBER" else _string(token)


def _number(token: Token) -> Number:
    return int(token) if token.lstrip("-").isdigit() else float(token)
