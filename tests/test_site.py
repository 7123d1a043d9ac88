"""The site is built, strictly: notebooks run, links and anchors lead somewhere, and no page loads from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from lxml import html

pytest.importorskip("sphinx")

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LOADS = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "object": "data"}
AWAY = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])(?:https?:)?//""")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site in an empty folder, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "--quiet",
        "--fail-on-warning",
        "--keep-going",
        "-c",
        "docs",
        ".",
        folder,
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Any]:
    return {path: html.parse(str(path)).getroot() for path in sorted(site.rglob("*.html"))}


def loaded(page: Any) -> Iterator[str]:
    """The addresses that a page asks for when it is opened."""
    for tag, attribute in LOADS.items():
        for element in page.iter(tag):
            if element.get(attribute) and element.get("rel") not in ("next", "prev", "index", "search", "canonical"):
                yield element.get(attribute)


def test_every_link_and_anchor_leads_somewhere(site: Path, pages: dict[Path, Any]) -> None:
    anchors = {path: {*page.xpath("//@id"), *page.xpath("//a/@name")} for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        for link in page.xpath("//@href | //@src"):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            lost = not target.exists() or not target.is_relative_to(site.resolve())
            fragment = unquote(parts.fragment)
            if lost or (fragment and target in anchors and fragment not in anchors[target]):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert not broken, broken


def test_no_page_loads_from_elsewhere(site: Path, pages: dict[Path, Any]) -> None:
    assert pages
    for path, page in pages.items():
        assert not [link for link in loaded(page) if not link.startswith("data:") and urlsplit(link).netloc], path
        assert not [style for style in page.xpath("//style/text() | //@style") if AWAY.search(style)], path
    for sheet in site.rglob("*.css"):
        assert not AWAY.search(sheet.read_text("utf-8")), sheet


def test_every_page_is_reached_from_the_first(site: Path, pages: dict[Path, Any]) -> None:
    reached = set()
    waiting = [site / "index.html"]
    while waiting:
        path = waiting.pop()
        if path in reached or path not in pages:
            continue
        reached.add(path)
        links = pages[path].xpath("//a/@href")
        waiting += [(path.parent / unquote(urlsplit(link).path)).resolve() for link in links if urlsplit(link).path]
    assert {path.name for path in pages.keys() - reached} <= {"genindex.html", "py-modindex.html", "search.html"}


def test_the_notebooks_are_shown_with_what_they_gave(site: Path) -> None:
    assert NOTEBOOKS
    for notebook in NOTEBOOKS:
        page = html.parse(str(site / "docs" / "notebooks" / f"{notebook.stem}.html"))
        assert page.xpath("//div[contains(@class, 'cell_output')]"), notebook
        assert "Traceback" not in page.getroot().text_content()


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_without_output(notebook: Path) -> None:
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs"), notebook
        assert not cell.get("execution_count"), notebook


def test_the_api_is_made_from_docstrings(site: Path) -> None:
    text = html.parse(str(site / "docs" / "api.html")).getroot().text_content()
    import protoparse

    for name in protoparse.__all__:
        assert f"protoparse.{name}" in text, name
    assert (protoparse.parse.__doc__ or "").split("\n")[0].replace("`", "") in text
