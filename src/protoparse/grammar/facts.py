"""Where one statement is cut: a run of words, values, windows and brackets to facts.

In: the parts of one atom ("serum creatinine", "≤ 1.5 × ULN", "(Cockcroft-Gault)"). Out: a `Draft`, or a `Node` of
several; `rule` turns them into the model. A draft may still lack what its neighbours in a list share with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from protoparse.grammar.drafts import (
    Draft,
    Node,
    Standing,
    Tree,
    alternatives,
    blank,
    drafts,
    empty,
    examples,
    last_draft,
    repeat_subject,
)
from protoparse.grammar.phrases import Phrase as Found
from protoparse.grammar.phrases import Value
from protoparse.grammar.terms import domain_of
from protoparse.grammar.values import DAILY, RATES, TIME_CODES, Valuer, whole
from protoparse.lexicon import fold
from protoparse.lexing import Term
from protoparse.model import (
    Comparison,
    Domain,
    Modifier,
    Span,
    Window,
)


class Words(NamedTuple):
    """A run of lexemes without a connective."""

    first: int
    last: int


class Bracket(NamedTuple):
    """What stands in brackets behind a phrase, already read."""

    role: Literal["plain", "include", "except", "if"]
    node: Draft | Node | None
    first: int
    last: int


class Phrase(NamedTuple):
    """A noun phrase: its lexemes, what introduces it, and whether the vocabulary knows it."""

    first: int
    last: int
    cue: int
    known: bool
    standing: Standing | None = None
    """What stands right before it: "prior", "current"."""


_SUBSTANTIAL = re.compile("[wKMYa]")
# Carrier words, then a name that ends in a term of the vocabulary.
_PLAIN = re.compile("([vdpi^]*)([wKM]*[KM])[v^]*")
_MOST = 30
"""Nothing has more modifiers: a text that repeats one without end is not read so."""
_SIZES = {"kg": "body weight", "g": "body weight", "[lb_av]": "body weight", "cm": "body height"}
_TONES = ("Hz", "kHz")
_OCCASIONS = ("occasions", "occasion", "visits")
_RESULTED = re.compile("[y-]*q")
_DISEASE = re.compile("[mwa/-]*K")
_AMOUNT_OF = re.compile("Od*[wKm]")
_NAMING = re.compile("[KMYamvpicAGRIHC=J^]")
_MODIFIER_OF_CUE = {"c": "cause", "A": "method", "G": "purpose"}
# What has a value though it is no measurement.
_VALUED = ("age", "life expectancy")
_ASPECTS: dict[str, Standing | None] = {"duration": None, "history": "history"}
_SUFFERED = ("condition", "drug", "procedure", "device")


def _plain_number(value: Value) -> bool:
    """Whether a value is numbers alone, with neither comparator nor unit."""
    return value.bare and all(
        c.unit is None
        and c.reference is None
        and not any(isinstance(v, str) for v in (c.value, c.low, *(c.values if isinstance(c.values, tuple) else ())))
        for c in value.comparisons
    )


def _bare(draft: Draft) -> bool:
    return draft.bare_value and draft.value is not None and draft.value.unit is None and draft.value.reference is None


def _unnamed(tree: Draft, node: Tree) -> bool:
    """Whether modifiers alone stand before a bracket that says what was measured ("moderate (stage score ≤ 3)")."""
    said = tree.value or tree.count or tree.dose or tree.time or tree.standing
    return tree.concept is None and not said and any(d.value and d.concept for d in drafts(node))


def _numeric(value: Value) -> bool:
    return all(not isinstance(c.value, str) for c in value.comparisons)


class Cutter(Valuer):
    """Cuts the atoms of one item."""

    # ------------------------------------------------------------ cutting

    def cut(self, parts: Sequence[Any]) -> Tree | None:
        """One atom's parts to a draft, several where it says more than one thing, None where it says nothing."""
        if len(parts) == 1 and isinstance(parts[0], Words):
            plain = _PLAIN.fullmatch(self.codes, parts[0].first - self.offset, parts[0].last - self.offset)
            if plain is not None and "MK" not in plain[2]:
                return self._plain(plain)
        elif len(parts) > 3 and (segments := self._segments(parts)) is not None:
            said = [tree for segment in segments if (tree := self.cut(segment)) is not None]
            return said[0] if len(said) == 1 else Node("all", said)
        if k := self._having(parts):
            before, last = parts[k - 1], parts[k - 1].last - 1
            had = [*parts[: k - 1], *([Words(before.first, last)] if last > before.first else [])]
            said = [tree for some in (had, parts[k:]) if (tree := self.cut(some)) is not None]
            return said[0] if len(said) == 1 else Node("all", said)
        draft = Draft()
        disease: Phrase | None = None
        also: list[Phrase] = []
        values: list[tuple[Value, int, int]] = []
        brackets: list[Bracket] = []
        phrases: list[Phrase] = []
        windows: list[Found] = []
        for part in self._unsized(parts):
            if isinstance(part, Words):
                phrases += self._phrases(part.first, part.last, draft)
            elif isinstance(part, Bracket):
                brackets.append(part)
            elif isinstance(part.meaning, Value):
                if self._elsewhere(part, draft):
                    continue
                if part.meaning.bare and self._courses(part.last) and all(map(whole, part.meaning.comparisons)):
                    part = part._replace(meaning=part.meaning._replace(bare=False))  # "one prior line of therapy"
                if not _plain_number(part.meaning) or self._owned(part, phrases, len(parts)):
                    values.append(part)
                    self.take(part.first, part.last)
            else:
                windows.append(part)
                self.take(part.first, part.last)
        head = self._head(phrases, values)
        if head is not None and values and values[0][1] < head.first and self._circumstance(head, values[0][1]):
            # "SpO2 > 94 % on room air or < 94 % on oxygen": the limit is of what was measured before
            self._add_modifier(draft, "location", self.span(head.first, head.last))
            self.take(head.first, head.last)
            phrases.remove(head)
            head = None
        people: Phrase | None = None
        with_it: Phrase | None = None
        if head is not None and self._domain(head) == "person":
            # "women with breast cancer" says two things; what else is said is of the second
            done = bool(windows) and self.codes.find("R", head.last - self.offset, windows[-1].first - self.offset) >= 0
            beside = [p for p in phrases if p.first > head.last and (done or self._suffered(p))]
            if beside:
                people, head = head, beside[0]
                phrases.remove(people)
        if head is not None and people is None and values:
            head, people = self._aged(head, phrases)
        if head is not None and self.elapsed(head.first, head.last, windows):
            self.carry(head.first, head.last)
            phrases.remove(head)
            head = None
        if draft.standing is None:
            # "acute effects of prior therapy": what stands behind the head is of something else
            for phrase in phrases:
                if phrase.standing and (head is None or phrase.first <= head.first):
                    draft.standing = phrase.standing
                    break
        if head is not None:
            self._name(draft, head)
            if values and self._scored(draft, head, phrases, values[0]):
                draft.domain = "measurement"
            if values or draft.value is not None or draft.finding is not None:
                disease = self._disease(draft, head, phrases)
            if len(phrases) > 1:
                with_it = self._gone_with(head, phrases, windows)
                others = [p for p in phrases if p is not head and p is not disease and p is not with_it]
                also = [p for p in others if self._has(p, "M") and self._tested(p)]
                self._others(draft, head, [p for p in others if p not in also])
        timed = draft if with_it is None else Draft()
        for window in windows:
            if head is None or not self.possible(draft, head.last, window):
                self._add_window(timed, window)
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
        if head is not None and disease is not None and tree is not None:
            other = Draft()
            other.standing = disease.standing
            self._name(other, disease)
            tree = Node("all", [tree, other])
        for phrase in also:
            # "HBsAg positive with HBV DNA ≥ 2000 IU/mL": each has a result of its own
            other = Draft()
            other.standing = phrase.standing
            self._name(other, phrase)
            tree = Node("all", [*(tree.members if isinstance(tree, Node) and tree.op == "all" else [tree]), other])
        if with_it is not None and tree is not None:
            self._name(timed, with_it)
            tree = Node("all", [*(tree.members if isinstance(tree, Node) and tree.op == "all" else [tree]), timed])
        if people is not None and tree is not None:
            who = Draft()
            self._name(who, people)
            tree = Node("all", [who, *(tree.members if isinstance(tree, Node) and tree.op == "all" else [tree])])
        return self._brackets(tree, brackets, draft)

    def _having(self, parts: Sequence[Any]) -> int:
        """Where begins what something has so many of ("lupus with at least one lesion"), 0 where nothing does."""
        for k in range(1, len(parts) - 1):
            before, value, behind = parts[k - 1 : k + 2]
            if not isinstance(before, Words) or not isinstance(behind, Words) or isinstance(value, Words | Bracket):
                continue
            if self.entries[before.last - 1].text not in ("with", "having") or behind.first != value.last:
                continue
            meaning = value.meaning
            if not isinstance(meaning, Value) or meaning.bare or not all(map(whole, meaning.comparisons)):
                continue
            i = behind.first
            while i < behind.last - 1 and self.code(i) in "mHC":
                i += 1
            named = any(
                self.code(j) in "wKM" for p in parts[:k] if isinstance(p, Words) for j in range(p.first, p.last)
            )
            if named and self.code(i) in "wK" and "generic" not in self.entries[i].roles:
                return k
        return 0

    def _segments(self, parts: Sequence[Any]) -> list[list[Any]] | None:
        """Statements that only follow one another, each a measure and its value ("ANC ≥ 1500 Platelets ≥ 50,000")."""
        if sum(not isinstance(p, Words | Bracket) and isinstance(p.meaning, Value) for p in parts) < 2:
            return None
        segments: list[list[Any]] = [[]]
        named = valued = False
        for part in parts:
            if isinstance(part, Words):
                place = self._measured(part.first, part.last)
                if place is not None and named and valued:
                    if place > part.first:
                        segments[-1].append(Words(part.first, place))
                    segments.append([])
                    part = Words(place, part.last)
                    valued = False
                named = True
            elif not isinstance(part, Bracket) and isinstance(part.meaning, Value):
                valued = True
            segments[-1].append(part)
        return segments if len(segments) > 1 and valued else None

    def _measured(self, first: int, last: int) -> int | None:
        """Where a phrase begins that names something with a value."""
        for i in range(first, last):
            code = self.code(i)
            if code == "M" or (code == "K" and self.entries[i].roles["concept"].name in _VALUED):
                while i > first and self.code(i - 1) in "wKMamdY-/O":
                    i -= 1
                return i
        return None

    def _limited(self, tree: Tree, draft: Draft, head: Phrase, phrases: list[Phrase], place: int) -> Tree:
        """A limit for some people: "haemoglobin: men ≥ 13 g/dL, women ≥ 12 g/dL"."""
        value = tree.value if isinstance(tree, Draft) else None
        mass = _SIZES.get(value.unit.ucum or "") if value is not None and value.unit else None
        if mass and draft.domain == "person" and isinstance(tree, Draft) and self._adjacent(head, place):
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

    def _suffered(self, phrase: Phrase) -> bool:
        return phrase.known and self._domain(phrase) in _SUFFERED

    def _gone_with(self, head: Phrase, phrases: list[Phrase], windows: list[Found]) -> Phrase | None:
        """What a disease goes with for so long: "diabetes on metformin for 3 months" times the metformin."""
        if self._domain(head) != "condition" or len(windows) != 1:
            return None
        window = windows[0]
        if not (isinstance(window.meaning, Window) and window.meaning.duration):
            return None
        for phrase in phrases:
            cue = self.entries[phrase.cue].roles if phrase.cue > head.first else {}
            linked = "verb" in cue or "companion" in cue
            if head.last < phrase.first and phrase.last <= window.first and linked and self._suffered(phrase):
                return phrase
        return None

    def _circumstance(self, phrase: Phrase, place: int) -> bool:
        """Whether a phrase says only under what a thing was measured: "on oxygen", no scale ("on the MMSE")."""
        if self.entries[max(place - 1, self.offset)].text.startswith("score") or any(
            self.entries[i].text.startswith("score") for i in range(place, phrase.first)
        ):
            return False
        if domain_of([self.entries[i].text for i in range(phrase.first, phrase.last)]) == "measurement":
            return False
        if phrase.cue < 0 or self.entries[phrase.cue].text not in ("on", "under") or self._has(phrase, "M"):
            return False
        return "method_noun" not in self.roles(self.entries[phrase.last - 1].text.split()[-1])

    def _domain(self, phrase: Phrase) -> Domain | None:
        """What the last known term of a phrase is; an age is nobody."""
        term = self.entries[phrase.last - 1].roles.get("concept") if self.code(phrase.last - 1) == "K" else None
        return term.domain if term is not None and term.name != "age" else None

    def _aged(self, head: Phrase, phrases: list[Phrase]) -> tuple[Phrase, Phrase | None]:
        """The age, and the people whose age it is, where they are more than an age group: "women aged 18 to 45"."""
        place = head.last - 1
        if self.code(place) != "K" or self.entries[place].roles["concept"].name != "age":
            return head, None
        if head.first < place and self._restricted(place - 1):
            age = head._replace(first=place, cue=-1)
            phrases[phrases.index(head)] = age
            return age, head._replace(last=place)
        before = next((p for p in phrases if p.last <= head.first and p.cue < 0 and self._restricted(p.last - 1)), None)
        if before is not None:
            phrases.remove(before)
        return head, before

    def _restricted(self, i: int) -> bool:
        """Whether a lexeme names people by something else than their age."""
        term = self.entries[i].roles.get("concept")
        if self.code(i) != "K" or term is None or term.domain != "person" or term.name == "age":
            return False
        return "age_group" not in self.roles(term.name)

    def _plain(self, match: re.Match[str]) -> Draft:
        """The commonest statement, a name behind carrier words: what `cut` would make of it, without the search."""
        first, last = match.span(2)
        cue = match.start(1) + max(match[1].rfind("p"), match[1].rfind("i"))
        if cue < match.start(1):
            cue = first - 1 if match[1] else -1 - self.offset
        draft = Draft()
        self._name(draft, Phrase(self.offset + first, self.offset + last, self.offset + cue, True))
        return draft

    def _disease(self, draft: Draft, head: Phrase, phrases: list[Phrase]) -> Phrase | None:
        """A measure's disease: "NYHA class II heart failure", "anaemia with haemoglobin < 8 g/dL"."""
        aged = draft.term is not None and draft.term.name == "age"
        if draft.domain != "measurement" and not aged:
            return None
        for phrase in phrases:
            if phrase is head or not phrase.known:
                continue
            linked = phrase.cue < 0 or self.code(phrase.cue) in "vpi^"
            if phrase.last <= head.first and all(self.code(i) in "Od-<v" for i in range(phrase.last, head.first)):
                linked = True
            elif phrase.last < head.first:
                linked = head.cue >= 0 and self.entries[head.cue].text in ("with", "and")
            elif phrase.cue >= 0 and "locative" in self.entries[phrase.cue].roles:
                linked = False
            term = self.entries[phrase.last - 1].roles.get("concept")
            if linked and term is not None and term.domain == "condition" and self.code(phrase.last - 1) == "K":
                return phrase
        return None

    def _phrases(self, first: int, last: int, draft: Draft) -> list[Phrase]:
        """The noun phrases of a run of words; standing (history, current) that none follows goes to the draft."""
        found: list[Phrase] = []
        standing: Standing | None = None
        codes, offset = self.codes, self.offset
        begin, cue, known = -1, -1, False
        i = first
        while i < last:
            code = codes[i - offset]
            if code in "KMYwamqnrut":
                if begin >= 0 and code in "KM" and self._parts(i):
                    found.append(Phrase(begin, i, cue, known, standing))
                    begin, cue, standing = -1, -1, None
                if begin < 0:
                    begin, known = i, False
                known = known or code in "KM"
                if code in "qM" and self._results_of(i, begin):
                    # "HER2-negative breast cancer": the test, then the disease
                    found.append(Phrase(begin, i + 1, cue, True, standing))
                    begin, cue, standing = -1, -1, None
            elif (
                (code == "O" and begin >= 0 and i + 1 < last and codes[i + 1 - offset] in "wKMamqdn")
                or (code == "d" and begin >= 0 and codes[i - 1 - offset] == "O")
                or (code in "-/y'" and begin >= 0)
                or code == "w"
                or code == "y"
            ):
                pass
            else:
                if begin >= 0:
                    found.append(Phrase(begin, i, cue, known, standing))
                    begin, cue, standing = -1, -1, None
                if code in "HC" or (code == "P" and "history" in self.entries[i].roles):
                    if standing is None:
                        now = self.entries[i].roles.get("current") != "study"
                        standing = "history" if code in "HP" else "current" if now else "concurrent"
                    self.take(i, i + 1)
                    draft.cover(self.starts[i], self.ends[i])
                    cue = -1
                elif cue >= 0 and (code == "d" or (code in "v^" and codes[cue - offset] in "cAGRpi=")):
                    pass
                else:
                    cue = i
            i += 1
        if begin >= 0:
            found.append(Phrase(begin, last, cue, known, standing))
        elif standing is not None and draft.standing is None:
            draft.standing = standing
        return found

    def _parts(self, i: int) -> bool:
        """Whether a name begins a phrase of its own ("breast cancer HER2 negative", "QTc male ≥ 450 ms")."""
        if i == self.offset:
            return False
        if self.code(i) == "M":
            return self.code(i - 1) == "K" and _RESULTED.match(self.codes, i + 1 - self.offset) is not None
        term = self.entries[i].roles["concept"]
        return self.code(i - 1) == "M" and term.domain == "person" and term.name != "age"

    def _results_of(self, i: int, begin: int) -> bool:
        """Whether a result ends a test's name that begins there, a disease behind it."""
        if _DISEASE.match(self.codes, i + 1 - self.offset) is None:
            return False
        if self.code(i) == "M":
            return self._finding(i) is not None
        if i == begin:
            return False
        last = i - 1
        while last > self.offset and self.code(last) in "-y":
            last -= 1
        if self.code(last) == "w":
            return last < i - 1 or self.text[self.starts[last] : self.ends[last]].isupper()
        return self.code(last) in "MK"

    def _head(self, phrases: list[Phrase], values: list[tuple[Value, int, int]]) -> Phrase | None:
        """The phrase that names the thing."""
        if len(phrases) == 1 and not values:
            return None if self._empty(phrases[0]) else phrases[0]
        candidates = [p for p in phrases if not self._empty(p)]
        if not candidates:
            return None
        candidates = [p for p in candidates if self._substantial(p)] or candidates
        if values:
            place = values[0][1]
            counted = self._counted(candidates, values[0])
            if counted is not None:
                return counted
            beside = self._beside(candidates, values[0])
            inside = [p for p in candidates if place <= p.first < values[0][2]]
            measured = [p for p in candidates if self._has(p, "M") or self._valued(p) is not None]
            if measured:
                before = [p for p in measured if p.first < place]
                led = (
                    beside is not None
                    and beside.cue > 0
                    and "with"
                    in (
                        self.entries[beside.cue].text,
                        self.entries[beside.cue - 1].text,
                    )
                )
                if led and beside not in measured and beside is not candidates[0]:
                    return beside  # "a risk score with predicted mortality > 10%"
                if beside is not None and not before and not inside and _numeric(values[0][0]):
                    return beside  # "pain > 4 on a numeric scale"
                found = before[-1] if before and not values[0][0].fronted else measured[0]
                scale = self.codes.find("M", found.first - self.offset, found.last - self.offset) + self.offset
                if scale < self.offset:
                    scale = self._valued(found) or found.first
                if self.codes.find("K", found.first - self.offset, scale - self.offset) >= 0:
                    # "heart failure NYHA class III": the disease, then its measure
                    last = scale
                    while self.code(last - 1) in "Od-":
                        last -= 1
                    phrases[phrases.index(found)] = found._replace(last=last)
                    found = found._replace(first=scale, cue=found.cue if found.cue >= values[0][2] else -1)
                    phrases.append(found)
                return found
            if beside is not None and not values[0][0].bare:
                return beside
        main = [p for p in candidates if p.cue < 0 or self.code(p.cue) not in "cAGR=J"]
        known = [p for p in main if p.known]
        for p in known:
            if p.cue < 0 or "locative" not in self.entries[p.cue].roles:
                return p
        if main and (not known or main[0].first <= known[0].first):
            return main[0]
        return known[0] if known else candidates[0]

    def _adjacent(self, phrase: Phrase, place: int) -> bool:
        """Whether a value stands right behind a phrase."""
        return phrase.last <= place and all(self.code(i) in "O:=vd-" for i in range(phrase.last, place))

    def _counted(self, phrases: list[Phrase], value: tuple[Value, int, int]) -> Phrase | None:
        """The phrase right behind a number that counts it, where another stands before ("a trial of ≥ 4 drugs")."""
        meaning, place, end = value
        if meaning.bare or not all(map(whole, meaning.comparisons)):
            return None
        if self._courses(end):
            end = next(i for i in range(end, end + 4) if self.code(i) not in "Hmd")
            return next((p for p in phrases if p.first <= end < p.last), None)
        first = next((p for p in phrases if self._has(p, "M")), None)
        if first is not None and first.first > end and all(p.first >= end for p in phrases):
            # "≥ 1 tooth with caries of ICDAS class 1", not "> 4 pain on a numeric scale"
            scaled = first.cue >= 0 and self.entries[first.cue].text in ("on", "by", "per", "using")
            if not scaled and phrases[0].first == end and not self._has(phrases[0], "M"):
                return None if self._generic(phrases[0]) else phrases[0]
        if not any(self._adjacent(p, place) and not self._has(p, "M") and self._valued(p) is None for p in phrases):
            return None
        return next((p for p in phrases if p.first == end and not self._generic(p)), None)

    def _courses(self, i: int) -> bool:
        """Whether what can only be counted stands at i, or behind a "prior" there: lines and courses of treatment."""
        for k in range(i, min(i + 3, self.offset + len(self.codes))):
            if "countable" in self.entries[k].roles:
                return True
            if self.code(k) not in "Hmd":
                return False
        return False

    def _beside(self, phrases: list[Phrase], value: tuple[Value, int, int]) -> Phrase | None:
        """The phrase right before a value, where it can be what is measured; a time may be of any other."""
        meaning, place, end = value
        if meaning.bare or any(c.unit is not None and c.unit.ucum in TIME_CODES for c in meaning.comparisons):
            return None
        if _AMOUNT_OF.match(self.codes, end - self.offset):
            return None  # "no more than 2 mg of dexamethasone"
        for phrase in phrases:
            if phrase.first < place and self._adjacent(phrase, place) and not self._generic(phrase):
                led = phrase.cue >= 0 and self.code(phrase.cue) == "p" and self.entries[phrase.cue].text != "with"
                return None if led and phrase is not phrases[0] else phrase
        return None

    def _generic(self, phrase: Phrase) -> bool:
        """Whether a phrase only says that something is measured ("total score", "average")."""
        return all("generic" in self.entries[i].roles for i in range(phrase.first, phrase.last))

    def _scored(self, draft: Draft, head: Phrase, phrases: list[Phrase], value: tuple[Value, int, int]) -> bool:
        """Whether the words around a value say that its subject is measured, whatever else that is."""
        meaning, place, _ = value
        if any(c.unit is not None and c.unit.ucum in RATES for c in meaning.comparisons):
            return False  # "heartburn more than once a week"
        if any(c.unit is not None and DAILY.fullmatch(c.unit.ucum or "") for c in meaning.comparisons):
            return False  # "somemab ≤ 20.5 mg/day"
        if (
            meaning.bare
            or draft.domain == "measurement"
            or any(c.unit is not None and c.unit.ucum in TIME_CODES for c in meaning.comparisons)
        ):
            return False
        if any(self._generic(p) and self._adjacent(p, place) for p in phrases if p is not head):
            return True
        if any(self.entries[i].text.startswith("score") for i in range(max(place - 1, self.offset), value[2])):
            return True
        if not self._adjacent(head, place):
            return False
        if any(p.first > place and self._has(p, "M") for p in phrases):
            return True
        return draft.domain is None and not all(map(whole, meaning.comparisons))

    def _elsewhere(self, part: Any, draft: Draft) -> bool:
        """Whether a limit behind a preposition is of what follows ("in at least 30% of the teeth", "on two occasions").

        How often something was found is counted for it.
        """
        i = part.first - 1
        while i >= self.offset and self.code(i) == "d":
            i -= 1
        if i < self.offset or self.entries[i].text not in ("in", "on", "at", "for", "during"):
            return False
        comparison = part.meaning.comparisons[0]
        unit = comparison.unit
        last = part.last
        behind = self.codes[last - self.offset : last - self.offset + 1]
        if unit is None and comparison.reference is None and behind in ("w", "K", "m"):
            often = self.entries[last].text in _OCCASIONS
            if whole(comparison) and (often or not part.meaning.bare) and draft.count is None:
                draft.count = comparison  # "arthritis in at least two joints"
                if comparison.span:
                    draft.cover(*comparison.span)
                self.take(part.first, last)
                if often:
                    self.carry(last, last + 1)
            return True
        return unit is not None and unit.ucum == "%" and behind == "O"

    def _unsized(self, parts: Sequence[Any]) -> list[Any]:
        """The parts without the numbers that are no values, the words on either side of the size of a scale as one."""
        out: list[Any] = []
        sized = False
        for part in parts:
            if not isinstance(part, Words | Bracket) and isinstance(part.meaning, Value) and self._sized(part):
                sized = part.meaning.loose
                continue
            if sized and isinstance(part, Words) and out and isinstance(out[-1], Words):
                out[-1] = Words(out[-1].first, part.last)  # "on a 0-10 numeric scale"
            else:
                out.append(part)
            sized = False
        return out

    def _sized(self, part: Any) -> bool:
        """Whether a bare number tells how something was measured, or when a work appeared.

        "on a 0-10 scale", "at 500 and 1000 Hz", "(American Rheumatism Association, 1987)".
        """
        if not part.meaning.bare and not part.meaning.loose:
            return False
        comparison = part.meaning.comparisons[0]
        i = part.first - 1
        if comparison.operator == "between":
            while i >= self.offset and self.code(i) == "d":
                i -= 1
            last = part.last
            if (
                i < self.offset
                or comparison.unit is not None
                or comparison.low not in (0, 1)
                or self.entries[i].text not in ("on", "using", "in", "from")
                or last == self.offset + len(self.codes)
                or self.code(last) not in "wKM"
            ):
                return False
            self.carry(part.first, last)
            return True
        unit = comparison.unit
        if unit is not None:
            heard = unit.ucum in _TONES or (unit.text or "").startswith("dB")
            return heard and i >= self.offset and self.entries[i].text in ("at", "and", ",", "for", "frequencies")
        year = comparison.value
        beside = i >= self.offset and self.code(i) in "M:=O"
        return isinstance(year, int) and 1950 < year < 2050 and part.last == part.first + 1 and not beside

    def _owned(self, value: Any, phrases: list[Phrase], parts: int) -> bool:
        """Whether a number that nothing compares is the value of what it stands beside ("ECOG 0-1", "ASA 3")."""
        digits = any(ch.isdigit() for ch in self.text[self.starts[value.first] : self.ends[value.last - 1]])
        if parts == 1 or (value.first > self.offset and self.entries[value.first - 1].text.startswith("score")):
            return digits
        last = value.last
        if last < self.offset + len(self.codes) and self.code(last) == "M":
            return True
        if not phrases or not digits:
            return False
        before = phrases[-1]
        scaled = "scale" in self.entries[before.last - 1].roles or self._has(before, "M")
        return self._adjacent(before, value.first) and (scaled or self._valued(before) is not None)

    def _tested(self, phrase: Phrase) -> bool:
        """Whether a phrase says the result of a test."""
        return self._has(phrase, "q") or self._finding(phrase.last - 1) is not None

    def _finding(self, i: int) -> Comparison | None:
        """The result that a name itself says: "EGFR mutation", "MSI-H", "HR+"."""
        entry = self.entries[i]
        term = entry.roles.get("measurement")
        if (self.code(i) != "M" or term is None or term.kind != "word") and self.code(i) != "w":
            return None
        roles = self._result_roles(i)
        result = roles.get("result") or roles.get("finding") or roles.get("qualitative")
        return None if result is None else Comparison(operator="=", value=result, span=self.span(i, i + 1))

    def _result_roles(self, i: int) -> Mapping[str, Any]:
        """What the name at i says of a result, or its last word."""
        entry = self.entries[i]
        word = entry.text.rsplit(" ", 1)[-1]
        return entry.roles if "result" in entry.roles or word == entry.text else self.roles(word)

    def _has(self, phrase: Phrase, code: str) -> bool:
        return self.codes.find(code, phrase.first - self.offset, phrase.last - self.offset) >= 0

    def _substantial(self, phrase: Phrase) -> bool:
        """Whether more than modifiers stand in a phrase."""
        return _SUBSTANTIAL.search(self.codes, phrase.first - self.offset, phrase.last - self.offset) is not None

    def _valued(self, phrase: Phrase) -> int | None:
        """Where a phrase names something that has a value though it is no measurement: age, life expectancy."""
        for i in range(phrase.first, phrase.last):
            if self.code(i) == "K" and self.entries[i].roles["concept"].name in _VALUED:
                return i
        return None

    def _empty(self, phrase: Phrase) -> bool:
        """Whether a phrase names nothing by itself: a qualitative word, numbers, a sign."""
        first, last = phrase.first - self.offset, phrase.last - self.offset
        if _NAMING.search(self.codes, first, last):
            return False
        return not any(
            self.codes[k] == "w" and "sign" not in self.entries[self.offset + k].roles for k in range(first, last)
        )

    def _name(self, draft: Draft, head: Phrase) -> None:
        """The concept of a head phrase: leading modifiers, qualitative words and asides off."""
        first, last = head.first, head.last
        entries, code = self.entries, self.code
        if last > first + 1 or code(first) not in "KMw":
            bounds = self._trim(draft, first, last)
            if bounds is None:
                return
            first, last = bounds
        draft.concept = self.span(first, last)
        draft.cover(*draft.concept)
        self.take(first, last)
        term: Term | None = None
        whole = last == first + 1
        for i in range(last - 1, first - 1, -1):
            roles = entries[i].roles
            found = roles.get("measurement") if code(i) == "M" else roles.get("concept")
            if found is not None and (code(i) in "KM" or whole):
                term = found
                break
        draft.known = term is not None
        if whole and term is not None:
            draft.term, draft.domain = term, term.domain
        else:
            final = term if term is not None and code(last - 1) in "KM" else None
            draft.domain = domain_of([entries[i].text for i in range(first, last)], final, term)
            draft.term = term if term is not None and term.domain == "measurement" == draft.domain else None
        if head.cue >= 0 and "allergy" in entries[head.cue].roles:
            draft.domain, draft.term, draft.allergen = "allergy", None, True
            self.take(head.cue, head.cue + 1)
            draft.cover(*self.span(head.cue, head.cue + 1))
        if draft.domain is None and draft.value is not None:
            draft.domain = "measurement"
        if (
            draft.domain == "condition"
            and "finding" in entries[last - 1].roles
            and self.codes.find("M", first - self.offset, last - self.offset) >= 0
        ):
            draft.domain = "measurement"  # "HER2 mutation"
        if draft.domain in (None, "measurement") and (code(last - 1) == "M" or last > first + 1):
            draft.finding = self._finding(last - 1)
            for i in range(first, last) if draft.value is None else ():
                if code(i) == "M" and "finding" not in self._result_roles(i):
                    draft.value = draft.value or self._finding(i)  # "MSI-H", "HR+": no list says otherwise
        if draft.domain is None and draft.finding is not None:
            draft.domain = "measurement"
        verb = entries[head.cue].roles.get("verb") if head.cue >= 0 else None
        if verb is not None:
            draft.domain = draft.domain or verb
            draft.cover(*self.span(head.cue, head.cue + 1))  # "treatment with" is part of what is said

    def _trim(self, draft: Draft, first: int, last: int) -> tuple[int, int] | None:
        """The bounds of the name itself, its modifiers taken off on either side; None where nothing else stands."""
        code = self.code
        for i in range(first, last):
            if code(i) == "q":
                self._qualify(draft, i)
        while last > first and code(last - 1) in "qO-/dyn~":
            last -= 1
        if last > first + 1 and code(last - 1) == "w" and self.entries[last - 1].text in _ASPECTS:
            # "pain duration < 2 weeks" is of the pain, an "addiction history" of an addiction
            term = self.entries[last - 2].roles.get("concept") if code(last - 2) == "K" else None
            if term is None or term.domain not in ("condition", "drug", "observation"):
                return first, last
            last -= 1
            self.carry(last, last + 1)
            draft.standing = draft.standing or _ASPECTS[self.entries[last].text]
        while first < last - 1 and code(first) in "mqO-/dynY":
            if code(first) == "m":
                self._modify(draft, first)
            elif code(first) == "Y":
                self._family(draft, first)
            first += 1
        if last > first and code(first) == "Y":
            self._family(draft, first)
            if first == last - 1:
                return None
        while last - 1 > first and code(last - 1) == "m":
            last -= 1
            self._modify(draft, last)
        if last <= first:
            return None
        if last == first + 1 and code(first) in "mq":
            if code(first) == "m":
                self._modify(draft, first)
            return None
        return first, last

    def _others(self, draft: Draft, head: Phrase, phrases: list[Phrase]) -> None:
        """What the phrases beside the head say of it."""
        for phrase in phrases:
            term = self.entries[phrase.last - 1].roles.get("concept")
            if draft.term is not None and draft.term.name == "age" and term is not None and term.domain == "person":
                self.carry(phrase.first, phrase.last)  # "adults aged 18 or older" says no more than the age
                continue
            if term is not None and term.name == "age" and phrase.cue >= 0 and phrase.last == phrase.first + 1:
                self.carry(phrase.first, phrase.last)  # "≤ 1.5 × ULN for age": how the limit was found
                continue
            if self._has(phrase, "q"):
                for i in range(phrase.first, phrase.last):
                    if self.code(i) == "q":
                        self._qualify(draft, i)
            if phrase.cue < 0:
                self._loose(draft, phrase)
                continue
            cue = self.code(phrase.cue)
            kind = _MODIFIER_OF_CUE.get(cue)
            if kind is None and cue in "pio" and phrase.first > head.last and not self._empty(phrase):
                word = self.entries[phrase.cue].text
                kind = "purpose" if word in ("for", "to") else None
                if "locative" in self.entries[phrase.cue].roles:
                    # "pain > 4 on a numeric scale"
                    kind = (
                        "method"
                        if "method_noun" in self.roles(self.entries[phrase.last - 1].text.split()[-1])
                        else "location"
                    )
                if word == "by":
                    kind = "method"
            if kind is None and cue == "R" and self.entries[phrase.cue].text in ("requiring", "needing", "requires"):
                span = self.span(phrase.cue, phrase.last)
                self._add_modifier(draft, "other", span)
                self.take(phrase.cue, phrase.last)
                continue
            if kind is not None and not self._empty(phrase):
                last = phrase.last
                while last > phrase.first and self.code(last - 1) in "O-/dy":
                    last -= 1
                self._add_modifier(draft, kind, self.span(phrase.first, last))
                self.take(phrase.first, phrase.last)
            else:
                self._loose(draft, phrase)

    def _loose(self, draft: Draft, phrase: Phrase) -> None:
        """Modifiers among words that name nothing else ("hypertension, uncontrolled")."""
        if all(self.code(i) in "mqdO" for i in range(phrase.first, phrase.last)):
            for i in range(phrase.first, phrase.last):
                if self.code(i) == "m":
                    self._modify(draft, i)

    def _qualify(self, draft: Draft, i: int) -> None:
        """A qualitative result ("positive") is a value."""
        if draft.value is None:
            span = self.span(i, i + 1)
            roles = self.entries[i].roles
            draft.value = Comparison(operator="=", value=roles.get("qualitative") or roles["result"], span=span)
            draft.cover(*span)
            self.take(i, i + 1)

    def _modify(self, draft: Draft, i: int) -> None:
        if len(draft.modifiers) >= _MOST:
            return
        kind, value = self.entries[i].roles["modifier"]
        span = self.span(i, i + 1)
        draft.modifiers += (Modifier(type=kind, text=self.text[slice(*span)], span=span, value=value),)
        draft.cover(*span)
        self.take(i, i + 1)

    def _add_modifier(self, draft: Draft, kind: Any, span: Span) -> None:
        text = self.text[slice(*span)]
        draft.modifiers += (Modifier(type=kind, text=text, span=span, value=fold(text)),)
        draft.cover(*span)

    def _family(self, draft: Draft, i: int) -> None:
        draft.experiencer = "family"
        draft.cover(*self.span(i, i + 1))
        self.take(i, i + 1)

    # ------------------------------------------------------------ brackets

    def _brackets(self, tree: Tree | None, brackets: list[Bracket], draft: Draft) -> Tree | None:
        for bracket in brackets:
            node = bracket.node
            if node is None:
                continue
            if tree is None or (isinstance(tree, Draft) and (blank(tree) or _unnamed(tree, node))):
                tree = node
                continue
            if bracket.role == "include" and any(d.value is not None or d.count is not None for d in drafts(node)):
                tree = Node("all", [tree, node])
            elif bracket.role == "include":
                target = last_draft(tree)
                target.includes += examples(node)
            elif bracket.role == "except":
                tree = Node("except", [tree, *(alternatives(node))])
            elif bracket.role == "if":
                tree = Node("if", [node, tree])
            elif isinstance(node, Draft):
                if node.term is not None and node.term is last_draft(tree).term:
                    self.carry(bracket.first, bracket.last)  # "heart attack (myocardial infarction)"
                tree = self._plain_bracket(tree, node)
            elif any(d.value and not d.concept for d in drafts(node)) and not empty(tree):
                # "≤ 1.5 × ULN (≤ 3 × ULN in Gilbert's syndrome)": one limit or the other
                repeat_subject(tree, node)
                self._when(draft, node)
                tree = Node("any", [tree, node])
            elif not empty(node) and not empty(tree) and any(d.value or d.time or d.dose for d in drafts(node)):
                self._when(draft, node)
                tree = Node("all", [tree, node])
        return tree

    def _when(self, draft: Draft, node: Tree) -> None:
        """ "hypertension (systolic > 160 mmHg) at screening": what is measured in brackets was measured then."""
        if not draft.window_behind or draft.time is None:
            return
        for one in drafts(node):
            if one.time is None and one.value is not None:
                one.time, one.again = draft.time, draft.again

    def _plain_bracket(self, tree: Tree, node: Draft) -> Tree:
        target = last_draft(tree)
        if node.concept is None:
            if node.time is not None and target.time is None:
                target.time = node.time
                target.cover(node.first, node.last)
            if node.value is not None and _bare(node) and target.domain != "measurement":
                return tree  # "stroke (2)"
            daily = node.value is not None and node.value.unit and DAILY.fullmatch(node.value.unit.ucum or "")
            if daily and not target.known and target.domain in (None, "observation", "measurement"):
                target.domain = "drug"  # "somemab (≤ 20 mg/day)"
            if node.value is not None and target.domain == "drug":
                target.dose = target.dose or node.value
                target.cover(node.first, node.last)
            elif node.value is not None and target.value is None and target.domain != "procedure":
                target.value = node.value
                target.cover(node.first, node.last)
            if node.modifiers:
                target.modifiers += node.modifiers
                target.cover(node.first, node.last)
            return tree
        if target.domain == "drug" and node.dose is not None:
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
