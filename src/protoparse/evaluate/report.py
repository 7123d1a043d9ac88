"""What an evaluation comes to: figures, statistics and errors in one record, and its JSON and CSV.

In: an `Evaluation`, and another to compare it with. Out: a `Report`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from protoparse import __version__
from protoparse.evaluate.calibration import Calibration, calibrations
from protoparse.evaluate.judgements import Evaluation
from protoparse.evaluate.statistics import (
    BREAKDOWNS,
    LEVEL,
    Confusion,
    Difference,
    Row,
    compared,
    confusion,
    figures,
)
from protoparse.model import Record

FORMAT = "protoparse.evaluation/1"

CHIEF = ("outline", "fact", "domain", "value", "window", "polarity", "meaning", "rule exact")
"""The measures shown where there is no room for all; of those that an evaluation by tasks has, all are shown."""


class Report(Record, frozen=True, kw_only=True):
    """All that is told of an evaluation.

    `groups` are the measures under their headings; `gold`, `system` and `against` name what was compared; `rows` hold
    the figures over all and by every breakdown; `differences` are what `system` has more than `against`; `failures`
    are lines on inputs that failed.
    """

    gold: str
    system: str
    against: str | None
    evaluation: Evaluation
    groups: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...] = ()
    calibrations: tuple[Calibration, ...] = ()
    confusion: Confusion | None = None
    failures: tuple[str, ...] = ()

    @property
    def chief(self) -> tuple[str, ...]:
        """The measures shown where there is no room for all."""
        measures = self.evaluation.measures
        return tuple(m for m in measures if m in CHIEF) if "outline" in measures else measures

    def of(self, by: str, part: str | None = None) -> list[Row]:
        """The rows of a breakdown, or of one part of it, that have anything in gold or prediction."""
        return [row for row in self.rows if row.by == by and part in (None, row.part) and row.documents]


def report(
    evaluation: Evaluation,
    groups: Mapping[str, tuple[str, ...]],
    *,
    gold: str,
    system: str,
    against: tuple[str, Evaluation] | None = None,
    failures: Iterable[str] = (),
) -> Report:
    """Everything that there is to tell; `against` is another system's name and its evaluation."""
    return Report(
        gold=gold,
        system=system,
        against=against[0] if against else None,
        evaluation=evaluation,
        groups=groups,
        rows=tuple(figures(evaluation, BREAKDOWNS)),
        differences=tuple(compared(against[1], evaluation)) if against else (),
        calibrations=tuple(calibrations(evaluation)),
        confusion=confusion(evaluation),
        failures=tuple(failures),
    )


def as_json(report: Report) -> bytes:
    """The figures as JSON, without texts and errors; docs/reports.md tells its fields."""
    made = {
        "format": FORMAT,
        "version": __version__,
        "gold": report.gold,
        "system": report.system,
        "against": report.against,
        "documents": len(report.evaluation.cases),
        "level": LEVEL,
        "measures": report.groups,
        "figures": [_flat(row) for row in report.rows],
        "differences": report.differences,
        "calibration": report.calibrations,
        "confusion": report.confusion,
        "failures": report.failures,
    }
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


def as_csv(report: Report) -> str:
    """The figures as CSV: one row a measure over all documents, or in one part of a breakdown."""
    rows = [_flat(row) for row in report.rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["by", "part", "measure"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(row: Row) -> dict[str, Any]:
    rate = row.rate
    cells: dict[str, Any] = {
        "by": row.by,
        "part": row.part,
        "measure": row.measure,
        "documents": row.documents,
        "gold": rate.gold,
        "found": rate.found,
        "predicted": rate.predicted,
        "right": rate.right,
    }
    for name in ("precision", "recall", "f1"):
        low, high = getattr(row, name) or (None, None)
        cells[name] = round(getattr(rate, name), 6) if row.documents else None
        cells[f"{name}_low"] = None if low is None else round(low, 6)
        cells[f"{name}_high"] = None if high is None else round(high, 6)
    for name in ("macro_precision", "macro_recall", "macro_f1"):
        value = getattr(row, name)
        cells[name] = None if value is None else round(value, 6)
    return cells
