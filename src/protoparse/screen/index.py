"""One patient against thousands of trials at once, with the answers that `screen` gives for each.

In: documents; then a patient and a day. Out: `Answers`, and a `Screening` of any one trial on demand.

Facts that say the same are one fact over all trials, and formulas that are alike one formula. Of a patient only those
facts are decided that his record touches; then all formulas are evaluated level by level, as arrays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from protoparse.model import Document, Domain, Fact, facts
from protoparse.screen.compiling import holds, own_groups, plan
from protoparse.screen.logic import Denial, Leaves, Node, Shared, completed, standing
from protoparse.screen.patient import Patient
from protoparse.screen.screening import Knowledge, alive, answer_of, screened
from protoparse.screen.verdicts import Answer, Screening, Truth

if TYPE_CHECKING:
    from protoparse.concepts.terms import TermSource

_Codes: TypeAlias = npt.NDArray[np.uint8]
_FALSE, _UNKNOWN, _TRUE = 0, 1, 2
_TRUTHS: tuple[Truth, ...] = (False, None, True)
_MANY = 1 << 16
_KEPT = 256
"""Of how many patients' answers a gate with shared leaves is remembered: most records are silent in the same places."""
# what a member counts for its gate: below `_MANY` the members that may yet be true, above it those that are
_COUNTS = np.array([0, 1, _MANY + 1], np.int32)

Keys: TypeAlias = Callable[[Fact], Iterable[Hashable]]
"""What a record may speak of that decides a fact; a fact of which it speaks of none is unknown."""


class Keyed(Knowledge, Protocol):
    """What is known of a patient, with the keys of all that his record speaks of."""

    @property
    def keys(self) -> Iterable[Hashable]:
        """The keys of all that the record speaks of."""
        ...


class Answers(NamedTuple):
    """What each trial of an index says of a patient, in the order of the index.

    `waiting`: how many facts of each are unknown, where the criteria that they stand in are open by that.
    """

    trials: tuple[str | None, ...]
    answers: tuple[Answer, ...]
    waiting: tuple[int, ...]
    documents: Sequence[Document]
    patient: Patient
    known: Keyed
    day: date

    def ranked(self) -> list[int]:
        """The places of the trials, the best answer first, then that of which the fewest facts are open."""
        return sorted(range(len(self.answers)), key=lambda n: (_ORDER[self.answers[n]], self.waiting[n]))

    def details(self, n: int) -> Screening:
        """All that the trial at a place of the index says of the patient."""
        return screened(self.documents[n], self.patient, self.known, day=self.day)


_ORDER: dict[Answer, int] = {"eligible": 0, "undetermined": 1, "ineligible": 2}


class _Resting(NamedTuple):
    """A gate whose members share leaves: all leaves that it rests on, and what it comes to by what they are."""

    place: int
    node: Shared
    leaves: npt.NDArray[np.int64]
    told: dict[bytes, Truth]


class _Level(NamedTuple):
    """Gates that rest on those of lower levels: their values stand at `start` and on; members gate by gate."""

    start: int
    end: int
    least: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    members: npt.NDArray[np.int32]
    denied: npt.NDArray[np.bool_]
    shared: tuple[_Resting, ...]


class Index:
    """Trials made ready for screening; `terms`: vocabularies of the user's own."""

    def __init__(self, documents: Iterable[Document], *, terms: TermSource | None = None) -> None:
        from protoparse.screen.knowing.facts import keys_of
        from protoparse.screen.knowing.matching import UNRECORDED, Matcher

        self._matcher = Matcher(terms)
        # every record has the key of what no record tells of: asked, it would only say why it does not know
        self._prepare(documents, lambda fact: keys_of(fact, matcher=self._matcher) - {UNRECORDED})

    @classmethod
    def keyed(cls, documents: Iterable[Document], keys_of: Keys) -> Index:
        """An index for what tells of patients by other keys than `Known` does; it is for `screened` alone."""
        index = cls.__new__(cls)
        index._prepare(documents, keys_of)
        return index

    def _prepare(self, documents: Iterable[Document], keys_of: Keys) -> None:
        self.documents = tuple(documents)
        leaves = Leaves()
        circuit = _Circuit()
        roots: list[_Member] = []
        parts: list[tuple[int, _Member, tuple[int, ...]]] = []
        for n, document in enumerate(self.documents):
            made = plan(document, leaves)
            roots.append(circuit.add(made.takes))
            nodes = [holds(item, own_groups(item)) for item in made.items]
            parts += [(n, circuit.add(node), standing(node)) for node in nodes]
        self._facts = tuple(leaves.facts)
        self._without = tuple(leaves.without)
        self._levels, places = circuit.levels(len(self._facts) + 1)
        self._size = self._levels[-1].end if self._levels else len(self._facts) + 1
        self._roots = np.array([places[n] if n >= 0 else ~n for n, _ in roots], np.int64)
        self._denied = np.array([denied for _, denied in roots], np.bool_)
        self._parts = np.array([places[n] if n >= 0 else ~n for _, (n, _), _ in parts], np.int64)
        self._resting = np.array([leaf for *_, leaves in parts for leaf in leaves], np.int64)
        self._part = np.repeat(np.arange(len(parts)), [len(leaves) for *_, leaves in parts])
        self._trial = np.repeat([n for n, *_ in parts], [len(leaves) for *_, leaves in parts]).astype(np.int64)
        touching: dict[Hashable, list[int]] = defaultdict(list)
        domains: dict[Domain, list[int]] = defaultdict(list)
        for n, fact in enumerate(self._facts):
            if fact is None:
                continue
            for key in set(keys_of(fact)):
                touching[key].append(n)
            for domain in {one.domain for one in facts(fact)}:
                domains[domain].append(n)
        self._touching = dict(touching)
        self._domains = dict(domains)

    def screen(
        self,
        patient: Patient,
        *,
        day: date,
        anchors: Mapping[str, date] | None = None,
        recent: int = 180,
    ) -> Answers:
        """What each trial says of a patient on a day; the options are those of `screen`."""
        from protoparse.screen.knowing.facts import Known

        known = Known(patient, day, anchors=anchors, recent=recent, matcher=self._matcher)
        return self.screened(patient, known, day=day)

    def screened(self, patient: Patient, known: Keyed, *, day: date) -> Answers:
        """What each trial says of a patient of whom `known` decides the facts."""
        values = np.full(self._size, _UNKNOWN, np.uint8)
        for n in self._touched(patient, known):
            fact = self._facts[n]
            truth = None if fact is None else known.decide(fact, self._without[n]).truth
            if truth is not None:
                values[n] = _TRUE if truth else _FALSE
        for level in self._levels:
            _evaluate(level, values)
        takes = values[self._roots]
        np.subtract(_TRUE, takes, out=takes, where=self._denied)
        living = alive(patient, day)
        said = [answer_of(truth, living) for truth in _TRUTHS]
        answers = tuple([said[code] for code in takes.tolist()])
        trials = tuple([document.trial.id for document in self.documents])
        waits = (values[self._parts] == _UNKNOWN)[self._part] & (values[self._resting] == _UNKNOWN)
        waiting = np.bincount(self._trial[waits], minlength=len(trials)).tolist()
        return Answers(trials, answers, tuple(waiting), self.documents, patient, known, day)

    def _touched(self, patient: Patient, known: Keyed) -> Iterator[int]:
        """The facts that a record may decide."""
        found: set[int] = set()
        for key in known.keys:
            found.update(self._touching.get(key, ()))
        for domain in patient.complete:
            found.update(self._domains.get(domain, ()))
        return iter(found)


