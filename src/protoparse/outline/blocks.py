"""The lines of a text as blocks: what was typed as one piece, with its marks, however it was wrapped.

In: the text. Out: `Block`s in order, which together hold every character that is no white space.

Registries wrap at some 80 columns, with or without indenting what goes on; others put one criterion on a line. What
tells them apart is whether the next line's first word would still have fitted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from protoparse.model import Span
from protoparse.outline.headings import opens_section
from protoparse.outline.marks import Mark, leading

_LINE = re.compile(r"[^\r\n\u2028\u2029]+")
_WORD = re.compile(r"\S+")
_COMMENT = re.compile(r"<!--.*?-->|<!--[^\r\n]*")
_OPEN_END = re.compile(
    r"(?:[,(/&+<>=≤≥]|\b(?:and|or|of|the|with|to|in|by|for|an?|than|from|at|on|is|are|be|as|not|no|who|"
    r"that|their|his))$",
    re.I,
)
_TAB = 4
_NARROW, _WIDE = 55, 130
"""Between these widths the longest lines of a text may be where it was wrapped."""


@dataclass(slots=True)
class Block:
    """A piece of text: `start`, behind its marks `body`, `end`; `indent` and `column` of the mark and of the body."""

    start: int
    body: int
    end: int
    indent: int
    column: int
    marks: list[Mark]
    gap: bool
    """Whether a blank line stands above."""
    comments: list[Span] = field(default_factory=list)
    inline: bool = False
    """Whether its mark stands inside a line, so that its indent says nothing."""


def _indent(text: str, start: int, end: int) -> int:
    columns = end - start
    return columns + (_TAB - 1) * text.count("\t", start, end) if columns else 0


def _width(lengths: list[int]) -> int | None:
    """Where the text was wrapped, None where it seems not to have been."""
    if len(lengths) < 3:
        return None
    longest = max(lengths)
    if not _NARROW <= longest <= _WIDE:
        return None
    return longest if sum(n > longest - 14 for n in lengths) >= 2 else None


def blocks(text: str, low: str) -> list[Block]:
    """The blocks of a text; `low` is the same text in lower case, of the same length."""
    lines = [(m.start(), m.group().rstrip()) for m in _LINE.finditer(text)]
    width = _width([len(piece) for _, piece in lines])
    made: list[Block] = []
    current: Block | None = None
    blank, before, length = True, 0, 0
    for start, piece in lines:
        bare = piece.lstrip()
        if not bare:
            blank = True
            continue
        gap = blank or text.count("\n", before, start) > 1 or text.count("\r", before, start) > 1
        end = start + len(piece)
        first = end - len(bare)
        blank, before = False, end
        if bare.startswith("<!--") and _COMMENT.fullmatch(bare):
            made.append(Block(first, end, end, 0, 0, [], True, [(first, end)]))
            current, blank = None, True
            continue
        indent = first - start and _indent(text, start, first)
        marks = leading(text, first, end) if _may_be_marked(low, first) else []
        wrapped = (
            width is not None and length + 1 + len(_WORD.match(text, first).group()) > width  # type: ignore[union-attr]
        )
        if current and not gap and marks and not _opens(text, current, marks, indent, wrapped):
            marks = []
        heads = opens_section(text, low, marks[-1].end if marks else first, end)
        if (
            current is None
            or gap
            or marks
            or heads
            or not _goes_on(
                text, current, before_length=length, first=first, indent=indent, wrapped=wrapped, width=width
            )
        ):
            body = marks[-1].end if marks else first
            body += len(text[body:end]) - len(text[body:end].lstrip())
            current = Block(first, body, end, indent, indent + body - first, marks, gap)
            made.append(current)
        else:
            current.end = end
        if heads and heads >= end:
            current = None
        length = len(piece)
    for block in made:
        if not block.comments and "<!--" in text[block.start : block.end]:
            block.comments = [m.span() for m in _COMMENT.finditer(text, block.body, block.end)]
    return made


def _may_be_marked(low: str, first: int) -> bool:
    """Whether a line could begin with a mark, so that it is worth looking closely."""
    if not "a" <= low[first] <= "z":
        return True
    opening = low[first : first + 7]
    return "." in opening or ")" in opening or opening[:2] in ("o ", "o\t", "o\xa0") or opening[:4] in _NAMED


_NAMED = ("crit", "incl", "excl")


def _opens(text: str, block: Block, marks: list[Mark], indent: int, wrapped: bool) -> bool:
    """Whether a line that looks marked, right below another, is an item: no sentence wrapped before a number."""
    if not wrapped or indent <= block.indent + 1 < block.column:
        return True
    if text[block.end - 1] in ".:;,)":
        return True
    mark = marks[0]
    if mark.bullet:
        return not text[mark.end : mark.end + 2].strip()[:1].isdigit()
    own = block.marks[-1].readings if block.marks else ()
    return any(style == s and ordinal == n + 1 for style, ordinal in mark.readings for s, n in own)


def _goes_on(
    text: str, block: Block, *, before_length: int, first: int, indent: int, wrapped: bool, width: int | None
) -> bool:
    """Whether an unmarked line right below a block belongs to it."""
    if block.marks and indent > block.indent + 1:
        return True
    if wrapped:
        return True
    if _OPEN_END.search(text, max(block.start, block.end - 12), block.end):
        return True
    return text[first].islower() and (bool(block.marks) or before_length > 45 or not text[block.start].islower())
