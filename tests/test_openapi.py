"""What the service says of itself, and whether it keeps it: schemathesis makes requests from the description."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import factories
from protoparse.batch import Options
from protoparse.model import Criterion, Document, dump
from protoparse.server.answers import PROBLEM
from protoparse.server.messages import EXAMPLES, OPERATIONS, Container
from protoparse.server.operations import perform
from protoparse.sources import CONTAINERS
from serving import Service

HERE = Path(__file__).parent
LIGHT = r"^/(health|metrics|api/v1/(parse|targets|openapi.json|stream/.*|documents/.*))$"
"""What takes no criteria JSON: bodies of these are made in no time."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("store") / "store.sqlite", "--workers", "2", "--max-time", "60") as made:
        yield made
        assert not [line for line in made.told if "internal error" in line or "Traceback" in line], made.told


def test_all_that_is_there_is_described(service: Service) -> None:
    described = service.ask("GET", "/api/v1/openapi.json").json
    assert described["openapi"].startswith("3.1")
    page = service.ask("GET", "/api").content.decode()
    for path, methods in described["paths"].items():
        assert path == "/api/v1/openapi.json" or f"<code>{path}</code>" in page
        for method, operation in methods.items():
            assert operation["summary"]
            assert service.ask(method.upper(), path.replace("{", "").replace("}", "")).status != 405
    names = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_the_examples_are_accepted(service: Service) -> None:
    for name, operation in OPERATIONS.items():
        if isinstance(operation.takes, type):
            body = msgspec.json.encode(EXAMPLES[operation.takes])
            reply = service.ask("POST", f"/api/v1/{name}{'/none' if name == 'export' else ''}", body)
            assert reply.status == (404 if name == "export" else 200), reply.content
    assert service.ask("POST", "/api/v1/check", dump(EXAMPLES[Document])).json == {"problems": []}  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("phases", "examples", "chosen"),
    [
        ("examples,coverage,fuzzing", "25", ["--include-path-regex", LIGHT, "--exclude-method", "PUT"]),
        ("examples,fuzzing", "3", ["--exclude-path-regex", LIGHT]),
        ("examples,stateful", "5", ["--include-path-regex", "^/api/v1/documents"]),
    ],
    ids=["light", "documents", "one after the other"],
)
def test_schemathesis_finds_nothing(
    service: Service, tmp_path: Path, phases: str, examples: str, chosen: list[str]
) -> None:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(HERE / "schemathesis.toml"), "run"),
        *(service.url + "api/v1/openapi.json", "--phases", phases, "--max-examples", examples, *chosen),
        *("--suppress-health-check", "all", "--request-timeout", "90", "--generation-deterministic", "--no-shrink"),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert "Tested: " in done.stdout


# ------------------------------------------------------------------ documents that nobody would write


spans = st.tuples(st.integers(-3, 60), st.integers(-3, 60))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Any that the model allows: rules of any shape, places that are none, ids that come twice."""

    def criterion(depth: int) -> st.SearchStrategy[Criterion]:
        below = st.lists(criterion(depth - 1), max_size=2).map(tuple) if depth else st.just(())
        return st.builds(
            Criterion,
            id=st.sampled_from(["", "inclusion.1", "x"]),
            kind=st.sampled_from(["inclusion", "exclusion", "unspecified"]),
            group=st.none() | st.sampled_from(["A", ""]),
            span=spans,
            combine=st.sampled_from([None, "all", "any", "except", "then"]),
            rule=st.none() | factories.rules,
            children=below,
            unparsed=st.lists(spans, max_size=2).map(tuple),
        )

    text = draw(
        st.sampled_from(["", "Age > 5", "Inclusion Criteria:\n\n* Age 18 years or older\n* no gout", "\0\U0001f9ec"])
    )
    return Document(text=text, criteria=tuple(draw(st.lists(criterion(1), max_size=3))))


@given(old=documents(), new=documents(), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_document_gets_an_answer(old: Document, new: Document, data: st.DataObject) -> None:
    encode = msgspec.json.encode
    new = msgspec.structs.replace(new, text=data.draw(st.sampled_from([old.text, new.text])))
    patient = {
        "format": "protoparse.patient/1",
        "id": "p",
        "birth": "1961",
        "events": [{"domain": "drug", "name": "x"}],
    }
    bodies = {
        "check": dump(old),
        "render": dump(old),
        "evaluate": encode({"gold": old, "predicted": new}),
        "diff": encode({"old": old, "new": new}),
        "screen": encode({"documents": [old, new], "patients": [patient]}),
    }
    for name, body in bodies.items():
        answer = perform(name, OPERATIONS[name].query(), body, Options(concepts="lexicon"))
        assert answer.status in (200, 422), (name, answer.content)
        assert answer.status == 200 or answer.media == PROBLEM


def test_every_container_that_is_read_can_be_named() -> None:
    assert get_args(Container) == CONTAINERS
