"""The built package: its data is inside, and it parses where nothing of the checkout is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import protoparse

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [file] = built.glob("*.whl")
    return file


@pytest.mark.slow
def test_the_wheel_holds_grammars_tables_templates_and_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    for grammar in (ROOT / "grammars").glob("*.lark"):
        assert f"protoparse/grammars/{grammar.name}" in inside
    for source in (ROOT / "src").rglob("*"):
        if source.suffix in {".py", ".tsv", ".html", ".css", ".js", ".cql"} or source.name == "py.typed":
            assert source.relative_to(ROOT / "src").as_posix() in inside
    assert "protoparse/grammars/canonical.lark" in inside
    assert "protoparse/concepts/model.npz" in inside
    assert f"protoparse-{protoparse.__version__}.dist-info/licenses/LICENSE" in inside
    assert not [name for name in inside if name.startswith(("tests", "corpus", "benchmarks"))]


@pytest.mark.slow
def test_the_sdist_can_run_its_tests(built: Path) -> None:
    [file] = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "README.md", "CONTRIBUTING.md", "tests/test_packaging.py"} <= inside
    assert "docs/criteria.schema.json" in inside


@pytest.mark.slow
def test_the_installed_wheel_parses(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    bin_ = environment / ("Scripts" if sys.platform == "win32" else "bin")
    run(bin_ / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=tmp_path)
    source = tmp_path / "trial.txt"
    source.write_text("Inclusion Criteria:\n\n* Age 18 years or older\n", "utf-8")
    document = json.loads(run(bin_ / "protoparse", "parse", source, cwd=tmp_path))
    assert document["parser"]["version"] == protoparse.__version__
    assert [c["kind"] for c in document["criteria"]] == ["inclusion"]
    assert run(bin_ / "protoparse", "--version", cwd=tmp_path) == f"protoparse {protoparse.__version__}\n"
    home = run(bin_ / "python", "-c", "import protoparse; print(protoparse.__file__)", cwd=tmp_path)
    assert Path(home.strip()).is_relative_to(environment)
    done = subprocess.run([bin_ / "protoparse", "evaluate", tmp_path], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.endswith("pip install 'protoparse[evaluate]'\n")


def test_the_types_are_for_others_too() -> None:
    assert (Path(protoparse.__file__).parent / "py.typed").exists()


@pytest.mark.skipif(not (ROOT / ".ci" / "run").exists(), reason="not in the built source")
def test_ci_runs_the_tests_of_the_makefile() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    dry = run("make", "--dry-run", "--always-make", "test", cwd=ROOT)
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"):
        assert tool in dry
