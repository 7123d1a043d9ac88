"""docs/performance.md and its picture are written from what the benchmarks found, never by hand."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scripts import script

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = sorted((ROOT / "benchmarks" / "results").glob("*.json"))


@pytest.fixture
def performance(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return script("benchmarks", "performance")


def test_the_page_holds_the_figures_that_are_kept(performance: ModuleType) -> None:
    assert RESULTS
    page = PAGE.read_text("utf-8")
    assert performance.filled(page, performance.results(RESULTS)) == page


def test_every_table_has_its_place_in_the_page(performance: ModuleType) -> None:
    named = re.findall(r"<!-- figures: (\w+) -->", PAGE.read_text("utf-8"))
    assert sorted(named) == sorted(performance.TABLES)


def test_what_was_not_measured_is_said(performance: ModuleType) -> None:
    page = "Before.\n<!-- figures: startup -->\n| old |\n<!-- end -->\nAfter.\n"
    assert performance.filled(page, {}) == ("Before.\n<!-- figures: startup -->\nNot measured.\n<!-- end -->\nAfter.\n")


def test_the_picture_shows_each_thing_measured(
    performance: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = {"median": 2.5, "low": 2.0, "high": 3.0}
    found = {
        "throughput": {"warm": spread, "unseen": spread},
        "peers": {"peers": {"negspacy": {"job": "negation of given names", "unseen": spread}}},
        "length": {"lengths": {"500": spread, "1000": spread}, "shapes": {"one line": spread}},
        "scaling": {"workers": {"1": {"speed_up": 1.0, "texts_per_hour": 1200}}},
    }
    files = [tmp_path / f"{name}.json" for name in found]
    for file, (name, figures) in zip(files, found.items(), strict=True):
        file.write_text(json.dumps({"benchmark": name, **figures}), "utf-8")
    out = tmp_path / "speed.svg"
    monkeypatch.setattr(sys, "argv", ["plot.py", *map(str, files), "--out", str(out)])
    assert sys.modules["plot"].main() == 0
    drawn = out.read_text("utf-8")
    for words in (
        "unseen texts",
        "negspacy",
        "negation of given names",
        "kB of text",
        "one line",
        "1,200 texts an hour",
    ):
        assert words in drawn
