r"""EU Clinical Trials Register: a download of full details as text, or its record as JSON; its pages are HTML.

In: the numbered questions of the application ("E.3 Principal inclusion criteria: …"), one record a member state.
Out: E.3 and E.4 joined, with the ages of F.1, the sexes of F.2 and F.3.1; an answer that is given in several languages
is taken in English where it is.

>>> [found] = read("Summary\nEudraCT Number: 2099-000001-11\nE.3 Principal inclusion criteria: 1. Adults\n2. Walks\n"
...     "E.4 Principal exclusion criteria: Gout\nE.5 End points\nF.1.2 Adults (18-64 years): Yes\n")
>>> found.text, found.trial.minimum_age.value
('Inclusion Criteria:\n\n1. Adults\n2. Walks\n\nExclusion Criteria:\n\nGout', 18)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.fields import line, string
from protoparse.sources.listing import Listing, joined

_SUMMARY = re.compile(r"^Summary[ \t]*\r?\n(?=EudraCT Number:)", re.M)
_E3 = re.compile(r"^E\.3[ \t]+Principal inclusion criteria\b", re.M)
_QUESTION = re.compile(
    r"^(?P<code>[A-HNP]\.\d{1,2}(?:\.\d{1,2}){0,4}|EudraCT Number|Link)(?P<name>[ \t]+[A-Z0-9][^\n:]{0,200}?)?"
    r"(?:[ \t]*\((?P<language>[a-z]{2})\))?[ \t]*(?::(?P<answer>[^\n]*)|\r?)$",
    re.M,
)
# a criterion may begin as a question does ("A.1 Adults"): only these close the answer of E.3 and E.4
_CLOSING = re.compile(
    r"^(?:E\.[34][ \t]+Principal (?:in|ex)clusion|E\.5[ \t]+End point|E\.5\.1[ \t]|F\.[ \t]+Population)", re.M
)
_ANSWERED = {
    "e3": ("principal_inclusion_criteria",), "e4": ("principal_exclusion_criteria",),
    "a2": ("eudract_number",), "a3": ("full_title_of_the_trial",), "a31": ("title_of_the_trial_for_lay_people",),
    "e11": ("medical_conditions_being_investigated",), "e111": ("medical_condition_in_easily_understood_language",),
    "f21": ("female",), "f22": ("male",), "f31": ("healthy_volunteers",),
}  # fmt: skip
_KEY = re.compile(r"(?P<code>[a-z]\d+)_(?P<name>.+)", re.S)
_LANGUAGE = re.compile(r"_([a-z]{2})\Z")
_AGE_CODE = re.compile(r"f1(?:1[1-6]?|2|3)\Z")


def recognises(record: Mapping[str, Any]) -> bool:
    """Whether an object is such a record, the questions its keys."""
    return "a2_eudract_number" in record or "e3_principal_inclusion_criteria" in record


def recognises_text(text: str) -> bool:
    """Whether a text is such a download."""
    return _SUMMARY.search(text) is not None and _E3.search(text) is not None


def study(record: Mapping[str, Any]) -> Listing:
    """The listing of a JSON record; raises `InputError`, with its number, where it has no eligibility section."""
    answers: dict[tuple[str, str], str] = {}
    labels: dict[str, str] = {}
    for key, value in record.items():
        match = _KEY.match(key)
        if match is None or not isinstance(value, str):
            continue
        code, name = match["code"], match["name"]
        if _AGE_CODE.match(code) and not name.startswith("number_of"):
            labels[code] = name.replace("_", " ")
            answers.setdefault((code, ""), value)
        for asked in _ANSWERED.get(code, ()):
            if name.startswith(asked):
                language = _LANGUAGE.search(name) if name != asked else None
                answers.setdefault((code, language[1] if language else ""), value)
    return _listing(answers, labels)


def read(text: str) -> Iterator[Listing | InputError]:
    """Each record of a download, an error in the place of one without eligibility."""
    starts = [m.start() for m in _SUMMARY.finditer(text)] or [0]
    for place, start in enumerate(starts, start=1):
        record = text[start : starts[place] if place < len(starts) else len(text)]
        try:
            yield _record(record)
        except InputError as error:
            yield InputError(str(error) if len(starts) == 1 else f"record {place}: {error}")


def _record(text: str) -> Listing:
    questions = list(_QUESTION.finditer(text))
    answers: dict[tuple[str, str], str] = {}
    labels: dict[str, str] = {}
    country = ""
    past = 0
    for place, question in enumerate(questions):
        if question.start() < past:
            continue
        code = question["code"].replace(".", "").lower()
        end = questions[place + 1].start() if place + 1 < len(questions) else len(text)
        if code in ("e3", "e4"):
            closing = _CLOSING.search(text, question.end())
            end = past = closing.start() if closing else len(text)
        answer = ((question["answer"] or "") + text[question.end() : end]).strip()
        if code == "link":
            country = (question["answer"] or "").strip().rstrip("/").rpartition("/")[2]
        elif code == "eudract number":
            answers.setdefault(("a2", ""), question["answer"] or "")
        elif _AGE_CODE.match(code):
            labels[code] = question["name"] or ""
            answers.setdefault((code, ""), answer)
        elif code in _ANSWERED:
            answers.setdefault((code, question["language"] or ""), answer)
    listing = _listing(answers, labels)
    return replace(listing, name=f"#{'-'.join(filter(None, (listing.trial.id, country)))}")


def _listing(answers: Mapping[tuple[str, str], str], labels: Mapping[str, str]) -> Listing:
    def answer(*codes: str) -> str | None:
        """The first that says something, English before any other language."""
        for code in codes:
            said = {language: value for (of, language), value in answers.items() if of == code and value.strip()}
            if said:
                return said.get("") or said.get("en") or next(iter(said.values()))
        return None

    number = string(answer("a2"))
    text = joined(answer("e3"), answer("e4"))
    if not text:
        raise InputError(f"study {number or 'without a number'}: no eligibility section")
    taken = [label for code, label in labels.items() if fields.yes(answer(code))]
    youngest, oldest = fields.age_bands(taken)
    sexes = [sex for sex, code in (("female", "f21"), ("male", "f22")) if fields.yes(answer(code))]
    condition = line(answer("e11", "e111"))
    trial = Trial(
        id=number,
        registry="EU Clinical Trials Register",
        title=line(answer("a3", "a31")),
        conditions=(condition,) if condition else (),
        minimum_age=youngest,
        maximum_age=oldest,
        sex=fields.sex(" ".join(sexes)) if sexes else None,
        healthy_volunteers=fields.yes(answer("f31")),
    )
    return Listing(trial=trial, text=text, name="")
