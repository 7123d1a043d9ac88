"""Statistics on judgements: intervals, comparisons of two systems, confusions.

In: an `Evaluation`, or two over the same documents. Out: figures with how far they may be trusted.

>>> from protoparse.evaluate.judgements import Case, Judgement
>>> found, lost = (Judgement(measure="value", outcome=outcome) for outcome in ("right", "missed"))
>>> cases = [Case(name=str(i), text="", judgements=(found, lost if i % 2 else found)) for i in range(40)]
>>> [row] = figures(Evaluation(cases=tuple(cases), measures=("value",)))
>>> row.rate.recall, row.documents
(0.75, 40)
>>> low, high = row.recall
>>> round(low, 2), round(high, 2)
(0.68, 0.82)

Documents are drawn, not single judgements: what stands in one listing is of one hand, and errors come in company.
Needs SciPy and scikit-learn, which the extra `evaluate` brings.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from protoparse.evaluate.judgements import RATES, Evaluation, Judgement, Outcome, Rate
from protoparse.model import Domain, Record

Array: TypeAlias = NDArray[Any]
Interval: TypeAlias = tuple[float, float]
Breakdown: TypeAlias = Literal["all", "section", "domain", "phenomenon", "document"]

BREAKDOWNS: tuple[Breakdown, ...] = ("section", "domain", "phenomenon", "document")
"""What figures can be broken down by."""

RESAMPLES = 2_000
"""How often documents are drawn for an interval: another seed then moves its ends by about a twentieth of its width."""

PERMUTATIONS = 9_999
SEED = 20_240_229
LEVEL = 0.95
DOMAINS = frozenset(get_args(Domain))
NOTHING = "nothing"
"""In a confusion, the partner of what has none."""

_OUTCOMES: dict[Outcome, int] = {outcome: i for i, outcome in enumerate(RATES)}
_ADDS = np.array([[r.found, r.gold, r.right, r.predicted] for r in RATES.values()], dtype=float)


class Row(Record, frozen=True, kw_only=True):
    """A measure over all documents, or over the part of one section, domain, phenomenon or document.

    `rate` is the micro average; `macro_…` are means over the `documents` that have anything of it in gold or
    prediction; `precision`, `recall` and `f1` are the 95 % intervals of the rate, None where documents do not differ.
    """

    by: Breakdown
    part: str
    measure: str
    rate: Rate
    documents: int
    macro_precision: float | None = None
    macro_recall: float | None = None
    macro_f1: float | None = None
    precision: Interval | None = None
    recall: Interval | None = None
    f1: Interval | None = None


class Difference(Record, frozen=True, kw_only=True):
    """What a second system's F1 is above a first one's, on the same documents.

    `interval` is the 95 % interval of the difference, `p` how often as large a one comes by chance, `corrected` the
    same by Holm's correction for all measures compared.
    """

    measure: str
    first: float
    second: float
    difference: float
    interval: Interval | None
    p: float
    corrected: float


class Confusion(Record, frozen=True, kw_only=True):
    """`counts[i][j]`: how many of the domain `labels[i]` in gold were predicted as of `labels[j]`."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


# ------------------------------------------------------------------ figures


def figures(evaluation: Evaluation, breakdowns: Iterable[Breakdown] = (), *, resamples: int = RESAMPLES) -> list[Row]:
    """The figures of each measure, and of each part of the breakdowns, with their intervals; always the same ones.

    Intervals are bootstrapped over documents by the percentile method (Efron & Tibshirani, *An Introduction to the
    Bootstrap*, 1993, ch. 13): documents are drawn with replacement, and all that a document holds comes with it. The
    method keeps to the range of a rate and is defined where BCa is not (0/0, where all documents but one agree, as
    happens in small parts), so that all rows are made alike; what BCa corrects is small from some dozens of documents
    on. Draws that have nothing of a part are left out. Parts of one document, and rates that do not vary, have none.
    """
    breakdowns = tuple(breakdowns)
    keys, counts = _counted(evaluation, [b for b in breakdowns if b != "document"])
    intervals = _intervals(counts, resamples)
    rows = [_row(key, counts[:, k], [ends[k] for ends in intervals]) for k, key in enumerate(keys)]
    if "document" in breakdowns:
        measures = _measures(evaluation)
        for case in evaluation.cases:
            rates = case.figures()
            rows.extend(
                Row(by="document", part=case.name, measure=measure, rate=rates[measure], documents=1)
                for measure in measures
                if measure in rates
            )
    return rows


