"""Items that a connective joins: "1. Rash for five days, OR 2. A positive culture" are two ways to meet one criterion.

In: the items of one list, what each begins and ends with, and how the list counts. Out: the list with joined
neighbours below an item of their own, which has no words and says how they count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from protoparse.model import Combine

T = TypeVar("T")
_LAST = re.compile(r"(?:^|[\s,;(.])(?P<word>and\s*/\s*or|or|and)\W*$", re.I)
_FIRST = re.compile(r"\W*(?P<word>OR|Or|or|AND)\b(?!\s*/)[\s,:]")


def joined(
    items: Sequence[T],
    links: Sequence[Combine | None],
    combine: Combine,
    group: Callable[[Sequence[T], Combine], T],
) -> tuple[T, ...]:
    """The items of a list that is combined as `combine`, neighbours with another link between them made one by `group`.

    `links` are what `link` finds between each item and the next.
    """
    wanted: Combine = "all" if combine == "any" else "any"
    if wanted not in links or combine not in ("all", "then", "any"):
        return tuple(items)
    made: list[T] = []
    chain = [items[0]]
    for item, linked in zip(items[1:], links, strict=True):
        if linked != wanted:
            made.append(group(chain, wanted) if len(chain) > 1 else chain[0])
            chain = []
        chain.append(item)
    made.append(group(chain, wanted) if len(chain) > 1 else chain[0])
    return tuple(made)


def link(before: str, behind: str) -> Combine | None:
    """What joins two neighbours, by what the first ends with or the second begins with.

    "And" is only heard in capitals: in lower case it most often is no more than the end of a list.

    >>> link("Rash for five days, or", "A positive culture")
    'any'
    """
    found = _LAST.search(before[-12:]) or _FIRST.match(behind)
    if not found:
        return None
    word = found["word"]
    return "any" if "or" in word.lower() else "all" if word.isupper() else None
