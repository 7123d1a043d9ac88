"""Facts in the making, joined as the sentence joins them.

In: what is said of one thing, and what joins it to others. Out: a `Draft`, a fact that may still lack what its
neighbours in a list share with it, and `Node`s of several, of which `rules` makes a rule; "AST and ALT ≤ 5 × ULN" is an
`all` of two drafts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from protoparse.grammar.periods import Standing, ago, followed, standing
from protoparse.grammar.phrases import Value
from protoparse.grammar.terms import domain_of
from protoparse.lexicon import fold
from protoparse.lexicon.dates import dated
from protoparse.lexing import Term
from protoparse.model import (
    Anchor,
    Bound,
    Comparison,
    Domain,
    Experiencer,
    Modifier,
    Span,
    Window,
)

Op = Literal["all", "any", "not", "at_least", "except", "if"]
Anew = Literal["people", "verb", "other"]
Cue = Literal["example", "member", "same", "definition"]
"""How things are named: for example ("e.g."), as members ("including"), as the same ("i.e."), in a definition."""


class Draft(Struct, eq=False, gc=False):
    """A fact in the making; what is not said keeps the default of the class."""

    concept: Span | None = None
    domain: Domain | None = None
    name: str | None = None
    term: Term | None = None
    known: bool = False
    """The vocabulary knows the concept."""
    value: Comparison | None = None
    bare_value: bool = False
    """The value was printed without a comparator."""
    finding: Comparison | None = None
    """What the name itself says of the result ("EGFR mutation", "dMMR"): it counts where nothing else is said."""
    count: Comparison | None = None
    dose: Comparison | None = None
    time: Window | None = None
    again: tuple[Window, ...] = ()
    """Other windows in each of which the same must hold."""
    allergen: bool = False
    """The concept is what somebody is allergic to."""
    treated: bool = False
    """What somebody is allergic to is something done: a contraindication to it."""
    used: bool = False
    """It names no more than the use of what was named last."""
    itself: bool = False
    """It names no more than the study that asks ("the study", "this protocol")."""
    denied: Literal["so", "ever"] | None = None
    """Its name denies that it is so ("non-smoker"), or ever was ("insulin-naive")."""
    different: bool = False
    """The last exception that it stands among is "other than" it: what is named behind is of what it excepts from."""
    cue: Cue | None = None
    """It is named in a bracket behind nothing that has a name: an example, or the meaning, of what stands before."""
    means: bool = False
    """It names by what means something else was found: "…, confirmed by echocardiography"."""
    completed: bool = False
    """The concept takes its head from the end of its list ("renal, hepatic or cardiac disease")."""
    asked: bool = False
    """It is all that is asked of those whom a guard names."""
    framed: bool = False
    """When it holds is said in front of a colon, of all that the list behind it names."""
    related: bool = False
    """It is said in a clause on what stands before it ("asthma who have a cough")."""
    window_behind: bool = False
    """The window stands behind the concept, where it may hold for a whole list."""
    standing: Standing | None = None
    alone: bool = False
    """ "Prior" stands before it in the middle of a list: not of what else stands there."""
    anew: Anew | None = None
    """What begins it anew: people named again, of whom nothing said before holds, a verb, or "other"."""
    modifiers: tuple[Modifier, ...] = ()
    includes: tuple[Draft | Node, ...] = ()
    experiencer: Experiencer = "patient"
    own: bool = False
    """It is of the patient or of the family ("personal or family history of")."""
    first: int = -1
    last: int = -1

    def copy(self) -> Draft:
        """A draft with the same content."""
        return replace(self)

    def past_event(self, text: str) -> bool:
        """Whether a time alone tells how long an event was ago; the draft is then of that event."""
        time = self.time
        if time is None or not isinstance(time.start, Bound) or self.value is not None or self.modifiers:
            return False
        if time.start.anchor.event not in _NAMED or ago(followed(time, text), time.start.anchor) is time:
            return False
        self.name_by_anchor(text)
        return self.concept is not None

    @property
    def called(self) -> str | None:
        """Its own name, or else that of its term in the vocabulary."""
        return self.name or (self.term.name if self.term else None)

    def name_by_anchor(self, text: str) -> None:
        """ "≤ 4 weeks from major surgery" alone is about the surgery, which was no longer ago."""
        if self.time is None:
            return
        anchor: Anchor | None = None
        for bound in (self.time.start, self.time.end):
            if isinstance(bound, Bound) and bound.anchor.event in _NAMED and not _calendar(bound.anchor):
                anchor = bound.anchor
        if anchor is None:
            return
        self.concept = anchor.span
        self.time = ago(followed(self.time, text), anchor)
        words = text[slice(*anchor.span)] if anchor.span else ""
        self.domain = domain_of(words.lower().split())

    def cover(self, start: int, end: int) -> None:
        """Widen the draft's span over these characters; those of a draft that says nothing are none."""
        if start < 0:
            return
        if self.first < 0 or start < self.first:
            self.first = start
        if end > self.last:
            self.last = end


