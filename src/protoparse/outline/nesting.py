"""Blocks as a tree: headings set the kind and the group, items are put in their places.

In: a text's blocks. Out: a `Tree` of `Node`s with headings, preambles and notes; every block is in one of them.
"""

from __future__ import annotations

import re
from itertools import pairwise

from msgspec import Struct, field

from protoparse.errors import NestingError
from protoparse.model import MAX_DEPTH, Kind, Note, Span
from protoparse.outline import cohorts
from protoparse.outline import headings as over
from protoparse.outline.blocks import Block
from protoparse.outline.leads import combine, leads, none_may
from protoparse.outline.marks import leading
from protoparse.outline.placing import Node, Place
from protoparse.outline.runons import RunOns, doubled, flattened

_SHORT = 30
"""A line as short as this holds one criterion."""
_CONTENT = re.compile(r"\w")
_LONE_SIGN = re.compile(r"\s+\\?[-–*•]$")
"""A bullet that closes a text, with nothing behind it."""
_LONE = re.compile(r"\W*(?:and\s*/\s*or|and|or)\W*", re.I)
_ENDS_OR = re.compile(r"\b(?P<word>and\s*/\s*or|and|or|AND|OR)\s*[,;:.]*\s*$")
_CONNECTING = frozenset(("or", "nd", "r ", "d ", "r;", "r,", "d;", "d,"))
_GENERIC = re.compile(
    r"(?:all\s+)?(?:patients?|subjects?|participants?|individuals?|persons?|candidates|volunteers|women|"
    r"they|you)\s+(?:who\s+|that\s+)?(?:must|should|will|shall|have\s+to|"
    r"need\s+to|are|with|may)?(?:\s+not)?(?:\s+(?:have|be|meet|fulfil\w*|satisfy|include))?(?:\s+(?:a|an|"
    r"any|all|of|the|following|criteria|conditions))*\s*[:.]",
    re.I,
)
_STUDY = re.compile(r"\b(?:eligib\w+|inclu\w+|exclu\w+|enrol\w+|participat\w+|stud(?:y|ies)|trial)\b", re.I)
_SEX = re.compile(
    r"\b(?:wom[ea]n|m[ea]n|(?:fe)?males?|child\w*|adults?|boys|girls|pregnant|adolescents|infants)\b", re.I
)
_STOP_INSIDE = re.compile(r"[.;:]\s")
_UPPER = re.compile(r"[A-Z]")
_CAPITAL = re.compile(r"[a-z)]\s[A-Z][a-z]{2,}\s[a-z]")


_OTHER = re.compile(r"(?:any\s+)?other\s+(?P<rest>\S+\s.*)", re.I | re.S)


def _same(name: str, other: str) -> bool:
    return name.strip(" .:;,").lower() == other.strip(" .:;,").lower()


