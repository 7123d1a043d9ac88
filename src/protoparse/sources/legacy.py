"""ClinicalTrials.gov's legacy XML, `<clinical_study>`, as its older downloads and its archive of versions have it.

In: an element. Out: the text block of `<criteria>` without the margin that the file gives it, and the fields beside it.

>>> study(etree.fromstring("<clinical_study><eligibility><criteria><textblock>\\n      Age over 5\\n    </textblock>"
...                        "</criteria><gender>Male</gender></eligibility></clinical_study>")).text
'Age over 5'
"""

from __future__ import annotations

import textwrap
from typing import Any

from lxml import etree

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.decoding import is_blank
from protoparse.sources.fields import string
from protoparse.sources.listing import Listing

__all__ = ["etree", "study"]


def study(element: Any) -> Listing:
    """The listing of an element; raises `InputError`, with its number, where it has no eligibility section."""

    def said(path: str) -> str | None:
        """A field's words, in a text block or not."""
        found = element.find(path)
        return string(" ".join("".join(found.itertext()).split())) if found is not None else None

    # an archived version from before the trial had a number has an empty one
    number = said("id_info/nct_id") or said("study_id/nct_id")
    text = element.findtext("eligibility/criteria/textblock") or element.findtext("eligibility/criteria") or ""
    text = text.replace("\r\n", "\n")  # "&#xD;" at line ends: of the file too, like its margin
    if is_blank(text):
        raise InputError(f"study {number or 'without a number'}: no eligibility section")
    trial = Trial(
        id=number,
        registry="ClinicalTrials.gov",
        title=said("brief_title") or said("official_title"),
        conditions=tuple(x for e in element.findall("condition") if (x := string(" ".join((e.text or "").split())))),
        minimum_age=fields.age(said("eligibility/minimum_age")),
        maximum_age=fields.age(said("eligibility/maximum_age")),
        sex=fields.sex(said("eligibility/gender")),
        healthy_volunteers=fields.yes(said("eligibility/healthy_volunteers")),
    )
    return Listing(trial=trial, text=textwrap.dedent(text).strip("\n").rstrip(), name="")
