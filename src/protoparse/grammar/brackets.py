"""What stands in brackets behind a statement: a result, a limit, a method, examples, an exception.

In: a draft and the brackets behind it, already read. Out: the draft with them, or joined with what they say;
"neutropenia (ANC < 1.0)" gives the condition and the measurement.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Literal

from msgspec.structs import replace

from protoparse.grammar.amending import RATES
from protoparse.grammar.anchoring import redated
from protoparse.grammar.drafts import (
    USED,
    Cue,
    Draft,
    Node,
    Tree,
    alternatives,
    blank,
    denies,
    drafts,
    empty,
    found_by,
    last_draft,
    repeat_subject,
    values,
    widened,
)
from protoparse.grammar.exemplifying import MEMBERS, demanding, exemplify, exempted, several, with_examples
from protoparse.grammar.heads import Chooser
from protoparse.grammar.limiting import looser
from protoparse.grammar.measures import DAILY, given
from protoparse.grammar.naming import Bracket, Phrase
from protoparse.grammar.offering import beside, limited_behind, offered
from protoparse.grammar.periods import NOW, either, lately, narrowed, standing
from protoparse.grammar.phrases import named_unit
from protoparse.grammar.terms import GIVEN, domain_of
from protoparse.grammar.timing import dated_alike, return_window
from protoparse.grammar.values import PRESSURES, pressure
from protoparse.model import Comparison, Domain, Modifier, Span

_DISTANCE = re.compile(r"\([|,]?[<Wd]*(n[-_]*t)(?:[oFS]d*|\?[dvwPH]*(?=K))([dwKMm&|,/-]+)\)")
_OFFER = re.compile(r"\|[dv]*(?![dvn<])")
_DESCRIBED = re.compile("Vl*")
_EXAMPLES = re.compile(",?I[,:dmvo]*[KMw]+")
_PART = re.compile("[dwKMm-]+")
_END = re.compile(r"\)*(?:\.|$)")


def _bare(draft: Draft) -> bool:
    return draft.bare_value and draft.value is not None and draft.value.unit is None and draft.value.reference is None


def _share(limit: Comparison) -> Span | None:
    """The span of a limit that is a share of something."""
    return limit.span if limit.unit is not None and limit.unit.ucum == "%" and limit.operator[0] in "<>" else None


def _unnamed(tree: Draft, node: Tree) -> bool:
    """Whether modifiers alone stand before a bracket that says what was measured ("moderate (stage score ≤ 3)")."""
    said = tree.value or tree.count or tree.dose or tree.time or tree.standing
    return tree.concept is None and not said and any(d.value and d.concept for d in drafts(node))


def _pressures(tree: Tree, node: Tree) -> None:
    """ "> 160/100 mmHg (systolic > 160 or diastolic > 100)": the unit printed once is that of both."""
    unit = next((d.value.unit for d in drafts(tree) if d.value and "pressure" in (d.name or "")), None)
    for one in drafts(node) if unit is not None else ():
        if one.value and one.value.unit is None and one.term is not None and "pressure" in one.term.name:
            one.value = replace(one.value, unit=unit)


def _told_again(tree: Tree, node: Tree) -> bool:
    """Whether a bracket tells a pair of limits again, each with its name: "> 160/100 mmHg (systolic > 160 or …)"."""
    pairs = [
        [(d.value.operator, d.value.value) for d in drafts(t) if _of_pressure(d) and d.value] for t in (tree, node)
    ]
    return len(pairs[0]) == len(list(drafts(tree))) == 2 and pairs[0] == pairs[1]


def _of_pressure(draft: Draft) -> bool:
    return "pressure" in (draft.term.name if draft.term else draft.name or "")


def _ranged(target: Draft, node: Draft) -> Tree:
    """A result that a bracket gives the limits of: "normal (35-50 %)", "outside the normal range (35-50 %)"."""
    told, limits = target.value, node.value
    if told is not None and limits is not None and told.value in ("positive", "negative") and not _bare(node):
        measured = target.copy()  # "HBV DNA positive (> 2000 IU/mL)"
        measured.value = limits
        measured.cover(node.first, node.last)
        return Node("all", [target, measured])
    if told is None or limits is None or limits.operator != "between" or told.value not in ("normal", "abnormal"):
        return target
    target.cover(node.first, node.last)
    if told.value == "normal":
        target.value = limits
        return target
    below, above = target.copy(), target.copy()
    below.value = Comparison(operator="<", value=limits.low, unit=limits.unit, span=limits.span)
    above.value = Comparison(operator=">", value=limits.high, unit=limits.unit, span=limits.span)
    return Node("any", [below, above])


class Attacher(Chooser):
    """Attaches brackets to what they explain."""

    def _brackets(self, tree: Tree | None, brackets: list[Bracket], draft: Draft) -> Tree | None:
        offers: tuple[Draft, Draft] | None = None
        for bracket in brackets:
            node = bracket.node
            if node is None:
                continue
            if isinstance(tree, Draft) and tree.concept is None:
                tree.past_event(self.text)  # "at least 4 weeks since chemotherapy (other than …)"
            if tree is None or (isinstance(tree, Draft) and (blank(tree) or _unnamed(tree, node))):
                if bracket.role == "include" and (tree is None or blank(tree)):
                    next(iter(drafts(node))).cue = self.cue(bracket.cue)
                tree = node
                continue
            if bracket.role == "plain" and found_by(last_draft(tree), node, self.text):
                continue
            if bracket.role == "plain" and self._uses(last_draft(tree), node):
                continue
            if bracket.role == "plain" and (others := self._for_others(tree, bracket)):
                tree = widened(tree, "any" if self.kind == "exclusion" else "all", others)
            elif self._alternative(bracket) and (also := offered(last_draft(tree), node, self.text, self.roles)):
                offers = (last_draft(tree), also[-1])
                tree = beside(tree, also)
            elif bracket.role == "include":
                node, free = exempted(node)
                if demanding(node, cue := self.cue(bracket.cue)):
                    self._when(draft, node)
                elif dated_alike(last_draft(tree), node):
                    return_window(self.text, last_draft(tree), node, lasting=True)
                tree = with_examples(self, tree, node, free, cue=cue, place=bracket.first)
            elif self._lists(bracket, node, tree):
                if dated_alike(last_draft(tree), node):
                    return_window(self.text, last_draft(tree), node, lasting=True)
                self._list(last_draft(tree), node)
            elif bracket.role == "except":
                last_draft(node).different = True  # what stands behind the bracket is not of it
                unless = bracket.cue >= 0 and "unless" in self.entries[bracket.cue].text
                tree = Node("except", [tree, *(alternatives(node, "" if unless else self.text))])
            elif bracket.role == "if":
                tree = Node("if", [node, tree])
            elif denies(node) and not empty(node) and not empty(tree):
                tree = widened(tree, "all", [node])  # "resolved side effects (no wound complications)"
            elif isinstance(node, Draft):
                if node.concept and node.value and self._points(last_draft(tree)) and self._scores(node.concept):
                    self.carry(bracket.first, bracket.last)  # "Child-Pugh class A (score 5-6)"
                    continue
                if node.term is not None and node.term is last_draft(tree).term:
                    self.carry(bracket.first, bracket.last)  # "heart attack (myocardial infarction)"
                elif node.dose is not None and last_draft(tree).domain in GIVEN:
                    self.carry(bracket.first, bracket.last)  # "steroids (> 10 mg/day of prednisone)"
                target = last_draft(tree)
                again = self._alternative(bracket) and target.standing in NOW
                if again and node.concept is None and node.time is not None:
                    # "currently taking (or likely to need during the study)"
                    node.time = either(standing("current"), node.time)
                tree = self._plain_bracket(tree, node)
                target = last_draft(tree)
                if node.concept is None and target.time is node.time is not None and self._ends(bracket.last):
                    target.window_behind = True  # "colitis, gastritis or bleeding (within 6 months)"
            elif self.tense(last_draft(tree)) and (both := self._both_pressures(node)) is not None:
                self._when(draft, both)
                tree = Node("all", [tree, both])
            elif isinstance(node, Node) and node.op == "at_least" and not empty(tree):
                tree = Node("all", [tree, node])  # "active disease (two or more of: pain, swelling, stiffness)"
            elif any(d.value and not d.concept for d in drafts(node)) and not empty(tree):
                # "≤ 1.5 × ULN (≤ 3 × ULN in Gilbert's syndrome)": one limit or the other
                repeat_subject(tree, node)
                self._when(draft, node)
                asked = self.kind != "exclusion" and isinstance(node, Node) and node.op == "if"
                stricter = asked and looser(node.members[1], tree)  # "≤ 2 (≤ 1 if older than 70 years)"
                tree = Node("all" if stricter else "any", [tree, node])
            elif isinstance(node, Node) and node.op == "if" and self._instead(bracket, tree, node.members[1]):
                tree = Node("any", [tree, node])
            elif not empty(node) and not empty(tree) and any(d.value or d.time or d.dose for d in drafts(node)):
                _pressures(tree, node)
                self._when(draft, node)
                if _told_again(tree, node):
                    self.carry(bisect_left(self.starts, min(d.first for d in drafts(tree))), bracket.first)
                    tree = node
                else:
                    tree = Node("all", [tree, node])
        if offers is not None:
            limited_behind(*offers)
        return tree

    def _uses(self, target: Draft, node: Tree) -> bool:
        """Whether a bracket only says how long or when a thing was used: "opioids (daily use for over a month)"."""
        told = list(drafts(node))
        if target.domain not in USED or target.time is not None or not all(d.used and d.time for d in told):
            return False
        if len(told) > 1 and " or " in self.text[told[0].last : told[-1].first]:
            return False
        for one in told:
            self._fill_window(target, one.time)  # type: ignore[arg-type]
            target.modifiers += one.modifiers
            target.cover(one.first, one.last)
        return True

    def cue(self, i: int) -> Cue:
        """What the words in front of examples make of them."""
        roles = self.entries[i].roles
        # a colon only lists, what shows a thing defines it
        kind: Cue | Literal[True] = roles.get("include", "definition" if "method" in roles else "example")
        return "member" if kind is True else kind

    def named_by(self, phrases: list[Phrase], brackets: list[Bracket], head: Phrase) -> Phrase | None:
        """The thing right in front of examples of its kind, where the head is another that goes with it."""
        last = phrases[-1]
        if last.first < head.last or self._empty(last):
            return None
        described = _DESCRIBED.match(self.codes, last.last - self.offset)
        place = described.end() + self.offset if described else last.last
        example = None
        for bracket in brackets:
            if bracket.first == place and bracket.node is not None and self._names(bracket):
                example = next(iter(drafts(bracket.node))).domain
        if (behind := _EXAMPLES.match(self.codes, place - self.offset)) is not None:
            end = behind.end() + self.offset
            example = self._kind(Phrase(end - 1, end, -1, True))
        kind = self._kind(last)
        if kind is None or example is None or example not in MEMBERS.get(kind, (kind,)):
            return None
        if self.passing(head):
            return last
        cue = self.entries[last.cue] if last.cue >= head.last else None
        return (
            last if cue is not None and (cue.text == "with" or "verb" in cue.roles or "clause" in cue.roles) else None
        )

    def _names(self, bracket: Bracket) -> bool:
        """Whether a bracket names examples: by a cue, or as a list of names."""
        named = several(bracket.node) if bracket.role == "plain" and bracket.node is not None else []
        listed = len(named) > 1 and all(isinstance(d, Draft) and d.concept and d.value is None for d in named)
        return listed or bracket.role == "include"

    def _kind(self, phrase: Phrase) -> Domain | None:
        """What a phrase names, told by its last word."""
        entry = self.entries[phrase.last - 1]
        return domain_of([entry.text], entry.roles.get("concept") if self.code(phrase.last - 1) == "K" else None)

    def passing(self, phrase: Phrase) -> bool:
        """Whether a phrase is a mere participle that the vocabulary does not know: "presenting", "ingested"."""
        return (
            phrase.last == phrase.first + 1
            and not phrase.known
            and self.entries[phrase.first].text.endswith(("ing", "ed"))
        )

    def _for_others(self, tree: Tree, bracket: Bracket) -> list[Draft]:
        """What else is asked for in a bracket, and at what distance: "within 4 weeks (6 weeks for nitrosoureas)"."""
        match, target = _DISTANCE.match(self.codes, bracket.first - self.offset), last_draft(tree)
        if target.time is None or match is None or not self._last_said(match.end()):
            return []
        if target.concept is None:
            target.name_by_anchor(self.text)  # "at least 4 weeks since chemotherapy"
        n, t = match.start(1) + self.offset, match.end(1) - 1 + self.offset
        unit = named_unit(self.text[self.starts[t] : self.ends[t]], self.entries[t], "time_unit")
        again = redated(target.time, self.entries[n].roles["number"], unit)
        named: list[Draft] = []
        for part in _PART.finditer(self.codes, match.start(2), match.end(2)) if again is not None else ():
            thing = Draft()
            found = self._phrases(part.start() + self.offset, part.end() + self.offset, thing)
            if found and self._domain(found[0]) in ("drug", "procedure", "device"):
                self._name(thing, found[0])
                thing.time = again
                named.append(thing)
        if named:
            self.carry(bracket.first, bracket.last)
        return named

    def _instead(self, bracket: Bracket, tree: Tree, node: Tree) -> bool:
        """Whether a bracket tells what some need instead: "≤ 1.5 × ULN (in Gilbert's syndrome, bilirubin ≤ 3)"."""
        return looser(tree, node) or self._alternative(bracket)

    def _alternative(self, bracket: Bracket) -> bool:
        """Whether what stands in a bracket would do as well: "(or …)"."""
        # not "within 5 years (or 3 years for skin cancer)"
        return bracket.role == "plain" and _OFFER.match(self.codes, bracket.first + 1 - self.offset) is not None

    def _both_pressures(self, node: Tree) -> Tree | None:
        """The limits in brackets behind "hypertension", where they are two with a slash between: "(> 160/100 mmHg)"."""
        limits = [d.value for d in drafts(node) if d.value is not None and not d.concept]
        if len(limits) != 2 or not isinstance(node, Node) or not all(c.span for c in limits):
            return None
        upper, lower = limits
        if "/" not in self.text[upper.span[1] : lower.span[0]]:  # type: ignore[index]
            return None
        return Node(
            "any" if self.kind == "exclusion" else "all",
            [pressure(c, name) for c, name in zip(limits, PRESSURES, strict=True)],
        )

    def _points(self, target: Draft) -> bool:
        """Whether a class of an ordinal scale stands before a bracket, or one alone that goes on with such."""
        graded = target.value is not None and isinstance(target.value.value or target.value.low, str)
        return graded and (target.concept is None or (target.term is not None and target.term.kind == "ordinal"))

    def _scores(self, concept: Span) -> bool:
        return self.text[slice(*concept)].lower() in ("score", "scores", "points", "total score")

    def _lists(self, bracket: Bracket, node: Tree, tree: Tree) -> bool:
        """Whether a bracket names what a thing is for example: "(warfarin, heparin)", "(anaphylaxis, etc.)"."""
        named = several(node)
        etc = any(e.text.startswith("etc") for e in self.entries[bracket.last : bracket.last + 2])
        of = last_draft(tree)
        limited = of.value is not None and not isinstance(of.value.value, str)
        if limited and all(d.domain == "measurement" and d.value is None for d in drafts(node)):
            limited = False  # "transaminases (AST, ALT) ≤ 3 × ULN": the limit is of either
        if bracket.role != "plain" or of.concept is None or limited or (len(named) < 2 and not etc):
            return False
        if of.term is not None and all(d.term is of.term for d in drafts(node)):
            self.carry(bracket.first, bracket.last)  # "aspartate aminotransferase (AST/SGOT)"
            return False
        things = [m for m in named if isinstance(m, Draft) or m.op == "all"]
        if len(things) < min(2, len(named)) or demanding(node, "member"):
            return False
        first = next(iter(drafts(node)))
        if of.domain not in ("person", "observation") and (first.domain == "person" or first.anew == "people"):
            return False  # "(however, women with amenorrhea, …)"
        alike = MEMBERS.get(of.domain, (of.domain,)) if of.domain else ()
        return all(d.concept is not None and d.count is None for d in drafts(node)) and any(
            d.domain in alike or (d.known and not of.known) for d in drafts(node)
        )

    def _either(self, modifiers: tuple[Modifier, ...]) -> tuple[Modifier, ...]:
        """Modifiers of one kind in brackets are alternatives: "(inhaled or topical)"."""
        first, last = modifiers[0].span, modifiers[-1].span
        if len(modifiers) < 2 or not first or not last or len({m.type for m in modifiers}) > 1:
            return modifiers
        span = (first[0], last[1])
        said = tuple([value for modifier in modifiers for value in values(modifier)])
        return (Modifier(type=modifiers[0].type, text=self.text[slice(*span)], span=span, value=said),)

    def _list(self, of: Draft, node: Tree) -> None:
        """Name the examples in brackets; one that is the thing by another name is none ("(COPD, emphysema)")."""
        kept: list[Tree] = []
        for named in several(node):
            again = isinstance(named, Draft) and named.term is not None and named.term is of.term
            if again and of.domain != "measurement":
                places = [d.concept for d in drafts(named) if d.concept]
                self.carry(*[bisect_left(self.starts, place) for place in places[0]])
            else:
                kept.append(named)
        for named in kept if of.domain == "measurement" and of.value is not None else ():
            for draft in drafts(named):
                if draft.domain == "measurement":
                    draft.value = draft.value or of.value
        exemplify(of, kept[0] if len(kept) == 1 else Node("any", kept))

    def _last_said(self, k: int) -> bool:
        """Whether the list ends at a place among the codes."""
        return self.codes[k : k + 1] not in (",", "|", "&", "/")

    def _ends(self, i: int) -> bool:
        """Whether a sentence ends at i."""
        return _END.match(self.codes, i - self.offset) is not None

    def _when(self, draft: Draft, node: Tree) -> None:
        """ "hypertension (systolic > 160 mmHg) at screening": what is measured in brackets was measured then."""
        if not draft.window_behind or draft.time is None:
            return
        for one in drafts(node):
            if one.time is None and one.value is not None:
                one.time, one.again = draft.time, draft.again

    def _recent(self, target: Draft) -> bool:
        """Whether a thing is called recent in front of its name."""
        concept = target.concept
        return concept is not None and "recent" in self.text[max(0, target.first, concept[0] - 40) : concept[0]].lower()

    def _plain_bracket(self, tree: Tree, node: Draft) -> Tree:
        target = last_draft(tree)
        if node.concept is None:
            if node.value is not None and target.domain == "consent":
                target = next(iter(drafts(tree)))  # "adults (> 18 years) able to consent"
            if node.time is not None and target.standing == "history" and self._recent(target):
                node.time = lately(node.time)  # "recent steroids (< 1 month)"
            if node.time is not None and (target.time is None or narrowed(target.time, node.time)):
                target.time = node.time
                target.cover(node.first, node.last)
            if node.value is not None and _bare(node) and target.domain != "measurement":
                return tree  # "stroke (2)"
            daily = node.value is not None and node.value.unit and DAILY.fullmatch(node.value.unit.ucum or "")
            if daily and not target.known and target.domain in (None, "observation", "measurement"):
                target.domain = "drug"  # "somemab (≤ 20 mg/day)"
            often = node.value is not None and node.value.unit and node.value.unit.ucum in RATES
            if often and target.concept is not None and target.domain != "measurement":
                target.count = target.count or node.value  # "frequent (more than twice per week) headache"
                target.cover(node.first, node.last)
            elif node.value is not None and target.domain == "procedure" and (share := _share(node.value)):
                self._add_modifier(target, "location", share)  # "radiotherapy (> 30 % of the marrow)"
                target.cover(node.first, node.last)
            elif node.value is not None and (
                target.domain == "drug" or (target.domain == "procedure" and given(node.value))
            ):
                target.dose = target.dose or node.value
                target.cover(node.first, node.last)
            elif (
                node.value is not None
                and target is tree
                and target.value is not None
                and target.domain == "measurement"
            ):
                return _ranged(target, node)
            elif node.value is not None and target.value is None and target.domain != "procedure":
                target.value = node.value
                target.cover(node.first, node.last)
            if node.modifiers:
                target.modifiers += self._either(node.modifiers)
                target.cover(node.first, node.last)
            return tree
        if target.domain in GIVEN and node.dose is not None:
            target.dose = target.dose or node.dose  # "corticosteroids (> 10 mg/day of prednisone)"
            target.cover(node.first, node.last)
            return tree
        if node.value is None and any("method_noun" in self.roles(w) for w in self.text[slice(*node.concept)].split()):
            self._add_modifier(target, "method", node.concept)
            return tree
        if node.domain == "person" and node.value is None and target.value is not None:
            return Node("if", [node, tree])  # "> 450 ms (men)"
        methods = [m for m in node.modifiers if m.type == "method"]
        if node.value is None and methods:
            target.modifiers += tuple(methods)
            target.cover(node.first, node.last)
            return tree
        if node.value is not None and target.concept and (node.value.operator != "=" or node.term is not None):
            self._when(target, node)
            return Node("all", [tree, node])
        if node.time is not None and not node.standing and target.time is None:
            # "postmenopausal (no menses for over a year)": what defines it must hold as well
            return Node("all", [tree, node])
        return tree
