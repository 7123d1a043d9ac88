"""What can be asked for, and what is answered: the records that go over the wire, and a catalogue of operations.

In: JSON, or a query. Out: typed records, from which the OpenAPI is made. `operations` does what is asked.

>>> OPERATIONS["render"].query
<class 'protoparse.server.messages.Rendering'>
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from protoparse.diff import Diff
from protoparse.errors import DocumentError
from protoparse.evaluate.judgements import Judgement
from protoparse.model import (
    MAX_DEPTH,
    Comparison,
    Concept,
    Criterion,
    Document,
    Domain,
    Event,
    Fact,
    Note,
    Record,
    Trial,
    Unit,
    limit_depth,
)
from protoparse.server.answers import JSON, MARKDOWN, TEXT, Problem
from protoparse.server.store.records import Draft

_T = TypeVar("_T", bound=Struct)
Container: TypeAlias = Literal[
    "auto", "text", "page", "html", "json", "xml", "table",
    "ctgov", "ctis", "euctr", "isrctn", "chictr", "ictrp", "aact", "pdf", "docx",
]  # fmt: skip
"""`protoparse.sources.CONTAINERS`, for the OpenAPI."""


# ------------------------------------------------------------------ what is asked for


class Parsing(Record, frozen=True, kw_only=True):
    """`container`: what the body is, by default told by what is in it. `confidence`: whether facts and criteria say how
    sure the parser is of them."""

    container: Container = "auto"
    confidence: bool = True


class Checking(Record, frozen=True, kw_only=True):
    """`reparse`: whether the text is parsed again and compared; by default where this parser made the document."""

    reparse: bool | None = None


class Rendering(Record, frozen=True, kw_only=True):
    """`format`: plain English, or Markdown."""

    format: Literal["english", "markdown"] = "english"


class Exporting(Record, frozen=True, kw_only=True):
    """`target`: one of those that GET /targets lists. `name`: what the document goes by. `strict`: refuse where
    anything is lost."""

    target: Annotated[str, Meta(min_length=1, max_length=100)]
    name: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    strict: bool = False


class Nothing(Record, frozen=True, kw_only=True):
    """Nothing more is asked."""


STUDY = {
    "type": "object",
    "description": "A study of ClinicalTrials.gov; or a record of one's own, a text with the trial's number and title.",
    "examples": [{"id": "NCT00000000", "text": "Inclusion Criteria:\n\n* Age 18 years or older"}],
}
"""What JSON a listing is parsed from, for the OpenAPI: its readers say what they make of it."""


class Predicted(Record, frozen=True, kw_only=True):
    """A prediction, and what is right of the same text."""

    gold: Document
    predicted: Document


class Versions(Record, frozen=True, kw_only=True):
    """Two documents: two parses of one text, or two versions of a trial."""

    old: Document
    new: Document


class Screenable(Record, frozen=True, kw_only=True):
    """Criteria of trials, and patients: objects of `protoparse.patient/1`, FHIR bundles, or FHIR resources, of which
    those that stand alone are one record.

    `day`: the day of screening, by default today. `anchors`: the days of other events. `recent`: for how many days a
    measurement stands for today. `complete`: the domains in which what is not in the records has not been.
    """

    documents: Annotated[tuple[Document, ...], Meta(min_length=1)]
    patients: Annotated[tuple[msgspec.Raw, ...], Meta(min_length=1)]
    day: date | None = None
    anchors: Mapping[Event, date] = {}
    recent: Annotated[int, Meta(ge=0, le=100_000)] = 180
    complete: tuple[Domain, ...] = ()


# ------------------------------------------------------------------ what is answered


class Checked(Record, frozen=True, kw_only=True):
    """Each problem in one line; none where the document is sound."""

    problems: tuple[str, ...]


class Figure(Record, frozen=True, kw_only=True):
    """What one measure says."""

    precision: float
    recall: float
    f1: float
    gold: int
    found: int
    predicted: int
    right: int


class Evaluated(Record, frozen=True, kw_only=True):
    """Every measure that docs/evaluation.md defines, and every error."""

    figures: dict[str, Figure]
    errors: tuple[Judgement, ...]


class Screened(Record, frozen=True, kw_only=True):
    """One answer for each patient and trial, as `protoparse screen --format json` tells it, with the number of the
    document."""

    screenings: tuple[dict[str, Any], ...]


class Left(Record, frozen=True, kw_only=True):
    """One thing that a target could not hold."""

    criterion: str | None
    path: str
    lost: str
    why: str


class Exported(Record, frozen=True, kw_only=True):
    """What an export gave. `encoding`: the payload is JSON, a text, or bytes in base64; `suffix` is of its file."""

    target: str
    name: str
    suffix: str
    encoding: Literal["json", "text", "base64"]
    payload: Any
    losses: tuple[Left, ...]


class Target(Record, frozen=True, kw_only=True):
    """A form that documents can be exported to."""

    target: str
    says: str
    suffix: str


class Targets(Record, frozen=True, kw_only=True):
    """All of them, by name."""

    targets: tuple[Target, ...]


class Health(Record, frozen=True, kw_only=True):
    """`store`: "ok", or the cause why not. `idle` of the `workers` have nothing to do; `waiting` is what waits."""

    status: Literal["ok", "unavailable"]
    version: str
    store: str
    workers: int
    idle: int
    waiting: int


class Row(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line of a stream: a result, which is what the operation alone would answer, or a problem."""

    line: int
    result: Any = None
    problem: Problem | None = None


