"""Streams: one record a line in, one row a line out, in the order they came, in memory that does not grow.

In: a body of lines, as it comes. Out: rows, as they are done; a line that is wrong is a row that says so.

Whoever sends may send everything before reading anything, so what comes is always taken: lines wait in a file on the
disk until they are worked on.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import IO, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from protoparse.server.answers import NDJSON, Answer, RefusalError, row
from protoparse.server.settings import Settings

Done = Callable[[bytes, int], Awaitable[Answer]]
"""Makes the row of a line with its number."""


class Rows(Response):
    """The rows of the lines of a request, each made by `done`; so many wait at most."""

    media_type = NDJSON

    def __init__(self, request: Request, done: Done, settings: Settings, *, ahead: int) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._request, self._done, self._settings, self._ahead = request, done, settings, ahead

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer while the request still comes."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        with tempfile.TemporaryFile() as file:
            queue = _Queue(file, self._settings)
            rows: asyncio.Queue[asyncio.Task[Answer] | None] = asyncio.Queue(self._ahead)
            tasks: list[asyncio.Task[Any]] = [
                asyncio.create_task(queue.fill(self._request)),
                asyncio.create_task(self._work(queue, rows)),
            ]
            try:
                while (made := await rows.get()) is not None and not queue.gone:
                    tasks.append(made)
                    await self._send(send, await made)
                    tasks.remove(made)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            except ClientDisconnect:
                return
            finally:
                while not rows.empty():
                    if (made := rows.get_nowait()) is not None:
                        tasks.append(made)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _work(self, queue: _Queue, rows: asyncio.Queue[asyncio.Task[Answer] | None]) -> None:
        """Begin each line's row as it comes, no more at once than there are places; None stands behind the last."""
        with suppress(ClientDisconnect):
            async for number, line in queue.lines():
                await rows.put(asyncio.create_task(self._row(number, line)))
        await rows.put(None)

    async def _row(self, number: int, line: bytes | RefusalError) -> Answer:
        try:
            if isinstance(line, RefusalError):
                raise line
            return await self._done(line, number)
        except RefusalError as refusal:
            return Answer(row(number, refusal.answer()))

    async def _send(self, send: Send, answer: Answer) -> None:
        """Send a row; raises `ClientDisconnect` where nobody takes it."""
        try:
            async with asyncio.timeout(max(self._settings.seconds, 60)):
                await send({"type": "http.response.body", "body": answer.content, "more_body": True})
        except TimeoutError:
            raise ClientDisconnect from None


class _Queue:
    """Lines on the disk, between who sends them and who works on them."""

    def __init__(self, file: IO[bytes], settings: Settings) -> None:
        self._file, self._settings = file, settings
        self._written = self._read = 0
        self._ended: BaseException | None = None
        self._over = False
        self.gone = False
        self._more = asyncio.Event()

    async def fill(self, request: Request) -> None:
        """Take what comes, until it ends, or is too much, or does not come."""
        try:
            pieces = aiter(request.stream())
            while True:
                async with asyncio.timeout(self._settings.seconds):
                    piece = await anext(pieces, None)
                if piece is None:
                    break
                if self._written + len(piece) > self._settings.stream:
                    raise RefusalError(413, f"a stream has at most {self._settings.stream >> 20} MB")
                self._file.seek(self._written)
                self._written += self._file.write(piece)
                self._more.set()
        except TimeoutError:
            self._ended = RefusalError(408, f"nothing came for {self._settings.seconds:g} s")
        except (RefusalError, ClientDisconnect) as error:
            self._ended = error
        finally:
            self._over = True
            self._more.set()
        if not isinstance(self._ended, RefusalError):
            await request.receive()  # nothing more comes but that the sender went away
            self.gone = True

    async def lines(self) -> AsyncIterator[tuple[int, bytes | RefusalError]]:
        """Each line that is not blank, with its number, in the place of one that is too long a refusal; a refusal last
        where the stream broke off. Raises `ClientDisconnect` where its sender went away."""
        number, held, skipping = 1, bytearray(), False
        async for piece in self._pieces():
            start = 0
            while (end := piece.find(b"\n", start)) >= 0:
                held += piece[start:end]
                if not skipping and held.strip():
                    yield number, self._line(held)
                held.clear()
                skipping = False
                number, start = number + 1, end + 1
            held += piece[start:]
            if len(held) > self._settings.size:
                if not skipping:
                    yield number, self._line(held)
                held.clear()
                skipping = True
        if isinstance(self._ended, ClientDisconnect):
            raise self._ended
        if isinstance(self._ended, RefusalError):
            yield number, self._ended
        elif not skipping and held.strip():
            yield number, self._line(held)

    def _line(self, held: bytearray) -> bytes | RefusalError:
        if len(held) > self._settings.size:
            return RefusalError(413, f"a line has at most {self._settings.size} bytes")
        return bytes(held)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while True:
            self._more.clear()
            while self._read < self._written:
                self._file.seek(self._read)
                piece = self._file.read(min(1 << 16, self._written - self._read))
                self._read += len(piece)
                yield piece
            if self._over and self._read == self._written:
                return
            await self._more.wait()
