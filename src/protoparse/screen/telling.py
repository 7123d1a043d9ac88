"""Reasons in words and in plain data: what decided a fact, and a whole screening without its criteria.

In: a `Decision` or a `Screening`. Out: a short phrase; or what JSON takes.

>>> from protoparse.model import Concept, Fact
>>> from protoparse.screen.patient import Event
>>> hba1c = Event(domain="measurement", name="HbA1c", value=7.2, unit="%", start="2024-05-02", source="Observation/4")
>>> fact = Fact(domain="measurement", concept=Concept(text="HbA1c"))
>>> told(Decision(fact=fact, truth=False, why="decided", events=(hba1c,)))
'HbA1c: no (HbA1c 7.2 % on 2024-05-02, Observation/4)'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import to_builtins

from protoparse.model import Except, Fact, If, Not, Rule, Span, members
from protoparse.screen.patient import Event
from protoparse.screen.verdicts import Decision, Question, Screening, Truth, Verdict, Why

REASONS: Mapping[Why, str] = {
    "decided": "the record says so",
    "absent": "the record says that it was not",
    "complete": "nothing in a record that is complete for this",
    "no-data": "nothing in the record",
    "too-old": "the last value is too old",
    "undated": "when it was is not known well enough",
    "no-anchor": "the day that it is counted from is not known",
    "no-range": "the laboratory's own range is not in the record",
    "no-unit": "the value has no unit that converts",
    "no-value": "without a value that can be compared",
    "disagree": "the record contradicts itself",
    "over": "it is over, and whether it counts that it was is not said",
    "excepted": "an exception may speak of it",
    "not-said": "what narrows it is not in the record",
    "not-in-records": "no record tells; ask a person",
}
ANSWERS: Mapping[Truth, str] = {True: "yes", False: "no", None: "unknown"}
_SILENT = "its text asks for nothing that was understood"
SHOWN = 2
"""So many events of a decision are named."""
QUOTED = 80
"""So many letters of a text are quoted."""


def told(decision: Decision) -> str:
    """What is known of a fact, and why."""
    between = ", " if all(event.domain == "person" for event in decision.events) else "; "
    events = between.join(_event(event) for event in decision.events[:SHOWN])
    more = len(decision.events) - SHOWN
    because = [events + (f" and {more} more" if more > 0 else "")] if events else []
    if decision.why != "decided" or not because:
        because.insert(0, REASONS[decision.why])
    return f"{named(decision)}: {ANSWERS[decision.truth]} ({': '.join(because)})"


def named(decision: Decision) -> str:
    """What a decision is about, in the words of the text."""
    without = " or ".join(called(thing) for thing in decision.without)
    return f"{decision.fact.concept.text}{without and f' other than {without}'}"


def called(thing: Fact) -> str:
    """A thing in the words of the text, with those that narrow it."""
    narrowed = ", ".join(" ".join(m.text.split()) for m in thing.modifiers)
    return f"{thing.concept.text} ({narrowed})" if narrowed else thing.concept.text


def walk(verdicts: tuple[Verdict, ...]) -> Iterator[Verdict]:
    """Every verdict with those of its children, in the order of the text."""
    for verdict in verdicts:
        yield verdict
        yield from walk(verdict.children)


def reason(screening: Screening, text: str) -> str:
    """Why a patient cannot take part, or how many questions are open, with the first; empty for who is eligible.

    `text`: the trial's, of which the words that are not met are quoted.
    """
    if screening.answer == "eligible":
        return ""
    if screening.answer == "ineligible" and screening.died:
        return f"died {screening.died}"
    if screening.answer == "undetermined":
        asked = screening.to_include or screening.to_exclude
        more = len(asked) - 1
        return asked[0].asks + (f" … and {more} more" if more else "") if asked else _SILENT
    failed = [verdict for verdict in screening.verdicts if verdict.passed is False]
    for verdict, decision in (*_decisive(failed), *_decided(failed)):
        said = _quoted(verdict, decision.fact.span, text)
        return f"{verdict.criterion.id}: {told(decision)}{said and f', in {said}'}"
    for verdict in failed:
        return f"{verdict.criterion.id}: {_quoted(verdict, None, text)} fails whatever is not known"
    return "no group takes the patient" if screening.groups else ""


def _quoted(verdict: Verdict, span: Span | None, text: str) -> str:
    """A criterion as it is written; of a long one the words at a place; nothing where it stands in no text."""
    whole, part = (" ".join(text[slice(*place)].split()) if place else "" for place in (verdict.criterion.span, span))
    words = whole if len(whole) <= QUOTED or not part else part
    return f"“{words if len(words) <= QUOTED else f'{words[: QUOTED - 1]}…'}”" if words else ""


def _decided(failed: Sequence[Verdict]) -> Iterator[tuple[Verdict, Decision]]:
    """All that is known of criteria that fail."""
    for verdict in walk(tuple(failed)):
        yield from ((verdict, decision) for decision in verdict.decisions if decision.truth is not None)


def _decisive(failed: Sequence[Verdict]) -> Iterator[tuple[Verdict, Decision]]:
    """What of it speaks for the failing: where "stroke or gout" rules out, which of them there is."""
    for top in failed:
        for verdict in walk((top,)):
            if verdict.holds is top.holds:
                denied = dict(_signs(verdict.criterion.rule))
                for decision in verdict.decisions:
                    if decision.truth is not None and (decision.truth is top.holds) is not denied.get(decision.fact):
                        yield verdict, decision


def _signs(rule: Rule | None, denied: bool = False) -> Iterator[tuple[Fact, bool]]:
    """The facts of a rule, each with whether its truth speaks against the rule's."""
    if isinstance(rule, Fact):
        yield rule, denied
    elif rule is not None:
        against: tuple[Rule, ...] = ()
        match rule:
            case Not(of=of):
                against = (of,)
            case If(condition=condition):
                against = (condition,)
            case Except(exceptions=exceptions):
                against = exceptions
        for member in members(rule):
            yield from _signs(member, denied is not any(member is one for one in against))


