"""The criteria JSON, format `protoparse.criteria/1` or, with confidences, `/1.1`, as immutable typed records.

In: JSON bytes or text. Out: a `Document`, and back. One fact, "age ≥ 18 years":

>>> fact = Fact(domain="person", concept=Concept(text="age", name="age"),
...             value=Comparison(operator=">=", value=18, unit=Unit(text="years", ucum="a")))
>>> fact.value.value
18

Every `span` is a half-open pair of code-point offsets into `Document.text`. A record is compared field by field;
`without_spans` takes the places away where only the meaning is to be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter, is_not
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from protoparse.errors import DocumentError, NestingError

FORMAT: Final = "protoparse.criteria/1"
SCORED: Final = "protoparse.criteria/1.1"
"""The format of a document whose facts or criteria have a `confidence`."""
MAX_DEPTH = 60
"""The deepest nesting of criteria and of rules that is read, built or written."""

_Place: TypeAlias = Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)]
"""An integer that every reader of JSON holds exactly (RFC 8259, section 6); whether a text has it is for `check`."""
Span: TypeAlias = tuple[_Place, _Place]
Kind: TypeAlias = Literal["inclusion", "exclusion", "unspecified"]
Domain: TypeAlias = Literal[
    "person", "condition", "drug", "procedure", "measurement", "observation",
    "allergy", "device", "visit", "study", "consent", "other",
]  # fmt: skip
Operator: TypeAlias = Literal["<", "<=", ">", ">=", "=", "!=", "between", "in"]
Reference: TypeAlias = Literal["ULN", "LLN", "normal", "baseline", "predicted", "detection_limit"]
Event: TypeAlias = Literal[
    "informed_consent", "screening", "enrollment", "randomization", "baseline", "study_start", "study_end",
    "first_dose", "last_dose", "treatment", "apheresis", "transplant", "surgery", "diagnosis", "birth", "discharge",
    "event", "unspecified",
]  # fmt: skip
INDEX_EVENTS: Final[frozenset[Event]] = frozenset(
    {
        "informed_consent", "screening", "enrollment", "randomization", "baseline", "study_start", "first_dose",
        "treatment", "apheresis", "unspecified",
    }
)  # fmt: skip
"""Events of a trial that are on the day of screening unless somebody says when they are."""
ModifierType: TypeAlias = Literal[
    "severity", "acuity", "status", "stage", "certainty", "method", "location", "cause", "purpose", "route", "risk",
    "other",
]  # fmt: skip
Experiencer: TypeAlias = Literal["patient", "family", "partner", "donor", "caregiver", "other"]
Sex: TypeAlias = Literal["all", "female", "male"]
Number: TypeAlias = int | float
Confidence: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
"""How likely it is that a parser's own statement is right, rounded to three decimals."""


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The base of every record: immutable, built by keyword, strict about its fields."""


class Unit(Record, frozen=True, kw_only=True):
    """A unit as printed, and its UCUM code where one is known."""

    text: str | None = None
    ucum: str | None = None


class Comparison(Record, frozen=True, kw_only=True):
    """A value, count, dose or duration compared: `value`, or `low` and `high` (between), or `values` (in).

    With a `reference`, the number is the multiple of it: "≤ 5× ULN" is 5.
    """

    operator: Operator
    value: Number | str | UnsetType = UNSET
    low: Number | str | UnsetType = UNSET
    high: Number | str | UnsetType = UNSET
    low_inclusive: bool | UnsetType = UNSET
    high_inclusive: bool | UnsetType = UNSET
    values: tuple[Number | str, ...] | UnsetType = UNSET
    unit: Unit | None = None
    reference: Reference | None = None
    span: Span | None = None

    def __post_init__(self) -> None:
        wanted = _OPERANDS.get(self.operator, ("value",))
        missing = self.value is UNSET, self.low is UNSET, self.high is UNSET, self.values is UNSET
        if missing != _MISSING[wanted]:
            raise ValueError(f"operator {self.operator!r} takes {' and '.join(wanted)}")


_OPERANDS: Mapping[str, tuple[str, ...]] = {"between": ("low", "high"), "in": ("values",)}
_MISSING = {
    ("value",): (False, True, True, True),
    ("low", "high"): (True, False, False, True),
    ("values",): (True, True, True, False),
}
"""What is left out of `value`, `low`, `high` and `values` where some are wanted."""


class Offset(Record, frozen=True, kw_only=True):
    """A signed distance from an anchor, or several of which the longest or the shortest counts."""

    value: Number | UnsetType = UNSET
    unit: Unit | None | UnsetType = UNSET
    longest_of: tuple[Offset, ...] | UnsetType = UNSET
    shortest_of: tuple[Offset, ...] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if sum(x is not UNSET for x in (self.value, self.longest_of, self.shortest_of)) != 1:
            raise ValueError("an offset is a value, a longest_of or a shortest_of")


class Anchor(Record, frozen=True, kw_only=True):
    """The event that a window is measured from."""

    event: Event
    text: str | None = None
    span: Span | None = None


class Bound(Record, frozen=True, kw_only=True):
    """One end of a window: an anchor, shifted by an offset."""

    anchor: Anchor
    offset: Offset | None = None
    inclusive: bool = True


class Window(Record, frozen=True, kw_only=True):
    """When a fact holds or happened: `start`, `end` and `duration`; or `any_of` several windows."""

    start: Bound | None | UnsetType = UNSET
    end: Bound | None | UnsetType = UNSET
    duration: Comparison | None | UnsetType = UNSET
    any_of: tuple[Window, ...] | UnsetType = UNSET
    span: Span | None = None

    def __post_init__(self) -> None:
        if self.any_of is UNSET:
            for name in ("start", "end", "duration"):
                if getattr(self, name) is UNSET:
                    msgspec.structs.force_setattr(self, name, None)
        elif len(self.any_of) < 2 or not self.start is self.end is self.duration is UNSET:
            raise ValueError("any_of takes two windows or more and stands alone")


class Code(Record, frozen=True, kw_only=True):
    """A code of a vocabulary, with the vocabulary's version where one is known."""

    system: str
    code: str
    version: str | UnsetType = UNSET


