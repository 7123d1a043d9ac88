"""What every container yields: one trial's eligibility text with the registry's own fields."""

from __future__ import annotations

from protoparse.model import Record, Trial


class Listing(Record, frozen=True, kw_only=True):
    """One trial: its structured fields, its eligibility section verbatim, and where it came from.

    `name` is the file, followed by `#` and the trial's number (else its place) where a file holds several.
    """

    trial: Trial
    text: str
    name: str
