"""The lexemes that may belong to one phrase.

In: where a phrase may begin. Out: its terminals for `grammars/quantity.lark` and `window.lark`, as far as they go on;
"within the last 6 (six) months of screening" gives PAST NUMBER TIME OF EVENT. Each kind of lexeme has a step of its own
(see `_STEPS`), which appends what it finds and says where the phrase goes on.
"""

from __future__ import annotations

from collections.abc import Callable

from protoparse.grammar.amending import PER
from protoparse.grammar.events import DIRECT, EVENT_SIDES
from protoparse.grammar.linking import Linker
from protoparse.grammar.phrases import Lexeme
from protoparse.grammar.sides import AMOUNT, END
from protoparse.lexicon import unit
from protoparse.lexing import Entry

_SIGNED = frozenset({"", "CMP", "BETWEEN", "TO", "AND", "OR", "FROM"})
_REACH = 48
"""No phrase is longer: what repeats without end ("within 3 days within 3 days …") is read piece by piece."""
_ABREAST = 3
"""No phrase has so many numbers side by side, as a table without its lines has."""
_WHOLE = frozenset({"NUMBER", "UNIT", "TIME", "POST", "ORDINAL", "REFERENCE", "EVENT", "TIMES"})
"""Right behind these no number goes on with a phrase: it begins another one."""
_AT_MOST = Entry("<", "within", {"before_number": "<="})
_NORMAL = Entry("L", "normal", {"reference": "normal"})


def _abreast(lexemes: list[Lexeme]) -> bool:
    """Whether that many numbers stand at the end, with comparators between them at the most."""
    found = 0
    for lexeme in reversed(lexemes):
        if lexeme.type == "NUMBER":
            found += 1
        elif lexeme.type != "CMP":
            return False
        if found == _ABREAST:
            return True
    return False


