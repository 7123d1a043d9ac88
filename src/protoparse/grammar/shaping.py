"""An item's lexemes as well-formed clauses.

In: the lexemes and phrases of one item. Out: terminals for `grammars/criterion.lark`: between two operands one
connective, brackets balanced, commas resolved, and each negation with the end of its scope (cue, scope, termination, as
ConText has them); "no A or B, but C" gives NOT WORDS OR WORDS SCOPE_END AND WORDS.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from protoparse.grammar import dealing
from protoparse.grammar.denying import denied, subject, suffered
from protoparse.grammar.drafts import aged
from protoparse.grammar.facts import Cutter
from protoparse.grammar.naming import Words
from protoparse.grammar.phrases import Phrase, Value
from protoparse.model import Kind

MAX_BRACKETS = 12
"""Brackets nested deeper are read as words."""

_OPERANDS = frozenset({"WORDS", "VALUE", "WINDOW"})


class Clause:
    """A terminal of the clause grammar, with what it stands for."""

    __slots__ = ("first", "last", "type", "value")

    def __init__(self, type_: str, first: int, last: int, value: Any = None) -> None:
        self.type, self.first, self.last, self.value = type_, first, last, value


class Shaper:
    """Makes an item's lexemes well-formed clauses."""

    def __init__(self, cutter: Cutter, found: list[Phrase], first: int, last: int, kind: Kind) -> None:
        self.cutter, self.kind, self.first, self.last = cutter, kind, first, last
        self.found = {p.first: p for p in found}
        self.default = "AND" if kind != "exclusion" else "OR"

    def clauses(self) -> list[Clause]:
        """The terminals of the item, in order."""
        clauses = self._terminals()
        cutter = self.cutter
        if cutter.text.find(dealing.CUE, cutter.starts[self.first], cutter.ends[self.last - 1]) >= 0:
            clauses = dealing.dealt(clauses)
        return self._balance(self._lists(clauses))

    # ---- lexemes to terminals

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
                if _SUBSTANCE.search(cutter.codes, begin - cutter.offset, end - cutter.offset):
                    out.append(Clause("WORDS", begin, end, Words(begin, end)))
                begin = -1

        codes, offset, found = cutter.codes, cutter.offset, self.found
        stops = {p.first for p in found.values()}
        stops.update([offset + m.start() for m in STRUCTURE.finditer(codes)])
        for place in sorted(stops):
            if place < i:
                continue
            if begin < 0 and place > i:
                begin = i
            i = place
            phrase = found.get(i)
            if phrase is not None:
                flush(i)
                if phrase.meaning.__class__ is Value:
                    # The scale inside "≥ grade 3", the thing in "minimum age of 18" are content of their own.
                    named = _INNER.search(codes, phrase.first - offset, phrase.last - offset)
                    if named is not None:
                        inner = Words(named.start() + offset, named.end() + offset)
                        out.append(Clause("WORDS", inner.first, inner.last, inner))
                    out.append(Clause("VALUE", phrase.first, phrase.last, phrase))
                else:
                    out.append(Clause("WINDOW", phrase.first, phrase.last, phrase))
                i = phrase.last
                continue
            c = codes[i - offset]
            kind = _TERMINAL.get(c)
            if (
                (c in "io" and not self._guard(i))
                or (c == "(" and depth >= MAX_BRACKETS)
                or (c == ")" and depth == 0)
                or (c == "/" and not self._between_names(i))
                or (c == "." and self._abbreviating(i))
            ):
                kind = None
            if kind is None:
                if begin < 0:
                    begin = i
                i += 1
                continue
            flush(i)
            i += 1
            if kind in ("ALLOWED", "REFUSED"):
                if opened:
                    opened[-1].value = True
                elif kind == "ALLOWED":
                    free = entries[i - 1].roles["permission"] == "free" and not codes.count("?", i - offset)
                    before = out[sentence - 1] if sentence else None
                    if before is not None and before.type == "STOP":
                        before.value = "permission"
                    elif any(c.type == "EXCEPT" for c in out[sentence:]) or self._set_off(out, sentence, i - 1):
                        continue  # "except X, which is allowed", "surgery within 2 weeks, a biopsy is allowed"
                    elif self.kind == "exclusion" or free:
                        return []  # who may take part as well is no limit to anybody
                elif self.kind != "exclusion" and len(out) > sentence:
                    out.insert(sentence, Clause("NOT", i - 1, i - 1))
                continue
            if kind == "DUTY":
                if depth == 0 and (self._people(out[sentence:]) or self._told_apart(out[sentence:])):
                    joint = "AND"
                    for part in reversed(out[sentence:]):  # "patients with X, Y or Z must …": no comma ends the guard
                        if part.type in ("AND", "OR"):
                            joint = part.type
                        elif part.type == "COMMA":
                            part.type, part.value = joint, ","
                    out.insert(sentence, Clause("IF", i - 1, i - 1))
                    out.append(Clause("COLON", i - 1, i))
                continue
            clause = Clause(kind, i - 1, i, entries[i - 1].text if kind in ("AND", "OR") else None)
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

    def _set_off(self, out: list[Clause], sentence: int, i: int) -> bool:
        """Whether one thing alone stands between a comma and what permits it; the comma then parts two statements."""
        if len(out) - sentence < 3 or out[-1].type != "WORDS" or out[-2].type != "COMMA":
            return False
        if self.kind != "exclusion" or not self.cutter.entries[i].text.startswith("is "):
            return False
        if any(c.type in ("COMMA", "OPEN", "CLOSE") for c in out[sentence:-2]):
            return False
        out[-2].type, out[-2].value = "STOP", "permission"
        return True

    def _between_names(self, i: int) -> bool:
        """Whether a slash stands between two things with names of their own."""
        return (
            i > self.first
            and i + 1 < self.last
            and self.cutter.code(i - 1) in "KMq"
            and self.cutter.code(i + 1) in "KM"
        )

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

    def _people(self, clauses: list[Clause]) -> bool:
        """Whether what stands before "must" names some people and nothing else."""
        entries = self.cutter.entries
        words = [c for c in clauses if c.type == "WORDS"]
        ages = [c for c in clauses if c.type == "VALUE" and aged(self.cutter.text, c.value.meaning)]
        if len(ages) == 1 and len(clauses) == len(words) + 1:
            # "patients under 6 years old must …", "children aged 2 to 6 years must …"
            codes, offset = self.cutter.codes, self.cutter.offset
            clauses = words = [c for c in words if _NAMES.search(codes, c.first - offset, c.last - offset)]
            if not words:
                return True
        if not words or any(c.type not in ("WORDS", "AND", "OR", "OPEN", "CLOSE") for c in clauses):
            return False
        for clause in words:
            terms = [entries[i].roles.get("concept") for i in range(clause.first, clause.last)]
            if not any(t is not None and t.domain == "person" and (ages or t.name != "age") for t in terms):
                return False
        return True

    def _told_apart(self, clauses: list[Clause]) -> bool:
        """Whether what stands before "must" tells some of the participants apart ("patients who received X must …")."""
        if self.kind == "exclusion" or not clauses or clauses[0].type != "WORDS":
            return False
        entries, first, last = self.cutter.entries, clauses[0].first, clauses[0].last
        while first + 1 < last and self.cutter.code(first) == "d":
            first += 1
        return (
            first + 1 < last
            and "population" in entries[first].roles
            and "apart" in entries[first + 1].roles
            and all(c.type in ("WORDS", "VALUE", "WINDOW", "AND", "OR", "COMMA", "OPEN", "CLOSE") for c in clauses)
        )

    def _guard(self, i: int) -> bool:
        """ "for women …", "in patients with …": a limit to some people."""
        cutter = self.cutter
        if cutter.codes[i - cutter.offset] == "o" and cutter.entries[i].text not in ("for", "for the"):
            return False
        j = i + 1
        while j < self.last and cutter.code(j) in "dm":
            j += 1
        if j >= self.last:
            return False
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

    # ---- lists

    def _lists(self, items: list[Clause]) -> list[Clause]:
        """Commas become the connective of their list, or close a guard; brackets shield what is inside them."""
        items = [item for n, item in enumerate(items) if not self._trailing(items, n)]
        if ":" in self.cutter.codes:
            items = self._defined(items)
        if self.cutter.codes.count(",") > 1:
            items = self._groups(items)
        ahead: list[str] = [""]  # by depth: the next connective to the right in the same sentence
        for item in reversed(items):
            kind = item.type
            if kind == "CLOSE":
                ahead.append("")
            elif kind == "OPEN":
                if len(ahead) > 1:
                    ahead.pop()
            elif kind in ("AND", "OR"):
                ahead[-1] = kind
            elif kind in ("STOP", "EXCEPT", "IF", "INCLUDE"):
                ahead[-1] = ""
            elif kind == "COMMA":
                item.value = ahead[-1]
        # behind: a connective stands before, in the same sentence; limited: a trailing "for …" does
        frames = [[False, False]]
        guarding, beginning = False, True
        for n, item in enumerate(items):
            kind = item.type
            if kind == "OPEN":
                frames.append([False, False])
            elif kind == "CLOSE":
                if len(frames) > 1:
                    frames.pop()
            elif kind == "IF":
                guarding = beginning
                item.value = "begin" if beginning else None
                frames[-1][1] = not beginning
            elif kind == "INCLUDE":
                frames[-1][0] = False
            elif kind == "STOP":
                frames[-1] = [False, False]
                beginning, guarding = item.value not in ("and", "or"), False
                continue
            elif kind in ("AND", "OR", "COMMA", "SLASH"):
                behind, limited = frames[-1]
                follower = items[n + 1] if n + 1 < len(items) else None
                if kind == "SLASH":
                    item.type, item.value = self.default, "/"
                elif kind == "COMMA" and guarding:
                    item.type, item.value, guarding = "THEN", None, False
                elif limited and follower is not None and follower.type == "VALUE":
                    # "≥ 13 g/dL for men and ≥ 12 g/dL for women": each limit has its own people
                    item.type, item.value = "STOP", "again"
                    frames[-1] = [False, False]
                elif kind == "AND" and item.value == "but" and follower is not None and follower.type == "VALUE":
                    item.type = "OR"  # "≤ 2.5 × ULN, but ≤ 5 × ULN if …" allows either
                elif kind == "COMMA":
                    if not item.value and behind:
                        item.type = "STOP"
                    else:
                        item.type, item.value = item.value or self.default, ","
                else:
                    frames[-1][0] = True
            elif kind == "COLON":
                item.type = "THEN" if guarding else "DROP"
                guarding = False
            if item.type in _OPERANDS:
                beginning = False
        return [i for i in items if i.type != "DROP"]

    def _defined(self, items: list[Clause]) -> list[Clause]:
        """What measures a disease behind a colon as in brackets: "hepatic impairment: ALT or AST > 3 × ULN"."""
        for n in range(1, len(items) - 2):
            disease, colon, measure = items[n - 1 : n + 2]
            if colon.type != "COLON" or disease.type != "WORDS" or measure.type != "WORDS":
                continue
            if n > 1 and items[n - 2].type != "STOP":
                continue
            end = next((k for k in range(n, len(items)) if items[k].type in _SENTENCE), len(items))
            named = self.cutter.codes[disease.first - self.first : disease.last - self.first]
            term = self.cutter.entries[disease.last - 1].roles.get("concept")
            if not named.endswith("K") or "M" in named or term is None or term.domain != "condition":
                continue
            measured = self.cutter.codes.find("M", measure.first - self.first, measure.last - self.first) >= 0
            if not measured or not any(i.type == "VALUE" for i in items[n:end]):
                continue
            last = items[end - 1].last
            opened, closed = Clause("OPEN", colon.first, colon.last), Clause("CLOSE", last, last)
            return [*items[:n], opened, *items[n + 1 : end], closed, *items[end:]]
        return items

    def _groups(self, items: list[Clause]) -> list[Clause]:
        """A list whose members hold connectives of their own: "A or B, C and D, and E" is three."""
        out: list[Clause] = []
        begin = 0
        for end in [n for n, item in enumerate(items) if item.type == "STOP"] + [len(items)]:
            out += self._grouped(items[begin:end]) + items[end : end + 1]
            begin = end + 1
        return out

    def _grouped(self, sentence: list[Clause]) -> list[Clause]:
        colons = [n for n, item in enumerate(sentence) if item.type == "COLON"]
        if len(colons) == 1 and not any(item.type in _CLOSING for item in sentence[: colons[0]]):
            lead = colons[0] + 1  # "any of the following: A or B, C and D"
            return sentence[:lead] + self._grouped(sentence[lead:])
        if any(item.type in ("NOT", "IF", "EXCEPT", "INCLUDE", "COLON") for item in sentence):
            return sentence
        depth, commas, inner, last = 0, [], False, ""
        joints: list[int] = []
        for n, item in enumerate(sentence):
            depth += (item.type == "OPEN") - (item.type == "CLOSE")
            if depth or item.type not in ("COMMA", "AND", "OR"):
                continue
            if item.type == "COMMA":
                commas.append(n)
            elif commas and commas[-1] == n - 1:
                last = item.type
            else:
                joints.append(n)
                inner = inner or not commas or commas[-1] < n - 1
        if not last and len(commas) > 1 and len(joints) > 1 and joints[-2] < commas[-1] < joints[-1]:
            # "A, B or C, D and E": the last connective is the list's where those inside are of the other kind
            final = sentence[joints[-1]].type
            if all(sentence[n].type != final for n in joints[:-1]):
                commas.append(joints[-1])
                last = final
        if not last or not inner or len(commas) < 2:
            return sentence
        drop = {n + 1 for n in commas if sentence[n + 1 : n + 2] and sentence[n + 1].type in ("AND", "OR")}
        for n in commas:
            sentence[n].type, sentence[n].value = "STOP", last.lower()
        return [item for n, item in enumerate(sentence) if n not in drop]

    def _trailing(self, items: list[Clause], n: int) -> bool:
        """Whether a comma only sets off a time behind a list: "bleeding or transfusion, within 8 weeks"."""
        return (
            items[n].type == "COMMA"
            and n + 1 < len(items)
            and items[n + 1].type == "WINDOW"
            and self._closes(items, n + 2)
        )

    def _closes(self, items: list[Clause], n: int) -> bool:
        """Whether nothing of the same list stands from here on."""
        return n >= len(items) or items[n].type in ("STOP", "CLOSE", "EXCEPT", "IF", "COMMA", "AND", "OR")

    # ---- scopes

    def _balance(self, items: list[Clause]) -> list[Clause]:
        """The terminals as the grammar takes them: scopes closed, dangling connectives and empty brackets gone."""
        out: list[Clause] = []
        frames = [_Frame("", 0)]

        def close() -> None:
            frame = frames.pop()
            while len(out) > frame.begin and out[-1].type in _JOINTS:
                frame.forget(out.pop())
            frame.drop_guard(out)
            if len(out) == frame.begin:
                out.pop()  # nothing inside: the opener goes, too
            else:
                last = out[-1].last
                out.append(Clause("SCOPE_END" if frame.opener == "NOT" else "CLOSE", last, last))

        def close_scopes() -> None:
            while frames[-1].opener == "NOT":
                close()

        for n, item in enumerate(items):
            kind = item.type
            if kind == "DROP":
                continue
            if kind in _OPERANDS:
                if out and out[-1].type == "ATOM":
                    out[-1].value.append(item.value)
                    out[-1].last = item.last
                else:
                    out.append(Clause("ATOM", item.first, item.last, [item.value]))
            elif kind == "OPEN":
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            elif kind == "CLOSE":
                close_scopes()
                if len(frames) > 1:
                    close()
            elif kind == "NOT":
                if out and out[-1].type == "NOT":
                    continue  # "must not have no": said twice
                alone = out and out[-1].type == "ATOM" and (out[-2:-1] == [] or out[-2].type not in _ENDS)
                if alone and denied(self.cutter, items, n):
                    begin, last = subject(out, frames[-1].begin), out[-1].last
                    if items[n + 2 : n + 3] and items[n + 2].type == "WINDOW":
                        out[-1].value.append(items[n + 2].value)
                        last = out[-1].last = items[n + 2].last
                        items[n + 2].type = "DROP"
                    out.insert(begin, Clause("NOT", out[begin].first, out[begin].first))
                    out.append(Clause("SCOPE_END", last, last))
                    items[n + 1].type = "DROP"
                    continue
                if out and out[-1].type in _ENDS:
                    close_scopes()
                    if out and out[-1].type in _ENDS:
                        out.append(Clause("AND", item.first, item.first, "without"))
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            else:
                # An exception stands inside what is denied: "no cancer except of the skin" is not (cancer except …).
                if kind in ("STOP", "IF", "THEN") or (kind in ("AND", "OR") and self._terminates(items, n)):
                    close_scopes()
                elif kind in ("AND", "OR") and frames[-1].opener == "NOT":
                    opener = out[frames[-1].begin - 1]
                    if n + 1 < len(items) and suffered(self.cutter, opener, items[n + 1]):
                        close_scopes()
                self._connect(item, out, frames[-1])
        while len(frames) > 1:
            close()
        while out and out[-1].type in _JOINTS:
            frames[0].forget(out.pop())
        frames[0].drop_guard(out)
        return out

    def _connect(self, item: Clause, out: list[Clause], frame: _Frame) -> None:
        """Put a connective behind an operand; where another connective stands, the stronger of the two stays."""
        kind = item.type
        if kind == "THEN" and (frame.guard < 0 or frame.guard == len(out) - 1):
            kind = item.type = self.default
            item.value = ","
        while out and len(out) > frame.begin and out[-1].type in _JOINTS:
            weak = out[-1]
            if weak.type == "IF" and len(out) - 1 == frame.guard:
                frame.guard = -1
            elif kind in ("AND", "OR") and (weak.type not in ("AND", "OR") or weak.value != ","):
                return
            frame.forget(out.pop())
        if len(out) == frame.begin:
            if kind == "IF" and frame.opener != "OPEN":
                frame.guard = len(out)
                out.append(item)
            elif kind in ("EXCEPT", "INCLUDE", "IF") and frame.opener == "OPEN":
                item.type = "LIMIT" if kind == "IF" else kind
                out.append(item)
            return
        if kind == "IF" and frame.guard >= 0:
            item.type, item.value = "AND", "if"
        elif kind == "IF" and item.value == "begin":
            out.append(Clause("STOP", item.first, item.first))
            frame.guard = len(out)
        elif kind == "STOP":
            frame.drop_guard(out)
        elif kind == "THEN":
            frame.answered, frame.guard = frame.guard, -1
        out.append(item)

    def _terminates(self, items: Sequence[Clause], n: int) -> bool:
        """Whether a connective ends a negation: "but", or one behind which a new statement begins."""
        if items[n].value == "but":
            return True
        follower = items[n + 1] if n + 1 < len(items) else None
        if follower is None:
            return False
        if follower.type == "NOT":
            return True
        return follower.type == "WORDS" and "predicate" in self.cutter.entries[follower.first].roles


