"""How schemathesis writes and reads streams: one JSON a line."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")  # type: ignore[untyped-decorator]
def lines(context: Any, value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.deserializer("application/x-ndjson")  # type: ignore[untyped-decorator]
def rows(context: Any, response: Any) -> Any:
    return [json.loads(line) for line in response.content.splitlines()]
