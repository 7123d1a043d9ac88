"""What a test needs and a machine may lack: a browser, Java."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(reason: str, *, required: str) -> NoReturn:
    """Skip, or fail where the environment variable `required` says that it must be there."""
    if os.environ.get(required):
        pytest.fail(reason)
    pytest.skip(reason)
