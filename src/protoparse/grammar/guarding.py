"""Whom a statement is asked of: the guards of an item.

In: the terminals of a sentence as far as they were read. Out: the same, with `IF` in front of those whom a duty, a
permission or a colon speaks of, and `COLON` behind them; "women of childbearing potential must use contraception" is
IF WORDS COLON WORDS.
"""

from __future__ import annotations

import re
from itertools import pairwise

from protoparse.grammar.drafts import aged
from protoparse.grammar.listing import Lister
from protoparse.grammar.phrases import Phrase, Value
from protoparse.grammar.terminals import Clause

_WHO = re.compile(
    r"s\b|\b(?:wo)?m[ae]n\b|child|people|male\b|potential|wo?cbp|msm|menopausal|age|"
    r"subject|patient|participant|individual|volunteer|person|adult|infant|neonate|newborn|elderly"
)
_SOME = re.compile(
    r"\b(?:wo)?m[ae]n\b|child|male|potential|wo?cbp|fcbp|menopausal|adult|infant|neonate|newborn|elderly|fertile"
)
"""Words for some people that nobody uses for a property: "sex: female" is no guard, "females: …" is."""
_NAMES = re.compile("[wKMYaqrnuj]")
_CALLED = re.compile("[dm]*((?:[KM](?:-?q)?-?)+)v")
_PROVISO = re.compile(r"[dvOopi~a]*(?:K[dvOopi~a]*)?,?\?")
_TESTED = re.compile("[dm]*[KM]-?qv")
_THEIRS = re.compile(r"o[dmv]*(?:[MKwaq][-/&|+]?)+,[dm]*([^,.;:()])\^")
_FOLLOWING = re.compile(r"[^.:?]*(?:following|criteri|conditions)[^.:?]*:")
_TREATED = ("treated", "previously")
_NAMING = frozenset({"WORDS", "AND", "OR", "OPEN", "CLOSE"})
_TELLING = _NAMING | {"VALUE", "WINDOW", "COMMA", "NOT"}
_TOLD = ("condition", "measurement", "procedure", "drug", "observation")