def _calendar(anchor: Anchor) -> bool:
    """Whether an anchor is no more than a date or a day of the schedule: nothing that somebody had."""
    return anchor.text is not None and (anchor.text[-1:].isdigit() or dated(anchor.text.lower()))


_NAMED = ("event", "surgery", "transplant", "diagnosis")


class Node(Struct, eq=False, gc=False):
    """Drafts joined."""

    op: Op
    members: list[Draft | Node]
    count: int = 0
    """How many members an `at_least` asks for."""


Tree = Draft | Node


def parts_of(tree: Tree, op: str) -> list[Tree]:
    """The members of a tree that is joined so, else itself."""
    return tree.members if isinstance(tree, Node) and tree.op == op and not tree.count else [tree]


def widened(tree: Tree, op: Op, members: Sequence[Tree]) -> Node:
    """A tree joined with more, wider rather than deeper where it is joined so already."""
    if isinstance(tree, Node) and tree.op == op:
        tree.members += members
        return tree
    return Node(op, [tree, *members])


def aged(text: str, value: Value) -> bool:
    """Whether a value can only be an age ("2 to 6 years old")."""
    spans = [c.span for c in value.comparisons if c.span]
    return bool(spans) and any(w in text[slice(*s)].lower() for s in spans for w in ("old", "young", "of age"))


def apart(one: Comparison, other: Comparison) -> bool:
    """Whether no number can meet both ("< 18", "> 75"): said with "and" of what excludes, either is meant."""
    low, high = (one, other) if one.operator in (">", ">=") else (other, one)
    if low.operator not in (">", ">=") or high.operator not in ("<", "<="):
        return False
    if not isinstance(low.value, int | float) or not isinstance(high.value, int | float):
        return False
    return low.value > high.value and (low.unit and low.unit.ucum) == (high.unit and high.unit.ucum)


def repeat_subject(before: Tree, after: Tree) -> None:
    """ "≥ 13 g/dL for men and ≥ 12 for women": the second limit is of the same thing as the first."""
    lone = [d for d in drafts(after) if d.concept is None and d.value is not None]
    if not lone:
        return
    measured = (d for d in islice(backwards(before), _NEAR) if d.value is not None and d.domain != "person")
    model = next(measured, None)
    if model is None or model.concept is None or model.value is None:
        return
    for draft in lone:
        value = draft.value
        draft.concept, draft.domain, draft.name, draft.term = model.concept, model.domain, model.name, model.term
        draft.cover(*model.concept)
        if value is not None and draft.bare_value and value.operator == "=" and model.value.operator in ORDERED:
            value = replace(value, operator=model.value.operator)
        if value is not None and value.unit is None and value.reference is None and not isinstance(value.value, str):
            value = replace(value, unit=model.value.unit, reference=model.value.reference)
        draft.value = value


