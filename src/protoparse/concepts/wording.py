"""The normal form of a name: what is left of it when spelling, number and word order are taken away.

In: a phrase as printed. Out: its words, each plain and singular, in alphabetical order; two phrases with one normal
form name the same thing. The vocabularies are written in it, so that a look-up is one hash.

>>> normal("Carcinoma of the Lung"), normal("lung carcinomas"), normal("Crohn’s disease"), normal("β-Haemolytic")
('carcinoma lung', 'carcinoma lung', 'crohn disease', 'beta hemolytic')
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_GREEK = {
    "α": " alpha ", "β": " beta ", "γ": " gamma ", "δ": " delta ", "ε": " epsilon ", "κ": " kappa ", "λ": " lambda ",
    "μ": " mu ", "ω": " omega ", "ß": " beta ",
}  # fmt: skip
_BRITISH = [
    (re.compile(pattern), american)
    for pattern, american in (
        (r"\b(tum|col|hum|lab|fav|behavi|odo|harb|rum)our", r"\1or"), (r"isation", "ization"), (r"[ao]e(?=[a-z])", "e"),
        (r"ise([ds]?)\b(?<!exercise)(?<!disease)", r"ize\1"), (r"ising\b", "izing"), (r"lys(e[ds]?|ing)\b", r"lyz\1"),
        (r"sulph", "sulf"), (r"\b(cent|lit|fib|tit|met)re(s?)\b", r"\1er\2"), (r"programme", "program"),
        (r"grey\b", "gray"), (r"leuco", "leuko"), (r"labelled", "labeled"),
        (r"disk\b", "disc"), (r"\baluminium", "aluminum"),
    )
]  # fmt: skip
_SPELLED = re.compile("|".join(pattern.pattern for pattern, _ in _BRITISH))
_POSSESSIVE = re.compile(r"['`´]s\b|s['`´](?=\s|$)")
_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)*")
# Prefixes that are printed joined, hyphenated or apart.
_PREFIXES = frozenset(
    {
        "anti", "auto", "broncho", "cardio", "cerebro", "co", "dys", "encephalo", "endo", "extra", "gastro",
        "glomerulo", "hepato", "hyper", "hypo", "immuno", "intra", "macro", "micro", "multi", "myelo", "neo", "neuro",
        "non", "over", "para", "peri", "poly", "post", "pre", "pyelo", "re", "sub", "thrombo", "un", "under", "uro",
    }
)  # fmt: skip
_EMPTY = frozenset(["the", "of", "in", "to", "on", "at", "its", "nos"])
_ARTICLES = ("a", "an")
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vi": "6"}
_NUMBERED = frozenset(["type", "class", "stage", "grade"])
# Words that vocabularies use for one another in the names of the same diseases.
_SAME = {
    "renal": "kidney", "hepatic": "liver", "cardiac": "heart", "pulmonary": "lung", "disorder": "disease",
    "carcinomata": "carcinoma", "ekg": "ecg", "transplantation": "transplant", "grafting": "graft",
    "dependency": "dependence", "mellitus": "", "antagonist": "blocker",
}  # fmt: skip
_MALIGNANT = re.compile(r"\bmalignant (?:neoplasm|tumou?r|neoplastic disease)s?\b|\bmalignanc(?:y|ies)\b|\bcancers\b")


@lru_cache(20_000)
def normal(phrase: str) -> str:
    """The normal form of a phrase; empty where it holds no word.

    >>> normal("diabetes mellitus, type II"), normal("non-small cell lung cancer"), normal("malignant tumour of colon")
    ('2 diabete type', 'cancer cell lung nonsmall', 'cancer colon')
    """
    return " ".join(sorted(set(words(phrase))))


def words(phrase: str) -> list[str]:
    """The words of a phrase in their normal forms, as they stand; such as add nothing are left out."""
    text = phrase.lower()
    if not text.isascii():
        for sign, name in _GREEK.items():
            text = text.replace(sign, name)
        text = unicodedata.normalize("NFKD", text).replace("’", "'")
        text = "".join([c for c in text if not unicodedata.combining(c)])
    if "'" in text or "`" in text or "´" in text:
        text = _POSSESSIVE.sub("", text)
    if "cancers" in text or "malignan" in text:
        text = _MALIGNANT.sub("cancer", text)
    found: list[str] = []
    prefix = ""
    tokens = list(map(_american, _WORD.findall(text)))
    for i, token in enumerate(tokens):
        if token in _PREFIXES and i + 1 < len(tokens) and tokens[i + 1][0].isalpha():
            prefix += token
            continue
        word = prefix + token
        prefix = ""
        if (word in _EMPTY or (i == 0 and word in _ARTICLES)) and len(tokens) > 1:
            continue  # "hepatitis A" keeps its letter
        if word in _ROMAN and found and found[-1] in _NUMBERED:
            word = _ROMAN[word]
        if word := _alike(word):
            found.append(word)
    return found


@lru_cache(20_000)
def _american(word: str) -> str:
    """A word as it is spelled in America."""
    if _SPELLED.search(word):
        for pattern, american in _BRITISH:
            word = pattern.sub(american, word)
    return word


@lru_cache(20_000)
def _alike(word: str) -> str:
    """A word without its plural, or the one that is used for it; empty where it adds nothing."""
    word = singular(word)
    return _SAME.get(word, word)


def singular(word: str) -> str:
    """A word without its plural: by rule, so that what is no plural is shortened alike wherever it stands.

    >>> [singular(w) for w in ("metastases", "diseases", "allergies", "tics", "abscess", "fibrosis", "masses")]
    ['metastasis', 'disease', 'allergy', 'tic', 'abscess', 'fibrosis', 'mass']
    """
    if len(word) < 4 or word[-1] not in "sa":
        return word
    if word.endswith(("oses", "yses", "eses", "stases", "crises")):
        return word[:-2] + "is"
    if word.endswith(("sses", "xes", "ches", "shes", "ruses", "tuses", "nuses")):
        return word[:-2]
    if word.endswith("itides"):
        return word[:-4] + "s"
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "is", "us")):
        return word[:-1]
    return word
