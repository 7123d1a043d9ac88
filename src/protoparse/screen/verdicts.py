"""What screening says: of a fact, of a criterion, of a trial.

Truth is Kleene's: True, False, or None where nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias

from protoparse.model import Criterion, Fact, Kind, Record
from protoparse.screen.patient import Event, PatientNote

Truth: TypeAlias = bool | None
Answer: TypeAlias = Literal["eligible", "ineligible", "undetermined"]
Why: TypeAlias = Literal[
    "decided",  # the events say it
    "absent",  # the record says that it was not
    "complete",  # nothing of the kind in a record that is complete for the domain
    "no-data",  # nothing of the kind in the record
    "too-old",  # the last value is older than is asked for
    "undated",  # when it was is not known well enough
    "no-anchor",  # the day that the window is counted from is not known
    "no-range",  # a multiple of a limit of normal, and the laboratory's own range is not in the record
    "no-unit",  # the value has no unit, or one that does not convert
    "no-value",  # there is an event without the value that is asked for
    "disagree",  # values of one day, or what the record says and what it denies
    "over",  # it was, and is over: whether its past counts is not said
    "excepted",  # there is an event that an exception may take
    "not-said",  # the record does not say what narrows the fact (severity, cause, method …)
    "not-in-records",  # consent, an investigator's opinion: no record says it
]


class Decision(Record, frozen=True, kw_only=True):
    """What is known of one fact, why, and the events that it rests on (or that came nearest).

    `without`: the facts whose events do not count for it: exceptions.
    """

    fact: Fact
    truth: Truth
    why: Why
    events: tuple[Event, ...] = ()
    without: tuple[Fact, ...] = ()


class Verdict(Record, frozen=True, kw_only=True):
    """What is known of one criterion.

    `holds`: whether what the criterion says is true, its children with it; `passed`: whether the patient passes it,
    which for an exclusion is that it does not hold. `unread`: part of its text was not understood, so that a patient
    never certainly passes it. `decisions` are those of its own rule's facts.
    """

    criterion: Criterion
    holds: Truth
    passed: Truth
    unread: bool = False
    decisions: tuple[Decision, ...] = ()
    children: tuple[Verdict, ...] = ()


class Question(Record, frozen=True, kw_only=True):
    """Something that the record does not say, and the criteria that wait for it, by id."""

    asks: str
    facts: tuple[Fact, ...]
    criteria: tuple[str, ...]


class Screening(Record, frozen=True, kw_only=True):
    """What a trial says of a patient on a day.

    `died`: the day of death of a patient who had died by then, or may have: who is dead takes part in nothing. `groups`
    gives the answer for each cohort or arm that criteria are said to be for; the trial's is the best of them.
    `to_exclude`: the fewest questions one of whose answers may rule the patient out; `to_include`: the fewest whose
    answers together may show that the patient is eligible; both empty where the answer is known.
    """

    trial: str | None
    patient: str
    day: date
    answer: Answer
    verdicts: tuple[Verdict, ...]
    groups: Mapping[str, Answer] = {}
    to_exclude: tuple[Question, ...] = ()
    to_include: tuple[Question, ...] = ()
    notes: tuple[PatientNote, ...] = ()
    died: str | None = None


def passed(kind: Kind, holds: Truth) -> Truth:
    """Whether a patient passes a criterion of a kind of which it is known whether it holds."""
    return holds if kind != "exclusion" else None if holds is None else not holds
