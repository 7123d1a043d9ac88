"""What the numbers of an item settle: whether the words beside them are units, classes, signs or parts of a name.

In: `Lexemes` and the bounds of one item. Out: the item's own copy of their codes, adjusted; "NYHA III" is a class,
"phase 3" no quantity, "20/40" one number.
"""

from __future__ import annotations

import re

from protoparse.grammar.items import plays
from protoparse.grammar.phrases import Lexeme
from protoparse.lexing import Entry, Lexemes

_SETTLED = re.compile("[nM]")
WENT_ON = re.compile("[Kw](?=p)")
"""Where a preposition stands behind what may be how a disease went on."""
# A line of Snellen's chart, in feet or in metres.
_ACUITY = re.compile(r"(?:20/(?!0)\d{2,3}(?:\.5)?|6/(?:5|6|7\.5|9|12|15|18|24|30|36|48|60|120))(?![\d.,/]*\d)")
_SIGNS = ("-", "−", "–", "+")
# How long a pregnancy has lasted, in weeks and days.
_WEEKS = re.compile(
    r"([1-4]?\d)(?:\s?\+\s?([0-6])(?=\s?w|\s?(?:to|and|-|–)\s?\d{1,2}\s?\+\s?[0-6]\s?w)|\s([0-6])/7)(?![\d/])"
    r"(?:\s?w(?:ee)?k?s?\b)?"
)
_LIFE = re.compile(r"\bgestation|\bamenorrh|\bpregnan|\bga\b|\b(?:of|in) (?:age|life)\b|\bage$")
_BORN = re.compile(r"\bborn\b|\bbirths?\b|\bdeliver|\blabou?r\b")
_PARTS = {("a", "mo"): 12, ("wk", "d"): 7, ("d", "h"): 24, ("h", "min"): 60}
_UNPRINTED = Entry("t", "weeks", {"time_unit": "wk", "printed": "weeks"})
_NTH = re.compile(r"(\d+)(?:st|nd|rd|th)")
_GRADE = Entry("u", "grade", {"unit": "{grade}"})
_CLASS = re.compile(r"[a-fk-mt]\d[a-d]?")


def _treats(entry: Entry) -> bool:
    """Whether a treatment is named."""
    term = entry.roles.get("concept")
    given = term is not None and term.domain in ("drug", "procedure") and "evaluation" not in term.name
    return given or plays(entry, "medicine")


