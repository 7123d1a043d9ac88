"""A registry's own field values, as printed, to the model's types.

>>> age("18 Years")
Age(value=18, unit=Unit(text='Years', ucum='a'))
>>> ages("18 Years to 65 Years (Adult, Older Adult)")[1].value
65
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from protoparse.model import Age, Sex, Unit

_UNITS = {"y": "a", "year": "a", "m": "mo", "month": "mo", "w": "wk", "week": "wk", "d": "d", "day": "d", "hour": "h",
          "minute": "min"}  # fmt: skip
_AGE = re.compile(
    r"(?<![\d.])(\d{1,4}(?:\.\d{1,3})?)(?!\.?\d)"
    r"(?:[\s(]{0,3}(years?|months?|weeks?|days?|hours?|minutes?|(?<=\d)[ymwd])(?![a-z]))?",
    re.I,
)
# the bands of the European registries, from the youngest, each with its limits
_BANDS = (
    (r"under 18|0\s*-\s*17", None, (17, "Years")),
    (r"utero|preterm|newborn", None, (27, "Days")),
    (r"infants|toddlers", (28, "Days"), (23, "Months")),
    (r"children", (2, "Years"), (11, "Years")),
    (r"adolescents", (12, "Years"), (17, "Years")),
    (r"adults|18\s*-\s*64", (18, "Years"), (64, "Years")),
    (r"elderly|(?:>=|≥)\s*65|65\s*\+", (65, "Years"), None),
)
_BAND = tuple((re.compile(pattern, re.I), low, high) for pattern, low, high in _BANDS)
_UPPER_ONLY = re.compile(
    r"\b(?:up to|maximum|until|under|younger than|less than|and (?:under|younger|below))\b|[<≤]", re.I
)

# (pattern of the number, registry): those of the WHO's registry network
_REGISTRIES = (
    (r"NCT\d{8}", "ClinicalTrials.gov"),
    (r"ISRCTN\d{6,8}", "ISRCTN"),
    (r"20\d\d-5\d{5}-\d\d-\d\d", "CTIS"),
    (r"(?:EUCTR)?(?:19|20)\d\d-00\d{4}-\d\d(?:-[A-Z]{2,3}|-Outside-EU/EEA|-3rd)?", "EU Clinical Trials Register"),
    (r"ACTRN\d{14}p?", "ANZCTR"),
    (r"ChiCTR(?:-[A-Z]+-)?\d{8,10}", "ChiCTR"),
    (r"CTRI/\d{4}/\d\d(?:\d|/)\d{5,6}", "CTRI"),
    (r"DRKS\d{8}", "DRKS"),
    (r"KCT\d{7}", "CRIS"),
    (r"(?:JPRN-)?jRCT[a-z]?\d{9,10}", "jRCT"),
    (r"(?:JPRN-)?(?:UMIN|C0)\d{9}", "UMIN-CTR"),
    (r"(?:JPRN-)?JapicCTI-\d{6}", "JapicCTI"),
    (r"(?:JPRN-)?JMA-IIA\d{5}", "JMACCT"),
    (r"IRCT\d{8,}N?\d*", "IRCT"),
    (r"PACTR\d{15,16}", "PACTR"),
    (r"RBR-\w{6,8}", "ReBEC"),
    (r"TCTR\d{11}", "TCTR"),
    (r"SLCTR/\d{4}/\d{3}", "SLCTR"),
    (r"NTR\d{3,4}|NL\d{4}|NL-OMON\d{3,6}", "Dutch Trial Register"),
    (r"RPCEC\d{8}", "RPCEC"),
    (r"PER-\d{3}-\d\d", "REPEC"),
    (r"LBCTR\d{10}", "LBCTR"),
)
_REGISTRY_OF = tuple((re.compile(pattern + r"\Z"), registry) for pattern, registry in _REGISTRIES)
_NUMBER = re.compile(r"(?<![\w-])(?:" + "|".join(pattern for pattern, _ in _REGISTRIES) + r")(?![\w-])")


def age(text: str | None, *, unit: str | None = None) -> Age | None:
    """One age limit, "6 Months"; None for "N/A", "No limit" and, without a `unit` to go by, for what names none."""
    match = _AGE.search(text or "")
    return _age(match[1], match[2] or unit) if match and (match[2] or unit) else None


def age_bands(labels: Iterable[str]) -> tuple[Age | None, Age | None]:
    """The limits of all the age bands that a trial takes together.

    >>> [limit and limit.value for limit in age_bands(["Adults (18-64 years)", "Elderly (>=65 years)"])]
    [18, None]
    """
    places = sorted({n for label in labels for n, (pattern, *_) in enumerate(_BAND) if pattern.search(label)})
    if len(places) > 1 and places[0] == 0 and places[1] <= 4:  # "under 18" says less than the bands inside it
        del places[0]
    if not places:
        return None, None
    low, high = _BAND[places[0]][1], _BAND[places[-1]][2]
    return low and _age(str(low[0]), low[1]), high and _age(str(high[0]), high[1])


def is_age_band(label: str) -> bool:
    """Whether a label is that of such a band."""
    return len(label) < 100 and any(pattern.search(label) for pattern, *_ in _BAND)


def ages(text: str) -> tuple[Age | None, Age | None]:
    """The lower and the upper limit of a range in one field: "18-65 years", "45 Year ~ 79 Year", "up to 5 years"."""
    found = list(_AGE.finditer(text))[:2]
    unit = next((m[2] for m in reversed(found) if m[2]), None)
    limits = [_age(m[1], m[2] or unit) for m in found if m[2] or unit]
    if len(limits) == 2:
        return limits[0], limits[1]
    if not limits:
        return None, None
    return (None, limits[0]) if _UPPER_ONLY.search(text) else (limits[0], None)


def sex(text: str | None) -> Sex | None:
    """The sexes a trial takes."""
    words = set(re.findall(r"[a-z]+", (text or "")[:200].lower()))
    female, male = bool(words & {"female", "females", "women", "f"}), bool(words & {"male", "males", "men", "m"})
    if words & {"all", "both", "any"} or (female and male):
        return "all"
    if female:
        return "female"
    return "male" if male else None


def yes(value: object) -> bool | None:
    """A yes-or-no field: a boolean, "Yes", "No", "Accepts Healthy Volunteers"."""
    if isinstance(value, bool):
        return value
    word = re.match(r"\W*(\w+)", value) if isinstance(value, str) else None
    return (
        {"yes": True, "true": True, "accepts": True, "no": False, "false": False}.get(word[1].lower()) if word else None
    )


def registry(number: str | None) -> str | None:
    """The registry that gives out numbers of this form."""
    return next((name for pattern, name in _REGISTRY_OF if pattern.match(number or "")), None)


def number(text: str) -> str | None:
    """The first registry number in a text."""
    match = _NUMBER.search(text)
    return match[0] if match else None


def _age(value: str, unit: str | None) -> Age:
    printed = unit or "years"
    ucum = _UNITS[printed.lower().rstrip("s")]
    return Age(value=float(value) if "." in value else int(value), unit=Unit(text=printed, ucum=ucum))


# ------------------------------------------------------------------ records of objects


def part(record: object, *keys: str) -> dict[str, Any]:
    """The object at a path of keys; empty where there is none."""
    for key in keys:
        record = record.get(key) if isinstance(record, dict) else None
    return record if isinstance(record, dict) else {}


def several(value: object) -> list[Any]:
    """What one field holds once or several times, as records made from XML do."""
    return value if isinstance(value, list) else [] if value is None else [value]


def string(value: object) -> str | None:
    """A text with something in it."""
    return value.strip() or None if isinstance(value, str) else None


UNDERLINED: Mapping[str, str] = {"<": "≤", ">": "≥"}
"""How "≤" and "≥" are typed by those who lack the sign: as an underlined one."""


def underlined(text: str) -> str:
    """What is printed with a line below it, a comparator as what it stands for."""
    said = text.strip()
    return text.replace(said, UNDERLINED[said]) if said in UNDERLINED else text


def line(value: object) -> str | None:
    """A text with something in it, on one line."""
    return " ".join(value.split()) or None if isinstance(value, str) else None


def strings(value: object) -> tuple[str, ...]:
    """The texts of a list that have something in them, each on one line."""
    return tuple(said for x in value if (said := line(x))) if isinstance(value, list) else ()
