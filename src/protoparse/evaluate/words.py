"""What is compared, in short words: canonical English where a part has it, for lists of errors.

In: a part of a criterion. Out: a phrase, None where the part says nothing.

>>> from protoparse.model import Comparison, Unit
>>> limit = Comparison(operator="<=", value=5, unit=Unit(text="mg/dL", ucum="mg/dL"), reference="ULN")
>>> compared(limit), comparator(limit), number(limit), unit(limit)
('≤ 5 mg/dL of ULN', '≤', '5', 'mg/dL')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.lexicon import fold
from protoparse.model import (
    AtLeastChildren,
    Bound,
    Comparison,
    Concept,
    Criterion,
    Except,
    Fact,
    If,
    Not,
    Rule,
    Window,
    renamed,
)
from protoparse.render import phrase, render

_SIGNS: Mapping[str, str] = {"<=": "≤", ">=": "≥", "!=": "≠"}


def compared(comparison: Comparison | None) -> str | None:
    """A comparison: "≤ 5 × ULN"."""
    return None if comparison is None else phrase(comparison)


def comparator(comparison: Comparison | None) -> str | None:
    """An operator, with the ends of a range that do not belong to it."""
    if comparison is None:
        return None
    open_ends = [
        end
        for end, inside in (("low", comparison.low_inclusive), ("high", comparison.high_inclusive))
        if inside is False
    ]
    sign = _SIGNS.get(comparison.operator, comparison.operator)
    return f"{sign} ({' and '.join(open_ends)} exclusive)" if open_ends else sign


def number(comparison: Comparison | None) -> str | None:
    """The numbers or words that something is compared with."""
    if comparison is None:
        return None
    if comparison.operator == "between":
        return f"{comparison.low} and {comparison.high}"
    if comparison.operator == "in":
        return ", ".join(map(str, comparison.values or ()))
    return str(comparison.value)


def unit(comparison: Comparison | None) -> str | None:
    """The unit as printed, else its code."""
    found = comparison and comparison.unit
    return (found.text or found.ucum) if found else None


def count_and_dose(fact: Fact) -> str | None:
    """How often and how much: "count ≥ 2, at a dose > 10 mg"."""
    said = [
        f"{lead} {phrase(comparison)}"
        for lead, comparison in (("count", fact.count), ("at a dose", fact.dose))
        if comparison is not None
    ]
    return ", ".join(said) or None


def window(time: Window | None) -> str | None:
    """A window: "in 4 weeks before screening"."""
    return None if time is None else phrase(time)


def anchors(time: Window | None) -> str | None:
    """The events of a window's bounds."""
    return _bounds(time, lambda bound: bound.anchor.event.replace("_", " "))


def offsets(time: Window | None) -> str | None:
    """How far a window's bounds are from their events."""
    return _bounds(time, lambda bound: "0" if bound.offset is None else phrase(bound.offset))


def duration(time: Window | None) -> str | None:
    """How long a window lasts."""
    return _several(time, lambda w: phrase(w.duration) if isinstance(w.duration, Comparison) else None)


def _bounds(time: Window | None, say: Callable[[Bound], str]) -> str | None:
    def ends(w: Window) -> str | None:
        said = [say(end) if isinstance(end, Bound) else "open" for end in (w.start, w.end)]
        return None if said == ["open", "open"] else said[0] if said[0] == said[1] else " to ".join(said)

    return _several(time, ends)


def _several(time: Window | None, say: Callable[[Window], str | None]) -> str | None:
    if time is None:
        return None
    if time.any_of is not UNSET:
        return " or ".join(filter(None, (_several(w, say) for w in time.any_of))) or None
    return say(time)


def modifiers(fact: Fact) -> str | None:
    """All modifiers: "severity: severe; acuity: acute"."""
    return "; ".join(map(phrase, fact.modifiers)) or None


def combine(criterion: Criterion | None) -> str | None:
    """How children count."""
    found = None if criterion is None else criterion.combine
    return f"at least {found.at_least}" if isinstance(found, AtLeastChildren) else found


def path(steps: tuple[str, ...]) -> str:
    """The connectives above a fact, from the outside."""
    return " > ".join(steps) or "stated"


def rule(whole: Rule | None) -> str | None:
    """A rule with all that it says, but for names and codes, which have measures of their own."""
    return None if whole is None else render(renamed(whole, lambda c: replace(c, name=fold(c.text), codes=())))


def logic(whole: Rule | None) -> str | None:
    """A rule's connectives over bare concepts."""
    return None if whole is None else render(_bare(whole))


def _bare(whole: Rule) -> Rule:
    match whole:
        case Fact():
            return Fact(domain=whole.domain, concept=Concept(text=whole.concept.text, name=fold(whole.concept.text)))
        case Not():
            return Not(of=_bare(whole.of))
        case If():
            return If(condition=_bare(whole.condition), then=_bare(whole.then))
        case Except():
            return Except(base=_bare(whole.base), exceptions=tuple(map(_bare, whole.exceptions)))
        case _:
            return replace(whole, of=tuple(map(_bare, whole.of)))
