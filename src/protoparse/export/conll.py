"""The target `conll`: the tokens of a text one a line, tagged in IOB2, for sequence taggers.

In: documents. Out: lines of five columns, parted by tabs: token, where it begins and ends in the text, the tag of the
concept that it is in (`B-drug`), and that of the value, count, dose, window or modifier (`B-value`), or of unread text.
An empty line ends a line of the text; `# document = NAME` begins a document.

Tags hold words and what kind of thing they are. What a rule says beyond a single name is lost, and of two concepts that
overlap all but the first and longest.

>>> from protoparse import parse
>>> [line.split("\\t") for line in EXPORTER.make(parse("Gout"), name="a").payload.splitlines()]
[['# document = a'], ['Gout', '0', '4', 'B-condition', 'O'], ['']]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from protoparse.export.exporting import Loss, Result, jointly
from protoparse.export.marks import Mark, Marked, marked, outline_losses, said, tokens, unread
from protoparse.model import Document, Fact, Span, walk

_LOGIC = "tags hold words, not logic, numbers nor codes, nor what excludes"
_OUTLINE = "tags have no outline"
_OVERLAP = "a token has one tag of a kind"


def _part(document: Document, *, name: str) -> Result:
    text = document.text
    found = list(marked(document))
    losses = [loss for one in found for loss in one.losses]
    layers = []
    for concepts in (True, False):
        kept, lost = _apart((one, mark) for one in found for mark in one.marks if (mark.kind == "concept") == concepts)
        layers.append(kept)
        losses += lost
    layers[1] |= {span: "unread" for span in unread(document) if not _crosses(span, layers[1])}
    for criterion in walk(document.criteria):
        if criterion.rule is not None and (criterion.kind == "exclusion" or not _is_name(criterion.rule)):
            losses.append(Loss(criterion.id, "$", said(criterion.rule), _LOGIC))
    losses += outline_losses(document, _OUTLINE)
    lines = [f"# document = {' '.join(name.split())}", *_lines(text, layers)]
    return Result("".join(f"{line}\n" for line in lines), tuple(losses))


def _is_name(rule: object) -> bool:
    """Whether a rule is a single name, of which a tag says all."""
    return isinstance(rule, Fact) and rule == Fact(
        domain=rule.domain, span=rule.span, concept=rule.concept, confidence=rule.confidence
    ) and not rule.concept.codes  # fmt: skip


def _apart(found: Iterable[tuple[Marked, Mark]]) -> tuple[dict[Span, str], list[Loss]]:
    """The labels of marks that do not overlap, the first and longest of each heap, and the others as losses."""
    kept: dict[Span, str] = {}
    losses = []
    for one, mark in sorted(found, key=lambda pair: (pair[1].span[0], -pair[1].span[1])):
        if mark.span in kept and kept[mark.span] == mark.label:
            continue  # several facts share it
        if _crosses(mark.span, kept):
            losses.append(Loss(one.criterion.id, one.placed.path, f"{mark.kind} {mark.says}", _OVERLAP))
        else:
            kept[mark.span] = mark.label
    return kept, losses


def _crosses(span: Span, kept: dict[Span, str]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in kept)


def _lines(text: str, layers: Sequence[dict[Span, str]]) -> Iterator[str]:
    begins = [{start: (end, label) for (start, end), label in layer.items()} for layer in layers]
    current: list[tuple[int, str]] = [(0, "")] * len(layers)
    open_line = False
    for start, end in tokens(text, [span for layer in layers for span in layer]):
        words = text[start:end]
        tags = []
        for number, layer in enumerate(begins):
            if start in layer:
                current[number] = layer[start]
                tags.append(f"B-{current[number][1]}")
            else:
                tags.append(f"I-{current[number][1]}" if start < current[number][0] else "O")
        if not words.isspace():
            yield "\t".join([words, str(start), str(end), *tags])
            open_line = True
        elif open_line and "\n" in words:
            yield ""
            open_line = False
    if open_line:
        yield ""


def _bind(parts: Sequence[str]) -> str:
    return "".join(parts)


EXPORTER = jointly("conll", "tokens with IOB2 tags in columns", ".conll", _part, _bind)
