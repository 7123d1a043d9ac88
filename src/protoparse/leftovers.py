"""What of a criterion was not understood, words that join and say nothing aside.

In: a `Criterion` and the text of its document. Out: the pieces that may say something.
"""

from __future__ import annotations

import re
from functools import cache

from protoparse import lexicon
from protoparse.lexicon import fold
from protoparse.model import Criterion

_JOINING = ("and", "or", "comma", "stop", "open", "close", "slash", "colon", "dash", "filler")


def unread(criterion: Criterion, text: str) -> list[str]:
    """The pieces of a criterion's own text that were not understood and may say something.

    A text that breaks off ("Male participants ...") says more than there is to understand.
    """
    if criterion.rule is None and len(criterion.unparsed) == 1:
        [(start, end)] = criterion.unparsed
        if fold(text[start:end]).strip(" .:;-") in _nothing():
            return []  # "Exclusion Criteria: None"
    pieces = [text[start:end] for start, end in criterion.unparsed]
    found = [piece for piece in pieces if _joining().fullmatch(fold(piece)) is None]
    if not found and not criterion.children and text[slice(*criterion.span)].rstrip().endswith(("...", "…")):
        return ["…"]
    return found


@cache
def _nothing() -> frozenset[str]:
    rows = [row for row in lexicon.rows("records") if row["kind"] == "nothing"]
    return frozenset(word for row in rows for word in lexicon.spellings(row["words"]))


@cache
def _joining() -> re.Pattern[str]:
    words = {
        fold(spelling)
        for row in lexicon.rows("cues")
        if row["cue"] in _JOINING and not row["value"]
        for spelling in lexicon.spellings(row["phrases"])
    }
    said = sorted((w for w in words if w[0].isalnum() and w[-1].isalnum()), key=len, reverse=True)
    # no sign that compares or scores is mere punctuation: "≥", "+", "%"
    return re.compile(rf"(?:\b(?:{'|'.join(map(re.escape, said))})\b|[^\w+%°#$\u2200-\u22ff<=>±×]|_)*")
