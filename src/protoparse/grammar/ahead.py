"""What a phrase goes on with: the look ahead from one of its lexemes.

In: the terminals found so far and where the next one may begin. Out: whether the words ahead belong to the phrase, and
the terminals that they make; "during the study and for 12 weeks after the last dose" is one stretch.
"""

from __future__ import annotations

from protoparse.grammar.events import Events
from protoparse.grammar.phrases import Lexeme
from protoparse.lexing import Entry

_ONE = Entry("n", "one", {"number": 1})
_ARTICLES = ("a", "an", "the")
CHOSEN = frozenset({"informed_consent", "screening", "enrollment", "randomization", "baseline", "first_dose"})
"""The events that a trial looks back from."""


class Ahead(Events):
    """Looks ahead in one item."""

    def _onward(self, out: list[Lexeme], i: int, j: int) -> bool:
        """How long something goes on behind a period: "during the study and for up to 12 weeks after the last dose"."""
        while self.code(j) in "oWU~":
            j = self._next(j + 1)
        if not self._quantity_at(j):
            return False
        out.append(self._lexeme("UNTIL", i))
        if self._limit(out, j) and out[-2].type == "AFTER":
            return True
        while out.pop().type != "UNTIL":
            pass
        return False

    def _along(self, out: list[Lexeme], i: int) -> bool:
        """Whether what stands before an event goes on during it ("2 weeks before and during the study")."""
        j = self._next(i + 1)
        if self.code(j) == ",":
            j = self._next(j + 1)
        k = self._next(j + 1)
        if self.code(j) not in "&|" or self.code(k) != "D" or (event := self._event(k + 1)) is None:
            return False
        conj = "EACH" if self.code(j) == "&" else "EITHER"
        out += [self._lexeme("BEFORE", i), self._lexeme(conj, j), self._lexeme("DURING", k), event]
        return True

    def _around(self, out: list[Lexeme], i: int) -> bool:
        """Whether a distance is one on either side of an event ("2 weeks before or after X", "… prior to or at X")."""
        j = self._next(i + 1)
        k = self._next(j + 1)
        if self.code(j) not in "|&/" or self.code(k) not in "f@" or (event := self._event(k + 1)) is None:
            return False
        if self.code(k) == "f" and self._quantity_at(j + 1):
            return False
        out += [self._lexeme("AROUND" if self.code(k) == "f" else "BEFORE", i), event]
        return True

    def _named_behind(self, i: int) -> Lexeme | None:
        """The event that a bracket at i names alone ("in the past 5 years (prior to screening)")."""
        event = self._event(i + 2, known=True) if self.code(i + 1) in "bO" else None
        if event is None or self.code(event.last) != ")":
            return None
        event.last += 1
        return event

    def _shifted(self, i: int) -> bool:
        """Whether a distance from an event stands at i."""
        j = self._next(i)
        return self.code(j) == "n" and self.code(j + 1) == "t" and self.code(j + 2) in "bf"

    def _one_at(self, i: int) -> list[Lexeme]:
        """A unit of time that stands for one of it ("within a year of X", "in the month before X"), none without."""
        if self.code(i) != "d" or self.code(i + 1) != "t" or "singular" not in self.entries[i + 1].roles:
            return []
        article = self.entries[i].text
        sided = self.code(i + 2) in "bf" or (self.code(i + 2) == "H" and self.entries[i + 2].text == "prior")
        if article not in _ARTICLES or not (sided or (article != "the" and self.code(i - 1) == "W")):
            return []
        number = Lexeme("NUMBER", _ONE, i, i + 1, self.starts[i], self.ends[i])
        return [number, self._lexeme("TIME", i + 1)]

    def _afterwards(self, i: int, event: Lexeme) -> bool:
        """Whether "post-" tied to a word dates what stands before it ("bleeding post-surgery"), and names nothing."""
        named = i > self.first and self.code(i - 1) in "wKM"
        return named and event.last == event.first + 1 and self.code(event.last) not in "wKM"

    def _state_of(self, i: int) -> bool:
        """Whether "during" only says in what state somebody is ("women during pregnancy or lactation")."""
        term = self.entries[i + 1].roles.get("concept") if self.code(i + 1) == "K" else None
        if term is None or term.name not in ("pregnancy", "lactation") or i == self.first:
            return False
        who = self.entries[i - 1].roles
        return "population" in who or ("concept" in who and who["concept"].domain == "person")

    def _lives(self, out: list[Lexeme], i: int) -> bool:
        """Whether a number of half-lives is written as a multiple of one ("5 × the half-life")."""
        j = self._next(i + 1)
        return (
            bool(out)
            and out[-1].type == "NUMBER"
            and self.code(j) == "t"
            and self.entries[j].roles["time_unit"] is None
        )

    def _misspelt(self, i: int) -> bool:
        """Whether "with" can only be "within" ("vaccinated with 30 days of the first dose")."""
        if self.entries[i].text != "with" or self.code(i + 1) != "n" or self.code(i + 2) != "t":
            return False
        event = self._event(i + 4, known=True) if self.code(i + 3) in "Obf" else None
        return event is not None and event.entry.event in CHOSEN

    def _stages(self, out: list[Lexeme], i: int) -> bool:
        """Whether points of time are listed ("at 3, 6 and 12 months")."""
        j = self._next(i + 1)
        listed: list[Lexeme] = [self._lexeme("AT", i)]
        while self.code(j) == "n" and len(listed) < 12:
            listed.append(self._lexeme("NUMBER", j))
            if self.code(j + 1) == "t":
                listed.append(self._lexeme("TIME", j + 1))
                if len(listed) < 5 or self.code(self._next(j + 2)) in "bfOF":
                    return False
                out += listed
                return True
            j += 1
            listed.append(self._lexeme("EITHER", j))
            while self.code(j) in ",&|d_":
                j += 1
        return False

    def _opening_at(self, i: int) -> bool:
        """Whether the first part of a period is meant ("the first 4 weeks of treatment")."""
        i = self._next(i)
        return self.code(i) == "n" and self.entries[i - 1].text == "first" and self._quantity_at(i)

    def _along_time(self, i: int) -> str:
        """What "during" is in front of a time: "for" ("metformin during 6 months"), "within" a distance, or nothing."""
        if not self._lasting(i):
            return ""
        while self.code(i) != "t":
            i += 1
        if self._sided(i + 1) or self.entries[i + 1].text == "prior":
            return "WITHIN"
        return "FOR" if self.code(i + 1) in ".,:)(&|\n" else ""

    def _opening(self, out: list[Lexeme]) -> bool:
        number = next((x for x in out if x.type == "NUMBER"), None)
        return number is not None and out[0].type == "WITHIN" and self.entries[number.first - 1].text == "first"

    def _sided(self, i: int) -> bool:
        """Whether "before" or "after" follows."""
        return self.code(self._next(i)) in "bf" or "elapsed" in self.entries[self._next(i)].roles

    def _opposed(self, out: list[Lexeme], i: int) -> bool:
        """Whether a comparator looks the other way than the one before: "< 18 or > 75", not "≤ 2 or ≤ 5 if …"."""
        before = next((x for x in reversed(out) if x.type in ("CMP", "POST")), None)
        if before is None:
            return all(x.type not in ("TO", "BETWEEN") for x in out)  # a range has both its ends
        role = "before_number" if before.type == "CMP" else "after_number"
        return bool(before.entry.roles[role][0] != self.entries[i].roles["before_number"][0])

    def _choice(self, out: list[Lexeme], i: int) -> int:
        """The end of a bracket between a quantity and its event ("4 weeks (or 5 half-lives) before X"), else 0."""
        depth, close = 1, i
        while depth and close + 1 < min(self.last, i + 20):
            close += 1
            depth += (self.code(close) == "(") - (self.code(close) == ")")
        if self.code(close) != ")" or self.code(close + 1) not in "bfO":
            return 0
        j = self._next(i + 2)
        if self.code(i + 1) == "|" and self.code(j) == "n" and self.code(j + 1) == "t":
            which = next((k for k in range(j, close) if self.code(k) == "h"), 0)
            if which or self.entries[j + 1].roles["time_unit"] is None:
                self._alternative(out, i, close)
        return close

    def _alternative(self, out: list[Lexeme], i: int, close: int) -> None:
        """The quantity in a bracket behind "or", with a "whichever" behind it."""
        j = self._next(i + 2)
        which = next((k for k in range(j, close) if self.code(k) == "h"), 0)
        out += [self._lexeme("ALT", i + 1), self._lexeme("NUMBER", j), self._lexeme("TIME", j + 1)]
        out += [self._lexeme("WHICHEVER", which)] if which else []

    def _exceeded(self, i: int, times: Lexeme) -> bool:
        """Whether a limit stands behind a comparator that is part of a multiple: "3 times above normal"."""
        after = self.entries[self._next(i + 1)].roles
        above = "times" in times.entry.roles and self.entries[i].roles["before_number"] == ">"
        return above and ("reference" in after or "qualitative" in after)

    def _limit_of_place(self, i: int) -> int:
        """Where a limit stands behind the name of whose it is ("3 × the St. Mary ULN"), 0 where none does."""
        for j in range(i + 1, min(i + 4, self.last)):
            if self.code(j) == "L":
                return j
            if self.code(j) not in "w'.":
                break
        return 0

    def _plus(self, i: int) -> Lexeme | None:
        """The class of a scale of plus signs that begins at i: "urine protein ≥ ++"."""
        j = i
        while self.code(j) == ">" and self.entries[j].text == "+":
            j += 1
        if self.code(j) in "n)" and j == i + 1:
            return None  # "greater than plus (> +) 10 dioptres"
        start, end = self.starts[i], self.ends[j - 1]
        return Lexeme("ORDINAL", Entry("r", self.text[start:end], {}), i, j, start, end)
