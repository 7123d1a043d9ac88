"""The documents of an input: parsed, or read where it is criteria JSON already.

In: a `Source`. Out: its `Document`s; what fails is one line on standard error, and the rest is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from protoparse.cli.failures import Failures
from protoparse.cli.inputs import Source
from protoparse.errors import InputError

if TYPE_CHECKING:
    from protoparse.model import Document
    from protoparse.sources import Listing


def parser_of(concepts: str, terms: tuple[Path, ...], *, confidence: bool = True) -> Callable[[Listing], Document]:
    """What parses a listing, made when the first one comes; a user's vocabularies are read at once."""
    from protoparse.concepts.terms import TermSource
    from protoparse.parsing import Parser, parse

    if not terms:
        return partial(parse, concepts=concepts, confidence=confidence)
    return Parser(concepts=concepts, terms=TermSource.read(*terms), confidence=confidence).parse


def documents(
    source: Source,
    container: str,
    failures: Failures,
    parser: Callable[[Listing], Document],
    *,
    criteria_too: bool = False,
) -> Iterator[Document]:
    """The documents of one source; what fails is reported to `failures` and left out."""
    from protoparse.model import FORMAT, load
    from protoparse.sources import listings, read

    with failures.of(source.name):
        if criteria_too and container == "auto" and source.path is not None and source.path.suffix == ".json":
            data = source.read()
            if FORMAT.encode() in data[:200]:
                yield load(data)
                return

        def broken(error: InputError) -> None:
            failures.add(source.name, error)

        if source.path is None:
            found = listings(source.read(), name=source.name, container=container, on_error=broken)
        else:
            found = read(source.path, container=container, on_error=broken)
        for listing in found:
            with failures.of(source.name):
                yield parser(listing)
