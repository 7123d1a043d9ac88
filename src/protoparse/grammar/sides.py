"""What ties a quantity to an event: "before", "after", "of", "from", "until".

In: the terminals found so far and one of these words behind them. Out: the terminals with the word and its event, and
where the phrase goes on; "(4 weeks) before the first dose" adds BEFORE EVENT.
"""

from __future__ import annotations

from protoparse.grammar.ahead import CHOSEN, Ahead
from protoparse.grammar.events import EVENT_SIDES
from protoparse.grammar.phrases import Lexeme
from protoparse.grammar.terms import domain_of
from protoparse.lexing import Entry, lexer

END = -1
"""In place of where a phrase goes on: it ends here."""
AMOUNT = frozenset({"NUMBER", "UNIT", "TIME", "ORDINAL", "REFERENCE"})
_BACK = CHOSEN | {"study_start"}
_VISITED = (CHOSEN - {"informed_consent"}) | {"discharge"}
_EARLIER = Entry("<", "before", {"before_number": "<"})
_LATER = Entry("<", "after", {"before_number": ">"})


class Sides(Ahead):
    """Ties the quantities of one item to events; each method says where the phrase goes on."""

    timely = False
    """Whether what is being collected is a window."""

    def _tied(self, out: list[Lexeme], side: str, i: int, event: Lexeme) -> int:
        """An event, and the word at i that says on which side of it."""
        self.timely = True
        out += [self._lexeme(side, i), event]
        return event.last

    def _within_one(self, out: list[Lexeme], i: int) -> int:
        """A window of one unit of time ("in the month before screening", "within a year of X"); 0 without."""
        one = self._one_at(i + 1)
        if not one:
            return 0
        self.timely = True
        out += [self._lexeme("WITHIN", i), *one]
        return one[-1].last

    def _until(self, out: list[Lexeme], i: int, side: str = "UNTIL") -> int:
        """An end ("until", "to") and what it reaches to; 0 where nothing does."""
        out.append(self._lexeme(side, i))
        if self._limit(out, i + 1):
            return out[-1].last
        out.pop()
        return 0

    def _ranged(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A hyphen, "to" or "until" between two quantities or two events."""
        code = self.code(i)
        if code == "~" and kind == "EVENT" and self.entries[i + 1].text == "baseline" and self.code(i + 2) == "|":
            return END  # "recovered from earlier treatment to baseline or grade 1"
        if code == "U" and kind == "TIME" and self._shifted(i + 1):
            return END  # "every 9 weeks until 3 weeks after the last dose"
        if kind in AMOUNT and (self.code(self._next(i + 1)) in "n<rL" or self._signs(i + 1)):
            out.append(self._lexeme("TO", i))
            return i + 1
        if code != "U" and not (kind == "EVENT" and code == "~"):
            return END
        begun = out[-1]
        reached = self._until(out, i, "UNTIL" if code == "U" else "TO")
        if reached and code == "~" and not _spanned(begun, out[-1]):
            while out.pop().type != "TO":
                pass
            return END  # "recovery from toxic effects to grade 1", "to baseline"
        return reached or END

    def _of(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A preposition ("of", "in", "to", "with") before a limit, a quantity or an event."""
        code = self.code(i)
        j = self._next(i + 1)
        if self.code(j) == "L":
            return i + 1
        if code == "i" and not out and "within" in self.entries[i].roles and self._quantity_at(i + 1):
            out.append(self._lexeme("WITHIN", i))
            self.timely = True
            return i + 1
        if code == "i" and not out and (end := self._within_one(out, i)):
            return end
        if code == "p" and not out and self._misspelt(i):
            out.append(self._lexeme("WITHIN", i))
            self.timely = True
            return i + 1
        if code != "O" or kind not in ("TIME", "WHICHEVER"):
            return END
        opening = self._opening(out)
        if opening and "beginning" in self.entries[j].roles:
            birth = self._lexeme("EVENT", j, Entry("a", "", {"anchor": self.entries[j].roles["beginning"]}))
            out += [self._lexeme("AFTER", i), birth]  # "the first six weeks of life"
            return j + 1
        event = self._event(i + 1)
        if event is None:
            return END
        if kind == "TIME" and out[-1].entry.roles["time_unit"] is None and event.entry.event not in _BACK:
            return event.last  # "30 days or 5 half-lives of the drug before screening"
        # "≤ 7 days of the first dose" is a time where "≤ 7 days of treatment" is none
        if not self.timely and (out[0].type != "CMP" or event.entry.event not in _BACK):
            return END
        return self._tied(out, "AFTER" if opening else "OF", i, event)

    def _on(self, out: list[Lexeme], i: int) -> int:
        """ "on" before a visit ("on day 1", "on admission")."""
        event = self._event(i + 1, known=True)
        if event is None:
            return END
        named = lexer().singles[self.entries[event.last - 1].text.rpartition(" ")[2]].roles
        term = named.get("concept")
        if "measurement" in named or (term is not None and term.domain != "visit"):
            return END  # "on a screening ECG"
        numbered = self.entries[event.last - 1].text[-1].isdigit()
        visit = event.entry.event in _VISITED or numbered or term is not None
        return self._tied(out, "AT", i, event) if visit else END

    def _side(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A word that says on which side of an event something is, or from or until when it lasts."""
        code = self.code(i)
        if code == "U" and kind in AMOUNT:
            return self._ranged(out, i, kind)
        if code == "F" and not out and (self.code(self._next(i + 1)) == "n" or self._signs(i + 1)):
            out.append(self._lexeme("FROM", i))
            return i + 1
        if code == "F" and kind == "TIME":
            event = self._event(i + 1)
            if event is None:
                return END
            # "within 4 weeks from enrollment" looks back, as "within 4 weeks of enrollment" does
            back = out[0].type == "WITHIN" and (event.entry.event in _BACK or event.entry.event == "treatment")
            out += [self._lexeme("OF" if back else "AFTER", i), event]
            return event.last
        if code == "f" and self.code(i - 1) == "d" and self.entries[i].text == "following":
            return END  # "any of the following conditions"
        if code in "bfS" and not out and (aged := self._since_birth(i)):
            out += aged
            return END
        if code in "bf" and not out and self._life_at(i + 1):
            out.append(self._lexeme("CMP", i, _EARLIER if code == "b" else _LATER))
            return i + 1
        if code == "S" and kind == "TIME" and self.timely and (event := self._event(i + 1)) is not None:
            return self._tied(out, "AFTER", i, event)  # "within 10 days since symptom onset"
        if code == "U" and not out and self._shifted(i + 1):
            return self._until(out, i) or END
        if code == "D" and not out and (end := self._within_one(out, i)):
            return end  # "during the month before screening"
        if code == "D" and not out and self._opening_at(i + 1):
            out.append(self._lexeme("WITHIN", i))  # "during the first 4 weeks of treatment"
            self.timely = True
            return i + 1
        if code == "D" and not out and self.entries[i].text == "during" and (during := self._along_time(i + 1)):
            self.timely = True
            out.append(self._lexeme(during, i))
            return i + 1
        if code == "D" and kind == "EVENT" and out[0].type in ("FROM", "AT") and (on := self._period(i + 1)):
            out += [self._lexeme("DURING", i), on]  # "from screening throughout the study"
            return on.last
        if code in "@DSUF" and out and kind != "OR":
            going = out[0].type in ("FROM", "DURING") and "until" in self.entries[i].roles
            if kind == "EVENT" and (code == "U" or going) and (end := self._until(out, i)):
                return end
            if code != "D" or out[0].type != "FOR":
                return END
        elif code == "f" and not out and self._quantity_at(i + 1):
            out.append(self._lexeme("AFTER", i))
            self.timely = True
            return i + 1
        return self._beside(out, i, kind)

    def _several(self, i: int, event: Lexeme) -> None:
        """Widen an event over those that go on with it ("progression after radiotherapy, chemotherapy or surgery")."""
        before = self.entries[i - 1] if i > self.first and self.code(i - 1) in "Kaw" else None
        term = before.roles.get("concept") if before is not None else None
        if before is None or domain_of([before.text], term) != "condition" or not self._treats(event.last - 1):
            return
        last = event.last
        while self.code(last) in ",|":
            following = last + 1 + (self.code(last) == "," and self.code(last + 1) == "|")
            if self.code(following + 1) in "wKM" or not self._treats(following):
                break
            joined = self.code(following - 1) == "|"
            last = following + 1
            if joined:
                event.last, event.end = last, self.ends[last - 1]

    def _treats(self, i: int) -> bool:
        """Whether a treatment is named at i."""
        entry = self.entries[i] if i < self.last else None
        term = entry.roles.get("concept") if entry is not None and self.code(i) in "aK" else None
        return term is not None and term.domain in ("procedure", "drug")

    def _beside(self, out: list[Lexeme], i: int, kind: str) -> int:
        """What stands on one side of an event: a quantity, a point of time, or the word for the side alone."""
        code = self.code(i)
        lasting = kind == "POST" and (out[0].type == "FOR" or out[-2].type == "TIME")
        if kind and kind not in ("TIME", "OR", "WHICHEVER") and not lasting:
            return END
        if code == "@" and not out and self._stages(out, i):
            return END
        if code == "b" and (self._along(out, i) or (kind == "TIME" and self._around(out, i))):
            self.timely = True
            return out[-1].last
        if code == "D" and not out and self.code(i + 1) in "&|" and self._onward(out, i, self._next(i + 2)):
            out.insert(0, self._lexeme("DURING", i))  # "during and for 3 months after treatment"
            return out[-1].last
        if code == "D" and not out and self._state_of(i):
            return END  # "women during pregnancy"
        tied = code == "f" and self.code(i + 1) == "-" and self.starts[i + 1] == self.ends[i]  # "post-stroke"
        event = self._event(i + 2 if tied else i + 1, known=code == "@")
        if tied and not out and event is not None and not self._afterwards(i, event):
            self.codes[i - self.first] = "w"  # "post-inflammatory hyperpigmentation"
            return END
        load = tied and kind == "TIME" and self.code(out[-1].first - 1) in "-_"
        if load and event is not None and event.entry.event == "event":
            return END  # "2-hour post-load glucose" names a test
        if event is not None and code in "bfD" and kind != "TIME" and not self._telling(event, ahead=code == "b"):
            return END  # "after discussion with the sponsor", "during daily walking"
        if event is not None and code == "f" and not out:
            self._several(i, event)
        if event is None:
            if code == "b" and kind == "TIME" and "ago" in self.entries[i].roles:
                out.append(self._lexeme("AGO", i))
            return END
        return self._tied(out, EVENT_SIDES[code], i, event)


def _spanned(begun: Lexeme, ended: Lexeme) -> bool:
    """Whether time passes from one event to another, and no state changes to another."""
    if begun.entry.event in ("event", "treatment"):
        return ended.entry.event not in ("event", "baseline")
    return True
