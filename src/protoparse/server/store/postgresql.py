"""A store in a PostgreSQL database, for teams.

In: a URL. Out: a `Base`. Connections are kept in a pool that makes new ones when the server was restarted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from protoparse.errors import ServiceError, StoreError
from protoparse.screen.records.reading import shown
from protoparse.server.store.relational import Run, migrate

CONNECTIONS = 8
PATIENCE = 10.0
"""So many seconds a connection may take."""
_LOCK = 0x70726F746F  # "proto": whoever holds it makes the tables


class PostgreSQL:
    """A `Base` in a database; its tables are in the schema that the URL's user finds first."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg
            from psycopg_pool import ConnectionPool, PoolTimeout
        except ImportError:
            raise ServiceError("a store in PostgreSQL needs psycopg: pip install 'protoparse[postgresql]'") from None
        self._name = shown(url)
        self._refusals = (psycopg.Error, PoolTimeout)
        try:
            psycopg.connect(url, connect_timeout=int(PATIENCE)).close()
        except psycopg.Error as error:
            raise StoreError(f"{self._name}: {_line(error)}") from None
        self._pool = ConnectionPool(
            url, min_size=1, max_size=CONNECTIONS, timeout=PATIENCE, open=True, check=ConnectionPool.check_connection
        )
        try:
            with self.transaction(writes=True) as run:
                run("SELECT pg_advisory_xact_lock(?)", _LOCK)
                [there] = run("SELECT to_regclass('protoparse_store') IS NOT NULL").fetchone()
                migrate(run, run("SELECT version FROM protoparse_store").fetchone()[0] if there else 0)
        except StoreError as error:
            self.close()
            raise StoreError(f"{self._name}: {str(error).removeprefix(f'{self._name}: ')}") from None

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Run]:
        """What runs statements; rows that two would change are changed by one after the other."""
        try:
            with self._pool.connection() as connection, connection.transaction():
                if not writes:
                    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield lambda statement, *values: connection.execute(statement.replace("?", "%s"), values)
        except self._refusals as error:
            raise StoreError(f"{self._name}: {_line(error)}") from None

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def _line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
