"""The service as its users meet it: a real process, asked over HTTP."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import protoparse
from browser import chromium
from missing import absent
from protoparse.model import dump
from serving import Reply, Service, refused
from test_readme import blocks, lay_out

TEXT = "Inclusion Criteria:\n\n* Age 18 years or older\n* No gout within 2 months before screening\n"
STUDY = {"id": "NCT90000001", "text": TEXT}
PATIENT = {"format": "protoparse.patient/1", "id": "p1", "birth": "1961"}
API = "/api/v1"

EXPORTER = """
from protoparse.export import Exporter, Loss, Result

def make(document, *, name):
    return Result(f"{name}: {len(document.criteria)}", (Loss("inclusion.1", "$", "all of it", "it only counts"),))

def raw(document, *, name):
    return Result(b"\\xff\\x00")

COUNT = Exporter("count", "How many criteria there are", ".txt", make)
RAW = Exporter("raw", "Two bytes", ".bin", raw)
"""


@pytest.fixture(scope="module")
def exporters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of somebody else's, with targets to export to."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "counting.py").write_text(EXPORTER, "utf-8")
    about = folder / "counting-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: counting\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text(
        "[protoparse.exporters]\ncount = counting:COUNT\nraw = counting:RAW\n", "utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, exporters: Path) -> Iterator[Service]:
    store = tmp_path_factory.mktemp("store") / "store.sqlite"
    path = os.pathsep.join([str(exporters), *filter(None, [os.environ.get("PYTHONPATH")])])
    with Service(store, "--workers", "2", environment={"PYTHONPATH": path}) as made:
        yield made
        assert not [line for line in made.told if "internal error" in line or "Traceback" in line], made.told


def problem(reply: Reply, status: int) -> str:
    """The detail of a problem, which is one line."""
    assert reply.status == status, reply.content
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json["status"] == status
    assert reply.json["title"]
    detail: str = reply.json["detail"]
    assert detail
    assert "\n" not in detail
    return detail


# ------------------------------------------------------------------ what can be asked for


def test_a_text_parses_as_it_does_in_python(service: Service) -> None:
    reply = service.ask("POST", f"{API}/parse", TEXT, {"Content-Type": "text/plain"})
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert reply.content == dump(protoparse.parse(TEXT))


def test_whoever_does_not_want_confidences_gets_none(service: Service) -> None:
    from protoparse.parsing import Parser

    reply = service.ask("POST", f"{API}/parse?confidence=false", TEXT)
    assert reply.content == dump(Parser(confidence=False).parse(TEXT))


def test_any_container_is_read(service: Service) -> None:
    page = "<html><body><h2>Inclusion Criteria</h2><ul><li>Age &ge; 18 years</ul></body></html>"
    assert "Age ≥ 18 years" in service.ask("POST", f"{API}/parse", page).json["text"]
    assert service.send("POST", f"{API}/parse", STUDY).json["trial"]["id"] == "NCT90000001"
    assert service.ask("POST", f"{API}/parse?container=text", page).json["text"] == page


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("", "the file is empty"),
        ("\0\1\2", "binary"),
        ("[]", "study"),
        ("{", "JSON"),
        (json.dumps([STUDY, STUDY]), "several studies: send them one a line to /api/v1/stream/parse"),
    ],
)
def test_what_is_no_listing_is_refused(service: Service, body: str, cause: str) -> None:
    assert cause in problem(service.ask("POST", f"{API}/parse", body), 422)


def test_criteria_are_checked_rendered_and_exported(service: Service) -> None:
    document = service.send("POST", f"{API}/parse", STUDY).content
    assert service.ask("POST", f"{API}/check", document).json == {"problems": []}
    moved = document.replace(b'"span":[23,44]', b'"span":[23,9999]', 1)
    assert moved != document
    assert service.ask("POST", f"{API}/check", moved).json["problems"]
    english = service.ask("POST", f"{API}/render", document)
    assert english.headers["content-type"] == "text/plain; charset=utf-8"
    assert "person [Age] ≥ 18 years" in english.content.decode()
    markdown = service.ask("POST", f"{API}/render?format=markdown", document)
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    counted = service.ask("POST", f"{API}/export/count", document).json
    assert (counted["payload"], counted["encoding"]) == ("NCT90000001: 2", "text")
    assert counted["losses"] == [
        {"criterion": "inclusion.1", "path": "$", "lost": "all of it", "why": "it only counts"}
    ]
    assert "cannot hold all of it" in problem(service.ask("POST", f"{API}/export/count?strict=true", document), 422)
    raw = service.ask("POST", f"{API}/export/raw?name=mine", document).json
    assert (raw["name"], raw["suffix"], raw["encoding"]) == ("mine", ".bin", "base64")
    assert base64.b64decode(raw["payload"]) == b"\xff\x00"
    assert "no target 'none'" in problem(service.ask("POST", f"{API}/export/none", document), 404)
    listed = service.ask("GET", f"{API}/targets").json["targets"]
    assert {"target": "count", "says": "How many criteria there are", "suffix": ".txt"} in listed


def test_a_prediction_is_measured_and_versions_are_compared(service: Service) -> None:
    gold = service.ask("POST", f"{API}/parse", TEXT).json
    worse = {**gold, "criteria": gold["criteria"][:1]}
    measured = service.send("POST", f"{API}/evaluate", {"gold": gold, "predicted": worse}).json
    assert measured["figures"]["outline"]["recall"] == 0.5
    assert any(error["outcome"] == "missed" for error in measured["errors"])
    other = {"gold": gold, "predicted": service.ask("POST", f"{API}/parse", "Age > 5").json}
    assert "different texts" in problem(service.send("POST", f"{API}/evaluate", other), 422)
    changed = service.send("POST", f"{API}/diff", {"old": gold, "new": worse}).json
    assert [(d["status"], d["old"]) for d in changed["differences"]] == [("lost", "inclusion.2")]


def test_patients_are_screened(service: Service) -> None:
    documents = [service.ask("POST", f"{API}/parse", text).json for text in (TEXT, "Age younger than 18 years")]
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Patient", "id": "b", "birthDate": "2015-01-01"}}],
    }
    asked = {"documents": documents, "patients": [PATIENT, bundle], "day": "2026-03-07"}
    found = service.send("POST", f"{API}/screen", asked).json["screenings"]
    assert [(s["patient"], s["document"], s["answer"]) for s in found] == [
        ("p1", 0, "undetermined"),
        ("p1", 1, "ineligible"),
        ("b", 0, "ineligible"),
        ("b", 1, "eligible"),
    ]
    broken = {"documents": documents, "patients": [PATIENT, {"resourceType": 5}]}
    assert problem(service.send("POST", f"{API}/screen", broken), 422).startswith("patients[1]: ")


@pytest.mark.parametrize("operation", ["check", "render", "evaluate", "diff", "screen", "export/count"])
@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"text": 5}', "[" * 50_000, '{"text":"\\ud800"}'])
def test_what_is_no_document_is_refused(service: Service, operation: str, body: str) -> None:
    reply = service.ask("POST", f"{API}/{operation}", body)
    if operation == "check":  # it says what is wrong, whatever it is
        assert reply.status == 200
        assert reply.json["problems"]
    else:
        problem(reply, 422)


def test_rules_too_deep_are_refused(service: Service) -> None:
    rule: dict[str, object] = {"type": "fact", "domain": "condition", "concept": {"text": "gout"}}
    for _ in range(100):
        rule = {"type": "not", "of": rule}
    deep = {"text": "gout", "criteria": [{"kind": "exclusion", "span": [0, 4], "rule": rule}]}
    for name, body in (("render", deep), ("diff", {"old": deep, "new": deep}), ("documents", {"document": deep})):
        assert "nested deeper than 60 levels" in problem(service.send("POST", f"{API}/{name}", body), 422)


@pytest.mark.parametrize(
    ("path", "status", "cause"),
    [
        ("/api/v1/parse?container=pdfx", 400, "container"),
        ("/api/v1/parse?colour=red", 400, "unknown field `colour`"),
        ("/api/v1/parse?confidence=maybe", 400, "confidence"),
        ("/api/v1/parse?confidence=true&confidence=false", 400, "confidence: given twice"),
        ("/api/v1/parses", 404, "/ says what there is"),
        ("/api/v1/parse/", 404, "/ says what there is"),
    ],
)
def test_what_is_asked_wrongly_is_told(service: Service, path: str, status: int, cause: str) -> None:
    assert cause in problem(service.ask("POST", path, TEXT), status)


def test_a_method_that_a_path_does_not_know(service: Service) -> None:
    reply = service.ask("PATCH", f"{API}/documents/aaaaaaaaaaaaaaaaaaaaaa")
    problem(reply, 405)
    assert {"GET", "PUT", "DELETE"} <= set(reply.headers["allow"].split(", "))
    assert service.ask("HEAD", "/health").content == b""


# ------------------------------------------------------------------ what docs/service.md shows


def test_the_commands_of_the_docs_give_what_stands_below_them(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        absent("curl is not installed", required="PROTOPARSE_CURL_REQUIRED")
    page = Path(__file__).parents[1] / "docs" / "service.md"
    lay_out(page, tmp_path)
    shown = [block.body for block in blocks(page) if block.mark == "served"]
    commands = re.findall(r"^\$ (.+)$", "".join(shown), re.M)
    with Service(tmp_path / "store.sqlite", "--workers", "1") as service:
        lines = [f"echo {shlex.quote(f'$ {command}')}; {command}; echo -n '{END}'" for command in commands]
        script = "\n".join(lines).replace("http://127.0.0.1:8765/", service.url)
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    # an answer that does not end a line is shown as one
    told = "".join(part if part.endswith("\n") else part + "\n" for part in done.stdout.split(END)[:-1])
    assert unlike(told.replace(service.url, "http://127.0.0.1:8765/")) == unlike("".join(shown))


END = "<end>"


def unlike(words: str) -> str:
    """Without what is another each time: ids and moments."""
    return re.sub(r'"[\w-]{22}"|"\d{4}-\d\d-\d\dT[\d:.]+Z"', '"…"', words)


# ------------------------------------------------------------------ streams


def test_a_stream_has_a_row_for_each_line_in_order(service: Service) -> None:
    lines = [
        json.dumps(STUDY),
        "",
        json.dumps("Age > 5"),
        "{broken",
        json.dumps({"id": "X"}),
        json.dumps([STUDY, STUDY]),
        "[" * 10_000,
        *(json.dumps({"id": f"N{n}", "text": f"Age > {n}"}) for n in range(40)),
    ]
    reply = service.ask("POST", f"{API}/stream/parse", "\n".join(lines))
    assert reply.headers["content-type"] == "application/x-ndjson"
    rows = reply.rows
    assert [row["line"] for row in rows] == [1, *range(3, len(lines) + 1)]
    assert rows[0]["result"] == json.loads(dump(protoparse.parse(next(listing(STUDY)))))
    assert rows[1]["result"]["text"] == "Age > 5"
    assert [row["problem"]["status"] for row in rows[2:6]] == [422] * 4
    assert [row["result"]["trial"]["id"] for row in rows[6:]] == [f"N{n}" for n in range(40)]


def listing(study: dict[str, str]) -> Iterator[protoparse.Listing]:
    from protoparse.sources import listings

    return listings(json.dumps(study).encode(), name="")


def test_other_operations_stream_too(service: Service) -> None:
    document = service.ask("POST", f"{API}/parse", TEXT).json
    lines = "\n".join([json.dumps(document), "5"])
    rendered = service.ask("POST", f"{API}/stream/render?format=markdown", lines).rows
    assert "gout" in rendered[0]["result"]
    assert rendered[1]["problem"]["status"] == 422
    assert service.ask("POST", f"{API}/stream/check", lines).rows[0]["result"] == {"problems": []}
    assert service.ask("POST", f"{API}/stream/export/count", lines).rows[0]["result"]["payload"] == "document: 2"
    both = json.dumps({"old": document, "new": document})
    assert service.ask("POST", f"{API}/stream/diff", both).rows[0]["result"]["same"] == 2
    assert service.ask("POST", f"{API}/stream/parse", "").content == b""


def test_who_sends_all_before_reading_anything_is_served(service: Service) -> None:
    """What is not read in time waits on the disk: neither side waits for the other for ever."""
    line = json.dumps(STUDY).encode() + b"\n"
    count = 6000
    reply = service.ask("POST", f"{API}/stream/parse", (line * 100 for _ in range(count // 100)))
    rows = reply.content.splitlines()
    assert len(rows) == count
    assert len(reply.content) > 8 * 2**20
    assert json.loads(rows[-1])["line"] == count


def test_rows_come_while_the_stream_still_goes(service: Service) -> None:
    with service.connected() as one:
        head = f"POST {API}/stream/parse HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        line = json.dumps(STUDY).encode() + b"\n"
        begun = time.monotonic()
        one.sendall(head.encode() + b"%x\r\n%b\r\n" % (len(line), line))
        got = b""
        while b'"line":1' not in got:
            got += one.recv(65536)
        assert time.monotonic() - begun < 15
        one.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(line), line))
        while b'"line":2' not in got or not got.endswith(b"0\r\n\r\n"):
            got += one.recv(65536)


def test_memory_does_not_grow_with_a_stream(service: Service) -> None:
    line = json.dumps({"text": "x" * 2**21}).encode() + b"\n"
    before = int(figures(service)["process_resident_memory_bytes"])
    rows = service.ask("POST", f"{API}/stream/check", (line for _ in range(100))).rows
    assert [row["line"] for row in rows] == list(range(1, 101))
    assert int(figures(service)["process_resident_memory_bytes"]) - before < 60 * 2**20


def test_a_stream_whose_sender_goes_away_is_given_up(service: Service) -> None:
    line = json.dumps(STUDY).encode() + b"\n"
    before = parses(service)
    with service.connected() as one:
        head = f"POST {API}/stream/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(line) * 40_000}\r\n\r\n"
        one.sendall(head.encode() + line * 40_000)
        assert one.recv(100)
    until = time.monotonic() + 20
    while int(figures(service)["protoparse_requests_running"]) > 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert parses(service) == before + 1
    assert figures(service)["protoparse_waiting"] == "0"


def figures(service: Service) -> dict[str, str]:
    lines = service.ask("GET", "/metrics").content.decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def parses(service: Service) -> int:
    """How many streams of listings were answered."""
    name = f'protoparse_requests_total{{method="POST",path="{API}/stream/parse",status="200"}}'
    return int(figures(service).get(name, 0))


# ------------------------------------------------------------------ what every answer carries


def test_pages_run_no_script_that_stands_in_them(service: Service) -> None:
    page = service.ask("GET", "/")
    assert page.headers["content-type"].startswith("text/html")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert re.findall(rb"<script[^>]*>[^<]", page.content) == []
    assert b" style=" not in page.content
    style = re.search(rb'href="(/static/[^"]+)"', page.content)
    assert style is not None
    sheet = service.ask("GET", style[1].decode())
    assert (sheet.status, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")
    again = service.ask("GET", style[1].decode(), headers={"If-None-Match": sheet.headers["etag"]})
    assert (again.status, again.content) == (304, b"")


def test_a_browser_shows_the_first_page_and_complains_of_nothing(service: Service) -> None:
    with chromium() as browser:
        page = browser.new_page()
        complaints: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{service.url}api")
        assert page.get_by_text(f"protoparse {protoparse.__version__}").is_visible()
        assert page.get_by_role("cell", name=f"{API}/parse", exact=True).is_visible()
        assert page.locator("main").evaluate("e => getComputedStyle(e.parentElement).maxWidth") != "none"
        assert all(url.startswith((service.url, "data:")) for url in requests)
        assert not complaints
        # what would run were it not forbidden
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')")
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
        page.wait_for_timeout(200)
        assert page.evaluate("window.ran === undefined")
        assert any("Content Security Policy" in words for words in complaints)


@pytest.mark.parametrize("path", ["/", "/health", "/nothing", f"{API}/parse", f"{API}/openapi.json", "/static/x"])
def test_every_answer_carries_the_policy(service: Service, path: str) -> None:
    headers = service.ask("GET", path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "server" not in headers


@pytest.mark.parametrize(
    "name", ["..%2f..%2fapp.py", "..", "%2e%2e/app.py", "service.css%00", "..%5c..%5capp.py", "/etc/passwd"]
)
def test_no_path_leads_out_of_the_files(service: Service, name: str) -> None:
    assert service.ask("GET", f"/static/{name}").status == 404


def test_health_and_metrics_tell_how_it_goes(service: Service) -> None:
    health = service.ask("GET", "/health").json
    assert (health["status"], health["store"], health["workers"]) == ("ok", "ok", 2)
    assert health["version"] == protoparse.__version__
    service.ask("POST", f"{API}/parse", TEXT)
    service.ask("GET", "/some/where/else")
    service.ask("BREW", "/")
    values = figures(service)
    assert int(values[f'protoparse_requests_total{{method="POST",path="{API}/parse",status="200"}}']) >= 1
    assert int(values['protoparse_requests_total{method="GET",path="other",status="404"}']) >= 1
    assert not any("BREW" in name for name in values)
    assert (
        values[f'protoparse_request_seconds_bucket{{path="{API}/parse",le="+Inf"}}']
        == values[f'protoparse_request_seconds_count{{path="{API}/parse"}}']
    )
    assert int(values["process_resident_memory_bytes"]) > 10_000_000


def test_what_is_no_http_disturbs_nobody(service: Service) -> None:
    for words in (b"\0\1\2\3\r\n\r\n", b"GET / HTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
        with service.connected() as one:
            one.sendall(words)
            assert one.recv(100).startswith(b"HTTP/1.1 400 ")
    assert service.ask("GET", "/health").status == 200


# ------------------------------------------------------------------ limits


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with narrow limits."""
    limits = ("--max-size", "0.5", "--max-time", "2", "--max-stream", "2", "--workers", "1")
    with Service(tmp_path_factory.mktemp("strict") / "store.sqlite", *limits) as made:
        yield made


