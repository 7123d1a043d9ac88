"""The store over HTTP, in SQLite and in a real PostgreSQL: revisions, history, lists, and several who write at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

import protoparse
from protoparse.model import Document, dump
from protoparse.server.store import Draft, StaleError, Wanted, open_store
from server import postgresql
from serving import Reply, Service, refused

DOCUMENTS = "/api/v1/documents"
KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The store of each kind, PostgreSQL's server started when it is first asked for."""
    with ExitStack() as stack:
        made: dict[str, str] = {"sqlite": str(tmp_path_factory.mktemp("store") / "store.sqlite")}

        def place(kind: str) -> str:
            if kind not in made:
                made[kind] = stack.enter_context(postgresql())
            return made[kind]

        yield place


@pytest.fixture(scope="module", params=KINDS)
def service(request: pytest.FixtureRequest, places: Any) -> Iterator[Service]:
    with Service(places(request.param), "--workers", "1") as made:
        yield made
        assert not [line for line in made.told if "internal error" in line or "Traceback" in line], made.told


def text(words: str, **trial: object) -> dict[str, Any]:
    return {"text": words, "trial": trial}


def keep(service: Service, document: dict[str, Any], **draft: object) -> dict[str, Any]:
    reply = service.send("POST", DOCUMENTS, {"document": document, **draft})
    assert reply.status == 201, reply.content
    entry: dict[str, Any] = reply.json
    assert reply.headers["location"] == f"{DOCUMENTS}/{entry['id']}"
    assert reply.headers["etag"] == '"1"'
    return entry


def save(service: Service, id: str, revision: int, document: dict[str, Any], **draft: object) -> Reply:
    return service.send("PUT", f"{DOCUMENTS}/{id}", {"document": document, **draft}, {"If-Match": f'"{revision}"'})


def test_a_document_is_kept_as_it_is(service: Service) -> None:
    document = protoparse.parse('Exclusion Criteria:\n\n* Gout \U0001f9ec or "é"\n* no stroke within 6 months')
    entry = keep(service, json.loads(dump(document)), author="Ada", name="first", edits=2)
    assert (entry["name"], entry["author"], entry["edits"]) == ("first", "Ada", 2)
    assert (entry["revision"], entry["gold"], entry["criteria"]) == (1, False, 2)
    assert entry["created"] == entry["changed"]
    assert service.ask("GET", f"{DOCUMENTS}/{entry['id']}/criteria").content == dump(document)
    reply = service.ask("GET", f"{DOCUMENTS}/{entry['id']}")
    whole = reply.json
    assert {name: whole[name] for name in entry} == entry
    assert whole["review"] == {}
    again = service.ask("GET", f"{DOCUMENTS}/{entry['id']}", headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status, again.content) == (304, b"")


def test_a_name_is_given_where_there_is_none(service: Service) -> None:
    assert keep(service, text("Age > 5", id="NCT90000007"))["name"] == "NCT90000007"
    assert keep(service, text("Age > 5", title="A trial\nof gout"))["name"] == "A trial\nof gout"
    entry = keep(service, text("Age > 5"))
    assert (entry["name"], entry["author"], entry["gold"]) == ("untitled", None, True)
    assert save(service, entry["id"], 1, text("Age > 6"), name="mine").json["name"] == "mine"
    assert save(service, entry["id"], 2, text("Age > 7")).json["name"] == "mine"


def test_a_revision_is_saved_and_the_older_ones_stay(service: Service) -> None:
    id = keep(service, text("Age > 5"), author="Ada", edits=1)["id"]
    reply = save(
        service, id, 1, text("Age > 6"), author="Bo", edits=3, remark="six", review={"inclusion.1": "accepted"}
    )
    assert (reply.status, reply.headers["etag"]) == (200, '"2"')
    assert (reply.json["revision"], reply.json["author"], reply.json["edits"]) == (2, "Bo", 4)
    now = service.ask("GET", f"{DOCUMENTS}/{id}").json
    assert (now["document"]["text"], now["review"]) == ("Age > 6", {"inclusion.1": "accepted"})
    before = service.ask("GET", f"{DOCUMENTS}/{id}/revisions/1").json
    assert (before["document"]["text"], before["author"], before["revision"]) == ("Age > 5", "Ada", 1)
    history = service.ask("GET", f"{DOCUMENTS}/{id}/revisions").json["revisions"]
    told = [(r["revision"], r["author"], r["edits"], r["remark"], r["deleted"]) for r in history]
    assert told == [(2, "Bo", 3, "six", False), (1, "Ada", 1, "", False)]
    assert history[0]["at"] == now["changed"]


