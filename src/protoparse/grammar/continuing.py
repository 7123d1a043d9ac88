"""Members of a list that say nothing by themselves, and go on with their neighbour.

In: a member and what stands before or behind it. Out: the neighbour with the member's value, window or modifier; in
"confirmed by CT or MRI" the MRI is a second means, in "ALT ≤ 3 × ULN or ≤ 5 × ULN" the ALT has a second limit.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from msgspec.structs import replace

from protoparse.grammar.choices import detached, joined
from protoparse.grammar.completing import ADJECTIVE
from protoparse.grammar.drafts import (
    MEANS,
    Draft,
    Node,
    Tree,
    bare,
    drafts,
    found_by,
    last_draft,
    values,
)
from protoparse.grammar.facts import Cutter
from protoparse.grammar.implying import OLD
from protoparse.grammar.periods import NOW, standing
from protoparse.grammar.periods import either as either_time
from protoparse.grammar.terms import GIVEN
from protoparse.grammar.timing import MOST
from protoparse.lexicon import fold
from protoparse.model import Comparison, Modifier

_LIMITS = ("ULN", "LLN")
# "A malignancy that is progressing or has required …": a second demand of the same thing.
_DEMAND = re.compile(
    r"\b(?:that|which)\s[^.;,]{3,40}\sor\s+(?:has\s+|have\s+)?((?:requir(?:es|ed|ing|e)|need(?:s|ed|ing)?)\s+(?:an?\s+)?)$"
)

_TOLD = re.compile(r"\b(?:of|with|by|who)\b", re.IGNORECASE)


def continues(cutter: Cutter, left: Tree, right: Draft, link: Any) -> bool:
    """Whether a member goes on with the last modifier of the one before: "by CT or MRI", "due to injury or age"."""
    target = last_draft(left)
    if found_by(target, right, cutter.text):
        return True
    if (
        right.concept is not None
        and target.concept is not None
        and right.domain in (None, "procedure", "condition", "drug")
    ):
        demand = _DEMAND.search(cutter.text[target.concept[1] : right.concept[0]])
        if demand is not None:
            # "a malignancy that is progressing or has required active treatment within 3 years": of the malignancy
            span = (target.concept[1] + demand.start(1), right.concept[1])
            text = cutter.text[slice(*span)]
            target.modifiers += (Modifier(type="other", text=text, span=span, value=fold(text)),)
            target.cover(right.first, right.last)
            _lend_time(right, target)
            return True
    if not target.modifiers or right.concept is None or link.value == ",":
        return False
    if link.last < len(cutter.entries) and "predicate" in cutter.entries[link.last].roles:
        return False  # "colitis due to radiation or has had a stroke"
    last = target.modifiers[-1]
    if last.type not in ("method", "cause", "location", "purpose") or not last.span or last.span[1] != target.last:
        return False
    if last.type == "purpose":
        if not _serves(cutter, target, last, right):
            return False
    elif not bare(right):
        return False
    if last.type not in ("cause", "purpose") and right.domain == "condition":
        return False
    if last.type == "location" and right.domain == target.domain == "procedure":
        return False  # "radiotherapy to the pelvis or chemotherapy"
    span = (last.span[0], right.concept[1])
    text = cutter.text[slice(*span)]
    begin = min([m.span[0] for m in right.modifiers if m.span], default=right.concept[0])
    both = (*values(last), fold(cutter.text[min(begin, right.concept[0]) : right.concept[1]]))
    target.modifiers = (*target.modifiers[:-1], Modifier(type=last.type, text=text, span=span, value=both))
    target.cover(*span)
    if _lend_time(right, target):
        target.cover(right.first, right.last)
    return True


def _serves(cutter: Cutter, target: Draft, last: Modifier, right: Draft) -> bool:
    """Whether a disease is one more that something is done or given for: "surgery for gout or rheumatism"."""
    if right.domain != "condition" or target.domain not in GIVEN or right.anew or right.value or right.standing:
        return False
    if target.concept is None or last.span is None or last.span < target.concept:
        return False
    if right.concept is None or right.count or right.dose or right.includes or (right.time and target.time):
        return False
    if _TOLD.search(cutter.text, last.span[1], right.concept[0]):
        return False  # "therapy for gout or evidence of stones"
    # "treatment for primary or recurrent melanoma": half a name waits for the other half, and what narrows that one
    word = last.text.rpartition(" ")[2]
    return not right.modifiers or "modifier" in cutter.roles(word) or word.lower().endswith(ADJECTIVE)


def by_means(cutter: Cutter, left: Node, right: Draft) -> Tree:
    """ "confirmed by CT, MRI or biopsy": the members of a list behind a means are means, to the last.

    So are all that something is done for ("surgery for gout, trauma or infection"), and, where a list begins with it,
    all that it comes from: "oedema due to heart failure, renal failure or cirrhosis". Else the list as it is.
    """
    if not bare(right):
        return left
    if left.op == "any" and _caused(left.members[0]) and right.domain not in _NO_CAUSE:
        if len(left.members) <= MOST and all(
            isinstance(m, Draft) and bare(m) and m.time is None for m in left.members[1:]
        ):
            _listed(cutter, _caused(left.members[0]), [*left.members[1:], right])
            return left.members[0]
        return left
    served = right.domain == "condition"
    if not (served or right.domain in MEANS):
        return left
    kind, domains = ("purpose", ("condition",)) if served else ("method", MEANS)
    for k in range(len(left.members) - 2, max(len(left.members) - MOST, 0) - 1, -1):
        target, member = left.members[k], left.members[k + 1]
        if not isinstance(member, Draft) or not bare(member) or member.domain not in domains or member.time:
            return left
        if not isinstance(target, Draft) or not target.modifiers:
            continue
        last = target.modifiers[-1]
        if last.type != kind or not last.span or last.span[1] != target.last:
            continue
        if not _serves(cutter, target, last, right) if served else target.domain == "procedure":
            continue
        _listed(cutter, target, [*left.members[k + 1 :], right])
        return Node(left.op, left.members[: k + 1]) if k else target
    return left


def _listed(cutter: Cutter, target: Draft | None, more: list[Tree]) -> None:
    """Make the last modifier of a thing one of several, the members of a list behind it the others."""
    last = target.modifiers[-1] if target is not None else None
    members = [m for m in more if isinstance(m, Draft) and m.concept]
    if target is None or last is None or last.span is None or not members or members[-1].concept is None:
        return
    named = [fold(cutter.text[slice(*m.concept)]) for m in members if m.concept]
    span = (last.span[0], members[-1].concept[1])
    listed = replace(last, text=cutter.text[slice(*span)], span=span, value=(*values(last), *named))
    target.modifiers = (*target.modifiers[:-1], listed)
    target.cover(last.span[0], members[-1].last)
    _lend_time(members[-1], target)


_NO_CAUSE = ("person", "consent", "study", "visit", "allergy", "device")


def _caused(tree: Tree) -> Draft | None:
    """Of what is said of one disease the part that ends with a single cause."""
    several = tree.members[:2] if isinstance(tree, Node) and tree.op == "all" else [tree]
    last = max((m for m in several if isinstance(m, Draft)), key=lambda draft: draft.last, default=None)
    cause = last.modifiers[-1] if last is not None and last.modifiers else None
    if last is None or cause is None or cause.type != "cause" or isinstance(cause.value, tuple):
        return None
    return last if cause.span is not None and cause.span[1] == last.last else None


def _lend_time(right: Draft, target: Draft) -> bool:
    """Whether the time of a member that only goes on with a thing is then the thing's."""
    if right.time is None or target.time is not None:
        return False
    target.time, target.window_behind = right.time, right.window_behind
    return True


