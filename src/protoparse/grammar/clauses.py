"""One item's lexemes to a rule: phrases are found, scopes set, statements cut and joined.

In: `Lexemes`, the bounds of an item, its kind. Out: `Reading`, the rule and the spans that were not understood;
"no history of stroke or TIA" gives `not (stroke or TIA)`.

Scopes follow ConText: a cue opens one, a termination closes it. What is then fed to `grammars/criterion.lark` and
`logic.lark` is well-formed by construction, so that every item parses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from lark import Lark, Transformer

from protoparse.grammar.facts import Bracket, Cutter, Draft, Node, Tree, Words, alternatives, empty, rule
from protoparse.grammar.files import grammar_text
from protoparse.grammar.phrases import Lexeme, Phrase, PremadeLexer, Value, phrases
from protoparse.grammar.sharing import join
from protoparse.lexing import Entry, Lexemes
from protoparse.model import Kind, Note, Rule, Span

MAX_BRACKETS = 12
"""Brackets nested deeper are read as words."""

_NOTHING = Entry("", "", {})
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

    def conjunction(self, x: list[Any]) -> Any:
        return x[0]

    def disjunction(self, x: list[Any]) -> Any:
        return x[0]

    def both(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "all", x[0], x[2], x[1])

    def either(self, x: list[Any]) -> Tree | None:
        return join(self.cutter, "any", x[0], x[2], x[1])

    def sentence(self, x: list[Any]) -> Any:
        return x[0]

    def sentences(self, x: list[Any]) -> Any:
        return x[0]

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
        target.includes += examples.members if isinstance(examples, Node) and examples.op in ("all", "any") else [examples]
        return base  # type: ignore[no-any-return]

    def limited(self, x: list[Any]) -> Tree | None:
        if empty(x[2]):
            return x[0]  # type: ignore[no-any-return]
        return x[2] if empty(x[0]) else Node("if", [x[2], x[0]])

    def guarded(self, x: list[Any]) -> Tree | None:
        if empty(x[1]):
            return x[3]  # type: ignore[no-any-return]
        return x[1] if empty(x[3]) else Node("if", [x[1], x[3]])

    def sequence(self, x: list[Any]) -> Tree | None:
        before, stop, after = x
        if empty(after):
            return before  # type: ignore[no-any-return]
        if empty(before):
            return after  # type: ignore[no-any-return]
        if stop.value == "permission":
            return Node("except", [before, *alternatives(after)])
        op = "all" if self.kind != "exclusion" else "any"
        return Node(op, [before, after])  # type: ignore[arg-type]

    def start(self, x: list[Any]) -> Tree | None:
        return x[0]  # type: ignore[no-any-return]


def _as_any(tree: Tree) -> Tree:
    """ "no A and B" denies either."""
    if isinstance(tree, Node) and tree.op == "all" and not any(
        isinstance(m, Draft) and m.value is not None for m in tree.members
    ):
        return Node("any", tree.members)
    return tree


@cache
def _parser() -> tuple[Lark, _Meaning]:
    meaning = _Meaning()
    return Lark(grammar_source(), parser="lalr", lexer=PremadeLexer, transformer=meaning), meaning


def grammar_source() -> str:
    """The grammar of clauses, whole."""
    terminals = "AND OR NOT SCOPE_END EXCEPT INCLUDE IF THEN STOP OPEN CLOSE WORDS VALUE WINDOW"
    return "\n".join(["start: sentences", grammar_text("criterion", "logic"), f"%declare {terminals}"])


class _Clause(Lexeme):
    """A terminal of the clause grammar, with what it stands for."""

    __slots__ = ("value",)

    def __init__(self, type_: str, first: int, last: int, value: Any = None) -> None:
        super().__init__(type_, _NOTHING, first, last, first, last)
        self.value = value


class _Shaper:
    """Makes an item's lexemes well-formed clauses."""

    def __init__(self, cutter: Cutter, found: list[Phrase], first: int, last: int, kind: Kind) -> None:
        self.cutter, self.kind, self.first, self.last = cutter, kind, first, last
        self.found = {p.first: p for p in found}
        self.default = "AND" if kind != "exclusion" else "OR"

    def clauses(self) -> list[_Clause]:
        """The terminals of the item, in order."""
        return self._trim(self._scopes(self._lists(self._terminals())))

    # ---- lexemes to terminals

    def _terminals(self) -> list[_Clause]:
        cutter, out = self.cutter, []
        code, entries = cutter.code, cutter.entries
        depth = 0
        i, begin = self.first, -1

        def flush(end: int) -> None:
            nonlocal begin
            if begin >= 0:
                if any(code(j) in _CONTENT for j in range(begin, end)):
                    out.append(_Clause("WORDS", begin, end, Words(begin, end)))
                begin = -1

        while i < self.last:
            phrase = self.found.get(i)
            if phrase is not None:
                flush(i)
                # The scale inside "≥ grade 3" is content of its own.
                inner = next((j for j in range(phrase.first, phrase.last) if code(j) == "M"), None)
                if inner is not None:
                    out.append(_Clause("WORDS", inner, inner + 1, Words(inner, inner + 1)))
                out.append(_Clause("VALUE" if isinstance(phrase.meaning, Value) else "WINDOW", phrase.first, phrase.last, phrase))
                i = phrase.last
                continue
            c = code(i)
            kind = _TERMINAL.get(c)
            if c == "(" and self._aside(i):
                if begin < 0:
                    begin = i
                i += 3
                continue
            if c == "(" and depth >= MAX_BRACKETS or c == ")" and depth == 0:
                kind = None
            if c == "/" and not self._between_names(i):
                kind = None
            if c == "." and self._abbreviating(i):
                kind = None
            if c == "p" and self._guard(i):
                kind = "IF"
            if kind is None:
                if begin < 0:
                    begin = i
                i += 1
                continue
            flush(i)
            if kind == "OPEN":
                depth += 1
            elif kind == "CLOSE":
                depth -= 1
            out.append(_Clause(kind, i, i + 1, entries[i].text if kind in ("AND", "OR") else None))
            i += 1
        flush(self.last)
        out += [_Clause("CLOSE", self.last, self.last) for _ in range(depth)]
        return out

    def _aside(self, i: int) -> bool:
        """An abbreviation in brackets behind its long form: part of the words around it."""
        cutter = self.cutter
        if i + 2 >= self.last or i == self.first or cutter.code(i + 2) != ")":
            return False
        text = cutter.text[cutter.starts[i + 1] : cutter.ends[i + 1]]
        if len(text) > 9 or not (text[:1].isupper() or text[1:2].isupper()) or cutter.code(i + 1) not in "wKMa":
            return False
        if cutter.code(i - 1) not in "wKMaq":
            return False
        offset = cutter.offset
        cutter.codes[i - offset : i + 3 - offset] = ["y", "y", "y"]  # type: ignore[index]
        return True

    def _between_names(self, i: int) -> bool:
        """Whether a slash stands between two things with names of their own."""
        return i > self.first and i + 1 < self.last and self.cutter.code(i - 1) in "KM" and self.cutter.code(i + 1) in "KM"

    def _abbreviating(self, i: int) -> bool:
        """Whether a full stop belongs to a word ("approx.", "St. John")."""
        cutter = self.cutter
        return cutter.entries[i].text == "." and i > self.first and (
            cutter.entries[i - 1].text in _ABBREVIATIONS or (i + 1 < self.last and cutter.ends[i] == cutter.starts[i + 1])
        )

    def _guard(self, i: int) -> bool:
        """ "for women …", "in patients with …": a limit to some people."""
        cutter = self.cutter
        if "guard" not in cutter.entries[i].roles and cutter.entries[i].text not in ("for", "in", "among"):
            return False
        j = i + 1
        while j < self.last and cutter.code(j) in "dm":
            j += 1
        if j >= self.last or j in self.found:
            return False
        roles = cutter.entries[j].roles
        term = roles.get("concept")
        return "population" in roles or (term is not None and term.domain == "person")

    # ---- lists

    def _lists(self, items: list[_Clause]) -> list[_Clause]:
        """Commas become the connective of their list, or close a guard; brackets shield what is inside them."""
        after: list[str] = []  # by depth: the next connective to the right
        for item in reversed(items):
            if item.type == "CLOSE":
                after.append("")
            elif item.type == "OPEN":
                if after:
                    after.pop()
            else:
                if not after:
                    after.append("")
                if item.type in ("AND", "OR"):
                    if item.value != "slash":
                        after[-1] = item.type
                elif item.type in ("STOP", "EXCEPT", "IF", "INCLUDE"):
                    after[-1] = ""
                elif item.type == "COMMA":
                    item.value = after[-1]
        guarding = False
        at_beginning = True
        for item in items:
            if item.type == "IF":
                guarding = at_beginning
            elif item.type == "COMMA":
                if guarding:
                    item.type, guarding = "THEN", False
                else:
                    item.type = item.value or self.default
                    item.value = ","
            elif item.type == "SLASH":
                item.type, item.value = self.default, "/"
            elif item.type == "COLON":
                item.type = "THEN" if guarding else "DROP"
                guarding = False
            if item.type == "STOP":
                at_beginning, guarding = True, False
            elif item.type in _OPERANDS:
                at_beginning = False
        return [i for i in items if i.type != "DROP"]

    # ---- scopes

    def _scopes(self, items: list[_Clause]) -> list[_Clause]:
        """Each negation gets the end of its scope; operands that stand side by side around it are joined."""
        out: list[_Clause] = []
        open_scopes: list[int] = []  # depth at which each was opened
        depth = 0
        for n, item in enumerate(items):
            kind = item.type
            if kind == "CLOSE":
                while open_scopes and open_scopes[-1] == depth:
                    open_scopes.pop()
                    out.append(_Clause("SCOPE_END", item.first, item.first))
                depth -= 1
            elif kind == "OPEN":
                depth += 1
            elif kind in ("STOP", "EXCEPT", "IF", "THEN") or (kind in ("AND", "OR") and self._terminates(items, n)):
                while open_scopes and open_scopes[-1] == depth:
                    open_scopes.pop()
                    out.append(_Clause("SCOPE_END", item.first, item.first))
            elif kind == "NOT":
                if open_scopes and open_scopes[-1] == depth and out and out[-1].type == "NOT":
                    continue  # "must not have no": said twice
                if out and out[-1].type in (*_OPERANDS, "CLOSE", "SCOPE_END"):
                    while open_scopes and open_scopes[-1] == depth:
                        open_scopes.pop()
                        out.append(_Clause("SCOPE_END", item.first, item.first))
                    out.append(_Clause("AND", item.first, item.first, "without"))
                open_scopes.append(depth)
            out.append(item)
        out += [_Clause("SCOPE_END", self.last, self.last) for _ in open_scopes]
        return out

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

    # ---- trimming

    def _trim(self, items: list[_Clause]) -> list[_Clause]:
        """Only what has operands stays: dangling connectives, empty brackets and scopes fall away."""
        while True:
            out: list[_Clause] = []
            for item in items:
                kind = item.type
                last = out[-1].type if out else "BEGIN"
                dangling = last not in (*_OPERANDS, "CLOSE", "SCOPE_END")
                if kind in ("AND", "OR", "STOP", "THEN", "EXCEPT", "INCLUDE"):
                    if kind in ("EXCEPT", "INCLUDE") and last == "OPEN":
                        out.append(item)
                        continue
                    while out and out[-1].type in ("AND", "OR", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "NOT"):
                        gone = out.pop()
                        if gone.type in ("AND", "OR") and kind in ("AND", "OR") and gone.value != ",":
                            item = gone if item.value == "," else item
                        if gone.type in ("EXCEPT", "INCLUDE") and kind in ("AND", "OR"):
                            item = gone
                    if not out or out[-1].type == "OPEN":
                        if item.type in ("EXCEPT", "INCLUDE") and out:
                            out.append(item)
                        continue
                    out.append(item)
                elif kind in ("SCOPE_END", "CLOSE"):
                    opener = "NOT" if kind == "SCOPE_END" else "OPEN"
                    while out and out[-1].type in ("AND", "OR", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "NOT") and out[-1].type != opener:
                        out.pop()
                    if out and out[-1].type == opener:
                        out.pop()
                    elif out:
                        out.append(item)
                elif kind == "IF":
                    if last in ("AND", "OR", "EXCEPT", "INCLUDE", "THEN", "IF"):
                        out.pop()
                    out.append(item)
                else:
                    if kind == "OPEN" and dangling and last != "OPEN":
                        pass
                    out.append(item)
            while out and out[-1].type in ("AND", "OR", "STOP", "THEN", "EXCEPT", "INCLUDE", "IF", "NOT"):
                out.pop()
            if len(out) == len(items):
                return self._guards(out)
            items = out

    def _guards(self, items: list[_Clause]) -> list[_Clause]:
        """An `IF` at the head of a statement needs its `THEN`; a `THEN` without its `IF` is a plain connective."""
        waiting: list[_Clause | None] = [None]
        for n, item in enumerate(items):
            if item.type == "OPEN":
                waiting.append(None)
            elif item.type in ("CLOSE", "SCOPE_END", "STOP") or item.type == "NOT":
                if waiting[-1] is not None:
                    waiting[-1].type = "DROP"
                    waiting[-1] = None
                if item.type == "CLOSE" and len(waiting) > 1:
                    waiting.pop()
            elif item.type == "IF":
                before = items[n - 1].type if n else "STOP"
                if before in ("STOP", "OPEN", "NOT"):
                    if before == "OPEN":
                        continue
                    waiting[-1] = item
            elif item.type == "THEN":
                if waiting[-1] is not None:
                    waiting[-1] = None
                else:
                    item.type, item.value = self.default, ","
        for item in waiting:
            if item is not None:
                item.type = "DROP"
        return [i for i in items if i.type != "DROP"]


