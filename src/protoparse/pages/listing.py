"""What a page lists, each item beside the text it is about, packed small.

In: documents with their texts, and items that point into them. Out: what `listing.js` unpacks, filters and shows; every
string is in it once.

>>> packed = listing([("a", "No stroke")], [Facet(key="outcome", label="Outcome")],
...                  [Item(document=0, span=(3, 9), facets={"outcome": "missed"}, says=(("gold", "stroke"),))])
>>> packed["strings"], packed["items"]
(['gold', 'stroke'], [[0, 3, 9, -1, [0], [0, 1]]])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from protoparse.model import Record, Span


class Facet(Record, frozen=True, kw_only=True):
    """What items can be filtered by: `options` come first and in this order, others that items have, behind, by name.

    The `key` stands in links: `#items?outcome=missed`.
    """

    key: str
    label: str
    options: tuple[str, ...] = ()


class Item(Record, frozen=True, kw_only=True):
    """One thing to look at: its document's number, its place there, what it is filtered by, and what is said of it.

    `place` names where it is besides, for example a criterion; `says` are pairs of a label and words.
    """

    document: int
    span: Span | None = None
    place: str | None = None
    facets: Mapping[str, str | tuple[str, ...]] = {}
    says: tuple[tuple[str, str], ...] = ()


def listing(
    documents: Sequence[tuple[str, str]], facets: Sequence[Facet], items: Iterable[Item], *, tone: str | None = None
) -> dict[str, Any]:
    """The items, packed for `listing.js`; `documents` are names and texts, `tone` the facet that colours an item."""
    items = list(items)
    options = {facet.key: _options(facet, items) for facet in facets}
    numbers = {key: {option: i for i, option in enumerate(of)} for key, of in options.items()}
    strings: dict[str, int] = {}

    def interned(words: str) -> int:
        return strings.setdefault(words, len(strings))

    def chosen(item: Item, key: str) -> int | list[int]:
        held = item.facets.get(key, ())
        return numbers[key][held] if isinstance(held, str) else [numbers[key][option] for option in held]

    packed = []
    for item in items:
        start, end = item.span or (-1, -1)
        place = -1 if item.place is None else interned(item.place)
        said = [interned(words) for pair in item.says for words in pair]
        packed.append([item.document, start, end, place, [chosen(item, facet.key) for facet in facets], said])
    return {
        "facets": [{"key": f.key, "label": f.label, "options": options[f.key]} for f in facets],
        "tone": tone,
        "documents": [{"name": name, "text": text} for name, text in documents],
        "strings": list(strings),
        "items": packed,
    }


def _options(facet: Facet, items: Iterable[Item]) -> list[str]:
    seen: set[str] = set()
    for item in items:
        held = item.facets.get(facet.key, ())
        seen.update((held,) if isinstance(held, str) else held)
    return [*facet.options, *sorted(seen.difference(facet.options))]
