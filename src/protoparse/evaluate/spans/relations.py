"""The relations that Facebook's Clinical-Trial-Parser writes, as findings.

In: its tab separated output, a row a variable: trial, `inclusion` or `exclusion`, the criterion's words, and a relation
in JSON with a lower and an upper limit, or values. Out: the limits of each trial, at their places in its text.

It prints no offsets: the criterion's words are looked up in the text, and the limit's number in the criterion. What is
not found there is lost, and counted. It writes what a participant must be: an exclusion's limits are turned back to
what is printed ("not < 18" was written as "≥ 18"). Of values listed for an exclusion it writes those that are left: how
the printed ones compare is not known.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from protoparse import lexicon
from protoparse.errors import InputError
from protoparse.evaluate.spans.amounts import TIME_UNITS, numerals, unit_key
from protoparse.evaluate.spans.findings import Findings, Limit, Section, Sign, Thing
from protoparse.evaluate.spans.places import Places
from protoparse.evaluate.spans.predictions import Prediction
from protoparse.evaluate.spans.tables import read_file, rows_of
from protoparse.model import Kind, Span

TASKS = ("value", "value+op", "value+op+unit", "value+subject")
"""The tasks that such a prediction can be measured by: it tells of nothing but values."""

_COLUMNS = ("nct_id", "eligibility_type", "criterion", "relation")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*|\.\d+")
_SCALE = re.compile(r"\s*(?:[x×*]\s*10\s*(?:\^|\*\*|e)?\s*\d{1,2}|e\d+)", re.IGNORECASE)
_GENERAL = frozenset(("level", "count", "rate", "status", "score", "ratio", "calculated", "total"))
_TURNED: Mapping[Sign, Sign] = {">=": "<", ">": "<=", "<=": ">", "<": ">="}


class _End(msgspec.Struct, frozen=True):
    incl: bool
    value: str


class _Relation(msgspec.Struct, frozen=True):
    """The JSON of a relation, as far as it is read."""

    name: str
    unit: str = ""
    value: tuple[str, ...] = ()
    lower: _End | None = None
    upper: _End | None = None
    score: float | None = None


class _Row(NamedTuple):
    kind: Literal["inclusion", "exclusion"]
    criterion: str
    relation: _Relation


class RelationTable:
    """The rows of one output, by trial."""

    def __init__(self, rows: Mapping[str, list[_Row]]) -> None:
        self._rows = rows

    @property
    def documents(self) -> tuple[str, ...]:
        """The trials that have relations."""
        return tuple(self._rows)

    def prediction(self, name: str, text: str, *, kind: Kind | None = None) -> Prediction:
        """The findings of a trial in its text; `kind` where the text is one section alone.

        `told` counts limits and listed values. A document is known by its name, or by what stands before its first "_".
        """
        rows = self._rows.get(name) or self._rows.get(name.partition("_")[0], [])
        reader = _Reader(text)
        for row in rows:
            if kind in (None, "unspecified", row.kind):
                reader.take(row)
        return Prediction(findings=reader.findings(), told=reader.told, lost=reader.lost)


def read_relations(path: str | Path) -> RelationTable:
    """An output file; raises `InputError` with file, line and cause where it is none."""
    return parse_relations(read_file(Path(path)), str(path))


def parse_relations(data: str, source: str = "relations") -> RelationTable:
    """An output; `source` names it in messages."""
    rows: dict[str, list[_Row]] = defaultdict(list)
    decode = msgspec.json.Decoder(_Relation).decode
    # its header begins with "#", which is no comment here
    for number, cells in rows_of(data.removeprefix("\ufeff").removeprefix("#"), source, needed=_COLUMNS):
        kind = cells["eligibility_type"]
        if kind not in ("inclusion", "exclusion"):
            raise InputError(f"{source}:{number}: eligibility_type is {kind!r}, not inclusion or exclusion")
        try:
            relation = decode(cells["relation"])
        except msgspec.MsgspecError as error:
            raise InputError(f"{source}:{number}: relation: {error}") from None
        rows[cells["nct_id"]].append(
            _Row("inclusion" if kind == "inclusion" else "exclusion", cells["criterion"], relation)
        )
    return RelationTable(dict(rows))


# ------------------------------------------------------------------ placing


class _Reader:
    """The relations of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.told = self.lost = 0
        self._places = Places(text)
        self._last = 0
        self._limits: list[Limit] = []
        self._sections: list[Section] = []
        self._used: set[tuple[str, Span]] = set()

    def take(self, row: _Row) -> None:
        wanted = list(_ends(row))
        self.told += len(wanted)
        place = self._criterion(row.criterion)
        if place is None:
            self.lost += len(wanted)
            return
        self._sections.append(Section(span=place, kind=row.kind))
        subject = self._subject(row.relation.name, place)
        for value, sign in wanted:
            limit = self._limit(value, sign, place, row.relation, subject)
            if limit is None:
                self.lost += 1
            else:
                self._limits.append(limit)

    def findings(self) -> Findings:
        sections = sorted(set(self._sections), key=lambda section: section.span)
        return Findings(limits=tuple(self._limits), sections=tuple(sections), domains=frozenset())

    def _criterion(self, words: str) -> Span | None:
        """The criterion's own words; a lead-in that was put before them may stand elsewhere."""
        while words:
            span = self._places.find(words, self._last) or self._places.find(words)
            if span is not None:
                self._last = span[0]
                # a sign that ends it belongs to it: "≥ 5 %", "(ULN)"
                end = self.text.find("\n", span[1])
                return span[0], min(span[1] + 3, end if end >= 0 else len(self.text))
            _, _, words = words.partition(": ")
        return None

    def _limit(
        self, value: str, sign: Sign | None, place: Span, relation: _Relation, subject: Thing | None
    ) -> Limit | None:
        """The first place of the number in the criterion that this variable has not taken, powers of ten split off."""
        try:
            amount = float(value)
        except ValueError:
            return None
        for match in _NUMBER.finditer(self.text, *place):
            span = match.span()
            printed = numerals(match[0])
            if (relation.name, span) in self._used or not printed:
                continue
            scale = _SCALE.match(self.text, span[1])
            power = amount / printed[0] if printed[0] else 0.0
            if amount != printed[0] and not (scale and power > 1 and _ten(power)):
                continue
            self._used.add((relation.name, span))
            unit = relation.unit
            if amount != printed[0]:
                unit = f"10^{_ten(power)}{unit.removeprefix('cells')}"
            code = lexicon.unit_code(unit) if unit else None
            return Limit(
                span=span,
                number=printed[0],
                sign=sign,
                unit=unit_key(unit),
                printed=unit or None,
                time=code if code in TIME_UNITS else None,
                age=relation.name == "age",
                subjects=(subject,) if subject else (),
                confidence=relation.score,
            )
        return None

    def _subject(self, name: str, place: Span) -> Thing | None:
        """Where the criterion names the variable, by its own name or by one that our tables hold for the same."""
        said = name.replace("_", " ")
        short = " ".join(word for word in said.split() if word not in _GENERAL) or said
        for words in dict.fromkeys((said, short, *_names().get(said, ()), *_names().get(short, ()))):
            if span := self._places.find(words, *place):
                return Thing(span=span, domain="person" if name == "age" else "measurement")
        return None


