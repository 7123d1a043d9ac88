"""On gold and on samples of the two public corpora, the figures are those of the scorers that lie beside them.

The folder is named by PROTOPARSE_DATA; without it there is nothing to compare with.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from protoparse.evaluate.judgements import Evaluation, Rate
from protoparse.evaluate.measures import compare
from protoparse.evaluate.spans.corpus import Annotated, read_corpus
from protoparse.evaluate.spans.findings import of_document
from protoparse.evaluate.spans.tasks import TASKS, compare_findings
from protoparse.model import Document, dump, load
from protoparse.parsing import Parser

DATA = Path(os.environ.get("PROTOPARSE_DATA", "-"))

pytestmark = pytest.mark.skipif(not (DATA / "tools" / "score_lct.py").exists(), reason="PROTOPARSE_DATA is not set")

EVERY = 9


def sample(corpus: str, folder: Path) -> Path:
    """A folder with every ninth document of a corpus."""
    folder.mkdir()
    for marks in sorted((DATA / corpus).glob("*.ann"))[::EVERY]:
        for file in (marks, marks.with_suffix(".txt")):
            (folder / file.name).symlink_to(file)
    return folder


def run(tool: str, *arguments: str | Path) -> None:
    command = [sys.executable, str(DATA / "tools" / tool), *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)


def reference(gold: Path, parsed: Iterable[tuple[str, Document]], folder: Path) -> dict[str, tuple[float, float]]:
    """Precision and recall of each task, by the scorer."""
    folder.mkdir()
    for name, document in parsed:
        (folder / f"{name}.json").write_text(json.dumps(placed(json.loads(dump(document)))), "utf-8")
    figures = folder / "figures"
    run("score_lct.py", "--gold", gold, "--pred", folder, "--json", figures)
    return {task: (told["precision"], told["recall"]) for task, told in json.loads(figures.read_bytes()).items()}


def placed(told: Any) -> Any:
    """A document in JSON without the windows that have no place: the scorer stumbles over them."""
    if isinstance(told, dict):
        if isinstance(window := told.get("time"), dict) and window["span"] is None:
            told["time"] = None
        return {key: placed(value) for key, value in told.items()}
    return [placed(one) for one in told] if isinstance(told, list) else told


def ours(texts: Iterable[Annotated], parsed: dict[str, Document]) -> dict[str, Rate]:
    cases = [
        compare_findings(text.findings, of_document(parsed[text.name]), name=text.name, text=text.text)
        for text in texts
    ]
    return Evaluation(cases=tuple(cases), measures=TASKS).figures()


def parse(texts: Iterable[Annotated]) -> dict[str, Document]:
    parser = Parser()
    return {text.name: parser.parse(text.text) for text in texts}


def test_gold(tmp_path: Path) -> None:
    gold, parser = DATA / "gold" / "json", Parser()
    cases = []
    for file in sorted(gold.glob("*.json")):
        right = load(file.read_bytes())
        found = parser.parse(right.text)
        (tmp_path / file.name).write_bytes(dump(found))
        cases.append(compare(right, found, name=file.stem))
    figures = tmp_path / "figures"
    run("gold.py", "score", "--gold", gold, "--pred", tmp_path, "--json", figures)
    ours = Evaluation(cases=tuple(cases)).figures()
    told = json.loads(figures.read_bytes())
    assert {"outline", "fact", "value", "window", "polarity", "rule logic", "rule exact"} <= set(told)
    for measure, theirs in told.items():
        rate = ours[measure]
        assert (rate.gold, rate.predicted) == (theirs["gold"], theirs["pred"]), measure
        assert [rate.precision, rate.recall, rate.f1] == pytest.approx(
            [theirs["precision"], theirs["recall"], theirs["f1"]], abs=0.0005
        ), measure


def test_leaf_clinical_trials(tmp_path: Path) -> None:
    folder = sample("lct", tmp_path / "gold")
    texts = list(read_corpus(folder, "lct"))
    parsed = parse(texts)
    wanted = reference(folder, parsed.items(), tmp_path / "parsed")
    figures = ours(texts, parsed)
    assert set(wanted) == set(TASKS)
    for task, (precision, recall) in wanted.items():
        assert figures[task].gold > 5
        assert (figures[task].precision, figures[task].recall) == pytest.approx((precision, recall), abs=5e-4), task


def test_chia(tmp_path: Path) -> None:
    texts = list(read_corpus(sample("chia", tmp_path / "gold"), "chia"))
    parsed = parse(texts)
    run("chia_to_lct.py", tmp_path / "gold", tmp_path / "converted")
    wanted = reference(tmp_path / "converted", parsed.items(), tmp_path / "parsed")
    figures = ours(texts, parsed)
    for task in ("concept", "concept=", "negation", "exception", "includes"):
        assert (figures[task].precision, figures[task].recall) == pytest.approx(wanted[task], abs=5e-4), task
    # it reads no number in words ("six weeks"): without these, few lengths of time are left to differ in
    in_digits = [
        replace(
            text,
            findings=replace(
                text.findings,
                periods=tuple(p for p in text.findings.periods if text.text[p.span[0]].isdecimal()),
            ),
        )
        for text in texts
    ]
    window = ours(in_digits, parsed)["window"]
    assert (window.precision, window.recall) == pytest.approx(wanted["window"], abs=0.02)
