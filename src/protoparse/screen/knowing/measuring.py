"""What a patient's measurements say of a fact: the latest value of its window decides, of a history any.

A newer value is another state of the patient, not more knowledge of the same, and may turn what was true.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from protoparse.days import Days, plus
from protoparse.model import Fact
from protoparse.screen.knowing.amounts import Amount, Found, meets
from protoparse.screen.knowing.narrowing import narrowed, stated
from protoparse.screen.knowing.quantities import quantity
from protoparse.screen.knowing.times import ANY, Frame, Held, overlaps
from protoparse.screen.patient import Event, days
from protoparse.screen.verdicts import Truth, Why

TELLING: tuple[Why, ...] = (
    "excepted", "over", "disagree", "not-said", "no-value", "no-unit", "no-range", "no-anchor", "undated", "too-old",
    "no-data",
)  # fmt: skip
"""Reasons, those first that are nearest to a decision."""


class Series:
    """Values of one kind in a record, in the order of their days: what falls into a window is looked for once."""

    def __init__(self, met: Sequence[Event], day: date, *, born: date, recent: int) -> None:
        self.latest = tuple(met[-1:])
        self._met, self._day, self._born, self._recent = met, day, born, recent
        self._dated: list[tuple[Days, Event]] | None = None
        self._inside: dict[tuple[Frame, bool], _Inside] = {}

    def inside(self, frame: Frame, *, history: bool) -> _Inside:
        """What falls into a window; where that has no beginning and is no `history`, what is recent at its end."""
        found = self._inside.get((frame, history))
        if found is None:
            found = self._inside[frame, history] = self._find(frame, history)
        return found

    def _find(self, frame: Frame, history: bool) -> _Inside:
        if self._dated is None:
            dated = [(days(e.start) if e.start else (self._born, self._day), e) for e in self._met if not e.absent]
            self._dated = [(when, event) for when, event in dated if when[0] <= self._day]
        if frame.start is None or frame.start == frame.end:
            last = frame.end or (self._day, self._day)
            frame = frame._replace(start=None if history else (plus(last[0], -self._recent),) * 2, end=last)
        inside: list[tuple[Days, bool, Event]] = []
        older = False
        for when, event in self._dated:
            truth = overlaps(Held(when, when), frame)
            if truth is not False:
                inside.append((when, truth is True, event))
            elif frame.start is not None and when[1] < frame.start[0]:
                older = True
        if not history:
            first = max((when[0] for when, sure, _ in inside if sure), default=date.min)
            inside = [one for one in inside if one[0][1] >= first]
        return _Inside([(sure, event) for _, sure, event in inside], older)


class _Inside(NamedTuple):
    """The values that fall into a window, each with whether it surely does, and whether there are older ones."""

    values: Sequence[tuple[bool, Event]]
    older: bool


def measured(fact: Fact, series: Series, windows: Iterable[Frame]) -> tuple[Truth, Why, tuple[Event, ...]]:
    """What the latest value says; of a history, whether any value ever was what is asked for."""
    if fact.value is None or fact.count is not None:
        return None, "no-value" if series.latest else "no-data", series.latest
    best: tuple[Truth, Why, tuple[Event, ...]] = (False, "decided", ())
    for frame in windows:
        found = _within(fact, series, frame)
        if found[0] or (found[0] is None and best[0] is False) or not best[2]:
            best = found
        if found[0]:
            break
    return best


def _within(fact: Fact, series: Series, frame: Frame) -> tuple[Truth, Why, tuple[Event, ...]]:
    if not frame.anchored:
        return None, "no-anchor", series.latest
    if frame.duration is not None:
        return None, "undated", series.latest
    history = frame.start is None and fact.time is not None
    values, older = series.inside(frame, history=history)
    if not values:
        return None, "too-old" if older else "no-data", series.latest
    if history:
        for sure, event in values:
            if sure and _value(fact, event)[0]:
                return True, "decided", (event,)
        return None, "no-data", tuple([event for _, event in values])
    told = [_value(fact, event) for _, event in values]
    events = tuple([event for _, event in values])
    if any(sure for sure, _ in values) and len({truth for truth, _ in told}) == 1 and told[0][0] is not None:
        return told[0][0], "decided", events
    unknown = [why for truth, why in told if truth is None]
    one_day = len({event.start for event in events}) == 1 and all(a == b for a, b in map(_day, events))
    differing: Why = "disagree" if one_day else "undated"
    return None, min(unknown, key=TELLING.index) if unknown else differing, events


def _day(event: Event) -> Days:
    return days(event.start) if event.start else ANY


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