class Settler:
    """One item's lexemes; `codes` is its own copy, adjusted where a number settles a doubt."""

    def __init__(self, text: str, lexemes: Lexemes, first: int, last: int) -> None:
        self.text, self.entries, self.starts, self.ends = text, lexemes.entries, lexemes.starts, lexemes.ends
        self.first, self.last = first, last
        self.codes: list[str] = list(lexemes.codes[first:last])

    def code(self, i: int) -> str:
        """The code of a lexeme, a break beyond the item."""
        return self.codes[i - self.first] if self.first <= i < self.last else "\n"

    def _settle(self) -> None:
        """Numbers tell what the words beside them are: units, classes, or names ("phase 3" is no quantity)."""
        codes, entries, first = self.codes, self.entries, self.first
        shape = "".join(codes)
        for match in _SETTLED.finditer(shape):
            k = match.start()
            code = codes[k]
            if code == "n":
                before = entries[first + k - 1].roles if k else ()
                if (
                    "version" in before
                    or ("numbered" in before and not (k > 1 and codes[k - 2] == "M") and self._numbering(k))
                    or self._in_name(k)
                    or (before and entries[first + k - 1].text in ("grade", "grades") and self._schooling(k))
                ):
                    codes[k] = "w"
                    continue
                if k > 1 and codes[k - 1] in "<B" and "limited" in entries[first + k - 2].roles and codes[k - 2] == "w":
                    codes[k - 2] = "M"
                self._unit_behind(k)
                if k > 1 and codes[k - 1] == "D" and codes[k - 2] in "nut" and "to" in before:
                    codes[k - 1] = "U"  # "18 through 64 years"
                if k and entries[first + k - 1].text == "first" and codes[k + 1 : k + 2] == ["t"]:
                    codes[k - 1] = "_"  # "the first six weeks of life"
                elif k > 1 and codes[k - 2] + codes[k - 1] == "(H" and codes[k + 1 : k + 2] == ["t"]:
                    codes[k - 1] = "P"  # "(previous 3 months)"
                elif k > 1 and codes[k + 1 : k + 3] == ["t", "b"]:
                    self._throughout(k)
                elif codes[k + 1 : k + 3] == ["t", ")"] and not {"H", "P"}.isdisjoint(codes[max(k - 3, 0) : k]):
                    self._recently(k)
            elif code == "M" and entries[first + k].text == "grade" and self._schooled(k):
                pass
            elif code == "M" and entries[first + k].roles["measurement"].kind == "ordinal":
                self._classes_behind(k, entries[first + k].text)

        for match in WENT_ON.finditer(shape):
            self._progressed(match.end())

    def _progressed(self, k: int) -> None:
        """A disease that progresses "on" a treatment does so after its begin; "on" a scan it is seen."""
        entries, at = self.entries, self.first + k
        if entries[at].text not in ("on", "despite", "under") or not plays(entries[at - 1], "course"):
            return
        ahead = entries[at + 1 : min(at + 5, self.last)]
        if any(map(_treats, ahead)) and not any("examining" in e.roles for e in ahead):
            self.codes[k] = "f"

    def _throughout(self, k: int) -> None:
        """ "over the 3 months before screening" is throughout them; "completed over 3 months before it", longer ago."""
        codes, i = self.codes, k - 1
        while i > 0 and codes[i] == "d":
            i -= 1
        if codes[i] != "<" or self.entries[self.first + i].text != "over":
            return
        before = self.entries[self.first + max(i - 3, 0) : self.first + i]
        if i < k - 1 or (i and codes[i - 1] in "uwm" and not any("nameless" in e.roles for e in before)):
            codes[i] = "P"

    def _recently(self, k: int) -> None:
        """How recent something is, in brackets behind the word: "recent (6 weeks) falls", "recent (≤ 6 weeks)"."""
        codes, entries = self.codes, self.entries
        at_most = codes[k - 1] == "<" and entries[self.first + k - 1].roles["before_number"] in ("<=", "<")
        i = k - 1 - at_most
        if i > 0 and codes[i] == "(" and codes[i - 1] in "HP" and entries[self.first + i - 1].text == "recent":
            codes[i] = "P"
            codes[i + 1 : k] = "_" * at_most

    def _schooling(self, k: int) -> bool:
        """Whether a grade is one of a school ("reading at grade 8", "high school (grades 9-12)")."""
        near = range(max(self.first, self.first + k - 8), min(self.last, self.first + k + 9))
        return any("schooling" in self.entries[i].roles for i in near)

    def _numbering(self, k: int) -> bool:
        """Whether a number is part of the name before it: behind a scale its version alone is ("CTCAE 4.03")."""
        return self.codes[k - 1] != "M" or "." in self.entries[self.first + k].text

    def _schooled(self, k: int) -> bool:
        """Whether a limit of schooling ends at k; its grade is then a unit: "less than a 7th grade education"."""
        i, before = self.first + k, k - 2
        nth = _NTH.fullmatch(self.entries[i - 1].text) if k else None
        while before > 0 and self.codes[before] == "d":
            before -= 1
        if nth is None or before < 0 or self.codes[before] not in "<B" or not self._schooling(k):
            return False
        self.entries = [*self.entries]
        self.entries[i - 1], self.entries[i] = Entry("n", nth[0], {"number": int(nth[1])}), _GRADE
        self.codes[k - 1 : k + 1] = "nu"
        return True

    def _in_name(self, k: int) -> bool:
        """Whether a hyphen ties a number to a word ("IL-12", "glucose-6-phosphate")."""
        i = self.first + k
        if k > 1 and self.codes[k - 1] == "." and self.starts[i] == self.ends[i - 2] + 1:
            return True  # "v1.1"
        if k > 1 and self.codes[k - 1] == "-" and self.starts[i] == self.ends[i - 2] + 1:
            if self.codes[k - 2] == "M" and self.starts[i - 1] == self.ends[i - 2] and len(self.entries[i].text) > 2:
                return self._nameless(k + 1)  # "CK-1827452" is a drug, "T-score -2.5" a value
            return self.codes[k - 2] in "wKa" and "scale" not in self.entries[i - 2].roles
        return False

    def _nameless(self, k: int) -> bool:
        """Whether no unit stands at k."""
        roles = self.entries[self.first + k].roles if k < len(self.codes) else {}
        return "unit" not in roles and "time_unit" not in roles

    def _unit_behind(self, k: int) -> None:
        codes, entries, first = self.codes, self.entries, self.first
        j = k + 1
        if j + 1 < len(codes) and codes[j] == "-" and "time_unit" in entries[first + j + 1].roles:
            codes[j] = "_"
            j += 1
        if j < len(codes):
            roles = entries[first + j].roles
            if "time_unit" in roles and self.text[self.starts[first + j] : self.ends[first + j]] == "D":
                codes[j] = "w"  # of "3D echocardiography"; days are written small
            elif "time_unit" in roles:
                codes[j] = "t"
            elif "times" in roles and self._code_behind(j) in ("L", "q"):
                codes[j] = "x"  # "3-fold ULN"
            elif "unit" in roles and codes[j] != "u":
                codes[j] = "u"

    def _code_behind(self, k: int) -> str:
        """The code behind a lexeme, determiners aside."""
        k += 1
        while k < len(self.codes) and self.codes[k] in "dO":
            k += 1
        return self.codes[k] if k < len(self.codes) else ""

    def _classes_behind(self, k: int, scale: str) -> None:
        """Roman numerals, and letters of the scales that use them, behind a scale ("NYHA class III or IV")."""
        codes, entries, first = self.codes, self.entries, self.first
        j = k + 1
        while j < len(codes) and j < k + 12:
            roles, word = entries[first + j].roles, entries[first + j].text
            if word == "v" and "".join(codes[j + 1 : j + 2]) in ("n", "."):
                break  # "CTCAE v. 5"
            if (
                "ordinal" in roles
                or (codes[j] == "w" and _CLASS.fullmatch(word))
                or (word in "abcd" and len(word) == 1 and "child" in scale)
            ):
                codes[j] = "r"
            elif codes[j] not in "<>-~,|&/():vdn=O" and "time_unit" not in roles and "scale" not in roles:
                break
            j += 1

    def _lexeme(self, type_: str, i: int, entry: Entry | None = None) -> Lexeme:
        """One lexeme as a terminal, with another meaning than its own where one is given."""
        return Lexeme(type_, entry or self.entries[i], i, i + 1, self.starts[i], self.ends[i])

    def _quantity_at(self, i: int) -> bool:
        """Whether a number with a unit of time stands at i, a comparator or determiner before it aside."""
        return self._time_unit(i) is not None

    def _time_unit(self, i: int) -> int | None:
        """Where the unit of the quantity of time is that stands at i; None where none does."""
        j = i
        while self.code(j) in "d_<":
            j += 1
        if self.code(j) != "n":
            return None
        j += 1
        if self.code(j) == ">" and self.code(j + 1) == "t":
            j += 1  # "3 or more months"
        while self.code(j) in "-~_n()x" or (self.code(j) == "d" and self.code(j - 1) == "x"):
            j += 1
        return j if self.code(j) != "\n" and "time_unit" in self.entries[j].roles else None

    def _lasting(self, i: int) -> bool:
        """Whether a duration follows "for", and not an age ("for 2 to 6 years old", "for those above 50 years")."""
        unit = self._time_unit(i)
        if unit is None or self.entries[i].text in ("those", "patients", "subjects"):
            return False
        return not any(w in self.entries[unit].text for w in ("old", "age"))

    def _life_at(self, i: int) -> bool:
        """Whether a time of a life stands at i, no distance from an event ("36 weeks of gestation", "12 h of age")."""
        n = self._next(i)
        if self.code(n) != "n" or self.code(n + 1) not in "tn>":
            return False
        weeks = self.entries[n + 1].roles.get("time_unit") == "wk" or _WEEKS.match(self.text, self.starts[n])
        born = i > self.first + 1 and weeks and _BORN.search(self.entries[i - 2].text)
        return bool(born) or _LIFE.search(self.entries[n + 1].text) is not None

    def _next(self, i: int) -> int:
        while self.code(i) in "d_":
            i += 1
        return i

    def _out_of(self, i: int) -> bool:
        """Whether the size of a scale follows ("5 out of 10")."""
        return self.entries[i].text == "out" and self.code(i + 1) == "O" and self.entries[i + 2].text in ("10", "100")

    def _limits(self, i: int) -> bool:
        """Whether "within" limits a measure ("within 0.5 %", "within 1.5 × ULN"), not a place or a time."""
        if self.code(i) == "n" and self.code(i + 1) == "t" and self.code(self._next(i + 2)) == "M":
            return bool(self.entries[self._next(i + 2)].roles["measurement"].name == "travel time")
        if self.code(i) != "n" or self.code(i + 1) not in "ux":
            return False
        behind = self._next(i + 3)
        return self.code(i + 2) != "O" or self.code(behind) in "LM"

    def _classed(self, i: int) -> bool:
        """Whether a number names classes of an ordinal scale ("ASA status 1,2"): such have no decimals."""
        k = i - 1
        while self.code(k) in "vdO:=<":
            k -= 1
        return self.code(k) == "M" and self.entries[k].roles["measurement"].kind == "ordinal"

    def _classes(self, i: int) -> list[Lexeme]:
        """A number with commas as the list that it is."""
        out: list[Lexeme] = []
        place = self.starts[i]
        for part in self.entries[i].text.split(","):
            entry = Entry("n", part, {"number": int(part)})
            if out:
                out.append(Lexeme("LIST", entry, i, i + 1, place - 1, place))
            out.append(Lexeme("NUMBER", entry, i, i + 1, place, place + len(part)))
            place += len(part) + 1
        return out

    def _acuity(self, i: int) -> bool:
        """Whether a visual acuity stands at i: a distance, then the distance that a healthy eye needs ("20/40")."""
        return (
            self.code(i + 1) == "/"
            and self.code(i + 2) == "n"
            and self.code(i + 3) not in "tu"
            and _ACUITY.match(self.text, self.starts[i]) is not None
        )

    def _titre(self, i: int) -> bool:
        """Whether a dilution stands at i ("1:80")."""
        return (
            self.entries[i].text == "1"
            and self.code(i + 1) == ":"
            and self.code(i + 2) == "n"
            and self.starts[i + 2] == self.ends[i] + 1
        )

    def _signs(self, i: int) -> bool:
        """Whether a dash or a plus is the sign of the number behind it ("between -3.5 and -2.5", "< +1.5")."""
        return (
            self.code(i) in "->"
            and self.entries[i].text in _SIGNS
            and self.code(i + 1) == "n"
            and self.ends[i] == self.starts[i + 1]
            and (i == self.first or self.ends[i - 1] < self.starts[i] or self.code(i - 1) in "<~-(")
        )

    def _weeks(self, i: int) -> list[Lexeme]:
        """Weeks and days in one number ("24 6/7 weeks", "24+6 weeks"); none where none stand at i."""
        match = _WEEKS.match(self.text, self.starts[i])
        if match is None:
            return []
        last = i + 1
        while last < self.last and self.starts[last] < match.end():
            last += 1
        number = _pregnant(int(match[1]), int(match[2] or match[3]))
        return [
            Lexeme("NUMBER", number, i, last - 1, self.starts[i], self.ends[last - 2]),
            Lexeme("TIME", _UNPRINTED, last - 1, last, self.starts[last - 1], self.ends[last - 1]),
        ]

    def _smaller(self, out: list[Lexeme], i: int) -> list[Lexeme]:
        """A time in two units, the larger at i, as one ("5 years 11 months" are 71 months); else none."""
        j = i + 1
        if self.code(j) == "&" and self.code(out[0].first - 1) != "@":
            j += out[0].type != "BETWEEN" or len(out) > 2  # "between 6 weeks and …", "at 6 weeks and 3 months"
        if self.code(j) != "n" or self.code(j + 1) != "t":
            return []
        parts = _PARTS.get((self.entries[i].roles["time_unit"], self.entries[j + 1].roles["time_unit"]), 0)
        larger, rest = out[-1].entry.roles["number"], self.entries[j].roles["number"]
        if not isinstance(larger, int) or not isinstance(rest, int) or rest >= parts:
            return []
        if parts == 7 and larger > 9 and self.code(j + 2) not in "bfSgH":
            number, time = _pregnant(larger, rest), _UNPRINTED
        else:
            number, time = Entry("n", "", {"number": larger * parts + rest}), self.entries[j + 1]
            _widen(out[:-1], parts)
        return [
            Lexeme("NUMBER", number, out[-1].first, j + 1, out[-1].start, self.ends[j]),
            Lexeme("TIME", time, j + 1, j + 2, self.starts[j + 1], self.ends[j + 1]),
        ]


def _pregnant(weeks: int, days: int) -> Entry:
    """So many weeks and days, in the notation that obstetricians have for them."""
    return Entry("n", "", {"number": f"{weeks}+{days}" if days else weeks})


def _widen(out: list[Lexeme], parts: int) -> None:
    """A number before a "to" has the unit of what follows: "2 to 5 years 6 months" begins at 24 months."""
    if len(out) > 1 and out[-1].type in ("TO", "AND") and out[-2].type == "NUMBER":
        number = out[-2].entry.roles["number"]
        if isinstance(number, int):
            out[-2].entry = Entry("n", "", {"number": number * parts})
