"""A document as a cohort expression of OHDSI's Circe, which ATLAS shows and turns into SQL.

In: a `Document`; the index day and a vocabulary where there are such. Out: the expression as plain JSON, its losses.
"* Age ≥ 18 years" becomes the inclusion rule "inclusion.1: Age ≥ 18 years".

The cohort is never narrower than the criteria. What Circe cannot say is asked without it where that takes more people
in, and left out where it would keep more out: "severe asthma" as an inclusion is asthma, as an exclusion nothing. So
each part of a criterion is told on which side it may err, and a `not` turns that about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec.structs import replace

from protoparse.export.circe.describing import DESCRIBED, believed, described, merged
from protoparse.export.circe.meaning import Denial, Leaf, Logic, Unsayable, meaning, plain
from protoparse.export.circe.occurring import Asker, Part, group
from protoparse.export.circe.sets import Sets, clean
from protoparse.export.circe.vocabulary import Vocabulary
from protoparse.export.exporting import Loss
from protoparse.model import Criterion, Document, facts, renamed, walk, without_spans
from protoparse.registered import registered
from protoparse.render import render

_NAMED = 255
"""So long may an inclusion rule's name be in OHDSI's tables."""


def expression(
    document: Document, *, day: date | None, vocabulary: Vocabulary | None, recent: int
) -> tuple[dict[str, Any], list[Loss]]:
    """The cohort expression of a document, and what of the document is not in it."""
    criteria = [*numbered(document.criteria), *registered(document.trial)]
    if vocabulary is not None:
        said = [fact for criterion in walk(criteria) for fact in facts(criterion.rule)]
        values = [fact.value for fact in said if fact.value is not None]
        units = [value.unit for value in values if value.unit is not None]
        told = [(v.value,) if isinstance(v.value, str) else v.values or () for v in values]
        vocabulary.learn(said, units, [word for words in told for word in words if isinstance(word, str)])
    sets = Sets(vocabulary)
    teller = _Teller(document.text, sets, day)
    rules = []
    for criterion in criteria:
        made = teller.rule(criterion, meaning(criterion, document.text, day=day, recent=recent))
        if made is not None:
            rules.append(made)
    used = set(_used(rules))
    waiting = [
        Loss(one.criterion, one.path, one.name, "its concept set awaits mapping: no vocabulary was given")
        for one in sets.waiting(used)
    ]
    whole = {
        "ConceptSets": sets.made(used),
        "PrimaryCriteria": {
            "CriteriaList": [_index(day)],
            "ObservationWindow": {"PriorDays": 0, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "All"},
        },
        "QualifiedLimit": {"Type": "All"},
        "ExpressionLimit": {"Type": "First"},
        "InclusionRules": rules,
        "CensoringCriteria": [],
        "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0},
        "CensorWindow": {},
        "cdmVersionRange": ">=5.0.0",
    }
    return whole, [*dict.fromkeys([*teller.losses, *waiting])]


def numbered(criteria: Iterable[Criterion], parent: str = "") -> list[Criterion]:
    """Criteria that are all called something: one without an id by its kind and place in the outline."""
    found = []
    places: Counter[str] = Counter()
    for criterion in criteria:
        above = parent or criterion.kind
        places[above] += 1
        id_ = criterion.id or f"{above}.{places[above]}"
        found.append(replace(criterion, id=id_, children=tuple(numbered(criterion.children, id_))))
    return found


def _index(day: date | None) -> dict[str, Any]:
    """The event that a person enters by: a day that falls into what is observed of him, or any visit."""
    if day is None:
        return {"VisitOccurrence": {}}
    return {"ObservationPeriod": {"UserDefinedPeriod": {"StartDate": day.isoformat(), "EndDate": day.isoformat()}}}


class _Teller:
    """Tells the rules of one expression, and keeps what was lost."""

    def __init__(self, text: str, sets: Sets, day: date | None) -> None:
        self.losses: list[Loss] = []
        self._text, self._day = text, day
        self._asker = Asker(sets, day)

    def rule(self, criterion: Criterion, logic: Logic | None) -> dict[str, Any] | None:
        """A criterion as an inclusion rule; None where it asks for nothing that can be said."""
        if logic is None:
            return None
        part = self._part(Denial(logic) if criterion.kind == "exclusion" else logic, True)
        said = clean(self._text[slice(*criterion.span)].removeprefix(criterion.label or ""))
        if part is None:
            if not any(loss.criterion == criterion.id and loss.path == "$" for loss in self.losses):
                self.losses.append(Loss(criterion.id, "$", said, "left out as a whole"))
            return None
        name = f"{criterion.id}: {said}" if said else criterion.id
        return {
            "name": name if len(name) <= _NAMED else f"{name[: _NAMED - 1]}…",
            "description": self._description(criterion, logic, said or criterion.id),
            "expression": (part if part.kind == "Groups" else group("ALL", [part])).body,
        }

    def _description(self, criterion: Criterion, logic: Logic, said: str) -> str:
        """The words of a criterion and, where the expression alone would come back otherwise, its rule."""
        whole = said if len(said) <= DESCRIBED else f"{said[: DESCRIBED - 1]}…"
        below = {one.id for one in walk([criterion])}
        rule, asked = merged(criterion), plain(logic)
        if rule is None or asked is None or any(loss.criterion in below for loss in self.losses):
            return whole
        read = renamed(without_spans(asked), lambda c: replace(c, text=clean(c.text)))
        if rule == read:
            return whole
        told = described(said, rule)
        if told is not None and believed(told, criterion.kind, read, day=self._day) == rule:
            return told
        self._lose(criterion.id, "$", render(rule), "no room for it in a description: it comes back in days")
        return whole

    def _part(self, logic: Logic, wider: bool) -> Part | None:
        """What asks for it, erring on one side alone; None where that is nothing."""
        match logic:
            case Unsayable():
                self.losses.append(Loss(logic.criterion, logic.path, clean(logic.lost), f"{logic.why}: left out"))
                return None
            case Leaf():
                return self._asker.ask(logic, wider, lambda *told: self._lose(logic.criterion, *told))
            case Denial():
                return self._denied(logic.of, wider)
        parts = [self._part(one, wider) for one in logic.of]
        kept = [part for part in parts if part is not None]
        lost = len(parts) - len(kept)
        if isinstance(logic.kind, int):
            return self._quorum(logic.kind - (lost if wider else 0), kept)
        if not kept or (lost and wider == (logic.kind == "any")):
            return None
        return kept[0] if len(kept) == 1 else group(logic.kind.upper(), kept)

    def _quorum(self, count: int, kept: list[Part]) -> Part | None:
        return None if count <= 0 or len(kept) < count else group("AT_LEAST", kept, count)

    def _denied(self, logic: Logic, wider: bool) -> Part | None:
        """None of it: an occurrence counted to nought, or a group of which at most none holds."""
        part = self._part(logic, not wider)
        if part is None:
            return None
        count = part.body.get("Occurrence")
        if count == {"Type": 2, "Count": 1} and isinstance(logic, Leaf):
            return Part("CriteriaList", part.body | {"Occurrence": {"Type": 0, "Count": 0}})
        if part.kind == "Groups" and part.body["Type"] == "ANY":
            return Part("Groups", {"Type": "AT_MOST", "Count": 0} | {k: v for k, v in part.body.items() if k != "Type"})
        return group("AT_MOST", [part], 0)

    def _lose(self, criterion: str, path: str, lost: str, why: str) -> None:
        self.losses.append(Loss(criterion, path, clean(lost), why))


def _used(value: Any) -> Iterator[int]:
    """The numbers of all sets that are referred to."""
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "CodesetId":
                yield part
            else:
                yield from _used(part)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for part in value:
            yield from _used(part)
