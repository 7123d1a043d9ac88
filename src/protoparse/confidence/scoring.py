"""How likely a reading is right: its features weighed, and the sum read off a calibrated curve.

In: a rule and the piece it was read from. Out: the same rule, each fact with its `confidence`, and a score from which a
criterion's own confidence is made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import repeat
from math import exp
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from protoparse.confidence.features import Piece, fact_features, placed, rule_features
from protoparse.model import Except, Fact, If, Not, Record, Rule

Curve: TypeAlias = tuple[tuple[float, float], ...]
"""Sums of weights and the share that is right there, both rising."""


class Weights(Record, frozen=True, kw_only=True):
    """What features weigh, by name, and the curve from their sum to a share; where it is empty, the logistic one."""

    bias: float
    weights: Mapping[str, float]
    curve: Curve = ()

    def sum(self, features: Iterable[str]) -> float:
        """The sum for features that are there or not."""
        return self.bias + sum(map(self.weights.get, features, repeat(0.0)))

    def weighed(self, features: Mapping[str, float]) -> float:
        """The sum for features with amounts."""
        weight = self.weights.get
        return self.bias + sum([weight(f, 0.0) * amount for f, amount in features.items()])

    def share(self, total: float) -> float:
        """The share that is right where the sum is this, to three decimals."""
        curve = self.curve
        if not curve:
            return round(1 / (1 + exp(min(-total, 50.0))), 3)
        k = bisect_right(curve, (total, 2.0))
        if k == 0:
            return curve[0][1]
        if k == len(curve):
            return curve[-1][1]
        (a, low), (b, high) = curve[k - 1], curve[k]
        return round(low + (high - low) * (total - a) / (b - a), 3)


class Model(Record, frozen=True, kw_only=True):
    """The table that `training/train_confidence.py` writes."""

    fact: Weights
    criterion: Weights


class Scorer:
    """Gives facts and criteria their confidence, with the table that ships with the package or another."""

    def __init__(self, model: Model | None = None) -> None:
        self.model = model or shipped()

    def rule(self, rule: Rule, piece: Piece) -> tuple[Rule, float]:
        """The rule, its facts with their confidence, and the score of the whole."""
        weights = self.model.fact
        facts = placed(rule)
        sure = [weights.share(weights.sum(found)) for found in fact_features(facts, piece)]
        return scored(rule, iter(sure)), self.model.criterion.weighed(rule_features(facts, piece, sure))

    def criterion(self, score: float, *, children: bool) -> float:
        """The confidence of a criterion whose rule has this score."""
        weights = self.model.criterion
        return weights.share(score + weights.weights.get("children", 0.0) * children)


def scored(rule: Rule, sure: Iterator[float]) -> Rule:
    """The rule with the confidence of each fact, in the order of `model.facts`."""
    match rule:
        case Fact():
            own = next(sure)
            if rule.includes:
                return replace(rule, confidence=own, includes=tuple([scored(r, sure) for r in rule.includes]))
            return replace(rule, confidence=own)
        case Not():
            return replace(rule, of=scored(rule.of, sure))
        case If():
            return replace(rule, condition=scored(rule.condition, sure), then=scored(rule.then, sure))
        case Except():
            base = scored(rule.base, sure)
            return replace(rule, base=base, exceptions=tuple([scored(r, sure) for r in rule.exceptions]))
        case _:
            return replace(rule, of=tuple([scored(r, sure) for r in rule.of]))


@cache
def shipped() -> Model:
    """The table that ships with the package, read when it is first asked for."""
    return msgspec.json.decode((files(__package__) / "model.json").read_bytes(), type=Model)
