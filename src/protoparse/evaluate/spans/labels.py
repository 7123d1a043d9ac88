"""Label maps: what the labels of a brat folder mean to us.

In: the name of a map that comes with the package (`lct`, `chia`), or a tab separated file of a user. Out: a `LabelMap`
that tells of a mark, a link or an attribute what it means.

The columns: `on` (`mark`, `link`, `attribute` or `file`), `label`, `means`, `value`, and `words`, which restricts a row
to annotations that have one of these words (parted by `|`) in their text. The first row that fits counts; what no row
fits is passed over. `docs/corpora.md` lists what the rows may say.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

from protoparse.errors import InputError
from protoparse.evaluate.spans.findings import DOMAINS
from protoparse.evaluate.spans.tables import read_file, rows_of, shipped
from protoparse.lexicon import spellings
from protoparse.model import Domain, Kind

On: TypeAlias = Literal["mark", "link", "attribute", "file"]
Meaning: TypeAlias = Literal[
    "concept", "thing", "age", "group",  # what is spoken of
    "comparison", "number", "operator", "unit", "time unit",  # what it is compared with, in pieces
    "quantity", "amount", "time",  # the same in one piece, to be read
    "bound", "window", "stage", "name", "per",  # how these hang together
    "same", "denies", "denied by", "excepts", "excepted by", "or", "and", "example of", "includes", "near",
    "section",
]  # fmt: skip

SHIPPED = ("chia", "lct")
"""The maps that come with the package."""

MEANINGS: Mapping[str, frozenset[str]] = {
    "mark": frozenset(("concept", "thing", "age", "group", "comparison", "quantity", "amount", "time", "unit")),
    "link": frozenset((
        "bound", "window", "stage", "name", "number", "operator", "unit", "per", "time unit", "same", "denies",
        "denied by", "excepts", "excepted by", "or", "and", "example of", "includes", "near",
    )),
    "attribute": frozenset(("operator", "time unit")),
    "file": frozenset(("section",)),
}  # fmt: skip
"""What a row may mean, by what it is on."""
_SIGNS = ("<", "<=", ">", ">=", "=", "!=", "between")


class Row(NamedTuple):
    """What a label means."""

    label: str
    means: Meaning
    value: str
    words: tuple[str, ...]


class LabelMap:
    """The rows of a map, by what they are on."""

    def __init__(self, name: str, rows: Mapping[str, Mapping[str, tuple[Row, ...]]]) -> None:
        self.name = name
        self._rows = rows
        self.domains: frozenset[Domain] = frozenset(
            cast(Domain, row.value)
            for of_label in rows.get("mark", {}).values()
            for row in of_label
            if row.means == "concept"
        )
        """The domains of which every thing is marked."""

    def row(self, on: On, label: str | None, words: str = "") -> Row | None:
        """The first row for a label that fits the words of the annotation."""
        for row in self._rows.get(on, {}).get(label or "", ()):
            if not row.words or any(word in words.lower() for word in row.words):
                return row
        return None

    def value(self, attribute: str, value: str, means: Meaning) -> str | None:
        """What a value of an attribute means, where the attribute tells an operator or a unit of time."""
        for row in self._rows.get("attribute", {}).get(f"{attribute} {value}", ()):
            if row.means == means:
                return row.value
        return None

    def kind(self, name: str) -> Kind | None:
        """The section of a document, told by the end of its name."""
        for ending, (row, *_) in self._rows.get("file", {}).items():
            if name.endswith(ending):
                return cast(Kind, row.value)
        return None

    def __contains__(self, label: str) -> bool:
        return label in self._rows.get("mark", {})


def label_map(name_or_file: str | Path) -> LabelMap:
    """A map by its name (`lct`, `chia`) or from a file; raises `InputError` with file, line and cause."""
    name = str(name_or_file)
    if name in SHIPPED:
        return _shipped(name)
    path = Path(name_or_file)
    if not path.exists():
        raise InputError(f"{name}: no file, and no label map of ours ({', '.join(SHIPPED)})")
    return _read(read_file(path), name)


@cache
def _shipped(name: str) -> LabelMap:
    return _read(shipped(name), name)


def _read(text: str, source: str) -> LabelMap:
    rows: dict[str, dict[str, tuple[Row, ...]]] = {}
    for number, cells in rows_of(text, source, needed=("on", "label", "means")):
        on, label, means, value = (cells.get(column, "").strip() for column in ("on", "label", "means", "value"))
        if on not in MEANINGS:
            raise InputError(f"{source}:{number}: {on!r} is none of {', '.join(MEANINGS)}")
        if means not in MEANINGS[on]:
            raise InputError(f"{source}:{number}: a {on} cannot mean {means!r} ({', '.join(sorted(MEANINGS[on]))})")
        if wrong := _wrong(means, value, on):
            raise InputError(f"{source}:{number}: {wrong}")
        words = tuple(word.lower() for word in spellings(cells.get("words", "")))
        for one in spellings(label):
            of_label = rows.setdefault(on, {})
            of_label[one] = (*of_label.get(one, ()), Row(one, cast(Meaning, means), value, words))
    return LabelMap(source, rows)


def _wrong(means: str, value: str, on: str) -> str | None:
    allowed: tuple[str, ...] | None = None
    if means in ("concept", "thing"):
        allowed = tuple(sorted(DOMAINS))
    elif on == "attribute":
        allowed = _SIGNS if means == "operator" else ("s", "min", "h", "d", "wk", "mo", "a")
    elif means == "section":
        allowed = get_args(Kind)
    if allowed is None or value in allowed:
        return None
    return f"{means} takes one of {', '.join(allowed)}, not {value!r}"
