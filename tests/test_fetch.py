"""Records fetched from a registry that answers over HTTP on this machine."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from protoparse import __version__, cli
from protoparse.errors import FetchError
from protoparse.fetching import Registry, cache_folder
from registry import Served, breaks_off, fails, says, sleeps, study

ONE, TWO, THREE, NONE = "NCT00000001", "NCT00000002", "NCT00000003", "NCT00000009"


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(ONE, TWO, THREE) as running:
        yield running


def registry(served: Served, **options: Any) -> Registry:
    return Registry(base_url=served.url, **{"per_minute": 1e6, "timeout": 5} | options)


def fetch(served: Served, *args: str | Path) -> int:
    quick = ["--base-url", served.url, "--per-minute", "100000"]
    return cli.main(["fetch", *map(str, args), *quick])


def refused(served: Served, number: str = ONE, **options: Any) -> str:
    with registry(served, **options) as asked, pytest.raises(FetchError) as error:
        asked.record(number)
    return str(error.value)


# ------------------------------------------------------------------ the registry


def test_a_record_is_one_line(served: Served) -> None:
    with registry(served) as asked:
        line = asked.record(ONE.lower())
    assert json.loads(line) == study(ONE)
    assert b"\n" not in line
    assert served.asked[0][0].startswith(f"/api/v2/studies/{ONE}?")
    assert served.asked[0][1]["user-agent"].startswith(f"protoparse/{__version__} ")


@pytest.mark.parametrize(
    "fault", [fails(429, Retry_After="0"), fails(500), fails(503), breaks_off], ids=["busy", "error", "away", "broken"]
)
def test_what_passes_is_asked_again(served: Served, fault: Any) -> None:
    served.faults = [fault, fault]
    with registry(served) as asked:
        assert json.loads(asked.record(ONE)) == study(ONE)
    assert len(served.asked) == 3


def test_the_pause_that_is_wanted_is_made(served: Served) -> None:
    served.faults = [fails(429, Retry_After="1")]
    with registry(served) as asked:
        asked.record(ONE)
    assert served.times[1] - served.times[0] >= 1
    served.faults = [fails(429, Retry_After="86400")]
    assert refused(served) == "the registry answers with 429 and wants a pause of 86400 seconds"


def test_a_silent_registry_is_not_waited_for(served: Served) -> None:
    served.faults = [sleeps, sleeps]
    assert refused(served, timeout=0.2, tries=2) == "no answer within 0.2 seconds, 2 times"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (says(b"<html>"), "the registry answers with no JSON"),
        (says(b"[]"), "the registry answers with no JSON object"),
        (says(json.dumps(study(TWO)).encode()), f"the registry answers with no record of {ONE}"),
        (says(b'{"protocolSection": 3}'), f"the registry answers with no record of {ONE}"),
        (fails(403), "the registry refuses with 403: not now"),
        (says(b"x" * 5000), "an answer of more than 4000 bytes"),
        (fails(302, Location="http://elsewhere.example/x"), "the registry sends to another host, elsewhere.example"),
    ],
)
def test_what_is_no_record_is_told_at_once(served: Served, fault: Any, cause: str) -> None:
    served.faults = [fault]
    assert refused(served, largest=4000).startswith(cause)
    assert len(served.asked) == 1


def test_it_is_followed_on_the_same_host(served: Served) -> None:
    served.studies[TWO] = study(TWO, nctIdAliases=[ONE])
    served.faults = [fails(301, Location=f"/api/v2/studies/{TWO}")]
    with registry(served) as asked:
        assert json.loads(asked.record(ONE)) == served.studies[TWO]
    served.faults = [fails(301, Location=f"/api/v2/studies/{TWO}")] * 9
    assert refused(served) == "the registry sends on more than 3 times"


def test_nobody_is_hurried(served: Served) -> None:
    with registry(served, per_minute=300) as asked:
        for number in (ONE, TWO, THREE):
            asked.record(number)
    assert served.times[2] - served.times[0] >= 0.38


def test_a_search_is_paged(served: Served) -> None:
    with registry(served) as asked:
        found = list(asked.search(condition="gout", status=("RECRUITING", "COMPLETED")))
        assert [record.number for record in found] == [ONE, TWO, THREE]
        assert [record.number for record in asked.search(term="x", limit=1)] == [ONE]
    assert "query.cond=gout" in served.asked[0][0]
    assert "filter.overallStatus=RECRUITING%7CCOMPLETED" in served.asked[0][0]
    assert "pageToken=2" in served.asked[1][0]
    assert len(served.asked) == 3


def test_a_page_that_comes_again_is_the_end(served: Served) -> None:
    page = json.dumps({"studies": [study(ONE)], "nextPageToken": "a"}).encode()
    served.faults = [says(page), says(page)]
    with registry(served) as asked, pytest.raises(FetchError, match="the same page again"):
        list(asked.search(term="x"))


# ------------------------------------------------------------------ the cache


def test_what_is_kept_is_not_asked_for(served: Served, tmp_path: Path) -> None:
    for _ in range(2):
        with registry(served, cache=tmp_path) as asked:
            assert json.loads(asked.record(ONE)) == study(ONE)
    assert len(served.asked) == 1


def test_what_is_old_is_asked_for_by_its_mark(served: Served, tmp_path: Path) -> None:
    with registry(served, cache=tmp_path, max_age=0) as asked:
        asked.record(ONE)
        assert json.loads(asked.record(ONE)) == study(ONE)
        assert "if-none-match" in served.asked[1][1]
        served.studies[ONE] = study(ONE, acronym="NEW")
        assert json.loads(asked.record(ONE)) == served.studies[ONE]
        assert json.loads(asked.record(ONE)) == served.studies[ONE]


@pytest.mark.parametrize("content", [b"", b"{", b'{"etag": "", "fetched": 9e9}\n{}', b"\xff\n\xff", b"[]\n[]"])
def test_a_broken_file_is_none(served: Served, tmp_path: Path, content: bytes) -> None:
    with registry(served, cache=tmp_path) as asked:
        asked.record(ONE)
        [file] = tmp_path.rglob("*.json")
        file.write_bytes(content)
        assert json.loads(asked.record(ONE)) == study(ONE)
    assert len(served.asked) == 2


def test_a_mirror_has_records_of_its_own(served: Served, tmp_path: Path) -> None:
    with registry(served, cache=tmp_path) as asked, Served() as empty:
        asked.record(ONE)
        assert refused(empty, cache=tmp_path) == f"{ONE}: not in the registry"


def test_two_at_once(served: Served, tmp_path: Path) -> None:
    numbers = [f"NCT{n:08}" for n in range(100, 130)]
    served.studies |= {number: study(number) for number in numbers}
    command = [sys.executable, "-m", "protoparse", "fetch", *numbers, "--cache", str(tmp_path / "cache"),
               "--max-age", "0", "--per-minute", "100000", "--base-url", served.url]  # fmt: skip
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert (run.returncode, err) == (0, b"")
        assert [json.loads(line) for line in out.splitlines()] == [study(number) for number in numbers]
    kept = list((tmp_path / "cache").rglob("*"))
    assert sorted(file.name for file in kept if file.is_file()) == [f"{number}.json" for number in numbers]


def test_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "protoparse" / "registry"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_folder() == Path.home() / ".cache" / "protoparse" / "registry"


def test_a_cache_that_cannot_be_written_is_none(served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with registry(served, cache=tmp_path / "file") as asked:
        assert json.loads(asked.record(ONE)) == study(ONE)


# ------------------------------------------------------------------ the command


def test_lines_and_what_is_not_there(served: Served, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert fetch(served, ONE, NONE, TWO, ONE, "--no-cache") == 1
    out, err = capfdbinary.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [study(ONE), study(TWO)]
    assert err.decode() == f"protoparse: {NONE}: not in the registry\n"


def test_it_is_parsed(served: Served, tmp_path: Path) -> None:
    run = f"'{sys.executable}' -m protoparse"
    command = f"{run} fetch {ONE} {TWO} --no-cache | {run} parse - --format ndjson"
    done = subprocess.run(
        ["bash", "-c", command], env=os.environ | {"PROTOPARSE_REGISTRY": served.url}, capture_output=True, timeout=120
    )
    assert done.stderr == b""
    assert [json.loads(line)["trial"]["id"] for line in done.stdout.splitlines()] == [ONE, TWO]


def test_files_and_numbers_from_a_file(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "numbers.txt").write_text(f"# two\n{ONE}, {TWO}\n\n")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{THREE}\n".encode())))
    numbers, out, cache = f"@{tmp_path}/numbers.txt", tmp_path / "out", tmp_path / "cache"
    assert fetch(served, numbers, "-", "--out", out, "--cache", cache) == 0
    assert sorted(file.name for file in out.iterdir()) == [f"{n}.json" for n in (ONE, TWO, THREE)]
    assert fetch(served, numbers, "--out", out, "--cache", cache) == 0
    assert len(served.asked) == 3
    assert capsys.readouterr() == ("", "")


def test_a_search(served: Served, tmp_path: Path) -> None:
    assert fetch(served, "--condition", "gout", "--limit", "2", "--out", tmp_path / "out", "--no-cache") == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [f"{ONE}.json", f"{TWO}.json"]


@pytest.mark.parametrize(
    ("args", "cause"),
    [
        ((ONE, "NCT12"), "'NCT12': no number of a trial"),
        ((ONE, "NCT０００００００１"), "no number of a trial"),
        ((), "give numbers of trials, or a search"),
        ((ONE, "--term", "x"), "give numbers of trials, or a search"),
        (("@nothing.txt",), "nothing.txt: No such file or directory"),
    ],
)
def test_wrong_usage_asks_nothing(
    served: Served, args: tuple[str, ...], cause: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(served, *args) == 2
    assert cause in capsys.readouterr().err
    assert served.asked == []


def test_an_address_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fetch", ONE, "--base-url", "ftp://x", "--no-cache"]) == 1
    assert capsys.readouterr().err == "protoparse: 'ftp://x' is no address of a registry: it begins with https://\n"


def test_nobody_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Served(ONE) as gone:
        url = gone.url
    start = time.monotonic()
    assert cli.main(["fetch", ONE, "--base-url", url, "--no-cache", "--tries", "2"]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"protoparse: {ONE}: ConnectError: ")
    assert err.endswith(", 2 times\n")
    assert time.monotonic() - start < 20


def test_without_httpx_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['httpx'] = None; from protoparse.cli import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, "fetch", ONE], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "protoparse: fetching needs httpx: pip install 'protoparse[fetch]'\n"
