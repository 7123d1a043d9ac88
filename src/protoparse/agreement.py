"""Where a registry's own fields and the eligibility text disagree.

In: a trial's fields and its criteria. Out: notes, each at the fact that says otherwise; a maximum age of 65 years
beside "aged 18 to 70 years" gives `age-disagrees`: "the registry says at most 65 years; the text says at most 70
years".

A registry's limits are whole units and inclusive, prose is looser. "> 18" and "< 66" agree with 18 and 66, for so they
are commonly meant, and with 19 and 65, which is what they say. Where the text is silent, nothing is noted. Registries
that know bands of age alone ("adults (18-64 years)") agree with every text that stays within them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache, reduce
from itertools import pairwise
from typing import NamedTuple

from protoparse.lexicon import rows, spellings
from protoparse.model import (
    Age,
    All,
    Any_,
    Bound,
    Comparison,
    Criterion,
    Except,
    Fact,
    If,
    Kind,
    Not,
    Note,
    Number,
    Rule,
    Sex,
    Trial,
    Window,
    places,
)
from protoparse.units import convert

_TIMES = ("a", "mo", "wk", "d", "h", "min")
_CALENDAR = ("a", "mo")
# A month is four weeks to some and 30 days to others: across the calendar's units, a tenth is no difference.
_LOOSE = Fraction(1, 10)
# An upper limit from this age on, in years, keeps nobody out.
_OLDEST = 99
# When a person's age is the age at which he joins; the age at a diagnosis is another.
_JOINING = frozenset({
    "informed_consent", "screening", "enrollment", "randomization", "baseline", "study_start", "study_end",
    "first_dose", "treatment", "unspecified",
})  # fmt: skip
_BANDED = frozenset(("CTIS", "EU Clinical Trials Register", "PACTR"))
_SEXES: dict[str, Sex] = {"female": "female", "women": "female", "male": "male", "men": "male"}


@cache
def _days(unit: str) -> Fraction:
    return convert(1, unit, "d")


class Limit(NamedTuple):
    """One end of the ages that a text takes, and the fact that names it."""

    value: Number
    unit: str | None
    inclusive: bool
    fact: Fact

    @property
    def days(self) -> Fraction:
        """The limit in days; without a printed unit it is in years."""
        return Fraction(str(self.value)) * _days(self.unit or "a")


class Ages(NamedTuple):
    """The ages from `low` to `high`; None is unbounded."""

    low: Limit | None = None
    high: Limit | None = None


class _Said(NamedTuple):
    """What criteria say of age: limits for everybody, and limits for some of whom each has his own."""

    everybody: Ages | None = None
    some: tuple[Ages, ...] = ()


def disagreements(trial: Trial, criteria: Iterable[Criterion]) -> list[Note]:
    """A note for each bound of age, and one for the sex, that text and registry give differently."""
    if trial.minimum_age is None and trial.maximum_age is None and trial.sex is None:
        return []
    criteria = tuple(criteria)
    notes = []
    if trial.minimum_age is not None or trial.maximum_age is not None:
        ages = stated(criteria) or Ages()
        for limit, age, upper in ((ages.low, trial.minimum_age, False), (ages.high, trial.maximum_age, True)):
            if trial.registry in _BANDED and limit is not None and _within(limit, age, upper=upper):
                continue
            if limit is not None and not agree(limit, age, upper=upper):
                message = f"the registry {_registered(age, upper)}; the text says {_worded(limit, upper)}"
                notes.append(Note(code="age-disagrees", message=message, span=limit.fact.span))
    notes += _sexes(trial, criteria)
    return notes


def stated(criteria: Iterable[Criterion]) -> Ages | None:
    """The ages that criteria take together, None where they name none."""
    items: dict[str | None, dict[Kind, list[_Said]]] = {}
    for criterion in criteria:
        items.setdefault(criterion.group, {}).setdefault(criterion.kind, []).append(_criterion(criterion))
    groups = {group: _narrowed([_united([_beside(s)]) for s in kinds.values()]) for group, kinds in items.items()}
    everybody = groups.pop(None, None)
    cohorts = [ages for ages in groups.values() if ages is not None]
    return _narrowed([everybody, reduce(_either, cohorts) if cohorts else None])


def _within(limit: Limit, age: Age | None, *, upper: bool) -> bool:
    """Whether a limit of the text lies within a band that ends at an age; "at most 64" is until the next birthday."""
    if age is None or (age.unit.ucum or "a") not in _TIMES:
        return True
    unit = _days(age.unit.ucum or "a")
    registered = Fraction(str(age.value)) * unit
    return limit.days <= registered + unit if upper else limit.days >= registered


def agree(limit: Limit, age: Age | None, *, upper: bool) -> bool:
    """Whether a limit of the text is the registry's, None being no limit."""
    if age is None:
        return limit.days >= _OLDEST * _days("a") if upper else limit.days <= 0
    unit = age.unit.ucum or "a"
    if unit not in _TIMES:
        return True
    mine = limit.unit or unit
    registered = Fraction(str(age.value)) * _days(unit)
    said = Fraction(str(limit.value)) * _days(mine)
    meant = [said]
    if unit == mine:
        # "17.5 years": a registry counts whole ones
        meant += [Fraction(whole(limit.value)) * _days(mine) for whole in (math.floor, math.ceil)]
    if not limit.inclusive:
        meant += [said - step if upper else said + step for step in (_days(unit), _days(mine))]
    if (mine in _CALENDAR) == (unit in _CALENDAR):
        return registered in meant
    return any(abs(registered - days) <= _LOOSE * max(registered, days) for days in meant)


