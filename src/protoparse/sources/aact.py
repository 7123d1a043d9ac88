r"""AACT: a row of the table `eligibilities` of the database made from ClinicalTrials.gov.

In: an object with the columns `nct_id` and `criteria`. Out: the criteria verbatim with the ages, the sex and whether
healthy volunteers are taken; line ends that an export wrote as "~" are line ends again.

>>> study({"nct_id": "NCT99990001", "criteria": "Inclusion:~~* Adults~* Aged 18~65", "gender": "All"}).text
'Inclusion:\n\n* Adults\n* Aged 18~65'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.decoding import is_blank
from protoparse.sources.fields import string
from protoparse.sources.listing import Listing

_MARKS = frozenset(("gender", "minimum_age", "maximum_age", "healthy_volunteers", "sampling_method"))
_BREAKS = re.compile(r"~\s*~|^\s*~|~\s*(?:[-*•]|\d+[.)])\s")
_BREAK = re.compile(r"(?<!\d)~|~(?!\d)|~(?=\d{1,2}[.)]\s)")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object is a row of that table."""
    return "nct_id" in record and "criteria" in record and not _MARKS.isdisjoint(record)


def study(record: Mapping[str, Any]) -> Listing:
    """The listing of a row; raises `InputError`, with its number, where its criteria are blank."""
    number, text = string(record["nct_id"]), record["criteria"]
    if not isinstance(text, str) or is_blank(text):
        raise InputError(f"study {number or 'without a number'}: no eligibility section")
    if "\n" not in text and _BREAKS.search(text):
        text = _BREAK.sub("\n", text).strip("\n")
    healthy = record.get("healthy_volunteers")
    trial = Trial(
        id=number,
        registry="ClinicalTrials.gov",
        minimum_age=fields.age(string(record.get("minimum_age"))),
        maximum_age=fields.age(string(record.get("maximum_age"))),
        sex=fields.sex(string(record.get("gender"))),
        healthy_volunteers={"t": True, "f": False}.get(healthy) if healthy in ("t", "f") else fields.yes(healthy),
    )
    return Listing(trial=trial, text=text, name="")
