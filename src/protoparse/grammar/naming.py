"""Noun phrases of a statement: where they stand, what each names, and what the words around the name say of it.

In: a run of lexemes. Out: `Phrase`s; a `Draft` with the concept of one, its modifiers, its result in words;
"severe chronic kidney disease" gives the concept "kidney disease", severe and chronic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from protoparse.grammar.affixes import inside, undenied, untreated
from protoparse.grammar.allergens import awaiting, not_borne
from protoparse.grammar.consenting import consenter
from protoparse.grammar.drafts import MODIFIERS, Anew, Draft, Node, several
from protoparse.grammar.items import plays
from protoparse.grammar.periods import Standing
from protoparse.grammar.terms import domain_of
from protoparse.grammar.values import Valuer
from protoparse.lexicon import fold
from protoparse.lexing import Term
from protoparse.model import Comparison, Domain, Event, Modifier, Span


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
    cue: int = -1
    """What stands in front of examples or exceptions."""


class Phrase(NamedTuple):
    """A noun phrase: its lexemes, what introduces it, and whether the vocabulary knows it."""

    first: int
    last: int
    cue: int
    known: bool
    standing: Standing | None = None
    """What stands right before it: "prior", "current"."""


_SUBSTANTIAL = re.compile("[wKMYaj]")
_RESULTED = re.compile("[y-]*q")
_DISEASE = re.compile("y*[mwa/-]*K")
_NAMING = re.compile("[KMYamvpicAGRIHC=J^sj]")
_MODIFIER_OF_CUE = {"c": "cause", "A": "method", "G": "purpose", "s": "location"}
# What has a value though it is no measurement.
VALUED = ("age", "life expectancy")
CLASSES = ("class", "grade", "stage")
"""The scales that have no name of their own."""
_NOW: dict[str, Standing] = {"now": "current", "state": "ongoing", "study": "concurrent"}
_ASPECTS: dict[str, Standing | None] = {"duration": None, "history": "history"}
VISITS: dict[str, Event] = {"screening": "screening", "baseline": "baseline"}
_FINITE = ("is", "are", "has", "have", "had", "was", "were")
_NAMELESS = frozenset({"sign", "nameless"})


class Namer(Valuer):
    """Names what the phrases of an item's statements stand for."""

    def _domain(self, phrase: Phrase) -> Domain | None:
        """What the last known term of a phrase is; an age is nobody."""
        term = self.entries[phrase.last - 1].roles.get("concept") if self.code(phrase.last - 1) == "K" else None
        return term.domain if term is not None and term.name != "age" else None

    def _anew(self, i: int) -> Anew | None:
        """How a statement begins anew: with the people, a verb, or what is "other" than what stands before."""
        if "population" in self.entries[i].roles:
            return "people"
        if self.code(i) == "v" and self.entries[i].text.split(" ", 1)[0] in _FINITE:
            return "verb"
        while self.code(i) == "d" and i + 1 < self.offset + len(self.codes):
            if "other" in self.entries[i].roles:
                return "other"
            i += 1
        # "history of gout, or any evidence of stones": no history of these
        return "verb" if "anew" in self.entries[i].roles else None

    def _phrases(self, first: int, last: int, draft: Draft) -> list[Phrase]:
        """The noun phrases of a run of words; standing (history, current) that none follows goes to the draft."""
        found: list[Phrase] = []
        standing: Standing | None = None
        codes, offset = self.codes, self.offset
        begin, cue, known = -1, awaiting(self, first), False
        i = first
        while i < last:
            code = codes[i - offset]
            if code == "m" and found and self.governs(i) and self.relates_back(i):
                # "rejection that did not respond to steroids"
                self._add_modifier(draft, "status", self.span(i, last))
                self.take(i, last)
                return found
            if code in "KMYwamqnrutj":
                if begin >= 0 and ((code in "KMY" and self._parts(i)) or (code == "m" and self.governs(i))):
                    found.append(Phrase(begin, i, cue, known, standing))
                    begin, cue, standing = -1, -1, None
                if begin < 0:
                    begin, known = i, i in self.whole
                known = known or code in "KM"
                if code in "qM" and self._results_of(i, begin):
                    # "HER2-negative breast cancer": the test, then the disease
                    found.append(Phrase(begin, i + 1, cue, True, standing))
                    begin, cue, standing = -1, -1, None
            elif (
                (code == "O" and begin >= 0 and i + 1 < last and codes[i + 1 - offset] in "wKMamqdn")
                or (code == "d" and begin >= 0 and codes[i - 1 - offset] == "O")
                or (code in "dvp~io" and begin >= 0 and i > begin and i + 1 < last and self.relates(i))
                or (code in "-/y'" and begin >= 0)
                or code == "w"
                or code == "y"
            ):
                pass
            else:
                if begin >= 0:
                    found.append(Phrase(begin, i, cue, known, standing))
                    begin, cue, standing = -1, -1, None
                if code == "V":
                    end = i + 1
                    while end < last and codes[end - offset] == "l":
                        end += 1
                    self._add_modifier(draft, "other", self.span(i, end))
                    self.take(i, end)
                    cue, i = -1, end
                    continue
                if code in "HC" and cue >= 0 and "allergy" in self.entries[cue].roles:
                    self.take(i, i + 1)  # "intolerant to prior chemotherapy": the treatment is past
                elif code in "HC" or (code == "P" and "history" in self.entries[i].roles):
                    if standing is None:
                        standing = "history" if code in "HP" else _NOW[self.entries[i].roles["current"]]
                    self.take(i, i + 1)
                    draft.cover(self.starts[i], self.ends[i])
                    if cue >= 0 and "allergy" not in self.entries[cue].roles:
                        cue = -1  # but "intolerant to prior therapy"
                elif cue >= 0 and code == "O" and codes[i - 1 - offset] == "d":
                    pass  # "allergy to any of the excipients"
                elif cue >= 0 and (code == "d" or (code in "v^" and codes[cue - offset] in "cAGRpi=s")):
                    if code == "v" and "allergy" in self.entries[i].roles:
                        cue = i  # "patients with allergy to X"
                else:
                    cue = i
            i += 1
        if begin >= 0:
            found.append(Phrase(begin, last, cue, known, standing))
        elif standing is not None and draft.standing is None:
            draft.standing = standing
        return found

    def governs(self, i: int) -> bool:
        """Whether what follows is what a modifier is about, not what it stands behind: "pain unresponsive to heat"."""
        entry = self.entries[i]
        return entry.text.endswith(" to") and entry.roles.get("modifier", ("",))[0] == "status"

    def relates_back(self, i: int) -> bool:
        """Whether what stands at i is said of a thing in a clause on it ("that …", "which …"), not of people."""
        return i > self.offset and self.entries[i - 1].text.split(" ", 1)[0] in ("that", "which")

    def _parts(self, i: int) -> bool:
        """Whether a name begins a phrase of its own ("breast cancer HER2 negative", "QTc male ≥ 450 ms")."""
        if i == self.offset:
            return False
        if self.code(i) == "Y":
            return bool(self.entries[i].roles["family"] == "partner")  # "men whose wife is pregnant"
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

    def _adjacent(self, phrase: Phrase, place: int) -> bool:
        """Whether a value stands right behind a phrase."""
        return phrase.last <= place and all(self.code(i) in "O:=vd-" for i in range(phrase.last, place))

    def _generic(self, phrase: Phrase) -> bool:
        """Whether a phrase only says that something is measured ("total score", "average")."""
        return all("generic" in self.entries[i].roles for i in range(phrase.first, phrase.last))

    def _finding(self, i: int) -> Comparison | None:
        """The result that a name itself says: "EGFR mutation", "MSI-H", "HR+"."""
        entry = self.entries[i]
        term = entry.roles.get("measurement")
        if (self.code(i) != "M" or term is None or term.kind != "word") and self.code(i) != "w":
            return None
        roles = self._result_roles(i)
        result = roles.get("result") or roles.get("finding") or roles.get("qualitative")
        return None if result is None else Comparison(operator="=", value=result, span=self.span(i, i + 1))

    def _present(self, draft: Draft, i: int) -> Comparison | None:
        """The result of a test for what is said to be there: "presence of HBsAg"."""
        if not self.entries[i].text.endswith("presence of"):
            return None
        words = f"{draft.term.name if draft.term else ''} {fold(self.text[slice(*draft.concept or (0, 0))])}".split()
        found = any("testable" in self.roles(word) for word in words)
        return Comparison(operator="=", value="positive", span=self.span(i, i + 1)) if found else None

    def _result_roles(self, i: int) -> Mapping[str, Any]:
        """What the name at i says of a result, or its last word."""
        entry = self.entries[i]
        word = entry.text.rpartition(" ")[2]
        return entry.roles if "result" in entry.roles or word == entry.text else self.roles(word)

    def _has(self, phrase: Phrase, code: str) -> bool:
        return self.codes.find(code, phrase.first - self.offset, phrase.last - self.offset) >= 0

    def _substantial(self, phrase: Phrase) -> bool:
        """Whether more than modifiers stand in a phrase."""
        return _SUBSTANTIAL.search(self.codes, phrase.first - self.offset, phrase.last - self.offset) is not None

    def _valued(self, phrase: Phrase) -> int | None:
        """Where a phrase names something that has a value though it is no measurement: age, life expectancy."""
        for i in range(phrase.first, phrase.last):
            if self.code(i) == "K" and self.entries[i].roles["concept"].name in VALUED:
                return i
        return None

    def _empty(self, phrase: Phrase) -> bool:
        """Whether a phrase names nothing by itself: a qualitative word, numbers, a sign, what is done with a thing."""
        first, last = phrase.first - self.offset, phrase.last - self.offset
        if _NAMING.search(self.codes, first, last):
            return False
        return not any(
            self.codes[k] == "w" and _NAMELESS.isdisjoint(self.entries[self.offset + k].roles)
            for k in range(first, last)
        )

    def _name(self, draft: Draft, head: Phrase) -> None:
        """The concept of a head phrase: leading modifiers, qualitative words and asides off."""
        first, last = undenied(self, draft, head.first, head.last)
        entries, code = self.entries, self.code
        for begin, (end, domain) in self.whole.items():
            if first <= begin and end <= last:
                draft.concept, draft.domain = self.span(begin, end), domain
                draft.cover(*draft.concept)
                self.take(begin, end)
                return
        if last > first + 1 or code(first) not in "KMw":
            if last == first + 1 and untreated(self, draft, first):
                return
            bounds = self._trim(draft, first, last)
            if bounds is None:
                return
            first, last = bounds
            first -= first > self.offset and code(first - 1) == "y" and self.text[self.starts[first - 1]] in "(["
        draft.concept = self.span(first, last)
        draft.cover(*draft.concept)
        self.take(first, last)
        term: Term | None = None
        whole = last == first + 1
        if whole and entries[first].roles.get("denial") == "inside":
            inside(self, draft, first)
        for i in range(last - 1, first - 1, -1):
            roles = entries[i].roles
            found = roles.get("measurement") if code(i) == "M" else roles.get("concept")
            if found is not None and (code(i) in "KM" or whole):
                if term is None or found.kind == "ordinal":
                    term = found
                if term.name not in CLASSES or found is not term:
                    break  # "NYHA, class": the scale has the name
        draft.known = term is not None
        if whole and term is not None:
            draft.term, draft.domain = term, term.domain
        else:
            final = term if term is not None and code(last - 1) in "KM" else None
            draft.domain = domain_of([entries[i].text for i in range(first, last)], final, term)
            draft.term = term if term is not None and term.domain == "measurement" == draft.domain else None
        if not whole and plays(entries[first], "undertaking"):
            draft.domain, draft.term = "consent", None
        if head.cue >= 0 and "allergy" in entries[head.cue].roles:
            draft.treated = draft.domain == "procedure"
            draft.domain, draft.term, draft.allergen = "allergy", None, True
            self.take(head.cue, head.cue + 1)
            draft.cover(*self.span(head.cue, head.cue + 1))
            not_borne(self, draft, head.cue)
        if draft.domain == "consent" and "consent" in " ".join(e.text for e in entries[first:last]):
            who = consenter(self, first)
            draft.experiencer, draft.own = ("caregiver", who == "either") if who else ("patient", False)
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
        if head.cue >= 0 and draft.domain == "measurement" and draft.finding is None:
            draft.finding = self._present(draft, head.cue)
        if whole and "usage" in entries[first].roles:
            draft.used = self.uses = True
            self.carry(first, last)
        draft.itself = whole and "itself" in entries[first].roles and not self._one_of(first)
        draft.means = head.cue >= 0 and code(head.cue) == "A"
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
        if (
            last > first + 2
            and "tested" in self.entries[last - 1].roles
            and code(last - 2) == "q"
            and code(first) == "M"
        ):
            last -= 1  # "HER2-positive disease" says no more than the result
            self.carry(last, last + 1)
        while last > first + 1 and code(last - 1) == "w" and "nameless" in self.entries[last - 1].roles:
            last -= 1  # "medications used", "a serum test performed"
            self.carry(last, last + 1)
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
        if code(first) == "a" and last > first + 1 and self.entries[first].event in VISITS and code(first + 1) in "KM":
            first += 1
        elif code(first) == "a" and last > first + 2 and self._diagnosed(first):
            self._certain(draft, first)
            self.carry(first + 1, first + 2)
            first += 2
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
                kind = "purpose" if word in ("for", "for the", "to") else None
                if "locative" in self.entries[phrase.cue].roles:
                    kind = "method" if self._means(phrase) else "location"
                if word == "by":
                    kind = "method"
            if kind is None and draft.domain == "condition" and self._origin(head, phrase):
                kind = "location" if "place" in self.entries[phrase.last - 1].roles else "cause"
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

    def _origin(self, head: Phrase, phrase: Phrase) -> bool:
        """Whether a phrase says what a disease comes from: "bleeding from ulcers", "haemorrhage from the stomach"."""
        if phrase.cue != head.last or self.entries[phrase.cue].text != "from" or self.code(head.last - 1) != "K":
            return False  # no "tumours distinct from sarcoma"
        last = self.entries[phrase.last - 1]
        treated = self._domain(phrase) == "procedure" and plays(last, "treating")  # "metastases from a scan"
        return treated or "place" in last.roles or self._domain(phrase) in ("condition", "drug")

    def _means(self, phrase: Phrase) -> bool:
        """Whether a phrase names how something is found ("on a numeric scale", "on MRI of the spine")."""
        last = self.codes.find("O", phrase.first - self.offset + 1, phrase.last - self.offset)
        last = phrase.last if last < 0 else last + self.offset
        return "method_noun" in self.roles(self.entries[last - 1].text.split()[-1])

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

    def _one_of(self, i: int) -> bool:
        """Whether any of a kind is spoken of, no known one ("any study", "another trial")."""
        return i > self.offset and self.code(i - 1) == "d" and self.entries[i - 1].text not in ("the", "this", "our")

    def _diagnosed(self, i: int) -> bool:
        """Whether "confirmed diagnosis of" stands there: what it is of is the name."""
        return self.entries[i].event == "diagnosis" and self.entries[i + 1].text == "of"

    def _certain(self, draft: Draft, i: int) -> None:
        """How sure a diagnosis is said to be by its first word ("confirmed diagnosis of asthma")."""
        start, end = self.span(i, i + 1)
        word, _, more = self.text[start:end].partition(" ")
        kind, value = self.roles(word).get("modifier", ("", ""))
        if kind == "certainty" and more:
            draft.modifiers += (Modifier(type=kind, text=word, span=(start, start + len(word)), value=value),)
        draft.cover(start, end)
        self.take(i, i + 1)

    def _modify(self, draft: Draft, i: int) -> None:
        if len(draft.modifiers) >= MODIFIERS:
            return
        roles = self.entries[i].roles
        kind, value = roles.get("modifier") or (roles["choice"], self.entries[i].text)
        span = self.span(i, i + 1)
        draft.modifiers += (Modifier(type=kind, text=self.text[slice(*span)], span=span, value=value),)
        draft.cover(*span)
        self.take(i, i + 1)

    def _add_modifier(self, draft: Draft, kind: Any, span: Span) -> None:
        if len(draft.modifiers) >= MODIFIERS:
            return
        text = self.text[slice(*span)]
        listed = kind == "method" or (kind == "location" and (" or " in text or "/or " in text))
        named = several(text) if listed else ()
        draft.modifiers += (
            Modifier(type=kind, text=text, span=span, value=tuple(named) if len(named) > 1 else fold(text)),
        )
        draft.cover(*span)

    def _family(self, draft: Draft, i: int) -> None:
        whose = self.entries[i].roles["family"]
        draft.experiencer, draft.own = "partner" if whose == "partner" else "family", whose == "own"
        draft.cover(*self.span(i, i + 1))
        self.take(i, i + 1)
