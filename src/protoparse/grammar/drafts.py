"""Facts in the making, joined as the sentence joins them.

`Draft` is one fact that may still lack what its neighbours in a list share with it, `Node` several joined. In: such a
tree. Out: `rule`, the tree as the model has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Literal

from msgspec.structs import replace

from protoparse.grammar.measures import AMOUNTS
from protoparse.grammar.phrases import Value
from protoparse.grammar.terms import domain_of
from protoparse.lexicon import fold
from protoparse.lexicon.dates import dated
from protoparse.lexing import POINTS, Term
from protoparse.model import (
    Anchor,
    Bound,
    Comparison,
    Concept,
    Domain,
    Except,
    Experiencer,
    Fact,
    If,
    Kind,
    Modifier,
    Not,
    Offset,
    Rule,
    Span,
    Window,
    all_of,
    any_of,
)

Op = Literal["all", "any", "not", "except", "if"]
Standing = Literal["history", "current", "ongoing", "concurrent"]
Anew = Literal["people", "verb", "other"]
NOW = ("current", "ongoing")


class Draft:
    """A fact in the making; what is not said keeps the default of the class."""

    concept: Span | None = None
    domain: Domain | None = None
    name: str | None = None
    term: Term | None = None
    known = False
    """The vocabulary knows the concept."""
    value: Comparison | None = None
    bare_value = False
    """The value was printed without a comparator."""
    finding: Comparison | None = None
    """What the name itself says of the result ("EGFR mutation", "dMMR"): it counts where nothing else is said."""
    count: Comparison | None = None
    dose: Comparison | None = None
    time: Window | None = None
    again: tuple[Window, ...] = ()
    """Other windows in each of which the same must hold."""
    allergen = False
    """The concept is what somebody is allergic to."""
    itself = False
    """It names no more than the study that asks ("the study", "this protocol")."""
    means = False
    """It names by what means something else was found: "…, confirmed by echocardiography"."""
    completed = False
    """The concept takes its head from the end of its list ("renal, hepatic or cardiac disease")."""
    framed = False
    """When it holds is said in front of a colon, of all that the list behind it names."""
    window_behind = False
    """The window stands behind the concept, where it may hold for a whole list."""
    standing: Standing | None = None
    anew: Anew | None = None
    """What begins it anew: people named again, of whom nothing said before holds, a verb, or "other"."""
    modifiers: tuple[Modifier, ...] = ()
    includes: tuple[Draft | Node, ...] = ()
    experiencer: Experiencer = "patient"
    first = -1
    last = -1

    def copy(self) -> Draft:
        """A draft with the same content."""
        twin = Draft()
        twin.__dict__.update(self.__dict__)
        return twin

    def past_event(self, text: str) -> bool:
        """Whether a time alone tells how long an event was ago; the draft is then of that event."""
        time = self.time
        if time is None or not isinstance(time.start, Bound) or self.value is not None or self.modifiers:
            return False
        if time.start.anchor.event not in _NAMED or ago(time, time.start.anchor) is time:
            return False
        self.name_by_anchor(text)
        return self.concept is not None

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
        self.time = ago(self.time, anchor)
        words = text[slice(*anchor.span)] if anchor.span else ""
        self.domain = domain_of(words.lower().split())

    def cover(self, start: int, end: int) -> None:
        """Widen the draft's span over these characters."""
        if self.first < 0 or start < self.first:
            self.first = start
        if end > self.last:
            self.last = end


def _calendar(anchor: Anchor) -> bool:
    """Whether an anchor is no more than a date: nothing that somebody had."""
    return anchor.text is not None and dated(anchor.text.lower())


_NAMED = ("event", "surgery", "transplant", "diagnosis")


