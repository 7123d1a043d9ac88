"""What can be corrected in a document, one small edit at a time.

In: a document and an edit. Out: the corrected document. Edits are records, so that a history of them can be stored:
`{"edit": "compare", "criterion": "inclusion.1", "path": "$", "field": "value", "comparison": {…}}`. A criterion is
named by its id and a rule in it by its path, both as they are before the edit.

>>> from protoparse import parse, render
>>> document = parse("Inclusion Criteria:\\n* Age 18 years or older")
>>> corrected = apply(document, Negate(criterion="inclusion.1", path="$"))
>>> render(corrected.criteria[0].rule)
'not person [Age] ≥ 18 years'
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.editing import dividing, outline
from protoparse.editing.paths import replaced
from protoparse.editing.spans import homed, hull, loose
from protoparse.errors import EditError
from protoparse.grammar import canonical
from protoparse.lexicon import fold
from protoparse.model import (
    All,
    Any_,
    Combine,
    Comparison,
    Concept,
    Criterion,
    Document,
    Domain,
    Except,
    Experiencer,
    Fact,
    If,
    Kind,
    Not,
    Record,
    Rule,
    Span,
    Window,
    all_of,
    any_of,
    facts,
    limit_depth,
    places,
    without_spans,
)

_Said = TypeVar("_Said", Comparison, Window)


class _Edit(Record, frozen=True, kw_only=True, tag_field="edit"):
    """What every edit names: the criterion."""

    criterion: str


class _Within(_Edit, frozen=True, kw_only=True, tag_field="edit"):
    """An edit of one rule of the criterion, the whole one by default."""

    path: str = "$"


class Compare(_Within, frozen=True, kw_only=True, tag="compare"):
    """A fact's value, count or dose, or how long it lasts, compared otherwise, or not at all."""

    field: Literal["value", "count", "dose", "duration"] = "value"
    comparison: Comparison | None


class SetTime(_Within, frozen=True, kw_only=True, tag="time"):
    """A fact in another window, or in none."""

    time: Window | None


class SetDomain(_Within, frozen=True, kw_only=True, tag="domain"):
    """A fact of another domain; the codes of the old one go."""

    domain: Domain


class SetExperiencer(_Within, frozen=True, kw_only=True, tag="experiencer"):
    """A fact of somebody else."""

    experiencer: Experiencer


class Name(_Within, frozen=True, kw_only=True, tag="name"):
    """A fact's concept at other words of the text, or under another name; its codes go with the old one."""

    span: Span | None = None
    name: str | None = None


class Negate(_Within, frozen=True, kw_only=True, tag="negate"):
    """The opposite: a rule is negated, a negated one is not any more."""


class Remove(_Within, frozen=True, kw_only=True, tag="remove"):
    """A rule taken away, with what cannot stand without it; its words are unread again."""


class Enclose(_Within, frozen=True, kw_only=True, tag="enclose"):
    """A member of an `all` or `any` made an exception to, or the condition of, the other members."""

    role: Literal["exception", "condition"]


class Reword(_Within, frozen=True, kw_only=True, tag="reword"):
    """A rule said anew in canonical English; facts that stay as they were keep their places and codes."""

    english: str


class AddFact(_Within, frozen=True, kw_only=True, tag="add"):
    """A fact of selected words, beside the rule at the path: both must hold, or one of them."""

    span: Span
    domain: Domain
    join: Literal["all", "any"] = "all"


class MoveItem(_Edit, frozen=True, kw_only=True, tag="move"):
    """An item moved inwards, below the one before it, or outwards, behind its parent."""

    to: Literal["in", "out"]


class Split(_Edit, frozen=True, kw_only=True, tag="split"):
    """An item made two, the second of which begins at a place of the text."""

    at: int


class Join(_Edit, frozen=True, kw_only=True, tag="join"):
    """An item made one with the one above it in reading order."""


class SetKind(_Edit, frozen=True, kw_only=True, tag="kind"):
    """An item of the top that includes or excludes."""

    kind: Kind


class SetCombine(_Edit, frozen=True, kw_only=True, tag="combine"):
    """How an item's children count."""

    combine: Combine


FactEdit: TypeAlias = Compare | SetTime | SetDomain | SetExperiencer | Name
RuleEdit: TypeAlias = FactEdit | Negate | Remove | Enclose | Reword | AddFact
Edit: TypeAlias = RuleEdit | MoveItem | Split | Join | SetKind | SetCombine


def apply(document: Document, edit: Edit) -> Document:
    """The document with an edit made.

    Raises `EditError` where the edit names what is not there, or would make what the format refuses.
    """
    try:
        criteria = _made(edit, document)
        limit_depth(criteria)
    except ValueError as error:
        raise EditError(str(error)) from None
    return replace(document, criteria=criteria)


def _made(edit: Edit, document: Document) -> outline.Criteria:
    """The criteria with an edit made."""
    match edit:
        case MoveItem(to="in"):
            return outline.inwards(document.criteria, edit.criterion)
        case MoveItem():
            return outline.outwards(document.criteria, edit.criterion, document.text)
        case Split():
            return dividing.split(document.criteria, edit.criterion, edit.at, document.text)
        case Join():
            return dividing.joined(document.criteria, edit.criterion, document.text)
        case SetKind():
            return outline.set_kind(document.criteria, edit.criterion, edit.kind)
        case SetCombine():
            return outline.set_combine(document.criteria, edit.criterion, edit.combine)
    criterion = outline.found(document.criteria, edit.criterion)
    rule = _ruled(edit, criterion, document.text)
    return outline.replaced(document.criteria, edit.criterion, lambda item: _with_rule(item, rule, document.text))


