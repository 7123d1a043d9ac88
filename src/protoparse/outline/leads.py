"""What a lead-in says of the list below it: that there is one, how its members count, which words only introduce it.

>>> combine("Any two of the following:", "inclusion", ())
AtLeastChildren(at_least=2)
>>> combine("Skin cancer, except for the following:", "exclusion", ())
'except'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from protoparse.model import AtLeastChildren, Combine, Kind

_COUNTS = {
    w: i for i, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"])
}
_DIGIT = re.compile(r"\d")
_N = r"(?P<%s>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten)"
_LISTED = (
    r"(?:following|these|criteria|below|conditions|features|symptoms|signs|items|risk factors|"
    r"factors|tests|methods|manifestations|characteristics|parameters)"
)

# The patterns without `re.I` are for text in lower case: ignoring case would cost three times as much.
_LEADS = re.compile(
    r"""
    \b(?:the|of|all|any|these|or|one|both|either|each|meets?|as)\s+(?:\w+\s+){0,2}?following\b[^.;]{0,120}[.:]?\W*$
  | ^following\b
  | \b(?:any|one|two|all|each|either|at\s+least)\b[^.;]{0,25}\b(?:below|listed)\b[^.;]{0,30}[.:]?\W*$
  | \b(?:any|all|one|more|each|none|either|two|three)\s+of\s+these\b[^.;]{0,60}[.:]?\W*$
  | \b(?:listed|defined|described|shown|given)\s+below\W*$
    """,
    re.X,
)
_TO_THE_END = re.compile(r"[^.;]+[.:]?\W*$")
_CONSUMED = re.compile(r"following\b[^.;:]{0,90}:\s*\S")


def leads(own: str) -> bool:
    """Whether an item's own text announces a list: by a colon, or by "the following" that names nothing."""
    tail = own[-220:].rstrip(" \t*_")
    if tail[-1:] in (":", "："):
        return True
    low = tail.lower()
    if "following" in low or "below" in low or "listed" in low or "of these" in low:
        last = max(low.rfind("following"), low.rfind("below"), low.rfind("listed"), low.rfind("of these"))
        if not low.startswith("following") and not _TO_THE_END.match(low, last):
            return False
        m = _LEADS.search(low)
        return m is not None and not _CONSUMED.search(low, m.start())
    low = low.rstrip(".,- ")
    return low[-3:] in _LAST_LETTERS and low.endswith(_ENDINGS)