class _Frame:
    """A bracket or a negation that is open: where it began, and a guard in it that still waits for its statement."""

    __slots__ = ("answered", "begin", "guard", "opener")

    def __init__(self, opener: str, begin: int) -> None:
        self.opener, self.begin, self.guard, self.answered = opener, begin, -1, -1

    def forget(self, gone: Clause) -> None:
        """A `THEN` behind which nothing came leaves its guard waiting again."""
        if gone.type == "THEN":
            self.guard, self.answered = self.answered, -1

    def drop_guard(self, out: list[Clause]) -> None:
        """A guard that limits nothing is a plain statement."""
        if 0 <= self.guard < len(out):
            del out[self.guard]
        self.guard = -1


_SENTENCE = frozenset({"STOP", "OPEN", "CLOSE", "EXCEPT", "IF", "NOT"})
_CLOSING = frozenset({"NOT", "IF", "EXCEPT", "INCLUDE", "OPEN", "COMMA"})
_JOINTS = frozenset({"AND", "OR", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "LIMIT"})
_ENDS = frozenset({"ATOM", "CLOSE", "SCOPE_END"})
_TERMINAL = {
    "&": "AND", "|": "OR", ",": "COMMA", "/": "SLASH", ":": "COLON", ".": "STOP", "(": "OPEN", ")": "CLOSE",
    "!": "NOT", "X": "EXCEPT", "?": "IF", "I": "INCLUDE", "+": "ALLOWED", "#": "REFUSED",
    "^": "DUTY", "i": "IF", "o": "IF",
}  # fmt: skip
_WHO = re.compile(
    r"s\b|\b(?:wo)?m[ae]n\b|child|people|male\b|potential|wo?cbp|msm|menopausal|age|"
    r"subject|patient|participant|individual|volunteer|person|adult|infant|neonate|newborn|elderly"
)
_INNER = re.compile("[MKwam](?:[OMKwamd]*[MKwa])?")
_NAMES = re.compile("[wKMYaqrnu]")
STRUCTURE = re.compile(r"[&|,/:.()!X?Iio^+#]")
_SUBSTANCE = re.compile("[wKMYqamrnutLHCZ]")
