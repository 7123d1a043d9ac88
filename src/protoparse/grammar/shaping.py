"""An item's lexemes as well-formed clauses.

In: the lexemes and phrases of one item. Out: terminals for `grammars/criterion.lark`: between two operands one
connective, brackets balanced, commas resolved, and each negation with the end of its scope (cue, scope, termination, as
ConText has them); "no A or B, but C" gives NOT WORDS OR WORDS SCOPE_END AND WORDS.
"""

from __future__ import annotations

import re

from protoparse.grammar import dealing
from protoparse.grammar.completing import ADJECTIVE
from protoparse.grammar.facts import Cutter
from protoparse.grammar.guarding import Guards
from protoparse.grammar.naming import Words
from protoparse.grammar.phrases import Phrase, Value
from protoparse.grammar.quorums import quorums
from protoparse.grammar.terminals import OPERANDS, Clause
from protoparse.grammar.titles import heads
from protoparse.model import Kind

MAX_BRACKETS = 12
"""Brackets nested deeper are read as words."""

STRUCTURE = re.compile(r"[&|,/:.()!X?Iio^+#]")
"""What may be a terminal by itself; all else is words."""
_TERMINAL = {
    "&": "AND", "|": "OR", ",": "COMMA", "/": "SLASH", ":": "COLON", ".": "STOP", "(": "OPEN", ")": "CLOSE",
    "!": "NOT", "X": "EXCEPT", "?": "IF", "I": "INCLUDE", "+": "ALLOWED", "#": "REFUSED",
    "^": "DUTY", "i": "IF", "o": "IF",
}  # fmt: skip
_AGREES = re.compile(r"agrees? ")
_INNER = re.compile("[MKwam](?:[OMKwamd]*[MKwa])?")
_EXPLAINED = re.compile(r"[My](?:\([^().]*(?:\([^()]*\)[^().]*)?\))+$")
"""What is measured, and what it is also called in brackets."""
_SUBSTANCE = re.compile("[wKMYqamrnutLHCZj]")


def agreeing(text: str, start: int, end: int) -> bool:
    """Whether somebody may be said to agree to something in a part of a text, behind those who do."""
    return text.find(" agree", start, end) >= 0