def test_who_saves_second_is_told_what_is_newer(service: Service) -> None:
    id = keep(service, text("Age > 5"), author="Ada")["id"]
    assert save(service, id, 1, text("Age > 6"), author="Bo").status == 200
    late = save(service, id, 1, text("Age > 7"), author="Cy")
    assert (late.status, late.headers["etag"]) == (412, '"2"')
    assert late.json["detail"] == "revision 2 is newer, by Bo: look at it, then save again"
    assert (late.json["current"]["revision"], late.json["current"]["author"]) == (2, "Bo")
    assert service.ask("GET", f"{DOCUMENTS}/{id}").json["document"]["text"] == "Age > 6"
    assert len(service.ask("GET", f"{DOCUMENTS}/{id}/revisions").json["revisions"]) == 2
    assert save(service, id, 3, text("Age > 8")).status == 412


@pytest.mark.parametrize(
    ("given", "status"),
    [({}, 428), ({"If-Match": "*"}, 400), ({"If-Match": '"1", "2"'}, 400), ({"If-Match": "one"}, 400)],
)
def test_nothing_is_changed_without_saying_what_it_was(service: Service, given: dict[str, str], status: int) -> None:
    id = keep(service, text("Age > 5"))["id"]
    assert service.send("PUT", f"{DOCUMENTS}/{id}", {"document": text("Age > 6")}, given).status == status
    assert service.ask("DELETE", f"{DOCUMENTS}/{id}", headers=given).status == status
    assert service.ask("GET", f"{DOCUMENTS}/{id}").json["revision"] == 1


def test_what_is_deleted_can_be_put_back(service: Service) -> None:
    id = keep(service, text("Age > 5"), name="to be deleted")["id"]
    assert service.ask("DELETE", f"{DOCUMENTS}/{id}?author=Bo", headers={"If-Match": '"9"'}).status == 412
    reply = service.ask("DELETE", f"{DOCUMENTS}/{id}?author=Bo", headers={"If-Match": '"1"'})
    assert (reply.status, reply.content) == (204, b"")
    for path in ("", "/criteria", "/revisions", "/revisions/1"):
        gone = service.ask("GET", f"{DOCUMENTS}/{id}{path}")
        assert (gone.status, gone.json["detail"]) == (404, "deleted, as revision 2: POST to its /restore puts it back")
    assert save(service, id, 2, text("Age > 6")).status == 404
    assert id not in listed(service)
    assert id in listed(service, "deleted=true")
    back = service.ask("POST", f"{DOCUMENTS}/{id}/restore?author=Cy").json
    assert (back["revision"], back["author"], back["deleted"]) == (3, "Cy", False)
    assert service.ask("POST", f"{DOCUMENTS}/{id}/restore").status == 404
    assert service.ask("GET", f"{DOCUMENTS}/{id}").json["document"]["text"] == "Age > 5"
    history = service.ask("GET", f"{DOCUMENTS}/{id}/revisions").json["revisions"]
    assert [(r["remark"], r["deleted"], r["author"]) for r in history] == [
        ("restored", False, "Cy"),
        ("deleted", True, "Bo"),
        ("", False, None),
    ]
    assert service.ask("GET", f"{DOCUMENTS}/{id}/revisions/2").json["deleted"] is True


def listed(service: Service, query: str = "", *, limit: int = 200) -> list[str]:
    """The ids of all pages of a list."""
    found: list[str] = []
    after = ""
    while True:
        page = service.ask("GET", f"{DOCUMENTS}?limit={limit}&{query}{after}").json
        found += [entry["id"] for entry in page["documents"]]
        assert len(page["documents"]) <= limit
        if page["next"] is None:
            assert len(found) == page["total"]
            return found
        after = f"&after={page['next']}"


def test_documents_are_found_by_their_words(service: Service) -> None:
    one = keep(service, text("Keine ÄNDERUNG, 100% sure_of it!", id="NCT90000011"), author="Dee")["id"]
    two = keep(service, text("Nothing of the kind", id="NCT90000012", title="Änderung"), author="Eve")["id"]
    assert set(listed(service, "q=%C3%A4nderung")) == {one, two}
    assert listed(service, "q=%C3%A4nderung+keine") == [one]
    assert listed(service, "q=100%25+sure_of") == [one]
    assert listed(service, "q=100_") == listed(service, "q=%27;--") == []
    assert listed(service, "q=it!") == [one]
    assert listed(service, "trial=NCT90000012") == listed(service, "author=Eve") == [two]
    assert listed(service, "trial=NCT90000012&author=Dee") == []
    assert listed(service, "trial=NCT90000012&gold=true") == [two]
    assert listed(service, "trial=NCT90000012&gold=false") == []