_ENDINGS = (
    "as follows", "defined as", "defined by", "such as", "including", "includes", "include", "namely",
    "provided they", "provided that they", "except", "except for", " must", " must be", " must have", " must also",
    " must either", " must agree to",
)  # fmt: skip
_LAST_LETTERS = frozenset(ending[-3:] for ending in _ENDINGS)
_EXCEPT = re.compile(
    r"\b(?:except(?:ions?|ing)?|excluding|unless|other\s+than|apart\s+from|not\s+including|"
    r"does\s+not\s+apply|do\s+not\s+apply|exempt\w*)\b[^.;]{0,110}$",
)
_EXEMPTS = re.compile(
    r"(?:(?<=[\w)])[,;.]\s+|(?=\b(?:but|however)\b))(?P<lead>(?:(?:(?:but|however|although)\b\s*,?\s*)?(?:only\s+)?"
    r"(?:the\s+)?following\b[^.;:]{0,60}\b(?:(?:is|are|be)\s+(?:allowed|permitted|eligible|acceptable|enrolled|exempt\w*|"
    r"exceptions?|not\s+excluded)|allowed\s+to)|(?:but|however)\b\s*,?\s*(?:the\s+)?following\b[^.;:]{0,40}\bexcluded)\b"
    r"[^.;:]{0,60}):?\s*$",
    re.I,
)
"""What of a list behind a whole statement is let off: "active cancer; however, the following are allowed:"."""
_SOME_MUST = re.compile(
    r"^(?:(?:for|in)\s+)?(?:(?:all|any|sexually\s+active|fertile|non-?sterile|\w+-?menopausal|adult|if)\s+)*"
    r"(?:wom[ae]n|females?|males?|m[ae]n|wocbp|fcbp|(?:patients?|subjects?|participants?)\s+of\s+(?:child\w*|reproductive))\b[^.;]*"
    r"\b(?:must|should|shall|required\s+to|need\s+to|ha(?:s|ve)\s+to|agree)\b[^.;]*$"
    r"|^(?:if|for|in\s+case\s+of|in\s+the\s+case\s+of)\s+[^.;]*,[^.;]*\b(?:must|should|shall|required|"
    r"meets?|need\s+to|ha(?:s|ve)\s+to)\b[^.;]*$"
    r"|^(?:if|for|in)\s+(?!all\b|addition|order\b|the\s+(?:opinion|past|last)|each\b|both\b)[^.;:,]*$"
    r"|^(?:patients?|subjects?|participants?|individuals?|those)\s+(?:with|who|whose|receiving|taking|on|in|having|"
    r"previously|entering|enrolled|treated)\b[^.;]*\b(?:must|should|shall|(?:need|ha(?:s|ve)|required)\s+to)\s+"
    r"(?:also\s+)?(?:(?:meet|have|had|fulfil\w*|satisfy|be|comply\s+with)\b\s*)?(?:(?:all|each|both)\s+)?(?:of\s+)?"
    r"(?:(?:the|these)\s+)?(?:following\s*|additional\s+|below\s*)*(?:(?:\w+\s+)?(?:criteri\w+|conditions?|requirements?))?$",
)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_THEN = re.compile(
    r"\b(?:with|who|whose|having|whom|receiving|taking|on|after|of)\b[^.;]*\b(?:eligible|allowed|"
    r"permitted|included|enrolled|acceptable|enter|participate|qualify)\b[^.;]{0,60}\b(?:provided|"
    r"providing|if|as\s+long\s+as|when|so\s+long\s+as)\b[^.;]{0,60}$",
)
_AT_LEAST = re.compile(
    rf"(?=[\damopftsen≥>\\])(?:(?:\b(?:at\s+least|minimum\s+of|any|a\s+total\s+of|more\s+than\s+or\s+equal\s+to|plus)|≥|>=|"
    rf"\\>=)\s*{_N % 'a'}\b(?:\s*\(\d+\))?(?:\s+or\s+more)?"
    rf"(?:\s+(?:out\s+)?of|\s+(?:additional|other|major|minor)|(?=\s+{_LISTED}))"
    rf"|\b{_N % 'b'}(?:\s*\(\d+\))?\s+or\s+more\s+(?:out\s+)?(?:of\b|{_LISTED})"
    rf"|\b{_N % 'c'}(?:\s*\(\d+\))?\s+(?:out\s+)?of\s+(?:the\s+|these\s+)?(?:(?:\w+\s+){{0,2}}following|"
    rf"{_N % 'd'}\b|{_LISTED}|below))",
)
_ANY = re.compile(
    r"\b(?:any(?:\s+(?:one|of))?|either|one\s+(?:or\s+more|of)|at\s+least\s+(?:one|1)|1\s+(?:of|"
    r"or\s+more)|≥\s*1|such\s+as|for\s+example|e\.?g\.?|examples?)\b"
    r"|\(\s*\(?(?:i|a|1)\)?\s+or\s+\(?(?:ii|b|2)\)?\s*\)",
)
_ALL = re.compile(
    r"\b(?:all(?:\s+of)?(?:\s+the)?|each\s+of|both(?:\s+of)?)\b(?=[^.;:]{0,40}(?:following|criteri|"
    r"condition|below|these|:|$))"
    r"|\b(?:must|have\s+to|has\s+to|shall|should|meets?|meeting|satisf\w+|fulfil\w*)\b[^.;:]{0,40}\bfollowing\b"
    r"|\bfollowing\s+(?:\w+\s+){0,2}criteria\b|\bfollowing\b[^.;]{0,40}\bmust\b",
)
_ONE_OF_THEM = re.compile(
    r"\bfollowing\s+(?:\w+\s+)?(?:condition|disease|diagnosis|symptom|sign|feature|reason|category|group)\W*$"
)
"""One thing is asked for, and several follow."""
_DEFINES = re.compile(r"\W*[\w/-]+(?:\s[\w/-]+){0,5}\s(?:is|are)\sdefined\b")
"""A child that only defines what its lead-in names; of several with "or" between them, one is enough."""
_MUST_COUNT = re.compile(r"following|below|these|criteria|:\W*$")
_FIRST_OR = re.compile(r"\W*(?:and\s*/\s*or|or)\b", re.I)
_FIRST_AND = re.compile(r"\W*and\b(?!\s*/)", re.I)
_LAST_OR = re.compile(r"\b(?:and\s*/\s*or|or)\W*$", re.I)
_LAST_AND = re.compile(r"(?:^|[^/\w])\s*and\W*$", re.I)
_RELAXES = re.compile(r"\b(?:for|in|if|when)\b", re.I)


