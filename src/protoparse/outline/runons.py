"""Several items in one line: numbers and bullets inside a block that go on with a list or open one.

In: a block whose text runs on ("2. Age over 3. 3. ECOG 0-2. 4. One of: a) …; b) …"). Out: a block for each item.

A number inside a line is far more often none ("grade 2. The", "(1)"): it must follow an open list's last one, or open a
list that its lead-in announces and that has a second item.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from protoparse import lexicon
from protoparse.outline.blocks import Block
from protoparse.outline.leads import leads
from protoparse.outline.marks import Mark, Reading, inline

_LIMIT = re.compile(
    r"(?:[<>≤≥=~+/–—-]|\b(?:grades?|cycles?|day|phases?|stages?|types?|parts?|groups?|cohorts?|week|"
    r"month|year|version|v|and|or|to|of|than|"
    r"least|class|score|level|criteri(?:on|a)|number|no|item|arm|visit|table|section|appendix|type|"
    r"status|is|vs|ph|be|by|from|ecog|ps|line|region|between|about))\s*$",
    re.I,
)
_JOINED = re.compile(r"\b(?:and\s*/\s*or|and|or)$", re.I)
_STOPS = tuple(".;:,)]；。：，")


_BEFORE_DASH = re.compile(r"(?:\d\S{0,8}|\b[A-Z]{1,4}\d?[a-c]?|[<>≤≥=]|\d\s*(?:[a-z]{1,6}(?:/[a-z]+)?|%))$")
_BEHIND_DASH = re.compile(r"\s*(?:[<>≤≥=~]?\s*\d|[IVX]{1,4}\b|[A-Z]\d?[a-c]?\b)")
_LONG = re.compile(r".{60}\b[a-z]{3,}$", re.S)
_GLUED = re.compile(r"[A-Z][a-z]+\s")
_NOTE = re.compile(r"\s*(?:Note|NOTE|N\.B\.)")
"""What a star leads to that is no item: a footnote."""
_NEW = re.compile(r"\s+(?:[A-Z][a-z]+|A|An)\s+[a-z\d≥≤<>(]")
"""What begins a second item behind a long one, not the rest of a name ("Clinical Global Impression - Severity")."""


def _between(text: str, body: int, mark: Mark, end: int) -> bool:
    """Whether a sign stands between two figures, stages or grades ("18 - 65", "T1c - T2a"): a range."""
    before = text[max(body, mark.start - 24) : mark.start].rstrip()
    return bool(_BEHIND_DASH.match(text, mark.end, end) and _BEFORE_DASH.search(before))


@cache
def _outsets() -> tuple[re.Pattern[str], frozenset[str]]:
    """What begins a criterion inside a line, and the words behind which one still goes on."""
    table = {row["part"]: lexicon.spellings(row["words"]) for row in lexicon.rows("outsets")}
    words = "|".join(sorted(table["begins"], key=len, reverse=True)).replace(" ", r"\s+")
    return re.compile(rf"(?<=[A-Za-z0-9)%])\s+(?=(?:{words})(?:(?<=:)|[:\s]))"), frozenset(table["open"])


_CLOSED = re.compile(r"[a-z]\S*|[A-Z0-9≥≤<>=/.,%+-]+(?:mm3|mL|dL|kg|L)?\)?|\S*\d\S*|.*[a-z]{3}\)")
"""What may stand last in a criterion: a word in small letters, an abbreviation, a number; no name, no enumerator."""
_JOINING = frozenset(("AND", "OR"))
_COUNTING = re.compile(r"\(?\w{1,4}[.)]")


def flattened(text: str, start: int, end: int) -> list[int]:
    """Where in a line without stops a criterion begins, then the next: at two places or more, else nowhere."""
    begins, still = _outsets()
    found = []
    for m in begins.finditer(text, start + 2, end):
        before = text[max(start, m.start() - 40) : m.start()].rsplit(None, 1)[-1]
        if (
            before not in still
            and before not in _JOINING
            and _CLOSED.fullmatch(before)
            and not _COUNTING.fullmatch(before)
        ):
            found.append(m.end())
    return found if len(found) > 1 else []


def doubled(block: Block) -> tuple[Block, Block] | None:
    """The number of "2. a) …" by itself, and the first item of the list below it, which has no words of its own."""
    outer, first = block.marks[-2:] if len(block.marks) > 1 else (None, None)
    if outer is None or first is None or outer.bullet or first.bullet:
        return None
    if not any(ordinal == 1 and style != outer.readings[0][0] for style, ordinal in first.readings):
        return None
    indent = block.indent + first.start - block.start
    number = Block(
        block.start, outer.end, outer.end, block.indent, block.column, block.marks[:-1], block.gap, runs_on=False,
        inline=block.inline,
    )  # fmt: skip
    item = Block(
        first.start, block.body, block.end, indent, block.column, [first], False, comments=block.comments,
        inline=block.inline,
    )  # fmt: skip
    return number, item


class RunOns:
    """The lists that are open in a section, each with its last ordinal."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.open: dict[str, int] = {}

    def split(self, whole: Block, after: Block | None) -> list[Block]:
        """The items that run on in a block, each as a block of its own; `after` is the block below."""
        text, marks, end, part = self.text, whole.marks, whole.end, whole
        found = list(inline(text, whole.body, end))
        if not found:
            return [whole]
        items: list[Block] = []
        bullet = marks[-1].readings[0][0] if marks and marks[-1].bullet else ""
        listed = {reading for mark in found for reading in mark.readings}
        if after and after.marks:
            listed.update([reading for reading in after.marks[-1].readings if reading[1] == 2])
        signs = Counter(
            [mark.readings[0][0] for mark in found if mark.bullet and not _between(text, whole.body, mark, end)]
        )
        for mark in found:
            if mark.start <= part.body:
                begins = any(ordinal == 1 and (style, 2) in listed for style, ordinal in mark.readings)
                if part is not whole and mark.start == part.body and begins and not mark.bullet:
                    part.marks = (*part.marks, mark)  # "…: (1) a. …; b. …"
                    self.note(mark)
                    part.body = mark.end + len(text[mark.end : end]) - len(text[mark.end : end].lstrip())
                continue
            if mark.bullet:
                good = self._bulleted(part.body, mark, end, bullet, signs)
            else:
                before = part.marks[-1].readings if part.marks else ()
                good = self._runs_on(part.body, mark, listed, before)
            if good:
                bullet = bullet or (mark.readings[0][0] if mark.bullet else "")
                part.end = part.body + len(text[part.body : mark.start].rstrip())
                items.append(part)
                start = mark.end
                while start < end and text[start].isspace():
                    start += 1
                part = Block(
                    mark.start,
                    start,
                    end,
                    whole.indent,
                    whole.column,
                    [mark],
                    False,
                    comments=whole.comments,
                    inline=True,
                )
        items.append(part)
        return items

    def note(self, mark: Mark) -> None:
        """Take note of the list that a mark at the beginning of an item belongs to."""
        for style, ordinal in mark.readings:
            if ordinal:
                self.open[style] = ordinal

    def _bulleted(self, body: int, mark: Mark, end: int, bullet: str, signs: Counter[str]) -> bool:
        """Whether a bullet sign inside a line is one: a dash is far more often a dash."""
        text, sign = self.text, mark.readings[0][0]
        if sign == "*" and _NOTE.match(text, mark.end, end):
            return False
        if sign == "o":
            return text[body : mark.start].rstrip().endswith(_STOPS)
        if sign not in "-–*":
            return sign == bullet or signs[sign] > 1 or leads(text[body : mark.start].rstrip())
        if _between(text, body, mark, end):
            return False
        head = text[body : mark.start].rstrip()
        if head.endswith((":", "：")) or leads(head):
            return True
        if sign == "*" and signs[sign] > 1 and head.endswith(_STOPS):
            return True
        if sign != bullet or head.count("(") > head.count(")"):
            return False
        return signs[sign] > 1 or head.endswith(_STOPS) or bool(_LONG.search(head) and _NEW.match(text, mark.end, end))

    def _runs_on(self, body: int, mark: Mark, listed: set[Reading], before: tuple[Reading, ...]) -> bool:
        """Whether a number inside a line goes on with an open list, or opens one that its lead-in announces."""
        text = self.text
        head = text[max(body, mark.start - 40) : mark.start].rstrip()
        follows = text[mark.end : mark.end + 100].lstrip()[:1]
        if not head or not follows or follows in ".,;)":
            return False
        for style, ordinal in mark.readings:
            if head.endswith(_STOPS) and self._leaps(style, ordinal, mark, follows):
                self.open[style] = ordinal
                return True
            if self.open.get(style) == ordinal - 1 and ordinal > 1:
                joined = _JOINED.search(head)
                rest = head[: joined.start()].rstrip() if joined else head
                stopped = rest.endswith(_STOPS) or bool(joined and style[0] not in "1A")
                stopped = stopped or (style.endswith(")") and (style, ordinal - 1) in before)
                if _LIMIT.search(rest if joined and stopped else head):
                    return False
                chained = (style, ordinal - 1) in before and not listed.isdisjoint(
                    ((style, ordinal - 1), (style, ordinal + 1))
                )
                if not stopped and (
                    (style[0] in "ai" and not chained) or not (follows.isupper() or follows in "≥≤<>\\")
                ):
                    continue
                if style[0] == "1" and style.endswith(".") and follows.islower() and text[mark.end].isspace():
                    continue
                inside = text[max(body, mark.start - 2000) : mark.start]
                if inside.count("(") > inside.count(")"):
                    continue
                self.open[style] = ordinal
                return True
            if ordinal == 1 and (style, 2) in listed:
                inside = text[max(body, mark.start - 400) : mark.start].rstrip()
                if leads(inside) and inside.count("(") <= inside.count(")"):
                    self.open[style] = 1
                    return True
        return False

    def _leaps(self, style: str, ordinal: int, mark: Mark, follows: str) -> bool:
        """Whether a number behind a full stop counts on though not by one, whatever list was counted last."""
        if style in "①⑴⒈❶":
            return True  # such a sign is nothing else
        if style not in ("1.", "1)") or self.text[mark.start - 2 : mark.start] != ". ":
            return False
        last = self.open.get(style, 99)
        glued = style == "1." and _GLUED.match(self.text, mark.end) is not None  # "… heart block. 12.Women"
        return last < ordinal and (glued or (ordinal == last + 2 and follows.isupper()))
