"""What a patient's measurements say of a fact: the latest value of its window decides, of a history any.

A newer value is another state of the patient, not more knowledge of the same, and may turn what was true.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from protoparse.days import Days, plus
from protoparse.model import Fact
from protoparse.screen.knowing.amounts import Amount, Found, meets
from protoparse.screen.knowing.narrowing import narrowed, stated
from protoparse.screen.knowing.quantities import quantity
from protoparse.screen.knowing.times import Frame, Held, overlaps
from protoparse.screen.patient import Event, days
from protoparse.screen.verdicts import Truth, Why

TELLING: tuple[Why, ...] = (
    "not-said", "no-value", "no-unit", "no-range", "no-anchor", "undated", "too-old", "no-data",
)  # fmt: skip
"""Reasons, those first that are nearest to a decision."""


def measured(
    fact: Fact, met: list[Event], windows: Iterable[Frame], day: date, *, born: date, recent: int
) -> tuple[Truth, Why, tuple[Event, ...]]:
    """What the latest value says; of a history, whether any value ever was what is asked for."""
    if fact.value is None or fact.count is not None:
        return None, "no-value" if met else "no-data", tuple(met[-1:])
    best: tuple[Truth, Why, tuple[Event, ...]] = (False, "decided", ())
    for frame in windows:
        found = _within(fact, met, frame, day, born, recent)
        if found[0] or (found[0] is None and best[0] is False) or not best[2]:
            best = found
        if found[0]:
            break
    return best


def _within(
    fact: Fact, met: list[Event], frame: Frame, day: date, born: date, recent: int
) -> tuple[Truth, Why, tuple[Event, ...]]:
    if not frame.anchored:
        return None, "no-anchor", tuple(met[-1:])
    if frame.duration is not None:
        return None, "undated", tuple(met[-1:])
    history = frame.start is None and fact.time is not None
    if frame.start is None or frame.start == frame.end:
        last = frame.end or (day, day)
        frame = frame._replace(start=None if history else (plus(last[0], -recent),) * 2, end=last)
    inside: list[tuple[Days, Truth, Event]] = []
    older = False
    for event in met:
        if event.absent:
            continue
        when = days(event.start) if event.start else (born, day)
        if when[0] > day:
            continue
        truth = overlaps(Held(when, when), frame)
        if truth is not False:
            inside.append((when, truth, event))
        elif frame.start is not None and when[1] < frame.start[0]:
            older = True
    if not inside:
        return None, "too-old" if older else "no-data", tuple(met[-1:])
    if history:
        for _, sure, event in inside:
            if sure and _value(fact, event)[0]:
                return True, "decided", (event,)
        return None, "no-data", tuple(event for *_, event in inside)
    first = max(when[0] for when, sure, _ in inside if sure) if any(sure for _, sure, _ in inside) else date.min
    latest = [(sure, event) for when, sure, event in inside if when[1] >= first]
    told = [_value(fact, event) for _, event in latest]
    events = tuple(event for _, event in latest)
    if any(sure for sure, _ in latest) and len({truth for truth, _ in told}) == 1 and told[0][0] is not None:
        return told[0][0], "decided", events
    unknown = [why for truth, why in told if truth is None]
    return None, min(unknown, key=TELLING.index) if unknown else "undated", events


def _value(fact: Fact, event: Event) -> Found:
    assert fact.value is not None
    found: list[Found] = [narrowed(m, event) for m in fact.modifiers if m.type != "certainty" or not stated(m)]
    if event.value is None:
        found.append((None, "no-value"))
    else:
        analyte = quantity(fact.concept.text) or fact.concept.name
        found.append(meets(fact.value, Amount(event.value, event.unit, event.low, event.high), analyte))
    unknown = [why for truth, why in found if truth is None]
    if unknown:
        return None, min(unknown, key=TELLING.index)
    if any(truth is False for truth, _ in found[:-1]):
        return None, "not-said"  # of another side, or by another method
    return found[-1]
