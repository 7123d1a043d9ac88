"""Cohorts: the arms, parts and people that only some criteria are for.

In: a line over a list, the beginning or the end of an item. Out: the name of whom it is for, as printed; "Part B only"
in brackets behind an item limits that item, "For healthy volunteers:" all that stand below.

>>> cohort("For healthy volunteers:")
'For healthy volunteers'
>>> prefix("Arm B: no prior therapy")
('Arm B', 6)
"""

from __future__ import annotations

import re

DRESS = "*_#= \t\xa0"
"""What dresses up a heading: bold, underlined, spaced."""

_COHORT = re.compile(
    r"\b(?:cohorts?|arms?|sub-?stud(?:y|ies)|strat(?:um|a)|"
    r"dose[-\s](?:escalation|expansion|finding|confirmation|optimi[sz]ation)|"
    r"(?:escalation|expansion)\s+(?:phase|part|cohort)s?|"
    r"(?:control|case|treatment|experimental|active|exposed|patient|comparison|intervention|study|placebo|healthy)"
    r"\s+groups?|"
    r"(?<!oncology\s)groups?\s+(?:[A-Z\d]\b|I+\b|one|two|three)|"
    r"parts?\s+(?:[A-Z]?-?\d\w*|[A-Z]\b|I+\b|one|two)|(?:\w+\s)?study\s+parts?\b|"
    r"phases?\s+(?:\d\w?|I{1,3}[ab]?|one|two)\b|"
    r"stages?\s+(?:\d\w?|I{1,3}V?)\s+(?:participants?|patients?|subjects?)|"
    r"randomi[sz]ations?\s+(?:[A-Z\d]\b|one|two)|modules?\s+\d)",
    re.I,
)
_STEMS = (
    "cohort", "arm", "group", "part", "phase", "strat", "stud", "dose", "escal", "expan", "modul", "random", "stage",
)  # fmt: skip
"""Without one of these no name is that of a cohort; they are found faster."""
_CROWD = (
    r"(?:volunteers?|controls?|participants?|subjects?|patients?|donors?|recipients?|caregivers?|carers?|"
    r"parents?|children|adults|adolescents|infants|newborns|neonates|women|men|males|females|mothers|fathers|"
    r"partners|siblings|individuals|clinicians|physicians|providers|relatives|students|nurses|dyads)"
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
    rf"(?:(?:only\s+)?(?:for|in|among|specific\s+to)\s+(?:the\s+)?)?(?:[\w\-–/]+\s+){{0,5}}{_CROWD}"
    r"(?:\s+(?:with|in|of|from|on|aged|only|without|and|or)\b.*|\s*\(.*)?",
    re.I,
)
_SENTENCE_END = re.compile(r"\ball\b|[a-z]{3,}[.?!]\s", re.I)
_PREFIX = re.compile(r"(?P<name>[^:;]{2,90}?)\s*[:：](?=\s|$)")
_PREFIX_DASH = re.compile(r"(?P<name>[^-–,:;.]{3,45}?)\s+[-–]\s+(?=\S)")
_PREFIX_COMMA = re.compile(
    r"(?:for|in|to)\s+(?P<name>[^,:;.]{2,60}?(?:,\s+(?-i:[A-Z]?\d?[a-z]?)(?=,|\s+(?:and|or|&)\s))*"
    r"(?:,?\s+(?:and|or|&)\s+(?-i:(?:\w+\s)?(?:[A-Z]\d?|\d[a-z]?)))?),\s",
    re.I,
)
_CRITERIA_OF = re.compile(
    r"(?:\W*(?:additional|specific|special|extra|general|other|further|key|main)\b)*\W*"
    r"criteri(?:a|on)\s+(?:specific\s+)?(?:for|to|of|in)\s+(?:the\s+)?",
    re.I,
)
_IN_ADDITION = re.compile(r"(?:in\s+addition|additionally)[\s,]+(?:(?:for|in)\s+)?(?:the\s+)?(?=\w)", re.I)
_ITS_CRITERIA = re.compile(r"[\s-]*(?:specific|special|additional|only)?\s*(?:criteri(?:a|on)|requirements)$", re.I)
_BYSTANDERS = re.compile(
    rf"(?:for\s+(?:the\s+)?)?(?:healthy|normal|control|donor|caregiver)(?:\s+[\w-]+){{0,2}}?(?:\s+{_CROWD})?|"
    r"(?:controls|donors|caregivers)",
    re.I,
)
_BRACKETED = re.compile(r"[(\[](?P<name>[^()\[\]:]{2,60})[)\]]\s*[:,]?\s+(?=\S)")
_ONLY = re.compile(
    r"\s*[(\[](?:(?:for|in)\s+)?(?P<name>[^()\[\]]{2,60}?\s+only)[)\]]\s*[.;,]?$|"
    r"\s*[(\[](?P<only>(?:only|applies only)\s+(?:for|in|to)\s+[^()\[\]]{2,60})[)\]]\s*[.;,]?$",
    re.I,
)
_NAMED = re.compile(
    r"[(\[](?:(?:for|in)\s+)?(?:the\s+)?(?P<name>(?:cohorts?|arms?|parts?|groups?)\s+[A-Z\d]\w?\b"
    r"(?:\s*(?:,|&|/|and|or|to|-|through)\s*(?:(?:cohort|arm|part|group|phase)\s+)?[A-Z\d]\w?\b)*)[)\]]\s*[.;,]?$",
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


def cohort(line: str, *, listed: bool = False) -> str | None:
    """The cohort, arm or people that a whole line names; "" where it names everybody, None where nobody.

    `listed`: marked items follow, so that people need no colon behind them.
    """
    name = line.strip(DRESS).rstrip(":：. *_").strip()
    if not 1 < len(name) <= 100 or len(name.split()) > 14 or name[0].islower():
        return None
    name = _IN_ADDITION.sub("", name)
    name = _CRITERIA_OF.sub("", _ITS_CRITERIA.sub("", name), 1)
    if (_COHORT.search(name) and not _NOT_A_NAME.search(name)) or (
        (line.rstrip(" *_").endswith((":", "：")) or (listed and len(name.split()) <= 6 and name[-1:] not in ".;,"))
        and _FOR_PEOPLE.fullmatch(name)
        and not _NOT_A_NAME.search(name)
    ):
        return "" if re.search(r"\ball\b|\bboth\b", name, re.I) else name
    return None


def crowd(name: str) -> bool:
    """Whether a bare item names people who are no patients ("Healthy controls"), as a list below it would need."""
    return bool(_BYSTANDERS.fullmatch(name.strip(DRESS + ":")))


def suffix(text: str, start: int, end: int) -> tuple[str, int] | None:
    """The cohort in brackets that ends an item ("(Part B only)", "(Arms 1 and 2)"), and where the brackets begin."""
    near = text[max(start, end - 6) : end]
    if ")" not in near and "]" not in near:
        return None
    opening = max(text.rfind("(", start, end), text.rfind("[", start, end))
    m = _NAMED.match(text, opening, end) if opening > start else None
    if not m and "nly" in text[max(start, end - 80) : end]:
        m = _ONLY.search(text, max(start, end - 80), end)
    if m and _COHORT.search(text, start, m.start()):  # "… (Arm A) or … (Arm B)": each alternative has its own
        return None
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
    for stem in _STEMS:
        if stem in low:
            return _COHORT.search(name) is not None
    return False


def group_of(words: str) -> str | None:
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
