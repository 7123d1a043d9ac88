"""What a registry's own fields ask, as criteria: age and sex.

In: a `Trial`. Out: criteria without a place in the text, "registry.age" and "registry.sex".
"""

from __future__ import annotations

from collections.abc import Iterator

from protoparse.model import Age, Comparison, Concept, Criterion, Fact, Operator, Trial, all_of


def registered(trial: Trial) -> Iterator[Criterion]:
    """The criteria that a trial's fields are."""
    limits: tuple[tuple[Operator, Age | None], ...]
    limits = ((">=", trial.minimum_age), ("<=", trial.maximum_age))
    ages = [_person("age", Comparison(operator=o, value=a.value, unit=a.unit)) for o, a in limits if a is not None]
    if ages:
        yield Criterion(id="registry.age", kind="inclusion", span=(0, 0), rule=all_of(ages))
    if trial.sex in ("female", "male"):
        yield Criterion(id="registry.sex", kind="inclusion", span=(0, 0), rule=_person(trial.sex))


def _person(name: str, value: Comparison | None = None) -> Fact:
    return Fact(domain="person", concept=Concept(text=name, name=name), value=value)
