"""docs/extending.md is followed, in a copy of the checkout: what is added works, and gives what stands on the page.

`<!-- write: PATH -->` is a new file, `<!-- append: PATH -->` rows behind a table, `<!-- change: PATH -->` lines that
take the place of others, `<!-- then -->` commands with what they give by then.
`python -m tests.test_extending --write` puts in what they give today, for review.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extending.md"
STEP = re.compile(
    r"<!-- (?P<what>write|append|change|then)(?:: (?P<path>\S+))? -->\n```\w+\n(?P<body>.*?)^```$", re.M | re.S
)


def replaced(text: str, change: str) -> str:
    """A text after a change: each line with a minus gives way to the one with a plus below it."""
    for old, new in re.findall(r"^-(.*)\n\+(.*)$", change, re.M):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def declared(project: Path) -> None:
    """What an installer leaves beside a module: the entry points of its pyproject.toml."""
    told = tomllib.loads(project.read_text("utf-8"))["project"]
    info = project.parent / f"{told['name'].replace('-', '_')}-{told['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {told['name']}\nVersion: {told['version']}\n")
    lines = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items())
        for group, named in told["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))


def session(commands: str, folder: Path) -> str:
    """The commands, with what they give in the copy."""
    program = f'protoparse() {{ "{sys.executable}" -m protoparse "$@"; }}; '
    environment = os.environ | {"PYTHONPATH": f"{folder}/src{os.pathsep}{folder}/mine"}
    lines = []
    for command in re.findall(r"^\$ (.+)$", commands, re.M):
        done = subprocess.run(
            ["bash", "-c", program + command], cwd=folder, env=environment, capture_output=True, text=True
        )
        lines += [f"$ {command}", *(done.stdout + done.stderr).splitlines()]
    return "\n".join(lines) + "\n"


def followed(page: str, folder: Path) -> str:
    """The page after all its steps, with what its commands gave."""
    for part in ("src", "grammars"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))

    def step(found: re.Match[str]) -> str:
        what, path, body = found["what"], folder / (found["path"] or ""), found["body"]
        match what:
            case "write":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(body, "utf-8")
                if path.name == "pyproject.toml":
                    declared(path)
            case "append":
                path.write_text(path.read_text("utf-8") + body, "utf-8")
            case "change":
                path.write_text(replaced(path.read_text("utf-8"), body), "utf-8")
            case "then":
                return found[0].replace(body, session(body, folder))
        return found[0]

    return STEP.sub(step, page)


@pytest.mark.slow
def test_the_page_is_followed(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    assert followed(page, tmp_path) == page


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("python -m tests.test_extending --write")
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(followed(PAGE.read_text("utf-8"), Path(place)), "utf-8")
