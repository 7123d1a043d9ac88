"""The built package: its data is inside, and it parses where nothing of the checkout is."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import protoparse
from licences import licences, refused
from protoparse.cli import program

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path, **besides: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | besides
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


@pytest.mark.slow
def test_the_same_tree_gives_the_same_files(built: Path, tmp_path: Path) -> None:
    away = ("[.]git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".peers")
    tree = shutil.copytree(ROOT, tmp_path / "elsewhere" / "tree", ignore=shutil.ignore_patterns(*away))
    for file in tree.rglob("*"):
        file.chmod(file.stat().st_mode & 0o700)
    where = {"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "7"}
    for kind in ("--sdist", "--wheel"):
        run(sys.executable, "-m", "build", kind, "--outdir", tmp_path / "dist", tree, cwd=tmp_path, **where)
    assert {f.name for f in built.iterdir()} == {f.name for f in (tmp_path / "dist").iterdir()}
    for file in built.iterdir():
        assert file.read_bytes() == (tmp_path / "dist" / file.name).read_bytes(), file.name


def test_whoever_uses_it_is_bound_by_no_licence_that_spreads() -> None:
    found = licences("protoparse", "all")
    assert {"spacy", "lark", "lxml"} <= found.keys()
    assert [name for name, said in found.items() if refused(said)] == []


def completed(words: str) -> list[str]:
    """What `_PROTOPARSE_COMPLETE` answers a bash that completes the last of some words."""
    given = {"_PROTOPARSE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run([sys.executable, "-m", "protoparse"], env=os.environ | given, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_shell_completes_commands_options_targets_and_files() -> None:
    assert completed("protoparse sc") == ["plain,schema", "plain,screen"]
    assert completed("protoparse parse --from pd") == ["plain,pdf"]
    assert completed("protoparse parse --no-conf") == ["plain,--no-confidence"]
    assert completed("protoparse export --to cs") == ["plain,csv"]
    assert completed("protoparse parse tri") == ["file,tri"]


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_the_script_of_a_shell_is_in_its_language(shell: str, check: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    done = subprocess.run([sys.executable, "-m", "protoparse", "completion", shell], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "_PROTOPARSE_COMPLETE" in done.stdout
    (tmp_path / "script").write_text(done.stdout, "utf-8")
    run(shell, check, tmp_path / "script", cwd=tmp_path)


def test_the_dockerfile_names_what_there_is() -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    [extras] = [line.partition("=")[2].split(",") for line in lines if line.startswith("ARG EXTRAS=")]
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(extras) <= declared.keys()
    [arguments] = [json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD ")]
    serve = program.commands[arguments[0]].make_context("serve", arguments[1:])
    assert f"EXPOSE {serve.params['port']}" in lines
    assert shlex.split(serve.params["store"])[0].startswith("/data/")
    assert "VOLUME /data" in lines
