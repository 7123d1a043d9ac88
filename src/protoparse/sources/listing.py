"""What every container yields: one trial's eligibility text with the registry's own fields."""

from __future__ import annotations

import re

from protoparse.model import Record, Trial

# a field that repeats its own name at its head: "Inclusion criteria: 1. Adults"
_OWN_NAME = re.compile(
    r"\s*(?:(?:key|main|principal)\s+)?(inclusion|exclusion)\s+criteri(?:a|on)[ \t]*(?::|\r?\n|\Z)", re.I
)


class Listing(Record, frozen=True, kw_only=True):
    """One trial: its structured fields, its eligibility section verbatim, and where it came from.

    `name` is the file, followed by `#` and the trial's number (else its place) where a file holds several.
    """

    trial: Trial
    text: str
    name: str


def joined(inclusion: str | None, exclusion: str | None) -> str:
    """Two fields under the standard headings; a heading that repeats a field's name is said once.

    >>> joined("Inclusion criteria: 1. Adults", " ")
    'Inclusion Criteria:\\n\\n1. Adults'
    """
    return "\n\n".join(
        f"{kind} Criteria:\n\n{body}"
        for kind, field in (("Inclusion", inclusion), ("Exclusion", exclusion))
        if (body := _body(field or "", kind))
    )


def _body(field: str, kind: str) -> str:
    own = _OWN_NAME.match(field)
    body = field[own.end() :].lstrip(" \t") if own and own[1].lower() == kind.lower() else field
    lines = body.rstrip().split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    return "\n".join(lines)
