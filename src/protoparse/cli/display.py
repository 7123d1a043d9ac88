"""A document for the eye: each criterion's words, below them the rule in English, and what was not read in colour.

In: a `Document`. Out: lines on standard output, coloured on a terminal; elsewhere plain, with ⟦ ⟧ around unread text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, pairwise

from msgspec import UNSET
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from protoparse.model import AtLeastChildren, Criterion, Document, facts, walk
from protoparse.render import segments

STYLES = {
    "concept": "bold cyan",
    "domain": "dim",
    "logic": "yellow",
    "modifier": "cyan",
    "value": "green",
    "window": "magenta",
    "unread": "black on yellow",
}
DOUBT = 0.5
"""A fact of less confidence is marked."""
COMBINED = {
    "all": "all of these",
    "any": "any of these",
    "except": "unless one of these",
    "then": "then all of these",
}


class Display:
    """Shows documents on standard output, or on the console given."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)

    def show(self, document: Document) -> None:
        """Show the trial, its criteria by kind, the notes, and how much was read."""
        trial = document.trial
        head = " · ".join(x for x in (trial.id, trial.title) if x)
        if head:
            self._line(Text(head, "bold"))
        for kind, criteria in groupby(document.criteria, key=lambda c: c.kind):
            self._line(Text())
            self._line(Text({"unspecified": "Criteria"}.get(kind, kind.capitalize()), "bold underline"))
            for criterion in criteria:
                self._criterion(criterion, document.text, 1)
        self._line(Text())
        for note in document.notes:
            if note.code not in {"heading", "preamble"}:
                self._line(Text(f"note: {note.message}", "dim"))
        unread = sum(bool(c.unparsed) for c in walk(document.criteria))
        total = sum(1 for _ in walk(document.criteria))
        self._line(Text(f"{total} criteria, {total - unread} read in full, {unread} with text that was not read"))

    def _criterion(self, criterion: Criterion, text: str, depth: int) -> None:
        number = criterion.id.partition(".")[2]
        line = Text().append(f"{number} " if number else "", "dim")
        if criterion.group:
            line.append(f"[{criterion.group}] ", "italic")
        for words, unread in _own(criterion, text):
            marked = f"⟦{words}⟧" if unread and not self.console.is_terminal else words
            line.append(marked, STYLES["unread"] if unread else "")
        line.rstrip()
        self._line(line, depth)
        said = Text().append("→ ", "dim")
        if criterion.rule is not None:
            doubtful = (f.confidence is not UNSET and f.confidence < DOUBT for f in facts(criterion.rule))
            for role, words in segments(criterion.rule):
                said.append(words, STYLES.get(role, ""))
                if role == "concept" and next(doubtful):
                    said.append("?", "dim")
        if criterion.children:
            said.append(("; " if criterion.rule is not None else "") + _combined(criterion), STYLES["logic"])
        if len(said) > len("→ "):
            self._line(said, depth + 1)
        for child in criterion.children:
            self._criterion(child, text, depth + 1)

    def _line(self, line: Text, depth: int = 0) -> None:
        if self.console.is_terminal:
            self.console.print(Padding.indent(line, 2 * depth))
        else:
            self.console.print(Text("  " * depth) + line, soft_wrap=True)


def _combined(criterion: Criterion) -> str:
    if isinstance(criterion.combine, AtLeastChildren):
        return f"at least {criterion.combine.at_least} of these"
    return COMBINED[criterion.combine or "all"]


def _own(criterion: Criterion, text: str) -> Iterator[tuple[str, bool]]:
    """The criterion's own words, without label and children, white space folded, and whether each piece is unread."""
    start, end = criterion.span
    label = criterion.label or ""
    if label and (found := text.find(label, start, start + len(label) + 8)) >= 0:
        start = found + len(label)
    cuts = sorted({start, end, *(i for s in (*criterion.unparsed, *(c.span for c in criterion.children)) for i in s)})
    begun = False
    for a, b in pairwise(cuts):
        if a < start or any(c.span[0] <= a < c.span[1] for c in criterion.children):
            continue
        piece = re.sub(r"\s+", " ", text[a:b])
        piece = piece if begun else piece.lstrip()
        if piece.strip():
            begun = True
            yield piece, any(s[0] <= a < s[1] for s in criterion.unparsed)
