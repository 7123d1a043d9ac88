"""What stands around a quantity and is part of it: said again in brackets, counted by the day, or "or baseline".

In: the lexemes of an item and a value just read. Out: the value amended, what was said twice marked as understood;
"10 mg of prednisone daily" is 10 mg a day.
"""

from __future__ import annotations

from msgspec.structs import replace

from protoparse.grammar.events import Events
from protoparse.grammar.measures import AMOUNTS
from protoparse.grammar.phrases import Lexeme, Value
from protoparse.lexing import Entry
from protoparse.model import Comparison, Unit

_UNIT_ROLES = frozenset({"unit", "time_unit"})
_BASELINE = Entry("L", "baseline", {"reference": "baseline"})
_RATES = {"daily": "/d", "/d": "/d", "weekly": "/wk", "/wk": "/wk", "d": "/d", "wk": "/wk"}
PER = {"d": "/d", "wk": "/wk", "mo": "/mo", "a": "/a"}
RATES = ("/d", "/wk", "/mo", "/a")
_APART = 6
"""A dose stands no further from the words that say how often it is taken."""


class Amender(Events):
    """Amends the quantities of one item."""

    def _by_day(self, value: Value, i: int) -> Value:
        """An amount with how often it is taken, the substance between: "10 mg of prednisone daily"."""
        last = value.comparisons[-1]
        if (last.unit is None or last.unit.ucum is None) and last.reference is None and not value.bare:
            return self._per(value, i)
        if last.unit is None or last.unit.ucum not in AMOUNTS:
            return value
        for j in range(i, min(i + _APART, self.last)):
            code, roles = self.code(j), self.entries[j].roles
            rate = self._rate(j)
            if rate is not None:
                per = f"{last.unit.ucum}{rate}"
                self.codes[j - self.first] = "v"
                if code == "/":
                    self.codes[j + 1 - self.first] = "v"
                return value._replace(
                    comparisons=tuple(
                        [
                            replace(c, unit=replace(c.unit, ucum=per))
                            if c.unit and c.unit.ucum == last.unit.ucum
                            else c
                            for c in value.comparisons
                        ]
                    )
                )
            if code not in "OdwKMm-" or "verb" in roles:
                break
        return value

    def _per(self, value: Value, i: int) -> Value:
        """A count with the stretch of time that it is of: "more than 3 seizures per month"."""
        if any(isinstance(n, float | str) for c in value.comparisons for n in (c.value, c.low, c.high)):
            return value
        for j in range(i, min(i + _APART, self.last)):
            code, word = self.code(j), self.entries[j].text
            roles = self.entries[j].roles
            end = j + 1
            behind = j > i or value.comparisons[-1].unit is not None  # "more than 2 visits per week"
            rate = roles.get("unit") if behind else _RATES.get(word) if self._often(i) else None
            if word in ("per", "/", "a", "each") and behind and self.code(end) in "tKw":
                rate, end = PER.get(self.entries[end].roles.get("time_unit") or ""), j + 2
            if rate in RATES:
                self.codes[j - self.first : end - self.first] = "v" * (end - j)
                unit = Unit(text=self.text[self.starts[j] : self.ends[end - 1]], ucum=rate)
                return value._replace(comparisons=tuple([replace(c, unit=unit) for c in value.comparisons]))
            if code not in "OwKMmH-t":
                break
        return value

    def _often(self, i: int) -> bool:
        """Whether a number in front of i says how often: "twice weekly"."""
        return "often" in self.entries[i - 1].roles

    def _rate(self, j: int) -> str | None:
        """How often a lexeme says that something is taken: "daily", "per week", "/day"."""
        code, roles = self.code(j), self.entries[j].roles
        if code == "/":
            unit = self.entries[j + 1].roles.get("time_unit") if self.code(j + 1) in "tKw" else None
            return _RATES.get(unit) if unit in ("d", "wk") else None
        if code not in "mwu":
            return None
        if "modifier" in roles:
            return _RATES.get(roles["modifier"][1]) if roles["modifier"][0] == "acuity" else None
        return _RATES.get(roles.get("unit", ""))

    def _outside(self, value: Value, i: int) -> Value:
        """What lies outside a range: "heart rate outside 50-100 bpm" is below the one or above the other."""
        i -= 1
        while self.code(i) in "dO":
            i -= 1
        (whole,) = value.comparisons
        if self.entries[i].text != "outside" or whole.operator != "between" or self.code(i) == "\n":
            return value
        self.codes[i - self.first] = "v"
        below = Comparison(operator="<", value=whole.low, unit=whole.unit, reference=whole.reference, span=whole.span)
        return Value((below, replace(below, operator=">", value=whole.high)), "any")

    def _as_at_first(self, value: Value, i: int) -> Value:
        """A grade with the alternative in front of it: "baseline or grade ≤ 1"."""
        i -= self.code(i - 1) == "M"
        if self.code(i - 1) != "|" or self.entries[i - 2].text != "baseline" or not self._graded_before(i):
            return value
        if self.code(i - 2) != "a" or self.code(i - 3) == "@" or len(value.comparisons) > 1:
            return value
        span = self.starts[i - 2], self.ends[i - 2]
        self.codes[i - 2 - self.first] = self.codes[i - 1 - self.first] = "d"
        before = Comparison(operator="=", value=1, reference="baseline", span=span)
        return Value((before, *value.comparisons), "any")

    def _graded_before(self, i: int) -> bool:
        """Whether a class of a scale stands at i ("grade ≤ 1", "≤ grade 1")."""
        return any(
            self.code(k) == "M" and self.entries[k].roles["measurement"].kind == "ordinal" for k in range(i - 2, i + 3)
        )

    def _as_before(self, out: list[Lexeme], i: int) -> bool:
        """Take "or (back to) baseline" behind a grade: as it was at first is a value, too."""
        j = i + 1 + (self.code(i) == ",")
        while j < i + 5 and (self.code(j) in "~pdv@" or "returning" in self.entries[j].roles):
            j += 1
        if self.code(j) != "a" or self.entries[j].text != "baseline" or self.code(j + 1) in "wKMn":
            return False
        out += [self._lexeme("OR", i), Lexeme("REFERENCE", _BASELINE, j, j + 1, self.starts[j], self.ends[j])]
        return True

    def _converted(self, i: int) -> bool:
        """Whether a bracket gives the same limit in another unit: "≥ 9 g/dL (or ≥ 5.6 mmol/L)"."""
        said, again = self.entries[i - 1].roles.get("unit"), i + 3 + (self.code(i + 2) == "<")
        unit = self.entries[again].roles.get("unit") if self.code(again) == "u" else None
        return None not in (said, unit) and said != unit

    def _sight(self, i: int) -> int:
        """The end of a bracket that says a visual acuity on another scale ("69 letters (20/40 or worse)"), else 0."""
        j, parts = i + 1, False
        while j < self.last and (self.code(j) in "nu-_<>~/I," or "restating" in self.entries[j].roles):
            parts = parts or (self.code(j) == "/" and self.entries[j - 1].text == "20")
            j += 1
        return j if parts and self.code(j) == ")" else 0

    def _repeated(self, i: int) -> int:
        """The end of a bracket that says a quantity or its unit again ("4 weeks (28 days)", "9 kilos (kg)"), else 0."""
        j = i + 1 + (self.code(i + 1) == "|" and self._converted(i))
        while self.code(j) in "nut-_<~/x" or "restating" in self.entries[j].roles:
            j += 1
        if j == i + 1 and not _UNIT_ROLES.isdisjoint(self.entries[j].roles):
            return j + 1 if self.code(j + 1) == ")" else 0
        return j if self.code(j) == ")" and j > i + 2 else 0
