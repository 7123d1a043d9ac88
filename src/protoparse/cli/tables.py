"""Figures for the eye: tables of an evaluation on standard output, and lists of its errors.

In: a `Report`. Out: lines, coloured on a terminal.
"""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from protoparse.evaluate.judgements import errors
from protoparse.evaluate.report import Report
from protoparse.evaluate.statistics import Interval, Row

WIDTH = 100
AROUND = 60
SIGNIFICANT = 0.05


class Tables:
    """Shows figures on standard output, or on the console given."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDTH

    def figures(self, report: Report) -> None:
        """Every measure over all documents, under the headings of its group."""
        count = len(report.evaluation.cases)
        self._line(f"{report.system} on {report.gold}: {count} document{'' if count == 1 else 's'}")
        table = self._table("measure")
        rows = {row.measure: row for row in report.of("all")}
        for group, measures in report.groups.items():
            shown = [rows[measure] for measure in measures if measure in rows]
            if shown:
                table.add_section()
                table.add_row(Text(group, "bold"))
            for row in shown:
                table.add_row(f"  {row.measure}", *_cells(row))
        self._print(table)

    def broken_down(self, report: Report, by: str) -> None:
        """The chief measures in each part of a breakdown."""
        parts = dict.fromkeys(row.part for row in report.of(by))
        table = self._table(by)
        for part in parts:
            table.add_section()
            table.add_row(Text(part, "bold"))
            for row in report.of(by, part):
                if row.measure in report.chief:
                    table.add_row(f"  {row.measure}", *_cells(row))
        self._print(table)

    def differences(self, report: Report) -> None:
        """Two systems side by side."""
        self._line(f"F1 of {report.system} (A) and of {report.against} (B); * is significant at 5 % by Holm")
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("measure")
        for heading in ("A", "B", "A − B", "95 % interval", "p", "p (Holm)"):
            table.add_column(heading, justify="right", no_wrap=True)
        for d in report.differences:
            star = " *" if d.corrected < SIGNIFICANT else "  "
            low_high = "" if d.interval is None else f"{_signed(d.interval[0])} to {_signed(d.interval[1])}"
            table.add_row(
                d.measure,
                f"{100 * d.second:.1f}",
                f"{100 * d.first:.1f}",
                _signed(d.difference),
                low_high,
                f"{d.p:.4f}",
                f"{d.corrected:.4f}{star}",
            )
        self._print(table)

    def calibration(self, report: Report) -> None:
        """How far confidences can be believed."""
        self._line("Confidence: expected calibration error and Brier score")
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("measure")
        for heading in ("ECE", "Brier", "predictions", "above .9", "of these right"):
            table.add_column(heading, justify="right", no_wrap=True)
        for one in report.calibrations:
            right = "" if one.sure_right is None else f"{one.sure_right:.3f}"
            table.add_row(one.measure, f"{one.ece:.3f}", f"{one.brier:.3f}", str(one.count), str(one.sure), right)
        self._print(table)

    def errors(self, report: Report, measure: str) -> None:
        """Every error of a measure, with the words it is about."""
        count = 0
        for case, judgement in errors(report.evaluation, measure):
            count += 1
            place = " ".join(filter(None, (case.name, judgement.criterion)))
            self._line(Text.assemble((f"{judgement.outcome} ", "bold"), (place, "dim")))
            if judgement.span is not None:
                self._line(_quoted(case.text, *judgement.span), indent=2)
            for label, words in (("gold", judgement.expected), ("predicted", judgement.got)):
                if words is not None:
                    self._line(Text.assemble((f"{label}: ", "dim"), words), indent=2)
        self._line(f"{count} error{'' if count == 1 else 's'} of {measure}")

    def _table(self, first: str) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(first)
        for heading in ("precision", "recall", "F1", "95 % interval", "gold", "predicted"):
            table.add_column(heading, justify="right", no_wrap=True)
        return table

    def _print(self, table: Table) -> None:
        """A table; in a file, without the blanks that fill its lines."""
        if self.console.is_terminal:
            self.console.print(table)
            return
        with self.console.capture() as captured:
            self.console.print(table)
        for line in captured.get().splitlines():
            self.console.print(line.rstrip(), soft_wrap=True, markup=False)

    def _line(self, line: str | Text, indent: int = 0) -> None:
        text = Text(" " * indent) + (Text(line) if isinstance(line, str) else line)
        self.console.print(text, soft_wrap=not self.console.is_terminal)


def _cells(row: Row) -> tuple[str, ...]:
    rate = row.rate
    return (
        f"{100 * rate.precision:.1f}",
        f"{100 * rate.recall:.1f}",
        f"{100 * rate.f1:.1f}",
        _interval(row.f1),
        str(rate.gold),
        str(rate.predicted),
    )


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}"


def _signed(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")


def _quoted(text: str, start: int, end: int) -> Text:
    """The words of a place in its line, marked."""
    first = max(text.rfind("\n", 0, start) + 1, start - AROUND)
    last = text.find("\n", end)
    last = min(len(text) if last < 0 else last, end + AROUND)
    return Text.assemble(
        _plain(text[first:start]), (f"⟦{_plain(text[start:end])}⟧", "bold yellow"), _plain(text[end:last])
    )


def _plain(words: str) -> str:
    """Words in one line, without what moves a terminal's cursor."""
    return "".join(c if c.isprintable() else " " for c in words)
