"""What each target can hold, found out: a listing for each phenomenon, and whether anything of it is lost.

>>> [probe] = [probe for probe in PROBES if probe.says == "not"]
>>> held(probe, "cql"), held(probe, "conll")
(True, False)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from protoparse.export import export, exporters
from protoparse.model import (
    Age,
    All,
    Any_,
    AtLeast,
    Bound,
    Document,
    Except,
    Fact,
    If,
    Not,
    Rule,
    Trial,
    Unit,
    Window,
    facts,
    members,
    walk,
)
from protoparse.parsing import Parser


class Probe(NamedTuple):
    """A phenomenon: what it is called, a listing that has it, and how that is told from the parse."""

    says: str
    text: str
    there: Callable[[Document], bool]
    codes: bool = True
    trial: Trial = Trial()

    def document(self) -> Document:
        """The listing, parsed."""
        return replace(_parser(self.codes).parse(self.text), trial=self.trial)


@cache
def _parser(codes: bool) -> Parser:
    return Parser(codes=codes, confidence=False)


def held(probe: Probe, target: str) -> bool:
    """Whether a target loses nothing of a probe."""
    losses = export(probe.document(), target, name="probe", **OPTIONS.get(target, {})).losses
    return all(UNMAPPED in loss.why for loss in losses)


def table() -> str:
    """What each target can hold, as a table for a page."""
    targets = list(exporters())
    lines = ["", f"| | {' | '.join(targets)} |", f"| --- |{' :-: |' * len(targets)}"]
    for probe in PROBES:
        cells = ["✓" if held(probe, target) else "–" for target in targets]
        lines.append(f"| {probe.says} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", ""])


# ------------------------------------------------------------------ how a phenomenon is told


def _rules(document: Document) -> list[Rule]:
    found = [criterion.rule for criterion in walk(document.criteria) if criterion.rule is not None]
    for rule in found:
        found += members(rule)
    return found


def _is(kind: type) -> Callable[[Document], bool]:
    return lambda document: any(isinstance(rule, kind) for rule in _rules(document))


def _fact(test: Callable[[Fact], object]) -> Callable[[Document], bool]:
    return lambda document: any(test(fact) for c in walk(document.criteria) for fact in facts(c.rule))


def _window(test: Callable[[Window], object]) -> Callable[[Document], bool]:
    return _fact(lambda fact: fact.time is not None and test(fact.time))


def _bounded(window: Window, event: str) -> bool:
    return any(isinstance(b, Bound) and b.anchor.event == event and b.offset for b in (window.start, window.end))


def _longest(window: Window) -> bool:
    start = window.start
    return isinstance(start, Bound) and start.offset is not None and start.offset.longest_of is not UNSET


def _nested(document: Document) -> bool:
    return any(isinstance(rule, Any_) and any(isinstance(x, All) for x in rule.of) for rule in _rules(document))


def _several(document: Document) -> bool:
    return bool(document.criteria[0].children)


_IN = "Inclusion Criteria:\n\n* "
_OUT = "Exclusion Criteria:\n\n* "
_ADULT = Trial(minimum_age=Age(value=18, unit=Unit(text="Years", ucum="a")), sex="female")

OPTIONS: dict[str, dict[str, Any]] = {"circe": {"index_date": "2026-03-01"}, "fhir-r5": {"group": False}}
"""With these a target holds the most."""
UNMAPPED = "awaits mapping"
"""Codes that a vocabulary of the user's would bring are not what a target cannot hold."""

PROBES = (
    Probe("a name in the text", f"{_IN}Melanoma", _fact(lambda f: not f.concept.codes), codes=False),
    Probe("its codes", f"{_IN}Melanoma", _fact(lambda f: f.concept.codes)),
    Probe("what excludes", f"{_OUT}Melanoma", lambda d: d.criteria[0].kind == "exclusion"),
    Probe("and", f"{_IN}Melanoma and breast cancer", _is(All)),
    Probe("or", f"{_IN}Melanoma or breast cancer", _is(Any_)),
    Probe("not", f"{_IN}No melanoma", _is(Not)),
    Probe("logic within logic", f"{_IN}HER2-positive breast cancer or melanoma", _nested),
    Probe("k of n", f"{_IN}At least two of the following: melanoma, breast cancer, lung cancer", _is(AtLeast)),
    Probe("if", f"{_IN}If female, no melanoma", _is(If)),
    Probe("except", f"{_OUT}Lung cancer, except small cell lung cancer", _is(Except)),
    Probe("items of an item", f"{_IN}Any of the following:\n  * Melanoma\n  * Breast cancer", _several),
    Probe("groups of people", "Inclusion Criteria:\n\nPart A:\n* Melanoma\n\nPart B:\n* Lung cancer",
          lambda d: any(c.group for c in d.criteria)),
    Probe("age and sex", f"{_IN}Female, 18 years or older", _fact(lambda f: f.concept.name == "age")),
    Probe("a number with a unit", f"{_IN}Serum creatinine ≤ 1.5 mg/dL", _fact(lambda f: f.value and f.value.unit)),
    Probe("a multiple of the upper limit of normal", f"{_IN}Serum creatinine ≤ 1.5 × ULN",
          _fact(lambda f: f.value and f.value.reference == "ULN")),
    Probe("positive or negative", f"{_IN}HER2 positive", _fact(lambda f: f.value and f.value.value == "positive")),
    Probe("a stage or class", f"{_IN}NYHA class II", _fact(lambda f: f.value and f.value.value == "II")),
    Probe("how often", f"{_IN}At least 2 prior heart transplantations", _fact(lambda f: f.count)),
    Probe("a dose", f"{_OUT}Prednisone > 10 mg/day", _fact(lambda f: f.dose)),
    Probe("how long", f"{_IN}Asthma for at least 3 months", _window(lambda w: w.duration)),
    Probe("a window before screening", f"{_OUT}Stroke within 6 months before screening",
          _window(lambda w: _bounded(w, "screening"))),
    Probe("a window around an event of the trial", f"{_OUT}Heart transplantation within 4 weeks before the first dose",
          _window(lambda w: _bounded(w, "first_dose"))),
    Probe("the longest of several",
          f"{_OUT}Prednisone within 4 weeks or 5 half-lives before randomization, whichever is longer",
          _window(_longest)),
    Probe("one of two windows", f"{_OUT}Stroke within 3 days before screening or during the study",
          _window(lambda w: w.any_of is not UNSET)),
    Probe("what narrows a name", f"{_OUT}Severe asthma", _fact(lambda f: f.modifiers)),
    Probe("examples", f"{_OUT}Lung cancer, such as small cell lung cancer", _fact(lambda f: f.includes)),
    Probe("somebody of the family", f"{_OUT}Family history of breast cancer",
          _fact(lambda f: f.experiencer == "family")),
    Probe("consent and the like", f"{_IN}Written informed consent", _fact(lambda f: f.domain == "consent")),
    Probe("the registry's age and sex", f"{_IN}Melanoma", lambda d: d.trial.sex == "female", trial=_ADULT),
    Probe("text that was not read", f"{_IN}Melanoma\n* Other criteria of the protocol may apply",
          lambda d: any(c.unparsed for c in walk(d.criteria))),
)  # fmt: skip
"""Every phenomenon of the table in docs/exports.md, each in a listing that has little else."""