_Key: TypeAlias = tuple[Breakdown, str, str]


def _measures(evaluation: Evaluation) -> list[str]:
    """Those named, then those that judgements have besides."""
    found = dict.fromkeys(j.measure for case in evaluation.cases for j in case.judgements)
    return list(dict.fromkeys([*evaluation.measures, *found]))


def _counted(evaluation: Evaluation, breakdowns: Sequence[Breakdown]) -> tuple[list[_Key], Array]:
    """What rows there are, in order; and found, gold, right, predicted by document and row."""
    measures = _measures(evaluation)
    order = {measure: i for i, measure in enumerate(measures)}
    cells: Counter[tuple[int, _Key, Outcome]] = Counter()
    for number, case in enumerate(evaluation.cases):
        alike = Counter((j.measure, j.outcome, j.kind, j.domain, j.phenomena) for j in case.judgements)
        for (measure, outcome, kind, domain, phenomena), times in alike.items():
            parts: dict[Breakdown, tuple[str | None, ...]]
            parts = {"section": (kind,), "domain": (domain,), "phenomenon": phenomena}
            cells[number, ("all", "", measure), outcome] += times
            for by in breakdowns:
                for part in parts[by]:
                    if part is not None:
                        cells[number, (by, part, measure), outcome] += times
    found: set[_Key] = {key for _, key, _ in cells}
    found.update(("all", "", measure) for measure in measures)
    places = {by: i for i, by in enumerate(("all", *breakdowns))}
    keys: list[_Key] = sorted(found, key=lambda key: (places[key[0]], key[1], order[key[2]]))
    column = {key: k for k, key in enumerate(keys)}
    counts = np.zeros((len(evaluation.cases), len(keys), 4))
    for (number, key, outcome), times in cells.items():
        counts[number, column[key]] += times * _ADDS[_OUTCOMES[outcome]]
    return keys, counts


def _row(key: _Key, counts: Array, intervals: Sequence[Interval | None]) -> Row:
    by, part, measure = key
    counts = counts[counts.any(axis=1)]
    found, gold, right, predicted = (int(n) for n in counts.sum(axis=0))
    means: list[float | None] = [None, None, None]
    if len(counts):
        means = [float(rates.mean()) for rates in _rates(counts)]
    return Row(
        by=by,
        part=part,
        measure=measure,
        rate=Rate(found=found, gold=gold, right=right, predicted=predicted),
        documents=len(counts),
        macro_precision=means[0],
        macro_recall=means[1],
        macro_f1=means[2],
        precision=intervals[0],
        recall=intervals[1],
        f1=intervals[2],
    )


def _rates(counts: Array) -> tuple[Array, Array, Array]:
    """Precision, recall and F1 of counts whose last axis is found, gold, right, predicted; as `Rate` has them."""
    found, gold, right, predicted = np.moveaxis(counts, -1, 0)
    p = np.divide(right, predicted, out=np.ones_like(right), where=predicted > 0)
    r = np.divide(found, gold, out=np.ones_like(found), where=gold > 0)
    return p, r, np.divide(2 * p * r, p + r, out=np.zeros_like(p), where=p + r > 0)


def _weights(drawn: Array, documents: int) -> Array:
    """How often each document is in each draw."""
    offsets = np.arange(len(drawn))[:, None] * documents
    flat = np.bincount((drawn + offsets).ravel(), minlength=len(drawn) * documents)
    return flat.reshape(len(drawn), documents).astype(float)


