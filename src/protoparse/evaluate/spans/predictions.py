"""What a tool found in a text, as it comes of tables that the tool wrote."""

from __future__ import annotations

from protoparse.evaluate.spans.findings import Findings
from protoparse.model import Record


class Prediction(Record, frozen=True, kw_only=True):
    """What a tool found in one text, and how much of it could not be placed there (`lost` of `told`)."""

    findings: Findings
    told: int = 0
    lost: int = 0
