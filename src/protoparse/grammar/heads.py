"""Which phrase of a statement is what it is about, and which number belongs to it.

In: the phrases and values of one statement. Out: the phrase that names the thing, the people, the disease or the limit
elsewhere; "pain > 4 on a numeric scale" is about the pain, "a score of 4 on the scale" about the scale.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from protoparse.grammar.amending import RATES
from protoparse.grammar.drafts import Draft
from protoparse.grammar.measures import DAILY, TIME_CODES, given, whole
from protoparse.grammar.naming import CLASSES, VISITS, Bracket, Phrase, Words
from protoparse.grammar.phrases import Phrase as Found
from protoparse.grammar.phrases import Value
from protoparse.grammar.portions import Portioner
from protoparse.grammar.terms import GIVEN, THINGS, domain_of
from protoparse.grammar.undergoing import borne, does, done, led, taken
from protoparse.lexing import Term
from protoparse.model import Anchor, Bound, Window

_TONES = ("Hz", "kHz")
_DISTANCES = ("m", "cm", "[ft_i]")
_AMOUNT_OF = re.compile("Od*[wKm]")
_QUANTITY_OF = re.compile("Od*M")
_SHARED = re.compile("[pi~vAR]*d*<?nu(?:Od?)?")
_SUFFERED = (*THINGS, "consent")


def _numeric(value: Value) -> bool:
    return all(not isinstance(c.value, str) for c in value.comparisons)


class Chooser(Portioner):
    """Tells what a statement is about."""

    def _suffered(self, phrase: Phrase) -> bool:
        return phrase.known and self._domain(phrase) in _SUFFERED

    def _result(self, phrase: Phrase) -> bool:
        """Whether a test stands with its result: "negative pregnancy test", "EGFR mutation"."""
        return self._has(phrase, "M") and (self._has(phrase, "q") or self._finding(phrase.last - 1) is not None)

    def _occasion(self, head: Phrase, phrases: list[Phrase]) -> Window | None:
        """The visit by which a thing ("baseline LVEF") or its examination is called ("on the screening ECG")."""
        for phrase in phrases:
            i = phrase.first
            event = self.entries[i].event if self.code(i) == "a" else None
            if event is None or event not in VISITS:
                continue
            if phrase.first == head.first:
                named = phrase.last > i + 1 and self.code(i + 1) in "KM"
            else:
                named = phrase.cue >= 0 and self.entries[phrase.cue].text in ("on", "in", "by", "at", "from")
            if named:
                span = self.span(i, i + 1)
                bound = Bound(anchor=Anchor(event=VISITS[event], text=self.text[slice(*span)], span=span))
                self.take(i, i + 1)
                return Window(start=bound, end=bound, span=span)
        return None

    def _gone_with(self, head: Phrase, phrases: list[Phrase], windows: list[Found], *, bare: bool) -> Phrase | None:
        """What a disease goes with, which a time behind it is of: "diabetes with ketoacidosis in the last month".

        A treatment only for so long: "diabetes on metformin for 3 months". `bare`: the disease has no value.
        """
        if self._domain(head) != "condition" or len(windows) > 1:
            return None
        window = windows[0] if windows else None
        lasting = window is not None and isinstance(window.meaning, Window) and window.meaning.duration is not None
        for phrase in phrases:
            if phrase.first <= head.last or not self._suffered(phrase):
                continue
            if window is not None and phrase.last > window.first:
                continue
            if bare and self._domain(phrase) in GIVEN and done(self, led(self, phrase)):
                return phrase  # "diabetes treated with metformin", "people with asthma who have undergone surgery"
            if bare and (borne(self, head, phrase) or taken(self, head, phrase, self._domain(phrase))):
                return phrase
            if phrase.cue <= head.first:
                continue
            cue = self.entries[phrase.cue]
            if lasting and ("verb" in cue.roles or "companion" in cue.roles):
                return phrase
            risk = any("risk" in self.entries[i].text for i in range(phrase.first, phrase.last))
            if bare and cue.text == "with" and self._domain(phrase) == "condition" and not risk:
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

    def _disease(self, draft: Draft, head: Phrase, phrases: list[Phrase]) -> Phrase | None:
        """A measure's disease: "NYHA class II heart failure", "anaemia with haemoglobin < 8 g/dL"."""
        aged = draft.term is not None and draft.term.name == "age"
        if draft.domain != "measurement" and not aged:
            return None
        for phrase in phrases:
            if phrase is head or not phrase.known:
                continue
            while self.code(phrase.last - 1) == "y":
                phrase = phrase._replace(last=phrase.last - 1)  # "kidney disease (CKD)"
            if "recovery" in self.entries[phrase.last - 1].roles and self._scaled(head):
                phrase = phrase._replace(last=phrase.last - 1)  # "toxicities recovered to grade 1"
            linked = phrase.cue < 0 or self.code(phrase.cue) in "vpi^"
            if phrase.last <= head.first and all(self.code(i) in "Od-<vy" for i in range(phrase.last, head.first)):
                linked = True
            elif _SHARED.fullmatch(self.codes, phrase.last - self.offset, head.first - self.offset):
                linked = True  # "psoriasis covering at least 10 % of the body surface area"
            elif phrase.last < head.first:
                linked = head.cue >= 0 and (
                    self.entries[head.cue].text in ("with", "and")
                    or self.code(head.cue) in "A="  # "depression as assessed by a HAM-D score ≥ 18"
                    or (self.entries[head.cue].text == "to" and self._scaled(head))  # "toxicity resolved to grade 1"
                )
            elif phrase.cue >= 0 and "locative" in self.entries[phrase.cue].roles:
                linked = False
            term = self.entries[phrase.last - 1].roles.get("concept")
            if linked and term is not None and term.domain == "condition" and self.code(phrase.last - 1) == "K":
                return phrase
            if linked and phrase.last < head.first and not aged and self._borne_with(phrase, head):
                return phrase
            if linked and term is not None and term.domain == "allergy" and phrase.first > head.first:
                return phrase  # "grade 3 allergic reaction"
            if term is not None and term.domain == "consent" and phrase.last < head.first and not aged:
                return phrase  # "a contraceptive method with a failure rate of < 1 %"
        return None

    def _borne_with(self, phrase: Phrase, head: Phrase) -> bool:
        """Whether a measure goes "with" a drug, or with a disease of a part of the body.

        So in "warfarin with an INR > 2", "ischaemia of the hind limb with a pressure < 50 mmHg".
        """
        if head.cue < 0 or self.entries[head.cue].text != "with":
            return False
        last = self.codes.find("O", phrase.first - self.offset, phrase.last - self.offset)
        term = self.entries[phrase.last - 1 if last < 0 else self.offset + last - 1].roles.get("concept")
        return term is not None and term.domain == ("drug" if last < 0 else "condition")

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
            counted = self._counted(candidates, values[0], alone=len(values) == 1)
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
                    and "with" in (self.entries[i].text for i in (beside.cue - 1, beside.cue))
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
                    while self.code(last - 1) in "Od-y":
                        last -= 1
                    phrases[phrases.index(found)] = found._replace(last=last)
                    found = found._replace(first=scale, cue=found.cue if found.cue >= values[0][2] else -1)
                    phrases.append(found)
                return found
            if beside is not None and not values[0][0].bare:
                return beside
        theirs = not values and self._domain(candidates[0]) != "allergy" and does(self, candidates[0].cue)
        main = [p for p in candidates[theirs:] if p.cue < 0 or self.code(p.cue) not in "cAGR=Js"]
        main = [*candidates[:theirs], *main]
        known = [p for p in main if p.known]
        if main and main[0].cue >= 0 and self.entries[main[0].cue].roles.get("verb") == "study":
            return main[0]  # "participation in any trial with X": the trial
        for p in known:
            between = self.codes[main[0].last - self.offset : max(p.cue, 0) - self.offset]
            for_it = p.cue >= main[0].last and not between.strip("v") and self.entries[p.cue].text.startswith("for")
            if for_it and (self._treats(main[0]) or self._denied(main[0]) or self._given_for(main[0], p)):
                return main[0]  # "current treatment for epilepsy", "no suitable donor for a transplant"
            cue = self.entries[p.cue]
            found_by = p is not main[0] and cue.text == "by" and self._means(p)  # "measurable disease by CT"
            if p.cue < 0 or not ("locative" in cue.roles or found_by or self._when_said(p.cue)):
                return p
        if main and (not known or main[0].first <= known[0].first):
            return main[0]
        return known[0] if known else candidates[0]

    def _denied(self, phrase: Phrase) -> bool:
        """Whether a phrase stands right behind what denies a thing, no doing ("no", "lack of")."""
        i = phrase.first - 1
        while i > self.offset and self.code(i) in "dmvHC":
            i -= 1
        return i >= self.offset and self.entries[i].roles.get("denial") == "thing"

    def _treats(self, phrase: Phrase) -> bool:
        """Whether a phrase is a treatment that is not named."""
        last = phrase.last - 1
        return self.code(last) == "a" and self.entries[last].event == "treatment"

    def _given_for(self, phrase: Phrase, why: Phrase) -> bool:
        """Whether a phrase that no table has is given for a disease: "hormones for endometriosis"."""
        named = [self.entries[i].text for i in range(phrase.first, phrase.last)]
        return self._domain(why) == "condition" and domain_of(named) in GIVEN

    def _counted(self, phrases: list[Phrase], value: tuple[Value, int, int], *, alone: bool) -> Phrase | None:
        """The phrase right behind a number that counts it, where another stands before ("a trial of ≥ 4 drugs")."""
        meaning, place, end = value
        if meaning.bare or not all(map(whole, meaning.comparisons)):
            return None
        if any(self.code(i) == "M" for i in range(place, end)):
            return None  # "defined as < grade 1 dyspnea"
        first = next((p for p in phrases if self._has(p, "M")), None)
        if alone and first is not None and first.first > end and all(p.first >= end for p in phrases):
            # "≥ 1 tooth with caries of ICDAS class 1", not "> 4 pain on a numeric scale"
            scaled = first.cue >= 0 and self.entries[first.cue].text in ("on", "by", "per", "using")
            if not scaled and phrases[0].first == end and not self._has(phrases[0], "M"):
                return None if self._generic(phrases[0]) else phrases[0]
        if self._courses(end) and not any(p.known and p.last <= place for p in phrases):
            end = next(i for i in range(end, end + 4) if self.code(i) not in "Hmd")
            return self._prior_of(phrases, next((p for p in phrases if p.first <= end < p.last), None))
        if all(p.first >= end for p in phrases) and (alone or first is None):
            # "at least 2 lesions of bone metastasis": what is counted stands right behind its number
            final = self.offset + len(self.codes)
            begin = next((i for i in range(end, min(end + 4, final)) if self.code(i) not in "Hmd"), end)
            found = next((p for p in phrases if p.first <= begin < p.last and p.cue < end), None)
            if found is None or self._generic(found) or self._has(found, "M") or self._valued(found) is not None:
                return None
            return self._prior_of(phrases, found)
        if not any(self._adjacent(p, place) and not self._has(p, "M") and self._valued(p) is None for p in phrases):
            return None
        return next((p for p in phrases if p.first == end and not self._generic(p)), None)

    def _prior_of(self, phrases: list[Phrase], counted: Phrase | None) -> Phrase | None:
        """What a counted phrase is of, where that was before: of "one line of prior therapy" the therapy."""
        if counted is None or not any("countable" in self.entries[i].roles for i in range(counted.first, counted.last)):
            return counted
        place = self.codes.find("OH", counted.last - 1 - self.offset, counted.last + 2 - self.offset)
        more = next((p for p in phrases if p.first == place + self.offset + 2), None) if place >= 0 else None
        if more is not None:
            self.carry(counted.first, counted.last)
        return more or counted

    def _scaled(self, head: Phrase) -> bool:
        """Whether a phrase ends in an ordinal scale."""
        if self.code(head.last - 1) != "M":
            return False
        term: Term = self.entries[head.last - 1].roles["measurement"]
        return term.kind == "ordinal"

    def _by_scale(self, draft: Draft, head: Phrase, phrases: list[Phrase]) -> None:
        """Name a class by its scale, wherever that stands: "heart failure class III by NYHA"."""
        if draft.term is None or draft.term.name not in CLASSES:
            return
        for phrase in phrases:
            named = next((i for i in range(phrase.first, phrase.last) if self.code(i) == "M"), -1)
            start = self.starts[phrase.first]
            method = next((m for m in draft.modifiers if m.type == "method" and m.span and m.span[0] == start), None)
            if named < 0 or method is None:
                continue
            term: Term = self.entries[named].roles["measurement"]
            if term.kind == "ordinal" and term.name not in CLASSES:
                self.carry(head.first, head.last)
                draft.concept, draft.term, draft.name = method.span, term, term.name
                draft.modifiers = tuple([m for m in draft.modifiers if m is not method])
                return

    def _courses(self, i: int) -> bool:
        """Whether what can only be counted stands at i, or behind a "prior" there: lines and courses of treatment."""
        for k in range(i, min(i + 3, self.offset + len(self.codes))):
            if "countable" in self.entries[k].roles:
                return True
            if self.code(k) not in "Hmd":
                return False
        return False

    def _earlier(self, i: int) -> bool:
        """Whether what was before stands at i: it can only be counted ("1 prior platinum-based regimen")."""
        return i < self.offset + len(self.codes) and self.entries[i].text in ("prior", "previous")

    def _of_list(self, value: Any) -> bool:
        """Whether a number counts the members of a list ("no more than 1 of the following: …"), no thing by itself."""
        i = value.last
        if self.codes[i - self.offset : i - self.offset + 1] != "O":
            return False
        while self.codes[i - self.offset : i - self.offset + 1] in ("O", "d"):
            i += 1
        listed: bool = i < self.offset + len(self.codes) and self.entries[i].text == "following"
        return listed

    def _beside(self, phrases: list[Phrase], value: tuple[Value, int, int]) -> Phrase | None:
        """The phrase right before a value, where it can be what is measured; a time may be of any other."""
        meaning, place, end = value
        if meaning.bare or any(c.unit is not None and c.unit.ucum in TIME_CODES for c in meaning.comparisons):
            return None
        if _AMOUNT_OF.match(self.codes, end - self.offset):
            return None  # "no more than 2 mg of dexamethasone"
        if self._quantity_of(meaning, end):
            return None
        for phrase in phrases:
            if phrase.first < place and self._adjacent(phrase, place) and not self._generic(phrase):
                led = phrase.cue >= 0 and (self.code(phrase.cue) == "p" or self._when_said(phrase.cue))
                led = led and self.entries[phrase.cue].text != "with"
                return None if led and phrase is not phrases[0] else phrase
        return None

    def _quantity_of(self, value: Value, end: int) -> bool:
        """Whether what is measured stands behind its value: "10 % of the body surface area", no share of a tumour."""
        behind = _QUANTITY_OF.match(self.codes, end - self.offset)
        if behind is None:
            return False
        term = self.entries[behind.end() + self.offset - 1].roles["measurement"]
        unit = value.comparisons[-1].unit
        return unit is not None and (unit.ucum != "%" or "surface area" in term.name)

    def _when_said(self, i: int) -> bool:
        """Whether a cue says when something holds ("at the time of surgery", "during exercise"), not how or where."""
        return self.code(i) == "D" or (self.code(i) == "@" and "time" in self.entries[i].text)

    def _graded(self, phrase: Phrase) -> bool:
        """Whether a phrase is the scale that something is measured on ("on a 0-10 rating scale")."""
        return (
            self.entries[phrase.last - 1].text == "scale" and phrase.cue >= 0 and self.entries[phrase.cue].text == "on"
        )

    def _scored(self, draft: Draft, head: Phrase, phrases: list[Phrase], value: tuple[Value, int, int]) -> bool:
        """Whether the words around a value say that its subject is measured, whatever else that is."""
        meaning, place, _ = value
        if any(c.unit is not None and c.unit.ucum in RATES for c in meaning.comparisons):
            return False  # "heartburn more than once a week"
        if any(c.unit is not None and DAILY.fullmatch(c.unit.ucum or "") for c in meaning.comparisons):
            return False  # "somemab ≤ 20.5 mg/day"
        if draft.domain in GIVEN and all(map(given, meaning.comparisons)):
            return False  # "steroids at a dose of > 10 mg"
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
        if head.cue >= 0 and self.entries[head.cue].text in ("score of", "scores of"):
            return True
        if not self._adjacent(head, place):
            return False
        if any(p.first > place and (self._has(p, "M") or self._graded(p)) for p in phrases):
            return True
        return draft.domain is None and not all(map(whole, meaning.comparisons))

    def _unsized(self, parts: Sequence[Any]) -> list[Any]:
        """The parts without the numbers that are no values, the words on either side of the size of a scale as one."""
        out: list[Any] = []
        cue = -1
        for part in parts:
            if not isinstance(part, Words | Bracket) and isinstance(part.meaning, Value) and self._sized(part):
                cue = part.first - 1 if part.meaning.loose else -1
                while cue > self.offset and self.code(cue) == "d":
                    cue -= 1
                continue
            if cue >= 0 and isinstance(part, Words):
                before = out.pop() if out and isinstance(out[-1], Words) and out[-1].last >= cue else None
                part = Words(before.first if before else cue, part.last)  # "on a 0-10 numeric scale"
            out.append(part)
            cue = -1
        return out

    def _scale(self, i: int) -> bool:
        """Whether words that end at i name a scale of which the size follows ("on a scale of 0-5", "(range 0-42)")."""
        while i > self.offset and self.code(i) in "O:dF":
            i -= 1
        return i >= self.offset and self.entries[i].text in ("scale", "range", "ranging", "ranges", "range of")

    def _sized(self, part: Any) -> bool:
        """Whether a bare number tells how something was measured, or when a work appeared.

        "on a 0-10 scale", "at 500 and 1000 Hz", "(American Rheumatism Association, 1987)".
        """
        if not part.meaning.bare and not part.meaning.loose:
            return False
        comparison = part.meaning.comparisons[0]
        i = part.first - 1
        end = self.offset + len(self.codes)
        if comparison.operator == "between":
            while i >= self.offset and self.code(i) == "d":
                i -= 1
            last = part.last
            if comparison.low in (0, 1) and (self._scale(i) or (last < end and self.entries[last].text == "scale")):
                self.carry(part.first, last)
                return True
            if (
                i < self.offset
                or comparison.unit is not None
                or comparison.low not in (0, 1)
                or self.entries[i].text not in ("on", "using", "in", "from")
                or last == end
                or self.code(last) not in "wKM"
            ):
                return False
            self.carry(part.first, last)
            return True
        unit = comparison.unit
        if unit is not None:
            if i < self.offset:
                return False
            if unit.ucum in _DISTANCES:
                return str(self.entries[i].text) == "at"  # "73 letters at 4 metres"
            return unit.ucum in _TONES and self.entries[i].text in ("at", "and", ",", "for", "frequencies")
        year = comparison.value
        beside = i >= self.offset and self.code(i) in "M:=O" and not self._edited(i)
        return isinstance(year, int) and 1950 < year < 2050 and part.last == part.first + 1 and not beside

    def _edited(self, i: int) -> bool:
        """Whether a scale of classes stands at i: a year behind it is that of its edition ("AJCC 2010")."""
        return self.code(i) == "M" and self.entries[i].roles["measurement"].kind == "ordinal"

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