def ago(time: Window, event: Anchor) -> Window:
    """How long something was ago, where that is all that is said of it: "at least 4 weeks since surgery"."""
    start, end, duration = time.start, time.end, time.duration
    if not isinstance(start, Bound) or start.anchor != event:
        return time
    if isinstance(end, Bound) and end.anchor == event and start.offset is None and end.offset is not None:
        distance, near, inclusive = end.offset, True, end.inclusive  # "within 4 weeks from surgery"
    elif start.offset is None and isinstance(end, Bound) and end.offset is not None and duration is None:
        return Window(end=end, span=time.span)  # "the time since surgery is at least 4 weeks before consent"
    elif start.offset is not None and end is None:
        distance, near, inclusive = start.offset, False, start.inclusive  # "more than 4 weeks from surgery"
    elif isinstance(duration, Comparison) and isinstance(duration.value, int | float) and duration.operator != "=":
        distance = Offset(value=duration.value, unit=duration.unit)
        near, inclusive = duration.operator[0] == "<", "=" in duration.operator
    else:
        return time
    if not isinstance(distance.value, int | float):
        return time
    back = replace(distance, value=-distance.value)
    here = end.anchor if isinstance(end, Bound) and end.anchor != event else None
    now = here or Anchor(event="unspecified" if near else "screening")
    there = Bound(anchor=now, offset=back, inclusive=inclusive)
    if near:
        return Window(start=there, end=Bound(anchor=now), span=time.span)
    return Window(end=there, span=time.span)


def lately(time: Window) -> Window:
    """How far back to look, where a limit of time alone is said of what is recent: "recent surgery (< 1 month)"."""
    limit = time.duration
    if time.start or time.end or not isinstance(limit, Comparison) or limit.operator not in ("<", "<="):
        return time
    if not isinstance(limit.value, int | float):
        return time
    now = Anchor(event="unspecified")
    back = Bound(anchor=now, offset=Offset(value=-limit.value, unit=limit.unit), inclusive=limit.operator == "<=")
    return Window(start=back, end=Bound(anchor=now), span=time.span)


class Node:
    """Drafts joined."""

    __slots__ = ("members", "op")

    def __init__(self, op: Op, members: list[Draft | Node]) -> None:
        self.op, self.members = op, members


Tree = Draft | Node


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
        if value is not None and value.unit is None and value.reference is None:
            value = replace(value, unit=model.value.unit, reference=model.value.reference)
        draft.value = value


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
    """The drafts of a tree and their examples, in order, and whether each is a condition or exemption of others."""
    if isinstance(tree, Draft):
        yield tree, limiting
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


def bare(draft: Draft) -> bool:
    """Whether a draft names a thing and says nothing of it but when."""
    if draft.concept is None or draft.value or draft.modifiers or draft.count or draft.dose:
        return False
    return not draft.includes and not draft.standing


def found_by(target: Draft, tree: Tree, text: str) -> bool:
    """Whether a tree only says by what means a thing was found, "(confirmed by CT or MRI)"; the thing has it then."""
    means = list(drafts(tree))
    if not means[0].means or target.concept is None or not all(bare(d) and d.domain in MEANS for d in means):
        return False
    places = [d.concept for d in means if d.concept is not None]
    span = (places[0][0], places[-1][1])
    named = tuple([fold(text[slice(*place)]) for place in places])
    value = named if len(named) > 1 else named[0]
    target.modifiers += (Modifier(type="method", text=text[slice(*span)], span=span, value=value),)
    target.cover(means[0].first, means[-1].last)
    return True


def blank(draft: Draft) -> bool:
    """Whether a draft says nothing at all."""
    return draft.first < 0


def empty(tree: Tree | None) -> bool:
    """Whether nothing was named."""
    return tree is None or all(d.concept is None for d in drafts(tree))


def exemplify(target: Draft, named: Tree) -> None:
    """Name examples of a thing; those of what somebody is allergic to are allergens themselves."""
    if isinstance(named, Node) and named.op in ("all", "any"):
        target.includes += tuple(named.members)
    else:
        target.includes += (named,)
    if target.allergen:
        allergic(target)


def allergic(draft: Draft) -> None:
    """Make a draft and its examples what somebody is allergic to, where they may be."""
    found = draft.domain == "measurement" and draft.term is None and draft.value is None  # "antibodies", "proteins"
    if draft.allergen or found or draft.domain in ALLERGENS:
        draft.domain, draft.term, draft.allergen = "allergy", None, True
        for example in draft.includes:
            for named in drafts(example):
                allergic(named)