# ------------------------------------------------------------------ examples

_AGE = Fact(
    domain="person",
    span=(23, 44),
    concept=Concept(text="Age", span=(23, 26), name="age"),
    value=Comparison(operator=">=", value=18, unit=Unit(text="years", ucum="a"), span=(27, 44)),
)
EXAMPLE = Document(
    trial=Trial(id="NCT00000000"),
    text="Inclusion Criteria:\n\n* Age 18 years or older",
    criteria=(Criterion(id="inclusion.1", kind="inclusion", label="*", span=(21, 44), rule=_AGE),),
    notes=(Note(code="heading", message="Inclusion Criteria:", span=(0, 19)),),
)
"""A document, to show what one is."""
EXAMPLES: Mapping[type[Struct], Struct] = {
    Document: EXAMPLE,
    Predicted: Predicted(gold=EXAMPLE, predicted=EXAMPLE),
    Versions: Versions(old=EXAMPLE, new=replace(EXAMPLE, criteria=())),
    Screenable: Screenable(
        documents=(EXAMPLE,),
        patients=(msgspec.Raw(b'{"format":"protoparse.patient/1","id":"p1","birth":"1961"}'),),
        day=date(2026, 3, 7),
    ),
    Draft: Draft(document=EXAMPLE, name="first", author="Ada", edits=3),
}
"""A body of each kind."""


# ------------------------------------------------------------------ the catalogue


class Operation(NamedTuple):
    """Something that can be done: what it is, what is asked of it (`query`), what it takes and gives, and in which
    types it answers."""

    says: str
    query: type[Record]
    takes: type[Struct] | Mapping[str, Any] | None
    gives: type[Struct] | None
    media: Sequence[str] = (JSON,)


OPERATIONS: Mapping[str, Operation] = {
    "parse": Operation("Parse a listing or a text into criteria JSON", Parsing, STUDY, Document),
    "check": Operation("Tell whether criteria JSON keeps the format and its promises", Checking, Document, Checked),
    "render": Operation(
        "Write criteria JSON as plain English or Markdown", Rendering, Document, None, (TEXT, MARKDOWN)
    ),
    "evaluate": Operation("Measure a prediction on gold", Nothing, Predicted, Evaluated),
    "diff": Operation("Tell what changed between two documents", Nothing, Versions, Diff),
    "screen": Operation("Apply criteria to patients", Nothing, Screenable, Screened),
    "export": Operation("Write criteria JSON as another tool has it", Exporting, Document, Exported),
    "targets": Operation("List what criteria JSON can be exported to", Nothing, None, Targets),
}


def read(body: bytes, kind: type[_T]) -> _T:
    """A body as a record; raises `DocumentError` with the path of what is wrong."""
    try:
        found: _T = _decoder(kind).decode(body)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise DocumentError(str(error)) from None
    except RecursionError:
        raise DocumentError(f"nested deeper than {MAX_DEPTH} levels") from None
    for value in msgspec.structs.asdict(found).values():
        for document in value if isinstance(value, tuple) else [value]:
            if isinstance(document, Document):
                limit_depth(document.criteria)
    return found


@cache
def _decoder(kind: type[_T]) -> msgspec.json.Decoder[_T]:
    return msgspec.json.Decoder(kind)
