"""One item's lexemes to a rule: phrases are found, scopes set, statements cut and joined.

In: `Lexemes`, the bounds of an item, its kind. Out: `Reading`, the rule and the spans that were not understood;
"no history of stroke or TIA" gives `not (stroke or TIA)`.

Scopes follow ConText: a cue opens one, a termination closes it. What is then fed to `grammars/criterion.lark` and
`logic.lark` is well-formed by construction, so that every item parses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from lark import Transformer
from msgspec.structs import replace

from protoparse.grammar.abilities import abilities
from protoparse.grammar.allergens import of_allergen
from protoparse.grammar.asides import asides
from protoparse.grammar.asking import (
    either_kind,
    further,
    guarding,
    itself_in_state,
    lifted,
    lifts,
    lone,
    ranked,
    restated,
    spared,
    unmet,
)
from protoparse.grammar.belonging import each_sex
from protoparse.grammar.drafts import (
    Draft,
    Node,
    Op,
    Tree,
    alternatives,
    blank,
    drafts,
    empty,
    exempted,
    found_by,
    frame,
    guess,
    last_draft,
    named,
    reasoned,
    repeat_subject,
    undone,
    widened,
)
from protoparse.grammar.exemplifying import demanding, exemplify, explained
from protoparse.grammar.facts import Cutter
from protoparse.grammar.files import grammar_text
from protoparse.grammar.islands import phrases
from protoparse.grammar.items import CARRIED
from protoparse.grammar.judging import judgements
from protoparse.grammar.limiting import limits_anew, looser, relaxed, shared, timed_alike
from protoparse.grammar.marking import explains, marked
from protoparse.grammar.naming import Bracket, Words
from protoparse.grammar.rules import rule
from protoparse.grammar.shaping import STRUCTURE, Shaper
from protoparse.grammar.sharing import framed, hand_on, join
from protoparse.grammar.tables import Table
from protoparse.grammar.terminals import Clause
from protoparse.grammar.timing import befallen, return_window, share_window
from protoparse.lexicon import fold
from protoparse.lexing import Lexemes
from protoparse.model import Domain, Kind, Modifier, Rule, Span, Window, moved, places

_CONTENT = frozenset("wKMYqamrnutLHCZVl")
_CARRIERS = re.compile("[HCYv^]")
_TIMING = frozenset("WPNbfDSUF@<o")
_KINDS = ("condition", "drug", "procedure", "device")
_IS_CONTENT = bytes(chr(c) in _CONTENT for c in range(256))


_JUDGED: Mapping[str, Callable[[int], str]] = {
    "name": "w".__mul__,
    "description": lambda n: "V".ljust(n, "l"),
    "opinion": "J".__mul__,
    "aside": "l".__mul__,
}


class Reading(NamedTuple):
    """What an item says, and what of it was not understood."""

    rule: Rule | None
    unparsed: tuple[Span, ...]
    time: Window | None = None
    """When, where nothing else is said: what follows holds then."""

    def moved(self, by: int) -> Reading:
        """The same reading of the same words, so many characters further on."""
        spans = tuple([(a + by, b + by) for a, b in self.unparsed])
        return Reading(moved(self.rule, by), spans, moved(self.time, by))


class _Meaning(Transformer[Any, Any]):
    """Clause lexemes to trees of drafts, while they are parsed."""

    cutter: Cutter
    kind: Kind

    def bracket(self, x: list[Any]) -> Bracket:
        tree = x[1]
        verdict = x[0].value
        return Bracket("except" if verdict else "plain", tree, x[0].first, x[-1].last)

    def bracket_of_examples(self, x: list[Any]) -> Bracket:
        return Bracket("include", x[2], x[0].first, x[-1].last, x[1].first)

    def bracket_of_exceptions(self, x: list[Any]) -> Bracket:
        return Bracket("except", x[2], x[0].first, x[-1].last)

    def bracket_of_limits(self, x: list[Any]) -> Bracket:
        return Bracket("if", x[2], x[0].first, x[-1].last)

    def simple(self, x: list[Any]) -> Tree | None:
        return self.cutter.cut(x[0].value)

    def begun(self, x: list[Any]) -> list[Any]:
        return self.extended([[], *x])

    def extended(self, x: list[Any]) -> list[Any]:
        parts: list[Any] = x[0]
        for more in x[1:]:
            parts += [more] if isinstance(more, Bracket) else more.value
        return parts

    def annotated(self, x: list[Any]) -> Tree | None:
        return self.cutter.cut(x[0])

    def negated(self, x: list[Any]) -> Tree | None:
        inner = x[1]
        if empty(inner):
            if isinstance(inner, Draft) and inner.modifiers and inner.value is None:
                inner.modifiers = tuple([self._denied(m, x[0].first) for m in inner.modifiers])
            return inner  # type: ignore[no-any-return]
        if self.cutter.entries[x[0].first].roles.get("denial") == "never":
            for draft in drafts(inner):
                draft.standing = draft.standing or "history"
        if "ability" in self.cutter.entries[x[0].first].roles:
            return Node("not", [inner])  # "unable to do A and B" is to do both
        return undone(inner)

    def quorum(self, x: list[Any]) -> Tree | None:
        asked, listed = x[0].value, x[1]
        if empty(listed):
            return listed  # type: ignore[no-any-return]
        members = listed.members if isinstance(listed, Node) and listed.op in ("all", "any") else [listed]
        if len(members) < asked.least:
            return None  # a list of which members are missing
        tree = members[0] if len(members) == 1 else Node("any", members, 1)
        if asked.least > 1:
            tree = Node("at_least", members, asked.least)
        return Node("not", [tree]) if asked.denied else tree

    def _denied(self, modifier: Modifier, first: int) -> Modifier:
        """What a negation makes of a state right behind it: "not in remission"."""
        start, end = self.cutter.starts[first], modifier.span[1] if modifier.span else 0
        if not modifier.span or not 0 <= modifier.span[0] - self.cutter.ends[first] <= 1:
            return modifier
        text = self.cutter.text[start:end]
        return replace(modifier, text=text, span=(start, end), value=fold(text))

    def both(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "all", x[0], x[2], x[1])

    def either(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "any", x[0], x[2], x[1])

    def excepted(self, x: list[Any]) -> Tree | None:
        if x[0] is None:
            return None
        unless = "unless" in self.cutter.entries[x[1].first].text
        if empty(x[2]) and not (unless and itself_in_state(x[0], x[2])):
            return x[0]  # type: ignore[no-any-return]
        repeat_subject(x[0], x[2])
        if not unless:
            return_window(self.cutter.text, x[0], x[2], lasting=False)
        if self.cutter.entries[x[1].first].roles.get("except") == "different":
            last = last_draft(x[2])
            last.different = True
            if last is x[2] and last.includes and isinstance(x[0], Draft):
                x[0].includes, last.includes = (*x[0].includes, *last.includes), ()
        exceptions = alternatives(shared(x[0], x[2]), either=not unless)
        if isinstance(x[0], Node) and x[0].op == "if":
            return spared(x[0], exceptions)
        return widened(x[0], "except", exceptions)

    def exemplified(self, x: list[Any]) -> Tree | None:
        base, named = x[0], x[2]
        if empty(base):
            return named if base is None or not empty(named) else base  # type: ignore[no-any-return]
        if empty(named) and (not isinstance(named, Draft) or blank(named)):
            return base  # type: ignore[no-any-return]
        named, free = exempted(named)
        cue = self.cutter.cue(x[1].first)
        if not demanding(named, cue):
            return_window(self.cutter.text, base, named, lasting=True)
        denied = "!" in self.cutter.codes[: x[1].first - self.cutter.offset]
        if not (denied and reasoned(last_draft(base), named, self.cutter.text)):
            base = explained(self.cutter, base, named, cue)
        return widened(base, "except", free) if free else base

    def limited(self, x: list[Any]) -> Tree | None:
        base, condition = x[0], x[2]
        if empty(condition):
            return base  # type: ignore[no-any-return]
        if empty(base) and not (base and any(d.value for d in drafts(base))):
            return condition  # type: ignore[no-any-return]
        people = isinstance(condition, Draft) and condition.domain == "person" and condition.window_behind
        if people and share_window(self.cutter.text, base, condition):
            # "a negative test in women within 7 days before the first dose": the test is so old, not they
            condition.time, condition.again = None, ()
        if isinstance(base, Node) and base.op == "any":
            # "≤ 2.5 × ULN, or ≤ 5 × ULN if liver metastases": the condition is the last alternative's
            return Node("any", [*base.members[:-1], Node("all", [base.members[-1], condition])])
        if isinstance(base, Node) and base.op == "all" and limits_anew(base.members[-2], base.members[-1]):
            # "ALT ≤ 3 × ULN, and ≤ 5 × ULN in case of liver metastases"
            first = Node("all", base.members[:-1]) if len(base.members) > 2 else base.members[0]
            return relaxed(first, [Node("all", [base.members[-1], condition])])
        if isinstance(base, Node) and base.op == "if":
            return Node("if", [base.members[0], Node("if", [condition, base.members[1]])])
        return Node("if", [condition, base])

    def guarded(self, x: list[Any]) -> Tree | None:
        people, duty = x[1], x[3]
        if empty(people):
            return duty  # type: ignore[no-any-return]
        if isinstance(duty, Draft) and self._unnamed(duty):
            duty.concept = None  # "tamoxifen is permitted if stopped 6 weeks before": the tamoxifen
        if empty(duty) and not (duty and any(d.value for d in drafts(duty))):
            if not isinstance(duty, Draft) or blank(duty) or not (said := restated(people, duty)):
                return people  # type: ignore[no-any-return]
            duty = said
        if isinstance(duty, Node) and duty.op == "all":
            # "patients on statins must be on a stable dose, with no change planned"
            duty.members = [restated(people, m) or m if lone(m) else m for m in duty.members]
        if "if" not in self.cutter.entries[x[0].first].roles:
            people = either_kind(self.cutter.text, people)
        if isinstance(duty, Draft):
            duty.asked = True
        if x[2].value == "duty" and self.kind == "exclusion":
            # "women must use contraception" among what excludes: those who do not are excluded
            duty = unmet(duty)
        return Node("if", [people, duty])

    def _unnamed(self, duty: Draft) -> bool:
        """Whether a draft names no more than that something was done."""
        if duty.concept is None or duty.value or duty.count or duty.dose or not (duty.time or duty.modifiers):
            return False
        words = self.cutter.text[slice(*duty.concept)].split()
        return all("nameless" in self.cutter.roles(word) for word in words)

    def _date_all(self, before: Node, after: Draft) -> None:
        """ "A and B, in the study eye, within 7 days before surgery": when, and where, all of a list was."""
        if before.op not in ("any", "all") or after.time is None or not (after.time.start and after.time.end):
            return
        undated = [d for d in drafts(before) if d.time is None]
        share_window(self.cutter.text, before, after)
        for draft in undated:
            draft.modifiers += after.modifiers if draft.time is not None else ()

    def sequence(self, x: list[Any]) -> Tree | None:
        before, stop, after = x
        if stop.value == "they" and (guard := guarding(before)) is not None and not empty(after):
            guard.members[1] = widened(guard.members[1], "all", [after])
            return before  # type: ignore[no-any-return]
        anew = stop.value == "again" or (isinstance(after, Node) and after.op == "if")
        if anew and after is not None and before is not None:
            inside = ranked(before, after)
            repeat_subject(before, after)
            timed_alike(before, after)
            if inside is not None:
                inside.members[1] = widened(inside.members[1], "all", [after])
                return before  # type: ignore[no-any-return]
            if isinstance(after, Node) and after.op == "if" and guarding(before) is None and looser(before, after):
                return relaxed(before, [after])
            if stop.value in ("or if", "and if"):
                return further(before, "any" if stop.value == "or if" else self.alike, after)
        dated = isinstance(after, Draft) and after.concept is None and after.value is None and after.time is not None
        if dated and stop.value == "or" and not empty(before):
            return join(self.cutter, "any", before, after, stop)  # "…, or planned during the study"
        if dated and not stop.value and not empty(before) and before.__class__ is Draft and before.time is None:
            before.time, before.again, before.window_behind = after.time, after.again, True
            before.modifiers += after.modifiers
            before.cover(after.first, after.last)  # "…, documented within 4 weeks before enrolment"
        elif (
            dated
            and isinstance(before, Node)
            and isinstance(after, Draft)
            and self.cutter.text[self.cutter.starts[stop.first]] == ","
        ):
            self._date_all(before, after)
        if after is None or empty(after):
            return before  # type: ignore[no-any-return]
        if empty(before):
            if isinstance(before, Draft) and isinstance(after, Draft) and after.means and after.time is None:
                after.time = before.time  # "(in the last 6 months; confirmed by MRI)"
            return after  # type: ignore[no-any-return]
        if found_by(last_draft(before), after, self.cutter.text):
            return before  # type: ignore[no-any-return]
        if (of := self._goes_on(before, stop, after)) is not None:
            return_window(self.cutter.text, of, after, lasting=True)
            exemplify(of, after)
            return before  # type: ignore[no-any-return]
        if stop.value == "permission" and (self.kind == "exclusion" or lifts(before, after)):
            return lifted(before, alternatives(after))
        before = of_allergen(self.cutter, before, after)
        if before is None:
            return after  # type: ignore[no-any-return]
        codes, here = self.cutter.codes, stop.first - self.cutter.offset
        if self.cutter.text[self.cutter.starts[stop.first]] in ";；" and framed(self.cutter.text, before):
            hand_on(self.cutter.text, before, after, listed=False)
        elif stop.value in ("", "and", "or") and codes.rfind("R", 0, here) <= codes.rfind(".", 0, here):
            # the commas of a list, none of a clause on what stands in it ("which could affect …")
            hand_on(
                self.cutter.text,
                before,
                after,
                listed=bool(stop.value) or (self.kind == "exclusion" and befallen(before, after)),
            )
        either = stop.value in ("or", "or else") or each_sex(self.cutter, before, after)
        return widened(before, "any" if either else self.alike, [after])

    @property
    def alike(self) -> Op:
        """How statements of one item count that nothing joins."""
        return "any" if self.kind == "exclusion" else "all"

    def _goes_on(self, before: Tree, stop: Clause, after: Tree) -> Draft | None:
        """The one thing whose examples a comma leads on to: "such as A and B, C, D"."""
        of = before.members[0] if isinstance(before, Node) and before.op == "not" else before
        if stop.value or not isinstance(of, Draft) or not of.includes or of.domain not in _KINDS:
            return None
        place, last = self.cutter.starts[stop.first], last_draft(of.includes[-1]).last
        first = next(iter(drafts(after)))
        if self.cutter.text[place] != "," or ")" in self.cutter.text[last:place] or first.domain != of.domain:
            return None
        return None if first.standing or any(d.anew for d in drafts(after)) else of


@cache
def _parser() -> tuple[Table, _Meaning]:
    meaning = _Meaning()
    return Table(grammar_source(), meaning), meaning


def grammar_source() -> str:
    """The grammar of clauses, whole."""
    terminals = "AND OR EITHER NOT QUORUM SCOPE_END EXCEPT INCLUDE IF LIMIT THEN STOP OPEN CLOSE ATOM"
    return "\n".join(["start: sentences", grammar_text("criterion", "logic"), f"%declare {terminals}"])


class Drafted:
    """The drafts of an item, of which a reading is made; anew where somebody tells more of them."""

    def __init__(self, tree: Tree | None, cutter: Cutter, lexemes: Lexemes, first: int, last: int) -> None:
        self.tree = tree
        self.cutter = cutter
        self.lexemes = lexemes
        self.first, self.last = first, last
        self.kept = True
        """No concept was left out."""

    def reading(self) -> Reading:
        """The rule, and the spans that were not understood."""
        lexemes, first, last = self.lexemes, self.first, self.last
        made = rule(self.tree, self.cutter.text, self.cutter.kind)
        if made is None:
            # what has no kind is named all the same: its time is of it, not of what follows
            time = frame(self.tree) if self.kept else None
            return Reading(None, ((lexemes.starts[first], lexemes.ends[last - 1]),), time)
        return Reading(*_finish(made, self.cutter, lexemes, first, last))

    def guessed(self) -> list[Span]:
        """The concepts of which neither the tables nor the words around them say what kind of thing they are."""
        if self.tree is None:
            return []
        return [span for draft, _ in named(self.tree) if (span := guess(draft)) is not None]

    def tell(self, kinds: Mapping[Span, Domain | None]) -> None:
        """Say of what kind concepts are that were guessed, or that they name nothing.

        What names nothing is left unread, unless it limits something else, since what is asked "unless the listing is
        suspended" is not asked of everybody, or has a time of its own.
        """
        for draft, limiting in named(self.tree) if self.tree is not None else ():
            if draft.concept is not None and draft.concept in kinds:
                draft.domain = kinds[draft.concept] or ("other" if limiting or draft.time is not None else None)
                self.kept = self.kept and draft.domain is not None
                draft.concept = draft.concept if draft.domain is not None else None


def drafted(text: str, lexemes: Lexemes, first: int, last: int, kind: Kind) -> Drafted:
    """What the lexemes `[first, last)` of one item say; there is at least one."""
    found, codes = phrases(text, lexemes, first, last)
    judged = judgements(text, lexemes, first, codes)
    for begin, stop, role in (*judged, *((a, b, "aside") for a, b in asides(text, lexemes, first, codes))):
        codes = f"{codes[:begin]}{_JUDGED[role](stop - begin)}{codes[stop:]}"
        found = [p for p in found if p.last <= first + begin or p.first >= first + stop]
    codes = marked(text, lexemes, first, codes, found)
    able = abilities(text, lexemes, first, codes, found)
    for begin, stop, _ in able:
        codes = f"{codes[:begin]}{'w' * (stop - begin)}{codes[stop:]}"
    cutter = Cutter(text, lexemes.entries, codes, first, lexemes.starts, lexemes.ends, kind)
    cutter.whole = {first + j.first: (first + j.last, "other") for j in judged if j.role == "name"}
    cutter.whole |= {first + a.first: (first + a.last, a.domain) for a in able}
    tree: Tree | None = None
    end = len(codes) - 1 if codes.endswith(".") else len(codes)
    clauses: list[Clause] = []
    if "=" in codes and explains(lexemes, first, codes):
        pass
    elif not found and not STRUCTURE.search(codes, 0, end):
        # nothing joins or limits anything: one statement
        tree = cutter.cut([Words(first, first + end)]) if end else None
    else:
        clauses = Shaper(cutter, found, first, last, kind).clauses()
    if clauses:
        table, meaning = _parser()
        meaning.cutter, meaning.kind = cutter, kind
        tree = table.run(clauses)
    if isinstance(tree, Draft) and tree.concept is None and tree.time is not None:
        tree.name_by_anchor(text)
    return Drafted(tree, cutter, lexemes, first, last)


def _told(made: Rule, cutter: Cutter, starts: Sequence[int], first: int, last: int) -> bytearray:
    """Which lexemes stand in a rule: what a draft took that came to nothing is unread all the same."""
    told = bytearray(last - first)
    taken = cutter.taken
    for match in _CARRIERS.finditer(cutter.codes):
        told[match.start()] = taken[match.start()]
    if CARRIED in taken:
        for k, mark in enumerate(taken):
            if mark == CARRIED:
                told[k] = 1
    for start, end in places(made):
        k = bisect_left(starts, start, first, last)
        if k > first and cutter.ends[k - 1] > start:
            k -= 1  # a name inside a longer lexeme: the "age" of "patient age"
        while k < last and starts[k] < end:
            told[k - first] = 1
            k += 1
    return told


def _finish(made: Rule, cutter: Cutter, lexemes: Lexemes, first: int, last: int) -> tuple[Rule, tuple[Span, ...]]:
    """The rule, widened over the carrier words beside it, and the runs of content that no fact took."""
    starts, ends, codes = lexemes.starts, lexemes.ends, cutter.codes
    taken = _told(made, cutter, starts, first, last)
    content = codes.encode("latin-1").translate(_IS_CONTENT)
    if not int.from_bytes(content) & ~int.from_bytes(taken.replace(b"\2", b"\1")):
        return replace(made, span=(starts[first], ends[last - 1])), ()
    spans: list[Span] = []
    begin = end = first  # `begin`: where the next unread run would begin, behind what was taken last
    run = -1
    for i in range(first, last):
        if taken[i - first]:
            if run >= 0:
                spans.append((starts[run], ends[end]))
                run = -1
            begin = i + 1
        elif codes[i - first] in _CONTENT:
            if run < 0:
                run = begin if begin == first else i
                while run > begin and codes[run - 1 - first] in _TIMING:
                    run -= 1
            end = i
    if run >= 0:
        spans.append((starts[run], ends[last - 1]))
    low = starts[first] if not spans or spans[0][0] > starts[first] else spans[0][1]
    high = ends[last - 1] if not spans or spans[-1][1] < ends[last - 1] else spans[-1][0]
    span = made.span or (low, high)
    low = next((starts[i] for i in range(first, last) if starts[i] >= low), span[0])
    high = next((ends[i] for i in range(last - 1, first - 1, -1) if ends[i] <= high), span[1])
    return replace(made, span=(min(low, span[0]), max(high, span[1]))), tuple(spans)