ALLERGENS = (None, "drug", "other", "observation")
"""What is an allergen in a list of such: a disease there is a reaction."""


def alternatives(tree: Tree, *, either: bool = False) -> list[Tree]:
    """The members of an `any`, each an exception of its own; else the tree itself.

    With `either`, things joined by "and" as well: "except A and B" exempts both.
    """
    if isinstance(tree, Node) and tree.op == "any":
        return list(tree.members)
    if (
        either
        and isinstance(tree, Node)
        and tree.op == "all"
        and all(isinstance(m, Draft) and m.value is None for m in tree.members)
    ):
        return list(tree.members)
    return [tree]


def rule(tree: Tree | None, text: str, kind: Kind, *, required: bool = True) -> Rule | None:
    """A tree of drafts as a rule of the model; what was not named is left out.

    `required` tells whether an `if` may stand here: in an inclusion, below `all`s alone.
    """
    if tree is None:
        return None
    if isinstance(tree, Draft):
        fact = _fact(tree, text, kind)
        if fact is None or not tree.again:
            return fact
        return all_of([fact, *(replace(fact, time=w) for w in tree.again)], fact.span)
    op = tree.op
    if op == "if":
        condition = rule(tree.members[0], text, kind, required=False)
        then = rule(tree.members[1], text, kind, required=required)
        if condition is None or then is None:
            return then or condition
        span = _hull([condition, then])
        if required and kind != "exclusion":
            return If(condition=condition, then=then, span=span)
        return all_of([condition, then], span)
    if op == "except":
        base = rule(tree.members[0], text, kind, required=False)
        exceptions = [r for m in tree.members[1:] if (r := rule(m, text, kind, required=False)) is not None]
        if base is None or not exceptions:
            return base
        if isinstance(base, Except):
            return Except(base=base.base, exceptions=(*base.exceptions, *exceptions), span=_hull([base, *exceptions]))
        return Except(base=base, exceptions=tuple(exceptions), span=_hull([base, *exceptions]))
    if op == "not":
        inner = rule(tree.members[0], text, kind, required=False)
        return None if inner is None else Not(of=inner, span=inner.span)
    inside = required and op == "all"
    members = [r for m in tree.members if (r := rule(m, text, kind, required=inside)) is not None]
    if not members:
        return None
    join = all_of if op == "all" else any_of
    return join(members, _hull(members))


def around(a: Span | None, b: Span | None) -> Span | None:
    """The span over both."""
    return (min(a[0], b[0]), max(a[1], b[1])) if a and b else a or b


def _hull(rules: Sequence[Rule]) -> Span | None:
    spans = [r.span for r in rules if r.span]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None


_FUNCTIONS = (" function", " functions", " reserve")
_SCREENING = Bound(anchor=Anchor(event="screening"))
_STANDING = {
    "history": (None, _SCREENING),
    "current": (_SCREENING, _SCREENING),
    "ongoing": (_SCREENING, _SCREENING),  # an adjective of one thing: no others share it
    "concurrent": (Bound(anchor=Anchor(event="study_start")), Bound(anchor=Anchor(event="study_end"))),
}


def frame(tree: Tree | None) -> Window | None:
    """The time of a statement that names nothing else ("any of the following within 6 months")."""
    if not isinstance(tree, Draft) or tree.concept is not None or tree.value is not None:
        return None
    if tree.time is not None or tree.standing is None:
        return tree.time
    return standing(tree.standing)


def standing(kind: Standing) -> Window:
    """When something holds of which no more than "prior" or "current" is said."""
    start, end = _STANDING[kind]
    return Window(start=start, end=end)


def narrowed(window: Window, other: Window) -> bool:
    """Whether a window names a visit alone, the other a distance: "at baseline (within 6 weeks before consent)"."""
    start, end, near = window.start, window.end, other.end
    if not isinstance(start, Bound) or start != end or start.offset is not None or window.duration is not None:
        return False
    return isinstance(other.start, Bound) and isinstance(near, Bound) and near.anchor.event != "unspecified"


