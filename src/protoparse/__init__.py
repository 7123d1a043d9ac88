"""protoparse: the eligibility section of a clinical trial as criteria that a computer can apply.

In: a source file or its text. Out: a `Document`, which `dump` writes as criteria JSON and `render` as plain English.

>>> import protoparse
>>> protoparse.__version__.count(".")
2

Names are imported when they are first used: `import protoparse` alone loads neither spaCy nor Lark.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protoparse.check import check
    from protoparse.concepts.terms import TermSource
    from protoparse.diff import diff
    from protoparse.errors import ProtoparseError
    from protoparse.model import Document, dump, load, schema
    from protoparse.parsing import Parser, parse
    from protoparse.render import markdown, render
    from protoparse.sources import Listing, read

__version__ = "0.1.0"

__all__ = [
    "Document",
    "Listing",
    "Parser",
    "ProtoparseError",
    "TermSource",
    "check",
    "diff",
    "dump",
    "load",
    "markdown",
    "parse",
    "read",
    "render",
    "schema",
]

_HOMES = {
    "check": ("check",),
    "concepts.terms": ("TermSource",),
    "diff": ("diff",),
    "errors": ("ProtoparseError",),
    "model": ("Document", "dump", "load", "schema"),
    "parsing": ("Parser", "parse"),
    "render": ("markdown", "render"),
    "sources": ("Listing", "read"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """The package, in which `protoparse.render` is always the function, also once the module of that name is loaded.

    Python binds a submodule to its package as soon as it is imported; for a public name the function is meant.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if _HOME.get(name) == name and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