_PROVISOS = ("provid", "if", "long as", "when")


_NEUTRAL = (
    r"(?:(?:history|evidence|presence|known|prior|previous|current|active|signs?|symptoms?|diagnos(?:is|ed)|clinically|"
    r"significant|conditions?|diseases?|disorders?|of|or|and|with|a|any|other|medical|documented|past|personal|"
    r"suspected|from|concurrent|clinical)\s+)*"
)
_NONE = re.compile(
    rf"\b(?P<cue>none\s+of|no|without|absence\s+of|free\s+(?:of|from)|lack\s+of|"
    rf"(?:(?:do|does|did|must|should|shall|may|will)\s+)?not\s+(?:have|has|had|be|meet|suffer|present|fulfil\w*|show)?)"
    rf"\s*{_NEUTRAL}(?P<any>(?:any|one|either|at\s+least\s+one)\s+(?:one\s+)?(?:or\s+more\s+)?of\s+)?(?:the|these)\s+"
    rf"(?:\w+\s+){{0,2}}?(?:following|below|conditions?|criteria)\b[^.;,]{{0,80}}$",
)
_NONE_LISTED = re.compile(
    r"\b(?P<cue>absence\s+of|free\s+(?:of|from)|without|lack\s+of|no\s+(?:known\s+)?(?:history|evidence|presence|signs?)\s+of|"
    r"(?:must|should|do|does|did|may)\s+not\s+(?:have|suffer\s+from|present\s+with))(?P<any>\s+any)?$"
)
"""A lead-in that says no more than that what follows is not there: "absence of:"."""
_NEGATIONS = ("no", "without", "absence", "free", "lack")


_NOT_VERBS = ("not", "meet", "fulfil", "fulfill", "have", "has", "had", "be", "suffer", "present", "show")


_ADMITS = re.compile(
    r"\bexclusion\s+criteria\b|\b(?:eligib|inclu|enroll?|randomi[sz]|participat)\w*\s+(?:in|for|into|to|if|only|must|"
    r"should|may|shall)\b|\b(?:for|be|to)\s+(?:inclu\w+|eligib\w+|enroll?\w*|participat\w+|randomi[sz]\w+)\b"
)


def denies(own: str, kind: Kind = "inclusion") -> re.Match[str] | None:
    """The end of a lead-in that says that none of what follows may be ("without any of the following:").

    What it names besides is only that something is there: "no allergy to the following" is no such lead-in. Nor is one
    among the exclusions that says who can take part: "to be eligible, patients must not have any of the following".
    """
    if kind == "exclusion" and _ADMITS.search(own.lower()):
        return None
    low = own[-220:].lower()
    if low.rstrip(" *_")[-1:] == ":" and (listed := _NONE_LISTED.search(low.rstrip(" .:;*_"))):
        return listed
    if not _holds(low, _NEGATIONS) or not _holds(low, _POINTERS):
        return None
    return _NONE.search(low.rstrip(" .:;*_"))


_NONE_MAY = re.compile(
    r"(?:(?:patients?|subjects?|participants?|individuals?|persons?|volunteers?|candidates|they|you|who|must|should|shall|"
    r"may|can|will|had|has|have|having|with|meet|fulfil|satisfy|be)\s+)*none\s+of\s+(?:the|these)\s+(?:following|below)"
    r"(?:\s+(?:conditions?|criteria|may|must|should|can|apply|applies|be|is|are|present|met|true|hold|fulfilled|at|"
    r"screening|enrol\w+|study|entry))*\W*"
)


def none_may(line: str) -> bool:
    """Whether a line says no more than that nothing below it may be ("none of the following may apply")."""
    low = line.lower()
    return "none of" in low and _NONE_MAY.fullmatch(low) is not None


def _exempting(own: str) -> re.Match[str] | None:
    """The end of an item that lets off what its list names, behind the statement that it is let off from."""
    found = _EXEMPTS.search(own, max(0, len(own) - 220))
    return found if found and own[: found.start()].strip(" *").lower() not in ("", "the", "only the") else None


def _holds(text: str, stems: Iterable[str]) -> bool:
    """Whether a text in lower case has any of the stems that a slow pattern needs."""
    for stem in stems:  # noqa: SIM110 - a generator would cost more than it saves
        if stem in text:
            return True
    return False


