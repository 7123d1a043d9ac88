"""Where phrases stand among an item's lexemes.

In: `Lexemes` and the bounds of one item. Out: its `Phrase`s, values and windows with the lexemes they took, and the
item's codes as the numbers settled them; "age ≥ 18 years" gives one phrase, over the lexemes 1 to 3.
"""

from __future__ import annotations

import re

from protoparse.grammar.phrases import Lexeme, Phrase, Value, reader
from protoparse.lexicon import unit
from protoparse.lexing import Entry, Lexemes, lexer

# Where a phrase may begin; "for" and "in" only before a quantity.
_START = re.compile("[<BTnrWPNbf@DSUF]|[oi](?=[d_<]*n)|-(?=n)")
_ANY = re.compile("[<BTnrWPNbf@DSUF]")
_SETTLED = re.compile("[nM]")
_DIRECT = {
    "n": "NUMBER", "u": "UNIT", "t": "TIME", "r": "ORDINAL", "L": "REFERENCE", "x": "TIMES", "<": "CMP", ">": "POST",
    "B": "BETWEEN", "T": "TOLERANCE", "W": "WITHIN", "P": "PAST", "N": "NEXT", "h": "WHICHEVER", "g": "AGO",
}  # fmt: skip
_EVENT_SIDES = {"b": "BEFORE", "f": "AFTER", "@": "AT", "D": "DURING", "S": "SINCE", "U": "UNTIL", "F": "FROM"}
_NAMING = frozenset("aKMwmHYqs")
_SIGNED = frozenset({"", "CMP", "BETWEEN", "TO", "AND", "OR", "FROM"})
_OWN = frozenset({"enrollment", "study_start", "study_end", "first_dose", "last_dose", "treatment"})
_HAPPENING = ("person", "condition", "drug", "procedure", "visit", "device")
_BACK = frozenset(
    {"informed_consent", "screening", "enrollment", "randomization", "baseline", "study_start", "first_dose"}
)
_LASTING = frozenset({"study_start", "study_end", "enrollment", "treatment", "screening"})
_LENGTH = re.compile("(n[-_]*[twu])(?:Od*)?")
_AMOUNT = frozenset({"NUMBER", "UNIT", "TIME", "ORDINAL", "REFERENCE"})


