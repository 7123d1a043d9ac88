"""Allergies whose substance stands behind the last of them: "allergy, intolerance or hypersensitivity to X" is one.

In: the members of a list and an allergen behind them. Out: the members that say something of their own.
"""

from __future__ import annotations

from bisect import bisect_left

from protoparse.grammar.drafts import Draft, Node, Tree
from protoparse.grammar.facts import Cutter
from protoparse.lexing import lexer


def of_allergen(cutter: Cutter, before: Tree, after: Tree) -> Tree | None:
    """What stands before an allergen without the allergies that await it, None where nothing else does."""
    while isinstance(after, Node):
        after = after.members[0]
    if not after.allergen:
        return before
    members = before.members if isinstance(before, Node) and before.op in ("any", "all") else [before]
    kept = awaited(cutter, members, after)
    return before if len(kept) == len(members) else Node("any", kept) if len(kept) > 1 else kept[0] if kept else None


def awaited(cutter: Cutter, members: list[Tree], right: Draft) -> list[Tree]:
    """The members without the allergies that await their substance: "allergy, intolerance or hypersensitivity to X"."""
    end = len(members)
    while end:
        bare = members[end - 1]
        if not isinstance(bare, Draft) or bare.domain != "allergy" or bare.term is None or bare.time is not None:
            break
        cue = lexer().phrase((bare.term.name, "to"))
        if cue is None or "allergy" not in cue.roles:
            break
        right.standing = right.standing or bare.standing
        right.modifiers = (*[m for m in bare.modifiers if m not in right.modifiers], *right.modifiers)
        right.includes = (*bare.includes, *right.includes)
        right.cover(bare.first, bare.last)
        if bare.concept:
            cutter.carry(bisect_left(cutter.starts, bare.concept[0]), bisect_left(cutter.starts, bare.concept[1]))
        end -= 1
    return members[:end]
