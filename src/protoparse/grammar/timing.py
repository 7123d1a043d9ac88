"""Of what in a list a window is: what stands behind the last member, or behind examples and exceptions.

In: the members of a list and the statement whose window stands behind it. Out: whether the others took it; "A, B or C
within 6 months" dates all three, "pregnant, or unwilling to use contraception during the study" only the last.
"""

from __future__ import annotations

import re
from typing import Literal

from protoparse.grammar.anchoring import anchored
from protoparse.grammar.drafts import Draft, Node, Tree, active, drafts, last_draft, parts_of
from protoparse.grammar.periods import visited
from protoparse.model import Bound

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


def timely(text: str, tree: Tree) -> Draft | None:
    """The statement of a member whose window stands behind it, where it may be of the whole list."""
    denied = False
    while isinstance(tree, Node):
        if tree.op == "if" or (tree.op == "any" and not all(d.time for d in drafts(tree))):
            return None  # "or C within 4 weeks (6 weeks for D)" is dated throughout
        denied = denied or tree.op == "not"
        tree = tree.members[0]
    if denied and not _prevents(text, tree):
        return None
    return tree if tree.window_behind and tree.time is not None and tree.concept is not None else None


def befallen(*trees: Tree) -> bool:
    """Whether only what befalls somebody is said, or is done to them: a time behind the last is of all of it."""
    return all(
        d.domain in ("condition", "procedure")
        and d.value is None
        and d.called not in _LONG
        and not any(active(m) for m in d.modifiers)
        for tree in trees
        for d in drafts(tree, exceptions=False)
    )


_LONG = ("pregnancy", "lactation")
_PREVENTIVE = ("contracept", "birth control", "abstin", "condom", "donat", "father", "intercourse", "barrier method")


def _prevents(text: str, draft: Draft) -> bool:
    """Whether somebody undertakes not to have a child: as long for one way as for the other."""
    if draft.domain != "consent" or draft.concept is None:
        return False
    words = text[slice(*draft.concept)].lower()
    return any(w in words for w in _PREVENTIVE)


def share_window(text: str, tree: Tree, source: Draft) -> bool:
    """Give the window of a statement to all that a tree says and that names no time; whether any took it."""
    if isinstance(tree, Node) and tree.op == "except":
        return share_window(text, tree.members[0], source)
    if isinstance(tree, Node):
        shared = [share_window(text, m, source) for m in tree.members]
        return any(shared)
    if tree.time is not None or (tree.concept is None and tree.value is None) or tree.domain == "person":
        return False
    if tree.domain == "consent" and not (_prevents(text, tree) and _prevents(text, source)):
        return False
    if tree.standing in ("current", "ongoing", "concurrent"):
        return False  # "current or, in the last 6 months, past"
    if tree.standing == "history" and source.time is not None and visited(source.time):
        return False  # "a history of drug abuse, or a positive test at screening"
    if tree.called in _LONG and source.called not in _LONG and not _planned(text, source):
        return False  # "pregnant or had surgery within a month"
    tree.time, tree.again, tree.window_behind = source.time, source.again, True
    return True


def share_behind(text: str, op: Literal["all", "any"], members: list[Tree], source: Draft) -> None:
    """ "A, B or C within 6 months": the window behind the last member is of the earlier ones, too."""
    planned = _planned(text, source)
    named = source.domain == "consent"
    if _aside(text, members, source) or (source.concept and text.endswith("such ", 0, source.concept[0])):
        return  # "… and such medicines are not allowed during the study"
    nearest = source
    for member in reversed(members[-MOST:]):
        if _another_clause(text, last_draft(member), nearest, source):
            return  # "has an immunodeficiency or is receiving steroids within 7 days"
        nearest = next(iter(drafts(member)))
        if named and any(d.domain != "consent" for d in drafts(member)):
            return  # "pregnant or unwilling to use contraception during the study"
        if isinstance(member, Node) and member.op != "except" and not all(_undergone(text, d) for d in drafts(member)):
            return  # "ulcers of grade 2, or bleeding within 3 months"
        if op == "all" and isinstance(member, Draft) and member.domain != source.domain and member.value is None:
            return  # "diabetes and metformin for 3 months"
        if planned and not named and not all(_planned(text, d) for d in drafts(member)):
            return  # "pregnant or planning a pregnancy within a year"
        if isinstance(member, Draft) and member.domain == "person":
            return  # "pregnant or nursing women, or women planning to breastfeed during the study"
        if isinstance(member, Draft) and any(active(m) for m in member.modifiers):
            continue  # "active cancer, or another within 2 years"
        share_window(text, member, source)
        for draft in drafts(member):
            if draft.time is not None and source.time is not None:
                draft.time = anchored(text, draft.time, source.time)


def _undergone(text: str, draft: Draft) -> bool:
    """Whether a statement is of what is given or done to somebody, or of how they prevent a pregnancy."""
    if draft.domain in _GIVEN and draft.value is None and draft.dose is None and draft.count is None:
        return True
    return _prevents(text, draft)


