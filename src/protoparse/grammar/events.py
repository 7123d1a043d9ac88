"""The events that windows are anchored on, among an item's lexemes.

In: where an event may begin. Out: the lexemes that name it as one terminal; "the first dose of study drug" is
`first_dose`, "migraine onset" an event by its own name.
"""

from __future__ import annotations

import re

from protoparse.grammar.phrases import Lexeme
from protoparse.grammar.settling import Settler
from protoparse.lexing import Entry, lexer

DIRECT = {
    "n": "NUMBER", "u": "UNIT", "t": "TIME", "r": "ORDINAL", "L": "REFERENCE", "x": "TIMES", "<": "CMP", ">": "POST",
    "B": "BETWEEN", "T": "TOLERANCE", "W": "WITHIN", "P": "PAST", "N": "NEXT", "h": "WHICHEVER", "g": "AGO",
}  # fmt: skip
EVENT_SIDES = {"b": "BEFORE", "f": "AFTER", "@": "AT", "D": "DURING", "S": "SINCE", "U": "UNTIL", "F": "FROM"}
_NAMING = frozenset("aKMwmHYqs")
_OWN = frozenset({"enrollment", "study_start", "study_end", "first_dose", "last_dose", "treatment"})
_DOSES = ("first_dose", "last_dose")
_HAPPENING = ("person", "condition", "drug", "procedure", "visit", "device")
_LASTING = frozenset({"study_start", "study_end", "enrollment", "treatment", "screening"})
_YEARS = Entry("t", "years", {"time_unit": "a", "printed": "years"})
_PROCESSES = ("tion", "sion", "ment", "ments", "procedure", "procedures", "therapy", "ectomy", "plasty", "scopy")
"""How what is done is called: before it, it is an event, where behind it a reason may stand ("after discussion")."""
_OTHER = Entry("a", "", {"anchor": "event"})
_BIRTH = Entry("a", "birth", {"anchor": "birth"})
_LENGTH = re.compile("(n[-_]*[twu])(?:Od*)?")


