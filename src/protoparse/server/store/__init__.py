"""Documents that several people edit, each with its history.

In: the path of a SQLite file or the URL of a PostgreSQL database. Out: a `Store`.

>>> from tempfile import TemporaryDirectory
>>> from protoparse.model import Document
>>> with TemporaryDirectory() as folder:
...     store = open_store(f"{folder}/store.sqlite")
...     entry = store.create(Draft(document=Document(text="Age > 5"), name="first", author="Ada"))
...     entry = store.replace(entry.id, Draft(document=Document(text="Age > 6"), edits=1), revision=1)
...     store.close()
>>> entry.name, entry.revision, entry.edits
('first', 2, 1)
"""

from __future__ import annotations

from pathlib import Path

from protoparse.server.store.records import (
    Draft,
    Entry,
    MissingError,
    Page,
    Revision,
    StaleError,
    Store,
    Stored,
    Wanted,
    has_controls,
)
from protoparse.server.store.relational import Relational

__all__ = [
    "Draft",
    "Entry",
    "MissingError",
    "Page",
    "Revision",
    "StaleError",
    "Store",
    "Stored",
    "Wanted",
    "has_controls",
    "open_store",
]

SCHEMES = ("postgresql://", "postgres://")


def open_store(place: str) -> Store:
    """The store of a SQLite file, which is made where there is none, or of a PostgreSQL database.

    Raises `StoreError` where it cannot be opened, `ServiceError` where a package is missing.
    """
    if place.startswith(SCHEMES):
        from protoparse.server.store.postgresql import PostgreSQL

        return Relational(PostgreSQL(place))
    from protoparse.server.store.sqlite import SQLite

    return Relational(SQLite(Path(place)))
