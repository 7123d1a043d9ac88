"""What is fuzzed: everything that reads what somebody else wrote, and what must hold of it.

In: the bytes of a case. Out: nothing; an exception where a promise is broken. What reads may refuse, in an error of
protoparse's own, of one line; whatever else comes out of it is a breach, and so is a document that does not check.

>>> TARGETS["text"].run(b"Age > 5 years")
>>> TARGETS["json"].run(b"{")
"""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from mutating import mutated, structured, zipped
from protoparse import dump, load, parse
from protoparse.batch import Options, convert
from protoparse.check import check
from protoparse.errors import ProtoparseError
from protoparse.grammar import canonical
from protoparse.model import Document, without_spans
from protoparse.parsing import Parser
from protoparse.render import markdown, render
from protoparse.sources import CONTAINERS, Listing, listings
from protoparse.sources.decoding import decode
from protoparse.sources.records import records

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures" / "sources"
CORPUS = ROOT / "corpus"
DAY = date(2026, 3, 1)
OPTIONS = Options(concepts="lexicon")
EVERY = 8
"""One case in so many is also parsed again, or parsed at all where a reader alone is fuzzed."""

Mutator = Callable[[bytes, Sequence[bytes], Random], bytes]


class BreachError(AssertionError):
    """A promise that a case breaks."""


class Target(NamedTuple):
    """What a case is handed to, the seeds that cases are made from and how, and what time and memory it may take.

    `seconds` a case may take in any event, and `microseconds` more a byte; `megabytes` it may add to the process.
    `share`: how many of all cases are its own, beside the others. `forget` has what is remembered be read anew.
    """

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    mutate: Mutator = mutated
    seconds: float = 0.3
    microseconds: float = 60.0
    megabytes: int = 128
    share: int = 4
    forget: Callable[[], None] = lambda: None


# ------------------------------------------------------------------ readers


