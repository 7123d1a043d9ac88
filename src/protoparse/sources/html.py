"""A registry's HTML page, or a fragment with eligibility alone.

In: headings with what is below them, tables of labels and values, definition lists. Out: the eligibility section as
text, separate inclusion and exclusion fields joined under "Inclusion Criteria:" and "Exclusion Criteria:", and the
structured fields that the page labels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from protoparse.errors import InputError
from protoparse.model import Sex, Trial
from protoparse.sources import fields, markup
from protoparse.sources.decoding import is_blank
from protoparse.sources.listing import Listing
from protoparse.sources.markup import BOLD, END, LABEL, PLAIN, Line

_WHOSE = r"(?:(?:principal|main|key|major|participants?'?|patients?'?|subjects?'?|general|study|trial|detailed) )*"
_KINDS = {
    "eligibility": rf"{_WHOSE}(?:eligibility(?: criteria| information| requirements)?(?: \(.{{0,30}}\))?"
    r"|(?:inclusion ?(?:and|&|/|,) ?exclusion|participation|selection|entry) criteria"
    r"|who (?:can|may) (?:participate|join|take part)(?: in .{1,30})?\??)",
    "inclusion": rf"{_WHOSE}inclusion(?: criteri(?:a|on))?(?: description| details)?",
    "exclusion": rf"{_WHOSE}exclusion(?: criteri(?:a|on))?(?: description| details)?",
    "minimum_age": r"(?:minimum|lower|youngest)(?: eligible)? age(?: limit)?|age minimum",
    "maximum_age": r"(?:maximum|upper|oldest)(?: eligible)? age(?: limit)?|age maximum",
    "ages": r"ages?(?: eligible for study| range| limits?| groups?)?",
    "sex": r"(?:eligible )?(?:sex(?:es)?|genders?|sex ?/ ?gender)(?: eligible for study)?",
    "female": r"females?",
    "male": r"males?",
    "healthy": r"(?:accepts )?healthy (?:volunteers|participants|subjects)(?: accepted)?",
    "conditions": r"(?:medical |health )?conditions?(?:\(s\))?(?: or disease| being (?:studied|investigated)"
    r"|/problem\(s\)|\(s\) or problem\(s\) studied| studied)?|disease or condition studied",
    "public_title": r"(?:public|brief|lay)(?:/brief)? title(?: of (?:the )?(?:trial|study))?",
    "title": r"(?:(?:official|scientific|full|study) )?title(?: of (?:the )?(?:trial|study))?",
    "number": r"(?:[\w./]+ ){0,3}(?:number|id|identifier|identification)",
    "next": r"(?:study |central |facility )?(?:sponsors?|contacts?(?: and locations?)?|locations?|officials?|design)"
    r"|(?:primary |secondary |other )?outcomes?(?: measures?)?|interventions?|publications?|more information"
    r"|collaborators(?: and investigators)?|references|study record dates|keywords",
}
_KIND = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()), re.I)
_CODE = re.compile(r"(?:[A-Z]?\d+(?:\.\d+)*\.?|[-•*#]+)\s+")
_TITLES = 20  # of eligibility on one page: menus and summaries repeat it
_SECTION = frozenset(("eligibility", "inclusion", "exclusion"))
_FIELDS = frozenset(("minimum_age", "maximum_age", "ages", "sex", "healthy"))
_DESCRIPTION = re.compile(r"(?:description|criteria|details|text)\W*", re.I)
_NO_LIMIT = re.compile(r"\W*|n/?a|none|(?:no|not) \w+(?: \w+)?", re.I)
_WHOLE_PAGE = re.compile(r"<(?:!doctype\s+html|html|body|head)\b", re.I)
_INCLUDES = re.compile(r"\b(?:inclusion|exclusion|include|exclude|eligible)", re.I)


def read(text: str) -> Listing:
    """The page's trial; raises `InputError` where nothing on it is an eligibility section."""
    page = _Page(markup.lines(text), whole=_WHOLE_PAGE.search(text) is not None)
    section = page.section()
    if is_blank(section):
        raise InputError("no eligibility section in the HTML")
    return Listing(trial=page.trial(), text=section, name="")


