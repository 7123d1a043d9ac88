"""Pages: what is to be looked at, as one HTML file that needs nothing else.

In: the name of a template of `templates/` and what it shows. Out: the page, with its style and its scripts inside; a
content security policy keeps it from asking for anything and from running what a text may have smuggled in.

>>> print(page("base.html", title="<b>5 > 3</b>").splitlines()[9])
<title>&lt;b&gt;5 &gt; 3&lt;/b&gt;</title>

Needs Jinja2, which the extra `evaluate` brings.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from protoparse.pages.listing import Facet, Item, listing

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Facet", "Item", "listing", "page"]

SCRIPTS = ("listing.js",)
"""The scripts that may run on a page, by their content."""


def page(template: str, **context: object) -> str:
    """The page that a template makes of `context`; whatever is not marked as safe is escaped.

    Every template takes a `title`. Raises ImportError where Jinja2 is missing and jinja2.TemplateError where the
    template asks for what the context does not have.
    """
    return _environment().get_template(template).render(**context)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    loader = PackageLoader("protoparse.pages")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def source(name: str) -> Markup:
        # as it stands: the braces of a style or script are not a template's
        return Markup(loader.get_source(made, name)[0])

    digests = [base64.b64encode(hashlib.sha256(source(name).encode()).digest()).decode() for name in SCRIPTS]
    made.globals["source"] = source
    made.globals["policy"] = "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(f"'sha256-{digest}'" for digest in digests),
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    made.filters["embedded"] = lambda value: Markup(_embedded(value))
    return made


def _embedded(value: object) -> str:
    """JSON that may stand in a script element: nothing in it ends the element."""
    text = msgspec.json.encode(value).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