class Concept(Record, frozen=True, kw_only=True):
    """The shortest phrase that names the thing, its normalised lower-case name, its codes."""

    text: str
    span: Span | None = None
    name: str | None = None
    codes: tuple[Code, ...] = ()


class Modifier(Record, frozen=True, kw_only=True):
    """What narrows a concept: a type, the phrase, and its value (several where they are alternatives)."""

    type: ModifierType
    text: str
    span: Span | None = None
    value: str | tuple[str, ...] | None = None


class Fact(Record, frozen=True, kw_only=True, tag="fact"):
    """One statement about a person."""

    domain: Domain
    span: Span | None = None
    concept: Concept
    value: Comparison | None = None
    count: Comparison | None = None
    dose: Comparison | None = None
    time: Window | None = None
    modifiers: tuple[Modifier, ...] = ()
    includes: tuple[Rule, ...] = ()
    experiencer: Experiencer = "patient"
    confidence: Confidence | UnsetType = UNSET


class All(Record, frozen=True, kw_only=True, tag="all"):
    """Every member holds."""

    span: Span | None = None
    of: tuple[Rule, ...]

    def __post_init__(self) -> None:
        _members(self)


class Any_(Record, frozen=True, kw_only=True, tag="any"):  # noqa: N801 - `Any` is typing's
    """At least one member holds."""

    span: Span | None = None
    of: tuple[Rule, ...]

    def __post_init__(self) -> None:
        _members(self)


class Not(Record, frozen=True, kw_only=True, tag="not"):
    """The rule does not hold."""

    span: Span | None = None
    of: Rule


class AtLeast(Record, frozen=True, kw_only=True, tag="at_least"):
    """At least `count` members hold."""

    span: Span | None = None
    count: int
    of: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if len(self.of) < 2:
            raise ValueError("an at_least needs two members or more")


class If(Record, frozen=True, kw_only=True, tag="if"):
    """A requirement on those alone who meet the condition."""

    span: Span | None = None
    condition: Rule
    then: Rule


class Except(Record, frozen=True, kw_only=True, tag="except"):
    """The base counts unless one of the exceptions holds."""

    span: Span | None = None
    base: Rule
    exceptions: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if not self.exceptions:
            raise ValueError("an except needs an exception")


Rule: TypeAlias = All | Any_ | Not | AtLeast | If | Except | Fact


def _members(rule: All | Any_) -> None:
    if len(rule.of) < 2:
        raise ValueError(f"{type(rule).__struct_config__.tag} needs two members or more")
    if type(rule) in map(type, rule.of):
        raise ValueError(f"{type(rule).__struct_config__.tag} has a member of its own type")


class AtLeastChildren(Record, frozen=True, kw_only=True):
    """`combine` for "at least two of the following"."""

    at_least: int


Combine: TypeAlias = Literal["all", "any", "except", "then"] | AtLeastChildren


class Criterion(Record, frozen=True, kw_only=True):
    """One item of the outline, with its children."""

    id: str = ""
    kind: Kind
    group: str | None = None
    label: str | None = None
    span: Span
    combine: Combine | None = None
    rule: Rule | None = None
    children: tuple[Criterion, ...] = ()
    unparsed: tuple[Span, ...] = ()
    confidence: Confidence | UnsetType = UNSET


