"""The page text of a registry, as copied or saved from a trial's page.

In: section titles on lines of their own, each with a one-line explanation below it; labels and values on lines of their
own. Out: the lines between "Eligibility Criteria" and "Minimum Eligible Age", verbatim, and the labelled fields.
"""

from __future__ import annotations

import re

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.decoding import is_blank
from protoparse.sources.listing import Listing


def _alone(*lines: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*+(?:{'|'.join(lines)})[ \t]*+\r?$", re.M)


_LABELS = ("Minimum Eligible Age", "Maximum Eligible Age", "Eligible Sex", "Accepts Healthy Volunteers")
_TITLE = _alone("Eligibility Criteria")
_END = _alone(*_LABELS)
_BEFORE = _alone("Study Design", "Study Groups", "Interventions")
_CONDITIONS = _alone("Conditions")
_AFTER_CONDITIONS = _alone("Study Design")
_NUMBER = re.compile(r"^[ \t]*+NCT ID:[ \t]*+(NCT\d{8})\b", re.M)
_CRITERIA_HEADING = re.compile(r"\W*(?:(?:key|main|principal)\s+)?(?:inclusion|exclusion)\b", re.I)


def recognises(text: str) -> bool:
    """Whether a text is such a page: the title of the eligibility section, then one of the labels that close it."""
    title = _TITLE.search(text)
    return bool(title and _END.search(text, title.end()))


def read(text: str) -> Listing:
    """The page's trial; raises `InputError` where the page has no eligibility section or an empty one."""
    first = _TITLE.search(text)
    if first is None:
        raise InputError('no section "Eligibility Criteria" in the page')
    closing = _END.search(text, first.end())
    end = closing.start() if closing else len(text)
    # a summary may have a line "Eligibility Criteria" of its own: the section is behind those that come before it
    before = max((m.end() for m in _BEFORE.finditer(text, 0, end)), default=0)
    title = _TITLE.search(text, before, end) or first
    section = _whole_lines(_without_explanation(text[title.end() : end]))
    if is_blank(section):
        raise InputError("the eligibility section is empty")
    tail = text[end:]
    number = _NUMBER.search(text)
    trial = Trial(
        id=number[1] if number else None,
        registry="ClinicalTrials.gov" if number else None,
        title=next((line.strip() for line in text.splitlines() if line.strip()), None),
        conditions=_conditions(text[: title.start()]),
        minimum_age=fields.age(_value(tail, _LABELS[0])),
        maximum_age=fields.age(_value(tail, _LABELS[1])),
        sex=fields.sex(_value(tail, _LABELS[2])),
        healthy_volunteers=fields.yes(_value(tail, _LABELS[3])),
    )
    return Listing(trial=trial, text=section, name="")


def _without_explanation(section: str) -> str:
    """A section without the line of the site's own words below its title."""
    body = section.lstrip()
    line, newline, rest = body.partition("\n")
    following = rest.partition("\n")[0]
    if _CRITERIA_HEADING.match(line) or (newline and following.strip()):
        return section
    return rest


def _whole_lines(text: str) -> str:
    """A text without its leading and trailing blank lines; the indentation of its first line stays."""
    start = text.rfind("\n", 0, len(text) - len(text.lstrip())) + 1
    end = text.find("\n", len(text.rstrip()))
    return text[start : end if end >= 0 else len(text)].removesuffix("\r")


def _conditions(text: str) -> tuple[str, ...]:
    closing = [m.start() for m in _AFTER_CONDITIONS.finditer(text)]
    end = closing[-1] if closing else len(text)
    titles = [m.end() for m in _CONDITIONS.finditer(text, 0, end)]
    if not titles or not closing:
        return ()
    return tuple(line.strip() for line in _without_explanation(text[titles[-1] : end]).splitlines() if line.strip())


def _value(text: str, label: str) -> str | None:
    """The first line with anything on it below a label; None where that is the next label."""
    match = _alone(label).search(text)
    if match is None:
        return None
    line = text[match.end() :].lstrip().partition("\n")[0].strip()
    return None if line in _LABELS else line
