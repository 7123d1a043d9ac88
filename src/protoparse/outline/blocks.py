"""The lines of a text as blocks: what was typed as one piece, with its marks, however it was wrapped.

In: the text. Out: `Block`s in order, which together hold every character that is no white space.

Registries wrap at some 80 columns, with or without indenting what goes on; others put one criterion on a line. What
tells them apart is whether the next line's first word would still have fitted.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from msgspec import Struct

from protoparse.model import Span
from protoparse.outline.headings import SECTION_REACH, opens_section, section_stems
from protoparse.outline.marks import Mark, inline, inline_ends, leading

_OTHER_BREAKS = ("\r", "\u2028", "\u2029")
_COMMENT = re.compile(r"<!--.*?-->|<!--[^\r\n]*")
_OPEN_END = re.compile(
    r"(?:[,(/&+<>=≤≥]|\b(?:and|or|of|the|with|to|in|by|for|an?|than|from|at|on|is|are|be|as|not|no|who|"
    r"that|their|his))$",
    re.I,
)
_STOPS = ".:;!?)"
_ENDING = re.compile(r"[\w)]{2}[.;]\s")
_TAB = 4
_NARROW, _WIDE = 55, 130
"""Between these widths the longest lines of a text may be where it was wrapped."""
_NEAR = 1500
"""Within so many characters the next of a numbering is looked for."""
_AHEAD = 12
"""How many lines ahead the like of a bullet is looked for."""


class Block(Struct, gc=False):
    """A piece of text: `start`, behind its marks `body`, `end`; `indent` and `column` of the mark and of the body."""

    start: int
    body: int
    end: int
    indent: int
    column: int
    marks: Sequence[Mark]
    gap: bool
    """Whether a blank line stands above."""
    keyed: bool = False
    """Whether a word of section headings stands in it or soon behind."""
    runs_on: bool = True
    """Whether a mark may stand inside it."""
    comments: Sequence[Span] = ()
    inline: bool = False
    """Whether its mark stands inside a line, so that its indent says nothing."""


def _indent(text: str, start: int, end: int) -> int:
    return end - start + (_TAB - 1) * text.count("\t", start, end)


def _width(lengths: list[int]) -> int | None:
    """Where the text was wrapped, None where it seems not to have been; a word too long for a line does not count."""
    if len(lengths) < 3:
        return None
    longest = sorted(lengths, reverse=True)
    for beyond, width in enumerate(longest[:3]):
        if width > _WIDE:
            continue
        if width < _NARROW:
            break
        near = len([n for n in longest if width - 14 < n <= width])
        if near >= (20 * beyond or 2):
            return width
    return None


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that are not empty: where each begins, and itself without the space behind it."""
    found, start = [], 0
    for other in _OTHER_BREAKS:
        if other in text:
            text = text.replace(other, "\n")
    for line in text.split("\n"):
        if line:
            found.append((start, line.rstrip()))
        start += len(line) + 1
    return found


