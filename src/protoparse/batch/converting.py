"""A record to documents: one pure function, which every engine that runs it over many of them shares.

In: a `Record`. Out: an `Outcome` for each listing in it: a document, or why there is none.

>>> [outcome] = convert(Record("a.txt", b"Age > 5"), Options(concepts="lexicon").parser())
>>> outcome.name("a.txt"), len(outcome.document.criteria)
('a.txt', 1)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from protoparse import __version__
from protoparse.batch.limiting import READING, Watch
from protoparse.concepts.terms import TermSource
from protoparse.errors import ProtoparseError
from protoparse.grammar.files import fingerprint
from protoparse.model import Document
from protoparse.parsing import Parser
from protoparse.sources import Listing, listings
from protoparse.sources.records import Record

LONGEST = 500
"""A cause is cut behind so many characters: some libraries quote the whole input."""


class Options(NamedTuple):
    """How listings are read and parsed: what `protoparse.read` and `Parser` take, in a form that can be sent around."""

    container: str = "auto"
    concepts: str = "model"
    confidence: bool = True
    terms: tuple[str, ...] = ()

    def parser(self) -> Parser:
        """A parser that is made once a process; raises `TermsError` where a vocabulary cannot be read."""
        return _parser(self)

    def identity(self) -> bytes:
        """What documents depend on beside their source: these options, the vocabularies and all of the parser."""
        digest = sha256(repr((__version__, fingerprint(), _code(), self._replace(terms=()))).encode())
        for path in self.terms:
            for file in (
                [Path(path)] if Path(path).is_file() else sorted(p for p in Path(path).glob("*") if p.is_file())
            ):
                digest.update(sha256(file.read_bytes()).digest())
        return digest.digest()


class Outcome(NamedTuple):
    """What became of one listing: its `document`, or an `error`.

    `part` is what follows the record's name where a record holds several listings; `trial` the number, where known.
    """

    part: str
    trial: str | None
    document: Document | None
    error: str | None

    def name(self, record: str, place: int = 0) -> str:
        """What the listing goes by: see `called`."""
        return called(record, place, self.part, self.trial)


def called(record: str, place: int, part: str, trial: str | None) -> str:
    """What a listing goes by: the record's name, with the trial's number or place where there are more in it."""
    return record + (part or (f"#{trial or place}" if place else ""))


def convert(
    record: Record,
    parser: Parser,
    *,
    container: str = "auto",
    watch: Watch | None = None,
    over: Mapping[int, str] = MappingProxyType({}),
) -> list[Outcome]:
    """Parse the listings of a record, in order; never raises: what fails is an outcome with an error.

    `watch` limits what each may take; `over`: the numbers of those that are known to take more, and the cause.
    """
    if record.error is not None or READING in over:
        return [Outcome("", None, None, over.get(READING, record.error))]
    made: list[Outcome] = []
    try:
        # one of several in a file is an object of the registry's, however it begins
        of = "json" if record.place and container == "auto" else container
        found = listings(
            record.content, name="", container=of, on_error=lambda e: made.append(Outcome("", None, None, _cause(e)))
        )
        for number, listing in enumerate(found):
            if number in over:
                made.append(Outcome(listing.name, listing.trial.id, None, over[number]))
                continue
            if watch is not None:
                watch.begin(number)
            made.append(_parsed(listing, parser, watch))
            if watch is not None:
                watch.begin(READING)
    except Exception as error:  # one bad record among half a million stops nothing
        if watch is not None and isinstance(error, MemoryError):
            watch.starved()
        made.append(Outcome("", None, None, _cause(error)))
    return made


def _parsed(listing: Listing, parser: Parser, watch: Watch | None) -> Outcome:
    try:
        return Outcome(listing.name, listing.trial.id, parser.parse(listing), None)
    except Exception as error:
        if watch is not None and isinstance(error, MemoryError):
            watch.starved()
        return Outcome(listing.name, listing.trial.id, None, _cause(error))


def _cause(error: Exception) -> str:
    match error:
        case ProtoparseError():
            cause = str(error).removeprefix(": ")
        case RecursionError():
            cause = "nested too deep"
        case MemoryError():
            cause = "not enough memory"
        case _:
            cause = f"internal error: {type(error).__name__}: {error}"
    return " ".join(cause.split())[:LONGEST]


@cache
def _parser(options: Options) -> Parser:
    terms = TermSource.read(*options.terms) if options.terms else None
    return Parser(concepts=options.concepts, terms=terms, confidence=options.confidence)


@cache
def _code() -> bytes:
    """What the package's own files hold: a change of code, tables or models changes what it reads."""
    digest = sha256()
    for name, data in sorted(_contents(files("protoparse"), "")):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    return digest.digest()


def _contents(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{name}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _contents(entry, path)
        else:
            yield path, entry.read_bytes()
