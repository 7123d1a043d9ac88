"""The service under load: many clients at once, on this machine, for a minute.

In: texts of some 3 kB. Out: how long parses and writes took in the middle and at the slow end, how that compares with
the parse alone; requests that failed; writes that were acknowledged and are not in the store's history; and memory.

A client sends its next request only after a pause, as people and programs do; the pauses are drawn at random, with the
given mean. With `--pause 0` nobody pauses: then each request waits for all the others', whatever the service does (64
clients on 2 cores wait for 32 parses), and what is measured is how many it gets done.

    python benchmarks/serving.py [--clients 64] [--seconds 60] [--pause 1.5] [--store postgresql://…] [--json FILE]

Seven requests in ten are a parse, of a text that was not sent before; of the others, one reads a document, one saves a
revision of one that all share, and one keeps a new one. With `--limit 5` the exit code is 1 where anything failed or
was lost, where the 95th percentile of parses is above five times the parse alone, or where memory grew by a tenth in
the second half. Before the minute begins, so many other texts are parsed that the parsers remember as many criteria as
they ever do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from measuring import record
from texts import bulk, corpus

SIZE = 3000
ALONE = 300
"""So many texts are parsed alone, for comparison."""
SHARED = 8
"""So many documents that everybody writes to."""
KINDS = ("parse",) * 7 + ("read", "save", "keep")


def main() -> int:
    options = argparse.ArgumentParser(description="The service under load.")
    options.add_argument("--clients", type=int, default=64)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument(
        "--pause", type=float, default=1.5, help="the mean pause of a client between requests, seconds"
    )
    options.add_argument("--workers", type=int, help="of the service; by default one a core")
    options.add_argument("--warm", type=int, default=1500, help="texts before the minute, so that caches are full")
    options.add_argument("--store", help="a postgresql:// URL; by default a SQLite file of its own")
    options.add_argument("--json", help="write the figures to this file")
    options.add_argument("--limit", type=float, help="the most that the slow end may be, in times of the parse alone")
    given = options.parse_args()

    texts = _texts()
    unseen, alone = texts[ALONE:], texts[:ALONE]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        parsed = pool.apply(_alone, (alone,))
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_loaded(given, given.store or f"{folder}/store.sqlite", unseen))
    figures["alone_ms"] = parsed
    figures["times_alone"] = round(figures["ms"]["parse"]["p95"] / parsed["median"], 2)
    figures |= {"clients": given.clients, "seconds": given.seconds, "pause": given.pause, "warm": given.warm}
    _tell(figures)
    record("serving", figures, given.json)
    if given.limit is None:
        return 0
    bad = figures["failed"] or figures["lost"] or figures["memory_grew"] > 0.1 or figures["times_alone"] > given.limit
    return int(bool(bad))


def _texts() -> list[str]:
    """Texts of the size, no two alike: a registry's, joined and cut at line ends; or of the project's own lines."""
    rng = random.Random(7)
    if os.environ.get("PROTOPARSE_DATA"):
        found = [text for _, text in bulk() if len(text) <= SIZE]
        rng.shuffle(found)
        return list(_pieces("\n\n".join(found).splitlines()))
    return _varied(rng)


def _varied(rng: random.Random) -> list[str]:
    lines = [line for _, text in corpus() for line in text.splitlines() if line.startswith("* ")]

    def varied() -> Iterator[str]:
        for count in range(100_000):
            if count % 12 == 0:
                yield rng.choice(("Inclusion Criteria:", "Exclusion Criteria:"))
            words = rng.choice(lines).split(" ")
            yield " ".join(str(rng.randrange(2, 400)) if word.isdigit() else word for word in words)

    return list(_pieces(varied()))


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    held: list[str] = []
    for line in lines:
        if sum(map(len, held)) + len(held) + len(line) > SIZE:
            yield "\n".join(held)
            held = []
        held.append(line)


def _alone(texts: list[str]) -> dict[str, float]:
    """Milliseconds of a parse with its JSON, in a process that does nothing else."""
    from protoparse.model import dump
    from protoparse.parsing import Parser

    parser = Parser()
    taken = []
    for text in texts:
        begun = time.perf_counter()
        dump(parser.parse(text))
        taken.append(1000 * (time.perf_counter() - begun))
    return _spread(taken[len(taken) // 10 :])


def _spread(taken: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(taken, n=100, method="inclusive") if len(taken) > 1 else [*taken, 0.0] * 99
    found = {"median": cut[49], "p95": cut[94], "p99": cut[98], "most": max(taken)}
    return {name: round(value, 1) for name, value in found.items()}


class Client:
    """One connection that stays open, and what was asked and answered over it."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length = next((int(line[15:]) for line in head if line.lower().startswith("content-length:")), 0)
        return int(head[0].split()[1]), await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


