"""What to ask next: the questions that may rule a patient out, and those that may show that the trial takes him.

In: a trial's `Plan`, and what is known of its leaves. Out: `Question`s. "Platelets ≥ 100 × 10^9/L" and "platelets ≤ 400
× 10^9/L", both unknown, are one question: "What is: platelets, on or near the day of screening?"

A formula comes out true where enough of its members do, false where too many do not, so that the questions it takes are
found from the leaves upwards. Each place where a fact stands is taken by itself: that an answer cannot serve two places
at once (no age is below 12 and above 65) is not looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple, TypeAlias, TypeVar

from msgspec.structs import replace

from protoparse.lexicon import fold
from protoparse.model import Anchor, Bound, Criterion, Fact, Window, without_spans
from protoparse.render import phrase
from protoparse.screen.compiling import Item, Plan
from protoparse.screen.knowing.routes import unrouted
from protoparse.screen.logic import Denial, Gate, Leaves, Node, standing, truth
from protoparse.screen.telling import called
from protoparse.screen.verdicts import Question, Truth, Verdict

_Key: TypeAlias = tuple[str, object]
_LONGEST = 160
_T = TypeVar("_T")


class Questions(NamedTuple):
    """What would settle a trial of which the answer is open."""

    to_exclude: tuple[Question, ...]
    to_include: tuple[Question, ...]


def questions(
    plan: Plan, verdicts: Sequence[Verdict], leaves: Leaves, values: Sequence[Truth], by_person: Set[int], text: str
) -> Questions:
    """What to ask of a patient of whom it is open whether the trial takes him.

    Facts about one thing are one question; what was not understood is one for each criterion, "Read: …".
    `by_person`: leaves of which no record can say anything.

    `to_exclude`: each question of which an answer by itself may make the trial refuse the patient (in all of its
    groups), first those that more criteria wait for, those for a person last; where no single one can, a set that
    together may. `to_include`: a set of which the answers together may make the trial take the patient, in the order of
    the text. Both sets are found by taking at each choice what needs fewest further questions, and no question of them
    can be spared; that no other set is smaller is not sure where questions are shared among criteria.
    """
    asked = _Asked(leaves, text)
    for item, verdict in zip(plan.items, verdicts, strict=True):
        if verdict.passed is None:
            asked.take(item, verdict, values)
    search = _Search(values, asked.of_leaf)
    singles = list(search.alone(plan.takes, False))
    human = {n for leaf, n in asked.of_leaf.items() if leaf in by_person or leaves.facts[leaf] is None}
    singles.sort(key=lambda n: (n in human, -len(asked.criteria[n]), n))
    against = singles or search.fewest(plan.takes, False)
    return Questions(asked.questions(against), asked.questions(search.fewest(plan.takes, True)))


class _Asked:
    """The questions of a trial, numbered as met: what each asks, of which leaves, and the criteria that wait for it."""

    def __init__(self, leaves: Leaves, text: str) -> None:
        self.keys: dict[_Key, int] = {}
        self.criteria: list[dict[str, None]] = []
        self.of_leaf: dict[int, int] = {}
        self._leaves = leaves
        self._text = text
        self._facts: list[list[Fact]] = []
        self._without: list[tuple[Fact, ...]] = []
        self._riddles: dict[int, Criterion] = {}

    def take(self, item: Item, verdict: Verdict, values: Sequence[Truth]) -> None:
        """Ask for what is unknown of a criterion, where it still waits for something."""
        if verdict.holds is not None:
            return
        for leaf in () if item.rule is None else standing(item.rule):
            fact = self._leaves.facts[leaf]
            if fact is None:
                self._read(item.criterion, leaf)
            elif values[leaf] is None:
                without = tuple([_name(x) for x in self._leaves.without[leaf]])
                self._ask(("fact", (fact.experiencer, _name(fact), without)), leaf, fact, item.criterion)
        for riddle in (item.riddle, item.doubt):
            if riddle is not None:
                self._read(item.criterion, riddle)
        for child, judged in zip(item.children, verdict.children, strict=True):
            self.take(child, judged, values)

    def _read(self, criterion: Criterion, leaf: int) -> None:
        self._riddles[self._ask(("read", id(criterion)), leaf, None, criterion)] = criterion

    def _ask(self, key: _Key, leaf: int, fact: Fact | None, criterion: Criterion) -> int:
        number = self.keys.setdefault(key, len(self.keys))
        if number == len(self.criteria):
            self.criteria.append({})
            self._facts.append([])
            self._without.append(self._leaves.without[leaf])
        if leaf not in self.of_leaf and fact is not None:
            self._facts[number].append(fact)
        self.of_leaf[leaf] = number
        self.criteria[number][criterion.id] = None
        return number

    def questions(self, numbers: Iterable[int]) -> tuple[Question, ...]:
        return tuple(
            Question(asks=self._asks(n), facts=tuple(self._facts[n]), criteria=tuple(self.criteria[n])) for n in numbers
        )

    def _asks(self, number: int) -> str:
        if number in self._riddles:
            return f"Read: “{_unread(self._riddles[number], self._text)}”"
        return worded(self._facts[number], self._without[number])


# ------------------------------------------------------------------ searching


class _Search:
    """Which questions make formulas come out as wanted."""

    def __init__(self, values: Sequence[Truth], of_leaf: Mapping[int, int]) -> None:
        self._values = values
        self._of_leaf = of_leaf
        self._known: dict[int, Truth] = {}
        self._least: dict[tuple[int, bool], frozenset[int] | None] = {}

    def alone(self, node: Node, wanted: bool) -> frozenset[int]:
        """The questions of which an answer by itself may make an open formula come out as wanted."""
        if isinstance(node, int):
            return frozenset((self._of_leaf[node],)) if node in self._of_leaf else frozenset()
        if not isinstance(node, Gate):
            return self.alone(node.of, wanted ^ isinstance(node, Denial))
        known = [self._truth(member) for member in node.of]
        need = _needed(node, wanted) - known.count(wanted)
        open_ = [member for member, truth in zip(node.of, known, strict=True) if truth is None]
        times = Counter(n for member in open_ for n in self.alone(member, wanted))
        return frozenset(n for n, count in times.items() if count >= need)

    def suffices(self, node: Node, wanted: bool, questions: Collection[int]) -> bool:
        """Whether answers to these questions may make a formula come out as wanted."""
        known = self._truth(node)
        if known is not None:
            return known is wanted
        if isinstance(node, int):
            return self._of_leaf.get(node) in questions
        if isinstance(node, Gate):
            need = _needed(node, wanted)
            for n, member in enumerate(node.of):
                if need <= 0 or need > len(node.of) - n:
                    break
                need -= self.suffices(member, wanted, questions)
            return need <= 0
        return self.suffices(node.of, wanted ^ isinstance(node, Denial), questions)

    def fewest(self, node: Node, wanted: bool) -> list[int]:
        """A set of questions that suffices and of which none can be spared, in order; none where nothing suffices."""
        if self._fewest(node, wanted) is None:
            return []
        taken: set[int] = set()
        self._take(node, wanted, taken)
        # what alone can make it come out otherwise has to be known
        for question in sorted(taken - self.alone(node, not wanted), reverse=True):
            if self.suffices(node, wanted, taken - {question}):
                taken.remove(question)
        return sorted(taken)

    def _fewest(self, node: Node, wanted: bool) -> frozenset[int] | None:
        """A small set of questions that suffices for a formula by itself; None where there is none."""
        key = (id(node), wanted)
        if isinstance(node, int) or key not in self._least:
            found = self._found(node, wanted)
            if isinstance(node, int):
                return found
            self._least[key] = found
        return self._least[key]

    def _found(self, node: Node, wanted: bool) -> frozenset[int] | None:
        known = self._truth(node)
        if known is not None:
            return frozenset() if known is wanted else None
        if isinstance(node, int):
            return frozenset((self._of_leaf[node],)) if node in self._of_leaf else None
        if not isinstance(node, Gate):
            return self._fewest(node.of, wanted ^ isinstance(node, Denial))
        ways = [way for way in (self._fewest(x, wanted) for x in node.of) if way is not None]
        need = _needed(node, wanted)
        return frozenset().union(*sorted(ways, key=len)[: max(need, 0)]) if len(ways) >= need else None

    def _take(self, node: Node, wanted: bool, taken: set[int]) -> None:
        """Add the questions for a formula that can come out as wanted, those preferred that are asked already."""
        if self._truth(node) is wanted:
            return
        if isinstance(node, int):
            taken.add(self._of_leaf[node])
        elif isinstance(node, Gate):
            open_ = {n: way for n, x in enumerate(node.of) if (way := self._fewest(x, wanted)) is not None}
            for _ in range(_needed(node, wanted)):
                n = min(open_, key=lambda n: (len(open_[n] - taken), n))
                del open_[n]
                self._take(node.of[n], wanted, taken)
        else:
            self._take(node.of, wanted ^ isinstance(node, Denial), taken)

    def _truth(self, node: Node) -> Truth:
        if isinstance(node, int):
            return self._values[node]
        if id(node) not in self._known:
            self._known[id(node)] = truth(node, self._values)
        return self._known[id(node)]


def _needed(gate: Gate, wanted: bool) -> int:
    """How many of a gate's members make it come out as wanted, coming out so themselves."""
    return gate.least if wanted else len(gate.of) - gate.least + 1


