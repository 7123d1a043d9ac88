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
from numpy.lib.stride_tricks import sliding_window_view
from thinc.api import NumpyOps

from protoparse.concepts.forms import form

_REACH = 2
"""So many words to either side count in the first convolution."""
_SEEN = _REACH + 1
"""So many words on either side tell what a word is."""
_BLOCK = 8192
_MANY = 512
"""Among so many words most come again, with the same ones around them."""
_FAR = 16
"""So many words away no tag moves another."""
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
        self.kinds = np.array([self.labels.index(label) for label in self.labels])
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
        self.sway = _sway(self.moves)
        self.rows: dict[str, int] = {}
        self.forms = np.empty((1024, self.first.shape[1]), np.float32)

    def tag(self, sequences: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[list[Tagged]]:
        """The spans of each sequence of (words, classes)."""
        filled = [k for k, (words, _) in enumerate(sequences) if words]
        found: list[list[Tagged]] = [[] for _ in sequences]
        if not filled:
            return found
        lengths = [len(sequences[k][0]) for k in filled]
        begins = np.cumsum([0, *lengths])
        tags = self._path(self._scored([sequences[k] for k in filled], lengths), begins[:-1])
        here = self.kinds[tags]
        new = self.begins[tags]
        new[begins[:-1]] = True
        new[1:] |= here[1:] != here[:-1]
        first = (here > 0) & new
        last = here > 0
        last[:-1] &= new[1:]
        spans = np.nonzero(first)[0], np.nonzero(last)[0] + 1
        of = np.searchsorted(begins, spans[0], "right") - 1
        places = zip(of.tolist(), (spans[0] - begins[of]).tolist(), (spans[1] - begins[of]).tolist(), strict=True)
        for (k, begin, end), kind in zip(places, here[spans[0]].tolist(), strict=True):
            found[filled[k]].append(Tagged(begin, end, self.labels[kind]))
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
        at = np.arange(sum(lengths)) + np.repeat(gap * np.arange(1, len(lengths) + 1), lengths)
        rows = self._rows_of([w for words, _ in sequences for w in words])
        classes = [self.classes.get(c, 0) for _, seq in sequences for c in seq]
        here, asked, again = at, at, None
        word = np.full(total, len(rows))
        word[at] = np.arange(len(rows))
        if len(rows) > _MANY:
            asked, again = _unlike(rows, classes, at, total)
            here = np.unique([asked - 1, asked, asked + 1])
            here = here[word[here] < len(rows)]
            alike = np.array(rows) * len(self.class_rows) + classes
            _, own, same = np.unique(alike, return_index=True, return_inverse=True)
            word[word == len(rows)] = len(own)
            word[at] = same
            rows, classes = [rows[k] for k in own], [classes[k] for k in own]
        parts = (self.forms[rows] + self.class_rows[classes]).reshape(-1, places, width)
        parts = np.concatenate([parts, np.zeros_like(parts[:1])])
        # torch's convolution: the input at t + place - reach has the weight of that place
        one = sum(parts[word[here + place - _REACH], place] for place in range(places)) + self.first_bias
        np.maximum(one, 0, out=one)
        padded = np.zeros((total, width), np.float32)
        padded[here] = one
        one = padded[asked]
        near = np.concatenate([padded[asked - 1], one, padded[asked + 1]], axis=1)
        two = _product(near, self.second) + self.second_bias
        np.maximum(two, 0, out=two)
        scores = _product(one + two, self.head) + self.head_bias
        return scores if again is None else scores[again]

    def _path(self, scores: Any, begins: Any) -> Any:
        """The best tags of the words of all sequences (Viterbi), which begin at the places `begins`.

        A tag that is ahead by more than any neighbours could take back is on the best path; what lies between two such
        words is found by itself.
        """
        count = np.arange(len(scores))
        tags = scores.argmax(1)
        doubtful = (scores + self.sway[tags] >= scores[count, tags, None]).any(1)
        begun = np.zeros(len(scores) + 1, bool)
        begun[begins] = begun[-1] = True
        first, last = _runs(doubtful, begun)
        if (last - first).max(initial=0) > 4 * _FAR:
            runs = zip(first, last, strict=True)
            cuts = np.concatenate([np.arange(a + 2 * _FAR, b - _FAR, 2 * _FAR) for a, b in runs])
            around = cuts[:, None] + np.arange(-_FAR, _FAR + 1)
            near = self._path(scores[around].reshape(-1, scores.shape[1]), np.arange(0, around.size, 2 * _FAR + 1))
            tags[cuts] = near[_FAR :: 2 * _FAR + 1]
            doubtful[cuts] = False
            first, last = _runs(doubtful, begun)
        if not len(first):
            return tags
        led, ended = first[~begun[first]], last[~begun[last + 1]]
        scores[led] += self.moves[tags[led - 1]]
        scores[ended] += self.moves[:, tags[ended + 1]].T
        order = np.argsort(first - last, kind="stable")  # longest first, so that those that end fall away
        first, size = first[order], (last - first)[order] + 1
        moves = self.moves.T[None].copy()
        alpha = scores[first]
        back = []
        lives = np.searchsorted(-size, -np.arange(1, size[0]), "left").tolist()
        for t, live in enumerate(lives, 1):
            step = alpha[:live, None, :] + moves
            back.append(step.argmax(2))
            alpha[:live] = step.max(2) + scores[first[:live] + t]
        here = alpha.argmax(1)
        tags[first + size - 1] = here
        for t, live in zip(range(size[0] - 1, 0, -1), reversed(lives), strict=True):
            here[:live] = back[t - 1][count[:live], here[:live]]
            tags[first[:live] + t - 1] = here[:live]
        return tags


def _runs(doubtful: Any, begun: Any) -> tuple[Any, Any]:
    """The first and the last word of each run of doubtful ones, none longer than its sequence."""
    bounds = np.concatenate([[True], ~doubtful, [True]])
    first = doubtful & (begun[:-1] | bounds[:-2])
    return np.nonzero(first)[0], np.nonzero(doubtful & (begun[1:] | bounds[2:]))[0]


def _sway(moves: Any) -> Any:
    """By how much the tags of its neighbours can move a word from a tag (row) to another one."""
    into = (moves[:, None, :] - moves[:, :, None]).max(0)
    out = (moves[None, :, :] - moves[:, None, :]).max(2)
    sway = np.maximum(into, 0) + np.maximum(out, 0)
    np.fill_diagonal(sway, -np.inf)
    return sway


def _unlike(rows: Sequence[int], classes: Sequence[int], at: Any, total: int) -> tuple[Any, Any]:
    """One place of all words that look the same, with what counts around them; and of each word which that is."""
    seen = np.full((total + 2, 2), -1, np.int32)
    seen[at + 1] = np.array([rows, classes]).T
    around = sliding_window_view(seen, 2 * _SEEN + 1, axis=0)[at + 1 - _SEEN].reshape(len(at), -1)
    views = around.view(f"S{around[0].nbytes}").ravel().tolist()
    one = dict(zip(views, at.tolist(), strict=True))
    places, again = np.unique(list(map(one.__getitem__, views)), return_inverse=True)
    return places, again


@cache
def tagger(style: str = "house") -> Tagger:
    """The tagger that ships with the package, read when it is first asked for."""
    data = (files("protoparse") / "concepts" / "model.npz").read_bytes()
    with np.load(BytesIO(data)) as stored:
        return Tagger(dict(stored), style=style, name=f"tagger-{crc32(data):08x}")
