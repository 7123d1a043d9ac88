"""What belongs together in a list: whom a statement is of, what goes with what, where "and" means either.

In: two neighbours of a list, as trees. Out: whether the one goes on with the other, and with which of its members; in
"women with eclampsia or preeclampsia" both are of the women, "stage II or stage III" is one statement of two classes.
"""

from __future__ import annotations

import re
from typing import Any

from protoparse.grammar.completing import complete
from protoparse.grammar.drafts import Draft, Node, Tree, apart, bare, denies, drafts, last_draft, parts_of
from protoparse.grammar.facts import Cutter
from protoparse.grammar.naming import CLASSES
from protoparse.grammar.terms import GIVEN
from protoparse.lexing import lexer
from protoparse.model import Comparison


def both_sexes(cutter: Cutter, left: Tree, right: Tree) -> bool:
    """Whether two plain names are those of either sex: "male or female"."""
    if not (isinstance(left, Draft) and isinstance(right, Draft)) or left.value or right.value:
        return False
    if left.concept is None or right.concept is None:
        return False
    roles = [cutter.roles(cutter.text[slice(*d.concept)]) for d in (left, right) if d.concept]
    return any(a in roles[0] and b in roles[1] for a, b in SEXES)


SEXES = (("male", "female"), ("female", "male"))


EITHER = (",", "/", "and", "&", "as well as")


def kinds(text: str, left: Tree, right: Tree) -> bool:
    """ "and" between kinds of disease, drug or patient in an exclusion means either; between findings, both."""
    if (
        isinstance(left, Draft)
        and left.concept
        and text[max(left.concept[0] - 5, 0) : left.concept[0]].lower() == "both "
    ):
        return False
    if isinstance(left, Draft) and left.domain == "person" and next(iter(drafts(right))).related:
        return False  # "women of childbearing potential and who are pregnant"
    if _also(text, left, right):
        return False
    left, right = _measured(text, left), _measured(text, right)
    if isinstance(left, Node) and left.op in ("all", "any"):
        left = _measured(text, left.members[-1])
    if any(isinstance(m, Node) and (m.op == "not" or m.count) for m in (left, right)):
        return False  # "fever and at least one of …": what is counted is a demand of its own
    return _tests(text, left, right) or all(d.value is None for m in (left, right) for d in drafts(m))


_ALSO = re.compile(r"\band\s+(?:(?:who|that|which)\s+)?(?:is|are|has|have)\s")


def _also(text: str, left: Tree, right: Tree) -> bool:
    """Whether more is said of the same people, in a clause of its own: "has gout and is taking colchicine"."""
    if isinstance(left, Node) and left.op == "any":
        last, member = last_draft(left.members[-2]), next(iter(drafts(left.members[-1])))
        if " or " not in (between := text[last.last : member.first] + " ") or "," in between:
            return False  # "has gout, has asthma, and is pregnant"
    before, after = last_draft(left), next(iter(drafts(right)))
    if before.last < 0:
        return False
    end = after.concept[0] if after.concept is not None else after.last
    return _ALSO.search(text, max(before.last - 1, 0), max(end, before.last)) is not None


def _tests(text: str, left: Tree, right: Tree) -> bool:
    """Whether one result stands in front of tests for two things: "positive HBsAg and HCV antibody".

    Those for one infection go together ("positive HCV antibody and HCV RNA").
    """
    if not (isinstance(left, Draft) and isinstance(right, Draft)) or right.value is not None or left.value is None:
        return False
    told, named = left.value, left.concept
    if told.value != "positive" or told.span is None or named is None or told.span > named or right.time is not None:
        return False
    if right.concept is None or right.domain not in ("measurement", "condition", None):
        return False
    one, other = (d.term.name if d.term else text[slice(*d.concept or (0, 0))].lower() for d in (left, right))
    tested = any("testable" in lexer().singles[word].roles for word in other.split())
    return tested and one.split()[:2] != other.split()[:2]


def _measured(text: str, tree: Tree) -> Tree:
    """A disease without the bracket that tells how it is measured: "uncontrolled diabetes (HbA1c > 10 %)"."""
    first = tree.members[0] if isinstance(tree, Node) and tree.op == "all" else None
    if not isinstance(first, Draft) or first.domain != "condition" or not isinstance(tree, Node):
        return tree
    between = text[first.last : next(iter(drafts(tree.members[1]))).first]
    return first if between.strip() in ("(", "[", "\\[") else tree


