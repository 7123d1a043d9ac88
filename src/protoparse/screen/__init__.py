"""Criteria applied to patients: eligible, ineligible or undetermined, with the reasons.

    Document + Patient ─▶ facts decided ─▶ rules ─▶ criteria ─▶ Screening

Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protoparse.screen.index import Answers, Index
    from protoparse.screen.patient import Event, Patient, PatientNote, dump_patient, load_patient
    from protoparse.screen.records.reading import from_connection, patients
    from protoparse.screen.screening import screen
    from protoparse.screen.telling import plain, told
    from protoparse.screen.verdicts import Decision, Question, Screening, Verdict

_HOMES = {
    "index": ("Answers", "Index"),
    "patient": ("Event", "Patient", "PatientNote", "dump_patient", "load_patient"),
    "records.reading": ("from_connection", "patients"),
    "screening": ("screen",),
    "telling": ("plain", "told"),
    "verdicts": ("Decision", "Question", "Screening", "Verdict"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answers",
    "Decision",
    "Event",
    "Index",
    "Patient",
    "PatientNote",
    "Question",
    "Screening",
    "Verdict",
    "dump_patient",
    "from_connection",
    "load_patient",
    "patients",
    "plain",
    "screen",
    "told",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