class Events(Settler):
    """Finds the events of one item."""

    def _event(self, i: int, *, known: bool = False) -> Lexeme | None:
        """The words from i on that name an event: a known anchor with what stands around it, else a noun phrase."""
        codes, entries, first = self.codes, self.entries, self.first
        k = i - first
        n = len(codes)
        while k < n and codes[k] in "d_":
            k += 1
        if k + 1 < n and codes[k + 1] == "P" and entries[first + k].text == "most":
            k += 1  # "after the most recent therapy"
        if (day := self._numbered(k)) > k:
            return Lexeme("EVENT", _OTHER, first + k, first + day, self.starts[first + k], self.ends[first + day - 1])
        k = self._long(k)
        earlier = not known and k + 1 < n and codes[k] in "PHC" and codes[k + 1] in _NAMING
        k += earlier  # "from the last clinical trial", "after prior chemotherapy", "before the current admission"
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
                    if behind := self._begun_disease(begin, k + 1, k + 1):
                        end = behind
                        break
                    end = k + 1
                    k += 1
                    size += 1
                    continue
            if known and event is not None and code in _NAMING:
                return None
            uncounted = (
                code == "t" and event is None and not self.entries[first + k].roles["time_unit"]
            )  # "study visits"
            if code in _NAMING or uncounted or (code == "v" and event is None and size < 3):
                if (
                    (event is None and code != "v")
                    or code in "wa"
                    or (event in _DOSES and self._dose_of(k) and self._of_another(begin))
                ):
                    end = k + 1
                k += 1
                size += 1
                if event is not None and codes[k - 1] not in "wa":
                    break
            elif code in "O" and k + 1 < n and size:
                j = k + 1
                while j < n and codes[j] in "d_":
                    j += 1
                if j >= n or codes[j] not in _NAMING:
                    break
                if event is not None and (behind := self._begun_disease(begin, k, j)):
                    end = behind
                    break
                k = j
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
        elif event in _OWN:
            begun = self._begun(begin)
            if begun is not None:
                event, end = begun[0], max(end, begun[1])
        entry = Entry("a", "", {"anchor": event or "event"})
        start, last = self.starts[first + begin], self.ends[first + end - 1]
        if codes[end - 1] == "v" and self.text.endswith(" of", start, last):
            last -= len(" of")  # "time since diagnosis of at least a year"
        return Lexeme("EVENT", entry, first + begin, first + end, start, last)

    def _begun_disease(self, begin: int, k: int, j: int) -> int:
        """Where the disease ends whose onset or diagnosis an event is, behind something that it dates; 0 if none.

        "Blindness since the onset of macular edema", not "within 4 weeks of diagnosis of stroke".
        """
        if not self.entries[self.first + k - 1].text.endswith(("onset", "diagnosis", "diagnosis of")):
            return 0
        for before in range(begin - 1, -1, -1):
            if self.codes[before] in ",.;(:&|":
                return 0
            if self.codes[before] in _NAMING and "concept" in self.entries[self.first + before].roles:
                break
        else:
            return 0
        while j < min(len(self.codes), k + 7) and self.codes[j] in _NAMING:
            term = self.entries[self.first + j].roles.get("concept")
            j += 1
            if term is not None and term.domain == "condition":
                return j
        return 0

    def _numbered(self, k: int) -> int:
        """Where a day or a week ends that a schedule numbers ("day -13", "week 24"), k where none begins there."""
        if k >= len(self.codes) or self.codes[k] != "t" or "singular" not in self.entries[self.first + k].roles:
            return k
        j = k + 1 + (self.codes[k + 1 : k + 2] == ["-"])
        behind = self.entries[self.first + j + 1].roles if j + 1 < len(self.codes) else {}
        return j + 1 if self.codes[j : j + 1] == ["n"] and "time_unit" not in behind else k

    def _dose_of(self, k: int) -> bool:
        """Whether a drug stands at k."""
        return self.codes[k] == "K" and self.entries[self.first + k].roles["concept"].domain == "drug"

    def _of_another(self, k: int) -> bool:
        """Whether a statement is about something else than the drug that its event was the dose of.

        "Contraception until 6 months after the last dose of X", not "at least 4 weeks since the last dose of X".
        """
        near = True
        for i in range(k - 1, -1, -1):
            if self.codes[i] in ",.;(:&|":
                near = False
            elif near and self.entries[self.first + i].event == "event":
                return True  # "progression within 6 months of the last dose of X"
            elif self.codes[i] == "K" and (near or self.entries[self.first + i].roles["concept"].domain == "consent"):
                return True
        return False

    def _begun(self, k: int) -> tuple[str, int] | None:
        """What it is that starts or ends, where a word says no more than that ("the start of the run-in period")."""
        codes, entries, first = self.codes, self.entries, self.first
        if codes[k] != "a" or codes[k + 1 : k + 2] != ["O"] or " " in entries[first + k].text:
            return None
        k += 2
        while k < len(codes) and codes[k] in "d_":
            k += 1
        if k == len(codes):
            return None
        event = entries[first + k].event or ("event" if codes[k] == "K" else None)
        return None if event is None else (event, k + 1)

    def _long(self, k: int) -> int:
        """Where an event begins behind how long it lasts: "the 16-week treatment period"."""
        match = _LENGTH.match("".join(self.codes[k : k + 6]))
        if match is None or "time_unit" not in self.entries[self.first + k + match.end(1) - 1].roles:
            return k
        named = self.first + k + match.end()
        return k + match.end() if named < self.last and self.entries[named].event in _LASTING else k

    def _telling(self, event: Lexeme, *, ahead: bool = False) -> bool:
        """Whether words name an event that somebody's record tells, and not just any noun; `ahead`: one to come."""
        if event.entry.event != "event" or self.code(event.first) == "Z":
            return True
        for i in range(event.first, event.last):
            if ahead and self.code(i) in "wv" and self.entries[i].text.endswith(_PROCESSES):
                return True  # "prior to insertion of a stent", "before any assessment"
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
                    parts.append(self._lexeme(DIRECT[self.code(j)], j))
                j += 1
            if self.code(j) in "bf" and len(parts) == 2:
                event = self._event(j + 1)
                if event is not None:
                    out += [*parts, self._lexeme(EVENT_SIDES[self.code(j)], j), event]
                    return True
            elif "thereafter" in self.entries[j].roles and len(parts) == 2:
                last = next((x for x in reversed(out) if x.type == "EVENT"), None)
                if last is not None:
                    event = Lexeme("EVENT", last.entry, j, j + 1, last.start, last.end)
                    out += [*parts, self._lexeme("AFTER", j), event]
                    return True
            return False
        event = self._event(i)
        if event is None or (self.code(event.last) in "<r" and self.code(event.last - 1) == "M"):
            return False  # "recovered from the toxicity to CTCAE grade ≤ 1"
        out.append(event)
        return True

    def _is_age(self, i: int) -> bool:
        term = self.entries[i].roles.get("concept")
        return term is not None and term.name == "age" and "time_unit" not in self.entries[i].roles

    def _since_birth(self, i: int) -> list[Lexeme]:
        """A window that an age bounds ("before the age of 18", "since age 12"): so many years after birth."""
        age = self._next(i + 1)
        late = self.code(i) in "fS"
        side, link = self._lexeme("AFTER" if late else "UNTIL", i), "OF" if late else "AFTER"
        if self.code(age) == "n" and self.code(age + 1) in "Kt" and self._befallen(i):
            n, age = age, age + 1  # "menopause before 40 years of age"
            if not {"concept", "time_unit"} <= self.entries[age].roles.keys():
                return []
            birth = Lexeme("EVENT", _BIRTH, age, age + 1, self.starts[age], self.ends[age])
            return [side, self._lexeme("NUMBER", n), self._lexeme("TIME", age), self._lexeme(link, age), birth]
        n = age + 1
        while self.code(n) in "O_":
            n += 1
        if self.code(age) != "K" or self.code(n) != "n" or not self._is_age(age):
            return []
        timed = self.code(n + 1) == "t"
        time = self._lexeme("TIME", n + 1) if timed else Lexeme("TIME", _YEARS, n, n + 1, self.starts[n], self.ends[n])
        birth = Lexeme("EVENT", _BIRTH, n + timed, n + timed + 1, self.starts[age], self.ends[n + timed])
        return [side, self._lexeme("NUMBER", n), time, self._lexeme(link, age), birth]

    def _befallen(self, i: int) -> bool:
        """Whether something that happened to a person, and nobody, stands right before i."""
        entry = self.entries[i - 1]
        term = entry.roles.get("concept")
        if i <= self.first or self.code(i - 1) not in "wKa" or "population" in entry.roles:
            return False
        return term is None or term.domain != "person"

    def _period(self, i: int) -> Lexeme | None:
        """A period of the study that stands at i."""
        event = self._event(i, known=True)
        return event if event is not None and event.entry.event in _LASTING else None

    def _second_event(self, out: list[Lexeme], i: int, j: int) -> str | None:
        """Another event at which something holds: "at screening and (at) baseline"."""
        event = self._event(j + 1 if self.code(j) == "@" else j, known=True)
        if event is None:
            return None
        out += [self._lexeme("EACH" if self.code(i) == "&" else "EITHER", i), event]
        return ""
