"""Blocks as a tree: which item belongs below which, by meaning rather than by what is printed.

In: a text's blocks. Out: a `Tree` of `Node`s with headings, preambles and notes.

Four witnesses, the stronger first: a number that follows an open list's last one returns to that list, wherever it is indented;
honest indentation; a lead-in that announces a list; the rank of the mark (1., a., i.). Registries flatten and restart lists, so
none of them is believed alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from protoparse.errors import NestingError
from protoparse.model import MAX_DEPTH, Kind, Note, Span
from protoparse.outline import headings as over
from protoparse.outline.blocks import Block
from protoparse.outline.leads import combine, leads
from protoparse.outline.marks import Mark, inline, leading

_CONTENT = re.compile(r"\w")
_LONE = re.compile(r"\W*(?:and\s*/\s*or|and|or)\W*", re.I)
_ENDS_OR = re.compile(r"\b(?P<word>and\s*/\s*or|and|or|AND|OR)\s*[,;:.]*\s*$")
_UNFINISHED = re.compile(r"(?:[,(/&]|\b(?:and|or|of|the|with|to|in|by|for|an?|than|from))$", re.I)
_LIMIT = re.compile(
    r"(?:[<>≤≥=~+/–—-]|\b(?:grades?|cycles?|days?|phases?|stages?|types?|parts?|groups?|cohorts?|weeks?|months?|years?|version|v|and|or|to|of|than|"
    r"least|class|score|level|criteri(?:on|a)|number|no|item|arm|visit|table|section|appendix|type|status|is|vs|ph|be|by|from|ecog|ps|line|region|between|about))\s*$",
    re.I,
)
_GENERIC = re.compile(
    r"(?:all\s+)?(?:patients?|subjects?|participants?|individuals?|persons?|candidates|volunteers|women|they|you)\s+(?:who\s+|that\s+)?(?:must|should|will|shall|have\s+to|"
    r"need\s+to|are|with|may)?(?:\s+not)?(?:\s+(?:have|be|meet|fulfil\w*|satisfy|include))?(?:\s+(?:a|an|any|all|of|the|following|criteria|conditions))*\s*[:.]",
    re.I,
)
_STUDY = re.compile(r"\b(?:eligib\w+|inclu\w+|exclu\w+|enrol\w+|participat\w+|stud(?:y|ies)|trial)\b", re.I)
_SEX = re.compile(r"\b(?:wom[ea]n|m[ea]n|(?:fe)?males?|child\w*|adults?|boys|girls|pregnant|adolescents|infants)\b", re.I)
_CAPITAL = re.compile(r"[a-z)]\s[A-Z][a-z]{2,}\s[a-z]")
_LOOK = 60
"""How many blocks ahead the return of a numbering is looked for."""


@dataclass(slots=True)
class Node:
    """An item in the making."""

    kind: Kind
    group: str | None
    start: int
    end: int
    label: Span | None
    style: str
    ordinal: int
    indent: int
    announces: bool
    pieces: list[Span]
    inline: bool = False
    flat: bool = False
    """Whether its lead-in owns it by punctuation alone: same bullet, same indent."""
    children: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Tree:
    """What `grow` makes of a text."""

    roots: list[Node] = field(default_factory=list)
    headings: list[Span] = field(default_factory=list)
    preambles: list[Span] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def grow(text: str, low: str, blocks: list[Block]) -> Tree:
    """The tree of a text's blocks (`low`: the text in lower case); raises `NestingError` beyond `MAX_DEPTH`."""
    return _Grower(text, low, blocks).run()


