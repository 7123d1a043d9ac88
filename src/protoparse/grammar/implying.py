"""What a value is of when its own words say so: an age, or how long a pregnancy has lasted.

In: a value and the statement that it stands in. Out: the `Draft` that it is of, None where it is of what the statement
names; "older than 18" is an age, "36 weeks of gestation" a gestational age.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from protoparse.grammar.drafts import Draft
from protoparse.grammar.items import Item
from protoparse.grammar.measures import TIME_CODES
from protoparse.grammar.phrases import Value
from protoparse.model import Comparison

_AGE = re.compile(r"\b[Aa](?:ge|GE)(?:d|s)?\b")
# Words in a value that only an age has: "older than 18", "28 days old", "hours of life", "18 y.o.".
OLD = re.compile(r"older|younger|\bold\b|\bolds\b|\bof (?:age|life)\b|\by\.?\s?o\b|\by/o\b")
_TREATED = ("treatment", "surgery", "transplant", "first_dose", "last_dose")
_DONOR = re.compile(r"\bdonors?\b")
_YOUNG = 5
"""Years: what is said to be no older is more likely a disease than somebody who has one."""
_BORN = re.compile(r"\bborn\b|\bbirth\b|\bdeliver")


class Implier(Item):
    """Tells what the values of an item are of where they say it themselves."""

    def _implied(self, draft: Draft, value: Value, behind: bool, begin: int, end: int) -> Draft | None:
        """What a value is of when its own words say so: "older than 18" is an age, "36 weeks of gestation" another."""
        spans = [c.span for c in value.comparisons if c.span]
        text = " ".join(self.text[slice(*s)].lower() for s in spans)
        term = draft.term.name if draft.term else ""
        timely = all(c.unit is not None and c.unit.ucum in TIME_CODES for c in value.comparisons)
        aged_first = not behind and timely and OLD.search(text)  # "6 months of age or older with a weight above …"
        if draft.domain == "measurement" and "age" not in term and not aged_first:
            return None
        subject = Draft()
        subject.known = True
        named_as = self.text[slice(*draft.concept)].lower() if draft.concept else ""
        weeks = "/7" in text or all(c.unit is not None and c.unit.ucum == "wk" for c in value.comparisons)
        if any(w in text for w in ("gestation", "amenorrh", "pregnan")) or (
            weeks and _dated_birth(draft, named_as, text)
        ):
            subject.domain, subject.name = "measurement", "gestational age"
            if draft.concept is not None and _BORN.search(named_as):
                subject.concept = draft.concept
                subject.cover(*draft.concept)
            return subject
        if draft.domain == "measurement" and not aged_first:
            return None
        years = any(c.unit is not None and c.unit.ucum == "a" for c in value.comparisons)
        if any(c.reference or (c.unit is not None and c.unit.ucum not in TIME_CODES) for c in value.comparisons):
            return None
        named = term == "age" or draft.name == "age"
        since = draft.concept is None and draft.time is not None and draft.time.end is None  # "since surgery ≥ 1 year"
        lasting = since or "duration" in text or self.at(end) == "H"  # "at least a 1-year history of"
        plain = all(c.unit is None and isinstance(c.value, int) for c in value.comparisons)
        if not (
            named
            or (
                OLD.search(text)
                # a graft "less than one year old" was made, not born, then
                and not self._made(begin - 1, value)
            )
            or (
                years
                and not value.bare
                and not behind
                and not lasting
                and draft.domain in ("person", "condition")
                and not (begin > self.offset and self.entries[begin - 1].event in _TREATED)
            )
            or (years and not lasting and (draft.concept is None or draft.domain == "person"))
            or (plain and not value.bare and self._of_people(draft, value, begin, end))
        ):
            return None
        donor = not named and draft.concept is not None and _AGE.search(named_as) and _DONOR.search(named_as)
        if (named or donor) and draft.concept is not None:
            draft.domain, draft.name = "person", "age"
            subject = draft.copy()
            words = self.text[slice(*draft.concept)]
            place = _AGE.search(words)
            if place and not donor:
                subject.concept = (draft.concept[0] + place.start(), draft.concept[0] + place.end())
        elif draft.domain == "person" and draft.concept is not None and "age_group" in self.roles(term):
            subject.concept = draft.concept  # "adults ≥ 18 years": who they are says no more than the age
            subject.cover(*draft.concept)
        subject.domain, subject.name, subject.term = "person", "age", None
        if donor:
            subject.experiencer = "donor"
        return subject

    def _made(self, i: int, value: Value) -> bool:
        """Whether a lexeme names what is done or made: a scan or a graft "less than 6 months old" was not born then."""
        roles: Mapping[str, Any] = self.entries[i].roles if i >= self.offset else {}
        term = roles.get("concept") or roles.get("measurement")
        if term is None:
            return False
        if term.domain == "condition":
            return all(map(_recent, value.comparisons)) and not any(map(self._somebody, range(self.offset, i)))
        return term.domain in ("procedure", "device", "measurement")

    def _somebody(self, i: int) -> bool:
        """Whether a lexeme names people."""
        roles = self.entries[i].roles
        term = roles.get("concept")
        return "population" in roles or (term is not None and term.domain == "person")

    def _of_people(self, draft: Draft, value: Value, begin: int, end: int) -> bool:
        """Whether a limit without a unit stands right behind people: "patients < 18", "women over 50"."""
        if not all(isinstance(c.value, int) and 1 < c.value < 120 for c in value.comparisons):
            return False
        told = end < self.offset + len(self.codes) and self.code(end) == "R"  # "patients ≥ 18 who have …"
        if draft.concept is not None and draft.domain != "person" and not told:
            return False
        roles: Mapping[str, Any] = self.entries[begin - 1].roles if begin > self.offset else {}
        term = roles.get("concept")
        return "population" in roles or (term is not None and term.domain == "person" and term.name != "age")


def _dated_birth(draft: Draft, named_as: str, text: str) -> bool:
    """Whether weeks are those of a pregnancy: "born before 37 weeks", "infants ≥ 34 0/7 weeks"."""
    return _BORN.search(named_as) is not None or ("/7" in text and draft.domain == "person")


def _recent(comparison: Comparison) -> bool:
    """Whether a limit can be the age of a disease ("an infarction less than 2 years old")."""
    unit, number = comparison.unit, comparison.value
    short = unit is not None and (unit.ucum != "a" or (isinstance(number, int | float) and number <= _YOUNG))
    return comparison.operator in ("<", "<=") and short
