r"""ClinicalTrials.gov JSON: API v2 and the older full-studies answers.

In: one study, a page of studies, a list of studies, or one study a line. Out: each study's `eligibilityCriteria`
verbatim with its structured fields.

>>> study({"protocolSection": {"eligibilityModule": {"eligibilityCriteria": "* Age \\> 5", "sex": "ALL"}}}).text
'* Age \\> 5'
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import msgspec

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields, plain
from protoparse.sources.decoding import decode, is_blank
from protoparse.sources.listing import Listing

# "[1] Age ≥ 18" and "[Inclusion]" open a bare text, not a JSON list
_JSON = re.compile(r"\s*+(?:\{|\[\s*+(?:[\[{\"\]]|\Z))")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.S)


def recognises(text: str) -> bool:
    """Whether a text is meant as JSON, well formed or not."""
    return _JSON.match(text) is not None


def is_lines(first: bytes, second: bytes) -> bool:
    """Whether a file that begins with these two lines that are not blank holds one study a line.

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


def read(text: str) -> Iterator[Listing | InputError]:
    """Every study of a JSON text, an error in the place of one without eligibility.

    Raises `InputError` for broken JSON and for a text without studies.
    """
    return _listings(_parse(text))


def read_lines(lines: Iterable[bytes]) -> Iterator[Listing | InputError]:
    """Every study of a file with one a line, in constant memory; an error, with the line, in the place of a bad one."""
    for count, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            for found in _listings(_parse(decode(line), alone=True)):
                if isinstance(found, InputError):
                    yield InputError(f"line {count}: {found}")
                else:
                    yield found if found.name else msgspec.structs.replace(found, name=f"#{found.trial.id or count}")
        except InputError as error:
            yield InputError(f"line {count}: {error}")


def parts(text: str) -> list[msgspec.Raw] | None:
    """Each study of a page or a list of studies, as it is printed; None where the text is a single one.

    Raises `msgspec.MsgspecError` for broken JSON.
    """
    if text.lstrip().startswith("["):
        return msgspec.json.decode(text, type=list[msgspec.Raw])
    whole = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    for *path, last in (("studies",), ("FullStudiesResponse", "FullStudies")):
        inner = whole
        for key in path:
            inner = msgspec.json.decode(inner[key], type=dict[str, msgspec.Raw]) if key in inner else {}
        if bytes(inner.get(last, b""))[:1] == b"[":
            return msgspec.json.decode(inner[last], type=list[msgspec.Raw])
    return None


def study(record: object) -> Listing:
    """One study, API v2 or older, or an object with a number and a text.

    Raises `InputError`, with the study's number, where it has no eligibility section.
    """
    if isinstance(record, dict) and plain.recognises(record):
        return plain.study(record)
    old = _part(record, "Study", "ProtocolSection") or _part(record, "ProtocolSection")
    return _old_study(old) if old else _study(_part(record, "protocolSection") or _part(record))


def _listings(document: object) -> Iterator[Listing | InputError]:
    records = _records(document)
    if records is None:
        yield study(document)
        return
    if not records:
        raise InputError("no study in this JSON")
    for place, record in enumerate(records, start=1):
        try:
            listing = study(record)
        except InputError as error:
            yield InputError(str(error) if str(error).startswith("study ") else f"study {place}: {error}")
        else:
            yield msgspec.structs.replace(listing, name=f"#{listing.trial.id or place}")


def _records(document: object) -> list[Any] | None:
    """The studies of a list or a page; None where the document is a single one."""
    if isinstance(document, list):
        return document
    for several in (_part(document).get("studies"), _part(document, "FullStudiesResponse").get("FullStudies")):
        if isinstance(several, list):
            return several
    return None


def _study(protocol: dict[str, Any]) -> Listing:
    identity, eligibility = _part(protocol, "identificationModule"), _part(protocol, "eligibilityModule")
    number = _string(identity.get("nctId"))
    trial = Trial(
        id=number,
        registry="ClinicalTrials.gov",
        title=_string(identity.get("briefTitle")) or _string(identity.get("officialTitle")),
        conditions=_strings(_part(protocol, "conditionsModule").get("conditions")),
        minimum_age=fields.age(_string(eligibility.get("minimumAge"))),
        maximum_age=fields.age(_string(eligibility.get("maximumAge"))),
        sex=fields.sex(_string(eligibility.get("sex"))),
        healthy_volunteers=fields.yes(eligibility.get("healthyVolunteers")),
    )
    return _listing(trial, eligibility.get("eligibilityCriteria"), known=bool(identity or eligibility))


def _old_study(protocol: dict[str, Any]) -> Listing:
    identity, eligibility = _part(protocol, "IdentificationModule"), _part(protocol, "EligibilityModule")
    trial = Trial(
        id=_string(identity.get("NCTId")),
        registry="ClinicalTrials.gov",
        title=_string(identity.get("BriefTitle")) or _string(identity.get("OfficialTitle")),
        conditions=_strings(_part(protocol, "ConditionsModule", "ConditionList").get("Condition")),
        minimum_age=fields.age(_string(eligibility.get("MinimumAge"))),
        maximum_age=fields.age(_string(eligibility.get("MaximumAge"))),
        sex=fields.sex(_string(eligibility.get("Gender"))),
        healthy_volunteers=fields.yes(eligibility.get("HealthyVolunteers")),
    )
    return _listing(trial, eligibility.get("EligibilityCriteria"), known=True)


def _listing(trial: Trial, text: object, *, known: bool) -> Listing:
    if not isinstance(text, str) or is_blank(text):
        if not known:
            raise InputError("not a study of ClinicalTrials.gov")
        raise InputError(f"study {trial.id or 'without a number'}: no eligibility section")
    return Listing(trial=trial, text=text, name="")


def _part(record: object, *keys: str) -> dict[str, Any]:
    """The object at a path of keys; empty where there is none."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record if isinstance(record, dict) else {}


def _string(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _strings(value: object) -> tuple[str, ...]:
    return tuple(x.strip() for x in value if isinstance(x, str) and x.strip()) if isinstance(value, list) else ()


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
        _refuse(text, alone, str(error))


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
