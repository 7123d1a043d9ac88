"""A bare eligibility text: kept character for character, line ends and direction marks included."""

from __future__ import annotations

from protoparse.model import Trial
from protoparse.sources.listing import Listing


def read(text: str) -> Listing:
    """The text itself, of a trial about which nothing else is known."""
    return Listing(trial=Trial(), text=text, name="")
