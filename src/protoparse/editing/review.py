"""A review of a document: the edits made to it, undone and done again, and which criteria were looked at.

In: a document and steps. Out: the document as it is after them. What is to be stored of a review is plain data, the
base, the steps and how many of them count: the same steps over the same base give the same document.

>>> from protoparse import parse
>>> from protoparse.editing.edits import SetKind
>>> review = Review(parse("* Gout")).then(SetKind(criterion="unspecified.1", kind="exclusion"))
>>> review.document.criteria[0].id, review.undone().document.criteria[0].id
('exclusion.1', 'unspecified.1')
>>> review.edits, review.looked_at
(1, frozenset({'exclusion.1'}))
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from msgspec import structs

from protoparse.editing.edits import Edit, Join, Split, apply
from protoparse.editing.outline import found
from protoparse.errors import EditError
from protoparse.model import Document, Record, walk, without_confidence


class Accept(Record, frozen=True, kw_only=True, tag="accept", tag_field="edit"):
    """A criterion found right as it stands, or (`accepted` false) to be looked at again."""

    criterion: str
    accepted: bool = True


Step: TypeAlias = Edit | Accept
"""What a reviewer does: an edit, or the word that none is needed."""


@dataclass(frozen=True)
class Review:
    """A document under review."""

    base: Document
    """As it was before."""
    steps: tuple[Step, ...] = ()
    """What was done to it; what was undone stands at the end."""
    count: int = 0
    """How many of the steps are done and not undone."""
    seen: frozenset[str] = frozenset()
    """The ids of the criteria of the base that were looked at before."""

    @property
    def document(self) -> Document:
        """The document as it is now. Raises `EditError` where the steps do not go with the base."""
        return self._now[0]

    @property
    def looked_at(self) -> frozenset[str]:
        """The ids of the criteria that were accepted or edited."""
        document, positions = self._now
        return frozenset(x.id for n, x in enumerate(walk(document.criteria)) if n in positions)

    @property
    def edits(self) -> int:
        """How many edits were made; an acceptance is none."""
        return sum(not isinstance(step, Accept) for step in self.steps[: self.count])

    def then(self, step: Step) -> Review:
        """The review with one more step; what was undone before is gone. Raises `EditError` where it cannot be made."""
        review = replace(self, steps=(*self.steps[: self.count], step), count=self.count + 1)
        review.__dict__["_now"] = _after(step, *self._now)
        return review

    def undone(self) -> Review:
        """The review without its last step. Raises `EditError` where there is none."""
        if not self.count:
            raise EditError("nothing to undo")
        return replace(self, count=self.count - 1)

    def redone(self) -> Review:
        """The review with the step that was undone last. Raises `EditError` where there is none."""
        if self.count == len(self.steps):
            raise EditError("nothing to do again")
        return replace(self, count=self.count + 1)

    @cached_property
    def _now(self) -> tuple[Document, frozenset[int]]:
        """The document, and the positions in reading order of the criteria looked at."""
        now = self.base, frozenset(n for n, x in enumerate(walk(self.base.criteria)) if x.id in self.seen)
        for step in self.steps[: self.count]:
            now = _after(step, *now)
        return now


def _after(step: Step, document: Document, looked_at: frozenset[int]) -> tuple[Document, frozenset[int]]:
    item = found(document.criteria, step.criterion)
    position = next(n for n, x in enumerate(walk(document.criteria)) if x is item)
    if isinstance(step, Accept):
        return document, looked_at | {position} if step.accepted else looked_at - {position}
    after = apply(document, step)
    match step:
        # no other edit changes the reading order
        case Split():
            second = position + sum(1 for _ in walk([found(after.criteria, step.criterion)]))
            return after, frozenset(n + (n >= second) for n in looked_at) | {position, second}
        case Join():
            return after, frozenset(n - (n >= position) for n in looked_at) | {position - 1}
    return after, looked_at | {position}


def gold(document: Document) -> Document:
    """A corrected document as gold: said by people, so with no parser, notes or confidence."""
    return without_confidence(structs.replace(document, parser=None, notes=(), format="protoparse.criteria/1"))