class _Page:
    """The lines of a page with the kind of each heading and label."""

    def __init__(self, lines: list[Line], *, whole: bool) -> None:
        self._lines = lines
        self._whole = whole
        self._kinds = [_kind(line) for line in lines]

    def section(self) -> str:
        """The eligibility section; empty where there is none."""
        return self._joined() or self._below_heading() or self._below_criteria_heading() or self._all()

    def trial(self) -> Trial:
        """The structured fields; None where the page labels none."""
        value = {kind: next((v for v in self._values(kind) if v), None) for kind in _KINDS}
        lower, upper = fields.ages(value["ages"] or "")
        if not (lower or upper):
            lower, upper = fields.age_bands(self._answered(fields.is_age_band))
        number = next(filter(None, map(fields.number, self._values("number"))), None)
        number = number or fields.number("\n".join(line.text for line in self._lines))
        heading = next((line.text for line in self._lines if line.level <= 2), None)
        return Trial(
            id=number,
            registry=fields.registry(number),
            title=value["public_title"] or value["title"] or heading,
            conditions=tuple(x for x in _items(value["conditions"])),
            minimum_age=fields.age(value["minimum_age"]) or lower,
            maximum_age=fields.age(value["maximum_age"]) or upper,
            sex=fields.sex(value["sex"]) or self._sexes(value["female"], value["male"]),
            healthy_volunteers=fields.yes(value["healthy"]),
        )

    def _answered(self, asks: Callable[[str], bool]) -> Iterator[str]:
        """The labels of a kind that are answered with yes."""
        for place, line in enumerate(self._lines):
            if line.level == LABEL and asks(line.text):
                value = next((x.text for x in self._lines[place + 1 : self._end(place)] if x.text), "")
                if fields.yes(value):
                    yield line.text

    @staticmethod
    def _sexes(female: str | None, male: str | None) -> Sex | None:
        """The sex of two yes-or-no fields."""
        takes = [sex for sex, value in (("female", female), ("male", male)) if fields.yes(value)]
        return fields.sex(" ".join(takes)) if takes else None

    def _values(self, kind: str) -> Iterator[str]:
        """What stands below each heading or label of a kind, up to the next."""
        for place, line in enumerate(self._lines):
            if self._kinds[place] == kind and line.level <= BOLD:
                end = self._end(place)
                yield "\n".join(x.text.strip() for x in self._lines[place + 1 : end] if x.text)

    def _end(self, start: int) -> int:
        """Where the value of a label, or what is right below a heading, ends."""
        for place in range(start + 1, len(self._lines)):
            level = self._lines[place].level
            if level == END or (level <= BOLD and self._lines[start].level != LABEL):
                return place
        return len(self._lines)

    def _joined(self) -> str:
        """Inclusion and exclusion that are fields of their own, under the standard headings."""
        parts = []
        for kind, heading in (("inclusion", "Inclusion Criteria:"), ("exclusion", "Exclusion Criteria:")):
            values = []
            for place, line in enumerate(self._lines):
                if line.level == LABEL and self._kinds[place] == kind:
                    value = _text(self._lines[place + 1 : self._closing(place)])
                    if value and value not in values:
                        values.append(value)
            if values:
                parts.append(heading + "\n\n" + "\n\n".join(values))
        return "\n\n".join(parts)

    def _closing(self, label: int) -> int:
        """The end mark of a field, those of the fields inside it skipped; without one, the next label or heading."""
        depth = 0
        for place in range(label + 1, len(self._lines)):
            level = self._lines[place].level
            if level == END:
                if depth == 0:
                    return place
                depth -= 1
            elif level == LABEL:
                depth += 1
        return len(self._lines)

    def _below_heading(self) -> str:
        """What stands below the heading of the eligibility section."""
        found = []
        titles = (n for n, x in enumerate(self._lines) if self._kinds[n] == "eligibility" and x.level <= BOLD)
        for place in islice(titles, _TITLES):
            inside = self._without_fields(place + 1, self._section_end(place))
            text = _text(inside)
            if text:
                # of titles one below the other, the lowest is the nearest to the criteria
                has_kinds = any(_kind(x) in ("inclusion", "exclusion") for x in inside)
                found.append((has_kinds, bool(_INCLUDES.search(text)), place if has_kinds else len(text), text))
        return max(found)[-1] if found else ""

    def _below_criteria_heading(self) -> str:
        """From the first heading, of whatever form, that says inclusion or exclusion."""
        for place, kind in enumerate(self._kinds):
            if kind in ("inclusion", "exclusion"):
                before = self._lines[:place]
                start = place if self._whole or any(x.level <= LABEL for x in before) else 0
                return _text(self._without_fields(start, self._section_end(place)))
        return ""

    def _all(self) -> str:
        """The whole of a fragment."""
        return "" if self._whole else _text(self._without_fields(0, len(self._lines)))

    def _section_end(self, start: int) -> int:
        """The next heading as high as the section's own that is not part of it."""
        top = self._lines[start].level if self._lines[start].level < LABEL else 6
        if self._lines[start].level == LABEL:
            closing = self._closing(start)
            if closing < len(self._lines):
                return closing
        for place in range(start + 1, len(self._lines)):
            level, kind = self._lines[place].level, self._kinds[place]
            if level <= top and kind not in _SECTION and kind not in _FIELDS:
                return place
            if level <= BOLD and kind == "next":
                return place
        return len(self._lines)

    def _without_fields(self, start: int, end: int) -> list[Line]:
        """Lines of a section without the structured fields among them."""
        kept: list[Line] = []
        place = start
        while place < end:
            line = self._lines[place]
            if line.level <= LABEL and self._kinds[place] in _FIELDS:
                stop = self._end(place)
                if _is_field(self._kinds[place], _text(self._lines[place + 1 : stop])):
                    place = stop
                    continue
            if not (line.level <= LABEL and _DESCRIPTION.fullmatch(line.text)):
                kept.append(line)
            place += 1
        return kept