def _another_clause(text: str, before: Draft, after: Draft, source: Draft) -> bool:
    """Whether a verb of its own begins what is given behind a condition, no second event beside it."""
    if before.domain != "condition" or source.domain not in _GIVEN or not before.concept or not after.concept:
        return False
    verb = _FINITE.search(text, before.concept[1], after.concept[0])
    if verb is None:
        return False
    return verb[0] in ("is", "are") or not _HAPPENED.search(text, max(0, before.concept[0] - 25), before.concept[0])


_GIVEN = ("procedure", "drug", "device", "study")
_FINITE = re.compile(r"\b(?:is|are|was|were|has|have|had)\b")
_HAPPENED = re.compile(r"\b(?:had|been|suffered|experienced|developed)\b")


def _aside(text: str, members: list[Tree], source: Draft) -> bool:
    """Whether a window stands in a clause on the last thing ("A, or B that may worsen C or D during the study")."""
    before = last_named(members)
    if before is None or before.concept is None or source.time is None or source.time.span is None:
        return False
    words = text[before.concept[1] : source.time.span[0]].lower()
    return _RELATIVE.search(words) is not None


_RELATIVE = re.compile(r"(?<!\bor )(?<!\band )\b(?:that|which|who|whom|whose)\b")


def return_window(text: str, base: Tree, named: Tree, *, lasting: bool) -> None:
    """ "drugs other than vitamins within 2 weeks": a window behind exceptions or examples is of their base.

    Without `lasting`, a window is theirs unless it says how far back to look: "except those cured for 5 years".
    """
    source = last_draft(named)
    time = source.time
    if not source.window_behind or time is None or source.value is not None or source.count is not None:
        return
    if lasting and any(d.time is not None and d.time is not time for d in drafts(named)):
        return  # "including stroke within a year, angina within a month": each has its own
    if not lasting and last_draft(base).window_behind and last_draft(base).time is not None:
        return  # "A, B within 4 weeks, except C within 6 weeks"
    if not lasting and (time.duration or not isinstance(time.start, Bound) or not isinstance(time.end, Bound)):
        return
    if share_window(text, base, source):
        for draft in drafts(named):
            if draft.time is time:
                draft.time, draft.again = None, ()


def dated_alike(base: Draft, named: Tree) -> bool:
    """Whether one window is behind several examples of what is given: "chemotherapy (A, B or C within 4 weeks)"."""
    told = list(drafts(named))
    given = all(d.domain in _GIVEN for d in (base, *told)) and not base.standing
    return given and len(told) > 1 and all(d.time is told[-1].time is not None for d in told)


def dated_apart(base: Tree, named: Tree) -> tuple[Tree, list[Tree]]:
    """Examples up to the window behind them, and what follows with another, which is no example any more.

    So in "chemotherapy such as A or B within 4 weeks, or radiotherapy within 2 weeks".
    """
    if last_draft(base).domain not in _GIVEN:
        return named, []
    listed = parts_of(named, "any")
    if isinstance(last := listed[-1], Node) and last.op == "any":
        listed = [*listed[:-1], *last.members]  # "A, B or C within 4 weeks (or D within 5 half-lives)"
    first = listed[0]
    if not isinstance(first, Draft) or first.time is None or not first.window_behind:
        return named, []
    k = next((k for k, m in enumerate(listed) if next(iter(drafts(m))).time is not first.time), 0)
    if k < 2 or next(iter(drafts(listed[k]))).time is None:
        return named, []
    return Node("any", listed[:k]), listed[k:]


def return_duration(able: Tree, aid: Tree) -> None:
    """ "able to walk without a stick for 10 minutes": for so long somebody walks."""
    if not isinstance(able, Draft) or able.domain != "observation" or able.time is not None:
        return
    for draft in drafts(aid):
        time = draft.time
        if time is not None and time.duration and time.start is time.end is None and draft.window_behind:
            able.time, able.window_behind, draft.time = time, True, None


_PEOPLE = re.compile(r"^(?:wom[ae]n|females?) ")
# How the name of something begins that is still to come, and stems of its verb right in front of the name.
_INTENT = (
    "plan", "intend", "intent", "wish", "desir", "want", "refus", "unwilling", "use ",
    "agree", "become ", "expect", "conceive", "father", "donat",
)  # fmt: skip
_INTENDING = re.compile(r"(?i)\b(?:plan|intend|intent|wish|want|expect)\w*\s(?:to|on|of)\s$")


def _planned(text: str, draft: Draft) -> bool:
    """Whether a statement is of what is still to come."""
    if draft.concept and _PEOPLE.sub("", text[slice(*draft.concept)].lower()).startswith(_INTENT):
        return True
    if draft.concept and _INTENDING.search(text, max(0, draft.concept[0] - 16), draft.concept[0]):
        return True
    return any(m.type == "certainty" and m.value in ("planned", "expected") for m in draft.modifiers)
