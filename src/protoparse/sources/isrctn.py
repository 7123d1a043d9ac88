"""ISRCTN: a record of its API, as JSON or as XML.

In: an object with `isrctn`, `trialDescription` and `participants`. Out: `participants.inclusion` and `.exclusion`
joined, with the structured fields.

>>> study({"isrctn": "99990001", "participants": {"inclusion": "1. Adults", "gender": "Female"}}).trial.sex
'female'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protoparse.errors import InputError
from protoparse.model import Age, Trial
from protoparse.sources import fields
from protoparse.sources.fields import line, part, several, string
from protoparse.sources.listing import Listing, joined


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object is such a record."""
    trial = _trial(record)
    return "isrctn" in trial and isinstance(trial.get("participants"), dict)


def study(record: Mapping[str, Any]) -> Listing:
    """The listing of a record; raises `InputError`, with its number, where it has no eligibility section."""
    record = _trial(record)
    about, people = part(record, "trialDescription"), part(record, "participants")
    number = string(_said(record["isrctn"]))
    number = f"ISRCTN{number}" if number and number.isdigit() else number
    text = joined(_said(people.get("inclusion")), _said(people.get("exclusion")))
    if not text:
        raise InputError(f"study {number or 'without a number'}: no eligibility section")
    kinds = [string(_said(x)) or "" for x in several(part(people, "participantTypes").get("participantType"))]
    conditions = several(part(record, "conditions").get("condition"))
    trial = Trial(
        id=number,
        registry="ISRCTN",
        title=line(_said(about.get("title"))) or line(_said(about.get("scientificTitle"))),
        conditions=tuple(x for c in conditions if (x := line(_said(part(c).get("description"))))),
        minimum_age=_limit(people.get("lowerAgeLimit")),
        maximum_age=_limit(people.get("upperAgeLimit")),
        sex=fields.sex(_said(people.get("gender"))),
        healthy_volunteers=_healthy(people.get("healthyVolunteersAllowed"), kinds),
    )
    return Listing(trial=trial, text=text, name="")


def _trial(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The trial itself, out of the object that its XML has around it."""
    return part(record, "trial") or part(record, "fullTrial", "trial") or record


def _said(value: object) -> str | None:
    """A field's text, whether or not it came with attributes."""
    if isinstance(value, dict):
        value = value.get("#text")
    return value if isinstance(value, str) else None


def _limit(value: object) -> Age | None:
    """ "29 Weeks", or an object with the unit apart."""
    if isinstance(value, dict):
        amount, unit = value.get("value", value.get("@value")), value.get("unit", value.get("@unit"))
        return fields.age(_said(value) or f"{amount} {unit}".replace(".0 ", " "))
    return fields.age(_said(value))


def _healthy(allowed: object, kinds: list[str]) -> bool | None:
    said = fields.yes(allowed)
    if said is not None:
        return said
    if any("healthy" in kind.lower() for kind in kinds):
        return True
    return False if kinds and all(kind.lower().startswith("patient") for kind in kinds) else None
