"""Short ways to write rules in tests, and hypothesis strategies for any rule that the model allows.

>>> fact("ALT", "measurement", value=at_most(5, reference="ULN")).value.reference
'ULN'
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec import UNSET, Struct
from msgspec.structs import replace

from protoparse import lexicon, model
from protoparse.model import (
    Age,
    All,
    Anchor,
    Any_,
    AtLeast,
    AtLeastChildren,
    Bound,
    Code,
    Comparison,
    Concept,
    Criterion,
    Document,
    Except,
    Fact,
    If,
    Modifier,
    Not,
    Offset,
    Rule,
    Trial,
    Unit,
    Window,
)

# ------------------------------------------------------------------ builders

_SAME: Any = object()


def concept(text: str, *, name: str | None = _SAME, codes: tuple[Code, ...] = ()) -> Concept:
    """A concept, by default named by its text."""
    return Concept(text=text, name=lexicon.fold(text) if name is _SAME else name, codes=codes)


def fact(what: str | Concept, domain: str = "condition", **fields: Any) -> Fact:
    """A fact of a concept, or of a text that is one."""
    return Fact(domain=domain, concept=concept(what) if isinstance(what, str) else what, **fields)


def all_(*of: Rule) -> All:
    return All(of=of)


def any_(*of: Rule) -> Any_:
    return Any_(of=of)


def not_(of: Rule) -> Not:
    return Not(of=of)


def at_least(count: int, *of: Rule) -> AtLeast:
    return AtLeast(count=count, of=of)


def if_(condition: Rule, then: Rule) -> If:
    return If(condition=condition, then=then)


def except_(base: Rule, *exceptions: Rule) -> Except:
    return Except(base=base, exceptions=exceptions)


def unit(text: str | None, *, ucum: str | None = _SAME) -> Unit | None:
    """A unit as the lexicon knows it; None stays None."""
    if text is None and ucum is _SAME:
        return None
    return lexicon.unit(text) if ucum is _SAME else Unit(text=text, ucum=ucum)


def comparison(operator: str, value: Any, units: str | None = None, **fields: Any) -> Comparison:
    return Comparison(operator=operator, value=value, unit=unit(units), **fields)


def at_most(value: Any, units: str | None = None, **fields: Any) -> Comparison:
    return comparison("<=", value, units, **fields)


def more_than(value: Any, units: str | None = None, **fields: Any) -> Comparison:
    return comparison(">", value, units, **fields)


def between(low: Any, high: Any, units: str | None = None, **fields: Any) -> Comparison:
    """A range, by default with both ends inclusive."""
    return Comparison(
        operator="between",
        low=low,
        high=high,
        unit=unit(units),
        **({"low_inclusive": True, "high_inclusive": True} | fields),
    )


def one_of(*values: Any, **fields: Any) -> Comparison:
    return Comparison(operator="in", values=values, **fields)


def offset(value: Any, units: str | None = "weeks") -> Offset:
    return Offset(value=value, unit=unit(units))


def bound(event: str, shift: Offset | None = None, *, text: str | None = None, inclusive: bool = True) -> Bound:
    return Bound(anchor=Anchor(event=event, text=text), offset=shift, inclusive=inclusive)


def window(start: Bound | None = None, end: Bound | None = None, duration: Comparison | None = None) -> Window:
    return Window(start=start, end=end, duration=duration)


def at(event: str, *, text: str | None = None) -> Window:
    """A window that is one event."""
    return window(bound(event, text=text), bound(event, text=text))


def before(value: Any, units: str, event: str, *, text: str | None = None) -> Window:
    """The stretch of time just before an event."""
    return window(bound(event, offset(-value, units), text=text), bound(event, text=text))


def modifier(kind: str, text: str, *, value: Any = _SAME) -> Modifier:
    """A modifier, by default with its text as value."""
    return Modifier(type=kind, text=text, value=text if value is _SAME else value)


def criterion(rule: Rule | None = None, *children: Criterion, kind: str = "inclusion", **fields: Any) -> Criterion:
    return Criterion(kind=kind, rule=rule, children=children, **({"span": (0, 0)} | fields))


def document(*criteria: Criterion, text: str = "") -> Document:
    return Document(text=text, criteria=criteria)


# ------------------------------------------------------------------ strategies

# fmt: off
WORDS = [
    "stroke", "renal failure", "HbA1c", "CAFÉ", "ß", "İ", "e\u0301", "it's", "grade II–IV", "two\nlines", " pad ",
    "positive", "normal", "and", "or", "not", "except", "before", "for", "then", "count", "in", "at", "a", "study",
    "of the", "limit", "detection limit", "ULN", "× ULN", "mg/dL", "years of age", "× 10^9/L", "×10^9/L", "10*9/L",
    "cells/µL", "%", "weeks", "wk", "version", "version 2", "-", "- ", "5", "-3", "1e5", '"II"', "[x]", "«y»", "⟦z⟧",
    "]»⟧", "\\[b\\]", "{-}", "{w}", "`q`", '`"', "(exclusive)", "=", ";", ",", "|", "\\", "\n", "\x1c", "\u2028",
    "\u00a0",
]
# fmt: on

texts = st.one_of(
    st.sampled_from([*WORDS, ""]),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(" ".join),
    st.text(max_size=6),
)
numbers = st.one_of(
    st.integers(-30, 300),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1.5, 0.0, -0.0, 4.0, 1e22, 1e-7, 10**25]),
)


def _or_unset(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(UNSET), strategy)


def _or_none(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


def _tuples(strategy: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


units = st.one_of(texts.map(lexicon.unit), st.builds(Unit, text=_or_none(texts), ucum=_or_none(texts)))


def _comparison(operator: str) -> st.SearchStrategy[Comparison]:
    value = st.one_of(numbers, texts)
    wanted: dict[str, Any] = (
        {"low": value, "high": value}
        if operator == "between"
        else {"values": _tuples(value)}
        if operator == "in"
        else {"value": value}
    )
    flag = _or_unset(st.booleans())
    return st.builds(
        Comparison,
        operator=st.just(operator),
        low_inclusive=flag,
        high_inclusive=flag,
        unit=_or_none(units),
        reference=_or_none(st.sampled_from(model.Reference.__args__)),
        **wanted,
    )


comparisons = st.sampled_from(model.Operator.__args__).flatmap(_comparison)
_offset_units = st.one_of(st.just(UNSET), st.none(), units)
offsets = st.recursive(
    st.builds(Offset, value=numbers, unit=_offset_units),
    lambda inner: st.one_of(
        st.builds(Offset, longest_of=_tuples(inner), unit=_offset_units),
        st.builds(Offset, shortest_of=_tuples(inner), unit=_offset_units),
    ),
    max_leaves=4,
)
anchors = st.builds(Anchor, event=st.sampled_from(model.Event.__args__), text=_or_none(texts))
bounds = st.builds(Bound, anchor=anchors, offset=_or_none(offsets), inclusive=st.booleans())


@st.composite
def _windows(draw: st.DrawFn) -> Window:
    """Windows, often of the kinds that have a short form, or nearly so."""
    start, end = draw(_or_none(bounds)), draw(_or_none(bounds))
    duration = draw(_or_none(comparisons))
    if draw(st.booleans()) and start and end:
        end = Bound(
            anchor=start.anchor, offset=draw(st.sampled_from([None, start.offset])), inclusive=draw(st.booleans())
        )
        if draw(st.booleans()):
            start, end = end, start
    elif draw(st.booleans()):
        text = draw(_or_none(texts))
        start, end = bound("study_start", text=text), bound("study_end", text=text)
    return window(start, end, duration)


windows = st.recursive(_windows(), lambda inner: _tuples(inner, 2).map(lambda some: Window(any_of=some)), max_leaves=4)
codes = st.builds(Code, system=texts, code=texts, version=_or_unset(texts))
concepts = st.one_of(
    texts.map(concept), st.builds(Concept, text=texts, name=_or_none(texts), codes=_tuples(codes, most=2))
)
modifiers = st.one_of(
    st.builds(modifier, st.sampled_from(model.ModifierType.__args__), texts),
    st.builds(
        Modifier,
        type=st.sampled_from(model.ModifierType.__args__),
        text=texts,
        value=_or_none(st.one_of(texts, _tuples(texts))),
    ),
)


def facts(inner: st.SearchStrategy[Rule] | None = None) -> st.SearchStrategy[Fact]:
    """Facts; with rules as their examples where those are given."""
    return st.builds(
        Fact,
        domain=st.sampled_from(model.Domain.__args__),
        concept=concepts,
        value=_or_none(comparisons),
        count=_or_none(comparisons),
        dose=_or_none(comparisons),
        time=_or_none(windows),
        modifiers=_tuples(modifiers, most=2),
        includes=st.just(()) if inner is None else _tuples(inner, 1),
        experiencer=st.sampled_from(model.Experiencer.__args__),
    )


def _without(kind: type) -> Any:
    return lambda rule: not isinstance(rule, kind)


_simple = st.builds(fact, texts, st.sampled_from(model.Domain.__args__))


def _above(inner: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    """Rules made of rules."""
    strategy = st.one_of(
        _tuples(inner.filter(_without(All)), 2).map(lambda of: All(of=of)),
        _tuples(inner.filter(_without(Any_)), 2).map(lambda of: Any_(of=of)),
        st.builds(Not, of=inner),
        st.builds(AtLeast, count=st.integers(-1, 12), of=_tuples(inner, 2)),
        st.builds(If, condition=inner, then=inner),
        st.builds(Except, base=inner, exceptions=_tuples(inner, 1)),
        facts(inner),
    )

    # a composite prints as its name alone; the strategy itself would print itself into every level
    @st.composite
    def rule_of_rules(draw: st.DrawFn) -> Rule:
        return draw(strategy)

    return rule_of_rules()


@st.composite
def _leaves(draw: st.DrawFn) -> Fact:
    return draw(st.one_of(_simple, _FACTS))


_FACTS = facts()
rules: st.SearchStrategy[Rule] = st.recursive(_leaves(), _above, max_leaves=6)


# ------------------------------------------------------------------ documents

HOSTILE = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1+1", "'=1", "O'Neill", '"', "\\", "\\'", "*/",
    "/*", "//", "'); drop table facts; --", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "]]>", "&amp;",
    "\0", "\x07", "\x1b[31m", "\x85", "\u2028", "\u202eevil\u202c", "\u200f", "\ufeff", "\ufffe", "\ud800", "😀",
    "e\u0301", "_x0041_", "#N/A", "http://x", "{{ 7*7 }}", "%s", "$1", ":name", "T1\tDrug 0 1\tx", "\n# document = x",
    "\r\n",
]  # fmt: skip
"""Texts that some tool takes for something else than a text."""


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any document that the model allows, with places right and wrong in a text of hostile words."""
    strange = st.one_of(st.sampled_from(HOSTILE), st.sampled_from(WORDS))
    text = draw(st.lists(strange, max_size=12).map(" ".join))
    places = st.tuples(st.integers(-1, len(text) + 2), st.integers(-1, len(text) + 2))
    spans = st.one_of(st.none(), places)

    def spread(record: Any) -> Any:
        """The record with places drawn for whatever has one, and with hostile words here and there."""
        if isinstance(record, tuple):
            return tuple(spread(one) for one in record)
        if not isinstance(record, Struct):
            return record
        changes = {name: spread(getattr(record, name)) for name in record.__struct_fields__}
        if "span" in changes:
            changes["span"] = draw(spans)
        if isinstance(record, Concept) and draw(st.booleans()):
            changes["text"] = draw(strange)
        return type(record)(**changes)

    def criteria(depth: int) -> st.SearchStrategy[tuple[Criterion, ...]]:
        made = st.builds(
            Criterion,
            id=st.one_of(st.sampled_from(["inclusion.1", "exclusion.1", ""]), strange),
            kind=st.sampled_from(model.Kind.__args__),
            group=_or_none(strange),
            label=_or_none(strange),
            span=places,
            combine=_or_none(
                st.one_of(
                    st.sampled_from(["all", "any", "except", "then"]),
                    st.builds(AtLeastChildren, at_least=st.integers(-1, 4)),
                )
            ),
            rule=_or_none(rules),
            children=st.just(()) if depth == 0 else criteria(depth - 1),
            unparsed=_tuples(places, most=2),
        )
        return _tuples(made, most=2)

    ages = st.builds(Age, value=numbers, unit=units)
    trial = Trial(
        id=draw(_or_none(strange)),
        title=draw(_or_none(strange)),
        conditions=draw(_tuples(strange, most=2)),
        minimum_age=draw(_or_none(ages)),
        maximum_age=draw(_or_none(ages)),
        sex=draw(_or_none(st.sampled_from(model.Sex.__args__))),
        healthy_volunteers=draw(_or_none(st.booleans())),
    )
    notes = draw(_tuples(st.builds(model.Note, code=strange, message=strange, span=spans), most=1))
    found = tuple(
        replace(c, rule=spread(c.rule), children=tuple(replace(x, rule=spread(x.rule)) for x in c.children))
        for c in draw(criteria(1))
    )
    return Document(text=text, criteria=found, trial=trial, notes=notes)
