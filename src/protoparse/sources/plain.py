"""Records of one's own: a JSON object with a trial's number and its eligibility text, as tables and scripts give them.

In: `{"id": "NCT01234567", "text": "Inclusion Criteria: …"}`. Out: the text verbatim, with the number and the title.

>>> study({"nct_id": "NCT01234567", "criteria": "Age > 5"}).trial.registry
'ClinicalTrials.gov'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.decoding import is_blank
from protoparse.sources.listing import Listing

TEXTS = ("text", "eligibility", "eligibility_criteria", "eligibilityCriteria", "criteria")
NUMBERS = ("id", "nct_id", "nctId", "trial_id")
TITLES = ("title", "brief_title", "briefTitle", "official_title")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object has an eligibility text under one of the names of `TEXTS`."""
    return _first(record, TEXTS) is not None


def study(record: Mapping[str, Any]) -> Listing:
    """The listing of one object; raises `InputError`, with the number, where the text is blank."""
    text, number = _first(record, TEXTS), _first(record, NUMBERS)
    if text is None or is_blank(text):
        raise InputError(f"study {number or 'without a number'}: no eligibility text")
    number = number and number.strip()
    trial = Trial(id=number or None, registry=fields.registry(number or ""), title=_first(record, TITLES))
    return Listing(trial=trial, text=text, name="")


def _first(record: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((value for name in names if isinstance(value := record.get(name), str)), None)
