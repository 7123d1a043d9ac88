"""protoparse evaluate: what is measured, what is written where, what is said when something fails."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from protoparse import cli
from protoparse.evaluate import MEASURES, Evaluation, compare
from protoparse.evaluate.spans.facts import facts_csv
from protoparse.evaluate.spans.tasks import TASKS
from protoparse.model import Document, dump, load, walk
from protoparse.parsing import parse
from test_cli import Run, write

CORPUS = Path(__file__).parents[1] / "corpus"
GOLD = """Inclusion Criteria:

* Age 18 years or older
* Platelets above 100,000/mm3

Exclusion Criteria:

* Pregnancy
"""
OTHER = "Exclusion Criteria:\n\n* Stroke within 6 months before screening\n* Gout\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def folder(path: Path, **documents: Document | str | bytes) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        if isinstance(document, str):
            document = parse(document)
        write(path / f"{name}.json", document if isinstance(document, bytes) else dump(document))
    return path


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return folder(tmp_path / "gold", a=GOLD, b=OTHER)


def half(text: str) -> Document:
    """A prediction that lost the last criterion."""
    document = parse(text)
    return Document(text=text, criteria=document.criteria[:-1])


def table(out: str) -> dict[str, list[str]]:
    """The rows of the table by measure: precision, recall, F1, …"""
    found = {}
    for line in out.splitlines():
        for measure in (*MEASURES, *TASKS):
            if line.startswith(f"  {measure}  "):
                found[measure] = line.removeprefix(f"  {measure}").split()
    return found


def figure(path: Path, measure: str, *, by: str = "all", part: str = "") -> dict[str, float]:
    rows = json.loads(path.read_bytes())["figures"]
    [row] = [r for r in rows if (r["by"], r["part"], r["measure"]) == (by, part, measure)]
    return dict(row)


# ------------------------------------------------------------------ what is measured


def test_the_corpus_is_measured_as_the_library_measures_it(run: Run, tmp_path: Path) -> None:
    run("evaluate", CORPUS, "--json", tmp_path / "r.json")
    assert (run.code, run.err) == (0, "")
    made = json.loads((tmp_path / "r.json").read_bytes())
    assert made["documents"] == len(list(CORPUS.glob("*/criteria.json"))) == 15
    assert [m for group in made["measures"].values() for m in group] == list(MEASURES)
    assert figure(tmp_path / "r.json", "fact")["f1"] > 0.9
    shown = table(run.out)
    assert shown["fact"][:3] == [
        f"{100 * figure(tmp_path / 'r.json', 'fact')[x]:.1f}" for x in ("precision", "recall", "f1")
    ]


def test_predictions_are_found_by_name(run: Run, gold: Path, tmp_path: Path) -> None:
    pred = folder(tmp_path / "pred", a=half(GOLD), b=OTHER)
    run("evaluate", "--gold", gold, "--pred", pred, "--json", tmp_path / "r.json")
    assert (run.code, run.err) == (0, "")
    cases = [
        compare(load((gold / f"{n}.json").read_bytes()), load((pred / f"{n}.json").read_bytes()), name=n) for n in "ab"
    ]
    for measure, rate in Evaluation(cases=tuple(cases), measures=MEASURES).figures().items():
        found = figure(tmp_path / "r.json", measure)
        assert (found["gold"], found["predicted"], found["right"]) == (rate.gold, rate.predicted, rate.right)
        if rate.gold:
            assert found["recall"] == pytest.approx(rate.recall, abs=1e-6)


def test_predictions_are_found_by_trial(run: Run, tmp_path: Path) -> None:
    for name in ("heart-failure", "type-2-diabetes"):
        document = load((CORPUS / name / "criteria.json").read_bytes())
        assert document.trial.id
        write(tmp_path / "pred" / f"{document.trial.id}.json", dump(document))
        write(tmp_path / "gold" / name / "criteria.json", dump(document))
    run("evaluate", "--gold", tmp_path / "gold", "--pred", tmp_path / "pred", "--json", tmp_path / "r.json")
    assert run.code == 0
    assert figure(tmp_path / "r.json", "rule exact")["f1"] == 1


def test_this_parser_is_measured_where_nothing_else_is_given(run: Run, gold: Path) -> None:
    assert table(run("evaluate", gold).out)["rule exact"][2] == "100.0"
    assert table(run("evaluate", "--gold", gold, "--parse").out)["rule exact"][2] == "100.0"


def test_a_table_of_facts_is_measured_by_tasks(run: Run, gold: Path, tmp_path: Path) -> None:
    facts = write(tmp_path / "facts.csv", facts_csv([("a", parse(GOLD))]))
    run("evaluate", gold, "--pred", facts, "--pred-format", "csv", "--by", "document")
    assert run.code == 0
    assert table(run.out)["value+op"][:3] == ["100.0", "100.0", "100.0"]
    assert table(run.out)["window"][1] == "0.0"


def test_facts_that_are_not_in_the_text_are_told(run: Run, gold: Path, tmp_path: Path) -> None:
    facts = write(tmp_path / "facts.csv", "document,domain,concept\na,condition,pregnancy\na,condition,leprosy\n")
    run("evaluate", gold, "--pred", facts, "--pred-format", "csv")
    told = "1 of 2 findings are not in the texts they are said to be of: they count for nothing"
    assert run.err == f"protoparse: {facts}: {told}\n"
    assert run.code == 0


BRAT = {
    "c/lung.txt": "No asthma.\nFEV1 > 50 %.\n",
    "c/lung.ann": "T1\tDisorder 3 9\tasthma\nT2\tTest 11 15\tFEV1\nT3\tValue 16 22\t> 50 %\n"
    "R1\thas_value Arg1:T2 Arg2:T3\n",
    "labels.tsv": "on\tlabel\tmeans\tvalue\nmark\tDisorder\tconcept\tcondition\nmark\tTest\tconcept\tmeasurement\n"
    "mark\tValue\tquantity\t\nlink\thas_value\tbound\t\n",
}


def test_an_annotated_corpus_is_gold_and_prediction(run: Run, tmp_path: Path) -> None:
    for name, content in BRAT.items():
        write(tmp_path / name, content)
    corpus = ("evaluate", "--corpus", "brat", "--labels", tmp_path / "labels.tsv", tmp_path / "c")
    assert table(run(*corpus).out)["value+subject"][:3] == ["100.0", "100.0", "100.0"]
    assert run.code == 0
    same = run(*corpus, "--pred", tmp_path / "c", "--pred-format", "brat")
    assert table(same.out)["concept="][:3] == ["100.0", "100.0", "100.0"]
    pred = folder(tmp_path / "pred", lung=BRAT["c/lung.txt"])
    assert table(run(*corpus, "--pred", pred).out)["concept"][1] == "100.0"


def test_annotations_that_are_broken_or_of_another_text(run: Run, tmp_path: Path) -> None:
    for name, content in BRAT.items():
        write(tmp_path / name, content)
        write(tmp_path / "p" / name, content.replace("T2\tTest 11 15", "T2\tTest 11 x") if "ann" in name else content)
    args = ("evaluate", "--corpus", "brat", "--labels", tmp_path / "labels.tsv", tmp_path / "c")
    run(*args, "--pred", tmp_path / "p" / "c", "--pred-format", "brat")
    assert run.code == 1
    assert run.err.startswith("protoparse: lung: ")
    assert run.err.endswith("counted as empty\n")
    assert table(run.out)["concept"][1] == "0.0"
    write(tmp_path / "p" / "c" / "lung.txt", "Another text.")
    run(*args, "--pred", tmp_path / "p" / "c", "--pred-format", "brat")
    assert "over another text" in run.err


def test_only_and_skip(run: Run, gold: Path, tmp_path: Path) -> None:
    names = write(tmp_path / "names.txt", "b\n")
    assert "1 document\n" in run("evaluate", gold, "--only", names).out
    assert "window" in run.out
    assert "1 document\n" in run("evaluate", gold, "--skip", names).out
    assert "window" not in run.out
    run("evaluate", gold, "--only", write(names, "b\nc\n"))
    assert (run.code, run.err) == (1, "protoparse: c: not among the gold documents\n")


# ------------------------------------------------------------------ what is shown


def test_breakdowns(run: Run, gold: Path) -> None:
    for by, part in (
        ("section", "exclusion"),
        ("domain", "person"),
        ("phenomenon", "comma in a number"),
        ("document", "b"),
    ):
        assert f"\n{part}\n" in run("evaluate", gold, "--by", by).out


def test_errors_with_the_words_they_are_about(run: Run, gold: Path, tmp_path: Path) -> None:
    pred = folder(tmp_path / "pred", a=half(GOLD), b=OTHER)
    run("evaluate", gold, "--pred", pred, "--errors", "fact")
    assert "missed a exclusion.1\n  * ⟦Pregnancy⟧\n  gold: " in run.out
    assert run.out.endswith("1 error of fact\n")


def test_csv_has_a_row_for_each_measure_and_part(run: Run, gold: Path, tmp_path: Path) -> None:
    run("evaluate", gold, "--csv", tmp_path / "r.csv", "--json", tmp_path / "r.json", "--quiet")
    assert run.out == ""
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["measure"] for r in rows if r["by"] == "all"] == list(MEASURES)
    assert {r["part"] for r in rows if r["by"] == "document"} == {"a", "b"}
    figures = json.loads((tmp_path / "r.json").read_bytes())["figures"]
    assert len(figures) == len(rows)
    assert list(figures[0]) == list(rows[0])


def test_two_systems_are_compared(run: Run, tmp_path: Path) -> None:
    texts = {f"d{i}": OTHER.replace("6 months", f"{i + 1} months") for i in range(12)}
    gold = folder(tmp_path / "gold", **texts)
    worse = folder(tmp_path / "worse", **{name: half(text) for name, text in texts.items()})
    run("evaluate", gold, "--against", worse, "--json", tmp_path / "r.json")
    assert run.code == 0
    [found] = [d for d in json.loads((tmp_path / "r.json").read_bytes())["differences"] if d["measure"] == "fact"]
    assert found["second"] == 1
    assert found["difference"] == pytest.approx(1 - 2 / 3)
    assert found["p"] < 0.001 < 0.05
    assert "F1 of protoparse (A)" in run.out
    run("evaluate", gold, "--pred", worse, "--against", worse)
    assert "*" not in run.out.partition("by Holm")[2]


def test_the_same_files_every_time(run: Run, gold: Path, tmp_path: Path) -> None:
    pred = folder(tmp_path / "pred", a=half(GOLD), b=OTHER)
    for name in ("1", "2"):
        run(
            "evaluate",
            gold,
            "--pred",
            pred,
            "-q",
            "--html",
            tmp_path / f"{name}.html",
            "--json",
            tmp_path / f"{name}.json",
        )
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


# ------------------------------------------------------------------ what fails


def test_what_is_missing_or_broken_counts_as_empty(run: Run, gold: Path, tmp_path: Path) -> None:
    folder(gold, c="Gout")
    pred = folder(tmp_path / "pred", a=GOLD, b=b'{"format": 1}')
    run("evaluate", gold, "--pred", pred, "--json", tmp_path / "r.json")
    assert run.code == 1
    assert [line.partition(": ")[2].split(":")[0] for line in run.err.splitlines()] == ["b", "c"]
    assert all(line.endswith("counted as empty") for line in run.err.splitlines())
    lost = sum(1 for _ in walk(parse(OTHER).criteria))
    assert figure(tmp_path / "r.json", "criterion")["found"] == 3
    assert figure(tmp_path / "r.json", "criterion")["gold"] == 3 + lost + 1
    assert len(json.loads((tmp_path / "r.json").read_bytes())["failures"]) == 2


def test_another_text_is_refused_by_name(run: Run, gold: Path, tmp_path: Path) -> None:
    pred = folder(tmp_path / "pred", a=GOLD.replace("18", "21"), b=OTHER)
    run("evaluate", gold, "--pred", pred)
    assert run.code == 1
    assert run.err == "protoparse: a: the prediction is over another text than gold: not measured\n"
    assert "1 document\n" in run.out


def test_broken_gold_is_reported_and_the_rest_measured(run: Run, gold: Path) -> None:
    write(gold / "c.json", "{")
    run("evaluate", gold)
    assert run.code == 1
    assert run.err.startswith("protoparse: c: ")
    assert "2 documents\n" in run.out


@pytest.mark.parametrize(
    ("args", "cause"),
    [
        ((), "give the gold folder once"),
        (("GOLD", "--gold", "GOLD"), "give the gold folder once"),
        (("GOLD", "--parse", "--pred", "GOLD"), "--parse measures this parser"),
        (("GOLD", "--corpus", "brat"), "needs --labels"),
        (("GOLD", "--pred", "GOLD", "--pred-format", "brat"), "needs --labels"),
        (("GOLD", "--pred-format", "csv"), "--pred-format goes with"),
        (("GOLD", "--errors", "values"), "--errors takes one of: outline"),
        (("GOLD", "--by", "colour"), "colour"),
        (("GOLD", "--only", "nowhere.txt"), "nowhere.txt"),
    ],
)
def test_misuse(run: Run, gold: Path, args: tuple[str, ...], cause: str) -> None:
    run("evaluate", *(str(gold) if arg == "GOLD" else arg for arg in args))
    assert (run.code, run.out) == (2, "")
    assert cause in run.err


@pytest.mark.parametrize(
    ("args", "cause"),
    [
        (("NOWHERE",), "no such folder"),
        (("EMPTY",), "without criteria documents"),
        (("GOLD", "--pred", "NOWHERE"), "no such file or folder"),
        (("GOLD", "--pred", "EMPTY"), "without predictions"),
        (("EMPTY", "--corpus", "chia"), "no .ann file"),
    ],
)
def test_folders_without_anything(run: Run, gold: Path, tmp_path: Path, args: tuple[str, ...], cause: str) -> None:
    (tmp_path / "empty").mkdir()
    places = {"GOLD": gold, "EMPTY": tmp_path / "empty", "NOWHERE": tmp_path / "nowhere"}
    run("evaluate", *(places.get(arg, arg) for arg in args))
    assert (run.code, run.out) == (1, "")
    assert cause in run.err
    assert run.err.count("\n") == 1


@pytest.mark.parametrize("name", ["jinja2", "scipy", "sklearn", "matplotlib"])
def test_without_the_extra_one_line_says_so(run: Run, gold: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    run("evaluate", gold)
    assert (run.code, run.out) == (1, "")
    assert run.err == f"protoparse: evaluate needs {name}: pip install 'protoparse[evaluate]'\n"


def test_help_imports_nothing_heavy() -> None:
    heavy = {"scipy", "sklearn", "matplotlib", "jinja2", "lark", "lxml"}
    run = "import sys; from protoparse import cli; cli.main(['evaluate', '--help'])"
    code = f"{run}; sys.exit(len({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.returncode == 0
    assert b"--pred-format" in done.stdout


def test_the_choices_are_the_readers_own() -> None:
    from protoparse.evaluate.spans.labels import SHIPPED
    from protoparse.evaluate.statistics import BREAKDOWNS
    from protoparse.evaluate.systems import FORMATS

    options = {p.name: p.type.choices for p in cli.evaluate.params if hasattr(p.type, "choices")}
    assert sorted(options["corpus"]) == sorted([*SHIPPED, "brat"])
    assert tuple(options["form"]) == FORMATS
    assert tuple(options["by"]) == BREAKDOWNS