def _ends(row: _Row) -> Iterator[tuple[str, Sign | None]]:
    """Each number of a relation with the comparator that the text prints."""
    excluded = row.kind == "exclusion"
    lower, upper = row.relation.lower, row.relation.upper
    if lower and upper and lower.value == upper.value:
        yield lower.value, "="  # excluded, it is all below and all above
        return
    for end, with_it, without in ((lower, ">=", ">"), (upper, "<=", "<")):
        if end is not None:
            sign: Sign = with_it if end.incl else without  # type: ignore[assignment]  # of the four above
            yield end.value, _TURNED[sign] if excluded else sign
    for value in row.relation.value:
        yield value, None if excluded else "="


def _ten(power: float) -> int:
    """The exponent of a power of ten; 0 where it is none."""
    for exponent in range(1, 19):
        if abs(power / 10**exponent - 1) < 1e-9:
            return exponent
    return 0


@cache
def _names() -> Mapping[str, tuple[str, ...]]:
    """Every name of a measurement, with all names of the same, the longest first."""
    table: dict[str, tuple[str, ...]] = {}
    for row in lexicon.rows("measurements"):
        names = tuple(sorted((row["name"], *lexicon.spellings(row["spellings"])), key=len, reverse=True))
        for name in names:
            table.setdefault(name, names)
    return table