def _read(container: str, data: bytes) -> None:
    found: list[Listing] = []
    refused: list[ProtoparseError] = []
    try:
        found.extend(listings(data, name="case", container=container, on_error=refused.append))
    except ProtoparseError as error:
        refused.append(error)
    for error in refused:
        told(error)
    for listing in found:
        sound_listing(listing)
        if container == "text" and listing.text != decode(data):
            raise BreachError("a bare text that is not kept character for character")
    if not found and not refused:
        raise BreachError("neither read nor refused")
    if data and data[len(data) // 2] % EVERY == 0:
        for listing in found[:2]:
            parsed(listing, data)


def _intake(data: bytes) -> None:
    """The records of packed files, and what becomes of them in a batch."""
    for number, record in enumerate(records(io.BytesIO(data), name="case")):
        for outcome in convert(record, parser()):
            if outcome.document is None:
                cause = outcome.error or ""
                if not cause or "\n" in cause or "internal error" in cause:
                    raise BreachError(f"a record with the cause {cause!r}")
            else:
                sound(outcome.document)
        if number > 50:
            break


def sound_listing(listing: Listing) -> None:
    """A listing can be written, and says something."""
    if not listing.text.strip():
        raise BreachError("a listing without a text")
    listing.text.encode()
    again = msgspec.json.decode(msgspec.json.encode(listing), type=Listing)
    if again != listing:
        raise BreachError("a listing that is another when it is written and read")


# ------------------------------------------------------------------ the parser


@cache
def parser(concepts: str = "lexicon") -> Parser:
    return Parser(concepts=concepts)


def forget() -> None:
    """Have everything read anew."""
    for concepts in ("lexicon", "model"):
        parser(concepts).known.clear()


def warm() -> None:
    """Load what is loaded once, so that no case is blamed for it."""
    for concepts in ("lexicon", "model"):
        for text in _corpus()[:4]:
            check(dump(parser(concepts).parse(text.decode())), reparse=False)


def parsed(source: str | Listing, data: bytes, concepts: str = "lexicon") -> None:
    """What is parsed is sound; now and then it is parsed again, by a parser that has read other things since."""
    try:
        document = parser(concepts).parse(source)
    except ProtoparseError as error:
        told(error)
        return
    sound(document)
    if sum(data[:64]) % EVERY == 0:
        again = parser(concepts).parse(source)
        if again != document:
            raise BreachError("parsed again it is another")


def sound(document: Document) -> None:
    """A document checks: nothing is lost, everything points home, it and its English read back the same."""
    problems = check(dump(document), reparse=False)
    if problems:
        raise BreachError(f"{len(problems)} problems, the first: {problems[0]}")


def _parse(concepts: str, data: bytes) -> None:
    text = data.decode(errors="surrogateescape" if len(data) % 40 == 1 else "replace")
    parsed(text, data, concepts)


# ------------------------------------------------------------------ documents and rules


def _load(data: bytes) -> None:
    """Criteria JSON: read or refused; what is read can be written, checked, rendered and exported."""
    try:
        document = load(data)
    except ProtoparseError as error:
        told(error)
        return
    refused_or(lambda: _same(document))
    for problem in check(data, reparse=False):
        one_line(problem)
    for write in (render, markdown):
        refused_or(partial(write, document))


def _same(document: Document) -> None:
    if load(dump(document)) != document:
        raise BreachError("written and read again it is another")


def _exports(data: bytes) -> None:
    """Criteria JSON to every form that is made of text: made or refused."""
    from protoparse.export import export, exporters

    try:
        document = load(data)
    except ProtoparseError as error:
        told(error)
        return
    for name in exporters():
        if name in ("excel", "parquet", "spacy", "html"):
            continue
        refused_or(partial(export, document, name, name="case"))


def _english(data: bytes) -> None:
    """Canonical English: a rule that says the same again, or none."""
    text = data.decode(errors="surrogateescape" if len(data) % 40 == 1 else "replace")
    rule = canonical.read(text)
    if rule is None:
        return
    try:
        again = canonical.read(render(rule))
    except ProtoparseError as error:
        told(error)
        return
    if again is None or without_spans(again) != without_spans(rule):
        raise BreachError(f"its English reads back as another rule: {render(rule)[:200]!r}")


def _fhir(data: bytes) -> None:
    from protoparse.export.fhir import from_fhir

    refused_or(lambda: _same(from_fhir(data)))


def _circe(data: bytes) -> None:
    from protoparse.export.circe import from_circe

    refused_or(lambda: _same(from_circe(data)))


def _terms(data: bytes) -> None:
    """A user's vocabulary: read or refused."""
    from protoparse.concepts.terms import TermSource

    with tempfile.NamedTemporaryFile(suffix=".csv", prefix="terms-") as file:
        file.write(data)
        file.flush()
        refused_or(lambda: TermSource.read(file.name))


def _gold(data: bytes) -> None:
    """The notation that gold is written in, behind the text that it is about: read or refused."""
    from protoparse.evaluate.gold.building import build

    text, _, notation = data.decode(errors="replace").partition(BETWEEN)
    refused_or(lambda: _same(build(notation, text)))


# ------------------------------------------------------------------ patients


def _patient(data: bytes) -> None:
    """A patient's record: read or refused; whoever is read is screened."""
    from protoparse.screen.records.reading import from_json

    try:
        patients = list(from_json([data]))
    except ProtoparseError as error:
        told(error)
        return
    for patient in patients[:3]:
        refused_or(lambda patient=patient: index().screen(patient, day=DAY))  # type: ignore[misc]


@cache
def index() -> Any:
    from protoparse.screen import Index

    return Index((parse(SCREENED, concepts="lexicon"),))


# ------------------------------------------------------------------ the service


def _operation(data: bytes) -> None:
    """What a worker of the service does: the first line says which operation, the rest is its body."""
    from protoparse.server.messages import OPERATIONS
    from protoparse.server.operations import perform, perform_line

    head, _, body = data.partition(b"\n")
    names = sorted(OPERATIONS)
    name = head.decode(errors="replace").strip()
    name = name if name in OPERATIONS else names[len(body) % len(names)]
    query = OPERATIONS[name].query
    asked = query(target="csv") if name == "export" else query()
    answer = perform(name, asked, body, OPTIONS)
    if answer.status >= 500:
        raise BreachError(f"{name}: {answer.status} {answer.content[:300]!r}")
    json.loads(answer.content) if "json" in answer.media else answer.content.decode()
    if OPERATIONS[name].takes is not None:
        row = json.loads(perform_line(name, asked, body, OPTIONS, 7).content)
        if row["line"] != 7 or row.get("problem", {}).get("status", 0) >= 500:
            raise BreachError(f"{name}, a line of a stream: {row}")


def _request(data: bytes) -> None:
    """A request to the service: its answer is one, and no failure of the service's own."""
    status, content = site().ask(data)
    if status >= 500 and status != 503:
        raise BreachError(f"{status} {content[:300]!r}")


class Site:
    """The application with a store, a folder and a worker of its own, called as a server would call it."""

    def __init__(self) -> None:
        from protoparse.server.app import application
        from protoparse.server.endpoints import Service
        from protoparse.server.settings import Settings
        from protoparse.server.store import open_store
        from protoparse.server.workers import Workers

        self._folder = tempfile.TemporaryDirectory(prefix="protoparse-fuzz-")
        settings = Settings(workers=1, concepts="lexicon", size=100_000, stream=1_000_000, seconds=20.0)
        self._store = open_store(f"{self._folder.name}/store.sqlite")
        self._workers = Workers(settings)
        self._workers.start()
        self._loop = asyncio.new_event_loop()
        self._service = Service(settings, self._store, self._workers)
        self._app = application(self._service)

    def ask(self, data: bytes) -> tuple[int, bytes]:
        """The status and the content for a request: a line of method and path, lines of headers, a body."""
        head, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
        first, *rest = head.split(b"\n")
        method, _, target = first.partition(b" ")
        path, _, query = target.partition(b"?")
        headers = [
            (name.strip().lower(), value.strip()) for name, sign, value in (x.partition(b":") for x in rest) if sign
        ]
        from urllib.parse import unquote

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
            "method": method.decode("latin-1").upper(), "path": unquote(path.decode("latin-1")), "raw_path": path,
            "query_string": query, "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        if not any(name == b"host" for name, _ in headers):
            headers.append((b"host", b"localhost"))
        return self._loop.run_until_complete(asyncio.wait_for(self._asked(scope, body), 60))

    async def _asked(self, scope: dict[str, Any], body: bytes) -> tuple[int, bytes]:
        half = len(body) // 2
        pieces = [body[:half], body[half:]]
        status, content = 0, bytearray()

        async def receive() -> dict[str, Any]:
            if not pieces:
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Mapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message["headers"]:
                    if b"\n" in name + value or b"\r" in name + value:
                        raise BreachError(f"a header of two lines: {name!r}: {value!r}")
            else:
                content.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        return status, bytes(content)

    def close(self) -> None:
        """End the worker, and away with the store."""
        self._workers.close()
        self._service.close()
        self._store.close()
        self._loop.close()
        self._folder.cleanup()


@cache
def site() -> Site:
    import atexit

    made = Site()
    atexit.register(made.close)
    return made


# ------------------------------------------------------------------ what must hold


def refused_or(work: Callable[[], Any]) -> None:
    """The work is done, or refused in protoparse's own words."""
    try:
        work()
    except ProtoparseError as error:
        told(error)


def told(error: ProtoparseError) -> None:
    """What is refused is refused in one line that a terminal can show once it is escaped, and not a long one."""
    one_line(str(error) or type(error).__name__)


def one_line(cause: str) -> None:
    """A cause is of one line."""
    if "\n" in cause or not cause.strip():
        raise BreachError(f"a cause that is not one line: {cause[:200]!r}")
    if "internal error" in cause:
        raise BreachError(cause[:300])


# ------------------------------------------------------------------ seeds


def _fixtures(*names: str, extra: Sequence[bytes] = ()) -> list[bytes]:
    return [(FIXTURES / name).read_bytes() for name in names] + list(extra)


@cache
def _corpus() -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(CORPUS.glob("*/source.txt")))


