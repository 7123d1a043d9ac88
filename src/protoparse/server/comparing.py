"""Two readings of one listing beside each other, and what somebody makes of the two.

In: two documents over one text, two revisions or a revision and a review. Out: the criteria that they read differently;
and, where for each of these one side was chosen, the document that both come to.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from msgspec.structs import replace

from protoparse.alignment import align
from protoparse.errors import EditError
from protoparse.model import Criterion, Document, renamed
from protoparse.render import render
from protoparse.server import view


class Differing(NamedTuple):
    """A criterion that two readers read differently; one side is missing where only one of them has it as an item."""

    words: str
    old: view.Item | None
    new: view.Item | None

    @property
    def choosable(self) -> bool:
        """Whether one side's reading can stand in the other's outline: both have it in the same words."""
        if self.old is None or self.new is None or self.old.words != self.new.words:
            return False
        old, new = self.old.criterion, self.new.criterion
        return (old.kind, old.group) == (new.kind, new.group)


def differing(old: Document, new: Document) -> list[Differing]:
    """What two readings of one text do not agree on, in reading order; raises `EditError` for two texts."""
    if old.text != new.text:
        raise EditError("these are readings of two texts: there is nothing to choose between")
    found = []
    for couple in align(old, new):
        one = None if couple.old is None else view.item(old, couple.old.criterion)
        other = None if couple.new is None else view.item(new, couple.new.criterion)
        if one is None or other is None or not _agree(one.criterion, other.criterion):
            shown = one or other
            assert shown is not None
            found.append(Differing(shown.words, one, other))
    return found


def settled(old: Document, new: Document, chosen: Collection[str]) -> Document:
    """The old document with the new one's reading of some criteria, which are named by their ids in the old one."""
    pairs = {x.old.criterion.id: x.new.criterion for x in differing(old, new) if x.old and x.new and x.choosable}
    for name in chosen:
        if name not in pairs:
            raise EditError(f"nothing to choose at {name}")

    def read(item: Criterion) -> Criterion:
        children = tuple(map(read, item.children))
        if item.id not in chosen:
            return replace(item, children=children)
        taken = pairs[item.id]
        combine = taken.combine if children and taken.children else item.combine
        return replace(item, rule=taken.rule, unparsed=taken.unparsed, combine=combine, children=children)

    return replace(old, criteria=tuple(map(read, old.criteria)))


def _agree(old: Criterion, new: Criterion) -> bool:
    """Whether two readings of a criterion say the same; codes are looked up, nobody reads them."""
    one, other = ((x.kind, x.group, x.combine if x.children else None, _english(x)) for x in (old, new))
    return one == other


def _english(criterion: Criterion) -> str | None:
    uncoded = None if criterion.rule is None else renamed(criterion.rule, lambda x: replace(x, codes=()))
    return None if uncoded is None else render(uncoded)
