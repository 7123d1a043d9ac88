"""Text to typed lexemes: spaCy tokens, then the vocabulary of `lexicon/`, longest match first.

In: a text and the pieces of it that are to be read. Out: `Lexemes`, parallel arrays over all pieces; "≥ 18 years old"
gives the codes `<nt`: a comparator, a number, a unit of time.

White space, Markdown escapes and comments are no tokens; every other character belongs to one. Each lexeme has a code
of one character (see `CODES`), so that the shape of a text is a string in which `re` finds islands at C speed.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from operator import add
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from protoparse import lexicon
from protoparse.lexicon import dates, powers
from protoparse.model import Code, Domain, Span

# Roles of words that keep the code of a word.
_WORDS = (
    "abbreviation numbered scale elapsed thereafter beginning method_noun version generic limit male female "
    "age_group result schooling finding countable limited undertaking matter apart nameless itself having "
    "requiring recovery returning restating often factor occasion bout shown tested other singular relative "
    "listed testable examining done choice paired counterpart place bearing coupled denial state ability "
    "relation owning contrast sort medicine acting course outcome treating skill possessing retelling usage alternate "
    "wanted tumour harmless"
)

CODES: Mapping[str, str] = {
    "and": "&", "or": "|", "comma": ",", "stop": ".", "open": "(", "close": ")", "slash": "/", "colon": ":",
    "dash": "-", "to": "~", "between": "B", "times": "x", "tolerance": "T", "number": "n", "ordinal": "r",
    "before_number": "<", "after_number": ">",
    "unit": "u", "time_unit": "t", "reference": "L",
    "not": "!", "notpseudo": "v", "except": "X", "if": "?", "include": "I",
    "within": "W", "past": "P", "next": "N", "before": "b", "after": "f", "of": "O", "at": "@", "during": "D",
    "since": "S",
    "until": "U", "from": "F", "for": "o", "guard": "i", "duty": "^", "ago": "g", "whichever": "h", "anchor": "a",
    "history": "H", "presence": "H", "current": "C", "family": "Y", "qualitative": "q", "cause": "c", "method": "A",
    "purpose": "G", "definition": "=", "clause": "R", "permission": "+", "refusal": "#", "subjective": "J",
    "population": "v", "filler": "v", "determiner": "d", "preposition": "p", "modifier": "m", "measurement": "M",
    "concept": "K", "date": "Z", "word": "w", "break": "\n",
    # What a word does beside its other roles: it has no code of its own for it.
    "verb": "v", "predicate": "v", "locative": "p", "possible": "v", "companion": "p", "standing": "K", "anew": "v",
    "allergy": "v", "pronoun": "v", "beside": "p", "assured": "d",
    **dict.fromkeys(_WORDS.split(), "w"),
}  # fmt: skip
"""What a role is called in the tables, and its code; a word of several roles takes the code of the first listed here
in which it may stand alone (see `_PRIORITY`), and keeps the others for the grammar to ask."""

_PRIORITY = [
    "comma", "stop", "open", "close", "slash", "colon", "dash", "and", "or", "number", "reference", "tolerance",
    "before_number", "after_number", "between", "notpseudo", "not", "except", "permission", "refusal", "subjective",
    "include", "whichever", "past", "next", "guard", "within", "before", "after", "at", "during", "since", "until",
    "for", "history", "presence", "current", "family", "cause", "method", "purpose", "definition", "of", "if",
    "times", "from", "to", "modifier", "qualitative", "measurement", "concept", "anchor", "clause", "time_unit",
    "unit", "preposition", "determiner", "population", "duty", "filler", "ago",
]  # fmt: skip
_RANK = {role: rank for rank, role in enumerate(_PRIORITY)}

CONCEPTS: tuple[tuple[str, Domain], ...] = (
    ("persons", "person"), ("conditions", "condition"), ("drugs", "drug"), ("procedures", "procedure"),
    ("observations", "observation"), ("allergies", "allergy"), ("devices", "device"), ("visits", "visit"),
    ("studies", "study"), ("consents", "consent"), ("others", "other"),
)  # fmt: skip

# What stands in a text for a registry's sake alone: comments, Markdown escapes and stars, marks of
# direction, the plural in "drug(s)".
_SKIP = re.compile(
    r"<!--(?:(?!<!--).)*?-->|(?<=\d)\\?\*(?=\s(?:years?|months?|weeks?|days?)\b)|"
    r"\\(?=[^\w\s])|\*\*|\((?<=[A-Za-z]\()e?s\)|(?<=[A-Za-z])\\?_(?=\d)|[\u200b-\u200f\u202a-\u202e\u2060\ufeff]",
    re.DOTALL,
)
_TOKENS = (
    # (each with the space behind it) most words at once; those that may be something else ("e.g.", "xULN") come last
    r"\(neo-?\)[\s-]?adjuvant|neo-?/adjuvant|"
    r"\d{1,2}(?::\d\d)?\s?[ap](?:m\b|\.m\b\.?)|(?:[01]\d|2[0-3]|(?<=at )\d):[0-5]\d(?!\d)|"
    r"(?:than|least|of|aged?|over|under)(?=\d)|[a-df-hj-wyz][^\W\d_]*(?:(?:(?<=v)|(?<=recist))\d+(?:\.\d+)+|\d+[^\W_]*|['’](?:s\b|[a-z]\b))?|"
    rf"{powers.NUMBER}|{powers.SCALE}"
    r"|\d+(?:st|nd|rd|th)\b(?!\s*-?\s*(?:per)?centile)"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)"
    r"|\d{1,3}(?:,? 000)+(?![\d,.]*\d)|\d{1,3} (?!10)\d{3}(?=\s?/\s?(?:mm|[uµμ]))"
    r"|\d+(?:[.,·]\d+)?(?:e\d+\b)?|(?<![\w.])\.\d+"
    r"|&(?:lt|gt|le|ge);=?|[<>]\s?=|=\s?[<>]|\+/-|e\.g\.?|i\.e\.?"
    r"|x(?=uln|lln|unl|\d)"
    r"|[^\W\d_]+(?:['’]s\b|\d+[^\W_]*|(?<=[a-z])(?:['’][a-z]\b))?"
    r"|[^\w\s]|\w"
)
_TOKEN = re.compile(rf"(?:{_TOKENS})\s*")
_DATED = re.compile(rf"(?:{dates.DATE}|{_TOKENS})\s*")  # dearer, and for the few texts that hold a date
_DATE = re.compile(dates.DATE)
_DEALT = "respectively"
_YEAR = re.compile(r"(?:19|20)\d\d(?!\d)")
_RAISED = re.compile(powers.NUMBER)
_ROMAN = re.compile(r"(?:i{1,3}|iv|v|vi{0,2})(?:[abc]\d?)?")
# "clearly", "immediately": how something is, never what; no "hepatomegaly", no "anomaly".
_ADVERB = re.compile("[a-z-]{2,}(?:al|ous|ive|ent|ant|ate|ed|ing|b|ar|ri|ful|less)ly")
_ROMAN_SIGN = re.compile("[\u2160-\u217b]")
_LIGATURE = re.compile("[\ufb00-\ufb04]")
_CLOCK = re.compile(r"\d+(?:\s?[ap]\.?m\.?|:\d\d.*)")
_NTH = re.compile(r"(\d+)(?:st|nd|rd|th)")
_BEFORE_NUMBER = re.compile(r"(?:than|to|limit)$|\d")
_SIGNS = ("symptoms", "signs")
_AMOUNT = re.compile(r"\d|[<>≥≤]|(?:at|more|less|up)$")
# A bare noun that is counted ("3 doses", "10 tablets") is a thing of its own, no unit.
_COUNTED = frozenset({"count", "dose", "radiation", "volume", "length"})
# Points of a score are no unit; that they were printed tells a value from a bare number all the same.
POINTS = ""
_UNNAMED = {"score": POINTS}


class Entry(Struct, frozen=True, gc=False):
    """What the vocabulary knows of a word or phrase: a code, and a value for each role it can play."""

    code: str
    text: str
    roles: Mapping[str, Any]
    orth: int = 0
    """The key of the word in the vocabulary's string store: what spaCy's tokens are made of."""

    @property
    def event(self) -> str | None:
        """The event that it can anchor."""
        return self.roles.get("anchor")


class Term(Struct, frozen=True, gc=False):
    """A named thing: what it is, its normalised name, its codes; for a measurement its kind."""

    domain: Domain
    name: str
    kind: str | None = None
    codes: tuple[Code, ...] = ()


class Lexemes(NamedTuple):
    """Parallel arrays over the lexemes of all pieces, a break (code newline) behind each piece."""

    codes: str
    entries: Sequence[Entry]
    starts: Sequence[int]
    ends: Sequence[int]
    breaks: Sequence[int]
    word_starts: Sequence[int] = ()
    """Where the single words of all lexemes begin, breaks among them."""
    word_ends: Sequence[int] = ()
    word_breaks: Sequence[int] = ()
    """Where among the words each piece ends; pieces need not be in the order of the text."""


def words(phrase: str) -> list[str]:
    """A vocabulary phrase as the tokens that a text would give, in the form in which they are looked up."""
    return [_plain(token.rstrip()) for token in _TOKEN.findall(_lower(phrase.strip()))]


def _plain(token: str) -> str:
    """A token without mere typography: "> =" is ">=", a curly apostrophe a straight one, "Ⅲ" III, "ﬁ" f and i."""
    if not token.isascii() and (_ROMAN_SIGN.match(token) or _LIGATURE.search(token)):
        token = unicodedata.normalize("NFKC", token).lower()
    if token[0] in "(n" and token.endswith("/adjuvant" if token[0] == "n" else "adjuvant"):
        return "neoadjuvant"  # "(neo)adjuvant", "neo-/adjuvant": said of both
    return token.replace("’", "'").replace(" ", "") if token[0] in "<>=" or "’" in token else token


def number(text: str) -> int | float:
    """A printed number: "1,500" and "50.000" are thousands, "18,5" a decimal.

    >>> number("1,500"), number("50.000"), number("100 000"), number("18,5"), number("2E6"), number("0.125")
    (1500, 50000, 100000, 18.5, 2000000, 0.125)
    >>> number("10^4")
    10000
    """
    if _RAISED.fullmatch(text):
        return powers.raised(text)
    text = text.replace("·", ".")
    if " " in text:
        text = text.replace(",", "").replace(" ", "")
    if re.fullmatch(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    elif re.fullmatch(r"[1-9]\d{0,2}\.000", text):
        text = text.replace(".", "")
    for sign in ",.":
        if text.count(sign) > 1:  # "000,000,000": nothing but thousands has several
            text = text.replace(sign, "")
    value = float(text.replace(",", ".") if "." not in text else text.replace(",", ""))
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


class _Vocabulary(dict[str, Entry]):
    """Single words; an unknown one is entered as a word or a number when it is first asked for."""

    LIMIT = 40_000

    def __init__(self, vocab: Vocab) -> None:
        super().__init__()
        self.vocab = vocab
        self._nothing = vocab["\n"].orth
        self["\n"] = Entry("\n", "\n", {})

    def __setitem__(self, word: str, entry: Entry) -> None:
        # a word of no phrase is none in the string store either, which would grow with every text
        known = word in self.vocab.strings
        super().__setitem__(word, replace(entry, orth=self.vocab.strings[word] if known else self._nothing))

    def __missing__(self, key: str) -> Entry:
        if len(self) > self.LIMIT:
            for known in [k for k, e in self.items() if e.code in "wn"]:
                del self[known]
        plain = _plain(key)
        if plain != key:
            super().__setitem__(key, self[plain])
            return self[plain]
        if "10" in key and powers.split(key):
            entry = Entry("u", key, {"unit": lexicon.unit_code(key)})
        elif len(key) > 7 and _DATE.fullmatch(key):
            entry = Entry(CODES["date"], key, {"anchor": "event"})
        elif _CLOCK.fullmatch(key):
            entry = Entry("w", key, {"nameless": True})
        elif nth := _NTH.fullmatch(key):
            entry = Entry("w", key, {"nth": int(nth[1])})
        elif (key[0].isdecimal() or (key[0] == "." and len(key) > 1)) and len(key) < 16 and math.isfinite(number(key)):
            entry = Entry("n", key, {"number": number(key)})
        elif key[0].isalpha() or key[0] == "_":
            roles = {"ordinal": key.upper()} if _ROMAN.fullmatch(key) else {}
            entry = Entry("w", key, {"nameless": True} if _ADVERB.fullmatch(key) else roles)
        else:
            entry = Entry("w", key, {"sign": True})
        self[key] = entry
        return self[key]


def _roles() -> dict[tuple[str, ...], dict[str, Any]]:
    """Every phrase of the tables, tokenized, with its roles."""
    table: dict[tuple[str, ...], dict[str, Any]] = {}

    def add(phrase: str, role: str, value: Any) -> None:
        key = tuple(words(phrase))
        if key:
            table.setdefault(key, {}).setdefault(role, value)

    for row in lexicon.rows("cues"):
        for phrase in row["phrases"].split("|") if row["cue"] != "or" else [*row["phrases"].split("|"), "|"]:
            if phrase:
                add(phrase, row["cue"], row["value"] or True)
    for row in lexicon.rows("comparators"):
        for phrase in lexicon.spellings(row["spellings"]):
            add(phrase, f"{row['place']}_number", row["operator"])
    for row in lexicon.rows("numbers"):
        for phrase in lexicon.spellings(row["words"]):
            add(phrase, "number", number(row["value"]))
    for row in lexicon.rows("references"):
        for phrase in lexicon.spellings(row["spellings"]):
            add(phrase, "reference", row["reference"])
    for row in lexicon.rows("units"):
        if row["kind"] in _COUNTED and re.fullmatch(r"(?:\{(?!pack)\w+\})?", row["ucum"]):
            continue
        for phrase in lexicon.spellings(row["spellings"]):
            if lexicon.cased(phrase):
                table[phrase,] = {"unit": row["ucum"]}
            else:
                add(phrase, "time_unit" if row["kind"] == "time" else "unit", row["ucum"] or _UNNAMED.get(row["kind"]))
    for row in lexicon.rows("anchors"):
        for phrase in lexicon.spellings(row["spellings"]):
            add(phrase, "anchor", row["event"])
            if phrase.startswith("last "):
                add(f"the {phrase}", "anchor", row["event"])  # no "the last" of a while ago
    for row in lexicon.rows("modifiers"):
        for phrase in lexicon.spellings(row["spellings"]):
            add(phrase, "modifier", (row["type"], row["value"]))
    for row in lexicon.rows("measurements"):
        codes = (Code(system="LOINC", code=row["loinc"]),) if row["loinc"] else ()
        term = Term("measurement", row["name"], row["kind"], codes)
        for phrase in [row["name"], *lexicon.spellings(row["spellings"])]:
            add(phrase, "measurement", term)
    for name, domain in CONCEPTS:
        for row in lexicon.rows(name):
            term = Term(domain, row["name"])
            for phrase in [row["name"], *lexicon.spellings(row["spellings"])]:
                # When, and which of two, is for the grammar to read.
                either = domain == "person" and " or " in phrase and term.name != "healthy volunteer"
                if phrase.startswith(STANDING) or either:
                    continue
                named = Term(domain, _own_name(phrase, term.name))
                for variant in _variants(phrase):
                    if domain == "allergy" and variant.endswith(AWAITING):
                        add(variant, "filler", True)
                        add(variant, "allergy", True)
                    else:
                        add(variant, "concept", named if named.name != term.name else term)
    return table


# Words of time in front of a name: left to the grammar, whatever a table says.
STANDING = ("prior ", "previous ", "current ", "concurrent ", "concomitant ", "history of ", "recent ")
AWAITING = (" to", " of", " tolerate", " against", " using")
"""How a cue of allergy ends that awaits its substance."""
_NEGATIVE = ("inability", "unable", "unwilling", "lack", "refus", "absence", "not ", "no ", "without", "failure")


def _own_name(phrase: str, name: str) -> str:
    """A row's name, unless the phrase denies it: "inability to swallow" is not the "ability to swallow"."""
    return phrase if phrase.startswith(_NEGATIVE) and not name.startswith(_NEGATIVE) else name


