"""Learn how sure a parse can be of its facts and criteria: the table of `protoparse.confidence`.

    python training/train_confidence.py --lct FOLDER --gold FOLDER [--out FILE]

The first folder holds the Leaf Clinical Trials corpus (`.txt`, `.ann`), the second criteria written by hand
(`json/*.json`, and `unread.txt` with the names of those that are only scored). Facts learn from LCT, and from gold what
LCT does not judge or has little of; criteria from gold. The trials of `corpora.held_out` and those of `unread.txt` are
left out and scored at the end; but for one number: the parser was made with the other listings in view and reads them
better than new ones, so every criterion's score is lowered until it is right on average in those of `unread.txt`.
Half a minute; the same parser and data give the same table to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
from msgspec.structs import replace
from scipy.sparse import csr_matrix
from sklearn.isotonic import isotonic_regression
from sklearn.linear_model import LogisticRegression

from corpora import held_out
from marks import marks
from protoparse.confidence.features import Piece, fact_features, placed, rule_features
from protoparse.confidence.scoring import Curve, Model, Scorer, Weights, scored
from protoparse.evaluate.calibration import Judged, criteria_judged, ece, facts_judged, judged, markable, reliability
from protoparse.model import Document, Rule, load
from protoparse.parsing import Parser

SHIPPED = Path(__file__).parents[1] / "src" / "protoparse" / "confidence" / "model.json"
FOLDS = 10
LOWEST, HIGHEST = 0.02, 0.995
_Array: TypeAlias = np.ndarray[Any, Any]


class Recipe(NamedTuple):
    """How one of the two tables is learned.

    `rare`: a feature of fewer samples is left out. `strength`: how freely weights may grow (scikit-learn's `C`).
    `knot`: so many samples make one point of the curve; 0 where the logistic function is left as it is.
    """

    rare: int
    strength: float
    knot: int


ASIDE = "aside"
FACTS = Recipe(rare=4, strength=1.0, knot=400)
CRITERIA = Recipe(rare=5, strength=0.1, knot=0)
CAUTION = 3
"""The curve is up to so many standard errors too low where it is high: the parser was made with these trials in view,
and who reads 0.9 should be able to rely on it."""


class Sample(NamedTuple):
    """Something judged: the trial that it is of, its features, and whether it is right.

    One `aside` was judged by other rules than those that the confidence is about: it has a say in what features weigh,
    with weights of its own for what its rules differ in, and none in the curve.
    """

    trial: str
    features: Mapping[str, float]
    right: bool
    aside: bool = False


class Collector(Scorer):
    """Numbers facts and rules in place of scoring them, and keeps what they show."""

    def __init__(self) -> None:
        self.facts: list[list[str]] = []
        self.rules: list[tuple[Rule, Piece]] = []

    def rule(self, rule: Rule, piece: Piece) -> tuple[Rule, float]:
        """The rule, its facts numbered, and its own number."""
        features = fact_features(placed(rule), piece)
        first = len(self.facts)
        self.facts += features
        self.rules.append((rule, piece))
        return scored(rule, iter(map(float, range(first, len(self.facts))))), float(len(self.rules) - 1)

    def criterion(self, score: float, *, children: bool) -> float:
        """The number of the rule, twice, and one more where there are children."""
        return 2 * score + children


class Corpus(NamedTuple):
    """Texts with what is known of them."""

    lct: Sequence[tuple[str, str, Path]]
    gold: Sequence[tuple[str, Document]]
    unread: frozenset[str]


def corpus(lct: Path, gold: Path) -> Corpus:
    """The texts of both folders."""
    texts = []
    for path in sorted(lct.glob("*.ann")):
        with open(path.with_suffix(".txt"), encoding="utf-8", newline="") as file:
            texts.append((path.stem, file.read(), path))
    documents = [(path.stem, load(path.read_bytes())) for path in sorted((gold / "json").glob("*.json"))]
    return Corpus(texts, documents, frozenset((gold / "unread.txt").read_text("utf-8").split()))


# ------------------------------------------------------------------ learning


def fold(trial: str) -> int:
    """Which tenth a trial belongs to while the others are learned from."""
    return hashlib.sha1(f"fold {trial}".encode()).digest()[0] % FOLDS


def learn(samples: Sequence[Sample], recipe: Recipe) -> tuple[Weights, _Array]:
    """The weights and the curve; and, for each sample, its sum by weights that were learned from other trials."""
    counts = Counter(name for s in samples for name in s.features)
    names = sorted(name for name, count in counts.items() if count >= recipe.rare)
    column = {name: k for k, name in enumerate(names)}
    cells = [(i, column[n], x) for i, s in enumerate(samples) for n, x in s.features.items() if n in column]
    rows, columns, amounts = zip(*cells, strict=True)
    x = csr_matrix((amounts, (rows, columns)), shape=(len(samples), len(names)))
    y = np.array([s.right for s in samples])
    folds = np.array([fold(s.trial) for s in samples])
    sums = np.zeros(len(samples))
    for k in sorted(set(folds.tolist())):
        sums[folds == k] = _fit(x[folds != k], y[folds != k], recipe).decision_function(x[folds == k])
    fitted = _fit(x, y, recipe)
    weights = {name: round(float(w), 2) for name, w in zip(names, fitted.coef_[0], strict=True)}
    own = np.array([not s.aside for s in samples])
    return Weights(
        bias=round(float(fitted.intercept_[0]), 2),
        weights={name: w for name, w in weights.items() if w and not name.startswith(ASIDE)},
        curve=curve(sums[own], y[own], recipe.knot) if recipe.knot else (),
    ), sums


def _fit(x: Any, y: _Array, recipe: Recipe) -> Any:
    return LogisticRegression(C=recipe.strength, max_iter=3000, tol=1e-6).fit(x, y)


def curve(sums: _Array, right: _Array, size: int) -> Curve:
    """From sums to the share that is right: bins of one size, made to rise, with a line from each to the next."""
    order = np.argsort(sums, kind="stable")
    parts = np.array_split(order, max(2, len(order) // size))
    middle = [float(np.mean(sums[p])) for p in parts]
    shares = np.array([np.mean(right[p]) for p in parts])
    errors = np.sqrt(shares * (1 - shares) / np.array([len(p) for p in parts]))
    rising = isotonic_regression(np.clip(shares - CAUTION * shares * errors, LOWEST, HIGHEST))
    return tuple((round(m, 2), round(float(s), 3)) for m, s in zip(middle, rising, strict=True))


def judged_by(weights: Weights, sums: Iterable[float], samples: Sequence[Sample]) -> list[Judged]:
    """Samples as judged with the confidence that their sums give."""
    pairs = zip(sums, samples, strict=True)
    return [Judged(confidence=weights.share(t), right=s.right) for t, s in pairs if not s.aside]


def sobered(weights: Weights, samples: Sequence[Sample]) -> Weights:
    """The weights, every sum as much lower as makes the mean confidence on these samples the share that is right."""
    sums = [weights.weighed(s.features) for s in samples]
    right = sum(s.right for s in samples)
    low, high = -5.0, 5.0
    for _ in range(30):
        middle = (low + high) / 2
        if sum(weights.share(t - middle) for t in sums) > right:
            low = middle
        else:
            high = middle
    return replace(weights, bias=round(weights.bias - high, 2))


# ------------------------------------------------------------------ the command


def fact_samples(parser: Parser, data: Corpus, collector: Collector) -> Iterator[Sample]:
    """Judged facts of LCT's trials, and of gold, where those that LCT could judge stand aside."""
    for name, text, path in data.lct:
        if not held_out(name):
            for one in judged(parser.parse(text), marks(path)):
                yield Sample(name, dict.fromkeys(collector.facts[int(one.confidence)], 1.0), one.right)
    for name, gold in data.gold:
        for one in facts_judged(gold, parser.parse(gold.text)) if name not in data.unread else ():
            features = dict.fromkeys(collector.facts[int(one.confidence)], 1.0)
            aside = one.fact is not None and markable(one.fact)
            if aside and one.fact is not None:
                features |= {ASIDE: 1.0, f"{ASIDE} {one.fact.domain}": 1.0}
            yield Sample(name, features, one.right, aside)


def rule_samples(
    parser: Parser, golds: Iterable[tuple[str, Document]], collector: Collector, facts: Weights
) -> Iterator[Sample]:
    """Judged criteria of gold."""
    for name, gold in golds:
        for one in criteria_judged(gold, parser.parse(gold.text)):
            number, children = divmod(int(one.confidence), 2)
            rule, piece = collector.rules[number]
            within = placed(rule)
            sure = [facts.share(facts.sum(found)) for found in fact_features(within, piece)]
            features = rule_features(within, piece, sure)
            yield Sample(name, features | ({"children": 1.0} if children else {}), one.right)


def main() -> None:
    """Learn, write, report."""
    options = argparse.ArgumentParser(description="Learn how sure a parse can be of its facts and criteria.")
    options.add_argument("--lct", type=Path, required=True, help="the Leaf Clinical Trials corpus")
    options.add_argument("--gold", type=Path, required=True, help="criteria written by hand: json/, unread.txt")
    options.add_argument("--out", type=Path, default=SHIPPED)
    given = options.parse_args()
    data = corpus(given.lct, given.gold)
    collector = Collector()
    parser = Parser(scorer=collector)
    samples = list(fact_samples(parser, data, collector))
    facts, sums = learn(samples, FACTS)
    told("facts, by weights of other trials", judged_by(facts, sums, samples))

    rules = list(rule_samples(parser, [g for g in data.gold if g[0] not in data.unread], collector, facts))
    criteria, sums = learn(rules, CRITERIA)
    told("criteria, by weights of other listings, before they are sobered", judged_by(criteria, sums, rules))
    fresh = list(rule_samples(parser, [g for g in data.gold if g[0] in data.unread], collector, facts))
    halves = [[s for s in fresh if fold(s.trial) % 2 == k] for k in (0, 1)]
    told(
        "criteria kept for scoring, sobered by the other half of them",
        [
            j
            for half, other in (halves, halves[::-1])
            for w in [sobered(criteria, other)]
            for j in judged_by(w, (w.weighed(s.features) for s in half), half)
        ],
    )
    model = Model(fact=facts, criterion=sobered(criteria, fresh))
    given.out.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n")

    parser = Parser(scorer=Scorer(model))
    kept = [(text, path) for name, text, path in data.lct if held_out(name)]
    told("facts of trials kept for scoring", [j for t, path in kept for j in judged(parser.parse(t), marks(path))])
    golds = {name: criteria_judged(g, parser.parse(g.text)) for name, g in data.gold}
    told("criteria of all listings", [j for found in golds.values() for j in found])
    told("criteria of listings kept for scoring", [j for n in golds if n in data.unread for j in golds[n]])


def told(title: str, found: Sequence[Judged]) -> None:
    """Print how near confidence and what is right are."""
    sure = [j for j in found if j.confidence > 0.9]
    share = sum(j.right for j in sure) / max(len(sure), 1)
    right = sum(j.right for j in found) / max(len(found), 1)
    print(f"{title}: {len(found)}, {right:.3f} right; ECE {ece(found):.3f}; above 0.9 {len(sure)}, {share:.3f} right")
    for b in reliability(found):
        print(f"  {b.low:.1f}-{b.high:.1f} {b.count:6} {b.confidence:.3f} {b.right:.3f}")


if __name__ == "__main__":
    sys.exit(main())