class Note(Record, frozen=True, kw_only=True):
    """A warning of the parser, with the place it is about."""

    code: str
    message: str
    span: Span | None = None


class Age(Record, frozen=True, kw_only=True):
    """An age limit as a registry's field gives it."""

    value: Number
    unit: Unit


class Trial(Record, frozen=True, kw_only=True):
    """A registry's own structured fields; null where the source has none."""

    id: str | None = None
    registry: str | None = None
    title: str | None = None
    conditions: tuple[str, ...] = ()
    minimum_age: Age | None = None
    maximum_age: Age | None = None
    sex: Sex | None = None
    healthy_volunteers: bool | None = None


class ParserInfo(Record, frozen=True, kw_only=True):
    """Which parser, grammar and model made a document."""

    name: str
    version: str
    grammar: str
    model: str | None = None


class Document(Record, frozen=True, kw_only=True):
    """A trial's eligibility section as criteria."""

    format: Literal["protoparse.criteria/1", "protoparse.criteria/1.1"] = FORMAT
    trial: Trial = Trial()
    text: str
    criteria: tuple[Criterion, ...] = ()
    notes: tuple[Note, ...] = ()
    parser: ParserInfo | None = None


# ------------------------------------------------------------------ building


def all_of(members: Iterable[Rule], span: Span | None = None) -> Rule:
    """The conjunction of one or more rules: a single one stays itself, nested `all`s are taken in."""
    flat = tuple(x for m in members for x in (m.of if isinstance(m, All) else (m,)))
    return flat[0] if len(flat) == 1 else All(of=flat, span=span)


def any_of(members: Iterable[Rule], span: Span | None = None) -> Rule:
    """The disjunction of one or more rules: a single one stays itself, nested `any`s are taken in."""
    flat = tuple(x for m in members for x in (m.of if isinstance(m, Any_) else (m,)))
    return flat[0] if len(flat) == 1 else Any_(of=flat, span=span)


def unguarded(rule: Rule) -> Rule:
    """A requirement on some people as one of several alternatives: both hold, the condition and what is required."""
    match rule:
        case If():
            return all_of([rule.condition, unguarded(rule.then)], rule.span)
        case All():
            return all_of([unguarded(member) for member in rule.of], rule.span)
        case _:
            return rule


# ------------------------------------------------------------------ walking

_R = TypeVar("_R")


def walk(criteria: Iterable[Criterion]) -> Iterator[Criterion]:
    """Every criterion with its children, in reading order."""
    for criterion in criteria:
        yield criterion
        if criterion.children:
            yield from walk(criterion.children)


def members(rule: Rule) -> tuple[Rule, ...]:
    """The rules directly below a rule; a fact's are its `includes`."""
    return _MEMBERS[type(rule)](rule)


_MEMBERS: Mapping[type[Rule], Callable[[Any], tuple[Rule, ...]]] = {
    Fact: attrgetter("includes"),
    All: attrgetter("of"),
    Any_: attrgetter("of"),
    AtLeast: attrgetter("of"),
    Not: lambda rule: (rule.of,),
    If: attrgetter("condition", "then"),
    Except: lambda rule: (rule.base, *rule.exceptions),
}


def facts(rule: Rule | None) -> Iterator[Fact]:
    """Every fact of a rule, in the order it is written, examples behind what they exemplify."""
    if rule is None:
        return iter(())
    if type(rule) is Fact and not rule.includes:
        return iter((rule,))
    found: list[Fact] = []
    _collect(rule, found)
    return iter(found)


def _collect(rule: Rule, found: list[Fact]) -> None:
    """Add the facts of a rule; a list is filled in half the time that generators below each other take."""
    if type(rule) is Fact:
        found.append(rule)
    for member in members(rule):
        if type(member) is Fact and not member.includes:
            found.append(member)
        else:
            _collect(member, found)


def places(rule: Rule | None) -> Iterator[Span]:
    """Where the facts of a rule stand: the spans of their concepts, values, windows and modifiers."""
    for fact in facts(rule):
        windows = () if fact.time is None else fact.time.any_of if isinstance(fact.time.any_of, tuple) else (fact.time,)
        for record in (fact.concept, fact.value, fact.count, fact.dose, *windows, *fact.modifiers):
            if record is not None and record.span is not None:
                yield record.span


def without_spans(record: _R) -> _R:
    """The same record with every `span` null and no `confidence`: what is said, without where and how surely."""
    return _respan(record, lambda span: None, False)  # type: ignore[no-any-return]