class Collector(Linker):
    """Collects the terminals of one item's phrases."""

    def _collect(self, i: int) -> list[Lexeme]:
        """The terminals from lexeme i on, as far as they may belong to one phrase."""
        out: list[Lexeme] = []
        self.timely = False
        last = min(self.last, i + _REACH)
        while 0 <= i < last:
            code = self.code(i)
            kind = out[-1].type if out else ""
            if code in "->" and kind in _SIGNED and self._signs(i):
                entry = self.entries[i + 1]
                if code == "-":
                    entry = Entry("n", entry.text, {"number": -entry.roles["number"]})
                out.append(Lexeme("NUMBER", entry, i + 1, i + 2, self.starts[i], self.ends[i + 1]))
                i += 2
                continue
            step = _STEPS.get(code)
            if step is None or (code in "n<" and kind == "NUMBER" and _abreast(out)):
                break
            i = step(self, out, i, kind)
            if len(out) > 1 and out[-1].type == "NUMBER" and out[-2].type in _WHOLE:
                break
        return out

    def _pass(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A determiner, which says nothing."""
        return i + 1

    def _number(self, out: list[Lexeme], i: int, kind: str) -> int:
        if "," in self.entries[i].text and self._classed(i):
            out += self._classes(i)
        elif self._acuity(i) or self._titre(i):
            whole = self.text[self.starts[i] : self.ends[i + 2]]
            entry = Entry("n", whole, {"number": whole})
            out.append(Lexeme("NUMBER", entry, i, i + 3, self.starts[i], self.ends[i + 2]))
            return i + 3
        elif self.code(i + 1) in "n>" and (days := self._weeks(i)):
            out += days
            return days[-1].last
        else:
            out.append(self._lexeme("NUMBER", i))
        return i + 1

    def _unit(self, out: list[Lexeme], i: int, kind: str) -> int:
        code, entry = self.code(i), self.entries[i]
        if code == "u" and kind == "UNIT" and entry.text.startswith(("/", "per ")):
            start = out.pop().start
            whole = self.text[start : self.ends[i]]  # "14 units / week"
            out.append(Lexeme("UNIT", Entry("u", whole, {"unit": unit(whole).ucum}), i, i + 1, start, self.ends[i]))
        elif not self._measures(code, kind, i):
            return END
        elif code == "t" and kind == "NUMBER" and "often" in out[-1].entry.roles and out[-1].last < i:
            rate = Entry("u", "", {"unit": PER.get(entry.roles["time_unit"])})
            out.append(Lexeme("UNIT", rate, i, i + 1, self.starts[out[-1].last], self.ends[i]))  # "twice a week"
        elif code == "t" and kind == "NUMBER" and (rest := self._smaller(out, i)):
            out[-1:] = rest
            return rest[-1].last
        else:
            out.append(self._lexeme(DIRECT[code], i))
        return i + 1

    def _measures(self, code: str, kind: str, i: int) -> bool:
        """Whether a unit may stand behind a terminal of this kind."""
        if kind == "POST":
            # "60+ years", "18 or more years"
            return self.entries[i - 1].text == "+" or bool(code == "t" and self.entries[i].roles["time_unit"])
        if code == "t" and kind in ("PAST", "NEXT", "WITHIN"):
            return self.entries[i].roles["time_unit"] is not None  # no "last course of chemotherapy"
        return kind == "NUMBER"

    def _compared(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A comparator in front of a number ("<") or behind it (">")."""
        code, entry = self.code(i), self.entries[i]
        if code == "<" and kind in ("TIMES", "UNIT") and self._exceeded(i, out[-1]):
            out[-1].type = "TIMES"
            if out[0].type == "NUMBER":
                start = out[0].start  # "2.5 times higher than the upper limit"
                out.insert(0, Lexeme("CMP", entry, out[0].first, out[0].first, start, start))
            return i + 1
        if code == ">" and kind == "CMP" and entry.text == "+" and out[-1].last == i:
            plus = self._plus(i)
            if plus is None:
                return END
            out.append(plus)
            return plus.last
        if code == "<" and kind in AMOUNT and entry.text.startswith("but ") and self._opposed(out, i):
            out += [Lexeme("AND", entry, i, i, self.starts[i], self.starts[i]), self._lexeme("CMP", i)]
            return i + 1
        if code == "<" and kind in AMOUNT and entry.text[0].isalpha():
            return END  # "60 dB under earphones": only a sign looks back at its number ("18 ≤ age")
        if code == ">" and kind == "TIME" and out[0].type == "WITHIN":
            return i + 1  # "within 6 months or less of diagnosis"
        if code == "<" and kind in ("WITHIN", "ALT") and self.code(out[-1].first) != "i":
            if entry.roles["before_number"] in ("<=", ">="):
                return i + 1  # "within a minimum of 30 days or at least 5 half-lives"
            if len(out) == 1:
                out.pop()  # "within < 12 months of the first dose"
        out.append(self._lexeme(DIRECT[code], i))
        return i + 1

    def _within(self, out: list[Lexeme], i: int, kind: str) -> int:
        if not out and self._limits(i + 1):
            out.append(self._lexeme("CMP", i, _AT_MOST))
            return i + 1
        if not out and (end := self._within_one(out, i)):
            return end
        if not self._quantity_at(i + 1 + (self.code(i + 1) == "h")):
            return END
        self.timely = True
        out.append(self._lexeme("WITHIN", i))
        return i + 1

    def _lately(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A stretch of time up to now or from now on: "the last", "the next"."""
        if self.code(self._next(i + 1)) == "n" and not self._quantity_at(i + 1):
            return END  # "the last two visits"
        self.timely = True
        return self._direct(out, i, kind)

    def _direct(self, out: list[Lexeme], i: int, kind: str) -> int:
        """What is always the terminal that its code says."""
        out.append(self._lexeme(DIRECT[self.code(i)], i))
        return i + 1

    def _whichever(self, out: list[Lexeme], i: int, kind: str) -> int:
        return self._direct(out, i, kind) if self.timely else END

    def _earlier(self, out: list[Lexeme], i: int, kind: str) -> int:
        """ "3 months ago"; "3 earlier regimens" are so many."""
        return END if kind == "NUMBER" else self._direct(out, i, kind)

    def _reference(self, out: list[Lexeme], i: int, kind: str) -> int:
        return self._direct(out, i, kind) if out else END

    def _times(self, out: list[Lexeme], i: int, kind: str) -> int:
        if not out and self.code(i - 1) not in "nx" and self._lasting(i + 1):
            out.append(self._lexeme("FOR", i))  # "metformin x 3 months"
            self.timely = True
            return i + 1
        return i + 1 if self._lives(out, i) else self._direct(out, i, kind)

    def _date(self, out: list[Lexeme], i: int, kind: str) -> int:
        """ "between March 2020 and 1 May 2021"."""
        if kind not in ("BETWEEN", "AND") or out[0].type != "BETWEEN":
            return END
        self.timely = True
        out.append(self._lexeme("EVENT", i))
        return i + 1

    def _normal(self, out: list[Lexeme], i: int, kind: str) -> int:
        """What is normal as a limit: "TSH above normal", "3 × normal", "twice normal"."""
        normal = kind == "CMP" and self.entries[i].roles["qualitative"] == "normal"
        if not normal and kind != "TIMES" and not (kind == "NUMBER" and "factor" in out[-1].entry.roles):
            return END
        out.append(self._lexeme("REFERENCE", i, _NORMAL))
        return i + 1

    def _prior(self, out: list[Lexeme], i: int, kind: str) -> int:
        """ "3 months prior", "3 months prior screening"."""
        if kind != "TIME" or "ago" not in self.entries[i].roles:
            return END
        event = self._event(i + 1, known=True)
        if event is not None and self.entries[i].text == "prior":
            out += [self._lexeme("BEFORE", i), event]
            return event.last
        if self._around(out, i):
            return out[-1].last  # "3 months prior or at screening"
        out.append(self._lexeme("AGO", i))
        return i + 1

    def _lasts(self, out: list[Lexeme], i: int, kind: str) -> int:
        """ "for" before how long something lasts, or behind what is limited ("minimum time for recovery of …")."""
        if (not out or kind == "OR") and "for" in self.entries[i].roles and self._lasting(i + 1):
            out.append(self._lexeme("FOR", i))
            self.timely = True
            return i + 1
        return self._named(out, i, kind)

    def _in(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A preposition: "in", "to", "with"; any other only says how long something lasts."""
        if self.entries[i].text in ("to", "in", "with"):
            return self._of(out, i, kind)
        if self.entries[i].text == "on" and not out:
            return self._on(out, i)
        return self._lasts(out, i, kind) if self.code(i) == "i" else END

    def _named(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A name inside a phrase: of what is limited, of an age, of the scale of a grade, of whose normal it is."""
        code, entry = self.code(i), self.entries[i]
        if code == "w" and kind == "TIME" and "elapsed" in entry.roles and self._sided(i + 1):
            return i + 1  # "the 6-month period before screening", "7 days immediately before screening"
        if code == "a" and kind == "TIME" and entry.text.startswith("post "):
            named_after = Lexeme("EVENT", entry, i, i + 1, self.starts[i], self.ends[i])
            out += [Lexeme("AFTER", entry, i, i, self.starts[i], self.starts[i]), named_after]
            self.timely = True
            return i + 1  # "> 90 days post-transplant"
        if code == "K" and kind == "TIME" and "standing" in entry.roles:
            out.append(Lexeme("STATE", entry, i, i, self.starts[i], self.starts[i]))
            return END  # "< 1 year postmenopausal"
        if code == "w" and kind == "TIMES" and (limit := self._limit_of_place(i)):
            return limit
        if code == "w" and kind == "TIMES" and entry.text in ("control", "controls"):
            out.append(self._lexeme("REFERENCE", i, _NORMAL))
            return i + 1
        if code == "K" and kind == "POST" and "time_unit" in entry.roles:
            out.append(self._lexeme("TIME", i))  # "18 or more years of age"
            return i + 1
        if code in "MKwvo" and kind == "CMP" and out[-1].last == i and "limit" in out[-1].entry.roles:
            # "minimum age of 18 years", "minimum duration of symptoms of 3 weeks": what is limited stands between
            named = i
            while i < named + 5 and self.code(i + 1) in "O:MKwamdv":
                i += 1
            return i + 1 if self.code(i + 1) == "n" else END
        if code == "v" and kind == "CMP" and "equivalent" in entry.text and self.code(i + 1) == "n":
            return i + 1  # "more than the equivalent of 10 mg of prednisone"
        if code in "aKw" and kind == "BETWEEN" and len(out) == 1 and (event := self._event(i, known=True)):
            out.append(event)  # "between menarche and 2 years after menopause"
            self.timely = True
            return event.last
        if code == "K" and kind in ("CMP", "BETWEEN") and len(out) == 1 and self._is_age(i):
            # "over the age of 18", "between the ages of 12 and 17"
            while self.code(i + 1) == "O":
                i += 1
            return i + 1 if self.code(i + 1) == "n" else END
        if code == "M" and kind == "CMP" and self.code(i + 1) in "nr" and out[-1].last == i:
            return i + 1  # "≥ grade 3": the scale stands between the comparator and its class
        if code == "M" and kind == "CMP" and out[-1].last == i and self.code(i + 1) == "-" and self.code(i + 2) == "n":
            return i + 2  # "≥ grade-3"
        if code == "w" and kind == "NUMBER" and self._out_of(i):
            out[-1].last = i + 3  # "5 out of 10"
            return i + 3
        return END

    def _opened(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A bracket: what stands before it said again, its alternative, or its range."""
        inside = self.code(i + 1)
        if kind == "EVENT" and inside == "|" and self._quantity_at(i + 2):
            # "within 4 weeks before X (or 5 half-lives, whichever is longer)"
            j = self._next(i + 2)
            close = next((k for k in range(j, min(self.last, j + 24)) if self.code(k) == ")"), 0)
            if close and self.code(j) == "n" and self.code(j + 1) == "t":
                self._alternative(out, i, close)
                out[-1].last = close + 1
            return END
        if self.code(i + 2) == ")":
            if kind == "CMP" and inside == "<":
                return i + 3  # "less than (<) 92 %"
            if kind == "NUMBER" and inside == "n":
                if "time_unit" in self.entries[i + 3].roles and self.code(i + 3) != "\n":
                    self.codes[i + 3 - self.first] = "t"
                return i + 3  # "one (1) month"
            if kind == "TIME" and self.timely and inside == "h":
                out.append(self._lexeme("WHICHEVER", i + 1))
                out[-1].last = i + 3
                return i + 3
            ranged = self.code(i + 3) in "&~-" and self.code(self._next(i + 4)) in "n<"
            if kind == "UNIT" and "unit" in self.entries[i + 1].roles and ranged:
                return i + 3  # "between 20 kilograms per square meter (kg/m2) and 30 kg/m2"
        if kind == "BETWEEN" and inside == "n" and self.code(i + 4) == ")":
            return i + 1  # "between (16-24) weeks"
        close = self._sight(i) if kind in ("NUMBER", "POST", "UNIT") else 0
        if not close and kind == "TIME" and self.timely and (named := self._named_behind(i)) is not None:
            out += [self._lexeme(EVENT_SIDES.get(inside, "OF"), i + 1), named]
            return END
        close = close or (self._repeated(i) if kind in ("TIME", "UNIT") else 0)
        if close:
            out[-1].last = close + 1
            self.codes[i - self.first : close + 1 - self.first] = "v" * (close + 1 - i)
            return close + 1
        close = self._choice(out, i) if kind == "TIME" else 0
        return close + 1 if close else END

    def _closed(self, out: list[Lexeme], i: int, kind: str) -> int:
        """The end of a range in brackets: "between (16-24) weeks"."""
        if kind != "NUMBER" or out[0].type != "BETWEEN" or self.code(i - 4) != "(" or self.code(i + 1) not in "nwtu":
            return END
        if "time_unit" in self.entries[i + 1].roles:
            self.codes[i + 1 - self.first] = "t"
        return i + 1


_STEPS: dict[str, Callable[[Collector, list[Lexeme], int, str], int]] = {
    "n": Collector._number,
    **dict.fromkeys("tu", Collector._unit),
    **dict.fromkeys("<>", Collector._compared),
    **dict.fromkeys("rBT", Collector._direct),
    "x": Collector._times,
    "L": Collector._reference,
    "q": Collector._normal,
    "W": Collector._within,
    **dict.fromkeys("PN", Collector._lately),
    "h": Collector._whichever,
    "g": Collector._earlier,
    "H": Collector._prior,
    "Z": Collector._date,
    **dict.fromkeys("bf@DSUF", Collector._side),
    **dict.fromkeys("-~", Collector._ranged),
    "O": Collector._of,
    **dict.fromkeys("pi", Collector._in),
    "o": Collector._lasts,
    **dict.fromkeys("d_", Collector._pass),
    **dict.fromkeys("&|,/", Collector._link),
    **dict.fromkeys("MKwva", Collector._named),
    "(": Collector._opened,
    ")": Collector._closed,
}
"""By the code of a lexeme: what it may be inside a phrase."""
