"""Documents as three flat tables: one row a document, one a criterion, one a fact.

In: a `Document` and the name it goes by. Out: rows as tuples in the order of `TABLES`, whose columns say what stands in
them; `docs/tables.md` lists them.

>>> from protoparse import parse
>>> document = parse("Exclusion Criteria:\\n1. Platelets < 50 x 10^9/L")
>>> [row] = rows("leaf.txt", document)["facts"]
>>> said = dict(zip([c.name for c in TABLES["facts"]], row))
>>> said["criterion"], said["name"], said["operator"], said["value"], said["ucum"]
('exclusion.1', 'platelets', '<', 50.0, '10*9/L')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from protoparse.model import (
    Age,
    AtLeastChildren,
    Bound,
    Comparison,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Not,
    Offset,
    Rule,
    Unit,
)
from protoparse.model import facts as facts_of
from protoparse.render import render

Type: TypeAlias = Literal["text", "integer", "number", "boolean", "json"]
Row: TypeAlias = tuple[Any, ...]


class Column(NamedTuple):
    """A column: its name, what kind of value stands in it, null aside, and what it says."""

    name: str
    type: Type
    says: str


_WHOSE = (
    Column("document", "text", "What the document goes by: its file, with # and the trial's number where it has more."),
    Column("trial", "text", "The trial's registry number."),
)
_ERROR = Column("error", "text", "Why there is no document; null where there is one.")


def _compared(prefix: str, what: str, *, reference: bool = False) -> tuple[Column, ...]:
    name = f"{prefix}_" if prefix else ""
    columns = (
        Column(f"{name}operator", "text", f"{what}: <, <=, >, >=, =, !=, between or in."),
        Column(f"{name}value", "number", f"{what}: the number, for one limit."),
        Column(f"{name}low", "number", f"{what}: the lower number of between."),
        Column(f"{name}high", "number", f"{what}: the higher number of between."),
        Column(f"{name}low_inclusive", "boolean", f"{what}: whether the lower number is within."),
        Column(f"{name}high_inclusive", "boolean", f"{what}: whether the higher number is within."),
        Column(f"{name}words", "json", f"{what}: words or several values, a list: positive, II, [1, 2]."),
        Column(f"{name}unit", "text", f"{what}: the unit as printed."),
        Column(f"{name}ucum", "text", f"{what}: the unit's UCUM code."),
    )
    return (
        (*columns, Column("reference", "text", "What the number is a multiple of: ULN, LLN …"))
        if reference
        else columns
    )


def _bounded(end: str) -> tuple[Column, ...]:
    return (
        Column(f"{end}_event", "text", f"The event that the window's {end} is counted from."),
        Column(f"{end}_anchor", "text", "The words that name the event."),
        Column(f"{end}_offset", "number", "The distance from the event, negative before it; 0 at it."),
        Column(f"{end}_ucum", "text", "The distance's unit, as UCUM or else as printed."),
        Column(f"{end}_inclusive", "boolean", f"Whether the {end} itself is within."),
    )


TABLES: Mapping[str, tuple[Column, ...]] = {
    "documents": (
        *_WHOSE,
        _ERROR,
        Column("registry", "text", "The registry."),
        Column("title", "text", "The trial's title."),
        Column("conditions", "json", "The registry's conditions, a list."),
        Column("minimum_age", "number", "The registry's lower age limit."),
        Column("minimum_age_ucum", "text", "Its unit."),
        Column("maximum_age", "number", "The registry's upper age limit."),
        Column("maximum_age_ucum", "text", "Its unit."),
        Column("sex", "text", "The registry's sex: all, female or male."),
        Column("healthy_volunteers", "boolean", "Whether the registry says that healthy people may take part."),
        Column("characters", "integer", "Length of the eligibility text in characters."),
        Column("criteria", "integer", "How many criteria, children too."),
        Column("facts", "integer", "How many facts."),
        Column("unread", "integer", "How many characters of criteria were not understood."),
        Column("notes", "json", "The parser's warnings, a list of {code, message, span}."),
        Column("parser", "text", "Version and grammar of the parser."),
    ),
    "criteria": (
        *_WHOSE,
        Column("criterion", "text", "The criterion's id: kind and place in the outline."),
        Column("parent", "text", "The id of the criterion that it is a child of."),
        Column("kind", "text", "inclusion, exclusion or unspecified."),
        Column("group", "text", "The cohort, part or arm that alone it is for."),
        Column("label", "text", "The bullet or number as printed."),
        Column("combine", "text", "How its children count: all, any, except, then, or at least n."),
        Column("start_char", "integer", "Where it begins in the eligibility text, in characters."),
        Column("end_char", "integer", "Where it ends."),
        Column("text", "text", "The criterion as printed, children too."),
        Column("english", "text", "What its own words say, in canonical English."),
        Column("rule", "json", "What its own words say: the rule of the criteria JSON."),
        Column("facts", "integer", "How many facts its rule has."),
        Column("unparsed", "json", "The pieces of it that were not understood, a list of {text, span}."),
        Column("confidence", "number", "How sure the parser is of the rule as a whole, 0 to 1."),
    ),
    "facts": (
        *_WHOSE,
        Column("criterion", "text", "The id of the criterion that says it."),
        Column("kind", "text", "inclusion, exclusion or unspecified."),
        Column("fact", "integer", "Its number in the document, from 1."),
        Column("path", "text", "Where it stands in the criterion's rule, as a JSONPath."),
        Column("negated", "boolean", "Whether the rule says that it does not hold; an exclusion alone is no negation."),
        Column("role", "text", "statement, condition (of a requirement on some), exception, or example."),
        Column("domain", "text", "person, condition, drug, procedure, measurement …"),
        Column("text", "text", "The words that name the thing."),
        Column("name", "text", "Its normalised name."),
        Column("system", "text", "The vocabulary of its first code."),
        Column("code", "text", "Its first code."),
        Column("codes", "json", "All its codes, a list of {system, code}."),
        *_compared("", "The value", reference=True),
        *_compared("count", "How often"),
        *_compared("dose", "The dose"),
        *_bounded("start"),
        *_bounded("end"),
        *_compared("duration", "How long"),
        Column("time", "json", "The whole window, also where it is one of several or the longest of offsets."),
        Column("modifiers", "json", "What narrows it, a list of {type, text, value}."),
        Column("experiencer", "text", "Whose it is: patient, family, partner, donor, caregiver, other."),
        Column("start_char", "integer", "Where it begins in the eligibility text, in characters."),
        Column("end_char", "integer", "Where it ends."),
        Column("confidence", "number", "How sure the parser is of it, 0 to 1."),
    ),
}  # fmt: skip
"""The tables and their columns, in order."""

_LARGEST = 2**1023
"""No column of floating-point numbers holds an integer much larger."""

PARSED: tuple[Column, ...] = (
    *_WHOSE,
    _ERROR,
    Column("json", "json", "The criteria JSON, of which the other tables are made."),
)
"""What has been parsed, before it is laid out in tables."""


def rows(name: str, document: Document) -> dict[str, list[Row]]:
    """The rows of a document in each of `TABLES`."""
    criteria = list(_with_parents(document.criteria, None))
    found = [fact for criterion, _ in criteria for fact in _facts(criterion)]
    unread = sum(end - start for criterion, _ in criteria for start, end in criterion.unparsed)
    whose = (name, document.trial.id)
    return {
        "documents": [whose + _document(document, len(criteria), len(found), unread)],
        "criteria": [whose + _criterion(document.text, *one) for one in criteria],
        "facts": [(*whose, *row[:2], n, *row[2:]) for n, row in enumerate(found, start=1)],
    }


def failed(name: str, trial: str | None, error: str) -> Row:
    """The row of `documents` for a record without a document."""
    return (name, trial, error) + (None,) * (len(TABLES["documents"]) - 3)


def _document(document: Document, criteria: int, facts: int, unread: int) -> Row:
    trial, parser = document.trial, document.parser
    return (
        None, trial.registry, trial.title, _json(trial.conditions), *_age(trial.minimum_age), *_age(trial.maximum_age),
        trial.sex, trial.healthy_volunteers, len(document.text), criteria, facts, unread, _json(document.notes),
        parser and f"{parser.name} {parser.version} {parser.grammar}",
    )  # fmt: skip


def _age(age: Age | None) -> Row:
    return (None, None) if age is None else (float(age.value), age.unit.ucum)


# ------------------------------------------------------------------ criteria


def _with_parents(criteria: Sequence[Criterion], parent: str | None) -> Iterator[tuple[Criterion, str | None]]:
    for criterion in criteria:
        yield criterion, parent
        yield from _with_parents(criterion.children, criterion.id)


def _criterion(text: str, criterion: Criterion, parent: str | None) -> Row:
    rule, combine = criterion.rule, criterion.combine
    return (
        criterion.id, parent, criterion.kind, criterion.group, criterion.label,
        f"at least {combine.at_least}" if isinstance(combine, AtLeastChildren) else combine,
        *criterion.span, text[slice(*criterion.span)],
        None if rule is None else render(rule), None if rule is None else _json(rule), sum(1 for _ in facts_of(rule)),
        _json([{"text": text[slice(*span)], "span": span} for span in criterion.unparsed]), _set(criterion.confidence),
    )  # fmt: skip


# ------------------------------------------------------------------ facts


def _facts(criterion: Criterion) -> Iterator[Row]:
    if criterion.rule is not None:
        for fact, path, negated, role in placed(criterion.rule):
            yield (criterion.id, criterion.kind, path, negated, role, *_fact(fact))


class Placed(NamedTuple):
    """A fact of a rule: where it stands as a JSONPath, whether it is negated, and what part it plays."""

    fact: Fact
    path: str
    negated: bool
    role: Literal["statement", "condition", "exception", "example"]


def placed(rule: Rule) -> Iterator[Placed]:
    """Every fact of a rule with its place in it, in the order of its text."""
    return _placed(rule, "$", False, "statement")


def _placed(
    rule: Rule, path: str, negated: bool, role: Literal["statement", "condition", "exception", "example"]
) -> Iterator[Placed]:
    match rule:
        case Fact():
            yield Placed(rule, path, negated, role)
            for n, example in enumerate(rule.includes):
                yield from _placed(example, f"{path}.includes[{n}]", negated, "example")
        case Not():
            yield from _placed(rule.of, f"{path}.of", not negated, role)
        case If():
            yield from _placed(rule.condition, f"{path}.condition", negated, "condition")
            yield from _placed(rule.then, f"{path}.then", negated, role)
        case Except():
            yield from _placed(rule.base, f"{path}.base", negated, role)
            for n, exception in enumerate(rule.exceptions):
                yield from _placed(exception, f"{path}.exceptions[{n}]", negated, "exception")
        case _:
            for n, member in enumerate(rule.of):
                yield from _placed(member, f"{path}.of[{n}]", negated, role)


def _fact(fact: Fact) -> Row:
    concept, time = fact.concept, fact.time
    first = concept.codes[0] if concept.codes else None
    return (
        fact.domain, concept.text, concept.name, first and first.system, first and first.code, _json(concept.codes),
        *_comparison(fact.value), fact.value and fact.value.reference, *_comparison(fact.count),
        *_comparison(fact.dose), *_bound(time.start if time else None), *_bound(time.end if time else None),
        *_comparison(_set(time.duration) if time else None), _json(time), _json(fact.modifiers), fact.experiencer,
        *(fact.span or (None, None)), _set(fact.confidence),
    )  # fmt: skip


def _comparison(said: Comparison | None) -> Row:
    if said is None:
        return (None,) * 9
    numbers = [_number(getattr(said, name)) for name in ("value", "low", "high")]
    several = said.values if isinstance(said.values, tuple) else ()
    words = several or tuple([str(x) for x in (said.value, said.low, said.high) if _is_words(x)])
    inclusive = _set(said.low_inclusive), _set(said.high_inclusive)
    return (said.operator, *numbers, *inclusive, _json(words), *_unit(said.unit))


def _unit(unit: Unit | None) -> Row:
    return (None, None) if unit is None else (unit.text, unit.ucum)


def _bound(bound: Bound | None | UnsetType) -> Row:
    """One end of a window; the offset is null where it is the longest or shortest of several."""
    if not isinstance(bound, Bound):
        return (None,) * 5
    offset = bound.offset
    distance: Row = (0.0, None) if offset is None else _distance(offset)
    return (bound.anchor.event, bound.anchor.text, *distance, bound.inclusive)


def _distance(offset: Offset) -> Row:
    text, ucum = _unit(_set(offset.unit))
    return _number(offset.value), ucum or text


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not _is_words(value) else None


def _is_words(value: object) -> bool:
    """Whether a value is no number, or one that no column of numbers holds."""
    return isinstance(value, str) or (isinstance(value, int) and abs(value) >= _LARGEST)


def _set(value: Any) -> Any:
    return None if value is UNSET else value


def _json(value: Any) -> str | None:
    """A part of the criteria JSON as text, spans and all; null where there is nothing."""
    return msgspec.json.encode(value).decode() if value else None
