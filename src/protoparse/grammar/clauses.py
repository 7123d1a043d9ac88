"""An item's clauses to a tree of drafts: what each connective makes of what it joins.

In: clauses as `shaping` makes them, parsed by `grammars/criterion.lark` and `logic.lark`. Out: a tree of `drafts`, the
members of lists completed by each other; "no history of stroke or TIA" gives `not (stroke or TIA)`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import Any

from lark import Transformer
from msgspec.structs import replace

from protoparse.grammar.allergens import of_allergen
from protoparse.grammar.asking import (
    each_in_state,
    either_kind,
    further,
    guarding,
    itself_in_state,
    lifted,
    lifts,
    lone,
    partly_in_state,
    ranked,
    restated,
    spared,
    unmet,
)
from protoparse.grammar.belonging import denied_of_one_sex, each_sex
from protoparse.grammar.drafts import (
    Draft,
    Node,
    Op,
    Tree,
    alternatives,
    blank,
    drafts,
    empty,
    found_by,
    last_draft,
    repeat_subject,
    undone,
    widened,
)
from protoparse.grammar.exemplifying import demanding, exemplify, exempted, taken_up, with_examples
from protoparse.grammar.facts import Cutter
from protoparse.grammar.files import grammar_text
from protoparse.grammar.limiting import limits_anew, looser, relaxed, shared, timed_alike
from protoparse.grammar.naming import Bracket
from protoparse.grammar.periods import outside
from protoparse.grammar.sharing import framed, hand_on, join
from protoparse.grammar.sparing import sparing_on
from protoparse.grammar.tables import Table
from protoparse.grammar.terminals import Clause
from protoparse.grammar.terms import THINGS
from protoparse.grammar.timing import befallen, dated_apart, return_window, share_window
from protoparse.lexicon import fold
from protoparse.model import Kind, Modifier, Window


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
        return Bracket("except", x[2], x[0].first, x[-1].last, x[1].first)

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
            if isinstance(inner, Draft) and inner.value is None:
                if inner.modifiers:
                    inner.modifiers = tuple([d for m in inner.modifiers if (d := self._denied(m, x[0].first))])
                elif inner.time is not None and self._beside(x[0].first, inner.time):
                    inner.time = outside(inner.time)
            return inner  # type: ignore[no-any-return]
        if self.cutter.entries[x[0].first].roles.get("denial") == "never":
            for draft in drafts(inner):
                draft.standing = draft.standing or "history"
        if "ability" in self.cutter.entries[x[0].first].roles:
            if isinstance(inner, Node) and inner.op == "any" and all(map(_done, inner.members)):
                return Node("any", [Node("not", [m]) for m in inner.members])  # "unable to swallow or attend visits"
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

    def _beside(self, first: int, time: Window) -> bool:
        """Whether a bare "not" stands right in front of a time: "transplant not within 3 months"."""
        near = time.span is not None and 0 <= time.span[0] - self.cutter.ends[first] <= 1
        return near and self.cutter.entries[first].text == "not"

    def _denied(self, modifier: Modifier, first: int) -> Modifier | None:
        """What a negation makes of a state behind it: "not in remission", "not on a stable dose".

        None where more stands between: what is denied is not known.
        """
        cutter = self.cutter
        if modifier.span is None:
            return None
        start, (begin, end) = cutter.starts[first], modifier.span
        between = range(first + 1, bisect_left(cutter.starts, begin, first, cutter.offset + len(cutter.codes)))
        text = cutter.text[start:end]
        if not between:
            return replace(modifier, text=text, span=(start, end), value=fold(text)) if begin >= start else modifier
        if any(cutter.code(k) not in "vpd@" and "nameless" not in cutter.entries[k].roles for k in between):
            return None
        state = modifier.value if isinstance(modifier.value, str) else fold(modifier.text)
        return replace(modifier, text=text, span=(start, end), value=f"not {state}")

    def both(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "all", x[0], x[2], x[1])

    def either(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "any", x[0], x[2], x[1])

    def excepted(self, x: list[Any]) -> Tree | None:
        if x[0] is None:
            return None
        unless = "unless" in self.cutter.entries[x[1].first].text
        if empty(x[2]) and not (unless and itself_in_state(x[0], x[2])):
            return (each_in_state(x[0], x[2]) if unless else None) or x[0]
        if unless:
            partly_in_state(x[0], x[2])
        repeat_subject(x[0], x[2])
        if not unless:
            return_window(self.cutter.text, x[0], x[2], lasting=False)
        if self.cutter.entries[x[1].first].roles.get("except") == "different":
            last = last_draft(x[2])
            last.different = True
            if last is x[2] and last.includes and isinstance(x[0], Draft):
                x[0].includes, last.includes = (*x[0].includes, *last.includes), ()
        exceptions = alternatives(shared(x[0], x[2]), "" if unless else self.cutter.text)
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
        if demanding(named, cue):
            return with_examples(self.cutter, base, named, free, cue=cue, place=x[1].first)
        named, beyond = dated_apart(base, named)
        return_window(self.cutter.text, base, named, lasting=True)
        told = with_examples(self.cutter, base, named, free, cue=cue, place=x[1].first)
        return widened(told, "any", beyond) if beyond else told

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
        if isinstance(base, Node) and base.op == "any" and not base.count:
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
                return None if x[2].value == "used" else people  # "a spacer may be used if required"
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
        elif x[2].value == "duty" and isinstance(people, Draft) and people.domain == "consent":
            return widened(duty, "all", [people])  # "those who agree to take part must keep a diary": all must
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
        if found_by(last_draft(before), after, self.cutter.text) or taken_up(self.cutter, before, after):
            return before  # type: ignore[no-any-return]
        if (of := self._goes_on(before, stop, after)) is not None:
            return_window(self.cutter.text, of, after, lasting=True)
            exemplify(of, after)
            return before  # type: ignore[no-any-return]
        if stop.value == "permission" and (self.kind == "exclusion" or lifts(before, after)):
            return lifted(before, alternatives(after), asked=self.kind != "exclusion")
        spares = sparing_on(self.cutter, before, after, self.cutter.starts[stop.first])
        if spares is not None:
            spares.members += alternatives(after)  # "cancer except of the skin; or cervical carcinoma in situ"
            return before  # type: ignore[no-any-return]
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
        if stop.value != "or else" and (people := denied_of_one_sex(self.cutter, before, after)) is not None:
            return people
        either = stop.value in ("or", "or else") or each_sex(self.cutter, before, after)
        return widened(before, "any" if either else self.alike, [after])

    @property
    def alike(self) -> Op:
        """How statements of one item count that nothing joins."""
        return "any" if self.kind == "exclusion" else "all"

    def _goes_on(self, before: Tree, stop: Clause, after: Tree) -> Draft | None:
        """The one thing whose examples a comma leads on to: "such as A and B, C, D"."""
        of = before.members[0] if isinstance(before, Node) and before.op == "not" else before
        if stop.value or not isinstance(of, Draft) or not of.includes or of.domain not in THINGS:
            return None
        place, last = self.cutter.starts[stop.first], last_draft(of.includes[-1]).last
        first = next(iter(drafts(after)))
        if self.cutter.text[place] != "," or ")" in self.cutter.text[last:place] or first.domain != of.domain:
            return None
        return None if first.standing or any(d.anew for d in drafts(after)) else of


def _done(tree: Tree) -> bool:
    """Whether something that somebody does is said with a verb of its own: "attend visits", not "or capsules"."""
    first = next(iter(drafts(tree)))
    if first.concept is None:
        return False
    return first.domain in ("consent", "observation") or first.first < first.concept[0]


def tree_of(clauses: Sequence[Clause], cutter: Cutter, kind: Kind) -> Tree | None:
    """What the clauses of one item say together."""
    table, meaning = _parser()
    meaning.cutter, meaning.kind = cutter, kind
    tree: Tree | None = table.run(clauses)
    return tree


@cache
def _parser() -> tuple[Table, _Meaning]:
    meaning = _Meaning()
    return Table(grammar_source(), meaning), meaning


def grammar_source() -> str:
    """The grammar of clauses, whole."""
    terminals = "AND OR EITHER NOT QUORUM SCOPE_END EXCEPT INCLUDE IF LIMIT THEN STOP OPEN CLOSE ATOM"
    return "\n".join(["start: sentences", grammar_text("criterion", "logic"), f"%declare {terminals}"])
