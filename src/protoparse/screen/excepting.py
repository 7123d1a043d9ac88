"""Exceptions taken apart: which of them take single events from what a rule asks for, and which excuse the patient.

In: the base of an `except` and its exceptions. Out: `Taking`s, and what is left. "Malignancy, except basal cell
carcinoma that was removed": a carcinoma takes itself from the malignancies, where something was removed; a second
malignancy still counts. "Diabetes, unless HbA1c is below 7 %" takes no diabetes from anybody: it excuses him.

>>> from protoparse.model import Concept
>>> malignancy, carcinoma, a1c = (Fact(domain=domain, concept=Concept(text=text)) for domain, text in (
...     ("condition", "malignancy"), ("condition", "basal cell carcinoma"), ("measurement", "HbA1c")))
>>> taking, rest = apart(malignancy, [carcinoma, a1c], wanted=False)
>>> [one.thing.concept.text for one in taking], [fact.concept.text for fact in rest]
(['basal cell carcinoma'], ['HbA1c'])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from protoparse.model import All, Any_, Domain, Except, Fact, Not, Rule, members

_KINDS: Mapping[Domain, str] = {
    "condition": "state", "observation": "state", "allergy": "allergy", "visit": "visit",
    "drug": "treatment", "procedure": "treatment", "device": "treatment",
}  # fmt: skip
"""Of what kind are the events that a domain asks for; one of a kind may be what an exception of the kind names."""


class Taking(NamedTuple):
    """An exception that takes events: those that are the thing, where the circumstances hold."""

    thing: Fact
    where: tuple[Rule, ...]


def kin(base: Fact, exception: Fact) -> bool:
    """Whether an event that meets one fact may be what another excepts."""
    kind = _KINDS.get(base.domain)
    counted = exception.count is not None
    return (
        kind is not None and kind == _KINDS.get(exception.domain) and not counted and _ours(base) and _ours(exception)
    )


def _ours(fact: Fact) -> bool:
    return fact.experiencer == "patient"


def apart(base: Rule, exceptions: Iterable[Rule], *, wanted: bool) -> tuple[list[Taking], list[Rule]]:
    """The exceptions that take events from what the base asks for, and those that are about something else.

    `wanted`: whether a trial takes those of whom the base is true. "No therapy, except surgery" leaves surgery open
    where it is wanted; where it is not, surgery excuses who had no therapy.
    """
    asked = list(_stated(base, wanted=wanted))
    taking: list[Taking] = []
    rest: list[Rule] = []
    for exception in _alternatives(exceptions):
        together = exception.of if isinstance(exception, All) else (exception,)
        found = next((n for n, x in enumerate(together) if isinstance(x, Fact) and any(kin(b, x) for b in asked)), None)
        thing = None if found is None else together[found]
        if isinstance(thing, Fact) and found is not None:
            taking.append(Taking(thing, (*together[:found], *together[found + 1 :])))
        else:
            rest.append(exception)
    return taking, rest


def entangled(base: Rule, exception: Rule) -> bool:
    """Whether an exception that takes no event all the same speaks, in some involved way, of what the base asks for."""
    return any(kin(b, x) for b in _stated(base, wanted=False) for x in _stated(exception, wanted=False))


def limits(rule: Rule) -> bool:
    """Whether a rule only draws lines by numbers: who is excepted need not keep to them, and may all the same."""
    if isinstance(rule, Fact):
        value = rule.value
        return rule.domain == "measurement" and value is not None and isinstance(value.value or value.low, int | float)
    return not isinstance(rule, Except) and all(map(limits, members(rule)))


def _alternatives(rules: Iterable[Rule]) -> Iterator[Rule]:
    for rule in rules:
        if isinstance(rule, Any_):
            yield from _alternatives(rule.of)
        else:
            yield rule


def _stated(rule: Rule, *, wanted: bool) -> Iterator[Fact]:
    """The facts of a rule, examples aside, without those that it denies unless the denial is wanted."""
    if isinstance(rule, Fact):
        yield rule
    elif not isinstance(rule, Not):
        for member in members(rule):
            yield from _stated(member, wanted=wanted)
    elif wanted:
        yield from _stated(rule.of, wanted=False)