class _Grower:
    def __init__(self, text: str, low: str, blocks: list[Block]) -> None:
        self.text, self.low, self.blocks = text, low, blocks
        self.tree = Tree()
        self.kind: Kind = "unspecified"
        self.group: str | None = None
        self.stack: list[Node] = []
        self.open: dict[str, int] = {}
        self.fresh = True
        self.last: Node | None = None
        self.at = 0

    def run(self) -> Tree:
        for self.at, block in enumerate(self.blocks):
            if not self._says(block.body, block.end) or (block.comments and block.comments[0][0] == block.start):
                self._stray(block.start, block.end)
                continue
            start = block.body
            for place, heading in over.midline(self.text, self.low, block.body, block.end):
                self._read(block, start, self._trim(start, place), first=start == block.body)
                self._head(place, heading)
                start = heading.end
            if start < block.end:
                self._read(block, start, block.end, first=start == block.body)
        return self.tree

    def _says(self, start: int, end: int) -> bool:
        """Whether there is a letter or a digit."""
        return start < end and (self.text[start].isalnum() or _CONTENT.search(self.text, start, end) is not None)

    # -------------------------------------------------------------- headings

    def _head(self, start: int, heading: over.Heading) -> None:
        self.tree.headings.append((start, self._trim(start, heading.end)))
        self.kind, self.group = heading.kind, heading.group
        self._fresh()

    def _fresh(self) -> None:
        self.stack, self.open, self.fresh, self.last = [], {}, True, None

    def _trim(self, start: int, end: int) -> int:
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return end

    def _next(self) -> Block | None:
        for block in self.blocks[self.at + 1 : self.at + 4]:
            if not block.comments or block.comments[0][0] != block.start:
                return block
        return None

    def _read(self, block: Block, start: int, end: int, *, first: bool) -> None:
        """Read a block, or what is left of it behind a heading: headings first, then items."""
        if end <= start:
            return
        if not self._says(start, end):
            self._stray(start, end)
            return
        marks = block.marks if first else leading(self.text, start, end)
        body = start if first else marks[-1].end if marks else start
        while body < end and self.text[body].isspace():
            body += 1
        begin = block.start if first else start
        dressed = body
        while dressed < end and self.text[dressed] in "*_#=":
            dressed += 1
        kind: Kind | None = None
        if self._speaks_of_criteria(dressed, end):
            heading = over.section(self.text, dressed, end, marked=bool(marks))
            if heading:
                after = self._next()
                owns = heading.end < end and marks and after and after.marks and after.indent > block.indent + 1
                if not owns:
                    self._head(begin, heading)
                    self._read(block, heading.end, end, first=False)
                    return
                kind = heading.kind
        if not marks and self._unmarked_heading(begin, dressed, end, rest=not first):
            return
        for part in self._split(block, marks, begin, body, end, first=first):
            self._place(part, kind)
            kind = None

    def _speaks_of_criteria(self, start: int, end: int) -> bool:
        low, stop = self.low, min(end, start + 120)
        return low.find("clu", start, stop) >= 0 or low.find("ligib", start, stop) >= 0 or low.find("criter", start, stop) >= 0

    def _unmarked_heading(self, begin: int, start: int, end: int, *, rest: bool) -> bool:
        """Take an unmarked block as a heading or a preamble, where it is one."""
        text = self.text
        own = text[start:end]
        after = self._next()
        listed = after is not None and bool(after.marks)
        colon = own.rstrip("*_ ").endswith((":", "："))
        if len(own) <= 400 and (colon or listed):
            folded = " ".join(own.split())
            kind = over.sentence(folded)
            if kind is None and rest and listed and len(own) < 250 and _STUDY.search(own):
                kind = self.kind
            if kind:
                known = self.kind != "unspecified"
                if self.fresh and known:
                    usual = "any" if self.kind == "exclusion" else "all"
                    if combine(folded, self.kind, ()) == usual or _STUDY.search(folded):
                        self.tree.preambles.append((begin, end))
                        return True
                    return False
                self._head(begin, over.Heading(kind, None, end))
                return True
            if self.fresh and colon and _GENERIC.fullmatch(folded):
                self.tree.preambles.append((begin, end))
                return True
        if len(own) <= 130 and "\n" not in own and (colon or listed):
            name = over.cohort(own)
            if name is not None:
                self.tree.headings.append((begin, end))
                self.group = name or None
                self._fresh()
                return True
            after_item = self.last is not None and not self.last.style
            if over.topic(own, listed=listed and not after_item) and after is not None:
                self.tree.headings.append((begin, end))
                self._fresh()
                return True
        return False

    # -------------------------------------------------------------- several items in a line

    def _split(
        self, block: Block, marks: list[Mark], begin: int, body: int, end: int, *, first: bool
    ) -> Iterator[Block]:
        """The items that run on in a block, each as a block of its own."""
        text = self.text
        if marks:
            self._note_open(marks[-1])
        found = list(inline(text, body, end))
        part = Block(begin, body, end, block.indent, block.column, marks, block.gap, block.comments, inline=not first)
        if not found:
            yield part
            return
        bullet = marks[-1].readings[0][0] if marks and marks[-1].bullet else ""
        second = {reading for mark in found for reading in mark.readings if reading[1] == 2}
        after = self._next()
        if after and after.marks:
            second.update(after.marks[-1].readings)
        signs = sum(mark.bullet for mark in found)
        for mark in found:
            if mark.start <= part.body:
                continue
            if mark.bullet:
                sign = mark.readings[0][0]
                good = sign == bullet or leads(text[part.body : mark.start].rstrip()) or (sign not in "-–*" and signs > 1)
            else:
                good = self._runs_on(part.body, mark, second)
            if good:
                part.end = self._trim(part.body, mark.start)
                yield part
                start = mark.end
                while start < end and text[start].isspace():
                    start += 1
                part = Block(mark.start, start, end, block.indent, block.column, [mark], False, block.comments, inline=True)
        yield part

    def _note_open(self, mark: Mark) -> None:
        for style, ordinal in mark.readings:
            if ordinal:
                self.open[style] = ordinal

    def _runs_on(self, body: int, mark: Mark, second: set[tuple[str, int]]) -> bool:
        """Whether a number inside a line goes on with an open list, or opens one that its lead-in announces."""
        text = self.text
        head = text[max(body, mark.start - 40) : mark.start].rstrip()
        follows = text[mark.end : mark.end + 3].lstrip()[:1]
        if not head or not follows or follows in ".,;)":
            return False
        for style, ordinal in mark.readings:
            if self.open.get(style) == ordinal - 1 and ordinal > 1:
                if _LIMIT.search(head) and not (style[0] == "(" and re.search(r"\b(?:and|or)$", head, re.I)):
                    return False
                stopped = head[-1] in ".;:,)]；。：，" or bool(re.search(r"\b(?:and|or)$", head, re.I))
                if not stopped and (style[0] in "ai" or not (follows.isupper() or follows in "≥≤<>\\")):
                    continue
                if style[0] == "1" and style.endswith(".") and follows.islower():
                    continue
                inside = text[body : mark.start]
                if inside.count("(") > inside.count(")"):
                    continue
                self.open[style] = ordinal
                return True
            if ordinal == 1 and (style, 2) in second:
                inside = text[max(body, mark.start - 400) : mark.start].rstrip()
                if leads(inside) and inside.count("(") <= inside.count(")"):
                    self.open[style] = 1
                    return True
        return False

    # -------------------------------------------------------------- the tree

    def _stray(self, start: int, end: int) -> None:
        """A comment or a lone sign: it belongs to the item above, or to nobody."""
        if self.last is not None:
            self.last.end = max(self.last.end, end)
        else:
            self.tree.preambles.append((start, end))

    def _place(self, block: Block, kind: Kind | None) -> None:
        text = self.text
        own = text[block.body : block.end]
        if not self._says(block.body, block.end):
            self._stray(block.start, block.end)
            return
        if len(own) < 12 and _LONE.fullmatch(own) and self.last is not None:
            self._connective(block.start, block.end)
            self._stray(block.start, block.end)
            return
        if not block.marks:
            home = self._continued(block, own)
            if home is not None:
                home.pieces += self._pieces(block.body, block.end, block)
                self._extend(block.end)
                return
            parent_depth = self._plain_depth(block)
            style, ordinal = "", 0
        else:
            parent_depth, (style, ordinal) = self._depth(block)
        if parent_depth >= MAX_DEPTH:
            raise NestingError(f"items nested deeper than {MAX_DEPTH} levels")
        del self.stack[parent_depth:]
        parent = self.stack[-1] if self.stack else None
        group = parent.group if parent else self.group
        body = block.body
        prefixed = over.prefix(text, body, block.end)
        named = False
        if prefixed and (over.names_cohort(prefixed[0]) or not _SEX.search(prefixed[0])):
            group, behind = prefixed
            named = behind >= block.end
            if not named:
                body = behind
        label = None
        if block.marks:
            numbers = [m for m in block.marks if not m.bullet] or block.marks
            label = (numbers[-1].start, numbers[-1].end)
        node = Node(
            kind=kind or (parent.kind if parent else self.kind),
            group=group,
            start=block.start,
            end=block.end,
            label=label,
            style=style,
            ordinal=ordinal,
            indent=block.indent,
            announces=leads(own) or named or (len(own) < 60 and over.names_cohort(own) and over.cohort(own) is not None),
            pieces=self._pieces(body, block.end, block),
            inline=block.inline,
        )
        (parent.children if parent else self.tree.roots).append(node)
        if parent and parent.style == style and not ordinal and parent.indent == node.indent and not block.inline:
            node.flat = True
        if parent and parent.children[0].flat:
            node.flat = True
        self.stack.append(node)
        self.last = node
        self.fresh = False
        self._extend(block.end)
        if not block.marks:
            self._flattened(block)

    def _extend(self, end: int) -> None:
        for node in self.stack:
            node.end = max(node.end, end)

    def _pieces(self, start: int, end: int, block: Block) -> list[Span]:
        """The own text without comments and without the connective that leads over to the next item."""
        spans, place = [], start
        for a, b in block.comments:
            if place <= a < end:
                spans.append((place, a))
                place = b
        spans.append((place, end))
        clean = [(s + len(self.text[s:e]) - len(self.text[s:e].lstrip()), self._trim(s, e)) for s, e in spans]
        kept = [(s, e) for s, e in clean if s < e]
        if kept:
            s, e = kept[-1]
            ending = self.low[max(s, e - 6) : e].rstrip(" ,;:.*")
            m = _ENDS_OR.search(self.text, max(s, e - 14), e) if ending.endswith(("or", "and")) else None
            if m and m.start() > s:
                self._connective(m.start(), e)
                stop = self._trim(s, m.start())
                kept[-1] = (s, stop)
        return kept

    def _connective(self, start: int, end: int) -> None:
        word = self.text[start:end].strip(" \t\r\n;,.:*-").lower()
        self.tree.notes.append(Note(code="trailing-connective", message=f"'{word}' joins this item to the next", span=(start, end)))

    def _flattened(self, block: Block) -> None:
        own = self.text[block.body : block.end]
        if len(own) < 5000 and len(_CAPITAL.findall(own)) >= 3 and not re.search(r"[.;:]\s", own):
            self.tree.notes.append(
                Note(code="flattened-list", message="several criteria in one line, with nothing between them", span=(block.start, block.end))
            )

    def _continued(self, block: Block, own: str) -> Node | None:
        """The open item that an unmarked paragraph goes on with."""
        if not self.stack or block.inline:
            return None
        top = self.stack[-1]
        if top.announces and not top.children and self._awaits(top):
            return None
        deepest = next((n for n in reversed(self.stack) if n.style and block.indent > n.indent + 1), None)
        if deepest is not None:
            if deepest is top and top.announces and not top.children and own[0].isupper():
                return None
            return deepest
        if own[0].islower() and (top.style or block.gap):
            return top if top.style or not self._one_case(top) else None
        if _UNFINISHED.search(self.text, max(top.start, top.end - 12), top.end):
            return top
        return None

    def _one_case(self, node: Node) -> bool:
        return self.text[node.pieces[0][0] if node.pieces else node.start].islower()

    def _plain_depth(self, block: Block) -> int:
        """How deep an unmarked item lies: below a lead-in that stands further left, else at the root."""
        if self.stack:
            top = self.stack[-1]
            if top.announces and (block.indent > top.indent + 1 or self._awaits(top)):
                return len(self.stack)
            for depth in range(len(self.stack) - 1, 0, -1):
                node = self.stack[depth]
                if not node.style and abs(node.indent - block.indent) <= 1 and not block.inline:
                    return depth
        return 0

    def _awaits(self, top: Node) -> bool:
        """Whether the list of a marked lead-in goes on behind the unmarked paragraphs that begin here."""
        if not top.style or self.text[self._trim(top.start, top.end) - 1] not in ":：":
            return False
        for block in self.blocks[self.at + 1 : self.at + 12]:
            if block.marks:
                wanted = top.ordinal + 1 if top.ordinal else 0
                return (top.style, wanted) in block.marks[-1].readings and abs(block.indent - top.indent) <= 1
            if self.low.find("clusion", block.start, min(block.end, block.start + 60)) >= 0:
                return False
        return False

    def _depth(self, block: Block) -> tuple[int, tuple[str, int]]:
        """How deep a marked item lies, and which reading of its mark is meant."""
        readings = block.marks[-1].readings
        stack = self.stack
        if readings[0][1]:
            back = self._successor(block)
            if back is not None:
                return back
        reading = next((r for r in readings if r[1] == 1), readings[-1] if readings[0][1] > 3 else readings[0])
        style, ordinal = reading
        depth = len(stack)
        if not block.inline:
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
        same = next((d for d in range(depth - 1, -1, -1) if stack[d].style == style and abs(stack[d].indent - block.indent) <= 1), None)
        if not ordinal:
            if same is None or (same < depth - 1 and owns):
                return (depth if owns or self._returns(top) else depth - 1), reading
            if same == depth - 1:
                if owns and self._begins_flat(block):
                    return depth, reading
                if top.flat and self._ends_flat(top, stack[depth - 2], block):
                    return depth - 2, reading
            return same, reading
        if ordinal == 1 and (owns or self._returns(top)):
            if same is not None:
                self._restarts(block)
            return depth, reading
        if same is not None:
            if ordinal == 1:
                self._restarts(block)
            return same, reading
        below = top.style and _rank(style) > _rank(top.style) > 0
        return (depth if ordinal == 1 and below else depth - 1), reading

    def _successor(self, block: Block) -> tuple[int, tuple[str, int]] | None:
        """The open list that a number goes on with."""
        stack = self.stack
        fits = [
            (depth, reading)
            for depth in range(len(stack) - 1, -1, -1)
            for reading in block.marks[-1].readings
            if stack[depth].style == reading[0] and stack[depth].ordinal == reading[1] - 1
        ]
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

    def _closed(self, depth: int) -> bool:
        """Whether a list of items that end in semicolons has come to its full stop."""
        siblings = self.stack[depth - 1].children if depth else self.tree.roots
        return self.text[siblings[0].end - 1] in ";,；" and self.text[siblings[-1].end - 1] in ".。"

    def _begins_flat(self, block: Block) -> bool:
        return self.text[block.body].islower() or self.text[block.end - 1] in ";,"

    def _ends_flat(self, top: Node, parent: Node, block: Block) -> bool:
        first = parent.children[0]
        text = self.text
        if text[first.end - 1] in ";," and text[top.end - 1] == ".":
            return True
        return self._one_case(first) and text[block.body].isupper()

    def _restarts(self, block: Block) -> None:
        mark = block.marks[-1]
        self.tree.notes.append(
            Note(code="numbering-restarts", message="the numbering restarts; nested by meaning", span=(mark.start, mark.end))
        )

    def _returns(self, top: Node) -> bool:
        """Whether the number after `top`'s comes later, behind the list that begins here."""
        if not top.ordinal or top.inline:
            return False
        here = self.blocks[self.at]
        expected = {r[0]: r[1] + 1 for r in here.marks[-1].readings} if here.marks else {}
        for block in self.blocks[self.at + 1 : self.at + _LOOK]:
            if not block.marks:
                if block.indent <= top.indent and self.low.find("clusion", block.start, min(block.end, block.start + 60)) >= 0:
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
