"""What every export is made of: a target, what it gives, and what of a document did not fit into it.

In: a `Document` and the name of a target. Out: a `Result` whose payload is plain data (a JSON object or list, text,
bytes, or files by name) and whose losses say, criterion by criterion, what the payload does not hold and why.

Targets are found by the entry-point group `protoparse.exporters`: each names an `Exporter`. A package of yours that
declares one adds its target to `export` and to the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from protoparse.errors import ExportError
from protoparse.model import Document

GROUP = "protoparse.exporters"


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
    """JSON-like data, text, bytes, or a mapping of file names to text or bytes, as the exporter's `form` says."""
    losses: tuple[Loss, ...] = ()


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


def export(document: Document, target: str, *, name: str | None = None, strict: bool = False, **options: Any) -> Result:
    """A document as `target` has it; `name` is what it goes by, its trial's number unless given.

    Raises `ExportError` for a target that is not known, one that refuses and, with `strict`, where anything is lost.
    """
    known = exporters()
    if target not in known:
        raise ExportError(f"no target {target!r}; there are {', '.join(known)}")
    result = known[target].make(document, name=name or document.trial.id or "document", **options)
    if strict and result.losses:
        more = f" (and {len(result.losses) - 1} more)" if len(result.losses) > 1 else ""
        raise ExportError(f"{target} cannot hold all of it: {result.losses[0]}{more}")
    return result


@cache
def exporters() -> Mapping[str, Exporter]:
    """All targets by name, in order of name: protoparse's own and those of packages that declare one."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: found[name].load() for name in sorted(found)}
