r"""JSON: the record of a registry, or one's own, and whatever holds several of them.

In: one record, a page or list of them, or one a line. Out: a `Listing` each; which registry a record is from is told by
its fields.

>>> study({"protocolSection": {"eligibilityModule": {"eligibilityCriteria": "* Age \\> 5", "sex": "ALL"}}}).text
'* Age \\> 5'
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, Protocol

import msgspec

from protoparse.errors import InputError
from protoparse.sources import aact, ctgov, ctis, euctr, ictrp, isrctn, plain
from protoparse.sources.decoding import decode
from protoparse.sources.listing import Listing


class Reader(Protocol):
    """A module that reads one kind of record."""

    def recognises(self, record: Mapping[str, Any], /) -> bool:
        """Whether a record is of this kind."""

    def study(self, record: Mapping[str, Any], /) -> Listing:
        """Its listing; raises `InputError`, with the trial's number, where it has no eligibility section."""


READERS: dict[str, Reader] = {"isrctn": isrctn, "ctis": ctis, "euctr": euctr, "ictrp": ictrp, "aact": aact}
"""Those whose fields are unlike one's own records and ClinicalTrials.gov's, which are tried last."""

ANY = "json"
CONTAINERS = (ANY, "ctgov", *READERS)
"""What a file of JSON may be said to hold: anything, or the records of one registry."""

# "[1] Age ≥ 18" and "[Inclusion]" open a bare text, not a JSON list
_JSON = re.compile(r"\s*+(?:\{|\[\s*+(?:[\[{\"\]]|\Z))")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.S)
_STRAY = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|(?P<other>[^"\\/bfnrtu\x00-\x1f]))')


def recognises(text: str) -> bool:
    """Whether a text is meant as JSON, well formed or not."""
    return _JSON.match(text) is not None


def is_lines(first: bytes, second: bytes) -> bool:
    """Whether a file that begins with these two lines that are not blank holds one record a line.

    The first is an object as a whole; or it is broken, and the second opens an object where none could follow.
    """
    if not first.startswith(b"{") or not second:
        return False
    if second.startswith(b"{") and not first.endswith((b"[", b",", b":")):
        return True
    try:
        msgspec.json.decode(first, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def read(text: str, *, container: str = ANY) -> Iterator[Listing | InputError]:
    """Every record of a JSON text, an error in the place of one without eligibility.

    Raises `InputError` for broken JSON and for a text without records.
    """
    return _listings(_parse(text), container)


def read_lines(lines: Iterable[bytes], *, container: str = ANY) -> Iterator[Listing | InputError]:
    """Every record of a file with one a line, in constant memory; an error, with its line, in place of a bad one."""
    for count, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            for found in _listings(_parse(decode(line), alone=True), container):
                if isinstance(found, InputError):
                    yield InputError(f"line {count}: {found}")
                else:
                    yield found if found.name else msgspec.structs.replace(found, name=f"#{found.trial.id or count}")
        except InputError as error:
            yield InputError(f"line {count}: {error}")


def parts(text: str) -> list[msgspec.Raw] | None:
    """Each record of a page or a list of them, as it is printed; None where the text is a single one.

    Raises `msgspec.MsgspecError` for broken JSON.
    """
    if text.lstrip().startswith("["):
        return msgspec.json.decode(text, type=list[msgspec.Raw])
    whole = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    for *path, last in (("studies",), ("FullStudiesResponse", "FullStudies"), ("allTrials", "fullTrial")):
        inner = whole
        for key in path:
            inner = msgspec.json.decode(inner[key], type=dict[str, msgspec.Raw]) if key in inner else {}
        if bytes(inner.get(last, b""))[:1] == b"[":
            return msgspec.json.decode(inner[last], type=list[msgspec.Raw])
    return None


def study(record: object, *, container: str = ANY) -> Listing:
    """One record; raises `InputError`, with the trial's number, where it has no eligibility section."""
    if container in READERS:
        reader = READERS[container]
        if not isinstance(record, dict) or not reader.recognises(record):
            raise InputError(f"not a record of {container}")
        return reader.study(record)
    if isinstance(record, dict):
        if container == ANY:
            for reader in READERS.values():
                if reader.recognises(record):
                    return reader.study(record)
        if plain.recognises(record):
            return plain.study(record)
    return ctgov.study(record)


def _listings(document: object, container: str) -> Iterator[Listing | InputError]:
    records = ctgov.several(document)
    if records is None:
        yield study(document, container=container)
        return
    if not records:
        raise InputError("no study in this JSON")
    for place, record in enumerate(records, start=1):
        try:
            listing = study(record, container=container)
        except InputError as error:
            yield InputError(str(error) if str(error).startswith("study ") else f"study {place}: {error}")
        else:
            yield msgspec.structs.replace(listing, name=f"#{listing.trial.id or place}")


# ------------------------------------------------------------------ JSON that does not parse


def _parse(text: str, *, alone: bool = False) -> Any:
    """A JSON value; of a line that stands alone, errors name the column only."""
    # a lone surrogate cannot be written as UTF-8 again, so no output could hold the text
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(text, alone)
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise InputError("JSON nested too deep") from None
    except (msgspec.MsgspecError, UnicodeError) as error:
        return _mended(text, alone, str(error))


def _mended(text: str, alone: bool, cause: str) -> Any:
    r"""A JSON value whose only fault is a backslash that escapes nothing ("\>", "\c"): that is read as itself."""
    mended = _STRAY.sub(lambda m: "\\" + m[0] if m["other"] else m[0], text)
    if mended != text:
        try:
            return msgspec.json.decode(mended)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass
    return _refuse(text, alone, cause)


def _refuse(text: str, alone: bool, cause: str) -> NoReturn:
    try:
        json.loads(text, parse_int=len, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise InputError(f"broken JSON at {_place(text, error.pos, alone)}") from None
    except RecursionError:
        raise InputError("JSON nested too deep") from None
    except ValueError:
        raise InputError("broken JSON: NaN or Infinity is no JSON number") from None
    raise InputError(f"broken JSON: {cause}")


def _constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_lone_surrogates(text: str, alone: bool) -> None:
    high: re.Match[str] | None = None
    for escape in _ESCAPE.finditer(text):
        code = int(escape[1], 16) if escape[1] else 0
        if high is not None and not (0xDC00 <= code <= 0xDFFF and escape.start() == high.end()):
            _refuse_surrogate(text, high, alone)
        if 0xDC00 <= code <= 0xDFFF and high is None:
            _refuse_surrogate(text, escape, alone)
        high = escape if 0xD800 <= code <= 0xDBFF else None
    if high is not None:
        _refuse_surrogate(text, high, alone)


def _refuse_surrogate(text: str, escape: re.Match[str], alone: bool) -> NoReturn:
    raise InputError(f"lone surrogate {escape[0]} in a JSON string at {_place(text, escape.start(), alone)}")


def _place(text: str, offset: int, alone: bool) -> str:
    column = offset - text.rfind("\n", 0, offset)
    return f"column {column}" if alone else f"line {text.count(chr(10), 0, offset) + 1}, column {column}"
