"""What is in a drug, by the name that a record gives it.

In: "acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet [Percocet]". Out: its ingredients and its brand.
"""

from __future__ import annotations

import re
from functools import lru_cache

_STRENGTH = re.compile(r"\s\d[\d.,]*\s*(?:%|\[?[a-z]+\]?(?:/[\d.]*\s*[a-z]+)?)(?:\s.*)?$|\s\d[\d.]*$")
_BEFORE = re.compile(
    r"^(?:nda\d+\s+|(?:abuse-deterrent|biphasic)\s+|"
    r"[\d.]+\s*(?:ml|l|actuat|hr|h|day|g|mg|unt)\b\s*|\d+\s*\(|[{(]\s*)+"
)
_BRAND = re.compile(r"\[([^\]]+)\]")
_PACK = re.compile(r"\s+\d+\s+day(?:\s+pack)?.*$|\s+pack$")
_FORM = re.compile(
    r"\s+(?:oral|topical|injectable|chewable|extended|delayed|metered|transdermal|rectal|nasal|ophthalmic|otic|vaginal|"
    r"sublingual|inhalation|mucosal|intravenous|subcutaneous|drug implant|auto-injector|prefilled|dry powder|"
    r"pill|tablet|capsule|"
    r"cream|ointment|gel|patch|spray|solution|suspension|injection|product|disintegrating)\b.*$"
)


@lru_cache(20_000)
def ingredients(name: str) -> tuple[str, ...]:
    """What a drug's name says is in it, brands among them, without strengths, forms and packs.

    >>> ingredients("acetaminophen 325 MG / oxycodone hydrochloride 10 MG Oral Tablet [Percocet]")
    ('percocet', 'acetaminophen', 'oxycodone hydrochloride')
    """
    text = name.lower().strip()
    found = [_PACK.sub("", b) for b in _BRAND.findall(text)]
    text = _BRAND.sub("", text)
    for part in re.split(r"\s+/\s+|\s+\+\s+|\s+and\s+|\)\s*/\s*|;\s*", text):
        part = _BEFORE.sub("", part.strip())
        part = _FORM.sub("", _PACK.sub("", _STRENGTH.sub("", part))).strip(" ,(){}")
        if part and not part[0].isdigit():
            found.append(part.split(",")[0].strip() if ", " in part else part)
    return tuple(dict.fromkeys(f for f in found if f))
