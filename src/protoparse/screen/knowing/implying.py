"""What findings and values say of one another: tachypnea is a respiratory rate above 20, a BMI of 32 is obesity.

In: the events of a record under their keys. Out: events that they imply, each with the day and the source of its own.
The definitions are in `lexicon/findings.tsv`. A quantity that was measured speaks for itself: nothing is implied of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from protoparse import lexicon
from protoparse.concepts.wording import normal
from protoparse.days import Days
from protoparse.model import Comparison, Unit
from protoparse.screen.knowing.amounts import Amount, meets
from protoparse.screen.knowing.matching import Key, Reading
from protoparse.screen.knowing.times import age
from protoparse.screen.patient import Event, days


class _Finding(NamedTuple):
    """A row of findings.tsv: the keys of the finding and of its quantity, and the limits as they are printed."""

    name: str
    keys: frozenset[Key]
    quantity: str
    unit: str
    implies: str
    shows: Comparison | None
    years: int


@cache
def _findings() -> tuple[_Finding, ...]:
    found = []
    for row in lexicon.rows("findings"):
        names = lexicon.spellings(row["names"])
        operator, _, limit = row["shows"].partition(" ")
        unit = Unit(text=row["unit"], ucum=row["unit"])
        shows = Comparison(operator=operator, value=float(limit), unit=unit) if limit else None  # type: ignore[arg-type]
        keys = frozenset({("condition", normal(name)) for name in names})
        found.append(_Finding(names[0], keys, row["quantity"], row["unit"], row["implies"], shows, int(row["from"])))
    return tuple(found)


def implied(
    present: Mapping[Key, Sequence[tuple[int, Reading]]], events: Sequence[Event], birth: Days | None, day: Days
) -> list[Event]:
    """What events imply, by their days: a value of a finding, where none was measured, and a finding of a value.

    `present` has their numbers under the keys of what they say.
    """
    return sorted(_implied(present, events, birth, day), key=lambda event: event.start or "")


def _implied(
    present: Mapping[Key, Sequence[tuple[int, Reading]]], events: Sequence[Event], birth: Days | None, day: Days
) -> Iterator[Event]:
    for finding in _findings():
        values = present.get(("measurement", finding.quantity), ())
        if values and finding.shows is not None:
            for event in [events[n] for n, _ in values]:
                if event.start and _grown(finding, birth, days(event.start)) and _shown(finding, event):
                    # the value of a day says nothing of the next, weight of the next months
                    end = None if finding.quantity == "body mass index" else event.start
                    name = f"{finding.name} ({finding.quantity})"
                    yield Event(domain="condition", name=name, start=event.start, end=end, source=event.source)
        for key in () if values else finding.keys & present.keys():
            for n, reading in present[key]:
                event = events[n]
                if key in reading.own and not reading.past and _grown(finding, birth, day):
                    yield Event(
                        domain="measurement",
                        name=finding.quantity,
                        value=finding.implies,
                        unit=finding.unit,
                        start=event.start,
                        source=event.source,
                    )


def _grown(finding: _Finding, birth: Days | None, day: Days) -> bool:
    """Whether somebody is surely old enough on a day for a definition to hold."""
    return finding.years == 0 or (birth is not None and age(birth, day, "a")[0] >= finding.years)


def _shown(finding: _Finding, event: Event) -> bool:
    if finding.shows is None or event.value is None or isinstance(event.value, str):
        return False
    return meets(finding.shows, Amount(event.value, event.unit), finding.quantity)[0] is True