class Shaper(Guards):
    """Makes an item's lexemes well-formed clauses."""

    def __init__(self, cutter: Cutter, found: list[Phrase], first: int, last: int, kind: Kind) -> None:
        super().__init__(cutter, first, last, kind)
        self.found = {p.first: p for p in found}
        self.quorums = quorums(cutter, found)
        self.opening = first

    def clauses(self) -> list[Clause]:
        """The terminals of the item, in order."""
        clauses = self._terminals()
        cutter = self.cutter
        if cutter.text.find(dealing.CUE, cutter.starts[self.first], cutter.ends[self.last - 1]) >= 0:
            clauses = dealing.dealt(clauses)
        return self._balance(self._lists(clauses))

    def _terminals(self) -> list[Clause]:
        cutter = self.cutter
        out: list[Clause] = []
        entries = cutter.entries
        depth = 0
        i, begin = self.first, -1
        opened: list[Clause] = []
        sentence = 0  # where the present sentence begins in `out`

        def flush(end: int) -> None:
            nonlocal begin
            if begin >= 0:
                codes, offset = cutter.codes, cutter.offset
                denied = bool(out) and out[-1].type == "NOT" and self._happens(out[-1].first, begin, end)
                describing = bool(out) and out[-1].type == "CLOSE" and cutter.code(begin) == "V"
                if denied or describing or _SUBSTANCE.search(codes, begin - offset, end - offset):
                    out.append(Clause("WORDS", begin, end, Words(begin, end)))
                begin = -1

        def part(end: int) -> None:
            nonlocal begin
            if begin >= 0 and out and out[-1].type == "EXCEPT" and (who := self._whose(begin, end)):
                flush(who)  # "except patients with Gilbert's syndrome who must have …"
                out.append(Clause("COMMA", who, who))
                begin = who

        codes, offset, found = cutter.codes, cutter.offset, self.found
        stops = {p.first for p in found.values()}
        stops.update([offset + m.start() for m in STRUCTURE.finditer(codes)])
        stops.update(self.quorums)
        closes = {quorum.close for quorum in self.quorums.values()}
        agreed = self._agreed_to()
        stops.update(agreed)
        for place in sorted(stops):
            if place < i:
                continue
            if begin < 0 and place > i:
                begin = i
            i = place
            quorum = self.quorums.get(i)
            if quorum is not None:
                flush(i)
                out.append(Clause("QUORUM", i, quorum.last, quorum))
                i = quorum.last
                continue
            if i in closes:
                flush(i)
                i += 1
                out.append(Clause("QUORUM_END", i - 1, i))
                continue
            phrase = found.get(i)
            if phrase is not None:
                part(i)
                flush(i)
                if phrase.meaning.__class__ is Value:
                    # The scale inside "≥ grade 3", the thing in "minimum age of 18" are content of their own.
                    named = _INNER.search(codes, phrase.first - offset, phrase.last - offset)
                    if named is not None:
                        inner = Words(named.start() + offset, named.end() + offset)
                        out.append(Clause("WORDS", inner.first, inner.last, inner))
                    if self._for_whom(out, sentence, phrase):
                        out.append(Clause("COLON", phrase.first, phrase.first))
                    out.append(Clause("VALUE", phrase.first, phrase.last, phrase))
                    if self._limits_some(phrase):
                        out.append(Clause("IF", phrase.last, phrase.last))
                else:
                    out.append(Clause("WINDOW", phrase.first, phrase.last, phrase))
                i = phrase.last
                continue
            if i in agreed and depth == 0 and (begin >= 0 or (out and out[-1].type == "COMMA")):
                first = begin
                flush(i)
                self._duty(out, sentence, i)
                if out and out[-1].type == "COLON":
                    out[-1].last = i
                elif first >= 0 and out and out[-1].type == "WORDS":
                    begin = out.pop().first
            c = codes[i - offset]
            kind = _TERMINAL.get(c)
            if (
                (c in "io" and not self._guard(i))
                or (c == "(" and depth >= MAX_BRACKETS)
                or (c == ")" and depth == 0)
                or (c == "/" and not self._between_names(i))
                or (c == "." and self._abbreviating(i))
                or (c == "I" and not self._naming(i))
                or (c == "+" and self._attributive(i))
                or (c == "?" and self._given(i))
            ):
                kind = None
            if kind is None:
                if begin < 0:
                    begin = i
                i += 1
                continue
            if kind == "DUTY":
                part(i)
            flush(i)
            i += 1
            if kind in ("ALLOWED", "REFUSED"):
                if opened:
                    if not self._refused(out, opened[-1]):
                        opened[-1] = self._allowed(out, opened[-1])
                        if kind == "ALLOWED" and 0 < sentence < len(out) and out[sentence] is opened[-1]:
                            out[sentence - 1].value = "permission"  # "ECOG 0 or 1. (2 due to pain is acceptable)"
                elif kind == "REFUSED":
                    if self.kind != "exclusion" and len(out) > sentence:
                        out.insert(sentence, Clause("NOT", i - 1, i - 1))
                elif self._none_allowed(out, sentence, i - 1):
                    if self.kind == "exclusion":
                        del out[sentence]  # "no other drugs are allowed" refuses them
                elif begin_of := self._proviso(out, sentence, i):
                    i = begin_of
                elif not self._permit(out, sentence, i - 1):
                    stop = codes.find(".", i - offset)
                    i = self.last if stop < 0 else offset + stop
                    if self._they_must(out[sentence:], i + 1):
                        self._oblige(out, sentence, i)
                        i += 1
                    else:
                        del out[sentence:]  # it limits nobody; the next sentence may
                continue
            if kind == "DUTY":
                if depth == 0:
                    if begin_of := self._run_on(out):
                        sentence, self.opening = len(out) - 1, begin_of
                    self._duty(out, sentence, i - 1)
                continue
            if kind == "NOT" and depth == 0 and self._prohibits(i - 1):
                self._duty(out, sentence, i - 1)
            if kind == "COLON" and depth == 0 and len(out) == sentence + 1 and heads(cutter, out[-1], i, self.last):
                del out[sentence:]
                self.opening = i
                continue
            if kind == "COLON" and depth == 0 and self._some(out, sentence):
                out.insert(sentence, Clause("IF", i - 1, i - 1))
            if kind == "IF" and depth == 0 and len(out) > sentence and self._begins(i - 1):
                out.append(Clause("STOP", i - 1, i - 1))
                sentence, self.opening = len(out), i - 1
            if kind == "STOP":
                self.opening = i
                if not out:
                    continue
            clause = Clause(kind, i - 1, i, entries[i - 1].text if kind in ("AND", "OR") else None)
            if kind == "SLASH" and self._either(i - 1):
                clause.type, clause.value = "EITHER", "/"
            if kind == "EXCEPT" and opened and 0 < sentence == len(out) - 1 and out[-1] is opened[-1]:
                out[sentence - 1].value = "permission"  # "Prior cancer. (Excluding skin cancer)"
            if kind == "STOP" and self.listed and cutter.text[cutter.starts[i - 1]] in ";；":
                clause.value = "they"
            if kind == "OPEN":
                depth += 1
                opened.append(clause)
            elif kind == "CLOSE":
                depth -= 1
                opened.pop()
            out.append(clause)
            if kind == "STOP":
                sentence = len(out)
        if begin < 0 and i < self.last:
            begin = i
        flush(self.last)
        out += [Clause("CLOSE", self.last, self.last) for _ in range(depth)]
        return out

    def _agreed_to(self) -> set[int]:
        """Where a name that begins with a duty may tell what is asked of some people: "women agree to use condoms"."""
        cutter = self.cutter
        if self.kind == "exclusion" or not agreeing(cutter.text, cutter.starts[self.first], cutter.ends[self.last - 1]):
            return set()
        named = [i for i in range(self.first + 1, self.last) if cutter.code(i) == "K"]
        agreed = {i for i in named if _AGREES.match(cutter.entries[i].text)}
        return {i for i in agreed if "relative" not in cutter.entries[i - 1].roles}

    def _whose(self, begin: int, end: int) -> int:
        """Where more is said of those whom the words from begin on name ("patients with X who have"), else 0."""
        entries = self.cutter.entries
        return next((i for i in range(begin + 1, end) if entries[i].text == "who" or "owning" in entries[i].roles), 0)

    def _run_on(self, out: list[Clause]) -> int:
        """Where people begin a sentence of their own without a stop ("not nursing Fertile patients must …"), else 0.

        A stop parts them from the rest, then.
        """
        cutter, words = self.cutter, out[-1] if out else None
        if words is None or words.type != "WORDS" or words.last - words.first < 3:
            return 0
        begin, text, starts = words.last - 2, cutter.text, cutter.starts
        if "population" not in cutter.entries[begin + 1].roles or not text[starts[begin + 1]].islower():
            return 0
        if not text[starts[begin]].isupper() or not text[starts[begin] + 1].islower():
            return 0
        if not text[starts[begin - 1]].islower():
            return 0
        out[-1:] = [
            Clause("WORDS", words.first, begin, Words(words.first, begin)),
            Clause("STOP", begin, begin),
            Clause("WORDS", begin, words.last, Words(begin, words.last)),
        ]
        return begin

    def _happens(self, denial: int, begin: int, end: int) -> bool:
        """Whether lexemes behind a denial say what was done: "steroids must not be taken" denies the steroids.

        Of what excludes, such is asked of nobody.
        """
        if self.kind == "exclusion" and self._prohibits(denial):
            return False
        cutter = self.cutter
        return any(cutter.code(i) == "v" and "nameless" in cutter.entries[i].roles for i in range(begin, end))

    def _begins(self, i: int) -> bool:
        """Whether the lexeme at i begins a sentence without a stop before it: "in the past year If diabetic, …"."""
        text, starts = self.cutter.text, self.cutter.starts
        before, here = text[starts[i - 1]], text[starts[i] : starts[i] + 2]
        return here[:1].isupper() and here[1:].islower() and not before.isupper() and before not in ":-"

    def _refused(self, out: list[Clause], opened: Clause) -> bool:
        """Whether a statement in a bracket denies from its first word on: "(no biopsy allowed)" permits nothing.

        "(patients with asthma without wheezing are eligible)" lets somebody off.
        """
        begin = next(k for k in range(len(out) - 1, -1, -1) if out[k] is opened or out[k].type == "STOP")
        return any(c.type == "NOT" and c.first == out[begin].last for c in out[begin + 1 : begin + 2])

    def _allowed(self, out: list[Clause], opened: Clause) -> Clause:
        """The bracket that what is allowed in one stands in: its own where a stop parts it from the rest."""
        for n in range(len(out) - 1, -1, -1):
            if out[n] is opened or out[n].type in ("OPEN", "CLOSE"):
                break
            if out[n].type == "STOP" and n + 1 < len(out):
                # "(prednisone, dexamethasone; inhaled steroids allowed)"
                stop = out[n]
                opened = Clause("OPEN", stop.first, stop.last)
                out[n : n + 1] = [Clause("CLOSE", stop.first, stop.last), opened]
                break
        opened.value = True
        return opened

    def _permit(self, out: list[Clause], sentence: int, i: int) -> bool:
        """Whether what the lexeme at i permits leaves the item something to say."""
        said = self.cutter.entries[i].roles["permission"]
        if said == "use" and (self.kind != "exclusion" or self._for_people()):
            return False  # "a spacer may be used": nobody has to
        before = out[sentence - 1] if any(c.type in OPERANDS for c in out[:sentence]) else None
        first = out[sentence] if sentence < len(out) else None
        if first is not None and first.type == "NOT" and self.cutter.entries[first.first].text.startswith("no"):
            return True  # "no other drugs are allowed" permits nothing
        if before is not None and before.type == "STOP":
            before.value = "permission"
            return True
        if any(c.type == "EXCEPT" for c in out[sentence:]) or self._set_off(out, sentence, i):
            return True  # "except X, which is allowed", "surgery within 2 weeks, a biopsy is allowed"
        # Who may take part as well is no limit to anybody.
        bare = said == "free" or self._of_every_kind()
        return self.kind != "exclusion" and not (bare and not self.cutter.codes.count("?", i + 1 - self.cutter.offset))

    def _of_every_kind(self) -> bool:
        """Whether the present sentence begins with all kinds of something ("all histologies are eligible")."""
        i = self.opening
        every = self.cutter.entries[i].text in ("all", "any")
        return every and i + 1 < self.last and not self._population(i + 1) and self.cutter.code(i + 1) in "KMwm"

    def _for_people(self) -> bool:
        """Whether the present sentence begins with participants ("note: patients with … may be given …")."""
        i = self.opening
        while i + 1 < self.last and self.cutter.code(i) in "dv:" and "population" not in self.cutter.entries[i].roles:
            i += 1
        return "population" in self.cutter.entries[i].roles

    def _none_allowed(self, out: list[Clause], sentence: int, i: int) -> bool:
        """Whether the lexeme at i permits nothing: "no steroids are allowed", not "with no asthma are eligible"."""
        denied = len(out) > sentence + 1 and out[sentence].type == "NOT"
        return denied and self.cutter.entries[i].roles.get("permission") in ("free", "use")

    def _set_off(self, out: list[Clause], sentence: int, i: int) -> bool:
        """Whether one thing alone stands between a comma and what permits it, or a contrast ("…, but X is allowed").

        The comma then parts two statements.
        """
        for k in range(len(out) - 1, sentence, -1) if self.kind == "exclusion" else ():
            if out[k].type in ("COMMA", "AND") and self._contrasts(out[k], out[k + 1 : k + 2]):
                out[k].type, out[k].value = "STOP", "permission"
                return True
        if len(out) - sentence < 3 or out[-1].type != "WORDS" or out[-2].type != "COMMA":
            return False
        if self.kind != "exclusion" or not self.cutter.entries[i].text.startswith("is "):
            return False
        if any(c.type in ("COMMA", "OPEN", "CLOSE") for c in out[sentence:-2]):
            return False
        out[-2].type, out[-2].value = "STOP", "permission"
        return True

    def _contrasts(self, joint: Clause, behind: list[Clause]) -> bool:
        """Whether a comma or connective sets something else against what stands before ("but", ", however")."""
        if not behind or behind[0].type != "WORDS" or "predicate" in self.cutter.entries[behind[0].first].roles:
            return False  # "patients who had hepatitis but have been treated are eligible"
        return any("contrast" in self.cutter.entries[i].roles for i in (joint.first, joint.last) if i < self.last)

    def _attributive(self, i: int) -> bool:
        """Whether the lexeme at i only says which ("acceptable contraception", "eligible patients with …")."""
        cutter = self.cutter
        if cutter.entries[i].text not in ("eligible", "acceptable") or i + 1 >= self.last:
            return False
        return cutter.code(i + 1) in "wKMm" or "population" in cutter.entries[i + 1].roles

    def _given(self, i: int) -> bool:
        """Whether somebody gives something at i ("parents provided consent"); behind a comma it limits."""
        cutter = self.cutter
        if cutter.entries[i].text not in ("provided", "providing") or (i > self.first and cutter.code(i - 1) in ",+.("):
            return False
        if i + 1 >= self.last or (i > self.first and cutter.code(i - 1) in "Op"):
            return True
        roles = cutter.entries[i + 1].roles
        return not ("assured" in roles or "population" in roles or "not" in roles)

    def _between_names(self, i: int) -> bool:
        """Whether a slash stands between two things with names of their own, or two kinds of one thing."""
        if i == self.first or i + 1 >= self.last:
            return False
        if i > self.first + 1 and self.cutter.code(i - 2) == "O":
            return False  # "residual disease of leukaemia/lymphoma"
        before, behind = self.cutter.code(i - 1), self.cutter.code(i + 1)
        if before in "KMq" and behind in "KM":
            return True
        if before == ")" and behind == "M":
            return _EXPLAINED.search(self.cutter.codes, 0, i - self.first) is not None
        starts, ends = self.cutter.starts, self.cutter.ends
        if before in "wK" and behind in "wK" and ends[i - 1] < starts[i] and ends[i] < starts[i + 1]:
            return before == "K" or behind == "K"  # "aneurysm / dissection"
        # "medical/psychiatric conditions", "kidney/liver function"
        if before not in "wK" or behind not in "wK" or not self._attribute(i - 1):
            return False
        if " " in self.cutter.entries[i + 1].text:
            return self.cutter.entries[i + 1].text.partition(" ")[0].endswith(ADJECTIVE)
        return i + 2 < self.last and self.cutter.code(i + 2) in "wK" and self._attribute(i + 1)

    def _either(self, i: int) -> bool:
        """Whether a slash between names means either: "renal/hepatic disease", "stroke/TIA"."""
        terms = [self.cutter.entries[k].roles.get("concept") for k in (i - 1, i + 1)]
        befalls = any(terms) and all(t is None or t.domain in ("condition", "procedure") for t in terms)
        return befalls or (self.cutter.code(i - 1) in "wK" and self._attribute(i - 1))

    def _attribute(self, i: int) -> bool:
        """Whether a lexeme tells of what kind the thing behind it is."""
        entry = self.cutter.entries[i]
        return entry.text.endswith(ADJECTIVE) or "place" in entry.roles

    def _abbreviating(self, i: int) -> bool:
        """Whether a full stop belongs to a word ("approx.", "St. John")."""
        cutter = self.cutter
        return (
            cutter.entries[i].text == "."
            and i > self.first
            and (
                "abbreviation" in cutter.entries[i - 1].roles
                or (i + 1 < self.last and cutter.ends[i] == cutter.starts[i + 1])
            )
        )

    def _naming(self, i: int) -> bool:
        """Whether examples follow, or the meaning of what stands before: no limit of it, no "-like", no "or the like".

        A limit behind "defined as" is of what is defined.
        """
        cutter = self.cutter
        limit = self.found.get(i + 1)
        if limit is not None and cutter.entries[i].roles["include"] == "definition":
            meaning = limit.meaning
            counted = isinstance(meaning, Value) and all(
                c.unit is None and c.reference is None for c in meaning.comparisons
            )
            return counted and limit.last < self.last and cutter.code(limit.last) in "mwKM"  # "at least one lesion"
        if cutter.entries[i].text != "like" or i == self.first:
            return True
        glued = cutter.code(i - 1) in "-d" and (cutter.code(i - 1) == "d" or cutter.starts[i] == cutter.ends[i - 1])
        return not glued and i + 1 < self.last and cutter.entries[i + 1].text != "to"
