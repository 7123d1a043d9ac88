"""One trial's criteria applied to one patient: what is known of each, what follows for the trial, what to ask next.

In: a `Document`, a `Patient` and a day. Out: a `Screening`. A man of 70, a trial of people up to 65: ineligible.

- Ineligible: a criterion certainly fails; where criteria are for groups, one does in every group.
- Eligible: all certainly pass, for those in one group at least.
- Undetermined: else.

Who had died by the day takes part in nothing.

Criteria whose kind no heading tells count as inclusions. Where words of a criterion were not understood it never
certainly passes; one that excludes then fails by its children alone, as they may narrow what was understood. Where a
trial names one group alone and asks something of all, there are people who are not of it: `OTHERS` stands for them
among the groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from protoparse.model import Document, Fact
from protoparse.screen.asking import Questions, questions
from protoparse.screen.compiling import Item, group_name, holds, plan, turns
from protoparse.screen.logic import Leaves, standing, statements, truth
from protoparse.screen.patient import Patient, days
from protoparse.screen.verdicts import Answer, Decision, Question, Screening, Truth, Verdict, passed

if TYPE_CHECKING:
    from protoparse.concepts.terms import TermSource


class Knowledge(Protocol):
    """What is known of a patient on a day: facts decided one by one, with their examples."""

    def decide(self, fact: Fact, without: tuple[Fact, ...] = ()) -> Decision:
        """What is known of a fact, or of what the facts of `without` leave of its events."""
        ...


def screen(
    document: Document,
    patient: Patient,
    *,
    day: date,
    anchors: Mapping[str, date] | None = None,
    recent: int = 180,
    terms: TermSource | None = None,
) -> Screening:
    """What a trial says of a patient on a day.

    `anchors`: the days of events that windows are counted from, where they are not the day of screening. `recent`: for
    how many days a measurement stands for today. `terms`: vocabularies of the user's own.
    """
    from protoparse.screen.knowing.facts import Known

    return screened(document, patient, Known(patient, day, anchors=anchors, recent=recent, terms=terms), day=day)


def screened(document: Document, patient: Patient, known: Knowledge, *, day: date) -> Screening:
    """What a trial says of a patient of whom `known` decides the facts."""
    leaves = Leaves()
    made = plan(document, leaves)
    stated = zip(leaves.facts, leaves.without, strict=True)
    decided = [None if fact is None else known.decide(fact, without) for fact, without in stated]
    values = [None if decision is None else decision.truth for decision in decided]
    judge = _Judge(leaves, known, decided, values)
    verdicts = tuple(judge.verdict(item) for item in made.items)
    living = alive(patient, day)
    answer = answer_of(truth(made.takes, values), living)
    asked = None
    if answer == "undetermined":
        by_person = {n for n, decision in enumerate(decided) if decision and decision.why == "not-in-records"}
        asked = questions(made, verdicts, leaves, values, by_person, document.text)
        if living is None:
            life = Question(asks=f"Was the patient alive on {day}?", facts=(), criteria=())
            asked = Questions(*[(life, *some) for some in asked])
    return Screening(
        trial=document.trial.id,
        patient=patient.id,
        day=day,
        answer=answer,
        verdicts=verdicts,
        groups={name: answer_of(truth(node, values), living) for name, node in made.groups.items()},
        to_exclude=asked.to_exclude if asked else (),
        to_include=asked.to_include if asked else (),
        notes=patient.notes,
        died=None if living else patient.death,
    )


def alive(patient: Patient, day: date) -> Truth:
    """Whether a patient is alive on a day, as far as the record says that he or she died."""
    if patient.death is None:
        return True
    first, last = days(patient.death)
    return False if last <= day else True if first > day else None


def answer_of(takes: Truth, living: Truth = True) -> Answer:
    """The answer of a trial of which it is known whether it takes whom is like a patient; it takes nobody dead."""
    takes = False if takes is False or living is False else takes and living
    return "undetermined" if takes is None else "eligible" if takes else "ineligible"


class _Judge:
    """What is known of criteria, where facts are decided."""

    def __init__(
        self, leaves: Leaves, known: Knowledge, decided: Sequence[Decision | None], values: Sequence[Truth]
    ) -> None:
        self._leaves = leaves
        self._known = known
        self._decided = decided
        self._values = values

    def verdict(self, item: Item, outer: frozenset[str] = frozenset(), wanted: bool | None = None) -> Verdict:
        """A criterion's verdict for whom it is for: those of its group, where it stands in one of others, of these."""
        criterion = item.criterion
        groups = outer if criterion.group is None else outer | {group_name(criterion.group)}
        if wanted is None:
            wanted = criterion.kind != "exclusion"
        known = truth(holds(item, groups, wanted=wanted), self._values)
        return Verdict(
            criterion=criterion,
            holds=known,
            passed=passed(criterion.kind, known),
            unread=item.riddle is not None,
            decisions=tuple(self._decisions(item)),
            children=tuple([self.verdict(child, groups, turned) for child, turned in turns(item, wanted)]),
        )

    def _decisions(self, item: Item) -> Iterator[Decision]:
        """What is known of a rule's facts, in the order of the text, and of what exceptions leave of them."""
        stated = list(statements(item.criterion.rule))
        for fact in stated:
            leaf = self._leaves.known(fact)
            decision = self._known.decide(fact) if leaf is None else self._decided[leaf]
            if decision is not None:
                yield replace(decision, fact=fact)
        for leaf in () if item.rule is None else standing(item.rule):
            if self._leaves.without[leaf] and (decision := self._decided[leaf]) is not None:
                here = next((fact for fact in stated if self._leaves.says(leaf, fact)), decision.fact)
                yield replace(decision, fact=here)
