"""Eligibility text as an outline: headings, items and their nesting, with offsets.

In: an eligibility section, as a registry prints it. Out: an `Outline`; every character of the text that is no white
space lies in the span of an item, of a heading or of a preamble.

>>> text = "Inclusion Criteria:\\n\\n1. Any of the following:\\n   a) asthma\\n   b) COPD\\n2. Age > 40"
>>> [(item.label, item.kind, item.combine, len(item.children)) for item in outline(text).items]
[('1.', 'inclusion', 'any', 2), ('2.', 'inclusion', None, 0)]

The way of the data: `blocks` (lines, however wrapped, with their `marks`) → `nesting` (the tree, with its `headings`
and `cohorts`) → `leads` (how children count) → `joining` (neighbours with "or" between them).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from msgspec import Struct

from protoparse.model import Combine, Kind, Note, Span
from protoparse.outline.blocks import blocks
from protoparse.outline.joining import joined, link
from protoparse.outline.leads import combine, denies, lead
from protoparse.outline.nesting import Tree, grow
from protoparse.outline.placing import Node


class Item(Struct, frozen=True, gc=False):
    """One criterion of the outline."""

    kind: Kind
    group: str | None
    """The heading or inline prefix of the cohort, part or arm that alone the item is for."""
    label: str | None
    """The bullet or number as printed."""
    span: Span
    """The whole item with its mark and its children."""
    body: tuple[Span, ...]
    """Its own text without mark, group prefix, children and comments."""
    lead: Span | None
    """The words of its body that only introduce the children."""
    combine: Combine | None
    """How the children count; None without children."""
    children: tuple[Item, ...]
    denied: bool = False
    """Whether the lead-in denies each of the children ("none of the following:")."""

    def pieces(self) -> Sequence[Span]:
        """Its own text without the words that only introduce its children."""
        if self.lead is None:
            return self.body
        out = []
        low, high = self.lead
        for start, end in self.body:
            if high <= start or end <= low:
                out.append((start, end))
                continue
            if start < low:
                out.append((start, low))
            if high < end:
                out.append((high, end))
        return out

    def read(self) -> Sequence[Span]:
        """What of its own text is read: its pieces, then the lead-in, for the time that it may name."""
        return [*self.pieces(), self.lead] if self.lead and self.children else self.pieces()


class Outline(Struct, frozen=True, gc=False):
    """The items of a text, and the spans that are none."""

    items: tuple[Item, ...]
    headings: tuple[Span, ...]
    preambles: tuple[Span, ...]
    notes: tuple[Note, ...]

    def within(self) -> list[Item]:
        """All items, each before those below it."""
        found: list[Item] = []
        _collect(self.items, found)
        return found


def _collect(items: Iterable[Item], found: list[Item]) -> None:
    for item in items:
        found.append(item)
        if item.children:
            _collect(item.children, found)


def outline(text: str) -> Outline:
    """Read the outline of an eligibility text; raises `NestingError` beyond `MAX_DEPTH` levels."""
    low = text.lower()
    if len(low) != len(text):  # a few capitals lower to two characters
        low = "".join(c if len(c.lower()) > 1 else c.lower() for c in text)
    tree = grow(text, low, blocks(text, low))
    return Outline(
        items=_roots(text, tree),
        headings=tuple(tree.headings),
        preambles=tuple(tree.preambles),
        notes=tuple(tree.notes),
    )


def _item(text: str, node: Node) -> Item:
    if not node.children:
        return Item(node.kind, node.group, node.label, (node.start, node.end), tuple(node.pieces), None, None, ())
    children = tuple([_item(text, child) for child in node.children])
    before = [piece for piece in node.pieces if piece[1] <= children[0].span[0]]
    start, end = before[-1] if before else (node.start, node.start)
    own, places = _folded(text, start, end)
    found = (0, len(own)) if node.bare and own else lead(own)
    counts = combine(own, node.kind, [_words(text, child) for child in node.children])
    if counts == "then" and node.group is not None and own.strip(" *_:：") == node.group:
        counts = "all"  # the group says whom it is asked of
    if not node.pieces and (joined := _alike(_links(text, children))):
        counts = joined
    return Item(
        kind=node.kind,
        group=node.group,
        label=node.label,
        span=(node.start, max([node.end, *(child.span[1] for child in children)])),
        body=tuple(node.pieces),
        lead=(places[found[0]], places[found[1] - 1] + 1) if found else None,
        combine=counts,
        children=_joined(text, children, counts),
        denied=bool(found) and denies(own, node.kind) is not None,
    )


def _roots(text: str, tree: Tree) -> tuple[Item, ...]:
    """The outermost items, those below one heading as a list."""
    sections = sorted(start for start, _ in tree.headings)
    made: list[Item] = []
    for _, run in groupby(tree.roots, lambda node: (node.kind, node.group, bisect(sections, node.start))):
        items = [_item(text, node) for node in run]
        made += _joined(text, items, "any" if items[0].kind == "exclusion" else "all")
    return tuple(made)


def _joined(text: str, items: Sequence[Item], counts: Combine) -> tuple[Item, ...]:
    """A list with the neighbours that a connective joins against how the others count below an item of their own."""

    def group(members: Sequence[Item], counts: Combine) -> Item:
        first, last = members[0], members[-1]
        span = (first.span[0], last.span[1])
        return Item(first.kind, first.group, None, span, (), None, counts, tuple(members))

    links = _links(text, items)
    if not any(links):
        return tuple(items)
    if counts == "then" and links[-1:] == ["any"] and not any(links[:-1]):  # "a; b; or c": all of the list
        links = ["any" for _ in links]
    return joined(items, links, counts, group)


def _alike(links: list[Combine | None]) -> Combine | None:
    """What joins all the items of a list, None where it is not the same throughout."""
    return links[0] if links and len(set(links)) == 1 else None


def _links(text: str, items: Sequence[Item]) -> list[Combine | None]:
    """What joins each item to the next; most often nothing, which is seen at a glance."""
    links: list[Combine | None] = []
    for first, second in pairwise(items):
        end = first.span[1]
        start = second.body[0][0] if second.body else second.span[0]
        near = text[end - 1] in "rdRD" or text[end - 2] in "rdRD" or text[start] in "oOA"
        links.append(link(text[max(0, end - 12) : end], text[start : start + 12]) if near else None)
    return links


def _words(text: str, node: Node) -> str:
    """What an item says itself, with the connective that may end it."""
    start = node.pieces[0][0] if node.pieces else node.start
    own = text[start : node.children[0].start if node.children else node.end]
    return " ".join(own.split()) if "\n" in own else own.rstrip()


def _folded(text: str, start: int, end: int) -> tuple[str, list[int] | range]:
    """A piece with its white space folded, and where each character of that stands in the text."""
    own = text[start:end]
    folded = " ".join(own.split())
    if folded == own:
        return own, range(start, end)
    places: list[int] = []
    for place in range(start, end):
        if not text[place].isspace() or (places and not text[place - 1].isspace()):
            places.append(place)
    return folded, places[: len(folded)]
