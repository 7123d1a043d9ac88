"""What is named behind "such as", "including", "i.e.", "defined as": examples, a measure, a definition.

In: a statement and what stands behind the cue, as trees of drafts. Out: the statement with its examples, which are of
the last member of a group, or joined with what measures or defines it; "cytopenia, i.e. platelets < 50" is both.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from protoparse.grammar.drafts import (
    MEANS,
    Cue,
    Draft,
    Node,
    Tree,
    allergic,
    backwards,
    bare,
    denies,
    drafts,
    last_draft,
    values,
    widened,
)
from protoparse.grammar.items import Item
from protoparse.grammar.terms import THINGS
from protoparse.grammar.timing import share_window
from protoparse.lexicon import fold
from protoparse.model import Domain, Modifier

MEMBERS: dict[Domain, tuple[Domain, ...]] = {
    "allergy": ("allergy", "condition", "drug"),
    "condition": ("condition", "observation"),
    "procedure": ("procedure", "device", "drug", "measurement"),
    "measurement": ("measurement", "drug"),
    "drug": ("drug", "measurement"),
    "device": ("device", "procedure"),
    "observation": ("observation", "condition", "procedure", "drug", "person"),
    "person": ("person", "condition", "observation"),
    "consent": ("consent", "drug", "device", "procedure"),
    "other": ("condition", "drug", "procedure", "observation", "device"),
}
"""What may be examples of which kind of thing, where it is not only of the same kind."""
_CUED = re.compile("[,(]*I[,:dvOm]*")
_NEAR = 8
"""So near is the bracket closed behind examples."""
_DEEPEST = 12
"""Examples of examples are nested no deeper: what repeats "such as" without end is named side by side."""


def explained(item: Item, tree: Tree, named: Tree, cue: Cue, depth: int = 0) -> Tree:
    """A statement with what is named behind it; `depth`: how deep among the examples of others it stands."""
    if isinstance(tree, Node):
        if cue == "definition" and _one_head(tree):
            return Node("all", [tree, named])
        k = 0 if tree.op == "except" and last_draft(tree).different else _last(tree)
        member = explained(item, tree.members[k], named, cue, depth)
        spliced = isinstance(member, Node) and member.op == tree.op and tree.op in ("all", "any")
        tree.members[k : k + 1] = member.members if isinstance(member, Node) and spliced else [member]
        return tree
    if tree.includes and cue != "definition" and depth < _DEEPEST and not _closed(item.text, tree, named):
        # "biologics, including antibodies such as infliximab": examples of the last example
        tree.includes = (*tree.includes[:-1], explained(item, tree.includes[-1], named, cue, depth + 1))
        return tree
    if cue != "definition" and _of_modifier(item, tree, named):
        return tree
    nameless = isinstance(named, Draft) and named.concept is None
    if (cue == "definition" or nameless) and (said := _said_again(item, tree, named)) is not None:
        return said
    if cue == "definition" and _is_function(tree) and any(d.value is not None for d in drafts(named)):
        item.carry(bisect_left(item.starts, tree.first), bisect_left(item.starts, tree.last))
        if tree.time is not None:
            share_window(item.text, named, tree)
        return named  # "adequate lung function, defined as …" asks for no more than the values
    if demanding(named, cue):
        both = isinstance(named, Node) and named.op == "all"
        return Node("all", [tree, *(named.members if isinstance(named, Node) and both else [named])])
    exemplify(tree, named)
    return tree


def with_examples(item: Item, tree: Tree, named: Tree, free: list[Tree], *, cue: Cue, place: int) -> Tree:
    """A statement with what is named behind it, and with what that exempts (`free`); the cue is lexeme `place`."""
    denied = "!" in item.codes[: place - item.offset]
    if not (denied and _reasoned(last_draft(tree), named, item.text)):
        tree = explained(item, tree, named, cue)
    return widened(tree, "except", free) if free else tree


def demanding(named: Tree, cue: Cue) -> bool:
    """Whether what is named must hold as well: a definition, a measure, a number of times, the want of something.

    "Cytopenia, i.e. platelets < 50", "treatment, including one line of X"; a list that holds things is of examples
    whatever limits some of them have.
    """
    if cue in ("example", "definition"):
        return cue == "definition"
    members = several(named)
    if denies(named) or any(_measures(m, cue) for m in members):
        return True
    first = members[0]
    if isinstance(first, Node):
        return False
    return first.count is not None and (len(members) == 1 or (isinstance(named, Node) and named.op == "all"))


def exemplify(target: Draft, named: Tree) -> None:
    """Name examples of a thing; those of what somebody is allergic to are allergens themselves."""
    target.includes += tuple(several(named))
    if target.allergen:
        allergic(target)
        return
    kinds = {d.domain for d in drafts(named)}
    if target.domain in THINGS and target.domain in kinds:
        for one in drafts(named):
            one.domain = one.domain or target.domain  # one of a list of drugs is a drug


def taken_up(item: Item, before: Tree, after: Tree) -> bool:
    """Whether a statement only gives examples of what stands before it: "any heart disease; such conditions include".

    These have it, then.
    """
    if not isinstance(after, Draft) or not after.includes or after.concept is None:
        return False
    if after.value or after.modifiers or after.count or after.time or after.standing:
        return False
    of, place = next(iter(backwards(before, exceptions=False))), bisect_left(item.starts, after.concept[0])
    again = place > item.offset and "retelling" in item.entries[place - 1].roles
    if not again:
        again = item.at(place - 1) == "." and "sort" in item.roles(item.text[slice(*after.concept)])
    if of.concept is None or not again:
        return False
    item.carry(place, bisect_left(item.starts, after.concept[1]))
    exemplify(of, Node("any", list(after.includes)))
    return True


def exempted(named: Tree) -> tuple[Tree, list[Tree]]:
    """Examples, and what is exempted behind the last: of the thing that they are examples of, too."""
    if isinstance(named, Node) and named.op == "except":
        return named.members[0], named.members[1:]
    last = named.members[-1] if isinstance(named, Node) and named.op in ("all", "any") else None
    if isinstance(named, Node) and isinstance(last, Node) and last.op == "except":
        return Node(named.op, [*named.members[:-1], last.members[0]]), last.members[1:]
    return named, []


def several(tree: Tree) -> list[Tree]:
    """The members of a list, and of the lists in it; a disease with its measure, or without something, is one."""
    if not isinstance(tree, Node) or tree.op not in ("all", "any"):
        return [tree]
    pair = tree.op == "all" and len(tree.members) == 2 and isinstance(tree.members[0], Draft)
    if pair and any(d.value or d.domain == "person" for d in drafts(tree)):
        return [tree]
    found: list[Tree] = []
    for member in tree.members:
        if found and tree.op == "all" and isinstance(member, Node) and member.op == "not":
            found[-1] = Node("all", [found[-1], member])
        else:
            found += several(member)
    return found


def _measures(tree: Tree, cue: Cue) -> bool:
    """Whether a tree says what was measured or counted and names no thing that was."""
    measured = [d for d in drafts(tree) if d.domain != "person"]
    return bool(measured) and all(d.domain not in (*THINGS, "allergy") and _limited(d, cue) for d in measured)


def _limited(draft: Draft, cue: Cue) -> bool:
    """Whether a number limits what is measured, or a result behind "i.e."."""
    if draft.value is None:
        return draft.count is not None and draft.domain == "measurement"
    return cue == "same" or draft.value.value not in ("positive", "negative")


def _of_modifier(item: Item, target: Draft, named: Tree) -> bool:
    """Whether examples are of what a thing is due to, or was found by: "due to other causes, such as trauma".

    They are then alternatives of that modifier, and no things that somebody has.
    """
    last = target.modifiers[-1] if target.modifiers else None
    listed = [d for d in several(named) if isinstance(d, Draft) and bare(d) and d.time is None]
    if last is None or not last.span or not last.text or not listed or len(listed) < len(several(named)):
        return False
    begin, end = bisect_left(item.starts, last.span[1]), bisect_left(item.starts, listed[0].first)
    between = item.codes[begin - item.offset : end - item.offset]
    if not _CUED.fullmatch(between):
        return False
    if last.type == "method":
        suited = all(d.domain in MEANS for d in listed)
    else:
        suited = last.type == "cause" and "sort" in item.roles(last.text.split()[-1])
    if suited:
        close = item.text.find(")", listed[-1].last, listed[-1].last + _NEAR) + 1 if "(" in between else 0
        span = (last.span[0], close or listed[-1].last)
        names = [fold(item.text[slice(*d.concept)]) for d in listed if d.concept]
        text = item.text[slice(*span)]
        target.modifiers = (
            *target.modifiers[:-1],
            Modifier(type=last.type, text=text, span=span, value=(*values(last), *names)),
        )
        target.cover(*span)
    return suited


def _is_function(draft: Draft) -> bool:
    """Whether a thing is measured and no number says how much: the function of an organ, an interval."""
    return draft.domain == "measurement" and (draft.value is None or draft.value.value in ("normal", "abnormal"))


def _last(tree: Node) -> int:
    """Which member stands last in the text."""
    places = [last_draft(m).last for m in tree.members]
    return places.index(max(places))


def _one_head(tree: Node) -> bool:
    """Whether the members of a group take their head from its end: "renal or hepatic impairment, defined as …"."""
    return tree.op == "any" and any(isinstance(m, Draft) and m.completed for m in tree.members)


def _closed(text: str, tree: Draft, named: Tree) -> bool:
    """Whether a bracket was closed behind the examples that a thing has already."""
    first = next(iter(drafts(named))).first
    return text.find(")", last_draft(tree.includes[-1]).last, first) >= 0


def _said_again(item: Item, target: Draft, named: Tree) -> Tree | None:
    """What a definition says that names the same thing again: "major surgery, defined as surgery under anaesthesia"."""
    again: Tree = named
    more: list[Tree] = []
    if isinstance(named, Node) and named.op == "all":
        first = isinstance(named.members[0], Node) and named.members[0].op == "except"
        again, more = (named.members[0], named.members[1:]) if first else (named.members[-1], named.members[:-1])
    spared = again if isinstance(again, Node) and again.op == "except" else None
    again = spared.members[0] if spared is not None else again
    if not isinstance(again, Draft) or target.concept is None:
        return None
    if again.concept is not None:
        words = set(item.text[slice(*again.concept)].lower().split())
        if not words <= set(item.text[slice(*target.concept)].lower().split()):
            return None
        item.carry(*[bisect_left(item.starts, place) for place in again.concept])
    elif more:
        return None
    target.time, target.again = (target.time, target.again) if target.time else (again.time, again.again)
    target.value, target.count = target.value or again.value, target.count or again.count
    target.dose, target.includes = target.dose or again.dose, (*target.includes, *again.includes)
    target.modifiers += again.modifiers
    target.cover(again.first, again.last)
    said: Tree = target
    if spared is not None:
        said, spared.members[0] = spared, target  # "toxicities, defined as toxicities (other than alopecia) of …"
    return Node("all", [said, *more]) if more else said


def _reasoned(target: Draft, named: Tree, text: str) -> bool:
    """Whether examples are why somebody cannot or will not agree: "unable to consent (e.g. dementia)"; a cause then."""
    members = named.members if isinstance(named, Node) and named.op in ("all", "any") else [named]
    said = [d for d in members if isinstance(d, Draft)]
    told = len(said) == len(members) and all(d.domain in ("condition", "person") for d in said)
    if any(d.value or d.time or d.includes for d in said):
        return False
    places = [d.concept for d in said if d.concept is not None]
    if target.domain != "consent" or not told or len(places) < len(said):
        return False
    span = (places[0][0], places[-1][1])
    value = tuple([fold(text[slice(*place)]) for place in places])
    cause = Modifier(type="cause", text=text[slice(*span)], span=span, value=value if len(value) > 1 else value[0])
    target.modifiers += (cause,)
    target.cover(*span)
    return True