def without_codes(record: _R) -> _R:
    """The same record with every concept's name and codes away: what is printed, without what it is called."""
    return renamed(record, lambda c: msgspec.structs.replace(c, name=None, codes=()))


def without_confidence(record: _R) -> _R:
    """The same record with every `confidence` away: what is said, without how surely."""
    return _respan(record, lambda span: span, False)  # type: ignore[no-any-return]


def renamed(record: _R, change: Callable[[Concept], Concept]) -> _R:
    """The same record with every concept changed."""
    return _changed(record, Concept, change)  # type: ignore[no-any-return]


def moved(record: _R, by: int) -> _R:
    """The same record with every `span` so many characters further on."""
    return _respan(record, lambda span: (span[0] + by, span[1] + by), True)  # type: ignore[no-any-return]


_SIMPLE = frozenset({str, int, float, bool, type(None), UnsetType})
"""The types of what has nothing in it."""
_BARE = (Unit, Offset, Code)
"""Records with neither a place nor a confidence, nor a concept, in them."""


def _respan(value: Any, change: Callable[[Span], Span | None], scores: bool) -> Any:
    """A record, or a tuple of them, with every span but a criterion's changed, and confidences kept or not."""
    if isinstance(value, _BARE):
        return value
    if isinstance(value, Struct):
        changes: dict[str, Any] = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            if old.__class__ in _SIMPLE:
                if scores or name != "confidence":
                    continue
                new: Any = UNSET
            elif name == "span":
                new = old if isinstance(value, Criterion) else change(old)
            else:
                new = _respan(old, change, scores) if old else old
            if new is not old:
                changes[name] = new
        return msgspec.structs.replace(value, **changes) if changes else value
    if isinstance(value, tuple):
        fresh = tuple([_respan(x, change, scores) for x in value])
        return fresh if any(map(is_not, fresh, value)) else value
    return value


def _changed(value: Any, kind: type[Struct], change: Callable[[Any], Any]) -> Any:
    """A record, or a tuple of them, with every record of one kind changed."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, Struct):
        fields = {
            name: _changed(old, kind, change)
            for name in value.__struct_fields__
            if (old := getattr(value, name)).__class__ not in _SIMPLE and old
        }
        return msgspec.structs.replace(value, **fields) if fields else value
    return tuple([_changed(x, kind, change) for x in value]) if isinstance(value, tuple) else value


# ------------------------------------------------------------------ JSON

_decoder = msgspec.json.Decoder(Document)
_encoder = msgspec.json.Encoder()


def load(data: bytes | str) -> Document:
    """Read a criteria JSON.

    Raises `DocumentError` with the path of what is wrong, `NestingError` where it is nested too deep.
    """
    try:
        document = _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DocumentError(str(error)) from None
    except RecursionError:
        raise NestingError(f"nested deeper than {MAX_DEPTH} levels") from None
    limit_depth(document.criteria)
    return document


def dump(document: Document, *, indent: int | None = None) -> bytes:
    """Write a document as UTF-8 JSON, always with the same bytes for an equal document.

    Raises `NestingError` where it is nested too deep, `DocumentError` for what JSON cannot hold: half a character.
    """
    try:
        data = _encoder.encode(document)
    except RecursionError:
        raise NestingError(f"nested deeper than {MAX_DEPTH} levels") from None
    except UnicodeEncodeError as error:
        near = ascii(error.object[max(0, error.start - 20) : error.end + 20])
        raise DocumentError(f"half a character (a lone surrogate) in {near}") from None
    except (OverflowError, ValueError) as error:
        raise DocumentError(f"cannot be written as JSON: {error}") from None
    return data if indent is None else msgspec.json.format(data, indent=indent)


def limit_depth(criteria: Iterable[Criterion], depth: int = 1) -> None:
    """Raise `NestingError` where criteria, or the rule of one, are nested deeper than `MAX_DEPTH`."""
    for criterion in criteria:
        if depth > MAX_DEPTH:
            raise NestingError(f"criteria nested deeper than {MAX_DEPTH} levels")
        if criterion.rule is not None:
            _limit_rule(criterion.rule, 1)
        if criterion.children:
            limit_depth(criterion.children, depth + 1)


def _limit_rule(rule: Rule, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NestingError(f"a rule nested deeper than {MAX_DEPTH} levels")
    for member in members(rule):
        if type(member) is not Fact or member.includes or depth == MAX_DEPTH:
            _limit_rule(member, depth + 1)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document."""
    from inspect import cleandoc

    made: dict[str, Any] = msgspec.json.schema(Document)
    for record in made["$defs"].values():
        if "description" in record:
            record["description"] = cleandoc(record["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FORMAT} | made
