"""Where an item lies: which of the open items it is a child, a sibling or a continuation of.

In: a block and the stack of open `Node`s. Out: a depth in the stack, or the node that a paragraph goes on with.

Four witnesses, the stronger first: a number that follows an open list's last one returns to that list, wherever it is
indented; honest indentation; a lead-in that announces a list; the rank of the mark (1., a., i.). Registries flatten and
restart lists, so none of them is believed alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from protoparse.model import Kind, Note, Span
from protoparse.outline.blocks import Block
from protoparse.outline.marks import Reading, inline

_UNFINISHED = re.compile(r"(?:[,(/&]|\b(?:and|or|of|the|with|to|in|by|for|an?|than|from))$", re.I)
_JOINS = re.compile(r"\b(?:or|and)$", re.I)
_LOOK = 60
"""How many blocks ahead the return of a numbering is looked for."""


class Node(Struct, gc=False):
    """An item in the making."""

    kind: Kind
    group: str | None
    start: int
    end: int
    label: str | None
    style: str
    ordinal: int
    indent: int
    announces: bool
    pieces: list[Span]
    inline: bool = False
    joins: bool = False
    """Whether it leads over to the next item by a connective."""
    bare: bool = False
    """Whether it only names a cohort."""
    flat: bool = False
    """Whether its lead-in owns it by punctuation alone: same bullet, same indent."""
    closed: bool = False
    """Whether a paragraph of the item around it stands below it: its own list would stand above that."""
    children: Sequence[Node] = ()

    def hold(self, child: Node) -> None:
        """Have one more child."""
        if not isinstance(self.children, list):
            self.children = []
        self.children.append(child)


class Place:
    """The open items of a text, outermost first, and the block `at` which the reading stands."""

    def __init__(self, text: str, low: str, blocks: list[Block], roots: list[Node], notes: list[Note]) -> None:
        self.text, self.low, self.blocks, self.roots, self.notes = text, low, blocks, roots, notes
        self.stack: list[Node] = []
        self.at = 0

    def continued(self, block: Block, own: str) -> Node | None:
        """The open item that an unmarked paragraph goes on with."""
        if not self.stack or block.inline:
            return None
        top = self.stack[-1]
        if top.announces and not top.children and (self._awaits(top) or self._owns_plain(top, block)):
            return None
        for node in reversed(self.stack):
            if node.style and block.indent > node.indent + 1:
                begins = node is top and top.announces and not top.children and own[0].isupper()
                return None if begins else node
        if own[0].islower() and (top.style or block.gap):
            return top if top.style or not self._one_case(top) else None
        if _UNFINISHED.search(self.text, max(top.start, top.end - 12), top.end):
            return top
        return None

    def _one_case(self, node: Node) -> bool:
        return self.text[node.pieces[0][0] if node.pieces else node.start].islower()

    def close(self, home: Node) -> None:
        """Close the open items inside the one that a paragraph went on with."""
        for node in reversed(self.stack):
            if node is home:
                return
            node.closed = True

    def plain_depth(self, block: Block) -> int:
        """How deep an unmarked item lies: below a lead-in that stands further left, else at the root."""
        if self.stack:
            top = self.stack[-1]
            if top.announces and (block.indent > top.indent + 1 or self._awaits(top) or self._owns_plain(top, block)):
                return len(self.stack)
            if top.flat and not top.style and self._ends_flat(top, self.stack[-2], block):
                return len(self.stack) - 2
            for depth in range(len(self.stack) - 1, 0, -1):
                node = self.stack[depth]
                if not node.style and abs(node.indent - block.indent) <= 1 and not block.inline:
                    return depth
        return 0

    def _owns_plain(self, top: Node, block: Block) -> bool:
        """Whether an unmarked lead-in goes on in the unmarked paragraph below it."""
        return (
            not top.style
            and not top.children
            and not block.inline
            and abs(block.indent - top.indent) <= 1
            and self.text[top.end - 1] in ":："
            and self._begins_flat(top, block)
        )

    def _awaits(self, top: Node) -> bool:
        """Whether the list of a marked lead-in goes on behind the unmarked paragraphs that begin here."""
        if not top.style or self.text[top.start : top.end].rstrip()[-1:] not in (":", "："):
            return False
        for block in self.blocks[self.at + 1 : self.at + 12]:
            wanted = top.ordinal + 1 if top.ordinal else 0
            if block.marks:
                level = abs(block.indent - top.indent) <= 1 or (not wanted and block.indent < top.indent)
                readings = block.marks[-1].readings
                return level and ((top.style, wanted) in readings or wanted == readings[0][1] == 0)
            if wanted and block.runs_on and self._follows(block, (top.style, wanted)):
                return True
            if self.low.find("clusion", block.start, min(block.end, block.start + 60)) >= 0:
                break
        return True

    def _follows(self, block: Block, reading: Reading) -> bool:
        """Whether a number stands inside a block."""
        return any(reading in mark.readings for mark in inline(self.text, block.body, block.end))

    def depth(self, block: Block) -> tuple[int, Reading]:
        """How deep a marked item lies, and which reading of its mark is meant."""
        readings = block.marks[-1].readings
        stack = self.stack
        if stack and not readings[0][1]:
            top = stack[-1]
            like = top.style == readings[0][0] and top.indent == block.indent and top.inline <= block.inline
            if like and not top.announces and not top.flat:
                return len(stack) - 1, readings[0]  # the commonest of all: a bullet below its like
        if readings[0][1]:
            back = self._successor(block)
            if back is not None:
                return back
        reading = readings[0]
        if len(readings) > 1:
            reading = next((r for r in readings if r[1] == 1), readings[-1] if reading[1] > 3 else reading)
        style, ordinal = reading
        depth = len(stack)
        promised = ordinal == 1 and depth and stack[-1].announces and not stack[-1].children and stack[-1].style
        if not block.inline and not promised:
            while depth and block.indent < stack[depth - 1].indent - 1:
                depth -= 1
        if not depth:
            return 0, reading
        top = stack[depth - 1]
        whole = depth == len(stack)
        if block.indent > top.indent + 1 and not block.inline:
            if top.style or top.announces:
                return depth, reading
            return depth - 1, reading
        owns = top.announces and whole
        same = self._same_list(depth, style, block)
        if not ordinal:
            if same is None and style == "o" and block.inline and top.style:
                return depth, reading  # the sign of inner lists
            if block.inline and owns and top.style == style:
                return depth, reading  # "… by the following: *WBC > 2,400; *Platelets > 75,000"
            if same is None or (same < depth - 1 and owns):
                inner = owns or (not top.closed and self._returns(top))
                return (depth if inner else depth - 1), reading
            if same == depth - 1:
                if owns and self._begins_flat(top, block):
                    return depth, reading
                if top.flat and self._ends_flat(top, stack[depth - 2], block):
                    return depth - 2, reading
            return same, reading
        lazy = same == depth - 1 and top.ordinal == 1 and not block.inline and not self._second_follows(style)
        if ordinal == 1 and not lazy and (owns or self._returns(top)):
            if same is not None:
                self._restarts(block)
            return depth, reading
        if same is not None:
            if ordinal == 1:
                self._restarts(block)
            return same, reading
        if ordinal > 1 and owns and not top.style and self.text[top.end - 1] in ":：":
            return depth, reading  # "…, or one of the following:", then a list that begins in its middle
        if ordinal > 1 and depth > 1 and not owns:
            # a list that lost the numbers of its first items goes on above what they own
            return depth - 2, reading
        below = top.style and _rank(style) > _rank(top.style) > 0
        return (depth if ordinal == 1 and below else depth - 1), reading

    def _same_list(self, depth: int, style: str, block: Block) -> int | None:
        """The innermost list above a depth that has the style and stands in the same column."""
        indent, inside = block.indent, None
        for d in range(depth - 1, -1, -1):
            node = self.stack[d]
            if node.style == style and -1 <= node.indent - indent <= 1:
                if node.inline <= block.inline:
                    return d
                inside = d if inside is None else inside  # a list inside a line ends with it, if one stands outside
        if inside is not None:
            return inside
        if not _rank(style) and not self.stack[depth - 1].style:  # another sign, back from unmarked paragraphs
            for d in range(depth - 2, -1, -1):
                node = self.stack[d]
                if node.style and not node.ordinal and -1 <= node.indent - indent <= 1:
                    return d
        return None

    def _successor(self, block: Block) -> tuple[int, Reading] | None:
        """The open list that a number goes on with."""
        stack = self.stack
        fits: list[tuple[int, Reading]] = []
        for depth in range(len(stack) - 1, -1, -1):
            node = stack[depth]
            for reading in block.marks[-1].readings:
                if node.style == reading[0] and node.ordinal == reading[1] - 1:
                    fits.append((depth, reading))
        if len(fits) > 1:
            level = [f for f in fits if abs(stack[f[0]].indent - block.indent) <= 1] if not block.inline else fits
            fits = level or fits
            if len(fits) > 1 and self._closed(fits[0][0]):
                fits = fits[1:]
        if not fits:
            return None
        depth, reading = fits[0]
        if depth < len(stack) - 1 and reading[0][0] != "(" and not block.inline and block.indent > stack[-1].indent + 1:
            # deeper than everything open: a list that begins in its middle
            return None if stack[-1].announces else (depth, reading)
        return depth, reading

    def goes_on(self, block: Block) -> bool:
        """Whether a list that begins in a block has a second item, in it or below."""
        begins = [style for style, ordinal in block.marks[-1].readings if ordinal == 1]
        return any(self._follows(block, (style, 2)) or self._second_follows(style) for style in begins)

    def _second_follows(self, style: str) -> bool:
        """Whether the next marked block is a second: not so where every item is lazily numbered 1."""
        for block in self.blocks[self.at + 1 : self.at + 8]:
            if block.marks:
                return (style, 2) in block.marks[-1].readings
        return False

    def _siblings(self, depth: int) -> Sequence[Node]:
        return self.stack[depth - 1].children if depth else self.roots

    def _closed(self, depth: int) -> bool:
        """Whether a list of items that end in semicolons has come to its full stop."""
        siblings = self._siblings(depth)
        return self.text[siblings[0].end - 1] in ";,；" and self.text[siblings[-1].end - 1] in ".。"

    def _begins_flat(self, top: Node, block: Block) -> bool:
        """Whether what stands below a lead-in, no deeper, is worded as a part of its sentence, unlike what is above."""
        if self.joins(block.end):
            return True
        siblings = self._siblings(len(self.stack) - 1)
        above = siblings[-2] if len(siblings) > 1 else None
        if self.text[block.body].islower():
            return above is None or not self._one_case(above) or not self._one_case(top)
        return self.text[block.end - 1] in ";," and (above is None or self.text[above.end - 1] not in ";,")

    def joins(self, end: int) -> bool:
        """Whether what ends here leads over to the next item by a connective."""
        return self.text[end - 1] in "rdRD" and _JOINS.search(self.text, max(0, end - 6), end) is not None

    def _ends_flat(self, top: Node, parent: Node, block: Block) -> bool:
        first = parent.children[0]
        text = self.text
        if text[first.end - 1] in ";," and text[top.end - 1] == ".":
            return True
        if first.joins or (len(parent.children) > 1 and parent.children[-2].joins):
            return text[top.end - 1] not in ";," and not self.joins(top.end)
        return self._one_case(first) and text[block.body].isupper()

    def _restarts(self, block: Block) -> None:
        mark = block.marks[-1]
        self.notes.append(
            Note(
                code="numbering-restarts",
                message="the numbering restarts; nested by meaning",
                span=(mark.start, mark.end),
            )
        )

    def _returns(self, top: Node) -> bool:
        """Whether the number after `top`'s comes later, behind the list that begins here."""
        if not top.ordinal:
            return False
        here = self.blocks[self.at]
        expected = {r[0]: r[1] + 1 for r in here.marks[-1].readings} if here.marks else {}
        for block in self.blocks[self.at : self.at + _LOOK]:
            if block.runs_on and self._follows(block, (top.style, top.ordinal + 1)):
                return True
            if block is here:
                continue
            if not block.marks:
                if (
                    block.indent <= top.indent
                    and self.low.find("clusion", block.start, min(block.end, block.start + 60)) >= 0
                ):
                    return False
                continue
            for style, ordinal in block.marks[-1].readings:
                if expected.get(style) == ordinal and ordinal:
                    expected[style] = ordinal + 1
                    break
                if style == top.style and abs(block.indent - top.indent) <= 1:
                    return ordinal == top.ordinal + 1
        return False


def _rank(style: str) -> int:
    """1 for numbers, 2 for letters, 3 for small roman numerals: the order in which they are nested; 0 for bullets."""
    for sign in style:
        if sign in "1aAiI":
            return {"1": 1, "A": 1, "I": 1, "a": 2, "i": 3}[sign]
    return 0
