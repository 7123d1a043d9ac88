"""What the members of a list share: a head, a tail, a value, a window, a modifier.

In: two trees and their connective. Out: one tree in which each member stands for itself; "AST and ALT ≤ 5 × ULN" gives
two facts with the same comparison, "renal or hepatic impairment" two impairments.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Literal, TypeGuard

from msgspec.structs import replace

from protoparse.grammar.allergens import awaited
from protoparse.grammar.belonging import (
    EITHER,
    also_related,
    awaiting,
    both_sexes,
    classes,
    denied_of_one_sex,
    disjoint,
    each_sex,
    goes_on,
    kinds,
    of_course,
    of_grade,
    of_one_disease,
    of_people,
    of_treatments,
    other_sex,
)
from protoparse.grammar.choices import loosened
from protoparse.grammar.completing import (
    complete,
    counterpart,
    lettered,
    of_place,
    own_kind,
    resulted,
    testable,
)
from protoparse.grammar.continuing import absorb, by_means, continues, lasts_as_long, supplement
from protoparse.grammar.drafts import (
    ORDERED,
    Draft,
    Node,
    Tree,
    active,
    allergic,
    backwards,
    denies,
    drafts,
    last_draft,
    parts_of,
    repeat_subject,
)
from protoparse.grammar.exemplifying import explained
from protoparse.grammar.facts import Cutter
from protoparse.grammar.limiting import limits_anew, relaxed
from protoparse.grammar.periods import visited
from protoparse.grammar.timing import MOST, last_named, return_duration, share_behind, share_window, timely
from protoparse.lexing import lexer
from protoparse.model import Modifier


def join(cutter: Cutter, op: Literal["all", "any"], left: Tree | None, right: Tree | None, link: Any) -> Tree | None:
    """Two neighbours of a list as one tree, each completed by the other."""
    if left is None or right is None:
        return left or right
    if (cue := next(iter(drafts(right))).cue) is not None:
        return explained(cutter, left, right, cue)  # "disease that may …, or that could … (e.g. gout)"
    if isinstance(right, Draft) and right.concept is None:
        return supplement(cutter, op, left, right)
    if lasts_as_long(cutter.text, left, right):
        return left
    if isinstance(left, Node) and of_treatments(cutter.text, left, right):
        given = join(cutter, op, left.members[1], right, link)
        return Node("all", [left.members[0], *([given] if given else [])])
    if (
        isinstance(right, Node)
        and right.op == "any"
        and all(isinstance(m, Node) and limits_anew(right.members[0], m) for m in right.members[1:])
    ):
        # "AST and ALT ≤ 3 × ULN (≤ 5 × ULN with liver metastases)": either limit is of both
        listed = join(cutter, op, left, right.members[0], link)
        return relaxed(listed, right.members[1:]) if listed is not None else right
    if (clause := also_related(cutter, op, left, right, link)) is not None:
        of, k = clause
        if op == "any":
            said = join(cutter, op, of.members.pop(k), right, link)
            of.members[k:k] = [said] if said is not None else []
        else:
            of.members.append(right)
        return left
    if cutter.kind == "exclusion" and op == "all" and link.value in EITHER and kinds(cutter.text, left, right):
        op = "any"
    if op == "any" and isinstance(left, Node):
        onward = of_course(cutter, right, link) if goes_on(cutter, left) else of_people(left, right, link)
        if onward:
            said = join(cutter, op, left.members[-1], right, link)
            return Node("all", [*left.members[:-1], *([said] if said else [])])
    if op == "any" and of_grade(last := parts_of(left, "any")[-1], right, link) and isinstance(last, Node):
        if isinstance(grade := last.members[0], Draft) and isinstance(right, Draft):
            _follow(cutter.text, grade, right)
        said = join(cutter, op, last.members[1], right, link)
        graded = Node("all", [last.members[0], *([said] if said else [])])
        return graded if last is left else Node("any", [*parts_of(left, "any")[:-1], graded])
    if cutter.kind == "exclusion" and op == "all" and disjoint(left, right):
        op = "any"
    if (of_either := denied_of_one_sex(cutter, left, right)) is not None:
        return of_either
    if op == "all" and (each_sex(cutter, left, right) or other_sex(cutter, left, right)):
        op = "any"
    if link.value == "without":
        return_duration(left, right)
        people = all(isinstance(d, Draft) and d.domain == "person" for d in left.members) if _several(left) else True
        if cutter.kind == "exclusion" and isinstance(left, Node) and not people:
            # "pregnant women, and women of childbearing potential who do not use contraception"
            lacking = join(cutter, op, left.members[-1], right, link)
            return Node("any", [*left.members[:-1], *([lacking] if lacking else [])])
    if isinstance(right, Node) and (of_one_disease(left, right) or _limited_behind(left, right)):
        # "ER or PR positive breast cancer": the disease behind the last test is that of all
        tested = join(cutter, op, left, right.members[0], link)
        return Node("all", [*([tested] if tested else []), *right.members[1:]])
    if op == "any" and (rest := classes(cutter.text, left, right)) is not None:
        return join(cutter, op, Node("any", rest) if len(rest) > 1 else rest[0], right, link) if rest else right
    if op == "any" and isinstance(right, Node) and (k := awaiting(cutter, left, right)) >= 0:
        first = join(cutter, op, left, right.members[k], link)
        parts = [*right.members[:k], *([first] if first else []), *right.members[k + 1 :]]
        return Node(right.op, [m for part in parts for m in parts_of(part, right.op)])
    if link.value == "/" and isinstance(right, Node) and right.op == "except":
        # "anticoagulants/antiplatelet drugs (except aspirin)": either, but not what is exempted
        *others, last = left.members if isinstance(left, Node) and left.op == op else [left]
        pair = join(cutter, op, last, right.members[0], link)
        spared = Node("except", [*([pair] if pair else []), *right.members[1:]])
        return Node(op, [*others, spared]) if others else spared
    if isinstance(right, Node):
        named = last_named(left.members if isinstance(left, Node) and left.op == "any" else [left])
        if named is not None and right.op not in ("if", "not") and _told_ahead(cutter.text, named):
            for draft in drafts(right, exceptions=False):
                if draft.concept is None or draft.standing or draft.anew in ("people", "verb"):
                    break
                _follow(cutter.text, named, draft)  # "history of A, B or C and D"
        repeat_subject(left, right)
        lead, last = right.members[0], last_draft(left)
        if right.op == "all" and isinstance(lead, Draft) and lead.concept is not None:
            _share_result(cutter.text, last, lead)
            if op == "any" and lead.value is not None and lead.value is last.value:
                # "positive HBsAg or HBcAb and HBV DNA > …": either of the two, and the DNA
                return _first_of_all(cutter.text, left, lead, right)
    elif continues(cutter, left, right, link):
        return left
    elif (
        isinstance(left, Node)
        and link.value in ("and", "or", "and / or")
        and (found := by_means(cutter, left, right)) is not left
    ):
        return found
    told = right.members[0] if isinstance(right, Node) and right.op == "except" else None
    if isinstance(right, Node) and isinstance(told, Draft) and continues(cutter, left, told, link):
        return Node("except", [left, *right.members[1:]])
    members = left.members if isinstance(left, Node) and left.op == op else [left]
    if both_sexes(cutter, members[-1], right):
        # "male or female" restricts nobody
        return Node(op, members[:-1]) if len(members) > 1 else Draft()
    if isinstance(right, Draft) and (right.allergen or _named_allergy(cutter.text, right)):
        members = awaited(cutter, members, right)
        if not members:
            return right
    tail = _tail(members) if isinstance(right, Draft) else []
    closed = None
    source = timely(cutter.text, right)
    if source is not None:
        closed = [m.window_behind for m in tail]  # "ANC at baseline and platelets ≥ 100": before the list ends
        share_behind(cutter.text, op, members, source)
    if isinstance(right, Draft):
        first = members[0]
        before, nearest = last_named(members), members[-1]
        if before is not None and before.standing is None:
            _stands_alone(cutter.text, right)
        if before is not None:
            lettered(cutter, before, right)
            counterpart(cutter, before, right)
        if isinstance(first, Draft):
            of_place(cutter, first, right)
        loosened(cutter, tail, right)
        complete(cutter, tail, right, closed)
        for lone in [m for m in tail if m.concept is None]:
            if op == "any" and own_kind(cutter, lone, right):
                continue
            if lone.time is not None and lone.modifiers and right.anew == "verb" and op == "all":
                continue  # "must be stable for 3 months and have an HbA1c < 9 %"
            if lone.past_event(cutter.text):
                # "at least 4 weeks since surgery or biopsy"
                if right.time is None and not right.standing and right.domain in ("procedure", "drug", lone.domain):
                    right.time = lone.time
                continue
            members.remove(lone)
            absorb(cutter, lone, right)
        if before is not None:
            _inherit(cutter.text, before, right, tight=link.value not in (None, ",") and before is nearest)
        _share_place(tail, right)
        if isinstance(first, Draft) and first.completed:
            for one in (*tail, right):
                if (one.completed or one is right) and not any(
                    m.type != "method" and _before(m, one) for m in one.modifiers
                ):
                    # "severe renal, hepatic or cardiac disease", "adequate renal and liver function by local tests"
                    one.modifiers = (*(m for m in first.modifiers if m not in one.modifiers), *one.modifiers)
        if not members:
            return right
    members.append(right)
    return Node(op, members)


def _named_allergy(text: str, draft: Draft) -> bool:
    """Whether the tables know an allergy by its substance: "allergy to aspirin"."""
    return draft.domain == "allergy" and draft.concept is not None and " to " in text[slice(*draft.concept)]


def _first_of_all(text: str, left: Tree, lead: Draft, right: Node) -> Node:
    """The members at the end of a list that share a result, as alternatives in front of what must hold with them."""
    members = left.members if isinstance(left, Node) and left.op == "any" else [left]
    shared = last_draft(left).value
    begin = len(members)
    while begin and isinstance(one := members[begin - 1], Draft) and one.value is shared:
        begin -= 1
    if lead.window_behind and lead.time is not None:
        share_behind(text, "any", members[begin:], lead)
    together = Node("all", [Node("any", [*members[begin:], lead]), *right.members[1:]])
    return Node("any", [*members[:begin], together]) if begin else together


def _tail(members: list[Tree]) -> list[Draft]:
    """The drafts at the end of a list, back to the last that is no plain draft."""
    found = members[: -MOST - 1 : -1]
    for k, member in enumerate(found):
        if member.__class__ is not Draft:
            return found[:k]  # type: ignore[return-value]
    return found  # type: ignore[return-value]


def _share_place(tail: list[Draft], right: Draft) -> None:
    """Which side or eye a list is of stands behind its last member: "keratitis, scleritis or uveitis in either eye"."""
    place = next((m for m in right.modifiers if m.type == "location" and not _before(m, right)), None)
    entry = lexer().phrase(place.text.lower().split()) if place is not None else None
    if place is None or entry is None or "modifier" not in entry.roles:
        return
    for member in tail:
        placed = any(m.type == "location" for m in member.modifiers)
        if placed or member.concept is None or member.value or member.domain not in (None, right.domain):
            break
        member.modifiers += (place,)


def _several(tree: Tree) -> TypeGuard[Node]:
    """Whether a tree is a list of which any may hold."""
    return isinstance(tree, Node) and tree.op == "any"


def _limited_behind(left: Tree, right: Node) -> bool:
    """Whether what is not so behind a limit is said of all that share it ("ALT or AST > 3 × ULN without ascites")."""
    if right.op != "all" or len(right.members) != 2 or not denies(right.members[1]):
        return False
    lead, last = right.members[0], last_draft(left)
    return (
        isinstance(lead, Draft)
        and lead.value is not None
        and lead.domain == "measurement" == last.domain
        and last.concept is not None
        and last.value is None
    )


def _last_base(tree: Tree) -> Draft | None:
    """The last thing that a tree names, exceptions aside."""
    return next((d for d in islice(backwards(tree, exceptions=False), MOST) if d.concept is not None), None)


def _told_ahead(text: str, named: Draft) -> bool:
    """Whether what a list begins with is told of all of it: "history of A or B", "within a year: A, B"."""
    if named.time is None:
        return named.standing == "history"
    return not named.standing and framed(text, named)


def framed(text: str, before: Tree) -> bool:
    """Whether when its list holds is said in front of a colon ("any of the following within a month: A; B")."""
    first = _last_base(before)
    if first is None or first.concept is None:
        return False
    if not first.framed and not first.window_behind and (first.standing or first.time):
        first.framed = ":" in text[first.first : first.concept[0]]
    return first.framed


def hand_on(text: str, before: Tree, after: Tree, *, listed: bool) -> None:
    """What a list says in front of its first members, where commas alone lead on to the next ones.

    "History of gout, renal or hepatic colic, asthma": the asthma is history, too. `listed` where the commas part
    members of one list that hold lists of their own: a window behind the last is then of all.
    """
    first = _last_base(before)
    if first is not None and first.standing is None:
        _stands_alone(text, after)
    if first is not None and not (first.window_behind and first.time):
        for draft in drafts(after, exceptions=False):
            if draft.concept is None or (draft.standing and not first.framed):
                break
            draft.framed = first.framed
            _follow(text, first, draft)
    source = last_draft(after)
    closing = after
    if isinstance(after, Node) and source.time is None and isinstance(after.members[0], Draft):
        closing = source = after.members[0]  # "A, B, or C within 3 weeks or not recovered from it"
    timed = listed and source.window_behind and source.time is not None and source.concept is not None
    if timed and all(d.time is source.time for d in drafts(closing)):
        for member in before.members[-MOST:] if isinstance(before, Node) else [before]:
            share_window(text, member, source)


def _stands_alone(text: str, tree: Tree) -> None:
    """Mark what is called prior behind members that are not: "diabetes, previous stroke, epilepsy"."""
    for draft in drafts(tree):
        if draft.standing != "history" or draft.concept is None:
            break
        draft.alone = "history" not in text[max(draft.first, 0) : draft.concept[0]].lower()


def _leads(modifier: Modifier, draft: Draft) -> bool:
    """Whether a thing is called active in front of its name."""
    if not active(modifier) or not modifier.span or not draft.concept:
        return False
    return modifier.span < draft.concept


def _determined(text: str, draft: Draft) -> bool:
    """Whether an article or the like begins what is said of a thing: "acute illness or any surgery within a month"."""
    return draft.concept is not None and bool(_DETERMINER.search(text, max(0, draft.concept[0] - 24), draft.concept[0]))


_DETERMINER = re.compile(r"\b(?:any|an?|the|other|another|such|of)\s(?:[\w-]+\s)?$", re.I)


def _before(modifier: Modifier, draft: Draft) -> bool:
    """Whether a modifier stands in front of the name."""
    return bool(modifier.span and draft.concept and modifier.span < draft.concept)


_SHARED = ("severity", "acuity", "status", "certainty", "stage")
"""What is said in front of the first of two things is said of both: "uncontrolled hypertension or hypotension"."""
_RESULTS = ("positive", "negative", "normal", "abnormal")
_TESTED = ("measurement", "condition", "drug", None)


def _follow(text: str, first: Draft, right: Draft, *, tight: bool = False) -> None:
    """When and of whom the first member is said, the later ones are as well; `tight`: no comma is between."""
    if right.anew == "people":
        return  # "… or patients with a stoma"
    limited = right.value is not None and (right.time is not None or right.value.value not in _RESULTS)
    timeless = right.domain in ("person", "consent") or (limited and first.value is None)
    if (
        first.standing not in (None, "ongoing")
        and not right.standing
        and right.anew != "verb"  # "history of stroke or is receiving steroids"
        and not timeless
        and not (first.alone and not tight and not {first.domain, right.domain} <= {"drug", "procedure"})
        and right.called not in ("pregnancy", "lactation")
        and (right.time is None or (first.standing == "history" and not visited(right.time)))
        and not (any(_leads(m, right) for m in right.modifiers) and not any(_leads(m, first) for m in first.modifiers))
    ):
        right.standing, right.alone = first.standing, first.alone
    if first.allergen or (first.domain == "allergy" and first.known and right.anew is None):
        allergic(right, treated=first.treated)  # "allergy to aspirin or clopidogrel"
    alike = right.domain in (None, first.domain) and not right.anew
    together = right.time is None or (right.time is first.time and not _determined(text, right))
    if alike and not right.standing and together and not any(_before(m, right) for m in right.modifiers):
        # "active hepatitis B or C infection"
        shared = [m for m in first.modifiers if _leads(m, first) or (tight and m.type in _SHARED and _before(m, first))]
        right.modifiers = (*shared, *right.modifiers)
    if first.experiencer not in ("patient", "caregiver") and right.experiencer == "patient":
        right.experiencer, right.own = first.experiencer, first.own
    in_front = first.time and first.time.span and first.concept and first.time.span < first.concept
    if in_front and first.time and first.time.start is first.time.end is None:
        # "12 months of amenorrhoea or an oophorectomy"; "< 6 months postpartum" is of that alone
        limit = first.time.duration if first.domain == "condition" else None
        in_front = right.domain in (None, first.domain) and not (limit and limit.operator[0] == "<")
    if in_front and not first.window_behind and right.time is None and right.domain not in ("person", "consent"):
        right.time, right.again, right.framed = first.time, first.again, framed(text, first)


def _dose_alike(first: Draft, right: Draft) -> None:
    """ "more than 5 mg of one and 100 mg of another per day": a limit, and how often, hold for both doses."""
    one, other = first.dose, right.dose
    if one is None or other is None or one.operator not in ORDERED or other.operator != "=":
        return
    right.dose = replace(other, operator=one.operator)
    code, rate = (c.unit.ucum or "" if c.unit else "" for c in (one, other))
    if one.unit is not None and "/" not in code and rate.endswith(("/d", "/wk")):
        first.dose = replace(one, unit=replace(one.unit, ucum=code + rate[rate.rindex("/") :]))


def _inherit(text: str, first: Draft, right: Draft, *, tight: bool) -> None:
    """What stands before the first member ("history of A or B") holds for the later ones."""
    _follow(text, first, right, tight=tight)
    if right.domain is None and first.domain is not None and right.value is None:
        right.domain = first.domain
    _dose_alike(first, right)
    _share_result(text, first, right)


def _share_result(text: str, first: Draft, right: Draft) -> None:
    """A result in front holds for a list: "positive HBsAg or HBcAb"; so does what is found ("amplified or mutated")."""
    result = first.value
    told, named = first.finding, right.concept
    if told is not None and named is not None and right.value is None and right.finding is None:
        in_front = told.span is not None and first.concept is not None and told.span < first.concept
        found = "finding" in lexer().singles[text[slice(*named)].lower()].roles
        if found or (in_front and right.domain == "measurement"):
            right.finding, right.domain = told, "measurement"
        return
    if right.value is not None or result is None:
        return
    plain = first.domain in _TESTED and right.domain in _TESTED and not right.modifiers
    plain = plain and resulted(first) and not right.standing and testable(text, right)  # "HIV, HBV or hepatitis C"
    if not (plain or right.domain == "measurement" == first.domain):
        return
    if result.operator == "=" and result.span and first.concept and result.span < first.concept:
        right.value = result
