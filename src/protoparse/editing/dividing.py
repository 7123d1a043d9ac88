"""An item made two, and an item made one with the one above it: words, children and rules go where they stand.

In: the criteria, an id and the text. Out: the criteria, numbered anew. What of a rule stands in neither half, or has no
rule to stand in, is unread again.

>>> from protoparse import parse
>>> text = "Exclusion Criteria:\\n* Gout or stroke"
>>> halves = split(parse(text).criteria, "exclusion.1", text.index("stroke"), text)
>>> [(item.id, text[slice(*item.span)], item.rule.concept.text) for item in halves]
[('exclusion.1', '* Gout or', 'Gout'), ('exclusion.2', 'stroke', 'stroke')]
>>> [(item.id, text[slice(*item.span)]) for item in joined(halves, "exclusion.2", text)]
[('exclusion.1', '* Gout or stroke')]
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from protoparse.editing.outline import Criteria, among, found, numbered, of_kind, usual
from protoparse.editing.paths import rebuilt
from protoparse.editing.spans import clipped, hull, loose, spoken, without
from protoparse.errors import EditError
from protoparse.model import (
    Combine,
    Criterion,
    Except,
    Fact,
    If,
    Rule,
    Span,
    all_of,
    any_of,
    members,
    places,
    unguarded,
)
from protoparse.outline.marks import leading


def own(criterion: Criterion, text: str) -> list[Span]:
    """A criterion's own words: neither its bullet and label nor its children."""
    end = criterion.span[1]
    return without([(opening(criterion, text), end)], [child.span for child in criterion.children], text)


def opening(criterion: Criterion, text: str) -> int:
    """Where a criterion's words begin, behind its label, which may itself stand behind a bullet ("* (1)")."""
    start, end = criterion.span
    for mark in leading(text, start, end):
        if criterion.label is not None and text[mark.start : mark.end] == criterion.label:
            return mark.end
    return start + len(criterion.label) if criterion.label and text.startswith(criterion.label, start) else start


# ------------------------------------------------------------------ one made two


def split(criteria: Criteria, name: str, at: int, text: str) -> Criteria:
    """An item as two siblings, the second of which begins at a place of the text.

    Raises `EditError` where the place is not among the item's own words, or leaves one of the two without any.
    """

    def change(siblings: Criteria, n: int) -> Criteria:
        item = siblings[n]
        start, end = item.span
        if not start < at < end:
            raise EditError(f"{at} is not in {name}")
        for child in item.children:
            if child.span[0] < at < child.span[1]:
                raise EditError(f"{at} is in {child.id}: split that")
        begins = at + len(text[at:end]) - len(text[at:end].lstrip())
        first = _half(item, (start, start + len(text[start:at].rstrip())), text, first=True)
        second = _half(item, (begins, end), text, first=False)
        return (*siblings[:n], first, second, *siblings[n + 1 :])

    return numbered(among(criteria, name, change))


def _half(item: Criterion, span: Span, text: str, *, first: bool) -> Criterion:
    """What of an item stands in one half of it."""
    children = tuple(child for child in item.children if _inside(child.span, span))
    marks = [] if first else leading(text, *span)
    label = item.label if first else text[marks[-1].start : marks[-1].end] if marks else None
    half = replace(
        item, label=label, span=span, children=children, combine=item.combine if children else None, confidence=UNSET
    )
    words = own(half, text)
    if not any(spoken(text, *stretch) for stretch in words):
        raise EditError(f"no words of {item.id} are {'before' if first else 'behind'} that place")
    kept = None if item.rule is None else _kept(item.rule, span, first=first)
    if kept is None or item.rule is None:
        # where there is no rule beside children, the words only lead in to them, unless they were unread before
        unread = words if item.rule is not None or not children else clipped(item.unparsed, span)
        return replace(half, rule=None, unparsed=tuple(unread))
    rule = _placed(kept, span)
    # with children gone, the words that led in to them say nothing any more
    heard = item.span if item.children and not children else item.rule.span
    unread = loose(rule, [*item.unparsed, *places(item.rule)], heard, words, text)
    return replace(half, rule=rule, unparsed=tuple(unread))


def _inside(span: Span, outer: Span) -> bool:
    return outer[0] <= span[0] <= span[1] <= outer[1]