def _intervals(counts: Array, resamples: int) -> list[list[Interval | None]]:
    """The intervals of precision, recall and F1 of each row."""
    documents, rows, _ = counts.shape
    several = counts.any(axis=2).sum(axis=0) > 1
    if not several.any():
        return [[None] * rows for _ in range(3)]
    kept = counts[:, several]
    matrix = kept.reshape(documents, -1)

    def statistic(drawn: Array) -> Array:
        summed = (_weights(drawn, documents) @ matrix).reshape(len(drawn), -1, 4)
        p, r, f = _rates(summed)
        _, gold, _, predicted = np.moveaxis(summed, -1, 0)
        p[predicted == 0] = np.nan
        r[gold == 0] = np.nan
        f[gold + predicted == 0] = np.nan
        return np.stack([p, r, f])

    ends = _percentiles(_drawn(documents, statistic, resamples))
    found: list[list[Interval | None]] = []
    for part in ends:
        spread = iter(part)
        found.append([next(spread) if there else None for there in several])
    return found


def _drawn(documents: int, statistic: Any, resamples: int) -> Array:
    """A statistic of so many draws of documents, on the last axis. It takes draws of document numbers, one a row."""
    from scipy.stats import DegenerateDataWarning, bootstrap

    def vectorised(drawn: Array, axis: int) -> Array:
        return np.moveaxis(statistic(np.atleast_2d(drawn)), 1, -1)

    with warnings.catch_warnings():
        # SciPy's own interval is not used: it has none where a draw has nothing of a part
        warnings.simplefilter("ignore", DegenerateDataWarning)
        done = bootstrap(
            (np.arange(documents),),
            vectorised,
            vectorized=True,
            n_resamples=resamples,
            batch=250,
            confidence_level=LEVEL,
            method="percentile",
            **_generator(bootstrap),
        )
    return np.asarray(done.bootstrap_distribution)


def _generator(test: Any) -> dict[str, Any]:
    """The seed, under the name that SciPy gives it: `rng` from 1.15 on."""
    from inspect import signature

    name = "rng" if "rng" in signature(test).parameters else "random_state"
    return {name: np.random.default_rng(SEED)}


def _percentiles(values: Array) -> list[list[Interval | None]]:
    """The central part of what was drawn, for each of the first two axes; None where nothing varies."""
    values = np.sort(values, axis=-1)  # what is not a number goes last
    count = np.isfinite(values).sum(axis=-1)
    ends = []
    for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        place = np.maximum(count - 1, 0) * q
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, np.maximum(count - 1, 0))
        low, high = (np.take_along_axis(values, i[..., None], axis=-1)[..., 0] for i in (below, above))
        ends.append(low + (high - low) * (place - below))
    return [
        [(float(a), float(b)) if np.isfinite(a) and a < b else None for a, b in zip(*pair, strict=True)]
        for pair in zip(*ends, strict=True)
    ]


# ------------------------------------------------------------------ two systems


def compared(first: Evaluation, second: Evaluation, *, resamples: int = RESAMPLES) -> list[Difference]:
    """What the second system's F1 is above the first's, measure by measure, on the same documents.

    The chance of a difference is a permutation test (Efron & Tibshirani 1993, ch. 15): within each document, what one
    system made is exchanged with what the other made, by the throw of a coin; all throws are tried where there are few
    documents. The interval is of the paired bootstrap. Over all measures, chances are corrected by Holm's step-down
    method (Holm, *Scandinavian Journal of Statistics* 6, 1979): so that among all differences called significant at
    5 %, one that is none has a chance of 5 %. Raises ValueError where the two are not over the same documents.
    """
    if [case.name for case in first.cases] != [case.name for case in second.cases]:
        raise ValueError("the two systems are compared on the same documents, in the same order")
    empty = dict.fromkeys(_measures(first) + _measures(second), Rate())
    names = tuple(measure for measure in empty if _any(first, measure) or _any(second, measure))
    ours, theirs = (_by_measure(evaluation, names) for evaluation in (first, second))
    documents = len(ours)
    if not documents or not names:
        return []
    before, after = _rates(ours.sum(axis=0))[2], _rates(theirs.sum(axis=0))[2]
    intervals: list[Interval | None] = [None] * len(names)
    if documents > 1:
        both = np.concatenate([ours, theirs], axis=1).reshape(documents, -1)

        def gain(drawn: Array) -> Array:
            f1 = _rates((_weights(drawn, documents) @ both).reshape(len(drawn), 2, len(names), 4))[2]
            return (f1[:, 1] - f1[:, 0])[None]

        [intervals] = _percentiles(_drawn(documents, gain, resamples))
        chances = _chances(ours, theirs)
    else:
        chances = np.ones(len(names))
    return [
        Difference(
            measure=measure,
            first=float(before[k]),
            second=float(after[k]),
            difference=float(after[k] - before[k]),
            interval=intervals[k],
            p=float(chances[k]),
            corrected=float(corrected),
        )
        for k, (measure, corrected) in enumerate(zip(names, holm(chances.tolist()), strict=True))
    ]


