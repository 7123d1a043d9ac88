"""What stands over items: section headings, sentences that serve as one, topics.

In: a block's text. Out: the `Heading` it opens with, if any: the kind and the group it sets, and where it ends; what
follows on the same line is an item. A heading that names no kind leaves the kind as it is.

>>> section("Exclusion criteria for Part B: pregnancy", 0, 40)
Heading(kind='exclusion', group='Part B', end=31)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from protoparse.model import Kind
from protoparse.outline.cohorts import DRESS, cohort, group_of, names_cohort


class Heading(NamedTuple):
    """What a heading sets, and the offset behind it."""

    kind: Kind
    group: str | None
    end: int


# ------------------------------------------------------------------ sections

_KEY = re.compile(
    r"""
    \b(?=[neis])(?:(?P<ex>non[-\s]?inclusion|exclusion(?:ary|s)?|excluded|ineligibility)
       | (?P<in>inclusions?|included|eligibility|eligible|selection|entry|enrol?lment))\b
    (?P<both>\s*(?:/|\\/|and|&|or)\s*(?:in|ex)clusion)?
    (?P<criteria>\s*criter(?:i(?:a|on|um|as|ons)|a)\b)?
    """,
    re.I | re.X,
)
_STEM = re.compile(r"[cC][lL][uU][sSdD]|[lL][iI][gG][iI][bB]|[cC][rR][iI][tT][eE][rR]")
_SENTENCE = re.compile(
    r"\b(?:meets?|meeting|met|who|whom|that|which|are|is|be|been|will|must|may|apply|with any|per|these|"
    r"those|this|if|to|"
    r"several|some|certain|following|not|protocol\S*|satisf\w+|fulfil\w*|listed|according|as|than|\w+\s+the)\b",
    re.I,
)
_BEFORE = re.compile(r"[\w\s/&,.()'’+\-–:]*")
_TAIL_STOP = re.compile(r"\s*(?:[:：](?!\d(?!\d?[.)]\s*[^\W\d]))|[-–—]\s)\s*")
_MOST_BEFORE = 8
"""How many words may stand before the key word of a section heading."""
_VERB = re.compile(
    r"\s*(?:will\s+)?(?:include[sd]?|including|are|were|is|was|be|compris\w+|"
    r"consist\w*\s+of)\b(?:\s+as\s+follows|\s+the\s+following)?\s*[:,]?",
    re.I,
)
_OF_WHOM = re.compile(
    r"\s*(?:[-–,]\s*)?(?:\b(?:for|in|of|at|specific\s+to|only|applicable|common|by|\d|cohorts?|arms?|"
    r"parts?|phases?|groups?|stages?|healthy|patients?|controls?|donors?|caregivers?)\b|\(|\[)[^:.;]{0,110}",
    re.I,
)
_PLAIN = re.compile(r"\b(?:in|(?P<ex>ex))clusion criteria ?:", re.I)


@lru_cache(128)  # asked for a line, then for the block that the line begins
def section(text: str, start: int, end: int, *, marked: bool = False) -> Heading | None:
    """The section heading that `text[start:end]` begins with; None where the text only speaks of criteria."""
    if plain := _PLAIN.fullmatch(text, start, end):
        return Heading("exclusion" if plain["ex"] else "inclusion", None, end)
    m = _key(text, start, min(end, start + 120))
    if not m:
        return None
    before = text[start : m.start()]
    word = m["ex"] or m["in"]
    criteria = bool(m["criteria"])
    count = len(before.split())
    if not criteria and (count > 3 or word.lower() in ("selection", "entry", "enrollment", "enrolment")):
        return None
    if count > _MOST_BEFORE or not _BEFORE.fullmatch(before.strip(DRESS)) or _SENTENCE.search(before):
        return None
    if "." in before.rstrip(DRESS)[:-1] or (before.rstrip(DRESS).endswith((":", ",")) and not names_cohort(before)):
        return None
    kind: Kind = "unspecified" if m["both"] else "exclusion" if m["ex"] else "inclusion"
    place = m.end()
    rest = text[place:end]
    bare = rest.strip(DRESS)
    group = group_of(before)
    if not bare or bare in (":", "：", ".", "-", "–", ";", ":-", ": -", "::"):
        if not criteria and (bare not in (":", "：", ":-") and (not word[0].isupper() or word.lower() == "eligible")):
            return None
        if bare == "." and (not before[:1].isupper() and not word[0].isupper()):
            return None
        return Heading(kind, group, end)
    place += len(rest) - len(rest.lstrip(DRESS))
    if not criteria:
        stop = _TAIL_STOP.match(text, place, end)
        if not stop or not text[start].isupper() or text[place] in "-–—":
            return None
        return Heading(kind, group, _undress(text, stop.end(), end))
    if stop := _TAIL_STOP.match(text, place, end):
        named = cohort(text[stop.end() : end] + ":") if stop.end() < end <= stop.end() + 80 else None
        if named:
            return Heading(kind, named, end)
        return Heading(kind, group, _undress(text, stop.end(), end))
    if (whom := _OF_WHOM.match(text, place, end)) and _whole(text, whom.end(), end):
        stop_at = _TAIL_STOP.match(text, whom.end(), end)
        if not _SENTENCE.search(whom.group()) or whom.group().lstrip().startswith(("(", "[")):
            tail = stop_at.end() if stop_at else end
            return Heading(kind, group or group_of(whom.group()), _undress(text, tail, end))
    verb = _VERB.match(text, place, end)
    if verb and not m["both"] and text[start].isupper() and (verb.end() < end or verb.group().endswith(":")):
        return Heading(kind, group, _undress(text, verb.end(), end))
    following = text[place:end].lstrip()
    if following[0] == "." and (before[:1] or word)[0].isupper():
        return Heading(kind, group, text.index(".", place) + 1)
    title = m["criteria"].strip()[0].isupper() and word[0].isupper()
    if (
        title
        and not before.strip()
        and not m["both"]
        and (following[0].isupper() or following[0] in "≥>≤<1(•")
        and not marked
    ):
        return Heading(kind, group, place)
    return None


def _key(text: str, start: int, end: int) -> re.Match[str] | None:
    """The word that says which section it is, looked for where its stem stands, unless too much stands before."""
    stem = _STEM.search(text, start, end)
    if not stem:
        return None
    place = max(start, stem.start() - 16)
    if len(text[start:place].split()) > _MOST_BEFORE:
        return None
    key = _KEY.search(text, place, min(len(text), end + SECTION_REACH))
    return key if key and key.start() < end else None  # "(inclusive)" is none, though a heading be on the next line


def _whole(text: str, place: int, end: int) -> bool:
    return place >= end or bool(_TAIL_STOP.match(text, place, end)) or not text[place:end].strip(DRESS + ".")


def _undress(text: str, place: int, end: int) -> int:
    """Behind the stars and spaces that close a bold heading."""
    while place < end and text.startswith(("**", "__"), place):
        place += 2
    if text.startswith((". ", ".\n"), place):
        place += 1
    while place < end and text[place].isspace():
        place += 1
    return place


SECTION_REACH = 60
"""How far behind a line the word is looked for that ends its section heading."""


def section_stems(low: str) -> list[int]:
    """Where a text has the stems without which no section heading is, in order."""
    found = []
    for stem in ("clusion", "cluded", "ligib", "criter"):
        place = low.find(stem)
        while place >= 0:
            found.append(place)
            place = low.find(stem, place + 1)
    return sorted(found)


def opens_section(text: str, low: str, start: int, end: int) -> int:
    """Where the section heading ends that a line opens with; 0 where there is none (`low`: lower case)."""
    line = low[start : min(end, start + 100)]
    if "clu" not in line and "ligib" not in line and "criter" not in line:
        return 0
    while start < end and text[start] in DRESS:
        start += 1
    heading = section(text, start, end, marked=False)
    if heading is None or (
        heading.end >= end and not text[start].isupper() and text[end - 1] != ":" and "riteri" not in low[start:end]
    ):
        return 0
    return heading.end


_MIDLINE = re.compile(
    r"""
    (?:(?:Key|Main|Major|General|Additional|KEY|MAIN)\s+)?
    (?:(?:(?P<c>Inclusion|Exclusion|Non-?inclusion)\s+[Cc]riteri(?:a|on)|(?P<u>INCLUSION|EXCLUSION)\s+CRITERIA)
        (?:\.(?=\s+(?:1[.)]|[*•-])\s)|(?P<whom>\s+(?:for|of)\s[^:.;]{2,60})?\s*(?::|\s[-–]\s)|\s+(?:are|were|include)\b:?|(?=\s+[A-Z≥>•1])|(?=\s*$))
      | (?P<b>Inclusion|Exclusion|INCLUSION|EXCLUSION)\s*:)
    \s*
    """,
    re.X,
)
_QUOTED = re.compile(
    r"(?:\b(?:the|all|any|these|those|following|other|meets?|of|with|per|no|an?|and|or|to|as|in|see|key)|"
    r"/|\(|\"|“)\s*$",
    re.I,
)


def midline(text: str, low: str, start: int, end: int) -> Iterator[tuple[int, Heading]]:
    """The section headings that stand inside a flattened line, each with its beginning."""
    place = low.find("clusion", start, end)
    behind = start  # the heading before
    while place >= 0:
        following = low.find("clusion", place + 7, end)
        if place <= start + 2 and not place < following < place + 40:  # the heading that the line opens with
            place = following
            continue
        m = _MIDLINE.search(text, max(behind, place - 20), min(end, place + 40))
        if m and m.start() > start and not _QUOTED.search(text, max(start, m.start() - 12), m.start()):
            head = text[max(start, m.start() - 3) : m.start()].rstrip()
            ends = head[-1:] in ".;)-" and bool(head)
            if not ends and m.start() < start + 100:
                opening = section(text, start, end)
                ends = opening is not None and opening.end >= m.end()
                if ends:  # the heading that the line opens with
                    behind = m.end()
                    place = low.find("clusion", behind, end)
                    continue
            if ":" in m.group() or ends or m.end() >= end:
                word = (m["c"] or m["u"] or m["b"]).lower()
                yield (
                    m.start(),
                    Heading(
                        "inclusion" if word.startswith("in") else "exclusion",
                        group_of(m["whom"] or ""),
                        _undress(text, m.end(), end),
                    ),
                )
            behind = m.end()
            place = low.find("clusion", behind, end)
        else:
            place = following


# ------------------------------------------------------------------ sentences that head a list

_SUBJECT = (
    r"(?:(?:all|any|eligible|potential|prospective|adult|female|male|only|an?|the|those|each)\s+)*"
    r"(?:patients?|subjects?|participants?|individuals?|persons?|people|candidates?|volunteers?|you|"
    r"women|men|children|"
    r"adults?|criteria|cases?|donors?|who)\b"
)
_HEADS = re.compile(
    rf"""
    ^(?:in\s+order\s+)?(?:
      (?:to\s+(?:be|participate|enter|qualify|enrol?l?)\b[^.]*)
    | {_SUBJECT}\s+(?:\([^)]*\)\s+)?(?:who|that|meeting|fulfil\w*|satisfy\w*|presenting|having|must|will|may|can|
      could|are|is|were|should|cannot|meets?|with\s+(?:any|one|all|at\ least|the\ following))\b[^.]*
    | (?:eligible|ineligible|included|excluded|not\s+eligible)\s+{_SUBJECT}[^.]*
    | (?:the\s+following|any\s+of\s+the\s+following|all\s+of\s+the\s+following|one\s+of\s+the\s+following|exclu\w+|
      inclu\w+)\b[^.]*
    | (?:we|this\s+study|this\s+trial|the\s+study)\b[^.]*
    | {_SUBJECT}
    )[.:]?$
    """,
    re.I | re.X,
)
_SUCH_PEOPLE = re.compile(rf"(?:not\s+eligible|ineligible|eligible|included|excluded)\s+{_SUBJECT}\s*:?", re.I)
_ABOUT_ENTRY = re.compile(
    r"\b(?:(?:meet\w*|fulfil\w*|satisf\w+|following)\b[^.]{0,40}\bcriteri\w+|eligib\w+|ineligib\w+|"
    r"exclu\w+|inclu(?:ded|sion)|enrol\w+|participat\w+|recruit\w+|entered|entry|qualify)\b",
    re.I,
)
_INTRODUCES = re.compile(
    r"\b(?:following|criteri\w+)\b[^.;]{0,90}[:.]?$"
    r"|\b(?:if|when|who|must|conditions?|have|those|include|are|were|you)\b[^.;]{0,90}:$"
    r"|\b(?:if|when|who|whom|that|must|have|has|had|those|include|are|were|be|with|any|you|they|of|by|"
    r"(?:if|when|whom?)(?:\s+\w+){1,4})$",
    re.I,
)
_REFUSES = re.compile(
    r"\bexclu\w+|\bineligib\w+|\b(?:not|never|cannot|can't|n't|nor|none)\b[^.]{0,40}\b(?:eligib\w+|"
    r"inclu\w+|enrol\w+|participat\w+|recruit\w+|"
    r"enter\w*|allowed|considered|permitted|qualify|take\s+part|accepted|admitted)",
    re.I,
)


def sentence(text: str) -> Kind | None:
    """The kind that a sentence over a list announces ("You may not take part if you:"), if any."""
    if _SUCH_PEOPLE.fullmatch(text):
        return "exclusion" if text[:2].lower() in ("in", "ex", "no") and text[:4].lower() != "incl" else "inclusion"
    if len(text) > 400 or not _HEADS.match(text) or not _ABOUT_ENTRY.search(text) or not _INTRODUCES.search(text):
        return None
    return "exclusion" if _REFUSES.search(text) else "inclusion"


# ------------------------------------------------------------------ topics

_CAPITALS = re.compile(r"[A-Z][A-Z/&,\-]+(?: [A-Z/&,\-]+)+:(?=\s)")


def capitals(text: str, start: int, end: int) -> int:
    """Where a topic in capitals ends that a paragraph opens with ("PRIOR THERAPY: …"); 0 where there is none."""
    m = _CAPITALS.match(text, start, min(end, start + 70))
    return m.end() if m else 0


_SAYS_MORE = re.compile(
    r"\b(?:following|below|any|either|one|two|at least|must|have|has|had|defin\w+|such|includ\w+|"
    r"except\w*|with|without|as|if|no|not|known|history|"
    r"prior to|within|pregnan\w+|age over)\b|[<>≥≤=%;]|\d{2}",
    re.I,
)


def topic(line: str, *, listed: bool) -> bool:
    """Whether a line only names what the items below are about ("Hepatic:"); `listed`: they are marked."""
    name = line.strip(DRESS)
    colon = name.endswith((":", "："))
    name = name.rstrip(":： ")
    words = len(name.split())
    if not name or name[0].islower() or _SAYS_MORE.search(name) or name[-1] in ".;,?)":
        return False
    if colon:
        return words <= 5
    return words <= 8 and listed