class Islands:
    """Finds the phrases of one item; `codes` is the item's own copy, adjusted where a number settles a doubt."""

    def __init__(self, text: str, lexemes: Lexemes, first: int, last: int) -> None:
        self.text, self.entries, self.starts, self.ends = text, lexemes.entries, lexemes.starts, lexemes.ends
        self.first, self.last = first, last
        self.codes: list[str] = list(lexemes.codes[first:last])

    def code(self, i: int) -> str:
        """The code of a lexeme, a break beyond the item."""
        return self.codes[i - self.first] if self.first <= i < self.last else "\n"

    def phrases(self) -> list[Phrase]:
        """The phrases, in order, none overlapping."""
        self._settle()
        found: list[Phrase] = []
        first, settled = self.first, "".join(self.codes)
        place = 0
        while start := _START.search(settled, place):
            i = first + start.start()
            lexemes = self._collect(i)
            read = reader().read(self.text, lexemes) if lexemes else None
            if read is None:
                place = start.start() + 1
                continue
            meaning, n = read
            end = lexemes[n - 1].last
            place = max(end, i + 1) - first
            if isinstance(meaning, Value):
                if meaning.fronted and self.code(end) == "n":
                    # "(1 cmH2O = 0.098 kPa)": one quantity in two units, a limit of nothing
                    place = max(place, self._collect(end)[-1].last - first)
                    continue
                if self._of_no_thing(lexemes[:n], end):
                    continue
            found.append(Phrase(meaning, lexemes[0].first, end))
        return found

    def _of_no_thing(self, lexemes: list[Lexeme], end: int) -> bool:
        """Whether a quantity lies between two things or is a part of one ("4 hours apart", "half of the days")."""
        first = lexemes[0].first
        if lexemes[0].type == "NUMBER" and first > self.first and self.code(first - 1) == "W":
            return True  # "within 2 inches of the scar": a place
        return self.entries[end].text == "apart" or (
            lexemes[-1].type == "NUMBER" and lexemes[-1].entry.text == "half" and self.code(end) == "O"
        )

    def _settle(self) -> None:
        """Numbers tell what the words beside them are: units, classes, or names ("phase 3" is no quantity)."""
        codes, entries, first = self.codes, self.entries, self.first
        for match in _SETTLED.finditer("".join(codes)):
            k = match.start()
            code = codes[k]
            if code == "n":
                before = entries[first + k - 1].roles if k else ()
                if (
                    "version" in before
                    or ("numbered" in before and not (k > 1 and codes[k - 2] == "M"))
                    or self._in_name(k)
                    or (before and entries[first + k - 1].text in ("grade", "grades") and self._schooling(k))
                ):
                    codes[k] = "w"
                    continue
                self._unit_behind(k)
            elif code == "M" and entries[first + k].roles["measurement"].kind == "ordinal":
                self._classes_behind(k, entries[first + k].text)

    def _schooling(self, k: int) -> bool:
        """Whether a grade is one of a school ("reading at grade 8", "high school (grades 9-12)")."""
        near = range(max(self.first, self.first + k - 8), min(self.last, self.first + k + 9))
        return any("schooling" in self.entries[i].roles for i in near)

    def _in_name(self, k: int) -> bool:
        """Whether a hyphen ties a number to a word ("IL-12", "glucose-6-phosphate")."""
        i = self.first + k
        if k > 1 and self.codes[k - 1] == "." and self.starts[i] == self.ends[i - 2] + 1:
            return True  # "v1.1"
        if k > 1 and self.codes[k - 1] == "-" and self.starts[i] == self.ends[i - 2] + 1:
            return self.codes[k - 2] in "wKa" and "scale" not in self.entries[i - 2].roles
        return False

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

    def _event(self, i: int, *, known: bool = False) -> Lexeme | None:
        """The words from i on that name an event: a known anchor with what stands around it, else a noun phrase."""
        codes, entries, first = self.codes, self.entries, self.first
        k = i - first
        n = len(codes)
        while k < n and codes[k] in "d_":
            k += 1
        k = self._long(k)
        begin = k
        earlier = not known and k + 1 < n and codes[k] in "PH" and codes[k + 1] in _NAMING
        k += earlier  # "from the last clinical trial", "after prior chemotherapy"
        begin = k
        event: str | None = None
        end = begin
        size = 0
        while k < n and size < 8:
            code = codes[k]
            if event is None:
                event = entries[first + k].event or self._announced(k)
                if event is None and known:
                    if code not in _NAMING or k + 1 >= n or entries[first + k + 1].text not in ("onset", "diagnosis"):
                        return None
                    event, end = entries[first + k + 1].event, k + 2  # "at the time of migraine onset"
                    k, size = end, 2
                    continue
                if event is not None:
                    end = k + 1
                    k += 1
                    size += 1
                    continue
            if known and event is not None and code in _NAMING:
                return None
            if code in _NAMING or (code == "v" and event is None and size < 3):
                if event is None or code in "wa":
                    end = k + 1
                k += 1
                size += 1
                if event is not None and codes[k - 1] not in "wa":
                    break
            elif code in "O" and k + 1 < n and size:
                j = k + 1
                while j < n and codes[j] in "d_":
                    j += 1
                if j < n and (codes[j] in _NAMING):
                    k = j
                else:
                    break
            elif (code == "d" and event is None) or (code == "-" and k + 1 < n and codes[k + 1] in _NAMING and size):
                k += 1
            else:
                break
        if end <= begin or (known and (event is None or (end < n and codes[end] in "wKM"))):
            return None
        if event is None and all(codes[j] in "vd_" for j in range(begin, end)):
            return None
        if earlier and event in _OWN:
            event = None  # not the trial's own
        entry = Entry("a", "", {"anchor": event or "event"})
        return Lexeme(
            "EVENT", entry, first + begin, first + end, self.starts[first + begin], self.ends[first + end - 1]
        )

    def _done(self, i: int) -> bool:
        """Whether a participle says how something was found then: "at screening confirmed by a second ECG"."""
        return self.code(i) == "w" and self.entries[i].text.endswith("ed")

    def _long(self, k: int) -> int:
        """Where an event begins behind how long it lasts: "the 16-week treatment period"."""
        match = _LENGTH.match("".join(self.codes[k : k + 6]))
        if match is None or "time_unit" not in self.entries[self.first + k + match.end(1) - 1].roles:
            return k
        named = self.first + k + match.end()
        return k + match.end() if named < self.last and self.entries[named].event in _LASTING else k

    def _telling(self, event: Lexeme) -> bool:
        """Whether words name an event that somebody's record tells, and not just any noun."""
        if event.entry.event != "event" or self.code(event.first) == "Z":
            return True
        for i in range(event.first, event.last):
            term = self.entries[i].roles.get("concept")
            if self.entries[i].event or (term is not None and term.domain in _HAPPENING):
                return True
        return False

    def _announced(self, k: int) -> str | None:
        """The event that carrier words name: "diagnosis of" what follows."""
        words = self.entries[self.first + k].text.split()
        if self.codes[k] != "v" or len(words) < 2 or words[-1] != "of":
            return None
        return lexer().singles[words[-2]].event

    def _lexeme(self, type_: str, i: int) -> Lexeme:
        return Lexeme(type_, self.entries[i], i, i + 1, self.starts[i], self.ends[i])

    def _quantity_at(self, i: int) -> bool:
        """Whether a number with a unit of time stands at i, a comparator or determiner before it aside."""
        j = i
        while self.code(j) in "d_<":
            j += 1
        if self.code(j) != "n":
            return False
        j += 1
        while self.code(j) in "-~_n()":
            j += 1
        return "time_unit" in self.entries[j].roles if self.code(j) != "\n" else False

    def _lasting(self, i: int) -> bool:
        """Whether a duration follows "for", and not an age ("for 2 to 6 years old")."""
        if not self._quantity_at(i):
            return False
        while self.code(i) != "t":
            i += 1
        return not any(w in self.entries[i].text for w in ("old", "age"))

    def _next(self, i: int) -> int:
        while self.code(i) in "d_":
            i += 1
        return i

    def _is_age(self, i: int) -> bool:
        term = self.entries[i].roles.get("concept")
        return term is not None and term.name == "age" and "time_unit" not in self.entries[i].roles

    def _collect(self, i: int) -> list[Lexeme]:
        """The terminals from lexeme i on, as far as they may belong to one phrase."""
        out: list[Lexeme] = []
        timely = False  # inside a window
        last = min(self.last, i + _REACH)
        while i < last:
            code = self.code(i)
            kind = out[-1].type if out else ""
            if code in "->" and kind in _SIGNED and self._signs(i):
                i += 1
                entry = self.entries[i]
                if code == "-":
                    entry = Entry("n", entry.text, {"number": -entry.roles["number"]})
                out.append(Lexeme("NUMBER", entry, i, i + 1, self.starts[i - 1], self.ends[i]))
            elif code in _DIRECT:
                if code == "u" and kind == "UNIT" and self.entries[i].text.startswith(("/", "per ")):
                    start = out.pop().start
                    whole = self.text[start : self.ends[i]]  # "14 units / week"
                    out.append(
                        Lexeme("UNIT", Entry("u", whole, {"unit": unit(whole).ucum}), i, i + 1, start, self.ends[i])
                    )
                    i += 1
                    continue
                if code in "tu<h" and not self._continues(code, kind, i, timely):
                    break
                if code == "W" and not out and self._limits(i + 1):
                    out.append(Lexeme("CMP", _AT_MOST, i, i + 1, self.starts[i], self.ends[i]))
                    i += 1
                    continue
                if (code == "L" and not out) or (code == "W" and not self._quantity_at(i + 1)):
                    break
                timely = timely or code in "WPN"
                if code == "n" and "," in self.entries[i].text and self._classed(i):
                    out += self._classes(i)
                elif code == "n" and (self._acuity(i) or self._titre(i)):
                    whole = self.text[self.starts[i] : self.ends[i + 2]]
                    entry = Entry("n", whole, {"number": whole})
                    out.append(Lexeme("NUMBER", entry, i, i + 3, self.starts[i], self.ends[i + 2]))
                    i += 2
                else:
                    out.append(self._lexeme(_DIRECT[code], i))
            elif code in "d_":
                pass
            elif code in "-~" or (code == "U" and kind in _AMOUNT):
                after = self.code(self._next(i + 1))
                if kind in _AMOUNT and after in "n<rL":
                    out.append(self._lexeme("TO", i))
                elif code == "U" or (kind == "EVENT" and code == "~"):
                    out.append(self._lexeme("UNTIL" if code == "U" else "TO", i))
                    if not self._limit(out, i + 1):
                        out.pop()
                        break
                    i = out[-1].last
                    continue
                else:
                    break
            elif code == "O" or (code in "pi" and self.entries[i].text in ("to", "in")):
                j = self._next(i + 1)
                if self.code(j) == "L":
                    pass
                elif code == "i" and not out and "within" in self.entries[i].roles and self._quantity_at(i + 1):
                    out.append(self._lexeme("WITHIN", i))
                    timely = True
                elif code == "O" and kind in ("TIME", "WHICHEVER"):
                    # "≤ 7 days of the first dose" is a time where "≤ 7 days of treatment" is none
                    event = self._event(i + 1)
                    if event is None or not (timely or (out[0].type == "CMP" and event.entry.event in _BACK)):
                        break
                    timely = True
                    out += [self._lexeme("OF", i), event]
                    i = event.last
                    continue
                else:
                    break
            elif code == "Z" and kind in ("BETWEEN", "AND") and out[0].type == "BETWEEN":
                out.append(self._lexeme("EVENT", i))  # "between March 2020 and 1 May 2021"
                timely = True
            elif code == "F" and not out and (self.code(self._next(i + 1)) == "n" or self._signs(i + 1)):
                out.append(self._lexeme("FROM", i))
            elif code == "F" and kind == "TIME":
                event = self._event(i + 1)
                if event is None:
                    break
                # "within 4 weeks from enrollment" looks back, as "within 4 weeks of enrollment" does
                back = out[0].type == "WITHIN" and event.entry.event in _BACK
                out += [self._lexeme("OF" if back else "AFTER", i), event]
                i = event.last
                continue
            elif code == "f" and self.code(i - 1) == "d" and self.entries[i].text == "following":
                break  # "any of the following conditions"
            elif code in _EVENT_SIDES:
                if code == "S" and kind == "TIME" and timely and (event := self._event(i + 1)) is not None:
                    out += [self._lexeme("AFTER", i), event]  # "within 10 days since symptom onset"
                    i = event.last
                    continue
                if code in "@DSUF" and out and kind != "OR":
                    if kind == "EVENT" and (
                        code == "U" or (out[0].type in ("FROM", "DURING") and "until" in self.entries[i].roles)
                    ):
                        out.append(self._lexeme("UNTIL", i))
                        if self._limit(out, i + 1):
                            i = out[-1].last
                            continue
                        out.pop()
                    if code != "D" or out[0].type != "FOR":
                        break
                elif code == "f" and not out and self._quantity_at(i + 1):
                    out.append(self._lexeme("AFTER", i))
                    timely = True
                    i += 1
                    continue
                if kind and kind not in ("TIME", "OR", "WHICHEVER") and not (kind == "POST" and out[0].type == "FOR"):
                    break
                tied = code == "f" and self.code(i + 1) == "-" and self.starts[i + 1] == self.ends[i]  # "post-stroke"
                event = self._event(i + 2 if tied else i + 1, known=code == "@")
                if event is not None and code in "bfD" and kind != "TIME" and not self._telling(event):
                    break  # "after discussion with the sponsor", "during daily walking"
                if event is None:
                    if code == "b" and kind == "TIME" and "ago" in self.entries[i].roles:
                        out.append(self._lexeme("AGO", i))
                    break
                timely = True
                out += [self._lexeme(_EVENT_SIDES[code], i), event]
                i = event.last
                continue
            elif code == "H" and kind == "TIME" and "ago" in self.entries[i].roles:
                event = self._event(i + 1, known=True)
                if event is not None and self.entries[i].text == "prior":
                    out += [self._lexeme("BEFORE", i), event]
                    i = event.last
                    continue
                out.append(self._lexeme("AGO", i))
            elif code in "oi" and (not out or kind == "OR") and "for" in self.entries[i].roles and self._lasting(i + 1):
                out.append(self._lexeme("FOR", i))
                timely = True
            elif code == "w" and kind == "TIMES" and self.entries[i].text in ("control", "controls"):
                out.append(Lexeme("REFERENCE", _NORMAL, i, i + 1, self.starts[i], self.ends[i]))
            elif code == "q" and kind == "CMP" and self.entries[i].roles["qualitative"] == "normal":
                out.append(Lexeme("REFERENCE", _NORMAL, i, i + 1, self.starts[i], self.ends[i]))  # "TSH above normal"
            elif code == "q" and (kind == "TIMES" or (kind == "NUMBER" and out[-1].entry.text in _FACTORS)):
                out.append(Lexeme("REFERENCE", _NORMAL, i, i + 1, self.starts[i], self.ends[i]))
            elif code in "&|,/":
                joint = self._joint(out, i)
                if joint is None:
                    break
                if joint:
                    out.append(self._lexeme(joint, i))
                    timely = timely or joint == "ALT"
                elif out[-1].first > i:
                    i = out[-1].last
                    continue
            elif code == "K" and kind == "POST" and "time_unit" in self.entries[i].roles:
                out.append(self._lexeme("TIME", i))  # "18 or more years of age"
            elif code in "MKwv" and kind == "CMP" and out[-1].last == i and "limit" in out[-1].entry.roles:
                # "minimum age of 18 years", "minimum duration of symptoms of 3 weeks": what is limited stands between
                named = i
                while i < named + 5 and self.code(i + 1) in "O:MKwamdv":
                    i += 1
                if self.code(i + 1) != "n":
                    break
            elif code == "K" and kind in ("CMP", "BETWEEN") and len(out) == 1 and self._is_age(i):
                # "over the age of 18", "between the ages of 12 and 17"
                while self.code(i + 1) == "O":
                    i += 1
                if self.code(i + 1) != "n":
                    break
            elif code == "M" and kind == "CMP" and self.code(i + 1) in "nr" and out[-1].last == i:
                pass  # "≥ grade 3": the scale stands between the comparator and its class
            elif code == "(" and kind == "EVENT" and self.code(i + 1) == "|" and self._quantity_at(i + 2):
                # "within 4 weeks before X (or 5 half-lives, whichever is longer)"
                j = self._next(i + 2)
                close = next((k for k in range(j, min(last, j + 24)) if self.code(k) == ")"), 0)
                if not close or self.code(j) != "n" or self.code(j + 1) != "t":
                    break
                which = next((k for k in range(j, close) if self.code(k) == "h"), 0)
                out += [self._lexeme("ALT", i + 1), self._lexeme("NUMBER", j), self._lexeme("TIME", j + 1)]
                if which:
                    out.append(self._lexeme("WHICHEVER", which))
                out[-1].last = close + 1
                break
            elif code == "(" and kind == "NUMBER" and self.code(i + 1) == "n" and self.code(i + 2) == ")":
                i += 2  # "one (1) month"
                if "time_unit" in self.entries[i + 1].roles and self.code(i + 1) != "\n":
                    self.codes[i + 1 - self.first] = "t"
            elif code == "(" and kind == "TIME" and timely and self.code(i + 1) == "h" and self.code(i + 2) == ")":
                out.append(self._lexeme("WHICHEVER", i + 1))
                out[-1].last = i + 3
                i += 2
            elif code == "(" and kind == "BETWEEN" and self.code(i + 1) == "n" and self.code(i + 4) == ")":
                pass  # "between (16-24) weeks"
            elif code == ")" and kind == "NUMBER" and out[0].type == "BETWEEN" and self.code(i - 4) == "(":
                if self.code(i + 1) not in "nwtu":
                    break
                self.codes[i + 1 - self.first] = "t" if "time_unit" in self.entries[i + 1].roles else self.code(i + 1)
            elif code == "w" and kind == "NUMBER" and self._out_of(i):
                i += 2  # "5 out of 10"
                out[-1].last = i + 1
            elif code == "(" and kind == "TIME":
                close = self._repeated(i) or self._choice(out, i)
                if not close:
                    break
                i = close
            else:
                break
            i += 1
        return out

    def _out_of(self, i: int) -> bool:
        """Whether the size of a scale follows ("5 out of 10")."""
        return self.entries[i].text == "out" and self.code(i + 1) == "O" and self.entries[i + 2].text in ("10", "100")

    def _limits(self, i: int) -> bool:
        """Whether "within" limits a measure ("within 0.5 %", "within 1.5 × ULN"), not a place or a time."""
        if self.code(i) != "n" or self.code(i + 1) not in "ux":
            return False
        behind = self._next(i + 3)
        return self.code(i + 2) != "O" or self.code(behind) in "LM"

    def _continues(self, code: str, kind: str, i: int, timely: bool) -> bool:
        """Whether a unit, a comparator or a "whichever" may stand behind a terminal of this kind."""
        if code == "h":
            return timely
        if code == "<":
            # "60 dB under earphones": only a sign looks back at its number ("18 ≤ age").
            return kind not in _AMOUNT or not self.entries[i].text[0].isalpha()
        if kind == "POST":
            # "60+ years", "18 or more years"
            return self.entries[i - 1].text == "+" or bool(code == "t" and self.entries[i].roles["time_unit"])
        return kind == "NUMBER" or (code == "t" and kind in ("PAST", "NEXT", "WITHIN"))

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

    def _limit(self, out: list[Lexeme], i: int) -> bool:
        """What "until" reaches to: an event, or a distance behind one."""
        i = self._next(i)
        if self.code(i) == "<":
            i = self._next(i + 1)
        if self._quantity_at(i):
            j = i
            parts = []
            while self.code(j) in "nt-_~":
                if self.code(j) in "nt":
                    parts.append(self._lexeme(_DIRECT[self.code(j)], j))
                j += 1
            if self.code(j) in "bf" and len(parts) == 2:
                event = self._event(j + 1)
                if event is not None:
                    out += [*parts, self._lexeme(_EVENT_SIDES[self.code(j)], j), event]
                    return True
            return False
        event = self._event(i)
        if event is None:
            return False
        out.append(event)
        return True

    def _joint(self, out: list[Lexeme], i: int) -> str | None:
        """What a connective inside a phrase is; empty where it is only punctuation, None where it ends the phrase."""
        code = self.code(i)
        kind = out[-1].type if out else ""
        j = self._next(i + 1)
        after = self.code(j)
        if (
            code == "/"
            and after == "n"
            and kind == "NUMBER"
            and self.entries[j].text in ("10", "100")
            and self.ends[i] == self.starts[j]
            and out[-1].entry.roles["number"] <= self.entries[j].roles["number"]
        ):
            self.codes[j - self.first] = "_"  # "4/10" is 4 on a scale of ten
            return ""
        if code == "," and after in "&|" and kind in _AMOUNT:
            beyond = self._next(j + 1)
            return (
                "" if self.code(beyond) in "nr" or (self.code(beyond) == "<" and self._opposed(out, beyond)) else None
            )
        if after == "h" or (code == "," and kind == "WHICHEVER" and after in "bfOF"):
            return ""
        if kind == "EVENT" and code == "|" and out[0].type in ("WITHIN", "NUMBER") and self._quantity_at(j):
            # "… before consent or 5 half-lives", but "… before consent or 4 weeks before apheresis"
            k = j
            while self.code(k) in "nt-_d":
                k += 1
            return "OR" if self.code(k) in "bf" else "ALT"
        if kind == "EVENT" and code in "&|" and out[0].type == "AT" and len(out) % 2 == 0:
            return self._second_event(out, i, j)
        if kind == "TIME" and code == "|" and [x.type for x in out] == ["CMP", "NUMBER", "TIME"]:
            # "≤ 2 weeks or 5 half-lives, whichever is shorter"
            k = self._next(j + 1)
            while self.code(k) in "tu,_":
                k += 1
            if self.code(j) == "n" and self.code(k) == "h":
                return "ALT"
        windowed = any(x.type in ("WITHIN", "PAST", "NEXT", "FOR", "EVENT") for x in out)
        if kind == "EVENT" and code == "&" and out[0].type == "BETWEEN" and after == "Z":
            return "AND"
        if kind in _AMOUNT and not windowed:
            if out[0].type == "BETWEEN" and code == "&":
                return "AND"
            if after == "<" and code != "/":
                if not self._opposed(out, j):
                    return None
                return "AND" if code in "&," else "OR"
            plain = not any(x.type in ("CMP", "POST", "TO") for x in out)
            if code == "/" and after == "n" and kind == "NUMBER" and [x.type for x in out] == ["CMP", "NUMBER"]:
                return "LIST"  # "> 140/90 mmHg"
            if after in "nr" and plain and (kind in ("NUMBER", "ORDINAL") or code != ","):
                return "LIST"
            return None
        if kind == "POST" and after == "<":
            return "AND" if code in "&," else "OR"
        if kind == "TIME" and windowed and code in "|/," and self._quantity_at(j):
            return "ALT" if code != "," else None
        if windowed and code == "|" and after in "bf@DWPNUF":
            return "OR"
        if code == "&" and kind == "EVENT" and out[0].type == "DURING" and after in "o<WUn":
            # "during the study and for (up to, within, until) 12 weeks after the last dose"
            return "OR" if self._quantity_at(j + (after in "oWU")) else None
        return None

    def _second_event(self, out: list[Lexeme], i: int, j: int) -> str | None:
        """Another event at which something holds: "at screening and (at) baseline"."""
        event = self._event(j + 1 if self.code(j) == "@" else j, known=True)
        if event is None:
            return None
        out += [self._lexeme("EACH" if self.code(i) == "&" else "EITHER", i), event]
        return ""

    def _opposed(self, out: list[Lexeme], i: int) -> bool:
        """Whether a comparator looks the other way than the one before: "< 18 or > 75", not "≤ 2 or ≤ 5 if …"."""
        before = next((x for x in reversed(out) if x.type in ("CMP", "POST")), None)
        if before is None:
            return True
        role = "before_number" if before.type == "CMP" else "after_number"
        return bool(before.entry.roles[role][0] != self.entries[i].roles["before_number"][0])

    def _choice(self, out: list[Lexeme], i: int) -> int:
        """The end of a bracket between a quantity and its event ("4 weeks (or 5 half-lives) before X"), else 0."""
        close = next((k for k in range(i + 1, min(self.last, i + 16)) if self.code(k) in "()"), 0)
        if self.code(close) != ")" or self.code(close + 1) not in "bf":
            return 0
        j = self._next(i + 2)
        if self.code(i + 1) == "|" and self.code(j) == "n" and self.code(j + 1) == "t":
            which = next((k for k in range(j, close) if self.code(k) == "h"), 0)
            if which or self.entries[j + 1].roles["time_unit"] is None:
                out += [self._lexeme("ALT", i + 1), self._lexeme("NUMBER", j), self._lexeme("TIME", j + 1)]
                out += [self._lexeme("WHICHEVER", which)] if which else []
        return close

    def _repeated(self, i: int) -> int:
        """The end of a bracket that says a quantity again in another unit ("4 weeks (28 days)"), else 0."""
        j = i + 1
        while self.code(j) in "nut-_<~":
            j += 1
        return j if self.code(j) == ")" and j > i + 2 else 0


