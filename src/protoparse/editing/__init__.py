"""Corrections of a document by hand: small edits that can be stored, undone and counted.

Document, Edit ─ edits ─▶ Document; a base and its edits ─ review ─▶ a Review that undoes and does again
"""

from protoparse.editing.edits import (
    AddFact,
    Compare,
    Edit,
    Enclose,
    Join,
    MoveItem,
    Name,
    Negate,
    Remove,
    Reword,
    SetCombine,
    SetDomain,
    SetExperiencer,
    SetKind,
    SetTime,
    Split,
    apply,
)
from protoparse.editing.review import Accept, Review, Step, gold

__all__ = [
    "Accept",
    "AddFact",
    "Compare",
    "Edit",
    "Enclose",
    "Join",
    "MoveItem",
    "Name",
    "Negate",
    "Remove",
    "Review",
    "Reword",
    "SetCombine",
    "SetDomain",
    "SetExperiencer",
    "SetKind",
    "SetTime",
    "Split",
    "Step",
    "apply",
    "gold",
]
