"""How right a parser is: gold criteria written by hand, and the comparison of a parse with them.

In: hand-written YAML and the text that it quotes; or two documents over one text. Out: a gold `Document`; a `Report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protoparse.evaluate.gold import GoldError, build
    from protoparse.evaluate.score import Rate, Report, compare

__all__ = ["GoldError", "Rate", "Report", "build", "compare"]


def __getattr__(name: str) -> Any:
    # loaded when asked for: the builder of gold alone needs no comparison
    from importlib import import_module

    if name in __all__:
        home = "gold" if name in ("GoldError", "build") else "score"
        return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
