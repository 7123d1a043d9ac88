"""Numbers that are no value of what a statement is about, or only with what stands behind them.

In: a value among the parts of a statement. Out: whether it goes elsewhere, and what behind it is part of it; "PD-L1
expression in ≥ 50 % of tumour cells" is of the expression, "≥ 160 mmHg on two occasions" was found twice.
"""

from __future__ import annotations

import re
from typing import Any

from msgspec.structs import replace

from protoparse.grammar.drafts import Draft
from protoparse.grammar.measures import TIME_CODES, whole
from protoparse.grammar.naming import CLASSES, Namer, Phrase
from protoparse.grammar.phrases import Phrase as Found
from protoparse.grammar.terms import domain_of
from protoparse.model import Window

_OCCASION = re.compile("[wmC]{0,2}[wKMa]")
_RESULT = re.compile("[dv]*(q)[Od]*")
_WHOLE = re.compile("O[OdwKmaM-]*[wKaM]")


class Portioner(Namer):
    """Tells the values of one item's statements from other numbers."""

    def _agreed(self, i: int) -> bool:
        """Whether what somebody agrees to stands at i, of which there may be so many: "two methods"."""
        while i + 1 < self.offset + len(self.codes) and self.code(i) in "md":
            i += 1
        term = self.entries[i].roles.get("concept") if i < self.offset + len(self.codes) else None
        return term is not None and term.domain == "consent"

    def portion(self, part: Any, phrases: list[Phrase], draft: Draft, *, alone: bool) -> tuple[bool, int]:
        """Whether a number is a value of the statement, and where what belongs to it ends.

        A share is of what was named before ("expression in ≥ 50 % of the cells"), what it is a share of says no more;
        `alone`: no value stands before.
        """
        last = part.last
        unit = part.meaning.comparisons[0].unit
        match = _WHOLE.match(self.codes, last - self.offset) if unit is not None and unit.ucum == "%" else None
        if match is not None:
            end = match.end() + self.offset
            if not phrases and part.first > self.offset and self.code(part.first - 1) == "(" and "M" not in match[0]:
                self.carry(last, end)  # "CD30 expression (≥ 10 % of the tumour cells)"
                return True, end
            if alone and phrases and self._shown(phrases[-1]):
                self.carry(last, end)
                return True, end
            if phrases and self._domain(phrases[-1]) == "procedure":
                # "radiotherapy to more than 25 % of the bone marrow"
                self._add_modifier(draft, "location", self.span(part.first, end))
                self.take(part.first, end)
                return False, end
            if "M" in match[0]:
                return True, last  # "psoriasis on at least 10 % of the body surface area": the area has the value
        return not self._elsewhere(part, draft), last

    def _lasting_values(self, phrases: list[Phrase], values: list[Any]) -> list[Found]:
        """Take the times that can only be how long lasted what goes with a disease: "injury with coma > 5 min"."""
        if len(values) != 1 or values[0][0].bare or len(phrases) < 2:
            return []
        (meaning, first, last) = values[0]
        limit = meaning.comparisons[0]
        if len(meaning.comparisons) > 1 or limit.unit is None or limit.unit.ucum not in TIME_CODES:
            return []
        for phrase in phrases[1:]:
            led = phrase.cue > phrases[0].first and self.entries[phrase.cue].text == "with"
            if (
                led
                and self._adjacent(phrase, first)
                and self._domain(phrase) == self._domain(phrases[0]) == "condition"
            ):
                values.clear()
                return [Found(Window(duration=limit, span=limit.span), first, last)]
        return []

    def _shown(self, phrase: Phrase) -> bool:
        """Whether a phrase names what is found in a share of something."""
        result = self._has(phrase, "q") and phrase.last - phrase.first > 1
        return not result and (self._has(phrase, "M") or "shown" in self.entries[phrase.last - 1].roles)

    def _rated(self, draft: Draft, phrases: list[Phrase], end: int) -> Phrase | None:
        """What a grade or class is of where no table has it, right behind: "grade 3 skin changes"."""
        if draft.term is None or draft.term.name not in CLASSES:
            return None
        for phrase in phrases:
            if phrase.first != end or phrase.cue >= 0 or phrase.known or not self._substantial(phrase):
                continue
            entries = self.entries[phrase.first : phrase.last]
            if any("population" in e.roles or e.event for e in entries) or "place" in entries[-1].roles:
                return None
            if phrase.last == end + 1 and "tested" in entries[0].roles:
                self.carry(end, end + 1)  # "stage IV disease" says no more than the stage
                return None
            domain = domain_of([e.text for e in entries])
            return phrase if domain == "condition" or (domain is None and len(entries) > 1) else None
        return None

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
        if unit is not None and (unit.text or "").endswith("visits") and draft.count is None:
            draft.count = replace(comparison, unit=None)  # "at two consecutive visits"
            if comparison.span:
                draft.cover(*comparison.span)
            self.take(part.first, last)
            return True
        if unit is None and comparison.reference is None and behind in ("w", "K", "m", "O"):
            again = _OCCASION.match(self.codes, last - self.offset)
            often = again is not None and "occasion" in self.entries[again.end() + self.offset - 1].roles
            if behind == "O":
                if not whole(comparison) or part.meaning.bare:
                    return False
                draft.count = draft.count or comparison  # "in at least one of the joints"
                self.take(part.first, last)
                return True
            if whole(comparison) and (often or not part.meaning.bare) and draft.count is None:
                draft.count = comparison  # "arthritis in at least two joints"
                if comparison.span:
                    draft.cover(*comparison.span)
                self.take(part.first, last)
                if again is not None and often:
                    self.carry(last, again.end() + self.offset)
            return True
        if unit is not None and unit.ucum == "d" and self.entries[i].text == "on":
            return True  # "latency > 30 minutes on at least 3 nights"
        return unit is not None and unit.ucum == "%" and behind == "O"

    def result_alone(self, draft: Draft, phrase: Phrase) -> None:
        """A result of what was named before: "HBsAg (negative)", "bilirubin ≤ 1.5 × ULN or within normal limits"."""
        match = _RESULT.fullmatch(self.codes, phrase.first - self.offset, phrase.last - self.offset)
        if match is None:
            return
        i = match.start(1) + self.offset
        aside = self.at(phrase.first - 1) == "(" and self.at(phrase.last) == ")"
        if aside or "locative" in self.roles(self.entries[i].text.split()[0]):
            self._qualify(draft, i)