def refer(tree: Tree) -> None:
    """ "oxygen therapy for over 3 months, with daily use for 12 hours": what is used is what was named last."""
    last: Draft | None = None
    spared: Draft | None = None
    asked = {id(d) for d in drafts(tree, exceptions=False)}
    for draft in sorted((d for d in drafts(tree) if d.concept), key=lambda d: d.concept or (0, 0)):
        meant = last if id(draft) in asked else spared or last
        if draft.used and meant is not None and (draft.time or draft.count or draft.dose or draft.modifiers):
            draft.concept, draft.domain, draft.name, draft.term = meant.concept, meant.domain, meant.name, meant.term
            draft.known = meant.known
        elif not draft.used and id(draft) in asked:
            last = draft if draft.domain in USED else None
        elif not draft.used:
            spared = draft if draft.domain in USED else None


USED = ("drug", "procedure", "device")
"""The domains of what somebody uses."""
ORDERED = ("<", "<=", ">", ">=")
_NEAR = 40
"""So many facts back is what a limit without a subject may be of."""


def drafts(tree: Tree, *, exceptions: bool = True) -> Iterable[Draft]:
    """The drafts of a tree, in order, those that only exempt something left out where `exceptions` is false."""
    if isinstance(tree, Draft):
        yield tree
    else:
        for member in tree.members if exceptions or tree.op != "except" else tree.members[:1]:
            yield from drafts(member, exceptions=exceptions)


def named(tree: Tree, limiting: bool = False) -> Iterator[tuple[Draft, bool]]:
    """The drafts of a tree and their examples, in order, and whether each is a condition or exemption of others.

    What alone is asked of some people is such, too: without it the condition would be asked of everybody.
    """
    if isinstance(tree, Draft):
        yield tree, limiting or tree.asked
        for example in tree.includes:
            yield from named(example, limiting)
        return
    for number, member in enumerate(tree.members):
        limits = (tree.op == "if" and number == 0) or (tree.op == "except" and number > 0)
        yield from named(member, limiting or limits)


def guess(draft: Draft) -> Span | None:
    """The concept of a draft of which nothing tells what kind of thing it is: no table, no head, no verb, no number."""
    if draft.domain is not None or draft.includes:
        return None
    return draft.concept if draft.value is draft.count is draft.dose is None else None


def backwards(tree: Tree, *, exceptions: bool = True) -> Iterable[Draft]:
    """The drafts of a tree, the last first."""
    if isinstance(tree, Draft):
        yield tree
    else:
        for member in reversed(tree.members if exceptions or tree.op != "except" else tree.members[:1]):
            yield from backwards(member, exceptions=exceptions)


def last_draft(tree: Tree) -> Draft:
    """The draft that stands last."""
    return tree if isinstance(tree, Draft) else last_draft(tree.members[-1])


MEANS = ("procedure", "measurement", "observation")
"""The domains of what something else is found by."""
MODIFIERS = 30
"""Nothing has more modifiers: a text that repeats one without end is not read so."""


def bare(draft: Draft) -> bool:
    """Whether a draft names a thing and says nothing of it but when."""
    if draft.concept is None or draft.value or draft.modifiers or draft.count or draft.dose:
        return False
    return not draft.includes and not draft.standing


def found_by(target: Draft, tree: Tree, text: str) -> bool:
    """Whether a tree only says by what means a thing was found, "(confirmed by CT or MRI)"; the thing has it then."""
    if target.concept is None or len(target.modifiers) >= MODIFIERS or not next(iter(drafts(tree))).means:
        return False
    means = list(drafts(tree))
    if not all(bare(d) and (d.domain in MEANS or d.domain is None) for d in means):
        return False
    places = [d.concept for d in means if d.concept is not None]
    span = (places[0][0], places[-1][1])
    named = [name for place in places for name in several(text[slice(*place)])]
    value = tuple(named) if len(named) > 1 else named[0]
    target.modifiers += (Modifier(type="method", text=text[slice(*span)], span=span, value=value),)
    target.cover(means[0].first, means[-1].last)
    timed = next((d for d in reversed(means) if d.time is not None), None)
    if timed is not None and target.time is None:
        target.time, target.window_behind = timed.time, True  # "(confirmed by MRI within 6 months)"
    return True


_PARTED = re.compile(r"\s*,\s*(?:(?:and/or|and|or)\s+)?|\s+(?:and/or|and|or)\s+")
_ASIDE = re.compile(r"\s*\([^()]*\)")