# ------------------------------------------------------------------ criteria


def _criterion(criterion: Criterion) -> _Said:
    """What an item says, and those below it."""
    own = _rule(criterion.rule, criterion.kind)
    if not criterion.children or criterion.combine == "except":
        return own
    below = [_criterion(c) for c in criterion.children]
    if criterion.combine == "then":  # its own rule is whom the children are for
        ages = _united([_beside(below)])
        return _Said(None, (ages,) if ages else ())
    together = criterion.combine in ("all", None)
    if together != (criterion.kind != "exclusion"):
        # one of an inclusion's will do; all of an exclusion's must be met, and one that is not lets the person in
        each = [said.everybody for said in below]
        return own if None in each else _both([own, _Said(reduce(_either, [a for a in each if a]))])
    cohorts = {c.group for c in criterion.children if c.group}
    return _both([own, _Said(stated(criterion.children)) if cohorts else _beside(below)])


def _rule(rule: Rule | None, kind: Kind) -> _Said:
    if rule is None:
        return _Said()
    return _Said(_spared(rule)) if kind == "exclusion" else _met(rule)


def _met(rule: Rule) -> _Said:
    """The ages of those who meet a rule."""
    match rule:
        case Fact():
            return _Said(_fact(rule))
        case All():
            return _both([_met(m) for m in rule.of])
        case Any_():
            each = [_united([_met(m)]) for m in rule.of]
            return _Said() if None in each else _Said(reduce(_either, [a for a in each if a]))
        case If():
            ages = _united([_met(rule.then)])
            return _Said(None, (ages,) if ages else ())
        case Not():
            return _Said(_spared(rule.of))
        case Except():
            return _met(rule.base) if all(_united([_met(e)]) is None for e in rule.exceptions) else _Said()
        case _:
            return _Said()


def _spared(rule: Rule) -> Ages | None:
    """The ages of those whom a rule does not exclude."""
    match rule:
        case Fact():
            ages = _fact(rule)
            if ages is None or (ages.low is None) == (ages.high is None):
                return None  # "18 to 65" excluded leaves two stretches
            return Ages(_beyond(ages.high), _beyond(ages.low))
        case All():
            # nobody is "under 18 and over 75": either is meant
            stated = [m for m in rule.of if not _age_group(m)]  # "children (under 18)"
            if len(stated) == 1:
                return _spared(stated[0])
            each = [_spared(m) for m in stated]
            return None if None in each or not all(_disjoint(stated)) else _narrowed(each)
        case Any_():
            return _narrowed([_spared(m) for m in rule.of])
        case Not():
            return _united([_met(rule.of)])
        case Except():
            return _spared(rule.base)
        case _:
            return None


def _age_group(rule: Rule) -> bool:
    return isinstance(rule, Fact) and rule.value is None and rule.concept.name in _groups()


@cache
def _groups() -> frozenset[str]:
    """The names of people that say only how old they are."""
    return frozenset(p for row in rows("cues") if row["cue"] == "age_group" for p in spellings(row["phrases"]))


def _beyond(limit: Limit | None) -> Limit | None:
    return None if limit is None else limit._replace(inclusive=not limit.inclusive)


def _disjoint(rules: Sequence[Rule]) -> Iterable[bool]:
    ages = [_fact(r) if isinstance(r, Fact) else None for r in rules]
    for one, other in pairwise(ages):
        yield one is not None and other is not None and _empty(_narrow(one, other))


def _fact(fact: Fact) -> Ages | None:
    """The ages that a fact about the patient's age names."""
    named = fact.concept.name or fact.concept.text.lower()
    if fact.domain != "person" or named != "age" or fact.experiencer != "patient" or fact.value is None:
        return None
    if fact.time is not None and not _joining(fact.time):
        return None
    return _compared(fact.value, fact)


def _compared(value: Comparison, fact: Fact) -> Ages | None:
    unit = value.unit.ucum if value.unit else None
    if unit is not None and unit not in _TIMES:
        return None
    if value.operator == "between" and isinstance(value.low, int | float) and isinstance(value.high, int | float):
        low = Limit(value.low, unit, value.low_inclusive is not False, fact)
        return Ages(low, Limit(value.high, unit, value.high_inclusive is not False, fact))
    if not isinstance(value.value, int | float):
        return None
    limit = Limit(value.value, unit, "=" in value.operator, fact)
    if value.operator in (">", ">="):
        return Ages(low=limit)
    return Ages(high=limit) if value.operator in ("<", "<=") else None


