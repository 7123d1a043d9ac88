"""What the workers do: each operation a function of bytes, run in a process of its own, never in the server's.

In: the name of an operation, what is asked of it, and a body. Out: an `Answer`, also where it fails.

>>> perform("parse", Parsing(), b"Age > 5", Options(concepts="lexicon")).content[:33]
b'{"format":"protoparse.criteria/1.'
>>> perform("render", Rendering(), b'{"text": 5}', Options()).status
422
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from itertools import islice
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import replace

from protoparse.batch import Options
from protoparse.errors import ProtoparseError
from protoparse.model import FORMAT, MAX_DEPTH, Record, dump, load, without_confidence
from protoparse.server.answers import MARKDOWN, TEXT, Answer, RefusalError, answered, refused, row
from protoparse.server.messages import (
    Checked,
    Checking,
    Evaluated,
    Exported,
    Exporting,
    Figure,
    Left,
    Nothing,
    Parsing,
    Predicted,
    Rendering,
    Screenable,
    Target,
    Targets,
    Versions,
    read,
)

Run: TypeAlias = Callable[[bytes, Any, Options], Answer]


def perform(name: str, query: Record, body: bytes, options: Options) -> Answer:
    """The answer of an operation; whatever fails is an answer that says so."""
    try:
        return _RUNS[name](body, query, options)
    except RefusalError as refusal:
        return refusal.answer()
    except ProtoparseError as error:
        return refused(422, str(error).removeprefix(": "))
    except RecursionError:
        return refused(422, f"nested deeper than {MAX_DEPTH} levels")
    except MemoryError:
        return refused(413, "it takes more memory than there is")
    except Exception as error:
        return refused(500, f"internal error: {type(error).__name__}: {error}")


def perform_line(name: str, query: Record, line: bytes, options: Options, number: int) -> Answer:
    """A line of a stream: the row that stands for it."""
    try:
        body, asked = _lined(line, query)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        answer = refused(422, f"not a line of JSON: {error}")
    else:
        answer = perform(name, asked, body, options)
    return Answer(row(number, answer))


def _lined(line: bytes, query: Record) -> tuple[bytes, Record]:
    """A line's body, and what is asked of it: where a listing is awaited, a JSON string is a bare text."""
    value = msgspec.json.decode(line, type=msgspec.Raw)
    if isinstance(query, Parsing):
        if bytes(value)[:1] == b'"':
            return msgspec.json.decode(value, type=str).encode(), replace(query, container="text")
        return line, replace(query, container="json")
    return line, query


def _parse(body: bytes, asked: Parsing, options: Options) -> Answer:
    from protoparse.sources import listings

    found = list(islice(listings(body, name="", container=asked.container), 2))
    if len(found) != 1:
        several = "several studies: send them one a line to /api/v1/stream/parse" if found else "no study in it"
        raise RefusalError(422, several)
    document = options.parser().parse(found[0])
    if not asked.confidence:
        document = replace(without_confidence(document), format=FORMAT)
    return Answer(dump(document))


def _check(body: bytes, asked: Checking, options: Options) -> Answer:
    from protoparse.check import check

    return answered(Checked(problems=tuple(check(body, reparse=asked.reparse))))


def _render(body: bytes, asked: Rendering, options: Options) -> Answer:
    from protoparse.render import markdown, render

    document = load(body)
    if asked.format == "markdown":
        return Answer(markdown(document).encode(), MARKDOWN)
    return Answer(f"{render(document)}\n".encode(), TEXT)


def _evaluate(body: bytes, asked: Nothing, options: Options) -> Answer:
    from protoparse.evaluate import MEASURES, Evaluation, compare, errors

    both = read(body, Predicted)
    if both.gold.text != both.predicted.text:
        raise RefusalError(422, "gold and prediction are over different texts: their places cannot be compared")
    evaluation = Evaluation(cases=(compare(both.gold, both.predicted),), measures=MEASURES)
    figures = {
        measure: Figure(
            precision=rate.precision, recall=rate.recall, f1=rate.f1,
            gold=rate.gold, found=rate.found, predicted=rate.predicted, right=rate.right,
        )
        for measure, rate in evaluation.figures().items()
    }  # fmt: skip
    return answered(Evaluated(figures=figures, errors=tuple(judgement for _, judgement in errors(evaluation))))


def _diff(body: bytes, asked: Nothing, options: Options) -> Answer:
    from protoparse.diff import diff

    both = read(body, Versions)
    return answered(diff(both.old, both.new))


def _screen(body: bytes, asked: Nothing, options: Options) -> Answer:
    from protoparse.screen import Index, plain
    from protoparse.screen.records.reading import from_json

    given = read(body, Screenable)
    normaliser = options.parser().normaliser
    index = Index(given.documents, terms=normaliser.terms if normaliser else None)
    patients = from_json(map(bytes, given.patients), complete=given.complete)
    anchors = {str(event): day for event, day in given.anchors.items()}
    screenings = []
    for patient in patients:
        answers = index.screen(patient, day=given.day or date.today(), anchors=anchors, recent=given.recent)
        screenings += [{"document": n, **plain(answers.details(n))} for n in range(len(given.documents))]
    return answered({"screenings": screenings})


def _export(body: bytes, asked: Exporting, options: Options) -> Answer:
    from protoparse.export import export, exporters

    known = exporters()
    if asked.target not in known:
        raise RefusalError(404, f"no target {asked.target!r}; there are {', '.join(known) or 'none'}")
    document = load(body)
    name = asked.name or document.trial.id or "document"
    result = export(document, asked.target, name=name, strict=asked.strict)
    payload = result.payload
    return answered(
        Exported(
            target=asked.target,
            name=name,
            suffix=known[asked.target].suffix,
            encoding="base64" if isinstance(payload, bytes) else "text" if isinstance(payload, str) else "json",
            payload=payload,
            losses=tuple(Left(**loss._asdict()) for loss in result.losses),
        )
    )


def _targets(body: bytes, asked: Nothing, options: Options) -> Answer:
    from protoparse.export import exporters

    found = (Target(target=name, says=e.says, suffix=e.suffix) for name, e in exporters().items())
    return answered(Targets(targets=tuple(found)))


_RUNS: Mapping[str, Run] = {
    "parse": _parse,
    "check": _check,
    "render": _render,
    "evaluate": _evaluate,
    "diff": _diff,
    "screen": _screen,
    "export": _export,
    "targets": _targets,
}
