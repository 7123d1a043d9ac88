"""What every export is made of: a target, what it gives, and what of a document did not fit into it.

In: a `Document` and the name of a target. Out: a `Result` whose payload is plain data (a JSON object or list, text,
bytes, or `Files`) and whose losses say, criterion by criterion, what the payload does not hold and why.

Targets are found by the entry-point group `protoparse.exporters`: each names an `Exporter`. A package of yours that
declares one adds its target to `export` and to the command line. Its options are the arguments of its functions that
are keyword-only and have a default.

>>> encoded({"age": 5})
b'{\\n  "age": 5\\n}\\n'
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

import msgspec

from protoparse.errors import DocumentError, ExportError
from protoparse.model import Document, Record, dump, limit_depth

GROUP = "protoparse.exporters"

_HALF = re.compile(r"[\ud800-\udfff]")


class Loss(NamedTuple):
    """One thing that a target cannot hold."""

    criterion: str | None
    """The criterion's id; None for what is said of the trial as a whole."""
    path: str
    """Where it stands in the criterion's rule, as a JSONPath ("$.of[0].time"); "$" for the rule as a whole."""
    lost: str
    """What was left out: its words, or its canonical English."""
    why: str
    """The cause, one line: what the target lacks."""

    def __str__(self) -> str:
        place = f"{self.criterion or 'trial'} {self.path}".removesuffix(" $")
        return f"{place}: {self.lost}: {self.why}"


class Result(NamedTuple):
    """What an export gives."""

    payload: Any
    """JSON-like data, text, bytes, or `Files`."""
    losses: tuple[Loss, ...] = ()


class Joined(NamedTuple):
    """What the export of several documents gives."""

    payload: Any
    """One for all, or `Files` with one or more for each."""
    losses: Mapping[str, tuple[Loss, ...]]
    """The losses of each document, by name."""


class Files(dict[str, Any]):
    """Several payloads by the names of their files, which begin with the document's where they are its own."""


class Joint(NamedTuple):
    """How a target holds many documents in one payload: what it makes of each, and of all these together."""

    part: Callable[..., Result]
    """From a document, its `name=` and options."""
    bind: Callable[..., Any]
    """From the payloads of `part`, in order, and options to one payload."""


class Exporter(NamedTuple):
    """A target: how it is called, what a file of it is, and the function that makes it."""

    target: str
    """Its name on the command line and in `export`: "fhir-r5"."""
    says: str
    """What it is, one line."""
    suffix: str
    """Of its files: ".json"."""
    make: Callable[..., Result]
    """From a document, the name it goes by (`name=`) and the target's own options to a `Result`. Of no other library
    than those that protoparse needs itself, unless an extra is named in the error that says what is missing."""
    joint: Joint | None = None
    """Where many documents go into one payload."""

    @property
    def options(self) -> dict[str, Any]:
        """The target's own options and their defaults."""
        functions = self.joint or (self.make,)
        return {name: default for function in functions for name, default in _options(function).items()}


def jointly(target: str, says: str, suffix: str, part: Callable[..., Result], bind: Callable[..., Any]) -> Exporter:
    """A target that holds many documents in one payload."""

    def make(document: Document, *, name: str, **options: Any) -> Result:
        made = part(document, name=name, **_of(part, options))
        return made._replace(payload=bind([made.payload], **_of(bind, options)))

    return Exporter(target, says, suffix, make, Joint(part, bind))


def export(document: Document, target: str, *, name: str | None = None, strict: bool = False, **options: Any) -> Result:
    """A document as `target` has it; `name` is what it goes by, its trial's number unless given.

    Raises `ExportError` where no such target or option is known, where a target refuses, and, with `strict`, where
    anything is lost; `NestingError` where rules are nested deeper than `protoparse.model.MAX_DEPTH`.
    """
    exporter = exporter_of(target, options)
    return _made(exporter, exporter.make, document, name or document.trial.id or "document", strict, options)


def export_all(
    documents: Iterable[tuple[str, Document]], target: str, *, strict: bool = False, **options: Any
) -> Joined:
    """Several documents, each with the name it goes by, as `target` has them: one payload, or `Files` of each.

    Raises as `export` does.
    """
    run = Run(target, strict=strict, **options)
    files = Files()
    losses: dict[str, tuple[Loss, ...]] = {}
    for name, document in documents:
        made, lost = run.add(document, name)
        files |= made
        losses[name] = losses.get(name, ()) + lost
    return Joined(files if run.exporter.joint is None else run.end(), losses)


