"""What is sent back: an answer, or a refusal that says why.

In: a status and a cause. Out: a body with its type; a refusal is a problem as RFC 9457 has it.

>>> refused(404, "no such document").content
b'{"type":"about:blank","title":"Not Found","status":404,"detail":"no such document"}'
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from protoparse.model import Record
from protoparse.server.store.records import Entry

JSON = "application/json"
NDJSON = "application/x-ndjson"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"
MARKDOWN = "text/markdown; charset=utf-8"
LONGEST = 500
"""A cause is cut behind so many characters: some libraries quote the whole input."""

# RFC 9110 renamed two, which Python 3.11 still calls otherwise
_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}


class Answer(NamedTuple):
    """A body, its type, and what goes with it."""

    content: bytes
    media: str = JSON
    status: int = 200
    headers: Mapping[str, str] = {}


class Problem(Record, frozen=True, kw_only=True):
    """Why something was not done. `detail` is one line for a person; `current`: what was saved in the meantime."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    current: Entry | UnsetType = UNSET


class RefusalError(Exception):
    """Raised where a request is not done."""

    def __init__(
        self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, current: Entry | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.current = status, detail, headers or {}, current

    def answer(self) -> Answer:
        """It as a body."""
        return refused(self.status, self.detail, headers=self.headers, current=self.current)


def answered(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """A value as JSON."""
    return Answer(msgspec.json.encode(value), JSON, status, headers or {})


def refused(
    status: int, detail: str, *, headers: Mapping[str, str] | None = None, current: Entry | None = None
) -> Answer:
    """A problem; its detail is made one line that can be encoded."""
    line = " ".join(detail.encode("utf-8", "backslashreplace").decode().split())
    problem = Problem(
        title=_TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=line if len(line) <= LONGEST else line[:LONGEST] + "…",
        current=UNSET if current is None else current,
    )
    return Answer(msgspec.json.encode(problem), PROBLEM, status, headers or {})


def row(number: int, answer: Answer) -> bytes:
    """An answer as a line of a stream."""
    if answer.status >= 400:
        content = b'{"line":%d,"problem":%b}' % (number, answer.content)
    elif answer.media == JSON:
        content = b'{"line":%d,"result":%b}' % (number, answer.content)
    else:
        content = msgspec.json.encode({"line": number, "result": answer.content.decode()})
    return content + b"\n"