def either(first: Window, second: Window) -> Window:
    """ "in the last 6 months or within the next 6 months": one fact, two windows."""
    options = [w for x in (first, second) for w in (x.any_of if isinstance(x.any_of, tuple) else (x,))]
    span = (first.span[0], second.span[1]) if first.span and second.span else second.span
    return Window(any_of=tuple(options), span=span)


def _fact(draft: Draft, text: str, kind: Kind) -> Fact | None:
    if draft.concept is None:
        return None
    words = text[slice(*draft.concept)]
    time = draft.time
    stands = draft.standing
    if (
        stands is None
        and draft.modifiers
        and draft.domain != "device"  # an active implant is one with power of its own
        and any(active(m) for m in draft.modifiers)
    ):
        stands = "current"
    if stands is not None and (time is None or (time.start is time.end is None)):
        if stands == "concurrent" and draft.domain == "condition":
            stands = "current"  # a drug goes along with the study, a disease with another
        start, end = _STANDING[stands]
        time = replace(time, start=start, end=end) if time else Window(start=start, end=end)
    if draft.itself and time is None and not draft.modifiers:
        return None
    term = draft.term
    name = draft.name or (term.name if term else fold(words))
    if name.endswith(_FUNCTIONS):
        said = next((m for m in draft.modifiers if m.value in ("adequate", "inadequate")), None)
        if said is not None and draft.value is None:
            # "adequate renal function": a result in words
            draft.value = Comparison(operator="=", value=str(said.value), span=said.span)
            draft.domain = "measurement"
            draft.modifiers = tuple([m for m in draft.modifiers if m is not said])
    elif draft.domain == "measurement" and draft.value is None:
        draft.value, draft.modifiers = _detected(draft.modifiers)
    told = draft.value.span if draft.value is not None and draft.value.value in ("positive", "negative") else None
    if draft.domain == "condition" and told is not None and told < draft.concept:
        draft.domain = "measurement"  # "tests positive for hepatitis B"; "HIV-positive" is a state
    dose = draft.dose
    daily = any(m.type == "acuity" and m.value == "daily" for m in draft.modifiers)
    if daily and dose is not None and dose.unit is not None and dose.unit.ucum in AMOUNTS:
        dose = replace(dose, unit=replace(dose.unit, ucum=f"{dose.unit.ucum}/d"))  # "aspirin (81 mg) daily"
    includes = tuple([r for i in draft.includes if (r := rule(i, text, kind, required=False)) is not None])
    for r in includes:
        if r.span:
            draft.cover(*r.span)
    return Fact(
        domain=draft.domain or ("condition" if kind == "exclusion" else "observation"),
        span=(draft.first, draft.last),
        concept=Concept(text=words, span=draft.concept, name=name, codes=term.codes if term else ()),
        value=_pointless(draft.value) or (draft.finding if draft.count is None else None),
        count=_pointless(draft.count),
        dose=dose,
        time=time,
        modifiers=tuple(sorted(draft.modifiers, key=_place)) if len(draft.modifiers) > 1 else draft.modifiers,
        includes=includes,
        experiencer=draft.experiencer,
    )


_DETECTED = {"detectable": "positive", "undetectable": "negative"}


def _detected(modifiers: tuple[Modifier, ...]) -> tuple[Comparison | None, tuple[Modifier, ...]]:
    """Whether a test found something: said of what is measured, that is its result ("undetectable viral load")."""
    said = next((m for m in modifiers if m.value in _DETECTED), None)
    if said is None:
        return None, modifiers
    result = Comparison(operator="=", value=_DETECTED[str(said.value)], span=said.span)
    return result, tuple([m for m in modifiers if m is not said])


def active(modifier: Modifier) -> bool:
    """Whether a thing is called active, alone or among other states ("active or uncontrolled")."""
    if modifier.type != "status":
        return False
    return "active" in modifier.value if isinstance(modifier.value, tuple) else modifier.value == "active"


def _pointless(value: Comparison | None) -> Comparison | None:
    return replace(value, unit=None) if value and value.unit and value.unit.ucum == POINTS else value


def _place(modifier: Modifier) -> Span:
    return modifier.span or (0, 0)
