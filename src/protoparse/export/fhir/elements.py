"""The parts of FHIR R5 resources that are written and read back, as typed records.

In: Python values. Out: records whose `msgspec.to_builtins` is FHIR's JSON; `msgspec.convert` reads it, passes over what
is not here and says with its path what has another type.

>>> msgspec.to_builtins(CodeableConcept(**words("text", "ALT")))
{'text': 'ALT'}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, field

from protoparse.errors import ExportError
from protoparse.model import Number

URN = "urn:protoparse:fhir:"
"""The root of the URLs of all extensions and code systems of our own."""
UCUM = "http://unitsofmeasure.org"


class Element(Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The base of every part."""

    extension: tuple[Extension, ...] = ()


class Primitive(Element, frozen=True, kw_only=True):
    """What is said of a text, a code or a number beside it: FHIR's `_name`."""


class Quantity(Element, frozen=True, kw_only=True):
    """A number with how it is compared and its unit."""

    value: Number | None = None
    comparator: str | None = None
    unit: str | None = None
    unit_: Primitive | None = field(default=None, name="_unit")
    system: str | None = None
    code: str | None = None


class Extension(Element, frozen=True, kw_only=True):
    """What FHIR has no element for."""

    url: str
    value_string: str | None = None
    value_code: str | None = None
    value_boolean: bool | None = None
    value_decimal: Number | None = None
    value_quantity: Quantity | None = None


class Range(Element, frozen=True, kw_only=True):
    """From a number to another, both within."""

    low: Quantity | None = None
    high: Quantity | None = None


class Coding(Element, frozen=True, kw_only=True):
    """A code of a vocabulary."""

    system: str | None = None
    version: str | None = None
    code: str | None = None


class CodeableConcept(Element, frozen=True, kw_only=True):
    """A thing in codes and in words."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None
    text_: Primitive | None = field(default=None, name="_text")


class TypeAndValue(Element, frozen=True, kw_only=True):
    """What is measured, and what it has to be."""

    type: CodeableConcept
    method: tuple[CodeableConcept, ...] = ()
    value_codeable_concept: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_range: Range | None = None
    offset: CodeableConcept | None = None


class Combination(Element, frozen=True, kw_only=True):
    """Several characteristics and how they count."""

    code: str
    threshold: int | None = None
    characteristic: tuple[Characteristic, ...] = ()


class TimeFromEvent(Element, frozen=True, kw_only=True):
    """When it has to hold, counted from an event; negative is before it."""

    description: str | None = None
    description_: Primitive | None = field(default=None, name="_description")
    event_codeable_concept: CodeableConcept | None = None
    quantity: Quantity | None = None
    range: Range | None = None


class Annotation(Element, frozen=True, kw_only=True):
    """A note."""

    text: str | None = None
    text_: Primitive | None = field(default=None, name="_text")


class Characteristic(Element, frozen=True, kw_only=True):
    """One thing that is asked of a person; with `exclude`, that it does not hold."""

    modifier_extension: tuple[Extension, ...] = ()
    link_id: str | None = None
    description: str | None = None
    description_: Primitive | None = field(default=None, name="_description")
    note: tuple[Annotation, ...] = ()
    exclude: bool | None = None
    definition_codeable_concept: CodeableConcept | None = None
    definition_by_type_and_value: TypeAndValue | None = None
    definition_by_combination: Combination | None = None
    instances_quantity: Quantity | None = None
    instances_range: Range | None = None
    duration_quantity: Quantity | None = None
    duration_range: Range | None = None
    time_from_event: tuple[TimeFromEvent, ...] = ()


class Reference(Element, frozen=True, kw_only=True):
    """A pointer to a resource, or the name of somebody."""

    reference: str | None = None
    display: str | None = None
    display_: Primitive | None = field(default=None, name="_display")


class Identifier(Element, frozen=True, kw_only=True):
    """A name that somebody gave: a registry's number."""

    system: str | None = None
    value: str | None = None
    value_: Primitive | None = field(default=None, name="_value")
    assigner: Reference | None = None


class Resource(Element, frozen=True, kw_only=True):
    """The base of what stands in a bundle by itself."""

    resource_type: str
    id: str
    title: str | None = None
    title_: Primitive | None = field(default=None, name="_title")
    description: str | None = None
    description_: Primitive | None = field(default=None, name="_description")


class EvidenceVariable(Resource, frozen=True, kw_only=True):
    """Who may take part."""

    url: str | None = None
    status: str = ""
    note: tuple[Annotation, ...] = ()
    actual: bool | None = None
    characteristic: tuple[Characteristic, ...] = ()