HARD = "\n".join(f"* No disease {n} or condition {n * 7} within {n} months unless treated {n}" for n in range(5500))
"""Less than the limit of size, more than two seconds of work."""


def test_a_body_that_is_too_large_is_refused(strict: Service) -> None:
    large = b"x" * (2**19 + 1)
    assert "at most 524288 bytes" in problem(strict.ask("POST", f"{API}/parse", large), 413)
    assert "at most 524288 bytes" in problem(strict.ask("POST", f"{API}/parse", iter([large])), 413)
    assert "at most 524288 bytes" in problem(strict.ask("POST", f"{API}/documents", large), 413)
    with strict.connected() as one:
        one.sendall(f"POST {API}/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".encode())
        assert one.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_given_up(strict: Service) -> None:
    with strict.connected() as one:
        one.sendall(f"POST {API}/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nAge".encode())
        assert one.recv(100).startswith(b"HTTP/1.1 408 ")


def test_what_takes_too_long_is_cut_off_and_the_next_is_served(strict: Service) -> None:
    assert len(HARD) < 2**19
    begun = time.monotonic()
    assert problem(strict.ask("POST", f"{API}/parse", HARD), 408) == "not done in 2 s, and cut off"
    assert time.monotonic() - begun < 5
    # the only worker is a new one now, which has to start first
    replies = [strict.ask("POST", f"{API}/parse", TEXT) for _ in range(3)]
    while replies[-1].status == 503 and len(replies) < 20:
        assert replies[-1].headers["retry-after"] == "5"
        replies.append(strict.ask("POST", f"{API}/parse", TEXT))
    assert replies[-1].status == 200
    assert 'protoparse_workers_replaced_total{why="too long"} ' in strict.ask("GET", "/metrics").content.decode()