def _kept(rule: Rule, half: Span, *, first: bool) -> Rule | None:
    """What of a rule stands in a half: facts by their concepts, with what conditions or excepts them."""
    match rule:
        case Fact():
            includes = tuple(x for x in (_kept(x, half, first=first) for x in rule.includes) if x is not None)
            home = rule.concept.span or rule.span
            if first if home is None else _inside(home, half):
                return replace(rule, includes=includes)
            return any_of(includes, hull(x.span for x in includes)) if includes else None
        case If():
            then = _kept(rule.then, half, first=first)
            return None if then is None else replace(rule, then=then)
        case Except():
            base = _kept(rule.base, half, first=first)
            return None if base is None else replace(rule, base=base)
        case _:
            return rebuilt(rule, [_kept(member, half, first=first) for member in members(rule)])


def _placed(value: Any, half: Span) -> Any:
    """A record that points nowhere outside a half: what was read there stays, without its place."""
    if isinstance(value, tuple):
        return tuple([_placed(x, half) for x in value])
    if not isinstance(value, Struct):
        return value
    made = replace(value, **{name: _placed(getattr(value, name), half) for name in value.__struct_fields__})
    span: Span | None = getattr(value, "span", None)
    if span is None or _inside(span, half):
        return made
    if isinstance(made, Fact):
        return replace(made, span=hull(places(made)))
    return replace(made, span=next(iter(clipped([span], half)), None) if isinstance(made, Rule) else None)


# ------------------------------------------------------------------ two made one


def joined(criteria: Criteria, name: str, text: str) -> Criteria:
    """An item made one with the one above it: its sibling, the last of those below its sibling, or its parent.

    Raises `EditError` where none is above it, where other words stand between the two, where they are for other people,
    and where both have children that count otherwise.
    """
    parent, _, number = name.rpartition(".")
    nested = "." in parent
    if number == "1" and nested:

        def with_parent(siblings: Criteria, n: int) -> Criteria:
            item, *later = siblings[n].children
            return (*siblings[:n], _one(siblings[n], item, "all", text, later=tuple(later)), *siblings[n + 1 :])

        return numbered(among(criteria, parent, with_parent))

    def change(siblings: Criteria, n: int) -> Criteria:
        if not n:
            raise EditError(f"no item stands above {name}")
        counts = found(criteria, parent).combine if nested else usual(siblings[n - 1].kind)
        return (*siblings[: n - 1], _with_last(siblings[n - 1], siblings[n], counts, text), *siblings[n + 1 :])

    return numbered(among(criteria, name, change))


def _with_last(above: Criterion, item: Criterion, counts: Combine | None, text: str) -> Criterion:
    """An item and all below it, with another made one with the last of them."""
    if not above.children:
        return _one(above, item, counts, text)
    last = _with_last(above.children[-1], item, above.combine, text)
    return replace(above, children=(*above.children[:-1], last), span=(above.span[0], item.span[1]))


def _one(above: Criterion, item: Criterion, counts: Combine | None, text: str, *, later: Criteria = ()) -> Criterion:
    """Two items as one, in the place of the first; `later` are children that it has besides those of the second."""
    between = text[above.span[1] : item.span[0]]
    if spoken(between):
        raise EditError(f"{' '.join(between.split())[:60]!r} stands between {above.id} and {item.id}")
    if above.group != item.group:
        raise EditError(f"{above.id} and {item.id} are for other people: {above.group or 'all'}, {item.group or 'all'}")
    if later and item.children and above.combine != item.combine:
        raise EditError(f"{above.id} and {item.id} count their children otherwise")
    children = (*of_kind(item, above.kind).children, *later)
    either = counts in ("any", "except")
    rules = [rule for rule in (above.rule, item.rule) if rule is not None]
    if either:
        rules = [unguarded(rule) for rule in rules]
    rule = (any_of if either else all_of)(rules, hull(rule.span for rule in rules)) if rules else None
    label = (item.span[0], opening(item, text))
    unread = [*above.unparsed, *([label] if spoken(text, *label) else []), *item.unparsed]
    return replace(
        above,
        span=(above.span[0], max(above.span[1], item.span[1])),
        rule=rule,
        children=children,
        combine=(above.combine if later else item.combine) if children else None,
        unparsed=tuple(without(unread, [], text)),
        confidence=UNSET,
    )
