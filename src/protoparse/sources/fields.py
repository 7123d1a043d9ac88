"""A registry's own field values, as printed, to the model's types.

>>> age("18 Years")
Age(value=18, unit=Unit(text='Years', ucum='a'))
>>> ages("18 Years to 65 Years (Adult, Older Adult)")[1].value
65
"""

from __future__ import annotations

import re

from protoparse.model import Age, Sex, Unit

_UNITS = {"year": "a", "month": "mo", "week": "wk", "day": "d", "hour": "h", "minute": "min"}
_AGE = re.compile(
    r"(?<![\d.])(\d{1,4}(?:\.\d{1,3})?)(?!\.?\d)(?:\s{0,3}(years?|months?|weeks?|days?|hours?|minutes?)\b)?", re.I
)
_UPPER_ONLY = re.compile(
    r"\b(?:up to|maximum|until|under|younger than|less than|and (?:under|younger|below))\b|[<≤]", re.I
)

# (pattern of the number, registry): those of the WHO's registry network
_REGISTRIES = (
    (r"NCT\d{8}", "ClinicalTrials.gov"),
    (r"ISRCTN\d{6,8}", "ISRCTN"),
    (r"20\d\d-5\d{5}-\d\d-\d\d", "CTIS"),
    (r"(?:EUCTR)?(?:19|20)\d\d-00\d{4}-\d\d(?:-[A-Z]{2,3})?", "EU Clinical Trials Register"),
    (r"ACTRN\d{14}", "ANZCTR"),
    (r"ChiCTR(?:-[A-Z]+-)?\d{8,10}", "ChiCTR"),
    (r"CTRI/\d{4}/\d\d(?:\d|/)\d{5,6}", "CTRI"),
    (r"DRKS\d{8}", "DRKS"),
    (r"KCT\d{7}", "CRIS"),
    (r"jRCTs?\d{9,10}", "jRCT"),
    (r"UMIN\d{9}", "UMIN-CTR"),
    (r"IRCT\d{8,}N?\d*", "IRCT"),
    (r"PACTR\d{15,16}", "PACTR"),
    (r"RBR-\w{6,8}", "ReBEC"),
    (r"TCTR\d{11}", "TCTR"),
    (r"SLCTR/\d{4}/\d{3}", "SLCTR"),
    (r"NTR\d{3,4}|NL-OMON\d{3,6}", "Dutch Trial Register"),
)
_REGISTRY_OF = tuple((re.compile(pattern + r"\Z"), registry) for pattern, registry in _REGISTRIES)
_NUMBER = re.compile(r"(?<![\w-])(?:" + "|".join(pattern for pattern, _ in _REGISTRIES) + r")(?![\w-])")


def age(text: str | None) -> Age | None:
    """One age limit, "6 Months"; None for "N/A", "No limit" and whatever names no unit."""
    match = _AGE.search(text or "")
    return _age(match[1], match[2]) if match and match[2] else None


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
