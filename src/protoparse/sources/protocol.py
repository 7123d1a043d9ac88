"""Sponsors' protocols, out of PDF or DOCX: the sections on inclusion and on exclusion, by number and title.

In: the lines of a document in order. Out: the listing: the two sections under the standard headings, the lines that
wrapped joined again, the number and the title of the trial where the first pages say them.

>>> read([Line("5.1. Inclusion Criteria"), Line("1. Aged 18"), Line("or older", wraps=True),
...       Line("5.2. Exclusion Criteria"), Line("2. Gout"), Line("5.3. Screen Failures"), Line("None")]).text
'Inclusion Criteria:\\n\\n1. Aged 18 or older\\n\\nExclusion Criteria:\\n\\n2. Gout'
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from protoparse.errors import InputError
from protoparse.model import Trial
from protoparse.sources import fields
from protoparse.sources.listing import Listing, joined


class Line(NamedTuple):
    """A line of a document; `wraps` where it goes on with the one above it, `level` that of a heading, 0 of text."""

    text: str
    wraps: bool = False
    level: int = 0


_NUMBER = r"(?:section\s+)?(?P<number>\d{1,2}(?:\.\d{1,2}){0,5})\.?\s+"
_TITLE = re.compile(
    rf"(?:{_NUMBER})?(?P<whose>(?:(?:principal|main|key|major|general|participants?['’]?|patients?['’]?|subjects?['’]?"
    r"|study|trial)\s+){0,3})(?P<kind>inclusion|exclusion|eligibility)(?:\s+criteria|\s+criterion)?\s*:?\s*",
    re.I,
)
_NUMBERED = re.compile(rf"{_NUMBER}(?=[A-Z])")
_CONTENTS = re.compile(r"(?:\.\s?){4,}\s*\d*\s*$|\s\d{1,3}$")
_TRIAL_TITLE = re.compile(
    r"(?:(?:protocol|study|trial|full|official)\s+)*title(?:\s+of\s+(?:the\s+)?(?:study|trial))?\s*:\s*(?P<title>.*)",
    re.I,
)
_CALLED = re.compile(r"An?\s+(?:[\w-]+,?\s+){0,6}(?:phase|randomi[sz]ed|open-label|double-blind|multicent)", re.I)
_FIRST_PAGES = 200
_LONGEST_TITLE = 80
_LONGEST_SECTION = 150
_LONGEST_NAME = 400


class _Heading(NamedTuple):
    place: int
    kind: str | None
    number: tuple[int, ...]
    level: int


def read(lines: Sequence[Line]) -> Listing:
    """The listing of a protocol; raises `InputError` where no section is about inclusion or exclusion."""
    headings = [found for place, line in enumerate(lines) if (found := _heading(place, line))]
    section = {kind: _section(kind, lines, headings) for kind in ("inclusion", "exclusion")}
    text = joined(section["inclusion"], section["exclusion"]) or _section("eligibility", lines, headings)
    if not text:
        raise InputError("no section on inclusion or exclusion criteria in the protocol")
    first = _text(lines[:_FIRST_PAGES]).split("\n")
    number = fields.number("\n".join(first))
    trial = Trial(id=number, registry=fields.registry(number), title=_title([line.strip() for line in first]))
    return Listing(trial=trial, text=text, name="")


def is_title(text: str) -> bool:
    """Whether a line is the title of a section on inclusion, exclusion or eligibility."""
    return _TITLE.fullmatch(text.strip()) is not None


def _title(first: Sequence[str]) -> str | None:
    """The title that the first pages name as such, or that begins as titles of trials do."""
    for place, line in enumerate(first):
        labelled = _TRIAL_TITLE.fullmatch(line)
        if labelled:
            return labelled["title"] or next(filter(None, first[place + 1 :]), None)
    return next((line for line in first if _CALLED.match(line) and len(line) < _LONGEST_NAME), None)


def _heading(place: int, line: Line) -> _Heading | None:
    """What a line announces: a numbered title, or one that the document marks as a heading."""
    text = line.text.strip()
    if line.wraps or len(text) > _LONGEST_TITLE or _CONTENTS.search(text):
        return None
    title = _TITLE.fullmatch(text)
    if title:
        return _Heading(place, title["kind"].lower(), _parts(title["number"]), line.level)
    numbered = _NUMBERED.match(text)
    if line.level or (numbered and not text.endswith((".", ";", ",", ":"))):
        return _Heading(place, None, _parts(numbered["number"] if numbered else None), line.level)
    return None


def _parts(number: str | None) -> tuple[int, ...]:
    return tuple(map(int, number.split("."))) if number else ()


def _section(kind: str, lines: Sequence[Line], headings: Sequence[_Heading]) -> str:
    """The longest of the sections of a kind: an overview at the front, or a table of changes, may have shorter ones."""
    found = [
        (bool(x.number or x.level), _text(lines[x.place + 1 : _end(x, headings, len(lines))]))
        for x in headings
        if x.kind == kind
    ]
    return max(found, key=lambda section: (section[0], len(section[1])), default=(False, ""))[1]


def _end(start: _Heading, headings: Sequence[_Heading], last: int) -> int:
    """The next heading that is not below the section's own, a numbered item of its list aside.

    Without numbers, topics in between may look like the titles: what precedes the exclusions soon is all inclusion.
    """
    if start.kind == "inclusion" and start.level and not start.number:
        behind = range(start.place + 1, start.place + _LONGEST_SECTION)
        for heading in headings:
            if heading.place in behind and heading.kind == "exclusion" and heading.level == start.level:
                return heading.place
    for heading in headings:
        if heading.place <= start.place:
            continue
        if heading.kind and heading.kind != start.kind:
            return heading.place
        if start.number and _follows(start.number, heading):
            return heading.place
        if heading.level and (heading.level <= start.level or not (start.number or start.level)):
            return heading.place
    return last


def _follows(number: tuple[int, ...], heading: _Heading) -> bool:
    """Whether a heading's number is the next one after a section's: 5.3 after 5.2, 6 after 5.2, 3.5 after 3.4.2.1.

    The items of a list are numbered anew, "6. ECOG 0 or 1" in section 5.1 too: a chapter must look like a heading.
    """
    other = heading.number
    depth = len(other)
    if not other or depth > len(number) or (depth == 1 < len(number) and not heading.level):
        return False
    return other[:-1] == number[: depth - 1] and other[-1] == number[depth - 1] + 1


def _text(lines: Sequence[Line]) -> str:
    made: list[str] = []
    for line in lines:
        if line.wraps and made and made[-1]:
            # a word divided at the line's end keeps its hyphen: whether it is part of the word nobody can tell
            made[-1] += ("" if made[-1].endswith("-") else " ") + line.text.strip()
        else:
            made.append(line.text.rstrip())
    return textwrap.dedent("\n".join(made)).strip("\n")
