"""What only heads a statement: "Cardiovascular: no infarction", "Surgery: patients must have recovered from it".

In: the words in front of a colon and the lexeme behind it. Out: whether the words are such a title, which asks for
nothing; "osteoarthritis: no surgery" asks for the disease.
"""

from __future__ import annotations

import re

from protoparse.grammar.completing import ADJECTIVE
from protoparse.grammar.facts import Cutter
from protoparse.grammar.terminals import Clause

_LONG = 4
"""A title has no more words."""
_DENIED = re.compile("![dmv]*[KMw]")


def heads(cutter: Cutter, title: Clause, i: int, last: int) -> bool:
    """Whether words, behind which a colon and the lexeme at i stand, say only what the statement there is about."""
    if title.type != "WORDS" or title.last - title.first > _LONG or i >= last:
        return False
    codes, offset = cutter.codes, cutter.offset
    if codes.find("M", title.first - offset, title.last - offset) >= 0:
        return False
    named = cutter.entries[title.last - 1]
    term = named.roles.get("concept")
    domain = term.domain if term is not None else None
    if _DENIED.match(codes, i - offset):
        return named.text.endswith(ADJECTIVE) or domain in ("procedure", "other")
    behind = cutter.entries[i].roles
    who = behind.get("concept")
    somebody = "population" in behind or (who is not None and who.domain == "person" and who.name != "age")
    return somebody and domain != "person" and (cutter.kind == "exclusion" or domain != "condition")
