"""What a lexeme is by what stands around it: abbreviations beside their long form, signs of a result, descriptions.

In: the codes of an item. Out: the codes as the statements are cut from them; of "rash that may require steroids" the
last four are one description (`Vlll`), which names nothing of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, partial
from itertools import pairwise

from protoparse.grammar.classing import acts, classed
from protoparse.grammar.completing import half
from protoparse.grammar.items import plays, telling
from protoparse.grammar.naming import CLASSES
from protoparse.grammar.phrases import Phrase, Value
from protoparse.grammar.places import placed
from protoparse.grammar.terms import domain_of
from protoparse.lexing import Lexemes, Term, lexer
from protoparse.model import Domain

_SCALED = re.compile(r"M(?:y*w[w.]*)?y*,(?=M)")
_FRONTED = re.compile(r"(?<=[HdOC|&])\((m|w|w-w)\)(?=m*[wK])")
_BY = re.compile(r"\(p")
_UNCOUNTED = re.compile(r"(?<![n~])t")  # no millisecond without a number
_OF_WHAT = re.compile(r"[^.:;()]{0,6}?([dO]*f[mdpO-]{0,3}[wKM][wKMmdpO-]{0,5})(?:[^\W_wKM:.;]{1,12})?(:)(?=[^\n])")
_ABOUT = re.compile(r"(?<=[wKM])[pi]\|[pi](?=[dm]*[wKM])")
_GENUS = re.compile(r"[wut]\.(?=[wK])")
_ASIDE = re.compile(r"(?<=[wKMaqL])\([wKMaL]\)")

# A sign behind a test, glued to it or in brackets; a word that says its result ("MMR-deficient", "wild-type KRAS").
_SIGN = re.compile(r"(?<=[MKw])(?:>|\([->]\))|(?<=M)-(?![wKMnamq])|(?<=M)-(?=[^\n])")
_RESULT = re.compile(r"(?<=M)-?w(?![w-])|w(?=M)")
# A hyphen that waits for the head of a list ("PD-1- and PD-L1-directed therapy").
_HEADED = re.compile("[&|/,][&|]?d*[wMK]+-[wMK]")
# Behind a description that goes on over "or": what begins something of its own.
_ANEW = re.compile(r"[&|]?[dv]*(?:[!HCXI?]|m*[KM])")
_ELSE = re.compile(r"\|(?:[CH]|v[CH]|v(?=d*[wKm]*K))")
_STATING = ("is", "are", "was", "were")
_FINITE = ("has", "have", "is", "are")
_SUFFERED = {"condition", "observation"}
_BASE = re.compile("[KMw]")
_ENDING = re.compile(r"[.:;()XI?+#\n]")
_PURPOSE = re.compile(r",G[dmvwKMaOp-]+(?=$|[.;(),])")
# "Insulin-requiring diabetes" is one name.
_REQUIRING = re.compile("(?<=[wKM]-)R(?=[mwK])")
_QUALIFYING = re.compile(r"(?<=d)\+|\+(?=[wKMm])|(?<=[wmv^])\+(?=[,&][dwm]{0,3}[KM])")
# An exception between two commas, what it is an exception to going on behind: "any disease, other than asthma, that …".
_EXCEPTED = re.compile(r",(X[^,.:()^!?X\n]{1,24}),(?=[Rc])")
_HALF = re.compile("[wbftrM<>]-?(?:,[&|]?|[&|/])(?=[wKbfMt<>r])")
_FOUND = re.compile("m(?=M)")
_WITH = re.compile("(?<=[Kw])p(?=d*[KM])")
_ABBREVIATED = re.compile(r"\(w\)")
_PARTS = re.compile(r"[&|,/]+")
_OF_PEOPLE = re.compile("(?<=M)O(?=d*K)")
_SOME = re.compile(r"\b(?:wo)?m[ae]n\b|child|males?\b|potential|wo?cbp|infant|newborn|neonate")
_CONCEDED = re.compile(r"[^,.;()^\n]*")
# Two times of one thing, its name behind both: "previous treatment with, or current use of, methotrexate".
_SUSPENDED = re.compile(r"(?<![wKMaYq])([HCv^][vdpO^HC]*),([|&][vdpO^HC]*[vOHC^p]),(?![|&,])")
_EARLY = 12
"""So near its beginning an item tells whom it explains."""
# What something was found by: a list of such, each perhaps with what it showed in brackets.
_MEMBER = r"[dmvwKMaOyF-]+(?:\([^()]{1,24}\))?"
_BY_SEVERAL = re.compile(rf"A{_MEMBER}(?:(?:,[&|]?|[&|/]){_MEMBER})+")
_SHOWN = re.compile(r"[,(]A[dmvwKMO-]+")
_MEMBERS = re.compile(r"\([^()]*\)|[,&|/]+")
_FOUND_BY = (None, "procedure", "measurement", "observation", "other")
_DUTY = re.compile("[!^]")
_SAID_OF = re.compile("R[dv]*(?:[mw](?:[,&|/]+[dv]*)?)+(?![mwKMa-])")
_SIDE_BY_SIDE = re.compile("(?<=m)[,|&/]+[dv]*(?=m)")
_OBJECT = re.compile(r"[dOpvamwKMtbfyGi~-]*")


def marked(text: str, lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes of an item, with what its neighbours make of them."""
    if "(" in codes:
        if "w(>)O" in codes:
            codes = codes.replace("w(>)O", "wyyyO")  # "1 line (or more) of …"
        codes = _asides(text, lexemes, first, codes)
        if "(p" in codes:
            codes = _BY.sub(lambda m: "(A" if lexemes.entries[first + m.start() + 1].text == "by" else m[0], codes)
    if "t" in codes and "MS" in text[lexemes.starts[first] : lexemes.ends[first + len(codes) - 1]]:
        codes = _UNCOUNTED.sub(lambda m: "w" if _spelt(text, lexemes, first + m.start()) == "MS" else "t", codes)
    if "f" in codes and ":" in codes:
        codes = _headings(lexemes, first, codes)
    if "|" in codes:
        codes = _ABOUT.sub(lambda m: m[0][0] + "dd", codes)
    if 0 < codes.find(".") < len(codes) - 1:
        codes = _genera(text, lexemes, first, codes)
    if "MO" in codes:
        codes = _bearers(lexemes, first, codes)
    if "mM" in codes:
        # "treatment with undetectable viral load": what a test found is its result
        codes = _FOUND.sub(lambda m: "q" if "qualitative" in lexemes.entries[first + m.start()].roles else "m", codes)
    if ",M" in codes:
        codes = _scales(lexemes, first, codes)
    if ",|" in codes or ",&" in codes:
        codes = _SUSPENDED.sub(_resumed, codes)
    if "M" in codes or ">" in codes:
        codes = _results(text, lexemes, first, codes)
    if "A" in codes:
        codes = _means(lexemes, first, codes, found)
        codes = _measured(lexemes, first, codes, found)
    if "+" in codes:
        # "an acceptable method" permits nothing
        codes = _QUALIFYING.sub(lambda m: "d" if " " not in lexemes.entries[first + m.start()].text else m[0], codes)
    if ",G" in codes:
        # "clear media, to permit imaging": what for is behind a comma, too
        codes = _PURPOSE.sub(lambda m: "dV".ljust(len(m[0]), "l"), codes)
    codes = placed(lexemes, first, codes, found)
    words = text[lexemes.starts[first] : lexemes.ends[first + len(codes) - 1]].lower()
    if acts(words):
        codes = classed(words, lexemes.starts[first], lexemes, first, codes)
    if "-R" in codes:
        codes = _REQUIRING.sub(lambda m: "w" if _tied(lexemes, first + m.start()) else "R", codes)
    if ",X" in codes:
        codes = _EXCEPTED.sub(lambda m: _parenthesis(lexemes, first, m), codes)
    if "R" in codes:
        codes = _SAID_OF.sub(partial(_narrowed, lexemes, first), codes)
        codes = _descriptions(lexemes, first, codes, found)
    if "nfection with " in words:
        codes = _infections(lexemes, first, codes)
    if _HALF.search(codes) and _pairs().search(words):
        codes = _halves(lexemes, first, codes, found)
    if "guardian" in words or "representative" in words:
        codes = _guardians(lexemes, first, codes)
    if any(word in words for word in telling("undertaking")):
        codes = _undertakings(lexemes, first, codes, found)
    return codes


