"""Connectives and commas inside a phrase: what joins two of its quantities, and what ends it.

In: the terminals found so far and a connective behind them. Out: its terminal, if it belongs to the phrase; in "5 to 10
mg or 15 mg" the "or" makes a list, in "4 weeks or 5 half-lives, whichever is longer" an alternative.
"""

from __future__ import annotations

from protoparse.grammar.amending import Amender
from protoparse.grammar.phrases import Lexeme
from protoparse.grammar.sides import AMOUNT, END, Sides
from protoparse.lexing import Entry

_GRADES = frozenset({"NUMBER", "ORDINAL", "POST"})


class Linker(Amender, Sides):
    """Reads the connectives inside the phrases of one item."""

    def _link(self, out: list[Lexeme], i: int, kind: str) -> int:
        """A connective, and where the phrase goes on behind it."""
        joint = self._joint(out, i)
        if joint is None:
            return END
        if joint:
            out.append(self._lexeme(joint, i))
            self.timely = self.timely or joint == "ALT"
        elif out[-1].first > i:
            return out[-1].last
        return i + 1

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
        if code == "," and after in "&|" and kind in AMOUNT:
            beyond = self._next(j + 1)
            return (
                "" if self.code(beyond) in "nr" or (self.code(beyond) == "<" and self._opposed(out, beyond)) else None
            )
        if after == "h" or (code == "," and kind == "WHICHEVER" and after in "bfOF"):
            return ""
        if code == "," and after == "b" and kind == "TIME" and out[0].type == "WITHIN":
            # "A within 3 months, or B within 4 weeks, before baseline"
            return "" if self._event(j + 1, known=True) else None
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
        if kind in AMOUNT and not windowed:
            if out[0].type == "BETWEEN" and code == "&" and all(x.type != "AND" for x in out):
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
