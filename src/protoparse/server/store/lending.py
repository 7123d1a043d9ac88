"""Connections to a database, kept when they are given back, and lent to one thread at a time.

In: what opens one. Out: transactions. A connection that has died while nobody used it is replaced without a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from typing import Any


class Lending:
    """At most so many connections at once; those that raise a `dead` error where a transaction begins are let go."""

    def __init__(self, opened: Callable[[], Any], most: int, *, dead: tuple[type[Exception], ...] = ()) -> None:
        self._opened, self._dead = opened, dead
        self._places = threading.BoundedSemaphore(most)
        self._kept: LifoQueue[Any] = LifoQueue()

    @contextmanager
    def transaction(self, begin: str) -> Iterator[Any]:
        """A connection in a transaction that was begun so; committed at the end, undone where anything is raised."""
        with self._places:
            connection = self._begun(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                try:
                    connection.execute("ROLLBACK")
                except Exception:  # it is broken, or there is nothing left to undo: a new one tells
                    with suppress(Exception):
                        connection.close()
                else:
                    self._kept.put(connection)
                raise
            self._kept.put(connection)

    def close(self) -> None:
        """Close all that nobody uses."""
        with suppress(Empty):
            while True:
                self._kept.get_nowait().close()

    def _begun(self, begin: str) -> Any:
        with suppress(Empty):
            while True:
                connection = self._kept.get_nowait()
                try:
                    connection.execute(begin)
                except self._dead:
                    connection.close()
                except BaseException:
                    self._kept.put(connection)
                    raise
                else:
                    return connection
        connection = self._opened()
        try:
            connection.execute(begin)
        except BaseException:
            connection.close()
            raise
        return connection
