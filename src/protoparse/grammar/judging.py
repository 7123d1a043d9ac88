"""Where somebody judges: "any condition that, in the investigator's opinion, would compromise the subject's safety".

In: the codes of an item. Out: `Judgement`s, the lexemes of such clauses. What may be anything at all is one name with
the clause behind it, of no kind of its own; behind something that has a name the clause only describes it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from protoparse import lexicon
from protoparse.lexing import Lexemes, lexer

_WORD = re.compile("[a-z-]+")
_UNBROKEN = re.compile(r"[^\s,.;:()]+")
_SENTENCE = re.compile(r"[^.\n]+")
_RELATIVE = ("that", "which", "whose")
_ENDING = re.compile(r"[(:IX]")
_ANEW = re.compile(r",[&|]?(?:[HC]|[dmHC]*K)")
_BESIDE = re.compile("[,J]")
_NAME = re.compile("[wKM]")
_SEVERAL = re.compile("[,&|/]")
_ANOTHER = re.compile(r"(?:,[&|]?|[&|])[dmKwC]{1,5}R")
_NOBODY = re.compile(r"[vdR^HCpO,J&|i-]*")
_NEAR = 3
"""So few lexemes behind the relative somebody's opinion is named."""


class Judgement(NamedTuple):
    """The lexemes `[first, last)` of a clause that judges, counted from the beginning of its item."""

    first: int
    last: int
    role: Literal["name", "description", "opinion"]


@cache
def _words() -> Mapping[str, frozenset[str]]:
    return {row["part"]: frozenset(lexicon.spellings(row["words"])) for row in lexicon.rows("judgements")}


@cache
def _judging() -> frozenset[str]:
    """Every judgement has one of these words, and few items have one."""
    return frozenset().union(*(_words()[part] for part in ("hazard", "opinion", "opining", "judged", "view")))


def judgements(text: str, lexemes: Lexemes, first: int, codes: str) -> list[Judgement]:
    """The clauses of an item that say what somebody judges of it, in order."""
    last = first + len(codes)
    if not codes:
        return []
    begin = lexemes.starts[first]
    words = text[begin : lexemes.ends[last - 1]].lower()
    if "criteri" in words and _of_itself(words):
        return [Judgement(0, len(codes.rstrip(".")), "name")]
    if _judging().isdisjoint(_WORD.findall(words)):
        return []
    reader = _Reader([e.text.split() for e in lexemes.entries[first:last]], codes, lexemes, first)
    found = [j for m in _SENTENCE.finditer(codes) for j in reader.sentence(m.start(), m.end())]
    for match in _opinions().finditer(words):
        start, end = (
            bisect_left(at, begin + x, first, last) - first
            for at, x in ((lexemes.starts, match.start()), (lexemes.ends, match.end()))
        )
        if not any(j.first <= start < j.last for j in found):
            found.append(Judgement(start, end + 1, "opinion"))
    return found


def _of_itself(words: str) -> bool:
    """Whether an item only says that the criteria are met or not ("failure to fulfil the inclusion criteria")."""
    table, said = _words(), set(_UNBROKEN.findall(words))
    if said.isdisjoint(table["meeting"]) or said.isdisjoint(table["own"]) or words.rstrip().endswith(":"):
        return False
    return said <= table["meeting"] | table["own"] | table["own beside"]


@cache
def _opinions() -> re.Pattern[str]:
    """ "in the opinion of the investigator or sponsor", "in the treating physician's judgment"."""
    table = _words()
    person = rf"(?:[a-z]+[ -]){{0,2}}(?:{'|'.join(table['person'])})\b"
    view = rf"(?:{'|'.join(table['view'])})\b"
    lead = r"\b(?:in|on|at|per|as per|based on|based upon|according to) (?:the |an? )?"
    several = rf"(?:the |an? )?{person}(?: ?(?:or|and|/|and/or) ?(?:the |an? )?{person})*"
    return re.compile(rf"{lead}(?:(?:[a-z]+ )?{view} of {several}|{several}(?:['’]s|s['’])? (?:[a-z]+ )?{view})")


