"""Allergies and their substances: "allergy or hypersensitivity to X" is one, "intolerant of care" has none.

In: the members of a list and an allergen behind them, or a draft of one. Out: the members that say something of their
own; what the draft is of.
"""

from __future__ import annotations

from bisect import bisect_left

from protoparse.grammar.drafts import Draft, Node, Tree
from protoparse.grammar.items import Item
from protoparse.lexicon import fold
from protoparse.lexing import lexer
from protoparse.model import Modifier

_INTOLERANT = "intolerant"


def of_allergen(item: Item, before: Tree, after: Tree) -> Tree | None:
    """What stands before an allergen without the allergies that await it, None where nothing else does."""
    while isinstance(after, Node):
        after = after.members[0]
    if not after.allergen:
        return before
    members = before.members if isinstance(before, Node) and before.op in ("any", "all") else [before]
    kept = awaited(item, members, after)
    return before if len(kept) == len(members) else Node("any", kept) if len(kept) > 1 else kept[0] if kept else None


def awaited(item: Item, members: list[Tree], right: Draft) -> list[Tree]:
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
            item.carry(bisect_left(item.starts, bare.concept[0]), bisect_left(item.starts, bare.concept[1]))
        end -= 1
    return members[:end]


def awaiting(item: Item, i: int) -> int:
    """The allergy of which so many are told in front of i ("intolerance to at least one statin"), else -1."""
    k = i - 1
    while k >= item.offset and item.code(k) in "<n":
        k -= 1
    return k if item.offset <= k < i - 1 and "allergy" in item.entries[k].roles else -1


def not_borne(item: Item, draft: Draft, cue: int) -> None:
    """Name what people are by itself, what was not borne its cause ("intolerant of treatment")."""
    start, cause = item.starts[cue], draft.concept
    if draft.treated and cause is not None and item.entries[cue].text.startswith(_INTOLERANT):
        text = item.text[slice(*cause)]
        draft.modifiers += (Modifier(type="cause", text=text, span=cause, value=fold(text)),)
        draft.concept = (start, start + len(_INTOLERANT))
