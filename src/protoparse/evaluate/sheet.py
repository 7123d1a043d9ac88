"""The report to look at: figures, plots, and every error beside its text, as one page.

In: a `Report`. Out: HTML, made of the template `evaluation.html`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from protoparse import __version__
from protoparse.evaluate import plots
from protoparse.evaluate.calibration import FACTS
from protoparse.evaluate.judgements import errors
from protoparse.evaluate.report import Report
from protoparse.evaluate.statistics import LEVEL, NOTHING, PERMUTATIONS, RESAMPLES, Row, domain_measure
from protoparse.pages import Facet, Item, listing, page

KINDS = {"section": "section", "domain": "domain", "phenomenon": "way of writing"}
"""What a breakdown is called on the page."""

CURVES = 4
"""So many measures at most have a reliability plot; the table has all."""


def sheet(report: Report) -> str:
    """The page; one file that asks for nothing else."""
    rows = {row.measure: row for row in report.of("all")}
    shown = [m for m in report.evaluation.measures if m in rows]
    outcomes = Counter((j.measure, j.outcome) for _, j in errors(report.evaluation))
    return page(
        "evaluation.html",
        title=f"{report.system} measured on {report.gold}",
        report=report,
        version=__version__,
        level=f"{LEVEL:.0%}".replace("%", " %"),
        resamples=RESAMPLES,
        permutations=PERMUTATIONS,
        rows=rows,
        outcomes=outcomes,
        breakdowns=[(by, name, _cross(report, by)) for by, name in KINDS.items() if report.of(by)],
        documents=_documents(report),
        confused=report.confusion and _confused(report),
        rates_plot=Markup(plots.rates([rows[m] for m in shown], shown, key="rates", title="F1 of each measure")),
        ways_plot=_ways(report),
        curves=_curves(report),
        items=_listing(report),
        link=_link,
        percent=lambda share: f"{100 * share:.1f}",
        signed=lambda share: f"{100 * share:+.1f}".replace("-", "−"),
    )


def _link(**chosen: str) -> str:
    """The address of the errors with these choices made."""
    return "#items?" + urlencode({key: value for key, value in chosen.items() if value}, quote_via=quote)


def _cross(report: Report, by: str) -> list[tuple[str, dict[str, Row]]]:
    """The chief measures of each part of a breakdown."""
    parts: dict[str, dict[str, Row]] = {}
    for row in report.of(by):
        if row.measure in report.chief:
            parts.setdefault(row.part, {})[row.measure] = row
    return list(parts.items())


def _documents(report: Report) -> list[tuple[str, int, dict[str, Row]]]:
    """Each document with its number of errors and its figures, the worst first."""
    wrong = Counter(case.name for case, _ in errors(report.evaluation))
    figures = dict(_cross(report, "document"))
    names = sorted((case.name for case in report.evaluation.cases), key=lambda name: (-wrong[name], name))
    return [(name, wrong[name], figures.get(name, {})) for name in names]


def _confused(report: Report) -> list[tuple[str, list[tuple[int, int, str | None]]]]:
    """The rows of the confusion of domains: each cell's number, its share of the row, and the address of its errors."""
    assert report.confusion is not None
    labels = report.confusion.labels
    measure = domain_measure(report.evaluation)
    rows = []
    for gold, counts in zip(labels, report.confusion.counts, strict=True):
        total = max(sum(counts), 1)
        cells: list[tuple[int, int, str | None]] = []
        for predicted, number in zip(labels, counts, strict=True):
            # where both are of a domain, the list cannot be narrowed to the predicted one: all of the row is shown
            domain = predicted if gold == NOTHING else gold
            outcome = "extra" if gold == NOTHING else "missed" if predicted == NOTHING else "wrong"
            link = _link(measure=measure or "", outcome=outcome, domain=domain)
            cells.append((number, round(100 * number / total), None if gold == predicted else link))
        rows.append((gold, cells))
    return rows


def _ways(report: Report) -> Markup | None:
    """The plot by way of writing, of the measure that asks for the meaning; the hardest first."""
    rows = [row for row in report.of("phenomenon") if row.measure == "meaning"]
    if not rows:
        return None
    rows.sort(key=lambda row: (row.rate.f1, row.part))
    names = [f"{row.part} ({row.rate.gold})" for row in rows]
    return Markup(plots.rates(rows, names, key="ways", title="F1 of the meaning, by way of writing"))


def _curves(report: Report) -> list[tuple[str, Markup]]:
    chosen = [one for one in report.calibrations if one.measure in (FACTS, *report.chief)][:CURVES]
    return [
        (
            one.measure,
            Markup(plots.reliability(one, key=f"curve{i}", title=f"Confidence and truth of {one.measure}")),
        )
        for i, one in enumerate(chosen)
    ]


def _listing(report: Report) -> dict[str, Any]:
    cases = report.evaluation.cases
    return listing(
        [(case.name, case.text) for case in cases],
        [
            Facet(key="outcome", label="Outcome", options=("wrong", "missed", "extra")),
            Facet(key="measure", label="Measure", options=report.evaluation.measures),
            Facet(key="section", label="Section"),
            Facet(key="domain", label="Domain"),
            Facet(key="phenomenon", label="Way of writing"),
        ],
        list(_items(report)),
        tone="outcome",
    )


def _items(report: Report) -> Iterator[Item]:
    numbers = {id(case): i for i, case in enumerate(report.evaluation.cases)}
    for case, j in errors(report.evaluation):
        says: Sequence[tuple[str, str | None]] = (("gold", j.expected), ("predicted", j.got))
        facets: dict[str, str | tuple[str, ...]] = {"outcome": j.outcome, "measure": j.measure}
        if j.kind is not None:
            facets["section"] = j.kind
        if j.domain is not None:
            facets["domain"] = j.domain
        facets["phenomenon"] = j.phenomena
        yield Item(
            document=numbers[id(case)],
            span=j.span,
            place=j.criterion,
            facets=facets,
            says=tuple((label, words) for label, words in says if words is not None),
        )
