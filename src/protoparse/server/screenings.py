"""What the screening page shows: a patient's answer, criterion by criterion, what is unknown first.

In: a screening as `protoparse.screen.plain` gives it, and the text of the listing. Out: lines with the facts that
decided them, and the text in pieces, to which the lines lead.

>>> gout = {"text": "gout", "span": [2, 6], "truth": None, "why": "no-data", "events": []}
>>> criterion = {"id": "exclusion.1", "span": [0, 6], "passed": None, "unread": False, "facts": [gout], "children": []}
>>> [line] = lines({"criteria": [criterion]}, "* gout")
>>> line.verdict, line.words, line.facts[0].because
('unknown', 'gout', 'nothing in the record')
>>> [(piece.text, piece.tone) for piece in pieces([line], "* gout")]
[('* ', None), ('gout', 'unknown')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from protoparse.model import Document, Span
from protoparse.screen.telling import REASONS
from protoparse.server.answers import RefusalError

Tone: TypeAlias = Literal["unknown", "fails", "passes"]
ORDER: tuple[Tone, ...] = ("unknown", "fails", "passes")
_VERDICTS: Mapping[bool | None, Tone] = {None: "unknown", False: "fails", True: "passes"}
_TRUTHS: Mapping[bool | None, str] = {None: "unknown", False: "no", True: "yes"}


class Told(NamedTuple):
    """A fact: what is known of it, because of what, and the events of the record with where they stand in it."""

    text: str
    span: Span | None
    truth: str
    because: str
    events: tuple[str, ...]


class Line(NamedTuple):
    """A criterion: whether the patient passes it, its words, and its facts."""

    id: str
    span: Span
    verdict: Tone
    words: str
    unread: bool
    facts: tuple[Told, ...]


class Piece(NamedTuple):
    """A piece of the text; `tone` is of the criterion whose fact was read there."""

    start: int
    text: str
    tone: Tone | None


def screenable(document: Document, form: Mapping[str, str]) -> bytes:
    """What the operation `screen` takes, of a document and a form; raises `RefusalError` where a field is no JSON."""
    try:
        patient = msgspec.json.decode(form.get("patient", "").encode(), type=msgspec.Raw)
        day = msgspec.convert(form.get("day", ""), date)
    except (msgspec.MsgspecError, UnicodeError):
        raise RefusalError(422, "a patient is JSON, of protoparse or FHIR, and a day is like 2026-03-01") from None
    if bytes(patient).lstrip()[:1] == b"[":
        several = msgspec.json.decode(patient, type=list[msgspec.Raw])
    else:
        several = [patient]
    complete = [name.removeprefix("complete.") for name in form if name.startswith("complete.")]
    return msgspec.json.encode({
        "documents": [document], "patients": several, "day": day, "complete": complete,
    })  # fmt: skip


def lines(screening: Mapping[str, Any], text: str) -> list[Line]:
    """Every criterion that says something, what is unknown before what fails and what passes."""
    found = list(_lines(screening["criteria"], text))
    return sorted(found, key=lambda line: ORDER.index(line.verdict))


def _lines(criteria: Sequence[Mapping[str, Any]], text: str) -> Iterator[Line]:
    for criterion in criteria:
        children = criterion["children"]
        start, end = criterion["span"]
        own = text[start : children[0]["span"][0] if children else end]
        if criterion["facts"] or criterion["unread"]:
            yield Line(
                id=criterion["id"],
                span=(start, end),
                verdict=_VERDICTS[criterion["passed"]],
                words=" ".join(own.lstrip("*-•0123456789.() \t").split()),
                unread=criterion["unread"],
                facts=tuple(map(_told, criterion["facts"])),
            )
        yield from _lines(children, text)


def _told(fact: Mapping[str, Any]) -> Told:
    return Told(
        text=fact["text"],
        span=None if fact["span"] is None else (fact["span"][0], fact["span"][1]),
        truth=_TRUTHS[fact["truth"]],
        because=REASONS.get(fact["why"], fact["why"]),
        events=tuple(map(_event, fact["events"])),
    )


def _event(event: Mapping[str, Any]) -> str:
    """An event of a record in words: what, how much, when, and where it stands."""
    value = " ".join(str(event[key]) for key in ("value", "unit") if event.get(key) is not None)
    days = " to ".join(str(event[key]) for key in ("start", "end") if event.get(key) is not None)
    parts = (event.get("name"), value, days and f"on {days}", event.get("source") and f"({event['source']})")
    return " ".join(str(part) for part in parts if part)


def pieces(found: Sequence[Line], text: str) -> list[Piece]:
    """The whole text in pieces, each with the tone of the facts that were read there, an unknown before the others."""
    spans = [(fact.span, line.verdict) for line in found for fact in line.facts if fact.span is not None]
    edges = sorted({0, len(text), *(edge for span, _ in spans for edge in span)})
    numbers = {edge: n for n, edge in enumerate(edges)}
    tones: list[Tone | None] = [None] * len(edges)
    for (start, end), verdict in sorted(spans, key=lambda one: -ORDER.index(one[1])):
        for n in range(numbers[start], numbers[end]):
            tones[n] = verdict
    return [Piece(start, text[start:end], tones[n]) for n, (start, end) in enumerate(pairwise(edges))]