# ------------------------------------------------------------------ words


def worded(facts: Sequence[Fact], without: Sequence[Fact] = ()) -> str:
    """A question for what is said of one thing, in English; `without`: what does not count for it.

    >>> from protoparse.model import Concept
    >>> worded([Fact(domain="condition", concept=Concept(text="stroke"))])
    'Is there: stroke?'
    """
    thing, when = _name(facts[0]), _only(f.time for f in facts)
    if without:
        thing += f" other than {' or '.join(fold(called(x)) for x in without)}"
    narrowed = _only(tuple(" ".join(m.text.split()) for m in f.modifiers) for f in facts)
    if narrowed:
        thing += f" ({', '.join(narrowed)})"
    if facts[0].experiencer != "patient":
        whose = facts[0].experiencer
        thing += " of another person" if whose == "other" else f" of the {whose}"
    valued = any(f.value is not None for f in facts)
    if len(facts) == 1 and not valued:
        if facts[0].dose is not None:
            thing += f" at a dose {phrase(facts[0].dose)}"
        if facts[0].count is not None:
            thing += f", how often ({phrase(facts[0].count)})"
    if when is not None:
        window = _plain(when)
        thing = f"history of {thing}" if window == _EVER else f"{thing} {phrase(window)}"
    elif valued and all(f.domain == "measurement" and f.time is None for f in facts):
        thing += ", on or near the day of screening"
    if valued:
        return f"What is: {thing}?"
    return f"Is the patient: {thing}?" if facts[0].domain == "person" else f"Is there: {thing}?"