def _variants(phrase: str) -> Iterable[str]:
    """A phrase, its plain plural, and either without its hyphens; "in-patients" are no "in patients"."""
    yield phrase
    if phrase[-1:].isalpha() and phrase[-1] not in "sxy" and len(phrase) > 4:
        yield phrase + "s"
    if "-" in phrase and not phrase.startswith("in-"):
        yield from _variants(phrase.replace("-", " "))


def _entry(key: tuple[str, ...], roles: dict[str, Any], shared: dict[Any, dict[str, Any]]) -> Entry:
    first = min((r for r in roles if r in _RANK and r not in ("unit", "time_unit")), key=_RANK.__getitem__, default="")
    first = first or next((r for r in ("time_unit", "unit") if r in roles), "word")
    # A unit is one only behind a number; units of time have names that stand alone, too ("in the past year").
    # An abbreviation of several things is a measurement's only where a limit stands behind it ("HR > 100").
    code = "w" if (first == "unit" and key[0].isalpha()) or "limited" in roles else CODES[first]
    if len(key) == 1 and _ROMAN.fullmatch(key[0]):
        roles = roles | {"ordinal": key[0].upper()}
    # Spellings of one row share what they are: fewer objects for the garbage collector to walk.
    same = tuple(sorted((role, id(value)) for role, value in roles.items()))
    return Entry(code, " ".join(key), shared.setdefault(same, roles))


