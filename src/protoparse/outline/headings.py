"""What stands over items: section headings, sentences that serve as one, cohorts and topics.

In: a block's text. Out: the `Heading` it opens with, if any: the kind and the group it sets, and where it ends; what
follows on the same line is an item. A heading that names no kind leaves the kind as it is.

>>> section("Exclusion criteria for Part B: pregnancy", 0, 40)
Heading(kind='exclusion', group='Part B', end=31)
>>> cohort("For healthy volunteers:")
'For healthy volunteers'
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from protoparse.model import Kind


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
_DRESS = "*_#= \t\xa0"
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
_EVERYBODY = re.compile(
    r"\b(?:all|both|every|any|each|general|overall|common|screening|study|trial|enrol?lment|entry)\b", re.I
)
_LEADING_WORDS = re.compile(
    r"^(?:(?:the|key|main|major|general|additional|other|specific|primary|additional|further|core|list|"
    r"of|lastly|patients?|participants?|subjects?|individuals?|clinical|study|trial|important|selected|"
    r"basic|common|detailed|full|protocol|summary)\b[\s,:]*)+",
    re.I,
)


_FOR = re.compile(r"^(?:for|in|of|specific\s+to|only\s+for|applicable\s+to)\s+(?:the\s+)?", re.I)
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
    if count > _MOST_BEFORE or not _BEFORE.fullmatch(before.strip(_DRESS)) or _SENTENCE.search(before):
        return None
    if "." in before.rstrip(_DRESS)[:-1] or (before.rstrip(_DRESS).endswith((":", ",")) and not _COHORT.search(before)):
        return None
    kind: Kind = "unspecified" if m["both"] else "exclusion" if m["ex"] else "inclusion"
    place = m.end()
    rest = text[place:end]
    bare = rest.strip(_DRESS)
    group = _group_of(before)
    if not bare or bare in (":", "：", ".", "-", "–", ";", ":-", ": -", "::"):
        if not criteria and (bare not in (":", "：", ":-") and (not word[0].isupper() or word.lower() == "eligible")):
            return None
        if bare == "." and (not before[:1].isupper() and not word[0].isupper()):
            return None
        return Heading(kind, group, end)
    place += len(rest) - len(rest.lstrip(_DRESS))
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
            return Heading(kind, group or _group_of(whom.group()), _undress(text, tail, end))
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
    return _KEY.search(text, place, min(len(text), end + SECTION_REACH))


def _whole(text: str, place: int, end: int) -> bool:
    return place >= end or bool(_TAIL_STOP.match(text, place, end)) or not text[place:end].strip(_DRESS + ".")


def _undress(text: str, place: int, end: int) -> int:
    """Behind the stars and spaces that close a bold heading."""
    while place < end and text.startswith(("**", "__"), place):
        place += 2
    if text.startswith((". ", ".\n"), place):
        place += 1
    while place < end and text[place].isspace():
        place += 1
    return place


def _group_of(words: str) -> str | None:
    """The cohort, part or people that a section heading is limited to, as printed."""
    words = words.strip(" \t\xa0:;,.-–—*_#")
    if words[:1] in "([" and words[-1:] in ")]":
        words = words[1:-1].strip()
    words = _FOR.sub("", words)
    words = (
        _LEADING_WORDS.sub("", words).strip(" :,-–")
        if not re.match(r"(?:patients?|participants?|subjects?)\s+(?:with|in|of|and|or)\b", words, re.I)
        else words
    )
    if not words or (_EVERYBODY.search(words) and not _COHORT.search(words)):
        return None
    return words if _COHORT.search(words) or _PEOPLE.search(words) else None


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
    while start < end and text[start] in _DRESS:
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
    while place >= 0:
        following = low.find("clusion", place + 7, end)
        if place <= start + 2 and not place < following < place + 40:  # the heading that the line opens with
            place = following
            continue
        m = _MIDLINE.search(text, max(start, place - 20), min(end, place + 40))
        if m and m.start() > start and not _QUOTED.search(text, max(start, m.start() - 12), m.start()):
            head = text[max(start, m.start() - 3) : m.start()].rstrip()
            ends = head[-1:] in ".;)-" and bool(head)
            if not ends and m.start() < start + 100:
                opening = section(text, start, end)
                ends = opening is not None and opening.end >= m.end()
                if ends:  # the heading that the line opens with
                    place = low.find("clusion", m.end(), end)
                    continue
            if ":" in m.group() or ends or m.end() >= end:
                word = (m["c"] or m["u"] or m["b"]).lower()
                yield (
                    m.start(),
                    Heading(
                        "inclusion" if word.startswith("in") else "exclusion",
                        _group_of(m["whom"] or ""),
                        _undress(text, m.end(), end),
                    ),
                )
            place = low.find("clusion", m.end(), end)
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


# ------------------------------------------------------------------ cohorts and topics

_COHORT = re.compile(
    r"\b(?:cohorts?|arms?|sub-?stud(?:y|ies)|strat(?:um|a)|dose[-\s](?:escalation|expansion|finding|"
    r"confirmation|optimi[sz]ation)|"
    r"(?:escalation|expansion)\s+(?:phase|part|cohort)s?|(?:control|case|treatment|experimental|active|"
    r"exposed|patient|comparison|"
    r"intervention|study|placebo|healthy)\s+groups?|"
    r"(?<!oncology\s)groups?\s+(?:[A-Z\d]\b|I+\b|one|two|three)|parts?\s+(?:[A-Z]?-?\d\w*|[A-Z]\b|I+\b|one|two)|"
    r"(?:\w+\s)?study\s+parts?\b|"
    r"phases?\s+(?:\d\w?|I{1,3}[ab]?|one|two)\b|stages?\s+(?:\d\w?|I{1,3}V?)\s+(?:participants?|patients?|subjects?)|"
    r"randomi[sz]ations?\s+(?:[A-Z\d]\b|one|two)|modules?\s+\d)",
    re.I,
)
_CROWD = (
    r"(?:volunteers?|controls?|participants?|subjects?|patients?|donors?|recipients?|caregivers?|carers?|"
    r"parents?|children|adults|adolescents|"
    r"infants|newborns|neonates|women|men|males|females|mothers|fathers|partners|siblings|individuals|"
    r"clinicians|physicians|providers|relatives|students|"
    r"nurses|dyads)"
)
_PEOPLE = re.compile(rf"\b{_CROWD}\b|\b(?:donor|control|caregiver|parent|healthy|patient|cases)\b", re.I)
_NOT_A_NAME = re.compile(
    r"^(?:refus|previous|prior|complet|history|participation|enrol?led|inclusion)"
    r"|\b(?:types?\s+of|characteristics|must|have|has|had|following|any\s+of|defined|are|is|was|were|be|should|will|may|can|"
    r"if|either|at\s+least|one|receiv\w+|below|criteria|include\w*|including|such\s+as|not|no|who|exclu\w+|"
    r"other\s+than|another|history\s+of)\b"
    r"|\b(?:with|of|than|in|and|or|the|for|to|from)$|[<>≥≤=]",
    re.I,
)
_FOR_PEOPLE = re.compile(
    rf"(?:(?:only\s+)?(?:for|in|among|"
    rf"specific\s+to)\s+(?:the\s+)?)?(?:[\w\-–/]+\s+){{0,5}}{_CROWD}(?:\s+(?:with|in|of|from|on|aged|"
    rf"only|without|and|or)\b.*|\s*\(.*)?",
    re.I,
)
_PREFIX = re.compile(r"(?P<name>[^:;]{2,90}?)\s*[:：](?=\s|$)")
_PREFIX_DASH = re.compile(r"(?P<name>[^-–,:;.]{3,45}?)\s+[-–]\s+(?=\S)")
_SENTENCE_END = re.compile(r"\ball\b|[a-z]{3,}[.?!]\s", re.I)
_PREFIX_COMMA = re.compile(r"(?:for|in|to)\s+(?P<name>[^,:;.]{2,60}?),\s", re.I)


_CRITERIA_OF = re.compile(
    r"(?:\W*(?:additional|specific|special|extra|general|other|further|key|main)\b)*\W*criteri(?:a|"
    r"on)\s+(?:specific\s+)?(?:for|to|of|in)\s+(?:the\s+)?",
    re.I,
)
_IN_ADDITION = re.compile(r"(?:in\s+addition|additionally)[\s,]+(?:(?:for|in)\s+)?(?:the\s+)?(?=\w)", re.I)
_ITS_CRITERIA = re.compile(r"[\s-]*(?:specific|special|additional|only)?\s*(?:criteri(?:a|on)|requirements)$", re.I)


def cohort(line: str, *, listed: bool = False) -> str | None:
    """The cohort, arm or people that a whole line names; "" where it names everybody, None where nobody.

    `listed`: marked items follow, so that people need no colon behind them.
    """
    name = line.strip(_DRESS).rstrip(":：. *_").strip()
    if not 1 < len(name) <= 100 or len(name.split()) > 14 or name[0].islower():
        return None
    name = _IN_ADDITION.sub("", name)
    name = _CRITERIA_OF.sub("", _ITS_CRITERIA.sub("", name), 1)
    if (_COHORT.search(name) and not _NOT_A_NAME.search(name)) or (
        (line.rstrip(" *_").endswith((":", "：")) or (listed and len(name.split()) <= 6 and name[-1] not in ".;,"))
        and _FOR_PEOPLE.fullmatch(name)
        and not _NOT_A_NAME.search(name)
    ):
        return "" if re.search(r"\ball\b|\bboth\b", name, re.I) else name
    return None


def crowd(name: str) -> bool:
    """Whether a bare item names people who are no patients ("Healthy controls"), as a list below it would need."""
    return bool(_BYSTANDERS.fullmatch(name.strip(_DRESS + ":")))


_BYSTANDERS = re.compile(
    rf"(?:for\s+(?:the\s+)?)?(?:healthy|normal|control|donor|"
    rf"caregiver)(?:\s+[\w-]+){{0,2}}?(?:\s+{_CROWD})?|(?:controls|donors|caregivers)",
    re.I,
)
_BRACKETED = re.compile(r"[(\[](?P<name>[^()\[\]:]{2,60})[)\]]\s*[:,]?\s+(?=\S)")
_ONLY = re.compile(
    r"\s*[(\[](?:(?:for|in)\s+)?(?P<name>[^()\[\]]{2,60}?\s+only)[)\]]\s*[.;,]?$|"
    r"\s*[(\[](?P<only>(?:only|applies only)\s+(?:for|in|to)\s+[^()\[\]]{2,60})[)\]]\s*[.;,]?$",
    re.I,
)
_NAMED = re.compile(
    r"[(\[](?:(?:for|in)\s+)?(?P<name>(?:cohorts?|arms?|parts?|groups?)\s+[A-Z\d]\w?\b"
    r"(?:\s*(?:,|&|/|and|or|to|-)\s*(?:(?:cohort|arm|part|group)\s+)?[A-Z\d]\w?\b)*)[)\]]\s*[.;,]?$",
    re.I,
)


def suffix(text: str, start: int, end: int) -> tuple[str, int] | None:
    """The cohort in brackets that ends an item ("(Part B only)", "(Arms 1 and 2)"), and where the brackets begin."""
    if ")" not in text[end - 3 : end]:
        return None
    opening = max(text.rfind("(", start, end), text.rfind("[", start, end))
    m = _NAMED.match(text, opening, end) if opening > start else None
    if m and _COHORT.search(text, start, m.start()):  # "… (Arm A) or … (Arm B)": each alternative has its own
        return None
    if not m and "nly" in text[max(start, end - 80) : end]:
        m = _ONLY.search(text, max(start, end - 80), end)
    if m and m.start() > start and _COHORT.search(m.group()):
        return m[m.lastgroup or 0], m.start()
    return None


def prefix(own: str) -> tuple[str, int] | None:
    """The cohort that an item names before it begins ("Arm B: …", "In Part A, …"), and the offset behind it."""
    head = own[:100]
    if ":" in head or "：" in head:
        m = _PREFIX.match(head)
        if m and (names_cohort(m["name"]) or _for_people(m["name"])):
            name = m["name"]
            if not (_SENTENCE_END.search(name) or _NOT_A_NAME.search(name)) and name.count("(") == name.count(")"):
                return name.strip(" *_"), m.end()
    opening = head[0]
    if opening in "([":
        m = _BRACKETED.match(head)
    elif opening in "FITfit":
        m = _PREFIX_COMMA.match(head)
    elif (" - " in head or " – " in head) and opening.isupper():
        m = _PREFIX_DASH.match(head)
    else:
        return None
    if not m or not _COHORT.search(m["name"]) or _NOT_A_NAME.search(m["name"]):
        return None
    return (head[: m.end("name")] if opening in "Ff" else m["name"]), m.end()


def _for_people(name: str) -> bool:
    return (name[:4].lower() == "for " or len(name.split()) <= 4) and _FOR_PEOPLE.fullmatch(name) is not None


def names_cohort(name: str) -> bool:
    """Whether a name holds the word of a cohort, arm, part or phase."""
    low = name.lower()
    for stem in _COHORT_STEMS:
        if stem in low:
            return _COHORT.search(name) is not None
    return False


_COHORT_STEMS = (
    "cohort",
    "arm",
    "group",
    "part",
    "phase",
    "strat",
    "stud",
    "dose",
    "escal",
    "expan",
    "modul",
    "random",
    "stage",
)


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
    name = line.strip(_DRESS)
    colon = name.endswith((":", "："))
    name = name.rstrip(":： ")
    words = len(name.split())
    if not name or name[0].islower() or _SAYS_MORE.search(name) or name[-1] in ".;,?)":
        return False
    if colon:
        return words <= 5
    return words <= 8 and listed
