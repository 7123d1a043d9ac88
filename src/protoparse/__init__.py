"""protoparse: the eligibility section of a clinical trial as criteria that a computer can apply."""

from __future__ import annotations

__version__ = "0.1.0"