def disjoint(left: Tree, right: Tree) -> bool:
    """ "under 18 and over 75": two limits of one thing that nobody meets together."""
    return (
        isinstance(left, Draft)
        and isinstance(right, Draft)
        and left.value is not None
        and right.value is not None
        and left.name is not None
        and left.name == right.name
        and apart(left.value, right.value)
    )


def each_sex(cutter: Cutter, left: Tree, right: Tree) -> bool:
    """ "men aged 40 years or more and women aged 50 years or more": what is said of each sex; nobody is both."""
    one, other = (m.members[:3] if isinstance(m, Node) and m.op == "all" else () for m in (left, right))
    return any(both_sexes(cutter, a, b) for a in one for b in other)


def other_sex(cutter: Cutter, left: Tree, right: Tree) -> bool:
    """ "men and postmenopausal women": people of either sex, one of them described."""
    if not (isinstance(left, Draft) and isinstance(right, Draft)) or {left.domain, right.domain} != {"person"}:
        return False
    ends = [cutter.roles(cutter.text[slice(*d.concept)].split()[-1]) for d in (left, right) if d.concept]
    return len(ends) == 2 and any(a in ends[0] and b in ends[1] for a, b in SEXES)


_FEW = 8
"""So many statements at most are looked at for who is meant: a list without end is no list of people."""


def denied_of_one_sex(cutter: Cutter, left: Tree, right: Tree) -> Tree | None:
    """ "male and non-pregnant female patients aged 18 or more": what is denied is so of one sex, the rest is of both.

    None where nothing of the kind is said.
    """
    before, behind = parts_of(left, "all"), parts_of(right, "all")
    if len(before) + len(behind) > _FEW:
        return None
    said = [*before, *behind]
    plain = [m for m in said if isinstance(m, Draft) and m.domain == "person" and not m.value and not denies(m)]
    if len(plain) != 1:
        return None
    denied = [m for m in said if denies(m)]
    if not denied or not (said[0] is plain[0] or len(before) == len(denied)):
        return None
    last = last_draft(denied[-1])
    if last.concept is None or plain[0].concept is None:
        return None
    one, other = (cutter.roles(cutter.text[slice(*c)].split()[-1]) for c in (plain[0].concept, last.concept))
    if not any(a in one and b in other for a, b in SEXES):
        return None
    told = [plain[0], denied[0] if len(denied) == 1 else Node("all", list(denied))]
    either = Node("any", told if said[0] is plain[0] else told[::-1])
    rest = [m for m in said if m is not plain[0] and not any(m is d for d in denied)]
    return Node("all", [either, *rest]) if rest else either


def of_treatments(text: str, left: Node, right: Tree) -> bool:
    """Whether a list goes on with what a disease was treated with ("lupus previously treated with A, B or C")."""
    if left.op != "all" or len(left.members) != 2 or not isinstance(right, Draft):
        return False
    disease, given = left.members[0], next(iter(drafts(left.members[1])))
    if not isinstance(disease, Draft) or disease.concept is None or given.concept is None or right.anew:
        return False
    between = text[disease.concept[1] : given.concept[0]].lower()
    return "previously treated " in between and right.domain in ("drug", "procedure")


def classes(text: str, left: Tree, right: Tree) -> list[Tree] | None:
    """The members before a class that is repeated with its scale, which has both then: "stage II or stage III"."""
    last = parts_of(left, "any")[-1]
    lead = right.members[0] if isinstance(right, Node) and right.op == "all" else right
    if not (isinstance(last, Draft) and isinstance(lead, Draft)) or last.term is None or lead.term is None:
        return None
    one, other = last.value, lead.value
    if last.term.kind != "ordinal" or one is None or other is None or not last.concept or not lead.concept:
        return None
    scale, again = (text[slice(*c)].lower() for c in (last.concept, lead.concept))
    if scale != again and not (scale.endswith(f" {again}") and lead.term.name in CLASSES):
        return None  # "clinical stage II or pathological stage III"
    if {one.operator, other.operator} - {"=", "in"} or last.time or last.modifiers or not (one.span and other.span):
        return None
    both = tuple([v for c in (one, other) for v in (c.values if isinstance(c.values, tuple) else (c.value,))])
    lead.value = Comparison(operator="in", values=both, span=(one.span[0], other.span[1]))  # type: ignore[arg-type]
    lead.concept, lead.term, lead.name = last.concept, last.term, last.name
    lead.cover(last.first, last.last)
    return list(parts_of(left, "any")[:-1])


