"""What of a document stands where in its text: the marks that annotations, tags and highlights are made of.

In: a `Document`. Out: its facts one by one, each with the marks of its concept, value, count, dose, windows and
modifiers; the tokens of the text; and what of its outline and logic no mark can hold.

>>> from protoparse import parse
>>> document = parse("Exclusion Criteria:\\n1. No stroke within 6 months")
>>> [one] = marked(document)
>>> one.placed.negated, [(mark.kind, document.text[slice(*mark.span)], mark.says) for mark in one.marks][1]
(True, ('window', 'within 6 months', 'in the 6 months before unspecified'))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from protoparse.export.exporting import Loss
from protoparse.export.tables import Placed, placed
from protoparse.model import AtLeastChildren, Comparison, Concept, Criterion, Document, Fact, Rule, Span, Window, walk
from protoparse.render import phrase, render

if TYPE_CHECKING:
    from spacy.language import Language

Kind: TypeAlias = Literal["concept", "value", "count", "dose", "window", "modifier"]
NOWHERE = "it has no place in the text"


class Mark(NamedTuple):
    """A part of a fact in the text: what it is, what kind of it, where, and what it says."""

    kind: Kind
    label: str
    """A concept's domain, a modifier's type, else the kind."""
    span: Span
    says: str
    """Its canonical English; a concept's name and codes."""


class Marked(NamedTuple):
    """A fact with its criterion, its place there, its marks, and what is said of it by no words of its own."""

    criterion: Criterion
    placed: Placed
    marks: tuple[Mark, ...]
    unmarked: tuple[str, ...]

    @property
    def concept(self) -> Mark | None:
        """The mark of its concept."""
        return next((mark for mark in self.marks if mark.kind == "concept"), None)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The whole fact, where nothing names it in the text."""
        lost = Loss(self.criterion.id, self.placed.path, said(self.placed.fact), NOWHERE)
        return () if self.concept else (lost,)


def marked(document: Document) -> Iterator[Marked]:
    """Every fact with its marks, in the order of the criteria."""
    for criterion in walk(document.criteria):
        for one in placed(criterion.rule) if criterion.rule is not None else ():
            marks, unmarked = [], []
            for kind, label, span, says in _parts(one.fact):
                if _is_place(span, document.text):
                    marks.append(Mark(kind, label, span, says))  # type: ignore[arg-type]
                elif kind != "concept":
                    unmarked.append(says)
            yield Marked(criterion, one, tuple(marks), tuple(unmarked))


def unread(document: Document) -> Iterator[Span]:
    """Where text was not understood."""
    for criterion in walk(document.criteria):
        yield from (span for span in criterion.unparsed if _is_place(span, document.text))


def placed_criteria(document: Document) -> Iterator[Criterion]:
    """The criteria that have a place in the text."""
    return (criterion for criterion in walk(document.criteria) if _is_place(criterion.span, document.text))


def outline_losses(document: Document, why: str) -> Iterator[Loss]:
    """What annotations without an outline lack: how children count, and the groups that criteria are for."""
    for criterion in walk(document.criteria):
        if criterion.group is not None:
            yield Loss(criterion.id, "$", f"only for {criterion.group}", why)
        if criterion.children:
            how = criterion.combine
            said = f"at least {how.at_least}" if isinstance(how, AtLeastChildren) else how or "as its kind says"
            yield Loss(criterion.id, "$", f"how its children count: {said}", why)
    trial = document.trial
    fields = (
        trial.minimum_age and "minimum age", trial.maximum_age and "maximum age",
        trial.sex not in (None, "all") and "sex", trial.healthy_volunteers is not None and "healthy volunteers",
    )  # fmt: skip
    if said := ", ".join(field for field in fields if isinstance(field, str)):
        yield Loss(None, "$.trial", said, "what the registry's own fields say is not in the text")


def named(concept: Concept) -> str:
    """A concept's name and codes: "stroke; MeSH D020521"."""
    codes = (f"{code.system} {code.code}" for code in concept.codes)
    return "; ".join([concept.name or concept.text, *codes])


def tokens(text: str, spans: Iterable[Span]) -> list[Span]:
    """The tokens of spaCy's blank English, cut where one of the spans begins or ends; white space is a token too."""
    cuts = {0, len(text)} | {end for span in spans for end in span}
    for token in _blank().make_doc(text):
        cuts |= {token.idx, token.idx + len(token)}
    ends = sorted(cuts)
    return list(pairwise(ends))


@cache
def _blank() -> Language:
    import spacy

    nlp = spacy.blank("en")
    nlp.max_length = 2**31
    return nlp


def _is_place(span: Span | None, text: str) -> bool:
    return span is not None and 0 <= span[0] < span[1] <= len(text)


def _parts(fact: Fact) -> Iterator[tuple[Kind, str, Span | None, str]]:
    """Kind, label, span and canonical English of each part of a fact."""
    yield "concept", fact.domain, fact.concept.span, named(fact.concept)
    comparisons: tuple[tuple[Kind, Comparison | None], ...] = (
        ("value", fact.value), ("count", fact.count), ("dose", fact.dose)
    )  # fmt: skip
    for kind, comparison in comparisons:
        if comparison is not None:
            yield kind, kind, comparison.span, phrase(comparison)
    for window in _windows(fact.time):
        yield "window", "window", window.span or (fact.time.span if fact.time else None), phrase(window)
    for modifier in fact.modifiers:
        yield "modifier", modifier.type, modifier.span, phrase(modifier)


def _windows(window: Window | None) -> tuple[Window, ...]:
    if window is None:
        return ()
    return window.any_of if isinstance(window.any_of, tuple) else (window,)


def said(rule: Rule) -> str:
    """A rule in canonical English, in one line."""
    return " ".join(render(rule).split())
