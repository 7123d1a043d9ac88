"""WHO ICTRP: a trial of the search portal's export, one row of a table, an XML record or a JSON object.

In: the columns that the portal names ("Inclusion Criteria", "Inclusion_agemin", …) or short ones (`inclusion`,
`agemin`), with the markup that the 17 registries leave in them. Out: the criteria with line breaks in place of `<br>`,
the fields with the registries' ways of saying "no limit" read as none.

>>> study({"TrialID": "RPCEC00009999", "Inclusion_Criteria": "Inclusion criteria: a<br>b", "agemin": "NA"}).text
'Inclusion Criteria:\\n\\na\\nb'
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from protoparse.errors import InputError
from protoparse.model import Age, Sex, Trial
from protoparse.sources import fields
from protoparse.sources.fields import string
from protoparse.sources.listing import Listing, joined

_NAMES = {
    "number": ("trialid", "mainid"),
    "registry": ("sourceregister", "registry", "regname"),
    "title": ("publictitle", "title"),
    "scientific": ("scientifictitle",),
    "conditions": ("condition", "conditions", "hcfreetext"),
    "inclusion": ("inclusioncriteria", "inclusion"),
    "exclusion": ("exclusioncriteria", "exclusion"),
    "youngest": ("inclusionagemin", "agemin"),
    "oldest": ("inclusionagemax", "agemax"),
    "sex": ("inclusiongender", "gender"),
}
_MISSING = frozenset(("", "na", "n/a", "null", "none", "not applicable", "-", "not available", "no"))
_BREAK = re.compile(r"(?<![ \t])(?:[ \t]*\r?\n)?[ \t]*<br\s*/?\s*>(?:\s*<br\s*/\s*>)?", re.I)
_DOUBLE = re.compile(r"<br/ >\s*<br>", re.I)  # how CTRI ends a line
_TAG = re.compile(
    r"</?(?:p|div|span|ul|ol|li|sup|sub|strong|b|em|i|u|table|tr|td)(?:\s+[a-z-]+\s*=[^<>]*)?\s*/?>", re.I
)
# EUCTR's answers on age, which the portal appends to the inclusion criteria
_AGES = re.compile(r"Are the trial subjects under 18\?", re.I)
_BAND = re.compile(r"(under 18\?|Adults \(18-64 years\)|Elderly \(>=\s*65 years\))\s*(?:yes)\b", re.I)
_SEXES = re.compile(r"\b(female|male):\s*yes\b", re.I)
# codes before or in place of a name: "Health Condition 1: B972- …", "J96.11 - [generalization J96.1: …]", "-B342 …"
_CODE = r"[A-Z]\d\d[\dX]?(?:\.\d{1,2})?"
_HEAD = re.compile(
    rf"\s*(?:Health Condition \d+:\s*)?(?:(?:null|{_CODE})?\s*-(?!\w+\Z)\s*(?:{_CODE}\b)?\s*|(?:{_CODE})\s*\Z)?"
    rf"(?:\[generalization {_CODE}:(?=.*\]))?",
    re.I,
)
_CHAPTER = re.compile(r"[A-Z]\d\d\s*[-–]\s*[A-Z]\d\d(?:\.\d)?")
_OTHER = re.compile(r"\s*(?:MedDRA version:|Therapeutic area:|System Organ Class)", re.I)


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object has a trial's number and its inclusion or exclusion criteria in fields of their own."""
    names = {_plain(name) for name in record}
    return bool(names & {*_NAMES["number"], "id"}) and not names.isdisjoint(
        (*_NAMES["inclusion"], *_NAMES["exclusion"])
    )


def study(record: Mapping[str, Any]) -> Listing:
    """The listing of a row; raises `InputError`, with its number, where it has no eligibility section."""
    row = {_plain(name): value for name, value in record.items()}
    value = {key: next((v for n in names if (v := _value(row.get(n)))), None) for key, names in _NAMES.items()}
    number = value["number"] or _value(row.get("id"))
    registry = fields.registry(number) or value["registry"]
    inclusion, answers = _cut(value["inclusion"] or "")
    inclusion, exclusion = _text(inclusion), _text(value["exclusion"] or "")
    # ClinicalTrials.gov's section comes as a whole, in the first of the two fields
    whole = registry == "ClinicalTrials.gov" and not exclusion
    text = inclusion if whole else joined(inclusion, exclusion)
    if not text.strip():
        raise InputError(f"study {number or 'without a number'}: no eligibility section")
    youngest, oldest = _limit(value["youngest"]), _limit(value["oldest"])
    if not (youngest or oldest):
        youngest, oldest = fields.age_bands(_BAND.findall(answers))
    trial = Trial(
        id=number,
        registry=registry,
        title=_line(value["title"]) or _line(value["scientific"]),
        conditions=tuple(_conditions(value["conditions"] or "")),
        minimum_age=youngest,
        maximum_age=oldest,
        sex=_sex(value["sex"]),
    )
    return Listing(trial=trial, text=text, name="")


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _value(value: object) -> str | None:
    """A field that says something: the portal's registries write "NA", "NULL" and the like into empty ones."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = "\n".join(value)  # one's own record may have a criterion a string
    text = value if isinstance(value, str) else None
    return text if text is not None and text.strip().lower() not in _MISSING else None


def _cut(inclusion: str) -> tuple[str, str]:
    """The criteria, and the answers on age that stand behind them."""
    match = _AGES.search(inclusion)
    return (inclusion[: match.start()].rstrip(), inclusion[match.start() :]) if match else (inclusion, "")


def _text(field: str) -> str:
    """A field as a reader sees it: line breaks are line ends, the margin that all lines share is none."""
    text = _BREAK.sub("\n", _DOUBLE.sub("<br>", field))
    if _TAG.search(text):
        from protoparse.sources import markup  # loads the HTML parser

        text = "\n".join(line.text for line in markup.lines(text.replace("\n", "<br>")))
    else:
        text = html.unescape(text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = textwrap.dedent(text).strip("\n")
    return "" if text.strip().lower() in _MISSING else text


def _line(field: str | None) -> str | None:
    return string(" ".join(_text(field).split())) if field else None


def _conditions(field: str) -> Iterator[str]:
    """Each condition once: registries give it as free text, as a code and as a keyword, one behind the other."""
    seen: set[str] = set()
    for line in _text(field).replace(";", "\n").split("\n"):
        if _OTHER.match(line):
            continue
        line = line.partition("MedDRA version:")[0]
        head = _HEAD.match(line)
        name = " ".join(line[head.end() if head else 0 :].split()).strip(" .,;")
        name = name.removesuffix("]") if name.count("]") > name.count("[") else name
        if _CHAPTER.fullmatch(name):
            continue
        if name and name.lower() not in _MISSING and name.lower() not in seen:
            seen.add(name.lower())
            yield name


def _limit(field: str | None) -> Age | None:
    limit = fields.age(field, unit="years") if field and not re.search(r"no limit", field, re.I) else None
    return limit if limit and limit.value else None


def _sex(field: str | None) -> Sex | None:
    takes = _SEXES.findall(field or "")
    return fields.sex(" ".join(takes)) if takes else fields.sex(field)
