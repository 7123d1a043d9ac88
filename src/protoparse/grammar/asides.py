"""Sentences that limit nobody: what somebody may have had as well, what is not asked for, where more is said.

In: the codes of an item. Out: the lexemes of such sentences; of "Patients may have had surgery but no radiotherapy"
those in front of "but". They stay unread.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from protoparse.lexing import Lexemes
from protoparse.model import Span

_SENTENCE = re.compile(r"[^.\n]+")
_SIGNS = (
    " may ",
    " may\n",
    "±",
    "+/-",
    " plus",
    "menopaus",
    "required",
    "necessary",
    "mandatory",
    "needed",
    "defin",
    "includ",
    "refer",
    "contracepti",
    "acceptable",
    "birth",
    "with or w",
    "without or",
    "with/",
    "with /",
    "with and",
    "regardless",
    "irrespective",
    "whether or",
    "restriction",
    "limit",
    "preference",
    "requirement",
    "unknown",
    "reason",
    "considered",
    "optional",
    "see ",
    "because",
    "despite",
    "in spite of",
    "intended",
    "understanding that",
    "information",
    "inform ",
    "notify ",
    "any procedures",
    " will be ",
)
_PEOPLE = r"(?:patient|subject|participant|individual|volunteer|wom[ae]n|men|female|male|children|they)s?\b"
_ALSO = re.compile(
    rf"\W*(?:note\W+)?(?:(?:the|these|such|all|those|eligible|study|enrolled|other)\s+)*{_PEOPLE}[^,;:()]{{0,60}}?\s"
    r"may\s+(?:also\s+)?(?:have\s+(?:had|received|undergone|been)|receive|continue|use|take|"
    r"be\s+(?:given|treated|receiving|taking|administered|on))\b"
)
_UNASKED = re.compile(
    r"[^,;:()]*\s(?:is|are)\s+(?:(?:also\s+)?not\s+(?:required|mandatory|necessary)\b(?!\s+to\b)|optional\b)"
)
_WHOSE = re.compile(r"\b(?:who|whom|which|that|if|when|unless|in\s+case|where)\b")
_LIMITED = re.compile(
    r"\d|\b(?:if|provided|providing|only|unless|as\s+long\s+as|must|should|up\s+to|one|two|three|no|not)\b"
)
_BUT = re.compile(r",?\s+(?:but|however|though|although|except)\b")
_METHODS = re.compile(
    r"\W*(?:note\W+)?(?:\d\s)?(?:examples\s+of\s+)?(?:(?:medically|highly)\s+)?"
    r"(?:acceptable|adequate|effective|appropriate|reliable|approved)\s[^.;:()]{0,30}?"
    r"(?:contracepti\w+|birth\s+control)(?:\s+(?:methods?|measures?|options))?\s*"
    r"(?:\([^()]*\)\s*)?(?:for\s[^.;:()]{0,30}?\s|in\s+this\s+(?:study|trial)\s+)?(?:includ\w+|are\b|is\s+defined|:)"
    r"|\W*(?:note\W+)?(?:the\s+)?following\s(?:(?!\b(?:must|should|shall|required|exclu|not)\b)[^.;:()]){0,70}?\b(?:considered|acceptable|"
    r"accepted|effective|adequate)\b(?:(?!\b(?:must|should|shall|required)\b)[^.;:()]){0,50}?(?:contracepti\w+|birth\s+control)\b"
)
_UNFIT = re.compile(
    r".*?\b(?:is|are)\s+not\s+(?:an?\s+)?(?:considered\s+)?(?:to\s+be\s+)?(?:an?\s+)?(?:highly\s+|medically\s+)?"
    r"(?:acceptable|adequate|effective|reliable|appropriate|sufficient)\s+(?:\w+\s+){0,3}?(?:methods?|forms?|means|contracept\w+)\b",
    re.DOTALL,
)
_FERTILE = re.compile(
    r"\W*(?:note\W+)?(?:a\s+)?(?:wom[ae]n|females?)(?:\s+(?:subjects?|patients?|participants?))?\s+"
    r"(?:of|with)\s+(?:non-?)?(?:child|reproductive)[^.;:()]{0,25}?\s(?:includes?|(?:is|are)\s+defined\s+as|refers?\s+to)\b"
    r"|\W*(?:post-?\s?menopaus\w+|menopause|wocbp|surgical(?:ly)?\s+steril\w+)(?:\s+(?:wom[ae]n|females?|status|state))?"
    r"\s(?:(?:is|are)\s+(?:\w+\s+)?defined\s+as|refers?\s+to)\b"
)
_COUNTED = re.compile(
    r"[^;:]*(?<!who)(?<!that)(?<!if)\s(?:is|are|will\s+be)\s+(?:not\s+)?considered\s+(?:(?:to\s+be|as|an?|wom[ae]n|females?|of)\s+)*"
    r"(?:non-?\s?)?(?:child-?\s?bearing|reproductive|post-?\s?menopaus|(?:surgically\s+|permanently\s+)?steril|(?:in)?fertile|"
    r"ambulatory|wocbp|fcbp)(?!.*\b(?:must|should)\b)"
)
# What a listing says of itself: "the above is not intended to name all considerations", "for more information visit …".
_NOTICE = re.compile(
    r"\W*(?:note\W+)?(?:(?:the|this|these|above|following|listed|eligibility|selection)\s+)*(?:information|criteria|lists?)\b"
    r"[^.;:()]{0,30}?\s(?:is|are|was|were)\s+not\s+(?:intended|meant)\s+to\b"
    r"|\W*(?:for\s+)?(?:more|further|additional)\s+information\b[^;:()]*?\b(?:visit|contact|refer|call|see|available|found)\b"
    r"|\W*(?:should|if)\s+[^;:()]*?\b(?:pregnan|wom[ae]n|female|partner)[^;:()]*?\s(?:should|must|will|has\s+to)\s+(?:immediately\s+)?"
    r"(?:inform|notify|tell|contact)\b"
    r"|\W*[^.,;:()]{3,40}?\s(?:is|are)\s+any\s+(?:procedures?|activit\w+)\s+that\b"
)
# What the study will do: "an ECG will be recorded at baseline", "consent will be obtained from all".
_DONE = re.compile(
    r"(?!.*(?:[\d<>≥≤]|\b(?:must|should|only|exclud|defined|consent|assent)))[^;:()]{0,110}?(?<!who)(?<!which)(?<!that)(?<!either)(?<!\bor)(?<!\band)\s"
    r"will\s+(?:(?:then|also|routinely|usually)\s+)?be\s+"
    r"(?:performed|done|ordered|obtained|collected|undertaken|conducted|carried\s+out|withdrawn|presented|recorded|documented|"
    r"monitored|reviewed|informed|asked|contacted|assessed|evaluated|determined|discussed|provided|explained|instructed|advised|"
    r"discontinued|removed|randomi[sz]ed|assigned|allocated|offered)\b",
    re.DOTALL,
)
_NO_NEED = re.compile(
    r"\W*(?:note\W+)?no\s[^.;:()]*?\s(?:is|are|will\s+be)\s+(?:required|mandatory|necessary|needed)\b(?!\s+to\b)"
)
# A reason, what somebody should know and what has been of no avail: none is asked for.
_REASONS = ("because", "understanding that", "despite", "in spite of")
_REASON = re.compile(
    r",?\s+((?:(?:and|or|but)\s+)?because\s+(?!of\b)[^,;:.()]*|with\s+the\s+(?:full\s+)?understanding\s+that\s[^;:.()]*|"
    r"(?<=,\s)(?:despite|in\s+spite\s+of)\s+(?!\d)(?:\w+\s+){0,3}?(?:therapy|therapies|treatments?|management|medications?|medicines?)"
    r"\b(?=\s*(?:[,;.)]|$)))"
)
_UNKNOWN = re.compile(
    r"\W*(?:the\s+|potential\s+|possible\s+|long-?term\s+)*(?:effects?|risks?|safety)\b[^;:]*\s(?:is|are)\s+(?:currently\s+)?(?:unknown|not\s+known)\W*$"
)
# Each with a word that it cannot be without.
_LIMITLESS = (("considered", _COUNTED), ("known", _UNKNOWN), ("", _NOTICE), ("no", _NO_NEED), ("will", _DONE))
_THEREFORE = re.compile(r"\W*for\s+this\s+reason\b(?:\s+and\s+because\s[^;:]*?)?,(?=\s+(?:\w+\s+)?" + _PEOPLE + ")")
_DEFINED = re.compile(r"\W*([^,;:()]{3,60}?)\s(?:is|are)\s+defined\s+as\b[^\d<>≥≤]*$")
_WORD = re.compile(r"[a-z]{4,}")
_UNLIMITED = re.compile(
    r"\b((?:there\s+(?:is|are|will\s+be)\s+)?no\s+(?:(?:(?:specific|upper|lower|maximum|minimum|maximal|minimal|other|or|and|"
    r"age|gender|sex|race|racial|ethnic\w*|bmi|weight|height)[\s/,]+)+"
    r"(?:restrictions?|limits?|limitations?|preferences?|requirements?)\b(?:\s+(?:on|for|to|in)\s[^,;:.()]*)?"
    r"|(?:restrictions?|limits?|preferences?)\s+(?:on|for|regarding|as|with|to|in|by|of)\s[^,;:.()]*))"
)
_OPTIONAL = re.compile(r"\(([^()]*\bnot\s+(?:mandatory|required|necessary|needed)[^()]*)\)")
# Where more is said: "(see section 5)", "(last month; see the scores below)".
_ELSEWHERE = re.compile(r"[(;,]\s*((?:please\s+)?(?:also\s+)?see\s[^()]*)(?=\))")
# What may be or not: a name, and the rest of its list where a sentence or a bracket ends with that.
_NAMED = r"[dwKMYaqmpOrG'-]+(?:\([^()]*\))?"
_ANYTHING = "[^.;:()!X?I&|,/]+"
_FREE = {
    "either": re.compile(rf"({_NAMED}(?:(?:[&|/]{_NAMED})+(?=[.;)]|$))?)"),
    "any": re.compile(rf"((?:{_ANYTHING}(?:[,&|/]+{_ANYTHING})*(?=[.;)]|$))|[dv]*{_NAMED})"),
}


@lru_cache(maxsize=1)
def _signs(text: str) -> Sequence[str]:
    """The signs that a listing has at all: none other need be looked for in each of its items."""
    text = text.lower()
    return [sign for sign in _SIGNS if sign in text]


def asides(text: str, lexemes: Lexemes, first: int, codes: str) -> list[Span]:
    """The lexemes `[first, last)` of sentences that limit nobody, counted from the beginning of their item."""
    if not codes:
        return []
    starts = lexemes.starts
    begin = starts[first]
    words = text[begin : lexemes.ends[first + len(codes) - 1]].lower()
    if not any(sign in words for sign in _signs(text)):
        return []
    found: list[Span] = []
    for match in _SENTENCE.finditer(codes):
        low, high = starts[first + match.start()] - begin, lexemes.ends[first + match.end() - 1] - begin
        if found and match.start() < found[-1][1]:
            continue
        sentence = words[low:high]
        if _METHODS.match(sentence) or _FERTILE.match(sentence) or ("not" in sentence and _UNFIT.match(sentence)):
            stop = match.end()
            while stop < len(codes) and text[starts[first + stop]] == ";":  # a list of methods
                stop = codes.find(".", stop + 1)
                stop = len(codes) if stop < 0 else stop
            found.append((match.start(), stop))
        elif any(sign in sentence and limitless.match(sentence) for sign, limitless in _LIMITLESS):
            # the address of a site has stops of its own
            found.append((match.start(), len(codes) if sentence.endswith("www") else match.end()))
        elif end := _aside(words[:low], sentence):
            last = bisect_left(starts, begin + low + end, first, first + len(codes)) - first
            found.append((match.start(), min(last, match.end())))
        else:
            found += _either(lexemes, first, codes, match.start(), match.end())
    told = _ELSEWHERE.finditer(words) if "see " in words else ()
    why = _REASON.finditer(words) if any(sign in words for sign in _REASONS) else ()
    unlimited = _UNLIMITED.finditer(words) if "no " in words else ()
    optional = _OPTIONAL.finditer(words) if "(" in words else ()
    for free in (*unlimited, *optional, *told, *why):
        low, high = (bisect_left(starts, begin + x, first, first + len(codes)) - first for x in free.span(1))
        found.append((low, high))
    return found


def _either(lexemes: Lexemes, first: int, codes: str, begin: int, end: int) -> list[Span]:
    """What may be or not, and so limits nobody: "ascites with or without infection", "regardless of sex or age"."""
    found: list[Span] = []
    for k in range(begin, end):
        free = lexemes.entries[first + k].roles.get("notpseudo")
        if free not in _FREE or (found and k < found[-1][1]):
            continue
        match = _FREE[free].match(codes, k + 1, end)
        if match is not None and match[1]:
            found.append((k, match.end(1)))
    return found


def _aside(before: str, sentence: str) -> int:
    """How many characters of a sentence limit nobody."""
    if "defined" in sentence and (defined := _DEFINED.match(sentence)) is not None:
        named = _WORD.findall(defined[1])
        return len(sentence) if named and all(word in before for word in named) else 0
    if (why := _THEREFORE.match(sentence)) is not None:
        return why.end()
    asked = _ALSO.match(sentence) if "may" in sentence else None
    asked = asked or _UNASKED.match(sentence)
    if asked is None:
        return 0
    but = _BUT.search(sentence, asked.end())
    end = but.start() if but else len(sentence)
    if asked.re is _UNASKED:
        return 0 if _WHOSE.search(asked[0]) else end
    return 0 if _WHOSE.search(asked[0]) or _LIMITED.search(sentence, asked.end(), end) else end
