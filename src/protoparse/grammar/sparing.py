"""A list of tumours that are let off, where commas or semicolons lead on: "cancer except A; B in situ; or treated C".

In: the statements on both sides of a stop. Out: the exception that goes on behind it, None where something else begins.
"""

from __future__ import annotations

import re

from protoparse.grammar.drafts import Draft, Node, Tree, alternatives, drafts, last_draft
from protoparse.grammar.facts import Cutter

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def sparing_on(cutter: Cutter, before: Tree, after: Tree, place: int) -> Node | None:
    """The exception from a cancer that what stands behind the stop at a place goes on with.

    Only a tumour that is treated, in situ or the like is one more; "cancer except of the skin; brain tumours" are two.
    """
    if cutter.text[place] not in ";；,":
        return None
    node = before
    while isinstance(node, Node) and node.op != "except":
        node = node.members[0 if node.op == "not" else -1]
    if not isinstance(node, Node) or not _tumour(cutter, last_draft(node.members[0])):
        return None
    named = any(_tumour(cutter, d) for d in drafts(after))
    return node if named and all(_harmless(cutter, tree) for tree in alternatives(after)) else None


def _harmless(cutter: Cutter, tree: Tree) -> bool:
    """Whether a disease is named that does not count as a cancer that somebody had ("treated …", "… in situ")."""
    said = list(drafts(tree))
    if any(d.anew == "people" for d in said) or not any(d.domain == "condition" for d in said):
        return False
    return any("harmless" in cutter.roles(word) for d in said for word in _words(cutter, d.first, d.last))


def _tumour(cutter: Cutter, draft: Draft) -> bool:
    """Whether a statement names a tumour."""
    if draft.concept is None or draft.domain != "condition":
        return False
    return any("tumour" in cutter.roles(word) for word in _words(cutter, *draft.concept))


def _words(cutter: Cutter, start: int, end: int) -> list[str]:
    return _WORD.findall(cutter.text[max(start, 0) : end].lower())
