"""Who consents: the patient, somebody for him, or either of the two ("signed by the patient or a guardian").

In: the lexemes of an item and where a consent is named. Out: whether somebody else consents, and whether the patient
may as well; "parent or guardian able to give consent" is of the caregiver alone.
"""

from __future__ import annotations

import re
from typing import Literal

from protoparse.grammar.items import Item

_GUARDIAN = "legal guardian"
# G a guardian, Q patients, # the consent
_EITHER = re.compile(r"Q[dvs')]*[|/(][dvpQ'-]*G[^,|/!#]*#|#[^,|/!&]*Q[dvs')]*[|/(][dvpQ'-]*G")
_OTHER = re.compile(r"^[dv&]*G[^,|/!Q]*#|#[^,|/!&(Q]*G")


def consenter(item: Item, first: int) -> Literal["either", "other"] | None:
    """Whether somebody else gives the consent that is named at `first`, or either that or the patient."""
    begin = item.codes.rfind(".", 0, first - item.offset) + 1
    end = item.codes.find(".", first - item.offset)
    said = list(item.codes[begin : end if end >= 0 else len(item.codes)])
    found = False
    for k, code in enumerate(said):
        if code != "v":
            continue
        roles = item.entries[item.offset + begin + k].roles
        term = roles.get("concept")
        if term is not None and term.name == _GUARDIAN:
            said[k], found = "G", True
        elif "population" in roles:
            said[k] = "Q"
    if not found:
        return None
    said[first - item.offset - begin] = "#"
    told = "".join(said)
    if _EITHER.search(told):
        return "either"
    return "other" if _OTHER.search(told) else None