class Run:
    """An export of documents one after another; raises as `export` does."""

    def __init__(self, target: str, *, strict: bool = False, **options: Any) -> None:
        self.exporter = exporter_of(target, options)
        self.strict, self.options = strict, options
        self._parts: list[Any] = []

    def add(self, document: Document, name: str) -> Result:
        """The files of one document and what they lose; no file yet where the target holds all in one."""
        exporter = self.exporter
        make = exporter.joint.part if exporter.joint else exporter.make
        options = _of(make, self.options)
        payload, losses = _made(exporter, make, document, name, self.strict, options)
        if exporter.joint:
            self._parts.append(payload)
            return Result(Files(), losses)
        return Result(payload if isinstance(payload, Files) else Files({name + exporter.suffix: payload}), losses)

    def end(self) -> Any:
        """The payload of all documents, of a target that holds them in one."""
        assert self.exporter.joint is not None
        return self.exporter.joint.bind(self._parts, **_of(self.exporter.joint.bind, self.options))


def exporter_of(target: str, options: Mapping[str, Any]) -> Exporter:
    """The exporter of a target; raises `ExportError` where it is not known or does not take one of these options."""
    known = exporters()
    if target not in known:
        raise ExportError(f"no target {target!r}; there are {', '.join(known)}")
    taken = known[target].options
    for option in options:
        if option not in taken:
            there = f"it takes {', '.join(taken)}" if taken else "it takes none"
            raise ExportError(f"{target} has no option {option!r}; {there}")
    return known[target]


@cache
def exporters() -> Mapping[str, Exporter]:
    """All targets by name, in order of name: protoparse's own and those of packages that declare one."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: _loaded(found[name]) for name in sorted(found)}


def encoded(payload: Any) -> bytes:
    """A payload, `Files` aside, as the bytes of a file: JSON indented, text in UTF-8."""
    if isinstance(payload, bytes):
        return payload
    if not isinstance(payload, str):
        payload = msgspec.json.format(msgspec.json.encode(payload), indent=2).decode()
    text: str = payload if payload.endswith("\n") else payload + "\n"
    return text.encode("utf-8", "backslashreplace")


def sound(document: Document) -> Document:
    """The same document with each half of a surrogate pair, which no file can hold, as U+FFFD; places stay right.

    Raises `NestingError` where it is nested too deep, `DocumentError` where it holds what no JSON does.
    """
    limit_depth(document.criteria)
    try:
        dump(document)
    except DocumentError:
        whole: Document = _whole(document)
        dump(whole)
        return whole
    return document


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return _HALF.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple([_whole(one) for one in value])
    if isinstance(value, Record):
        return type(value)(**{name: _whole(getattr(value, name)) for name in value.__struct_fields__})
    return value


def _made(
    exporter: Exporter, make: Callable[..., Result], document: Document, name: str, strict: bool, options: Any
) -> Result:
    whole = sound(document)
    result = make(whole, name=_whole(name), **options)
    if whole is not document:
        halves = Loss(None, "$.text", "halves of surrogate pairs", "no file can hold them")
        result = result._replace(losses=(halves, *result.losses))
    if strict:
        _refuse(exporter.target, result.losses)
    return result


def _loaded(point: EntryPoint) -> Exporter:
    """What an entry point names; one that cannot be loaded is a target that says so."""
    try:
        exporter = point.load()
    except Exception as error:
        cause = f"{point.value} cannot be loaded: {error}"

        def refuse(document: Document, *, name: str) -> Result:
            raise ExportError(cause)

        return Exporter(point.name, cause, "", refuse)
    return exporter  # type: ignore[no-any-return]


def _options(function: Callable[..., Any]) -> dict[str, Any]:
    taken = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in taken if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}


def _of(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of some options that a function takes."""
    taken = _options(function)
    return {name: value for name, value in options.items() if name in taken}


def _refuse(target: str, losses: Sequence[Loss]) -> None:
    if losses:
        more = f" (and {len(losses) - 1} more)" if len(losses) > 1 else ""
        raise ExportError(f"{target} cannot hold all of it: {losses[0]}{more}")
