"""A store in one SQLite file, which several processes may use at once.

In: a path. Out: a `Base`. Its write-ahead log lets everybody read while one writes; what is committed is on the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import LifoQueue

from protoparse.errors import StoreError
from protoparse.server.store.relational import Run, migrate

PATIENCE = 30.0
"""So many seconds another process may hold the file before a write is given up."""
READERS = 4


class SQLite:
    """A `Base` on a file; connections are kept, and lent to one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._lent = threading.BoundedSemaphore(READERS + 1)
        self._kept: LifoQueue[sqlite3.Connection] = LifoQueue()
        with self.transaction(writes=True) as run:
            tables = {name for (name,) in run("SELECT name FROM sqlite_master WHERE type='table'")}
            if tables and "protoparse_store" not in tables:
                raise StoreError(f"{path}: a database of something else, not a store of protoparse")
            try:
                migrate(run, run("SELECT version FROM protoparse_store").fetchone()[0] if tables else 0)
            except StoreError as error:
                raise StoreError(f"{path}: {error}") from None

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Run]:
        """What runs statements; one transaction writes at a time, of this process by a lock that wakes the next."""
        with self._errors():
            if not writes:
                with self._connection("BEGIN") as run:
                    yield run
                return
            with self._writing, self._connection("BEGIN IMMEDIATE") as run:
                yield run

    def close(self) -> None:
        """Close every connection."""
        while not self._kept.empty():
            self._kept.get_nowait().close()

    @contextmanager
    def _connection(self, begin: str) -> Iterator[Run]:
        with self._lent:
            connection = self._kept.get_nowait() if not self._kept.empty() else self._opened()
            try:
                connection.execute(begin)
                yield lambda statement, *values: connection.execute(statement, values)
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                self._keep(connection)
                raise
            self._keep(connection)

    def _keep(self, connection: sqlite3.Connection) -> None:
        """For the next one, but where a transaction could not be ended."""
        if connection.in_transaction:
            connection.close()
        else:
            self._kept.put(connection)

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from None