class Lexer:
    """The vocabulary, compiled once; `lex` may be called from one thread at a time."""

    def __init__(self) -> None:
        self.vocab = Vocab()
        self.phrases: dict[tuple[int, ...], Entry] = {}
        """What a phrase is, by the keys of its words in the vocabulary's string store."""
        self.cased: set[str] = set()
        """Words of small letters that are another unit when printed with a capital: "mM" is no "mm"."""
        shared: dict[Any, dict[str, Any]] = {}
        singles: dict[str, Entry] = {}
        lexemes = self.vocab
        for key, roles in _roles().items():
            if len(key) > 1:
                self.phrases[tuple([lexemes[word].orth for word in key])] = _entry(key, roles, shared)
                continue
            singles[key[0]] = _entry(key, roles, shared)
            if lexicon.cased(key[0]):
                self.cased.add(key[0].lower())
        self.singles = _Vocabulary(self.vocab)
        for word, entry in singles.items():
            self.singles[word] = entry
        self.matcher = PhraseMatcher(self.vocab, attr="ORTH")
        # The matcher takes the keys of words for a Doc of them, and one name for all at a third of the memory.
        self.matcher.add("phrase", list(self.phrases))  # type: ignore[arg-type]

    def phrase(self, tokens: Sequence[str]) -> Entry | None:
        """What the tables say of a whole phrase, None where they do not have it."""
        if len(tokens) == 1:
            return self.singles.get(tokens[0])
        strings = self.vocab.strings
        if not all(token in strings for token in tokens):
            return None
        return self.phrases.get(tuple([strings[token] for token in tokens]))

    def lex(
        self, text: str, pieces: Iterable[Span], meanings: Mapping[str, tuple[str, Entry]] = MappingProxyType({})
    ) -> Lexemes:
        """The lexemes of the pieces of a text, a break behind each piece.

        `meanings`: what abbreviations stand for in this text, where the tables do not say so.

        >>> lexer().lex("age ≥ 18 years", [(0, 14)]).codes
        'K<nt\\n'
        """
        plain = _SKIP.sub(_blank, text)
        plain = plain.lower() if plain.isascii() else _lower(plain).replace("ⅹ", "x")
        tokens: list[str] = []
        starts: list[int] = []
        word_breaks: list[int] = []
        findall = (_DATED if _YEAR.search(plain) and dates.dated(plain) else _TOKEN).findall
        for begin, end in pieces:
            # A token with the space behind it: their lengths add up to the place of each.
            found = findall(plain, begin, end)
            starts += accumulate(map(len, found), initial=end - sum(map(len, found)))
            tokens += map(str.rstrip, found)
            word_breaks.append(len(tokens))
            tokens.append("\n")
        cased = self.cased
        for k, token in enumerate(tokens) if not cased.isdisjoint(tokens) else ():
            if token in cased and k and tokens[k - 1][0].isdecimal():
                printed = text[starts[k] : starts[k] + len(token)]
                if printed in self.singles and not _numbers_a_part(tokens[k - 1], starts[k] - starts[k - 1], printed):
                    tokens[k] = printed
        ends = list(map(add, starts, map(len, tokens)))
        word_starts, word_ends = starts.copy(), ends.copy()
        entries = self._merge(tokens, starts, ends)
        if meanings:
            shorts = {short.lower(): short for short in meanings}
            for i, entry in enumerate(entries):
                short = shorts.get(entry.text)
                if short is None or text[starts[i] : ends[i]] != short:
                    continue
                if entry.code not in "wKMa" and entries[i + 1].code in "dvO":
                    continue  # "ALL OF THE FOLLOWING" beside "acute lymphoblastic leukemia (ALL)"
                entries[i] = meanings[short][1]
        codes = "".join([e.code for e in entries])
        breaks = [i for i, c in enumerate(codes) if c == "\n"]
        return Lexemes(codes, entries, starts, ends, breaks, word_starts, word_ends, word_breaks)

    def _anew(self, tokens: list[str], begin: int, end: int) -> bool:
        """Whether "or" before a comparator joins another limit ("< 5 or greater than 9"; not "5 or greater 24")."""
        inside = begin > 1 and "\n" not in tokens[begin - 2 : begin]
        if inside and tokens[end - 1] in _OF_TWO and tokens[end][:1].isdecimal():
            return self.singles[tokens[begin - 2]].code == "<"
        return _BEFORE_NUMBER.match(tokens[end]) is not None

    def _merge(self, tokens: list[str], starts: list[int], ends: list[int]) -> list[Entry]:
        """The entries of the tokens, those of a phrase merged in all three lists."""
        look = self.singles
        entries = [look[w] for w in tokens]
        if not tokens:
            return []
        # spaCy takes the keys of its string store for the words themselves, at a third of the cost.
        orths = [e.orth for e in entries]
        found = self.matcher(Doc(self.vocab, words=orths))  # type: ignore[arg-type]
        if not found:
            return entries
        # Longest first at each place; a phrase that begins inside one already taken is left.
        places = sorted([(begin, -end) for _, begin, end in found])
        merged: list[Entry] = []
        at: list[int] = []
        to: list[int] = []
        done = 0
        dealt = _DEALT in tokens
        for begin, minus in places:
            end = -minus
            if begin < done:
                continue
            phrase = self.phrases[tuple(orths[begin:end])]
            if phrase.code == ">" and self._anew(tokens, begin, end):
                continue  # "less than 10 or greater than 90", "below 50% or lower limit of normal": no "or greater"
            if tokens[begin] in _SIGNS and _AMOUNT.match(tokens[end]):
                continue  # "a duration of symptoms of at least 3 weeks"
            if dealt and phrase.code == "v" and "and" in tokens[begin:end] and _DEALT in tokens[end : end + 3]:
                continue  # "≥ 13 and ≥ 12 g/dL for men and women, respectively": each has a limit
            merged += entries[done:begin]
            at += starts[done:begin]
            to += ends[done:begin]
            merged.append(phrase)
            at.append(starts[begin])
            to.append(ends[end - 1])
            done = end
        merged += entries[done:]
        starts[:] = at + starts[done:]
        ends[:] = to + ends[done:]
        return merged


_OF_TWO = ("greater", "higher", "more", "longer", "older", "less", "lower", "younger")
"""What compares two things only with "than" behind it."""


def _numbers_a_part(number: str, distance: int, unit: str) -> bool:
    """Whether what looks like dioptres counts dimensions ("3D echocardiography") or parts ("Parts 1A/1D")."""
    return unit == "D" and number in ("1", "2", "3", "4") and distance == 1


def _blank(match: re.Match[str]) -> str:
    return " " * (match.end() - match.start())


def _lower(text: str) -> str:
    """Lower case, character for character: "İ" has no lower form of its own length, and stays."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join([c.lower() if len(c.lower()) == 1 else c for c in text])


@cache
def lexer() -> Lexer:
    """The lexer that everybody shares."""
    return Lexer()