def test_lists_come_in_pages_and_orders(service: Service) -> None:
    names = ["b", "a", "c", "a", "e", "d", "É", "a"]
    made = [keep(service, text("x", id="NCT90000013"), name=name)["id"] for name in names]
    assert save(service, made[1], 1, text("y", id="NCT90000013")).status == 200
    of = "trial=NCT90000013"
    for limit in (1, 3, 8, 200):
        assert listed(service, f"{of}&sort=created", limit=limit) == made[::-1]
        newest = [made[1], *[id for id in made[::-1] if id != made[1]]]
        assert listed(service, f"{of}&sort=changed", limit=limit) == newest
        by_name = listed(service, f"{of}&sort=name", limit=limit)
        assert [names[made.index(id)] for id in by_name][:6] == ["a", "a", "a", "b", "c", "d"]
        assert len(set(by_name)) == 8
    cursor = service.ask("GET", f"{DOCUMENTS}?{of}&limit=1&sort=name").json["next"]
    for wrong in (
        f"sort=created&after={cursor}",
        "after=",
        "after=%00",
        "after=AAAA",
        "limit=0",
        "limit=201",
        "q=%FF&sort=x",
    ):
        assert service.ask("GET", f"{DOCUMENTS}?{wrong}").status in (400, 422), wrong


@pytest.mark.parametrize(
    "id",
    [
        "..%2f..%2fetc%2fpasswd",
        "../../store.sqlite",
        "'; DROP TABLE protoparse_documents; --",
        "%00",
        "a" * 22,
        "1",
        "é",
    ],
)
def test_an_id_is_no_path_and_no_command(service: Service, id: str) -> None:
    quoted = "".join(
        c if (c.isalnum() and c.isascii()) or c in "%./-_" else "".join(f"%{b:02x}" for b in c.encode()) for c in id
    )
    for method, path in (
        ("GET", ""),
        ("GET", "/criteria"),
        ("GET", "/revisions"),
        ("GET", "/revisions/1"),
        ("DELETE", ""),
    ):
        reply = service.ask(method, f"{DOCUMENTS}/{quoted}{path}", headers={"If-Match": '"1"'})
        assert reply.status in (404, 405), reply.content
    assert service.ask("GET", DOCUMENTS).status == 200


@pytest.mark.parametrize(
    ("draft", "cause"),
    [
        ({}, "document"),
        ({"document": {"text": 5}}, "$.document.text"),
        ({"document": {"text": "x", "criteria": [{"kind": "x", "span": [0, 1]}]}}, "$.document.criteria[0].kind"),
        ({"document": {"text": "x"}, "name": "a\nb"}, "name"),
        ({"document": {"text": "x"}, "name": ""}, "name"),
        ({"document": {"text": "x"}, "author": "\u0000"}, "author"),
        ({"document": {"text": "x"}, "author": "x" * 201}, "author"),
        ({"document": {"text": "x"}, "edits": -1}, "edits"),
        ({"document": {"text": "x"}, "edits": 2**40}, "edits"),
        ({"document": {"text": "x"}, "review": []}, "review"),
        ({"document": {"text": "x"}, "revision": 7}, "revision"),
    ],
)
def test_what_is_no_draft_is_refused(service: Service, draft: dict[str, Any], cause: str) -> None:
    reply = service.send("POST", DOCUMENTS, draft)
    assert reply.status == 422
    assert cause in reply.json["detail"]


def test_any_text_is_kept(service: Service) -> None:
    strange = "\u0000 \\u0000 \u2028 \U0001f9ec \x7f <script>alert(1)</script> ' \" ; -- %s ?"
    entry = keep(
        service, text(strange, id=strange, title=strange), remark=strange, review={"x": strange, "y": [1.5, None]}
    )
    whole = service.ask("GET", f"{DOCUMENTS}/{entry['id']}")
    assert whole.headers["content-type"] == "application/json"
    assert whole.json["document"]["text"] == whole.json["document"]["trial"]["id"] == strange
    assert whole.json["review"] == {"x": strange, "y": [1.5, None]}
    assert listed(service, "q=alert(1)%3C/script%3E") == [entry["id"]]


# ------------------------------------------------------------------ several at once


WRITERS, WRITES = 12, 15


