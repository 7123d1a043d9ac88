"""Processes that do what is asked, one thing at a time, and are replaced when it takes too long.

In: a `Task`. Out: its `Answer`; 408 where it took too long, 503 where all are busy for too long.

A process is the only thing that can be cut off: a thread in a regular expression hears nobody. A thread of the server
waits for each process, so that the server itself goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from protoparse.errors import ProtoparseError, ServiceError
from protoparse.model import Record
from protoparse.processes import begin, context
from protoparse.server.answers import Answer, RefusalError, refused, row
from protoparse.server.messages import Nothing
from protoparse.server.settings import Settings

TURNS = 20_000
"""After so many tasks a process is replaced: what spaCy and the allocator keep of words goes with it."""
DEATHS = 2
"""A task is given up when so many processes have died of it."""
STARTING = 120.0
"""So many seconds a process may take until it has loaded the parser."""
OPENING = b"Inclusion Criteria:\n\n* Aged 18 years or older\n* No stroke within 6 months before screening\n"
_PRELOADED = "protoparse.server.operations"


class Task(NamedTuple):
    """An operation by its name, what is asked of it, its body, and the number of its line where that is of a stream."""

    name: str
    query: Record = Nothing()
    body: bytes = b""
    line: int | None = None


class Workers:
    """So many processes; `run` gives one of them a task. Made in any thread, used in that of one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.workers, thread_name_prefix="worker")
        self._all = [_Worker(settings) for _ in range(settings.workers)]
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._closed = False
        self.waiting = 0
        self.replaced: Counter[str] = Counter()

    def start(self) -> None:
        """Begin the processes, and return when all are ready; raises `ServiceError` where they do not get so far."""
        for started in [self._threads.submit(worker.start) for worker in self._all]:
            started.result()
        for worker in self._all:
            self._idle.put_nowait(worker)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._all)

    @property
    def idle(self) -> int:
        """How many of them have nothing to do."""
        return self._idle.qsize()

    async def run(self, task: Task, *, gone: Callable[[], Awaitable[bool]] | None = None) -> Answer:
        """The answer to a task; tasks are done in the order in which they come.

        `gone`: whether nobody waits for the answer any more, asked when a process is free. Raises `RefusalError` where
        that is so, or where no process is free in the time that a task may take.
        """
        self.waiting += 1
        try:
            async with asyncio.timeout(self._settings.seconds):
                worker = await self._idle.get()
        except TimeoutError:
            raise RefusalError(
                503, f"all {self.count} workers are busy: try again later", headers={"Retry-After": "5"}
            ) from None
        finally:
            self.waiting -= 1
        if gone is not None and await gone():
            self._idle.put_nowait(worker)
            raise RefusalError(400, "the sender went away")
        loop = asyncio.get_running_loop()
        asked = self._threads.submit(worker.ask, task)
        # also where nobody waits for the answer any more: the worker is free when it is done, not before
        asked.add_done_callback(lambda done: _soon(loop, self._back, worker, done))
        return await asyncio.wrap_future(asked)

    def close(self) -> None:
        """End the processes."""
        self._closed = True
        for worker in self._all:
            worker.stop()
        self._threads.shutdown(cancel_futures=True)

    def _back(self, worker: _Worker, done: Future[Answer]) -> None:
        """A worker that is free again, or has to be replaced first."""
        if self._closed:
            return
        if worker.deaths:
            self.replaced["died"] += worker.deaths
            worker.deaths = 0
        if worker.fate is None:
            self._idle.put_nowait(worker)
            return
        if worker.fate != "died":
            self.replaced[worker.fate] += 1
        self._restart(worker)

    def _restart(self, worker: _Worker) -> None:
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        restarted = self._threads.submit(worker.start)
        restarted.add_done_callback(lambda again: _soon(loop, self._restarted, worker, again))

    def _restarted(self, worker: _Worker, started: Future[None]) -> None:
        if self._closed or started.cancelled():
            return
        if started.exception() is None:
            self._idle.put_nowait(worker)
            return
        print(f"protoparse: a worker does not start: {started.exception()}", file=sys.stderr)  # noqa: T201
        asyncio.get_running_loop().call_later(5, self._restart, worker)


class _Worker:
    """One process at a time, and the thread's end of its pipe. `fate`: why it has to be replaced; `deaths`: how many
    died since they were last counted."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: Any = None
        self._pipe: Connection | None = None
        self._turns = self.deaths = 0
        self.fate: str | None = "new"

    def start(self) -> None:
        """Begin the process, in place of the one before, and wait until it has loaded the parser."""
        self.stop()
        made = context(_PRELOADED)
        self._pipe, other = made.Pipe()
        with _STARTS:
            self._process = made.Process(target=_work, args=(other, self._settings), daemon=True)  # type: ignore[attr-defined]
            self._process.start()
        other.close()
        self._turns = 0
        try:
            if not self._pipe.poll(STARTING):
                raise ServiceError(f"a worker is not ready after {STARTING:.0f} s")
            cause = self._pipe.recv()
        except (EOFError, OSError):
            raise ServiceError("a worker died while it started") from None
        if cause is not None:
            raise ServiceError(cause)
        self.fate = None

    def ask(self, task: Task) -> Answer:
        """The answer to a task; one whose process died is done once more, since it may have been somebody's mistake."""
        for death in range(DEATHS):
            try:
                if death or not self._process.is_alive():
                    self.start()
                return self._asked(task)
            except (EOFError, OSError, ServiceError):
                self.fate = "died"
                self.deaths += 1
        return _for_line(task, refused(500, "the process that worked on it died, twice; perhaps for want of memory"))

    def _asked(self, task: Task) -> Answer:
        assert self._pipe is not None
        seconds = self._settings.seconds
        self._pipe.send(task)
        if not self._pipe.poll(seconds):
            self.fate = "too long"
            self.stop()
            return _for_line(task, refused(408, f"not done in {seconds:g} s, and cut off"))
        answer: Answer = self._pipe.recv()
        self._turns += 1
        if self._turns >= TURNS:
            self.fate = "old"
        return answer

    def stop(self) -> None:
        """End the process at once."""
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()
        if self._pipe is not None:
            self._pipe.close()


_STARTS = threading.Lock()


def _soon(loop: asyncio.AbstractEventLoop, call: Any, *args: Any) -> None:
    """Call in the loop's thread, if it still runs."""
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *args)


def _for_line(task: Task, answer: Answer) -> Answer:
    return answer if task.line is None else Answer(row(task.line, answer))


def _work(pipe: Connection, settings: Settings) -> None:
    """What a process does: everything that is asked, until nobody asks any more."""
    from protoparse.batch import Options
    from protoparse.server.messages import Parsing
    from protoparse.server.operations import perform, perform_line

    begin()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what runs is finished: the server says when it ends
    options = Options(concepts=settings.concepts, terms=settings.terms)
    try:
        options.parser()
        perform("parse", Parsing(), OPENING, options)
    except (ProtoparseError, OSError) as error:
        pipe.send(str(error))
        return
    pipe.send(None)
    while True:
        try:
            name, query, body, line = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if line is None:
            pipe.send(perform(name, query, body, options))
        else:
            pipe.send(perform_line(name, query, body, options, line))