class Tree(Struct):
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
        self.place = Place(text, low, blocks, self.tree.roots, self.tree.notes)
        self.runons = RunOns(text)
        self.outer: str | None = None
        self.over_cohort = False
        self.base: Kind | None = None
        self.fresh = True
        self.last: Node | None = None

    def run(self) -> Tree:
        for at, block in enumerate(self.blocks):
            self.place.at = at
            start = block.body
            if not self._says(start, block.end) or (block.comments and block.comments[0][0] == block.start):
                self._stray(block.start, block.end)
                continue
            if block.marks and not block.keyed:  # a plain item
                self._take(block, None)
                continue
            for place, heading in over.midline(self.text, self.low, start, block.end) if block.keyed else ():
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
        if self.tree.headings and self.over_cohort and self.fresh:
            self.outer = self.group
        self.tree.headings.append((start, self._trim(start, heading.end)))
        self.kind, self.group = heading.kind, heading.group or self.outer
        self._fresh()

    def _fresh(self) -> None:
        self.place.stack, self.fresh, self.last, self.over_cohort = [], True, None, False
        self.runons.open.clear()

    def _capitals(self) -> None:
        """A topic in capitals over a text whose first such topic had no kind ends the sections below the one before."""
        if self.base is None:
            self.base = self.kind
        elif self.base == "unspecified":
            self.kind, self.group = self.base, None

    def _trim(self, start: int, end: int) -> int:
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return end

    def _next(self) -> Block | None:
        for block in self.blocks[self.place.at + 1 : self.place.at + 4]:
            if not block.comments or block.comments[0][0] != block.start:
                return block
        return None

    def _read(self, block: Block, start: int, end: int, *, first: bool) -> None:
        """Read a block, or what is left of it behind a heading: headings first, then items."""
        text = self.text
        while start < end:
            begin = block.start if first else start
            if (not first or end < block.end) and not self._says(start, end):
                self._stray(begin, end)
                return
            while not first and text[start].isspace():
                start += 1
            marks = block.marks if first else leading(text, start, end)
            body = start if first or not marks else marks[-1].end
            while body < end and text[body].isspace():
                body += 1
            dressed = body
            while dressed < end and text[dressed] in "*_#=":
                dressed += 1
            kind: Kind | None = None
            heading = self._section(dressed, end, marked=bool(marks)) if block.keyed else None
            if heading:
                after = self._next()
                owned = heading.end < end and marks and after and after.marks and after.indent > block.indent + 1
                if not owned:
                    self._head(begin, heading)
                    start, first = heading.end, False
                    continue
                kind = heading.kind
            if not marks and (behind := over.capitals(text, dressed, end)):
                self.tree.headings.append((begin, behind))
                self._capitals()
                self._fresh()
                start, first = behind, False
                continue
            if not marks and self._unmarked_heading(begin, dressed, end, rest=not first):
                return
            if not first or end < block.end:
                block = Block(
                    begin,
                    body,
                    end,
                    block.indent,
                    block.column,
                    marks,
                    block.gap,
                    comments=block.comments,
                    inline=not first,
                )
            self._take(block, kind)
            return

    def _take(self, block: Block, kind: Kind | None) -> None:
        """Take a block as an item, or as the items that run on in it; `kind`: of the first alone."""
        if len(block.marks) > 1 and (two := doubled(block)) and self.place.goes_on(two[1]):
            self._place(two[0], kind)
            block, kind = two[1], None
        if block.marks and not block.marks[-1].bullet:
            self.runons.note(block.marks[-1])
        if not block.marks and block.end - block.body > _SHORT and self._flat(block, kind):
            return
        if not block.runs_on:
            self._place(block, kind)
            return
        items = self.runons.split(block, self._next())
        if len(items) > 1 and not block.marks:
            # "Inclusion criteria: Patients must meet all of: * Age …" in one line
            head = items[0]
            if self._unmarked_heading(head.start, head.body, head.end, rest=False, listed=True):
                items = items[1:]
        for item in items:
            for one in (item is not block and doubled(item)) or (item,):
                self._place(one, kind)
                kind = None

    def _flat(self, block: Block, kind: Kind | None) -> bool:
        """Take an unmarked block as the criteria that stand in it with nothing between them, where it is such."""
        stack = self.place.stack
        if (stack and (stack[-1].announces or stack[-1].style)) or leads(self.text[block.body : block.end]):
            return False
        cuts = flattened(self.text, block.body, block.end)
        self._note_flat(block.start, block.end) if cuts else None
        for begin, stop in pairwise([block.body, *cuts, block.end]) if cuts else ():
            start = block.start if begin == block.body else begin
            piece = Block(
                start, begin, self._trim(begin, stop), block.indent, block.column, [], False,
                comments=block.comments, inline=True,
            )  # fmt: skip
            self._place(piece, kind)
        return bool(cuts)

    def _note_denial(self, start: int, end: int) -> None:
        """A lead-in under the heading of the exclusions that denies them as it does: nothing is denied."""
        self.tree.preambles.append((start, end))
        said = " ".join(self.text[start:end].split())
        message = f"what the heading of the exclusions says already, not read as a denial: {said}"
        self.tree.notes.append(Note(code="double-negation", message=message, span=(start, end)))

    def _section(self, start: int, end: int, *, marked: bool) -> over.Heading | None:
        line = self.low[start : min(end, start + 120)]
        if "clu" in line or "ligib" in line or "criter" in line:
            return over.section(self.text, start, end, marked=marked)
        return None

    def _unmarked_heading(self, begin: int, start: int, end: int, *, rest: bool, listed: bool = False) -> bool:
        """Take an unmarked block as a heading or a preamble, where it is one."""
        text = self.text
        own = text[start:end]
        if len(own) < 12 and _LONE.fullmatch(own):
            return False
        after = self._next()
        listed = listed or (after is not None and bool(after.marks))
        colon = own.rstrip("*_ ").endswith((":", "："))
        folded = " ".join(own.split()) if len(own) <= 400 and (colon or listed) else ""
        if folded:
            if self.fresh and self.kind == "exclusion" and none_may(folded):
                self._note_denial(begin, end)
                return True
            kind = over.sentence(folded)
            if kind is None and rest and listed and len(own) < 250 and _STUDY.search(own):
                kind = self.kind
            if kind:
                known = self.kind != "unspecified"
                if self.fresh and known:
                    usual = "any" if self.kind == "exclusion" else "all"
                    if combine(folded, self.kind, ()) in (usual, "then") or _STUDY.search(folded):
                        self.tree.preambles.append((begin, end))
                        return True
                    return False
                self._head(begin, over.Heading(kind, None, end))
                return True
            if self.fresh and colon and _GENERIC.fullmatch(folded):
                self.tree.preambles.append((begin, end))
                return True
        if 0 < len(folded) <= 130:
            name = cohorts.cohort(folded, listed=listed and not (self.last and not self.last.style))
            if name is not None:
                self.tree.headings.append((begin, end))
                self.group = name or None
                self._fresh()
                self.over_cohort = True
                return True
            after_item = self.last is not None and not self.last.style
            if own.isupper() and " " in own:
                self._capitals()
            if over.topic(own, listed=listed and not after_item) and after is not None:
                self.tree.headings.append((begin, end))
                self._fresh()
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
        close = block.end
        if text[close - 1] in "-–*•" and (lone := _LONE_SIGN.search(text, block.body, close)):
            close = lone.start()
        own = text[block.body : close]
        wordless = not own
        if not wordless and not own[:1].isalnum() and not _CONTENT.search(own):
            self._stray(block.start, block.end)
            return
        if len(own) < 12 and _LONE.fullmatch(own) and self.last is not None:
            self._connective(block.start, block.end)
            self._stray(block.start, block.end)
            return
        if not block.marks:
            home = self.place.continued(block, own)
            if home is not None:
                pieces = self._pieces(block.body, close, block)
                if home.pieces and pieces and not home.children and not self._apart(home, block.start):
                    home.pieces[-1] = (home.pieces[-1][0], pieces.pop(0)[1])
                home.pieces += pieces
                self._extend(block.end, home)
                self.place.close(home)
                return
            parent_depth = self.place.plain_depth(block)
            style, ordinal = "", 0
        else:
            parent_depth, (style, ordinal) = self.place.depth(block)
        if parent_depth >= MAX_DEPTH:
            raise NestingError(f"items nested deeper than {MAX_DEPTH} levels")
        indent = block.indent
        if ordinal and len(self.place.stack) > parent_depth and self.place.stack[parent_depth].style == style:
            # a number returns to its list wherever it is indented, and what it owns stands below that list
            indent = min(indent, self.place.stack[parent_depth].indent)
        del self.place.stack[parent_depth:]
        parent = self.place.stack[-1] if self.place.stack else None
        if parent and not parent.children and not parent.group and parent.pieces:
            name = text[slice(*parent.pieces[0])]
            if len(name) < 60 and cohorts.crowd(name):
                parent.group, parent.bare = name.rstrip(": "), True
        group = parent.group if parent else self.group
        body = block.body
        prefixed = None if wordless else cohorts.prefix(own) if own.find("\n", 0, 100) < 0 else self._folded_prefix(own)
        named = False
        if prefixed and (cohorts.names_cohort(prefixed[0]) or not _SEX.search(prefixed[0])):
            group, behind = prefixed[0], body + prefixed[1]
            named = behind >= close
            if not named:
                body = behind + len(text[behind : block.end]) - len(text[behind : block.end].lstrip())
        elif own[-6:].rstrip(" .;,").endswith((")", "]")) and (ending := cohorts.suffix(text, body, close)):
            group, close = ending[0], self._trim(body, ending[1])
        elif (
            len(own) < 60
            and len(own.split()) <= 5
            and ";" not in own
            and cohorts.names_cohort(own)
            and (cohort := cohorts.cohort(own)) is not None
        ):
            group, named = cohort or group, True
        if group and ("\n" in group or "  " in group or group[:4].lower() == "the "):
            group = " ".join(group.split())
            group = group[4:] if group[:4].lower() == "the " else group
        label = None
        if block.marks:  # a number follows its bullet
            label = text[block.marks[-1].start : block.marks[-1].end]
        node = Node(
            kind=kind or (parent.kind if parent else self.kind),
            group=group,
            start=block.start,
            end=block.end,
            label=label,
            style=style,
            ordinal=ordinal,
            indent=indent,
            announces=wordless or leads(" ".join(own.split()) if "\n" in own else own) or named,
            pieces=[] if wordless else self._pieces(body, close, block),
            inline=block.inline,
            joins=text[block.end - 1] in "rdRD" and self.place.joins(block.end),
            bare=named,
        )
        parent.hold(node) if parent else self.tree.roots.append(node)
        if parent and parent.style == style and not ordinal and parent.indent == node.indent and not block.inline:
            node.flat = True
        if parent and parent.children[0].flat:
            node.flat = True
        topic = None
        if own[:1] in ("O", "o", "A") and len(own) < 60:
            topic = self._topic_of(own, parent)
        self.place.stack.append(topic or node)
        self.last = node
        self.fresh = False
        if parent:
            self._extend(block.end)
        if not block.marks:
            self._flattened(block)

    def _topic_of(self, own: str, parent: Node | None) -> Node | None:
        """The item above that names a list of like bullets which ends here ("Heart disease … Other heart disease")."""
        rest = _OTHER.match(own)
        if not rest:
            return None
        siblings = parent.children if parent else self.tree.roots
        for at in range(len(siblings) - 3, max(-1, len(siblings) - 20), -1):
            topic = siblings[at]
            if topic.style != siblings[-1].style or topic.children:
                return None
            if topic.pieces and _same(self.text[slice(*topic.pieces[0])], rest["rest"]):
                topic.children = [*siblings[at + 1 :]]
                topic.end = siblings[-1].end
                if parent is None:
                    del self.tree.roots[at + 1 :]
                else:
                    parent.children = [*siblings[: at + 1]]
                return topic
        return None

    def _folded_prefix(self, own: str) -> tuple[str, int] | None:
        """The cohort that a wrapped item names before it begins."""
        folded = " ".join(own[:200].split())
        found = cohorts.prefix(folded)
        if found is None:
            return None
        left = len(folded[: found[1]].replace(" ", ""))
        for place, sign in enumerate(own):  # pragma: no branch - the words are all there
            left -= not sign.isspace()
            if not left:
                return found[0], place + 1
        return None

    def _apart(self, node: Node, start: int) -> bool:
        """Whether a comment stands between an item and what goes on with it."""
        return self.text.find("<!--", node.pieces[-1][1], start) >= 0

    def _extend(self, end: int, last: Node | None = None) -> None:
        """Take what ends here into the open items, down to the `last` that it belongs to."""
        for node in self.place.stack:
            if node.end < end:
                node.end = end
            if node is last:
                break

    def _pieces(self, start: int, end: int, block: Block) -> list[Span]:
        """The own text without comments and without the connective that leads over to the next item."""
        if (
            not block.comments
            and self.low[end - 2 : end] not in _CONNECTING
            and self.low[end - 3 : end - 1] not in _CONNECTING
        ):
            return [(start, end)]
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
        self.tree.notes.append(
            Note(code="trailing-connective", message=f"'{word}' joins this item to the next", span=(start, end))
        )

    def _flattened(self, block: Block) -> None:
        own = self.text[block.body : block.end]
        if (
            24 <= len(own) < 5000
            and not _STOP_INSIDE.search(own)
            and len(_UPPER.findall(own)) >= 3
            and len(_CAPITAL.findall(own)) >= 3
        ):
            self._note_flat(block.start, block.end)

    def _note_flat(self, start: int, end: int) -> None:
        last = self.tree.notes[-1] if self.tree.notes else None
        if last is not None and last.code == "flattened-list" and last.span and last.span[1] >= end:
            return  # a piece of one
        message = "several criteria in one line, with nothing between them"
        self.tree.notes.append(Note(code="flattened-list", message=message, span=(start, end)))