@pytest.mark.parametrize("kind", KINDS)
def test_of_many_who_write_at_once_nobody_is_written_over(places: Any, kind: str) -> None:
    """Two services on one store: each writer reads, adds a word of its own and saves, again where it was late."""
    with Service(places(kind), "--workers", "1") as one, Service(places(kind), "--workers", "1") as two:
        id = keep(one, text("words:"))["id"]

        def write(writer: int) -> int:
            service, late = (one, two)[writer % 2], 0
            for n in range(WRITES):
                while True:
                    now = service.ask("GET", f"{DOCUMENTS}/{id}").json
                    words = f"{now['document']['text']} {writer}.{n}"
                    reply = save(service, id, now["revision"], text(words), author=f"w{writer}", edits=1)
                    if reply.status == 200:
                        assert reply.json["revision"] == now["revision"] + 1
                        break
                    assert reply.status == 412, reply.content
                    late += 1
            return late

        with ThreadPoolExecutor(WRITERS) as pool:
            late = sum(pool.map(write, range(WRITERS)))
        now = two.ask("GET", f"{DOCUMENTS}/{id}").json
        written = now["document"]["text"].split()[1:]
        assert sorted(written) == sorted(f"{writer}.{n}" for writer in range(WRITERS) for n in range(WRITES))
        assert (now["revision"], now["edits"]) == (1 + WRITERS * WRITES, WRITERS * WRITES)
        assert late > 0
        history = one.ask("GET", f"{DOCUMENTS}/{id}/revisions").json["revisions"]
        assert [r["revision"] for r in history] == list(range(now["revision"], 0, -1))
        assert [r["at"] for r in history] == sorted((r["at"] for r in history), reverse=True)


def test_a_store_that_goes_away_is_told_and_comes_back(tmp_path: Path) -> None:
    with postgresql() as url, Service(url, "--workers", "1") as service:
        id = keep(service, text("Age > 5"))["id"]
        place = url.partition("host=")[2]
        # its folder under another name: nobody can connect any more, and who is connected is sent away
        moved = Path(place).with_name("away" + Path(place).name)
        with psycopg.connect(url) as connection:
            Path(place).rename(moved)
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        try:
            reply = service.ask("GET", f"{DOCUMENTS}/{id}")
            assert (reply.status, reply.headers["retry-after"]) == (503, "5")
            assert reply.json["detail"].startswith("the store: postgresql:///postgres: ")
            assert service.ask("GET", "/health").status == 503
            assert service.ask("POST", "/api/v1/parse", "Age > 5").status == 200
        finally:
            moved.rename(place)
        assert service.ask("GET", f"{DOCUMENTS}/{id}").status == 200
        assert service.ask("GET", "/health").json["status"] == "ok"


# ------------------------------------------------------------------ the file itself


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "other.sqlite"
    with sqlite3.connect(place) as base:
        base.execute("CREATE TABLE documents (id)")
    base.close()
    code, told = refused("--port", "0", "--store", str(place))
    assert (code, told) == (1, f"protoparse: {place}: a database of something else, not a store of protoparse\n")
    with sqlite3.connect(place) as base:
        assert base.execute("SELECT name FROM sqlite_master").fetchall() == [("documents",)]
    base.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_of_a_later_version_is_left_alone(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        place = str(tmp_path / "s.sqlite") if kind == "sqlite" else stack.enter_context(postgresql())
        open_store(place).close()
        if kind == "sqlite":
            with sqlite3.connect(place) as base:
                base.execute("UPDATE protoparse_store SET version = 99")
            base.close()
        else:
            with psycopg.connect(place) as base:
                base.execute("UPDATE protoparse_store SET version = 99")
        code, told = refused("--port", "0", "--store", place)
        assert (code, told.count("\n")) == (1, 1)
        assert told.endswith(": written by a later protoparse: version 99, this one knows 1\n")


@pytest.mark.parametrize("kind", KINDS)
def test_two_may_make_a_store_at_once(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        place = str(tmp_path / "s.sqlite") if kind == "sqlite" else stack.enter_context(postgresql())
        stores = list(pool.map(lambda _: open_store(place), range(8)))
        draft = Draft(document=Document(text="x"))
        made = [store.create(draft).id for store in stores]
        assert {entry.id for entry in stores[0].entries(Wanted()).documents} == set(made)
        stores[0].replace(made[5], draft, revision=1)
        with pytest.raises(StaleError):
            stores[1].replace(made[5], draft, revision=1)
        for store in stores:
            store.close()
