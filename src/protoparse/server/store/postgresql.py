"""A store in a PostgreSQL database, for teams.

In: a URL. Out: a `Base`. When the server was restarted, new connections are made.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from protoparse.cdm import shown
from protoparse.errors import ServiceError, StoreError
from protoparse.server.store.lending import Lending
from protoparse.server.store.relational import Run, migrate

CONNECTIONS = 8
PATIENCE = 30
"""So many seconds a connection may take, or a statement."""
_LOCK = 0x70726F746F  # "proto": whoever holds it makes the tables


class PostgreSQL:
    """A `Base` in a database; its tables are in the schema that the URL's user finds first."""

    def __init__(self, url: str) -> None:
        try:
            self._driver = importlib.import_module("psycopg")
        except ImportError:
            raise ServiceError("a store in PostgreSQL needs psycopg: pip install 'protoparse[postgresql]'") from None
        self._url, self._name = url, shown(url)
        self._lending = Lending(self._opened, CONNECTIONS, dead=(self._driver.OperationalError,))
        with self.transaction(writes=True) as run:
            run("SELECT pg_advisory_xact_lock(?)", _LOCK)
            [there] = run("SELECT to_regclass('protoparse_store') IS NOT NULL").fetchone()
            try:
                migrate(run, run("SELECT version FROM protoparse_store").fetchone()[0] if there else 0)
            except StoreError as error:
                raise StoreError(f"{self._name}: {error}") from None

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Run]:
        """What runs statements; rows that two would change are changed by one after the other."""
        begin = "BEGIN" if writes else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        try:
            with self._lending.transaction(begin) as connection:
                yield lambda statement, *values: connection.execute(statement.replace("?", "%s"), values)
        except self._driver.Error as error:
            raise StoreError(f"{self._name}: {_line(error)}") from None

    def close(self) -> None:
        """Close every connection."""
        self._lending.close()

    def _opened(self) -> Any:
        connection = self._driver.connect(self._url, connect_timeout=PATIENCE, autocommit=True)
        connection.execute(f"SET statement_timeout = '{PATIENCE}s'")
        return connection


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
