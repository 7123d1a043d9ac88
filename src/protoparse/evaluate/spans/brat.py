"""brat standoff: the annotations of a text as they stand in its `.ann` file.

In: an annotation file and its text. Out: `Standoff`: marks (text-bound annotations), links (the arguments of events,
the relations), groups (equivalences, lists of alternatives) and attributes, in the order of the file.

>>> standoff = read_standoff("T1\\tDrug 3 10\\taspirin\\n", "no aspirin", source="a.ann")
>>> standoff.marks["T1"].span
(3, 10)

A discontinuous annotation reaches from its first to its last character. What a reference leads to (an event, a mark)
is found with `label` and `span`. Notes and normalisations (`#`, `N`) are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from protoparse.errors import InputError
from protoparse.model import Span


class Mark(NamedTuple):
    """A text-bound annotation: its label, its place, and its words."""

    label: str
    span: Span
    words: str
    whole: bool = True
    """Whether it is of one piece."""


class Event(NamedTuple):
    """What an event is, and the mark that triggers it."""

    label: str
    trigger: str


class Link(NamedTuple):
    """An argument of an event, or a relation: what it is called, whence and whither it leads."""

    label: str
    source: str
    target: str
    argument: bool = False
    """Whether it is an event's."""


class Group(NamedTuple):
    """Annotations that one `*` line holds together."""

    label: str
    members: tuple[str, ...]


class Standoff(NamedTuple):
    """The annotations of a text."""

    marks: Mapping[str, Mark]
    events: Mapping[str, Event]
    links: tuple[Link, ...]
    groups: tuple[Group, ...]
    attributes: Mapping[str, Mapping[str, str]]
    """The attributes of each annotation that has some: name and value, the value empty for a mere flag."""

    def label(self, reference: str) -> str | None:
        """What an annotation is called; None where there is none of that id."""
        found = self.events.get(reference) or self.marks.get(reference)
        return found.label if found else None

    def mark(self, reference: str) -> Mark | None:
        """The mark that an annotation is, or that triggers it."""
        event = self.events.get(reference)
        return self.marks.get(event.trigger if event else reference)

    def span(self, reference: str) -> Span | None:
        """Where an annotation stands."""
        mark = self.mark(reference)
        return mark.span if mark else None


_NUMBERED = re.compile(r"\d+$")
_PLACE = re.compile(r"\d+ \d+(?:;\d+ \d+)*")
_SHOWN = 60
_NONE: Mapping[str, str] = MappingProxyType({})


def read_standoff(annotations: str, text: str, *, source: str) -> Standoff:
    """The annotations of a text; raises `InputError` with file, line and cause where they cannot be.

    Offsets count code points, as brat has them. A place beyond the text, a line of too few columns, an id given twice
    and an event without its trigger are refused; a link to an id that is nowhere is kept, and leads to nothing.
    """
    return _Lines(text, source).read(annotations)


class _Lines:
    def __init__(self, text: str, source: str) -> None:
        self.text, self.source, self.number, self.line = text, source, 0, ""
        self.marks: dict[str, Mark] = {}
        self.events: dict[str, Event] = {}
        self.links: list[Link] = []
        self.groups: list[Group] = []
        self.attributes: dict[str, dict[str, str]] = {}

    def read(self, annotations: str) -> Standoff:
        first_lines: dict[str, int] = {}
        triggered: list[tuple[str, int, str]] = []
        for self.number, line in enumerate(annotations.split("\n"), 1):
            self.line = line = line.rstrip("\r")
            if not line.strip():
                continue
            id_, _, rest = line.partition("\t")
            kind = id_[:1]
            if kind in "TER" and first_lines.setdefault(id_, self.number) != self.number:
                self._refuse(f"{id_} again, as in line {first_lines[id_]}")
            match kind:
                case "T":
                    self._mark(id_, rest)
                case "E":
                    triggered.append((self._event(id_, rest), self.number, line))
                case "R":
                    self._relation(rest)
                case "A" | "M":
                    self._attribute(rest)
                case "*":
                    label, *members = rest.split() or self._refuse("an empty group")
                    self.groups.append(Group(label, tuple(members)))
                case "#" | "N":
                    pass
                case _:
                    self._refuse("neither T, E, R, A, M, N, * nor # begins the line")
        for trigger, self.number, self.line in triggered:
            if trigger not in self.marks:
                self._refuse(f"the trigger {trigger} is nowhere")
        return Standoff(self.marks, self.events, tuple(self.links), tuple(self.groups), self.attributes)

    def _mark(self, id_: str, rest: str) -> None:
        place, _, words = rest.partition("\t")
        label, _, offsets = place.partition(" ")
        if not label or not _PLACE.fullmatch(offsets):
            self._refuse("not LABEL START END")
        ends = [int(offset) for offset in re.findall(r"\d+", offsets)]
        start, end = min(ends), max(ends)
        if end > len(self.text):
            self._refuse(f"ends at {end} in a text of {len(self.text)} characters")
        if start == end:
            self._refuse("an empty place")
        self.marks[id_] = Mark(label, (start, end), words, ";" not in offsets)

    def _event(self, id_: str, rest: str) -> str:
        pairs = [part.partition(":") for part in rest.split()]
        if not pairs or not all(label and colon and target for label, colon, target in pairs):
            self._refuse("not LABEL:TRIGGER ROLE:ANNOTATION …")
        label, _, trigger = pairs[0]
        self.events[id_] = Event(label, trigger)
        # "Value2" is the second Value
        self.links.extend(Link(_NUMBERED.sub("", role), id_, target, True) for role, _, target in pairs[1:])
        return trigger

    def _relation(self, rest: str) -> None:
        parts = rest.split()
        if len(parts) != 3 or not all(":" in part for part in parts[1:]):
            self._refuse("not LABEL Arg1:ANNOTATION Arg2:ANNOTATION")
        label, one, other = parts
        self.links.append(Link(label, one.partition(":")[2], other.partition(":")[2]))

    def _attribute(self, rest: str) -> None:
        parts = rest.split()
        if len(parts) >= 2:  # some tools leave a bare id where an attribute was taken back
            self.attributes.setdefault(parts[1], {})[parts[0]] = " ".join(parts[2:])

    def _refuse(self, cause: str) -> NoReturn:
        shown = self.line if len(self.line) <= _SHOWN else self.line[:_SHOWN] + "…"
        raise InputError(f"{self.source}:{self.number}: {cause}: {shown!r}")