def _texts() -> list[bytes]:
    """The rows of the tests' cases, and pieces of the corpus's listings."""
    rows = []
    for path in sorted((ROOT / "tests" / "cases").glob("*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            said = [line[2:] for line in block.split("\n") if line.startswith("> ")]
            if said:
                rows.append("\n".join(said).encode())
    for text in _corpus():
        blocks = text.decode().split("\n\n")
        rows += ["\n\n".join(blocks[n : n + 2]).encode()[:1500] for n in range(0, len(blocks), 2)]
    return rows


def _documents() -> list[bytes]:
    return [dump(document) for document in _small()]


@cache
def _small() -> tuple[Document, ...]:
    rows = [text.decode(errors="replace") for text in _texts() if len(text) < 500]
    drawn = Random(5).sample(rows, 150)
    return tuple(parser().parse(text) for text in drawn) + tuple(parser().parse(t.decode()[:2500]) for t in _corpus())


def _rules() -> Iterator[Any]:
    from protoparse.model import walk

    for document in _small():
        for criterion in walk(document.criteria):
            if criterion.rule is not None:
                yield criterion.rule


def _sentences() -> list[bytes]:
    return [render(rule).encode() for rule in _rules()]


def _exported(target: str) -> list[bytes]:
    from protoparse.export import export

    made = []
    for document in _small()[::3]:
        payload = export(document, target, name="case").payload
        made.append(payload.encode() if isinstance(payload, str) else msgspec.json.encode(payload))
    return made


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


SCREENED = (
    "Inclusion Criteria:\n* Age 18 to 75 years\n* HbA1c between 7.0 and 10.5 % within 3 months before screening\n"
    "* At least two of: hypertension, gout, asthma\n\nExclusion Criteria:\n* Stroke within 6 months before enrollment\n"
    "* ALT > 3 x ULN unless caused by Gilbert's syndrome\n* Treatment with metformin > 1000 mg/day\n* Pregnancy"
)
BETWEEN = "\n=====\n"


def _patients() -> list[bytes]:
    own = {
        "format": "protoparse.patient/1", "id": "ada", "sex": "female", "birth": "1961-05-03", "death": None,
        "events": [
            {"domain": "measurement", "name": "Hemoglobin A1c", "codes": [{"system": "LOINC", "code": "4548-4"}],
             "start": "2026-01-07", "value": 7.4, "unit": "%", "low": 4, "high": 6.0},
            {"domain": "condition", "name": "gout", "start": "2019", "end": "2020-02", "ongoing": False, "status": ["severe"]},
            {"domain": "drug", "name": "metformin", "start": "2020-01-01", "ongoing": True, "dose": 850, "dose_unit": "mg"},
            {"domain": "condition", "name": "stroke", "absent": True},
        ],
        "complete": ["condition"], "notes": [{"code": "x", "message": "y"}],
    }  # fmt: skip
    who = {"subject": {"reference": "Patient/ada"}}
    resources: list[dict[str, Any]] = [
        {"resourceType": "Patient", "id": "ada", "gender": "female", "birthDate": "1961-05-03", "deceasedBoolean": False},
        {"resourceType": "Condition", "id": "c1", **who, "onsetDateTime": "2019-03", "abatementAge": {"value": 60, "unit": "a"},
         "clinicalStatus": {"coding": [{"code": "active"}]}, "code": {"text": "Gout", "coding": [
             {"system": "http://snomed.info/sct", "code": "90560007", "display": "Gout"}]}},
        {"resourceType": "Observation", "id": "o1", **who, "status": "final", "effectiveDateTime": "2026-01-07T10:00:00+01:00",
         "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
         "valueQuantity": {"value": 7.4, "unit": "%", "code": "%", "comparator": "<"},
         "referenceRange": [{"low": {"value": 4}, "high": {"value": 6}}]},
        {"resourceType": "Observation", "id": "o2", **who, "status": "final", "effectivePeriod": {"start": "2026-01-01"},
         "code": {"text": "Blood pressure"}, "component": [
             {"code": {"text": "Systolic blood pressure"}, "valueQuantity": {"value": 120, "unit": "mm[Hg]"}},
             {"code": {"text": "Smoking"}, "valueCodeableConcept": {"text": "never"}}]},
        {"resourceType": "MedicationStatement", "id": "m1", **who, "status": "active", "effectivePeriod": {"start": "2020"},
         "medicationCodeableConcept": {"text": "metformin 850 MG"},
         "dosage": [{"doseAndRate": [{"doseQuantity": {"value": 850, "unit": "mg"}}],
                     "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}}]},
        {"resourceType": "Procedure", "id": "p1", **who, "status": "completed", "performedString": "last year",
         "code": {"text": "Appendectomy"}},
        {"resourceType": "AllergyIntolerance", "id": "a1", "patient": {"reference": "Patient/ada"},
         "code": {"text": "Penicillin"}, "recordedDate": "2001-01-01", "verificationStatus": {"coding": [{"code": "refuted"}]}},
    ]  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": f"urn:{n}", "resource": r} for n, r in
                                                                        enumerate(resources)]}  # fmt: skip
    return [_json(own), _json(bundle), _json([own, bundle]), *(
        _json({**bundle, "entry": [bundle["entry"][0], entry]}) for entry in bundle["entry"][1:]  # type: ignore[index]
    )]  # fmt: skip


def _bodies() -> list[bytes]:
    """An operation and its body."""
    documents, patients = _documents()[:20], _patients()
    made = [b"parse\n" + text for text in _texts()[:40]]
    made += [b"parse\n" + _json({"id": "NCT00000001", "text": "Age > 5"})]
    for document in documents:
        made += [name + b"\n" + document for name in (b"check", b"render", b"export")]
        made.append(b'evaluate\n{"gold":' + document + b',"predicted":' + document + b"}")
        made.append(b'diff\n{"old":' + document + b',"new":' + documents[0] + b"}")
        made.append(b'screen\n{"documents":[' + document + b'],"patients":[' + patients[len(document) % 3] + b"]}")
    return made


def _requests() -> list[bytes]:
    """Requests of every endpoint and page, as HTTP has them."""
    from protoparse.server.messages import OPERATIONS

    document, patient = _documents()[3], _patients()[0]
    bodies = {
        "parse": b"Inclusion Criteria:\n* Age > 5", "check": document, "render": document, "export": document, "targets": b"",
        "evaluate": b'{"gold":' + document + b',"predicted":' + document + b"}",
        "diff": b'{"old":' + document + b',"new":' + document + b"}",
        "screen": b'{"documents":[' + document + b'],"patients":[' + patient + b"]}",
    }  # fmt: skip
    made = []
    for name, operation in OPERATIONS.items():
        path = f"/api/v1/{name}" + ("/csv" if name == "export" else "")
        kind = b"text/plain" if name == "parse" else b"application/json"
        head = f"{'POST' if operation.takes else 'GET'} {path} HTTP\nContent-Type: ".encode()
        made.append(head.replace(b" HTTP", b"") + kind + b"\n\n" + bodies[name])
        if operation.takes:
            lines = bodies[name].replace(b"\n", b" ")
            made.append(
                f"POST {path.replace('v1/', 'v1/stream/')}\nContent-Type: application/x-ndjson\n\n".encode()
                + lines
                + b"\n{}\n"
                + lines
            )
    draft = b'{"document":' + document + b',"name":"first","author":"Ada"}'
    made += [
        b"POST /api/v1/documents\nContent-Type: application/json\n\n" + draft,
        b'PUT /api/v1/documents/1\nContent-Type: application/json\nIf-Match: "1"\n\n' + draft,
        b"GET /api/v1/documents?limit=3&after=0&trial=NCT00000001&name=first\n\n",
        b"GET /api/v1/documents/1\n\n", b"GET /api/v1/documents/1/revisions\n\n", b"GET /api/v1/documents/1/revisions/1\n\n",
        b'DELETE /api/v1/documents/1\nIf-Match: "2"\n\n', b"POST /api/v1/documents/1/restore\n\n",
        b"GET /\nAccept: text/html\n\n", b"GET /documents\n\n", b"GET /documents/1\n\n", b"GET /static/style.css\n\n",
        b"GET /health\n\n", b"GET /metrics\n\n", b"GET /api/v1/openapi.json\n\n",
        b"POST /\nContent-Type: application/x-www-form-urlencoded\n\ntext=Age+%3E+5&name=x",
        b"GET /api/v1/parse\nAuthorization: Basic QWRhOnNlY3JldA==\nOrigin: http://localhost\nSec-Fetch-Site: cross-site\n\n",
    ]  # fmt: skip
    return made


def _packed() -> list[bytes]:
    import gzip
    import zipfile

    line = _json({"id": "NCT00000001", "text": "Age > 5"}) + b"\n"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("a.ndjson", line * 3)
        archive.writestr("b/c.txt", "Exclusion Criteria:\n* Gout")
        archive.writestr("d.gz", gzip.compress(line * 2))
    lined = line * 3 + b"{broken\n"
    return [
        line,
        lined,
        gzip.compress(lined),
        held.getvalue(),
        gzip.compress(held.getvalue()),
        *_fixtures("ictrp.csv", "aact.txt"),
    ]


def _vocabularies() -> list[bytes]:
    return [
        b"concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\tvalid_start_date"
        b"\tvalid_end_date\tinvalid_reason\n1\tGout\tCondition\tSNOMED\tDisorder\tS\t90560007\t19700101\t20991231\t\n",
        b"id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
        b"1\t20020131\t1\t9\t90560007\ten\t900000000000003001\tGout (disorder)\t9\n",
        b'"LOINC_NUM","COMPONENT","PROPERTY","LONG_COMMON_NAME","SHORTNAME","STATUS"\n"4548-4","Hemoglobin A1c","MFr","HbA1c","A1c","ACTIVE"\n',
    ]


def _notations() -> list[bytes]:
    texts = sorted(CORPUS.glob("*/source.txt"), key=lambda path: path.stat().st_size)[:8]
    return [path.read_bytes() + BETWEEN.encode() + path.with_name("criteria.yaml").read_bytes() for path in texts]


# ------------------------------------------------------------------ the list

_FORMS: Mapping[str, tuple[str, ...]] = {
    "text": ("page.txt", "euctr.txt"),
    "page": ("page.txt",),
    "html": ("page.html", "fragment.html", "table.html", "definitions.html", "cris.html", "euctr.html"),
    "json": ("study.json", "full-studies.json", "ctis.json", "isrctn.json", "euctr.json"),
    "xml": ("ctgov.xml", "chictr.xml", "ictrp.xml", "isrctn.xml"),
    "table": ("ictrp.csv", "aact.txt"),
    "ctgov": ("study.json", "full-studies.json", "ctgov.xml", "page.txt"),
    "ctis": ("ctis.json",),
    "euctr": ("euctr.txt", "euctr.json", "euctr.html"),
    "isrctn": ("isrctn.json", "isrctn.xml"),
    "chictr": ("chictr.xml",),
    "ictrp": ("ictrp.csv", "ictrp.xml"),
    "aact": ("aact.txt",),
    "pdf": ("protocol.pdf",),
    "docx": ("protocol.docx",),
}
_STRUCTURED = frozenset({"json", "ctis"})
_SLOW = frozenset({"pdf", "docx"})


def _seeds(container: str) -> list[bytes]:
    names = sorted({n for found in _FORMS.values() for n in found}) if container == "auto" else _FORMS[container]
    texts = _corpus()[:6] if container in ("text", "auto") else ()
    return _fixtures(*names, extra=texts)


def _reader(container: str) -> Target:
    mutate = structured if container in _STRUCTURED else zipped if container == "docx" else mutated
    seconds = 1.5 if container in _SLOW else 0.4
    return Target(
        partial(_read, container),
        partial(_seeds, container),
        mutate,
        seconds=seconds,
        forget=forget,
        share=1 if container in _SLOW else 4,
    )


TARGETS: Mapping[str, Target] = {
    **{container: _reader(container) for container in CONTAINERS},
    "batch": Target(_intake, _packed, seconds=1.0, forget=forget),
    "parser": Target(partial(_parse, "lexicon"), _texts, forget=forget, seconds=0.4, microseconds=100.0, share=14),
    "model": Target(partial(_parse, "model"), _texts, forget=forget, seconds=0.6, microseconds=150.0),
    "load": Target(_load, _documents, structured),
    "exports": Target(_exports, _documents, structured, seconds=1.0, microseconds=400.0, share=1),
    "english": Target(_english, _sentences),
    "fhir": Target(_fhir, lambda: _exported("fhir-r5") + _exported("fhir-r4b"), structured),
    "circe": Target(_circe, lambda: _exported("circe"), structured, seconds=0.5),
    "patients": Target(_patient, _patients, structured),
    "terms": Target(_terms, _vocabularies, seconds=0.6),
    "gold": Target(_gold, _notations, seconds=1.0, microseconds=400.0, share=1),
    "operations": Target(_operation, _bodies, seconds=1.0, microseconds=200.0, forget=forget, share=2),
    "requests": Target(_request, _requests, seconds=2.0, share=2),
}
