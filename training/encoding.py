"""Examples as numbers: rows of the tagger's tables, and batches of them.

In: the words and gazetteer classes of the texts to learn from. Out: an `Encoder`, which knows each word, class, tag.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from corpora import LABELS
from examples import Example
from protoparse.concepts.forms import Form, form, normal

WORDS = 16_000
CLASSES = 150
_LONGEST = 120
"""Words of one piece that are learned from: what is longer is cut."""


class Encoded(NamedTuple):
    """A piece: the forms of its words, their classes, their tags (none where nothing is annotated)."""

    forms: list[int]
    classes: list[int]
    tags: list[int]


class Batch(NamedTuple):
    """Pieces side by side, (pieces, words) each; `inside` tells words from padding."""

    forms: Tensor
    classes: Tensor
    tags: Tensor
    inside: Tensor


class Encoder:
    """What every word, class and tag is a row of."""

    def __init__(self, pieces: Iterable[Example]) -> None:
        words: Counter[str] = Counter()
        classes: Counter[str] = Counter()
        for piece in pieces:
            words.update(map(normal, piece.words))
            classes.update(piece.classes)
        self.words = ["<unknown>", *(w for w, n in words.most_common(WORDS) if n >= 3)]
        self.classes = ["<none>", *(c for c, _ in classes.most_common(CLASSES))]
        self.tags = ["O", *(f"{mark}-{label}" for label in LABELS for mark in "BI")]
        self._word = {word: row for row, word in enumerate(self.words)}
        self._class = {name: row for row, name in enumerate(self.classes)}
        self._tag = {tag: row for row, tag in enumerate(self.tags)}
        self._rows: dict[str, int] = {}
        self.forms: list[Form] = []

    def encode(self, piece: Example) -> Encoded:
        """A piece as rows, its spans as tags."""
        tags = [0] * len(piece.words)
        for first, last, label in piece.spans:
            tags[first:last] = [self._tag[f"I-{label}"]] * (last - first)
            tags[first] = self._tag[f"B-{label}"]
        classes = [self._class.get(c, 0) for c in piece.classes]
        return Encoded([self._form(w) for w in piece.words][:_LONGEST], classes[:_LONGEST], tags[:_LONGEST])

    def _form(self, word: str) -> int:
        row = self._rows.get(word)
        if row is None:
            row = self._rows[word] = len(self.forms)
            self.forms.append(form(word, self._word))
        return row


def batches(pieces: Sequence[Encoded], size: int, rng: random.Random) -> Iterator[Batch]:
    """The pieces in batches of about one length, in random order."""
    order = list(range(len(pieces)))
    rng.shuffle(order)
    order.sort(key=lambda k: len(pieces[k].forms) // 8)
    groups = [order[k : k + size] for k in range(0, len(order), size)]
    rng.shuffle(groups)
    for group in groups:
        yield batch([pieces[k] for k in group])


def batch(pieces: Sequence[Encoded]) -> Batch:
    """Pieces side by side, padded to the longest."""
    shape = len(pieces), max(len(p.forms) for p in pieces)
    forms, classes, tags = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    inside = torch.zeros(shape, dtype=torch.bool)
    for row, piece in enumerate(pieces):
        length = len(piece.forms)
        forms[row, :length] = torch.tensor(piece.forms)
        classes[row, :length] = torch.tensor(piece.classes)
        tags[row, :length] = torch.tensor(piece.tags)
        inside[row, :length] = True
    return Batch(forms, classes, tags, inside)
