"""Annotated corpora: folders of brat standoff, and what their annotations say.

In: a folder of `.txt` and `.ann` files, and a label map. Out: `Annotated` texts, each with its `Findings`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from protoparse.errors import InputError
from protoparse.evaluate.spans.amounts import numerals, unit_key
from protoparse.evaluate.spans.brat import Link, Mark, Standoff, read_standoff
from protoparse.evaluate.spans.findings import (
    Connective,
    Example,
    Findings,
    Junction,
    Limit,
    Neutral,
    Period,
    Section,
    Sign,
    Thing,
)
from protoparse.evaluate.spans.labels import LabelMap, Meaning, label_map
from protoparse.evaluate.spans.tables import read_file
from protoparse.evaluate.spans.wording import read_lengths, read_quantity
from protoparse.model import Domain, Record, Span

_THINGS = ("concept", "thing", "age", "group")


class Annotated(Record, frozen=True, kw_only=True):
    """A text with what its annotators found in it."""

    name: str
    text: str
    findings: Findings


def read_corpus(
    folder: str | Path, labels: str | Path | LabelMap, *, texts: Mapping[str, str] | None = None
) -> Iterator[Annotated]:
    """Every text of a folder that has annotations, in the order of their names, read one by one.

    `labels` is a map, its name (`lct`, `chia`) or a file; `texts` are those of annotations that have none beside them,
    by name, as where a tool writes no more than annotations. Raises `InputError` where the folder holds no annotations,
    an annotation file has no text beside it or cannot be read, and where the map knows no label of the whole folder.
    """
    folder = Path(folder)
    names = labels if isinstance(labels, LabelMap) else label_map(labels)
    if not folder.is_dir():
        raise InputError(f"{folder}: no folder")
    files = sorted(folder.rglob("*.ann"))
    if not files:
        raise InputError(f"{folder}: no .ann file")
    known = False
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix()
        text = _text(file.with_suffix(".txt"), texts.get(name) if texts else None)
        standoff = read_standoff(read_file(file), text, source=str(file))
        known = known or any(mark.label in names for mark in standoff.marks.values())
        yield Annotated(name=name, text=text, findings=findings_of(standoff, names, text, name=name))
    if not known:
        raise InputError(f"{folder}: no annotation has a label of the map {names.name}")


def _text(file: Path, given: str | None) -> str:
    if given is not None and not file.exists():
        return given
    if not file.exists():
        raise InputError(f"{file.with_suffix('.ann')}: no {file.name} beside it")
    return read_file(file)


def findings_of(standoff: Standoff, labels: LabelMap, text: str, *, name: str = "") -> Findings:
    """What annotations say, by a label map; `name` is the document's, for maps that tell sections by it."""
    reader = _Reader(standoff, labels, text)
    kind = labels.kind(name)
    return Findings(
        limits=tuple(reader.limits()),
        periods=tuple(reader.periods()),
        concepts=tuple(reader.concepts()),
        negated=tuple(reader.affected("denies", "denied by")),
        excepted=tuple(reader.affected("excepts", "excepted by")),
        junctions=tuple(reader.junctions()),
        examples=tuple(reader.examples()),
        neutral=tuple(reader.neutral()),
        domains=labels.domains,
        sections=(Section(span=(0, len(text)), kind=kind),) if kind else (),
    )


