"""How right a parser is: gold criteria written by hand, and the comparison of a prediction with them.

In: hand-written YAML and the text that it quotes; or two documents over one text. Out: a gold `Document`; a `Case`,
which holds a `Judgement` on each thing compared. Cases make an `Evaluation`, which adds judgements up to a `Rate` for
each of the `MEASURES`; docs/evaluation.md defines them.

>>> from protoparse.evaluate import MEASURES, Evaluation, compare
>>> from protoparse.model import Document
>>> evaluation = Evaluation(cases=(compare(Document(text=""), Document(text=""), name="a"),), measures=MEASURES)
>>> evaluation.figures()["rule exact"].f1
1.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from protoparse.evaluate.annotators import Agreement, agreement
    from protoparse.evaluate.gold.building import GoldError, build
    from protoparse.evaluate.gold.doubting import doubts
    from protoparse.evaluate.gold.drafting import draft
    from protoparse.evaluate.judgements import Case, Evaluation, Facet, Judgement, Outcome, Rate, errors
    from protoparse.evaluate.measures import GROUPS, MEASURES, PARTS, compare
    from protoparse.evaluate.phenomena import WAYS

__all__ = [
    "GROUPS",
    "MEASURES",
    "PARTS",
    "WAYS",
    "Agreement",
    "Case",
    "Evaluation",
    "Facet",
    "GoldError",
    "Judgement",
    "Outcome",
    "Rate",
    "agreement",
    "build",
    "compare",
    "doubts",
    "draft",
    "errors",
]

_HOMES = {
    "annotators": ("Agreement", "agreement"),
    "gold.building": ("GoldError", "build"),
    "gold.doubting": ("doubts",),
    "gold.drafting": ("draft",),
    "measures": ("GROUPS", "MEASURES", "PARTS", "compare"),
    "phenomena": ("WAYS",),
}


def __getattr__(name: str) -> Any:
    # loaded when asked for: the builder of gold alone needs no comparison
    from importlib import import_module

    if name in __all__:
        home = next((home for home, names in _HOMES.items() if name in names), "judgements")
        return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
