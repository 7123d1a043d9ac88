r"""ClinicalTrials.gov JSON: API v2 and the older full-studies answers.

In: a study. Out: its `eligibilityCriteria` verbatim with its structured fields.

>>> study({"protocolSection": {"eligibilityModule": {"eligibilityCriteria": "* Age \\> 5", "sex": "ALL"}}}).text
'* Age \\> 5'
"""

from __future__ import annotations

from typing import Any

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.decoding import is_blank
from protoparse.sources.fields import line, part, string, strings
from protoparse.sources.listing import Listing


def study(record: object) -> Listing:
    """One study, API v2 or older; raises `InputError`, with its number, where it has no eligibility section."""
    old = part(record, "Study", "ProtocolSection") or part(record, "ProtocolSection")
    return _old_study(old) if old else _study(part(record, "protocolSection") or part(record))


def several(document: object) -> list[Any] | None:
    """The studies of a list or a page; None where the document is a single one."""
    if isinstance(document, list):
        return document
    pages = (("studies", part(document)), ("FullStudies", part(document, "FullStudiesResponse")))
    for key, page in (*pages, ("fullTrial", part(document, "allTrials"))):  # the last is ISRCTN's
        found = [page[key]] if key == "fullTrial" and isinstance(page.get(key), dict) else page.get(key)
        if isinstance(found, list):
            return found
    return None


def _study(protocol: dict[str, Any]) -> Listing:
    identity, eligibility = part(protocol, "identificationModule"), part(protocol, "eligibilityModule")
    number = string(identity.get("nctId"))
    trial = Trial(
        id=number,
        registry="ClinicalTrials.gov",
        title=line(identity.get("briefTitle")) or line(identity.get("officialTitle")),
        conditions=strings(part(protocol, "conditionsModule").get("conditions")),
        minimum_age=fields.age(string(eligibility.get("minimumAge"))),
        maximum_age=fields.age(string(eligibility.get("maximumAge"))),
        sex=fields.sex(string(eligibility.get("sex"))),
        healthy_volunteers=fields.yes(eligibility.get("healthyVolunteers")),
    )
    return _listing(trial, eligibility.get("eligibilityCriteria"), known=bool(identity or eligibility))


def _old_study(protocol: dict[str, Any]) -> Listing:
    identity, eligibility = part(protocol, "IdentificationModule"), part(protocol, "EligibilityModule")
    trial = Trial(
        id=string(identity.get("NCTId")),
        registry="ClinicalTrials.gov",
        title=line(identity.get("BriefTitle")) or line(identity.get("OfficialTitle")),
        conditions=strings(part(protocol, "ConditionsModule", "ConditionList").get("Condition")),
        minimum_age=fields.age(string(eligibility.get("MinimumAge"))),
        maximum_age=fields.age(string(eligibility.get("MaximumAge"))),
        sex=fields.sex(string(eligibility.get("Gender"))),
        healthy_volunteers=fields.yes(eligibility.get("HealthyVolunteers")),
    )
    return _listing(trial, eligibility.get("EligibilityCriteria"), known=True)


def _listing(trial: Trial, text: object, *, known: bool) -> Listing:
    if not isinstance(text, str) or is_blank(text):
        if not known:
            raise InputError("not a study of ClinicalTrials.gov")
        raise InputError(f"study {trial.id or 'without a number'}: no eligibility section")
    return Listing(trial=trial, text=text, name="")
