"""Places of a corrected rule: taken from what was there before, or looked up among the words.

In: a rule without places and what is known. Out: the rule with the places that can be told.

>>> from protoparse.model import Concept, Fact
>>> gout = Fact(domain="condition", concept=Concept(text="gout", name="gout"))
>>> homed(gout, (), "no gout", (0, 7)).concept.span
(3, 7)
>>> without([(0, 10)], [(4, 6)], "one to six")
[(0, 3), (7, 10)]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from protoparse.model import Anchor, Concept, Fact, Modifier, Rule, Span, members, places, without_codes, without_spans

_SAID = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)
"""From the first letter or digit to the last."""


def hull(spans: Iterable[Span | None]) -> Span | None:
    """From where the first begins to where the last ends; None where there are none."""
    known = [span for span in spans if span is not None]
    return (min(start for start, _ in known), max(end for _, end in known)) if known else None


def without(spans: Iterable[Span], taken: Iterable[Span], text: str) -> list[Span]:
    """What of some stretches others do not take, joined where they meet, with no white space at the ends."""
    free = bytearray(len(text))
    for start, end in spans:
        free[start:end] = b"\x01" * (end - start)
    for start, end in taken:
        free[start:end] = bytes(end - start)
    found = []
    for match in re.finditer(rb"\x01+", bytes(free)):
        stretch = text[slice(*match.span())]
        start = match.start() + len(stretch) - len(stretch.lstrip())
        end = match.end() - len(stretch) + len(stretch.rstrip())
        if start < end:
            found.append((start, end))
    return found


def clipped(spans: Iterable[Span], outer: Span) -> list[Span]:
    """What of some stretches lies in another."""
    found = [(max(start, outer[0]), min(end, outer[1])) for start, end in spans]
    return [(start, end) for start, end in found if start < end]


def spoken(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether there is a letter or a digit in a stretch of text."""
    return any(map(str.isalnum, text[start:end]))


def loose(rule: Rule, before: Iterable[Span], heard: Span | None, words: Iterable[Span], text: str) -> list[Span]:
    """What of a criterion's words is unread under a new rule, the "and" of what is gone included.

    `before`: what was unread, and where the facts of the rule before stood; `heard`: all that it read.
    """
    gone = without([heard or (0, 0)], [rule.span or (0, 0)], text)
    free = [*before, *(said.span() for piece in gone if (said := _SAID.search(text, *piece)))]
    return without([piece for stretch in words for piece in clipped(free, stretch)], list(places(rule)), text)


def homed(rule: Rule, known: Sequence[Fact], text: str, within: Span) -> Rule:
    """A rule with no places whose parts take them from facts that had the same parts, or from their words.

    A fact that stays as it was keeps its codes too.
    """
    homes: dict[Any, Any] = {}
    for fact in known:
        for record in _records(fact):
            homes.setdefault(without_codes(without_spans(record)), record)
    return _homed(rule, homes, text, within)  # type: ignore[no-any-return]


def _homed(value: Any, homes: dict[Any, Any], text: str, within: Span) -> Any:
    if isinstance(value, tuple):
        return tuple([_homed(x, homes, text, within) for x in value])
    if not isinstance(value, Struct):
        return value
    if (home := homes.get(without_codes(value))) is not None:
        return home
    fields = {name: _homed(getattr(value, name), homes, text, within) for name in value.__struct_fields__}
    made = replace(value, **fields)
    if isinstance(made, Concept | Modifier | Anchor):
        return replace(made, span=_found(made.text, text, within))
    if isinstance(made, Fact):
        return replace(made, span=hull(places(made)), confidence=UNSET)
    if isinstance(made, Rule):
        return replace(made, span=hull(member.span for member in members(made)))
    return made


def _found(words: str | None, text: str, within: Span) -> Span | None:
    """The first place of words in a stretch of text, as whole words, white space aside."""
    if not words or not words.strip():
        return None
    pattern = r"\s+".join(map(re.escape, words.split()))
    match = re.compile(rf"(?<!\w){pattern}(?!\w)").search(text, *within)
    return match and match.span()


def _records(value: Any) -> Iterator[Struct]:
    """Every record with a place, in a record."""
    if isinstance(value, Struct):
        if getattr(value, "span", None) is not None:
            yield value
        for name in value.__struct_fields__:
            yield from _records(getattr(value, name))
    elif isinstance(value, tuple):
        for member in value:
            yield from _records(member)
