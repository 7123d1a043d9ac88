"""The target `html`: a page with the text, what was read in it highlighted, and each criterion's rule in English.

In: a `Document`. Out: one HTML file that asks for nothing and runs nothing. Marks that overlap have a line each below
the words; what was not read is marked too. Nothing is lost: what highlights do not say, the English does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from protoparse.errors import ExportError
from protoparse.export.exporting import Exporter, Result
from protoparse.export.marks import marked, unread
from protoparse.model import AtLeastChildren, Criterion, Document, Span, walk
from protoparse.render import segments

_LEGEND = (
    ("concept", "what a fact is about"), ("value", "value, count, dose"), ("window", "when"),
    ("modifier", "what narrows it"), ("unread", "not read"),
)  # fmt: skip
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")
_COMBINED = {"all": "all of these", "any": "any of these", "except": "unless one of these", "then": "then all of these"}


class _Shade(NamedTuple):
    """A highlight: its kind, where it is, how low its line is, and what it says."""

    kind: str
    span: Span
    lane: int
    tag: str
    says: str


def visible(text: str) -> str:
    r"""A text as a page can hold it: characters that steer machines, or turn the writing, by their pictures.

    >>> visible("a\x07b\tc")
    'a␇b\tc'
    """
    return _HIDDEN.sub(lambda m: chr(0x2400 + ord(m[0])) if ord(m[0]) < 0x20 else "\N{REPLACEMENT CHARACTER}", text)


def _make(document: Document, *, name: str) -> Result:
    try:
        from protoparse.pages import page
    except ImportError:
        raise ExportError("a page needs Jinja2: pip install 'protoparse[evaluate]'") from None
    cuts = _Cuts(document.text, list(_shades(document)))
    title = " · ".join(" ".join(x.split()) for x in (document.trial.id, document.trial.title) if x) or name
    total = sum(1 for _ in walk(document.criteria))
    unsure = sum(bool(criterion.unparsed) for criterion in walk(document.criteria))
    html = page(
        "document.html",
        title=visible(title),
        lead=visible(
            " · ".join(
                [
                    *_fields(document),
                    f"{total} criteri{'on' if total == 1 else 'a'}, {unsure} with text that was not read",
                ]
            )
        ),
        legend=_LEGEND,
        of=list(_blocks(document.criteria, 0, len(document.text), cuts)),
        notes=[visible(note.message) for note in document.notes if note.code not in {"heading", "preamble"}],
    )
    return Result(html)


def _fields(document: Document) -> Iterator[str]:
    """What the registry's own fields say."""
    trial = document.trial
    for label, age in (("from", trial.minimum_age), ("to", trial.maximum_age)):
        if age is not None:
            yield f"{label} {age.value:g} {age.unit.text or age.unit.ucum or ''}"
    if trial.sex is not None:
        yield {"all": "all sexes", "female": "female", "male": "male"}[trial.sex]
    if trial.healthy_volunteers is not None:
        yield f"healthy volunteers: {'yes' if trial.healthy_volunteers else 'no'}"


# ------------------------------------------------------------------ highlights


def _shades(document: Document) -> Iterator[_Shade]:
    """Every highlight once, with a line below its words that no other there has; shorter ones have the higher."""
    says: dict[tuple[str, Span], dict[str, None]] = {}
    tags: dict[tuple[str, Span], str] = {}
    for one in marked(document):
        for mark in one.marks:
            key = (mark.kind, mark.span)
            words = f"{mark.label}: {mark.says}" if mark.kind == "concept" else mark.says
            says.setdefault(key, {})[("not " if mark.kind == "concept" and one.placed.negated else "") + words] = None
            if mark.kind == "concept":
                tags.setdefault(key, mark.label)
    for span in unread(document):
        says.setdefault(("unread", span), {})["not read"] = None
    lanes: list[tuple[Span, int]] = []
    for kind, span in sorted(says, key=lambda key: (key[1][1] - key[1][0], key)):
        taken = {lane for (start, end), lane in lanes if start < span[1] and span[0] < end}
        lane = next(n for n in range(len(taken) + 1) if n not in taken)
        lanes.append((span, lane))
        yield _Shade(kind, span, lane, tags.get((kind, span), ""), visible("; ".join(says[kind, span])))


class _Cuts:
    """A text cut where highlights begin and end, each piece with those that lie on it, the lowest line first."""

    def __init__(self, text: str, shades: Sequence[_Shade]) -> None:
        self.text = text
        self.ends = sorted({end for shade in shades for end in shade.span} | {0, len(text)})
        self.on: dict[int, list[_Shade]] = {}
        active: list[_Shade] = []
        waiting = sorted(shades, key=lambda shade: -shade.span[0])
        for start in self.ends:
            active = [shade for shade in active if shade.span[1] > start]
            while waiting and waiting[-1].span[0] == start:
                active.append(waiting.pop())
            self.on[start] = sorted(active, key=lambda shade: -shade.lane)

    def pieces(self, first: int, last: int) -> Iterator[dict[str, Any]]:
        """The pieces of a stretch of the text."""
        inner = [end for end in self.ends if first < end < last]
        begun = max((end for end in self.ends if end <= first), default=0)
        for start, end in pairwise([first, *inner, last]):
            on = self.on.get(start if start in self.on else begun, [])
            marks = [
                {
                    "kind": shade.kind, "lane": shade.lane, "says": shade.says,
                    "begins": shade.span[0] == start, "tag": shade.tag if shade.span[1] == end else "",
                }
                for shade in on
            ]  # fmt: skip
            yield {"text": visible(self.text[start:end]), "marks": marks}


# ------------------------------------------------------------------ criteria


def _blocks(criteria: Sequence[Criterion], first: int, last: int, cuts: _Cuts) -> Iterator[dict[str, Any]]:
    """A stretch of the text with the criteria in it: what they do not hold stands between them."""
    place = first
    for criterion in criteria:
        start, end = (min(max(x, place), last) for x in criterion.span)
        label = (criterion.label or "").strip()
        # a label that no criterion holds stands in its head
        before = cuts.text[place:start].rstrip()
        outside = bool(label) and before.endswith(label)
        yield from _between(place, place + len(before) - len(label) if outside else start, cuts)
        yield {
            "label": visible(label) if outside else "",
            "id": visible(criterion.id or criterion.kind),
            "kind": criterion.kind,
            "group": visible(criterion.group or ""),
            "blocks": list(_blocks(criterion.children, start, max(start, end), cuts)),
            "english": [(role, visible(words)) for role, words in _english(criterion)],
        }
        place = max(start, end)
    yield from _between(place, last, cuts)


def _between(start: int, end: int, cuts: _Cuts) -> Iterator[dict[str, Any]]:
    while start < end and cuts.text[start].isspace():
        start += 1
    while end > start and cuts.text[end - 1].isspace():
        end -= 1
    if start < end:
        yield {"pieces": list(cuts.pieces(start, end))}


def _english(criterion: Criterion) -> Iterator[tuple[str, str]]:
    if criterion.rule is not None:
        yield from segments(criterion.rule)
    if criterion.children:
        how = criterion.combine or ("any" if criterion.kind == "exclusion" else "all")
        said = f"at least {how.at_least} of these" if isinstance(how, AtLeastChildren) else _COMBINED[how]
        yield "logic", f"{'; ' if criterion.rule is not None else ''}{said}"


EXPORTER = Exporter("html", "a page with highlights over the text, and each rule in English", ".html", _make)
