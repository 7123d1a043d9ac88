"""A store in one SQLite file, which several processes may use at once.

In: a path. Out: a `Base`. Its write-ahead log lets everybody read while one writes; what is committed is on the disk.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from protoparse.errors import StoreError
from protoparse.server.store.lending import Lending
from protoparse.server.store.relational import Run, migrate

PATIENCE = 30.0
"""So many seconds another process may hold the file before a write is given up."""
CONNECTIONS = 5


class SQLite:
    """A `Base` on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = threading.Lock()
        self._lending = Lending(self._opened, CONNECTIONS)
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
        try:
            if not writes:
                with self._lending.transaction("BEGIN") as connection:
                    yield lambda statement, *values: connection.execute(statement, values)
                return
            with self._writing, self._lending.transaction("BEGIN IMMEDIATE") as connection:
                yield lambda statement, *values: connection.execute(statement, values)
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from None

    def close(self) -> None:
        """Close every connection."""
        self._lending.close()

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
