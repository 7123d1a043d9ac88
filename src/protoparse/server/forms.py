"""What a browser sends of a form; what a reviewer fills in about a fact, and the edits that it comes to.

In: a fact as it is, and the fields of its form. Out: the edits that make it so, none where nothing was changed.

>>> from protoparse.model import Concept, Fact
>>> gout = Fact(domain="condition", concept=Concept(text="gout", name="gout"))
>>> form = filled(gout, negated=False)
>>> edits(gout, replace(form, window="at screening", negated=True), criterion="exclusion.1", path="$")[1]
Negate(criterion='exclusion.1', path='$')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from protoparse import lexicon
from protoparse.editing import Compare, Edit, Name, Negate, SetDomain, SetExperiencer, SetTime
from protoparse.errors import EditError
from protoparse.grammar import canonical
from protoparse.model import (
    Comparison,
    Domain,
    Event,
    Experiencer,
    Fact,
    Number,
    Operator,
    Record,
    Reference,
    Window,
    without_spans,
)
from protoparse.render import phrase
from protoparse.server.answers import RefusalError


class Compared(Record, frozen=True, kw_only=True):
    """A comparison as it is filled in: an operator, or none, and its operands as text."""

    operator: Operator | None = None
    value: str = ""
    low: str = ""
    high: str = ""
    low_inclusive: bool = True
    high_inclusive: bool = True
    unit: str = ""
    reference: Reference | None = None


class FactForm(Record, frozen=True, kw_only=True):
    """A fact as it is filled in; `window` is canonical English."""

    domain: Domain
    name: str = ""
    negated: bool = False
    experiencer: Experiencer = "patient"
    value: Compared = Compared()
    count: Compared = Compared()
    dose: Compared = Compared()
    window: str = ""


CHOICES = {
    "domain": get_args(Domain),
    "operator": get_args(Operator),
    "reference": get_args(Reference),
    "experiencer": get_args(Experiencer),
    "event": get_args(Event),
}
"""What the lists of the form hold."""


def fields(body: bytes) -> dict[str, str]:
    """A form as a browser sends it; raises `RefusalError` where it is none."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except (UnicodeDecodeError, ValueError):
        raise RefusalError(400, "not a form") from None


def number(form: Mapping[str, str], field: str = "turn") -> int:
    """A field that is a whole number; raises `RefusalError` where it is none."""
    number = form.get(field, "")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise RefusalError(400, f"{field}: the number that this goes on from")
    return int(number)


_WORDS = ("operator", "value", "low", "high", "unit", "reference")


def read(fields: Mapping[str, str]) -> FactForm:
    """A form as a browser sends it; raises `EditError` where a field holds what it cannot."""

    def compared(name: str) -> dict[str, Any]:
        said = {
            field: fields.get(f"{name}.{field}", "")
            for field in ("operator", "value", "low", "high", "unit", "reference")
        }
        inclusive = {f"{end}_inclusive": f"{name}.{end}_inclusive" in fields for end in ("low", "high")}
        if not said["operator"]:
            return {}
        kept = {field: words for field, words in said.items() if words}
        return kept | (inclusive if said["operator"] == "between" else {})

    given = {
        "domain": fields.get("domain", ""),
        "name": fields.get("name", ""),
        "negated": "negated" in fields,
        "experiencer": fields.get("experiencer", "patient"),
        "window": fields.get("window", ""),
    }
    try:
        return msgspec.convert(given | {name: compared(name) for name in ("value", "count", "dose")}, FactForm)
    except msgspec.ValidationError as error:
        raise EditError(str(error)) from None


def filled(fact: Fact, *, negated: bool) -> FactForm:
    """The form of a fact as it is."""
    return FactForm(
        domain=fact.domain,
        name=fact.concept.name or "",
        negated=negated,
        experiencer=fact.experiencer,
        value=_compared(fact.value),
        count=_compared(fact.count),
        dose=_compared(fact.dose),
        window="" if fact.time is None else phrase(without_spans(fact.time)),
    )