def _any(evaluation: Evaluation, measure: str) -> bool:
    return any(j.measure == measure for case in evaluation.cases for j in case.judgements)


def _by_measure(evaluation: Evaluation, measures: tuple[str, ...]) -> Array:
    keys, counts = _counted(Evaluation(cases=evaluation.cases, measures=measures), ())
    column = {measure: k for k, (_, _, measure) in enumerate(keys)}
    return counts[:, [column[measure] for measure in measures]]


def _chances(ours: Array, theirs: Array) -> Array:
    from scipy.stats import permutation_test

    documents = len(ours)
    total_ours, total_theirs = ours.sum(axis=0), theirs.sum(axis=0)
    change = (theirs - ours).reshape(documents, -1)

    def gain(one: Array, other: Array, axis: int) -> Array:
        # the second system's documents are numbered behind the first's: these stand where the first's should
        moved = ((one >= documents).astype(float) @ change).reshape(*one.shape[:-1], *total_ours.shape)
        return _rates(total_theirs - moved)[2] - _rates(total_ours + moved)[2]

    done = permutation_test(
        (np.arange(documents), np.arange(documents) + documents),
        gain,
        permutation_type="samples",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        batch=500,
        alternative="two-sided",
        **_generator(permutation_test),
    )
    return np.asarray(done.pvalue)


def holm(chances: Sequence[float]) -> list[float]:
    """Chances corrected for their number by Holm's step-down method, in the same order.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(chances)
    least = 0.0
    for rank, k in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, (len(chances) - rank) * chances[k]))
        corrected[k] = least
    return corrected


# ------------------------------------------------------------------ domains


def confusion(evaluation: Evaluation) -> Confusion | None:
    """Which domain was taken for which, by the measure that compares domains; None where there is none.

    What has no partner stands in the row or column `nothing`.
    """
    from sklearn.metrics import confusion_matrix

    measure = domain_measure(evaluation)
    pairs = [
        (_domain(j, j.expected, "missed"), _domain(j, j.got, "extra"))
        for case in evaluation.cases
        for j in case.judgements
        if j.measure == measure and j.domain is not None
    ]
    if not pairs:
        return None
    tally = Counter(name for pair in pairs for name in pair if name != NOTHING)
    labels = [name for name, _ in sorted(tally.items(), key=lambda entry: (-entry[1], entry[0]))]
    if any(NOTHING in pair for pair in pairs):
        labels.append(NOTHING)
    gold, predicted = zip(*pairs, strict=True)
    matrix = confusion_matrix(gold, predicted, labels=labels)
    return Confusion(labels=tuple(labels), counts=tuple(tuple(int(n) for n in row) for row in matrix))


def domain_measure(evaluation: Evaluation) -> str | None:
    """The measure that compares domains: `domain`, or among tasks `concept`."""
    return next((name for name in ("domain", "concept") if name in evaluation.measures), None)


def _domain(judgement: Judgement, words: str | None, alone: Outcome) -> str:
    """The domain on one side: what is told of it begins with its name; `alone` is the outcome that has this side."""
    if words is not None and (named := words.partition(":")[0]) in DOMAINS:
        return named
    if judgement.outcome in ("right", alone):
        return str(judgement.domain)
    return NOTHING