class Load:
    """What all clients share: texts, what they count, what was acknowledged."""

    def __init__(self, address: tuple[str, int], texts: list[str], shared: list[str], pause: float) -> None:
        self.address, self.texts, self.shared, self.pause = address, iter(texts), shared, pause
        self.taken: defaultdict[str, list[float]] = defaultdict(list)
        self.failed: Counter[str] = Counter()
        self.kept: list[tuple[str, int, str]] = []
        self.late = 0
        self.again = 0

    async def warm(self) -> None:
        client = Client(*self.address)
        for text in self.texts:
            await client.ask("POST", "/api/v1/parse", text.encode())
        client.close()

    async def client(self, number: int, until: float) -> None:
        rng = random.Random(number)
        client = Client(*self.address)
        acts: dict[str, Callable[..., Any]] = {
            "parse": self.parse,
            "read": self.read,
            "save": self.save,
            "keep": self.keep,
        }
        await asyncio.sleep(rng.uniform(0, self.pause))
        turn = 0
        while time.monotonic() < until:
            kind = rng.choice(KINDS)
            turn += 1
            try:
                await acts[kind](client, rng, f"{number}.{turn}")
            except (OSError, EOFError, ValueError) as error:
                self.failed[f"{kind}: {type(error).__name__}"] += 1
                client.close()
                client = Client(*self.address)
            if self.pause:
                await asyncio.sleep(rng.expovariate(1 / self.pause))
        client.close()

    async def timed(self, kind: str, client: Client, *request: Any, **headers: str) -> tuple[int, bytes]:
        begun = time.perf_counter()
        status, body = await client.ask(*request, **headers)
        self.taken[kind].append(1000 * (time.perf_counter() - begun))
        if status >= 400 and status != 412:
            self.failed[f"{kind}: {status}"] += 1
        return status, body

    async def parse(self, client: Client, rng: random.Random, mark: str) -> None:
        text = next(self.texts, None)
        if text is None:
            self.again += 1
            text = f"* Age {rng.randrange(10**6)} years or older\n" * (SIZE // 30)
        status, body = await self.timed("parse", client, "POST", "/api/v1/parse", text.encode())
        if status == 200 and not body.startswith(b'{"format":"protoparse.criteria/1'):
            self.failed["parse: another answer"] += 1

    async def read(self, client: Client, rng: random.Random, mark: str) -> None:
        await self.timed("read", client, "GET", f"/api/v1/documents/{rng.choice(self.shared)}")

    async def keep(self, client: Client, rng: random.Random, mark: str) -> None:
        status, body = await self.timed("keep", client, "POST", "/api/v1/documents", _draft(mark, rng))
        if status == 201:
            self.kept.append((json.loads(body)["id"], 1, mark))

    async def save(self, client: Client, rng: random.Random, mark: str) -> None:
        id = rng.choice(self.shared)
        while True:
            status, body = await client.ask("GET", f"/api/v1/documents/{id}")
            revision = json.loads(body)["revision"]
            place, draft = f"/api/v1/documents/{id}", _draft(mark, rng)
            status, body = await self.timed("save", client, "PUT", place, draft, If_Match=f'"{revision}"')
            if status != 412:
                break
            self.late += 1
        if status == 200:
            self.kept.append((id, json.loads(body)["revision"], mark))


def _draft(mark: str, rng: random.Random) -> bytes:
    text = f"Exclusion Criteria:\n\n* Gout ({mark})\n" + "x" * rng.randrange(SIZE)
    return json.dumps({"document": {"text": text}, "remark": mark, "edits": 1}).encode()


async def _loaded(given: argparse.Namespace, store: str, texts: list[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "protoparse", "serve", "--port", "0", "--store", store]
    command += ["--workers", str(given.workers)] if given.workers else []
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        told = process.stderr.readline()
        if "http://" not in told:
            sys.exit(told)
        host, _, port = told.split("//")[1].split("/")[0].partition(":")
        setting = Client(host, int(port))
        shared = [
            json.loads((await setting.ask("POST", "/api/v1/documents", _draft("first", random.Random(n))))[1])["id"]
            for n in range(SHARED)
        ]
        warming = Load((host, int(port)), _varied(random.Random(8))[: given.warm], shared, 0)
        await asyncio.gather(*(warming.warm() for _ in range(8)))
        load = Load((host, int(port)), texts, shared, given.pause)
        memory: list[dict[str, float]] = []
        watching = asyncio.create_task(_watch(process.pid, memory))
        begun = time.monotonic()
        await asyncio.gather(*(load.client(n, begun + given.seconds) for n in range(given.clients)))
        seconds = time.monotonic() - begun
        watching.cancel()
        setting.close()
        lost = await _lost(Client(host, int(port)), load.kept)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    half = memory[len(memory) // 2 :]
    first, last = ([sum(one.values()) for one in part] for part in (half[: len(half) // 3], half[-len(half) // 3 :]))
    done = sum(map(len, load.taken.values()))
    return {
        "ms": {kind: _spread(taken) for kind, taken in sorted(load.taken.items())},
        "requests": {kind: len(taken) for kind, taken in sorted(load.taken.items())},
        "a_second": round(done / seconds, 1),
        "failed": dict(load.failed),
        "written": len(load.kept),
        "late_and_told": load.late,
        "lost": lost,
        "without_text": load.again,
        "memory_mb": {
            name: [round(one.get(name, 0)) for one in memory[:: max(len(memory) // 12, 1)]] for name in memory[0]
        },
        "memory_grew": round(statistics.mean(last) / statistics.mean(first) - 1, 3),
        "exit_code": code,
    }


async def _lost(client: Client, kept: list[tuple[str, int, str]]) -> int:
    """How many writes that were acknowledged are not in the history as they were made, or are there twice."""
    by_id: defaultdict[str, dict[int, str]] = defaultdict(dict)
    lost = 0
    for id, revision, mark in kept:
        lost += revision in by_id[id]
        by_id[id][revision] = mark
    for id, marks in by_id.items():
        _, body = await client.ask("GET", f"/api/v1/documents/{id}/revisions")
        found = {one["revision"]: one["remark"] for one in json.loads(body)["revisions"]}
        lost += sum(found.get(revision) != mark for revision, mark in marks.items())
    return lost


async def _watch(pid: int, memory: list[dict[str, float]]) -> None:
    """Each second, the megabytes of the server and of all that works for it, what they share counted once."""
    import psutil

    server = psutil.Process(pid)
    while True:
        found = {"server": server.memory_full_info().pss / 2**20, "workers": 0.0}
        for child in server.children(recursive=True):
            try:
                found["workers"] += child.memory_full_info().pss / 2**20
            except psutil.Error:
                continue
        memory.append(found)
        await asyncio.sleep(1)


def _tell(figures: dict[str, Any]) -> None:
    alone = figures["alone_ms"]
    print(f"parse alone         {alone['median']} ms in the middle, {alone['p95']} at 95 %")
    for kind, taken in figures["ms"].items():
        told = f"{taken['median']} ms in the middle, {taken['p95']} at 95 %, {taken['most']} at most"
        print(f"{kind:<20}{told}; {figures['requests'][kind]} requests")
    print(f"{'slow end':<20}{figures['times_alone']} times the parse alone")
    print(f"{'requests a second':<20}{figures['a_second']}")
    print(f"{'failed':<20}{sum(figures['failed'].values())} {figures['failed'] or ''}")
    written = f"{figures['written']}, {figures['late_and_told']} told that they were late"
    print(f"{'writes':<20}{written}; lost: {figures['lost']}")
    print(f"{'memory, MB':<20}{figures['memory_mb']}; grew by {figures['memory_grew']:.1%} in the second half")


if __name__ == "__main__":
    sys.exit(main())
