"""Cohort expressions of OHDSI's Circe: what ATLAS opens, and what its builders turn into SQL over an OMOP CDM.

In: a `Document`. Out: a `Result` whose payload is the expression, plain JSON; and back by `from_circe`. `docs/omop.md`
says what becomes of each part of a criterion.

>>> from protoparse.parsing import parse
>>> result = make(parse("Inclusion Criteria:\\n* Women"), name="leaf.txt")
>>> [rule] = result.payload["InclusionRules"]
>>> rule["name"], rule["expression"]["DemographicCriteriaList"][0]["Gender"][0]["CONCEPT_ID"], result.losses
('inclusion.1: Women', 8532, ())
"""

from __future__ import annotations

from datetime import date
from typing import Any

from protoparse.errors import ExportError
from protoparse.export.circe.checking import problems
from protoparse.export.circe.expressing import expression
from protoparse.export.circe.reading import from_circe
from protoparse.export.circe.vocabulary import Vocabulary
from protoparse.export.exporting import Exporter, Result
from protoparse.model import Document

__all__ = ["CIRCE", "Vocabulary", "from_circe", "make", "problems"]


def make(
    document: Document,
    *,
    name: str,
    index_date: date | str | None = None,
    vocabulary: Any = None,
    recent: int | str = 180,
) -> Result:
    """The cohort expression of a document.

    `index_date`: the day on which people are asked for; without it they enter at the first visit on which all rules
    hold. `vocabulary`: OMOP's CONCEPT and what belongs to it, a folder, a DuckDB file, a URL, an open connection or a
    `Vocabulary`; without it concept sets have names and codes, and await mapping. `recent`: for how many days a
    measurement without a window counts. Raises `ExportError`.
    """
    try:
        day = date.fromisoformat(index_date) if isinstance(index_date, str) else index_date
        days = int(recent)
    except ValueError as error:
        raise ExportError(f"circe: {error}") from None
    if day is not None and not 1900 <= day.year <= 2100:
        raise ExportError(f"circe: index_date is {day}, not between 1900 and 2100")
    if not 0 <= days <= 36_500:
        raise ExportError(f"circe: recent is {days}, not between 0 and 36,500 days")
    known = None if vocabulary is None else Vocabulary.read(vocabulary)
    made, losses = expression(document, day=day, vocabulary=known, recent=days)
    return Result(made, tuple(losses))


CIRCE = Exporter("circe", "a cohort expression of OHDSI's Circe, for ATLAS and for SQL over OMOP", ".json", make)
