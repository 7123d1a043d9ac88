"""The scopes of an item: where each negation, bracket and guard ends.

In: an item's terminals, its lists resolved. Out: the terminals as the grammar takes them, scopes closed and dangling
connectives gone; "no A or B, but C" gives NOT ATOM OR ATOM SCOPE_END AND ATOM.
"""

from __future__ import annotations

from collections.abc import Sequence

from protoparse.grammar.denying import denied, subject, suffered
from protoparse.grammar.facts import Cutter
from protoparse.grammar.terminals import OPERANDS, Clause
from protoparse.model import Kind

_JOINTS = frozenset({"AND", "OR", "EITHER", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "LIMIT"})
_SCOPES = ("NOT", "QUORUM")
_ENDS = frozenset({"ATOM", "CLOSE", "SCOPE_END"})


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
                out.append(Clause("SCOPE_END" if frame.opener in _SCOPES else "CLOSE", last, last))

        def close_scopes(*openers: str) -> None:
            while frames[-1].opener in openers:
                close()

        for n, item in enumerate(items):
            kind = item.type
            if kind == "DROP":
                continue
            if kind in OPERANDS:
                if out and out[-1].type == "ATOM":
                    out[-1].value.append(item.value)
                    out[-1].last = item.last
                else:
                    out.append(Clause("ATOM", item.first, item.last, [item.value]))
            elif kind == "OPEN":
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            elif kind == "CLOSE":
                close_scopes(*_SCOPES)
                if len(frames) > 1:
                    close()
            elif kind == "QUORUM":
                if out and out[-1].type in _ENDS:
                    out.append(Clause("AND", item.first, item.first, "with"))  # "asthma with at least one of …"
                out.append(item)
                frames.append(_Frame(kind, len(out)))
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
                    close_scopes("NOT")
                    if out and out[-1].type in _ENDS:
                        out.append(Clause("AND", item.first, item.first, "without"))
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            else:
                # An exception stands inside what is denied: "no cancer except of the skin" is not (cancer except …).
                if kind in ("STOP", "IF", "THEN") or (kind in ("AND", "OR") and item.value == "but"):
                    close_scopes(*_SCOPES)
                elif kind in ("AND", "OR") and self._terminates(items, n):
                    close_scopes("NOT")
                elif kind in ("AND", "OR") and frames[-1].opener == "NOT":
                    opener = out[frames[-1].begin - 1]
                    if n + 1 < len(items) and suffered(self.cutter, opener, items[n + 1]):
                        close_scopes("NOT")
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
        """Whether behind a connective a new statement begins, which no negation before it denies."""
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
