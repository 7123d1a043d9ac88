"""Of what in a list a window is: what stands behind the last member, or behind examples and exceptions.

In: the members of a list and the statement whose window stands behind it. Out: whether the others took it; "A, B or C
within 6 months" dates all three, "pregnant, or unwilling to use contraception during the study" only the last.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec.structs import replace

from protoparse.grammar.drafts import Draft, Node, Tree, active, drafts, last_draft
from protoparse.model import Bound, Window

MOST = 40
"""What stands at the end of a list holds for so many members before it, no more."""


def last_named(members: list[Tree]) -> Draft | None:
    """The last member that names something, exceptions aside: what stands before it holds for the next as well."""
    for member in reversed(members[-MOST:]):
        while isinstance(member, Node) and member.op in ("except", "all"):
            member = member.members[0]
        if isinstance(member, Draft) and member.concept is not None:
            return member
    return None


def timely(tree: Tree) -> Draft | None:
    """The statement of a member whose window stands behind it, where it may be of the whole list."""
    while isinstance(tree, Node):
        if tree.op not in ("all", "except"):
            return None
        tree = tree.members[0]
    return tree if tree.window_behind and tree.time is not None and tree.concept is not None else None


def share_window(tree: Tree, source: Draft) -> bool:
    """Give the window of a statement to all that a tree says and that names no time; whether any took it."""
    if isinstance(tree, Node) and tree.op == "except":
        return share_window(tree.members[0], source)
    if isinstance(tree, Node):
        shared = [share_window(m, source) for m in tree.members]
        return any(shared)
    if tree.time is not None or tree.concept is None or tree.domain in ("person", "consent"):
        return False
    if tree.standing in ("current", "ongoing", "concurrent"):
        return False  # "current or, in the last 6 months, past"
    tree.time, tree.again, tree.window_behind = source.time, source.again, True
    return True


def share_behind(text: str, op: Literal["all", "any"], members: list[Tree], source: Draft) -> None:
    """ "A, B or C within 6 months": the window behind the last member is of the earlier ones, too."""
    planned = _planned(text, source)
    named = source.domain == "consent"
    if _aside(text, members, source):
        return
    for member in reversed(members[-MOST:]):
        if named and any(d.domain != "consent" for d in drafts(member)):
            return  # "pregnant or unwilling to use contraception during the study"
        if isinstance(member, Node) and member.op != "except":
            return  # "ulcers of grade 2, or bleeding within 3 months"
        if op == "all" and isinstance(member, Draft) and member.domain != source.domain and member.value is None:
            return  # "diabetes and metformin for 3 months"
        if planned and not all(_planned(text, d) for d in drafts(member)):
            return  # "pregnant or planning a pregnancy within a year"
        if isinstance(member, Draft) and member.domain == "person":
            return  # "pregnant or nursing women, or women planning to breastfeed during the study"
        if isinstance(member, Draft) and any(active(m) for m in member.modifiers):
            continue  # "active cancer, or another within 2 years"
        share_window(member, source)
        for draft in drafts(member):
            if draft.time is not None and source.time is not None:
                draft.time = _anchored(text, draft.time, source.time)


def _aside(text: str, members: list[Tree], source: Draft) -> bool:
    """Whether a window stands in a clause on the last thing ("A, or B that may worsen C or D during the study")."""
    before = last_named(members)
    if before is None or before.concept is None or source.time is None or source.time.span is None:
        return False
    words = text[before.concept[1] : source.time.span[0]].lower()
    return _RELATIVE.search(words) is not None


_RELATIVE = re.compile(r"(?<!\bor )(?<!\band )\b(?:that|which|who|whom|whose)\b")
_LATELY = re.compile("last|past|prior|prec|prev|recent")


def _anchored(text: str, open_: Window, named: Window) -> Window:
    """ "A within 8 weeks or B within 4 weeks before screening": the event named last is that of both."""
    start, end, last = open_.start, open_.end, named.end
    if not (isinstance(start, Bound) and isinstance(end, Bound) and isinstance(last, Bound) and named.start):
        return open_
    if start.anchor.event != "unspecified" or end.offset is not None or last.offset is not None or not open_.span:
        return open_
    if isinstance(named.start, Bound) and named.start.anchor.event != last.anchor.event:
        return open_  # "within 4 weeks, or planned during the study"
    words = text[slice(*open_.span)].lower()
    if not words.startswith("within") or _LATELY.search(words) or last.anchor.event == "unspecified":
        return open_
    return replace(open_, start=replace(start, anchor=last.anchor), end=replace(end, anchor=last.anchor))


def return_window(base: Tree, named: Tree, *, lasting: bool) -> None:
    """ "drugs other than vitamins within 2 weeks": a window behind exceptions or examples is of their base.

    Without `lasting`, a window is theirs unless it says how far back to look: "except those cured for 5 years".
    """
    source = last_draft(named)
    time = source.time
    if not source.window_behind or time is None or source.value is not None or source.count is not None:
        return
    if not lasting and (time.duration or not isinstance(time.start, Bound) or not isinstance(time.end, Bound)):
        return
    if share_window(base, source):
        for draft in drafts(named):
            if draft.time is time:
                draft.time, draft.again = None, ()


def return_duration(able: Tree, aid: Tree) -> None:
    """ "able to walk without a stick for 10 minutes": for so long somebody walks."""
    if not isinstance(able, Draft) or able.domain != "observation" or able.time is not None:
        return
    for draft in drafts(aid):
        time = draft.time
        if time is not None and time.duration and time.start is time.end is None and draft.window_behind:
            able.time, able.window_behind, draft.time = time, True, None


_PEOPLE = re.compile(r"^(?:wom[ae]n|females?) ")
_INTENT = (
    "plan",
    "intend",
    "intent",
    "wish",
    "desir",
    "want",
    "refus",
    "unwilling",
    "use ",
    "agree",
    "become ",
    "expect",
    "conceive",
    "father",
    "donat",
)


def _planned(text: str, draft: Draft) -> bool:
    """Whether a statement is of what is still to come."""
    if draft.concept and _PEOPLE.sub("", text[slice(*draft.concept)].lower()).startswith(_INTENT):
        return True
    return any(m.type == "certainty" and m.value == "planned" for m in draft.modifiers)