def rejoined(lexemes: Lexemes, first: int, codes: str, begin: int, stop: int) -> tuple[Lexemes, str]:
    """The lexemes and codes of an item in which an opinion at `[begin, stop)` parts no cue.

    "unable, in the opinion of the sponsor, to comply" is "unable to, in the opinion of the sponsor, comply".
    """
    head = begin - (2 if codes[:begin].endswith(",") else 1)
    tail = stop + codes.startswith(",", stop)
    if head < 0 or tail >= len(codes):
        return lexemes, codes
    cue = lexer().phrase([lexemes.entries[first + k].text for k in (head, tail)])
    if cue is None or "ability" not in cue.roles:
        return lexemes, codes
    entries = [*lexemes.entries]
    entries[first + head] = cue
    between = "J" * (tail - head)
    return lexemes._replace(entries=entries), f"{codes[:head]}{cue.code}{between}{codes[tail + 1 :]}"


class _Reader:
    """The words of one item."""

    def __init__(self, words: Sequence[list[str]], codes: str, lexemes: Lexemes, offset: int) -> None:
        self.words, self.codes, self.lexemes, self.offset = words, codes, lexemes, offset
        self.table = table = _words()
        self.known = table["circumstance"] | table["kind"] | table["besides"]

    def sentence(self, begin: int, end: int) -> list[Judgement]:
        """The judgements of one sentence."""
        if self._opines(begin, end):
            return [Judgement(begin, end, "name")]
        found: list[Judgement] = []
        k = begin + 1
        while k < end:
            if self._leads(k):
                made = self._clause(begin, k, end)
                if made:
                    found += made
                    begin = k = made[-1].last
            k += 1
        return found or self._verdict(begin, end)

    def _any(self, part: str, first: int, last: int) -> bool:
        table = self.table[part]
        return any(not table.isdisjoint(w) for w in self.words[first:last])

    def _opines(self, begin: int, end: int) -> bool:
        """ "The investigator believes that …": all of it is what somebody thinks."""
        while begin < end and self.codes[begin] == "d":
            begin += 1
        said = [w for words in self.words[begin : min(begin + 4, end)] for w in words]
        if not said or (said[0] not in self.table["person"] and said[:1] + said[1:2] != ["principal", "investigator"]):
            return False
        return any(w in self.table["opining"] for w in said[1:4])

    def _leads(self, k: int) -> bool:
        """Whether a clause on what stands before it may begin with a lexeme."""
        code, words = self.codes[k], self.words[k]
        if code == "R":
            return words[0] in _RELATIVE or words[0] in self.table["hazard"] or self.codes[k - 1] in ",J"
        return code == "J" or words[0] in self.table["judged"]

    def _clause(self, begin: int, k: int, end: int) -> list[Judgement]:
        """What a clause that begins at k makes of itself and of what it is about; nothing where it judges nothing."""
        close = self._end(k, end)
        early = self._opinion(k, min(k + _NEAR + 1, close)) or self.codes[k - 1] == "J"
        hazard, stake = self._any("hazard", k, close), self._any("stake", k, close)
        judged = self._opinion(k, close) and (hazard or stake or self._any("verdict", k, close))
        relative = self.words[k][0] in _RELATIVE
        if not judged and not (hazard and stake) and not (early and relative):
            return []
        head = k - 1
        while head > begin and _BESIDE.match(self.codes[head]):
            head -= 1
        aside = self.codes[head] == ")"
        if aside:
            head = self.codes.rfind("(", begin, head) - 1
        if head < begin:
            return []
        start = self._head(begin, head, judged or early)
        lone = self.codes[head] == "w" and self.codes[head - 1] in "dm" and self.codes[max(head - 2, 0)] not in "Op"
        if start is None and early and relative and lone:
            start = head  # "an eye that, in the investigator's opinion, …": of no kind that could be checked
        if start is not None and aside:
            return [Judgement(start, head + 1, "name"), Judgement(k, close, "description")]
        if start is not None:
            return [Judgement(start, close, "name")]
        if _NAME.search(self.codes, begin, head + 1) and self.codes[k] == "R" and (self.codes[head] in "wKM" or early):
            another = next((m for m in _ANOTHER.finditer(self.codes, k + 1, close) if self._again(m.end() - 1)), None)
            return [Judgement(k, another.start() if another else close, "description")]
        return []

    def _again(self, k: int) -> bool:
        """Whether a clause on something else that may be anything begins at k."""
        return self.words[k][0] in _RELATIVE and self.words[k - 1][-1] in self.table["circumstance"]

    def _opinion(self, first: int, last: int) -> bool:
        """Whether it is said whose opinion something is."""
        if "J" in self.codes[first:last] or self._any("opinion", first, last):
            return True
        return self._any("judged", first, last) and self._any("person", first, last)

    def _end(self, k: int, end: int) -> int:
        """Where a clause ends: at a bracket or examples, or where a list goes on behind a comma."""
        stop = _ENDING.search(self.codes, k + 1, end)
        while stop is not None and stop[0] == "(":
            close = self.codes.find(")", stop.start(), end)
            if not 0 < close <= stop.start() + 3 or not self._any("person", stop.start(), close):
                break  # "the investigator (or sponsor)" goes on
            stop = _ENDING.search(self.codes, close, end)
        last = stop.start() if stop else end
        for match in _ANEW.finditer(self.codes, k + 1, last):
            i = match.end() - 1
            term = self.lexemes.entries[self.offset + i].roles.get("concept")
            disease = term is not None and term.domain in ("condition", "drug", "device", "person")
            if self.codes[i] in "HC" or (disease and not self._general(i)):
                return match.start()
        while last > k + 1 and self.codes[last - 1] in ",&|:-?!":
            last -= 1
        return last

    def _general(self, i: int) -> bool:
        table = self.table
        return all(w in table["circumstance"] or w in table["kind"] or not w[0].isalpha() for w in self.words[i])

    def _head(self, begin: int, head: int, opined: bool) -> int | None:
        """Where the name of what may be anything begins, that ends with a lexeme; None where it is something."""
        table = self.table
        start = i = head
        while i >= begin and (self.codes[i] in "d,&|/-" or self._general_end(i)):
            if self.codes[i] not in "d,&|/-":
                start = i
            i -= 1
        if start == head and not self._general_end(head):
            return None
        if i >= begin and i == start - 1 and self.codes[i] in "wKMaY":
            return None
        for n in range(head - 1, start + 1, -1):
            described = self.codes[n - 2] in "mC" and self.words[n - 1][-1] in table["besides"]
            if self.codes[n] == "|" and described and self._another(n + 1):
                start = n + 1  # "active infection or any other condition that would …"
                break
        if not any(self.words[n][-1] in table["circumstance"] for n in range(start, head + 1)):
            return None
        if not opined and _SEVERAL.search(self.codes, start, head) is None and "other" not in self.words[start]:
            said = {w for words in self.words[start : head + 1] for w in words}
            if not table["field"].isdisjoint(said) and said.isdisjoint(("other", "medical", "any")):
                return None  # "a psychiatric disorder that would interfere with compliance" is one
        return start

    def _another(self, k: int) -> bool:
        """Whether something else is spoken of from k on: "any other"."""
        return "other" in self.words[k] or (self.codes[k] == "d" and "other" in self.words[k + 1])

    def _general_end(self, i: int) -> bool:
        """Whether nothing in a lexeme says of what kind a thing is: "other medical", "severe and/or unstable"."""
        known = self.known
        return self.codes[i] in "mC" or all(w in known or w in _JOINTS for w in self.words[i])

    def _verdict(self, begin: int, end: int) -> list[Judgement]:
        """ "… deemed unsuitable by the investigator": what is said of people, not of anything that they have."""
        k = next((i for i in range(begin, end) if not self.table["verdict"].isdisjoint(self.words[i])), -1)
        if k < 0:
            return []
        start = k
        while start > begin and (
            self.codes[start - 1] in "J!~d"
            or self.words[start - 1][-1] in ("be", "as", "not", "being", "to")
            or not self.table["judged"].isdisjoint(self.words[start - 1])
        ):
            start -= 1
        while start < k and self.codes[start] == "d":
            start += 1
        close = self._end(k, end)
        told = any(not self.table["judged"].isdisjoint(w) for w in self.words[start:k])
        if not told and not self._opinion(start, close):
            return []
        if _NOBODY.fullmatch(self.codes, begin, start) is None:
            return []
        if k + 1 < close and self.words[k + 1][0] in ("for", "to"):
            # "ineligible for transplantation" can be checked
            terms = [self.lexemes.entries[self.offset + i].roles.get("concept") for i in range(k + 1, close)]
            first = next((i for i, t in enumerate(terms, k + 1) if t is not None and t.domain in _TREATING), close)
            if first < close and self.table["stake"].isdisjoint(self.words[first]):
                return []
        return [Judgement(start, close, "name")]


_JOINTS = frozenset({"or", "and", "/", "-", ",", "any", "the", "a", "an", "and/or"})
_TREATING = ("procedure", "drug", "device")