def test_what_nobody_waits_for_any_more_is_not_begun(strict: Service) -> None:
    def cut_off() -> int:
        return int(figures(strict).get('protoparse_workers_replaced_total{why="too long"}', 0))

    while not strict.ask("GET", "/health").json["idle"]:
        time.sleep(0.1)
    before = cut_off()
    head = f"POST {API}/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(HARD)}\r\n\r\n"
    senders = [strict.connected() for _ in range(4)]
    for one in senders:
        one.sendall(head.encode() + HARD.encode())
    while int(figures(strict)["protoparse_waiting"]) < 3:
        time.sleep(0.02)
    for one in senders:
        one.close()
    while figures(strict)["protoparse_waiting"] != "0" or not strict.ask("GET", "/health").json["idle"]:
        time.sleep(0.05)
    assert cut_off() == before + 1


def test_a_stream_goes_on_behind_what_is_over_the_limits(strict: Service) -> None:
    short, long = json.dumps(STUDY), json.dumps({"text": "x" * 2**19})
    rows = strict.ask("POST", f"{API}/stream/parse", "\n".join([short, long, long, short])).rows
    assert [(row["line"], row.get("problem", {}).get("status")) for row in rows] == [
        (1, None),
        (2, 413),
        (3, 413),
        (4, None),
    ]
    rows = strict.ask("POST", f"{API}/stream/parse", "\n".join([short] * 20_000)).rows
    assert rows[-1]["problem"]["detail"] == "a stream has at most 2 MB"
    assert len(rows) > 5_000
    with strict.connected() as one:
        head = f"POST {API}/stream/parse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
        one.sendall(head.encode() + short.encode() + b"\n")
        got = b""
        while b'"status":408' not in got:
            got += one.recv(65536)
        assert b"nothing came for 2 s" in got