def lasts_as_long(text: str, left: Tree, right: Tree) -> bool:
    """Whether a limit alone is the other end of how long the thing before it lasts; the thing then has both.

    "For at least 6 months (…), but no greater than 10 years": nobody's age.
    """
    target = last_draft(left)
    longest = right.value if isinstance(right, Draft) and right.name == "age" else None
    if not isinstance(right, Draft) or longest is None or right.concept != longest.span or target.time is None:
        return False
    least = target.time.duration
    if not isinstance(least, Comparison) or least.operator[0] != ">" or longest.operator[0] != "<":
        return False
    if longest.span is None or OLD.search(text, *longest.span) is not None:
        return False
    target.again += (replace(target.time, duration=longest, span=longest.span),)
    target.cover(right.first, right.last)
    return True


def supplement(cutter: Cutter, op: Literal["all", "any"], left: Tree, right: Draft) -> Tree:
    """A member that names nothing: a second value, window or modifier of what stands before it."""
    target = left
    while isinstance(target, Node):
        target = target.members[-1]
    if right.value is not None and op == "any" and isinstance(left, Node) and left.op == "all":
        sharing = [m for m in left.members if isinstance(m, Draft) and m.value == target.value and m.concept]
        if len(sharing) == len(left.members):
            # "ALT and AST ≤ 2.5 × ULN or ≤ 5 × ULN …": the second limit is of both
            return Node("any", [left, Node("all", [_again(m, right) for m in sharing])])
    if right.value is not None and right.value.reference in _LIMITS and target.domain in ("condition", "person"):
        # "unless liver metastases, in which case ≤ 5 × ULN": a limit, but none of a disease
        return Node(op, [left, right])
    if right.value is not None and target.concept is not None:
        said = target.value.operator if target.value is not None else "="
        bare = right.bare_value and said not in ("between", "in")
        if op == "any" and bare and _other_unit(target.value, right.value):
            right.value = replace(right.value, operator=said)  # "≤ 1.5 mg/dL or 133 µmol/L"
        twin = _again(target, right)
        if target.value is None:
            target.value = right.value
            return left
        members = left.members if isinstance(left, Node) and left.op == op else [left]
        return Node(op, [*members, twin])
    if right.modifiers and right.standing and target.standing not in (None, right.standing) and right.value is None:
        # "concurrent gout or a history of chronic or recurrent ulcers": what is chronic is still to come
        return Node(op, [*(left.members if isinstance(left, Node) and left.op == op else [left]), right])
    if right.time is not None and target.concept is None and target.time is not None:
        target.name_by_anchor(cutter.text)
        right.name_by_anchor(cutter.text)
        return Node(op, [left, right])
    if right.time is not None:
        before = target.time
        if before is not None and op == "all" and cutter.kind != "exclusion" and target.value is not None:
            target.again += (right.time,)  # "a negative test at screening and before the first dose": both times
            target.cover(right.first, right.last)
            return left
        if before is None and op == "any" and target.standing in NOW:
            before = standing("current")  # "current treatment or within 5 years before baseline"
        target.time = right.time if before is None else either_time(before, right.time)
        target.cover(right.first, right.last)
        if before is not None:
            for other in drafts(left):
                if other.time is before:
                    other.time = target.time  # "A or B within 3 months or planned during the study"
    target.modifiers = joined(cutter.text, target.modifiers + right.modifiers)
    if right.modifiers:
        target.cover(right.first, right.last)
    if right.standing and not target.standing:
        target.standing = right.standing
    return left


