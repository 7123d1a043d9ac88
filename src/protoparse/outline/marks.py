"""What stands before an item: bullets and numbers of every kind, at the beginning of a line or inside one.

In: the text and a place in it. Out: `Mark`s, each with its `readings`: the list it may belong to and its place there.

>>> [m.readings for m in leading("* (3) Able to walk", 0, 18)]
[(('*', 0),), (('(1)', 3),)]
>>> leading("1.5 times the limit", 0, 19)
[]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

Reading = tuple[str, int]
"""A style ("*", "1.", "(a)", "i)") and an ordinal in it; 0 for bullets."""


class Mark(Struct, frozen=True, gc=False):
    """A bullet or number: its place and what it may mean ("i." is a roman one before it is a ninth letter)."""

    start: int
    end: int
    readings: tuple[Reading, ...]

    @property
    def bullet(self) -> bool:
        """Whether it counts nothing."""
        return self.readings[0][1] == 0


_CIRCLED = "①-⑳⑴-⒇⒈-⒛❶-❿"
_SIGNS = "*•·●▪◦○■□►➢➤✓✔∙‣⁃–—\\-\uf0a7\uf0b7\uf0d8"
_MARK = re.compile(
    rf"""
    (?P<number>\d{{1,2}}(?:\.\d{{1,2}})*)\s?(?P<stop>\\?\.\)?|\\?\)|[、．]|(?=-\s+[^\d\s]|:\s))(?!\d)[:-]?
  | (?P<levels>\d{{1,2}}(?:\.\d{{1,2}})+)(?=\s+(?-i:[A-Z][a-z]{{2}})|(?<=\.\d\d)\s?[≤<]\s?age)
  | (?P<bullet>\*(?!\*)|[{_SIGNS[1:]}]|\\[*+-](?=\s)|o(?=[ \t\xa0]+\S)|\+(?=\s))
  | (?P<open>[(\[（【]|\\\[)\s?(?P<inner>\d{{1,2}}(?:(?:\.\d{{1,2}})*|(?-i:[a-z]))|[A-Za-z]|
    [ivx]{{2,5}}|[IVX]{{2,5}})\s?(?:\\?[)\]）】])[.:]?
  | (?P<lettered>\d{{1,2}}(?-i:[a-e]))(?P<behind>\\?[.)])(?=\s+(?-i:[A-Z]))
  | (?P<letter>[ivx]{{2,5}}|[IVX]{{2,5}}|[A-Za-z])(?P<close>\\?\.\)?(?=\s)|\\?\)|
    (?<=(?-i:[ivx]{{2}}))\.(?=(?-i:[A-Z][a-z])))
  | (?-i:(?:I|E|IN|EX|IC|EC|INC|EXC)[ -]?(?P<coded>\d{{1,2}}))[.)](?=\s)
  | (?P<circled>[{_CIRCLED}])
  | (?:\#|(?:criteri(?:on|um)|inclusion|exclusion)\s(?:criterion\s)?(?:no\.?\s?|\#)?)(?P<named>\d{{1,2}})(?:\s?[:.)]|
    (?=\s))
    """,
    re.X | re.I,
)
_BULLETS = {sign: ((sign, 0),) for sign in re.findall(r"\\?(.)", _SIGNS)}
_NAMED = ("crit", "incl", "excl")
_SPECIES = re.compile(r"[A-Z]\\?\.\s+[a-z]")
_ROMAN = {"i": 1, "v": 5, "x": 10}


def roman(word: str) -> int:
    """The value of a small roman numeral, 0 where it is none."""
    total, before = 0, 0
    for letter in reversed(word.lower()):
        value = _ROMAN.get(letter, 0)
        if not value:
            return 0
        total += value if value >= before else -value
        before = max(before, value)
    return total


def _frame(opening: str, closing: str) -> str:
    """The style of a list with "%" for its counting word: `(%)`, `%.`."""
    fold = {"（": "(", "【": "[", "\\[": "["}
    opening = fold.get(opening, opening)
    if opening:
        return opening + "%" + {"(": ")", "[": "]"}[opening]
    return "%" + (")" if closing.endswith(")") and "." not in closing else ".")


@lru_cache(1024)
def _readings(opening: str, word: str, closing: str) -> tuple[Reading, ...]:
    """What a counting word may mean between what opens and what closes it."""
    frame = _frame(opening, closing)
    if word[0].isdigit() and word[-1].isalpha():  # "3b": the second part of 3, or the 3 of an amended protocol
        parts = (frame.replace("%", "a1"), ord(word[-1]) - 96)
        return (parts, (frame.replace("%", "1"), int(word[:-1])))
    if word[0].isdigit():
        *above, last = word.split(".")
        return ((frame.replace("%", "1." * len(above) + "1"), int(last)),)
    found = []
    if value := roman(word):
        found.append((frame.replace("%", "i" if word.islower() else "I"), value))
    if len(word) == 1:
        found.append((frame.replace("%", "a" if word.islower() else "A"), ord(word.lower()[0]) - 96))
    return tuple(found)


def _circled(sign: str) -> tuple[Reading, ...]:
    for first in "①⑴⒈❶":
        if 0 <= ord(sign) - ord(first) < 20:
            return ((first, ord(sign) - ord(first) + 1),)
    return ()


def leading(text: str, start: int, end: int) -> list[Mark]:
    """The marks that open `text[start:end]`: none, one, or several that stand together ("* 1.")."""
    marks: list[Mark] = []
    place = start
    while place < end and len(marks) < 4:
        bullet = _BULLETS.get(text[place])
        if bullet and not text.startswith("**", place, end):
            readings: tuple[Reading, ...] = bullet
            behind = place + 1
        else:
            m = _MARK.match(text, place, end) if _possible(text, place) else None
            if not m or (m.end() == end and not marks and not m["bullet"]):
                break
            behind = m.end()
            match m.lastgroup:
                case "bullet":
                    readings = ((m["bullet"].lstrip("\\"), 0),)
                case "inner":
                    readings = _readings(m["open"], m["inner"], "")
                case "stop":
                    readings = _readings("", m["number"], m["stop"] or ".")
                case "behind":
                    readings = _readings("", m["lettered"], m["behind"])
                case "levels":
                    major, *_, minor = m["levels"].split(".")
                    if len(minor) > 1:  # "2.18 Years": a second item that begins with a number
                        marks.append(Mark(place, place + len(major) + 1, (("1.", int(major)),)))
                        break
                    readings = _readings("", m["levels"], ".")
                case "close":
                    if _SPECIES.match(text, place, end):
                        break
                    readings = _readings("", m["letter"], m["close"])
                case "coded":  # "I-1.", "E02.": kind and number
                    readings = (("I1.", int(m["coded"])),)
                case "circled":
                    readings = _circled(m["circled"])
                case _:
                    readings = (("#1", int(m["named"])),)
        if not readings or (marks and not marks[-1].bullet and readings[0][1] == 0):
            break
        marks.append(Mark(place, behind, readings))
        place = behind
        while place < end and text[place].isspace():
            place += 1
    return marks


def _possible(text: str, place: int) -> bool:
    """Whether a mark could stand at a place, so that it is worth looking closely: seldom at a word."""
    sign = text[place]
    if not ("a" <= sign <= "z" or "A" <= sign <= "Z"):
        return True
    opening = text[place : place + 7]
    return "." in opening or ")" in opening or (sign in "oOcCiIeE" and _begins_word_mark(opening.lower()))


def _begins_word_mark(opening: str) -> bool:
    return opening[:2] in ("o ", "o\t", "o\xa0") or opening[:4] in _NAMED


_AFTER = r"(?:(?![\d.\w])|(?<=\d[.)])(?=[^\W\d])|(?<=[)）])(?=[A-Z][A-Za-z])"
_AFTER += r"|(?<=[:;,]\s\w\))(?=[a-z]))"
"""What may follow a number inside a line: "2. Stroke", "2.Stroke", "b)HIV", "; c)gout"; no decimal, no abbreviation."""
_INLINE = re.compile(  # the sign before it is taken in: a search for one of a few signs is fast
    r"(?:[\s;:](?<!\d:)|(?<=[a-z)])[.)](?=\(?\d))"
    rf"(?:(?P<open>\(?)(?P<word>\d{{1,2}}|[A-Za-z]|[ivx]{{2,4}})(?P<close>[.)]){_AFTER}|"
    r"(?<=[\s;:])(?P<bullet>[•●▪*–-](?=\s+[A-Z\d≥≤<>\\])|(?<=[.;:]\s)(?:\*(?=\s|(?<=[:;]\s\*)[A-Z])|o(?=\s+[A-Z][a-z]))))"
)
_INLINE_WIDE = re.compile(
    r"(?:(?<=[\s;:；：。])(?<!\d:)|(?<=[a-z)][.)])(?=[(（]?\d))"
    rf"(?:(?P<open>[(（]?)(?P<word>\d{{1,2}}|[A-Za-z]|[ivx]{{2,4}})(?P<close>[.)）]|、(?=\D))"
    rf"(?:{_AFTER}|(?<=[）、])(?=[^\W\d]))|"
    r"(?<=[\s;:；：。])(?P<bullet>[•●▪]|[*–-](?=\s+[A-Z\d≥≤<>\\])|(?<=[.;:]\s)(?:\*(?=\s|(?<=[:;]\s\*)[A-Z])|o(?=\s+[A-Z][a-z]))))"
    rf"|(?P<circled>[{_CIRCLED}])"
)


def inline(text: str, start: int, end: int) -> Iterator[Mark]:
    """Every place in `text[start:end]` that could be a mark inside a line; whether it is one, its list decides."""
    narrow = text.isascii()
    for m in (_INLINE if narrow else _INLINE_WIDE).finditer(text, start, end):
        place = m.start() + narrow
        if m["bullet"]:
            yield Mark(place, m.end(), ((m["bullet"], 0),))
        elif not narrow and m["circled"]:
            yield Mark(place, m.end(), _circled(m["circled"]))
        elif bool(m["open"]) <= (m["close"] != "."):
            yield Mark(place, m.end(), _readings(m["open"], m["word"], m["close"].replace("）", ")")))


_INLINE_END = re.compile(
    rf"""
    [.)）、•●▪*–o{_CIRCLED}-]
    (?: (?<=[.)）、])(?<![A-Za-z][A-Za-hj-uwyz].)(?![\d.])(?:(?<=\d.)|(?![a-z])|(?<=[:;,]\s\w\)))  # mostly no mark
        (?:(?<=[\s;:；：。(（]\w.)|(?<=[\s;:；：。(（][\divx][\divx].)|(?<=[ivx]{{3}}.)|(?<=[.)]\d.)|(?<=[.)]\d\d.))
      | (?<=[\s;:；：。][•●▪])
      | (?<=[\s;:；：。][*–-])(?=\s+[A-Z\d≥≤<>\\])
      | (?<=[.;:]\s[*o])(?=\s|[A-Z])
      | (?<=[{_CIRCLED}])
    )
    """,
    re.X,
)


def inline_ends(text: str) -> list[int]:
    """The places in a text where marks inside a line may end: in a stretch without any, `inline` finds nothing."""
    return [m.start() for m in _INLINE_END.finditer(text)]
