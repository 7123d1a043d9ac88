"""What screening found, as a page: a table of patients and trials, and every criterion with what decided it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from protoparse.errors import ProtoparseError
from protoparse.model import Document
from protoparse.pages import Facet, Item, listing
from protoparse.render import render
from protoparse.screen import Patient, Screening, Verdict
from protoparse.screen.telling import reason, told, walk

ANSWERS = ("eligible", "undetermined", "ineligible")
VERDICTS = {True: "passed", False: "failed", None: "unknown"}

Row: TypeAlias = tuple[str, str | None, str, list[tuple[str, int]], str]
"""A trial, its title, its answer, how many criteria have each verdict, and why."""


class Screened(NamedTuple):
    """A patient, how many trials give each answer, and what those that are shown say, by their numbers, best first."""

    patient: Patient
    counts: Mapping[str, int]
    screenings: Sequence[tuple[int, Screening]]


def page_of(found: Sequence[Screened], documents: Sequence[Document]) -> str:
    """The page; raises `ProtoparseError` where Jinja2 is missing."""
    try:
        from protoparse.pages import page
    except ImportError:
        raise ProtoparseError("a page needs Jinja2: pip install 'protoparse[evaluate]'") from None
    names = _names([one.patient.id for one in found])
    trials = _names([document.trial.id or "trial" for document in documents])
    items = [
        item
        for name, (_, _, screenings) in zip(names, found, strict=True)
        for n, screening in screenings
        for item in _items(name, screening, n)
    ]
    return page(
        "screening.html",
        title="Who may take part",
        patients=[(name, one.patient, _linked(one)) for name, one in zip(names, found, strict=True)],
        trials=[
            (name, [(answer, one.counts.get(answer, 0)) for answer in ANSWERS], list(_rows(one, trials, documents)))
            for name, one in zip(names, found, strict=True)
        ],
        data=listing(
            [(name, document.text) for name, document in zip(trials, documents, strict=True)],
            [
                Facet(key="patient", label="Patient"),
                Facet(key="answer", label="Answer of the trial", options=ANSWERS),
                Facet(key="verdict", label="Criterion", options=tuple(VERDICTS.values())),
                Facet(key="section", label="Section"),
                Facet(key="why", label="Why"),
            ],
            items,
            tone="verdict",
        ),
    )


def _names(wanted: Iterable[str]) -> list[str]:
    """What each goes by on the page: its id, with a number where others before have the same."""
    found: dict[str, None] = {}
    for name in wanted:
        n, numbered = 1, name
        while numbered in found:
            n += 1
            numbered = f"{name} ({n})"
        found[numbered] = None
    return list(found)


def _linked(one: Screened) -> list[tuple[str, int, bool]]:
    """Each answer, how many trials give it, and whether these are among what is listed."""
    there = {screening.answer for _, screening in one.screenings}
    return [(answer, one.counts.get(answer, 0), answer in there) for answer in ANSWERS]


def _rows(one: Screened, trials: Sequence[str], documents: Sequence[Document]) -> Iterator[Row]:
    for n, screening in one.screenings:
        passed = Counter(VERDICTS[verdict.passed] for verdict in walk(screening.verdicts))
        why = reason(screening, documents[n].text)
        yield trials[n], documents[n].trial.title, screening.answer, [(v, passed[v]) for v in VERDICTS.values()], why


def _items(name: str, screening: Screening, document: int) -> Iterator[Item]:
    for verdict in walk(screening.verdicts):
        criterion = verdict.criterion
        yield Item(
            document=document,
            span=criterion.span if criterion.span[1] else None,
            place=criterion.id,
            facets={
                "patient": name,
                "answer": screening.answer,
                "verdict": VERDICTS[verdict.passed],
                "section": criterion.kind,
                "why": tuple(dict.fromkeys(decision.why for decision in verdict.decisions)),
            },
            says=tuple(_says(name, verdict)),
        )


def _says(name: str, verdict: Verdict) -> Iterator[tuple[str, str]]:
    rule = verdict.criterion.rule
    yield "patient", name
    if rule is not None:
        yield "rule", render(rule)
    for decision in verdict.decisions:
        yield "because", told(decision)
    if verdict.unread:
        yield "because", "part of it was not understood: read it"