def several(text: str) -> list[str]:
    """The members of a list that is one name ("history, an X-ray (chest) or CT"), folded."""
    return [fold(part) for part in _PARTED.split(_ASIDE.sub("", text)) if part.strip(" .")]


def blank(draft: Draft) -> bool:
    """Whether a draft says nothing at all."""
    return draft.first < 0


def empty(tree: Tree | None) -> bool:
    """Whether nothing was named."""
    return tree is None or all(d.concept is None for d in drafts(tree))


def denies(tree: Tree) -> bool:
    """Whether all that is said is that something is not so ("no metastases", "no gout and no asthma")."""
    if isinstance(tree, Draft):
        return tree.denied is not None
    return tree.op == "not" or (tree.op in ("all", "any") and all(map(denies, tree.members)))


def undone(tree: Tree) -> Node:
    """What is denied, apart from what a bracket behind it denies again: "no response (no shrinkage)"."""
    again = [m for m in tree.members if denies(m)] if isinstance(tree, Node) and tree.op == "all" else []
    if isinstance(tree, Node) and 0 < len(again) < len(tree.members) and denies(tree.members[-1]):
        told = [m for m in tree.members if m not in again]
        return Node("all", [undone(told[0] if len(told) == 1 else Node("all", told)), *again])
    limits = tree.members if isinstance(tree, Node) and tree.op == "all" and not again else ()
    plain = (m for m in limits if not isinstance(m, Node) or m.op == "any")
    if isinstance(tree, Node) and limits and not any(d.value or d.count for m in plain for d in drafts(m)):
        return Node("not", [Node("any", tree.members)])  # "no A and B" denies either
    return Node("not", [tree])


def allergic(draft: Draft, *, treated: bool = False) -> None:
    """Make a draft and its examples what somebody is allergic to, where they may be; `treated`: also what is done."""
    found = draft.domain == "measurement" and draft.term is None and draft.value is None  # "antibodies", "proteins"
    treated = treated and draft.domain == "procedure"
    if draft.allergen or found or treated or draft.domain in ALLERGENS:
        draft.treated = draft.treated or treated
        draft.domain, draft.term, draft.allergen = "allergy", None, True
        for example in draft.includes:
            for named in drafts(example):
                allergic(named)


ALLERGENS = (None, "drug", "other", "observation")
"""What is an allergen in a list of such: a disease there is a reaction."""


_LISTED = re.compile(r"(?i)\band\b|&|/|,|\bor\b|\bplus\b|\bas well as\b")


def alternatives(tree: Tree, text: str = "") -> list[Tree]:
    """The members of an `any`, each an exception of its own; else the tree itself.

    With the `text`, things joined by "and" in it as well: "except A and B" exempts both.
    """
    if isinstance(tree, Node) and tree.op == "any":
        return list(tree.members)
    if (
        text
        and isinstance(tree, Node)
        and tree.op == "all"
        and all(isinstance(m, Draft) and m.value is None and not m.related for m in tree.members)
        and _LISTED.search(text, tree.members[0].last, last_draft(tree).first)  # type: ignore[union-attr]
    ):
        return list(tree.members)
    return [tree]


def around(a: Span | None, b: Span | None) -> Span | None:
    """The span over both."""
    return (min(a[0], b[0]), max(a[1], b[1])) if a and b else a or b


def frame(tree: Tree | None) -> Window | None:
    """The time of a statement that names nothing else ("any of the following within 6 months")."""
    if not isinstance(tree, Draft) or tree.concept is not None or tree.value is not None:
        return None
    if tree.time is not None or tree.standing is None:
        return tree.time
    return standing(tree.standing)


def active(modifier: Modifier) -> bool:
    """Whether a thing is called active, alone or among other states ("active or uncontrolled")."""
    if modifier.type != "status":
        return False
    return "active" in values(modifier)


def values(modifier: Modifier) -> tuple[str, ...]:
    """What a modifier says, one or several."""
    if isinstance(modifier.value, tuple):
        return modifier.value
    return (modifier.value or fold(modifier.text),)