_TERMINAL = {
    "&": "AND", "|": "OR", ",": "COMMA", "/": "SLASH", ":": "COLON", ".": "STOP", "(": "OPEN", ")": "CLOSE",
    "!": "NOT", "X": "EXCEPT", "?": "IF", "I": "INCLUDE",
}  # fmt: skip
_ABBREVIATIONS = frozenset("approx dr st vs etc incl max min resp no fig cf al ca pt pts".split())
_VERBS = frozenset(
    "has have had must should is are was were having shall will can requires require meets meet willing able".split()
)


def read(text: str, lexemes: Lexemes, first: int, last: int, kind: Kind) -> Reading:
    """The rule of the lexemes `[first, last)` of one item, and the spans of it that were not understood."""
    found, codes = phrases(text, lexemes, first, last)
    cutter = Cutter(text, lexemes.entries, codes, first, lexemes.starts, lexemes.ends, kind)
    clauses = _Shaper(cutter, found, first, last, kind).clauses()
    tree: Tree | None = None
    if clauses:
        parser, meaning = _parser()
        meaning.cutter, meaning.kind = cutter, kind
        tree = parser.parse(clauses)  # type: ignore[arg-type, assignment]
    made = rule(tree, text, kind)
    if made is None:
        whole = (lexemes.starts[first], lexemes.ends[last - 1]) if last > first else None
        return Reading(None, (whole,) if whole else ())
    return Reading(made, _unread(cutter, lexemes, first, last, made))


def _unread(cutter: Cutter, lexemes: Lexemes, first: int, last: int, made: Rule) -> tuple[Span, ...]:
    """The content that no fact took, and whatever lies outside the rule, runs joined."""
    spans: list[Span] = []
    begin, end = made.span or (0, 0)
    taken, codes, starts, ends = cutter.taken, cutter.codes, lexemes.starts, lexemes.ends
    run: list[int] | None = None
    for k in range(last - first):
        i = first + k
        inside = begin <= starts[i] and ends[i] <= end
        if taken[k] or (inside and codes[k] not in _CONTENT):
            if inside and codes[k] not in _CONTENT and run is not None and not taken[k]:
                continue
            if run is not None:
                spans.append((run[0], run[1]))
                run = None
        elif run is None:
            run = [starts[i], ends[i]]
        else:
            run[1] = ends[i]
    if run is not None:
        spans.append((run[0], run[1]))
    return tuple(spans)