def blocks(text: str, low: str) -> list[Block]:
    """The blocks of a text; `low` is the same text in lower case, of the same length."""
    lines = _lines(text)
    width = _width([len(piece) for _, piece in lines])
    stems, stem = [*section_stems(low), sys.maxsize], 0
    inner, mark_end = [*inline_ends(text), sys.maxsize], 0
    commented = "<!--" in text
    made: list[Block] = []
    current: Block | None = None
    blank, before, length = True, 0, 0
    for at, (start, piece) in enumerate(lines):
        bare = piece.lstrip()
        if not bare:
            blank = True
            continue
        gap = blank or (
            start > before + 1 and (text.count("\n", before, start) > 1 or text.count("\r", before, start) > 1)
        )
        end = start + len(piece)
        first = end - len(bare)
        blank, before = False, end
        if commented and bare.startswith("<!--") and _COMMENT.fullmatch(bare):
            made.append(Block(first, end, end, 0, 0, [], True, comments=[(first, end)]))
            current, blank = None, True
            continue
        indent = _indent(text, start, first) if first > start else 0
        marks = leading(text, first, end)
        wrapped = False
        if current and not gap:
            wrapped = width is not None and length <= width < length + 1 + len(bare.split(None, 1)[0])
            if marks and wrapped and not _opens(text, current, marks, indent, lines, at):
                marks = []
        body = marks[-1].end if marks else first
        while stems[stem] < body:
            stem += 1
        while inner[mark_end] < body:
            mark_end += 1
        keyed, runs_on = stems[stem] < end + SECTION_REACH, inner[mark_end] < end
        heads = opens_section(text, low, body, end) if keyed else 0
        if current and not gap and not marks and low[first] == "c" and _severed(low, current.end, first):
            heads, wrapped = 0, True
        if heads and wrapped and current and text[current.end - 1] not in _STOPS:
            # what goes on is no heading, nor one behind the end of a sentence ("ULN. Exclusion Criteria: …")
            inside = low.find("clusion", body, end)
            heads = 0 if text[body].islower() or _ENDING.search(text, body, max(body, inside)) else heads
        if (
            current is None
            or gap
            or marks
            or heads
            or not _goes_on(text, current, before_length=length, first=first, indent=indent, wrapped=wrapped)
        ):
            while marks and body < end and text[body].isspace():
                body += 1
            current = Block(first, body, end, indent, indent + body - first, marks or (), gap, keyed, runs_on)
            made.append(current)
        else:
            if current.body == current.end:  # a mark that stood alone in its line
                current.body = first
            current.end = end
            current.keyed = current.keyed or keyed
            current.runs_on = current.runs_on or runs_on
        if heads >= end and (width is None or len(piece) < width - 14 or text[end - 1] in _STOPS):
            current = None
        length = len(piece)
    if commented:
        for block in made:
            found = block.comments or [m.span() for m in _COMMENT.finditer(text, block.body, block.end)]
            block.comments = found or ()
    return made


def _severed(low: str, end: int, first: int) -> bool:
    """Whether a section heading was broken in two: "Exclusion" ends one line, "criteria" begins the next."""
    return low.startswith("criteri", first) and low.endswith(("inclusion", "exclusion"), 0, end)


def _opens(text: str, block: Block, marks: list[Mark], indent: int, lines: list[tuple[int, str]], at: int) -> bool:
    """Whether a line that looks marked, below one that is full, is an item, not a sentence wrapped before a sign."""
    if indent <= block.indent + 1 < block.column:
        return True
    mark = marks[0]
    if text[block.end - 1] in ".:;,)":
        return text[mark.start] not in "([" or text[mark.end] == " " or _second(text, mark)
    if mark.bullet:
        if text[mark.end : mark.end + 2].strip()[:1].isdigit():
            return False
        if indent != block.column or text.count("(", block.body, block.end) <= text.count(")", block.body, block.end):
            return indent != block.column or _listed(text[mark.start], indent, lines[at + 1 : at + _AHEAD])
        return False
    own = block.marks[-1].readings if block.marks else ()
    if any(style == s and ordinal == n + 1 for style, ordinal in mark.readings for s, n in own):
        return True
    second = {(style, 2) for style, ordinal in mark.readings if ordinal == 1}
    for start, line in lines[at + 1 : at + _AHEAD] if second else ():
        marks = leading(text, start + len(line) - len(line.lstrip()), start + len(line))
        if marks and not second.isdisjoint(marks[-1].readings):
            return True
    return False


def _second(text: str, mark: Mark) -> bool:
    """Whether a bracketed number glued to its item ("(I)Bilirubin") counts on: another follows it."""
    wanted = {(style, ordinal + 1) for style, ordinal in mark.readings}
    wanted |= {(style, ordinal - 1) for style, ordinal in mark.readings}
    near = max(0, mark.start - _NEAR), mark.end + _NEAR
    return any(not wanted.isdisjoint(other.readings) for other in inline(text, near[0], min(near[1], len(text))))


def _listed(sign: str, indent: int, below: list[tuple[int, str]]) -> bool:
    """Whether another line with the same sign stands in the same column, before the text goes on further left."""
    for _, line in below:
        bare = line.lstrip()
        if bare and len(line) - len(bare) <= indent:
            return bare[0] == sign and _indent(line, 0, len(line) - len(bare)) == indent
    return False


def _goes_on(text: str, block: Block, *, before_length: int, first: int, indent: int, wrapped: bool) -> bool:
    """Whether an unmarked line right below a block belongs to it."""
    if block.marks and indent > block.indent + 1:
        return True
    if wrapped:
        return True
    if _OPEN_END.search(text, max(block.start, block.end - 12), block.end):
        return True
    return text[first].islower() and (bool(block.marks) or before_length > 45 or not text[block.start].islower())
