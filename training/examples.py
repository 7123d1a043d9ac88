"""Texts as the tagger sees them: the words of each piece, what the tables make of them, and the annotated spans.

In: a text with spans by character. Out: `Example`s with spans by word, one for each piece of an item's own text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corpora import Span
from protoparse.concepts.recogniser import piece, runs
from protoparse.lexing import Lexer
from protoparse.outline import outline


class Example(NamedTuple):
    """One piece: its words, their gazetteer classes, the spans `(first word, last word + 1, label)`."""

    words: Sequence[str]
    classes: Sequence[str]
    spans: tuple[Span, ...]


def examples(text: str, spans: Sequence[Span], lexer: Lexer) -> Iterator[Example]:
    """The examples of a text; a span that begins or ends inside a word has that word as a whole."""
    own = [span for item in outline(text).items for i in item.within() for span in i.read()]
    lexemes = lexer.lex(text, own)
    for first, last in runs(lexemes):
        words, classes, starts, ends = piece(text, lexemes, first, last)
        inside = []
        for begin, end, label in spans:
            touched = [k for k, (a, b) in enumerate(zip(starts, ends, strict=True)) if a < end and begin < b]
            if touched and starts[0] <= begin and end <= ends[-1]:
                inside.append((touched[0], touched[-1] + 1, label))
        yield Example(words, classes, tuple(inside))