def awaiting(cutter: Cutter, left: Tree, right: Node) -> int:
    """Which member of what stands behind "or" the last thing before it goes with, -1 where none does.

    Of "type 1 or type 2 diabetes and HbA1c ≤ 9 %" and of "severe or uncontrolled asthma and FEV1 < 60 %" the first
    behind it; in an inclusion also where both are diseases and what follows is none ("gout or asthma and age > 40").
    """
    last = parts_of(left, "any")[-1]
    named = [(m.concept, k) for k, m in enumerate(right.members) if isinstance(m, Draft) and m.concept]
    if right.op not in ("all", "any") or right.count or not isinstance(last, Draft) or not named:
        return -1
    k = min(named)[1]
    lead = right.members[k]
    if not isinstance(lead, Draft) or lead.concept is None or last.value or last.time or last.count or last.dose:
        return -1
    if last.concept is None:
        return k if last.modifiers and last.last < lead.first else -1
    others = [d for n, m in enumerate(right.members) if n != k for d in drafts(m)]
    waiting = not last.completed
    complete(cutter, [last], lead, [False])
    if waiting and last.completed:
        if right.op == "any" or and_behind(cutter.text, lead, others):
            return k
        # "severe hepatic or renal insufficiency (GFR < 30)": both are severe
        lead.modifiers = (*[m for m in last.modifiers if m not in lead.modifiers], *lead.modifiers)
    alike = last.domain == lead.domain in ("condition", "procedure", "drug") and lead.value is None and not lead.anew
    other = all(d.domain in ("person", "measurement", "observation", "consent") for d in others)
    if not alike or not other or right.op == "any" or cutter.kind == "exclusion":
        return -1
    return k if and_behind(cutter.text, lead, others) else -1


def and_behind(text: str, lead: Draft, others: list[Draft]) -> bool:
    """Whether an "and" that is printed joins a thing to what follows, no bracket ("renal failure (GFR < 30)")."""
    between = text[lead.last : others[0].first] if others else ""
    return " and " in between and "(" not in between


def of_people(left: Node, right: Tree, link: Any) -> bool:
    """Whether a list goes on with what people have ("women with eclampsia, preeclampsia or gestational diabetes").

    What comes with a disease goes on behind "or" alone: "diabetes with neuropathy or nephropathy".
    """
    if left.op != "all" or not isinstance(left.members[0], Draft):
        return False
    who = left.members[0].domain
    if who != "person" and not (
        who == "condition" and link.value in ("or", "and / or") and left.members[0].value is None
    ):
        return False
    had, more = last_draft(left.members[1]), list(drafts(right))
    # "diabetes treated with metformin or insulin", "women who underwent hysterectomy or ovariectomy"
    given = had.domain in GIVEN and link.value in ("or", "and / or", ",")
    alike = GIVEN if given else (had.domain,)
    return (
        len(left.members) == 2
        and (had.domain == "condition" or given)
        and had.value is None
        and all(d.domain in (None, *alike) and d.anew not in ("people", "other") for d in more)
        and not (isinstance(right, Node) and right.op in ("not", "if"))
    )


def goes_on(cutter: Cutter, left: Tree) -> bool:
    """Whether a tree ends in how a disease went on: "lymphoma that has recurred or progressed"."""
    if not isinstance(left, Node) or left.op != "all" or last_draft(left.members[-1]) is left.members[0]:
        return False
    course = left.members[-1]
    return (isinstance(course, Draft) or course.op == "any") and _course(cutter, last_draft(course))


def of_course(cutter: Cutter, right: Tree, link: Any) -> bool:
    """Whether "or" leads on to what else became of a disease: "…, or is refractory to X", "…, or has no cure"."""
    more = list(drafts(right))
    if link.value not in ("or", "and / or") or more[0].anew == "people" or any(d.domain == "person" for d in more):
        return False
    if isinstance(right, Node) and right.op != "any":
        return right.op == "not"
    return all(d.domain != "condition" or d.denied or _course(cutter, d) for d in more)