def _joining(window: Window) -> bool:
    bounds = [b for b in (window.start, window.end) if isinstance(b, Bound)]
    return all(b.anchor.event in _JOINING for b in bounds)


# ------------------------------------------------------------------ ages together


def _both(said: Iterable[_Said]) -> _Said:
    said = tuple(said)
    return _Said(_narrowed([s.everybody for s in said]), tuple(a for s in said for a in s.some))


def _beside(said: Iterable[_Said]) -> _Said:
    """Items side by side: a bound that two give differently is for different people, so the wider one counts."""
    said = tuple(said)
    ages = [s.everybody for s in said if s.everybody is not None]
    lows, highs = [a.low for a in ages if a.low], [a.high for a in ages if a.high]
    wide = Ages(
        min(lows, key=lambda x: x.days) if lows else None,
        max(highs, key=lambda x: x.days) if highs else None,
    )
    return _Said(wide if ages else None, tuple(a for s in said for a in s.some))


def _united(said: Iterable[_Said]) -> Ages | None:
    """What holds for everybody; limits for some count once there are two, as those whom they are for differ."""
    everybody, some = _both(said)
    return _narrowed([everybody, reduce(_either, some) if len(some) > 1 else None])


def _narrowed(ages: Iterable[Ages | None]) -> Ages | None:
    """The ages in all; where nobody has them, they are for different people, though nothing says so: those in any."""
    known = [a for a in ages if a is not None]
    if not known:
        return None
    narrow = reduce(_narrow, known)
    return reduce(_either, known) if _empty(narrow) else narrow


def _narrow(one: Ages, other: Ages) -> Ages:
    lows, highs = [a.low for a in (one, other) if a.low], [a.high for a in (one, other) if a.high]
    return Ages(
        max(lows, key=lambda x: x.days) if lows else None,
        min(highs, key=lambda x: x.days) if highs else None,
    )


def _either(one: Ages, other: Ages) -> Ages:
    return Ages(
        min(one.low, other.low, key=lambda x: x.days) if one.low and other.low else None,
        max(one.high, other.high, key=lambda x: x.days) if one.high and other.high else None,
    )


def _empty(ages: Ages) -> bool:
    if ages.low is None or ages.high is None:
        return False
    low, high = ages.low.days, ages.high.days
    return low > high or (low == high and not (ages.low.inclusive and ages.high.inclusive))


# ------------------------------------------------------------------ sexes


def _sexes(trial: Trial, criteria: Iterable[Criterion]) -> list[Note]:
    """A note where an item that says nothing else takes one sex only and the registry takes another or both."""
    found: dict[Sex, Fact] = {}
    for criterion in criteria:
        if criterion.kind != "inclusion" or criterion.group or criterion.children or criterion.unparsed:
            continue
        if criterion.rule is None or criterion.span[1] > max(end for _, end in places(criterion.rule)) + 1:
            continue  # "Male participants ..." goes on below
        for fact in _alone(criterion.rule):
            found.setdefault(_SEXES[fact.concept.name or ""], fact)
    if len(found) != 1 or trial.sex is None or trial.sex in found:
        return []
    [(sex, fact)] = found.items()
    registered = "both sexes" if trial.sex == "all" else trial.sex
    message = f"the registry says {registered}; the text says {sex}"
    return [Note(code="sex-disagrees", message=message, span=fact.span)]


def _alone(rule: Rule) -> list[Fact]:
    """The fact that names a sex in "women" or "men aged 40 years or more"; none where anything else is said."""
    said = rule.of if isinstance(rule, All) else (rule,)
    plain = [m for m in said if isinstance(m, Fact) and m.domain == "person" and m.experiencer == "patient"]
    sexes = [f for f in plain if (f.concept.name or "") in _SEXES and f.value is None and f.time is None]
    ages = [f for f in plain if f.concept.name == "age" and f.value is not None]
    return sexes if len(sexes) == 1 and len(sexes) + len(ages) == len(said) else []


# ------------------------------------------------------------------ words


def _registered(age: Age | None, upper: bool) -> str:
    if age is None:
        return f"sets no {'upper' if upper else 'lower'} limit"
    return f"says {'at most' if upper else 'at least'} {age.value:g} {(age.unit.text or '').lower()}"


def _worded(limit: Limit, upper: bool) -> str:
    words = ("at most", "under") if upper else ("at least", "over")
    unit = {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "min": "minutes"}.get(
        limit.unit or "", ""
    )
    return f"{words[0] if limit.inclusive else words[1]} {limit.value:g} {unit}".rstrip()
