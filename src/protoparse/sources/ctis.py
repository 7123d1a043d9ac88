"""CTIS, the European Union's trial register: a record of its public API, older or newer.

In: an object with `ctNumber` and, below it or below `authorizedApplication`, an `authorizedPartI`. Out: the principal
inclusion and exclusion criteria in the order of their numbers, joined, with the structured fields; what is translated
too is taken in the language of the record.

>>> part_one = {"eligibilityCriteria": {"principalInclusionCriteria": [
...     {"number": 2, "principalInclusionCriteria": "Consent"}, {"number": 1, "principalInclusionCriteria": "Adults"}]}}
>>> study({"ctNumber": "2099-500001-11-00",
...        "authorizedPartI": {"trialDetails": {"trialInformation": part_one}}}).text
'Inclusion Criteria:\\n\\n1. Adults\\n2. Consent'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from protoparse.errors import InputError
from protoparse.model import Sex, Trial
from protoparse.sources import fields
from protoparse.sources.fields import line, part, several, string
from protoparse.sources.listing import Listing, joined

_CATEGORIES = {"1": "in utero", "2": "0-17 years", "3": "18-64 years", "4": "65+ years"}
_CHILDREN = {"1": "preterm newborns", "2": "newborns", "3": "infants and toddlers", "4": "children", "5": "adolescents"}
_NUMBERED = re.compile(r"\W?(?:[A-Z]{1,3}[-.]?)?\d{1,3}(?:[.):\]]|\s*[-–]\s)|\W?[a-zA-Z]\)")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object is such a record."""
    return "ctNumber" in record and ("authorizedPartI" in record or "authorizedApplication" in record)


def study(record: Mapping[str, Any]) -> Listing:
    """The listing of a record; raises `InputError`, with its number, where it has no eligibility section."""
    first = part(record, "authorizedPartI") or part(record, "authorizedApplication", "authorizedPartI")
    details = part(first, "trialDetails")
    names, facts = part(details, "clinicalTrialIdentifiers"), part(details, "trialInformation")
    number = string(record["ctNumber"])
    criteria, people = part(facts, "eligibilityCriteria"), part(facts, "populationOfTrialSubjects")
    text = joined(
        *(_items(criteria.get(key), key) for key in ("principalInclusionCriteria", "principalExclusionCriteria"))
    )
    if not text:
        raise InputError(f"study {number or 'without a number'}: no eligibility section")
    bands = list(_bands(people))
    youngest, oldest = fields.age_bands(bands if any(bands) else (string(record.get("ageGroup")) or "").split(","))
    conditions = [*several(first.get("medicalConditions"))] or [
        *several(part(facts, "medicalCondition").get("partIMedicalConditions"))
    ]
    trial = Trial(
        id=number,
        registry="CTIS",
        title=line(names.get("publicTitle")) or line(names.get("fullTitle")) or line(record.get("title")),
        conditions=tuple(x for c in conditions if (x := line(part(c).get("medicalCondition")))),
        minimum_age=youngest,
        maximum_age=oldest,
        sex=_sex(people) or fields.sex(string(record.get("gender"))),
        healthy_volunteers=_healthy(people),
    )
    return Listing(trial=trial, text=text, name="")


def _items(value: object, key: str) -> str:
    """The criteria of a list, each behind its number where it does not print one itself."""
    items = [(x, body) for x in several(value) if (body := string(part(x).get(key)))]
    items.sort(key=lambda item: _place(item[0].get("number")))
    if len(items) == 1:
        return items[0][1]
    return "\n".join(
        body if _NUMBERED.match(body) else f"{item.get('number') or place}. {body}"
        for place, (item, body) in enumerate(items, start=1)
    )


def _bands(people: Mapping[str, Any]) -> Iterator[str]:
    """The ages that are ticked, those of children by their own bands where these are ticked too."""

    def code(ticked: object, key: str) -> str:
        return str(part(ticked).get(key) or part(ticked).get(f"{key}Code"))

    secondary = [x for x in several(people.get("ageRangeSecondaryIds")) if code(x, "ageRangeCategory") == "2"]
    finer = [code(x, "ctAgeRange") for x in secondary]
    for ticked in several(people.get("ageRanges")):
        category = code(ticked, "ageRangeCategory")
        if category == "2" and finer and all(band in _CHILDREN for band in finer):
            yield from (_CHILDREN[band] for band in finer)
        else:
            yield _CATEGORIES.get(category, "")


def _place(number: object) -> int:
    return (
        int(number) if isinstance(number, int) or (isinstance(number, str) and re.fullmatch(r"\d{1,6}", number)) else 0
    )


def _sex(people: Mapping[str, Any]) -> Sex | None:
    takes = [
        sex for sex, key in (("female", "isFemaleSubjects"), ("male", "isMaleSubjects")) if people.get(key) is True
    ]
    return fields.sex(" ".join(takes)) if takes else None


def _healthy(people: Mapping[str, Any]) -> bool | None:
    groups = [string(part(x).get("name")) for x in several(people.get("clinicalTrialGroups"))]
    return any("healthy" in x.lower() for x in groups if x) if any(groups) else None