def _name(fact: Fact) -> str:
    told = fact.domain == "drug" and unrouted(fact.concept.text)[1]  # "inhaled steroids" are more than their name
    return fact.concept.name if fact.concept.name and not told else fold(fact.concept.text)


def _only(values: Iterator[_T]) -> _T | None:
    """The value that all are, places aside; None where they differ."""
    found = {without_spans(value) for value in values}
    return found.pop() if len(found) == 1 else None


_EVER = Window(end=Bound(anchor=Anchor(event="screening")))


def _plain(window: Window) -> Window:
    """A window without places and words for its anchors; what names no event is counted from screening."""
    if isinstance(window.any_of, tuple):
        return replace(window, span=None, any_of=tuple(_plain(w) for w in window.any_of))
    start, end = window.start or None, window.end or None
    return replace(window, span=None, start=_bound(start), end=_bound(end))


def _bound(bound: Bound | None) -> Bound | None:
    if bound is None:
        return None
    event = "screening" if bound.anchor.event == "unspecified" else bound.anchor.event
    text = bound.anchor.text if event == "event" else None
    return replace(bound, anchor=Anchor(event=event, text=text))


def _unread(criterion: Criterion, text: str) -> str:
    spans = criterion.unparsed or (criterion.span,)
    said = " … ".join(" ".join(text[start:end].split()) for start, end in spans)
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