def edits(fact: Fact, form: FactForm, *, criterion: str, path: str, negated: bool = False) -> list[Edit]:
    """The edits after which the fact is as filled in; raises `EditError` where a field cannot be read."""
    before = filled(fact, negated=negated)
    made: list[Edit] = []
    if form.domain != before.domain:
        made.append(SetDomain(criterion=criterion, path=path, domain=form.domain))
    if form.name.strip() != before.name:
        made.append(Name(criterion=criterion, path=path, name=form.name))
    for field in ("value", "count", "dose"):
        if (said := getattr(form, field)) != getattr(before, field):
            comparison = _comparison(said, getattr(fact, field), what=field)
            made.append(Compare(criterion=criterion, path=path, field=field, comparison=comparison))
    if form.window.strip() != before.window:
        made.append(SetTime(criterion=criterion, path=path, time=_window(form.window)))
    if form.experiencer != before.experiencer:
        made.append(SetExperiencer(criterion=criterion, path=path, experiencer=form.experiencer))
    if form.negated != before.negated:
        # last: the fact stands elsewhere in the rule afterwards
        made.append(Negate(criterion=criterion, path=path))
    return made


# ------------------------------------------------------------------ comparisons


def _compared(comparison: Comparison | None) -> Compared:
    if comparison is None:
        return Compared()
    several = comparison.values if isinstance(comparison.values, tuple) else ()
    return Compared(
        operator=comparison.operator,
        value=", ".join(map(str, several)) if several else _shown(comparison.value),
        low=_shown(comparison.low),
        high=_shown(comparison.high),
        low_inclusive=comparison.low_inclusive is not False,
        high_inclusive=comparison.high_inclusive is not False,
        unit="" if comparison.unit is None else comparison.unit.text or comparison.unit.ucum or "",
        reference=comparison.reference,
    )


def _shown(operand: object) -> str:
    return "" if operand is UNSET else str(operand)


def _comparison(said: Compared, before: Comparison | None, *, what: str) -> Comparison | None:
    """A comparison of what was filled in; a unit that is not changed keeps its code."""
    if said.operator is None:
        return None
    unit = lexicon.unit(said.unit.strip()) if said.unit.strip() else None
    if before is not None and before.unit is not None and said.unit == _compared(before).unit:
        unit = before.unit
    whole = Comparison(operator="=", value=1, unit=unit, reference=said.reference)
    match said.operator:
        case "between":
            return replace(
                whole,
                operator="between",
                value=UNSET,
                low=_operand(said.low, what),
                high=_operand(said.high, what),
                low_inclusive=said.low_inclusive,
                high_inclusive=said.high_inclusive,
            )
        case "in":
            values = tuple(_operand(part, what) for part in said.value.split(","))
            return replace(whole, operator="in", value=UNSET, values=values)
        case operator:
            return replace(whole, operator=operator, value=_operand(said.value, what))


def _operand(words: str, what: str) -> Number | str:
    """A number where it is one, else a word."""
    words = words.strip()
    if not words:
        raise EditError(f"the {what} lacks a number or a word")
    if re.fullmatch(r"-?\d+", words):
        return int(words)
    if re.fullmatch(r"-?\d*\.\d+(?:[eE][+-]?\d+)?|-?\d+[eE][+-]?\d+", words):
        return float(words)
    return words


# ------------------------------------------------------------------ windows


def _window(english: str) -> Window | None:
    """A window of canonical English, as a fact would say it."""
    english = english.strip()
    if not english:
        return None
    fact = canonical.read(f"condition [x] {english}")
    if not isinstance(fact, Fact) or fact.time is None or fact.value is not None:
        raise EditError(f"no window: {english[:80]!r}; say it like 'in the 6 months before screening'")
    return without_spans(fact.time)
