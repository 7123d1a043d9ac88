"""The public names: short, sorted, typed, and imported only when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import protoparse
from protoparse.model import Document

HEAVY = {"spacy", "lark", "bs4", "lxml", "rich", "numpy"}


def loaded(code: str) -> set[str]:
    """The heavy packages that a fresh interpreter has imported behind some code."""
    program = f"import sys\n{code}\nprint(*(m for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return HEAVY & set(done.stdout.split())


def test_the_names_are_sorted_and_there() -> None:
    assert protoparse.__all__ == sorted(protoparse.__all__)
    for name in protoparse.__all__:
        assert callable(getattr(protoparse, name)), name
        assert getattr(protoparse, name).__doc__
    assert set(protoparse.__all__) <= set(dir(protoparse))


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'prase'"):
        protoparse.prase  # noqa: B018


def test_importing_loads_nothing_heavy() -> None:
    assert loaded("import protoparse") == set()
    assert loaded("from protoparse import load, dump") == set()


@pytest.mark.parametrize(
    "code",
    [
        "import protoparse",
        "import protoparse.render, protoparse.check",
        "from protoparse.render import segments\nimport protoparse",
        "import protoparse\nprotoparse.parse\nimport protoparse.render",
    ],
)
def test_a_public_function_is_not_hidden_by_the_module_of_its_name(code: str) -> None:
    program = f"{code}\nassert callable(protoparse.render), protoparse.render\nassert callable(protoparse.check)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_from_text_to_json_and_back() -> None:
    document = protoparse.parse("Inclusion Criteria:\n\n* Age 18 years or older\n")
    assert isinstance(document, Document)
    assert protoparse.load(protoparse.dump(document)) == document
    assert protoparse.parse(document.text) == document
    assert protoparse.Parser().parse(document.text) == document
