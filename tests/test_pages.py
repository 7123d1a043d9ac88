"""Pages: what is escaped, what is inside, and how a list is packed."""

import json
import re

import pytest
from jinja2 import UndefinedError

from protoparse.pages import Facet, Item, listing, page

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(2)"> & \u2028 \' `${x}` {{ x }} \U0001f9ec'


def test_a_title_is_text() -> None:
    made = page("base.html", title=HOSTILE)
    assert "<img" not in made
    assert "&lt;/script&gt;" in made


def test_nothing_is_asked_for_from_elsewhere() -> None:
    made = page("base.html", title="A page")
    assert not re.search(r"https?://|@import|url\(|<link (?!rel=\"icon\" href=\"data:,\")| src=", made)
    assert "default-src &#39;none&#39;" in made


def test_what_a_template_lacks_is_refused() -> None:
    with pytest.raises(UndefinedError):
        page("base.html")


def test_a_list_holds_each_string_once_and_options_in_order() -> None:
    made = listing(
        [("a", HOSTILE), ("b", "")],
        [
            Facet(key="outcome", label="Outcome", options=("missed", "wrong")),
            Facet(key="phenomena", label="Phenomenon"),
        ],
        [
            Item(
                document=0, facets={"outcome": "wrong", "phenomena": ("x", "w")}, says=(("gold", "1"), ("parse", "2"))
            ),
            Item(document=1, span=(0, 0), place="inclusion.1", facets={"outcome": "new"}, says=(("gold", "2"),)),
        ],
        tone="outcome",
    )
    assert made["strings"] == ["gold", "1", "parse", "2", "inclusion.1"]
    assert [facet["options"] for facet in made["facets"]] == [["missed", "wrong", "new"], ["w", "x"]]
    assert made["items"] == [[0, -1, -1, -1, [1, [1, 0]], [0, 1, 2, 3]], [1, 0, 0, 4, [2, []], [0, 3]]]
    assert json.loads(json.dumps(made)) == made
