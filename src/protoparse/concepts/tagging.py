"""The learned tagger at run time: words to spans that name things, in numpy.

In: words as printed, each with what the vocabulary makes of it. Out: spans with a label, "severe heart failure" gives
(1, 3, "condition"). All that depends on a word form alone, up to its part in the first convolution, is computed once
a form and kept; what is left for a text is a few look-ups, one product of matrices and the best path of tags.
The network is described and trained in `training/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from thinc.api import NumpyOps

from protoparse.concepts.forms import form

_REACH = 2
"""So many words to either side count in the first convolution."""
_SEEN = _REACH + 1
"""So many words on either side tell what a word is."""
_BLOCK = 8192
_KEPT = 20_000
"""Forms whose vectors are kept."""
_product = NumpyOps().gemm
"""Of matrices, in one thread: for products as small as these, numpy's threads wait for one another."""
STYLES = ("house", "lct", "chia")
"""Whose rules decide what is a name and where it ends: a mean of two corpora's, or one's own."""


class Tagged(NamedTuple):
    """Words `[first, last)` of a sequence, and what they name."""

    first: int
    last: int
    label: str


class Tagger:
    """The network's tables, ready for use.

    `weights`: arrays by name, as `training/` writes them; `name` tells one model from another. `style`: one of
    `STYLES`; raises `ValueError` for anything else.
    """

    def __init__(self, weights: Mapping[str, Any], *, style: str = "house", name: str = "tagger") -> None:
        if style not in STYLES:
            raise ValueError(f"style={style!r}: {', '.join(map(repr, STYLES))} are known")
        self.name = name
        f = {name: np.asarray(value, np.float32) for name, value in weights.items() if value.dtype.kind == "f"}
        self.known = {word: row for row, word in enumerate(str(weights["words"]).split("\n"))}
        self.classes = {name: row for row, name in enumerate(str(weights["classes"]).split("\n"))}
        tags = str(weights["tags"]).split("\n")
        self.labels = [tag[2:] for tag in tags]
        self.begins = np.array([tag[0] == "B" for tag in tags])
        self.word, self.group, self.shape = f["word"], f["group"], f["shape"]
        self.scale, self.shift = f["scale"], f["shift"]
        width = self.word.shape[1]
        self.width = width
        # (out, in, place) as torch has it, to one matrix: a row of input gives its part at each place
        self.first = np.ascontiguousarray(f["first"].transpose(1, 2, 0)).reshape(width, -1)
        self.class_rows = _product(f["gazetteer"], f["first_class"].transpose(1, 2, 0).reshape(width, -1))
        self.first_bias = f["first_bias"]
        self.second = np.ascontiguousarray(f["second"].transpose(2, 1, 0)).reshape(-1, width)
        self.second_bias = f["second_bias"]
        self.head = f[f"{style}.head"].T.copy()
        self.head_bias, self.moves = f[f"{style}.head_bias"], f[f"{style}.moves"]
        self.rows: dict[str, int] = {}
        self.forms = np.empty((1024, self.first.shape[1]), np.float32)

    def tag(self, sequences: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[list[Tagged]]:
        """The spans of each sequence of (words, classes)."""
        filled = [k for k, (words, _) in enumerate(sequences) if words]
        found: list[list[Tagged]] = [[] for _ in sequences]
        if not filled:
            return found
        lengths = [len(sequences[k][0]) for k in filled]
        scores = self._scored([sequences[k] for k in filled], lengths)
        for k, tags in zip(filled, self._paths(scores, lengths), strict=True):
            found[k] = self._spans(tags)
        return found

    def _rows_of(self, words: Sequence[str]) -> list[int]:
        rows = self.rows
        if len(rows) > _KEPT:
            rows.clear()
        unseen = [w for w in dict.fromkeys(words) if w not in rows]
        if unseen:
            while len(rows) + len(unseen) > len(self.forms):
                self.forms = np.concatenate([self.forms, np.empty_like(self.forms)])
            begin = len(rows)
            self.forms[begin : begin + len(unseen)] = self._vectors(unseen)
            rows.update(zip(unseen, range(begin, begin + len(unseen)), strict=True))
        return [rows[w] for w in words]

    def _vectors(self, words: Sequence[str]) -> Any:
        """What forms give to the first convolution at each of its places: (forms, places × width)."""
        found = [form(w, self.known) for w in words]
        x = self.word[[f.word for f in found]] + self.shape[[f.shape for f in found]]
        x += np.stack([self.group[list(f.groups)].mean(0) for f in found])
        x -= x.mean(1, keepdims=True)
        x /= np.sqrt((x * x).mean(1, keepdims=True) + 1e-5)
        return _product(x * self.scale + self.shift, self.first)

    def _scored(self, sequences: Sequence[tuple[Sequence[str], Sequence[str]]], lengths: Sequence[int]) -> Any:
        """The score of every tag for every word, in blocks that fit into the processor's memory where there are many.

        A sequence is cut where it is longer than a block; each part is then read with the words around it.
        """
        if sum(lengths) <= _BLOCK:
            return self._scores(sequences, lengths)
        found = []
        parts: list[tuple[Sequence[str], Sequence[str]]] = []
        own: list[Any] = []
        size = 0
        for (words, classes), length in zip(sequences, lengths, strict=True):
            for first in range(0, length, _BLOCK):
                last = min(first + _BLOCK, length)
                begin, end = max(first - _SEEN, 0), min(last + _SEEN, length)
                if parts and size + end - begin > _BLOCK:
                    found.append(self._scores(parts, [len(w) for w, _ in parts])[np.concatenate(own)])
                    parts, own, size = [], [], 0
                own.append(np.arange(size + first - begin, size + last - begin))
                parts.append((words[begin:end], classes[begin:end]))
                size += end - begin
        found.append(self._scores(parts, [len(w) for w, _ in parts])[np.concatenate(own)])
        return np.concatenate(found)

    def _scores(self, sequences: Sequence[tuple[Sequence[str], Sequence[str]]], lengths: Sequence[int]) -> Any:
        """The score of every tag for every word of all sequences, one behind the other."""
        places, width = 2 * _REACH + 1, self.width
        gap = _REACH  # empty words between sequences, so that none sees the next
        total = sum(lengths) + gap * (len(lengths) + 1)
        at = np.concatenate(
            [
                np.arange(n) + start
                for n, start in zip(lengths, np.cumsum([gap, *[n + gap for n in lengths[:-1]]]), strict=True)
            ]
        )
        words = [w for seq, _ in sequences for w in seq]
        classes = [self.classes.get(c, 0) for _, seq in sequences for c in seq]
        rows = self._rows_of(words)
        parts = (self.forms[rows] + self.class_rows[classes]).reshape(-1, places, width)
        one = np.zeros((total, width), np.float32)
        # torch's convolution: the input at t + place - reach has the weight of that place
        for place in range(places):
            one[at + (_REACH - place)] += parts[:, place]
        one = one[at] + self.first_bias
        np.maximum(one, 0, out=one)
        padded = np.zeros((total, width), np.float32)
        padded[at] = one
        near = np.concatenate([padded[at - 1], one, padded[at + 1]], axis=1)
        two = _product(near, self.second) + self.second_bias
        np.maximum(two, 0, out=two)
        return _product(one + two, self.head) + self.head_bias

    def _paths(self, scores: Any, lengths: Sequence[int]) -> list[Any]:
        """The best sequence of tags of each (Viterbi), longest first so that those that end fall away."""
        order = sorted(range(len(lengths)), key=lambda k: -lengths[k])
        starts = np.concatenate([[0], np.cumsum(lengths)])[:-1]
        begin = starts[order]
        size = [lengths[k] for k in order]
        moves = self.moves.T[None].copy()
        alpha = scores[begin]
        back = np.zeros((size[0], len(order), scores.shape[1]), np.int8)
        live = len(order)
        for t in range(1, size[0]):
            while size[live - 1] <= t:
                live -= 1
            step = alpha[:live, None, :] + moves
            back[t, :live] = step.argmax(2)
            alpha[:live] = step.max(2) + scores[begin[:live] + t]
        paths: list[Any] = [None] * len(order)
        for row, (k, tag) in enumerate(zip(order, alpha.argmax(1).tolist(), strict=True)):
            path = [tag]
            for came in back[lengths[k] - 1 : 0 : -1, row].tolist():
                path.append(came[path[-1]])
            paths[k] = path[::-1]
        return paths

    def _spans(self, tags: Any) -> list[Tagged]:
        found: list[Tagged] = []
        label, begin = "", 0
        for k, tag in enumerate([*tags, 0]):
            here = self.labels[tag]
            if label and (here != label or self.begins[tag]):
                found.append(Tagged(begin, k, label))
                label = ""
            if here and not label:
                label, begin = here, k
        return found


@cache
def tagger(style: str = "house") -> Tagger:
    """The tagger that ships with the package, read when it is first asked for."""
    data = (files("protoparse") / "concepts" / "model.npz").read_bytes()
    with np.load(BytesIO(data)) as stored:
        return Tagger(dict(stored), style=style, name=f"tagger-{crc32(data):08x}")
