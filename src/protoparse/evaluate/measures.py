"""A prediction compared with gold: the outline, facts, values, windows and logic, a judgement on each thing compared.

In: two documents over the same text. Out: a `Case`; its figures are the rates of `MEASURES`, each defined in
docs/evaluation.md.

>>> from protoparse.model import Document
>>> compare(Document(text=""), Document(text="")).judgements
()
"""

from __future__ import annotations

from collections.abc import Mapping

from protoparse.evaluate.fields import facts, outline
from protoparse.evaluate.judgements import Case
from protoparse.evaluate.logic import connectives, rules
from protoparse.evaluate.pairing import Sides
from protoparse.model import Document

GROUPS: Mapping[str, tuple[str, ...]] = {
    "outline": ("outline", "criterion", "section", "parent", "combine", "group", "label"),
    "facts": (
        "fact", "concept", "domain", "name", "code", "modifier", "modifier value", "experiencer", "examples",
    ),
    "values": ("value", "comparator", "number", "unit", "reference", "count/dose", "count", "dose"),
    "windows": ("window", "anchor", "offset", "duration"),
    "logic": ("polarity", "connective", "rule logic", "meaning"),
    "whole criteria": ("rule exact",),
}  # fmt: skip
"""The measures under the headings to show them by."""

MEASURES: tuple[str, ...] = tuple(measure for group in GROUPS.values() for measure in group)
"""The measures in the order to show."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "outline": ("criterion", "section", "parent"),
    "concept": ("fact",),
    "modifier value": ("modifier",),
    "value": ("comparator", "number", "unit", "reference"),
    "count/dose": ("count", "dose"),
    "window": ("anchor", "offset", "duration"),
    "rule logic": ("fact", "polarity", "connective", "meaning"),
    "rule exact": ("rule logic", "value", "count/dose", "window"),
}
"""What each composite measure is made of: it is right only where these are right too (of examples, `rule logic` knows
nothing)."""


def compare(gold: Document, predicted: Document, *, name: str = "") -> Case:
    """Every judgement on a prediction; `name` is what the case is called.

    Raises ValueError where the two are not over the same text, `NestingError` where a rule to be told is too deep.
    """
    if gold.text != predicted.text:
        raise ValueError("gold and prediction are over different texts: their places cannot be compared")
    sides = Sides.of(gold, predicted)
    judgements = (*outline(sides), *facts(sides), *connectives(sides), *rules(sides))
    place = {measure: i for i, measure in enumerate(MEASURES)}
    return Case(name=name, text=gold.text, judgements=tuple(sorted(judgements, key=lambda j: place[j.measure])))