def combine(own: str, kind: Kind, children: Sequence[str]) -> Combine:
    """How children count: by the words of their lead-in, else by the connectives between them, else by kind."""
    clause = _last_clause(own).lower()
    if denied := denies(clause, kind):
        outright = bool(denied["any"]) or not denied["cue"].rstrip().endswith(_NOT_VERBS)
        return "all" if outright or kind != "exclusion" else "any"
    if not clause.rstrip(" *_").endswith((":", "：")) and not leads(own):
        if not own:
            return "any" if kind == "exclusion" else "all"
        if kind != "exclusion" and children and _relaxed(own, children):
            return "except"
    elif kind != "exclusion" and (
        (_holds(clause, _PROVISOS) and _THEN.search(clause))
        or (_SOME_MUST.match(clause.rstrip(" .:：*_")) and not _ANY.search(clause))
    ):
        return "then"
    if kind == "exclusion" and "following" in clause and _exempting(own):
        return "except"
    if _ONE_OF_THEM.search(clause) or (" or " in clause and children and all(_DEFINES.match(c) for c in children)):
        return "any"
    if _EXCEPT.search(_ASIDE.sub("", clause).rstrip(" .:;*_")):
        return "except"
    counts = list(_AT_LEAST.finditer(clause)) if _DIGIT.search(clause) or _holds(clause, _COUNTS) else []
    m = counts[-1] if counts else None
    if m and _MUST_COUNT.search(clause, m.start()):
        word = (m["a"] or m["b"] or m["c"]).lower()
        count = int(word) if word.isdigit() else _COUNTS[word]
        if count > 1:
            return AtLeastChildren(at_least=count)
    said: list[tuple[int, Combine]] = [(x.end(), "any") for x in _ANY.finditer(clause)]
    said += [(x.end(), "all") for x in _ALL.finditer(clause)] if not said or kind != "exclusion" else []
    explicit = [s for s in said if _MUST_COUNT.search(clause, max(0, s[0] - 12))]
    if explicit and kind != "exclusion" and any(c == "any" for _, c in explicit):
        return "any"
    if explicit and (
        kind != "exclusion" or explicit[-1][1] == "any" or re.search(r"\b(?:all|both|each)\b", clause, re.I)
    ):
        return max(explicit)[1]
    if _run(children, _LAST_OR, _FIRST_OR):
        return "any"
    if _run(children, _LAST_AND, _FIRST_AND):
        return "all"
    return "any" if kind == "exclusion" else "all"


def _run(children: Sequence[str], last: re.Pattern[str], first: re.Pattern[str]) -> bool:
    """Whether a connective runs through a list ("a or b or c", "a; b; or c"), not only between some neighbours."""
    links = [bool(last.search(a[-12:]) or first.match(b)) for a, b in pairwise(children)]
    return any(links) and (all(links[:-1]) or not any(links[:-1]))


def _relaxed(own: str, children: Sequence[str]) -> bool:
    """Whether every child is a milder form of a complete item ("or …", the same test for some patients)."""
    first = own.split(None, 1)[0].lower()
    return all(
        _FIRST_OR.match(c) or (c.split(None, 1)[:1] == own.split(None, 1)[:1] and len(first) > 2 and _RELAXES.search(c))
        for c in children
    )


_CLAUSE = re.compile(r"[.;]\s+(?=[A-Z(])")


def _last_clause(own: str) -> str:
    start = 0
    tail = own[-400:]
    for m in _CLAUSE.finditer(tail):
        if tail[m.end() :].strip():
            start = m.end()
    return tail[start:]