# A line of Snellen's chart, in feet or in metres.
_ACUITY = re.compile(r"(?:20/(?!0)\d{2,3}(?:\.5)?|6/(?:5|6|7\.5|9|12|15|18|24|30|36|48|60|120))(?![\d.,/]*\d)")
_SIGNS = ("-", "−", "–", "+")
_REACH = 48
"""No phrase is longer: what repeats without end ("within 3 days within 3 days …") is read piece by piece."""
_CLASS = re.compile(r"[a-fk-mt]\d[a-d]?")
_FACTORS = ("twice", "double", "thrice", "triple")
_AT_MOST = Entry("<", "within", {"before_number": "<="})
_NORMAL = Entry("L", "normal", {"reference": "normal"})


def _ranked(lexemes: Lexemes, first: int, codes: str) -> bool:
    """Whether an ordinal scale is named, behind which a class may stand without a number."""
    scales = [lexemes.entries[first + k].roles["measurement"] for k, code in enumerate(codes) if code == "M"]
    return any(scale.kind == "ordinal" for scale in scales)


def phrases(text: str, lexemes: Lexemes, first: int, last: int) -> tuple[list[Phrase], str]:
    """The values and windows among the lexemes `[first, last)`, and the item's codes as the numbers settled them."""
    codes = lexemes.codes[first:last]
    if not _ANY.search(codes) and not ("M" in codes and _ranked(lexemes, first, codes)):
        return [], codes
    islands = Islands(text, lexemes, first, last)
    return islands.phrases(), "".join(islands.codes)