def _evaluate(level: _Level, values: _Codes) -> None:
    """Fill in the values of a level's gates."""
    members = values[level.members]
    np.subtract(_TRUE, members, out=members, where=level.denied)
    counts = np.add.reduceat(_COUNTS[members], level.offsets)
    values[level.start : level.end] = (counts % _MANY >= level.least).view(np.uint8) + (counts // _MANY >= level.least)
    for place, node, leaves, told in level.shared:
        if values[place] == _UNKNOWN:
            said = values[leaves].tobytes()
            if said not in told:
                if len(told) >= _KEPT:
                    told.clear()
                told[said] = completed(node, _Leafwise(values))
            known = told[said]
            if known is not None:
                values[place] = _TRUE if known else _FALSE


class _Leafwise(Sequence[Truth]):
    """Values as truths."""

    def __init__(self, values: _Codes) -> None:
        self._values = values

    def __getitem__(self, n: int) -> Truth:  # type: ignore[override]
        return _TRUTHS[int(self._values[n])]

    def __len__(self) -> int:
        return len(self._values)


_Member: TypeAlias = tuple[int, bool]
"""A gate by its number, or a leaf by the complement of its; and whether it is denied."""


class _Circuit:
    """Formulas with what they have in common made one."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, tuple[_Member, ...], tuple[int, ...]], int] = {}
        self._depths: list[int] = []
        self._shared: dict[int, Shared] = {}

    def add(self, node: Node, shared: tuple[int, ...] = ()) -> _Member:
        """The number of a formula, and whether it is its denial that is meant."""
        if isinstance(node, int):
            return ~node, False
        if isinstance(node, Denial):
            number, denied = self.add(node.of, shared)
            return number, not denied
        if isinstance(node, Shared):
            return self.add(node.of, node.leaves)
        key = (node.least, tuple([self.add(member) for member in node.of]), shared)
        number = self._numbers.setdefault(key, len(self._depths))
        if number == len(self._depths):
            self._depths.append(1 + max((self._depths[n] for n, _ in key[1] if n >= 0), default=0))
            if shared:
                self._shared[number] = Shared(node, shared)
        return number, False

    def levels(self, leaves: int) -> tuple[tuple[_Level, ...], list[int]]:
        """The gates by depth, and at which place of the values each stands: behind so many leaves, the last a spare."""
        order = sorted(range(len(self._depths)), key=self._depths.__getitem__)
        places = [0] * len(order)
        for place, number in enumerate(order, leaves):
            places[number] = place
        gates = list(self._numbers)
        by_depth: dict[int, list[int]] = defaultdict(list)
        for number in order:
            by_depth[self._depths[number]].append(number)
        made = [self._level([gates[n] for n in numbers], numbers, places, leaves - 1) for numbers in by_depth.values()]
        return tuple(made), places

    def _level(
        self,
        gates: Sequence[tuple[int, tuple[_Member, ...], tuple[int, ...]]],
        numbers: Sequence[int],
        places: Sequence[int],
        spare: int,
    ) -> _Level:
        # numpy sums no empty stretches: a constant has the spare leaf, and wants none of it, or more than there is
        members = [of or ((~spare, False),) for _, of, _ in gates]
        least = [least if of or least <= 0 else 2 for least, of, _ in gates]
        flat = [member for of in members for member in of]
        return _Level(
            start=places[numbers[0]],
            end=places[numbers[-1]] + 1,
            least=np.array(least, np.int32),
            offsets=np.cumsum([0, *map(len, members[:-1])]),
            members=np.array([places[n] if n >= 0 else ~n for n, _ in flat], np.int32),
            denied=np.array([denied for _, denied in flat], np.bool_),
            shared=tuple([self._resting(places[n], self._shared[n]) for n in numbers if n in self._shared]),
        )

    def _resting(self, place: int, node: Shared) -> _Resting:
        return _Resting(place, node, np.array(standing(node), np.int64), {})