def plain(screening: Screening) -> dict[str, Any]:
    """A screening as plain data: criteria by their ids and places, facts by their words."""
    return {
        "trial": screening.trial,
        "patient": screening.patient,
        "day": screening.day.isoformat(),
        "answer": screening.answer,
        **({"died": screening.died} if screening.died else {}),
        "groups": dict(screening.groups),
        "criteria": [_verdict(verdict) for verdict in screening.verdicts],
        "to_exclude": [_question(question) for question in screening.to_exclude],
        "to_include": [_question(question) for question in screening.to_include],
        "notes": to_builtins(screening.notes),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    criterion = verdict.criterion
    return {
        "id": criterion.id,
        "kind": criterion.kind,
        "span": list(criterion.span),
        "holds": verdict.holds,
        "passed": verdict.passed,
        "unread": verdict.unread,
        "facts": [
            {
                "text": decision.fact.concept.text,
                "span": decision.fact.span,
                **({"without": list(map(called, decision.without))} if decision.without else {}),
                "truth": decision.truth,
                "why": decision.why,
                "events": [_data(event) for event in decision.events],
            }
            for decision in verdict.decisions
        ],
        "children": [_verdict(child) for child in verdict.children],
    }


def _question(question: Question) -> dict[str, Any]:
    return {"asks": question.asks, "criteria": list(question.criteria)}


def _data(event: Event) -> dict[str, Any]:
    """What an event says, without what it does not say."""
    return {name: value for name, value in to_builtins(event).items() if value not in (None, [], (), False)}


def _event(event: Event) -> str:
    if event.domain == "person":
        return f"born {event.start}" if event.start else str(event.value)
    value = "" if event.value is None else f" {_number(event.value)}{f' {event.unit}' if event.unit else ''}"
    when = f" on {event.start}" if event.start and not event.end else ""
    if event.end:
        when = f" {event.start or '…'} to {event.end}"
    return f"{event.name}{value}{when}{f', {event.source}' if event.source else ''}"


def _number(value: float | str) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
