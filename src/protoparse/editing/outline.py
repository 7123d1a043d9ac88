"""Items moved in the outline of a document, as in any outliner: inwards, outwards, to the other kind.

In: the criteria and an id. Out: the criteria, numbered anew. The reading order never changes: an item goes inwards as
the last child of the one before it, and outwards behind its parent, taking the items that follow it as children.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from protoparse.errors import EditError
from protoparse.model import Combine, Criterion, Kind

Criteria: TypeAlias = tuple[Criterion, ...]
Siblings: TypeAlias = Callable[[Criteria, int], Criteria]
"""What siblings become, seen from the one at a position."""


def found(criteria: Criteria, name: str) -> Criterion:
    """The criterion of an id; raises `EditError` where there is none."""
    for criterion in criteria:
        if criterion.id == name:
            return criterion
        if name.startswith(f"{criterion.id}."):
            return found(criterion.children, name)
    raise EditError(f"no criterion {name!r}")


def replaced(criteria: Criteria, name: str, change: Callable[[Criterion], Criterion]) -> Criteria:
    """The criteria with the one of an id changed, children and all."""
    return among(criteria, name, lambda siblings, at: (*siblings[:at], change(siblings[at]), *siblings[at + 1 :]))


def among(criteria: Criteria, name: str, change: Siblings) -> Criteria:
    """The criteria with the siblings of an id changed; raises `EditError` where there is no such id."""
    for at, criterion in enumerate(criteria):
        if criterion.id == name:
            return change(criteria, at)
        if name.startswith(f"{criterion.id}."):
            below = replace(criterion, children=among(criterion.children, name, change))
            return (*criteria[:at], below, *criteria[at + 1 :])
    raise EditError(f"no criterion {name!r}")


def numbered(criteria: Sequence[Criterion]) -> Criteria:
    """The same criteria with the ids of their places: kind and position, dotted below the top."""
    counted: Counter[str] = Counter()

    def below(criterion: Criterion, name: str) -> Criterion:
        children = tuple(below(child, f"{name}.{n}") for n, child in enumerate(criterion.children, 1))
        return replace(criterion, id=name, children=children)

    def top(criterion: Criterion) -> Criterion:
        counted[criterion.kind] += 1
        return below(criterion, f"{criterion.kind}.{counted[criterion.kind]}")

    return tuple(map(top, criteria))


def inwards(criteria: Criteria, name: str) -> Criteria:
    """An item as the last child of the sibling before it; raises `EditError` where there is none."""

    def change(siblings: Criteria, at: int) -> Criteria:
        if not at:
            raise EditError(f"{name} has no item before it to go below")
        above, item = siblings[at - 1], siblings[at]
        item = of_kind(item, above.kind)
        parent = replace(
            above,
            children=(*above.children, item),
            combine=above.combine or usual(above.kind),
            span=(above.span[0], item.span[1]),
        )
        return (*siblings[: at - 1], parent, *siblings[at + 1 :])

    return numbered(among(criteria, name, change))


def outwards(criteria: Criteria, name: str, text: str) -> Criteria:
    """An item as the next sibling of its parent; its later siblings become its children.

    Raises `EditError` for an item at the top, and where the parent has words behind it, which would lie in both.
    """
    parent_name = name.rpartition(".")[0]
    if "." not in parent_name:
        raise EditError(f"{name} is at the top of the outline")

    def change(siblings: Criteria, at: int) -> Criteria:
        parent = siblings[at]
        n = next(n for n, child in enumerate(parent.children) if child.id == name)
        item, later = parent.children[n], parent.children[n + 1 :]
        children = (*item.children, *later)
        if parent.span[1] > (children[-1] if later else item).span[1]:
            raise EditError(f"{parent.id} goes on behind {name}")
        combine = (item.combine or parent.combine) if children else None
        left = parent.children[:n]
        own = text[parent.span[0] : item.span[0]].rstrip()
        shrunk = replace(
            parent,
            children=left,
            combine=parent.combine if left else None,
            span=(parent.span[0], left[-1].span[1] if left else parent.span[0] + len(own)),
        )
        moved = replace(item, children=children, combine=combine, span=(item.span[0], parent.span[1]))
        return (*siblings[:at], shrunk, moved, *siblings[at + 1 :])

    return numbered(among(criteria, parent_name, change))


def set_kind(criteria: Criteria, name: str, kind: Kind) -> Criteria:
    """An item of the top, and all below it, of another kind."""
    if name.count(".") > 1:
        raise EditError(f"{name} has its kind from the item above it: move it outwards first")
    return numbered(replaced(criteria, name, lambda item: of_kind(item, kind)))


def set_combine(criteria: Criteria, name: str, combine: Combine) -> Criteria:
    """An item whose children count otherwise."""

    def change(item: Criterion) -> Criterion:
        if not item.children:
            raise EditError(f"{name} has no children to combine")
        return replace(item, combine=combine)

    return replaced(criteria, name, change)


def of_kind(criterion: Criterion, kind: Kind) -> Criterion:
    """A criterion, and all below it, of a kind."""
    return replace(criterion, kind=kind, children=tuple(of_kind(child, kind) for child in criterion.children))


def usual(kind: Kind) -> Combine:
    """How children count where nothing is said: one excludes, all are required."""
    return "any" if kind == "exclusion" else "all"
