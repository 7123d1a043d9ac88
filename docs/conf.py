"""The site: README.md, the pages of docs/, the cards, notebooks run while it is built, and the API from docstrings.

`make docs` builds it into site/. Pages link to one another as they do on disk, so Sphinx reads the checkout itself.
What is not named in `PAGES` stands under "More".
"""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]
PAGES = {
    "Begin": ["docs/start", "docs/installing", "docs/engineers", "docs/researchers", "docs/screeners"],
    "Notebooks": ["docs/notebooks/look", "docs/notebooks/table", "docs/notebooks/patients"],
    "Reading": ["docs/sources", "docs/fetching", "docs/batch", "docs/distributed", "docs/versions", "docs/misreadings"],
    "The format": ["docs/format", "docs/english", "docs/grammar", "docs/tables"],
    "Using": ["docs/screening", "docs/exports", "docs/fhir", "docs/omop", "docs/service"],
    "Measuring": [
        "docs/figures", "docs/evaluation", "docs/reports", "docs/corpora", "docs/gold", "docs/reviewing",
        "corpus/README", "docs/performance",
    ],
    "Models": ["src/protoparse/concepts/MODEL_CARD", "src/protoparse/confidence/CARD", "training/README"],
    "Working on it": [
        "CONTRIBUTING", "docs/extending", "docs/api", "vocabularies/README", "fuzzing/README", "docs/releasing",
        "CHANGELOG",
    ],
}  # fmt: skip
PACKAGES = ("protoparse", "screen", "evaluate", "export", "editing", "batch")
"""Packages that load a name when it is first asked for: the API needs all of them."""

FRONT = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>protoparse</title>
<meta http-equiv="refresh" content="0; url=README.html"><a href="README.html">protoparse</a></html>
"""

project = "protoparse"
author = "The protoparse authors"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = ["*.md", "docs/**", "*/README.md", "src/**/*CARD.md"]
exclude_patterns = [".*", "site", "build", "dist"]

html_theme = "furo"
html_title = "protoparse"
html_show_copyright = html_show_sourcelink = html_copy_source = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_execution_in_temp = True


def navigation() -> str:
    """What stands at the side: the pages that there are, and those that nobody named."""
    found = {page.relative_to(ROOT).with_suffix("").as_posix() for page in (ROOT / "docs").glob("*.md")}
    named = {name for names in PAGES.values() for name in names}
    parts = {**PAGES, "More": sorted(found - named)}
    trees = []
    for caption, names in parts.items():
        there = [name for name in names if any((ROOT / f"{name}{end}").exists() for end in (".md", ".rst", ".ipynb"))]
        if there:
            trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *there, "```"]))
    return "\n\n".join(trees)


def _with_navigation(_: Sphinx, name: str, source: list[str]) -> None:
    if name == root_doc:
        source[0] += "\n\n" + navigation()


def _loaded(_: Sphinx) -> None:
    for package in PACKAGES:
        module = import_module("protoparse" if package == "protoparse" else f"protoparse.{package}")
        for name in module.__all__:
            setattr(module, name, getattr(module, name))


def _as_rst(_: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]) -> None:
    """Docstrings say code as Markdown does: letters may follow a backtick, and a block stands four further in."""
    after_blank = False
    for at, line in enumerate(lines):
        lines[at] = re.sub(r"(?<!`)`([^`]+)`(?=\w)", r"`\1`\\ ", line)
        if after_blank and line.startswith("    ") and what == "module" and not line.lstrip().startswith(("-", ">>>")):
            lines[at] = "::\n\n" + line
        after_blank = not line.strip()
    lines[:] = "\n".join(lines).split("\n")


def _with_front(app: Sphinx, error: Exception | None) -> None:
    if error is None:
        Path(app.outdir, "index.html").write_text(FRONT, "utf-8")


def setup(app: Sphinx) -> None:
    """Hook all of this into the build."""
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    app.connect("builder-inited", _loaded)
    app.connect("autodoc-process-docstring", _as_rst)
    app.connect("source-read", _with_navigation)
    app.connect("build-finished", _with_front)