_WHOLE = re.compile(
    r"""^(?:
      (?:at\ screening\s*,?\s*)?(?:(?:patients?|subjects?|participants?|individuals?|persons?|they|
        those)\s+)?(?:(?:who|that|with|must|should|have|has|had|meets?|meeting|be|use\ of|treatment\ with|
          presence\ of|fulfil\w*|satisf\w+|received|receiving|taken|taking|undergone|is|are|been|
          treated\ with|discontinued?|stop|stopped|withdrawn\ from)\s+|\(\s*)*
        (?:(?:the|any|all|one|two|three|four|either|both|each|at\ least|(?:a\ )?minimum\ of|following|\d)\b|≥\s*\d)
        [^,;]{0,80}\b(?:(?:following|below|conditions?|criteri\w+)\b.*|
          of\ [^,;]{0,20}(?:symptoms|signs|features|factors|findings|manifestations|characteristics)\s*:)
    | following\b.*
    | (?:(?:all|the|screening|baseline|clinical|safety|required|patients?|subjects?|participants?|must|have|with)\s+)*
      (?:laborator\w+|labs?|h(?:a)?ematolog\w+|biochem\w+|blood)\s+(?:test\s+)?
        (?:values?|results?|parameters?|tests?|data|findings|criteria|requirements?|counts?)\b[^.;:]{0,90}:
    | (?:(?:have|has|having|had|with|patients?|subjects?|participants?|must|evidence\ of)\s+)*(?:adequate|acceptable|
      sufficient|major|normal|satisfactory|appropriate|good|required|preserved|inadequate|abnormal|
        impaired)\b[^.:]{0,90}?
        (?:\b(?:function|functions|parameters|values?|reserve|status|laborator\w+|criteria|tests?|results?|counts?|
          hematology|chemistry)\b.{0,90})
    | [^.,;:]{0,80}\b(?:functions?|reserve|values?|parameters?|results?|tests?|counts?)\b
      (?:\s+of\s[^.;:]{0,60}?)?\s+(?:is|are|(?:must|should|shall|needs?\ to|has\ to|have\ to)\ be)\s+
      (?:(?:basically|generally|essentially)\s+)?(?:adequate|acceptable|sufficient|normal|satisfactory|appropriate)
        (?:\s*,?\s+(?:within|at|before|prior|during|in|on|as|and\ meets?|defined|according|based|when|assessed|shown|
          with)\b[^.;:]{0,110})?:
    | \S+(?:\s+\S+){0,2}\s*:
    | (?:(?!following)\S+\s+){0,3}criteria\s*:
    )\W*$""",
    re.I | re.X,
)
_TRAIL = re.compile(
    r"""(?:[,;(]\s*|\s+|^)(?P<lead>
      (?:(?:and\s+)?(?:including|includes?|such\ as|as\ defined\ by|as\ evidenced\ by|as\ demonstrated\ by|
        confirmed\ by|(?:is\ |are\ )?defined\ (?:as|by)|meeting|meets?|who\ meets?|(?:they\ )?must\ meet|
          which\ requires?|
            (?:(?:treatments?|therapy)\s+)?with|by|based\ on|as|except(?:\ for)?|with\ the\ exception\ of|unless|if|
            plus|provided\ (?:that\ )?(?:they)?|satisfaction\ of|characteri[sz]ed\ by|fulfilling|due\ to|in|have|has|
              having)\s*){1,3}
      (?:\(?(?:but\ not\ limited\ to|the\ presence\ of|presence\ of|any|all|one|two|three|four|five|either|both|each|
        at\ least|more|of|or|\d|≥|the|these|as)\s+)*
      (?:following|these|below)\b[^.;]*
    | (?:as\ follows|including(?:,?\ but\ (?:is\ |are\ )?not\ limited\ to,?)?|such\ as|defined\ (?:as|by)|
      except(?:\ for)?|unless|provided\ (?:that\ )?they|as\ defined\ by|with\ the\ exception\ of|if\ they)
    | (?:any|all|one|either|each|both|at\ least\ \w+)\s(?:or\ more\s)?(?:of\s)?(?:the\s)?following\b[^.;]*
    )\s*[:.]?\s*$""",
    re.I | re.X,
)


_POINTERS = ("following", "these", "below")
_TRAIL_ENDS = ("follows", "including", "limited to", "such as", "defined as", "defined by", "except", "except for",
               "unless", "they", "exception of")  # fmt: skip


_SUBJECT_ONLY = re.compile(
    r"\W*(?:(?:all|the|patients?|subjects?|participants?|individuals?|persons?|they|who|that|must|should|shall|have|has|"
    r"had|with|be|is|are|of|presence|a|at\ screening)\b\W*)*",
    re.I,
)


def lead(own: str) -> tuple[int, int] | None:
    """The offsets of the words that only introduce an item's children; None where all of it says something."""
    text = own.rstrip()
    if not text:
        return None
    if found := denies(text):
        start = max(0, len(text) - 220) + found.start()
        return (0 if _SUBJECT_ONLY.fullmatch(text, 0, start) else start), len(text)
    if _WHOLE.match(text[:400]) and len(text) <= 400:
        return 0, len(text)
    tail = text[-300:].lower()
    if not _holds(tail, _POINTERS) and not tail.rstrip(" \t\r\n\xa0.:,").endswith(_TRAIL_ENDS):
        return None
    m = (_exempting(text) if "following" in tail else None) or _TRAIL.search(text, max(0, len(text) - 300))
    return (m.start("lead"), len(text)) if m else None