def _is_field(kind: str | None, value: str) -> bool:
    """Whether a value is a structured one of its kind, not a criterion ("Age: as the treating physician sees fit")."""
    if len(value) > 80:
        return False
    if kind == "sex":
        return fields.sex(value) is not None
    if kind == "healthy":
        return fields.yes(value) is not None
    return fields.ages(value) != (None, None) or _NO_LIMIT.fullmatch(value) is not None


def _kind(line: Line) -> str | None:
    """What a heading or a label announces; of a plain line, only inclusion or exclusion."""
    if line.level == END or len(line.text) > 100:
        return None
    label = _CODE.sub("", line.text.strip(), count=1).strip(" \t:*-–—").replace("’", "'")
    match = _KIND.fullmatch(label)
    if match is None:
        if line.level == LABEL and line.group and _DESCRIPTION.fullmatch(label):
            return _kind(Line(line.group.rpartition(" / ")[2], LABEL))
        return None
    if line.level == PLAIN and match.lastgroup not in ("inclusion", "exclusion"):
        return None
    return match.lastgroup


def _text(lines: Sequence[Line]) -> str:
    """Lines as text, no blank ones at its ends and never two of them in a row."""
    kept: list[str] = []
    label = False
    for line in lines:
        if line.level == END:
            continue
        if label and line.text:  # "Haemoglobin | ≥ 9 g/dL" is one line
            kept[-1] += " " + line.text.strip()
        elif line.text or (kept and kept[-1] and not label):
            kept.append(line.text)
        if line.text:
            label = line.level == LABEL and _kind(line) not in _SECTION
    while kept and not kept[-1]:
        kept.pop()
    return "\n".join(kept)


def _items(value: str | None) -> Iterable[str]:
    return (re.sub(r"^(?:\*|\d+\.)\s+", "", line) for line in (value or "").split("\n") if line)
