"""What screening found, as a page: a table of patients and trials, and every criterion with what decided it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from protoparse.errors import ProtoparseError
from protoparse.model import Document
from protoparse.pages import Facet, Item, listing
from protoparse.render import render
from protoparse.screen import Patient, Screening, Verdict
from protoparse.screen.telling import reason, told, walk

ANSWERS = ("eligible", "undetermined", "ineligible")
VERDICTS = {True: "passed", False: "failed", None: "unknown"}


def page_of(found: Sequence[tuple[Patient, Screening]], documents: Sequence[Document]) -> str:
    """The page; raises `ProtoparseError` where Jinja2 is missing."""
    try:
        from protoparse.pages import page
    except ImportError:
        raise ProtoparseError("a page needs Jinja2: pip install 'protoparse[evaluate]'") from None
    numbers = {document.trial.id: n for n, document in enumerate(documents)}
    titles = {document.trial.id: document.trial.title for document in documents}
    items = [item for patient, screening in found for item in _items(patient, screening, numbers[screening.trial])]
    patients: dict[str, Patient] = {patient.id: patient for patient, _ in found}
    counts: Counter[tuple[str, str]] = Counter((patient.id, screening.answer) for patient, screening in found)
    rows: dict[str, list[tuple[Screening, str | None, str, Counter[str]]]] = {name: [] for name in patients}
    for patient, screening in sorted(found, key=lambda pair: (ANSWERS.index(pair[1].answer), len(pair[1].to_include))):
        passed = Counter(VERDICTS[verdict.passed] for verdict in screening.verdicts)
        rows[patient.id].append((screening, titles.get(screening.trial), reason(screening, patient), passed))
    return page(
        "screening.html",
        title="Who may take part",
        answers=ANSWERS,
        patients=[(patient, [counts[patient.id, answer] for answer in ANSWERS]) for patient in patients.values()],
        rows=rows,
        data=listing(
            [(document.trial.id or f"trial {n}", document.text) for n, document in enumerate(documents, 1)],
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


def _items(patient: Patient, screening: Screening, document: int) -> Iterator[Item]:
    for verdict in walk(screening.verdicts):
        criterion = verdict.criterion
        yield Item(
            document=document,
            span=criterion.span if criterion.span[1] else None,
            place=criterion.id,
            facets={
                "patient": patient.id,
                "answer": screening.answer,
                "verdict": VERDICTS[verdict.passed],
                "section": criterion.kind,
                "why": tuple(dict.fromkeys(decision.why for decision in verdict.decisions)),
            },
            says=tuple(_says(patient, verdict)),
        )


def _says(patient: Patient, verdict: Verdict) -> Iterator[tuple[str, str]]:
    rule = verdict.criterion.rule
    yield "patient", patient.id
    if rule is not None:
        yield "rule", render(rule)
    for decision in verdict.decisions:
        yield "because", told(decision, patient)
    if verdict.unread:
        yield "because", "part of it was not understood: read it"
