"""One item's lexemes to a rule: phrases are found, scopes set, statements cut and joined.

In: `Lexemes`, the bounds of an item, its kind. Out: `Reading`, the rule and the spans that were not understood;
"no history of stroke or TIA" gives `not (stroke or TIA)`.

Scopes follow ConText: a cue opens one, a termination closes it. What is then fed to `grammars/criterion.lark` and
`logic.lark` is well-formed by construction, so that every item parses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from protoparse.grammar.abilities import abilities
from protoparse.grammar.asides import asides
from protoparse.grammar.clauses import tree_of
from protoparse.grammar.drafts import (
    Draft,
    Tree,
    frame,
    guess,
    named,
    refer,
)
from protoparse.grammar.facts import Cutter
from protoparse.grammar.islands import phrases
from protoparse.grammar.items import CARRIED
from protoparse.grammar.judging import judgements, rejoined
from protoparse.grammar.marking import explains, marked
from protoparse.grammar.naming import Words
from protoparse.grammar.rules import rule
from protoparse.grammar.shaping import STRUCTURE, Shaper, agreeing
from protoparse.grammar.terminals import Clause
from protoparse.lexing import Lexemes
from protoparse.model import Domain, Kind, Rule, Span, Window, moved, places

_CONTENT = frozenset("wKMYqamrnutLHCZVl")
_CARRIERS = re.compile("[HCYv^]")
_TIMING = frozenset("WPNbfDSUF@<o")
_CARRIED = str.maketrans("wO~", "vvv")
_IS_CONTENT = bytes(chr(c) in _CONTENT for c in range(256))


_JUDGED: Mapping[str, Callable[[int], str]] = {
    "name": "w".__mul__,
    "description": lambda n: "V".ljust(n, "l"),
    "opinion": "J".__mul__,
    "aside": "l".__mul__,
}


class Reading(Struct, frozen=True, gc=False):
    """What an item says, and what of it was not understood."""

    rule: Rule | None
    unparsed: tuple[Span, ...]
    time: Window | None = None
    """When, where nothing else is said: what follows holds then."""
    score: float | None = None
    """How sure the rule is, where that was asked."""
    sure: float | None = None
    """How likely a criterion is right of which this is all."""

    def moved(self, by: int) -> Reading:
        """The same reading of the same words, so many characters further on."""
        spans = tuple([(a + by, b + by) for a, b in self.unparsed])
        return Reading(moved(self.rule, by), spans, moved(self.time, by), self.score, self.sure)


class Drafted:
    """The drafts of an item, of which a reading is made; anew where somebody tells more of them."""

    def __init__(self, tree: Tree | None, cutter: Cutter, lexemes: Lexemes, first: int, last: int) -> None:
        self.tree = tree
        self.cutter = cutter
        self.lexemes = lexemes
        self.first, self.last = first, last
        self.kept = True
        """No concept was left out."""

    def reading(self) -> Reading:
        """The rule, and the spans that were not understood."""
        lexemes, first, last = self.lexemes, self.first, self.last
        made = rule(self.tree, self.cutter.text, self.cutter.kind)
        if made is None:
            # what has no kind is named all the same: its time is of it, not of what follows
            time = frame(self.tree) if self.kept else None
            return Reading(None, ((lexemes.starts[first], lexemes.ends[last - 1]),), time)
        return Reading(*_finish(made, self.cutter, lexemes, first, last))

    def guessed(self) -> list[Span]:
        """The concepts of which neither the tables nor the words around them say what kind of thing they are."""
        if self.tree is None:
            return []
        return [span for draft, _ in named(self.tree) if (span := guess(draft)) is not None]

    def grounds(self) -> dict[Span, str]:
        """What says of which domain each concept is.

        "term": the tables have it; "known": they have a word of it; "head": its head or what is said of it tells;
        "none": nothing does.
        """
        return {} if self.tree is None else {d.concept: _ground(d) for d, _ in named(self.tree) if d.concept}

    def tell(self, kinds: Mapping[Span, Domain | None]) -> None:
        """Say of what kind concepts are that were guessed, or that they name nothing.

        What names nothing is left unread, unless it limits something else, since what is asked "unless the listing is
        suspended" is not asked of everybody, or has a time of its own.
        """
        for draft, limiting in named(self.tree) if self.tree is not None else ():
            if draft.concept is not None and draft.concept in kinds:
                draft.domain = kinds[draft.concept] or ("other" if limiting or draft.time is not None else None)
                self.kept = self.kept and draft.domain is not None
                draft.concept = draft.concept if draft.domain is not None else None


def _ground(draft: Draft) -> str:
    if guess(draft) is not None:
        return "none"
    if draft.term is not None:
        return "term"
    return "known" if draft.known else "head"


def drafted(text: str, lexemes: Lexemes, first: int, last: int, kind: Kind) -> Drafted:
    """What the lexemes `[first, last)` of one item say; there is at least one."""
    found, codes = phrases(text, lexemes, first, last)
    judged = judgements(text, lexemes, first, codes)
    for begin, stop, role in (*judged, *((a, b, "aside") for a, b in asides(text, lexemes, first, codes))):
        codes = f"{codes[:begin]}{_JUDGED[role](stop - begin)}{codes[stop:]}"
        found = [p for p in found if p.last <= first + begin or p.first >= first + stop]
        if role == "opinion":
            lexemes, codes = rejoined(lexemes, first, codes, begin, stop)
    codes = marked(text, lexemes, first, codes, found)
    able = abilities(text, lexemes, first, codes, found)
    able = [a for a in able if not any(j.first < a.last and a.first < j.last for j in judged)]
    for begin, stop, _, cue in able:
        carried = codes[cue:begin].translate(_CARRIED) if cue >= 0 else ""
        if codes[begin - len(carried) - 1 : begin - len(carried)] == "!":
            carried = carried.replace("^", "v")  # those who do not agree to it have no duty to
        codes = f"{codes[: begin - len(carried)]}{carried}{'w' * (stop - begin)}{codes[stop:]}"
    cutter = Cutter(text, lexemes.entries, codes, first, lexemes.starts, lexemes.ends, kind)
    cutter.whole = {first + j.first: (first + j.last, "other") for j in judged if j.role == "name"}
    cutter.whole |= {first + a.first: (first + a.last, a.domain) for a in able}
    tree: Tree | None = None
    end = len(codes) - 1 if codes.endswith(".") else len(codes)
    clauses: list[Clause] = []
    if "=" in codes and explains(lexemes, first, codes):
        pass
    elif (
        not found
        and not STRUCTURE.search(codes, 0, end)
        and not agreeing(text, lexemes.starts[first], lexemes.ends[last - 1])
    ):
        # nothing joins or limits anything: one statement
        tree = cutter.cut([Words(first, first + end)]) if end else None
    else:
        clauses = Shaper(cutter, found, first, last, kind).clauses()
    if clauses:
        tree = tree_of(clauses, cutter, kind)
    if cutter.uses and tree is not None:
        refer(tree)
    if isinstance(tree, Draft) and tree.concept is None and tree.time is not None:
        tree.name_by_anchor(text)
    return Drafted(tree, cutter, lexemes, first, last)


def _told(made: Rule, cutter: Cutter, starts: Sequence[int], first: int, last: int) -> bytearray:
    """Which lexemes stand in a rule: what a draft took that came to nothing is unread all the same."""
    told = bytearray(last - first)
    taken = cutter.taken
    for match in _CARRIERS.finditer(cutter.codes):
        told[match.start()] = taken[match.start()]
    if CARRIED in taken:
        for k, mark in enumerate(taken):
            if mark == CARRIED:
                told[k] = 1
    for start, end in places(made):
        k = bisect_left(starts, start, first, last)
        if k > first and cutter.ends[k - 1] > start:
            k -= 1  # a name inside a longer lexeme: the "age" of "patient age"
        while k < last and starts[k] < end:
            told[k - first] = 1
            k += 1
    return told


def _finish(made: Rule, cutter: Cutter, lexemes: Lexemes, first: int, last: int) -> tuple[Rule, tuple[Span, ...]]:
    """The rule, widened over the carrier words beside it, and the runs of content that no fact took."""
    starts, ends, codes = lexemes.starts, lexemes.ends, cutter.codes
    taken = _told(made, cutter, starts, first, last)
    content = codes.encode("latin-1").translate(_IS_CONTENT)
    if not int.from_bytes(content) & ~int.from_bytes(taken.replace(b"\2", b"\1")):
        return replace(made, span=(starts[first], ends[last - 1])), ()
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
                while run > begin and codes[run - 1 - first] in _TIMING:
                    run -= 1
            end = i
    if run >= 0:
        spans.append((starts[run], ends[last - 1]))
    low = starts[first] if not spans or spans[0][0] > starts[first] else spans[0][1]
    high = ends[last - 1] if not spans or spans[-1][1] < ends[last - 1] else spans[-1][0]
    span = made.span or (low, high)
    low = next((starts[i] for i in range(first, last) if starts[i] >= low), span[0])
    high = next((ends[i] for i in range(last - 1, first - 1, -1) if ends[i] <= high), span[1])
    return replace(made, span=(min(low, span[0]), max(high, span[1]))), tuple(spans)
