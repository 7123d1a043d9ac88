"""The target `spacy`: documents as a spaCy `DocBin`, each text with its facts as groups of spans.

In: documents. Out: the bytes of a `DocBin`, which `DocBin().from_bytes(data).get_docs(nlp.vocab)` reads.

Groups: `criteria` (labelled by kind), `concepts` (by domain, the first code as `kb_id_`), `values`, `counts`, `doses`,
`windows`, `modifiers` (by type), `negated` (concepts again) and `unread`. A span's `id_` is the criterion's id, with
the fact's place in the rule behind. Tokens are those of `spacy.blank("en")`, cut where a span begins or ends, so that
every span is exact. `doc.user_data["criteria"]` is the whole criteria JSON: what spans do not say is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from protoparse.export.exporting import Result, jointly
from protoparse.export.marks import Marked, marked, placed_criteria, tokens, unread
from protoparse.model import Document, Span, dump

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

GROUPS = ("criteria", "concepts", "values", "counts", "doses", "windows", "modifiers", "negated", "unread")


def _part(document: Document, *, name: str) -> Result:
    return Result((name, document))


def _bind(parts: Sequence[tuple[str, Document]]) -> bytes:
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab = Vocab()
    docs = DocBin(store_user_data=True, docs=(_doc(vocab, *part) for part in parts))
    return docs.to_bytes()


def _doc(vocab: Vocab, name: str, document: Document) -> Doc:
    from spacy.tokens import Doc, SpanGroup
    from spacy.tokens import Span as Tokens

    found, criteria, holes = list(marked(document)), list(placed_criteria(document)), list(unread(document))
    places = [*(mark.span for one in found for mark in one.marks), *(c.span for c in criteria), *holes]
    cut = tokens(document.text, places)
    words, spaces = _spaced(document.text, cut, places)
    doc = Doc(vocab, words=words, spaces=spaces)
    first = {token.idx: token.i for token in doc}
    last = {token.idx + len(token): token.i + 1 for token in doc}

    def span(place: Span, label: str, id_: str = "", code: str = "") -> Tokens:
        return Tokens(doc, first[place[0]], last[place[1]], label=label, span_id=id_, kb_id=code)

    groups: dict[str, list[Tokens]] = {group: [] for group in GROUPS}
    groups["criteria"] = [span(c.span, c.kind, c.id) for c in criteria]
    groups["unread"] = [span(place, "unread") for place in holes]
    for one in found:
        for mark in one.marks:
            code = _code(one) if mark.kind == "concept" else ""
            made = span(mark.span, mark.label, f"{one.criterion.id} {one.placed.path}", code)
            groups[f"{mark.kind}s"].append(made)
            if mark.kind == "concept" and one.placed.negated:
                groups["negated"].append(made)
    for group, spans in groups.items():
        doc.spans[group] = SpanGroup(doc, name=group, spans=spans)
    doc.user_data["name"] = name
    doc.user_data["criteria"] = dump(document).decode()
    return doc


def _code(one: Marked) -> str:
    codes = one.placed.fact.concept.codes
    return f"{codes[0].system}:{codes[0].code}" if codes else ""


def _spaced(text: str, cut: Iterable[Span], places: Sequence[Span]) -> tuple[list[str], list[bool]]:
    """Words, and whether a space stands behind each: spaCy keeps a single space, if no span begins or ends with it."""
    begins, ends = {start for start, _ in places}, {end for _, end in places}
    words: list[str] = []
    spaces: list[bool] = []
    for start, end in cut:
        loose = start not in begins and end not in ends
        if text[start:end] == " " and loose and words and not spaces[-1] and not words[-1].isspace():
            spaces[-1] = True
        else:
            words.append(text[start:end])
            spaces.append(False)
    return words, spaces


EXPORTER = jointly("spacy", "a spaCy DocBin with groups of spans", ".spacy", _part, _bind)
