"""Two annotators: how far their gold agrees, measure by measure, and on what it does not.

In: for each text, its name and both documents. Out: an `Agreement`: for each measure how many things the first has, the
second has, and both; Cohen's kappa of the decisions where both had the same thing before them; every disagreement.

>>> from protoparse.evaluate.gold.building import build
>>> def said(op: str) -> Document:
...     value = f"{{op: '{op}', value: 3, ref: ULN}}"
...     rule = f"{{domain: measurement, concept: ALT, value: {value}}}"
...     return build(f"criteria:\\n- {{kind: exclusion, starts: ALT, rule: {rule}}}", "* ALT above 3 x ULN")
>>> found = agreement([("a", said(">"), said(">="))])
>>> found.measures["number"].f1, found.measures["comparator"].f1
(1.0, 0.0)
>>> [(d.measure, d.first, d.second) for d in found.disagreements]
[('comparator', '>', '≥')]
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from protoparse.errors import ProtoparseError
from protoparse.evaluate import keys
from protoparse.evaluate.judgements import Case, Evaluation, Judgement, Rate, errors
from protoparse.evaluate.measures import MEASURES, PARTS, compare
from protoparse.evaluate.pairing import Item, Placed, Side, pair_facts, pair_items
from protoparse.model import Bound, Criterion, Document, Record, Rule, Span, Window


class Shared(Record, frozen=True, kw_only=True):
    """How many things of a measure the first annotator has and how many of these the second has too, and vice versa.

    The two of these that are shared differ where one thing of the first is several of the second.
    """

    first: int = 0
    shared_first: int = 0
    second: int = 0
    shared_second: int = 0

    optional: bool = False

    @property
    def f1(self) -> float | None:
        """The share of all things that are shared, the same whoever is first; None where neither has any.

        None, too, where one has none of what need not be annotated: labels, names, codes.
        """
        of = self.first + self.second
        silent = not of or (self.optional and not (self.first and self.second))
        return None if silent else (self.shared_first + self.shared_second) / of


class Kappa(Record, frozen=True, kw_only=True):
    """How far two annotators make one decision alike beyond chance, over `units` that both had before them.

    `kappa` is None where it is not defined: no unit, or one answer alone, given by both throughout.
    """

    over: str
    units: int
    alike: int
    kappa: float | None


class Disagreement(Record, frozen=True, kw_only=True):
    """One thing that the two say differently, or one alone says: the trial, its place, and what each says."""

    name: str
    measure: str
    criterion: str | None
    span: Span | None
    text: str
    first: str | None
    second: str | None


class Agreement(Record, frozen=True, kw_only=True):
    """What is shared of each measure, the kappa of each decision, and every disagreement, in the order of the texts."""

    texts: tuple[str, ...]
    measures: Mapping[str, Shared]
    kappas: Mapping[str, Kappa]
    disagreements: tuple[Disagreement, ...]


def agreement(couples: Iterable[tuple[str, Document, Document]]) -> Agreement:
    """How far two annotators agree, over all texts together.

    Raises ValueError where two documents are over different texts, `ProtoparseError` where scikit-learn is missing.
    """
    forth: list[Case] = []
    back: list[Case] = []
    answers: dict[str, list[tuple[Hashable, Hashable]]] = {name: [] for name in DECISIONS}
    differing: list[Disagreement] = []
    for name, first, second in couples:
        forth.append(compare(first, second, name=name))
        back.append(compare(second, first, name=name))
        sides = Side(first), Side(second)
        differing += _disagreements(forth[-1], *sides)
        for decision, both in _answers(*sides):
            answers[decision].append(both)
    one, other = (Evaluation(cases=tuple(cases), measures=MEASURES) for cases in (forth, back))
    rates, swapped = one.figures(), other.figures()
    return Agreement(
        texts=tuple(case.name for case in forth),
        measures={name: _shared(name, rates[name], swapped[name]) for name in MEASURES},
        kappas={name: _kappa(over, answers[name]) for name, over in DECISIONS.items()},
        disagreements=tuple(differing),
    )


_OPTIONAL = ("label", "name", "code")


def _shared(measure: str, forth: Rate, back: Rate) -> Shared:
    # each as gold of the other: some measures only look at what gold has
    return Shared(
        first=forth.gold,
        shared_first=forth.found,
        second=back.gold,
        shared_second=back.found,
        optional=measure in _OPTIONAL,
    )


# ------------------------------------------------------------------ decisions

DECISIONS: Mapping[str, str] = {
    "section": "criteria of both",
    "restricts": "criteria of both without children",
    "combine": "criteria of both, with children in both",
    "connective": "criteria of both, with a rule in both",
    "domain": "facts of both",
    "polarity": "facts of both",
    "experiencer": "facts of both",
    "valued": "facts of both",
    "comparator": "facts of both, with a value in both",
    "reference": "facts of both, with a value in both",
    "timed": "facts of both",
    "start": "facts of both, with one window in both",
    "end": "facts of both, with one window in both",
    "modifier types": "facts of both, each with every type that either used",
}
"""What each kappa is of, and the units that it is computed on: criteria that begin at the same word, facts whose
concepts overlap."""

_FACT: Mapping[str, Callable[[Placed], Hashable]] = {
    "domain": lambda f: f.fact.domain,
    "polarity": lambda f: f.path,
    "experiencer": lambda f: f.fact.experiencer,
    "valued": lambda f: f.fact.value is not None,
    "comparator": lambda f: f.fact.value and keys.comparator_key(f.fact.value),
    "reference": lambda f: f.fact.value and (f.fact.value.reference or "none"),
    "timed": lambda f: f.fact.time is not None,
    "start": lambda f: f.fact.time and _event(f.fact.time, "start"),
    "end": lambda f: f.fact.time and _event(f.fact.time, "end"),
}
_ITEM: Mapping[str, Callable[[Criterion], Hashable]] = {
    "section": lambda c: c.kind,
    "restricts": lambda c: None if c.children else str(c.rule is not None),
    "combine": lambda c: c.combine,
    "connective": lambda c: c.rule and _connective(c.rule),
}


def _connective(rule: Rule) -> str:
    return str(type(rule).__struct_config__.tag)


def _event(window: Window, end: str) -> str | None:
    bound = getattr(window, end)
    return None if isinstance(window.any_of, tuple) else bound.anchor.event if isinstance(bound, Bound) else "open"


def _answers(first: Side, second: Side) -> Iterator[tuple[str, tuple[Hashable, Hashable]]]:
    """Both answers to each decision, for each unit; None is an answer that is not to be given there."""
    items: list[tuple[Item, Item]] = [(first.items[i], second.items[j]) for i, j in pair_items(first, second).items()]
    facts = [(first.facts[i], second.facts[j]) for i, j in pair_facts(first, second).items()]
    for name, of_item in _ITEM.items():
        for one, other in items:
            both = of_item(one.criterion), of_item(other.criterion)
            if None not in both:
                yield name, both
    for name, of_fact in _FACT.items():
        for mine, yours in facts:
            both = of_fact(mine), of_fact(yours)
            if None not in both:
                yield name, both
    types = sorted({m.type for side in (first, second) for f in side.facts for m in f.fact.modifiers})
    for mine, yours in facts:
        held = [{m.type for m in placed.fact.modifiers} for placed in (mine, yours)]
        for kind in types:
            yield "modifier types", (kind in held[0], kind in held[1])


def _kappa(over: str, answers: Sequence[tuple[Hashable, Hashable]]) -> Kappa:
    alike = sum(one == other for one, other in answers)
    names: dict[Hashable, int] = {}
    labels = [[names.setdefault(answer, len(names)) for answer in side] for side in zip(*answers, strict=True)]
    kappa = float(_scorer()(*labels)) if len(names) > 1 else None
    return Kappa(over=over, units=len(answers), alike=alike, kappa=kappa)


def _scorer() -> Any:
    try:
        from sklearn.metrics import cohen_kappa_score
    except ImportError:
        raise ProtoparseError("kappa needs scikit-learn: pip install 'protoparse[evaluate]'") from None
    return cohen_kappa_score


# ------------------------------------------------------------------ disagreements


_WHOLE = ("connective", "rule logic", "rule exact", "meaning")


def _disagreements(case: Case, first: Side, second: Side) -> Iterator[Disagreement]:
    """What differs, in the order of the text; a whole is left out where one of its parts is told, a fact's all else."""
    found = [j for _, j in errors(Evaluation(cases=(case,)))]
    told = {(j.criterion, j.measure) for j in found}
    placed = {(j.criterion, j.span, j.measure) for j in found}

    def by_part(j: Judgement) -> bool:
        if j.domain is not None and j.measure != "fact" and (j.criterion, j.span, "fact") in placed:
            return True
        if j.measure in _WHOLE:
            return any((j.criterion, part) in told for part in _parts(j.measure))
        return any((j.criterion, j.span, part) in placed for part in _parts(j.measure))

    for j in sorted(found, key=lambda j: (j.span or (0, 0), MEASURES.index(j.measure))):
        if not by_part(j):
            yield Disagreement(
                name=case.name,
                measure=j.measure,
                criterion=j.criterion,
                span=j.span,
                text=_words(j.span, first) or _words(j.span, second),
                first=j.expected,
                second=j.got,
            )


def _parts(measure: str) -> Iterator[str]:
    if measure in ("connective", "meaning"):
        yield "fact"  # what one of them does not have is joined to nothing
    for part in PARTS.get(measure, ()):
        yield part
        yield from _parts(part)


def _words(span: Span | None, side: Side) -> str:
    """The own words of the criterion that a place is in."""
    for item in side.items:
        if span is not None and item.own[0] <= span[0] < item.own[1]:
            return " ".join(side.text[slice(*item.own)].split())
    return ""