def test_what_is_compressed_is_refused(strict: Service) -> None:
    for path in ("parse", "stream/parse", "documents"):
        reply = strict.ask("POST", f"{API}/{path}", b"\x1f\x8b", {"Content-Encoding": "gzip"})
        assert "not compressed" in problem(reply, 415)


# ------------------------------------------------------------------ who may ask


def basic(user: str, token: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


def test_a_token_is_asked_for(tmp_path: Path) -> None:
    with Service(tmp_path / "store.sqlite", "--workers", "1", environment={"PROTOPARSE_TOKEN": "s3cret"}) as service:
        right = {"Authorization": "Bearer s3cret"}
        assert service.ask("GET", "/health").status == 200
        for path in ("/", "/metrics", f"{API}/documents", f"{API}/openapi.json", "/static/site.css", "/nothing"):
            assert service.ask("GET", path, headers=right).status in (200, 404)
            for wrong in (
                {},
                {"Authorization": "Bearer s3cre"},
                {"Authorization": "Bearer s3crets"},
                {"Authorization": "Bearer \xff"},
                {"Authorization": "Bearer"},
                {"Authorization": "Basic s3cret"},
                {"Authorization": "Digest s3cret"},
                basic("ada", "secret"),
            ):
                reply = service.ask("GET", path, headers=wrong)
                assert "give the token" in problem(reply, 401)
                assert "Basic" in reply.headers["www-authenticate"]
        draft = {"document": {"text": "Age > 5"}}
        kept = service.send("POST", f"{API}/documents", draft, basic("Ada Lovelace", "s3cret"))
        assert kept.json["author"] == "Ada Lovelace"
        assert service.send("POST", f"{API}/documents", draft, right).json["author"] is None
        described = service.ask("GET", f"{API}/openapi.json", headers=right).json
        assert set(described["components"]["securitySchemes"]) == {"bearer", "basic"}
        assert not any("s3cret" in line for line in service.told)


def test_other_machines_are_let_in_with_a_token_alone(tmp_path: Path) -> None:
    code, told = refused("--host", "0.0.0.0", "--store", str(tmp_path / "s"))
    assert code == 1
    assert told == "protoparse: 0.0.0.0 can be reached from other machines: give a token (PROTOPARSE_TOKEN)\n"
    assert not (tmp_path / "s").exists()
    assert refused("--token", " ") == (1, "protoparse: the token is blank\n")
    with Service(tmp_path / "s", "--host", "0.0.0.0", "--token", "t", "--workers", "1") as service:
        reply = service.ask("GET", "/", headers={"Authorization": "Bearer t", "Host": "criteria.example.org"})
        assert reply.status == 200


def test_by_default_only_this_machine_reaches_it(service: Service) -> None:
    assert service.url.startswith("http://127.0.0.1:")
    listening = Path("/proc/net/tcp").read_text().splitlines()
    places = [line.split()[1] for line in listening if line.split()[1].endswith(f":{service.port:04X}")]
    assert "0100007F" in {place.partition(":")[0] for place in places}
    assert "00000000" not in {place.partition(":")[0] for place in places}


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", ""])
def test_another_name_for_this_machine_is_not_answered(service: Service, host: str) -> None:
    reply = service.ask("GET", f"{API}/documents", headers={"Host": host})
    assert "localhost alone" in problem(reply, 421)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_origin_changes_nothing(service: Service, headers: dict[str, str]) -> None:
    before = service.ask("GET", f"{API}/documents").json["total"]
    reply = service.send("POST", f"{API}/documents", {"document": {"text": "Age > 5"}}, headers)
    assert "another origin" in problem(reply, 403)
    assert service.ask("GET", f"{API}/documents").json["total"] == before
    own = {"Origin": f"http://127.0.0.1:{service.port}", "Sec-Fetch-Site": "same-origin"}
    assert service.ask("POST", f"{API}/parse", TEXT, own).status == 200


# ------------------------------------------------------------------ beginning and ending


def test_what_keeps_it_from_beginning_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = f"protoparse: 127.0.0.1:{port}: somebody else listens there; take another --port\n"
        assert refused("--port", str(port), "--store", str(tmp_path / "s")) == (1, line)
    (tmp_path / "text").write_text("no database at all, but a text that is long enough to be looked at\n" * 20)
    (tmp_path / "folder").mkdir()
    for store, cause in (
        (tmp_path / "text", "file is not a database"),
        (tmp_path / "folder", "unable to open database file"),
        (tmp_path / "none" / "there", "unable to open database file"),
    ):
        assert refused("--port", "0", "--store", str(store)) == (1, f"protoparse: {store}: {cause}\n")
    url = f"postgresql://me:secret@/criteria?host={tmp_path}"
    code, told = refused("--port", "0", "--store", url)
    assert (code, told.count("\n")) == (1, 1)
    assert told.startswith("protoparse: postgresql:///criteria: ")
    assert "secret" not in told
    code, told = refused("--port", "0", "--store", str(tmp_path / "s"), "--terms", str(tmp_path / "no.csv"))
    assert (code, told.count("\n")) == (1, 1)
    assert "no.csv" in told
    assert refused("--host", "no such host", "--token", "t", "--port", "0")[0] == 1


@pytest.mark.parametrize(
    ("package", "store", "extra"),
    [
        ("starlette", "{}/s", "protoparse[serve]"),
        ("uvicorn", "{}/s", "protoparse[serve]"),
        ("jinja2", "{}/s", "protoparse[serve]"),
        ("psycopg", "postgresql:///x", "protoparse[postgresql]"),
    ],
)
def test_a_package_that_is_missing_is_named(tmp_path: Path, package: str, store: str, extra: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n", "utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    code, told = refused("--port", "0", "--store", store.format(tmp_path), environment={"PYTHONPATH": path})
    assert (code, told.count("\n")) == (1, 1)
    assert f"pip install '{extra}'" in told
    assert package in told


def slow(service: Service) -> Reply:
    return service.ask("POST", f"{API}/parse", HARD)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_told_to_stop_it_finishes_what_runs(tmp_path: Path, number: int, code: int) -> None:
    with Service(tmp_path / "store.sqlite", "--workers", "1") as service, ThreadPoolExecutor(1) as pool:
        below = service.processes()
        assert len(below) > 1
        running = pool.submit(slow, service)
        while service.ask("GET", "/health").json["idle"]:
            time.sleep(0.05)
        # as a terminal or a supervisor does it: everybody below is told too
        os.killpg(service.process.pid, number)
        assert service.process.wait(60) == code
        assert running.result().status == 200
        assert gone(below)
        assert len(service.told) == 1


def gone(pids: list[int]) -> bool:
    until = time.monotonic() + 20
    while alive := [pid for pid in pids if running(pid)]:
        if time.monotonic() > until:
            raise AssertionError(f"still there: {alive}")
        time.sleep(0.1)
    return True


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_service_leaves_no_process_behind_and_no_write_undone(tmp_path: Path) -> None:
    with Service(tmp_path / "store.sqlite", "--workers", "2") as service:
        kept = service.send("POST", f"{API}/documents", {"document": {"text": "Age > 5"}}).json["id"]
        below = service.processes()
        service.process.kill()
        assert gone(below)
    with Service(tmp_path / "store.sqlite", "--workers", "1") as service:
        assert service.ask("GET", f"{API}/documents/{kept}").json["document"]["text"] == "Age > 5"


def test_a_worker_that_is_killed_is_replaced_and_its_work_done_again(tmp_path: Path) -> None:
    with Service(tmp_path / "store.sqlite", "--workers", "1") as service, ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow, service)
        while service.ask("GET", "/health").json["idle"]:
            time.sleep(0.05)
        kill_workers(service)
        assert running.result().status == 200
        kill_workers(service)  # now while it has nothing to do
        assert service.ask("POST", f"{API}/parse", TEXT).status == 200
        assert figures(service)['protoparse_workers_replaced_total{why="died"}'] == "2"


def test_what_kills_its_process_twice_is_given_up(tmp_path: Path) -> None:
    with Service(tmp_path / "store.sqlite", "--workers", "1") as service, ThreadPoolExecutor(1) as pool:
        running = pool.submit(slow, service)
        while not running.done():
            if not service.ask("GET", "/health").json["idle"]:
                kill_workers(service)
            time.sleep(0.2)
        assert "died, twice" in problem(running.result(), 500)
        assert service.ask("POST", f"{API}/parse", TEXT).status == 200


def kill_workers(service: Service) -> None:
    for pid in service.processes():
        if pid != service.process.pid and memory(pid) > 150:
            os.kill(pid, signal.SIGKILL)


def memory(pid: int) -> float:
    """Megabytes; a worker has the parser loaded, other processes have not."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_each_request_is_logged_where_that_is_asked_for(tmp_path: Path) -> None:
    with Service(tmp_path / "store.sqlite", "--workers", "1", "--access-log") as service:
        service.ask("GET", "/a%0d%0ab%1b[31m?secret=1")
        assert service.end() == 0
        [line] = service.told[1:]
    assert re.fullmatch(r"\S+ 127\.0\.0\.1 GET /a\\r\\nb\\x1b\[31m 404 [\d.]+ ms\n", line)