def _course(cutter: Cutter, draft: Draft) -> bool:
    """Whether a draft only says how a disease went on."""
    names = [draft.term.name if draft.term else "", cutter.text[slice(*draft.concept)] if draft.concept else ""]
    return any("course" in cutter.roles(name.rpartition(" ")[2]) for name in names)


def of_grade(left: Tree, right: Tree, link: Any) -> bool:
    """Whether "or" leads on to another thing of the grade in front of the first: "grade 3 neuropathy or myalgia"."""
    if not isinstance(left, Node) or left.op != "all" or len(left.members) != 2 or link.value not in ("or", "and / or"):
        return False
    grade, named = left.members[0], list(drafts(left.members[1]))
    if not isinstance(grade, Draft) or grade.value is None or grade.term is None or not isinstance(right, Draft):
        return False
    first = named[0].concept
    graded = grade.term.name == "grade" or grade.term.name.endswith(" grade")
    if not graded or first is None or not grade.concept or grade.concept > first:
        return False
    return all(d.domain == "condition" and d.value is None and d.time is grade.time for d in named) and (
        right.domain == "condition" and bare(right) and right.anew is None and right.time is None
    )


_PREDICATES = ("predicate", "relative", "allergy")
_NEAR = 4
"""Among how many of the last members the clause on something is looked for."""


def also_related(cutter: Cutter, op: str, left: Tree, right: Tree, link: Any) -> tuple[Node, int] | None:
    """What more is said of behind "or": "asthma who have a cough or are pregnant", of the last clause on something.

    Which of its members the clause is stands beside it.
    """
    last = left.members[-1] if isinstance(left, Node) and left.op == "any" else left
    if not isinstance(last, Node) or last.op != "all":
        return None
    who = last.members[0].domain == "person" if isinstance(last.members[0], Draft) else False
    near = range(len(last.members) - 1, max(0, len(last.members) - _NEAR), -1)
    heads = [next(iter(drafts(last.members[k]))) for k in near]
    k, said = next(
        ((k, d) for k, d in zip(near, heads, strict=True) if d.related or (who and d.anew == "verb")), (0, heads[0])
    )
    if not k:
        return None
    lasts = k == len(last.members) - 1
    if said.related and lasts and link.last < cutter.offset + len(cutter.codes):
        behind = cutter.entries[link.last].roles
        if cutter.code(link.last) == "R" or not behind.keys().isdisjoint(_PREDICATES):
            return last, k
    closing = all(d.first < said.first for m in last.members[k + 1 :] for d in drafts(m))
    if op == "any" and closing and _of_whom(cutter.text, last.members[0], said, right, link):
        return last, k
    if not said.related or not lasts or not isinstance(right, Draft) or not right.concept:
        return None
    if not right.domain == "person" == said.domain:
        return None
    named = cutter.roles(cutter.text[slice(*right.concept)].split()[-1])
    return None if "male" in named or "female" in named else (last, k)  # "women who are barren or sterile"


def _of_whom(text: str, people: Tree, said: Draft, right: Tree, link: Any) -> bool:
    """Whether a list of what people are, do or have goes on: "women who are pregnant, nursing or not using condoms"."""
    if not isinstance(people, Draft) or people.concept is None or said.concept is None:
        return False
    if people.domain != "person" and " who " not in text[people.concept[1] : said.concept[0]].lower():
        return False  # "patients with an infection that needs surgery, stroke or …"
    more = list(drafts(right))
    first = more[0]
    if link.value not in (",", "or", "and / or") or any(d.anew in ("people", "other") for d in more):
        return False
    if isinstance(right, Node) and right.op != "not":
        return False
    if any(d.domain == "person" for d in more):
        return False
    return first.domain == "consent" or isinstance(right, Node) or first.domain == said.domain or first.anew == "verb"


def of_one_disease(left: Tree, right: Node) -> bool:
    """Whether tests alone stand before a test and the disease that it is of."""
    if right.op != "all" or len(right.members) < 2:
        return False
    test, disease = right.members[:2]
    if not (isinstance(test, Draft) and isinstance(disease, Draft)) or disease.domain != "condition":
        return False
    if test.domain != "measurement" or disease.first < test.last or disease.value is not None:
        return False
    result = test.value or test.finding
    return (
        result is not None
        and isinstance(result.value, str)
        and all(
            d.domain in (None, "measurement")
            and d.concept is not None
            and d.time is None
            and (d.value is None or isinstance(d.value.value, str))
            for d in drafts(left)
        )
    )