def _ruled(edit: RuleEdit, criterion: Criterion, text: str) -> Rule | None:
    """The rule of a criterion with an edit made; None where nothing of it is left."""
    if criterion.rule is None and edit.path == "$":
        match edit:
            case AddFact():
                return _fact(edit, criterion, text)
            case Reword():
                return homed(_said(edit.english), (), text, criterion.span)
    if criterion.rule is None:
        raise EditError(f"{criterion.id} has no rule")
    rule = criterion.rule
    match edit:
        case Negate():
            # what stands in a negation, and is to be its own opposite, comes out of it
            path = edit.path.removesuffix(".of")
            return replaced(rule, path, lambda x: x.of if isinstance(x, Not) else Not(of=x, span=x.span))
        case Remove():
            return replaced(rule, edit.path, lambda x: None)
        case Enclose():
            path, at = _member(edit.path)
            return replaced(rule, path, lambda x: _enclosed(x, at, edit))
        case Reword():
            said = _said(edit.english)
            return replaced(rule, edit.path, lambda x: homed(said, tuple(facts(x)), text, criterion.span))
        case AddFact():
            fact = _fact(edit, criterion, text)
            return replaced(rule, edit.path, lambda x: _joined(x, fact, edit.join))
        case _:
            return replaced(rule, edit.path, lambda x: _of_fact(edit, x, text))


# ------------------------------------------------------------------ facts


def _of_fact(edit: FactEdit, fact: Rule, text: str) -> Fact:
    if not isinstance(fact, Fact):
        raise EditError(f"{edit.criterion} {edit.path} is no fact")
    match edit:
        case Compare(field="duration"):
            return replace(fact, time=_lasting(fact.time or Window(), edit.comparison))
        case Compare():
            return replace(fact, **{edit.field: _placed(edit.comparison, getattr(fact, edit.field))})
        case SetTime():
            return replace(fact, time=_placed(edit.time, fact.time))
        case SetDomain():
            return replace(fact, domain=edit.domain, concept=replace(fact.concept, codes=()))
        case SetExperiencer():
            return replace(fact, experiencer=edit.experiencer)
        case Name():
            concept = fact.concept if edit.span is None else _concept(text, edit.span)
            if edit.name is not None:
                concept = replace(concept, name=edit.name.strip().lower() or None, codes=())
            return replace(fact, concept=concept, span=hull((fact.span, concept.span)))


def _placed(said: _Said | None, before: _Said | None) -> _Said | None:
    """A corrected comparison or window stands where the one before it did, unless it says where it was read."""
    if said is None or before is None or said.span is not None:
        return said
    return replace(said, span=before.span)


def _lasting(window: Window, duration: Comparison | None) -> Window | None:
    if isinstance(window.any_of, tuple):
        raise EditError("of several windows none is said to last: give the whole time")
    lasting = replace(window, duration=duration)
    return None if lasting.start is lasting.end is lasting.duration is None else lasting


def _fact(edit: AddFact, criterion: Criterion, text: str) -> Fact:
    concept = _concept(text, edit.span)
    start, end = concept.span or edit.span
    if not criterion.span[0] <= start < end <= criterion.span[1]:
        raise EditError(f"{concept.text!r} is not in {criterion.id}")
    return Fact(domain=edit.domain, concept=concept, span=concept.span)


def _concept(text: str, span: Span) -> Concept:
    """What selected words name, white space at their ends left out."""
    start, end = span
    selected = text[start:end] if 0 <= start < end <= len(text) else ""
    words = selected.strip()
    if not words:
        raise EditError(f"no words are at {start} to {end}")
    start += len(selected) - len(selected.lstrip())
    return Concept(text=words, span=(start, start + len(words)), name=fold(words))


# ------------------------------------------------------------------ rules


def _joined(rule: Rule, fact: Fact, join: Literal["all", "any"]) -> Rule:
    both = sorted((rule, fact), key=lambda x: x.span or (0, 0))
    return (all_of if join == "all" else any_of)(both, hull((rule.span, fact.span)))


def _member(path: str) -> tuple[str, int]:
    """The path of the rule whose member a path leads to, and the member's number."""
    if (match := re.fullmatch(r"(\$.*)\.of\[(\d{1,4})\]", path)) is None:
        raise EditError(f"{path} is no member of an all or any")
    return match[1], int(match[2])


def _enclosed(rule: Rule, at: int, edit: Enclose) -> Rule:
    if not isinstance(rule, All | Any_) or at >= len(rule.of):
        raise EditError(f"{edit.path} is no member of an all or any")
    join = all_of if isinstance(rule, All) else any_of
    base = join([member for n, member in enumerate(rule.of) if n != at], rule.span)
    if edit.role == "exception":
        return Except(base=base, exceptions=(rule.of[at],), span=rule.span)
    return If(condition=rule.of[at], then=base, span=rule.span)


def _said(english: str) -> Rule:
    """The rule that canonical English says, without places."""
    if (rule := canonical.read(english.strip())) is None:
        raise EditError("this is not canonical English: " + english.strip()[:80])
    return without_spans(rule)


# ------------------------------------------------------------------ what is unread


def _with_rule(criterion: Criterion, rule: Rule | None, text: str) -> Criterion:
    """A criterion with another rule: what this reads is unread no more, what only the old one read is unread again."""
    unread = words = dividing.own(criterion, text)
    if rule is not None:
        heard = None if criterion.rule is None else criterion.rule.span
        unread = loose(rule, [*criterion.unparsed, *places(criterion.rule)], heard, words, text)
    return replace(criterion, rule=rule, unparsed=tuple(unread), confidence=UNSET)
