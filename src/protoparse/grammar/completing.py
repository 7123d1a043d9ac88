"""Names that their list completes: the head that stands behind the last member alone.

In: a member of a list and a later one. Out: the member with the head, and what is said of the last one alone; of "renal
or hepatic impairment" the renal one, of "alcohol or drug abuse" the abuse of alcohol, of "hepatitis B or C" the C.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from msgspec.structs import replace

from protoparse.grammar.choices import narrowing
from protoparse.grammar.drafts import Draft
from protoparse.grammar.facts import Cutter
from protoparse.grammar.terms import domain_of
from protoparse.lexicon import fold
from protoparse.lexing import Term, lexer
from protoparse.model import Domain

_OR = re.compile(r"-?\s*,?\s*(?:and\s?/\s?or|or|/)\s*")
ADJECTIVE = ("al", "ic", "ac", "ar", "ous", "ary", "ive", "oid", "ory", "ine")


_HABITS = ("dependence", "abuse", "addiction", "use", "disorder", "misuse")
"""How what somebody does with a substance ends, which no test tells."""


def complete(cutter: Cutter, members: Sequence[Draft], right: Draft, closed: Sequence[bool] | None = None) -> None:
    """What the last member of a list says holds for the earlier ones that lack it.

    One that is `closed`, by default one with a window behind it, takes no result of another.
    """
    if right.concept is None:
        return
    tail = cutter.text[slice(*right.concept)].split()
    whole = " ".join(tail)
    # a name of one word has no head to give, only of what kind it is, and its limit
    brief = len(tail) == 1 and right.finding is None and half(whole) is None
    if brief and right.value is None:
        for member in members if right.domain is not None else ():
            if member.domain is None and member.concept is not None:
                member.domain = right.domain
        return
    limited = brief and not _pressure(right)
    for k, member in enumerate(members):
        if member.concept is not None and not (limited and member.value is not None):
            text = cutter.text[slice(*member.concept)]
            ended = member.window_behind if closed is None else closed[k]
            _complete(cutter, member, text, right, tail, whole, closed=ended)


def _complete(
    cutter: Cutter, member: Draft, text: str, right: Draft, tail: list[str], whole: str, *, closed: bool
) -> None:
    """The same for one of them, its name `text`; `tail` are the words of the last member, `whole` these joined."""
    measured = member.domain in (None, "measurement") and right.domain in (None, "measurement")
    tested = right.domain == "condition" and member.domain in ("condition", "measurement")
    measured = measured or (tested and resulted(right) and testable(cutter.text, member))
    if measured and member.value is None and member.count is None and right.value and not closed:
        said = member.finding is not None and member.finding.value != "positive"  # "MMR-deficient or MSI-high"
        if not isinstance(right.value.value, str):
            # "adequate renal function, with serum creatinine ≤ 1.5 × ULN": a function is adequate or not
            said = said or text.endswith("function")
        if not said:
            member.value, member.bare_value = right.value, right.bare_value
            member.domain = member.domain or right.domain
    if member.finding is None and not closed and member.term is not None and member.term.kind == "word":
        member.finding = right.finding  # "ALK or ROS1 rearrangement"
    if member.value and right.value and member.value.unit is None and _pressure(member) and _pressure(right):
        member.value = replace(member.value, unit=right.value.unit)  # "systolic > 160 or diastolic > 100 mmHg"
    ailing = member.domain in (None, "drug") and right.domain in ("condition", "allergy") and right.value is None
    if ailing and (head := _of_substances(tail)) and _nothing_done(member):
        # "alcohol or drug abuse", "iron or vitamin D deficiency": no substance is said to be taken
        _call(member, f"{text} {head}", right.domain, known=right.domain == "condition")
        return
    if right.domain == "drug" and _target(cutter, member, text, tail):
        _call(member, f"{text} {tail[-1]}", "drug")
        member.value = None
        return
    parts = half(whole) if not member.value else None
    if parts is not None and "paired" in cutter.roles(text) and member.domain in (None, right.domain, "measurement"):
        _call(member, text + parts[1], right.domain)
        return
    shared = functioning = False
    if len(tail) > 1:
        shared = text.lower().endswith(ADJECTIVE) and not member.known
        shared = shared or (right.known and "place" in cutter.roles(text.split()[-1]))
        functioning = tail[-1] == "function" and member.domain in (None, "procedure", "observation")
    long = 1 if shared or member.known else 2  # "bone marrow and liver function"
    if (shared or functioning) and len(text.split()) <= long:
        # "renal, hepatic or cardiac disease": the head noun stands behind the last adjective alone.
        member.domain = right.domain
        member.name = fold(f"{text} {tail[-1]}")
        member.known = member.completed = True
    elif len(tail) > 2 and text.lower().startswith("type ") and tail[0].lower() == "type" and len(text.split()) == 2:
        # "type 1 or type 2 diabetes"
        whole = fold(f"{text} {' '.join(tail[2:])}")
        term = _term(whole.split())
        member.domain, member.term, member.name = right.domain, term, term.name if term else whole
        member.completed = True
    elif member.domain is None and right.domain is not None and right.value is None:
        member.domain = right.domain


def _pressure(draft: Draft) -> bool:
    return draft.term is not None and "blood pressure" in draft.term.name


def of_place(cutter: Cutter, first: Draft, right: Draft) -> None:
    """A place alone goes on with what is known of another one: "cancer of the lung, breast or colon"."""
    if first.term is None or not first.concept or not right.concept or right.term is not None or right.modifiers:
        return
    whole, place = (cutter.text[slice(*c)].lower() for c in (first.concept, right.concept))
    begin = whole.rfind(" of ")
    if begin < 0 or not all("place" in cutter.roles(t.split()[-1]) for t in (whole, place)):
        return
    name = fold(f"{whole[: whole.rfind(' ')]} {place}")
    term = _term(name.split())
    right.domain, right.term, right.name = first.domain, term, term.name if term else name
    right.known = True


def own_kind(cutter: Cutter, lone: Draft, right: Draft) -> bool:
    """Whether a modifier is of the head alone, where its list goes on with another kind: "periocular or ocular injury".

    It is then a thing of its own, named by the head; "acute or viral hepatitis" is no viral hepatitis that is acute.
    """
    if right.concept is None or len(lone.modifiers) != 1 or lone.standing or lone.time or lone.value:
        return False
    span, (start, end) = lone.modifiers[0].span, right.concept
    kind, _, rest = cutter.text[start:end].partition(" ")
    if (
        span is None
        or not rest
        or not kind.lower().endswith(ADJECTIVE)
        or narrowing(cutter, kind, start) is not None
        or not _OR.fullmatch(cutter.text[span[1] : start])
    ):
        return False
    lone.concept, lone.modifiers = span, ()
    _call(lone, f"{cutter.text[slice(*span)]} {rest.split()[-1]}", right.domain)
    return True


def _call(draft: Draft, words: str, domain: Domain | None, *, known: bool = True) -> None:
    """Give a draft the whole name that it has by its list; `known`: the tables may know it by that."""
    name = fold(words)
    term = _term(name.split()) if known else None
    draft.domain, draft.name, draft.term = domain, term.name if term else name, term
    draft.known = draft.completed = True


@lru_cache(5_000)
def half(name: str) -> tuple[str, str] | None:
    """The first half of a name that comes in pairs, and the rest: "lower" and " limb", "hyper" and "thyroidism"."""
    word = name.lower().partition(" ")[0].partition("-")[0]
    singles = lexer().singles
    for k in range(len(word), 1, -1):
        entry = singles.get(word[:k])
        if entry is not None and "paired" in entry.roles:
            return name[:k], name[k:].replace("-", " ", 1)
    return None


def _of_substances(words: list[str]) -> str | None:
    """The head of a name of which the rest is a substance: of "drug abuse" the abuse."""
    for k in (1, 2):
        rest = [w.lower() for w in words[:-k]]
        if not rest:
            break
        term = _term(rest)
        if "drug" in (term.domain if term else None, domain_of(rest), domain_of(rest[:1])):
            return " ".join(words[-k:])
    return None


def _term(words: list[str]) -> Term | None:
    """What the tables say of a whole name."""
    entry = lexer().phrase(words) if words else None
    return entry.roles.get("concept") if entry is not None else None


def _target(cutter: Cutter, member: Draft, text: str, tail: list[str]) -> bool:
    """Whether a member is what the drugs behind it act on: "VEGF or VEGFR inhibitor"."""
    if len(tail) < 2 or " " in text or "counterpart" not in cutter.roles(tail[-1]) or member.first != member.concept[0]:  # type: ignore[index]
        return False
    term = _term([text.lower()])
    return (text.isupper() or any(c.isdigit() for c in text)) and (term is None or term.domain != "drug")


def _nothing_done(member: Draft) -> bool:
    """Whether a substance stands without a verb ("use of alcohol")."""
    return bool(member.standing or member.modifiers) or member.concept is None or member.first == member.concept[0]


def counterpart(cutter: Cutter, first: Draft, right: Draft) -> None:
    """A bare kind of drug goes on with what the first is a kind of: "CYP3A4 inhibitors or inducers"."""
    if first.domain != "drug" or right.domain != "drug" or not first.concept or not right.concept or first.term is None:
        return
    kind = cutter.text[slice(*right.concept)].lower()
    whole = cutter.text[slice(*first.concept)].split()
    if (
        " " in kind
        or len(whole) < 2
        or not {"counterpart"} <= cutter.roles(kind).keys() & cutter.roles(whole[-1]).keys()
    ):
        return
    name = fold(" ".join([*whole[:-1], kind]))
    term = _term(name.split())
    right.term, right.name, right.known = term, term.name if term else name, True


def lettered(cutter: Cutter, first: Draft, right: Draft) -> None:
    """A letter alone goes on with a name that ends in one: "hepatitis B or C", "troponin I or T"."""
    if not first.concept or not right.concept:
        return
    words = cutter.text[slice(*right.concept)].split()
    if len(words[0]) > 1 or not words[0].isupper():
        return
    named = fold(cutter.text[slice(*first.concept)]).split()
    if len(named) == 1 and first.completed and first.name:
        named = first.name.split()
    if len(named) < 2 or len(named[-1]) > 1:
        return
    whole = [*named[:-1], *fold(" ".join(words)).split()]
    entry = lexer().phrase(whole)
    term = entry.roles.get("concept") or entry.roles.get("measurement") if entry is not None else None
    right.term, right.name = term, term.name if term else " ".join(whole)
    right.domain = term.domain if term else first.domain
    right.known = right.completed = True


def testable(text: str, draft: Draft) -> bool:
    """Whether a test tells if somebody has a thing ("HIV", "hepatitis C", "cannabis"): no gout is positive."""
    if draft.domain == "measurement" or draft.domain is None:
        return True
    said = text[slice(*(draft.concept or (0, 0)))].lower()
    name, singles = draft.called or said, lexer().singles
    return not name.endswith(_HABITS) and any("testable" in singles[word].roles for word in f"{name} {said}".split())


def resulted(draft: Draft) -> bool:
    """Whether a test's result was given for a disease ("hepatitis B, hepatitis C and syphilis negative")."""
    return draft.value is not None and draft.value.value in ("positive", "negative")