def _narrowed(lexemes: Lexemes, first: int, match: re.Match[str]) -> str:
    """The codes of what a clause says of a thing, all that narrows it side by side: "that is metastatic or recurrent".

    Words that are part of a name elsewhere ("metastatic melanoma") narrow it here.
    """
    if not lexemes.entries[first + match.start()].text.endswith(_STATING):
        return match[0]  # "who require topical or systemic drugs"
    told = [
        "m" if code == "w" and "choice" in lexemes.entries[first + match.start() + k].roles else code
        for k, code in enumerate(match[0])
    ]
    return _SIDE_BY_SIDE.sub(lambda m: "d" * len(m[0]), "".join(told))


def _parenthesis(lexemes: Lexemes, first: int, match: re.Match[str]) -> str:
    """The codes of an exception between two commas, in brackets where what follows is of what it excepts from."""
    cue, behind = lexemes.entries[first + match.start() + 1].text, lexemes.entries[first + match.end()]
    if cue == "unless" or (match.string[match.end()] == "R" and not behind.text.startswith("that")):
        return match[0]  # "…, except hydroxyurea, which is permitted"
    return f"({match[1]})"


def _halves(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, half a name that waits for the other half marked (`j`): "first or second degree block"."""
    taken = {k for p in found for k in range(p.first - first, p.last - first)}
    for match in _HALF.finditer(codes):
        one, other = match.start(), match.end()
        if one in taken or other in taken or "paired" not in lexemes.entries[first + one].roles:
            continue
        text = lexemes.entries[first + other].text
        if half(text) is None:
            continue
        again = "w" if codes[other] in "t<>bfr" else codes[other]
        link = codes[one + 1 : other].replace("-", "y")
        codes = f"{codes[:one]}j{link}{again}{codes[other + 1 :]}"
    return codes


@cache
def _pairs() -> re.Pattern[str]:
    """Half a name and a connective: few texts have one."""
    words = [w for w, e in lexer().singles.items() if "paired" in e.roles]
    return re.compile(rf"\b(?:{'|'.join(sorted(words))})-?\s?(?:,|/|or\b|and\b|&)")


def _infections(lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, an infection and what it is with one name ("infection with hepatitis B")."""
    entries = lexemes.entries
    for match in _WITH.finditer(codes):
        i = first + match.start()
        if entries[i].text == "with" and entries[i - 1].text.endswith("infection"):
            codes = f"{codes[: match.start()]}O{codes[match.end() :]}"
    return codes


def _spelt(text: str, lexemes: Lexemes, i: int) -> str:
    return text[lexemes.starts[i] : lexemes.ends[i]]


def _tied(lexemes: Lexemes, i: int) -> bool:
    """Whether a hyphen ties the lexeme at i to the one in front of it."""
    return lexemes.ends[i - 2] == lexemes.starts[i - 1] and lexemes.ends[i - 1] == lexemes.starts[i]


def _headings(lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, what a list is of no thing of its own: "any of the following conditions: stroke, gout"."""
    for match in _OF_WHAT.finditer(codes):
        begin, end = match.span(1)
        entries = lexemes.entries[first + match.start() : first + end]
        chosen = any("number" in e.roles or e.text in ("any", "either") for e in entries)  # a quorum has its own colon
        if not chosen and any("following" in e.text for e in entries):
            codes = f"{codes[:begin]}{'d' * (end - begin)}{codes[end : match.start(2)]}d{codes[match.end() :]}"
    return codes


def _resumed(match: re.Match[str]) -> str:
    """The codes of two times of one thing, the commas around the second gone."""
    told = "H" in match[0] or "C" in match[0]
    return f"{match[1]}v{match[2]}v" if told else match[0]


def _guardians(lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, who consents for somebody marked as nobody of his own ("signed by the patient or a guardian")."""
    terms = [e.roles.get("concept") for e in lexemes.entries[first : first + len(codes)]]
    if not any(t is not None and t.domain == "consent" and "consent" in t.name for t in terms):
        return codes
    for k, term in enumerate(terms):
        if term is None or term.name != "legal guardian" or codes[k] != "K":
            continue
        end = k + 4 if _ABBREVIATED.match(codes, k + 1) else k + 1
        begin = k - 2 if codes[k - 1 : k] == "/" and codes[k - 2] in "wK" else k
        codes = f"{codes[:begin]}{'v' * (end - begin)}{codes[end:]}"
    return codes


def explains(lexemes: Lexemes, first: int, codes: str) -> bool:
    """Whether an item only says whom one of its words means: "postmenopausal is defined as no menses for a year"."""
    place = codes.find("=", 0, _EARLY)
    if place < 1 or lexemes.entries[first + place].roles.get("definition") != "people":
        return False
    said = [lexemes.entries[first + k].roles.get("concept") for k in range(place) if codes[k] in "wKM"]
    return bool(said) and all(term is not None and term.domain == "person" for term in said)


def _bearers(lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, "of" between a measurement and people marked as "in": "pregnancy test of fertile women"."""
    for match in _OF_PEOPLE.finditer(codes):
        whose = match.end()
        while codes[whose] == "d":
            whose += 1
        term = lexemes.entries[first + whose].roles.get("concept")
        if term is not None and term.domain == "person" and _SOME.search(lexemes.entries[first + whose].text):
            codes = f"{codes[: match.start()]}i{codes[match.end() :]}"
    return codes


def _scales(lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, a comma between a scale and its classes marked as part of the name ("NYHA, class III")."""
    for match in _SCALED.finditer(codes):
        scale, classes = (lexemes.entries[first + k].roles["measurement"] for k in (match.start(), match.end()))
        if scale.kind == "ordinal" and scale.name not in CLASSES and classes.name in CLASSES:
            codes = f"{codes[: match.end() - 1]}y{codes[match.end() :]}"
    return codes


def _genera(text: str, lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, a shortened genus one word with its species ("E. coli", "S. aureus")."""
    for match in _GENUS.finditer(codes):
        i = first + match.start()
        begin, species = lexemes.starts[i], text[lexemes.starts[i + 2]]
        if lexemes.ends[i] == begin + 1 and text[begin].isupper() and species.islower():
            codes = f"{codes[: match.start()]}wy{codes[match.end() :]}"
    return codes


def _asides(text: str, lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, an abbreviation in brackets behind its long form marked as part of the words around it."""
    for match in _ASIDE.finditer(codes):
        i = first + match.start() + 1
        short = text[lexemes.starts[i] : lexemes.ends[i]]
        if len(short) <= 9 and (short[:1].isupper() or short[1:2].isupper()):
            codes = f"{codes[: match.start()]}yyy{codes[match.end() :]}"
    for match in _FRONTED.finditer(codes):
        if lexemes.ends[first + match.end() - 2] - lexemes.starts[first + match.start() + 1] > 3:
            # "history of (non-infectious) pneumonitis"
            codes = f"{codes[: match.start()]}y{match[1]}y{codes[match.end() :]}"
    return codes


def _results(text: str, lexemes: Lexemes, first: int, codes: str) -> str:
    """The codes, with what says the result of a test marked as such ("ER+", "HBsAg (-)", "MMR-deficient")."""
    entries, starts, ends = lexemes.entries, lexemes.starts, lexemes.ends
    for match in _SIGN.finditer(codes):
        i = first + match.start()
        inside = match[0][0] == "("
        sign = i + 1 if inside else i
        roles = entries[i - 1].roles
        if "qualitative" not in entries[sign].roles or (not inside and starts[i] != ends[i - 1]):
            continue
        if not inside and (
            text[ends[i] : ends[i] + 1].isalnum() or (match[0] == "-" and _HEADED.match(codes, match.end()))
        ):
            continue  # "HER2-directed", "PD-1- and PD-L1-directed"
        word = entries[i - 1].text
        named = "measurement" in roles or (len(word) > 3 and not word.isalpha() and word[0].isalpha())
        if named or ("concept" in roles and roles["concept"].domain == "condition"):
            codes = f"{codes[: match.start()]}{'yqy' if inside else 'q'}{codes[match.end() :]}"
    for match in _RESULT.finditer(codes):
        last = match.end() - 1
        if "result" not in entries[first + last].roles:
            continue
        before = match.start() - 1 if last + 1 == len(codes) or codes[last + 1] != "M" else last + 1
        term = entries[first + before].roles.get("measurement")
        if term is not None and term.kind == "word":
            codes = f"{codes[: match.start()]}{'y' * (len(match[0]) - 1)}q{codes[match.end() :]}"
    return codes


def _means(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, a list of what something was found by one name ("documented by history, an X-ray report or CT")."""
    for match in _BY_SEVERAL.finditer(codes):
        begin, end = match.start() + 1, match.end()
        while codes[begin] == "d":
            begin += 1
        while codes[end - 1] in "pO":
            end -= 1
        before = codes[codes.rfind(".", 0, begin) + 1 : begin]
        if _BASE.search(before) is None:
            continue
        if end < len(codes) and codes[end] not in ".)":
            behind = next((p for p in found if p.first == first + end), None)
            if behind is None or (
                isinstance(behind.meaning, Value) and "M" not in before and "M" in re.split(r"[,&|/]", match[0])[-1]
            ):
                continue  # the limit is of the last of them: "confirmed by biopsy or a ratio > 2"
        stops = [*((m.start(), m.end()) for m in _MEMBERS.finditer(codes, begin, end)), (end, end)]
        domains, at = [], begin
        for stop, after in stops:
            if stop > at and not plays(lexemes.entries[first + stop - 1], "method_noun"):
                domains.append(_domain(lexemes, first, codes, at, stop))
            at = after
        if all(d in _FOUND_BY for d in domains):
            codes = f"{codes[:begin]}{'w' * (end - begin)}{codes[end:]}"
    return codes


def _measured(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, a limit that shows something marked as its definition ("anemia, as evidenced by hemoglobin < 9")."""
    for match in _SHOWN.finditer(codes):
        place = match.start() + 1
        limited = any(p.first == first + match.end() and isinstance(p.meaning, Value) for p in found)
        if limited and "include" not in lexemes.entries[first + place].roles and "M" in match[0]:
            codes = f"{codes[:place]}I{codes[place + 1 :]}"
    return codes


def _descriptions(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, a clause that only describes what it follows marked as one ("that may affect absorption")."""
    entries = lexemes.entries
    islands = {p.first - first: p for p in found}
    k = codes.find("R")
    while k >= 0:
        end = k + 1
        said = entries[first + k].roles["clause"]
        if said == "concession" and (conceded := _CONCEDED.match(codes, end)) is not None:
            end = conceded.end()  # "even if sterilized": so it is with all others
            begin = k - 1 if codes[k - 1 : k] == "," else k
            codes = f"{codes[:begin]}{'v' * (end - begin)}{codes[end:]}"
        elif said == "description" and _described(lexemes, first, codes, k):
            end = _end(lexemes, first, codes, k, islands)
            if end not in islands or not isinstance(islands[end].meaning, Value):
                codes = f"{codes[:k]}V{'l' * (end - k - 1)}{codes[end:]}"
        elif entries[first + k].text.endswith(" not"):
            codes = f"{codes[:k]}!{codes[k + 1 :]}"  # "patients that do not smoke"
        k = codes.find("R", end)
    return codes


def _described(lexemes: Lexemes, first: int, codes: str, k: int) -> bool:
    """Whether something that has a name of its own, and is nobody, stands before a clause."""
    if codes[k - 1 : k] == "!":
        return False  # "walks without requiring an aid"
    begin = max(codes.rfind(c, 0, k) for c in ".(") + 1
    for match in _BASE.finditer(codes, begin, k):
        roles = lexemes.entries[first + match.start()].roles
        term = roles.get("concept")
        if "population" not in roles and (term is None or term.domain != "person"):
            return True
    return False


def _end(lexemes: Lexemes, first: int, codes: str, k: int, islands: dict[int, Phrase]) -> int:
    """Where a description ends: at a stop, a bracket, a value or window, or where its list goes on behind a comma."""
    stop = _ENDING.search(codes, k)
    end = stop.start() if stop else len(codes)
    end = min([i for i in islands if k < i < end], default=end)
    begin = max(codes.rfind(".", 0, k), 0)
    duty = next((m.start() for m in _DUTY.finditer(codes, k + 1, end) if _asks(lexemes, first + m.start())), -1)
    if duty >= 0 and _of_somebody(lexemes, first, codes, begin):
        # "patients with tumours that required surgery must …", "for tumours that required surgery, it must …"
        comma = codes.rfind(",", k, duty)
        end = comma if comma >= 0 else duty
    permitted = codes.find("+", k + 1, end)
    if permitted >= 0 and " " in lexemes.entries[first + permitted].text:
        end = permitted  # "drugs that raise the pH may be taken"
    listed = "," in codes[begin:k]
    of = _domain(lexemes, first, codes, begin, k)
    for match in _ELSE.finditer(codes, k, end):
        if codes[match.end() - 1] != "v" or lexemes.entries[first + match.end() - 1].text in _FINITE:
            end = match.start()  # "pneumonitis that required steroids or has current pneumonitis"
            break
    if "done" in lexemes.entries[first + k].roles:
        links = [m.span() for m in _PARTS.finditer(codes, k, end)]
        for (last, begin), (behind, _) in pairwise([*links, (end, end)]):
            if codes.startswith("!", begin) or _domain(lexemes, first, codes, begin, behind) == "condition":
                return last  # "cancer that has undergone surgery, or melanoma in situ"
    i = codes.find(",", k, end)
    if listed and codes.startswith("|", i + 1) and i >= 0 and _ANEW.match(codes, i + 1):
        return i  # "asthma, cancer requiring surgery, or transplantation": two have no comma between them
    while i >= 0:
        anew = _ANEW.match(codes, i + 1)
        there = _domain(lexemes, first, codes, i, anew.end()) if anew else None
        alike = there is None or of == there or {of, there} <= _SUFFERED
        if (listed and there is None) or (anew and alike):
            return i  # "… that may impair absorption, alcohol abuse": of the kind that stands before the clause
        i = codes.find(",", i + 1, end)
    return end


def _asks(lexemes: Lexemes, i: int) -> bool:
    """Whether the lexeme at i, a duty or a negation, asks something of somebody ("must", "must not")."""
    entry = lexemes.entries[i]
    return "not" not in entry.roles or plays(lexer().singles[entry.text.partition(" ")[0]], "duty")


def _of_somebody(lexemes: Lexemes, first: int, codes: str, k: int) -> bool:
    """Whether a sentence that begins at k speaks of people, or tells for whom it is."""
    while k < len(codes) - 1 and codes[k] in ".d:":
        k += 1
    roles = lexemes.entries[first + k].roles
    term = roles.get("concept")
    return codes[k] in "oi?" or "population" in roles or (term is not None and term.domain == "person")


def _domain(lexemes: Lexemes, first: int, codes: str, begin: int, end: int) -> Domain | None:
    """What the last known name of a stretch is."""
    for k in range(end - 1, begin - 1, -1):
        if codes[k] in "KMw":
            entry = lexemes.entries[first + k]
            term: Term | None = entry.roles.get("measurement" if codes[k] == "M" else "concept")
            domain = domain_of([entry.text], term)
            if domain is not None or codes[k] != "w":
                return domain
    return None


def _undertakings(lexemes: Lexemes, first: int, codes: str, found: Sequence[Phrase]) -> str:
    """The codes, what somebody undertakes one name with all that it is about ("comply with visits and procedures")."""
    entries = lexemes.entries
    k = next((i for i, c in enumerate(codes) if c in "wK" and plays(entries[first + i], "undertaking")), -1)
    if k < 0:
        return codes
    stop = min([p.first - first for p in found if p.first - first > k], default=len(codes))
    end = i = k + 1
    while i < stop:
        part = _OBJECT.match(codes, i, stop)
        last = part.end() if part is not None else i
        if last == i or not plays(entries[first + last - 1], "matter"):
            break
        end = last
        link = _PARTS.match(codes, last, stop)
        if link is None:
            break
        i = link.end()
    return f"{codes[: k + 1]}{'w' * (end - k - 1)}{codes[end:]}"
