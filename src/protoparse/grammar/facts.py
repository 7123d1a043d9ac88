"""Where one statement is cut: a run of words, values, windows and brackets to facts.

In: the parts of one atom ("serum creatinine", "≤ 1.5 × ULN", "(Cockcroft-Gault)"). Out: a `Draft`, or a `Node` of
several; `rule` turns them into the model. A draft may still lack what its neighbours in a list share with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from protoparse.grammar.drafts import Draft, Node, Tree, drafts, parts_of, widened
from protoparse.grammar.items import plays
from protoparse.grammar.measures import TIME_CODES, whole
from protoparse.grammar.naming import Bracket, Phrase, Words
from protoparse.grammar.parting import Parter
from protoparse.grammar.periods import ago
from protoparse.grammar.phrases import Phrase as Found
from protoparse.grammar.phrases import Value
from protoparse.grammar.terms import domain_of
from protoparse.grammar.undergoing import related
from protoparse.model import Bound, Window

# Carrier words, then a name that ends in a term of the vocabulary.
_PLAIN = re.compile("([vdpi^]*)([wKM]*[KM])[v^]*")
_SUBSTANCE = re.compile("[wKMYaq]")
_OF_IT = re.compile("O[OdHm]*")
_UNDERGONE = ("event", "surgery", "transplant")
_SIZES = {"kg": "body weight", "g": "body weight", "[lb_av]": "body weight", "cm": "body height"}


def _plain_number(value: Value) -> bool:
    """Whether a value is numbers alone, with neither comparator nor unit."""
    return value.bare and all(
        c.unit is None
        and c.reference is None
        and not any(isinstance(v, str) for v in (c.value, c.low, *(c.values if isinstance(c.values, tuple) else ())))
        for c in value.comparisons
    )


class Cutter(Parter):
    """Cuts the atoms of one item."""

    def cut(self, parts: Sequence[Any]) -> Tree | None:
        """One atom's parts to a draft, several where it says more than one thing, None where it says nothing."""
        if len(parts) == 1 and isinstance(parts[0], Words):
            plain = _PLAIN.fullmatch(self.codes, parts[0].first - self.offset, parts[0].last - self.offset)
            if plain is not None and "MK" not in plain[2]:
                return self._plain(plain)
            if parts[0].last == parts[0].first + 1 and (stranger := self._stranger(parts[0].first)) is not None:
                return stranger
        if (clause := related(self, parts)) is not None:
            thing, more = (self.cut(some) for some in clause)
            if thing is None or more is None:
                return thing or more
            next(iter(drafts(more))).related = True
            return widened(thing, "all", [more])
        if (several := self.parted(parts)) is not None:
            said = [tree for some in several if (tree := self.cut(some)) is not None]
            return said[0] if len(said) == 1 else Node("all", [m for tree in said for m in parts_of(tree, "all")])
        draft = Draft()
        if isinstance(parts[0], Words):
            draft.anew = self._anew(parts[0].first)
            draft.related = "relative" in self.entries[parts[0].first].roles
        disease: Phrase | None = None
        also: list[Phrase] = []
        values: list[tuple[Value, int, int]] = []
        brackets: list[Bracket] = []
        phrases: list[Phrase] = []
        windows: list[Found] = []
        begin = 0
        for part in self._unsized(parts):
            if isinstance(part, Words):
                if part.last > begin:
                    phrases += self._phrases(max(part.first, begin), part.last, draft)
            elif isinstance(part, Bracket):
                brackets.append(part)
            elif isinstance(part.meaning, Value):
                own, begin = self.portion(part, phrases, draft, alone=not values)
                if not own:
                    continue
                if self._of_list(part):
                    continue
                countable = part.meaning.bare and (
                    self._courses(part.last)
                    or self._earlier(part.last)
                    or (self._agreed(part.last) and "person" not in map(self._domain, phrases))
                )
                if countable and all(map(whole, part.meaning.comparisons)):
                    part = part._replace(meaning=part.meaning._replace(bare=False))  # "one prior line of therapy"
                if not _plain_number(part.meaning) or self._owned(part, phrases, len(parts)):
                    values.append(part)
                    self.take(part.first, part.last)
            else:
                windows.append(part)
                self.take(part.first, part.last)
        windows += self._lasting_values(phrases, values)
        for used, named in pairwise(phrases):
            if "usage" in self.entries[used.last - 1].roles and self._domain(named) == "consent":
                # "must use two methods of contraception"
                self.carry(used.first, used.last)
                phrases.remove(used)
                break
        head = self._head(phrases, values)
        if head is not None and values and values[0][1] < head.first and self._circumstance(head, values[0][1]):
            # "SpO2 > 94 % on room air or < 94 % on oxygen": the limit is of what was measured before
            self._add_modifier(draft, "location", self.span(head.first, head.last))
            self.take(head.first, head.last)
            phrases.remove(head)
            head = None
        if head is not None and self._served(head, windows):
            self._add_modifier(draft, "purpose", self.span(head.first, head.last))
            self.take(head.first, head.last)
            phrases.remove(head)
            head = None
        people: Phrase | None = None
        with_it: Phrase | None = None
        if head is not None and self._domain(head) == "person":
            # "women with breast cancer" says two things; what else is said is of the second
            done = bool(windows) and self.codes.find("R", head.last - self.offset, windows[-1].first - self.offset) >= 0
            beside = [
                p
                for p in phrases
                if p.first >= head.last
                and not self._empty(p)
                and not (values and self._consents(p))  # "adults (> 18) able to consent"
                and (
                    done
                    or p.first in self.whole
                    or self._suffered(p)
                    or self._result(p)
                    or self._stands(p)
                    or self.code(p.first) == "Y"
                )
            ]
            if beside:
                people, head = head, beside[0]
                phrases.remove(people)
                if self._bearing(people, head):
                    self.carry(people.first, people.last)
                    people, draft.anew = None, "people"
        if head is not None and people is None and values:
            head, people = self._aged(head, phrases)
        if head is not None and self.elapsed(head.first, head.last, windows):
            self.carry(head.first, head.last)
            phrases.remove(head)
            head = None
        owner = self.named_by(phrases, brackets, head) if head is not None and people is None and not values else None
        if owner is not None and head is not None and self.passing(head):
            phrases.remove(head)
            head, owner = owner, None
        if head is None and values:
            self.counted_in(draft, values[0][0])
        elif head is None and len(phrases) == 1 and not windows:
            self.result_alone(draft, phrases[0])
        if draft.standing is None:
            # "acute effects of prior therapy": what stands behind the head is of something else
            for phrase in phrases:
                graded = (
                    values
                    and phrase is not head
                    and self._substantial(phrase)
                    and head is not None
                    and self._has(head, "M")
                )
                if phrase.standing and (head is None or phrase.first <= head.first) and not graded:
                    draft.standing = phrase.standing
                    break
        if head is not None:
            self._name(draft, head)
            if values and self._scored(draft, head, phrases, values[0]):
                draft.domain = "measurement"
            if values or draft.value is not None or draft.finding is not None:
                disease = self._disease(draft, head, phrases)
                disease = disease or (self._rated(draft, phrases, values[0][2]) if values else None)
            if len(phrases) > 1:
                with_it = self._gone_with(head, phrases, windows, bare=not values and not brackets)
                others = [p for p in phrases if p not in (head, disease, with_it, owner)]
                also = [p for p in others if self._result(p) or self._consenting(p)]
                self._others(draft, head, [p for p in others if p not in also])
        # "back pain for 6 months with a score > 5": the pain lasts, not the score
        own = disease is not None and any(disease.last <= w.first < head.first for w in windows)  # type: ignore[union-attr]
        timed = Draft() if own or with_it is not None else draft
        if head is not None and draft.modifiers and self._scaled(head):
            self._by_scale(draft, head, phrases)
        for window in windows:
            if not self.possible(draft, parts[0].first if head is None else head.last, window):
                self._add_window(timed, window)
        if not windows and head is not None and draft.standing is None:
            draft.time = self._occasion(head, phrases)
        timed.window_behind = bool(windows) and (head is None or windows[-1].first >= head.last)
        # "a score of ≥ 8 on the depression scale" is of that scale as much as "depression scale ≥ 8"
        behind = bool(values) and (
            head is None
            or values[0][1] >= head.last
            or (
                head.cue >= values[0][2]
                and self.entries[head.cue].text in ("on", "in", "by", "per")
                and (self.entries[head.cue].text != "in" or self._has(head, "M"))  # "at least one in the shoulder"
            )
        )
        tree = self._values(draft, values, behind)
        if tree is not None and head is not None and values:
            tree = self._limited(tree, draft, head, phrases, values[0][1])
        if head is not None and isinstance(tree, Draft) and tree.time is not None and self._last_of(head, windows):
            tree.time = ago(tree.time, tree.time.start.anchor)  # type: ignore[union-attr]
        if head is not None and disease is not None and tree is not None:
            other = Draft()
            other.standing = disease.standing or (draft.standing if disease.first > head.first else None)
            self._name(other, disease)
            other.domain = other.domain or "condition"
            if own:
                other.time = timed.time
            elif timed.window_behind and windows[0].first >= disease.last and not self._borne_with(disease, head):
                other.time = timed.time  # "grade 2 neuropathy at screening" was a neuropathy then
            if other.domain == "consent":
                other.window_behind = timed.window_behind
                for part in drafts(tree):
                    part.time = None  # so long a method is used, not its failure rate
                tree = Node("all", [other, tree])
            else:
                tree = Node("all", [tree, other])
        if isinstance(tree, Draft) and tree.dose is not None and head is not None and head.first < values[0][1]:
            for phrase in phrases:
                # "steroids at a dose of more than 10 mg of prednisone": what it is measured against
                if self._part_of(phrase, head, values):
                    part = tree.copy()  # "a regimen with ≤ 10 mg/day of prednisone": it is part of that
                    part.modifiers, tree.dose = (), None
                    self._name(part, phrase)
                    tree = Node("all", [tree, part])
                    break
                if 0 <= phrase.first - values[-1][2] <= 2 and self._domain(phrase) == "drug":
                    self.carry(phrase.first, phrase.last)
        if also and tree is not None:
            # "HBsAg positive with HBV DNA ≥ 2000 IU/mL": each has a result of its own
            results = [Draft() for _ in also]
            for result, phrase in zip(results, also, strict=True):
                result.standing = phrase.standing
                self._name(result, phrase)
            tree = widened(tree, "all", results)
        if with_it is not None and tree is not None:
            self._name(timed, with_it)
            tree = widened(tree, "all", [timed])
        if owner is not None and tree is not None:
            thing = Draft()  # "pregnant women with systemic diseases such as …"
            thing.standing = owner.standing
            self._name(thing, owner)
            earlier = [b for b in brackets if b.first < owner.first]
            tree = widened(self._brackets(tree, earlier, draft) or thing, "all", [thing])
            brackets = brackets[len(earlier) :]
        if people is not None and tree is not None:
            who = Draft()
            self._name(who, people)
            told = self.entries[people.last : head.first] if head is not None else ()
            theirs = next(iter(drafts(tree)))
            theirs.related = theirs.experiencer == "partner" or any("relative" in entry.roles for entry in told)
            tree = Node("all", [who, *(tree.members if isinstance(tree, Node) and tree.op == "all" else [tree])])
        for bracket in brackets if head is not None and len(phrases) > 1 else ():
            node = bracket.node
            if isinstance(node, Draft) and node.concept is None and node.value is not None:
                self._name_behind(node, bracket.first, head, phrases)
        return self._brackets(tree, brackets, draft)

    def _part_of(self, phrase: Phrase, head: Phrase, values: list[Any]) -> bool:
        """Whether a drug in a given dose is named as what a treatment goes with."""
        begin, end = values[0][1], values[-1][2]
        led = self.entries[begin - 1].text == "with" and begin - 1 >= head.last
        of = 0 <= phrase.first - end <= 2 and self.codes.startswith("O", end - self.offset)
        return led and of and self._domain(phrase) == "drug"

    def _consenting(self, phrase: Phrase) -> bool:
        """Whether somebody is said to have consented: "adults aged 18 or over who have signed the form"."""
        if phrase.cue < 0 or "relative" not in self.entries[phrase.cue].roles:
            return False
        return self._consents(phrase)

    def _consents(self, phrase: Phrase) -> bool:
        """Whether a phrase is a consent."""
        return self._domain(phrase) == "consent" or self.whole.get(phrase.first, (0, None))[1] == "consent"

    def _stands(self, phrase: Phrase) -> bool:
        return "standing" in self.entries[phrase.first].roles or self.coupled(phrase.last - 1)

    def _bearing(self, people: Phrase, head: Phrase) -> bool:
        """Whether women alone are spoken of, and that they bear or nurse a child: nobody else does."""
        term = self.entries[people.last - 1].roles.get("concept")
        return term is not None and "female" in self.roles(term.name) and plays(self.entries[head.last - 1], "bearing")

    def _name_behind(self, node: Draft, place: int, head: Phrase | None, phrases: list[Phrase]) -> None:
        """What a limit in brackets is of where not the head stands before it: "scoliosis with pain (> 2/10)"."""
        for phrase in phrases:
            beside = phrase is not head and phrase.last == place and phrase.known and phrase.cue >= 0
            if beside and self.entries[phrase.cue].text == "with":
                self._name(node, phrase)
                node.domain = "measurement"

    def _last_of(self, head: Phrase, windows: list[Found]) -> bool:
        """Whether a time alone stands in front of what was given last ("at least 4 weeks since the last dose of X")."""
        if len(windows) != 1 or not isinstance(windows[0].meaning, Window):
            return False
        start, first, last = windows[0].meaning.start, windows[0].first, windows[0].last
        return (
            isinstance(start, Bound)
            and start.anchor.event == "last_dose"
            and _OF_IT.fullmatch(self.codes, last - self.offset, head.first - self.offset) is not None
            and not self._told_before(first)
        )

    def _told_before(self, i: int) -> bool:
        """Whether anything is named in front of i but the time that went by ("4 weeks must have elapsed since")."""
        found = _SUBSTANCE.finditer(self.codes, 0, i - self.offset)
        return any("elapsed" not in self.entries[self.offset + m.start()].roles for m in found)

    def _served(self, head: Phrase, windows: list[Found]) -> bool:
        """Whether a name only says what an event was for: "at least 3 weeks since chemotherapy for lymphoma"."""
        if len(windows) != 1 or not isinstance(windows[0].meaning, Window) or head.cue != windows[0].last:
            return False
        time = windows[0].meaning
        if not isinstance(time.start, Bound) or time.end is not None or time.start.anchor.event not in _UNDERGONE:
            return False
        return self.entries[head.cue].text.startswith("for") and not self._told_before(windows[0].first)

    def _limited(self, tree: Tree, draft: Draft, head: Phrase, phrases: list[Phrase], place: int) -> Tree:
        """A limit for some people: "haemoglobin: men ≥ 13 g/dL, women ≥ 12 g/dL"."""
        value = tree.value if isinstance(tree, Draft) else None
        mass = _SIZES.get(value.unit.ucum or "") if value is not None and value.unit else None
        # "weight: men ≥ 50 kg" and "haemoglobin, women: …" are of what was named before
        weighed = "M" in self.codes[: head.first - self.offset] or self.codes.startswith(":", head.last - self.offset)
        if (
            mass
            and draft.domain == "person"
            and isinstance(tree, Draft)
            and self._adjacent(head, place)
            and not weighed
        ):
            size = Draft()  # "infants ≤ 750 g"
            size.value, size.concept, size.time = value, value.span if value else None, tree.time
            size.domain, size.name, size.known = "measurement", mass, True
            size.first, size.last = size.concept or (tree.first, tree.last)
            tree.value = tree.time = None
            return Node("all", [tree, size])
        if value is None or value.unit is None or value.unit.ucum in TIME_CODES:
            return tree
        if draft.domain == "person" and isinstance(tree, Draft) and self._adjacent(head, place):
            limit = Draft()  # of what was measured before
            limit.value, limit.bare_value, limit.time = value, tree.bare_value, tree.time
            limit.first, limit.last = value.span or (tree.first, tree.last)
            tree.value = tree.time = None
            return Node("if", [tree, limit])
        for phrase in phrases:
            if phrase is not head and self._adjacent(phrase, place) and self._domain(phrase) == "person":
                who = Draft()
                self._name(who, phrase)
                return Node("if", [who, tree])
        return tree

    def _stranger(self, i: int) -> Draft | None:
        """A word by itself of which the tables know nothing: what `cut` would make of it; None where it is none."""
        entry, near = self.entries[i], i - self.offset
        if entry.roles or self.codes[near] != "w" or i in self.whole or (near and self.codes[near - 1] in "<n"):
            return None
        domain = domain_of([entry.text])
        if domain == "consent":
            return None
        draft = Draft(concept=self.span(i, i + 1), domain=domain)
        draft.cover(*self.span(i, i + 1))
        self.taken[near] = 1
        return draft

    def _plain(self, match: re.Match[str]) -> Draft:
        """The commonest statement, a name behind carrier words: what `cut` would make of it, without the search."""
        first, last = match.span(2)
        cue = match.start(1) + max(match[1].rfind("p"), match[1].rfind("i"))
        near = match.start(1) + len(match[1].rstrip("d")) - 1  # "allergy to the opioids"
        if cue < match.start(1) or (cue < near and "allergy" in self.entries[self.offset + near].roles):
            cue = near if match[1] else -1 - self.offset  # "patients with allergy to X" are allergic
        draft = Draft()
        if match[1]:
            draft.anew = self._anew(self.offset + match.start())
            draft.related = "relative" in self.entries[self.offset + match.start()].roles
        self._name(draft, Phrase(self.offset + first, self.offset + last, self.offset + cue, True))
        return draft