class Guards(Lister):
    """Finds the guards of one item."""

    found: dict[int, Phrase]
    """The values and windows of the item, by where they begin."""
    opening = 0
    """Where the present sentence begins."""
    listed = False
    """What is asked of the people of a guard is a list behind a colon, parted by semicolons."""

    def _duty(self, out: list[Clause], sentence: int, i: int) -> None:
        """Make a guard of the people whom the lexeme at i says a duty of: "women with X, Y or Z must …"."""
        while len(out) > sentence and out[sentence].type in ("COLON", "COMMA", "AND"):
            sentence += 1  # "Note: patients with … must …"
        begin = max(self.opening, out[sentence - 1].last if sentence else 0)
        if len(out) == sentence:
            if i == self.opening and self._supposing(i):
                out.append(Clause("IF", i, i + 1))
            elif (
                sentence and out[-1].type == "STOP" and any("pronoun" in e.roles for e in self.cutter.entries[begin:i])
            ):
                out[-1].value = "they"  # "women must use contraception. They must also …"
            return
        self._again(out, sentence)
        comma = out[-1:] if out[-1].type == "COMMA" else []
        said = out[sentence : len(out) - len(comma)]
        if self._waiting(out[sentence:]):
            out.append(Clause("COLON", i, i + 1, "duty"))
        elif people := self._borne(said):
            # "the pregnancy test of women of childbearing potential must be …"
            when = said[-1:] if said[-1].type == "WINDOW" and self._people(said[people + 1 : -1]) else []
            guard, subject = said[people : len(said) - len(when)], said[:people]
            out[sentence:] = [*guard, Clause("COLON", i, i + 1, "duty"), *subject, *when]
        elif self._parenthetical(said):
            del out[len(out) - len(comma) :]
            n = next(n for n in range(sentence, len(out)) if out[n].type == "IF")
            out[n - 1 : n + 1] = [Clause("AND", out[n].first, out[n].last, "if")]
            self._oblige(out, sentence, i, "duty")
        elif self._asked(said, begin) or (sentence := self._anew(out, sentence, len(out) - len(comma))):
            del out[len(out) - len(comma) :]
            self._oblige(out, sentence, i, "duty")

    def _supposing(self, i: int) -> bool:
        """Whether a duty that begins a sentence is a condition: "should a woman become pregnant, …"."""
        roles = self.cutter.entries[i + 1].roles if i + 1 < self.last else {}
        return self.cutter.entries[i].text == "should" and ("determiner" in roles or "pronoun" in roles)

    def _again(self, out: list[Clause], sentence: int) -> None:
        """Take people who are named again behind a colon for the same ("male patients: a male patient must …")."""
        guard = [c.type for c in out[sentence:]]
        if len(guard) < 4 or guard[0] != "IF" or guard[-2:] != ["COLON", "WORDS"] or not self._people(out[-1:]):
            return
        if guard[1:-2] == ["WORDS"] and self._people(out[sentence + 1 : -2]):
            out[sentence + 1 : -1] = []
            del out[sentence]

    def _waiting(self, said: list[Clause]) -> bool:
        """Whether a guard waits for what is asked ("…, or if premenopausal must …")."""
        n = next((n for n in range(len(said) - 1, -1, -1) if said[n].type == "IF"), -1)
        if n < 0 or n + 1 >= len(said) or any(c.type not in _TELLING for c in said[n + 1 :]):
            return False
        if n and said[n - 1].type not in ("AND", "OR"):
            return False
        commas = [k for k in range(n + 1, len(said)) if said[k].type == "COMMA"]
        if commas and self.kind == "exclusion" and n == 0:
            said[commas[0]].type, said[commas[0]].value = "COLON", "duty"  # "if diabetic, they must not …"
        return not commas

    def _parenthetical(self, said: list[Clause]) -> bool:
        """Whether a condition set off by commas stands behind some people: "females, if fertile, must …"."""
        n = next((n for n, c in enumerate(said) if c.type == "IF"), 0)
        if n < 2 or said[n - 1].type != "COMMA" or n + 1 >= len(said):
            return False
        return self._people(said[: n - 1]) and all(c.type in _NAMING | {"NOT"} for c in said[n + 1 :])

    def _asked(self, clauses: list[Clause], first: int) -> bool:
        """Whether clauses, whose words begin at first, name people of whom something may be asked."""
        outside = _outside(clauses)
        for comma, joint in pairwise(outside[1:]):
            if comma.type == "COMMA" and joint.type in ("AND", "OR"):
                outside.remove(comma)  # "women of childbearing potential, and men, must …"
        defined = next((n for n, c in enumerate(outside) if c.type == "INCLUDE"), 0)
        if defined > 1 and self.cutter.cue(outside[defined].first) == "definition":
            # "women of childbearing potential, defined as not sterile, must …"
            del outside[defined - (outside[defined - 1].type == "COMMA") :]
        return self._people(outside) or self._told_apart(outside, first)

    def _anew(self, out: list[Clause], sentence: int, end: int) -> int:
        """Where other people are named at the end of a sentence ("men must …, and women must …"), 0 without.

        What joins them to the rest then parts two statements.
        """
        guard = max((n for n in range(sentence, end) if out[n].type == "IF"), default=end)
        for n in range(end - 2, sentence, -1):
            if guard < n and not any(c.type in ("COLON", "COMMA") for c in out[guard:n]):
                return 0
            if out[n].type in ("AND", "COMMA") and self._asked(out[n + 1 : end], out[n].last):
                out[n].type, out[n].value = "STOP", ""
                return n + 1
            if out[n].type not in ("WORDS", "VALUE", "OR"):
                return 0
        return 0

    def _prohibits(self, i: int) -> bool:
        """Whether a negation says what somebody must not do."""
        words = self.cutter.entries[i].text.split()
        return len(words) > 1 and (words[0] == "may" or "duty" in self.cutter.roles(words[0]))

    def _they_must(self, clauses: list[Clause], i: int) -> bool:
        """Whether the next sentence asks something of those whom clauses name: "They must …"."""
        if self.kind == "exclusion" or i + 1 >= self.last or "pronoun" not in self.cutter.entries[i].roles:
            return False
        if self.cutter.code(i + 1) != "^" and not (self.cutter.code(i + 1) == "!" and self._prohibits(i + 1)):
            return False
        return any(c.type == "WORDS" for c in clauses) and all(c.type in _TELLING for c in clauses)

    def _for_whom(self, out: list[Clause], sentence: int, phrase: Phrase) -> bool:
        """Whether a value behind a guard is no part of it ("in patients with Gilbert's syndrome ≤ 3 × ULN")."""
        if not _limit(phrase) or len(out) < 2 or out[-1].type != "WORDS" or out[-2].type != "IF":
            return False
        opened = len(out) - 2 == sentence or out[-3].type in ("OPEN", "COMMA", "OR", "AND")
        return opened and self._had(out[-1].last - 1)

    def _limits_some(self, phrase: Phrase) -> bool:
        """Whether a disease behind a limit says for whom it is: "≤ 5 × ULN with liver metastases"."""
        i, entries = phrase.last, self.cutter.entries
        if i + 1 >= self.last or not _limit(phrase):
            return False
        if entries[i].text == "in":  # "… in the absence of liver metastases"
            i += 1 + (self.cutter.code(i + 1) == "d")
        if i + 1 >= self.last or "beside" not in entries[i].roles:
            return False
        i += 1
        while i + 1 < self.last and self.cutter.code(i) in "dmv":
            i += 1
        return self._had(i)

    def _had(self, i: int) -> bool:
        """Whether the lexeme at i is a disease or somebody, of whom nothing is measured."""
        roles = self.cutter.entries[i].roles
        term = roles.get("concept")
        return "measurement" not in roles and term is not None and term.domain in ("condition", "person")

    def _oblige(self, out: list[Clause], sentence: int, i: int, value: str | None = None) -> None:
        """Make a guard of what the sentence has said so far; the lexeme at i says what is asked of such people."""
        joint = "AND"
        for part in reversed(out[sentence:]):  # no comma ends this guard
            if part.type in ("AND", "OR"):
                joint = part.type
            elif part.type == "COMMA":
                part.type, part.value = joint, ","
        out.insert(sentence, Clause("IF", i, i))
        out.append(Clause("COLON", i, i + 1, value))

    def _proviso(self, out: list[Clause], sentence: int, i: int) -> int:
        """Where the condition begins on which the lexeme before i admits somebody ("eligible if …"), 0 without.

        Such a condition is asked of those who are named, and of nobody else: they become the guard.
        """
        self._again(out, sentence)
        if self.kind == "exclusion" or not any(c.type == "WORDS" for c in out[sentence:]):
            return 0
        if len(out) > sentence + 2 and out[sentence].type == "IF" and out[-1].type == "COMMA":
            del out[sentence], out[-1]  # "for patients with X, they are eligible if …"
        match = _PROVISO.match(self.cutter.codes, i - self.first)
        if match is None:
            return 0
        sentence = self._named_ahead(out, sentence)
        if any(c.type not in _TELLING for c in _outside(out[sentence:])):
            return 0
        named = match[0].find("K")
        if named >= 0:
            term = self.cutter.entries[i + named].roles.get("concept")
            if term is None or term.domain != "study":
                return 0
        if sentence and out[sentence - 1].type == "STOP":
            out[sentence - 1].value = "permission"
        used = self.cutter.entries[i - 1].roles.get("permission") == "use"
        self._oblige(out, sentence, i, "used" if used else "proviso")
        begin = self.first + match.end()
        self.cutter.carry(i, begin)
        ends = self.cutter.ends
        self.listed = _FOLLOWING.match(self.cutter.text, ends[begin - 1], ends[self.last - 1]) is not None
        return begin

    def _named_ahead(self, out: list[Clause], sentence: int) -> int:
        """Where what is admitted on a condition begins, those for whom it is or a title named ahead of it.

        In "for patients with X, Y is allowed if …" both X and Y have to be there; "title: Y is allowed if …" is two
        statements.
        """
        said = [c.type for c in out[sentence:]]
        if said[:1] == ["IF"] and said.count("COMMA") == 1 and said[-1] == "WORDS" and "VALUE" not in said:
            comma = out[sentence + said.index("COMMA")]
            comma.type, comma.value = "AND", "if"
            del out[sentence]
        elif said[:2] == ["WORDS", "COLON"]:
            out[sentence + 1].type = "STOP"
            return sentence + 2
        return sentence

    def _borne(self, said: list[Clause]) -> int:
        """Where the people begin of whom something is said behind its name ("haemoglobin for men must …"), else 0."""
        begin = next((n for n, c in enumerate(said) if c.type == "IF"), 0)
        if begin and begin + 1 < len(said) and all(c.type in _NAMING for c in said[:begin]):
            return begin if all(c.type in _TELLING for c in said[begin + 1 :]) else 0
        return 0

    def _people(self, clauses: list[Clause]) -> bool:
        """Whether clauses name some people and nothing else."""
        words = [c for c in clauses if c.type == "WORDS"]
        ages = [n for n, c in enumerate(clauses) if c.type == "VALUE" and self._of_age(clauses, n)]
        if len(ages) == 1 and len(clauses) == len(words) + 1:
            # "patients under 6 years old must …", "children aged 2 to 6 years must …"
            codes, offset = self.cutter.codes, self.cutter.offset
            words = [c for c in words if _NAMES.search(codes, c.first - offset, c.last - offset) and not self._age(c)]
            if not words:
                return True
        elif any(c.type not in _NAMING for c in clauses):
            return False
        entries = self.cutter.entries
        for clause in words:
            terms = [entries[i].roles.get("concept") for i in range(clause.first, clause.last)]
            if not any(t is not None and t.domain == "person" and (ages or t.name != "age") for t in terms):
                return False
        return bool(words)

    def _of_age(self, clauses: list[Clause], n: int) -> bool:
        """Whether the value at n is an age: by its unit, or by the word before it ("under the age of 55")."""
        return aged(self.cutter.text, clauses[n].value.meaning) or (n > 0 and self._age(clauses[n - 1]))

    def _age(self, clause: Clause) -> bool:
        """Whether words end in "age"."""
        term = self.cutter.entries[clause.last - 1].roles.get("concept") if clause.type == "WORDS" else None
        return term is not None and term.name == "age"

    def _some(self, out: list[Clause], sentence: int) -> bool:
        """Whether a sentence names people, of whom a colon asks something ("women of childbearing potential: …")."""
        clauses = out[sentence:]
        if any(c.type != "VALUE" and c.type not in _NAMING for c in clauses):
            return False
        entries = self.cutter.entries
        named = [entries[i] for c in clauses if c.type == "WORDS" for i in range(c.first, c.last)]
        return any("concept" in e.roles and _SOME.search(e.text) for e in named) and self._people(clauses)

    def _told_apart(self, clauses: list[Clause], first: int) -> bool:
        """Whether clauses, whose words begin at first, tell some of the participants apart.

        So do "patients who received X", "women with Y", "diabetic patients".
        """
        if not clauses or any(c.type not in _TELLING for c in clauses):
            return False
        entries, last = self.cutter.entries, clauses[0].last
        called = _CALLED.fullmatch(self.cutter.codes, first - self.first, last - self.first)
        if called is not None and len(clauses) == 1 and "population" in entries[last - 1].roles:
            return self._called(self.first + called.start(1), self.first + called.end(1))
        while first + 1 < last and self.cutter.code(first) in "dv:+" and not self._population(first):
            first += 1
        if self.cutter.code(first) == "H" and "population" in self.cutter.roles(entries[first].text.split()[0]):
            return True  # "patients with a history of X"
        if len(clauses) > 1 and clauses[1].type == "NOT" and self._people(clauses[:1]):
            return True  # "women of childbearing potential not surgically sterilized"
        if first + 1 >= last:
            return self._set_apart(clauses)
        term = entries[first].roles.get("concept")
        whose = self._population(first) or (term is not None and term.domain == "person")
        ill = term is not None and term.domain == "condition" and entries[first + 1].text.split()[0] in _TREATED
        return (whose or ill) and "apart" in self.cutter.roles(entries[first + 1].text.split()[0])

    def _set_apart(self, clauses: list[Clause]) -> bool:
        """Whether some people are named and a time, or a comma and what they have, stands behind them.

        So in "women less than a year postmenopausal must …", "women of childbearing potential, with a partner, must …".
        """
        if len(clauses) < 2 or not self._people(clauses[:1]):
            return False
        joint, told = clauses[1], clauses[2 if len(clauses) > 2 else 1]
        has = joint.type == "COMMA" and told.type == "WORDS" and "apart" in self.cutter.entries[told.first].roles
        return has or joint.type == "WINDOW"

    def _population(self, i: int) -> bool:
        """Whether the lexeme at i means participants of any kind ("subjects", "men or women")."""
        entry = self.cutter.entries[i]
        return "population" in entry.roles or _SOME.search(entry.text) is not None

    def _called(self, first: int, last: int) -> bool:
        """Whether the words before "patients" say what these have ("diabetic patients", "HER2-positive patients")."""
        for i in range(first, last):
            roles = self.cutter.entries[i].roles
            term = roles.get("concept")
            told = "measurement" in roles or (term is not None and term.domain in _TOLD)
            if not told and self.cutter.code(i) in "KM":
                return False
        return True

    def _guard(self, i: int) -> bool:
        """ "for women …", "in patients with …": a limit to some people."""
        cutter = self.cutter
        if cutter.codes[i - cutter.offset] == "o" and cutter.entries[i].text not in ("for", "for the"):
            return False
        if cutter.codes[i - cutter.offset] == "o" and _TESTED.match(cutter.codes, i + 1 - cutter.offset):
            return True  # "for HIV-positive patients"
        theirs = _THEIRS.match(cutter.codes, i - self.first) if i == self.opening else None
        if theirs and "population" in cutter.entries[self.first + theirs.start(1)].roles:
            return True  # "for HER2-positive cancer, patients must …"
        j = i + 1
        while j < self.last and cutter.code(j) in "dmv" and "population" not in cutter.entries[j].roles:
            j += 1
        if j >= self.last:
            return False
        if i == self.opening and cutter.entries[j].text == "absence of" and cutter.code(i) == "i":
            return cutter.codes.find(",", j - cutter.offset) >= 0  # "in the absence of metastases, ALT must be …"
        if i + 1 in self.found:
            meaning = self.found[i + 1].meaning
            return isinstance(meaning, Value) and aged(cutter.text, meaning)
        roles = cutter.entries[j].roles
        term = roles.get("concept")
        if "population" in roles:
            return True
        if term is None or term.domain != "person" or (term.name == "age" and j + 1 not in self.found):
            return False  # "normal for age"
        # "consent in English" limits nobody; "in women" does
        return cutter.codes[i - cutter.offset] == "o" or _WHO.search(cutter.entries[j].text) is not None


def _outside(clauses: list[Clause]) -> list[Clause]:
    """Clauses without those in brackets."""
    outside, depth = [], 0
    for clause in clauses:
        depth += clause.type == "OPEN"
        if not depth:
            outside.append(clause)
        depth -= clause.type == "CLOSE"
    return outside


def _limit(phrase: Phrase) -> bool:
    """Whether a value is a multiple of a limit of normal: nobody has such of a disease."""
    return isinstance(phrase.meaning, Value) and any(c.reference in ("ULN", "LLN") for c in phrase.meaning.comparisons)
