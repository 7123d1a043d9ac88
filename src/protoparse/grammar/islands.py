"""Where phrases stand among an item's lexemes.

In: `Lexemes` and the bounds of one item. Out: its `Phrase`s, values and windows with the lexemes they took, and the
item's codes as the numbers settled them; "age ≥ 18 years" gives one phrase, over the lexemes 1 to 3.
"""

from __future__ import annotations

import re

from protoparse.grammar.ahead import Ahead
from protoparse.grammar.amending import OFTEN, PER, Amender
from protoparse.grammar.anchoring import stretch, stretched
from protoparse.grammar.events import DIRECT, EVENT_SIDES
from protoparse.grammar.phrases import Lexeme, Phrase, Value
from protoparse.grammar.windows import anchor_of, reader
from protoparse.lexicon import unit
from protoparse.lexing import Entry, Lexemes
from protoparse.model import Anchor

# Where a phrase may begin; "for" and "in" only before a quantity.
_START = re.compile("[<BTnrWPNbf@DSUF]|[oi](?=[d_<]*n)|i(?=dt)|p(?=nt[Obf])|-(?=n)")
_ANY = re.compile("[<BTnrWPNbf@DSUF]")
_SIGNED = frozenset({"", "CMP", "BETWEEN", "TO", "AND", "OR", "FROM"})
_BACK = frozenset(
    {"informed_consent", "screening", "enrollment", "randomization", "baseline", "study_start", "first_dose"}
)
_AMOUNT = frozenset({"NUMBER", "UNIT", "TIME", "ORDINAL", "REFERENCE"})
_REACH = 48
"""No phrase is longer: what repeats without end ("within 3 days within 3 days …") is read piece by piece."""
_GRADES = frozenset({"NUMBER", "ORDINAL", "POST"})
_FACTORS = ("twice", "double", "thrice", "triple")
_AT_MOST = Entry("<", "within", {"before_number": "<="})
_EARLIER = Entry("<", "before", {"before_number": "<"})
_LATER = Entry("<", "after", {"before_number": ">"})
_NORMAL = Entry("L", "normal", {"reference": "normal"})


