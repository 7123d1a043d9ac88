"""What an inclusion rule's description keeps of a criterion, so that it comes back as it was said.

An expression counts in days about one index day; "6 months before randomization" and "184 days before screening" ask
the same of it. Which of the two was said stands in the description, in canonical English behind the words of the
listing. It is believed only where it comes to the very expression that it stands in: who edits that, in ATLAS or by
hand, is read as he or she says.

>>> from protoparse.model import Concept, Fact
>>> gout = Fact(domain="condition", concept=Concept(text="gout", name="gout"))
>>> described("No gout", gout)
'No gout — condition [gout]'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec.structs import replace

from protoparse.export.circe.meaning import meaning, plain
from protoparse.export.circe.sets import clean
from protoparse.grammar import canonical
from protoparse.model import (
    AtLeast,
    AtLeastChildren,
    Bound,
    Combine,
    Criterion,
    Except,
    If,
    Kind,
    Rule,
    Window,
    all_of,
    any_of,
    facts,
    renamed,
    without_spans,
)
from protoparse.render import render

DESCRIBED = 1000
"""So long may an inclusion rule's description be in OHDSI's tables."""
_BEHIND = " — "
_RECENT = 180


def merged(criterion: Criterion) -> Rule | None:
    """All that a criterion says, its children with it, as one rule without places; None where it asks for nothing."""
    own = None if criterion.rule is None else without_spans(criterion.rule)
    below = [rule for child in criterion.children if (rule := merged(child)) is not None]
    return own if not below or criterion.combine is None else _joined(own, below, criterion.combine)


def _joined(own: Rule | None, below: list[Rule], combine: Combine) -> Rule | None:
    match combine:
        case "except":
            return own and Except(base=own, exceptions=tuple(below))
        case "then" if own is not None:
            return If(condition=own, then=all_of(below))
        case "any":
            joined = any_of(below)
        case AtLeastChildren(at_least=count) if len(below) > 1:
            joined = AtLeast(count=count, of=tuple(below))
        case _:
            joined = all_of(below)
    return joined if own is None else all_of([own, joined])


def described(words: str, rule: Rule) -> str | None:
    """A description of words and a rule, the words cut where they must be; None where there is no room for the rule."""
    english = render(rule)
    room = DESCRIBED - len(_BEHIND) - len(english)
    if room < 0 or clean(english) != english:
        return None
    return (words if len(words) <= room else words[: max(room - 1, 0)] + "…"[:room]) + _BEHIND + english


def comes_to(rule: Rule, kind: Kind, *, day: date | None, recent: int = _RECENT) -> Rule | None:
    """What an expression that asks for a rule reads as; None where it cannot ask for all of it."""
    logic = meaning(Criterion(kind=kind, span=(0, 0), rule=rule), "", day=day, recent=recent)
    found = None if logic is None else plain(logic)
    return None if found is None else renamed(without_spans(found), lambda c: replace(c, text=clean(c.text)))


def believed(description: str, kind: Kind, read: Rule, *, day: date | None) -> Rule:
    """What a description says, where that is what was read of its expression; else what was read."""
    for at in _places(description):
        said = canonical.read(description[at:])
        if said is not None:
            rule = without_spans(said)
            if any(comes_to(rule, kind, day=day, recent=days) == read for days in {_RECENT, *_days(read)}):
                return rule
    return read


def _places(description: str) -> Iterator[int]:
    """Behind each dash; the words of a listing may have dashes of their own."""
    at = description.find(_BEHIND)
    while at >= 0:
        at += len(_BEHIND)
        yield at
        at = description.find(_BEHIND, at)


def _days(rule: Rule) -> Iterator[int]:
    """How many days back the windows of a rule reach: for so many a measurement may have counted as recent."""
    bounds: Iterable[Any] = (fact.time.start for fact in facts(rule) if isinstance(fact.time, Window))
    for bound in bounds:
        if isinstance(bound, Bound) and bound.offset is not None and isinstance(bound.offset.value, int):
            yield abs(bound.offset.value)
