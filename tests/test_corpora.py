"""docs/corpora.md is run: its files are written to a folder, and its Python gives what stands below it there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from protoparse.evaluate.spans import facts, labels, tasks

PAGE = (Path(__file__).parents[1] / "docs" / "corpora.md").read_text("utf-8")
FILES = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.M | re.S)


def test_the_page_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, body in FILES.findall(PAGE):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(body, "utf-8")
    monkeypatch.chdir(tmp_path)
    examples = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S))
    test = doctest.DocTestParser().get_doctest(examples, {}, "corpora.md", None, 0)
    told: list[str] = []
    results = doctest.DocTestRunner().run(test, out=told.append)
    assert results.attempted
    assert not results.failed, "".join(told)


@pytest.mark.parametrize("column", facts.COLUMNS)
def test_every_column_is_told(column: str) -> None:
    assert f"`{column}`" in PAGE


@pytest.mark.parametrize("task", tasks.TASKS)
def test_every_task_is_told(task: str) -> None:
    assert f"`{task}`" in PAGE


@pytest.mark.parametrize("meaning", sorted({meaning for meanings in labels.MEANINGS.values() for meaning in meanings}))
def test_every_meaning_is_told(meaning: str) -> None:
    assert f"`{meaning}`" in PAGE


@pytest.mark.parametrize("name", labels.SHIPPED)
def test_shipped_maps_are_told_and_credited(name: str) -> None:
    assert re.search(rf"\| `{name}` \|.*\| CC BY 4\.0 \|", PAGE)
    assert labels.label_map(name).domains