def _other_unit(one: Comparison | None, other: Comparison) -> bool:
    """Whether two quantities are told in different units."""
    if one is None or one.unit is None or other.unit is None:
        return False
    return other.operator == "=" and one.unit.ucum != other.unit.ucum


def _again(model: Draft, limit: Draft) -> Draft:
    """The same thing with another limit."""
    twin = model.copy()
    twin.value, twin.bare_value, twin.time = limit.value, limit.bare_value, limit.time or model.time
    twin.modifiers = limit.modifiers or model.modifiers
    twin.last = max(twin.last, limit.last)
    return twin


def absorb(cutter: Cutter, lone: Draft, right: Draft) -> None:
    """A member of modifiers alone ("acute or chronic pancreatitis") goes to the next."""
    if lone.modifiers:
        detached(cutter, lone, right)
        right.modifiers = joined(cutter.text, lone.modifiers + right.modifiers)
        right.cover(lone.first, lone.last)
    if lone.standing and not right.standing:
        right.standing = lone.standing
    elif lone.standing and right.standing and lone.standing != right.standing:
        right.standing = "current" if lone.standing in NOW and right.standing in NOW else "history"
    if lone.time is not None and right.time is None:
        right.time = lone.time
        right.cover(lone.first, lone.last)
    if lone.value is not None and right.value is None:
        right.value = lone.value
        right.cover(lone.first, lone.last)
