"""Learn how sure a parse can be of its facts and criteria: the table of `protoparse.confidence`.

    python training/train_confidence.py --lct FOLDER --gold FOLDER [--out FILE]

The first folder holds the Leaf Clinical Trials corpus (`.txt`, `.ann`), the second criteria written by hand
(`json/*.json`, and `unread.txt` with the names of those that are only scored). Facts learn from LCT, and from gold what
LCT does not judge or has little of; criteria from gold. How each is learned (`Recipe`) is chosen by cross-validation by
trial on what is learned from. The trials of `corpora.held_out` and those of `unread.txt` are left out and scored at the
end. The parser was made with the other listings in view and reads them better than new ones: every criterion's score is
lowered by one constant, so that it is right on average in those listings of `corpus/` that were written blind.
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
from protoparse.confidence.features import Piece, fact_features, placed, rule_features
from protoparse.confidence.scoring import Curve, Model, Scorer, Weights, scored
from protoparse.evaluate.calibration import SURE, calibration, criteria_judged, facts_judged, judged, markable
from protoparse.evaluate.judgements import Judged
from protoparse.evaluate.spans.corpus import Annotated, read_corpus
from protoparse.model import Document, Rule, load
from protoparse.parsing import Parser

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "src" / "protoparse" / "confidence" / "model.json"
READ = ("car-t-lymphoid", "healthy-volunteers", "heart-failure", "solid-tumour", "type-2-diabetes")
"""The listings of `corpus/` that were at hand while the parser was made; the others were written blind."""
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
FACTS = tuple(
    Recipe(rare, strength, knot) for rare in (2, 4, 8) for strength in (0.3, 1.0, 3.0) for knot in (200, 400, 800)
)
CRITERIA = tuple(Recipe(2, strength, 0) for strength in (0.03, 0.1, 0.3, 1.0))
"""The recipes to choose from. What was met once says nothing of other trials; of rules nothing is rare."""
CAUTIONS = (0.0, 1.0, 2.0, 3.0, 4.0)
"""The curve is up to so many standard errors too low where it is high: the parser was made with these trials in view,
and who reads 0.9 should be able to rely on it."""
RELIED = 0.965
"""The least caution is taken with which so many facts above 0.9 are right; 0.95 is what new trials should have, which
the parser was not made with in view."""


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

    lct: Sequence[Annotated]
    gold: Sequence[tuple[str, Document]]
    unread: frozenset[str]
    blind: Sequence[tuple[str, Document]]


def corpus(lct: Path, gold: Path) -> Corpus:
    """The texts of both folders."""
    documents = [(path.stem, load(path.read_bytes())) for path in sorted((gold / "json").glob("*.json"))]
    own = [(path.parent.name, path) for path in sorted((ROOT / "corpus").glob("*/criteria.json"))]
    return Corpus(
        lct=list(read_corpus(lct, "lct")),
        gold=documents,
        unread=frozenset((gold / "unread.txt").read_text("utf-8").split()),
        blind=[(name, load(path.read_bytes())) for name, path in own if name not in READ],
    )


# ------------------------------------------------------------------ learning


def fold(trial: str) -> int:
    """Which tenth a trial belongs to while the others are learned from."""
    return hashlib.sha1(f"fold {trial}".encode()).digest()[0] % FOLDS


class Table:
    """Samples as rows of a matrix with a column for each feature that is not too rare."""

    def __init__(self, samples: Sequence[Sample], rare: int) -> None:
        counts = Counter(name for s in samples for name in s.features)
        self.names = sorted(name for name, count in counts.items() if count >= rare)
        column = {name: k for k, name in enumerate(self.names)}
        cells = [(i, column[n], x) for i, s in enumerate(samples) for n, x in s.features.items() if n in column]
        rows, columns, amounts = zip(*cells, strict=True)
        self.x = csr_matrix((amounts, (rows, columns)), shape=(len(samples), len(self.names)))
        self.right = np.array([s.right for s in samples])
        self.own = np.array([not s.aside for s in samples])
        self.folds = np.array([fold(s.trial) for s in samples])

    def sums(self, strength: float) -> _Array:
        """For each sample its sum, by weights that were learned from other trials."""
        sums = np.zeros(len(self.right))
        for k in sorted(set(self.folds.tolist())):
            there = self.folds == k
            sums[there] = _fit(self.x[~there], self.right[~there], strength).decision_function(self.x[there])
        return sums

    def shares(self, sums: _Array, knot: int, caution: float = 0) -> _Array:
        """For each sample how likely it is right, by a curve that was learned from other trials."""
        shares = np.zeros(len(sums))
        for k in sorted(set(self.folds.tolist())):
            others, there = self.own & (self.folds != k), self.folds == k
            drawn = curve(sums[others], self.right[others], knot, caution=caution) if knot else ()
            weights = Weights(bias=0, weights={}, curve=drawn)
            shares[there] = [weights.share(t) for t in sums[there].tolist()]
        return shares

    def loss(self, sums: _Array, knot: int) -> float:
        """How surprising the truth is, in nats a sample."""
        shares = np.clip(self.shares(sums, knot), 1e-3, 1 - 1e-3)
        return float(-np.log(np.where(self.right, shares, 1 - shares))[self.own].mean())

    def caution(self, sums: _Array, knot: int) -> float:
        """The least caution with which facts above 0.9 can be relied on."""
        for caution in CAUTIONS:
            sure = self.own & (self.shares(sums, knot, caution) > SURE)
            right = float(self.right[sure].mean())
            print(f"  caution {caution}: {int(sure.sum())} above {SURE}, {right:.4f} right")
            if right >= RELIED:
                return caution
        return CAUTIONS[-1]


def learn(samples: Sequence[Sample], recipes: Sequence[Recipe]) -> tuple[Weights, _Array]:
    """The weights and the curve by the best recipe; and, for each sample, its sum by weights from other trials."""
    tables = {rare: Table(samples, rare) for rare in sorted({recipe.rare for recipe in recipes})}
    pairs = sorted({(recipe.rare, recipe.strength) for recipe in recipes})
    sums = {(rare, strength): tables[rare].sums(strength) for rare, strength in pairs}
    losses = {r: tables[r.rare].loss(sums[r.rare, r.strength], r.knot) for r in recipes}
    best = min(recipes, key=lambda recipe: losses[recipe])
    for recipe in recipes:
        print(f"  {losses[recipe]:.4f} {recipe}{' *' if recipe == best else ''}")
    table, found = tables[best.rare], sums[best.rare, best.strength]
    drawn: Curve = ()
    if best.knot:
        caution = table.caution(found, best.knot)
        drawn = curve(found[table.own], table.right[table.own], best.knot, caution=caution)
    fitted = _fit(table.x, table.right, best.strength)
    weights = {name: round(float(w), 2) for name, w in zip(table.names, fitted.coef_[0], strict=True)}
    return Weights(
        bias=round(float(fitted.intercept_[0]), 2),
        weights={name: w for name, w in weights.items() if w and not name.startswith(ASIDE)},
        curve=drawn,
    ), found


def _fit(x: Any, y: _Array, strength: float) -> Any:
    return LogisticRegression(C=strength, max_iter=3000, tol=1e-6).fit(x, y)


def curve(sums: _Array, right: _Array, size: int, *, caution: float) -> Curve:
    """From sums to the share that is right: bins of one size, made to rise, with a line from each to the next."""
    order = np.argsort(sums, kind="stable")
    parts = np.array_split(order, max(2, len(order) // size))
    middle = [float(np.mean(sums[p])) for p in parts]
    shares = np.array([np.mean(right[p]) for p in parts])
    errors = np.sqrt(shares * (1 - shares) / np.array([len(p) for p in parts]))
    rising = isotonic_regression(np.clip(shares - caution * shares * errors, LOWEST, HIGHEST))
    return tuple((round(m, 2), round(float(s), 3)) for m, s in zip(middle, rising, strict=True))


def judged_by(weights: Weights, sums: Iterable[float], samples: Sequence[Sample]) -> list[Judged]:
    """Samples as judged with the confidence that their sums give."""
    pairs = zip(sums, samples, strict=True)
    return [Judged(confidence=weights.share(t), right=s.right) for t, s in pairs if not s.aside]


def weighed(weights: Weights, samples: Sequence[Sample]) -> list[float]:
    """The sum of each sample."""
    return [weights.weighed(s.features) for s in samples]


def sobered(weights: Weights, samples: Sequence[Sample]) -> Weights:
    """The weights, every sum as much lower as makes the mean confidence on these samples the share that is right."""
    sums = weighed(weights, samples)
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
    for text in data.lct:
        if not held_out(text.name):
            for one in judged(parser.parse(text.text), text.findings):
                yield Sample(text.name, dict.fromkeys(collector.facts[int(one.confidence)], 1.0), one.right)
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
    blind = list(rule_samples(parser, data.blind, collector, facts))
    told("criteria of listings written blind", judged_by(criteria, weighed(criteria, blind), blind))
    criteria = sobered(criteria, blind)
    told("the same, sobered by them", judged_by(criteria, weighed(criteria, blind), blind))
    model = Model(fact=facts, criterion=criteria)
    given.out.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=1) + b"\n")

    parser = Parser(scorer=Scorer(model))
    kept = [text for text in data.lct if held_out(text.name)]
    told("facts of trials kept for scoring", [j for t in kept for j in judged(parser.parse(t.text), t.findings)])
    golds = {name: criteria_judged(g, parser.parse(g.text)) for name, g in data.gold}
    told("criteria of all listings", [j for found in golds.values() for j in found])
    told("criteria of listings kept for scoring", [j for n in golds if n in data.unread for j in golds[n]])


def told(title: str, found: Sequence[Judged]) -> None:
    """Print how near confidence and what is right are."""
    c = calibration(title, found)
    sure = f"above 0.9 {c.sure}, {c.sure_right or 0:.3f} right"
    print(f"{title}: {c.count}, {c.right:.3f} right; ECE {c.ece:.3f}; {sure}", flush=True)
    for b in c.bins:
        print(f"  {b.low:.1f}-{b.high:.1f} {b.count:6} {b.confidence:.3f} {b.right:.3f}")


if __name__ == "__main__":
    sys.exit(main())
