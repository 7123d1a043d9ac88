"""One item's lexemes to a rule: phrases are found, scopes set, statements cut and joined.

In: `Lexemes`, the bounds of an item, its kind. Out: `Reading`, the rule and the spans that were not understood;
"no history of stroke or TIA" gives `not (stroke or TIA)`.

Scopes follow ConText: a cue opens one, a termination closes it. What is then fed to `grammars/criterion.lark` and
`logic.lark` is well-formed by construction, so that every item parses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from lark import Transformer
from msgspec.structs import replace

from protoparse.grammar.facts import (
    Bracket,
    Cutter,
    Draft,
    Node,
    Tree,
    Words,
    aged,
    alternatives,
    empty,
    repeat_subject,
    rule,
)
from protoparse.grammar.files import grammar_text
from protoparse.grammar.phrases import Phrase, Value, phrases
from protoparse.grammar.sharing import join
from protoparse.grammar.tables import Table
from protoparse.lexing import Lexemes
from protoparse.model import Kind, Note, Rule, Span

MAX_BRACKETS = 12
"""Brackets nested deeper are read as words."""

_CONTENT = frozenset("wKMYqamrnutLHC")
_OPERANDS = frozenset({"WORDS", "VALUE", "WINDOW"})


class Reading(NamedTuple):
    """What an item says, what of it was not understood, and what is to be noted."""

    rule: Rule | None
    unparsed: tuple[Span, ...]
    notes: tuple[Note, ...] = ()


class _Meaning(Transformer[Any, Any]):
    """Clause lexemes to trees of drafts, while they are parsed."""

    cutter: Cutter
    kind: Kind

    def part(self, x: list[Any]) -> Any:
        return x[0].value

    def bracket(self, x: list[Any]) -> Bracket:
        tree = x[1]
        verdict = x[0].value
        return Bracket("except" if verdict else "plain", tree, x[0].first, x[-1].last)

    def bracket_of_examples(self, x: list[Any]) -> Bracket:
        return Bracket("include", x[2], x[0].first, x[-1].last)

    def bracket_of_exceptions(self, x: list[Any]) -> Bracket:
        return Bracket("except", x[2], x[0].first, x[-1].last)

    def bracket_of_limits(self, x: list[Any]) -> Bracket:
        return Bracket("if", x[2], x[0].first, x[-1].last)

    def atom(self, x: list[Any]) -> Tree | None:
        return self.cutter.cut(x)

    def negated(self, x: list[Any]) -> Tree | None:
        inner = x[1]
        if empty(inner):
            return inner  # type: ignore[no-any-return]
        return Node("not", [_as_any(inner)])

    def both(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "all", x[0], x[2], x[1])

    def either(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "any", x[0], x[2], x[1])

    def excepted(self, x: list[Any]) -> Tree | None:
        if x[0] is None or empty(x[2]):
            return x[0]  # type: ignore[no-any-return]
        return Node("except", [x[0], *alternatives(x[2])])

    def exemplified(self, x: list[Any]) -> Tree | None:
        base, examples = x[0], x[2]
        if empty(examples):
            return base  # type: ignore[no-any-return]
        if empty(base):
            return examples  # type: ignore[no-any-return]
        target = base
        while isinstance(target, Node):
            target = target.members[-1] if target.op != "except" else target.members[0]
        target.includes += (
            examples.members if isinstance(examples, Node) and examples.op in ("all", "any") else [examples]
        )
        return base  # type: ignore[no-any-return]

    def limited(self, x: list[Any]) -> Tree | None:
        base, condition = x[0], x[2]
        if empty(condition):
            return base  # type: ignore[no-any-return]
        if empty(base):
            return condition  # type: ignore[no-any-return]
        if isinstance(base, Node) and base.op == "any":
            # "≤ 2.5 × ULN, or ≤ 5 × ULN if liver metastases": the condition is the last alternative's
            return Node("any", [*base.members[:-1], Node("all", [base.members[-1], condition])])
        return Node("if", [condition, base])

    def guarded(self, x: list[Any]) -> Tree | None:
        if empty(x[1]):
            return x[3]  # type: ignore[no-any-return]
        return x[1] if empty(x[3]) else Node("if", [x[1], x[3]])

    def sequence(self, x: list[Any]) -> Tree | None:
        before, stop, after = x
        if after is None or (empty(after) and stop.value != "again"):
            return before  # type: ignore[no-any-return]
        if empty(before):
            return after  # type: ignore[no-any-return]
        if stop.value == "permission":
            return Node("except", [before, *alternatives(after)])
        if stop.value == "again":
            repeat_subject(before, after)
        op = "all" if self.kind != "exclusion" else "any"
        return Node(op, [before, after])  # type: ignore[arg-type]


def _as_any(tree: Tree) -> Tree:
    """ "no A and B" denies either."""
    if (
        isinstance(tree, Node)
        and tree.op == "all"
        and not any(isinstance(m, Draft) and m.value is not None for m in tree.members)
    ):
        return Node("any", tree.members)
    return tree


@cache
def _parser() -> tuple[Table, _Meaning]:
    meaning = _Meaning()
    return Table(grammar_source(), meaning), meaning


def grammar_source() -> str:
    """The grammar of clauses, whole."""
    terminals = "AND OR NOT SCOPE_END EXCEPT INCLUDE IF LIMIT THEN STOP OPEN CLOSE WORDS VALUE WINDOW"
    return "\n".join(["start: sentences", grammar_text("criterion", "logic"), f"%declare {terminals}"])


class _Clause:
    """A terminal of the clause grammar, with what it stands for."""

    __slots__ = ("first", "last", "type", "value")

    def __init__(self, type_: str, first: int, last: int, value: Any = None) -> None:
        self.type, self.first, self.last, self.value = type_, first, last, value


class _Shaper:
    """Makes an item's lexemes well-formed clauses."""

    def __init__(self, cutter: Cutter, found: list[Phrase], first: int, last: int, kind: Kind) -> None:
        self.cutter, self.kind, self.first, self.last = cutter, kind, first, last
        self.found = {p.first: p for p in found}
        self.default = "AND" if kind != "exclusion" else "OR"

    def clauses(self) -> list[_Clause]:
        """The terminals of the item, in order."""
        return self._balance(self._lists(self._terminals()))

    # ---- lexemes to terminals

    def _terminals(self) -> list[_Clause]:
        cutter = self.cutter
        out: list[_Clause] = []
        entries = cutter.entries
        depth = 0
        i, begin = self.first, -1
        opened: list[_Clause] = []
        sentence = 0  # where the present sentence begins in `out`

        def flush(end: int) -> None:
            nonlocal begin
            if begin >= 0:
                if _SUBSTANCE.search(cutter.codes, begin - cutter.offset, end - cutter.offset):
                    out.append(_Clause("WORDS", begin, end, Words(begin, end)))
                begin = -1

        codes, offset, found = cutter.codes, cutter.offset, self.found
        stops = {p.first for p in found.values()}
        stops.update([offset + m.start() for m in _STRUCTURE.finditer(codes)])
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
                    # The scale inside "≥ grade 3" is content of its own.
                    inner = codes.find("M", phrase.first - offset, phrase.last - offset)
                    if inner >= 0:
                        out.append(
                            _Clause(
                                "WORDS", inner + offset, inner + offset + 1, Words(inner + offset, inner + offset + 1)
                            )
                        )
                    out.append(_Clause("VALUE", phrase.first, phrase.last, phrase))
                else:
                    out.append(_Clause("WINDOW", phrase.first, phrase.last, phrase))
                i = phrase.last
                continue
            c = codes[i - offset]
            kind = _TERMINAL.get(c)
            if c in "po":
                kind = "IF" if self._guard(i) else None
            elif c == "v":
                kind = "DUTY" if entries[i].text in _DUTIES else None
            elif (
                (c == "(" and depth >= MAX_BRACKETS)
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
                    before = out[sentence - 1] if sentence else None
                    if before is not None and before.type == "STOP":
                        before.value = "permission"
                    elif self.kind == "exclusion":
                        return []
                elif self.kind != "exclusion" and len(out) > sentence:
                    out.insert(sentence, _Clause("NOT", i - 1, i - 1))
                continue
            if kind == "DUTY":
                if depth == 0 and self._people(out[sentence:]):
                    out.insert(sentence, _Clause("IF", i - 1, i - 1))
                    out.append(_Clause("COLON", i - 1, i))
                continue
            clause = _Clause(kind, i - 1, i, entries[i - 1].text if kind in ("AND", "OR") else None)
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
        out += [_Clause("CLOSE", self.last, self.last) for _ in range(depth)]
        return out

    def _between_names(self, i: int) -> bool:
        """Whether a slash stands between two things with names of their own."""
        return (
            i > self.first and i + 1 < self.last and self.cutter.code(i - 1) in "KM" and self.cutter.code(i + 1) in "KM"
        )

    def _abbreviating(self, i: int) -> bool:
        """Whether a full stop belongs to a word ("approx.", "St. John")."""
        cutter = self.cutter
        return (
            cutter.entries[i].text == "."
            and i > self.first
            and (
                cutter.entries[i - 1].text in _ABBREVIATIONS
                or (i + 1 < self.last and cutter.ends[i] == cutter.starts[i + 1])
            )
        )

    def _people(self, clauses: list[_Clause]) -> bool:
        """Whether what stands before "must" names some people and nothing else."""
        entries = self.cutter.entries
        words = [c for c in clauses if c.type == "WORDS"]
        if not words or any(c.type not in ("WORDS", "AND", "OR", "OPEN", "CLOSE") for c in clauses):
            return False
        for clause in words:
            terms = [entries[i].roles.get("concept") for i in range(clause.first, clause.last)]
            if not any(t is not None and t.domain == "person" and t.name != "age" for t in terms):
                return False
        return True

    def _guard(self, i: int) -> bool:
        """ "for women …", "in patients with …": a limit to some people."""
        cutter = self.cutter
        if "guard" not in cutter.entries[i].roles and cutter.entries[i].text not in ("for", "in", "among"):
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
        return "population" in roles or (term is not None and term.domain == "person")

    # ---- lists

    def _lists(self, items: list[_Clause]) -> list[_Clause]:
        """Commas become the connective of their list, or close a guard; brackets shield what is inside them."""
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
            elif kind == "STOP":
                frames[-1] = [False, False]
                beginning, guarding = True, False
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
                elif (
                    kind == "COMMA"
                    and follower is not None
                    and follower.type == "WINDOW"
                    and self._closes(items, n + 2)
                ):
                    item.type = "DROP"  # "bleeding or transfusion, within 8 weeks"
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

    def _closes(self, items: list[_Clause], n: int) -> bool:
        """Whether nothing of the same list stands from here on."""
        return n >= len(items) or items[n].type in ("STOP", "CLOSE", "EXCEPT", "IF", "COMMA", "AND", "OR")

    # ---- scopes

    def _balance(self, items: list[_Clause]) -> list[_Clause]:
        """The terminals as the grammar takes them: scopes closed, dangling connectives and empty brackets gone."""
        out: list[_Clause] = []
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
                out.append(_Clause("SCOPE_END" if frame.opener == "NOT" else "CLOSE", last, last))

        def close_scopes() -> None:
            while frames[-1].opener == "NOT":
                close()

        for n, item in enumerate(items):
            kind = item.type
            if kind in _OPERANDS:
                out.append(item)
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
                if out and out[-1].type in _ENDS:
                    close_scopes()
                    if out and out[-1].type in _ENDS:
                        out.append(_Clause("AND", item.first, item.first, "without"))
                out.append(item)
                frames.append(_Frame(kind, len(out)))
            else:
                if kind in ("STOP", "EXCEPT", "IF", "THEN") or (kind in ("AND", "OR") and self._terminates(items, n)):
                    close_scopes()
                self._connect(item, out, frames[-1])
        while len(frames) > 1:
            close()
        while out and out[-1].type in _JOINTS:
            frames[0].forget(out.pop())
        frames[0].drop_guard(out)
        return out

    def _connect(self, item: _Clause, out: list[_Clause], frame: _Frame) -> None:
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
            out.append(_Clause("STOP", item.first, item.first))
            frame.guard = len(out)
        elif kind == "STOP":
            frame.drop_guard(out)
        elif kind == "THEN":
            frame.answered, frame.guard = frame.guard, -1
        out.append(item)

    def _terminates(self, items: Sequence[_Clause], n: int) -> bool:
        """Whether a connective ends a negation: "but", or one behind which a new statement begins."""
        if items[n].value == "but":
            return True
        follower = items[n + 1] if n + 1 < len(items) else None
        if follower is None:
            return False
        if follower.type == "NOT":
            return True
        return follower.type == "WORDS" and self.cutter.entries[follower.first].text in _VERBS


class _Frame:
    """A bracket or a negation that is open: where it began, and a guard in it that still waits for its statement."""

    __slots__ = ("answered", "begin", "guard", "opener")

    def __init__(self, opener: str, begin: int) -> None:
        self.opener, self.begin, self.guard, self.answered = opener, begin, -1, -1

    def forget(self, gone: _Clause) -> None:
        """A `THEN` behind which nothing came leaves its guard waiting again."""
        if gone.type == "THEN":
            self.guard, self.answered = self.answered, -1

    def drop_guard(self, out: list[_Clause]) -> None:
        """A guard that limits nothing is a plain statement."""
        if 0 <= self.guard < len(out):
            del out[self.guard]
        self.guard = -1


_JOINTS = frozenset({"AND", "OR", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "LIMIT"})
_ENDS = frozenset({*_OPERANDS, "CLOSE", "SCOPE_END"})
_TERMINAL = {
    "&": "AND", "|": "OR", ",": "COMMA", "/": "SLASH", ":": "COLON", ".": "STOP", "(": "OPEN", ")": "CLOSE",
    "!": "NOT", "X": "EXCEPT", "?": "IF", "I": "INCLUDE", "+": "ALLOWED", "#": "REFUSED",
}  # fmt: skip
_STRUCTURE = re.compile(r"[&|,/:.()!X?Ipov+#]")
_SUBSTANCE = re.compile("[wKMYqamrnutLHC]")
_ASIDE = re.compile(r"(?<=[wKMaq])\([wKMa]\)")
_ABBREVIATIONS = frozenset(
    ["approx", "dr", "st", "vs", "etc", "incl", "max", "min", "resp", "no", "fig", "cf", "al", "ca", "pt", "pts"]
)
_DUTIES = frozenset(["must", "should", "shall", "agree", "agrees", "will"]) | {
    "must agree",
    "should agree",
    "must be",
    "must have",
}
_VERBS = frozenset(
    [
        "has",
        "have",
        "had",
        "must",
        "should",
        "is",
        "are",
        "was",
        "were",
        "having",
        "shall",
        "will",
        "can",
        "requires",
        "require",
        "meets",
        "meet",
        "willing",
        "able",
    ]
)


def _asides(text: str, lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, an abbreviation in brackets behind its long form marked as part of the words around it."""
    for match in _ASIDE.finditer(codes):
        i = first + match.start() + 1
        short = text[lexemes.starts[i] : lexemes.ends[i]]
        if len(short) <= 9 and (short[:1].isupper() or short[1:2].isupper()):
            codes = f"{codes[: match.start()]}yyy{codes[match.end() :]}"
    return codes


def read(text: str, lexemes: Lexemes, first: int, last: int, kind: Kind) -> Reading:
    """The rule of the lexemes `[first, last)` of one item, and the spans of it that were not understood."""
    found, codes = phrases(text, lexemes, first, last)
    if "(" in codes:
        codes = _asides(text, lexemes, first, codes)
    cutter = Cutter(text, lexemes.entries, codes, first, lexemes.starts, lexemes.ends, kind)
    clauses = _Shaper(cutter, found, first, last, kind).clauses()
    tree: Tree | None = None
    if clauses:
        table, meaning = _parser()
        meaning.cutter, meaning.kind = cutter, kind
        tree = table.run(clauses)
    if isinstance(tree, Draft) and tree.concept is None and tree.time is not None:
        tree.name_by_anchor(text)
    made = rule(tree, text, kind)
    if made is None:
        whole = (lexemes.starts[first], lexemes.ends[last - 1]) if last > first else None
        return Reading(None, (whole,) if whole else ())
    return Reading(*_finish(made, cutter, lexemes, first, last))


def _finish(made: Rule, cutter: Cutter, lexemes: Lexemes, first: int, last: int) -> tuple[Rule, tuple[Span, ...]]:
    """The rule, widened over the carrier words beside it, and the runs of content that no fact took."""
    starts, ends, taken, codes = lexemes.starts, lexemes.ends, cutter.taken, cutter.codes
    spans: list[Span] = []
    begin = end = first  # `begin`: where the next unread run would begin, behind what was taken last
    run = -1
    for i in range(first, last):
        if taken[i - first]:
            if run >= 0:
                spans.append((starts[run], ends[end]))
                run = -1
            begin = i + 1
        elif codes[i - first] in _CONTENT:
            if run < 0:
                run = begin if begin == first else i
            end = i
    if run >= 0:
        spans.append((starts[run], ends[last - 1]))
    low = starts[first] if not spans or spans[0][0] > starts[first] else spans[0][1]
    high = ends[last - 1] if not spans or spans[-1][1] < ends[last - 1] else spans[-1][0]
    span = made.span or (low, high)
    low = next((starts[i] for i in range(first, last) if starts[i] >= low), span[0])
    high = next((ends[i] for i in range(last - 1, first - 1, -1) if ends[i] <= high), span[1])
    return replace(made, span=(min(low, span[0]), max(high, span[1]))), tuple(spans)