class Trait(Element, frozen=True, kw_only=True):
    """A Group.characteristic: what members have or, with `exclude`, have not."""

    code: CodeableConcept
    value_codeable_concept: CodeableConcept | None = None
    value_boolean: bool | None = None
    value_quantity: Quantity | None = None
    value_range: Range | None = None
    exclude: bool | None = None


class Group(Resource, frozen=True, kw_only=True):
    """People who have the same traits: `membership` is R5's, `actual` R4B's."""

    name: str | None = None
    name_: Primitive | None = field(default=None, name="_name")
    type: str = ""
    membership: str | None = None
    actual: bool | None = None
    characteristic: tuple[Trait, ...] = ()


class Recruitment(Element, frozen=True, kw_only=True):
    """Whom a trial takes."""

    eligibility: Reference | None = None


class ResearchStudy(Resource, frozen=True, kw_only=True):
    """The trial."""

    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    status_: Primitive | None = field(default=None, name="_status")
    condition: tuple[CodeableConcept, ...] = ()
    recruitment: Recruitment | None = None
    enrollment: tuple[Reference, ...] = ()


# ------------------------------------------------------------------ words

# FHIR's strings take no control character but tab and line ends; XML, in which a bundle may be handed on, no surrogate
# and no U+FFFE.
BARRED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# In Markdown "<b" opens a tag and "](" a link, if no backslash stands before it.
_LIVE = re.compile(r"(?<!\\)((?:\\\\)*)(<(?=[A-Za-z/!?])|\](?=[(\[:]))")
_CODE = re.compile(r"\S+( \S+)*")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def words(key: str, text: str | None, *, markdown: bool = False) -> dict[str, Any]:
    """The fields of a record that say a text: the text as FHIR allows it, and, where that differs, as it is."""
    if text is None:
        return {}
    shown = BARRED.sub("\ufffd", text)
    if markdown:
        shown = _LIVE.sub(r"\1\\\2", shown)
    if shown == text and text.strip():
        return {key: text}
    return {key: shown if shown.strip() else None, key + "_": Primitive(extension=(_exact(text),))}


def text_of(record: Element, key: str) -> str | None:
    """What `words` was given for a field."""
    beside = getattr(record, key + "_")
    if beside is not None and extended(beside, "verbatim"):
        return said(beside, "verbatim")
    shown: str | None = getattr(record, key)
    return shown


def texts(value: object) -> Iterator[str]:
    """Every text in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for x in value:
            yield from texts(x)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))


def barred(text: str) -> bool:
    """Whether a text has signs that FHIR's strings do not take."""
    return BARRED.search(text) is not None


def is_code(text: str) -> bool:
    """Whether a text may be a `code`: no space but single ones within."""
    return _CODE.fullmatch(text) is not None and not barred(text)


def is_id(text: str) -> bool:
    """Whether a text may be an `id`."""
    return _ID.fullmatch(text) is not None


# ------------------------------------------------------------------ extensions


def extension(name: str, **value: Any) -> Extension:
    """An extension of our own."""
    return Extension(url=URN + name, **value)


def stated(name: str, text: str) -> Extension:
    """An extension of our own that is a text."""
    if text.strip() and not barred(text):
        return extension(name, value_string=text)
    return extension(name, extension=(_exact(text),))


def _exact(text: str) -> Extension:
    """A text as a JSON string in ASCII, in which no sign is barred and none is markup."""
    return extension("verbatim", value_string=json.dumps(text).replace("<", "\\u003c"))


def data(name: str, value: Any) -> Extension:
    """An extension of our own that is a part of the criteria JSON; raises `ExportError` for what no JSON can say."""
    try:
        return stated(name, json.dumps(msgspec.to_builtins(value), ensure_ascii=False, allow_nan=False))
    except ValueError:
        raise ExportError(f"a number in {name} that cannot be said in JSON") from None


def extended(record: Element, name: str) -> Extension | None:
    """The extension of our own by that name, a modifier extension too; None where there is none."""
    found = (*record.extension, *getattr(record, "modifier_extension", ()))
    return next((x for x in found if x.url == URN + name), None)


def said(record: Element, name: str) -> str | None:
    """The text or code of an extension of our own."""
    found = extended(record, name)
    if found is None:
        return None
    if found.extension:
        return said(found, "verbatim")
    if name == "verbatim":
        return msgspec.convert(loaded(found.value_string or ""), str)
    return found.value_code or found.value_string


def given(record: Element, name: str, type_: Any) -> Any:
    """The part of the criteria JSON in an extension of our own; None where there is none."""
    found = said(record, name)
    return None if found is None else msgspec.convert(loaded(found), type_)


def loaded(source: bytes | str) -> Any:
    """JSON, with integers of any size and halves of surrogate pairs; raises `ValueError` where it is none."""
    return json.loads(source, parse_constant=_no_constant)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