class _Reader:
    """The annotations of one text, with what each means."""

    def __init__(self, standoff: Standoff, labels: LabelMap, text: str) -> None:
        self.standoff, self.labels, self.text = standoff, labels, text
        self._links: dict[Meaning, list[Link]] = defaultdict(list)
        self._parts: dict[str, list[tuple[Meaning, str]]] = defaultdict(list)
        for link in standoff.links:
            if row := labels.row("link", link.label, self._words(standoff.mark(link.target))):
                self._links[row.means].append(link)
                self._parts[link.source].append((row.means, link.target))
        triggers = {event.trigger for event in standoff.events.values()}
        self._spoken: list[tuple[str, Mark]] = [
            *((id_, mark) for id_, event in standoff.events.items() if (mark := standoff.marks.get(event.trigger))),
            *((id_, mark) for id_, mark in standoff.marks.items() if id_ not in triggers),
        ]
        """The annotations that stand for themselves: events, and marks that trigger none."""
        self._twins: dict[str, list[str]] = defaultdict(list)
        for link in self._links["same"]:
            self._twins[link.source].append(link.target)
            self._twins[link.target].append(link.source)
        self._owned = {link.target for link in standoff.links if link.argument}
        self._unread: set[str] = set()
        """The values that `limits` met and could not read."""

    # ------------------------------------------------------------ things

    def concepts(self) -> Iterator[Thing]:
        for id_, _ in self._spoken:
            if self._means(id_) == "concept" and (thing := self._thing(id_)):
                yield thing

    def affected(self, by_target: Meaning, by_source: Meaning) -> Iterator[Thing]:
        """Things that a cue links to, or that link to a cue, each once."""
        refs = [link.target for link in self._links[by_target]] + [link.source for link in self._links[by_source]]
        return self._things(dict.fromkeys(refs))

    def _things(self, refs: Iterable[str]) -> Iterator[Thing]:
        for ref in refs:
            if self._means(ref) in _THINGS and (thing := self._thing(ref)):
                yield thing

    def _thing(self, ref: str) -> Thing | None:
        """An annotation with its names, and with what it abbreviates or equals."""
        span = self.standoff.span(ref)
        if span is None:
            return None
        own = dict.fromkeys((ref, *self._of(ref, "name")))
        twins = [twin for one in own for twin in self._twins.get(one, ()) if twin not in own]
        spans = [
            s for one in (ref, *twins) for named in (one, *self._of(one, "name")) if (s := self.standoff.span(named))
        ]
        return Thing(span=span, domain=self._domain(ref), spans=tuple(dict.fromkeys(spans)))

    def _domain(self, ref: str) -> Domain:
        row = self.labels.row("mark", self.standoff.label(ref), self._words(self.standoff.mark(ref)))
        if row is None or row.means not in _THINGS:
            return "other"
        return row.value or "person"  # type: ignore[return-value]  # checked when the map was read

    def _means(self, ref: str) -> Meaning | None:
        row = self.labels.row("mark", self.standoff.label(ref), self._words(self.standoff.mark(ref)))
        return row.means if row else None

    def _words(self, mark: Mark | None) -> str:
        return self.text[slice(*mark.span)] if mark else ""

    def _of(self, ref: str, means: Meaning) -> list[str]:
        return [target for role, target in self._parts.get(ref, ()) if role == means]

    # ------------------------------------------------------------ numbers

    def limits(self) -> Iterator[Limit]:
        for link in self._links["bound"]:
            thing = self._thing(link.source)
            age = self._means(link.source) == "age"
            subjects = (thing,) if thing else ()
            match self._means(link.target):
                case "comparison":
                    yield from self._compared(link.target, age, subjects)
                case "quantity" | "amount" | "time" if self._means(link.source) in _THINGS:
                    yield from self._printed(link.target, age, subjects)

    def _compared(self, ref: str, age: bool, subjects: tuple[Thing, ...]) -> Iterator[Limit]:
        """A comparison in pieces: each number with its share of the comparators."""
        values = self._values(ref)
        signs = [sign for mark in self._of(ref, "operator") if (sign := self._attribute(mark, "operator"))]
        shares: list[Sign | None] = [None] * len(values)
        if len(values) == 2 and signs in ([], ["between"]):
            values.sort()
            shares = ["from", "to"]
        elif len(values) == 2 and len(signs) == 2 and "between" not in signs:
            shares = list(signs)  # type: ignore[arg-type]  # checked when the map was read
        elif len(values) == 1:
            shares = [signs[0] if signs and signs[0] != "between" else "="]  # type: ignore[list-item]
        printed = self._unit(ref)
        for (number, span), sign in zip(values, shares, strict=True):
            yield Limit(
                span=span,
                number=number,
                sign=sign,
                unit=unit_key(printed),
                printed=printed,
                time=self._time_unit(ref),
                age=age,
                subjects=subjects,
            )

    def _values(self, ref: str) -> list[tuple[float, Span]]:
        marks = [mark for target in self._of(ref, "number") if (mark := self.standoff.marks.get(target))]
        return [(number, mark.span) for mark in marks for number in numerals(mark.words or self._words(mark))]

    def _unit(self, ref: str) -> str | None:
        """The unit as printed; one marked in two pieces that touch is joined, what it is per put below the line."""
        targets = [target for target in self._of(ref, "unit") if self._means(target) == "unit"]
        marks = [mark for target in targets if (mark := self.standoff.mark(target))]
        if not marks:
            return None
        marks.sort(key=lambda mark: mark.span)
        first = marks[0].words
        if len(marks) == 2 and 0 <= marks[1].span[0] - marks[0].span[1] <= 1:
            first += marks[1].words
        below = [mark.words for target in self._of(ref, "per") if (mark := self.standoff.marks.get(target))]
        return "/".join([first.rstrip("/ "), *below]) if below else first

    def _time_unit(self, ref: str) -> str | None:
        units = (self._attribute(target, "time unit") for target in self._of(ref, "time unit"))
        return next(filter(None, units), None)

    def _attribute(self, ref: str, means: Meaning) -> str | None:
        for name, value in self.standoff.attributes.get(ref, {}).items():
            if (said := self.labels.value(name, value, means)) is not None:
                return said
        return None

    def _printed(self, ref: str, age: bool, subjects: tuple[Thing, ...]) -> Iterator[Limit]:
        """A value in one piece, read; what cannot be read is nobody's fault."""
        span = self.standoff.span(ref)
        if span is None:
            return
        limits = read_quantity(self.text[slice(*span)], age=age)
        if not limits:
            self._unread.add(ref)
        for limit in limits:
            start, end = limit.span
            yield Limit(
                span=(span[0] + start, span[0] + end),
                number=limit.number,
                sign=limit.sign if self._means(ref) == "quantity" else None,
                unit=limit.unit,
                printed=limit.printed,
                time=limit.time,
                age=age,
                subjects=subjects,
            )

    # ------------------------------------------------------------ time

    def periods(self) -> Iterator[Period]:
        """Lengths of time of things; before them those that only stand near something, of what is not said."""
        near = {ref for link in self._links["near"] for ref in (link.source, link.target)}
        for ref in self.standoff.events:
            if ref in near and self._means(ref) == "comparison" and ref not in self._owned:
                yield from self._lasting(ref, ())
        for link in self._links["window"]:
            thing = self._thing(link.source)
            targets = (thing,) if thing else ()
            match self._means(link.target):
                case "comparison":
                    yield from self._lasting(link.target, targets)
                case "time" if self._means(link.source) in _THINGS and (span := self.standoff.span(link.target)):
                    for number, unit, (start, end) in read_lengths(self.text[slice(*span)]):
                        place = (span[0] + start, span[0] + end)
                        yield Period(span=place, number=number, time=unit, targets=targets)

    def _lasting(self, ref: str, targets: tuple[Thing, ...]) -> Iterator[Period]:
        if unit := self._time_unit(ref):
            for number, span in self._values(ref):
                yield Period(span=span, number=number, time=unit, targets=targets)

    # ------------------------------------------------------------ pairs

    def junctions(self) -> Iterator[Junction]:
        connectives: tuple[Connective, ...] = ("or", "and")
        for connective in connectives:
            for link in self._links[connective]:
                yield from self._joined(connective, [link.source, link.target])
        for group in self.standoff.groups:
            row = self.labels.row("link", group.label)
            if row and row.means in connectives:
                yield from self._joined("or" if row.means == "or" else "and", group.members)

    def _joined(self, connective: Connective, refs: Iterable[str]) -> Iterator[Junction]:
        """Each two neighbours; "male or female" restricts nobody."""
        things = [(thing, ref) for ref in refs for thing in self._things([ref])]
        if len(things) > 2:
            things.sort(key=lambda pair: pair[0].span)
        for (a, one), (b, other) in pairwise(things):
            if not self._means(one) == self._means(other) == "group":
                yield Junction(connective=connective, members=((a,), (b,)))

    def examples(self) -> Iterator[Example]:
        pairs = [(link.target, link.source) for link in self._links["example of"]]
        pairs += [(link.source, link.target) for link in self._links["includes"]]
        for whole, part in pairs:
            things = list(self._things((whole, part)))
            if len(things) == 2:
                yield Example(whole=things[0], part=things[1])

    # ------------------------------------------------------------ what does not count

    def neutral(self) -> Iterator[Neutral]:
        """Comparisons that nothing owns or that stage a disease; values that cannot be read or hang on nothing."""
        staging = {link.target for link in self._links["stage"]}
        linked = {link.target for link in self._links["bound"] if self._means(link.source) in _THINGS}
        for ref, mark in self._spoken:
            match self._means(ref):
                case "comparison" if ref in staging or ref not in self._owned:
                    for number, span in self._values(ref):
                        yield Neutral(span=span, number=number)
                case "quantity" | "amount" if ref in self._unread or ref not in linked:
                    yield Neutral(span=mark.span)
