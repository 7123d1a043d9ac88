"""Annotated corpora in brat's format as texts with typed spans.

In: a folder of `.txt` and `.ann` files. Out: `Text`s, each with flat, non-overlapping spans whose labels are the
domains of criteria JSON (and `modifier`); both corpora name them in ways of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

Span = tuple[int, int, str]

LABELS = (
    "condition", "drug", "procedure", "measurement", "observation", "allergy", "device", "person", "study", "visit",
    "modifier",
)  # fmt: skip

_LCT = {
    "Condition": "condition", "Drug": "drug", "Immunization": "drug", "Procedure": "procedure", "Allergy": "allergy",
    "Study": "study", "Encounter": "visit", "Age": "person", "Life-Stage-And-Gender": "person", "Language": "person",
    "Ethnicity": "person", "Modifier": "modifier",
}  # fmt: skip
_MEASURED = {"lab", "vital", "measurement", "clinical-score", "survey"}

_CHIA = {
    "Condition": "condition", "Drug": "drug", "Procedure": "procedure", "Measurement": "measurement",
    "Observation": "observation", "Device": "device", "Person": "person", "Visit": "visit", "Qualifier": "modifier",
}  # fmt: skip


class Text(NamedTuple):
    """One document of a corpus."""

    name: str
    text: str
    spans: tuple[Span, ...]

    @property
    def trial(self) -> str:
        """The number of the trial that it belongs to."""
        return self.name.split("_")[0]


def held_out(trial: str) -> bool:
    """Whether a trial belongs to the tenth that is only scored, never trained on.

    >>> held_out("NCT00000000"), held_out("NCT00000009")
    (False, True)
    """
    return int(hashlib.sha1(trial.encode()).hexdigest(), 16) % 10 == 9


def lct(folder: Path) -> Iterator[Text]:
    """The Leaf Clinical Trials corpus: an event's trigger is the thing, an observation's type tells what it is."""
    for path in sorted(folder.glob("*.ann")):
        text = _text(path)
        entities: dict[str, tuple[int, int]] = {}
        events: dict[str, tuple[str, str]] = {}
        kinds: dict[str, str] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            columns = line.split("\t")
            if line[:1] == "T":
                places = [int(n) for n in re.findall(r"\d+", columns[1].split(" ", 1)[1])]
                entities[columns[0]] = min(places), max(places)
            elif line[:1] == "E":
                type_, trigger = columns[1].split()[0].split(":")
                events[columns[0]] = type_, trigger
            elif line[:1] == "A" and len(parts := columns[1].split()) > 2 and parts[0] == "Observation-Type-Value":
                kinds[parts[1]] = parts[2]
        spans = []
        for event, (type_, trigger) in events.items():
            label = _LCT.get(type_)
            if type_ == "Observation":
                label = "measurement" if kinds.get(event) in _MEASURED else "observation"
            if label and trigger in entities:
                spans.append((*entities[trigger], label))
        yield Text(path.stem, text, _flat(spans))


def chia(folder: Path) -> Iterator[Text]:
    """Chia: a contiguous entity is the thing; of those that overlap the longest stays."""
    for path in sorted(folder.glob("NCT*.ann")):
        text = _text(path)
        whole, pieces = [], []
        for line in path.read_text(encoding="utf-8").splitlines():
            if line[:1] != "T":
                continue
            type_, rest = line.split("\t")[1].split(" ", 1)
            label = _CHIA.get(type_)
            if label is None:
                continue
            fragments = [tuple(map(int, f.split())) for f in rest.split(";")]
            (whole if len(fragments) == 1 else pieces).extend((a, b, label) for a, b in fragments)
        yield Text(path.stem, text, _flat(whole, pieces))


def _text(path: Path) -> str:
    with open(path.with_suffix(".txt"), encoding="utf-8", newline="") as file:
        return file.read()


def _flat(*ranked: list[Span]) -> tuple[Span, ...]:
    """Spans without overlap: of better rank first, then things before what modifies them, then the longest."""
    kept: list[Span] = []
    for spans in ranked:
        for span in sorted(set(spans), key=lambda s: (s[2] == "modifier", s[0] - s[1], s[0])):
            if all(span[1] <= a or b <= span[0] for a, b, _ in kept):
                kept.append(span)
    return tuple(sorted(kept))