class Islands(Amender, Ahead):
    """Finds the phrases of one item."""

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
                if self.code(end) in "bfg" and (stretch := self._stretch(meaning, end)) is not None:
                    found.append(stretch._replace(first=lexemes[0].first))
                    place = stretch.last - first
                    continue
                meaning = self._as_at_first(self._by_day(meaning, end), lexemes[0].first)
                if len(meaning.comparisons) == 1:
                    meaning = self._outside(meaning, lexemes[0].first)
            found.append(Phrase(meaning, lexemes[0].first, end))
        return found

    def _stretch(self, value: Value, i: int) -> Phrase | None:
        """The stretch between two distances from what stands at i, None where a value says something else."""
        if not stretched(value):
            return None
        side, anchor, last = "BEFORE", Anchor(event="screening"), i + 1  # "between 3 and 12 months ago"
        if self.code(i) != "g":
            ahead = self._collect(i)
            if len(ahead) < 2 or ahead[1].type != "EVENT":
                return None
            side, anchor, last = ahead[0].type, anchor_of(self.text, ahead[1], ahead[0]), ahead[1].last
        return Phrase(stretch(value, side, anchor, self.ends[last - 1]), i, last)

    def _of_no_thing(self, lexemes: list[Lexeme], end: int) -> bool:
        """Whether a quantity lies between two things or is a part of one ("4 hours apart", "half of the days")."""
        first = lexemes[0].first
        if lexemes[0].type == "NUMBER" and first > self.first and self.code(first - 1) == "W":
            return True  # "within 2 inches of the scar": a place
        return self.entries[end].text == "apart" or (
            lexemes[-1].type == "NUMBER" and lexemes[-1].entry.text == "half" and self.code(end) == "O"
        )

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
            elif code == "g" and kind == "NUMBER":
                break  # "3 earlier regimens"
            elif code == "<" and kind in ("TIMES", "UNIT") and self._exceeded(i, out[-1]):
                out[-1].type = "TIMES"
                if out[0].type == "NUMBER":
                    start = out[0].start  # "2.5 times higher than the upper limit"
                    out.insert(0, Lexeme("CMP", self.entries[i], out[0].first, out[0].first, start, start))
            elif code == ">" and kind == "CMP" and self.entries[i].text == "+" and out[-1].last == i:
                plus = self._plus(i)
                if plus is None:
                    break
                out.append(plus)
                i = plus.last
                continue
            elif code in DIRECT:
                if code == "u" and kind == "UNIT" and self.entries[i].text.startswith(("/", "per ")):
                    start = out.pop().start
                    whole = self.text[start : self.ends[i]]  # "14 units / week"
                    out.append(
                        Lexeme("UNIT", Entry("u", whole, {"unit": unit(whole).ucum}), i, i + 1, start, self.ends[i])
                    )
                    i += 1
                    continue
                if (
                    code == "<"
                    and kind in _AMOUNT
                    and self.entries[i].text.startswith("but ")
                    and self._opposed(out, i)
                ):
                    out += [
                        Lexeme("AND", self.entries[i], i, i, self.starts[i], self.starts[i]),
                        self._lexeme("CMP", i),
                    ]
                    i += 1
                    continue
                if code in "tu<h" and not self._continues(code, kind, i, timely):
                    break
                if code == "t" and kind == "NUMBER" and out[-1].entry.text in OFTEN and out[-1].last < i:
                    rate = Entry("u", "", {"unit": PER.get(self.entries[i].roles["time_unit"])})
                    start = self.starts[out[-1].last]  # "twice a week"
                    out.append(Lexeme("UNIT", rate, i, i + 1, start, self.ends[i]))
                    i += 1
                    continue
                if code == "W" and not out and self._limits(i + 1):
                    out.append(Lexeme("CMP", _AT_MOST, i, i + 1, self.starts[i], self.ends[i]))
                    i += 1
                    continue
                if code == "W" and not out and (one := self._one_at(i + 1)):
                    out += [self._lexeme("WITHIN", i), *one]  # "within a year of screening"
                    timely = True
                    i = one[-1].last
                    continue
                if (code == "L" and not out) or (
                    code == "W" and not self._quantity_at(i + 1 + (self.code(i + 1) == "h"))
                ):
                    break
                if code in "PN" and self.code(self._next(i + 1)) == "n" and not self._quantity_at(i + 1):
                    break  # "the last two visits"
                if code == "x" and self._lives(out, i):
                    i += 1
                    continue
                if code == ">" and kind == "TIME" and out[0].type == "WITHIN":
                    i += 1
                    continue  # "within 6 months or less of diagnosis"
                if code == "<" and kind in ("WITHIN", "ALT") and self.code(out[-1].first) != "i":
                    if self.entries[i].roles["before_number"] in ("<=", ">="):
                        i += 1
                        continue  # "within a minimum of 30 days or at least 5 half-lives"
                    if len(out) == 1:
                        out.pop()  # "within < 12 months of the first dose"
                timely = timely or code in "WPN"
                if code == "n" and "," in self.entries[i].text and self._classed(i):
                    out += self._classes(i)
                elif code == "n" and (self._acuity(i) or self._titre(i)):
                    whole = self.text[self.starts[i] : self.ends[i + 2]]
                    entry = Entry("n", whole, {"number": whole})
                    out.append(Lexeme("NUMBER", entry, i, i + 3, self.starts[i], self.ends[i + 2]))
                    i += 2
                elif code == "n" and self.code(i + 1) in "n>" and (days := self._weeks(i)):
                    out += days
                    i = days[-1].last
                    continue
                elif code == "t" and kind == "NUMBER" and (rest := self._smaller(out, i)):
                    out[-1:] = rest
                    i = rest[-1].last
                    continue
                else:
                    out.append(self._lexeme(DIRECT[code], i))
            elif code in "d_":
                pass
            elif code == "~" and kind == "EVENT" and self.entries[i + 1].text == "baseline" and self.code(i + 2) == "|":
                break  # "recovered from earlier treatment to baseline or grade 1"
            elif code in "-~" or (code == "U" and kind in _AMOUNT):
                after = self.code(self._next(i + 1))
                if code == "U" and kind == "TIME" and self._shifted(i + 1):
                    break  # "every 9 weeks until 3 weeks after the last dose"
                if kind in _AMOUNT and after in "n<rL":
                    out.append(self._lexeme("TO", i))
                elif code == "U" or (kind == "EVENT" and code == "~"):
                    begun = out[-1] if out else None
                    out.append(self._lexeme("UNTIL" if code == "U" else "TO", i))
                    if not self._limit(out, i + 1):
                        out.pop()
                        break
                    if code == "~" and begun is not None and not _spanned(begun, out[-1]):
                        while out.pop().type != "TO":
                            pass
                        break  # "recovery from toxic effects to grade 1", "to baseline"
                    i = out[-1].last
                    continue
                else:
                    break
            elif code == "O" or (code in "pi" and self.entries[i].text in ("to", "in", "with")):
                j = self._next(i + 1)
                if self.code(j) == "L":
                    pass
                elif code == "i" and not out and "within" in self.entries[i].roles and self._quantity_at(i + 1):
                    out.append(self._lexeme("WITHIN", i))
                    timely = True
                elif code == "i" and not out and (one := self._one_at(i + 1)):
                    out += [self._lexeme("WITHIN", i), *one]  # "in the month before screening"
                    timely = True
                    i = one[-1].last
                    continue
                elif code == "p" and not out and self._misspelt(i):
                    out.append(self._lexeme("WITHIN", i))
                    timely = True
                elif code == "O" and kind in ("TIME", "WHICHEVER"):
                    opening = self._opening(out)
                    if opening and "beginning" in self.entries[j].roles:
                        entry = Entry("a", "", {"anchor": self.entries[j].roles["beginning"]})
                        born = Lexeme("EVENT", entry, j, j + 1, self.starts[j], self.ends[j])
                        out += [self._lexeme("AFTER", i), born]  # "the first six weeks of life"
                        i = j + 1
                        continue
                    lives = kind == "TIME" and out[-1].entry.roles["time_unit"] is None
                    if lives and (drug := self._event(i + 1)) and drug.entry.event not in _BACK:
                        i = drug.last  # "30 days or 5 half-lives of the drug before screening"
                        continue
                    # "≤ 7 days of the first dose" is a time where "≤ 7 days of treatment" is none
                    event = self._event(i + 1)
                    if event is None or not (timely or (out[0].type == "CMP" and event.entry.event in _BACK)):
                        break
                    timely = True
                    out += [self._lexeme("AFTER" if opening else "OF", i), event]
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
                back = out[0].type == "WITHIN" and (event.entry.event in _BACK or event.entry.event == "treatment")
                out += [self._lexeme("OF" if back else "AFTER", i), event]
                i = event.last
                continue
            elif code == "f" and self.code(i - 1) == "d" and self.entries[i].text == "following":
                break  # "any of the following conditions"
            elif code in "bfS" and not out and (aged := self._since_birth(i)):
                return aged
            elif code in "bf" and not out and self._life_at(i + 1):
                out.append(Lexeme("CMP", _EARLIER if code == "b" else _LATER, i, i + 1, self.starts[i], self.ends[i]))
            elif code in EVENT_SIDES:
                if code == "S" and kind == "TIME" and timely and (event := self._event(i + 1)) is not None:
                    out += [self._lexeme("AFTER", i), event]  # "within 10 days since symptom onset"
                    i = event.last
                    continue
                if code == "U" and not out and self._shifted(i + 1):
                    out.append(self._lexeme("UNTIL", i))
                    if self._limit(out, i + 1):
                        i = out[-1].last
                        continue
                    break
                if code == "D" and not out and (one := self._one_at(i + 1)):
                    out += [self._lexeme("WITHIN", i), *one]  # "during the month before screening"
                    timely = True
                    i = one[-1].last
                    continue
                if code == "D" and not out and self._opening_at(i + 1):
                    out.append(self._lexeme("WITHIN", i))  # "during the first 4 weeks of treatment"
                    timely = True
                    i += 1
                    continue
                if code == "D" and kind == "EVENT" and out[0].type in ("FROM", "AT") and (on := self._period(i + 1)):
                    out += [self._lexeme("DURING", i), on]  # "from screening throughout the study"
                    i = on.last
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
                if (
                    kind
                    and kind not in ("TIME", "OR", "WHICHEVER")
                    and not (kind == "POST" and (out[0].type == "FOR" or out[-2].type == "TIME"))
                ):
                    break
                if code == "@" and not out and self._stages(out, i):
                    break
                if code == "b" and (self._along(out, i) or (kind == "TIME" and self._around(out, i))):
                    i = out[-1].last
                    timely = True
                    continue
                if code == "D" and not out and self.code(i + 1) in "&|" and self._onward(out, i, self._next(i + 2)):
                    out.insert(0, self._lexeme("DURING", i))  # "during and for 3 months after treatment"
                    i = out[-1].last
                    continue
                if code == "D" and not out and self._state_of(i):
                    break  # "women during pregnancy"
                tied = code == "f" and self.code(i + 1) == "-" and self.starts[i + 1] == self.ends[i]  # "post-stroke"
                event = self._event(i + 2 if tied else i + 1, known=code == "@")
                if tied and kind == "TIME" and event is not None and event.entry.event == "event":
                    if self.code(out[-1].first - 1) in "-_":
                        break  # "2-hour post-load glucose" names a test
                if tied and not out and event is not None and not self._afterwards(i, event):
                    self.codes[i - self.first] = "w"  # "post-inflammatory hyperpigmentation"
                    break
                if (
                    event is not None
                    and code in "bfD"
                    and kind != "TIME"
                    and not self._telling(event, ahead=code == "b")
                ):
                    break  # "after discussion with the sponsor", "during daily walking"
                if event is None:
                    if code == "b" and kind == "TIME" and "ago" in self.entries[i].roles:
                        out.append(self._lexeme("AGO", i))
                    break
                timely = True
                out += [self._lexeme(EVENT_SIDES[code], i), event]
                i = event.last
                continue
            elif code == "H" and kind == "TIME" and "ago" in self.entries[i].roles:
                event = self._event(i + 1, known=True)
                if event is not None and self.entries[i].text == "prior":
                    out += [self._lexeme("BEFORE", i), event]
                    i = event.last
                    continue
                if self._around(out, i):
                    i = out[-1].last  # "3 months prior or at screening"
                    continue
                out.append(self._lexeme("AGO", i))
            elif code in "oi" and (not out or kind == "OR") and "for" in self.entries[i].roles and self._lasting(i + 1):
                out.append(self._lexeme("FOR", i))
                timely = True
            elif code == "w" and kind == "TIME" and "elapsed" in self.entries[i].roles and self._sided(i + 1):
                pass  # "the 6-month period before screening", "7 days immediately before screening"
            elif code == "K" and kind == "TIME" and "standing" in self.entries[i].roles:
                out.append(Lexeme("STATE", self.entries[i], i, i, self.starts[i], self.starts[i]))
                break  # "< 1 year postmenopausal"
            elif code == "w" and kind == "TIMES" and (limit := self._limit_of_place(i)):
                i = limit
                continue
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
            elif code in "MKwvo" and kind == "CMP" and out[-1].last == i and "limit" in out[-1].entry.roles:
                # "minimum age of 18 years", "minimum duration of symptoms of 3 weeks": what is limited stands between
                named = i
                while i < named + 5 and self.code(i + 1) in "O:MKwamdv":
                    i += 1
                if self.code(i + 1) != "n":
                    break
            elif code == "v" and kind == "CMP" and "equivalent" in self.entries[i].text and self.code(i + 1) == "n":
                pass  # "more than the equivalent of 10 mg of prednisone"
            elif code in "aKw" and kind == "BETWEEN" and len(out) == 1 and (event := self._event(i, known=True)):
                out.append(event)  # "between menarche and 2 years after menopause"
                timely = True
                i = event.last
                continue
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
            elif code == "(" and kind == "CMP" and self.code(i + 1) == "<" and self.code(i + 2) == ")":
                i += 2  # "less than (<) 92 %"
            elif code == "(" and kind == "NUMBER" and self.code(i + 1) == "n" and self.code(i + 2) == ")":
                i += 2  # "one (1) month"
                if "time_unit" in self.entries[i + 1].roles and self.code(i + 1) != "\n":
                    self.codes[i + 1 - self.first] = "t"
            elif code == "(" and kind == "TIME" and timely and self.code(i + 1) == "h" and self.code(i + 2) == ")":
                out.append(self._lexeme("WHICHEVER", i + 1))
                out[-1].last = i + 3
                i += 2
            elif code == "(" and kind == "CMP" and self.code(i + 1) == "<" and self.code(i + 2) == ")":
                i += 2  # "greater than or equal to (>=) 3 months"
            elif (
                code == "("
                and kind == "UNIT"
                and "unit" in self.entries[i + 1].roles
                and self.code(i + 2) == ")"
                and self.code(i + 3) in "&~-"
                and self.code(self._next(i + 4)) in "n<"
            ):
                i += 2  # "between 20 kilograms per square meter (kg/m2) and 30 kg/m2"
            elif code == "(" and kind == "BETWEEN" and self.code(i + 1) == "n" and self.code(i + 4) == ")":
                pass  # "between (16-24) weeks"
            elif code == ")" and kind == "NUMBER" and out[0].type == "BETWEEN" and self.code(i - 4) == "(":
                if self.code(i + 1) not in "nwtu":
                    break
                self.codes[i + 1 - self.first] = "t" if "time_unit" in self.entries[i + 1].roles else self.code(i + 1)
            elif code == "w" and kind == "NUMBER" and self._out_of(i):
                i += 2  # "5 out of 10"
                out[-1].last = i + 1
            elif code == "(" and kind in ("NUMBER", "POST", "UNIT") and (close := self._sight(i)):
                out[-1].last = close + 1
                self.codes[i - self.first : close + 1 - self.first] = "v" * (close + 1 - i)
                i = close
            elif code == "(" and kind == "TIME" and timely and (named := self._named_behind(i)) is not None:
                out += [self._lexeme(EVENT_SIDES.get(self.code(i + 1), "OF"), i + 1), named]
                break
            elif code == "(" and kind in ("TIME", "UNIT"):
                close = self._repeated(i)
                if close:
                    out[-1].last = close + 1
                    self.codes[i - self.first : close + 1 - self.first] = "v" * (close + 1 - i)
                else:
                    close = self._choice(out, i) if kind == "TIME" else 0
                if not close:
                    break
                i = close
            else:
                break
            i += 1
        return out

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
        if code == "t" and kind in ("PAST", "NEXT", "WITHIN"):
            return self.entries[i].roles["time_unit"] is not None  # no "last course of chemotherapy"
        return kind == "NUMBER"

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
        if "|" in (code, after) and kind in _GRADES and self._graded_before(out[0].first) and self._as_before(out, i):
            return ""
        if code == "," and after in "&|" and kind in _AMOUNT:
            beyond = self._next(j + 1)
            return (
                "" if self.code(beyond) in "nr" or (self.code(beyond) == "<" and self._opposed(out, beyond)) else None
            )
        if after == "h" or (code == "," and kind == "WHICHEVER" and after in "bfOF"):
            return ""
        if code == "," and after == "|" and kind == "EVENT" and out[0].type == "WITHIN":
            beyond = self._next(j + 1)  # "within 4 weeks of screening, or 5 half-lives, whichever is longer"
            lives = self.code(beyond) == "n" and self.code(beyond + 1) == "t"
            return "" if lives and self.entries[beyond + 1].roles["time_unit"] is None else None
        if kind == "EVENT" and code == "|" and out[0].type in ("WITHIN", "NUMBER") and self._quantity_at(j):
            # "… before consent or 5 half-lives", but "… before consent or 4 weeks before apheresis"
            k = j
            while self.code(k) in "nt-_d":
                k += 1
            return "OR" if self.code(k) in "bf" else "ALT"
        if kind == "EVENT" and code in "&," and out[0].type in ("FROM", "DURING", "AT"):
            while self.code(j) in ",&d_":
                j += 1
            going = any(x.type == "DURING" for x in out)
            if not going and self.code(j) == "D":
                return ""  # "from screening, throughout the study"
            if (going or out[0].type == "FROM") and self._onward(out, i, j):
                return ""
        if kind == "EVENT" and code == "|" and [x.type for x in out] == ["FROM", "EVENT"]:
            again = self._event(j, known=True)
            if again is not None and again.entry.event == out[-1].entry.event:
                out[-1].last, out[-1].end = again.last, again.end  # "from the pre-screening or screening visit"
                out[-1].first = max(i + 1, out[-1].first)
                return ""
        if kind == "EVENT" and code in "&|" and out[0].type == "AT" and len(out) % 2 == 0:
            return self._second_event(out, i, j)
        if kind == "TIME" and code == "|" and [x.type for x in out] == ["CMP", "NUMBER", "TIME"]:
            # "≤ 2 weeks or 5 half-lives, whichever is shorter"
            k = self._next(j + 1)
            while self.code(k) in "tu,_(":
                k += 1
            if self.code(j) == "n" and self.code(k) == "h":
                return "ALT"
        windowed = any(x.type in ("WITHIN", "PAST", "NEXT", "FOR", "EVENT") for x in out)
        if kind == "EVENT" and code == "&" and out[0].type == "BETWEEN":
            if after == "Z":
                return "AND"
            out.append(self._lexeme("AND", i))
            if self._limit(out, j):
                return ""
            out.pop()
            return None
        if kind in _AMOUNT and not windowed:
            if out[0].type == "BETWEEN" and code == "&":
                return "AND"
            if after == "<" and code != "/":
                if not self._opposed(out, j) or any(x.type == "LIST" for x in out):
                    return None
                return "AND" if code in "&," else "OR"
            plain = not any(x.type in ("CMP", "POST", "TO") for x in out)
            if code == "/" and after == "n" and kind == "NUMBER" and [x.type for x in out] == ["CMP", "NUMBER"]:
                if out[-1].entry.roles["number"] == 1 and (part := self.entries[j].roles["number"]) in (2, 4):
                    half = Entry("n", "", {"number": 1 / part})  # "at least 1/2 pack a day"
                    self.codes[j - self.first] = "_"
                    out[-1] = Lexeme("NUMBER", half, out[-1].first, j + 1, out[-1].start, self.ends[j])
                    return ""
                return "LIST"  # "> 140/90 mmHg"
            if code == "&" and after == "n" and kind == "UNIT" and [x.type for x in out] == ["CMP", "NUMBER", "UNIT"]:
                other = self.entries[j + 1].roles.get("unit")
                one = out[-1].entry.roles["unit"]
                if other not in (None, one) and self.code(j + 1) == "u" and self.code(j + 2) != "<":
                    return "LIST"  # "≥ 12 % and 200 mL"
                return None
            if after in "nr" and plain and (kind in ("NUMBER", "ORDINAL") or code != ","):
                return "LIST"
            return None
        if kind == "POST" and after == "<":
            return "AND" if code in "&," else "OR"
        if kind == "TIME" and windowed and code in "|/," and self._quantity_at(j):
            return "ALT" if code != "," else None
        if kind == "TIME" and code in "&," and after == "<" and out[0].type == "FOR" and self._opposed(out, j):
            timed = self.code(j + 1) == "n" and self.code(j + 2) == "t"
            return "AND" if timed and len(out) < 5 else None  # "for at least 3 and at most 9 months"
        if windowed and code == "|" and after in "bf@DWPNUF":
            return "OR"
        if code in "&|" and kind == "EVENT" and out[0].type == "DURING" and after in "o<WUn":
            # "during the study and for (up to, within, until) 12 weeks after the last dose"
            return "OR" if self._quantity_at(j + (after in "oWU")) else None
        return None


def _spanned(begun: Lexeme, ended: Lexeme) -> bool:
    """Whether time passes from one event to another, and no state changes to another."""
    if begun.entry.event in ("event", "treatment"):
        return ended.entry.event not in ("event", "baseline")
    return True


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
