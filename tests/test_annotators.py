"""Two annotators: what they share, how far beyond chance, what they say differently; and the command."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from protoparse import cli
from protoparse.evaluate import agreement, build
from protoparse.evaluate.gold.building import build_folder
from protoparse.model import Document, dump

CORPUS = Path(__file__).parents[1] / "corpus"
TEXT = "Exclusion Criteria:\n\n* Gout\n* ALT above 3 x ULN\n* Severe asthma or eczema\n"
ANNA = """criteria:
- {kind: exclusion, starts: Gout, rule: {domain: condition, concept: Gout}}
- {kind: exclusion, starts: ALT, rule: {domain: measurement, concept: ALT, value: {op: ">", value: 3, ref: ULN}}}
- kind: exclusion
  starts: Severe
  rule:
    any:
    - {domain: condition, concept: asthma, modifiers: [[severity, Severe]]}
    - {domain: condition, concept: eczema}
"""
BEN = ANNA.replace("{domain: condition, concept: Gout}", "{domain: observation, concept: Gout}").replace('">"', '">="')


def said(yaml: str) -> Document:
    return build(yaml, TEXT)


def test_who_is_first_makes_no_difference() -> None:
    folders = sorted(path.parent for path in CORPUS.glob("*/criteria.yaml"))
    one = [build_folder(folder) for folder in folders]
    other = [Document(text=d.text, criteria=d.criteria[::2]) for d in one]
    names = [folder.name for folder in folders]
    forth = agreement(zip(names, one, other, strict=True))
    back = agreement(zip(names, other, one, strict=True))
    for name, of in forth.measures.items():
        assert of.f1 == back.measures[name].f1
        assert (of.first, of.shared_second) == (back.measures[name].second, back.measures[name].shared_first)
    assert {name: k.kappa for name, k in forth.kappas.items()} == {name: k.kappa for name, k in back.kappas.items()}


def test_one_agrees_with_oneself() -> None:
    found = agreement([("a", said(ANNA), said(ANNA))])
    assert {of.f1 for of in found.measures.values()} == {1.0, None}
    assert found.disagreements == ()
    assert found.kappas["domain"].kappa == 1
    assert found.kappas["section"].kappa is None  # one answer alone


def test_kappa_is_beyond_chance() -> None:
    found = agreement([("a", said(ANNA), said(BEN))])
    domain = found.kappas["domain"]
    assert (domain.units, domain.alike) == (4, 3)
    # alike 3/4; by chance 3/4 * 2/4 (condition) + 1/4 * 1/4 (measurement)
    chance = 3 / 4 * 2 / 4 + 1 / 4 * 1 / 4
    assert domain.kappa == pytest.approx((3 / 4 - chance) / (1 - chance))
    comparator = found.kappas["comparator"]
    assert (comparator.units, comparator.alike, comparator.kappa) == (1, 0, 0)


def test_what_differs_is_told_once_and_in_its_place() -> None:
    found = agreement([("a", said(ANNA), said(BEN))])
    assert [(d.criterion, d.measure, d.text, d.first, d.second) for d in found.disagreements] == [
        ("exclusion.1", "domain", "Gout", "condition", "observation"),
        ("exclusion.2", "comparator", "ALT above 3 x ULN", ">", "≥"),
    ]
    assert (found.measures["domain"].first, found.measures["domain"].shared_first) == (4, 3)
    assert found.measures["domain"].f1 == 0.75


def test_a_fact_of_one_alone_is_one_disagreement() -> None:
    less = ANNA.replace("    any:\n    - {", "    {").replace("    - {domain: condition, concept: eczema}\n", "")
    found = agreement([("a", said(ANNA), said(less))])
    assert [(d.measure, d.first, d.second) for d in found.disagreements if d.span and d.span[0] > 60] == [
        ("fact", "eczema", None)
    ]


def test_what_need_not_be_annotated_is_not_held_against_who_does() -> None:
    labelled = ANNA.replace("starts: Gout", 'label: "*", starts: Gout')
    assert agreement([("a", said(ANNA), said(labelled))]).measures["label"].f1 is None


# ------------------------------------------------------------------ the command


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    for name, yaml in (("anna", ANNA), ("ben", BEN)):
        folder = tmp_path / name / "trial"
        folder.mkdir(parents=True)
        (folder / "source.txt").write_text(TEXT, "utf-8")
        (folder / "criteria.yaml").write_text(yaml, "utf-8")
    return tmp_path / "anna", tmp_path / "ben"


def test_folders_of_gold(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["agreement", *map(str, sides), "--list"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "1 text, 2 disagreements" in out
    assert "domain                4       3      4       3   0.750" in out
    assert "domain                4       3   0.556   facts of both" in out
    assert "trial exclusion.2: ALT above 3 x ULN\n  comparator: A > | B ≥" in out


def test_json_and_csv(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["agreement", *map(str, sides), "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["measures"]["domain"]["f1"] == 0.75
    assert found["kappas"]["domain"]["units"] == 4
    assert found["disagreements"][0]["span"] == [23, 27]
    assert cli.main(["agreement", *map(str, sides), "--csv", "-"]) == 0
    rows = {row["measure"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out)) if row["f1"]}
    assert rows["domain"]["f1"] == "0.750000"
    assert cli.main(["agreement", *map(str, sides), "--csv", "-", "--list"]) == 0
    listed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["measure"] for row in listed] == ["domain", "comparator"]


def test_files_and_standard_input(sides: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(dump(said(BEN)))
    yaml = sides[0] / "trial" / "criteria.yaml"
    command = [sys.executable, "-m", "protoparse", "agreement", str(yaml), "-", "--csv", "-", "--list"]
    done = subprocess.run(command, input=other.read_bytes(), capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == 3


def test_what_has_no_partner_is_told(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    more = sides[0] / "another"
    more.mkdir()
    (more / "source.txt").write_text(TEXT, "utf-8")
    (more / "criteria.yaml").write_text("criteria: []", "utf-8")
    assert cli.main(["agreement", *map(str, sides)]) == 1
    out, err = capsys.readouterr()
    assert err == f"protoparse: {more}/criteria.yaml: another is not in {sides[1]}\n"
    assert "1 text, 2 disagreements" in out


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (lambda folder: (folder / "criteria.yaml").write_text("criteria: 1"), "criteria.yaml: criteria is no list: 1"),
        (lambda folder: (folder / "source.txt").write_text(TEXT + "more"), "the two are over different texts"),
        (lambda folder: (folder / "criteria.yaml").unlink(), "no criteria JSON and no gold in it"),
    ],
)
def test_trouble_is_one_line(
    damage: object, cause: str, sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    damage(sides[1] / "trial")  # type: ignore[operator]
    assert cli.main(["agreement", *map(str, sides)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert cause in err.splitlines()[0]
    assert err.startswith("protoparse: ")
