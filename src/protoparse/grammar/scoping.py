"""The scopes of an item: where each negation, bracket and guard ends.

In: an item's terminals, its lists resolved. Out: the terminals as the grammar takes them, scopes closed and dangling
connectives gone; "no A or B, but C" gives NOT ATOM OR ATOM SCOPE_END AND ATOM.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from protoparse.grammar.denying import denied, named, owner, subject, suffered
from protoparse.grammar.facts import Cutter
from protoparse.grammar.naming import Words
from protoparse.grammar.resuming import again, either, promised, resumed, wanted
from protoparse.grammar.terminals import OPERANDS, Clause
from protoparse.model import Kind

_JOINTS = frozenset({"AND", "OR", "EITHER", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "LIMIT"})
_NAMES = re.compile("[wKMYaqrnuj]")
_ENDS = frozenset({"ATOM", "CLOSE", "SCOPE_END"})
_DEEPEST = 24
"""So many scopes are open at once: behind them a denial, or a list of which some must hold, ends those before it."""


class Scoper:
    """Closes the scopes of one item."""

    def __init__(self, cutter: Cutter, first: int, last: int, kind: Kind) -> None:
        self.cutter, self.kind, self.first, self.last = cutter, kind, first, last
        self.default = "AND" if kind != "exclusion" else "OR"

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
                out.append(Clause("CLOSE" if frame.opener == "OPEN" else "SCOPE_END", last, last))

        def close_scopes(*openers: str) -> None:
            while frames[-1].opener in openers:
                close()

        for n, item in enumerate(items):
            kind = item.type
            if kind == "DROP":
                continue
            if kind in ("NOT", "QUORUM") and len(frames) > _DEEPEST:
                close_scopes("NOT", "QUORUM")
            if (kind in OPERANDS or kind == "OPEN") and out and out[-1].type == "SCOPE_END":
                # nothing joins what stands behind a denial: "if X is not possible (e.g. Y) we will …"
                out.append(Clause(self.default, item.first, item.first, ","))
            if kind in OPERANDS:
                if out and out[-1].type == "ATOM":
                    out[-1].value.append(item.value)
                    out[-1].last = item.last
                else:
                    if out and out[-1].type == "SCOPE_END":  # "MRI is not possible (e.g. pacemaker) we exclude …"
                        out.append(Clause("AND", item.first, item.first, "with"))
                    out.append(Clause("ATOM", item.first, item.last, [item.value]))
            elif kind == "OPEN":
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            elif kind == "CLOSE":
                close_scopes("NOT", "QUORUM")
                if len(frames) > 1:
                    close()
                if frames[-1].brief:
                    close()
            elif kind == "QUORUM":
                # "history of one of the following: A, B": of each
                carried = out and out[-1].type == "ATOM" and self._carries(out[-1])
                at = len(out) - 1 if carried else len(out)
                if not carried and out and out[-1].type in _ENDS:
                    out.append(Clause("AND", item.first, item.first, "with"))
                    at += 1
                out.insert(at, item)
                frames.append(_Frame(kind, at + 1))
            elif kind == "QUORUM_END":
                close_scopes("NOT")
                close_scopes("QUORUM")
            elif kind == "NOT":
                if out and out[-1].type == "NOT":
                    continue  # "must not have no": said twice
                alone = out and out[-1].type == "ATOM" and (out[-2:-1] == [] or out[-2].type not in _ENDS)
                if alone and (told := denied(self.cutter, items, n)):
                    parted = self._part(items[n - 1], out)
                    begin, last = len(out) - 1 if parted else subject(self.cutter, out, frames[-1].begin), out[-1].last
                    begin += self._part_first(out, begin)
                    self.cutter.carry(items[n + 1].first, told)
                    if told < items[n + 1].last:
                        last = out[-1].last = items[n + 1].last
                        out[-1].value.append(Words(told, last))  # "not possible due to obstruction"
                    if items[n + 2 : n + 3] and items[n + 2].type == "WINDOW":
                        out[-1].value.append(items[n + 2].value)
                        last = out[-1].last = items[n + 2].last
                        items[n + 2].type = "DROP"
                    out.insert(begin, Clause("NOT", out[begin].first, out[begin].first))
                    items[n + 1].type = "DROP"
                    if items[n + 2 : n + 3] and items[n + 2].type == "OPEN":
                        frames.append(_Frame(kind, begin + 1, brief=True))
                    else:
                        out.append(Clause("SCOPE_END", last, last))
                    continue
                if out and out[-1].type in _ENDS:
                    if not self._lacking(item, out, frames[-1]):
                        close_scopes("NOT")
                    if out and out[-1].type in _ENDS:
                        out.append(Clause("AND", item.first, item.first, "without"))
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            else:
                # An exception stands inside what is denied: "no cancer except of the skin" is not (cancer except …).
                if self._ends(items, n, out, frames[-1]):
                    close_scopes("NOT", *(() if kind in ("AND", "OR") or self._enumerates(item) else ("QUORUM",)))
                self._connect(item, out, frames[-1])
        while len(frames) > 1:
            close()
        while out and out[-1].type in _JOINTS:
            frames[0].forget(out.pop())
        frames[0].drop_guard(out)
        return out

    def _part(self, words: Clause, out: list[Clause]) -> bool:
        """Whether what has something is parted from what it has not: "tumours whose treatment is not available"."""
        place = owner(self.cutter, words)
        if place < 0 or out[-1].value[-1] is not words.value:
            return False
        lacked = Clause("ATOM", place + 1, words.last, [Words(place + 1, words.last)])
        if len(out[-1].value) == 1 and not named(self.cutter, words.first, place):
            out[-1] = lacked
            return True
        out[-1].value[-1], out[-1].last = Words(words.first, place), place
        out += [Clause("AND", place, place, "without"), lacked]
        return True

    def _part_first(self, out: list[Clause], begin: int) -> int:
        """How many terminals what has two things puts before them: "a tumour for which surgery or radiation …"."""
        atom = out[begin]
        place = owner(self.cutter, atom) if begin < len(out) - 1 and len(atom.value) == 1 else -1
        if place < 0 or place + 1 >= atom.last or not named(self.cutter, atom.first, place):
            return 0
        out[begin : begin + 1] = [
            Clause("ATOM", atom.first, place, [Words(atom.first, place)]),
            Clause("AND", place, place, "without"),
            Clause("ATOM", place + 1, atom.last, [Words(place + 1, atom.last)]),
        ]
        return 2

    def _connect(self, item: Clause, out: list[Clause], frame: _Frame) -> None:
        """Put a connective behind an operand; where another connective stands, the stronger of the two stays."""
        kind = item.type
        if kind == "THEN" and (frame.guard < 0 or frame.guard == len(out) - 1):
            kind = item.type = self.default
            item.value = ","
        said = ""  # what a full stop in front of a guard says of it
        while out and len(out) > frame.begin and out[-1].type in _JOINTS:
            weak = out[-1]
            said = weak.value if weak.type == "STOP" else said
            if weak.type == "IF" and len(out) - 1 == frame.guard:
                frame.guard = -1
            elif kind in ("AND", "OR") and (weak.type not in ("AND", "OR") or weak.value != ","):
                return
            frame.forget(out.pop())
        if len(out) == frame.begin:
            if kind == "IF" and (frame.opener != "OPEN" or item.value == "begin"):
                frame.guard = len(out)
                out.append(item)
            elif kind in ("EXCEPT", "INCLUDE", "IF") and frame.opener == "OPEN":
                item.type = "LIMIT" if kind == "IF" else kind
                out.append(item)
            return
        if kind == "IF" and frame.guard >= 0:
            item.type, item.value = "AND", "if"
        elif kind == "IF" and item.value == "begin":
            out.append(Clause("STOP", item.first, item.first, said))
            frame.guard = len(out)
        elif kind == "STOP":
            frame.drop_guard(out)
        elif kind == "THEN":
            frame.answered, frame.guard = frame.guard, -1
        out.append(item)

    def _carries(self, atom: Clause) -> bool:
        """Whether a statement names nothing ("history of")."""
        codes, offset = self.cutter.codes, self.cutter.offset
        return len(atom.value) == 1 and not _NAMES.search(codes, atom.first - offset, atom.last - offset)

    def _enumerates(self, stop: Clause) -> bool:
        """Whether a stop is a comma of a list whose members have commas, or a semicolon."""
        return stop.type == "STOP" and (stop.value in ("and", "or") or self.cutter.entries[stop.first].text in ";；")

    def _ends(self, items: Sequence[Clause], n: int, out: Sequence[Clause], frame: _Frame) -> bool:
        """Whether what stands at n ends the negations around it."""
        kind = items[n].type
        if kind not in ("AND", "OR"):
            # "unless cured with no sign of it, except skin cancer" exempts the skin cancer as well
            return kind in ("STOP", "IF", "THEN") or (
                kind == "EXCEPT" and frame.opener == "NOT" and self._exempting(out, frame.begin)
            )
        if self._terminates(items, n) or frame.opener != "NOT":
            return True
        opener = out[frame.begin - 1]
        if items[n].value == "," and self._one_lacks(out, frame.begin - 2):
            return True
        if self._comma_ends(items, n, out, frame.begin):
            return True
        follower = items[n + 1] if n + 1 < len(items) else None
        if follower and again(self.cutter, follower, out, frame.begin):
            if kind == "OR":
                items[n].type, items[n].value = "STOP", "or else"
            return True
        if self._others(items, n, out, frame) or (follower and suffered(self.cutter, opener, follower)):
            return True
        held = out[frame.begin :]
        if kind == "OR" and held and items[n].value != "," and either(self.cutter, opener.first - 1):
            items[n].type = "EITHER"
            return True
        if resumed(self.cutter, items, n, opener, held):
            return True
        if self.kind != "exclusion" and (promised(self.cutter, items, n, held) or wanted(self.cutter, items, n, held)):
            return True
        if items[n].value == "and" and "ability" in self.cutter.entries[opener.first].roles:
            items[n].value = "both"  # who cannot do A and B cannot do both
        return False

    def _exempting(self, out: Sequence[Clause], begin: int) -> bool:
        """Whether a scope that begins there is part of an exception."""
        last = next((c.type for c in reversed(out[:begin]) if c.type in ("EXCEPT", "STOP", "OPEN")), "")
        return last == "EXCEPT"

    def _terminates(self, items: Sequence[Clause], n: int) -> bool:
        """Whether a connective ends a negation: "but", or one behind which a new statement or duty begins."""
        if items[n].value == "but" or self._asks_anew(items[n].last):
            return True
        follower = items[n + 1] if n + 1 < len(items) else None
        if follower is None:
            return False
        if follower.type == "NOT":
            return True
        return follower.type == "WORDS" and "predicate" in self.cutter.entries[follower.first].roles

    def _asks_anew(self, i: int) -> bool:
        """Whether something is asked from the lexeme at i on ("must not smoke and must agree to …")."""
        # what "will be given" or is planned is denied with the rest
        return i < self.last and self.cutter.code(i) == "^" and not self.cutter.entries[i].text.startswith("will")

    def _one_lacks(self, out: Sequence[Clause], place: int) -> bool:
        """Whether one of a list lacks something, and the list goes on: "stroke, asthma without wheeze, or gout"."""
        if place < 2 or out[place].value != "without":
            return False
        stop = next((k for k in range(place, -1, -1) if out[k].type in ("STOP", "OPEN", "IF")), -1)
        return any(c.type in ("AND", "OR") and c.value == "," for c in out[stop + 1 : place])

    def _comma_ends(self, items: Sequence[Clause], n: int, out: Sequence[Clause], begin: int) -> bool:
        """Whether a comma sets off what follows from the one thing that is lacked: "X without fever, or Y"."""
        if begin < 2 or out[begin - 2].value != "without" or any(c.type in ("AND", "OR") for c in out[begin:]):
            return False
        if any(c.type == "NOT" for c in out[: begin - 1]):
            return False
        joint = items[n + 1] if n + 1 < len(items) else items[n]
        comma = items[n].value == "," and joint.type in ("AND", "OR") and joint.value in ("or", "and")
        lacked = self.cutter.entries[out[begin - 1].first].text
        return comma and (lacked == "without" or lacked.endswith("ed with"))  # "asthma not treated with steroids, or …"

    def _lacking(self, item: Clause, out: Sequence[Clause], frame: _Frame) -> bool:
        """Whether a negation is part of what somebody cannot do: "unable to walk without assistance"."""
        entries = self.cutter.entries
        if frame.opener != "NOT" or entries[item.first].text != "without" or out[-1].type != "ATOM":
            return False
        return "ability" in entries[out[frame.begin - 1].first].roles

    def _others(self, items: Sequence[Clause], n: int, out: Sequence[Clause], frame: _Frame) -> bool:
        """Whether other people follow than those of whom something is denied: "no stroke or patients with asthma"."""
        follower = items[n + 1] if n + 1 < len(items) else None
        if follower is None or follower.type != "WORDS" or frame.begin >= len(out):
            return False
        return self._led_by_people(follower.first) and not self._led_by_people(out[frame.begin].first)

    def _led_by_people(self, i: int) -> bool:
        """Whether a statement begins with people of whom it says more ("patients with …", "those who …")."""
        entries, last = self.cutter.entries, self.last - 1
        while i < last and self.cutter.code(i) == "d":
            i += 1
        if i >= last or not entries[i + 1].roles.keys() & {"apart", "not"}:
            return False
        term = entries[i].roles.get("concept")
        return "population" in entries[i].roles or (term is not None and term.domain == "person")


class _Frame:
    """A bracket or a negation that is open: where it began, and a guard in it that still waits for its statement.

    A brief one ends with the next bracket.
    """

    __slots__ = ("answered", "begin", "brief", "guard", "opener")

    def __init__(self, opener: str, begin: int, *, brief: bool = False) -> None:
        self.opener, self.begin, self.guard, self.answered, self.brief = opener, begin, -1, -1, brief

    def forget(self, gone: Clause) -> None:
        """A `THEN` behind which nothing came leaves its guard waiting again."""
        if gone.type == "THEN":
            self.guard, self.answered = self.answered, -1

    def drop_guard(self, out: list[Clause]) -> None:
        """A guard that limits nothing is a plain statement."""
        if 0 <= self.guard < len(out):
            del out[self.guard]
        self.guard = -1
